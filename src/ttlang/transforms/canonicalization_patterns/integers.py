# SPDX-License-Identifier: Apache-2.0
"""Folding of integer arithmetic: constants, neutral operands, and quotients of products.

One row per op. Values are those of two's complement arithmetic of the width of the type; `index` has 64 bits
here, and results beyond 32 bits, the width on the device, are left alone.
"""

from collections.abc import Callable
from dataclasses import dataclass

from xdsl.dialects import arith
from xdsl.dialects.builtin import IndexType, IntegerAttr, IntegerType
from xdsl.ir import Attribute, Operation, SSAValue

DEVICE_WIDTH = 32


@dataclass(frozen=True, slots=True)
class Folding:
    """How to fold an op of two integers: its function (None where undefined) and its neutral operands."""

    function: Callable[[int, int], int | None]
    neutral_left: int | None = None
    neutral_right: int | None = None
    same: int | None = None  # the result for equal operands
    zero: int | None = None  # an operand that makes the result equal to itself, on either side


def _divide_to_zero(a: int, b: int) -> int | None:
    if b == 0:
        return None
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


def _remainder(a: int, b: int) -> int | None:
    quotient = _divide_to_zero(a, b)
    return None if quotient is None else a - quotient * b


def _shift(a: int, b: int) -> int | None:
    return a << b if 0 <= b < DEVICE_WIDTH else None


def _unsigned(function: Callable[[int, int], int | None]) -> Callable[[int, int], int | None]:
    """An op that reads its operands as unsigned: known for those whose sign bit is clear, whatever their width."""
    return lambda a, b: function(a, b) if a >= 0 and b >= 0 else None


FOLDINGS: dict[str, Folding] = {
    "arith.addi": Folding(lambda a, b: a + b, 0, 0),
    "arith.subi": Folding(lambda a, b: a - b, None, 0, same=0),
    "arith.muli": Folding(lambda a, b: a * b, 1, 1, zero=0),
    "arith.divsi": Folding(_divide_to_zero, None, 1),
    "arith.floordivsi": Folding(lambda a, b: a // b if b else None, None, 1),
    "arith.ceildivsi": Folding(lambda a, b: -(-a // b) if b else None, None, 1),
    "arith.remsi": Folding(_remainder),
    "arith.divui": Folding(_unsigned(_divide_to_zero), None, 1),
    "arith.ceildivui": Folding(_unsigned(lambda a, b: -(-a // b) if b else None), None, 1),
    "arith.remui": Folding(_unsigned(_remainder)),
    "arith.minsi": Folding(min),
    "arith.maxsi": Folding(max),
    "arith.minui": Folding(_unsigned(min), zero=0),
    "arith.maxui": Folding(_unsigned(max), 0, 0),
    "arith.andi": Folding(lambda a, b: a & b, -1, -1, zero=0),
    "arith.ori": Folding(lambda a, b: a | b, 0, 0),
    "arith.xori": Folding(lambda a, b: a ^ b, 0, 0, same=0),
    "arith.shli": Folding(_shift, None, 0),
    "arith.shrui": Folding(_unsigned(lambda a, b: a >> b if b < DEVICE_WIDTH else None), None, 0),
    "arith.shrsi": Folding(lambda a, b: a >> b if 0 <= b < DEVICE_WIDTH else None, None, 0),
}

_EXTREMES = ("arith.minsi", "arith.maxsi", "arith.minui", "arith.maxui")
_IDEMPOTENT = (*_EXTREMES, "arith.andi", "arith.ori")
_QUOTIENTS = ("arith.divsi", "arith.floordivsi", "arith.ceildivsi", "arith.divui", "arith.ceildivui")
_REMAINDERS = ("arith.remsi", "arith.remui")

_SIGNED_COMPARISONS: dict[int, Callable[[int, int], bool]] = {
    0: lambda a, b: a == b,
    1: lambda a, b: a != b,
    2: lambda a, b: a < b,
    3: lambda a, b: a <= b,
    4: lambda a, b: a > b,
    5: lambda a, b: a >= b,
}
"""By the number of the predicate in `arith.cmpi`; unsigned ones follow, in the same order from 2 on."""
_UNSIGNED_FROM = 6
_OPPOSITE = {0: 1, 1: 0, 2: 5, 3: 4, 4: 3, 5: 2, 6: 9, 7: 8, 8: 7, 9: 6}


def constant_of(value: SSAValue) -> int | None:
    """The integer that a value is known to be."""
    owner = value.owner
    if not isinstance(owner, arith.ConstantOp):
        return None
    attribute = owner.properties["value"]
    return int(attribute.value.data) if isinstance(attribute, IntegerAttr) else None


def _fits(value: int, type: Attribute) -> bool:
    if isinstance(type, IndexType):
        limit = 1 << (DEVICE_WIDTH - 1)
        return -limit <= value < limit
    return True


def _make(value: int, type: Attribute) -> Operation | None:
    if not isinstance(type, IndexType | IntegerType) or not _fits(value, type):
        return None
    return arith.ConstantOp(IntegerAttr(value, type, truncate_bits=True))


_OTHERS: tuple[type[Operation], ...] = (
    arith.CmpiOp,
    arith.SelectOp,
    arith.IndexCastOp,
    arith.ExtSIOp,
    arith.ExtUIOp,
    arith.TruncIOp,
)


def handles(cls: type[Operation]) -> bool:
    """Whether ops of this class are folded here."""
    return cls.name in FOLDINGS or cls in _OTHERS


def fold(op: Operation) -> SSAValue | Operation | None:
    """What an op of integer arithmetic can be replaced by: a value, a new constant, or (None) nothing."""
    if (folding := FOLDINGS.get(op.name)) is not None:
        return _fold_binary(op, folding)
    if isinstance(op, arith.CmpiOp):
        return _fold_comparison(op)
    if isinstance(op, arith.SelectOp):
        return _fold_select(op)
    if isinstance(op, arith.IndexCastOp | arith.ExtSIOp | arith.ExtUIOp | arith.TruncIOp):
        value = constant_of(op.operands[0])
        if value is not None and isinstance(op, arith.ExtUIOp):
            type = op.operands[0].type
            value %= 1 << (type.width.data if isinstance(type, IntegerType) else DEVICE_WIDTH)
        if value is not None:
            return _make(value, op.results[0].type)
        inner = op.operands[0].owner
        if isinstance(op, arith.IndexCastOp) and isinstance(inner, arith.IndexCastOp):
            original = inner.operands[0]
            return original if original.type == op.results[0].type else None
    return None


def _fold_binary(op: Operation, folding: Folding) -> SSAValue | Operation | None:
    lhs, rhs = op.operands
    type = op.results[0].type
    left, right = constant_of(lhs), constant_of(rhs)
    if left is not None and right is not None:
        result = folding.function(left, right)
        return None if result is None else _make(result, type)
    if right is not None:
        if right == folding.neutral_right:
            return lhs
        if right == folding.zero:
            return rhs
        if folding.neutral_right == 1 or op.name in _REMAINDERS:
            return _divide_product(op, lhs, right)
        if op.name in _EXTREMES:
            return _extreme_of_extreme(op, lhs, right)
    if left is not None:
        if left == folding.neutral_left:
            return rhs
        if left == folding.zero:
            return lhs
    if lhs is rhs:
        if op.name in _IDEMPOTENT:
            return lhs
        if folding.same is not None:
            return _make(folding.same, type)
    return None


def _divide_product(op: Operation, dividend: SSAValue, divisor: int) -> SSAValue | Operation | None:
    """(x * c) / c is x and (x * c) % c is 0, for indices: they do not overflow."""
    product = dividend.owner
    if divisor == 0 or not isinstance(product, arith.MuliOp) or not isinstance(dividend.type, IndexType):
        return None
    for factor, other in ((product.rhs, product.lhs), (product.lhs, product.rhs)):
        if constant_of(factor) == divisor:
            if op.name in _QUOTIENTS:
                return other
            return _make(0, dividend.type) if op.name in _REMAINDERS else None
    return None


def _extreme_of_extreme(op: Operation, lhs: SSAValue, right: int) -> SSAValue | None:
    """min(min(x, c), d) is min(x, c) where c <= d; the same for maxima."""
    inner = lhs.owner
    if not isinstance(inner, Operation) or inner.name != op.name:
        return None
    limit = constant_of(inner.operands[1])
    if limit is None:
        return None
    return lhs if FOLDINGS[op.name].function(limit, right) == limit else None


def _compare_truth(op: arith.CmpiOp, predicate: int, right: int | None) -> SSAValue | Operation | None:
    """A comparison of a truth value, as an integer or itself, with 0 or 1: it, or the opposite comparison."""
    truth = op.lhs
    if isinstance(truth.owner, arith.ExtUIOp):
        truth = truth.owner.operands[0]
    if truth.type != IntegerType(1) or predicate > 1 or right is None or right not in (0, 1, -1):
        return None
    if right == -1 and truth is not op.lhs:
        return None
    if (right != 0) == (predicate == 0):  # equal to true, or different from false
        return truth
    inner = truth.owner
    if not isinstance(inner, arith.CmpiOp):
        return None
    return arith.CmpiOp(inner.lhs, inner.rhs, _OPPOSITE[inner.predicate.value.data])


def _fold_comparison(op: arith.CmpiOp) -> SSAValue | Operation | None:
    predicate = op.predicate.value.data
    unsigned = predicate >= _UNSIGNED_FROM
    compare = _SIGNED_COMPARISONS[predicate - 4 if unsigned else predicate]
    if op.lhs is op.rhs:
        return arith.ConstantOp(IntegerAttr(int(compare(0, 0)), IntegerType(1)))
    left, right = constant_of(op.lhs), constant_of(op.rhs)
    if left is None or right is None:
        return _compare_truth(op, predicate, right)
    if unsigned and (left < 0 or right < 0):
        return None
    return arith.ConstantOp(IntegerAttr(int(compare(left, right)), IntegerType(1)))


def _fold_select(op: arith.SelectOp) -> SSAValue | None:
    condition = constant_of(op.cond)
    if op.lhs is op.rhs:
        return op.lhs
    if condition is None:
        yes, no = constant_of(op.lhs), constant_of(op.rhs)
        if op.lhs.type == IntegerType(1) and yes in (1, -1) and no == 0:
            return op.cond
        return None
    return op.lhs if condition else op.rhs
