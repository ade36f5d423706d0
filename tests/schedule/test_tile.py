# SPDX-License-Identifier: Apache-2.0
"""The step `tile`: blocks grow, loops turn less often, values stay as they are, and fewer cycles are predicted."""

import ml_dtypes
import numpy as np
import pytest

import ttlang as ttl

from .block_loops import compared, elementwise, matmul, scaled_sum, shapes, two_inputs

BF16 = ml_dtypes.bfloat16
MATMUL_LIMIT = 1e-5  # relative to the largest value: sums of 256 products in another order, in float32


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def zeros(*shape, dtype=np.float32):
    return np.zeros(shape, dtype)


@pytest.mark.parametrize("sizes", [(2, 4), (4, 1), (1, 2)])
def test_elementwise(sizes, rng):
    x, y = (rng.standard_normal((256, 256), np.float32) for _ in range(2))
    tiled = ttl.schedule(scaled_sum).tile(*sizes)
    compared(scaled_sum, tiled, (x, y, zeros(256, 256)))
    assert shapes(tiled, x, y, zeros(256, 256)) == dict.fromkeys(("x_cb", "y_cb", "out_cb"), sizes)


def test_a_row_that_is_repeated_stays_one_tile_high(rng):
    x, y = rng.standard_normal((256, 256), np.float32), rng.standard_normal((1, 256), np.float32)
    arguments = (x, y, zeros(256, 256))
    tiled = ttl.schedule(scaled_sum).tile(2, 4)
    compared(scaled_sum, tiled, arguments)
    assert shapes(tiled, *arguments) == {"x_cb": (2, 4), "y_cb": (1, 4), "out_cb": (2, 4)}


def test_fewer_cycles(rng):
    x = rng.standard_normal((512, 512), np.float32).astype(BF16)
    kernel = elementwise(lambda a: a + 1.0)
    before, after = compared(kernel, ttl.schedule(kernel).tile(2, 4), (x, zeros(512, 512, dtype=BF16)))
    assert after < 0.8 * before


def test_larger_blocks_grow_further(rng):
    x = rng.standard_normal((256, 256), np.float32)
    kernel = elementwise(ttl.math.relu, block=(2, 2))
    tiled = ttl.schedule(kernel).tile(4, 2).tile(4, 8)
    compared(kernel, tiled, (x, zeros(256, 256)))
    assert shapes(tiled, x, zeros(256, 256)) == {"x_cb": (4, 8), "out_cb": (4, 8)}


def test_the_shape_that_blocks_have_is_no_change(rng):
    x = rng.standard_normal((64, 64), np.float32)
    kernel = elementwise(ttl.math.relu)
    before, after = compared(kernel, ttl.schedule(kernel).tile(1, 1), (x, zeros(64, 64)))
    assert before == after


EXPRESSIONS = {
    "fills": (lambda a: ttl.math.fill(1.5) - a * ttl.math.fill(2.0), (2, 2)),
    "a fill alone": (lambda a: ttl.math.fill(7.0), (2, 2)),
    "typecast": (lambda a: ttl.math.typecast(a, ttl.bfloat16), (2, 2)),
    "choice": (lambda a: ttl.math.where(a > 0.0, a, -2.0 * a), (2, 2)),
    "rows are reduced within a tile": (lambda a: a - ttl.math.reduce_max(a, dims=[1]), (4, 1)),
    "columns are reduced within a tile": (lambda a: a / ttl.math.reduce_sum(abs(a), dims=[0]), (1, 4)),
    "a row is repeated": (
        lambda a: ttl.math.broadcast(ttl.math.reduce_max(a, dims=[0]), dims=[0]) + a,
        (1, 4),
    ),
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_block_operations(name, rng):
    expression, sizes = EXPRESSIONS[name]
    x = rng.standard_normal((128, 128), np.float32)
    kernel = elementwise(expression)
    compared(kernel, ttl.schedule(kernel).tile(*sizes), (x, zeros(128, 128)))


def test_a_row_beside_blocks_of_two_kinds(rng):
    """A repeated row takes part in a full block and in a row: it stays one tile high."""

    def expression(a, b):
        repeated = ttl.math.broadcast(b, dims=[0])
        return a * repeated + (b + repeated)

    offset = two_inputs(expression, lambda x, i, j: x[i, j], lambda y, i, j: y[0, j], 4, 4)
    x, y = rng.standard_normal((128, 128), np.float32), rng.standard_normal((1, 128), np.float32)
    compared(offset, ttl.schedule(offset).tile(4, 2), (x, y, zeros(128, 128)))


def test_transposed_blocks_are_walked_the_other_way(rng):
    @ttl.kernel(grid=(1, 1))
    def transpose(x, out):
        rows, columns = x.tile_shape
        x_cb, out_cb = (ttl.make_circular_buffer_like(t, shape=(1, 1)) for t in (x, out))

        @ttl.compute()
        def compute():
            for _ in range(rows):
                for _ in range(columns):
                    with x_cb.wait() as a, out_cb.reserve() as b:
                        b.store(a.T)

        @ttl.datamovement()
        def read():
            for i in range(rows):
                for j in range(columns):
                    with x_cb.reserve() as a:
                        ttl.copy(x[i, j], a)

        @ttl.datamovement()
        def write():
            for i in range(rows):
                for j in range(columns):
                    with out_cb.wait() as b:
                        ttl.copy(b, out[j, i])

    arguments = (rng.standard_normal((128, 256), np.float32).astype(BF16), zeros(256, 128, dtype=BF16))
    tiled = ttl.schedule(transpose).tile(4, 2)
    compared(transpose, tiled, arguments)
    assert shapes(tiled, *arguments) == {"x_cb": (2, 4), "out_cb": (4, 2)}


@pytest.mark.parametrize("sizes", [(2, 2), (4, 1, 1), (2, 4, 4), (1, 1, 8)])
def test_matmul(sizes, rng):
    a, b = (rng.standard_normal((128, 256), np.float32).astype(BF16) for _ in range(2))
    b, results = np.ascontiguousarray(b.T), [zeros(128, 128) for _ in range(2)]
    kernel = matmul()
    tiled = ttl.schedule(kernel).tile(*sizes)
    before, after = (k(a, b, c).cycles for k, c in zip((kernel, tiled), results, strict=True))
    assert np.abs(results[1] - results[0]).max() <= MATMUL_LIMIT * np.abs(results[0]).max()
    assert after < 0.8 * before
    m, n, k = (*sizes, 1)[:3]
    assert shapes(tiled, a, b, results[0]) == {"a_cb": (m, k), "b_cb": (k, n), "c_cb": (m, n)}


def test_a_sum_over_turns(rng):
    """`total += reduce_sum(block)`: the third size is that of the dimension summed over."""

    @ttl.kernel(grid=(1, 1))
    def row_sums(x, out):
        x_cb = ttl.make_circular_buffer_like(x, shape=(1, 1))
        out_cb = ttl.make_circular_buffer_like(out, shape=(1, 1))
        rows, columns = x.tile_shape

        @ttl.compute()
        def compute():
            for _ in range(rows):
                with out_cb.reserve() as total:
                    for _ in range(columns):
                        with x_cb.wait() as block:
                            total += ttl.math.reduce_sum(block, dims=[1])

        @ttl.datamovement()
        def read():
            for i in range(rows):
                for j in range(columns):
                    with x_cb.reserve() as block:
                        ttl.copy(x[i, j], block)

        @ttl.datamovement()
        def write():
            for i in range(rows):
                with out_cb.wait() as total:
                    ttl.copy(total, out[i, 0])

    x = rng.standard_normal((128, 256), np.float32)
    results = [zeros(128, 1) for _ in range(2)]
    tiled = ttl.schedule(row_sums).tile(2, 1, 4)
    row_sums(x, results[0])
    tiled(x, results[1])
    assert (
        np.abs(results[1] - results[0]).max() <= 1e-2
    )  # sums of 256 numbers whose operands have 10 mantissa bits
    assert np.abs(results[1][:, 0] - x.sum(1)).max() <= 0.1
    assert shapes(tiled, x, results[0]) == {"x_cb": (2, 4), "out_cb": (2, 1)}


def test_single_threaded(rng):
    @ttl.kernel(grid=(1, 1), mode="single_threaded")
    def add(x, y, out):
        out.store(x + y)

    x, y = (rng.standard_normal((256, 256), np.float32) for _ in range(2))
    arguments = (x, y, zeros(256, 256))
    before = shapes(add, *arguments)["out_cb"]
    tiled = ttl.schedule(add).tile(2 * before[0], before[1])
    compared(add, tiled, arguments)
    assert shapes(tiled, *arguments)["out_cb"] == (2 * before[0], before[1])


def test_every_other_row(rng):
    """Slices with steps grow along the dimension that a loop walks."""

    @ttl.kernel(grid=(1, 1))
    def even_rows(x, out):
        x_cb, out_cb = (ttl.make_circular_buffer_like(t, shape=(4, 1)) for t in (x, out))

        @ttl.compute()
        def compute():
            for _ in range(8):
                with x_cb.wait() as a, out_cb.reserve() as b:
                    b.store(-a)

        @ttl.datamovement()
        def read():
            for j in range(8):
                with x_cb.reserve() as a:
                    ttl.copy(x[0:8:2, j], a)

        @ttl.datamovement()
        def write():
            for j in range(8):
                with out_cb.wait() as b:
                    ttl.copy(b, out[:, j])

    arguments = (rng.standard_normal((256, 256), np.float32), zeros(128, 256))
    compared(even_rows, ttl.schedule(even_rows).tile(4, 2), arguments)


def test_one_buffer_for_two_tensors(rng):
    """Two places fill a buffer in each turn, and two take from it in the same order."""

    @ttl.kernel(grid=(1, 1))
    def difference(x, y, out):
        cb, out_cb = (ttl.make_circular_buffer_like(t, shape=(1, 1)) for t in (x, out))

        @ttl.compute()
        def compute():
            for _ in range(4):
                with cb.wait() as a, out_cb.reserve() as b:
                    b.store(a)
                with cb.wait() as a, out_cb.reserve() as b:
                    b.store(-a)

        @ttl.datamovement()
        def read():
            for i in range(4):
                with cb.reserve() as a:
                    ttl.copy(x[i, 0], a)
                with cb.reserve() as a:
                    ttl.copy(y[i, 0], a)

        @ttl.datamovement()
        def write():
            for i in range(4):
                with out_cb.wait() as b:
                    ttl.copy(b, out[i, 0])
                with out_cb.wait() as b:
                    ttl.copy(b, out[i, 1])

    x, y = (rng.standard_normal((128, 32), np.float32) for _ in range(2))
    compared(difference, ttl.schedule(difference).tile(2, 1), (x, y, zeros(128, 64)))


def test_row_major(rng):
    """Sizes are in datums where data is not in tiles."""

    @ttl.kernel(grid=(1, 1), tiled=False)
    def copy_rows(x, out):
        cb = ttl.make_circular_buffer_like(x, shape=(1, x.shape[1]))

        @ttl.datamovement()
        def read():
            for i in range(16):
                with cb.reserve() as rows:
                    ttl.copy(x[i, :], rows)

        @ttl.datamovement()
        def write():
            for i in range(16):
                with cb.wait() as rows:
                    ttl.copy(rows, out[i, :])

    before, after = compared(
        copy_rows,
        ttl.schedule(copy_rows).tile(4, 64),
        (rng.standard_normal((16, 64), np.float32), zeros(16, 64)),
    )
    assert after < 0.5 * before


def test_in_place(rng):
    x = rng.standard_normal((128, 128), np.float32)

    @ttl.kernel(grid=(1, 1))
    def negate(x):
        cb, out_cb = (ttl.make_circular_buffer_like(x, shape=(1, 1)) for _ in range(2))

        @ttl.compute()
        def compute():
            for _ in range(4):
                with cb.wait() as a, out_cb.reserve() as b:
                    b.store(-a)

        @ttl.datamovement()
        def read():
            for i in range(4):
                with cb.reserve() as a:
                    ttl.copy(x[i, 0], a)

        @ttl.datamovement()
        def write():
            for i in range(4):
                with out_cb.wait() as b:
                    ttl.copy(b, x[i, 0])

    compared(negate, ttl.schedule(negate).tile(2, 1), (x,))


def test_one_loop_for_two(rng):
    """The compute thread counts all blocks in one loop, the others by rows and columns."""

    @ttl.kernel(grid=(1, 1))
    def negate(x, out):
        rows, columns = x.tile_shape
        x_cb, out_cb = (ttl.make_circular_buffer_like(t, shape=(1, 1)) for t in (x, out))

        @ttl.compute()
        def compute():
            for _ in range(rows * columns):
                with x_cb.wait() as a, out_cb.reserve() as b:
                    b.store(-a)

        @ttl.datamovement()
        def read():
            for i in range(rows):
                for j in range(columns):
                    with x_cb.reserve() as a:
                        ttl.copy(x[i, j], a)

        @ttl.datamovement()
        def write():
            for i in range(rows):
                for j in range(columns):
                    with out_cb.wait() as b:
                        ttl.copy(b, out[i, j])

    arguments = (rng.standard_normal((128, 256), np.float32), zeros(128, 256))
    for sizes in ((2, 4), (4, 1), (1, 8)):
        tiled = ttl.schedule(negate).tile(*sizes)
        compared(negate, tiled, arguments)
        assert shapes(tiled, *arguments) == {"x_cb": sizes, "out_cb": sizes}
