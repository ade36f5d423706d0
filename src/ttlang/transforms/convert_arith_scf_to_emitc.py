# SPDX-License-Identifier: Apache-2.0
"""`convert-arith-scf-to-emitc`: what is left of a kernel function whose calls are EmitC already."""

from dataclasses import dataclass
from typing import cast

from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass

from ttlang.codegen.attributes import THREAD
from ttlang.dialects import emitc
from ttlang.dialects.op_table import op_spec
from ttlang.dialects.ttkernel.op_spec import DEFAULT_METAL_VERSION

from .emitc_context import check_version, convert_type, printed, refuse
from .emitc_functions import FunctionConversion
from .emitc_rows import is_never_negative
from .lowering_targets import row_name


@dataclass(frozen=True)
class ConvertArithScfToEmitC(ModulePass):
    """Functions with `thread` whose calls are EmitC become `emitc.func`: their control flow, arithmetic and types too.

    Input: functions of EmitC, scf and arith, as `ttl-synchronization-to-emitc` leaves them. Output: EmitC only, the same
    as `convert-ttkernel-to-emitc` makes of the same kernel; `ttl.row` and its like are gone, the headers that the rows
    need are listed on the function. `metal-version` is the generation of the calls.

    Raises CompileError for a call that the thread's processors cannot run.
    """

    name = "convert-arith-scf-to-emitc"

    metal_version: str = DEFAULT_METAL_VERSION

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        check_version(op, self.metal_version)
        for function in list(op.body.block.ops):
            if isinstance(function, func.FuncOp) and THREAD in function.attributes:
                converted = _Conversion(function, self.metal_version).run()
                op.body.block.insert_op_before(converted, function)
                op.body.block.detach_op(function)


class _Conversion(FunctionConversion):
    """Converts a function of EmitC calls."""

    def __init__(self, function: func.FuncOp, version: str):
        super().__init__(function, version, cast(StringAttr, function.attributes[THREAD]).data)

    def is_compile_time(self, op: Operation) -> bool:
        return isinstance(op, emitc.ConstantOp) and row_name(op) == "get_compile_time_arg_val"

    def call(self, op: Operation) -> None:
        if not op.name.startswith("emitc.") or op.regions:
            refuse(
                op,
                f"'{op.name}' cannot stand in a kernel that becomes C++",
                "lower it to emitc, arith or scf",
            )
        scope, name = self.scope, row_name(op)
        spec = None if name is None else op_spec(name)
        if spec is not None:
            scope.uses_row(op, spec)
        if _is_array(op):
            return  # its name stands where an element is taken
        operands = self._operands(op, name)
        if not op.results:
            scope.make(type(op), operands, properties=op.properties)
            return
        (result,) = op.results
        type_ = convert_type(op, result.type)
        if isinstance(op, emitc.CastOp):
            made = scope.cast(operands[0], type_)
        else:
            made = scope.emit(type(op), operands, type_, **op.properties)
        scope.bind(op, made, non_negative=spec is not None and is_never_negative(spec, result.type))

    def _operands(self, op: Operation, row: str | None) -> list[SSAValue]:
        if row == "dprint":
            return [printed(self.scope, operand) for operand in op.operands]
        return [self._value(operand) for operand in op.operands]

    def _value(self, operand: SSAValue) -> SSAValue:
        owner = operand.owner
        if isinstance(owner, emitc.LiteralOp) and _is_array(owner):
            return self.scope.emit(emitc.LiteralOp, (), operand.type, value=owner.value)
        return self.scope.values[operand]


def _is_array(op: Operation) -> bool:
    return isinstance(op, emitc.LiteralOp) and isinstance(op.result.type, emitc.PointerType)
