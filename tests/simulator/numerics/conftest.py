# SPDX-License-Identifier: Apache-2.0
"""The library, built once per content, and the place of the golden vectors."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from numerics_library import Library, build, compiler


@pytest.fixture(scope="session")
def numerics() -> Library:
    cxx = compiler()
    if cxx is None:
        pytest.skip("no C++ compiler: set CXX or install g++")
    return Library(build(cxx))


@pytest.fixture(scope="session")
def golden_directory() -> Path:
    root = Path(__file__).resolve().parents[3]
    facts = os.environ.get("TTLANG_FACTS")
    directory = Path(facts) / "golden" if facts else root.parent / "shared" / "facts" / "golden"
    if not (directory / "golden.json").exists():
        pytest.skip(f"golden vectors are not at {directory}: set TTLANG_FACTS")
    return directory
