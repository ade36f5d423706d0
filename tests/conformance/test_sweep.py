# SPDX-License-Identifier: Apache-2.0
"""Every row of the op table, through TTKernel, to C++ of both generations, to the real headers."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from cpp_calls import differences
from header_units import NOT_ON_THE_HOST, NOT_WITH_THIS_SFPI
from judges import CHIPS, Judges, kernels, print_module
from xdsl.dialects import arith, func
from xdsl.dialects.builtin import FloatAttr, FunctionType, IndexType, IntegerAttr, ModuleOp, f32, i32
from xdsl.ir import Block, Operation, Region, SSAValue

from ttlang.dialects import ttkernel
from ttlang.dialects.op_table import OpCall, OpRow, op_spec, rows
from ttlang.dialects.ttcore import TileType
from ttlang.dialects.ttkernel import CBType, ThreadKind, ThreadTypeAttr
from ttlang.hardware.data_formats import DataType

ROWS_PER_KERNEL = 60
TILES = CBType(4, TileType(DataType.bf16))
# the real parser cannot read what the real printer writes for the form with one input
NOT_READABLE = {("hw_startup", "1 input")}


class KernelBuilder:
    """A compute kernel with one DST section per row."""

    def __init__(self) -> None:
        self.block = Block()
        self.values: dict[str, SSAValue] = {}
        for name, number in (("a", 0), ("b", 1), ("o", 2)):
            op = ttkernel.OPS["get_compile_time_arg_val"](result_types=[TILES], arg_index=number)
            self.values[name] = self.add(op)
        for i, name in enumerate(("d", "d2", "d3", "d4", "i", "j")):
            self.values[name] = self.add(arith.ConstantOp(IntegerAttr(i % 4, IndexType())))
        for name in ("p", "p2", "p3"):
            self.values[name] = self.add(arith.ConstantOp(IntegerAttr(0x3F800000, i32)))
        for name in ("n", "t", "ct", "rt", "kt", "v"):
            self.values[name] = self.add(arith.ConstantOp(IntegerAttr(1, i32)))
        self.values["n_index"] = self.add(arith.ConstantOp(IntegerAttr(1, IndexType())))
        self.values["f"] = self.add(arith.ConstantOp(FloatAttr(1.5, f32)))
        self.call("binary_op_init_common", "a", "b", "o")

    def add(self, op: Operation) -> SSAValue:
        self.block.add_op(op)
        return op.results[0]

    def call(self, mnemonic: str, *operands: str, attributes: Iterable[str] = ()) -> None:
        spec = op_spec(mnemonic)
        kinds = [o.kind for o in spec.bind(len(operands))]
        values = [
            self.values["n_index" if (p, k) == ("n", "idx") else p]
            for p, k in zip(operands, kinds, strict=True)
        ]
        named = dict(zip((a.name for a in spec.attributes), attributes, strict=False))
        self.block.add_op(ttkernel.OPS[mnemonic](*values, **named))

    def row(self, row: OpRow) -> None:
        self.call("tile_regs_acquire")
        for call in (*row.init_calls, *row.calls):
            self.table_call(call)
        for mnemonic in ("tile_regs_commit", "tile_regs_wait"):
            self.call(mnemonic)
        self.call("pack_tile", "d", "o", "d")
        self.call("tile_regs_release")

    def table_call(self, call: OpCall) -> None:
        self.call(call.mnemonic, *call.operands, attributes=call.attributes)

    def module(self) -> ModuleOp:
        self.block.add_op(func.ReturnOp())
        function = func.FuncOp("compute", FunctionType.from_lists([], []), Region(self.block))
        function.attributes["ttkernel.thread"] = ThreadTypeAttr(ThreadKind.COMPUTE)
        return ModuleOp([function])


def batches(selected: Iterable[OpRow]) -> list[str]:
    """TTKernel modules with up to ROWS_PER_KERNEL rows each."""
    chosen = list(selected)
    texts = []
    for start in range(0, len(chosen), ROWS_PER_KERNEL):
        builder = KernelBuilder()
        for row in chosen[start : start + ROWS_PER_KERNEL]:
            builder.row(row)
        module = builder.module()
        module.verify()
        texts.append(print_module(module))
    return texts


def is_wide(row: OpRow) -> bool:
    """Rows for 32-bit values only: they need 32-bit DST."""
    return "int32" in row.dtypes and "bf16" not in row.dtypes and "f32" not in row.dtypes


def in_w11(row: OpRow) -> bool:
    return row.available and not row.is_extension and (row.name, row.form) not in NOT_READABLE


def rows_of(version: str, condition: Callable[[OpRow], bool]) -> list[OpRow]:
    return [row for row in rows() if row.available and row.cpp(version) is not None and condition(row)]


def headers_of(row: OpRow, version: str) -> set[str]:
    specs = [op_spec(call.mnemonic) for call in (*row.init_calls, *row.calls)]
    return {header for spec in specs for header in spec.headers_for(version)}


def on_the_host(row: OpRow) -> bool:
    if os.environ.get("MODE") == "sfpi":  # the real compiler takes all of them
        return True
    return not any(header.endswith(NOT_ON_THE_HOST) for header in headers_of(row, "0.81"))


@pytest.mark.parametrize("text", batches(filter(in_w11, rows())), ids=lambda _: "")
def test_real_dialect_accepts_rows_and_makes_the_same_calls(judges: Judges, text: str) -> None:
    verdict = judges.check_ttkernel(text)
    assert verdict["verdict"] == "ACCEPTED", verdict["diagnostics"]
    (kernel,) = kernels(text, "0.69")
    assert list(differences(kernel.source, verdict["cpp"]["compute"])) == []


@pytest.mark.parametrize("wide", [False, True], ids=["16-bit", "32-bit"])
@pytest.mark.parametrize("version, chip", [("0.69", "wormhole"), *(("0.81", chip) for chip in CHIPS)])
def test_real_headers_accept_rows(
    judges: Judges, version: str, chip: str, wide: bool, tmp_path: Path
) -> None:
    def selected(row: OpRow) -> bool:
        if version == "0.69":
            return is_wide(row) == wide and not {call.mnemonic for call in row.calls} & NOT_WITH_THIS_SFPI
        return is_wide(row) == wide and on_the_host(row)

    for text in batches(rows_of(version, selected)):
        (kernel,) = kernels(text, version)
        options = {"FP32": "1"} if wide else {}
        assert judges.compile_errors(kernel, version, tmp_path, chip=chip, options=options) == ""
