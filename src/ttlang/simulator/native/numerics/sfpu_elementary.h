// SPDX-License-Identifier: Apache-2.0
//
// Exponentials, logarithms, reciprocal and roots with the approximations of the 0.81 kernel library: what the device returns
// is these polynomials, not the correctly rounded function.
#pragma once
#include "sfpu_unit.h"

namespace ttsim {

template <class Unit>
struct Elementary : Arithmetic<Unit> {
    using A = Arithmetic<Unit>;
    using A::add, A::at_least, A::at_most, A::equal, A::greater, A::less, A::mad, A::mul, A::poly, A::sub;

    // ---- reciprocal: a quadratic estimate on the mantissa, Newton steps, exponent by complement
    enum class Seed { Fp32, Bf16 };
    struct SeedRow {
        float k0, k1, k2;
    };
    static constexpr SeedRow SEEDS[2] = {
        {0.3232325017452239990234375f, 1.4545459747314453125f, 2.121212482452392578125f},
        {0.32133400440216064453125f, 1.4514148235321044921875f, 2.1200883388519287109375f},
    };

    /// `STEPS` Newton steps (1 or 2). `ROUND`: to bf16 before the exponent is applied. `UNIT`: the input is in [1, 2).
    template <int STEPS, bool ROUND = false, bool UNIT = false, Seed SEED = Seed::Fp32>
    TTSIM_INLINE vf reciprocal(vf x) {
        constexpr SeedRow k = SEEDS[(int)SEED];
        const vf minus_m = UNIT ? as_float(as_int(x) | SIGN) : set_mantissa(splat(-1.0f), as_int(x));
        vf y = mad(k.k0, minus_m, k.k1);
        y = mad(y, minus_m, k.k2);
        vf t = mad(minus_m, y, 1.0f);
        y = mad(y, t, y);
        if (STEPS > 1) {
            t = mad(minus_m, y, 1.0f);
            y = mad(y, t, y);
        }
        if (ROUND) y = rounded_bf16(y);
        if (!UNIT) y = mul(y, mul(clear_mantissa(as_float(~as_int(x))), 0.5f));
        return copy_sign(y, x);
    }

    /// x > 0: an integer estimate, then one or two refinements with negated y.
    template <bool WIDE>
    TTSIM_INLINE vf reciprocal_positive(vf x) {
        vf y = as_float((int32_t)0xFEF392E0 - as_int(x));
        vf e = mad(x, y, 1.0f);
        if (WIDE) {
            y = mad(y, e, y);
            e = mad(x, y, 1.0f);
        }
        const vf p = mad(e, e, e);
        y = negated(y);
        return mad(y, p, y);
    }

    // ---- 2^z by the exponent field (Moroz et al.): the fraction is corrected by a quadratic
    /// floor(x * 2^23) for 0 <= x < 256.
    TTSIM_INLINE vf scaled_floor(vf x) { return as_float(shift_logical(significand(x), unbiased_exponent(x))); }
    TTSIM_INLINE vf exp2_biased(vf biased, float c0 = 1.0017248f) {
        const vf z = scaled_floor(biased);
        const vf fraction = poly(to_float(mantissa(z)), c0, 7.839635491371155e-08f, 4.791750143340323e-15f);
        return set_exponent(fraction, biased_exponent(z));
    }
    TTSIM_INLINE vf exp_21f(vf x, float c0 = 1.0017248f) {
        return exp2_biased(clamp(mad(x, 1.4426950216293334961f, 127.0f), 0.0f, 255.0f), c0);
    }
    /// exp_tile on a 16-bit DST loads its constant term as fp16.
    TTSIM_INLINE vf exp_bf16(vf x) { return exp_21f(x, 1.001953125f); }

    /// Accurate exp for a 32-bit DST.
    template <bool GUARDED = true>
    TTSIM_INLINE vf exp_fp32(vf a) {
        const Rounded j = round_to_int(mul(1.442695f, a), 32767);
        vf f = mad(j.value, -6.93145752e-1f, a);
        f = mad(j.value, -1.42860677e-6f, f);
        vf r = mad(1.37805939e-3f, f, 8.37312452e-3f);
        r = mad(r, f, 4.16695364e-2f);
        r = mad(r, f, 1.66664720e-1f);
        r = mad(r, f, 4.99999851e-1f);
        vf y = mad(r, f, 1.0f);
        r = mad(y, f, 1.0f);
        const vi e = biased_exponent(r) + j.integer;
        const vf value = set_exponent(r, e);
        if (!GUARDED) return value;
        const vf under = mul(as_float(as_int(y) - 1), 0.0f);
        const vf over = add(under, INFINITE);
        return select(e >= 1, select(e < 255, value, over), under);
    }

    /// Short exp of the power functions: squares a polynomial of the mantissa.
    TTSIM_INLINE vf exp_by_squaring(vf x) {
        const vi e = unbiased_exponent(x);
        const vf v = select(e >= 0, set_exponent(x, splat(126)), x);
        vf y = mad(v, mad(v, 0.8373f, 0.86328125f), 1.0f);
        y = select(e >= 0, mul(y, y), y);
        for (int step = 1; step <= 7; ++step) y = select(e >= step, mul(y, y), y);
        return y;
    }

    TTSIM_INLINE vf exp2_fp32(vf x) {
        const Rounded j = round_to_int(x, 32767);
        const vf f = sub(x, j.value);
        vf r = mad(0x1.41cp-13f, f, 0x1.5f4p-10f);
        r = mad(r, f, 0x1.3b4p-7f);
        vf y = mad(r, f, 0x1.c6afd8p-5f);
        r = mad(y, f, 0x1.ebfba0p-3f);
        y = mul(y, INFINITE);
        r = mad(r, f, 0x1.62e42ep-1f);
        r = mad(r, f, 1.0f);
        const vi e = biased_exponent(r) + j.integer;
        const vf value = select(e < 255, select(e < 1, splat(0.0f), set_exponent(r, e)), y);
        return select(~is_negative(absolute(x)), value, y);
    }
    TTSIM_INLINE vf exp2_bf16(vf x) { return exp2_biased(clamp(add(x, 127.0f), 0.0f, 255.0f)); }

    /// Schraudolph's exp, `CLAMPED` from below.
    template <bool CLAMPED>
    TTSIM_INLINE vf exp_approximate(vf x, float scale) {
        const float slope = 256.0f * 1.4426950408889634f * scale;
        if (CLAMPED) {
            const vf y = mad(slope, larger(x, -88.5f / scale), 32500.818359375f);
            return as_float(rounded_magnitude(select(is_negative(y), splat(0.0f), y), 65535) << 15);
        }
        const vf y = mad(slope, x, 32500.818359375f);
        const vi m = rounded_magnitude(y, 32767);
        return as_float((m << 15) | select(m != 0, as_int(y) & SIGN, splat(0)));
    }

    template <bool WIDE>
    TTSIM_INLINE vf expm1(vf a) {
        const vf biased = mad(1.442695f, a, 12582912.0f);
        const vi i = as_int(biased);
        const vf j = sub(biased, 12582912.0f);
        return WIDE ? expm1_wide(a, i, j) : expm1_narrow(a, i, j);
    }
    TTSIM_INLINE vf expm1_tail(vf r, vf j_minus_2) {
        const vf distance = absolute(j_minus_2);
        const vi beyond = ~is_negative(distance) & (rounded_magnitude(distance, 127) >= 127);
        const vf limit = select(is_negative(j_minus_2), splat(-0.5f), mul(j_minus_2, INFINITE));
        return select(beyond, limit, r);
    }
    TTSIM_INLINE vf expm1_narrow(vf a, vi i, vf j) {
        const vf f = mad(j, -0.6931471805599453f, a);
        vf r = mad(8.361816406e-03f, f, 4.177856445e-02f);
        const vf s = mul(f, f);
        r = mad(r, f, 1.666259766e-01f);
        r = mad(r, f, 0.5f);
        r = mad(r, s, f);
        const vf scale = as_float((i << 23) + 0x3F000000);
        vf scaled = mad(scale, r, sub(scale, 0.5f));
        scaled = mul(expm1_tail(scaled, add(j, -2.0f)), 2.0f);
        return select(~is_zero(j), scaled, r);
    }
    TTSIM_INLINE vf expm1_wide(vf a, vi i, vf j) {
        vf f = mad(j, -0.693145752f, a);
        f = mad(j, -1.42860677e-6f, f);
        const vf s = mul(f, f);
        vf r = mad(1.974105835e-04f, f, 1.393107930e-3f);
        r = mad(r, f, 8.333439939e-3f);
        r = mad(r, f, 4.166680202e-2f);
        r = mad(r, f, 1.666667163e-1f);
        r = mad(r, f, from_bits(0x3EFFFFFF));
        const vf j_minus_1 = add(j, -1.0f);
        const vf u = select(is_zero(j_minus_1), add(f, 0.5f), f);
        r = mad(r, s, u);
        const vf t = as_float((i << 23) + 0x3F000000);
        const vf y = sub(t, 0.5f);
        const vf x = sub(sub(t, y), 0.5f);
        vf scaled = add(mad(r, t, x), y);
        scaled = expm1_tail(scaled, add(j_minus_1, -1.0f));
        const vf chosen = select(~is_zero(j_minus_1), scaled, r);
        return select(~is_zero(j), mul(chosen, 2.0f), r);
    }

    /// e^x - 1 for the ELU family, x clamped from below.
    TTSIM_INLINE vf expm1_clamped(vf value) {
        const vf x = larger(value, -87.0f);
        const vf biased = mad(x, 1.4426950408889634f, 12582912.0f);
        const vf k = sub(biased, 12582912.0f);
        vf r = mad(k, -0.6931152343750000f, x);
        r = mad(k, -3.19461832987e-05f, r);
        const vf h = mul(r, poly(r, 1.0f, 4.9999371171e-01f, 1.6666433215e-01f, 4.1875664145e-02f, 8.3751315251e-03f));
        const vf two_k = set_exponent(splat(1.0f), as_int(biased) - 0x4B3FFF81);
        return mad(two_k, h, sub(two_k, 1.0f));
    }

    // ---- logarithms: m in [0.75, 1.5) by integer subtraction, e * ln 2 from the bits
    template <bool WIDE>
    TTSIM_INLINE vf log_series(vf m, vf s) {
        vf r;
        if (WIDE) {
            r = mad(-0x1.92cp-5f, m, 0x1.b84p-4f);
            r = mad(r, m, -0x1.0c4p-3f);
            r = mad(r, m, 0x1.274p-3f);
            r = mad(r, m, -0x1.55p-3f);
            r = mad(r, m, 0x1.998p-3f);
            r = mad(r, m, -0x1.00001ap-2f);
            r = mad(r, m, 0x1.555572p-2f);
            r = mad(r, m, -0.5f);
        } else {
            r = mad(-0.25f, m, 0x1.744p-2f);
            r = mad(r, m, -0x1.008p-1f);
        }
        return mad(r, s, m);
    }
    TTSIM_INLINE vf signed_integer(vi e) {
        const vi m = select(e < 0, -e, e);
        return copy_sign(to_float(m), as_float(e));
    }
    static constexpr float LN2_ULP = 0.693147182f * 1.19209290e-7f;

    enum class Base { E, Scaled, Two };
    template <bool WIDE, bool QUICK, Base BASE>
    TTSIM_INLINE vf logarithm(vf x, float base_scale) {
        const vf a = QUICK ? x : mad(x, 1.0f, 0.0f);
        const vi e = (as_int(a) - 0x3F400000) & ~MANTISSA;
        const vf m = sub(as_float(as_int(a) - e), 1.0f);
        const vf r = log_series<WIDE>(m, mul(m, m));
        const vf e_float = signed_integer(e);
        vf result;
        if (BASE == Base::Two) {
            result = mad(e_float, 1.19209290e-7f, mul(r, base_scale));
        } else {
            result = mad(e_float, LN2_ULP, r);
            if (BASE == Base::Scaled) result = mul(result, base_scale);
        }
        // One less in the exponent field leaves an infinity and makes one of a zero.
        const vf probe = scale_exponent(a, -1);
        result = select(is_finite(probe), result, mul(result, probe));
        return select(is_negative(a), not_a_number(), result);
    }

    template <bool WIDE>
    TTSIM_INLINE vf log1p(vf a) {
        const vf u = add(a, 1.0f);
        const vi e = (as_int(u) - 0x3F400000) & ~MANTISSA;
        const vf s = as_float((int32_t)0xC0800000 - e);
        const vf m = add(as_float(as_int(a) - e), mad(-0.25f, s, -1.0f));
        vf r = log_series<WIDE>(m, mul(m, m));
        r = mad(signed_integer(e), LN2_ULP, r);
        r = select(as_int(u) >= INF_BITS, u, r);
        return select(is_negative(u), not_a_number(), r);
    }

    // ---- square roots
    /// 1 / sqrt(x), x positive and finite, before the last refinement; with x * y.
    struct RootStep {
        vf y, xy, error;
    };
    TTSIM_INLINE RootStep root_step(vf x) {
        vf y = as_float(0x5F1110A0 - shr(as_int(x), splat(1)));
        vf xy = mul(x, y);
        const vf c = mul(negated(y), xy);
        y = mul(y, mad(c, add(2.2533049f, c), 2.2825186f));
        xy = mul(x, y);
        return {y, xy, mad(negated(y), xy, 1.0f)};
    }
    TTSIM_INLINE vf root_refined(vf x) {
        const RootStep s = root_step(x);
        return mad(s.error, mul(0.5f, s.xy), s.xy);
    }
    template <bool QUICK>
    TTSIM_INLINE vf square_root(vf x) {
        const RootStep s = root_step(x);
        vf y = select(as_int(as_uint(x) - (uint32_t)INF_BITS) < 0, mad(s.error, mul(0.5f, s.xy), s.xy), s.y);
        if (!QUICK) {
            y = select(is_negative(x), not_a_number(), y);
            y = select(is_zero(x), x, y);
        }
        return y;
    }
    TTSIM_INLINE vf square_root_approximate(vf x) {
        const vf y = as_float(0x5F0B3892 - shr(as_int(x), splat(1)));
        const vf c = mul(x, y);
        const vf t = mad(negated(y), c, 1.89099014875f);
        vf r = select(as_int(x) != INF_BITS, mul(c, t), c);
        r = select(is_negative(x), not_a_number(), r);
        return select(is_zero(x), x, r);
    }
    TTSIM_INLINE vf inverse_root(vf x) {
        const RootStep s = root_step(x);
        const vi inverse = INF_BITS - as_int(x);
        vf y = mad(s.error, scale_exponent(s.y, -1), s.y);
        y = select(is_negative(x), not_a_number(), y);
        return select((inverse != 0) & ~is_zero(x), y, as_float(inverse));
    }
    TTSIM_INLINE vf inverse_root_approximate(vf x) {
        vf y = as_float(0x5F0B3892 - shr(as_int(x), splat(1)));
        const vf t = mad(negated(y), mul(x, y), 1.89099014875f);
        const vi inverse = INF_BITS - as_int(x);
        y = select(is_negative(x), not_a_number(), mul(y, t));
        return select((inverse != 0) & ~is_zero(x), y, as_float(inverse));
    }
    /// Two plain Newton steps from the classic estimate.
    TTSIM_INLINE vf square_root_newton(vf x) {
        vf y = as_float(0x5F370000 - shr(as_int(x), splat(1)));
        const vf minus_half = mul(x, -0.5f);
        for (int i = 0; i < 2; ++i) y = mul(mad(mul(y, y), minus_half, 1.5f), y);
        return select(~is_plus_zero(x) & is_finite(x), mul(y, x), x);
    }
    template <bool WIDE>
    TTSIM_INLINE vf square_root_nonnegative(vf x) {
        const vf half = scale_exponent(x, -1);
        vf y = as_float(0x5F1110A0 - shr(as_int(x), splat(1)));
        for (int i = 0; i < (WIDE ? 3 : 2); ++i) y = mul(y, sub(1.5f, mul(mul(half, y), y)));
        const vf a = mul(x, y);
        const vf r = mad(mul(0.5f, sub(x, mul(a, a))), y, a);
        return select(is_zero(x), splat(0.0f), r);
    }

    template <bool WIDE>
    TTSIM_INLINE vf cube_root(vf a) {
        const vf x = absolute(a);
        constexpr float THIRD_256 = -0x1.555556p-10f;
        const vf f = mad(signed_integer(as_int(x)), THIRD_256, 1418472267.0f / 256.0f + 8388608.0f);
        vf y = as_float(as_int(f) << 8);
        constexpr float K0 = 0x1.c09806p0f, K1 = -0x1.403e6cp0f, K2 = 0x1.04cdb2p-1f;
        if (!WIDE) {
            const vf d = mul(x, mul(y, y));
            const vf c = mul(d, y);
            const vf t = mad(c, mad(K2, c, K1), K0);
            return mul(copy_sign(d, a), mul(t, t));
        }
        vf c = mul(mul(x, y), mul(y, y));
        y = mul(y, mad(c, mad(K2, c, K1), K0));
        const vf d = mul(x, mul(y, y));
        c = mad(d, y, -1.0f);
        const vf t = mad(c, THIRD_256 * 256.0f, 1.0f);
        return mul(copy_sign(d, a), mul(t, t));
    }
};

}  // namespace ttsim
