# SPDX-License-Identifier: Apache-2.0
"""`block[i, j]` in data-movement threads: one datum read or written by the core itself."""

from typing import TYPE_CHECKING, Any

import numpy as np
from xdsl.dialects import arith
from xdsl.dialects.builtin import IndexType, IntegerType, i32
from xdsl.ir import SSAValue

from ttlang.diagnostics import Note
from ttlang.dialects.ttl.elements import ReadElementOp, WriteElementOp
from ttlang.hardware.data_formats import DataType
from ttlang.language.data import TILE_SHAPE, numpy_type
from ttlang.transforms.float_bits import SCALAR_FLOATS, bits_of, float_of

from . import floats, integers
from .blocks import require_kind, used
from .values import Block, Bounds, RuntimeBool, RuntimeFloat, RuntimeInt, describe

if TYPE_CHECKING:
    from .thread_compiler import ThreadCompiler

_NARROW_INTEGERS = (DataType.u8, DataType.u16)


def read(compiler: "ThreadCompiler", block: Block, index: Any) -> "RuntimeInt | RuntimeFloat":
    """`block[index]`: an integer for integer blocks, a float for the others.

    A uint32 of 2**31 and more has the bits of a negative integer: integers of threads have 32 bits and a sign.
    """
    indices = _indices(compiler, block, index, "a read of an element of a block")
    dtype = block.buffer.dtype
    value = compiler.emit(ReadElementOp(block.ssa, indices)).results[0]
    if not dtype.format.is_integer and block.buffer.tiled:
        return RuntimeFloat(value)
    if value.type != i32:
        value = compiler.emit(arith.ExtUIOp(value, i32)).results[0]
    if not dtype.format.is_integer:
        return RuntimeFloat(float_of(compiler.emit, compiler.i32, value, dtype))
    bounds = Bounds()
    if dtype in _NARROW_INTEGERS:
        bounds = Bounds(0, int(np.iinfo(numpy_type(dtype)).max))
    number = compiler.emit(arith.IndexCastOp(value, IndexType())).results[0]
    compiler.bounds[number] = bounds
    return RuntimeInt.atom(number, bounds)


def write(compiler: "ThreadCompiler", block: Block, index: Any, value: Any) -> None:
    """`block[index] = value`; floats are rounded to the block's type, run-time integers cut to its width."""
    indices = _indices(compiler, block, index, "a write to an element of a block")
    if block.verb != "reserve":
        raise compiler.error(
            "a write to an element of a block that was waited for",
            hint="reserve() a block of a circular buffer to write to",
            notes=[Note("it was acquired with wait()", block.acquired)],
        )
    dtype = block.buffer.dtype
    if dtype.format.is_integer:
        datum = _integer(compiler, dtype, compiler.imported(value))
    else:
        value = compiler.imported(value)
        if not isinstance(value, int | float | RuntimeInt | RuntimeBool | RuntimeFloat):
            raise compiler.error(f"an element of a block is a number, got {describe(value)}")
        datum = floats.ssa(compiler, value)
        if not block.buffer.tiled:
            datum = bits_of(compiler.emit, compiler.i32, datum, dtype)
    width = 8 * dtype.format.scalar_bytes
    if not block.buffer.tiled and width < 32:
        datum = compiler.emit(arith.TruncIOp(datum, IntegerType(width))).results[0]
    compiler.emit(WriteElementOp(datum, block.ssa, indices))


def _integer(compiler: "ThreadCompiler", dtype: DataType, value: Any) -> SSAValue:
    name = dtype.format.python_name
    if isinstance(value, int):
        limits = np.iinfo(numpy_type(dtype))
        if not limits.min <= value <= limits.max:
            raise compiler.error(f"{int(value)} does not fit {name}")
        return compiler.i32(int(value))
    if not isinstance(value, RuntimeInt | RuntimeBool):
        raise compiler.error(
            f"an element of a block of {name} is an integer, got {describe(value)}",
            hint="convert it: int(value)" if isinstance(value, float | RuntimeFloat) else None,
        )
    return compiler.emit(arith.IndexCastOp(compiler.index(value), i32)).results[0]


def _indices(compiler: "ThreadCompiler", block: Block, index: Any, what: str) -> list[SSAValue]:
    require_kind(compiler, "datamovement", what)
    used(compiler, block)
    dtype = block.buffer.dtype
    if not dtype.format.is_integer and dtype not in SCALAR_FLOATS:
        raise compiler.error(
            f"elements of a block of {dtype.format.python_name} cannot be accessed one by one",
            hint="make the tensor bfloat16 or float32",
        )
    entries = index if isinstance(index, tuple) else (index,)
    shape = block.shape
    if len(entries) != len(shape):
        raise compiler.error(
            f"{len(entries)} {'index' if len(entries) == 1 else 'indices'} for a block of rank {len(shape)}",
            hint="an element of a block is named by an integer per dimension; they count elements, not tiles",
        )
    found = []
    for dimension, entry in enumerate(entries):
        if isinstance(entry, bool) or not isinstance(entry, int | RuntimeInt):
            raise compiler.error(
                f"dimension {dimension} of a block is indexed with {describe(entry)}",
                hint="an element of a block is named by integers; ttl.copy moves whole blocks",
            )
        tiled = block.buffer.tiled and dimension >= len(shape) - 2
        extent = shape[dimension] * (TILE_SHAPE[0] if tiled else 1)
        _check(compiler, dimension, entry, extent)
        found.append(compiler.index(entry))
    return found


def _check(compiler: "ThreadCompiler", dimension: int, entry: Any, extent: int) -> None:
    """Refuse an access that certainly leaves the block."""
    bounds = integers.bounds_of(entry)
    if not (bounds.exact and compiler.certain):
        return
    for reached in (bounds.low, bounds.high):
        if reached is not None and not 0 <= reached < extent:
            raise compiler.error(
                f"index {reached} is out of range: the block has {extent} elements along dimension {dimension}",
                hint=f"indices of elements count from 0 and end before {extent}",
            )
