# SPDX-License-Identifier: Apache-2.0
"""Builds loops and integer arithmetic of threads, folded where the numbers are known."""

from collections.abc import Iterator
from contextlib import contextmanager

from xdsl.dialects import arith, scf
from xdsl.ir import Block, Operation, SSAValue

from ttlang.dialects.interned import INDEX, integer
from ttlang.dialects.ttl.syntax import constant_index

from .canonicalization_patterns.integers import FOLDINGS
from .insertion import Insertion

Value = SSAValue | int
"""An index: a value of the program, or a number."""

Binary = (
    type[arith.AddiOp]
    | type[arith.SubiOp]
    | type[arith.MuliOp]
    | type[arith.DivUIOp]
    | type[arith.RemUIOp]
    | type[arith.MinSIOp]
    | type[arith.MaxSIOp]
)


def known(value: SSAValue) -> Value:
    """A value as a number, where it is one."""
    constant = constant_index(value)
    return value if constant is None else constant


class IndexBuilder(Insertion):
    """Inserts index arithmetic and loops."""

    @classmethod
    def before(cls, op: Operation) -> "IndexBuilder":
        """Inserts before an op, with its location."""
        assert op.parent is not None
        return cls(op.parent, op, op.location)

    def value(self, number: Value) -> SSAValue:
        """A number as a value."""
        if isinstance(number, SSAValue):
            return number
        return self.insert(arith.ConstantOp(integer(number, INDEX))).results[0]

    def binary(self, op: Binary, left: Value, right: Value) -> Value:
        """`op` of two indices, folded where both are known or it changes nothing."""
        folding = FOLDINGS[op.name]
        if isinstance(left, int) and isinstance(right, int):
            folded = folding.function(left, right)
            assert folded is not None
            return folded
        if right == folding.neutral_right and isinstance(right, int):
            return left
        if left == folding.neutral_left and isinstance(left, int):
            return right
        return self.insert(op(self.value(left), self.value(right))).results[0]

    def add(self, left: Value, right: Value) -> Value:
        return self.binary(arith.AddiOp, left, right)

    def multiply(self, left: Value, right: Value) -> Value:
        return self.binary(arith.MuliOp, left, right)

    def subtract(self, left: Value, right: Value) -> Value:
        return self.binary(arith.SubiOp, left, right)

    @contextmanager
    def loop(self, lower: Value, upper: Value, step: Value, name: str | None) -> Iterator[Value]:
        """A loop around what is inserted inside; yields its variable. One turn needs no loop, and no turn no code."""
        if all(isinstance(bound, int) for bound in (lower, upper, step)):
            assert isinstance(lower, int) and isinstance(upper, int) and isinstance(step, int)
            if lower < upper <= lower + step:
                yield lower
                return
        bounds = [self.value(bound) for bound in (lower, upper, step)]
        body = Block(arg_types=[INDEX])
        body.args[0].name_hint = name
        saved = self._anchor, self._block
        self._anchor, self._block = None, body
        yield body.args[0]
        self.insert(scf.YieldOp())
        self._anchor, self._block = saved
        self.insert(scf.ForOp(bounds[0], bounds[1], bounds[2], [], body))
