// SPDX-License-Identifier: Apache-2.0
#define TTSIM_NATIVE_LANES
#include "sfpu_unit.h"

namespace ttsim {

namespace {

constexpr int32_t ABSENT = -1000;  ///< exponent of a zero

/// The 48-bit product cut below bit 20 with a sticky bit: 27 bits, 28 where it reaches 2 (it is not normalised before the sum).
struct Product {
    vi bits, exponent;
    vi overflow;  ///< mask
};

TTSIM_INLINE Product product(vi a, vi b) {
    const vi ma = (a & MANTISSA) | (1 << 23), mb = (b & MANTISSA) | (1 << 23);
    const vi ah = ma >> 12, al = ma & 0xFFF, bh = mb >> 12, bl = mb & 0xFFF;
    const vi middle = ah * bl + al * bh;
    const vi low = ((middle & 0xFFF) << 12) + al * bl;
    const vi high = ah * bh + (middle >> 12) + (low >> 24);
    const vi rest = low & 0xFFFFFF;
    const vi sticky = (rest & 0xFFFFF) != 0;
    const vi bits = (high << 4) | (rest >> 20) | (sticky & 1);
    const vi reached_two = high >= (1 << 23);  // -1 or 0
    const vi e = exponent(a) + exponent(b) - 127;
    const vi present = (exponent(a) != 0) & (exponent(b) != 0) & (e - reached_two >= 0);
    // Beyond the range the exponent stops at 255, which only a NaN's mantissa shows.
    return {select(present, bits, splat(0)), select(present, min(e, splat(255)), splat(ABSENT)),
            present & (e - reached_two >= 255)};
}

/// x >> n, keeping a sticky bit unless nothing else remains.
TTSIM_INLINE vi align(vi x, vi n) {
    const vi s = min(n, splat(30));
    const vi kept = x >> s;
    const vi lost = (x & ((splat(1) << s) - 1)) != 0;
    return select(kept != 0, kept | (lost & 1), splat(0));
}

}  // namespace

vf ExactUnit::fused(vf va, vf vb, vf vc) {
    const vi a = as_int(va), b = as_int(vb), c = as_int(vc);
    const Product p = product(a, b);
    const vi c_present = exponent(c) != 0;
    const vi addend = select(c_present, ((c & MANTISSA) | (1 << 23)) << 3, splat(0));
    const vi ec = select(c_present, exponent(c), splat(ABSENT));
    const vi product_sign = (a ^ b) >> 31, addend_sign = c >> 31;

    const vi top = max(p.exponent, ec);
    const vi x = align(p.bits, top - p.exponent), y = align(addend, top - ec);
    const vi sum = ((x ^ product_sign) - product_sign) + ((y ^ addend_sign) - addend_sign);
    const vi m = select(sum < 0, -sum, sum);
    const vi leading = select(m >= (1 << 24), m & ~127, m);
    const vi position = shr(as_int(to_float(leading)), splat(23)) - 127;
    const vi shift = position - 23;
    const vi right = min(max(shift, splat(0)), splat(30)), left = min(max(-shift, splat(0)), splat(30));
    const vi half_less_one = ((splat(1) << right) >> 1) - select(right > 0, splat(1), splat(0));
    const vi even = select(right > 0, (m >> right) & 1, splat(0));
    const vi kept = ((m + half_less_one + even) >> right) << left;
    const vi e = top + position - 26;
    vi bits = (e << 23) + (kept - (1 << 23));
    const vi overflow = (e >= 256) | ((vu)bits >= (uint32_t)INF_BITS);
    const vi vanished = (m == 0) | (e < 0) | ((vu)bits < (uint32_t)MIN_NORMAL_BITS);
    bits = select(vanished, splat(0), select(overflow, splat(INF_BITS), bits));
    const vi ordinary = select(vanished, splat(0), bits | (sum & SIGN));

    const vi special = p.overflow | ((a & INF_BITS) == INF_BITS) | ((b & INF_BITS) == INF_BITS) | ((c & INF_BITS) == INF_BITS);
    if (__builtin_expect(!any(special), 1)) return as_float(ordinary);

    const vi a_zero = exponent(a) == 0, b_zero = exponent(b) == 0;
    const vi a_inf = is_infinite(va), b_inf = is_infinite(vb), c_inf = is_infinite(vc);
    const vi product_inf = a_inf | b_inf | p.overflow;
    const vi product_nan = is_nan(va) | is_nan(vb) | (a_inf & b_zero) | (b_inf & a_zero);
    const vi nan = product_nan | is_nan(vc) | (product_inf & c_inf & (product_sign ^ addend_sign));
    const vi from_product = product_nan | ~is_nan(vc);
    const vi nan_bits = (bits & MANTISSA) | (INF_BITS + 1) | (select(from_product, product_sign, addend_sign) & SIGN);
    const vi inf_bits = INF_BITS | (select(product_inf, product_sign, addend_sign) & SIGN);
    return as_float(select(nan, nan_bits, select(product_inf | c_inf, inf_bits, ordinary)));
}

}  // namespace ttsim
