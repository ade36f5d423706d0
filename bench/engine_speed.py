# SPDX-License-Identifier: Apache-2.0
"""The engine by itself: host cost by tile and by event over the number of cores, checks, memory.

    python bench/engine_speed.py [ROW ...]

Hand-written kernels on Blackhole through `ttlang.simulator`. CPU seconds of `Device.run`, kernels compiled before, least of
several runs. The same work is divided among more and more cores. Prints Markdown.
"""

import argparse
import time

import numpy as np

from ttlang.simulator import Device, Program

TILE = 2048
CORES = (1, 2, 8, 32, 64, 130)
TILES = 33280  # so many that what a run costs before its first tile does not show
READER = r"""
#include "api/dataflow/dataflow_api.h"
void kernel_main() {
    constexpr uint32_t block = get_compile_time_arg_val(0);
    const uint32_t start = get_arg_val<uint32_t>(2), end = start + get_arg_val<uint32_t>(3);
    const InterleavedAddrGen<true> a = {.bank_base_address = get_arg_val<uint32_t>(0), .page_size = 2048};
    const InterleavedAddrGen<true> b = {.bank_base_address = get_arg_val<uint32_t>(1), .page_size = 2048};
    for (uint32_t first = start; first < end; first += block) {
        cb_reserve_back(0, block);
        cb_reserve_back(1, block);
        for (uint32_t i = 0; i < block; i++) {
            noc_async_read(get_noc_addr(first + i, a), get_write_ptr(0) + i * 2048, 2048);
            noc_async_read(get_noc_addr(first + i, b), get_write_ptr(1) + i * 2048, 2048);
        }
        noc_async_read_barrier();
        cb_push_back(0, block);
        cb_push_back(1, block);
    }
}
"""
ADD = r"""
#include "api/compute/common.h"
#include "api/compute/compute_kernel_hw_startup.h"
#include "api/compute/eltwise_binary.h"
#include "api/compute/pack.h"
void kernel_main() {
    constexpr uint32_t block = get_compile_time_arg_val(0);
    const uint32_t n = get_arg_val<uint32_t>(0);
    compute_kernel_hw_startup(0, 1, 16);
    add_tiles_init(0, 1);
    for (uint32_t done = 0; done < n; done += block) {
        cb_wait_front(0, block);
        cb_wait_front(1, block);
        cb_reserve_back(16, block);
        tile_regs_acquire();
        for (uint32_t i = 0; i < block; i++) add_tiles(0, 1, i, i, i);
        tile_regs_commit();
        tile_regs_wait();
        for (uint32_t i = 0; i < block; i++) pack_tile(i, 16);
        tile_regs_release();
        cb_pop_front(0, block);
        cb_pop_front(1, block);
        cb_push_back(16, block);
    }
}
"""
MATMUL = r"""
#include "api/compute/common.h"
#include "api/compute/matmul.h"
#include "api/compute/pack.h"
void kernel_main() {
    constexpr uint32_t block = get_compile_time_arg_val(0);
    const uint32_t n = get_arg_val<uint32_t>(0);
    mm_init(0, 1, 16);
    for (uint32_t done = 0; done < n; done += block) {
        cb_wait_front(0, block);
        cb_wait_front(1, block);
        cb_reserve_back(16, block);
        tile_regs_acquire();
        for (uint32_t i = 0; i < block; i++) matmul_tiles(0, 1, i, i, i);
        tile_regs_commit();
        tile_regs_wait();
        for (uint32_t i = 0; i < block; i++) pack_tile(i, 16);
        tile_regs_release();
        cb_pop_front(0, block);
        cb_pop_front(1, block);
        cb_push_back(16, block);
    }
}
"""
WRITER = r"""
#include "api/dataflow/dataflow_api.h"
void kernel_main() {
    constexpr uint32_t block = get_compile_time_arg_val(0);
    const uint32_t start = get_arg_val<uint32_t>(1), end = start + get_arg_val<uint32_t>(2);
    const InterleavedAddrGen<true> out = {.bank_base_address = get_arg_val<uint32_t>(0), .page_size = 2048};
    for (uint32_t first = start; first < end; first += block) {
        cb_wait_front(16, block);
        for (uint32_t i = 0; i < block; i++) noc_async_write(get_read_ptr(16) + i * 2048, get_noc_addr(first + i, out), 2048);
        noc_async_write_barrier();
        cb_pop_front(16, block);
    }
}
"""
READ_ONLY = r"""
#include "api/dataflow/dataflow_api.h"
void kernel_main() {
    constexpr uint32_t block = get_compile_time_arg_val(0);
    const uint32_t start = get_arg_val<uint32_t>(2), end = start + get_arg_val<uint32_t>(3);
    const InterleavedAddrGen<true> a = {.bank_base_address = get_arg_val<uint32_t>(0), .page_size = 2048};
    for (uint32_t first = start; first < end; first += block) {
        for (uint32_t i = 0; i < block; i++) noc_async_read(get_noc_addr(first + i, a), get_write_ptr(0) + i * 2048, 2048);
        noc_async_read_barrier();
    }
}
"""


def ranges(chip, cores):
    """Inclusive core ranges of the first `cores` cores, row by row."""
    rows, rest = divmod(cores, chip.grid[0])
    found = [(0, 0, chip.grid[0] - 1, rows - 1)] if rows else []
    return found + ([(0, rows, rest - 1, rows)] if rest else [])


class Job:
    """Tensors on a device, and programs that work through them on any number of cores."""

    def __init__(self, tiles):
        self.device = Device("blackhole")
        self.tiles = tiles
        rng = np.random.default_rng(0)
        self.buffers = [self.device.allocate(tiles, TILE) for _ in range(3)]
        for buffer in self.buffers:
            buffer.write(rng.integers(0x3F00, 0x4000, tiles * 1024).astype(np.uint16))

    def program(self, compute, cores, block):
        where = ranges(self.device.chip, cores)
        share = self.tiles // cores
        each = [(i % self.device.chip.grid[0], i // self.device.chip.grid[0]) for i in range(cores)]
        a, b, out = (buffer.address for buffer in self.buffers)
        program = Program()
        for index in (0, 1, 16):
            program.add_circular_buffer(index, where, num_pages=2 * block)
        arguments = {core: [a, b, i * share, share] for i, core in enumerate(each)}
        common = {"compile_time_args": [block]}
        program.add_kernel(
            READER if compute else READ_ONLY, "reader", where, runtime_args=arguments, **common
        )
        if compute:
            program.add_kernel(
                compute, "compute", where, runtime_args={core: [share] for core in each}, **common
            )
            written = {core: [out, i * share, share] for i, core in enumerate(each)}
            program.add_kernel(WRITER, "writer", where, runtime_args=written, **common)
        return program

    def seconds(self, program, repeats=7, **options):
        """Least CPU seconds of a run, and its result."""
        options = {"sanitize": False, "time": False, **options}
        self.device.run(program, **options)
        best, result = float("inf"), None
        for _ in range(repeats):
            start = time.process_time()
            result = self.device.run(program, **options)
            best = min(best, time.process_time() - start)
        return best, result


def scaling(job, compute, block, timed):
    """Host nanoseconds by tile and by event for each number of cores."""
    found = {}
    for cores in CORES:
        seconds, result = job.seconds(job.program(compute, cores, block), time=timed)
        found[cores] = (
            seconds / job.tiles * 1e9,
            seconds / max(result.events, 1) * 1e9,
            result.events / seconds,
        )
    return found


def print_scaling(name, found, by_event):
    column = 1 if by_event else 0
    first = found[CORES[0]][column]
    cells = " | ".join(f"{found[cores][column]:.0f}" for cores in CORES)
    worst = max(abs(found[cores][column] / first - 1) for cores in CORES)
    rate = f"{found[CORES[0]][2] / 1e6:.1f} / {found[CORES[-1]][2] / 1e6:.1f} M/s" if by_event else ""
    print(
        f"| {name} | {cells} | {found[CORES[-1]][column] / first:.2f}x | {worst:.0%} | {rate} |", flush=True
    )


CASES = {
    "add": ("add, blocks of 4", ADD, 4),
    "add1": ("add, blocks of 1", ADD, 1),
    "matmul": ("matmul_tiles, blocks of 4", MATMUL, 4),
    "reads": ("reads only, blocks of 4", None, 4),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", nargs="*", choices=[[], *CASES], help="only these")
    options = parser.parse_args()
    job = Job(TILES)
    header = " | ".join(f"{cores} cores" for cores in CORES)
    for timed in (False, True):
        what = "with time, ns an event" if timed else "functional, ns a tile"
        print(
            f"\n| {what} | {header} | last / first | largest change | events |\n|{'---|' * (len(CORES) + 4)}"
        )
        for key, (name, compute, block) in CASES.items():
            if options.rows and key not in options.rows:
                continue
            found = scaling(job, compute, block, timed)
            print_scaling(name, found, timed)
            if timed:
                print_scaling(f"{name}, ns a tile", found, False)


if __name__ == "__main__":
    main()
