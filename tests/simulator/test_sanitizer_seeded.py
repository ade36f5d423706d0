# SPDX-License-Identifier: Apache-2.0
"""Every kind of fault, put into several valid programs: found, with its class, processor, line, Python position and other party."""

from dataclasses import dataclass

import pytest
from sanitizer_programs import PYTHON_LINES, build, line_of

from ttlang.simulator import (
    AddressFault,
    AlignmentFault,
    ConfigurationFault,
    Device,
    DstFault,
    InFlightFault,
    PageNotReservedFault,
    PageNotWaitedFault,
    RaceFault,
    SemaphoreFault,
    TransferLimitFault,
    UnfinishedDataFault,
    UnwrittenMemoryFault,
    UseAfterPopFault,
)

TIMED = pytest.mark.parametrize("timed", [True, False])


@pytest.fixture(scope="module")
def device():
    """One of this module's own: what other tests left in memory does not matter."""
    with Device() as opened:
        yield opened


@dataclass(frozen=True)
class Seed:
    """An edit of one kernel and the fault it must lead to. `at` and `other` mark lines of the edited texts."""

    program: str
    kernel: str
    old: str
    new: str
    error: type
    at: str
    other: str | None = None
    other_kernel: str | None = None
    blamed: str | None = None
    """Kernel of the line `at`, when it is not the edited one."""


def drop(program, kernel, call, error, at, **options):
    """A call left out."""
    return Seed(program, kernel, call, "", error, at, **options)


READ_BARRIER, WRITE_BARRIER = "noc_async_read_barrier();", "noc_async_write_barrier();"
SOURCE_IN = "get_noc_addr(i, out)"
IN_FLIGHT = [
    drop(
        "add",
        "add_reader",
        READ_BARRIER,
        InFlightFault,
        "cb_push_back(0, 1)",
        other="noc_async_read_page(i, a",
    ),
    drop(
        "matmul",
        "matmul_reader",
        READ_BARRIER,
        InFlightFault,
        "cb_push_back(0, depth)",
        other="block * depth + k, a)",
    ),
    drop(
        "unary",
        "unary_reader",
        READ_BARRIER,
        InFlightFault,
        "cb_push_back(0, 2)",
        other="noc_async_read_tile(i, in",
    ),
    drop("copy", "copy", READ_BARRIER, InFlightFault, "cb_push_back(0, 1)", other="noc_async_read_tile"),
    Seed(
        "add",
        "add_reader",
        READ_BARRIER,
        "noc_async_read_barrier(1);",
        InFlightFault,
        "cb_push_back(0, 1)",
        other="noc_async_read_page(i, a",
    ),
    drop("add", "writer", WRITE_BARRIER, InFlightFault, "cb_pop_front", other="noc_async_write_page"),
    drop("matmul", "writer", WRITE_BARRIER, InFlightFault, "cb_pop_front", other="noc_async_write_page"),
    drop(
        "exchange",
        "received_writer",
        WRITE_BARRIER,
        InFlightFault,
        "cb_pop_front",
        other="noc_async_write_page",
    ),
    drop(
        "copy",
        "copy",
        "noc_async_writes_flushed();",
        InFlightFault,
        "cb_pop_front",
        other="noc_async_write(from",
    ),
    Seed(
        "exchange",
        "sender",
        "        noc_async_write_barrier();\n",
        "        noc_async_read_tile(i + 0, in, scratch);\n",
        InFlightFault,
        "noc_async_read_tile(i + 0",
        other="noc_async_write(scratch",
    ),
    Seed(
        "copy",
        "copy",
        "noc_async_writes_flushed();",
        "*reinterpret_cast<volatile uint32_t*>(from) = 0;",
        InFlightFault,
        "*reinterpret_cast",
        other="noc_async_write(from",
    ),
    Seed(
        "add",
        "writer",
        WRITE_BARRIER,
        "reinterpret_cast<volatile uint16_t*>(from)[7] = 1;",
        InFlightFault,
        "[7] = 1",
        other="noc_async_write_page",
    ),
]
NOT_WAITED = [
    drop("add", "add_compute", "cb_wait_front(0, 1);", PageNotWaitedFault, "add_tiles"),
    drop("matmul", "matmul_compute", "cb_wait_front(1, 2);", PageNotWaitedFault, "matmul_tiles"),
    drop("unary", "unary_compute", "cb_wait_front(2, 1);", PageNotWaitedFault, "copy_tile(2, 0, 2)"),
    drop(
        "copy",
        "copy",
        "cb_wait_front(0, 1);",
        PageNotWaitedFault,
        "noc_async_write(from",
        other="cb_push_back",
    ),
    Seed(
        "unary",
        "unary_compute",
        "cb_wait_front(0, 2);",
        "cb_wait_front(0, 1);",
        PageNotWaitedFault,
        "copy_tile(0, 1, 1)",
    ),
    Seed(
        "matmul",
        "matmul_compute",
        "cb_wait_front(0, 2);",
        "cb_wait_front(0, 1);",
        PageNotWaitedFault,
        "matmul_tiles",
    ),
    Seed(
        "add",
        "writer",
        "cb_wait_front(16, 1);\n        const uint32_t from = get_read_ptr(16);\n        noc_async_write_page(i, out, from);",
        "const uint32_t from = get_read_ptr(16);\n        noc_async_write_page(i, out, from);\n        cb_wait_front(16, 1);",
        PageNotWaitedFault,
        "noc_async_write_page",
    ),
    Seed(
        "exchange",
        "received_writer",
        "cb_wait_front(0, 1);\n        const uint32_t from = get_read_ptr(0);",
        "const uint32_t from = get_read_ptr(0);\n        const uint32_t first = *reinterpret_cast<volatile uint32_t*>(from);\n"
        "        cb_wait_front(0, 1);",
        PageNotWaitedFault,
        "const uint32_t first",
    ),
]
AFTER_POP = [
    Seed(
        "add",
        "add_compute",
        "add_tiles(0, 1, 0, 0, 0);",
        "cb_pop_front(0, 1 + 0);\n        add_tiles(0, 1, 0, 0, 0);",
        UseAfterPopFault,
        "add_tiles",
        other="cb_pop_front(0, 1 + 0)",
    ),
    Seed(
        "matmul",
        "matmul_compute",
        "matmul_tiles(0, 1, k, k, 0);",
        "matmul_tiles(0, 1, k, k, 0);\n            cb_pop_front(1, 1);",
        UseAfterPopFault,
        "matmul_tiles",
        other="cb_pop_front(1, 1)",
    ),
    Seed(
        "unary",
        "unary_compute",
        "copy_tile(2, 0, 2);",
        "cb_pop_front(2, 1 + 0);\n        copy_tile(2, 0, 2);",
        UseAfterPopFault,
        "copy_tile(2, 0, 2)",
        other="cb_pop_front(2, 1 + 0)",
    ),
    Seed(
        "copy",
        "copy",
        "cb_pop_front(0, 1);",
        "cb_pop_front(0, 1);\n        noc_async_write(from, get_noc_addr(3 - i, out), 2048);",
        UseAfterPopFault,
        "3 - i",
        other="cb_pop_front",
    ),
    Seed(
        "add",
        "writer",
        "cb_pop_front(16, 1);",
        "cb_pop_front(16, 1);\n        DPRINT << *reinterpret_cast<volatile uint32_t*>(from);",
        UseAfterPopFault,
        "DPRINT",
        other="cb_pop_front(16, 1);",
    ),
]
NOT_RESERVED = [
    drop("add", "add_compute", "cb_reserve_back(16, 1);", PageNotReservedFault, "pack_tile"),
    drop("matmul", "matmul_compute", "cb_reserve_back(16, 1);", PageNotReservedFault, "pack_tile"),
    Seed(
        "unary",
        "unary_compute",
        "cb_reserve_back(16, 2);",
        "cb_reserve_back(16, 1);",
        PageNotReservedFault,
        "pack_tile(1, 16)",
    ),
    drop("add", "add_reader", "cb_reserve_back(1, 1);", PageNotReservedFault, "noc_async_read_page(i, b"),
    drop("unary", "unary_reader", "cb_reserve_back(2, 1);", PageNotReservedFault, "words[i] ="),
    Seed(
        "unary",
        "unary_reader",
        "cb_reserve_back(0, 2);",
        "cb_reserve_back(0, 1);",
        PageNotReservedFault,
        "noc_async_read_tile(i + 1",
    ),
    drop("copy", "copy", "cb_reserve_back(0, 1);", PageNotReservedFault, "noc_async_read_tile"),
    Seed("unary", "unary_reader", "i < 512", "i < 513", PageNotReservedFault, "words[i] ="),
    Seed(
        "add",
        "add_reader",
        "cb_push_back(0, 1);",
        "cb_push_back(0, 1);\n        *reinterpret_cast<volatile uint32_t*>(to_a) = 0;",
        PageNotReservedFault,
        "*reinterpret_cast",
    ),
]
OUTSIDE = [
    Seed(
        "add",
        "writer",
        "noc_async_write_page(i, out, from);",
        "noc_async_write_page(i + 4, out, from);",
        AddressFault,
        "noc_async_write_page",
    ),
    Seed("copy", "copy", SOURCE_IN, "get_noc_addr(i + 100, out)", AddressFault, "noc_async_write(from"),
    Seed(
        "matmul",
        "matmul_reader",
        "get_noc_addr(block * depth + k, a)",
        "get_noc_addr(4 + k, a)",
        AddressFault,
        "get_noc_addr(4 + k, a)",
    ),
    Seed(
        "exchange", "sender", "(i & 1) * 2048", "(i & 1) * 2048 + 64", AddressFault, "noc_async_write(scratch"
    ),
    Seed(
        "exchange",
        "sender",
        "get_write_ptr(0) + (i & 1) * 2048",
        "300000",
        AddressFault,
        "noc_async_write(scratch",
    ),
    Seed(
        "exchange",
        "sender",
        "get_write_ptr(0) + (i & 1) * 2048",
        "1499136 - 16",
        AddressFault,
        "noc_async_write(scratch",
    ),
    Seed(
        "copy",
        "copy",
        "noc_async_read_tile(i, in, to);",
        "noc_async_read(get_noc_addr(0, in), get_write_ptr(0) + 2048 + 64, 2048);",
        AddressFault,
        "+ 2048 + 64",
    ),
    Seed(
        "copy",
        "copy",
        SOURCE_IN,
        "get_noc_addr_from_bank_id<true>(0, 0x3F000000)",
        AddressFault,
        "noc_async_write(from",
    ),
    Seed(
        "copy",
        "copy",
        "cb_reserve_back(0, 1);",
        "cb_reserve_back(0, 1);\n        *reinterpret_cast<volatile uint32_t*>(uintptr_t(64)) = 1;",
        AddressFault,
        "uintptr_t(64)",
    ),
]
UNALIGNED = [
    Seed(
        "copy",
        "copy",
        "noc_async_read_tile(i, in, to);",
        "noc_async_read(get_noc_addr(i, in) + 4, to, 64);",
        AlignmentFault,
        "noc_async_read(",
    ),
    Seed(
        "copy",
        "copy",
        "noc_async_write(from, get_noc_addr(i, out), 2048);",
        "noc_async_write(from + 8, get_noc_addr(i, out), 64);",
        AlignmentFault,
        "noc_async_write(from",
    ),
    Seed(
        "matmul",
        "matmul_reader",
        "get_noc_addr(block * depth + k, b), to_b",
        "get_noc_addr(block * depth + k, b), to_b + 16",
        AlignmentFault,
        "to_b + 16",
    ),
    Seed("exchange", "sender", "(i & 1) * 2048), 2048", "2), 64", AlignmentFault, "noc_async_write(scratch"),
    Seed(
        "exchange",
        "sender",
        "noc_semaphore_inc(filled, 1);",
        "noc_semaphore_inc(filled + 2, 1);",
        AlignmentFault,
        "filled + 2",
    ),
    Seed(
        "add",
        "writer",
        "noc_async_write_page(i, out, from);",
        "noc_async_write_page(i, out, from + 4, 64);",
        AlignmentFault,
        "noc_async_write_page",
    ),
]
UNWRITTEN = [
    Seed(
        "add",
        "add_reader",
        "noc_async_read_page(i, b, to_b);",
        "",
        UnwrittenMemoryFault,
        "add_tiles",
        other="cb_push_back(1, 1)",
        other_kernel="add_reader",
        blamed="add_compute",
    ),
    Seed(
        "matmul",
        "matmul_reader",
        "noc_async_read(get_noc_addr(block * depth + k, a), to_a, 2048);",
        "",
        UnwrittenMemoryFault,
        "matmul_tiles",
        other="cb_push_back(0, depth)",
        other_kernel="matmul_reader",
        blamed="matmul_compute",
    ),
    Seed(
        "unary",
        "unary_reader",
        "words[i] = 0x3F803F80;",
        "",
        UnwrittenMemoryFault,
        "copy_tile(2, 0, 2)",
        other="cb_push_back(2, 1)",
        other_kernel="unary_reader",
        blamed="unary_compute",
    ),
    Seed(
        "add",
        "add_compute",
        "pack_tile(0, 16);",
        "",
        UnwrittenMemoryFault,
        "noc_async_write_page",
        blamed="writer",
    ),
    Seed(
        "copy",
        "copy",
        "noc_async_read_tile(i, in, to);",
        "noc_async_read(get_noc_addr(i, out), to, 2048);",
        UnwrittenMemoryFault,
        "noc_async_read(",
    ),
    Seed(
        "unary",
        "unary_reader",
        "words[i] = 0x3F803F80;",
        "words[i] = words[i] | 0x3F803F80;",
        UnwrittenMemoryFault,
        "words[i] =",
    ),
]
DST = [
    Seed("add", "add_compute", "tile_regs_acquire();\n", "\n", DstFault, "add_tiles"),
    Seed(
        "matmul",
        "matmul_compute",
        "matmul_tiles(0, 1, k, k, 0);",
        "matmul_tiles(0, 1, k, k, 8);",
        DstFault,
        "matmul_tiles",
    ),
    Seed(
        "unary",
        "unary_compute",
        "mul_binary_tile(1, 2, 1);",
        "mul_binary_tile(1, 2, 16);",
        DstFault,
        "mul_binary_tile(1",
    ),
    Seed(
        "unary",
        "unary_compute",
        "tile_regs_commit();\n",
        "tile_regs_commit();\n        exp_tile(2);\n",
        DstFault,
        "exp_tile(2)",
    ),
    Seed(
        "matmul",
        "matmul_compute",
        "tile_regs_release();\n",
        "tile_regs_release();\n        PACK((tensix_pack_tile(0, 16, 1, 0, __builtin_LINE())));\n",
        DstFault,
        "PACK((",
    ),
    Seed("add", "add_compute", "tile_regs_wait();\n", "\n", DstFault, "pack_tile"),
]
UNWRITTEN_DST = [
    Seed(
        "add",
        "add_compute",
        "pack_tile(0, 16);",
        "pack_tile(1, 16);",
        DstFault,
        "pack_tile",
        other="tile_regs_commit",
    ),
    Seed(
        "matmul",
        "matmul_compute",
        "pack_tile(0, 16);",
        "pack_tile(3, 16);",
        DstFault,
        "pack_tile",
        other="tile_regs_commit",
    ),
    Seed(
        "unary",
        "unary_compute",
        "pack_tile(1, 16);",
        "pack_tile(7, 16);",
        DstFault,
        "pack_tile(7",
        other="tile_regs_commit",
    ),
]
SEMAPHORES = [
    Seed(
        "exchange",
        "sender",
        "noc_async_atomic_barrier();",
        "noc_semaphore_inc(filled, 0xFFFFFFF0);\n    noc_async_atomic_barrier();",
        SemaphoreFault,
        "0xFFFFFFF0",
    ),
    Seed(
        "exchange",
        "receiver",
        "noc_async_atomic_barrier();",
        "noc_semaphore_inc(ready, 0x7FFFFFFF);\n    noc_semaphore_inc(ready, 0x7FFFFFFE);\n    noc_async_atomic_barrier();",
        SemaphoreFault,
        "0x7FFFFFFE",
    ),
    Seed(
        "exchange",
        "sender",
        "noc_async_atomic_barrier();",
        "noc_semaphore_set(ready, 0xFFFFFFFF);\n    noc_semaphore_inc(get_noc_addr(get_semaphore(0)), 1);\n    noc_async_atomic_barrier();",
        SemaphoreFault,
        "get_noc_addr(get_semaphore(0))",
    ),
]
RACES = [
    drop("exchange", "sender", "noc_semaphore_wait_min(ready, i + 1);", RaceFault, "noc_async_write(scratch"),
    Seed(
        "exchange",
        "receiver",
        "noc_semaphore_wait_min(filled, i + 1);",
        "if (i < 3) noc_semaphore_wait_min(filled, i + 1);",
        RaceFault,
        "noc_async_write(scratch",
        blamed="sender",
    ),
    Seed(
        "exchange",
        "receiver",
        "noc_semaphore_wait_min(filled, i + 1);",
        "reinterpret_cast<volatile uint32_t*>(get_write_ptr(0))[9] = 3;",
        RaceFault,
        "noc_async_write(scratch",
        blamed="sender",
    ),
    Seed(
        "gather",
        "gather_sender",
        "get_write_ptr(0) + index * 2048",
        "get_write_ptr(0)",
        RaceFault,
        "noc_async_write(scratch",
        other="noc_async_write(scratch",
    ),
    Seed(
        "gather",
        "gather_sender",
        "get_write_ptr(0) + index * 2048",
        "get_write_ptr(0) + index * 1024",
        RaceFault,
        "noc_async_write(scratch",
        other="noc_async_write(scratch",
    ),
]
LIMITS = [
    Seed(
        "copy",
        "copy",
        "noc_async_read_tile(i, in, to);",
        "noc_async_read_one_packet(get_noc_addr(i, in), to, 8193);",
        TransferLimitFault,
        "one_packet",
    ),
    Seed(
        "copy",
        "copy",
        "noc_async_write(from, get_noc_addr(i, out), 2048);",
        "noc_async_write_one_packet(from, get_noc_addr(i, out), 16384);",
        TransferLimitFault,
        "one_packet",
    ),
    Seed(
        "exchange",
        "sender",
        "noc_async_read_tile(i, in, scratch);",
        "noc_async_read_one_packet_set_state(get_noc_addr(i, in), 9000);\n        noc_async_read_one_packet_with_state(uint32_t(get_noc_addr(i, in)), scratch);",
        TransferLimitFault,
        "with_state",
    ),
]
CONFIGURATION = [
    drop("add", "add_compute", "compute_kernel_hw_startup(0, 1, 16);", ConfigurationFault, "add_tiles"),
    drop("matmul", "matmul_compute", "mm_init(0, 1, 16);", ConfigurationFault, "matmul_tiles"),
    drop("unary", "unary_compute", "unary_op_init_common(0, 16);", ConfigurationFault, "copy_tile(0, 0, 0)"),
    drop(
        "add",
        "add_compute",
        "add_init(0, 1);",
        ConfigurationFault,
        "add_tiles",
        other="compute_kernel_hw_startup",
    ),
    drop("unary", "unary_compute", "exp_tile_init();", ConfigurationFault, "exp_tile(0)"),
    Seed(
        "add",
        "add_compute",
        "add_init(0, 1);",
        "mul_init(0, 1);",
        ConfigurationFault,
        "add_tiles",
        other="mul_init",
    ),
    Seed(
        "matmul",
        "matmul_compute",
        "tile_regs_acquire();",
        "tile_regs_acquire();\n        copy_tile_init(0);",
        ConfigurationFault,
        "matmul_tiles",
        other="copy_tile_init",
    ),
    Seed(
        "unary",
        "unary_compute",
        "copy_tile_init(0);",
        "add_tiles_init(0, 2);",
        ConfigurationFault,
        "copy_tile(0, 0, 0)",
        other="add_tiles_init",
    ),
    Seed(
        "add",
        "add_compute",
        "compute_kernel_hw_startup(0, 1, 16);",
        "compute_kernel_hw_startup(24, 1, 16);",
        ConfigurationFault,
        "add_tiles",
        other="add_init",
    ),
    Seed(
        "add",
        "add_compute",
        "compute_kernel_hw_startup(0, 1, 16);",
        "compute_kernel_hw_startup(0, 1, 24);",
        ConfigurationFault,
        "pack_tile",
        other="compute_kernel_hw_startup",
    ),
    Seed(
        "matmul",
        "matmul_compute",
        "tile_regs_wait();",
        "tile_regs_wait();\n        pack_reconfig_data_format(24);",
        ConfigurationFault,
        "pack_tile",
        other="pack_reconfig",
    ),
    Seed(
        "unary",
        "unary_compute",
        "copy_tile_init(0);",
        "copy_tile_init(0);\n        reconfig_data_format_srca(24);",
        ConfigurationFault,
        "copy_tile(0, 0, 0)",
        other="reconfig_data_format_srca",
    ),
]
UNFINISHED = [
    Seed(
        "add",
        "add_reader",
        "    }\n}\n",
        "    }\n    cb_reserve_back(0, 1);\n    cb_push_back(0, 1 + 0);\n}\n",
        UnfinishedDataFault,
        "cb_push_back(0, 1 + 0)",
        other="cb_pop_front(0, 1)",
        other_kernel="add_compute",
    ),
    Seed(
        "unary",
        "unary_reader",
        "    }\n}\n",
        "    }\n    cb_reserve_back(2, 1);\n    cb_push_back(2, 1 + 0);\n}\n",
        UnfinishedDataFault,
        "cb_push_back(2, 1 + 0)",
        other="cb_pop_front(2, 1)",
        other_kernel="unary_compute",
    ),
    Seed(
        "copy",
        "copy",
        "noc_async_write_barrier();\n",
        "noc_async_write_barrier();\n    cb_reserve_back(0, 1);\n    cb_push_back(0, 1 + 0);\n",
        UnfinishedDataFault,
        "cb_push_back(0, 1 + 0)",
        other="cb_pop_front",
    ),
    Seed(
        "matmul",
        "matmul_reader",
        "    }\n}\n",
        "    }\n    cb_reserve_back(1, depth);\n    cb_push_back(1, depth + 0);\n}\n",
        UnfinishedDataFault,
        "cb_push_back(1, depth + 0)",
        other="cb_pop_front(1, 2)",
        other_kernel="matmul_compute",
    ),
]
SEEDS = [
    *IN_FLIGHT, *NOT_WAITED, *AFTER_POP, *NOT_RESERVED, *OUTSIDE, *UNALIGNED, *UNWRITTEN, *DST, *UNWRITTEN_DST, *SEMAPHORES, *RACES,
    *LIMITS, *CONFIGURATION, *UNFINISHED,
]  # fmt: skip


def name_of(seed):
    return f"{seed.error.__name__}-{seed.kernel}-{seed.old.split('(')[0].strip()}-{SEEDS.index(seed)}"


@TIMED
@pytest.mark.parametrize("seed", SEEDS, ids=name_of)
def test_seeded_faults_are_found(device, seed, timed):
    edits = {seed.kernel: ((seed.old, seed.new),)}
    blamed = seed.blamed or seed.kernel
    with pytest.raises(seed.error) as caught:
        build(device, seed.program, edits).run(time=timed)
    error = caught.value
    assert error.thread.kernel == blamed
    if seed.at:
        assert error.thread.cpp_line == line_of(blamed, edits, seed.at)
    assert error.thread.python.line == PYTHON_LINES + error.thread.cpp_line
    assert error.thread.core in ((0, 0), (1, 0)) and error.thread.cycle >= 0
    assert f"cycle {error.thread.cycle}" in str(
        error
    ) and f"program.py:{PYTHON_LINES + error.thread.cpp_line}:1" in str(error)
    if seed.other:
        kernel = seed.other_kernel or blamed
        assert error.other.kernel == kernel
        assert error.other.cpp_line == line_of(kernel, edits, seed.other)
        assert "other party" in str(error)
