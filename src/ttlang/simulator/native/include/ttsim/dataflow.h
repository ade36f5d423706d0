// SPDX-License-Identifier: Apache-2.0
//
// Data movement: NoC transfers, address generators, semaphores.
#pragma once
#include "ttsim/base.h"

constexpr uint32_t NOC_UNICAST_WRITE_VC = 1, NOC_MULTICAST_WRITE_VC = 4, NOC_DISPATCH_MULTICAST_WRITE_VC = 5;
constexpr uint32_t NOC_CLEAR_OUTSTANDING_REQ_MASK = 0xFFFF;
constexpr uint32_t INVALID = 0, VALID = 1;
constexpr uint32_t L1_ALIGNMENT = 16, DRAM_WRITE_ALIGNMENT = 16;
#if defined(ARCH_BLACKHOLE)
constexpr uint32_t NOC_MAX_BURST_SIZE = 16384, DRAM_ALIGNMENT = 64, NUM_DRAM_BANKS = 8;
#else
constexpr uint32_t NOC_MAX_BURST_SIZE = 8192, DRAM_ALIGNMENT = 32, NUM_DRAM_BANKS = 12;
#endif
constexpr uint32_t NOC_MAX_TRANSACTION_ID = 0xF;
constexpr uint32_t NOC_DRAM_READ_ALIGNMENT_BYTES = DRAM_ALIGNMENT, NOC_DRAM_WRITE_ALIGNMENT_BYTES = DRAM_WRITE_ALIGNMENT;
constexpr uint32_t NOC_L1_READ_ALIGNMENT_BYTES = L1_ALIGNMENT, NOC_L1_WRITE_ALIGNMENT_BYTES = L1_ALIGNMENT;
constexpr uint8_t DM_DEDICATED_NOC = 0, DM_DYNAMIC_NOC = 1;
// A page of L1 below all buffers that nothing writes. Plain numbers, as kernels take minima of them and of an int.
#define MEM_ZEROS_BASE 8192
#define MEM_ZEROS_SIZE 512
constexpr uint32_t NOC_MAX_TRANSACTION_ID_COUNT = 255;
constexpr uint8_t read_cmd_buf = 1, write_cmd_buf = 0, write_at_cmd_buf = 3, write_reg_cmd_buf = 2;
enum class InlineWriteDst : uint8_t { DEFAULT, L1, REG };

#define TTSIM_NOC uint8_t noc = ttsim_self->noc

struct ttsim_coordinate_x {
    ALWI uint8_t operator[](uint32_t) const { return ttsim_self->noc_x; }
};
struct ttsim_coordinate_y {
    ALWI uint8_t operator[](uint32_t) const { return ttsim_self->noc_y; }
};
inline constexpr ttsim_coordinate_x my_x{};
inline constexpr ttsim_coordinate_y my_y{};

// ---- addresses

/// A word that the host gives as an L1 offset, to the address by which the kernel reaches it.
ALWI uint32_t ttsim_local_address(uint32_t offset) { return offset >= ttsim_self->l1_base ? offset : ttsim_self->l1_base + offset; }

ALWI uint64_t ttsim_xy(uint32_t x, uint32_t y, uint64_t address) { return uint64_t(y) << 42 | uint64_t(x) << 36 | address; }
#define NOC_XY_ENCODING(x, y) ((uint32_t(y) << 6) | uint32_t(x))
#define NOC_XY_ADDR(x, y, addr) ttsim_xy(x, y, addr)
#define DYNAMIC_NOC_X(noc, x) (x)
#define DYNAMIC_NOC_Y(noc, y) (y)
#define NOC_X(x) (x)
#define NOC_Y(y) (y)

/// Pays for code between calls, unless the compiler knows what it computes.
ALWI void ttsim_computes(bool known, uint8_t cycles) {
    if (!known) ttsim_self->pending_cycles += cycles;
}
ALWI uint64_t get_noc_addr(uint32_t noc_x, uint32_t noc_y, uint32_t addr, TTSIM_NOC) {
    (void)noc;
    ttsim_computes(__builtin_constant_p(noc_x | noc_y), ttsim_self->address_cycles);
    return ttsim_xy(noc_x, noc_y, addr);
}
ALWI uint64_t get_noc_addr_helper(uint32_t noc_xy, uint32_t addr) { return uint64_t(noc_xy) << 36 | addr; }
ALWI uint64_t get_noc_addr(uint32_t addr, TTSIM_NOC) {
    (void)noc;
    return ttsim_xy(ttsim_self->noc_x, ttsim_self->noc_y, addr);
}
ALWI uint64_t get_noc_multicast_addr(uint32_t x_start, uint32_t y_start, uint32_t x_end, uint32_t y_end, uint32_t addr, TTSIM_NOC) {
    (void)noc;
    return uint64_t(y_start) << 54 | uint64_t(x_start) << 48 | uint64_t(y_end) << 42 | uint64_t(x_end) << 36 | addr;
}
namespace experimental {
using ::get_noc_multicast_addr;
}
template <bool DRAM>
ALWI uint64_t get_noc_addr_from_bank_id(uint32_t bank_id, uint32_t bank_address_offset, TTSIM_NOC) {
    return tensix_bank_address(DRAM, bank_id, bank_address_offset, noc);
}
template <bool DRAM>
ALWI uint32_t get_noc_xy(uint32_t bank_index, TTSIM_NOC) {
    return uint32_t(tensix_bank_address(DRAM, bank_index, 0, noc) >> 36);
}
/// The firmware's tables of banks: where each is on the NoC, and where its memory starts, which is at 0 here.
template <bool DRAM>
struct ttsim_bank_coordinates {
    uint8_t noc;
    ALWI uint16_t operator[](uint32_t bank) const { return uint16_t(tensix_bank_address(DRAM, bank, 0, noc) >> 36); }
};
template <bool DRAM>
struct ttsim_bank_coordinates_by_noc {
    ALWI ttsim_bank_coordinates<DRAM> operator[](uint32_t noc) const { return {uint8_t(noc)}; }
};
struct ttsim_bank_offsets {
    constexpr int32_t operator[](uint32_t) const { return 0; }
};
inline constexpr ttsim_bank_coordinates_by_noc<true> dram_bank_to_noc_xy{};
inline constexpr ttsim_bank_coordinates_by_noc<false> l1_bank_to_noc_xy{};
inline constexpr ttsim_bank_offsets bank_to_dram_offset{}, bank_to_l1_offset{};
/// NoC address of a page of an interleaved buffer, with the cycles that it takes unless the compiler knows the page.
ALWI uint64_t ttsim_page_address(bool dram, uint32_t id, uint32_t base, uint32_t page_size, uint32_t offset, uint8_t noc) {
    ttsim_computes(__builtin_constant_p(id), ttsim_self->page_address_cycles);
    return tensix_interleaved_address(dram, id, base, page_size, offset, noc);
}

ALWI uint64_t get_dram_noc_addr(uint32_t id, uint32_t page_size, uint32_t bank_base_address, uint32_t offset = 0, TTSIM_NOC) {
    return ttsim_page_address(true, id, bank_base_address, page_size, offset, noc);
}
ALWI uint64_t get_l1_noc_addr(uint32_t id, uint32_t page_size, uint32_t bank_base_address, uint32_t offset = 0, TTSIM_NOC) {
    return ttsim_page_address(false, id, bank_base_address, page_size, offset, noc);
}

template <bool DRAM>
struct InterleavedAddrGen {
    uint32_t bank_base_address;
    const uint32_t page_size;
    const uint32_t aligned_page_size = page_size;
    ALWI uint64_t get_noc_addr(uint32_t id, uint32_t offset = 0, TTSIM_NOC) const {
        return ttsim_page_address(DRAM, id, bank_base_address, page_size, offset, noc);
    }
};
template <bool DRAM>
struct InterleavedPow2AddrGen {
    const uint32_t bank_base_address;
    const uint32_t log_base_2_of_page_size;
    ALWI uint64_t get_noc_addr(uint32_t id, uint32_t offset = 0, TTSIM_NOC) const {
        return ttsim_page_address(DRAM, id, bank_base_address, 1u << log_base_2_of_page_size, offset, noc);
    }
};
template <bool DRAM, uint32_t tile_hw = 1024>
struct InterleavedAddrGenFast {
    uint32_t bank_base_address;
    const uint32_t page_size;
    DataFormat data_format;
    ALWI uint64_t get_noc_addr(uint32_t id, uint32_t offset = 0, TTSIM_NOC) const {
        return ttsim_page_address(DRAM, id, bank_base_address, page_size, offset, noc);
    }
};
template <bool DRAM>
struct InterleavedPow2AddrGenFast {
    uint32_t bank_base_address;
    const uint32_t log_base_2_of_page_size;
    ALWI uint64_t get_noc_addr(uint32_t id, uint32_t offset = 0, TTSIM_NOC) const {
        return ttsim_page_address(DRAM, id, bank_base_address, 1u << log_base_2_of_page_size, offset, noc);
    }
};

template <typename AddrGen, typename = decltype(std::declval<const AddrGen&>().get_noc_addr(0u))>
ALWI uint64_t get_noc_addr(uint32_t id, const AddrGen& addrgen, uint32_t offset = 0, TTSIM_NOC) {
    return addrgen.get_noc_addr(id, offset, noc);
}

/// Bytes that one page of an address generator holds.
template <typename AddrGen>
ALWI uint32_t ttsim_page_bytes(const AddrGen& addrgen) {
    return addrgen.page_size;
}
template <bool DRAM>
ALWI uint32_t ttsim_page_bytes(const InterleavedPow2AddrGen<DRAM>& addrgen) {
    return 1u << addrgen.log_base_2_of_page_size;
}
template <bool DRAM>
ALWI uint32_t ttsim_page_bytes(const InterleavedPow2AddrGenFast<DRAM>& addrgen) {
    return 1u << addrgen.log_base_2_of_page_size;
}

// ---- reads

#define TTSIM_READ(source, l1, bytes, flags) tensix_noc_read(source, l1, bytes, noc, ttsim_self->read_trid[noc & 1], flags, call_line)
#define TTSIM_WRITE(l1, target, bytes, flags) tensix_noc_write(l1, target, bytes, noc, ttsim_self->write_trid[noc & 1], flags, call_line)
#define TTSIM_POSTED_FLAG (posted ? uint32_t(TTSIM_NOC_POSTED) : 0u)

template <bool enable_noc_tracing = true>
ALWI void noc_async_read_one_packet(uint64_t src_noc_addr, uint32_t dst_local_l1_addr, uint32_t size, TTSIM_NOC,
                                    uint32_t read_req_vc = NOC_UNICAST_WRITE_VC, TTSIM_LINE) {
    (void)read_req_vc;
    TTSIM_READ(src_noc_addr, dst_local_l1_addr, size, TTSIM_NOC_ONE_PACKET);
}
template <uint32_t max_page_size = NOC_MAX_BURST_SIZE + 1, bool enable_noc_tracing = true>
ALWI void noc_async_read(uint64_t src_noc_addr, uint32_t dst_local_l1_addr, uint32_t size, TTSIM_NOC,
                         uint32_t read_req_vc = NOC_UNICAST_WRITE_VC, TTSIM_LINE) {
    (void)read_req_vc;
    TTSIM_READ(src_noc_addr, dst_local_l1_addr, size, 0);
}
template <typename AddrGen, bool enable_noc_tracing = true>
ALWI void noc_async_read_page(uint32_t id, const AddrGen& addrgen, uint32_t dst_local_l1_addr, uint32_t offset = 0, TTSIM_NOC, TTSIM_LINE) {
    TTSIM_READ(addrgen.get_noc_addr(id, offset, noc), dst_local_l1_addr, ttsim_page_bytes(addrgen), TTSIM_NOC_PAGE);
}
template <typename AddrGen>
ALWI void noc_async_read_tile(uint32_t id, const AddrGen& addrgen, uint32_t dst_local_l1_addr, uint32_t offset = 0, TTSIM_NOC, TTSIM_LINE) {
    TTSIM_READ(addrgen.get_noc_addr(id, offset, noc), dst_local_l1_addr, ttsim_page_bytes(addrgen), TTSIM_NOC_PAGE);
}
template <typename Accessor>
ALWI void noc_async_read_shard(uint32_t shard_id, const Accessor& s, uint32_t dst_local_l1_addr, TTSIM_NOC, TTSIM_LINE) {
    TTSIM_READ(s.get_shard_noc_addr(shard_id, 0, noc), dst_local_l1_addr, s.shard_bytes(), 0);
}

template <bool use_vc = false>
ALWI void noc_async_read_one_packet_set_state(uint64_t src_noc_addr, uint32_t size, uint32_t vc = 0, TTSIM_NOC) {
    (void)vc;
    ttsim_self->read_state[noc & 1] = src_noc_addr;
    ttsim_self->read_state_bytes[noc & 1] = size;
}
template <bool inc_num_issued = true, bool use_vc = false>
ALWI void noc_async_read_one_packet_with_state(uint32_t src_noc_addr, uint32_t dst_local_l1_addr, uint32_t vc = 0, TTSIM_NOC, TTSIM_LINE) {
    (void)vc;
    TTSIM_READ((ttsim_self->read_state[noc & 1] & ~uint64_t(0xFFFFFFFFu)) | src_noc_addr, dst_local_l1_addr,
               ttsim_self->read_state_bytes[noc & 1], TTSIM_NOC_STATEFUL | TTSIM_NOC_ONE_PACKET);
}
ALWI void noc_async_read_set_state(uint64_t src_noc_addr, TTSIM_NOC) { ttsim_self->read_state[noc & 1] = src_noc_addr; }
template <bool inc_num_issued = true>
ALWI void noc_async_read_with_state(uint32_t src_noc_addr, uint32_t dst_local_l1_addr, uint32_t size, TTSIM_NOC, TTSIM_LINE) {
    TTSIM_READ((ttsim_self->read_state[noc & 1] & ~uint64_t(0xFFFFFFFFu)) | src_noc_addr, dst_local_l1_addr, size, TTSIM_NOC_STATEFUL);
}
ALWI void noc_async_read_inc_num_issued(uint32_t num_issued_reads_inc, TTSIM_NOC) { (void)num_issued_reads_inc, (void)noc; }
ALWI void noc_async_read_set_trid(uint32_t trid = 0, TTSIM_NOC) { ttsim_self->read_trid[noc & 1] = trid; }
ALWI void noc_async_write_set_trid(uint32_t trid = 0, TTSIM_NOC) { ttsim_self->write_trid[noc & 1] = trid; }

template <bool use_vc = false>
ALWI uint32_t noc_async_read_tile_dram_sharded_set_state(uint32_t bank_base_address, uint32_t page_size, uint32_t bank_id = 0, uint32_t vc = 0,
                                                         TTSIM_NOC) {
    (void)vc;
    ttsim_self->read_state[noc & 1] = tensix_bank_address(1, bank_id, 0, noc);
    ttsim_self->read_state_bytes[noc & 1] = page_size;
    return bank_base_address;
}
ALWI void noc_async_read_tile_dram_sharded_with_state(uint32_t src_base_addr, uint32_t src_addr, uint32_t dest_addr, uint32_t trid = 0, TTSIM_NOC,
                                                      TTSIM_LINE) {
    tensix_noc_read(ttsim_self->read_state[noc & 1] + src_base_addr + src_addr, dest_addr, ttsim_self->read_state_bytes[noc & 1], noc, trid,
                   TTSIM_NOC_STATEFUL, call_line);
}
template <bool skip_ptr_update = false>
ALWI void noc_async_read_tile_dram_sharded_with_state_with_trid(uint32_t src_base_addr, uint32_t src_addr, uint32_t dest_addr, uint32_t trid = 0,
                                                                TTSIM_NOC, TTSIM_LINE) {
    tensix_noc_read(ttsim_self->read_state[noc & 1] + src_base_addr + src_addr, dest_addr, ttsim_self->read_state_bytes[noc & 1], noc, trid,
                   TTSIM_NOC_STATEFUL, call_line);
}
ALWI void noc_async_read_tile_dram_sharded_set_trid(uint32_t trid = 0, TTSIM_NOC) { ttsim_self->read_trid[noc & 1] = trid; }

// ---- writes

template <bool enable_noc_tracing = true, bool posted = false>
ALWI void noc_async_write_one_packet(uint32_t src_local_l1_addr, uint64_t dst_noc_addr, uint32_t size, TTSIM_NOC, uint32_t vc = NOC_UNICAST_WRITE_VC,
                                     TTSIM_LINE) {
    (void)vc;
    TTSIM_WRITE(src_local_l1_addr, dst_noc_addr, size, TTSIM_NOC_ONE_PACKET | TTSIM_POSTED_FLAG);
}
template <uint32_t max_page_size = NOC_MAX_BURST_SIZE + 1, bool enable_noc_tracing = true, bool posted = false>
ALWI void noc_async_write(uint32_t src_local_l1_addr, uint64_t dst_noc_addr, uint32_t size, TTSIM_NOC, uint32_t vc = NOC_UNICAST_WRITE_VC,
                          TTSIM_LINE) {
    (void)vc;
    TTSIM_WRITE(src_local_l1_addr, dst_noc_addr, size, TTSIM_POSTED_FLAG);
}
template <typename AddrGen, bool enable_noc_tracing = true, bool posted = false>
ALWI void noc_async_write_page(uint32_t id, const AddrGen& addrgen, uint32_t src_local_l1_addr, uint32_t size = 0, uint32_t offset = 0, TTSIM_NOC,
                               TTSIM_LINE) {
    TTSIM_WRITE(src_local_l1_addr, addrgen.get_noc_addr(id, offset, noc), size ? size : ttsim_page_bytes(addrgen),
                TTSIM_NOC_PAGE | TTSIM_POSTED_FLAG);
}
template <typename AddrGen>
ALWI void noc_async_write_tile(uint32_t id, const AddrGen& addrgen, uint32_t src_local_l1_addr, TTSIM_NOC, TTSIM_LINE) {
    TTSIM_WRITE(src_local_l1_addr, addrgen.get_noc_addr(id, 0, noc), ttsim_page_bytes(addrgen), TTSIM_NOC_PAGE);
}
template <typename Accessor, bool posted = false>
ALWI void noc_async_write_shard(uint32_t shard_id, const Accessor& s, uint32_t src_local_l1_addr, TTSIM_NOC, TTSIM_LINE) {
    TTSIM_WRITE(src_local_l1_addr, s.get_shard_noc_addr(shard_id, 0, noc), s.shard_bytes(), TTSIM_POSTED_FLAG);
}
template <bool posted = false>
ALWI void noc_async_write_one_packet_set_state(uint64_t dst_noc_addr, uint32_t size, TTSIM_NOC, uint8_t vc = NOC_UNICAST_WRITE_VC) {
    (void)vc;
    ttsim_self->write_state[noc & 1] = dst_noc_addr;
    ttsim_self->write_state_bytes[noc & 1] = size;
}
template <bool posted = false>
ALWI void noc_async_write_one_packet_with_state(uint32_t src_local_l1_addr, uint32_t dst_noc_addr, TTSIM_NOC, TTSIM_LINE) {
    TTSIM_WRITE(src_local_l1_addr, (ttsim_self->write_state[noc & 1] & ~uint64_t(0xFFFFFFFFu)) | dst_noc_addr,
                ttsim_self->write_state_bytes[noc & 1], TTSIM_NOC_STATEFUL | TTSIM_NOC_ONE_PACKET | TTSIM_POSTED_FLAG);
}
template <bool update_counter = true, bool posted = false>
ALWI void noc_async_write_one_packet_with_trid(uint32_t src_local_l1_addr, uint64_t dst_noc_addr, uint32_t size, uint32_t trid, uint8_t cmd_buf = 0,
                                               TTSIM_NOC, uint32_t vc = NOC_UNICAST_WRITE_VC, TTSIM_LINE) {
    (void)vc, (void)cmd_buf;
    tensix_noc_write(src_local_l1_addr, dst_noc_addr, size, noc, trid, TTSIM_NOC_ONE_PACKET | TTSIM_POSTED_FLAG, call_line);
}

#define TTSIM_MULTICAST(flags) \
    tensix_noc_multicast(src_local_l1_addr, dst_noc_addr_multicast, size, num_dests, noc, ttsim_self->write_trid[noc & 1], \
                        (flags) | (linked ? uint32_t(TTSIM_NOC_LINKED) : 0u), call_line)

template <bool enable_noc_tracing = true>
ALWI void noc_async_write_multicast_one_packet(uint32_t src_local_l1_addr, uint64_t dst_noc_addr_multicast, uint32_t size, uint32_t num_dests,
                                               bool linked = false, TTSIM_NOC, TTSIM_LINE) {
    TTSIM_MULTICAST(TTSIM_NOC_ONE_PACKET);
}
template <uint32_t max_page_size = NOC_MAX_BURST_SIZE + 1>
ALWI void noc_async_write_multicast(uint32_t src_local_l1_addr, uint64_t dst_noc_addr_multicast, uint32_t size, uint32_t num_dests,
                                    bool linked = false, TTSIM_NOC, uint8_t vc = NOC_MULTICAST_WRITE_VC, TTSIM_LINE) {
    (void)vc;
    TTSIM_MULTICAST(0u);
}
ALWI void noc_async_write_multicast_loopback_src(uint32_t src_local_l1_addr, uint64_t dst_noc_addr_multicast, uint32_t size, uint32_t num_dests,
                                                 bool linked = false, TTSIM_NOC, TTSIM_LINE) {
    TTSIM_MULTICAST(TTSIM_NOC_LOOPBACK);
}

template <InlineWriteDst dst_type = InlineWriteDst::DEFAULT, bool posted = false, bool flush = true>
ALWI void noc_inline_dw_write(uint64_t addr, uint32_t val, uint8_t be = 0xF, TTSIM_NOC, uint8_t vc = NOC_UNICAST_WRITE_VC,
                              uint32_t customized_src_addr = 0, TTSIM_LINE) {
    (void)vc, (void)customized_src_addr;
    tensix_noc_inline_write(addr, val, be, 1, 0, noc, TTSIM_POSTED_FLAG, call_line);
}
template <InlineWriteDst dst_type = InlineWriteDst::DEFAULT, bool posted = false, bool flush = true>
ALWI void noc_inline_mcast_dw_write(uint64_t addr, uint32_t val, uint8_t be = 0xF, TTSIM_NOC, uint8_t vc = NOC_MULTICAST_WRITE_VC,
                                    uint32_t customized_src_addr = 0, uint32_t num_dest = 1, TTSIM_LINE) {
    (void)vc, (void)customized_src_addr;
    tensix_noc_inline_write(addr, val, be, num_dest, 1, noc, TTSIM_POSTED_FLAG, call_line);
}

// ---- barriers

ALWI void noc_async_read_barrier(TTSIM_NOC, TTSIM_LINE) { tensix_noc_barrier(TTSIM_READS, noc, TTSIM_ANY_TRID, call_line); }
ALWI void noc_async_write_barrier(TTSIM_NOC, TTSIM_LINE) { tensix_noc_barrier(TTSIM_WRITES, noc, TTSIM_ANY_TRID, call_line); }
ALWI void noc_async_writes_flushed(TTSIM_NOC, TTSIM_LINE) { tensix_noc_barrier(TTSIM_WRITES_SENT, noc, TTSIM_ANY_TRID, call_line); }
ALWI void noc_async_posted_writes_flushed(TTSIM_NOC, TTSIM_LINE) { tensix_noc_barrier(TTSIM_POSTED_SENT, noc, TTSIM_ANY_TRID, call_line); }
ALWI void noc_async_atomic_barrier(uint8_t noc_idx = ttsim_self->noc, TTSIM_LINE) {
    tensix_noc_barrier(TTSIM_ATOMICS, noc_idx, TTSIM_ANY_TRID, call_line);
}
ALWI void noc_async_full_barrier(uint8_t noc_idx = ttsim_self->noc, TTSIM_LINE) {
    tensix_noc_barrier(TTSIM_ALL, noc_idx, TTSIM_ANY_TRID, call_line);
}
ALWI void noc_async_read_barrier_with_trid(uint32_t trid, TTSIM_NOC, TTSIM_LINE) { tensix_noc_barrier(TTSIM_READS, noc, trid, call_line); }
ALWI void noc_async_write_barrier_with_trid(uint32_t trid, TTSIM_NOC, TTSIM_LINE) { tensix_noc_barrier(TTSIM_WRITES, noc, trid, call_line); }
ALWI void noc_async_write_flushed_with_trid(uint32_t trid, TTSIM_NOC, TTSIM_LINE) { tensix_noc_barrier(TTSIM_WRITES_SENT, noc, trid, call_line); }
ALWI bool ncrisc_noc_read_with_transaction_id_flushed(uint32_t noc, uint32_t trid, TTSIM_LINE) {
    return tensix_noc_done(TTSIM_READS, noc, trid, call_line);
}
ALWI bool ncrisc_noc_reads_flushed(uint32_t noc, TTSIM_LINE) { return tensix_noc_done(TTSIM_READS, noc, TTSIM_ANY_TRID, call_line); }
ALWI void reset_noc_trid_barrier_counter(uint32_t id_mask = NOC_CLEAR_OUTSTANDING_REQ_MASK, uint32_t noc = ttsim_self->noc) {
    (void)id_mask, (void)noc;
}

// ---- semaphores

template <ProgrammableCoreType type = ProgrammableCoreType::TENSIX>
ALWI uint32_t get_semaphore(uint32_t semaphore_id, TTSIM_LINE) {
    return tensix_semaphore_address(semaphore_id, call_line);
}
#define TTSIM_POINTER(pointer) uint64_t(reinterpret_cast<uintptr_t>(pointer))
ALWI void noc_semaphore_wait(volatile tt_l1_ptr uint32_t* sem_addr, uint32_t val, TTSIM_LINE) {
    tensix_semaphore_wait(TTSIM_POINTER(sem_addr), val, 0, call_line);
}
ALWI void noc_semaphore_wait_min(volatile tt_l1_ptr uint32_t* sem_addr, uint32_t val, TTSIM_LINE) {
    tensix_semaphore_wait(TTSIM_POINTER(sem_addr), val, 1, call_line);
}
ALWI void noc_semaphore_set(volatile tt_l1_ptr uint32_t* sem_addr, uint32_t val, TTSIM_LINE) {
    tensix_semaphore_set(TTSIM_POINTER(sem_addr), val, call_line);
}
template <bool posted = false>
ALWI void noc_semaphore_inc(uint64_t addr, uint32_t incr, uint8_t noc_id = ttsim_self->noc, uint8_t vc = NOC_UNICAST_WRITE_VC, TTSIM_LINE) {
    (void)vc;
    tensix_noc_atomic(addr, incr, 1, 0, noc_id, TTSIM_POSTED_FLAG, call_line);
}
template <bool posted = false>
ALWI void noc_semaphore_inc_multicast(uint64_t addr, uint32_t incr, uint32_t num_dests, uint8_t noc_id = ttsim_self->noc,
                                      uint8_t vc = NOC_MULTICAST_WRITE_VC, TTSIM_LINE) {
    (void)vc;
    tensix_noc_atomic(addr, incr, num_dests, 1, noc_id, TTSIM_POSTED_FLAG, call_line);
}
ALWI void noc_semaphore_set_remote(uint32_t src_local_l1_addr, uint64_t dst_noc_addr, TTSIM_NOC, TTSIM_LINE) {
    TTSIM_WRITE(src_local_l1_addr, dst_noc_addr, 4, 0);
}
ALWI void noc_semaphore_set_multicast(uint32_t src_local_l1_addr, uint64_t dst_noc_addr_multicast, uint32_t num_dests, bool linked = false, TTSIM_NOC,
                                      uint8_t vc = NOC_MULTICAST_WRITE_VC, TTSIM_LINE) {
    (void)vc;
    constexpr uint32_t size = 4;
    TTSIM_MULTICAST(0u);
}
ALWI void noc_semaphore_set_multicast_loopback_src(uint32_t src_local_l1_addr, uint64_t dst_noc_addr_multicast, uint32_t num_dests,
                                                   bool linked = false, TTSIM_NOC, TTSIM_LINE) {
    constexpr uint32_t size = 4;
    TTSIM_MULTICAST(TTSIM_NOC_LOOPBACK);
}
