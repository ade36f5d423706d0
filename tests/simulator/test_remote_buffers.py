# SPDX-License-Identifier: Apache-2.0
"""Circular buffers that span cores: pages from one sender to several receivers, resizes, what goes wrong."""

import numpy as np
import pytest

from ttlang.simulator import ApiFault, AssertionFault, DeadlockError, KernelBindings, Program, ProgramError

REMOTE, SOURCE = 31, 0
SENDER = (0, 0)
HEAD = '#include "api/dataflow/dataflow_api.h"\n#include "api/remote_circular_buffer.h"\n'
"""Blocks of `rows` rows: each row holds the receivers' parts side by side, in packets."""
SEND = (
    HEAD
    + """
void kernel_main() {
    constexpr uint32_t receivers = get_compile_time_arg_val(2), phases = get_compile_time_arg_val(3);
    const auto source = TensorAccessor(TensorAccessorArgs<0>(), get_arg_val<uint32_t>(0));
    uint32_t page = 0;
    for (uint32_t phase = 0; phase < phases; phase++) {
        const uint32_t blocks = get_arg_val<uint32_t>(1 + 4 * phase), rows = get_arg_val<uint32_t>(2 + 4 * phase);
        const uint32_t packets = get_arg_val<uint32_t>(3 + 4 * phase), bytes = get_arg_val<uint32_t>(4 + 4 * phase);
        experimental::resize_remote_sender_cb_interface<true>(31, rows * packets * bytes, noc_index);
        for (uint32_t block = 0; block < blocks; block++) {
            const uint32_t pages = rows * packets * receivers * bytes / 64;
            cb_reserve_back(0, 1);
            for (uint32_t i = 0; i < pages; i++) noc_async_read_page(page++, source, get_write_ptr(0) + 64 * i);
            noc_async_read_barrier();
            cb_push_back(0, 1);
            cb_wait_front(0, 1);
            experimental::remote_cb_reserve_back(31, 1);
            experimental::remote_cb_push_back_and_write_pages<SKIP>(31, get_read_ptr(0), 1, rows, packets, bytes, noc_index);
            if (SKIP) noc_async_posted_writes_flushed();
            else noc_async_writes_flushed();
            cb_pop_front(0, 1);
        }
    }
    experimental::remote_cb_sender_barrier(31);
    experimental::update_remote_cb_config_in_l1(31);
    noc_async_atomic_barrier();
}
"""
)
RECEIVE = (
    HEAD
    + """
void kernel_main() {
    constexpr uint32_t phases = get_compile_time_arg_val(2);
    const auto target = TensorAccessor(TensorAccessorArgs<0>(), get_arg_val<uint32_t>(0));
    uint32_t page = get_arg_val<uint32_t>(1);
    for (uint32_t phase = 0; phase < phases; phase++) {
        const uint32_t blocks = get_arg_val<uint32_t>(2 + 2 * phase), bytes = get_arg_val<uint32_t>(3 + 2 * phase);
        experimental::resize_remote_receiver_cb_interface<true>(31, bytes, noc_index);
        for (uint32_t block = 0; block < blocks; block++) {
            experimental::remote_cb_wait_front(31, 1);
            const uint32_t from = get_remote_receiver_cb_interface(31).fifo_rd_ptr;
            for (uint32_t i = 0; i < bytes / 64; i++) noc_async_write_page(page++, target, from + 64 * i);
            noc_async_write_barrier();
            experimental::remote_cb_pop_front(31, 1);
        }
    }
    experimental::update_remote_cb_config_in_l1(31);
    noc_async_atomic_barrier();
}
"""
)


def stream(device, receivers, phases, ring, skip=False):
    """Runs SEND and RECEIVE. `phases`: (blocks, rows, packets, bytes) each. Returns what each receiver got and should get."""
    cores = [(x, 1, x, 1) for x in range(receivers)]
    per_receiver = sum(blocks * rows * packets * size for blocks, rows, packets, size in phases)
    source = device.allocate(per_receiver * receivers // 64, 64)
    target = device.allocate(per_receiver * receivers // 64, 64)
    data = np.random.default_rng(1).integers(0, 256, per_receiver * receivers, dtype=np.uint8)
    source.write(data)
    program = Program()
    largest = max(rows * packets * size for _, rows, packets, size in phases)
    program.add_circular_buffer(SOURCE, (0, 0, 0, 0), num_pages=2, page_size=largest * receivers)
    first = phases[0]
    program.add_remote_circular_buffer(
        REMOTE, SENDER, cores, page_size=first[1] * first[2] * first[3], size=ring
    )
    program.add_kernel(
        SEND,
        "writer",
        (0, 0, 0, 0),
        compile_time_args=[*source.accessor_args, receivers, len(phases)],
        runtime_args={SENDER: [source.address, *(value for phase in phases for value in phase)]},
        defines={"SKIP": str(skip).lower()},
    )
    program.add_kernel(
        RECEIVE,
        "reader",
        cores,
        compile_time_args=[*target.accessor_args, len(phases)],
        runtime_args={
            (x, 1): [
                target.address,
                x * per_receiver // 64,
                *(v for blocks, rows, packets, size in phases for v in (blocks, rows * packets * size)),
            ]
            for x in range(receivers)
        },
    )
    result = device.run(program)
    expected, at = [[] for _ in range(receivers)], 0
    for blocks, rows, packets, size in phases:
        count = blocks * rows * receivers * packets * size
        parts = data[at : at + count].reshape(blocks, rows, receivers, packets * size)
        for x in range(receivers):
            expected[x].append(parts[:, :, x].reshape(-1))
        at += count
    found = target.read().reshape(receivers, per_receiver)
    source.free()
    target.free()
    return result, found, np.stack([np.concatenate(parts) for parts in expected])


@pytest.mark.parametrize("chip", ["device", "blackhole"])
@pytest.mark.parametrize(
    ("receivers", "phase", "ring"),
    [
        (2, (13, 1, 1, 64), 256),
        (3, (9, 4, 2, 128), 3 * 1024),
        (2, (11, 2, 1, 2048), 3 * 4096 + 512),  # the ring has a rest that no page fits
        (4, (7, 1, 4, 512), 2048),  # one page
    ],
)
def test_pages_reach_every_receiver_and_wrap(chip, receivers, phase, ring, request):
    result, found, expected = stream(request.getfixturevalue(chip), receivers, [phase], ring)
    assert (found == expected).all()
    assert result.cycles > 0


@pytest.mark.parametrize("skip", [False, True])
def test_resizes_keep_both_sides_in_step(device, skip):
    phases = [(5, 1, 1, 192), (4, 2, 1, 256), (6, 1, 1, 64), (3, 1, 3, 320)]
    _, found, expected = stream(device, 3, phases, 2048 + 64, skip)
    assert (found == expected).all()


@pytest.mark.parametrize("seed", range(3))
def test_order_of_arrival_does_not_matter(device, seed):
    source = Program()
    source.add_remote_circular_buffer(REMOTE, SENDER, (1, 0, 2, 0), page_size=64, num_pages=2)
    add_counters(source)
    result = device.run(source, schedule=f"random:{seed}")
    assert result.output.count("sum 120") == 2


COUNT_SEND = (
    HEAD
    + """
void kernel_main() {
    experimental::RemoteCircularBuffer remote(31);
    Noc noc;
    CircularBuffer page(0);
    for (uint32_t i = 0; i < PAGES; i++) {
        page.reserve_back(1);
        auto* words = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(page.get_write_ptr());
        for (uint32_t w = 0; w < 32; w++) words[w] = i;
        page.push_back(1);
        page.wait_front(1);
        remote.reserve_back(1);
        remote.push_back<CircularBuffer, experimental::RemoteCircularBuffer::RemotePointerUpdate::SKIP>(noc, page, 1, 1, 1, 64);
        noc.async_writes_flushed();
        page.pop_front(1);
    }
    remote.barrier();
    remote.commit();
    noc.async_atomic_barrier();
}
"""
)
COUNT_RECEIVE = (
    HEAD
    + """
void kernel_main() {
    experimental::RemoteCircularBuffer remote(31);
    Noc noc;
    uint32_t sum = 0;
    for (uint32_t i = 0; i < POPPED; i++) {
        remote.wait_front(1);
        sum += reinterpret_cast<volatile tt_l1_ptr uint32_t*>(get_remote_receiver_cb_interface(31).fifo_rd_ptr)[0];
        if (POP) remote.pop_front(noc, 1);
    }
    DPRINT << "sum " << sum << ENDL();
    remote.commit();
    noc.async_atomic_barrier();
}
"""
)


def add_counters(program, pages=16, popped=16, pop="true"):
    program.add_circular_buffer(SOURCE, (0, 0, 0, 0), num_pages=2, page_size=128)
    program.add_kernel(COUNT_SEND, "writer", (0, 0, 0, 0), name="send", defines={"PAGES": str(pages)})
    program.add_kernel(
        COUNT_RECEIVE, "reader", (1, 0, 2, 0), name="receive", defines={"POPPED": str(popped), "POP": pop}
    )


def test_a_receiver_that_never_pops_is_reported(device):
    program = Program()
    program.add_remote_circular_buffer(REMOTE, SENDER, (1, 0, 2, 0), page_size=64, num_pages=2)
    add_counters(program, popped=3, pop="false")
    with pytest.raises(DeadlockError, match="remote circular buffer 31") as caught:
        device.run(program)
    assert {state.core for state in caught.value.threads} == {(0, 0)}
    assert "acknowledged by core (1, 0)" in str(caught.value)


def test_a_receiver_of_more_than_is_sent_is_reported(device):
    program = Program()
    program.add_remote_circular_buffer(REMOTE, SENDER, (1, 0, 2, 0), page_size=64, num_pages=4)
    add_counters(program, pages=5, popped=6)
    with pytest.raises(DeadlockError, match=r"sent by core \(0, 0\)") as caught:
        device.run(program)
    assert {state.core for state in caught.value.threads} == {(1, 0), (2, 0)}


def test_a_buffer_of_the_run_before_is_gone(device):
    first = Program()
    first.add_remote_circular_buffer(REMOTE, SENDER, (1, 0, 2, 0), page_size=64, num_pages=2)
    add_counters(first)
    device.run(first)
    second = Program()
    second.add_kernel(
        HEAD + "void kernel_main() { experimental::remote_cb_wait_front(31, 1); }", "reader", (1, 0, 1, 0)
    )
    with pytest.raises(ApiFault, match=r"remote circular buffer 31 is not configured on core \(1, 0\)"):
        device.run(second)


def test_a_call_of_the_other_side_is_a_fault(device):
    program = Program()
    program.add_remote_circular_buffer(REMOTE, SENDER, (1, 0, 1, 0), page_size=64, num_pages=2)
    program.add_kernel(
        HEAD + "void kernel_main() { experimental::remote_cb_reserve_back(31, 1); }", "reader", (1, 0, 1, 0)
    )
    with pytest.raises(AssertionFault, match="a call of the sender"):
        device.run(program)


ALIGNED_RECEIVE = (
    HEAD
    + """
void kernel_main() {
    const uint32_t locals[1] = {1};
    experimental::align_local_cbs_to_remote_cb(31, locals);
    for (uint32_t i = 0; i < 9; i++) {
        cb_reserve_back(1, 2);
        experimental::remote_cb_wait_front(31, i ? 2 : 1);
        cb_push_back(1, 2);
        if (i) {
            while (!cb_pages_reservable_at_back(1, 4)) invalidate_l1_cache();
            experimental::remote_cb_pop_front(31, 1);
        }
    }
    while (!cb_pages_reservable_at_back(1, 6)) invalidate_l1_cache();
    experimental::remote_cb_pop_front(31, 1);
    noc_async_atomic_barrier();
}
"""
)
ALIGNED_COMPUTE = """
#include "api/compute/tile_move_copy.h"
#include "api/remote_circular_buffer.h"
void kernel_main() {
    const uint32_t locals[1] = {1};
    experimental::align_local_cbs_to_remote_cb(31, locals);
    compute_kernel_hw_startup(1, 16);
    copy_init(1);
    for (uint32_t block = 0; block < 9; block++) {
        cb_wait_front(1, 2);
        for (uint32_t i = 0; i < 2; i++) {
            cb_reserve_back(16, 1);
            tile_regs_acquire();
            copy_tile(1, i, 0);
            tile_regs_commit();
            tile_regs_wait();
            pack_tile(0, 16);
            tile_regs_release();
            cb_push_back(16, 1);
        }
        cb_pop_front(1, 2);
    }
}
"""
PIPE_SEND = """
#include "api/dataflow/prefetcher_pipe.h"
void kernel_main() {
    const auto source = TensorAccessor(TensorAccessorArgs<0>(), get_arg_val<uint32_t>(0));
    const Noc noc;
    CircularBuffer stage(0);
    experimental::PrefetcherPipe out(pipe::out);
    const uint32_t bytes = out.get_entry_size() * out.num_receivers();
    uint32_t page = 0;
    for (uint32_t block = 0; block < 9; block++) {
        stage.reserve_back(1);
        for (uint32_t i = 0; i < bytes / 64; i++) noc_async_read_page(page++, source, stage.get_write_ptr() + 64 * i);
        noc_async_read_barrier();
        stage.push_back(1);
        stage.wait_front(1);
        out.reserve_back(1);
        FLOW
        out.flush_writes();
        out.push_back(1);
        stage.pop_front(1);
    }
    out.barrier();
}
"""
PIPE_RECEIVE = """
#include "api/dataflow/prefetcher_pipe.h"
void kernel_main() {
    const Noc noc;
    experimental::PrefetcherPipe in(pipe::in);
    auto relay = in.bind_relay();
    for (uint32_t block = 0; block < 9; block++) {
        relay.reserve_back(2);
        in.wait_front(block ? 2 : 1);
        relay.push_back(2);
        if (block) in.pop_front(1, noc);
    }
    in.pop_front(1, noc);
    noc.async_atomic_barrier();
}
"""
FLOWS = {
    "rows": "out.write_strided(noc, stage, 1, 2, 2048);",
    "each": "for (uint32_t r = 0; r < 2; r++) out.write_to_receiver(noc, r, stage, 1, {.offset_bytes = r * 4096});",
}
ALIGNED_WRITE = (
    HEAD
    + """
void kernel_main() {
    const auto target = TensorAccessor(TensorAccessorArgs<0>(), get_arg_val<uint32_t>(0));
    for (uint32_t i = 0; i < 18; i++) {
        cb_wait_front(16, 1);
        noc_async_write_page(get_arg_val<uint32_t>(1) + i, target, get_read_ptr(16));
        noc_async_write_barrier();
        cb_pop_front(16, 1);
    }
}
"""
)


@pytest.mark.parametrize("flow", [None, *FLOWS])
def test_compute_reads_the_ring_through_a_local_buffer(device, flow):
    """Through calls on the remote buffer, or through a pipe and its relay."""
    source, target = device.allocate(36 * 2048 // 64, 64), device.allocate(36, 2048)
    values = np.random.default_rng(2).standard_normal(36 * 1024).astype(np.float32)
    data = (values.view(np.uint32) >> 16).astype(np.uint16)
    source.write(data)
    program = Program()
    program.add_circular_buffer(SOURCE, (0, 0, 0, 0), num_pages=2, page_size=8192)
    program.add_remote_circular_buffer(
        REMOTE, SENDER, (1, 0, 2, 0), page_size=4096, size=3 * 4096 + 1024, local={1: "Float16_b"}
    )
    program.add_circular_buffer(16, (1, 0, 2, 0), num_pages=2)
    program.add_kernel(
        PIPE_SEND if flow else SEND,
        "writer",
        (0, 0, 0, 0),
        compile_time_args=[*source.accessor_args, 2, 1],
        runtime_args={SENDER: [source.address, 9, 1, 2, 2048]},
        defines={"FLOW": FLOWS[flow]} if flow else {"SKIP": "false"},
        bindings=KernelBindings(pipes={"out": REMOTE}) if flow else None,
    )
    program.add_kernel(
        PIPE_RECEIVE if flow else ALIGNED_RECEIVE,
        "reader",
        (1, 0, 2, 0),
        bindings=KernelBindings(pipes={"in": REMOTE}) if flow else None,
    )
    program.add_kernel(ALIGNED_COMPUTE, "compute", (1, 0, 2, 0))
    program.add_kernel(
        ALIGNED_WRITE,
        "writer",
        (1, 0, 2, 0),
        compile_time_args=target.accessor_args,
        runtime_args={(x, 0): [target.address, 18 * (x - 1)] for x in (1, 2)},
    )
    device.run(program)
    blocks = data.reshape(9, 2, 2 * 1024)
    expected = np.concatenate([blocks[:, x].reshape(-1) for x in range(2)])
    assert (target.read().view(np.uint16) == expected).all()
    source.free()
    target.free()


@pytest.mark.parametrize(
    ("receivers", "options", "message"),
    [
        ((0, 0, 1, 0), {"page_size": 64, "num_pages": 2}, "its sender and one of its receivers"),
        ((1, 0, 1, 0), {"page_size": 64}, "either num_pages or size"),
        ((1, 0, 1, 0), {"page_size": 40, "num_pages": 2}, "multiples of 16 bytes"),
        ((1, 0, 1, 0), {"page_size": 64, "size": 32}, "in a ring of 32"),
        ((1, 0, 1, 0), {"page_size": 64, "num_pages": 2, "local": {1: "Float16_b"}}, "do not fill"),
    ],
)
def test_what_cannot_be_is_refused(receivers, options, message):
    with pytest.raises(ProgramError, match=message):
        Program().add_remote_circular_buffer(REMOTE, SENDER, receivers, **options)
