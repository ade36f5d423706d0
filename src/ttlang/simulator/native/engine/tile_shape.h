// SPDX-License-Identifier: Apache-2.0
//
// Tiles smaller than 32 x 32 in circular buffers: 1 to 32 rows, 16 or 32 columns, of 16 x 16 faces cut off at their rows.
// Compute works on whole tiles: the unpacker fills what is missing with zeros, the packer leaves it out.
#pragma once
#include "operands.h"

namespace ttsim {

/// In Operand::cb: the data is not a page, and goes with the operand.
constexpr uint8_t NO_PAGE = 0xFF;

inline bool is_partial(const CircularBuffer& cb) { return cb.tile_rows != 32 || cb.tile_columns != 32; }
/// `tiles` tiles from page `page` on, made whole; for math, only what they are.
Operand partial_operand(Fiber* fiber, const CircularBuffer& cb, uint32_t page, uint32_t tiles, uint32_t line);
void make_whole(const CircularBuffer& cb, const uint8_t* stored, uint8_t* whole);
void cut_off(const CircularBuffer& cb, const uint8_t* whole, uint8_t* stored);
/// Refuses a call that works on whole tiles only.
void require_whole(Fiber* fiber, uint32_t cb, const char* call, uint32_t line);

}  // namespace ttsim
