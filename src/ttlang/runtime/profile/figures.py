# SPDX-License-Identifier: Apache-2.0
"""The figures of a run, summed over cores and brought back to lines of Python."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ttlang.hardware import chip
from ttlang.simulator import RunResult, TraceKind
from ttlang.simulator.program import FIDELITY_PHASES

from .roofline import Roofline, roofline
from .timeline import Timeline, timeline_of

if TYPE_CHECKING:
    from ttlang.runtime.image import ProgramImage


@dataclass(frozen=True)
class ThreadFigures:
    """One processor, over all cores that run it. Shares are of the run's cycles, means over the cores."""

    kernel: str
    thread: str
    cores: int
    busy: float
    waits: Mapping[str, float]


@dataclass(frozen=True)
class LineFigures:
    """Cycles of a line of Python over all processors; `file` is None for C++ that comes from no line. `kernels` has the
    busy and waiting cycles by C++ kernel."""

    file: str | None
    line: int
    text: str
    busy: int
    wait: int
    kernels: Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class BufferFigures:
    """A circular buffer, the same on all cores. `most_filled` is the largest number of pages on any core; `mean_filled`
    the mean over cores and time, None unless the run was recorded."""

    name: str
    index: int
    pages: int
    page_bytes: int
    most_filled: int
    mean_filled: float | None


@dataclass(frozen=True)
class NetworkFigures:
    """Shares of the run's cycles in which links of one NoC, or DRAM channels, were taken: of the busiest, and the mean."""

    name: str
    busiest: float
    mean: float


@dataclass(frozen=True)
class ZoneFigures:
    """A named zone of a thread, from cycle `start`; a signpost has no length."""

    name: str
    core: tuple[int, int]
    thread: str
    kernel: str
    start: int
    cycles: int


@dataclass(frozen=True)
class Profile:
    """All figures of a run; `timeline` is None and there are no `zones` unless the run was recorded."""

    threads: tuple[ThreadFigures, ...]
    lines: tuple[LineFigures, ...]
    buffers: tuple[BufferFigures, ...]
    network: tuple[NetworkFigures, ...]
    roofline: Roofline | None
    timeline: Timeline | None
    zones: tuple[ZoneFigures, ...] = ()

    @cached_property
    def hot_lines(self) -> tuple[LineFigures, ...]:
        """Lines by cycles, the costliest first."""
        return tuple(sorted(self.lines, key=lambda line: line.busy + line.wait, reverse=True))


def profile_of(image: "ProgramImage", result: RunResult) -> Profile:
    """The figures of a run of a program, which must have modelled time."""
    timeline = timeline_of(result)
    description = chip(image.arch)
    cores = len({thread.core for thread in result.threads})
    return Profile(
        threads=_threads(result),
        lines=_lines(result),
        buffers=_buffers(image, result, timeline),
        network=_network(result),
        roofline=roofline(
            description,
            cores,
            FIDELITY_PHASES[image.math_fidelity],
            result.work,
            int(result.channels[:, 1].sum()),
            result.cycles,
        ),
        timeline=timeline,
        zones=_zones(result),
    )


def _threads(result: RunResult) -> tuple[ThreadFigures, ...]:
    groups: dict[tuple[str, str], list[Any]] = {}
    for thread in result.threads:
        groups.setdefault((thread.kernel, thread.thread), []).append(thread)
    figures = []
    for (kernel, name), members in groups.items():
        total = max(result.cycles, 1) * len(members)
        waits: Counter[str] = Counter()
        for member in members:
            waits.update(member.waits)
        shares = {reason: cycles / total for reason, cycles in waits.most_common()}
        busy = sum(member.busy for member in members) / total
        figures.append(ThreadFigures(kernel, name, len(members), busy, shares))
    return tuple(figures)


def source_lines(files: Sequence[str]) -> dict[str, list[str]]:
    """The lines of Python files; none for a file that is not there or not text."""
    found = {}
    for file in files:
        try:
            found[file] = Path(file).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            found[file] = []
    return found


def _lines(result: RunResult) -> tuple[LineFigures, ...]:
    costs: dict[tuple[str | None, int], dict[str, list[int]]] = {}
    for line in result.lines:
        place = line.python[:2] if line.python else (None, 0)
        cost = costs.setdefault(place, {}).setdefault(line.kernel, [0, 0])
        cost[0] += line.busy
        cost[1] += line.wait
    texts = source_lines(sorted({file for file, _ in costs if file is not None}))
    figures = []
    for (file, number), kernels in sorted(costs.items(), key=lambda item: (item[0][0] or "", item[0][1])):
        source = texts.get(file, []) if file is not None else []
        text = source[number - 1].strip() if 0 < number <= len(source) else ""
        busy, wait = (sum(cost[i] for cost in kernels.values()) for i in (0, 1))
        figures.append(
            LineFigures(file, number, text, busy, wait, {name: (b, w) for name, (b, w) in kernels.items()})
        )
    return tuple(figures)


def _buffers(
    image: "ProgramImage", result: RunResult, timeline: Timeline | None
) -> tuple[BufferFigures, ...]:
    most: Counter[int] = Counter()
    for buffer in result.buffers:
        most[buffer.index] = max(most[buffer.index], buffer.most_filled)
    return tuple(
        BufferFigures(
            buffer.name,
            buffer.index,
            buffer.pages,
            buffer.page_bytes,
            most[buffer.index],
            float(timeline.fill[buffer.index].mean()) if timeline else None,
        )
        for buffer in image.buffers
    )


def _zones(result: RunResult) -> tuple[ZoneFigures, ...]:
    if result.trace is None:
        return ()
    zones = result.trace.of(TraceKind.ZONE)
    fields = (zones[name].tolist() for name in ("start", "cycles", "value", "processor"))
    return tuple(
        ZoneFigures(result.trace.zone_names[value], thread.core, thread.thread, thread.kernel, start, cycles)
        for start, cycles, value, processor in zip(*fields, strict=True)
        for thread in (result.threads[processor],)
    )


def _network(result: RunResult) -> tuple[NetworkFigures, ...]:
    total = max(result.cycles, 1)
    parts = [(f"NoC {number}", busy[..., :2]) for number, busy in enumerate(result.links)]
    parts.append(("DRAM", result.channels[:, 0]))
    return tuple(
        NetworkFigures(name, float(np.max(busy)) / total, float(np.mean(busy)) / total)
        for name, busy in parts
    )
