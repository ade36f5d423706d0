// SPDX-License-Identifier: Apache-2.0
//
// Activations and special functions.
#pragma once
#include "sfpu_trig.h"

namespace ttsim {

/// A piecewise linear table on |x|: slope * |x| + offset.
struct LinearPiece {
    float below, slope, offset;
};

template <class Unit>
struct Activation : Trigonometry<Unit> {
    using T = Trigonometry<Unit>;
    using T::add, T::at_least, T::at_most, T::equal, T::greater, T::less, T::mad, T::mul, T::poly, T::sub;

    template <int N>
    TTSIM_INLINE vf table(vf x, const LinearPiece (&pieces)[N]) {
        const vf a = magnitude(x);
        vf slope = splat(pieces[N - 1].slope), offset = splat(pieces[N - 1].offset);
        for (int i = N - 2; i >= 0; --i) {
            const vi here = as_int(a) < as_int(splat(pieces[i].below));
            slope = select(here, splat(pieces[i].slope), slope);
            offset = select(here, splat(pieces[i].offset), offset);
        }
        return mad(slope, a, offset);
    }

    template <bool WIDE>
    TTSIM_INLINE vf sigmoid(vf x) {
        const vf minus = negated(x);
        const vf e = WIDE ? T::exp_fp32(minus) : T::exp_21f(minus);
        return T::template reciprocal<(WIDE ? 2 : 1)>(add(1.0f, e));
    }
    TTSIM_INLINE vf sigmoid_table(vf x) {
        static constexpr LinearPiece PIECES[3] = {{1.0f, 0.2265625f, 0.0f}, {2.0f, 0.265625f, -0.046875f}, {0, 0.0f, 0.5f}};
        return add(copy_sign(table(x, PIECES), x), 0.5f);
    }
    TTSIM_INLINE vf tanh_table(vf x) {
        static constexpr LinearPiece PIECES[6] = {
            {0.5f, 0x1.ec8p-1f, 0.0f},      {1.0f, 0x1.27p-1f, 0x1.8bp-3f},  {1.5f, 0x1.26p-2f, 0x1.ed8p-2f},
            {2.0f, 0x1.8bp-4f, 0x1.894p-1f}, {3.0f, 0x1.4p-5f, 0x1.c4p-1f},  {0, 0.0f, 1.0f}};
        return copy_sign(table(x, PIECES), x);
    }

    // ---- GELU
    TTSIM_INLINE vf gelu_table(vf x) {
        static constexpr LinearPiece PIECES[6] = {
            {0.5f, 0x1.8acp-3f, -0x1.b6p-14f}, {1.0f, 0x1.f9cp-2f, -0x1.488p-3f}, {1.5f, 0x1.3ccp-1f, -0x1.1e4p-2f},
            {2.0f, 0x1.384p-1f, -0x1.0dcp-2f}, {3.0f, 0x1.148p-1f, -0x1.e9p-4f},  {0, 0.5f, 0.0f}};
        return add(mul(x, 0.5f), table(x, PIECES));
    }
    TTSIM_INLINE vf gelu_bf16(vf x) {
        const vf x2 = mul(x, x);
        const vf e = T::exp2_biased(mad(x2, -0.72134752044f, 127.0f));
        const vf h = mul(e, poly(x, 3.0369991064e-01f, 9.5413386822e-02f, 1.3809983619e-02f, 7.5950479368e-04f));
        const vf tail = mul(x, sub(add(h, 0.375f), 0.375f));
        const vf odd = poly(x2, 3.9894227818e-01f, -6.6361041488e-02f, 9.7720050615e-03f, -1.0717806322e-03f, 8.1812159812e-05f,
                            -3.8082057209e-06f, 7.9821413868e-08f);
        const vf core = mul(x, mad(x, odd, 0.5f));
        const vi in_tail = greater(x, -5.54259443f);
        const vi in_core = in_tail & at_least(x, -3.125f);
        const vi linear = in_core & at_least(x, 2.78125f);
        return select(linear, x, select(in_core, core, select(in_tail, tail, splat(0.0f))));
    }
    /// erf as an odd rational function of degree 15 over 16.
    struct Ratio {
        vf numerator, denominator;
    };
    TTSIM_INLINE Ratio erf_ratio_wide(vf x) {
        const vf x2 = mul(x, x);
        const vf n = poly(x2, 1.1283791065e+00f, 2.1477432549e-01f, 6.2133435160e-02f, 5.6230435148e-03f, 6.1307044234e-04f,
                          1.7678321456e-05f, 2.7384647439e-08f, -2.8632063387e-10f);
        const vf d = poly(x2, 1.0f, 5.2367275953e-01f, 1.2961706519e-01f, 1.9642570987e-02f, 1.9545555115e-03f, 1.3179056987e-04f,
                          1.3156344494e-06f, -3.5153888689e-09f, -6.7350725691e-12f);
        return {mul(n, x), d};
    }
    TTSIM_INLINE vf gelu_fp32(vf x) {
        const Ratio r = erf_ratio_wide(smaller(mul(x, 0.7071067811865475f), 10.0f));
        const vf erf = clamp(mul(r.numerator, T::template reciprocal<2>(r.denominator)), -1.0f, 1.0f);
        vf y = mul(x, mad(0.5f, erf, 0.5f));
        y = select(equal(erf, -1.0f), mul(x, 2.9802322387695313e-08f), y);
        return select(greater(x, -5.54259443f), y, sub(x, x));
    }
    TTSIM_INLINE vf gelu_by_tanh(vf x) {
        const vf p = mad(0.044715f, mul(x, x), 1.0f);
        const vf t = T::tanh_fp32(mul(0.7978845608028654f, mul(x, p)));
        const vf half = mul(0.5f, x);
        return mad(half, t, half);
    }

    // ---- error functions
    TTSIM_INLINE vf error_function(vf value, bool approximate) {
        const vf x = clamp(value, -10.0f, 10.0f);
        const vf x2 = mul(x, x);
        const vf n = mul(poly(x2, 1.1280932447e+00f, 2.7609212279e-01f, 4.5400281738e-02f, 7.4481184425e-04f), x);
        const vf d = poly(x2, 1.0f, 5.7439188334e-01f, 1.3675764810e-01f, 8.2844606784e-03f, 2.4813862145e-05f);
        const vf inverse = approximate ? T::template reciprocal<1>(d) : T::template reciprocal<2>(d);
        return clamp(mul(n, inverse), -1.0f, 1.0f);
    }
    TTSIM_INLINE vf complementary_error_function(vf x) {
        const vf a = smaller(absolute(x), 5.0f);
        const vi far = at_least(a, 2.5f);
        const vf n = select(far,
                            poly(a, -2.5655237550e-05f, 2.1275576728e-05f, -6.6162156145e-06f, 9.1439767402e-07f,
                                 -4.7387182178e-08f),
                            poly(a, 1.0000233650e+00f, -1.3375675678e+00f, 6.8185544014e-01f, -1.5691982210e-01f,
                                 1.3746744953e-02f));
        const vf d = select(far,
                            poly(a, 1.0f, -1.6457208991e-01f, -2.0572184026e-01f, -1.3888636231e-01f, 1.2677097321e-01f,
                                 -2.1375391632e-02f),
                            poly(a, 1.0f, -2.0801517367e-01f, 4.3667086959e-01f, -3.4568668343e-03f, 2.5104774162e-02f,
                                 2.8375532478e-02f));
        const vf r = mul(n, T::template reciprocal<1>(d));
        return select(is_negative(x), sub(2.0f, r), r);
    }
    TTSIM_INLINE vf inverse_error_function(vf x) {
        const vf log = T::template logarithm<false, false, T::Base::E>(sub(1.0f, mul(x, x)), 0.0f);
        const vf t = mad(-0.5f, log, -4.330746750799873f);
        const vf inner = mad(t, t, negated(mul(log, 6.802721088435375f)));
        const vf sum = add(t, T::square_root_newton(inner));
        return copy_sign(T::square_root_newton(sum), x);
    }
    TTSIM_INLINE vf bessel_i0(vf x) {
        const vf t = mul(x, x);
        const vf p = poly(t, 0.25f, 0.015625f, 0.0004340277778f, 0.000006781684028f, 6.78E-08f, 4.71E-10f, 2.40E-12f, 9.39E-15f,
                          2.90E-17f, 7.24E-20f, 1.50E-22f);
        return mad(p, t, 1.0f);
    }
    template <bool WIDE>
    TTSIM_INLINE vf bessel_i1(vf value) {
        const vf x = clamp(value, -88.5f, 88.5f), a = absolute(x), t = mul(x, x);
        const vf n = WIDE ? poly(t, 5.0000000000e-01f, 5.6819390506e-02f, 1.9247245509e-03f, 2.8397364076e-05f, 2.0916867527e-07f,
                                 7.7937084564e-10f, 1.2293555930e-12f)
                          : poly(t, 4.9992737740e-01f, 5.4503594600e-02f, 1.6126291630e-03f, 2.0223499130e-05f);
        const vf d = WIDE ? poly(t, 1.0f, -1.1361218989e-02f, 6.1268139689e-05f, -1.9771712800e-07f, 3.8127551116e-10f,
                                 -3.1218170410e-13f, -3.0635529988e-16f, 7.4301498523e-19f)
                          : poly(t, 1.0f, -1.6242591070e-02f, 1.0333660750e-04f, -2.5076132990e-07f);
        const vf near = mul(mul(n, x), T::template reciprocal<2>(d));
        const vf e = WIDE ? T::template exp_fp32<false>(a) : T::exp2_biased(mad(a, 1.4426950216293334961f, 127.0f));
        const auto step = T::root_step(a);
        const vf root = mad(step.error, scale_exponent(step.y, -1), step.y);
        const vf inverse = mul(root, root);
        const vf correction = poly(inverse, 3.9894228967e-01f, -1.4960495444e-01f, -4.6652925320e-02f, -4.3674591560e-02f,
                                   -1.9748322314e-02f, -3.3467922914e-01f);
        const vf far = copy_sign(mul(mul(e, root), correction), x);
        return select(greater(a, 10.0f), far, near);
    }

    // ---- the rest
    TTSIM_INLINE vf softplus(vf x, float beta, float inverse_beta) {
        const vf t = mul(beta, x);
        const vf a = magnitude(t);
        vf rest = poly(a, 6.9423984729e-01f, -5.0932420424e-01f, 1.4279095486e-01f, -1.3000584069e-02f, -1.8627923291e-03f,
                       5.0152968088e-04f, -3.1273466851e-05f);
        rest = select(greater(a, 5.0f), splat(0.0f), rest);
        return mul(inverse_beta, add(larger(t, 0.0f), rest));
    }
    TTSIM_INLINE vi softplus_applies(vf x, float beta, float threshold) { return at_most(mul(beta, x), threshold); }
    template <bool WIDE>
    TTSIM_INLINE vf mish(vf x) {
        const vf u = WIDE ? T::exp_fp32(x) : rounded_bf16(T::exp_21f(x));
        const vf numerator = mul(u, add(u, 2.0f));
        const vf next = add(u, 1.0f);
        const vf inverse = T::template reciprocal<(WIDE ? 2 : 1)>(mad(next, next, 1.0f));
        return select(less(x, 8.0f), mul(x, mul(numerator, inverse)), x);
    }
    TTSIM_INLINE vf clip_above_then_below(vf x, float high) {
        x = select(greater(x, high), splat(high), x);
        return select(is_negative(x), splat(0.0f), x);
    }
    TTSIM_INLINE vf softsign(vf x) { return mul(x, T::template reciprocal<2>(add(absolute(x), 1.0f))); }
    template <bool WIDE>
    TTSIM_INLINE vf sech_squared(vf x) {
        const vf a = absolute(x);
        const vf t = mad(mul(a, a), 2.0f / 9.0f, -1.0f);
        const vf core = poly(t, 5.58971869398334972323e-02f, -1.15151201975556879975e-01f, 1.41578556434459129632e-01f,
                             -1.40162303416289407698e-01f, 1.47692044971667296727e-01f, -1.43049915574319674860e-01f,
                             3.59505515570256450886e-02f, 5.00465512420113917136e-02f, 6.00316523798012785518e-02f,
                             -1.46346136132160548060e-01f, 6.33840343077387569082e-02f);
        const vf z = mad(a, -2.0f, 1.3862943611198906f);
        const vf biased = mad(z, 1.4426950408889634f, 12582912.0f);
        const vf k = sub(biased, 12582912.0f);
        vf r = mad(k, -0.6931152343750000f, z);
        r = mad(k, -3.19461832987e-05f, r);
        const vf p = poly(r, 1.0f, 1.0f, 0.5f, 0.166666667f, 0.0416666667f);
        const vi e = biased_exponent(p) + (as_int(biased) - 0x4B400000);
        const vf tail = select(e > 0, set_exponent(p, e), splat(0.0f));
        const vf y = select(less(a, 45.0f), tail, splat(0.0f));
        return select(less(a, 3.0f), core, y);
    }
};

}  // namespace ttsim
