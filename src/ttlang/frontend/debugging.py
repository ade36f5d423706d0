# SPDX-License-Identifier: Apache-2.0
"""`assert`, `print` and `ttl.signpost` in threads: decided at compile time where that is possible, else on the device."""

import ast
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import IntegerAttr, i1
from xdsl.ir import Block as IRBlock
from xdsl.ir import SSAValue

from ttlang.dialects.ttl.debugging import AssertOp, PrintOp, SignpostOp
from ttlang.language.data import TILE_SHAPE
from ttlang.language.resources import CircularBuffer

from . import loops
from .blocks import used
from .elements import read
from .values import Block, RuntimeBool, RuntimeFloat, RuntimeInt, TensorValue, depends_on_core, describe

if TYPE_CHECKING:
    from .thread_compiler import ThreadCompiler

_CONVERSIONS: dict[int, Callable[[Any], str]] = {ord("r"): repr, ord("s"): str, ord("a"): ascii}
Piece = str | RuntimeInt | RuntimeFloat | RuntimeBool | Block
"""A text, or what the device shows."""


def assert_statement(compiler: "ThreadCompiler", node: ast.Assert) -> None:
    """`assert condition, message`: what every core would fail is an error here, the rest is checked on the device."""
    with compiler.at(node.test):
        test = compiler.condition(compiler.expression(node.test))
    if test is True:
        return
    message = ast.unparse(node.test) if node.msg is None else _message(compiler, node.msg)
    if isinstance(test, RuntimeBool):
        compiler.emit(AssertOp(test.ssa, message))
    elif compiler.certain:
        raise compiler.error(f"assertion failed: {message}", node.test)
    else:
        false = compiler.emit(arith.ConstantOp(IntegerAttr(0, i1))).results[0]
        compiler.emit(AssertOp(false, message))


def _message(compiler: "ThreadCompiler", node: ast.expr) -> str:
    pieces = _pieces(compiler, node)
    texts = [piece for piece in pieces if isinstance(piece, str)]
    if len(texts) != len(pieces):
        raise compiler.error(
            "the message of an assertion must be known at compile time",
            node,
            hint="print(...) shows run-time integers",
        )
    return "".join(texts)


def _pieces(compiler: "ThreadCompiler", node: ast.expr) -> list[Piece]:
    """What an argument of `print` shows."""
    if not isinstance(node, ast.JoinedStr):
        with compiler.at(node):
            return [_shown(compiler, compiler.expression(node))]
    found: list[Piece] = []
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            with compiler.at(part.value):
                found.append(_formatted(compiler, part))
        else:
            assert isinstance(part, ast.Constant)
            found.append(str(part.value))
    return found


def _formatted(compiler: "ThreadCompiler", part: ast.FormattedValue) -> Piece:
    value = compiler.expression(part.value)
    pattern = "" if part.format_spec is None else _message(compiler, part.format_spec)
    if isinstance(value, CircularBuffer):
        value = repr(value)
    if depends_on_core(value):
        if pattern not in ("", "d") or part.conversion not in (-1, ord("r"), ord("s")):
            raise compiler.error(
                "a format of a run-time integer cannot be compiled", hint="write it without a format: {value}"
            )
        return _shown(compiler, value)
    if part.conversion in _CONVERSIONS:
        value = _CONVERSIONS[part.conversion](value)
    try:
        return format(_plain(compiler, value), pattern)
    except (TypeError, ValueError) as error:
        raise compiler.error(f"format: {error}") from None


def _shown(compiler: "ThreadCompiler", value: Any) -> Piece:
    if isinstance(value, RuntimeInt | RuntimeFloat | RuntimeBool):
        return value
    if isinstance(value, Block):
        if compiler.thread.kind != "datamovement":
            raise compiler.error(
                "the contents of a block cannot be printed in a compute thread",
                hint="print it in the data-movement thread that fills it or takes it away",
            )
        return used(compiler, value)
    if isinstance(value, CircularBuffer):
        return repr(value)
    return str(_plain(compiler, value))


def _plain(compiler: "ThreadCompiler", value: Any) -> Any:
    """`value`, if it has the same text on the device as in Python."""
    if isinstance(value, Block | TensorValue) or not isinstance(
        value, bool | int | float | str | tuple | list | range | None
    ):
        raise compiler.error(
            f"{describe(value)} cannot be printed in a thread", hint="print integers and texts"
        )
    if depends_on_core(value):
        raise compiler.error(
            f"{describe(value)} cannot be printed in a thread", hint="print its elements one by one"
        )
    return value


def print_call(compiler: "ThreadCompiler", node: ast.Call) -> None:
    """`print(...)`: one line, with what is known at compile time as text and run-time integers in decimal."""
    options = {"sep": " ", "end": "\n"}
    for keyword in node.keywords:
        if keyword.arg not in options:
            raise compiler.error(
                f"print() in a thread has no '{keyword.arg}'", keyword.value, hint="it takes 'sep' and 'end'"
            )
        value = compiler.expression(keyword.value)
        if not isinstance(value, str):
            raise compiler.error(
                f"'{keyword.arg}' of print() is a text, got {describe(value)}", keyword.value
            )
        options[keyword.arg] = value
    shown: list[Piece] = []
    for position, argument in enumerate(node.args):
        if isinstance(argument, ast.Starred):
            compiler.refuse("'*' in print()", argument)
        if position:
            shown.append(options["sep"])
        shown.extend(_pieces(compiler, argument))
    shown.append(options["end"])
    _emit(compiler, shown)


def _emit(compiler: "ThreadCompiler", shown: Sequence[Piece]) -> None:
    """Prints of what is shown: one, but for truth values and blocks, which have code of their own in between."""
    plain: list[str | RuntimeInt | RuntimeFloat] = []
    for piece in shown:
        if isinstance(piece, RuntimeBool | Block):
            _emit_plain(compiler, plain)
            plain = []
            _print_truth(compiler, piece) if isinstance(piece, RuntimeBool) else _print_block(compiler, piece)
        else:
            plain.append(piece)
    _emit_plain(compiler, plain)


def _emit_plain(compiler: "ThreadCompiler", shown: Sequence[str | RuntimeInt | RuntimeFloat]) -> None:
    texts, values = [""], list[SSAValue]()
    for piece in shown:
        if isinstance(piece, str):
            texts[-1] += piece
        else:
            values.append(piece.ssa)
            texts.append("")
    if any(brace in text for text in texts for brace in "{}"):
        raise compiler.error(
            "braces cannot be printed from a device", hint="they mark values in the device's own formats"
        )
    if values or texts[0]:
        compiler.emit(PrintOp(texts, values))


def _print_truth(compiler: "ThreadCompiler", value: RuntimeBool) -> None:
    sides = []
    for text in ("True", "False"):
        saved, compiler.block = compiler.block, IRBlock()
        _emit_plain(compiler, [text])
        compiler.emit(scf.YieldOp())
        sides.append([compiler.block])
        compiler.block = saved
    then, otherwise = sides
    compiler.emit(scf.IfOp(value.ssa, [], then, otherwise))


def _print_block(compiler: "ThreadCompiler", block: Block) -> None:
    """The datums of a block, a line for each row; the outer dimensions one after the other."""
    tiled = block.buffer.tiled
    rank = len(block.shape)
    sizes = [s * TILE_SHAPE[0] if tiled and d >= rank - 2 else s for d, s in enumerate(block.shape)]

    def rows(outer: tuple[Any, ...]) -> None:
        if len(outer) + 1 < rank:
            loops.count_to(compiler, sizes[len(outer)], lambda i: rows((*outer, i)))
            return
        _emit_plain(compiler, ["\n"])
        loops.count_to(
            compiler, sizes[-1], lambda j: _emit_plain(compiler, [read(compiler, block, (*outer, j)), " "])
        )

    rows(())


def signpost(compiler: "ThreadCompiler", name: Any) -> None:
    if not isinstance(name, str) or not name:
        raise compiler.error(f"'signpost' takes a name, got {describe(name)}")
    compiler.emit(SignpostOp(name))
