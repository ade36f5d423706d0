// SPDX-License-Identifier: Apache-2.0
//
// typecast_tile: what the vector unit does between unpacking one format and packing another.
#define TTSIM_NATIVE_LANES
#include "formats.h"
#include "sfpu_unit.h"

namespace ttsim {

namespace {

enum class Kind : uint8_t { None, Wide, Narrow, Block, Int32, UInt32, UInt16, UInt8 };

struct KindRow {
    DataFormat format;
    Kind kind;
};
constexpr KindRow KINDS[] = {
    {DataFormat::Float32, Kind::Wide},  {DataFormat::Tf32, Kind::Wide},    {DataFormat::Float16_b, Kind::Narrow},
    {DataFormat::Bfp8_b, Kind::Block},  {DataFormat::Bfp4_b, Kind::Block}, {DataFormat::Int32, Kind::Int32},
    {DataFormat::UInt32, Kind::UInt32}, {DataFormat::UInt16, Kind::UInt16}, {DataFormat::UInt8, Kind::UInt8},
};
Kind kind_of(DataFormat format) {
    for (const KindRow& row : KINDS)
        if (row.format == format) return row.kind;
    return Kind::None;
}
bool is_float(Kind kind) { return kind == Kind::Wide || kind == Kind::Narrow || kind == Kind::Block; }

/// |x| truncated, for exponents 0..`limit`-1; `beyond` above.
TTSIM_INLINE vi truncated(vf x, int limit, int32_t beyond) {
    const vi e = unbiased_exponent(x);
    const vi m = shift_logical(significand(x), e - 23);
    return select(e < 0, splat(0), select(e >= limit, splat(beyond), m));
}
TTSIM_INLINE vi float_to_int32(vf x) {
    const vi m = truncated(x, 31, INT32_MIN);
    return select(is_negative(x), (vi)(0 - (vu)m), select(m < 0, splat(INT32_MAX), m));
}
TTSIM_INLINE vi float_to_uint32(vf x) { return select(is_negative(x), splat(0), truncated(x, 32, -1)); }
TTSIM_INLINE vi float_to_uint16(vf x) { return rounded_magnitude(select(is_negative(x), splat(0.0f), x), 65535); }
TTSIM_INLINE vi float_to_uint8(vf x) {
    const vi m = truncated(x, 31, 0);
    return select(is_negative(x), -m, m) & 255;
}

TTSIM_INLINE vf int32_to_float(vi x) {
    const vi m = select(x < 0, (vi)(0 - (vu)x), x);
    return copy_sign(to_float(select(m < 0, splat(INT32_MAX), m)), as_float(x));
}
TTSIM_INLINE vf uint32_to_float(vi x) {
    return to_float(as_uint(x));
}

template <class F>
bool apply(uint32_t* dst, F f) {
    for_each_vector([&](int i) { store(dst + i, f(load<vi>(dst + i))); });
    return true;
}

bool from_float(Kind from, Kind to, uint32_t* dst) {
    switch (to) {
        case Kind::Narrow:
            if (from != Kind::Wide) return true;
            return apply(dst, [](vi x) { return as_int(nearest_bf16(as_float(x))); });
        case Kind::Wide:
        case Kind::Block: return true;
        case Kind::Int32: return apply(dst, [](vi x) { return float_to_int32(as_float(x)); });
        case Kind::UInt32: return apply(dst, [](vi x) { return float_to_uint32(as_float(x)); });
        case Kind::UInt16: return apply(dst, [](vi x) { return float_to_uint16(as_float(x)); });
        case Kind::UInt8: return apply(dst, [](vi x) { return float_to_uint8(as_float(x)); });
        default: return false;
    }
}

/// A value on its way to a 16-bit float is rounded in the SFPU; to a wider one it is not.
TTSIM_INLINE vi finish(vf value, bool narrow) { return as_int(narrow ? rounded_bf16(value) : value); }

bool to_float_kind(Kind from, bool narrow, uint32_t* dst) {
    switch (from) {
        case Kind::Int32: return apply(dst, [&](vi x) { return finish(int32_to_float(x), narrow); });
        case Kind::UInt32: return apply(dst, [&](vi x) { return finish(uint32_to_float(x), narrow); });
        case Kind::UInt16:
        case Kind::UInt8: return apply(dst, [&](vi x) { return finish(to_float(x), narrow); });
        default: return false;
    }
}

bool between_integers(Kind from, Kind to, uint32_t* dst) {
    if (to == Kind::UInt8) return apply(dst, [](vi x) { return x & 255; });
    if (to != Kind::UInt16) return true;
    if (from == Kind::Int32) return apply(dst, [](vi x) { return min(max(x, splat(0)), splat(65535)); });
    if (from == Kind::UInt32) return apply(dst, [](vi x) { return select((x >> 16) != 0, splat(65535), x); });
    return true;
}

}  // namespace

bool can_typecast(DataFormat from, DataFormat to) { return kind_of(from) != Kind::None && kind_of(to) != Kind::None; }

bool typecast(const MathConfig& config, DataFormat from, DataFormat to, uint32_t* dst) {
    const Kind source = kind_of(from), target = kind_of(to);
    if (source == Kind::None || target == Kind::None) return false;
    if (is_float(source)) return from_float(source, target, dst);
    if (!is_float(target)) return between_integers(source, target, dst);
    const bool narrow = target != Kind::Wide || !config.fp32_dest;
    return to_float_kind(source, narrow, dst);
}

}  // namespace ttsim
