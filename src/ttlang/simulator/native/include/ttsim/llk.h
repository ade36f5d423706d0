// SPDX-License-Identifier: Apache-2.0
//
// The low-level calls that kernel libraries make for one processor at a time, as far as they mean something here. Each
// does that processor's part of the call of the kernel API that it is made of.
#pragma once
#include "ttsim/compute.h"

enum class p_dim_stride_target : uint8_t { IGNORE = 0, FACE_ROW_MAJOR = 1 };
enum class PackMode : uint8_t { Default = 0, Untilize = 1, Tilize = 2 };

template <auto...>
ALWI void llk_unpack_reconfig_data_format_srca(uint32_t first, uint32_t second = TTSIM_NO_CB, TTSIM_LINE) {
    tensix_reconfigure_sources(1u << TTSIM_UNPACK, second == TTSIM_NO_CB ? first : second, TTSIM_NO_CB, call_line);
}
template <auto...>
ALWI void llk_unpack_reconfig_data_format_srcb(uint32_t first, uint32_t second = TTSIM_NO_CB, TTSIM_LINE) {
    tensix_reconfigure_sources(1u << TTSIM_UNPACK, TTSIM_NO_CB, second == TTSIM_NO_CB ? first : second, call_line);
}
template <auto...>
ALWI void llk_math_reconfig_data_format_srca(uint32_t first, uint32_t second = TTSIM_NO_CB, TTSIM_LINE) {
    tensix_reconfigure_sources(1u << TTSIM_MATH, second == TTSIM_NO_CB ? first : second, TTSIM_NO_CB, call_line);
}
template <auto...>
ALWI void llk_math_reconfig_data_format_srcb(uint32_t first, uint32_t second = TTSIM_NO_CB, TTSIM_LINE) {
    tensix_reconfigure_sources(1u << TTSIM_MATH, TTSIM_NO_CB, second == TTSIM_NO_CB ? first : second, call_line);
}
template <auto...>
ALWI void llk_unpack_reconfig_data_format(uint32_t srca, uint32_t srcb, TTSIM_LINE) {
    tensix_reconfigure_sources(1u << TTSIM_UNPACK, srca, srcb, call_line);
}
template <auto...>
ALWI void llk_unpack_reconfig_data_format(uint32_t, uint32_t srca, uint32_t, uint32_t srcb, TTSIM_LINE) {
    tensix_reconfigure_sources(1u << TTSIM_UNPACK, srca, srcb, call_line);
}
template <auto...>
ALWI void llk_math_reconfig_data_format(uint32_t srca, uint32_t srcb, TTSIM_LINE) {
    tensix_reconfigure_sources(1u << TTSIM_MATH, srca, srcb, call_line);
}
template <auto...>
ALWI void llk_math_reconfig_data_format(uint32_t, uint32_t srca, uint32_t, uint32_t srcb, TTSIM_LINE) {
    tensix_reconfigure_sources(1u << TTSIM_MATH, srca, srcb, call_line);
}
template <auto...>
ALWI void llk_pack_reconfig_data_format(uint32_t first, uint32_t second = TTSIM_NO_CB, TTSIM_LINE) {
    tensix_reconfigure_pack(second == TTSIM_NO_CB ? first : second, call_line);
}
/// How math addresses DST for the packer: the rows of a tile lie in one order here, so only the time passes.
ALWI void llk_math_reconfig_remap(bool, TTSIM_LINE) { tensix_init(1u << TTSIM_MATH, call_line); }
template <ckernel::PoolType pool, ckernel::ReduceDim dim, auto...>
ALWI void llk_unpack_AB_reduce_init(uint32_t, uint32_t, TTSIM_LINE) {
    tensix_reduce_init(uint32_t(pool), uint32_t(dim), call_line);
}
template <ckernel::PoolType pool, ckernel::ReduceDim dim, auto...>
ALWI void llk_math_reduce_init(uint32_t, uint32_t, TTSIM_LINE) {
    tensix_reduce_init(uint32_t(pool), uint32_t(dim), call_line);
}
template <ckernel::ReduceDim dim, auto...>
ALWI void llk_pack_reduce_mask_config(uint32_t, TTSIM_LINE) {
    tensix_reduce_init(0, uint32_t(dim), call_line);
}
ALWI void llk_pack_reduce_mask_clear(TTSIM_LINE) { tensix_reduce_uninit(call_line); }
template <ckernel::EltwiseBinaryType kind, ckernel::BroadcastType broadcast, auto...>
ALWI void llk_math_eltwise_binary_init(uint32_t = 0, uint32_t = 0, bool acc_to_dest = false, TTSIM_LINE) {
    tensix_binary_init(ckernel::ttsim_binary(kind, broadcast), acc_to_dest, call_line);
}
/// The unpacker follows the operation that math is set up for: it pays, and learns nothing new.
template <auto...>
ALWI void llk_unpack_AB_init(uint32_t, uint32_t, TTSIM_LINE) {
    tensix_init(1u << TTSIM_UNPACK, call_line);
}
ALWI void llk_pack_reconfig_l1_acc(uint32_t enable, TTSIM_LINE) { tensix_pack_l1_accumulate(enable, call_line); }
