# SPDX-License-Identifier: Apache-2.0
"""The code of nets whose pipes differ in coordinates only does not grow with the number of pipes."""

import numpy as np
import pytest

import ttlang as ttl


def sums_of_rows_and_columns(n):
    """Two nets at once, on n x n cores: multicasts along rows and along columns; out = a[y] + a[x]."""

    @ttl.kernel(grid=(n, n))
    def kernel(a, out):
        x, y = ttl.core()
        rows = ttl.PipeNet([ttl.Pipe(src=(0, r), dst=(slice(0, n), r)) for r in range(n)])
        columns = ttl.PipeNet([ttl.Pipe(src=(c, 0), dst=(c, slice(0, n))) for c in range(n)])
        p_cb, q_cb, out_cb = (ttl.make_circular_buffer_like(a, shape=(1, 1)) for _ in range(3))

        @ttl.compute()
        def add():
            for _ in range(2):
                with p_cb.wait() as p, q_cb.wait() as q, out_cb.reserve() as o:
                    o.store(p + q)

        @ttl.datamovement()
        def read():
            for i in range(2):
                with p_cb.reserve() as p:

                    def along_the_row(pipe):
                        ttl.copy(a[y, i], p).wait()  # noqa: B023 - called in this turn
                        ttl.copy(p, pipe)

                    rows.if_src(along_the_row)
                    rows.if_dst(lambda pipe: ttl.copy(pipe, p))
                with q_cb.reserve() as q:

                    def along_the_column(pipe):
                        ttl.copy(a[x, i], q).wait()  # noqa: B023 - called in this turn
                        ttl.copy(q, pipe)

                    columns.if_src(along_the_column)
                    columns.if_dst(lambda pipe: ttl.copy(pipe, q))

        @ttl.datamovement()
        def write():
            for i in range(2):
                with out_cb.wait() as o:
                    ttl.copy(o, out[n * i + y, x])

    return kernel


def tensors(n):
    a = np.random.default_rng(0).standard_normal((32 * n, 64)).astype(np.float32)
    return a, np.zeros((64 * n, 32 * n), np.float32)


def test_two_nets_at_once():
    n = 3
    a, out = tensors(n)
    sums_of_rows_and_columns(n)(a, out)
    tiles = a.reshape(n, 32, 2, 32).swapaxes(1, 2)
    for i in range(2):
        for y in range(n):
            for x in range(n):
                found = out[32 * (n * i + y) : 32 * (n * i + y) + 32, 32 * x : 32 * x + 32]
                np.testing.assert_array_equal(found, tiles[y, i] + tiles[x, i])


@pytest.mark.parametrize("n", [2, 6])
def test_lines_of_code(n):
    source, few = (
        sums_of_rows_and_columns(size).compile(*tensors(size)).kernels["read"].splitlines() for size in (n, 3)
    )
    assert abs(len(source) - len(few)) <= 2
