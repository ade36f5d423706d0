# SPDX-License-Identifier: Apache-2.0
"""Accumulation of a block in L1: whether the packer overwrites or adds, turn by turn."""

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import IntegerAttr, i1, i32
from xdsl.ir import Operation, SSAValue

from ttlang.dialects.ttl.buffers import CBReserveOp
from ttlang.dialects.ttl.compute import BlockComputeOp

from .kernel_builder import KernelBuilder


def accumulating_loops(block: SSAValue) -> list[BlockComputeOp]:
    """The fused loops that accumulate on a block."""
    users = (use.operation for use in block.uses)
    return [u for u in users if isinstance(u, BlockComputeOp) and u.accumulate is not None]


def first_flag(builder: KernelBuilder, loop: BlockComputeOp) -> SSAValue | None:
    """32-bit flag for a loop that accumulates first on its block: 0 in the first turn of the loops between the block's
    reserve and this, else 1. None when a branch or a `while` makes the first turn unknown.
    """
    reserve = loop.outputs[0].owner
    assert isinstance(reserve, CBReserveOp)
    turns = _loops_between(loop, reserve)
    if turns is None:
        return None
    flag: SSAValue | None = None
    for turn in turns:
        variable = turn.body.block.args[0]
        later = builder.insert(arith.CmpiOp(variable, turn.lb, "ne")).results[0]
        flag = later if flag is None else builder.insert(arith.OrIOp(flag, later)).results[0]
    if flag is None:
        return builder.i32(0)
    assert flag.type == i1
    return builder.insert(arith.ExtUIOp(flag, i32)).results[0]


def _loops_between(op: Operation, outer: Operation) -> list[scf.ForOp] | None:
    """The counted loops around `op` inside the block of `outer`, outermost first; None when there is anything else."""
    loops: list[scf.ForOp] = []
    while op.parent is not outer.parent:
        parent = op.parent_op()
        if not isinstance(parent, scf.ForOp):
            return None
        loops.insert(0, parent)
        op = parent
    return loops


def runs_first(loop: BlockComputeOp, others: list[BlockComputeOp], position: dict[Operation, int]) -> bool:
    """Whether a loop is the first of those that accumulate on a block, and certainly runs before the others.

    It does when it stands in the same block as they or in loops around them that turn at least once.
    """
    if any(position[other] < position[loop] for other in others):
        return False
    rest = [other for other in others if other is not loop]
    if not rest:
        return True
    reserve = loop.outputs[0].owner
    assert isinstance(reserve, CBReserveOp)
    turns = _loops_between(loop, reserve)
    return turns is not None and all(_certain(turn) for turn in turns)


def _certain(loop: scf.ForOp) -> bool:
    """Whether a loop turns at least once, as its constants say."""
    bounds = [v.owner for v in (loop.lb, loop.ub)]
    values = [
        b.value.value.data
        for b in bounds
        if isinstance(b, arith.ConstantOp) and isinstance(b.value, IntegerAttr)
    ]
    return len(values) == 2 and values[0] < values[1]
