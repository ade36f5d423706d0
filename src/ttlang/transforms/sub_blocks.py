# SPDX-License-Identifier: Apache-2.0
"""How the tiles of a fused loop are dealt to sections of the DST registers."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from xdsl.ir import SSAValue

from ttlang.dialects.ttl.compute import (
    BlockBroadcastOp,
    BlockComputeOp,
    BlockMatmulOp,
    BlockReduceOp,
    BlockTransposeOp,
    tensor_shape,
)

_MOVES_TILES = (BlockMatmulOp, BlockReduceOp, BlockBroadcastOp, BlockTransposeOp)
_SECTION_COST = 3.0
"""What a section's hand-over costs, in tiles unpacked."""


@dataclass(frozen=True, slots=True)
class TileSpace:
    """The tiles of a loop's outputs: `batch` matrices of `rows` x `columns`.

    A loop whose operands all have the shape of the outputs, tile for tile, is one row of all tiles.
    """

    batch: int
    rows: int
    columns: int
    shape: tuple[int, ...]
    is_row: bool

    @classmethod
    def of(cls, loop: BlockComputeOp) -> "TileSpace":
        shape = tensor_shape(loop.outputs[0].type) or (1, 1)
        moves = any(isinstance(op, _MOVES_TILES) for op in loop.body.block.ops)
        if not moves and all(tensor_shape(i.type) == shape for i in loop.inputs):
            return cls(1, 1, prod(shape), shape, True)
        padded = (1,) * (2 - len(shape)) + tuple(shape)
        return cls(prod(padded[:-2]), padded[-2], padded[-1], shape, False)


@dataclass(frozen=True, slots=True)
class SubBlock:
    """Tiles computed in one section: `rows` x `columns`, from (`row`, `column`) on."""

    row: SSAValue | int
    column: SSAValue | int
    rows: int
    columns: int

    @property
    def tiles(self) -> int:
        return self.rows * self.columns


def spans(size: int, step: int) -> Iterator[tuple[int, int, int]]:
    """(first, end, width) of the whole steps along a dimension, then of what is left."""
    whole = size // step * step
    if whole:
        yield 0, whole, step
    if whole < size:
        yield whole, size, size - whole


def unpacked_tiles(rows: int, columns: int) -> int:
    """Tiles that the unpacker reads for one step over K of a product of rows x columns tiles: one side is reused."""
    return min(rows, columns) * (1 + max(rows, columns))


def matrix_sub_block(rows: int, columns: int, tiles: int, widest: int | None = None) -> tuple[int, int]:
    """Rows and columns of a matrix product's sub-blocks of at most `tiles`: those that unpack least.

    Tails are counted; at equal cost larger sub-blocks and then wider ones come first.
    """

    def cost(r: int, c: int) -> float:
        total = 0.0
        for first_row, end_row, height in spans(rows, r):
            for first_column, end_column, width in spans(columns, c):
                count = (end_row - first_row) // height * ((end_column - first_column) // width)
                total += count * (unpacked_tiles(height, width) + _SECTION_COST)
        return total

    shapes = [
        (r, c)
        for r in range(1, min(rows, tiles) + 1)
        for c in range(1, min(columns, tiles // r, widest or columns) + 1)
    ]
    return min(shapes, key=lambda s: (cost(*s), -s[0] * s[1], -s[1]))


def row_sub_block(rows: int, columns: int, tiles: int) -> tuple[int, int]:
    """Rows and columns of sub-blocks that are whole rows where they fit, parts of one row where not."""
    if columns > tiles:
        return 1, tiles
    return min(rows, tiles // columns), columns


def sub_block_shape(loop: BlockComputeOp, tiles: int) -> tuple[int, int]:
    """Rows and columns of the tiles that the loop computes between acquire and release: at most `tiles`."""
    space = TileSpace.of(loop)
    products = [op for op in loop.body.block.ops if isinstance(op, BlockMatmulOp)]
    if products:
        # transposed tiles of the right operand lie a column apart: the unpacker takes one at a time
        widest = 1 if any(p.transpose_rhs is not None for p in products) else None
        return matrix_sub_block(space.rows, space.columns, tiles, widest)
    return row_sub_block(space.rows, space.columns, tiles)
