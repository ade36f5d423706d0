# SPDX-License-Identifier: Apache-2.0
"""Operands that many cores need, as published examples of tt-metal measured them: read by each, or by one that multicasts them;
programs, and rows for `timing.py`.

With `check` a program runs under the sanitizer, and its results must be those of NumPy.
"""

from collections.abc import Callable

import ml_dtypes
import numpy as np
import timing_kernels as text
from timing_kernels import with_pipe
from timing_programs import SEVEN_CHANNELS, allocated, device, each_core
from timing_rows import CLOCK, SILICON, Row, Rows

from ttlang.simulator import Program

BFLOAT16 = ml_dtypes.bfloat16

# ---- kernels

# Two operands of a product: a row of cores shares its rows of A, a column its columns of B.
OPERANDS = """    constexpr uint32_t high = get_compile_time_arg_val(0), wide = get_compile_time_arg_val(1);
    constexpr uint32_t depth = get_compile_time_arg_val(2);
    constexpr uint32_t pitch = get_compile_time_arg_val(3), size = get_compile_time_arg_val(4);
    constexpr auto a_args = TensorAccessorArgs<5>();
    constexpr auto b_args = TensorAccessorArgs<a_args.next_compile_time_args_offset()>();
    const auto a = TensorAccessor(a_args, get_arg_val<uint32_t>(0));
    const auto b = TensorAccessor(b_args, get_arg_val<uint32_t>(1));
    const uint32_t row = get_arg_val<uint32_t>(2), column = get_arg_val<uint32_t>(3);
    Noc noc;
    CircularBuffer a_pages(0), b_pages(1);
"""
READ_A = """        for (uint32_t i = 0; i < high; i++)
            for (uint32_t k = 0; k < depth; k++)
                noc.async_read(a, a_pages, size, {.page_id = (row + i) * depth + k}, {.offset_bytes = (i * depth + k) * size});
"""
READ_B = """        for (uint32_t k = 0; k < depth; k++)
            for (uint32_t n = 0; n < wide; n++)
                noc.async_read(b, b_pages, size, {.page_id = k * pitch + column + n}, {.offset_bytes = (k * wide + n) * size});
"""
OPERANDS_EACH = with_pipe(
    f"""{OPERANDS}    a_pages.reserve_back(high * depth);
{READ_A}    b_pages.reserve_back(depth * wide);
{READ_B}    noc.async_read_barrier();
    a_pages.push_back(high * depth);
    b_pages.push_back(depth * wide);
"""
)


def shared_operand(name: str, pages: str, read: str, semaphores: str, at: int) -> str:
    """One operand: SENDS_<name> reads and sends it; arguments from `at` are the rectangle of its line, or the sender's place."""
    send, arguments = (
        f"SENDS_{name}",
        ", ".join(f"get_arg_val<uint32_t>({at + index})" for index in range(4)),
    )
    buffer = f"{name.lower()}_pages"
    return f"""    {buffer}.reserve_back({pages});
    {{
#ifdef {send}
{read}        noc.async_read_barrier();
        const uint32_t l1 = {buffer}.get_write_ptr();
        Pipe{{noc, {semaphores}, {arguments}, get_arg_val<uint32_t>({at + 4})}}.send(l1, l1, {pages} * size);
#else
        Pipe line{{noc, {semaphores}}};
        line.arrived.set(INVALID);
        line.receive(get_arg_val<uint32_t>({at}), get_arg_val<uint32_t>({at + 1}));
#endif
    }}
    {buffer}.push_back({pages});
"""


OPERANDS_SHARED = with_pipe(
    OPERANDS
    + shared_operand("A", "high * depth", READ_A, "Semaphore<>(0), Semaphore<>(1), 1", 4)
    + shared_operand("B", "depth * wide", READ_B, "Semaphore<>(2), Semaphore<>(3), 3", 9)
)
# Three of the tiles that came, to DRAM: the first of A, the first and the last of B.
PROBES = text.dataflow(
    """    constexpr uint32_t a_tiles = get_compile_time_arg_val(0), b_tiles = get_compile_time_arg_val(1);
    constexpr auto args = TensorAccessorArgs<2>();
    const uint32_t first = 3 * get_arg_val<uint32_t>(1), size = get_tile_size(0);
    const auto pages = TensorAccessor(args, get_arg_val<uint32_t>(0), size);
    cb_wait_front(0, a_tiles);
    cb_wait_front(1, b_tiles);
    const uint32_t b = get_read_ptr(1);
    noc_async_write_tile(first, pages, get_read_ptr(0));
    noc_async_write_tile(first + 1, pages, b);
    noc_async_write_tile(first + 2, pages, b + (b_tiles - 1) * size);
    noc_async_write_barrier();
    cb_pop_front(0, a_tiles);
    cb_pop_front(1, b_tiles);
"""
)

# A stream of chunks that all cores need: read by each, or by the first, which sends it to the others.
CHUNKS = """    constexpr uint32_t tiles = get_compile_time_arg_val(0), chunks = get_compile_time_arg_val(1);
    constexpr uint32_t size = get_tile_size(0);
"""
CHUNKS_EACH = text.dataflow(
    CHUNKS
    + """    constexpr auto args = TensorAccessorArgs<2>();
    const auto pages = TensorAccessor(args, get_arg_val<uint32_t>(0), size);
    for (uint32_t chunk = 0; chunk < chunks; chunk++) {
        cb_reserve_back(0, tiles);
        const uint32_t l1 = get_write_ptr(0);
        for (uint32_t i = 0; i < tiles; i++) noc_async_read_tile(chunk * tiles + i, pages, l1 + i * size);
        noc_async_read_barrier();
        cb_push_back(0, tiles);
    }
"""
)
CHUNKS_SEND = with_pipe(
    CHUNKS
    + """    constexpr auto args = TensorAccessorArgs<2>();
    const auto pages = TensorAccessor(args, get_arg_val<uint32_t>(0));
    Noc noc;
    CircularBuffer chunk_pages(0);
    Pipe all{noc, Semaphore<>(0), Semaphore<>(1), 1, get_arg_val<uint32_t>(1), get_arg_val<uint32_t>(2), get_arg_val<uint32_t>(3),
             get_arg_val<uint32_t>(4), get_arg_val<uint32_t>(5)};
    for (uint32_t chunk = 0; chunk < chunks; chunk++) {
        chunk_pages.reserve_back(tiles);
        const uint32_t l1 = chunk_pages.get_write_ptr();
        for (uint32_t i = 0; i < tiles; i++)
            noc.async_read(pages, chunk_pages, size, {.page_id = chunk * tiles + i}, {.offset_bytes = i * size});
        noc.async_read_barrier();
        all.send(l1, l1, tiles * size);
        chunk_pages.push_back(tiles);
    }
"""
)
CHUNKS_RECEIVE = with_pipe(
    CHUNKS
    + """    CircularBuffer chunk_pages(0);
    Pipe all{Noc(), Semaphore<>(0), Semaphore<>(1), 1};
    all.arrived.set(INVALID);
    for (uint32_t chunk = 0; chunk < chunks; chunk++) {
        chunk_pages.reserve_back(tiles);
        all.receive(get_arg_val<uint32_t>(0), get_arg_val<uint32_t>(1));
        chunk_pages.push_back(tiles);
    }
"""
)
# The sum of all tiles of a stream, in DST from beginning to end; the other operand is a tile less itself.
CHUNKS_SUM = (
    text.COMPUTE
    + """#include "api/compute/eltwise_binary.h"
"""
    + text.PUBLISH_TILE
    + """void kernel_main() {
    constexpr uint32_t tiles = get_compile_time_arg_val(0), chunks = get_compile_time_arg_val(1);
    compute_kernel_hw_startup(0, 16);
    cb_wait_front(0, tiles);
    sub_tiles_init(0, 0);
    tile_regs_acquire();
    sub_tiles(0, 0, 0, 0, 0);
    publish(2);
    cb_wait_front(2, 1);
    add_tiles_init(0, 2, true);
    tile_regs_acquire();
    for (uint32_t chunk = 0; chunk < chunks; chunk++) {
        if (chunk > 0) cb_wait_front(0, tiles);
        for (uint32_t i = 0; i < tiles; i++) add_tiles(0, 2, i, 0, 0);
        cb_pop_front(0, tiles);
    }
    publish(16);
    cb_pop_front(2, 1);
}
"""
)
WRITE_ONE = text.dataflow(
    """    constexpr auto args = TensorAccessorArgs<0>();
    const auto pages = TensorAccessor(args, get_arg_val<uint32_t>(0), get_tile_size(16));
    cb_wait_front(16, 1);
    noc_async_write_tile(get_arg_val<uint32_t>(1), pages, get_read_ptr(16));
    noc_async_write_barrier();
    cb_pop_front(16, 1);
"""
)

# ---- programs


def shared_operands(chip: str, multicast: bool, check: bool = False) -> int:
    """Each of 8 x 8 cores gets its row of A (8 x 4 tiles) and four columns of B (4 x 32), from DRAM or from one of its line."""
    opened, high, wide, depth, pitch, side = device(chip), 1, 4, 4, 32, 8
    area, program = (0, 0, side - 1, side - 1), Program()
    places = [(x, y) for y in range(side) for x in range(side)]
    noc = opened.noc_coordinate
    sizes = [(tiles, 2048) for tiles in (side * depth, depth * pitch, 3 * side * side)]
    with allocated(chip, *sizes) as (a, b, probes):
        if check:
            for buffer, first in ((a, 0), (b, 100)):
                tiles = np.arange(first, first + buffer.num_pages).astype(BFLOAT16)
                buffer.write(np.repeat(tiles, 1024))
        fixed = [high, wide, depth, pitch, 2048, *a.accessor_args, *b.accessor_args]
        arguments = {(x, y): [a.address, b.address, y, wide * x] for x, y in places}
        if multicast:
            for x, y in places:
                row = [*noc(0, y), *noc(side - 1, y), side - 1] if x == 0 else [*noc(0, y), 0, 0, 0]
                column = [*noc(x, 0), *noc(x, side - 1), side - 1] if y == 0 else [*noc(x, 0), 0, 0, 0]
                arguments[x, y] += row + column
        for a_sends in (True, False):
            for b_sends in (True, False):
                members = [(x, y) for x, y in places if (x == 0, y == 0) == (a_sends, b_sends)]
                program.add_kernel(
                    OPERANDS_SHARED if multicast else OPERANDS_EACH, "reader", each_core(members),
                    compile_time_args=fixed, runtime_args={core: arguments[core] for core in members},
                    defines={**({"SENDS_A": "1"} if a_sends else {}), **({"SENDS_B": "1"} if b_sends else {})},
                )  # fmt: skip
        program.add_kernel(
            PROBES, "writer", area, compile_time_args=[high * depth, depth * wide, *probes.accessor_args],
            runtime_args={(x, y): [probes.address, y * side + x] for x, y in places},
        )  # fmt: skip
        for index, pages in ((0, high * depth), (1, depth * wide)):
            program.add_circular_buffer(index, area, num_pages=pages)
        for index in range(4):
            program.add_semaphore(index, area)
        cycles = opened.run(program, sanitize=check).cycles
        if check:
            found = probes.read().view(BFLOAT16).reshape(len(places), 3, 1024)
            wanted = [
                [y * depth, 100 + wide * x, 100 + (depth - 1) * pitch + wide * x + wide - 1]
                for x, y in places
            ]
            assert (found == np.array(wanted, BFLOAT16)[:, :, None]).all()
        return cycles


def shared_stream(chip: str, multicast: bool, check: bool = False) -> int:
    """22 cores in two rows each sum 19 chunks of 64 tiles, which each reads, or the first of them for all."""
    opened, tiles, chunks, columns = device(chip), 64, 19, 11
    noc = opened.noc_coordinate
    area, program = (0, 0, columns - 1, 1), Program()
    places = [(x, y) for y in range(2) for x in range(columns)]
    with allocated(chip, (tiles * chunks, 2048), (len(places), 2048)) as (source, target):
        values = np.random.default_rng(1).integers(0, 8, (tiles * chunks, 1024)).astype(np.float32)
        if check:
            source.write(values.astype(BFLOAT16))
        if multicast:
            program.add_kernel(
                CHUNKS_SEND, "reader", (0, 0, 0, 0), compile_time_args=[tiles, chunks, *source.accessor_args],
                runtime_args={(0, 0): [source.address, *noc(0, 0), *noc(columns - 1, 1), len(places) - 1]},
            )  # fmt: skip
            program.add_kernel(
                CHUNKS_RECEIVE, "reader", each_core(places[1:]), compile_time_args=[tiles, chunks],
                runtime_args={core: list(noc(0, 0)) for core in places[1:]},
            )  # fmt: skip
        else:
            program.add_kernel(
                CHUNKS_EACH, "reader", area, compile_time_args=[tiles, chunks, *source.accessor_args],
                runtime_args={core: [source.address] for core in places},
            )  # fmt: skip
        program.add_kernel(
            CHUNKS_SUM, "compute", area, compile_time_args=[tiles, chunks], fp32_dest_acc=True, math_fidelity="HiFi2"
        )  # fmt: skip
        program.add_kernel(
            WRITE_ONE, "writer", area, compile_time_args=target.accessor_args,
            runtime_args={core: [target.address, index] for index, core in enumerate(places)},
        )  # fmt: skip
        for index, pages in ((0, 2 * tiles), (2, 1), (16, 1)):
            program.add_circular_buffer(index, area, num_pages=pages)
        for index in range(2):
            program.add_semaphore(index, area)
        cycles = opened.run(program, sanitize=check).cycles
        if check:
            found = target.read().view(BFLOAT16).reshape(-1, 1024).astype(np.float32)
            assert np.allclose(found, values.sum(0), rtol=1 / 128), np.abs(found - values.sum(0)).max()
        return cycles


# ---- tables


def mcast_topology() -> Rows:
    for board, each, lines in SILICON["mcast_topology_BH"]["rows"]:
        chip = SEVEN_CHANNELS if board == "P100a" else "blackhole"
        for name, ns, multicast in (("per_core_dram", each, False), ("mcast_1d_pair", lines, True)):
            yield Row(
                f"{board} {name}", ns * CLOCK["BH"],
                lambda chip=chip, multicast=multicast: shared_operands(chip, multicast),
            )  # fmt: skip


def shared_input_reuse() -> Rows:
    for name, ns in SILICON["shared_input_reuse_BH"]["rows"]:
        yield Row(name, ns * CLOCK["BH"], lambda name=name: shared_stream("blackhole", name == "mcast"))


TABLES: dict[str, Callable[[], Rows]] = {
    "mcast_topology_BH": mcast_topology,
    "shared_input_reuse_BH": shared_input_reuse,
}
