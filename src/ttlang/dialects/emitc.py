# SPDX-License-Identifier: Apache-2.0
"""EmitC: the ops that xDSL's `emitc` lacks, in one dialect object with those that it has.

Every op here exists in MLIR's EmitC under the same name, so that `mlir-translate --mlir-to-cpp` takes the
generic form.

An op that stands for a row of the op table, while a kernel is lowered to EmitC without TTKernel, names the row in its
attribute `ttl.row`: the row's effect is the op's.
"""

from collections.abc import Set as AbstractSet
from functools import cache

from xdsl.dialects import emitc as upstream
from xdsl.dialects.builtin import (
    ArrayAttr,
    FloatAttr,
    FunctionType,
    IndexType,
    IntegerAttr,
    IntegerType,
    Signedness,
    StringAttr,
    SymbolNameConstraint,
    UnitAttr,
    i64,
)
from xdsl.dialects.emitc import (
    EmitC_AddOp,
    EmitC_ApplyOp,
    EmitC_LValueType,
    EmitC_OpaqueAttr,
    EmitC_OpaqueType,
    EmitC_PointerType,
)
from xdsl.ir import Attribute, Dialect, Operation, TypeAttribute
from xdsl.irdl import (
    IRDLOperation,
    ParsePropInAttrDict,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.traits import (
    ConditionallySpeculatable,
    EffectInstance,
    IsolatedFromAbove,
    IsTerminator,
    MemoryEffect,
    MemoryEffectKind,
    NoTerminator,
    Pure,
    SingleBlockImplicitTerminator,
    SymbolOpInterface,
)
from xdsl.utils.exceptions import VerifyException

from ttlang.dialects.op_table import op_spec
from ttlang.dialects.ttkernel.op_spec import Effect

__all__ = [
    "AddOp",
    "AssignOp",
    "CallOpaqueOp",
    "CastOp",
    "CmpOp",
    "ConditionalOp",
    "ConstantOp",
    "DoOp",
    "EmitC",
    "ExpressionOp",
    "ForOp",
    "FuncOp",
    "IfOp",
    "LiteralOp",
    "LoadOp",
    "ReturnOp",
    "SubscriptOp",
    "VariableOp",
    "VerbatimOp",
    "YieldOp",
]

UI8 = IntegerType(8, Signedness.UNSIGNED)
UI16 = IntegerType(16, Signedness.UNSIGNED)
UI32 = IntegerType(32, Signedness.UNSIGNED)
UI64 = IntegerType(64, Signedness.UNSIGNED)

COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
"""C++ operator of each `emitc.cmp` predicate, by its number."""

ROW = "ttl.row"
"""Attribute of an op that stands for a row of the op table, or for a part of one: the row's mnemonic."""

AddOp = EmitC_AddOp
LValueType = EmitC_LValueType
OpaqueAttr = EmitC_OpaqueAttr
OpaqueType = EmitC_OpaqueType
PointerType = EmitC_PointerType


def row_effect(op: Operation) -> Effect | None:
    """The effect of the row of the op table that an op stands for; None when it names no row."""
    row = op.attributes.get(ROW)
    return op_spec(row.data).effect if isinstance(row, StringAttr) else None


_EFFECTS: dict[Effect | None, AbstractSet[EffectInstance] | None] = {
    "pure": frozenset(),
    "read": frozenset({EffectInstance(MemoryEffectKind.READ)}),
}


class EffectOfRow(MemoryEffect, ConditionallySpeculatable):
    """The effect of the row that the op names; unknown, as C++ may do anything, without one."""

    WITHOUT_ROW: Effect | None = None

    @classmethod
    def get_effects(cls, op: Operation) -> AbstractSet[EffectInstance] | None:
        return _EFFECTS.get(row_effect(op) or cls.WITHOUT_ROW)

    @classmethod
    def is_speculatable(cls, op: Operation) -> bool:
        return (row_effect(op) or cls.WITHOUT_ROW) == "pure"


class PureWithoutRow(EffectOfRow):
    """The effect of the row that the op names; none without one."""

    WITHOUT_ROW = "pure"


class EmitCOp(IRDLOperation):
    """An op of this file. None has properties with default values, which need not be looked for when one is made."""

    def __post_init__(self) -> None:
        pass


@irdl_op_definition
class CallOpaqueOp(EmitCOp):
    """A call of a C++ function.

    `args` gives the arguments where they are not the operands in order: an `index` stands for the operand of that
    number, anything else for itself.
    """

    name = "emitc.call_opaque"
    callee = prop_def(StringAttr)
    args = opt_prop_def(ArrayAttr)
    template_args = opt_prop_def(ArrayAttr)
    call_args = var_operand_def()
    res = var_result_def()
    traits = traits_def(EffectOfRow())
    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = "$callee `(` $call_args `)` attr-dict `:` functional-type(operands, results)"

    def verify_(self) -> None:
        if not self.callee.data:
            raise VerifyException("'emitc.call_opaque' op callee must not be empty")
        for arg in self.args or ():
            if isinstance(arg, IntegerAttr) and isinstance(arg.type, IndexType):
                if not 0 <= arg.value.data < len(self.operands):
                    raise VerifyException(
                        f"'emitc.call_opaque' op has no operand {arg.value.data}: there are {len(self.operands)}"
                    )
            elif not isinstance(arg, IntegerAttr | FloatAttr | EmitC_OpaqueAttr):
                raise VerifyException(f"'emitc.call_opaque' op cannot pass {arg}")
        for arg in self.template_args or ():
            if not isinstance(arg, TypeAttribute | IntegerAttr | FloatAttr | EmitC_OpaqueAttr):
                raise VerifyException(f"'emitc.call_opaque' op cannot have the template argument {arg}")


@irdl_op_definition
class FuncOp(EmitCOp):
    """A C++ function."""

    name = "emitc.func"
    sym_name = prop_def(SymbolNameConstraint())
    function_type = prop_def(FunctionType)
    specifiers = opt_prop_def(ArrayAttr[StringAttr])
    body = region_def()
    traits = traits_def(IsolatedFromAbove(), SymbolOpInterface())


@irdl_op_definition
class ReturnOp(EmitCOp):
    """`return;` or `return value;`"""

    name = "emitc.return"
    value = opt_operand_def()
    traits = traits_def(IsTerminator())


@irdl_op_definition
class YieldOp(EmitCOp):
    """Ends a region of `emitc.for`, `emitc.if`, `emitc.do` or `emitc.expression`."""

    name = "emitc.yield"
    result = opt_operand_def()
    traits = traits_def(IsTerminator())


@irdl_op_definition
class IncludeOp(EmitCOp):
    """`#include "x"`, or `#include <x>` with `is_standard_include`."""

    name = "emitc.include"
    include = prop_def(StringAttr)
    is_standard_include = opt_prop_def(UnitAttr)


@irdl_op_definition
class ConstantOp(EmitCOp):
    """A value known at compile time; an opaque value is C++ text."""

    name = "emitc.constant"
    value = prop_def(Attribute)
    result = result_def()
    traits = traits_def(Pure())


@irdl_op_definition
class LiteralOp(EmitCOp):
    """C++ text that stands wherever the value is used."""

    name = "emitc.literal"
    value = prop_def(StringAttr)
    result = result_def()
    traits = traits_def(Pure())

    def verify_(self) -> None:
        if not self.value.data:
            raise VerifyException("'emitc.literal' op value must not be empty")


@irdl_op_definition
class VariableOp(EmitCOp):
    """A variable that may be assigned to; an empty opaque value leaves it without an initial value."""

    name = "emitc.variable"
    value = prop_def(Attribute)
    result = result_def(EmitC_LValueType)


@irdl_op_definition
class AssignOp(EmitCOp):
    """`var = value;`"""

    name = "emitc.assign"
    var = operand_def(EmitC_LValueType)
    value = operand_def()

    def verify_(self) -> None:
        if (inner := _lvalue(self.var.type)) != self.value.type:
            raise VerifyException(
                f"'emitc.assign' op variable of type {inner} cannot take a value of type {self.value.type}"
            )


@irdl_op_definition
class LoadOp(EmitCOp):
    """The present value of a variable."""

    name = "emitc.load"
    operand = operand_def(EmitC_LValueType)
    result = result_def()
    traits = traits_def(EffectOfRow())

    def verify_(self) -> None:
        if (inner := _lvalue(self.operand.type)) != self.result.type:
            raise VerifyException(
                f"'emitc.load' op of a variable of type {inner} cannot yield {self.result.type}"
            )


def _lvalue(type_: Attribute) -> Attribute:
    return type_.value_type if isinstance(type_, EmitC_LValueType) else type_


@irdl_op_definition
class SubscriptOp(EmitCOp):
    """`base[index]`, as a variable."""

    name = "emitc.subscript"
    base = operand_def()
    indices = var_operand_def()
    result = result_def(EmitC_LValueType)
    traits = traits_def(PureWithoutRow())


@irdl_op_definition
class CastOp(EmitCOp):
    """`static_cast<T>(value)`"""

    name = "emitc.cast"
    source = operand_def()
    dest = result_def()
    traits = traits_def(Pure())


class _Binary(EmitCOp):
    lhs = operand_def()
    rhs = operand_def()
    result = result_def()
    traits = traits_def(Pure())


@irdl_op_definition
class SubOp(_Binary):
    """`a - b`"""

    name = "emitc.sub"


@irdl_op_definition
class MulOp(_Binary):
    """`a * b`"""

    name = "emitc.mul"


@irdl_op_definition
class DivOp(_Binary):
    """`a / b`, of the signedness of the operands"""

    name = "emitc.div"


@irdl_op_definition
class RemOp(_Binary):
    """`a % b`, of the signedness of the operands"""

    name = "emitc.rem"


@irdl_op_definition
class BitwiseAndOp(_Binary):
    """`a & b`"""

    name = "emitc.bitwise_and"


@irdl_op_definition
class BitwiseOrOp(_Binary):
    """`a | b`"""

    name = "emitc.bitwise_or"


@irdl_op_definition
class BitwiseXorOp(_Binary):
    """`a ^ b`"""

    name = "emitc.bitwise_xor"


@irdl_op_definition
class BitwiseLeftShiftOp(_Binary):
    """`a << b`"""

    name = "emitc.bitwise_left_shift"


@irdl_op_definition
class BitwiseRightShiftOp(_Binary):
    """`a >> b`, of the signedness of `a`"""

    name = "emitc.bitwise_right_shift"


@irdl_op_definition
class LogicalAndOp(_Binary):
    """`a && b`"""

    name = "emitc.logical_and"


@irdl_op_definition
class LogicalOrOp(_Binary):
    """`a || b`"""

    name = "emitc.logical_or"


@irdl_op_definition
class LogicalNotOp(EmitCOp):
    """`!a`"""

    name = "emitc.logical_not"
    operand = operand_def()
    result = result_def()
    traits = traits_def(Pure())


@irdl_op_definition
class UnaryMinusOp(EmitCOp):
    """`-a`"""

    name = "emitc.unary_minus"
    operand = operand_def()
    result = result_def()
    traits = traits_def(Pure())


@irdl_op_definition
class CmpOp(_Binary):
    """A comparison; `predicate` numbers the entries of `COMPARISONS`."""

    name = "emitc.cmp"
    predicate = prop_def(IntegerAttr)

    def verify_(self) -> None:
        if not 0 <= self.predicate.value.data < len(COMPARISONS):
            raise VerifyException(
                f"'emitc.cmp' op predicate must be 0 to {len(COMPARISONS) - 1}, got {self.predicate}"
            )


@irdl_op_definition
class ConditionalOp(EmitCOp):
    """`condition ? a : b`"""

    name = "emitc.conditional"
    condition = operand_def()
    true_value = operand_def()
    false_value = operand_def()
    result = result_def()
    traits = traits_def(Pure())


@irdl_op_definition
class ForOp(EmitCOp):
    """`for (T i = lower; i < upper; i += step) {...}`"""

    name = "emitc.for"
    lower_bound = operand_def()
    upper_bound = operand_def()
    step = operand_def()
    region = region_def("single_block")
    traits = traits_def(SingleBlockImplicitTerminator(YieldOp))


@irdl_op_definition
class IfOp(EmitCOp):
    """`if (condition) {...} else {...}`; the second region may be empty."""

    name = "emitc.if"
    condition = operand_def()
    then_region = region_def("single_block")
    else_region = region_def()


@irdl_op_definition
class DoOp(EmitCOp):
    """`do {...} while (condition)`; the second region computes the condition."""

    name = "emitc.do"
    body = region_def("single_block")
    condition = region_def("single_block")
    traits = traits_def(NoTerminator())


@irdl_op_definition
class ExpressionOp(EmitCOp):
    """A C++ expression made of several ops."""

    name = "emitc.expression"
    defs = var_operand_def()
    do_not_inline = opt_prop_def(UnitAttr)
    result = result_def()
    region = region_def("single_block")


@irdl_op_definition
class VerbatimOp(EmitCOp):
    """C++ text as it stands, `{}` replaced by the operands and `{{` by a brace."""

    name = "emitc.verbatim"
    value = prop_def(StringAttr)
    args = var_operand_def()


@cache
def predicate(symbol: str) -> IntegerAttr[IntegerType]:
    """The `predicate` property of `emitc.cmp` for a C++ comparison."""
    return IntegerAttr(COMPARISONS.index(symbol), i64)


OWN_OPS: list[type[IRDLOperation]] = [
    AssignOp,
    BitwiseAndOp,
    BitwiseLeftShiftOp,
    BitwiseOrOp,
    BitwiseRightShiftOp,
    BitwiseXorOp,
    CallOpaqueOp,
    CastOp,
    CmpOp,
    ConditionalOp,
    ConstantOp,
    DivOp,
    DoOp,
    ExpressionOp,
    ForOp,
    FuncOp,
    IfOp,
    IncludeOp,
    LiteralOp,
    LoadOp,
    LogicalAndOp,
    LogicalNotOp,
    LogicalOrOp,
    MulOp,
    RemOp,
    ReturnOp,
    SubOp,
    SubscriptOp,
    UnaryMinusOp,
    VariableOp,
    VerbatimOp,
    YieldOp,
]

EmitC = Dialect("emitc", [EmitC_AddOp, EmitC_ApplyOp, *OWN_OPS], list(upstream.EmitC.attributes))
