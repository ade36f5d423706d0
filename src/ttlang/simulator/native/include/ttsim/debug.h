// SPDX-License-Identifier: Apache-2.0
//
// Device prints, in the stream style (0.69) and the format style (0.81), and profiler zones.
#pragma once
#include "ttsim/base.h"

struct ENDL {};
struct HEX {};
struct DEC {};
struct OCT {};
struct SETPRECISION {
    int value;
    ALWI explicit constexpr SETPRECISION(int v) : value(v) {}
};
struct SETW {
    int value;
    ALWI explicit constexpr SETW(int v, bool = true) : value(v) {}
};
struct FIXED {};
struct DEFAULTFLOAT {};
struct BF16 {
    uint16_t bits;
    ALWI explicit constexpr BF16(uint16_t b) : bits(b) {}
};
struct F32 {
    float value;
    ALWI explicit F32(float v) : value(v) {}
    ALWI explicit F32(uint32_t bits) { __builtin_memcpy(&value, &bits, 4); }
};
struct SliceRange {
    uint32_t h0, h1, hs, w0, w1, ws;
    static constexpr SliceRange h0_32_16_w0_32_16() { return {0, 32, 16, 0, 32, 16}; }
    static constexpr SliceRange hw0_32_8() { return {0, 32, 8, 0, 32, 8}; }
    static constexpr SliceRange hw0_32_16() { return {0, 32, 16, 0, 32, 16}; }
    static constexpr SliceRange h0_w0_32() { return {0, 1, 1, 0, 32, 1}; }
    static constexpr SliceRange h0_32_w0() { return {0, 32, 1, 0, 1, 1}; }
    static constexpr SliceRange hw041() { return {0, 4, 1, 0, 4, 1}; }
};
struct TileSlice {
    uint32_t cb, tile;
    SliceRange range;
    uint32_t line;
    ALWI TileSlice(uint32_t cb_, uint32_t tile_, SliceRange range_, bool = true, bool = false, TTSIM_LINE)
        : cb(cb_), tile(tile_), range(range_), line(call_line) {}
};
using TSLICE = TileSlice;

namespace ttsim_print {

ALWI void put(const char* text) { tensix_print_text(text); }
ALWI void put(char value) { tensix_print_char(uint8_t(value)); }
ALWI void put(bool value) { tensix_print_unsigned(value); }
ALWI void put(float value) { tensix_print_float(double(value)); }
ALWI void put(double value) { tensix_print_float(value); }
template <typename T, std::enable_if_t<std::is_integral_v<T> && std::is_signed_v<T> && !std::is_same_v<T, char>, int> = 0>
ALWI void put(T value) {
    tensix_print_signed(value);
}
template <typename T, std::enable_if_t<(std::is_integral_v<T> && std::is_unsigned_v<T> && !std::is_same_v<T, bool>), int> = 0>
ALWI void put(T value) {
    tensix_print_unsigned(value);
}
template <typename T, std::enable_if_t<std::is_enum_v<T>, int> = 0>
ALWI void put(T value) {
    tensix_print_signed(int64_t(value));
}
template <typename T>
ALWI void put(const T* value) {
    tensix_print_unsigned(reinterpret_cast<uintptr_t>(value));
}
ALWI void put(ENDL) { tensix_print_text("\n"); }
ALWI void put(HEX) { tensix_print_format(16, -1, -1); }
ALWI void put(DEC) { tensix_print_format(10, -1, -1); }
ALWI void put(OCT) { tensix_print_format(8, -1, -1); }
ALWI void put(SETPRECISION precision) { tensix_print_format(0, precision.value, -1); }
ALWI void put(SETW width) { tensix_print_format(0, -1, width.value); }
ALWI void put(FIXED) {}
ALWI void put(DEFAULTFLOAT) {}
ALWI void put(BF16 value) { put(F32(uint32_t(value.bits) << 16).value); }
ALWI void put(F32 value) { put(value.value); }
inline void put(const TileSlice& slice) {
    const SliceRange& r = slice.range;
    tensix_print_tile(slice.cb, slice.tile, r.h0, r.h1, r.hs, r.w0, r.w1, r.ws, slice.line);
}

/// Text up to the next "{}"; returns what follows it, or null at the end.
inline const char* put_until_field(const char* format) {
    for (; *format; format++) {
        if (format[0] == '{') {
            if (format[1] == '{') {
                put('{');
                format++;
                continue;
            }
            while (*format && *format != '}') format++;
            return *format ? format + 1 : format;
        }
        if (format[0] == '}' && format[1] == '}') format++;
        put(*format);
    }
    return nullptr;
}
inline void put_format(const char* format) {
    while (format) format = put_until_field(format);
}
template <typename First, typename... Rest>
inline void put_format(const char* format, const First& first, const Rest&... rest) {
    format = put_until_field(format);
    if (!format) return;
    put(first);
    put_format(format, rest...);
}

}  // namespace ttsim_print

struct DebugPrinter {
    /// DPRINT << a << b
    template <typename T>
    const DebugPrinter& operator<<(const T& value) const {
        ttsim_print::put(value);
        return *this;
    }
    template <size_t N>
    const DebugPrinter& operator<<(const char (&text)[N]) const {
        ttsim_print::put(static_cast<const char*>(text));
        return *this;
    }
    const DebugPrinter& operator<<(const char* text) const {
        ttsim_print::put(text);
        return *this;
    }
    /// DPRINT("format {}\n", a)
    template <typename... Values>
    void operator()(const char* format, const Values&... values) const {
        ttsim_print::put_format(format, values...);
    }
};
inline constexpr DebugPrinter DPRINT{};
#define DEVICE_PRINT(...) DPRINT(__VA_ARGS__)

#define DPRINT_UNPACK(...) UNPACK(__VA_ARGS__)
#define DPRINT_MATH(...) MATH(__VA_ARGS__)
#define DPRINT_PACK(...) PACK(__VA_ARGS__)
#define DPRINT_DATA0(...) do { if (ttsim_self->role == TTSIM_DM0) { __VA_ARGS__; } } while (0)
#define DPRINT_DATA1(...) do { if (ttsim_self->role == TTSIM_DM1) { __VA_ARGS__; } } while (0)

/// A profiler zone: from here to the end of the block.
struct ttsim_zone_scope {
    const char* name;
    ALWI explicit ttsim_zone_scope(const char* n, TTSIM_LINE) : name(n) { tensix_zone(name, 1, call_line); }
    ALWI ~ttsim_zone_scope() { tensix_zone(name, 0, ttsim_self->line); }
};
#define TTSIM_JOIN_(a, b) a##b
#define TTSIM_JOIN(a, b) TTSIM_JOIN_(a, b)
#define DeviceZoneScopedN(name) ttsim_zone_scope TTSIM_JOIN(ttsim_zone_, __COUNTER__)(name)
#define DeviceZoneScopedMainN(name) DeviceZoneScopedN(name)
#define DeviceZoneScopedMainChildN(name) DeviceZoneScopedN(name)
#define DeviceZoneScopedSumN1(name) DeviceZoneScopedN(name)
#define DeviceZoneScopedSumN2(name) DeviceZoneScopedN(name)
#define DeviceTimestampedData(name, data)
#define DeviceRecordEvent(event)
