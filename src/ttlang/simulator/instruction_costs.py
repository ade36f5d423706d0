# SPDX-License-Identifier: Apache-2.0
"""What the instructions of a kernel's own code cost, written into its assembly text.

Kernels for runs with time are compiled with a call at the start of each basic block (`-fsanitize-coverage=trace-pc`). Such a
call stands where the compiler expects one, so that scratch registers and flags are free there; it is replaced by an addition
to the engine's counter of what the block costs a RISC-V, and a note of its line. Counted is what comes from the kernel and the
files that it includes, not what comes from the headers of the API, whose calls have costs of their own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from ttlang.hardware import Instructions

COUNTER = "ttsim_own"
"""Of the engine: cycles, 64 bits, and behind them a line, 32 bits."""
_TRACE = "__sanitizer_cov_trace_pc"
_API_CALL = "tensix_"
_FILE = re.compile(r'\s*\.file\s+(\d+)\s+"([^"]*)"(?:\s+"([^"]*)")?')
_LOCATION = re.compile(r"\s*\.loc\s+(\d+)\s+(\d+)")
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
    add: Callable[[int, int], str]


def _is_nothing_x86(name: str, operands: str) -> bool:
    return name.startswith(_NOTHING_X86) or (name.startswith("mov") and bool(_MOVED_X86.fullmatch(operands)))


def _is_nothing_aarch64(name: str, operands: str) -> bool:
    return name in {"nop", "hint", "bti", "cmp", "cmn", "tst"} or (
        name in {"mov", "ldr", "str"} and bool(_MOVED_AARCH64.fullmatch(operands))
    )


def _add_x86(cycles: int, line: int) -> str:
    added = f"\tmovq\t{COUNTER}@GOTPCREL(%rip), %rax\n\taddq\t${cycles}, (%rax)"
    return f"{added}\n\tmovl\t${line}, 8(%rax)" if line else added


def _add_aarch64(cycles: int, line: int) -> str:
    change = "add" if cycles > 0 else "sub"
    parts = (abs(cycles) & 0xFFF, abs(cycles) & 0xFFF000)
    text = [
        f"\tadrp\tx16, :got:{COUNTER}",
        f"\tldr\tx16, [x16, :got_lo12:{COUNTER}]",
        "\tldr\tx17, [x16]",
        *(f"\t{change}\tx17, x17, #{part}" for part in parts if part),
        "\tstr\tx17, [x16]",
    ]
    if line:
        high = [f"\tmovk\tw17, #{line >> 16}, lsl #16"] if line >> 16 else []
        text += [f"\tmovz\tw17, #{line & 0xFFFF}", *high, "\tstr\tw17, [x16, #8]"]
    return "\n".join(text)


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


def with_costs(
    assembly: str, costs: Instructions, kernels: Collection[str], is_api: Callable[[str], bool], machine: str
) -> str:
    """The text with each block's call replaced by the addition of its cost, or dropped where it costs nothing.

    Lines are noted of the files of `kernels`; `is_api` says of a file's path whether its code belongs to the API. KeyError for
    a machine that no row describes.
    """
    host, files = _MACHINES[machine], _files(assembly)
    own = {number: not is_api(path) for number, path in files.items()}
    lines = assembly.split("\n")
    counted = False  # whether the current location is the kernel's own
    here = 0  # its line, if it is in the kernel's file
    block = -1  # where the current block's call stands; none yet in a new function
    cycles = argument = noted = 0

    def close() -> None:
        if block >= 0:
            lines[block] = host.add(cycles, noted if cycles > 0 else 0) if cycles else ""

    for at, line in enumerate(lines):
        if location := _LOCATION.match(line):
            counted = own.get(location[1], True)
            here = int(location[2]) if files.get(location[1]) in kernels else 0
        elif _FUNCTION.match(line):
            close()
            block, cycles, noted = -1, 0, 0
        if (instruction := _INSTRUCTION.match(line)) is None:
            if _TRACE in line:  # Clang lists what it takes the address of
                lines[at] = ""
            continue
        name, operands = instruction[1], instruction[2] or ""
        if name not in host.calls:
            cost = 0 if not counted or host.nothing(name, operands) else _cost(name, host, costs)
            cycles += cost
            noted = noted or (here if cost else 0)
            if operands.endswith(host.argument) or operands.startswith(host.argument):
                argument = cost
            continue
        if _TRACE in operands:
            close()
            if block >= 0:  # what stands before the first block belongs to it
                cycles = noted = 0
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


def _files(assembly: str) -> Mapping[str, str]:
    """Paths of numbered files. Folders are relative to that of file 0, which Clang cuts off."""
    named: dict[str, str] = {}
    root = ""
    for number, first, second in _FILE.findall(assembly):
        if number == "0":
            root = first
        named[number] = os.path.join(root, first, second) if second else first
    return named


def _cost(name: str, host: _Machine, costs: Instructions) -> int:
    if name.startswith(host.divide):
        return costs.divide
    return costs.multiply if name.startswith(host.multiply) else costs.cycles
