// SPDX-License-Identifier: Apache-2.0
//
// reduce_tile. Sums are matrix products with the scaler: columns pool one face at a time (SrcA data), rows multiply the data
// (SrcB) by the transposed scaler, a scalar pools the columns of the four faces into one row, truncates it to an operand and
// pools that once more. The scaler is read from the first row of each face. Both accuracies use the hardware's arithmetic: in a
// sum its rounding is more than a unit of the result.
#include "fpu_exact.h"
#include "formats.h"

namespace ttsim {

namespace {

using exact::PHASES;

/// Operands of one step of depth 16 with a single output vector: sixteen a[k] vectors times the scalars b[k].
struct Depth16 {
    vi a[16];
    int32_t b[16];
};

struct Scalar {
    int32_t sign, exponent, significand;
};
TTSIM_INLINE Scalar split_scalar(int32_t x) {
    const int32_t e = x >> 23 & 255;
    return {x >> 31, e, e ? (x & MANTISSA) >> 13 | 1024 : 0};
}

/// One phase of one step into DST; `a_is_src_a` tells which operand the vectors are.
template <bool D32>
vi pool_phase(vi dst, const Depth16& in, int p, bool a_is_src_a) {
    const exact::Phase& phase = PHASES[p];
    vi sum[2], at[2];
    for (int group = 0; group < 2; ++group) {
        vi e[8], product[8];
        vi top = splat(exact::NONE);
        for (int k = 0; k < 8; ++k) {
            const exact::Parts x = exact::split(in.a[group * 8 + k]);
            const Scalar s = split_scalar(in.b[group * 8 + k]);
            const vi other = splat(s.significand);
            const vi src_a = a_is_src_a ? x.significand : other, src_b = a_is_src_a ? other : x.significand;
            const vi magnitude = (phase.low_a ? exact::low_a(src_a) : exact::high_a(src_a)) *
                                 (phase.low_b ? exact::low_b(src_b) : exact::high_b(src_b));
            e[k] = x.exponent + (s.exponent - 127 - phase.drop);
            const vi live = (x.exponent != 0) & (e[k] > 0) & splat(s.exponent != 0 ? -1 : 0);
            e[k] = select(live, e[k], splat(exact::NONE));
            product[k] = select(live, exact::negate_if(x.sign ^ s.sign, magnitude), splat(0));
            top = max(top, e[k]);
        }
        sum[group] = splat(0);
        at[group] = top;
        for (int k = 0; k < 8; ++k) sum[group] += exact::round_shift_away(product[k], exact::distance(top, e[k]));
    }
    return exact::accumulate<D32, 2>(dst, sum, at);
}

/// Steps in the order of the hardware. Rows run a phase over all steps before the next phase, columns the reverse.
template <bool D32>
vi pool(const MathConfig& config, vi dst, const Depth16* steps, int count, bool a_is_src_a, bool phase_outermost) {
    const int phases = config.fidelity_phases;
    for (int i = 0; i < phases * count; ++i) {
        const int p = phase_outermost ? i / count : i % phases, s = phase_outermost ? i % count : i / phases;
        dst = pool_phase<D32>(dst, steps[s], p, a_is_src_a);
    }
    return dst;
}

void scaler_of_face(const SrcTile& scaler, int face, int32_t* out) { memcpy(out, scaler.lane + face * FACE_LANES, 64); }

Depth16 rows_of_face(const SrcTile& data, int face) {
    Depth16 step;
    for (int k = 0; k < 16; ++k) step.a[k] = load<vi>(data.lane + face * FACE_LANES + k * LANES);
    return step;
}

/// Columns of a face as vectors: element r of vector k is data[r][k].
Depth16 columns_of_face(const SrcTile& data, int face) {
    alignas(64) uint32_t turned[16][16];
    for (int r = 0; r < 16; ++r)
        for (int k = 0; k < 16; ++k) turned[k][r] = data.lane[face * FACE_LANES + r * LANES + k];
    Depth16 step;
    for (int k = 0; k < 16; ++k) step.a[k] = load<vi>(turned[k]);
    return step;
}

template <bool D32>
void sum_columns(const MathConfig& config, const SrcTile& data, const SrcTile& scaler, uint32_t* dst) {
    for (int side = 0; side < 2; ++side) {
        Depth16 steps[2];
        for (int half = 0; half < 2; ++half) {
            steps[half] = rows_of_face(data, half * 2 + side);
            scaler_of_face(scaler, half * 2 + side, steps[half].b);
        }
        uint32_t* out = dst + side * FACE_LANES;
        store(out, pool<D32>(config, load<vi>(out), steps, 2, true, false));
    }
}

template <bool D32>
void sum_rows(const MathConfig& config, const SrcTile& data, const SrcTile& scaler, uint32_t* dst) {
    for (int band = 0; band < 2; ++band) {
        Depth16 steps[2];
        for (int half = 0; half < 2; ++half) {
            steps[half] = columns_of_face(data, band * 2 + half);
            scaler_of_face(scaler, half, steps[half].b);
        }
        uint32_t* face = dst + band * 2 * FACE_LANES;
        vi column;
        for (int r = 0; r < 16; ++r) column[r] = (int32_t)face[r * LANES];
        column = pool<D32>(config, column, steps, 2, false, true);
        for (int r = 0; r < 16; ++r) face[r * LANES] = (uint32_t)column[r];
    }
}

template <bool D32>
void sum_all(const MathConfig& config, const SrcTile& data, const SrcTile& scaler, int32_t operand_mask, uint32_t* dst) {
    Depth16 steps[4];
    for (int face = 0; face < 4; ++face) {
        steps[face] = rows_of_face(data, face);
        scaler_of_face(scaler, face, steps[face].b);
    }
    const vi row = flush(pool<D32>(config, splat(0), steps, 4, true, false) & operand_mask);
    Depth16 last;
    for (int k = 0; k < 16; ++k) {
        last.a[k] = splat(0);
        last.a[k][0] = row[k];
    }
    scaler_of_face(scaler, 3, last.b);
    const vi total = pool<D32>(config, load<vi>(dst), &last, 1, true, false);
    dst[0] = (uint32_t)total[0];
}

/// Sign-magnitude order as an integer order: NaN lies beyond infinity.
TTSIM_INLINE vi ordered(vi x) { return select(x < 0, x ^ MAGNITUDE, x); }

/// `value` in ordered form; what DST holds takes part unless it is fresh.
TTSIM_INLINE uint32_t keep_larger(uint32_t old, int32_t value, bool fresh) {
    const int32_t kept = (int32_t)old < 0 ? (int32_t)old ^ MAGNITUDE : (int32_t)old;
    const int32_t best = fresh || value > kept ? value : kept;
    return (uint32_t)(best < 0 ? best ^ MAGNITUDE : best);
}

TTSIM_INLINE vi face_max(const Depth16& face) {
    vi best = ordered(face.a[0]);
    for (int k = 1; k < 16; ++k) best = max(best, ordered(face.a[k]));
    return best;
}

/// Rows reach their column through an addition to zero: no NaN, no -0 comes out of it.
TTSIM_INLINE uint32_t added_to_zero(uint32_t x) {
    if ((x & INF_BITS) == 0) return 0;
    return (x & INF_BITS) == (uint32_t)INF_BITS ? x & ~(uint32_t)MANTISSA : x;
}

void maximum(ReduceDim dim, const SrcTile& data, uint32_t* dst, bool fresh) {
    if (dim == ReduceDim::Row) {
        for (int band = 0; band < 2; ++band) {
            const vi best = max(face_max(columns_of_face(data, band * 2)), face_max(columns_of_face(data, band * 2 + 1)));
            uint32_t* face = dst + band * 2 * FACE_LANES;
            for (int r = 0; r < 16; ++r) face[r * LANES] = added_to_zero(keep_larger(face[r * LANES], best[r], fresh));
        }
        return;
    }
    vi half[2];
    for (int side = 0; side < 2; ++side)
        half[side] = max(face_max(rows_of_face(data, side)), face_max(rows_of_face(data, 2 + side)));
    if (dim == ReduceDim::Col) {
        for (int side = 0; side < 2; ++side)
            for (int c = 0; c < 16; ++c) {
                uint32_t* lane = dst + side * FACE_LANES + c;
                *lane = keep_larger(*lane, half[side][c], fresh);
            }
        return;
    }
    const vi row = max(half[0], half[1]);
    int32_t best = row[0];
    for (int c = 1; c < 16; ++c) best = best > row[c] ? best : row[c];
    dst[0] = keep_larger(dst[0], best, fresh);
}

template <bool D32>
void sum(const MathConfig& config, ReduceDim dim, const SrcTile& data, const SrcTile& scaler, int32_t mask, uint32_t* dst) {
    switch (dim) {
        case ReduceDim::Row: return sum_rows<D32>(config, data, scaler, dst);
        case ReduceDim::Col: return sum_columns<D32>(config, data, scaler, dst);
        case ReduceDim::Scalar: return sum_all<D32>(config, data, scaler, mask, dst);
    }
}

/// The format SrcA/SrcB moves use between the two poolings of a scalar.
int32_t operand_mask(const MathConfig& config, bool narrow) { return computes_wide(config) && !narrow ? TF32_MASK : BF16_MASK; }

void reduce(const MathConfig& config, PoolType kind, ReduceDim dim, const SrcTile& data, const SrcTile& scaler, bool narrow,
            uint32_t* dst, bool fresh) {
    if (kind == PoolType::Max) return maximum(dim, data, dst, fresh);
    const int32_t mask = operand_mask(config, narrow);
    if (!computes_wide(config)) return sum<false>(config, dim, data, scaler, mask, dst);
    sum<true>(config, dim, data, scaler, mask, dst);
    settle_fp16(config, dst);
}

}  // namespace

bool reduce_tile(const MathConfig& config, PoolType kind, ReduceDim dim, DataFormat format, const void* tile,
                 DataFormat scaler_format, const void* scaler, uint32_t* dst, bool fresh) {
    SrcTile data, factor;
    if (kind == PoolType::Min || !unpack_src(config, format, tile, data) || !unpack_src(config, scaler_format, scaler, factor))
        return false;
    const bool narrow = format != DataFormat::Float32 && format != DataFormat::Tf32;
    reduce(config, kind, dim, data, factor, narrow, dst, fresh);
    return true;
}

void reduce_src(const MathConfig& config, PoolType kind, ReduceDim dim, const SrcTile& data, const SrcTile& scaler,
                uint32_t* dst, bool fresh) {
    reduce(config, kind, dim, data, scaler, false, dst, fresh);
}

}  // namespace ttsim
