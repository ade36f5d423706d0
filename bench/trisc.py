# SPDX-License-Identifier: Apache-2.0
"""A processor of a Tensix core that runs compiled code and records the Tensix instructions that it issues.

RV32IM with the bit-manipulation instructions of Blackhole's multilib. Tensix instructions stand in the code as words whose
low two bits are not 11 (rotated left by two), or are stored to the instruction buffer as they are.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

INSTRUCTION_BUFFER = 0xFFE40000
"""Where `__instrn_buffer` is linked to: stores to it issue a Tensix instruction."""
RETURN = 0x7FFFFFF0
STACK = 0x6FFF0000
STEP_LIMIT = 400_000
MASK = 0xFFFFFFFF


class UnknownInstruction(Exception):
    """A RISC-V instruction that this interpreter does not know."""


class NoCode(Exception):
    """A jump to an address that holds no code: a function that was not linked."""


class NoEnd(Exception):
    """More steps than `STEP_LIMIT`: a loop that waits for hardware."""


@dataclass
class Image:
    """Linked code: words and bytes by address, addresses of symbols."""

    memory: dict[int, int] = field(default_factory=dict)
    symbols: dict[str, int] = field(default_factory=dict)

    @staticmethod
    def of_words(words: Mapping[int, int], symbols: Mapping[str, int]) -> "Image":
        image = Image(symbols=dict(symbols))
        for address, word in words.items():
            image.store(address, word, 4)
        return image

    @staticmethod
    def of_elf(path: Path) -> "Image":
        """An executable for 32-bit little-endian RISC-V. ValueError for another file."""
        data = path.read_bytes()
        if data[:6] != b"\x7fELF\x01\x01":
            raise ValueError(f"{path}: not a 32-bit little-endian ELF file")
        image = Image()
        sections_at, sections = struct.unpack_from("<I", data, 32)[0], struct.unpack_from("<H", data, 48)[0]
        headers = [struct.unpack_from("<10I", data, sections_at + 40 * i) for i in range(sections)]
        for _, kind, flags, address, offset, size, link, *_ in headers:
            if flags & 2 and kind != 8:  # allocated, with contents
                for i in range(size):
                    image.memory[address + i] = data[offset + i]
            if kind == 2:  # symbol table
                names = headers[link][4]
                for entry in range(offset, offset + size, 16):
                    name, value = struct.unpack_from("<II", data, entry)
                    end = data.index(0, names + name)
                    image.symbols[data[names + name : end].decode()] = value
        return image

    def load(self, address: int, size: int) -> int:
        """Little-endian; memory that nothing was stored in reads 0, as device registers do."""
        return sum(self.memory.get((address + i) & MASK, 0) << 8 * i for i in range(size))

    def store(self, address: int, value: int, size: int) -> None:
        for i in range(size):
            self.memory[(address + i) & MASK] = value >> 8 * i & 0xFF


def signed(value: int, bits: int = 32) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


class Processor:
    """Runs functions of an image, one instruction a cycle; up to `fused` Tensix instructions in a row take one cycle."""

    def __init__(self, image: Image, fused: int = 1) -> None:
        self.image = image
        self.fused = fused
        self.registers = [0] * 32
        self.issued: list[int] = []
        self.cycle = 0
        self.multiplications = 0
        self.dividends: list[int] = []
        self._steps = 0
        self._run = 0  # Tensix instructions in a row

    def call(self, symbol: str) -> list[int]:
        """Runs a function without arguments to its return; the Tensix instructions that it issued.

        KeyError without such a symbol, `UnknownInstruction`, `NoCode`, `NoEnd`.
        """
        before = len(self.issued)
        self.registers[1], self.registers[2] = RETURN, STACK
        pc, limit = self.image.symbols[symbol], self._steps + STEP_LIMIT
        while pc != RETURN:
            if self._steps > limit:
                raise NoEnd(f"{symbol}: more than {STEP_LIMIT} instructions")
            pc = self._step(pc)
            self._steps += 1
        return self.issued[before:]

    def _set(self, register: int, value: int) -> None:
        if register:
            self.registers[register] = value & MASK

    def _step(self, pc: int) -> int:
        if pc not in self.image.memory:
            raise NoCode(f"{pc:#x}")
        word = self.image.load(pc, 4)
        if word & 3 != 3:
            self.issued.append((word >> 2 | word << 30) & MASK)
            self.cycle += self._run % self.fused == 0
            self._run += 1
            return pc + 4
        self.cycle += 1
        self._run = 0
        opcode, rd, funct3 = word & 0x7F, word >> 7 & 31, word >> 12 & 7
        first, second = self.registers[word >> 15 & 31], self.registers[word >> 20 & 31]
        immediate = signed(word >> 20, 12)
        if opcode == 0x33:
            if word >> 25 == 1:
                self.multiplications += funct3 < 4
                if funct3 >= 4:
                    self.dividends.append(first)
            self._set(rd, _register_operation(word, first, second))
        elif opcode == 0x13:
            self._set(rd, _immediate_operation(word, first, immediate))
        elif opcode == 0x03:
            size = 1 << (funct3 & 3)
            value = self.image.load(first + immediate, size)
            self._set(rd, value if funct3 & 4 else signed(value, 8 * size))
        elif opcode == 0x23:
            address = (first + signed(word >> 25 << 5 | rd, 12)) & MASK
            if address == INSTRUCTION_BUFFER:
                self.issued.append(second)
            else:
                self.image.store(address, second, 1 << funct3)
        elif opcode == 0x63:
            return pc + (_branch_offset(word) if _taken(funct3, first, second) else 4)
        elif opcode == 0x37:
            self._set(rd, word & 0xFFFFF000)
        elif opcode == 0x17:
            self._set(rd, pc + (word & 0xFFFFF000))
        elif opcode == 0x6F:
            self._set(rd, pc + 4)
            offset = (
                word >> 31 << 20
                | (word >> 12 & 0xFF) << 12
                | (word >> 20 & 1) << 11
                | (word >> 21 & 0x3FF) << 1
            )
            return (pc + signed(offset, 21)) & MASK
        elif opcode == 0x67:
            self._set(rd, pc + 4)
            return (first + immediate) & MASK & ~1
        elif opcode != 0x0F:  # a fence does nothing here
            raise UnknownInstruction(f"{word:#010x} at {pc:#x}")
        return pc + 4


def _branch_offset(word: int) -> int:
    return signed(
        word >> 31 << 12 | (word >> 7 & 1) << 11 | (word >> 25 & 0x3F) << 5 | (word >> 8 & 0xF) << 1, 13
    )


def _taken(condition: int, first: int, second: int) -> bool:
    if condition in (0, 1):
        return (first == second) != (condition == 1)
    if condition in (4, 5):
        return (signed(first) < signed(second)) != (condition == 5)
    if condition in (6, 7):
        return (first < second) != (condition == 7)
    raise UnknownInstruction(f"branch condition {condition}")


def _register_operation(word: int, first: int, second: int) -> int:
    a, b, shift = signed(first), signed(second), second & 31
    operation = (word >> 25, word >> 12 & 7)
    table = {
        (0, 0): lambda: first + second, (0x20, 0): lambda: first - second,
        (0, 1): lambda: first << shift, (0, 2): lambda: int(a < b), (0, 3): lambda: int(first < second),
        (0, 4): lambda: first ^ second, (0, 5): lambda: first >> shift, (0x20, 5): lambda: a >> shift,
        (0, 6): lambda: first | second, (0, 7): lambda: first & second,
        (1, 0): lambda: a * b, (1, 1): lambda: a * b >> 32, (1, 2): lambda: a * second >> 32, (1, 3): lambda: first * second >> 32,
        (1, 5): lambda: first // second if second else MASK, (1, 7): lambda: first % second if second else first,
        (0x10, 2): lambda: (first << 1) + second, (0x10, 4): lambda: (first << 2) + second, (0x10, 6): lambda: (first << 3) + second,
        (0x20, 4): lambda: ~(first ^ second), (0x20, 6): lambda: first | ~second, (0x20, 7): lambda: first & ~second,
        (5, 4): lambda: min(a, b), (5, 5): lambda: min(first, second), (5, 6): lambda: max(a, b), (5, 7): lambda: max(first, second),
        (4, 4): lambda: first & 0xFFFF,
        (0x30, 1): lambda: first << shift | first >> (32 - shift), (0x30, 5): lambda: first >> shift | first << (32 - shift),
    }  # fmt: skip
    if operation not in table:
        raise UnknownInstruction(f"{word:#010x}: register operation {operation}")
    return table[operation]()


def _immediate_operation(word: int, first: int, immediate: int) -> int:
    funct3, funct7, shift = word >> 12 & 7, word >> 25, word >> 20 & 31
    if funct3 in (1, 5):
        shifts = {
            (1, 0): lambda: first << shift, (5, 0): lambda: first >> shift, (5, 0x20): lambda: signed(first) >> shift,
            (5, 0x30): lambda: first >> shift | first << (32 - shift),
        }  # fmt: skip
        if (funct3, funct7) in shifts:
            return shifts[funct3, funct7]()
        if (funct3, funct7) == (1, 0x30) and shift in (4, 5):
            return signed(first, 8 if shift == 4 else 16)
        raise UnknownInstruction(f"{word:#010x}: shift {funct3}, {funct7}")
    return {
        0: first + immediate,
        2: int(signed(first) < immediate),
        3: int(first < immediate & MASK),
        4: first ^ immediate,
        6: first | immediate,
        7: first & immediate,
    }[funct3]
