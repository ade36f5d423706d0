// SPDX-License-Identifier: Apache-2.0
#include "trace.h"

#include <stdlib.h>
#include <string.h>

namespace ttsim {

namespace {

constexpr size_t FIRST_CAPACITY = 1 << 16;

TraceRecord* append(Trace& trace) {
    if (trace.count == trace.limit) {
        trace.dropped++;
        return nullptr;
    }
    if (trace.count == trace.capacity) {
        size_t capacity = trace.capacity ? 2 * trace.capacity : FIRST_CAPACITY;
        if (capacity > trace.limit) capacity = trace.limit;
        void* grown = realloc(trace.records, capacity * sizeof(TraceRecord));
        if (!grown) {
            trace.limit = trace.count;
            trace.dropped++;
            return nullptr;
        }
        trace.records = static_cast<TraceRecord*>(grown);
        trace.capacity = capacity;
    }
    return &trace.records[trace.count++];
}

uint16_t number(const Machine& machine, const Fiber* fiber) { return uint16_t(fiber - machine.fibers); }

/// A span of a fiber that ends at `end`; grows the one before when that is the same and touches it.
void append_span(const Fiber* fiber, Time end, Time cycles, TraceKind kind, uint8_t what, uint32_t value) {
    const Machine& machine = *fiber->core->machine;
    Trace& trace = *machine.trace;
    const uint16_t index = number(machine, fiber);
    const Time start = end - cycles;
    if (const uint32_t open = trace.open[index]) {
        TraceRecord& last = trace.records[open - 1];
        if (last.kind == kind && last.line == fiber->line && last.what == what && last.value == value &&
            last.start + last.cycles == start && last.cycles + cycles <= UINT32_MAX) {
            last.cycles += uint32_t(cycles);
            return;
        }
    }
    TraceRecord* record = append(trace);
    if (!record) return;
    *record = {start, uint32_t(cycles), fiber->line, value, index, kind, what};
    trace.open[index] = uint32_t(trace.count);
}

/// When a processor is where it is in its program. A math processor is ahead of its engine: it goes on when the engine has taken so
/// many instructions that its queue holds the rest.
Time processor_time(const Machine& machine, const Fiber* fiber) {
    if (fiber->role != TTSIM_MATH) return fiber->time;
    const Instructions& instructions = machine.trace->instructions[number(machine, fiber)];
    double queued = machine.settings.math_instruction_queue;
    Time begun = fiber->time;
    for (uint32_t i = 1; i <= Instructions::KEPT && queued > 0; i++) {
        const Instructions::Done& done = instructions.done[(instructions.next - i) % Instructions::KEPT];
        if (done.count == 0) break;  // the first of the run
        const double held = done.count < queued ? done.count : queued;
        begun = done.end - Time(done.cycles * held / done.count);
        queued -= held;
    }
    return begun;
}

/// The number of a name of a zone.
uint32_t named(Trace& trace, const char* name) {
    for (uint32_t i = 0; i < trace.name_count; i++)
        if (!strcmp(trace.names[i], name)) return i;
    void* grown = realloc(trace.names, (trace.name_count + 1) * sizeof(char*));
    char* copy = grown ? strdup(name) : nullptr;
    if (grown) trace.names = static_cast<char**>(grown);
    if (!copy) return UINT32_MAX;
    trace.names[trace.name_count] = copy;
    return trace.name_count++;
}

}  // namespace

bool begin_trace(Machine& machine, uint64_t limit, uint32_t fibers) {
    end_trace(machine);
    if (!limit) return true;
    auto* trace = static_cast<Trace*>(calloc(1, sizeof(Trace)));
    if (!trace) return false;
    trace->limit = limit < UINT32_MAX ? limit : UINT32_MAX - 1;
    trace->open = static_cast<uint32_t*>(calloc(fibers + 1, sizeof(uint32_t)));
    trace->zones = static_cast<OpenZones*>(calloc(fibers + 1, sizeof(OpenZones)));
    trace->instructions = static_cast<Instructions*>(calloc(fibers + 1, sizeof(Instructions)));
    machine.trace = trace;
    return trace->open && trace->zones && trace->instructions;
}

void end_trace(Machine& machine) {
    if (!machine.trace) return;
    free(machine.trace->records);
    free(machine.trace->open);
    free(machine.trace->zones);
    free(machine.trace->instructions);
    for (uint32_t i = 0; i < machine.trace->name_count; i++) free(machine.trace->names[i]);
    free(machine.trace->names);
    free(machine.trace);
    machine.trace = nullptr;
}

void trace_work(const Fiber* fiber, Time cycles) { append_span(fiber, fiber->time, cycles, TraceKind::Work, 0, 0); }

void trace_wait(const Fiber* fiber, Time cycles, Wait why) {
    append_span(fiber, fiber->time, cycles, TraceKind::Wait, uint8_t(why), fiber->wait_object);
}

void trace_instructions(const Fiber* fiber, double cycles, double instructions) {
    if (fiber->role != TTSIM_MATH) return;
    Instructions& all = fiber->core->machine->trace->instructions[number(*fiber->core->machine, fiber)];
    all.done[all.next++ % Instructions::KEPT] = {fiber->time, cycles, instructions};
}

void trace_pages(const Fiber* fiber, uint32_t cb, int32_t pages) {
    const Machine& machine = *fiber->core->machine;
    if (TraceRecord* record = append(*machine.trace))
        *record = {fiber->time, 0, fiber->line, uint32_t(pages), number(machine, fiber), TraceKind::Pages, uint8_t(cb)};
}

void trace_transfer(const Machine& machine, const Packet& packet) {
    TraceRecord* record = append(*machine.trace);
    if (!record) return;
    const bool dram = packet.bank != 0xFFFF;
    const uint8_t what = uint8_t(uint32_t(packet.kind) | uint32_t(packet.noc) << 3 | uint32_t(dram) << 4);
    *record = {packet.issued, uint32_t(machine.now - packet.issued), packet.issued_line, packet.bytes, number(machine, packet.fiber),
               TraceKind::Transfer, what};
}

void trace_zone_begin(const Fiber* fiber, const char* name) {
    const Machine& machine = *fiber->core->machine;
    Trace& trace = *machine.trace;
    OpenZones& zones = trace.zones[number(machine, fiber)];
    if (zones.depth++ >= sizeof zones.records / sizeof *zones.records) return;
    zones.records[zones.depth - 1] = UINT32_MAX;
    const uint32_t text = named(trace, name);
    TraceRecord* record = text == UINT32_MAX ? nullptr : append(trace);
    if (!record) return;
    *record = {processor_time(machine, fiber), 0, fiber->line, text, number(machine, fiber), TraceKind::Zone, 0};
    zones.records[zones.depth - 1] = uint32_t(record - trace.records);
}

void trace_zone_end(const Fiber* fiber) {
    const Machine& machine = *fiber->core->machine;
    OpenZones& zones = machine.trace->zones[number(machine, fiber)];
    if (!zones.depth || --zones.depth >= sizeof zones.records / sizeof *zones.records) return;
    const uint32_t index = zones.records[zones.depth];
    if (index == UINT32_MAX) return;
    TraceRecord& record = machine.trace->records[index];
    record.cycles = uint32_t(processor_time(machine, fiber) - record.start);
}

}  // namespace ttsim

using namespace ttsim;

extern "C" {

/// Address, number of records, and the number of those that were left out.
void ttsim_result_trace(Machine* machine, uint64_t* out) {
    const Trace* trace = machine->trace;
    out[0] = trace ? reinterpret_cast<uint64_t>(trace->records) : 0;
    out[1] = trace ? trace->count : 0;
    out[2] = trace ? trace->dropped : 0;
}

/// The name of a zone; null beyond the last.
const char* ttsim_result_zone_name(Machine* machine, uint32_t index) {
    const Trace* trace = machine->trace;
    return trace && index < trace->name_count ? trace->names[index] : nullptr;
}

/// Largest number of pages that each circular buffer held: [core][index].
void ttsim_result_most_filled(Machine* machine, uint32_t* out) {
    for (uint32_t i = 0; i < machine->cores; i++)
        for (const CircularBuffer& cb : machine->core[i].cb) *out++ = cb.high_water;
}

/// Tiles of each TileWork.
void ttsim_result_work(Machine* machine, uint64_t* out) {
    for (uint64_t tiles : machine->tile_work) *out++ = tiles;
}

/// Cycles in which each link of a NoC was taken: [router][x, y, inject, eject], routers row by row.
void ttsim_result_links(Machine* machine, uint32_t noc, uint64_t* out) {
    for (size_t i = 0; i < size_t(machine->fabric.routers()) * DIRECTIONS; i++) out[i] = machine->fabric.link[noc][i].busy();
}

/// Cycles in which a DRAM channel moved data, and its bytes.
void ttsim_result_bank(Machine* machine, uint32_t bank, uint64_t* out) {
    out[0] = machine->bank[bank].busy;
    out[1] = machine->bank[bank].bytes;
}

}  // extern "C"
