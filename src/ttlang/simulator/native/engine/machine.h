// SPDX-License-Identifier: Apache-2.0
//
// State of the simulated machine. One host thread; every RISC-V is a fiber with its own clock.
//
// Order of time. A fiber runs ahead of the global clock `Machine::now` as long as it only meets data with time stamps
// (circular buffers, register hand-over): a consumer takes the later of its clock and the stamp. What it does to shared
// resources (NoC, DRAM, semaphores) becomes an event at its own time, and events happen in time order. All runnable
// fibers run until they block before the next event is taken, so no event is ever posted in the past.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "../include/ttsim/abi.h"
#include "../numerics/numerics.h"

namespace ttsim {

using Time = uint64_t;

constexpr uint32_t L1_SLOT_BITS = 21;  ///< each core's L1 lies in a 2 MiB slot of the low 4 GiB
constexpr uint32_t L1_SLOT = 1u << L1_SLOT_BITS;
constexpr uint32_t MAX_CBS = 64;
constexpr uint32_t MAX_SEMAPHORES = 16;
constexpr uint32_t MAX_TRIDS = 16;
constexpr uint32_t MAX_SECTIONS = 2;
constexpr uint32_t DST_TILES = 16;
constexpr uint32_t SRC_DEPTH = 8;        ///< operands in flight without time; with time SRC_BANKS, as the hardware has
constexpr uint32_t SRC_BANKS = 2;
constexpr uint32_t MAILBOXES = 4;        ///< unpack, math, pack, BRISC
constexpr uint32_t MAILBOX_DEPTH = 4;
constexpr uint32_t NOCS = 2;

struct Core;
struct Fiber;
struct Machine;
struct Packet;
struct Sanitizer;
struct MemoryShadow;
struct Trace;

/// Packets one behind another, by their `next`.
struct PacketList {
    Packet *head, *tail;

    void add(Packet& packet);
    Packet& take();
};

// ---- events ---------------------------------------------------------------------------------------------------------

struct Event {
    Event* next;
    Time time;
    void (*run)(Machine&, Event*);
};

/// What holds the event at that offset.
template <class T, size_t OFFSET>
T* holder_of(Event* event) {
    return reinterpret_cast<T*>(reinterpret_cast<char*>(event) - OFFSET);
}

/// Calendar in three parts, so that what most events touch stays in the host's first cache: one-cycle buckets for this and the
/// next epoch of 64 cycles; a list for each later epoch, which is spread over the buckets when its turn is near; a heap for what
/// lies beyond. Events of one cycle run in the order posted.
struct EventQueue {
    static constexpr uint32_t EPOCH = 64, NEAR = 2 * EPOCH, EPOCHS = 1024;
    struct Bucket {
        Event *head, **tail;  ///< list of events; where the next one is hung
    };
    struct Chunk {
        Chunk* next;
        uint64_t count;
        Event* event[30];
    };
    struct Epoch {
        Chunk *head, *tail;
    };
    Bucket bucket[NEAR];        ///< by time
    uint64_t occupied[2];       ///< buckets of even and of odd epochs
    Epoch later[EPOCHS];        ///< by number; of those after the next
    uint64_t later_occupied[EPOCHS / 64];
    Chunk* free_chunks;
    Time base;                  ///< time of the last event taken
    uint64_t epoch;             ///< its epoch
    size_t size;                ///< events, wherever they are
    Event** heap;               ///< ordered by (time, sequence)
    uint64_t* heap_sequence;
    size_t heap_size, heap_capacity;
    uint64_t sequence;

    void clear();
    void release();
    void push(Event* event);
    Event* pop();  ///< earliest event, or null; advances `base`
};

// ---- fibers ---------------------------------------------------------------------------------------------------------

enum class Wait : uint8_t {
    None, CbPages, CbSpace, Reads, Writes, WritesSent, Atomics, Semaphore, SrcData, SrcSpace, DstFree, DstData, Clock, Start, Count
};

enum class FiberState : uint8_t { Ready, Running, Blocked, Done, Faulted };

/// Transactions in flight of one processor on one NoC, by transaction id.
struct Outstanding {
    uint32_t reads, writes, unsent, posted_unsent, atomics;
    uint16_t trid_reads[MAX_TRIDS], trid_writes[MAX_TRIDS], trid_unsent[MAX_TRIDS];
};

struct Kernel {
    uint32_t index;
    uint32_t lines;          ///< length of the two arrays
    uint64_t* line_busy;     ///< cycles of work, by C++ line
    uint64_t* line_wait;     ///< cycles of waiting, by C++ line
};

/// The last few of what was added, each once; at first, and when cleared, zeros.
template <class T, uint32_t COUNT>
struct Recent {
    T kept[COUNT];
    uint32_t next;

    /// Whether it was none of them.
    bool add(T what) {
        if (has(what)) return false;
        kept[next++ % COUNT] = what;
        return true;
    }
    bool has(T what) const {
        bool found = false;
        for (const T each : kept) found |= each == what;
        return found;
    }
    void clear() {
        for (T& each : kept) each = 0;
    }
};

/// Laid out for the host's caches: what every call and switch touches comes first.
struct Fiber : ttsim_thread {
    alignas(64) void* stack_pointer;
    Core* core;
    Kernel* kernel;
    Time time;
    Time busy;
    uint64_t calls;
    ttsim_own_code own;      ///< ttsim_own of a processor that does not run
    int64_t own_cycles_at_look;  ///< its cycles when it last loaded a word that it had not looked at
    uint32_t access_cycles;  ///< of loads and stores by its own code since the last call
    int64_t ahead;           ///< so many cycles of its own code take no time: its engine works on what it was told last
    Fiber* next_ready;
    FiberState state;
    Wait wait;
    bool spinning;           ///< was taken off the host thread inside a loop that makes no call
    bool in_pending_list;
    uint32_t wait_object;    ///< circular buffer index, L1 offset of a semaphore, NoC

    uint32_t wait_need;
    uint32_t wait_extra;     ///< transaction id; 1 for semaphore >=
    Outstanding flight[NOCS];
    PacketList landed;       ///< reads whose bytes have arrived and are moved when the fiber goes on
    PacketList pending;      ///< without time: transfers issued and not performed
    Packet* writes_in_flight;
    Fiber* next_waiter;      ///< in the list of what it waits for
    Event timer;
    Time waited[size_t(Wait::Count)];
    Time last_departure[NOCS]; ///< with a random schedule: packets keep their order
    Fiber* next_pending;
    char* stack_low;
    size_t stack_bytes;
    void (*entry)();
    uintptr_t spin_pc;       ///< where
    /// With time: lines of a compute processor's last calls, whose code is in its instruction cache, which holds some two kilobytes.
    Recent<uint16_t, 16> called;
    Recent<uint32_t, 4> loaded, stored;  ///< L1 offsets of words, by its own code
    uint32_t looks;              ///< loads of these words, and no others, since
    uint64_t calls_at_look;      ///< so many calls
    char* print;             ///< text of the line being printed
    uint32_t print_size, print_capacity;
};

// ---- core -----------------------------------------------------------------------------------------------------------

struct CircularBuffer {
    uint32_t base;           ///< L1 offset
    uint32_t page_size, pages;
    DataFormat format;
    bool configured, unpack_to_dest;
    uint8_t tile_rows, tile_columns; ///< 32 x 32 unless the host says less (tile_shape.h)
    uint32_t tile_bytes;
    uint32_t received, acked;        ///< pages pushed and popped since start
    uint32_t read_page, write_page;  ///< ring positions
    uint32_t pack_tile;              ///< next tile of pack_tile without an index
    uint32_t high_water;
    Fiber *consumer, *producer;      ///< who last popped or waited, pushed or reserved
    Fiber *waiting_consumer, *waiting_producer;
    uint32_t consumer_need, producer_need;
    uint32_t stamp_capacity;
    Time* pushed_at;                 ///< by ring position
    Time* freed_at;

    uint32_t filled() const { return received - acked; }
    uint32_t free() const { return pages - filled(); }
};

/// Operands that unpack has handed to math and math has not used: references into L1 until their pages are popped.
struct SrcEntry {
    const uint8_t *a, *b;
    uint32_t a_bytes, b_bytes;   ///< extent to keep when the pages go away
    uint8_t cb_a, cb_b;
    bool copied_a, copied_b;
    uint8_t* storage;
    uint32_t storage_bytes;
    Time ready;
};

/// Memory of one section. Sections take it as math acquires them and give it back as pack releases them, so that the few that
/// are in use at a time stay in the host's caches.
struct Dst {
    Dst* next;  ///< free list
    alignas(64) uint32_t tile[DST_TILES][TILE_LANES];
};

/// As many sections as a huge page of the host holds.
struct DstSlab {
    DstSlab* next;
    Dst section[31];
};

/// What the vector unit keeps between the calls of a mean and a variance, one of each a column.
struct Statistics {
    float mean[32], m2[32];      ///< m2: sum of squared distances from the mean
    float anchor[32], shifted[32];  ///< two-pass form: a value near the mean, sum of distances from it
};

/// Whole tiles made of smaller ones, for one operand.
struct WholeTiles {
    uint8_t* data;
    uint32_t bytes;
};

/// Words on their way from one processor to another.
struct Mailbox {
    Fiber* last_sender;
    uint32_t value[MAILBOX_DEPTH], sent, taken;
    Time sent_at[MAILBOX_DEPTH];
    Fiber *sender, *receiver;    ///< who waits for space, for a word
};

struct Core {
    Machine* machine;
    uint32_t index;
    uint8_t logical_x, logical_y, physical_x, physical_y, noc_x, noc_y;
    uint8_t* l1;                     ///< host address of the slot; also its simulated address
    int l1_file;                     ///< one more than the descriptor of the file that holds it, 0 without (l1_window.h)
    Fiber* fiber[TTSIM_ROLES];
    Fiber* semaphore_waiters;
    uint8_t cbs_used, cb_used[8];    ///< the first circular buffers that are configured
    Time multicast_free[NOCS];       ///< when the path of the last multicast is given back
    Time atomic_free;                ///< when its memory takes the next atomic
    bool path_held[NOCS];            ///< the last multicast was linked: the next one uses its path
    Time linked_until[NOCS];         ///< when the last linked multicast has its channel: before that the interface takes no other request

    enum Tilized : uint8_t { NotTilized, TileByTile, Fast } tilized;  ///< how the tiles to pack next were tilized
    MathConfig math;
    PackConfig pack;
    bool binary_accumulate, matmul_transpose, copy_transpose_faces, copy_transpose_within;
    uint32_t sfpu_param[2];
    uint32_t cumsum_carry[32];
    Statistics statistics;
    RandomState random;

    // unpack -> math
    SrcEntry src[SRC_DEPTH];
    uint32_t src_filled, src_used;   ///< counters
    Time src_freed_at[SRC_DEPTH];
    Fiber *src_consumer, *src_producer;

    // values that unpack tells math [0] and pack [1]
    Mailbox mailbox[MAILBOXES][MAILBOXES];
    WholeTiles whole[2];
    uint32_t whole_side;

    // math -> pack
    Dst* dst[MAX_SECTIONS];          ///< null between release and acquire
    uint32_t sections, section_tiles;
    uint32_t acquired, committed, waited, released;  ///< counters
    Time committed_at[MAX_SECTIONS], released_at[MAX_SECTIONS];
    uint16_t written[MAX_SECTIONS];  ///< tiles written in each section; the others read as zero
    Fiber *dst_math, *dst_pack;      ///< blocked on the hand-over

    CircularBuffer cb[MAX_CBS];
};

// ---- NoC ------------------------------------------------------------------------------------------------------------

enum class NodeKind : uint8_t { None, Worker, Dram };

struct Node {
    NodeKind kind;
    uint16_t router;
    uint16_t index;      ///< core or bank
};

/// A processor at a place in its kernel. `pc` is set where the place is an instruction, not a call.
struct Actor {
    Fiber* fiber;
    uint32_t line;
    Time time;
    uintptr_t pc;
};

enum Direction : uint8_t { AlongX, AlongY, Inject, Eject, DIRECTIONS };

enum class PacketKind : uint8_t { Read, Write, Multicast, Atomic, Inline };

/// Laid out for the host's caches: a hop reads and writes the first line only.
struct alignas(64) Packet {
    Event event;         ///< the head's progress
    Time tail;           ///< when the tail passes the link that the head passed last
    uint16_t occupancy;  ///< cycles on each link
    uint16_t stream;     ///< cycles in which the source sends it; not less than on a link
    uint16_t node;             ///< router where the head is
    uint16_t from_node, to_node;
    uint8_t ahead[2];          ///< hops along x and along y that the head has before it; of a read at first, those of its request
    uint8_t crossed[2];        ///< whether it has passed the edge of the torus along x, along y
    Direction toward;          ///< the link that the head waits for
    bool waits : 1;            ///< that turn is posted
    bool settled : 1;          ///< the links behind know when its tail passes them if it goes on at that turn, over a free link
    PacketKind kind;
    uint8_t noc;
    uint8_t flags;
    bool sent, landed_first;   ///< departure counted; landed before it was counted
    bool departs_late;         ///< its departure is posted when its way is free
    uint16_t bank;             ///< DRAM bank, 0xFFFF otherwise
    uint16_t trid;
    uint16_t deliveries;       ///< left of a multicast
    uint32_t bytes;

    uint8_t* source;   ///< host addresses
    uint8_t* target;
    Fiber* fiber;
    Core* target_core; ///< null for DRAM
    uint32_t value, byte_enable;
    Packet* next;      ///< free list, pending list, list of copies
    uint32_t hops_back;
    uint8_t rect_x0, rect_y0, rect_x1, rect_y1;  ///< of a multicast, logical cores
    uint8_t* copy;     ///< the bytes of a write that has left and whose source was reused

    Event departure;   ///< leaving the source
    Packet *next_flight, *previous_flight;  ///< writes of the fiber that have not landed
    Packet* parent;
    Time acknowledged; ///< of a multicast: the latest acknowledge so far; of a write to DRAM: when the channel has stored it
    Actor issuer;      ///< of an atomic increment
    Time issued;
    uint32_t issued_line;
};
static_assert(offsetof(Packet, source) == 64 && offsetof(Packet, departure) == 128, "the fields of a hop fill one line, of a landing another");

inline void PacketList::add(Packet& packet) {
    packet.next = nullptr;
    (head ? tail->next : head) = &packet;
    tail = &packet;
}
inline Packet& PacketList::take() {
    Packet& first = *head;
    head = first.next;
    return first;
}

/// A packet has a virtual channel of a link to itself from its head's passing to its tail's. Of the sixteen, unicast requests have
/// one on each side of the torus's edge (their senders ask for it), responses have two; broadcasts reserve theirs before they
/// leave. The channels here: request, response, response; the same beyond the edge.
constexpr uint32_t CHANNELS = 6;
constexpr Time NEVER = ~Time(0);

constexpr uint32_t LINES = 4;  ///< of a link: before and beyond the torus's edge, requests and responses

/// Fills one line of the host's caches.
struct alignas(64) Link {
    Time free_at;        ///< when the flits of those who have claimed it have passed
    uint64_t busy_and_lines;  ///< cycles in which it was taken, and which of its lines somebody waits in (the low LINES bits)
    Time channel_free_at[CHANNELS];  ///< NEVER while the packet in it is stopped further on

    uint64_t busy() const { return busy_and_lines >> LINES; }
    void add_busy(uint32_t cycles) { busy_and_lines += uint64_t(cycles) << LINES; }
    bool somebody_waits(uint32_t line) const { return busy_and_lines >> line & 1; }
};

constexpr uint16_t PAST_EDGE = 0x8000;  ///< the way there passes the edge of the torus

/// Routers are numbered row by row. What a hop needs of the settings, as whole numbers.
struct Fabric {
    uint32_t columns, rows;
    uint32_t buffer_cycles;
    float l1_intake;              ///< cycles in which L1 takes what a link carries in one
    Time turn_cycles, hop_cycles, niu_cycles;
    uint8_t *x, *y;               ///< of a router
    uint16_t* neighbour[NOCS];    ///< [router][AlongX, AlongY]: the next one in the direction of the NoC, and PAST_EDGE
    Link* link[NOCS];             ///< [router][direction]
    Packet** owner[NOCS];         ///< [router][direction][channel]: the last packet in it
    Time* reserved_until[NOCS];   ///< [router][AlongX, AlongY]: by multicasts, which have one channel there
    PacketList* line[NOCS];       ///< [router][direction][beyond the edge][response]: heads that wait for a channel

    uint32_t routers() const { return columns * rows; }
};

/// Reads that wait for a DRAM channel on one NoC. Their requests fill the routers on the way: those of a trunk, along the axis that
/// they take last, and of a branch along the other axis at each of its routers.
struct ReadTree {
    static constexpr uint32_t AWAY = 20;  ///< more hops than there are along one axis of any chip
    /// Routers one behind another: where somebody waits, as bits, and how many turns they gave.
    struct Routers {
        uint32_t waiting, turns;

        uint32_t take_turn();
    };
    struct Branch : Routers {
        PacketList line[AWAY];
    };
    Routers trunk;
    Branch branch[AWAY];

    void add(Packet& packet, uint32_t along_trunk, uint32_t along_branch);
    Packet& take();
    void clear();
};

struct Bank {
    uint8_t* memory;
    uint64_t committed;    ///< bytes that may be used
    ReadTree waiting[NOCS];  ///< reads
    uint32_t turns;        ///< so far
    Event turn;            ///< when the channel takes the next read
    double busy_until[2];  ///< by direction: end of the last packet in the queue
    uint8_t last_direction;
    uint64_t busy;
    uint64_t bytes;
    uint64_t extent;       ///< address space reserved on the host

    bool read_waits() const { return waiting[0].trunk.waiting | waiting[1].trunk.waiting; }
};

// ---- machine --------------------------------------------------------------------------------------------------------

#define TTSIM_SETTINGS(X)                                                                                              \
    X(grid_columns) X(grid_rows) X(circular_buffers) X(semaphores)                                                     \
    X(l1_size) X(l1_config_base) X(l1_config_bytes) X(l1_alignment) X(l1_bytes_per_cycle)                              \
    X(dst_tiles_16bit) X(dst_tiles_32bit)                                                                              \
    X(dram_banks) X(dram_bank_bytes) X(dram_read_alignment) X(dram_write_alignment) X(dram_bytes_per_cycle)            \
    X(dram_read_bytes_per_cycle) X(dram_write_bytes_per_cycle)                                                         \
    X(dram_turnaround_cycles) X(dram_mixed_turnaround_cycles) X(dram_page_bytes) X(dram_read_access_cycles) X(dram_write_access_cycles) X(dram_write_depart_cycles) X(dram_read_request_cycles) \
    X(noc_columns) X(noc_rows) X(noc_flit_bytes) X(noc_max_burst) X(noc_hop_cycles) X(noc_niu_cycles)                  \
    X(noc_read_access_cycles) X(noc_write_access_cycles) X(noc_depart_cycles) X(noc_atomic_access_cycles)              \
    X(noc_packet_cycles) X(noc_link_packet_cycles) X(noc_l1_write_cycles_per_flit) X(noc_l1_read_cycles_per_flit) X(noc_l1_intake_cycles_per_flit) X(noc_l1_copy_cycles_per_flit) X(noc_landing_cycles_per_flit)          \
    X(noc_buffer_cycles) X(noc_turn_cycles) X(noc_atomic_landing_cycles) X(dram_write_buffer_bytes) X(dram_write_queue_bytes) X(risc_compute_circular_buffer) X(risc_compute_circular_buffer_latency) X(math_copy_32bit_cycles) X(math_init_cycles)          \
    X(risc_circular_buffer) X(risc_noc_read) X(risc_noc_write) X(risc_noc_read_with_state) X(risc_noc_write_with_state)\
    X(risc_noc_read_one_packet) X(risc_noc_write_one_packet) X(risc_page_address)                                            \
    X(risc_noc_multicast) X(risc_noc_atomic) X(risc_noc_inline_write) X(risc_barrier)                                  \
    X(risc_semaphore) X(instructions_access) X(risc_l1_load) X(risc_l1_store) X(risc_move_call) X(risc_move_byte) X(risc_argument) X(risc_address) X(risc_compute_call) X(risc_start) X(risc_reader_start)                                                               \
    X(unpack_tile_cycles) X(unpack_bytes_per_cycle) X(unpack_binary_bytes_per_cycle)          \
    X(unpack_matmul_bytes_per_cycle) X(unpack_tilize_tile_cycles) X(unpack_fast_tilize_tile_cycles) X(unpack_reduce_row_cycles) X(unpack_reduce_column_cycles) X(unpack_reduce_scalar_cycles) X(unpack_startup_cycles) X(unpack_startup_again_cycles) X(unpack_init_again_cycles) X(unpack_reconfigure_again_cycles) X(unpack_reconfigure_cycles) X(unpack_init_cycles)   \
    X(math_tile_overhead_cycles) X(math_matmul_block_overhead_cycles) X(math_matmul_phase_cycles)                      \
    X(math_eltwise_cycles) X(math_eltwise_phase_cycles) X(math_copy_cycles) X(math_transpose_cycles)                   \
    X(math_reduce_row_cycles) X(math_reduce_column_cycles) X(math_reduce_scalar_cycles)                                \
    X(math_reduce_row_phase_cycles) X(math_reduce_column_phase_cycles) X(math_reduce_scalar_phase_cycles)              \
    X(math_section_cycles) X(math_section_instructions) X(math_tile_instructions) X(math_multiply_instructions)        \
    X(math_reduce_row_instructions) X(math_reduce_column_instructions) X(math_reduce_scalar_instructions)              \
    X(math_matmul_block_instructions) X(math_instruction_queue)                                                        \
    X(pack_tile_cycles) X(pack_bytes_per_cycle) X(pack_l1_accumulate_cycles) X(pack_l1_accumulate_32bit_cycles) X(pack_untilize_tile_cycles)              \
    X(pack_init_cycles) X(pack_section_cycles) X(pack_tilize_tile_cycles) X(pack_fast_tilize_tile_cycles)                   \
    X(sfpu_default) X(sfpu_call_cycles)

/// Work of the vector unit that is no operation of sfpu_ops.def.
#define TTSIM_VECTOR_WORK(X)                                                                                           \
    X(Fill) X(FillInt) X(CopyDest)                                                                                     \
    X(ReduceSumRow) X(ReduceSumCol) X(ReduceAvgRow) X(ReduceAvgCol)                                                    \
    X(ReduceMaxRow) X(ReduceMaxCol) X(ReduceMinRow) X(ReduceMinCol)                                                    \
    X(ReduceSumRowInt) X(ReduceSumColInt) X(ReduceAvgRowInt) X(ReduceAvgColInt)                                        \
    X(ReduceMaxRowInt) X(ReduceMaxColInt) X(ReduceMinRowInt) X(ReduceMinColInt)

enum class VectorWork : uint8_t {
#define TTSIM_NAME(name) name,
    TTSIM_VECTOR_WORK(TTSIM_NAME)
#undef TTSIM_NAME
    Count
};

/// Cycles of the vector unit for one tile.
struct VectorCost {
    double cycles[2];  ///< with 16 and with 32 bits in DST
};

struct VectorCosts {
    VectorCost function[size_t(SfpuOp::Count)];
    VectorCost work[size_t(VectorWork::Count)];
    VectorCost typecast[size_t(DataFormat::UInt8) + 1][size_t(DataFormat::UInt8) + 1];  ///< [from][to]
};

struct Settings {
#define TTSIM_FIELD(name) double name;
    TTSIM_SETTINGS(TTSIM_FIELD)
#undef TTSIM_FIELD
    VectorCosts vector;

    /// Where the kernel configuration area of an L1 ends, which holds semaphores and arguments.
    uint32_t config_end() const { return uint32_t(l1_config_base + l1_config_bytes); }
};

enum class Fault : uint8_t {
    None, Deadlock, Address, Arithmetic, Illegal, Budget, NoProgress, Api, Assertion,
    InFlight, NotWaited, UseAfterPop, NotReserved, Alignment, Unwritten, Dst, UnwrittenDst, Semaphore, Race, Limit, Configuration, Unfinished, Linked,
};

/// Operations on whole tiles: products of two tiles, other work of the matrix unit, functions of the vector unit; its cycles.
enum class TileWork : uint8_t { Product, Matrix, Vector, VectorCycles, Count };

struct FaultReport {
    Fault kind;
    Actor who, other;      ///< to blame, and the other party, if there is one
    char other_what[48];   ///< what the other party did
    char message[480];
};


struct Machine {
    Settings settings;
    uint32_t cores, columns, rows, banks;
    Core* core;
    uint8_t* l1;                  ///< first slot; below 4 GiB
    size_t l1_bytes;
    Core* window_core;            ///< whose L1 also lies at its own offsets (l1_window.h)
    Bank* bank;
    Node node[NOCS][64 * 64];     ///< by NoC coordinate
    uint32_t bank_xy[NOCS][64];   ///< y << 6 | x of each DRAM bank's endpoint

    // run
    bool timed;
    Accuracy accuracy;
    Time now;
    Time limit;
    EventQueue events;
    Fiber *ready_head, *ready_tail;
    Fiber* interrupted;           ///< gave the host thread back in the middle of its work: goes on before all others
    Fiber* fibers;
    uint32_t fiber_count, fiber_capacity, fibers_left;
    Kernel* kernels;
    uint32_t kernel_count;
    Fiber *pending_head, *pending_tail;
    Packet* free_packets;
    Dst* free_dst;
    DstSlab* dst_slabs;
    FaultReport fault;
    uint64_t events_run, switches, transfers, transfer_bytes[4];
    uint64_t tile_work[size_t(TileWork::Count)];
    Fabric fabric;
    Time end;
    uint32_t spinning;            ///< fibers inside loops that make no call
    volatile bool stop_requested;
    volatile uint32_t ticks;      ///< of the host's clock, that asked to stop
    void* scheduler_stack_pointer;
    char* output;                 ///< device prints
    size_t output_size, output_capacity;

    Sanitizer* sanitizer;         ///< null when the run is not checked
    MemoryShadow* shadow;
    Trace* trace;                 ///< null when the run is not recorded
    uint64_t schedule_seed;       ///< 0: as modelled; otherwise arrivals are perturbed
    uint64_t schedule_state;

    // arenas
    char* stacks;
    size_t stacks_bytes, stack_bytes;
};

// ---- scheduler.cpp
Fiber* self();
void make_ready(Machine& machine, Fiber* fiber);
/// After all others that can run: for a fiber that gives its turn away.
void make_ready_last(Machine& machine, Fiber* fiber);
/// Gives the host thread back; returns when the fiber is made ready again.
void block(Fiber* fiber, Wait why, uint32_t object = 0, uint32_t need = 0, uint32_t extra = 0);
/// Gives the host thread back; the fiber is in the ready queue already.
void yield_ready(Fiber* fiber);
/// Ends the run: the message names what is wrong. Does not return.
[[noreturn]] void fail(Fault kind, uint32_t line, const char* format, ...) __attribute__((format(printf, 3, 4)));
[[noreturn]] void fail_at(Fault kind, const Actor& who, const Actor* other, const char* other_what, const char* format, ...)
    __attribute__((format(printf, 5, 6)));
/// Notes a fault, the first one only; the run ends when the scheduler has the host thread again.
void report(Machine& machine, Fault kind, const Actor& who, const Actor* other, const char* other_what, const char* format, ...)
    __attribute__((format(printf, 6, 7)));
/// A number below `bound` of the schedule's sequence.
uint32_t schedule_random(Machine& machine, uint32_t bound);
/// Brings the global clock up to the fiber's own, so that it sees shared state in time order.
void synchronise(Fiber* fiber);
/// Past the limit, or the host asked for its thread: a fiber that never waits must not keep it.
void leave_for_a_while(Fiber* fiber);

// ---- trace.cpp
/// The fiber has worked, or waited, for so many cycles up to now.
void trace_work(const Fiber* fiber, Time cycles);
void trace_wait(const Fiber* fiber, Time cycles, Wait why);
/// An engine has done, up to now and in so many cycles, what as many instructions of its processor asked for.
void trace_instructions(const Fiber* fiber, double cycles, double instructions);

/// Cycles of the kernel's own code since the last call, beyond what calls include and what an engine hides.
inline Time take_own_cycles(Fiber* fiber) {
    const int64_t cycles = ttsim_own.cycles - fiber->ahead;
    const Time accesses = fiber->access_cycles;
    ttsim_own.cycles = fiber->own_cycles_at_look = fiber->ahead = 0;
    fiber->access_cycles = 0;
    return accesses + (cycles > 0 ? Time(cycles) : 0);
}

/// Cycles that were charged to the line of a call belong to the code before it.
inline void move_to_own_line(Kernel& kernel, uint32_t line, Time cycles) {
    if (ttsim_own.line == 0 || ttsim_own.line >= kernel.lines || line >= kernel.lines) return;
    kernel.line_busy[line] -= cycles;
    kernel.line_busy[ttsim_own.line] += cycles;
}

/// Work of the running fiber, on the line of the call.
inline void charge(Fiber* fiber, uint32_t line, double cycles_or_call) {
    Machine& machine = *fiber->core->machine;
    if (machine.timed && fiber->role >= TTSIM_UNPACK && line != fiber->line) fiber->called.add(uint16_t(line));
    fiber->line = line;
    fiber->calls++;
    const Time own = machine.timed ? take_own_cycles(fiber) : 0;
    const Time cycles = machine.timed ? Time(cycles_or_call) + fiber->pending_cycles + own : 1;
    fiber->pending_cycles = 0;
    fiber->time += cycles;
    fiber->busy += cycles;
    Kernel& kernel = *fiber->kernel;
    if (line < kernel.lines) kernel.line_busy[line] += cycles;
    if (__builtin_expect(own != 0, 0)) move_to_own_line(kernel, line, own);
    ttsim_own.line = 0;
    if (__builtin_expect(machine.trace != nullptr, 0)) trace_work(fiber, cycles);
    if (__builtin_expect(fiber->time > machine.limit || machine.stop_requested, 0)) leave_for_a_while(fiber);
}

/// Work of an engine that so many instructions ask for: its processor goes on meanwhile.
inline void charge_engine(Fiber* fiber, uint32_t line, double cycles, double instructions) {
    charge(fiber, line, cycles);
    fiber->ahead = int64_t(cycles);
    if (__builtin_expect(fiber->core->machine->trace != nullptr, 0)) trace_instructions(fiber, cycles, instructions);
}

/// An instruction a cycle, as of the vector unit.
inline void charge_engine(Fiber* fiber, uint32_t line, double cycles) { charge_engine(fiber, line, cycles, cycles); }

/// The running fiber waits until `time` for `why`.
inline void wait_until(Fiber* fiber, Time time, Wait why) {
    if (time <= fiber->time) return;
    const Time cycles = time - fiber->time;
    fiber->time = time;
    fiber->waited[size_t(why)] += cycles;
    if (fiber->line < fiber->kernel->lines) fiber->kernel->line_wait[fiber->line] += cycles;
    if (__builtin_expect(fiber->core->machine->trace != nullptr, 0)) trace_wait(fiber, cycles, why);
}

// ---- memory.cpp
bool create_memory(Machine& machine, char* error, size_t error_bytes);
void destroy_memory(Machine& machine);
/// Zeroed memory on the host's huge pages where it has any: what all events and switches touch takes few entries of its
/// translation cache then. Null if there is none.
void* allocate_huge(size_t bytes);
/// The same for memory that is mapped already, from now on.
void prefer_huge(void* memory, size_t bytes);
void free_huge(void* memory, size_t bytes);

// ---- noc.cpp
void reset_network(Machine& machine);
/// Without time: performs a fiber's transfers that match (mask of PacketKind bits, NoC or -1).
void perform_pending(Machine& machine, Fiber* fiber, uint32_t kinds, int noc);
/// Without time: performs everything; true if there was something.
bool perform_all_pending(Machine& machine);
/// Wakes semaphore waiters of a core whose condition holds.
void check_semaphores(Core& core, Time time);

// ---- circular_buffer.cpp
CircularBuffer& configured_cb(Fiber* fiber, uint32_t cb, uint32_t line);

// ---- compute.cpp
/// Copies operands in flight out of pages of `cb` that are about to be popped.
void keep_operands(Core& core, uint32_t cb);

}  // namespace ttsim
