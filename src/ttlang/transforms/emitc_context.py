# SPDX-License-Identifier: Apache-2.0
"""What the conversion to EmitC carries along: converted values and types, and what is known of their sign.

C++ values are unsigned: `index`, i32, circular buffers and L1 addresses are `uint32_t`, whose wrap-around is that of the
IR. Ops that read a sign cast, unless their operands cannot be negative.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NoReturn, cast

from xdsl.dialects import arith
from xdsl.dialects.builtin import (
    BFloat16Type,
    Float16Type,
    Float32Type,
    Float64Type,
    IndexType,
    IntegerAttr,
    IntegerType,
    LocationAttr,
    Signedness,
    StringAttr,
)
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from ttlang.diagnostics import CompileError, SourceLocation
from ttlang.dialects import emitc
from ttlang.dialects.fast_creation import append, create
from ttlang.dialects.interned import integer, string
from ttlang.dialects.locations import UNKNOWN, leaf_locations
from ttlang.dialects.ttkernel import attributes as ttk
from ttlang.dialects.ttkernel.op_spec import METAL_VERSIONS, OpSpec

SI32 = IntegerType(32)
BOOL = IntegerType(1)
AUTO = emitc.OpaqueType(StringAttr("auto"))
DATA_FORMAT = emitc.OpaqueType(StringAttr("DataFormat"))
NO_PROPERTIES: Mapping[str, Attribute] = {}
L1_POINTER = emitc.PointerType(emitc.OpaqueType(StringAttr("volatile tt_l1_ptr uint32_t")))


# EmitC has few different ones, many times


@lru_cache(maxsize=4096)
def opaque(value: str) -> emitc.OpaqueAttr:
    return emitc.OpaqueAttr(string(value))


@lru_cache(maxsize=256)
def lvalue(type_: Attribute) -> emitc.LValueType:
    return emitc.LValueType(type_)


UNINITIALISED = opaque("")

EMITC_OF_TYPE: dict[type[Attribute], Attribute] = {
    IndexType: emitc.UI32,
    ttk.CBType: emitc.UI32,
    ttk.L1AddrType: emitc.UI32,
    ttk.LocalSemaphoreType: emitc.UI32,
    ttk.NocAddrType: emitc.UI64,
    ttk.L1AddrPtrType: L1_POINTER,
    ttk.TensorAccessorArgsType: AUTO,
    ttk.TensorAccessorType: AUTO,
    ttk.DataFormatType: DATA_FORMAT,
}
_EMITC_TYPES = (emitc.OpaqueType, emitc.PointerType, emitc.LValueType)
_SIGNED = {8: IntegerType(8), 16: IntegerType(16), 32: SI32, 64: IntegerType(64)}
_UNSIGNED = {8: emitc.UI8, 16: emitc.UI16, 32: emitc.UI32, 64: emitc.UI64}


def source_location(location: LocationAttr | None) -> SourceLocation | None:
    """The first Python position that a location holds."""
    leaf = None if location is None else next(leaf_locations(location), None)
    if leaf is None:
        return None
    return SourceLocation(leaf.filename.data, leaf.line.data, leaf.column.data)


def refuse_at(location: LocationAttr | None, message: str, hint: str | None = None) -> NoReturn:
    """Raises a CompileError that points at a location."""
    raise CompileError(message, source_location(location), hint=hint)


def refuse(op: Operation, message: str, hint: str | None = None) -> NoReturn:
    """Raises a CompileError that points at an op."""
    refuse_at(op.location, message, hint)


def check_version(module: Operation, version: str) -> None:
    """Raises CompileError for an API generation that there is not."""
    if version not in METAL_VERSIONS:
        refuse(module, f"metal-version is {version!r}, expected one of {', '.join(METAL_VERSIONS)}")


def is_unsigned_constant(value: SSAValue) -> bool:
    owner = value.owner
    if type(owner) is not arith.ConstantOp:
        return False
    constant = owner.properties["value"]
    return isinstance(constant, IntegerAttr) and constant.value.data >= 0


class Emitter(ABC):
    """Makes EmitC ops of an API generation and a kind of thread ("compute" or "noc"), one after the other."""

    version: str
    thread: str
    location: LocationAttr = UNKNOWN

    @abstractmethod
    def add(self, op: Operation) -> None:
        """Puts an op behind the one before it."""

    def make(
        self,
        op_type: type[Operation],
        operands: Sequence[SSAValue] = (),
        result_types: Sequence[Attribute] = (),
        properties: Mapping[str, Attribute] = NO_PROPERTIES,
        regions: Sequence[Region] = (),
    ) -> Operation:
        """Adds an op at the current location."""
        op = create(op_type, operands, result_types, properties, self.location, regions)
        self.add(op)
        return op

    def emit(
        self,
        op_type: type[Operation],
        operands: Sequence[SSAValue],
        result_type: Attribute,
        **properties: Attribute,
    ) -> SSAValue:
        """Adds an op with one result and returns the result."""
        (result,) = self.make(op_type, operands, (result_type,), properties).results
        return result

    def constant(self, value: int, type_: Attribute = emitc.UI32) -> SSAValue:
        return self.emit(emitc.ConstantOp, (), type_, value=integer(value, cast(IntegerType, type_)))

    def cast(self, value: SSAValue, type_: Attribute) -> SSAValue:
        if value.type is type_ or value.type == type_:
            return value
        owner = value.owner
        if (
            type(owner) is emitc.ConstantOp
            and isinstance(type_, IntegerType)
            and isinstance(owner.value, IntegerAttr)
        ):
            return self.constant(_wrapped(owner.value.value.data, type_), type_)
        return self.emit(emitc.CastOp, (value,), type_)

    def assign(self, variable: SSAValue, value: SSAValue) -> Operation:
        return self.make(emitc.AssignOp, (variable, value))

    def load(self, variable: SSAValue) -> SSAValue:
        assert isinstance(variable.type, emitc.LValueType)
        loaded = self.emit(emitc.LoadOp, (variable,), variable.type.value_type)
        loaded.name_hint = variable.name_hint
        return loaded

    def variable(self, type_: Attribute, name: str | None) -> SSAValue:
        variable = self.emit(emitc.VariableOp, (), lvalue(type_), value=UNINITIALISED)
        variable.name_hint = name
        return variable


@dataclass
class Scope(Emitter):
    """State of the conversion of one function."""

    version: str
    thread: str
    block: Block
    values: dict[SSAValue, SSAValue] = field(default_factory=dict)
    non_negative: set[SSAValue] = field(default_factory=set)
    headers: set[str] = field(default_factory=set)
    location: LocationAttr = UNKNOWN

    def add(self, op: Operation) -> None:
        append(self.block, op)

    def get(self, value: SSAValue) -> SSAValue:
        return self.values[value]

    def set(self, value: SSAValue, converted: SSAValue) -> None:
        """Records what a value became, and hands its name on."""
        self.values[value] = converted
        if converted.name_hint is None and value.name_hint is not None:
            converted.name_hint = value.name_hint

    def bind(self, op: Operation, converted: SSAValue, *, non_negative: bool = False) -> None:
        """Records the only result of an op."""
        (result,) = op.results
        self.set(result, converted)
        if non_negative:
            self.non_negative.add(result)

    def all_non_negative(self, *values: SSAValue) -> bool:
        for value in values:
            if value not in self.non_negative and not is_unsigned_constant(value):
                return False
        return True

    def uses_row(self, op: Operation, spec: OpSpec) -> None:
        """Notes the headers of a row of the op table that `op` stands for.

        Raises CompileError if the processors of the thread cannot run it.
        """
        if spec.thread not in ("any", self.thread) and self.thread != "ethernet":
            refuse(
                op,
                f"'{spec.mnemonic}' runs in {spec.thread} threads, but this thread is a {self.thread} thread",
            )
        self.headers.update(spec.headers_for(self.version))


def _wrapped(number: int, type_: IntegerType) -> int:
    """The number that the bits of `number` are in a type."""
    bits = type_.width.data
    number %= 1 << bits
    is_negative = type_.signedness.data is not Signedness.UNSIGNED and bits > 1 and number >> (bits - 1)
    return number - (1 << bits) if is_negative else number


def convert_type(op: Operation, type_: Attribute) -> Attribute:
    """The EmitC type of a value."""
    if (found := EMITC_OF_TYPE.get(type(type_))) is not None:
        return found
    if isinstance(type_, _EMITC_TYPES):
        return type_
    match type_:
        case IntegerType() if type_.width.data == 1:
            return BOOL
        case IntegerType() if type_.width.data in _UNSIGNED:
            return _UNSIGNED[type_.width.data]
        case Float32Type():
            return type_
        case BFloat16Type() | Float16Type():
            return Float32Type()
        case Float64Type():
            refuse(op, f"a scalar of type {type_} does not exist on the RISC-V processors", "use f32")
        case _:
            refuse(op, f"'{op.name}': a value of type {type_} has no C++ type")


def result_type(op: Operation) -> Attribute:
    """The EmitC type of the only result of an op."""
    (result,) = op.results
    return convert_type(op, result.type)


def signed(type_: Attribute) -> Attribute:
    """The signed type as wide as an unsigned one."""
    assert isinstance(type_, IntegerType)
    if type_.signedness.data is Signedness.UNSIGNED:
        return _SIGNED[type_.width.data]
    return type_


def printed(scope: Scope, operand: SSAValue) -> SSAValue:
    """A value as the device prints it: an index that may be negative as a signed number."""
    value = scope.get(operand)
    if not isinstance(operand.type, IndexType) or scope.all_non_negative(operand):
        return value
    return scope.cast(value, signed(value.type))
