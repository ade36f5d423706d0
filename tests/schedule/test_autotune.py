# SPDX-License-Identifier: Apache-2.0
"""`ttl.autotune`: which points are run, which of them is the best, and what is kept of the others."""

import json
import subprocess
import sys

import numpy as np
import pytest

import ttlang as ttl
from ttlang.schedule.tuning import Trial, Tuning

from .block_loops import elementwise


@ttl.kernel(grid=(1, 1))
def scaled(x, out, block, factor):
    """Blocks of `block` rows; with other blocks than these, the body refuses."""
    rows = x.tile_shape[0]
    assert rows % block == 0, f"{rows} rows are no blocks of {block}"
    x_cb, out_cb = (ttl.make_circular_buffer_like(t, shape=(block, 1)) for t in (x, out))

    @ttl.compute()
    def compute():
        for _ in range(rows // block):
            with x_cb.wait() as a, out_cb.reserve() as b:
                b.store(a * factor)

    @ttl.datamovement()
    def read():
        for i in range(0, rows, block):
            with x_cb.reserve() as a:
                ttl.copy(x[i : i + block, 0], a)

    @ttl.datamovement()
    def write():
        for i in range(0, rows, block):
            with out_cb.wait() as b:
                ttl.copy(b, out[i : i + block, 0])


def column():
    x = np.arange(256 * 32, dtype=np.float32).reshape(256, 32)
    return x, np.zeros_like(x)


def test_constants_of_the_kernel():
    x, out = column()
    tuned = ttl.autotune(scaled, (x, out, 1, 2.0), {"block": [1, 2, 3, 8]})
    assert [t.choices for t in tuned.trials] == [{"block": b} for b in (1, 2, 3, 8)]
    assert tuned.trials[0].cycles == tuned.untuned_cycles
    assert tuned.trials[2].reason == "assertion: 8 rows are no blocks of 3"
    assert tuned.cycles == min(t.cycles for t in tuned.trials if t.feasible) < tuned.untuned_cycles
    assert not out.any(), "the tensors of the caller are not written"
    assert tuned.arguments[2:] == (tuned.best["block"], 2.0)
    assert tuned.kernel(*tuned.arguments).cycles == tuned.cycles
    assert (out == 2 * x).all()


def test_schedules():
    x = np.ones((256, 256), np.float32)
    space = {"height": [1, 2, 3], "width": [1, 4]}
    kernel = elementwise(lambda a: a + 1.0)
    tuned = ttl.autotune(
        kernel, (x, np.zeros_like(x)), space, schedule=lambda s, height, width: s.tile(height, width)
    )
    assert len(tuned.trials) == 6
    refused = [t for t in tuned.trials if not t.feasible]
    assert [t.choices["height"] for t in refused] == [3, 3]
    assert refused[0].reason == (
        "schedule step tile(sizes=(3, 1)): the loop of thread 'compute' turns 8 times, which blocks 3 times as long do not"
        " divide"
    )
    assert tuned.cycles < 0.8 * tuned.untuned_cycles
    assert f"sizes = array<i64: {tuned.best['height']}, {tuned.best['width']}>" in str(tuned.kernel)


def test_a_schedule_that_changes_values_is_never_the_best():
    x, out = column()
    tuned = ttl.autotune(scaled, (x, out, 1, 2.0), {"block": [1], "factor": [2.0, 2.001, 3.0]})
    wrong = tuned.trials[2]
    assert wrong.cycles is not None
    assert wrong.reason == "values change: 'out' differs by 0.5 of its largest magnitude, more than 0.004"
    assert tuned.best == {"block": 1, "factor": 2.0}
    exact = ttl.autotune(scaled, (x, out, 1, 2.0), {"factor": [2.001, 2.0]}, tolerance=0.0)
    assert [t.feasible for t in exact.trials] == [False, True]


def test_objective():
    x, out = column()
    tuned = ttl.autotune(
        scaled,
        (x, out, 1, 2.0),
        {"block": [8, 1, 4]},
        objective=lambda report: report.result.bytes_read - report.cycles,
    )
    slowest = max(tuned.trials, key=lambda t: t.cycles)
    assert tuned.best_trial is slowest
    assert slowest.value == 256 * 32 * 4 - slowest.cycles


def test_the_same_tensor_twice_stays_one():
    """A kernel that refuses to write what it reads does so here."""
    x, _ = column()
    with pytest.raises(
        ttl.CompileError, match="argument 'out' of 'scaled' is written to and shares memory with 'x'"
    ):
        ttl.autotune(scaled, (x, x, 1, 2.0), {"block": [1]})


def test_report():
    x, out = column()
    tuned = ttl.autotune(scaled, (x, out, 1, 2.0), {"block": [1, 3, 8]})
    data = json.loads(json.dumps(tuned.to_dict()))
    assert data["kernel"] == "scaled"
    assert data["best"]["choices"] == tuned.best
    assert [t["cycles"] is None for t in data["trials"]] == [False, True, False]
    lines = str(tuned).splitlines()
    assert lines[0].strip() == f"scaled: {tuned.untuned_cycles:,} cycles untuned, {tuned.cycles:,} at best"
    assert lines[2].split() == ["block", "cycles", "of", "untuned"]
    assert lines[4].split()[0] == str(tuned.best["block"]) and lines[4].split()[-1] == "best"
    assert "assertion: 8 rows are no blocks of 3" in str(tuned)


def test_a_long_table_is_cut():
    trials = tuple(Trial(i, {"block": i}, 100 + i, 100.0 + i) for i in range(22))
    text = str(Tuning(scaled, (), trials[0], 200, trials))
    assert "and 2 more in .trials" in text
    assert " 119 " in text and " 120 " not in text


# Searches of a part


def searched(seed, trials=6):
    x, out = column()
    space = {"block": [1, 2, 4, 8], "factor": [2.0, 2.0001, 2.0002]}
    return ttl.autotune(scaled, (x, out, 1, 2.0), space, trials=trials, seed=seed)


def test_search_repeats_with_its_seed():
    pytest.importorskip("optuna", reason="optuna is not installed: pip install 'ttlang[tune]'")
    first, second, other = (searched(seed) for seed in (1, 1, 2))
    assert first.to_dict() == second.to_dict()
    points = [tuple(t.choices.values()) for t in first.trials]
    assert len(set(points)) == len(points) == 6
    assert points != [tuple(t.choices.values()) for t in other.trials]


def test_search_comes_to_all_but_one():
    pytest.importorskip("optuna", reason="optuna is not installed: pip install 'ttlang[tune]'")
    tuned = searched(0, trials=11)
    assert len({tuple(t.choices.values()) for t in tuned.trials}) == 11


def test_as_many_trials_as_points_need_no_search(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert len(searched(0, trials=12).trials) == 12


def test_without_optuna(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ttl.TTLangError) as caught:
        searched(0)
    assert str(caught.value) == (
        "error: 6 trials of 12 points need the package optuna\n"
        "  help: pip install 'ttlang[tune]', or leave out trials to run all points"
    )


# Misuse


def wants_more(s, block, depth):
    return s


MISUSE = [
    (dict(kernel=abs), "ttl.autotune takes a kernel, got builtin_function_or_method"),
    (dict(space={"depth": [1]}), "'depth' is no parameter of kernel 'scaled', and no schedule is given"),
    (
        dict(space={"depth": [1]}, schedule=lambda s: s),
        "'depth' is no parameter of kernel 'scaled', and schedule takes no such parameter",
    ),
    (
        dict(space={"out": [1]}),
        "argument 'out' of kernel 'scaled' is a tensor: only compile-time constants have choices",
    ),
    (dict(space={"block": []}), "the choices of 'block' must be a sequence that is not empty, got []"),
    (dict(space={"block": "12"}), "the choices of 'block' must be a sequence that is not empty, got '12'"),
    (dict(schedule=wants_more), "schedule takes 'depth', which has no choices"),
    (dict(trials=0), "trials must be an integer of at least 1, got 0"),
    (dict(objective="bytes"), "objective must be 'cycles' or a function of the report, got 'bytes'"),
    (dict(schedule=lambda s, block: None), "schedule must return the schedule that it made, got NoneType"),
    (dict(schedule=lambda: None), "schedule must take a schedule as its first parameter, but takes none"),
    (dict(schedule=3), "schedule must be a function of a schedule, got int"),
    (dict(args=5), "args must be a tuple or list of the kernel's arguments, got int"),
    (dict(space=["block"]), "space must be a dict of names and their choices, got list"),
    (dict(seed="a"), "seed must be an integer from 0 to 4294967295, got 'a'"),
    (dict(seed=-1), "seed must be an integer from 0 to 4294967295, got -1"),
    (dict(tolerance="a"), "tolerance must be a number of at least 0, got 'a'"),
    (dict(objective=lambda report: "few"), "objective must return a number, got 'few'"),
    (dict(objective=lambda report: float("nan")), "objective must return a number, got nan"),
]


@pytest.mark.parametrize("changes, message", MISUSE, ids=[message for _, message in MISUSE])
def test_misuse(changes, message):
    x, out = column()
    call = {"kernel": scaled, "args": (x, out, 1, 2.0), "space": {"block": [1]}, **changes}
    with pytest.raises(ttl.CompileError) as caught:
        ttl.autotune(**call)
    assert caught.value.message == message
    assert caught.value.location is not None and caught.value.location.file == __file__


def test_no_point_can_be_run():
    x, out = column()
    with pytest.raises(ttl.TTLangError) as caught:
        ttl.autotune(scaled, (x, out, 1, 2.0), {"block": [3, 5]})
    assert str(caught.value) == (
        "error: none of the 2 points of 'scaled' can be run\n"
        "  {'block': 3}: assertion: 8 rows are no blocks of 3\n"
        "  {'block': 5}: assertion: 8 rows are no blocks of 5"
    )


def test_nothing_runs(monkeypatch):
    x, out = column()
    monkeypatch.setenv("TTLANG_COMPILE_ONLY", "1")
    with pytest.raises(
        ttl.TTLangError,
        match=r"^error: ttl\.autotune measures runs, and nothing runs with TTLANG_COMPILE_ONLY$",
    ):
        ttl.autotune(scaled, (x, out, 1, 2.0), {"block": [1]})


def test_the_search_is_loaded_when_it_is_asked_for():
    code = (
        "import sys\nimport ttlang as ttl\nbefore = 'ttlang.schedule.autotune' in sys.modules\nttl.autotune\n"
        "print(before, [name for name in ('optuna', 'rich', 'xdsl') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "False []\n"
