// SPDX-License-Identifier: Apache-2.0
//
// Checks of what kernels do beside the values: windows of circular buffers, transfers that no barrier has confirmed,
// memory that nobody wrote, races of cores, configuration. State lives beside the machine; a run without checks has none.
#pragma once
#include <stdint.h>

#include <unordered_map>
#include <vector>

#include "machine.h"

namespace ttsim {

constexpr uint32_t GRANULE_BITS = 4;  ///< memory is watched in pieces of 16 bytes

struct Span {
    uint32_t low, high;  ///< offsets in an L1, end excluded
    bool touches(uint32_t from, uint32_t to) const { return low < to && from < high; }
    bool holds(uint32_t from, uint32_t to) const { return low <= from && to <= high; }
};

/// A transfer that its processor has issued and no barrier of its own has confirmed.
struct OpenTransfer {
    Span local;  ///< own L1: where a read lands, where a write comes from
    Actor issuer;
    uint16_t trid;
    uint8_t noc;
    bool read, posted;
};

/// Linked multicasts of a processor on one NoC that one which is not linked is still to end.
struct OpenLink {
    Actor last;  ///< no fiber: none
    uint8_t x0, y0, x1, y1;
};

struct FiberShadow {
    std::vector<OpenTransfer> open;
    OpenLink link[NOCS];
    uint32_t last_cb;  ///< index of the buffer of the last address
    // an address computed for a page that its tensor does not have
    uint64_t beyond_address;
    uint32_t beyond_page, beyond_pages;
};

/// An access outside the windows, held until its buffer turns out to be one that processors share.
struct Suspicion {
    Actor actor;
    uint32_t page;
    bool unwritten;  ///< what was read was never written
};

/// Who wrote last to a page as a whole, and when on its core's clock; when its core gave it back last, on that core's.
struct PageStamp {
    Actor writer;
    uint32_t core, clock, freed_clock;
    bool pushed;  ///< since it was written
};

// ---- the processors of one core
constexpr uint32_t COMPUTE_PROCESSORS = 2, PROCESSORS = 3;  ///< data movement 0 and 1, compute

/// A step of each processor.
struct ProcessorSteps {
    uint32_t of[PROCESSORS];
};

/// Who touched memory, and at which of its steps; step 0: nobody.
struct Access {
    Actor actor;
    uint32_t step;
    uint8_t processor;
};

/// The last accesses to a page as a whole.
struct PageUse {
    Access write, read;
    bool in_pieces;  ///< parts of it were touched, too
};

struct CbShadow {
    uint32_t waited, reserved;  ///< pages from the front, from the back
    uint32_t popped_pages;      ///< since the last wait
    uint32_t waited_to;         ///< pages of the stream that the consumer has ever waited for
    bool shared;                ///< pages have been pushed
    bool aliased;               ///< lies over a buffer of the host
    Actor pushed, popped, last_wait, last_reserve;
    Suspicion unreserved, unwaited, overwritten;
    std::vector<PageStamp> stamp;
    std::vector<PageUse> use;
    std::vector<ProcessorSteps> pushed_step, freed_step;  ///< what the processor knew that pushed or popped a page last
};

struct ComputeConfig {
    bool started;
    uint8_t source[2], pack;
    uint32_t operation;
    uint32_t line;  ///< of the last initialisation
};

struct WriteStamp {
    Actor writer;
    uint32_t core, clock;
};

struct CoreShadow {
    uint64_t* written;        ///< bit by granule
    uint64_t* by_host;
    uint32_t* last_write;     ///< by granule: 1 + index into Sanitizer::writes; mapped on first use
    bool in_program, granular_writes;
    std::vector<uint8_t> cbs;  ///< configured buffers
    std::vector<Span> host_spans;
    CbShadow cb[MAX_CBS];
    ComputeConfig config[3];   ///< of unpack, math, pack
    bool sfpu_ready[size_t(SfpuOp::Count)];
    uint32_t clock;            ///< of what this core has told others
    std::vector<uint32_t> known;  ///< clocks of the other cores that it has seen
    ProcessorSteps heard[PROCESSORS], told;  ///< by each processor; by other cores, from any of this one
    void* pieces;              ///< last accesses by piece; mapped on first use
    bool alone;                ///< only one processor runs
    Actor math_commit;
    Actor unwritten_read, unwritten_push;  ///< by unpack; raised when math uses the operand, after what math itself does wrong
    uint32_t unwritten_page, unwritten_cb;
};

/// What outlives runs: where buffers lie and which memory was ever written.
struct Allocation {
    uint64_t address, bytes;  ///< in every bank
    uint64_t stride;
    uint32_t pages;
};
struct MemoryShadow {
    std::vector<Allocation> buffers[2];  ///< L1, DRAM; by address
    std::vector<uint64_t*> bank_written;
    std::vector<size_t> bank_bytes;
    std::vector<CoreShadow> core;
};

struct Sanitizer {
    MemoryShadow* memory;
    std::vector<FiberShadow> fiber;
    std::vector<WriteStamp> writes;
    std::unordered_map<uint64_t, std::vector<uint32_t>> words;  ///< clocks that a synchronisation word carries
    std::unordered_map<uint64_t, ProcessorSteps> signals;  ///< what those knew that wrote to a word of their own core
    std::vector<Access> accesses;  ///< the last ones, round
    uint32_t access_count;
    uint32_t config_end;  ///< end of the kernel configuration area: semaphores, arguments
};

inline CoreShadow& shadow_of(const Core& core) { return core.machine->sanitizer->memory->core[core.index]; }
inline FiberShadow& shadow_of(const Fiber* fiber) {
    Machine& machine = *fiber->core->machine;
    return machine.sanitizer->fiber[size_t(fiber - machine.fibers)];
}
inline Actor actor_of(Fiber* fiber, uint32_t line, uintptr_t pc = 0) { return {fiber, line, fiber->time, pc}; }

// ---- sanitizer.cpp: state
MemoryShadow* create_shadow(Machine& machine);
void destroy_shadow(MemoryShadow* shadow);
void begin_checks(Machine& machine, bool wanted, uint32_t fibers);
/// After circular buffers are configured.
void place_cb_checks(Core& core, uint32_t index);
/// What lies in a buffer at the end and nobody looked at. Sets the machine's fault.
void finish_checks(Machine& machine);
void mark(uint64_t* bits, uint64_t address, uint64_t bytes);
/// The host has written to a page of an interleaved buffer, or to one core's L1.
void mark_page(Machine& machine, bool dram, uint32_t page, uint64_t address, uint64_t stride, uint32_t bytes);
void mark_host_write(CoreShadow& core, uint64_t address, uint64_t bytes);
bool any_marked(const uint64_t* bits, uint64_t address, uint64_t bytes);
const Allocation* allocation_at(const MemoryShadow& shadow, bool dram, uint64_t address);

// ---- raw_access.cpp: loads and stores of kernel code
void watch_accesses(const Machine* machine);

// ---- sanitizer_pages.cpp: windows of circular buffers
void check_reserve(Fiber* fiber, uint32_t index, uint32_t pages, uint32_t line);
void check_push(Fiber* fiber, uint32_t index, uint32_t pages, uint32_t line);
/// A wait or a pop shows that the fiber consumes the buffer: what it read before without waiting was wrong.
void check_unseen(Fiber* fiber, uint32_t index);
void check_wait(Fiber* fiber, uint32_t index, uint32_t pages, uint32_t line);
void check_pop(Fiber* fiber, uint32_t index, uint32_t pages, uint32_t line);
/// Unpack reads tiles counted from the front.
void check_unpack(Fiber* fiber, uint32_t index, uint32_t tile, uint32_t tiles, uint32_t line);
/// Pack writes bytes at a ring page `position` pages after the back.
void check_pack(Fiber* fiber, uint32_t index, uint32_t position, uint32_t bytes, uint32_t line);
/// A data-movement processor reads or writes its own L1, by NoC or by pointer. False when that may be out of place: it is
/// remembered, and what else is wrong with it waits.
bool check_local(Fiber* fiber, Span span, bool write, const Actor& actor);

// ---- sanitizer_transfers.cpp: NoC
struct RemotePlace {
    Core* core;       ///< null for DRAM
    uint64_t address; ///< offset in the L1 or the bank
    uint32_t bank;
};
void check_read(Fiber* fiber, uint64_t noc_address, const RemotePlace& from, uint32_t l1, uint32_t bytes, uint32_t noc, uint32_t trid, uint32_t line);
void check_write(Fiber* fiber, uint64_t noc_address, const RemotePlace& to, uint32_t l1, uint32_t bytes, uint32_t noc, uint32_t trid, uint32_t flags,
                 uint32_t line);
void check_multicast_source(Fiber* fiber, uint32_t l1, uint32_t bytes, uint32_t noc, uint32_t trid, uint32_t flags, uint32_t line);
void check_multicast_target(Fiber* fiber, Core& target, uint32_t l1, uint64_t address, uint32_t bytes, uint32_t line);
/// While linked multicasts are open, the interface can begin no other request, and stays so.
void check_not_linked(Fiber* fiber, uint32_t noc, const char* what, uint32_t line);
/// A multicast packet goes on with what is linked, or begins or ends it.
void check_link(Fiber* fiber, const Packet& packet, uint32_t line);
/// A processor ends. Sets the machine's fault.
void check_links_ended(Machine& machine, Fiber* fiber);
/// Atomic increments and inline writes: a word of `core` (null: DRAM).
void check_word(Fiber* fiber, const RemotePlace& place, uint32_t line);
void confirm(Fiber* fiber, uint32_t barrier_kind, uint32_t noc, uint32_t trid);
/// The fiber has met others: writes that have left are known to have.
void confirm_departed(Fiber* fiber);
void check_open_reads(Fiber* fiber, Span pages, uint32_t index, uint32_t line);
void check_open_writes(Fiber* fiber, Span pages, const Actor& actor, const char* what);
void note_beyond(Fiber* fiber, bool dram, uint64_t base, uint32_t page, uint32_t stride, uint64_t noc_address);

// ---- sanitizer_races.cpp: order of writes between cores
void check_remote_data(Fiber* fiber, Core& target, Span span, const Actor& actor);
/// Pages of a buffer have been taken by the consumer.
void note_freed(const Core& core, CbShadow& cb, uint32_t page);
void note_local_data(Fiber* fiber, Span span, const Actor& actor);
void check_pushed_data(Fiber* fiber, CbShadow& cb, uint32_t page, Span span, uint32_t line);
void release_to(Fiber* fiber, const Core& target, uint32_t offset);
void acquire_from(Fiber* fiber, uint32_t offset);
/// Reports an increment that leaves the range of the word; `before` is its value.
void check_increment(Machine& machine, const Packet& packet, uint32_t before);

// ---- sanitizer_processors.cpp: order between the processors of one core
void begin_processor_checks(Core& core);
size_t pieces_bytes(const Machine& machine);
/// A processor reads or writes L1 of its own core.
void use_memory(Fiber* fiber, Span span, bool write, const Actor& actor);
/// What the processor knows, for those who will hear of it; its next step begins.
ProcessorSteps tell(Fiber* fiber);
void hear(Fiber* fiber, const ProcessorSteps& told);
/// Another processor of the core handed something over.
void hear_from(Fiber* fiber, const Fiber* other);
void tell_word(Fiber* fiber, const Core& target, uint32_t offset);
/// `from_elsewhere`: other cores have written to the word.
void hear_word(Fiber* fiber, uint32_t offset, bool from_elsewhere);
/// A word that the processor waited for has the value that another one stored.
void hear_stored(Fiber* fiber, uint32_t offset);
/// Raises an access to memory where a read of the other data-movement processor is still to land.
void check_landing(Fiber* fiber, Span span, bool write, const Actor& actor);

// ---- sanitizer_compute.cpp: configuration
void configure_all(Fiber* fiber, uint32_t cb_a, uint32_t cb_b, uint32_t out, uint32_t line);
/// Formats of an initialisation that starts the hardware up if nothing else has.
void configure_missing(Fiber* fiber, uint32_t cb_a, uint32_t cb_b, uint32_t out, uint32_t line);
void configure_sources(Fiber* fiber, uint32_t cb_a, uint32_t cb_b, uint32_t line);
void configure_pack(Fiber* fiber, uint32_t cb, uint32_t line);
void configure_operation(Fiber* fiber, uint32_t operation, uint32_t line);
void configure_sfpu(Fiber* fiber, uint32_t name);
/// Math: the operation and the formats of SrcA and SrcB; TTSIM_NO_CB for one that does not matter.
void check_operation(Fiber* fiber, uint32_t operation, uint32_t cb_a, uint32_t cb_b, const char* call, uint32_t line);
/// Math: an operand that goes through either source register.
void check_operation_either(Fiber* fiber, uint32_t operation, uint32_t cb, const char* call, uint32_t line);
void check_sfpu(Fiber* fiber, uint32_t op, uint32_t line);
void check_pack_source(Fiber* fiber, uint32_t dst, uint32_t cb, uint32_t line);

}  // namespace ttsim
