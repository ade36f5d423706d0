# SPDX-License-Identifier: Apache-2.0
"""What the step `tile` refuses: each reason, at the Python line that stands against it."""

import linecache

import numpy as np
import pytest

import ttlang as ttl

from .block_loops import elementwise, matmul, scaled_sum, two_inputs


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
def first_all_then_all(x, out):
    """The reader fills two tensors' blocks one tensor after the other; the writer takes them in turns."""
    cb = ttl.make_circular_buffer_like(x, shape=(1, 1))

    @ttl.datamovement()
    def read():
        for i in range(4):
            with cb.reserve() as block:
                ttl.copy(x[i, 0], block)
        for i in range(4):
            with cb.reserve() as block:
                ttl.copy(x[i, 1], block)

    @ttl.datamovement()
    def write():
        for i in range(4):
            with cb.wait() as block:
                ttl.copy(block, out[i, 0])
            with cb.wait() as block:
                ttl.copy(block, out[i, 1])


@ttl.kernel(grid=(1, 1))
def twice_in_memory(x, out):
    """The reader copies its block to another one."""
    cb, copy_cb = (ttl.make_circular_buffer_like(x, shape=(1, 1)) for _ in range(2))

    @ttl.datamovement()
    def read():
        for i in range(4):
            with cb.reserve() as block, copy_cb.reserve() as other:
                ttl.copy(x[i, 0], block).wait()
                ttl.copy(block, other).wait()

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


@ttl.kernel(grid=(1, 1))
def moved(x, out):
    """Rows become columns on the way, without arithmetic."""
    cb = ttl.make_circular_buffer_like(x, shape=(1, 1))

    @ttl.datamovement()
    def read():
        for i in range(4):
            for j in range(4):
                with cb.reserve() as block:
                    ttl.copy(x[i, j], block)

    @ttl.datamovement()
    def write():
        for i in range(4):
            for j in range(4):
                with cb.wait() as block:
                    ttl.copy(block, out[j, i])


@ttl.kernel(grid=(1, 1))
def one_factor_stays(a, b, c):
    """The right factor is the same in each turn of the sum."""
    a_cb, b_cb, c_cb = (ttl.make_circular_buffer_like(t, shape=(1, 1)) for t in (a, b, c))

    @ttl.compute()
    def work():
        with c_cb.reserve() as total:
            for _ in range(4):
                with a_cb.wait() as left, b_cb.wait() as right:
                    total += left @ right

    @ttl.datamovement()
    def read():
        for k in range(4):
            with a_cb.reserve() as left, b_cb.reserve() as right:
                ttl.copy(a[0, k], left)
                ttl.copy(b[0, 0], right)

    @ttl.datamovement()
    def write():
        with c_cb.wait() as total:
            ttl.copy(total, c[0, 0])


@ttl.kernel(grid=(1, 1))
def page_by_page(x, out):
    """A loop over the outermost of three dimensions, which blocks of two have no part of."""
    x_cb, out_cb = (ttl.CircularBuffer(shape=(1, 1), dtype=ttl.float32) for _ in range(2))

    @ttl.compute()
    def work():
        for _ in range(4):
            with x_cb.wait() as a, out_cb.reserve() as b:
                b.store(-a)

    @ttl.datamovement()
    def read():
        for i in range(4):
            with x_cb.reserve() as a:
                ttl.copy(x[i, 0, 0], a)

    @ttl.datamovement()
    def write():
        for i in range(4):
            with out_cb.wait() as b:
                ttl.copy(b, out[i, 0])


@ttl.kernel(grid=(2,))
def as_often_as_the_core_says(x, out):
    """The first core takes one row, the second two."""
    x_cb, out_cb = (ttl.make_circular_buffer_like(t, shape=(1, 1)) for t in (x, out))
    turns = ttl.core(dims=1) + 1

    @ttl.compute()
    def work():
        for _ in range(turns):
            with x_cb.wait() as a, out_cb.reserve() as b:
                b.store(-a)

    @ttl.datamovement()
    def read():
        for i in range(turns):
            with x_cb.reserve() as a:
                ttl.copy(x[i, 0], a)

    @ttl.datamovement()
    def write():
        for i in range(turns):
            with out_cb.wait() as b:
                ttl.copy(b, out[i, 0])


@ttl.kernel(grid=(1, 1))
def two_results(x, small, large):
    """A block of one tile and one of two, in each turn."""
    x_cb, small_cb = (ttl.make_circular_buffer_like(t, shape=(1, 1)) for t in (x, small))
    wide_cb, large_cb = (ttl.make_circular_buffer_like(t, shape=(2, 1)) for t in (x, large))

    @ttl.compute()
    def work():
        for _ in range(4):
            with x_cb.wait() as a, small_cb.reserve() as b:
                b.store(-a)
            with wide_cb.wait() as a, large_cb.reserve() as b:
                b.store(-a)

    @ttl.datamovement()
    def read():
        for i in range(4):
            with x_cb.reserve() as a, wide_cb.reserve() as b:
                ttl.copy(x[i, 0], a)
                ttl.copy(x[2 * i : 2 * i + 2, 0], b)

    @ttl.datamovement()
    def write():
        for i in range(4):
            with small_cb.wait() as a, large_cb.wait() as b:
                ttl.copy(a, small[i, 0])
                ttl.copy(b, large[2 * i : 2 * i + 2, 0])


def counted_in_one(reader):
    """The threads count 24 blocks in loops of their own kinds."""

    @ttl.kernel(grid=(1, 1))
    def counts(x, out):
        x_cb, out_cb = (ttl.make_circular_buffer_like(t, shape=(1, 1)) for t in (x, out))

        @ttl.compute()
        def work():
            for _ in range(24):
                with x_cb.wait() as a, out_cb.reserve() as b:
                    b.store(-a)

        @ttl.datamovement()
        def read():
            reader(x, x_cb)

        @ttl.datamovement()
        def write():
            for i in range(4):
                for j in range(6):
                    with out_cb.wait() as b:
                        ttl.copy(b, out[i, j])

    return counts


def six_by_four(x, x_cb):
    for i in range(6):
        for j in range(4):
            with x_cb.reserve() as a:
                ttl.copy(x[i, j], a)


def by_number(x, x_cb):
    for block in range(24):
        with x_cb.reserve() as a:
            ttl.copy(x[0, block], a)


def repeated_twice(a, b):
    value = ttl.math.broadcast(b, dims=[0])
    return a * ttl.math.typecast(value, ttl.bfloat16) + (b + value)


def marks(i, j):
    if i > 1:
        ttl.signpost("late")


def counts_up(i, j):
    for _ in range(i):
        ttl.signpost("again")


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
        "the circular buffers of this kernel need 4194304 bytes of L1; a core of wormhole_b0 has 1393312 for them",
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
    "order": (
        first_all_then_all,
        (zeros(128, 64), zeros(128, 64)),
        (2, 1),
        "blocks of 'cb' are filled in 2 places, and taken in another order of loops",
        "with cb.reserve() as block:",
    ),
    "copied": (
        twice_in_memory,
        (zeros(128, 32), zeros(128, 64)),
        (2, 1),
        "a block of 'cb' is copied to or from another place than a tensor",
        "ttl.copy(block, other).wait()",
    ),
    "no output": (
        writes_nothing,
        (zeros(128, 32),),
        (2, 1),
        "no block of this kernel is written to a tensor, so none has a shape to be changed",
        "def writes_nothing",
    ),
    "condition": (
        walk(4, 4, place=plain, before=marks),
        SQUARE,
        (2, 1),
        "a condition depends on the variable of the loop",
        "if i > 1:",
    ),
    "inner loop": (
        walk(4, 4, place=plain, before=counts_up),
        SQUARE,
        (2, 1),
        "an inner loop depends on the variable of the loop",
        "for _ in range(i):",
    ),
    "other loops": (
        two_inputs(lambda a, b: a + b, plain, lambda t, i, j: t[j, i], 4, 4),
        (*SQUARE, zeros(128, 128)),
        (2, 1),
        "operands are walked by different loops along dimension 0",
        "lambda a, b: a + b",
    ),
    "stored elsewhere": (
        walk(4, 4, place=plain, target=lambda t, i, j: t[j, i]),
        SQUARE,
        (2, 1),
        "the value stored in 'b' is not walked along dimension 0 as the block is",
        "b.store(-a)",
    ),
    "a value of two kinds": (
        two_inputs(repeated_twice, plain, lambda t, i, j: t[0, j], 4, 4),
        (zeros(128, 128), zeros(1, 128), zeros(128, 128)),
        (2, 1),
        "a value that is the same everywhere is used in blocks of two kinds",
        "ttl.math.typecast(value, ttl.bfloat16)",
    ),
    "moved": (
        moved,
        SQUARE,
        (2, 1),
        "the blocks of 'cb' are walked differently along dimension 0 where they are filled and where they are taken",
        "ttl.copy(block, out[j, i])",
    ),
    "one factor": (
        one_factor_stays,
        (zeros(32, 128), zeros(32, 32), zeros(32, 32)),
        (1, 1, 2),
        "only one side of a matrix product is walked along the summed dimension",
        "total += left @ right",
    ),
    "pages": (
        page_by_page,
        (np.zeros((4, 32, 32), np.float32), zeros(128, 32)),
        (2, 1),
        "it walks dimension 0 of 'x', which the blocks of its copy do not have",
        "ttl.copy(x[i, 0, 0], a)",
    ),
    "unknown turns": (
        as_often_as_the_core_says,
        (zeros(64, 32), zeros(64, 32)),
        (2, 1),
        "how often the loop of thread 'work' turns is not known when the kernel is compiled",
        "for _ in range(turns):",
    ),
    "two shapes": (
        two_results,
        (zeros(256, 32), zeros(128, 32), zeros(256, 32)),
        (4, 1),
        "dimension 0 of 'large_cb' would grow by 2, but the same loop walks blocks that grow by 4",
        "ttl.copy(b, large[",
    ),
    "counted otherwise": (
        counted_in_one(six_by_four),
        (zeros(192, 128), zeros(128, 192)),
        (2, 1),
        "threads count the same turns in loops that do not correspond",
        "for i in range(",
    ),
    "counted by number": (
        counted_in_one(by_number),
        (zeros(32, 768), zeros(128, 192)),
        (2, 1),
        "a loop of thread 'read' counts what other threads count in several loops",
        "ttl.copy(x[0, block], a)",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_refused(name):
    kernel, arguments, sizes, reason, line = CASES[name]
    found, location = refused(kernel, arguments, sizes)
    assert found == reason
    assert line in linecache.getline(location.file, location.line)


def test_after_blocks_in_a_row():
    """What `coalesce_dma` made of the columns stands against larger blocks of rows."""

    @ttl.kernel(grid=(1, 1))
    def copied(x, out):
        cb = ttl.make_circular_buffer_like(x, shape=(1, 1), buffer_factor=4)

        @ttl.datamovement()
        def read():
            for i in range(4):
                for j in range(4):
                    with cb.reserve() as block:
                        ttl.copy(x[i, j], block)

        @ttl.datamovement()
        def write():
            for i in range(4):
                for j in range(4):
                    with cb.wait() as block:
                        ttl.copy(block, out[i, j])

    with pytest.raises(ttl.CompileError) as caught:
        ttl.schedule(copied).coalesce_dma().tile(2, 1).compile(*SQUARE)
    assert caught.value.message == (
        "schedule step tile(sizes=(2, 1)): several blocks of 'cb' are in hand at once: tile before the step that did so"
    )
