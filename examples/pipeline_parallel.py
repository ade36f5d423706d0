# SPDX-License-Identifier: Apache-2.0
"""Pipeline parallelism: cores of one column run the first layer of an MLP, cores of the next the second layer.

Threads have ranges of cores, so that the two columns run different programs. Each core loads the weights of its layer once
and keeps them; activations go from the first column to the second through pipes, without DRAM in between. While the second
layer works on one block of tokens, the first works on the next.

    python examples/pipeline_parallel.py [--tokens TOKENS] [--size SIZE] [--hidden HIDDEN] [--rows ROWS]
"""

import argparse
import sys

import ml_dtypes
import numpy as np

import ttlang as ttl

TOLERANCE = 2e-2  # relative L2: bfloat16 operands and activations, products summed in 32 bits


def make_mlp(rows):
    first, second = (0, slice(0, rows)), (1, slice(0, rows))  # columns of cores

    @ttl.kernel(grid=(2, rows), fp32_dest_acc=True)
    def mlp(x, w1, w2, out):
        """out = relu(x @ w1) @ w2; a row of two cores takes one block of tokens after the other."""
        size, hidden = w1.tile_shape
        blocks = x.tile_shape[0] // rows
        along_row = ttl.PipeNet([ttl.Pipe(src=(0, j), dst=(1, j)) for j in range(rows)])
        x_cb = ttl.make_circular_buffer_like(x, shape=(1, size))
        w1_cb = ttl.make_circular_buffer_like(w1, shape=(size, hidden), buffer_factor=1)
        w2_cb = ttl.make_circular_buffer_like(w2, shape=(hidden, size), buffer_factor=1)
        hidden_cb = ttl.make_circular_buffer_like(w1, shape=(1, hidden))
        received_cb = ttl.make_circular_buffer_like(w1, shape=(1, hidden))
        out_cb = ttl.make_circular_buffer_like(out, shape=(1, size))
        _, row = ttl.core(dims=2)

        @ttl.datamovement(cores=first)
        def read_tokens():
            with w1_cb.reserve() as weights:
                ttl.copy(w1, weights)
            for i in range(blocks):
                with x_cb.reserve() as tokens:
                    ttl.copy(x[row * blocks + i, :], tokens)

        @ttl.compute(cores=first)
        def first_layer():
            with w1_cb.wait() as weights:
                for _ in range(blocks):
                    with x_cb.wait() as tokens, hidden_cb.reserve() as activations:
                        activations.store(ttl.math.relu(tokens @ weights))

        @ttl.datamovement(cores=first)
        def send():
            for _ in range(blocks):
                with hidden_cb.wait() as activations:
                    along_row.if_src(lambda pipe: ttl.copy(activations, pipe))

        @ttl.datamovement(cores=second)
        def receive():
            with w2_cb.reserve() as weights:
                ttl.copy(w2, weights)
            for _ in range(blocks):
                with received_cb.reserve() as activations:
                    along_row.if_dst(lambda pipe: ttl.copy(pipe, activations))

        @ttl.compute(cores=second)
        def second_layer():
            with w2_cb.wait() as weights:
                for _ in range(blocks):
                    with received_cb.wait() as activations, out_cb.reserve() as result:
                        result.store(activations @ weights)

        @ttl.datamovement(cores=second)
        def write():
            for i in range(blocks):
                with out_cb.wait() as result:
                    ttl.copy(result, out[row * blocks + i, :])

    return mlp


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description="an MLP with its layers on different cores")
    parser.add_argument("--tokens", type=int, default=1024)
    parser.add_argument("--size", type=int, default=128, help="size of a token")
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--rows", type=int, default=8, help="rows of cores")
    options = parser.parse_args(argv)

    rng = np.random.default_rng(0)
    x, w1, w2 = (
        rng.standard_normal(shape, np.float32).astype(ml_dtypes.bfloat16)
        for shape in (
            (options.tokens, options.size),
            (options.size, options.hidden),
            (options.hidden, options.size),
        )
    )
    out = np.zeros_like(x)
    report = make_mlp(options.rows)(x, w1, w2, out)
    wide = [array.astype(np.float32) for array in (x, w1, w2)]
    expected = np.maximum(wide[0] @ wide[1], 0) @ wide[2]
    sizes = "x".join(map(str, (options.tokens, options.size, options.hidden)))
    report.check(
        out, expected, name=f"MLP {sizes} bfloat16, {options.rows} rows of two stages", tolerance=TOLERANCE
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
