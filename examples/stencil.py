# SPDX-License-Identifier: Apache-2.0
"""Jacobi iteration of a five-point stencil: shifts are matrix products, halos travel through pipes.

The matrix unit cannot shift a tile by one row, but it can multiply: with `band`, which has 1/4 beside its diagonal, `band @ u`
is the sum of the neighbours above and below, `u @ band` of those to the left and to the right. Each core keeps a block of the
domain in L1 for all steps. The rows and columns that its neighbours need are products too: `first` has one entry, which
picks the first row (`first @ u`) or column (`u @ first.T`); its transpose puts a received row into its place. Four
nets of pipes carry the halos. Outside of the domain u is zero.

    python examples/stencil.py [--size SIZE] [--steps STEPS]
"""

import argparse
import sys

import ml_dtypes
import numpy as np

import ttlang as ttl

GRID = (8, 8)
TOLERANCE = 2e-2  # relative L2: the domain is rounded to bfloat16 in each step


@ttl.kernel(grid=GRID, fp32_dest_acc=True)
def jacobi(u, band, first, last, out, steps):
    cores_x, cores_y = ttl.grid_size(dims=2)
    side = band.shape[0] // 32  # of a core's block, in tiles
    assert u.shape == (32 * side * cores_y, 32 * side * cores_x), "a block of the domain for each core"
    x, y = ttl.core(dims=2)
    columns, rows = range(cores_x), range(cores_y)
    up = ttl.PipeNet([ttl.Pipe(src=(i, j), dst=(i, j - 1)) for i in columns for j in rows[1:]])
    down = ttl.PipeNet([ttl.Pipe(src=(i, j), dst=(i, j + 1)) for i in columns for j in rows[:-1]])
    left = ttl.PipeNet([ttl.Pipe(src=(i, j), dst=(i - 1, j)) for i in columns[1:] for j in rows])
    right = ttl.PipeNet([ttl.Pipe(src=(i, j), dst=(i + 1, j)) for i in columns[:-1] for j in rows])

    in_cb = ttl.make_circular_buffer_like(u, shape=(side, side), buffer_factor=1)
    u_cb = ttl.make_circular_buffer_like(u, shape=(side, side), buffer_factor=2)
    sum_cb = ttl.CircularBuffer(shape=(side, side), buffer_factor=1, dtype=ttl.float32)
    out_cb = ttl.make_circular_buffer_like(u, shape=(side, side), buffer_factor=1)
    band_cb = ttl.make_circular_buffer_like(band, shape=(side, side), buffer_factor=1)
    first_cb, last_cb = (
        ttl.make_circular_buffer_like(t, shape=(1, side), buffer_factor=1) for t in (first, last)
    )
    to_up, to_down, from_up, from_down = (
        ttl.CircularBuffer(shape=(1, side), dtype=u.dtype) for _ in range(4)
    )
    to_left, to_right, from_left, from_right = (
        ttl.CircularBuffer(shape=(side, 1), dtype=u.dtype) for _ in range(4)
    )
    has_up, has_down, has_left, has_right = y > 0, y < cores_y - 1, x > 0, x < cores_x - 1

    @ttl.compute()
    def iterate():
        with band_cb.wait() as neighbours, first_cb.wait() as top, last_cb.wait() as bottom:
            top_place, bottom_place = top.T, bottom.T
            with in_cb.wait() as given, u_cb.reserve() as block:
                block.store(given)
            for _ in range(steps):
                with u_cb.wait() as block:
                    for present, edge_cb, row in ((has_up, to_up, top), (has_down, to_down, bottom)):
                        if present:
                            with edge_cb.reserve() as edge:
                                edge.store(row @ block)
                    for present, edge_cb, row in ((has_left, to_left, top), (has_right, to_right, bottom)):
                        if present:
                            with edge_cb.reserve() as edge:
                                edge.store(block @ row.T)
                    with sum_cb.reserve() as total:
                        total += neighbours @ block
                        total += block @ neighbours
                        for present, halo_cb, place in (
                            (has_up, from_up, top_place),
                            (has_down, from_down, bottom_place),
                        ):
                            if present:
                                with halo_cb.wait() as halo:
                                    total += place @ halo
                        for present, halo_cb, row in (
                            (has_left, from_left, top),
                            (has_right, from_right, bottom),
                        ):
                            if present:
                                with halo_cb.wait() as halo:
                                    total += halo @ row
                with sum_cb.wait() as total, u_cb.reserve() as block:
                    block.store(total)
            with u_cb.wait() as block, out_cb.reserve() as result:
                result.store(block)

    def exchange(nets, outgoing, incoming):
        """One step: send to both neighbours along a dimension, then receive from both."""
        for net, edge_cb in zip(nets, outgoing):

            def send(pipe):
                with edge_cb.wait() as edge:
                    ttl.copy(edge, pipe).wait()

            net.if_src(send)
        for net, halo_cb in zip(nets, incoming):

            def receive(pipe):
                with halo_cb.reserve() as halo:
                    ttl.copy(pipe, halo).wait()

            net.if_dst(receive)

    def own():
        return slice(y * side, (y + 1) * side), slice(x * side, (x + 1) * side)

    @ttl.datamovement()
    def along_columns():
        with band_cb.reserve() as neighbours, first_cb.reserve() as top, last_cb.reserve() as bottom:
            ttl.copy(band[:, :], neighbours)
            ttl.copy(first[:, :], top)
            ttl.copy(last[:, :], bottom)
        for _ in range(steps):
            exchange((up, down), (to_up, to_down), (from_down, from_up))

    @ttl.datamovement()
    def along_rows():
        with in_cb.reserve() as given:
            ttl.copy(u[own()], given).wait()
        for _ in range(steps):
            exchange((left, right), (to_left, to_right), (from_right, from_left))
        with out_cb.wait() as result:
            ttl.copy(result, out[own()]).wait()


def reference(u, steps):
    for _ in range(steps):
        p = np.pad(u, 1)
        u = (p[:-2, 1:-1] + p[2:, 1:-1] + p[1:-1, :-2] + p[1:-1, 2:]) / 4
    return u


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description="Jacobi iteration with halo exchange")
    parser.add_argument("--size", type=int, default=512, help="rows and columns of the domain")
    parser.add_argument("--steps", type=int, default=8)
    options = parser.parse_args(argv)

    side = options.size // GRID[0]
    dtype = ml_dtypes.bfloat16
    band = (np.eye(side, k=1) + np.eye(side, k=-1)) / 4
    first, last = np.zeros((32, side)), np.zeros((32, side))
    first[0, 0] = last[0, -1] = 0.5  # used twice on the way of a halo: 1/4
    u = np.random.default_rng(0).uniform(0, 1, (options.size, options.size)).astype(dtype)
    out = np.zeros_like(u)
    constants = (array.astype(dtype) for array in (band, first, last))
    report = jacobi(u, *constants, out, options.steps)
    expected = reference(u.astype(np.float32), options.steps)
    title = f"Jacobi {options.size}x{options.size} bfloat16, {options.steps} steps"
    report.check(out, expected, name=title, tolerance=TOLERANCE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
