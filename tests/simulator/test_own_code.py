# SPDX-License-Identifier: Apache-2.0
"""The clock of a kernel's own code: its instructions, loads and stores of L1, calls that move bytes, loops that poll."""

import pytest

from ttlang.hardware import chip
from ttlang.simulator import Device, Program
from ttlang.simulator.instruction_costs import with_costs

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


def reader(text: str) -> Program:
    """A reader with a buffer of 8 KiB."""
    program = Program()
    program.add_kernel(text, "reader", CORE, runtime_args={(0, 0): [7]})
    program.add_circular_buffer(0, CORE, page_size=8192, num_pages=1)
    return program


def run(device: Device, body: str, sanitize: bool = False, signal: bool = False) -> int:
    """Cycles of a reader; with `signal` another core counts up its semaphore, late."""
    program = reader(KERNEL.replace("BODY", body))
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
    # abs: the instructions that load its arguments
    assert one - none == pytest.approx(costs["move_call"] + 1024 * costs["move_byte"], abs=6)


POLL = """auto flag = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(get_semaphore(0));
    words[0] = words[1] = 0;
    while (*flag == 0) LOOK
    noc_async_read_barrier();"""


def test_a_loop_that_polls_ends_when_the_word_changes_and_pays_for_one_look(opened):
    """However often the host went round: time comes from the signal, not from the loop."""
    plain = {run(opened, POLL.replace("LOOK", "{}"), signal=True) for _ in range(3)}
    looks = {
        run(opened, POLL.replace("LOOK", "if (words[0] || words[1]) break;"), signal=True) for _ in range(3)
    }
    assert len(plain) == len(looks) == 1
    assert 0 <= looks.pop() - plain.pop() <= 2 * opened.chip.costs["risc"]["l1_load"]


def test_arithmetic_between_looks_is_paid_once(opened):
    looks = {
        run(
            opened,
            POLL.replace("LOOK", "{ if (WORD * 77 / 5 % 3 == 7) break; }").replace("WORD", word),
            signal=True,
        )
        for word in ("words[0]", "words[1]")
    }
    assert max(looks) - min(looks) <= 20


# ---- instructions

COUNTED = "uint32_t h = 12345; for (uint32_t i = 0; i < COUNT; i++) { BODY } words[0] = h;"
# Cycles of a round as a RISC-V compiler makes it: `bench/own_code.py`. Hosts differ from it, and from one another, by a third.
ARITHMETIC = {
    "h ^= h << 13; h ^= h >> 17; h ^= h << 5;": 8,
    "h = h * 1664525u + 1013904223u;": 5,
    "h += (h % 12) * 7 + (i / 10);": 15,
    "h += (i + COUNT) / (1 + (i & 7)) + (i + COUNT) % (3 + (i & 3));": 37,
}


def cycles_of_a_round(device: Device, body: str, sanitize: bool = False) -> float:
    text = COUNTED.replace("BODY", body)
    few, many = (run(device, text.replace("COUNT", str(count)), sanitize) for count in (640, 1920))
    return (many - few) / 1280


@pytest.mark.parametrize("sanitize", [False, True])
@pytest.mark.parametrize("body", ARITHMETIC)
def test_arithmetic_takes_the_time_of_a_risc_v(opened, body, sanitize):
    assert cycles_of_a_round(opened, body, sanitize) == pytest.approx(ARITHMETIC[body], rel=0.35)


@pytest.mark.parametrize("sanitize", [False, True])
def test_the_loop_around_a_call_is_part_of_the_call(opened, sanitize):
    body = "for (uint32_t i = 0; i < COUNT; i++) noc_async_read(get_noc_addr(X, Y, 4096 + i * 64), get_write_ptr(0) + i * 32, 32);"
    x, y = opened.noc_coordinate(1, 0)
    body = body.replace("X", str(x)).replace("Y", str(y))
    few, many = (
        run(opened, body.replace("COUNT", str(count)) + "noc_async_read_barrier();", sanitize)
        for count in (64, 192)
    )
    assert many - few == pytest.approx(128 * opened.chip.costs["risc"]["noc_read"], rel=0.02)


def test_arithmetic_beyond_the_loop_delays_the_call(opened):
    call = "noc_async_read_barrier();"
    plain = cycles_of_a_round(opened, call)
    hashed = cycles_of_a_round(opened, "for (int k = 0; k < 8; k++) h = (h ^ i) * 0x9E3779B1u; " + call)
    assert 8 * 5 - opened.chip.instructions.call <= hashed - plain <= 8 * 8


LINES = """#include <cstdint>
#include "api/dataflow/dataflow_api.h"
void kernel_main() {
    uint32_t h = get_arg_val<uint32_t>(0);
    cb_reserve_back(0, 1);
    auto words = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(get_write_ptr(0));
    for (uint32_t i = 0; i < 1000; i++)
        h = (h ^ i) * 0x9E3779B1u;
    cb_push_back(0, 1);
    for (uint32_t i = 0; i < 500; i++)
        words[i] = h + i;
    cb_wait_front(0, 1);
}
"""


def test_time_is_on_the_lines_of_the_code_that_takes_it(opened):
    done = opened.run(reader(LINES), sanitize=False)
    busy = {row.line: row.busy for row in done.lines}
    risc = opened.chip.costs["risc"]
    assert 3000 < sum(busy.get(line, 0) for line in (7, 8)) < 6500
    assert sum(busy.get(line, 0) for line in (10, 11)) == pytest.approx(500 * risc["l1_store"], rel=0.02)
    assert max(busy[9], busy[12]) <= risc["circular_buffer"] + 10
    assert sum(busy.values()) == sum(thread.busy for thread in done.threads)


def test_code_without_time_costs_nothing(opened):
    body = COUNTED.replace("COUNT", "100000").replace("BODY", "h *= 3;")
    program = reader(KERNEL.replace("BODY", body))
    assert opened.run(program, sanitize=False, time=False).cycles < 100


COMPUTE = """#include <cstdint>
#include "api/compute/common.h"
#include "api/compute/compute_kernel_hw_startup.h"
#include "api/compute/tile_move_copy.h"
#include "api/compute/eltwise_unary/exp.h"
#include "api/compute/eltwise_unary/eltwise_unary.h"
#include "api/compute/pack.h"
void kernel_main() {
    compute_kernel_hw_startup(0, 16);
    copy_tile_to_dst_init_short(0);
    exp_tile_init();
    uint32_t h = get_arg_val<uint32_t>(0);
    tile_regs_acquire();
    for (uint32_t i = 0; i < 100; i++) {
        for (int k = 0; k < ROUNDS; k++) h = (h ^ i) * 0x9E3779B1u;
        exp_tile(h == 1 ? 1 : 0);
    }
    tile_regs_commit();
    tile_regs_wait();
    tile_regs_release();
}
"""


def test_an_engine_hides_what_its_processor_does_meanwhile(opened):
    def took(rounds: int) -> int:
        program = Program()
        program.add_kernel(
            COMPUTE.replace("ROUNDS", str(rounds)), "compute", CORE, runtime_args={(0, 0): [7]}
        )
        for index in (0, 16):
            program.add_circular_buffer(index, CORE, data_format="Float16_b", num_pages=1)
        threads = opened.run(program, sanitize=False).threads
        return next(thread.busy for thread in threads if thread.thread == "math")

    none, few, many = took(0), took(8), took(800)
    assert few - none < 200  # what stands before the first function
    assert many - none > 100 * 2 * 800  # more than an exp of a tile


GCC = """	.file 1 "kernel.cpp"
	.type	work, @function
work:
	.loc 1 3 5
	pushq	%rbx
	leaq	1(%rsi), %rdx
	call	__sanitizer_cov_trace_pc@PLT
	imull	$3, %edx, %eax
	movl	%eax, %ebx
	leaq	4(%rdx), %rdi
	call	__tsan_write4@PLT
	movl	%ebx, 4(%rdx)
	cmpl	%ebx, %eax
	jne	.L2
	call	__sanitizer_cov_trace_pc@PLT
	.file 2 "/api/dataflow.h"
	.loc 2 8 1
	movl	$5, %edx
	call	tensix_cb_push_back@PLT
	.loc 1 4 5
	addl	$1, %eax
	call	__sanitizer_cov_trace_pc@PLT
	ret
	.type	other, @function
other:
	.loc 2 9 1
	call	__sanitizer_cov_trace_pc@PLT
	xorl	%eax, %eax
"""
AARCH64 = """	.file 1 "kernel.cpp"
	.type	work, %function
work:
	.loc 1 3 5
	bl	__sanitizer_cov_trace_pc
	mul	w3, w1, w2
	udiv	w3, w3, w1
	mov	w4, w3
	add	x0, x20, 4
	bl	__tsan_read4
	ldr	w5, [x20, 4]
	cmp	w5, w3
	bne	.L2
	bl	__sanitizer_cov_trace_pc
	.file 2 "/api/dataflow.h"
	.loc 2 8 1
	bl	tensix_cb_push_back
"""


def additions(text: str, machine: str) -> list[str]:
    costs = chip("wormhole_b0").instructions
    found = with_costs(text, costs, ["kernel.cpp"], lambda path: path.startswith("/api/"), machine)
    assert "cov_trace" not in found
    return [line.strip().replace("\t", " ") for line in found.split("\n") if line not in text.split("\n")]


def test_blocks_add_what_they_cost():
    """The address for the instrumentation, moves, comparisons and the code of the API are not counted; lines are of what costs."""
    costs, counter = chip("wormhole_b0").instructions, "movq ttsim_own@GOTPCREL(%rip), %rax"
    first = 1 + costs.multiply + 1 + 1  # leaq, imull, movl to memory, jne
    assert additions(GCC, "x86_64") == [
        counter, f"addq ${first}, (%rax)", "movl $3, 8(%rax)", counter, f"addq ${1 - costs.call}, (%rax)",
        counter, "addq $1, (%rax)", "movl $4, 8(%rax)",
    ]  # fmt: skip


def test_blocks_add_what_they_cost_on_aarch64():
    costs = chip("wormhole_b0").instructions
    load = ["adrp x16, :got:ttsim_own", "ldr x16, [x16, :got_lo12:ttsim_own]", "ldr x17, [x16]"]
    assert additions(AARCH64, "aarch64") == [
        *load, f"add x17, x17, #{costs.multiply + costs.divide + 1 + 1}", "str x17, [x16]", "movz w17, #3", "str w17, [x16, #8]",
        *load, f"sub x17, x17, #{costs.call}", "str x17, [x16]",
    ]  # fmt: skip
