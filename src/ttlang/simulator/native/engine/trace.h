// SPDX-License-Identifier: Apache-2.0
//
// Record of a run over time: who worked and waited when, how full circular buffers were, which transfers were under way.
#pragma once
#include "machine.h"

namespace ttsim {

enum class TraceKind : uint8_t { Work, Wait, Pages, Transfer, Zone };

/// One span or change. Python reads these as they lie in memory.
///
/// Work: `line` of the kernel. Wait: also `what`, a Wait, and `value`, what it waits for (buffer index, ...).
/// Pages: at `start`, `value` pages more (a signed number) in circular buffer `what`. Transfer: from issue to its end,
/// `value` bytes; `what` is a PacketKind, plus 8 on NoC 1, plus 16 to or from DRAM. Zone: a named zone of the program, from
/// its begin to its end (still 0 cycles where it has not ended); `value` is the number of its name.
struct TraceRecord {
    Time start;
    uint32_t cycles;
    uint32_t line;
    uint32_t value;
    uint16_t fiber;
    TraceKind kind;
    uint8_t what;
};
static_assert(sizeof(TraceRecord) == 24);

/// Zones that a fiber is in, the innermost last; deeper ones are not recorded.
struct OpenZones {
    uint32_t records[8];
    uint32_t depth;
};

/// What an engine has done last, by the instructions that asked for it.
struct Instructions {
    static constexpr uint32_t KEPT = 32;
    struct Done {
        Time end;
        double cycles, count;
    };
    Done done[KEPT];
    uint32_t next;
};

struct Trace {
    TraceRecord* records;
    size_t count, capacity, limit;
    uint64_t dropped;    ///< records beyond the limit
    uint32_t* open;      ///< by fiber: its last span + 1, which may grow
    OpenZones* zones;    ///< by fiber
    Instructions* instructions;  ///< by fiber; of math processors
    char** names;        ///< of zones, each once
    uint32_t name_count;
};

bool begin_trace(Machine& machine, uint64_t limit, uint32_t fibers);
void end_trace(Machine& machine);

void trace_pages(const Fiber* fiber, uint32_t cb, int32_t pages);
void trace_transfer(const Machine& machine, const Packet& packet);
void trace_zone_begin(const Fiber* fiber, const char* name);
void trace_zone_end(const Fiber* fiber);

}  // namespace ttsim
