// SPDX-License-Identifier: Apache-2.0
//
// Powers, quotients and remainders.
#pragma once
#include "sfpu_activation.h"

namespace ttsim {

template <class Unit>
struct Sfpu : Activation<Unit> {
    using T = Activation<Unit>;
    using T::add, T::at_least, T::at_most, T::equal, T::greater, T::less, T::mad, T::mul, T::poly, T::sub;

    /// Truncation of a nonnegative float to an integer, saturated.
    TTSIM_INLINE vi truncated_positive(vf x) {
        const vi e = unbiased_exponent(x);
        const vi m = shift_logical(significand(x), e - 23);
        return select(e < 0, splat(0), select(e > 30, splat(INT32_MAX), m));
    }
    /// Sign from the lowest bit of an integer.
    TTSIM_INLINE vf sign_of_parity(vf y, vi n) { return as_float((as_int(y) & MAGNITUDE) | (n << 31)); }
    TTSIM_INLINE vf whole_exponent(vf base) { return T::signed_integer(unbiased_exponent(base)); }

    // ---- bf16 power: a cubic log2, then 2^z with two integer corrected factors (Moroz et al.)
    TTSIM_INLINE vf power_core(vf base, vf exponent, float inverse_ln2) {
        const vf m = set_exponent(magnitude(base), splat(127));
        const vf series = poly(m, -0x1.952992p+0f, 0x2.4f5388p+0f, -0xd.e712ap-4f, 0x2.44734p-4f);
        const vf log2 = mad(series, inverse_ln2, whole_exponent(base));
        vf z = mul(exponent, log2);
        z = select(less(z, -127.0f), splat(-127.0f), z);
        const vi fixed = truncated_positive(add(scale_exponent(z, 23), 1065353216.0f));
        const vf as_z = as_float(fixed);
        const vi whole = unbiased_exponent(as_z), fraction = mantissa(as_z);
        const vf d2 = mul(0.40196114e-7f, to_float(fraction + 0xF94EE7));
        const vf d3 = to_float(fraction + 0x560E);
        return set_exponent(as_float(truncated_positive(mul(d2, d3))), whole + 127);
    }
    TTSIM_INLINE vf power_bf16(vf base, vf exponent) {
        vf y = power_core(base, exponent, 1.442695f);
        const Rounded n = round_to_int(exponent, 32767);
        const vf odd = select(equal(n.value, exponent), sign_of_parity(y, n.integer), not_a_number());
        y = select(is_negative(base), odd, y);
        const vi zero_base = is_zero(base), nonzero = ~is_plus_zero(exponent);
        y = select(zero_base & nonzero, select(is_negative(exponent), not_a_number(), splat(0.0f)), y);
        return y;
    }
    TTSIM_INLINE vf power_scalar_bf16(vf base, float exponent) {
        const vf e = splat(exponent);
        vf y = power_core(base, e, 1.4426950408889634f);
        const Rounded n = round_to_int(e, 32767);
        const vf odd = select(equal(n.value, e), sign_of_parity(y, n.integer), not_a_number());
        y = select(is_negative(base), odd, y);
        const vi zero_base = is_zero(base);
        if (exponent >= 0.0f)
            y = exponent > 0.0f ? select(zero_base, splat(0.0f), y) : y;
        else
            y = select(zero_base, not_a_number(), y);
        return y;
    }

    // ---- fp32 power: log of the mantissa by an odd series, exponent product split in high and low halves
    struct HighLow {
        vf high, low;
    };
    TTSIM_INLINE HighLow scaled_log2(vf base, vf exponent, float r0, float r1, float inverse_ln2) {
        const vf a = absolute(base);
        vf m = set_exponent(a, splat(127));
        vi e = unbiased_exponent(a);
        const vi upper = at_least(m, 1.4142135381698608f);
        m = select(upper, mul(m, 0.5f), m);
        e = e - upper;
        const vf next = add(m, 1.0f);
        vf r = sub(r0, mul(r1, next));
        for (int i = 0; i < 3; ++i) r = mul(r, sub(2.0f, mul(next, r)));
        const vf z = mul(sub(m, 1.0f), r);
        const vf p = poly(mul(z, z), 1.0f, 0.3333333333333333f, 0.2f, 0.14285714285714285f, 0.1111111111111111f,
                          0.09090909090909091f);
        const vf ln_m = mul(2.0f, mul(z, p));
        const vf whole = T::signed_integer(e);
        const vf split = mul(exponent, 4097.0f);
        const vf high = sub(split, sub(split, exponent)), low = sub(exponent, high);
        return {mul(high, whole), mad(low, whole, mul(exponent, mul(ln_m, inverse_ln2)))};
    }
    TTSIM_INLINE vf power_scalar_fp32(vf base, float exponent) {
        const vf e = splat(exponent);
        const HighLow z = scaled_log2(base, e, 1.003f, 0.244f, 1.4426950408889634f);
        vf s = add(z.high, z.low);
        const vf error = sub(z.low, sub(s, z.high));
        s = larger(s, -0x7e.ffff8p0f);
        const vf biased = add(s, 12582912.0f);
        const vf k = sub(biased, 12582912.0f);
        const vf f = add(sub(s, k), error);
        const vf r = mad(f, 0.693359375f, mul(f, -2.12194440e-4f));
        const vf p = poly(r, 1.0f, 1.0f, 0.5f, 1.0f / 6.0f, 1.0f / 24.0f, 1.0f / 120.0f, 1.0f / 720.0f, 1.0f / 5040.0f);
        vf y = set_exponent(p, biased_exponent(p) + (as_int(biased) - 0x4B400000));
        y = select(at_least(s, 128.0f), splat(INFINITE), y);
        const Rounded n = round_to_int(e, 32767);
        const vf odd = select(equal(n.value, e), sign_of_parity(y, n.integer), not_a_number());
        y = select(is_negative(base), odd, y);
        if (exponent >= 0.0f) return exponent > 0.0f ? select(is_zero(base), splat(0.0f), y) : y;
        return select(is_zero(base), not_a_number(), y);
    }
    TTSIM_INLINE vf power_fp32(vf base, vf exponent) {
        const HighLow z = scaled_log2(base, exponent, 1.0f, 0.2426406871192851f, 1.442695f);
        vf s = add(z.high, z.low);
        vf error = sub(z.low, sub(s, z.high));
        const vi low = less(s, -127.0f);
        s = select(low, splat(-127.0f), s);
        error = select(low, splat(0.0f), error);
        const vf biased = add(s, 12582912.0f);
        const vf k = sub(biased, 12582912.0f);
        const vf fraction = add(sub(s, k), error);
        vf y = T::exp_fp32(mul(fraction, 0.693147180559945309f));
        const vi e = biased_exponent(y) + (as_int(biased) - 0x4B400000);
        y = select(e >= 255, splat(INFINITE), set_exponent(y, e));
        const vf size = absolute(exponent);
        const Rounded n = round_to_int(size, 32767);
        const vf odd = select(equal(n.value, size), sign_of_parity(y, n.integer), not_a_number());
        y = select(is_negative(base), odd, y);
        const vf at_zero = copy_sign(select(is_negative(exponent), splat(INFINITE), splat(0.0f)), y);
        const vi zero_base = is_zero(absolute(base));
        y = select(zero_base & ~is_zero(size), at_zero, y);
        return select(zero_base & is_nan(exponent), not_a_number(), y);
    }
    TTSIM_INLINE vf power_iterative(vf x, uint32_t n) {
        if (n == 0) return splat(1.0f);
        vf y = x;
        for (uint32_t rest = n - 1; rest > 0; rest >>= 1) {
            if (rest & 1) y = mul(y, x);
            x = mul(x, x);
        }
        return y;
    }

    // ---- division
    TTSIM_INLINE vf divide_bf16(vf a, vf b) {
        vf q = mul(a, T::template reciprocal<2>(b));
        const vf at_zero = select(is_plus_zero(a), not_a_number(), copy_sign(splat(INFINITE), a));
        q = select(is_plus_zero(b), at_zero, q);
        return nearest_bf16(q);
    }
    TTSIM_INLINE vf divide_fp32(vf a, vf b) {
        const vf ma = set_exponent(a, splat(127)), mb = set_exponent(b, splat(127));
        const vf r = T::template reciprocal<1, false, true>(mb);
        vf q = mul(ma, r);
        q = mad(mad(q, negated(mb), ma), r, q);
        const vi ea = biased_exponent(a), eb = unbiased_exponent(b);
        const vi e = ea - eb + biased_exponent(q);
        const vi half = shr(e, splat(1));
        const vf y = mul(set_exponent(q, half), set_exponent(splat(1.0f), e - half));
        const vi regular = (ea >= 1) & (ea < 255) & (eb >= -126) & (eb < 128);
        const vf scale = as_float((as_int(b) & ~MANTISSA) ^ INF_BITS);
        const vf edge = select((as_int(b) & MAGNITUDE) > INF_BITS, b, mul(a, scale));
        return select(regular, y, edge);
    }
    template <bool WIDE>
    TTSIM_INLINE vf reverse_divide(vf x, float value) {
        const vf r = WIDE ? T::template reciprocal<2>(x) : rounded_bf16(T::template reciprocal<1>(x));
        return mul(r, value);
    }

    // ---- rounding to integers
    TTSIM_INLINE vf truncate(vf x) {
        const vi e = unbiased_exponent(x);
        const vi keep = splat(-1) << min(max(23 - e, splat(0)), splat(31));
        return as_float(select(e < 0, as_int(x) & SIGN, as_int(x) & keep));
    }
    /// One is taken off where truncation changed a negative value; the comparison is of the bits.
    TTSIM_INLINE vf floor(vf x) {
        const vf t = truncate(x);
        return select(is_negative(x) & (as_int(t) < as_int(x)), sub(t, 1.0f), t);
    }
    TTSIM_INLINE vf ceil(vf x) {
        const vf t = truncate(x);
        return select(~is_negative(x) & (as_int(t) < as_int(x)), add(t, 1.0f), t);
    }
    TTSIM_INLINE vf round_even(vf x) {
        const vf t = add(add(magnitude(x), 8388608.0f), -8388608.0f);
        return select(unbiased_exponent(x) < 23, copy_sign(t, x), x);
    }

    // ---- remainders
    struct Quotient {
        vf value;
        vi exponent;
        vf product;
    };
    TTSIM_INLINE Quotient scalar_quotient(vf v, vf inverse) {
        const vf product = mul(v, inverse);
        const vi e = unbiased_exponent(product);
        const vf cut = as_float(shift_logical(shift_logical(as_int(product), e - 23), 23 - e));
        return {select(e < 0, splat(0.0f), select(e < 23, cut, product)), e, product};
    }
    TTSIM_INLINE vf subtract_repeatedly(vf v, vf s) {
        for (int i = 0; i < 10; ++i) v = select(at_least(v, s), sub(v, s), v);
        return select(is_zero(sub(absolute(v), s)), splat(0.0f), v);
    }
    TTSIM_INLINE vf fmod_scalar(vf x, float divisor, float inverse) {
        const vf s = splat(__builtin_fabsf(divisor)), v = absolute(x);
        const Quotient q = scalar_quotient(v, splat(__builtin_fabsf(inverse)));
        const vi over = (q.exponent < 23) & greater(mul(q.value, s), v);
        const vf quotient = select(over, sub(q.value, 1.0f), q.value);
        vf r = copy_sign(sub(v, mul(quotient, s)), x);
        if (divisor == 0.0f) r = not_a_number();
        return subtract_repeatedly(r, s);
    }
    TTSIM_INLINE vf remainder_scalar(vf x, float divisor, float inverse) {
        const vf s = splat(__builtin_fabsf(divisor)), v = absolute(x);
        const Quotient q = scalar_quotient(v, splat(__builtin_fabsf(inverse)));
        const vf quotient = select(greater(q.value, q.product), sub(q.value, 1.0f), q.value);
        vf r = sub(v, mul(quotient, s));
        r = select(is_negative(x) & ~is_zero(r), sub(s, r), r);
        if (divisor < 0.0f) r = select(~is_zero(r), add(r, divisor), r);
        r = copy_sign(r, splat(divisor));
        if (divisor == 0.0f) r = not_a_number();
        return subtract_repeatedly(r, s);
    }
    TTSIM_INLINE vf fmod(vf a, vf b) {
        const vf size = absolute(b);
        const vf t = truncate(mul(a, T::template reciprocal<2>(b)));
        vf r = sub(a, mul(t, b));
        const vi large = at_least(absolute(r), size);
        r = select(large, select(~is_negative(r), sub(r, size), add(r, size)), r);
        const vi positive = ~is_negative(a);
        const vi wrong_low = positive & is_negative(r);
        const vi wrong_high = ~positive & ~is_negative(r) & ~is_zero(r);
        r = select(wrong_low, add(r, size), select(wrong_high, sub(r, size), r));
        r = select(equal(a, b), splat(0.0f), r);
        return select(is_plus_zero(b), not_a_number(), r);
    }
    TTSIM_INLINE vf remainder(vf a, vf b) {
        const vf q = floor(mul(a, T::template reciprocal<2>(b)));
        vf r = sub(a, mul(q, b));
        r = select(~is_zero(r) & ((as_int(r) ^ as_int(b)) < 0), add(r, b), r);
        const vi b_up = ~is_negative(b) & ~is_zero(b), a_up = ~is_negative(a) & ~is_zero(a);
        const vf up = sub(r, b);
        r = select(b_up & a_up & ~is_negative(up), up, r);
        const vf down = sub(r, b);
        r = select(is_negative(b) & is_negative(a) & (is_negative(down) | is_zero(down)), down, r);
        return select(is_plus_zero(b), not_a_number(), r);
    }
};

}  // namespace ttsim
