// SPDX-License-Identifier: Apache-2.0
//
// Vector-unit functions that few kernels call: one lane at a time, computed in double and rounded once. The layouts of the
// partial sums are those of the hardware's lanes: four rows by eight even or odd columns at a time.
#include <math.h>
#include <string.h>

#include "operands.h"

using namespace ttsim;

namespace {

constexpr uint32_t EDGE = 32, EVERY_LANE = TILE_LANES;

uint32_t lane(uint32_t row, uint32_t column) { return ((row >> 4) * 2 + (column >> 4)) * 256 + (row & 15) * 16 + (column & 15); }

float as_float(uint32_t bits) {
    float value;
    memcpy(&value, &bits, 4);
    return value;
}
uint32_t as_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    return bits;
}

/// A result as DST holds it: 32 bits, or the nearest bfloat16. Denormals are flushed.
uint32_t stored(const MathConfig& math, double value) {
    const uint32_t bits = as_bits(float(value));
    if (isnan(value)) return 0x7FC00000u;
    if ((bits & 0x7F800000u) == 0) return bits & 0x80000000u;
    if (math.fp32_dest) return bits;
    const uint32_t half = math.fp16_dest ? 0x1000u : 0x8000u, low = 2 * half - 1;
    return (bits + half - 1 + (bits >> (math.fp16_dest ? 13 : 16) & 1)) & ~low;
}

double reflected(double x) { return x < 0.5 ? 1.0 - x : x; }

/// Derivative of lgamma: recurrence up to 10, then the asymptotic series (Abramowitz, Stegun 6.3.18).
double digamma(double x) {
    double sum = 0;
    for (; x < 10; x += 1) sum -= 1 / x;
    const double r = 1 / (x * x);
    return sum + log(x) - 0.5 / x - r * (1.0 / 12 - r * (1.0 / 120 - r * (1.0 / 252 - r * (1.0 / 240 - r / 132))));
}
/// Sum over k of (x + k)^-s: direct up to 16 terms, then Euler and Maclaurin (Abramowitz, Stegun 23.2).
double hurwitz_zeta(double s, double x) {
    double sum = 0;
    for (int k = 0; k < 16; k++, x += 1) sum += pow(x, -s);
    return sum + pow(x, 1 - s) / (s - 1) + 0.5 * pow(x, -s) + s / 12 * pow(x, -s - 1) - s * (s + 1) * (s + 2) / 720 * pow(x, -s - 3);
}
double gelu_derivative(double x) { return 0.5 * erfc(-x * M_SQRT1_2) + x * exp(-0.5 * x * x) / sqrt(2 * M_PI); }
double xielu(double x, double positive, double negative) {
    constexpr double BETA = 0.5, EPSILON = -1e-6;
    return x > 0 ? positive * x * x + BETA * x : negative * (expm1(fmin(x, EPSILON)) - x) + BETA * x;
}

double unary(uint32_t what, double x, float p0, float p1) {
    switch (what) {
        case TTSIM_DIGAMMA: return digamma(x);
        case TTSIM_POLYGAMMA: return p1 * hurwitz_zeta(p0 + 1, x);
        case TTSIM_LGAMMA_REFLECTED: return lgamma(reflected(x));
        case TTSIM_GELU_DERIVATIVE: return gelu_derivative(x);
        default: return xielu(x, p0, p1);
    }
}

double log_add_exp(double a, double b) {
    if (isinf(a) && a == b) return a;
    return fmax(a, b) + log1p(exp(-fabs(a - b)));
}
double is_close(double a, double b, double relative, double absolute, bool equal_nan) {
    if (isnan(a) || isnan(b)) return equal_nan && isnan(a) && isnan(b);
    return isinf(a) || isinf(b) ? a == b : fabs(a - b) <= absolute + relative * fabs(b);
}
/// The neighbour of `a` towards `b`; `step` is one unit of the last place of the tile's format.
double next_after(float a, float b, uint32_t step) {
    if (isnan(a) || isnan(b)) return NAN;
    if (a == b) return b;
    if (a == 0) return b > 0 ? 0.0 : -0.0;  // the first denormal is flushed
    const uint32_t bits = as_bits(a) + ((b > a) == (a > 0) ? step : 0u - step);
    return as_float(bits & ~(step - 1));
}
double situ_glu(double gate, double up) {
    constexpr double GATE = 4, UP = 25;
    return GATE * tanh(gate / GATE) / (1 + exp(-gate)) * UP * tanh(up / UP);
}

double binary(uint32_t what, float a, float b, float p0, float p1) {
    switch (what) {
        case TTSIM_LOG_ADD_EXP: return log_add_exp(a, b);
        case TTSIM_LOG_ADD_EXP2: return log_add_exp(a * M_LN2, b * M_LN2) / M_LN2;
        case TTSIM_LOGSIGMOID: return a > 4 ? -double(b) : a < -4 ? double(a) : -log1p(exp(-double(a)));
        case TTSIM_IS_CLOSE: return is_close(a, b, p0, p1, false);
        case TTSIM_IS_CLOSE_NAN: return is_close(a, b, p0, p1, true);
        case TTSIM_NEXT_AFTER: return next_after(a, b, 1);
        case TTSIM_NEXT_AFTER_BF16: return next_after(a, b, 0x10000);
        default: return situ_glu(a, b);
    }
}

uint32_t rounded(float value, float low, float high) {
    const float whole = nearbyintf(fminf(fmaxf(value, low), high));
    return uint32_t(int32_t(isnan(whole) ? 0.0f : whole));
}
/// Integers of 8 bits: as a value of DST from -127 to 127, from 0 to 255, or the byte itself from -128 to 127.
uint32_t quantized(uint32_t range, float value) {
    if (range == TTSIM_RANGE_UINT8) return rounded(value, 0, 255);
    if (range == TTSIM_RANGE_INT8) return rounded(value, -128, 127) & 0xFFu;
    return rounded(value, -127, 127);
}
uint32_t quantization(const MathConfig& math, uint32_t what, uint32_t a, float scale, float zero, uint32_t range) {
    const uint32_t kind = what & ~uint32_t(TTSIM_QUANT_BYTES);
    const int32_t integer = what & TTSIM_QUANT_BYTES ? int32_t((a & 0xFFu) ^ 0x80u) : int32_t(a);
    if (kind == TTSIM_QUANT) return quantized(range, fmaf(as_float(a), scale, zero));
    if (kind == TTSIM_REQUANT) return quantized(range, fmaf(float(integer), scale, zero));
    return stored(math, double((float(integer) + zero) * scale));
}

/// Sums of rows four apart, left in the first four rows; of columns two and sixteen apart, left in the even ones.
void sum_integers(uint32_t what, uint32_t* tile) {
    const bool columns = what == TTSIM_SUM_INT_COLUMN;
    for (uint32_t i = 0; i < EDGE; i++)
        for (uint32_t k = 0; k < (columns ? 4u : 8u); k++) {
            uint32_t sum = 0;
            for (uint32_t j = 0; j < (columns ? 8u : 4u); j++) sum += tile[columns ? lane(4 * j + k, i) : lane(i, 2 * k + (j & 1) + (j >> 1) * 16)];
            tile[columns ? lane(k, i) : lane(i, 2 * k)] = sum;
        }
}

/// Products of lanes that are visited one after the other, in each face and one vector beyond, as the hardware's loop leaves them.
void running_products(const MathConfig& math, uint32_t* tile) {
    constexpr uint32_t GROUPS = 8;
    for (uint32_t face = 0; face < 4; face++)
        for (uint32_t at = 0; at < 32; at++) {
            float product = 1;
            for (uint32_t group = 0; group <= GROUPS; group++) {
                const uint32_t index = face * 256 + (group >> 1) * 64 + (at >> 3) * 16 + (at & 7) * 2 + (group & 1);
                if (index >= EVERY_LANE) break;
                product *= as_float(tile[index]);
                tile[index] = stored(math, product);
            }
        }
}

void turn_pairs(uint32_t* tile) {
    for (uint32_t i = 0; i < EVERY_LANE; i += 2) {
        const uint32_t real = tile[i];
        tile[i] = tile[i + 1] ^ 0x80000000u;
        tile[i + 1] = real;
    }
}

/// Exponential moving average down the rows, its last value kept for the next tile.
void moving_average(Core& core, const uint32_t* tile, uint32_t* out) {
    const float alpha = as_float(core.sfpu_param[0]), beta = as_float(core.sfpu_param[1]);
    for (uint32_t column = 0; column < EDGE; column++) {
        float previous = as_float(core.cumsum_carry[column]);
        for (uint32_t row = 0; row < EDGE; row++) {
            previous = beta * as_float(tile[lane(row, column)]) + alpha * previous;
            out[lane(row, column)] = core.math.fp32_dest ? as_bits(previous) : as_bits(previous) & 0xFFFF0000u;
        }
        core.cumsum_carry[column] = as_bits(previous);
    }
}

/// Adds row r of `tile` to the row of `out` that byte r names; rows named 32 or more are left out.
void scatter_rows(const MathConfig& math, const volatile uint8_t* targets, const uint32_t* tile, uint32_t* out) {
    for (uint32_t row = 0; row < EDGE; row++)
        if (const uint32_t target = targets[row]; target < EDGE)
            for (uint32_t column = 0; column < EDGE; column++) {
                uint32_t& sum = out[lane(target, column)];
                sum = stored(math, double(as_float(sum) + as_float(tile[lane(row, column)])));
            }
}

#define TTSIM_MATH_ONLY                    \
    Fiber* fiber = self();                 \
    if (fiber->role != TTSIM_MATH) return; \
    Core& core = *fiber->core

void pay(Fiber* fiber, uint32_t line, uint32_t calls = 1) { charge_engine(fiber, line, calls * fiber->core->machine->settings.sfpu_default); }

}  // namespace

extern "C" {

void tensix_special_unary(uint32_t what, uint32_t dst, uint32_t p0, uint32_t p1, uint32_t line) {
    TTSIM_MATH_ONLY;
    uint32_t* const tile = math_tile(fiber, dst, line);
    for (uint32_t i = 0; i < EVERY_LANE; i++) tile[i] = stored(core.math, unary(what, as_float(tile[i]), as_float(p0), as_float(p1)));
    pay(fiber, line);
}

void tensix_special_binary(uint32_t what, uint32_t a, uint32_t b, uint32_t out, uint32_t p0, uint32_t p1, uint32_t line) {
    TTSIM_MATH_ONLY;
    const uint32_t *const first = math_tile(fiber, a, line), *const second = math_tile(fiber, b, line);
    uint32_t* const tile = math_tile(fiber, out, line);
    for (uint32_t i = 0; i < EVERY_LANE; i++)
        tile[i] = stored(core.math, binary(what, as_float(first[i]), as_float(second[i]), as_float(p0), as_float(p1)));
    pay(fiber, line);
}

void tensix_lgamma_adjusted(uint32_t stirling, uint32_t log_sine, uint32_t x, uint32_t out, uint32_t line) {
    TTSIM_MATH_ONLY;
    const uint32_t *const value = math_tile(fiber, stirling, line), *const sine = math_tile(fiber, log_sine, line), *const in = math_tile(fiber, x, line);
    uint32_t* const tile = math_tile(fiber, out, line);
    for (uint32_t i = 0; i < EVERY_LANE; i++) {
        const double adjusted = as_float(in[i]) < 0.5f ? log(M_PI) - as_float(sine[i]) - as_float(value[i]) : as_float(value[i]);
        tile[i] = stored(core.math, core.math.fp32_dest && isinf(as_float(in[i])) ? INFINITY : adjusted);
    }
    pay(fiber, line);
}

void tensix_quantize(uint32_t what, uint32_t a, uint32_t b, uint32_t out, uint32_t byte_range, uint32_t line) {
    TTSIM_MATH_ONLY;
    const uint32_t *const values = math_tile(fiber, a, line), *const scales = math_tile(fiber, b, line);
    uint32_t* const tile = math_tile(fiber, out, line);
    const uint32_t range = byte_range ? uint32_t(TTSIM_RANGE_INT8) : core.sfpu_param[1];
    for (uint32_t i = 0; i < EVERY_LANE; i++)
        tile[i] = quantization(core.math, what, values[i], as_float(scales[i]), as_float(core.sfpu_param[0]), range);
    pay(fiber, line);
}

void tensix_rearrange(uint32_t what, uint32_t dst, uint32_t line) {
    TTSIM_MATH_ONLY;
    uint32_t* const tile = math_tile(fiber, dst, line);
    if (what == TTSIM_ROTATE_PAIRS) turn_pairs(tile);
    else if (what == TTSIM_RUNNING_PRODUCTS) running_products(core.math, tile);
    else sum_integers(what, tile);
    pay(fiber, line);
}

void tensix_add_top_row(uint32_t integers, uint32_t a, uint32_t b, uint32_t out, uint32_t line) {
    Fiber* fiber = self();
    if (fiber->role != TTSIM_MATH) return;
    constexpr uint32_t LOADED_ROWS = 4;
    const uint32_t *const first = math_tile(fiber, a, line), *const second = math_tile(fiber, b, line);
    uint32_t* const tile = math_tile(fiber, out, line);
    for (uint32_t row = 0; row < LOADED_ROWS; row++)
        for (uint32_t column = 0; column < EDGE; column++) {
            const uint32_t i = lane(row, column);
            tile[i] = integers ? first[i] + second[i] : as_bits(as_float(first[i]) + as_float(second[i]));
        }
    pay(fiber, line);
}

void tensix_clear_bits(uint32_t dst, uint32_t mask, uint32_t line) {
    Fiber* fiber = self();
    if (fiber->role != TTSIM_MATH) return;
    uint32_t* const tile = math_tile(fiber, dst, line);
    for (uint32_t i = 0; i < EVERY_LANE; i++) tile[i] &= ~mask;
    pay(fiber, line);
}

void tensix_moving_average_clear(uint32_t line) {
    TTSIM_MATH_ONLY;
    memset(core.cumsum_carry, 0, sizeof core.cumsum_carry);
    pay(fiber, line);
}

void tensix_moving_average(uint32_t dst, uint32_t line) {
    TTSIM_MATH_ONLY;
    const uint32_t* const tile = math_tile(fiber, dst, line);
    moving_average(core, tile, math_tile(fiber, dst + 1, line));
    pay(fiber, line, 4);
}

void tensix_scatter_rows(uint32_t dst, uint64_t targets, uint32_t line) {
    TTSIM_MATH_ONLY;
    const uint32_t* const tile = math_tile(fiber, dst, line);
    scatter_rows(core.math, core.l1 + (targets & (L1_SLOT - 1)), tile, math_tile(fiber, dst + 1, line));
    pay(fiber, line, 8);
}

}  // extern "C"
