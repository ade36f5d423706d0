# SPDX-License-Identifier: Apache-2.0
"""Where a tensor's data lies: pages, the words that tell accessors, and which pages of a slice lie side by side.

A page is a tile, or a row of a row-major tensor (the part of a row in one shard, when it is sharded). Pages are
numbered row by row, outer dimensions folded into rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, gcd, prod

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr, IntegerType, MemRefType, NoneAttr
from xdsl.ir import Attribute, BlockArgument, Operation, SSAValue

from ttlang.dialects.ttcore import TileType
from ttlang.dialects.ttl.attributes import LayoutAttr, MemorySpace, MemorySpaceAttr, ints
from ttlang.dialects.ttl.layouts import folded
from ttlang.hardware import Chip
from ttlang.hardware.shards import shard_places

IS_SHARDED, IS_DRAM = 1, 2
"""Bits of the first word of a tensor accessor's compile-time arguments."""


def element_bytes(element: Attribute) -> int:
    """Bytes of a tile, or of a datum of row-major data."""
    if isinstance(element, TileType):
        return element.bytes
    assert isinstance(element, IntegerType) or hasattr(element, "bitwidth")
    return int(element.bitwidth) // 8


@dataclass(frozen=True)
class Pages:
    """The pages of a tensor: `rows` x `columns` of them, of `width` elements and `bytes` each.

    `shard` is the shape of a shard in pages.
    """

    rows: int
    columns: int
    bytes: int
    layout: LayoutAttr
    memory: MemorySpace
    shard: tuple[int, int] | None
    width: int

    @classmethod
    def of(cls, type: MemRefType[Attribute]) -> "Pages":
        layout, space = type.layout, type.memory_space
        assert isinstance(layout, LayoutAttr) and isinstance(space, MemorySpaceAttr)
        return cls.of_shape(type.get_shape(), type.element_type, layout, space.data)

    @classmethod
    def of_shape(
        cls, shape: Sequence[int], element: Attribute, layout: LayoutAttr, memory: MemorySpace
    ) -> "Pages":
        """The pages of a tensor of `shape` (in shape units) with these elements."""
        rows, columns = folded(shape)
        datum = element_bytes(element)
        shard = None if isinstance(layout.shard, NoneAttr) else ints(layout.shard)
        if layout.is_tiled:
            in_tiles = None if shard is None else (shard[0], shard[1])
            return cls(rows, columns, datum, layout, memory, in_tiles, 1)
        width = columns if shard is None else shard[1]
        in_pages = None if shard is None else (shard[0], 1)
        return cls(rows, ceil(columns / width), width * datum, layout, memory, in_pages, width)

    @property
    def count(self) -> int:
        return self.rows * self.columns

    @property
    def words(self) -> int:
        """How many compile-time words an accessor of this tensor takes."""
        return 2 if self.shard is None else 8 + (self.banks + 1) // 2

    @property
    def shards(self) -> tuple[int, int]:
        """Number of shards down and across."""
        assert self.shard is not None
        return ceil(self.rows / self.shard[0]), ceil(self.columns / self.shard[1])

    @property
    def banks(self) -> int:
        """Cores, or banks of DRAM, that hold a shard."""
        return prod(self.shards)

    def cores(self) -> list[tuple[int, int]]:
        """Column and row of the core that holds each shard, shards numbered row by row; banks of DRAM are one row."""
        assert self.shard is not None and not isinstance(self.layout.grid, NoneAttr)
        return shard_places(
            self.layout.distribution.data, self.layout.orientation.data, ints(self.layout.grid), *self.shards
        )

    def accessor_words(self, chip: Chip) -> list[int]:
        """Compile-time words of `TensorAccessorArgs`: flags, page size and, when sharded, shapes and places of shards."""
        flags = IS_DRAM if self.memory is MemorySpace.DRAM else 0
        if self.shard is None:
            return [flags, self.bytes]
        places = self.cores()
        if self.memory is MemorySpace.L1:
            places = [chip.noc_coordinate(x, y) for x, y in places]
        packed = [x << 8 | y for x, y in places]
        packed += [0] * (len(packed) % 2)
        pairs = [low | high << 16 for low, high in zip(packed[::2], packed[1::2], strict=True)]
        return [flags | IS_SHARDED, self.bytes, 2, len(places), self.rows, self.columns, *self.shard, *pairs]


@dataclass(frozen=True)
class Run:
    """Pieces of a slice, `bytes` each, that lie in one piece in memory.

    The slice is made of such pieces, with `loops` (number, distance in pages) around them, outermost first. `datum`:
    bytes of an element when the piece is a part of a row, which begins at the slice's index along the innermost
    dimension; 0 for whole pages. `width`: elements of a page when pieces of a row lie in several pages; distances are
    in elements then.
    """

    bytes: int
    loops: tuple[tuple[int, int], ...]
    datum: int = 0
    width: int = 0


def multiple_of(value: SSAValue) -> int:
    """A number that divides a value for certain (0 for the constant 0, which all numbers divide)."""
    if isinstance(value, BlockArgument):
        loop = value.block.parent_op()
        if loop is not None and loop.name == "scf.for" and value.index == 0:
            return gcd(multiple_of(loop.operands[0]), multiple_of(loop.operands[2]))
        return 1
    op = value.owner
    assert isinstance(op, Operation)
    match op:
        case arith.ConstantOp(value=IntegerAttr() as constant):
            return abs(constant.value.data)
        case arith.MuliOp():
            return multiple_of(op.lhs) * multiple_of(op.rhs)
        case arith.AddiOp() | arith.SubiOp():
            return gcd(multiple_of(op.lhs), multiple_of(op.rhs))
        case arith.SelectOp():
            return gcd(multiple_of(op.lhs), multiple_of(op.rhs))
    return 1


def divides(size: int, value: SSAValue) -> bool:
    return multiple_of(value) % size == 0


def runs(
    pages: Pages, shape: Sequence[int], sizes: Sequence[int], steps: Sequence[int], starts: Sequence[SSAValue]
) -> Run:
    """How a slice (starts, sizes and steps in shape units) of a tensor of `shape` falls into pieces."""
    if pages.layout.is_tiled:
        return _tiled_runs(pages, shape, sizes, steps, starts)
    return _row_runs(pages, shape, sizes, steps, starts)


def _row_runs(
    pages: Pages, shape: Sequence[int], sizes: Sequence[int], steps: Sequence[int], starts: Sequence[SSAValue]
) -> Run:
    """Rows of row-major data: whole ones, parts of pages, or parts that lie in several pages."""
    strides = [prod(shape[d + 1 : -1]) * pages.columns for d in range(len(shape) - 1)]
    loops = [(size, stride * step) for size, stride, step in zip(sizes, strides, steps, strict=False)]
    width = pages.width
    datum = pages.bytes // width
    part = gcd(sizes[-1], width, multiple_of(starts[-1]))
    if steps[-1] != 1 or pages.columns == 1 or part == sizes[-1] != width:
        if pages.shard is not None and part == sizes[-1] == width:
            rows, loops = _rows_together(pages, shape, sizes, steps, starts, loops)
            return Run(rows * width * datum, _merged(loops))
        return Run(sizes[-1] * datum, _merged(loops), datum)
    if part == width:
        across = sizes[-1] // width
        rows = 1
        if across == 1:
            rows, loops = _rows_together(pages, shape, sizes, steps, starts, loops)
        return Run(rows * width * datum, _merged([*loops, (across, 1)]))
    in_elements = [(size, stride * width) for size, stride in loops]
    return Run(part * datum, _merged([*in_elements, (sizes[-1] // part, part)]), datum, width)


def _tiled_runs(
    pages: Pages, shape: Sequence[int], sizes: Sequence[int], steps: Sequence[int], starts: Sequence[SSAValue]
) -> Run:
    strides = [prod(shape[d + 1 :]) for d in range(len(shape))]
    loops = [(size, stride * step) for size, stride, step in zip(sizes, strides, steps, strict=True)]
    count = 1
    if pages.shard is not None and steps[-1] == 1:
        # within a shard, pages of a row lie side by side, and rows do when the shard's whole width is taken
        wide = pages.shard[1]
        count = gcd(sizes[-1], wide, multiple_of(starts[-1]))
        size, _ = loops.pop()
        if count == size == wide:
            rows, loops = _rows_together(pages, shape, sizes, steps, starts, loops)
            count *= rows
        else:
            loops.append((size // count, count))
    return Run(count * pages.bytes, _merged(loops))


def _rows_together(
    pages: Pages,
    shape: Sequence[int],
    sizes: Sequence[int],
    steps: Sequence[int],
    starts: Sequence[SSAValue],
    loops: list[tuple[int, int]],
) -> tuple[int, list[tuple[int, int]]]:
    """How many rows of a slice as wide as its shard lie side by side for certain, and the loops around them."""
    assert pages.shard is not None
    if len(sizes) < 2 or steps[-2] != 1:
        return 1, loops
    # outer dimensions are folded into rows: a shard begins at the same row of each when it divides them
    places = [multiple_of(starts[-2]), *(shape[-2] * multiple_of(s) for s in starts[:-2])]
    outer = gcd(shape[-2], *places) if any(size > 1 for size in sizes[:-2]) else gcd(*places)
    rows = gcd(sizes[-2], pages.shard[0], outer)
    *around, (size, stride) = loops
    return rows, [*around, (size // rows, stride * rows)]


def _merged(loops: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Loops of one turn left out, and loops that continue each other made one."""
    found: list[tuple[int, int]] = []
    for size, stride in loops:
        if size == 1:
            continue
        if found and found[-1][1] == size * stride:
            found[-1] = (found[-1][0] * size, stride)
        else:
            found.append((size, stride))
    return tuple(found)
