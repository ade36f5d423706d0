// SPDX-License-Identifier: Apache-2.0
//
// What each tile format is, and the scalar conversions of the narrow floats.
#pragma once
#include "lanes.h"
#include "numerics.h"

namespace ttsim {

enum class FormatKind : uint8_t { None, Float, Block, Integer };

struct FormatRow {
    DataFormat format;
    const char* name;
    uint8_t bytes;          ///< of one element; 0 for block formats
    uint8_t mantissa_bits;  ///< magnitude bits of a block datum
    FormatKind kind;
    uint8_t bias;           ///< of the exponent
};
const FormatRow& format_row(DataFormat format);

/// A float of `E` exponent bits and `M` mantissa bits <-> fp32 bits. Denormals are values here; flushing is the caller's.
template <int E, int M>
TTSIM_INLINE uint32_t small_to_fp32(uint32_t x) {
    constexpr int BIAS = (1 << (E - 1)) - 1;
    const uint32_t sign = (x >> (E + M)) << 31, exponent = (x >> M) & ((1u << E) - 1), mantissa = x & ((1u << M) - 1);
    if (exponent == (1u << E) - 1) return sign | 0x7F800000u | mantissa << (23 - M);
    if (exponent == 0) {
        const float value = (float)mantissa / (float)(1u << M) * (2.0f / (float)(1u << BIAS));
        uint32_t bits;
        memcpy(&bits, &value, 4);
        return sign | bits;
    }
    return sign | (exponent - BIAS + 127) << 23 | mantissa << (23 - M);
}

/// Ties: `half_away` adds half a unit, otherwise to even. Overflow is infinity.
template <int E, int M>
TTSIM_INLINE uint32_t fp32_to_small(uint32_t x, bool half_away) {
    constexpr int BIAS = (1 << (E - 1)) - 1;
    constexpr uint32_t INF = ((1u << E) - 1) << M;
    const uint32_t sign = x >> 31 << (E + M);
    const int exponent = (int)(x >> 23 & 255) - 127 + BIAS;
    uint32_t mantissa = x & 0x7FFFFF;
    if ((x >> 23 & 255) == 255) return sign | INF | (mantissa ? 1u << (M - 1) : 0);
    if ((x >> 23 & 255) == 0) return sign;
    mantissa |= 0x800000;
    int drop = 23 - M;
    if (exponent <= 0) drop += 1 - exponent;
    if (drop > 24 + 1) return sign;
    const uint32_t half = 1u << (drop - 1), rest = mantissa & ((half << 1) - 1);
    uint32_t kept = mantissa >> drop;
    if (rest > half || (rest == half && (half_away || (kept & 1)))) ++kept;
    const uint32_t base = exponent <= 0 ? 0 : (uint32_t)(exponent - 1) << M;
    const uint32_t bits = base + kept;
    return sign | (bits >= INF ? INF : bits);
}

/// The matrix unit computes for an fp16 DST as for a wide one; its lanes are then rounded to 11 significant bits.
TTSIM_INLINE bool computes_wide(const MathConfig& config) { return config.fp32_dest || config.fp16_dest; }
TTSIM_INLINE void settle_fp16(const MathConfig& config, uint32_t* dst, uint32_t lanes = TILE_LANES) {
    if (config.fp32_dest || !config.fp16_dest) return;
    for (uint32_t i = 0; i < lanes; i += LANES) store(dst + i, flush((load<vi>(dst + i) + 0x1000) & TF32_MASK));
}

/// Tile in memory -> fp32 bits or integers, bits kept (no truncation, no flushing). False for an unknown format.
bool unpack_lanes(DataFormat format, const void* tile, uint32_t* out);

}  // namespace ttsim
