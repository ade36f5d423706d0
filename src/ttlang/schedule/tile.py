# SPDX-License-Identifier: Apache-2.0
"""The step `transform.ttl.tile`: larger blocks, and loops that turn less often."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import IndexType, IntegerAttr, TensorType, i64
from xdsl.ir import Operation, SSAValue
from xdsl.irdl import IRDLOperation

from ttlang.dialects.ttl.attributes import CBType, SliceAttr, ints
from ttlang.dialects.ttl.buffers import AcquireOp, CreateCBOp, ReleaseOp
from ttlang.dialects.ttl.compute import tensor_shape
from ttlang.dialects.ttl.data_movement import (
    CopyOp,
    IndexAccessorOp,
)
from ttlang.dialects.ttl.structure import KernelOp
from ttlang.dialects.ttl.syntax import i64_array
from ttlang.transforms.fused_loops import retype
from ttlang.transforms.program_structure import buffers
from ttlang.transforms.ttl_allocate_circular_buffers import buffer_bytes

from .block_axes import Axes, BlockAxes
from .bodies import COMPUTES, MOVES, Kinds, is_arithmetic_or
from .errors import ScheduleError
from .loop_nests import Correspondence, Loop, describe, release_of, step_of, turns_of
from .room import overflow
from .targets import named, of_kind, twin_of
from .tensors import read_elsewhere
from .transform_ops import TileOp

_FOLLOWS: Kinds = (*MOVES, *COMPUTES, scf.ForOp)
"""Ops that mean the same for a larger block as for each of the blocks that it holds."""


def apply(targets: Sequence[Operation], request: IRDLOperation) -> list[Operation]:
    """Give the blocks that kernels write to tensors the shape `sizes`, in tiles, and all others what follows from it.

    The loops of all threads that walk a dimension of these blocks turn less often by as much as the blocks grow. With a
    size more than the blocks have, the last is that of the dimension that an accumulating store sums over, as of `k` in a
    product [m, k] x [k, n]: the order of the sum changes, and its rounding with it; all else leaves values as they are.

    Refuses a kernel whose loops do not correspond between threads, whose turns the new size does not divide, whose slices
    of neighbouring turns do not lie side by side, with ops that mean something else for a larger block, and one whose
    buffers would not fit L1.
    """
    assert isinstance(request, TileOp)
    sizes = request.block_shape
    plans = [_plan(kernel, sizes) for kernel in of_kind(targets, KernelOp, "kernels")]
    for plan in plans:
        if plan.factors:
            _check_room(plan.kernel, sizes)
    for plan in plans:
        plan.carry_out()
    return list(targets)


@dataclass
class _Plan:
    """How a kernel changes: by which factor the loops turn less often, and blocks along them grow."""

    kernel: KernelOp
    loops: Correspondence
    axes: BlockAxes
    factors: dict[Loop, int]

    def factor(self, loop: Loop) -> int:
        """By how much a loop turns less often."""
        return prod(self.factors.get(part, 1) for part in self.loops.parts(loop))

    def grown(self, shape: Sequence[int], axes: Axes) -> tuple[int, ...]:
        """A shape with each dimension as long as the loops that walk it ask for."""
        factors = [self.factors.get(axis, 1) if isinstance(axis, Loop) else 1 for axis in axes]
        return tuple(size * factor for size, factor in zip(shape, factors, strict=True))

    def buffer_type(self, cb: CreateCBOp) -> CBType:
        old = cb.result.type
        axes = self.axes.of_buffer.get(cb.result, (None,) * len(ints(old.shape)))
        shape = self.grown(ints(old.shape), axes)
        return old.resized(shape=shape)

    # Rewriting

    def carry_out(self) -> None:
        values = {
            value: self.grown(tensor_shape(value.type) or (), axes) for value, axes in self.axes.of.items()
        }
        for cb in buffers(self.kernel):
            self._widen_buffer(cb)
        for value, shape in values.items():
            if not isinstance(value.owner, AcquireOp):
                _reshape(value, shape)
        for loop in self.loops.loops:
            factor = self.factor(loop)
            if factor > 1:
                _widen_step(loop, factor)

    def _widen_buffer(self, cb: CreateCBOp) -> None:
        new = self.buffer_type(cb)
        if new == cb.result.type:
            return
        cb.properties["shape"] = i64_array(ints(new.shape))
        retype(cb.result, new)
        for use in cb.result.uses:
            op = use.operation
            if isinstance(op, AcquireOp | ReleaseOp):
                op.properties["num_tiles"] = IntegerAttr(new.tiles_per_block, i64)
            if isinstance(op, AcquireOp) and op.block is not None:
                retype(op.block, new.block_type)
                self._widen_slices(op.block, ints(new.shape))

    def _widen_slices(self, block: SSAValue, shape: tuple[int, ...]) -> None:
        for use in block.uses:
            copy = use.operation
            if not isinstance(copy, CopyOp):
                continue
            other = copy.src if copy.dst is block else copy.dst
            accessor = other.owner
            if isinstance(accessor, IndexAccessorOp):
                rank = len(accessor.indices)
                _reshape(other, (*(1,) * (rank - len(shape)), *shape[max(len(shape) - rank, 0) :]))
                if accessor.slice is not None:
                    accessor.slice = SliceAttr(accessor.sizes, ints(accessor.slice.steps))


def _reshape(value: SSAValue, shape: tuple[int, ...]) -> None:
    if isinstance(value.type, TensorType) and value.type.get_shape() != shape:
        retype(value, TensorType(value.type.element_type, shape))


def _widen_step(loop: Loop, factor: int) -> None:
    step = step_of(loop)
    assert step is not None, "a loop that is tiled has a known number of turns"
    constant = arith.ConstantOp(IntegerAttr(step * factor, IndexType()))
    constant.location = loop.location
    assert loop.parent is not None
    loop.parent.insert_op_before(constant, loop)
    loop.operands[2] = constant.result


# Preconditions


def _plan(kernel: KernelOp, sizes: Sequence[int]) -> _Plan:
    loops = Correspondence(kernel)
    axes = BlockAxes(kernel, loops)
    plan = _Plan(kernel, loops, axes, _factors(kernel, axes, sizes))
    for root in plan.factors:
        _check_loops(plan, root)
    found = axes.why_not(plan.factors)
    if found is not None:
        raise ScheduleError(*found)
    _check_tensors(plan)
    return plan


def _factors(kernel: KernelOp, axes: BlockAxes, sizes: Sequence[int]) -> dict[Loop, int]:
    """By how much each set of loops turns less often."""
    if not axes.outputs:
        raise ScheduleError(
            "no block of this kernel is written to a tensor, so none has a shape to be changed", kernel
        )
    factors: dict[Loop, int] = {}
    for cb, copy in axes.outputs.items():
        assert isinstance(cb.type, CBType)
        shape, name = ints(cb.type.shape), named(cb)
        if len(sizes) - len(shape) not in (0, 1):
            raise ScheduleError(
                f"{_count(sizes, 'size')} given for blocks of {name}, which have {_count(shape, 'dimension')}",
                copy,
            )
        for d, (size, wanted) in enumerate(zip(shape, sizes, strict=False)):
            _want(factors, axes.of_buffer[cb][d], size, wanted, f"dimension {d} of {name}", copy)
        if len(sizes) > len(shape):
            _want_sum(factors, axes, sizes[-1], copy)
    return factors


def _count(items: Sequence[object], what: str) -> str:
    return f"{len(items)} {what}{'' if len(items) == 1 else 's'}"


def _want_sum(factors: dict[Loop, int], axes: BlockAxes, wanted: int, copy: CopyOp) -> None:
    if len(axes.sum_sizes) != 1:
        number = len(axes.sum_sizes) or "no"
        raise ScheduleError(
            f"the last of the sizes is for a dimension that is summed over, and this kernel sums over {number} such"
            f" dimension{'s' if axes.sum_sizes else ''} turn by turn",
            copy,
        )
    for axis, size in axes.sum_sizes.items():
        _want(factors, axis, size, wanted, "the dimension that is summed over", copy)


def _want(factors: dict[Loop, int], axis: object, size: int, wanted: int, where: str, op: Operation) -> None:
    if wanted % size:
        raise ScheduleError(f"blocks have {size} along {where}, and {wanted} is no multiple of that", op)
    factor = wanted // size
    if not isinstance(axis, Loop):
        if factor > 1:
            raise ScheduleError(
                f"no loop walks {where} block by block, so it stays at {size}, not {wanted}", op
            )
        return
    if factors.get(axis, factor) != factor:
        raise ScheduleError(
            f"{where} would grow by {factor}, but the same loop walks blocks that grow by {factors[axis]}", op
        )
    if factor > 1:
        factors[axis] = factor


def _check_loops(plan: _Plan, root: Loop) -> None:
    fixed = plan.loops.why_fixed(root)
    if fixed is not None:
        raise ScheduleError(*fixed)
    for loop in plan.loops.members(root):
        if plan.loops.parts(loop) == [root]:
            _check_turns(loop, plan.factors[root])
        for op in loop.walk():
            _check_op(op)


def _check_turns(loop: Loop, factor: int) -> None:
    turns = turns_of(loop)
    if turns is None:
        raise ScheduleError(
            f"how often the loop of {describe(loop)} turns is not known when the kernel is compiled", loop
        )
    if turns % factor:
        raise ScheduleError(
            f"the loop of {describe(loop)} turns {turns} times, which blocks {factor} times as long do not divide",
            loop,
        )


def _check_op(op: Operation) -> None:
    if not is_arithmetic_or(op, _FOLLOWS):
        raise ScheduleError(f"'{op.name}' inside of the loop may mean something else for a larger block", op)
    if isinstance(op, AcquireOp | ReleaseOp) and (op.blocks > 1 or len(op.operands) > 1):
        raise ScheduleError(
            f"several blocks of {named(op.cb)} are in hand at once: tile before the step that did so", op
        )
    if isinstance(op, AcquireOp) and release_of(op) is None:
        name = named(op.cb)
        raise ScheduleError(f"a block of {name} is released elsewhere than in the body that acquires it", op)


def _check_tensors(plan: _Plan) -> None:
    for tensor, accessor in read_elsewhere(plan.kernel, plan.loops):
        raise ScheduleError(
            f"{named(tensor, 'a tensor')} is read and written at different places: what a turn reads may be what an"
            " earlier one wrote",
            accessor,
        )


def _check_room(kernel: KernelOp, sizes: Sequence[int]) -> None:
    """Larger blocks must fit L1: a copy of the module is tiled and its buffers are placed."""
    copy, twin = twin_of(kernel)
    plan = _plan(twin, sizes)
    plan.carry_out()
    if (problem := overflow(copy)) is not None:
        largest = max(buffers(twin), key=buffer_bytes)
        raise ScheduleError(problem, largest)
