# SPDX-License-Identifier: Apache-2.0
"""Processors of one core that touch the same L1: without a signal between them a race, with any kind of signal none."""

from dataclasses import dataclass

import numpy as np
import pytest

from ttlang.simulator import Device, Program, RaceFault, UnwrittenMemoryFault

CORE = (0, 0, 0, 0)
SCRATCH, FLAG = 5, 6
FLAG_ADDRESS = 1 << 20
TILE = 2048
PYTHON_LINES = 1000
INCLUDES = '#include <cstdint>\n#include "api/dataflow/dataflow_api.h"\n'
TIMED = pytest.mark.parametrize("timed", [True, False])


@pytest.fixture(scope="module")
def device():
    """One of this module's own: what other tests left in memory does not matter."""
    with Device() as opened:
        yield opened


FROM_DRAM = "noc_async_read(get_noc_addr(0, in), scratch, 2048);\nnoc_async_read_barrier();"
BY_STORES = "for (uint32_t i = 0; i < 512; i++) words[i] = i;"
TO_DRAM = "noc_async_write(scratch, get_noc_addr(0, out), 2048);\nnoc_async_write_barrier();"
BY_LOADS = "for (uint32_t i = 0; i < 512; i++) sum += words[i];\nflag[8] = sum;"
OVERWRITE = "noc_async_read(get_noc_addr(1, in), scratch, 2048);\nnoc_async_read_barrier();"


@dataclass(frozen=True)
class Pair:
    """What the two data-movement processors do with one page of scratch memory; `at` is a line of the one that comes second."""

    name: str
    first: str
    second: str
    at: str = ""
    other: str = ""


# The second one comes later in time, but nothing tells it when.
LATER = "for (uint32_t i = 0; i < 300; i++) noc_async_read_barrier();"
RACES = [
    Pair("filled by NoC, sent", FROM_DRAM, f"{LATER}\n{TO_DRAM}", "noc_async_write(scratch", "noc_async_read(get"),
    Pair("filled by stores, sent", BY_STORES, f"{LATER}\n{TO_DRAM}", "noc_async_write(scratch", "words[i] = i"),
    Pair("filled by NoC, loaded", FROM_DRAM, f"{LATER}\n{BY_LOADS}", "sum += words[i]", "noc_async_read(get"),
    Pair("filled by stores, loaded", BY_STORES, f"{LATER}\n{BY_LOADS}", "sum += words[i]", "words[i] = i"),
    Pair("sent, overwritten by stores", f"{BY_STORES}\n{TO_DRAM}", f"{LATER}\n{BY_STORES}", "words[i] = i", "noc_async_write(scratch"),
    Pair("written twice", FROM_DRAM, f"{LATER}\n{OVERWRITE}", "noc_async_read(get", "noc_async_read(get"),
    Pair("signal before the data", f"noc_semaphore_set(sem, 1);\n{BY_STORES}", f"noc_semaphore_wait(sem, 1);\n{LATER}\n{TO_DRAM}",
         "noc_async_write(scratch", "words[i] = i"),
    Pair("signal before the barrier",
         "noc_async_read(get_noc_addr(0, in), scratch, 2048);\nnoc_semaphore_set(sem, 1);\nnoc_semaphore_wait(sem, 2);\nnoc_async_read_barrier();",
         f"noc_semaphore_wait(sem, 1);\n{TO_DRAM}\nnoc_semaphore_set(sem, 2);", "noc_async_write(scratch", "noc_async_read(get"),
    Pair("no signal back", f"{BY_STORES}\nnoc_semaphore_set(sem, 1);\n{LATER}\n{LATER}\n{LATER}\n{FROM_DRAM}",
         f"noc_semaphore_wait(sem, 1);\n{TO_DRAM}", "noc_async_read(get", "noc_async_write(scratch"),
]  # fmt: skip
SIGNALS = [
    Pair("semaphore", f"{FROM_DRAM}\nnoc_semaphore_set(sem, 1);", f"noc_semaphore_wait(sem, 1);\n{TO_DRAM}"),
    Pair("semaphore by NoC", f"{BY_STORES}\nnoc_semaphore_inc(get_noc_addr(get_semaphore(0)), 1);\nnoc_async_atomic_barrier();",
         f"noc_semaphore_wait_min(sem, 1);\n{TO_DRAM}"),
    Pair("semaphore by load", f"{BY_STORES}\nnoc_semaphore_set(sem, 1);", f"while (*sem != 1) invalidate_l1_cache();\n{TO_DRAM}"),
    Pair("semaphore by store", f"{FROM_DRAM}\n*sem = 1;", f"noc_semaphore_wait(sem, 1);\n{BY_LOADS}"),
    Pair("word in memory", f"{BY_STORES}\nflag[0] = 7;", f"while (flag[0] != 7) invalidate_l1_cache();\n{TO_DRAM}"),
    Pair("word in memory, waited for", f"{FROM_DRAM}\nflag[0] = 7;", f"noc_semaphore_wait(flag, 7);\n{BY_LOADS}"),
    Pair("circular buffer",
         f"cb_reserve_back(0, 1);\n{BY_STORES}\ncb_push_back(0, 1);", f"cb_wait_front(0, 1);\n{TO_DRAM}\ncb_pop_front(0, 1);"),
    Pair("there and back", f"{FROM_DRAM}\nnoc_semaphore_set(sem, 1);\nnoc_semaphore_wait(sem, 2);\n{OVERWRITE}",
         f"noc_semaphore_wait(sem, 1);\n{TO_DRAM}\nnoc_semaphore_set(sem, 2);"),
    Pair("halves of a page", "for (uint32_t i = 0; i < 256; i++) words[i] = i;\nnoc_semaphore_set(sem, 1);",
         f"for (uint32_t i = 256; i < 512; i++) words[i] = i;\nnoc_semaphore_wait(sem, 1);\n{TO_DRAM}"),
    Pair("neighbouring words", "for (uint32_t i = 0; i < 512; i += 2) words[i] = i;", "for (uint32_t i = 1; i < 512; i += 2) words[i] = i;"),
]  # fmt: skip


def kernel(body):
    return f"""{INCLUDES}
void kernel_main() {{
    const InterleavedAddrGen<true> in = {{.bank_base_address = get_arg_val<uint32_t>(0), .page_size = 2048}};
    const InterleavedAddrGen<true> out = {{.bank_base_address = get_arg_val<uint32_t>(1), .page_size = 2048}};
    const uint32_t scratch = get_write_ptr({SCRATCH});
    uint32_t sum = 0;
    volatile tt_l1_ptr uint32_t* words = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(scratch);
    volatile tt_l1_ptr uint32_t* flag = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(get_write_ptr({FLAG}));
    volatile tt_l1_ptr uint32_t* sem = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(get_semaphore(0));
{body}
}}
"""


def run(device, pair, timed, **options):
    texts = kernel(pair.first), kernel(pair.second)
    inputs, out = device.allocate(2, TILE), device.allocate(1, TILE)
    inputs.write(np.arange(2 * TILE, dtype=np.uint8))
    program = Program()
    for index in (0, SCRATCH):
        program.add_circular_buffer(index, CORE, num_pages=1)
    program.add_circular_buffer(FLAG, CORE, num_pages=1, address=FLAG_ADDRESS)
    program.add_semaphore(0, CORE)
    device.write_l1((0, 0), FLAG_ADDRESS, np.zeros(TILE, np.uint8))
    arguments = {(0, 0): [inputs.address, out.address]}
    for text, kind in zip(texts, ("reader", "writer")):
        lines = {n: ("pair.py", n + PYTHON_LINES, 1) for n in range(1, text.count("\n") + 1)}
        program.add_kernel(text, kind, CORE, name=kind, runtime_args=arguments, line_map=lines)
    try:
        device.run(program, time=timed, max_cycles=1_000_000, **options)
        return texts, out.read()
    finally:
        inputs.free()
        out.free()


@TIMED
@pytest.mark.parametrize("pair", RACES, ids=lambda pair: pair.name)
def test_races_are_found(device, pair, timed):
    with pytest.raises((RaceFault, UnwrittenMemoryFault)) as caught:
        run(device, pair, timed)
    fault = caught.value
    if isinstance(fault, UnwrittenMemoryFault):  # without time the one that comes second may run first
        assert not timed and fault.thread.kernel == "writer"
        return
    places = {fault.thread.kernel: fault.thread, fault.other.kernel: fault.other}
    # Without time the two may run in either order: then each is the other's other party.
    marks = {"reader": (pair.first, pair.at, pair.other), "writer": (pair.second, pair.at, pair.other)}
    assert set(places) == {"reader", "writer"}
    for name, place in places.items():
        body, *lines = marks[name]
        text = kernel(body)
        known = [n for n, line in enumerate(text.splitlines(), 1) if any(mark in line for mark in lines)]
        assert place.cpp_line in known
        assert place.python.line == place.cpp_line + PYTHON_LINES
    assert fault.thread.core == (0, 0)
    assert "between them" in str(fault)
    if timed:
        assert fault.thread.cycle > 0


@TIMED
@pytest.mark.parametrize("pair", SIGNALS, ids=lambda pair: pair.name)
def test_signals_are_understood(device, pair, timed):
    for schedule in ("modelled", "random:1", "random:2", "random:3"):
        run(device, pair, timed, schedule=schedule)


def test_round_trip_over_another_core(device):
    """What another core answers to one processor of a core may be heard by the other one."""
    fill = f"""{BY_STORES}
noc_semaphore_inc(get_noc_addr(my_x[0] + 1, my_y[0], get_semaphore(0)), 1);
noc_async_atomic_barrier();"""
    send = f"noc_semaphore_wait(sem, 1);\n{TO_DRAM}"
    answer = """noc_semaphore_wait(sem, 1);
noc_semaphore_inc(get_noc_addr(my_x[0] - 1, my_y[0], get_semaphore(0)), 1);
noc_async_atomic_barrier();"""
    inputs, out = device.allocate(2, TILE), device.allocate(1, TILE)
    inputs.write(np.zeros(2 * TILE, np.uint8))
    program = Program()
    both = (0, 0, 1, 0)
    for index in (0, SCRATCH, FLAG):
        program.add_circular_buffer(index, both, num_pages=1)
    program.add_semaphore(0, both)
    common = [inputs.address, out.address]
    program.add_kernel(kernel(fill), "reader", CORE, name="fill", runtime_args={(0, 0): common})
    program.add_kernel(kernel(send), "writer", CORE, name="send", runtime_args={(0, 0): common})
    program.add_kernel(kernel(answer), "reader", (1, 0, 1, 0), name="answer", runtime_args={(1, 0): common})
    device.run(program, max_cycles=1_000_000)
    assert np.array_equal(out.read().view(np.uint32), np.arange(512))
