# SPDX-License-Identifier: Apache-2.0
"""Texts of the kernels of `timing_programs.py`: hand-written programs of the kind that the silicon tables measured."""

from collections.abc import Sequence

DATAFLOW = '#include <cstdint>\n#include "api/dataflow/dataflow_api.h"\n'
COMPUTE = '#include <cstdint>\n#include "api/compute/common.h"\n#include "api/compute/compute_kernel_api.h"\n'


def dataflow(body: str) -> str:
    return DATAFLOW + "void kernel_main() {\n" + body + "}\n"


def compute(body: str) -> str:
    return COMPUTE + "void kernel_main() {\n" + body + "}\n"


ARGUMENTS = """    const uint32_t count = get_arg_val<uint32_t>(0), bytes = get_arg_val<uint32_t>(1);
    const uint32_t l1 = get_arg_val<uint32_t>(2), remote = get_arg_val<uint32_t>(3);
"""
UNICAST_TARGET = (
    "    const uint64_t other = get_noc_addr(get_arg_val<uint32_t>(4), get_arg_val<uint32_t>(5), remote);\n"
)
BANK_TARGET = "    const uint64_t other = get_noc_addr_from_bank_id<true>(0, remote);\n"
READ = "    for (uint32_t i = 0; i < count; i++) noc_async_read(other, l1, bytes);\n    noc_async_read_barrier();\n"
READ_BANK = """    for (uint32_t i = 0; i < count; i++) noc_async_read_one_packet(other, l1, bytes);
    noc_async_read_barrier();
"""
READ_STATEFUL = """    noc_async_read_set_state(other);
    for (uint32_t i = 0; i < count; i++) noc_async_read_with_state(uint32_t(other), l1, bytes);
    noc_async_read_barrier();
"""
WRITE = "    for (uint32_t i = 0; i < count; i++) noc_async_write(l1, other, bytes);\n    noc_async_write_barrier();\n"
WRITE_BANK = """    for (uint32_t i = 0; i < count; i++) noc_async_write_one_packet(l1, other, bytes);
    noc_async_write_barrier();
"""
READ_PAGES = """    constexpr auto args = TensorAccessorArgs<0>();
    const auto pages = TensorAccessor(args, remote);
    for (uint32_t i = 0; i < count; i++) noc_async_read_page(i, pages, l1);
    noc_async_read_barrier();
"""
MULTICAST_TARGET = """    const uint64_t all = get_noc_multicast_addr(get_arg_val<uint32_t>(4), get_arg_val<uint32_t>(5), get_arg_val<uint32_t>(6),
                                               get_arg_val<uint32_t>(7), remote);
    const uint32_t cores = get_arg_val<uint32_t>(8);
"""
MULTICAST = """    for (uint32_t i = 0; i < count; i++) noc_async_write_multicast_loopback_src(l1, all, bytes, cores);
    noc_async_write_barrier();
"""
EACH_PEER = "        const uint64_t other = get_noc_addr(get_arg_val<uint32_t>(4 + 2 * i), get_arg_val<uint32_t>(5 + 2 * i), remote);\n"


def gather(places: Sequence[tuple[int, int]]) -> str:
    """A read from each place; the coordinates are constants."""
    reads = "".join(f"    noc_async_read(get_noc_addr({x}, {y}, remote), l1, bytes);\n" for x, y in places)
    return reads + "    noc_async_read_barrier();\n"


SCATTER = f"""    for (uint32_t i = 0; i < count; i++) {{
{EACH_PEER}        noc_async_write(l1, other, bytes);
    }}
    noc_async_write_barrier();
"""

# Blocks of pages, several of them under way: arguments are the address, the first page, pages, pages a block.
PAGES = """    const uint32_t address = get_arg_val<uint32_t>(0), first = get_arg_val<uint32_t>(1), count = get_arg_val<uint32_t>(2);
    const uint32_t block = get_arg_val<uint32_t>(3);
    constexpr auto args = TensorAccessorArgs<0>();
    const auto pages = TensorAccessor(args, address);
"""
READ_AHEAD = dataflow(
    PAGES
    + """    const uint32_t ahead = get_arg_val<uint32_t>(4), blocks = count / block;
    for (uint32_t k = 0; k < blocks; k += ahead) {
        const uint32_t now = blocks - k < ahead ? blocks - k : ahead;
        cb_reserve_back(0, now * block);
        uint32_t l1 = get_write_ptr(0);
        for (uint32_t i = 0; i < now * block; i++) {
            noc_async_read_page(first + k * block + i, pages, l1);
            l1 += get_tile_size(0);
        }
        noc_async_read_barrier();
        for (uint32_t i = 0; i < now; i++) cb_push_back(0, block);
    }
"""
)
READ_TRIDS = dataflow(
    PAGES
    + """    const uint32_t depth = get_arg_val<uint32_t>(4), blocks = count / block, room = get_arg_val<uint32_t>(5);
    uint32_t issued = 0, done = 0, base = 0;
    while (done < blocks) {
        if (issued < blocks && issued - done < depth) {
            cb_reserve_back(0, (issued - done + 1) * block);
            if (issued == 0) base = get_write_ptr(0);
            noc_async_read_set_trid(issued % depth + 1);
            uint32_t l1 = base + issued % room * block * get_tile_size(0);
            for (uint32_t i = 0; i < block; i++) {
                noc_async_read_page(first + issued * block + i, pages, l1);
                l1 += get_tile_size(0);
            }
            issued++;
        }
        if (issued - done == depth || issued == blocks) {
            noc_async_read_barrier_with_trid(done % depth + 1);
            cb_push_back(0, block);
            done++;
        }
    }
"""
)
RELU = compute(
    """    const uint32_t count = get_arg_val<uint32_t>(0);
    init_sfpu(0, 16);
    relu_tile_init();
    for (uint32_t i = 0; i < count; i++) {
        cb_wait_front(0, 1);
        tile_regs_acquire();
        copy_tile(0, 0, 0);
        relu_tile(0);
        tile_regs_commit();
        cb_pop_front(0, 1);
        cb_reserve_back(16, 1);
        tile_regs_wait();
        pack_tile(0, 16);
        tile_regs_release();
        cb_push_back(16, 1);
    }
"""
)
# Tiles in order from the shards of eight cores, in pieces; blocks of eight tiles fill two buffers, half each. A second reader
# takes the second halves, and always writes.
GATHER = """    constexpr uint32_t pieces = get_compile_time_arg_val(0), blocks = get_compile_time_arg_val(1), cores = 8, half_tiles = 4;
    const uint32_t shard = get_arg_val<uint32_t>(0), size = get_tile_size(0), piece = size / pieces;
    auto x = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(get_arg_addr(1)), y = x + cores;
"""
GATHER_HALF = """for (uint32_t i = 0; i < half_tiles; i++) {
                const uint32_t tile = (2 * block + half) * half_tiles + i, source = tile / 8;
                cb_reserve_back(half, 1);
                const uint32_t to = get_write_ptr(half), from = shard + tile % 8 * size;
                for (uint32_t p = 0; p < pieces; p++) noc_async_read(get_noc_addr(x[source], y[source], from + p * piece), to + p * piece, piece);
                noc_async_read_barrier();
                cb_push_back(half, 1);
            }"""
GATHER_READER = dataflow(
    GATHER
    + """    constexpr uint32_t halves = get_compile_time_arg_val(2);
    for (uint32_t block = 0; block < blocks; block++)
        for (uint32_t half = 0; half < halves; half++) {
            HALF
        }
""".replace("HALF", GATHER_HALF)
)
GATHER_WRITER = dataflow(
    GATHER
    + """    constexpr bool reads = get_compile_time_arg_val(2);
    constexpr auto args = TensorAccessorArgs<3>();
    const auto pages = TensorAccessor(args, get_arg_val<uint32_t>(1 + 2 * cores));
    for (uint32_t block = 0; block < blocks; block++) {
        if (reads) {
            constexpr uint32_t half = 1;
            HALF
        }
        cb_wait_front(0, half_tiles);
        cb_wait_front(1, half_tiles);
        for (uint32_t i = 0; i < half_tiles; i++)
            for (uint32_t half = 0; half < 2; half++)
                noc_async_write_page((2 * block + half) * half_tiles + i, pages, get_read_ptr(half) + i * size);
        noc_async_writes_flushed();
        cb_pop_front(0, half_tiles);
        cb_pop_front(1, half_tiles);
    }
    noc_async_write_barrier();
""".replace("HALF", GATHER_HALF)
)
# Two operands in DRAM, blocks of pages: both read by one processor before one barrier, or one each by two.
STREAMS = """    constexpr uint32_t block = get_compile_time_arg_val(0), piece = get_compile_time_arg_val(1), size = get_tile_size(0);
    const uint32_t tiles = get_arg_val<uint32_t>(0), start = get_arg_val<uint32_t>(1);
    constexpr auto a_args = TensorAccessorArgs<2>();
    constexpr auto b_args = TensorAccessorArgs<a_args.next_compile_time_args_offset()>();
    const auto a = TensorAccessor(a_args, get_arg_val<uint32_t>(2));
    const auto b = TensorAccessor(b_args, get_arg_val<uint32_t>(3));
    for (uint32_t tile = 0; tile < tiles; tile += block) {
#ifdef READS_A
        cb_reserve_back(0, block);
#endif
#ifdef READS_B
        cb_reserve_back(1, block);
#endif
#ifdef READS_A
        for (uint32_t i = 0, l1 = get_write_ptr(0); i < block; i++, l1 += size)
            for (uint32_t at = 0; at < size; at += piece) noc_async_read(a.get_noc_addr(start + tile + i, at), l1 + at, piece);
#endif
#ifdef READS_B
        for (uint32_t i = 0, l1 = get_write_ptr(1); i < block; i++, l1 += size)
            for (uint32_t at = 0; at < size; at += piece) noc_async_read(b.get_noc_addr(start + tile + i, at), l1 + at, piece);
#endif
        noc_async_read_barrier();
#ifdef READS_A
        cb_push_back(0, block);
#endif
#ifdef READS_B
        cb_push_back(1, block);
#endif
    }
"""
OPERAND_STREAMS = dataflow(STREAMS)
# Products of the tiles of both, a DST section at a time; without MULTIPLY all but the products.
MULTIPLY_STREAMS = compute(
    """    constexpr uint32_t section = get_compile_time_arg_val(0);
    const uint32_t tiles = get_arg_val<uint32_t>(0);
    binary_op_init_common(0, 1, 16);
    mul_tiles_init(0, 1);
    for (uint32_t tile = 0; tile < tiles; tile += section) {
        cb_wait_front(0, section);
        cb_wait_front(1, section);
        cb_reserve_back(16, section);
        tile_regs_acquire();
#ifdef MULTIPLY
        for (uint32_t i = 0; i < section; i++) mul_tiles(0, 1, i, i, i);
#endif
        tile_regs_commit();
        tile_regs_wait();
        for (uint32_t i = 0; i < section; i++) pack_tile(i, 16);
        tile_regs_release();
        cb_push_back(16, section);
        cb_pop_front(0, section);
        cb_pop_front(1, section);
    }
"""
)
# Ordered rounds along a row: each core in turn sends its payload, in pieces, to the others of its row. Unicast: writes to each, a
# barrier, a count for each. Multicast: receivers say that they are ready, a flag follows the data on one reserved path.
ROUNDS = """    const uint32_t cores = get_arg_val<uint32_t>(0), me = get_arg_val<uint32_t>(1), bytes = get_arg_val<uint32_t>(2);
    const uint32_t pieces = get_arg_val<uint32_t>(3), times = get_arg_val<uint32_t>(4), piece = bytes / pieces, base = get_arg_val<uint32_t>(5);
"""
ROW_UNICAST = dataflow(
    ROUNDS
    + """    const uint32_t arrived = get_semaphore(0);
    auto word = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(arrived);
    uint32_t expected = 0;
    for (uint32_t time = 0; time < times; time++)
        for (uint32_t round = 0; round < cores; round++)
            for (uint32_t p = 0; p < pieces; p++) {
                if (round != me) {
                    noc_semaphore_wait_min(word, ++expected);
                    continue;
                }
                const uint32_t chunk = base + me * bytes + p * piece;
                for (uint32_t peer = 0; peer < cores; peer++)
                    if (peer != me)
                        noc_async_write(chunk, get_noc_addr(get_arg_val<uint32_t>(6 + 2 * peer), get_arg_val<uint32_t>(7 + 2 * peer), chunk), piece);
                noc_async_write_barrier();
                for (uint32_t peer = 0; peer < cores; peer++)
                    if (peer != me)
                        noc_semaphore_inc(get_noc_addr(get_arg_val<uint32_t>(6 + 2 * peer), get_arg_val<uint32_t>(7 + 2 * peer), arrived), 1);
            }
"""
)
ROW_MULTICAST = dataflow(
    ROUNDS
    + """    const uint32_t arrived = get_semaphore(0), ready = get_semaphore(1);
    auto arrived_word = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(arrived), ready_word = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(ready);
    auto corner = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(get_arg_addr(6));
    const uint32_t x0 = corner[0], y0 = corner[1], x1 = corner[2 * cores - 2], y1 = corner[2 * cores - 1];
    for (uint32_t time = 0; time < times; time++)
        for (uint32_t round = 0; round < cores; round++)
            for (uint32_t p = 0; p < pieces; p++) {
                if (round == me) {
                    const uint32_t chunk = base + round * bytes + p * piece;
                    noc_semaphore_wait(ready_word, cores - 1);
                    noc_semaphore_set(ready_word, 0);
                    noc_async_write_multicast(chunk, get_noc_multicast_addr(x0, y0, x1, y1, chunk), piece, cores - 1, true);
                    noc_semaphore_set(arrived_word, VALID);
                    noc_semaphore_set_multicast(arrived, get_noc_multicast_addr(x0, y0, x1, y1, arrived), cores - 1);
                    noc_async_writes_flushed();
                    noc_semaphore_set(arrived_word, INVALID);
                } else {
                    noc_semaphore_inc(get_noc_addr(corner[2 * round], corner[2 * round + 1], ready), 1);
                    noc_semaphore_wait(arrived_word, VALID);
                    noc_semaphore_set(arrived_word, INVALID);
                }
            }
"""
)

# A stream of blocks of pages `stride` apart, some times over: reads or writes of one place in L1, or with HANDSHAKE of a circular buffer
# that another processor drains or fills. WHOLE_PAGES: by the calls for pages, not by addresses.
STREAM = """    constexpr uint32_t size = get_compile_time_arg_val(0), block = get_compile_time_arg_val(1), times = get_compile_time_arg_val(2);
    constexpr auto args = TensorAccessorArgs<3>();
    const auto pages = TensorAccessor(args, get_arg_val<uint32_t>(0));
    const uint32_t first = get_arg_val<uint32_t>(1), stride = get_arg_val<uint32_t>(2), count = get_arg_val<uint32_t>(3);
    for (uint32_t time = 0; time < times; time++)
        for (uint32_t done = 0; done < count; done += block) {
            const uint32_t now = count - done < block ? count - done : block;
"""
STREAM_READ = dataflow(
    STREAM
    + """#ifdef HANDSHAKE
            cb_reserve_back(CB, now);
#endif
            const uint32_t l1 = get_write_ptr(CB);
            for (uint32_t i = 0; i < now; i++) {
                const uint32_t page = first + (done + i) * stride;
#ifdef WHOLE_PAGES
                noc_async_read_page(page, pages, l1 + i * size);
#else
                noc_async_read(pages.get_noc_addr(page), l1 + i * size, size);
#endif
            }
            noc_async_read_barrier();
#ifdef HANDSHAKE
            cb_push_back(CB, now);
#endif
        }
"""
)
STREAM_WRITE = dataflow(
    STREAM
    + """#ifdef HANDSHAKE
            cb_wait_front(CB, now);
#endif
            const uint32_t l1 = get_read_ptr(CB);
            for (uint32_t i = 0; i < now; i++) {
                const uint32_t page = first + (done + i) * stride;
#ifdef WHOLE_PAGES
                noc_async_write_page(page, pages, l1 + i * size);
#else
                noc_async_write(l1 + i * size, pages.get_noc_addr(page), size);
#endif
            }
#ifdef FLUSH
            noc_async_writes_flushed();
#else
            noc_async_write_barrier();
#endif
#ifdef HANDSHAKE
            cb_pop_front(CB, now);
#endif
        }
    noc_async_write_barrier();
"""
)
# All pages, `stride` apart and then from the next start, and a sum of one word of each.
WALK = dataflow(
    """    constexpr uint32_t size = get_compile_time_arg_val(0), block = get_compile_time_arg_val(1), count = get_compile_time_arg_val(2);
    constexpr uint32_t stride = get_compile_time_arg_val(3), starts = get_compile_time_arg_val(4);
    constexpr auto args = TensorAccessorArgs<5>();
    constexpr auto sum_args = TensorAccessorArgs<args.next_compile_time_args_offset()>();
    const auto pages = TensorAccessor(args, get_arg_val<uint32_t>(0));
    const auto sums = TensorAccessor(sum_args, get_arg_val<uint32_t>(1));
    uint32_t sum = 0, start = 0, page = 0, step = 0;
    for (uint32_t done = 0; done < count; done += block) {
        cb_reserve_back(0, block);
        const uint32_t l1 = get_write_ptr(0);
        for (uint32_t i = 0; i < block; i++) {
            noc_async_read(pages.get_noc_addr(page), l1 + i * size, size);
            page = (page + stride) % count;
            if (++step == count / starts) {
                step = 0;
                page = ++start;
            }
        }
        noc_async_read_barrier();
        for (uint32_t i = 0; i < block; i++) sum += *reinterpret_cast<volatile tt_l1_ptr uint16_t*>(l1 + i * size);
    }
    const uint32_t l1 = get_write_ptr(1);
    *reinterpret_cast<volatile tt_l1_ptr uint32_t*>(l1) = sum;
    noc_async_write(l1, sums.get_noc_addr(0), 32);
    noc_async_write_barrier();
"""
)
# Pages of one core to the next, or in turn to all of a ring.
RING = dataflow(
    """    constexpr uint32_t size = get_compile_time_arg_val(0), count = get_compile_time_arg_val(1), cores = get_compile_time_arg_val(2);
    constexpr bool spread = get_compile_time_arg_val(3);
    const uint32_t from = get_arg_val<uint32_t>(0), to = get_arg_val<uint32_t>(1);
    for (uint32_t page = 0; page < count; page++) {
        const uint32_t peer = spread ? page % cores : 0;
        const uint32_t x = get_arg_val<uint32_t>(2 + 2 * peer), y = get_arg_val<uint32_t>(3 + 2 * peer);
        noc_async_write(from + page * size, get_noc_addr(x, y, to + page * size), size);
    }
    noc_async_write_barrier();
"""
)

# Compute loops on resident operands: circular buffers 0, 1 and 2 are filled before, 16 is drained by nobody.
FILL = dataflow(
    """    for (uint32_t i = 0; i < 3; i++) {
        const uint32_t pages = get_arg_val<uint32_t>(i);
        if (!pages) continue;
        cb_reserve_back(i, pages);
        cb_push_back(i, pages);
    }
"""
)
# Variants of compute_fusion: phases one after the other, each in a zone, some times over; results are drained in between.
FUSION = """void kernel_main() {
    const uint32_t count = get_arg_val<uint32_t>(0), times = get_arg_val<uint32_t>(1), results = get_arg_val<uint32_t>(2);
    compute_kernel_hw_startup(0, 1, 16);
    for (uint32_t time = 0; time < times; time++) {
PHASES
        if (time + 1 < times) {
            cb_wait_front(16, results);
            cb_pop_front(16, results);
        }
    }
}
"""
CHAIN = """        {
            DeviceZoneScopedN("NAME");
            WAIT
            FIRST
            cb_reserve_back(OUT, count);
            for (uint32_t i = 0; i < count; i++) {
                tile_regs_acquire();
                EACH
                tile_regs_commit();
                tile_regs_wait();
                pack_tile(0, OUT);
                tile_regs_release();
            }
            cb_push_back(OUT, count);
            POP
        }
"""
REDUCE = """        {
            DeviceZoneScopedN("NAME");
            cb_wait_front(2, 1);
            cb_wait_front(0, count);
            reduce_init<PoolType::SUM, ReduceDim::REDUCE_ROW>(0, 2, OUT);
            cb_reserve_back(OUT, 1);
            tile_regs_acquire();
            for (uint32_t i = 0; i < count; i++) reduce_tile<PoolType::SUM, ReduceDim::REDUCE_ROW>(0, 2, i, 0, 0);
            EACH
            tile_regs_commit();
            tile_regs_wait();
            pack_tile(0, OUT);
            tile_regs_release();
            cb_push_back(OUT, 1);
            reduce_uninit();
        }
"""


# Blocks of resident tiles, each reduced to one: all that a function of a library does in between, again each time.
REDUCE_BLOCKS = compute(
    """    constexpr ReduceDim direction = static_cast<ReduceDim>(get_compile_time_arg_val(0));
    constexpr uint32_t tiles = get_compile_time_arg_val(1);
    const uint32_t times = get_arg_val<uint32_t>(0);
    compute_kernel_hw_startup(0, 1, 16);
    for (uint32_t time = 0; time < times; time++) {
        cb_reserve_back(0, tiles);
        cb_push_back(0, tiles);
        reduce_init<PoolType::AVG, direction>(0, 1, 16);
        cb_wait_front(1, 1);
        cb_wait_front(0, tiles);
        cb_reserve_back(16, 1);
        tile_regs_acquire();
        for (uint32_t i = 0; i < tiles; i++) reduce_tile<PoolType::AVG, direction>(0, 1, i, 0, 0);
        tile_regs_commit();
        tile_regs_wait();
        pack_tile(0, 16);
        tile_regs_release();
        cb_push_back(16, 1);
        cb_pop_front(0, tiles);
        reduce_uninit();
        cb_wait_front(16, 1);
        cb_pop_front(16, 1);
    }
"""
)


def chain(name: str, each: str, first: str, operands: Sequence[int], out: int, count: str = "count") -> str:
    """A phase that does `each` to tile `i` of its operands; those that a phase before made are given back."""
    waits = " ".join(f"cb_wait_front({cb}, count);" for cb in operands)
    pops = " ".join(f"cb_pop_front({cb}, count);" for cb in operands if cb in (3, 4))
    text = CHAIN.replace("NAME", name).replace("EACH", each).replace("FIRST", first).replace("WAIT", waits)
    return text.replace("POP", pops).replace("OUT", str(out)).replace("count", count)


def reduction(name: str, each: str, out: int) -> str:
    """The phase that sums the columns of all tiles of operand 0."""
    return REDUCE.replace("NAME", name).replace("EACH", each).replace("OUT", str(out))


def fusion(phases: Sequence[str]) -> str:
    return (
        COMPUTE
        + '#include "tools/profiler/kernel_profiler.hpp"\n'
        + FUSION.replace("PHASES", "".join(phases))
    )


def repeated(operation: str, init: str) -> str:
    """One vector function many times on one DST tile: the cycles of the function alone."""
    return compute(
        f"    const uint32_t count = get_arg_val<uint32_t>(0);\n    init_sfpu(0, 16);\n    {init}\n    tile_regs_acquire();\n"
        f"    for (uint32_t i = 0; i < count; i++) {operation}\n    tile_regs_commit();\n    tile_regs_wait();\n    tile_regs_release();\n"
    )


MATMUL_TILES = compute(
    """    const uint32_t count = get_arg_val<uint32_t>(0);
    mm_init(0, 1, 16);
    cb_wait_front(0, 1);
    cb_wait_front(1, 1);
    tile_regs_acquire();
    for (uint32_t i = 0; i < count; i++) matmul_tiles(0, 1, 0, 0, 0);
    tile_regs_commit();
    tile_regs_wait();
    pack_tile(0, 16);
    tile_regs_release();
"""
)
MATMUL_BLOCK = compute(
    """    const uint32_t count = get_arg_val<uint32_t>(0);
    constexpr uint32_t rt = get_compile_time_arg_val(0), ct = get_compile_time_arg_val(1), k = get_compile_time_arg_val(2);
    mm_block_init(0, 1, 16, 0, ct, rt, k);
    cb_wait_front(0, rt * k);
    cb_wait_front(1, ct * k);
    for (uint32_t i = 0; i < count; i++) {
        tile_regs_acquire();
        for (uint32_t j = 0; j < k; j++) matmul_block(0, 1, j, j * ct, 0, 0, ct, rt, k);
        tile_regs_commit();
        tile_regs_wait();
        for (uint32_t t = 0; t < rt * ct; t++) pack_tile<true>(t, 16, t);
        tile_regs_release();
    }
"""
)
PACK_TILES = compute(
    """    const uint32_t count = get_arg_val<uint32_t>(0), accumulate = get_arg_val<uint32_t>(1);
    init_sfpu(0, 16);
    tile_regs_acquire();
    tile_regs_commit();
    tile_regs_wait();
    if (accumulate) pack_reconfig_l1_acc(1);
    for (uint32_t i = 0; i < count; i++) pack_tile<true>(0, 16, 0);
    tile_regs_release();
"""
)
# A shard of rows of tiles, tilized in place; with HANDSHAKE, pages come and go with each row.
TILIZE = compute(
    """    const uint32_t rows = get_arg_val<uint32_t>(0), wide = get_arg_val<uint32_t>(1), times = get_arg_val<uint32_t>(2);
    compute_kernel_hw_startup(0, 16);
    tilize_init(0, wide, 16);
    for (uint32_t r = 0; r < rows * times; r++) {
#ifdef HANDSHAKE
        cb_wait_front(0, wide);
        cb_reserve_back(16, wide);
        tilize_block(0, wide, 16);
        cb_push_back(16, wide);
        cb_pop_front(0, wide);
#else
        tilize_block(0, wide, 16, r % rows * wide, r % rows * wide);
#endif
    }
    tilize_uninit(0, 16);
"""
)
EACH_TIME = "    for (uint32_t time = 0; time < get_arg_val<uint32_t>(1); time++) {\n"
PUBLISH = dataflow(
    EACH_TIME
    + "    cb_reserve_back(0, get_arg_val<uint32_t>(0));\n    cb_push_back(0, get_arg_val<uint32_t>(0));\n    }\n"
)
RETIRE = dataflow(
    EACH_TIME
    + "    cb_wait_front(16, get_arg_val<uint32_t>(0));\n    cb_pop_front(16, get_arg_val<uint32_t>(0));\n    }\n"
)
# out = (A + B) @ C in five phases, on `rows` rows of tiles at a time: tilize A, tilize B, add, multiply, untilize. All phases set up
# their operation; RECONFIGURE their data formats too, which never change.
FIVE_PHASES = (
    COMPUTE
    + """#include "api/compute/eltwise_binary.h"
#include "api/compute/matmul.h"
#include "api/compute/pack_untilize.h"
#include "api/compute/tilize.h"
#ifdef RECONFIGURE
#define FORMATS(unpacked, packed) unpacked; pack_reconfig_data_format(packed)
#else
#define FORMATS(unpacked, packed)
#endif
constexpr uint32_t kt = 4, nt = 4;
inline void tilized(uint32_t from, uint32_t to, uint32_t rows) {
    FORMATS(reconfig_data_format_srca(from), to);
    fast_tilize_init(from, kt, to);
    for (uint32_t r = 0; r < rows; r++) {
        cb_wait_front(from, kt);
        cb_reserve_back(to, kt);
        fast_tilize_block(from, kt, to);
        cb_push_back(to, kt);
        cb_pop_front(from, kt);
    }
    fast_tilize_uninit(from, to, kt);
}
void kernel_main() {
    const uint32_t mt = get_arg_val<uint32_t>(0), rows = get_arg_val<uint32_t>(1);
    compute_kernel_hw_startup(0, 3);
    for (uint32_t m = 0; m < mt; m += rows) {
        tilized(0, 3, rows);
        tilized(1, 4, rows);
        FORMATS(reconfig_data_format(3, 4), 5);
        add_tiles_init(3, 4);
        for (uint32_t i = 0; i < rows * kt; i++) {
            cb_wait_front(3, 1);
            cb_wait_front(4, 1);
            tile_regs_acquire();
            add_tiles(3, 4, 0, 0, 0);
            tile_regs_commit();
            cb_pop_front(3, 1);
            cb_pop_front(4, 1);
            cb_reserve_back(5, 1);
            tile_regs_wait();
            pack_tile(0, 5);
            tile_regs_release();
            cb_push_back(5, 1);
        }
        FORMATS(reconfig_data_format(2, 5), 6);
        mm_block_init_short(5, 2, 0, nt, 1, kt);
        cb_wait_front(5, rows * kt);
        cb_wait_front(2, kt * nt);
        for (uint32_t r = 0; r < rows; r++) {
            tile_regs_acquire();
            for (uint32_t k = 0; k < kt; k++) matmul_block(5, 2, r * kt + k, k * nt, 0, 0, nt, 1, kt);
            tile_regs_commit();
            cb_reserve_back(6, nt);
            tile_regs_wait();
            for (uint32_t n = 0; n < nt; n++) pack_tile(n, 6);
            tile_regs_release();
            cb_push_back(6, nt);
        }
        cb_pop_front(5, rows * kt);
        FORMATS(reconfig_data_format_srca(6), 16);
        pack_untilize_init<nt, nt>(6, 16);
        for (uint32_t r = 0; r < rows; r++) {
            cb_wait_front(6, nt);
            cb_reserve_back(16, nt);
            pack_untilize_block<nt, nt>(6, 1, 16);
            cb_pop_front(6, nt);
            cb_push_back(16, nt);
        }
        pack_untilize_uninit(16);
    }
}
"""
)
# One core streams a whole bank: blocks of transfers with a barrier at the end.
STREAM_BANK = dataflow(
    """    const uint32_t count = get_arg_val<uint32_t>(0), bytes = get_arg_val<uint32_t>(1), l1 = get_arg_val<uint32_t>(2);
    const uint64_t bank = get_noc_addr_from_bank_id<true>(get_arg_val<uint32_t>(3), get_arg_val<uint32_t>(4));
    for (uint32_t i = 0; i < count; i++) {
#ifdef WRITE
        noc_async_write(l1, bank, bytes);
#else
        noc_async_read_one_packet(bank, l1, bytes);
#endif
    }
#ifdef WRITE
    noc_async_write_barrier();
#else
    noc_async_read_barrier();
#endif
"""
)

# The first tile of DST, packed and pushed.
PUBLISH_TILE = """inline void publish(uint32_t cb) {
    tile_regs_commit();
    tile_regs_wait();
    cb_reserve_back(cb, 1);
    pack_tile(0, cb);
    cb_push_back(cb, 1);
    tile_regs_release();
}
"""
OBJECTS = DATAFLOW + '#include "api/dataflow/noc.h"\n#include "api/dataflow/noc_semaphore.h"\n'
# A rectangle of cores, of which one sends: when the others are ready, a block and a flag follow one another on one reserved path.
PIPE = """inline void count_on(uint32_t semaphore, uint32_t x, uint32_t y) {
    noc_semaphore_inc(get_noc_addr(x, y, get_semaphore(semaphore)), 1);
}
struct Pipe {
    Noc noc;
    Semaphore<> arrived, ready;
    uint32_t ready_number;
    uint32_t x0, y0, x1, y1, others;
    template <NocOptions options>
    void send_to(uint32_t count, uint32_t from, uint32_t to, uint32_t bytes) {
        noc.async_write_multicast<options>(UnicastEndpoint{}, MulticastEndpoint{}, bytes, count, {.addr = from},
                                           {x0, y0, x1, y1, to}, true);
        arrived.set(VALID);
        arrived.set_multicast<options>(noc, x0, y0, x1, y1, count, false);
    }
    void send(uint32_t from, uint32_t to, uint32_t bytes) {
        ready.wait(others);
        ready.set(0);
        if (from == to) {
            send_to<NocOptions::DEFAULT>(others, from, to, bytes);
            noc.async_writes_flushed();
        } else {
            send_to<NocOptions::MCAST_INCL_SRC>(others + 1, from, to, bytes);
            noc.async_write_barrier();
        }
    }
    void receive(uint32_t x, uint32_t y) {
        count_on(ready_number, x, y);
        arrived.wait(VALID);
        arrived.set(INVALID);
    }
};
"""


def with_pipe(body: str) -> str:
    return OBJECTS + PIPE + "void kernel_main() {\n" + body + "}\n"
