# SPDX-License-Identifier: Apache-2.0
"""The step `insert_prefetch`: values, the C++ of both ways, refusals, and cycles beside those measured on a chip."""

import json
from pathlib import Path

import numpy as np
import pytest

import ttlang as ttl

from .scheduled_kernels import add_tiles, assert_same, copying, message, numbers, ran

SILICON = json.loads((Path(__file__).parents[2] / "bench/silicon_timings.json").read_text())


@pytest.mark.parametrize("block", [1, 4])
def test_speed_up_on_blackhole(block):
    """As many times faster as the table of a chip says, within 10 %: reads in flight, writes not waited for."""
    a, kernel = numbers(64 * block, 1), copying(factor=6, height=block)
    out = np.zeros_like(a)
    before = ran(kernel, a, out)
    table = SILICON["trid_double_issue_BH"]
    (row,) = (dict(zip(table["cols"], row)) for row in table["rows_GBps"] if row[0] == block)
    for depth in (2, 3, 4):
        scheduled = ttl.schedule(kernel).schedule_pipeline().insert_prefetch(depth - 1)
        gain = before / ran(scheduled, a, out)
        assert (out == a).all()
        assert gain == pytest.approx(row[f"trid{depth}"] / row["ahead1"], rel=0.1)


@pytest.mark.parametrize("version", ["0.81", "0.69"])
@pytest.mark.parametrize("backend", [None, "direct"])
def test_code(version, backend):
    kernel = copying(metal_version=version)
    a = numbers(8, 1)
    out = np.zeros_like(a)
    compiled = ttl.schedule(kernel).insert_prefetch(2).compile(a, out, backend=backend)
    code = " ".join(line for line in compiled.kernels["read"].split("\n") if "//" not in line)
    read = "noc_async_read_page" if version == "0.81" else "noc_async_read_tile"
    calls = [
        "cb_reserve_back(cb, 3)",
        "noc_async_read_set_trid(i % 3 + 1)",
        "cb_ahead >= cb_end ? cb_ahead - 12288 : cb_ahead",
        f"{read}(a_page_1, a, block_ptr)",
        "noc_async_read_barrier_with_trid((i + 1) % 3 + 1)",
        "cb_push_back(cb, 1)",
        "noc_async_read_barrier_with_trid((6 + i) % 3 + 1)",
        "cb_push_back(cb, 1)",
        "noc_async_read_set_trid(0)",
    ]
    position = 0
    for call in calls:
        position = code.index(call, position)
    assert "noc_async_read_barrier()" not in code
    compiled.run(a, out)
    assert (out == a).all()


@pytest.mark.parametrize(("rows", "distance"), [(1, 1), (3, 3), (5, 2), (11, 3)])
def test_turns_of_run_time(rows, distance):
    """Loops of none, of fewer turns than blocks in flight, and of more; two buffers a turn."""
    a, b = numbers(rows, 1), numbers(rows, 1, seed=1)
    out = np.zeros_like(a)
    scheduled = ttl.schedule(add_tiles).optimize_buffer_factor(5).insert_prefetch(distance)
    assert_same(add_tiles, scheduled, a, b, out)


def test_inner_loops_end_what_they_start():
    @ttl.kernel(grid=(1, 1))
    def twice(a, out):
        rows, columns = a.tile_shape
        cb = ttl.make_circular_buffer_like(a, shape=(1, 1), buffer_factor=3)

        @ttl.datamovement()
        def read():
            for i in range(rows):
                for j in range(columns):
                    with cb.reserve() as block:
                        ttl.copy(a[i, j], block)

        @ttl.datamovement()
        def write():
            for i in range(rows):
                for j in range(columns):
                    with cb.wait() as block:
                        ttl.copy(block, out[i, j])

    a = numbers(3, 4)
    out = np.zeros_like(a)
    ran(ttl.schedule(twice).insert_prefetch(2), a, out)
    assert (out == a).all()


def test_one_more_block_for_the_consumer():
    """After it, optimize_buffer_factor adds the block that the consumer holds; both help."""
    a, b = numbers(32, 1), numbers(32, 1, seed=1)
    out = np.zeros_like(a)
    pipelined = ttl.schedule(add_tiles).schedule_pipeline()
    plain = ran(pipelined, a, b, out)
    ahead = pipelined.insert_prefetch()
    deeper = ahead.optimize_buffer_factor()
    # On Wormhole the writer sets the pace: its writes to DRAM count as sent when they are acknowledged.
    assert ran(deeper, a, b, out) <= ran(ahead, a, b, out) < plain
    assert_same(add_tiles, deeper, a, b, out)
    text = deeper.compile(a, b, out).asm["ttl"]
    assert text.count("buffer_factor=3") == 2 and text.count("buffer_factor=2") == 1


def test_single_threaded_kernels_have_loops_too():
    @ttl.kernel(grid=(1, 1), mode="single_threaded")
    def double(a, out):
        for i in range(a.tile_shape[0]):
            out[i, 0].store(a[i, 0] + a[i, 0])

    a = numbers(32, 1)
    out = np.zeros_like(a)
    scheduled = ttl.schedule(double).insert_prefetch()
    assert_same(double, scheduled, a, out)
    assert "noc_async_read_barrier_with_trid" in scheduled.compile(a, out).kernels["reader"]


def schedule(kernel, *arguments, distance=1):
    return lambda: ttl.schedule(kernel).insert_prefetch(distance).compile(*arguments)


def test_refuses_a_buffer_without_room():
    a = numbers(8, 1)
    assert message(schedule(copying(factor=2), a, a, distance=2)) == (
        "schedule step insert_prefetch(distance=2): 3 blocks in flight do not fit 'cb', which holds 2: first give it"
        " optimize_buffer_factor(factor=4), room for its consumer beside them"
    )


def test_refuses_more_ids_than_there_are():
    a = numbers(32, 1)
    assert message(schedule(copying(factor=20), a, a, distance=15)) == (
        "schedule step insert_prefetch(distance=15): 16 blocks in flight need as many transaction ids; the NoC has 15"
    )


def test_refuses_a_loop_that_prefetches():
    a = numbers(8, 1)
    scheduled = ttl.schedule(copying()).insert_prefetch().insert_prefetch()
    assert message(lambda: scheduled.compile(a, a)) == (
        "schedule step insert_prefetch(distance=1): the loop keeps blocks in flight already"
    )


def test_refuses_a_loop_of_one_turn():
    a = numbers(1, 1)
    text = message(schedule(copying(), a, a))
    assert text == (
        "schedule step insert_prefetch(distance=1): no innermost loop of a data-movement thread reads blocks"
    )


def test_refuses_a_tensor_that_is_written():
    @ttl.kernel(grid=(1, 1))
    def in_place(a):
        cb = ttl.make_circular_buffer_like(a, shape=(1, 1), buffer_factor=2)

        @ttl.datamovement()
        def read():
            for i in range(4):
                with cb.reserve() as block:
                    ttl.copy(a[i, 0], block)

        @ttl.datamovement()
        def write():
            for i in range(4):
                with cb.wait() as block:
                    ttl.copy(block, a[i + 1, 0])

    assert message(schedule(in_place, numbers(5, 1))) == (
        "schedule step insert_prefetch(distance=1): the program writes tensor 'a': reading it earlier could miss what is"
        " written meanwhile"
    )


def test_refuses_buffers_in_shards():
    """A buffer that is the core's own shard has no reads, and one that is the shard it is written to has its places."""

    @ttl.kernel(grid=(2, 1))
    def moved(a, out):
        cb = ttl.make_circular_buffer_like(a, shape=(1, 1), buffer_factor=2)
        core = ttl.core(dims=1)

        @ttl.datamovement()
        def read():
            for i in range(4):
                with cb.reserve() as block:
                    ttl.copy(a[4 * core + i, 0], block)

        @ttl.datamovement()
        def write():
            for i in range(4):
                with cb.wait() as block:
                    ttl.copy(block, out[4 * core + i, 0])

    shards = ttl.Shard("height", (128, 32), (2,))
    a, result = numbers(8, 1), numbers(8, 1, seed=1)
    out = ttl.tensor(result, memory=ttl.L1, shard=shards)
    assert message(schedule(moved, a, out)) == (
        "schedule step insert_prefetch(distance=1): 'cb' lies in the shards of a tensor, which it could not with blocks ahead"
    )
    suppressed = ttl.schedule(moved, failures="suppress").insert_prefetch().schedule_pipeline().coalesce_dma()
    suppressed(a, out)
    assert (result == a).all()


def test_refuses_a_loop_that_does_more():
    @ttl.kernel(grid=(1, 1))
    def counted(a, out):
        cb = ttl.make_circular_buffer_like(a, shape=(1, 1), buffer_factor=2)

        @ttl.datamovement()
        def read():
            for i in range(4):
                with cb.reserve() as block:
                    ttl.copy(a[i, 0], block)
                    print(f"turn {i}")

        @ttl.datamovement()
        def write():
            for i in range(4):
                with cb.wait() as block:
                    ttl.copy(block, out[i, 0])

    a = numbers(4, 1)
    assert message(schedule(counted, a, a)) == (
        "schedule step insert_prefetch(distance=1): the loop does more than read blocks: there is a ttl.print"
    )


def test_refuses_what_would_get_stuck():
    """The consumer keeps a block of one buffer while it waits for the next of the other: two in flight are too many."""

    @ttl.kernel(grid=(1, 1))
    def uneven(a, b, out):
        a_cb, b_cb, out_cb = (ttl.make_circular_buffer_like(a, shape=(1, 1)) for _ in range(3))

        @ttl.compute()
        def compute():
            with b_cb.wait() as first:
                for _ in range(2):
                    with a_cb.wait() as x, out_cb.reserve() as z:
                        z.store(x + first)
            with a_cb.wait() as x, out_cb.reserve() as z:
                z.store(x)
            for _ in range(2):
                with b_cb.wait() as y, out_cb.reserve() as z:
                    z.store(y)

        @ttl.datamovement()
        def read():
            for i in range(3):
                with b_cb.reserve() as y, a_cb.reserve() as x:
                    ttl.copy(b[i, 0], y)
                    ttl.copy(a[i, 0], x)

        @ttl.datamovement()
        def write():
            for i in range(5):
                with out_cb.wait() as z:
                    ttl.copy(z, out[i, 0])

    a, b = numbers(3, 1), numbers(3, 1, seed=1)
    out = numbers(5, 1)
    text = message(schedule(uneven, a, b, out))
    assert text.startswith(
        "schedule step insert_prefetch(distance=1): the kernel would not be right any more: deadlock: thread"
    )
