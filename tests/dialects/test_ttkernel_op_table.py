# SPDX-License-Identifier: Apache-2.0
"""The op table: look-ups, what rows become, and that a row is all that a math function needs."""

import dataclasses

import pytest

from ttlang.dialects import op_table
from ttlang.dialects.op_table import OpCall, cpp_template, find, mnemonics, op_spec, rows, rows_of
from ttlang.dialects.ttkernel.op_spec import METAL_VERSIONS, parse_cpp


@pytest.mark.parametrize("version", METAL_VERSIONS)
def test_every_available_row_has_cpp_or_is_known_not_to(version: str) -> None:
    for row in rows():
        texts = row.cpp(version)
        if not row.available:
            assert row.note, f"{row.name} {row.form}: says nothing about what to do instead"
        elif texts is not None:
            assert all(parse_cpp(text) for text in texts if text)


def test_every_row_calls_ops_that_exist_with_as_many_operands() -> None:
    for row in rows():
        for call in (*row.init_calls, *row.calls):
            spec = op_spec(call.mnemonic)
            spec.bind(len(call.operands))
            assert len(call.attributes) <= len(spec.attributes)


def test_names_and_forms_are_unique() -> None:
    keys = [(row.name, row.form) for row in rows()]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    "name, form, version, expected",
    [
        ("exp", "tile", "0.81", ("exp_tile_init()", "exp_tile({d})")),
        ("+", "tile,tile (CB)", "0.69", ("add_tiles_init({a}, {b})", "add_tiles({a}, {b}, {i}, {j}, {d})")),
        ("+", "tile,tile (CB)", "0.81", ("add_init({a}, {b})", "add_tiles({a}, {b}, {i}, {j}, {d})")),
        ("<", "int32 tile,tile", "0.69", ("lt_int32_tile_init()", "lt_int32_tile({d}, {d2}, {d3})")),
        (
            "<",
            "int32 tile,tile",
            "0.81",
            ("lt_int_tile_init<DataFormat::Int32>()", "lt_int_tile<DataFormat::Int32>({d}, {d2}, {d3})"),
        ),
        ("%", "tile % s", "0.69", ("remainder_tile_init({p}, {p2})", "remainder_tile({d}, {p}, {p2})")),
        ("%", "tile % s", "0.81", ("remainder_tile_init({p}, {p2})", "remainder_tile({d})")),
        ("gelu", "tile, tanh approximation", "0.69", None),
    ],
)
def test_cpp_of_rows(name: str, form: str, version: str, expected: tuple[str, str] | None) -> None:
    assert find(name, form).cpp(version) == expected


def test_look_up_by_mnemonic() -> None:
    assert cpp_template("copy_tile_init", "0.69") == "copy_tile_init({cb0})"
    assert cpp_template("copy_tile_init", "0.81") == "copy_init({cb0})"
    assert (
        cpp_template("lt_int_tile", "0.69", ("si32",))
        == "lt_int32_tile({dst0_index}, {dst1_index}, {odst_index})"
    )
    assert cpp_template("lt_int_tile", "0.69", ("u32",)) is None
    assert op_spec("exp_tile").headers_for("0.81") == ("compute/eltwise_unary/exp.h",)


def test_unknown_names_say_what_there_is() -> None:
    with pytest.raises(KeyError, match="no row for 'exp' in form 'tiles'; forms: 'tile', 'tile, approx'"):
        find("exp", "tiles")
    assert rows_of("nothing") == ()


def test_a_row_is_all_that_a_new_function_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    row = dataclasses.replace(
        find("exp", "tile"), name="mish", init="mish_tile_init()", op="mish_tile({d}, {p})",
        header="compute/mish.h", origin="extension",
    )  # fmt: skip
    monkeypatch.setattr(op_table, "rows", lambda: (row,))
    op_table._defining_rows.cache_clear()
    try:
        assert "mish_tile" in mnemonics()
        spec = op_spec("mish_tile")
        assert [(o.name, o.kind) for o in spec.operands] == [("dst_index", "idx"), ("param", "i32")]
        assert spec.template("0.81") == "mish_tile({dst_index}, {param})"
        assert spec.headers_for("0.69") == ("compute/mish.h",)
        assert row.calls == (OpCall("mish_tile", ("d", "p"), ()),)
    finally:
        op_spec.cache_clear()
        op_table._defining_rows.cache_clear()
