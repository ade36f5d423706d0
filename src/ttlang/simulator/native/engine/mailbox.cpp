// SPDX-License-Identifier: Apache-2.0
//
// Values that unpack tells math and pack, so that all three processors of a compute core see the same one.
#include "machine.h"

using namespace ttsim;

extern "C" uint32_t tensix_cb_tile_address(uint32_t index, uint32_t tile, uint32_t line) {
    Fiber* fiber = self();
    Core& core = *fiber->core;
    const CircularBuffer& cb = configured_cb(fiber, index, line);
    charge(fiber, line, core.machine->settings.risc_compute_call);
    if (fiber->role <= TTSIM_UNPACK) {
        const uint32_t address = fiber->l1_base + cb.base + (cb.read_page + tile) % cb.pages * cb.page_size;
        if (fiber->role < TTSIM_UNPACK) return address;
        while (core.mail_sent - core.mail_taken[0] >= MAILBOX_DEPTH || core.mail_sent - core.mail_taken[1] >= MAILBOX_DEPTH) {
            core.mail_sender = fiber;
            block(fiber, Wait::SrcSpace);
        }
        core.mail[core.mail_sent % MAILBOX_DEPTH] = address;
        core.mail_sent_at[core.mail_sent % MAILBOX_DEPTH] = fiber->time;
        core.mail_sent++;
        for (Fiber*& receiver : core.mail_receiver) {
            if (receiver) make_ready(*core.machine, receiver);
            receiver = nullptr;
        }
        return address;
    }
    const uint32_t side = fiber->role == TTSIM_PACK;
    while (core.mail_taken[side] == core.mail_sent) {
        core.mail_receiver[side] = fiber;
        block(fiber, Wait::SrcData);
    }
    const uint32_t slot = core.mail_taken[side] % MAILBOX_DEPTH;
    if (core.machine->timed) wait_until(fiber, core.mail_sent_at[slot], Wait::SrcData);
    core.mail_taken[side]++;
    if (core.mail_sender) make_ready(*core.machine, core.mail_sender);
    core.mail_sender = nullptr;
    return core.mail[slot];
}
