# SPDX-License-Identifier: Apache-2.0
"""A recorded run cut into equal spans of time.

What lasts (work, waiting, a transfer) or holds (pages in a buffer) is summed up to each border between spans and
differences are taken, so a span gets the exact share of what reaches over its borders.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ttlang.simulator import RunResult, Trace, TraceKind
from ttlang.simulator.result import WAIT_NAMES
from ttlang.simulator.trace import DRAM, SECOND_NOC, TRANSFER_NAMES

SPANS = 480
ENDED = 255
"""State of a processor that has ended."""
Floats = npt.NDArray[np.float64]
_BUFFERS = 256
"""More than a core has circular buffers."""


@dataclass(frozen=True)
class ThreadLine:
    """One processor over time: share of work in each span, and why it mostly waited (an index of WAIT_NAMES, or ENDED)."""

    core: tuple[int, int]
    thread: str
    kernel: str
    busy: Floats
    reason: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Timeline:
    """`borders` are cycles; each series has one value a span.

    `fill[index]` is the mean number of pages in a circular buffer of that index over all its cores, `traffic` bytes per
    cycle by kind of transfer. `dropped` records are missing at the end when the run made more than are kept.
    """

    borders: Floats
    threads: tuple[ThreadLine, ...]
    fill: dict[int, Floats]
    traffic: dict[str, Floats]
    dropped: int


def timeline_of(result: RunResult) -> Timeline | None:
    """The timeline of a run that was recorded; None for others."""
    trace = result.trace
    if trace is None or not result.cycles:
        return None
    borders = np.linspace(0.0, result.cycles, min(SPANS, result.cycles) + 1)
    return Timeline(
        borders,
        _threads(result, trace, borders),
        _fill(result, trace, borders),
        _traffic(trace, borders),
        trace.dropped,
    )


def _covered(start: npt.NDArray[Any], cycles: npt.NDArray[Any], borders: Floats) -> Floats:
    """Cycles of each span that are covered by intervals, which follow one another without overlap."""
    if not len(start):
        return np.zeros(len(borders) - 1)
    begin = start.astype(np.float64)
    times = np.stack([begin, begin + cycles], axis=1).reshape(-1)
    total = np.cumsum(cycles, dtype=np.float64)
    before = np.stack([total - cycles, total], axis=1).reshape(-1)
    return np.diff(np.interp(borders, times, before))


def _threads(result: RunResult, trace: Trace, borders: Floats) -> tuple[ThreadLine, ...]:
    width = borders[1] - borders[0]
    spans = trace.records[
        (trace.records["kind"] == TraceKind.WORK) | (trace.records["kind"] == TraceKind.WAIT)
    ]
    spans = spans[np.argsort(spans["processor"], kind="stable")]
    limits = np.searchsorted(spans["processor"], np.arange(len(result.threads) + 1))
    lines = []
    for number, thread in enumerate(result.threads):
        own = spans[limits[number] : limits[number + 1]]
        working = own[own["kind"] == TraceKind.WORK]
        busy = _covered(working["start"], working["cycles"], borders) / width
        reasons = np.zeros((len(WAIT_NAMES), len(borders) - 1))
        for reason in np.unique(own["what"][own["kind"] == TraceKind.WAIT]).tolist():
            waiting = own[(own["kind"] == TraceKind.WAIT) & (own["what"] == reason)]
            reasons[reason] = _covered(waiting["start"], waiting["cycles"], borders) / width
        state = reasons.argmax(axis=0).astype(np.uint8)
        state[(reasons.sum(axis=0) + busy < 1e-9) & (borders[1:] > thread.end)] = ENDED
        lines.append(ThreadLine(thread.core, thread.thread, thread.kernel, busy, state))
    return tuple(lines)


def _fill(result: RunResult, trace: Trace, borders: Floats) -> dict[int, Floats]:
    cores = np.array([_core_number(thread.core) for thread in result.threads], int)
    changes = trace.of(TraceKind.PAGES)
    owner = cores[changes["processor"]] * _BUFFERS + changes["what"]
    order = np.lexsort((changes["start"], owner))
    changes, owner = changes[order], owner[order]
    found: dict[int, list[Floats]] = {buffer.index: [] for buffer in result.buffers}
    for buffer in result.buffers:
        key = _core_number(buffer.core) * _BUFFERS + buffer.index
        own = changes[np.searchsorted(owner, key) : np.searchsorted(owner, key + 1)]
        times = np.concatenate([[0.0], own["start"].astype(np.float64), [borders[-1]]])
        held = np.concatenate([[0], np.cumsum(own["value"].astype(np.int32))])
        integral = np.concatenate([[0.0], np.cumsum(held * np.diff(times))])
        found[buffer.index].append(np.diff(np.interp(borders, times, integral)) / np.diff(borders))
    return {index: np.mean(series, axis=0) for index, series in found.items()}


def _core_number(core: tuple[int, int]) -> int:
    return core[1] * 256 + core[0]


def _traffic(trace: Trace, borders: Floats) -> dict[str, Floats]:
    transfers = trace.of(TraceKind.TRANSFER)
    series: dict[str, Floats] = {}
    kinds = transfers["what"] & ~np.uint8(SECOND_NOC)
    for what in np.unique(kinds).tolist():
        own = transfers[kinds == what]
        place = "DRAM" if what & DRAM else "L1"
        series[f"{place} {TRANSFER_NAMES[what & 7]}"] = _rate(own, borders)
    return series


def _rate(transfers: npt.NDArray[Any], borders: Floats) -> Floats:
    """Bytes per cycle, each transfer spread evenly over its time. Transfers overlap."""
    start = transfers["start"].astype(np.float64)
    cycles = np.maximum(transfers["cycles"].astype(np.float64), 1.0)
    rate = transfers["value"] / cycles

    def up_to(points: Floats) -> Floats:
        """Integral of max(t - point, 0) * rate over all points, at the borders."""
        order = np.argsort(points)
        before = np.searchsorted(points[order], borders)
        rates = np.concatenate([[0.0], np.cumsum(rate[order])])
        moments = np.concatenate([[0.0], np.cumsum(rate[order] * points[order])])
        total: Floats = rates[before] * borders - moments[before]
        return total

    moved: Floats = np.diff(up_to(start) - up_to(start + cycles)) / np.diff(borders)
    return np.maximum(moved, 0.0)
