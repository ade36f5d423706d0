// SPDX-License-Identifier: Apache-2.0
//
// Mailboxes: a short queue of words from each processor of a core to each other one. By them unpack tells math and pack where
// a tile lies, so that all three see the same value.
#include "sanitizer.h"

using namespace ttsim;

namespace {

/// Where a mailbox of that number is kept; NCRISC has none.
uint32_t place(const Fiber* fiber, uint32_t line) {
    if (fiber->role == TTSIM_DM1) fail(Fault::Api, line, "the second data-movement processor has no mailbox");
    return fiber->role == TTSIM_DM0 ? uint32_t(TTSIM_MAIL_BRISC) : uint32_t(fiber->role - TTSIM_UNPACK);
}

void check_partner(uint32_t thread, uint32_t own, uint32_t line) {
    if (thread >= MAILBOXES || thread == own) fail(Fault::Api, line, "a mailbox to or from thread %u does not exist here", thread);
}

void send(Fiber* fiber, uint32_t from, uint32_t to, uint32_t value) {
    Mailbox& box = fiber->core->mailbox[from][to];
    while (box.sent - box.taken >= MAILBOX_DEPTH) {
        box.sender = fiber;
        block(fiber, Wait::SrcSpace);
    }
    box.value[box.sent % MAILBOX_DEPTH] = value;
    box.sent_at[box.sent % MAILBOX_DEPTH] = fiber->time;
    box.sent++;
    box.last_sender = fiber;
    if (box.receiver) make_ready(*fiber->core->machine, box.receiver);
    box.receiver = nullptr;
}

uint32_t receive(Fiber* fiber, uint32_t from, uint32_t to) {
    Machine& machine = *fiber->core->machine;
    Mailbox& box = fiber->core->mailbox[from][to];
    while (box.taken == box.sent) {
        box.receiver = fiber;
        block(fiber, Wait::SrcData);
    }
    const uint32_t slot = box.taken % MAILBOX_DEPTH;
    if (machine.timed) wait_until(fiber, box.sent_at[slot], Wait::SrcData);
    const uint32_t value = box.value[slot];
    if (machine.sanitizer && box.last_sender) hear_from(fiber, box.last_sender);
    box.taken++;
    if (box.sender) make_ready(machine, box.sender);
    box.sender = nullptr;
    return value;
}

}  // namespace

extern "C" {

void tensix_mailbox_write(uint32_t thread, uint32_t value, uint32_t line) {
    Fiber* fiber = self();
    const uint32_t own = place(fiber, line);
    check_partner(thread, own, line);
    charge(fiber, line, fiber->core->machine->settings.risc_compute_call);
    send(fiber, own, thread, value);
}

uint32_t tensix_mailbox_read(uint32_t thread, uint32_t line) {
    Fiber* fiber = self();
    const uint32_t own = place(fiber, line);
    check_partner(thread, own, line);
    charge(fiber, line, fiber->core->machine->settings.risc_compute_call);
    return receive(fiber, thread, own);
}

uint32_t tensix_cb_tile_address(uint32_t index, uint32_t tile, uint32_t line) {
    Fiber* fiber = self();
    const CircularBuffer& cb = configured_cb(fiber, index, line);
    charge(fiber, line, fiber->core->machine->settings.risc_compute_call);
    if (fiber->role > TTSIM_UNPACK) return receive(fiber, TTSIM_MAIL_UNPACK, place(fiber, line));
    const uint32_t address = fiber->l1_base + cb.base + (cb.read_page + tile) % cb.pages * cb.page_size;
    if (fiber->role == TTSIM_UNPACK) {
        send(fiber, TTSIM_MAIL_UNPACK, TTSIM_MAIL_MATH, address);
        send(fiber, TTSIM_MAIL_UNPACK, TTSIM_MAIL_PACK, address);
    }
    return address;
}

}  // extern "C"
