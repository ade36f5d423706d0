// SPDX-License-Identifier: Apache-2.0
//
// A multicast packet as a tree (ISA NoC/RoutingPaths, X as the major axis, which the calls ask for on both NoCs): along x to the
// rectangle, then a stem along y that sends a branch along x at each row of it; a branch delivers at each node of the
// rectangle that it passes.
#include "network.h"

namespace ttsim {

namespace {

struct Span {
    uint32_t left;  ///< targets ahead, the current one included
    bool here;      ///< the current position is a target
};

/// Nothing is ahead but what is here.
bool is_last(const Span& span) { return span.left == uint32_t(span.here); }

/// Positions of the rectangle from the head's on along one dimension, in the direction the NoC moves.
Span ahead(const Machine& machine, const Packet& packet, Direction direction) {
    const Fabric& fabric = machine.fabric;
    const bool along_x = direction == AlongX;
    const uint32_t size = along_x ? fabric.columns : fabric.rows;
    const uint8_t* const place = along_x ? fabric.x : fabric.y;
    const uint32_t low = along_x ? packet.rect_x0 : packet.rect_y0, high = along_x ? packet.rect_x1 : packet.rect_y1;
    const uint32_t at = place[packet.node], from = place[packet.to_node];  // a multicast's acknowledges end where it began
    auto distance = [&](uint32_t to) { return packet.noc == 1 ? (from + size - to) % size : (to + size - from) % size; };
    Span span{0, false};
    for (uint32_t i = low; i <= high; i++) {
        const Core& core = along_x ? machine.core[i] : machine.core[i * machine.columns];
        const uint32_t position = along_x ? core.physical_x : core.physical_y;
        span.left += distance(position) >= distance(at);
        span.here |= position == at;
    }
    return span;
}

Core* core_at(Machine& machine, const Packet& packet) {
    for (uint32_t y = packet.rect_y0; y <= packet.rect_y1; y++)
        for (uint32_t x = packet.rect_x0; x <= packet.rect_x1; x++) {
            Core& core = machine.core[y * machine.columns + x];
            if (router_of(machine, core) == packet.node) return &core;
        }
    return nullptr;
}

Packet* child(Machine& machine, const Packet& packet, Packet* parent) {
    Packet* made = allocate(machine);
    Packet* const next = made->next;
    *made = packet;
    made->next = next;
    made->copy = nullptr;
    made->parent = parent;
    return made;
}

void delivered(Machine& machine, Event* event) {
    Packet* leaf = &head_packet(event);
    Packet* root = leaf->parent;
    const size_t offset = size_t(root->target - root->fiber->core->l1);
    root->target_core = leaf->target_core;
    move_bytes(machine, root, leaf->target_core->l1 + offset);
    const uint32_t back = hops(machine.fabric, leaf->noc, leaf->node, root->to_node).both();
    const Time acknowledged = machine.now + back * machine.fabric.hop_cycles + landing_cycles(machine, *root) +
                              Time(machine.settings.noc_write_access_cycles);
    if (acknowledged > root->acknowledged) root->acknowledged = acknowledged;
    release(machine, leaf);
    if (--root->deliveries) return;
    unlink_flight(root);
    post_event(machine, root->event, root->acknowledged, finish_packet);
}

void deliver(Machine& machine, Packet& branch) {
    Core* core = core_at(machine, branch);
    Packet* root = branch.parent;
    if (!core || (core == root->fiber->core && !(root->flags & TTSIM_NOC_LOOPBACK))) return;
    Packet* leaf = child(machine, branch, root);
    leaf->target_core = core;
    const Time tail = claim(machine, *leaf, link_at(machine, *leaf, Eject), Eject) + leaf->stream;
    post_event(machine, leaf->event, tail + machine.fabric.niu_cycles, delivered);
}

/// Over one link, to what happens behind it.
void go_on(Machine& machine, Packet& packet, Direction direction, void (*then)(Machine&, Event*)) {
    const Time start = claim(machine, packet, link_at(machine, packet, direction), direction);
    step(machine, packet, direction);
    post_event(machine, packet.event, start + machine.fabric.hop_cycles, then);
}

void advance_branch(Machine& machine, Event* event) {
    Packet& branch = head_packet(event);
    const Span span = ahead(machine, branch, AlongX);
    if (span.here) deliver(machine, branch);
    if (is_last(span)) return release(machine, &branch);
    go_on(machine, branch, AlongX, advance_branch);
}

void advance_stem(Machine& machine, Event* event) {
    Packet& stem = head_packet(event);
    const Span span = ahead(machine, stem, AlongY);
    if (span.here) {
        Packet* branch = child(machine, stem, stem.parent);
        post_event(machine, branch->event, machine.now, advance_branch);
    }
    if (is_last(span)) return release(machine, &stem);
    go_on(machine, stem, AlongY, advance_stem);
}

/// To the first column of the rectangle.
void approach(Machine& machine, Event* event) {
    Packet& stem = head_packet(event);
    if (ahead(machine, stem, AlongX).here) return advance_stem(machine, event);
    go_on(machine, stem, AlongX, approach);
}

/// Calls `visit(where the link's reservation is kept, hops from the sender)` for each link of a multicast's tree.
template <class Visit>
void for_links_of_tree(Machine& machine, const Packet& packet, const Visit& visit) {
    Packet stem = packet;
    uint32_t gone = 0;
    auto go_along = [&](Packet& head, Direction direction, uint32_t& hops) {
        visit(machine.fabric.reserved_until[packet.noc][head.node * 2 + direction], hops++);
        step(machine, head, direction);
    };
    while (!ahead(machine, stem, AlongX).here) go_along(stem, AlongX, gone);
    for (;;) {
        const Span span = ahead(machine, stem, AlongY);
        if (span.here) {
            Packet branch = stem;
            uint32_t reached = gone;
            while (!is_last(ahead(machine, branch, AlongX))) go_along(branch, AlongX, reached);
        }
        if (is_last(span)) return;
        go_along(stem, AlongY, gone);
    }
}

}  // namespace

Time reserve_path(Machine& machine, const Packet& packet, Time start) {
    const Time hop = machine.fabric.hop_cycles;
    uint32_t depth = 0;
    for_links_of_tree(machine, packet, [&](Time& reserved_until, uint32_t hops) {
        if (reserved_until > start + hops * hop) start = reserved_until - hops * hop;
        if (hops >= depth) depth = hops + 1;
    });
    return start + 2 * depth * hop;
}

void keep_path(Machine& machine, const Packet& packet, Time start) {
    for_links_of_tree(machine, packet, [&](Time& reserved_until, uint32_t hops) {
        reserved_until = start + hops * machine.fabric.hop_cycles + packet.stream;
    });
}

void advance_multicast(Machine& machine, Event* event) {
    Packet* root = &head_packet(event);
    root->acknowledged = 0;
    Packet* stem = child(machine, *root, root);
    post_event(machine, stem->event, machine.now, approach);
}

}  // namespace ttsim
