// SPDX-License-Identifier: Apache-2.0
//
// The same functions with C linkage and plain integer arguments, for ctypes.
#include "numerics.h"

using namespace ttsim;

namespace {

/// accuracy (0 fast, 1 exact) | fidelity phases << 4 | fp32_dest << 8 | approx << 9 | fp16_dest << 10
MathConfig decode(uint32_t config) {
    MathConfig out;
    out.accuracy = config & 1 ? Accuracy::Exact : Accuracy::Fast;
    out.fidelity_phases = config >> 4 & 15;
    out.fp32_dest = config >> 8 & 1;
    out.approx = config >> 9 & 1;
    out.fp16_dest = config >> 10 & 1;
    return out;
}
DataFormat format_of(uint32_t code) { return (DataFormat)(uint8_t)code; }

}  // namespace

#define TTSIM_API extern "C" __attribute__((visibility("default")))

TTSIM_API uint32_t ttsim_tile_bytes(uint32_t format, uint32_t datums) { return tile_bytes(format_of(format), datums); }

TTSIM_API int ttsim_copy_tile(uint32_t config, uint32_t format, const void* tile, int to_dest, uint32_t* dst) {
    return copy_tile(decode(config), format_of(format), tile, to_dest, dst);
}
TTSIM_API int ttsim_transpose_tile(uint32_t config, uint32_t format, const void* tile, int to_dest, uint32_t* dst) {
    return transpose_tile(decode(config), format_of(format), tile, to_dest, dst);
}
TTSIM_API int ttsim_broadcast_tile(uint32_t config, uint32_t format, const void* tile, uint32_t how, uint32_t* dst) {
    return broadcast_tile(decode(config), format_of(format), tile, (Broadcast)how, dst);
}
TTSIM_API int ttsim_pack_tile(uint32_t config, uint32_t format, const uint32_t* dst, void* tile, uint32_t relu,
                              uint32_t threshold, int l1_accumulate) {
    PackConfig pack;
    pack.relu = (Relu)relu;
    pack.relu_threshold = (uint16_t)threshold;
    pack.l1_accumulate = l1_accumulate;
    return pack_tile(decode(config), format_of(format), dst, tile, pack);
}
TTSIM_API int ttsim_tilize(uint32_t format, const void* rows, size_t row_bytes, void* tile) {
    return tilize(format_of(format), rows, row_bytes, tile);
}
TTSIM_API int ttsim_untilize(uint32_t format, const void* tile, void* rows, size_t row_bytes) {
    return untilize(format_of(format), tile, rows, row_bytes);
}

TTSIM_API int ttsim_eltwise(uint32_t config, uint32_t op, uint32_t format_a, const void* a, uint32_t format_b, const void* b,
                            int accumulate, uint32_t* dst, uint32_t bcast, uint32_t bcast_row) {
    return eltwise_tiles(decode(config), (EltwiseOp)op, format_of(format_a), a, format_of(format_b), b, accumulate, dst,
                         (Broadcast)bcast, bcast_row);
}
TTSIM_API int ttsim_reuse_dest(uint32_t config, uint32_t op, uint32_t reuse, uint32_t format, const void* tile, uint32_t* dst) {
    return eltwise_reuse_dest(decode(config), (EltwiseOp)op, (ReuseDest)reuse, format_of(format), tile, dst);
}
TTSIM_API int ttsim_matmul(uint32_t config, uint32_t format0, const void* in0, uint32_t format1, const void* in1, int transpose,
                           uint32_t* dst) {
    return matmul_tile(decode(config), format_of(format0), in0, format_of(format1), in1, transpose, dst);
}
TTSIM_API int ttsim_matmul_block(uint32_t config, uint32_t format0, const void* in0, uint32_t format1, const void* in1,
                                 int transpose, uint32_t ct, uint32_t rt, uint32_t kt, uint32_t* dst) {
    return matmul_block(decode(config), format_of(format0), in0, format_of(format1), in1, transpose, ct, rt, kt, dst);
}
TTSIM_API int ttsim_reduce(uint32_t config, uint32_t pool, uint32_t dim, uint32_t format, const void* tile,
                           uint32_t scaler_format, const void* scaler, uint32_t* dst, int fresh) {
    return reduce_tile(decode(config), (PoolType)pool, (ReduceDim)dim, format_of(format), tile, format_of(scaler_format), scaler,
                       dst, fresh);
}

TTSIM_API uint32_t ttsim_sfpu_count() { return (uint32_t)SfpuOp::Count; }
TTSIM_API const char* ttsim_sfpu_name(uint32_t op) { return sfpu_info((SfpuOp)op).name; }
TTSIM_API void ttsim_sfpu_unary(uint32_t config, uint32_t op, uint32_t* dst, uint32_t p0, uint32_t p1, uint32_t p2,
                                uint32_t faces) {
    sfpu_unary(decode(config), (SfpuOp)op, dst, p0, p1, p2, (Faces)faces);
}
TTSIM_API void ttsim_sfpu_binary(uint32_t config, uint32_t op, const uint32_t* a, const uint32_t* b, uint32_t* out, uint32_t p0) {
    sfpu_binary(decode(config), (SfpuOp)op, a, b, out, p0);
}
TTSIM_API void ttsim_sfpu_ternary(uint32_t config, uint32_t op, const uint32_t* a, const uint32_t* b, const uint32_t* c,
                                  uint32_t* out, uint32_t p0) {
    sfpu_ternary(decode(config), (SfpuOp)op, a, b, c, out, p0);
}
TTSIM_API void ttsim_fill_float(uint32_t config, uint32_t bits, uint32_t* dst) { fill_float(decode(config), bits, dst); }
TTSIM_API void ttsim_fill_int(uint32_t format, uint32_t value, uint32_t* dst) { fill_int(format_of(format), value, dst); }
TTSIM_API int ttsim_typecast(uint32_t config, uint32_t from, uint32_t to, uint32_t* dst) {
    return typecast(decode(config), format_of(from), format_of(to), dst);
}
TTSIM_API void ttsim_cumsum(uint32_t config, int first, uint32_t* dst, uint32_t* carry) {
    cumsum(decode(config), first, dst, carry);
}
TTSIM_API int ttsim_sfpu_reduce(uint32_t config, uint32_t pool, uint32_t dim, uint32_t format, uint32_t* dst) {
    return sfpu_reduce(decode(config), (PoolType)pool, (ReduceDim)dim, format_of(format), dst);
}
TTSIM_API void ttsim_random_seed(uint32_t* state, uint32_t seed) { random_seed(*(RandomState*)state, seed); }
TTSIM_API void ttsim_sfpu_rand(uint32_t config, uint32_t* state, uint32_t from, uint32_t scale, uint32_t* dst) {
    sfpu_rand(decode(config), *(RandomState*)state, from, scale, dst);
}
TTSIM_API void ttsim_sfpu_dropout(uint32_t config, uint32_t* state, uint32_t probability, uint32_t scale, uint32_t* dst) {
    sfpu_dropout(decode(config), *(RandomState*)state, probability, scale, dst);
}

TTSIM_API int ttsim_host_from_float(uint32_t format, const float* values, size_t count, void* out) {
    return host_from_float(format_of(format), values, count, out);
}
TTSIM_API int ttsim_host_to_float(uint32_t format, const void* in, size_t count, float* values) {
    return host_to_float(format_of(format), in, count, values);
}
TTSIM_API int ttsim_host_tilize(uint32_t element, const void* matrix, size_t rows, size_t cols, void* tiles) {
    return host_tilize(element, matrix, rows, cols, tiles);
}
TTSIM_API int ttsim_host_untilize(uint32_t element, const void* tiles, size_t rows, size_t cols, void* matrix) {
    return host_untilize(element, tiles, rows, cols, matrix);
}
