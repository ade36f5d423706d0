# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the end-to-end tests."""

import numpy as np
import pytest


@pytest.fixture
def rng():
    """Random numbers, the same in each run of each test."""
    return np.random.default_rng(20250101)
