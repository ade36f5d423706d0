# SPDX-License-Identifier: Apache-2.0
"""The text of a stage. Every compilation prints four, so the printer of the IR library is given shorter ways here.

The text is that of `xdsl.printer.Printer`, which a test compares. Left out is what only messages within the text and
sources of several printers need: line and column of each piece, and callbacks at ends of lines.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Attribute
from xdsl.printer import Printer

_PLAIN_BYTES = frozenset(range(0x20, 0x7F)) - frozenset(b'"\\')
"""Bytes that a string literal shows as they are."""


def ir_text(module: ModuleOp) -> str:
    """The custom assembly form of a module."""
    printer = _StagePrinter()
    printer.print_op(module)
    return printer.text() + "\n"


class _Delimited(AbstractContextManager[None]):
    """Text before and after what is printed inside."""

    __slots__ = ("end", "pieces", "start")

    def __init__(self, pieces: list[str], start: str, end: str):
        self.pieces, self.start, self.end = pieces, start, end

    def __enter__(self) -> None:
        self.pieces.append(self.start)

    def __exit__(self, *exception: object) -> None:
        self.pieces.append(self.end)


class _StagePrinter(Printer):
    """Prints one module that does not change meanwhile, into a list of pieces."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[str] = []
        self._attribute_texts: dict[int, tuple[Attribute, str]] = {}
        """By identity; what is kept alive keeps its identity."""

    def text(self) -> str:
        return "".join(self._pieces)

    def print_string(self, text: str, *, indent: int | None = None) -> None:
        if "\n" not in text:
            self._pieces.append(text)
            return
        first, *lines = text.split("\n")
        self._pieces.append(first)
        for line in lines:
            self._print_new_line(indent)
            self._pieces.append(line)

    def _print_new_line(self, indent: int | None = None, print_message: bool = True) -> None:
        spaces = (self._indent if indent is None else indent) * self.indent_num_spaces
        self._pieces.append("\n" + " " * spaces)

    def delimited(self, start: str, end: str) -> AbstractContextManager[None]:  # type: ignore[override]
        return _Delimited(self._pieces, start, end)

    @contextmanager
    def _apart(self) -> Iterator[list[str]]:
        """What is printed inside goes to a list of its own."""
        outer, self._pieces = self._pieces, []
        try:
            yield self._pieces
        finally:
            self._pieces = outer

    def print_attribute(self, attribute: Attribute) -> None:
        """Attributes never change, so one that stands in many places is printed once."""
        known = self._attribute_texts.get(id(attribute))
        if known is None:
            with self._apart() as pieces:
                super().print_attribute(attribute)
            known = self._attribute_texts[id(attribute)] = (attribute, "".join(pieces))
        self._pieces.append(known[1])

    def print_bytes_literal(self, bytestring: bytes) -> None:
        if _PLAIN_BYTES.issuperset(bytestring):
            self._pieces.append(f'"{bytestring.decode("ascii")}"')
        else:
            super().print_bytes_literal(bytestring)
