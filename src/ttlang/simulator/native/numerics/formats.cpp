// SPDX-License-Identifier: Apache-2.0
#include "formats.h"

namespace ttsim {

namespace {

constexpr FormatRow ROWS[] = {
    // format               name         bytes mantissa  kind                exponent bias
    {DataFormat::Float32, "Float32", 4, 0, FormatKind::Float, 127},
    {DataFormat::Tf32, "Tf32", 4, 0, FormatKind::Float, 127},
    {DataFormat::Float16_b, "Float16_b", 2, 0, FormatKind::Float, 127},
    {DataFormat::Float16, "Float16", 2, 0, FormatKind::Float, 15},
    {DataFormat::Lf8, "Lf8", 1, 0, FormatKind::Float, 15},
    {DataFormat::Fp8_e4m3, "Fp8_e4m3", 1, 0, FormatKind::Float, 7},
    {DataFormat::Bfp8_b, "Bfp8_b", 0, 7, FormatKind::Block, 127},
    {DataFormat::Bfp4_b, "Bfp4_b", 0, 3, FormatKind::Block, 127},
    {DataFormat::Bfp2_b, "Bfp2_b", 0, 1, FormatKind::Block, 127},
    {DataFormat::Bfp8, "Bfp8", 0, 7, FormatKind::Block, 15},
    {DataFormat::Bfp4, "Bfp4", 0, 3, FormatKind::Block, 15},
    {DataFormat::Bfp2, "Bfp2", 0, 1, FormatKind::Block, 15},
    {DataFormat::Int32, "Int32", 4, 0, FormatKind::Integer, 0},
    {DataFormat::UInt32, "UInt32", 4, 0, FormatKind::Integer, 0},
    {DataFormat::UInt16, "UInt16", 2, 0, FormatKind::Integer, 0},
    {DataFormat::UInt8, "UInt8", 1, 0, FormatKind::Integer, 0},
    {DataFormat::Int8, "Int8", 1, 0, FormatKind::Integer, 0},
};
constexpr FormatRow INVALID = {DataFormat::Invalid, "Invalid", 0, 0, FormatKind::None, 0};

}  // namespace

const FormatRow& format_row(DataFormat format) {
    for (const FormatRow& row : ROWS)
        if (row.format == format) return row;
    return INVALID;
}

uint32_t tile_bytes(DataFormat format, uint32_t datums) {
    const FormatRow& row = format_row(format);
    if (row.kind != FormatKind::Block) return row.bytes * datums;
    const uint32_t exponents = (datums / 16 + 15) / 16 * 16;
    return exponents + datums * (row.mantissa_bits + 1) / 8;
}

uint32_t element_bytes(DataFormat format) { return format_row(format).bytes; }
bool is_integer(DataFormat format) { return format_row(format).kind == FormatKind::Integer; }
bool is_block_float(DataFormat format) { return format_row(format).kind == FormatKind::Block; }
const char* format_name(DataFormat format) { return format_row(format).name; }
bool can_unpack(DataFormat format) { return format_row(format).kind != FormatKind::None; }
bool can_pack(DataFormat format) { return format_row(format).kind != FormatKind::None; }

}  // namespace ttsim
