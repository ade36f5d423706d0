# SPDX-License-Identifier: Apache-2.0
"""Building the code of a kernel inside the function of a thread, for any target (`lowering_targets`)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import FloatAttr, IndexType, IntegerAttr, IntegerType, f32, i32
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Block, Operation, SSAValue

from ttlang.dialects.interned import INDEX, integer
from ttlang.dialects.ttl.attributes import CBType

from .insertion import Insertion
from .lowering_targets import TTKERNEL, Target, Texts, texts_in_order, texts_of


class KernelBuilder(Insertion):
    """Inserts ops before an anchor, at the anchor's location; constants and handles go to the function's start."""

    def __init__(self, func: FuncOp, target: Target = TTKERNEL):
        self.func = func
        self.target = target
        self.entry = func.body.blocks[0]
        super().__init__(self.entry, self.entry.first_op, func.location)
        self._constants: dict[tuple[Any, Attribute], SSAValue] = {}
        self._handles: dict[SSAValue, SSAValue] = {}
        self._last_prologue: Operation | None = None
        self._last_start: Operation | None = None
        self._in_prologue: set[Operation] = set()
        self._unnamed: dict[int, SSAValue] = {}
        self._find_prologue()

    def _find_prologue(self) -> None:
        """Constants and handles that earlier passes put at the start are found again."""
        for op in self.entry.ops:
            if isinstance(op, arith.ConstantOp) and isinstance(op.value, IntegerAttr):
                self._constants.setdefault((op.value.value.data, op.result.type), op.result)
            elif isinstance(op, arith.ConstantOp):
                pass  # floats stand among them
            elif (index := self.target.buffer_index(op)) is not None:
                for argument in self.entry.args:
                    if cb_index(self.func, argument) == index:
                        self._handles[argument] = op.results[0]
            else:
                continue
            if self._last_prologue is op.prev_op:
                self._last_prologue = op
                self._in_prologue.add(op)

    # Where ops go

    @contextmanager
    def before(self, op: Operation) -> Iterator[None]:
        """Insert before `op`, with its location."""
        saved = self._anchor, self._block, self._location
        assert op.parent is not None
        self._anchor, self._block, self._location = op, op.parent, op.location
        try:
            yield
        finally:
            self._anchor, self._block, self._location = saved

    @contextmanager
    def at_start(self) -> Iterator[None]:
        """Insert at the start of the function, behind the constants and what was inserted there before."""
        self._gather_constants()
        saved = self._anchor, self._block, self._location
        after = self._last_start if self._last_start is not None else self._last_prologue
        anchor = self.entry.first_op if after is None else after.next_op
        self._anchor, self._block, self._location = anchor, self.entry, self.func.location
        try:
            yield
        finally:
            self._last_start = self.entry.last_op if anchor is None else anchor.prev_op
            self._anchor, self._block, self._location = saved

    def _gather_constants(self) -> None:
        """Known constants move to the very start, so that all that follows may use them."""
        for value in self._constants.values():
            op = value.owner
            assert isinstance(op, Operation)
            if op.parent is self.entry and op not in self._in_prologue:
                self._to_prologue(op)

    def _to_prologue(self, op: Operation) -> None:
        """Move a constant that stands further down, so that code before it may use it."""
        if self._anchor is op:
            self._anchor = op.next_op
        location = op.location
        op.detach()
        self._prologue(op)
        op.location = location

    @contextmanager
    def at_end(self, block: Block) -> Iterator[None]:
        """Insert at the end of `block`, with the current location."""
        saved = self._anchor, self._block
        self._anchor, self._block = None, block
        try:
            yield
        finally:
            self._anchor, self._block = saved

    def _prologue(self, op: Operation) -> Operation:
        op.location = self.func.location
        if self._last_prologue is not None:
            self.entry.insert_op_after(op, self._last_prologue)
        elif (first := self.entry.first_op) is not None:
            self.entry.insert_op_before(op, first)
            if self._anchor is first and self._block is self.entry:
                self._anchor = first
        else:
            self.entry.add_op(op)
        self._last_prologue = op
        self._in_prologue.add(op)
        return op

    # Values

    def constant(self, value: int | float, type: Attribute = INDEX) -> SSAValue:
        """A constant, made once at the start of the function."""
        key = (value, type)
        if key not in self._constants:
            if type == f32:
                op = arith.ConstantOp(FloatAttr(value, f32))
            else:
                assert isinstance(type, IntegerType | IndexType) and isinstance(value, int)
                op = arith.ConstantOp(integer(value, type))
            self._prologue(op)
            self._constants[key] = op.result
        known = self._constants[key]
        assert isinstance(known.owner, Operation)
        if known.owner not in self._in_prologue:
            self._to_prologue(known.owner)
        return known

    def i32(self, value: int | SSAValue) -> SSAValue:
        """A 32-bit integer: a constant, or an index cast to it."""
        if isinstance(value, int):
            return self.constant(value, i32)
        if value.type == i32:
            return value
        if isinstance(value.owner, arith.ConstantOp) and isinstance(value.owner.value, IntegerAttr):
            return self.constant(value.owner.value.value.data, i32)
        cast = self.insert(arith.IndexCastOp(value, i32)).results[0]
        cast.name_hint = value.name_hint
        return cast

    def buffer(self, cb: SSAValue) -> SSAValue:
        """The handle of a circular buffer that is an argument of the function."""
        if cb not in self._handles:
            index = cb_index(self.func, cb)
            assert isinstance(cb.type, CBType) and index is not None
            self._handles[cb] = self._handle(index, cb.type, cb.name_hint)
        return self._handles[cb]

    def _handle(self, index: int, type: CBType, name: str | None) -> SSAValue:
        texts = texts_of("get_compile_time_arg_val", {"arg_index": index})
        op = self.target.row(
            "get_compile_time_arg_val", (), texts, self.target.buffer_type(type), self.func, self._prologue
        )
        op.results[0].name_hint = self.target.buffer_name(name, index)
        return op.results[0]

    def buffer_of_index(self, index: int, type: CBType) -> SSAValue:
        """The handle of a circular buffer of the program, by its index on the core."""
        for argument in self.entry.args:
            if cb_index(self.func, argument) == index:
                return self.buffer(argument)
        if index not in self._unnamed:
            self._unnamed[index] = self._handle(index, type, None)
        return self._unnamed[index]

    def add(self, a: SSAValue | int, b: SSAValue | int) -> SSAValue:
        """Sum of two indices, folded where it can be."""
        if isinstance(a, int) and isinstance(b, int):
            return self.constant(a + b)
        if b == 0 and isinstance(b, int):
            return a if isinstance(a, SSAValue) else self.constant(a)
        if a == 0 and isinstance(a, int):
            return b if isinstance(b, SSAValue) else self.constant(b)
        return self.insert(arith.AddiOp(self.index(a), self.index(b))).results[0]

    def multiply(self, a: SSAValue | int, b: SSAValue | int) -> SSAValue:
        """Product of two indices, folded where it can be."""
        if isinstance(a, int) and isinstance(b, int):
            return self.constant(a * b)
        for x, y in ((a, b), (b, a)):
            if isinstance(x, int):
                if x == 0:
                    return self.constant(0)
                if x == 1:
                    return self.index(y)
        return self.insert(arith.MuliOp(self.index(a), self.index(b))).results[0]

    def index(self, value: SSAValue | int) -> SSAValue:
        return self.constant(value) if isinstance(value, int) else value

    # Ops

    def call(
        self, mnemonic: str, *operands: SSAValue, result: Attribute | None = None, **attributes: Any
    ) -> Operation:
        """Insert a row of the op table; `result` is the type of its value, where that is a number."""
        return self._row(mnemonic, operands, texts_of(mnemonic, attributes), result)

    def value(
        self, mnemonic: str, *operands: SSAValue, type: Attribute | None = None, **attributes: Any
    ) -> SSAValue:
        """Insert a row that yields a value; `type` is the value's, where it is a number."""
        return self._row(mnemonic, operands, texts_of(mnemonic, attributes), type).results[0]

    def row_call(self, mnemonic: str, operands: Sequence[SSAValue], attributes: Sequence[str]) -> Operation:
        """Insert a row with attributes as the texts that the op table has."""
        return self._row(mnemonic, operands, texts_in_order(mnemonic, attributes), None)

    def _row(
        self, mnemonic: str, operands: Sequence[SSAValue], texts: Texts, type: Attribute | None
    ) -> Operation:
        return self.target.row(mnemonic, operands, texts, type, self.func, self.insert)

    def startup(self, mnemonic: str, *operands: SSAValue) -> Operation:
        """Insert the first configuration of the hardware."""
        return self.target.startup(mnemonic, operands, texts_of(mnemonic, {}), self.func, self.insert)

    @contextmanager
    def loop(self, count: SSAValue | int, name: str, lower: int = 0, step: int = 1) -> Iterator[SSAValue]:
        """A counted loop around what is inserted inside; yields its variable. A single turn needs no loop."""
        if isinstance(count, int) and lower < count <= lower + step:
            yield self.constant(lower)
            return
        body = Block(arg_types=[INDEX])
        body.args[0].name_hint = name
        with self.at_end(body):
            yield body.args[0]
            self.insert(scf.YieldOp())
        self.insert(scf.ForOp(self.constant(lower), self.index(count), self.constant(step), [], body))


def cb_index(func: FuncOp, argument: SSAValue) -> int | None:
    """The index on the core of the circular buffer that is this argument of the function."""
    return _resource(func, argument, "ttl.cb")


def tensor_index(func: FuncOp, argument: SSAValue) -> int | None:
    """The position of the kernel tensor that is this argument of the function."""
    return _resource(func, argument, "ttl.tensor")


def _resource(func: FuncOp, argument: SSAValue, key: str) -> int | None:
    if func.arg_attrs is None:
        return None
    for candidate, attributes in zip(func.body.blocks[0].args, func.arg_attrs.data, strict=True):
        if candidate is argument and key in attributes.data:
            value = attributes.data[key]
            assert isinstance(value, IntegerAttr)
            return value.value.data
    return None
