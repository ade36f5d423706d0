# SPDX-License-Identifier: Apache-2.0
"""What a run tells: time, what bounded it, who worked and waited where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ttlang.simulator.trace import Trace

ROLE_NAMES = ("data movement 0", "data movement 1", "unpack", "math", "pack")
WAIT_NAMES = (
    "running", "pages of a circular buffer", "space in a circular buffer", "reads", "writes", "writes to leave", "atomics",
    "a semaphore", "operands", "operand registers", "free DST", "results in DST", "its own time", "its start",
)  # fmt: skip
Bound = Literal["compute", "noc", "dram", "issue"]


@dataclass(frozen=True)
class ThreadReport:
    """Cycles of one processor: `busy` of work, `waits` by reason, `end` its last cycle."""

    core: tuple[int, int]
    thread: str
    kernel: str
    busy: int
    waits: Mapping[str, int]
    end: int


@dataclass(frozen=True)
class LineReport:
    """Cycles of one C++ line of a kernel, over all cores; `python` is the position it comes from.

    Those of a call are on its line, those of other code between two calls on the last of its lines that takes time.
    """

    kernel: str
    line: int
    busy: int
    wait: int
    python: tuple[str, int, int] | None


@dataclass(frozen=True)
class BufferReport:
    """A circular buffer of one core; `most_filled` is the largest number of pages that it held."""

    core: tuple[int, int]
    index: int
    pages: int
    page_size: int
    most_filled: int


@dataclass(frozen=True)
class TileWork:
    """Operations on whole 32x32 tiles: products of two tiles, other operations of the matrix unit, vector functions.

    `vector_cycles` are the cycles that the vector functions take.
    """

    products: int
    matrix: int
    vector: int
    vector_cycles: int


@dataclass(frozen=True)
class Progress:
    """How far a run is: virtual time, and processors that have ended."""

    cycles: int
    ended: int
    processors: int


@dataclass(frozen=True)
class RunResult:
    """Result of `Device.run`. Without time all cycle figures are zero.

    `links[noc][row, column]` has the cycles in which the links of a router were taken: along x, along y, from and to its
    node. `channels` has, for each DRAM bank, the cycles in which it moved data, and bytes. `trace` is None unless the
    run was recorded. `complete` is false for a run that was interrupted.

    `utilisation` has the busiest share of each resource of the run: compute (math processor), noc (one link), dram (one
    channel), issue (data-movement processor); `bound` is the largest of them.
    """

    cycles: int
    seconds: float
    bound: Bound
    utilisation: Mapping[str, float]
    threads: tuple[ThreadReport, ...]
    lines: tuple[LineReport, ...]
    bytes_read: int
    bytes_written: int
    bytes_multicast: int
    transfers: int
    events: int
    switches: int
    output: str
    compile_seconds: float
    run_seconds: float
    buffers: tuple[BufferReport, ...]
    work: TileWork
    links: tuple[npt.NDArray[np.uint64], ...]
    channels: npt.NDArray[np.uint64]
    trace: Trace | None
    complete: bool
