// SPDX-License-Identifier: Apache-2.0
//
// Data movement beyond single transfers: transaction ids with state, alignment, 16-bit floats, counters of the firmware.
#pragma once
#include "ttsim/dataflow.h"

template <bool inc_num_issued = true, bool skip_cmdbuf_chk = false>
ALWI void noc_async_read_one_packet_with_state_with_trid(uint32_t src_base_addr, uint32_t src_addr, uint32_t dest_addr, uint32_t trid = 0, TTSIM_NOC,
                                                         TTSIM_LINE) {
    const uint64_t source = (ttsim_self->read_state[noc & 1] & ~uint64_t(0xFFFFFFFFu)) | (src_base_addr + src_addr);
    tensix_noc_read(source, dest_addr, ttsim_self->read_state_bytes[noc & 1], noc, trid, TTSIM_NOC_STATEFUL | TTSIM_NOC_ONE_PACKET, call_line);
}

ALWI constexpr uint32_t align(uint32_t address, uint32_t alignment) { return (address + alignment - 1) & ~(alignment - 1); }

ALWI constexpr uint32_t align_power_of_2(uint32_t address, uint32_t alignment) { return align(address, alignment); }
ALWI constexpr bool is_power_of_2(uint32_t n) { return n != 0 && (n & (n - 1)) == 0; }

ALWI float bf16_to_fp32(uint16_t bits) {
    const uint32_t word = uint32_t(bits) << 16;
    float value;
    __builtin_memcpy(&value, &word, 4);
    return value;
}
ALWI uint16_t fp32_to_bf16_truncate(float value) {
    uint32_t word;
    __builtin_memcpy(&word, &value, 4);
    return uint16_t(word >> 16);
}
/// Nearest, ties to even; a NaN stays one.
ALWI uint16_t fp32_to_bf16(float value) {
    uint32_t word;
    __builtin_memcpy(&word, &value, 4);
    if ((word & 0x7FFFFFFFu) > 0x7F800000u) return uint16_t(word >> 16 | 0x40u);
    return uint16_t((word + 0x7FFFu + (word >> 16 & 1)) >> 16);
}

/// Order of the values: false when either is a NaN; both zeros are equal.
ALWI bool float32_greater(uint32_t a, uint32_t b) {
    float x, y;
    __builtin_memcpy(&x, &a, 4);
    __builtin_memcpy(&y, &b, 4);
    return __builtin_isgreater(x, y);
}
ALWI bool bfloat16_greater(uint16_t a, uint16_t b) { return float32_greater(uint32_t(a) << 16, uint32_t(b) << 16); }
constexpr uint32_t NEG_INF_FLOAT32 = 0xFF800000, POS_INF_FLOAT32 = 0x7F800000, NAN_FLOAT32 = 0x7FFFFFFF;
constexpr uint32_t FLOAT32_SIGN_MASK = 0x80000000, FLOAT32_EXPONENT_MASK = 0x7F800000, FLOAT32_MANTISSA_MASK = 0x007FFFFF,
                   FLOAT32_MAGNITUDE_MASK = 0x7FFFFFFF;
constexpr uint16_t BFLOAT16_SIGN_MASK = 0x8000, BFLOAT16_EXPONENT_MASK = 0x7F80, BFLOAT16_MANTISSA_MASK = 0x007F, BFLOAT16_MAGNITUDE_MASK = 0x7FFF;
constexpr uint16_t NEG_INF_BFLOAT16 = 0xFF80, POS_INF_BFLOAT16 = 0x7F80, NAN_BFLOAT16 = 0x7FFF;

template <typename T, typename = void>
inline constexpr bool has_get_aligned_page_size_v = false;
template <typename T>
inline constexpr bool has_get_aligned_page_size_v<T, std::void_t<decltype(std::declval<const T&>().get_aligned_page_size())>> = true;

ALWI unsigned int mulsi3(unsigned int a, unsigned int b) { return a * b; }

// What firmware keeps in registers is kept by the engine, for each transaction: there is nothing to set up again.
ALWI void ncrisc_noc_counters_init() {}
ALWI void dynamic_noc_local_state_init() {}
ALWI void WATCHER_RING_BUFFER_PUSH(uint32_t value) { tensix_print_text("ring buffer "), tensix_print_unsigned(value), tensix_print_text("\n"); }

// ---- registers of a NoC command buffer: kernels set the virtual channel of later reads, which the model of time does not know

constexpr uint32_t NCRISC_RD_CMD_BUF = read_cmd_buf;
#define NOC_CTRL (0xFFB20000u + 0x1C)
#define NOC_CMD_CPY 0u
#define NOC_CMD_RD 0u
#define NOC_CMD_RESP_MARKED (1u << 4)
#define NOC_CMD_VC_STATIC (1u << 7)
#define NOC_CMD_STATIC_VC(vc) (uint32_t(vc) << 13)
ALWI void NOC_CMD_BUF_WRITE_REG(uint32_t noc, uint32_t buf, uint32_t addr, uint32_t val) {
    (void)noc;
    constexpr uint32_t plain = NOC_CMD_RESP_MARKED | NOC_CMD_VC_STATIC | NOC_CMD_STATIC_VC(7);
    LLK_ASSERT(buf == read_cmd_buf && addr == NOC_CTRL && !(val & ~plain), "NOC_CMD_BUF_WRITE_REG: only the virtual channel of reads is simulated");
}

// ---- inline writes with state: target and value are set once, the low half of the target and the value may follow

template <bool posted = false, bool set_val = false, InlineWriteDst dst_type = InlineWriteDst::DEFAULT>
ALWI void noc_inline_dw_write_set_state(uint64_t addr, uint32_t val = 0, uint8_t be = 0xF, uint8_t cmd_buf = write_at_cmd_buf, TTSIM_NOC,
                                        uint8_t vc = NOC_UNICAST_WRITE_VC) {
    (void)cmd_buf, (void)vc;
    ttsim_self->write_state[noc & 1] = addr;
    ttsim_self->write_state_bytes[noc & 1] = be;
    if constexpr (set_val) ttsim_self->inline_state[noc & 1] = val;
}
template <bool update_addr_lo = false, bool update_counter = true, bool posted = false, bool update_addr_hi = false, bool update_val = false,
          InlineWriteDst dst_type = InlineWriteDst::DEFAULT>
ALWI void noc_inline_dw_write_with_state(uint32_t val, uint32_t addr = 0, uint8_t cmd_buf = write_at_cmd_buf, TTSIM_NOC, TTSIM_LINE) {
    static_assert(!update_addr_hi, "noc_inline_dw_write_with_state: the coordinates of the target stay as they were set");
    (void)cmd_buf;
    const uint32_t slot = noc & 1;
    if constexpr (update_addr_lo) ttsim_self->write_state[slot] = (ttsim_self->write_state[slot] & ~uint64_t(0xFFFFFFFFu)) | addr;
    if constexpr (update_val) ttsim_self->inline_state[slot] = val;
    tensix_noc_inline_write(ttsim_self->write_state[slot], ttsim_self->inline_state[slot], ttsim_self->write_state_bytes[slot], 1, 0, noc,
                            TTSIM_NOC_STATEFUL | TTSIM_POSTED_FLAG, call_line);
}

constexpr int32_t NEG_INF_INT32 = INT32_MIN, POS_INF_INT32 = INT32_MAX;
constexpr uint32_t INT32_SIGN_MASK = 0x80000000u;
ALWI bool int32_greater(int32_t a, int32_t b) { return a > b; }

/// Nothing that memory holds is kept in registers across it.
ALWI void clobber_all_memory() { asm volatile("" ::: "memory"); }

// ---- refused: memory of the host (docs/simulator-api.md)

TTSIM_REFUSED("get_system_memory_noc_addr") uint64_t get_system_memory_noc_addr(uint32_t id, uint32_t page_size, uint32_t base_addr,
                                                                               uint32_t offset = 0, uint8_t noc = 0);
/// L1 has no cache in front of it here: what one processor writes the next one reads.
ALWI void scoped_lock_release_cache_ops(uintptr_t, size_t) {}
ALWI void scoped_lock_acquire_cache_ops(uintptr_t, size_t) {}
