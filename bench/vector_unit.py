# SPDX-License-Identifier: Apache-2.0
"""Cycles of the vector unit (SFPU) for a sequence of Tensix instructions.

The front end of a thread issues one instruction a cycle. The replay expander plays recorded instructions at the same rate;
TTREPLAY itself is not issued. A result of the multiplier, of a table look-up or of SFPSWAP is there after two cycles: on
Wormhole the compiler leaves the gap (SFPNOP), on Blackhole the unit waits if the next instruction needs the result. SFPSWAP
keeps the unit for two cycles on both chips, SFPSHFT2 that moves values between lanes on Blackhole; an SFPNOP after it is part of
them. (ISA VectorUnit.md, SFPSHFT2.md; tt-llk issue 102.)
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

MACRO, REPLAY, SWAP, SHIFT, NOP = 0x01, 0x04, 0x92, 0x94, 0x8F
BETWEEN_LANES = range(2, 5)
"""Modes of SFPSHFT2 that move values from lane to lane."""
VECTOR = range(0x70, 0x9A)
"""Opcodes of the vector unit, SFPLOAD to SFPARECIP."""
MULTIPLIERS = {0x84, 0x85, 0x86, 0x98}
"""SFPMAD, SFPADD, SFPMUL, SFPMUL24: three sources and a destination."""
IMMEDIATE = {0x74, 0x75}
"""SFPMULI, SFPADDI: the destination is a source."""
LOAD, LOAD_IMMEDIATE, STORE, TABLE, TABLE_32 = 0x70, 0x71, 0x72, 0x73, 0x95
WITHOUT_REGISTERS = {0x87, 0x88, 0x8A, 0x8B, 0x8F, 0x91, 0x93}
"""Condition-code stack, SFPNOP, SFPCONFIG; SFPLOADMACRO brings its registers to the schedule that the macro encodes."""
LATE = MULTIPLIERS | IMMEDIATE | {TABLE, TABLE_32}
"""Instructions whose result the next one cannot have without waiting a cycle."""
REPLAY_SLOTS = 32


@dataclass
class ReplayBuffer:
    """The 32 slots of a thread's replay expander: what it issues for what it is given."""

    slots: list[int] = field(default_factory=lambda: [0] * REPLAY_SLOTS)

    def expand(self, words: Iterable[int]) -> list[int]:
        """The instructions that reach the units; recordings stay for the next call. ValueError for the macro expander's."""
        issued: list[int] = []
        recording, executing, slot = 0, True, 0
        for word in words:
            if recording:
                self.slots[slot % REPLAY_SLOTS] = word
                slot, recording = slot + 1, recording - 1
                if executing:
                    issued.append(word)
            elif word >> 24 == REPLAY:
                start, length = word >> 14 & 0x3FF, word >> 4 & 0x3FF
                if word & 1:
                    recording, executing, slot = length, bool(word & 2), start
                else:
                    issued += [self.slots[(start + i) % REPLAY_SLOTS] for i in range(length)]
            elif word >> 24 == MACRO:
                raise ValueError(f"{word:#010x}: what the macro expander makes of MOP is not counted")
            else:
                issued.append(word)
        return issued


def cycles(issued: Iterable[int], interlocked: bool) -> int:
    """Cycles to issue expanded instructions; `interlocked`: the unit waits for late results (Blackhole)."""
    total, before = 0, 0
    for word in issued:
        opcode, last = word >> 24, before >> 24
        total += 1
        if opcode in VECTOR and opcode != NOP:
            busy = last == SWAP or (interlocked and last == SHIFT and before & 15 in BETWEEN_LANES)
            late = interlocked and last in LATE and bool(_registers(word) & _written(before))
            total += busy or late
        before = word
    return total


def _fields(word: int) -> tuple[int, int, int, int]:
    """Registers a, b, c and d of the common layout."""
    return word >> 16 & 15, word >> 12 & 15, word >> 8 & 15, word >> 4 & 15


def _written(word: int) -> set[int]:
    """The destination of an instruction of `LATE`."""
    return {word >> 20 & 15} if word >> 24 == TABLE else {word >> 4 & 15}


def _registers(word: int) -> set[int]:
    """Registers that an instruction reads or writes."""
    opcode, (a, b, c, d), high = word >> 24, _fields(word), word >> 20 & 15
    if opcode in WITHOUT_REGISTERS:
        return set()
    if opcode in MULTIPLIERS:
        return {a, b, c, d}
    if opcode in (LOAD, LOAD_IMMEDIATE, STORE):
        return {high}
    if opcode == TABLE:
        return {0, 1, 2, 3, high}
    if opcode == TABLE_32:
        return {0, 1, 2, 3, 4, 5, 6, d}
    return {d} if opcode in IMMEDIATE else {c, d}
