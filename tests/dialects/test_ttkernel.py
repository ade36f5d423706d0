# SPDX-License-Identifier: Apache-2.0
"""The `ttkernel` dialect: text of every op, verifiers, side effects, look-up."""

from io import StringIO

import pytest
from xdsl.context import Context
from xdsl.dialects.arith import Arith, ConstantOp
from xdsl.dialects.builtin import Builtin, IndexType, IntegerAttr, ModuleOp, i32
from xdsl.dialects.func import Func
from xdsl.dialects.test import Test
from xdsl.ir import Block
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import is_side_effect_free
from xdsl.transforms.common_subexpression_elimination import cse
from xdsl.utils.exceptions import ParseError, VerifyException

from ttlang.dialects import ttkernel
from ttlang.dialects.ttcore import TileType, TTCore
from ttlang.dialects.ttkernel import CBType, TTKernel
from ttlang.dialects.ttkernel.op_spec import OperandSpec, OpSpec
from ttlang.hardware.data_formats import DataType

CB = "!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>"
TYPES = {
    "acc": "!ttkernel.TensorAccessor", "any": "i32", "arg": "i32", "args":
    "!ttkernel.TensorAccessorArgs", "cb": CB, "data_format": "!ttkernel.DataFormat", "f32": "f32",
    "fcm": "!ttkernel.fabric_connection_manager", "i1": "i1", "i16": "i16", "i32": "i32", "idx":
    "index", "index": "index", "l1": "!ttkernel.l1_addr", "noc_addr": "!ttkernel.noc_addr",
    "page_mapping": "!ttkernel.PageMapping", "ptr": "!ttkernel.l1_addr_ptr", "sem":
    "!ttkernel.local_semaphore",
}  # fmt: skip
VALUES = {
    "bool": "true", "i32": "2 : i32", "i64": "2 : i64", "str": '"x"',
    "dtype": "#ttcore.supportedDataTypes<si32>",
    "reduce_type": "#ttkernel.reduce_type<reduce_max>", "reduce_dim": "#ttkernel.reduce_dim<reduce_dim_col>",
    "bcast_type": "#ttkernel.bcast_type<row>", "reuse_type": "#ttkernel.reuse_type<dest_to_srcb>",
    "eltwise_binary_type": "#ttkernel.eltwise_binary_type<mul>",
}  # fmt: skip


def context() -> Context:
    ctx = Context()
    for dialect in (Builtin, Arith, Func, Test, TTCore, TTKernel):
        ctx.load_dialect(dialect)
    return ctx


def parse(text: str) -> ModuleOp:
    return Parser(context(), text).parse_module()


def show(module: ModuleOp, *, generic: bool = False) -> str:
    stream = StringIO()
    Printer(stream, print_generic_format=generic).print_op(module)
    return stream.getvalue()


def operand_type(spec: OpSpec, operand: OperandSpec) -> str:
    rows = "!ttkernel.cb<4096, bf16>"
    if operand.kind == "cb" and "untilize" in spec.mnemonic:
        return rows if operand.name == "cbOut" else CB
    if operand.kind == "cb" and "tilize" in spec.mnemonic:
        return rows if operand.name == "cbIn" else CB
    return TYPES[operand.kind]


def generic_text(spec: OpSpec) -> str:
    """A module with one instance of an op in generic form, all attributes given."""
    operands = [o for o in spec.operands if not o.variadic]
    if spec.mnemonic == "TensorAccessorArgs":
        operands = [spec.operands[2]]
    types = [operand_type(spec, operand) for operand in operands]
    sources = "\n".join(f'%{i} = "test.op"() : () -> {type_}' for i, type_ in enumerate(types))
    names = ", ".join(f"%{i}" for i in range(len(types)))
    attributes = ", ".join(f"{a.name} = {VALUES[a.kind]}" for a in spec.attributes)
    results = [TYPES[kind] for kind in spec.results]
    left = "%r = " if results else ""
    signature = f"({', '.join(types)}) -> ({', '.join(results)})"
    return f'{sources}\n{left}"{spec.name}"({names}) <{{{attributes}}}> : {signature}'


@pytest.mark.parametrize("mnemonic", list(ttkernel.OPS))
def test_every_op_prints_and_parses_in_both_forms(mnemonic: str) -> None:
    module = parse(generic_text(ttkernel.OPS[mnemonic].spec))
    module.verify()
    custom, generic = show(module), show(module, generic=True)
    assert parse(custom).is_structurally_equivalent(module)
    assert parse(generic).is_structurally_equivalent(module)
    assert show(parse(custom)) == custom


WITH_OPERANDS = [m for m, c in ttkernel.OPS.items() if c.spec.operands and not c.spec.operands[-1].variadic]


@pytest.mark.parametrize("mnemonic", WITH_OPERANDS)
def test_every_op_checks_its_operands(mnemonic: str) -> None:
    spec = ttkernel.OPS[mnemonic].spec
    wrong = "!ttkernel.noc_addr" if spec.operands[0].kind != "noc_addr" else "f32"
    count = 1 if mnemonic == "TensorAccessorArgs" else len(spec.operands)
    attributes = ", ".join(f"{a.name} = {VALUES[a.kind]}" for a in spec.attributes)
    results = ", ".join(TYPES[kind] for kind in spec.results)
    text = (
        f'%0 = "test.op"() : () -> {wrong}\n'
        f'{"%r = " if results else ""}"{spec.name}"({", ".join(["%0"] * count)}) <{{{attributes}}}>'
        f" : ({', '.join([wrong] * count)}) -> ({results})"
    )
    with pytest.raises(VerifyException):
        parse(text).verify()


def test_classes_are_found_by_name_and_by_mnemonic() -> None:
    assert ttkernel.CBWaitFrontOp is ttkernel.OPS["cb_wait_front"]
    assert ttkernel.AddTilesOp.name == "ttkernel.add_tiles"
    assert ttkernel.ExperimentalSemaphoreWaitOp is ttkernel.OPS["experimental::semaphore_wait"]
    assert ttkernel.ReinterpretCastOp.spec.results == ("ptr",)
    with pytest.raises(AttributeError, match="NoSuchOp"):
        _ = ttkernel.NoSuchOp
    with pytest.raises(KeyError):
        _ = ttkernel.OPS["no_such_op"]


def test_operands_have_names_and_attributes_take_python_values() -> None:
    cb = ttkernel.GetCompileTimeArgValOp(result_types=[CBType(2, TileType(DataType.bf16))], arg_index=3)
    count = ConstantOp(IntegerAttr(1, i32))
    wait = ttkernel.CBWaitFrontOp(cb, count)
    wait.verify()
    assert wait.cb is cb.results[0] and wait.numPages is count.result
    zero = ConstantOp(IntegerAttr(0, IndexType()))
    pack = ttkernel.PackTileOp(zero, cb, zero, out_of_order=True)
    assert pack.attribute_texts == ("true",)
    assert ttkernel.PackTileOp(zero, cb, zero).attribute_texts == ("false",)
    with pytest.raises(TypeError, match="no attribute order"):
        ttkernel.PackTileOp(zero, cb, zero, order=1)


def test_pure_ops_are_merged_and_others_are_not() -> None:
    type_ = CBType(2, TileType(DataType.bf16))
    first, second = (ttkernel.GetCompileTimeArgValOp(result_types=[type_], arg_index=0) for _ in range(2))
    one = ConstantOp(IntegerAttr(1, i32))
    calls = [ttkernel.CBWaitFrontOp(first, one), ttkernel.CBWaitFrontOp(second, one)]
    pointers = [
        ttkernel.GetReadPtrOp(first, result_types=[i32]),
        ttkernel.GetReadPtrOp(second, result_types=[i32]),
    ]
    uses = [ttkernel.GetNocAddrFromBankIdOp(p, p, result_types=[ttkernel.NocAddrType()]) for p in pointers]
    sends = [ttkernel.NocAsyncReadOp(use, pointers[0], one) for use in uses]
    block = Block([first, second, one, calls[0], pointers[0], calls[1], pointers[1], *uses, *sends])
    assert is_side_effect_free(first) and not is_side_effect_free(calls[0])
    cse(block)
    names = [op.name for op in block.ops]
    assert names.count("ttkernel.get_compile_time_arg_val") == 1
    assert names.count("ttkernel.cb_wait_front") == 2
    assert names.count("ttkernel.get_read_ptr") == 2, "a pointer read after a wait is another pointer"


@pytest.mark.parametrize(
    "text, message",
    [
        ("ttkernel.tile_regs_acquire(%0) : (i32) -> ()", "expected 0 operands, got 1"),
        (f"ttkernel.cb_wait_front(%cb) : ({CB}) -> ()", "expected 2 operands, got 1"),
        (
            f"ttkernel.cb_wait_front(%cb, %i) : ({CB}, index) -> ()",
            "operand 'numPages' must be i32, but got index",
        ),
        (
            "ttkernel.noc_async_read_barrier_with_trid(%16) : (i32) -> ()",
            r"trid must be in \[0, 15\], but got 16",
        ),
        ('ttkernel.dprint("{} {}", %0) : (i32) -> ()', "format has 2 '{}' but there are 1 operands"),
        (
            "ttkernel.sfpu_reduce(%i, <reduce_sum>, <f32>, <reduce_dim_col>) : (index) -> ()",
            "only supports data_format Int32, but got f32",
        ),
        (
            "ttkernel.sfpu_reduce(%i, <reduce_sum>, <si32>, <reduce_dim_scalar>) : (index) -> ()",
            "reduces along a row or a column, not both",
        ),
        (
            f"ttkernel.tilize_init(%cb, %0, %cb) : ({CB}, i32, {CB}) -> ()",
            "input must have scalar element type",
        ),
        (
            f"ttkernel.pack_untilize_init(%cb, %rows) {{colsPerDstPass = 3 : i32, totalColTiles = 4 : i32}} :"
            f" ({CB}, !ttkernel.cb<8, bf16>) -> ()",
            r"totalColTiles \(4\) must be a multiple of colsPerDstPass \(3\)",
        ),
        ("%a = ttkernel.TensorAccessorArgs(%d, %d)", "cta_base must be a constant unless cta_expr is given"),
        (
            '"ttkernel.add_tiles_init"(%cb, %cb) <{x = 1 : i32}> : (' + f"{CB}, {CB}) -> ()",
            "does not have property 'x'",
        ),
        (
            '"ttkernel.reduce_init"(%cb, %cb, %cb) : (' + f"{CB}, {CB}, {CB}) -> ()",
            "requires attribute 'reduce_type'",
        ),
    ],
)
def test_verifiers_say_what_is_wrong(text: str, message: str) -> None:
    values = f"""
      %0 = arith.constant 1 : i32
      %16 = arith.constant 16 : i32
      %i = arith.constant 0 : index
      %d, %cb, %rows = "test.op"() : () -> (i32, {CB}, !ttkernel.cb<8, bf16>)
    """
    with pytest.raises(VerifyException, match=message):
        parse(values + text).verify()


def test_bad_text_is_refused_where_it_stands() -> None:
    with pytest.raises(ParseError, match="takes no more attributes"):
        parse("ttkernel.tile_regs_acquire(<f32>) : () -> ()")
    with pytest.raises(VerifyException, match="at least one element"):
        parse('%0 = "test.op"() : () -> !ttkernel.cb<0, bf16>')


@pytest.mark.parametrize(
    "text",
    [
        "#ttkernel.thread<compute>",
        "#ttkernel.arg_spec< ct_args = [<arg_type = cb_port, operand_index = 0>]>",
        "#ttkernel.arg_spec<rt_args = [<arg_type = buffer_address, operand_index = 1>]"
        " ct_args = [<arg_type = cb_port, operand_index = 0>]>",
        "#ttkernel.reduce_dim<reduce_dim_scalar>",
    ],
)
def test_attributes_round_trip(text: str) -> None:
    attribute = Parser(context(), text).parse_attribute()
    assert str(attribute) == text
