# SPDX-License-Identifier: Apache-2.0
"""Floats and the bits that memory holds of them, as integer arithmetic of a data-movement core."""

from collections.abc import Callable

from xdsl.dialects import arith
from xdsl.dialects.builtin import f32, i32
from xdsl.ir import Operation, SSAValue

from ttlang.hardware.data_formats import DataType

Insert = Callable[[Operation], Operation]
Constant = Callable[[int], SSAValue]
"""Makes an i32."""

SCALAR_FLOATS = (DataType.f32, DataType.bf16)
"""Floats that a data-movement core converts; the others would take long on it."""
_SIGNLESS = 0x7FFFFFFF
_INFINITY = 0x7F800000
_QUIET = 0x40  # of the upper half: it keeps a NaN a NaN when the lower half is cut off


def float_of(insert: Insert, constant: Constant, bits: SSAValue, type: DataType) -> SSAValue:
    """The f32 that the low bits of an i32 are in memory, for a float of `SCALAR_FLOATS`."""
    if type is DataType.bf16:
        bits = insert(arith.ShLIOp(bits, constant(16))).results[0]
    return insert(arith.BitcastOp(bits, f32)).results[0]


def bits_of(insert: Insert, constant: Constant, value: SSAValue, type: DataType) -> SSAValue:
    """The inverse of `float_of`, an i32; to bfloat16 it rounds to nearest, ties to even."""
    bits = insert(arith.BitcastOp(value, i32)).results[0]
    if type is not DataType.bf16:
        return bits
    upper = insert(arith.ShRUIOp(bits, constant(16))).results[0]
    odd = insert(arith.AndIOp(upper, constant(1))).results[0]
    half = insert(arith.AddiOp(odd, constant(0x7FFF))).results[0]
    sum = insert(arith.AddiOp(bits, half)).results[0]
    rounded = insert(arith.ShRUIOp(sum, constant(16))).results[0]
    magnitude = insert(arith.AndIOp(bits, constant(_SIGNLESS))).results[0]
    is_nan = insert(arith.CmpiOp(magnitude, constant(_INFINITY), "ugt")).results[0]
    nan = insert(arith.OrIOp(upper, constant(_QUIET))).results[0]
    return insert(arith.SelectOp(is_nan, nan, rounded)).results[0]
