# SPDX-License-Identifier: Apache-2.0
"""Whole kernels made at random, on the simulator with its sanitizer, against NumPy in float64.

What is made and how far results may be off: `tests.end_to_end.generated_kernels`. The stored kernels run first.
TTLANG_FUZZ is the number of cases (100), TTLANG_FUZZ_SEED the seed of another sequence of them.
"""

import json
import os
from dataclasses import asdict
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from tests.end_to_end.generated_kernels import Case, evaluate, from_record, make_case
from tests.frontend.programs import execute

CASES = int(os.environ.get("TTLANG_FUZZ", "100"))
SEED = int(os.environ.get("TTLANG_FUZZ_SEED", "0"))
BATCH = 25
STORED = json.loads(Path(__file__).with_name("generated_kernels.json").read_text())
"""Kernels that a compiler or this reference once got wrong, and one of each form: name to `dataclasses.asdict` of a case."""

_files = count()


@st.composite
def cases(draw: st.DrawFn) -> Case:
    return make_case(lambda choices: choices[draw(st.integers(0, len(choices) - 1))])


def run(case: Case, path: Path) -> list[np.ndarray]:
    """What the simulator computes."""
    results = case.result_arrays()
    kernel = execute(path / f"kernel{next(_files)}.py", case.source)["k"]
    arguments = [*case.arrays(), *results]
    kernel.compile(*arguments).run(*arguments, time=False, sanitize=True)
    return results


def mismatches(case: Case, results: list[np.ndarray]) -> list[str]:
    """What is off by more than twice the bound of its error."""
    found = []
    height, width = (32 * size for size in case.inputs[0].shape)
    for n, (result, expected) in enumerate(zip(results, case.expected(), strict=True)):
        actual = result.astype(np.float64).reshape(-1, height, width)
        exact, error = np.broadcast_arrays(expected.exact, expected.error)
        assert actual.shape == exact.shape
        bad = ~(np.abs(actual - exact) <= 2 * error + 1e-6 * (expected.dtype != "int32"))
        if bad.any():
            place = tuple(int(i) for i in np.argwhere(bad)[0])
            found.append(
                f"out{n}{list(place)}: {actual[place]} instead of {exact[place]} +- {2 * error[place]}; {bad.sum()} of {bad.size} are off"
            )
    return found


def check(case: Case, path: Path) -> None:
    wrong = mismatches(case, run(case, path))
    assert not wrong, "\n".join([*wrong, json.dumps(asdict(case)), case.source])


@pytest.mark.parametrize("name", STORED)
def test_stored_kernel(name: str, tmp_path: Path) -> None:
    check(from_record(STORED[name]), tmp_path)


@pytest.mark.parametrize("batch", range(-(-CASES // BATCH)))
def test_random_kernels(batch: int, tmp_path: Path) -> None:
    @seed(SEED * 1_000_000 + batch)
    @settings(
        max_examples=min(BATCH, CASES - batch * BATCH),
        database=None,
        phases=[Phase.generate],  # cases are small, and to shrink one takes minutes
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(cases())
    def agrees(case: Case) -> None:
        check(case, tmp_path)

    agrees()


WRONG = {
    "another function": ("m.exp(a)", "m.sigmoid(a)"),
    "operands exchanged": ("(a - b)", "(b - a)"),
    "another dimension": ("(a + m.reduce_sum(b, dims=[0]))", "(a + m.reduce_sum(b, dims=[1]))"),
    "transposition left out": ("(a @ b.T)", "(a @ b)"),
    "comparison reversed": ("m.where(a > b, a, b + 1)", "m.where(a < b, a, b + 1)"),
    "scalar": ("(a * 3)", "(a * 2)"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_results_are_found(name: str) -> None:
    """The bound of errors is tight enough: the result of another expression is off, and the right one is not."""
    written, compiled = WRONG[name]
    record = {**STORED["each"], "expressions": [written], "outputs": ["bfloat16"]}
    case = from_record(record)
    other = evaluate(compiled, case.names())
    results = case.result_arrays()
    results[0][...] = other.exact.reshape(results[0].shape)
    assert mismatches(case, results)
    results[0][...] = evaluate(written, case.names()).exact.reshape(results[0].shape)
    assert not mismatches(case, results)
