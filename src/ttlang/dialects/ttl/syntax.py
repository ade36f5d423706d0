# SPDX-License-Identifier: Apache-2.0
"""Shared pieces of the assembly syntax of `ttl` ops.

Operands are written without their types, as in the specification: a value is defined above its use, so the
type is known. Result types stand behind a colon and may be left out where they follow from the operands.
"""

from collections.abc import Iterable, Sequence

from xdsl.dialects.builtin import ArrayAttr, DenseArrayBase, FloatAttr, IntegerAttr, f32
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import IRDLOperation
from xdsl.parser import AttrParser, Parser
from xdsl.printer import Printer

from ttlang.dialects.interned import integer

I64Array = ArrayAttr[IntegerAttr]


def i64_array(values: Sequence[int]) -> I64Array:
    return ArrayAttr(integer(int(v)) for v in values)


def array_ints(values: Attribute) -> tuple[int, ...]:
    """The integers of an array attribute, whichever of the two builtin forms it has."""
    if isinstance(values, DenseArrayBase):
        return tuple(int(v) for v in values.get_values())
    assert isinstance(values, ArrayAttr)
    return tuple(v.value.data for v in values)


def parse_i64_array(parser: AttrParser) -> I64Array:
    """`[2, 1]`"""
    return i64_array(parser.parse_comma_separated_list(parser.Delimiter.SQUARE, parser.parse_integer))


def format_array(values: Attribute) -> str:
    return f"[{', '.join(str(v) for v in array_ints(values))}]"


def parse_operands(parser: Parser) -> list[SSAValue]:
    """`%a, %b`: values defined above; an undefined one is an error at its position."""
    operands = [parse_operand(parser)]
    while parser.parse_optional_punctuation(",") is not None:
        operands.append(parse_operand(parser))
    return operands


def parse_optional_operands(parser: Parser) -> list[SSAValue]:
    """`%a, %b`, or nothing."""
    operands = []
    first = parse_optional_operand(parser)
    if first is not None:
        operands.append(first)
        while parser.parse_optional_punctuation(",") is not None:
            operands.append(parse_operand(parser))
    return operands


def parse_operand(parser: Parser) -> SSAValue:
    operand = parse_optional_operand(parser)
    if operand is None:
        parser.raise_error("operand expected")
    return operand


def parse_operand_count(parser: Parser, count: int) -> list[SSAValue]:
    """Exactly `count` operands."""
    start = parser.pos
    operands = parse_operands(parser)
    if len(operands) != count:
        parser.raise_error(f"expected {count} operands, got {len(operands)}", start, parser.pos)
    return operands


def parse_optional_operand(parser: Parser) -> SSAValue | None:
    start = parser.pos
    unresolved = parser.parse_optional_unresolved_operand()
    if unresolved is None:
        return None
    values = parser.ssa_values.get(unresolved.operand_name)
    if values is None:
        parser.raise_error(f"%{unresolved.operand_name} is not defined here", start, parser.pos)
    if unresolved.index >= len(values):
        parser.raise_error(
            f"%{unresolved.operand_name} has {len(values)} values, there is no #{unresolved.index}",
            start,
            parser.pos,
        )
    return values[unresolved.index]


def parse_number(parser: AttrParser) -> float:
    """A number, or the bits of a float32 in hexadecimal (how infinities and NaNs are written)."""
    start = parser.pos
    is_bits = parser.lexer.input.content[start : start + 2] in ("0x", "0X")
    number = parser.parse_number()
    if not is_bits:
        return float(number)
    if not 0 <= number < 2**32:
        parser.raise_error("the bits of a float are at most 0xFFFFFFFF", start, parser.pos)
    return next(iter(f32.iter_unpack(int(number).to_bytes(4, "little"))))


def parse_f32(parser: AttrParser) -> FloatAttr:
    return FloatAttr(parse_number(parser), f32)


def print_f32(printer: Printer, value: FloatAttr) -> None:
    printer.print_float(value.value.data, value.type)


def constant_index(value: SSAValue) -> int | None:
    """The integer that `value` is known to be, or None."""
    owner = value.owner
    if not isinstance(owner, Operation) or owner.name != "arith.constant":
        return None
    constant = owner.properties.get("value")
    return constant.value.data if isinstance(constant, IntegerAttr) else None


def parse_key(parser: AttrParser, key: str) -> None:
    """`key =`"""
    parser.parse_keyword(key)
    parser.parse_punctuation("=")


def parse_optional_key(parser: AttrParser, key: str) -> bool:
    """`key =`, or nothing."""
    if parser.parse_optional_keyword(key) is None:
        return False
    parser.parse_punctuation("=")
    return True


def parse_keyword_of(parser: AttrParser, words: Iterable[str]) -> str:
    """One of the words, as it stands."""
    return parser.parse_keyword_in(tuple(words))


def parse_dictionary(parser: Parser) -> dict[str, Attribute]:
    """`attributes {..}`, or nothing."""
    attributes = parser.parse_optional_attr_dict_with_keyword()
    return {} if attributes is None else dict(attributes.data)


def print_dictionary(printer: Printer, attributes: dict[str, Attribute]) -> None:
    if attributes:
        printer.print_string(" attributes")
        printer.print_op_attributes(attributes)


def parse_result_types(parser: Parser) -> list[Attribute] | None:
    """`: type, type`, or None when there is no colon."""
    if parser.parse_optional_punctuation(":") is None:
        return None
    types: list[Attribute] = [parser.parse_type()]
    while parser.parse_optional_punctuation(",") is not None:
        types.append(parser.parse_type())
    return types


def print_operands(printer: Printer, operands: Sequence[SSAValue]) -> None:
    if operands:
        printer.print_string(" ")
        printer.print_list(operands, printer.print_ssa_value)


def print_attributes(printer: Printer, op: IRDLOperation) -> None:
    """The discardable attributes; properties have a place of their own in the syntax."""
    if op.attributes:
        printer.print_op_attributes(op.attributes)


def print_result_types(printer: Printer, op: IRDLOperation) -> None:
    if op.results:
        printer.print_string(" : ")
        printer.print_list([r.type for r in op.results], printer.print_attribute)
