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

// Buffers that span cores are not simulated.
struct RemoteReceiverCBInterface;
struct RemoteSenderCBInterface;
TTSIM_REFUSED("remote_cb_wait_front") void remote_cb_wait_front(uint32_t cb_id, uint32_t num_pages);
TTSIM_REFUSED("remote_cb_pop_front") void remote_cb_pop_front(uint32_t cb_id, uint32_t num_pages, uint8_t noc = 0);
TTSIM_REFUSED("remote_cb_reserve_back") void remote_cb_reserve_back(uint32_t cb_id, uint32_t num_pages);
TTSIM_REFUSED("update_remote_cb_config_in_l1") void update_remote_cb_config_in_l1(uint32_t cb_id);
