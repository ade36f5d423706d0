// SPDX-License-Identifier: Apache-2.0
//
// What the library does with lanes: loads, fields, masks. Outside TTSIM_NATIVE_LANES a vector is exactly one face row.
#pragma once
#include <stddef.h>

#include "lane_types.h"

namespace ttsim {

constexpr int FACE_ROW = 16;    ///< lanes
constexpr int TILE_ROWS = 64;   ///< face rows of a tile
constexpr int TILE_VECTORS = TILE_ROWS * FACE_ROW / LANES;

template <class V>
TTSIM_INLINE V load(const void* p) {
    V v;
    memcpy(&v, p, sizeof v);
    return v;
}
template <class V>
TTSIM_INLINE void store(void* p, V v) {
    memcpy(p, &v, sizeof v);
}

TTSIM_INLINE vi splat(int32_t x) { return vi{} + x; }
TTSIM_INLINE vf splat(float x) { return vf{} + x; }
TTSIM_INLINE vi as_int(vf x) { return (vi)x; }
TTSIM_INLINE vi as_int(vu x) { return (vi)x; }
TTSIM_INLINE vu as_uint(vi x) { return (vu)x; }
TTSIM_INLINE vu as_uint(vf x) { return (vu)x; }
TTSIM_INLINE vf as_float(vi x) { return (vf)x; }
TTSIM_INLINE vf as_float(vu x) { return (vf)x; }
TTSIM_INLINE vi max(vi a, vi b) { return select(a > b, a, b); }
TTSIM_INLINE vi min(vi a, vi b) { return select(a < b, a, b); }
TTSIM_INLINE vi shr(vi x, vi n) { return (vi)((vu)x >> (vu)n); }

constexpr int32_t SIGN = INT32_MIN;
constexpr int32_t MAGNITUDE = 0x7FFFFFFF;
constexpr int32_t MANTISSA = 0x007FFFFF;
constexpr int32_t INF_BITS = 0x7F800000;
constexpr int32_t MIN_NORMAL_BITS = 0x00800000;
constexpr int32_t BF16_MASK = (int32_t)0xFFFF0000;
constexpr int32_t TF32_MASK = (int32_t)0xFFFFE000;

TTSIM_INLINE vi exponent(vi x) { return (vi)((vu)(x << 1) >> 24); }
/// Exponent 0 becomes +0.
TTSIM_INLINE vi flush(vi x) { return select((x & INF_BITS) != 0, x, splat(0)); }
/// Sign kept, the rest from a magnitude.
TTSIM_INLINE vi with_sign(vi magnitude, vi sign_source) { return magnitude | (sign_source & SIGN); }

/// True if any bit of any lane is set.
TTSIM_INLINE bool any(vi mask) {
    typedef int64_t pair __attribute__((vector_size(16)));
    pair p[sizeof(vi) / 16];
    memcpy(p, &mask, sizeof p);
    for (size_t i = 1; i < sizeof(vi) / 16; ++i) p[0] |= p[i];
    return (p[0][0] | p[0][1]) != 0;
}

/// Lane numbers.
TTSIM_INLINE vi iota() {
    static const int32_t NUMBERS[FACE_ROW] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return load<vi>(NUMBERS);
}
/// The largest lane.
TTSIM_INLINE int32_t horizontal_max(vi x) {
    typedef int32_t quad __attribute__((vector_size(16)));
    quad q[sizeof(vi) / 16];
    memcpy(q, &x, sizeof q);
    for (size_t i = 1; i < sizeof(vi) / 16; ++i) q[0] = q[0] > q[i] ? q[0] : q[i];
    const int32_t a = q[0][0] > q[0][1] ? q[0][0] : q[0][1], b = q[0][2] > q[0][3] ? q[0][2] : q[0][3];
    return a > b ? a : b;
}

template <class F>
TTSIM_INLINE void for_each_vector(F f) {
    for (int i = 0; i < TILE_VECTORS; ++i) f(i * LANES);
}

}  // namespace ttsim
