# SPDX-License-Identifier: Apache-2.0
"""C++ text of EmitC values: literals, operators with the parentheses that precedence asks for, calls."""

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from xdsl.dialects.builtin import (
    Float32Type,
    Float64Type,
    FloatAttr,
    IndexType,
    IntegerAttr,
    IntegerType,
    Signedness,
)
from xdsl.ir import Attribute, Operation

from ttlang.dialects import emitc

# binding strength of C++ operators, strongest last
(
    _TERNARY,
    _OR,
    _AND,
    _BIT_OR,
    _BIT_XOR,
    _BIT_AND,
    _EQUALITY,
    _RELATION,
    _SHIFT,
    _SUM,
    _PRODUCT,
    _UNARY,
    ATOM,
) = range(13)

_BINARY: Mapping[type[Operation], tuple[str, int]] = {
    emitc.AddOp: ("+", _SUM),
    emitc.SubOp: ("-", _SUM),
    emitc.MulOp: ("*", _PRODUCT),
    emitc.DivOp: ("/", _PRODUCT),
    emitc.RemOp: ("%", _PRODUCT),
    emitc.BitwiseAndOp: ("&", _BIT_AND),
    emitc.BitwiseOrOp: ("|", _BIT_OR),
    emitc.BitwiseXorOp: ("^", _BIT_XOR),
    emitc.BitwiseLeftShiftOp: ("<<", _SHIFT),
    emitc.BitwiseRightShiftOp: (">>", _SHIFT),
    emitc.LogicalAndOp: ("&&", _AND),
    emitc.LogicalOrOp: ("||", _OR),
}
# not "*": it shares its strength with "/" and "%", which round
_ASSOCIATIVE = frozenset({"+", "&", "|", "^", "&&", "||"})
# weakest operand that stands without parentheses, where less makes compilers warn or readers wonder
_CLEAR_OPERANDS: Mapping[int, int] = {
    _OR: _EQUALITY,
    _AND: _EQUALITY,
    _BIT_OR: _UNARY,
    _BIT_XOR: _UNARY,
    _BIT_AND: _UNARY,
    _SHIFT: _UNARY,
    _EQUALITY: _SUM,
    _RELATION: _SUM,
}

EXPRESSION_OPS: frozenset[type[Operation]] = frozenset(
    {
        *_BINARY,
        emitc.CastOp,
        emitc.CmpOp,
        emitc.ConditionalOp,
        emitc.LogicalNotOp,
        emitc.SubscriptOp,
        emitc.UnaryMinusOp,
    }
)
"""Ops that become operators: no side effects, and nothing lost when they are evaluated later."""

HEX_FROM = 1 << 20
"""Constants at least this large are bit patterns or addresses, and read better in hexadecimal."""


@dataclass(frozen=True, slots=True)
class Expression:
    """C++ text and how strongly its outermost operator binds."""

    text: str
    strength: int = ATOM

    def at_least(self, strength: int) -> str:
        return self.text if self.strength >= strength else f"({self.text})"


def cpp_type(type_: Attribute) -> str:
    """C++ spelling of an EmitC type. Raises KeyError for a type that has none."""
    match type_:
        case IntegerType():
            bits = type_.width.data
            if bits == 1:
                return "bool"
            return f"{'u' if type_.signedness.data is Signedness.UNSIGNED else ''}int{bits}_t"
        case IndexType():
            return "uint32_t"
        case Float32Type():
            return "float"
        case Float64Type():
            return "double"
        case emitc.OpaqueType():
            return type_.value.data
        case emitc.PointerType():
            return f"{cpp_type(type_.pointee_type)}*"
        case emitc.LValueType():
            return cpp_type(type_.value_type)
        case _:
            raise KeyError(f"no C++ spelling for type {type_}")


def literal(value: Attribute) -> Expression:
    """C++ text of a constant."""
    match value:
        case emitc.OpaqueAttr():
            return Expression(value.value.data)
        case IntegerAttr():
            return _integer(value.value.data, value.type)
        case FloatAttr():
            return _float(value.value.data)
        case _:
            raise KeyError(f"no C++ literal for {value}")


def _integer(number: int, type_: Attribute) -> Expression:
    if isinstance(type_, IntegerType) and type_.width.data == 1:
        return Expression("true" if number else "false")
    if number < 0:
        return Expression(str(number), _UNARY)
    suffix = "u" if number >= 1 << 31 else ""
    return Expression(f"{number:#x}{suffix}" if number >= HEX_FROM else f"{number}{suffix}")


def _float(number: float) -> Expression:
    if math.isnan(number):
        return Expression('__builtin_nanf("")')
    if math.isinf(number):
        return Expression("-__builtin_inff()", _UNARY) if number < 0 else Expression("__builtin_inff()")
    # nine digits give back any single-precision float; fewer are tried first because they read better
    text = next(
        (t for digits in range(1, 9) if _single(float(t := f"{number:.{digits}g}")) == _single(number)),
        f"{number:.9g}",
    )
    if "e" not in text and "." not in text:
        text += ".0"
    return Expression(f"{text}f", _UNARY if number < 0 else ATOM)


def _single(number: float) -> bytes:
    return struct.pack("<f", number)


def render(op: Operation, operands: Sequence[Expression]) -> Expression:
    """The expression of an op of EXPRESSION_OPS."""
    return _RENDERINGS.get(type(op), _arithmetic)(op, operands)


def _compare(op: Operation, operands: Sequence[Expression]) -> Expression:
    assert isinstance(op, emitc.CmpOp)
    symbol = emitc.COMPARISONS[op.predicate.value.data]
    return _infix(symbol, _EQUALITY if symbol in ("==", "!=") else _RELATION, operands)


def _choose(op: Operation, operands: Sequence[Expression]) -> Expression:
    condition, yes, no = operands
    return Expression(f"{condition.at_least(_OR)} ? {yes.at_least(_OR)} : {no.at_least(_OR)}", _TERNARY)


def _not(op: Operation, operands: Sequence[Expression]) -> Expression:
    return Expression(f"!{operands[0].at_least(_UNARY)}", _UNARY)


def _negate(op: Operation, operands: Sequence[Expression]) -> Expression:
    return Expression(f"-{operands[0].at_least(ATOM)}", _UNARY)


def _subscript(op: Operation, operands: Sequence[Expression]) -> Expression:
    return Expression(f"{operands[0].at_least(ATOM)}[{operands[1].text}]")


def _cast(op: Operation, operands: Sequence[Expression]) -> Expression:
    (operand,), (source, target) = operands, (op.operands[0].type, op.results[0].type)
    if isinstance(source, emitc.OpaqueType) or isinstance(target, emitc.OpaqueType):
        return operand  # a word of L1: C++ converts it
    return Expression(f"static_cast<{cpp_type(target)}>({operand.text})")


def _arithmetic(op: Operation, operands: Sequence[Expression]) -> Expression:
    symbol, strength = _BINARY[type(op)]
    lhs, rhs = operands
    if symbol == "+" and (negative := _as_negative(op)) is not None:
        symbol, rhs = "-", negative
    type_ = op.results[0].type
    # integers wrap around, so a + (b + c) is (a + b) + c; floats round, so it is not
    associative = symbol in _ASSOCIATIVE and isinstance(type_, IntegerType)
    result = _infix(symbol, strength, (lhs, rhs), associative=associative)
    if isinstance(type_, IntegerType) and 1 < type_.width.data < 32:
        return Expression(f"static_cast<{cpp_type(type_)}>({result.text})")  # C++ computes in int
    return result


def _as_negative(op: Operation) -> Expression | None:
    """`-n` as `n` where an addition adds the unsigned form of a small negative constant."""
    owner = op.operands[1].owner
    if not isinstance(owner, emitc.ConstantOp) or not isinstance(owner.value, IntegerAttr):
        return None
    type_ = owner.value.type
    if not isinstance(type_, IntegerType) or type_.width.data != 32:
        return None
    number = (1 << 32) - owner.value.value.data % (1 << 32)
    return Expression(str(number)) if 0 < number < HEX_FROM else None


def _infix(
    symbol: str, strength: int, operands: Sequence[Expression], *, associative: bool = False
) -> Expression:
    lhs, rhs = operands
    clear = _CLEAR_OPERANDS.get(strength)
    if clear is None:
        left, right = strength, strength if associative else strength + 1
    else:  # a chain of the same operator needs no parentheses all the same
        left = strength if associative and lhs.strength == strength else clear
        right = strength if associative and rhs.strength == strength else clear
    return Expression(f"{lhs.at_least(left)} {symbol} {rhs.at_least(right)}", strength)


_RENDERINGS: Mapping[type[Operation], Callable[[Operation, Sequence[Expression]], Expression]] = {
    emitc.CastOp: _cast,
    emitc.CmpOp: _compare,
    emitc.ConditionalOp: _choose,
    emitc.LogicalNotOp: _not,
    emitc.SubscriptOp: _subscript,
    emitc.UnaryMinusOp: _negate,
}
"""Ops that are not arithmetic between two operands."""
