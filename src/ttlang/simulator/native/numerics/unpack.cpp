// SPDX-License-Identifier: Apache-2.0
//
// L1 tile -> operand registers or DST.
#include "formats.h"

namespace ttsim {

namespace {

template <class F>
void widen(const void* tile, uint32_t* out, F f) {
    for_each_vector([&](int i) { store(out + i, f(i)); });
    (void)tile;
}

TTSIM_INLINE vi load_u16(const void* tile, int i) {
    return load_narrow((const uint16_t*)tile + i);
}
TTSIM_INLINE vi load_u8(const void* tile, int i) { return load_narrow((const uint8_t*)tile + i); }

/// Sixteen datums of a block-float row, sign in bit 7, magnitude left-aligned in 7 bits.
template <int BITS>
TTSIM_INLINE vi load_block_row(const uint8_t* data, int i) {
    if constexpr (BITS == 8) return load_u8(data, i);
    alignas(16) uint8_t datum[LANES];
    constexpr int PER_BYTE = 8 / BITS;
    constexpr uint32_t MASK = (1u << BITS) - 1;
    for (int k = 0; k < LANES; ++k) datum[k] = (uint8_t)(data[(i + k) / PER_BYTE] >> (BITS * (k % PER_BYTE)) & MASK);
    const vi v = load_u8(datum, 0);
    constexpr int32_t TOP = 1 << (BITS - 1);
    return (v & TOP) << (8 - BITS) | (v & (TOP - 1)) << (8 - BITS);
}

/// (-1)^s * m * 2^(exponent - bias - 6). On the hardware the exponent wraps modulo 256 when it falls below zero, and a
/// negative zero reads as -inf.
template <int BITS>
void unpack_block(const void* tile, uint32_t* out, int bias) {
    const uint8_t* exponents = (const uint8_t*)tile;
    const uint8_t* data = exponents + 64;
    for (int row = 0; row < TILE_VECTORS; ++row) {
        const vi datum = load_block_row<BITS>(data, row * LANES);
        const vi magnitude = datum & 0x7F;
        const vi sign = (datum & 0x80) << 24;
        const int scale = (int)exponents[row] - bias - 6;
        const vi bits = (as_int(to_float(magnitude)) + (int32_t)((uint32_t)scale << 23)) & MAGNITUDE;
        vi value = flush(bits | sign);
        value = select(magnitude == 0, select(sign != 0, splat((int32_t)0xFF800000), splat(0)), value);
        store(out + row * LANES, value);
    }
}

template <int E, int M, class T>
void unpack_small(const void* tile, uint32_t* out) {
    const T* in = (const T*)tile;
    for (uint32_t i = 0; i < TILE_LANES; ++i) out[i] = small_to_fp32<E, M>(in[i]);
}

TTSIM_INLINE int32_t source_mask(const MathConfig& config) { return computes_wide(config) ? TF32_MASK : BF16_MASK; }

void transpose_face(const uint32_t* in, uint32_t* out) {
    for (int r = 0; r < 16; ++r)
        for (int c = 0; c < 16; ++c) out[c * 16 + r] = in[r * 16 + c];
}

void transpose_lanes(uint32_t* lanes, bool within, bool faces) {
    alignas(64) uint32_t copy[TILE_LANES];
    memcpy(copy, lanes, sizeof copy);
    static const int SWAPPED[4] = {0, 2, 1, 3};
    for (int f = 0; f < 4; ++f) {
        const uint32_t* from = copy + FACE_LANES * (faces ? SWAPPED[f] : f);
        if (within)
            transpose_face(from, lanes + FACE_LANES * f);
        else
            memcpy(lanes + FACE_LANES * f, from, FACE_LANES * 4);
    }
}

/// What the datacopy through SrcA leaves in DST.
void settle_in_dest(const MathConfig& config, DataFormat format, bool to_dest, uint32_t* dst) {
    if (to_dest || is_integer(format)) return;
    if (!config.fp32_dest && format == DataFormat::Float16_b) return;
    if (!config.fp32_dest) {
        const int32_t mask = source_mask(config);
        for_each_vector([&](int i) { store(dst + i, load<vi>(dst + i) & mask); });
        return;
    }
    for_each_vector([&](int i) {
        const vi x = flush(load<vi>(dst + i) & TF32_MASK);
        store(dst + i, select((x & INF_BITS) == INF_BITS, x & ~MANTISSA, x));
    });
}

}  // namespace

bool unpack_lanes(DataFormat format, const void* tile, uint32_t* out) {
    switch (format) {
        case DataFormat::Float32:
        case DataFormat::Tf32:
        case DataFormat::Int32:
        case DataFormat::UInt32: memcpy(out, tile, TILE_LANES * 4); return true;
        case DataFormat::Float16_b: widen(tile, out, [&](int i) { return load_u16(tile, i) << 16; }); return true;
        case DataFormat::UInt16: widen(tile, out, [&](int i) { return load_u16(tile, i); }); return true;
        case DataFormat::UInt8: widen(tile, out, [&](int i) { return load_u8(tile, i); }); return true;
        case DataFormat::Int8: widen(tile, out, [&](int i) { return load_u8(tile, i) << 24 >> 24; }); return true;
        case DataFormat::Float16: unpack_small<5, 10, uint16_t>(tile, out); return true;
        case DataFormat::Lf8: unpack_small<5, 2, uint8_t>(tile, out); return true;
        case DataFormat::Fp8_e4m3: unpack_small<4, 3, uint8_t>(tile, out); return true;
        case DataFormat::Bfp8_b:
        case DataFormat::Bfp8: unpack_block<8>(tile, out, format_row(format).bias); return true;
        case DataFormat::Bfp4_b:
        case DataFormat::Bfp4: unpack_block<4>(tile, out, format_row(format).bias); return true;
        case DataFormat::Bfp2_b:
        case DataFormat::Bfp2: unpack_block<2>(tile, out, format_row(format).bias); return true;
        default: return false;
    }
}

bool unpack_src(const MathConfig& config, DataFormat format, const void* tile, SrcTile& out) {
    const int32_t mask = source_mask(config);
    if (format == DataFormat::Float16_b) {
        for_each_vector([&](int i) { store(out.lane + i, flush(load_u16(tile, i) << 16)); });
        return true;
    }
    if (!unpack_lanes(format, tile, out.lane)) return false;
    if (!is_integer(format))
        for_each_vector([&](int i) { store(out.lane + i, flush(load<vi>(out.lane + i) & mask)); });
    return true;
}

bool copy_tile(const MathConfig& config, DataFormat format, const void* tile, bool to_dest, uint32_t* dst,
               bool transpose_within, bool transpose_faces) {
    if (!unpack_lanes(format, tile, dst)) return false;
    settle_in_dest(config, format, to_dest, dst);
    if (transpose_within || transpose_faces) transpose_lanes(dst, transpose_within, transpose_faces);
    return true;
}

bool transpose_tile(const MathConfig& config, DataFormat format, const void* tile, bool to_dest, uint32_t* dst) {
    return copy_tile(config, format, tile, to_dest, dst, true, true);
}

void transpose_dest(uint32_t* dst, bool faces) { transpose_lanes(dst, true, faces); }

bool broadcast_tile(const MathConfig& config, DataFormat format, const void* tile, Broadcast how, uint32_t* dst) {
    alignas(64) uint32_t source[TILE_LANES];
    if (!copy_tile(config, format, tile, false, source)) return false;
    for (int row = 0; row < TILE_VECTORS; ++row) {
        const int face = row / 16, in_face = row % 16;
        const uint32_t* from = source + row * LANES;
        switch (how) {
            case Broadcast::None: store(dst + row * LANES, load<vi>(from)); break;
            case Broadcast::Row: store(dst + row * LANES, load<vi>(source + (face & 1) * FACE_LANES)); break;
            case Broadcast::Col:
                store(dst + row * LANES, splat((int32_t)source[(face & 2) * FACE_LANES + in_face * LANES]));
                break;
            case Broadcast::Scalar: store(dst + row * LANES, splat((int32_t)source[0])); break;
        }
    }
    return true;
}

}  // namespace ttsim
