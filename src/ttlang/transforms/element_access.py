# SPDX-License-Identifier: Apache-2.0
"""`ttl.read_element` and `ttl.write_element` as loads and stores of L1.

A tile is four faces of 16x16 datums, each row by row: faces 0 and 1 above, 2 and 3 below.
"""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, cast

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr, IntegerType, MemRefType, f32, i32
from xdsl.ir import Operation, SSAValue

from ttlang.dialects.ttcore import TileType
from ttlang.dialects.ttl.elements import ReadElementOp, WriteElementOp

from .core_coordinates import l1_word
from .errors import error
from .float_bits import SCALAR_FLOATS, bits_of, float_of
from .kernel_builder import KernelBuilder

Number = SSAValue | int


class ElementAccess:
    """Lowers the element accesses of a function; `pointer` yields the L1 address of a block."""

    def __init__(self, builder: KernelBuilder, pointer: Callable[[SSAValue], SSAValue]):
        self.b = builder
        self.pointer = pointer
        self._words: dict[SSAValue, SSAValue] = {}

    def read(self, op: ReadElementOp) -> None:
        words, offset, width = self._place(op, op.block, op.indices)
        with self.b.before(op):
            bits = self.b.call(_LOADS[width], words, self.b.i32(offset), result=i32).results[0]
            op.value.replace_all_uses_with(self._value(op, bits))

    def write(self, op: WriteElementOp) -> None:
        words, offset, width = self._place(op, op.block, op.indices)
        with self.b.before(op):
            self.b.call(_STORES[width], self._bits(op), words, self.b.i32(offset))

    # Values

    def _value(self, op: ReadElementOp, bits: SSAValue) -> SSAValue:
        """What was read, of the type that the op has."""
        type = op.value.type
        if type == f32:
            return float_of(self.b.insert, self.b.i32, bits, _tile(op.block).dtype)
        if type != i32:
            bits = self.b.insert(arith.TruncIOp(bits, cast(IntegerType, type))).results[0]
        bits.name_hint = op.value.name_hint
        return bits

    def _bits(self, op: WriteElementOp) -> SSAValue:
        value = op.value
        if value.type == f32:
            return bits_of(self.b.insert, self.b.i32, value, _tile(op.block).dtype)
        if value.type != i32:
            return self.b.insert(arith.ExtUIOp(value, i32)).results[0]
        return value

    # Places

    def _place(
        self, op: Operation, block: SSAValue, indices: Sequence[SSAValue]
    ) -> tuple[SSAValue, Number, int]:
        """The words of a block, the place of the datum in it, counted in datums, and the datum's width in bits."""
        type = block.type
        assert isinstance(type, MemRefType)
        element = type.element_type
        if isinstance(element, TileType):
            if (element.rows, element.columns) != (32, 32):
                raise error(op, f"elements of tiles of {element.rows}x{element.columns} cannot be accessed")
            width = element.format.scalar_bytes * 8
            if not width or (not element.format.is_integer and element.dtype not in SCALAR_FLOATS):
                raise error(
                    op, f"elements of {element.format.python_name} blocks cannot be accessed one by one"
                )
        else:
            assert isinstance(element, IntegerType)
            width = element.width.data
        with self.b.before(op):
            numbers = [self._number(index) for index in indices]
            shape = type.get_shape()
            tiled = isinstance(element, TileType)
            datum = self._in_tiles(shape, numbers) if tiled else self._in_rows(shape, numbers)
            return self._word(block), datum, width

    def _in_rows(self, shape: Sequence[int], indices: Sequence[Number]) -> Number:
        datum: Number = 0
        for d, index in enumerate(indices):
            datum = self._sum(datum, self._binary(arith.MuliOp, index, prod(shape[d + 1 :])))
        return datum

    def _in_tiles(self, shape: Sequence[int], indices: Sequence[Number]) -> Number:
        """Tiles of a block are numbered row by row; a datum's place in one follows from its row and column there."""
        *outer, row, column = (0, *indices) if len(indices) == 1 else indices
        rows, columns = (1, shape[-1]) if len(shape) == 1 else shape[-2:]
        tile: Number = 0
        for d, index in enumerate(outer):
            tile = self._sum(tile, self._binary(arith.MuliOp, index, prod(shape[d + 1 : -2]) * rows))
        tile = self._sum(tile, self._binary(arith.ShRUIOp, row, 5))
        tile = self._sum(self._binary(arith.MuliOp, tile, columns), self._binary(arith.ShRUIOp, column, 5))
        # 16 datums a row of a face; the lower faces begin 256 later than rows alone say, the right ones 240
        down = self._binary(arith.MuliOp, self._sum(self._low(row, 31), self._low(row, 16)), 16)
        across = self._sum(self._low(column, 15), self._binary(arith.MuliOp, self._low(column, 16), 16))
        return self._sum(self._binary(arith.MuliOp, tile, 1024), self._sum(down, across))

    def _low(self, value: Number, mask: int) -> Number:
        return self._binary(arith.AndIOp, value, mask)

    def _word(self, block: SSAValue) -> SSAValue:
        """The words of a block, found once, where it is acquired."""
        if block not in self._words:
            acquire = block.owner
            assert isinstance(acquire, Operation) and acquire.next_op is not None
            with self.b.before(acquire.next_op):
                self._words[block] = l1_word(self.b, self.pointer(block))
            self._words[block].name_hint = f"{block.name_hint}_words" if block.name_hint else None
        return self._words[block]

    # 32-bit arithmetic, folded where it can be

    def _number(self, index: SSAValue) -> Number:
        owner = index.owner
        if isinstance(owner, arith.ConstantOp) and isinstance(owner.value, IntegerAttr):
            return owner.value.value.data
        return self.b.i32(index)

    def _sum(self, a: Number, b: Number) -> Number:
        return b if a == 0 else a if b == 0 else self._binary(arith.AddiOp, a, b)

    def _binary(self, op: type[Any], a: Number, b: Number) -> Number:
        if isinstance(a, int) and isinstance(b, int):
            return _FOLD[op](a, b) & 0xFFFFFFFF
        if (b == 0 and op in _NEUTRAL_ZERO) or (b == 1 and op is arith.MuliOp):
            return a
        if b == 0 and op in (arith.MuliOp, arith.AndIOp):
            return 0
        return self.b.insert(op(self.b.i32(a), self.b.i32(b))).results[0]


_FOLD: dict[type[Any], Callable[[int, int], int]] = {
    arith.AddiOp: lambda a, b: a + b,
    arith.MuliOp: lambda a, b: a * b,
    arith.AndIOp: lambda a, b: a & b,
    arith.ShRUIOp: lambda a, b: a >> b,
}
_NEUTRAL_ZERO = (arith.AddiOp, arith.ShRUIOp)
_LOADS = {32: "load_from_l1", 16: "load_u16_from_l1", 8: "load_u8_from_l1"}
_STORES = {32: "store_to_l1", 16: "store_u16_to_l1", 8: "store_u8_to_l1"}


def _tile(block: SSAValue) -> TileType:
    type = block.type
    assert isinstance(type, MemRefType) and isinstance(type.element_type, TileType)
    return type.element_type
