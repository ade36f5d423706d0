# SPDX-License-Identifier: Apache-2.0
"""Softmax of each row, numerically stable: an expression with reductions is a loop over blocks, nothing more.

A block is a whole row of tiles. `reduce_max` and `reduce_sum` leave one number per row in column 0 of a tile; where such a
column meets a block that fills its tiles it is repeated, as NumPy repeats a dimension of size 1. The compiler decides
what stays in registers and which values need a circular buffer in between (here: the maximum, the exponentials, the sum).
Rows of tiles are dealt to all cores in turn.

    python examples/softmax.py [--rows ROWS] [--size COLUMNS]
"""

import argparse
import sys

import ml_dtypes
import numpy as np

import ttlang as ttl

TOLERANCE = 1e-2  # relative L2: bfloat16 keeps 8 bits, results are rounded to it twice


@ttl.kernel(grid="full", fp32_dest_acc=True)
def softmax(x, out):
    rows, columns = (size // tile for size, tile in zip(x.shape, ttl.TILE_SHAPE))
    cores = ttl.grid_size(dims=1)
    core = ttl.core(dims=1)

    x_cb = ttl.make_circular_buffer_like(x, shape=(1, columns), buffer_factor=2)
    out_cb = ttl.make_circular_buffer_like(out, shape=(1, columns), buffer_factor=2)

    @ttl.compute()
    def normalise():
        for _ in range(core, rows, cores):
            with x_cb.wait() as row, out_cb.reserve() as result:
                e = ttl.math.exp(row - ttl.math.reduce_max(row, dims=[1]))
                result.store(e * ttl.math.recip(ttl.math.reduce_sum(e, dims=[1])))

    @ttl.datamovement()
    def read():
        for r in range(core, rows, cores):
            with x_cb.reserve() as row:
                ttl.copy(x[r, :], row).wait()

    @ttl.datamovement()
    def write():
        for r in range(core, rows, cores):
            with out_cb.wait() as result:
                ttl.copy(result, out[r, :]).wait()


def reference(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description="softmax of each row of a matrix")
    parser.add_argument("--rows", type=int, default=4096)
    parser.add_argument("--size", type=int, default=1024, help="columns")
    options = parser.parse_args(argv)

    x = np.random.default_rng(0).standard_normal((options.rows, options.size), np.float32)
    x = (4 * x).astype(ml_dtypes.bfloat16)
    out = np.zeros_like(x)
    report = softmax(x, out)
    title = f"softmax {options.rows}x{options.size} bfloat16"
    report.check(out, reference(x.astype(np.float32)), name=title, tolerance=TOLERANCE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
