// SPDX-License-Identifier: Apache-2.0
//
// Row-major memory <-> tiles: element (r, c) lies at ((r / 16) * 2 + c / 16) * 256 + (r % 16) * 16 + c % 16.
#include "formats.h"

namespace ttsim {

namespace {

constexpr size_t FACE_ROWS = 64;  ///< face rows of a tile, in tile order

/// Byte offset of face row `i` in row-major memory.
TTSIM_INLINE size_t row_offset(size_t i, size_t row_bytes, size_t element) {
    const size_t face = i / 16, row = (face / 2) * 16 + i % 16;
    return row * row_bytes + (face % 2) * 16 * element;
}

/// Sixteen elements of constant size, so that the copy is a register move.
template <size_t ELEMENT>
void gather(const uint8_t* rows, size_t row_bytes, uint8_t* tile) {
    for (size_t i = 0; i < FACE_ROWS; ++i)
        memcpy(tile + i * 16 * ELEMENT, rows + row_offset(i, row_bytes, ELEMENT), 16 * ELEMENT);
}
template <size_t ELEMENT>
void scatter(const uint8_t* tile, uint8_t* rows, size_t row_bytes) {
    for (size_t i = 0; i < FACE_ROWS; ++i)
        memcpy(rows + row_offset(i, row_bytes, ELEMENT), tile + i * 16 * ELEMENT, 16 * ELEMENT);
}

bool gather_any(uint32_t element, const void* rows, size_t row_bytes, void* tile) {
    switch (element) {
        case 1: gather<1>((const uint8_t*)rows, row_bytes, (uint8_t*)tile); return true;
        case 2: gather<2>((const uint8_t*)rows, row_bytes, (uint8_t*)tile); return true;
        case 4: gather<4>((const uint8_t*)rows, row_bytes, (uint8_t*)tile); return true;
        default: return false;
    }
}
bool scatter_any(uint32_t element, const void* tile, void* rows, size_t row_bytes) {
    switch (element) {
        case 1: scatter<1>((const uint8_t*)tile, (uint8_t*)rows, row_bytes); return true;
        case 2: scatter<2>((const uint8_t*)tile, (uint8_t*)rows, row_bytes); return true;
        case 4: scatter<4>((const uint8_t*)tile, (uint8_t*)rows, row_bytes); return true;
        default: return false;
    }
}

}  // namespace

bool tilize(DataFormat format, const void* rows, size_t row_bytes, void* tile) {
    return gather_any(element_bytes(format), rows, row_bytes, tile);
}

bool untilize(DataFormat format, const void* tile, void* rows, size_t row_bytes) {
    return scatter_any(element_bytes(format), tile, rows, row_bytes);
}

bool host_tilize(uint32_t element_size, const void* matrix, size_t rows, size_t cols, void* tiles) {
    if (rows % 32 || cols % 32) return false;
    const size_t row_bytes = cols * element_size, tile_size = (size_t)TILE_LANES * element_size;
    uint8_t* out = (uint8_t*)tiles;
    for (size_t r = 0; r < rows; r += 32)
        for (size_t c = 0; c < cols; c += 32, out += tile_size)
            if (!gather_any(element_size, (const uint8_t*)matrix + r * row_bytes + c * element_size, row_bytes, out)) return false;
    return true;
}

bool host_untilize(uint32_t element_size, const void* tiles, size_t rows, size_t cols, void* matrix) {
    if (rows % 32 || cols % 32) return false;
    const size_t row_bytes = cols * element_size, tile_size = (size_t)TILE_LANES * element_size;
    const uint8_t* in = (const uint8_t*)tiles;
    for (size_t r = 0; r < rows; r += 32)
        for (size_t c = 0; c < cols; c += 32, in += tile_size)
            if (!scatter_any(element_size, in, (uint8_t*)matrix + r * row_bytes + c * element_size, row_bytes)) return false;
    return true;
}

}  // namespace ttsim
