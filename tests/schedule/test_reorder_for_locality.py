# SPDX-License-Identifier: Apache-2.0
"""The step `reorder_for_locality`: a block that several turns need is fetched once, and values stay as they are."""

import linecache

import numpy as np
import pytest

import ttlang as ttl

from .block_loops import compared, elementwise, matmul, two_inputs


def added(a, b):
    return a + b


def arrays(*shapes):
    rng = np.random.default_rng(5)
    return tuple(rng.standard_normal(shape, np.float32) for shape in shapes)


def tiles_read(kernel, *arguments):
    """Float32 tiles that a run reads."""
    report = kernel(*(a.copy() for a in arguments))
    return report.result.bytes_read // 4096


def test_invariant_read_moves_out():
    kernel = two_inputs(added, lambda x, i, j: x[i, 0], lambda y, i, j: y[0, j])
    better = ttl.schedule(kernel).reorder_for_locality()
    arguments = arrays((256, 32), (32, 256), (256, 256))
    before, after = compared(kernel, better, arguments)
    assert after < 0.95 * before
    assert tiles_read(kernel, *arguments) == 64 + 64
    assert tiles_read(better, *arguments) == 8 + 64


def test_read_moves_out_of_both_loops():
    kernel = two_inputs(added, lambda x, i, j: x[i, j], lambda y, i, j: y[0, 0])
    better = ttl.schedule(kernel).reorder_for_locality()
    arguments = arrays((256, 256), (32, 32), (256, 256))
    compared(kernel, better, arguments)
    assert tiles_read(better, *arguments) == 64 + 1


def test_loops_are_interchanged():
    kernel = two_inputs(added, lambda x, i, j: x[i, j], lambda y, i, j: y[0, j])
    better = ttl.schedule(kernel).reorder_for_locality()
    arguments = arrays((256, 256), (32, 256), (256, 256))
    before, after = compared(kernel, better, arguments)
    assert after < 0.95 * before
    assert tiles_read(better, *arguments) == 64 + 8


@pytest.mark.parametrize("rows, columns, expected", [(16, 4, 64 + 4), (4, 16, 4 + 64)])
def test_the_better_order_is_taken(rows, columns, expected):
    kernel = two_inputs(added, lambda x, i, j: x[i, 0], lambda y, i, j: y[0, j], rows, columns)
    better = ttl.schedule(kernel).reorder_for_locality()
    arguments = arrays((32 * rows, 32), (32, 32 * columns), (32 * rows, 32 * columns))
    compared(kernel, better, arguments)
    assert tiles_read(better, *arguments) == expected


def test_matmul_with_whole_rows():
    """Without a loop over `k`, the rows of the left factor serve all columns."""

    @ttl.kernel(grid=(1, 1), fp32_dest_acc=True)
    def product(a, b, c):
        (m, k), n = a.tile_shape, b.tile_shape[1]
        a_cb = ttl.make_circular_buffer_like(a, shape=(1, k))
        b_cb = ttl.make_circular_buffer_like(b, shape=(k, 1))
        c_cb = ttl.make_circular_buffer_like(c, shape=(1, 1))

        @ttl.compute()
        def multiply():
            for _ in range(m):
                for _ in range(n):
                    with a_cb.wait() as left, b_cb.wait() as right, c_cb.reserve() as result:
                        result.store(left @ right)

        @ttl.datamovement()
        def read():
            for i in range(m):
                for j in range(n):
                    with a_cb.reserve() as left, b_cb.reserve() as right:
                        ttl.copy(a[i, :], left)
                        ttl.copy(b[:, j], right)

        @ttl.datamovement()
        def write():
            for i in range(m):
                for j in range(n):
                    with c_cb.wait() as result:
                        ttl.copy(result, c[i, j])

    arguments = arrays((128, 128), (128, 128), (128, 128))
    better = ttl.schedule(product).reorder_for_locality()
    before, after = compared(product, better, arguments)
    assert after < before
    assert tiles_read(better, *arguments) == 16 + 64


def test_tile_after_it():
    """Larger blocks of what moved out, too."""
    kernel = two_inputs(added, lambda x, i, j: x[i, 0], lambda y, i, j: y[i, j])
    narrow = arrays((256, 1), (256, 256), (256, 256))  # one column of numbers: it is repeated along a row
    better = ttl.schedule(kernel).reorder_for_locality().tile(2, 4)
    compared(kernel, better, narrow)


def waits_for_a_number(i, j, block):
    assert i * j < 10**6 // (i + 1), "too far"


REFUSED = {
    "nothing twice": (
        elementwise(abs),
        ((128, 128), (128, 128)),
        "every block that is read in a loop is another in each turn: nothing is fetched twice",
        "def walk(x, out)",
    ),
    "summed": (
        matmul(),
        ((64, 64), (64, 64), (64, 64)),
        "every block that is read in a loop is another in each turn: nothing is fetched twice",
        "def product(a, b, c)",
    ),
    "assertion": (
        two_inputs(added, lambda x, i, j: x[i, 0], lambda y, i, j: y[0, j], before=waits_for_a_number),
        ((256, 32), (32, 256), (256, 256)),
        "a read would be moved past 'ttl.assert', which may stand there for it to wait for",
        "assert i * j",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    kernel, sizes, reason, line = REFUSED[name]
    with pytest.raises(ttl.CompileError) as caught:
        ttl.schedule(kernel).reorder_for_locality().compile(*arrays(*sizes))
    assert caught.value.message == f"schedule step reorder_for_locality(): {reason}"
    place = caught.value.location
    assert line in linecache.getline(place.file, place.line)


@ttl.kernel(grid=(1, 1))
def in_place(x, y):
    """`y[0, 0]` is read in each turn, and written in each turn."""
    x_cb, y_cb, out_cb = (ttl.make_circular_buffer_like(t, shape=(1, 1)) for t in (x, y, y))

    @ttl.compute()
    def compute():
        for _ in range(4):
            with x_cb.wait() as a, y_cb.wait() as b, out_cb.reserve() as total:
                total.store(a + b)

    @ttl.datamovement()
    def read():
        for i in range(4):
            with x_cb.reserve() as a, y_cb.reserve() as b:
                ttl.copy(x[i, 0], a)
                ttl.copy(y[0, 0], b)

    @ttl.datamovement()
    def write():
        for _ in range(4):
            with out_cb.wait() as total:
                ttl.copy(total, y[0, 0])


@ttl.kernel(grid=(1, 1))
def taken_in_another_nest(x, out):
    """The reader has two loops, the compute thread one."""
    x_cb, out_cb = (ttl.make_circular_buffer_like(t, shape=(1, 1)) for t in (x, out))

    @ttl.compute()
    def compute():
        for _ in range(16):
            with x_cb.wait() as a, out_cb.reserve() as b:
                b.store(-a)

    @ttl.datamovement()
    def read():
        for i in range(4):
            for _ in range(4):
                with x_cb.reserve() as a:
                    ttl.copy(x[i, 0], a)

    @ttl.datamovement()
    def write():
        for i in range(16):
            with out_cb.wait() as b:
                ttl.copy(b, out[i, 0])


@ttl.kernel(grid=(1, 1))
def looked_at(x, out):
    """The reader prints the block that it filled."""
    x_cb, out_cb = (ttl.make_circular_buffer_like(t, shape=(1, 1)) for t in (x, out))

    @ttl.compute()
    def compute():
        for _ in range(4):
            with x_cb.wait() as a, out_cb.reserve() as b:
                b.store(-a)

    @ttl.datamovement()
    def read():
        for _ in range(4):
            with x_cb.reserve() as a:
                ttl.copy(x[0, 0], a).wait()
                print(a)

    @ttl.datamovement()
    def write():
        for i in range(4):
            with out_cb.wait() as b:
                ttl.copy(b, out[i, 0])


@ttl.kernel(grid=(2,))
def at_a_sum(x, out):
    """The place of the read is summed up in a loop of its own, as often as the core says."""
    x_cb, out_cb = (ttl.make_circular_buffer_like(t, shape=(1, 1)) for t in (x, out))
    core = ttl.core(dims=1)

    @ttl.compute()
    def compute():
        for _ in range(4):
            with x_cb.wait() as a, out_cb.reserve() as b:
                b.store(-a)

    @ttl.datamovement()
    def read():
        for _ in range(4):
            row = 0
            for _ in range(core):
                row += 1
            with x_cb.reserve() as a:
                ttl.copy(x[row, 0], a)

    @ttl.datamovement()
    def write():
        for i in range(4):
            with out_cb.wait() as b:
                ttl.copy(b, out[4 * core + i, 0])


@pytest.mark.parametrize(
    "kernel, sizes, reason",
    [
        (in_place, ((128, 32), (32, 32)), "'y' is written too: another turn may read another value"),
        (
            taken_in_another_nest,
            ((128, 32), (512, 32)),
            "'x_cb' is filled in a loop of 4 turns of thread 'read' and taken in a loop of 16 turns of thread 'compute'",
        ),
        (
            looked_at,
            ((32, 32), (128, 32)),
            "a block of 'x_cb' has other uses than its copy where it is filled",
        ),
        (
            at_a_sum,
            ((64, 32), (256, 32)),
            "every block that is read in a loop is another in each turn: nothing is fetched twice",
        ),
    ],
)
def test_refused_for_its_source_or_its_consumer(kernel, sizes, reason):
    with pytest.raises(ttl.CompileError) as caught:
        ttl.schedule(kernel).reorder_for_locality().compile(*arrays(*sizes))
    assert caught.value.message == f"schedule step reorder_for_locality(): {reason}"
