# SPDX-License-Identifier: Apache-2.0
"""Reductions, repetition and transposition against NumPy, on the simulator."""

import numpy as np
import pytest
from tests.end_to_end.block_kernels import BF16, F32, check, tensor

import ttlang as ttl

m = ttl.math
TOLERANCE = 1.2e-2
REDUCTIONS = {"sum": np.sum, "max": np.max, "min": np.min, "mean": np.mean}


@pytest.mark.parametrize("dtype", [BF16, F32], ids=["bfloat16", "float32"])
@pytest.mark.parametrize("shape", [(1, 1), (2, 3)], ids=["1x1", "2x3"])
@pytest.mark.parametrize("dims", [(0,), (1,), (-2, -1)], ids=["rows", "columns", "both"])
@pytest.mark.parametrize("kind", REDUCTIONS)
def test_reduction_is_repeated_against_full_blocks(rng, kind, dims, shape, dtype):
    reduce, reference = getattr(m, f"reduce_{kind}"), REDUCTIONS[kind]
    x, y = (tensor(rng, shape, dtype) for _ in range(2))
    check(
        lambda x, y, w: y - reduce(x, dims=list(dims)) * 0.1,
        lambda x, y: y - reference(x, axis=dims, keepdims=True) * 0.1,
        [x, y],
        tolerance=TOLERANCE,
    )


@pytest.mark.parametrize("dims", [(0,), (1,), (0, 1)], ids=["rows", "columns", "both"])
def test_reduction_stores_row_or_column_0(rng, dims):
    shape = (2, 3)
    out = tuple(1 if d in dims else s for d, s in enumerate(shape))
    x = tensor(rng, shape, BF16)

    def reference(x):
        wanted = np.zeros(tuple(32 * s for s in out))
        reduced = x.sum(axis=dims, keepdims=True)
        wanted[tuple(slice(0, size) for size in reduced.shape)] = reduced
        return wanted

    check(lambda x, y, w: m.reduce_sum(x, dims=dims), reference, [x], [out], tolerance=TOLERANCE)


@pytest.mark.parametrize("dims", [(1,), (0, 1)], ids=["columns", "both"])
def test_scaler_multiplies_once(rng, dims):
    x, scaler = tensor(rng, (2, 2), BF16), np.full((32, 32), 0.5, BF16)
    check(
        lambda x, y, w: x + m.reduce_sum(x, y, dims=dims),
        lambda x, y: x + 0.5 * x.sum(axis=dims, keepdims=True),
        [x, scaler],
        tolerance=TOLERANCE,
    )
    check(
        lambda x, y, w: x + m.reduce_sum(x, 0.25, dims=dims),
        lambda x: x + 0.25 * x.sum(axis=dims, keepdims=True),
        [x],
        tolerance=TOLERANCE,
    )


def softmax(x):
    e = m.exp(x - m.reduce_max(x, dims=[1]))
    return e / m.reduce_sum(e, dims=[1])


def softmax_reference(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


EXPRESSIONS = {
    "softmax": (softmax, softmax_reference),
    "function of a reduction": (
        lambda x: x * m.exp(m.reduce_max(x, dims=[1])),
        lambda x: x * np.exp(x.max(axis=1, keepdims=True)),
    ),
    "sum of reductions": (
        lambda x: x * (m.reduce_sum(x, dims=[1]) + m.reduce_max(x, dims=[1])),
        lambda x: x * (x.sum(axis=1, keepdims=True) + x.max(axis=1, keepdims=True)),
    ),
    "reductions of both dimensions": (
        lambda x: m.reduce_max(x, dims=[0]) + m.reduce_max(x, dims=[1]) + x * 0.0,
        lambda x: x.max(axis=0, keepdims=True) + x.max(axis=1, keepdims=True) + x * 0,
    ),
    "reduction of a reduction": (
        lambda x: x + m.reduce_max(m.reduce_sum(x, dims=[1]), dims=[0]),
        lambda x: x + x.sum(axis=1, keepdims=True).max(axis=0, keepdims=True),
    ),
    "normalisation": (
        lambda x: (x - m.reduce_mean(x, dims=[1])) * m.rsqrt(m.reduce_mean(x * x, dims=[1]) + 1e-2),
        lambda x: (x - x.mean(axis=1, keepdims=True)) / np.sqrt((x * x).mean(axis=1, keepdims=True) + 1e-2),
    ),
}


@pytest.mark.parametrize("dtype", [BF16, F32], ids=["bfloat16", "float32"])
@pytest.mark.parametrize("name", EXPRESSIONS)
def test_expression_with_reductions(rng, name, dtype):
    function, reference = EXPRESSIONS[name]
    check(lambda x, y, w: function(x), reference, [tensor(rng, (2, 2), dtype)], tolerance=TOLERANCE)


OPERATORS = {
    "add": (lambda x, y: x + y, np.add),
    "sub": (lambda x, y: x - y, np.subtract),
    "rsub": (lambda x, y: y - x, lambda x, y: y - x),
    "mul": (lambda x, y: y * x, np.multiply),
    "max": (lambda x, y: m.max(x, y), np.maximum),
    "of a function": (lambda x, y: m.exp(y) + x, lambda x, y: np.exp(y) + x),
}


@pytest.mark.parametrize("dtype", [BF16, F32], ids=["bfloat16", "float32"])
@pytest.mark.parametrize("small", [(1, 3), (2, 1), (1, 1)], ids=["rows", "columns", "scalar"])
@pytest.mark.parametrize("name", OPERATORS)
def test_smaller_operand_is_repeated(rng, name, small, dtype):
    function, reference = OPERATORS[name]
    x, y = tensor(rng, (2, 3), dtype), tensor(rng, small, dtype)
    keep = tuple(slice(0, 1) if size == 1 else slice(None) for size in small)
    check(lambda x, y, w: function(x, y), lambda x, y: reference(x, y[keep]), [x, y], tolerance=TOLERANCE)


@pytest.mark.parametrize(
    ("small", "call"), [((1, 3), "bcast_rows"), ((2, 1), "bcast_cols"), ((1, 1), "bcast_scalar")]
)
def test_repetition_is_folded_into_the_instruction(rng, small, call):
    x, y = tensor(rng, (2, 3), BF16), tensor(rng, small, BF16)
    keep = tuple(slice(0, 1) if size == 1 else slice(None) for size in small)
    cpp = check(lambda x, y, w: x * y, lambda x, y: x * y[keep], [x, y])
    assert f"mul_tiles_{call}(" in cpp
    assert "unary_bcast" not in cpp


def test_explicit_repetition_of_a_tile(rng):
    x, y = (tensor(rng, (1, 1), BF16) for _ in range(2))
    check(lambda x, y, w: x + m.broadcast(y, dims=[1]), lambda x, y: x + y[:, :1], [x, y])
    check(lambda x, y, w: m.broadcast(y, x, dims=[0, 1]), lambda x, y: 0 * x + y[:1, :1], [x, y])


def test_tensor_of_one_column_is_repeated(rng):
    x = rng.standard_normal((32, 32)).astype(BF16)
    column = rng.standard_normal((32, 1)).astype(BF16)
    out = np.zeros((32, 32), BF16)

    @ttl.kernel(grid=(1, 1))
    def shifted(a, b, result):
        a_cb, b_cb, out_cb = (ttl.make_circular_buffer_like(t, shape=(1, 1)) for t in (a, b, result))

        @ttl.compute()
        def compute():
            with a_cb.wait() as x, b_cb.wait() as y, out_cb.reserve() as z:
                z.store(x + y)

        @ttl.datamovement()
        def read():
            with a_cb.reserve() as x, b_cb.reserve() as y:
                ttl.copy(a, x)
                ttl.copy(b, y)

        @ttl.datamovement()
        def write():
            with out_cb.wait() as z:
                ttl.copy(z, result)

    shifted(x, column, out, time=False)
    expected = x.astype(np.float32) + column.astype(np.float32)
    assert np.abs(out.astype(np.float32) - expected).max() <= 0.04


@pytest.mark.parametrize("dtype", [BF16, F32], ids=["bfloat16", "float32"])
def test_transposition(rng, dtype):
    x = tensor(rng, (2, 3), dtype)
    check(lambda x, y, w: x.T, lambda x: x.T, [x], [(3, 2)], tolerance=0)
    check(lambda x, y, w: m.exp(x.T) + 1.0, lambda x: np.exp(x.T) + 1, [x], [(3, 2)])
    check(lambda x, y, w: m.transpose(m.exp(x)), lambda x: np.exp(x.T), [x], [(3, 2)])


@pytest.mark.parametrize("dtype", [BF16, F32], ids=["bfloat16", "float32"])
@pytest.mark.parametrize(
    "dims", [(0,), (0, -1), (0, 1)], ids=["outer", "outer and columns", "outer and rows"]
)
@pytest.mark.parametrize("kind", REDUCTIONS)
def test_reduction_of_outer_dimensions(rng, kind, dims, dtype):
    """Blocks of rank 3: whole tiles are combined, and inside tiles where an inner dimension is reduced, too."""
    reduce, reference = getattr(m, f"reduce_{kind}"), REDUCTIONS[kind]
    x, y = (blocks_of_rank_3(rng, dtype) for _ in range(2))
    result = rank_3(lambda x, y: y - reduce(x, dims=list(dims)) * 0.1, x, y)
    wanted = y.astype(np.float64) - reference(x.astype(np.float64), axis=dims, keepdims=True) * 0.1
    assert np.linalg.norm(result - wanted) <= TOLERANCE * np.linalg.norm(wanted)


def test_scaler_of_an_outer_reduction(rng):
    x, y = (blocks_of_rank_3(rng, F32) for _ in range(2))
    result = rank_3(lambda x, y: y + m.reduce_sum(x, 0.5, dims=[0]), x, y)
    np.testing.assert_allclose(result, y + 0.5 * x.sum(axis=0, keepdims=True), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dims", [(0,), (1,)])
def test_reductions_of_one_outer_dimension_of_two(rng, dims):
    """Rank 4: the dimension that stays decides which tiles are combined; float32 values are not cut."""
    x, y = (rng.standard_normal((2, 3, 32, 64)).astype(F32) for _ in range(2))
    result = rank_4(lambda x, y: y + m.reduce_max(x, dims=dims), x, y)
    np.testing.assert_array_equal(result, y + x.max(axis=dims, keepdims=True))


def blocks_of_rank_3(rng, dtype):
    return rng.standard_normal((3, 64, 64)).astype(np.float32).astype(dtype)


def whole(function, x, y, block):
    """function(x, y), each tensor one block."""

    @ttl.kernel(grid=(1, 1))
    def kernel(a, b, result):
        a_cb, b_cb, out_cb = (
            ttl.make_circular_buffer_like(t, shape=block, buffer_factor=1) for t in (a, b, result)
        )

        @ttl.compute()
        def compute():
            with a_cb.wait() as x, b_cb.wait() as y, out_cb.reserve() as o:
                o.store(function(x, y))

        @ttl.datamovement()
        def read():
            with a_cb.reserve() as x, b_cb.reserve() as y:
                ttl.copy(a, x)
                ttl.copy(b, y)

        @ttl.datamovement()
        def write():
            with out_cb.wait() as o:
                ttl.copy(o, result)

    out = np.zeros_like(x)
    kernel(x, y, out, time=False)
    return out.astype(np.float64)


def rank_3(function, x, y):
    return whole(function, x, y, (3, 2, 2))


def rank_4(function, x, y):
    return whole(function, x, y, (2, 3, 1, 2))
