# SPDX-License-Identifier: Apache-2.0
"""Random kernels without threads against NumPy: loops, slices, expressions, shapes and grids."""

import random
from pathlib import Path

import numpy as np
import pytest
from tests.frontend.programs import execute

_SCRIPT = """\
import ttlang as ttl

m = ttl.math

@ttl.kernel(grid={grid}, mode="single_threaded", fp32_dest_acc=True)
def k(a, b, row, column, out):
{loops}
"""
# how slices are written: loops around the store, the index of full-size tensors, of the row and of the column
FORMS = {
    "whole": ((), "{t}", "row", "column"),
    "rows": (("for i in range({rows}):",), "{t}[i]", "row[0]", "column[i]"),
    "columns": (("for j in range({columns}):",), "{t}[:, j]", "row[:, j]", "column[:, 0]"),
    "tiles": (
        ("for i in range({rows}):", "for j in range({columns}):"),
        "{t}[i, j]",
        "row[0, j]",
        "column[i, 0]",
    ),
    "exchanged": (
        ("for j in range({columns}):", "for i in range({rows}):"),
        "{t}[i, j]",
        "row[0, j]",
        "column[i, 0]",
    ),
    "backwards": (("for i in range({rows} - 1, -1, -1):",), "{t}[i, :]", "row[0]", "column[i]"),
    "pairs": (("for i in range(0, {rows}, 2):",), "{t}[i : i + 2]", "row[0]", "column[i : i + 2]"),
}
UNARY = ("m.exp({} * 0.25)", "m.relu({})", "-{}", "abs({})", "({} * 2.0 - 1.0)")
BINARY = ("({} + {})", "({} - {})", "({} * {})", "m.max({}, {})", "min({}, {})")
REDUCTIONS = ("m.reduce_max({}, dims=[1])", "m.reduce_mean({}, dims=[1])")
FULL_ROWS = ("whole", "rows", "backwards", "pairs")


class _Math:
    """The functions of a kernel's expression, in NumPy."""

    exp = staticmethod(np.exp)
    max = staticmethod(np.maximum)

    @staticmethod
    def relu(x):
        return np.maximum(x, 0)

    @staticmethod
    def reduce_max(x, dims):
        return x.max(axis=tuple(dims), keepdims=True)

    @staticmethod
    def reduce_mean(x, dims):
        return x.mean(axis=tuple(dims), keepdims=True)


def _expression(rng: random.Random, form: str, depth: int) -> str:
    if depth == 0 or rng.random() < 0.15:
        return rng.choice(("A", "B", "A", "B", "ROW", "COLUMN"))
    kind = rng.random()
    if kind < 0.3:
        return rng.choice(UNARY).format(_expression(rng, form, depth - 1))
    if kind < 0.45 and form in FULL_ROWS:
        inner = f"(A * {_expression(rng, form, depth - 1)})"
        return f"({rng.choice(('A', 'B'))} - {rng.choice(REDUCTIONS).format(inner)})"
    operands = (_expression(rng, form, depth - 1) for _ in range(2))
    return rng.choice(BINARY).format(*operands)


@pytest.mark.parametrize("seed", range(21))
def test_random_kernel(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    form = list(FORMS)[seed % len(FORMS)]
    rows, columns = rng.randint(1, 6), rng.randint(1, 6)
    rows += rows % 2 if form == "pairs" else 0
    loops, full, row, column = FORMS[form]
    expression = f"(A + {_expression(rng, form, 3)})"  # of full size
    grid = rng.choice(['"auto"', "(1, 1)", "(3, 2)", "(5,)", "(2, 2, 2)"])
    places = {"A": full.format(t="a"), "B": full.format(t="b"), "ROW": row, "COLUMN": column}
    text = expression
    for name, place in places.items():
        text = text.replace(name, place)
    lines = [
        *(loop.format(rows=rows, columns=columns) for loop in loops),
        f"{full.format(t='out')}.store({text})",
    ]
    body = "\n".join("    " * (n + 1) + line for n, line in enumerate(lines))
    names = execute(tmp_path / "script.py", _SCRIPT.format(grid=grid, loops=body))

    numbers = np.random.default_rng(seed)
    shapes = {"A": (rows, columns), "B": (rows, columns), "ROW": (0, columns), "COLUMN": (rows, 0)}
    values = {
        name: numbers.standard_normal(tuple(32 * n or 1 for n in shape), np.float32)
        for name, shape in shapes.items()
    }
    out = np.zeros_like(values["A"])
    names["k"](*values.values(), out)
    functions = {"m": _Math, "min": np.minimum, "abs": np.abs}
    expected = eval(expression, {**functions, **values})
    error = np.linalg.norm(out - expected) / np.linalg.norm(expected)
    assert error < 5e-3, (expression, error)
