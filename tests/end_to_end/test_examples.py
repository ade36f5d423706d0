# SPDX-License-Identifier: Apache-2.0
"""The examples, at sizes that take a second or two: values within their stated tolerance, on both chips.

Each example has `main(argv)`, which runs its kernels, prints their reports and raises when a result is wrong. Those
that exchange data between cores run under random schedules too: TTLANG_FUZZ is the number of seeds.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ttlang.runtime import settings

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

RUNS = {
    # example: its arguments, and the titles of its reports
    "all_to_all": (["--size", "64", "--cores", "4"], ["all-to-all, 4 cores, blocks of 32x64 bfloat16"]),
    "autotune": (["256"], ["tuned scaled_add 256x256 bfloat16"]),
    "distributed_matmul": (
        ["--size", "128", "--cores", "2"],
        [
            f"{what} 128x128 bfloat16, 2x2 cores"
            for what in ("distributed matmul", "squares to rows", "softmax")
        ],
    ),
    "eltwise_add": (["512"], ["eltwise_add 512x512 bfloat16"]),
    "embedding_gather": (
        ["--tokens", "256", "--vocabulary", "512", "--size", "64"],
        ["embedding of 256 tokens, table 512x64 bfloat16"],
    ),
    "flash_attention": (["--size", "256", "--heads", "4"], ["attention 4x256x64 bfloat16, full"]),
    "flash_attention causal": (
        ["--size", "512", "--heads", "2", "--causal"],
        ["attention 2x512x64 bfloat16, causal"],
    ),
    "gelu_mlp": (
        ["--tokens", "256", "--size", "256", "--hidden", "512"],
        ["gelu MLP 256x256x512 bfloat16, first layer", "gelu MLP 256x256x512 bfloat16, second layer"],
    ),
    "layernorm": (["--rows", "128", "--size", "256"], ["layernorm 128x256 bfloat16"]),
    "matmul": (
        ["256"],
        ["matmul 256x256x256 bfloat16, 1x1 cores", "matmul 256x256x256 bfloat16, 4x4 cores"],
    ),
    "multicast_matmul": (
        ["--size", "256", "--block-k", "2"],
        [f"matmul 256x256x256 bfloat16, {how}" for how in ("plain", "with_semaphores", "with_pipes")],
    ),
    "pipeline_parallel": (
        ["--tokens", "256", "--size", "64", "--hidden", "128", "--rows", "2"],
        ["MLP 256x64x128 bfloat16, 2 rows of two stages"],
    ),
    "reduction_tree": (
        ["--rows", "512", "--size", "64", "--cores", "8"],
        ["sums of columns 512x64 bfloat16, tree of 8 cores"],
    ),
    "ring_all_gather": (["--size", "64", "--cores", "5"], ["ring all-gather, 5 cores, 32x64 bfloat16 each"]),
    "rmsnorm": (["--rows", "128", "--size", "256"], ["rmsnorm 128x256 bfloat16"]),
    "rmsnorm float32": (
        ["--rows", "64", "--size", "256", "--dtype", "float32"],
        ["rmsnorm 64x256 float32"],
    ),
    "softmax": (["--rows", "128", "--size", "256"], ["softmax 128x256 bfloat16"]),
    "stencil": (["--size", "256", "--steps", "2"], ["Jacobi 256x256 bfloat16, 2 steps"]),
    "transpose": (["--rows", "384", "--size", "256"], ["transpose 384x256 bfloat16"]),
}

BETWEEN_CORES = (
    "all_to_all",
    "distributed_matmul",
    "gelu_mlp",
    "multicast_matmul",
    "pipeline_parallel",
    "reduction_tree",
    "ring_all_gather",
    "stencil",
)
SEEDS = range(1, 1 + int(os.environ.get("TTLANG_FUZZ", "2")))


def run(name: str) -> None:
    script = name.split()[0]
    spec = importlib.util.spec_from_file_location(script, EXAMPLES / f"{script}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    code = module.main(RUNS[name][0])
    assert code == 0


def test_every_example_is_run():
    assert {name.split()[0] for name in RUNS} == {path.stem for path in EXAMPLES.glob("*.py")}


@pytest.mark.parametrize("chip", ["wormhole_b0", "blackhole"])
@pytest.mark.parametrize("name", RUNS)
def test_example(name, chip, capsys, monkeypatch):
    monkeypatch.setenv("TTLANG_CHIP", chip)
    run(name)
    printed = capsys.readouterr()
    titles = RUNS[name][1]
    for title in titles:
        assert title in printed.out
    assert printed.out.count(f"cores of {chip}") == len(titles)
    for label in ("error", "simulated", "bound by"):
        assert printed.out.count(f"\n  {label} ") == len(titles)


@pytest.mark.parametrize("name", BETWEEN_CORES)
def test_random_schedules(name, capsys):
    """Values are right, without deadlock or race, however processors and packets are delayed."""
    settings_before = settings.current()
    try:
        for seed in SEEDS:
            settings.override(schedule=f"random:{seed}")
            run(name)
            assert capsys.readouterr().out.count("\n  error ") == len(RUNS[name][1])
    finally:
        settings.override(schedule=settings_before.schedule)


def test_as_a_script():
    """As users run one: `python examples/softmax.py`."""
    command = [sys.executable, str(EXAMPLES / "softmax.py"), "--rows", "64", "--size", "128"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    assert "softmax 64x128 bfloat16" in result.stdout
