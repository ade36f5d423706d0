# SPDX-License-Identifier: Apache-2.0
"""What the instructions of a kernel's own code cost, written into its assembly text.

Kernels for runs with time are compiled with a call at the start of each basic block (`-fsanitize-coverage=trace-pc`). Such a
call stands where the compiler expects one, so that scratch registers and flags are free there; it is replaced by an addition
to the engine's counter of what the block costs a RISC-V. Counted is what comes from the kernel and the files that it includes,
not what comes from the headers of the API, whose calls have costs of their own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ttlang.hardware import Instructions

COUNTER = "ttsim_own_cycles"
"""The engine's counter, 64 bits."""
_TRACE = "__sanitizer_cov_trace_pc"
_API_CALL = "tensix_"
_FILE = re.compile(r'\s*\.file\s+(\d+)\s+"([^"]*)"(?:\s+"([^"]*)")?')
_LOCATION = re.compile(r"\s*\.loc\s+(\d+)")
_FUNCTION = re.compile(r"\s*\.type\s.*function")
_NOTHING_X86 = ("push", "pop", "nop", "cltd", "cqto", "cltq", "endbr", "cmp", "test")
_MOVED_X86 = re.compile(r"(%\w+|-?\d*\(%rsp\)), *(%\w+|-?\d*\(%rsp\))")
_MOVED_AARCH64 = re.compile(r"[wx]\w+, *([wx]\w+|\[sp(, *#\d+)?\])")
_INSTRUCTION = re.compile(r"\s+([a-z][a-z0-9.]*)(?:\s+(.*))?$")


@dataclass(frozen=True)
class _Machine:
    """A host's instructions: how calls are written, which multiply and divide, which a RISC-V does not need; the addition.

    A RISC-V compares and branches at once, its instructions have a result apart from their operands, and it has registers
    for what a host keeps on its stack.
    """

    calls: frozenset[str]
    multiply: tuple[str, ...]
    divide: tuple[str, ...]
    nothing: Callable[[str, str], bool]
    argument: str
    add: Callable[[int], str]


def _is_nothing_x86(name: str, operands: str) -> bool:
    return name.startswith(_NOTHING_X86) or (name.startswith("mov") and bool(_MOVED_X86.fullmatch(operands)))


def _is_nothing_aarch64(name: str, operands: str) -> bool:
    return name in {"nop", "hint", "bti", "cmp", "cmn", "tst"} or (
        name in {"mov", "ldr", "str"} and bool(_MOVED_AARCH64.fullmatch(operands))
    )


def _add_x86(cycles: int) -> str:
    return f"\tmovq\t{COUNTER}@GOTPCREL(%rip), %rax\n\taddq\t${cycles}, (%rax)"


def _add_aarch64(cycles: int) -> str:
    change = "add" if cycles > 0 else "sub"
    parts = (abs(cycles) & 0xFFF, abs(cycles) & 0xFFF000)
    pieces = [f"\t{change}\tx17, x17, #{part}" for part in parts if part]
    load = f"\tadrp\tx16, :got:{COUNTER}\n\tldr\tx16, [x16, :got_lo12:{COUNTER}]\n\tldr\tx17, [x16]"
    return "\n".join([load, *pieces, "\tstr\tx17, [x16]"])


_MACHINES = {
    "x86_64": _Machine(
        frozenset({"call", "callq"}),
        ("imul", "mul"),
        ("idiv", "div"),
        _is_nothing_x86,
        "%rdi",
        _add_x86,
    ),
    "aarch64": _Machine(
        frozenset({"bl", "blr"}),
        ("mul", "madd", "msub", "mneg", "umull", "smull", "umaddl", "smaddl", "umulh", "smulh"),
        ("udiv", "sdiv"),
        _is_nothing_aarch64,
        "x0",
        _add_aarch64,
    ),
}


def with_costs(assembly: str, costs: Instructions, is_api: Callable[[str], bool], machine: str) -> str:
    """The text with each block's call replaced by the addition of its cost, or dropped where it costs nothing.

    `is_api` says of a file's path whether its code belongs to the API. KeyError for a machine that no row describes.
    """
    host = _MACHINES[machine]
    own = _own_files(assembly, is_api)
    lines = assembly.split("\n")
    counted = False  # whether the current location is the kernel's own
    block = -1  # line of the current block's call; none yet in a new function
    cycles = argument = 0

    def close() -> None:
        if block >= 0:
            lines[block] = host.add(cycles) if cycles else ""

    for at, line in enumerate(lines):
        if location := _LOCATION.match(line):
            counted = own.get(location[1], True)
        elif _FUNCTION.match(line):
            close()
            block, cycles = -1, 0
        if (instruction := _INSTRUCTION.match(line)) is None:
            if _TRACE in line:  # Clang lists what it takes the address of
                lines[at] = ""
            continue
        name, operands = instruction[1], instruction[2] or ""
        if name not in host.calls:
            cost = 0 if not counted or host.nothing(name, operands) else _cost(name, host, costs)
            cycles += cost
            if operands.endswith(host.argument) or operands.startswith(host.argument):
                argument = cost
            continue
        if _TRACE in operands:
            close()
            cycles = cycles if block < 0 else 0  # what stands before the first block belongs to it
            block = at
        elif operands.startswith(_API_CALL):
            cycles -= costs.call * costs.cycles
        elif "__tsan_" in operands:  # reports an access, and has its address as an argument
            cycles -= argument
        elif counted:
            cycles += costs.cycles
        argument = 0
    close()
    return "\n".join(lines)


def _own_files(assembly: str, is_api: Callable[[str], bool]) -> Mapping[str, bool]:
    """Whether code of a numbered file is counted. Folders are relative to that of file 0, which Clang cuts off."""
    named: dict[str, str] = {}
    root = ""
    for number, first, second in _FILE.findall(assembly):
        if number == "0":
            root = first
        named[number] = os.path.join(root, first, second) if second else first
    return {number: not is_api(path) for number, path in named.items()}


def _cost(name: str, host: _Machine, costs: Instructions) -> int:
    if name.startswith(host.divide):
        return costs.divide
    return costs.multiply if name.startswith(host.multiply) else costs.cycles
