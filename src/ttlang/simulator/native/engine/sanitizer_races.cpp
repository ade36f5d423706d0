// SPDX-License-Identifier: Apache-2.0
//
// Races of cores. Each core has a clock that advances when it tells another core something through a word (a semaphore, an
// atomic, a flag); a word carries the clocks of those who wrote to it, and who reads the word learns them. A write to memory
// bears the writer's clock; another core may touch that memory once it has learnt of it. Writes of whole pages are stamped
// by page, others in pieces of 16 bytes.
#include "sanitizer.h"

#include <sys/mman.h>

namespace ttsim {

namespace {

uint64_t word_key(const Core& core, uint32_t offset) { return uint64_t(core.index) << L1_SLOT_BITS | (offset & ~3u); }

void learn(std::vector<uint32_t>& known, const std::vector<uint32_t>& told) {
    for (size_t i = 0; i < known.size(); i++)
        if (known[i] < told[i]) known[i] = told[i];
}

bool unknown(const Core& reader, uint32_t writer, uint32_t clock) {
    return clock && writer != reader.index && clock > shadow_of(reader).known[writer];
}

[[noreturn]] void race(const Core& place, Span span, const Actor& who, const Actor& other, const char* what) {
    fail_at(Fault::Race, who, &other, "the other core's access",
            "race on L1 0x%x of core (%u, %u): %s, and no semaphore orders this and what core (%u, %u) did", span.low, place.logical_x,
            place.logical_y, what, other.fiber->logical_x, other.fiber->logical_y);
}

uint32_t* granules(Core& core) {
    CoreShadow& shadow = shadow_of(core);
    if (!shadow.last_write) {
        const size_t bytes = (size_t(core.machine->settings.l1_size) >> GRANULE_BITS) * sizeof(uint32_t);
        void* got = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (got == MAP_FAILED) return nullptr;
        shadow.last_write = static_cast<uint32_t*>(got);
        shadow.granular_writes = true;
    }
    return shadow.last_write;
}

void check_granules(const Core& place, const Core& who, Span span, const Actor& actor, const char* what) {
    const CoreShadow& shadow = shadow_of(place);
    if (!shadow.last_write) return;
    const std::vector<WriteStamp>& writes = place.machine->sanitizer->writes;
    uint32_t seen = 0;
    for (uint32_t i = span.low >> GRANULE_BITS; i <= (span.high - 1) >> GRANULE_BITS; i++) {
        const uint32_t id = shadow.last_write[i];
        if (!id || id == seen) continue;
        seen = id;
        const WriteStamp& stamp = writes[id - 1];
        if (unknown(who, stamp.core, stamp.clock)) race(place, span, actor, stamp.writer, what);
    }
}

uint32_t write_id(Sanitizer& sanitizer, const Core& writer, const Actor& actor) {
    const uint32_t clock = shadow_of(writer).clock;
    if (!sanitizer.writes.empty()) {
        const WriteStamp& last = sanitizer.writes.back();
        if (last.core == writer.index && last.clock == clock && last.writer.line == actor.line && last.writer.fiber == actor.fiber)
            return uint32_t(sanitizer.writes.size());
    }
    sanitizer.writes.push_back({actor, writer.index, clock});
    return uint32_t(sanitizer.writes.size());
}

void stamp_granules(Core& place, const Core& writer, Span span, const Actor& actor) {
    uint32_t* const last = granules(place);
    if (!last) return;
    const uint32_t id = write_id(*place.machine->sanitizer, writer, actor);
    for (uint32_t i = span.low >> GRANULE_BITS; i <= (span.high - 1) >> GRANULE_BITS; i++) last[i] = id;
}

/// A write from another core into a page: its owner must have given the page back and told the writer so.
void check_taken(const Core& place, const CircularBuffer& cb, CbShadow& checks, uint32_t page, Span span, const Actor& actor, bool whole) {
    const PageStamp& stamp = checks.stamp[page];
    const Core& writer = *actor.fiber->core;
    const bool filled = (page + cb.pages - cb.read_page) % cb.pages < cb.filled();
    if (filled && checks.shared && !checks.aliased) race(place, span, actor, checks.pushed, "the page holds data that was pushed and not popped");
    if (unknown(writer, place.index, stamp.freed_clock)) race(place, span, actor, checks.popped, "a NoC write to a page");
    if (!whole || stamp.core != writer.index || !stamp.clock || stamp.pushed) return;
    if (!checks.overwritten.actor.fiber) checks.overwritten = {actor, page, false};
}

/// Checks and stamps a write by `writer` to `place`: whole pages of one circular buffer, or pieces.
void write_data(Core& place, const Core& writer, Span span, const Actor& actor, const char* what) {
    CoreShadow& shadow = shadow_of(place);
    bool whole = false;
    for (uint8_t index : shadow.cbs) {
        const CircularBuffer& cb = place.cb[index];
        if (span.low < cb.base || span.high > cb.base + cb.page_size * cb.pages) continue;
        CbShadow& checks = shadow.cb[index];
        const uint32_t start = span.low - cb.base, first = start / cb.page_size, last = (span.high - 1 - cb.base) / cb.page_size;
        whole = start % cb.page_size == 0 && (span.high - cb.base) % cb.page_size == 0;
        for (uint32_t page = first; page <= last; page++) {
            PageStamp& stamp = checks.stamp[page];
            if (unknown(writer, stamp.core, stamp.clock)) race(place, span, actor, stamp.writer, what);
            if (&place != &writer) check_taken(place, cb, checks, page, span, actor, whole);
            if (whole) stamp = {actor, writer.index, shadow_of(writer).clock, stamp.freed_clock, false};
        }
        break;
    }
    check_granules(place, writer, span, actor, what);
    if (!whole) stamp_granules(place, writer, span, actor);
}

}  // namespace

void check_remote_data(Fiber* fiber, Core& target, Span span, const Actor& actor) { write_data(target, *fiber->core, span, actor, "a NoC write to it"); }

void note_local_data(Fiber* fiber, Span span, const Actor& actor) { write_data(*fiber->core, *fiber->core, span, actor, "a write to it"); }

void note_freed(const Core& core, CbShadow& cb, uint32_t page) { cb.stamp[page].freed_clock = shadow_of(core).clock; }

void check_pushed_data(Fiber* fiber, CbShadow& cb, uint32_t page, Span span, uint32_t line) {
    const Core& core = *fiber->core;
    PageStamp& stamp = cb.stamp[page];
    const Actor actor = actor_of(fiber, line);
    const Suspicion& held = cb.overwritten;
    if (held.actor.fiber && held.page == page) race(core, span, held.actor, actor, "a page is written again before its data is taken");
    stamp.pushed = true;
    if (unknown(core, stamp.core, stamp.clock)) race(core, span, actor, stamp.writer, "the page is pushed");
    check_granules(core, core, span, actor, "the page is pushed");
}

void release_to(Fiber* fiber, const Core& target, uint32_t offset) {
    const Core& core = *fiber->core;
    tell_word(fiber, target, offset);
    CoreShadow& shadow = shadow_of(core);
    std::vector<uint32_t>& told = core.machine->sanitizer->words[word_key(target, offset)];
    if (told.empty()) told.assign(shadow.known.size(), 0);
    learn(told, shadow.known);
    told[core.index] = shadow.clock++;
}

void acquire_from(Fiber* fiber, uint32_t offset) {
    const Core& core = *fiber->core;
    auto& words = core.machine->sanitizer->words;
    const auto found = words.find(word_key(core, offset));
    if (found != words.end()) learn(shadow_of(core).known, found->second);
    hear_word(fiber, offset, found != words.end());
}

void check_increment(Machine& machine, const Packet& packet, uint32_t before) {
    const uint32_t step = packet.value;
    const bool down = step >> 31;
    if (down ? before >= 0u - step : before <= ~0u - step) return;
    report(machine, Fault::Semaphore, packet.issuer, nullptr, "", "semaphore %s: it is %u on core (%u, %u) and is %s by %u", down ? "underflow" : "overflow",
           before, packet.target_core->logical_x, packet.target_core->logical_y, down ? "lowered" : "raised", down ? 0u - step : step);
}

}  // namespace ttsim
