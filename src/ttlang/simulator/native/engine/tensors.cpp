// SPDX-License-Identifier: Apache-2.0
//
// Host arrays to and from tiles in banks, at memory speed: 2-D views of any strides, edges padded with zeros or cropped.
#include <string.h>

#include "sanitizer.h"

namespace ttsim {

namespace {

constexpr uint32_t EDGE = 32, FACE = 16, FACE_ELEMENTS = FACE * FACE;
// The rows of a tile lie on as many pages of the host, which no hardware foresees: they are fetched early.
constexpr uint32_t TILES_AHEAD = 4;
constexpr uint32_t ROWS_AHEAD = 2;
constexpr uint32_t GROUP = 8;  ///< tiles side by side that are read together, a row at a time

/// A matrix of `rows` x `columns` elements in host memory, strides in bytes.
struct View {
    uint8_t* data;
    uint64_t rows, columns;
    int64_t row_stride, column_stride;
};

template <uint32_t Bytes>
void move_row(const View& view, uint8_t* host, uint8_t* tile, uint32_t count, bool to_device) {
    if (view.column_stride == int64_t(Bytes)) {
        if (count == FACE) {  // a constant size: two vector moves
            memcpy(to_device ? tile : host, to_device ? host : tile, FACE * Bytes);
            return;
        }
        memcpy(to_device ? tile : host, to_device ? host : tile, size_t(count) * Bytes);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint8_t *const far = host + int64_t(i) * view.column_stride, *const near = tile + i * Bytes;
        memcpy(to_device ? near : far, to_device ? far : near, Bytes);
    }
}

template <uint32_t Bytes>
void move_tile(const View& view, uint64_t row0, uint64_t column0, uint8_t* tile, bool to_device) {
    const uint64_t rows = view.rows - row0 < EDGE ? view.rows - row0 : EDGE;
    const uint64_t columns = view.columns - column0 < EDGE ? view.columns - column0 : EDGE;
    if (to_device && (rows < EDGE || columns < EDGE)) memset(tile, 0, EDGE * EDGE * Bytes);
    const bool ahead = to_device && column0 + (TILES_AHEAD + 1) * EDGE <= view.columns;
    for (uint32_t row = 0; row < rows; row++) {
        if (ahead) __builtin_prefetch(view.data + int64_t(row0 + row) * view.row_stride + int64_t(column0 + TILES_AHEAD * EDGE) * view.column_stride);
        for (uint32_t half = 0; half < 2 && half * FACE < columns; half++) {
            const uint32_t count = uint32_t(columns - half * FACE < FACE ? columns - half * FACE : FACE);
            uint8_t* const host = view.data + int64_t(row0 + row) * view.row_stride + int64_t(column0 + half * FACE) * view.column_stride;
            const uint32_t element = ((row / FACE) * 2 + half) * FACE_ELEMENTS + row % FACE * FACE;
            move_row<Bytes>(view, host, tile + element * Bytes, count, to_device);
        }
    }
}

/// A group of whole tiles side by side to the host, a row at a time.
template <uint32_t Bytes>
void read_group(const View& view, uint64_t row0, uint64_t column0, uint8_t* const* tile) {
    for (uint32_t row = 0; row < EDGE; row++) {
        uint8_t* const host = view.data + int64_t(row0 + row) * view.row_stride + int64_t(column0) * view.column_stride;
        const uint32_t element = row / FACE * 2 * FACE_ELEMENTS + row % FACE * FACE;
        for (uint32_t i = 0; i < GROUP; i++) {
            if (row + ROWS_AHEAD < EDGE) __builtin_prefetch(host + ROWS_AHEAD * view.row_stride + i * EDGE * view.column_stride, 1);
            for (uint32_t half = 0; half < 2; half++)
                move_row<Bytes>(view, host + int64_t(i * EDGE + half * FACE) * view.column_stride, tile[i] + (element + half * FACE_ELEMENTS) * Bytes, FACE,
                                false);
        }
    }
}

/// All tiles of the view, row-major; `page_at` gives the memory of a tile.
template <uint32_t Bytes, class PageAt>
void move_tiles(const View& view, bool to_device, PageAt page_at) {
    uint32_t page = 0;
    for (uint64_t row = 0; row < view.rows; row += EDGE)
        for (uint64_t column = 0; column < view.columns;) {
            if (to_device || row + EDGE > view.rows || column + GROUP * EDGE > view.columns) {
                move_tile<Bytes>(view, row, column, page_at(page++), to_device);
                column += EDGE;
                continue;
            }
            uint8_t* tile[GROUP];
            for (uint8_t*& each : tile) each = page_at(page++);
            read_group<Bytes>(view, row, column, tile);
            column += GROUP * EDGE;
        }
}

}  // namespace

}  // namespace ttsim

using namespace ttsim;

extern "C" {

uint64_t ttsim_page_address(Machine* machine, uint32_t dram, uint32_t page, uint64_t address, uint64_t stride);

/// Tiles of the view, row-major over the tile grid, as pages first_page .. of an interleaved buffer. Returns 1 for an
/// element size other than 1, 2, 4.
int ttsim_tiles(Machine* machine, uint32_t dram, uint32_t to_device, uint64_t address, uint64_t stride, uint32_t first_page, uint32_t element,
                uint8_t* data, uint64_t rows, uint64_t columns, int64_t row_stride, int64_t column_stride) {
    if (element != 1 && element != 2 && element != 4) return 1;
    const View view{data, rows, columns, row_stride, column_stride};
    auto page_at = [&](uint32_t page) {
        page += first_page;
        if (to_device) mark_page(*machine, dram, page, address, stride, EDGE * EDGE * element);
        return reinterpret_cast<uint8_t*>(ttsim_page_address(machine, dram, page, address, stride));
    };
    if (element == 1) move_tiles<1>(view, to_device, page_at);
    if (element == 2) move_tiles<2>(view, to_device, page_at);
    if (element == 4) move_tiles<4>(view, to_device, page_at);
    return 0;
}

}  // extern "C"
