# SPDX-License-Identifier: Apache-2.0
"""Tensors that stay on the cores: a product of distributed matrices, and softmax of its rows.

Each core owns a part of A, of B and of C, in its own L1. For its part of C it fetches parts of A and B from the cores that own
them, and adds the products up right where its part of C lies. The softmax needs whole rows: C is dealt anew, from squares
to rows, by cores that fetch their rows from each other; then every core works on what it has. DRAM is not touched.

    python examples/distributed_matmul.py [--size SIZE] [--cores CORES]
"""

import argparse
import sys

import ml_dtypes
import numpy as np

import ttlang as ttl

PRODUCT_TOLERANCE = 1e-2  # relative L2: bfloat16 operands, sums rounded to bfloat16 after each part
SOFTMAX_TOLERANCE = 4e-2  # the same of exponentials, whose arguments have errors of the product


def part(index, extent):
    """The tiles of part `index`, when a part has `extent` of them."""
    return slice(index * extent, (index + 1) * extent)


@ttl.kernel(grid=lambda a, b, c: c.cores, fp32_dest_acc=True)
def product(a, b, c):
    rows, depth = a.extract_shard().shape
    _, columns = b.extract_shard().shape
    left_cb = ttl.make_circular_buffer_like(a, shape=(rows, depth))
    right_cb = ttl.make_circular_buffer_like(b, shape=(depth, columns))
    steps = a.tile_shape[1] // depth
    x, y = ttl.core(dims=2)

    @ttl.compute()
    def multiply():
        total = c.extract_shard()
        for _ in range(steps):
            with left_cb.wait() as left, right_cb.wait() as right:
                total += left @ right

    @ttl.datamovement()
    def fetch_a():
        for step in range(steps):
            k = (
                x + y + step
            ) % steps  # cores begin with different parts, so that no owner is asked by all at once
            with left_cb.reserve() as left:
                ttl.copy(a[part(y, rows), part(k, depth)], left)

    @ttl.datamovement()
    def fetch_b():
        for step in range(steps):
            k = (x + y + step) % steps
            with right_cb.reserve() as right:
                ttl.copy(b[part(k, depth), part(x, columns)], right)


@ttl.kernel(grid=lambda x, out: out.cores, fp32_dest_acc=True)
def softmax(x, out):
    @ttl.compute()
    def compute():
        mine = x.extract_shard()
        e = ttl.math.exp(mine - ttl.math.reduce_max(mine, dims=[1]))
        out.extract_shard().store(e / ttl.math.reduce_sum(e, dims=[1]))


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description="a product of distributed matrices, and softmax of its rows")
    parser.add_argument("--size", type=int, default=512, help="rows and columns of all matrices")
    parser.add_argument("--cores", type=int, default=4, help="rows and columns of cores")
    options = parser.parse_args(argv)
    size, cores = options.size, options.cores

    rng = np.random.default_rng(0)
    shape, grid, shard = (size, size), (cores, cores), (size // cores, size // cores)
    a, b = (
        ttl.DistributedTensor(0.3 * rng.standard_normal(shape, np.float32), grid, shard, dtype=ttl.bfloat16)
        for _ in range(2)
    )
    c = ttl.DistributedTensor(np.zeros(shape, ml_dtypes.bfloat16), grid, shard)
    expected = a.numpy().astype(np.float32) @ b.numpy().astype(np.float32)
    title = f"{size}x{size} bfloat16, {cores}x{cores} cores"
    product(a, b, c).check(c, expected, name=f"distributed matmul {title}", tolerance=PRODUCT_TOLERANCE)

    rows = c.redistribute("height_sharded")
    rows.report.check(rows, c.numpy(), name=f"squares to rows {title}", tolerance=0.0)

    out = ttl.DistributedTensor(np.zeros(shape, ml_dtypes.bfloat16), rows.grid, rows.shard, rows.strategy)
    e = np.exp(expected - expected.max(1, keepdims=True))
    softmax(rows, out).check(
        out, e / e.sum(1, keepdims=True), name=f"softmax {title}", tolerance=SOFTMAX_TOLERANCE
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
