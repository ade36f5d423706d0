# SPDX-License-Identifier: Apache-2.0
"""What a layout demands of the tensor it is for."""

from collections.abc import Sequence
from math import ceil, prod

from xdsl.dialects.builtin import MemRefType, TensorType
from xdsl.ir import Attribute
from xdsl.utils.exceptions import VerifyException

from ttlang.dialects.ttcore import TileType

from .attributes import Distribution, LayoutAttr, MemorySpace, Orientation, ints

ACCESSIBLE = (MemorySpace.L1.value, MemorySpace.DRAM.value)
"""Memories that the network on chip reaches."""


def folded(shape: Sequence[int]) -> tuple[int, int]:
    """Rows and columns of a tensor in memory: outer dimensions are folded into rows."""
    *outer, columns = shape
    return prod(outer), columns


def check_layout(tensor: Attribute, layout: LayoutAttr, memory_space: str) -> None:
    """Raise VerifyException when a tensor cannot have this layout in this memory.

    Shapes and shards are in shape units: tiles when tiled, scalars when row-major.
    """
    if memory_space not in ACCESSIBLE:
        raise VerifyException(f"a tensor is accessed in L1 or DRAM, not in {memory_space}")
    if not isinstance(tensor, TensorType | MemRefType):
        raise VerifyException(f"expected a tensor, got {tensor}")
    shape = tensor.get_shape()
    if not shape or min(shape) < 1:
        raise VerifyException(f"a tensor needs known sizes of at least 1, got {tensor}")
    is_tiled = isinstance(tensor.element_type, TileType)
    if is_tiled != layout.is_tiled:
        kind = "tiled" if layout.is_tiled else "row_major"
        raise VerifyException(f"a {kind} layout cannot hold elements of type {tensor.element_type}")
    if layout.is_sharded:
        _check_shards(folded(shape), layout)


def _check_shards(shape: tuple[int, int], layout: LayoutAttr) -> None:
    grid, shard = ints(layout.grid), ints(layout.shard)  # type: ignore[arg-type]
    if len(shard) != 2 or min(shard) < 1:
        raise VerifyException(f"a shard has rows and columns of at least 1, got {list(shard)}")
    if len(grid) not in (1, 2) or min(grid) < 1:
        raise VerifyException(f"a shard grid has 1 or 2 sizes of at least 1, got {list(grid)}")
    (rows, columns), (shard_rows, shard_columns) = shape, shard
    down, across = ceil(rows / shard_rows), ceil(columns / shard_columns)
    distribution = layout.distribution.data
    what = f"a tensor of {rows}x{columns} in shards of {shard_rows}x{shard_columns}"
    if distribution == Distribution.height_sharded.value and across != 1:
        raise VerifyException(
            f"height_sharded shards are as wide as the tensor, but {what} is {across} across"
        )
    if distribution == Distribution.width_sharded.value and down != 1:
        raise VerifyException(f"width_sharded shards are as high as the tensor, but {what} is {down} down")
    if distribution != Distribution.block_sharded.value:
        if down * across > prod(grid):
            raise VerifyException(
                f"{what} needs {down * across} cores, the grid {list(grid)} has {prod(grid)}"
            )
        return
    if len(grid) != 2:
        raise VerifyException(f"a block_sharded layout needs a grid of 2 dimensions, got {list(grid)}")
    needed = (across, down) if layout.orientation.data == Orientation.row_major.value else (down, across)
    if any(n > have for n, have in zip(needed, grid, strict=True)):
        raise VerifyException(f"{what} needs a grid of {list(needed)} cores, got {list(grid)}")
