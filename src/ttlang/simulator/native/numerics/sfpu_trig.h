// SPDX-License-Identifier: Apache-2.0
//
// Trigonometric and hyperbolic functions and their inverses.
#pragma once
#include "sfpu_elementary.h"

namespace ttsim {

template <class Unit>
struct Trigonometry : Elementary<Unit> {
    using E = Elementary<Unit>;
    using E::add, E::at_least, E::at_most, E::equal, E::greater, E::less, E::mad, E::mul, E::poly, E::sub;

    static constexpr float HALF_PI = 1.5707963705062866f;

    // ---- reduction by multiples of pi in four parts
    struct Parts4 {
        float p0, p1, p2, p3;
    };
    static constexpr Parts4 PI_PARTS = {-0x1.92p+1f, -0x1.fbp-11f, -0x1.51p-21f, -0x1.0b4612p-33f};
    static constexpr Parts4 HALF_PI_PARTS = {-0x1.92p+0f, -0x1.fbp-12f, -0x1.51p-22f, -0x1.0b4612p-34f};
    TTSIM_INLINE vf reduce(vf x, vf j, const Parts4& parts) {
        vf a = mad(j, parts.p0, x);
        a = mad(j, parts.p1, a);
        a = mad(j, parts.p2, a);
        return mad(j, parts.p3, a);
    }
    template <bool WIDE>
    TTSIM_INLINE vf sine_series(vf reduced, vi flip) {
        const vf s = mul(reduced, reduced);
        const vf a = as_float(as_int(reduced) ^ flip);
        const vf c = mul(a, s);
        vf r;
        if (WIDE) {
            r = mad(0x1.5dc908p-19f, s, -0x1.9f70fp-13f);
            r = mad(r, s, 0x1.110edap-7f);
            r = mad(r, s, -0x1.55554cp-3f);
        } else {
            r = mad(-0x1.8b10a4p-13f, s, 0x1.10c2a2p-7f);
            r = mad(r, s, -0x1.5554a4p-3f);
        }
        return mad(r, c, a);
    }
    template <bool WIDE>
    TTSIM_INLINE vf sine(vf x) {
        const vf biased = mad(x, 0.31830987334251404f, 12582912.0f);
        const vf j = sub(biased, 12582912.0f);
        return sine_series<WIDE>(reduce(x, j, PI_PARTS), as_int(biased) << 31);
    }
    template <bool WIDE>
    TTSIM_INLINE vf cosine(vf x) {
        const vf biased = add(mad(x, 0.31830987334251404f, 0.5f), 12582912.0f);
        const vf j = mad(add(biased, -12582912.0f), 2.0f, -1.0f);
        return sine_series<WIDE>(reduce(x, j, HALF_PI_PARTS), as_int(biased) << 31);
    }
    template <bool WIDE>
    TTSIM_INLINE vf tangent(vf x) {
        const vf biased = mad(x, 0.6366197466850281f, 12582912.0f);
        const vf j = add(biased, -12582912.0f);
        const vf a = reduce(x, j, HALF_PI_PARTS);
        const vf s = mul(a, a);
        vf t = WIDE ? poly(s, 0x1.555556p-2f, 0x1.111072p-3f, 0x1.ba5716p-5f, 0x1.620abcp-6f, 0x1.4787dp-7f, 0x1.2b404p-10f,
                           0x1.fa9f82p-9f)
                    : poly(s, 0x1.55953p-2f, 0x1.02b98p-3f, 0x1.4f1f4ep-4f);
        t = mul(t, s);
        const vf r = mad(t, a, a);
        return select((as_int(biased) << 31) < 0, WIDE ? cotangent_wide(a, t, r) : cotangent_narrow(r), r);
    }
    /// -1 / r before the exponent is applied, with one Newton step; and the exponent factor.
    struct Inverse {
        vf t, scale;
    };
    TTSIM_INLINE Inverse negative_inverse(vf r) {
        const vf minus_m = set_mantissa(splat(-1.0f), as_int(r));
        vf t = mad(0.3232325017452239990234375f, minus_m, 1.4545459747314453125f);
        t = mad(t, minus_m, 2.121212482452392578125f);
        const vf e = mad(minus_m, t, 1.0f);
        return {mad(t, e, t), mul(clear_mantissa(as_float(~as_int(r))), 0.5f)};
    }
    TTSIM_INLINE vf cotangent_narrow(vf r) {
        const Inverse v = negative_inverse(r);
        return mul(v.t, v.scale);
    }
    TTSIM_INLINE vf cotangent_wide(vf a, vf series, vf r) {
        const vf s = mad(series, a, mad(-1.0f, r, a));
        const Inverse v = negative_inverse(r);
        const vf t = mul(v.t, v.scale);
        vf y = mad(r, t, 1.0f);
        y = mad(s, t, y);
        return mad(y, t, t);
    }

    // ---- inverse functions
    TTSIM_INLINE vf atan_series(vf a) {
        const vf s = mul(a, a);
        vf p = mad(0x1.01cp-8f, s, -0x1.4bcp-6f);
        p = mad(p, s, 0x1.93p-5f);
        p = mad(p, s, -0x1.48cp-4f);
        p = mad(p, s, 0x1.bd4p-4f);
        return mad(p, s, -0x1.24p-3f);
    }
    template <bool WIDE>
    TTSIM_INLINE vf arctangent(vf x) {
        if (WIDE) {
            const vf ax = magnitude(x);
            const vi e = unbiased_exponent(ax);
            const vf far = mul(as_float(as_int(ax) - 1), 0.0f);
            const vf a = select(e >= 0, select(e < 26, E::template reciprocal_positive<true>(ax), far), ax);
            const vf s = mul(a, a);
            vf p = mad(atan_series(a), s, 0x1.999384p-3f);
            p = mad(p, s, -0x1.555552p-2f);
            vf r = mad(p, mul(s, a), a);
            r = select(e >= 0, sub(HALF_PI, r), r);
            return copy_sign(r, x);
        }
        const vf ax = absolute(x);
        const vi far = at_least(sub(ax, 1.0f), 0.0f);
        const vf t0 = select(far, E::template reciprocal<2>(ax), ax);
        vf t1 = poly(mul(t0, t0), 0.999787867069244384765625f, -0.325808584690093994140625f, 0.1555790007114410400390625f,
                     -4.4326744973659515380859375e-2f);
        t1 = mul(t1, t0);
        t1 = select(far, sub(HALF_PI, t1), t1);
        return select(is_nan(x), not_a_number(), copy_sign(t1, x));
    }
    template <bool WIDE>
    TTSIM_INLINE vf arctangent2(vf y, vf x) {
        const vf ax = magnitude(x), ay = magnitude(y);
        const vf low = smaller(ax, ay), high = larger(ax, ay);
        const vf a = mul(low, E::template reciprocal<(WIDE ? 2 : 1)>(high));
        const vf s = mul(a, a);
        vf q;
        if (WIDE) {
            q = mad(atan_series(a), s, 0x1.99938ap-3f);
            q = mad(q, s, -0x1.555558p-2f);
        } else {
            q = mad(-0x1.de8p-5f, s, 0x1.668p-3f);
            q = mad(q, s, -0x1.54p-2f);
        }
        vf r = mad(mul(q, s), a, a);
        const vi swapped = as_int(low) >= as_int(ax);
        r = select(swapped, sub(HALF_PI, r), r);
        const vi diagonal = swapped & (as_int(low) >= as_int(high));
        r = select(diagonal, select(is_zero(high), splat(0.0f), splat(0.5f * HALF_PI)), r);
        r = select(is_negative(x), sub(2.0f * HALF_PI, r), r);
        if (!WIDE) r = rounded_bf16(r);
        r = copy_sign(r, y);
        return select(as_int(high) > INF_BITS, not_a_number(), r);
    }
    TTSIM_INLINE vf arcsine_narrow(vf x) {
        const vf ax = absolute(x);
        const vi inner = less(ax, 0.625f);
        const vf z = select(inner, ax, E::square_root_newton(mul(sub(1.0f, ax), 0.5f)));
        const vf ratio = poly(mul(z, z), 0.999978601932525634765625f, 0.16771225631237030029296875f,
                              0.06381262838840484619140625f, 0.083148844540119171142578125f);
        const vf r = mul(z, ratio);
        return copy_sign(select(inner, r, sub(HALF_PI, mul(2.0f, r))), x);
    }
    template <bool WIDE>
    TTSIM_INLINE vf arcsine(vf x) {
        const vf ax = absolute(x);
        if (!WIDE) return select(at_most(ax, 1.0f), arcsine_narrow(x), not_a_number());
        const vf half = mul(sub(1.0f, ax), 0.5f);
        const vi inner = is_negative(sub(ax, 0.5625f));
        const vf z = select(inner, ax, E::root_refined(half));
        const vf s = mul(z, z);
        vf p = poly(s, 0x1.55578cp-3f, 0x1.329a74p-4f, 0x1.7dcp-5f, 0x1.364p-6f, 0x1.9ep-5f);
        p = mul(p, s);
        vf r = mad(p, z, z);
        r = select(inner, r, mad(-2.0f, r, HALF_PI));
        return select(is_negative(half), not_a_number(), copy_sign(r, x));
    }
    template <bool WIDE>
    TTSIM_INLINE vf arccosine(vf x) {
        const vf ax = absolute(x);
        if (!WIDE) return select(at_most(ax, 1.0f), sub(HALF_PI, arcsine_narrow(x)), not_a_number());
        const vf half = mul(sub(1.0f, ax), 0.5f);
        const vf t = sub(ax, 0.5625f);
        vf z = select(is_negative(t), ax, E::root_refined(half));
        const vf s = mul(z, z);
        vf p = poly(s, 0x1.555552p-3f, 0x1.33411ep-4f, 0x1.6acp-5f, 0x1.158p-5f, 0x1.cap-8f, 0x1.83p-5f);
        p = mul(p, s);
        z = copy_sign(z, as_float(as_int(x) ^ as_int(t)));
        vf r = mad(p, z, z);
        r = select((as_int(z) | as_int(t)) < 0, add(r, HALF_PI), r);
        r = select(is_negative(t), r, add(r, r));
        return select(is_negative(half), not_a_number(), r);
    }

    // ---- hyperbolic functions from quarter exponentials
    template <bool WIDE>
    TTSIM_INLINE vf quarter_exp(vf a) {
        const vi i = rounded_magnitude(mul(a, 1.442695f), 255);
        const vf j = to_float(i);
        vf f, r;
        if (WIDE) {
            f = mad(j, -0.693145752f, a);
            f = mad(j, -1.42860677e-6f, f);
            r = mad(1.37805939e-3f, f, 8.37312452e-3f);
            r = mad(r, f, 4.16695364e-2f);
            r = mad(r, f, 1.66664720e-1f);
            r = mad(r, f, 4.99999851e-1f);
            r = mad(r, f, 1.0f);
        } else {
            f = mad(j, -0.6931471805599453f, a);
            r = mad(0.038877178f, f, 0.168174848f);
            r = mad(r, f, 0.500122011f);
            r = mad(r, f, 0.999963462f);
        }
        r = mad(r, f, 1.0f);
        const vi e = i + 125;
        return select(e < 255, mul(r, as_float(e << 23)), mul(a, INFINITE));
    }
    template <bool WIDE>
    TTSIM_INLINE vf hyperbolic_cosine(vf x) {
        const vf q = quarter_exp<WIDE>(magnitude(x));
        const vf r = mul(E::template reciprocal_positive<WIDE>(q), 0.125f);
        const vf y = add(q, q);
        return select(unbiased_exponent(q) < 24, add(y, r), y);
    }
    template <bool WIDE>
    TTSIM_INLINE vf hyperbolic_sine(vf x) {
        const vf a = magnitude(x);
        const vi i = rounded_magnitude(mul(x, 1.442695f), 255);
        const vf j = to_float(i);
        vf f, r, s;
        if (WIDE) {
            f = mad(j, -0.693145752f, a);
            f = mad(j, -1.42860677e-6f, f);
            r = mad(1.974105835e-04f, f, 1.393107930e-3f);
            r = mad(r, f, 8.333439939e-3f);
            r = mad(r, f, 4.166680202e-2f);
            s = mul(f, f);
            r = mad(r, f, 1.666667163e-1f);
            r = mad(r, f, 4.999999702e-1f);
        } else {
            f = mad(j, -0.6931471805599453f, a);
            r = mad(8.361816406e-03f, f, 4.177856445e-02f);
            s = mul(f, f);
            r = mad(r, f, 1.666259766e-01f);
            r = mad(r, f, 0.5f);
        }
        r = mad(r, s, f);
        const vf scale = as_float((i << 23) + 0x3E800000);
        const vf q = select(i < 130, mad(r, scale, sub(scale, 0.25f)), mul(a, INFINITE));
        const vf inverse = E::template reciprocal_positive<WIDE>(mad(4.0f, q, 1.0f));
        const vi e = unbiased_exponent(q);
        const vf twice = add(q, q);
        const vf y = select(e >= -27, select(e < 23, mad(twice, inverse, twice), twice), x);
        return copy_sign(y, x);
    }
    /// Accurate tanh for a 32-bit DST.
    TTSIM_INLINE vf tanh_fp32(vf x) {
        const vi i = rounded_magnitude(mul(x, 2.0f * 1.442695f), 255);
        const vf a = magnitude(add(x, x));
        const vf f = mad(to_float(i), -0.6931471805599453f, a);
        vf r = mad(1.974105835e-04f, f, 1.393318176e-3f);
        r = mad(r, f, 8.331298828e-3f);
        r = mad(r, f, 4.166680202e-2f);
        const vf s = mul(f, f);
        r = mad(r, f, 1.666667163e-1f);
        r = mad(r, f, 0.5f);
        r = mad(r, s, f);
        const vf scale = as_float((i + 126) << 23);
        const vf x0 = mad(r, scale, sub(scale, 0.5f));
        const vf x1 = add(x0, 1.0f);
        vf inverse = as_float((int32_t)0xFEF30000 - as_int(x1));
        vf t = mad(x1, inverse, 1.0f);
        t = mad(t, t, t);
        inverse = mad(inverse, t, inverse);
        const vf y0 = mul(x0, inverse);
        const vf refined = mad(mad(x1, y0, x0), inverse, y0);
        const vf saturated = mad(as_float(as_int(a) - 1), 0.0f, 1.0f);
        const vf y = select(i < 61, select(biased_exponent(x) >= 115, refined, x), saturated);
        return copy_sign(y, x);
    }
    TTSIM_INLINE vf tanh_bf16(vf x) {
        const vf a = absolute(x);
        vf r = mad(5.876733921468257904052734375e-3f, a, -6.6649019718170166015625e-2f);
        r = mad(r, a, 0.281917631626129150390625f);
        r = mad(r, a, -0.4890659749507904052734375f);
        r = mad(r, a, 3.0897438526153564453125e-2f);
        r = mad(r, a, 0.999004364013671875f);
        return copy_sign(smaller(mul(r, a), 1.0f), x);
    }
    template <bool WIDE>
    TTSIM_INLINE vf tanh_shrink(vf x) {
        const vf ax = magnitude(x), u = mul(x, x);
        const vf q = WIDE ? poly(u, 3.3333331347e-01f, -1.3333128393e-01f, 5.3934831172e-02f, -2.1660288796e-02f,
                                 8.2192532718e-03f, -2.5107525289e-03f, 4.2079269770e-04f)
                          : poly(u, 3.3329936862e-01f, -1.3223160803e-01f, 4.8076551408e-02f, -1.0762925260e-02f);
        const vf near = mul(mul(x, u), q);
        vf far;
        if (WIDE) {
            const vf e = E::template exp_fp32<false>(mul(-2.0f, smaller(ax, 9.0f)));
            const vf sigmoid = E::template reciprocal<2>(add(1.0f, e));
            far = copy_sign(sub(ax, mad(2.0f, sigmoid, -1.0f)), x);
        } else {
            const vf p = poly(ax, 6.1829000893e-02f, 1.0561303143e+00f, -4.0859283753e-01f, 5.3348409333e-02f);
            far = sub(x, copy_sign(smaller(p, 1.0f), x));
        }
        return select(greater(ax, 1.0f), far, near);
    }

    // ---- inverse hyperbolic functions by log1p
    static constexpr float LARGE = 268435456.0f, LN2 = 0.6931471805599453f;
    /// What a store and reload of an intermediate in DST does to it.
    template <bool WIDE>
    TTSIM_INLINE vf through_dest(vf x) {
        return WIDE ? x : as_float(as_int(x) & BF16_MASK);
    }
    template <bool WIDE>
    TTSIM_INLINE vf inverse_cosh(vf x) {
        const vf less_one = sub(x, 1.0f);
        const vi small = less(x, LARGE);
        const vf root = E::template square_root_nonnegative<WIDE>(mul(add(x, 1.0f), less_one));
        const vf argument = through_dest<WIDE>(select(small, add(less_one, root), less_one));
        vf r = E::template log1p<WIDE>(argument);
        r = select(small, r, add(r, LN2));
        r = select(less(x, 1.0f), not_a_number(), r);
        return select(equal(x, 1.0f), splat(0.0f), r);
    }
    template <bool WIDE>
    TTSIM_INLINE vf inverse_sinh(vf x) {
        const vf a = absolute(x);
        const vi huge = at_least(a, LARGE), middle = at_least(a, 0.75f);
        const vf root = E::template square_root_nonnegative<WIDE>(mad(x, x, 1.0f));
        const vf inverse = E::template reciprocal_positive<WIDE>(add(1.0f, root));
        const vf near = mad(mul(x, x), inverse, a);
        const vf argument = select(huge, sub(a, 1.0f), select(middle, near, splat(0.0f)));
        vf r = E::template log1p<WIDE>(through_dest<WIDE>(argument));
        r = select(huge, add(r, LN2), r);
        const vf s = mul(x, x);
        const vf p = poly(s, 1.0f, -1.666652262e-01f, 7.495806366e-02f, -4.417778924e-02f, 2.785361186e-02f,
                          -1.484858524e-02f, 4.375355784e-03f);
        return copy_sign(select(less(a, 0.75f), mul(a, p), r), x);
    }
    template <bool WIDE>
    TTSIM_INLINE vf inverse_tanh(vf x) {
        const vf ax = absolute(x);
        const vf a = select(at_least(ax, 1.0f), splat(0.0f), ax);
        const vf argument = mul(add(a, a), E::template reciprocal_positive<WIDE>(sub(1.0f, a)));
        vf r = E::template log1p<WIDE>(through_dest<WIDE>(argument));
        r = copy_sign(mul(0.5f, r), x);
        r = select(equal(ax, 1.0f), copy_sign(splat(INFINITE), x), r);
        return select(greater(ax, 1.0f), not_a_number(), r);
    }
};

}  // namespace ttsim
