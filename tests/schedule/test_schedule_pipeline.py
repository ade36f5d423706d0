# SPDX-License-Identifier: Apache-2.0
"""The step `schedule_pipeline`: which reads overlap, when blocks are released, refusals, cycles."""

import numpy as np
import pytest

import ttlang as ttl

from .scheduled_kernels import add_tiles, assert_same, copying, message, numbers, ran


def code(kernel, thread, *arguments):
    """The calls of a thread that move data, by their first words, in order."""
    words = ("reserve", "read_page", "barrier", "push", "wait_front", "write_page", "flushed", "pop")
    lines = kernel.compile(*arguments).kernels[thread].split("\n")
    found = ((word, line) for line in lines for word in words if f"{word}" in line.partition("(")[0])
    return [word for word, _ in found]


@pytest.fixture
def tiles():
    a, b = numbers(16, 1), numbers(16, 1, seed=1)
    return a, b, np.zeros_like(a)


@pytest.mark.parametrize("strategy", ["aggressive", "conservative", "auto"])
def test_reads_overlap_and_share_a_barrier(strategy, tiles):
    scheduled = ttl.schedule(add_tiles).schedule_pipeline(strategy)
    assert code(add_tiles, "read", *tiles) == ["reserve", "read_page", "barrier", "push"] * 2
    assert code(scheduled, "read", *tiles) == [*["reserve", "read_page"] * 2, "barrier", "push", "push"]
    assert_same(add_tiles, scheduled, *tiles)


@pytest.mark.parametrize("strategy", ["aggressive", "conservative", "auto"])
def test_cycles(strategy, tiles):
    """A turn of two reads, one after the other, takes about twice as long as one of two that overlap."""
    before, after = ran(add_tiles, *tiles), ran(ttl.schedule(add_tiles).schedule_pipeline(strategy), *tiles)
    assert 1.4 < before / after < 2


def test_blocks_are_released_when_their_writes_have_left(tiles):
    scheduled = ttl.schedule(add_tiles).schedule_pipeline()
    assert code(add_tiles, "write", *tiles) == ["wait_front", "write_page", "barrier", "pop"]
    assert code(scheduled, "write", *tiles) == ["wait_front", "write_page", "flushed", "pop", "barrier"]


def both_backends_agree(kernel, *arguments):
    one, other = (kernel.compile(*arguments, backend=backend).kernels for backend in (None, "direct"))
    return one == other


def test_both_ways_to_the_code_agree(tiles):
    assert both_backends_agree(ttl.schedule(add_tiles).schedule_pipeline(), *tiles)


def test_only_aggressive_ones_cross_loops():
    """The block behind a loop is read before it: its barriers end that read too."""

    @ttl.kernel(grid=(1, 1))
    def column_and_row(a, b, out):
        a_cb, b_cb, out_cb = (ttl.make_circular_buffer_like(a, shape=(1, 1)) for _ in range(3))

        @ttl.compute()
        def compute():
            for _ in range(4):
                with a_cb.wait() as x, out_cb.reserve() as z:
                    z.store(x)
            with b_cb.wait() as y, out_cb.reserve() as z:
                z.store(y)

        @ttl.datamovement()
        def read():
            for i in range(4):
                with a_cb.reserve() as x:
                    ttl.copy(a[i, 0], x)
            with b_cb.reserve() as y:
                ttl.copy(b[0, 0], y)

        @ttl.datamovement()
        def write():
            for i in range(5):
                with out_cb.wait() as z:
                    ttl.copy(z, out[i, 0])

    arguments = (numbers(4, 1), numbers(1, 1, seed=1), np.zeros((160, 32), numbers(1, 1).dtype))
    turn = ["reserve", "read_page", "barrier", "push"]
    for strategy, order in {
        "aggressive": ["reserve", "read_page", *turn, "barrier", "push"],
        "conservative": [*turn, *turn],
    }.items():
        scheduled = ttl.schedule(column_and_row).schedule_pipeline(strategy)
        assert code(scheduled, "read", *arguments) == order
        assert_same(column_and_row, scheduled, *arguments)


@pytest.mark.parametrize("branch", [False, True])
def test_what_a_read_is_computed_from_stays_before_it(branch):
    """Indices that the loop in front of a read uses too stay before it; what a branch chooses stays behind the branch."""

    @ttl.kernel(grid=(2, 1))
    def dealt(a, b, out):
        a_cb, b_cb, out_cb = (ttl.make_circular_buffer_like(a, shape=(1, 1)) for _ in range(3))
        core, cores = ttl.core(dims=1), ttl.grid_size(dims=1)

        @ttl.compute()
        def compute():
            for _ in range(core, 4, cores):
                for _ in range(2):
                    with a_cb.wait() as x, out_cb.reserve() as z:
                        z.store(x)
                with b_cb.wait() as y, out_cb.reserve() as z:
                    z.store(y)

        @ttl.datamovement()
        def read():
            for item in range(core, 4, cores):
                row, column = item // 2, item % 2
                for i in range(2):
                    with a_cb.reserve() as x:
                        ttl.copy(a[2 * row + i, column], x)
                other = column + row
                if branch and item > 2:
                    other = 2
                with b_cb.reserve() as y:
                    ttl.copy(b[other, column], y)

        @ttl.datamovement()
        def write():
            for item in range(core, 4, cores):
                for i in range(3):
                    with out_cb.wait() as z:
                        ttl.copy(z, out[3 * item + i, 0])

    arguments = (numbers(4, 2), numbers(3, 2, seed=1), np.zeros((384, 32), numbers(1, 1).dtype))
    scheduled = ttl.schedule(dealt).schedule_pipeline("aggressive")
    first = ["reserve", "read_page", "barrier" if branch else "reserve"]
    assert code(scheduled, "read", *arguments)[:3] == first
    assert_same(dealt, scheduled, *arguments)
    assert_same(dealt, scheduled.optimize_buffer_factor(4).insert_prefetch(), *arguments)


def stuck_when_moved():
    """The block that is pushed second has room only after the first was taken, in the same turn."""

    @ttl.kernel(grid=(1, 1))
    def taken_first(a, b, out):
        a_cb = ttl.make_circular_buffer_like(a, shape=(1, 1), buffer_factor=2)
        b_cb = ttl.make_circular_buffer_like(b, shape=(1, 1), buffer_factor=1)
        out_cb = ttl.make_circular_buffer_like(a, shape=(1, 1))

        @ttl.compute()
        def compute():
            with a_cb.wait() as x, out_cb.reserve() as z:
                z.store(x)
            for _ in range(3):
                with b_cb.wait() as y:
                    with a_cb.wait() as x, out_cb.reserve() as z:
                        z.store(x + y)
            with b_cb.wait() as y, out_cb.reserve() as z:
                z.store(y)

        @ttl.datamovement()
        def read():
            for i in range(4):
                with a_cb.reserve() as x:
                    ttl.copy(a[i, 0], x)
                with b_cb.reserve() as y:
                    ttl.copy(b[i, 0], y)

        @ttl.datamovement()
        def write():
            for i in range(5):
                with out_cb.wait() as z:
                    ttl.copy(z, out[i, 0])

    return taken_first


def test_reads_do_not_move_where_threads_would_get_stuck():
    kernel = stuck_when_moved()
    arguments = (numbers(4, 1), numbers(4, 1, seed=1), np.zeros((160, 32), numbers(1, 1).dtype))
    assert message(lambda: ttl.schedule(kernel).schedule_pipeline("aggressive").compile(*arguments)) == (
        "schedule step schedule_pipeline(strategy='aggressive'): the kernel would not be right any more: deadlock: thread"
        " 'compute' on core (0, 0) waits for a block of 'a_cb', in a circle of waits"
    )
    for strategy in ("conservative", "auto"):
        scheduled = ttl.schedule(kernel).schedule_pipeline(strategy)
        assert code(scheduled, "read", *arguments) == ["reserve", "read_page", "barrier", "push"] * 2
        assert code(scheduled, "write", *arguments)[-3:] == ["flushed", "pop", "barrier"]
        assert_same(kernel, scheduled, *arguments)


def test_values_of_run_time_cannot_be_followed():
    """Conservative is sure or leaves it: a loop that a tensor's values end is not followed to its end."""

    @ttl.kernel(grid=(1, 1))
    def counted(counts, a, b, out):
        counts_cb = ttl.CircularBuffer(shape=(1, 32), dtype=ttl.int32, tiled=False)
        a_cb, b_cb = (ttl.make_circular_buffer_like(a, shape=(1, 1)) for _ in range(2))

        @ttl.datamovement()
        def read():
            with counts_cb.reserve() as c:
                ttl.copy(counts[0:1, 0:32], c).wait()
                count = c[0, 0]
            for i in range(count):
                with a_cb.reserve() as x:
                    ttl.copy(a[i, 0], x)
                with b_cb.reserve() as y:
                    ttl.copy(b[i, 0], y)

        @ttl.datamovement()
        def write():
            with counts_cb.wait() as c:
                count = c[0, 0]
            for i in range(count):
                with a_cb.wait() as x:
                    ttl.copy(x, out[2 * i, 0])
                with b_cb.wait() as y:
                    ttl.copy(y, out[2 * i + 1, 0])

    a, b = numbers(4, 1), numbers(4, 1, seed=1)
    counts = ttl.tensor(np.full((1, 32), 4, np.int32), layout=ttl.ROW_MAJOR)
    arguments = (counts, a, b, np.zeros((256, 32), a.dtype))
    conservative = ttl.schedule(counted).schedule_pipeline("conservative")
    auto = ttl.schedule(counted).schedule_pipeline("auto")
    first = ["reserve", "barrier", "push"]
    apart, together = ["reserve", "read_page", "barrier", "push"] * 2, ["reserve", "read_page"] * 2
    assert code(conservative, "read", *arguments) == [*first, *apart]
    assert code(auto, "read", *arguments) == [*first, *together, "barrier", "push", "push"]
    for scheduled in (conservative, auto):
        assert_same(counted, scheduled, *arguments)


def test_what_a_program_reads_and_writes_stays():
    @ttl.kernel(grid=(1, 1))
    def shift(a):
        cb = ttl.make_circular_buffer_like(a, shape=(1, 1), buffer_factor=1)

        @ttl.datamovement()
        def read():
            for i in range(3):
                with cb.reserve() as block:
                    ttl.copy(a[i, 0], block)

        @ttl.datamovement()
        def write():
            for i in range(3):
                with cb.wait() as block:
                    ttl.copy(block, a[i + 1, 0])

    assert message(lambda: ttl.schedule(shift).schedule_pipeline().compile(numbers(4, 1))) == (
        "schedule step schedule_pipeline(strategy='auto'): it finds nothing to do: no read of this kernel can start before"
        " another block is pushed, and no block waits for a write to arrive"
    )


def test_semaphores_wait_until_writes_have_arrived():
    """What a thread waits for before it signals has arrived, whatever else the schedule says."""

    @ttl.kernel(grid=(2, 1))
    def handed_over(a, out, last):
        cb = ttl.make_circular_buffer_like(a, shape=(1, 1))
        ready = ttl.Semaphore(0)
        x = ttl.core(dims=2)[0]

        @ttl.datamovement()
        def read():
            for i in range(2):
                with cb.reserve() as block:
                    ttl.copy(a[i, 0], block)

        @ttl.datamovement()
        def write():
            for i in range(2):
                with cb.wait() as block:
                    ttl.copy(block, out[i, x]).wait()
                    ready.get_remote((1 - x, 0)).inc(1)
            ready.wait_eq(2)

    a = numbers(2, 1)
    out = np.zeros((64, 64), a.dtype)
    last = np.zeros((32, 32), a.dtype)
    scheduled = ttl.schedule(handed_over).schedule_pipeline()
    thread = code(scheduled, "write", a, out, last)
    assert thread.index("barrier") < thread.index("pop")


def test_takes_kernels_only():
    a = numbers(4, 1)
    step = ttl.schedule(copying()).match("ttl.create_cb").schedule_pipeline("auto")
    assert message(lambda: step.compile(a, a)) == (
        "schedule step schedule_pipeline(strategy='auto'): it works on kernels, and the handle is to a ttl.create_cb"
    )
