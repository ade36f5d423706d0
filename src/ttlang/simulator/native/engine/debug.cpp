// SPDX-License-Identifier: Apache-2.0
//
// Device prints, assertions and profiler zones. A processor's text is gathered until its line ends, so that the lines of
// several processors do not mix.
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "trace.h"

namespace ttsim {

namespace {

const char* const ROLE_NAME[] = {"BR", "NC", "TR0", "TR1", "TR2"};

struct PrintFormat {
    uint32_t base = 10;
    int32_t precision = 6, width = 0;
};
PrintFormat print_format;  // settings hold for the values that follow, as with stream manipulators

void append(char*& buffer, size_t& size, size_t& capacity, const char* text, size_t length) {
    if (size + length + 1 > capacity) {
        capacity = 2 * (size + length + 1);
        buffer = static_cast<char*>(realloc(buffer, capacity));
    }
    memcpy(buffer + size, text, length);
    size += length;
    buffer[size] = 0;
}

void put(Fiber* fiber, const char* text, size_t length) {
    Machine& machine = *fiber->core->machine;
    size_t size = fiber->print_size, capacity = fiber->print_capacity;
    for (size_t i = 0; i < length; i++) {
        append(fiber->print, size, capacity, text + i, 1);
        if (text[i] != '\n') continue;
        char prefix[64];
        const int n = snprintf(prefix, sizeof prefix, "%u:%u:%s: ", fiber->logical_x, fiber->logical_y, ROLE_NAME[fiber->role]);
        append(machine.output, machine.output_size, machine.output_capacity, prefix, size_t(n));
        append(machine.output, machine.output_size, machine.output_capacity, fiber->print, size);
        size = 0;
    }
    fiber->print_size = uint32_t(size);
    fiber->print_capacity = uint32_t(capacity);
}

void put_formatted(const char* format, ...) __attribute__((format(printf, 1, 2)));
void put_formatted(const char* format, ...) {
    char text[128];
    va_list arguments;
    va_start(arguments, format);
    const int n = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    put(self(), text, size_t(n) < sizeof text ? size_t(n) : sizeof text - 1);
}

}  // namespace

}  // namespace ttsim

using namespace ttsim;

extern "C" {

void tensix_print_text(const char* text) { put(self(), text, strlen(text)); }

void tensix_print_char(uint32_t value) {
    const char c = char(value);
    put(self(), &c, 1);
}

void tensix_print_format(uint32_t base, int32_t precision, int32_t width) {
    if (base) print_format.base = base;
    if (precision >= 0) print_format.precision = precision;
    if (width >= 0) print_format.width = width;
}

void tensix_print_signed(int64_t value) {
    if (print_format.base == 16) return put_formatted("%*llx", print_format.width, static_cast<unsigned long long>(value));
    if (print_format.base == 8) return put_formatted("%*llo", print_format.width, static_cast<unsigned long long>(value));
    put_formatted("%*lld", print_format.width, static_cast<long long>(value));
}

void tensix_print_unsigned(uint64_t value) {
    if (print_format.base == 16) return put_formatted("%*llx", print_format.width, static_cast<unsigned long long>(value));
    if (print_format.base == 8) return put_formatted("%*llo", print_format.width, static_cast<unsigned long long>(value));
    put_formatted("%*llu", print_format.width, static_cast<unsigned long long>(value));
}

void tensix_print_float(double value) { put_formatted("%*.*f", print_format.width, print_format.precision, value); }

void tensix_print_tile(uint32_t index, uint32_t tile, uint32_t row0, uint32_t row1, uint32_t row_step, uint32_t column0, uint32_t column1,
                      uint32_t column_step, uint32_t line) {
    Fiber* fiber = self();
    const CircularBuffer& cb = configured_cb(fiber, index, line);
    const uint32_t first = fiber->role == TTSIM_PACK ? cb.write_page : cb.read_page;
    const uint8_t* const bytes = fiber->core->l1 + cb.base + size_t((first + tile) % cb.pages) * cb.page_size;
    float values[TILE_LANES];
    if (!host_to_float(cb.format, bytes, TILE_LANES, values)) fail(Fault::Api, line, "a tile of %s cannot be printed", format_name(cb.format));
    for (uint32_t row = row0; row < row1 && row < 32; row += row_step ? row_step : 1) {
        for (uint32_t column = column0; column < column1 && column < 32; column += column_step ? column_step : 1)
            put_formatted("%g ", double(values[(row / 16 * 2 + column / 16) * FACE_LANES + row % 16 * 16 + column % 16]));
        put(fiber, "\n", 1);
    }
}

void tensix_zone(const char* name, uint32_t enter, uint32_t line) {
    Fiber* fiber = self();
    charge(fiber, line, 0);
    if (!fiber->core->machine->trace) return;
    if (enter) trace_zone_begin(fiber, name);
    else trace_zone_end(fiber);
}

void tensix_assert_failed(const char* condition, uint32_t line) { fail(Fault::Assertion, line, "ASSERT(%s) failed", condition); }

uint64_t tensix_now(void) { return self()->time; }

uint32_t tensix_arg_out_of_range(uint32_t index, uint32_t common, uint32_t line) {
    Fiber* fiber = self();
    fail(Fault::Api, line, "%s runtime argument %u: the kernel was given %u on core (%u, %u)", common ? "common" : "per-core", index,
         common ? fiber->common_arg_count : fiber->arg_count, fiber->logical_x, fiber->logical_y);
}

}  // extern "C"
