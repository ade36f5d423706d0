// SPDX-License-Identifier: Apache-2.0
//
// NoC transfers: alignment, buffers, memory that nobody wrote, and what barriers have confirmed.
#include "sanitizer.h"

#include <algorithm>

namespace ttsim {

namespace {

const char* const MEMORY[] = {"L1", "DRAM"};

uint32_t own_offset(uint32_t l1) { return l1 & (L1_SLOT - 1); }

void check_alignment(const Settings& settings, uint64_t there, uint32_t here, bool dram, bool read, const Actor& actor) {
    const uint32_t unit = uint32_t(!dram ? settings.l1_alignment : read ? settings.dram_read_alignment : settings.dram_write_alignment);
    if ((there & (unit - 1)) == (here & (unit - 1))) return;
    fail_at(Fault::Alignment, actor, nullptr, "", "unaligned NoC %s: %s address 0x%llx and local address 0x%x differ modulo %u bytes", read ? "read" : "write",
            MEMORY[dram], static_cast<unsigned long long>(there), here, unit);
}

/// A page index that the tensor does not have leads to memory of something else.
void check_beyond(Fiber* fiber, uint64_t noc_address, bool write, const Actor& actor) {
    FiberShadow& shadow = shadow_of(fiber);
    if (!shadow.beyond_pages || noc_address != shadow.beyond_address) return;
    const uint32_t pages = shadow.beyond_pages;
    shadow.beyond_pages = 0;
    fail_at(Fault::Address, actor, nullptr, "", "NoC %s of page %u of a buffer that has %u pages", write ? "write" : "read", shadow.beyond_page, pages);
}

void check_dram(Machine& machine, const RemotePlace& place, uint32_t bytes, bool write, const Actor& actor) {
    const Allocation* buffer = allocation_at(*machine.shadow, true, place.address);
    const char* const what = write ? "write" : "read";
    if (!buffer || place.address + bytes > buffer->address + buffer->bytes)
        fail_at(Fault::Address, actor, nullptr, "", "NoC %s of %u bytes at address 0x%llx of DRAM bank %u %s", what, bytes,
                static_cast<unsigned long long>(place.address), place.bank, buffer ? "reaches beyond the end of its buffer" : "is outside every buffer");
    const uint64_t row = (place.address + bytes - 1 - buffer->address) / buffer->stride;
    if (row * machine.banks + place.bank >= buffer->pages)
        fail_at(Fault::Address, actor, nullptr, "", "NoC %s at address 0x%llx of DRAM bank %u: page %llu of a buffer that has %u pages", what,
                static_cast<unsigned long long>(place.address), place.bank, static_cast<unsigned long long>(row * machine.banks + place.bank), buffer->pages);
    if (!write && !any_marked(machine.shadow->bank_written[place.bank], place.address, bytes))
        fail_at(Fault::Unwritten, actor, nullptr, "", "NoC read of %u bytes of DRAM that nothing was ever written to (page %llu of the buffer at 0x%llx)", bytes,
                static_cast<unsigned long long>(row * machine.banks + place.bank), static_cast<unsigned long long>(buffer->address));
    if (write) mark(machine.shadow->bank_written[place.bank], place.address, bytes);
}

/// L1 of a core that runs something: a circular buffer, a buffer of the host or a semaphore must lie there.
void check_remote_l1(const Core& core, Span span, bool write, const Actor& actor) {
    Machine& machine = *core.machine;
    const CoreShadow& shadow = shadow_of(core);
    if (!shadow.in_program || span.high <= machine.sanitizer->config_end) return;
    if (allocation_at(*machine.shadow, false, span.low)) return;
    if (shadow.by_host && any_marked(shadow.by_host, span.low, span.high - span.low)) return;
    bool touched = false;
    for (uint8_t index : shadow.cbs) {
        const CircularBuffer& cb = core.cb[index];
        const Span whole{cb.base, cb.base + cb.page_size * cb.pages};
        if (whole.holds(span.low, span.high)) return;
        touched |= whole.touches(span.low, span.high);
    }
    fail_at(Fault::Address, actor, nullptr, "", "NoC %s of %u bytes at L1 address 0x%x of core (%u, %u) %s", write ? "write" : "read", span.high - span.low,
            span.low, core.logical_x, core.logical_y, touched ? "reaches beyond its circular buffer" : "is outside every buffer");
}

bool is_word(uint32_t bytes) { return bytes == sizeof(uint32_t); }

void open_transfer(Fiber* fiber, Span local, const Actor& actor, uint32_t noc, uint32_t trid, bool read, bool posted) {
    shadow_of(fiber).open.push_back({local, actor, uint16_t(trid % MAX_TRIDS), uint8_t(noc), read, posted});
}

bool confirms(const OpenTransfer& transfer, uint32_t kind, uint32_t noc, uint32_t trid) {
    if (transfer.noc != noc || (trid != TTSIM_ANY_TRID && transfer.trid != trid % MAX_TRIDS)) return false;
    switch (kind) {
        case TTSIM_READS: return transfer.read;
        case TTSIM_WRITES:
        case TTSIM_WRITES_SENT: return !transfer.read && !transfer.posted;
        case TTSIM_POSTED_SENT: return !transfer.read && transfer.posted;
        case TTSIM_ALL: return true;
        default: return false;
    }
}

template <class Test>
void drop_open(FiberShadow& shadow, Test test) {
    shadow.open.erase(std::remove_if(shadow.open.begin(), shadow.open.end(), test), shadow.open.end());
}

void check_source(Fiber* fiber, Span span, const Actor& actor) {
    if (check_local(fiber, span, false, actor) && !any_marked(shadow_of(*fiber->core).written, span.low, span.high - span.low))
        fail_at(Fault::Unwritten, actor, nullptr, "", "NoC write of %u bytes of L1 at 0x%x that nothing was ever written to", span.high - span.low, span.low);
    if (is_word(span.high - span.low)) return;
    check_landing(fiber, span, false, actor);
    use_memory(fiber, span, false, actor);
}

}  // namespace

void check_read(Fiber* fiber, uint64_t noc_address, const RemotePlace& from, uint32_t l1, uint32_t bytes, uint32_t noc, uint32_t trid, uint32_t line) {
    if (bytes == 0) return;
    Machine& machine = *fiber->core->machine;
    const Actor actor = actor_of(fiber, line);
    const Span here{own_offset(l1), own_offset(l1) + bytes};
    check_not_linked(fiber, noc, "read", line);
    check_beyond(fiber, noc_address, false, actor);
    check_alignment(machine.settings, from.address, here.low, !from.core, true, actor);
    if (from.core) {
        const Span there{uint32_t(from.address), uint32_t(from.address) + bytes};
        check_remote_l1(*from.core, there, false, actor);
        if (from.core == fiber->core && !is_word(bytes)) use_memory(fiber, there, false, actor);
        if (shadow_of(*from.core).in_program && !any_marked(shadow_of(*from.core).written, there.low, bytes))
            fail_at(Fault::Unwritten, actor, nullptr, "", "NoC read of %u bytes of L1 at 0x%x of core (%u, %u) that nothing was ever written to", bytes, there.low,
                    from.core->logical_x, from.core->logical_y);
    } else {
        check_dram(machine, from, bytes, false, actor);
    }
    check_open_writes(fiber, here, actor, "overwrite");
    check_local(fiber, here, true, actor);
    note_local_data(fiber, here, actor);
    check_landing(fiber, here, true, actor);
    use_memory(fiber, here, true, actor);
    mark(shadow_of(*fiber->core).written, here.low, bytes);
    open_transfer(fiber, here, actor, noc, trid, true, false);
}

void check_write(Fiber* fiber, uint64_t noc_address, const RemotePlace& to, uint32_t l1, uint32_t bytes, uint32_t noc, uint32_t trid, uint32_t flags,
                 uint32_t line) {
    if (bytes == 0) return;
    Machine& machine = *fiber->core->machine;
    const Actor actor = actor_of(fiber, line);
    const Span here{own_offset(l1), own_offset(l1) + bytes};
    check_not_linked(fiber, noc, "write", line);
    check_beyond(fiber, noc_address, true, actor);
    check_alignment(machine.settings, to.address, here.low, !to.core, false, actor);
    check_source(fiber, here, actor);
    if (to.core) {
        const Span there{uint32_t(to.address), uint32_t(to.address) + bytes};
        check_remote_l1(*to.core, there, true, actor);
        if (is_word(bytes)) return release_to(fiber, *to.core, there.low);
        check_remote_data(fiber, *to.core, there, actor);
        if (to.core == fiber->core) use_memory(fiber, there, true, actor);
        mark(shadow_of(*to.core).written, there.low, bytes);
    } else {
        check_dram(machine, to, bytes, true, actor);
    }
    open_transfer(fiber, here, actor, noc, trid, false, flags & TTSIM_NOC_POSTED);
}

void check_multicast_source(Fiber* fiber, uint32_t l1, uint32_t bytes, uint32_t noc, uint32_t trid, uint32_t flags, uint32_t line) {
    if (bytes == 0) return;
    const Actor actor = actor_of(fiber, line);
    const Span here{own_offset(l1), own_offset(l1) + bytes};
    check_source(fiber, here, actor);
    if (!is_word(bytes)) open_transfer(fiber, here, actor, noc, trid, false, flags & TTSIM_NOC_POSTED);
}

void check_multicast_target(Fiber* fiber, Core& target, uint32_t l1, uint64_t address, uint32_t bytes, uint32_t line) {
    if (bytes == 0) return;
    const Actor actor = actor_of(fiber, line);
    const uint32_t offset = own_offset(uint32_t(address));
    const Span there{offset, offset + bytes};
    check_alignment(target.machine->settings, there.low, own_offset(l1), false, false, actor);
    check_remote_l1(target, there, true, actor);
    if (is_word(bytes)) return;
    check_remote_data(fiber, target, there, actor);
    mark(shadow_of(target).written, there.low, bytes);
}

void check_not_linked(Fiber* fiber, uint32_t noc, const char* what, uint32_t line) {
    const OpenLink& link = shadow_of(fiber).link[noc];
    if (link.last.fiber)
        fail_at(Fault::Linked, actor_of(fiber, line), &link.last, "the linked multicast",
                "NoC %s on NoC %u behind a linked multicast: until a multicast that is not linked ends it, the interface can send nothing else, and it hangs", what, noc);
}

void check_link(Fiber* fiber, const Packet& packet, uint32_t line) {
    OpenLink& link = shadow_of(fiber).link[packet.noc];
    const Actor actor = actor_of(fiber, line);
    const bool same = link.x0 == packet.rect_x0 && link.y0 == packet.rect_y0 && link.x1 == packet.rect_x1 && link.y1 == packet.rect_y1;
    if (link.last.fiber && !same)
        fail_at(Fault::Linked, actor, &link.last, "the linked multicast",
                "multicast to (%u, %u)-(%u, %u) behind a linked one to (%u, %u)-(%u, %u): what is linked must go to the same cores", packet.rect_x0,
                packet.rect_y0, packet.rect_x1, packet.rect_y1, link.x0, link.y0, link.x1, link.y1);
    link = {packet.flags & TTSIM_NOC_LINKED ? actor : Actor{}, packet.rect_x0, packet.rect_y0, packet.rect_x1, packet.rect_y1};
}

void check_links_ended(Machine& machine, Fiber* fiber) {
    for (const OpenLink& link : shadow_of(fiber).link)
        if (link.last.fiber)
            report(machine, Fault::Linked, link.last, nullptr, "", "the kernel ends behind a linked multicast: one that is not linked must end it, or the next request hangs");
}

void check_word(Fiber* fiber, const RemotePlace& place, uint32_t line) {
    const Actor actor = actor_of(fiber, line);
    if (place.address % sizeof(uint32_t))
        fail_at(Fault::Alignment, actor, nullptr, "", "unaligned word: an atomic or an inline write at address 0x%llx, which 4 does not divide",
                static_cast<unsigned long long>(place.address));
    if (!place.core) return check_dram(*fiber->core->machine, place, sizeof(uint32_t), true, actor);
    const Span there{uint32_t(place.address), uint32_t(place.address) + uint32_t(sizeof(uint32_t))};
    check_remote_l1(*place.core, there, true, actor);
    mark(shadow_of(*place.core).written, there.low, sizeof(uint32_t));
    release_to(fiber, *place.core, there.low);
}

void confirm(Fiber* fiber, uint32_t kind, uint32_t noc, uint32_t trid) {
    FiberShadow& shadow = shadow_of(fiber);
    if (!shadow.open.empty()) drop_open(shadow, [&](const OpenTransfer& transfer) { return confirms(transfer, kind, noc, trid); });
}

void confirm_departed(Fiber* fiber) {
    FiberShadow& shadow = shadow_of(fiber);
    if (shadow.open.empty()) return;
    drop_open(shadow, [&](const OpenTransfer& transfer) {
        const Outstanding& flight = fiber->flight[transfer.noc];
        return !transfer.read && flight.unsent == 0 && flight.posted_unsent == 0;
    });
}

void check_open_reads(Fiber* fiber, Span pages, uint32_t index, uint32_t line) {
    for (const OpenTransfer& transfer : shadow_of(fiber).open)
        if (transfer.read && transfer.local.touches(pages.low, pages.high))
            fail_at(Fault::InFlight, actor_of(fiber, line), &transfer.issuer, "the read",
                    "cb_push_back of a page of circular buffer %u before the read into it has landed: no barrier stands between", index);
}

void check_open_writes(Fiber* fiber, Span pages, const Actor& actor, const char* what) {
    for (const OpenTransfer& transfer : shadow_of(fiber).open)
        if (!transfer.read && transfer.local.touches(pages.low, pages.high))
            fail_at(Fault::InFlight, actor, &transfer.issuer, "the write", "%s of L1 at 0x%x while a NoC write from there still leaves: no barrier or flush stands between",
                    what, transfer.local.low);
}

void note_beyond(Fiber* fiber, bool dram, uint64_t base, uint32_t page, uint32_t stride, uint64_t noc_address) {
    const Allocation* buffer = allocation_at(*fiber->core->machine->shadow, dram, base);
    if (!buffer || buffer->address != base || page < buffer->pages || buffer->stride != stride) return;
    FiberShadow& shadow = shadow_of(fiber);
    shadow.beyond_address = noc_address;
    shadow.beyond_page = page;
    shadow.beyond_pages = buffer->pages;
}

}  // namespace ttsim
