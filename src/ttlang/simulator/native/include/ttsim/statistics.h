// SPDX-License-Identifier: Apache-2.0
//
// Compute calls that keep state in the vector unit or sort: mean and variance, normalisation, top-k.
#pragma once
#include "ttsim/sfpu.h"

namespace ckernel {

#define TTSIM_STATISTICS(what, dst, reciprocal, count) tensix_statistics(what, dst, reciprocal, count, call_line)

// ---- Welford's recurrence

enum class WelfordInitMode : uint8_t { ClearStats, PreserveStats };

template <WelfordInitMode mode = WelfordInitMode::ClearStats>
ALWI void welford_init(TTSIM_LINE) {
    tensix_init(1u << TTSIM_MATH, call_line);
    if constexpr (mode == WelfordInitMode::ClearStats) TTSIM_STATISTICS(TTSIM_STAT_CLEAR, 0, 0, 0);
}
template <auto...>
ALWI void welford_reinit(uint32_t, TTSIM_LINE) {
    tensix_operation_init(TTSIM_OP_COPY, TTSIM_UNPACK_MATH, call_line);
}
ALWI void welford_clear(TTSIM_LINE) { TTSIM_STATISTICS(TTSIM_STAT_CLEAR, 0, 0, 0); }
template <size_t reciprocal_size>
ALWI void welford_update_rows(uint32_t input_dst_idx, uint32_t start_idx, uint32_t start_row, uint32_t num_rows,
                              const std::array<uint32_t, reciprocal_size>& reciprocal_lut, TTSIM_LINE) {
    ASSERT(start_row + num_rows <= 32);
    tensix_welford_rows(input_dst_idx, start_idx, start_row, num_rows, reciprocal_lut.data(), reciprocal_size, call_line);
}
template <size_t reciprocal_size>
ALWI void welford_update(uint32_t input_dst_idx, uint32_t start_idx, const std::array<uint32_t, reciprocal_size>& reciprocal_lut, TTSIM_LINE) {
    tensix_welford_rows(input_dst_idx, start_idx, 0, 32, reciprocal_lut.data(), reciprocal_size, call_line);
}
ALWI void welford_save_state(uint32_t mean_dst_idx) { tensix_statistics(TTSIM_STAT_SAVE, mean_dst_idx, 0, 0, ttsim_self->line); }
ALWI void welford_restore_state(uint32_t mean_dst_idx) { tensix_statistics(TTSIM_STAT_RESTORE, mean_dst_idx, 0, 0, ttsim_self->line); }
ALWI void welford_save_state(uint32_t mean_dst_idx, uint32_t group_id) {
    tensix_statistics(TTSIM_STAT_SAVE_GROUP, mean_dst_idx, 0, group_id, ttsim_self->line);
}
ALWI void welford_restore_state(uint32_t mean_dst_idx, uint32_t group_id) {
    tensix_statistics(TTSIM_STAT_RESTORE_GROUP, mean_dst_idx, 0, group_id, ttsim_self->line);
}
/// What turns a sum of squares over `scale_idx` + 1 values into a variance, as float bits.
template <size_t reciprocal_size>
ALWI uint32_t ttsim_variance_scale(uint32_t scale_idx, const std::array<uint32_t, reciprocal_size>& reciprocal_lut) {
    ASSERT(reciprocal_size == 0 || scale_idx < reciprocal_size);
    return reciprocal_size ? reciprocal_lut.data()[scale_idx] : ttsim_float_bits(1.0f / float(scale_idx + 1));
}
template <size_t reciprocal_size>
ALWI void welford_finalize_to_face(uint32_t mean_dst_idx, uint32_t group_id, uint32_t scale_idx, const std::array<uint32_t, reciprocal_size>& reciprocal_lut,
                                   TTSIM_LINE) {
    TTSIM_STATISTICS(TTSIM_STAT_TO_FACE, mean_dst_idx, ttsim_variance_scale(scale_idx, reciprocal_lut), group_id);
}
template <size_t reciprocal_size>
ALWI void welford_finalize_to_face(uint32_t mean_dst_idx, uint32_t scale_idx, const std::array<uint32_t, reciprocal_size>& reciprocal_lut, TTSIM_LINE) {
    TTSIM_STATISTICS(TTSIM_STAT_TO_FACE, mean_dst_idx, ttsim_variance_scale(scale_idx, reciprocal_lut), 0);
}
template <size_t reciprocal_size>
ALWI void welford_finalize_to_row(uint32_t mean_dst_idx, uint32_t scale_idx, const std::array<uint32_t, reciprocal_size>& reciprocal_lut, TTSIM_LINE) {
    TTSIM_STATISTICS(TTSIM_STAT_TO_ROW, mean_dst_idx, ttsim_variance_scale(scale_idx, reciprocal_lut), 0);
}

// ---- two passes with a shift

enum class TwoPassAccumulation : uint8_t { ShiftedSum, CentredM2 };
enum class TwoPassAnchor : uint8_t { Reuse, Initialise };

ALWI void two_pass_stats_init_shifted(TTSIM_LINE) { tensix_init(1u << TTSIM_MATH, call_line); }
template <bool dual_m2 = true>
ALWI void two_pass_stats_update_rows(uint32_t input_dst_idx, uint32_t start_row, uint32_t num_rows, TTSIM_LINE) {
    ASSERT(start_row + num_rows <= 32);
    tensix_two_pass_rows(input_dst_idx, start_row, num_rows, 1, 0, call_line);
}
template <TwoPassAccumulation accumulation, TwoPassAnchor anchor = TwoPassAnchor::Reuse, bool dual_accumulator = true>
ALWI void two_pass_stats_update_shifted_rows(uint32_t input_dst_idx, uint32_t start_row, uint32_t num_rows, TTSIM_LINE) {
    ASSERT(start_row + num_rows <= 32 && (anchor == TwoPassAnchor::Reuse || num_rows > 0));
    tensix_two_pass_rows(input_dst_idx, start_row, num_rows, accumulation == TwoPassAccumulation::CentredM2, anchor == TwoPassAnchor::Initialise, call_line);
}
template <bool dual_sum = true, bool retain_anchor = false>
ALWI void two_pass_stats_finish_shifted_mean(uint32_t reciprocal_bits, TTSIM_LINE) {
    TTSIM_STATISTICS(TTSIM_STAT_FINISH_MEAN, 0, reciprocal_bits, 0);
}
ALWI void two_pass_stats_clear(TTSIM_LINE) { TTSIM_STATISTICS(TTSIM_STAT_CLEAR, 0, 0, 0); }
template <bool dual_m2 = true>
ALWI void two_pass_stats_save_state(uint32_t mean_dst_idx, TTSIM_LINE) {
    TTSIM_STATISTICS(TTSIM_STAT_SAVE, mean_dst_idx, 0, 0);
}
ALWI void two_pass_stats_save_anchor(uint32_t anchor_dst_idx, TTSIM_LINE) { TTSIM_STATISTICS(TTSIM_STAT_SAVE_ANCHOR, anchor_dst_idx, 0, 0); }
ALWI void two_pass_stats_restore_anchor(uint32_t anchor_dst_idx, TTSIM_LINE) { TTSIM_STATISTICS(TTSIM_STAT_RESTORE_ANCHOR, anchor_dst_idx, 0, 0); }
template <bool dual_m2 = true>
ALWI void two_pass_stats_combine_block(uint32_t mean_dst_idx, uint32_t total_reciprocal_bits, uint32_t block_n_bits, TTSIM_LINE) {
    TTSIM_STATISTICS(TTSIM_STAT_COMBINE, mean_dst_idx, total_reciprocal_bits, block_n_bits);
}
template <bool dual_m2 = true, bool store_mean = true>
ALWI void two_pass_stats_finalize_to_row(uint32_t mean_dst_idx, uint32_t reciprocal_bits, TTSIM_LINE) {
    TTSIM_STATISTICS(store_mean ? TTSIM_STAT_TO_ROW : TTSIM_STAT_VARIANCE_TO_ROW, mean_dst_idx, reciprocal_bits, 0);
}

// ---- (data - mean) * inv_std

#define TTSIM_NORMALIZE(data, how)                                                        tensix_sfpu_bcast(ELWSUB, uint32_t(how), data, dst_mean_idx, call_line);              tensix_sfpu_bcast(ELWMUL, uint32_t(how), data, dst_inv_std_idx, call_line)
ALWI void sfpu_normalize_bcast_col(uint32_t dst_data_idx, uint32_t dst_mean_idx, uint32_t dst_inv_std_idx, TTSIM_LINE) {
    TTSIM_NORMALIZE(dst_data_idx, BroadcastType::COL);
}
ALWI void sfpu_normalize_bcast_col_two_tiles(uint32_t dst_data_idx, uint32_t dst_second_data_idx, uint32_t dst_mean_idx, uint32_t dst_inv_std_idx,
                                             TTSIM_LINE) {
    TTSIM_NORMALIZE(dst_data_idx, BroadcastType::COL);
    TTSIM_NORMALIZE(dst_second_data_idx, BroadcastType::COL);
}
ALWI void sfpu_residual_normalize_bcast_col(uint32_t dst_data_idx, uint32_t dst_residual_idx, uint32_t dst_mean_idx, uint32_t dst_inv_std_idx,
                                            TTSIM_LINE) {
    tensix_sfpu_binary(ttsim_op::Add, dst_data_idx, dst_residual_idx, dst_data_idx, 0, VectorMode::RC, call_line);
    TTSIM_NORMALIZE(dst_data_idx, BroadcastType::COL);
}
TTSIM_INIT(sfpu_normalize_bcast_scalar_init)
ALWI void sfpu_normalize_bcast_scalar(uint32_t dst_data_idx, uint32_t dst_mean_idx, uint32_t dst_inv_std_idx, TTSIM_LINE) {
    TTSIM_NORMALIZE(dst_data_idx, BroadcastType::SCALAR);
}

// ---- top-k

enum class TopkTieOrder : uint8_t { Unset, Ascending, Descending };
constexpr TopkTieOrder topk_tie_order_from_global_direction(bool descending) {
    return descending ? TopkTieOrder::Descending : TopkTieOrder::Ascending;
}
#define TTSIM_TOPK_PLAIN(call) static_assert(!fused && !rank_stamped, call ": packed and stamped keys are not simulated")

template <bool fused = false, bool rank_stamped = false, uint32_t tag_bits = 16>
ALWI void topk_tile_init(TTSIM_LINE) {
    TTSIM_TOPK_PLAIN("topk_tile_init");
    tensix_sfpu_init(ttsim_name_hash("topk_tile_init"), call_line);
}
template <bool stable_sort = false, bool is_fp32_dest_acc_en = false, bool fused = false, bool rank_stamped = false,
          TopkTieOrder tie_order = TopkTieOrder::Unset>
ALWI void topk_local_sort(uint32_t idst, int idir, int i_end_phase, int i_start_phase = 0, int = 0, int = 0, TTSIM_LINE) {
    TTSIM_TOPK_PLAIN("topk_local_sort");
    ASSERT(i_start_phase == 0);  // single steps of the network, for k over 64, are not simulated
    tensix_topk(TTSIM_TOPK_SORT, idst, idir, 2u << i_end_phase, 2u << i_end_phase, stable_sort, call_line);
}
template <bool idir = false, bool stable_sort = false, bool is_fp32_dest_acc_en = false, bool fused = false, bool rank_stamped = false,
          TopkTieOrder tie_order = TopkTieOrder::Unset, uint32_t tag_bits = 16>
ALWI void topk_merge(uint32_t idst, int m_iter, int k, TTSIM_LINE) {
    TTSIM_TOPK_PLAIN("topk_merge");
    tensix_topk(TTSIM_TOPK_MERGE, idst, idir, uint32_t(k), uint32_t(k) << m_iter, stable_sort, call_line);
}
template <bool stable_sort = false, bool is_fp32_dest_acc_en = false, bool fused = false, bool rank_stamped = false,
          TopkTieOrder tie_order = TopkTieOrder::Unset>
ALWI void topk_rebuild(uint32_t idst, bool idir, int m_iter, int k, int, int, TTSIM_LINE) {
    TTSIM_TOPK_PLAIN("topk_rebuild");
    tensix_topk(TTSIM_TOPK_SORT, idst, idir, uint32_t(k), uint32_t(k) << (m_iter + 1), stable_sort, call_line);
}
/// Adding +0 makes -0 positive and leaves every other value.
template <auto...>
ALWI void topk_canonicalize_negzero_values(uint32_t idst, TTSIM_LINE) {
    for (uint32_t i = 0; i < 2; i++) tensix_sfpu_unary(ttsim_op::AddScalar, idst + i, 0, 0, 0, VectorMode::RC, call_line);
}

}  // namespace ckernel

// ---- raw instructions

/// Units of a compute processor wait for one another. Every call here has finished its work when it returns.
struct p_stall {
    static constexpr uint32_t NONE = 0, THCON = 1, UNPACK0 = 2, UNPACK1 = 4, UNPACK = 6, PACK0 = 8, PACK1 = 16, PACK2 = 32, PACK3 = 64, PACK = 120, MATH = 128,
                              SRCA_CLR = 256, SRCB_CLR = 512, SRCA_VLD = 1024, SRCB_VLD = 2048, XMOV = 4096, TRISC_CFG = 8192, SFPU1 = 16384,
                              WAIT_SFPU = 16384, STALL_TDMA = 1, STALL_SYNC = 2, STALL_PACK = 4, STALL_UNPACK = 8, STALL_XMOV = 16, STALL_THCON = 32,
                              STALL_MATH = 64, STALL_CFG = 128, STALL_SFPU = 256, STALL_THREAD = 511;
};
namespace ckernel {
ALWI void tensix_sync(TTSIM_LINE) { tensix_relax(call_line); }
}
#define TTI_STALLWAIT(stalled, awaited) ((void)(stalled), (void)(awaited), tensix_relax(__builtin_LINE()))

// Groups of the two-pass form are not simulated.
namespace ckernel {
#define TTSIM_GROUP_STATISTICS(name, ...) \
    template <auto...>                    \
    TTSIM_REFUSED(#name) void name(__VA_ARGS__);
TTSIM_GROUP_STATISTICS(two_pass_stats_finalize_to_face, uint32_t mean_dst_idx, uint32_t group_id, uint32_t reciprocal_bits)
TTSIM_GROUP_STATISTICS(two_pass_stats_finalize_and_combine_to_face, uint32_t mean_dst_idx, uint32_t group_id, uint32_t reciprocal_bits)
TTSIM_GROUP_STATISTICS(two_pass_stats_finalize_split_mean_to_row, uint32_t mean_dst_idx, uint32_t reciprocal_bits)
TTSIM_GROUP_STATISTICS(two_pass_stats_switch_group, uint32_t mean_dst_idx, uint32_t save_group_id, uint32_t restore_group_id)
TTSIM_REFUSED("two_pass_stats_save_anchor_to_state") void two_pass_stats_save_anchor_to_state(uint32_t mean_dst_idx);
TTSIM_REFUSED("two_pass_stats_restore_anchor_from_state") void two_pass_stats_restore_anchor_from_state(uint32_t mean_dst_idx);
}  // namespace ckernel
