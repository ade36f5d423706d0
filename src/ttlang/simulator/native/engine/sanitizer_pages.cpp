// SPDX-License-Identifier: Apache-2.0
//
// Pages of circular buffers: who may look at which page when. The producer owns what it has reserved, the consumer what it
// has waited for. Buffers that nobody pushes to are scratch memory; an access that would be wrong in a shared buffer is
// held back until a push, a wait or a pop shows which of the two it is.
#include "sanitizer.h"

namespace ttsim {

namespace {

uint32_t smaller(uint32_t a, uint32_t b) { return a < b ? a : b; }

Span page_span(const CircularBuffer& cb, uint32_t page) { return {cb.base + page * cb.page_size, cb.base + (page + 1) * cb.page_size}; }

uint32_t ring_distance(const CircularBuffer& cb, uint32_t from, uint32_t to) { return to >= from ? to - from : to + cb.pages - from; }

bool in_window(const CircularBuffer& cb, uint32_t start, uint32_t length, uint32_t page) { return ring_distance(cb, start, page) < length; }

const Actor* known(const Actor& actor) { return actor.fiber ? &actor : nullptr; }

[[noreturn]] void not_waited(const CircularBuffer& cb, const CbShadow& shadow, uint32_t index, uint32_t page, bool popped, const Actor& who) {
    const bool filled = in_window(cb, cb.read_page, cb.filled(), page);
    if (shadow.popped.fiber && (popped || !filled))
        fail_at(Fault::UseAfterPop, who, &shadow.popped, "cb_pop_front", "use of page %u of circular buffer %u after it was popped", page, index);
    fail_at(Fault::NotWaited, who, known(shadow.pushed), "the producer's last push",
            "read of page %u of circular buffer %u, which was not waited for: cb_wait_front has granted %u pages from page %u on", page, index,
            shadow.waited, cb.read_page);
}

[[noreturn]] void not_reserved(const CircularBuffer& cb, const CbShadow& shadow, uint32_t index, uint32_t page, const Actor& who) {
    const Actor& other = shadow.popped.fiber ? shadow.popped : shadow.last_wait;
    fail_at(Fault::NotReserved, who, known(other), "the consumer's last call",
            "write to page %u of circular buffer %u, which was not reserved: cb_reserve_back has granted %u pages from page %u on", page, index,
            shadow.reserved, cb.write_page);
}

enum class Verdict { Fine, Unknown, Wrong };

Verdict judge_read(const CircularBuffer& cb, const CbShadow& shadow, const Fiber* fiber, uint32_t page) {
    if (in_window(cb, cb.read_page, shadow.waited, page)) return Verdict::Fine;
    if (cb.producer == fiber && in_window(cb, cb.write_page, shadow.reserved, page)) return Verdict::Fine;
    const bool own = cb.producer == fiber && in_window(cb, cb.read_page, cb.filled(), page);
    if (own && cb.consumer != fiber) return cb.consumer ? Verdict::Fine : Verdict::Unknown;
    if (cb.consumer == fiber && shadow.shared) return Verdict::Wrong;
    return Verdict::Unknown;
}

Verdict judge_write(const CircularBuffer& cb, const CbShadow& shadow, const Fiber* fiber, uint32_t page) {
    // The two data-movement processors may fill a page together; nobody writes to a page that pack has reserved.
    if (in_window(cb, cb.write_page, shadow.reserved, page)) return cb.producer->role <= TTSIM_DM1 ? Verdict::Fine : Verdict::Wrong;
    if (in_window(cb, cb.read_page, shadow.waited, page) && cb.consumer == fiber) return Verdict::Fine;
    if (!shadow.shared || shadow.aliased || (cb.producer == fiber && cb.consumer == fiber)) return Verdict::Unknown;
    if (in_window(cb, cb.read_page, cb.filled(), page) || cb.producer == fiber) return Verdict::Wrong;
    return Verdict::Unknown;
}

bool recently_popped(const CircularBuffer& cb, const CbShadow& shadow, uint32_t page) {
    const uint32_t back = ring_distance(cb, page, cb.read_page);
    return back && back <= shadow.popped_pages;
}

/// Judges the pages of a buffer that a range touches; raises what is certainly wrong, false for what is only suspect.
bool check_pages(Fiber* fiber, uint32_t index, Span span, bool write, const Actor& actor) {
    const CircularBuffer& cb = fiber->core->cb[index];
    CbShadow& shadow = shadow_of(*fiber->core).cb[index];
    bool fine = true;
    const uint32_t first = (span.low - cb.base) / cb.page_size, last = (span.high - 1 - cb.base) / cb.page_size;
    for (uint32_t page = first; page <= last; page++) {
        const Verdict verdict = write ? judge_write(cb, shadow, fiber, page) : judge_read(cb, shadow, fiber, page);
        if (verdict == Verdict::Fine) continue;
        if (verdict == Verdict::Wrong) write ? not_reserved(cb, shadow, index, page, actor) : not_waited(cb, shadow, index, page, recently_popped(cb, shadow, page), actor);
        Suspicion& held = write ? shadow.unreserved : shadow.unwaited;
        if (!held.actor.fiber) held = {actor, page, !write && !any_marked(shadow_of(*fiber->core).written, span.low, span.high - span.low)};
        fine = false;
    }
    return fine;
}

Span cb_span(const CircularBuffer& cb) { return {cb.base, cb.base + cb.page_size * cb.pages}; }

/// The buffers that hold a range whole. Several when the program lays one over another.
uint32_t holders(const Core& core, const CoreShadow& shadow, Span span, uint8_t* found) {
    uint32_t count = 0;
    for (uint8_t index : shadow.cbs)
        if (cb_span(core.cb[index]).holds(span.low, span.high)) found[count++] = index;
    return count;
}

}  // namespace

void check_reserve(Fiber* fiber, uint32_t index, uint32_t pages, uint32_t line) {
    CbShadow& shadow = shadow_of(*fiber->core).cb[index];
    if (shadow.reserved < pages) shadow.reserved = pages;
    shadow.last_reserve = actor_of(fiber, line);
    if (pages) hear(fiber, shadow.freed_step[(fiber->core->cb[index].write_page + pages - 1) % fiber->core->cb[index].pages]);
    if (fiber->role <= TTSIM_DM1) confirm_departed(fiber);
}

void check_push(Fiber* fiber, uint32_t index, uint32_t pages, uint32_t line) {
    CbShadow& shadow = shadow_of(*fiber->core).cb[index];
    const CircularBuffer& cb = fiber->core->cb[index];
    const ProcessorSteps told = tell(fiber);
    for (uint32_t i = 0; i < pages; i++) {
        const uint32_t page = cb.write_page + i < cb.pages ? cb.write_page + i : cb.write_page + i - cb.pages;
        shadow.pushed_step[page] = told;
        const Span span = page_span(cb, page);
        if (fiber->role <= TTSIM_DM1) check_open_reads(fiber, span, index, line);
        check_pushed_data(fiber, shadow, page, span, line);
        const Suspicion& held = shadow.unreserved;
        if (held.actor.fiber && held.page == page && !shadow.aliased) not_reserved(cb, shadow, index, page, held.actor);
    }
    shadow.reserved -= smaller(shadow.reserved, pages);
    shadow.shared = true;
    shadow.pushed = actor_of(fiber, line);
}

void check_unseen(Fiber* fiber, uint32_t index) {
    const CbShadow& shadow = shadow_of(*fiber->core).cb[index];
    const Suspicion& held = shadow.unwaited;
    if (held.actor.fiber == fiber) not_waited(fiber->core->cb[index], shadow, index, held.page, false, held.actor);
}

void check_wait(Fiber* fiber, uint32_t index, uint32_t pages, uint32_t line) {
    CbShadow& shadow = shadow_of(*fiber->core).cb[index];
    const CircularBuffer& cb = fiber->core->cb[index];
    if (shadow.waited < pages) shadow.waited = pages;
    shadow.popped_pages = 0;
    if (pages) hear(fiber, shadow.pushed_step[(cb.read_page + pages - 1) % cb.pages]);
    if (int32_t(cb.acked + pages - shadow.waited_to) > 0) shadow.waited_to = cb.acked + pages;
    shadow.last_wait = actor_of(fiber, line);
}

void check_pop(Fiber* fiber, uint32_t index, uint32_t pages, uint32_t line) {
    CbShadow& shadow = shadow_of(*fiber->core).cb[index];
    const CircularBuffer& cb = fiber->core->cb[index];
    const Actor actor = actor_of(fiber, line);
    const ProcessorSteps told = tell(fiber);
    for (uint32_t i = 0; i < pages; i++) {
        const uint32_t page = cb.read_page + i < cb.pages ? cb.read_page + i : cb.read_page + i - cb.pages;
        shadow.freed_step[page] = told;
        if (fiber->role <= TTSIM_DM1) check_open_writes(fiber, page_span(cb, page), actor, "pop");
        note_freed(*fiber->core, shadow, page);
    }
    shadow.popped_pages += pages;
    shadow.waited -= smaller(shadow.waited, pages);
    if (int32_t(cb.acked + pages - shadow.waited_to) > 0) shadow.waited_to = cb.acked + pages;
    shadow.popped = actor;
}

/// Unpack or pack touches pages from a ring position on.
void use_tiles(Fiber* fiber, const CircularBuffer& cb, uint32_t page, uint32_t tiles, bool write, uint32_t line) {
    const Actor actor = actor_of(fiber, line);
    for (uint32_t i = 0; i < tiles; i++) use_memory(fiber, page_span(cb, (page + i) % cb.pages), write, actor);
}

void check_unpack(Fiber* fiber, uint32_t index, uint32_t tile, uint32_t tiles, uint32_t line) {
    const Core& core = *fiber->core;
    CoreShadow& memory = shadow_of(core);
    const CbShadow& shadow = memory.cb[index];
    const CircularBuffer& cb = core.cb[index];
    uint32_t page = cb.read_page + tile;
    if (page >= cb.pages) page -= cb.pages;
    if (tile + tiles > shadow.waited) not_waited(cb, shadow, index, page, tile + tiles <= shadow.waited + shadow.popped_pages, actor_of(fiber, line));
    use_tiles(fiber, cb, page, tiles, false, line);
    if (memory.unwritten_read.fiber || any_marked(memory.written, cb.base + page * cb.page_size, cb.tile_bytes)) return;
    memory.unwritten_read = actor_of(fiber, line);
    memory.unwritten_push = shadow.pushed;
    memory.unwritten_page = page;
    memory.unwritten_cb = index;
}

void check_pack(Fiber* fiber, uint32_t index, uint32_t position, uint32_t bytes, uint32_t line) {
    CoreShadow& memory = shadow_of(*fiber->core);
    CbShadow& shadow = memory.cb[index];
    const CircularBuffer& cb = fiber->core->cb[index];
    uint32_t page = cb.write_page + position;
    if (page >= cb.pages) page -= cb.pages;
    if (position >= shadow.reserved && !shadow.aliased) not_reserved(cb, shadow, index, page, actor_of(fiber, line));
    mark(memory.written, cb.base + page * cb.page_size, bytes);
    if (position < cb.pages) use_tiles(fiber, cb, page, (bytes + cb.page_size - 1) / cb.page_size, true, line);
}

bool check_local(Fiber* fiber, Span span, bool write, const Actor& actor) {
    const Core& core = *fiber->core;
    Machine& machine = *core.machine;
    CoreShadow& shadow = shadow_of(core);
    if (span.high <= span.low || span.high <= machine.sanitizer->config_end) return true;
    uint8_t found[MAX_CBS];
    const uint32_t count = holders(core, shadow, span, found);
    if (count == 1) return check_pages(fiber, found[0], span, write, actor);
    if (count || !shadow.in_program || allocation_at(*machine.shadow, false, span.low)) return true;
    if (shadow.by_host && any_marked(shadow.by_host, span.low, span.high - span.low)) return true;
    for (uint8_t index : shadow.cbs)
        if (cb_span(core.cb[index]).touches(span.low, span.high))
            fail_at(Fault::Address, actor, nullptr, "", "%s of %u bytes at L1 address 0x%x crosses the edge of circular buffer %u (0x%x to 0x%x)",
                    write ? "write" : "read", span.high - span.low, span.low, index, cb_span(core.cb[index]).low, cb_span(core.cb[index]).high);
    fail_at(Fault::Address, actor, nullptr, "", "%s of %u bytes at L1 address 0x%x: no circular buffer and no buffer lies there", write ? "write" : "read",
            span.high - span.low, span.low);
}

}  // namespace ttsim
