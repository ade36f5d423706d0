# SPDX-License-Identifier: Apache-2.0
"""Kernels for tests of schedules, and what tests ask of them."""

import ml_dtypes
import numpy as np

import ttlang as ttl

BF16 = ml_dtypes.bfloat16


def numbers(rows, columns, dtype=BF16, seed=0):
    """A matrix of that many tiles."""
    return np.random.default_rng(seed).standard_normal((rows * 32, columns * 32), np.float32).astype(dtype)


def copying(factor=6, metal_version="0.81", height=1):
    """A kernel that copies a column of tiles, `height` tiles a turn."""

    @ttl.kernel(grid=(1, 1), arch="blackhole", metal_version=metal_version)
    def copy_tiles(a, out):
        turns = a.tile_shape[0] // height
        cb = ttl.make_circular_buffer_like(a, shape=(height, 1), buffer_factor=factor)

        @ttl.datamovement()
        def read():
            for i in range(turns):
                with cb.reserve() as block:
                    ttl.copy(a[i * height : (i + 1) * height, 0:1], block).wait()

        @ttl.datamovement()
        def write():
            for i in range(turns):
                with cb.wait() as block:
                    ttl.copy(block, out[i * height : (i + 1) * height, 0:1]).wait()

    return copy_tiles


@ttl.kernel(grid=(2, 1))
def add_tiles(a, b, out):
    """Sums of tiles that two cores take in turn: how often their loops turn is known at run time only."""
    rows, core, cores = a.tile_shape[0], ttl.core(dims=1), ttl.grid_size(dims=1)
    a_cb, b_cb, out_cb = (ttl.make_circular_buffer_like(x, shape=(1, 1)) for x in (a, b, out))

    @ttl.compute()
    def compute():
        for _ in range(core, rows, cores):
            with a_cb.wait() as x, b_cb.wait() as y, out_cb.reserve() as z:
                z.store(x + y)

    @ttl.datamovement()
    def read():
        for i in range(core, rows, cores):
            with a_cb.reserve() as x:
                ttl.copy(a[i, 0], x).wait()
            with b_cb.reserve() as y:
                ttl.copy(b[i, 0], y).wait()

    @ttl.datamovement()
    def write():
        for i in range(core, rows, cores):
            with out_cb.wait() as z:
                ttl.copy(z, out[i, 0]).wait()


@ttl.kernel(grid=(1, 1))
def sum_products(a, b, out):
    """A block of 4x4 tiles of a matrix product, summed over K in a loop; two halves of DST have no room for it."""
    steps = a.tile_shape[1]
    a_cb = ttl.make_circular_buffer_like(a, shape=(4, 1))
    b_cb = ttl.make_circular_buffer_like(b, shape=(1, 4))
    out_cb = ttl.make_circular_buffer_like(out, shape=(4, 4))

    @ttl.compute()
    def compute():
        with out_cb.reserve() as total:
            for _ in range(steps):
                with a_cb.wait() as x, b_cb.wait() as y:
                    total += x @ y

    @ttl.datamovement()
    def read():
        for k in range(steps):
            with a_cb.reserve() as x, b_cb.reserve() as y:
                ttl.copy(a[:, k : k + 1], x)
                ttl.copy(b[k : k + 1, :], y)

    @ttl.datamovement()
    def write():
        with out_cb.wait() as total:
            ttl.copy(total, out[:, :])


def ran(kernel, *arguments):
    """Cycles of a run; the last argument, the output, is cleared before."""
    arguments[-1][...] = 0
    return kernel(*arguments).cycles


def assert_same(kernel, scheduled, *arguments):
    """The scheduled kernel computes what the kernel does, bit by bit."""
    ran(kernel, *arguments)
    expected = arguments[-1].copy()
    ran(scheduled, *arguments)
    assert expected.any()
    assert (arguments[-1] == expected).all()


def message(call):
    """What an error says, without the excerpts of the source."""
    try:
        call()
    except ttl.CompileError as error:
        return error.message
    raise AssertionError("no error")
