# SPDX-License-Identifier: Apache-2.0
"""Devices and modules that tests share."""

import importlib.util
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


@pytest.fixture(scope="session")
def timing():
    """`bench/timing.py`, which the package does not hold."""
    path = Path(__file__).parents[2] / "bench" / "timing.py"
    spec = importlib.util.spec_from_file_location("bench_timing", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
