# SPDX-License-Identifier: Apache-2.0
"""Transfers, multicast, semaphores: bytes land where and when they should."""

import numpy as np
import pytest

from ttlang.simulator import Program

HEAD = '#include <cstdint>\n#include "api/dataflow/dataflow_api.h"\n'
CORE = (0, 0, 0, 0)
TIMED = pytest.mark.parametrize("timed", [True, False])


def coordinates(device, *cores):
    return [value for core in cores for value in device.noc_coordinate(*core)]


def bytes_of(seed, count):
    return np.random.default_rng(seed).integers(0, 256, count, dtype=np.uint8)


@TIMED
def test_pages_go_round_the_banks(device, timed):
    source, target = device.allocate(40, 96), device.allocate(40, 96)
    data = bytes_of(1, source.size)
    source.write(data)
    text = (
        HEAD
        + """
    void kernel_main() {
        constexpr auto from_args = TensorAccessorArgs<0>(); constexpr auto to_args = TensorAccessorArgs<2>();
        const auto from = TensorAccessor(from_args, get_arg_val<uint32_t>(0)), to = TensorAccessor(to_args, get_arg_val<uint32_t>(1));
        for (uint32_t i = 0; i < 40; i++) {
            cb_reserve_back(0, 1);
            noc_async_read_page(i, from, get_write_ptr(0)); noc_async_read_barrier();
            cb_push_back(0, 1); cb_wait_front(0, 1);
            noc_async_write_page(39 - i, to, get_read_ptr(0)); noc_async_write_barrier();
            cb_pop_front(0, 1);
        }
    }"""
    )
    program = Program()
    program.add_kernel(
        text, "reader", CORE, compile_time_args=source.accessor_args + target.accessor_args,
        runtime_args={(0, 0): [source.address, target.address]},
    )  # fmt: skip
    program.add_circular_buffer(0, CORE, page_size=96, num_pages=2)
    device.run(program, time=timed)
    assert np.array_equal(target.read().reshape(40, 96), data.reshape(40, 96)[::-1])


def test_bank_interleaving_is_that_of_the_chip(device):
    buffer = device.allocate(30, 64)
    buffer.write(np.repeat(np.arange(30, dtype=np.uint8), 64))
    text = (
        HEAD
        + """
    void kernel_main() {
        const uint64_t at = get_noc_addr_from_bank_id<true>(get_arg_val<uint32_t>(1), get_arg_val<uint32_t>(0) + 64);
        noc_async_read(at, get_write_ptr(0), 64); noc_async_read_barrier();
        DPRINT << uint32_t(*reinterpret_cast<volatile tt_l1_ptr uint8_t*>(get_write_ptr(0))) << ENDL();
    }"""
    )
    program = Program()
    program.add_kernel(text, "reader", CORE, runtime_args={(0, 0): [buffer.address, 5]})
    program.add_circular_buffer(0, CORE, page_size=64, num_pages=1)
    assert device.run(program).output == "0:0:NC: 17\n"


@TIMED
@pytest.mark.parametrize("loopback", [False, True])
def test_multicast_reaches_the_rectangle(device, timed, loopback):
    first = device.chip.l1.cb_base
    grid = (1, 1, 3, 2)
    data = bytes_of(2, 4096)
    cores = [(x, y) for y in range(4) for x in range(5)]
    for core in cores:
        device.write_l1(core, first, np.zeros(4096, np.uint8))
    source = device.allocate(1, 4096)
    source.write(data)
    call = "noc_async_write_multicast_loopback_src" if loopback else "noc_async_write_multicast"
    text = (
        HEAD
        + f"""
    void kernel_main() {{
        noc_async_read(get_noc_addr_from_bank_id<true>(0, get_arg_val<uint32_t>(0)), get_write_ptr(0), 4096);
        noc_async_read_barrier();
        const uint64_t to = get_noc_multicast_addr(get_arg_val<uint32_t>(1), get_arg_val<uint32_t>(2), get_arg_val<uint32_t>(3),
                                                   get_arg_val<uint32_t>(4), get_arg_val<uint32_t>(5));
        {call}(get_write_ptr(0), to, 4096, {6 if loopback else 5});
        noc_async_write_barrier();
    }}"""
    )
    program = Program()
    arguments = [source.address, *coordinates(device, grid[:2], grid[2:]), first]
    program.add_kernel(text, "writer", (2, 1, 2, 1), runtime_args={(2, 1): arguments})
    program.add_circular_buffer(0, (2, 1, 2, 1), page_size=4096, num_pages=1, address=first + 8192)
    device.run(program, time=timed)
    for x, y in cores:
        inside = 1 <= x <= 3 and 1 <= y <= 2 and (loopback or (x, y) != (2, 1))
        assert np.array_equal(
            device.read_l1((x, y), first, 4096), data if inside else np.zeros(4096, np.uint8)
        ), (x, y)


HANDSHAKE_SENDER = (
    HEAD
    + """
void kernel_main() {
    volatile tt_l1_ptr uint32_t* ready = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(get_semaphore(0));
    volatile tt_l1_ptr uint32_t* valid = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(get_semaphore(1));
    const uint64_t data = get_noc_multicast_addr(get_arg_val<uint32_t>(0), get_arg_val<uint32_t>(1), get_arg_val<uint32_t>(2),
                                                 get_arg_val<uint32_t>(3), get_write_ptr(0));
    const uint64_t flag = get_noc_multicast_addr(get_arg_val<uint32_t>(0), get_arg_val<uint32_t>(1), get_arg_val<uint32_t>(2),
                                                 get_arg_val<uint32_t>(3), get_semaphore(1));
    *valid = VALID;
    for (uint32_t round = 1; round <= 3; round++) {
        noc_semaphore_wait(ready, 7);
        noc_semaphore_set(ready, 0);
        volatile tt_l1_ptr uint32_t* words = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(get_write_ptr(0));
        for (uint32_t i = 0; i < 16; i++) words[i] = round * 100 + i;
        noc_async_write_multicast(get_write_ptr(0), data, 64, 7);
        noc_semaphore_set_multicast(get_semaphore(1), flag, 7);
        noc_async_write_barrier();
    }
}
"""
)
HANDSHAKE_RECEIVER = (
    HEAD
    + """
void kernel_main() {
    volatile tt_l1_ptr uint32_t* valid = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(get_semaphore(1));
    const uint64_t ready = get_noc_addr(get_arg_val<uint32_t>(0), get_arg_val<uint32_t>(1), get_semaphore(0));
    uint32_t sum = 0;
    for (uint32_t round = 1; round <= 3; round++) {
        noc_semaphore_set(valid, INVALID);
        noc_semaphore_inc(ready, 1);
        noc_semaphore_wait(valid, VALID);
        sum += reinterpret_cast<volatile tt_l1_ptr uint32_t*>(get_write_ptr(0))[5];
    }
    reinterpret_cast<volatile tt_l1_ptr uint32_t*>(get_write_ptr(0))[0] = sum;
}
"""
)


@TIMED
def test_multicast_with_a_handshake(device, timed):
    program = Program()
    row, sender, receivers = (0, 3, 7, 3), (0, 3, 0, 3), (1, 3, 7, 3)
    low, high = device.noc_coordinate(1, 3), device.noc_coordinate(7, 3)
    program.add_kernel(HANDSHAKE_SENDER, "writer", sender, runtime_args={(0, 3): [*low, *high]})
    home = device.noc_coordinate(0, 3)
    program.add_kernel(
        HANDSHAKE_RECEIVER, "reader", receivers, runtime_args={(x, 3): home for x in range(1, 8)}
    )
    program.add_circular_buffer(0, row, page_size=64, num_pages=1)
    for index in (0, 1):
        program.add_semaphore(index, row)
    device.run(program, time=timed, max_cycles=1_000_000)
    for x in range(1, 8):
        total = device.read_l1((x, 3), device.chip.l1.cb_base, 4).view(np.uint32)[0]
        assert total == 105 + 205 + 305


@TIMED
@pytest.mark.parametrize("linked", [False, True])
def test_flushed_source_of_a_multicast_may_change(device, timed, linked):
    """What was multicast is what the source held at the flush, data and flag behind it alike, however far the receivers."""
    first, bytes_sent = device.chip.l1.cb_base, 2048
    text = (
        HEAD
        + f"""
    void kernel_main() {{
        const uint32_t l1 = get_arg_val<uint32_t>(4), flag = get_semaphore(0);
        auto word = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(flag);
        auto data = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(l1);
        const uint64_t all = get_noc_multicast_addr(get_arg_val<uint32_t>(0), get_arg_val<uint32_t>(1), get_arg_val<uint32_t>(2),
                                                    get_arg_val<uint32_t>(3), 0);
        for (uint32_t i = 0; i < {bytes_sent // 4}; i++) data[i] = i + 1;
        noc_semaphore_set(word, 7);
        noc_async_write_multicast(l1, all | l1, {bytes_sent}, 27, {str(linked).lower()});
        noc_semaphore_set_multicast(flag, all | flag, 27);
        noc_async_writes_flushed();
        noc_semaphore_set(word, 0);
        for (uint32_t i = 0; i < {bytes_sent // 4}; i++) data[i] = 0;
        noc_async_write_barrier();
    }}"""
    )
    program, area = Program(), (0, 0, 6, 3)
    corners = coordinates(device, area[:2], area[2:])
    program.add_kernel(text, "writer", (0, 0, 0, 0), runtime_args={(0, 0): [*corners, first]})
    program.add_semaphore(0, area)
    program.add_circular_buffer(0, area, page_size=bytes_sent, num_pages=1, address=first)
    wait = "noc_semaphore_wait(reinterpret_cast<volatile tt_l1_ptr uint32_t*>(get_semaphore(0)), 7);"
    program.add_kernel(f"{HEAD} void kernel_main() {{ {wait} }}", "reader", [(1, 0, 1, 0), (6, 3, 6, 3)])
    device.run(program, time=timed, max_cycles=1_000_000)
    for core in ((1, 0), (6, 3)):
        received = device.read_l1(core, first, bytes_sent).view(np.uint32)
        assert np.array_equal(received, 1 + np.arange(bytes_sent // 4))


@TIMED
def test_stateful_and_tagged_transfers(device, timed):
    source, target = device.allocate(12, 128), device.allocate(12, 128)
    data = bytes_of(3, source.size)
    source.write(data)
    text = (
        HEAD
        + """
    void kernel_main() {
        const uint32_t from = get_arg_val<uint32_t>(0), to = get_arg_val<uint32_t>(1), l1 = get_write_ptr(0);
        for (uint32_t bank = 0; bank < 6; bank++) {
            noc_async_read_one_packet_set_state(get_noc_addr_from_bank_id<true>(bank, from), 64);
            noc_async_read_one_packet_with_state(from, l1 + bank * 128);
            noc_async_read_one_packet_with_state(from + 64, l1 + bank * 128 + 64);
        }
        for (uint32_t bank = 6; bank < 12; bank++) {
            noc_async_read_tile_dram_sharded_set_state(from, 128, bank);
            noc_async_read_tile_dram_sharded_with_state_with_trid(from, 0, l1 + bank * 128, 1 + bank % 2);
        }
        noc_async_read_barrier_with_trid(1); noc_async_read_barrier_with_trid(2); noc_async_read_barrier();
        for (uint32_t bank = 0; bank < 12; bank++) {
            noc_async_write_one_packet_set_state(get_noc_addr_from_bank_id<true>(bank, to), 128);
            noc_async_write_one_packet_with_state(l1 + bank * 128, to);
        }
        noc_async_writes_flushed();
        noc_async_full_barrier();
    }"""
    )
    program = Program()
    program.add_kernel(text, "reader", CORE, runtime_args={(0, 0): [source.address, target.address]})
    program.add_circular_buffer(0, CORE, page_size=128, num_pages=12)
    device.run(program, time=timed)
    assert np.array_equal(target.read(), data)


@TIMED
def test_flushed_source_may_change(device, timed):
    text = (
        HEAD
        + """
    void kernel_main() {
        volatile tt_l1_ptr uint32_t* words = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(get_write_ptr(0));
        const uint64_t to = get_noc_addr(get_arg_val<uint32_t>(0), get_arg_val<uint32_t>(1), get_write_ptr(0));
        for (uint32_t i = 0; i < 8; i++) {
            for (uint32_t w = 0; w < 256; w++) words[w] = i;
            noc_async_write(get_write_ptr(0), to + i * 1024, 1024);
            noc_async_writes_flushed();
        }
        noc_async_write_barrier();
    }"""
    )
    program = Program()
    program.add_kernel(text, "writer", CORE, runtime_args={(0, 0): coordinates(device, (7, 7))})
    program.add_circular_buffer(0, CORE, page_size=1024, num_pages=8)
    device.run(program, time=timed)
    received = device.read_l1((7, 7), device.chip.l1.cb_base, 8192).view(np.uint32).reshape(8, 256)
    assert np.array_equal(received, np.repeat(np.arange(8, dtype=np.uint32), 256).reshape(8, 256))


@TIMED
def test_a_missing_barrier_is_visible(device, timed):
    source = device.allocate(1, 2048)
    source.write(np.full(2048, 7, np.uint8))
    text = (
        HEAD
        + """
    void kernel_main() {
        volatile tt_l1_ptr uint8_t* bytes = reinterpret_cast<volatile tt_l1_ptr uint8_t*>(get_write_ptr(0));
        bytes[9] = 0;
        noc_async_read(get_noc_addr_from_bank_id<true>(0, get_arg_val<uint32_t>(0)), get_write_ptr(0), 2048);
        const uint32_t before = bytes[9];
        noc_async_read_barrier();
        DPRINT("{} {}\\n", before, uint32_t(bytes[9]));
    }"""
    )
    program = Program()
    program.add_kernel(text, "reader", CORE, runtime_args={(0, 0): [source.address]})
    program.add_circular_buffer(0, CORE, page_size=2048, num_pages=1)
    assert device.run(program, time=timed).output == "0:0:NC: 0 7\n"


@TIMED
def test_atomics_of_many_cores_add_up(device, timed):
    text = (
        HEAD
        + """
    void kernel_main() {
        const uint64_t sum = get_noc_addr(get_arg_val<uint32_t>(0), get_arg_val<uint32_t>(1), get_semaphore(2));
        for (uint32_t i = 0; i < 10; i++) noc_semaphore_inc(sum, get_absolute_logical_x() + 1);
        noc_async_atomic_barrier();
    }"""
    )
    wait = (
        HEAD
        + """
    void kernel_main() {
        volatile tt_l1_ptr uint32_t* sum = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(get_semaphore(2));
        noc_semaphore_wait_min(sum, 8 * 10 * 36);
        DPRINT("sum {}\\n", *sum);
    }"""
    )
    program = Program()
    grid = (0, 0, 7, 7)
    cores = [(x, y) for x in range(8) for y in range(8)]
    program.add_kernel(
        text, "reader", grid, runtime_args={core: coordinates(device, (4, 4)) for core in cores}
    )
    program.add_kernel(wait, "writer", (4, 4, 4, 4))
    program.add_semaphore(2, grid)
    assert device.run(program, time=timed).output == "4:4:BR: sum 2880\n"


@TIMED
def test_inline_writes_and_byte_enables(device, timed):
    text = (
        HEAD
        + """
    void kernel_main() {
        const uint64_t to = get_noc_addr(get_arg_val<uint32_t>(0), get_arg_val<uint32_t>(1), get_write_ptr(0));
        noc_inline_dw_write(to, 0x11223344);
        noc_inline_dw_write(to + 4, 0xAABBCCDD, 0x5);
        noc_async_write_barrier();
    }"""
    )
    device.write_l1((1, 0), device.chip.l1.cb_base, np.zeros(8, np.uint8))
    program = Program()
    program.add_kernel(text, "writer", CORE, runtime_args={(0, 0): coordinates(device, (1, 0))})
    program.add_circular_buffer(0, CORE, page_size=64, num_pages=1)
    device.run(program, time=timed)
    assert device.read_l1((1, 0), device.chip.l1.cb_base, 8).view(np.uint32).tolist() == [
        0x11223344,
        0x00BB00DD,
    ]


def test_polling_without_calls_sees_other_cores(device):
    poll = (
        HEAD
        + """
    void kernel_main() {
        volatile tt_l1_ptr uint32_t* flag = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(get_semaphore(0));
        while (*flag == 0) {}
        DPRINT("seen {}\\n", *flag);
    }"""
    )
    send = (
        HEAD
        + """
    void kernel_main() {
        noc_semaphore_inc(get_noc_addr(get_arg_val<uint32_t>(0), get_arg_val<uint32_t>(1), get_semaphore(0)), 5);
        noc_async_atomic_barrier();
    }"""
    )
    program = Program()
    program.add_kernel(poll, "reader", CORE)
    program.add_kernel(send, "writer", (5, 5, 5, 5), runtime_args={(5, 5): coordinates(device, (0, 0))})
    program.add_semaphore(0, [CORE, (5, 5, 5, 5)])
    assert device.run(program).output == "0:0:NC: seen 5\n"


def test_l1_buffers_are_interleaved_over_cores(device):
    buffer = device.allocate(70, 32, memory="L1")
    data = bytes_of(4, buffer.size)
    buffer.write(data)
    text = (
        HEAD
        + """
    void kernel_main() {
        constexpr auto args = TensorAccessorArgs<0>(); const auto from = TensorAccessor(args, get_arg_val<uint32_t>(0));
        noc_async_read_page(65, from, get_write_ptr(0)); noc_async_read_barrier();
    }"""
    )
    program = Program()
    program.add_kernel(
        text, "reader", CORE, compile_time_args=buffer.accessor_args, runtime_args={(0, 0): [buffer.address]}
    )
    program.add_circular_buffer(0, CORE, page_size=32, num_pages=1)
    device.run(program)
    page = data.reshape(70, 32)[65]
    assert np.array_equal(device.read_l1((0, 0), device.chip.l1.cb_base, 32), page)
    assert np.array_equal(device.read_l1((1, 0), buffer.address + 32, 32), page)
    buffer.free()


def test_arguments_defines_and_named_values(blackhole):
    text = (
        HEAD
        + """
    void kernel_main() {
        DPRINT("{} {} {} {} {}\\n", get_arg_val<uint32_t>(0), get_common_arg_val<int32_t>(1), get_compile_time_arg_val(1), SIZE,
               get_named_compile_time_arg_val("depth"));
        DPRINT << HEX() << 255u << DEC() << ' ' << SETPRECISION(2) << 1.5f << ENDL();
    }"""
    )
    program = Program()
    program.add_kernel(
        text, "writer", (12, 9, 12, 9), compile_time_args=[3, 4], common_runtime_args=[1, -2], runtime_args={(12, 9): [9]},
        defines={"SIZE": "(2 + 3)"}, named_compile_time_args={"depth": 6},
    )  # fmt: skip
    assert blackhole.run(program).output == "12:9:BR: 9 -2 4 5 6\n12:9:BR: ff 1.50\n"


@TIMED
def test_static_variables_of_each_kernel_text(device, timed):
    text = (
        HEAD
        + """
    static uint32_t calls = 0;
    void kernel_main() {
        for (uint32_t i = 0; i < 4; i++) { calls++; cb_reserve_back(0, 1); cb_push_back(0, 1); cb_wait_front(0, 1); cb_pop_front(0, 1); }
        reinterpret_cast<volatile tt_l1_ptr uint32_t*>(get_write_ptr(0))[0] = calls;
    }"""
    )
    program = Program()
    program.add_kernel(text, "reader", (0, 0, 3, 0))
    program.add_circular_buffer(0, (0, 0, 3, 0), page_size=64, num_pages=1)
    for _ in range(2):
        device.run(program, time=timed)
        values = [device.read_l1((x, 0), device.chip.l1.cb_base, 4).view(np.uint32)[0] for x in range(4)]
        assert values == [4, 4, 4, 4]
