# SPDX-License-Identifier: Apache-2.0
"""Matrix multiplication with multicast: each block is read from DRAM once and handed to a row or a column of cores.

In the plain kernel every core reads all the blocks it needs, so each block of A leaves DRAM once per column of cores. Here
the first core of each row reads A and multicasts it along its row, the first of each column multicasts B down its column.
It is written twice: with semaphores, where the kernel does the handshake itself (receivers say that they have room, the
sender multicasts the block and then a flag), and with pipes, where the compiler makes the same handshake.

    python examples/multicast_matmul.py [--size SIZE] [--block-k TILES]
"""

import argparse
import sys

import ml_dtypes
import numpy as np

import ttlang as ttl

GRID = (8, 8)
TOLERANCE = 1e-2  # relative L2: bfloat16 operands, products summed in 32 bits


class Blocking:
    """How a product is dealt to the grid, in tiles: a core owns `rows` x `columns` of C and goes over K in `steps`."""

    def __init__(self, a, b, depth):
        cores_x, cores_y = GRID
        m, k, n = (size // 32 for size in (a.shape[0], a.shape[1], b.shape[1]))
        assert m % cores_y == 0 and n % cores_x == 0 and k % depth == 0, "whole blocks for every core"
        self.rows, self.columns, self.depth, self.steps = m // cores_y, n // cores_x, depth, k // depth

    def buffers(self, a, b, c):
        """Circular buffers of the three matrices."""
        a_cb = ttl.make_circular_buffer_like(a, shape=(self.rows, self.depth), buffer_factor=2)
        b_cb = ttl.make_circular_buffer_like(b, shape=(self.depth, self.columns), buffer_factor=2)
        c_cb = ttl.make_circular_buffer_like(c, shape=(self.rows, self.columns), buffer_factor=1)
        return a_cb, b_cb, c_cb


def part(index, extent):
    """The tiles of block `index`, when a block has `extent` of them."""
    return slice(index * extent, (index + 1) * extent)


def multiplication(blocking, a_cb, b_cb, c_cb):
    """The compute thread, the same for all kernels: C stays in L1 and the packer adds each step's products to it."""

    @ttl.compute()
    def multiply():
        with c_cb.reserve() as total:
            for _ in range(blocking.steps):
                with a_cb.wait() as left, b_cb.wait() as right:
                    total += left @ right


@ttl.kernel(grid=GRID, fp32_dest_acc=True)
def plain(a, b, c, depth):
    blocking = Blocking(a, b, depth)
    rows, columns, steps = blocking.rows, blocking.columns, blocking.steps
    a_cb, b_cb, c_cb = blocking.buffers(a, b, c)
    x, y = ttl.core(dims=2)
    multiplication(blocking, a_cb, b_cb, c_cb)

    @ttl.datamovement()
    def read_a():
        for k in range(steps):
            with a_cb.reserve() as left:
                ttl.copy(a[part(y, rows), part(k, depth)], left).wait()

    @ttl.datamovement()
    def read_b_write_c():
        for k in range(steps):
            with b_cb.reserve() as right:
                ttl.copy(b[part(k, depth), part(x, columns)], right).wait()
        with c_cb.wait() as total:
            ttl.copy(total, c[part(y, rows), part(x, columns)]).wait()


@ttl.kernel(grid=GRID, fp32_dest_acc=True)
def with_semaphores(a, b, c, depth):
    blocking = Blocking(a, b, depth)
    rows, columns, steps = blocking.rows, blocking.columns, blocking.steps
    a_cb, b_cb, c_cb = blocking.buffers(a, b, c)
    cores_x, cores_y = ttl.grid_size(dims=2)
    x, y = ttl.core(dims=2)
    a_ready, a_sent, b_ready, b_sent = (ttl.Semaphore(initial=0) for _ in range(4))
    multiplication(blocking, a_cb, b_cb, c_cb)

    @ttl.datamovement()
    def share_a():
        for k in range(steps):
            with a_cb.reserve() as left:
                if x == 0:
                    ttl.copy(a[part(y, rows), part(k, depth)], left).wait()
                    a_ready.wait(cores_x - 1, reset=0)
                    ttl.dma(left, left, core=(1, y), mcast=(cores_x - 1, 1)).wait()
                    a_sent.set(1, core=(1, y), mcast=(cores_x - 1, 1))
                else:
                    a_ready.inc(1, core=(0, y))
                    a_sent.wait(1, reset=0)

    @ttl.datamovement()
    def share_b_write_c():
        for k in range(steps):
            with b_cb.reserve() as right:
                if y == 0:
                    ttl.copy(b[part(k, depth), part(x, columns)], right).wait()
                    b_ready.wait(cores_y - 1, reset=0)
                    ttl.dma(right, right, core=(x, 1), mcast=(1, cores_y - 1)).wait()
                    b_sent.set(1, core=(x, 1), mcast=(1, cores_y - 1))
                else:
                    b_ready.inc(1, core=(x, 0))
                    b_sent.wait(1, reset=0)
        with c_cb.wait() as total:
            ttl.copy(total, c[part(y, rows), part(x, columns)]).wait()


@ttl.kernel(grid=GRID, fp32_dest_acc=True)
def with_pipes(a, b, c, depth):
    blocking = Blocking(a, b, depth)
    rows, columns, steps = blocking.rows, blocking.columns, blocking.steps
    a_cb, b_cb, c_cb = blocking.buffers(a, b, c)
    cores_x, cores_y = ttl.grid_size(dims=2)
    x, y = ttl.core(dims=2)
    along_rows = ttl.PipeNet([ttl.Pipe(src=(0, j), dst=(slice(1, cores_x), j)) for j in range(cores_y)])
    down_columns = ttl.PipeNet([ttl.Pipe(src=(i, 0), dst=(i, slice(1, cores_y))) for i in range(cores_x)])
    multiplication(blocking, a_cb, b_cb, c_cb)

    @ttl.datamovement()
    def share_a():
        for k in range(steps):
            with a_cb.reserve() as left:

                def send(pipe):
                    ttl.copy(a[part(y, rows), part(k, depth)], left).wait()
                    ttl.copy(left, pipe).wait()

                along_rows.if_src(send)
                along_rows.if_dst(lambda pipe: ttl.copy(pipe, left).wait())

    @ttl.datamovement()
    def share_b_write_c():
        for k in range(steps):
            with b_cb.reserve() as right:

                def send(pipe):
                    ttl.copy(b[part(k, depth), part(x, columns)], right).wait()
                    ttl.copy(right, pipe).wait()

                down_columns.if_src(send)
                down_columns.if_dst(lambda pipe: ttl.copy(pipe, right).wait())
        with c_cb.wait() as total:
            ttl.copy(total, c[part(y, rows), part(x, columns)]).wait()


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description="matrix multiplication with multicast")
    parser.add_argument("--size", type=int, default=1024, help="rows and columns of all matrices")
    parser.add_argument("--block-k", type=int, default=4, help="tiles of K in a block")
    options = parser.parse_args(argv)

    rng = np.random.default_rng(0)
    shape = (options.size, options.size)
    a, b = (rng.standard_normal(shape, np.float32).astype(ml_dtypes.bfloat16) for _ in range(2))
    expected = a.astype(np.float32) @ b.astype(np.float32)
    cycles = {}
    for kernel in (plain, with_semaphores, with_pipes):
        c = np.zeros_like(a)
        report = kernel(a, b, c, options.block_k)
        title = f"matmul {'x'.join(map(str, 3 * shape[:1]))} bfloat16, {kernel.name}"
        report.check(c, expected, name=title, tolerance=TOLERANCE)
        cycles[kernel.name] = report.cycles
    if all(cycles.values()):
        for name in ("with_semaphores", "with_pipes"):
            print(f"{name}: {cycles['plain'] / cycles[name]:.2f} times as fast as plain")
    return 0


if __name__ == "__main__":
    sys.exit(main())
