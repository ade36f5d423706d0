# SPDX-License-Identifier: Apache-2.0
"""How messages name the constructs of Python that threads cannot hold, and what to use instead."""

import ast

_CONSTRUCTS: dict[str, str] = {
    "Try": "'try'",
    "TryStar": "'try'",
    "Raise": "'raise'",
    "Import": "'import'",
    "ImportFrom": "'import'",
    "Global": "'global'",
    "Nonlocal": "'nonlocal'",
    "ClassDef": "a class definition",
    "AsyncFunctionDef": "'async def'",
    "AsyncFor": "'async for'",
    "AsyncWith": "'async with'",
    "Delete": "'del'",
    "Match": "'match'",
    "TypeAlias": "'type'",
    "Yield": "'yield'",
    "YieldFrom": "'yield from'",
    "Await": "'await'",
    "ListComp": "a list comprehension",
    "SetComp": "a set comprehension",
    "DictComp": "a dict comprehension",
    "GeneratorExp": "a generator expression",
    "Dict": "a dict",
    "Set": "a set",
    "JoinedStr": "an f-string",
    "NamedExpr": "':='",
    "Starred": "'*' here",
    "Attribute": "an attribute",
    "Subscript": "an element",
}
"""By the name of the syntax node: some exist in later versions of Python only."""

STATEMENT_HINTS: dict[type[ast.AST], str] = {
    ast.ClassDef: "define classes outside of the thread; attributes of their objects are read at compile time",
    ast.Import: "import modules at the top of the file",
    ast.ImportFrom: "import modules at the top of the file",
    ast.Match: "use 'if' and 'elif'",
}
_SYMBOLS = {
    "Add": "+", "Sub": "-", "Mult": "*", "Div": "/", "FloorDiv": "//", "Mod": "%", "Pow": "**", "MatMult": "@",
    "BitAnd": "&", "BitOr": "|", "BitXor": "^", "LShift": "<<", "RShift": ">>", "Invert": "~", "In": "in",
    "NotIn": "not in", "Is": "is", "IsNot": "is not", "USub": "-", "UAdd": "+", "Not": "not",
}  # fmt: skip
OPERATOR_SYMBOLS = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "floordiv": "//", "mod": "%", "pow": "**", "matmul": "@",
    "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!=",
}  # fmt: skip
"""Operators by their names in the front end."""


def construct(node: ast.AST) -> str:
    """What a syntax node is, in words."""
    name = type(node).__name__
    return _CONSTRUCTS.get(name, f"'{name}'")


def symbol(op: ast.AST) -> str:
    """How an operator is written."""
    return _SYMBOLS.get(type(op).__name__, type(op).__name__)
