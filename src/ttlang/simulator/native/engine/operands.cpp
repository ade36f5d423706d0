// SPDX-License-Identifier: Apache-2.0
#include "operands.h"
#include "sanitizer.h"
#include "tile_shape.h"

#include <stdlib.h>
#include <string.h>

namespace ttsim {

namespace {

uint32_t depth(const Machine& machine) { return machine.timed ? SRC_BANKS : SRC_DEPTH; }

void add_sections(Machine& machine) {
    auto* slab = static_cast<DstSlab*>(allocate_huge(sizeof(DstSlab)));
    slab->next = machine.dst_slabs;
    machine.dst_slabs = slab;
    for (Dst& dst : slab->section) {
        dst.next = machine.free_dst;
        machine.free_dst = &dst;
    }
}

Dst* take_dst(Machine& machine) {
    if (!machine.free_dst) add_sections(machine);
    Dst* const dst = machine.free_dst;
    machine.free_dst = dst->next;
    return dst;
}

void acquire(Fiber* fiber, uint32_t line) {
    Core& core = *fiber->core;
    if (core.acquired != core.committed)
        fail(Fault::Dst, line, "tile_regs_acquire: the section acquired before was not committed");
    charge(fiber, line, core.machine->settings.math_section_cycles);
    while (core.acquired - core.released >= core.sections) {
        core.dst_math = fiber;
        block(fiber, Wait::DstFree);
    }
    if (core.machine->timed) wait_until(fiber, core.released_at[core.acquired % core.sections], Wait::DstFree);
    core.dst[core.acquired % core.sections] = take_dst(*core.machine);
    core.acquired++;
}

void give_dst_back(Core& core, uint32_t section) {
    Dst* const dst = core.dst[section];
    dst->next = core.machine->free_dst;
    core.machine->free_dst = dst;
    core.dst[section] = nullptr;
}

void commit(Fiber* fiber, uint32_t line) {
    Core& core = *fiber->core;
    if (core.acquired == core.committed) fail(Fault::Dst, line, "tile_regs_commit without tile_regs_acquire");
    const Settings& settings = core.machine->settings;
    charge(fiber, line, settings.risc_compute_call);
    if (core.machine->trace) trace_instructions(fiber, settings.risc_compute_call, settings.math_section_instructions);
    if (core.machine->sanitizer) shadow_of(core).math_commit = actor_of(fiber, line);
    core.committed_at[core.committed % core.sections] = fiber->time;
    core.committed++;
    if (core.dst_pack) {
        make_ready(*core.machine, core.dst_pack);
        core.dst_pack = nullptr;
    }
}

void wait(Fiber* fiber, uint32_t line) {
    Core& core = *fiber->core;
    if (core.waited != core.released)
        fail(Fault::Dst, line, "tile_regs_wait: the section waited for before was not released");
    charge(fiber, line, core.machine->settings.risc_compute_call);
    while (core.committed == core.waited) {
        core.dst_pack = fiber;
        block(fiber, Wait::DstData);
    }
    if (core.machine->timed) wait_until(fiber, core.committed_at[core.waited % core.sections], Wait::DstData);
    charge(fiber, line, core.machine->settings.pack_section_cycles);
    core.waited++;
}

void release(Fiber* fiber, uint32_t line) {
    Core& core = *fiber->core;
    if (core.waited == core.released) fail(Fault::Dst, line, "tile_regs_release without tile_regs_wait");
    charge(fiber, line, core.machine->settings.risc_compute_call);
    const uint32_t section = core.released % core.sections;
    // The packer clears the section as it releases it: accumulating operations start from zero.
    core.written[section] = 0;
    give_dst_back(core, section);
    core.released_at[section] = fiber->time;
    core.tilized = Core::NotTilized;
    core.released++;
    if (core.dst_math) {
        make_ready(*core.machine, core.dst_math);
        core.dst_math = nullptr;
    }
}

uint32_t* cleared(uint32_t* tile) {
    memset(tile, 0, TILE_LANES * sizeof(uint32_t));
    return tile;
}

void check_index(Fiber* fiber, uint32_t index, uint32_t line) {
    const Core& core = *fiber->core;
    if (index >= core.section_tiles)
        fail(Fault::Dst, line, "DST tile %u: a section holds %u tiles (%s DST, %s synchronisation)", index, core.section_tiles,
             core.math.fp32_dest ? "32-bit" : "16-bit", core.sections == 1 ? "full" : "half");
}

const uint8_t* kept(SrcEntry& entry, const uint8_t* data, uint32_t bytes, uint32_t offset) {
    uint8_t* const storage = entry_storage(entry, entry.a_bytes + entry.b_bytes + 64);
    memcpy(storage + offset, data, bytes);
    return storage + offset;
}

}  // namespace

Operand operand(Fiber* fiber, uint32_t index, uint32_t tile, uint32_t tiles, uint32_t line) {
    const CircularBuffer& cb = configured_cb(fiber, index, line);
    if (tile + tiles > cb.pages)
        fail(Fault::Api, line, "tile %u of circular buffer %u: it holds %u", tile + tiles - 1, index, cb.pages);
    if (fiber->role == TTSIM_UNPACK && fiber->core->machine->sanitizer) check_unpack(fiber, index, tile, tiles, line);
    uint32_t page = cb.read_page + tile;
    if (page >= cb.pages) page -= cb.pages;
    if (__builtin_expect(is_partial(cb), 0)) return partial_operand(fiber, cb, page, tiles, line);
    return {fiber->core->l1 + cb.base + size_t(page) * cb.page_size, cb.format, cb.page_size, cb.tile_bytes, uint8_t(index), cb.unpack_to_dest};
}

uint8_t* entry_storage(SrcEntry& entry, uint32_t bytes) {
    if (entry.storage_bytes < bytes) {
        free(entry.storage);
        entry.storage_bytes = (bytes + 4095) & ~4095u;
        entry.storage = static_cast<uint8_t*>(aligned_alloc(64, entry.storage_bytes));
    }
    return entry.storage;
}

void keep_operands(Core& core, uint32_t cb) {
    const uint32_t size = depth(*core.machine);
    for (uint32_t i = core.src_used; i != core.src_filled; i++) {
        SrcEntry& entry = core.src[i % size];
        if (!entry.copied_a && entry.cb_a == cb) {
            entry.a = kept(entry, entry.a, entry.a_bytes, 0);
            entry.copied_a = true;
        }
        if (!entry.copied_b && entry.cb_b == cb) {
            entry.b = kept(entry, entry.b, entry.b_bytes, (entry.a_bytes + 63) & ~63u);
            entry.copied_b = true;
        }
    }
}

SrcEntry& begin_operands(Fiber* fiber, uint32_t line) {
    Core& core = *fiber->core;
    const uint32_t size = depth(*core.machine);
    fiber->line = line;
    while (core.src_filled - core.src_used >= size) {
        core.src_producer = fiber;
        block(fiber, Wait::SrcSpace);
    }
    if (core.machine->timed) wait_until(fiber, core.src_freed_at[core.src_filled % size], Wait::SrcSpace);
    return core.src[core.src_filled % size];
}

void end_operands(Fiber* fiber, SrcEntry& entry, uint32_t line, double cycles) {
    Core& core = *fiber->core;
    charge_engine(fiber, line, cycles);
    entry.ready = fiber->time;
    core.src_filled++;
    if (core.src_consumer) {
        make_ready(*core.machine, core.src_consumer);
        core.src_consumer = nullptr;
    }
}

void give_operands(Fiber* fiber, uint32_t line, double cycles, const Operand& a, uint32_t a_bytes) {
    SrcEntry& entry = begin_operands(fiber, line);
    entry.a = a.data;
    entry.a_bytes = a_bytes;
    entry.b_bytes = 0;
    entry.cb_a = a.cb;
    entry.copied_a = false;
    entry.copied_b = true;
    if (__builtin_expect(a.cb == NO_PAGE, 0)) {
        entry.a = kept(entry, a.data, a_bytes, 0);
        entry.copied_a = true;
    }
    end_operands(fiber, entry, line, cycles);
}

void give_operands(Fiber* fiber, uint32_t line, double cycles, const Operand& a, uint32_t a_bytes, const Operand& b, uint32_t b_bytes) {
    SrcEntry& entry = begin_operands(fiber, line);
    entry.a = a.data;
    entry.b = b.data;
    entry.a_bytes = a_bytes;
    entry.b_bytes = b_bytes;
    entry.cb_a = a.cb;
    entry.cb_b = b.cb;
    entry.copied_a = entry.copied_b = false;
    if (__builtin_expect(a.cb == NO_PAGE, 0)) {
        entry.a = kept(entry, a.data, a_bytes, 0);
        entry.copied_a = true;
    }
    if (__builtin_expect(b.cb == NO_PAGE, 0)) {
        entry.b = kept(entry, b.data, b_bytes, (a_bytes + 63) & ~63u);
        entry.copied_b = true;
    }
    end_operands(fiber, entry, line, cycles);
}

SrcEntry& take_operands(Fiber* fiber, uint32_t line) {
    Core& core = *fiber->core;
    fiber->line = line;
    while (core.src_filled == core.src_used) {
        core.src_consumer = fiber;
        block(fiber, Wait::SrcData);
    }
    SrcEntry& entry = core.src[core.src_used % depth(*core.machine)];
    if (core.machine->timed) wait_until(fiber, entry.ready, Wait::SrcData);
    return entry;
}

void use_operands(Fiber* fiber, uint32_t line, double cycles) {
    use_operands(fiber, line, cycles, fiber->core->machine->settings.math_tile_instructions);
}

void use_operands(Fiber* fiber, uint32_t line, double cycles, double instructions) {
    Core& core = *fiber->core;
    charge_engine(fiber, line, cycles, instructions);
    core.src_freed_at[core.src_used % depth(*core.machine)] = fiber->time;
    core.src_used++;
    if (core.src_producer) {
        make_ready(*core.machine, core.src_producer);
        core.src_producer = nullptr;
    }
}

uint32_t* math_tile_to_fill(Fiber* fiber, uint32_t index, uint32_t line, bool* fresh) {
    Core& core = *fiber->core;
    check_index(fiber, index, line);
    if (core.acquired == core.committed)
        fail(Fault::Dst, line, "DST is used outside tile_regs_acquire and tile_regs_commit");
    const uint32_t section = core.committed % core.sections;
    if (fresh) *fresh = !(core.written[section] >> index & 1);
    core.written[section] |= uint16_t(1u << index);
    return core.dst[section]->tile[index];
}

uint32_t* math_tile(Fiber* fiber, uint32_t index, uint32_t line, bool* fresh) {
    bool first;
    uint32_t* const tile = math_tile_to_fill(fiber, index, line, &first);
    if (fresh) *fresh = first;
    return first ? cleared(tile) : tile;
}

uint32_t* pack_source(Fiber* fiber, uint32_t index, uint32_t line) {
    Core& core = *fiber->core;
    check_index(fiber, index, line);
    if (core.waited == core.released) fail(Fault::Dst, line, "DST is packed outside tile_regs_wait and tile_regs_release");
    const uint32_t section = core.released % core.sections;
    uint32_t* const tile = core.dst[section]->tile[index];
    return core.written[section] >> index & 1 ? tile : cleared(tile);
}

}  // namespace ttsim

using namespace ttsim;

extern "C" void tensix_tile_regs(uint32_t what, uint32_t line) {
    Fiber* fiber = self();
    const bool math = fiber->role == TTSIM_MATH, pack = fiber->role == TTSIM_PACK;
    switch (what) {
        case TTSIM_ACQUIRE: return math ? acquire(fiber, line) : void();
        case TTSIM_COMMIT: return math ? commit(fiber, line) : void();
        case TTSIM_WAIT: return pack ? wait(fiber, line) : void();
        case TTSIM_RELEASE: return pack ? release(fiber, line) : void();
        case TTSIM_ACQUIRE_DST: return math ? acquire(fiber, line) : pack ? wait(fiber, line) : void();
        default: return math ? commit(fiber, line) : pack ? release(fiber, line) : void();
    }
}
