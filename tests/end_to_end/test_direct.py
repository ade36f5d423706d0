# SPDX-License-Identifier: Apache-2.0
"""`backend="direct"`: no TTKernel stage, and the same C++ byte for byte."""

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.end_to_end.kernels import elementwise_kernel, matmul_kernel

import ttlang as ttl
from ttlang.language.kernel import Kernel

EXAMPLES = sorted((Path(__file__).resolve().parents[2] / "examples").glob("*.py"))


def same_both_ways(kernel, arguments):
    usual, direct = kernel.compile(*arguments), kernel.compile(*arguments, backend="direct")
    assert direct.kernels == usual.kernels
    assert direct.image == usual.image
    assert "ttkernel" in usual.asm and "ttkernel" not in direct.asm
    assert direct.asm["emitc"] == usual.asm["emitc"]


@pytest.mark.parametrize("version", ["0.81", "0.69"])
@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
@pytest.mark.parametrize(
    "function",
    [lambda a, b: a + b, lambda a, b: ttl.math.exp(a) * b - a, lambda a, b: ttl.math.relu(a - b)],
    ids=["add", "exp", "relu"],
)
def test_elementwise(function, dtype, version):
    kernel = elementwise_kernel(function, block=(2, 2), grid=(2, 1))
    kernel._config["metal_version"] = version
    tensors = [ttl.tensor(np.zeros((128, 128), np.float32), dtype=dtype) for _ in range(3)]
    same_both_ways(kernel, tensors)


def test_matmul():
    same_both_ways(matmul_kernel(), [np.zeros((128, 128), np.float32) for _ in range(3)])


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda path: path.stem)
def test_examples(script, monkeypatch):
    compared = []

    def compare(kernel, *arguments, **options):
        same_both_ways(kernel, arguments)
        compared.append(kernel.name)
        return kernel.compile(*arguments).run(*arguments, **options)

    monkeypatch.setattr(Kernel, "__call__", compare)
    monkeypatch.setenv("TTLANG_COMPILE_ONLY", "1")
    monkeypatch.setattr(sys, "argv", [str(script)])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(script), run_name="__main__")
    assert not stop.value.code and compared


def test_direct_kernels_run():
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal((64, 64), np.float32) for _ in range(2))
    out = np.zeros_like(a)
    report = elementwise_kernel(lambda a, b: a + b)(a, b, out, backend="direct")
    assert report.cycles
    np.testing.assert_allclose(out, a + b, rtol=1e-2, atol=1e-2)


def test_unknown_backends_are_refused():
    kernel = elementwise_kernel(lambda a, b: a + b)
    arrays = [np.zeros((32, 32), np.float32) for _ in range(3)]
    with pytest.raises(ttl.CompileError, match="no backend 'gpu'; there are simulator, ttnn, direct"):
        kernel.compile(*arrays, backend="gpu")
    with pytest.raises(ttl.CompileError, match="no backend 'gpu'"):
        kernel.compile(*arrays).run(*arrays, backend="gpu")
