# SPDX-License-Identifier: Apache-2.0
"""Page numbers that are computed once before a loop and advance from turn to turn."""

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import i32
from xdsl.ir import Block, Operation, SSAValue

from .index_bounds import Affine, affine_of
from .kernel_builder import KernelBuilder


class AdvancingPages:
    """Sums of multiples of loop variables, in one function. Each loop whose variable is in a sum carries the sum on."""

    def __init__(self, builder: KernelBuilder):
        self.b = builder
        self._carried: dict[tuple[Block, int, frozenset[tuple[SSAValue, int]]], SSAValue] = {}

    def value(self, at: Operation, form: Affine, name: str) -> SSAValue:
        """The 32-bit value of a sum where `at` stands, which is where the builder inserts."""
        loop = _innermost(at, form)
        if loop is None:
            return self._sum(form, name)
        body = loop.body.block
        key = (body, form.constant, frozenset(form.terms.items()))
        if key not in self._carried:
            self._carried[key] = self._carry(loop, form, name)
        return self._carried[key]

    def _sum(self, form: Affine, name: str) -> SSAValue:
        total: SSAValue | int = 0
        for atom, coefficient in form.terms.items():
            total = self.b.add(total, self.b.multiply(atom, coefficient))
        value = self.b.i32(self.b.index(self.b.add(total, form.constant)))
        if value.name_hint is None and not isinstance(value.owner, arith.ConstantOp):
            value.name_hint = name
        return value

    def _carry(self, loop: scf.ForOp, form: Affine, name: str) -> SSAValue:
        """Give a loop one more value to carry: the sum, from that of its first turn on."""
        body = loop.body.block
        coefficient = form.terms[body.args[0]]
        rest = Affine(form.constant, {a: c for a, c in form.terms.items() if a is not body.args[0]})
        with self.b.before(loop):
            first = self.value(loop, rest.plus(affine_of(loop.lb), coefficient), name)
        carried = body.insert_arg(i32, len(body.args))
        carried.name_hint = name
        end = body.last_op
        assert isinstance(end, scf.YieldOp)
        with self.b.before(end):
            distance = self.b.i32(coefficient * affine_of(loop.step).constant)
            onward = self.b.insert(arith.AddiOp(carried, distance)).results[0]
        new_end = scf.YieldOp(*end.operands, onward)
        new_end.location = end.location
        body.insert_op_before(new_end, end)
        body.erase_op(end)
        self._replace(loop, first)
        return carried

    def _replace(self, loop: scf.ForOp, first: SSAValue) -> None:
        """The loop anew, with one more value that it starts with."""
        block = loop.parent
        assert block is not None
        start = [*loop.iter_args, first]
        bounds = (loop.lb, loop.ub, loop.step)
        region = loop.detach_region(loop.body)
        new = scf.ForOp(*bounds, start, region)
        new.location = loop.location
        new.attributes.update(loop.attributes)
        block.insert_op_before(new, loop)
        for old, result in zip(loop.results, new.results, strict=False):
            result.name_hint = old.name_hint
            old.replace_all_uses_with(result)
        block.erase_op(loop)


def _innermost(at: Operation, form: Affine) -> scf.ForOp | None:
    """The innermost loop around an op whose variable is in a sum, when all else in the sum is known before it."""
    op = at.parent_op()
    while op is not None:
        if isinstance(op, scf.ForOp) and op.body.block.args[0] in form.terms:
            others = [atom for atom in form.terms if atom is not op.body.block.args[0]]
            known = not affine_of(op.step).terms and not any(_is_inside(atom, op) for atom in others)
            return op if known else None
        op = op.parent_op()
    return None


def _is_inside(value: SSAValue, loop: scf.ForOp) -> bool:
    """Whether a value is made in a loop."""
    block = value.owner if isinstance(value.owner, Block) else value.owner.parent
    while block is not None:
        parent = block.parent_op()
        if parent is loop:
            return True
        block = parent.parent if parent is not None else None
    return False
