// SPDX-License-Identifier: Apache-2.0
//
// DST -> L1 tile: the packer's conversions, ReLU, edge mask and accumulation in L1.
#include "formats.h"

namespace ttsim {

namespace {

TTSIM_INLINE vi nan_to_infinity(vi x) { return select((x & INF_BITS) == INF_BITS, x & ~MANTISSA, x); }

/// 16-bit DST: what a float lane is when it leaves. NaN -> infinity, denormal and -0 -> +0.
TTSIM_INLINE vi leave_16bit(vi x) { return nan_to_infinity(flush(x)); }

/// fp32 -> bf16 bits (in the high half): ties away from zero, NaN -> infinity, what is still below the normal range -> +0.
TTSIM_INLINE vi round_bf16(vi x) {
    const vi rounded = min(((x & MAGNITUDE) + 0x8000) & BF16_MASK, splat(INF_BITS));
    return select(rounded < MIN_NORMAL_BITS, splat(0), with_sign(rounded, x));
}

TTSIM_INLINE vi to_bf16(const MathConfig& config, vi x) { return computes_wide(config) ? round_bf16(nan_to_infinity(x)) : leave_16bit(x); }

TTSIM_INLINE vi relu(const PackConfig& pack, vi x) {
    const vi threshold = splat((int32_t)pack.relu_threshold << 16);
    const vf value = as_float(x), limit = as_float(threshold);
    switch (pack.relu) {
        case Relu::Zero: return select(x < 0, splat(0), x);
        case Relu::MinThreshold: return select(value > limit, x, splat(0));
        case Relu::MaxThreshold: return select(x < 0, splat(0), select(value > limit, threshold, x));
        default: return x;
    }
}

/// True for the lanes of vector `row` (face row) that the edge mask keeps.
TTSIM_INLINE vi kept(const PackConfig& pack, int row) {
    const vi lane = iota();
    const int face = row / 16, in_face = row % 16;
    const bool left = (face & 1) == 0, top = (face & 2) == 0;
    switch (pack.mask) {
        case ReduceDim::Row: return left ? lane == 0 : splat(0);
        case ReduceDim::Col: return top && in_face == 0 ? splat(-1) : splat(0);
        default: return face == 0 && in_face == 0 ? lane == 0 : splat(0);
    }
}

/// The float lanes after ReLU and mask.
TTSIM_INLINE vi source(const PackConfig& pack, const uint32_t* dst, int i) {
    vi x = load<vi>(dst + i);
    if (pack.relu != Relu::None) x = relu(pack, x);
    if (pack.mask_enabled) x = select(kept(pack, i / LANES), x, splat(0));
    return x;
}

/// Sixteen datums of BITS bits, low bits first.
template <int BITS>
TTSIM_INLINE void store_datums(vi m, uint8_t* out) {
    if constexpr (BITS == 8) {
        store_narrow(out, m);
    } else {
        alignas(16) uint8_t datum[LANES];
        store_narrow(datum, m);
        constexpr int PER_BYTE = 8 / BITS;
        for (int k = 0; k < LANES / PER_BYTE; ++k) {
            uint32_t byte = 0;
            for (int j = 0; j < PER_BYTE; ++j) byte |= (uint32_t)datum[k * PER_BYTE + j] << (BITS * j);
            out[k] = (uint8_t)byte;
        }
    }
}

/// Block float: bf16 with 6 mantissa bits first, exponent of the largest of 16, 7 bits rounded half up (clamped);
/// narrower formats keep the top bits of those. The sign survives only on a nonzero magnitude.
template <int BITS>
void pack_block(const MathConfig& config, const PackConfig& pack, const uint32_t* dst, uint8_t* tile, int bias) {
    uint8_t* data = tile + 64;
    for (int row = 0; row < TILE_VECTORS; ++row) {
        vi x = source(pack, dst, row * LANES);
        x = config.fp32_dest ? nan_to_infinity(x) : leave_16bit(x);
        const vi narrow = ((shr(x & MAGNITUDE, splat(16)) + 1) & ~1);
        vi e = narrow >> 7;
        const int32_t shared = horizontal_max(e);
        const vi significand = select(e == 0, splat(0), (narrow & 0x7F) | 0x80);
        const vi shift = min(shared - e + 1, splat(31));
        vi m = min((significand + (splat(1) << (shift - 1))) >> shift, splat(127));
        m = m >> (8 - BITS);
        m = m | select(m != 0, (vi)((vu)x >> 31) << (BITS - 1), splat(0));
        const int stored = bias == 127 ? shared : shared - 127 + bias;
        tile[row] = (uint8_t)(stored < 0 ? 0 : stored);
        store_datums<BITS>(m, data + row * 2 * BITS);
    }
}

/// old + new as the accumulator in L1 adds: IEEE, denormals count and result as zeros of their sign, one NaN.
TTSIM_INLINE vi accumulate_in_l1(vi old, vi add) {
    const vi left = select((old & INF_BITS) == 0, old & SIGN, old), right = select((add & INF_BITS) == 0, add & SIGN, add);
    const vi sum = as_int(as_float(left) + as_float(right));
    const vi normal = select((sum & INF_BITS) == 0, sum & SIGN, sum);
    return select((sum & MAGNITUDE) > INF_BITS, splat(0x7FC00000), normal);
}

/// Round to nearest even; a NaN becomes +infinity.
TTSIM_INLINE vi nearest_even_bf16(vi x) {
    const vi rounded = (x + 0x7FFF + ((x >> 16) & 1)) & BF16_MASK;
    return select((x & MAGNITUDE) > INF_BITS, splat(INF_BITS), rounded);
}

void pack_bf16(const MathConfig& config, const PackConfig& pack, const uint32_t* dst, uint16_t* tile) {
    for_each_vector([&](int i) {
        vi x = to_bf16(config, source(pack, dst, i));
        if (pack.l1_accumulate) {
            const vi old = load_narrow(tile + i) << 16;
            x = nearest_even_bf16(accumulate_in_l1(old, x));
        }
        store_narrow(tile + i, shr(x, splat(16)));
    });
}

void pack_fp32(const MathConfig& config, const PackConfig& pack, const uint32_t* dst, uint32_t* tile, int32_t mask) {
    for_each_vector([&](int i) {
        vi x = source(pack, dst, i);
        if (!config.fp32_dest) x = leave_16bit(x);
        if (pack.l1_accumulate) x = accumulate_in_l1(load<vi>(tile + i), x);
        store(tile + i, x & mask);
    });
}

template <int E, int M, class T>
void pack_small(const MathConfig& config, const PackConfig& pack, const uint32_t* dst, T* tile) {
    alignas(64) uint32_t lane[LANES];
    for_each_vector([&](int i) {
        vi x = source(pack, dst, i);
        if (!config.fp32_dest) x = leave_16bit(x);
        store(lane, x);
        for (int k = 0; k < LANES; ++k) {
            uint32_t bits = fp32_to_small<E, M>(lane[k], true);
            if (pack.l1_accumulate) {
                float old, add;
                const uint32_t a = small_to_fp32<E, M>(tile[i + k]), b = small_to_fp32<E, M>(bits);
                memcpy(&old, &a, 4);
                memcpy(&add, &b, 4);
                const float sum = old + add;
                uint32_t sum_bits;
                memcpy(&sum_bits, &sum, 4);
                bits = fp32_to_small<E, M>(sum_bits, false);
            }
            tile[i + k] = (T)bits;
        }
    });
}

template <class T>
void pack_integer(const PackConfig& pack, const uint32_t* dst, T* tile, int32_t low, int32_t high) {
    for_each_vector([&](int i) {
        vi x = load<vi>(dst + i);
        if (pack.relu == Relu::Zero) x = max(x, splat(0));
        if (pack.mask_enabled) x = select(kept(pack, i / LANES), x, splat(0));
        x = min(max(x, splat(low)), splat(high));
        for (int k = 0; k < LANES; ++k) tile[i + k] = (T)x[k];
    });
}

void pack_word(const PackConfig& pack, const uint32_t* dst, uint32_t* tile, bool is_signed) {
    for_each_vector([&](int i) {
        vi x = load<vi>(dst + i);
        if (pack.relu == Relu::Zero && is_signed) x = max(x, splat(0));
        if (pack.mask_enabled) x = select(kept(pack, i / LANES), x, splat(0));
        if (pack.l1_accumulate) x = (vi)(load<vu>(tile + i) + (vu)x);
        store(tile + i, x);
    });
}

}  // namespace

bool pack_tile(const MathConfig& config, DataFormat format, const uint32_t* dst, void* tile, const PackConfig& pack) {
    uint8_t* bytes = (uint8_t*)tile;
    const int bias = format_row(format).bias;
    switch (format) {
        case DataFormat::Float32: pack_fp32(config, pack, dst, (uint32_t*)tile, -1); return true;
        case DataFormat::Tf32: pack_fp32(config, pack, dst, (uint32_t*)tile, TF32_MASK); return true;
        case DataFormat::Float16_b: pack_bf16(config, pack, dst, (uint16_t*)tile); return true;
        case DataFormat::Float16: pack_small<5, 10>(config, pack, dst, (uint16_t*)tile); return true;
        case DataFormat::Lf8: pack_small<5, 2>(config, pack, dst, bytes); return true;
        case DataFormat::Fp8_e4m3: pack_small<4, 3>(config, pack, dst, bytes); return true;
        case DataFormat::Bfp8_b:
        case DataFormat::Bfp8: pack_block<8>(config, pack, dst, bytes, bias); return true;
        case DataFormat::Bfp4_b:
        case DataFormat::Bfp4: pack_block<4>(config, pack, dst, bytes, bias); return true;
        case DataFormat::Bfp2_b:
        case DataFormat::Bfp2: pack_block<2>(config, pack, dst, bytes, bias); return true;
        case DataFormat::Int32: pack_word(pack, dst, (uint32_t*)tile, true); return true;
        case DataFormat::UInt32: pack_word(pack, dst, (uint32_t*)tile, false); return true;
        case DataFormat::UInt16: pack_integer(pack, dst, (uint16_t*)tile, 0, 65535); return true;
        case DataFormat::UInt8: pack_integer(pack, dst, bytes, 0, 255); return true;
        case DataFormat::Int8: pack_integer(pack, dst, (int8_t*)tile, -128, 127); return true;
        default: return false;
    }
}

}  // namespace ttsim
