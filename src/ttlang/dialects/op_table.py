# SPDX-License-Identifier: Apache-2.0
"""The op table: what each operation of the language is in TTKernel, and what that is in C++ of each API
generation.

`op_table.csv` has one row per (operation, form). Adding a math function is adding a row. Columns:

- `name`, `form`, `kind`, `dtypes`: the operation as the language knows it, and the operands that this row is
for;
- `init`, `op`: the TTKernel calls, separated by `;`, with placeholders for operands and `<...>` for
attributes; empty where
  the hardware has no such form (`note` says what to do instead);
- `header`, `init_69`, `call_69`, `init_81`, `call_81`: for an op that is a plain SFPU function, its headers
below `api/` and
  its C++. Empty: the text of `init` or `op` itself, attributes as template arguments. `-`: no such call in
  that generation.
  Ops listed in `ttkernel/op_list.py` bring their own;
- `encoding`: what the parameters {p} {p2} {p3} hold; `in_place`: the result overwrites {d};
- `origin`: `W11` when the TTKernel ops exist in the real dialect, `extension` when they are ours;
- `golden`: prefixes of the test vectors; `reference`: NumPy expression; `cost`: cycles of a tile; `note`.

Placeholders: {a} {b} input circular buffers, {o} output, {i} {j} tile indices in them, {d} {d2} {d3} {d4}
DST indices,
{p} {p2} {p3} 32-bit parameters, {f} a float, {n} a count, {t} transpose, {ct} {rt} {kt} block dimensions,
{v} a flag.
"""

import csv
import re
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

from ttlang.dialects.ttkernel.op_list import STRUCTURAL_OPS
from ttlang.dialects.ttkernel.op_spec import (
    METAL_VERSIONS,
    AttributeSpec,
    OperandSpec,
    OpSpec,
    headers,
    parse_cpp,
)

_PLACEHOLDER_KINDS = {
    **dict.fromkeys(("a", "b", "o"), "cb"),
    **dict.fromkeys(("i", "j", "d", "d2", "d3", "d4"), "idx"),
    **dict.fromkeys(("p", "p2", "p3", "n", "t", "ct", "rt", "kt", "v"), "i32"),
    "f": "f32",
}
_DATA_FORMATS = {
    "f32": "DataFormat::Float32",
    "bf16": "DataFormat::Float16_b",
    "si32": "DataFormat::Int32",
    "u32": "DataFormat::UInt32",
    "u16": "DataFormat::UInt16",
}
_COLUMNS_OF_VERSION = {"0.69": ("init_69", "call_69"), "0.81": ("init_81", "call_81")}


@dataclass(frozen=True, slots=True)
class OpCall:
    """One TTKernel op of a row: `operands` are placeholders, `attributes` the texts in angle brackets."""

    mnemonic: str
    operands: tuple[str, ...]
    attributes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OpRow:
    """One row of `op_table.csv`; the columns are described in the module's docstring."""

    name: str
    form: str
    kind: str
    dtypes: str
    init: str
    op: str
    header: str
    init_69: str
    call_69: str
    init_81: str
    call_81: str
    encoding: str
    in_place: str
    origin: str
    golden: str
    reference: str
    cost: str
    note: str

    @property
    def available(self) -> bool:
        return bool(self.op)

    @property
    def overwrites_operand(self) -> bool:
        return self.in_place == "yes"

    @property
    def is_extension(self) -> bool:
        """Whether the real TTKernel dialect lacks an op of this row, or its form."""
        if self.origin == "extension":
            return True
        return any(op_spec(call.mnemonic).origin == "extension" for call in (*self.init_calls, *self.calls))

    @property
    def init_calls(self) -> tuple[OpCall, ...]:
        """TTKernel ops that prepare the unit for this operation."""
        return _parse_calls(self.init)

    @property
    def calls(self) -> tuple[OpCall, ...]:
        """TTKernel ops that do the operation on one tile, inits between them included."""
        return _parse_calls(self.op)

    def cpp(self, version: str) -> tuple[str, str] | None:
        """C++ (init, call) of one API generation, placeholders left in; None where the generation lacks a
        call.
        """
        texts = []
        if "-" in (getattr(self, column) for column in _COLUMNS_OF_VERSION[version]):
            return None
        for calls in (self.init_calls, self.calls):
            parts = [_cpp_of_call(call, version) for call in calls]
            if any(part is None for part in parts):
                return None
            texts.append("; ".join(part for part in parts if part))
        return texts[0], texts[1]


@cache
def rows() -> tuple[OpRow, ...]:
    """All rows, in the order of the file."""
    text = Path(__file__).with_name("op_table.csv").read_text(encoding="utf-8")
    reader = csv.reader(text.splitlines())
    header = next(reader)
    expected = [field.name for field in fields(OpRow)]
    if header != expected:
        raise ValueError(f"op_table.csv: columns are {header}, expected {expected}")
    return tuple(OpRow(*row) for row in reader)


@cache
def _index() -> dict[tuple[str, str], OpRow]:
    return {(row.name, row.form): row for row in rows()}


def find(name: str, form: str) -> OpRow:
    """The row of an operation and form. Raises KeyError with the forms that exist."""
    try:
        return _index()[name, form]
    except KeyError:
        known = ", ".join(repr(row.form) for row in rows_of(name)) or "none"
        raise KeyError(f"no row for {name!r} in form {form!r}; forms: {known}") from None


def rows_of(name: str) -> tuple[OpRow, ...]:
    """All forms of one operation of the language."""
    return tuple(row for row in rows() if row.name == name)


_STRUCTURAL = {spec.mnemonic: spec for spec in STRUCTURAL_OPS}


@cache
def _defining_rows() -> dict[str, tuple[tuple[OpRow, int], ...]]:
    """The rows that define a plain SFPU op, and whether as `init` (0) or as `op` (1)."""
    found: dict[str, tuple[tuple[OpRow, int], ...]] = {}
    for row in rows():
        for column, text in enumerate((row.init, row.op)):
            mnemonic = text.partition("(")[0]
            if row.header and mnemonic and ";" not in text and mnemonic not in _STRUCTURAL:
                found[mnemonic] = (*found.get(mnemonic, ()), (row, column))
    return found


def mnemonics() -> tuple[str, ...]:
    """The mnemonics of all `ttkernel` ops, sorted."""
    return tuple(sorted({*_STRUCTURAL, *_defining_rows()}))


@cache
def op_spec(mnemonic: str) -> OpSpec:
    """The row of a `ttkernel` op. Raises KeyError if there is no such op."""
    if spec := _STRUCTURAL.get(mnemonic):
        return spec
    return _sfpu_spec(mnemonic, _defining_rows()[mnemonic])


def cpp_template(mnemonic: str, version: str, attributes: tuple[str, ...] = ()) -> str | None:
    """C++ text of a `ttkernel` op in one generation, None where it has none. Raises KeyError for an unknown
    op.
    """
    return op_spec(mnemonic).template(version, attributes)


@cache
def _parse_calls(text: str) -> tuple[OpCall, ...]:
    calls = []
    for call in parse_cpp(text) if text else ():
        operands = tuple(arg[1:-1] for arg in call.args if arg.startswith("{"))
        attributes = tuple(arg.strip("<>") for arg in call.args if not arg.startswith("{"))
        calls.append(OpCall(call.callee, operands, attributes))
    return tuple(calls)


def _sfpu_spec(mnemonic: str, defining: tuple[tuple[OpRow, int], ...]) -> OpSpec:
    """The op that rows of the table define: operands from the placeholders, C++ from the version columns."""
    variants: dict[tuple[str, ...], dict[str, str | None]] = {}
    first: OpCall | None = None
    for row, column in defining:
        (call,) = (row.init_calls, row.calls)[column]
        if first is not None and len(first.operands) != len(call.operands):
            raise ValueError(f"op_table.csv: {mnemonic} has operands {first.operands} and {call.operands}")
        first = first or call
        texts = variants.setdefault(call.attributes, {})
        for version in METAL_VERSIONS:
            written = getattr(row, _COLUMNS_OF_VERSION[version][column])
            texts[version] = None if written == "-" else _named(written, call) if written else _own_text(call)
    assert first is not None
    row = defining[0][0]
    names = _operand_names(first)
    plain = not first.attributes and all(text == _own_text(first) for text in variants[()].values())
    return OpSpec(
        mnemonic,
        tuple(OperandSpec(names[p], _PLACEHOLDER_KINDS[p]) for p in first.operands),
        tuple(AttributeSpec("dtype", "dtype") for _ in first.attributes),
        headers=headers(row.header),
        origin="extension" if row.origin == "extension" else "W11",
        variants=None if plain else variants,
        why_not="tt-metal of that version does not have the function",
    )


def _operand_names(call: OpCall) -> dict[str, str]:
    """Operand names in the style of the dialect: `dst_index`, or `dst0_index`, `dst1_index`, `odst_index`."""
    dst = [p for p in call.operands if p.startswith("d")]
    names = {p: p for p in call.operands}
    if len(dst) == 1:
        names[dst[0]] = "dst_index"
    elif dst:
        names.update({p: f"dst{i}_index" for i, p in enumerate(dst)})
        if len(dst) > 2:
            names[dst[-1]] = "odst_index"
    params = [p for p in call.operands if p.startswith("p")]
    names.update({p: f"param{i}" if len(params) > 1 else "param" for i, p in enumerate(params)})
    names.update(
        {
            p: {"f": "value", "a": "in0_cb", "b": "in1_cb", "o": "out_cb"}[p]
            for p in call.operands
            if p in "fabo"
        }
    )
    return names


def _named(template: str, call: OpCall) -> str:
    """The row's placeholders replaced by the op's operand names."""
    names = _operand_names(call)
    return re.sub(r"\{(\w+)\}", lambda m: f"{{{names[m[1]]}}}", template)


def _own_text(call: OpCall) -> str:
    names = _operand_names(call)
    attributes = ", ".join(_DATA_FORMATS[a] for a in call.attributes)
    args = ", ".join(f"{{{names[p]}}}" for p in call.operands)
    return f"{call.mnemonic}{f'<{attributes}>' if attributes else ''}({args})"


def _cpp_of_call(call: OpCall, version: str) -> str | None:
    spec = op_spec(call.mnemonic)
    template = spec.template(version, call.attributes)
    if template is None:
        return None
    bound = spec.bind(len(call.operands))
    values = {o.name: f"{{{p}}}" for o, p in zip(bound, call.operands, strict=True)}
    values |= {a.name: text for a, text in zip(spec.attributes, call.attributes, strict=False)}
    parts = []
    for cpp in parse_cpp(template):
        callee = expand(cpp.callee, spec, values)
        template_args = ", ".join(expand(arg, spec, values) for arg in cpp.template_args)
        args = ", ".join(
            expand(arg, spec, values) for arg in cpp.args if arg[1:-1] in values or not arg.startswith("{")
        )
        parts.append(f"{callee}{f'<{template_args}>' if template_args else ''}({args})")
    return "; ".join(parts)


def expand(template: str, spec: OpSpec, values: dict[str, str]) -> str:
    """Fills `{name}`, `{attribute:name}` and `{attribute:targ}` of a template with texts; attributes become
    C++ enumerators.
    """
    kinds = {a.name: a for a in spec.attributes}

    def fill(match: re.Match[str]) -> str:
        name, form, default = match[1], match[2], match[3]
        attribute = kinds.get(name)
        if attribute is None:
            return values[name]
        raw = values.get(name, attribute.default)
        if form == "name":
            return str(raw)
        if form == "targ":
            text = default if raw is None else cpp_attribute(attribute.kind, raw)
            return f"<{text}>" if text else ""
        return cpp_attribute(attribute.kind, str(raw))

    return re.sub(r"\{(\w+)(?::(\w+)(?:=([^}]*))?)?\}", fill, template)


_ENUMERATORS = {
    "reduce_type": {"reduce_sum": "SUM", "reduce_max": "MAX", "reduce_avg": "AVG", "reduce_min": "MIN"},
    "reduce_dim": {
        "reduce_dim_row": "REDUCE_ROW",
        "reduce_dim_col": "REDUCE_COL",
        "reduce_dim_scalar": "REDUCE_SCALAR",
    },
    "bcast_type": {"none": "NONE", "col": "COL", "row": "ROW", "scalar": "SCALAR"},
    "reuse_type": {"dest_to_srca": "DEST_TO_SRCA", "dest_to_srcb": "DEST_TO_SRCB"},
    "eltwise_binary_type": {"add": "ELWADD", "sub": "ELWSUB", "mul": "ELWMUL"},
}
_CPP_ENUMS = {
    "reduce_type": "PoolType",
    "reduce_dim": "ReduceDim",
    "bcast_type": "BroadcastType",
    "reuse_type": "EltwiseBinaryReuseDestType",
    "eltwise_binary_type": "EltwiseBinaryType",
}


def cpp_attribute(kind: str, text: str) -> str:
    """C++ of an attribute value: `DataFormat::Float16_b` for `bf16`, `PoolType::SUM` for `reduce_sum`."""
    if kind == "dtype":
        from ttlang.hardware.data_formats import DataType

        return f"DataFormat::{DataType(text).format.metal_name}"
    if kind in _CPP_ENUMS:
        return f"{_CPP_ENUMS[kind]}::{_ENUMERATORS[kind][text]}"
    return text
