# SPDX-License-Identifier: Apache-2.0
"""Where the judges are. Without them the tests of this folder are skipped, with the reason."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the helper modules of this folder

from judges import Judges, JudgesMissing


@pytest.fixture(scope="session")
def judges() -> Judges:
    try:
        return Judges.find()
    except JudgesMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def mlir_translate() -> Path:
    try:
        return Judges.find_mlir_translate()
    except JudgesMissing as missing:
        pytest.skip(str(missing))
