# SPDX-License-Identifier: Apache-2.0
"""Ring all-gather: every core ends with the blocks of all cores, and talks to its right neighbour only.

In each step a core sends the block that it got last to the right and receives a new one from the left; after as many steps as
there are other cores, everybody has had everything. All cores send before they receive, around a closed ring: the compiler
sees that this would get stuck if a sender had to wait for its receiver, and gives each core a landing place.

    python examples/ring_all_gather.py [--size WIDTH] [--cores CORES]
"""

import argparse
import sys

import ml_dtypes
import numpy as np

import ttlang as ttl


def make_all_gather(cores):
    @ttl.kernel(grid=(cores, 1))
    def all_gather(x, out):
        """x: (32, cores * width), a block of columns for each core; out: (32 * cores, cores * width), a row for each core."""
        width = x.shape[1] // (32 * cores)
        ring = ttl.PipeNet([ttl.Pipe(src=(i, 0), dst=((i + 1) % cores, 0)) for i in range(cores)])
        passing_cb = ttl.make_circular_buffer_like(x, shape=(1, width), buffer_factor=2)
        out_cb = ttl.make_circular_buffer_like(x, shape=(1, width), buffer_factor=2)
        core, _ = ttl.core(dims=2)

        def columns(owner):
            return slice(owner * width, (owner + 1) * width)

        @ttl.datamovement()
        def pass_on():
            with passing_cb.reserve() as own:
                ttl.copy(x[0, columns(core)], own).wait()
            for step in range(cores):
                with passing_cb.wait() as last:
                    with out_cb.reserve() as kept:
                        ttl.copy(last, kept).wait()
                    if step < cores - 1:
                        ring.if_src(lambda pipe: ttl.copy(last, pipe).wait())
                if step < cores - 1:
                    with passing_cb.reserve() as following:
                        ring.if_dst(lambda pipe: ttl.copy(pipe, following).wait())

        @ttl.datamovement()
        def write():
            for step in range(cores):
                with out_cb.wait() as kept:
                    ttl.copy(kept, out[core, columns((core - step + cores) % cores)]).wait()

    return all_gather


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description="all-gather around a ring of cores")
    parser.add_argument("--size", type=int, default=256, help="columns of a core's block")
    parser.add_argument("--cores", type=int, default=8)
    options = parser.parse_args(argv)

    cores, columns = options.cores, options.cores * options.size
    x = np.random.default_rng(0).standard_normal((32, columns), np.float32).astype(ml_dtypes.bfloat16)
    out = np.zeros((32 * cores, columns), x.dtype)
    report = make_all_gather(cores)(x, out)
    title = f"ring all-gather, {cores} cores, 32x{options.size} bfloat16 each"
    report.check(out, np.tile(x, (cores, 1)), name=title, tolerance=0.0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
