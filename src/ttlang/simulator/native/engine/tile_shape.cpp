// SPDX-License-Identifier: Apache-2.0
#include "tile_shape.h"

#include <stdlib.h>
#include <string.h>

namespace ttsim {

namespace {

constexpr uint32_t FACE = 16, FACE_ELEMENTS = FACE * FACE, MAX_WHOLE_BYTES = 4096;

uint32_t whole_bytes(const CircularBuffer& cb) { return 4 * FACE_ELEMENTS * element_bytes(cb.format); }

/// Calls `move(offset in the whole tile, offset in the stored one, bytes)` for each face.
template <class F>
void for_each_face(const CircularBuffer& cb, F move) {
    const uint32_t element = element_bytes(cb.format), rows = cb.tile_rows < FACE ? cb.tile_rows : FACE;
    uint32_t stored = 0;
    for (uint32_t down = 0; down * FACE < cb.tile_rows; down++)
        for (uint32_t across = 0; across * FACE < cb.tile_columns; across++, stored += rows * FACE * element)
            move((2 * down + across) * FACE_ELEMENTS * element, stored, rows * FACE * element);
}

/// Room of a core for the whole tiles of one operand; that of the operand before stays as it is.
uint8_t* room(Core& core, uint32_t bytes) {
    core.whole_side ^= 1;
    WholeTiles& side = core.whole[core.whole_side];
    if (side.bytes < bytes) {
        free(side.data);
        side.bytes = (bytes + 4095) & ~4095u;
        side.data = static_cast<uint8_t*>(aligned_alloc(64, side.bytes));
    }
    return side.data;
}

}  // namespace

void make_whole(const CircularBuffer& cb, const uint8_t* stored, uint8_t* whole) {
    memset(whole, 0, whole_bytes(cb));
    for_each_face(cb, [&](uint32_t to, uint32_t from, uint32_t bytes) { memcpy(whole + to, stored + from, bytes); });
}

void cut_off(const CircularBuffer& cb, const uint8_t* whole, uint8_t* stored) {
    for_each_face(cb, [&](uint32_t from, uint32_t to, uint32_t bytes) { memcpy(stored + to, whole + from, bytes); });
}

Operand partial_operand(Fiber* fiber, const CircularBuffer& cb, uint32_t page, uint32_t tiles, uint32_t line) {
    Core& core = *fiber->core;
    const uint32_t bytes = whole_bytes(cb);
    (void)line;
    Operand found{core.l1 + cb.base, cb.format, bytes, bytes, NO_PAGE, cb.unpack_to_dest};
    if (fiber->role != TTSIM_UNPACK) return found;
    uint8_t* const data = room(core, tiles * bytes);
    for (uint32_t i = 0; i < tiles; i++) make_whole(cb, core.l1 + cb.base + size_t((page + i) % cb.pages) * cb.page_size, data + i * bytes);
    found.data = data;
    return found;
}

void require_whole(Fiber* fiber, uint32_t index, const char* call, uint32_t line) {
    const CircularBuffer& cb = configured_cb(fiber, index, line);
    if (is_partial(cb)) fail(Fault::Api, line, "%s on tiles of %u x %u (circular buffer %u): it is simulated for 32 x 32", call, cb.tile_rows, cb.tile_columns, index);
}

}  // namespace ttsim
