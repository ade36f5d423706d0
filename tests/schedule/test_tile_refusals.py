# SPDX-License-Identifier: Apache-2.0
"""What the step `tile` refuses: each reason, at the Python line that stands against it."""

import linecache

import numpy as np
import pytest

import ttlang as ttl

from .block_loops import elementwise, matmul, scaled_sum


def zeros(*shape):
    return np.zeros(shape, np.float32)


def walk(rows, columns, *, place, target=None, compute=None, before=None):
    """A kernel that walks `rows` x `columns` blocks of a tile; the functions are its parts that differ."""
    target = target or (lambda t, i, j: t[i, j])

    @ttl.kernel(grid=(1, 1))
    def walks(x, out):
        x_cb, out_cb = (ttl.make_circular_buffer_like(t, shape=(1, 1)) for t in (x, out))

        @ttl.compute()
        def work():
            if compute is not None:
                compute(x_cb, out_cb)
            else:
                for _ in range(rows):
                    for _ in range(columns):
                        with x_cb.wait() as a, out_cb.reserve() as b:
                            b.store(-a)

        @ttl.datamovement()
        def read():
            for i in range(rows):
                for j in range(columns):
                    with x_cb.reserve() as a:
                        if before is not None:
                            before(i, j)
                        ttl.copy(place(x, i, j), a)

        @ttl.datamovement()
        def write():
            for i in range(rows):
                for j in range(columns):
                    with out_cb.wait() as b:
                        ttl.copy(b, target(out, i, j))

    return walks


def plain(t, i, j):
    return t[i, j]


def adds_up(x_cb, out_cb):
    for _ in range(4):
        for _ in range(2):
            with out_cb.reserve() as total:
                for _ in range(4):
                    with x_cb.wait() as a:
                        total += a


@ttl.kernel(grid=(1, 1))
def handed_on(x, out):
    """A block is taken at the end of a turn and given back in the next."""
    x_cb, out_cb = (ttl.make_circular_buffer_like(t, shape=(1, 1)) for t in (x, out))

    @ttl.compute()
    def work():
        block = x_cb.wait()
        for _ in range(4):
            with out_cb.reserve() as b:
                b.store(-block)
            x_cb.pop()
            block = x_cb.wait()
        x_cb.pop()

    @ttl.datamovement()
    def read():
        with x_cb.reserve() as a:
            ttl.copy(x[0, 0], a)
        for i in range(4):
            with x_cb.reserve() as a:
                ttl.copy(x[i, 0], a)

    @ttl.datamovement()
    def write():
        for i in range(4):
            with out_cb.wait() as b:
                ttl.copy(b, out[i, 0])


@ttl.kernel(grid=(1, 1))
def shifted_in_place(x):
    """Each turn writes what the next one reads."""
    x_cb, out_cb = (ttl.make_circular_buffer_like(x, shape=(1, 1)) for _ in range(2))

    @ttl.compute()
    def work():
        for _ in range(4):
            with x_cb.wait() as a, out_cb.reserve() as b:
                b.store(-a)

    @ttl.datamovement()
    def read():
        for i in range(4):
            with x_cb.reserve() as a:
                ttl.copy(x[i, 0], a)

    @ttl.datamovement()
    def write():
        for i in range(4):
            with out_cb.wait() as b:
                ttl.copy(b, x[i + 1, 0])


@ttl.kernel(grid=(2,))
def through_a_pipe(x, out):
    """Core 0 reads, both write."""
    net = ttl.PipeNet([ttl.Pipe(src=0, dst=1)])
    cb = ttl.make_circular_buffer_like(x, shape=(1, 1))
    copy_cb = ttl.make_circular_buffer_like(x, shape=(1, 1))

    @ttl.datamovement()
    def read():
        for i in range(4):
            with cb.reserve() as block, copy_cb.reserve() as other:
                ttl.copy(x[i, 0], block).wait()
                ttl.copy(x[i, 0], other).wait()
                net.if_src(lambda pipe: ttl.copy(block, pipe).wait())
                net.if_dst(lambda pipe: ttl.copy(pipe, other).wait())

    @ttl.datamovement()
    def write():
        for i in range(4):
            with cb.wait() as block, copy_cb.wait() as other:
                ttl.copy(block, out[i, 0]).wait()
                ttl.copy(other, out[i, 1]).wait()


@ttl.kernel(grid=(1, 1))
def writes_nothing(x):
    cb = ttl.make_circular_buffer_like(x, shape=(1, 1))

    @ttl.datamovement()
    def read():
        for i in range(4):
            with cb.reserve() as block:
                ttl.copy(x[i, 0], block)

    @ttl.datamovement()
    def show():
        for _ in range(4):
            with cb.wait() as block:
                print(block)


@ttl.kernel(grid=(1,))
def filled_in_two_places(x, out):
    """Blocks come from two places of the reader."""
    x_cb, out_cb = (ttl.make_circular_buffer_like(t, shape=(1, 1)) for t in (x, out))

    @ttl.compute()
    def work():
        for _ in range(4):
            with x_cb.wait() as a, out_cb.reserve() as b:
                b.store(a)

    @ttl.datamovement()
    def read():
        for i in range(4):
            if i > 1:
                with x_cb.reserve() as a:
                    ttl.copy(x[i, 0], a)
            else:
                with x_cb.reserve() as a:
                    ttl.copy(x[i, 1], a)

    @ttl.datamovement()
    def write():
        for i in range(4):
            with out_cb.wait() as b:
                ttl.copy(b, out[i, 0])


def two_by_eight(x_cb, out_cb):
    for _ in range(2):
        for _ in range(8):
            with x_cb.wait() as a, out_cb.reserve() as b:
                b.store(-a)


def within_reach(i, j):
    assert i * j % 7 < 6, "far"


def refused(kernel, arguments, sizes):
    with pytest.raises(ttl.CompileError) as caught:
        ttl.schedule(kernel).tile(*sizes).compile(*arguments)
    error = caught.value
    prefix = f"schedule step tile(sizes={sizes!r}): "
    assert error.message.startswith(prefix)
    assert error.location is not None and error.notes[0].message == "the step is asked for"
    return error.message.removeprefix(prefix), error.location


SQUARE = (zeros(128, 128), zeros(128, 128))

CASES = {
    "turns": (
        elementwise(abs),
        SQUARE,
        (3, 1),
        "the loop of thread 'compute' turns 4 times, which blocks 3 times as long do not divide",
        "for _ in range(rows):",
    ),
    "multiple": (
        elementwise(abs, block=(2, 2)),
        SQUARE,
        (3, 2),
        "blocks have 2 along dimension 0 of 'out_cb', and 3 is no multiple of that",
        "ttl.copy(result, out[",
    ),
    "no loop": (
        walk(4, 4, place=plain, target=lambda t, i, j: t[i, 0]),
        (zeros(128, 128), zeros(128, 32)),
        (1, 2),
        "no loop walks dimension 1 of 'out_cb' block by block, so it stays at 1, not 2",
        "ttl.copy(b, target(out, i, j))",
    ),
    "number of sizes": (
        elementwise(abs),
        SQUARE,
        (2,),
        "1 size given for blocks of 'out_cb', which have 2 dimensions",
        "ttl.copy(result, out[",
    ),
    "no sum": (
        elementwise(abs),
        SQUARE,
        (2, 2, 2),
        "the last of the sizes is for a dimension that is summed over, and this kernel sums over no such dimension turn by"
        " turn",
        "ttl.copy(result, out[",
    ),
    "room": (
        elementwise(abs),
        (zeros(1024, 1024), zeros(1024, 1024)),
        (16, 16),
        "the circular buffers would take 4194304 bytes of L1, and a core of wormhole_b0 has 1393312 for them",
        "x_cb = ttl.make_circular_buffer_like(x",
    ),
    "reduced dimension": (
        elementwise(lambda a: a - ttl.math.reduce_max(a, dims=[1])),
        SQUARE,
        (1, 2),
        "a max is taken over dimension 1 within each turn",
        "elementwise(lambda a: a - ttl.math.reduce_max",
    ),
    "repeated tile": (
        scaled_sum,
        (zeros(128, 256), zeros(32, 256), zeros(128, 256)),
        (2, 1),
        "'b' is the same in each turn and all rows and columns of its tiles count: a larger block would repeat only the"
        " first along dimension 0",
        "total.store(ttl.math.exp(a) * 2.0 + b)",
    ),
    "repeated value": (
        elementwise(lambda a: ttl.math.broadcast(a, dims=[1])),
        SQUARE,
        (1, 2),
        "the value that is repeated along dimension 1 is another in each turn",
        "elementwise(lambda a: ttl.math.broadcast",
    ),
    "sum of something else": (
        matmul(finish=ttl.math.relu),
        (zeros(64, 128), zeros(128, 64), zeros(64, 64)),
        (1, 1, 2),
        "'total' adds up a value of each turn, which is neither a matrix product nor a sum over the loop",
        "total += left @ right",
    ),
    "part of a sum": (
        matmul(each=True),
        (zeros(64, 128), zeros(128, 64), zeros(64, 64)),
        (1, 1, 2),
        "'part' takes a part of a sum that nothing adds up",
        "part.store(left @ right",
    ),
    "computed part of a sum": (
        matmul(each=True, finish=ttl.math.relu),
        (zeros(64, 128), zeros(128, 64), zeros(64, 64)),
        (1, 1, 2),
        "a part of a sum over the loop is computed with in each turn",
        "part.store(left @ right",
    ),
    "correspondence": (
        walk(4, 4, place=plain, compute=two_by_eight),
        SQUARE,
        (2, 1),
        "the loops around 'out_cb' do not correspond: 2 x 8 turns in thread 'work', 4 x 4 turns in thread 'write'",
        "with out_cb.wait() as b:",
    ),
    "every other": (
        walk(2, 4, place=lambda t, i, j: t[2 * i, j]),
        SQUARE,
        (2, 1),
        "the slices of 'x' in its turns do not lie side by side: along dimension 0 they have 1 and move by 2",
        "place=lambda t, i, j: t[2 * i, j]",
    ),
    "remainder": (
        walk(4, 4, place=lambda t, i, j: t[i % 2, j]),
        SQUARE,
        (2, 1),
        "the place of a slice is no multiple of the loop's variable along dimension 0",
        "place=lambda t, i, j: t[i % 2, j]",
    ),
    "diagonal": (
        walk(4, 1, place=lambda t, i, j: t[i, i]),
        SQUARE,
        (2, 1),
        "it walks 'x' along two dimensions at a time",
        "place=lambda t, i, j: t[i, i]",
    ),
    "assertion": (
        walk(4, 4, place=plain, before=within_reach),
        SQUARE,
        (2, 1),
        "an assertion depends on the variable of the loop",
        "assert i * j % 7 < 6",
    ),
    "held": (
        handed_on,
        (zeros(128, 32), zeros(128, 32)),
        (2, 1),
        "a turn of the loop hands values on to the next",
        "for _ in range(4):",
    ),
    "two places": (
        filled_in_two_places,
        (zeros(128, 64), zeros(128, 32)),
        (2, 1),
        "blocks of 'x_cb' are filled in 2 places and taken in 1: the loops around them do not correspond",
        "with x_cb.wait() as a, out_cb.reserve() as b:",
    ),
    "in place": (
        shifted_in_place,
        (zeros(160, 32),),
        (2, 1),
        "'x' is read and written at different places: what a turn reads may be what an earlier one wrote",
        "ttl.copy(x[i, 0], a)",
    ),
    "pipe": (
        through_a_pipe,
        (zeros(128, 32), zeros(128, 64)),
        (2, 1),
        "'ttl.if_src' inside of the loop may mean something else for a larger block",
        "net.if_src(lambda pipe",
    ),
    "no output": (
        writes_nothing,
        (zeros(128, 32),),
        (2, 1),
        "no block of this kernel is written to a tensor, so none has a shape to be changed",
        "def writes_nothing",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_refused(name):
    kernel, arguments, sizes, reason, line = CASES[name]
    found, location = refused(kernel, arguments, sizes)
    assert found == reason
    assert line in linecache.getline(location.file, location.line)
