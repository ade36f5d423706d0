# SPDX-License-Identifier: Apache-2.0
"""Tensors in parts, one for each core of a grid."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ttlang.hardware import chip
from ttlang.hardware.data_formats import DataType

from .data import Layout, Memory
from .partition import Partition, Size
from .scope import current_or_none, misuse
from .tensors import Tensor, tensor

if TYPE_CHECKING:
    from ttlang.runtime import RunReport


class DistributedTensor(Tensor):
    """A matrix in parts, one for each core of a grid: an argument of kernels, and `extract_shard()` is a core's part there.

    `grid` counts the parts and `shard` gives their size in datums, rows first; grid x shard is the shape of `data`, and
    tiled parts are whole tiles: there is no padding. `strategy`: "sharded" puts part (row, column) on core (column, row);
    "height_sharded" and "width_sharded" divide rows or columns only, and number the cores; "interleaved" has the pages
    on all cores in turn. `memory` is `ttl.L1`, or `ttl.DRAM` with a part in each bank. Raises CompileError for a
    distribution that does not exist on the default chip.
    """

    report: "RunReport | None" = None
    """Of the kernel that dealt the tensor anew; None when the host did."""

    def __init__(
        self,
        data: Any,
        grid: Size,
        shard: Size,
        strategy: str = "sharded",
        *,
        dtype: object = None,
        layout: Layout = Layout.TILE,
        memory: Memory = Memory.L1,
    ):
        from ttlang.runtime.settings import default_chip

        whole = tensor(data, dtype, layout, memory)
        target = chip(default_chip())
        try:
            self.partition = Partition(grid, shard, strategy)
            self._check_shape(whole.shape)
            placement = self.partition.placement(target, memory)
        except ValueError as error:
            raise misuse(str(error)) from None
        if layout is Layout.TILE and any(size % 32 for size in shard):
            raise misuse(
                f"parts of a tiled tensor are whole tiles of 32x32, got shard {shard}",
                hint="pad the data, or make it row-major: layout=ttl.ROW_MAJOR",
            )
        placed = tensor(whole.data, whole.dtype, layout, memory, placement)
        super().__init__(placed.data, placed.dtype, layout, memory, placement)
        self.cores: Size = self.partition.cores(target)
        """Columns and rows of the cores that the parts belong to: the grid of a kernel on all of them."""

    def _check_shape(self, shape: tuple[int, ...]) -> None:
        grid, shard = self.partition.grid, self.partition.shard
        if shape != self.partition.shape:
            expected = "x".join(map(str, self.partition.shape))
            raise misuse(
                f"grid {grid} x shard {shard} is a matrix of {expected}, the data is {'x'.join(map(str, shape))}",
                hint="the parts are the whole of a matrix: pad the data, or choose sizes that divide it",
            )

    @property
    def grid(self) -> Size:
        return self.partition.grid

    @property
    def shard(self) -> Size:
        return self.partition.shard

    @property
    def strategy(self) -> str:
        return self.partition.strategy

    def extract_shard(self, core: int | tuple[int, int]) -> np.ndarray:
        """The part of a core, (x, y) or its number, as a view of the values. Raises CompileError when it has none."""
        across, (rows, columns) = self.cores[0], self.grid
        place = core if isinstance(core, tuple) else (core,)
        if len(place) not in (1, 2) or not all(isinstance(i, int | np.integer) for i in place):
            raise misuse(f"core must be its (x, y) or its number, got {core!r}")
        x, y = place if len(place) == 2 else (place[0] % across, place[0] // across)
        number = y * across + x
        if not (0 <= x < across and 0 <= number < rows * columns):
            raise misuse(
                f"core {core} has no part of this tensor, whose {rows * columns} parts belong to"
                f" {self.cores[0]}x{self.cores[1]} cores"
            )
        (high, wide), (row, column) = self.shard, divmod(number, columns)
        return self.data[row * high : (row + 1) * high, column * wide : (column + 1) * wide]

    def redistribute(
        self,
        strategy: str,
        grid: Size | None = None,
        shard: Size | None = None,
        *,
        memory: Memory | None = None,
        backend: str | None = None,
    ) -> "DistributedTensor":
        """A new tensor with the same values in other parts, moved by a kernel that runs on the device.

        There are as many parts as before unless `grid` or `shard` says otherwise: "height_sharded" then has a grid of
        (parts, 1), "width_sharded" one of (1, parts). `report` of the result is that of the kernel. Raises CompileError for
        parts that do not divide the tensor.
        """
        from .redistribution import redistribute

        if current_or_none() is not None:
            raise misuse(
                "a tensor is redistributed by a kernel of its own here, inside of another kernel",
                hint="call redistribute() on the argument of the kernel, or before the kernel is called",
            )
        try:
            dealt = self.partition.redealt(strategy, grid, shard)
        except ValueError as error:
            raise misuse(str(error)) from None
        spec = self.spec
        empty = np.zeros_like(self.data)
        result = DistributedTensor(
            empty,
            dealt.grid,
            dealt.shard,
            strategy,
            dtype=self.dtype,
            layout=spec.layout,
            memory=spec.memory if memory is None else memory,
        )
        result.report = redistribute.compile(self, result, backend=backend).run(self, result)
        return result

    def __repr__(self) -> str:
        dtype: DataType = self.dtype
        return (
            f"ttl.DistributedTensor(shape={self.shape}, grid={self.grid}, shard={self.shard}, {self.strategy},"
            f" dtype={dtype.format.python_name}, {self.spec.memory.name})"
        )
