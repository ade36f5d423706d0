# SPDX-License-Identifier: Apache-2.0
"""`backend="direct"`: no TTKernel op is ever made, and the C++ is the same byte for byte.

`python -O -m pytest --assert=plain -p tests.end_to_end.both_ways tests/end_to_end` compares the kernels of all tests.
"""

import runpy
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from bench.language_kernels import KERNELS
from tests.end_to_end.kernels import elementwise_kernel, matmul_kernel

import ttlang as ttl
from ttlang.dialects.ttkernel import TTKernelOp
from ttlang.frontend.program import ProgramBuilder
from ttlang.language.kernel import METAL_VERSIONS, Kernel
from ttlang.pipelines import DIRECT, Observer, compile_module, ir_text

NEEDS_RUNS = "autotune"
"""The example that measures runs: there is nothing to it when kernels are only compiled."""
EXAMPLES = sorted(
    path
    for path in (Path(__file__).resolve().parents[2] / "examples").glob("*.py")
    if path.stem != NEEDS_RUNS
)


@contextmanager
def no_ttkernel_ops():
    """Inside, making an op of the TTKernel dialect is an error."""

    def refuse(op):
        raise AssertionError(f"{op.name} was made")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TTKernelOp, "__post_init__", refuse)
        yield


def same_both_ways(kernel, arguments):
    """Compiles both ways and compares the C++, the line maps, and all else that leaves the compiler."""
    usual = kernel.compile(*arguments)
    with no_ttkernel_ops():
        direct = kernel.compile(*arguments, backend="direct")
    assert direct.kernels == usual.kernels
    assert [k.line_map for k in direct.image.kernels] == [k.line_map for k in usual.image.kernels]
    assert direct.image == usual.image
    assert "ttkernel" in usual.asm and "ttkernel" not in direct.asm
    for stage in ("ttl", "ttmetal", "emitc"):
        assert direct.asm[stage] == usual.asm[stage]


@dataclass
class Texts(Observer):
    """Keeps the text of the module after each pass."""

    after: dict[str, str] = field(default_factory=dict)

    def ran(self, name, module, seconds):
        super().ran(name, module, seconds)
        self.after[name] = ir_text(module)


def test_no_stage_names_ttkernel():
    kernel, arguments, _ = KERNELS["mcast"]()
    texts = Texts(verify_each=True)
    with no_ttkernel_ops():
        compile_module(ProgramBuilder(kernel.trace(arguments)).build(), "0.81", texts, direct=True)
    assert set(DIRECT) <= texts.after.keys()
    for name, text in texts.after.items():
        assert "ttkernel" not in text, name
    assert "ttl.row" in texts.after["ttl-synchronization-to-emitc"]
    assert "ttl.row" not in texts.after["convert-arith-scf-to-emitc"]


def test_the_usual_way_makes_ttkernel_ops():
    """What `no_ttkernel_ops` refuses."""
    kernel, arguments, _ = KERNELS["add"]()
    module = ProgramBuilder(kernel.trace(arguments)).build()
    with no_ttkernel_ops(), pytest.raises(AssertionError, match=r"ttkernel\.\w+ was made"):
        compile_module(module, "0.81")


def test_the_stage_that_there_is_not_says_why():
    kernel, arguments, _ = KERNELS["add"]()
    asm = kernel.compile(*arguments, backend="direct").asm
    with pytest.raises(
        KeyError, match="'add' has no stage 'ttkernel': it was compiled with backend='direct'"
    ):
        asm["ttkernel"]


@pytest.mark.parametrize("chip", ["wormhole_b0", "blackhole"])
@pytest.mark.parametrize("version", METAL_VERSIONS)
@pytest.mark.parametrize("name", KERNELS)
def test_language_kernels(name, version, chip):
    kernel, arguments, _ = KERNELS[name]()
    kernel._config["metal_version"] = version
    kernel.arch = chip
    same_both_ways(kernel, arguments)


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
