# SPDX-License-Identifier: Apache-2.0
"""Both targets of the lowering make the same C++ of every row of the op table, and of hand-written TTKernel kernels."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import FunctionType, ModuleOp, StringAttr, f32, i1, i32
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from ttlang.codegen.cpp_printer import print_cpp
from ttlang.codegen.line_map import CppKernel
from ttlang.dialects import context, emitc
from ttlang.dialects.checking import parse
from ttlang.dialects.op_table import OpRow, mnemonics, op_spec, rows
from ttlang.dialects.ttcore import DataTypeAttr, TileType
from ttlang.dialects.ttkernel import THREAD_ATTRIBUTE, TTKernelOp
from ttlang.dialects.ttkernel import attributes as ttk
from ttlang.dialects.ttkernel.op_spec import METAL_VERSIONS, AttributeSpec, OpSpec
from ttlang.dialects.ttl.attributes import CBType
from ttlang.hardware.data_formats import DataType
from ttlang.transforms.convert_arith_scf_to_emitc import ConvertArithScfToEmitC
from ttlang.transforms.convert_ttkernel_to_emitc import ConvertTTKernelToEmitC
from ttlang.transforms.emitc_rows import compile_time_name
from ttlang.transforms.kernel_builder import INDEX, KernelBuilder
from ttlang.transforms.lowering_targets import TTKERNEL, EmitCTarget, Target
from ttlang.transforms.ttl_canonicalize import TTLCanonicalize

CORPUS = sorted((Path(__file__).parents[1] / "conformance" / "corpus").glob("*.mlir"))
TILES = CBType([2, 1], TileType(DataType.bf16), 2)
NUMBERS = {"idx": INDEX, "index": INDEX, "i32": i32, "l1": i32, "arg": i32}
ENUMS = {
    "dtype": DataTypeAttr,
    "reduce_type": ttk.ReduceTypeAttr,
    "reduce_dim": ttk.ReduceDimAttr,
    "bcast_type": ttk.BcastTypeAttr,
    "reuse_type": ttk.ReuseTypeAttr,
    "eltwise_binary_type": ttk.EltwiseBinaryTypeAttr,
}
Fill = Callable[["Calls"], None]


class Calls:
    """Builds a function out of rows."""

    def __init__(self, target: Target, thread: str):
        self.func = func.FuncOp("k", FunctionType.from_lists([], []), Region(Block([func.ReturnOp()])))
        self.func.attributes["ttl.thread"] = StringAttr(thread)
        self.target = target
        self.b = KernelBuilder(self.func, target)

    def operand(self, kind: str, number: int) -> SSAValue:
        """A value of a kind of operand."""
        match kind:
            case "cb":
                return self.b.buffer_of_index(number, TILES)
            case "f32":
                return self.b.constant(1.5, f32)
            case "i1":
                return self.b.constant(1, i1)
            case "noc_addr":
                return self.b.value("get_noc_addr", *(self.b.constant(n) for n in (1, 2)), self.b.i32(64))
            case "sem":
                return self.b.value("get_semaphore", self.b.constant(number))
            case "ptr":
                return self.b.value("reinterpret_cast<volatile tt_l1_ptr uint32_t*>", self.b.i32(64))
            case "args":
                return self.b.value("TensorAccessorArgs", self.b.i32(3), self.b.i32(0))
            case "acc":
                args = self.operand("args", 0)
                return self.b.value("TensorAccessor", args, self.b.i32(4096), self.b.i32(2048))
            case "any":
                return self.b.constant(number)
        return self.b.constant(number, NUMBERS[kind])

    def call(self, spec: OpSpec, texts: tuple[str, ...]) -> None:
        """One row; what it yields is printed, so that it is not left out."""
        if spec.mnemonic == "TensorAccessorArgs":
            kinds = ["i32", "i32"]
        else:
            kinds = [operand.kind for operand in spec.operands]
        operands = [self.operand(kind, n) for n, kind in enumerate(kinds)]
        named = {a.name: text for a, text in zip(spec.attributes, texts, strict=False)}
        if spec.mnemonic == "dprint":
            named = {"fmt": "{} of {}\n"}
            operands = operands * 2
        type = NUMBERS.get(spec.results[0]) if spec.results else None
        op = self.b.call(spec.mnemonic, *operands, result=type, **named)
        if op.results:
            self.use(spec.results[0], op.results[0])

    def use(self, kind: str, value: SSAValue) -> None:
        """A call that keeps a value of this kind alive."""
        zero, word = self.b.constant(0), self.b.i32(64)
        match kind:
            case "noc_addr":
                self.b.call("noc_async_read", value, word, word)
            case "sem":
                self.use("noc_addr", self.b.value("get_noc_addr", zero, zero, value))
            case "ptr":
                self.b.call("noc_semaphore_set", value, zero)
            case "args":
                self.use("acc", self.b.value("TensorAccessor", value, word, word))
            case "acc":
                self.b.call("noc_async_read_tile", word, value, word)
            case "data_format":
                pass  # nothing takes one
            case _:
                self.b.call("dprint", value, fmt="{}\n")

    def module(self) -> ModuleOp:
        thread = "compute" if self.func.attributes["ttl.thread"] == StringAttr("compute") else "noc"
        del self.func.attributes["ttl.thread"]
        self.target.finish(self.func, thread, (), ())
        return ModuleOp([self.func])


def cpp(target: Target, thread: str, version: str, fill: Fill) -> list[CppKernel]:
    """What becomes of a function in C++."""
    calls = Calls(target, thread)
    end = calls.func.body.block.last_op
    assert end is not None
    with calls.b.before(end):
        fill(calls)
    module = calls.module()
    TTLCanonicalize().apply(context(), module)
    convert = ConvertTTKernelToEmitC if target is TTKERNEL else ConvertArithScfToEmitC
    convert(version).apply(context(), module)
    module.verify()
    return print_cpp(module, metal_version=version)


def assert_same(thread: str, version: str, fill: Fill) -> str:
    """The C++ of the body."""
    usual = cpp(TTKERNEL, thread, version, fill)
    assert cpp(EmitCTarget(version), thread, version, fill) == usual
    return usual[0].source.partition("kernel_main() {")[2]


def texts_of(spec: OpSpec) -> Iterator[tuple[str, ...]]:
    """Values of the attributes of a row: those of its variants, else one of each."""
    if spec.variants:
        yield from spec.variants
        return
    yield tuple(text(attribute) for attribute in spec.attributes)


def text(attribute: AttributeSpec) -> str:
    if attribute.kind in ENUMS:
        return str(next(iter(ENUMS[attribute.kind].enum_type)).value)
    return {"bool": "true", "str": "words"}.get(attribute.kind, "2")


@cache
def has_cpp(mnemonic: str, version: str) -> bool:
    spec = op_spec(mnemonic)
    return any(spec.template(version, texts) for texts in texts_of(spec))


@pytest.mark.parametrize("version", METAL_VERSIONS)
def test_every_op(version: str) -> None:
    """Ops of both kinds of threads, each in a function of its own."""
    count = 0
    for mnemonic in mnemonics():
        spec = op_spec(mnemonic)
        if spec.startup is not None or mnemonic == "get_compile_time_arg_val":
            continue  # the start-up is part of `test_corpus`, the other of every kernel
        for texts in texts_of(spec):
            if not spec.template(version, texts):
                continue
            thread = "compute" if spec.thread == "compute" else "datamovement"
            body = assert_same(thread, version, lambda calls, s=spec, t=texts: calls.call(s, t))
            assert body.strip("\n}") or "data_format" in spec.results
            count += 1
    assert count > 300


@pytest.mark.parametrize("version", METAL_VERSIONS)
def test_every_row_of_the_op_table(version: str) -> None:
    """The inits and calls of all rows that a generation has, as the lowering makes them."""

    def calls_of(row: OpRow) -> Fill:
        def fill(calls: Calls) -> None:
            for call in (*row.init_calls, *row.calls):
                spec = op_spec(call.mnemonic)
                kinds = [operand.kind for operand in spec.bind(len(call.operands))]
                operands = [calls.operand(kind, n) for n, kind in enumerate(kinds)]
                calls.b.row_call(call.mnemonic, operands, call.attributes)

        return fill

    chosen = [
        row
        for row in rows()
        if row.available
        and row.cpp(version) is not None
        and not any(op_spec(call.mnemonic).startup for call in (*row.init_calls, *row.calls))
    ]
    for row in chosen:
        assert "(" in assert_same("compute", version, calls_of(row))
    assert len(chosen) > 200


class Replay:
    """Makes the ops of a TTKernel function anew for another target."""

    def __init__(self, function: func.FuncOp, target: Target, thread: str):
        self.target = target
        self.thread = thread
        self.source = function
        self.made = func.FuncOp("k", FunctionType.from_lists([], []), Region(Block()))
        self.made.properties["sym_name"] = function.sym_name
        self.made.attributes["ttl.thread"] = StringAttr("compute" if thread == "compute" else "datamovement")
        self.values: dict[SSAValue, SSAValue] = {}
        self.started = False

    def run(self) -> func.FuncOp:
        self._block(self.source.body.block, self.made.body.block)
        del self.made.attributes["ttl.thread"]
        self.target.finish(self.made, self.thread, (), ())
        return self.made

    def _block(self, source: Block, block: Block) -> None:
        for op in source.ops:
            if not isinstance(op, TTKernelOp):
                self._clone(op, block)
                continue
            operands = [self.values[operand] for operand in op.operands]
            insert = self._inserter(block, op)
            if op.spec.startup is not None and not self.started:
                self.started = True
                self.target.startup(op.spec.mnemonic, operands, op.named_texts, self.made, insert)
                continue
            made = self.target.row(op.spec.mnemonic, operands, op.named_texts, number(op), self.made, insert)
            for old, new in zip(op.results, made.results, strict=True):
                self.values[old] = new
                new.name_hint = self._name(op, old)

    def _name(self, op: TTKernelOp, value: SSAValue) -> str | None:
        if op.spec.mnemonic != "get_compile_time_arg_val":
            return value.name_hint
        index = int(dict(op.named_texts)["arg_index"])
        return compile_time_name(value.name_hint, index, is_buffer=isinstance(value.type, ttk.CBType))

    def _clone(self, op: Operation, block: Block) -> None:
        copy = type(op).create(
            operands=[self.values[operand] for operand in op.operands],
            result_types=[result.type for result in op.results],
            properties=op.properties,
            attributes=op.attributes,
            regions=[Region() for _ in op.regions],
            location=op.location,
        )
        for old, new in zip(op.results, copy.results, strict=True):
            self.values[old] = new
            new.name_hint = old.name_hint
        for region, empty in zip(op.regions, copy.regions, strict=True):
            for inner in region.blocks:
                fresh = Block(arg_types=[argument.type for argument in inner.args])
                empty.add_block(fresh)
                for old_argument, argument in zip(inner.args, fresh.args, strict=True):
                    self.values[old_argument] = argument
                    argument.name_hint = old_argument.name_hint
                self._block(inner, fresh)
        block.add_op(copy)

    @staticmethod
    def _inserter(block: Block, like: Operation) -> Callable[[Operation], Operation]:
        def insert(op: Operation) -> Operation:
            op.location = like.location
            block.add_op(op)
            return op

        return insert


def number(op: TTKernelOp) -> Attribute | None:
    """The type of the value of an op, where the row does not say it."""
    if not op.results or op.spec.results[0] not in NUMBERS:
        return None
    type = op.results[0].type
    return type if type in (i32, INDEX) else emitc.UI32  # a circular buffer


@pytest.mark.parametrize("version", METAL_VERSIONS)
@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_corpus(path: Path, version: str) -> None:
    module = parse(context(), path.read_text(), path.name)
    functions = [op for op in module.ops if isinstance(op, func.FuncOp)]
    target = EmitCTarget(version)
    direct = ModuleOp(
        [Replay(f, target, f.attributes[THREAD_ATTRIBUTE].data.value).run() for f in functions]  # type: ignore[attr-defined]
    )
    ConvertArithScfToEmitC(version).apply(Context(), direct)
    ConvertTTKernelToEmitC(version).apply(Context(), module)
    for made, expected in zip(
        print_cpp(direct, metal_version=version), print_cpp(module, metal_version=version), strict=True
    ):
        assert made.source == expected.source
        assert made.line_map == expected.line_map


def test_attributes_that_a_row_does_not_have_are_refused() -> None:
    calls = Calls(EmitCTarget("0.81"), "compute")
    with pytest.raises(TypeError, match="tile_regs_acquire has no attribute wide"):
        calls.b.call("tile_regs_acquire", wide=True)


def test_rows_of_another_generation_are_refused() -> None:
    assert has_cpp("untilize_init", "0.69") and not has_cpp("untilize_init", "0.81")
    calls = Calls(EmitCTarget("0.81"), "compute")
    with pytest.raises(Exception, match=r"'untilize_init' has no C\+\+ in tt-metal 0\.81"):
        calls.b.call("untilize_init", calls.b.buffer_of_index(0, TILES))
