# SPDX-License-Identifier: Apache-2.0
"""`convert-ttkernel-to-emitc`: kernel functions, their control flow, arithmetic and calls, to EmitC."""

from dataclasses import dataclass
from typing import Any, cast

from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import IntegerAttr, ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass

from ttlang.dialects.ttkernel import OPS, THREAD_ATTRIBUTE, CBType, TTKernelOp
from ttlang.dialects.ttkernel.op_spec import DEFAULT_METAL_VERSION
from ttlang.dialects.ttkernel.operation import attribute_text

from .emitc_context import check_version, convert_type, printed, refuse
from .emitc_functions import FunctionConversion
from .emitc_rows import Row, compile_time_name, emit_row, is_never_negative
from .emitc_startup import Startups


@dataclass(frozen=True)
class ConvertTTKernelToEmitC(ModulePass):
    """Functions with `ttkernel.thread` become `emitc.func`; `metal-version` chooses the API generation of
    the calls.

    Raises CompileError for an op that the generation lacks, or that the thread's processors cannot run.
    """

    name = "convert-ttkernel-to-emitc"

    metal_version: str = DEFAULT_METAL_VERSION

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        check_version(op, self.metal_version)
        for function in list(op.body.block.ops):
            if isinstance(function, func.FuncOp) and THREAD_ATTRIBUTE in function.attributes:
                converted = _Conversion(function, self.metal_version).run()
                op.body.block.insert_op_before(converted, function)
                op.body.block.detach_op(function)


_COMPILE_TIME_ARGUMENT = OPS["get_compile_time_arg_val"]


class _Conversion(FunctionConversion):
    """Converts a function of TTKernel ops."""

    def __init__(self, function: func.FuncOp, version: str):
        super().__init__(function, version, attribute_text(function.attributes[THREAD_ATTRIBUTE]))
        self.startups = Startups.of(self.ops, version, self.scope.thread)
        self._arguments: dict[int, SSAValue] = {}

    def is_compile_time(self, op: Operation) -> bool:
        return type(op) is _COMPILE_TIME_ARGUMENT

    def reached(self, op: Operation) -> None:
        if op is self.startups.anchor:
            self.startups.start(self.scope)

    def call(self, op: Operation) -> None:
        if not isinstance(op, TTKernelOp):
            refuse(
                op,
                f"'{op.name}' cannot stand in a kernel that becomes C++",
                "lower it to ttkernel, arith or scf",
            )
        if self.is_compile_time(op):
            self._compile_time_argument(op)
            return
        scope, spec = self.scope, op.spec
        if spec.startup is not None:
            self.startups.switch(scope, op)
        scope.uses_row(op, spec)
        made = emit_row(scope, self._row(op))
        if made is not None and op.results:
            type_ = op.results[0].type
            scope.bind(op, made.results[0], non_negative=is_never_negative(spec, type_))

    def _row(self, op: TTKernelOp) -> Row:
        scope, operands = self.scope, [self.scope.values[operand] for operand in op.operands]
        if op.spec.mnemonic == "dprint":
            operands = [printed(scope, operand) for operand in op.operands]
        type_ = convert_type(op, op.results[0].type) if op.results else None
        return Row(op.spec, operands, op.named_texts, type_)

    def _compile_time_argument(self, op: TTKernelOp) -> None:
        """One constant for all ops that read the same argument."""
        scope, result = self.scope, op.results[0]
        number = cast(IntegerAttr[Any], op.properties["arg_index"]).value.data
        if number not in self._arguments:
            made = emit_row(scope, self._row(op))
            assert made is not None
            value = made.results[0]
            value.name_hint = compile_time_name(
                result.name_hint, number, is_buffer=isinstance(result.type, CBType)
            )
            self._arguments[number] = value
        scope.values[result] = self._arguments[number]
        scope.non_negative.add(result)
