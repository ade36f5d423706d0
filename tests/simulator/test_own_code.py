# SPDX-License-Identifier: Apache-2.0
"""The clock of a kernel's own code: loads and stores of L1, calls that move bytes, loops that poll."""

import pytest

from ttlang.simulator import Device, Program

CORE, OTHER = (0, 0, 0, 0), (1, 0, 1, 0)
KERNEL = """#include <cstdint>
#include <cstring>
#include "api/dataflow/dataflow_api.h"
void kernel_main() {
    cb_reserve_back(0, 1);
    auto words = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(get_write_ptr(0));
    auto other = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(get_write_ptr(0) + 4096);
    BODY
}
"""
SIGNAL = """#include "api/dataflow/dataflow_api.h"
void kernel_main() {
    for (uint32_t i = 0; i < 50; i++) noc_async_read(get_noc_addr(X, Y, 1 << 19), 1 << 19, 8192);
    noc_async_read_barrier();
    noc_semaphore_inc(get_noc_addr(X, Y, get_semaphore(0)), 1);
    noc_async_atomic_barrier();
}
"""


def run(device: Device, body: str, sanitize: bool = False, signal: bool = False) -> int:
    """Cycles of a reader with a buffer of 8 KiB; with `signal` another core counts up its semaphore, late."""
    program = Program()
    program.add_kernel(KERNEL.replace("BODY", body), "reader", CORE)
    program.add_circular_buffer(0, CORE, page_size=8192, num_pages=1)
    if signal:
        x, y = device.noc_coordinate(0, 0)
        text = SIGNAL.replace("X", str(x)).replace("Y", str(y))
        program.add_kernel(text, "writer", OTHER)
        program.add_semaphore(0, [CORE, OTHER])
    return device.run(program, sanitize=sanitize).threads[0].end


@pytest.fixture(scope="module", params=["wormhole_b0", "blackhole"])
def opened(request):
    return Device(request.param)


STORES = "for (uint32_t i = 0; i < COUNT; i++) words[i] = i;"
COPIES = STORES + " for (uint32_t i = 0; i < COUNT; i++) other[i] = words[i];"
HALVES = """auto halves = reinterpret_cast<volatile tt_l1_ptr uint16_t*>(get_write_ptr(0));
    for (uint32_t i = 0; i < COUNT; i++) halves[i] = i;"""


@pytest.mark.parametrize("sanitize", [False, True])
@pytest.mark.parametrize(("body", "loads", "stores"), [(STORES, 0, 1), (COPIES, 1, 2), (HALVES, 0, 1)])
def test_loads_and_stores_take_time_whether_they_are_checked_or_not(opened, body, loads, stores, sanitize):
    costs = opened.chip.costs["risc"]
    few, many = (run(opened, body.replace("COUNT", str(count)), sanitize) for count in (64, 192))
    assert many - few == 128 * (loads * costs["l1_load"] + stores * costs["l1_store"])


def test_a_word_that_was_just_loaded_is_paid_for_again_when_the_code_gets_on(opened):
    """An element by an index: the same word again and again, each time stored elsewhere."""
    body = "words[0] = 7; for (uint32_t i = 0; i < COUNT; i++) other[i] = words[0];"
    costs = opened.chip.costs["risc"]
    few, many = (run(opened, body.replace("COUNT", str(count))) for count in (8, 40))
    assert many - few == 32 * (costs["l1_load"] + costs["l1_store"])


@pytest.mark.parametrize("call", ["memmove", "memcpy"])
def test_calls_that_move_bytes_take_time(opened, call):
    body = "for (uint32_t i = 0; i < 1024; i++) words[i] = i; MOVES"
    move = f"std::{call}(const_cast<uint32_t*>(other), const_cast<uint32_t*>(words), BYTES);"
    costs = opened.chip.costs["risc"]
    none, one, two = (
        run(opened, body.replace("MOVES", moves))
        for moves in ("", move.replace("BYTES", "1024"), move.replace("BYTES", "2048"))
    )
    assert two - one == pytest.approx(1024 * costs["move_byte"], abs=1)
    assert one - none == pytest.approx(costs["move_call"] + 1024 * costs["move_byte"], abs=1)


def test_a_loop_that_polls_ends_when_the_word_changes_and_pays_for_one_look(opened):
    """However often the host went round: time comes from the signal, not from the loop."""
    poll = """auto flag = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(get_semaphore(0));
    words[0] = words[1] = 0;
    while (*flag == 0) LOOK
    noc_async_read_barrier();"""
    plain = {run(opened, poll.replace("LOOK", "{}"), signal=True) for _ in range(3)}
    looks = {
        run(opened, poll.replace("LOOK", "if (words[0] || words[1]) break;"), signal=True) for _ in range(3)
    }
    assert len(plain) == len(looks) == 1
    assert 0 <= looks.pop() - plain.pop() <= 2 * opened.chip.costs["risc"]["l1_load"]
