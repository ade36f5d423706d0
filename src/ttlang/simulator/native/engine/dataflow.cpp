// SPDX-License-Identifier: Apache-2.0
//
// NoC and semaphore calls of kernels.
#include <string.h>

#include "network.h"
#include "sanitizer.h"
#include "scheduler.h"

namespace ttsim {

namespace {

constexpr uint32_t LOCAL_BITS = 36, COORDINATE_BITS = 6, COORDINATE_MASK = 63;
constexpr uint64_t LOCAL_MASK = (uint64_t(1) << LOCAL_BITS) - 1;
const char* const DIRECTION[] = {"read", "write"};

struct Place {
    uint8_t* memory;
    Core* core;        ///< null for DRAM
    uint16_t bank;
    uint16_t router;
};

bool checked(const Machine& machine) { return __builtin_expect(machine.sanitizer != nullptr, 0); }

uint32_t l1_offset(uint64_t address) { return uint32_t(address) & (L1_SLOT - 1); }

uint8_t* local_memory(Fiber* fiber, uint32_t l1, uint32_t bytes, uint32_t line) {
    const uint32_t offset = l1_offset(l1);
    if (uint64_t(offset) + bytes > uint64_t(fiber->core->machine->settings.l1_size))
        fail(Fault::Address, line, "%u bytes at local L1 address 0x%x reach beyond the L1 of %u bytes", bytes, offset,
             uint32_t(fiber->core->machine->settings.l1_size));
    return fiber->core->l1 + offset;
}

uint8_t* core_memory(Core& core, uint64_t address, uint32_t bytes, const char* what, uint32_t line) {
    const Machine& machine = *core.machine;
    const uint32_t offset = l1_offset(address);
    if (address > 0xFFFFFFFFu || uint64_t(offset) + bytes > uint64_t(machine.settings.l1_size))
        fail(Fault::Address, line, "NoC %s of %u bytes at L1 address 0x%llx of core (%u, %u) reaches beyond its L1 of %u bytes", what,
             bytes, static_cast<unsigned long long>(address), core.logical_x, core.logical_y, uint32_t(machine.settings.l1_size));
    return core.l1 + offset;
}

Place resolve(Fiber* fiber, uint64_t noc_address, uint32_t bytes, uint32_t noc, const char* what, uint32_t line) {
    Machine& machine = *fiber->core->machine;
    const uint32_t x = noc_address >> LOCAL_BITS & COORDINATE_MASK, y = noc_address >> (LOCAL_BITS + COORDINATE_BITS) & COORDINATE_MASK;
    const uint64_t address = noc_address & LOCAL_MASK;
    const Node& node = machine.node[noc][y * 64 + x];
    if (node.kind == NodeKind::Worker) {
        Core& core = machine.core[node.index];
        return {core_memory(core, address, bytes, what, line), &core, NO_BANK, node.router};
    }
    if (node.kind == NodeKind::Dram) {
        Bank& bank = machine.bank[node.index];
        if (address + bytes > bank.committed)
            fail(Fault::Address, line, "NoC %s of %u bytes at address 0x%llx of DRAM bank %u: no buffer lies there", what, bytes,
                 static_cast<unsigned long long>(address), node.index);
        return {bank.memory + address, nullptr, node.index, node.router};
    }
    fail(Fault::Address, line, "NoC %s: nothing has the coordinate (%u, %u) on NoC %u", what, x, y, noc);
}

void check_noc(uint32_t noc, uint32_t line) {
    if (noc >= NOCS) fail(Fault::Api, line, "NoC %u does not exist", noc);
}

void go(Packet* packet) {
    Machine& machine = *packet->fiber->core->machine;
    if (machine.timed && !packet->deliveries) wait_until(packet->fiber, packet->fiber->core->linked_until[packet->noc], Wait::WritesSent);
    count_issued(packet);
    machine.transfers++;
    if (machine.timed)
        launch(machine, packet);
    else
        queue_pending(machine, packet);
}

Packet* make_packet(Fiber* fiber, PacketKind kind, uint32_t noc, uint32_t trid, uint32_t flags) {
    Packet* packet = allocate(*fiber->core->machine);
    packet->fiber = fiber;
    packet->kind = kind;
    packet->noc = uint8_t(noc);
    packet->trid = uint16_t(trid % MAX_TRIDS);
    packet->flags = uint8_t(flags);
    return packet;
}

void aim(Packet* packet, const Place& from, const Place& to) {
    packet->source = from.memory;
    packet->target = to.memory;
    packet->target_core = to.core;
    packet->node = from.router;
    packet->to_node = to.router;
}

RemotePlace remote(const Machine& machine, const Place& place) {
    if (place.core) return {place.core, uint64_t(place.memory - place.core->l1), 0};
    return {nullptr, uint64_t(place.memory - machine.bank[place.bank].memory), place.bank};
}

Place own_place(Fiber* fiber, uint8_t* memory) {
    return {memory, fiber->core, NO_BANK, uint16_t(router_of(*fiber->core->machine, *fiber->core))};
}

uint32_t chunk_bytes(const Fiber* fiber, uint32_t bytes, uint32_t flags, uint32_t line) {
    const uint32_t burst = uint32_t(fiber->core->machine->settings.noc_max_burst);
    if (bytes <= burst) return bytes;
    if (flags & TTSIM_NOC_ONE_PACKET)
        fail(Fault::Limit, line, "a one-packet transfer of %u bytes exceeds the NoC's limit of %u bytes", bytes, burst);
    return burst;
}

double issue_cycles(const Settings& settings, bool write, uint32_t flags) {
    if (flags & TTSIM_NOC_STATEFUL) return write ? settings.risc_noc_write_with_state : settings.risc_noc_read_with_state;
    if (write) return flags & TTSIM_NOC_ONE_PACKET ? settings.risc_noc_write_one_packet : settings.risc_noc_write;
    return flags & (TTSIM_NOC_ONE_PACKET | TTSIM_NOC_PAGE) ? settings.risc_noc_read_one_packet : settings.risc_noc_read;
}

/// Logical rectangle of a multicast address. Corners may be given in either order (NoC 1 swaps them).
void rectangle(Fiber* fiber, Packet* packet, uint64_t targets, uint32_t line) {
    Machine& machine = *fiber->core->machine;
    auto part = [&](uint32_t i) { return uint32_t(targets >> (LOCAL_BITS + i * COORDINATE_BITS) & COORDINATE_MASK); };
    uint32_t x0 = part(2), y0 = part(3), x1 = part(0), y1 = part(1);
    auto order = [](uint32_t& low, uint32_t& high) {
        const uint32_t first = low;
        if (first > high) low = high, high = first;
    };
    order(x0, x1);
    order(y0, y1);
    const Node& low = machine.node[packet->noc][y0 * 64 + x0];
    const Node& high = machine.node[packet->noc][y1 * 64 + x1];
    if (low.kind != NodeKind::Worker || high.kind != NodeKind::Worker)
        fail(Fault::Address, line, "multicast to (%u, %u)-(%u, %u): the corners are not compute cores", x0, y0, x1, y1);
    packet->rect_x0 = machine.core[low.index].logical_x;
    packet->rect_y0 = machine.core[low.index].logical_y;
    packet->rect_x1 = machine.core[high.index].logical_x;
    packet->rect_y1 = machine.core[high.index].logical_y;
}

void send_multicast(Fiber* fiber, Packet* packet, uint64_t targets, uint32_t bytes, uint32_t count, uint32_t line) {
    Machine& machine = *fiber->core->machine;
    rectangle(fiber, packet, targets, line);
    const uint64_t address = targets & LOCAL_MASK;
    uint32_t reached = 0;
    const bool data = packet->kind == PacketKind::Multicast;
    for_each_target(machine, *packet, [&](Core& core) {
        core_memory(core, address, bytes, "multicast", line);
        if (checked(machine)) {
            if (data) check_multicast_target(fiber, core, uint32_t(packet->source - fiber->core->l1), address, bytes, line);
            if (!data || bytes == sizeof(uint32_t)) check_word(fiber, {&core, l1_offset(address), 0}, line);
        }
        reached++;
    });
    if (reached != count)
        fail(Fault::Api, line, "multicast to %u cores, but num_dests says %u (the rectangle (%u, %u)-(%u, %u)%s)", reached, count,
             packet->rect_x0, packet->rect_y0, packet->rect_x1, packet->rect_y1,
             packet->flags & TTSIM_NOC_LOOPBACK ? ", sender included" : ", sender left out");
    packet->deliveries = reached;
    packet->target = fiber->core->l1 + l1_offset(address);
    packet->node = packet->to_node = uint16_t(router_of(machine, *fiber->core));
    packet->bytes = bytes;
    machine.transfer_bytes[2] += uint64_t(bytes) * reached;
    if (reached == 0) {
        release(machine, packet);
        return;
    }
    if (checked(machine)) check_link(fiber, *packet, line);
    synchronise(fiber);  // whose path is free first is a matter of time
    go(packet);
}

uint32_t matching_kinds(uint32_t barrier) {
    const uint32_t reads = 1u << uint32_t(PacketKind::Read), atomics = 1u << uint32_t(PacketKind::Atomic);
    if (barrier == TTSIM_READS) return reads;
    if (barrier == TTSIM_ATOMICS) return atomics;
    if (barrier == TTSIM_ALL) return ~0u;
    return ~(reads | atomics);
}

Wait barrier_reason(uint32_t kind) {
    static const Wait REASON[] = {Wait::Reads, Wait::Writes, Wait::WritesSent, Wait::WritesSent, Wait::Atomics, Wait::Writes};
    return REASON[kind];
}

}  // namespace

}  // namespace ttsim

using namespace ttsim;

extern "C" {

void tensix_noc_read(uint64_t source, uint32_t l1, uint32_t bytes, uint32_t noc, uint32_t trid, uint32_t flags, uint32_t line) {
    Fiber* fiber = self();
    Machine& machine = *fiber->core->machine;
    check_noc(noc, line);
    const uint32_t chunk = chunk_bytes(fiber, bytes, flags, line);
    uint8_t* const here = local_memory(fiber, l1, bytes, line);
    const Place there = resolve(fiber, source, bytes, noc, DIRECTION[0], line);
    if (checked(machine)) check_read(fiber, source, remote(machine, there), l1, bytes, noc, trid, line);
    for (uint32_t done = 0; done < bytes; done += chunk) {
        charge(fiber, line, issue_cycles(machine.settings, false, flags));
        Packet* packet = make_packet(fiber, PacketKind::Read, noc, trid, flags);
        Place from = there, to = own_place(fiber, here + done);
        from.memory += done;
        aim(packet, from, to);
        packet->bank = there.bank;
        packet->bytes = bytes - done < chunk ? bytes - done : chunk;
        go(packet);
    }
    machine.transfer_bytes[0] += bytes;
}

void tensix_noc_write(uint32_t l1, uint64_t target, uint32_t bytes, uint32_t noc, uint32_t trid, uint32_t flags, uint32_t line) {
    Fiber* fiber = self();
    Machine& machine = *fiber->core->machine;
    check_noc(noc, line);
    const uint32_t chunk = chunk_bytes(fiber, bytes, flags, line);
    uint8_t* const here = local_memory(fiber, l1, bytes, line);
    const Place there = resolve(fiber, target, bytes, noc, DIRECTION[1], line);
    if (checked(machine)) check_write(fiber, target, remote(machine, there), l1, bytes, noc, trid, flags, line);
    for (uint32_t done = 0; done < bytes; done += chunk) {
        charge(fiber, line, issue_cycles(machine.settings, true, flags));
        Packet* packet = make_packet(fiber, PacketKind::Write, noc, trid, flags);
        Place from = own_place(fiber, here + done), to = there;
        to.memory += done;
        aim(packet, from, to);
        packet->bank = there.bank;
        packet->bytes = bytes - done < chunk ? bytes - done : chunk;
        go(packet);
    }
    machine.transfer_bytes[1] += bytes;
}

void tensix_noc_multicast(uint32_t l1, uint64_t targets, uint32_t bytes, uint32_t count, uint32_t noc, uint32_t trid, uint32_t flags,
                         uint32_t line) {
    Fiber* fiber = self();
    Machine& machine = *fiber->core->machine;
    check_noc(noc, line);
    const uint32_t chunk = chunk_bytes(fiber, bytes, flags, line);
    uint8_t* const here = local_memory(fiber, l1, bytes, line);
    for (uint32_t done = 0; done < bytes; done += chunk) {
        charge(fiber, line, machine.settings.risc_noc_multicast);
        Packet* packet = make_packet(fiber, PacketKind::Multicast, noc, trid, flags);
        packet->source = here + done;
        send_multicast(fiber, packet, targets + done, bytes - done < chunk ? bytes - done : chunk, count, line);
    }
    if (checked(machine)) check_multicast_source(fiber, l1, bytes, noc, trid, flags, line);
}

void tensix_noc_atomic(uint64_t target, uint32_t increment, uint32_t count, uint32_t multicast, uint32_t noc, uint32_t flags, uint32_t line) {
    Fiber* fiber = self();
    check_noc(noc, line);
    charge(fiber, line, fiber->core->machine->settings.risc_noc_atomic);
    Packet* packet = make_packet(fiber, PacketKind::Atomic, noc, 0, flags);
    packet->value = increment;
    packet->issuer = {fiber, line, fiber->time, 0};
    if (multicast) return send_multicast(fiber, packet, target, sizeof(uint32_t), count, line);
    const Place there = resolve(fiber, target, sizeof(uint32_t), noc, "atomic", line);
    if (!there.core) fail(Fault::Address, line, "atomic increment of DRAM: only L1 has atomics");
    if (checked(*fiber->core->machine)) {
        check_not_linked(fiber, noc, "atomic", line);
        check_word(fiber, remote(*fiber->core->machine, there), line);
    }
    aim(packet, own_place(fiber, fiber->core->l1), there);
    packet->bytes = sizeof(uint32_t);
    go(packet);
}

void tensix_noc_inline_write(uint64_t target, uint32_t value, uint32_t byte_enable, uint32_t count, uint32_t multicast, uint32_t noc,
                            uint32_t flags, uint32_t line) {
    Fiber* fiber = self();
    check_noc(noc, line);
    charge(fiber, line, fiber->core->machine->settings.risc_noc_inline_write);
    Packet* packet = make_packet(fiber, PacketKind::Inline, noc, 0, flags);
    packet->value = value;
    packet->byte_enable = byte_enable;
    if (multicast) return send_multicast(fiber, packet, target, sizeof(uint32_t), count, line);
    const Place there = resolve(fiber, target, sizeof(uint32_t), noc, "inline write", line);
    if (checked(*fiber->core->machine)) {
        check_not_linked(fiber, noc, "inline write", line);
        check_word(fiber, remote(*fiber->core->machine, there), line);
    }
    aim(packet, own_place(fiber, fiber->core->l1), there);
    packet->bank = there.bank;
    packet->bytes = sizeof(uint32_t);
    go(packet);
}

void tensix_noc_barrier(uint32_t kind, uint32_t noc, uint32_t trid, uint32_t line) {
    Fiber* fiber = self();
    Machine& machine = *fiber->core->machine;
    check_noc(noc, line);
    charge(fiber, line, machine.settings.risc_barrier);
    if (checked(machine)) confirm(fiber, kind, noc, trid);
    if (!machine.timed) {
        perform_pending(machine, fiber, matching_kinds(kind), int(noc));
        if (machine.fault.kind != Fault::None) leave_faulted();
        return;
    }
    while (in_flight(fiber, kind, noc, trid)) block(fiber, barrier_reason(kind), noc, kind, trid);
    if (fiber->landed.head) move_landed(machine, fiber);
    wait_until(fiber, machine.now, barrier_reason(kind));
    if (kind == TTSIM_WRITES_SENT || kind == TTSIM_POSTED_SENT) keep_sent_bytes(machine, fiber, noc);
}

uint32_t tensix_noc_done(uint32_t kind, uint32_t noc, uint32_t trid, uint32_t line) {
    Fiber* fiber = self();
    Machine& machine = *fiber->core->machine;
    check_noc(noc, line);
    charge(fiber, line, machine.settings.risc_barrier);
    if (!machine.timed) {
        perform_pending(machine, fiber, matching_kinds(kind), int(noc));
        if (checked(machine)) confirm(fiber, kind, noc, trid);
        return 1;
    }
    synchronise(fiber);
    if (in_flight(fiber, kind, noc, trid)) return 0;
    if (checked(machine)) confirm(fiber, kind, noc, trid);
    return 1;
}

uint64_t tensix_bank_address(uint32_t dram, uint32_t bank, uint64_t address, uint32_t noc) {
    Fiber* fiber = self();
    const Machine& machine = *fiber->core->machine;
    if (bank >= (dram ? machine.banks : machine.cores))
        fail(Fault::Address, fiber->line, "%s bank %u does not exist", dram ? "DRAM" : "L1", bank);
    if (dram) return uint64_t(machine.bank_xy[noc & 1][bank]) << LOCAL_BITS | address;
    const Core& core = machine.core[bank];
    return uint64_t(core.noc_y) << (LOCAL_BITS + COORDINATE_BITS) | uint64_t(core.noc_x) << LOCAL_BITS | address;
}

uint64_t tensix_interleaved_address(uint32_t dram, uint32_t id, uint64_t base, uint32_t page_size, uint32_t offset, uint32_t noc) {
    const Machine& machine = *self()->core->machine;
    const uint32_t banks = dram ? machine.banks : machine.cores;
    const uint32_t alignment = uint32_t(dram ? machine.settings.dram_read_alignment : machine.settings.l1_alignment);
    const uint32_t aligned = (page_size + alignment - 1) & ~(alignment - 1);
    const uint32_t row = id / banks;
    const uint64_t found = tensix_bank_address(dram, id - row * banks, base + uint64_t(row) * aligned + offset, noc);
    if (checked(machine)) note_beyond(self(), dram, base, id, aligned, found);
    return found;
}

uint32_t tensix_semaphore_address(uint32_t id, uint32_t line) {
    Fiber* fiber = self();
    const Settings& settings = fiber->core->machine->settings;
    if (id >= uint32_t(settings.semaphores))
        fail(Fault::Api, line, "semaphore %u does not exist: a core has %u", id, uint32_t(settings.semaphores));
    return fiber->l1_base + uint32_t(settings.l1_config_base) + id * uint32_t(settings.l1_alignment);
}

void tensix_semaphore_wait(uint64_t pointer, uint32_t value, uint32_t at_least, uint32_t line) {
    Fiber* fiber = self();
    Core& core = *fiber->core;
    const uint32_t offset = l1_offset(pointer);
    const volatile uint32_t* word = reinterpret_cast<const volatile uint32_t*>(local_memory(fiber, offset, sizeof(uint32_t), line));
    charge(fiber, line, core.machine->settings.risc_semaphore);
    synchronise(fiber);
    while (at_least ? *word < value : *word != value) {
        fiber->next_waiter = core.semaphore_waiters;
        core.semaphore_waiters = fiber;
        block(fiber, Wait::Semaphore, offset, value, at_least);
    }
    wait_until(fiber, core.machine->now, Wait::Semaphore);
    if (checked(*core.machine)) {
        acquire_from(fiber, offset);
        hear_stored(fiber, offset);
        confirm_departed(fiber);
    }
}

void tensix_semaphore_set(uint64_t pointer, uint32_t value, uint32_t line) {
    Fiber* fiber = self();
    volatile uint32_t* word = reinterpret_cast<volatile uint32_t*>(local_memory(fiber, l1_offset(pointer), sizeof(uint32_t), line));
    charge(fiber, line, fiber->core->machine->settings.risc_semaphore);
    synchronise(fiber);
    *word = value;
    if (checked(*fiber->core->machine)) tell_word(fiber, *fiber->core, l1_offset(pointer));
    if (fiber->core->semaphore_waiters) check_semaphores(*fiber->core, fiber->time);
}

void tensix_relax(uint32_t line) {
    Fiber* fiber = self();
    Machine& machine = *fiber->core->machine;
    fiber->line = line;
    if (machine.timed) {
        charge(fiber, line, machine.settings.risc_barrier);
        synchronise(fiber);
        return;
    }
    // Others go first, transfers too: a loop that polls must not starve what it waits for.
    if (!machine.ready_head) perform_all_pending(machine);
    make_ready_last(machine, fiber);
    yield_ready(fiber);
}

}  // extern "C"
