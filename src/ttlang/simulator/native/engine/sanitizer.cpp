// SPDX-License-Identifier: Apache-2.0
#include "sanitizer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <algorithm>

namespace ttsim {

namespace {

constexpr uint32_t WORD = 64;

template <class T>
T* mapped(size_t bytes) {
    void* got = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return got == MAP_FAILED ? nullptr : static_cast<T*>(got);
}

size_t bitmap_bytes(uint64_t memory) { return size_t((memory >> GRANULE_BITS) / 8 + 16); }

size_t stamp_bytes(const Machine& machine) { return (size_t(machine.settings.l1_size) >> GRANULE_BITS) * sizeof(uint32_t); }

/// Applies `visit(word, mask)` to the words of a bitmap that a range of memory touches, until it returns true.
template <class Visit>
bool over_words(uint64_t address, uint64_t bytes, Visit visit) {
    if (bytes == 0) return false;
    const uint64_t first = address >> GRANULE_BITS, last = (address + bytes - 1) >> GRANULE_BITS;
    for (uint64_t word = first / WORD; word <= last / WORD; word++) {
        uint64_t mask = ~uint64_t(0);
        if (word == first / WORD) mask &= ~uint64_t(0) << (first % WORD);
        if (word == last / WORD) mask &= ~uint64_t(0) >> (WORD - 1 - last % WORD);
        if (visit(word, mask)) return true;
    }
    return false;
}

void clear(uint64_t* bits, uint64_t address, uint64_t bytes) {
    over_words(address, bytes, [&](uint64_t word, uint64_t mask) {
        bits[word] &= ~mask;
        return false;
    });
}

/// What the host put there stays written, whoever uses the place now.
void keep_host_writes(CoreShadow& shadow, uint64_t address, uint64_t bytes) {
    if (!shadow.by_host) return;
    over_words(address, bytes, [&](uint64_t word, uint64_t mask) {
        shadow.written[word] |= shadow.by_host[word] & mask;
        return false;
    });
}

/// A run without checks may have written anything that it could reach.
void mark_everything(Machine& machine) {
    MemoryShadow& shadow = *machine.shadow;
    for (const Allocation& buffer : shadow.buffers[1])
        for (uint64_t* bits : shadow.bank_written) mark(bits, buffer.address, buffer.bytes);
    for (const Allocation& buffer : shadow.buffers[0])
        for (CoreShadow& core : shadow.core) mark(core.written, buffer.address, buffer.bytes);
}

void reset_core_checks(CoreShadow& core, size_t stamps, size_t pieces) {
    if (core.granular_writes) munmap(core.last_write, stamps), core.last_write = nullptr;
    if (core.pieces) munmap(core.pieces, pieces), core.pieces = nullptr;
    core.in_program = core.granular_writes = false;
    core.cbs.clear();
    for (CbShadow& cb : core.cb) {
        if (cb.stamp.empty()) continue;  // not configured since
        cb = CbShadow{};
    }
    memset(core.config, 0, sizeof core.config);
    memset(core.sfpu_ready, 0, sizeof core.sfpu_ready);
    core.clock = 1;
    core.known.clear();
    memset(core.heard, 0, sizeof core.heard);
    core.told = ProcessorSteps{};
    core.math_commit = core.unwritten_read = core.unwritten_push = Actor{};
}

}  // namespace

void mark(uint64_t* bits, uint64_t address, uint64_t bytes) {
    over_words(address, bytes, [&](uint64_t word, uint64_t mask) {
        bits[word] |= mask;
        return false;
    });
}

void mark_page(Machine& machine, bool dram, uint32_t page, uint64_t address, uint64_t stride, uint32_t bytes) {
    const uint32_t banks = dram ? machine.banks : machine.cores, bank = page % banks;
    MemoryShadow& shadow = *machine.shadow;
    mark(dram ? shadow.bank_written[bank] : shadow.core[bank].written, address + uint64_t(page / banks) * stride, bytes);
}

void mark_host_write(CoreShadow& core, uint64_t address, uint64_t bytes) {
    if (!core.by_host) core.by_host = static_cast<uint64_t*>(calloc(1, bitmap_bytes(L1_SLOT)));
    mark(core.by_host, address, bytes);
    mark(core.written, address, bytes);
}

bool any_marked(const uint64_t* bits, uint64_t address, uint64_t bytes) {
    return over_words(address, bytes, [&](uint64_t word, uint64_t mask) { return (bits[word] & mask) != 0; });
}

const Allocation* allocation_at(const MemoryShadow& shadow, bool dram, uint64_t address) {
    const std::vector<Allocation>& buffers = shadow.buffers[dram];
    auto after = std::upper_bound(buffers.begin(), buffers.end(), address,
                                  [](uint64_t at, const Allocation& buffer) { return at < buffer.address; });
    if (after == buffers.begin()) return nullptr;
    const Allocation& found = *--after;
    return address < found.address + found.bytes ? &found : nullptr;
}

MemoryShadow* create_shadow(Machine& machine) {
    auto* shadow = new MemoryShadow;
    for (uint32_t i = 0; i < machine.banks; i++) {
        shadow->bank_bytes.push_back(bitmap_bytes(machine.bank[i].extent));
        shadow->bank_written.push_back(mapped<uint64_t>(shadow->bank_bytes.back()));
        if (!shadow->bank_written.back()) return nullptr;
    }
    shadow->core.resize(machine.cores);
    for (CoreShadow& core : shadow->core) {
        core.written = mapped<uint64_t>(bitmap_bytes(L1_SLOT));
        if (!core.written) return nullptr;
    }
    return shadow;
}

void destroy_shadow(MemoryShadow* shadow) {
    if (!shadow) return;
    for (size_t i = 0; i < shadow->bank_written.size(); i++) munmap(shadow->bank_written[i], shadow->bank_bytes[i]);
    for (CoreShadow& core : shadow->core) {
        munmap(core.written, bitmap_bytes(L1_SLOT));
        free(core.by_host);
    }
    delete shadow;
}

void begin_checks(Machine& machine, bool wanted, uint32_t fibers) {
    delete machine.sanitizer;
    machine.sanitizer = nullptr;
    for (CoreShadow& core : machine.shadow->core) reset_core_checks(core, stamp_bytes(machine), pieces_bytes(machine));
    if (!wanted) return mark_everything(machine);
    auto* sanitizer = new Sanitizer;
    sanitizer->memory = machine.shadow;
    sanitizer->fiber.resize(fibers);
    sanitizer->config_end = machine.settings.config_end();
    for (CoreShadow& core : machine.shadow->core) {
        core.known.assign(machine.cores, 0);
        mark(core.written, 0, sanitizer->config_end);
    }
    machine.sanitizer = sanitizer;
}

void place_cb_checks(Core& core, uint32_t index) {
    if (!core.machine->sanitizer) return;
    CoreShadow& shadow = shadow_of(core);
    const CircularBuffer& cb = core.cb[index];
    const uint32_t bytes = cb.page_size * cb.pages;
    shadow.in_program = true;
    shadow.cbs.push_back(uint8_t(index));
    CbShadow& checks = shadow.cb[index];
    checks.stamp.assign(cb.pages, PageStamp{});
    checks.use.assign(cb.pages, PageUse{});
    checks.pushed_step.assign(cb.pages, ProcessorSteps{});
    checks.freed_step.assign(cb.pages, ProcessorSteps{});
    for (const Allocation& buffer : core.machine->shadow->buffers[0])
        checks.aliased |= buffer.address < cb.base + bytes && cb.base < buffer.address + buffer.bytes;
    if (checks.aliased) return;
    clear(shadow.written, cb.base, bytes);
    keep_host_writes(shadow, cb.base, bytes);
}

void finish_checks(Machine& machine) {
    if (!machine.sanitizer) return;
    for (uint32_t i = 0; i < machine.cores; i++) {
        Core& core = machine.core[i];
        CoreShadow& shadow = shadow_of(core);
        for (uint8_t index : shadow.cbs) {
            const CbShadow& checks = shadow.cb[index];
            const CircularBuffer& cb = core.cb[index];
            if (checks.unwaited.unwritten && !checks.shared)
                return report(machine, Fault::Unwritten, checks.unwaited.actor, nullptr, "",
                              "read of page %u of circular buffer %u, which nothing was ever written to", checks.unwaited.page, index);
            const int32_t left = int32_t(cb.received - checks.waited_to);
            if (left <= 0 || checks.aliased || !checks.pushed.fiber) continue;
            Actor other = checks.popped.fiber ? checks.popped : checks.last_wait;
            return report(machine, Fault::Unfinished, checks.pushed, other.fiber ? &other : nullptr, "the consumer's last call",
                          "circular buffer %u ends with %u of %u pushed pages that no processor has waited for", index, uint32_t(left), cb.received);
        }
    }
}

}  // namespace ttsim

using namespace ttsim;

extern "C" {

/// A buffer of the host: `bytes` in every bank, `pages` pages interleaved over the banks at `stride`.
void ttsim_buffer_add(Machine* machine, uint32_t dram, uint64_t address, uint64_t bytes, uint64_t stride, uint32_t pages) {
    MemoryShadow& shadow = *machine->shadow;
    std::vector<Allocation>& buffers = shadow.buffers[dram != 0];
    const Allocation added{address, bytes, stride, pages};
    buffers.insert(std::upper_bound(buffers.begin(), buffers.end(), added,
                                    [](const Allocation& a, const Allocation& b) { return a.address < b.address; }),
                   added);
    if (dram)
        for (uint64_t* bits : shadow.bank_written) clear(bits, address, bytes);
    else
        for (CoreShadow& core : shadow.core) clear(core.written, address, bytes);
}

void ttsim_buffer_remove(Machine* machine, uint32_t dram, uint64_t address) {
    std::vector<Allocation>& buffers = machine->shadow->buffers[dram != 0];
    for (size_t i = 0; i < buffers.size(); i++)
        if (buffers[i].address == address) return void(buffers.erase(buffers.begin() + long(i)));
}

/// What is left in buffers: returns 1 if that is a fault.
int ttsim_program_check_end(Machine* machine) {
    finish_checks(*machine);
    return machine->fault.kind != Fault::None;
}

}  // extern "C"
