# SPDX-License-Identifier: Apache-2.0
"""Results come from the emitted C++ and from nowhere else."""

from dataclasses import replace

import ml_dtypes
import numpy as np
import pytest
from tests.end_to_end.kernels import elementwise_kernel, matmul_kernel

import ttlang as ttl
from ttlang.runtime import CompiledKernel
from ttlang.simulator import KernelCompileError


def edited(compiled, old, new):
    """The same program with a piece of its C++ replaced, in the kernels that have it."""
    assert any(old in kernel.source for kernel in compiled.image.kernels)
    kernels = tuple(replace(k, source=k.source.replace(old, new)) for k in compiled.image.kernels)
    return CompiledKernel(replace(compiled.image, kernels=kernels), None, {})


def bf16(rng, *shape):
    return rng.standard_normal(shape, np.float32).astype(ml_dtypes.bfloat16)


def test_another_instruction_in_the_cpp_gives_another_result(rng):
    a, b = bf16(rng, 64, 64), bf16(rng, 64, 64)
    out = np.zeros_like(a)
    compiled = elementwise_kernel(lambda x, y: x + y).compile(a, b, out)
    compiled.run(a, b, out)
    expected = a.astype(np.float32) + b.astype(np.float32)
    np.testing.assert_allclose(out.astype(np.float32), expected, rtol=2**-7, atol=2**-7)

    edited(compiled, "add_", "sub_").run(a, b, out)
    difference = a.astype(np.float32) - b.astype(np.float32)
    np.testing.assert_allclose(out.astype(np.float32), difference, rtol=2**-7, atol=2**-7)


def test_another_tile_index_in_the_cpp_gives_another_result(rng):
    a, b = bf16(rng, 64, 64), bf16(rng, 64, 64)
    out = np.zeros_like(a)
    compiled = elementwise_kernel(lambda x, y: x + y).compile(a, b, out)
    swapped = edited(compiled, "noc_async_write_page(", "noc_async_write_page(3 ^ ")
    swapped.run(a, b, out)
    expected = a.astype(np.float32) + b.astype(np.float32)
    np.testing.assert_allclose(out[:32, :32].astype(np.float32), expected[32:, 32:], rtol=2**-7, atol=2**-7)
    np.testing.assert_allclose(out[32:, 32:].astype(np.float32), expected[:32, :32], rtol=2**-7, atol=2**-7)


def test_a_shorter_loop_in_the_cpp_of_a_product_loses_terms(rng):
    a, b = bf16(rng, 64, 128), bf16(rng, 128, 64)
    out = np.zeros((64, 64), np.float32)
    kernel = matmul_kernel(block=(1, 4, 1))
    compiled = kernel.compile(a, b, out)
    compiled.run(a, b, out)
    expected = a.astype(np.float32) @ b.astype(np.float32)
    assert np.linalg.norm(out - expected) <= 1e-3 * np.linalg.norm(expected)

    edited(compiled, "k < 4", "k < 3").run(a, b, out)
    partial = a[:, :96].astype(np.float32) @ b[:96].astype(np.float32)
    assert np.linalg.norm(out - partial) <= 1e-3 * np.linalg.norm(partial)


def test_cpp_that_does_not_compile_is_an_error_that_names_the_file(rng):
    a, b = bf16(rng, 32, 32), bf16(rng, 32, 32)
    out = np.full_like(a, 7)
    compiled = elementwise_kernel(lambda x, y: x + y).compile(a, b, out)
    with pytest.raises(KernelCompileError, match=r"compute\.cpp"):
        edited(compiled, "tile_regs_acquire();", "tile_regs_acquire(nonsense);").run(a, b, out)
    assert (out == 7).all()


def test_missing_barrier_in_the_cpp_is_visible(rng):
    a, b = bf16(rng, 128, 128), bf16(rng, 128, 128)
    out = np.zeros_like(a)
    compiled = elementwise_kernel(lambda x, y: x + y).compile(a, b, out)
    broken = edited(compiled, "noc_async_read_barrier();", "")
    expected = a.astype(np.float32) + b.astype(np.float32)
    try:
        broken.run(a, b, out)
    except ttl.TTLangError:
        return  # the sanitizer names it
    assert not np.allclose(out.astype(np.float32), expected, rtol=2**-6, atol=2**-6)
