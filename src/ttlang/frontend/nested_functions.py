# SPDX-License-Identifier: Apache-2.0
"""Functions and lambdas that a thread defines: closures over its names, inlined where they are called."""

import ast
import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .frames import Frame
from .source import FunctionSource

if TYPE_CHECKING:
    from .thread_compiler import ThreadCompiler


@dataclass(frozen=True, eq=False, slots=True)
class NestedFunction:
    """A function defined in a thread: its syntax, the frame around it and its parameters with their defaults."""

    node: ast.FunctionDef | ast.Lambda
    outer: "Frame"
    signature: inspect.Signature

    @property
    def name(self) -> str:
        return self.node.name if isinstance(self.node, ast.FunctionDef) else "lambda"


def define(compiler: "ThreadCompiler", node: ast.FunctionDef | ast.Lambda) -> NestedFunction:
    """The closure that `def` or `lambda` makes; defaults are evaluated here, as in Python."""
    arguments = node.args
    if isinstance(node, ast.FunctionDef) and node.decorator_list:
        if compiler.thread.kind == "single_threaded":
            raise compiler.error(
                "a thread in a single-threaded kernel",
                node.decorator_list[0],
                hint="the compiler makes its threads; mode='multi_threaded' leaves them to you",
            )
        compiler.refuse("a decorator in a thread", node.decorator_list[0])
    if arguments.vararg is not None or arguments.kwarg is not None:
        compiler.refuse("'*' and '**' parameters", node, "name the parameters")
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: list[Any] = [inspect.Parameter.empty] * (len(positional) - len(arguments.defaults))
    defaults += [compiler.expression(default) for default in arguments.defaults]
    parameters = [
        inspect.Parameter(a.arg, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=d)
        for a, d in zip(positional, defaults, strict=True)
    ]
    parameters += [
        inspect.Parameter(
            a.arg,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if d is None else compiler.expression(d),
        )
        for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    ]
    return NestedFunction(node, compiler.frame, inspect.Signature(parameters))


def inline(
    compiler: "ThreadCompiler", function: NestedFunction, arguments: Sequence[Any], keywords: dict[str, Any]
) -> Any:
    """Compile the body of a nested function in place of its call."""
    if compiler.program.inlining.count(function) > 0:
        raise compiler.error(f"'{function.name}' calls itself; recursion cannot be compiled in a thread")
    try:
        bound = function.signature.bind(*arguments, **keywords)
    except TypeError as error:
        raise compiler.error(f"{function.name}(): {error}") from None
    bound.apply_defaults()
    outer = function.outer
    frame = Frame(
        FunctionSource(outer.source.file, function.node),
        outer.function,
        compiler.here(),
        compiler.location(),
        dict(bound.arguments),
        outer=outer,
    )
    with compiler.inlined(frame, function):
        if isinstance(function.node, ast.Lambda):
            return compiler.expression(function.node.body)
        compiler.run(function.node.body)
    return compiler.returned(frame)
