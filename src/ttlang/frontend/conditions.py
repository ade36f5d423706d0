# SPDX-License-Identifier: Apache-2.0
"""Truth in threads: comparisons, `and`, `or`, `not`, conditional expressions, with Python's evaluation order.

What depends on the core is evaluated on one side only where evaluating it elsewhere could fault or be seen; integer
arithmetic without division is computed on both sides and selected.
"""

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import IndexType, IntegerAttr, TensorType, f32, i1
from xdsl.ir import Block as IRBlock
from xdsl.ir import SSAValue

from ttlang.hardware.data_formats import DataType

from . import floats, integers
from .carried_blocks import as_tensor
from .constructs import symbol
from .values import (
    Affine,
    Bounds,
    RuntimeBool,
    RuntimeFloat,
    RuntimeInt,
    TensorValue,
    depends_on_core,
    describe,
)

if TYPE_CHECKING:
    from .thread_compiler import ThreadCompiler

_COMPARE_NAMES: dict[type[ast.cmpop], str] = {
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
    ast.Eq: "eq",
    ast.NotEq: "ne",
}
_SAFE_ANYWHERE = (
    arith.ConstantOp,
    arith.AddiOp,
    arith.SubiOp,
    arith.MuliOp,
    arith.MinSIOp,
    arith.MaxSIOp,
    arith.CmpiOp,
    arith.AndIOp,
    arith.OrIOp,
    arith.XOrIOp,
    arith.SelectOp,
)
"""Ops that may be computed where their result is not used: no division (by zero), no effect."""

Evaluation = Callable[[], Any]


def carriable(value: Any) -> bool:
    """Whether a value can differ between run-time paths: numbers and truth values."""
    return isinstance(value, int | float | RuntimeInt | RuntimeBool | RuntimeFloat) and not isinstance(
        value, DataType
    )


def carried_type(values: tuple[Any, ...]) -> Any:
    """The IR type of a name with these values on different paths: a truth value when all of them are, a float when one is."""
    if any(isinstance(v, float | RuntimeFloat) for v in values):
        return f32
    run_time = any(isinstance(v, RuntimeBool) for v in values)
    return i1 if run_time and all(isinstance(v, bool | RuntimeBool) for v in values) else IndexType()


def carry(compiler: "ThreadCompiler", value: Any, type: Any) -> SSAValue:
    """`value` as an SSA value of a carried type."""
    if type == f32:
        return floats.ssa(compiler, value)
    if isinstance(type, TensorType):
        return as_tensor(compiler, value, type)
    if type != i1:
        return compiler.index(value)
    if isinstance(value, RuntimeBool):
        return value.ssa
    return compiler.emit(arith.ConstantOp(IntegerAttr(int(bool(value)), i1))).results[0]


def _side(compiler: "ThreadCompiler", evaluation: Evaluation) -> tuple[IRBlock, Any]:
    block = IRBlock()
    saved, compiler.block = compiler.block, block
    compiler.conditional += 1
    try:
        return block, evaluation()
    finally:
        compiler.conditional -= 1
        compiler.block = saved


def choose(compiler: "ThreadCompiler", test: RuntimeBool, then: Evaluation, otherwise: Evaluation) -> Any:
    """The value of `then` where `test` holds, else that of `otherwise`."""
    sides = _side(compiler, then), _side(compiler, otherwise)
    (_, yes), (_, no) = sides
    safe = all(isinstance(op, _SAFE_ANYWHERE) for block, _ in sides for op in block.ops)
    types = [] if yes is no else [_common_type(compiler, yes, no)]
    if safe:
        for block, _ in sides:
            for op in list(block.ops):
                block.detach_op(op)
                compiler.block.add_op(op)
        return yes if yes is no else _select(compiler, test, yes, no, types[0])
    for block, value in sides:
        saved, compiler.block = compiler.block, block
        compiler.emit(scf.YieldOp(*(carry(compiler, value, type) for type in types)))
        compiler.block = saved
    op = compiler.emit(scf.IfOp(test.ssa, types, [sides[0][0]], [sides[1][0]]))
    return _result(compiler, op.results[0], yes, no) if types else yes


def _common_type(compiler: "ThreadCompiler", yes: Any, no: Any) -> Any:
    for value in (yes, no):
        if not carriable(value):
            raise compiler.error(
                f"only numbers and truth values can depend on a run-time condition, not {describe(value)}",
                hint="use an 'if' statement around what is done with it",
            )
    if any(isinstance(v, float | RuntimeFloat) for v in (yes, no)):
        return f32
    return i1 if all(isinstance(v, bool | RuntimeBool) for v in (yes, no)) else IndexType()


def _select(compiler: "ThreadCompiler", test: RuntimeBool, yes: Any, no: Any, type: Any) -> Any:
    if type == i1 and no is False and isinstance(yes, RuntimeBool):
        return RuntimeBool(compiler.emit(arith.AndIOp(test.ssa, yes.ssa)).results[0])
    if type == i1 and yes is True and isinstance(no, RuntimeBool):
        return RuntimeBool(compiler.emit(arith.OrIOp(test.ssa, no.ssa)).results[0])
    operands = carry(compiler, yes, type), carry(compiler, no, type)
    return _result(compiler, compiler.emit(arith.SelectOp(test.ssa, *operands)).results[0], yes, no)


def _result(compiler: "ThreadCompiler", ssa: SSAValue, yes: Any, no: Any) -> Any:
    if ssa.type == i1:
        return RuntimeBool(ssa)
    if ssa.type == f32:
        return RuntimeFloat(ssa)
    x, y = (Bounds(0, 1) if isinstance(v, RuntimeBool) else integers.bounds_of(v) for v in (yes, no))
    low = None if x.low is None or y.low is None else min(x.low, y.low)
    high = None if x.high is None or y.high is None else max(x.high, y.high)
    compiler.bounds[ssa] = Bounds(low, high)
    return RuntimeInt(ssa, Affine(0, {ssa: 1}), compiler.bounds[ssa])


def both(compiler: "ThreadCompiler", first: Any, second: Evaluation) -> Any:
    """`first and second`, for truth values."""
    truth = compiler.condition(first)
    if isinstance(truth, bool):
        return compiler.condition(second()) if truth else False
    return choose(compiler, truth, lambda: compiler.condition(second()), lambda: False)


def either(compiler: "ThreadCompiler", first: Any, second: Evaluation) -> Any:
    """`first or second`, for truth values."""
    truth = compiler.condition(first)
    if isinstance(truth, bool):
        return True if truth else compiler.condition(second())
    return choose(compiler, truth, lambda: True, lambda: compiler.condition(second()))


def negate(compiler: "ThreadCompiler", value: Any) -> Any:
    """`not value`."""
    truth = compiler.condition(value)
    if isinstance(truth, bool):
        return not truth
    one = compiler.emit(arith.ConstantOp(IntegerAttr(1, i1))).results[0]
    return RuntimeBool(compiler.emit(arith.XOrIOp(truth.ssa, one)).results[0])


def bool_op(compiler: "ThreadCompiler", node: ast.BoolOp, position: int = 0) -> Any:
    """`a and b`, `a or b`: one of the operands, as in Python; later ones only where they decide."""
    is_or = isinstance(node.op, ast.Or)
    value = compiler.expression(node.values[position])
    if position + 1 == len(node.values):
        return value
    truth = compiler.condition(value)

    def rest() -> Any:
        return bool_op(compiler, node, position + 1)

    if isinstance(truth, bool):
        return value if truth == is_or else rest()
    if is_or:
        return choose(compiler, truth, lambda: True if isinstance(value, RuntimeBool) else value, rest)
    return choose(compiler, truth, rest, lambda: _false(value))


def _false(value: Any) -> Any:
    """What a value is where it is false: zero of its type."""
    return False if isinstance(value, RuntimeBool) else 0.0 if isinstance(value, RuntimeFloat) else 0


def if_expression(compiler: "ThreadCompiler", node: ast.IfExp) -> Any:
    """`a if test else b`."""
    test = compiler.condition(compiler.expression(node.test))
    if isinstance(test, bool):
        return compiler.expression(node.body if test else node.orelse)
    return choose(
        compiler, test, lambda: compiler.expression(node.body), lambda: compiler.expression(node.orelse)
    )


def compare(compiler: "ThreadCompiler", node: ast.Compare) -> Any:
    """A comparison; of a chain, later operands are evaluated only where they decide."""
    return _chain(compiler, node, compiler.expression(node.left), 0)


def _chain(compiler: "ThreadCompiler", node: ast.Compare, left: Any, position: int) -> Any:
    right = compiler.expression(node.comparators[position])
    outcome = _comparison(compiler, node, node.ops[position], left, right)
    if position + 1 == len(node.ops):
        return outcome
    return both(compiler, outcome, lambda: _chain(compiler, node, right, position + 1))


def _comparison(compiler: "ThreadCompiler", node: ast.Compare, op: ast.cmpop, left: Any, right: Any) -> Any:
    if (name := _COMPARE_NAMES.get(type(op))) is not None:
        return compiler.binary(name, left, right)
    if isinstance(op, ast.Is | ast.IsNot):
        if None not in (left, right) and (depends_on_core(left) or depends_on_core(right)):
            raise compiler.error(
                f"'{symbol(op)}' of run-time values cannot be compiled", node, "use '==' or '!='"
            )
        return (left is right) == isinstance(op, ast.Is)
    if not isinstance(right, tuple | list | range | str):
        raise compiler.error(f"'{symbol(op)}' takes a tuple, a list or a range, got {describe(right)}", node)
    found = _contains(compiler, left, right)
    return negate(compiler, found) if isinstance(op, ast.NotIn) else found


def _contains(compiler: "ThreadCompiler", value: Any, sequence: Any, position: int = 0) -> Any:
    if not depends_on_core(value) and not depends_on_core(sequence):
        try:
            return value in sequence
        except TypeError as error:
            raise compiler.error(str(error)) from None
    if isinstance(sequence, range) and not isinstance(value, TensorValue):
        return in_range(compiler, value, sequence)
    if position == len(sequence):
        return False
    equal = compiler.binary("eq", value, sequence[position])
    return either(compiler, equal, lambda: _contains(compiler, value, sequence, position + 1))


def in_range(compiler: "ThreadCompiler", value: Any, sequence: range) -> Any:
    """`value in sequence`, without comparisons that the value's bounds decide."""
    if not sequence:
        return False
    if len(sequence) == 1:
        return compiler.binary("eq", value, sequence[0])
    first, last = min(sequence[0], sequence[-1]), max(sequence[0], sequence[-1])
    inside = both(compiler, compiler.binary("ge", value, first), lambda: compiler.binary("le", value, last))
    stride = abs(sequence.step)
    if stride == 1:
        return inside

    def on_stride() -> Any:
        return compiler.binary("eq", compiler.binary("mod", compiler.binary("sub", value, first), stride), 0)

    return both(compiler, inside, on_stride)


def equal_sequences(compiler: "ThreadCompiler", a: Any, b: Any, position: int = 0) -> Any:
    """`a == b` for tuples or lists of which an element depends on the core."""
    if type(a) is not type(b) or len(a) != len(b):
        return False
    if position == len(a):
        return True
    equal = compiler.binary("eq", a[position], b[position])
    return both(compiler, equal, lambda: equal_sequences(compiler, a, b, position + 1))
