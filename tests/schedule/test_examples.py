# SPDX-License-Identifier: Apache-2.0
"""All steps on whole kernels: what cannot be done is left out, values stay as they are."""

import importlib.util
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

import ttlang as ttl

from .scheduled_kernels import assert_same, ran

EXAMPLES = Path(__file__).parents[2] / "examples"
BF16 = ml_dtypes.bfloat16


def example(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def normal(*shape):
    return np.random.default_rng(0).standard_normal(shape, np.float32).astype(BF16)


def eltwise_add():
    a = normal(256, 128)
    return example("eltwise_add").eltwise_add, (a, a + 1, np.zeros_like(a))


def matmul():
    a = normal(256, 256)
    return example("matmul").make_matmul((2, 2)), (a, a + 1, np.zeros((256, 256), np.float32))


@pytest.mark.parametrize(
    ("make", "most"), [(eltwise_add, 0.9), (matmul, 1.01)], ids=["eltwise_add", "matmul"]
)
@pytest.mark.parametrize("strategy", ["aggressive", "conservative"])
def test_all_steps(make, most, strategy):
    """Sums are bound by transfers and get faster; the products are bound by compute and stay within 1 %."""
    kernel, arguments = make()
    schedule = ttl.schedule(kernel, failures="suppress").schedule_pipeline(strategy)
    schedule = schedule.insert_prefetch().optimize_buffer_factor()
    assert "insert_prefetch" not in dict(schedule.compile(*arguments).skipped_steps)
    assert_same(kernel, schedule, *arguments)
    assert ran(schedule, *arguments) < most * ran(kernel, *arguments)


def test_attention():
    """A kernel whose state goes round in buffers, on all cores; its last argument is a constant."""
    module = example("flash_attention")
    q, side = normal(2, 256, 64), 32 * module.BLOCK
    mask = np.where(np.tri(side, dtype=bool), 0, module.NEVER).astype(BF16)
    schedule = ttl.schedule(module.attention, failures="suppress").optimize_buffer_factor()
    schedule = schedule.schedule_pipeline("aggressive").insert_prefetch()
    out, expected = np.zeros_like(q), np.zeros_like(q)
    module.attention(q, q + 1, q - 1, mask, expected, True)
    schedule(q, q + 1, q - 1, mask, out, True)
    assert (out == expected).all()


@pytest.mark.parametrize("make", [eltwise_add, matmul], ids=lambda make: make.__name__)
def test_turns_joined_before(make):
    """Groups of blocks in flight, between threads that go on to take single blocks."""
    kernel, arguments = make()
    schedule = ttl.schedule(kernel, failures="suppress").optimize_buffer_factor(4).coalesce_dma()
    assert_same(kernel, schedule.schedule_pipeline().insert_prefetch().optimize_buffer_factor(), *arguments)
