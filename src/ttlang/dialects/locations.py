# SPDX-License-Identifier: Apache-2.0
"""Source locations: making them, reading them, and keeping them through parsing, rewriting and folding.

Lines and columns count from 1, as MLIR's do. An op made by a rewrite inherits the location of the op it
replaces.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from typing import cast

from xdsl.builder import Builder
from xdsl.context import Context
from xdsl.dialects.builtin import (
    ArrayAttr,
    CallSiteLoc,
    FileLineColLoc,
    FusedLoc,
    IntAttr,
    LocationAttr,
    ModuleOp,
    NameLoc,
    NoneAttr,
    StringAttr,
    UnknownLoc,
)
from xdsl.ir import Attribute, Block, Operation, TypeAttribute
from xdsl.parser import Parser
from xdsl.parser.generic_parser import ParserState
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.lexer import Input
from xdsl.utils.mlir_lexer import MLIRTokenKind

from .fast_verification import verify
from .interned import file_location
from .lexing import LinearLexer

UNKNOWN: LocationAttr = UnknownLoc()

MAX_NESTING = 64
"""Levels of nested ops that text may have: what printing and verifying can follow without exhausting the
stack.
"""


def file_loc(filename: str, line: int, col: int) -> FileLineColLoc:
    """`loc("filename":line:col)`; line and column count from 1."""
    return file_location(filename, line, col)


def name_loc(name: str, loc: LocationAttr) -> NameLoc:
    """`loc("name"(loc))`"""
    return NameLoc(StringAttr(name), loc)


def derived_loc(loc: LocationAttr, by: str) -> LocationAttr:
    """`loc` tagged with the pass that made an op from it; a tag is not repeated."""
    if isinstance(loc, NameLoc) and loc.desc.data == by:
        return loc
    return name_loc(by, loc)


def call_site_loc(callee: LocationAttr, caller: LocationAttr) -> CallSiteLoc:
    """Location of an op of an inlined function: where it stands, and where the function was called."""
    return CallSiteLoc(callee, caller)


def fused_loc(locs: Iterable[LocationAttr]) -> LocationAttr:
    """Location of an op that stands for several: their distinct known locations, flattened."""
    distinct: dict[LocationAttr, None] = {}
    for loc in locs:
        parts = cast(ArrayAttr[Attribute], loc.locations).data if isinstance(loc, FusedLoc) else (loc,)
        for part in parts:
            if not isinstance(part, UnknownLoc):
                distinct[cast(LocationAttr, part)] = None
    match list(distinct):
        case []:
            return UNKNOWN
        case [only]:
            return only
        case several:
            return FusedLoc(ArrayAttr(several), NoneAttr())


def leaf_locations(loc: Attribute) -> Iterator[FileLineColLoc]:
    """The file positions in `loc`, the most specific first: of a call site, the callee's and then the
    caller's.
    """
    match loc:
        case FileLineColLoc():
            yield loc
        case NameLoc():
            yield from leaf_locations(loc.location)
        case FusedLoc():
            for part in cast(ArrayAttr[Attribute], loc.locations):
                yield from leaf_locations(part)
        case CallSiteLoc():
            yield from leaf_locations(loc.callee)
            yield from leaf_locations(loc.caller)
        case _:
            return


def is_known(loc: Attribute) -> bool:
    """Whether `loc` says anything: a file position or a name."""
    match loc:
        case FusedLoc():
            return any(is_known(part) for part in cast(ArrayAttr[Attribute], loc.locations))
        case CallSiteLoc():
            return is_known(loc.callee) or is_known(loc.caller)
        case _:
            return not isinstance(loc, UnknownLoc)


def stamp(op: Operation, loc: LocationAttr) -> None:
    """Give `op`, and ops inside it, the location `loc` where they have none."""
    if not op.regions:
        if isinstance(op.location, UnknownLoc):
            op.location = loc
        return
    for sub in op.walk():
        if isinstance(sub.location, UnknownLoc):
            sub.location = loc


@dataclass(eq=False)
class LocBuilder(Builder):
    """A builder that stamps ops that have no location with the current one."""

    location: LocationAttr = UNKNOWN

    def __post_init__(self) -> None:
        self.operation_insertion_handler.append(lambda op: stamp(op, self.location))

    @contextmanager
    def at(self, loc: LocationAttr) -> Iterator[None]:
        """Ops built in this context are at `loc`."""
        saved, self.location = self.location, loc
        try:
            yield
        finally:
            self.location = saved


@dataclass
class PreserveLocations(RewritePattern):
    """Wraps a pattern: ops that it inserts inherit the location of the op it matched.

    With a `tag`, usually the name of the pass, they get `loc("tag"(location))`.
    """

    inner: RewritePattern
    tag: str | None = None

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter, /) -> None:
        matched = op.location
        tag = self.tag

        def inherit(new: Operation) -> None:
            stamp(new, matched if tag is None else derived_loc(matched, tag))

        rewriter.operation_insertion_handler.append(inherit)
        try:
            self.inner.match_and_rewrite(op, rewriter)
        finally:
            rewriter.operation_insertion_handler.remove(inherit)


class LocatingParser(Parser):
    """A parser that gives an op without an explicit `loc(...)` the position of its name in the text.

    `line_offset` is added to lines, for pieces of a split file. Ops nested deeper than MAX_NESTING are
    refused.
    """

    def __init__(
        self, ctx: Context, input: str | bytes, name: str = "<unknown>", *, line_offset: int = 0
    ) -> None:
        super().__init__(ctx, "", name)
        text = input if isinstance(input, str) else input.decode("utf-8")
        self._parser_state = ParserState(LinearLexer(Input(text, name)))
        self._file = StringAttr(name)
        self._line_offset = line_offset
        self._line_starts = [0]
        position = text.find("\n")
        while position >= 0:
            self._line_starts.append(position + 1)
            position = text.find("\n", position + 1)
        self._op_names: list[int] = []

    @property
    def failing_op(self) -> int:
        """Position of the name of the innermost op that is being parsed."""
        return self._op_names[-1] if self._op_names else self.pos

    def location_of(self, position: int) -> FileLineColLoc:
        """Location of a character of the text."""
        line = bisect_right(self._line_starts, position)
        column = position - self._line_starts[line - 1] + 1
        return FileLineColLoc(self._file, IntAttr(line + self._line_offset), IntAttr(column))

    def parse_module(self, allow_implicit_module: bool = True) -> ModuleOp:
        if self._current_token.kind == MLIRTokenKind.EOF:
            self.raise_error("expected an op, but there is no text")
        module = super().parse_module(allow_implicit_module)
        if isinstance(module.location, UnknownLoc):
            module.location = self.location_of(0)
        return module

    def _parse_op_result_list(self) -> list[tuple[object, int]]:  # type: ignore[override]
        results = super()._parse_op_result_list()
        self._op_names.append(self.pos)
        return results  # type: ignore[return-value]

    def parse_operation(self) -> Operation:
        if len(self._op_names) >= MAX_NESTING:
            self.raise_error(f"ops are nested more than {MAX_NESTING} deep")
        op = super().parse_operation()
        start = self._op_names.pop()
        if isinstance(op.location, UnknownLoc):
            op.location = self.location_of(start)
        for region in op.regions:
            for block in region.blocks:
                last = block.last_op
                if last is not None and isinstance(last.location, UnknownLoc):
                    last.location = op.location  # a terminator that the text leaves out
        return op

    def _parse_block(self) -> Block:
        if self._current_token.kind != MLIRTokenKind.CARET_IDENT:
            self.raise_error("expected an op, a block label, or '}'")
        return super()._parse_block()

    def parse_attribute(self) -> Attribute:
        start = self.pos
        try:
            return super().parse_attribute()
        except VerifyException as error:
            self.raise_error(one_line(error), start, self.pos)

    def parse_optional_type(self) -> TypeAttribute | None:
        start = self.pos
        try:
            return super().parse_optional_type()
        except VerifyException as error:
            self.raise_error(one_line(error), start, self.pos)

    def _get_op_by_name(self, name: str) -> type[Operation]:
        op = self.ctx.get_optional_op(name, dialect_stack=self._parser_state.dialect_stack)
        if op is None:
            similar = get_close_matches(name, [known.name for known in self.ctx.loaded_ops], 1, 0.8)
            hint = f"; did you mean {similar[0]}?" if similar else ""
            self.raise_error(f"there is no op {name}{hint}", self.failing_op)
        return op

    def _parse_location(self) -> LocationAttr:
        """Locations, with the metadata of fused ones: `fused<"pass">[..]`."""
        if self.parse_optional_keyword("fused") is None:
            return super()._parse_location()
        metadata: Attribute = NoneAttr()
        if self.parse_optional_punctuation("<") is not None:
            metadata = self.parse_attribute()
            self.parse_punctuation(">")
        parts: Sequence[LocationAttr] = self.parse_comma_separated_list(
            self.Delimiter.SQUARE, self._parse_location
        )
        return FusedLoc(ArrayAttr(parts), metadata)


def one_line(error: Exception) -> str:
    """The message of an exception, without line breaks."""
    return " ".join(str(error).split())


def first_invalid(root: Operation) -> tuple[Operation, str] | None:
    """The first op under `root` that does not verify, and what its verifier says; None when all do."""
    try:
        verify(root)
    except VerifyException as error:
        for op in root.walk():
            try:
                op.verify(verify_nested_ops=False)
            except VerifyException as own:
                return op, one_line(own)
        return root, one_line(error)
    return None
