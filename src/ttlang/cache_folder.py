# SPDX-License-Identifier: Apache-2.0
"""Where everything that is kept between runs lies: compiled kernels, the simulator's engine."""

import os
from pathlib import Path


def cache_root() -> Path:
    """`TTLANG_CACHE_DIR`, else the user's cache folder."""
    override = os.environ.get("TTLANG_CACHE_DIR")
    if override:
        return Path(override)
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("ttlang"))
