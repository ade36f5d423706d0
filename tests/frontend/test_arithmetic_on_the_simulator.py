# SPDX-License-Identifier: Apache-2.0
"""Integers of threads in the C++ that runs: each core computes where to write, and the tensor shows what it computed."""

from pathlib import Path

import numpy as np
import pytest
from tests.frontend.programs import execute, program

EXPRESSIONS = (
    "(x * 5 + y * 3) % 8",
    "(x - y * 3) % 8",
    "(x - 3) // 2 + 3",
    "(y - x) // (-2) + 4",
    "(x - 5) % (-3) + 4",
    "max(x - y, 0) + min(x, 2)",
    "abs(x - y * 2)",
    "(6 // x if x else 7) % 8",
    "5 if x > 1 and y > 0 else 2 if x == y else 1",
    "(x and 4) + (y or 2) - 1",
    "(x > 1) + (not y) * 2 + (x in (0, 3)) * 4",
    "sum(divmod(x * 4 + y, 3))",
    "int(0 < x < 3) + int((x, y) == (2, 1))",
)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_place_of_a_write(expression: str, tmp_path: Path) -> None:
    text = program(
        decorator="grid=(4, 2)",
        write=f"column = {expression}\nwith out_cb.wait() as block:\n    ttl.copy(block, out[y * 4 + x, column]).wait()",
        call="out = np.zeros((256, 256), np.float32)\nk(a, out)",
    )
    out = execute(tmp_path / "script.py", text)["out"]
    written = {(row, int(column)) for row in range(8) for column in np.nonzero(out[row * 32, ::32])[0]}
    expected = {(y * 4 + x, int(eval(expression, {"x": x, "y": y}))) for x in range(4) for y in range(2)}
    assert written == expected


def test_loops_with_carried_values(tmp_path: Path) -> None:
    body = """\
column = x
for i in range(7 - y, -2 - x, -3):
    column = (column * 3 + i) % 8
    if i % 2 == 1:
        column = (column - 5) % 8
"""
    text = program(
        decorator="grid=(4, 2)",
        write=body + "with out_cb.wait() as block:\n    ttl.copy(block, out[y * 4 + x, column]).wait()",
        call="out = np.zeros((256, 256), np.float32)\nk(a, out)",
    )
    out = execute(tmp_path / "script.py", text)["out"]
    for x in range(4):
        for y in range(2):
            names = {"x": x, "y": y}
            exec(body, names)
            assert [names["column"]] == list(np.nonzero(out[(y * 4 + x) * 32, ::32])[0])
