// SPDX-License-Identifier: Apache-2.0
//
// The matrix unit's own arithmetic, sixteen lanes at a time.
//
// Operands have 11-bit significands (hidden bit included); exponent 255 is an ordinary large exponent and exponent 0 is zero.
// A product is taken in phases: 5 bits of A times 7 bits of B, so a term is a 12-bit integer whose unit is 2^-10 at the sum
// of the exponents. Terms and DST are aligned to the largest exponent and added as integers, with 23 fraction bits for a
// 32-bit DST and 10 for a 16-bit one; the result is rounded half up in magnitude to 24 or 8 significant bits.
#pragma once
#include "lanes.h"

namespace ttsim {
namespace exact {

constexpr int32_t NONE = -4096;  ///< exponent of a term that takes no part

/// Exponent loss and operand halves of one fidelity phase.
struct Phase {
    bool low_a, low_b;
    int32_t drop;
};
constexpr Phase PHASES[4] = {{false, false, 0}, {true, false, 5}, {false, true, 7}, {true, true, 12}};

/// x >> n, halves towards +infinity; 0 <= n <= 30.
TTSIM_INLINE vi round_shift(vi x, vi n) { return (x + ((splat(1) << n) >> 1)) >> n; }
/// The same, halves away from zero.
TTSIM_INLINE vi round_shift_away(vi x, vi n) { return (x + x + (x >> 31) + (splat(1) << n)) >> (n + 1); }
TTSIM_INLINE vi distance(vi from, vi to) { return min(from - to, splat(30)); }
TTSIM_INLINE vi negate_if(vi mask, vi x) { return (x ^ mask) - mask; }

struct Parts {
    vi sign;         ///< -1 or 0
    vi exponent;     ///< 0 for a zero
    vi significand;  ///< 11 bits, 0 for a zero
};
TTSIM_INLINE Parts split(vi x) {
    const vi e = exponent(x);
    return {x >> 31, e, select(e != 0, (x & MANTISSA) >> 13 | 1024, splat(0))};
}
TTSIM_INLINE vi high_a(vi significand) { return significand >> 6; }
TTSIM_INLINE vi low_a(vi significand) { return (significand >> 1) & 31; }
TTSIM_INLINE vi high_b(vi significand) { return significand >> 4; }
TTSIM_INLINE vi low_b(vi significand) { return (significand & 15) << 3; }

/// Sum of fixed-point terms (unit 2^(e - 127 - 23) or 2^(e - 127 - 10)) -> fp32 bits of the DST lane.
template <bool D32>
TTSIM_INLINE vi settle(vi sum, vi e) {
    constexpr int PRECISION = D32 ? 24 : 8, UNIT = D32 ? 23 : 10;
    const vi magnitude = select(sum < 0, -sum, sum);
    // The conversion must not round up to the next power of two: above 24 bits the low ones are dropped first.
    const vi leading = D32 ? select(magnitude >= (1 << 24), magnitude & ~127, magnitude) : magnitude;
    const vi top = shr(as_int(to_float(leading)), splat(23)) - 127;
    const vi shift = top - (PRECISION - 1);
    const vi right = min(max(shift, splat(0)), splat(30)), left = min(max(-shift, splat(0)), splat(30));
    const vi kept = round_shift(magnitude, right) << left;
    const vi exponent = e + top - UNIT;
    const vi bits = (exponent << 23) + ((kept - (1 << (PRECISION - 1))) << (24 - PRECISION));
    const vi finite = with_sign(select((vi)((vu)bits >= (uint32_t)INF_BITS), splat(INF_BITS), bits), sum);
    const vi vanishes = (magnitude == 0) | (exponent < 0) | ((vu)bits < (uint32_t)MIN_NORMAL_BITS);
    return select(vanishes, splat(0), finite);
}

/// DST + one or two terms; a term's exponent at or below `floor` means that it takes no part.
template <bool D32, int TERMS>
TTSIM_INLINE vi accumulate(vi dst, const vi* term, const vi* term_exponent) {
    const vi de = exponent(dst);
    const vi significand = (dst & MANTISSA) | (1 << 23);
    const vi present = de != 0;
    vi top = select(present, de, splat(NONE));
    for (int t = 0; t < TERMS; ++t) top = max(top, term_exponent[t]);
    vi sum = negate_if(dst >> 31, round_shift(D32 ? significand : significand >> 13, distance(top, de)));
    sum = select(present, sum, splat(0));
    for (int t = 0; t < TERMS; ++t)
        sum += round_shift(D32 ? term[t] << 13 : term[t], distance(top, term_exponent[t]));
    return settle<D32>(sum, top);
}

/// DST + (a +- b), all in fp32 bits. `dst` zero when not accumulating.
template <bool D32>
TTSIM_INLINE vi add(vi dst, vi a, vi b) {
    const Parts x = split(a), y = split(b);
    const vi e = max(x.exponent, y.exponent);
    const vi sum = negate_if(x.sign, round_shift(x.significand, distance(e, x.exponent))) +
                   negate_if(y.sign, round_shift(y.significand, distance(e, y.exponent)));
    const vi live = select(e > 0, e, splat(NONE));
    return accumulate<D32, 1>(dst, &sum, &live);
}

/// DST + a * b in `phases` steps, each rounded into DST; a is SrcA, b is SrcB.
template <bool D32>
TTSIM_INLINE vi multiply(vi dst, vi a, vi b, int phases) {
    const Parts x = split(a), y = split(b);
    const vi sign = x.sign ^ y.sign;
    const vi whole = (x.exponent != 0) & (y.exponent != 0);
    for (int p = 0; p < phases; ++p) {
        const vi product = (PHASES[p].low_a ? low_a(x.significand) : high_a(x.significand)) *
                           (PHASES[p].low_b ? low_b(y.significand) : high_b(y.significand));
        const vi e = x.exponent + y.exponent - 127 - PHASES[p].drop;
        const vi live = whole & (e > 0);
        const vi term = select(live, negate_if(sign, product), splat(0));
        const vi at = select(live, e, splat(NONE));
        dst = accumulate<D32, 1>(dst, &term, &at);
    }
    return dst;
}

}  // namespace exact
}  // namespace ttsim
