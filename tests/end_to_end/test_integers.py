# SPDX-License-Identifier: Apache-2.0
"""Functions and reductions of integer blocks against NumPy, exact, on the simulator."""

import numpy as np
import pytest
from tests.end_to_end.block_kernels import BF16, F32, check, evaluate, tensor

import ttlang as ttl

m = ttl.math
TYPES = {"int32": np.int32, "uint32": np.uint32, "uint16": np.uint16, "uint8": np.uint8}


def exact(function, reference, arrays, outputs=None, dtype=None):
    """Compute on the simulator; the result has to be NumPy's, modulo the width of its type."""
    outputs = outputs or [tuple(size // 32 for size in arrays[0].shape)]
    (result,), _ = evaluate(function, arrays, outputs, [dtype or arrays[0].dtype])
    wanted = np.asarray(reference(*(a.astype(np.int64) for a in arrays)))
    np.testing.assert_array_equal(result, np.broadcast_to(wanted, result.shape).astype(result.dtype))


def values(rng, dtype, shape=(1, 2), low=0, high=100):
    low = low if np.issubdtype(dtype, np.signedinteger) else max(low, 0)
    return rng.integers(low, high, tuple(32 * s for s in shape)).astype(dtype)


FUNCTIONS = {
    "square": (m.square, np.square),
    "sign": (m.sign, np.sign),
    "abs": (m.abs, np.abs),
    "relu": (m.relu, lambda x: np.maximum(x, 0)),
    "neg": (m.neg, np.negative),
    "floor": (m.floor, lambda x: x),
    "frac": (m.frac, np.zeros_like),
    "isfinite": (m.isfinite, np.ones_like),
    "clamp": (lambda x: m.clamp(x, 3, 40), lambda x: np.clip(x, 3, 40)),
    "hardtanh": (lambda x: m.hardtanh(x, 3, 40), lambda x: np.clip(x, 3, 40)),
    "relu_max": (lambda x: m.relu_max(x, 40), lambda x: np.clip(x, 0, 40)),
    "threshold": (lambda x: m.threshold(x, 10, 7), lambda x: np.where(x > 10, x, 7)),
    "pow": (lambda x: x**3, lambda x: x**3),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", TYPES)
def test_function(rng, dtype, name):
    function, reference = FUNCTIONS[name]
    x = values(rng, TYPES[dtype], low=-100)
    exact(lambda x, y, w: function(x), reference, [x])


@pytest.mark.parametrize("dtype", TYPES)
def test_where_and_mask(rng, dtype):
    x, y = (values(rng, TYPES[dtype], high=3) for _ in range(2))
    exact(
        lambda x, y, w: m.where(x > y, x + 5, m.mask(y, x)),
        lambda x, y: np.where(x > y, x + 5, np.where(x != 0, y, 0)),
        [x, y],
    )


@pytest.mark.parametrize("dtype", ["int32", "uint32"])
def test_power_of_a_block(rng, dtype):
    base, exponent = values(rng, TYPES[dtype], low=-3, high=4), values(rng, TYPES[dtype], high=20)
    base[0, :3], exponent[0, :3] = (0, 1, 1), (0, 1000, 31)
    exact(lambda x, y, w: x**y, np.power, [base, exponent])
    exponent[0, 1] = 5
    exact(lambda x, y, w: 2**y, lambda x, y: 2**y, [base, exponent])


def test_quotient_of_large_unsigned_integers(rng):
    x = rng.integers(0, 2**32, (32, 64)).astype(np.uint32)
    y = rng.integers(1, 2**32, (32, 64)).astype(np.uint32)
    y[:, ::2] = rng.integers(1, 100, (32, 32))
    exact(lambda x, y, w: x // y, lambda x, y: x // y, [x, y])


def test_large_numbers_beside_integers(rng):
    exact(lambda x, y, w: x + 100000001, lambda x: x + 100000001, [values(rng, np.int32)])
    exact(lambda x, y, w: m.max(x, 4000000001), lambda x: np.maximum(x, 4000000001), [values(rng, np.uint32)])


def test_quotients_and_fractions_are_floats(rng):
    x, y = values(rng, np.int32), values(rng, np.int32, low=1)
    check(lambda x, y, w: x / y + x / 3, lambda x, y: x / y + x / 3, [x, y], tolerance=1e-5, dtypes=[F32])
    check(lambda x, y, w: x + 0.5, lambda x: x + 0.5, [x], tolerance=0, dtypes=[F32])


def test_integers_of_several_types_meet(rng):
    x, y = values(rng, np.uint16, high=60000), values(rng, np.int32, low=-9)
    exact(lambda x, y, w: x + y, lambda x, y: x + y, [x, y], dtype=np.int32)
    exact(lambda x, y, w: y - x, lambda x, y: y - x, [x, y], dtype=np.int32)


def test_condition_of_another_type(rng):
    x, y = values(rng, np.int32), tensor(rng, (1, 2), F32)
    exact(lambda x, y, w: m.where(x > 50, 7, x), lambda x: np.where(x > 50, 7, x), [x])
    check(
        lambda x, y, w: m.where(x > 50, y, 0.5),
        lambda x, y: np.where(x > 50, y, 0.5),
        [x, y],
        tolerance=0,
        dtypes=[F32],
    )
    check(
        lambda x, y, w: m.where(y > 0, x, 7),
        lambda x, y: np.where(y > 0, x, 7),
        [x, y],
        tolerance=0,
        dtypes=[np.int32],
    )


def test_conversion_to_uint16_truncates_as_others_do(rng):
    x = tensor(rng, (1, 1), BF16, 0.0, 90.0)
    check(lambda x, y, w: m.typecast(x, ttl.uint16), np.trunc, [x], tolerance=0, dtypes=[np.uint16])


REDUCTIONS = {"sum": np.sum, "max": np.max, "min": np.min}


@pytest.mark.parametrize("dims", [(-1,), (-2,), (-2, -1)], ids=["columns", "rows", "both"])
@pytest.mark.parametrize("kind", REDUCTIONS)
@pytest.mark.parametrize("dtype", TYPES)
def test_reduction(rng, dtype, kind, dims):
    x = values(rng, TYPES[dtype], (2, 3), low=-100, high=200)
    if kind != "sum" and dtype in ("int32", "uint32"):  # values that floats do not hold, and negative ones
        x = rng.integers(-(2**31), 2**31, x.shape).astype(TYPES[dtype])
    reduce, reference = getattr(m, f"reduce_{kind}"), REDUCTIONS[kind]
    exact(
        lambda x, y, w: m.broadcast(reduce(x, dims=dims), x, dims=dims),
        lambda x: reference(x, axis=dims, keepdims=True),
        [x],
        dtype=np.uint32 if kind == "sum" and dtype != "int32" else None,
    )


def test_sum_of_integers_is_scaled(rng):
    x = values(rng, np.int32, (2, 2))
    exact(
        lambda x, y, w: x + m.reduce_sum(x, 3, dims=[1]),
        lambda x: x + 3 * x.sum(1, keepdims=True),
        [x],
    )


def test_mean_of_integers_is_a_float(rng):
    x = values(rng, np.int32, (2, 2), low=-100)
    check(
        lambda x, y, w: m.typecast(x, ttl.float32) - m.reduce_mean(x, dims=[0]),
        lambda x: x - x.mean(0, keepdims=True),
        [x],
        tolerance=1e-3,
        dtypes=[F32],
    )


@pytest.mark.parametrize("dtype", TYPES)
def test_function_of_floats_is_refused_with_what_to_do(rng, dtype):
    x = values(rng, TYPES[dtype])
    with pytest.raises(ttl.CompileError, match=f"no 'exp' of {dtype}") as caught:
        exact(lambda x, y, w: m.exp(x), np.exp, [x])
    assert "typecast" in str(caught.value)


def test_negative_power_is_refused(rng):
    with pytest.raises(ttl.CompileError, match="negative power of an integer"):
        exact(lambda x, y, w: x**-1, np.reciprocal, [values(rng, np.int32)])


@pytest.mark.parametrize("dtype", TYPES)
def test_accumulation(rng, dtype):
    """`+=` on a block, turn by turn."""

    @ttl.kernel(grid=(1, 1))
    def kernel(a, out):
        a_cb = ttl.make_circular_buffer_like(a, shape=(1, 1), buffer_factor=2)
        out_cb = ttl.make_circular_buffer_like(out, shape=(1, 1), buffer_factor=2)

        @ttl.compute()
        def compute():
            with out_cb.reserve() as o:
                for _ in range(4):
                    with a_cb.wait() as x:
                        o += x + 1

        @ttl.datamovement()
        def read():
            for i in range(4):
                with a_cb.reserve() as x:
                    ttl.copy(a[i, 0], x)

        @ttl.datamovement()
        def write():
            with out_cb.wait() as o:
                ttl.copy(o, out[0, 0])

    a = values(rng, TYPES[dtype], (4, 1), low=-50, high=50)
    out = np.zeros((32, 32), TYPES[dtype])
    kernel(a, out, time=False)
    np.testing.assert_array_equal(out, (a.reshape(4, 32, 32) + 1).sum(0).astype(out.dtype))
