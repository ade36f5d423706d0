# SPDX-License-Identifier: Apache-2.0
"""Syntax trees of functions, with the positions of their file."""

import ast
import linecache
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType, FunctionType

from ttlang.diagnostics import CompileError, SourceLocation


@dataclass(frozen=True, slots=True)
class FunctionSource:
    """The definition of a function and the file that it stands in."""

    file: str
    node: ast.FunctionDef | ast.Lambda

    def at(self, node: ast.AST) -> SourceLocation:
        line = getattr(node, "lineno", 1)
        column = getattr(node, "col_offset", 0)
        end_line = getattr(node, "end_lineno", None)
        end = getattr(node, "end_col_offset", None)
        return SourceLocation.of_bytes(self.file, line, column, end if end_line == line else None)

    def text(self) -> str:
        """The lines of the function and where it stands in them, for hashing: a line may hold several."""
        first = min([self.node.lineno, *(d.lineno for d in getattr(self.node, "decorator_list", []))])
        last = self.node.end_lineno or first
        lines = "".join(linecache.getline(self.file, line) for line in range(first, last + 1))
        return f"{lines}{self.node.col_offset}:{self.node.end_col_offset}"


@lru_cache(maxsize=64)
def _functions(file: str, text: str) -> dict[int, list[ast.FunctionDef | ast.Lambda]]:
    """Functions of a file, by the line that code objects give as their first."""
    found: dict[int, list[ast.FunctionDef | ast.Lambda]] = {}
    for node in ast.walk(ast.parse(text, file)):
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
            found.setdefault(first, []).append(node)
    return found


def _definition(code: CodeType, candidates: list[ast.FunctionDef | ast.Lambda]) -> ast.AST | None:
    """The one of the functions that start in a line that the code object was compiled from."""
    if code.co_name != "<lambda>":
        return next(
            (n for n in candidates if isinstance(n, ast.FunctionDef) and n.name == code.co_name), None
        )
    positions = [p for p in code.co_positions() if None not in p]
    end = max(((p[1], p[3]) for p in positions), default=None)
    lambdas = [n for n in candidates if isinstance(n, ast.Lambda)]
    ends = [(n.body.end_lineno, n.body.end_col_offset) for n in lambdas]
    return next((n for n, e in zip(lambdas, ends, strict=True) if e == end), None)


def function_source(function: FunctionType) -> FunctionSource:
    """The syntax tree of `function`; raises CompileError when its source is not at hand."""
    code = function.__code__
    linecache.checkcache(code.co_filename)
    lines = linecache.getlines(code.co_filename, function.__globals__)
    if not lines:
        raise CompileError(
            f"the source of '{function.__name__}' is not at hand ({code.co_filename})",
            hint="threads are compiled from source: define kernels in a file, or in a notebook cell",
        )
    node = _definition(code, _functions(code.co_filename, "".join(lines)).get(code.co_firstlineno, []))
    if not isinstance(node, ast.FunctionDef | ast.Lambda):
        raise CompileError(
            f"the source of '{function.__name__}' has changed since it was loaded",
            SourceLocation(code.co_filename, code.co_firstlineno, 1),
            hint="start the program again",
        )
    return FunctionSource(code.co_filename, node)
