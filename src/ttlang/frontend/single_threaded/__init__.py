# SPDX-License-Identifier: Apache-2.0
"""Kernels without threads: what they compute is recorded, cut into blocks, and written as three threads."""

from .recording import SINGLE_THREADED
from .threads import split

__all__ = ["SINGLE_THREADED", "split"]
