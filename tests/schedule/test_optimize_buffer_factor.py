# SPDX-License-Identifier: Apache-2.0
"""The step `optimize_buffer_factor`: what it chooses, what it leaves alone, and what L1 allows."""

import re

import numpy as np
import pytest

import ttlang as ttl

from .scheduled_kernels import add_tiles, assert_same, copying, message, numbers, ran, sum_products


def factors(kernel, *arguments):
    """Blocks of each buffer, as the scheduled kernel says."""
    text = kernel.compile(*arguments).asm["ttl"]
    return {name: int(n) for name, n in re.findall(r"%(\w+) = ttl.create_cb .*? buffer_factor=(\d+)", text)}


def test_one_block_where_a_buffer_is_filled_once():
    a, b = numbers(4, 2), numbers(2, 4, seed=1)
    out = np.zeros((128, 128), a.dtype)
    scheduled = ttl.schedule(sum_products).optimize_buffer_factor()
    assert factors(scheduled, a, b, out) == {"a_cb": 2, "b_cb": 2, "out_cb": 1}
    assert_same(sum_products, scheduled, a, b, out)


def test_two_blocks_overlap():
    """A matched buffer of one block gets two, which is faster."""
    a = numbers(32, 1)
    out = np.zeros_like(a)
    single = copying(factor=1)
    scheduled = ttl.schedule(single).match("ttl.create_cb", names=["cb"]).optimize_buffer_factor()
    assert factors(scheduled, a, out) == {"cb": 2}
    assert ran(scheduled, a, out) < ran(single, a, out)
    assert_same(single, scheduled, a, out)


@pytest.mark.parametrize("factor", [1, 2, 3, 4])
def test_forced(factor):
    """More than two blocks change nothing while reads are waited for one by one."""
    a, b = numbers(16, 1), numbers(16, 1, seed=1)
    out = np.zeros_like(a)
    scheduled = ttl.schedule(add_tiles, failures="suppress").optimize_buffer_factor(factor)
    assert factors(scheduled, a, b, out) == dict.fromkeys(("a_cb", "b_cb", "out_cb"), factor)
    assert_same(add_tiles, scheduled, a, b, out)


def test_state_buffers_keep_what_they_have():
    """A thread that puts a block back while it holds the one before it needs two."""

    @ttl.kernel(grid=(1, 1))
    def running_sum(a, out):
        turns = a.tile_shape[0]
        a_cb = ttl.make_circular_buffer_like(a, shape=(1, 1), buffer_factor=1)
        state = ttl.make_circular_buffer_like(a, shape=(1, 1), buffer_factor=3)

        @ttl.compute()
        def compute():
            with state.reserve() as s:
                s.store(ttl.math.fill(0))
            for _ in range(turns):
                with a_cb.wait() as x, state.wait() as old, state.reserve() as new:
                    new.store(old + x)
            with state.wait() as last, out_cb.reserve() as result:
                result.store(last)

        out_cb = ttl.make_circular_buffer_like(out, shape=(1, 1), buffer_factor=4)

        @ttl.datamovement()
        def read():
            for i in range(turns):
                with a_cb.reserve() as x:
                    ttl.copy(a[i, 0], x)

        @ttl.datamovement()
        def write():
            with out_cb.wait() as result:
                ttl.copy(result, out[0, 0])

    a = numbers(6, 1, np.float32)
    out = np.zeros((32, 32), np.float32)
    scheduled = ttl.schedule(running_sum).optimize_buffer_factor()
    assert factors(scheduled, a, out) == {"a_cb": 2, "state": 3, "out_cb": 1}
    assert_same(running_sum, scheduled, a, out)
    text = message(lambda: ttl.schedule(running_sum).optimize_buffer_factor(1).compile(a, out))
    assert text == (
        "schedule step optimize_buffer_factor(factor=1): the kernel would not be right any more: deadlock: thread 'compute'"
        " on core (0, 0) waits for room in 'state', in a circle of waits"
    )


def test_pipes_keep_what_they_have():
    @ttl.kernel(grid=(2, 1))
    def shared(a, out):
        a_cb = ttl.make_circular_buffer_like(a, shape=(1, 1), buffer_factor=1)
        out_cb = ttl.make_circular_buffer_like(a, shape=(1, 1), buffer_factor=1)
        net = ttl.PipeNet([ttl.Pipe(src=(0, 0), dst=(slice(0, 2), slice(0, 1)))])
        x = ttl.core(dims=2)[0]

        @ttl.compute()
        def compute():
            for _ in range(2):
                with a_cb.wait() as block, out_cb.reserve() as result:
                    result.store(block)

        @ttl.datamovement()
        def read():
            for i in range(2):
                with a_cb.reserve() as block:

                    def send(pipe):
                        ttl.copy(a[i, 0], block).wait()  # noqa: B023 - called in this turn
                        ttl.copy(block, pipe).wait()

                    def receive(pipe):
                        ttl.copy(pipe, block).wait()

                    net.if_src(send)
                    net.if_dst(receive)

        @ttl.datamovement()
        def write():
            for i in range(2):
                with out_cb.wait() as result:
                    ttl.copy(result, out[i, x])

    a = numbers(2, 1)
    out = np.zeros((64, 64), a.dtype)
    scheduled = ttl.schedule(shared).optimize_buffer_factor()
    assert factors(scheduled, a, out) == {"a_cb": 1, "out_cb": 2}
    assert_same(shared, scheduled, a, out)


def test_room_for_what_other_steps_do():
    """Blocks in flight, and blocks that are taken in a row."""
    a = numbers(16, 1)
    kernel = copying(factor=8)
    ahead = ttl.schedule(kernel).insert_prefetch(3)
    assert message(lambda: ahead.optimize_buffer_factor(3).compile(a, a)) == (
        "schedule step optimize_buffer_factor(factor=3): 'cb' needs room for the 4 blocks that are in flight, and 3 is less"
    )
    joined = ttl.schedule(kernel).coalesce_dma()
    assert message(lambda: joined.optimize_buffer_factor(6).compile(a, a)) == (
        "schedule step optimize_buffer_factor(factor=6): 4 blocks of 'cb' are taken in a row, and 6 is no multiple of that"
    )
    deeper = joined.insert_prefetch().optimize_buffer_factor()
    assert factors(deeper, a, a) == {"cb": 12}
    assert_same(kernel, deeper, a, np.zeros_like(a))


def test_finds_nothing_to_do():
    a = numbers(4, 1)
    assert message(lambda: ttl.schedule(copying(2)).optimize_buffer_factor().compile(a, a)) == (
        "schedule step optimize_buffer_factor(): it finds nothing to do: 'cb' has 2 blocks already"
    )


def test_l1_is_too_small_for_a_forced_factor():
    a = numbers(4, 1)
    with pytest.raises(ttl.CompileError) as error:
        ttl.schedule(copying(2)).optimize_buffer_factor(1000).compile(a, a)
    assert error.value.message == (
        "schedule step optimize_buffer_factor(factor=1000): the circular buffers of this kernel need 2048000 bytes of L1; a"
        " core of blackhole has 1461120 for them"
    )
    assert error.value.location.file.endswith("scheduled_kernels.py")
    assert [note.message for note in error.value.notes] == ["the step is asked for"]
    assert error.value.notes[0].location.file == __file__


def test_as_many_blocks_as_there_is_room_for():
    """Both buffers would use a second block; the larger goes without where L1 has no room for it."""

    @ttl.kernel(grid=(1, 1))
    def maximum(a, out):
        rows = a.tile_shape[0] // 2
        large = ttl.make_circular_buffer_like(a, shape=(rows, 1), buffer_factor=1)
        small = ttl.make_circular_buffer_like(out, shape=(1, 1), buffer_factor=1)

        @ttl.compute()
        def compute():
            for _ in range(2):
                with large.wait() as x, small.reserve() as y:
                    y.store(ttl.math.reduce_max(x, dims=[0]))

        @ttl.datamovement()
        def read():
            for i in range(2):
                with large.reserve() as x:
                    ttl.copy(a[i * rows : (i + 1) * rows, 0:1], x)

        @ttl.datamovement()
        def write():
            for i in range(2):
                with small.wait() as y:
                    ttl.copy(y, out[i, 0])

    def chosen(rows):
        a, out = np.zeros((rows * 64, 32), np.float32), np.zeros((64, 32), np.float32)
        return factors(ttl.schedule(maximum).optimize_buffer_factor(), a, out)

    assert chosen(100) == {"large": 2, "small": 2}
    assert chosen(200) == {"large": 1, "small": 2}
    with_less = ttl.schedule(maximum).match("ttl.create_cb", names=("large",)).optimize_buffer_factor()
    a, out = np.zeros((200 * 64, 32), np.float32), np.zeros((64, 32), np.float32)
    assert message(lambda: with_less.compile(a, out)) == (
        "schedule step optimize_buffer_factor(): more blocks would help, and there is no room for them: the circular buffers"
        " of this kernel need 1646592 bytes of L1; a core of wormhole_b0 has 1393312 for them"
    )
