# SPDX-License-Identifier: Apache-2.0
"""Elementwise addition over the whole grid of cores.

Each core takes a share of the tile columns and goes down them in blocks of `GRANULARITY` tiles. One thread reads
blocks of both inputs from DRAM, one adds them, one writes the sums; double-buffered circular buffers let the three
work at the same time.

    python examples/eltwise_add.py [SIZE]
"""

import argparse
import sys

import ml_dtypes
import numpy as np

import ttlang as ttl

GRANULARITY = 2


@ttl.kernel(grid=(8, 8), granularity=GRANULARITY)
def eltwise_add(a_in, b_in, out):
    row_tiles, column_tiles = (size // tile for size, tile in zip(a_in.shape, ttl.TILE_SHAPE))
    cores_x, cores_y = ttl.grid_size(dims=2)
    x, y = ttl.core(dims=2)
    core = y * cores_x + x
    columns = -(-column_tiles // (cores_x * cores_y))  # per core, rounded up

    a_cb = ttl.make_circular_buffer_like(a_in, shape=(GRANULARITY, 1), buffer_factor=2)
    b_cb = ttl.make_circular_buffer_like(b_in, shape=(GRANULARITY, 1), buffer_factor=2)
    out_cb = ttl.make_circular_buffer_like(out, shape=(GRANULARITY, 1), buffer_factor=2)

    @ttl.compute()
    def add():
        for column in range(columns):
            if core * columns + column < column_tiles:
                for _ in range(row_tiles // GRANULARITY):
                    with a_cb.wait() as a, b_cb.wait() as b, out_cb.reserve() as total:
                        total.store(a + b)

    @ttl.datamovement()
    def read():
        for column in range(columns):
            ct = core * columns + column
            if ct < column_tiles:
                for rt in range(row_tiles // GRANULARITY):
                    rows = slice(rt * GRANULARITY, (rt + 1) * GRANULARITY)
                    with a_cb.reserve() as a, b_cb.reserve() as b:
                        a_xf = ttl.copy(a_in[rows, ct : ct + 1], a)
                        b_xf = ttl.copy(b_in[rows, ct : ct + 1], b)
                        a_xf.wait()
                        b_xf.wait()

    @ttl.datamovement()
    def write():
        for column in range(columns):
            ct = core * columns + column
            if ct < column_tiles:
                for rt in range(row_tiles // GRANULARITY):
                    with out_cb.wait() as total:
                        ttl.copy(total, out[rt * GRANULARITY : (rt + 1) * GRANULARITY, ct : ct + 1]).wait()


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description="elementwise addition")
    parser.add_argument("size", nargs="?", type=int, default=2048, help="rows and columns")
    size = parser.parse_args(argv).size
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal((size, size), np.float32).astype(ml_dtypes.bfloat16) for _ in range(2))
    out = np.zeros_like(a)

    report = eltwise_add(a, b, out)

    expected = a.astype(np.float32) + b.astype(np.float32)
    report.check(out, expected, name=f"eltwise_add {size}x{size} bfloat16")
    return 0


if __name__ == "__main__":
    sys.exit(main())
