# SPDX-License-Identifier: Apache-2.0
"""The corpus through all four printed forms and back; the table of elementwise functions against the
corpus.
"""

from io import StringIO

import pytest
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.ir import Operation
from xdsl.printer import Printer

from ttlang.dialects import available, context, load
from ttlang.dialects.checking import parse, verify
from ttlang.dialects.elementwise import ELEMENTWISE
from ttlang.dialects.ttcore import TileType
from ttlang.dialects.ttl import TTL
from ttlang.dialects.ttl.compute import ELEMENTWISE_OPS
from ttlang.hardware.data_formats import DataType


def show(op: Operation, *, generic: bool = False, locations: bool = False) -> str:
    stream = StringIO()
    Printer(stream, print_generic_format=generic, print_debuginfo=locations).print_op(op)
    return stream.getvalue()


def read(text: str) -> ModuleOp:
    module = parse(context(allow_unregistered='"use"' in text), text, "corpus.mlir")
    verify(module)
    return module


@pytest.mark.parametrize("generic", [False, True], ids=["custom", "generic"])
@pytest.mark.parametrize("locations", [False, True], ids=["plain", "locations"])
def test_round_trip(piece: str, generic: bool, locations: bool) -> None:
    module = read(piece)
    text = show(module, generic=generic, locations=locations)
    again = read(text)
    assert show(again, generic=generic, locations=locations) == text
    assert show(again, locations=locations) == show(module, locations=locations)


def test_clone_keeps_everything(piece: str) -> None:
    module = read(piece)
    assert show(module.clone(), locations=True) == show(module, locations=True)


def test_every_op_is_in_the_corpus(request: pytest.FixtureRequest) -> None:
    from pathlib import Path

    folder = Path(__file__).parents[2] / "filecheck" / "dialects" / "ttl"
    text = "\n".join(file.read_text() for file in folder.rglob("*.mlir"))
    lowering = {"ttl.load_tile", "ttl.copy_dst"}  # made by passes, tested with them
    missing = [op.name for op in TTL.operations if f"{op.name} " not in text and op.name not in lowering]
    missing = [name for name in missing if f"{name}\n" not in text and f"{name}(" not in text]
    assert not missing


@pytest.mark.parametrize("row", ELEMENTWISE, ids=lambda row: row.name)
def test_one_op_for_each_row(row: object) -> None:
    from ttlang.dialects.elementwise import Elementwise

    assert isinstance(row, Elementwise)
    cls = ELEMENTWISE_OPS[row.name]
    tensor = TensorType(TileType(DataType.bf16), [2, 1])
    from xdsl.utils.test_value import create_ssa_value

    operands = [create_ssa_value(tensor) for _ in range(row.arity)]
    op = cls(*operands, parameters=[1.0] * len(row.parameters))
    op.verify()
    assert op.name == f"ttl.block_{row.name}"
    assert op.result.type == tensor
    assert row.summary in (cls.__doc__ or "")


def test_context_knows_every_dialect_and_loads_them_late() -> None:
    ctx = context()
    assert {d.name for d in ctx.loaded_dialects} == {"builtin"}
    for name, path in available().items():
        assert ctx.get_optional_dialect(name) is load(path)
