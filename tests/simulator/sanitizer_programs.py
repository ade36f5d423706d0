# SPDX-License-Identifier: Apache-2.0
"""Small valid programs, one statement a line, into which tests put one fault each."""

import numpy as np
from tile_programs import BF16

from ttlang.simulator import Program

CORE = (0, 0, 0, 0)
PAIR = (0, 0, 1, 0)
TILE = 2048
DATAFLOW = '#include <cstdint>\n#include "api/dataflow/dataflow_api.h"\n'
COMPUTE = '#include <cstdint>\n#include "api/compute/common.h"\n#include "api/compute/compute_kernel_api.h"\n'
PYTHON_LINES = 1000
"""What the line maps of these programs add to a C++ line."""

ADD_READER = f"""{DATAFLOW}
void kernel_main() {{
    const uint32_t count = get_arg_val<uint32_t>(2);
    constexpr auto a_args = TensorAccessorArgs<0>();
    constexpr auto b_args = TensorAccessorArgs<2>();
    const auto a = TensorAccessor(a_args, get_arg_val<uint32_t>(0));
    const auto b = TensorAccessor(b_args, get_arg_val<uint32_t>(1));
    for (uint32_t i = 0; i < count; i++) {{
        cb_reserve_back(0, 1);
        cb_reserve_back(1, 1);
        const uint32_t to_a = get_write_ptr(0);
        const uint32_t to_b = get_write_ptr(1);
        noc_async_read_page(i, a, to_a);
        noc_async_read_page(i, b, to_b);
        noc_async_read_barrier();
        cb_push_back(0, 1);
        cb_push_back(1, 1);
    }}
}}
"""
ADD_COMPUTE = f"""{COMPUTE}
void kernel_main() {{
    const uint32_t count = get_arg_val<uint32_t>(0);
    compute_kernel_hw_startup(0, 1, 16);
    add_init(0, 1);
    for (uint32_t i = 0; i < count; i++) {{
        cb_wait_front(0, 1);
        cb_wait_front(1, 1);
        cb_reserve_back(16, 1);
        tile_regs_acquire();
        add_tiles(0, 1, 0, 0, 0);
        tile_regs_commit();
        tile_regs_wait();
        pack_tile(0, 16);
        tile_regs_release();
        cb_pop_front(0, 1);
        cb_pop_front(1, 1);
        cb_push_back(16, 1);
    }}
}}
"""
WRITER = f"""{DATAFLOW}
void kernel_main() {{
    const uint32_t count = get_arg_val<uint32_t>(1);
    constexpr auto args = TensorAccessorArgs<0>();
    const auto out = TensorAccessor(args, get_arg_val<uint32_t>(0));
    for (uint32_t i = 0; i < count; i++) {{
        cb_wait_front(16, 1);
        const uint32_t from = get_read_ptr(16);
        noc_async_write_page(i, out, from);
        noc_async_write_barrier();
        cb_pop_front(16, 1);
    }}
}}
"""
MATMUL_READER = f"""{DATAFLOW}
void kernel_main() {{
    constexpr uint32_t depth = 2;
    const InterleavedAddrGen<true> a = {{.bank_base_address = get_arg_val<uint32_t>(0), .page_size = 2048}};
    const InterleavedAddrGen<true> b = {{.bank_base_address = get_arg_val<uint32_t>(1), .page_size = 2048}};
    for (uint32_t block = 0; block < 2; block++) {{
        cb_reserve_back(0, depth);
        cb_reserve_back(1, depth);
        uint32_t to_a = get_write_ptr(0);
        uint32_t to_b = get_write_ptr(1);
        for (uint32_t k = 0; k < depth; k++) {{
            noc_async_read(get_noc_addr(block * depth + k, a), to_a, 2048);
            noc_async_read(get_noc_addr(block * depth + k, b), to_b, 2048);
            to_a += 2048;
            to_b += 2048;
        }}
        noc_async_read_barrier();
        cb_push_back(0, depth);
        cb_push_back(1, depth);
    }}
}}
"""
MATMUL_COMPUTE = f"""{COMPUTE}
void kernel_main() {{
    mm_init(0, 1, 16);
    for (uint32_t block = 0; block < 2; block++) {{
        cb_wait_front(0, 2);
        cb_wait_front(1, 2);
        tile_regs_acquire();
        for (uint32_t k = 0; k < 2; k++) {{
            matmul_tiles(0, 1, k, k, 0);
        }}
        tile_regs_commit();
        tile_regs_wait();
        cb_reserve_back(16, 1);
        pack_tile(0, 16);
        cb_push_back(16, 1);
        tile_regs_release();
        cb_pop_front(0, 2);
        cb_pop_front(1, 2);
    }}
}}
"""
UNARY_READER = f"""{DATAFLOW}
void kernel_main() {{
    const InterleavedAddrGen<true> in = {{.bank_base_address = get_arg_val<uint32_t>(0), .page_size = 2048}};
    cb_reserve_back(2, 1);
    volatile tt_l1_ptr uint32_t* words = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(get_write_ptr(2));
    for (uint32_t i = 0; i < 512; i++) {{
        words[i] = 0x3F803F80;
    }}
    cb_push_back(2, 1);
    for (uint32_t i = 0; i < 4; i += 2) {{
        cb_reserve_back(0, 2);
        const uint32_t to = get_write_ptr(0);
        noc_async_read_tile(i, in, to);
        noc_async_read_tile(i + 1, in, to + 2048);
        noc_async_read_barrier();
        cb_push_back(0, 2);
    }}
}}
"""
UNARY_COMPUTE = f"""{COMPUTE}
void kernel_main() {{
    unary_op_init_common(0, 16);
    cb_wait_front(2, 1);
    for (uint32_t i = 0; i < 4; i += 2) {{
        cb_wait_front(0, 2);
        cb_reserve_back(16, 2);
        tile_regs_acquire();
        copy_tile_init(0);
        copy_tile(0, 0, 0);
        copy_tile(0, 1, 1);
        copy_tile(2, 0, 2);
        exp_tile_init();
        exp_tile(0);
        exp_tile(1);
        mul_binary_tile_init();
        mul_binary_tile(0, 2, 0);
        mul_binary_tile(1, 2, 1);
        tile_regs_commit();
        tile_regs_wait();
        pack_tile(0, 16);
        pack_tile(1, 16);
        tile_regs_release();
        cb_push_back(16, 2);
        cb_pop_front(0, 2);
    }}
    cb_pop_front(2, 1);
}}
"""
COPY = f"""{DATAFLOW}
void kernel_main() {{
    const InterleavedAddrGen<true> in = {{.bank_base_address = get_arg_val<uint32_t>(0), .page_size = 2048}};
    const InterleavedAddrGen<true> out = {{.bank_base_address = get_arg_val<uint32_t>(1), .page_size = 2048}};
    for (uint32_t i = 0; i < 4; i++) {{
        cb_reserve_back(0, 1);
        const uint32_t to = get_write_ptr(0);
        noc_async_read_tile(i, in, to);
        noc_async_read_barrier();
        cb_push_back(0, 1);
        cb_wait_front(0, 1);
        const uint32_t from = get_read_ptr(0);
        noc_async_write(from, get_noc_addr(i, out), 2048);
        noc_async_writes_flushed();
        cb_pop_front(0, 1);
    }}
    noc_async_write_barrier();
}}
"""
SENDER = f"""{DATAFLOW}
void kernel_main() {{
    volatile tt_l1_ptr uint32_t* ready = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(get_semaphore(0));
    const uint32_t x = get_arg_val<uint32_t>(1);
    const uint32_t y = get_arg_val<uint32_t>(2);
    const InterleavedAddrGen<true> in = {{.bank_base_address = get_arg_val<uint32_t>(0), .page_size = 2048}};
    const uint64_t filled = get_noc_addr(x, y, get_semaphore(1));
    for (uint32_t i = 0; i < 4; i++) {{
        const uint32_t scratch = get_write_ptr(3);
        noc_async_read_tile(i, in, scratch);
        noc_async_read_barrier();
        noc_semaphore_wait_min(ready, i + 1);
        noc_async_write(scratch, get_noc_addr(x, y, get_write_ptr(0) + (i & 1) * 2048), 2048);
        noc_async_write_barrier();
        noc_semaphore_inc(filled, 1);
    }}
    noc_async_atomic_barrier();
}}
"""
RECEIVER = f"""{DATAFLOW}
void kernel_main() {{
    volatile tt_l1_ptr uint32_t* filled = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(get_semaphore(1));
    const uint64_t ready = get_noc_addr(get_arg_val<uint32_t>(0), get_arg_val<uint32_t>(1), get_semaphore(0));
    for (uint32_t i = 0; i < 4; i++) {{
        cb_reserve_back(0, 1);
        noc_semaphore_inc(ready, 1);
        noc_semaphore_wait_min(filled, i + 1);
        cb_push_back(0, 1);
    }}
    noc_async_atomic_barrier();
}}
"""
GATHER_SENDER = f"""{DATAFLOW}
void kernel_main() {{
    const uint32_t index = get_arg_val<uint32_t>(3);
    const uint32_t x = get_arg_val<uint32_t>(1);
    const uint32_t y = get_arg_val<uint32_t>(2);
    const InterleavedAddrGen<true> in = {{.bank_base_address = get_arg_val<uint32_t>(0), .page_size = 2048}};
    const uint32_t scratch = get_write_ptr(3);
    noc_async_read_tile(index, in, scratch);
    noc_async_read_barrier();
    noc_async_write(scratch, get_noc_addr(x, y, get_write_ptr(0) + index * 2048), 2048);
    noc_async_write_barrier();
    noc_semaphore_inc(get_noc_addr(x, y, get_semaphore(1)), 1);
    noc_async_atomic_barrier();
}}
"""
COLLECTOR = f"""{DATAFLOW}
void kernel_main() {{
    volatile tt_l1_ptr uint32_t* filled = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(get_semaphore(1));
    cb_reserve_back(0, 2);
    noc_semaphore_wait(filled, 2);
    cb_push_back(0, 2);
}}
"""
RECEIVED_WRITER = WRITER.replace("(16", "(0")


class Case:
    """A program, its input, and the array that its output is compared with."""

    def __init__(self, device, program, buffers, out):
        self.device, self.program, self.buffers, self.out = device, program, buffers, out

    def run(self, **options):
        try:
            return self.device.run(self.program, max_cycles=5_000_000, **options)
        finally:
            self.result = self.out.read().copy()
            for buffer in (*self.buffers, self.out):
                buffer.free()


def _filled(device, pages, seed):
    buffer = device.allocate(pages, TILE)
    values = np.random.default_rng(seed).standard_normal(pages * 1024).astype(BF16)
    buffer.write(values)
    return buffer


def _kernels(program, texts, edits, arguments):
    for name, kind, cores in texts:
        text = TEXTS[name]
        for old, new in edits.get(name, ()):
            assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in {name}"
            text = text.replace(old, new)
        lines = {line: ("program.py", PYTHON_LINES + line, 1) for line in range(1, text.count("\n") + 2)}
        program.add_kernel(text, kind, cores, name=name, line_map=lines, **arguments.get(name, {}))


def _add(device, edits, depth=2):
    a, b, out = _filled(device, 4, 1), _filled(device, 4, 2), device.allocate(4, TILE)
    program = Program()
    _kernels(program, (("add_reader", "reader", CORE), ("add_compute", "compute", CORE), ("writer", "writer", CORE)), edits, {
        "add_reader": {"compile_time_args": a.accessor_args + b.accessor_args, "runtime_args": {(0, 0): [a.address, b.address, 4]}},
        "add_compute": {"runtime_args": {(0, 0): [4]}},
        "writer": {"compile_time_args": out.accessor_args, "runtime_args": {(0, 0): [out.address, 4]}},
    })  # fmt: skip
    for index in (0, 1, 16):
        program.add_circular_buffer(index, CORE, num_pages=depth)
    program.add_circular_buffer(24, CORE, data_format="Float32", num_pages=1)
    return Case(device, program, (a, b), out)


def _matmul(device, edits):
    a, b, out = _filled(device, 4, 3), _filled(device, 4, 4), device.allocate(2, TILE)
    program = Program()
    _kernels(program, (("matmul_reader", "reader", CORE), ("matmul_compute", "compute", CORE), ("writer", "writer", CORE)), edits, {
        "matmul_reader": {"runtime_args": {(0, 0): [a.address, b.address]}},
        "writer": {"compile_time_args": out.accessor_args, "runtime_args": {(0, 0): [out.address, 2]}},
    })  # fmt: skip
    for index, pages in ((0, 4), (1, 4), (16, 2)):
        program.add_circular_buffer(index, CORE, num_pages=pages)
    program.add_circular_buffer(24, CORE, data_format="Float32", num_pages=1)
    return Case(device, program, (a, b), out)


def _unary(device, edits):
    a, out = _filled(device, 4, 5), device.allocate(4, TILE)
    program = Program()
    _kernels(program, (("unary_reader", "reader", CORE), ("unary_compute", "compute", CORE), ("writer", "writer", CORE)), edits, {
        "unary_reader": {"runtime_args": {(0, 0): [a.address]}},
        "writer": {"compile_time_args": out.accessor_args, "runtime_args": {(0, 0): [out.address, 4]}},
    })  # fmt: skip
    for index, pages in ((0, 4), (2, 1), (16, 4)):
        program.add_circular_buffer(index, CORE, num_pages=pages)
    program.add_circular_buffer(24, CORE, data_format="Float32", num_pages=1)
    return Case(device, program, (a,), out)


def _copy(device, edits):
    a, out = _filled(device, 4, 6), device.allocate(4, TILE)
    program = Program()
    _kernels(
        program,
        (("copy", "reader", CORE),),
        edits,
        {"copy": {"runtime_args": {(0, 0): [a.address, out.address]}}},
    )
    program.add_circular_buffer(0, CORE, num_pages=2)
    return Case(device, program, (a,), out)


def _exchange(device, edits):
    a, out = _filled(device, 4, 7), device.allocate(4, TILE)
    program = Program()
    texts = (
        ("sender", "reader", (0, 0, 0, 0)),
        ("receiver", "reader", (1, 0, 1, 0)),
        ("received_writer", "writer", (1, 0, 1, 0)),
    )
    _kernels(program, texts, edits, {
        "sender": {"runtime_args": {(0, 0): [a.address, *device.noc_coordinate(1, 0)]}},
        "receiver": {"runtime_args": {(1, 0): device.noc_coordinate(0, 0)}},
        "received_writer": {"compile_time_args": out.accessor_args, "runtime_args": {(1, 0): [out.address, 4]}},
    })  # fmt: skip
    program.add_circular_buffer(0, PAIR, num_pages=2)
    program.add_circular_buffer(3, PAIR, num_pages=1)
    for index in (0, 1):
        program.add_semaphore(index, PAIR)
    return Case(device, program, (a,), out)


def _gather(device, edits):
    a, out = _filled(device, 2, 8), device.allocate(2, TILE)
    program = Program()
    texts = (
        ("gather_sender", "reader", (0, 0, 1, 0)), ("collector", "reader", (2, 0, 2, 0)), ("received_writer", "writer", (2, 0, 2, 0)),
    )  # fmt: skip
    home = device.noc_coordinate(2, 0)
    _kernels(program, texts, edits, {
        "gather_sender": {"runtime_args": {(x, 0): [a.address, *home, x] for x in range(2)}},
        "received_writer": {"compile_time_args": out.accessor_args, "runtime_args": {(2, 0): [out.address, 2]}},
    })  # fmt: skip
    program.add_circular_buffer(0, (0, 0, 2, 0), num_pages=2)
    program.add_circular_buffer(3, (0, 0, 2, 0), num_pages=1)
    program.add_semaphore(1, (0, 0, 2, 0))
    return Case(device, program, (a,), out)


TEXTS = {
    "add_reader": ADD_READER, "add_compute": ADD_COMPUTE, "writer": WRITER, "matmul_reader": MATMUL_READER,
    "matmul_compute": MATMUL_COMPUTE, "unary_reader": UNARY_READER, "unary_compute": UNARY_COMPUTE, "copy": COPY,
    "gather_sender": GATHER_SENDER, "collector": COLLECTOR, "sender": SENDER, "receiver": RECEIVER, "received_writer": RECEIVED_WRITER,
}  # fmt: skip
PROGRAMS = {
    "add": _add,
    "matmul": _matmul,
    "unary": _unary,
    "copy": _copy,
    "exchange": _exchange,
    "gather": _gather,
}


def build(device, program, edits=None):
    """The program with texts of kernels replaced: {kernel: ((old, new), ...)}."""
    return PROGRAMS[program](device, edits or {})


def line_of(kernel, edits, marker):
    """The line of a kernel's edited text on which `marker` stands."""
    text = TEXTS[kernel]
    for old, new in edits.get(kernel, ()):
        text = text.replace(old, new)
    found = [number for number, line in enumerate(text.splitlines(), 1) if marker in line]
    assert len(found) == 1, f"{marker!r} stands on {len(found)} lines of {kernel}"
    return found[0]
