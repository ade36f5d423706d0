# SPDX-License-Identifier: Apache-2.0
"""Matrix products of a whole chip, as the GEMM report of tt-metal measured them, on the simulator.

`tests/ttnn/unit_tests/benchmarks/test_benchmark.py` of tt-metal names shapes, placement and blocks. The program is the
library's two-dimensional multicast: on a grid of cores each makes a block of the result; for every block of K one core
of each row multicasts its part of the first operand along the row on one NoC, and the first core of each column reads
a part of the second operand from DRAM and multicasts it down the column on the other. The packer accumulates partial
sums in L1; the last block of K adds to what it reads back of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from timing_kernels import dataflow
from timing_programs import BYTES, device

from ttlang.simulator import Program

Area = tuple[int, int, int, int]
# Senders count receivers that are ready; receivers wait for a flag that comes behind the data.
SIGNALS = """    const uint32_t ready = get_semaphore(2 * CB), arrived = get_semaphore(2 * CB + 1);
    auto ready_word = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(ready);
    auto arrived_word = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(arrived);
    constexpr uint32_t steps = get_compile_time_arg_val(0), high = get_compile_time_arg_val(1), wide = get_compile_time_arg_val(2);
    constexpr uint32_t cores = get_compile_time_arg_val(3), tiles = high * wide, bytes = tiles * get_tile_size(CB);
"""
# The first operand lies in L1, some of its columns on each core of a row, in `parts` blocks; each owner sends in its turn.
SHARDED = dataflow(
    SIGNALS
    + """    constexpr uint32_t parts = get_compile_time_arg_val(4), width = wide * get_tile_size(CB);
    const uint32_t me = get_arg_val<uint32_t>(0), y = get_arg_val<uint32_t>(1), shard = get_write_ptr(2);
    const uint32_t x0 = get_arg_val<uint32_t>(1 + cores), x1 = get_arg_val<uint32_t>(2), valid = get_semaphore(4);
    noc_semaphore_set(reinterpret_cast<volatile tt_l1_ptr uint32_t*>(valid), VALID);
    for (uint32_t step = 0; step < steps; step++) {
        cb_reserve_back(CB, tiles);
        noc_semaphore_set(arrived_word, INVALID);
        const uint32_t owner = step / parts;
        if (owner == me) {
            const uint32_t block = get_write_ptr(CB), from = shard + step % parts * width;
            if (parts > 1) {
                for (uint32_t row = 0; row < high; row++)
                    noc_async_read(get_noc_addr(from + row * parts * width), block + row * width, width);
                noc_async_read_barrier();
            }
            noc_semaphore_wait(ready_word, cores - 1);
            noc_semaphore_set(ready_word, 0);
            const uint64_t all = get_noc_multicast_addr(x0, y, x1, y, block);
            if (parts > 1) noc_async_write_multicast(block, all, bytes, cores - 1, true);
            else noc_async_write_multicast_loopback_src(from, all, bytes, cores, true);
#ifdef ARCH_BLACKHOLE
            noc_async_writes_flushed();
#endif
            noc_semaphore_set_multicast_loopback_src(valid, get_noc_multicast_addr(x0, y, x1, y, arrived), cores);
            noc_async_writes_flushed();
        } else {
            noc_semaphore_inc(get_noc_addr(get_arg_val<uint32_t>(2 + owner), y, ready), 1);
        }
        noc_semaphore_wait(arrived_word, VALID);
        cb_push_back(CB, tiles);
    }
    noc_async_write_barrier();
"""
)
# Blocks of an interleaved operand, one for each step of each block of the result: SENDER reads and sends them.
PAGES = dataflow(
    SIGNALS
    + """    constexpr uint32_t across = get_compile_time_arg_val(4), down = get_compile_time_arg_val(5), pitch = get_compile_time_arg_val(6);
    constexpr uint32_t next_step = get_compile_time_arg_val(7), next_across = get_compile_time_arg_val(8);
    constexpr uint32_t next_down = get_compile_time_arg_val(9);
    constexpr auto args = TensorAccessorArgs<10>();
    const auto pages = TensorAccessor(args, get_arg_val<uint32_t>(0));
    const uint32_t start = get_arg_val<uint32_t>(1), x0 = get_arg_val<uint32_t>(2), y0 = get_arg_val<uint32_t>(3);
#ifdef SENDER
    const uint32_t x1 = get_arg_val<uint32_t>(4), y1 = get_arg_val<uint32_t>(5);
    noc_semaphore_set(arrived_word, VALID);
#else
    const uint64_t sender = get_noc_addr(x0, y0, ready);
#endif
    WRITE_ARGUMENTS
    for (uint32_t v = 0; v < down; v++)
        for (uint32_t u = 0; u < across; u++) {
            for (uint32_t step = 0; step < steps; step++) {
                cb_reserve_back(CB, tiles);
#ifdef SENDER
                const uint32_t block = get_write_ptr(CB), corner = start + v * next_down + u * next_across + step * next_step;
                uint32_t l1 = block;
                for (uint32_t row = 0; row < high; row++)
                    for (uint32_t column = 0; column < wide; column++) {
                        noc_async_read_page(corner + row * pitch + column, pages, l1);
                        l1 += get_tile_size(CB);
                    }
                noc_async_read_barrier();
                noc_semaphore_wait(ready_word, cores - 1);
                noc_semaphore_set(ready_word, 0);
                noc_async_write_multicast(block, get_noc_multicast_addr(x0, y0, x1, y1, block), bytes, cores - 1, true);
#ifdef ARCH_BLACKHOLE
                noc_async_writes_flushed();
#endif
                noc_semaphore_set_multicast(arrived, get_noc_multicast_addr(x0, y0, x1, y1, arrived), cores - 1);
#else
                noc_semaphore_set(arrived_word, INVALID);
                noc_semaphore_inc(sender, 1);
                noc_semaphore_wait(arrived_word, VALID);
#endif
                cb_push_back(CB, tiles);
            }
            WRITE_BLOCK
        }
#ifdef RESULT_STAYS
    cb_wait_front(16, RESULT_STAYS);
#endif
    noc_async_write_barrier();
"""
)
WRITE_ARGUMENTS = """constexpr uint32_t at = args.next_compile_time_args_offset(), rows = get_compile_time_arg_val(at);
    constexpr uint32_t rt = get_compile_time_arg_val(at + 1), ct = get_compile_time_arg_val(at + 2);
    constexpr auto target_args = TensorAccessorArgs<at + 3>();
    const auto target = TensorAccessor(target_args, get_arg_val<uint32_t>(6));
    const uint32_t first = get_arg_val<uint32_t>(7);"""
WRITE_BLOCK = """for (uint32_t r = 0; r < rows; r += rt)
                for (uint32_t c = 0; c < wide; c += ct) {
                    cb_wait_front(16, rt * ct);
                    uint32_t l1 = get_read_ptr(16);
                    for (uint32_t i = 0; i < rt; i++)
                        for (uint32_t j = 0; j < ct; j++) {
                            noc_async_write_page(first + (v * rows + r + i) * pitch + u * wide + c + j, target, l1);
                            l1 += get_tile_size(16);
                        }
                    noc_async_write_barrier();
                    cb_pop_front(16, rt * ct);
                }"""
COMPUTE = """#include <cstdint>
#include "api/compute/matmul.h"
#include "api/compute/tile_move_copy.h"
void kernel_main() {
    constexpr uint32_t steps = get_compile_time_arg_val(0), rounds = get_compile_time_arg_val(1), depth = get_compile_time_arg_val(2);
    constexpr uint32_t high = get_compile_time_arg_val(3), wide = get_compile_time_arg_val(4);
    constexpr uint32_t rt = get_compile_time_arg_val(5), ct = get_compile_time_arg_val(6), size = rt * ct;
    mm_block_init(0, 1, 24, 0, ct, rt, depth);
    for (uint32_t round = 0; round < rounds; round++) {
        if (rounds > 1) pack_reconfig_data_format(24);
        for (uint32_t step = 0; step < steps; step++) {
            cb_wait_front(0, high * depth);
            cb_wait_front(1, depth * wide);
            for (uint32_t r = 0; r < high / rt; r++)
                for (uint32_t c = 0; c < wide / ct; c++) {
                    tile_regs_acquire();
                    if (steps > 1 && step == steps - 1) {
                        copy_tile_to_dst_init_short_with_dt(1, 24);
                        cb_wait_front(24, size);
                        copy_block_matmul_partials(24, 0, 0, size);
                        cb_pop_front(24, size);
                        mm_block_init_short_with_dt(0, 1, 24, 0, ct, rt, depth);
                    }
                    uint32_t a = r * rt * depth, b = c * ct;
                    for (uint32_t k = 0; k < depth; k++) {
                        matmul_block(0, 1, a, b, 0, 0, ct, rt, depth);
                        a++;
                        b += wide;
                    }
                    tile_regs_commit();
                    const uint32_t to = step == steps - 1 ? 16 : 24;
                    cb_reserve_back(to, size);
                    tile_regs_wait();
                    if (step == steps - 1) {
                        pack_reconfig_data_format(16);
                        pack_reconfig_l1_acc(0);
                    } else if (step < 2) {
                        pack_reconfig_l1_acc(step);
                    }
                    for (uint32_t tile = 0; tile < size; tile++) pack_tile(tile, to);
                    tile_regs_release();
                    cb_push_back(to, size);
                }
            if (step + 2 < steps) {
                cb_wait_front(24, high * wide);
                cb_pop_front(24, high * wide);
            }
            cb_pop_front(0, high * depth);
            cb_pop_front(1, depth * wide);
        }
    }
}
"""


def operand(cb: int, writes: bool) -> str:
    """Text of the kernels that bring an operand in, and that write the result away."""
    text = PAGES.replace("CB", str(cb))
    return text.replace("WRITE_ARGUMENTS", WRITE_ARGUMENTS if writes else "").replace(
        "WRITE_BLOCK", WRITE_BLOCK if writes else ""
    )


SECTIONS = (
    (4, 2), (2, 4), (8, 1), (1, 8), (7, 1), (1, 7), (3, 2), (2, 3), (6, 1), (1, 6), (5, 1), (1, 5), (2, 2), (4, 1), (1, 4), (3, 1),
    (1, 3), (2, 1), (1, 2), (1, 1),
)  # fmt: skip
"""Sections of the result that fit DST, in the benchmark's order of preference; a sharded result takes one row."""
GRIDS = {"wormhole_b0": (8, 8), "blackhole": (13, 10)}
"""Columns and rows of the cores that the benchmark uses."""


@dataclass(frozen=True)
class Blocks:
    """How a product is cut, in tiles: `m` x `n` of the result on each core of a chip in `split` x `split` blocks, K in blocks of
    `depth`, DST sections of `rt` x `ct`. `sharded` when the first operand and the result are in L1; the second never is."""

    chip: str
    m: int
    n: int
    k: int
    depth: int
    split: int
    rt: int
    ct: int
    sharded: bool

    @classmethod
    def of(cls, chip: str, m: int, k: int, n: int, parts: int, split: int, sharded: bool) -> "Blocks":
        """The benchmark's choice for a product of m x k x n elements: a column's share of K in `parts` blocks."""
        across, down = GRIDS[chip]
        rows, inner, columns = m // down // 32, k // across // 32, n // across // 32
        rt, ct = next(
            (h, w)
            for h, w in SECTIONS
            if rows // split % h == columns // split % w == 0 and (h == 1 or not sharded)
        )
        return cls(chip, rows, columns, k // 32, inner // parts, split, rt, ct, sharded)


class Product:
    """The program of one product, and its tensors."""

    def __init__(self, blocks: Blocks, data_format: str, fidelity: str):
        self.device, self.blocks, self.program = device(blocks.chip), blocks, Program()
        self.columns, self.rows = GRIDS[blocks.chip]
        self.area = (0, 0, self.columns - 1, self.rows - 1)
        self.size, self.format = BYTES[data_format], data_format
        self.x = [self.device.noc_coordinate(column, 0)[0] for column in range(self.columns)]
        self.y = [self.device.noc_coordinate(0, row)[1] for row in range(self.rows)]
        self.high, self.wide = blocks.m // blocks.split, blocks.n // blocks.split
        self.steps, self.pitch = blocks.k // blocks.depth, self.columns * blocks.n
        self.second = self.device.allocate(blocks.k * self.pitch, self.size)
        rows = self.rows * blocks.m
        if blocks.sharded:
            self.first = self.device.allocate_sharded(
                (rows, blocks.k), (blocks.m, blocks.k // self.columns), self.area, self.size
            )
            self.result = self.device.allocate_sharded(
                (rows, self.pitch), (blocks.m, blocks.n), self.area, self.size
            )
        else:
            self.first = self.device.allocate(rows * blocks.k, self.size)
            self.result = self.device.allocate(rows * self.pitch, self.size)
        self._first_operand()
        self._second_operand()
        self.program.add_kernel(
            COMPUTE, "compute", self.area, math_fidelity=fidelity,
            compile_time_args=[self.steps, blocks.split**2, blocks.depth, self.high, self.wide, blocks.rt, blocks.ct],
        )  # fmt: skip
        self._memory()

    def run(self) -> int:
        """Cycles, with DRAM and L1 as they are; frees the tensors."""
        try:
            return self.device.run(self.program, sanitize=False).cycles
        finally:
            self.free()

    def free(self) -> None:
        for tensor in (self.second, self.first, self.result):
            tensor.free()

    def _first_operand(self) -> None:
        blocks, x, y = self.blocks, self.x, self.y
        if blocks.sharded:
            self.program.add_kernel(
                SHARDED.replace("CB", "0"), "reader", self.area, noc=1,
                compile_time_args=[
                    self.steps, self.high, blocks.depth, self.columns, blocks.k // self.columns // blocks.depth
                ],
                runtime_args={(i, j): [i, y[j], *x] for i in range(self.columns) for j in range(self.rows)},
            )  # fmt: skip
            return
        fixed = [
            self.steps, self.high, blocks.depth, self.columns, blocks.split, blocks.split, blocks.k, blocks.depth, 0,
            self.high * blocks.k, *self.first.accessor_args,
        ]  # fmt: skip
        right, low = self.columns - 1, self.rows - 1
        self._kernels(
            0, "reader", fixed, senders=(0, 0, 0, low), receivers=[(1, 0, right, 0), (1, 1, self.columns // 2, low)],
            arguments=lambda i, j, sends: [
                self.first.address, j * blocks.m * blocks.k, *((x[-1], y[j], x[1], y[j]) if sends else (x[0], y[j])),
            ],
        )  # fmt: skip

    def _second_operand(self) -> None:
        blocks, x, y = self.blocks, self.x, self.y
        fixed = [
            self.steps, blocks.depth, self.wide, self.rows, blocks.split, blocks.split, self.pitch, blocks.depth * self.pitch,
            self.wide, 0, *self.second.accessor_args,
        ]  # fmt: skip
        if not blocks.sharded:
            fixed += [self.high, blocks.rt, blocks.ct, *self.result.accessor_args]
        right = self.columns - 1
        self._kernels(
            1, "writer", fixed, senders=(0, 0, right, 0),
            receivers=[(0, 1, right if blocks.sharded else self.columns // 2, self.rows - 1)],
            arguments=lambda i, j, sends: [
                self.second.address, i * blocks.n, *((x[i], y[1], x[i], y[-1]) if sends else (x[i], y[0], 0, 0)),
                *([] if blocks.sharded else [self.result.address, j * blocks.m * self.pitch + i * blocks.n]),
            ],
        )  # fmt: skip

    def _kernels(
        self, cb: int, kind: str, fixed: Sequence[int], senders: Area, receivers: Sequence[Area],
        arguments: Callable[[int, int, bool], list[int]],
    ) -> None:  # fmt: skip
        """Senders and receivers of an operand; of an interleaved product, receivers right of the middle use the other NoC."""
        noc = 1 - cb
        stays = {"RESULT_STAYS": str(self.high * self.wide)} if self.blocks.sharded else {}
        places = [([senders], True, noc), (receivers, False, noc)]
        if not self.blocks.sharded:
            far = (self.columns // 2 + 1, 1, self.columns - 1, self.rows - 1)
            places.append(([far], False, 1 - noc))
        for areas, sends, which in places:
            self.program.add_kernel(
                operand(cb, kind == "writer" and not self.blocks.sharded), kind, areas, noc=which,
                defines={**({"SENDER": "1"} if sends else {}), **stays}, compile_time_args=fixed,
                runtime_args={
                    (i, j): arguments(i, j, sends)
                    for x0, y0, x1, y1 in areas for i in range(x0, x1 + 1) for j in range(y0, y1 + 1)
                },
            )  # fmt: skip

    def _memory(self) -> None:
        blocks = self.blocks
        places: dict[int, int] = {}
        pages = {
            0: 2 * self.high * blocks.depth,
            1: 2 * blocks.depth * self.wide,
            16: self.high * self.wide,
        }
        if blocks.sharded:
            pages[2] = blocks.m * blocks.k // self.columns
            places = {2: self.first.address, 16: self.result.address}
        for index, count in pages.items():
            self.program.add_circular_buffer(
                index, self.area, num_pages=count, data_format=self.format, address=places.get(index)
            )
        self.program.add_circular_buffer(24, self.area, num_pages=self.high * self.wide)
        for index in range(5):
            self.program.add_semaphore(index, self.area)


def gemm(blocks: Blocks, data_format: str, fidelity: str) -> int:
    """Cycles of a product on the cores of a chip."""
    return Product(blocks, data_format, fidelity).run()
