# SPDX-License-Identifier: Apache-2.0
"""Text to verified IR: every failure is a CompileError with a position, whatever the text."""

from collections.abc import Iterator
from contextlib import contextmanager

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass
from xdsl.utils.exceptions import DiagnosticException, ParseError

from ttlang.diagnostics import CompileError, SourceLocation

from .locations import LocatingParser, first_invalid, leaf_locations, one_line

_UPSTREAM_FAILURES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    TypeError,
    UnicodeError,
    ValueError,
)
"""What parsers of other dialects raise on text, and passes on modules, that they did not foresee."""


def position(text: str, offset: int, name: str, line_offset: int = 0) -> SourceLocation:
    """Line and column, from 1, of a character of a text."""
    line = text.count("\n", 0, offset)
    column = offset - (text.rfind("\n", 0, offset) + 1)
    return SourceLocation(name, line + line_offset + 1, column + 1)


def op_position(op: Operation) -> SourceLocation | None:
    """The first place that an op comes from."""
    for leaf in leaf_locations(op.location):
        return SourceLocation(leaf.filename.data, leaf.line.data, max(leaf.column.data, 1))
    return None


def decode(data: bytes, name: str) -> str:
    """UTF-8 text; raises CompileError at the first byte that is none."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        raise CompileError(
            f"not UTF-8 text: byte 0x{data[error.start]:02x}", position(before, len(before), name)
        ) from error


def parse(ctx: Context, text: str, name: str = "<stdin>", *, line_offset: int = 0) -> ModuleOp:
    """Parse a module; ops without locations get that of their text. Raises CompileError at the place of the
    failure.

    `line_offset` is added to lines, for pieces of a larger file.
    """
    parser: LocatingParser | None = None

    def fail(message: str, offset: int) -> CompileError:
        return CompileError(message, position(text, min(offset, len(text)), name, line_offset))

    try:
        parser = LocatingParser(ctx, text, name, line_offset=line_offset)
        return parser.parse_module()
    except ParseError as error:
        raise fail(error.msg, error.span.start) from error
    except RecursionError as error:
        raise fail("nested too deeply", 0 if parser is None else parser.pos) from error
    except DiagnosticException as error:
        raise fail(one_line(error), 0 if parser is None else parser.failing_op) from error
    except _UPSTREAM_FAILURES as error:
        message = one_line(error) or type(error).__name__
        raise fail(f"cannot parse this: {message}", 0 if parser is None else parser.failing_op) from error


def verify(module: ModuleOp) -> None:
    """Verify every op; raises CompileError at the first that is wrong."""
    with located(module):
        invalid = first_invalid(module)
    if invalid is not None:
        op, message = invalid
        raise CompileError(f"'{op.name}' op {message}", op_position(op))


def run_pass(ctx: Context, module: ModuleOp, transform: ModulePass) -> None:
    """Run a pass. Raises CompileError: what the pass says, or that it cannot take this module.

    Passes of a pipeline rely on what those before them have done; text can hold a module of any stage.
    """
    with located(module):
        try:
            transform.apply(ctx, module)
        except _UPSTREAM_FAILURES as error:
            raise CompileError(
                f"the pass {transform.name} cannot take this module:"
                f" {one_line(error) or type(error).__name__}",
                op_position(module),
                hint="run the passes before it in the pipeline first",
            ) from error


@contextmanager
def located(module: ModuleOp) -> Iterator[None]:
    """Failures of xDSL's verifiers and passes as CompileErrors; at the module when nothing better is
    known.
    """
    try:
        yield
    except RecursionError as error:
        raise CompileError("nested too deeply", op_position(module)) from error
    except DiagnosticException as error:
        raise CompileError(str(error), op_position(module)) from error
