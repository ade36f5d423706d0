# SPDX-License-Identifier: Apache-2.0
"""A GELU MLP, `gelu(x @ w1 + b1) @ w2 + b2`: a matrix product whose bias and activation never leave the core.

One kernel is a linear layer; it runs twice, with and without activation. Operands are multicast along rows and down
columns of the grid (see multicast_matmul.py). The sum over K is kept in float32 in L1; when it is complete, one more
expression adds the bias, whose row repeats, applies the activation and converts to bfloat16: the layer's
intermediate results are never written to DRAM.

    python examples/gelu_mlp.py [--tokens TOKENS] [--size WIDTH] [--hidden HIDDEN_WIDTH]
"""

import argparse
import math
import sys

import ml_dtypes
import numpy as np

import ttlang as ttl

GRID = (8, 8)
BLOCK_K = 4  # tiles of K in a block
TOLERANCE = 1e-2  # relative L2: bfloat16 operands, the hidden activations are rounded to it


def part(index, extent):
    """The tiles of block `index`, when a block has `extent` of them."""
    return slice(index * extent, (index + 1) * extent)


@ttl.kernel(grid=GRID, fp32_dest_acc=True)
def linear(x, weight, bias, out, activation):
    cores_x, cores_y = ttl.grid_size(dims=2)
    m, k, n = (size // 32 for size in (x.shape[0], x.shape[1], weight.shape[1]))
    assert m % cores_y == 0 and n % cores_x == 0 and k % BLOCK_K == 0, "whole blocks for every core"
    rows, columns, steps = m // cores_y, n // cores_x, k // BLOCK_K
    column, row = ttl.core(dims=2)

    x_cb = ttl.make_circular_buffer_like(x, shape=(rows, BLOCK_K), buffer_factor=2)
    weight_cb = ttl.make_circular_buffer_like(weight, shape=(BLOCK_K, columns), buffer_factor=2)
    bias_cb = ttl.make_circular_buffer_like(bias, shape=(1, columns), buffer_factor=1)
    sum_cb = ttl.CircularBuffer(shape=(rows, columns), buffer_factor=1, dtype=ttl.float32)
    out_cb = ttl.make_circular_buffer_like(out, shape=(rows, columns), buffer_factor=1)
    along_rows = ttl.PipeNet([ttl.Pipe(src=(0, j), dst=(slice(1, cores_x), j)) for j in range(cores_y)])
    down_columns = ttl.PipeNet([ttl.Pipe(src=(i, 0), dst=(i, slice(1, cores_y))) for i in range(cores_x)])

    @ttl.compute()
    def compute():
        with sum_cb.reserve() as total:
            for _ in range(steps):
                with x_cb.wait() as left, weight_cb.wait() as right:
                    total += left @ right
        with sum_cb.wait() as total, bias_cb.wait() as b, out_cb.reserve() as result:
            if activation == "gelu":
                result.store(ttl.math.gelu(total + b))
            else:
                result.store(total + b)

    @ttl.datamovement()
    def share_x():
        for step in range(steps):
            with x_cb.reserve() as left:

                def send(pipe):
                    ttl.copy(x[part(row, rows), part(step, BLOCK_K)], left).wait()
                    ttl.copy(left, pipe).wait()

                along_rows.if_src(send)
                along_rows.if_dst(lambda pipe: ttl.copy(pipe, left).wait())

    @ttl.datamovement()
    def share_weight_write_out():
        for step in range(steps):
            with weight_cb.reserve() as right:

                def send(pipe):
                    ttl.copy(weight[part(step, BLOCK_K), part(column, columns)], right).wait()
                    ttl.copy(right, pipe).wait()

                down_columns.if_src(send)
                down_columns.if_dst(lambda pipe: ttl.copy(pipe, right).wait())
        with bias_cb.reserve() as b:
            ttl.copy(bias[0, part(column, columns)], b).wait()
        with out_cb.wait() as result:
            ttl.copy(result, out[part(row, rows), part(column, columns)]).wait()


def gelu(x):
    return 0.5 * x * (1 + np.vectorize(math.erf, otypes=[np.float32])(x / np.sqrt(2)))


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description="an MLP with GELU")
    parser.add_argument("--tokens", type=int, default=512)
    parser.add_argument("--size", type=int, default=512, help="width of the model")
    parser.add_argument("--hidden", type=int, default=2048)
    options = parser.parse_args(argv)

    rng = np.random.default_rng(0)

    def normal(rows, columns, deviation=1.0):
        values = deviation * rng.standard_normal((rows, columns), np.float32)
        return values.astype(ml_dtypes.bfloat16)

    x = normal(options.tokens, options.size)
    w1, b1 = normal(options.size, options.hidden, options.size**-0.5), normal(1, options.hidden)
    w2, b2 = normal(options.hidden, options.size, options.hidden**-0.5), normal(1, options.size)
    hidden = np.zeros((options.tokens, options.hidden), x.dtype)
    out = np.zeros_like(x)

    wide = [array.astype(np.float32) for array in (x, w1, b1, w2, b2)]
    activations = gelu(wide[0] @ wide[1] + wide[2])
    title = f"gelu MLP {options.tokens}x{options.size}x{options.hidden} bfloat16"
    first = linear(x, w1, b1, hidden, "gelu")
    first.check(hidden, activations, name=f"{title}, first layer", tolerance=TOLERANCE)
    second = linear(hidden, w2, b2, out, "none")
    second.check(out, activations @ wide[3] + wide[4], name=f"{title}, second layer", tolerance=TOLERANCE)
    if first.cycles is not None and second.cycles is not None:
        print(f"both layers: {first.cycles + second.cycles:,} cycles, {first.seconds + second.seconds:.3g} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
