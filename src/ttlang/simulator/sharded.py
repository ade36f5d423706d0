# SPDX-License-Identifier: Apache-2.0
"""Sharded tensors: rectangles of pages, each in the L1 of one core."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from ttlang.simulator.engine import engine
from ttlang.simulator.errors import ProgramError
from ttlang.simulator.program import Core, CoreRange, expand

if TYPE_CHECKING:
    from ttlang.simulator.device import Device

Bytes = npt.NDArray[np.uint8]
Shape = tuple[int, int]
SHARDED_L1, SHARDED_DRAM = 1, 3
MAX_BANKS = 256


class ShardedBuffer:
    """A 2-D grid of pages cut into shards of equal shape; shard i lies on core i % cores at `address`, row-major in itself.

    Height sharding cuts rows only (a shard as wide as the grid), width sharding columns only, block sharding both. Shards at
    the edges keep their full size; what lies outside the grid is never read or written.
    """

    def __init__(
        self, device: Device, address: int, pages: Shape, shard: Shape, cores: Sequence[Core], page_size: int
    ):
        self.device = device
        self.memory: Literal["L1", "DRAM"] = "L1"
        self.address = address
        self.pages = pages
        self.shard = shard
        self.cores = tuple(cores)
        self.page_size = page_size

    @property
    def grid(self) -> Shape:
        """Shards in each direction."""
        return -(-self.pages[0] // self.shard[0]), -(-self.pages[1] // self.shard[1])

    @property
    def pages_per_shard(self) -> int:
        """Pages of one shard: those of a circular buffer that lies on it."""
        return self.shard[0] * self.shard[1]

    @property
    def accessor_args(self) -> list[int]:
        """Compile-time words of `TensorAccessorArgs`: flags, page size, rank, banks, both shapes, two coordinates a word."""
        return self._accessor_args(SHARDED_L1, [x << 8 | y for x, y in self._noc_coordinates()])

    def location(self, page: int) -> tuple[Core, int]:
        """Core and L1 address of a page, counted row by row over the grid. IndexError outside it."""
        bank, slot = self._place(page)
        return self.cores[bank], self.address + slot * self.page_size

    def _noc_coordinates(self) -> list[tuple[int, int]]:
        return [self.device.noc_coordinate(*core) for core in self.cores]

    def _accessor_args(self, flags: int, banks: Sequence[int]) -> list[int]:
        pairs = [low | high << 16 for low, high in zip(banks[::2], [*banks[1::2], 0], strict=False)]
        return [flags, self.page_size, 2, len(banks), *self.pages, *self.shard, *pairs]

    def _banks(self) -> int:
        return len(self.cores)

    def _move(self, page: int, data: Bytes, to_device: bool) -> None:
        core, address = self.location(page)
        self.device._l1(core, address, data, to_device)

    def _place(self, page: int) -> tuple[int, int]:
        """Number of the bank of a page, and its place there."""
        if not 0 <= page < self.pages[0] * self.pages[1]:
            raise IndexError(f"page {page} of {self.pages[0]} x {self.pages[1]}")
        row, column = divmod(page, self.pages[1])
        index = row // self.shard[0] * self.grid[1] + column // self.shard[1]
        within = row % self.shard[0] * self.shard[1] + column % self.shard[1]
        return index % self._banks(), index // self._banks() * self.pages_per_shard + within

    def write(self, data: object) -> None:
        """Fills the buffer with bytes in page order. ValueError when the size differs."""
        source = np.ascontiguousarray(np.asarray(data)).view(np.uint8).reshape(-1)
        count = self.pages[0] * self.pages[1]
        if source.size != count * self.page_size:
            raise ValueError(f"{source.size} bytes written to a buffer of {count * self.page_size}")
        for page, values in enumerate(source.reshape(count, self.page_size)):
            self._move(page, values, to_device=True)

    def read(self) -> Bytes:
        """All bytes in page order."""
        found = np.empty((self.pages[0] * self.pages[1], self.page_size), np.uint8)
        for page, values in enumerate(found):
            self._move(page, values, to_device=False)
        return found.reshape(-1)

    def write_tiles(self, array: npt.NDArray[np.generic]) -> None:
        """Tilizes a 2-D array that covers all tiles. ValueError when its size differs."""
        self._check(array)
        tiles = array.reshape(self.pages[0], 2, 16, self.pages[1], 2, 16)
        self.write(np.ascontiguousarray(tiles.transpose(0, 3, 1, 4, 2, 5)))

    def read_tiles(self, array: npt.NDArray[np.generic]) -> None:
        """Untilizes into a 2-D array that covers all tiles. ValueError when its size differs."""
        self._check(array)
        tiles = self.read().view(array.dtype).reshape(*self.pages, 2, 2, 16, 16)
        array[...] = tiles.transpose(0, 2, 4, 1, 3, 5).reshape(array.shape)

    def free(self) -> None:
        """Gives the memory back; the buffer must not be used after."""
        self.device._release(self)

    def _check(self, array: npt.NDArray[np.generic]) -> None:
        covered = (self.pages[0] * 32, self.pages[1] * 32)
        if array.shape != covered or array.dtype.itemsize * 1024 != self.page_size:
            raise ValueError(
                f"{array.dtype} {array.shape}; the tiles of {self.page_size} bytes hold {covered[0]} x {covered[1]}"
            )


class DramShardedBuffer(ShardedBuffer):
    """A 2-D grid of pages cut into shards of equal shape; shard i lies in DRAM bank `banks[i % len(banks)]` at `address`."""

    def __init__(
        self, device: Device, address: int, pages: Shape, shard: Shape, banks: Sequence[int], page_size: int
    ):
        super().__init__(device, address, pages, shard, (), page_size)
        self.memory = "DRAM"
        self.banks = tuple(banks)

    @property
    def accessor_args(self) -> list[int]:
        """Compile-time words of `TensorAccessorArgs`: as those of shards in L1, with numbers of banks for coordinates."""
        return self._accessor_args(SHARDED_DRAM, [bank << 8 for bank in self.banks])

    def location(self, page: int) -> tuple[Core, int]:
        """Number of the bank, as (bank, 0), and address there. IndexError outside the grid."""
        bank, slot = self._place(page)
        return (self.banks[bank], 0), self.address + slot * self.page_size

    def _banks(self) -> int:
        return len(self.banks)

    def _move(self, page: int, data: Bytes, to_device: bool) -> None:
        bank, slot = self._place(page)
        interleaved = slot * self.device.chip.dram.banks + self.banks[bank]
        engine().ttsim_pages(
            self.device._machine, True, to_device, self.address, self.page_size, self.page_size, interleaved, 1, data.ctypes.data
        )  # fmt: skip


def shard_banks(
    pages: Shape, shard: Shape, banks: Sequence[int], page_size: int, known: int, alignment: int
) -> int:
    """Bytes that a sharding needs in each bank. ProgramError for what is no sharding."""
    if min(*pages, *shard, page_size) <= 0 or not banks:
        raise ProgramError(
            f"a sharded buffer of {pages} pages of {page_size} bytes in shards of {shard} in {len(banks)} DRAM banks"
        )
    if len(set(banks)) != len(banks) or not all(0 <= bank < known for bank in banks):
        raise ProgramError(f"DRAM banks {list(banks)}: each once, from 0 to {known - 1}")
    if page_size % alignment:
        raise ProgramError(f"pages of {page_size} bytes in DRAM shards; a multiple of {alignment} is needed")
    shards = -(-pages[0] // shard[0]) * -(-pages[1] // shard[1])
    return -(-shards // len(banks)) * shard[0] * shard[1] * page_size


def shard_cores(
    pages: Shape, shard: Shape, cores: Iterable[CoreRange] | CoreRange, page_size: int
) -> tuple[tuple[Core, ...], int]:
    """The cores of a sharding, and the bytes that it needs on each. ProgramError for what is no sharding."""
    placed = expand(cores)
    if min(*pages, *shard, page_size) <= 0 or not placed:
        raise ProgramError(
            f"a sharded buffer of {pages} pages of {page_size} bytes in shards of {shard} on {len(placed)} cores"
        )
    if len(placed) > MAX_BANKS:
        raise ProgramError(f"shards on {len(placed)} cores; {MAX_BANKS} are possible")
    shards = -(-pages[0] // shard[0]) * -(-pages[1] // shard[1])
    return placed, -(-shards // len(placed)) * shard[0] * shard[1] * page_size
