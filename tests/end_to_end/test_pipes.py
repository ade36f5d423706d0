# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: B023 - functions that threads define are compiled where they stand
"""Pipes and semaphores on the simulator, against NumPy."""

import ml_dtypes
import numpy as np
import pytest

import ttlang as ttl

TILE = 32


def tiles(rows: int, columns: int, seed: int = 0) -> np.ndarray:
    """A bfloat16 matrix of that many tiles."""
    values = np.random.default_rng(seed).standard_normal((rows * TILE, columns * TILE), np.float32)
    return values.astype(ml_dtypes.bfloat16)


def tile(matrix: np.ndarray, row: int, column: int) -> np.ndarray:
    return matrix[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]


def block(matrix: np.ndarray, row: int, column: int) -> np.ndarray:
    return tile(matrix, row, column).astype(np.float32)


# Multicast ---------------------------------------------------------------------------------------------------------


def make_multicast(cores, turns, loops_back, factor):
    first = 0 if loops_back else 1

    @ttl.kernel(grid=(cores, 1))
    def multicast(a, out):
        net = ttl.PipeNet([ttl.Pipe(src=(0, 0), dst=(slice(first, cores), 0))])
        cb = ttl.make_circular_buffer_like(a, shape=(1, 1), buffer_factor=factor)
        out_cb = ttl.make_circular_buffer_like(a, shape=(1, 1), buffer_factor=2)
        x, _ = ttl.core(dims=2)

        @ttl.compute()
        def double():
            for _ in range(turns):
                with cb.wait() as v, out_cb.reserve() as o:
                    o.store(v + v)

        @ttl.datamovement()
        def read():
            for i in range(turns):
                with cb.reserve() as here:

                    def send(pipe):
                        ttl.copy(a[i, 0], here).wait()
                        ttl.copy(here, pipe).wait()

                    def receive(pipe):
                        ttl.copy(pipe, here).wait()

                    net.if_src(send)
                    net.if_dst(receive)

        @ttl.datamovement()
        def write():
            for i in range(turns):
                with out_cb.wait() as o:
                    ttl.copy(o, out[i, x]).wait()

    return multicast


@pytest.mark.parametrize("factor", [1, 2, 3])
@pytest.mark.parametrize("loops_back", [False, True])
def test_multicast(loops_back, factor):
    a, out = tiles(5, 1), np.zeros((5 * TILE, 4 * TILE), ml_dtypes.bfloat16)
    make_multicast(4, 5, loops_back, factor)(a, out)
    np.testing.assert_array_equal(out.astype(np.float32), np.tile(2 * a.astype(np.float32), (1, 4)))


# Gather, scatter and both --------------------------------------------------------------------------------------------


@ttl.kernel(grid=(4, 1))
def gather(a, out):
    """Cores 1 to 3 send a tile each to core 0, which writes them one below the other."""
    net = ttl.PipeNet([ttl.Pipe(src=(x, 0), dst=(0, 0)) for x in range(1, 4)])
    cb = ttl.make_circular_buffer_like(a, shape=(1, 1), buffer_factor=2)
    in_cb = ttl.make_circular_buffer_like(a, shape=(1, 1), buffer_factor=2)
    x, _ = ttl.core(dims=2)

    @ttl.datamovement()
    def move():
        for turn in range(3):

            def send(pipe):
                with cb.reserve() as mine:
                    ttl.copy(a[turn, x], mine).wait()
                    ttl.copy(mine, pipe)
                with cb.wait() as _done:
                    pass

            def receive(pipe):
                with in_cb.reserve() as there:
                    ttl.copy(pipe, there).wait()

            net.if_src(send)
            net.if_dst(receive)

    @ttl.datamovement()
    def write():
        for turn in range(3):

            def store(pipe):
                with in_cb.wait() as there:
                    ttl.copy(there, out[turn * 3 + pipe.src[0] - 1, 0])

            net.if_dst(store)


def test_gather():
    a, out = tiles(3, 4), np.zeros((9 * TILE, TILE), ml_dtypes.bfloat16)
    gather(a, out)
    for turn in range(3):
        for x in range(1, 4):
            np.testing.assert_array_equal(block(out, turn * 3 + x - 1, 0), block(a, turn, x))


@ttl.kernel(grid=(2, 2))
def scatter(a, out):
    """Core (0, 0) sends another tile to each core, itself included."""
    net = ttl.PipeNet([ttl.Pipe(src=(0, 0), dst=(x, y)) for y in range(2) for x in range(2)])
    cb = ttl.make_circular_buffer_like(a, shape=(1, 1), buffer_factor=2)
    in_cb = ttl.make_circular_buffer_like(a, shape=(1, 1), buffer_factor=2)
    x, y = ttl.core(dims=2)

    @ttl.datamovement()
    def send():
        for turn in range(2):

            def give(pipe):
                with cb.reserve() as outgoing:
                    ttl.copy(a[turn * 2 + pipe.dst[1], pipe.dst[0]], outgoing)
                    ttl.copy(outgoing, pipe).wait()
                with cb.wait() as _done:
                    pass

            net.if_src(give)

            def take(pipe):
                with in_cb.reserve() as incoming:
                    ttl.copy(pipe, incoming)

            net.if_dst(take)

    @ttl.datamovement()
    def write():
        for turn in range(2):
            with in_cb.wait() as incoming:
                ttl.copy(incoming, out[turn * 2 + y, x]).wait()


def test_scatter():
    a = tiles(4, 2)
    out = np.zeros_like(a)
    scatter(a, out)
    np.testing.assert_array_equal(out.astype(np.float32), a.astype(np.float32))


# Ring and all to all -------------------------------------------------------------------------------------------------


def make_ring(cores):
    @ttl.kernel(grid=(cores,))
    def ring(a, out):
        """All-gather: in each step every core hands the tile that it got last to its right neighbour."""
        net = ttl.PipeNet([ttl.Pipe(src=x, dst=(x + 1) % cores) for x in range(cores)])
        cb = ttl.make_circular_buffer_like(a, shape=(1, 1), buffer_factor=2)
        out_cb = ttl.make_circular_buffer_like(a, shape=(1, 1), buffer_factor=2)
        x = ttl.core(dims=1)

        @ttl.datamovement()
        def move():
            with cb.reserve() as first:
                ttl.copy(a[0, x], first).wait()
            for _ in range(cores):
                with cb.wait() as last, out_cb.reserve() as o:
                    ttl.copy(last, o).wait()

                    def send(pipe):
                        ttl.copy(last, pipe).wait()

                    net.if_src(send)
                with cb.reserve() as following:

                    def receive(pipe):
                        ttl.copy(pipe, following).wait()

                    net.if_dst(receive)
            with cb.wait() as _own:
                pass

        @ttl.datamovement()
        def write():
            for step in range(cores):
                with out_cb.wait() as o:
                    ttl.copy(o, out[x, (x - step + cores) % cores]).wait()

    return ring


@pytest.mark.parametrize("cores", [2, 5, 8])
def test_ring_all_gather(cores):
    a, out = tiles(1, cores), np.zeros((cores * TILE, cores * TILE), ml_dtypes.bfloat16)
    make_ring(cores)(a, out)
    np.testing.assert_array_equal(out.astype(np.float32), np.tile(a.astype(np.float32), (cores, 1)))


def make_all_to_all(cores, turns):
    @ttl.kernel(grid=(cores, 1))
    def all_to_all(a, out):
        """Core i sends tile j of its row to core j, which puts it at place i of its own."""
        pairs = [(i, j) for i in range(cores) for j in range(cores) if i != j]
        net = ttl.PipeNet([ttl.Pipe(src=(i, 0), dst=(j, 0)) for i, j in pairs])
        cb = ttl.make_circular_buffer_like(a, shape=(1, 1), buffer_factor=2)
        in_cb = ttl.make_circular_buffer_like(a, shape=(1, 1), buffer_factor=2)
        x, _ = ttl.core(dims=2)

        @ttl.datamovement()
        def move():
            for turn in range(turns):

                def send(pipe):
                    with cb.reserve() as outgoing:
                        ttl.copy(a[turn * cores + x, pipe.dst[0]], outgoing)
                        ttl.copy(outgoing, pipe)
                    with cb.wait() as _done:
                        pass

                net.if_src(send)

                def receive(pipe):
                    with in_cb.reserve() as incoming:
                        ttl.copy(pipe, incoming)

                net.if_dst(receive)

        @ttl.datamovement()
        def write():
            for turn in range(turns):

                def store(pipe):
                    with in_cb.wait() as incoming:
                        ttl.copy(incoming, out[turn * cores + x, pipe.src[0]])

                net.if_dst(store)

    return all_to_all


@pytest.mark.parametrize(("cores", "turns"), [(2, 1), (3, 3), (4, 2)])
def test_all_to_all(cores, turns):
    a = tiles(cores * turns, cores)
    out = np.zeros_like(a)
    make_all_to_all(cores, turns)(a, out)
    for turn in range(turns):
        for i in range(cores):
            for j in range(cores):
                if i != j:
                    got, sent = block(out, turn * cores + j, i), block(a, turn * cores + i, j)
                    np.testing.assert_array_equal(got, sent)


# Several nets, rows and columns --------------------------------------------------------------------------------------


@ttl.kernel(grid=(3, 2))
def row_and_column(a, b, out):
    """Operands multicast along rows and columns, added on each core: out[y, x] = a[y] + b[x]."""
    rows = ttl.PipeNet([ttl.Pipe(src=(0, y), dst=(slice(1, 3), y)) for y in range(2)])
    columns = ttl.PipeNet([ttl.Pipe(src=(x, 0), dst=(x, slice(1, 2))) for x in range(3)])
    a_cb = ttl.make_circular_buffer_like(a, shape=(1, 1))
    b_cb = ttl.make_circular_buffer_like(b, shape=(1, 1))
    out_cb = ttl.make_circular_buffer_like(out, shape=(1, 1))
    x, y = ttl.core(dims=2)

    @ttl.compute()
    def add():
        for _ in range(3):
            with a_cb.wait() as p, b_cb.wait() as q, out_cb.reserve() as o:
                o.store(p + q)

    @ttl.datamovement()
    def read():
        for turn in range(3):
            with a_cb.reserve() as p, b_cb.reserve() as q:

                def send_row(pipe):
                    ttl.copy(a[turn * 2 + pipe.src[1], 0], p).wait()
                    ttl.copy(p, pipe).wait()

                def send_column(pipe):
                    ttl.copy(b[turn, pipe.src[0]], q).wait()
                    ttl.copy(q, pipe).wait()

                rows.if_src(send_row)
                columns.if_src(send_column)
                ttl.if_pipe_dst(rows, lambda pipe: ttl.copy(pipe, p).wait())
                columns.if_dst(lambda pipe: ttl.copy(pipe, q).wait())

    @ttl.datamovement()
    def write():
        for turn in range(3):
            with out_cb.wait() as o:
                ttl.copy(o, out[turn * 2 + y, x]).wait()


def test_two_nets():
    a, b, out = tiles(6, 1), tiles(3, 3, 1), np.zeros((6 * TILE, 3 * TILE), ml_dtypes.bfloat16)
    row_and_column(a, b, out)
    for turn in range(3):
        for y in range(2):
            for x in range(3):
                expected = block(a, turn * 2 + y, 0) + block(b, turn, x)
                got = block(out, turn * 2 + y, x)
                np.testing.assert_allclose(got, expected, rtol=1e-2, atol=1e-2)


# Semaphores ----------------------------------------------------------------------------------------------------------


@ttl.kernel(grid=(4, 2))
def barrier(a, out):
    """Every core writes a tile; after a barrier of all cores, each reads its neighbour's and writes it on."""
    arrived, released = ttl.Semaphore(initial=0), ttl.Semaphore(0)
    cb = ttl.make_circular_buffer_like(a, shape=(1, 1))
    x, y = ttl.core(dims=2)

    @ttl.datamovement()
    def move():
        with cb.reserve() as mine:
            ttl.copy(a[y, x], mine).wait()
        with cb.wait() as mine:
            ttl.copy(mine, out[y, x]).wait()
            arrived.get_remote((0, 0)).inc(1)
        if x == 0 and y == 0:
            arrived.wait_eq(8)
            released.get_remote_multicast().set(1)
        released.wait_ge(1)
        with cb.reserve() as other:
            ttl.copy(out[y, (x + 1) % 4], other).wait()
        with cb.wait() as other:
            ttl.copy(other, out[y + 2, x]).wait()


def test_barrier_of_semaphores():
    a, out = tiles(2, 4), np.zeros((4 * TILE, 4 * TILE), ml_dtypes.bfloat16)
    barrier(a, out)
    expected = a.astype(np.float32)
    np.testing.assert_array_equal(out[: 2 * TILE].astype(np.float32), expected)
    np.testing.assert_array_equal(out[2 * TILE :].astype(np.float32), np.roll(expected, -TILE, axis=1))


@ttl.kernel(grid=(4, 1))
def early_forms(a, out):
    """The earlier forms: one core reads, `dma` with core and mcast writes the block of the others."""
    ready, sent = ttl.Semaphore(), ttl.Semaphore()
    cb = ttl.make_circular_buffer_like(a, shape=(1, 1), buffer_factor=1)
    x, _ = ttl.core(dims=2)

    @ttl.datamovement()
    def read():
        for turn in range(3):
            with cb.reserve() as here:
                if x == 0:
                    ttl.dma(a[turn, 0], here).wait()
                    ready.wait(3, reset=0)
                    ttl.dma(here, here, core=(0, 0), mcast=(4, 1)).wait()
                    sent.set(1, core=(1, 0), mcast=(3, 1))
                else:
                    ready.inc(1, core=(0, 0))
                    sent.wait(1, reset=0)

    @ttl.datamovement()
    def write():
        for turn in range(3):
            with cb.wait() as here:
                ttl.dma(here, out[turn, x]).wait()


def test_early_forms():
    a, out = tiles(3, 1), np.zeros((3 * TILE, 4 * TILE), ml_dtypes.bfloat16)
    early_forms(a, out)
    np.testing.assert_array_equal(out.astype(np.float32), np.tile(a.astype(np.float32), (1, 4)))


# Refusals ------------------------------------------------------------------------------------------------------------


def refused(kernel, *arguments) -> str:
    with pytest.raises(ttl.CompileError) as caught:
        kernel.compile(*arguments)
    return str(caught.value)


def test_a_pipe_that_is_never_received_from():
    @ttl.kernel(grid=(2, 1))
    def lost(a):
        net = ttl.PipeNet([ttl.Pipe(src=(0, 0), dst=(1, 0))])
        cb = ttl.make_circular_buffer_like(a, shape=(1, 1))

        @ttl.datamovement()
        def move():
            with cb.reserve() as here:
                ttl.copy(a[0, 0], here)
            with cb.wait() as here:
                net.if_src(lambda pipe: ttl.copy(here, pipe))

    assert "no thread receives from it" in refused(lost, tiles(1, 1))


def test_a_copy_outside_of_the_end_of_its_pipe():
    @ttl.kernel(grid=(2, 1))
    def unguarded(a):
        pipe = ttl.Pipe(src=(0, 0), dst=(1, 0))
        net = ttl.PipeNet([pipe])
        cb = ttl.make_circular_buffer_like(a, shape=(1, 1))

        @ttl.datamovement()
        def move():
            with cb.reserve() as here:
                net.if_src(lambda p: ttl.copy(here, p))
                ttl.copy(pipe, here)

    assert "outside of if_dst" in refused(unguarded, tiles(1, 1))


def test_pipes_are_the_same_on_all_cores():
    @ttl.kernel(grid=(2, 1))
    def moving(a):
        x, _ = ttl.core(dims=2)
        ttl.Pipe(src=(x, 0), dst=(1, 0))

    assert "a pipe is the same on all cores" in refused(moving, tiles(1, 1))


def test_a_destination_outside_of_the_grid():
    @ttl.kernel(grid=(2, 1))
    def far(a):
        ttl.Pipe(src=(0, 0), dst=(2, 0))

    message = refused(far, tiles(1, 1))
    assert "the destination of a pipe is outside of the grid: coordinate 2 of 2" in message
    assert "test_pipes.py" in message


def test_receiving_before_anybody_sends_is_a_deadlock():
    @ttl.kernel(grid=(2, 1))
    def stuck(a):
        net = ttl.PipeNet([ttl.Pipe(src=(0, 0), dst=(1, 0)), ttl.Pipe(src=(1, 0), dst=(0, 0))])
        cb = ttl.make_circular_buffer_like(a, shape=(1, 1))

        @ttl.datamovement()
        def move():
            with cb.reserve() as here:
                net.if_dst(lambda pipe: ttl.copy(pipe, here).wait())
                net.if_src(lambda pipe: ttl.copy(here, pipe).wait())
            with cb.wait() as _done:
                pass

    message = refused(stuck, tiles(1, 1))
    assert "deadlock" in message and "waits for a block from the pipe" in message
    assert "let each core send before it receives" in message


# Which cores are at the ends of a net --------------------------------------------------------------------------------

ROLES = {
    "a row": [((0, 0), (slice(1, 4), 0))],
    "a column of rows": [((0, y), (slice(0, 4), y)) for y in range(3)],
    "every second core": [((1, y), (3, y)) for y in range(3)],
    "corners": [((0, 0), (3, 2)), ((3, 2), (0, 0))],
    "an irregular set": [((0, 0), (1, 0)), ((2, 1), (3, 2)), ((3, 0), (1, 2))],
    "all and one": [((2, 1), (slice(0, 4), slice(0, 3)))],
}


@pytest.mark.parametrize("name", ROLES)
def test_cores_know_their_part_in_a_net(name):
    """Each core writes what `is_src`, `is_dst` and `is_active` tell it, and pipes are used by those alone."""
    ends = ROLES[name]

    @ttl.kernel(grid=(4, 3))
    def roles(out):
        net = ttl.PipeNet([ttl.Pipe(src=src, dst=dst) for src, dst in ends])
        told = ttl.CircularBuffer(shape=(1, 1), dtype=ttl.int32)
        computed = ttl.CircularBuffer(shape=(1, 1), dtype=ttl.int32)
        x, y = ttl.core(dims=2)

        @ttl.compute()
        def compute():
            with computed.reserve() as block:
                if net.is_dst():
                    block.store(ttl.math.fill(2))
                else:
                    block.store(ttl.math.fill(0))

        @ttl.datamovement()
        def move():
            with told.reserve() as block, computed.wait() as receives:
                part = 4 if net.is_active() else 0
                block[0, 0] = receives[0, 0] + (1 if net.is_src() else 0) + part
            with told.wait() as block:
                ttl.copy(block, out[y, x]).wait()

    out = np.zeros((3 * TILE, 4 * TILE), np.int32)
    roles(out)
    sources = {src for src, _ in ends}
    receivers = set()
    for _, target in ends:
        columns, rows = (range(4)[c] if isinstance(c, slice) else [c] for c in target)
        receivers |= {(x, y) for x in columns for y in rows}
    for x in range(4):
        for y in range(3):
            core = (x, y)
            expected = (core in sources) + 2 * (core in receivers) + 4 * (core in sources | receivers)
            assert tile(out, y, x)[0, 0] == expected, core


def test_pipes_guarded_by_the_part_in_a_net():
    """The form of the public language: all that receivers do stands in `if net.is_dst():`."""

    @ttl.kernel(grid=(4, 1))
    def shift(a, out):
        net = ttl.PipeNet([ttl.Pipe(src=(x, 0), dst=(x + 1, 0)) for x in range(0, 4, 2)])
        sent, received = (ttl.make_circular_buffer_like(a, shape=(1, 1)) for _ in range(2))
        x, _ = ttl.core(dims=2)

        @ttl.datamovement()
        def send():
            if net.is_src():
                with sent.reserve() as block:
                    ttl.copy(a[0, x], block).wait()
                with sent.wait() as block:
                    net.if_src(lambda pipe: ttl.copy(block, pipe).wait())

        @ttl.datamovement()
        def receive():
            if net.is_dst():
                with received.reserve() as block:
                    net.if_dst(lambda pipe: ttl.copy(pipe, block).wait())
                with received.wait() as block:
                    ttl.copy(block, out[0, x]).wait()

    a, out = tiles(1, 4), np.zeros((TILE, 4 * TILE), ml_dtypes.bfloat16)
    shift(a, out)
    for x in (1, 3):
        assert (tile(out, 0, x) == tile(a, 0, x - 1)).all()
    for x in (0, 2):
        assert (tile(out, 0, x) == 0).all()
