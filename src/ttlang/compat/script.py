# SPDX-License-Identifier: Apache-2.0
"""Runs a program of the public language."""

import ast
from pathlib import Path
from types import CodeType
from typing import Any

from . import installed


def run(path: Path, largest: int | None = None) -> None:
    """Run a program with this package in the place of `ttl` and `ttnn`.

    `largest` limits the integers that the program gives to names outside of functions, such as sizes of its tensors: each that is
    larger becomes this number. Raises what the program raises.
    """
    code = _compiled(path, largest)
    names: dict[str, Any] = {"__name__": "__main__", "__file__": str(path)}
    with installed():
        exec(code, names)


def _compiled(path: Path, largest: int | None) -> CodeType:
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    if largest is not None:
        for assignment in _assignments(tree.body):
            for node in ast.walk(assignment.value):
                if isinstance(node, ast.Constant) and type(node.value) is int and node.value > largest:
                    node.value = largest
    return compile(tree, str(path), "exec")


def _assignments(body: list[ast.stmt]) -> list[ast.Assign]:
    """Assignments outside of functions and classes, in blocks too."""
    found = []
    for statement in body:
        if isinstance(statement, ast.Assign):
            found.append(statement)
        elif not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for field in ("body", "orelse", "finalbody"):
                found += _assignments(getattr(statement, field, []))
    return found
