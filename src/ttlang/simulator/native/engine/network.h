// SPDX-License-Identifier: Apache-2.0
//
// Between the parts of the NoC model: links and virtual channels (fabric.cpp), the life of packets (noc.cpp), multicast
// trees (multicast.cpp), what a packet does to memory and to its sender's counters (transfer.cpp), the calls of kernels
// (dataflow.cpp).
#pragma once
#include <stddef.h>

#include "machine.h"

namespace ttsim {

constexpr uint16_t NO_BANK = 0xFFFF;

constexpr uint32_t CACHE_LINE = 64;

/// Fetches memory that a packet is about to move, so that it comes while other events happen.
inline void fetch(const uint8_t* from, const uint8_t* to, uint32_t bytes) {
    for (uint32_t i = 0; i < bytes; i += CACHE_LINE) {
        __builtin_prefetch(from + i, 0, 2);
        __builtin_prefetch(to + i, 1, 2);
    }
}

/// The packet whose head's progress the event is.
inline Packet& head_packet(Event* event) { return *holder_of<Packet, offsetof(Packet, event)>(event); }

// ---- noc.cpp
Packet* allocate(Machine& machine);
void release(Machine& machine, Packet* packet);
/// Moves the bytes of reads that arrived while the fiber waited for them.
void move_landed(Machine& machine, Fiber* fiber);
/// With time: the packet leaves at its fiber's clock.
void launch(Machine& machine, Packet* packet);
// ---- fabric.cpp
bool create_fabric(Machine& machine);
void free_fabric(Machine& machine);
/// As no packet had ever passed.
void reset_fabric(Machine& machine);
/// Hops along x and along y from one router to another.
struct Hops {
    uint32_t x, y;
    uint32_t both() const { return x + y; }
};
Hops hops(const Fabric& fabric, uint32_t noc, uint32_t from, uint32_t to);
inline uint32_t router_of(const Machine& machine, const Core& core) { return core.physical_y * machine.fabric.columns + core.physical_x; }
/// NoC 0 goes along x first, NoC 1 along y.
inline uint32_t first_axis(const Packet& packet) { return packet.noc; }
/// Whether the packet's data ends in a DRAM channel, not in L1.
inline bool ends_in_dram(const Packet& packet) { return packet.bank != NO_BANK && packet.kind != PacketKind::Read; }
/// Claims the flits of a link of the router where the packet's head is, from now on; returns when the first of them passes.
inline Time claim(Machine& machine, const Packet& packet, Link& link, Direction direction) {
    uint32_t cycles = direction == Inject ? packet.stream : packet.occupancy;
    if (direction == Eject && !ends_in_dram(packet)) cycles = uint32_t(float(cycles) * machine.fabric.l1_intake);
    const Time start = link.free_at > machine.now ? link.free_at : machine.now;
    link.free_at = start + cycles;
    link.add_busy(cycles);
    return start;
}
inline Link& link_at(Machine& machine, const Packet& packet, Direction direction) {
    return machine.fabric.link[packet.noc][packet.node * DIRECTIONS + direction];
}
/// The head goes to a link: over it as soon as it has a channel there.
void enter(Machine& machine, Packet& packet, Direction direction);
/// What happens when the head passes the link. In noc.cpp.
void pass(Machine& machine, Packet& packet, Direction direction);
/// When the tail of a packet has left its source; NEVER while nobody knows.
Time tail_leaves(const Machine& machine, const Packet& packet);
/// The packet's source has sent it at `tail`. In noc.cpp.
void depart(Machine& machine, Packet& packet, Time tail);
/// When the first and the last byte of a packet pass its DRAM channel.
struct Service {
    Time first, last;
};
/// The channel serves the packet, from now on. In noc.cpp.
Service serve_bank(Machine& machine, const Packet& packet);
/// What memory at the target still takes after the tail has arrived, before the acknowledge.
Time landing_cycles(const Machine& machine, const Packet& packet);
/// Moves the packet's head one router on along x or y.
inline void step(const Machine& machine, Packet& packet, Direction direction) {
    packet.node = machine.fabric.neighbour[packet.noc][packet.node * 2 + direction] & ~PAST_EDGE;
}
void post_event(Machine& machine, Event& event, Time time, void (*run)(Machine&, Event*));
void finish_packet(Machine& machine, Event* event);

// ---- multicast.cpp
/// The path of a multicast packet is reserved along its tree, there and back, from `start` on: returns when data moves.
Time reserve_path(Machine& machine, const Packet& packet, Time start);
/// The packet goes over its reserved path from `start` on: others may have each link behind its tail.
void keep_path(Machine& machine, const Packet& packet, Time start);
void advance_multicast(Machine& machine, Event* event);

// ---- transfer.cpp
/// Transactions of a processor that a barrier of `kind` still waits for.
uint32_t in_flight(const Fiber* fiber, uint32_t kind, uint32_t noc, uint32_t trid);
void count_issued(Packet* packet);
void count_sent(Packet* packet);
/// The transaction is acknowledged.
void complete(Packet* packet);
/// Does to memory at `target` what the packet carries, and wakes who waits for it.
void move_bytes(Machine& machine, Packet* packet, uint8_t* target);
/// The packet is no longer one whose source may change under way.
void unlink_flight(Packet* packet);
/// Keeps the bytes of writes that have left: from now on their sources may change.
void keep_sent_bytes(Machine& machine, Fiber* fiber, uint32_t noc);
/// Without time: queues the packet for the barrier that waits for it.
void queue_pending(Machine& machine, Packet* packet);
/// Calls `visit` for each core of a multicast packet's rectangle.
template <class Visit>
void for_each_target(Machine& machine, const Packet& packet, Visit visit) {
    const Core* own = packet.fiber->core;
    for (uint32_t y = packet.rect_y0; y <= packet.rect_y1; y++)
        for (uint32_t x = packet.rect_x0; x <= packet.rect_x1; x++) {
            Core& core = machine.core[y * machine.columns + x];
            if (&core != own || (packet.flags & TTSIM_NOC_LOOPBACK)) visit(core);
        }
}

}  // namespace ttsim
