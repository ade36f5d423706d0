// SPDX-License-Identifier: Apache-2.0
//
// Calls of the vector unit on DST tiles. One row a call, in the tables below; operations are those of sfpu_ops.def.
#pragma once
#include "ttsim/base.h"

namespace ttsim_op {
enum : uint32_t {
#define TTSIM_SFPU(name, tiles, params, domain, api) name,
#include "numerics/sfpu_ops.def"
#undef TTSIM_SFPU
};
}  // namespace ttsim_op

namespace ckernel {

/// First value of a template argument list that is a bool, or `otherwise`: the functions' fast_and_approx.
template <bool otherwise, auto... Values>
struct ttsim_first_flag {
    static constexpr bool value = otherwise;
};
template <bool otherwise, auto First, auto... Rest>
struct ttsim_first_flag<otherwise, First, Rest...> {
    static constexpr bool pick() {
        if constexpr (std::is_same_v<std::remove_const_t<decltype(First)>, bool>) return First;
        else return ttsim_first_flag<otherwise, Rest...>::value;
    }
    static constexpr bool value = pick();
};
constexpr bool ttsim_is_uint16(DataFormat format) { return format == DataFormat::UInt16; }
constexpr bool ttsim_is_unsigned(DataFormat format) {
    return format == DataFormat::UInt32 || format == DataFormat::UInt16 || format == DataFormat::UInt8;
}
constexpr bool ttsim_is_integer(DataFormat format) { return ttsim_is_unsigned(format) || format == DataFormat::Int32 || format == DataFormat::Int8; }

#define TTSIM_INIT(name)                                                                                   \
    template <auto...>                                                                                     \
    ALWI void name(TTSIM_LINE) {                                                                           \
        tensix_sfpu_init(ttsim_name_hash(#name), call_line);                                               \
    }
/// name(idst[, vector_mode]); `fast`: operation when the first bool of the template arguments is true, `flag` its default.
#define TTSIM_UNARY_FAST(name, slow, fast, flag)                                                           \
    template <auto... Config>                                                                              \
    ALWI void name(uint32_t idst, int vector_mode = VectorMode::RC, TTSIM_LINE) {                          \
        constexpr uint32_t op = ttsim_first_flag<flag, Config...>::value ? ttsim_op::fast : ttsim_op::slow; \
        tensix_sfpu_unary(op, idst, 0, 0, 0, uint32_t(vector_mode), call_line);                             \
    }
#define TTSIM_UNARY(name, op)                                                                              \
    template <auto... Config>                                                                              \
    ALWI void name(uint32_t idst, int vector_mode = VectorMode::RC, TTSIM_LINE) {                          \
        tensix_sfpu_unary(ttsim_op::op, idst, 0, 0, 0, uint32_t(vector_mode), call_line);                   \
    }
#define TTSIM_UNARY1(name, op)                                                                             \
    template <auto... Config>                                                                              \
    ALWI void name(uint32_t idst, uint32_t param0, TTSIM_LINE) {                                           \
        tensix_sfpu_unary(ttsim_op::op, idst, param0, 0, 0, VectorMode::RC, call_line);                     \
    }
#define TTSIM_UNARY2(name, op)                                                                             \
    template <auto... Config>                                                                              \
    ALWI void name(uint32_t idst, uint32_t param0, uint32_t param1, TTSIM_LINE) {                          \
        tensix_sfpu_unary(ttsim_op::op, idst, param0, param1, 0, VectorMode::RC, call_line);                \
    }
#define TTSIM_UNARY3(name, op)                                                                             \
    template <auto... Config>                                                                              \
    ALWI void name(uint32_t idst, uint32_t param0, uint32_t param1, uint32_t param2, TTSIM_LINE) {         \
        tensix_sfpu_unary(ttsim_op::op, idst, param0, param1, param2, VectorMode::RC, call_line);           \
    }
#define TTSIM_BINARY(name, op)                                                                             \
    template <auto... Config>                                                                              \
    ALWI void name(uint32_t idst0, uint32_t idst1, uint32_t odst, int vector_mode = VectorMode::RC, TTSIM_LINE) { \
        tensix_sfpu_binary(ttsim_op::op, idst0, idst1, odst, 0, uint32_t(vector_mode), call_line);          \
    }
/// name<DataFormat>(idst0, idst1, odst), an operation for each kind of integer.
#define TTSIM_BINARY_INT(name, signed_op, unsigned_op, uint16_op)                                          \
    template <DataFormat data_format>                                                                      \
    ALWI void name(uint32_t idst0, uint32_t idst1, uint32_t odst, TTSIM_LINE) {                            \
        constexpr uint32_t op = ttsim_is_uint16(data_format) ? ttsim_op::uint16_op                         \
                                : ttsim_is_unsigned(data_format) ? ttsim_op::unsigned_op : ttsim_op::signed_op; \
        tensix_sfpu_binary(op, idst0, idst1, odst, 0, VectorMode::RC, call_line);                           \
    }
#define TTSIM_BINARY_ROUNDED(name, plain, nearest)                                                         \
    template <DstRoundingMode rounding = DstRoundingMode::Default, auto...>                                \
    ALWI void name(uint32_t idst0, uint32_t idst1, uint32_t odst, TTSIM_LINE) {                            \
        constexpr uint32_t op = rounding == DstRoundingMode::NearestEven ? ttsim_op::nearest : ttsim_op::plain; \
        tensix_sfpu_binary(op, idst0, idst1, odst, 0, VectorMode::RC, call_line);                           \
    }
#define TTSIM_TERNARY(name, op)                                                                            \
    template <DataFormat data_format, auto...>                                                             \
    ALWI void name(uint32_t idst0, uint32_t idst1, uint32_t idst2, uint32_t odst, TTSIM_LINE) {            \
        tensix_sfpu_ternary(ttsim_op::op, idst0, idst1, idst2, odst, 0, VectorMode::RC, call_line);         \
    }
#define TTSIM_TERNARY1(name, op)                                                                           \
    template <DataFormat data_format, auto...>                                                             \
    ALWI void name(uint32_t idst0, uint32_t idst1, uint32_t idst2, uint32_t odst, uint32_t value, TTSIM_LINE) { \
        tensix_sfpu_ternary(ttsim_op::op, idst0, idst1, idst2, odst, value, VectorMode::RC, call_line);     \
    }

// ---- name, initialisation, operation

#define TTSIM_WITH_INIT(kind, name, ...) TTSIM_##kind(name, __VA_ARGS__) TTSIM_INIT(name##_init)

// exponentials and logarithms
TTSIM_WITH_INIT(UNARY, exp2_tile, Exp2)
TTSIM_WITH_INIT(UNARY, expm1_tile, Expm1)
TTSIM_WITH_INIT(UNARY_FAST, log_tile, Log, LogFast, false)
TTSIM_WITH_INIT(UNARY1, log_with_base_tile, LogWithBase)
TTSIM_WITH_INIT(UNARY, log1p_tile, Log1p)
// roots and powers
TTSIM_WITH_INIT(UNARY_FAST, sqrt_tile, Sqrt, SqrtFast, false)
TTSIM_WITH_INIT(UNARY, rsqrt_tile, Rsqrt)
TTSIM_WITH_INIT(UNARY, recip_tile, Recip)
TTSIM_WITH_INIT(UNARY, square_tile, Square)
TTSIM_WITH_INIT(UNARY, cbrt_tile, Cbrt)
TTSIM_WITH_INIT(UNARY1, power_tile, Power)
TTSIM_WITH_INIT(UNARY1, power_iterative_tile, PowerIterative)
TTSIM_WITH_INIT(UNARY1, rpow_tile, Rpow)
// trigonometric and hyperbolic
TTSIM_WITH_INIT(UNARY, sin_tile, Sin)
TTSIM_WITH_INIT(UNARY, cos_tile, Cos)
TTSIM_WITH_INIT(UNARY, tan_tile, Tan)
TTSIM_WITH_INIT(UNARY, asin_tile, Asin)
TTSIM_WITH_INIT(UNARY, acos_tile, Acos)
TTSIM_WITH_INIT(UNARY, atan_tile, Atan)
TTSIM_WITH_INIT(UNARY, sinh_tile, Sinh)
TTSIM_WITH_INIT(UNARY, cosh_tile, Cosh)
TTSIM_WITH_INIT(UNARY_FAST, tanh_tile, Tanh, TanhFast, false)
TTSIM_WITH_INIT(UNARY, asinh_tile, Asinh)
TTSIM_WITH_INIT(UNARY, acosh_tile, Acosh)
TTSIM_WITH_INIT(UNARY, atanh_tile, Atanh)
TTSIM_WITH_INIT(UNARY, tanh_derivative_tile, TanhDerivative)
TTSIM_WITH_INIT(UNARY, tanhshrink_tile, Tanhshrink)
// special functions
TTSIM_WITH_INIT(UNARY, erf_tile, Erf)
TTSIM_WITH_INIT(UNARY, erfc_tile, Erfc)
TTSIM_WITH_INIT(UNARY, erfinv_tile, Erfinv)
TTSIM_WITH_INIT(UNARY, i0_tile, I0)
TTSIM_WITH_INIT(UNARY, i1_tile, I1)
// activations
TTSIM_WITH_INIT(UNARY_FAST, sigmoid_tile, Sigmoid, SigmoidFast, false)
TTSIM_WITH_INIT(UNARY, silu_tile, Silu)
TTSIM_WITH_INIT(UNARY_FAST, gelu_tile, GeluExact, Gelu, true)
TTSIM_WITH_INIT(UNARY, gelu_tanh_tile, GeluTanh)
TTSIM_WITH_INIT(UNARY, relu_tile, Relu)
TTSIM_WITH_INIT(UNARY1, relu_max_tile, ReluMax)
TTSIM_WITH_INIT(UNARY1, relu_min_tile, ReluMin)
TTSIM_INIT(leaky_relu_tile_init)
ALWI void leaky_relu_tile(uint32_t idst, uint32_t slope = 0, TTSIM_LINE) {
    tensix_sfpu_unary(ttsim_op::LeakyRelu, idst, slope, 0, 0, VectorMode::RC, call_line);
}
TTSIM_WITH_INIT(UNARY1, prelu_tile, Prelu)
TTSIM_WITH_INIT(UNARY1, elu_tile, Elu)
TTSIM_WITH_INIT(UNARY2, selu_tile, Selu)
TTSIM_WITH_INIT(UNARY2, celu_tile, Celu)
TTSIM_WITH_INIT(UNARY3, softplus_tile, Softplus)
TTSIM_WITH_INIT(UNARY, softsign_tile, Softsign)
TTSIM_WITH_INIT(UNARY1, softshrink_tile, Softshrink)
TTSIM_WITH_INIT(UNARY1, hardshrink_tile, Hardshrink)
TTSIM_WITH_INIT(UNARY, hardsigmoid_tile, Hardsigmoid)
TTSIM_WITH_INIT(UNARY2, hardtanh_tile, Hardtanh)
TTSIM_WITH_INIT(UNARY, hardmish_tile, Hardmish)
TTSIM_WITH_INIT(UNARY, mish_tile, Mish)
TTSIM_WITH_INIT(UNARY2, softcap_tile, Softcap)
TTSIM_WITH_INIT(UNARY2, threshold_tile, Threshold)
TTSIM_WITH_INIT(UNARY2, clamp_tile, Clamp)
TTSIM_WITH_INIT(UNARY1, heaviside_tile, Heaviside)
// sign, rounding, arithmetic with a scalar
TTSIM_WITH_INIT(UNARY, abs_tile, Abs)
TTSIM_WITH_INIT(UNARY, negative_tile, Negative)
TTSIM_WITH_INIT(UNARY, sign_tile, Sign)
TTSIM_WITH_INIT(UNARY, signbit_tile, Signbit)
TTSIM_WITH_INIT(UNARY, identity_tile, Identity)
TTSIM_UNARY(identity_tile_uint32, Identity)
TTSIM_INIT(rounding_op_tile_init)
TTSIM_UNARY(floor_tile, Floor)
TTSIM_UNARY(ceil_tile, Ceil)
TTSIM_UNARY(trunc_tile, Trunc)
TTSIM_UNARY(frac_tile, Frac)
TTSIM_UNARY1(round_tile, Round)
TTSIM_INIT(binop_with_scalar_tile_init)
TTSIM_UNARY1(add_unary_tile, AddScalar)
TTSIM_UNARY1(sub_unary_tile, SubScalar)
TTSIM_UNARY1(mul_unary_tile, MulScalar)
TTSIM_UNARY1(div_unary_tile, DivScalar)
TTSIM_UNARY1(rsub_unary_tile, RsubScalar)
TTSIM_WITH_INIT(UNARY1, rsub_tile, RsubScalar)
TTSIM_WITH_INIT(UNARY1, rdiv_tile, RdivScalar)
TTSIM_WITH_INIT(UNARY1, unary_max_tile, MaxScalar)
TTSIM_WITH_INIT(UNARY1, unary_min_tile, MinScalar)
// predicates
TTSIM_WITH_INIT(UNARY, eqz_tile, Eqz)
TTSIM_WITH_INIT(UNARY, nez_tile, Nez)
TTSIM_WITH_INIT(UNARY, ltz_tile, Ltz)
TTSIM_WITH_INIT(UNARY, gtz_tile, Gtz)
TTSIM_WITH_INIT(UNARY, lez_tile, Lez)
TTSIM_WITH_INIT(UNARY, gez_tile, Gez)
TTSIM_WITH_INIT(UNARY1, unary_eq_tile, EqScalar)
TTSIM_WITH_INIT(UNARY1, unary_ne_tile, NeScalar)
TTSIM_WITH_INIT(UNARY1, unary_lt_tile, LtScalar)
TTSIM_WITH_INIT(UNARY1, unary_gt_tile, GtScalar)
TTSIM_WITH_INIT(UNARY1, unary_le_tile, LeScalar)
TTSIM_WITH_INIT(UNARY1, unary_ge_tile, GeScalar)
TTSIM_WITH_INIT(UNARY, isnan_tile, Isnan)
TTSIM_WITH_INIT(UNARY, isinf_tile, Isinf)
TTSIM_WITH_INIT(UNARY, isposinf_tile, Isposinf)
TTSIM_WITH_INIT(UNARY, isneginf_tile, Isneginf)
TTSIM_WITH_INIT(UNARY, isfinite_tile, Isfinite)
TTSIM_INIT(logical_not_tile_init)
// integers
TTSIM_UNARY(abs_tile_int32, AbsInt32)
TTSIM_UNARY(negative_tile_int32, NegativeInt32)
TTSIM_WITH_INIT(UNARY, signbit_tile_int32, SignbitInt32)
TTSIM_UNARY(relu_tile_int32, ReluInt32)
TTSIM_UNARY1(relu_max_tile_int32, ReluMaxInt32)
TTSIM_UNARY1(relu_min_tile_int32, ReluMinInt32)
TTSIM_UNARY2(clamp_tile_int32, ClampInt32)
TTSIM_UNARY1(add_unary_tile_int32, AddScalarInt32)
TTSIM_UNARY1(sub_unary_tile_int32, SubScalarInt32)
TTSIM_WITH_INIT(UNARY1, rsub_unary_int32_tile, RsubScalarInt32)
TTSIM_WITH_INIT(UNARY1, unary_max_int32_tile, MaxScalarInt32)
TTSIM_WITH_INIT(UNARY1, unary_min_int32_tile, MinScalarInt32)
TTSIM_WITH_INIT(UNARY1, unary_max_uint32_tile, MaxScalarUint32)
TTSIM_WITH_INIT(UNARY1, unary_min_uint32_tile, MinScalarUint32)
TTSIM_UNARY(eqz_tile_int32, EqzInt)
TTSIM_UNARY(eqz_tile_uint32, EqzInt)
TTSIM_UNARY(eqz_tile_uint16, EqzInt)
TTSIM_UNARY(nez_tile_int32, NezInt)
TTSIM_UNARY(nez_tile_uint32, NezInt)
TTSIM_UNARY(nez_tile_uint16, NezInt)
TTSIM_UNARY(ltz_tile_int32, LtzInt32)
TTSIM_UNARY(gtz_tile_int32, GtzInt32)
TTSIM_UNARY(lez_tile_int32, LezInt32)
TTSIM_UNARY(gez_tile_int32, GezInt32)
TTSIM_UNARY1(unary_eq_tile_int32, EqScalarInt32)
TTSIM_UNARY1(unary_ne_tile_int32, NeScalarInt32)
TTSIM_UNARY1(unary_lt_tile_int32, LtScalarInt32)
TTSIM_UNARY1(unary_gt_tile_int32, GtScalarInt32)
TTSIM_UNARY1(unary_le_tile_int32, LeScalarInt32)
TTSIM_UNARY1(unary_ge_tile_int32, GeScalarInt32)
TTSIM_WITH_INIT(UNARY, bitwise_not_tile, BitwiseNot)
TTSIM_WITH_INIT(UNARY1, bitwise_and_tile, BitwiseAndScalar)
TTSIM_WITH_INIT(UNARY1, bitwise_or_tile, BitwiseOrScalar)
TTSIM_WITH_INIT(UNARY1, bitwise_xor_tile, BitwiseXorScalar)
TTSIM_WITH_INIT(UNARY1, left_shift_tile, LeftShiftScalar)
TTSIM_INIT(right_shift_tile_init)
// two tiles
TTSIM_BINARY_ROUNDED(add_binary_tile, Add, AddRne)
TTSIM_BINARY_ROUNDED(sub_binary_tile, Sub, SubRne)
TTSIM_BINARY_ROUNDED(rsub_binary_tile, Rsub, RsubRne)
TTSIM_INIT(add_binary_tile_init)
TTSIM_INIT(sub_binary_tile_init)
TTSIM_INIT(rsub_binary_tile_init)
TTSIM_WITH_INIT(BINARY, mul_binary_tile, Mul)
TTSIM_WITH_INIT(BINARY, div_binary_tile, Div)
TTSIM_WITH_INIT(BINARY, power_binary_tile, Pow)
TTSIM_WITH_INIT(BINARY, eq_binary_tile, Eq)
TTSIM_WITH_INIT(BINARY, ne_binary_tile, Ne)
TTSIM_WITH_INIT(BINARY, lt_binary_tile, Lt)
TTSIM_WITH_INIT(BINARY, gt_binary_tile, Gt)
TTSIM_WITH_INIT(BINARY, le_binary_tile, Le)
TTSIM_WITH_INIT(BINARY, ge_binary_tile, Ge)
TTSIM_WITH_INIT(BINARY, binary_max_tile, Max)
TTSIM_WITH_INIT(BINARY, binary_min_tile, Min)
TTSIM_WITH_INIT(BINARY, fmod_binary_tile, Fmod)
TTSIM_WITH_INIT(BINARY, remainder_binary_tile, Remainder)
TTSIM_WITH_INIT(BINARY, atan2_binary_tile, Atan2)
TTSIM_WITH_INIT(BINARY, xlogy_binary_tile, Xlogy)
TTSIM_BINARY_INT(add_int_tile, AddInt, AddInt, AddUint16)
TTSIM_INIT(add_int_tile_init)
TTSIM_BINARY_INT(sub_int_tile, SubInt, SubInt, SubUint16)
TTSIM_INIT(sub_int_tile_init)
TTSIM_BINARY_INT(rsub_int_tile, RsubInt, RsubInt, RsubUint16)
TTSIM_INIT(rsub_int_tile_init)
TTSIM_BINARY_INT(mul_int_tile, MulInt, MulInt, MulUint16)
TTSIM_INIT(mul_int_tile_init)
TTSIM_BINARY_INT(eq_int_tile, EqInt, EqInt, EqInt)
TTSIM_INIT(eq_int_tile_init)
TTSIM_BINARY_INT(ne_int_tile, NeInt, NeInt, NeInt)
TTSIM_INIT(ne_int_tile_init)
TTSIM_BINARY_INT(lt_int_tile, LtInt32, LtUint32, LtUint32)
TTSIM_INIT(lt_int_tile_init)
TTSIM_BINARY_INT(gt_int_tile, GtInt32, GtUint32, GtUint32)
TTSIM_INIT(gt_int_tile_init)
TTSIM_BINARY_INT(le_int_tile, LeInt32, LeUint32, LeUint32)
TTSIM_INIT(le_int_tile_init)
TTSIM_BINARY_INT(ge_int_tile, GeInt32, GeUint32, GeUint32)
TTSIM_INIT(ge_int_tile_init)
TTSIM_WITH_INIT(BINARY, lt_int32_tile, LtInt32)
TTSIM_WITH_INIT(BINARY, gt_int32_tile, GtInt32)
TTSIM_WITH_INIT(BINARY, le_int32_tile, LeInt32)
TTSIM_WITH_INIT(BINARY, ge_int32_tile, GeInt32)
TTSIM_WITH_INIT(BINARY, lt_uint16_tile, LtUint32)
TTSIM_WITH_INIT(BINARY, gt_uint16_tile, GtUint32)
TTSIM_WITH_INIT(BINARY, le_uint16_tile, LeUint32)
TTSIM_WITH_INIT(BINARY, ge_uint16_tile, GeUint32)
TTSIM_WITH_INIT(BINARY, binary_max_int32_tile, MaxInt32)
TTSIM_WITH_INIT(BINARY, binary_min_int32_tile, MinInt32)
TTSIM_WITH_INIT(BINARY, binary_max_uint32_tile, MaxUint32)
TTSIM_WITH_INIT(BINARY, binary_min_uint32_tile, MinUint32)
TTSIM_INIT(binary_bitwise_tile_init)
TTSIM_BINARY(bitwise_and_binary_tile, BitwiseAnd)
TTSIM_BINARY(bitwise_or_binary_tile, BitwiseOr)
TTSIM_BINARY(bitwise_xor_binary_tile, BitwiseXor)
TTSIM_INIT(binary_shift_tile_init)
TTSIM_BINARY(binary_left_shift_tile, LeftShift)
TTSIM_BINARY(binary_right_shift_tile, RightShift)
TTSIM_BINARY(binary_logical_right_shift_tile, LogicalRightShift)
TTSIM_WITH_INIT(BINARY, div_int32_tile, DivInt32)
TTSIM_WITH_INIT(BINARY, div_int32_floor_tile, DivFloorInt32)
TTSIM_WITH_INIT(BINARY, div_int32_trunc_tile, DivTruncInt32)
TTSIM_WITH_INIT(BINARY, remainder_int32_tile, RemainderInt32)
TTSIM_WITH_INIT(BINARY, remainder_uint32_tile, RemainderUint32)
TTSIM_WITH_INIT(BINARY, fmod_int32_tile, FmodInt32)
TTSIM_WITH_INIT(BINARY, gcd_tile, Gcd)
TTSIM_WITH_INIT(BINARY, lcm_tile, Lcm)
// three tiles
TTSIM_WITH_INIT(TERNARY, where_tile, Where)
TTSIM_WITH_INIT(TERNARY, lerp_tile, Lerp)
TTSIM_WITH_INIT(TERNARY, mac_tile, Mac)
TTSIM_WITH_INIT(TERNARY1, addcmul_tile, Addcmul)
TTSIM_WITH_INIT(TERNARY1, addcdiv_tile, Addcdiv)

// ---- calls of a shape of their own

/// approx, scale_en and the clamping follow in the order of either generation; `scale` is a bfloat16.
template <bool approx = false, auto... Config>
ALWI void exp_tile_init(TTSIM_LINE) {
    tensix_sfpu_init(ttsim_name_hash("exp_tile_init"), call_line);
}
template <auto clamping, auto... Rest>
constexpr bool ttsim_unclamped() {
    if constexpr (std::is_same_v<std::remove_const_t<decltype(clamping)>, InputClamping>) return clamping == InputClamping::None;
    else if constexpr (sizeof...(Rest) > 0) return ttsim_unclamped<Rest...>();
    else return false;
}
template <bool approx = false, auto... Config>
ALWI void exp_tile(uint32_t idst, int vector_mode = VectorMode::RC, uint16_t scale = 0x3F80, TTSIM_LINE) {
    constexpr bool unclamped = ttsim_unclamped<false, Config...>();
    constexpr uint32_t op = !approx ? ttsim_op::Exp : unclamped ? ttsim_op::ExpApproxNoClamp : ttsim_op::ExpApprox;
    tensix_sfpu_unary(op, idst, scale, 0, 0, uint32_t(vector_mode), call_line);
}

#define TTSIM_WITH_SCALAR_AND_RECIPROCAL(name, op)                                                         \
    ALWI void name##_init(TTSIM_LINE) { tensix_init(1u << TTSIM_MATH, call_line); }                         \
    ALWI void name##_init(uint32_t param0, uint32_t param1) { tensix_sfpu_init_params(param0, param1, ttsim_self->line); } \
    ALWI void name(uint32_t idst) { tensix_sfpu_unary_init_params(ttsim_op::op, idst, VectorMode::RC, ttsim_self->line); } \
    ALWI void name(uint32_t idst, uint32_t param0, uint32_t param1, TTSIM_LINE) {                          \
        tensix_sfpu_unary(ttsim_op::op, idst, param0, param1, 0, VectorMode::RC, call_line);                \
    }
TTSIM_WITH_SCALAR_AND_RECIPROCAL(fmod_tile, FmodScalar)
TTSIM_WITH_SCALAR_AND_RECIPROCAL(remainder_tile, RemainderScalar)

template <DataFormat data_format = DataFormat::Float32>
ALWI void logical_not_tile(uint32_t idst, TTSIM_LINE) {
    tensix_sfpu_unary(ttsim_is_integer(data_format) ? ttsim_op::LogicalNotInt : ttsim_op::LogicalNot, idst, 0, 0, 0, VectorMode::RC, call_line);
}
template <DataFormat data_format = DataFormat::Int32>
ALWI void right_shift_tile(uint32_t idst, uint32_t param0, TTSIM_LINE) {
    tensix_sfpu_unary(ttsim_is_unsigned(data_format) ? ttsim_op::LogicalRightShiftScalar : ttsim_op::RightShiftScalar, idst, param0, 0, 0,
                     VectorMode::RC, call_line);
}

ALWI uint32_t ttsim_float_bits(float value) {
    uint32_t bits;
    __builtin_memcpy(&bits, &value, 4);
    return bits;
}
TTSIM_INIT(fill_tile_init)
template <auto...>
ALWI void fill_tile(uint32_t idst, float param0, TTSIM_LINE) {
    tensix_fill(idst, ttsim_float_bits(param0), call_line);
}
ALWI void fill_tile_bitcast(uint32_t idst, uint32_t param0, TTSIM_LINE) { tensix_fill(idst, param0, call_line); }
template <DataFormat data_format = DataFormat::Int32>
ALWI void fill_tile_int(uint32_t idst, uint32_t param0, TTSIM_LINE) {
    tensix_fill_int(idst, uint32_t(data_format), param0, call_line);
}

TTSIM_INIT(typecast_tile_init)
template <uint32_t IN_DTYPE, uint32_t OUT_DTYPE, auto...>
ALWI void typecast_tile(uint32_t idst, TTSIM_LINE) {
    tensix_typecast(idst, IN_DTYPE, OUT_DTYPE, call_line);
}

TTSIM_INIT(copy_dest_values_init)
template <auto...>
ALWI void copy_dest_values(uint32_t idst_in, uint32_t idst_out, TTSIM_LINE) {
    tensix_copy_dst(idst_in, idst_out, call_line);
}

TTSIM_INIT(mask_tile_init)
ALWI void mask_tile(uint32_t idst_data, uint32_t idst2_mask, DataFormat data_format = DataFormat::Float16_b, TTSIM_LINE) {
    tensix_sfpu_binary(data_format == DataFormat::Int32 ? ttsim_op::MaskInt32 : ttsim_op::Mask, idst_data, idst2_mask, idst_data, 0,
                      VectorMode::RC, call_line);
}
ALWI void mask_posinf_tile(uint32_t idst_data, uint32_t idst2_mask, TTSIM_LINE) {
    tensix_sfpu_binary(ttsim_op::MaskPosinf, idst_data, idst2_mask, idst_data, 0, VectorMode::RC, call_line);
}

TTSIM_INIT(cumsum_tile_init)
ALWI void cumsum_tile(uint32_t idst, bool first = true, TTSIM_LINE) { tensix_cumsum(idst, first, call_line); }

template <PoolType pool_type, DataFormat format, auto...>
ALWI void sfpu_reduce_init(TTSIM_LINE) {
    tensix_init(1u << TTSIM_MATH, call_line);
}
template <PoolType pool_type, DataFormat format, ReduceDim reduce_dim = ReduceDim::REDUCE_COL, auto...>
ALWI void sfpu_reduce(uint32_t idst, uint32_t ct_dim = 1, uint32_t rt_dim = 1, TTSIM_LINE) {
    for (uint32_t i = 0; i < ct_dim * rt_dim; i++)
        tensix_sfpu_reduce(uint32_t(pool_type), uint32_t(reduce_dim), uint32_t(format), idst + i, call_line);
}

#define TTSIM_SFPU_BCAST(word, OP, side, how)                                                              \
    TTSIM_INIT(sfpu_##word##_bcast_##side##_init)                                                          \
    template <auto...>                                                                                     \
    ALWI void sfpu_##word##_bcast_##side(uint32_t dst_data_idx, uint32_t dst_vec_idx, TTSIM_LINE) {        \
        tensix_sfpu_bcast(OP, uint32_t(how), dst_data_idx, dst_vec_idx, call_line);                         \
    }
TTSIM_SFPU_BCAST(add, ELWADD, col, BroadcastType::COL)
TTSIM_SFPU_BCAST(sub, ELWSUB, col, BroadcastType::COL)
TTSIM_SFPU_BCAST(mul, ELWMUL, col, BroadcastType::COL)
TTSIM_SFPU_BCAST(add, ELWADD, row, BroadcastType::ROW)
TTSIM_SFPU_BCAST(sub, ELWSUB, row, BroadcastType::ROW)
TTSIM_SFPU_BCAST(mul, ELWMUL, row, BroadcastType::ROW)
TTSIM_INIT(sfpu_bcast_col_init)
TTSIM_INIT(sfpu_bcast_row_init)
template <BroadcastType Dim>
ALWI void sfpu_bcast_init(TTSIM_LINE) {
    tensix_init(1u << TTSIM_MATH, call_line);
}
template <BroadcastType Dim, EltwiseBinaryType Op, auto...>
ALWI void sfpu_bcast(uint32_t dst_data_idx, uint32_t dst_bcast_idx, TTSIM_LINE) {
    tensix_sfpu_bcast(Op, uint32_t(Dim), dst_data_idx, dst_bcast_idx, call_line);
}

ALWI void rand_tile_init(uint32_t seed = 0, uint32_t stream_id = 0, TTSIM_LINE) { tensix_rand_init(seed + stream_id * 0x9E3779B9u, call_line); }
ALWI void rand_tile(uint32_t idst, uint32_t from, uint32_t scale, TTSIM_LINE) { tensix_rand(idst, from, scale, call_line); }
ALWI void dropout_kernel_init(uint32_t seed = 0, TTSIM_LINE) { tensix_rand_init(seed, call_line); }
ALWI void dropout_tile(uint32_t idst, uint32_t probability, uint32_t scale_factor, TTSIM_LINE) {
    tensix_dropout(idst, probability, scale_factor, call_line);
}

}  // namespace ckernel
