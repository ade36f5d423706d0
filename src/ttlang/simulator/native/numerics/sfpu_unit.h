// SPDX-License-Identifier: Apache-2.0
//
// The vector unit's instructions on sixteen lanes. Everything floating comes from one multiply-add; `ExactUnit` does it as
// the hardware does, `FastUnit` as the host does. Functions are written once over either (`Sfpu<Unit>`).
//
// The hardware's multiply-add: denormal inputs are zeros; the exact product keeps 26 fraction bits, the last one sticky, and is
// aligned with the addend on the same three extra bits (a sticky bit that would be all that remains is lost), added and
// rounded once to nearest even. Underflow and zero give +0. A NaN result is sign | 0x7F800001 with the mantissa that the
// plain arithmetic would have produced, exponent 255 taken as an ordinary number.
#pragma once
#include "lanes.h"

namespace ttsim {

struct FastUnit {
    static constexpr bool EXACT = false;
    TTSIM_INLINE vf fused(vf a, vf b, vf c) { return a * b + c; }
};

struct ExactUnit {
    static constexpr bool EXACT = true;
    static vf fused(vf a, vf b, vf c);
};

constexpr float INFINITE = __builtin_inff();

TTSIM_INLINE vf lanes_of(float x) { return splat(x); }
TTSIM_INLINE vf lanes_of(vf x) { return x; }
TTSIM_INLINE vf from_bits(uint32_t bits) { return as_float(splat((int32_t)bits)); }
TTSIM_INLINE vf not_a_number() { return from_bits(0x7FC00000); }

// ---- fields
TTSIM_INLINE vi biased_exponent(vf x) { return exponent(as_int(x)); }
TTSIM_INLINE vi unbiased_exponent(vf x) { return biased_exponent(x) - 127; }
TTSIM_INLINE vi mantissa(vf x) { return as_int(x) & MANTISSA; }
TTSIM_INLINE vi significand(vf x) { return mantissa(x) | (1 << 23); }
TTSIM_INLINE vf set_exponent(vf x, vi e) { return as_float((as_int(x) & ~INF_BITS) | ((e & 255) << 23)); }
TTSIM_INLINE vf set_mantissa(vf x, vi m) { return as_float((as_int(x) & ~MANTISSA) | (m & MANTISSA)); }
TTSIM_INLINE vf clear_mantissa(vf x) { return as_float(as_int(x) & ~MANTISSA); }
TTSIM_INLINE vf magnitude(vf x) { return as_float(as_int(x) & MAGNITUDE); }
TTSIM_INLINE vf negated(vf x) { return as_float(as_int(x) ^ SIGN); }
TTSIM_INLINE vf copy_sign(vf x, vf sign) { return as_float((as_int(x) & MAGNITUDE) | (as_int(sign) & SIGN)); }
/// SFPABS on a float: the sign of a NaN stays.
TTSIM_INLINE vf absolute(vf x) { return select((as_int(x) & MAGNITUDE) > INF_BITS, x, magnitude(x)); }
/// Adds n to the exponent field modulo 256; infinity and NaN stay.
TTSIM_INLINE vf scale_exponent(vf x, int n) {
    const vi e = biased_exponent(x);
    return select(e == 255, x, set_exponent(x, e + n));
}
/// Logical shift by a signed amount: left if positive.
TTSIM_INLINE vi shift_logical(vi x, vi n) {
    const vi left = min(max(n, splat(0)), splat(31)), right = min(max(-n, splat(0)), splat(31));
    const vi moved = (vi)(((vu)x << (vu)left) >> (vu)right);
    return select((n > 31) | (n < -31), splat(0), moved);
}

// ---- predicates: masks of -1 and 0
TTSIM_INLINE vi is_negative(vf x) { return as_int(x) < 0; }
TTSIM_INLINE vi is_zero(vf x) { return (as_int(x) & MAGNITUDE) == 0; }
/// What a test against zero sees: -0 is not equal to it.
TTSIM_INLINE vi is_plus_zero(vf x) { return as_int(x) == 0; }
TTSIM_INLINE vi is_nan(vf x) { return (as_int(x) & MAGNITUDE) > INF_BITS; }
TTSIM_INLINE vi is_infinite(vf x) { return (as_int(x) & MAGNITUDE) == INF_BITS; }
TTSIM_INLINE vi is_finite(vf x) { return (as_int(x) & INF_BITS) != INF_BITS; }

// ---- minimum and maximum in the order of sign-magnitude integers
TTSIM_INLINE vi in_order(vf x) {
    const vi bits = as_int(x);
    return select(bits < 0, bits ^ MAGNITUDE, bits);
}
template <class A, class B>
TTSIM_INLINE vf smaller(A a, B b) {
    const vf x = lanes_of(a), y = lanes_of(b);
    return select(in_order(x) <= in_order(y), x, y);
}
template <class A, class B>
TTSIM_INLINE vf larger(A a, B b) {
    const vf x = lanes_of(a), y = lanes_of(b);
    return select(in_order(x) > in_order(y), x, y);
}
template <class L, class H>
TTSIM_INLINE vf clamp(vf x, L low, H high) {
    return smaller(larger(x, low), high);
}

// ---- roundings of the SFPU's conversion unit
/// The conversion unit's fp32 -> bf16: ties away from zero.
TTSIM_INLINE vf rounded_bf16(vf x) {
    const vi bits = as_int(x);
    return as_float(select((bits & INF_BITS) == INF_BITS, bits, bits + 0x8000) & BF16_MASK);
}
/// The integer sequence that rounds fp32 to bf16, ties to even.
TTSIM_INLINE vf nearest_bf16(vf x) {
    const vi bits = as_int(x);
    return as_float((bits + 0x7FFF + (shr(bits, splat(16)) & 1)) & BF16_MASK);
}
/// |x| rounded to an integer, at most `limit` (NaN too).
TTSIM_INLINE vi rounded_magnitude(vf x, int32_t limit) {
    const vf a = magnitude(x);
    const vi small = to_int(select(a < 8388608.0f, a, splat(0.0f)) + 0.5f);
    const vi value = select(as_int(a) >= (150 << 23), splat(limit), small);
    return min(value, splat(limit));
}
struct Rounded {
    vi integer;  ///< two's complement
    vf value;
};
TTSIM_INLINE Rounded round_to_int(vf x, int32_t limit) {
    const vi m = rounded_magnitude(x, limit);
    const vi signed_m = select(is_negative(x), -m, m);
    return {signed_m, to_float(signed_m)};
}

/// The multiply-add of a unit and what is built from it.
template <class Unit>
struct Arithmetic {
    static constexpr bool EXACT = Unit::EXACT;
    template <class A, class B, class C>
    TTSIM_INLINE vf mad(A a, B b, C c) {
        return Unit::fused(lanes_of(a), lanes_of(b), lanes_of(c));
    }
    template <class A, class B>
    TTSIM_INLINE vf mul(A a, B b) {
        return mad(a, b, 0.0f);
    }
    template <class A, class B>
    TTSIM_INLINE vf add(A a, B b) {
        return mad(a, 1.0f, b);
    }
    template <class A, class B>
    TTSIM_INLINE vf sub(A a, B b) {
        return mad(b, -1.0f, a);
    }
    /// c0 + x (c1 + x (c2 + ...)).
    template <class C>
    TTSIM_INLINE vf poly(vf, C c0) {
        return lanes_of(c0);
    }
    template <class C0, class C1, class... Rest>
    TTSIM_INLINE vf poly(vf x, C0 c0, C1 c1, Rest... rest) {
        return mad(x, poly(x, c1, rest...), c0);
    }
    // Comparisons look at the sign and zero of a difference.
    template <class A, class B>
    TTSIM_INLINE vi less(A a, B b) {
        return is_negative(sub(a, b));
    }
    template <class A, class B>
    TTSIM_INLINE vi greater(A a, B b) {
        const vf d = sub(a, b);
        return ~is_negative(d) & ~is_zero(d);
    }
    template <class A, class B>
    TTSIM_INLINE vi at_least(A a, B b) {
        return ~less(a, b);
    }
    template <class A, class B>
    TTSIM_INLINE vi at_most(A a, B b) {
        return ~greater(a, b);
    }
    /// Equality compares the bits.
    template <class A, class B>
    TTSIM_INLINE vi equal(A a, B b) {
        return as_int(lanes_of(a)) == as_int(lanes_of(b));
    }
};

}  // namespace ttsim
