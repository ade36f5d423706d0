# SPDX-License-Identifier: Apache-2.0
"""Run-time integer arithmetic with Python's meaning: `//` rounds down, `%` has the sign of the divisor."""

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from xdsl.dialects import arith
from xdsl.ir import SSAValue

from .values import Affine, Bounds, RuntimeBool, RuntimeInt

if TYPE_CHECKING:
    from .thread_compiler import ThreadCompiler

Int = int | RuntimeInt

PYTHON_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "eq": operator.eq,
    "ne": operator.ne,
    "min": min,
    "max": max,
}
_SIGNED_PREDICATE = {"eq": "eq", "ne": "ne", "lt": "slt", "le": "sle", "gt": "sgt", "ge": "sge"}


def affine_of(value: Int) -> Affine:
    return value.affine if isinstance(value, RuntimeInt) else Affine(int(value))


def bounds_of(value: Int) -> Bounds:
    return value.bounds if isinstance(value, RuntimeInt) else Bounds(int(value), int(value), True)


def _affine_bounds(compiler: "ThreadCompiler", affine: Affine) -> Bounds:
    """Bounds of an affine combination of values whose bounds are known.

    They are exact when those of the values are and the values do not depend on each other.
    """
    low: int | None = affine.constant
    high: int | None = affine.constant
    exact = len(affine.terms) < 2 or all(value in compiler.free for value in affine.terms)
    for value, coefficient in affine.terms.items():
        atom = compiler.bounds.get(value, Bounds())
        first, last = (atom.low, atom.high) if coefficient > 0 else (atom.high, atom.low)
        low = None if low is None or first is None else low + coefficient * first
        high = None if high is None or last is None else high + coefficient * last
        exact = exact and atom.exact
    return Bounds(low, high, exact)


def _linear(compiler: "ThreadCompiler", op: type[Any], a: Int, b: Int, affine: Affine) -> Int:
    if not affine.terms:
        return affine.constant
    if affine.constant == 0 and len(affine.terms) == 1:
        ((value, coefficient),) = affine.terms.items()
        if coefficient == 1:
            return RuntimeInt(value, affine, compiler.bounds.get(value, Bounds()))
    ssa = compiler.emit(op(compiler.index(a), compiler.index(b))).results[0]
    return RuntimeInt(ssa, affine, _affine_bounds(compiler, affine))


def _atom(compiler: "ThreadCompiler", ssa: SSAValue, bounds: Bounds) -> RuntimeInt:
    compiler.bounds[ssa] = bounds
    return RuntimeInt.atom(ssa, bounds)


def _multiply(compiler: "ThreadCompiler", a: Int, b: Int) -> Int:
    for factor, other in ((a, b), (b, a)):
        if not isinstance(factor, RuntimeInt):
            return _linear(compiler, arith.MuliOp, a, b, affine_of(other).times(int(factor)))
    x, y = bounds_of(a), bounds_of(b)
    bounds = Bounds()
    if x.non_negative and y.non_negative and x.low is not None and y.low is not None:
        high = None if x.high is None or y.high is None else x.high * y.high
        bounds = Bounds(x.low * y.low, high)
    ssa = compiler.emit(arith.MuliOp(compiler.index(a), compiler.index(b))).results[0]
    return _atom(compiler, ssa, bounds)


def _divide(compiler: "ThreadCompiler", name: str, a: Int, b: Int) -> Int:
    if not isinstance(b, RuntimeInt):
        if b == 0:
            raise compiler.error("division by zero")
        if b == 1:
            return a if name == "floordiv" else 0
    x, y = bounds_of(a), bounds_of(b)
    left, right = compiler.index(a), compiler.index(b)
    positive = x.non_negative and y.low is not None and y.low > 0
    if name == "floordiv":
        op = arith.DivUIOp(left, right) if positive else arith.FloorDivSIOp(left, right)
        low = high = None
        if positive and y.low is not None and y.low == y.high and x.low is not None:
            low, high = x.low // y.low, None if x.high is None else x.high // y.low
        bounds = Bounds(low if positive else None, high, x.exact and high is not None)
        return _atom(
            compiler, compiler.emit(op).results[0], Bounds(0, None) if positive and low is None else bounds
        )
    if positive:
        remainder = compiler.emit(arith.RemUIOp(left, right)).results[0]
    else:  # the sign of the divisor: a - floor(a / b) * b
        quotient = compiler.emit(arith.FloorDivSIOp(left, right)).results[0]
        product = compiler.emit(arith.MuliOp(quotient, right)).results[0]
        remainder = compiler.emit(arith.SubiOp(left, product)).results[0]
    bounds = Bounds()
    if y.low is not None and y.low > 0 and y.high is not None:
        affine = affine_of(a)
        counts = affine.constant == 0 and [(c, compiler.free.get(v)) for v, c in affine.terms.items()] == [
            (1, 1)
        ]
        whole = counts and x.high is not None and x.low == 0 and y.low == y.high and x.high >= y.high - 1
        bounds = Bounds(0, y.high - 1, whole and x.exact)
    return _atom(compiler, remainder, bounds)


def binary(compiler: "ThreadCompiler", name: str, a: Int, b: Int) -> Any:
    """`a <name> b` for integers of which at least one is known at run time only."""
    if not isinstance(a, RuntimeInt) and not isinstance(b, RuntimeInt):
        return PYTHON_OPERATORS[name](a, b)
    match name:
        case "add":
            return _linear(compiler, arith.AddiOp, a, b, affine_of(a).plus(affine_of(b)))
        case "sub":
            return _linear(compiler, arith.SubiOp, a, b, affine_of(a).plus(affine_of(b), -1))
        case "mul":
            return _multiply(compiler, a, b)
        case "floordiv" | "mod":
            return _divide(compiler, name, a, b)
        case "min" | "max":
            op = arith.MinSIOp if name == "min" else arith.MaxSIOp
            ssa = compiler.emit(op(compiler.index(a), compiler.index(b))).results[0]
            pick = PYTHON_OPERATORS[name]
            x, y = bounds_of(a), bounds_of(b)
            low = None if x.low is None or y.low is None else pick(x.low, y.low)
            high = None if x.high is None or y.high is None else pick(x.high, y.high)
            return _atom(compiler, ssa, Bounds(low, high))
    return _compare(compiler, name, a, b)


def _compare(compiler: "ThreadCompiler", name: str, a: Int, b: Int) -> "bool | RuntimeBool":
    difference = _affine_bounds(compiler, affine_of(a).plus(affine_of(b), -1))
    if difference.low is not None and difference.high is not None:
        samples = {difference.low, difference.high}
        if difference.low <= 0 <= difference.high:
            samples.add(0)
        outcomes = {bool(PYTHON_OPERATORS[name](d, 0)) for d in samples}
        if len(outcomes) == 1:
            return outcomes.pop()
    predicate = _SIGNED_PREDICATE[name]
    op = arith.CmpiOp(compiler.index(a), compiler.index(b), predicate)
    return RuntimeBool(compiler.emit(op).results[0])
