# SPDX-License-Identifier: Apache-2.0
"""Block floating point tensors of the host through kernels, and data types that differ between operands and results."""

import numpy as np
import pytest

import ttlang as ttl
from ttlang.simulator.block_formats import decode, encode

m = ttl.math
STEP = {"bfloat8_b": 2**-6, "bfloat4_b": 2**-2}
"""The largest distance of two neighbours, relative to the largest of 16 datums that share an exponent; twice for truncation."""


def through(function, tensors, out, block=(2, 3), turns=None):
    """Run out = function(a, b) on one core; with `turns`, blocks are accumulated."""

    @ttl.kernel(grid=(1, 1))
    def kernel(a, b, result):
        a_cb, b_cb, out_cb = (
            ttl.make_circular_buffer_like(t, shape=block, buffer_factor=2) for t in (a, b, result)
        )

        @ttl.compute()
        def compute():
            with out_cb.reserve() as o:
                if turns is None:
                    with a_cb.wait() as x, b_cb.wait() as y:
                        o.store(function(x, y))
                else:
                    for _ in range(turns):
                        with a_cb.wait() as x, b_cb.wait() as y:
                            o += function(x, y)

        @ttl.datamovement()
        def read():
            for i in range(turns or 1):
                with a_cb.reserve() as x, b_cb.reserve() as y:
                    ttl.copy(a[i * block[0] : (i + 1) * block[0], 0 : block[1]], x)
                    ttl.copy(b[i * block[0] : (i + 1) * block[0], 0 : block[1]], y)

        @ttl.datamovement()
        def write():
            with out_cb.wait() as o:
                ttl.copy(o, result)

    kernel(*tensors, out, time=False)
    return np.asarray(out.numpy(), np.float64)


def make(rng, shape, dtype):
    return ttl.tensor(rng.uniform(-1, 1, shape).astype(np.float32), dtype=getattr(ttl, dtype))


def rounded(tensor):
    """The values that the device sees."""
    values = tensor.numpy()
    if tensor.dtype.format.scalar_bytes:
        return values.astype(np.float64)
    form = tensor.dtype.format
    return decode(encode(values, form), form, values.shape).astype(np.float64)


@pytest.mark.parametrize("shape", [(32, 32), (40, 70)])
@pytest.mark.parametrize("dtype", STEP)
def test_values_of_block_formats_survive_the_way_there_and_back(rng, dtype, shape):
    x = make(rng, shape, dtype)
    form = x.dtype.format
    once = decode(encode(x.numpy(), form), form, shape)
    np.testing.assert_array_equal(decode(encode(once, form), form, shape), once)
    assert np.abs(once - x.numpy()).max() <= STEP[dtype]
    assert encode(x.numpy(), form).shape == (-(-shape[0] // 32) * -(-shape[1] // 32), form.tile_bytes)


@pytest.mark.parametrize("dtype", STEP)
def test_block_formats_in_and_out(rng, dtype):
    shape = (64, 96)
    x, y, out = make(rng, shape, dtype), make(rng, shape, dtype), make(rng, shape, dtype)
    result = through(lambda x, y: x + y, [x, y], out)
    assert np.abs(result - (rounded(x) + rounded(y))).max() <= 2 * STEP[dtype]


def test_edges_of_tensors_in_block_formats_are_padded_and_cropped(rng):
    shape = (50, 70)
    x, y, out = (make(rng, shape, "bfloat8_b") for _ in range(3))
    result = through(lambda x, y: x * y, [x, y], out)
    assert result.shape == shape
    assert np.abs(result - rounded(x) * rounded(y)).max() <= STEP["bfloat8_b"]


@pytest.mark.parametrize("first", ["bfloat8_b", "bfloat4_b", "bfloat16", "float32"])
@pytest.mark.parametrize("second", ["bfloat16", "float32"])
def test_types_that_differ_are_computed_in_the_wider_one(rng, first, second):
    shape = (64, 96)
    x, y, out = make(rng, shape, first), make(rng, shape, second), make(rng, shape, "float32")
    result = through(lambda x, y: x * y + x, [x, y], out)
    assert np.abs(result - (rounded(x) * rounded(y) + rounded(x))).max() <= 1e-2


@pytest.mark.parametrize("dtype", STEP)
def test_products_of_block_formats(rng, dtype):
    x, y = make(rng, (64, 64), dtype), make(rng, (64, 64), dtype)
    out = make(rng, (64, 64), "float32")
    result = through(lambda x, y: x @ y, [x, y], out, block=(2, 2))
    wanted = rounded(x) @ rounded(y)
    assert np.linalg.norm(result - wanted) <= 5e-3 * np.linalg.norm(wanted)


@pytest.mark.parametrize("function", [lambda x, y: x + y, lambda x, y: x @ y], ids=["sums", "products"])
@pytest.mark.parametrize("dtype", ["bfloat8_b", "bfloat4_b", "bfloat16"])
def test_accumulation_is_not_rounded_to_a_block_format_in_each_turn(rng, dtype, function):
    turns, size = 8, 64
    x, y = (make(rng, (turns * size, size), "bfloat16") for _ in range(2))
    out = make(rng, (size, size), dtype)
    result = through(function, [x, y], out, block=(2, 2), turns=turns)
    parts = zip(np.split(rounded(x), turns), np.split(rounded(y), turns), strict=True)
    wanted = sum(function(a, b) for a, b in parts)
    scale = np.abs(wanted).reshape(size, size // 16, 16).max(axis=2).repeat(16, axis=1)
    step = STEP.get(dtype, 2**-6)
    assert (np.abs(result - wanted) <= 1.1 * step * scale + 2e-2 * np.abs(wanted).max()).all()


def test_rows_of_a_block_format_are_refused():
    with pytest.raises(ttl.CompileError, match="bfloat8_b"):
        ttl.tensor(np.zeros((32, 32)), dtype=ttl.bfloat8_b, layout=ttl.ROW_MAJOR)


def test_sharded_tensors_of_a_block_format(rng):
    shard = ttl.Shard("height", (32, 64), (2, 1))
    data = rng.uniform(-1, 1, (64, 64)).astype(np.float32)
    x = ttl.tensor(data, dtype=ttl.bfloat8_b, memory=ttl.L1, shard=shard)
    y, out = make(rng, (64, 64), "bfloat8_b"), make(rng, (64, 64), "bfloat8_b")
    result = through(lambda x, y: x - y, [x, y], out, block=(2, 2))
    assert np.abs(result - (rounded(x) - rounded(y))).max() <= 2 * STEP["bfloat8_b"]
