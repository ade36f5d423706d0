# SPDX-License-Identifier: Apache-2.0
"""Rows of the op table as EmitC: the call, the access or the declaration that a row is in one API generation.

Both ways to C++ come here: `convert-ttkernel-to-emitc` with the rows that TTKernel ops are, and the direct lowering
(`lowering_targets`) with the rows that it chooses itself.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from xdsl.dialects.arith import ConstantOp as ArithConstantOp
from xdsl.dialects.builtin import ArrayAttr, IndexType, IntegerAttr, StringAttr
from xdsl.ir import Attribute, Operation, SSAValue

from ttlang.codegen.cpp_names import cpp_string
from ttlang.dialects import emitc
from ttlang.dialects.interned import string
from ttlang.dialects.op_table import expand, op_spec
from ttlang.dialects.ttkernel.op_spec import CppCall, OpSpec, parse_cpp

from .emitc_context import Emitter, lvalue, opaque, refuse_at

_BYTES = emitc.PointerType(emitc.UI8)
_SUBSCRIPT = re.compile(r"(\{\w+\}|\w+)\[\{(\w+)\}\]")
_STORE = re.compile(r"\{(\w+)\}\[\{(\w+)\}\] = \{(\w+)\}")


@dataclass(slots=True)
class Row:
    """A use of a row: its operands in order, its attributes as (name, text), and the type of the value that it yields."""

    spec: OpSpec
    operands: Sequence[SSAValue]
    texts: tuple[tuple[str, str], ...] = ()
    type: Attribute | None = None

    def operand_named(self, name: str) -> SSAValue | None:
        """The operand that the op table calls `name`; None where it is absent."""
        for spec, value in zip(self.spec.bind(len(self.operands)), self.operands, strict=True):
            if spec.name == name:
                return value
        return None

    @property
    def text_of(self) -> dict[str, str]:
        """The texts of the attributes that are set, by name."""
        return dict(self.texts)


def emit_row(out: Emitter, row: Row) -> Operation | None:
    """Emits a row; returns the op that yields its value or does its work, None for a row that vanishes.

    Raises CompileError where the generation has no such call.
    """
    spec = row.spec
    if (special := _SPECIAL.get(spec.mnemonic)) is not None:
        return special(out, row)
    form = _form(spec.mnemonic, out.version, row.texts, len(row.operands))
    if isinstance(form, _CallPlan):
        return _emit_call(out, row, form)
    if form is None:
        refuse_at(
            out.location, f"'{spec.mnemonic}' has no C++ in tt-metal {out.version}", spec.why_not or None
        )
    return _emit_access(out, row, form) if form else None


def is_never_negative(spec: OpSpec, type_: Attribute) -> bool:
    """Whether the value of a row is known not to be negative: an index is a count or a position, an i32 any number."""
    return isinstance(type_, IndexType) or spec.mnemonic in _NEVER_NEGATIVE


# Calls


@dataclass(frozen=True, slots=True)
class _CallPlan:
    """An emitc.call_opaque of a template: which operands of the row it takes (None: all in order), and its properties."""

    operands: tuple[int, ...] | None
    properties: dict[str, Attribute]


def _emit_call(out: Emitter, row: Row, plan: _CallPlan) -> Operation:
    operands = row.operands if plan.operands is None else [row.operands[i] for i in plan.operands]
    return out.make(emitc.CallOpaqueOp, operands, () if row.type is None else (row.type,), plan.properties)


@cache
def _form(
    mnemonic: str, version: str, texts: tuple[tuple[str, str], ...], count: int
) -> _CallPlan | str | None:
    """What a row is in one generation: a call, the template of an access, nothing (""), or (None) no C++."""
    spec = op_spec(mnemonic)
    template = spec.template(version, tuple(text for _, text in texts))
    if template is None or "(" not in template:
        return template
    (call,) = parse_cpp(template)  # a row is one call: what takes several is several rows
    positions = {operand.name: i for i, operand in enumerate(spec.bind(count))}
    return _plan_call(spec, call, positions, dict(texts))


def _plan_call(spec: OpSpec, call: CppCall, positions: Mapping[str, int], texts: dict[str, str]) -> _CallPlan:
    operands: list[int] = []
    args: list[Attribute] = []
    for arg in call.args:
        name = arg[1:-1] if arg.startswith("{") else ""
        if name in positions:
            args.append(IntegerAttr(len(operands), IndexType()))
            operands.append(positions[name])
        elif not name or name in texts:  # an operand or attribute that is absent is no argument
            args.append(emitc.OpaqueAttr(StringAttr(expand(arg, spec, texts))))
    callee = expand(call.callee, spec, texts)
    written = [expand(arg, spec, texts) for arg in call.template_args]
    if callee.endswith(">") and not callee.startswith("reinterpret_cast"):  # from an optional attribute
        callee, _, inside = callee[:-1].partition("<")
        written.append(inside)
    properties: dict[str, Attribute] = {"callee": StringAttr(callee)}
    if len(args) != len(operands):
        properties["args"] = ArrayAttr(args)
    if written:
        properties["template_args"] = ArrayAttr([emitc.OpaqueAttr(StringAttr(text)) for text in written])
    is_all = operands == list(range(len(positions)))
    return _CallPlan(None if is_all else tuple(operands), properties)


def operands_left_out(row: Row, version: str) -> list[SSAValue]:
    """Operands of a row that its call does not take in one generation."""
    if row.spec.mnemonic in _SPECIAL:
        return []
    form = _form(row.spec.mnemonic, version, row.texts, len(row.operands))
    if not isinstance(form, _CallPlan) or form.operands is None:
        return []
    return [value for i, value in enumerate(row.operands) if i not in form.operands]


# Names, `base[index]`, `base[index] = value`


def _emit_access(out: Emitter, row: Row, template: str) -> Operation:
    values = dict(zip((o.name for o in row.spec.bind(len(row.operands))), row.operands, strict=True))
    store, subscript = _access(template)
    if store is not None:
        pointer, index, value = (values[name] for name in store)
        element = _subscript(out, pointer, index)
        assert isinstance(element.type, emitc.LValueType)
        return out.assign(element, out.cast(value, element.type.value_type))
    assert row.type is not None
    if subscript is None:
        return _owner(out.emit(emitc.LiteralOp, (), row.type, value=string(template)))
    base, index_name = subscript
    if base.startswith("{"):
        pointer = values[base[1:-1]]
    else:
        pointer = out.emit(emitc.LiteralOp, (), _BYTES, value=string(base))
    return _owner(out.cast(out.load(_subscript(out, pointer, values[index_name])), row.type))


@cache
def _access(template: str) -> tuple[Sequence[str] | None, Sequence[str] | None]:
    """Pointer, index and value of a store, and base and index of a subscript, as a template names them."""
    store, subscript = _STORE.fullmatch(template), _SUBSCRIPT.fullmatch(template)
    return store and store.groups(), subscript and subscript.groups()


def _subscript(out: Emitter, pointer: SSAValue, index: SSAValue) -> SSAValue:
    assert isinstance(pointer.type, emitc.PointerType)
    return out.emit(emitc.SubscriptOp, (pointer, index), lvalue(pointer.type.pointee_type))


def _owner(value: SSAValue) -> Operation:
    assert isinstance(value.owner, Operation)
    return value.owner


# Rows whose C++ is no plain call


def _opaque_constant(out: Emitter, type_: Attribute | None, value: str) -> Operation:
    assert type_ is not None
    return _owner(out.emit(emitc.ConstantOp, (), type_, value=opaque(value)))


def _compile_time_arg(out: Emitter, row: Row) -> Operation:
    return _opaque_constant(out, row.type, f"get_compile_time_arg_val({row.text_of['arg_index']})")


def compile_time_name(hint: str | None, number: int, *, is_buffer: bool) -> str:
    """What the C++ calls a compile-time argument: one that is a circular buffer says so."""
    if not is_buffer:
        return hint or f"compile_time_arg_{number}"
    if hint is None:
        return f"cb_{number}"
    says_so = {"cb", "cbs"} & set(hint.lower().split("_"))
    return hint if says_so else f"cb_{hint}"


def _accessor_args(out: Emitter, row: Row) -> Operation:
    """The place of a tensor's words among the arguments: numbers, expressions, or behind those of another tensor."""
    texts = []
    previous = row.operands[0] if len(row.operands) == 1 else None
    for position, (expression, chained) in enumerate(
        (
            ("cta_expr", "next_compile_time_args_offset"),
            ("crta_expr", "next_common_runtime_args_offset"),
        )
    ):
        if (written := row.text_of.get(expression)) is not None:
            texts.append(written)
        elif previous is not None:
            texts.append(f"{_opaque_text(previous)}.{chained}()")
        else:
            texts.append(str(_integer(row.operands[position])))
    return _opaque_constant(out, row.type, f"TensorAccessorArgs<{', '.join(texts)}>()")


def _opaque_text(value: SSAValue) -> str:
    owner = value.owner
    assert isinstance(owner, emitc.ConstantOp) and isinstance(owner.value, emitc.OpaqueAttr)
    return owner.value.value.data


def _integer(value: SSAValue) -> int:
    owner = value.owner
    assert isinstance(owner, emitc.ConstantOp | ArithConstantOp) and isinstance(owner.value, IntegerAttr)
    return owner.value.value.data


def _verbatim(out: Emitter, text: str, operands: Sequence[SSAValue] = ()) -> Operation:
    return out.make(emitc.VerbatimOp, operands, properties={"value": StringAttr(text)})


def _literal(text: str) -> str:
    """A C++ string literal as text of an emitc.verbatim, where a brace is written twice."""
    return cpp_string(text).replace("{", "{{")


def _assert(out: Emitter, row: Row) -> Operation:
    return _verbatim(out, f"ASSERT({{}} && {_literal(row.text_of['message'])});", row.operands)


def _signpost(out: Emitter, row: Row) -> Operation:
    """A zone of its own: it marks a time, and several may stand in one scope."""
    return _verbatim(out, f"{{{{ DeviceZoneScopedN({_literal(row.text_of['label'])}); }}")


def _dprint(out: Emitter, row: Row) -> Operation:
    """In a compute thread one of its three processors prints."""
    pattern, values = row.text_of["fmt"], row.operands
    if out.version == "0.69":
        text = _dprint_stream(pattern)
        return _verbatim(out, f"MATH({text});" if out.thread == "compute" else f"{text};", values)
    if out.thread == "compute":
        text = ", ".join([_literal(pattern), *["{}"] * len(values)])
        return _verbatim(out, f"MATH(DPRINT({text}));", values)
    literal = emitc.OpaqueAttr(StringAttr(cpp_string(pattern)))
    args = [literal, *(IntegerAttr(i, IndexType()) for i in range(len(values)))]
    return out.make(
        emitc.CallOpaqueOp, values, properties={"callee": StringAttr("DPRINT"), "args": ArrayAttr(args)}
    )


def _dprint_stream(pattern: str) -> str:
    """The pattern as what is streamed into DPRINT, `{}` for each value."""
    parts = pattern.removesuffix("\n").split("{}")
    pieces = [_literal(parts[0])] if parts[0] else []
    for part in parts[1:]:
        pieces.append("{}")
        if part:
            pieces.append(_literal(part))
    if pattern.endswith("\n"):
        pieces.append("ENDL()")
    return " << ".join(["DPRINT", *pieces])


_SPECIAL: Mapping[str, Callable[[Emitter, Row], Operation]] = {
    "TensorAccessorArgs": _accessor_args,
    "assert": _assert,
    "dprint": _dprint,
    "get_compile_time_arg_val": _compile_time_arg,
    "signpost": _signpost,
}
_NEVER_NEGATIVE = frozenset(
    {
        "experimental::convert_logical_x_to_translated",
        "experimental::convert_logical_y_to_translated",
        "get_compile_time_arg_val",
        "get_noc_addr",
        "get_read_ptr",
        "get_semaphore",
        "get_tile_size",
        "get_write_ptr",
        "mem_zeros_base",
        "mem_zeros_size",
    }
)
