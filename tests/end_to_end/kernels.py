# SPDX-License-Identifier: Apache-2.0
"""Kernels that several tests use."""

import ttlang as ttl


def elementwise_kernel(function, block=(1, 1), grid=(1, 1)):
    """out = function(a, b), block by block on one core or over a grid that divides the blocks by columns."""

    @ttl.kernel(grid=grid)
    def elementwise(a, b, out):
        rows, columns = (size // side for size, side in zip(out.tile_shape, block, strict=True))
        cores_x, cores_y = ttl.grid_size()
        x, y = ttl.core()
        cores = cores_x * cores_y
        core = y * cores_x + x
        share = -(-columns // cores)
        a_cb = ttl.make_circular_buffer_like(a, shape=block)
        b_cb = ttl.make_circular_buffer_like(b, shape=block)
        out_cb = ttl.make_circular_buffer_like(out, shape=block)

        @ttl.compute()
        def compute():
            for column in range(share):
                if core * share + column < columns:
                    for _ in range(rows):
                        with a_cb.wait() as left, b_cb.wait() as right, out_cb.reserve() as result:
                            result.store(function(left, right))

        @ttl.datamovement()
        def read():
            for column in range(share):
                if core * share + column < columns:
                    c = (core * share + column) * block[1]
                    for row in range(rows):
                        r = row * block[0]
                        with a_cb.reserve() as left, b_cb.reserve() as right:
                            ttl.copy(a[r : r + block[0], c : c + block[1]], left).wait()
                            ttl.copy(b[r : r + block[0], c : c + block[1]], right).wait()

        @ttl.datamovement()
        def write():
            for column in range(share):
                if core * share + column < columns:
                    c = (core * share + column) * block[1]
                    for row in range(rows):
                        r = row * block[0]
                        with out_cb.wait() as result:
                            ttl.copy(result, out[r : r + block[0], c : c + block[1]]).wait()

    return elementwise


def matmul_kernel(block=(2, 2, 2), **options):
    """c = a @ b on one core, blocks of (m, k, n) tiles, accumulated over k in one reserved block."""
    bm, bk, bn = block

    @ttl.kernel(grid=(1, 1), fp32_dest_acc=True, **options)
    def matmul(a, b, c):
        m_blocks, k_blocks, n_blocks = a.tile_shape[0] // bm, a.tile_shape[1] // bk, b.tile_shape[1] // bn
        a_cb = ttl.make_circular_buffer_like(a, shape=(bm, bk))
        b_cb = ttl.make_circular_buffer_like(b, shape=(bk, bn))
        c_cb = ttl.make_circular_buffer_like(c, shape=(bm, bn))

        @ttl.compute()
        def multiply():
            for _ in range(m_blocks):
                for _ in range(n_blocks):
                    with c_cb.reserve() as total:
                        for _ in range(k_blocks):
                            with a_cb.wait() as left, b_cb.wait() as right:
                                total += left @ right

        @ttl.datamovement()
        def read():
            for m in range(m_blocks):
                for n in range(n_blocks):
                    for k in range(k_blocks):
                        with a_cb.reserve() as left, b_cb.reserve() as right:
                            ttl.copy(a[m * bm : (m + 1) * bm, k * bk : (k + 1) * bk], left).wait()
                            ttl.copy(b[k * bk : (k + 1) * bk, n * bn : (n + 1) * bn], right).wait()

        @ttl.datamovement()
        def write():
            for m in range(m_blocks):
                for n in range(n_blocks):
                    with c_cb.wait() as total:
                        ttl.copy(total, c[m * bm : (m + 1) * bm, n * bn : (n + 1) * bn]).wait()

    return matmul
