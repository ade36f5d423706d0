# SPDX-License-Identifier: Apache-2.0
"""Matrix multiplication with a loop over K: one core first, then a 4x4 grid.

Each core computes a share of the output blocks. A block of the output is accumulated over K in the 32-bit
destination registers; operands are bfloat16, in blocks of several tiles.

    python examples/matmul.py [SIZE]
"""

import argparse
import sys

import ml_dtypes
import numpy as np

import ttlang as ttl

BLOCK_M, BLOCK_K, BLOCK_N = 2, 4, 2  # in tiles


def make_matmul(grid):
    @ttl.kernel(grid=grid, fp32_dest_acc=True)
    def matmul(a, b, c):
        m_blocks = a.shape[0] // (32 * BLOCK_M)
        k_blocks = a.shape[1] // (32 * BLOCK_K)
        n_blocks = b.shape[1] // (32 * BLOCK_N)
        cores_x, cores_y = ttl.grid_size(dims=2)
        assert m_blocks % cores_y == 0 and n_blocks % cores_x == 0, "whole blocks for every core"
        rows, columns = m_blocks // cores_y, n_blocks // cores_x  # output blocks of one core
        x, y = ttl.core(dims=2)

        a_cb = ttl.make_circular_buffer_like(a, shape=(BLOCK_M, BLOCK_K), buffer_factor=2)
        b_cb = ttl.make_circular_buffer_like(b, shape=(BLOCK_K, BLOCK_N), buffer_factor=2)
        c_cb = ttl.make_circular_buffer_like(c, shape=(BLOCK_M, BLOCK_N), buffer_factor=2)

        @ttl.compute()
        def multiply():
            for _ in range(rows):
                for _ in range(columns):
                    with c_cb.reserve() as total:
                        for _ in range(k_blocks):
                            with a_cb.wait() as left, b_cb.wait() as right:
                                total += left @ right

        @ttl.datamovement()
        def read():
            for row in range(rows):
                m = (y * rows + row) * BLOCK_M
                for column in range(columns):
                    n = (x * columns + column) * BLOCK_N
                    for k_block in range(k_blocks):
                        k = k_block * BLOCK_K
                        with a_cb.reserve() as left, b_cb.reserve() as right:
                            ttl.copy(a[m : m + BLOCK_M, k : k + BLOCK_K], left).wait()
                            ttl.copy(b[k : k + BLOCK_K, n : n + BLOCK_N], right).wait()

        @ttl.datamovement()
        def write():
            for row in range(rows):
                m = (y * rows + row) * BLOCK_M
                for column in range(columns):
                    n = (x * columns + column) * BLOCK_N
                    with c_cb.wait() as total:
                        ttl.copy(total, c[m : m + BLOCK_M, n : n + BLOCK_N]).wait()

    return matmul


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description="matrix multiplication")
    parser.add_argument("size", nargs="?", type=int, default=512, help="rows and columns of all matrices")
    size = parser.parse_args(argv).size
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal((size, size), np.float32).astype(ml_dtypes.bfloat16) for _ in range(2))
    expected = a.astype(np.float32) @ b.astype(np.float32)
    for grid in ((1, 1), (4, 4)):
        c = np.zeros((size, size), np.float32)
        report = make_matmul(grid)(a, b, c)
        report.check(c, expected, name=f"matmul {size}x{size}x{size} bfloat16, {grid[0]}x{grid[1]} cores")
    return 0


if __name__ == "__main__":
    sys.exit(main())
