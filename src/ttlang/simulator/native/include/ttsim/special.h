// SPDX-License-Identifier: Apache-2.0
//
// Calls of the vector unit that few kernels make.
#pragma once
#include "ttsim/compute.h"
#include "ttsim/sfpu.h"

namespace ckernel {

// ---- special functions

#define TTSIM_SPECIAL_UNARY(name, what, p0, p1, ...)                                                 \
    template <auto...>                                                                               \
    ALWI void name(uint32_t idst __VA_ARGS__, TTSIM_LINE) { tensix_special_unary(what, idst, p0, p1, call_line); } \
    TTSIM_INIT(name##_init)
#define TTSIM_SPECIAL_BINARY(name, what)                                                             \
    template <auto...>                                                                               \
    ALWI void name(uint32_t idst0, uint32_t idst1, uint32_t odst, int = VectorMode::RC, TTSIM_LINE) { \
        tensix_special_binary(what, idst0, idst1, odst, 0, 0, call_line);                             \
    }                                                                                                \
    TTSIM_INIT(name##_init)

TTSIM_SPECIAL_UNARY(digamma_tile, TTSIM_DIGAMMA, 0, 0)
TTSIM_SPECIAL_UNARY(polygamma_tile, TTSIM_POLYGAMMA, n_packed, scale_packed, , uint32_t n_packed, uint32_t scale_packed)
TTSIM_SPECIAL_UNARY(lgamma_stirling_tile, TTSIM_LGAMMA_REFLECTED, 0, 0)
TTSIM_SPECIAL_UNARY(gelu_derivative_tile, TTSIM_GELU_DERIVATIVE, 0, 0)
TTSIM_SPECIAL_UNARY(xielu_tile, TTSIM_XIELU, alpha_p, alpha_n, , uint32_t alpha_p, uint32_t alpha_n)
TTSIM_SPECIAL_BINARY(logaddexp_binary_tile, TTSIM_LOG_ADD_EXP)
TTSIM_SPECIAL_BINARY(logaddexp2_binary_tile, TTSIM_LOG_ADD_EXP2)
TTSIM_SPECIAL_BINARY(logsigmoid_tile, TTSIM_LOGSIGMOID)
TTSIM_SPECIAL_BINARY(nextafter_binary_tile, TTSIM_NEXT_AFTER)
TTSIM_SPECIAL_BINARY(nextafter_bf16_binary_tile, TTSIM_NEXT_AFTER_BF16)
#ifdef ARCH_BLACKHOLE
TTSIM_SPECIAL_BINARY(situ_glu_tile, TTSIM_SITU_GLU)
#endif
template <bool equal_nan = false>
ALWI void isclose_binary_tile(uint32_t idst0, uint32_t idst1, uint32_t odst, uint32_t rtol_bits, uint32_t atol_bits, TTSIM_LINE) {
    tensix_special_binary(equal_nan ? TTSIM_IS_CLOSE_NAN : TTSIM_IS_CLOSE, idst0, idst1, odst, rtol_bits, atol_bits, call_line);
}
TTSIM_INIT(isclose_binary_tile_init)
/// idst1 is given log(z), which lgamma itself does not need.
ALWI void lgamma_stirling_float_tile(uint32_t idst0, uint32_t, uint32_t idst2, TTSIM_LINE) {
    tensix_copy_dst(idst0, idst2, call_line);
    tensix_special_unary(TTSIM_LGAMMA_REFLECTED, idst2, 0, 0, call_line);
}
TTSIM_INIT(lgamma_stirling_float_tile_init)
template <auto...>
ALWI void lgamma_adjusted_tile(uint32_t idst0, uint32_t idst1, uint32_t idst2, uint32_t idst3, TTSIM_LINE) {
    tensix_lgamma_adjusted(idst0, idst1, idst2, idst3, call_line);
}
TTSIM_INIT(lgamma_adjusted_tile_init)
TTSIM_WITH_INIT(TERNARY, snake_beta_tile, SnakeBeta)

// ---- quantization

#define TTSIM_QUANTIZE(name, what, bytes_out)                                                       \
    ALWI void name(uint32_t idst0, uint32_t idst1, uint32_t odst, TTSIM_LINE) {                     \
        tensix_quantize(what, idst0, idst1, odst, bytes_out, call_line);                            \
    }
#define TTSIM_QUANTIZE_INIT(name, range) \
    ALWI void name(uint32_t zero_point, TTSIM_LINE) { tensix_sfpu_init_params(zero_point, range, call_line); }
TTSIM_QUANTIZE(quant_tile, TTSIM_QUANT, 0)
TTSIM_QUANTIZE(quant_int8_tile, TTSIM_QUANT, 1)
TTSIM_QUANTIZE(requant_tile, TTSIM_REQUANT, 0)
TTSIM_QUANTIZE(requant_int8_tile, TTSIM_REQUANT, 1)
TTSIM_QUANTIZE(requant_int8_in_tile, TTSIM_REQUANT | TTSIM_QUANT_BYTES, 0)
TTSIM_QUANTIZE(requant_int8_in_int8_out_tile, TTSIM_REQUANT | TTSIM_QUANT_BYTES, 1)
TTSIM_QUANTIZE(dequant_tile, TTSIM_DEQUANT, 0)
TTSIM_QUANTIZE(dequant_int8_tile, TTSIM_DEQUANT | TTSIM_QUANT_BYTES, 0)
TTSIM_QUANTIZE_INIT(quant_tile_init, TTSIM_RANGE_INT32)
TTSIM_QUANTIZE_INIT(quant_uint8_tile_init, TTSIM_RANGE_UINT8)
TTSIM_QUANTIZE_INIT(quant_int8_tile_init, TTSIM_RANGE_INT8)
TTSIM_QUANTIZE_INIT(requant_tile_init, TTSIM_RANGE_INT32)
TTSIM_QUANTIZE_INIT(requant_uint8_tile_init, TTSIM_RANGE_UINT8)
TTSIM_QUANTIZE_INIT(requant_int8_tile_init, TTSIM_RANGE_INT8)
TTSIM_QUANTIZE_INIT(requant_int8_in_tile_init, TTSIM_RANGE_INT32)
TTSIM_QUANTIZE_INIT(requant_int8_in_uint8_out_tile_init, TTSIM_RANGE_UINT8)
TTSIM_QUANTIZE_INIT(requant_int8_in_int8_out_tile_init, TTSIM_RANGE_INT8)
TTSIM_QUANTIZE_INIT(dequant_tile_init, TTSIM_RANGE_INT32)
TTSIM_QUANTIZE_INIT(dequant_int8_tile_init, TTSIM_RANGE_INT32)

// ---- integers

TTSIM_UNARY1(relu_max_tile_uint32, MinScalarUint32)
TTSIM_UNARY1(relu_max_tile_uint16, MinScalarUint32)
TTSIM_UNARY1(relu_min_tile_uint32, MaxScalarUint32)
TTSIM_UNARY1(relu_min_tile_uint16, MaxScalarUint32)
TTSIM_WITH_INIT(UNARY1, remainder_tile_uint32, RemainderScalarUint32)
TTSIM_INIT(sfpu_sum_int_init)
ALWI void sfpu_sum_int_col(uint32_t idst, TTSIM_LINE) { tensix_rearrange(TTSIM_SUM_INT_COLUMN, idst, call_line); }
ALWI void sfpu_sum_int_row(uint32_t idst, TTSIM_LINE) { tensix_rearrange(TTSIM_SUM_INT_ROW, idst, call_line); }
/// Tile idst + 1 added to tile idst.
ALWI void sfpu_add_int(uint32_t idst, uint32_t dst_offset = 2, int32_t iterations = 8, TTSIM_LINE) {
    (void)dst_offset;  // as on the hardware, which always takes the next tile
    ASSERT(iterations == 8);
    tensix_sfpu_binary(ttsim_op::AddInt, idst, idst + 1, idst, 0, VectorMode::RC, call_line);
}

// ---- rows, columns and pairs of a tile

ALWI void stochastic_round_tile(uint32_t idst, TTSIM_LINE) { tensix_stochastic_round(idst, call_line); }
ALWI void tiled_prod_tile(uint32_t idst, TTSIM_LINE) { tensix_rearrange(TTSIM_RUNNING_PRODUCTS, idst, call_line); }
TTSIM_INIT(tiled_prod_tile_init)
ALWI void alt_complex_rotate90_tile(uint32_t idst, TTSIM_LINE) { tensix_rearrange(TTSIM_ROTATE_PAIRS, idst, call_line); }
TTSIM_INIT(alt_complex_rotate90_tile_init)
template <DataFormat format>
ALWI void sfpu_add_top_row(uint32_t dst_tile_0, uint32_t dst_tile_1, uint32_t dst_tile_out, TTSIM_LINE) {
    static_assert(format == DataFormat::Int32 || format == DataFormat::UInt32 || format == DataFormat::Float32, "sfpu_add_top_row: a 32-bit format");
    tensix_add_top_row(format != DataFormat::Float32, dst_tile_0, dst_tile_1, dst_tile_out, call_line);
}
TTSIM_INIT(sfpu_add_top_row_init)
constexpr bool sfpu_reduce_format_supported(DataFormat format) {
    return ttsim_is_integer(format) || format == DataFormat::Float32 || format == DataFormat::Float16_b;
}
ALWI void ema_init(uint32_t alpha, uint32_t beta, TTSIM_LINE) { tensix_sfpu_init_params(alpha, beta, call_line); }
ALWI void ema_clear_previous_output(TTSIM_LINE) { tensix_moving_average_clear(call_line); }
ALWI void ema_tile(uint32_t input_dst_index, TTSIM_LINE) { tensix_moving_average(input_dst_index, call_line); }
/// `idx_addr`: 16 bytes before the byte of row 0.
ALWI void reshuffle_rows_tile(uint32_t idst, uint32_t idx_addr, TTSIM_LINE) { tensix_scatter_rows(idst, uint64_t(idx_addr) + 16, call_line); }
TTSIM_INIT(reshuffle_rows_tile_init)

// ---- shapes of tiles

struct TensorShape {
    uint8_t face_r_dim = 16, face_c_dim = 16, num_faces_r_dim = 2, num_faces_c_dim = 2;
    constexpr uint32_t total_num_faces() const { return uint32_t(num_faces_r_dim) * num_faces_c_dim; }
    constexpr uint32_t total_row_dim() const { return uint32_t(face_r_dim) * num_faces_r_dim; }
    constexpr uint32_t total_col_dim() const { return uint32_t(face_c_dim) * num_faces_c_dim; }
};
constexpr TensorShape DEFAULT_TENSOR_SHAPE{};
constexpr TensorShape tensor_shape_from_num_faces(uint32_t face_r_dim, uint32_t num_faces) {
    return {uint8_t(face_r_dim), 16, uint8_t(num_faces > 2 ? 2 : 1), uint8_t(num_faces > 1 ? 2 : 1)};
}

// ---- the largest of each row over a block of tiles, into the first column of one

template <uint32_t block_ct_dim, auto...>
ALWI void reduce_block_max_row_init(uint32_t ocb = 0, TTSIM_LINE) {
    tensix_reduce_init(uint32_t(PoolType::MAX), uint32_t(ReduceDim::REDUCE_ROW), call_line);
}
template <uint32_t block_ct_dim, auto...>
ALWI void reduce_block_max_row_reinit_short(uint32_t ocb = 0, TTSIM_LINE) {
    tensix_reduce_init(uint32_t(PoolType::MAX), uint32_t(ReduceDim::REDUCE_ROW), call_line);
}
template <uint32_t block_ct_dim, auto...>
ALWI void reduce_block_max_row_reinit_minimal(uint32_t ocb = 0, TTSIM_LINE) {
    tensix_reduce_init(uint32_t(PoolType::MAX), uint32_t(ReduceDim::REDUCE_ROW), call_line);
}
ALWI void reduce_block_max_row_init_runtime(uint32_t, uint32_t, bool = false, uint32_t = 4, TTSIM_LINE) {
    tensix_reduce_init(uint32_t(PoolType::MAX), uint32_t(ReduceDim::REDUCE_ROW), call_line);
}
ALWI void reduce_block_max_row_reinit_short_runtime(uint32_t, uint32_t, bool = false, uint32_t = 4, TTSIM_LINE) {
    tensix_reduce_init(uint32_t(PoolType::MAX), uint32_t(ReduceDim::REDUCE_ROW), call_line);
}
ALWI void reduce_block_max_row_reinit_minimal_runtime(uint32_t, uint32_t, bool = false, uint32_t = 4, TTSIM_LINE) {
    tensix_reduce_init(uint32_t(PoolType::MAX), uint32_t(ReduceDim::REDUCE_ROW), call_line);
}
ALWI void reduce_block_max_row_runtime(uint32_t icb, uint32_t icb_scaler, uint32_t row_start_index, uint32_t idst, uint32_t block_ct_dim,
                                       bool = false, uint32_t = 4, TTSIM_LINE) {
    for (uint32_t i = 0; i < block_ct_dim; i++)
        tensix_reduce_tile(uint32_t(PoolType::MAX), uint32_t(ReduceDim::REDUCE_ROW), icb, icb_scaler, row_start_index + i, 0, idst, call_line);
}
template <uint32_t block_ct_dim, auto...>
ALWI void reduce_block_max_row(uint32_t icb, uint32_t icb_scaler, uint32_t row_start_index, uint32_t idst, TTSIM_LINE) {
    reduce_block_max_row_runtime(icb, icb_scaler, row_start_index, idst, block_ct_dim, false, 4, call_line);
}
ALWI void reduce_block_max_row_uninit_runtime(uint32_t, uint32_t = 0, bool = false, uint32_t = 4, TTSIM_LINE) { tensix_reduce_uninit(call_line); }
template <auto...>
ALWI void reduce_block_max_row_uninit(uint32_t = 0, TTSIM_LINE) {
    tensix_reduce_uninit(call_line);
}

// ---- one step of a unit, without data

ALWI void dummy_unpack(uint32_t, TTSIM_LINE) { tensix_init(1u << TTSIM_UNPACK, call_line); }
ALWI void dummy_pack(uint32_t, TTSIM_LINE) { tensix_init(1u << TTSIM_PACK, call_line); }

// ---- top-k: tags of ranks below bfloat16 values. Indices of 16 bits lie in DST as integers, which the packer takes as they are.

template <uint32_t tag_bits = 16, auto...>
ALWI void topk_strip_rank_tags(uint32_t idst, TTSIM_LINE) {
    tensix_clear_bits(idst, (1u << tag_bits) - 1, call_line);
}
template <auto...>
ALWI void topk_finalize_uint16_indices(uint32_t idst, TTSIM_LINE) {
    tensix_clear_bits(idst, 0xFFFF0000u, call_line);
}
template <auto...>
ALWI void topk_uint16_move_dest_tile_to_pack_half(uint32_t idst, TTSIM_LINE) {
    tensix_clear_bits(idst, 0xFFFF0000u, call_line);
}

// ---- refused: see docs/simulator-api.md

enum class DataLayout : uint8_t { TILE = 0, ROW_MAJOR = 1 };
#define TTSIM_REFUSED_CALL(name) \
    template <auto..., typename... Arguments> \
    TTSIM_REFUSED(#name) void name(Arguments...);
TTSIM_REFUSED_CALL(topk_fuse_tile)
TTSIM_REFUSED_CALL(topk_defuse_tile)
TTSIM_REFUSED_CALL(topk_stamp_local_positions)
TTSIM_REFUSED_CALL(topk_stamp_tile_rank_range)
template <int num_rows = 9, DataLayout layout = DataLayout::TILE, auto...>
TTSIM_REFUSED("max_reduce_with_indices") void max_reduce_with_indices(uint32_t idst, uint32_t idst_idx, uint32_t chunk = 0);
template <DataLayout layout = DataLayout::TILE>
TTSIM_REFUSED("max_reduce_with_indices_init") void max_reduce_with_indices_init();
TTSIM_REFUSED_CALL(matmul_block_math_dynamic_throttle)
TTSIM_REFUSED_CALL(tilizeA_B_reduce_init)
TTSIM_REFUSED_CALL(unpack_tilizeA_B_block)
TTSIM_REFUSED_CALL(unpack_tilizeA_B_uninit)
TTSIM_REFUSED_CALL(llk_unpack_tilizeA_B_init)
TTSIM_REFUSED_CALL(reduce_tile_math)
TTSIM_REFUSED_CALL(eq_int_tile_dispatch)
TTSIM_REFUSED_CALL(rel_int_tile_dispatch)
TTSIM_REFUSED_CALL(bitwise_instr_mode)
TTSIM_REFUSED_CALL(topk_uint16_prepare_value_tile_for_pack)
TTSIM_REFUSED_CALL(sub_bcast_cols_compensated_init)
TTSIM_REFUSED_CALL(sub_bcast_cols_compensated)
TTSIM_REFUSED_CALL(clamped_silu_glu_tile)
TTSIM_REFUSED_CALL(clamped_silu_glu_tile_init)
TTSIM_REFUSED("enable_fp32_dest_acc") void enable_fp32_dest_acc();
TTSIM_REFUSED("disable_fp32_dest_acc") void disable_fp32_dest_acc();
TTSIM_REFUSED_CALL(set_fp32_dest_acc)
TTSIM_REFUSED_CALL(restore_fp32_dest_acc)
TTSIM_REFUSED("get_compute_special_value_flags") uint32_t get_compute_special_value_flags();
TTSIM_REFUSED("get_compute_special_value_flags_fpu") uint32_t get_compute_special_value_flags_fpu(uint32_t special_value_flags_reg);
TTSIM_REFUSED("get_compute_special_value_flags_sfpu") uint32_t get_compute_special_value_flags_sfpu(uint32_t special_value_flags_reg);
TTSIM_REFUSED("clear_compute_special_value_flags") void clear_compute_special_value_flags();

}  // namespace ckernel
