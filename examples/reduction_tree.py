# SPDX-License-Identifier: Apache-2.0
"""The sum of the rows of a matrix, over all cores: a tree of pipes.

Each core adds up its share of the rows. Then the cores meet in pairs: in round k, core i with bit k of i set and no lower
one sends its partial sum to core i - 2**k, which adds it to its own. After log2(cores) rounds core 0 has the total. Each
round is a net of its own, and a thread takes part in it with the same line of code on all cores: `if_src`
runs on those that send, `if_dst` on those that receive.

    python examples/reduction_tree.py [--rows ROWS] [--size COLUMNS] [--cores CORES]
"""

import argparse
import sys

import ml_dtypes
import numpy as np

import ttlang as ttl

TOLERANCE = 1e-2  # relative L2: partial sums travel as float32, operands and the result are bfloat16


def make_column_sums(cores):
    @ttl.kernel(grid=(cores,), fp32_dest_acc=True)
    def column_sums(x, out):
        assert cores & (cores - 1) == 0, "a power of two"
        rows, columns = (size // 32 for size in x.shape)
        share = rows // cores
        assert rows % cores == 0, "the same number of rows for every core"
        rounds = [1 << k for k in range(cores.bit_length() - 1)]
        nets = [
            ttl.PipeNet([ttl.Pipe(src=i, dst=i - step) for i in range(step, cores, 2 * step)])
            for step in rounds
        ]
        core = ttl.core(dims=1)

        x_cb = ttl.make_circular_buffer_like(x, shape=(1, columns), buffer_factor=2)
        own_cb, sent_cb, received_cb = (
            ttl.CircularBuffer(shape=(1, columns), buffer_factor=2, dtype=ttl.float32) for _ in range(3)
        )
        out_cb = ttl.make_circular_buffer_like(out, shape=(1, columns), buffer_factor=1)

        @ttl.compute()
        def add():
            with own_cb.reserve() as total:
                for _ in range(share):
                    with x_cb.wait() as row:
                        total += ttl.math.reduce_sum(row, dims=[0])
            for step in rounds:
                if core % (2 * step) == 0:
                    with own_cb.wait() as mine, received_cb.wait() as other, own_cb.reserve() as total:
                        total.store(mine + other)
                elif core % step == 0:
                    with own_cb.wait() as mine, sent_cb.reserve() as outgoing:
                        outgoing.store(mine)
            if core == 0:
                with own_cb.wait() as total, out_cb.reserve() as result:
                    result.store(total)

        @ttl.datamovement()
        def read():
            for r in range(share):
                with x_cb.reserve() as row:
                    ttl.copy(x[core * share + r, :], row).wait()
            for net in nets:

                def receive(pipe):
                    with received_cb.reserve() as incoming:
                        ttl.copy(pipe, incoming).wait()

                net.if_dst(receive)

        @ttl.datamovement()
        def send_and_write():
            for net in nets:

                def send(pipe):
                    with sent_cb.wait() as outgoing:
                        ttl.copy(outgoing, pipe).wait()

                net.if_src(send)
            if core == 0:
                with out_cb.wait() as result:
                    ttl.copy(result, out[0, :]).wait()

    return column_sums


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description="sums of the columns of a matrix, by a tree of cores")
    parser.add_argument("--rows", type=int, default=8192)
    parser.add_argument("--size", type=int, default=512, help="columns")
    parser.add_argument("--cores", type=int, default=32, help="a power of two")
    options = parser.parse_args(argv)

    x = np.random.default_rng(0).uniform(-1, 2, (options.rows, options.size)).astype(ml_dtypes.bfloat16)
    out = np.zeros((1, options.size), x.dtype)
    report = make_column_sums(options.cores)(x, out)
    expected = x.astype(np.float32).sum(axis=0, keepdims=True)
    title = f"sums of columns {options.rows}x{options.size} bfloat16, tree of {options.cores} cores"
    report.check(out, expected, name=title, tolerance=TOLERANCE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
