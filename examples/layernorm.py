# SPDX-License-Identifier: Apache-2.0
"""Layer normalisation: row statistics, and vectors that are the same for every row.

`gamma` and `beta` are (1, columns) tensors: their tiles hold them in row 0. Each core reads them once and keeps their
blocks for the whole kernel. As in NumPy, a dimension of size 1 repeats: row 0 of gamma and beta down the rows, the
mean and the variance of each row along the columns; the unpacker does it while it reads.

    python examples/layernorm.py [--rows ROWS] [--size COLUMNS]
"""

import argparse
import sys

import ml_dtypes
import numpy as np

import ttlang as ttl

EPSILON = 1e-5
TOLERANCE = 1e-2  # relative L2: bfloat16 in and out, the deviations are rounded to it in between


@ttl.kernel(grid="full", fp32_dest_acc=True)
def layernorm(x, gamma, beta, out):
    rows, columns = (size // tile for size, tile in zip(x.shape, ttl.TILE_SHAPE))
    cores = ttl.grid_size(dims=1)
    core = ttl.core(dims=1)

    x_cb = ttl.make_circular_buffer_like(x, shape=(1, columns), buffer_factor=2)
    gamma_cb = ttl.make_circular_buffer_like(gamma, shape=(1, columns), buffer_factor=1)
    beta_cb = ttl.make_circular_buffer_like(beta, shape=(1, columns), buffer_factor=1)
    out_cb = ttl.make_circular_buffer_like(out, shape=(1, columns), buffer_factor=2)

    @ttl.compute()
    def normalise():
        with gamma_cb.wait() as g, beta_cb.wait() as b:
            for _ in range(core, rows, cores):
                with x_cb.wait() as row, out_cb.reserve() as result:
                    centred = row - ttl.math.reduce_mean(row, dims=[1])
                    variance = ttl.math.reduce_mean(centred * centred, dims=[1])
                    normal = centred * ttl.math.rsqrt(variance + EPSILON)
                    result.store(normal * g + b)

    @ttl.datamovement()
    def read():
        with gamma_cb.reserve() as g, beta_cb.reserve() as b:
            ttl.copy(gamma[0, :], g)
            ttl.copy(beta[0, :], b)
        for r in range(core, rows, cores):
            with x_cb.reserve() as row:
                ttl.copy(x[r, :], row).wait()

    @ttl.datamovement()
    def write():
        for r in range(core, rows, cores):
            with out_cb.wait() as result:
                ttl.copy(result, out[r, :]).wait()


def reference(x, gamma, beta):
    centred = x - x.mean(axis=1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + EPSILON) * gamma + beta


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description="layer normalisation of the rows of a matrix")
    parser.add_argument("--rows", type=int, default=4096)
    parser.add_argument("--size", type=int, default=1024, help="columns")
    options = parser.parse_args(argv)

    rng = np.random.default_rng(0)
    x = (2 * rng.standard_normal((options.rows, options.size), np.float32) + 1).astype(ml_dtypes.bfloat16)
    gamma, beta = (rng.standard_normal((1, options.size), np.float32).astype(x.dtype) for _ in range(2))
    out = np.zeros_like(x)
    report = layernorm(x, gamma, beta, out)
    expected = reference(*(array.astype(np.float32) for array in (x, gamma, beta)))
    title = f"layernorm {options.rows}x{options.size} bfloat16"
    report.check(out, expected, name=title, tolerance=TOLERANCE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
