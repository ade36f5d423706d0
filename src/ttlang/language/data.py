# SPDX-License-Identifier: Apache-2.0
"""Data types, layouts and memories, as kernel authors name them."""

from dataclasses import dataclass
from enum import Enum

import ml_dtypes
import numpy as np

from ttlang.hardware.data_formats import BY_PYTHON_NAME, DataType
from ttlang.hardware.shards import DISTRIBUTIONS, ORIENTATIONS, shard_places

float32 = DataType.f32
bfloat16 = DataType.bf16
float16 = DataType.f16
bfloat8_b = DataType.bfp_bf8
bfloat4_b = DataType.bfp_bf4
int32 = DataType.si32
uint32 = DataType.u32
uint16 = DataType.u16
uint8 = DataType.u8

TILE_SHAPE = (32, 32)
"""Rows and columns of a tile."""


class Layout(Enum):
    """Order of a tensor's datums in memory: in 32x32 tiles, or row by row."""

    TILE = "tile"
    ROW_MAJOR = "row_major"


@dataclass(frozen=True, slots=True)
class Shard:
    """How a tensor is cut into shards, each in the L1 of one core, or in one bank of DRAM.

    `distribution`: "height" (whole rows), "width" (whole columns) or "block". `shape`: rows and columns of a shard, in
    datums; whole tiles when tiled. `grid`: columns and rows of the cores that hold them, from core (0, 0) on, or their
    number; in DRAM the number of banks. `orientation`: "row_major" deals shards to rows of cores, "col_major" to columns.
    Raises ValueError for what does not exist.
    """

    distribution: str
    shape: tuple[int, int]
    grid: tuple[int, ...]
    orientation: str = "row_major"

    def __post_init__(self) -> None:
        if f"{self.distribution}_sharded" not in DISTRIBUTIONS:
            raise ValueError(f"distribution must be 'height', 'width' or 'block', got {self.distribution!r}")
        if self.orientation not in ORIENTATIONS:
            raise ValueError(f"orientation must be 'row_major' or 'col_major', got {self.orientation!r}")
        for name, value, lengths in (("shape", self.shape, (2,)), ("grid", self.grid, (1, 2))):
            if (
                not isinstance(value, tuple)
                or len(value) not in lengths
                or not all(isinstance(size, int) and size >= 1 for size in value)
            ):
                raise ValueError(f"{name} must be a tuple of positive integers, got {value!r}")

    @property
    def text(self) -> str:
        """All of it in one line, for files."""
        shape, grid = ("x".join(map(str, sizes)) for sizes in (self.shape, self.grid))
        return f"{self.distribution}:{shape}:{grid}:{self.orientation}"

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """The inverse of `text`; raises ValueError for other texts."""
        distribution, shape, grid, orientation = text.split(":")
        rows, columns = (int(size) for size in shape.split("x"))
        return cls(distribution, (rows, columns), tuple(int(size) for size in grid.split("x")), orientation)

    def in_units(self, tiled: bool) -> tuple[int, int]:
        """The shape of a shard in tiles when tiled, in datums otherwise."""
        rows, columns = self.shape
        return (rows // TILE_SHAPE[0], columns // TILE_SHAPE[1]) if tiled else (rows, columns)

    def places(self, down: int, across: int) -> list[tuple[int, int]]:
        """Column and row of the core of each shard, numbered row by row."""
        return shard_places(f"{self.distribution}_sharded", self.orientation, self.grid, down, across)


class Memory(Enum):
    """Memory that holds a tensor on the device: the chip's DRAM, or the L1 of its cores."""

    DRAM = "DRAM"
    L1 = "L1"


TILE, ROW_MAJOR = Layout.TILE, Layout.ROW_MAJOR
DRAM, L1 = Memory.DRAM, Memory.L1

_NUMPY_TYPES: dict[DataType, np.dtype] = {
    DataType.f32: np.dtype(np.float32),
    DataType.f16: np.dtype(np.float16),
    DataType.bf16: np.dtype(ml_dtypes.bfloat16),
    DataType.si32: np.dtype(np.int32),
    DataType.u32: np.dtype(np.uint32),
    DataType.u16: np.dtype(np.uint16),
    DataType.u8: np.dtype(np.uint8),
    # block formats have no scalar form; the host holds their values as float32
    DataType.bfp_bf8: np.dtype(np.float32),
    DataType.bfp_bf4: np.dtype(np.float32),
}
_OF_NUMPY: dict[np.dtype, DataType] = {
    np_type: type for type, np_type in _NUMPY_TYPES.items() if type.format.scalar_bytes
}
SUPPORTED = ", ".join(sorted(type.format.python_name for type in _NUMPY_TYPES))


def numpy_type(dtype: DataType) -> np.dtype:
    """The NumPy type that holds values of `dtype` on the host."""
    return _NUMPY_TYPES[dtype]


def data_type(name: object) -> DataType:
    """The data type that `name` names: one of ours, its string, a NumPy dtype or a dtype with such a name.

    Raises TypeError that lists the supported types.
    """
    if isinstance(name, DataType):
        return name
    text = name if isinstance(name, str) else None
    if text is None:
        try:
            return _OF_NUMPY[np.dtype(name)]  # type: ignore[call-overload]
        except (TypeError, KeyError):
            text = str(name).rsplit(".", 1)[-1]  # torch.bfloat16, DataType.BFLOAT16
    row = BY_PYTHON_NAME.get(text.lower())
    if row is None or row.type not in _NUMPY_TYPES:
        raise TypeError(f"data type {text} is not supported; the device has {SUPPORTED}")
    return row.type
