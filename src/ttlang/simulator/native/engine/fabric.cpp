// SPDX-License-Identifier: Apache-2.0
//
// Routers and links of the two NoCs: routes, and the time that packets' heads find links taken.
#include <stdlib.h>
#include <string.h>

#include <initializer_list>

#include "network.h"

namespace ttsim {

namespace {

constexpr uint32_t LINES = 4;  ///< of a link: before and beyond the torus's edge, requests and responses

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
        fabric.line[noc] = static_cast<Line*>(malloc(routers * DIRECTIONS * LINES * sizeof(Line)));
        if (!fabric.link[noc] || !fabric.neighbour[noc] || !fabric.line[noc]) return false;
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
        free(machine.fabric.line[noc]);
    }
}

void reset_fabric(Machine& machine) {
    const size_t links = machine.fabric.routers() * DIRECTIONS;
    for (uint32_t noc = 0; noc < NOCS; noc++) {
        memset(static_cast<void*>(machine.fabric.link[noc]), 0, links * sizeof(Link));
        memset(static_cast<void*>(machine.fabric.line[noc]), 0, links * LINES * sizeof(Line));
    }
}

Hops hops(const Fabric& fabric, uint32_t noc, uint32_t from, uint32_t to) {
    return {torus_distance(fabric.x[from], fabric.x[to], fabric.columns, noc == 1),
            torus_distance(fabric.y[from], fabric.y[to], fabric.rows, noc == 1)};
}

// ---- virtual channels

namespace {

/// Channels of a link that a packet may use.
struct Channels {
    VirtualChannel* first;
    uint32_t count;

    VirtualChannel& soonest() const { return count == 2 && first[1].free_at < first[0].free_at ? first[1] : first[0]; }
};

bool is_response(const Packet& packet) { return packet.kind == PacketKind::Read; }

Channels channels(Link& link, const Packet& packet, bool beyond) {
    return {&link.channel[3 * beyond + is_response(packet)], is_response(packet) ? 2u : 1u};
}

bool beyond_edge(const Packet& packet, Direction direction) { return direction <= AlongY && packet.crossed[direction]; }

Line& line_of(const Fabric& fabric, const Packet& packet, uint32_t link, bool beyond) {
    return fabric.line[packet.noc][link * LINES + 2 * beyond + is_response(packet)];
}

uint32_t number_of(const Packet& packet, Direction direction) { return packet.node * DIRECTIONS + direction; }

void take_turn(Machine& machine, Event* event);

/// Posts the turn of the first packet in line, if it is known when a channel will be free.
void post_turn(Machine& machine, Line& line, const Channels& usable) {
    Packet* const first = line.head;
    if (!first || first->waits) return;
    const Time free_at = usable.soonest().free_at;
    if (free_at == NEVER) return;
    first->waits = true;
    post_event(machine, first->event, free_at > machine.now ? free_at : machine.now, take_turn);
}

/// Calls `visit(link number, beyond the edge, flits of the packet that the buffers from there on take up)` for the links behind the
/// head that its tail has not passed when it is stopped.
template <class Visit>
void for_links_behind(const Fabric& fabric, const Packet& packet, Visit visit) {
    const uint16_t* const back = fabric.neighbour[packet.noc ^ 1];
    const uint32_t second = packet.noc ^ 1u;
    uint32_t router = packet.node, buffered = fabric.buffer_cycles;
    bool crossed[2] = {packet.crossed[AlongX] != 0, packet.crossed[AlongY] != 0};
    for (; buffered < packet.occupancy; buffered += fabric.buffer_cycles) {
        const uint8_t* const at[] = {fabric.x, fabric.y};
        auto away = [&](uint32_t direction) { return at[direction][router] != at[direction][packet.from_node]; };
        if (router == packet.from_node) {
            visit(router * DIRECTIONS + Inject, false, buffered);
            return;
        }
        const uint32_t direction = away(second) ? second : second ^ 1;
        const uint16_t before = back[router * 2 + direction];
        if (before & PAST_EDGE) crossed[direction] = false;
        router = before & ~PAST_EDGE;
        if (!visit(router * DIRECTIONS + direction, crossed[direction], buffered)) return;
    }
}

/// The channel that the packet still has on a link behind its head.
VirtualChannel* own_channel(const Fabric& fabric, const Packet& packet, uint32_t link, bool beyond) {
    const Channels held = channels(fabric.link[packet.noc][link], packet, beyond);
    for (uint32_t i = 0; i < held.count; i++)
        if (held.first[i].owner == &packet) return &held.first[i];
    return nullptr;
}

/// A stopped packet keeps its channels behind the head, as far as the routers' buffers do not take up its flits.
void stop_behind(Machine& machine, const Packet& packet) {
    for_links_behind(machine.fabric, packet, [&](uint32_t link, bool beyond, uint32_t) {
        VirtualChannel* const channel = own_channel(machine.fabric, packet, link, beyond);
        if (channel) channel->free_at = NEVER;
        return channel != nullptr;
    });
}

/// The head goes on at `start`: it is known when the tail will pass the links behind.
void release_behind(Machine& machine, Packet& packet, Time start) {
    const Fabric& fabric = machine.fabric;
    Time arrival = packet.stopped;
    for_links_behind(fabric, packet, [&](uint32_t link, bool beyond, uint32_t buffered) {
        VirtualChannel* const channel = own_channel(fabric, packet, link, beyond);
        if (!channel) return false;
        arrival -= arrival < fabric.hop_cycles ? arrival : fabric.hop_cycles;
        const Time unhindered = arrival + packet.occupancy, held = start + packet.occupancy - buffered;
        const Time free_at = held > unhindered ? held : unhindered;
        if (channel->free_at != NEVER && channel->free_at >= free_at) return false;
        channel->free_at = free_at;
        if (packet.departs_late && link % DIRECTIONS == Inject) depart(machine, packet, free_at);
        post_turn(machine, line_of(fabric, packet, link, beyond), channels(fabric.link[packet.noc][link], packet, beyond));
        return true;
    });
}

/// A DRAM channel that has as many bytes to store as its buffer holds takes no more: the link to it is blocked until then.
void await_room(const Machine& machine, const Packet& packet, Link& link) {
    if (packet.bank == NO_BANK || is_response(packet)) return;
    const double buffered = machine.settings.dram_write_buffer_bytes / machine.settings.dram_write_bytes_per_cycle;
    const double room_at = machine.bank[packet.bank].busy_until[1] - buffered;
    if (room_at > double(link.free_at)) link.free_at = Time(room_at);
}

void go_over(Machine& machine, Packet& packet, Direction direction, Link& link, VirtualChannel& channel) {
    const Time start = claim(machine, packet, link, direction);
    channel.owner = &packet;
    channel.free_at = link.free_at;
    pass(machine, packet, direction, start);
}

void take_turn(Machine& machine, Event* event) {
    Packet& packet = *reinterpret_cast<Packet*>(reinterpret_cast<char*>(event) - offsetof(Packet, event));
    const Direction direction = packet.toward;
    const bool beyond = beyond_edge(packet, direction);
    const uint32_t number = number_of(packet, direction);
    Link& link = machine.fabric.link[packet.noc][number];
    Line& line = line_of(machine.fabric, packet, number, beyond);
    const Channels usable = channels(link, packet, beyond);
    VirtualChannel& channel = usable.soonest();
    packet.waits = false;
    if (channel.free_at <= machine.now) {
        line.head = packet.next;
        if (direction == Eject) await_room(machine, packet, link);
        if (direction != Inject) release_behind(machine, packet, link.free_at > machine.now ? link.free_at : machine.now);
        go_over(machine, packet, direction, link, channel);
    }
    post_turn(machine, line, usable);
}

void wait_in_line(Machine& machine, Packet& packet, Direction direction, Line& line, const Channels& usable) {
    packet.toward = direction;
    packet.waits = false;
    packet.next = nullptr;
    packet.stopped = machine.now;
    (line.head ? line.tail->next : line.head) = &packet;
    line.tail = &packet;
    if (direction != Inject) stop_behind(machine, packet);
    post_turn(machine, line, usable);
}

}  // namespace

void enter(Machine& machine, Packet& packet, Direction direction) {
    const bool beyond = beyond_edge(packet, direction);
    const uint32_t number = number_of(packet, direction);
    Link& link = machine.fabric.link[packet.noc][number];
    const Channels usable = channels(link, packet, beyond);
    VirtualChannel& channel = usable.first->free_at <= machine.now ? *usable.first : usable.soonest();
    if (__builtin_expect(channel.free_at > machine.now, 0))
        return wait_in_line(machine, packet, direction, line_of(machine.fabric, packet, number, beyond), usable);
    if (direction == Eject) await_room(machine, packet, link);
    if (direction != Inject && link.free_at > machine.now) {
        packet.stopped = machine.now;
        release_behind(machine, packet, link.free_at);
    }
    go_over(machine, packet, direction, link, channel);
}

Time tail_leaves(const Machine& machine, const Packet& packet) {
    const VirtualChannel* const channel = own_channel(machine.fabric, packet, packet.from_node * DIRECTIONS + Inject, false);
    return channel ? channel->free_at : 0;
}

}  // namespace ttsim
