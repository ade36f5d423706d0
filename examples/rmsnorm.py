# SPDX-License-Identifier: Apache-2.0
"""RMS normalisation: one statistic, and an expression that fits the registers needs no buffer.

The squares go straight from the registers of one row block into the reduction's buffer; the mean, its epsilon and the
reciprocal square root are computed in one section of the registers. float32 inputs keep 32-bit registers, which
halves how many tiles a section holds: compare the time with that of `--dtype bfloat16`.

    python examples/rmsnorm.py [--rows ROWS] [--size COLUMNS] [--dtype bfloat16|float32]
"""

import argparse
import sys

import ml_dtypes
import numpy as np

import ttlang as ttl

EPSILON = 1e-6
DTYPES = {"bfloat16": ml_dtypes.bfloat16, "float32": np.float32}
TOLERANCE = {
    "bfloat16": 1e-2,
    "float32": 2e-3,
}  # relative L2; the matrix unit reads 10 mantissa bits of a float32


@ttl.kernel(grid="full", fp32_dest_acc=True)
def rmsnorm(x, gamma, out):
    rows, columns = (size // tile for size, tile in zip(x.shape, ttl.TILE_SHAPE))
    cores = ttl.grid_size(dims=1)
    core = ttl.core(dims=1)

    x_cb = ttl.make_circular_buffer_like(x, shape=(1, columns), buffer_factor=2)
    gamma_cb = ttl.make_circular_buffer_like(gamma, shape=(1, columns), buffer_factor=1)
    out_cb = ttl.make_circular_buffer_like(out, shape=(1, columns), buffer_factor=2)

    @ttl.compute()
    def normalise():
        with gamma_cb.wait() as g:
            for _ in range(core, rows, cores):
                with x_cb.wait() as row, out_cb.reserve() as result:
                    scale = ttl.math.rsqrt(ttl.math.reduce_mean(row * row, dims=[1]) + EPSILON)
                    result.store(row * scale * g)

    @ttl.datamovement()
    def read():
        with gamma_cb.reserve() as g:
            ttl.copy(gamma[0, :], g)
        for r in range(core, rows, cores):
            with x_cb.reserve() as row:
                ttl.copy(x[r, :], row).wait()

    @ttl.datamovement()
    def write():
        for r in range(core, rows, cores):
            with out_cb.wait() as result:
                ttl.copy(result, out[r, :]).wait()


def reference(x, gamma):
    return x / np.sqrt((x**2).mean(axis=1, keepdims=True) + EPSILON) * gamma


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description="RMS normalisation of the rows of a matrix")
    parser.add_argument("--rows", type=int, default=4096)
    parser.add_argument("--size", type=int, default=1024, help="columns")
    parser.add_argument("--dtype", choices=DTYPES, default="bfloat16")
    options = parser.parse_args(argv)

    rng = np.random.default_rng(0)
    x = rng.standard_normal((options.rows, options.size), np.float32).astype(DTYPES[options.dtype])
    gamma = rng.standard_normal((1, options.size), np.float32).astype(x.dtype)
    out = np.zeros_like(x)
    report = rmsnorm(x, gamma, out)
    expected = reference(x.astype(np.float32), gamma.astype(np.float32))
    title = f"rmsnorm {options.rows}x{options.size} {options.dtype}"
    report.check(out, expected, name=title, tolerance=TOLERANCE[options.dtype])
    return 0


if __name__ == "__main__":
    sys.exit(main())
