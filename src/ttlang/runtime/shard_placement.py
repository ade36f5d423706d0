# SPDX-License-Identifier: Apache-2.0
"""Where the pages of a sharded tensor lie on the simulated device."""

from math import prod

import numpy as np

from ttlang.hardware import Chip
from ttlang.language.data import Memory
from ttlang.language.tensors import TensorSpec


class ShardPlacement:
    """Pages of a sharded tensor in a buffer that is interleaved over all cores, or over all banks of DRAM.

    Page k of the shard in bank b lies where page k * banks + b of such a buffer does. A page is a tile, or the part of a
    row in one shard, padded to the width of the shard.
    """

    def __init__(self, spec: TensorSpec, chip: Chip):
        assert spec.shard is not None
        self.spec = spec
        *outer, self.columns = spec.shape_units
        self.rows = prod(outer)
        high, self.width = spec.shard.in_units(spec.tiled)
        wide = self.width if spec.tiled else 1
        across = -(-self.columns // self.width)
        in_dram = spec.memory is Memory.DRAM
        self.banks = chip.dram.banks if in_dram else chip.cores
        datum = spec.dtype.format.scalar_bytes
        self.page_bytes = spec.page_bytes if spec.tiled else self.width * datum
        self.buffer_pages = high * wide * self.banks
        places = spec.shard.places(-(-self.rows // high), across)
        banks = np.array([x if in_dram else y * chip.grid[0] + x for x, y in places])
        in_a_row = self.columns if spec.tiled else across
        row, column = np.divmod(np.arange(self.rows * in_a_row), in_a_row)
        shard = row // high * across + column // wide
        self.order: np.ndarray = (row % high * wide + column % wide) * self.banks + banks[shard]
        """For each page of the tensor, row by row, its number in the buffer."""

    def cut(self, array: np.ndarray) -> np.ndarray:
        """The pages of a row-major array, row by row, as bytes."""
        datum = array.dtype.itemsize
        across = -(-self.columns // self.width)
        padded = np.zeros((self.rows, across * self.width), array.dtype)
        padded[:, : self.columns] = array.reshape(self.rows, self.columns)
        pages: np.ndarray = padded.view(np.uint8).reshape(self.rows * across, self.width * datum)
        return pages

    def join(self, pages: np.ndarray, array: np.ndarray) -> None:
        """The inverse of `cut`, into an array of any strides."""
        rows = pages.reshape(self.rows, -1).view(array.dtype)
        array[...] = rows[:, : self.columns].reshape(array.shape)
