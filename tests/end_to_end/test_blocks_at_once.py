# SPDX-License-Identifier: Apache-2.0
"""Several blocks of one circular buffer held at once: the second `wait()` is for the block behind the first."""

import ml_dtypes
import numpy as np
import pytest

import ttlang as ttl
from ttlang.diagnostics import CompileError

BF16 = ml_dtypes.bfloat16


def whole_numbers(tiles: int) -> np.ndarray:
    """A column of tiles of small integers, of which bfloat16 holds sums and differences exactly."""
    return np.random.default_rng(tiles).integers(-8, 9, (32 * tiles, 32)).astype(BF16)


def tiles_of(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float32).reshape(-1, 32, 32)


def make_differences(rows, factor, *, results=1):
    """Pairs of tiles, taken at once by the compute thread; one or two results a pair."""

    @ttl.kernel(grid=(1, 1))
    def differences(x, y):
        x_cb = ttl.make_circular_buffer_like(x, shape=(1, 1), buffer_factor=factor)
        y_cb = ttl.make_circular_buffer_like(y, shape=(1, 1), buffer_factor=2 * results)

        @ttl.compute()
        def compute():
            for _ in range(rows // 2):
                with x_cb.wait() as a, x_cb.wait() as b:
                    if results == 1:
                        with y_cb.reserve() as d:
                            d.store(a - b)
                    else:
                        with y_cb.reserve() as d, y_cb.reserve() as s:
                            s.store(a + b)
                            d.store(a - b)

        @ttl.datamovement()
        def read():
            for i in range(rows):
                with x_cb.reserve() as block:
                    ttl.copy(x[i, 0], block).wait()

        @ttl.datamovement()
        def write():
            for i in range(rows // 2 * results):
                with y_cb.wait() as block:
                    ttl.copy(block, y[i, 0]).wait()

    return differences


@pytest.mark.parametrize("factor", [2, 4, 6])
def test_compute_takes_two_blocks_at_once(factor):
    x, y = whole_numbers(12), np.zeros((6 * 32, 32), BF16)
    make_differences(12, factor)(x, y)
    a = tiles_of(x)
    assert (tiles_of(y) == a[::2] - a[1::2]).all()


def test_compute_fills_two_blocks_at_once_in_any_order():
    x, y = whole_numbers(12), np.zeros((12 * 32, 32), BF16)
    make_differences(12, 4, results=2)(x, y)
    a, found = tiles_of(x), tiles_of(y)
    assert (found[::2] == a[::2] - a[1::2]).all()
    assert (found[1::2] == a[::2] + a[1::2]).all()


def test_once_the_blocks_need_not_divide_the_buffer():
    """Three of four blocks, taken a single time, lie in a row."""
    x, y = whole_numbers(3), np.zeros((32, 32), BF16)

    @ttl.kernel(grid=(1, 1))
    def total(x, y):
        x_cb = ttl.make_circular_buffer_like(x, shape=(1, 1), buffer_factor=4)
        y_cb = ttl.make_circular_buffer_like(y, shape=(1, 1))

        @ttl.compute()
        def compute():
            with x_cb.wait() as a, x_cb.wait() as b, x_cb.wait() as c, y_cb.reserve() as out:
                out.store(a + b - c)

        @ttl.datamovement()
        def read():
            for i in range(3):
                with x_cb.reserve() as block:
                    ttl.copy(x[i, 0], block).wait()

        @ttl.datamovement()
        def write():
            with y_cb.wait() as block:
                ttl.copy(block, y[0, 0]).wait()

    compiled = total.compile(x, y)
    assert "cb_wait_front(x_cb, 3);" in compiled.kernels["compute"]
    compiled.run(x, y)
    a = tiles_of(x)
    assert (tiles_of(y)[0] == a[0] + a[1] - a[2]).all()


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_data_movement_holds_two_blocks_at_once(factor):
    """Both threads swap pairs of tiles; with three blocks in the buffer a pair lies around its end."""
    rows = 12

    @ttl.kernel(grid=(1, 1))
    def swap_twice(x, y):
        cb = ttl.make_circular_buffer_like(x, shape=(1, 1), buffer_factor=factor)

        @ttl.datamovement()
        def read():
            for i in range(0, rows, 2):
                with cb.reserve() as first, cb.reserve() as second:
                    ttl.copy(x[i, 0], second)
                    ttl.copy(x[i + 1, 0], first)

        @ttl.datamovement()
        def write():
            for i in range(0, rows, 4):
                with cb.wait() as first, cb.wait() as second:
                    ttl.copy(first, y[i, 0])
                    ttl.copy(second, y[i + 1, 0])
                for k in range(2):
                    with cb.wait() as block:
                        ttl.copy(block, y[i + 2 + k, 0])

    x, y = whole_numbers(rows), np.zeros((32 * rows, 32), BF16)
    swap_twice(x, y)
    a = tiles_of(x)
    assert (tiles_of(y) == a.reshape(-1, 2, 32, 32)[:, ::-1].reshape(a.shape)).all()


def kernel_of(body):
    """A kernel whose compute thread calls `body` with a buffer of four blocks that it takes from."""

    @ttl.kernel(grid=(1, 1))
    def taking(x, y):
        x_cb = ttl.make_circular_buffer_like(x, shape=(1, 1), buffer_factor=4)
        y_cb = ttl.make_circular_buffer_like(y, shape=(1, 1))

        @ttl.compute()
        def compute():
            body(x_cb, y_cb)

        @ttl.datamovement()
        def read():
            for i in range(12):
                with x_cb.reserve() as block:
                    ttl.copy(x[i, 0], block).wait()

        @ttl.datamovement()
        def write():
            with y_cb.wait() as block:
                ttl.copy(block, y[0, 0]).wait()

    return taking


def three_at_a_time(x_cb, y_cb):
    with y_cb.reserve() as out:
        for _ in range(4):
            with x_cb.wait() as a, x_cb.wait() as b, x_cb.wait() as c:
                out += a + b + c


def five_at_once(x_cb, y_cb):
    a, b, c, d = x_cb.wait(), x_cb.wait(), x_cb.wait(), x_cb.wait()
    with x_cb.wait() as e, y_cb.reserve() as out:
        out.store(a + b + c + d + e)


def after_the_release_of_the_first(x_cb, y_cb):
    a = x_cb.wait()
    with x_cb.wait() as b:
        a.pop()
        with y_cb.reserve() as out:
            out.store(b)


def across_a_loop(x_cb, y_cb):
    with x_cb.wait() as first, y_cb.reserve() as out:
        for _ in range(11):
            with x_cb.wait() as b:
                out += first + b


REFUSED = {
    three_at_a_time: "3 blocks of 'x_cb' are held at once, but not always in a row: it holds 4",
    five_at_once: "wait() of a block behind 4 others that are held: the buffer has no more",
    after_the_release_of_the_first: "a block is used after the release of one that was acquired before it",
    across_a_loop: "wait() of 'x_cb' while the block that this thread acquired before is still held: it would be the same"
    " block",
}


@pytest.mark.parametrize("body", REFUSED, ids=lambda body: body.__name__)
def test_what_cannot_be_held_at_once(body):
    with pytest.raises(CompileError) as caught:
        kernel_of(body).compile(whole_numbers(12), np.zeros((32, 32), BF16))
    assert str(caught.value).splitlines()[0] == f"error: {REFUSED[body]}"
    assert "test_blocks_at_once.py" in str(caught.value) and "help: " in str(caught.value)
