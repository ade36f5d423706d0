// SPDX-License-Identifier: Apache-2.0
//
// Routers and links of the two NoCs: routes, and the time that packets' heads find links taken.
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
    auto onward = [&](uint32_t at, uint32_t size) { return noc == 0 ? (at + 1) % size : (at + size - 1) % size; };
    return uint16_t(direction == AlongX ? y * fabric.columns + onward(x, fabric.columns) : onward(y, fabric.rows) * fabric.columns + x);
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
        if (!fabric.link[noc] || !fabric.neighbour[noc]) return false;
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
    }
}

void reset_fabric(Machine& machine) {
    for (uint32_t noc = 0; noc < NOCS; noc++)
        memset(static_cast<void*>(machine.fabric.link[noc]), 0, machine.fabric.routers() * DIRECTIONS * sizeof(Link));
}

Hops hops(const Fabric& fabric, uint32_t noc, uint32_t from, uint32_t to) {
    return {torus_distance(fabric.x[from], fabric.x[to], fabric.columns, noc == 1),
            torus_distance(fabric.y[from], fabric.y[to], fabric.rows, noc == 1)};
}

void hold_links_behind(Fabric& fabric, const Packet& packet, Time start) {
    Link* const links = fabric.link[packet.noc];
    uint32_t taken = fabric.buffer_cycles;
    for (uint32_t i = 1; i <= HELD_LINKS && i <= packet.held_links && taken < packet.occupancy; i++, taken += fabric.buffer_cycles) {
        Time& held = links[packet.held_link[(packet.held_links - i) % HELD_LINKS]].free_at;
        if (held < start + packet.occupancy - taken) held = start + packet.occupancy - taken;
    }
}

}  // namespace ttsim
