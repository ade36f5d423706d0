# SPDX-License-Identifier: Apache-2.0
"""The step `optimize_buffer_factor`: how many blocks circular buffers hold."""

from collections.abc import Mapping, Sequence
from math import lcm

from xdsl.dialects import scf
from xdsl.dialects.builtin import IntegerAttr, i64
from xdsl.ir import Operation
from xdsl.irdl import IRDLOperation

from ttlang.dialects.ttl.attributes import PipeType
from ttlang.dialects.ttl.buffers import AcquireOp, CBPushOp, CBReserveOp, CBWaitOp, CreateCBOp
from ttlang.dialects.ttl.structure import ThreadOp, enclosing_thread
from ttlang.transforms.core_values import trip_count
from ttlang.transforms.fused_loops import retype
from ttlang.transforms.index_builder import known
from ttlang.transforms.ttl_allocate_circular_buffers import buffer_bytes

from .errors import ScheduleError
from .room import overflow
from .targets import copy_of_module, named, of_kind
from .transform_ops import OptimizeBufferFactorOp

PIPELINED = 2
"""Blocks of an ordinary buffer: one is filled while the other is emptied."""


def apply(targets: Sequence[Operation], request: IRDLOperation) -> list[Operation]:
    """Give each target buffer as many blocks as its threads can use, or `factor` of them.

    One block where the buffer is filled once: nothing can overlap. A buffer whose producer has blocks in flight gets one
    more than these, or one more group where they are taken in groups, for the consumer. Others get two, or keep more that
    the program gave them. A buffer that one thread both fills and empties, or that a pipe leads to or from, keeps what it
    has: that may be part of the program's correctness. No buffer gets larger than L1 has room for beside the others and
    those that the compiler adds. Returns the buffers. Refuses a forced factor that does not fit, with the bytes, and a step
    that changes nothing.
    """
    assert isinstance(request, OptimizeBufferFactorOp)
    buffers = of_kind(targets, CreateCBOp, "circular buffers")
    now = {cb: factor_of(cb) for cb in buffers}
    if request.factor is not None:
        wanted = dict.fromkeys(buffers, request.factor.value.data)
        _require_room(wanted)
    else:
        wanted = {cb: _useful(cb) for cb in buffers}
    if wanted == now:
        raise ScheduleError(f"it finds nothing to do: {_listed(now)}", buffers[0])
    if (problem := _overflow(wanted)) is not None:
        if request.factor is not None:
            raise ScheduleError(problem, buffers[0])
        wanted = _fitting(now, wanted)
        if wanted == now:
            raise ScheduleError(
                f"more blocks would help, and there is no room for them: {problem}", buffers[0]
            )
    made = [_resized(cb, factor) for cb, factor in wanted.items()]
    return list(made)


def factor_of(cb: CreateCBOp) -> int:
    """Blocks that a buffer holds."""
    return cb.result.type.buffer_factor.data


def _listed(factors: Mapping[CreateCBOp, int]) -> str:
    return ", ".join(
        f"{named(cb.result)} has {factor} block{'s' if factor != 1 else ''} already"
        for cb, factor in factors.items()
    )


def _useful(cb: CreateCBOp) -> int:
    """Blocks that the threads around a buffer can use."""
    now = factor_of(cb)
    acquired = [use.operation for use in cb.result.uses if isinstance(use.operation, AcquireOp)]
    sides = {
        kind: {enclosing_thread(op) for op in acquired if isinstance(op, kind)}
        for kind in (CBReserveOp, CBWaitOp)
    }
    if sides[CBReserveOp] & sides[CBWaitOp] or any(_meets_pipe(op) for op in acquired):
        return now
    if (flying := in_flight(cb)) > 1:
        group = lcm(*_groups(cb))
        return max(now, -(-(flying + 1) // group) * group)
    return 1 if _is_filled_once(cb) else max(now, PIPELINED)


def in_flight(cb: CreateCBOp) -> int:
    """Blocks of a buffer that its producer has reserved at once: one, or more where reads are prefetched or joined."""
    reserves = [use.operation for use in cb.result.uses if isinstance(use.operation, CBReserveOp)]
    aheads = [(op.blocks, 0 if op.ahead is None else known(op.ahead)) for op in reserves]
    return max((blocks + ahead for blocks, ahead in aheads if isinstance(ahead, int)), default=1)


def _groups(cb: CreateCBOp) -> list[int]:
    """Blocks that are acquired in a row, of which the buffer must hold a multiple."""
    return [use.operation.blocks for use in cb.result.uses if isinstance(use.operation, AcquireOp)]


def _meets_pipe(op: AcquireOp) -> bool:
    """Whether a block is sent, or comes, through a pipe: other cores know where it lies."""
    uses = () if op.block is None else op.block.uses
    return any(isinstance(operand.type, PipeType) for use in uses for operand in use.operation.operands)


def _is_filled_once(cb: CreateCBOp) -> bool:
    pushes = [use.operation for use in cb.result.uses if isinstance(use.operation, CBPushOp)]
    return len(pushes) == 1 and _runs_once(pushes[0])


def _runs_once(op: Operation) -> bool:
    """Whether an op runs at most once on each core."""
    parent = op.parent_op()
    while parent is not None and not isinstance(parent, ThreadOp):
        if isinstance(parent, scf.WhileOp) or (
            isinstance(parent, scf.ForOp) and trip_count(parent) not in (0, 1)
        ):
            return False
        parent = parent.parent_op()
    return True


def _require_room(wanted: Mapping[CreateCBOp, int]) -> None:
    """Raise ScheduleError for numbers of blocks that do not go with how the threads take them."""
    for cb, factor in wanted.items():
        if factor < (flying := in_flight(cb)):
            raise ScheduleError(
                f"{named(cb.result)} needs room for the {flying} blocks that are in flight, and {factor} is less",
                cb,
            )
        if any(factor % group for group in _groups(cb)):
            raise ScheduleError(
                f"{max(_groups(cb))} blocks of {named(cb.result)} are taken in a row, and {factor} is no multiple of that",
                cb,
            )


# L1


def _overflow(wanted: Mapping[CreateCBOp, int]) -> str | None:
    """What the allocation of buffers says against these numbers of blocks; None when they fit."""
    copy, twins = copy_of_module(next(iter(wanted)))
    for cb, factor in wanted.items():
        twin = twins[cb]
        assert isinstance(twin, CreateCBOp)
        _resized(twin, factor)
    return overflow(copy)


def _fitting(now: Mapping[CreateCBOp, int], wanted: Mapping[CreateCBOp, int]) -> dict[CreateCBOp, int]:
    """As much of what is wanted as there is room for: the largest buffers go without first."""
    fitting = dict(wanted)
    raised = sorted((cb for cb in wanted if wanted[cb] > now[cb]), key=buffer_bytes, reverse=True)
    for cb in raised:
        while fitting[cb] > now[cb]:
            fitting[cb] = max(now[cb], fitting[cb] - lcm(*_groups(cb)))
            if _overflow(fitting) is None:
                return fitting
    return fitting


def _resized(cb: CreateCBOp, factor: int) -> CreateCBOp:
    cb.buffer_factor = IntegerAttr(factor, i64)
    retype(cb.result, cb.result.type.resized(blocks=factor))
    return cb
