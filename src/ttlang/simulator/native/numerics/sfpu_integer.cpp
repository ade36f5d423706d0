// SPDX-License-Identifier: Apache-2.0
//
// Integer operations of the vector unit on two's complement lanes.
#define TTSIM_NATIVE_LANES
#include "sfpu_job.h"
#include "sfpu_unit.h"

namespace ttsim {

namespace {

/// Calls `f` with the first lane of every vector of the job.
template <class F>
TTSIM_INLINE void for_each_of(const SfpuJob& job, F f) {
    for (int row = job.from; row < job.to; ++row)
        if (job.faces >> (row / 16) & 1)
            for (int at = row * FACE_ROW; at < (row + 1) * FACE_ROW; at += LANES) f(at);
}
template <class F>
bool unary(const SfpuJob& job, F f) {
    for_each_of(job, [&](int at) { store(job.out + at, f(load<vi>(job.in[0] + at))); });
    return true;
}
template <class F>
bool binary(const SfpuJob& job, F f) {
    for_each_of(job, [&](int at) { store(job.out + at, f(load<vi>(job.in[0] + at), load<vi>(job.in[1] + at))); });
    return true;
}
/// Lane by lane, for what has no vector instruction.
template <class F>
bool scalar_binary(const SfpuJob& job, F f) {
    return binary(job, [&](vi a, vi b) {
        vi y;
        for (int k = 0; k < LANES; ++k) y[k] = f(a[k], b[k]);
        return y;
    });
}

TTSIM_INLINE vi flag(vi mask) { return mask & 1; }
TTSIM_INLINE vi below_unsigned(vi a, vi b) { return (vi)((vu)a < (vu)b); }
TTSIM_INLINE vi wrap_add(vi a, vi b) { return (vi)((vu)a + (vu)b); }
TTSIM_INLINE vi wrap_sub(vi a, vi b) { return (vi)((vu)a - (vu)b); }
TTSIM_INLINE vi wrap_mul(vi a, vi b) { return (vi)((vu)a * (vu)b); }

/// Shift amounts outside 0..31 give 0.
TTSIM_INLINE vi outside(vi n) { return (vi)((vu)n > 31u); }
TTSIM_INLINE vi shift_left(vi x, vi n) { return select(outside(n), splat(0), (vi)((vu)x << ((vu)n & 31u))); }
TTSIM_INLINE vi shift_right_logical(vi x, vi n) { return select(outside(n), splat(0), (vi)((vu)x >> ((vu)n & 31u))); }
TTSIM_INLINE vi shift_right(vi x, vi n) { return select(outside(n), splat(0), x >> (n & 31)); }

int32_t quotient_truncated(int32_t a, int32_t b) {
    if (b == 0) return 0;
    return (int32_t)((int64_t)a / b);
}
int32_t quotient_floored(int32_t a, int32_t b) {
    if (b == 0) return 0;
    const int64_t q = (int64_t)a / b;
    return (int32_t)((int64_t)a % b != 0 && (a < 0) != (b < 0) ? q - 1 : q);
}
int32_t remainder_truncated(int32_t a, int32_t b) { return b == 0 ? a : (int32_t)((int64_t)a % b); }
int32_t remainder_floored(int32_t a, int32_t b) {
    const int32_t r = remainder_truncated(a, b);
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}
int32_t remainder_unsigned(int32_t a, int32_t b) { return b == 0 ? a : (int32_t)((uint32_t)a % (uint32_t)b); }
uint32_t greatest_common_divisor(uint32_t a, uint32_t b) {
    while (b) {
        const uint32_t r = a % b;
        a = b;
        b = r;
    }
    return a;
}
uint32_t size_of(int32_t x) { return x < 0 ? 0u - (uint32_t)x : (uint32_t)x; }
int32_t gcd(int32_t a, int32_t b) { return (int32_t)greatest_common_divisor(size_of(a), size_of(b)); }
int32_t lcm(int32_t a, int32_t b) {
    const uint32_t g = greatest_common_divisor(size_of(a), size_of(b));
    return g ? (int32_t)(size_of(a) / g * size_of(b)) : 0;
}

bool run_unary(const SfpuJob& job) {
    const vi p = splat((int32_t)job.p[0]), q = splat((int32_t)job.p[1]);
    switch (job.op) {
        case SfpuOp::AbsInt32: return unary(job, [](vi x) { return select(x < 0, wrap_sub(splat(0), x), x); });
        case SfpuOp::NegativeInt32: return unary(job, [](vi x) { return wrap_sub(splat(0), x); });
        case SfpuOp::SignbitInt32: return unary(job, [](vi x) { return flag(x < 0); });
        case SfpuOp::ReluInt32: return unary(job, [](vi x) { return max(x, splat(0)); });
        case SfpuOp::ReluMaxInt32: return unary(job, [&](vi x) { return max(min(x, p), splat(0)); });
        case SfpuOp::ReluMinInt32: return unary(job, [&](vi x) { return max(x, p); });
        case SfpuOp::ClampInt32: return unary(job, [&](vi x) { return min(max(x, p), q); });
        case SfpuOp::AddScalarInt32: return unary(job, [&](vi x) { return wrap_add(x, p); });
        case SfpuOp::SubScalarInt32: return unary(job, [&](vi x) { return wrap_sub(x, p); });
        case SfpuOp::RsubScalarInt32: return unary(job, [&](vi x) { return wrap_sub(p, x); });
        case SfpuOp::MaxScalarInt32: return unary(job, [&](vi x) { return max(x, p); });
        case SfpuOp::MinScalarInt32: return unary(job, [&](vi x) { return min(x, p); });
        case SfpuOp::MaxScalarUint32: return unary(job, [&](vi x) { return select(below_unsigned(x, p), p, x); });
        case SfpuOp::MinScalarUint32: return unary(job, [&](vi x) { return select(below_unsigned(x, p), x, p); });
        case SfpuOp::RemainderScalarUint32:
            return unary(job, [&](vi x) {
                for (int k = 0; k < LANES; ++k) x[k] = remainder_unsigned(x[k], p[0]);
                return x;
            });
        // Signed comparisons with zero read sign and magnitude: the least integer is a negative zero.
        case SfpuOp::EqzInt: return unary(job, [](vi x) { return flag((x & MAGNITUDE) == 0); });
        case SfpuOp::NezInt: return unary(job, [](vi x) { return flag((x & MAGNITUDE) != 0); });
        case SfpuOp::LtzInt32: return unary(job, [](vi x) { return flag((x < 0) & (x != INT32_MIN)); });
        case SfpuOp::GtzInt32: return unary(job, [](vi x) { return flag(x > 0); });
        case SfpuOp::LezInt32: return unary(job, [](vi x) { return flag(x <= 0); });
        case SfpuOp::GezInt32: return unary(job, [](vi x) { return flag((x >= 0) | (x == INT32_MIN)); });
        case SfpuOp::EqzUint32: return unary(job, [](vi x) { return flag(x == 0); });
        case SfpuOp::NezUint32: return unary(job, [](vi x) { return flag(x != 0); });
        case SfpuOp::EqScalarInt32: return unary(job, [&](vi x) { return flag(x == p); });
        case SfpuOp::NeScalarInt32: return unary(job, [&](vi x) { return flag(x != p); });
        case SfpuOp::LtScalarInt32: return unary(job, [&](vi x) { return flag(x < p); });
        case SfpuOp::GtScalarInt32: return unary(job, [&](vi x) { return flag(x > p); });
        case SfpuOp::LeScalarInt32: return unary(job, [&](vi x) { return flag(x <= p); });
        case SfpuOp::GeScalarInt32: return unary(job, [&](vi x) { return flag(x >= p); });
        case SfpuOp::LogicalNotInt: return unary(job, [](vi x) { return flag(x == 0); });
        case SfpuOp::BitwiseNot: return unary(job, [](vi x) { return ~x; });
        case SfpuOp::BitwiseAndScalar: return unary(job, [&](vi x) { return x & p; });
        case SfpuOp::BitwiseOrScalar: return unary(job, [&](vi x) { return x | p; });
        case SfpuOp::BitwiseXorScalar: return unary(job, [&](vi x) { return x ^ p; });
        case SfpuOp::LeftShiftScalar: return unary(job, [&](vi x) { return shift_left(x, p); });
        case SfpuOp::RightShiftScalar: return unary(job, [&](vi x) { return shift_right(x, p); });
        case SfpuOp::LogicalRightShiftScalar: return unary(job, [&](vi x) { return shift_right_logical(x, p); });
        default: return false;
    }
}

bool run_binary(const SfpuJob& job) {
    constexpr int32_t LOW = 0xFFFF;
    switch (job.op) {
        case SfpuOp::AddInt: return binary(job, [](vi a, vi b) { return wrap_add(a, b); });
        case SfpuOp::SubInt: return binary(job, [](vi a, vi b) { return wrap_sub(a, b); });
        case SfpuOp::RsubInt: return binary(job, [](vi a, vi b) { return wrap_sub(b, a); });
        case SfpuOp::MulInt: return binary(job, [](vi a, vi b) { return wrap_mul(a, b); });
        case SfpuOp::AddUint16: return binary(job, [](vi a, vi b) { return wrap_add(a, b) & LOW; });
        case SfpuOp::SubUint16: return binary(job, [](vi a, vi b) { return wrap_sub(a, b) & LOW; });
        case SfpuOp::RsubUint16: return binary(job, [](vi a, vi b) { return wrap_sub(b, a) & LOW; });
        case SfpuOp::MulUint16: return binary(job, [](vi a, vi b) { return wrap_mul(a, b) & LOW; });
        case SfpuOp::MaxInt32: return binary(job, [](vi a, vi b) { return max(a, b); });
        case SfpuOp::MinInt32: return binary(job, [](vi a, vi b) { return min(a, b); });
        case SfpuOp::MaxUint32: return binary(job, [](vi a, vi b) { return select(below_unsigned(a, b), b, a); });
        case SfpuOp::MinUint32: return binary(job, [](vi a, vi b) { return select(below_unsigned(a, b), a, b); });
        case SfpuOp::BitwiseAnd: return binary(job, [](vi a, vi b) { return a & b; });
        case SfpuOp::BitwiseOr: return binary(job, [](vi a, vi b) { return a | b; });
        case SfpuOp::BitwiseXor: return binary(job, [](vi a, vi b) { return a ^ b; });
        case SfpuOp::EqInt: return binary(job, [](vi a, vi b) { return flag(a == b); });
        case SfpuOp::NeInt: return binary(job, [](vi a, vi b) { return flag(a != b); });
        case SfpuOp::LtInt32: return binary(job, [](vi a, vi b) { return flag(a < b); });
        case SfpuOp::GtInt32: return binary(job, [](vi a, vi b) { return flag(a > b); });
        case SfpuOp::LeInt32: return binary(job, [](vi a, vi b) { return flag(a <= b); });
        case SfpuOp::GeInt32: return binary(job, [](vi a, vi b) { return flag(a >= b); });
        case SfpuOp::LtUint32: return binary(job, [](vi a, vi b) { return flag(below_unsigned(a, b)); });
        case SfpuOp::GtUint32: return binary(job, [](vi a, vi b) { return flag(below_unsigned(b, a)); });
        case SfpuOp::LeUint32: return binary(job, [](vi a, vi b) { return flag(~below_unsigned(b, a)); });
        case SfpuOp::GeUint32: return binary(job, [](vi a, vi b) { return flag(~below_unsigned(a, b)); });
        case SfpuOp::LeftShift: return binary(job, [](vi a, vi b) { return shift_left(a, b); });
        case SfpuOp::RightShift: return binary(job, [](vi a, vi b) { return shift_right(a, b); });
        case SfpuOp::LogicalRightShift: return binary(job, [](vi a, vi b) { return shift_right_logical(a, b); });
        case SfpuOp::DivFloorInt32: return scalar_binary(job, quotient_floored);
        case SfpuOp::DivTruncInt32: return scalar_binary(job, quotient_truncated);
        case SfpuOp::RemainderInt32: return scalar_binary(job, remainder_floored);
        case SfpuOp::RemainderUint32: return scalar_binary(job, remainder_unsigned);
        case SfpuOp::FmodInt32: return scalar_binary(job, remainder_truncated);
        case SfpuOp::Gcd: return scalar_binary(job, gcd);
        case SfpuOp::Lcm: return scalar_binary(job, lcm);
        case SfpuOp::MaskInt32: return binary(job, [](vi a, vi b) { return select(b == 0, splat(0), a); });
        default: return false;
    }
}

}  // namespace

bool run_integer(const SfpuJob& job) { return run_unary(job) || run_binary(job); }

}  // namespace ttsim
