# SPDX-License-Identifier: Apache-2.0
"""Bounds of indices that are sums of multiples of loop variables and core coordinates."""

from dataclasses import dataclass, field

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import BlockArgument, Operation, SSAValue

from ttlang.dialects.ttl.data_movement import CoreIndexOp
from ttlang.dialects.ttl.pipes import PipeEndOp
from ttlang.dialects.ttl.structure import enclosing_grid, enclosing_kernel
from ttlang.language.symbols import fold_coordinates

from .core_values import coordinates
from .thread_sets import cores_of_kernel


@dataclass(frozen=True)
class Affine:
    """constant + sum of coefficient * atom; atoms take all values of their range, independently of each other."""

    constant: int
    terms: dict[SSAValue, int] = field(default_factory=dict)

    def plus(self, other: "Affine", scale: int = 1) -> "Affine":
        terms = dict(self.terms)
        for atom, coefficient in other.terms.items():
            terms[atom] = terms.get(atom, 0) + scale * coefficient
        return Affine(self.constant + scale * other.constant, {a: c for a, c in terms.items() if c})

    def times(self, factor: int) -> "Affine":
        return Affine(self.constant * factor, {a: c * factor for a, c in self.terms.items() if factor})


def affine_of(value: SSAValue) -> Affine:
    """`value` as an affine sum; what is not one is an atom."""
    op = value.owner
    if not isinstance(op, Operation):
        return Affine(0, {value: 1})
    match op:
        case arith.ConstantOp(value=IntegerAttr() as constant):
            return Affine(constant.value.data)
        case arith.AddiOp():
            return affine_of(op.lhs).plus(affine_of(op.rhs))
        case arith.SubiOp():
            return affine_of(op.lhs).plus(affine_of(op.rhs), -1)
        case arith.MuliOp():
            left, right = affine_of(op.lhs), affine_of(op.rhs)
            if not right.terms:
                return left.times(right.constant)
            if not left.terms:
                return right.times(left.constant)
    return Affine(0, {value: 1})


def _range(atom: SSAValue) -> tuple[int, int] | None:
    """First and last value of an atom, both of which it takes; None when they are not known."""
    if isinstance(atom, BlockArgument):
        loop = atom.block.parent_op()
        if not isinstance(loop, scf.ForOp) or atom.index != 0:
            return None
        bounds = [affine_of(o) for o in loop.operands[:3]]
        if any(b.terms for b in bounds):
            return None
        values = range(bounds[0].constant, bounds[1].constant, max(bounds[2].constant, 1))
        return (values[0], values[-1]) if values else None
    op = atom.owner
    if isinstance(op, CoreIndexOp):
        grid = enclosing_grid(op)
        if grid is None:
            return None
        position = next(i for i, result in enumerate(op.results) if result is atom)
        kernel = enclosing_kernel(op)
        if kernel is not None and kernel.core_range is not None:
            cores = cores_of_kernel(kernel, grid.sizes)
            found = [coordinates(core, grid.sizes, len(op.results))[position] for core in cores]
            return min(found), max(found)
        return 0, fold_coordinates(grid.sizes, len(op.results))[position] - 1
    return None


def bounds(value: SSAValue) -> tuple[int, int] | None:
    """Least and greatest value of an index, both of which occur; None when they are not known."""
    affine = affine_of(value)
    low = high = affine.constant
    for atom, coefficient in affine.terms.items():
        found = _range(atom)
        if found is None:
            return None
        first, last = found if coefficient > 0 else found[::-1]
        low, high = low + coefficient * first, high + coefficient * last
    return low, high


def is_unconditional(op: Operation) -> bool:
    """Whether `op` runs on every core, at least once for each combination of loop variables."""
    parent = op.parent_op()
    while parent is not None:
        if isinstance(parent, scf.IfOp | scf.WhileOp | PipeEndOp):
            return False
        parent = parent.parent_op()
    return True
