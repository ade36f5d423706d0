# SPDX-License-Identifier: Apache-2.0
"""Two neighbouring loops become one, where the second takes block by block what the first makes."""

from collections import defaultdict

from xdsl.dialects import scf
from xdsl.ir import Block, Operation, SSAValue

from ttlang.dialects.ttl.buffers import AcquireOp, CBReserveOp, CBWaitOp
from ttlang.dialects.ttl.compute import BlockStoreOp
from ttlang.dialects.ttl.structure import ThreadOp
from ttlang.transforms.index_bounds import affine_of

from .bodies import COMPUTES, Kinds, is_arithmetic_or
from .loop_nests import Loop, Reason, turns_of
from .targets import named

_INDEPENDENT: Kinds = (*COMPUTES, scf.ForOp, scf.IfOp)
"""Ops of a compute thread whose effects are on buffers and blocks alone."""


def fuse_loops(first: AcquireOp, second: AcquireOp) -> Reason | None:
    """Make one loop of those around two ops, level by level, until both stand in the same body.

    Returns why a level cannot be fused; what was fused before stays, and is right by itself.
    """
    while first.parent is not second.parent:
        loops = _siblings(first, second)
        if loops is None:
            return f"{named(first.cb)} is filled and taken in different loops or branches", second
        why = _why_not(*loops)
        if why is not None:
            return why
        _join(*loops)
    return None


def _siblings(first: Operation, second: Operation) -> tuple[Loop, Loop] | None:
    """The outermost ops around two, in the innermost body that holds both; None unless they are loops."""
    body = _common_body(first, second)
    one, other = (body.find_ancestor_op_in_block(op) for op in (first, second))
    return (one, other) if isinstance(one, Loop) and isinstance(other, Loop) else None


def _common_body(first: Operation, second: Operation) -> Block:
    bodies = set()
    op: Operation | None = first
    while op is not None and not isinstance(op, ThreadOp):
        bodies.add(op.parent)
        op = op.parent_op()
    op = second
    while op is not None and op.parent not in bodies:
        op = op.parent_op()
    assert op is not None and op.parent is not None, "both are in one thread"
    return op.parent


def _why_not(one: Loop, other: Loop) -> Reason | None:
    turns = turns_of(one), turns_of(other)
    if turns[0] is None or turns[0] != turns[1]:
        counts = " and ".join("an unknown number" if t is None else str(t) for t in turns)
        return f"the loops that fill and take the blocks turn {counts} times", other
    if one.iter_args or other.iter_args:
        return "a turn of the loop hands values on to the next", one if one.iter_args else other
    if other.body.block.args[0].uses and not _count_alike(one, other):
        return "the loops count from different numbers or with different steps", other
    op = one.next_op
    while op is not other:
        if op is None:
            return "the loop that takes the blocks stands before the one that fills them", other
        if not op.name.startswith("arith."):
            return f"'{op.name}' stands between the loops", op
        op = op.next_op
    for loop in (one, other):
        for inside in loop.walk():
            if not is_arithmetic_or(inside, _INDEPENDENT):
                return f"'{inside.name}' inside of a loop may have an order with the other loop", inside
    return _why_not_buffers(one, other)


def _count_alike(one: Loop, other: Loop) -> bool:
    return all(affine_of(a) == affine_of(b) for a, b in ((one.lb, other.lb), (one.step, other.step)))


def _why_not_buffers(one: Loop, other: Loop) -> Reason | None:
    """A buffer is used by one of the loops, or handed from the first to the second."""
    ours, theirs = _acquired(one), _acquired(other)
    for cb in ours.keys() & theirs.keys():
        handed = all(isinstance(op, CBReserveOp) for op in ours[cb]) and all(
            isinstance(op, CBWaitOp) for op in theirs[cb]
        )
        if not handed or len(ours[cb]) != len(theirs[cb]):
            return f"both loops use {named(cb)}, whose blocks come in the order of the loops", theirs[cb][0]
    written = _written(one) | _written(other)
    for block in written:
        users = [use.operation for use in block.uses]
        if all(any(loop.is_ancestor(user) for user in users) for loop in (one, other)):
            return f"both loops use {named(block, 'a block')}, which is stored to in one of them", other
    return None


def _acquired(loop: Loop) -> dict[SSAValue, list[AcquireOp]]:
    found: dict[SSAValue, list[AcquireOp]] = defaultdict(list)
    for op in loop.walk():
        if isinstance(op, AcquireOp):
            found[op.cb].append(op)
    return found


def _written(loop: Loop) -> set[SSAValue]:
    """Blocks that were acquired before a loop and are stored to in it."""
    return {
        op.dst
        for op in loop.walk()
        if isinstance(op, BlockStoreOp)
        and isinstance(op.dst.owner, Operation)
        and not loop.is_ancestor(op.dst.owner)
    }


def _join(one: Loop, other: Loop) -> None:
    """Append the body of the second loop to that of the first; numbers between them go before both."""
    assert one.parent is not None and one.next_op is not None
    while (op := one.next_op) is not other:
        assert op is not None
        op.detach()
        one.parent.insert_op_before(op, one)
    other.body.block.args[0].replace_all_uses_with(one.body.block.args[0])
    end = one.body.block.last_op
    assert isinstance(end, scf.YieldOp)
    for op in list(other.body.block.ops):
        if not isinstance(op, scf.YieldOp):
            op.detach()
            one.body.block.insert_op_before(op, end)
    other.parent.erase_op(other)  # type: ignore[union-attr]
