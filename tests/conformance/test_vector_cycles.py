# SPDX-License-Identifier: Apache-2.0
"""The table of the vector unit's cycles against what the RISC-V compiler makes of the library: a few functions counted anew."""

import csv
import importlib.util
import os
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"
FUNCTIONS = ("abs", "exp", "max", "where", "typecast_float32_to_int32", "reduce_sum_row")


@pytest.fixture(scope="module")
def counting():
    if os.environ.get("MODE") != "sfpi":
        pytest.skip("MODE is not sfpi: the RISC-V compiler runs only when asked for (README.md)")
    sys.path.insert(0, str(BENCH))
    try:
        spec = importlib.util.spec_from_file_location("sfpu_instructions", BENCH / "sfpu_instructions.py")
        module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(BENCH))
    return module


def test_table_is_what_the_compiler_makes(counting):
    try:
        toolchain = counting.Toolchain.find()
    except counting.MissingCompiler as missing:
        pytest.skip(str(missing))
    counted = counting.measure(toolchain, FUNCTIONS)
    with counting.TABLE.open(encoding="utf-8", newline="") as file:
        table = {row["function"]: row for row in csv.DictReader(file)}
    assert set(counted) == set(FUNCTIONS)
    for name, counts in counted.items():
        assert {column: str(count.cycles) for column, count in counts.items()} == {
            column: table[name][column] for column in counting.COLUMNS[1:]
        }, name
