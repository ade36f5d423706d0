# SPDX-License-Identifier: Apache-2.0
"""Kernels whose threads walk loops over blocks, for the tests of schedules, and a run of two variants of one."""

import numpy as np

import ttlang as ttl


def compared(kernel, scheduled, arguments):
    """Cycles of a kernel and of a variant; both must write the same values, bit by bit, to every tensor."""
    first, second = ([a.copy() if isinstance(a, np.ndarray) else a for a in arguments] for _ in range(2))
    cycles = kernel(*first).cycles, scheduled(*second).cycles
    for one, other in zip(first, second, strict=True):
        if isinstance(one, np.ndarray):
            assert np.array_equal(one, other, equal_nan=True)
    return cycles


def shapes(kernel, *arguments):
    """Block shapes of the buffers of a kernel after its schedule, by name."""
    from ttlang.dialects import context
    from ttlang.dialects.checking import parse
    from ttlang.dialects.ttl.attributes import ints
    from ttlang.dialects.ttl.buffers import CreateCBOp

    module = parse(context(), kernel.compile(*arguments).asm["ttl"], "kernel")
    return {
        op.result.name_hint: ints(op.result.type.shape) for op in module.walk() if isinstance(op, CreateCBOp)
    }


@ttl.kernel(grid=(2, 2))
def scaled_sum(x, y, out):
    """Each core a quarter of the rows and columns, tile by tile."""
    rows, columns = (size // 2 for size in x.tile_shape)
    core_x, core_y = ttl.core(dims=2)
    x_cb, y_cb, out_cb = (ttl.make_circular_buffer_like(t, shape=(1, 1)) for t in (x, y, out))

    @ttl.compute()
    def compute():
        for _ in range(rows):
            for _ in range(columns):
                with x_cb.wait() as a, y_cb.wait() as b, out_cb.reserve() as total:
                    total.store(ttl.math.exp(a) * 2.0 + b)

    @ttl.datamovement()
    def read():
        for i in range(core_y * rows, (core_y + 1) * rows):
            for j in range(core_x * columns, (core_x + 1) * columns):
                with x_cb.reserve() as a, y_cb.reserve() as b:
                    ttl.copy(x[i, j], a)
                    ttl.copy(y[0 if y.tile_shape[0] == 1 else i, j], b)

    @ttl.datamovement()
    def write():
        for i in range(core_y * rows, (core_y + 1) * rows):
            for j in range(core_x * columns, (core_x + 1) * columns):
                with out_cb.wait() as total:
                    ttl.copy(total, out[i, j])


def elementwise(expression, block=(1, 1), output_block=None):
    """A kernel of one core that walks all blocks of `x` and stores `expression(block)`."""

    @ttl.kernel(grid=(1, 1))
    def walk(x, out):
        rows, columns = (size // extent for size, extent in zip(x.tile_shape, block, strict=True))
        height, width = output_block or block
        x_cb = ttl.make_circular_buffer_like(x, shape=block)
        out_cb = ttl.make_circular_buffer_like(out, shape=output_block or block)

        @ttl.compute()
        def compute():
            for _ in range(rows):
                for _ in range(columns):
                    with x_cb.wait() as a, out_cb.reserve() as result:
                        result.store(expression(a))

        @ttl.datamovement()
        def read():
            for i in range(rows):
                for j in range(columns):
                    with x_cb.reserve() as a:
                        ttl.copy(x[i * block[0] : (i + 1) * block[0], j * block[1] : (j + 1) * block[1]], a)

        @ttl.datamovement()
        def write():
            for i in range(rows):
                for j in range(columns):
                    with out_cb.wait() as result:
                        ttl.copy(result, out[i * height : (i + 1) * height, j * width : (j + 1) * width])

    return walk


def two_inputs(expression, place_x, place_y, rows=8, columns=8, before=None):
    """`out[i, j] = expression(x, y)` of tiles that the two functions choose; `before` runs in each turn of the reader."""

    @ttl.kernel(grid=(1, 1))
    def both(x, y, out):
        x_cb, y_cb, out_cb = (ttl.make_circular_buffer_like(t, shape=(1, 1)) for t in (x, y, out))

        @ttl.compute()
        def compute():
            for _ in range(rows):
                for _ in range(columns):
                    with x_cb.wait() as a, y_cb.wait() as b, out_cb.reserve() as result:
                        result.store(expression(a, b))

        @ttl.datamovement()
        def read():
            for i in range(rows):
                for j in range(columns):
                    with x_cb.reserve() as a, y_cb.reserve() as b:
                        if before is not None:
                            before(i, j, b)
                        ttl.copy(place_x(x, i, j), a)
                        ttl.copy(place_y(y, i, j), b)

        @ttl.datamovement()
        def write():
            for i in range(rows):
                for j in range(columns):
                    with out_cb.wait() as result:
                        ttl.copy(result, out[i, j])

    return both


def matmul(block_k=1, finish=None, each=False):
    """Blocks of one tile of the result, summed over `k` in blocks; `finish` makes something else of the product.

    With `each`, the product of each turn is a block of its own, and what the last turn writes stays.
    """

    @ttl.kernel(grid=(1, 1), fp32_dest_acc=True)
    def product(a, b, c):
        (m, k), n = a.tile_shape, b.tile_shape[1]
        a_cb = ttl.make_circular_buffer_like(a, shape=(1, block_k))
        b_cb = ttl.make_circular_buffer_like(b, shape=(block_k, 1))
        c_cb = ttl.make_circular_buffer_like(c, shape=(1, 1))

        @ttl.compute()
        def multiply():
            for _ in range(m):
                for _ in range(n):
                    if each:
                        for _ in range(k // block_k):
                            with a_cb.wait() as left, b_cb.wait() as right, c_cb.reserve() as part:
                                part.store(left @ right if finish is None else finish(left @ right))
                    else:
                        with c_cb.reserve() as total:
                            for _ in range(k // block_k):
                                with a_cb.wait() as left, b_cb.wait() as right:
                                    total += left @ right if finish is None else finish(left @ right)

        @ttl.datamovement()
        def read():
            for i in range(m):
                for j in range(n):
                    for block in range(0, k, block_k):
                        with a_cb.reserve() as left, b_cb.reserve() as right:
                            ttl.copy(a[i, block : block + block_k], left)
                            ttl.copy(b[block : block + block_k, j], right)

        @ttl.datamovement()
        def write():
            for i in range(m):
                for j in range(n):
                    if each:
                        for _ in range(k // block_k):
                            with c_cb.wait() as part:
                                ttl.copy(part, c[i, j])
                    else:
                        with c_cb.wait() as total:
                            ttl.copy(total, c[i, j])

    return product
