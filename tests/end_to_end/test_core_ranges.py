# SPDX-License-Identifier: Apache-2.0
"""Different programs on different cores of one kernel: threads with ranges of cores."""

import numpy as np
import pytest

import ttlang as ttl

TILE = 32
LEFT, RIGHT = (slice(0, 2), slice(None)), (slice(2, 4), slice(None))
TURNS = 3


def values(rows: int, columns: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((rows * TILE, columns * TILE), np.float32)


@ttl.kernel(grid=(4, 2))
def pipeline(x, out):
    """The left half of the grid takes exponentials, the right half sums their rows."""
    net = ttl.PipeNet([ttl.Pipe(src=(i, j), dst=(i + 2, j)) for i in range(2) for j in range(2)])
    x_cb, e_cb, received_cb = (ttl.make_circular_buffer_like(x, shape=(1, 1)) for _ in range(3))
    out_cb = ttl.make_circular_buffer_like(out, shape=(1, 1))
    column, row = ttl.core(dims=2)

    @ttl.datamovement(cores=LEFT)
    def read():
        for i in range(TURNS):
            with x_cb.reserve() as block:
                ttl.copy(x[(row * 2 + column) * TURNS + i, 0], block)

    @ttl.compute(cores=LEFT)
    def exponentials():
        for _ in range(TURNS):
            with x_cb.wait() as block, e_cb.reserve() as result:
                result.store(ttl.math.exp(block))

    @ttl.datamovement(cores=LEFT)
    def send():
        for _ in range(TURNS):
            with e_cb.wait() as block:
                net.if_src(lambda pipe: ttl.copy(block, pipe).wait())

    @ttl.datamovement(cores=RIGHT)
    def receive():
        for _ in range(TURNS):
            with received_cb.reserve() as block:
                net.if_dst(lambda pipe: ttl.copy(pipe, block).wait())

    @ttl.compute(cores=RIGHT)
    def sums():
        for _ in range(TURNS):
            with received_cb.wait() as block, out_cb.reserve() as result:
                result.store(ttl.math.reduce_sum(block, dims=[1]))

    @ttl.datamovement(cores=RIGHT)
    def write():
        for i in range(TURNS):
            with out_cb.wait() as result:
                ttl.copy(result, out[(row * 2 + column - 2) * TURNS + i, 0])


@pytest.fixture(scope="module")
def compiled():
    return pipeline.compile(*pipeline_arguments())


def pipeline_arguments():
    return values(4 * TURNS, 1), np.zeros((4 * TURNS * TILE, 1), np.float32)


def test_a_pipeline_of_two_programs(compiled):
    x, out = pipeline_arguments()
    report = compiled.run(x, out)
    # float32 goes through the source registers, 10 bits of mantissa: 1e-3 of a term, and 32 terms
    np.testing.assert_allclose(out, np.exp(x).sum(1, keepdims=True), rtol=2e-3)
    cores = {thread.kernel: thread.cores for thread in report.profile.threads}
    assert cores == dict.fromkeys(("read", "exponentials", "send", "receive", "sums", "write"), 4)


def test_where_the_programs_run(compiled):
    left, right = (0, 0, 1, 1), (2, 0, 3, 1)
    assert {k.name: (k.kind, k.cores) for k in compiled.image.kernels} == {
        "read": ("reader", left),
        "exponentials": ("compute", left),
        "send": ("writer", left),
        "receive": ("reader", right),
        "sums": ("compute", right),
        "write": ("writer", right),
    }
    assert compiled.image.cores == (4, 2)


def test_programs_share_memory_that_no_core_uses_twice(compiled):
    addresses = {b.name: b.address for b in compiled.image.buffers}
    assert addresses["x_cb"] == addresses["received_cb"] != addresses["e_cb"]


def test_what_is_unpacked_to_dst_is_each_programs_own(compiled):
    """Exponentials read float32 past the source registers, sums cannot."""
    unpacked = {k.name: k.unpack_to_dest_fp32 for k in compiled.image.kernels if k.kind == "compute"}
    numbers = {b.name: b.index for b in compiled.image.buffers}
    assert unpacked == {"exponentials": (numbers["x_cb"],), "sums": ()}


def test_the_direct_way_makes_the_same(compiled):
    direct = pipeline.compile(*pipeline_arguments(), backend="direct")
    assert direct.kernels == compiled.kernels and direct.image == compiled.image


def test_a_saved_program_runs(compiled, tmp_path):
    x, out = pipeline_arguments()
    loaded = ttl.load(compiled.save(tmp_path / "program.ttm"))
    assert loaded.image == compiled.image
    assert loaded.run(x, out).cycles == compiled.run(x, np.zeros_like(out)).cycles
    np.testing.assert_allclose(out, np.exp(x).sum(1, keepdims=True), rtol=2e-3)


def test_a_reader_for_all_and_programs_for_some():
    """One thread on all cores beside threads on parts; buffers are used by several programs."""

    @ttl.kernel(grid=(4,))
    def halves(x, out):
        x_cb, out_cb = (ttl.make_circular_buffer_like(t, shape=(1, 1)) for t in (x, out))
        core = ttl.core(dims=1)

        @ttl.datamovement()
        def read():
            with x_cb.reserve() as block:
                ttl.copy(x[core, 0], block)

        @ttl.compute(cores=slice(0, 3))
        def double():
            with x_cb.wait() as block, out_cb.reserve() as result:
                result.store(block + block)

        @ttl.compute(cores=3)
        def negate():
            with x_cb.wait() as block, out_cb.reserve() as result:
                result.store(-block)

        @ttl.datamovement(cores=((0,), (2,)))
        def write():
            with out_cb.wait() as result:
                ttl.copy(result, out[core, 0])

        @ttl.datamovement(cores=3)
        def write_last():
            with out_cb.wait() as result:
                ttl.copy(result, out[core, 0])

    x, out = values(4, 1), np.zeros((4 * TILE, TILE), np.float32)
    halves(x, out)
    np.testing.assert_array_equal(out, np.concatenate([2 * x[: 3 * TILE], -x[3 * TILE :]]))
    kernels = {k.name: (k.kind, k.cores) for k in halves.compile(x, out).image.kernels}
    assert kernels["read"] == ("reader", None)
    assert kernels["write"] == ("writer", (0, 0, 2, 0)) and kernels["write_last"] == ("writer", (3, 0, 3, 0))


def test_one_core_feeds_the_others():
    """A multicast from a core with a program of its own, to two columns of a grid; two cores are idle."""
    others = (slice(1, 3), slice(0, 3))

    @ttl.kernel(grid=(3, 3))
    def feed(x, out):
        net = ttl.PipeNet([ttl.Pipe(src=(0, 0), dst=others)])
        x_cb, received_cb, out_cb = (ttl.make_circular_buffer_like(x, shape=(1, 1)) for _ in range(3))
        column, row = ttl.core(dims=2)

        @ttl.datamovement(cores=(0, 0))
        def read():
            for i in range(2):
                with x_cb.reserve() as block:
                    ttl.copy(x[i, 0], block)

        @ttl.datamovement(cores=(0, 0))
        def send():
            for _ in range(2):
                with x_cb.wait() as block:
                    net.if_src(lambda pipe: ttl.copy(block, pipe))

        @ttl.datamovement(cores=others)
        def receive():
            for _ in range(2):
                with received_cb.reserve() as block:
                    net.if_dst(lambda pipe: ttl.copy(pipe, block))

        @ttl.compute(cores=others)
        def scale():
            for _ in range(2):
                with received_cb.wait() as block, out_cb.reserve() as result:
                    result.store(block * 3.0)

        @ttl.datamovement(cores=others)
        def write():
            for i in range(2):
                with out_cb.wait() as result:
                    ttl.copy(result, out[2 * (3 * (column - 1) + row) + i, 0])

    x, out = values(2, 1), np.zeros((12 * TILE, TILE), np.float32)
    feed(x, out)
    np.testing.assert_allclose(out, np.tile(x, (6, 1)) * 3, rtol=1e-3)


def test_semaphores_reach_other_programs():
    @ttl.kernel(grid=(2,), tiled=False)
    def hand_over(x, middle, out):
        cb = ttl.make_circular_buffer_like(x, shape=(1, TILE))
        ready = ttl.Semaphore()

        @ttl.datamovement(cores=0)
        def first():
            with cb.reserve() as block:
                ttl.copy(x[0:1, :], block)
            with cb.wait() as block:
                ttl.copy(block, middle[0:1, :]).wait()
            ready.get_remote(1).inc(1)

        @ttl.datamovement(cores=1)
        def second():
            ready.wait_ge(1)
            with cb.reserve() as block:
                ttl.copy(middle[0:1, :], block)
            with cb.wait() as block:
                ttl.copy(block, out[0:1, :])

    x = np.arange(TILE, dtype=np.float32)[np.newaxis]
    middle, out = np.zeros_like(x), np.zeros_like(x)
    hand_over(x, middle, out)
    np.testing.assert_array_equal(out, x)


@ttl.kernel(grid=(4, 1))
def middle_of_four(x, out):
    """-x in the shards of cores 1 and 2."""
    x_cb, out_cb = (ttl.make_circular_buffer_like(t, shape=(2, 1)) for t in (x, out))
    core = ttl.core(dims=2)[0]

    @ttl.datamovement(cores=((1, 0), (2, 0)))
    def read():
        with x_cb.reserve() as block:
            ttl.copy(x[2 * core : 2 * core + 2, 0:1], block)

    @ttl.compute(cores=((1, 0), (2, 0)))
    def compute():
        with x_cb.wait() as block, out_cb.reserve() as result:
            result.store(-block)

    @ttl.datamovement(cores=((1, 0), (2, 0)))
    def write():
        with out_cb.wait() as result:
            ttl.copy(result, out[2 * core : 2 * core + 2, 0:1])


def sharded_arguments():
    shard = ttl.Shard("height", (2 * TILE, TILE), (4, 1))
    arrays = values(8, 1), np.zeros((8 * TILE, TILE), np.float32)
    return [ttl.tensor(array, memory=ttl.L1, shard=shard) for array in arrays]


def test_own_shards_of_a_part_of_the_cores_are_not_transferred():
    """The program works on shards that lie on its cores; its buffers are there only."""
    x, out = sharded_arguments()
    middle_of_four(x, out)
    expected = np.zeros_like(x.numpy())
    expected[2 * TILE : 6 * TILE] = -x.numpy()[2 * TILE : 6 * TILE]
    np.testing.assert_array_equal(out.numpy(), expected)
    image = middle_of_four.compile(x, out).image
    assert [(b.shards_of, b.core_ranges) for b in image.buffers] == [
        (1, ((1, 0, 2, 0),)),
        (2, ((1, 0, 2, 0),)),
    ]


def test_indices_of_a_part_of_the_cores_are_known_to_fit():
    """`core - 1` is no negative index: core 0 does not run the thread."""

    @ttl.kernel(grid=(3,))
    def shift(x, out):
        cb = ttl.make_circular_buffer_like(x, shape=(1, 1))
        core = ttl.core(dims=1)

        @ttl.datamovement(cores=slice(1, None))
        def read():
            with cb.reserve() as block:
                ttl.copy(x[core - 1, 0], block)

        @ttl.datamovement(cores=slice(1, None))
        def write():
            with cb.wait() as block:
                ttl.copy(block, out[core - 1, 0])

    x, out = values(2, 1), np.zeros((2 * TILE, TILE), np.float32)
    shift(x, out)
    np.testing.assert_array_equal(out, x)


def test_a_range_of_all_cores_is_no_range():
    @ttl.kernel(grid=(2, 2))
    def copy(x, out):
        cb = ttl.make_circular_buffer_like(x, shape=(1, 1))
        column, row = ttl.core(dims=2)

        @ttl.datamovement(cores=(slice(None), slice(0, 2)))
        def read():
            with cb.reserve() as block:
                ttl.copy(x[row, column], block)

        @ttl.datamovement()
        def write():
            with cb.wait() as block:
                ttl.copy(block, out[row, column])

    x, out = values(2, 2), np.zeros((2 * TILE, 2 * TILE), np.float32)
    copy(x, out)
    np.testing.assert_array_equal(out, x)
    assert "core_range" not in copy.compile(x, out).asm["ttl"]


def test_programs_around_a_ring():
    """Each of two programs sends before it receives: pipes between them hold a block."""

    @ttl.kernel(grid=(2,))
    def swap(x, out):
        net = ttl.PipeNet([ttl.Pipe(src=i, dst=1 - i) for i in range(2)])
        own_cb, received_cb = (ttl.make_circular_buffer_like(x, shape=(1, 1)) for _ in range(2))

        @ttl.datamovement(cores=0)
        def first():
            with own_cb.reserve() as own:
                ttl.copy(x[0, 0], own)
            with own_cb.wait() as own:
                net.if_src(lambda pipe: ttl.copy(own, pipe))
            with received_cb.reserve() as received:
                net.if_dst(lambda pipe: ttl.copy(pipe, received))
            with received_cb.wait() as received:
                ttl.copy(received, out[0, 0])

        @ttl.datamovement(cores=1)
        def second():
            with own_cb.reserve() as own:
                ttl.copy(x[1, 0], own)
            with own_cb.wait() as own:
                net.if_src(lambda pipe: ttl.copy(own, pipe))
            with received_cb.reserve() as received:
                net.if_dst(lambda pipe: ttl.copy(pipe, received))
            with received_cb.wait() as received:
                ttl.copy(received, out[1, 0])

    x, out = values(2, 1), np.zeros((2 * TILE, TILE), np.float32)
    swap(x, out)
    np.testing.assert_array_equal(out, np.roll(x, TILE, axis=0))
    assert any(b.name.startswith("landing") for b in swap.compile(x, out).image.buffers)


def test_a_multicast_to_cores_of_two_programs():
    """Receivers reserve blocks of different buffers: the pipe lands in one of its own."""

    @ttl.kernel(grid=(3,))
    def share(x, out):
        net = ttl.PipeNet([ttl.Pipe(src=0, dst=slice(1, 3))])
        x_cb, small_cb = (ttl.make_circular_buffer_like(x, shape=(1, 1)) for _ in range(2))
        large_cb = ttl.make_circular_buffer_like(x, shape=(1, 1), buffer_factor=4)

        @ttl.datamovement(cores=0)
        def send():
            with x_cb.reserve() as block:
                ttl.copy(x[0, 0], block)
            with x_cb.wait() as block:
                net.if_src(lambda pipe: ttl.copy(block, pipe))

        @ttl.datamovement(cores=1)
        def receive():
            with small_cb.reserve() as block:
                net.if_dst(lambda pipe: ttl.copy(pipe, block))
            with small_cb.wait() as block:
                ttl.copy(block, out[0, 0])

        @ttl.datamovement(cores=2)
        def receive_elsewhere():
            with large_cb.reserve() as block:
                net.if_dst(lambda pipe: ttl.copy(pipe, block))
            with large_cb.wait() as block:
                ttl.copy(block, out[1, 0])

    x, out = values(1, 1), np.zeros((2 * TILE, TILE), np.float32)
    share(x, out)
    np.testing.assert_array_equal(out, np.tile(x, (2, 1)))


def test_a_deadlock_between_programs_is_found():
    @ttl.kernel(grid=(2,))
    def stuck(x, out):
        net = ttl.PipeNet([ttl.Pipe(src=0, dst=1)])
        cb = ttl.make_circular_buffer_like(x, shape=(1, 1))
        ready = ttl.Semaphore()

        @ttl.datamovement(cores=0)
        def send():
            ready.wait_ge(1)
            with cb.reserve() as block:
                ttl.copy(x[0, 0], block)
            with cb.wait() as block:
                net.if_src(lambda pipe: ttl.copy(block, pipe))

        @ttl.datamovement(cores=1)
        def receive():
            with cb.reserve() as block:
                net.if_dst(lambda pipe: ttl.copy(pipe, block))
            ready.get_remote(0).inc(1)
            with cb.wait() as block:
                ttl.copy(block, out[0, 0])

    with pytest.raises(ttl.CompileError, match="in a circle of waits") as caught:
        stuck(values(1, 1), np.zeros((TILE, TILE), np.float32))
    text = str(caught.value)
    assert "thread 'send' on core (0,)" in text and "thread 'receive' on core (1,)" in text


def test_programs_of_different_types():
    """One program computes in 32 bits, which decides the registers of the other too."""

    @ttl.kernel(grid=(2,))
    def types(x, y, x_out, y_out):
        x_cb, y_cb, x_out_cb, y_out_cb = (
            ttl.make_circular_buffer_like(t, shape=(1, 1)) for t in (x, y, x_out, y_out)
        )

        @ttl.datamovement(cores=0)
        def read_x():
            with x_cb.reserve() as block:
                ttl.copy(x, block)

        @ttl.datamovement(cores=1)
        def read_y():
            with y_cb.reserve() as block:
                ttl.copy(y, block)

        @ttl.compute(cores=0)
        def floats():
            with x_cb.wait() as block, x_out_cb.reserve() as result:
                result.store(block + block)

        @ttl.compute(cores=1)
        def integers():
            with y_cb.wait() as block, y_out_cb.reserve() as result:
                result.store(block + block)

        @ttl.datamovement(cores=0)
        def write_x():
            with x_out_cb.wait() as result:
                ttl.copy(result, x_out)

        @ttl.datamovement(cores=1)
        def write_y():
            with y_out_cb.wait() as result:
                ttl.copy(result, y_out)

    import ml_dtypes

    x = values(1, 1).astype(ml_dtypes.bfloat16)
    y = np.random.default_rng(1).integers(-(2**29), 2**29, (TILE, TILE), np.int32)
    x_out, y_out = np.zeros_like(x), np.zeros_like(y)
    types(x, y, x_out, y_out)
    np.testing.assert_array_equal(x_out, x + x)
    np.testing.assert_array_equal(y_out, y + y)
    assert types.compile(x, y, x_out, y_out).image.fp32_dest_acc


def test_a_schedule_is_for_one_program():
    with pytest.raises(ttl.CompileError) as caught:
        ttl.schedule(pipeline).optimize_buffer_factor().compile(*pipeline_arguments())
    first, place, *_, hint = str(caught.value).splitlines()
    assert (
        first
        == "error: a schedule is for kernels on all cores of their grid, and this one is on a part of them"
    )
    assert place.startswith(f"  at {__file__}:")
    assert hint == "  help: leave out the schedule, or the ranges of cores of the threads"
