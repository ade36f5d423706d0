# SPDX-License-Identifier: Apache-2.0
"""A recorded run as a file in the Trace Event format, which the Perfetto UI and Chrome's tracing page open."""

import json
from collections.abc import Iterable, Iterator
from gzip import open as open_gzip
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ttlang.hardware import chip
from ttlang.simulator import RunResult, Trace, TraceKind
from ttlang.simulator.result import ROLE_NAMES, WAIT_NAMES
from ttlang.simulator.trace import DRAM, SECOND_NOC, TRANSFER_NAMES

from .figures import source_lines

if TYPE_CHECKING:
    from ttlang.runtime.image import ProgramImage

Event = dict[str, Any]
_BUFFER_WAITS = frozenset({1, 2})
_LONGEST_NAME = 60


def write_trace(path: Path, image: "ProgramImage", result: RunResult) -> None:
    """Write a recorded run; a name that ends in `.gz` is compressed.

    A process is a core, its threads are its five processors; counters are its circular buffers; transfers are
    asynchronous spans of the core that issued them. Times are microseconds at the chip's clock.
    """
    trace = result.trace
    assert trace is not None, "only a recorded run has a trace"
    opener = open_gzip if path.suffix == ".gz" else open
    with opener(path, "wt", encoding="utf-8") as file:
        file.write('{"displayTimeUnit": "ns", "otherData": ')
        json.dump(_summary(image, result, trace), file)
        file.write(', "traceEvents": [\n')
        separator = ""
        for event in _events(image, result, trace):
            file.write(separator)
            file.write(json.dumps(event, separators=(",", ":")))
            separator = ",\n"
        file.write("\n]}\n")


def _summary(image: "ProgramImage", result: RunResult, trace: Trace) -> dict[str, Any]:
    return {
        "kernel": image.name,
        "chip": image.arch,
        "cycles": result.cycles,
        "records left out": trace.dropped,
    }


def _events(image: "ProgramImage", result: RunResult, trace: Trace) -> Iterator[Event]:
    scale = 1e6 / chip(image.arch).clock_hz
    cores = sorted({thread.core for thread in result.threads}, key=lambda core: (core[1], core[0]))
    process = {core: number + 1 for number, core in enumerate(cores)}
    for core, number in process.items():
        yield {"ph": "M", "name": "process_name", "pid": number, "args": {"name": f"core {core}"}}
        yield {"ph": "M", "name": "process_sort_index", "pid": number, "args": {"sort_index": number}}
    places = [(process[thread.core], ROLE_NAMES.index(thread.thread) + 1) for thread in result.threads]
    for (pid, tid), thread in zip(places, result.threads, strict=True):
        name = f"{thread.thread} ({thread.kernel})"
        yield {"ph": "M", "name": "thread_name", "pid": pid, "tid": tid, "args": {"name": name}}
    names = {kernel.name: _line_names(kernel.source, kernel.line_map) for kernel in image.kernels}
    by_thread = [names[thread.kernel] for thread in result.threads]
    buffers = {buffer.index: buffer.name for buffer in image.buffers}
    yield from _spans(trace, places, by_thread, buffers, scale)
    yield from _fill(trace, places, buffers, scale)
    yield from _transfers(trace, places, by_thread, scale)
    yield from _zones(trace, places, scale)


def _zones(trace: Trace, places: list[tuple[int, int]], scale: float) -> Iterator[Event]:
    """Zones of the program beside the work of its thread; one of no length, as a signpost is, is an instant."""
    for number, (start, cycles, value, processor) in enumerate(
        _rows(trace.of(TraceKind.ZONE), "start", "cycles", "value", "processor")
    ):
        pid, tid = places[processor]
        common: Event = {"cat": "zone", "name": trace.zone_names[value], "pid": pid, "tid": tid}
        if not cycles:
            yield {"ph": "i", "s": "t", **common, "ts": start * scale}
            continue
        yield {"ph": "b", "id": number, **common, "ts": start * scale, "args": {"cycles": cycles}}
        yield {"ph": "e", "id": number, **common, "ts": (start + cycles) * scale}


def _line_names(source: str, line_map: Any) -> list[str]:
    """For each C++ line the name of its spans: place and text of the Python line, or the C++ where there is none."""
    texts = source_lines(sorted({file for file, _, _ in line_map.values()}))
    names = [""]
    for number, cpp in enumerate(source.splitlines(), 1):
        if number not in line_map:
            names.append(cpp.strip()[:_LONGEST_NAME])
            continue
        file, line, _ = line_map[number]
        text = texts[file][line - 1].strip() if 0 < line <= len(texts[file]) else cpp.strip()
        names.append(f"{line}: {text}"[:_LONGEST_NAME])
    return names


def _rows(records: Any, *fields: str) -> Iterable[tuple[int, ...]]:
    return zip(*(records[field].tolist() for field in fields), strict=True)


def _name(names: list[str], line: int) -> str:
    return names[line] if line < len(names) and names[line] else "start"


def _spans(
    trace: Trace, places: list[tuple[int, int]], names: list[list[str]], buffers: dict[int, str], scale: float
) -> Iterator[Event]:
    working = trace.of(TraceKind.WORK)
    for start, cycles, line, processor in _rows(working, "start", "cycles", "line", "processor"):
        pid, tid = places[processor]
        yield {
            "ph": "X", "cat": "work", "name": _name(names[processor], line), "pid": pid, "tid": tid,
            "ts": start * scale, "dur": cycles * scale, "args": {"cycles": cycles, "C++ line": line},
        }  # fmt: skip
    for start, cycles, line, processor, what, value in _rows(
        trace.of(TraceKind.WAIT), "start", "cycles", "line", "processor", "what", "value"
    ):
        pid, tid = places[processor]
        subject = buffers.get(value, str(value)) if what in _BUFFER_WAITS else ""
        yield {
            "ph": "X", "cat": "wait", "name": f"wait: {WAIT_NAMES[what]} {subject}".rstrip(), "pid": pid, "tid": tid,
            "ts": start * scale, "dur": cycles * scale, "cname": "grey",
            "args": {"cycles": cycles, "C++ line": line, "at": _name(names[processor], line)},
        }  # fmt: skip


def _fill(
    trace: Trace, places: list[tuple[int, int]], buffers: dict[int, str], scale: float
) -> Iterator[Event]:
    changes = trace.of(TraceKind.PAGES)
    changes = changes[np.argsort(changes["start"], kind="stable")]
    held: dict[tuple[int, int], int] = {}
    for start, value, processor, what in _rows(changes, "start", "value", "processor", "what"):
        pid = places[processor][0]
        signed = value - (1 << 32) if value >> 31 else value
        held[pid, what] = held.get((pid, what), 0) + signed
        name = f"pages of {buffers.get(what, what)}"
        yield {"ph": "C", "name": name, "pid": pid, "ts": start * scale, "args": {"pages": held[pid, what]}}


def _transfers(
    trace: Trace, places: list[tuple[int, int]], names: list[list[str]], scale: float
) -> Iterator[Event]:
    fields = ("start", "cycles", "line", "value", "processor", "what")
    for number, (start, cycles, line, size, processor, what) in enumerate(
        _rows(trace.of(TraceKind.TRANSFER), *fields)
    ):
        memory = "DRAM" if what & DRAM else "L1"
        name = f"{TRANSFER_NAMES[what & 7]} {memory}, NoC {int(bool(what & SECOND_NOC))}"
        common: Event = {"cat": "transfer", "id": number, "name": name, "pid": places[processor][0], "tid": 0}
        args = {"bytes": size, "cycles": cycles, "at": _name(names[processor], line)}
        yield {"ph": "b", **common, "ts": start * scale, "args": args}
        yield {"ph": "e", **common, "ts": (start + cycles) * scale}
