# SPDX-License-Identifier: Apache-2.0
"""The step `transform.ttl.reorder_for_locality`: a block that several turns need is fetched once for all of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from xdsl.dialects import scf
from xdsl.ir import Block, Operation, SSAValue
from xdsl.irdl import IRDLOperation

from ttlang.dialects.ttl.buffers import AcquireOp, CBReserveOp, CBWaitOp, ReleaseOp
from ttlang.dialects.ttl.data_movement import (
    CopyOp,
    IndexAccessorOp,
)
from ttlang.dialects.ttl.structure import KernelOp
from ttlang.transforms.program_structure import buffers

from .bodies import MOVES, Kinds, is_arithmetic_or
from .errors import ScheduleError
from .interchange import interchange_for_reuse
from .loop_nests import Loop, Reason, depends_on_loops, describe, release_of, sites, turns_of
from .targets import named, of_kind
from .tensors import copies_in, tensor_of

_PASSED: Kinds = (*MOVES, scf.ForOp)
"""Ops of a data-movement loop that a read may be moved past."""


def apply(targets: Sequence[Operation], request: IRDLOperation) -> list[Operation]:
    """Fetch each block that does not depend on the loop around its read once, before the loop, and hold it meanwhile.

    The read (reserve, copy, push) moves out of the loop in the thread that fills the buffer, wait and pop out of the
    corresponding loop in the thread that takes from it; outwards as long as both can. Where no read is independent of the
    innermost loop, the two innermost loops are interchanged if that makes one so and the turns depend on nothing but
    their variables. Values stay as they are.

    Refuses a kernel in which no read can move, with the reason for the first that is independent of its loop.
    """
    kernels = of_kind(targets, KernelOp, "kernels")
    for kernel in kernels:
        if not _reorder(kernel.clone()):
            _refuse(kernel)
    for kernel in kernels:
        _reorder(kernel)
    return list(targets)


def _reorder(kernel: KernelOp) -> int:
    """Move what can be moved; returns how many reads did."""
    moves = 0
    interchange_for_reuse(kernel)
    while move := next((m for m in _found(kernel) if isinstance(m, Move)), None):
        move.carry_out()
        moves += 1
    return moves


def _found(kernel: KernelOp) -> "Iterator[Move | Reason | None]":
    return (find_move(kernel, cb.result) for cb in buffers(kernel))


def _refuse(kernel: KernelOp) -> None:
    reason = next((f for f in _found(kernel) if isinstance(f, tuple)), None)
    if reason is not None:
        raise ScheduleError(*reason)
    raise ScheduleError(
        "every block that is read in a loop is another in each turn: nothing is fetched twice", kernel
    )


@dataclass(frozen=True)
class Move:
    """A read that does not depend on the loop around it, and the ops that take part on both sides."""

    fill: Loop
    reading: list[Operation]
    take: Loop
    wait: CBWaitOp
    pop: ReleaseOp

    def carry_out(self) -> None:
        for op in self.reading:
            _before(op, self.fill)
        _before(self.wait, self.take)
        assert self.pop.parent is not None and self.take.parent is not None
        self.pop.parent.detach_op(self.pop)
        self.take.parent.insert_op_after(self.pop, self.take)


def _before(op: Operation, loop: Loop) -> None:
    op.detach()
    assert loop.parent is not None
    loop.parent.insert_op_before(op, loop)


def find_move(kernel: KernelOp, cb: SSAValue) -> Move | Reason | None:
    """How a buffer's reads can move out of the loop around them; why not; or None where nothing is read twice."""
    filled, taken = sites(cb, CBReserveOp), sites(cb, CBWaitOp)
    if len(filled) != 1 or len(taken) != 1:
        return None
    reserve, wait = filled[0], taken[0]
    fill = reserve.parent_op()
    copies = [u.operation for u in reserve.block.uses] if reserve.block is not None else []
    reads = [c for c in copies if isinstance(c, CopyOp) and isinstance(c.src.owner, IndexAccessorOp)]
    if not isinstance(fill, Loop) or len(reads) != 1:
        return None
    copy = reads[0]
    if any(fill in depends_on_loops(i) for i in copy.src.owner.operands):  # type: ignore[union-attr]
        return None
    name = named(cb)
    take = wait.parent_op()
    if not isinstance(take, Loop):
        return f"blocks of {name} are not taken in a loop as they are filled in one", wait
    turns = turns_of(fill)
    if turns is None or turns != turns_of(take) or turns < 1:
        return (
            f"{name} is filled in {_turns(fill)} of {describe(fill)} and taken in {_turns(take)} of {describe(take)}",
            wait,
        )
    push, pop = release_of(reserve), release_of(wait)
    if push is None or pop is None:
        return f"a block of {name} is released elsewhere than in the body that acquires it", reserve
    if len(copies) != 1:
        return f"a block of {name} has other uses than its copy where it is filled", reserve
    if (obstacle := _obstacle(kernel, fill, copy)) is not None:
        return obstacle
    reading = _reading(fill.body.block, reserve, copy, push)
    return Move(fill, reading, take, _as_wait(wait), pop)


def _as_wait(op: AcquireOp) -> CBWaitOp:
    assert isinstance(op, CBWaitOp)
    return op


def _turns(loop: Loop) -> str:
    turns = turns_of(loop)
    return "a loop of unknown length" if turns is None else f"a loop of {turns} turns"


def _obstacle(kernel: KernelOp, fill: Loop, copy: CopyOp) -> Reason | None:
    """What may change the source of a read between the turns of the loop around it."""
    for op in fill.walk():
        if not is_arithmetic_or(op, _PASSED):
            return f"a read would be moved past '{op.name}', which may stand there for it to wait for", op
    tensor = tensor_of(copy.src)
    assert tensor is not None, "it reads a tensor"
    for other in copies_in(kernel):
        if tensor_of(other.dst) is tensor:
            return f"{named(tensor, 'a tensor')} is written too: another turn may read another value", other
    return None


def _reading(body: Block, reserve: AcquireOp, copy: CopyOp, push: ReleaseOp) -> list[Operation]:
    """The ops of a body that a read is made of, in order: those of the protocol, and what its place is computed by."""
    needed: set[Operation] = set()
    stack: list[Operation] = [reserve, copy, push, *(u.operation for u in copy.tx.uses)]
    while stack:
        op = stack.pop()
        if op not in needed and op.parent is body:
            needed.add(op)
            stack.extend(o.owner for o in op.operands if isinstance(o.owner, Operation))
    return [op for op in body.ops if op in needed]
