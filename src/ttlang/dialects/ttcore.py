# SPDX-License-Identifier: Apache-2.0
"""The `ttcore` dialect: tiles and data formats, shared by every other dialect of the compiler."""

from collections.abc import Sequence
from functools import lru_cache

from xdsl.dialects.builtin import ArrayAttr, IntAttr, MemRefLayoutAttr
from xdsl.dialects.utils import EnumAttribute
from xdsl.ir import Attribute, Dialect, ParametrizedAttribute, TypeAttribute
from xdsl.ir.affine import AffineMap
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.str_enum import StrEnum

from ttlang.hardware.data_formats import DataFormat, DataType

TILE_SHAPES = frozenset({(4, 16), (16, 16), (32, 16), (4, 32), (16, 32), (32, 32), (1, 32), (2, 32), (8, 32)})
"""Tile shapes that the hardware has (rows, columns)."""


@irdl_attr_definition
class DataTypeAttr(EnumAttribute[DataType]):  # type: ignore[type-var]
    """`#ttcore.supportedDataTypes<bf16>`: the element type of a tile."""

    name = "ttcore.supportedDataTypes"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> DataType:
        with parser.in_angle_brackets():
            return parser.parse_str_enum(DataType)  # type: ignore[type-var]

    def print_parameter(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string(self.data.value)


@lru_cache(maxsize=256)
def tile_type(dtype: DataType, shape: tuple[int, ...] = (32, 32)) -> "TileType":
    """The type of a tile, made once."""
    return TileType(dtype, shape)


@irdl_attr_definition
class TileType(ParametrizedAttribute, TypeAttribute):
    """`!ttcore.tile<32x32, bf16>`: a tile of rows x columns datums, as the matrix engine reads it."""

    name = "ttcore.tile"
    shape: ArrayAttr[IntAttr]
    data_type: DataTypeAttr

    def __init__(self, data_type: DataType, shape: Sequence[int] = (32, 32)):
        super().__init__(ArrayAttr(IntAttr(d) for d in shape), DataTypeAttr(data_type))

    @property
    def dtype(self) -> DataType:
        return self.data_type.data

    @property
    def format(self) -> DataFormat:
        return self.data_type.data.format

    @property
    def rows(self) -> int:
        return self.shape.data[0].data

    @property
    def columns(self) -> int:
        return self.shape.data[1].data

    @property
    def bytes(self) -> int:
        """Bytes of one tile in memory; shared exponents of block formats included."""
        datums = self.rows * self.columns
        if datums == 1024:
            return self.format.tile_bytes
        if scalar := self.format.scalar_bytes:
            return datums * scalar
        exponents = max(16, datums // 16)  # the exponent section is padded to 16 bytes
        return exponents + datums * (self.format.tile_bytes - 64) // 1024

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            dims = parser.parse_dimension_list()
            parser.parse_punctuation(",")
            data_type = parser.parse_str_enum(DataType)  # type: ignore[type-var]
        return (ArrayAttr(IntAttr(d) for d in dims), DataTypeAttr(data_type))

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string("x".join(str(d.data) for d in self.shape))
            printer.print_string(f", {self.data_type.data.value}")

    def verify(self) -> None:
        dims = tuple(d.data for d in self.shape)
        if dims not in TILE_SHAPES:
            raise VerifyException(
                f"tile shape {'x'.join(map(str, dims))} does not exist;"
                f" the hardware has {', '.join(f'{r}x{c}' for r, c in sorted(TILE_SHAPES))}"
            )
        if self.data_type.data is DataType.i1:
            raise VerifyException("a tile cannot hold i1; use u8 or u16")


class MemorySpace(StrEnum):
    """Where a buffer lies: host memory, mapped device memory, the chip's DRAM, L1 of its cores, or DST
    registers.
    """

    SYSTEM = "system"
    MMIO = "mmio"
    DRAM = "dram"
    L1 = "l1"
    DST = "dst"

    @property
    def on_device(self) -> bool:
        return self in (MemorySpace.DRAM, MemorySpace.L1)


@irdl_attr_definition
class MemorySpaceAttr(EnumAttribute[MemorySpace]):  # type: ignore[type-var]
    """`#ttcore.memory_space<dram>`: memory space of a memref."""

    name = "ttcore.memory_space"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> MemorySpace:
        with parser.in_angle_brackets():
            return parser.parse_str_enum(MemorySpace)  # type: ignore[type-var]

    def print_parameter(self, printer: Printer) -> None:
        printer.print_string(f"<{self.data.value}>")


class _ByteStrides(MemRefLayoutAttr):
    """What the layouts of device buffers share: the memref is grid dimensions, then as many dimensions of
    one shard.
    """

    strides: ArrayAttr[IntAttr]

    @property
    def byte_strides(self) -> tuple[int, ...]:
        return tuple(s.data for s in self.strides)

    def get_affine_map(self) -> AffineMap:
        raise VerifyException(f"{self} places shards over banks or cores, not along one line of memory")


def _strides_text(strides: ArrayAttr[IntAttr]) -> str:
    return "x".join(str(s.data) for s in strides)


def row_major_strides(shape: Sequence[int], element_bytes: int) -> tuple[int, ...]:
    """Bytes from one element to the next along each dimension of a dense array."""
    strides = [element_bytes]
    for size in reversed(shape[1:]):
        strides.insert(0, strides[0] * size)
    return tuple(strides)


@irdl_attr_definition
class InterleavedLayoutAttr(_ByteStrides, ParametrizedAttribute):
    """`#ttcore.interleaved<8192x2048>`: pages lie in the banks in turn; strides in bytes, as if they were
    dense.
    """

    name = "ttcore.interleaved"
    strides: ArrayAttr[IntAttr]

    def __init__(self, strides: Sequence[int]):
        super().__init__(ArrayAttr(IntAttr(s) for s in strides))

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            return (ArrayAttr(IntAttr(s) for s in parser.parse_dimension_list()),)

    def print_parameters(self, printer: Printer) -> None:
        printer.print_string(f"<{_strides_text(self.strides)}>")


@irdl_attr_definition
class ShardLayoutAttr(_ByteStrides, ParametrizedAttribute):
    """`#ttcore.shard<8192x2048, 2>`: each core of the grid holds one shard; strides in bytes inside a shard,
    and how many buffers of a shard's size there are."""

    name = "ttcore.shard"
    strides: ArrayAttr[IntAttr]
    buffers: IntAttr

    def __init__(self, strides: Sequence[int], buffers: int = 1):
        super().__init__(ArrayAttr(IntAttr(s) for s in strides), IntAttr(buffers))

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            strides = parser.parse_dimension_list()
            parser.parse_punctuation(",")
            buffers = parser.parse_integer(allow_boolean=False, allow_negative=False)
        return (ArrayAttr(IntAttr(s) for s in strides), IntAttr(buffers))

    def print_parameters(self, printer: Printer) -> None:
        printer.print_string(f"<{_strides_text(self.strides)}, {self.buffers.data}>")


TTCore = Dialect(
    "ttcore", [], [DataTypeAttr, InterleavedLayoutAttr, MemorySpaceAttr, ShardLayoutAttr, TileType]
)
