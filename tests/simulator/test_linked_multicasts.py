# SPDX-License-Identifier: Apache-2.0
"""Linked multicasts: what ends them properly runs; what does not, hangs the hardware (ISA NoC/MemoryMap), and is a fault here."""

import pytest

from ttlang.simulator import LinkedMulticastFault, Program

HEAD = """#include "api/dataflow/dataflow_api.h"
void kernel_main() {
    const uint32_t l1 = get_write_ptr(0), flag = get_semaphore(0);
    const uint64_t all = get_noc_multicast_addr(X0, Y0, X1, Y1, 0), fewer = get_noc_multicast_addr(X0, Y0, X0, Y0, 0);
    const uint64_t other = get_noc_addr(X0, Y0, 0);
    cb_reserve_back(0, 2);
    for (uint32_t i = 0; i < 1024; i++) reinterpret_cast<volatile tt_l1_ptr uint32_t*>(l1)[i] = i;
"""
HEAD_LINES = HEAD.count("\n")
LINKED = "noc_async_write_multicast(l1, all | l1, 2048, 2, true);"
ENDS = "noc_semaphore_set_multicast(flag, all | flag, 2);"
FLUSH = "noc_async_writes_flushed();"
INCREMENT = "noc_semaphore_inc(other | flag, 1);"
BARRIERS = "noc_async_read_barrier(); noc_async_write_barrier(); noc_async_atomic_barrier();"
TIMED = pytest.mark.parametrize("timed", [True, False])


def run(device, body, timed, **options):
    (x0, y0), (x1, y1) = (device.noc_coordinate(*core) for core in ((1, 0), (2, 0)))
    text = HEAD
    for name, value in (("X0", x0), ("Y0", y0), ("X1", x1), ("Y1", y1)):
        text = text.replace(name, str(value))
    program = Program()
    program.add_circular_buffer(0, (0, 0, 2, 0), num_pages=2)
    program.add_semaphore(0, (0, 0, 2, 0))
    program.add_kernel("\n".join([text + body[0], *body[1:], BARRIERS, "}\n"]), "writer", (0, 0, 0, 0), noc=0)
    return device.run(program, time=timed, **options)


@TIMED
@pytest.mark.parametrize("body", [
    [LINKED, ENDS, INCREMENT],
    [LINKED, LINKED, LINKED, ENDS, LINKED, ENDS],
    [LINKED, FLUSH, ENDS],
    [LINKED, ENDS.replace("2);", "2, true);"), ENDS],
])  # fmt: skip
def test_ended_properly(device, body, timed):
    run(device, body, timed)


@TIMED
@pytest.mark.parametrize(
    ("body", "at", "says"),
    [
        ([LINKED, INCREMENT, ENDS], 1, "NoC atomic on NoC 0 behind a linked multicast"),
        ([LINKED, "noc_async_write(l1, other | l1, 64);", ENDS], 1, "NoC write on NoC 0 behind a linked multicast"),
        ([LINKED, "noc_async_read(other | l1, l1 + 2048, 64);", ENDS], 1, "NoC read on NoC 0 behind a linked"),
        ([LINKED, ENDS.replace("all", "fewer").replace("2);", "1);")], 1, "must go to the same cores"),
    ],
)  # fmt: skip
def test_what_hangs_the_hardware(device, body, at, says, timed):
    with pytest.raises(LinkedMulticastFault, match=says) as caught:
        run(device, body, timed)
    assert caught.value.thread.cpp_line == HEAD_LINES + at + 1
    assert caught.value.other.cpp_line == HEAD_LINES + 1
    run(device, body, timed, sanitize=False)


@TIMED
def test_never_ended(device, timed):
    with pytest.raises(LinkedMulticastFault, match="the kernel ends behind a linked multicast") as caught:
        run(device, [LINKED, FLUSH], timed)
    assert caught.value.thread.cpp_line == HEAD_LINES + 1
