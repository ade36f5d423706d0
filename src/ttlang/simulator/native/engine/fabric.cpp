// SPDX-License-Identifier: Apache-2.0
//
// Routers and links of the two NoCs: routes, virtual channels, and who waits for them. A head that finds no channel waits in
// line; its packet keeps the channels behind it until it is known when its tail will pass them. Lines cannot wait for one
// another in a circle: a route goes along one axis, then along the other, and changes its channels at the torus's edge.
#include <stdlib.h>
#include <string.h>

#include <initializer_list>

#include "network.h"

namespace ttsim {

namespace {

uint32_t torus_distance(uint32_t from, uint32_t to, uint32_t size, bool decreasing) {
    const uint32_t forward = to >= from ? to - from : to + size - from;
    return decreasing && forward ? size - forward : forward;
}

uint16_t neighbour(const Fabric& fabric, uint32_t router, uint32_t noc, Direction direction) {
    const uint32_t x = fabric.x[router], y = fabric.y[router];
    const uint32_t at = direction == AlongX ? x : y, size = direction == AlongX ? fabric.columns : fabric.rows;
    const bool edge = at == (noc == 0 ? size - 1 : 0);
    const uint32_t next = noc == 0 ? (at + 1) % size : (at + size - 1) % size;
    return uint16_t((direction == AlongX ? y * fabric.columns + next : next * fabric.columns + x) | (edge ? PAST_EDGE : 0));
}

}  // namespace

bool create_fabric(Machine& machine) {
    Fabric& fabric = machine.fabric;
    const Settings& settings = machine.settings;
    fabric.columns = uint32_t(settings.noc_columns);
    fabric.rows = uint32_t(settings.noc_rows);
    fabric.buffer_cycles = uint32_t(settings.noc_buffer_cycles);
    fabric.l1_intake = float(settings.noc_l1_intake_cycles_per_flit);
    fabric.turn_cycles = Time(settings.noc_turn_cycles);
    fabric.hop_cycles = Time(settings.noc_hop_cycles);
    fabric.niu_cycles = Time(settings.noc_niu_cycles);
    const size_t routers = fabric.routers();
    fabric.x = static_cast<uint8_t*>(malloc(2 * routers));
    if (!fabric.x) return false;
    fabric.y = fabric.x + routers;
    for (uint32_t i = 0; i < routers; i++) {
        fabric.x[i] = uint8_t(i % fabric.columns);
        fabric.y[i] = uint8_t(i / fabric.columns);
    }
    for (uint32_t noc = 0; noc < NOCS; noc++) {
        fabric.link[noc] = static_cast<Link*>(aligned_alloc(CACHE_LINE, routers * DIRECTIONS * sizeof(Link)));
        fabric.neighbour[noc] = static_cast<uint16_t*>(malloc(routers * 2 * sizeof(uint16_t)));
        fabric.reserved_until[noc] = static_cast<Time*>(malloc(routers * 2 * sizeof(Time)));
        fabric.owner[noc] = static_cast<Packet**>(malloc(routers * DIRECTIONS * CHANNELS * sizeof(Packet*)));
        fabric.line[noc] = static_cast<PacketList*>(malloc(routers * DIRECTIONS * LINES * sizeof(PacketList)));
        if (!fabric.link[noc] || !fabric.neighbour[noc] || !fabric.line[noc] || !fabric.owner[noc] || !fabric.reserved_until[noc]) return false;
        for (uint32_t i = 0; i < routers; i++)
            for (Direction direction : {AlongX, AlongY}) fabric.neighbour[noc][i * 2 + direction] = neighbour(fabric, i, noc, direction);
    }
    return true;
}

void free_fabric(Machine& machine) {
    free(machine.fabric.x);
    for (uint32_t noc = 0; noc < NOCS; noc++) {
        free(machine.fabric.link[noc]);
        free(machine.fabric.neighbour[noc]);
        free(machine.fabric.owner[noc]);
        free(machine.fabric.reserved_until[noc]);
        free(machine.fabric.line[noc]);
    }
}

void reset_fabric(Machine& machine) {
    const size_t links = machine.fabric.routers() * DIRECTIONS;
    for (uint32_t noc = 0; noc < NOCS; noc++) {
        memset(static_cast<void*>(machine.fabric.link[noc]), 0, links * sizeof(Link));
        memset(machine.fabric.reserved_until[noc], 0, machine.fabric.routers() * 2 * sizeof(Time));
        memset(machine.fabric.owner[noc], 0, links * CHANNELS * sizeof(Packet*));
        memset(static_cast<void*>(machine.fabric.line[noc]), 0, links * LINES * sizeof(PacketList));
    }
}

Hops hops(const Fabric& fabric, uint32_t noc, uint32_t from, uint32_t to) {
    return {torus_distance(fabric.x[from], fabric.x[to], fabric.columns, noc == 1),
            torus_distance(fabric.y[from], fabric.y[to], fabric.rows, noc == 1)};
}

// ---- virtual channels

namespace {

bool is_response(const Packet& packet) { return packet.kind == PacketKind::Read; }
bool beyond_edge(const Packet& packet, Direction direction) { return direction <= AlongY && packet.crossed[direction]; }

/// One kind of channels of a link: those that a packet may use there, and the line of those that wait for one.
struct Way {
    Link& link;
    uint32_t number;  ///< of the link
    uint32_t first, count;
    uint32_t line;

    Way(const Fabric& fabric, const Packet& packet, uint32_t number, bool beyond)
        : link(fabric.link[packet.noc][number]),
          number(number),
          first(3u * beyond + is_response(packet)),
          count(1u + is_response(packet)),
          line(2u * beyond + is_response(packet)) {}

    uint32_t soonest() const {
        const Time* const free_at = link.channel_free_at;
        return first + uint32_t(count == 2 && free_at[first + 1] < free_at[first]);
    }
    /// When the first in line has its turn: a router needs some cycles from a tail to the head of another packet, a source none.
    Time turn_at(const Fabric& fabric) const {
        const Time free_at = link.channel_free_at[soonest()];
        return free_at == NEVER || number % DIRECTIONS == Inject ? free_at : free_at + fabric.turn_cycles;
    }
    bool somebody_waits() const { return link.somebody_waits(line); }
    PacketList& waiting(const Fabric& fabric, uint32_t noc) const { return fabric.line[noc][number * LINES + line]; }
};

void take_turn(Machine& machine, Event* event);

/// Posts the turn of the first packet in line, if it is known when that is.
void post_turn(Machine& machine, uint32_t noc, const Way& way) {
    if (!way.somebody_waits()) return;
    Packet& first = *way.waiting(machine.fabric, noc).head;
    const Time turn_at = way.turn_at(machine.fabric);
    if (first.waits || turn_at == NEVER) return;
    first.waits = true;
    post_event(machine, first.event, turn_at > machine.now ? turn_at : machine.now, take_turn);
}

/// Calls `visit(link number, beyond the edge, flits of the packet that the buffers from there on take up)` for the links behind the
/// head that its tail has not passed when it is stopped.
template <class Visit>
void for_links_behind(const Fabric& fabric, const Packet& packet, const Visit& visit) {
    const uint16_t* const back = fabric.neighbour[packet.noc ^ 1];
    const uint32_t second = first_axis(packet) ^ 1u;
    uint32_t router = packet.node, buffered = fabric.buffer_cycles;
    const uint8_t* const place = second == AlongX ? fabric.x : fabric.y;
    const uint8_t from = place[packet.from_node];
    bool crossed[2] = {packet.crossed[AlongX] != 0, packet.crossed[AlongY] != 0};
    for (; buffered < packet.occupancy; buffered += fabric.buffer_cycles) {
        if (router == packet.from_node) {
            visit(router * DIRECTIONS + Inject, false, buffered);
            return;
        }
        const uint32_t direction = second ^ uint32_t(place[router] == from);
        const uint16_t before = back[router * 2 + direction];
        crossed[direction] &= !(before & PAST_EDGE);
        router = before & ~PAST_EDGE;
        if (!visit(router * DIRECTIONS + direction, crossed[direction], buffered)) return;
    }
}

/// When the channel that the packet still has on a link behind its head is free; null if it has none.
Time* own_channel(const Fabric& fabric, const Packet& packet, const Way& way) {
    Packet* const* const owner = &fabric.owner[packet.noc][way.number * CHANNELS];
    const uint32_t channel = way.first + (uint32_t(owner[way.first] != &packet) & uint32_t(way.count == 2));
    return owner[channel] == &packet ? &way.link.channel_free_at[channel] : nullptr;
}

/// A stopped packet keeps its channels behind the head, as far as the routers' buffers do not take up its flits.
void stop_behind(const Fabric& fabric, const Packet& packet) {
    for_links_behind(fabric, packet, [&](uint32_t link, bool beyond, uint32_t) {
        Time* const held = own_channel(fabric, packet, Way(fabric, packet, link, beyond));
        if (held) *held = NEVER;
        return held != nullptr;
    });
}

/// The head goes over a link that its tail will have passed at `tail`: what that means for the links behind.
void settle_behind(Machine& machine, Packet& packet, Time tail) {
    const Fabric& fabric = machine.fabric;
    for_links_behind(fabric, packet, [&](uint32_t link, bool beyond, uint32_t buffered) {
        const Way way(fabric, packet, link, beyond);
        Time* const held = own_channel(fabric, packet, way);
        const Time free_at = tail - buffered;
        if (!held || (*held != NEVER && *held >= free_at)) return false;
        *held = free_at;
        if (packet.departs_late && link % DIRECTIONS == Inject) depart(machine, packet, free_at);
        post_turn(machine, packet.noc, way);
        return true;
    });
}

/// A packet that waits keeps its channels behind the head: until it goes on at `goes_on` and its tail follows, or nobody knows when.
void keep_behind(Machine& machine, Packet& packet, Time goes_on) {
    packet.settled = goes_on != NEVER;
    if (goes_on == NEVER)
        stop_behind(machine.fabric, packet);
    else
        settle_behind(machine, packet, goes_on + packet.occupancy);
}

/// A DRAM channel begins to store a packet when its head arrives. A packet of which the channel's queue cannot hold all that is not
/// stored yet is on the link until it can, and keeps its channels of the network.
void store(Machine& machine, Packet& packet, Link& link) {
    const Settings& settings = machine.settings;
    const double rate = settings.dram_write_bytes_per_cycle, queue = settings.dram_write_queue_bytes;
    const double to_store = (machine.bank[packet.bank].busy_until[1] - double(machine.now)) * rate;
    packet.acknowledged = serve_bank(machine, packet).last;
    if ((to_store > 0 ? to_store : 0) + packet.bytes <= queue) return;
    const Time room_at = packet.acknowledged - Time(queue / rate);
    if (room_at > link.free_at) link.free_at = room_at;
}

/// Packets of several channels share a link flit by flit: a head goes over at once, the tail when all flits that were there before
/// and its own have gone over, and not before it came.
inline void go_over(Machine& machine, Packet& packet, Direction direction, const Way& way, uint32_t channel, bool stopped) {
    claim(machine, packet, way.link, direction);
    if (direction == Eject && ends_in_dram(packet)) store(machine, packet, way.link);
    Time tail = way.link.free_at;
    if (direction != Inject) {
        const Fabric& fabric = machine.fabric;  // a delay that the last router's buffer takes up changes nothing behind it
        const bool known = stopped && packet.settled && tail == machine.now + packet.occupancy;
        if (!known && (stopped || tail + fabric.hop_cycles > packet.tail + fabric.buffer_cycles)) settle_behind(machine, packet, tail);
        if (tail < packet.tail) tail = packet.tail;
    }
    packet.tail = way.link.channel_free_at[channel] = tail;
    Packet** const owner = &machine.fabric.owner[packet.noc][way.number * CHANNELS];
    if (way.count == 2 && owner[2 * way.first + 1 - channel] == &packet) owner[2 * way.first + 1 - channel] = nullptr;  // of an earlier life
    owner[channel] = &packet;
    pass(machine, packet, direction);
}

Way way_of(const Machine& machine, const Packet& packet, Direction direction) {
    return Way(machine.fabric, packet, packet.node * DIRECTIONS + direction, beyond_edge(packet, direction));
}

void take_turn(Machine& machine, Event* event) {
    Packet& packet = head_packet(event);
    const Way way = way_of(machine, packet, packet.toward);
    const uint32_t channel = way.soonest(), noc = packet.noc;
    const Time turn_at = way.turn_at(machine.fabric);
    packet.waits = false;
    if (turn_at <= machine.now) {
        PacketList& line = way.waiting(machine.fabric, noc);
        line.take();
        way.link.busy_and_lines &= ~(uint64_t(!line.head) << way.line);
        go_over(machine, packet, packet.toward, way, channel, true);
    } else if (packet.toward != Inject) {
        keep_behind(machine, packet, turn_at);
    }
    post_turn(machine, noc, way);
}

/// Not within `enter`, which mostly has no need of it and of what it keeps in memory.
__attribute__((noinline)) void wait_in_line(Machine& machine, Packet& packet, Direction direction) {
    const Way way = way_of(machine, packet, direction);
    PacketList& line = way.waiting(machine.fabric, packet.noc);
    packet.toward = direction;
    packet.waits = false;
    const Time goes_on = way.somebody_waits() ? NEVER : way.turn_at(machine.fabric);
    line.add(packet);
    way.link.busy_and_lines |= uint64_t(1) << way.line;
    if (direction != Inject) keep_behind(machine, packet, goes_on);
    post_turn(machine, packet.noc, way);
}

}  // namespace

void enter(Machine& machine, Packet& packet, Direction direction) {
    const Way way = way_of(machine, packet, direction);
    const uint32_t channel = way.soonest();
    if (__builtin_expect(way.link.channel_free_at[channel] > machine.now || way.somebody_waits(), 0))
        return wait_in_line(machine, packet, direction);
    go_over(machine, packet, direction, way, channel, false);
}

Time tail_leaves(const Machine& machine, const Packet& packet) {
    const Time* const held = own_channel(machine.fabric, packet, Way(machine.fabric, packet, packet.from_node * DIRECTIONS + Inject, false));
    return held ? *held : 0;
}

}  // namespace ttsim
