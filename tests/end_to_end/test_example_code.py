# SPDX-License-Identifier: Apache-2.0
"""The C++ of the examples is what one would write by hand: few buffers, full sections, inits outside of loops."""

import importlib.util
import re
from pathlib import Path

import ml_dtypes
import numpy as np

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
BF16 = ml_dtypes.bfloat16


def example(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def zeros(*shape):
    return np.zeros(shape, BF16)


def intermediates(compiled, own):
    """Buffers that the compiler made, by their number of pages."""
    return sorted(b.pages for b in compiled.image.buffers if b.name not in own)


def section(source, call):
    """The section of the registers, from acquire to release, that holds a call."""
    return next(
        s for s in re.findall(r"tile_regs_acquire.*?tile_regs_release", source, re.DOTALL) if call in s
    )


def test_softmax():
    """Three passes over a row, each with one init; the maximum, the exponentials and the sum are buffered."""
    compiled = example("softmax").softmax.compile(zeros(64, 1024), zeros(64, 1024))
    assert intermediates(compiled, ("x_cb", "out_cb")) == [
        1,
        1,
        32,
    ]  # ones; maximum and sum share one; exponentials
    source = compiled.kernels["normalise"]
    for call in ("sub_bcast_cols_init", "mul_bcast_cols_init", "exp_tile_init", "recip_tile_init"):
        assert source.count(call) == 1
    assert "init" not in section(source, "sub_tiles_bcast_cols")
    assert "init" not in section(source, "mul_tiles_bcast_cols")
    assert "recip_tile" in section(source, "ReduceDim::REDUCE_ROW>(cb_e"), "the sum is inverted where it is"


def test_layernorm():
    """What one instruction reads is computed just before its use: two tiles a section in four 32-bit registers."""
    rows = zeros(64, 1024)
    compiled = example("layernorm").layernorm.compile(rows, zeros(1, 1024), zeros(1, 1024), rows.copy())
    own = ("x_cb", "gamma_cb", "beta_cb", "out_cb")
    assert intermediates(compiled, own) == [1, 1, 32, 32]  # ones, statistics, deviations, their squares
    last = section(compiled.kernels["normalise"], "gamma_cb")
    assert "pack_block(0, out_cb, 2)" in last
    order = [
        "mul_tiles_bcast_cols(",
        "(gamma_cb, sub",
        "mul_binary_tile(",
        "(beta_cb, sub",
        "add_binary_tile(",
    ]
    assert [last.index(call) for call in order] == sorted(last.index(call) for call in order)


def test_flash_attention():
    """Scores, their maximum, probabilities and the correction are the only values between the loops."""
    heads = zeros(4, 256, 64)
    module = example("flash_attention")
    compiled = module.attention.compile(heads, heads, heads, zeros(128, 128), heads.copy(), False)
    own = ("q_cb", "k_cb", "v_cb", "out_cb", "mask_cb", "maximum_cb", "sum_cb", "acc_cb")
    assert intermediates(compiled, own) == [
        1,
        4,
        4,
        8,
        16,
        16,
    ]  # ones, maximum, correction, queries, scores, p
    source = compiled.kernels["compute"]
    assert "init" not in section(source, "sub_tiles_bcast_cols")
    assert "unary_bcast" not in source, "columns are repeated while they are read"


def test_gelu_mlp():
    """Operands come by one multicast each, and the bias and the activation are one section over the sum."""
    module = example("gelu_mlp")
    compiled = module.linear.compile(zeros(256, 256), zeros(256, 512), zeros(1, 512), zeros(256, 512), "gelu")
    assert intermediates(compiled, ("x_cb", "weight_cb", "bias_cb", "sum_cb", "out_cb")) == []
    for thread in ("share_x", "share_weight_write_out"):
        assert compiled.kernels[thread].count("noc_async_write_multicast(") == 1
        assert compiled.kernels[thread].count("noc_semaphore_wait(") == 1
    epilogue = section(compiled.kernels["compute"], "gelu_tile<")
    assert "add_" in epilogue and "bias_cb" in epilogue


def test_stencil():
    """224 pipes of 64 cores are eight pieces of code."""
    module = example("stencil")
    side = 64
    constants = (zeros(side, side), zeros(32, side), zeros(32, side))
    compiled = module.jacobi.compile(zeros(512, 512), *constants, zeros(512, 512), 2)
    for thread in ("along_columns", "along_rows"):
        source = compiled.kernels[thread]
        assert source.count("noc_async_write(") == 2
        assert len(source.splitlines()) < 250
