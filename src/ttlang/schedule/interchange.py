# SPDX-License-Identifier: Apache-2.0
"""Interchange of the two innermost loops of a kernel, in all its threads, where fewer blocks are fetched for it."""

from collections.abc import Iterator
from dataclasses import dataclass

from xdsl.dialects import scf
from xdsl.ir import SSAValue

from ttlang.dialects.ttl.buffers import AcquireOp, CBReserveOp, CBWaitOp
from ttlang.dialects.ttl.compute import BlockStoreOp
from ttlang.dialects.ttl.data_movement import (
    CopyOp,
    IndexAccessorOp,
)
from ttlang.dialects.ttl.structure import KernelOp
from ttlang.transforms.program_structure import block_bytes

from .bodies import COMPUTES, MOVES, PLACES, is_arithmetic_or
from .loop_nests import Correspondence, Loop, depends_on_loops, release_of, sites, turns_of
from .tensors import read_elsewhere

_INDEPENDENT = (*MOVES, *COMPUTES)
"""Ops by which turns of a loop do not depend on each other, when blocks are acquired and released in one turn."""


@dataclass(frozen=True)
class _Nest:
    """Two loops of a thread: the body of the outer holds the inner, and numbers besides."""

    outer: Loop
    inner: Loop


def interchange_for_reuse(kernel: KernelOp) -> None:
    """Interchange two innermost loops where reads that then move out of a loop save bytes, and turns are independent."""
    loops = Correspondence(kernel)
    for nests in list(_sets_of_nests(kernel, loops)):
        if _saves(nests, loops) and _is_legal(kernel, nests, loops):
            for nest in nests:
                _interchange(nest)


def _sets_of_nests(kernel: KernelOp, loops: Correspondence) -> Iterator[list[_Nest]]:
    """Nests of two loops, of all threads, that turn together."""
    by_roots: dict[tuple[Loop, Loop], list[_Nest]] = {}
    for loop in loops.loops:
        outer = loop.parent_op()
        is_innermost = not any(isinstance(op, Loop) for op in loop.body.block.ops)
        if isinstance(outer, Loop) and is_innermost:
            by_roots.setdefault((loops.root(outer), loops.root(loop)), []).append(_Nest(outer, loop))
    for (outer, inner), nests in by_roots.items():
        complete = len(nests) == len(loops.members(outer)) == len(loops.members(inner))
        if complete and outer is not inner and {loops.why_fixed(outer), loops.why_fixed(inner)} == {None}:
            yield nests


def _saves(nests: list[_Nest], loops: Correspondence) -> bool:
    """Whether fewer bytes are read with the loops interchanged."""
    nest = nests[0]
    turns = turns_of(nest.outer), turns_of(nest.inner)
    if turns[0] is None or turns[1] is None:
        return False
    outer, inner = loops.root(nest.outer), loops.root(nest.inner)
    now = after = 0
    for copy in _reads(nests):
        cb = copy.dst.owner
        assert isinstance(cb, AcquireOp)
        size = block_bytes(cb.cb_type)
        walked = {loops.root(loop) for i in copy.src.owner.operands for loop in depends_on_loops(i)}  # type: ignore[union-attr]
        now += size * turns[0] * (turns[1] if inner in walked else 1)
        after += size * turns[1] * (turns[0] if outer in walked else 1)
    return after < now


def _reads(nests: list[_Nest]) -> list[CopyOp]:
    return [
        op
        for nest in nests
        for op in nest.inner.body.block.ops
        if isinstance(op, CopyOp)
        and isinstance(op.src.owner, IndexAccessorOp)
        and isinstance(op.dst.owner, CBReserveOp)
    ]


def _is_legal(kernel: KernelOp, nests: list[_Nest], loops: Correspondence) -> bool:
    """Whether the turns of the nests may be taken in any order, the same in all threads."""
    for nest in nests:
        if any(nest.outer in depends_on_loops(o) for o in nest.inner.operands[:3]):
            return False
        if not all(
            op is nest.inner or is_arithmetic_or(op, (*PLACES, scf.YieldOp))
            for op in nest.outer.body.block.ops
        ):
            return False
        for op in nest.inner.body.block.ops:
            if not is_arithmetic_or(op, _INDEPENDENT):
                return False
            if isinstance(op, AcquireOp) and (release_of(op) is None or not _is_only_site(op)):
                return False
            if isinstance(op, BlockStoreOp | CopyOp) and any(
                _is_from_outside(o, nest.inner) for o in op.operands
            ):
                return False
    return not list(read_elsewhere(kernel, loops))


def _is_only_site(op: AcquireOp) -> bool:
    return len(sites(op.cb, CBReserveOp)) == len(sites(op.cb, CBWaitOp)) == 1


def _is_from_outside(value: SSAValue, loop: Loop) -> bool:
    """Whether a block that a turn uses was acquired before the loop."""
    return isinstance(value.owner, AcquireOp) and value.owner.parent is not loop.body.block


def _interchange(nest: _Nest) -> None:
    """Exchange bounds and variables; numbers of the outer body go where their operands are."""
    outer, inner = nest.outer, nest.inner
    start = inner.body.block.first_op
    assert start is not None and outer.parent is not None
    for op in list(outer.body.block.ops):
        if op is inner or isinstance(op, scf.YieldOp):
            continue
        moves_in = any(outer in depends_on_loops(o) for o in op.operands)
        op.detach()
        if moves_in:
            inner.body.block.insert_op_before(op, start)
        else:
            outer.parent.insert_op_before(op, outer)
    one, other = outer.body.block.args[0], inner.body.block.args[0]
    uses = list(one.uses), list(other.uses)
    for use in uses[0]:
        use.operation.operands[use.index] = other
    for use in uses[1]:
        use.operation.operands[use.index] = one
    one.name_hint, other.name_hint = other.name_hint, one.name_hint
    bounds = list(outer.operands[:3]), list(inner.operands[:3])
    for i in range(3):
        outer.operands[i], inner.operands[i] = bounds[1][i], bounds[0][i]
