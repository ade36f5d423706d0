# SPDX-License-Identifier: Apache-2.0
"""The step `coalesce_dma`: which turns are joined, the transfers that become of them, refusals, cycles."""

import numpy as np
import pytest

import ttlang as ttl

from .scheduled_kernels import assert_same, copying, message, numbers, ran


def test_turns_are_joined():
    """Four tiles under one barrier, in the reader and in the writer: more than twice as fast."""
    a, kernel = numbers(64, 1), copying(factor=8)
    out = np.zeros_like(a)
    scheduled = ttl.schedule(kernel).coalesce_dma()
    kernels = scheduled.compile(a, out).kernels
    for thread, calls in {
        "read": ["i += 4", "cb_reserve_back(cb, 4)", "noc_async_read_barrier()", "cb_push_back(cb, 4)"],
        "write": ["i += 4", "cb_wait_front(cb, 4)", "noc_async_write_barrier()", "cb_pop_front(cb, 4)"],
    }.items():
        positions = [kernels[thread].index(call) for call in calls]
        assert positions == sorted(positions)
    assert ran(kernel, a, out) / ran(scheduled, a, out) > 2
    assert_same(kernel, scheduled, a, out)
    assert scheduled.compile(a, out, backend="direct").kernels == kernels


def test_one_side_only():
    """The other side of the buffer goes on with single blocks."""
    a, kernel = numbers(8, 1), copying(factor=4)
    out = np.zeros_like(a)
    scheduled = ttl.schedule(kernel).match("ttl.datamovement_thread", names=["read"]).coalesce_dma()
    kernels = scheduled.compile(a, out).kernels
    assert "cb_push_back(cb, 2)" in kernels["read"] and "cb_wait_front(cb, 1)" in kernels["write"]
    assert_same(kernel, scheduled, a, out)


def rows(factor, width):
    @ttl.kernel(grid=(1, 1), tiled=False)
    def copy_rows(a, out):
        height, columns = a.shape
        cb = ttl.make_circular_buffer_like(a, shape=(1, width), buffer_factor=factor)

        @ttl.datamovement()
        def read():
            for i in range(height):
                for j in range(0, columns, width):
                    with cb.reserve() as block:
                        ttl.copy(a[i : i + 1, j : j + width], block)

        @ttl.datamovement()
        def write():
            for i in range(height):
                for j in range(0, columns, width):
                    with cb.wait() as block:
                        ttl.copy(block, out[i : i + 1, j : j + width])

    return copy_rows


def test_parts_of_a_row_become_one_transfer():
    """Where the pages allow, transfers get longer: 512 bytes of a row at once, not four times 128."""
    a = np.random.default_rng(0).integers(0, 1000, (8, 512)).astype(np.int32)
    out, kernel = np.zeros_like(a), rows(factor=8, width=32)
    scheduled = ttl.schedule(kernel).coalesce_dma()
    assert ", 128);" in kernel.compile(a, out).kernels["read"]
    assert ", 512);" in scheduled.compile(a, out).kernels["read"]
    assert ran(kernel, a, out) / ran(scheduled, a, out) > 3
    assert (out == a).all()


def test_with_prefetch():
    """Groups of blocks stay in flight as single ones do; each step adds to the gain of the other."""
    a, kernel = numbers(64, 1), copying(factor=12)
    out = np.zeros_like(a)
    joined = ttl.schedule(kernel).schedule_pipeline().optimize_buffer_factor(16)
    joined = joined.match("ttl.datamovement_thread", names=["read"]).coalesce_dma()
    text = joined.compile(a, out).asm["ttl"]
    assert "ttl.cb_reserve %cb, 8 :" in text
    assert message(lambda: joined.insert_prefetch(2).compile(a, out)) == (
        "schedule step insert_prefetch(distance=2): 24 blocks in flight do not fit 'cb', which holds 16: first give it"
        " optimize_buffer_factor(factor=32), room for its consumer beside them"
    )
    ahead = joined.insert_prefetch(1)
    assert "cb_reserve_back(cb, 16)" in ahead.compile(a, out).kernels["read"]
    assert_same(kernel, ahead, a, out)


def test_blocks_of_a_head_of_a_tensor():
    """Slices of three dimensions whose first is one high: the blocks in a row get a dimension more."""

    @ttl.kernel(grid=(1, 1))
    def heads(a, out):
        cb = ttl.CircularBuffer(shape=(2, 1), dtype=a.dtype, buffer_factor=4)

        @ttl.datamovement()
        def read():
            for h in range(4):
                with cb.reserve() as block:
                    ttl.copy(a[h, :, :], block)

        @ttl.datamovement()
        def write():
            for h in range(4):
                with cb.wait() as block:
                    ttl.copy(block, out[h, :, :])

    a = np.random.default_rng(0).standard_normal((4, 64, 32), np.float32)
    out = np.zeros_like(a)
    scheduled = ttl.schedule(heads).coalesce_dma()
    assert "!ttl.block<tensor<2x2x1x" in scheduled.compile(a, out).asm["ttl"]
    assert_same(heads, scheduled, a, out)


def refusal(kernel, *arguments):
    return message(lambda: ttl.schedule(kernel).coalesce_dma().compile(*arguments)).removeprefix(
        "schedule step coalesce_dma(): "
    )


def test_refuses_a_buffer_without_room():
    a = numbers(8, 1)
    assert refusal(copying(factor=2), a, a) == (
        "no number of turns divides the loop's 8 and leaves room for two groups of blocks in 'cb', which holds 2: give it"
        " more with optimize_buffer_factor, a multiple of 2"
    )


def test_refuses_turns_of_run_time():
    @ttl.kernel(grid=(2, 1))
    def rest(a, out):
        cb = ttl.make_circular_buffer_like(a, shape=(1, 1), buffer_factor=4)
        core = ttl.core(dims=1)

        @ttl.datamovement()
        def read():
            for i in range(core, 4):
                with cb.reserve() as block:
                    ttl.copy(a[i, 0], block)

        @ttl.datamovement()
        def write():
            for i in range(core, 4):
                with cb.wait() as block:
                    ttl.copy(block, out[i, core])

    a = numbers(4, 2)
    assert refusal(rest, a, a) == "how often the loop turns is not known when the kernel is compiled"


def strided(slices, shape):
    """A kernel that reads `slices(a, i)` in turn."""

    @ttl.kernel(grid=(1, 1))
    def gathered(a, out):
        cb = ttl.make_circular_buffer_like(a, shape=shape, buffer_factor=8)

        @ttl.datamovement()
        def read():
            for i in range(4):
                with cb.reserve() as block:
                    ttl.copy(slices(a, i), block)

        @ttl.datamovement()
        def write():
            for _ in range(4):
                with cb.wait() as block:
                    ttl.copy(block, out[0 : shape[0], 0 : shape[1]])

    return gathered


@pytest.mark.parametrize(
    ("slices", "shape", "reason"),
    [
        (
            lambda a, i: a[0:2, 2 * i : 2 * i + 2],
            (2, 2),
            "the slices of consecutive turns do not lie side by side",
        ),
        (
            lambda a, i: a[4 * i : 4 * i + 2, 0:2],
            (2, 2),
            "the slices of consecutive turns do not lie side by side",
        ),
        (lambda a, i: a[0:2, 0:2], (2, 2), "the slices of consecutive turns do not lie side by side"),
        (lambda a, i: a[i % 2, 0], (1, 1), "where this copy goes is no multiple of the turn"),
    ],
    ids=["columns", "gaps", "the same", "remainders"],
)
def test_refuses_slices_that_do_not_adjoin(slices, shape, reason):
    a = numbers(16, 8)
    assert refusal(strided(slices, shape), a, numbers(2, 2)) == reason


def test_refuses_tensors_that_are_read_and_written():
    @ttl.kernel(grid=(1, 1))
    def shift(a):
        cb = ttl.make_circular_buffer_like(a, shape=(1, 1), buffer_factor=4)

        @ttl.datamovement()
        def read():
            for i in range(4):
                with cb.reserve() as block:
                    ttl.copy(a[i, 0], block)

        @ttl.datamovement()
        def write():
            for i in range(4):
                with cb.wait() as block:
                    ttl.copy(block, a[i + 4, 0])

    assert refusal(shift, numbers(8, 1)) == "the program both reads and writes tensor 'a'"


def test_refuses_targets_without_copies():
    a = numbers(8, 1)
    step = ttl.schedule(copying()).match("ttl.create_cb").coalesce_dma()
    assert message(lambda: step.compile(a, a)) == (
        "schedule step coalesce_dma(): it works on copies, and the handle is to a ttl.create_cb"
    )
