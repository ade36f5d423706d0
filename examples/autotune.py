# SPDX-License-Identifier: Apache-2.0
"""Finding the best blocks of a kernel by running its variants on the simulator.

The kernel is written with the smallest blocks, one tile, and single buffers: easy to read and slow. What makes it fast
stands in a schedule: how large blocks are, how many of them a buffer holds, and how far ahead the reader starts its
reads. `ttl.autotune` runs every choice, compares the values with those of the kernel as it is written, and keeps the best.
Choices that do not fit the loops or the memory of a core are listed with the reason.

    python examples/autotune.py [SIZE] [--trials N]
"""

import argparse
import sys

import ml_dtypes
import numpy as np

import ttlang as ttl


@ttl.kernel(grid=(4, 4))
def scaled_add(x, y, out):
    """`out = x + 0.5 * y`; each core takes a rectangle of the tiles."""
    cores_x, cores_y = ttl.grid_size(dims=2)
    core_x, core_y = ttl.core(dims=2)
    rows, columns = x.tile_shape[0] // cores_y, x.tile_shape[1] // cores_x

    x_cb = ttl.make_circular_buffer_like(x, shape=(1, 1), buffer_factor=1)
    y_cb = ttl.make_circular_buffer_like(y, shape=(1, 1), buffer_factor=1)
    out_cb = ttl.make_circular_buffer_like(out, shape=(1, 1), buffer_factor=1)

    @ttl.compute()
    def add():
        for _ in range(rows):
            for _ in range(columns):
                with x_cb.wait() as a, y_cb.wait() as b, out_cb.reserve() as result:
                    result.store(a + 0.5 * b)

    @ttl.datamovement()
    def read():
        for row in range(core_y * rows, (core_y + 1) * rows):
            for column in range(core_x * columns, (core_x + 1) * columns):
                with x_cb.reserve() as a, y_cb.reserve() as b:
                    ttl.copy(x[row, column], a)
                    ttl.copy(y[row, column], b)

    @ttl.datamovement()
    def write():
        for row in range(core_y * rows, (core_y + 1) * rows):
            for column in range(core_x * columns, (core_x + 1) * columns):
                with out_cb.wait() as result:
                    ttl.copy(result, out[row, column])


SPACE = {"height": [1, 2], "width": [1, 2, 4], "blocks": [1, 3], "ahead": [0, 1]}


def rewrite(schedule, height, width, blocks, ahead):
    """The steps for one choice of each kind."""
    schedule = schedule.tile(height, width)
    if blocks > 1:
        schedule = schedule.optimize_buffer_factor(blocks)
    if ahead:
        schedule = schedule.insert_prefetch(ahead)
    return schedule


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description="tuning of an elementwise kernel")
    parser.add_argument("size", nargs="?", type=int, default=512, help="rows and columns")
    parser.add_argument("--trials", type=int, help="run so many choices only, which optuna proposes")
    options = parser.parse_args(argv)
    rng = np.random.default_rng(0)
    shape = (options.size, options.size)
    x, y = (rng.standard_normal(shape, np.float32).astype(ml_dtypes.bfloat16) for _ in range(2))
    out = np.zeros_like(x)

    tuned = ttl.autotune(scaled_add, (x, y, out), SPACE, schedule=rewrite, trials=options.trials)
    print(tuned)
    print(f"schedule of the best choice, {tuned.best}:\n\n{tuned.kernel}")
    report = tuned.kernel(*tuned.arguments)

    expected = x.astype(np.float32) + 0.5 * y.astype(np.float32)
    report.check(out, expected, name=f"tuned scaled_add {options.size}x{options.size} bfloat16")
    return 0


if __name__ == "__main__":
    sys.exit(main())
