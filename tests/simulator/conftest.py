# SPDX-License-Identifier: Apache-2.0
"""Devices that tests share."""

import sys
from pathlib import Path

import pytest

from ttlang.simulator import Device

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def device():
    with Device("wormhole_b0") as opened:
        yield opened


@pytest.fixture(scope="session")
def blackhole():
    with Device("blackhole") as opened:
        yield opened
