# SPDX-License-Identifier: Apache-2.0
"""Which datums of its tiles a block value means: all of them, or those of row 0 or column 0 alone.

A reduction leaves its result in row 0 or column 0 of a tile. Where such a value meets one that fills its tiles, it is
repeated, as NumPy repeats a dimension of size 1. The analysis follows this through arithmetic and circular buffers.
"""

from collections.abc import Iterable
from enum import IntEnum

from xdsl.dialects.builtin import ArrayAttr
from xdsl.ir import Operation, SSAValue

from ttlang.dialects.ttl.buffers import NARROW_ATTRIBUTE, CBReserveOp, CBWaitOp, CreateCBOp, acquired_cb
from ttlang.dialects.ttl.compute import (
    BlockBroadcastOp,
    BlockFillOp,
    BlockMatmulOp,
    BlockReduceOp,
    BlockStoreOp,
    BlockTransposeOp,
    tensor_shape,
)
from ttlang.dialects.ttl.structure import ComputeThreadOp, KernelOp, enclosing_thread
from ttlang.dialects.ttl.syntax import array_ints

from .program_structure import buffers


class Extent(IntEnum):
    """What a value holds along one dimension of a tile."""

    UNIFORM = 0  # every datum is the same
    NARROW = 1  # datum 0 alone has a meaning
    FULL = 2


Extents = tuple[Extent, Extent]
"""Along the rows' dimension (the next to last) and the columns' (the last)."""

FULL: Extents = (Extent.FULL, Extent.FULL)
_UNIFORM: Extents = (Extent.UNIFORM, Extent.UNIFORM)


def inner_dimensions(dims: Iterable[int], rank: int) -> tuple[bool, bool]:
    """Whether `dims` hold the next to last and the last dimension."""
    found = set(dims)
    return (rank - 2 in found, rank - 1 in found)


def _replaced(extents: Extents, dims: Iterable[int], rank: int, by: Extent) -> Extents:
    along = inner_dimensions(dims, rank)
    return (by if along[0] else extents[0], by if along[1] else extents[1])


def _join(parts: Iterable[Extents]) -> Extents:
    rows, columns = Extent.UNIFORM, Extent.UNIFORM
    for part in parts:
        rows, columns = max(rows, part[0]), max(columns, part[1])
    return rows, columns


class BroadcastAnalysis:
    """Extents of all block values of a kernel's compute thread."""

    def __init__(self, kernel: KernelOp, thread: ComputeThreadOp):
        self.of: dict[SSAValue, Extents] = {}
        self._buffers: dict[SSAValue, Extents] = {}
        for cb in buffers(kernel):
            self._buffers[cb.result] = self._outside(cb)
        ops = [op for op in thread.walk() if op.results or isinstance(op, BlockStoreOp)]
        while self._walk(ops):  # extents of buffers only grow: two rounds are usual
            pass

    @staticmethod
    def _outside(cb: CreateCBOp) -> Extents:
        """What a buffer holds before the compute thread stores to it."""
        for use in cb.result.uses:
            if isinstance(use.operation, CBReserveOp) and not isinstance(
                enclosing_thread(use.operation), ComputeThreadOp
            ):
                narrow = cb.attributes.get(NARROW_ATTRIBUTE)
                if not isinstance(narrow, ArrayAttr):
                    return FULL
                rank = len(array_ints(cb.shape))
                return _replaced(FULL, array_ints(narrow), rank, Extent.NARROW)
        return _UNIFORM

    def extents(self, value: SSAValue) -> Extents:
        return self.of.get(value, FULL)

    def _walk(self, ops: list[Operation]) -> bool:
        changed = False
        for op in ops:
            if isinstance(op, BlockStoreOp):
                cb = acquired_cb(op.dst)
                if cb is not None:
                    joined = _join((self._buffers.get(cb, FULL), self.extents(op.src)))
                    changed |= self._buffers.get(cb) != joined
                    self._buffers[cb] = joined
            else:
                for result in op.results:
                    self.of[result] = self._result(op, result)
        return changed

    def _result(self, op: Operation, result: SSAValue) -> Extents:
        match op:
            case CBWaitOp():
                return self._buffers.get(op.cb, FULL)
            case BlockFillOp():
                return _UNIFORM
            case BlockBroadcastOp():
                rank = len(tensor_shape(op.input.type) or (1, 1))
                return _replaced(self.extents(op.input), array_ints(op.dims), rank, Extent.UNIFORM)
            case BlockReduceOp():
                rank = len(tensor_shape(op.input.type) or (1, 1))
                return _replaced(self.extents(op.input), array_ints(op.dims), rank, Extent.NARROW)
            case BlockTransposeOp():
                rows, columns = self.extents(op.input)
                return columns, rows
            case BlockMatmulOp():
                return FULL
            case _ if op.name.startswith("ttl.block_"):
                return _join(self.extents(o) for o in op.operands)
        return FULL

    def missing(self, operand: SSAValue, result: SSAValue, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Dimensions of `operand` along which it must be repeated to take part in an op whose result has `shape`."""
        have = tensor_shape(operand.type) or ()
        want = shape[len(shape) - len(have) :]
        dims = {i for i, (a, b) in enumerate(zip(have, want, strict=True)) if a == 1 and b > 1}
        rank = len(have)
        for position, (mine, its) in enumerate(zip(self.extents(operand), self.extents(result), strict=True)):
            dimension = rank - 2 + position
            if mine is Extent.NARROW and its is Extent.FULL and dimension >= 0:
                dims.add(dimension)
        return tuple(sorted(dims))
