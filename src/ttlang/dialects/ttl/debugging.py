# SPDX-License-Identifier: Apache-2.0
"""Checks and traces that run on the device: assertions, prints, marks in profiles."""

from collections.abc import Sequence

from xdsl.dialects.builtin import ArrayAttr, StringAttr, UnitAttr, i1
from xdsl.ir import SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from .canonical import TTLCanonicalization
from .syntax import parse_operand, parse_optional_operand, print_attributes, print_operands


@irdl_op_definition
class AssertOp(IRDLOperation):
    """Stop the program when a condition does not hold: `ttl.assert %cond, "message"`."""

    name = "ttl.assert"
    condition = operand_def(i1)
    message = prop_def(StringAttr)
    traits = traits_def(TTLCanonicalization())

    def __init__(self, condition: SSAValue, message: str):
        super().__init__(operands=[condition], properties={"message": StringAttr(message)})

    @classmethod
    def parse(cls, parser: Parser) -> "AssertOp":
        condition = parse_operand(parser)
        parser.parse_punctuation(",")
        message = parser.parse_str_literal()
        return cls.create(
            operands=[condition],
            properties={"message": StringAttr(message)},
            attributes=parser.parse_optional_attr_dict(),
        )

    def print(self, printer: Printer) -> None:
        print_operands(printer, self.operands)
        printer.print_string(", ")
        printer.print_string_literal(self.message.data)
        print_attributes(printer, self)


@irdl_op_definition
class PrintOp(IRDLOperation):
    """Print from the device: texts and values in turn, `ttl.print "i = ", %i, " of ", %n`.

    `pieces` holds the texts around the values, one more than there are values. A format specification, as in
    Python's f-strings, follows its value: `%x format ".3f"`.
    """

    name = "ttl.print"
    values = var_operand_def()
    pieces = prop_def(ArrayAttr[StringAttr])
    formats = opt_prop_def(ArrayAttr[StringAttr])

    def __init__(
        self, pieces: Sequence[str], values: Sequence[SSAValue], formats: Sequence[str] | None = None
    ):
        super().__init__(
            operands=[values],
            properties={
                "pieces": ArrayAttr(StringAttr(p) for p in pieces),
                "formats": ArrayAttr(StringAttr(f) for f in formats) if formats and any(formats) else None,
            },
        )

    @classmethod
    def parse(cls, parser: Parser) -> "PrintOp":
        pieces, values, formats = [""], [], []

        def item() -> None:
            start = parser.pos
            text = parser.parse_optional_str_literal()
            if text is not None:
                if pieces[-1]:
                    parser.raise_error("two texts in a row; write them as one", start, parser.pos)
                pieces[-1] = text
                return
            value = parse_optional_operand(parser)
            if value is None:
                parser.raise_error("expected a string or a value", start, parser.pos)
            values.append(value)
            pieces.append("")
            has_format = parser.parse_optional_keyword("format") is not None
            formats.append(parser.parse_str_literal() if has_format else "")

        item()
        while parser.parse_optional_punctuation(",") is not None:
            item()
        op = cls(pieces, values, formats)
        op.attributes.update(parser.parse_optional_attr_dict())
        return op

    def print(self, printer: Printer) -> None:
        separator = " "

        def text(piece: StringAttr) -> None:
            nonlocal separator
            printer.print_string(separator)
            printer.print_string_literal(piece.data)
            separator = ", "

        first, *rest = self.pieces
        if first.data or not rest:
            text(first)
        formats = [f.data for f in self.formats] if self.formats is not None else [""] * len(rest)
        for value, piece, format in zip(self.values, rest, formats, strict=True):
            printer.print_string(separator)
            separator = ", "
            printer.print_ssa_value(value)
            if format:
                printer.print_string(" format ")
                printer.print_string_literal(format)
            if piece.data:
                text(piece)
        print_attributes(printer, self)

    def verify_(self) -> None:
        if len(self.pieces) != len(self.values) + 1:
            raise VerifyException(
                f"{len(self.values)} values need {len(self.values) + 1} pieces of text,"
                f" got {len(self.pieces)}"
            )
        if self.formats is not None and len(self.formats) != len(self.values):
            raise VerifyException(f"{len(self.values)} values but {len(self.formats)} formats")


@irdl_op_definition
class SignpostOp(IRDLOperation):
    """A named mark in the profile of this thread: `ttl.signpost "load"`; `ttl.signpost "load" end` closes a
    zone.
    """

    name = "ttl.signpost"
    label = prop_def(StringAttr)
    end = opt_prop_def(UnitAttr)

    def __init__(self, label: str, *, end: bool = False):
        super().__init__(properties={"label": StringAttr(label), "end": UnitAttr() if end else None})

    @classmethod
    def parse(cls, parser: Parser) -> "SignpostOp":
        op = cls(parser.parse_str_literal(), end=parser.parse_optional_keyword("end") is not None)
        op.attributes.update(parser.parse_optional_attr_dict())
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_string_literal(self.label.data)
        if self.end is not None:
            printer.print_string(" end")
        print_attributes(printer, self)

    def verify_(self) -> None:
        if not self.label.data:
            raise VerifyException("needs a name")


DEBUGGING_OPS: list[type[IRDLOperation]] = [AssertOp, PrintOp, SignpostOp]
