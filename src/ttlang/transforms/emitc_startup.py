# SPDX-License-Identifier: Apache-2.0
"""The hardware start-up of a compute kernel, as `convert-ttkernel-to-emitc` places it for API generation
0.81.

In 0.69 the common inits (`binary_op_init_common`, `mm_init`, ...) configure the hardware each time. 0.81
wants one
`compute_kernel_hw_startup`, first and once, because it is unsafe later; where the kernel goes on with other
circular buffers,
only the data formats are set anew.
"""

from dataclasses import dataclass

from xdsl.dialects import func
from xdsl.dialects.builtin import ArrayAttr, StringAttr
from xdsl.ir import Attribute, Block, Operation, SSAValue

from ttlang.dialects import emitc
from ttlang.dialects.ttkernel import CBType, TTKernelOp
from ttlang.dialects.ttkernel.operation import attribute_text

from .emitc_context import Scope

_REVERSE = ArrayAttr([emitc.OpaqueAttr(StringAttr("SrcOrder::Reverse"))])


@dataclass(frozen=True, slots=True)
class Configuration:
    """Which circular buffers feed SrcA and SrcB and which one the packer writes."""

    inputs: tuple[SSAValue, ...]
    output: SSAValue
    reverse: bool

    @classmethod
    def of(cls, op: TTKernelOp) -> "Configuration":
        startup = op.spec.startup
        assert startup is not None
        *inputs, output = [
            value for name in startup.operands if (value := op.operand_named(name)) is not None
        ]
        if op.spec.mnemonic == "reduce_init" and _reduces_by_matrix_unit(op):
            inputs.reverse()  # the scaler goes to SrcA, the data to SrcB
        return cls(tuple(inputs), output, startup.reverse)


def _reduces_by_matrix_unit(op: TTKernelOp) -> bool:
    kind, dimension = (attribute_text(op.properties[name]) for name in ("reduce_type", "reduce_dim"))
    return dimension == "reduce_dim_row" and kind != "reduce_max"


@dataclass(slots=True)
class Startups:
    """Where the start-up of one function goes (`anchor`, an op of its outermost block) and what it
    configures.
    """

    anchor: Operation | None = None
    first: TTKernelOp | None = None
    several: bool = False

    @classmethod
    def of(cls, function: func.FuncOp, version: str) -> "Startups":
        if version == "0.69":
            return cls()
        ops = [
            op for op in function.body.walk() if isinstance(op, TTKernelOp) and op.spec.startup is not None
        ]
        if not ops:
            return cls()
        first = ops[0]
        several = _formats_differ(ops) and not _sets_formats(function)
        return cls(_outermost(first, function.body.block), first, several)

    def start(self, scope: Scope) -> None:
        """Emits the start-up, before the anchor."""
        assert self.first is not None
        configuration = Configuration.of(self.first)
        outer, scope.location = scope.location, self.first.location
        values = [scope.get(value) for value in (*configuration.inputs, configuration.output)]
        _call(scope, "compute_kernel_hw_startup", values, configuration.reverse)
        scope.location = outer

    def switch(self, scope: Scope, op: TTKernelOp) -> None:
        """Emits what one of several configurations changes; nothing where the start-up already holds."""
        if not self.several or (op is self.first and op is self.anchor):
            return
        configuration = Configuration.of(op)
        inputs = [scope.get(value) for value in configuration.inputs]
        if len(inputs) == 1:
            _call(scope, "reconfig_data_format_srca", inputs, False)
        else:
            _call(scope, "reconfig_data_format", inputs, configuration.reverse)
        _call(scope, "pack_reconfig_data_format", [scope.get(configuration.output)], False)


_RECONFIGURATIONS = (
    "reconfig_data_format",
    "reconfig_data_format_srca",
    "reconfig_data_format_srcb",
    "pack_reconfig_data_format",
)


def _sets_formats(function: func.FuncOp) -> bool:
    """Whether a function sets data formats itself, where they change."""
    return any(
        isinstance(op, TTKernelOp) and op.spec.mnemonic in _RECONFIGURATIONS for op in function.body.walk()
    )


def _formats_differ(ops: list[TTKernelOp]) -> bool:
    """Whether configurations unpack from buffers of several types, or pack to such: those of one type need no change."""
    configurations = [Configuration.of(op) for op in ops]
    inputs = {value.type for configuration in configurations for value in configuration.inputs}
    outputs = {configuration.output.type for configuration in configurations}
    return any(len({_element(type) for type in types}) > 1 for types in (inputs, outputs))


def _element(type: Attribute) -> Attribute:
    return type.element_type if isinstance(type, CBType) else type


def _outermost(op: Operation, block: Block) -> Operation:
    while op.parent is not block:
        parent = op.parent_op()
        assert parent is not None
        op = parent
    return op


def _call(scope: Scope, callee: str, operands: list[SSAValue], reverse: bool) -> None:
    properties: dict[str, Attribute] = {"callee": StringAttr(callee)}
    if reverse:
        properties["template_args"] = _REVERSE
    scope.add(emitc.CallOpaqueOp.create(operands=operands, properties=properties))
