# SPDX-License-Identifier: Apache-2.0
"""A run that failed, as an exception: who, where, why."""

from __future__ import annotations

import ast
import ctypes
import re
from collections.abc import Mapping, Sequence
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from ttlang.diagnostics import SourceLocation
from ttlang.hardware import Chip
from ttlang.simulator.engine import ERROR_BYTES, code_place, engine
from ttlang.simulator.errors import (
    AddressFault,
    AlignmentFault,
    ApiFault,
    ArithmeticFault,
    AssertionFault,
    ConfigurationFault,
    DeadlockError,
    DstFault,
    EndlessLoopError,
    FaultContext,
    InFlightFault,
    KernelFault,
    LinkedMulticastFault,
    PageNotReservedFault,
    PageNotWaitedFault,
    RaceFault,
    SemaphoreFault,
    ThreadState,
    TransferLimitFault,
    UnfinishedDataFault,
    UnwrittenMemoryFault,
    UseAfterPopFault,
)
from ttlang.simulator.native_lines import source_line
from ttlang.simulator.program import Kernel, Program
from ttlang.simulator.remote_buffers import credit_name
from ttlang.simulator.reports import core_of, device_output, fiber_table
from ttlang.simulator.result import ROLE_NAMES

DEADLOCK = 1
_ASSERTION = re.compile(r'ASSERT\(.* && ("(?:[^"\\]|\\.)*")\) failed')
FAULTS: Mapping[int, type[KernelFault]] = {
    2: AddressFault,
    3: ArithmeticFault,
    4: KernelFault,
    5: EndlessLoopError,
    6: EndlessLoopError,
    7: ApiFault,
    8: AssertionFault,
    9: InFlightFault,
    10: PageNotWaitedFault,
    11: UseAfterPopFault,
    12: PageNotReservedFault,
    13: AlignmentFault,
    14: UnwrittenMemoryFault,
    15: DstFault,
    16: DstFault,
    17: SemaphoreFault,
    18: RaceFault,
    19: TransferLimitFault,
    20: ConfigurationFault,
    21: UnfinishedDataFault,
    22: LinkedMulticastFault,
}
"""Classes by the engine's `enum class Fault`."""
DONE = 3
UNPACK, MATH, PACK = 2, 3, 4
CB_PAGES, CB_SPACE, READS, WRITES, WRITES_SENT, ATOMICS, SEMAPHORE = 1, 2, 3, 4, 5, 6, 7
SRC_DATA, SRC_SPACE, DST_FREE, DST_DATA = 8, 9, 10, 11
TRANSFERS = {
    READS: "its reads",
    WRITES: "its writes to be acknowledged",
    WRITES_SENT: "its writes to leave",
    ATOMICS: "its atomics",
}
HAND_OVER = {
    SRC_DATA: ("operands from unpack", UNPACK),
    SRC_SPACE: ("math to take operands", MATH),
    DST_FREE: ("pack to release DST (tile_regs_release)", PACK),
    DST_DATA: ("math to commit DST (tile_regs_commit)", MATH),
}
Row = list[int]


def raise_fault(machine: int, chip: Chip, program: Program) -> NoReturn:
    """Raises what ended the run."""
    facts = np.zeros(9, np.int64)
    text, did = ctypes.create_string_buffer(ERROR_BYTES), ctypes.create_string_buffer(ERROR_BYTES)
    engine().ttsim_result_fault(machine, facts.ctypes.data, text, ERROR_BYTES, did, ERROR_BYTES)
    kind, *parties = facts.tolist()
    rows: list[Row] = fiber_table(machine, program).tolist()
    if kind == DEADLOCK:
        raise _deadlock(machine, chip, program, rows)
    thread, other = (_party(chip, program, rows, parties[i : i + 4]) for i in (0, 4))
    output = device_output(machine)
    notes = (f"device output:\n{output}",) if output else ()
    context = FaultContext(thread, other, did.value.decode(errors="replace"), notes)
    raise FAULTS[kind](_message(text.value.decode(errors="replace")), context)


def _message(text: str) -> str:
    """An assertion with a message says that and no C++."""
    match = _ASSERTION.fullmatch(text)
    return text if match is None else f"assertion failed: {ast.literal_eval(match[1])}"


def _party(chip: Chip, program: Program, rows: Sequence[Row], facts: Sequence[int]) -> ThreadState | None:
    """A processor at a place: its number, the line of its last call, its time, its instruction (0 where the line says all)."""
    fiber, line, time, instruction = facts
    if fiber < 0:
        return None
    row = list(rows[fiber])
    row[4] = time
    if instruction:
        place = code_place(instruction)
        line = (place and source_line(*place, program.kernels[row[0]].file)) or line
    return _state(chip, program, row, line, "")


def python_position(kernel: Kernel, line: int) -> SourceLocation | None:
    """Where a C++ line comes from: its own position, else that of the nearest line before it."""
    known = [mapped for mapped in kernel.line_map if mapped <= line]
    return SourceLocation(*kernel.line_map[max(known)]) if known else None


def _state(chip: Chip, program: Program, row: Row, line: int, waits: str) -> ThreadState:
    kernel = program.kernels[row[0]]
    return ThreadState(
        core_of(chip, row[1]),
        ROLE_NAMES[row[2]],
        kernel.name,
        line,
        python_position(kernel, line),
        row[4],
        waits,
    )


def _cb(machine: int, row: Row) -> npt.NDArray[np.uint64]:
    state = np.zeros(7, np.uint64)
    engine().ttsim_result_cb(machine, row[1], row[7], state.ctypes.data)
    return state


def _describe(machine: int, chip: Chip, program: Program, row: Row) -> str:
    wait, need = row[6], row[8]
    if wait == CB_PAGES:
        return f"cb_wait_front({row[7]}, {need}): waits for {need} pages in circular buffer {row[7]}, it has {_cb(machine, row)[0]}"
    if wait == CB_SPACE:
        state = _cb(machine, row)
        return (
            f"cb_reserve_back({row[7]}, {need}): waits for {need} free pages in circular buffer {row[7]},"
            f" {state[1]} of {state[2]} are free"
        )
    if wait == SEMAPHORE:
        value = engine().ttsim_result_word(machine, row[1], row[7])
        credit = credit_name(chip, program.remote_circular_buffers, core_of(chip, row[1]), row[7])
        if credit:
            return f"waits for {credit}: {16 * (need - value)} bytes are missing"
        return f"waits for the semaphore at L1 address {row[7]} to be {'at least ' if row[9] else ''}{need}, it is {value}"
    if wait in TRANSFERS:
        return f"waits for {TRANSFERS[wait]} on NoC {row[7]}"
    if wait in HAND_OVER:
        return f"waits for {HAND_OVER[wait][0]}"
    return "waits"


def _deadlock(machine: int, chip: Chip, program: Program, rows: Sequence[Row]) -> DeadlockError:
    stuck = [index for index, row in enumerate(rows) if row[3] != DONE]
    states = {
        i: _state(chip, program, rows[i], rows[i][10], _describe(machine, chip, program, rows[i]))
        for i in stuck
    }
    edges = {i: _waits_for(machine, rows, i) for i in stuck}
    cycle = _find_cycle({i: [j for j in targets if j in states] for i, targets in edges.items()})
    described = [f"{states[i].name} ({states[i].waits})" for i in cycle]
    return DeadlockError(list(states.values()), described, max(row[4] for row in rows))


def _waits_for(machine: int, rows: Sequence[Row], index: int) -> list[int]:
    """Processors that could let this one go on."""
    row = rows[index]
    if row[6] in (CB_PAGES, CB_SPACE):
        partner = int(_cb(machine, row)[4 if row[6] == CB_PAGES else 5])
        if partner:
            return [partner - 1]
        return [i for i, other in enumerate(rows) if other[1] == row[1] and i != index]
    if row[6] in HAND_OVER:
        role = HAND_OVER[row[6]][1]
        return [i for i, other in enumerate(rows) if other[1] == row[1] and other[2] == role]
    if row[6] == SEMAPHORE:
        return [i for i in range(len(rows)) if i != index]
    return []


def _find_cycle(edges: Mapping[int, Sequence[int]]) -> list[int]:
    """A cycle of the wait-for graph, or nothing."""
    state: dict[int, int] = {}
    for root in edges:
        path: list[int] = []
        work = [(root, iter(edges[root]))] if root not in state else []
        while work:
            node, targets = work[-1]
            if state.get(node) is None:
                state[node] = 1
                path.append(node)
            target = next(targets, None)
            if target is None:
                state[node] = 2
                path.pop()
                work.pop()
            elif state.get(target) == 1:
                return path[path.index(target) :]
            elif target not in state:
                work.append((target, iter(edges[target])))
    return []
