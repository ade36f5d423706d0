# SPDX-License-Identifier: Apache-2.0
"""Kernels without threads: right values, and as fast as threads written by hand."""

import ml_dtypes
import numpy as np
import pytest

import ttlang as ttl

BF16 = ml_dtypes.bfloat16


def wide(array):
    return array.astype(np.float32)


def normal(rng, *shape, dtype=BF16):
    return rng.standard_normal(shape, np.float32).astype(dtype)


def single(grid="auto", **options):
    return ttl.kernel(grid=grid, mode="single_threaded", **options)


def check(found, expected, limit=1e-2):
    error = np.linalg.norm(wide(found) - expected) / np.linalg.norm(expected)
    assert error <= limit, error


def softmax_of(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


# Values


def add_rows(a, b, out):
    for i in range(a.tile_shape[0]):
        out[i].store(a[i] + b[i])


def add_tiles(a, b, out):
    for i in range(a.shape[0] // 32):
        for j in range(a.shape[1] // 32):
            result = a[i, j] + b[i, j]
            out[i, j].store(result)


def add_all(a, b, out):
    out.store(a + b)


def add_blocks(a, b, out):
    rows, columns = a.tile_shape
    for i in range(0, rows, 2):
        for j in range(columns):
            out[i : i + 2, j].store(a[i : i + 2, j] + b[i : i + 2, j])


def add_with_steps(a, b, out):
    for start in (0, 1):
        out[start::2].store(a[start::2] + b[start::2])


def add_backwards(a, b, out):
    rows = a.tile_shape[0]
    for i in range(rows - 1, -1, -1):
        out[i].store(a[i] + b[i])


def add_columns(a, b, out):
    for j in range(a.tile_shape[1]):
        out[:, j].store(a[:, j] + b[:, j])


def add_halves(a, b, out):
    half = a.tile_shape[0] // 2
    for first in (0, half):
        for i in range(half):
            out[first + i].store(a[first + i] + b[first + i])


SPELLINGS = (
    add_rows,
    add_tiles,
    add_all,
    add_blocks,
    add_with_steps,
    add_backwards,
    add_columns,
    add_halves,
)


@pytest.mark.parametrize("body", SPELLINGS, ids=lambda body: body.__name__)
def test_spellings_of_a_sum(rng, body):
    a, b = normal(rng, 256, 192), normal(rng, 256, 192)
    out = np.zeros_like(a)
    single()(body)(a, b, out)
    check(out, wide(a) + wide(b), 4e-3)


@pytest.mark.parametrize("grid", ["auto", "full", (1, 1), (3, 2), (5,), (2, 2, 2), lambda a, b, out: (1, 7)])
def test_grids_that_do_not_divide_the_work(rng, grid):
    a, b = normal(rng, 7 * 32, 3 * 32), normal(rng, 7 * 32, 3 * 32)
    out = np.zeros_like(a)
    single(grid)(add_rows)(a, b, out)
    check(out, wide(a) + wide(b), 4e-3)


def test_shapes_that_are_no_whole_tiles(rng):
    a, b = normal(rng, 100, 70), normal(rng, 100, 70)
    out = np.zeros_like(a)
    single()(add_rows)(a, b, out)
    check(out, wide(a) + wide(b), 4e-3)


def test_rank_three(rng):
    a, b = (normal(rng, 3, 64, 96, dtype=np.float32) for _ in range(2))
    out = np.zeros_like(a)

    @single()
    def kernel(a, b, out):
        for n in range(3):
            out[n].store(a[n] * b[2 - n])

    kernel(a, b, out)
    check(out, a * b[::-1], 3e-3)


def test_scalars_functions_and_types(rng):
    a = normal(rng, 128, 128)
    out = np.zeros((128, 128), np.float32)

    @single()
    def kernel(a, out, scale):
        for i in range(4):
            x = a[i]
            out[i].store(ttl.math.exp(x * scale) - 1.0 + ttl.math.where(x > 0, x, 0.0) ** 2)

    kernel(a, out, 0.5)
    x = wide(a)
    check(out, np.exp(x * 0.5) - 1 + np.maximum(x, 0) ** 2)


def test_helper_functions_and_closures(rng):
    a = normal(rng, 64, 64)
    out = np.zeros_like(a)
    factor = 3.0

    def scaled(x, by=factor):
        return x * by

    @single()
    def kernel(a, out):
        twice = lambda x: x + x  # noqa: E731
        for i in range(2):
            for j in range(2):
                out[i, j].store(scaled(twice(a[i, j])))

    kernel(a, out)
    check(out, 6 * wide(a))


def test_integers(rng):
    a, b = (rng.integers(-1000, 1000, (64, 96), dtype=np.int32) for _ in range(2))
    out = np.zeros_like(a)
    single()(add_rows)(a, b, out)
    assert (out == a + b).all()


def test_in_place(rng):
    a = normal(rng, 256, 64)
    expected = 2 * wide(a)

    @single()
    def double(a):
        for i in range(8):
            a[i].store(a[i] * 2.0)

    double(a)
    check(a, expected)


def test_constants(rng):
    out = np.zeros((96, 64), np.float32)

    @single()
    def kernel(out):
        for i in range(3):
            out[i].store(1.5)

    kernel(out)
    assert (out == 1.5).all()


BROADCASTS = {
    "row": (1, 160),
    "column": (128, 1),
}


@pytest.mark.parametrize("name", BROADCASTS)
def test_broadcast(rng, name):
    a, b = normal(rng, 128, 160), normal(rng, *BROADCASTS[name])
    out = np.zeros_like(a)

    @single()
    def row(a, b, out):
        for i in range(4):
            out[i].store(a[i] * b[0] + b[0])

    @single()
    def column(a, b, out):
        for i in range(4):
            out[i].store(a[i] * b[i] + b[i])

    {"row": row, "column": column}[name](a, b, out)
    check(out, wide(a) * wide(b) + wide(b))


def test_explicit_broadcast(rng):
    a, b = normal(rng, 128, 96), normal(rng, 128, 96)
    out = np.zeros_like(a)

    @single()
    def kernel(a, b, out):
        for i in range(4):
            column = ttl.math.reduce_max(a[i], dims=[1])
            out[i].store(b[i] - ttl.math.broadcast(column, b[i], dims=[1]))

    kernel(a, b, out)
    check(out, wide(b) - wide(a).max(axis=1, keepdims=True))


def test_tile_repeated_over_rows(rng):
    a, b = normal(rng, 128, 64), normal(rng, 32, 64)
    out = np.zeros_like(a)

    @single()
    def kernel(a, b, out):
        for i in range(4):
            out[i].store(a[i] + b[0])

    kernel(a, b, out)
    check(out, wide(a) + np.tile(wide(b), (4, 1)))


@pytest.mark.parametrize("kind", ["sum", "max", "min", "mean"])
@pytest.mark.parametrize("dim", [0, 1])
def test_reduction(rng, kind, dim):
    a = normal(rng, 160, 96)
    out = np.zeros((1, 96) if dim == 0 else (160, 1), np.float32)
    reduction = getattr(ttl.math, f"reduce_{kind}")

    @single()
    def rows(a, out):
        for i in range(5):
            out[i].store(reduction(a[i], dims=[1]))

    @single()
    def columns(a, out):
        for j in range(3):
            out[:, j].store(reduction(a[:, j], dims=[0]))

    (columns if dim == 0 else rows)(a, out)
    check(out, getattr(wide(a), kind)(axis=dim, keepdims=True))


def test_reduction_of_everything(rng):
    a = normal(rng, 160, 96)
    out = np.zeros((1, 1), np.float32)

    @single()
    def kernel(a, out):
        out.store(ttl.math.reduce_sum(a * a, dims=[0, 1]))

    kernel(a, out)
    check(out, (wide(a) ** 2).sum(keepdims=True))


def test_matmul_spellings(rng):
    a, b = normal(rng, 128, 160), normal(rng, 160, 96)

    @single()
    def tiles(a, b, out):
        for i in range(4):
            for j in range(3):
                out[i, j].store(a[i, :] @ b[:, j])

    @single()
    def rows(a, b, out):
        for i in range(4):
            out[i].store(a[i] @ b)

    @single()
    def whole(a, b, out):
        out.store(a @ b)

    for kernel in (tiles, rows, whole):
        out = np.zeros((128, 96), np.float32)
        kernel(a, b, out)
        check(out, wide(a) @ wide(b))


def test_matmul_of_a_transpose(rng):
    a, b = normal(rng, 128, 160), normal(rng, 96, 160)
    out = np.zeros((128, 96), np.float32)

    @single()
    def kernel(a, b, out):
        for i in range(4):
            out[i].store(a[i] @ b.T)

    kernel(a, b, out)
    check(out, wide(a) @ wide(b).T)


def test_matmul_with_an_epilogue(rng):
    a, b, c = normal(rng, 256, 1024), normal(rng, 1024, 256), normal(rng, 1, 256)
    out = np.zeros((256, 256), BF16)

    @single((4, 4))
    def kernel(a, b, c, out):
        for i in range(8):
            for j in range(8):
                out[i, j].store(ttl.math.relu(a[i, :] @ b[:, j] + c[0, j]) * 0.125)

    kernel(a, b, c, out)
    check(out, np.maximum(wide(a) @ wide(b) + wide(c), 0) * 0.125, 1.5e-2)


def test_transpose(rng):
    a = normal(rng, 96, 160, dtype=np.float32)
    out = np.zeros((160, 96), np.float32)

    @single()
    def kernel(a, out):
        for i in range(5):
            for j in range(3):
                out[i, j].store(a[j, i].T)

    kernel(a, out)
    check(out, a.T, 1e-3)


def test_softmax(rng):
    a = normal(rng, 224, 256)
    out = np.zeros_like(a)

    @single(fp32_dest_acc=True)
    def kernel(a, out):
        for i in range(7):
            e = ttl.math.exp(a[i] - ttl.math.reduce_max(a[i], dims=[1]))
            out[i].store(e * ttl.math.recip(ttl.math.reduce_sum(e, dims=[1])))

    kernel(a, out)
    check(out, softmax_of(wide(a)))


def test_chain_in_one_loop(rng):
    """A product, a bias, a softmax of it: what is stored is used again."""
    a, b, c = normal(rng, 128, 128), normal(rng, 128, 64), normal(rng, 1, 64)
    scores, out = np.zeros((128, 64), np.float32), np.zeros((128, 64), np.float32)

    @single(fp32_dest_acc=True)
    def kernel(a, b, c, scores, out):
        for i in range(4):
            scores[i].store((a[i] @ b + c[0]) * 0.1)
            e = ttl.math.exp(scores[i] - ttl.math.reduce_max(scores[i], dims=[1]))
            out[i].store(e * ttl.math.recip(ttl.math.reduce_sum(e, dims=[1])))

    kernel(a, b, c, scores, out)
    expected = (wide(a) @ wide(b) + wide(c)) * 0.1
    check(scores, expected)
    check(out, softmax_of(expected), 1.5e-2)


def test_chain_over_loops(rng):
    a, b = normal(rng, 128, 96), normal(rng, 128, 96)
    sums, out = np.zeros_like(a), np.zeros_like(a)

    @single()
    def kernel(a, b, sums, out):
        for i in range(4):
            sums[i].store(a[i] + b[i])
        for k in range(4):
            out[k].store(ttl.math.exp(sums[k]))

    kernel(a, b, sums, out)
    total = (wide(a) + wide(b)).astype(BF16)
    check(sums, wide(total))
    check(out, np.exp(wide(total)))


def test_shifted_slices(rng):
    a = normal(rng, 8 * 32, 96, dtype=np.float32)
    out = np.zeros((6 * 32, 96), np.float32)

    @single()
    def kernel(a, out):
        for i in range(6):
            out[i].store(a[i] + a[i + 1] * 2.0 + a[i + 2])

    kernel(a, out)
    check(out, a[:192] + 2 * a[32:224] + a[64:], 3e-3)


def test_sum_with_its_transpose(rng):
    a, b = normal(rng, 96, 160, dtype=np.float32), normal(rng, 160, 96, dtype=np.float32)
    out = np.zeros_like(a)

    @single()
    def kernel(a, b, out):
        for i in range(3):
            for j in range(5):
                out[i, j].store(a[i, j] - b[j, i].T)

    kernel(a, b, out)
    check(out, a - b.T, 3e-3)


def test_operand_of_a_product_that_is_used_again(rng):
    a, b = normal(rng, 96, 512), normal(rng, 512, 64)
    out = np.zeros((96, 64), np.float32)

    @single()
    def kernel(a, b, out):
        for i in range(3):
            row = a[i]
            out[i].store(row @ b + ttl.math.reduce_max(row, dims=[1]))

    kernel(a, b, out)
    check(out, wide(a) @ wide(b) + wide(a).max(axis=1, keepdims=True))


def test_a_slice_written_twice_is_read_once(rng):
    a = normal(rng, 64, 64)

    @single()
    def kernel(a, out):
        for i in range(2):
            out[i].store(ttl.math.exp(a[i]) * a[i] + a[i])

    out = np.zeros_like(a)
    kernel(a, out)
    check(out, np.exp(wide(a)) * wide(a) + wide(a))
    assert kernel.compile(a, out).asm["ttl"].count("ttl.create_cb") == 2


def test_batched_product(rng):
    a, b = normal(rng, 2, 64, 96), normal(rng, 2, 96, 128)
    out = np.zeros((2, 64, 128), np.float32)

    @single()
    def kernel(a, b, out):
        for n in range(2):
            for i in range(2):
                out[n, i].store(a[n, i] @ b[n])

    kernel(a, b, out)
    check(out, wide(a) @ wide(b))


def test_emitted_threads():
    """Three threads, double buffers, all cores."""
    zeros = np.zeros((256, 256), np.float32)
    compiled = single("full")(add_tiles).compile(zeros, zeros, zeros)
    assert set(compiled.kernels) == {"reader", "compute", "writer"}
    assert compiled.asm["ttl"].count("buffer_factor=2") == 3
    assert compiled.image.grid == (8, 8)


# Speed


def threaded_add(a, b, out):
    block = 4
    rows, columns = a.tile_shape
    blocks = rows * columns // block
    wide_blocks = columns // block
    core, cores = ttl.core(dims=1), ttl.grid_size(dims=1)
    a_cb, b_cb, out_cb = (ttl.make_circular_buffer_like(t, (1, block)) for t in (a, b, out))

    def place(n):
        column = n % wide_blocks * block
        return n // wide_blocks, slice(column, column + block)

    @ttl.compute()
    def compute():
        for _ in range(core, blocks, cores):
            with a_cb.wait() as x, b_cb.wait() as y, out_cb.reserve() as z:
                z.store(x + y)

    @ttl.datamovement()
    def read():
        for n in range(core, blocks, cores):
            with a_cb.reserve() as x, b_cb.reserve() as y:
                ttl.copy(a[place(n)], x)
                ttl.copy(b[place(n)], y)

    @ttl.datamovement()
    def write():
        for n in range(core, blocks, cores):
            with out_cb.wait() as z:
                ttl.copy(z, out[place(n)])


def threaded_rows(x, out, function):
    rows, columns = x.tile_shape
    core, cores = ttl.core(dims=1), ttl.grid_size(dims=1)
    x_cb = ttl.make_circular_buffer_like(x, (1, columns))
    out_cb = ttl.make_circular_buffer_like(out, (1, out.tile_shape[1]))

    @ttl.compute()
    def compute():
        for _ in range(core, rows, cores):
            with x_cb.wait() as row, out_cb.reserve() as result:
                result.store(function(row))

    @ttl.datamovement()
    def read():
        for r in range(core, rows, cores):
            with x_cb.reserve() as row:
                ttl.copy(x[r, :], row)

    @ttl.datamovement()
    def write():
        for r in range(core, rows, cores):
            with out_cb.wait() as result:
                ttl.copy(result, out[r, :])


def softmax(row):
    e = ttl.math.exp(row - ttl.math.reduce_max(row, dims=[1]))
    return e * ttl.math.recip(ttl.math.reduce_sum(e, dims=[1]))


def row_sums(row):
    return ttl.math.reduce_sum(row, dims=[1])


def threaded_softmax(x, out):
    threaded_rows(x, out, softmax)


def threaded_sums(x, out):
    threaded_rows(x, out, row_sums)


def threaded_matmul(a, b, c):
    m, k, n = 2, 4, 2
    m_blocks, k_blocks, n_blocks = a.tile_shape[0] // m, a.tile_shape[1] // k, b.tile_shape[1] // n
    cores_x, cores_y = ttl.grid_size()
    rows, columns = m_blocks // cores_y, n_blocks // cores_x
    x, y = ttl.core()
    a_cb = ttl.make_circular_buffer_like(a, (m, k))
    b_cb = ttl.make_circular_buffer_like(b, (k, n))
    c_cb = ttl.make_circular_buffer_like(c, (m, n))

    @ttl.compute()
    def multiply():
        for _ in range(rows * columns):
            with c_cb.reserve() as total:
                for _ in range(k_blocks):
                    with a_cb.wait() as left, b_cb.wait() as right:
                        total += left @ right

    @ttl.datamovement()
    def read():
        for row in range(rows):
            for column in range(columns):
                for part in range(k_blocks):
                    i, j, p = (y * rows + row) * m, (x * columns + column) * n, part * k
                    with a_cb.reserve() as left, b_cb.reserve() as right:
                        ttl.copy(a[i : i + m, p : p + k], left)
                        ttl.copy(b[p : p + k, j : j + n], right)

    @ttl.datamovement()
    def write():
        for row in range(rows):
            for column in range(columns):
                i, j = (y * rows + row) * m, (x * columns + column) * n
                with c_cb.wait() as total:
                    ttl.copy(total, c[i : i + m, j : j + n])


def single_softmax(x, out):
    for i in range(x.tile_shape[0]):
        out[i].store(softmax(x[i]))


def single_sums(x, out):
    for i in range(x.tile_shape[0]):
        out[i].store(row_sums(x[i]))


def single_matmul(a, b, c):
    for i in range(a.tile_shape[0]):
        for j in range(b.tile_shape[1]):
            c[i, j].store(a[i, :] @ b[:, j])


def threaded_broadcast(x, bias, out):
    rows, columns = x.tile_shape
    core, cores = ttl.core(dims=1), ttl.grid_size(dims=1)
    x_cb, out_cb = (ttl.make_circular_buffer_like(t, (1, columns)) for t in (x, out))
    bias_cb = ttl.make_circular_buffer_like(bias, (1, columns), 1)

    @ttl.compute()
    def compute():
        with bias_cb.wait() as b:
            for _ in range(core, rows, cores):
                with x_cb.wait() as row, out_cb.reserve() as result:
                    result.store(ttl.math.relu(row * 0.5 + b))

    @ttl.datamovement()
    def read():
        with bias_cb.reserve() as b:
            ttl.copy(bias[0, :], b)
        for r in range(core, rows, cores):
            with x_cb.reserve() as row:
                ttl.copy(x[r, :], row)

    @ttl.datamovement()
    def write():
        for r in range(core, rows, cores):
            with out_cb.wait() as result:
                ttl.copy(result, out[r, :])


def single_broadcast(x, bias, out):
    for i in range(x.tile_shape[0]):
        out[i].store(ttl.math.relu(x[i] * 0.5 + bias[0]))


def chain(row):
    return softmax(ttl.math.tanh(row * 0.5) + 1.0) * row


def threaded_chain(x, out):
    threaded_rows(x, out, chain)


def single_chain(x, out):
    for i in range(x.tile_shape[0]):
        y = ttl.math.tanh(x[i] * 0.5) + 1.0
        out[i].store(softmax(y) * x[i])


PAIRS = {
    "broadcast": (single_broadcast, threaded_broadcast, ((2048, 512), (1, 512), (2048, 512)), "full"),
    "chain": (single_chain, threaded_chain, ((2048, 256), (2048, 256)), "full"),
    "elementwise": (add_tiles, threaded_add, ((512, 1024), (512, 1024), (512, 1024)), "full"),
    "matmul": (single_matmul, threaded_matmul, ((512, 512), (512, 512), (512, 512)), (4, 4)),
    "reduction": (single_sums, threaded_sums, ((2048, 512), (2048, 32)), "full"),
    "softmax": (single_softmax, threaded_softmax, ((2048, 512), (2048, 512)), "full"),
}


@pytest.mark.parametrize("name", PAIRS)
def test_as_fast_as_threads_written_by_hand(rng, name):
    """Predicted times of the simulator; equal values, too, but for roundings of bfloat16 in sums of other lengths."""
    body, threaded, shapes, grid = PAIRS[name]
    *inputs, _ = (normal(rng, *shape) for shape in shapes)
    ours, theirs = (np.zeros(shapes[-1], BF16) for _ in range(2))
    mine = single(grid, fp32_dest_acc=True)(body)(*inputs, ours)
    hand = ttl.kernel(grid=grid, fp32_dest_acc=True)(threaded)(*inputs, theirs)
    ratio = mine.cycles / hand.cycles
    print(f"{name}: {mine.cycles} cycles, by hand {hand.cycles}: {ratio:.2f}")
    shown = (
        (slice(None), slice(0, 1)) if name == "reduction" else slice(None)
    )  # the rest of a tile is not defined
    check(ours[shown], wide(theirs[shown]))
    assert ratio <= 1.3
