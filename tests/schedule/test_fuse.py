# SPDX-License-Identifier: Apache-2.0
"""The step `fuse`: what a compute thread hands to itself stays in registers, and values are those that the buffer rounded."""

import linecache

import ml_dtypes
import numpy as np
import pytest

import ttlang as ttl

from .block_loops import compared, elementwise

BF16 = ml_dtypes.bfloat16
ROWS, COLUMNS = 4, 4


def chain(work, dtype=ttl.bfloat16, factor=2, reader=None, **options):
    """A kernel whose compute thread is `work(x_cb, y_cb, t_cb, out_cb)`; the reader walks x and y together."""

    @ttl.kernel(grid=(1, 1), **options)
    def chained(x, y, out):
        x_cb, y_cb, out_cb = (ttl.make_circular_buffer_like(t, shape=(1, 1)) for t in (x, y, out))
        t_cb = ttl.CircularBuffer(shape=(1, 1), buffer_factor=factor, dtype=dtype)

        @ttl.compute()
        def compute():
            work(x_cb, y_cb, t_cb, out_cb)

        @ttl.datamovement()
        def read():
            if reader is not None:
                reader(x, y, x_cb, y_cb)
            else:
                for i in range(ROWS):
                    for j in range(COLUMNS):
                        with x_cb.reserve() as a, y_cb.reserve() as b:
                            ttl.copy(x[i, j], a)
                            ttl.copy(y[i, j], b)

        @ttl.datamovement()
        def write():
            for i in range(ROWS):
                for j in range(COLUMNS):
                    with out_cb.wait() as result:
                        ttl.copy(result, out[i, j])

    return chained


def arrays(dtype=BF16):
    rng = np.random.default_rng(7)
    made = [rng.standard_normal((32 * ROWS, 32 * COLUMNS), np.float32).astype(dtype) for _ in range(2)]
    return (*made, np.zeros((32 * ROWS, 32 * COLUMNS), dtype))


def one_after_the_other(x_cb, y_cb, t_cb, out_cb):
    for _ in range(ROWS * COLUMNS):
        with x_cb.wait() as a, t_cb.reserve() as t:
            t.store(a * a + 1.0)
        with t_cb.wait() as t, y_cb.wait() as b, out_cb.reserve() as result:
            result.store(ttl.math.exp(t * 0.1) + b)


def in_two_loops(x_cb, y_cb, t_cb, out_cb):
    for _ in range(ROWS):
        for _ in range(COLUMNS):
            with x_cb.wait() as a, t_cb.reserve() as t:
                t.store(a * a + 1.0)
    for _ in range(ROWS):
        for _ in range(COLUMNS):
            with t_cb.wait() as t, y_cb.wait() as b, out_cb.reserve() as result:
                result.store(ttl.math.exp(t * 0.1) + b)


def one_then_the_other(x, y, x_cb, y_cb):
    for i in range(ROWS):
        for j in range(COLUMNS):
            with x_cb.reserve() as a:
                ttl.copy(x[i, j], a)
    for i in range(ROWS):
        for j in range(COLUMNS):
            with y_cb.reserve() as b:
                ttl.copy(y[i, j], b)


@pytest.mark.parametrize(
    "dtype, arguments",
    [(ttl.bfloat16, BF16), (ttl.float32, np.float32), (ttl.float32, BF16)],
    ids=["bfloat16", "float32", "bfloat16 through float32"],
)
def test_round_trip(dtype, arguments):
    kernel = chain(one_after_the_other, dtype)
    fused = ttl.schedule(kernel).fuse()
    before, after = compared(kernel, fused, arrays(arguments))
    assert after < 0.9 * before
    assert "%t_cb" not in fused.compile(*arrays(arguments)).asm["ttl"]


def test_loops_become_one():
    """Each loop by itself needs room for all blocks between; one loop needs none."""
    everything = ROWS * COLUMNS

    @ttl.kernel(grid=(1, 1))
    def doubled(x, out):
        x_cb, out_cb = (ttl.make_circular_buffer_like(t, shape=(1, 1)) for t in (x, out))
        t_cb = ttl.make_circular_buffer_like(x, shape=(1, 1), buffer_factor=everything)

        @ttl.compute()
        def compute():
            for _ in range(ROWS):
                for _ in range(COLUMNS):
                    with x_cb.wait() as a, t_cb.reserve() as t:
                        t.store(a * a)
            for _ in range(ROWS):
                for _ in range(COLUMNS):
                    with t_cb.wait() as t, out_cb.reserve() as result:
                        result.store(t + 1.0)

        @ttl.datamovement()
        def read():
            for i in range(ROWS):
                for j in range(COLUMNS):
                    with x_cb.reserve() as a:
                        ttl.copy(x[i, j], a)

        @ttl.datamovement()
        def write():
            for i in range(ROWS):
                for j in range(COLUMNS):
                    with out_cb.wait() as result:
                        ttl.copy(result, out[i, j])

    x, _, out = arrays()
    fused = ttl.schedule(doubled).fuse()
    before, after = compared(doubled, fused, (x, out))
    assert after < 0.8 * before
    text = fused.compile(x, out).asm["ttl"]
    assert "%t_cb" not in text
    assert text.count("scf.for") == 6


def test_tile_and_fuse_in_either_order():
    kernel = chain(one_after_the_other)
    texts = set()
    for scheduled in (ttl.schedule(kernel).tile(2, 2).fuse(), ttl.schedule(kernel).fuse().tile(2, 2)):
        compared(kernel, scheduled, arrays())
        texts.add(scheduled.compile(*arrays()).asm["ttkernel"])
    assert len(texts) == 1


def test_a_value_that_is_used_twice():
    def work(x_cb, y_cb, t_cb, out_cb):
        for _ in range(ROWS * COLUMNS):
            with x_cb.wait() as a, y_cb.wait() as b, t_cb.reserve() as t:
                t.store(a - b)
            with t_cb.wait() as t, out_cb.reserve() as result:
                result.store(ttl.math.where(t > 0.0, t, t * 0.5))

    kernel = chain(work)
    compared(kernel, ttl.schedule(kernel).fuse(), arrays())


# Refusals


def reduced(x_cb, y_cb, t_cb, out_cb):
    for _ in range(ROWS * COLUMNS):
        with x_cb.wait() as a, t_cb.reserve() as t:
            t.store(a + 1.0)
        with t_cb.wait() as t, y_cb.wait() as b, out_cb.reserve() as result:
            result.store(b - ttl.math.reduce_max(t, dims=[1]))


def stored_twice(x_cb, y_cb, t_cb, out_cb):
    for _ in range(ROWS * COLUMNS):
        with x_cb.wait() as a, y_cb.wait() as b, t_cb.reserve() as t:
            t += a
            t += b
        with t_cb.wait() as t, out_cb.reserve() as result:
            result.store(abs(t))


def used_in_a_loop(x_cb, y_cb, t_cb, out_cb):
    for _ in range(ROWS):
        with x_cb.wait() as a, y_cb.wait() as b, t_cb.reserve() as t:
            t.store(a + b)
        with t_cb.wait() as t:
            for _ in range(COLUMNS):
                with out_cb.reserve() as result:
                    result.store(abs(t))


def one_of_four(x, y, x_cb, y_cb):
    for i in range(ROWS):
        with x_cb.reserve() as a, y_cb.reserve() as b:
            ttl.copy(x[i, 0], a)
            ttl.copy(y[i, 0], b)


def waited_for_again(x_cb, y_cb, t_cb, out_cb):
    for _ in range(ROWS * COLUMNS // 2):
        with x_cb.wait() as a, y_cb.wait() as b, t_cb.reserve() as t:
            t.store(a + b)
        with x_cb.wait() as a, y_cb.wait() as b, out_cb.reserve() as result:
            result.store(a - b)
        with t_cb.wait() as t, out_cb.reserve() as result:
            result.store(abs(t))


def loops_of_other_lengths(x_cb, y_cb, t_cb, out_cb):
    for _ in range(ROWS * COLUMNS):
        with x_cb.wait() as a, y_cb.wait() as b, t_cb.reserve() as t:
            t.store(a + b)
    for _ in range(ROWS):
        for _ in range(COLUMNS):
            with t_cb.wait() as t, out_cb.reserve() as result:
                result.store(abs(t))


def both_wait_for_x(x_cb, y_cb, t_cb, out_cb):
    for _ in range(ROWS * COLUMNS // 2):
        with x_cb.wait() as a, y_cb.wait() as b, t_cb.reserve() as t:
            t.store(a + b)
    for _ in range(ROWS * COLUMNS // 2):
        with t_cb.wait() as t, out_cb.reserve() as result:
            result.store(abs(t))
        with x_cb.wait() as a, y_cb.wait() as b, out_cb.reserve() as result:
            result.store(a - b)


def something_between(x_cb, y_cb, t_cb, out_cb):
    for _ in range(ROWS * COLUMNS - 1):
        with x_cb.wait() as a, y_cb.wait() as b, t_cb.reserve() as t:
            t.store(a + b)
    with x_cb.wait() as a, y_cb.wait() as b, out_cb.reserve() as result:
        result.store(a - b)
    for _ in range(ROWS * COLUMNS - 1):
        with t_cb.wait() as t, out_cb.reserve() as result:
            result.store(abs(t))


def handed_on(x_cb, y_cb, t_cb, out_cb):
    with x_cb.wait() as a, y_cb.wait() as b, t_cb.reserve() as t:
        t.store(a + b)
    for _ in range(ROWS * COLUMNS - 1):
        with t_cb.wait() as t, out_cb.reserve() as result:
            result.store(abs(t))
        with x_cb.wait() as a, y_cb.wait() as b, t_cb.reserve() as t:
            t.store(a + b)
    with t_cb.wait() as t, out_cb.reserve() as result:
        result.store(abs(t))


def in_a_branch(x_cb, y_cb, t_cb, out_cb):
    for turn in range(ROWS * COLUMNS):
        with x_cb.wait() as a, y_cb.wait() as b:
            if turn % 3 < 2:
                with t_cb.reserve() as t:
                    t.store(a + b)
        if turn % 3 < 2:
            with t_cb.wait() as t, out_cb.reserve() as result:
                result.store(abs(t))
        else:
            with out_cb.reserve() as result:
                result.store(ttl.math.fill(1.0))


def shows_the_turn(x_cb, y_cb, t_cb, out_cb):
    for _ in range(ROWS * COLUMNS):
        with x_cb.wait() as a, y_cb.wait() as b, t_cb.reserve() as t:
            t.store(a + b)
    for turn in range(ROWS * COLUMNS):
        with t_cb.wait() as t, out_cb.reserve() as result:
            print(turn)
            result.store(abs(t))


def counts_from_one(x_cb, y_cb, t_cb, out_cb):
    for _ in range(ROWS * COLUMNS):
        with x_cb.wait() as a, y_cb.wait() as b, t_cb.reserve() as t:
            t.store(a + b)
    for turn in range(1, 1 + ROWS * COLUMNS):
        with t_cb.wait() as t, out_cb.reserve() as result:
            if turn % 2 == 0:
                result.store(abs(t))
            else:
                result.store(-t)


LONG = {"factor": ROWS * COLUMNS}

REFUSED = {
    "nothing": (
        elementwise(abs),
        "it finds nothing to do: the compute thread waits for no block that it pushes itself",
        "def walk",
    ),
    "rounding": (
        chain(one_after_the_other, fp32_dest_acc=True),
        "'t_cb' rounds to bfloat16, and DST registers have 32 bits in this kernel: make the buffer float32 if the value"
        " need not be rounded",
        "t.store(a * a + 1.0)",
    ),
    "block floats": (
        chain(one_after_the_other, ttl.bfloat8_b),
        "'t_cb' rounds to bfloat8_b, and no instruction does so between registers",
        "t.store(a * a + 1.0)",
    ),
    "integers": (
        chain(one_after_the_other, ttl.int32),
        "'t_cb' converts bfloat16 to int32",
        "t.store(a * a + 1.0)",
    ),
    "reduction": (
        chain(reduced),
        "the unpacker reads 't_cb' for a reduce: it must lie in memory",
        "ttl.math.reduce_max(t, dims=[1])",
    ),
    "two stores": (
        chain(stored_twice),
        "a block of 't_cb' is written or used in 2 places before it is pushed",
        "t_cb.reserve() as t",
    ),
    "inner loop": (
        chain(used_in_a_loop, reader=one_of_four),
        "a loop or branch uses the block of 't_cb': its value would be computed in each turn",
        "result.store(abs(t))",
    ),
    "operands": (
        chain(waited_for_again),
        "'y_cb' is waited for again before the value of 't_cb' is used",
        "with x_cb.wait() as a, y_cb.wait() as b, out_cb.reserve() as result:",
    ),
    "lengths": (
        chain(loops_of_other_lengths, **LONG),
        "the loops that fill and take the blocks turn 16 and 4 times",
        "for _ in range(ROWS):",
    ),
    "both loops": (
        chain(both_wait_for_x, **LONG),
        "both loops use 'x_cb', whose blocks come in the order of the loops",
        "with x_cb.wait() as a, y_cb.wait() as b, out_cb.reserve() as result:",
    ),
    "printing": (
        chain(shows_the_turn, **LONG),
        "'ttl.print' inside of a loop may have an order with the other loop",
        "print(turn)",
    ),
    "counting": (
        chain(counts_from_one, **LONG),
        "the loops count from different numbers or with different steps",
        "for turn in range(1, 1 + ROWS * COLUMNS):",
    ),
    "branch": (
        chain(in_a_branch),
        "'t_cb' is filled and taken in different loops or branches",
        "with t_cb.wait() as t, out_cb.reserve() as result:",
    ),
    "handed on": (
        chain(handed_on),
        "it finds nothing to do: the compute thread waits for no block that it pushes itself",
        "def chained",
    ),
    "between": (
        chain(something_between, **LONG),
        "'ttl.cb_wait' stands between the loops",
        "with x_cb.wait() as a, y_cb.wait() as b, out_cb.reserve() as result:",
    ),
    "deadlock": (
        chain(in_two_loops, reader=one_then_the_other, **LONG),
        "the kernel would not be right any more: deadlock: thread 'compute' on core (0, 0) waits for a block of 'y_cb', in a"
        " circle of waits",
        "with t_cb.wait() as t, y_cb.wait() as b, out_cb.reserve() as result:",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    kernel, reason, line = REFUSED[name]
    x, y, out = arrays()
    arguments = (x, out) if name == "nothing" else (x, y, out)
    with pytest.raises(ttl.CompileError) as caught:
        ttl.schedule(kernel).fuse().compile(*arguments)
    assert caught.value.message == f"schedule step fuse(): {reason}"
    place = caught.value.location
    assert line in linecache.getline(place.file, place.line)
