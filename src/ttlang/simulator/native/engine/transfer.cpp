// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "network.h"
#include "sanitizer.h"

namespace ttsim {

namespace {

bool is_write(PacketKind kind) { return kind == PacketKind::Write || kind == PacketKind::Multicast || kind == PacketKind::Inline; }

bool semaphore_satisfied(const Core& core, const Fiber& waiter) {
    const uint32_t value = *reinterpret_cast<const volatile uint32_t*>(core.l1 + waiter.wait_object);
    return waiter.wait_extra ? value >= waiter.wait_need : value == waiter.wait_need;
}

void write_masked(uint8_t* target, uint32_t value, uint32_t byte_enable) {
    for (uint32_t i = 0; i < 4; i++)
        if (byte_enable >> i & 1) target[i] = uint8_t(value >> (8 * i));
}

void perform(Machine& machine, Packet* packet) {
    if (packet->deliveries) {
        const size_t offset = size_t(packet->target - packet->fiber->core->l1);
        for_each_target(machine, *packet, [&](Core& core) {
            packet->target_core = &core;
            move_bytes(machine, packet, core.l1 + offset);
        });
    } else {
        move_bytes(machine, packet, packet->target);
    }
    if (packet->kind != PacketKind::Read) count_sent(packet);
    complete(packet);
    release(machine, packet);
}

uint32_t kind_bit(PacketKind kind) { return 1u << uint32_t(kind); }

}  // namespace

uint32_t in_flight(const Fiber* fiber, uint32_t kind, uint32_t noc, uint32_t trid) {
    const Outstanding& flight = fiber->flight[noc];
    const bool any = trid == TTSIM_ANY_TRID;
    switch (kind) {
        case TTSIM_READS: return any ? flight.reads : flight.trid_reads[trid % MAX_TRIDS];
        case TTSIM_WRITES: return any ? flight.writes : flight.trid_writes[trid % MAX_TRIDS];
        case TTSIM_WRITES_SENT: return any ? flight.unsent : flight.trid_unsent[trid % MAX_TRIDS];
        case TTSIM_POSTED_SENT: return flight.posted_unsent;
        case TTSIM_ATOMICS: return flight.atomics;
        default: return flight.reads + flight.writes + flight.unsent + flight.posted_unsent + flight.atomics;
    }
}

void count_issued(Packet* packet) {
    Outstanding& flight = packet->fiber->flight[packet->noc];
    const bool posted = packet->flags & TTSIM_NOC_POSTED;
    if (packet->kind == PacketKind::Read) {
        flight.reads++;
        flight.trid_reads[packet->trid]++;
    } else if (packet->kind == PacketKind::Atomic) {
        flight.atomics += !posted;
    } else if (posted) {
        flight.posted_unsent++;
    } else {
        flight.writes++;
        flight.unsent++;
        flight.trid_writes[packet->trid]++;
        flight.trid_unsent[packet->trid]++;
    }
}

void count_sent(Packet* packet) {
    packet->sent = true;
    if (!is_write(packet->kind)) return;
    Outstanding& flight = packet->fiber->flight[packet->noc];
    if (packet->flags & TTSIM_NOC_POSTED) {
        flight.posted_unsent--;
    } else {
        flight.unsent--;
        flight.trid_unsent[packet->trid]--;
    }
}

void complete(Packet* packet) {
    Outstanding& flight = packet->fiber->flight[packet->noc];
    const bool posted = packet->flags & TTSIM_NOC_POSTED;
    if (packet->kind == PacketKind::Read) {
        flight.reads--;
        flight.trid_reads[packet->trid]--;
    } else if (packet->kind == PacketKind::Atomic) {
        flight.atomics -= !posted;
    } else if (!posted) {
        flight.writes--;
        flight.trid_writes[packet->trid]--;
    }
}

void move_bytes(Machine& machine, Packet* packet, uint8_t* target) {
    switch (packet->kind) {
        case PacketKind::Atomic: {
            uint32_t& word = *reinterpret_cast<uint32_t*>(target);
            if (machine.sanitizer) check_increment(machine, *packet, word);
            word += packet->value;
            break;
        }
        case PacketKind::Inline: write_masked(target, packet->value, packet->byte_enable); break;
        default: memmove(target, packet->copy ? packet->copy : packet->source, packet->bytes);
    }
    if (Core* core = packet->target_core)
        if (core->semaphore_waiters || machine.spinning) check_semaphores(*core, machine.now);
}

void keep_sent_bytes(Machine&, Fiber* fiber, uint32_t noc) {
    for (Packet* packet = fiber->writes_in_flight; packet; packet = packet->next_flight) {
        if (!packet->sent || packet->copy || packet->noc != noc) continue;
        packet->copy = static_cast<uint8_t*>(malloc(packet->bytes));
        memcpy(packet->copy, packet->source, packet->bytes);
    }
}

void check_semaphores(Core& core, Time) {
    Machine& machine = *core.machine;
    Fiber** link = &core.semaphore_waiters;
    while (Fiber* waiter = *link) {
        if (semaphore_satisfied(core, *waiter)) {
            *link = waiter->next_waiter;
            make_ready(machine, waiter);
        } else {
            link = &waiter->next_waiter;
        }
    }
    if (machine.spinning)
        for (Fiber* fiber : core.fiber)
            if (fiber && fiber->spinning && fiber->state == FiberState::Blocked) make_ready(machine, fiber);
}

void queue_pending(Machine& machine, Packet* packet) {
    Fiber* fiber = packet->fiber;
    fiber->pending.add(*packet);
    if (fiber->in_pending_list) return;
    fiber->in_pending_list = true;
    fiber->next_pending = nullptr;
    if (machine.pending_tail)
        machine.pending_tail->next_pending = fiber;
    else
        machine.pending_head = fiber;
    machine.pending_tail = fiber;
}

void perform_pending(Machine& machine, Fiber* fiber, uint32_t kinds, int noc) {
    Packet* packet = fiber->pending.head;
    fiber->pending = {};
    while (packet) {
        Packet* next = packet->next;
        if (next && next->kind <= PacketKind::Write) fetch(next->source, next->target, next->bytes);
        if ((kinds & kind_bit(packet->kind)) && (noc < 0 || packet->noc == noc))
            perform(machine, packet);
        else
            queue_pending(machine, packet);
        packet = next;
    }
}

bool perform_all_pending(Machine& machine) {
    Fiber* fiber = machine.pending_head;
    machine.pending_head = machine.pending_tail = nullptr;
    bool any = false;
    while (fiber) {
        Fiber* next = fiber->next_pending;
        fiber->in_pending_list = false;
        if (fiber->pending.head) {
            any = true;
            perform_pending(machine, fiber, ~0u, -1);
        }
        fiber = next;
    }
    return any;
}

}  // namespace ttsim
