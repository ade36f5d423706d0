# SPDX-License-Identifier: Apache-2.0
"""Types and attributes of the `ttl` dialect."""

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import cast

from xdsl.dialects.builtin import (
    ArrayAttr,
    ContainerType,
    IntAttr,
    MemRefLayoutAttr,
    NoneAttr,
    StringAttr,
    TensorType,
)
from xdsl.dialects.utils import EnumAttribute
from xdsl.ir import Attribute, ParametrizedAttribute, TypeAttribute
from xdsl.ir.affine import AffineMap
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.str_enum import StrEnum

from ttlang.dialects.interned import tensor
from ttlang.dialects.ttcore import TileType

IntList = ArrayAttr[IntAttr]


def int_list(values: Sequence[int]) -> IntList:
    return ArrayAttr(IntAttr(int(v)) for v in values)


def ints(values: IntList) -> tuple[int, ...]:
    return tuple(v.data for v in values)


def parse_int_list(parser: AttrParser) -> IntList:
    """`[2, 1]`"""
    return int_list(parser.parse_comma_separated_list(parser.Delimiter.SQUARE, parser.parse_integer))


def format_int_list(values: IntList, separator: str = ", ") -> str:
    return f"[{separator.join(str(v.data) for v in values)}]"


DYNAMIC = -(2**63)
"""Stands for a coordinate that is known at run time only; printed as `?`."""


def parse_coordinates(parser: AttrParser) -> IntList:
    """`[0, ?]`: coordinates of a core, those computed at run time as `?`."""
    parser.parse_punctuation("[")
    return parse_coordinates_tail(parser)


def parse_coordinates_tail(parser: AttrParser) -> IntList:
    """`0, ?]`: the rest of a list of coordinates whose bracket has been read."""

    def coordinate() -> int:
        if parser.parse_optional_punctuation("?") is not None:
            return DYNAMIC
        return parser.parse_integer(allow_boolean=False)

    values = [coordinate()]
    while parser.parse_optional_punctuation(",") is not None:
        values.append(coordinate())
    parser.parse_punctuation("]")
    return int_list(values)


def format_coordinates(values: IntList) -> str:
    return f"[{', '.join('?' if v == DYNAMIC else str(v) for v in ints(values))}]"


class MemorySpace(StrEnum):
    """Where data lives: a core's L1, the chip's DRAM, the destination registers, or the host."""

    L1 = "L1"
    DRAM = "DRAM"
    DST = "DST"
    System = "System"


@irdl_attr_definition
class MemorySpaceAttr(EnumAttribute[MemorySpace]):
    """`#ttl.memory_space<L1>`"""

    name = "ttl.memory_space"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> MemorySpace:
        with parser.in_angle_brackets():
            return parser.parse_str_enum(MemorySpace)

    def print_parameter(self, printer: Printer) -> None:
        printer.print_string(f"<{self.data.value}>")


@irdl_attr_definition
class GridAttr(ParametrizedAttribute):
    """`#ttl.grid<[8, 8]>`: sizes of a grid of cores; the first dimension is x (columns)."""

    name = "ttl.grid"
    dimensions: IntList

    def __init__(self, dimensions: Sequence[int]):
        super().__init__(int_list(dimensions))

    @property
    def sizes(self) -> tuple[int, ...]:
        return ints(self.dimensions)

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            return (parse_int_list(parser),)

    def print_parameters(self, printer: Printer) -> None:
        printer.print_string(f"<{format_int_list(self.dimensions)}>")

    def verify(self) -> None:
        if not 1 <= len(self.sizes) <= 3:
            raise VerifyException(f"a grid has 1 to 3 dimensions, got {list(self.sizes)}")
        if min(self.sizes) < 1:
            raise VerifyException(f"grid dimensions must be at least 1, got {list(self.sizes)}")


@irdl_attr_definition
class CoreMaskAttr(ParametrizedAttribute):
    """`#ttl.core_mask<[0, 3]>`: the participating cores, by flat index."""

    name = "ttl.core_mask"
    mask: IntList

    def __init__(self, mask: Sequence[int]):
        super().__init__(int_list(mask))

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            return (parse_int_list(parser),)

    def print_parameters(self, printer: Printer) -> None:
        printer.print_string(f"<{format_int_list(self.mask)}>")

    def verify(self) -> None:
        if any(core < 0 for core in ints(self.mask)):
            raise VerifyException(f"core indices must not be negative, got {list(ints(self.mask))}")


class Distribution(StrEnum):
    """How the pages of a tensor are spread over memory banks or cores."""

    interleaved = "interleaved"
    height_sharded = "height_sharded"
    width_sharded = "width_sharded"
    block_sharded = "block_sharded"


class Orientation(StrEnum):
    """Order in which shards are dealt to the cores of the shard grid."""

    row_major = "row_major"
    col_major = "col_major"


@irdl_attr_definition
class LayoutAttr(MemRefLayoutAttr, ParametrizedAttribute):
    """Layout of a tensor in memory.

    `#ttl.layout<tiled, interleaved>` or
    `#ttl.layout<row_major, block_sharded, grid = [2, 4], shard = [8, 4], orientation = row_major>`;
    the shard shape is in shape units (tiles when tiled, scalars when row-major).
    """

    name = "ttl.layout"
    tiled: IntAttr
    distribution: StringAttr
    grid: IntList | NoneAttr
    shard: IntList | NoneAttr
    orientation: StringAttr

    def __init__(
        self,
        *,
        tiled: bool = True,
        distribution: Distribution = Distribution.interleaved,
        grid: Sequence[int] | None = None,
        shard: Sequence[int] | None = None,
        orientation: Orientation = Orientation.row_major,
    ):
        super().__init__(
            IntAttr(int(tiled)),
            StringAttr(distribution.value),
            NoneAttr() if grid is None else int_list(grid),
            NoneAttr() if shard is None else int_list(shard),
            StringAttr(orientation.value),
        )

    def get_affine_map(self) -> AffineMap:
        """Pages are numbered row by row; where a page lies is for the accessor to know, so there is no
        map.
        """
        raise VerifyException(f"{self} places pages over banks or cores, not along one line of memory")

    @property
    def is_tiled(self) -> bool:
        return bool(self.tiled.data)

    @property
    def is_sharded(self) -> bool:
        return self.distribution.data != Distribution.interleaved.value

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        grid: Attribute = NoneAttr()
        shard: Attribute = NoneAttr()
        orientation = Orientation.row_major
        with parser.in_angle_brackets():
            tiled = parser.expect(
                lambda: parser.parse_optional_keyword_in(("tiled", "row_major")),
                "expected 'tiled' or 'row_major'",
            )
            parser.parse_punctuation(",")
            distribution = parser.parse_str_enum(Distribution)
            while parser.parse_optional_punctuation(",") is not None:
                field = parser.expect(
                    lambda: parser.parse_optional_keyword_in(("grid", "shard", "orientation")),
                    "expected 'grid', 'shard' or 'orientation'",
                )
                parser.parse_punctuation("=")
                if field == "grid":
                    grid = parse_int_list(parser)
                elif field == "shard":
                    shard = parse_int_list(parser)
                else:
                    orientation = parser.parse_str_enum(Orientation)
        return (
            IntAttr(int(tiled == "tiled")),
            StringAttr(distribution.value),
            grid,
            shard,
            StringAttr(orientation.value),
        )

    def print_parameters(self, printer: Printer) -> None:
        text = f"{'tiled' if self.is_tiled else 'row_major'}, {self.distribution.data}"
        if not isinstance(self.grid, NoneAttr):
            text += f", grid = {format_int_list(self.grid)}"
        if not isinstance(self.shard, NoneAttr):
            text += f", shard = {format_int_list(self.shard)}"
        if self.is_sharded:
            text += f", orientation = {self.orientation.data}"
        printer.print_string(f"<{text}>")

    def verify(self) -> None:
        for field, value in (("grid", self.grid), ("shard", self.shard)):
            if self.is_sharded and isinstance(value, NoneAttr):
                raise VerifyException(f"a {self.distribution.data} layout needs a {field}")
            if not self.is_sharded and not isinstance(value, NoneAttr):
                raise VerifyException(f"an interleaved layout has no {field}")


@irdl_attr_definition
class SliceAttr(ParametrizedAttribute):
    """`#ttl.slice<[2, 1], [1, 1]>`: sizes and steps, per dimension, of a slice of a tensor in shape units."""

    name = "ttl.slice"
    sizes: IntList
    steps: IntList

    def __init__(self, sizes: Sequence[int], steps: Sequence[int] | None = None):
        super().__init__(int_list(sizes), int_list(steps if steps is not None else [1] * len(sizes)))

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            sizes = parse_int_list(parser)
            steps = (
                parse_int_list(parser)
                if parser.parse_optional_punctuation(",") is not None
                else int_list([1] * len(sizes))
            )
        return (sizes, steps)

    def print_parameters(self, printer: Printer) -> None:
        steps = "" if all(s == 1 for s in ints(self.steps)) else f", {format_int_list(self.steps)}"
        printer.print_string(f"<{format_int_list(self.sizes)}{steps}>")

    def verify(self) -> None:
        if len(self.sizes) != len(self.steps):
            raise VerifyException(f"{len(self.sizes)} sizes but {len(self.steps)} steps")
        if min(ints(self.sizes), default=1) < 1:
            raise VerifyException(f"slice sizes must be at least 1, got {list(ints(self.sizes))}")
        if 0 in ints(self.steps):
            raise VerifyException("a slice step must not be 0")


@lru_cache(maxsize=256)
def _block_type(buffer: "CBType") -> "BlockType":
    """Asked for at each acquire."""
    return BlockType(tensor(buffer.tile_type, ints(buffer.shape)))


@irdl_attr_definition
class CBType(ParametrizedAttribute, TypeAttribute):
    """`!ttl.cb<[2,1], !ttcore.tile<32x32, f32>, 2, L1>`: a circular buffer.

    Block shape in shape units, element type (a tile, or a scalar for row-major data), number of blocks,
    memory.
    """

    name = "ttl.cb"
    shape: IntList
    tile_type: TypeAttribute
    buffer_factor: IntAttr
    memory_space: StringAttr

    def __init__(
        self,
        shape: Sequence[int],
        tile_type: TypeAttribute,
        buffer_factor: int,
        memory_space: MemorySpace = MemorySpace.L1,
    ):
        super().__init__(int_list(shape), tile_type, IntAttr(buffer_factor), StringAttr(memory_space.value))

    def resized(self, *, shape: Sequence[int] | None = None, blocks: int | None = None) -> "CBType":
        """The same buffer with blocks of another shape, or with another number of them."""
        return CBType(
            ints(self.shape) if shape is None else shape,
            self.tile_type,
            self.buffer_factor.data if blocks is None else blocks,
            MemorySpace(self.memory_space.data),
        )

    @property
    def tiles_per_block(self) -> int:
        return prod(ints(self.shape))

    @property
    def total_tiles(self) -> int:
        return self.tiles_per_block * self.buffer_factor.data

    @property
    def block_type(self) -> "BlockType":
        return _block_type(self)

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            shape = parse_int_list(parser)
            parser.parse_punctuation(",")
            tile = parser.parse_type()
            parser.parse_punctuation(",")
            factor = parser.parse_integer()
            parser.parse_punctuation(",")
            space = parser.parse_str_enum(MemorySpace)
        return (shape, tile, IntAttr(factor), StringAttr(space.value))

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string(f"{format_int_list(self.shape, ',')}, ")
            printer.print_attribute(cast(Attribute, self.tile_type))
            printer.print_string(f", {self.buffer_factor.data}, {self.memory_space.data}")

    def verify(self) -> None:
        if not len(self.shape) or min(ints(self.shape)) < 1:
            raise VerifyException(
                f"block shape {format_int_list(self.shape)} must have dimensions of at least 1"
            )
        if self.buffer_factor.data < 1:
            raise VerifyException(f"buffer factor must be at least 1, got {self.buffer_factor.data}")
        if self.memory_space.data in (MemorySpace.DST.value, MemorySpace.System.value):
            raise VerifyException(
                f"a circular buffer cannot live in {self.memory_space.data}:"
                " the hardware has none there, use L1"
            )


@irdl_attr_definition
class BlockType(ParametrizedAttribute, TypeAttribute):
    """`!ttl.block<tensor<2x1x!ttcore.tile<32x32, f32>>>`: a block acquired from a circular buffer."""

    name = "ttl.block"
    tensor_type: TensorType[Attribute]

    def verify(self) -> None:
        shape = self.tensor_type.get_shape()
        if not shape or min(shape) < 1:
            raise VerifyException(f"a block needs known sizes of at least 1, got {self.tensor_type}")

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            return (parser.parse_type(),)

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_attribute(self.tensor_type)


@irdl_attr_definition
class MemTxType(ParametrizedAttribute, TypeAttribute):
    """`!ttl.mem_tx`: a transfer in flight. TTKernel waits by direction, so a wait lowers to a barrier."""

    name = "ttl.mem_tx"


@irdl_attr_definition
class SemaphoreType(ParametrizedAttribute, TypeAttribute):
    """`!ttl.semaphore` (this core's) or `!ttl.semaphore<remote>` (another core's)."""

    name = "ttl.semaphore"
    is_remote: IntAttr

    def __init__(self, is_remote: bool = False):
        super().__init__(IntAttr(int(is_remote)))

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        remote = parser.parse_optional_punctuation("<") is not None
        if remote:
            parser.parse_keyword("remote")
            parser.parse_punctuation(">")
        return (IntAttr(int(remote)),)

    def print_parameters(self, printer: Printer) -> None:
        if self.is_remote.data:
            printer.print_string("<remote>")


@irdl_attr_definition
class PipeType(ParametrizedAttribute, TypeAttribute):
    """A channel between cores.

    `!ttl.pipe<[0, 0] -> [1, 3]>` to one core, `!ttl.pipe<[0, 0] -> [[0, 0], [1, 3]]>` to the inclusive
    rectangle of cores with these corners. Coordinates are (x, y).
    """

    name = "ttl.pipe"
    src_core: IntList
    dst_core: IntList | NoneAttr
    dst_core_range: ArrayAttr[IntList] | NoneAttr

    def __init__(
        self,
        src_core: Sequence[int],
        dst_core: Sequence[int] | None = None,
        dst_core_range: Sequence[Sequence[int]] | None = None,
    ):
        super().__init__(
            int_list(src_core),
            NoneAttr() if dst_core is None else int_list(dst_core),
            NoneAttr() if dst_core_range is None else ArrayAttr(int_list(c) for c in dst_core_range),
        )

    @property
    def is_multicast(self) -> bool:
        return not isinstance(self.dst_core_range, NoneAttr)

    @property
    def corners(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """First and last core of the destination; equal for unicast."""
        if isinstance(self.dst_core_range, NoneAttr):
            assert not isinstance(self.dst_core, NoneAttr)
            return ints(self.dst_core), ints(self.dst_core)
        first, last = self.dst_core_range.data
        return ints(first), ints(last)

    @property
    def coordinates(self) -> tuple[tuple[int, ...], ...]:
        """Source, and first and last core of the destination."""
        return (ints(self.src_core), *self.corners)

    @property
    def is_static(self) -> bool:
        """Whether all coordinates are known at compile time."""
        return not any(DYNAMIC in core for core in self.coordinates)

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            src = parse_coordinates(parser)
            parser.parse_punctuation("->")
            parser.parse_punctuation("[")
            if parser.parse_optional_punctuation("[") is None:
                return (src, parse_coordinates_tail(parser), NoneAttr())
            corners = [parse_coordinates_tail(parser)]
            while parser.parse_optional_punctuation(",") is not None:
                corners.append(parse_coordinates(parser))
            parser.parse_punctuation("]")
            return (src, NoneAttr(), ArrayAttr(corners))

    def print_parameters(self, printer: Printer) -> None:
        if isinstance(self.dst_core_range, NoneAttr):
            assert not isinstance(self.dst_core, NoneAttr)
            dst = format_coordinates(self.dst_core)
        else:
            dst = f"[{', '.join(format_coordinates(c) for c in self.dst_core_range)}]"
        printer.print_string(f"<{format_coordinates(self.src_core)} -> {dst}>")

    def verify(self) -> None:
        unicast = not isinstance(self.dst_core, NoneAttr)
        if unicast == self.is_multicast:
            raise VerifyException("a pipe needs a destination core or a destination range, and not both")
        if not isinstance(self.dst_core_range, NoneAttr) and len(self.dst_core_range) != 2:
            raise VerifyException(f"a destination range has two corners, got {len(self.dst_core_range)}")
        first, last = self.corners
        ranks = {len(ints(self.src_core)), len(first), len(last)}
        if len(ranks) != 1 or not ranks <= {1, 2, 3}:
            raise VerifyException(
                f"coordinates of a pipe must have one rank, 1 to 3, got {self.describe_coordinates()}"
            )
        if any(c < 0 and c != DYNAMIC for core in self.coordinates for c in core):
            raise VerifyException(f"coordinates must not be negative, got {self.describe_coordinates()}")
        if any(a > b and b != DYNAMIC for a, b in zip(first, last, strict=True)):
            raise VerifyException(
                f"destination range {list(first)} to {list(last)} is empty: corners are first and last core"
            )

    def describe_coordinates(self) -> str:
        return " and ".join(format_coordinates(int_list(core)) for core in dict.fromkeys(self.coordinates))


@irdl_attr_definition
class AccessorType(ParametrizedAttribute, TypeAttribute):
    """`!ttl.accessor<tensor<64x64x!ttcore.tile<32x32, bf16>>, #ttl.layout<tiled, interleaved>, DRAM>`"""

    name = "ttl.accessor"
    tensor_type: TypeAttribute
    layout: LayoutAttr
    memory_space: StringAttr

    def __init__(self, tensor_type: TypeAttribute, layout: LayoutAttr, memory_space: MemorySpace):
        super().__init__(tensor_type, layout, StringAttr(memory_space.value))

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            tensor = parser.parse_type()
            parser.parse_punctuation(",")
            layout = parser.parse_attribute()
            parser.parse_punctuation(",")
            space = parser.parse_str_enum(MemorySpace)
        return (tensor, layout, StringAttr(space.value))

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_attribute(cast(Attribute, self.tensor_type))
            printer.print_string(", ")
            printer.print_attribute(self.layout)
            printer.print_string(f", {self.memory_space.data}")


def element_type(of: Attribute) -> TypeAttribute:
    """The tile (or scalar) that a block, tensor or memref is made of; a tile is made of itself.

    Raises VerifyException for a type without elements.
    """
    match of:
        case BlockType():
            return cast(TypeAttribute, of.tensor_type.element_type)
        case TileType():
            return of
        case CBType():
            return of.tile_type
        case ContainerType():
            return cast(TypeAttribute, of.get_element_type())
    raise VerifyException(f"{of} has no elements")
