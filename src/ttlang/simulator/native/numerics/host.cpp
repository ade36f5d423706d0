// SPDX-License-Identifier: Apache-2.0
//
// The host's conversions between float32 arrays and the device formats: round to nearest even, block floats on the aligned
// 24-bit significand, magnitude saturated, no negative zero in a block.
#include "formats.h"

namespace ttsim {

namespace {

TTSIM_INLINE uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, 4);
    return bits;
}
TTSIM_INLINE float float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, 4);
    return x;
}

void to_bf16(const float* in, size_t count, uint16_t* out) {
    for (size_t i = 0; i < count; ++i) {
        const uint32_t x = bits_of(in[i]);
        const uint32_t rounded = (x + 0x7FFF + (x >> 16 & 1)) >> 16;
        out[i] = (uint16_t)((x & 0x7FFFFFFF) > 0x7F800000 ? (x >> 16 | 0x40) : rounded);
    }
}

template <int E, int M, class T>
void to_small(const float* in, size_t count, T* out) {
    for (size_t i = 0; i < count; ++i) {
        const uint32_t x = bits_of(in[i]);
        out[i] = (T)fp32_to_small<E, M>(x, false);
    }
}
template <int E, int M, class T>
void from_small(const T* in, size_t count, float* out) {
    for (size_t i = 0; i < count; ++i) out[i] = float_of(small_to_fp32<E, M>(in[i]));
}

/// Magnitude of one datum relative to the shared exponent, nearest even, saturated.
template <int BITS>
TTSIM_INLINE uint32_t block_datum(uint32_t x, int shared) {
    constexpr int MANTISSA_BITS = BITS - 1;
    constexpr uint32_t MAX = (1u << MANTISSA_BITS) - 1;
    const int e = (int)(x >> 23 & 255);
    if (e == 0) return 0;
    const int shift = shared - e + 24 - MANTISSA_BITS;
    if (shift > 25) return 0;
    const uint32_t significand = (x & 0x7FFFFF) | 0x800000;
    const uint32_t half = 1u << (shift - 1), rest = significand & ((half << 1) - 1);
    uint32_t m = significand >> shift;
    if (rest > half || (rest == half && (m & 1))) ++m;
    if (m > MAX) m = MAX;
    return m ? m | (x >> 31) << MANTISSA_BITS : 0;
}

template <int BITS>
void to_block(const float* in, size_t tiles, int bias, uint8_t* out) {
    constexpr int PER_BYTE = 8 / BITS;
    for (size_t t = 0; t < tiles; ++t, in += TILE_LANES, out += 64 + TILE_LANES / PER_BYTE)
        for (int row = 0; row < TILE_VECTORS; ++row) {
            int shared = 0;
            for (int k = 0; k < 16; ++k) {
                const int e = (int)(bits_of(in[row * 16 + k]) >> 23 & 255);
                shared = e > shared ? e : shared;
            }
            const int stored = bias == 127 ? shared : shared - 127 + bias;
            out[row] = (uint8_t)(stored < 0 ? 0 : stored > 255 ? 255 : stored);
            for (int k = 0; k < 16; k += PER_BYTE) {
                uint32_t byte = 0;
                for (int j = 0; j < PER_BYTE; ++j) byte |= block_datum<BITS>(bits_of(in[row * 16 + k + j]), shared) << (BITS * j);
                out[64 + (row * 16 + k) / PER_BYTE] = (uint8_t)byte;
            }
        }
}

template <int BITS>
void from_block(const uint8_t* in, size_t tiles, int bias, float* out) {
    constexpr int PER_BYTE = 8 / BITS, MANTISSA_BITS = BITS - 1;
    for (size_t t = 0; t < tiles; ++t, out += TILE_LANES, in += 64 + TILE_LANES / PER_BYTE)
        for (int i = 0; i < (int)TILE_LANES; ++i) {
            const uint32_t datum = (uint32_t)in[64 + i / PER_BYTE] >> (BITS * (i % PER_BYTE)) & ((1u << BITS) - 1);
            const uint32_t magnitude = datum & ((1u << MANTISSA_BITS) - 1);
            const int e = (int)in[i / 16] - bias - (MANTISSA_BITS - 1);
            const float value = __builtin_ldexpf((float)magnitude, e);
            out[i] = datum >> MANTISSA_BITS && magnitude ? -value : value;
        }
}

template <class T>
void to_integer(const float* in, size_t count, T* out, double low, double high) {
    for (size_t i = 0; i < count; ++i) {
        const double x = in[i] != in[i] ? 0.0 : (double)in[i];
        out[i] = (T)(x < low ? low : x > high ? high : x);
    }
}
template <class T>
void from_integer(const T* in, size_t count, float* out) {
    for (size_t i = 0; i < count; ++i) out[i] = (float)in[i];
}

}  // namespace

bool host_from_float(DataFormat format, const float* values, size_t count, void* out) {
    if (is_block_float(format) && count % TILE_LANES) return false;
    const size_t tiles = count / TILE_LANES;
    const int bias = format_row(format).bias;
    switch (format) {
        case DataFormat::Float32: memcpy(out, values, count * 4); return true;
        case DataFormat::Tf32:
            for (size_t i = 0; i < count; ++i) ((uint32_t*)out)[i] = bits_of(values[i]) & (uint32_t)TF32_MASK;
            return true;
        case DataFormat::Float16_b: to_bf16(values, count, (uint16_t*)out); return true;
        case DataFormat::Float16: to_small<5, 10>(values, count, (uint16_t*)out); return true;
        case DataFormat::Lf8: to_small<5, 2>(values, count, (uint8_t*)out); return true;
        case DataFormat::Fp8_e4m3: to_small<4, 3>(values, count, (uint8_t*)out); return true;
        case DataFormat::Bfp8_b:
        case DataFormat::Bfp8: to_block<8>(values, tiles, bias, (uint8_t*)out); return true;
        case DataFormat::Bfp4_b:
        case DataFormat::Bfp4: to_block<4>(values, tiles, bias, (uint8_t*)out); return true;
        case DataFormat::Bfp2_b:
        case DataFormat::Bfp2: to_block<2>(values, tiles, bias, (uint8_t*)out); return true;
        case DataFormat::Int32: to_integer(values, count, (int32_t*)out, -2147483648.0, 2147483647.0); return true;
        case DataFormat::UInt32: to_integer(values, count, (uint32_t*)out, 0.0, 4294967295.0); return true;
        case DataFormat::UInt16: to_integer(values, count, (uint16_t*)out, 0.0, 65535.0); return true;
        case DataFormat::UInt8: to_integer(values, count, (uint8_t*)out, 0.0, 255.0); return true;
        case DataFormat::Int8: to_integer(values, count, (int8_t*)out, -128.0, 127.0); return true;
        default: return false;
    }
}

bool host_to_float(DataFormat format, const void* in, size_t count, float* values) {
    if (is_block_float(format) && count % TILE_LANES) return false;
    const size_t tiles = count / TILE_LANES;
    const int bias = format_row(format).bias;
    switch (format) {
        case DataFormat::Float32:
        case DataFormat::Tf32: memcpy(values, in, count * 4); return true;
        case DataFormat::Float16_b:
            for (size_t i = 0; i < count; ++i) values[i] = float_of((uint32_t)((const uint16_t*)in)[i] << 16);
            return true;
        case DataFormat::Float16: from_small<5, 10>((const uint16_t*)in, count, values); return true;
        case DataFormat::Lf8: from_small<5, 2>((const uint8_t*)in, count, values); return true;
        case DataFormat::Fp8_e4m3: from_small<4, 3>((const uint8_t*)in, count, values); return true;
        case DataFormat::Bfp8_b:
        case DataFormat::Bfp8: from_block<8>((const uint8_t*)in, tiles, bias, values); return true;
        case DataFormat::Bfp4_b:
        case DataFormat::Bfp4: from_block<4>((const uint8_t*)in, tiles, bias, values); return true;
        case DataFormat::Bfp2_b:
        case DataFormat::Bfp2: from_block<2>((const uint8_t*)in, tiles, bias, values); return true;
        case DataFormat::Int32: from_integer((const int32_t*)in, count, values); return true;
        case DataFormat::UInt32: from_integer((const uint32_t*)in, count, values); return true;
        case DataFormat::UInt16: from_integer((const uint16_t*)in, count, values); return true;
        case DataFormat::UInt8: from_integer((const uint8_t*)in, count, values); return true;
        case DataFormat::Int8: from_integer((const int8_t*)in, count, values); return true;
        default: return false;
    }
}

}  // namespace ttsim
