# SPDX-License-Identifier: Apache-2.0
"""Coordinates of cores on ops: constants, values computed at run time, or a mixture.

An op keeps the constants in an array attribute, with DYNAMIC in the place of each computed one, and the
computed ones as operands, in order. In text both stand in one list: `[%x, 0]`.
"""

from collections.abc import Iterable, Iterator, Sequence

from xdsl.dialects.builtin import ArrayAttr
from xdsl.ir import SSAValue
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from .attributes import DYNAMIC, GridAttr
from .syntax import I64Array, array_ints, i64_array, parse_operand

Coordinate = int | SSAValue
Core = Sequence[Coordinate]


def constants(core: Core) -> I64Array:
    """The attribute for these coordinates."""
    return i64_array([c if isinstance(c, int) else DYNAMIC for c in core])


def computed(cores: Iterable[Core]) -> list[SSAValue]:
    """The operands for these coordinates."""
    return [c for core in cores for c in core if not isinstance(c, int)]


def merge(attribute: I64Array, operands: Iterator[SSAValue]) -> tuple[Coordinate, ...]:
    """The coordinates of an op again; takes from `operands` as many as it needs.

    Raises VerifyException when there are too few.
    """
    merged: list[Coordinate] = []
    for constant in array_ints(attribute):
        if constant != DYNAMIC:
            merged.append(constant)
            continue
        value = next(operands, None)
        if value is None:
            raise VerifyException(f"too few operands for the coordinates {format_constants(attribute)}")
        merged.append(value)
    return tuple(merged)


def format_constants(attribute: I64Array) -> str:
    return f"[{', '.join('?' if c == DYNAMIC else str(c) for c in array_ints(attribute))}]"


def parse_core(parser: Parser) -> list[Coordinate]:
    """`[0, %y]`"""

    def coordinate() -> Coordinate:
        constant = parser.parse_optional_integer(allow_boolean=False)
        return constant if constant is not None else parse_operand(parser)

    start = parser.pos
    core = parser.parse_comma_separated_list(parser.Delimiter.SQUARE, coordinate)
    if not 1 <= len(core) <= 3:
        parser.raise_error(f"a core has 1 to 3 coordinates, got {len(core)}", start, parser.pos)
    return core


def parse_corners(parser: Parser) -> list[list[Coordinate]]:
    """`[[0, 0], [1, %y]]`: first and last core of a range."""
    return parser.parse_comma_separated_list(parser.Delimiter.SQUARE, lambda: parse_core(parser))


def print_core(printer: Printer, core: Core) -> None:
    with printer.in_square_brackets():
        printer.print_list(
            core, lambda c: printer.print_string(str(c)) if isinstance(c, int) else printer.print_ssa_value(c)
        )


def print_corners(printer: Printer, corners: Sequence[Core]) -> None:
    with printer.in_square_brackets():
        printer.print_list(corners, lambda core: print_core(printer, core))


def corners_attribute(corners: Sequence[Core]) -> ArrayAttr[I64Array]:
    return ArrayAttr(constants(core) for core in corners)


def check_inside(what: str, core: Core | tuple[int, ...], grid: GridAttr | None) -> None:
    """Raise VerifyException when a constant coordinate of `core` is negative or outside of `grid`."""
    for dimension, coordinate in enumerate(core):
        if not isinstance(coordinate, int) or coordinate == DYNAMIC:
            continue
        size = None if grid is None else (*grid.sizes, 1, 1, 1)[dimension]
        if coordinate < 0 or (size is not None and coordinate >= size):
            shown = [c if isinstance(c, int) and c != DYNAMIC else "?" for c in core]
            where = "not a core" if grid is None else f"outside of the grid {list(grid.sizes)}"
            raise VerifyException(f"{what} [{', '.join(map(str, shown))}] is {where}")
