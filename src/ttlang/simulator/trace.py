# SPDX-License-Identifier: Apache-2.0
"""The record of a run over time, as the engine keeps it."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from enum import IntEnum
from itertools import count, takewhile

import numpy as np
import numpy.typing as npt

from ttlang.simulator.engine import engine

TRACE_LIMIT = 4_000_000
"""Records that a run keeps at most: 96 MB. What comes later is counted and left out."""
RECORD = np.dtype(
    [
        ("start", "<u8"),
        ("cycles", "<u4"),
        ("line", "<u4"),
        ("value", "<u4"),
        ("processor", "<u2"),
        ("kind", "u1"),
        ("what", "u1"),
    ]
)
"""One span or change; the fields are explained where the engine writes them (`trace.h`)."""
Records = npt.NDArray[np.void]


class TraceKind(IntEnum):
    """What a record tells."""

    WORK = 0
    WAIT = 1
    PAGES = 2
    TRANSFER = 3
    ZONE = 4


TRANSFER_NAMES = ("read", "write", "multicast", "atomic", "inline write")
SECOND_NOC, DRAM = 8, 16
"""Bits of `what` of a transfer."""


@dataclass(frozen=True)
class Trace:
    """`records` in the order in which they were made; `dropped` more did not fit.

    `processor` of a record is an index into `RunResult.threads`, `line` a C++ line of its kernel. `zone_names` are the
    names of zones by their number, `value` of their records; a signpost is a zone of no length.
    """

    records: Records
    dropped: int
    zone_names: tuple[str, ...] = ()

    def of(self, kind: TraceKind) -> Records:
        found: Records = self.records[self.records["kind"] == kind]
        return found


def read_trace(machine: int) -> Trace:
    """A copy of what the machine has recorded."""
    found = np.zeros(3, np.uint64)
    engine().ttsim_result_trace(machine, found.ctypes.data)
    address, size, dropped = (int(word) for word in found)
    records = np.zeros(size, RECORD)
    if size:
        ctypes.memmove(records.ctypes.data, address, records.nbytes)
    return Trace(records, dropped, _zone_names(machine))


def _zone_names(machine: int) -> tuple[str, ...]:
    names = (engine().ttsim_result_zone_name(machine, number) for number in count())
    return tuple(name.decode(errors="replace") for name in takewhile(lambda name: name is not None, names))
