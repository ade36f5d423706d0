# SPDX-License-Identifier: Apache-2.0
"""The class of every `ttkernel` op, made from its row: text form, verifier, side effects."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, Self, cast

from xdsl.dialects.builtin import (
    Float32Type,
    IndexType,
    IntegerAttr,
    IntegerType,
    StringAttr,
    i1,
    i32,
    i64,
)
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.irdl import traits_def
from xdsl.parser import Parser, UnresolvedOperand
from xdsl.printer import Printer
from xdsl.traits import MemoryReadEffect, OpTrait, Pure
from xdsl.utils.exceptions import VerifyException

from ttlang.dialects import op_table
from ttlang.dialects.ttcore import DataTypeAttr

from . import attributes as attrs
from .op_spec import AttributeSpec, OpSpec


def _is_int(*widths: int) -> Callable[[Attribute], bool]:
    return lambda t: isinstance(t, IntegerType) and t.width.data in widths


def _is(*types: type[Attribute]) -> Callable[[Attribute], bool]:
    return lambda t: isinstance(t, types)


def _either(*tests: Callable[[Attribute], bool]) -> Callable[[Attribute], bool]:
    return lambda t: any(test(t) for test in tests)


_I32 = _is_int(32)
KINDS: Mapping[str, tuple[str, Callable[[Attribute], bool]]] = {
    "any": ("any type", lambda _: True),
    "cb": ("!ttkernel.cb", _is(attrs.CBType)),
    "idx": ("index or i32", _either(_is(IndexType), _I32)),
    "index": ("index", _is(IndexType)),
    "i1": ("i1", _is_int(1)),
    "i8": ("i8", _is_int(8)),
    "i16": ("i16", _is_int(16)),
    "i32": ("i32", _I32),
    "f32": ("f32", _is(Float32Type)),
    "noc_addr": ("!ttkernel.noc_addr", _is(attrs.NocAddrType)),
    "l1": (
        "i32, !ttkernel.l1_addr or !ttkernel.local_semaphore",
        _either(_I32, _is(attrs.L1AddrType, attrs.LocalSemaphoreType)),
    ),
    "sem": (
        "!ttkernel.local_semaphore or !ttkernel.l1_addr",
        _is(attrs.LocalSemaphoreType, attrs.L1AddrType),
    ),
    "ptr": ("!ttkernel.l1_addr_ptr", _is(attrs.L1AddrPtrType)),
    "acc": ("!ttkernel.TensorAccessor", _is(attrs.TensorAccessorType)),
    "args": ("!ttkernel.TensorAccessorArgs", _is(attrs.TensorAccessorArgsType)),
    "page_mapping": ("!ttkernel.PageMapping", _is(attrs.PageMappingType)),
    "data_format": ("!ttkernel.DataFormat", _is(attrs.DataFormatType)),
    "fcm": ("!ttkernel.fabric_connection_manager", _is(attrs.FabricConnectionManagerType)),
    "arg": (
        "index, i32, ui32, !ttkernel.cb, !ttkernel.l1_addr or !ttkernel.local_semaphore",
        _either(_I32, _is(IndexType, attrs.CBType, attrs.L1AddrType, attrs.LocalSemaphoreType)),
    ),
}
"""Kinds of operands and results: how a message names them, and which types they take."""

_INTEGER_KINDS: Mapping[str, IntegerType] = {"bool": i1, "i32": i32, "i64": i64}
_ENUM_KINDS: Mapping[str, Any] = {
    "dtype": DataTypeAttr,
    "reduce_type": attrs.ReduceTypeAttr,
    "reduce_dim": attrs.ReduceDimAttr,
    "bcast_type": attrs.BcastTypeAttr,
    "reuse_type": attrs.ReuseTypeAttr,
    "eltwise_binary_type": attrs.EltwiseBinaryTypeAttr,
}


def make_attribute(kind: str, value: Any) -> Attribute:
    """The attribute of a kind from a Python value or its text: `bool`, `i32`, `i64`, `str` or an enum."""
    if kind in _INTEGER_KINDS:
        number = {"true": 1, "false": 0}.get(str(value).lower())
        return IntegerAttr(int(value) if number is None else number, _INTEGER_KINDS[kind])
    if kind == "str":
        return StringAttr(str(value))
    enum = _ENUM_KINDS[kind]
    attribute: Attribute = enum(enum.enum_type(value))
    return attribute


def attribute_text(attribute: Attribute) -> str:
    """What the op table calls the value: `true`, `4`, `bf16`, `reduce_sum`."""
    match attribute:
        case IntegerAttr():
            number = attribute.value.data
            return ("true" if number else "false") if attribute.type == i1 else str(number)
        case StringAttr():
            return attribute.data
        case _:
            return str(getattr(attribute, "data").value)  # noqa: B009 - enum attributes share no base class


class TTKernelOp(Operation):
    """A `ttkernel` op: one call of the kernel API.

    Operands are also attributes of the object by the names of the op's row (`op.cb`, `op.dst_index`); an
    optional operand
    that is absent is None. Attributes of the row are properties.
    """

    spec: ClassVar[OpSpec]
    traits = traits_def()

    def __init__(
        self,
        *operands: SSAValue | Operation,
        result_types: Sequence[Attribute] = (),
        location: Any = None,
        **attributes: Any,
    ):
        """Operands in order, attributes of the row by name, as attributes or as Python values."""
        kinds = {a.name: a.kind for a in self.spec.attributes}
        unknown = attributes.keys() - kinds.keys()
        if unknown:
            raise TypeError(f"{self.name} has no attribute {', '.join(sorted(unknown))}")
        properties = {
            name: value if isinstance(value, Attribute) else make_attribute(kinds[name], value)
            for name, value in attributes.items()
            if value is not None
        }
        super().__init__(
            operands=[SSAValue.get(operand) for operand in operands],
            result_types=result_types,
            properties=properties,
            location=location,
        )
        self._complete()

    @classmethod
    def create(
        cls,
        *,
        operands: Sequence[SSAValue] = (),
        result_types: Sequence[Attribute] = (),
        properties: Mapping[str, Attribute] = {},
        attributes: Mapping[str, Attribute] = {},
        location: Any = None,
        successors: Sequence[Block] = (),
        regions: Sequence[Region] = (),
    ) -> Self:
        op = super().create(
            operands=operands,
            result_types=result_types,
            properties=properties,
            attributes=attributes,
            location=location,
            successors=successors,
            regions=regions,
        )
        op._complete()
        return op

    def _complete(self) -> None:
        """Moves attributes of the row to the properties and adds the defaults."""
        self.properties.pop(
            "operandSegmentSizes", None
        )  # MLIR's generic form has it; the count and types say it
        for attribute in self.spec.attributes:
            if attribute.name in self.attributes:
                self.properties[attribute.name] = self.attributes.pop(attribute.name)
            elif attribute.default is not None and attribute.name not in self.properties:
                self.properties[attribute.name] = make_attribute(attribute.kind, attribute.default)

    def operand_named(self, name: str) -> SSAValue | None:
        """The operand that the op's row calls `name`; None where it is optional and absent."""
        for spec, value in zip(self.spec.bind(len(self.operands)), self.operands, strict=True):
            if spec.name == name:
                return value
        return None

    @property
    def attribute_texts(self) -> tuple[str, ...]:
        """Values of the row's attributes that are set, as the op table writes them."""
        return tuple(
            attribute_text(self.properties[a.name]) for a in self.spec.attributes if a.name in self.properties
        )

    @property
    def named_texts(self) -> tuple[tuple[str, str], ...]:
        """Names and values of the row's attributes that are set, in the row's order."""
        return tuple(
            (a.name, attribute_text(self.properties[a.name]))
            for a in self.spec.attributes
            if a.name in self.properties
        )

    def verify_(self) -> None:
        try:
            bound = self.spec.bind(len(self.operands))
        except ValueError as error:
            raise VerifyException(f"'{self.name}' op {error}") from None
        for operand, value in zip(bound, self.operands, strict=True):
            expected, accepts = KINDS[operand.kind]
            if not accepts(value.type):
                raise VerifyException(
                    f"'{self.name}' op operand '{operand.name}' must be {expected}, but got {value.type}"
                )
        if len(self.results) != len(self.spec.results):
            raise VerifyException(
                f"'{self.name}' op has {len(self.spec.results)} results, but got {len(self.results)}"
            )
        for kind, result in zip(self.spec.results, self.results, strict=True):
            expected, accepts = KINDS[kind]
            if not accepts(result.type):
                raise VerifyException(f"'{self.name}' op result must be {expected}, but got {result.type}")
        for attribute in self.spec.attributes:
            self._verify_attribute(attribute)
        unknown = self.properties.keys() - {a.name for a in self.spec.attributes}
        if unknown:
            raise VerifyException(f"'{self.name}' op does not have property '{sorted(unknown)[0]}'")
        self._verify_more()

    def _verify_attribute(self, spec: AttributeSpec) -> None:
        value = self.properties.get(spec.name)
        if value is None:
            if not spec.optional:
                raise VerifyException(f"'{self.name}' op requires attribute '{spec.name}'")
            return
        if spec.kind in _INTEGER_KINDS:
            fits = isinstance(value, IntegerAttr) and value.type == _INTEGER_KINDS[spec.kind]
        elif spec.kind == "str":
            fits = isinstance(value, StringAttr)
        else:
            fits = isinstance(value, _ENUM_KINDS[spec.kind])
        if not fits:
            raise VerifyException(
                f"'{self.name}' op attribute '{spec.name}' must be of kind {spec.kind}, but got {value}"
            )

    def _verify_more(self) -> None:
        from .verifiers import VERIFIERS

        if check := VERIFIERS.get(self.spec.mnemonic):
            check(self)


class _CustomText(TTKernelOp):
    """`ttkernel.name(%operands, attributes) {dictionary} : (types) -> types`"""

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        spec = cls.spec
        position = parser.pos
        operands: list[UnresolvedOperand] = []
        properties: dict[str, Attribute] = {}
        in_parens = [a for a in spec.attributes if a.place == "parens"]
        if spec.assembly != "nullary":
            _parse_parens(parser, spec, in_parens, operands, properties)
        for attribute in spec.attributes:
            if attribute.place == "keyword" and parser.parse_optional_keyword(attribute.name) is not None:
                properties[attribute.name] = _parse_short(parser, attribute)
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        signature = parser.parse_function_type()
        values = parser.resolve_operands(operands, signature.inputs.data, position)
        return cls.create(
            operands=values, result_types=signature.outputs.data, properties=properties, attributes=attributes
        )

    def print(self, printer: Printer) -> None:
        spec = self.spec
        if spec.assembly == "nullary":
            printer.print_string(" " if not self.attributes else "")
        else:
            self._print_parens(printer)
        for attribute in spec.attributes:
            if attribute.place == "keyword" and (value := self.properties.get(attribute.name)) is not None:
                printer.print_string(f" {attribute.name} ")
                _print_short(printer, value)
        shown = [a.name for a in spec.attributes if a.place == "dictionary" and self._prints(a)]
        listed = {name: self.properties[name] for name in shown}
        _print_dictionary(printer, listed | self.attributes)
        printer.print_string(" : " if spec.assembly != "nullary" or listed or self.attributes else ": ")
        printer.print_function_type(self.operand_types, self.result_types)

    def _prints(self, spec: AttributeSpec) -> bool:
        value = self.properties.get(spec.name)
        if value is None:
            return False
        return spec.default is None or value != make_attribute(spec.kind, spec.default)

    def _print_parens(self, printer: Printer) -> None:
        shown = [a for a in self.spec.attributes if a.place == "parens" and a.name in self.properties]
        format_first = bool(shown) and shown[0].kind == "str"
        with printer.in_parens():
            if format_first:
                printer.print_attribute(self.properties[shown[0].name])
                if self.operands:
                    printer.print_string(", ")
            printer.print_list(self.operands, printer.print_operand)
            for position, attribute in enumerate(shown[1:] if format_first else shown):
                if position or self.operands or format_first:
                    printer.print_string(", ")
                _print_short(printer, self.properties[attribute.name])


def _print_short(printer: Printer, attribute: Attribute) -> None:
    """Integers without their type, enums as `<case>` alone."""
    text = attribute_text(attribute)
    printer.print_string(text if isinstance(attribute, IntegerAttr) else f"<{text}>")


def _parse_parens(
    parser: Parser,
    spec: OpSpec,
    expected: list[AttributeSpec],
    operands: list[UnresolvedOperand],
    properties: dict[str, Attribute],
) -> None:
    waiting = list(expected)

    def parse_item() -> None:
        if (operand := parser.parse_optional_unresolved_operand()) is not None:
            operands.append(operand)
            return
        if not waiting:
            parser.raise_error(f"ttkernel.{spec.mnemonic} takes no more attributes")
        attribute = waiting.pop(0)
        properties[attribute.name] = _parse_short(parser, attribute)

    parser.parse_comma_separated_list(parser.Delimiter.PAREN, parse_item)


def _parse_short(parser: Parser, spec: AttributeSpec) -> Attribute:
    if spec.kind == "bool":
        return IntegerAttr(int(parser.parse_boolean()), i1)
    if spec.kind in _INTEGER_KINDS:
        return IntegerAttr(parser.parse_integer(allow_boolean=False), _INTEGER_KINDS[spec.kind])
    if spec.kind == "str":
        return StringAttr(parser.parse_str_literal())
    enum = _ENUM_KINDS[spec.kind]
    if parser.parse_optional_punctuation("<") is None:  # the long form, `#ttkernel.reduce_dim<...>`
        attribute = parser.parse_attribute()
        if not isinstance(attribute, enum):
            parser.raise_error(f"expected #{enum.name}, got {attribute}")
        return cast(Attribute, attribute)
    case = parser.parse_str_enum(enum.enum_type)
    parser.parse_punctuation(">")
    short: Attribute = enum(case)
    return short


class _AccessorArgsText(TTKernelOp):
    """`ttkernel.TensorAccessorArgs(%cta, %crta) cta_expr = "..."` or `ttkernel.TensorAccessorArgs(prev =
    %args)`
    """

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        position = parser.pos
        types: list[Attribute]
        parser.parse_punctuation("(")
        if parser.parse_optional_keyword("prev") is not None:
            parser.parse_punctuation("=")
            operands = [parser.parse_unresolved_operand()]
            types = [attrs.TensorAccessorArgsType()]
        else:
            operands = [parser.parse_unresolved_operand()]
            parser.parse_punctuation(",")
            operands.append(parser.parse_unresolved_operand())
            types = [i32, i32]
        parser.parse_punctuation(")")
        properties: dict[str, Attribute] = {}
        for name in ("cta_expr", "crta_expr"):
            if parser.parse_optional_keyword(name) is not None:
                parser.parse_punctuation("=")
                properties[name] = StringAttr(parser.parse_str_literal())
        attributes = parser.parse_optional_attr_dict()
        values = parser.resolve_operands(operands, types, position)
        return cls.create(
            operands=values,
            result_types=[attrs.TensorAccessorArgsType()],
            properties=properties,
            attributes=attributes,
        )

    @property
    def segments(self) -> tuple[SSAValue | None, SSAValue | None, SSAValue | None]:
        """(cta_base, crta_base, prev_args)"""
        if len(self.operands) == 1:
            return None, None, self.operands[0]
        return self.operands[0], self.operands[1], None

    def operand_named(self, name: str) -> SSAValue | None:
        return dict(zip(("cta_base", "crta_base", "prev_args"), self.segments, strict=True)).get(name)

    def verify_(self) -> None:
        types = [operand.type for operand in self.operands]
        if types not in ([i32, i32], [attrs.TensorAccessorArgsType()]):
            raise VerifyException(
                f"'{self.name}' op takes cta_base and crta_base (i32, i32), or prev_args alone, but got"
                f" ({', '.join(map(str, types))})"
            )
        self._verify_more()

    def print(self, printer: Printer) -> None:
        with printer.in_parens():
            if len(self.operands) == 1:
                printer.print_string("prev = ")
            printer.print_list(self.operands, printer.print_operand)
        for name in ("cta_expr", "crta_expr"):
            if (expression := self.properties.get(name)) is not None:
                printer.print_string(f" {name} = ")
                printer.print_attribute(expression)
        _print_dictionary(printer, self.attributes)


def _print_dictionary(printer: Printer, attributes: Mapping[str, Attribute]) -> None:
    if attributes:
        printer.print_string(" ")
        printer.print_attr_dict(attributes)


_BASES: Mapping[str, type[TTKernelOp]] = {
    "default": _CustomText,
    "nullary": _CustomText,
    "generic": TTKernelOp,
    "accessor_args": _AccessorArgsText,
}
_TRAITS: Mapping[str, tuple[OpTrait, ...]] = {"pure": (Pure(),), "read": (MemoryReadEffect(),), "write": ()}


@cache
def op_class(mnemonic: str) -> type[TTKernelOp]:
    """The class of an op. Raises KeyError if the dialect has no such op."""
    spec = op_table.op_spec(mnemonic)
    namespace: dict[str, Any] = {
        "name": spec.name,
        "spec": spec,
        "traits": traits_def(*_TRAITS[spec.effect]),
        "__doc__": f"`{spec.name}`: {_described(spec)}.",
        "__module__": "ttlang.dialects.ttkernel",
    }
    base = _BASES[spec.assembly]
    for operand in spec.operands:
        if not hasattr(base, operand.name):
            namespace[operand.name] = _operand_property(operand.name)
    return type(spec.class_name, (base,), namespace)


def _described(spec: OpSpec) -> str:
    return ", ".join(f"{o.name}: {KINDS[o.kind][0]}" for o in spec.operands) or "no operands"


def _operand_property(name: str) -> property:
    return property(lambda self: self.operand_named(name))
