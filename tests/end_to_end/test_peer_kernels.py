# SPDX-License-Identifier: Apache-2.0
"""Kernels that another project's compiler is measured with, read from the folder of the judges and run as they are."""

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import ttlang as ttl

TOOLS = Path(os.environ.get("TTLANG_TOOLS") or Path(__file__).resolve().parents[3] / "shared" / "tools")
KERNELS = TOOLS / "peer" / "kernels.py"
pytestmark = pytest.mark.skipif(
    not KERNELS.is_file(), reason="no peer/kernels.py in the folder that TTLANG_TOOLS names"
)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x, _):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


EXPECTED = {
    "add": lambda a, b: a + b,
    "fused": lambda x, y, w: sigmoid(x * y + w) * np.exp(x) - np.maximum(y, 0),
    "matmul": lambda a, b: np.maximum(a @ b, 0),
    "matmul_iadd": lambda a, b: a @ b,
    "reduce_sum": lambda a, s: a.sum(axis=1, keepdims=True),
    "reduce_max": lambda a, s: a.reshape(-1, 64, a.shape[1]).max(axis=1),
    "bcast": lambda a, b, c: a * b + c,
    "gather": lambda a: a[:32].reshape(32, -1, 32).sum(axis=1),
    "mcast": lambda a, b: np.tile(a, b.shape[1] // 32) + b,
    "gap_softmax_recip_of_reduce": softmax,
    "softmaxrow": softmax,
    "transpose": lambda a: a.T,
    "gap_typecast_of_sqrt": np.sqrt,
    "typecast": lambda a: a,
    "f32_fused": lambda a, b: np.maximum(np.tanh(a) / b, np.abs(a - b)),
    "gap_print_loop_var": np.exp,
}
"""What each computes of its inputs."""
SCALED = ("reduce_sum", "reduce_max", "softmaxrow", "gap_softmax_recip_of_reduce")
"""Kernels whose second input is the tile that reductions are scaled by."""
WHERE = {
    "reduce_sum": lambda out: out[:, :1],
    "reduce_max": lambda out: out[::32],
}
"""The part of the output that a reduction defines."""
TOLERANCE = 2e-2
"""Relative to the largest value: bfloat16 operands and results, sums of up to 128 products."""


@pytest.fixture(scope="module")
def kernels():
    """`kernels.py` with `ttl` for the language and a `ttnn` whose tensors are ours."""

    def tensor(shape, dtype="bfloat16", buffer="L1"):
        memory = ttl.DRAM if buffer == "DRAM" else ttl.L1
        return ttl.tensor(np.zeros(shape, np.float32), dtype, memory=memory)

    host = ModuleType("ttnn")
    vars(host).update(vars(SimpleNamespace(Tensor=tensor, bfloat16="bfloat16", float32="float32")))
    saved = {name: sys.modules.get(name) for name in ("ttl", "ttnn")}
    sys.modules |= {"ttl": ttl, "ttnn": host}
    try:
        spec = importlib.util.spec_from_file_location("peer_kernels", KERNELS)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        for name, known in saved.items():
            sys.modules.pop(name)
            if known is not None:
                sys.modules[name] = known
    return module.ALL


@pytest.mark.parametrize("name", EXPECTED)
def test_values(kernels, name):
    kernel, tensors = kernels[name](1)
    rng = np.random.default_rng(0)
    *inputs, out = tensors
    for position, tensor in enumerate(inputs):
        is_scaler = name in SCALED and position == 1
        tensor.numpy()[...] = 1.0 if is_scaler else rng.uniform(0.25, 1.0, tensor.shape)
    kernel(*inputs, out)
    expected = EXPECTED[name](*(tensor.numpy().astype(np.float64) for tensor in inputs))
    found = WHERE.get(name, lambda array: array)(out.numpy().astype(np.float64))
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= TOLERANCE * np.abs(expected).max()


def test_no_kernel_is_left_out(kernels):
    assert set(kernels) == set(EXPECTED)
