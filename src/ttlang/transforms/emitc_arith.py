# SPDX-License-Identifier: Apache-2.0
"""`arith` to EmitC, as part of `convert-ttkernel-to-emitc`."""

import struct
from collections.abc import Callable, Mapping
from typing import cast

from xdsl.dialects import arith
from xdsl.dialects.builtin import (
    Float32Type,
    FloatAttr,
    FloatData,
    IndexType,
    IntegerAttr,
    IntegerType,
    f32,
)
from xdsl.ir import Attribute, Operation, SSAValue

from ttlang.dialects import emitc
from ttlang.dialects.interned import integer, string
from ttlang.dialects.ttkernel.verifiers import constant_value

from .emitc_context import BOOL, Scope, refuse, result_type, signed

_SAME_FOR_BOTH_SIGNS: Mapping[type[Operation], tuple[type[Operation], bool]] = {
    # op: (EmitC op, whether the result is not negative when the operands are not)
    arith.AddiOp: (emitc.AddOp, True),
    arith.SubiOp: (emitc.SubOp, False),
    arith.MuliOp: (emitc.MulOp, True),
    arith.OrIOp: (emitc.BitwiseOrOp, True),
    arith.XOrIOp: (emitc.BitwiseXorOp, True),
    arith.ShLIOp: (emitc.BitwiseLeftShiftOp, False),
}
_ON_BOOL: Mapping[type[Operation], type[Operation]] = {
    arith.AndIOp: emitc.LogicalAndOp,
    arith.OrIOp: emitc.LogicalOrOp,
    arith.MuliOp: emitc.LogicalAndOp,
}
_UNSIGNED: Mapping[type[Operation], type[Operation]] = {
    arith.DivUIOp: emitc.DivOp,
    arith.RemUIOp: emitc.RemOp,
    arith.ShRUIOp: emitc.BitwiseRightShiftOp,
}
_SIGNED: Mapping[type[Operation], type[Operation]] = {
    arith.DivSIOp: emitc.DivOp,
    arith.RemSIOp: emitc.RemOp,
    arith.ShRSIOp: emitc.BitwiseRightShiftOp,
    arith.FloorDivSIOp: emitc.DivOp,
}
_FLOAT: Mapping[type[Operation], type[Operation]] = {
    arith.AddfOp: emitc.AddOp,
    arith.SubfOp: emitc.SubOp,
    arith.MulfOp: emitc.MulOp,
    arith.DivfOp: emitc.DivOp,
}
_MIN_MAX: Mapping[type[Operation], tuple[str, bool]] = {
    arith.MinUIOp: ("<", False),
    arith.MaxUIOp: (">", False),
    arith.MinSIOp: ("<", True),
    arith.MaxSIOp: (">", True),
    arith.MinimumfOp: ("<", False),
    arith.MaximumfOp: (">", False),
    arith.MinnumfOp: ("<", False),
    arith.MaxnumfOp: (">", False),
}
_CMPI = (
    ("==", False),
    ("!=", False),
    *((s, True) for s in ("<", "<=", ">", ">=")),
    *((s, False) for s in ("<", "<=", ">", ">=")),
)
_CMPF = {
    1: "==",
    2: ">",
    3: ">=",
    4: "<",
    5: "<=",
    8: "==",
    9: ">",
    10: ">=",
    11: "<",
    12: "<=",
    13: "!=",
    6: "!=",
}


def _binary(scope: Scope, op: Operation, target: type[Operation], type_: Attribute) -> SSAValue:
    values = scope.values
    return scope.emit(target, [scope.cast(values[operand], type_) for operand in op.operands], type_)


def _convert_same(scope: Scope, op: Operation) -> None:
    type_ = result_type(op)
    target, keeps_sign = _SAME_FOR_BOTH_SIGNS[type(op)]
    if type_ == BOOL:
        _convert_bool(scope, op)
        return
    known = keeps_sign and scope.all_non_negative(*op.operands)
    scope.bind(op, _binary(scope, op, target, type_), non_negative=known)


def _convert_bool(scope: Scope, op: Operation) -> None:
    lhs, rhs = (scope.get(operand) for operand in op.operands)
    if (target := _ON_BOOL.get(type(op))) is not None:
        scope.bind(op, scope.emit(target, (lhs, rhs), BOOL))
        return
    if isinstance(op, arith.XOrIOp) and constant_value(op.operands[1]):  # the other value of a bool
        scope.bind(op, scope.emit(emitc.LogicalNotOp, (lhs,), BOOL))
        return
    scope.bind(op, scope.emit(emitc.CmpOp, (lhs, rhs), BOOL, predicate=emitc.predicate("!=")))


def _convert_and(scope: Scope, op: Operation) -> None:
    type_ = result_type(op)
    if type_ == BOOL:
        _convert_bool(scope, op)
        return
    known = any(scope.all_non_negative(operand) for operand in op.operands)
    scope.bind(op, _binary(scope, op, emitc.BitwiseAndOp, type_), non_negative=known)


def _convert_unsigned(scope: Scope, op: Operation) -> None:
    type_ = result_type(op)
    known = scope.all_non_negative(*op.operands)
    scope.bind(op, _binary(scope, op, _UNSIGNED[type(op)], type_), non_negative=known)


def _convert_signed(scope: Scope, op: Operation) -> None:
    type_ = result_type(op)
    if scope.all_non_negative(*op.operands):
        scope.bind(op, _binary(scope, op, _SIGNED[type(op)], type_), non_negative=True)
        return
    if isinstance(op, arith.FloorDivSIOp):
        _call_helper(scope, op, "floor_div", type_)
        return
    as_signed = signed(type_)
    scope.bind(op, scope.cast(_binary(scope, op, _SIGNED[type(op)], as_signed), type_))


def _convert_ceil_div(scope: Scope, op: Operation) -> None:
    type_ = result_type(op)
    if isinstance(op, arith.CeilDivSIOp) and not scope.all_non_negative(*op.operands):
        _call_helper(scope, op, "ceil_div", type_)
        return
    # (a + b - 1) / b, as it is written by hand; tile counts are far from the width of the type
    lhs, rhs = (scope.get(operand) for operand in op.operands)
    padded = scope.emit(
        emitc.SubOp, (scope.emit(emitc.AddOp, (lhs, rhs), type_), scope.constant(1, type_)), type_
    )
    scope.bind(
        op, scope.emit(emitc.DivOp, (padded, rhs), type_), non_negative=scope.all_non_negative(*op.operands)
    )


def _call_helper(scope: Scope, op: Operation, name: str, type_: Attribute) -> None:
    """A call of one of our own C++ functions, see `codegen/cpp_helpers.py`."""
    as_signed = signed(type_)
    operands = [scope.cast(scope.get(operand), as_signed) for operand in op.operands]
    result = scope.emit(emitc.CallOpaqueOp, operands, as_signed, callee=string(name))
    scope.bind(op, scope.cast(result, type_))


def _convert_min_max(scope: Scope, op: Operation) -> None:
    symbol, reads_sign = _MIN_MAX[type(op)]
    type_ = result_type(op)
    lhs, rhs = (scope.get(operand) for operand in op.operands)
    known = scope.all_non_negative(*op.operands)
    chosen = _compare(scope, lhs, rhs, symbol, reads_sign and not known)
    scope.bind(op, scope.emit(emitc.ConditionalOp, (chosen, lhs, rhs), type_), non_negative=known)


def _compare(scope: Scope, lhs: SSAValue, rhs: SSAValue, symbol: str, as_signed: bool) -> SSAValue:
    if as_signed:
        lhs, rhs = scope.cast(lhs, signed(lhs.type)), scope.cast(rhs, signed(rhs.type))
    return scope.emit(emitc.CmpOp, (lhs, rhs), BOOL, predicate=emitc.predicate(symbol))


def _convert_cmpi(scope: Scope, op: Operation) -> None:
    symbol, reads_sign = _CMPI[cast(arith.CmpiOp, op).predicate.value.data]
    lhs, rhs = op.operands
    is_bool = scope.get(lhs).type == BOOL
    as_signed = reads_sign and not is_bool and not scope.all_non_negative(lhs, rhs)
    scope.bind(op, _compare(scope, scope.get(lhs), scope.get(rhs), symbol, as_signed))


def _convert_cmpf(scope: Scope, op: Operation) -> None:
    number = cast(arith.CmpfOp, op).predicate.value.data
    if number not in _CMPF:
        refuse(op, f"comparison of floats with predicate {number} has no C++ operator")
    lhs, rhs = op.operands
    scope.bind(op, _compare(scope, scope.get(lhs), scope.get(rhs), _CMPF[number], False))


def _convert_select(scope: Scope, op: Operation) -> None:
    operands = [scope.get(operand) for operand in op.operands]
    type_ = result_type(op)
    scope.bind(
        op,
        scope.emit(emitc.ConditionalOp, operands, type_),
        non_negative=scope.all_non_negative(*op.operands[1:]),
    )


def _convert_float(scope: Scope, op: Operation) -> None:
    scope.bind(op, _binary(scope, op, _FLOAT[type(op)], result_type(op)))


def _convert_negf(scope: Scope, op: Operation) -> None:
    scope.bind(op, scope.emit(emitc.UnaryMinusOp, (scope.get(op.operands[0]),), result_type(op)))


def _convert_constant(scope: Scope, op: Operation) -> None:
    value = cast(arith.ConstantOp, op).value
    type_ = result_type(op)
    match value:
        case IntegerAttr():
            number = value.value.data
            attribute: Attribute = integer(number % (1 << _width(type_)), cast(IntegerType, type_))
        case FloatAttr():
            attribute = FloatAttr(FloatData(value.value.data), f32)
        case _:
            refuse(op, f"a constant of type {op.results[0].type} has no C++ form")
    scope.bind(op, scope.emit(emitc.ConstantOp, (), type_, value=attribute))


def _width(type_: Attribute) -> int:
    return type_.width.data if isinstance(type_, IntegerType) else 32


def _convert_index_cast(scope: Scope, op: Operation) -> None:
    """`index` is 32 bits wide, so most of these casts vanish."""
    (source,) = op.operands
    type_ = result_type(op)
    narrow = _width(source.type if not isinstance(source.type, IndexType) else type_)
    value = scope.get(source)
    known = scope.all_non_negative(source)
    if isinstance(op, arith.IndexCastOp) and narrow < _width(type_) and not known:
        _extend_sign(scope, op)
        return
    scope.bind(op, scope.cast(value, type_), non_negative=known)


def _extend_sign(scope: Scope, op: Operation) -> None:
    (source,) = op.operands
    type_ = result_type(op)
    value = scope.get(source)
    if value.type == BOOL:
        ones = scope.constant((1 << _width(type_)) - 1, type_)
        scope.bind(op, scope.emit(emitc.ConditionalOp, (value, ones, scope.constant(0, type_)), type_))
        return
    wide = scope.cast(scope.cast(value, signed(value.type)), signed(type_))
    scope.bind(op, scope.cast(wide, type_), non_negative=scope.all_non_negative(source))


def _convert_extui(scope: Scope, op: Operation) -> None:
    scope.bind(op, scope.cast(scope.get(op.operands[0]), result_type(op)), non_negative=True)


def _convert_trunci(scope: Scope, op: Operation) -> None:
    value = scope.get(op.operands[0])
    type_ = result_type(op)
    if type_ != BOOL:
        scope.bind(op, scope.cast(value, type_))
        return
    low = scope.emit(emitc.BitwiseAndOp, (value, scope.constant(1, value.type)), value.type)
    scope.bind(
        op,
        scope.emit(emitc.CmpOp, (low, scope.constant(0, value.type)), BOOL, predicate=emitc.predicate("!=")),
    )


def _convert_bitcast(scope: Scope, op: Operation) -> None:
    (source,) = op.operands
    type_ = result_type(op)
    value = scope.get(source)
    if value.type == type_:
        scope.bind(op, value)
        return
    owner = source.owner
    if isinstance(owner, arith.ConstantOp) and isinstance(owner.value, FloatAttr) and type_ == emitc.UI32:
        (bits,) = struct.unpack("<I", struct.pack("<f", owner.value.value.data))
        scope.bind(op, scope.constant(bits))
        return
    helper = "bits_to_float" if isinstance(type_, Float32Type) else "float_to_bits"
    scope.bind(op, scope.emit(emitc.CallOpaqueOp, (value,), type_, callee=string(helper)))


def _convert_int_float(scope: Scope, op: Operation) -> None:
    value = scope.get(op.operands[0])
    type_ = result_type(op)
    if isinstance(op, arith.SIToFPOp) and not scope.all_non_negative(op.operands[0]):
        value = scope.cast(value, signed(value.type))
    if isinstance(op, arith.FPToSIOp):
        value = scope.cast(value, signed(type_))
    scope.bind(op, scope.cast(value, type_))


CONVERSIONS: Mapping[type[Operation], Callable[[Scope, Operation], None]] = {
    **dict.fromkeys(_SAME_FOR_BOTH_SIGNS, _convert_same),
    **dict.fromkeys(_UNSIGNED, _convert_unsigned),
    **dict.fromkeys(_SIGNED, _convert_signed),
    **dict.fromkeys(_FLOAT, _convert_float),
    **dict.fromkeys(_MIN_MAX, _convert_min_max),
    **dict.fromkeys((arith.CeilDivUIOp, arith.CeilDivSIOp), _convert_ceil_div),
    **dict.fromkeys((arith.IndexCastOp,), _convert_index_cast),
    **dict.fromkeys((arith.SIToFPOp, arith.UIToFPOp, arith.FPToSIOp, arith.FPToUIOp), _convert_int_float),
    **dict.fromkeys((arith.ExtFOp, arith.TruncFOp), _convert_bitcast),
    arith.AndIOp: _convert_and,
    arith.BitcastOp: _convert_bitcast,
    arith.CmpfOp: _convert_cmpf,
    arith.CmpiOp: _convert_cmpi,
    arith.ConstantOp: _convert_constant,
    arith.ExtSIOp: _extend_sign,
    arith.ExtUIOp: _convert_extui,
    arith.NegfOp: _convert_negf,
    arith.SelectOp: _convert_select,
    arith.TruncIOp: _convert_trunci,
}
"""How each `arith` op becomes EmitC."""
