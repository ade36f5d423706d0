# SPDX-License-Identifier: Apache-2.0
"""What names of a function mean: its closure, its module, Python's builtins."""

import ast
import builtins
import difflib
from collections.abc import Iterable, Sequence
from types import FunctionType
from typing import Any


def captured(function: FunctionType, name: str) -> tuple[bool, Any]:
    """Look a name up that `function` does not bind; False when it has no value."""
    code = function.__code__
    if name in code.co_freevars and function.__closure__ is not None:
        cell = function.__closure__[code.co_freevars.index(name)]
        try:
            return True, cell.cell_contents
        except ValueError:
            return False, None
    if name in function.__globals__:
        return True, function.__globals__[name]
    if hasattr(builtins, name):
        return True, getattr(builtins, name)
    return False, None


def is_local(function: FunctionType, name: str) -> bool:
    """Whether Python takes `name` for a local variable of `function`: it is assigned somewhere in it."""
    code = function.__code__
    return name in code.co_varnames or name in code.co_cellvars


def suggest(function: FunctionType, known: Iterable[str], name: str) -> str | None:
    """Advice that names the variable which was meant, if one is spelled much like `name`."""
    candidates = [*known, *function.__code__.co_freevars, *function.__globals__]
    builtin_names = [n for n in dir(builtins) if n.islower() and not n.startswith("_")]
    close = difflib.get_close_matches(name, candidates, 1) or difflib.get_close_matches(
        name, builtin_names, 1
    )
    return f"did you mean '{close[0]}'?" if close and close[0] != name else None


def assigned_names(nodes: Sequence[ast.AST], augmented: bool = True) -> set[str]:
    """Names that these nodes bind; without `augmented`, those of `+=` and its like do not count."""
    found: set[str] = set()
    skipped: set[ast.AST] = set()
    for root in nodes:
        for node in ast.walk(root):
            if isinstance(node, ast.AugAssign) and not augmented:
                skipped.add(node.target)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node not in skipped:
                found.add(node.id)
    return found
