// SPDX-License-Identifier: Apache-2.0
//
// The hand-over between the three processors of a compute core: operands from unpack to math, DST from math to pack.
#pragma once
#include "machine.h"

namespace ttsim {

/// One operand of an operation: `tiles` pages of a circular buffer from `tile` on, counted from the front.
struct Operand {
    const uint8_t* data;
    DataFormat format;
    uint32_t page_size, tile_bytes;
    uint8_t cb;
    bool to_dest;
};

Operand operand(Fiber* fiber, uint32_t cb, uint32_t tile, uint32_t tiles, uint32_t line);

/// Unpack: hands operands to math. Blocks while both banks are full. `cycles` is what the unpacker needs.
SrcEntry& begin_operands(Fiber* fiber, uint32_t line);
void end_operands(Fiber* fiber, SrcEntry& entry, uint32_t line, double cycles);
void give_operands(Fiber* fiber, uint32_t line, double cycles, const Operand& a, uint32_t a_bytes);
void give_operands(Fiber* fiber, uint32_t line, double cycles, const Operand& a, uint32_t a_bytes, const Operand& b, uint32_t b_bytes);
/// Room of the entry's own for `bytes`, 64-byte aligned.
uint8_t* entry_storage(SrcEntry& entry, uint32_t bytes);

/// Math: the next operands; blocks until unpack has given them. `use_operands` charges the work and frees the bank.
SrcEntry& take_operands(Fiber* fiber, uint32_t line);
void use_operands(Fiber* fiber, uint32_t line, double cycles);
/// The same where the processor takes other than `math_tile_instructions` to ask for it.
void use_operands(Fiber* fiber, uint32_t line, double cycles, double instructions);

/// Math: DST tile `index` of the acquired section, marked as written; `fresh` tells whether it had not been.
uint32_t* math_tile(Fiber* fiber, uint32_t index, uint32_t line, bool* fresh = nullptr);
/// The same for a caller that writes the whole tile and does not read it: what it holds is left as it is.
uint32_t* math_tile_to_fill(Fiber* fiber, uint32_t index, uint32_t line, bool* fresh = nullptr);
/// Pack: DST tile `index` of the section it waits on.
uint32_t* pack_source(Fiber* fiber, uint32_t index, uint32_t line);

}  // namespace ttsim
