# SPDX-License-Identifier: Apache-2.0
"""The data formats of Tensix: one row per format, for every stage of the compiler and the simulator.

Sizes are those of a 32x32 tile in memory. Block floating point tiles hold 64 shared exponents (one per 16
datums of a face row) and then the mantissas.
"""

from dataclasses import dataclass
from enum import StrEnum


class DataType(StrEnum):
    """Element type of a tile, spelt as the `ttcore` dialect spells it."""

    f32 = "f32"
    f16 = "f16"
    bf16 = "bf16"
    bfp_f8 = "bfp_f8"
    bfp_bf8 = "bfp_bf8"
    bfp_f4 = "bfp_f4"
    bfp_bf4 = "bfp_bf4"
    bfp_f2 = "bfp_f2"
    bfp_bf2 = "bfp_bf2"
    u32 = "u32"
    u16 = "u16"
    u8 = "u8"
    si32 = "si32"
    i1 = "i1"

    def __str__(self) -> str:
        return self.value

    @property
    def format(self) -> "DataFormat":  # type: ignore[override]
        """The row of the table for this type; raises KeyError for types that no tile can hold (i1)."""
        return _BY_TYPE[self]


@dataclass(frozen=True, slots=True)
class DataFormat:
    """How a 32x32 tile of one element type lies in memory."""

    type: DataType
    python_name: str  # the name users write
    metal_name: str  # enumerator of tt::DataFormat
    metal_code: int  # value of that enumerator
    tile_bytes: int
    scalar_bytes: int  # of one datum in a row-major page; 0 where formats have no scalar form
    is_integer: bool = False
    wide_dest: bool = False  # needs 32-bit DST registers to keep its values


_ROWS = (
    DataFormat(DataType.f32, "float32", "Float32", 0, 4096, 4, wide_dest=True),
    DataFormat(DataType.f16, "float16", "Float16", 1, 2048, 2),
    DataFormat(DataType.bf16, "bfloat16", "Float16_b", 5, 2048, 2),
    DataFormat(DataType.bfp_f8, "bfloat8_a", "Bfp8", 2, 1088, 0),
    DataFormat(DataType.bfp_bf8, "bfloat8_b", "Bfp8_b", 6, 1088, 0),
    DataFormat(DataType.bfp_f4, "bfloat4_a", "Bfp4", 3, 576, 0),
    DataFormat(DataType.bfp_bf4, "bfloat4_b", "Bfp4_b", 7, 576, 0),
    DataFormat(DataType.bfp_f2, "bfloat2_a", "Bfp2", 11, 320, 0),
    DataFormat(DataType.bfp_bf2, "bfloat2_b", "Bfp2_b", 15, 320, 0),
    DataFormat(DataType.u32, "uint32", "UInt32", 24, 4096, 4, is_integer=True, wide_dest=True),
    DataFormat(DataType.u16, "uint16", "UInt16", 9, 2048, 2, is_integer=True),
    DataFormat(DataType.u8, "uint8", "UInt8", 30, 1024, 1, is_integer=True),
    DataFormat(DataType.si32, "int32", "Int32", 8, 4096, 4, is_integer=True, wide_dest=True),
)
_BY_TYPE = {row.type: row for row in _ROWS}
BY_PYTHON_NAME = {row.python_name: row for row in _ROWS}
BY_METAL_NAME = {row.metal_name: row for row in _ROWS}
