# SPDX-License-Identifier: Apache-2.0
"""Texts of the kernels that `timing.py` runs: hand-written programs of the kind that the silicon tables measured."""

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
WRITE_BANK = """    constexpr auto args = TensorAccessorArgs<0>();
    const auto pages = TensorAccessor(args, remote);
    for (uint32_t i = 0; i < count; i++) noc_async_write_page(0, pages, l1);
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

# Blocks of pages: arguments are the address, the first page, pages, pages a block.
PAGES = """    const uint32_t address = get_arg_val<uint32_t>(0), first = get_arg_val<uint32_t>(1), count = get_arg_val<uint32_t>(2);
    const uint32_t block = get_arg_val<uint32_t>(3);
    constexpr auto args = TensorAccessorArgs<0>();
    const auto pages = TensorAccessor(args, address);
"""
READ_BLOCKS = dataflow(
    PAGES
    + """    for (uint32_t page = first; page < first + count; page += block) {
        cb_reserve_back(0, block);
        uint32_t l1 = get_write_ptr(0);
        for (uint32_t i = 0; i < block; i++) {
            noc_async_read_page(page + i, pages, l1);
            l1 += get_tile_size(0);
        }
        noc_async_read_barrier();
        cb_push_back(0, block);
    }
"""
)
WRITE_BLOCKS = dataflow(
    PAGES
    + """    constexpr uint32_t cb = get_compile_time_arg_val(args.next_compile_time_args_offset());
    for (uint32_t page = first; page < first + count; page += block) {
        cb_wait_front(cb, block);
        uint32_t l1 = get_read_ptr(cb);
        for (uint32_t i = 0; i < block; i++) {
            noc_async_write_page(page + i, pages, l1);
            l1 += get_tile_size(cb);
        }
#ifdef FLUSH
        noc_async_writes_flushed();
#else
        noc_async_write_barrier();
#endif
        cb_pop_front(cb, block);
    }
    noc_async_write_barrier();
"""
)
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
# One tile after the other from eight cores, in pieces; a second reader takes half of the tiles and writes all.
SPLIT_READ = """    const uint32_t tiles = get_arg_val<uint32_t>(0), bytes = get_arg_val<uint32_t>(1), remote = get_arg_val<uint32_t>(2);
    for (uint32_t t = 0; t < tiles; t++) {
        const uint32_t peer = t % 8;
        const uint32_t x = get_arg_val<uint32_t>(3 + 2 * peer), y = get_arg_val<uint32_t>(4 + 2 * peer);
        cb_reserve_back(CB, 1);
        const uint32_t l1 = get_write_ptr(CB);
        for (uint32_t done = 0; done < get_tile_size(CB); done += bytes)
            noc_async_read(get_noc_addr(x, y, remote + done), l1 + done, bytes);
        noc_async_read_barrier();
        cb_push_back(CB, 1);
"""
SPLIT_READER = dataflow(SPLIT_READ.replace("CB", "0") + "    }\n")
SPLIT_READER_WRITER = dataflow(
    "    constexpr auto args = TensorAccessorArgs<0>();\n    const auto pages = TensorAccessor(args, get_arg_val<uint32_t>(19));\n"
    + SPLIT_READ.replace("CB", "1")
    + """    }
    for (uint32_t cb = 0; cb < 2; cb++) {
        cb_wait_front(cb, tiles);
        for (uint32_t t = 0; t < tiles; t++) {
            noc_async_write_page(cb * tiles + t, pages, get_read_ptr(cb) + t * get_tile_size(cb));
            noc_async_writes_flushed();
        }
        cb_pop_front(cb, tiles);
    }
    noc_async_write_barrier();
"""
)
# Ordered rounds along a row: each core in turn sends its payload, in pieces, to the others of its row, which have said that
# they are ready. The next sender gets its data and its flag last.
ROW_ROUNDS = """    const uint32_t cores = get_arg_val<uint32_t>(0), me = get_arg_val<uint32_t>(1), bytes = get_arg_val<uint32_t>(2);
    const uint32_t pieces = get_arg_val<uint32_t>(3), l1 = get_arg_val<uint32_t>(4), y = get_arg_val<uint32_t>(5);
    const uint32_t piece = bytes / pieces, arrived = get_semaphore(0), ready = get_semaphore(1);
    auto word = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(arrived);
    for (uint32_t d = 0; d < pieces; d++)
        for (uint32_t round = 0; round < cores; round++) {
            if (round != me) {
                if (d + round >= FIRST) noc_semaphore_inc(get_noc_addr(get_arg_val<uint32_t>(6 + round), y, ready), 1);
                noc_semaphore_wait_min(word, d * (cores - 1) + round + 1 - (round > me));
                continue;
            }
            if (d + round >= FIRST)
                noc_semaphore_wait(reinterpret_cast<volatile tt_l1_ptr uint32_t*>(ready), (d + (round >= FIRST)) * (cores - 1));
SEND
            noc_async_writes_flushed();
        }
"""
ROW_UNICAST = dataflow(
    ROW_ROUNDS.replace("FIRST", "0").replace(
        "SEND",
        """            for (uint32_t i = 1; i < cores; i++) {
                const uint64_t other = get_noc_addr(get_arg_val<uint32_t>(6 + (me + cores - i) % cores), y, l1 + bytes + d * piece);
                noc_async_write(l1 + d * piece, other, piece);
            }
            noc_async_writes_flushed();
            for (uint32_t i = 1; i < cores; i++)
                noc_semaphore_inc(get_noc_addr(get_arg_val<uint32_t>(6 + (me + cores - i) % cores), y, arrived), 1);""",
    )
)
# Data and flag go over one reserved path. Nobody waits for the receivers of the very first round.
ROW_MULTICAST = dataflow(
    ROW_ROUNDS.replace("FIRST", "1").replace(
        "SEND",
        """            const uint32_t x0 = get_arg_val<uint32_t>(6), x1 = get_arg_val<uint32_t>(5 + cores);
            noc_async_write_multicast(l1 + d * piece, get_noc_multicast_addr(x0, y, x1, y, l1 + bytes + d * piece), piece, cores - 1, true);
            noc_semaphore_inc_multicast(get_noc_multicast_addr(x0, y, x1, y, arrived), 1, cores - 1);""",
    )
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
UNARY_LOOP = """    for (uint32_t i = 0; i < count; i++) {
        cb_wait_front(0, 1);
        tile_regs_acquire();
        COPY
        OPERATION
        tile_regs_commit();
        cb_pop_front(0, 1);
        cb_reserve_back(16, 1);
        tile_regs_wait();
        pack_tile(0, 16);
        tile_regs_release();
        cb_push_back(16, 1);
    }
"""


def unary_loop(operation: str, init: str, copies: int = 1) -> str:
    """Per tile: copies into DST, each with its initialisation when there are several; vector functions; pack."""
    start = "copy_tile_to_dst_init_short({0}); " if copies > 1 else ""
    copy = " ".join((start + "copy_tile({0}, 0, {0});").format(i) for i in range(copies))
    every = range(copies)
    body = UNARY_LOOP.replace("COPY", copy).replace("OPERATION", operation)
    body = body.replace("cb_wait_front(0, 1);", " ".join(f"cb_wait_front({i}, 1);" for i in every))
    body = body.replace("cb_pop_front(0, 1);", " ".join(f"cb_pop_front({i}, 1);" for i in every))
    return compute(
        f"    const uint32_t count = get_arg_val<uint32_t>(0);\n    init_sfpu(0, 16);\n    {init}\n" + body
    )


def repeated(operation: str, init: str) -> str:
    """One vector function many times on one DST tile: the cycles of the function alone."""
    return compute(
        f"    const uint32_t count = get_arg_val<uint32_t>(0);\n    init_sfpu(0, 16);\n    {init}\n    tile_regs_acquire();\n"
        f"    for (uint32_t i = 0; i < count; i++) {operation}\n    tile_regs_commit();\n    tile_regs_wait();\n    tile_regs_release();\n"
    )


BINARY_LOOP = compute(
    """    const uint32_t count = get_arg_val<uint32_t>(0);
    binary_op_init_common(0, 1, 16);
    mul_tiles_init(0, 1);
    cb_wait_front(0, count);
    cb_wait_front(1, count);
    for (uint32_t i = 0; i < count; i++) {
        tile_regs_acquire();
        mul_tiles(0, 1, i, i, 0);
        tile_regs_commit();
        cb_reserve_back(16, 1);
        tile_regs_wait();
        pack_tile(0, 16);
        tile_regs_release();
        cb_push_back(16, 1);
    }
"""
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
TILIZE = compute(
    """    const uint32_t count = get_arg_val<uint32_t>(0), handshake = get_arg_val<uint32_t>(1);
    compute_kernel_hw_startup(0, 16);
    tilize_init(0, count, 16);
    if (handshake) {
        cb_wait_front(0, count);
        cb_reserve_back(16, count);
    }
    tilize_block(0, count, 16);
    if (handshake) {
        cb_push_back(16, count);
        cb_pop_front(0, count);
    }
"""
)
# (A + B) @ C on one core: rows of blocks, an element-wise phase and a matmul phase in turn.
ADD_MATMUL = compute(
    """    const uint32_t mt = get_arg_val<uint32_t>(0), kt = get_arg_val<uint32_t>(1), nt = get_arg_val<uint32_t>(2), rows = get_arg_val<uint32_t>(3);
    binary_op_init_common(0, 1, 24);
    cb_wait_front(0, mt * kt);
    cb_wait_front(1, mt * kt);
    cb_wait_front(2, kt * nt);
    for (uint32_t m = 0; m < mt; m += rows) {
        reconfig_data_format(0, 1);
        pack_reconfig_data_format(24);
        add_tiles_init(0, 1);
        cb_reserve_back(24, rows * kt);
        for (uint32_t i = 0; i < rows * kt; i++) {
            tile_regs_acquire();
            add_tiles(0, 1, m * kt + i, m * kt + i, 0);
            tile_regs_commit();
            tile_regs_wait();
            pack_tile(0, 24);
            tile_regs_release();
        }
        cb_push_back(24, rows * kt);
        cb_wait_front(24, rows * kt);
        reconfig_data_format(24, 2);
        pack_reconfig_data_format(16);
        mm_init_short(24, 2);
        cb_reserve_back(16, rows * nt);
        for (uint32_t r = 0; r < rows; r++)
            for (uint32_t n = 0; n < nt; n++) {
                tile_regs_acquire();
                for (uint32_t k = 0; k < kt; k++) matmul_tiles(24, 2, r * kt + k, k * nt + n, 0);
                tile_regs_commit();
                tile_regs_wait();
                pack_tile(0, 16);
                tile_regs_release();
            }
        cb_push_back(16, rows * nt);
        cb_pop_front(24, rows * kt);
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
