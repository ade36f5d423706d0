# SPDX-License-Identifier: Apache-2.0
"""Sums over groups of cores, as published examples of tt-metal measured them, and the parts of those sums; programs, and rows
for `timing.py`.

With `check` a program runs under the sanitizer, and its results must be those of NumPy.
"""

from collections.abc import Callable
from dataclasses import dataclass

import ml_dtypes
import numpy as np
import timing_kernels as text
from timing_kernels import with_pipe
from timing_programs import SCRATCH, device, each_core
from timing_rows import CLOCK, SILICON, Row, Rows

from ttlang.simulator import Device, Program

Core = tuple[int, int]
BFLOAT16 = ml_dtypes.bfloat16
INPUT, OUTPUT = 1 << 20, (1 << 20) + (128 << 10)
"""L1 offsets of a core's shard of the operand and of the result."""

# ---- kernels

# Sums of blocks of tiles, two blocks an addition, in as many sections as DST needs.
SUM_BLOCKS = (
    text.COMPUTE
    + """#include "api/compute/eltwise_binary.h"
#include "api/compute/eltwise_binary_sfpu.h"
#include "api/compute/tile_move_copy.h"
#include "api/dataflow/circular_buffer.h"
inline void sum_blocks(uint32_t from, uint32_t to, uint32_t blocks, uint32_t tiles) {
    CircularBuffer sums(to);
    for (uint32_t base = 0; base < tiles; base += DST) {
        const uint32_t now = tiles - base < DST ? tiles - base : DST;
        sums.reserve_back(now);
        tile_regs_acquire();
        if (blocks & 1) {
            copy_tile_to_dst_init_short(from);
            for (uint32_t i = 0; i < now; i++) copy_tile(from, base + i, i);
        }
        if (blocks > 1) {
            add_tiles_init(from, from, true);
            for (uint32_t block = blocks & 1; block < blocks; block += 2)
                for (uint32_t i = 0; i < now; i++)
                    add_tiles(from, from, block * tiles + base + i, (block + 1) * tiles + base + i, i);
        }
        tile_regs_commit();
        tile_regs_wait();
        for (uint32_t i = 0; i < now; i++) pack_tile(i, to);
        tile_regs_release();
        sums.push_back(now);
    }
}
"""
)
# The sum of what was gathered; TREE: and of the sums of all rows, in the first core of a group.
SUM = (
    SUM_BLOCKS
    + """inline void sum_gathered(uint32_t from, uint32_t to, uint32_t blocks, uint32_t tiles) {
    CircularBuffer gathered(from);
    gathered.wait_front(blocks * tiles);
    sum_blocks(from, to, blocks, tiles);
    gathered.pop_front(blocks * tiles);
}
void kernel_main() {
    const uint32_t blocks = get_arg_val<uint32_t>(0), tiles = get_arg_val<uint32_t>(1), times = get_arg_val<uint32_t>(2);
    const uint32_t second = get_arg_val<uint32_t>(3);
    binary_op_init_common(0, 0, TO);
    for (uint32_t time = 0; time < times; time++) {
        sum_gathered(0, TO, blocks, tiles);
#ifdef TREE
        if (second) sum_gathered(4, 16, second, tiles);
#endif
    }
}
"""
)

GROUP = """    constexpr uint32_t tiles = get_compile_time_arg_val(0), cores = get_compile_time_arg_val(1);
    constexpr uint32_t times = get_compile_time_arg_val(2);
    constexpr uint32_t bytes = tiles * 2048, at = 7;
    const uint32_t input = get_arg_val<uint32_t>(0), output = get_arg_val<uint32_t>(1), me = get_arg_val<uint32_t>(2);
    const uint32_t ax = get_arg_val<uint32_t>(3), ay = get_arg_val<uint32_t>(4);
    const uint32_t bx = get_arg_val<uint32_t>(5), by = get_arg_val<uint32_t>(6);
    CircularBuffer gathered(0), sums(16);
    Semaphore<> progress(0);
    Noc noc;
"""
"""Arguments: the shards, the core's place in its group, two other cores (the next and the previous one of a ring, or the root
and the leader of a row), and all cores of the group."""
LAST = "at + 2 * cores - 2"
GROUP_PIPE = f"""    Pipe group{{noc, Semaphore<>(1), Semaphore<>(2), 2, get_arg_val<uint32_t>(at), get_arg_val<uint32_t>(at + 1),
               get_arg_val<uint32_t>({LAST}), get_arg_val<uint32_t>({LAST} + 1), cores - 1}};
"""
OWN = "noc_async_read(get_noc_addr(my_x[noc_index], my_y[noc_index], input), {}, bytes);"
RING_PUSH = with_pipe(
    GROUP
    + f"""    Semaphore<> consumed(1);
    for (uint32_t time = 0; time < times; time++) {{
        for (uint32_t step = 1; step < cores; step++) {{
            const uint32_t done = time * (cores - 1) + step;
            gathered.reserve_back(2 * tiles);
            const uint32_t l1 = gathered.get_write_ptr();
            uint32_t from = input;
            if (step > 1) {{
                sums.wait_front(tiles);
                from = sums.get_read_ptr();
                count_on(1, bx, by);
                consumed.wait_min(done - 1);
            }}
            noc_async_write(from, get_noc_addr(ax, ay, l1), bytes);
            noc_async_write_barrier();
            if (step > 1) sums.pop_front(tiles);
            count_on(0, ax, ay);
            progress.wait_min(done);
            {OWN.format("l1 + bytes")}
            noc_async_read_barrier();
            gathered.push_back(2 * tiles);
        }}
        sums.wait_front(tiles);
        count_on(1, bx, by);
        consumed.wait_min((time + 1) * (cores - 1));
        sums.pop_front(tiles);
    }}
"""
)
RING_PULL = with_pipe(
    GROUP
    + f"""    Semaphore<> consumed(1);
    for (uint32_t time = 0; time < times; time++) {{
        for (uint32_t step = 1; step < cores; step++) {{
            const uint32_t done = time * (cores - 2) + step - 1;
            gathered.reserve_back(2 * tiles);
            const uint32_t l1 = gathered.get_write_ptr();
            uint32_t from = input;
            if (step > 1) {{
                sums.wait_front(tiles);
                from = sums.get_read_ptr();
                count_on(0, ax, ay);
                progress.wait_min(done);
            }}
            noc_async_read(get_noc_addr(bx, by, from), l1, bytes);
            {OWN.format("l1 + bytes")}
            noc_async_read_barrier();
            if (step > 1) {{
                count_on(1, bx, by);
                consumed.wait_min(done);
                sums.pop_front(tiles);
            }}
            gathered.push_back(2 * tiles);
        }}
        sums.wait_front(tiles);
        sums.pop_front(tiles);
    }}
"""
)
TO_PEERS = """for (uint32_t peer = 0; peer < cores; peer++) {
            if (peer == me) continue;
            const uint32_t x = get_arg_val<uint32_t>(at + 2 * peer), y = get_arg_val<uint32_t>(at + 2 * peer + 1);
            """
SUM_GATHERED = """gathered.push_back(cores * tiles);
        sums.wait_front(tiles);
        sums.pop_front(tiles);"""
UNICAST_ALL_GATHER = with_pipe(
    GROUP
    + f"""    for (uint32_t time = 0; time < times; time++) {{
        gathered.reserve_back(cores * tiles);
        const uint32_t l1 = gathered.get_write_ptr();
        {OWN.format("l1 + me * bytes")}
        {TO_PEERS}noc_async_write(input, get_noc_addr(x, y, l1 + me * bytes), bytes);
        }}
        noc_async_read_barrier();
        noc_async_write_barrier();
        {TO_PEERS}count_on(0, x, y);
        }}
        progress.wait_min((time + 1) * (cores - 1));
        {SUM_GATHERED}
    }}
"""
)
MULTICAST_ALL_GATHER = with_pipe(
    GROUP
    + GROUP_PIPE
    + """    group.arrived.set(INVALID);
    for (uint32_t time = 0; time < times; time++) {
        gathered.reserve_back(cores * tiles);
        const uint32_t l1 = gathered.get_write_ptr();
        for (uint32_t round = 0; round < cores; round++)
            if (round == me) {
                group.send(input, l1 + round * bytes, bytes);
                group.arrived.set(INVALID);
            } else {
                group.receive(get_arg_val<uint32_t>(at + 2 * round), get_arg_val<uint32_t>(at + 2 * round + 1));
            }
        SUM_GATHERED
    }
""".replace("SUM_GATHERED", SUM_GATHERED)
)
ROOT = with_pipe(
    GROUP
    + GROUP_PIPE
    + f"""    const uint32_t gather = gathered.get_write_ptr();
    if (me != cores - 1) group.arrived.set(INVALID);
    for (uint32_t time = 0; time < times; time++) {{
        if (me == cores - 1) {{
            gathered.reserve_back(cores * tiles);
            {OWN.format("gather + me * bytes")}
            noc_async_read_barrier();
            progress.wait_min((time + 1) * (cores - 1));
            gathered.push_back(cores * tiles);
            sums.wait_front(tiles);
            group.send(output, output, bytes);
            sums.pop_front(tiles);
        }} else {{
            noc_async_write(input, get_noc_addr(ax, ay, gather + me * bytes), bytes);
            noc_async_write_barrier();
            count_on(0, ax, ay);
            group.receive(ax, ay);
        }}
    }}
"""
)
# Workers sum every `workers`th tile of all shards, all times over, and write the sums to the root, which sends them after that.
SCATTER = with_pipe(
    GROUP
    + GROUP_PIPE
    + """    constexpr uint32_t workers = get_compile_time_arg_val(3), most = (tiles + workers - 1) / workers, size = 2048;
    CircularBuffer partial(3);
    const bool root = me == cores - 1;
    if (!root) group.arrived.set(INVALID);
    if (me < workers) {
        const uint32_t mine = (tiles + workers - 1 - me) / workers;
#ifdef ROOT_WORKS
        constexpr uint32_t room = most;
#else
        const uint32_t room = mine;
#endif
        for (uint32_t time = 0; time < times; time++) {
            gathered.reserve_back(cores * room);
            const uint32_t l1 = gathered.get_write_ptr();
            for (uint32_t peer = 0; peer < cores; peer++) {
                const uint32_t x = get_arg_val<uint32_t>(at + 2 * peer), y = get_arg_val<uint32_t>(at + 2 * peer + 1);
                for (uint32_t i = 0; i < mine; i++)
                    noc_async_read(get_noc_addr(x, y, input + (me + i * workers) * size), l1 + (peer * room + i) * size,
                                   size);
            }
            noc_async_read_barrier();
            gathered.push_back(cores * room);
            partial.wait_front(room);
            const uint32_t from = partial.get_read_ptr();
            for (uint32_t i = 0; i < mine; i++)
                noc_async_write(from + i * size, get_noc_addr(ax, ay, output + (me + i * workers) * size), size);
            noc_async_write_barrier();
            count_on(0, ax, ay);
            partial.pop_front(room);
        }
    }
    for (uint32_t time = 0; time < times; time++)
        if (root) {
            progress.wait_min((time + 1) * workers);
            group.send(output, output, bytes);
        } else {
            group.receive(ax, ay);
        }
"""
)
# Rows of a group sum to their first core, the first cores to the first of all, which sends the result.
TREE = with_pipe(
    GROUP
    + GROUP_PIPE
    + f"""    constexpr uint32_t rows = get_compile_time_arg_val(3), columns = cores / rows;
    const uint32_t row = me / columns, column = me % columns;
    CircularBuffer partial(3), rows_gathered(4);
    Semaphore<> row_progress(3);
    const uint32_t gather = gathered.get_write_ptr();
    if (me) group.arrived.set(INVALID);
    for (uint32_t time = 0; time < times; time++) {{
        if (column) {{
            noc_async_write(input, get_noc_addr(bx, by, gather + column * bytes), bytes);
            noc_async_write_barrier();
            count_on(0, bx, by);
            group.receive(ax, ay);
            continue;
        }}
        gathered.reserve_back(columns * tiles);
        {OWN.format("gathered.get_write_ptr()")}
        noc_async_read_barrier();
        progress.wait_min((time + 1) * (columns - 1));
        gathered.push_back(columns * tiles);
        if (me) {{
            partial.wait_front(tiles);
            const uint32_t to = rows_gathered.get_write_ptr() + row * bytes;
            noc_async_write(partial.get_read_ptr(), get_noc_addr(ax, ay, to), bytes);
            noc_async_write_barrier();
            count_on(3, ax, ay);
            partial.pop_front(tiles);
            group.receive(ax, ay);
        }} else {{
            rows_gathered.reserve_back(rows * tiles);
            const uint32_t second = rows_gathered.get_write_ptr();
            partial.wait_front(tiles);
            noc_async_read(get_noc_addr(my_x[noc_index], my_y[noc_index], partial.get_read_ptr()), second, bytes);
            noc_async_read_barrier();
            partial.pop_front(tiles);
            row_progress.wait_min((time + 1) * (rows - 1));
            rows_gathered.push_back(rows * tiles);
            sums.wait_front(tiles);
            group.send(output, output, bytes);
            sums.pop_front(tiles);
        }}
    }}
"""
)

# Sums of resident blocks, again and again; the result is given back in between, but for KEPT times. SERIAL: each tile by
# itself, by the vector unit.
RESIDENT_SUMS = (
    SUM_BLOCKS
    + """void kernel_main() {
    constexpr uint32_t blocks = get_compile_time_arg_val(0), tiles = get_compile_time_arg_val(1);
    constexpr uint32_t times = get_compile_time_arg_val(2);
    CircularBuffer input(0), sums(16);
    input.reserve_back(blocks * tiles);
    input.push_back(blocks * tiles);
    binary_op_init_common(0, 0, 16);
    for (uint32_t time = 0; time < times; time++) {
        input.wait_front(blocks * tiles);
#ifdef SERIAL
        for (uint32_t tile = 0; tile < tiles; tile++) {
            sums.reserve_back(1);
            tile_regs_acquire();
            copy_tile_to_dst_init_short(0);
            copy_tile(0, tile, 0);
            for (uint32_t block = 1; block < blocks; block++) {
                copy_tile_to_dst_init_short(0);
                copy_tile(0, block * tiles + tile, 1);
                add_binary_tile_init();
                add_binary_tile(0, 1, 0);
            }
            tile_regs_commit();
            tile_regs_wait();
            pack_tile(0, 16);
            tile_regs_release();
            sums.push_back(1);
        }
#else
        sum_blocks(0, 16, blocks, tiles);
#endif
        if (time + KEPT < times) {
            sums.wait_front(tiles);
            sums.pop_front(tiles);
        }
    }
    input.pop_front(blocks * tiles);
}
"""
)

# Steps of a ring: a count for the next core, with PAYLOAD after a write that was acknowledged; at last a copy of the own shard.
RING_STEPS = with_pipe(
    GROUP
    + """#ifdef PAYLOAD
    gathered.reserve_back(2 * tiles);
    const uint32_t base = gathered.get_write_ptr();
#endif
    for (uint32_t time = 0; time < times; time++)
        for (uint32_t step = 1; step < cores; step++) {
#ifdef PAYLOAD
            const uint32_t from = step == 1 ? input : base + ((step - 1) & 1) * bytes;
            noc_async_write(from, get_noc_addr(ax, ay, base + (step & 1) * bytes), bytes);
            noc_async_write_barrier();
#endif
            count_on(0, ax, ay);
            progress.wait_min(time * (cores - 1) + step);
        }
    noc_async_read(get_noc_addr(my_x[noc_index], my_y[noc_index], input), output, bytes);
    noc_async_read_barrier();
"""
)

# ---- programs


@dataclass(frozen=True)
class Groups:
    """`count` groups of `rows` x `columns` cores, packed row by row into a grid that has `grid` columns."""

    rows: int
    columns: int
    count: int
    grid: int = 8

    @property
    def size(self) -> int:
        return self.rows * self.columns

    def cores(self, index: int) -> list[Core]:
        across = self.grid // self.columns
        x0, y0 = index % across * self.columns, index // across * self.rows
        return [(x0 + x, y0 + y) for y in range(self.rows) for x in range(self.columns)]

    def ring(self, index: int) -> list[Core]:
        """The same, every other row from right to left."""
        cores, n = self.cores(index), self.columns
        return [
            core
            for row in range(self.rows)
            for core in cores[row * n : (row + 1) * n][:: -1 if row % 2 else 1]
        ]

    @property
    def areas(self) -> list[tuple[int, int, int, int]]:
        return [(*self.cores(index)[0], *self.cores(index)[-1]) for index in range(self.count)]


ALL_REDUCE = {
    "ring_push": RING_PUSH, "ring_pull": RING_PULL, "unicast_all_gather": UNICAST_ALL_GATHER,
    "mcast_all_gather": MULTICAST_ALL_GATHER,
    "reduce_root_mcast": ROOT, "two_phase_reduce_mcast": SCATTER, "reduce_scatter_mcast": SCATTER, "tree_reduce_mcast": TREE,
}  # fmt: skip
"""two_phase_reduce_mcast was the name of reduce_scatter_mcast as long as the root did not work too."""


def all_reduce(
    chip: str, variant: str, groups: Groups, tiles: int, times: int = 10, check: bool = False
) -> float:
    """Cycles of one of `times` sums of the shards of each group, which all of its cores have in the end."""
    opened, size, program = device(chip), groups.size, Program()
    if variant == "tree_reduce_mcast" and 1 in (groups.rows, groups.columns):
        variant = "reduce_root_mcast"
    ring, scatter, tree = (
        variant.startswith("ring"),
        ALL_REDUCE[variant] is SCATTER,
        variant.startswith("tree"),
    )
    root_works = variant == "reduce_scatter_mcast"
    workers = min(tiles, size - (not root_works))
    most = -(-tiles // workers)
    arguments, sums = {}, {}
    for index in range(groups.count):
        cores = groups.ring(index) if ring else groups.cores(index)
        places = [opened.noc_coordinate(*core) for core in cores]
        for me, core in enumerate(cores):
            if ring:
                others = [*places[(me + 1) % size], *places[me - 1]]
            else:
                others = [*places[0 if tree else -1], *places[me - me % groups.columns]]
            arguments[core] = [INPUT, OUTPUT, me, *others, *(part for place in places for part in place)]
            if ring:
                sums[core] = [2, tiles, times * (size - 1), 0]
            elif scatter and me < workers:
                share = most if root_works else (tiles + workers - 1 - me) // workers
                sums[core] = [size, share, times, 0]
            elif tree and me % groups.columns == 0:
                sums[core] = [groups.columns, tiles, times, groups.rows if me == 0 else 0]
            elif variant.endswith("all_gather") or (variant == "reduce_root_mcast" and me == size - 1):
                sums[core] = [size, tiles, times, 0]
    summing = each_core(sums)
    program.add_kernel(
        ALL_REDUCE[variant], "reader", groups.areas, defines={"ROOT_WORKS": "1"} if root_works else {},
        compile_time_args=[tiles, size, times, groups.rows if tree else workers], runtime_args=arguments,
    )  # fmt: skip
    to = "3" if scatter or tree else "16"
    program.add_kernel(
        SUM, "compute", summing, fp32_dest_acc=True, runtime_args=sums,
        defines={"DST": "4", "TO": to, **({"TREE": "1"} if tree else {})},
    )  # fmt: skip
    if scatter:
        buffers = [(0, summing, size * most), (3, summing, most)]
    elif tree:
        buffers = [
            (0, groups.areas, groups.columns * tiles),
            (3, summing, tiles),
            (4, summing, groups.rows * tiles),
        ]
    else:
        buffers = [(0, groups.areas, tiles * (4 if ring else size))]
    for number, where, pages in buffers:
        program.add_circular_buffer(number, where, num_pages=pages)
    if not scatter:
        program.add_circular_buffer(16, groups.areas, num_pages=tiles, address=OUTPUT)
    for number in range(4):
        program.add_semaphore(number, groups.areas)
    return run_on_shards(opened, program, groups, tiles, check, "sum") / times


def run_on_shards(
    opened: Device, program: Program, groups: Groups, tiles: int, check: bool, result: str
) -> int:
    """Cycles; with `check` under the sanitizer, and the result is the sum over the group, or a copy."""
    shards = {}
    if check:
        draw = np.random.default_rng(1)
        for index in range(groups.count):
            for core in groups.cores(index):
                shards[core] = draw.integers(0, 16, tiles * 1024).astype(np.float32)
                opened.write_l1(core, INPUT, shards[core].astype(BFLOAT16))
                opened.write_l1(core, OUTPUT, np.zeros(tiles * 2048, np.uint8))
    cycles = opened.run(program, sanitize=check).cycles
    for index in range(groups.count if check else 0):
        total = sum(shards[core] for core in groups.cores(index))
        for core in groups.cores(index):
            found = opened.read_l1(core, OUTPUT, tiles * 2048).view(BFLOAT16)
            assert (found == (total if result == "sum" else shards[core])).all(), (core, found, total)
    return cycles


def resident_sums(
    chip: str, variant: str, blocks: int, tiles: int = 6, times: int = 100, check: bool = False
) -> float:
    """Cycles of one of `times` sums of resident blocks of tiles, on one core."""
    opened, program, core = device(chip), Program(), (0, 0, 0, 0)
    fp32 = variant.endswith("fp32")
    program.add_kernel(
        RESIDENT_SUMS, "compute", core, fp32_dest_acc=fp32, compile_time_args=[blocks, tiles, times],
        defines={
            "DST": "4" if fp32 else "8", "KEPT": str(int(not check)), **({"SERIAL": "1"} if variant.startswith("sfpu") else {}),
        },
    )  # fmt: skip
    program.add_circular_buffer(0, core, num_pages=blocks * tiles, address=SCRATCH)
    program.add_circular_buffer(16, core, num_pages=tiles, address=OUTPUT)
    values = np.random.default_rng(1).integers(0, 8, (blocks, tiles * 1024)).astype(np.float32)
    if check:
        opened.write_l1((0, 0), SCRATCH, values.astype(BFLOAT16))
    cycles = opened.run(program, sanitize=check).cycles
    if check:
        assert (opened.read_l1((0, 0), OUTPUT, tiles * 2048).view(BFLOAT16) == values.sum(0)).all()
    return cycles / times


def ring_steps(
    chip: str, groups: Groups, tiles: int, payload: bool, noc: int, times: int = 100, check: bool = False
) -> float:
    """Cycles of one of `times` ways round the rings of all groups, on the reader with NoC 0 or the writer with NoC 1."""
    opened, program, arguments = device(chip), Program(), {}
    for index in range(groups.count):
        ring = groups.ring(index)
        for me, core in enumerate(ring):
            arguments[core] = [INPUT, OUTPUT, me, *opened.noc_coordinate(*ring[(me + 1) % len(ring)]), 0, 0]
    program.add_kernel(
        RING_STEPS, ("reader", "writer")[noc], groups.areas, noc=noc, defines={"PAYLOAD": "1"} if payload else {},
        compile_time_args=[tiles, groups.size, times], runtime_args=arguments,
    )  # fmt: skip
    if payload:
        program.add_circular_buffer(0, groups.areas, num_pages=2 * tiles)
    program.add_semaphore(0, groups.areas)
    return run_on_shards(opened, program, groups, tiles, check, "copy") / times


# ---- tables


def tensix_all_reduce() -> Rows:
    for placement, rows, columns, count, variant, ns in SILICON["tensix_all_reduce_WH"]["rows"]:
        yield Row(
            f"{placement} {variant}", ns,
            lambda variant=variant, groups=Groups(rows, columns, count): all_reduce("wormhole_b0", variant, groups, 6),
            fitted=placement.startswith("whole") and variant.startswith("ring"),
        )  # fmt: skip


def tensix_all_reduce_lines() -> Rows:
    for tiles, variant, root_works, ns in SILICON["tensix_all_reduce_1d_BH"]["rows"]:
        name = "two_phase_reduce_mcast" if variant == "reduce_scatter_mcast" and not root_works else variant
        yield Row(
            f"{tiles} tiles {variant}{'' if name == variant else ' (root does not work)'}", ns * CLOCK["BH"],
            lambda name=name, tiles=tiles: all_reduce("blackhole", name, Groups(1, 8, 8, 11), tiles),
        )  # fmt: skip


def tensix_all_reduce_rectangles() -> Rows:
    for rows, columns, count, tiles, *measured in SILICON["tensix_all_reduce_2d_BH"]["rows"]:
        for variant, ns in zip(
            ("reduce_root_mcast", "two_phase_reduce_mcast", "tree_reduce_mcast"), measured, strict=True
        ):
            yield Row(
                f"{rows}x{columns}, {count} groups, {tiles} tiles, {variant}", ns * CLOCK["BH"],
                lambda variant=variant, groups=Groups(rows, columns, count, 13), tiles=tiles: all_reduce(
                    "blackhole", variant, groups, tiles
                ),
            )  # fmt: skip


def tensix_all_reduce_compute() -> Rows:
    for blocks, variant, ns in SILICON["tensix_all_reduce_compute_WH"]["rows"]:
        yield Row(
            f"{blocks} blocks {variant}",
            ns,
            lambda variant=variant, blocks=blocks: resident_sums("wormhole_b0", variant, blocks),
        )


def tensix_all_reduce_ring_transport() -> Rows:
    for placement, rows, columns, count, tiles, *measured in SILICON["tensix_all_reduce_ring_transport_WH"][
        "rows"
    ]:
        for (noc, payload), ns in zip(((0, False), (0, True), (1, False), (1, True)), measured, strict=True):
            yield Row(
                f"{placement} {tiles} tiles, NoC {noc}, {'payload' if payload else 'semaphore'}", ns,
                lambda groups=Groups(rows, columns, count), tiles=tiles, payload=payload, noc=noc: ring_steps(
                    "wormhole_b0", groups, tiles, payload, noc
                ),
            )  # fmt: skip


TABLES: dict[str, Callable[[], Rows]] = {
    "tensix_all_reduce_WH": tensix_all_reduce,
    "tensix_all_reduce_1d_BH": tensix_all_reduce_lines,
    "tensix_all_reduce_2d_BH": tensix_all_reduce_rectangles,
    "tensix_all_reduce_compute_WH": tensix_all_reduce_compute,
    "tensix_all_reduce_ring_transport_WH": tensix_all_reduce_ring_transport,
}
