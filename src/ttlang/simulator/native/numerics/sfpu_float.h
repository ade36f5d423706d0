// SPDX-License-Identifier: Apache-2.0
//
// The float operations of sfpu_ops.def over one unit; included by sfpu_fast.cpp and sfpu_exact.cpp.
#pragma once
#if !defined(TTSIM_NATIVE_LANES)
#error "define TTSIM_NATIVE_LANES first"
#endif
#include "sfpu_job.h"
#include "sfpu_power.h"

namespace ttsim {

/// Lanes that the fast unit leaves to the exact one, beside infinities, NaN and denormals: what approximations amplify.
enum class Edge : uint8_t {
    None,
    Zero,    ///< a zero last operand
    Huge,    ///< magnitudes from 2^16 on
    Always,  ///< every lane: results that jump
};
inline Edge edge_of(SfpuOp op) {
    switch (op) {
        case SfpuOp::Div:
        case SfpuOp::Addcdiv: return Edge::Zero;
        case SfpuOp::Sin:
        case SfpuOp::Cos:
        case SfpuOp::Tan:
        case SfpuOp::Pow:
        case SfpuOp::Rpow:
        case SfpuOp::SnakeBeta: return Edge::Huge;
        case SfpuOp::Fmod:
        case SfpuOp::Remainder:
        case SfpuOp::DivInt32: return Edge::Always;
        default: return Edge::None;
    }
}

/// Applies `f` to the lanes of a job.
template <class Unit>
struct Loop {
    TTSIM_INLINE bool skipped(const SfpuJob& job, int row) { return !(job.faces >> (row / 16) & 1); }

    TTSIM_INLINE vi unusual(vi x) {
        const vu doubled = (vu)x << 1;
        return (vi)(doubled >= 0xFF000000u) | (vi)(doubled - 1u < 0x00FFFFFFu);
    }
    TTSIM_INLINE vi edges(Edge edge, vi x, bool last) {
        if (edge == Edge::Zero && last) return (x & MAGNITUDE) == 0;
        if (edge == Edge::Huge) return (x & MAGNITUDE) >= (143 << 23);
        return splat(0);
    }
    /// Lanes of a face row that the fast unit should not do.
    template <int N>
    TTSIM_INLINE vi doubtful(const SfpuJob& job, Edge edge, int row) {
        vi found = splat(0);
        for (int at = row * FACE_ROW; at < (row + 1) * FACE_ROW; at += LANES)
            for (int i = 0; i < N; ++i) {
                const vi x = load<vi>(job.in[i] + at);
                found |= unusual(x) | edges(edge, x, i == N - 1);
            }
        return found;
    }
    template <int N, class F>
    TTSIM_INLINE void do_row(const SfpuJob& job, int row, F f) {
        for (int at = row * FACE_ROW; at < (row + 1) * FACE_ROW; at += LANES) {
            if constexpr (N == 1) put(job, at, f(get(job, 0, at)));
            if constexpr (N == 2) put(job, at, f(get(job, 0, at), get(job, 1, at)));
            if constexpr (N == 3) put(job, at, f(get(job, 0, at), get(job, 1, at), get(job, 2, at)));
        }
    }
    TTSIM_INLINE vf get(const SfpuJob& job, int operand, int at) { return load<vf>(job.in[operand] + at); }
    /// A store to a 32-bit DST flushes denormals to a zero of their sign, one to 16 bits truncates.
    TTSIM_INLINE void put(const SfpuJob& job, int at, vf y) {
        const vi x = as_int(y);
        store(job.out + at, job.flush_stores ? select((x & INF_BITS) == 0, x & SIGN, x) : x & job.mask);
    }

    template <int N, class F>
    static bool apply(const SfpuJob& job, F f) {
        const Edge edge = edge_of(job.op);
        if (!Unit::EXACT && edge == Edge::Always) return run_float_exact(job);
        bool mixed = false;
        if (!Unit::EXACT) {
            vi found = splat(0);
            for (int row = job.from; row < job.to; ++row) found |= doubtful<N>(job, edge, row);
            mixed = any(found);
        }
        SfpuJob one = job;
        for (int row = job.from; row < job.to; ++row) {
            if (skipped(job, row)) continue;
            if (__builtin_expect(mixed, 0) && any(doubtful<N>(job, edge, row))) {
                one.from = row;
                one.to = row + 1;
                run_float_exact(one);
            } else {
                do_row<N>(job, row, f);
            }
        }
        return true;
    }
    template <class F>
    TTSIM_INLINE bool unary(const SfpuJob& job, F f) { return apply<1>(job, f); }
    template <class F>
    TTSIM_INLINE bool binary(const SfpuJob& job, F f) { return apply<2>(job, f); }
    template <class F>
    TTSIM_INLINE bool ternary(const SfpuJob& job, F f) { return apply<3>(job, f); }
};

TTSIM_INLINE vf one_if(vi mask) { return as_float(mask & 0x3F800000); }

/// Functions whose formula differs with the width of DST: `WIDE` in 32 bits, `NARROW` rounded to bf16 in 16.
#define TTSIM_BY_WIDTH(OP, WIDE, NARROW)                                          \
    case SfpuOp::OP:                                                              \
        return job.wide ? L::unary(job, [&](vf x) TTSIM_LAMBDA { return WIDE; })  \
                        : L::unary(job, [&](vf x) TTSIM_LAMBDA { return rounded_bf16(NARROW); });
/// Functions with one formula; a 16-bit store truncates.
#define TTSIM_PLAIN(OP, EXPRESSION) \
    case SfpuOp::OP: return L::unary(job, [&](vf x) TTSIM_LAMBDA { return EXPRESSION; });
#define TTSIM_LAMBDA __attribute__((always_inline))

template <class Unit>
struct FloatOps {
    using S = Sfpu<Unit>;
    using L = Loop<Unit>;

    static bool exponentials(const SfpuJob& job) {
        const float scale = job.p[0] ? param_float(job.p[0] << 16) : 1.0f;
        const float p0 = param_float(job.p[0]);
        switch (job.op) {
            case SfpuOp::Exp:
                if (scale != 1.0f)
                    return job.wide ? L::unary(job, [&](vf x) TTSIM_LAMBDA { return S::exp_fp32(S::mul(x, scale)); })
                                    : L::unary(job, [&](vf x) TTSIM_LAMBDA { return rounded_bf16(S::exp_bf16(S::mul(x, scale))); });
                return job.wide ? L::unary(job, [&](vf x) TTSIM_LAMBDA { return S::exp_fp32(x); })
                                : L::unary(job, [&](vf x) TTSIM_LAMBDA { return rounded_bf16(S::exp_bf16(x)); });
                TTSIM_PLAIN(ExpApprox, S::template exp_approximate<true>(x, scale))
                TTSIM_PLAIN(ExpApproxNoClamp, S::template exp_approximate<false>(x, scale))
                TTSIM_BY_WIDTH(Exp2, S::exp2_fp32(x), S::exp2_bf16(x))
                TTSIM_BY_WIDTH(Expm1, S::template expm1<true>(x), S::template expm1<false>(x))
                TTSIM_BY_WIDTH(Log, (S::template logarithm<true, false, S::Base::E>(x, 0)),
                               (S::template logarithm<false, false, S::Base::E>(x, 0)))
                TTSIM_BY_WIDTH(LogFast, (S::template logarithm<true, true, S::Base::E>(x, 0)),
                               (S::template logarithm<false, true, S::Base::E>(x, 0)))
                TTSIM_BY_WIDTH(LogWithBase, (S::template logarithm<true, false, S::Base::Scaled>(x, p0)),
                               (S::template logarithm<false, false, S::Base::Scaled>(x, p0)))
                TTSIM_BY_WIDTH(Log1p, S::template log1p<true>(x), S::template log1p<false>(x))
            default: return false;
        }
    }

    static bool roots_and_powers(const SfpuJob& job) {
        const float p0 = param_float(job.p[0]);
        switch (job.op) {
            case SfpuOp::Sqrt:
                if (job.approx)
                    return job.wide ? L::unary(job, [&](vf x) TTSIM_LAMBDA { return S::square_root_approximate(x); })
                                    : L::unary(job, [&](vf x) TTSIM_LAMBDA { return rounded_bf16(S::square_root_approximate(x)); });
                return job.wide ? L::unary(job, [&](vf x) TTSIM_LAMBDA { return S::template square_root<false>(x); })
                                : L::unary(job, [&](vf x) TTSIM_LAMBDA { return rounded_bf16(S::template square_root<false>(x)); });
                TTSIM_BY_WIDTH(SqrtFast, S::template square_root<true>(x), S::template square_root<true>(x))
                TTSIM_BY_WIDTH(Rsqrt, job.approx ? S::inverse_root_approximate(x) : S::inverse_root(x),
                               job.approx ? S::inverse_root_approximate(x) : S::inverse_root(x))
            case SfpuOp::Recip:
                if (job.approx) return L::unary(job, [&](vf x) TTSIM_LAMBDA { return S::template reciprocal<1>(x); });
                return job.wide ? L::unary(job, [&](vf x) TTSIM_LAMBDA { return S::template reciprocal<2>(x); })
                                : L::unary(job, [&](vf x) TTSIM_LAMBDA {
                                      return S::template reciprocal<1, true, false, S::Seed::Bf16>(x);
                                  });
                TTSIM_BY_WIDTH(Square, S::mul(x, x), nearest_bf16(S::mul(x, x)))
                TTSIM_BY_WIDTH(Cbrt, S::template cube_root<true>(x), S::template cube_root<false>(x))
                TTSIM_BY_WIDTH(Power, S::power_scalar_fp32(x, p0), S::power_scalar_bf16(x, p0))
                TTSIM_PLAIN(PowerIterative, S::power_iterative(x, job.p[0]))
                TTSIM_BY_WIDTH(Rpow, S::power_fp32(splat(p0), x), S::power_bf16(splat(p0), x))
            default: return false;
        }
    }

    static bool trigonometry(const SfpuJob& job) {
        switch (job.op) {
            TTSIM_BY_WIDTH(Sin, S::template sine<true>(x), S::template sine<false>(x))
            TTSIM_BY_WIDTH(Cos, S::template cosine<true>(x), S::template cosine<false>(x))
            TTSIM_BY_WIDTH(Tan, S::template tangent<true>(x), S::template tangent<false>(x))
            TTSIM_BY_WIDTH(Asin, S::template arcsine<true>(x), S::template arcsine<false>(x))
            TTSIM_BY_WIDTH(Acos, S::template arccosine<true>(x), S::template arccosine<false>(x))
            TTSIM_BY_WIDTH(Atan, S::template arctangent<true>(x), S::template arctangent<false>(x))
            TTSIM_BY_WIDTH(Sinh, S::template hyperbolic_sine<true>(x), S::template hyperbolic_sine<false>(x))
            TTSIM_BY_WIDTH(Cosh, S::template hyperbolic_cosine<true>(x), S::template hyperbolic_cosine<false>(x))
            TTSIM_BY_WIDTH(Tanh, S::tanh_fp32(x), S::tanh_bf16(x))
            TTSIM_PLAIN(TanhFast, S::tanh_table(x))
            TTSIM_BY_WIDTH(Asinh, S::template inverse_sinh<true>(x), S::template inverse_sinh<false>(x))
            TTSIM_BY_WIDTH(Acosh, S::template inverse_cosh<true>(x), S::template inverse_cosh<false>(x))
            TTSIM_BY_WIDTH(Atanh, S::template inverse_tanh<true>(x), S::template inverse_tanh<false>(x))
            TTSIM_BY_WIDTH(TanhDerivative, S::template sech_squared<true>(x), S::template sech_squared<false>(x))
            TTSIM_BY_WIDTH(Tanhshrink, S::template tanh_shrink<true>(x), S::template tanh_shrink<false>(x))
            TTSIM_PLAIN(Erf, S::error_function(x, true))
            TTSIM_PLAIN(ErfExact, S::error_function(x, false))
            TTSIM_PLAIN(Erfc, S::complementary_error_function(x))
            TTSIM_PLAIN(Erfinv, S::inverse_error_function(x))
            TTSIM_PLAIN(I0, S::bessel_i0(x))
            TTSIM_BY_WIDTH(I1, S::template bessel_i1<true>(x), S::template bessel_i1<false>(x))
            default: return false;
        }
    }

    static bool activations(const SfpuJob& job) {
        const float p0 = param_float(job.p[0]), p1 = param_float(job.p[1]), p2 = param_float(job.p[2]);
        switch (job.op) {
            TTSIM_BY_WIDTH(Sigmoid, S::template sigmoid<true>(x), S::template sigmoid<false>(x))
            TTSIM_PLAIN(SigmoidFast, S::sigmoid_table(x))
            TTSIM_BY_WIDTH(Silu, S::mul(x, S::template sigmoid<true>(x)), S::mul(x, S::template sigmoid<false>(x)))
            TTSIM_PLAIN(Gelu, S::gelu_table(x))
            TTSIM_BY_WIDTH(GeluExact, S::gelu_fp32(x), S::gelu_bf16(x))
            TTSIM_BY_WIDTH(GeluTanh, S::gelu_by_tanh(x), S::gelu_by_tanh(x))
            TTSIM_PLAIN(Relu, select(is_negative(x), splat(0.0f), x))
            TTSIM_PLAIN(ReluMax, S::clip_above_then_below(x, p0))
            TTSIM_PLAIN(ReluMin, select(S::less(x, p0), splat(p0), x))
            TTSIM_PLAIN(LeakyRelu, select(is_negative(x), S::mul(x, p0), x))
            TTSIM_PLAIN(Prelu, select(is_negative(x), S::mul(x, p0), x))
            TTSIM_BY_WIDTH(Elu, select(is_negative(x), S::mul(p0, S::expm1_clamped(x)), x),
                           select(is_negative(x), S::mul(p0, S::expm1_clamped(x)), x))
            TTSIM_BY_WIDTH(Selu, select(is_negative(x), S::mul(p0 * p1, S::expm1_clamped(x)), S::mul(p0, x)),
                           select(is_negative(x), S::mul(p0 * p1, S::expm1_clamped(x)), S::mul(p0, x)))
            TTSIM_BY_WIDTH(Celu, select(is_negative(x), S::mul(p0, S::expm1_clamped(S::mul(p1, x))), x),
                           select(is_negative(x), S::mul(p0, S::expm1_clamped(S::mul(p1, x))), x))
            TTSIM_BY_WIDTH(Softplus, select(S::softplus_applies(x, p0, p2), S::softplus(x, p0, p1), x),
                           select(S::softplus_applies(x, p0, p2), S::softplus(x, p0, p1), x))
            TTSIM_PLAIN(Softsign, S::softsign(x))
            TTSIM_PLAIN(Softshrink, S::sub(x, clamp(x, -p0, p0)))
            TTSIM_PLAIN(Hardshrink, select(is_negative(S::sub(p0, magnitude(x))), x, splat(0.0f)))
            TTSIM_PLAIN(Hardsigmoid, S::clip_above_then_below(S::mad(x, 0.1666666716337204f, 0.5f), 1.0f))
            TTSIM_PLAIN(Hardtanh, clamp(x, p0, p1))
            TTSIM_PLAIN(Hardmish, S::mul(x, clamp(S::mad(x, 0.5f, 1.0f), 0.0f, 1.0f)))
            TTSIM_BY_WIDTH(Mish, S::template mish<true>(x), S::template mish<false>(x))
            TTSIM_BY_WIDTH(Softcap, S::mul(p0, S::tanh_fp32(S::mul(x, p1))), S::mul(p0, S::tanh_bf16(S::mul(x, p1))))
            TTSIM_PLAIN(Threshold, select(S::at_most(x, p0), splat(p1), x))
            TTSIM_PLAIN(Clamp, clamp(x, p0, p1))
            TTSIM_PLAIN(Heaviside, select(is_zero(x), splat(p0), S::add(copy_sign(splat(0.5f), x), 0.5f)))
            default: return false;
        }
    }

    static bool scalars(const SfpuJob& job) {
        const float p0 = param_float(job.p[0]), p1 = param_float(job.p[1]);
        switch (job.op) {
            TTSIM_PLAIN(Abs, absolute(x))
            TTSIM_PLAIN(Negative, negated(x))
            TTSIM_PLAIN(Sign, select(is_zero(x), splat(0.0f), copy_sign(splat(1.0f), x)))
            TTSIM_PLAIN(Signbit, one_if(is_negative(x)))
            TTSIM_PLAIN(Identity, x)
            TTSIM_PLAIN(Floor, S::floor(x))
            TTSIM_PLAIN(Ceil, S::ceil(x))
            TTSIM_PLAIN(Trunc, S::truncate(x))
            case SfpuOp::Round: {
                const float up = power_of_ten((int32_t)job.p[0]), down = power_of_ten(-(int32_t)job.p[0]);
                return L::unary(job, [&](vf x) TTSIM_LAMBDA { return S::mul(down, S::round_even(S::mul(x, up))); });
            }
                TTSIM_PLAIN(Frac, S::sub(x, S::truncate(x)))
                TTSIM_PLAIN(AddScalar, S::add(x, p0))
                TTSIM_PLAIN(SubScalar, S::sub(x, p0))
                TTSIM_PLAIN(MulScalar, S::mul(x, p0))
                TTSIM_PLAIN(DivScalar, S::mul(x, p0))
                TTSIM_BY_WIDTH(RsubScalar, S::sub(p0, x), nearest_bf16(S::sub(p0, x)))
            case SfpuOp::RdivScalar:
                return job.wide ? L::unary(job, [&](vf x) TTSIM_LAMBDA { return S::template reverse_divide<true>(x, p0); })
                                : L::unary(job, [&](vf x) TTSIM_LAMBDA { return S::template reverse_divide<false>(x, p0); });
                TTSIM_PLAIN(FmodScalar, S::fmod_scalar(x, p0, p1))
                TTSIM_PLAIN(RemainderScalar, S::remainder_scalar(x, p0, p1))
                TTSIM_PLAIN(MaxScalar, larger(x, p0))
                TTSIM_PLAIN(MinScalar, smaller(x, p0))
            default: return false;
        }
    }

    static bool predicates(const SfpuJob& job) {
        const float p0 = param_float(job.p[0]);
        switch (job.op) {
            TTSIM_PLAIN(Eqz, one_if(is_zero(x)))
            TTSIM_PLAIN(Nez, one_if(~is_zero(x)))
            TTSIM_PLAIN(Ltz, one_if(is_negative(x) & ~is_zero(x) & ~is_nan(x)))
            TTSIM_PLAIN(Gtz, one_if(~is_negative(x) & ~is_zero(x) & ~is_nan(x)))
            TTSIM_PLAIN(Lez, one_if((is_negative(x) | is_zero(x)) & ~is_nan(x)))
            TTSIM_PLAIN(Gez, one_if((~is_negative(x) | is_zero(x)) & ~is_nan(x)))
            TTSIM_PLAIN(EqScalar, one_if(S::equal(x, p0)))
            TTSIM_PLAIN(NeScalar, one_if(~S::equal(x, p0)))
            TTSIM_PLAIN(LtScalar, one_if(S::less(x, p0)))
            TTSIM_PLAIN(GtScalar, one_if(S::greater(x, p0)))
            TTSIM_PLAIN(LeScalar, one_if(~S::greater(x, p0)))
            TTSIM_PLAIN(GeScalar, one_if(~S::less(x, p0)))
            TTSIM_PLAIN(Isnan, one_if(is_nan(x)))
            TTSIM_PLAIN(Isinf, one_if(is_infinite(x)))
            TTSIM_PLAIN(Isposinf, one_if(is_infinite(x) & ~is_negative(x)))
            TTSIM_PLAIN(Isneginf, one_if(is_infinite(x) & is_negative(x)))
            TTSIM_PLAIN(Isfinite, one_if(is_finite(x)))
            TTSIM_PLAIN(LogicalNot, one_if(is_plus_zero(x)))
            default: return false;
        }
    }

    // Comparisons of two tiles work on the bits; a sum of magnitudes finds NaN and pairs of zeros.
    TTSIM_INLINE vi both_zero(vf a, vf b) { return ((as_int(a) & INF_BITS) == 0) & ((as_int(b) & INF_BITS) == 0); }
    TTSIM_INLINE vi no_nan(vf a, vf b) { return ~is_nan(a) & ~is_nan(b); }
    TTSIM_INLINE vi equal_bits(vf a, vf b) { return both_zero(a, b) | (no_nan(a, b) & (as_int(a) == as_int(b))); }
    TTSIM_INLINE vi before(vf a, vf b) { return ~both_zero(a, b) & (in_order(a) < in_order(b)); }

    TTSIM_INLINE vf product_bf16(vf a, vf b) {
        return select(is_plus_zero(a) | is_plus_zero(b), splat(0.0f), nearest_bf16(S::mul(a, b)));
    }
    TTSIM_INLINE vf x_log_y(vf x, vf y) {
        const vf m = set_exponent(y, splat(127));
        const vf series = S::poly(m, -1.49277612f, 2.11263230f, -0.72910421f, 0.10968964f);
        vf log = S::mad(S::whole_exponent(y), 0.69314718f, series);
        log = select(is_zero(y), splat(-INFINITE), log);
        return select(is_negative(y), not_a_number(), S::mul(log, x));
    }

    /// True division of two's complement lanes; the quotient is a float.
    TTSIM_INLINE vf divide_integers(vf in0, vf in1) {
        // Sign and magnitude: the least integer is a zero.
        const vi a = select(as_int(in0) == SIGN, splat(0), as_int(in0)), b = select(as_int(in1) == SIGN, splat(0), as_int(in1));
        const vf x = to_float(a), y = to_float(b);
        const vf r = S::template reciprocal<2>(y);
        const vf q = S::mul(x, r);
        const vf refined = S::mad(S::sub(x, S::mul(q, y)), r, q);
        return select((a == b) & (a != 0), splat(1.0f), select(b != 0, refined, q));
    }

#define TTSIM_BINARY(OP, EXPRESSION) \
    case SfpuOp::OP: return L::binary(job, [&](vf a, vf b) TTSIM_LAMBDA { return EXPRESSION; });
#define TTSIM_BINARY_BY_WIDTH(OP, WIDE, NARROW)                                            \
    case SfpuOp::OP:                                                                       \
        return job.wide ? L::binary(job, [&](vf a, vf b) TTSIM_LAMBDA { return WIDE; })    \
                        : L::binary(job, [&](vf a, vf b) TTSIM_LAMBDA { return NARROW; });

    static bool binary(const SfpuJob& job) {
        switch (job.op) {
            TTSIM_BINARY(Add, S::add(a, b))
            TTSIM_BINARY(Sub, S::sub(a, b))
            TTSIM_BINARY(Rsub, S::sub(b, a))
            TTSIM_BINARY_BY_WIDTH(AddRne, S::add(a, b), nearest_bf16(S::add(a, b)))
            TTSIM_BINARY_BY_WIDTH(SubRne, S::sub(a, b), nearest_bf16(S::sub(a, b)))
            TTSIM_BINARY_BY_WIDTH(RsubRne, S::sub(b, a), nearest_bf16(S::sub(b, a)))
            TTSIM_BINARY_BY_WIDTH(Mul, S::mul(a, b), product_bf16(a, b))
            TTSIM_BINARY_BY_WIDTH(Div, S::divide_fp32(a, b), S::divide_bf16(a, b))
            TTSIM_BINARY_BY_WIDTH(Pow, S::power_fp32(a, b), rounded_bf16(S::power_bf16(a, b)))
            TTSIM_BINARY(Eq, one_if(equal_bits(a, b)))
            TTSIM_BINARY(Ne, one_if(~equal_bits(a, b)))
            TTSIM_BINARY(Lt, one_if(no_nan(a, b) & before(a, b)))
            TTSIM_BINARY(Gt, one_if(no_nan(a, b) & before(b, a)))
            TTSIM_BINARY(Le, one_if(no_nan(a, b) & ~before(b, a)))
            TTSIM_BINARY(Ge, one_if(no_nan(a, b) & ~before(a, b)))
            TTSIM_BINARY(Max, larger(a, b))
            TTSIM_BINARY(Min, smaller(a, b))
            TTSIM_BINARY_BY_WIDTH(Fmod, S::fmod(a, b), rounded_bf16(S::fmod(a, b)))
            TTSIM_BINARY_BY_WIDTH(Remainder, S::remainder(a, b), rounded_bf16(S::remainder(a, b)))
            TTSIM_BINARY_BY_WIDTH(Atan2, S::template arctangent2<true>(a, b), S::template arctangent2<false>(a, b))
            TTSIM_BINARY(Xlogy, x_log_y(a, b))
            TTSIM_BINARY(DivInt32, divide_integers(a, b))
            TTSIM_BINARY(Mask, select(is_zero(b), splat(0.0f), a))
            TTSIM_BINARY(MaskPosinf, select(is_zero(b), splat(INFINITE), a))
            default: return false;
        }
    }

#define TTSIM_TERNARY(OP, ROUND, EXPRESSION)                                          \
    case SfpuOp::OP:                                                              \
        return L::ternary(job, [&](vf a, vf b, vf c) TTSIM_LAMBDA {               \
            const vf y = EXPRESSION;                                              \
            return job.wide ? y : ROUND(y);                                       \
        });

    TTSIM_INLINE vf snake(vf x, vf alpha, vf beta, bool wide) {
        const vf turns = S::mul(S::mul(alpha, x), 0.318309886183791f);
        const vf a = S::mul(S::sub(turns, round_to_int(turns, 32767).value), 3.141592653589793f);
        const vf s = S::mul(a, a);
        const vf p = wide ? S::poly(s, -0x1.55554cp-3f, 0x1.110edap-7f, -0x1.9f70fp-13f, 0x1.5dc908p-19f)
                          : S::poly(s, -0x1.5554a4p-3f, 0x1.10c2a2p-7f, -0x1.8b10a4p-13f);
        const vf r = S::mad(S::mul(a, s), p, a);
        const vf inverse = wide ? S::template reciprocal<2>(beta) : S::template reciprocal<1>(beta);
        return S::mad(S::mul(r, r), inverse, x);
    }

    static bool ternary(const SfpuJob& job) {
        const float p0 = param_float(job.p[0]);
        switch (job.op) {
            case SfpuOp::Where:
                return L::ternary(job, [&](vf a, vf b, vf c) TTSIM_LAMBDA { return select(as_int(a) != 0, b, c); });
                TTSIM_TERNARY(Addcmul, rounded_bf16, S::mad(S::mul(p0, b), c, a))
                TTSIM_TERNARY(Addcdiv, nearest_bf16, S::mad(S::mul(b, p0), S::template reciprocal<2>(c), a))
                TTSIM_TERNARY(Lerp, nearest_bf16, S::mad(c, S::sub(b, a), a))
                TTSIM_TERNARY(Mac, rounded_bf16, S::mad(a, b, c))
                TTSIM_TERNARY(SnakeBeta, rounded_bf16, snake(a, b, c, job.wide))
            default: return false;
        }
    }

    /// 10^n in fp32; beyond its range infinity or zero.
    static float power_of_ten(int32_t n) {
        if (n > 38) return INFINITE;
        if (n < -45) return 0.0f;
        double value = 1.0;
        for (int i = 0; i < (n < 0 ? -n : n); ++i) value *= 10.0;
        return (float)(n < 0 ? 1.0 / value : value);
    }

    static bool run(const SfpuJob& job) {
        return exponentials(job) || roots_and_powers(job) || trigonometry(job) || activations(job) || scalars(job) ||
               predicates(job) || binary(job) || ternary(job);
    }
};

}  // namespace ttsim
