# SPDX-License-Identifier: Apache-2.0
"""All-to-all: core i has a block for each core j, and core j wants the blocks of all i: a transpose between cores.

One net holds a pipe for every pair. `if_src` calls its function once for each pipe that starts at the core, with the pipe:
`pipe.dst` says for whom the block is. On the other side `pipe.src` says whose it is. Pipes are used in the order of the
list, here in turns in which each core sends to another one. One thread sends and the other receives, so that no core
waits for its own turn to send before it takes what has come.

    python examples/all_to_all.py [--size WIDTH] [--cores CORES]
"""

import argparse
import sys

import ml_dtypes
import numpy as np

import ttlang as ttl


def make_all_to_all(cores):
    @ttl.kernel(grid=(cores, 1))
    def all_to_all(x, out):
        """Row of tiles i belongs to core i; block j of x's row i becomes block i of out's row j."""
        width = x.shape[1] // (32 * cores)
        pairs = [(i, (i + turn) % cores) for turn in range(1, cores) for i in range(cores)]
        net = ttl.PipeNet([ttl.Pipe(src=(i, 0), dst=(j, 0)) for i, j in pairs])
        own_cb, sent_cb, received_cb = (
            ttl.make_circular_buffer_like(x, shape=(1, width), buffer_factor=2) for _ in range(3)
        )
        core, _ = ttl.core(dims=2)

        def columns(owner):
            return slice(owner * width, (owner + 1) * width)

        @ttl.datamovement()
        def send():
            def send_block(pipe):
                with sent_cb.reserve() as outgoing:
                    ttl.copy(x[core, columns(pipe.dst[0])], outgoing).wait()
                with sent_cb.wait() as outgoing:
                    ttl.copy(outgoing, pipe).wait()

            net.if_src(send_block)
            with own_cb.reserve() as own:
                ttl.copy(x[core, columns(core)], own).wait()
            with own_cb.wait() as own:
                ttl.copy(own, out[core, columns(core)]).wait()

        @ttl.datamovement()
        def receive():
            def receive_block(pipe):
                with received_cb.reserve() as incoming:
                    ttl.copy(pipe, incoming).wait()
                with received_cb.wait() as incoming:
                    ttl.copy(incoming, out[core, columns(pipe.src[0])]).wait()

            net.if_dst(receive_block)

    return all_to_all


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description="all-to-all exchange between cores")
    parser.add_argument("--size", type=int, default=128, help="columns of a block")
    parser.add_argument("--cores", type=int, default=6)
    options = parser.parse_args(argv)

    cores, size = options.cores, options.size
    shape = (32 * cores, size * cores)
    x = np.random.default_rng(0).standard_normal(shape, np.float32).astype(ml_dtypes.bfloat16)
    out = np.zeros_like(x)
    report = make_all_to_all(cores)(x, out)
    expected = x.reshape(cores, 32, cores, size).swapaxes(0, 2).reshape(shape)
    title = f"all-to-all, {cores} cores, blocks of 32x{size} bfloat16"
    report.check(out, expected, name=title, tolerance=0.0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
