// SPDX-License-Identifier: Apache-2.0
//
// The life of packets, and the DRAM channels. A transfer is a packet whose head goes over one link after another; its
// bytes land when its tail has arrived. Without time a transfer is performed at the barrier that waits for it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "network.h"
#include "trace.h"

namespace ttsim {

namespace {

constexpr uint32_t PACKETS_A_SLAB = 8191;
constexpr uint32_t LATE_BYTES = 256;    ///< reads of as many are moved when their processor goes on, whose caches then hold them
constexpr uint32_t SMALL_PACKET = 32;  ///< bytes that an atomic or an inline write occupies

struct Slab {
    Slab* next;
    uint32_t used;  ///< packets that were handed out since the run began
    Packet packet[PACKETS_A_SLAB];
};
Slab* slabs;  // the engine runs one machine at a time; slabs live as long as the process

void post(Machine& machine, Event& event, Time time, void (*run)(Machine&, Event*)) {
    event.time = time;
    event.run = run;
    machine.events.push(&event);
}

uint32_t data_flits(const Settings& settings, uint32_t bytes) {
    const uint32_t flit = uint32_t(settings.noc_flit_bytes);
    return (bytes + flit - 1) / flit;
}

/// Cycles in which a network interface sends a packet that it reads from L1.
uint32_t sending(const Settings& settings, uint32_t bytes, double cycles_per_flit) {
    return uint32_t(settings.noc_packet_cycles + data_flits(settings, bytes) * cycles_per_flit + 0.5);
}

void wake_for(Machine& machine, Fiber* fiber) {
    if (fiber->state != FiberState::Blocked) return;
    if (fiber->wait != Wait::Reads && fiber->wait != Wait::Writes && fiber->wait != Wait::WritesSent && fiber->wait != Wait::Atomics)
        return;
    if (in_flight(fiber, fiber->wait_need, fiber->wait_object, fiber->wait_extra) == 0) make_ready(machine, fiber);
}

// ---- life of a timed packet -----------------------------------------------------------------------------------------

void link_flight(Packet* packet) {
    packet->previous_flight = nullptr;
    packet->next_flight = packet->fiber->writes_in_flight;
    if (packet->next_flight) packet->next_flight->previous_flight = packet;
    packet->fiber->writes_in_flight = packet;
}

/// Whether the bytes of a read may wait until its processor goes on: it alone can look at them before that.
bool may_wait(const Machine& machine, const Packet& packet) {
    const Fiber& fiber = *packet.fiber;
    return packet.bytes >= LATE_BYTES && fiber.state == FiberState::Blocked && fiber.wait == Wait::Reads && !fiber.core->semaphore_waiters &&
           !machine.spinning;
}

void finish(Machine& machine, Event* event) {
    Packet* packet = &head_packet(event);
    Fiber* fiber = packet->fiber;
    complete(packet);
    if (machine.trace) trace_transfer(machine, *packet);
    release(machine, packet);
    wake_for(machine, fiber);
}

/// From the tail's leaving its source until the packet is counted as sent.
Time counting_cycles(const Machine& machine, const Packet& packet) {
    const Settings& settings = machine.settings;
    return Time(settings.noc_depart_cycles + (packet.bank != NO_BANK ? settings.dram_write_depart_cycles : 0));
}

void departed(Machine& machine, Event* event) {
    Packet* packet = holder_of<Packet, offsetof(Packet, departure)>(event);
    if (!packet->deliveries) {
        // A packet that was stopped on its way leaves its source later than it seemed when it began to.
        const Time tail = tail_leaves(machine, *packet);
        if (tail == NEVER) {
            packet->departs_late = true;
            return;
        }
        if (tail + counting_cycles(machine, *packet) > machine.now) return depart(machine, *packet, tail);
    }
    count_sent(packet);
    wake_for(machine, packet->fiber);
    if (packet->landed_first) release(machine, packet);
}

/// Fetches by loads, which the host carries out; of many prefetches at a time it drops some.
void load_lines(const void* from, uint32_t bytes) {
    for (uint32_t i = 0; i < bytes; i += CACHE_LINE) *(static_cast<const volatile uint8_t*>(from) + i);
}

void fetch_fiber(const Fiber& fiber) {
    const uint8_t* const top = static_cast<const uint8_t*>(fiber.stack_pointer);
    const ptrdiff_t used = reinterpret_cast<uint8_t*>(fiber.stack_low) + fiber.stack_bytes - top;
    load_lines(top, used < 3 * ptrdiff_t(CACHE_LINE) ? uint32_t(used) : 3 * CACHE_LINE);
    load_lines(&fiber.stack_pointer, 3 * CACHE_LINE);
}

/// The last of a block's reads is about to land: fetches the state of the processors that will work on the block.
void fetch_core(const Core& core) {
    for (const Fiber* fiber : core.fiber)
        if (fiber) fetch_fiber(*fiber);
    for (uint32_t i = 0; i < core.cbs_used; i++) load_lines(&core.cb[core.cb_used[i]], sizeof(CircularBuffer));
}

void landed(Machine& machine, Packet* packet) {
    move_bytes(machine, packet, packet->target);
    const Settings& settings = machine.settings;
    Time acknowledged = machine.now + packet->hops_back * machine.fabric.hop_cycles;
    if (packet->bank != NO_BANK) {
        const Time buffered = Time(settings.dram_write_buffer_bytes / settings.dram_write_bytes_per_cycle);
        if (packet->acknowledged > machine.now + buffered) acknowledged += packet->acknowledged - machine.now - buffered;
        acknowledged += Time(settings.noc_write_access_cycles + settings.dram_write_access_cycles);
    } else {
        acknowledged += landing_cycles(machine, *packet);
        acknowledged += Time(packet->kind == PacketKind::Atomic ? settings.noc_atomic_access_cycles : settings.noc_write_access_cycles);
    }
    if (packet->kind == PacketKind::Write) unlink_flight(packet);
    if (packet->fiber->flight[packet->noc].writes == 1) fetch_fiber(*packet->fiber);
    post(machine, packet->event, acknowledged, finish);
}

void arrived(Machine& machine, Event* event);

void read_returned(Machine& machine, Event* event) {
    Packet* packet = &head_packet(event);
    if (!may_wait(machine, *packet)) {
        move_bytes(machine, packet, packet->target);
        return finish(machine, event);
    }
    complete(packet);
    if (machine.trace) trace_transfer(machine, *packet);
    packet->fiber->landed.add(*packet);
    wake_for(machine, packet->fiber);
}

/// Atomics are read, changed and written back: a core's memory takes one after the other.
bool waits_for_atomics(Machine& machine, Packet& packet) {
    Time& free_at = packet.target_core->atomic_free;
    if (free_at > machine.now) {
        post(machine, packet.event, free_at, arrived);
        return true;
    }
    free_at = machine.now + Time(machine.settings.noc_atomic_landing_cycles);
    return false;
}

void arrived(Machine& machine, Event* event) {
    Packet* packet = &head_packet(event);
    if (packet->kind == PacketKind::Atomic && packet->target_core && waits_for_atomics(machine, *packet)) return;
    if (packet->kind != PacketKind::Read) return landed(machine, packet);
    if (packet->fiber->flight[packet->noc].reads == 1) fetch_core(*packet->fiber->core);
    post(machine, packet->event, machine.now + Time(machine.settings.noc_read_access_cycles * 0.3), read_returned);
}

Direction next_direction(const Packet& packet) {
    const uint32_t first = first_axis(packet), direction = first ^ uint32_t(packet.ahead[first] == 0);
    return packet.ahead[direction] ? Direction(direction) : Eject;
}

/// The head is at a router.
void advance(Machine& machine, Event* event) {
    Packet& packet = head_packet(event);
    enter(machine, packet, next_direction(packet));
}

void inject(Machine& machine, Event* event) {
    Packet& packet = head_packet(event);
    if (packet.deliveries) {
        const Time start = claim(machine, packet, link_at(machine, packet, Inject), Inject);
        depart(machine, packet, start + packet.stream);
        return post(machine, packet.event, start + machine.fabric.niu_cycles, advance_multicast);
    }
    packet.from_node = packet.node;
    packet.departs_late = false;
    packet.crossed[AlongX] = packet.crossed[AlongY] = 0;
    const Hops ahead = hops(machine.fabric, packet.noc, packet.node, packet.to_node);
    packet.ahead[AlongX] = uint8_t(ahead.x);
    packet.ahead[AlongY] = uint8_t(ahead.y);
    enter(machine, packet, Inject);
}

void bank_turn(Machine& machine, Event* event);

/// The channel reads what the packet carries, which then leaves.
void serve_read(Machine& machine, Packet& packet) {
    const auto [first, served] = serve_bank(machine, packet);
    const Time on_link = packet.occupancy;  // the link drains what the channel delivers; start so that the tails meet
    post(machine, packet.event, served > first + on_link ? served - on_link : first, inject);
}

void post_bank_turn(Machine& machine, Bank& bank) {
    const Time free_at = Time(bank.busy_until[0]);
    post(machine, bank.turn, free_at > machine.now ? free_at : machine.now, bank_turn);
}

/// The channel takes the next read: those of the two NoCs in turn.
void bank_turn(Machine& machine, Event* event) {
    Bank& bank = *holder_of<Bank, offsetof(Bank, turn)>(event);
    const uint32_t noc = bank.turns++ % NOCS;
    serve_read(machine, bank.waiting[bank.waiting[noc].trunk.waiting ? noc : noc ^ 1].take());
    if (bank.read_waits()) post_bank_turn(machine, bank);
}

/// The request has reached the source of the data.
void read_at_source(Machine& machine, Event* event) {
    Packet& packet = head_packet(event);
    if (packet.bank == NO_BANK) return inject(machine, event);
    Bank& bank = machine.bank[packet.bank];
    const bool first = !bank.read_waits();
    if (first && bank.busy_until[0] <= double(machine.now)) return serve_read(machine, packet);
    const uint32_t axis = first_axis(packet);
    bank.waiting[packet.noc].add(packet, packet.ahead[axis ^ 1], packet.ahead[axis]);
    if (first) post_bank_turn(machine, bank);
}

/// With a random schedule: when a packet leaves, up to a round trip over the chip later than the model says. Writes of a
/// processor over one NoC keep their order, as they do on the chip.
Time perturbed_departure(Machine& machine, const Packet& packet) {
    const Settings& settings = machine.settings;
    const uint32_t slack = uint32_t((settings.noc_columns + settings.noc_rows) * settings.noc_hop_cycles + 2 * settings.noc_niu_cycles);
    const Time leaves = packet.fiber->time + schedule_random(machine, slack);
    if (packet.kind == PacketKind::Read) return leaves;
    Time& last = packet.fiber->last_departure[packet.noc];
    if (leaves > last) last = leaves;
    return last;
}

}  // namespace

/// A router takes what comes from behind and what joins there in turn: the nearest who waits has every other turn, the next every other
/// one of the rest, and so on.
uint32_t ReadTree::Routers::take_turn() {
    constexpr uint32_t MOSTLY = 3;  // passed over without a branch, which nobody could guess
    const uint32_t others = uint32_t(__builtin_popcount(waiting)) - 1, twos = uint32_t(__builtin_ctz(++turns | 1u << 31));
    const uint32_t passed_over = twos < others ? twos : others;
    uint32_t left = waiting;
    for (uint32_t i = 0; i < MOSTLY; i++) left &= left - uint32_t(i < passed_over);
    for (uint32_t i = MOSTLY; i < passed_over; i++) left &= left - 1;
    return uint32_t(__builtin_ctz(left));
}

void ReadTree::add(Packet& packet, uint32_t along_trunk, uint32_t along_branch) {
    Branch& joins = branch[along_trunk];
    joins.line[along_branch].add(packet);
    joins.waiting |= 1u << along_branch;
    trunk.waiting |= 1u << along_trunk;
}

Packet& ReadTree::take() {
    const uint32_t along_trunk = trunk.take_turn();
    Branch& joins = branch[along_trunk];
    const uint32_t along_branch = joins.take_turn();
    PacketList& line = joins.line[along_branch];
    Packet& packet = line.take();
    joins.waiting &= ~(uint32_t(!line.head) << along_branch);
    trunk.waiting &= ~(uint32_t(!joins.waiting) << along_trunk);
    return packet;
}

/// Also of reads that waited when a run ended early.
void ReadTree::clear() {
    for (Branch& each : branch) {
        for (; each.waiting; each.waiting &= each.waiting - 1) each.line[__builtin_ctz(each.waiting)] = {};
        each.turns = 0;
    }
    trunk = {};
}

void unlink_flight(Packet* packet) {
    if (packet->previous_flight)
        packet->previous_flight->next_flight = packet->next_flight;
    else
        packet->fiber->writes_in_flight = packet->next_flight;
    if (packet->next_flight) packet->next_flight->previous_flight = packet->previous_flight;
}

void depart(Machine& machine, Packet& packet, Time tail) {
    packet.departs_late = false;
    post(machine, packet.departure, tail + counting_cycles(machine, packet), departed);
}

void pass(Machine& machine, Packet& packet, Direction direction) {
    if (direction <= AlongY) {
        const uint16_t next = machine.fabric.neighbour[packet.noc][packet.node * 2 + direction];
        packet.ahead[direction]--;
        packet.crossed[direction] |= next >> 15;
        packet.node = next & ~PAST_EDGE;
        __builtin_prefetch(&packet.source, 1, 3);
        __builtin_prefetch(&link_at(machine, packet, next_direction(packet)), 1, 3);
        packet.tail += machine.fabric.hop_cycles;
        return post(machine, packet.event, machine.now + machine.fabric.hop_cycles, advance);
    }
    if (direction == Eject) {
        if (packet.kind == PacketKind::Write) fetch(packet.copy ? packet.copy : packet.source, packet.target, packet.bytes);
        return post(machine, packet.event, packet.tail + machine.fabric.niu_cycles, arrived);
    }
    if (packet.kind != PacketKind::Read) depart(machine, packet, packet.tail);
    packet.tail += machine.fabric.niu_cycles;
    post(machine, packet.event, machine.now + machine.fabric.niu_cycles, advance);
}

Time landing_cycles(const Machine& machine, const Packet& packet) {
    return Time(packet.bytes / machine.settings.noc_flit_bytes * machine.settings.noc_landing_cycles_per_flit);
}

/// Reads and writes wait in a queue each, and are taken in turn while both have something: who comes to one queue pushes the end of the other back by as much as it takes in between.
Service serve_bank(Machine& machine, const Packet& packet) {
    const Settings& settings = machine.settings;
    const uint8_t direction = ends_in_dram(packet);
    Bank& bank = machine.bank[packet.bank];
    double& own = bank.busy_until[direction];
    double& other = bank.busy_until[!direction];
    double service = packet.bytes / (direction ? settings.dram_write_bytes_per_cycle : settings.dram_read_bytes_per_cycle);
    if (!direction && service < settings.dram_read_request_cycles) service = settings.dram_read_request_cycles;
    bank.busy += uint64_t(service + 0.5);
    double start = own;
    if (other > double(machine.now)) {
        service += settings.dram_mixed_turnaround_cycles * packet.bytes / settings.dram_page_bytes;
    } else if (bank.last_direction != direction && bank.bytes && other + settings.dram_turnaround_cycles > start) {
        start = other + settings.dram_turnaround_cycles;
    }
    if (start < double(machine.now)) start = double(machine.now);
    bank.last_direction = direction;
    bank.bytes += packet.bytes;
    const double in_turn = other <= start ? 0 : other - start < service ? other - start : service;
    own = start + service + in_turn;
    other += in_turn;
    return {Time(start), Time(own)};
}

void post_event(Machine& machine, Event& event, Time time, void (*run)(Machine&, Event*)) { post(machine, event, time, run); }
void finish_packet(Machine& machine, Event* event) { finish(machine, event); }

void move_landed(Machine& machine, Fiber* fiber) {
    Packet* packet = fiber->landed.head;
    fiber->landed = {};
    while (packet) {
        Packet* const next = packet->next;
        if (next) fetch(next->source, next->target, next->bytes);
        move_bytes(machine, packet, packet->target);
        release(machine, packet);
        packet = next;
    }
}

Packet* fresh_packet() {
    if (!slabs || slabs->used == PACKETS_A_SLAB) {
        Slab* slab = static_cast<Slab*>(allocate_huge(sizeof(Slab)));
        slab->next = slabs;
        slabs = slab;
    }
    return &slabs->packet[slabs->used++];
}

Packet* allocate(Machine& machine) {
    Packet* packet = machine.free_packets;
    if (packet)
        machine.free_packets = packet->next;
    else
        packet = fresh_packet();
    packet->next = nullptr;
    packet->copy = nullptr;
    packet->sent = packet->landed_first = false;
    packet->bank = NO_BANK;
    packet->deliveries = 0;
    packet->target_core = nullptr;
    return packet;
}

void release(Machine& machine, Packet* packet) {
    // A write whose departure is still counted lives until then.
    if (packet->kind != PacketKind::Read && machine.timed && !packet->parent && !packet->sent) {
        packet->landed_first = true;
        return;
    }
    free(packet->copy);
    packet->copy = nullptr;
    packet->next = machine.free_packets;
    machine.free_packets = packet;
}

void launch(Machine& machine, Packet* packet) {
    Fiber* fiber = packet->fiber;
    if (machine.trace) {
        packet->issued = fiber->time;
        packet->issued_line = fiber->line;
    }
    const Settings& settings = machine.settings;
    const Time leaves = machine.schedule_seed ? perturbed_departure(machine, *packet) : fiber->time;
    const bool small = packet->kind == PacketKind::Atomic || packet->kind == PacketKind::Inline;
    const uint32_t bytes = small ? SMALL_PACKET : packet->bytes;
    packet->occupancy = uint16_t(settings.noc_link_packet_cycles + data_flits(settings, bytes));
    if (packet->kind == PacketKind::Write || packet->kind == PacketKind::Multicast) link_flight(packet);
    const Hops back = hops(machine.fabric, packet->noc, packet->to_node, packet->node);
    const uint32_t away = packet->hops_back = back.both();
    if (packet->kind == PacketKind::Read) {
        // `node`: where the data is; the data goes from there to the core over the same NoC.
        packet->ahead[AlongX] = uint8_t(back.x);
        packet->ahead[AlongY] = uint8_t(back.y);
        double access = settings.noc_read_access_cycles * 0.7;
        if (packet->bank != NO_BANK) {
            access += settings.dram_read_access_cycles;
            packet->stream = packet->occupancy;
        } else
            packet->stream = uint16_t(sending(settings, bytes, away ? settings.noc_l1_read_cycles_per_flit : settings.noc_l1_copy_cycles_per_flit));
        post(machine, packet->event, leaves + Time(2 * settings.noc_niu_cycles + access) + away * machine.fabric.hop_cycles,
             read_at_source);
        return;
    }
    packet->stream = uint16_t(sending(settings, bytes, settings.noc_l1_write_cycles_per_flit));
    packet->parent = nullptr;  // in a line of memory that reads do without
    Time start = leaves;
    if (packet->deliveries) {
        // The path is reserved along the tree, there and back, before data moves; the next tree waits for its end.
        Time& free_at = fiber->core->multicast_free[packet->noc];
        if (free_at > start) start = free_at;
        bool& held = fiber->core->path_held[packet->noc];
        if (!held) start = reserve_path(machine, *packet, start);
        keep_path(machine, *packet, start);
        held = packet->flags & TTSIM_NOC_LINKED;
        free_at = start + packet->stream;
        if (held) fiber->core->linked_until[packet->noc] = start;
    }
    post(machine, packet->event, start, inject);
}

void forget_packets(Slab& slab) {
    for (uint32_t i = 0; i < slab.used; i++) {
        free(slab.packet[i].copy);
        slab.packet[i].copy = nullptr;
    }
    slab.used = 0;
}

void reset_network(Machine& machine) {
    reset_fabric(machine);
    for (uint32_t i = 0; i < machine.banks; i++) {
        machine.bank[i].busy_until[0] = machine.bank[i].busy_until[1] = 0;
        for (ReadTree& each : machine.bank[i].waiting) each.clear();
        machine.bank[i].turns = 0;
        machine.bank[i].last_direction = 0;
        machine.bank[i].busy = machine.bank[i].bytes = 0;
    }
    machine.pending_head = machine.pending_tail = nullptr;
    for (uint32_t i = 0; i < machine.cores; i++)
        for (uint32_t noc = 0; noc < NOCS; noc++) {
            machine.core[i].multicast_free[noc] = 0;
            machine.core[i].path_held[noc] = false;
            machine.core[i].linked_until[noc] = 0;
            machine.core[i].atomic_free = 0;
        }
    // Packets of a run that ended early are taken back with their slab.
    machine.free_packets = nullptr;
    while (slabs && slabs->next) {
        Slab* const full = slabs;
        forget_packets(*full);
        slabs = full->next;
        free_huge(full, sizeof(Slab));
    }
    if (slabs) forget_packets(*slabs);
}

}  // namespace ttsim
