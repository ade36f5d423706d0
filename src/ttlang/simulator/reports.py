# SPDX-License-Identifier: Apache-2.0
"""Reads a finished machine into a RunResult."""

from __future__ import annotations

import ctypes
from dataclasses import fields

import numpy as np
import numpy.typing as npt

from ttlang.hardware import Chip
from ttlang.simulator.engine import engine
from ttlang.simulator.program import Program
from ttlang.simulator.result import (
    ROLE_NAMES,
    WAIT_NAMES,
    Bound,
    BufferReport,
    LineReport,
    Progress,
    RunResult,
    ThreadReport,
    TileWork,
)
from ttlang.simulator.trace import read_trace

FIRST_WAIT = 11
FIBER_WORDS = FIRST_WAIT + len(WAIT_NAMES)
SUMMARY_WORDS = 16
NOCS = 2
MAX_BUFFERS = 64
"""Circular buffers that the engine keeps for each core."""
BOUNDS: tuple[Bound, ...] = ("compute", "noc", "dram", "issue")


def fiber_table(machine: int, program: Program) -> npt.NDArray[np.uint64]:
    """One row a processor; columns as ttsim_result_fibers says."""
    count = sum((3 if kernel.kind == "compute" else 1) * len(kernel.cores) for kernel in program.kernels)
    table = np.zeros((count, FIBER_WORDS), np.uint64)
    engine().ttsim_result_fibers(machine, table.ctypes.data, FIBER_WORDS)
    return table


def core_of(chip: Chip, index: int) -> tuple[int, int]:
    """Logical coordinates of a core number."""
    return index % chip.grid[0], index // chip.grid[0]


def device_output(machine: int) -> str:
    """What kernels printed."""
    size = np.zeros(1, np.uint64)
    text = engine().ttsim_result_output(machine, size.ctypes.data)
    return ctypes.string_at(text, int(size[0])).decode(errors="replace") if size[0] else ""


def read_progress(machine: int, processors: int) -> Progress:
    """How far the machine is."""
    summary = _summary(machine)
    return Progress(int(summary[1]), processors - int(summary[8]), processors)


def read_result(
    machine: int,
    chip: Chip,
    program: Program,
    *,
    timed: bool,
    traced: bool,
    complete: bool,
    compile_seconds: float,
    run_seconds: float,
) -> RunResult:
    """The result of a run that ended well, or of one that was stopped and goes on no more."""
    summary = _summary(machine)
    table = fiber_table(machine, program)
    end = summary[0] if complete else max(int(summary[0]), int(table[:, 4].max(initial=0)))
    cycles = int(end) if timed else 0
    utilisation = _utilisation(summary, table, cycles)
    return RunResult(
        cycles=cycles,
        seconds=cycles / chip.clock_hz,
        bound=max(BOUNDS, key=lambda name: utilisation[name]),
        utilisation=utilisation,
        threads=_threads(table, chip, program) if timed else (),
        lines=_lines(machine, program) if timed else (),
        bytes_read=int(summary[5]),
        bytes_written=int(summary[6]),
        bytes_multicast=int(summary[7]),
        transfers=int(summary[4]),
        events=int(summary[2]),
        switches=int(summary[3]),
        output=device_output(machine),
        compile_seconds=compile_seconds,
        run_seconds=run_seconds,
        buffers=_buffers(machine, chip, program),
        work=_work(machine),
        links=tuple(_links(machine, chip, noc) for noc in range(NOCS)),
        channels=_channels(machine, chip),
        trace=read_trace(machine) if traced else None,
        complete=complete,
    )


def _summary(machine: int) -> npt.NDArray[np.uint64]:
    summary = np.zeros(SUMMARY_WORDS, np.uint64)
    engine().ttsim_result_summary(machine, summary.ctypes.data)
    return summary


def _work(machine: int) -> TileWork:
    tiles = np.zeros(len(fields(TileWork)), np.uint64)
    engine().ttsim_result_work(machine, tiles.ctypes.data)
    return TileWork(*(int(count) for count in tiles))


def _links(machine: int, chip: Chip, noc: int) -> npt.NDArray[np.uint64]:
    columns, rows = chip.noc.size
    busy = np.zeros((rows, columns, 4), np.uint64)
    engine().ttsim_result_links(machine, noc, busy.ctypes.data)
    return busy


def _channels(machine: int, chip: Chip) -> npt.NDArray[np.uint64]:
    banks = np.zeros((chip.dram.banks, 2), np.uint64)
    for bank, row in enumerate(banks):
        engine().ttsim_result_bank(machine, bank, row.ctypes.data)
    return banks


def _buffers(machine: int, chip: Chip, program: Program) -> tuple[BufferReport, ...]:
    most_filled = np.zeros((chip.cores, MAX_BUFFERS), np.uint32)
    engine().ttsim_result_most_filled(machine, most_filled.ctypes.data)
    by_core = most_filled.tolist()
    return tuple(
        BufferReport(
            core,
            config.index,
            config.num_pages,
            config.page_size,
            by_core[core[1] * chip.grid[0] + core[0]][config.index],
        )
        for config in program.circular_buffers
        for core in config.cores
    )


def _utilisation(
    summary: npt.NDArray[np.uint64], table: npt.NDArray[np.uint64], cycles: int
) -> dict[str, float]:
    total = max(cycles, 1)
    role, busy = table[:, 2], table[:, 5]
    compute = int(busy[role >= 2].max(initial=0)) if cycles else 0
    issue = int(busy[role < 2].max(initial=0)) if cycles else 0
    return {
        "compute": compute / total,
        "noc": int(max(summary[9], summary[10])) / total if cycles else 0.0,
        "dram": int(summary[13]) / total if cycles else 0.0,
        "issue": issue / total,
    }


def _threads(table: npt.NDArray[np.uint64], chip: Chip, program: Program) -> tuple[ThreadReport, ...]:
    reports = []
    for row in table.tolist():
        waits = {name: row[FIRST_WAIT + i] for i, name in enumerate(WAIT_NAMES) if row[FIRST_WAIT + i]}
        reports.append(
            ThreadReport(
                core_of(chip, row[1]), ROLE_NAMES[row[2]], program.kernels[row[0]].name, row[5], waits, row[4]
            )
        )
    return tuple(reports)


def _lines(machine: int, program: Program) -> tuple[LineReport, ...]:
    reports = []
    for index, kernel in enumerate(program.kernels):
        count = kernel.source.count("\n") + 2
        address = engine().ttsim_result_lines(machine, index)
        both = np.ctypeslib.as_array((ctypes.c_uint64 * (2 * count)).from_address(address)).reshape(2, count)
        for line in np.flatnonzero(both.any(axis=0)).tolist():
            busy, wait = int(both[0, line]), int(both[1, line])
            reports.append(LineReport(kernel.name, line, busy, wait, kernel.line_map.get(line)))
    return tuple(reports)
