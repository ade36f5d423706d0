// SPDX-License-Identifier: Apache-2.0
//
// Compute calls on circular buffers and DST, in the spellings of both generations of the kernel API (0.69 and 0.81).
#pragma once
#include "ttsim/base.h"

namespace ckernel {

constexpr uint32_t TTSIM_UNPACK_MATH = 1u << TTSIM_UNPACK | 1u << TTSIM_MATH;
constexpr uint32_t TTSIM_ALL_UNITS = TTSIM_UNPACK_MATH | 1u << TTSIM_PACK;

// ---- start-up

template <SrcOrder src_order = SrcOrder::Regular>
ALWI void compute_kernel_hw_startup(uint32_t icb0, uint32_t icb1, uint32_t ocb, TTSIM_LINE) {
    constexpr bool reversed = src_order == SrcOrder::Reverse;
    tensix_hw_startup(reversed ? icb1 : icb0, reversed ? icb0 : icb1, ocb, call_line);
}
ALWI void compute_kernel_hw_startup(uint32_t icb0, uint32_t ocb) { tensix_hw_startup(icb0, icb0, ocb, __builtin_LINE()); }
template <auto...>
ALWI void unary_op_init_common(uint32_t icb, uint32_t ocb, TTSIM_LINE) {
    tensix_hw_startup(icb, icb, ocb, call_line);
    tensix_copy_init(0, 0, call_line);
}
template <auto...>
ALWI void init_sfpu(uint32_t icb, uint32_t ocb, TTSIM_LINE) {
    tensix_hw_startup(icb, icb, ocb, call_line);
    tensix_copy_init(0, 0, call_line);
}
template <auto...>
ALWI void binary_op_init_common(uint32_t icb0, uint32_t icb1, uint32_t ocb, TTSIM_LINE) { tensix_hw_startup(icb0, icb1, ocb, call_line); }

// ---- DST hand-over

ALWI void tile_regs_acquire(TTSIM_LINE) { tensix_tile_regs(TTSIM_ACQUIRE, call_line); }
ALWI void tile_regs_wait(TTSIM_LINE) { tensix_tile_regs(TTSIM_WAIT, call_line); }
template <auto...>
ALWI void tile_regs_commit(TTSIM_LINE) {
    tensix_tile_regs(TTSIM_COMMIT, call_line);
}
template <auto...>
ALWI void tile_regs_release(TTSIM_LINE) {
    tensix_tile_regs(TTSIM_RELEASE, call_line);
}
template <auto...>
ALWI void acquire_dst(TTSIM_LINE) {
    tensix_tile_regs(TTSIM_ACQUIRE_DST, call_line);
}
template <auto...>
ALWI void release_dst(TTSIM_LINE) {
    tensix_tile_regs(TTSIM_RELEASE_DST, call_line);
}

ALWI uint32_t get_tile_address(uint32_t cb_id, uint32_t tile_index, TTSIM_LINE) { return tensix_cb_tile_address(cb_id, tile_index, call_line); }
/// On each processor by itself.
ALWI uint32_t get_tile_l1_byte_address(uint32_t operand_id, uint32_t tile_index) {
    return tensix_cb_read_ptr(operand_id) + tile_index * tensix_cb_page_size(operand_id);
}
ALWI uint32_t read_tile_value(uint32_t cb_id, uint32_t tile_index, uint32_t element_offset, TTSIM_LINE) {
    return reinterpret_cast<const volatile uint32_t*>(uintptr_t(tensix_cb_tile_address(cb_id, tile_index, call_line)))[element_offset];
}

// ---- copy

template <auto...>
ALWI void copy_init(uint32_t, uint32_t transpose = 0, uint32_t transpose_within_16x16_face = 0, TTSIM_LINE) {
    tensix_copy_init(transpose, transpose_within_16x16_face, call_line);
}
template <auto...>
ALWI void copy_tile_init(uint32_t, TTSIM_LINE) {
    tensix_copy_init(0, 0, call_line);
}
template <auto...>
ALWI void copy_tile_to_dst_init_short(uint32_t, uint32_t transpose = 0, uint32_t transpose_within_16x16_face = 0, TTSIM_LINE) {
    tensix_copy_init(transpose, transpose_within_16x16_face, call_line);
}
template <auto...>
ALWI void copy_tile_to_dst_init_short_with_dt(uint32_t, uint32_t new_cb_id, uint32_t transpose = 0, TTSIM_LINE) {
    tensix_reconfigure_sources(1u << TTSIM_UNPACK, new_cb_id, TTSIM_NO_CB, call_line);
    tensix_copy_init(transpose, 0, call_line);
}
template <auto...>
ALWI void copy_tile(uint32_t in_cb_id, uint32_t in_tile_index, uint32_t dst_tile_index, TTSIM_LINE) {
    tensix_copy_tile(in_cb_id, in_tile_index, dst_tile_index, call_line);
}
template <auto...>
ALWI void copy_block(uint32_t in_cb_id, uint32_t start_in_tile_index, uint32_t start_dst_tile_index, uint32_t ntiles, TTSIM_LINE) {
    for (uint32_t i = 0; i < ntiles; i++) tensix_copy_tile(in_cb_id, start_in_tile_index + i, start_dst_tile_index + i, call_line);
}
template <auto...>
ALWI void copy_block_matmul_partials(uint32_t in_cb_id, uint32_t start_in_tile_index, uint32_t start_dst_tile_index, uint32_t ntiles, TTSIM_LINE) {
    for (uint32_t i = 0; i < ntiles; i++) tensix_copy_tile(in_cb_id, start_in_tile_index + i, start_dst_tile_index + i, call_line);
}

// ---- pack

ALWI void pack_init(uint32_t, TTSIM_LINE) { tensix_init(1u << TTSIM_PACK, call_line); }
template <bool out_of_order_output = false, auto...>
ALWI void pack_tile(uint32_t ifrom_dst, uint32_t icb, uint32_t output_tile_index = 0, TTSIM_LINE) {
    tensix_pack_tile(ifrom_dst, icb, out_of_order_output, output_tile_index, call_line);
}
template <auto...>
ALWI void pack_block(uint32_t ifrom_dst, uint32_t icb, uint32_t ntiles, TTSIM_LINE) {
    for (uint32_t i = 0; i < ntiles; i++) tensix_pack_tile(ifrom_dst + i, icb, 0, 0, call_line);
}
template <auto...>
ALWI void pack_tile_block(uint32_t ifrom_dst, uint32_t icb, uint32_t ntiles, TTSIM_LINE) {
    for (uint32_t i = 0; i < ntiles; i++) tensix_pack_tile(ifrom_dst + i, icb, 0, 0, call_line);
}
template <auto...>
ALWI void matmul_pack_tile(uint32_t ifrom_dst, uint32_t icb, uint32_t ntiles, TTSIM_LINE) {
    for (uint32_t i = 0; i < ntiles; i++) tensix_pack_tile(ifrom_dst + i, icb, 0, 0, call_line);
}
ALWI void pack_reconfig_l1_acc(uint32_t l1_acc_en, TTSIM_LINE) { tensix_pack_l1_accumulate(l1_acc_en, call_line); }
struct ReluConfig {
    ReluType type = ReluType::NO_RELU;
    uint32_t threshold = 0;
    static constexpr ReluConfig none() { return {}; }
    static constexpr ReluConfig zero() { return {ReluType::ZERO_RELU, 0}; }
    static constexpr ReluConfig min_threshold(uint32_t bits) { return {ReluType::MIN_THRESHOLD_RELU, bits}; }
    static constexpr ReluConfig max_threshold(uint32_t bits) { return {ReluType::MAX_THRESHOLD_RELU, bits}; }
};
ALWI void pack_relu_config(const ReluConfig& config, TTSIM_LINE) { tensix_pack_relu(uint32_t(config.type), config.threshold, call_line); }
ALWI void pack_relu_config(uint32_t config, TTSIM_LINE) { tensix_pack_relu(config & 0xF, config >> 16, call_line); }
ALWI void llk_pack_relu_config(uint32_t config, TTSIM_LINE) { tensix_pack_relu(config & 0xF, config >> 16, call_line); }
ALWI void llk_pack_relu_config(ReluType type, TTSIM_LINE) { tensix_pack_relu(uint32_t(type), 0, call_line); }

// ---- data format reconfiguration

/// Both operands: the new ones, or old and new of each.
#define TTSIM_RECONFIG(name)                                                                                                     \
    template <auto...>                                                                                                           \
    ALWI void name(uint32_t srca_new, uint32_t srcb_new, TTSIM_LINE) {                                                           \
        tensix_reconfigure_sources(TTSIM_UNPACK_MATH, srca_new, srcb_new, call_line);                                            \
    }                                                                                                                            \
    template <auto...>                                                                                                           \
    ALWI void name(uint32_t, uint32_t srca_new, uint32_t, uint32_t srcb_new, TTSIM_LINE) {                                       \
        tensix_reconfigure_sources(TTSIM_UNPACK_MATH, srca_new, srcb_new, call_line);                                            \
    }
/// One operand: the new one, or old and new.
#define TTSIM_RECONFIG_ONE(name, call, ...)                                                                                      \
    template <auto...>                                                                                                           \
    ALWI void name(uint32_t first, uint32_t second = TTSIM_NO_CB, TTSIM_LINE) {                                                  \
        const uint32_t cb = second == TTSIM_NO_CB ? first : second;                                                              \
        call(__VA_ARGS__, call_line);                                                                                            \
    }
TTSIM_RECONFIG(reconfig_data_format)
TTSIM_RECONFIG(reconfig_full_operand)
TTSIM_RECONFIG(reconfig_tile_shape)
TTSIM_RECONFIG_ONE(reconfig_data_format_srca, tensix_reconfigure_sources, TTSIM_UNPACK_MATH, cb, TTSIM_NO_CB)
TTSIM_RECONFIG_ONE(reconfig_data_format_srcb, tensix_reconfigure_sources, TTSIM_UNPACK_MATH, TTSIM_NO_CB, cb)
TTSIM_RECONFIG_ONE(reconfig_full_operand_srca, tensix_reconfigure_sources, TTSIM_UNPACK_MATH, cb, TTSIM_NO_CB)
TTSIM_RECONFIG_ONE(reconfig_full_operand_srcb, tensix_reconfigure_sources, TTSIM_UNPACK_MATH, TTSIM_NO_CB, cb)
TTSIM_RECONFIG_ONE(reconfig_tile_shape_srca, tensix_reconfigure_sources, TTSIM_UNPACK_MATH, cb, TTSIM_NO_CB)
TTSIM_RECONFIG_ONE(reconfig_tile_shape_srcb, tensix_reconfigure_sources, TTSIM_UNPACK_MATH, TTSIM_NO_CB, cb)
TTSIM_RECONFIG_ONE(pack_reconfig_data_format, tensix_reconfigure_pack, cb)

// ---- element-wise FPU operations

#define TTSIM_NO_BROADCAST 0u, 0u

constexpr uint32_t ttsim_binary(EltwiseBinaryType kind, BroadcastType broadcast = BroadcastType::NONE) {
    return uint32_t(TTSIM_OP_BINARY) | uint32_t(kind) << 8 | uint32_t(broadcast) << 16;
}
constexpr uint32_t ttsim_binary_reuse(EltwiseBinaryType kind) { return uint32_t(TTSIM_OP_BINARY_REUSE) | uint32_t(kind) << 8; }

#define TTSIM_FPU_BINARY(word, OP, accumulate_default)                                                                           \
    ALWI void word##_init(uint32_t, uint32_t, bool acc_to_dest = accumulate_default, TTSIM_LINE) {                               \
        tensix_binary_init(ttsim_binary(OP), acc_to_dest, call_line);                                                            \
    }                                                                                                                            \
    ALWI void word##_tiles_init(uint32_t, uint32_t, bool acc_to_dest = false, TTSIM_LINE) {                                      \
        tensix_binary_init(ttsim_binary(OP), acc_to_dest, call_line);                                                            \
    }                                                                                                                            \
    template <auto...>                                                                                                           \
    ALWI void word##_tiles(uint32_t icb0, uint32_t icb1, uint32_t itile0, uint32_t itile1, uint32_t idst, TTSIM_LINE) {          \
        tensix_binary_tiles(OP, icb0, icb1, itile0, itile1, idst, TTSIM_NO_BROADCAST, call_line);                                 \
    }                                                                                                                            \
    template <auto...>                                                                                                           \
    ALWI void word##_block(uint32_t icb0, uint32_t icb1, uint32_t itile0, uint32_t itile1, uint32_t idst, uint32_t ntiles,       \
                           TTSIM_LINE) {                                                                                         \
        for (uint32_t i = 0; i < ntiles; i++)                                                                                    \
            tensix_binary_tiles(OP, icb0, icb1, itile0 + i, itile1 + i, idst + i, TTSIM_NO_BROADCAST, call_line);                 \
    }                                                                                                                            \
    template <EltwiseBinaryReuseDestType reuse_dest>                                                                             \
    ALWI void word##_reuse_dest_init(uint32_t, TTSIM_LINE) {                                                                     \
        tensix_binary_init(ttsim_binary_reuse(OP), 0, call_line);                                                                \
    }                                                                                                                            \
    template <EltwiseBinaryReuseDestType reuse_dest, auto...>                                                                    \
    ALWI void word##_reuse_dest_tiles(uint32_t in_cb_id, uint32_t in_tile_index, uint32_t dst_tile_index, TTSIM_LINE) {          \
        tensix_binary_reuse(OP, uint32_t(reuse_dest), in_cb_id, in_tile_index, dst_tile_index, call_line);                        \
    }                                                                                                                            \
    template <BroadcastType tBcastDim, auto...>                                                                                  \
    ALWI void word##_tiles_bcast(uint32_t icb0, uint32_t icb1, uint32_t itile0, uint32_t itile1, uint32_t idst,                  \
                                 uint32_t bcast_row_idx = 0, TTSIM_LINE) {                                                       \
        tensix_binary_tiles(OP, icb0, icb1, itile0, itile1, idst, uint32_t(tBcastDim), bcast_row_idx, call_line);                 \
    }                                                                                                                            \
    TTSIM_FPU_BROADCAST(word, OP, rows, BroadcastType::ROW)                                                                      \
    TTSIM_FPU_BROADCAST(word, OP, cols, BroadcastType::COL)                                                                      \
    TTSIM_FPU_BROADCAST(word, OP, scalar, BroadcastType::SCALAR)

#define TTSIM_FPU_BROADCAST(word, OP, side, how)                                                                                 \
    ALWI void word##_bcast_##side##_init(uint32_t, uint32_t, TTSIM_LINE) { tensix_binary_init(ttsim_binary(OP, how), 0, call_line); } \
    ALWI void word##_bcast_##side##_init_short(uint32_t, uint32_t, TTSIM_LINE) { tensix_binary_init(ttsim_binary(OP, how), 0, call_line); } \
    ALWI void word##_tiles_bcast_##side##_init_short(uint32_t, uint32_t, TTSIM_LINE) { tensix_binary_init(ttsim_binary(OP, how), 0, call_line); } \
    template <auto...>                                                                                                           \
    ALWI void word##_tiles_bcast_##side(uint32_t icb0, uint32_t icb1, uint32_t itile0, uint32_t itile1, uint32_t idst,           \
                                        uint32_t bcast_row_idx = 0, TTSIM_LINE) {                                                \
        tensix_binary_tiles(OP, icb0, icb1, itile0, itile1, idst, uint32_t(how), bcast_row_idx, call_line);                       \
    }

TTSIM_FPU_BINARY(add, ELWADD, false)
TTSIM_FPU_BINARY(sub, ELWSUB, false)
TTSIM_FPU_BINARY(mul, ELWMUL, true)


template <bool full_init, EltwiseBinaryType eltwise_binary_type>
ALWI void binary_tiles_init(uint32_t, uint32_t, bool acc_to_dest = false, TTSIM_LINE) {
    tensix_binary_init(ttsim_binary(eltwise_binary_type), acc_to_dest, call_line);
}
template <EltwiseBinaryType op, EltwiseBinaryReuseDestType reuse_dest = EltwiseBinaryReuseDestType::NONE>
ALWI void binary_dest_reuse_tiles_init(uint32_t, TTSIM_LINE) {
    tensix_binary_init(ttsim_binary_reuse(op), 0, call_line);
}
template <EltwiseBinaryType op, EltwiseBinaryReuseDestType reuse_dest = EltwiseBinaryReuseDestType::NONE, auto...>
ALWI void binary_dest_reuse_tiles(uint32_t in_cb_id, uint32_t in_tile_index, uint32_t dst_tile_index, TTSIM_LINE) {
    tensix_binary_reuse(op, uint32_t(reuse_dest), in_cb_id, in_tile_index, dst_tile_index, call_line);
}
template <EltwiseBinaryType op, EltwiseBinaryReuseDestType reuse_dest>
ALWI void binary_reuse_dest_init(uint32_t, TTSIM_LINE) {
    tensix_binary_init(ttsim_binary_reuse(op), 0, call_line);
}
template <EltwiseBinaryType op, EltwiseBinaryReuseDestType reuse_dest, auto...>
ALWI void binary_reuse_dest_tiles(uint32_t in_cb_id, uint32_t in_tile_index, uint32_t dst_tile_index, TTSIM_LINE) {
    tensix_binary_reuse(op, uint32_t(reuse_dest), in_cb_id, in_tile_index, dst_tile_index, call_line);
}
template <EltwiseBinaryType tBcastOp, BroadcastType tBcastDim>
ALWI void bcast_init(uint32_t, uint32_t, TTSIM_LINE) {
    tensix_binary_init(ttsim_binary(tBcastOp, tBcastDim), 0, call_line);
}
template <EltwiseBinaryType tBcastOp, BroadcastType tBcastDim>
ALWI void init_bcast(uint32_t icb0, uint32_t icb1, uint32_t ocb, TTSIM_LINE) {
    tensix_hw_startup(icb0, icb1, ocb, call_line);
    tensix_binary_init(ttsim_binary(tBcastOp, tBcastDim), 0, call_line);
}
template <EltwiseBinaryType tBcastOp, BroadcastType tBcastDim, auto...>
ALWI void any_tiles_bcast(uint32_t icb0, uint32_t icb1, uint32_t itile0, uint32_t itile1, uint32_t idst, uint32_t bcast_row_idx = 0, TTSIM_LINE) {
    tensix_binary_tiles(tBcastOp, icb0, icb1, itile0, itile1, idst, uint32_t(tBcastDim), bcast_row_idx, call_line);
}
template <BroadcastType bcast_type, auto...>
ALWI void unary_bcast_init(uint32_t icb, uint32_t ocb = TTSIM_NO_CB, TTSIM_LINE) {
    if (ocb != TTSIM_NO_CB) tensix_hw_startup(icb, icb, ocb, call_line);
    tensix_operation_init(TTSIM_OP_BROADCAST, TTSIM_UNPACK_MATH, call_line);
}
template <BroadcastType bcast_type, auto...>
ALWI void unary_bcast(uint32_t icb, uint32_t in_tile_index, uint32_t dst_tile_index, TTSIM_LINE) {
    tensix_broadcast_tile(uint32_t(bcast_type), icb, in_tile_index, dst_tile_index, call_line);
}
template <BroadcastType bcast_type>
ALWI void unary_bcast_uninit(uint32_t, TTSIM_LINE) {
    tensix_init(TTSIM_UNPACK_MATH, call_line);
}

// ---- matmul

ALWI void matmul_init(uint32_t, uint32_t, uint32_t transpose = 0, TTSIM_LINE) { tensix_matmul_init(transpose, call_line); }
ALWI void mm_init(uint32_t in0, uint32_t in1, uint32_t out, uint32_t transpose = 0, TTSIM_LINE) {
    tensix_hw_startup(in1, in0, out, call_line);  // the right operand goes through SrcA
    tensix_matmul_init(transpose, call_line);
}
ALWI void mm_init_short(uint32_t, uint32_t, uint32_t transpose = 0, TTSIM_LINE) { tensix_matmul_init(transpose, call_line); }
ALWI void mm_init_short_with_dt(uint32_t, uint32_t in1, uint32_t, uint32_t transpose = 0, TTSIM_LINE) {
    tensix_reconfigure_sources(1u << TTSIM_UNPACK, in1, TTSIM_NO_CB, call_line);
    tensix_matmul_init(transpose, call_line);
}
ALWI void mm_uninit(uint32_t, uint32_t) {}
ALWI void matmul_tiles(uint32_t in0_cb_id, uint32_t in1_cb_id, uint32_t in0_tile_index, uint32_t in1_tile_index, uint32_t idst, TTSIM_LINE) {
    tensix_matmul_tiles(in0_cb_id, in1_cb_id, in0_tile_index, in1_tile_index, idst, call_line);
}
ALWI void matmul_block_init(uint32_t, uint32_t, uint32_t transpose = 0, uint32_t = 1, uint32_t = 1, uint32_t = 1, TTSIM_LINE) {
    tensix_matmul_init(transpose, call_line);
}
ALWI void mm_block_init(uint32_t in0, uint32_t in1, uint32_t out, uint32_t transpose = 0, uint32_t = 1, uint32_t = 1, uint32_t = 1, TTSIM_LINE) {
    tensix_hw_startup(in1, in0, out, call_line);  // the right operand goes through SrcA
    tensix_matmul_init(transpose, call_line);
}
ALWI void mm_block_init_short(uint32_t, uint32_t, uint32_t transpose = 0, uint32_t = 1, uint32_t = 1, uint32_t = 1, TTSIM_LINE) {
    tensix_matmul_init(transpose, call_line);
}
ALWI void mm_block_init_short_with_dt(uint32_t, uint32_t in1, uint32_t, uint32_t transpose = 0, uint32_t = 1, uint32_t = 1, uint32_t = 1,
                                      TTSIM_LINE) {
    tensix_reconfigure_sources(1u << TTSIM_UNPACK, in1, TTSIM_NO_CB, call_line);
    tensix_matmul_init(transpose, call_line);
}
ALWI void mm_block_init_short_with_both_dt(uint32_t in0, uint32_t in1, uint32_t, uint32_t, uint32_t transpose = 0, uint32_t = 1, uint32_t = 1,
                                           uint32_t = 1, TTSIM_LINE) {
    tensix_reconfigure_sources(1u << TTSIM_UNPACK, in1, in0, call_line);
    tensix_matmul_init(transpose, call_line);
}
ALWI void matmul_block(uint32_t in0_cb_id, uint32_t in1_cb_id, uint32_t in0_tile_index, uint32_t in1_tile_index, uint32_t idst, uint32_t transpose,
                       uint32_t ct_dim, uint32_t rt_dim, uint32_t kt_dim, TTSIM_LINE) {
    tensix_matmul_block(in0_cb_id, in1_cb_id, in0_tile_index, in1_tile_index, idst, transpose, ct_dim, rt_dim, kt_dim, call_line);
}

// ---- reduce, transpose

template <PoolType reduce_type, ReduceDim reduce_dim, auto...>
ALWI void reduce_init(uint32_t icb, uint32_t icb_scaler, uint32_t ocb, TTSIM_LINE) {
    tensix_startup_if_missing(icb, icb_scaler, ocb, call_line);
    tensix_reduce_init(uint32_t(reduce_type), uint32_t(reduce_dim), call_line);
}
template <auto...>
ALWI void reduce_uninit(uint32_t = 0, TTSIM_LINE) {
    tensix_reduce_uninit(call_line);
}
template <PoolType reduce_type, ReduceDim reduce_dim, auto...>
ALWI void reduce_tile(uint32_t icb, uint32_t icb_scaler, uint32_t itile, uint32_t itile_scaler, uint32_t idst, TTSIM_LINE) {
    tensix_reduce_tile(uint32_t(reduce_type), uint32_t(reduce_dim), icb, icb_scaler, itile, itile_scaler, idst, call_line);
}
template <PoolType reduce_type, ReduceDim reduce_dim, auto...>
ALWI void reduce_block(uint32_t icb, uint32_t icb_scaler, uint32_t start_itile, uint32_t itile_scaler, uint32_t start_idst, uint32_t ntiles,
                       TTSIM_LINE) {
    for (uint32_t i = 0; i < ntiles; i++)
        tensix_reduce_tile(uint32_t(reduce_type), uint32_t(reduce_dim), icb, icb_scaler, start_itile + i, itile_scaler, start_idst + i, call_line);
}

template <auto...>
ALWI void transpose_init(uint32_t, TTSIM_LINE) {
    tensix_operation_init(TTSIM_OP_TRANSPOSE, TTSIM_UNPACK_MATH, call_line);
}
template <auto...>
ALWI void transpose_tile(uint32_t icb, uint32_t itile, uint32_t idst, TTSIM_LINE) {
    tensix_transpose_tile(icb, itile, idst, call_line);
}
template <auto...>
ALWI void transpose_block(uint32_t icb, uint32_t start_itile, uint32_t start_idst, uint32_t ntiles, TTSIM_LINE) {
    for (uint32_t i = 0; i < ntiles; i++) tensix_transpose_tile(icb, start_itile + i, start_idst + i, call_line);
}
template <auto...>
ALWI void transpose_wh_init(uint32_t icb, uint32_t ocb, TTSIM_LINE) {
    tensix_hw_startup(icb, icb, ocb, call_line);
    tensix_operation_init(TTSIM_OP_TRANSPOSE, TTSIM_UNPACK_MATH, call_line);
}
template <auto...>
ALWI void transpose_wh_init_short(uint32_t, TTSIM_LINE) {
    tensix_operation_init(TTSIM_OP_TRANSPOSE, TTSIM_UNPACK_MATH, call_line);
}
template <auto...>
ALWI void transpose_wh_tile(uint32_t icb, uint32_t itile, uint32_t idst, TTSIM_LINE) {
    tensix_transpose_tile(icb, itile, idst, call_line);
}
template <auto...>
ALWI void transpose_dest_init(uint32_t = 0, TTSIM_LINE) {
    tensix_init(1u << TTSIM_MATH, call_line);
}
template <bool is_32bit = false, bool transpose_of_faces = true>
ALWI void transpose_dest(uint32_t idst, TTSIM_LINE) {
    tensix_transpose_dst(idst, transpose_of_faces, call_line);
}
template <bool is_32bit = false>
ALWI void transpose_wh_dest_init_short(TTSIM_LINE) {
    tensix_init(1u << TTSIM_MATH, call_line);
}
template <bool is_32bit = false>
ALWI void transpose_wh_dest(uint32_t idst, TTSIM_LINE) {
    tensix_transpose_dst(idst, 1, call_line);
}

// ---- tilize: `block` tiles wide rows of elements to tiles, each through its own DST section

template <auto...>
ALWI void tilize_init(uint32_t icb, uint32_t, uint32_t ocb, TTSIM_LINE) {
    tensix_startup_if_missing(icb, icb, ocb, call_line);
    tensix_operation_init(TTSIM_OP_TILIZE, TTSIM_ALL_UNITS, call_line);
}
template <auto...>
ALWI void tilize_init_short(uint32_t, uint32_t, uint32_t = 0, TTSIM_LINE) {
    tensix_operation_init(TTSIM_OP_TILIZE, TTSIM_ALL_UNITS, call_line);
}
template <auto...>
ALWI void tilize_init_short_with_dt(uint32_t, uint32_t new_icb, uint32_t, uint32_t = 0, TTSIM_LINE) {
    tensix_reconfigure_sources(1u << TTSIM_UNPACK, new_icb, TTSIM_NO_CB, call_line);
    tensix_operation_init(TTSIM_OP_TILIZE, 0, call_line);
}
/// `together` tiles share a DST section: one of them, or as many as fast tilize takes at a time.
ALWI void ttsim_tilize_row(uint32_t icb, uint32_t block, uint32_t ocb, uint32_t input_tile_index, uint32_t output_tile_index, uint32_t together,
                           uint32_t call_line) {
    for (uint32_t t = 0; t < block; t += together) {
        const uint32_t tiles = block - t < together ? block - t : together;
        tensix_tile_regs(TTSIM_ACQUIRE, call_line);
        for (uint32_t i = 0; i < tiles; i++) tensix_tilize_tile(icb, block, input_tile_index, t + i, i, together > 1, call_line);
        tensix_tile_regs(TTSIM_COMMIT, call_line);
        tensix_tile_regs(TTSIM_WAIT, call_line);
        for (uint32_t i = 0; i < tiles; i++) tensix_pack_tile(i, ocb, 1, output_tile_index + t + i, call_line);
        tensix_tile_regs(TTSIM_RELEASE, call_line);
    }
}
template <auto...>
ALWI void tilize_block(uint32_t icb, uint32_t block, uint32_t ocb, uint32_t input_tile_index = 0, uint32_t output_tile_index = 0, TTSIM_LINE) {
    ttsim_tilize_row(icb, block, ocb, input_tile_index, output_tile_index, 1, call_line);
}
ALWI void tilize_uninit(uint32_t, uint32_t, TTSIM_LINE) { tensix_init(TTSIM_ALL_UNITS, call_line); }
ALWI void tilize_uninit_with_dt(uint32_t, uint32_t new_icb, uint32_t, TTSIM_LINE) {
    tensix_reconfigure_sources(1u << TTSIM_UNPACK, new_icb, TTSIM_NO_CB, call_line);
}
#define TTSIM_FAST_TILIZE(suffix)                                                                                                \
    template <auto...>                                                                                                           \
    ALWI void fast_tilize_init##suffix(uint32_t, uint32_t, uint32_t, TTSIM_LINE) {                                               \
        tensix_operation_init(TTSIM_OP_TILIZE, TTSIM_ALL_UNITS, call_line);                                                                                  \
    }
TTSIM_FAST_TILIZE()
TTSIM_FAST_TILIZE(_skip_remap)
TTSIM_FAST_TILIZE(_with_dt)
TTSIM_FAST_TILIZE(_with_dt_skip_remap)
template <auto...>
ALWI void fast_tilize_uninit(uint32_t, uint32_t, uint32_t = 0, TTSIM_LINE) {
    tensix_init(TTSIM_ALL_UNITS, call_line);
}
template <auto...>
ALWI void fast_tilize_block(uint32_t icb, uint32_t block, uint32_t ocb, uint32_t input_tile_index = 0, uint32_t output_tile_index = 0, TTSIM_LINE) {
    ttsim_tilize_row(icb, block, ocb, input_tile_index, output_tile_index, 4, call_line);
}

// ---- untilize

template <auto...>
ALWI void untilize_init(uint32_t, uint32_t = 0, TTSIM_LINE) {
    tensix_operation_init(TTSIM_OP_COPY, TTSIM_ALL_UNITS, call_line);
}
template <uint32_t block_ct_dim = 1, auto...>
ALWI void untilize_block(uint32_t icb, uint32_t full_ct_dim, uint32_t ocb, TTSIM_LINE) {
    for (uint32_t t = 0; t < full_ct_dim; t++) {
        tensix_tile_regs(TTSIM_ACQUIRE, call_line);
        tensix_copy_tile(icb, t, 0, call_line);
        tensix_tile_regs(TTSIM_COMMIT, call_line);
        tensix_tile_regs(TTSIM_WAIT, call_line);
        tensix_pack_untilize(0, ocb, full_ct_dim, 0, t, call_line);
        tensix_tile_regs(TTSIM_RELEASE, call_line);
    }
}
template <auto...>
ALWI void untilize_uninit(uint32_t, TTSIM_LINE) {
    tensix_init(TTSIM_ALL_UNITS, call_line);
}
template <uint32_t block_ct_dim = 8, uint32_t full_ct_dim = block_ct_dim, auto...>
ALWI void pack_untilize_init(uint32_t icb, uint32_t ocb, TTSIM_LINE) {
    tensix_startup_if_missing(icb, icb, ocb, call_line);
    tensix_operation_init(TTSIM_OP_COPY, TTSIM_ALL_UNITS, call_line);
}
template <uint32_t block_ct_dim = 8, uint32_t full_ct_dim = block_ct_dim, auto...>
ALWI void pack_untilize_init_skip_remap(uint32_t, uint32_t, TTSIM_LINE) {
    tensix_operation_init(TTSIM_OP_COPY, TTSIM_ALL_UNITS, call_line);
}
template <uint32_t block_ct_dim = 8, uint32_t full_ct_dim = block_ct_dim, auto...>
ALWI void pack_untilize_dest_init(uint32_t, uint32_t = 0, uint32_t = 0, TTSIM_LINE) {
    tensix_init(1u << TTSIM_PACK, call_line);
}
template <uint32_t block_ct_dim = 8, uint32_t full_ct_dim = block_ct_dim, auto...>
ALWI void pack_untilize_block(uint32_t icb, uint32_t block_rt_dim, uint32_t ocb, uint32_t block_c_index = 0, TTSIM_LINE) {
    for (uint32_t r = 0; r < block_rt_dim; r++) {
        tensix_tile_regs(TTSIM_ACQUIRE, call_line);
        for (uint32_t c = 0; c < block_ct_dim; c++) tensix_copy_tile(icb, r * block_ct_dim + c, c, call_line);
        tensix_tile_regs(TTSIM_COMMIT, call_line);
        tensix_tile_regs(TTSIM_WAIT, call_line);
        for (uint32_t c = 0; c < block_ct_dim; c++)
            tensix_pack_untilize(c, ocb, full_ct_dim, r, block_c_index * block_ct_dim + c, call_line);
        tensix_tile_regs(TTSIM_RELEASE, call_line);
    }
}
template <uint32_t block_ct_dim = 8, uint32_t full_ct_dim = block_ct_dim, bool diagonal = false, bool narrow_row = false,
          uint32_t row_num_datums = TILE_C_DIM, uint32_t tile_dst_ct_offset = 0, auto...>
ALWI void pack_untilize_dest(uint32_t ocb, uint32_t block_rt_dim = 1, uint32_t block_c_index = 0, uint32_t = 0, uint32_t = 0,
                             uint32_t tile_dst_rt_offset = 0, TTSIM_LINE) {
    static_assert(!narrow_row, "pack_untilize_dest: narrow rows are not simulated");
    for (uint32_t r = 0; r < block_rt_dim; r++)
        for (uint32_t c = 0; c < block_ct_dim; c++)
            tensix_pack_untilize(tile_dst_rt_offset + tile_dst_ct_offset + r * block_ct_dim + c, ocb, full_ct_dim, r,
                                block_c_index * block_ct_dim + c, call_line);
}
template <auto...>
ALWI void pack_untilize_uninit(uint32_t, TTSIM_LINE) {
    tensix_init(TTSIM_ALL_UNITS, call_line);
}

}  // namespace ckernel
