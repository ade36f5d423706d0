# SPDX-License-Identifier: Apache-2.0
"""What all tests share: a cache of their own, verification after every pass, fixed seeds."""

import os
import random
import shutil
import signal
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from ttlang.cache_folder import cache_root

_OWNED = "TTLANG_TEST_CACHE"  # set by the process that made the folder, for its workers
_SHARED = ("engine",)  # kept between sessions: the simulator's engine takes long to build

settings.register_profile("ttlang", derandomize=True, deadline=None, print_blob=False)
settings.load_profile("ttlang")


def pytest_configure(config: pytest.Config) -> None:
    os.environ.setdefault("TTLANG_VERIFY_EACH", "1")
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs start without one
    for name in (
        "TTLANG_COMPILE_ONLY",
        "TTLANG_DUMP_DIR",
        "TTLANG_VERBOSE_PASSES",
        "TTLANG_DISABLE_CACHE",
        "TTLANG_CHIP",
    ):
        os.environ.pop(name, None)
    if _OWNED in os.environ:
        return
    shared = cache_root()
    folder = Path(tempfile.mkdtemp(prefix="ttlang-tests."))
    for name in _SHARED:
        (shared / name).mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(shared / name, target_is_directory=True)
    os.environ[_OWNED] = str(os.getpid())
    os.environ["TTLANG_CACHE_DIR"] = str(folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    if os.environ.get(_OWNED) == str(os.getpid()):
        shutil.rmtree(
            os.environ["TTLANG_CACHE_DIR"], ignore_errors=True
        )  # links are removed, not what they lead to


@pytest.fixture(autouse=True)
def fixed_seeds() -> None:
    """Randomness that a test does not seed itself is the same in every run."""
    random.seed(0)
    np.random.seed(0)
