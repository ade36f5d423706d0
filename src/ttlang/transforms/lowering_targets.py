# SPDX-License-Identifier: Apache-2.0
"""What the lowering of TTL makes of a row of the op table: a TTKernel op, or the EmitC of its call at once.

The lowering passes choose rows; a target makes ops of them. Both targets take the names of operands and attributes, the
types of values and the C++ from the same table. While a function is lowered, an op of the EmitC target names its row in
`ttl.row`, from which the passes that follow know its effect, what an init sets up and which headers it needs.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from xdsl.dialects.builtin import ArrayAttr, IntegerAttr, ModuleOp, StringAttr, i32
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Operation, SSAValue

from ttlang.codegen.attributes import THREAD
from ttlang.dialects import emitc, ttkernel
from ttlang.dialects.emitc import ROW
from ttlang.dialects.op_table import op_spec
from ttlang.dialects.ttkernel.op_spec import OpSpec
from ttlang.dialects.ttkernel.operation import attribute_text, make_attribute
from ttlang.dialects.ttl.attributes import CBType

from .emitc_context import EMITC_OF_TYPE, Emitter, check_version
from .emitc_rows import Row, compile_time_name, emit_row, operands_left_out
from .emitc_startup import emit_startup, has_startup

ROW_ATTRIBUTES = "ttl.row_attributes"
"""Attribute of an op that stands for a row: the texts of the row's attributes, in order."""

LEFT_OUT = "ttl.left_out"
"""Attribute of an op that stands for a row: the circular buffers that the row names and the call does not."""

_VALUE_TYPES: dict[str, type[Attribute]] = {
    "acc": ttkernel.TensorAccessorType,
    "args": ttkernel.TensorAccessorArgsType,
    "data_format": ttkernel.DataFormatType,
    "noc_addr": ttkernel.NocAddrType,
    "ptr": ttkernel.L1AddrPtrType,
    "sem": ttkernel.LocalSemaphoreType,
}
"""The type of a value of each kind that is no number. Values of other kinds have the type that the caller wants."""

Texts = tuple[tuple[str, str], ...]
Insert = Callable[[Operation], Operation]


def row_name(op: Operation) -> str | None:
    """The mnemonic of the row that an op stands for, whatever the target; None for other ops."""
    if isinstance(op, ttkernel.TTKernelOp):
        return op.spec.mnemonic
    row = op.attributes.get(ROW)
    return row.data if isinstance(row, StringAttr) else None


def row_setting(op: Operation) -> tuple[object, ...]:
    """What an op that stands for a row does with which operands: equal for ops that do the same."""
    if isinstance(op, ttkernel.TTKernelOp):
        return setting(op.spec.mnemonic, op.operands, attributes=tuple(sorted(op.properties.items())))
    name = row_name(op)
    assert name is not None
    texts = op.attributes.get(ROW_ATTRIBUTES)
    return setting(
        name,
        op.operands,
        attributes=texts.data if isinstance(texts, ArrayAttr) else (),
        left_out=op.attributes.get(LEFT_OUT),
    )


def setting(
    name: str,
    operands: Sequence[SSAValue],
    attributes: tuple[object, ...] = (),
    left_out: Attribute | None = None,
) -> tuple[object, ...]:
    return (name, attributes, left_out, *operands)


@cache
def _texts(mnemonic: str, named: Texts) -> Texts:
    """The attributes of a row, in its order, defaults included. Raises TypeError for one that it does not have."""
    given = dict(named)
    found = []
    for attribute in op_spec(mnemonic).attributes:
        text = given.pop(attribute.name, attribute.default)
        if text is not None:
            found.append((attribute.name, text))
    if given:
        raise TypeError(f"{mnemonic} has no attribute {', '.join(sorted(given))}")
    return tuple(found)


def texts_of(mnemonic: str, named: Mapping[str, Any]) -> Texts:
    """The attributes of a row from Python values or texts by name."""
    return _texts(
        mnemonic, tuple((n, str(v).lower() if isinstance(v, bool) else str(v)) for n, v in named.items())
    )


def texts_in_order(mnemonic: str, texts: Sequence[str]) -> Texts:
    """The attributes of a row from texts in its order."""
    names = (attribute.name for attribute in op_spec(mnemonic).attributes)
    return _texts(mnemonic, tuple(zip(names, texts, strict=False)))


class Target(ABC):
    """Makes ops of rows of the op table."""

    @abstractmethod
    def row(
        self,
        mnemonic: str,
        operands: Sequence[SSAValue],
        texts: Texts,
        type: Attribute | None,
        func: FuncOp,
        insert: Insert,
    ) -> Operation:
        """Insert a row's ops; returns the one that yields the row's value or does its work.

        `type` is that of a value that is a number; the types of other values follow from the row.
        """

    @abstractmethod
    def startup(
        self, mnemonic: str, operands: Sequence[SSAValue], texts: Texts, func: FuncOp, insert: Insert
    ) -> Operation:
        """Insert the first configuration of the hardware of a function, by a row that has one."""

    @abstractmethod
    def buffer_type(self, type: CBType) -> Attribute:
        """The type of the handle of a circular buffer."""

    @abstractmethod
    def buffer_name(self, hint: str | None, index: int) -> str | None:
        """The name of the handle of a circular buffer."""

    @abstractmethod
    def buffer_index(self, op: Operation) -> int | None:
        """The number of the circular buffer that an op yields the handle of; None for other ops."""

    @abstractmethod
    def finish(self, func: FuncOp, thread: str, buffers: Sequence[int], tensors: Sequence[int]) -> None:
        """Give a lowered function its attributes.

        `thread` is "compute" or "noc"; `buffers` and `tensors` are the numbers of those that it names, in the order of
        its compile-time and of its common runtime arguments.
        """


class TTKernelTarget(Target):
    """One TTKernel op for each row."""

    def row(
        self,
        mnemonic: str,
        operands: Sequence[SSAValue],
        texts: Texts,
        type: Attribute | None,
        func: FuncOp,
        insert: Insert,
    ) -> Operation:
        types, properties = _ttkernel_parts(mnemonic, texts)
        return insert(
            ttkernel.OPS[mnemonic].create(
                operands=operands, result_types=types if type is None else (type,), properties=properties
            )
        )

    def startup(
        self, mnemonic: str, operands: Sequence[SSAValue], texts: Texts, func: FuncOp, insert: Insert
    ) -> Operation:
        return self.row(mnemonic, operands, texts, None, func, insert)

    def buffer_type(self, type: CBType) -> Attribute:
        return ttkernel.CBType(type.total_tiles, type.tile_type)

    def buffer_name(self, hint: str | None, index: int) -> str | None:
        return hint

    def buffer_index(self, op: Operation) -> int | None:
        if row_name(op) != "get_compile_time_arg_val":
            return None
        return int(attribute_text(op.properties["arg_index"]))

    def finish(self, func: FuncOp, thread: str, buffers: Sequence[int], tensors: Sequence[int]) -> None:
        func.attributes[ttkernel.ARG_SPEC_ATTRIBUTE] = ttkernel.ArgSpecAttr(
            [ttkernel.ArgAttr(ttkernel.ArgType.BUFFER_ADDRESS, index) for index in tensors],
            [ttkernel.ArgAttr(ttkernel.ArgType.CB_PORT, index) for index in buffers],
        )
        func.attributes[ttkernel.THREAD_ATTRIBUTE] = ttkernel.ThreadTypeAttr(ttkernel.ThreadKind(thread))


@cache
def _ttkernel_parts(mnemonic: str, texts: Texts) -> tuple[tuple[Attribute, ...], dict[str, Attribute]]:
    """Types of the results, where the row says them, and the properties of an op."""
    spec = op_spec(mnemonic)
    kinds = {attribute.name: attribute.kind for attribute in spec.attributes}
    types = tuple(_VALUE_TYPES[kind]() for kind in spec.results if kind in _VALUE_TYPES)
    return types, {name: make_attribute(kinds[name], text) for name, text in texts}


class EmitCTarget(Target):
    """The call of each row in one API generation. Values that are numbers keep their type until control flow and
    arithmetic become EmitC too."""

    def __init__(self, version: str):
        self.version = version

    def row(
        self,
        mnemonic: str,
        operands: Sequence[SSAValue],
        texts: Texts,
        type: Attribute | None,
        func: FuncOp,
        insert: Insert,
    ) -> Operation:
        spec = op_spec(mnemonic)
        row = Row(spec, operands, texts, _emitc_type(spec) if type is None else type)
        op = emit_row(self._emitter(row, func, insert), row)
        assert op is not None, f"'{mnemonic}' is nothing in tt-metal {self.version}"
        return op

    def startup(
        self, mnemonic: str, operands: Sequence[SSAValue], texts: Texts, func: FuncOp, insert: Insert
    ) -> Operation:
        row = Row(op_spec(mnemonic), operands, texts)
        out = self._emitter(row, func, insert)
        start = emit_startup(out, row) if has_startup(self.version) else None
        op = emit_row(out, row) or start  # the row vanishes where the start-up does its work
        assert op is not None
        return op

    def _emitter(self, row: Row, func: FuncOp, insert: Insert) -> "_RowEmitter":
        attributes = _row_attributes(row.spec.mnemonic, row.texts)
        if left_out := operands_left_out(row, self.version):
            handles = (v.owner for v in left_out if isinstance(v.owner, Operation))
            indices = [index for op in handles if (index := self.buffer_index(op)) is not None]
            attributes = {**attributes, LEFT_OUT: ArrayAttr([IntegerAttr(i, i32) for i in indices])}
        return _RowEmitter(self.version, thread_of(func), attributes, insert)

    def buffer_type(self, type: CBType) -> Attribute:
        return emitc.UI32

    def buffer_name(self, hint: str | None, index: int) -> str | None:
        return compile_time_name(hint, index, is_buffer=True)

    def buffer_index(self, op: Operation) -> int | None:
        if row_name(op) != "get_compile_time_arg_val":
            return None
        texts = op.attributes[ROW_ATTRIBUTES]
        assert isinstance(texts, ArrayAttr)
        return int(texts.data[0].data)

    def finish(self, func: FuncOp, thread: str, buffers: Sequence[int], tensors: Sequence[int]) -> None:
        func.attributes[THREAD] = StringAttr(thread)


class _RowEmitter(Emitter):
    """Inserts the ops of one row, which name it."""

    def __init__(self, version: str, thread: str, attributes: dict[str, Attribute], insert: Insert):
        self.version = version
        self.thread = thread
        self._attributes = attributes
        self._insert = insert

    def add(self, op: Operation) -> None:
        op.attributes.update(self._attributes)
        self._insert(op)


@cache
def _row_attributes(mnemonic: str, texts: Texts) -> dict[str, Attribute]:
    attributes: dict[str, Attribute] = {ROW: StringAttr(mnemonic)}
    if texts:
        attributes[ROW_ATTRIBUTES] = ArrayAttr([StringAttr(text) for _, text in texts])
    return attributes


def _emitc_type(spec: OpSpec) -> Attribute | None:
    return EMITC_OF_TYPE[_VALUE_TYPES[spec.results[0]]] if spec.results else None


def thread_of(func: FuncOp) -> str:
    """The kind of thread that a TTL function is: "compute" or "noc"."""
    thread = func.attributes["ttl.thread"]
    assert isinstance(thread, StringAttr)
    return "compute" if thread.data == "compute" else "noc"


TTKERNEL = TTKernelTarget()


def emitc_target(module: ModuleOp, version: str) -> EmitCTarget:
    """The target for an API generation. Raises CompileError when there is no such generation."""
    check_version(module, version)
    return EmitCTarget(version)
