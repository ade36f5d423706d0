# SPDX-License-Identifier: Apache-2.0
"""Where things lie: addresses of buffers and circular buffers, and whether a program fits a chip."""

from __future__ import annotations

from ttlang.hardware import Chip
from ttlang.simulator.errors import ProgramError
from ttlang.simulator.program import Core, Program


class AddressSpace:
    """Addresses of one memory, the same in all its banks: first fit, from below or from above."""

    def __init__(self, low: int, high: int, alignment: int, downwards: bool = False):
        self.alignment = alignment
        self.low, self.high = -(-low // alignment) * alignment, high
        self.downwards = downwards
        self.taken: dict[int, int] = {}

    def take(self, size: int) -> int | None:
        size = -(-size // self.alignment) * self.alignment
        for start, end in self._gaps():
            if end - start >= size:
                address = (end - size) // self.alignment * self.alignment if self.downwards else start
                if address >= start:
                    self.taken[address] = size
                    return address
        return None

    def give_back(self, address: int) -> None:
        self.taken.pop(address, None)

    def lowest(self, otherwise: int) -> int:
        return min(self.taken, default=otherwise)

    def _gaps(self) -> list[tuple[int, int]]:
        gaps, at = [], self.low
        for address in sorted(self.taken):
            gaps.append((at, address))
            at = address + self.taken[address]
        gaps.append((at, self.high))
        return gaps[::-1] if self.downwards else gaps


def cb_addresses(chip: Chip, program: Program, limit: int) -> list[int]:
    """L1 offset of each circular buffer, in the program's order: after those before it on any of its cores.

    The same address on all cores of a buffer. ProgramError when they do not fit below `limit`, with what takes the room.
    """
    top: dict[Core, int] = {}
    addresses: list[int] = []
    for config in program.circular_buffers:
        size = config.page_size * config.num_pages
        if config.over is not None:
            address = next(
                known
                for known, other in zip(addresses, program.circular_buffers, strict=False)
                if other.index == config.over and set(config.cores) <= set(other.cores)
            )
        elif config.address is not None:
            address = config.address
            if address < 0 or address + size > chip.l1.size:
                raise ProgramError(
                    f"circular buffer {config.index} at {address} with {size} bytes is outside L1"
                )
        else:
            start = max((top.get(core, chip.l1.cb_base) for core in config.cores), default=chip.l1.cb_base)
            address = -(-start // chip.dram.read_alignment) * chip.dram.read_alignment
            top.update(dict.fromkeys(config.cores, address + size))
            if address + size > limit:
                raise ProgramError(_too_much_l1(chip, program, config.cores[0], limit))
        addresses.append(address)
    return addresses


def _too_much_l1(chip: Chip, program: Program, core: Core, limit: int) -> str:
    parts = [
        (c.page_size * c.num_pages, c.index)
        for c in program.circular_buffers
        if core in c.cores and c.address is None and c.over is None
    ]
    listed = ", ".join(f"{index}: {size}" for size, index in parts)
    return (
        f"the circular buffers of core {core} need {sum(size for size, _ in parts)} bytes of L1 and {limit - chip.l1.cb_base}"
        f" are free ({listed})"
    )


def check_program(chip: Chip, program: Program) -> None:
    if not program.kernels:
        raise ProgramError("the program has no kernel")
    columns, rows = chip.grid
    placed = [(f"kernel {k.name}", k.cores) for k in program.kernels]
    placed += [(f"circular buffer {c.index}", c.cores) for c in program.circular_buffers]
    placed += [(f"semaphore {s.id}", s.cores) for s in program.semaphores]
    for what, cores in placed:
        for x, y in cores:
            if not (0 <= x < columns and 0 <= y < rows):
                raise ProgramError(f"{what} is on core ({x}, {y}); {chip.title} has {columns}x{rows} cores")
    for kernel in program.kernels:
        if kernel.noc not in (0, 1):
            raise ProgramError(f"kernel {kernel.name} is on NoC {kernel.noc}; there are 0 and 1")
        if kernel.kind != "compute" and kernel.processor not in (0, 1):
            raise ProgramError(
                f"kernel {kernel.name} is on data-movement processor {kernel.processor}; there are 0 and 1"
            )
    for config in program.circular_buffers:
        if not 0 <= config.index < chip.circular_buffers:
            raise ProgramError(f"circular buffer {config.index}: {chip.title} has {chip.circular_buffers}")
    for semaphore in program.semaphores:
        if not 0 <= semaphore.id < chip.semaphores:
            raise ProgramError(f"semaphore {semaphore.id}: a core has {chip.semaphores}")
