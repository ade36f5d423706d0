# SPDX-License-Identifier: Apache-2.0
"""Transpose of a matrix: tiles move between cores' shares, datums inside of tiles move in the unpacker.

A transpose of tiles is two things: tile (i, j) becomes tile (j, i), which only changes where a block is written, and each
tile is transposed in itself, which the unpacker does on its way to the registers (`block.T`). Each core takes
square blocks of the input in turn and writes them mirrored.

    python examples/transpose.py [--rows ROWS] [--size COLUMNS]
"""

import argparse
import sys

import ml_dtypes
import numpy as np

import ttlang as ttl

BLOCK = 4  # rows and columns of tiles in a block


@ttl.kernel(grid="full")
def transpose(x, out):
    rows, columns = (size // (32 * BLOCK) for size in x.shape)
    cores = ttl.grid_size(dims=1)
    core = ttl.core(dims=1)
    x_cb = ttl.make_circular_buffer_like(x, shape=(BLOCK, BLOCK), buffer_factor=2)
    out_cb = ttl.make_circular_buffer_like(out, shape=(BLOCK, BLOCK), buffer_factor=2)

    def part(index):
        return slice(index * BLOCK, (index + 1) * BLOCK)

    @ttl.compute()
    def flip():
        for _ in range(core, rows * columns, cores):
            with x_cb.wait() as block, out_cb.reserve() as flipped:
                flipped.store(block.T)

    @ttl.datamovement()
    def read():
        for number in range(core, rows * columns, cores):
            with x_cb.reserve() as block:
                ttl.copy(x[part(number // columns), part(number % columns)], block).wait()

    @ttl.datamovement()
    def write():
        for number in range(core, rows * columns, cores):
            with out_cb.wait() as flipped:
                ttl.copy(flipped, out[part(number % columns), part(number // columns)]).wait()


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description="transpose of a matrix")
    parser.add_argument("--rows", type=int, default=2048)
    parser.add_argument("--size", type=int, default=1024, help="columns")
    options = parser.parse_args(argv)

    rng = np.random.default_rng(0)
    x = rng.standard_normal((options.rows, options.size), np.float32).astype(ml_dtypes.bfloat16)
    out = np.zeros((options.size, options.rows), x.dtype)
    report = transpose(x, out)
    report.check(out, x.T, name=f"transpose {options.rows}x{options.size} bfloat16", tolerance=0.0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
