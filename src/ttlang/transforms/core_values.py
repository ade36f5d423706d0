# SPDX-License-Identifier: Apache-2.0
"""Integers of a thread as one core computes them, as far as the program says."""

from collections.abc import Iterator, Mapping
from itertools import product
from math import prod

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr, i1
from xdsl.ir import BlockArgument, Operation, SSAValue

from ttlang.dialects.ttl.data_movement import CoreIndexOp, GridSizeOp
from ttlang.language.symbols import fold_coordinates

from .canonicalization_patterns.integers import FOLDINGS

Core = tuple[int, ...]

_PREDICATES = {
    0: lambda a, b: a == b,
    1: lambda a, b: a != b,
    2: lambda a, b: a < b,
    3: lambda a, b: a <= b,
    4: lambda a, b: a > b,
    5: lambda a, b: a >= b,
    6: lambda a, b: a < b,
    7: lambda a, b: a <= b,
    8: lambda a, b: a > b,
    9: lambda a, b: a >= b,
}
"""By the number of the predicate of `arith.cmpi`; unsigned ones compare values that are not negative."""

_TRANSPARENT = ("arith.index_cast", "arith.index_castui", "arith.extui", "arith.extsi", "arith.trunci")


class UnknownValue(Exception):
    """The program does not say what a value is."""


def cores_of(grid: tuple[int, ...]) -> Iterator[Core]:
    """All cores of a grid; the first coordinate runs fastest."""
    for reversed_core in product(*(range(size) for size in reversed(grid))):
        yield tuple(reversed(reversed_core))


def cores_between(first: Core, last: Core) -> list[Core]:
    """The cores from one corner to the other, both included; the first coordinate runs fastest."""
    sizes = tuple(b - a + 1 for a, b in zip(first, last, strict=True))
    return [tuple(a + o for a, o in zip(first, offset, strict=True)) for offset in cores_of(sizes)]


def meet(one: tuple[Core, Core], other: tuple[Core, Core]) -> bool:
    """Whether two rectangles, given by their corners, have a core in common."""
    return all(max(a, c) <= min(b, d) for a, b, c, d in zip(*one, *other, strict=False))


def coordinates(core: Core, grid: tuple[int, ...], dims: int) -> tuple[int, ...]:
    """Coordinates of a core seen with `dims` dimensions: the highest is flattened, missing ones are 0."""
    padded = (*core, *(0,) * (dims - len(core)))
    flat, scale = 0, 1
    for coordinate, size in zip(padded[dims - 1 :], (*grid, *(1,) * dims)[dims - 1 :], strict=False):
        flat += coordinate * scale
        scale *= size
    return (*padded[: dims - 1], flat)


def evaluate(value: SSAValue, core: Core, grid: tuple[int, ...], known: Mapping[SSAValue, int]) -> int:
    """The integer that `value` is on a core, given those of loop variables; raises UnknownValue."""
    if value in known:
        return known[value]
    op = value.owner
    if not isinstance(op, Operation):
        raise UnknownValue
    match op:
        case arith.ConstantOp(value=IntegerAttr() as constant):
            number = constant.value.data
            return number & 1 if constant.type == i1 else number
        case CoreIndexOp():
            return coordinates(core, grid, len(op.results))[_position(op, value)]
        case GridSizeOp():
            return fold_coordinates(grid, len(op.results))[_position(op, value)]
        case arith.CmpiOp():
            left, right = (evaluate(o, core, grid, known) for o in op.operands)
            return int(_PREDICATES[op.predicate.value.data](left, right))
        case arith.SelectOp():
            return evaluate(op.lhs if evaluate(op.cond, core, grid, known) else op.rhs, core, grid, known)
    if op.name in _TRANSPARENT:
        return evaluate(op.operands[0], core, grid, known)
    return _arithmetic(op, core, grid, known)


def _arithmetic(op: Operation, core: Core, grid: tuple[int, ...], known: Mapping[SSAValue, int]) -> int:
    folding = FOLDINGS.get(op.name) or FOLDINGS.get(_SIGNED_NAME.get(op.name, ""))
    if folding is None or len(op.operands) != 2:
        raise UnknownValue
    left, right = (evaluate(o, core, grid, known) for o in op.operands)
    result = folding.function(left, right)
    if result is None:
        raise UnknownValue
    return result


_SIGNED_NAME = {
    "arith.divui": "arith.divsi",
    "arith.remui": "arith.remsi",
    "arith.minui": "arith.minsi",
    "arith.maxui": "arith.maxsi",
    "arith.ceildivui": "arith.ceildivsi",
}


def _position(op: Operation, value: SSAValue) -> int:
    return next(i for i, result in enumerate(op.results) if result is value)


class Uniformity:
    """Which values are the same on all cores."""

    def __init__(self) -> None:
        self._uniform: dict[SSAValue, bool] = {}

    def __call__(self, value: SSAValue) -> bool:
        """Whether `value` is certainly equal on all cores (at the same turn of the loops around it)."""
        if value not in self._uniform:
            self._uniform[value] = False  # until it is known
            self._uniform[value] = self._compute(value)
        return self._uniform[value]

    def _compute(self, value: SSAValue) -> bool:
        if isinstance(value, BlockArgument):
            loop = value.block.parent_op()
            return (
                loop is not None
                and loop.name == "scf.for"
                and value.index == 0
                and all(map(self, loop.operands[:3]))
            )
        op = value.owner
        assert isinstance(op, Operation)
        if isinstance(op, CoreIndexOp):
            return False
        if isinstance(op, GridSizeOp | arith.ConstantOp):
            return True
        return op.name.startswith("arith.") and all(map(self, op.operands))


def trip_count(loop: Operation) -> int | None:
    """How often an `scf.for` with constant bounds turns; None when the bounds are not known."""
    bounds = [_constant(operand) for operand in loop.operands[:3]]
    lower, upper, step = bounds
    if lower is None or upper is None or step is None or step < 1:
        return None
    return max(0, -((lower - upper) // step))


def _constant(value: SSAValue) -> int | None:
    op = value.owner
    if isinstance(op, arith.ConstantOp) and isinstance(op.value, IntegerAttr):
        return op.value.value.data
    return None


def count_cores(grid: tuple[int, ...]) -> int:
    return prod(grid)
