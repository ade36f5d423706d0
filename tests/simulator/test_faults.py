# SPDX-License-Identifier: Apache-2.0
"""Whatever a kernel does ends in an exception that says who, where and why."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest
from kernels import COMPUTE, READER, WRITER

from ttlang.simulator import (
    AddressFault,
    ApiFault,
    ArithmeticFault,
    AssertionFault,
    DeadlockError,
    EndlessLoopError,
    KernelCompileError,
    Program,
    ProgramError,
)

HEAD = '#include <cstdint>\n#include "api/dataflow/dataflow_api.h"\n'
CORE = (0, 0, 0, 0)
TIMED = pytest.mark.parametrize("timed", [True, False])


def one_kernel(body, kind="reader", **options):
    program = Program()
    program.add_kernel(f"{HEAD}void kernel_main() {{\n{body}\n}}", kind, CORE, name="faulty", **options)
    program.add_circular_buffer(0, CORE, page_size=64, num_pages=2)
    return program


@pytest.mark.parametrize(
    ("body", "error", "message"),
    [
        ("*reinterpret_cast<volatile uint32_t*>(uintptr_t(16)) = 1;", AddressFault, "address 0x10"),
        ("volatile uint32_t a[4]; for (volatile int i = 0; ; i += 1024) a[i] = 1;", AddressFault, "not memory of this core"),
        ("volatile int zero = 0; DPRINT << 5 / zero;", ArithmeticFault, "division by zero"),
        ("ASSERT(1 == 2);", AssertionFault, "1 == 2"),
        ("cb_push_back(0, 3);", ApiFault, "only 2 of the 2 pages"),
        ("cb_pop_front(0, 1);", ApiFault, "holds only 0"),
        ("cb_wait_front(0, 3);", ApiFault, "holds 2 pages"),
        ("cb_reserve_back(5, 1);", ApiFault, "circular buffer 5 is not configured"),
        ("get_arg_val<uint32_t>(4);", ApiFault, "argument 4"),
        ("noc_async_read(get_noc_addr(3, 3, 0), get_write_ptr(0), 64);", AddressFault, r"coordinate \(3, 3\)"),
        ("noc_async_read(get_noc_addr_from_bank_id<true>(0, 0x3F000000), get_write_ptr(0), 64);", AddressFault, "no buffer"),
        ("noc_async_write(get_write_ptr(0), get_noc_addr(18, 18, 1499100), 64);", AddressFault, "beyond its L1"),
        ("noc_async_read_one_packet(get_noc_addr(19, 18, 200000), get_write_ptr(0), 8193);", ApiFault, "limit of 8192"),
        ("noc_async_write_multicast(get_write_ptr(0), get_noc_multicast_addr(18, 18, 19, 19, 200000), 64, 4);", ApiFault, "3 cores"),
        ("get_semaphore(16);", ApiFault, "semaphore 16"),
    ],
)  # fmt: skip
@TIMED
def test_faults_of_data_movement(device, body, error, message, timed):
    with pytest.raises(error, match=message) as caught:
        device.run(one_kernel(body, line_map={4: ("kernel.py", 12, 5)}), time=timed, max_cycles=10_000_000)
    assert caught.value.thread.core == (0, 0)
    assert caught.value.thread.thread == "data movement 1"
    device.run(one_kernel(""))  # the device is as good as before


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("copy_tile(0, 0, 0);", "outside tile_regs_acquire"),
        ("tile_regs_acquire(); copy_tile(0, 0, 8);", "a section holds 8 tiles"),
        ("tile_regs_acquire(); tile_regs_acquire();", "not committed"),
        ("pack_tile(0, 16);", "packed outside"),
        ("tile_regs_acquire(); copy_tile(0, 7, 0);", "it holds 2"),
    ],
)
def test_faults_of_compute(device, body, message):
    program = Program()
    text = f'#include "api/compute/common.h"\nvoid kernel_main() {{ cb_wait_front(0, 1);\n{body}\n}}'
    program.add_kernel(text, "compute", CORE, name="faulty", line_map={3: ("model.py", 40, 9)})
    program.add_kernel(HEAD + "void kernel_main() { cb_push_back(0, 1); }", "reader", CORE)
    for index in (0, 16):
        program.add_circular_buffer(index, CORE, num_pages=2)
    with pytest.raises(ApiFault, match=message) as caught:
        device.run(program)
    assert caught.value.thread.cpp_line == 3
    assert str(caught.value.thread.python) == "model.py:40:9"


@TIMED
def test_deadlock_names_threads_lines_and_the_cycle(device, timed):
    a, b, o = (device.allocate(16, 2048) for _ in range(3))
    for buffer in (a, b):
        buffer.write(np.zeros(buffer.size, np.uint8))
    program = Program()
    program.add_kernel(
        READER, "reader", CORE, name="read", compile_time_args=a.accessor_args + b.accessor_args,
        runtime_args={(0, 0): [a.address, b.address, 0, 16]}, line_map={10: ("add.py", 7, 13)},
    )  # fmt: skip
    program.add_kernel(
        COMPUTE, "compute", CORE, name="add", runtime_args={(0, 0): [16]}, line_map={12: ("add.py", 20, 9)}
    )
    program.add_kernel(
        WRITER,
        "writer",
        CORE,
        name="write",
        compile_time_args=o.accessor_args,
        runtime_args={(0, 0): [o.address, 0, 0]},
    )
    for index in (0, 1, 16):
        program.add_circular_buffer(index, CORE, num_pages=1)
    with pytest.raises(DeadlockError) as caught:
        device.run(program, time=timed)
    error = caught.value
    waits = {thread.thread: thread for thread in error.threads}
    assert "cb_reserve_back(16, 1)" in waits["pack"].waits and "0 of 1 are free" in waits["pack"].waits
    assert waits["pack"].cpp_line == 14
    assert "tile_regs_release" in waits["math"].waits or "operands" in waits["math"].waits
    assert waits["data movement 1"].python.file == "add.py"
    assert "data movement 0" not in waits
    assert "deadlock" in str(error)


def test_deadlock_cycle_between_two_buffers(device):
    left = HEAD + "void kernel_main() { cb_wait_front(0, 1); cb_reserve_back(1, 1); cb_push_back(1, 1); }"
    right = HEAD + "void kernel_main() { cb_wait_front(1, 1); cb_reserve_back(0, 1); cb_push_back(0, 1); }"
    program = Program()
    program.add_kernel(left, "reader", CORE, name="left")
    program.add_kernel(right, "writer", CORE, name="right")
    for index in (0, 1):
        program.add_circular_buffer(index, CORE, num_pages=1)
    with pytest.raises(DeadlockError) as caught:
        device.run(program)
    assert len(caught.value.cycle) == 2
    assert {thread.kernel for thread in caught.value.threads} == {"left", "right"}


def test_deadlock_on_a_semaphore_shows_its_value(device):
    body = "noc_semaphore_wait_min(reinterpret_cast<volatile tt_l1_ptr uint32_t*>(get_semaphore(3)), 5);"
    program = one_kernel(body)
    program.add_semaphore(3, CORE, initial=2)
    with pytest.raises(DeadlockError, match="to be at least 5, it is 2"):
        device.run(program)


@TIMED
def test_max_cycles(device, timed):
    body = "for (;;) { cb_reserve_back(0, 1); cb_push_back(0, 1); cb_wait_front(0, 1); cb_pop_front(0, 1); }"
    with pytest.raises(EndlessLoopError, match="max_cycles = 5000"):
        device.run(one_kernel(body), time=timed, max_cycles=5000)


def test_a_loop_that_calls_nothing(device):
    started = time.perf_counter()
    with pytest.raises(EndlessLoopError, match="without an API call"):
        device.run(one_kernel("for (volatile int i = 0; ; i = i + 1) {}"))
    assert time.perf_counter() - started < 20


def test_kernel_that_does_not_compile(device):
    program = Program()
    program.add_kernel(HEAD + "void kernel_main() {\n  no_such_call(1);\n}", "reader", CORE, name="broken")
    with pytest.raises(KernelCompileError, match="no_such_call") as caught:
        device.run(program)
    assert "broken.cpp:4" in caught.value.log


def test_values_come_from_the_kernel_text(device):
    a, o = device.allocate(1, 2048), device.allocate(1, 2048)
    a.write(np.zeros(2048, np.uint8))
    outputs = []
    for text in (
        COMPUTE,
        COMPUTE.replace("add_tiles(0, 1, 0, 0, 0);", "add_tiles(0, 1, 0, 0, 0); fill_tile(0, 3.0f);"),
    ):
        program = Program()
        program.add_kernel(
            READER,
            "reader",
            CORE,
            compile_time_args=2 * a.accessor_args,
            runtime_args={(0, 0): [a.address, a.address, 0, 1]},
        )
        program.add_kernel(text, "compute", CORE, runtime_args={(0, 0): [1]})
        program.add_kernel(
            WRITER,
            "writer",
            CORE,
            compile_time_args=o.accessor_args,
            runtime_args={(0, 0): [o.address, 0, 1]},
        )
        for index in (0, 1, 16):
            program.add_circular_buffer(index, CORE, num_pages=1)
        device.run(program)
        outputs.append(o.read().view(np.uint16)[0])
    assert outputs == [0, 0x4040]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda p: p.add_kernel("", "reader", (0, 0, 8, 0)), "8x8 cores"),
        (lambda p: p.add_kernel("", "mover", CORE), "mover"),
        (lambda p: p.add_kernel("", "reader", (1, 0, 0, 0)), "empty"),
        (lambda p: p.add_circular_buffer(0, CORE, data_format="bf16", num_pages=1), "Float16_b"),
        (lambda p: p.add_circular_buffer(32, CORE, num_pages=1), "has 32"),
        (lambda p: p.add_circular_buffer(0, CORE, num_pages=1000), "need 2048000 bytes"),
        (lambda p: p.add_kernel("", "reader", CORE, math_fidelity="HiFi9"), "LoFi"),
        (lambda p: [p.add_kernel("", "reader", CORE) for _ in range(2)], "both run"),
        (lambda p: p.add_kernel("missing.cpp", "reader", CORE), "No such file"),
        (lambda p: p.add_kernel("", "reader", CORE, runtime_args={(1, 0): []}), "does not run"),
        (lambda p: None, "no kernel"),
    ],
)
def test_programs_that_do_not_fit(device, build, message):
    program = Program()
    with pytest.raises(ProgramError, match=message):
        build(program)
        if not program.kernels and message != "no kernel":
            program.add_kernel(HEAD + "void kernel_main() {}", "writer", CORE)
        device.run(program)


def test_full_dram(device):
    with pytest.raises(ProgramError, match="DRAM is full"):
        device.allocate(1 << 20, 1 << 20)


def test_interrupt_stops_a_run(device):
    body = "for (;;) { cb_reserve_back(0, 1); cb_push_back(0, 1); cb_wait_front(0, 1); cb_pop_front(0, 1); }"
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    started = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        device.run(one_kernel(body))
    assert time.perf_counter() - started < 5
    device.run(one_kernel(""))


def test_no_compiler_names_the_fix(tmp_path):
    script = textwrap.dedent("""
        from ttlang.simulator import Device, ToolchainError
        try:
            Device()
        except ToolchainError as error:
            print(error)
    """)
    environment = {**os.environ, "PATH": str(tmp_path), "TTLANG_CACHE_DIR": str(tmp_path)}
    environment.pop("TTLANG_CXX", None)
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    try:
        import ziglang  # noqa: F401
    except ImportError:
        assert "apt install g++" in done.stdout and "pip install ziglang" in done.stdout
