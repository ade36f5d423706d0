# SPDX-License-Identifier: Apache-2.0
"""The hardware start-up of a compute kernel in API generation 0.81.

In 0.69 the common inits (`binary_op_init_common`, `mm_init`, ...) configure the hardware each time. 0.81 wants one
`compute_kernel_hw_startup`, first and once, because it is unsafe later; where the kernel goes on with other circular
buffers, only the data formats are set anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.dialects.builtin import ArrayAttr
from xdsl.ir import Attribute, Block, Operation, SSAValue

from ttlang.dialects import emitc
from ttlang.dialects.interned import string
from ttlang.dialects.ttkernel import CBType, TTKernelOp

from .emitc_context import Emitter, Scope, opaque
from .emitc_rows import Row

_REVERSE = ArrayAttr([opaque("SrcOrder::Reverse")])


def has_startup(version: str) -> bool:
    """Whether a generation has a start-up of its own, besides what the inits do."""
    return version != "0.69"


@dataclass(frozen=True, slots=True)
class Configuration:
    """Which circular buffers feed SrcA and SrcB and which one the packer writes."""

    inputs: tuple[SSAValue, ...]
    output: SSAValue
    reverse: bool

    @classmethod
    def of(cls, row: Row) -> "Configuration":
        startup = row.spec.startup
        assert startup is not None
        *inputs, output = [
            value for name in startup.operands if (value := row.operand_named(name)) is not None
        ]
        if row.spec.mnemonic == "reduce_init" and _reduces_by_matrix_unit(row.text_of):
            inputs.reverse()  # the scaler goes to SrcA, the data to SrcB
        return cls(tuple(inputs), output, startup.reverse)


def _reduces_by_matrix_unit(texts: dict[str, str]) -> bool:
    return texts["reduce_dim"] == "reduce_dim_row" and texts["reduce_type"] != "reduce_max"


def emit_startup(out: Emitter, row: Row) -> Operation:
    """Emits the start-up that configures the hardware as a row of generation 0.69 does."""
    configuration = Configuration.of(row)
    values = [*configuration.inputs, configuration.output]
    return _call(out, "compute_kernel_hw_startup", values, configuration.reverse)


@dataclass(slots=True)
class Startups:
    """Where the start-up of a TTKernel function goes (`anchor`, an op of its outermost block) and what it configures."""

    anchor: Operation | None = None
    first: TTKernelOp | None = None
    several: bool = False

    @classmethod
    def of(cls, ops: Sequence[Operation], version: str, thread: str) -> "Startups":
        """The start-up of a function, given all its ops in order."""
        if not has_startup(version) or thread != "compute":
            return cls()
        kernel_ops = [op for op in ops if isinstance(op, TTKernelOp)]
        starting = [op for op in kernel_ops if op.spec.startup is not None]
        if not starting:
            return cls()
        sets_formats = any(op.spec.mnemonic in _RECONFIGURATIONS for op in kernel_ops)
        return cls(
            _outermost(starting[0], ops[0].parent),
            starting[0],
            not sets_formats and _formats_differ(starting),
        )

    def start(self, scope: Scope) -> None:
        """Emits the start-up, before the anchor."""
        assert self.first is not None
        outer, scope.location = scope.location, self.first.location
        emit_startup(scope, _converted(scope, self.first))
        scope.location = outer

    def switch(self, scope: Scope, op: TTKernelOp) -> None:
        """Emits what one of several configurations changes; nothing where the start-up already holds."""
        if not self.several or (op is self.first and op is self.anchor):
            return
        configuration = Configuration.of(_converted(scope, op))
        inputs = list(configuration.inputs)
        if len(inputs) == 1:
            _call(scope, "reconfig_data_format_srca", inputs, False)
        else:
            _call(scope, "reconfig_data_format", inputs, configuration.reverse)
        _call(scope, "pack_reconfig_data_format", [configuration.output], False)


_RECONFIGURATIONS = (
    "reconfig_data_format",
    "reconfig_data_format_srca",
    "reconfig_data_format_srcb",
    "pack_reconfig_data_format",
)


def _converted(scope: Scope, op: TTKernelOp) -> Row:
    return Row(op.spec, [scope.get(operand) for operand in op.operands], op.named_texts)


def _formats_differ(ops: list[TTKernelOp]) -> bool:
    """Whether configurations unpack from buffers of several types, or pack to such: those of one type need no change."""
    configurations = [Configuration.of(Row(op.spec, op.operands, op.named_texts)) for op in ops]
    inputs = {value.type for configuration in configurations for value in configuration.inputs}
    outputs = {configuration.output.type for configuration in configurations}
    return any(len({_element(type) for type in types}) > 1 for types in (inputs, outputs))


def _element(type: Attribute) -> Attribute:
    return type.element_type if isinstance(type, CBType) else type


def _outermost(op: Operation, block: Block | None) -> Operation:
    while op.parent is not block:
        parent = op.parent_op()
        assert parent is not None
        op = parent
    return op


def _call(out: Emitter, callee: str, operands: list[SSAValue], reverse: bool) -> Operation:
    properties: dict[str, Attribute] = {"callee": string(callee)}
    if reverse:
        properties["template_args"] = _REVERSE
    return out.make(emitc.CallOpaqueOp, operands, properties=properties)
