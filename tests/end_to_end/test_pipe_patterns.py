# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: B023 - functions that threads define are compiled where they stand
"""Patterns of communication over pipes and semaphores: right values, however processors and packets are delayed.

Each pattern runs as modelled and under random schedules, on both chips; TTLANG_FUZZ is the number of seeds. A seed repeats
exactly, and a deadlock or a race fails the run.
"""

import os

import ml_dtypes
import numpy as np
import pytest

import ttlang as ttl

TILE = 32
BF16 = ml_dtypes.bfloat16
SEEDS = range(1, 1 + int(os.environ.get("TTLANG_FUZZ", "3")))


def tiles(rows, columns, seed=0):
    """A bfloat16 matrix of that many tiles, of small integers: sums are exact."""
    values = np.random.default_rng(seed).integers(-8, 8, (rows * TILE, columns * TILE))
    return values.astype(BF16)


def zeros(rows, columns):
    return np.zeros((rows * TILE, columns * TILE), BF16)


def buffer(shape=(1, 1), factor=2):
    return ttl.CircularBuffer(shape=shape, buffer_factor=factor, dtype=ttl.bfloat16)


def blocks(array):
    """The tiles of a matrix: [row, column, datum row, datum column]."""
    rows, columns = (size // TILE for size in array.shape)
    return array.astype(np.float32).reshape(rows, TILE, columns, TILE).swapaxes(1, 2)


def matrix(array):
    """The inverse of `blocks`."""
    rows, columns = array.shape[:2]
    return array.swapaxes(1, 2).reshape(rows * TILE, columns * TILE)


# The patterns: each returns a kernel, its arguments (the output last) and the expected output ------------------------


def gather():
    """All cores of a row send to the first one, which adds up what comes, in each of several turns."""
    columns, rows, turns = 5, 2, 3

    @ttl.kernel(grid=(columns, rows))
    def gather(a, out):
        x, y = ttl.core(dims=2)
        net = ttl.PipeNet([ttl.Pipe(src=(i, j), dst=(0, j)) for j in range(rows) for i in range(1, columns)])
        own, sent, received, result = (buffer() for _ in range(4))

        @ttl.compute()
        def add():
            if x == 0:
                for _ in range(turns):
                    with own.wait() as mine, result.reserve() as total:
                        total += mine
                        for _ in range(columns - 1):
                            with received.wait() as other:
                                total += other

        @ttl.datamovement()
        def move():
            for turn in range(turns):
                if x == 0:
                    with own.reserve() as mine:
                        ttl.copy(a[turn * rows + y, 0], mine).wait()

                def send(pipe):
                    with sent.reserve() as outgoing:
                        ttl.copy(a[turn * rows + y, pipe.src[0]], outgoing).wait()
                        ttl.copy(outgoing, pipe).wait()
                    with sent.wait() as _done:
                        pass

                def receive(pipe):
                    with received.reserve() as incoming:
                        ttl.copy(pipe, incoming).wait()

                net.if_src(send)
                net.if_dst(receive)

        @ttl.datamovement()
        def write():
            if x == 0:
                for turn in range(turns):
                    with result.wait() as total:
                        ttl.copy(total, out[turn * rows + y, 0]).wait()

    a = tiles(turns * rows, columns)
    return gather, (a, zeros(turns * rows, 1)), matrix(blocks(a).sum(1, keepdims=True))


def scatter():
    """One core sends another tile to every core, itself included."""
    columns, rows, turns = 3, 2, 4

    @ttl.kernel(grid=(columns, rows))
    def scatter(a, out):
        x, y = ttl.core(dims=2)
        net = ttl.PipeNet([ttl.Pipe(src=(1, 1), dst=(i, j)) for j in range(rows) for i in range(columns)])
        sent, received = buffer(), buffer()

        @ttl.datamovement()
        def move():
            for turn in range(turns):

                def send(pipe):
                    with sent.reserve() as outgoing:
                        ttl.copy(a[turn * rows + pipe.dst[1], pipe.dst[0]], outgoing)
                        ttl.copy(outgoing, pipe)
                    with sent.wait() as _done:
                        pass

                def receive(pipe):
                    with received.reserve() as incoming:
                        ttl.copy(pipe, incoming)

                net.if_src(send)
                net.if_dst(receive)

        @ttl.datamovement()
        def write():
            for turn in range(turns):
                with received.wait() as incoming:
                    ttl.copy(incoming, out[turn * rows + y, x]).wait()

    a = tiles(turns * rows, columns)
    return scatter, (a, np.zeros_like(a)), a.astype(np.float32)


def scatter_gather():
    """A core deals tiles out, the others square them and send them back."""
    cores, turns = 5, 3

    @ttl.kernel(grid=(cores,))
    def scatter_gather(a, out):
        x = ttl.core(dims=1)
        workers = range(1, cores)
        out_net = ttl.PipeNet([ttl.Pipe(src=0, dst=i) for i in workers])
        back_net = ttl.PipeNet([ttl.Pipe(src=i, dst=0) for i in workers])
        dealt, work, done, returned = (buffer() for _ in range(4))

        @ttl.compute()
        def square():
            if x > 0:
                for _ in range(turns):
                    with work.wait() as v, done.reserve() as o:
                        o.store(v * v)

        @ttl.datamovement()
        def deal():
            for turn in range(turns):

                def send(pipe):
                    with dealt.reserve() as outgoing:
                        ttl.copy(a[turn, pipe.dst[0] - 1], outgoing).wait()
                        ttl.copy(outgoing, pipe).wait()
                    with dealt.wait() as _done:
                        pass

                def take(pipe):
                    with work.reserve() as incoming:
                        ttl.copy(pipe, incoming).wait()

                out_net.if_src(send)
                out_net.if_dst(take)

        @ttl.datamovement()
        def collect():
            for turn in range(turns):

                def give_back(pipe):
                    with done.wait() as outgoing:
                        ttl.copy(outgoing, pipe).wait()

                def store(pipe):
                    with returned.reserve() as incoming:
                        ttl.copy(pipe, incoming).wait()
                    with returned.wait() as incoming:
                        ttl.copy(incoming, out[turn, pipe.src[0] - 1]).wait()

                back_net.if_src(give_back)
                back_net.if_dst(store)

    a = tiles(turns, cores - 1)
    return scatter_gather, (a, np.zeros_like(a)), a.astype(np.float32) ** 2


def forward():
    """A line of cores: each hands what it gets to its right neighbour, one more added."""
    cores, turns = 6, 4

    @ttl.kernel(grid=(cores, 1))
    def forward(a, out):
        x, _ = ttl.core(dims=2)
        net = ttl.PipeNet([ttl.Pipe(src=(i, 0), dst=(i + 1, 0)) for i in range(cores - 1)])
        incoming_cb, outgoing_cb = buffer(), buffer()

        @ttl.compute()
        def add_one():
            for _ in range(turns):
                with incoming_cb.wait() as v, outgoing_cb.reserve() as o:
                    o.store(v + 1)

        @ttl.datamovement()
        def receive():
            for turn in range(turns):
                with incoming_cb.reserve() as incoming:
                    if x == 0:
                        ttl.copy(a[turn, 0], incoming).wait()
                    net.if_dst(lambda pipe: ttl.copy(pipe, incoming).wait())

        @ttl.datamovement()
        def send():
            for turn in range(turns):
                with outgoing_cb.wait() as outgoing:
                    net.if_src(lambda pipe: ttl.copy(outgoing, pipe).wait())
                    ttl.copy(outgoing, out[turn, x]).wait()

    a = tiles(turns, 1)
    expected = blocks(a) + np.arange(1, cores + 1).reshape(1, cores, 1, 1)
    return forward, (a, zeros(turns, cores)), matrix(expected)


def many_to_one_barrier():
    """In each turn all cores report to one, which lets all go on; then each reads what its neighbour has written."""
    columns, rows, turns = 4, 2, 3

    @ttl.kernel(grid=(columns, rows))
    def many_to_one_barrier(a, out):
        x, y = ttl.core(dims=2)
        arrived, released = ttl.Semaphore(initial=0), ttl.Semaphore(initial=0)
        cb = buffer()

        @ttl.datamovement()
        def move():
            for turn in range(turns):
                with cb.reserve() as mine:
                    ttl.copy(a[turn * rows + y, x], mine).wait()
                with cb.wait() as mine:
                    ttl.copy(mine, out[2 * turn * rows + y, x]).wait()
                    arrived.get_remote((columns - 1, 0)).inc(1)
                if x == columns - 1 and y == 0:
                    arrived.wait_eq((turn + 1) * columns * rows)
                    released.get_remote_multicast().set(turn + 1)
                released.wait_ge(turn + 1)
                with cb.reserve() as other:
                    ttl.copy(out[2 * turn * rows + y, (x + 1) % columns], other).wait()
                with cb.wait() as other:
                    ttl.copy(other, out[(2 * turn + 1) * rows + y, x]).wait()

    a = tiles(turns * rows, columns)
    own = blocks(a).reshape(turns, rows, columns, TILE, TILE)
    expected = np.stack([own, np.roll(own, -1, axis=2)], axis=1).reshape(-1, columns, TILE, TILE)
    return many_to_one_barrier, (a, zeros(2 * turns * rows, columns)), matrix(expected)


def nested_conditions():
    """Pipes in branches in loops: even turns go along rows, odd ones down columns, the last of them nowhere."""
    side, turns = 3, 5

    @ttl.kernel(grid=(side, side))
    def nested_conditions(a, out):
        x, y = ttl.core(dims=2)
        along = ttl.PipeNet([ttl.Pipe(src=(0, j), dst=(slice(1, side), j)) for j in range(side)])
        down = ttl.PipeNet([ttl.Pipe(src=(i, 0), dst=(i, slice(1, side))) for i in range(side)])
        cb = buffer()

        @ttl.datamovement()
        def move():
            for turn in range(turns):
                with cb.reserve() as here:
                    if turn < turns - 1:
                        if turn % 2 == 0:
                            if x == 0:
                                ttl.copy(a[turn, y], here).wait()
                            along.if_src(lambda pipe: ttl.copy(here, pipe).wait())
                            along.if_dst(lambda pipe: ttl.copy(pipe, here).wait())
                        else:
                            if y == 0:
                                ttl.copy(a[turn, x], here).wait()
                            down.if_src(lambda pipe: ttl.copy(here, pipe).wait())
                            down.if_dst(lambda pipe: ttl.copy(pipe, here).wait())
                    else:
                        ttl.copy(a[turn, 0], here).wait()

        @ttl.datamovement()
        def write():
            for turn in range(turns):
                with cb.wait() as here:
                    ttl.copy(here, out[turn * side + y, x]).wait()

    a = tiles(turns, side)
    given = blocks(a)
    expected = np.zeros((turns, side, side, TILE, TILE), np.float32)
    for turn in range(turns - 1):
        expected[turn] = given[turn][:, None] if turn % 2 == 0 else given[turn][None, :]
    expected[-1] = given[-1, 0]
    return nested_conditions, (a, zeros(turns * side, side)), matrix(expected.reshape(-1, side, TILE, TILE))


def several_nets():
    """Four nets in two threads at once: rows and columns by multicast, a ring, and a reduction to one core."""
    side, turns = 3, 3

    @ttl.kernel(grid=(side, side))
    def several_nets(a, b, c, out):
        x, y = ttl.core(dims=2)
        every = range(side)
        rows = ttl.PipeNet([ttl.Pipe(src=(0, j), dst=(slice(0, side), j)) for j in every])
        columns = ttl.PipeNet([ttl.Pipe(src=(i, 0), dst=(i, slice(0, side))) for i in every])
        ring = ttl.PipeNet([ttl.Pipe(src=(i, j), dst=((i + 1) % side, j)) for j in every for i in every])
        to_first = ttl.PipeNet([ttl.Pipe(src=(i, j), dst=(0, j)) for j in every for i in every[1:]])
        row_cb, column_cb, own_cb, neighbour_cb = (buffer() for _ in range(4))
        sum_cb, sent_cb, received_cb, out_cb = (buffer() for _ in range(4))

        @ttl.compute()
        def compute():
            for _ in range(turns):
                with row_cb.wait() as p, column_cb.wait() as q, neighbour_cb.wait() as r:
                    if x == 0:
                        with sum_cb.reserve() as mine:
                            mine.store(p + q + r)
                    else:
                        with sent_cb.reserve() as mine:
                            mine.store(p + q + r)
                if x == 0:
                    with sum_cb.wait() as mine, out_cb.reserve() as total:
                        total += mine
                        for _ in range(side - 1):
                            with received_cb.wait() as other:
                                total += other

        @ttl.datamovement()
        def spread():
            for turn in range(turns):
                with row_cb.reserve() as p, column_cb.reserve() as q:

                    def send_row(pipe):
                        ttl.copy(a[turn, pipe.src[1]], p).wait()
                        ttl.copy(p, pipe).wait()

                    def send_column(pipe):
                        ttl.copy(b[turn, pipe.src[0]], q).wait()
                        ttl.copy(q, pipe).wait()

                    rows.if_src(send_row)
                    columns.if_src(send_column)
                    rows.if_dst(lambda pipe: ttl.copy(pipe, p).wait())
                    columns.if_dst(lambda pipe: ttl.copy(pipe, q).wait())
                with own_cb.reserve() as mine:
                    ttl.copy(c[turn * side + y, x], mine).wait()
                with own_cb.wait() as mine:
                    ring.if_src(lambda pipe: ttl.copy(mine, pipe).wait())
                with neighbour_cb.reserve() as theirs:
                    ring.if_dst(lambda pipe: ttl.copy(pipe, theirs).wait())

        @ttl.datamovement()
        def collect():
            for turn in range(turns):

                def send(pipe):
                    with sent_cb.wait() as mine:
                        ttl.copy(mine, pipe).wait()

                def receive(pipe):
                    with received_cb.reserve() as other:
                        ttl.copy(pipe, other).wait()

                to_first.if_src(send)
                to_first.if_dst(receive)
                if x == 0:
                    with out_cb.wait() as total:
                        ttl.copy(total, out[turn, y]).wait()

    a, b, c = tiles(turns, side), tiles(turns, side, 1), tiles(turns * side, side, 2)
    p, q = blocks(a), blocks(b)
    r = blocks(c).reshape(turns, side, side, TILE, TILE)
    expected = side * p + q.sum(1, keepdims=True) + r.sum(2)
    return several_nets, (a, b, c, zeros(turns, side)), matrix(expected)


PATTERNS = {
    function.__name__: function
    for function in (
        gather,
        scatter,
        scatter_gather,
        forward,
        many_to_one_barrier,
        nested_conditions,
        several_nets,
    )
}


def result_of(compiled, arguments, **options):
    """Cycles and output of a run; the output array is cleared before it."""
    arguments[-1][...] = 0
    report = compiled.run(*arguments, **options)
    return report.cycles, arguments[-1].astype(np.float32)


@pytest.mark.parametrize("chip", ["wormhole_b0", "blackhole"])
@pytest.mark.parametrize("name", PATTERNS)
def test_values(name, chip, monkeypatch):
    monkeypatch.setenv("TTLANG_CHIP", chip)
    kernel, arguments, expected = PATTERNS[name]()
    compiled = kernel.compile(*arguments)
    cycles, got = result_of(compiled, arguments)
    np.testing.assert_array_equal(got, expected)
    assert result_of(compiled, arguments)[0] == cycles
    _, got = result_of(compiled, arguments, time=False)
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("name", PATTERNS)
def test_random_schedules(name):
    """No deadlock, no race, the same values; a seed gives the same cycles again."""
    kernel, arguments, expected = PATTERNS[name]()
    compiled = kernel.compile(*arguments)
    cycles = {}
    for seed in SEEDS:
        cycles[seed], got = result_of(compiled, arguments, schedule=f"random:{seed}")
        np.testing.assert_array_equal(got, expected, err_msg=f"seed {seed}")
    assert len(set(cycles.values())) > 1, "schedules differ"
    assert result_of(compiled, arguments, schedule=f"random:{SEEDS[0]}")[0] == cycles[SEEDS[0]]


def test_an_unknown_schedule():
    kernel, arguments, _ = forward()
    with pytest.raises(ttl.CompileError, match="random:SEED"):
        kernel.compile(*arguments).run(*arguments, schedule="fast")


# Code of pipes -------------------------------------------------------------------------------------------------------


def make_grid_multicast(columns, rows, turns):
    @ttl.kernel(grid=(columns, rows))
    def grid_multicast(a, out):
        """The first core of each row multicasts a block to the others of its row, in each turn."""
        x, y = ttl.core(dims=2)
        net = ttl.PipeNet([ttl.Pipe(src=(0, j), dst=(slice(1, columns), j)) for j in range(rows)])
        cb = buffer((2, 4))

        @ttl.datamovement()
        def move():
            for turn in range(turns):
                with cb.reserve() as here:

                    def send(pipe):
                        rows_of_turn = slice(
                            (turn * rows + pipe.src[1]) * 2, (turn * rows + pipe.src[1] + 1) * 2
                        )
                        ttl.copy(a[rows_of_turn, 0:4], here).wait()
                        ttl.copy(here, pipe).wait()

                    net.if_src(send)
                    net.if_dst(lambda pipe: ttl.copy(pipe, here).wait())

        @ttl.datamovement()
        def write():
            for turn in range(turns):
                with cb.wait() as here:
                    first = (turn * rows + y) * 2
                    ttl.copy(here, out[first : first + 2, x * 4 : (x + 1) * 4]).wait()

    return grid_multicast


def test_receivers_that_come_early_or_late():
    """The source waits for all receivers of a block, whichever of them comes first and wherever their memory lies."""
    columns, rows, turns = 8, 4, 8
    a = tiles(turns * rows * 2, 4)
    out = zeros(turns * rows * 2, columns * 4)
    compiled = make_grid_multicast(columns, rows, turns).compile(a, out)
    for seed in SEEDS:
        _, got = result_of(compiled, (a, out), schedule=f"random:{seed}")
        np.testing.assert_array_equal(got, np.tile(a.astype(np.float32), (1, columns)))


def lines_of(compiled, call):
    return sum(source.count(call) for source in compiled.kernels.values())


def test_ends_that_differ_in_their_cores_share_code():
    """Eight rows send by the same code, and so do the cores of a ring, whose last one sends back to the first."""
    a = tiles(8 * 2, 4)
    row = make_grid_multicast(4, 8, 1).compile(a, zeros(8 * 2, 16))
    assert lines_of(row, "noc_async_write_multicast") == 1
    assert lines_of(row, "noc_semaphore_wait(") == 1
    kernel, arguments, _ = forward()
    assert lines_of(kernel.compile(*arguments), "noc_async_write(") == 1
    kernel, arguments, _ = several_nets()
    assert lines_of(kernel.compile(*arguments), "noc_async_write(") == 1 + 1


@pytest.mark.parametrize("cores", [3, 5, 8])
def test_turns_around_a_ring_are_one_piece_of_code_each(cores):
    """In turn t core i sends to core i + t, around the ring; what is sent and where it goes depend on both."""

    @ttl.kernel(grid=(cores, 1))
    def turns(a, out):
        x, _ = ttl.core(dims=2)
        pairs = [(i, (i + turn) % cores) for turn in range(1, cores) for i in range(cores)]
        net = ttl.PipeNet([ttl.Pipe(src=(i, 0), dst=(j, 0)) for i, j in pairs])
        sent, received = buffer(), buffer()

        @ttl.datamovement()
        def send():
            def give(pipe):
                with sent.reserve() as outgoing:
                    ttl.copy(a[x, pipe.dst[0]], outgoing).wait()
                    ttl.copy(outgoing, pipe).wait()
                with sent.wait() as _done:
                    pass

            net.if_src(give)

        @ttl.datamovement()
        def receive():
            def take(pipe):
                with received.reserve() as incoming:
                    ttl.copy(pipe, incoming).wait()
                with received.wait() as incoming:
                    ttl.copy(incoming, out[x, pipe.src[0]]).wait()

            net.if_dst(take)

    a, out = tiles(cores, cores), zeros(cores, cores)
    compiled = turns.compile(a, out)
    assert lines_of(compiled, "noc_async_write(") == cores - 1
    assert lines_of(compiled, "cb_reserve_back(") == 2 * (cores - 1)
    compiled.run(a, out)
    blocks = a.reshape(cores, 32, cores, 32)
    expected = blocks.transpose(2, 1, 0, 3).copy()
    for i in range(cores):
        expected[i, :, i] = 0
    assert np.array_equal(out, expected.reshape(out.shape))


def test_the_order_of_pipes_is_kept():
    """A core takes its pipes in the order of the list, whatever shares code."""

    @ttl.kernel(grid=(4, 1))
    def ordered(a, out):
        x, _ = ttl.core(dims=2)
        pairs = [(0, 1), (1, 2), (0, 2), (1, 3), (0, 3)]
        net = ttl.PipeNet([ttl.Pipe(src=(i, 0), dst=(j, 0)) for i, j in pairs])
        sent, received = buffer(), buffer(factor=1)

        @ttl.datamovement()
        def send():
            def give(pipe):
                with sent.reserve() as outgoing:
                    ttl.copy(a[pipe.src[0], pipe.dst[0]], outgoing).wait()
                    ttl.copy(outgoing, pipe).wait()
                with sent.wait() as _done:
                    pass

            net.if_src(give)

        @ttl.datamovement()
        def receive():
            def take(pipe):
                with received.reserve() as incoming:
                    ttl.copy(pipe, incoming).wait()
                with received.wait() as incoming:
                    ttl.copy(incoming, out[pipe.src[0], x]).wait()

            net.if_dst(take)

    a = tiles(2, 4)
    out = np.zeros_like(a)
    ordered(a, out)
    expected = blocks(a)
    expected[0, 0] = expected[1, 0] = expected[1, 1] = 0
    np.testing.assert_array_equal(out.astype(np.float32), matrix(expected))
