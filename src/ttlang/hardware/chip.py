# SPDX-License-Identifier: Apache-2.0
"""Typed view of the chip files (``*.toml`` beside this module; each number names its source there)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

ALIASES = {
    "wormhole": "wormhole_b0",
    "wormhole_b0": "wormhole_b0",
    "blackhole": "blackhole",
}
SECTIONS = ("l1", "dst", "dram", "noc", "instructions")
COST_TABLES = ("risc", "unpack", "math", "pack", "sfpu")


class UnknownChipError(ValueError):
    """No chip file has the requested name."""


@dataclass(frozen=True)
class L1Memory:
    """The SRAM of one Tensix core; addresses and sizes in bytes."""

    size: int
    config_base: int
    config_bytes: int
    alignment: int
    bytes_per_cycle: int

    @property
    def cb_base(self) -> int:
        """First allocatable address: firmware map and kernel configuration ring lie below."""
        return self.config_base + self.config_bytes

    @property
    def cb_bytes(self) -> int:
        """Bytes that circular buffers and L1 tensors may use."""
        return self.size - self.cb_base


@dataclass(frozen=True)
class DstRegisters:
    """Destination register file, in 32x32 tiles with full synchronisation."""

    tiles_16bit: int
    tiles_32bit: int


@dataclass(frozen=True)
class DramMemory:
    """DRAM as banks; page ``i`` of an interleaved buffer lies in bank ``i % banks``. Rates in bytes per AI-clock cycle."""

    banks: int
    bank_bytes: int
    base: int
    read_alignment: int
    write_alignment: int
    bytes_per_cycle: float
    read_bytes_per_cycle: float
    write_bytes_per_cycle: float
    write_buffer_bytes: int
    write_queue_bytes: int
    turnaround_cycles: int
    mixed_turnaround_cycles: int
    page_bytes: int
    read_access_cycles: int
    write_access_cycles: int
    write_depart_cycles: int
    read_request_cycles: int


@dataclass(frozen=True)
class Network:
    """The two NoC tori. ``worker_*`` are physical, ``virtual_*`` the coordinates kernels use, by logical column and row."""

    size: tuple[int, int]
    flit_bytes: int
    max_burst: int
    hop_cycles: int
    niu_cycles: int
    read_access_cycles: int
    write_access_cycles: int
    depart_cycles: int
    atomic_access_cycles: int
    atomic_landing_cycles: int
    link_packet_cycles: int
    packet_cycles: float
    l1_write_cycles_per_flit: float
    l1_read_cycles_per_flit: float
    l1_copy_cycles_per_flit: float
    l1_intake_cycles_per_flit: float
    landing_cycles_per_flit: float
    buffer_cycles: int
    turn_cycles: int
    worker_x: tuple[int, ...]
    worker_y: tuple[int, ...]
    virtual_x: tuple[int, ...]
    virtual_y: tuple[int, ...]
    dram_noc0: tuple[tuple[int, int], ...]
    dram_noc1: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Instructions:
    """Cycles of a RISC-V's instructions.

    The costs of an API call include ``call`` instructions of the code around it, those of a load or a store of L1 ``access``.
    """

    cycles: int
    multiply: int
    divide: int
    call: int
    access: int


@dataclass(frozen=True)
class Chip:
    """One chip. ``grid`` is the usable compute grid (columns, rows); ``costs`` holds the cycle tables by unit.

    ``sfpu_cycles`` are cycles of the vector unit for one tile by function, with 16 and with 32 bits in DST.
    """

    name: str
    title: str
    clock_hz: int
    grid: tuple[int, int]
    circular_buffers: int
    semaphores: int
    l1: L1Memory
    dst: DstRegisters
    dram: DramMemory
    noc: Network
    instructions: Instructions
    costs: Mapping[str, Mapping[str, float]]
    sfpu_cycles: Mapping[str, tuple[int, int]]

    @property
    def cores(self) -> int:
        """Number of compute cores of the usable grid."""
        return self.grid[0] * self.grid[1]

    def dst_tiles(self, fp32: bool = False, full_sync: bool = False) -> int:
        """Tiles that one acquire may use: half of the register file unless ``full_sync``."""
        tiles = self.dst.tiles_32bit if fp32 else self.dst.tiles_16bit
        return tiles if full_sync else tiles // 2

    def noc_coordinate(self, x: int, y: int) -> tuple[int, int]:
        """The NoC coordinate that kernels use for logical core ``(x, y)``; IndexError outside the grid."""
        if not (0 <= x < self.grid[0] and 0 <= y < self.grid[1]):
            raise IndexError(
                f"core ({x}, {y}) is outside the {self.grid[0]}x{self.grid[1]} grid of {self.name}"
            )
        return self.noc.virtual_x[x], self.noc.virtual_y[y]


def chip_names() -> tuple[str, ...]:
    """The names that :func:`chip` accepts, aliases left out."""
    return tuple(dict.fromkeys(ALIASES.values()))


def chip(name: str) -> Chip:
    """The description of a chip by name; raises :class:`UnknownChipError` with the known names."""
    canonical = ALIASES.get(name.lower())
    if canonical is None:
        raise UnknownChipError(f"unknown chip {name!r}; known: {', '.join(chip_names())}")
    return _load(canonical)


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


@cache
def _load(name: str) -> Chip:
    import tomllib

    data = tomllib.loads((Path(__file__).parent / f"{name}.toml").read_text(encoding="utf-8"))
    section = {key: {k: _frozen(v) for k, v in data[key].items()} for key in SECTIONS}
    costs = {
        table: MappingProxyType({k: float(v) for k, v in data[table].items() if not isinstance(v, dict)})
        for table in COST_TABLES
    }
    return Chip(
        name=data["name"],
        title=data["title"],
        clock_hz=data["clock_hz"],
        grid=_frozen(data["grid"]),
        circular_buffers=data["circular_buffers"],
        semaphores=data["semaphores"],
        l1=L1Memory(**section["l1"]),
        dst=DstRegisters(**section["dst"]),
        dram=DramMemory(**section["dram"]),
        noc=Network(**section["noc"]),
        instructions=Instructions(**section["instructions"]),
        costs=MappingProxyType(costs),
        sfpu_cycles=MappingProxyType(_sfpu_cycles(name)),
    )


def _sfpu_cycles(name: str) -> dict[str, tuple[int, int]]:
    """The chip's columns of ``sfpu_cycles.csv``, which ``bench/sfpu_instructions.py`` writes; functions that it lacks left out."""
    header, *lines = (Path(__file__).parent / "sfpu_cycles.csv").read_text(encoding="utf-8").split()
    columns = header.split(",")
    narrow, wide = columns.index(name), columns.index(f"{name}_32bit")
    rows = (line.split(",") for line in lines)
    return {row[0]: (int(row[narrow]), int(row[wide])) for row in rows if row[narrow]}
