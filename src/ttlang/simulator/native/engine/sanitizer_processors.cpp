// SPDX-License-Identifier: Apache-2.0
//
// Races of the processors of one core. Three run independently there: the two data-movement processors, and the compute
// processors, which hand their work over among themselves. Each knows, of each, up to which of its steps it has heard: pushes,
// pops, semaphores, mailboxes and words that a processor waits for pass that on (vector clocks; Flanagan, Freund, FastTrack, PLDI
// 2009). An access bears its processor's step; another processor may touch the same memory once it has heard of that step.
// Accesses to whole pages are kept by page, others in pieces of 16 bytes.
//
// A single word that one processor stores and another one loads is how kernels signal in memory of their own, so that counts as a
// signal, unless other words around it were written in the same step: then it is data.
#include <stdio.h>
#include <sys/mman.h>

#include "sanitizer.h"

namespace ttsim {

namespace {

constexpr uint32_t WORDS_A_PIECE = (1u << GRANULE_BITS) / 4, MASK_BITS = WORDS_A_PIECE, MASK = (1u << MASK_BITS) - 1;
constexpr uint32_t ACCESSES = 1u << 14;  ///< accesses remembered; pieces that bear an older one are as if untouched
constexpr uint32_t WIDE = 16;            ///< bytes from which on an access is one of data, not of a signal
const char* const PROCESSOR[] = {"data movement 0", "data movement 1", "the compute processors"};
const char* const DID[] = {"read", "write"};

uint32_t processor_of(const Fiber* fiber) { return fiber->role <= TTSIM_DM1 ? fiber->role : COMPUTE_PROCESSORS; }

ProcessorSteps& heard(Fiber* fiber) { return shadow_of(*fiber->core).heard[processor_of(fiber)]; }

void learn(ProcessorSteps& known, const ProcessorSteps& told) {
    for (uint32_t i = 0; i < PROCESSORS; i++)
        if (known.of[i] < told.of[i]) known.of[i] = told.of[i];
}

uint64_t word_key(const Core& core, uint32_t offset) { return uint64_t(core.index) << L1_SLOT_BITS | (offset & ~3u); }

bool unordered(Fiber* fiber, const Access& past) {
    return past.step && past.processor != processor_of(fiber) && past.step > heard(fiber).of[past.processor];
}

[[noreturn]] void race(Fiber* fiber, uint32_t offset, const Actor& who, bool write, const Access& past, bool past_write) {
    char what[48];
    snprintf(what, sizeof what, "the %s by the other processor", DID[past_write]);
    fail_at(Fault::Race, who, &past.actor, what,
            "race on L1 0x%x of core (%u, %u): this %s and the %s by %s have no circular buffer, semaphore or other signal between them", offset,
            fiber->core->logical_x, fiber->core->logical_y, DID[write], DID[past_write], PROCESSOR[past.processor]);
}

Access access_now(Fiber* fiber, const Actor& actor) { return {actor, heard(fiber).of[processor_of(fiber)], uint8_t(processor_of(fiber))}; }

// ---- whole pages

void use_page(Fiber* fiber, PageUse& page, uint32_t offset, bool write, const Actor& actor) {
    if (unordered(fiber, page.write)) race(fiber, offset, actor, write, page.write, true);
    if (write && unordered(fiber, page.read)) race(fiber, offset, actor, true, page.read, false);
    (write ? page.write : page.read) = access_now(fiber, actor);
}

// ---- pieces

struct Piece {
    uint32_t write, read;  ///< number of an access << MASK_BITS | words touched; 0: none
};

Piece* pieces(Core& core) {
    CoreShadow& shadow = shadow_of(core);
    if (!shadow.pieces) {
        void* got = mmap(nullptr, pieces_bytes(*core.machine), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        shadow.pieces = got == MAP_FAILED ? nullptr : got;
    }
    return static_cast<Piece*>(shadow.pieces);
}

/// The access of an entry; null if there is none, or it has been forgotten.
const Access* remembered(const Sanitizer& sanitizer, uint32_t entry) {
    const uint32_t number = entry >> MASK_BITS;
    if (!number || number + ACCESSES <= sanitizer.access_count) return nullptr;
    return &sanitizer.accesses[number % ACCESSES];
}

/// Number of the access; one that goes on where the last one was has its number.
uint32_t number_of(Sanitizer& sanitizer, Fiber* fiber, const Actor& actor) {
    if (sanitizer.accesses.empty()) sanitizer.accesses.resize(ACCESSES);
    const Access now = access_now(fiber, actor);
    const Access& last = sanitizer.accesses[sanitizer.access_count % ACCESSES];
    if (last.actor.fiber == fiber && last.step == now.step && last.actor.line == actor.line) return sanitizer.access_count;
    if (++sanitizer.access_count >> (32 - MASK_BITS)) sanitizer.access_count = ACCESSES;
    sanitizer.accesses[sanitizer.access_count % ACCESSES] = now;
    return sanitizer.access_count;
}

uint32_t touched_words(Span span, uint32_t piece) {
    uint32_t mask = 0;
    for (uint32_t word = 0; word < WORDS_A_PIECE; word++) {
        const uint32_t low = (piece << GRANULE_BITS) + 4 * word;
        if (span.touches(low, low + 4)) mask |= 1u << word;
    }
    return mask;
}

bool single(uint32_t mask) { return (mask & (mask - 1)) == 0; }

/// An entry after one more access: words of the same step add up.
uint32_t extended(const Sanitizer& sanitizer, uint32_t entry, uint32_t number, uint32_t words) {
    const Access *const old = remembered(sanitizer, entry), &now = sanitizer.accesses[number % ACCESSES];
    const bool same = old && old->processor == now.processor && old->step == now.step && old->actor.fiber == now.actor.fiber;
    return number << MASK_BITS | words | (same ? entry & MASK : 0);
}

/// Whether a word that another processor has stored is a signal to this one, which loads it.
bool is_signal(const Sanitizer& sanitizer, Fiber* fiber, const Piece& piece, uint32_t words) {
    if (single(piece.write & MASK)) return true;
    const Access* const before = remembered(sanitizer, piece.read);  // it polls: it has looked there before
    return before && before->actor.fiber == fiber && (piece.read & words) == words;
}

void use_piece(Fiber* fiber, Piece& piece, uint32_t offset, uint32_t words, bool write, bool wide, uint32_t number, const Actor& actor) {
    Sanitizer& sanitizer = *fiber->core->machine->sanitizer;
    const Access* const written = remembered(sanitizer, piece.write);
    if (written && (piece.write & words & MASK) && unordered(fiber, *written)) {
        if (!write && !wide && is_signal(sanitizer, fiber, piece, words))
            learn(heard(fiber), shadow_of(*fiber->core).heard[written->processor]);
        else if (wide || !single(piece.write & MASK))
            race(fiber, offset, actor, write, *written, true);
    }
    const Access* const read = remembered(sanitizer, piece.read);
    if (write && read && (piece.read & words) == MASK && unordered(fiber, *read)) race(fiber, offset, actor, true, *read, false);
    uint32_t& entry = write ? piece.write : piece.read;
    entry = extended(sanitizer, entry, number, words);
}

void use_pieces(Fiber* fiber, Span span, bool write, const Actor& actor) {
    Piece* const piece = pieces(*fiber->core);
    if (!piece) return;
    const uint32_t number = number_of(*fiber->core->machine->sanitizer, fiber, actor);
    const bool wide = span.high - span.low >= WIDE;
    for (uint32_t i = span.low >> GRANULE_BITS; i <= (span.high - 1) >> GRANULE_BITS; i++)
        use_piece(fiber, piece[i], i << GRANULE_BITS, touched_words(span, i), write, wide, number, actor);
}

/// An access to a part of a page looks at what was done to the page as a whole, too.
void use_part(Fiber* fiber, PageUse& page, Span span, bool write, const Actor& actor) {
    if (unordered(fiber, page.write)) race(fiber, span.low, actor, write, page.write, true);
    if (write && unordered(fiber, page.read)) race(fiber, span.low, actor, true, page.read, false);
    page.in_pieces = true;
}

bool alone(const Core& core) {
    uint32_t kinds = 0;
    for (const Fiber* fiber : core.fiber)
        if (fiber) kinds |= 1u << processor_of(fiber);
    return single(kinds);
}

}  // namespace

size_t pieces_bytes(const Machine& machine) { return (size_t(machine.settings.l1_size) >> GRANULE_BITS) * sizeof(Piece); }

void begin_processor_checks(Core& core) {
    CoreShadow& shadow = shadow_of(core);
    for (uint32_t i = 0; i < PROCESSORS; i++) shadow.heard[i].of[i] = 1;
    shadow.alone = alone(core);
}

void use_memory(Fiber* fiber, Span span, bool write, const Actor& actor) {
    CoreShadow& shadow = shadow_of(*fiber->core);
    if (shadow.alone || span.high <= span.low || span.low < fiber->core->machine->sanitizer->config_end) return;
    for (uint8_t index : shadow.cbs) {
        const CircularBuffer& cb = fiber->core->cb[index];
        if (span.low < cb.base || span.high > cb.base + cb.page_size * cb.pages) continue;
        std::vector<PageUse>& uses = shadow.cb[index].use;
        bool in_pieces = false;
        for (uint32_t at = span.low; at < span.high;) {
            const uint32_t number = (at - cb.base) / cb.page_size, low = cb.base + number * cb.page_size, end = low + cb.page_size;
            PageUse& page = uses[number];
            if (at == low && end <= span.high) {
                if (page.in_pieces) use_pieces(fiber, {at, end}, write, actor);
                use_page(fiber, page, low, write, actor);
            } else {
                use_part(fiber, page, {at, end < span.high ? end : span.high}, write, actor);
                in_pieces = true;
            }
            at = end;
        }
        if (!in_pieces) return;
        break;
    }
    use_pieces(fiber, span, write, actor);
}

ProcessorSteps tell(Fiber* fiber) {
    ProcessorSteps& own = heard(fiber);
    const ProcessorSteps told = own;
    own.of[processor_of(fiber)]++;
    return told;
}

void hear(Fiber* fiber, const ProcessorSteps& told) { learn(heard(fiber), told); }

void hear_from(Fiber* fiber, const Fiber* other) { learn(heard(fiber), shadow_of(*fiber->core).heard[processor_of(other)]); }

void tell_word(Fiber* fiber, const Core& target, uint32_t offset) {
    const ProcessorSteps told = tell(fiber);
    // What goes to another core may come back to any processor of this one.
    if (fiber->core != &target) return learn(shadow_of(*fiber->core).told, told);
    learn(fiber->core->machine->sanitizer->signals[word_key(target, offset)], told);
}

void hear_word(Fiber* fiber, uint32_t offset, bool from_elsewhere) {
    const auto& signals = fiber->core->machine->sanitizer->signals;
    const auto found = signals.find(word_key(*fiber->core, offset));
    if (found != signals.end()) hear(fiber, found->second);
    if (from_elsewhere) hear(fiber, shadow_of(*fiber->core).told);
}

void hear_stored(Fiber* fiber, uint32_t offset) {
    const CoreShadow& shadow = shadow_of(*fiber->core);
    if (!shadow.pieces) return;
    const uint32_t entry = static_cast<const Piece*>(shadow.pieces)[offset >> GRANULE_BITS].write;
    const Access* const written = remembered(*fiber->core->machine->sanitizer, entry);
    if (written && (entry >> (offset / 4 % WORDS_A_PIECE) & 1)) hear(fiber, shadow.heard[written->processor]);
}

void check_landing(Fiber* fiber, Span span, bool write, const Actor& actor) {
    for (Fiber* other : {fiber->core->fiber[TTSIM_DM0], fiber->core->fiber[TTSIM_DM1]}) {
        if (!other || other == fiber) continue;
        for (const OpenTransfer& transfer : shadow_of(other).open)
            if (transfer.read && transfer.local.touches(span.low, span.high))
                race(fiber, span.low, actor, write, {transfer.issuer, 1, uint8_t(other->role)}, true);
    }
}

}  // namespace ttsim
