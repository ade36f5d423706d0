// SPDX-License-Identifier: Apache-2.0
//
// The C interface that Python uses: devices, buffers, programs, results. Functions that can fail return 0 on success.
#include <ctype.h>
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <string>

#include "fiber.h"
#include "network.h"
#include "sanitizer.h"
#include "scheduler.h"
#include "signals.h"
#include "trace.h"

namespace ttsim {

namespace {

constexpr size_t STACK_BYTES = 512 << 10;
constexpr size_t GUARD_BYTES = 4096;
constexpr size_t STACK_COLOUR = 5 * 64, STACK_COLOURS = 4096;
constexpr uint64_t HUGE_FROM = 32 << 20;        ///< bytes used of a DRAM bank: cores that stream large tensors touch thousands of pages in turn
constexpr uint32_t ARGUMENT_AREA = 4096;        ///< bytes for the arguments of one kind of one processor
constexpr uint32_t START_SLACK = 200;           ///< random schedules: cycles by which processors may start apart
constexpr uint32_t ARGUMENT_OFFSET = 1024;      ///< after the semaphores, in the kernel configuration area

/// `exp_approx` and `ExpApprox` are the same name.
bool same_name(const char* key, const char* name) {
    for (;; key++, name++) {
        while (*key == '_') key++;
        while (*name == '_') name++;
        if (tolower(*key) != tolower(*name)) return false;
        if (!*key) return true;
    }
}

DataFormat format_of(const char* name) {
    for (uint32_t i = 0; i <= uint32_t(DataFormat::UInt8); i++)
        if (same_name(name, format_name(DataFormat(i)))) return DataFormat(i);
    return DataFormat::Invalid;
}

/// Where the cost of the work stands that a row of the chip's table names: an operation of sfpu_ops.def, a VectorWork,
/// `typecast_<from>_to_<to>`. Null for another name.
VectorCost* vector_cost(VectorCosts& costs, const char* key) {
    for (uint32_t i = 0; i < uint32_t(SfpuOp::Count); i++)
        if (same_name(key, sfpu_info(SfpuOp(i)).name)) return &costs.function[i];
#define TTSIM_MATCH(name) \
    if (same_name(key, #name)) return &costs.work[size_t(VectorWork::name)];
    TTSIM_VECTOR_WORK(TTSIM_MATCH)
#undef TTSIM_MATCH
    constexpr char PREFIX[] = "typecast_", BETWEEN[] = "_to_";
    const char* const between = strstr(key, BETWEEN);
    if (strncmp(key, PREFIX, sizeof PREFIX - 1) || !between) return nullptr;
    const std::string from(key + sizeof PREFIX - 1, between);
    const DataFormat source = format_of(from.c_str()), target = format_of(between + sizeof BETWEEN - 1);
    if (source == DataFormat::Invalid || target == DataFormat::Invalid) return nullptr;
    return &costs.typecast[size_t(source)][size_t(target)];
}

double* setting(Machine& machine, const char* key) {
#define TTSIM_MATCH(name) \
    if (!strcmp(key, #name)) return &machine.settings.name;
    TTSIM_SETTINGS(TTSIM_MATCH)
#undef TTSIM_MATCH
    return nullptr;
}

const char* missing_setting(const Machine& machine) {
#define TTSIM_CHECK(name) \
    if (isnan(machine.settings.name)) return #name;
    TTSIM_SETTINGS(TTSIM_CHECK)
#undef TTSIM_CHECK
    return nullptr;
}

uint8_t* page_memory(Machine& machine, bool dram, uint32_t page, uint64_t address, uint64_t stride) {
    const uint32_t banks = dram ? machine.banks : machine.cores;
    const uint64_t offset = address + uint64_t(page / banks) * stride;
    return (dram ? machine.bank[page % banks].memory : machine.core[page % banks].l1) + offset;
}

void reset_core(Core& core) {
    for (CircularBuffer& cb : core.cb) {
        Time *const pushed = cb.pushed_at, *const freed = cb.freed_at;
        const uint32_t capacity = cb.stamp_capacity;
        cb = CircularBuffer{};
        cb.pushed_at = pushed;
        cb.freed_at = freed;
        cb.stamp_capacity = capacity;
    }
    core.cbs_used = 0;
    memset(core.fiber, 0, sizeof core.fiber);
    core.semaphore_waiters = core.src_consumer = core.src_producer = core.dst_math = core.dst_pack = nullptr;
    core.math = MathConfig{};
    core.pack = PackConfig{};
    core.binary_accumulate = core.matmul_transpose = core.copy_transpose_faces = core.copy_transpose_within = false;
    memset(core.sfpu_param, 0, sizeof core.sfpu_param);
    memset(core.cumsum_carry, 0, sizeof core.cumsum_carry);
    random_seed(core.random, core.index + 1);
    core.src_filled = core.src_used = 0;
    memset(core.src_freed_at, 0, sizeof core.src_freed_at);
    for (auto& from : core.mailbox)
        for (Mailbox& box : from) box = Mailbox{};
    for (Dst*& dst : core.dst) {  // of a run that ended early
        if (!dst) continue;
        dst->next = core.machine->free_dst;
        core.machine->free_dst = dst;
        dst = nullptr;
    }
    core.sections = 2;
    core.section_tiles = 0;
    core.acquired = core.committed = core.waited = core.released = 0;
    memset(core.committed_at, 0, sizeof core.committed_at);
    memset(core.released_at, 0, sizeof core.released_at);
    core.written[0] = core.written[1] = 0;
}

bool ensure_stacks(Machine& machine, uint32_t count) {
    const size_t bytes = STACK_BYTES * count + GUARD_BYTES;  // one below each, and one above the last
    if (machine.stacks_bytes >= bytes) return true;
    if (machine.stacks) munmap(machine.stacks, machine.stacks_bytes);
    void* got = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (got == MAP_FAILED) return false;
    machine.stacks = static_cast<char*>(got);
    machine.stacks_bytes = bytes;
    for (uint32_t i = 0; i <= count; i++) mprotect(machine.stacks + i * STACK_BYTES, GUARD_BYTES, PROT_NONE);
    return true;
}

const uint32_t* store_arguments(Core& core, uint32_t role, bool common, const uint32_t* values, uint32_t count) {
    const Settings& settings = core.machine->settings;
    uint8_t* const area = core.l1 + uint32_t(settings.l1_config_base) + ARGUMENT_OFFSET + (2 * role + common) * ARGUMENT_AREA;
    memcpy(area, values, count * sizeof(uint32_t));
    return reinterpret_cast<const uint32_t*>(area);
}

void fill_node(Machine& machine, uint32_t noc, uint32_t x, uint32_t y, Node node) { machine.node[noc][y * 64 + x] = node; }

uint16_t router_at(const Machine& machine, uint32_t x, uint32_t y) { return uint16_t(y * uint32_t(machine.settings.noc_columns) + x); }

/// Loaded kernel code, and its writable data as it was when it was loaded: each launch starts from that.
struct LoadedKernel {
    const char* path;
    void* handle;
    uint8_t* data;
    uint8_t* initial;
    size_t data_bytes;
    uint64_t base, code_low, code_high;
};

void note_segment(LoadedKernel& kernel, const dl_phdr_info& info, const ElfW(Phdr) & header) {
    const uintptr_t low = info.dlpi_addr + header.p_vaddr;
    if (header.p_flags & PF_X) {
        add_kernel_code(low, low + header.p_memsz);
        kernel.base = info.dlpi_addr;
        kernel.code_low = low;
        kernel.code_high = low + header.p_memsz;
    }
    if (!(header.p_flags & PF_W)) return;
    kernel.data = reinterpret_cast<uint8_t*>(low);
    kernel.data_bytes = header.p_memsz;
}

int note_segments(dl_phdr_info* info, size_t, void* data) {
    auto* kernel = static_cast<LoadedKernel*>(data);
    if (strcmp(info->dlpi_name, kernel->path) != 0) return 0;
    uintptr_t sealed = 0;  // the part that the loader makes read-only after relocation
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const auto& header = info->dlpi_phdr[i];
        if (header.p_type == PT_LOAD) note_segment(*kernel, *info, header);
        if (header.p_type == PT_GNU_RELRO) sealed = info->dlpi_addr + header.p_vaddr + header.p_memsz;
    }
    if (kernel->data && sealed > uintptr_t(kernel->data)) {
        const size_t skip = sealed - uintptr_t(kernel->data);
        kernel->data_bytes = kernel->data_bytes > skip ? kernel->data_bytes - skip : 0;
        kernel->data += skip;
    }
    return 1;
}

}  // namespace

}  // namespace ttsim

using namespace ttsim;

extern "C" {

// ---- device

Machine* ttsim_device_new(uint32_t columns, uint32_t rows, uint32_t banks) {
    auto* machine = static_cast<Machine*>(calloc(1, sizeof(Machine)));
    machine->columns = columns;
    machine->rows = rows;
    machine->cores = columns * rows;
    machine->banks = banks;
    machine->core = static_cast<Core*>(allocate_huge(machine->cores * sizeof(Core)));
    machine->bank = static_cast<Bank*>(calloc(banks, sizeof(Bank)));
    auto* values = reinterpret_cast<double*>(&machine->settings);
    for (size_t i = 0; i < sizeof(Settings) / sizeof(double); i++) values[i] = NAN;
    return machine;
}

/// Unknown keys are refused: returns 1.
int ttsim_device_set(Machine* machine, const char* key, double value) {
    double* const place = setting(*machine, key);
    if (!place) return 1;
    *place = value;
    return 0;
}

void ttsim_device_core(Machine* machine, uint32_t index, uint32_t physical_x, uint32_t physical_y, uint32_t noc_x, uint32_t noc_y) {
    Core& core = machine->core[index];
    core.machine = machine;
    core.index = index;
    core.logical_x = uint8_t(index % machine->columns);
    core.logical_y = uint8_t(index / machine->columns);
    core.physical_x = uint8_t(physical_x);
    core.physical_y = uint8_t(physical_y);
    core.noc_x = uint8_t(noc_x);
    core.noc_y = uint8_t(noc_y);
    for (uint32_t noc = 0; noc < NOCS; noc++)
        fill_node(*machine, noc, noc_x, noc_y, {NodeKind::Worker, router_at(*machine, physical_x, physical_y), uint16_t(index)});
}

/// Cycles of a vector function on one tile, with 16 and with 32 bits in DST. Unknown functions are refused: returns 1.
int ttsim_device_vector(Machine* machine, const char* function, double narrow, double wide) {
    VectorCost* const place = vector_cost(machine->settings.vector, function);
    if (!place) return 1;
    *place = {narrow, wide};
    return 0;
}

/// A DRAM endpoint answers on both NoCs; `noc` is the one whose traffic the allocator sends there.
void ttsim_device_bank(Machine* machine, uint32_t bank, uint32_t noc, uint32_t x, uint32_t y) {
    for (uint32_t i = 0; i < NOCS; i++) fill_node(*machine, i, x, y, {NodeKind::Dram, router_at(*machine, x, y), uint16_t(bank)});
    machine->bank_xy[noc][bank] = y << 6 | x;
}

int ttsim_device_finish(Machine* machine, char* error, uint32_t error_bytes) {
    auto* const costs = reinterpret_cast<double*>(&machine->settings.vector);
    for (size_t i = 0; i < sizeof machine->settings.vector / sizeof(double); i++)
        if (isnan(costs[i])) costs[i] = machine->settings.sfpu_default;
    if (const char* key = missing_setting(*machine)) {
        snprintf(error, error_bytes, "the chip description has no value for %s", key);
        return 1;
    }
    const Settings& settings = machine->settings;
    if (settings.noc_columns > ReadTree::AWAY || settings.noc_rows > ReadTree::AWAY) {
        snprintf(error, error_bytes, "a NoC of %g x %g routers: at most %u x %u", settings.noc_columns, settings.noc_rows, ReadTree::AWAY, ReadTree::AWAY);
        return 1;
    }
    if (!create_memory(*machine, error, error_bytes)) return 1;
    if (!create_fabric(*machine)) {
        snprintf(error, error_bytes, "no room on the host for the links of the NoCs");
        return 1;
    }
    for (uint32_t i = 0; i < machine->cores; i++) machine->core[i].l1 = machine->l1 + size_t(i) * L1_SLOT;
    machine->shadow = create_shadow(*machine);
    if (!machine->shadow) {
        snprintf(error, error_bytes, "no room on the host for the record of written memory");
        return 1;
    }
    return 0;
}

void ttsim_device_delete(Machine* machine) {
    delete machine->sanitizer;
    destroy_shadow(machine->shadow);
    watch_accesses(nullptr);
    destroy_memory(*machine);
    end_trace(*machine);
    free_fabric(*machine);
    for (uint32_t i = 0; i < machine->cores; i++) {
        Core& core = machine->core[i];
        for (CircularBuffer& cb : core.cb) {
            free(cb.pushed_at);
            free(cb.freed_at);
        }
        for (SrcEntry& entry : core.src) free(entry.storage);
        for (WholeTiles& side : core.whole) free(side.data);
    }
    while (DstSlab* slab = machine->dst_slabs) {
        machine->dst_slabs = slab->next;
        free_huge(slab, sizeof(DstSlab));
    }
    for (uint32_t i = 0; i < machine->fiber_count; i++) free(machine->fibers[i].print);
    if (machine->stacks) munmap(machine->stacks, machine->stacks_bytes);
    for (uint32_t i = 0; i < machine->kernel_count; i++) free(machine->kernels[i].line_busy);
    free(machine->kernels);
    free_huge(machine->fibers, machine->fiber_capacity * sizeof(Fiber));
    machine->events.release();
    free(machine->output);
    free(machine->bank);
    free_huge(machine->core, machine->cores * sizeof(Core));
    free(machine);
}

// ---- buffers

/// Makes the first `bytes` of every DRAM bank usable.
int ttsim_dram_commit(Machine* machine, uint64_t bytes) {
    bytes = (bytes + 4095) & ~uint64_t(4095);
    for (uint32_t i = 0; i < machine->banks; i++) {
        Bank& bank = machine->bank[i];
        if (bytes <= bank.committed) continue;
        if (bytes > bank.extent || mprotect(bank.memory, bytes, PROT_READ | PROT_WRITE)) return 1;
        if (bytes >= HUGE_FROM) prefer_huge(bank.memory, bytes);
        bank.committed = bytes;
    }
    return 0;
}

/// Pages first .. first + count of an interleaved buffer to or from contiguous host memory.
void ttsim_pages(Machine* machine, uint32_t dram, uint32_t to_device, uint64_t address, uint64_t stride, uint32_t page_size, uint32_t first,
                 uint32_t count, uint8_t* host) {
    for (uint32_t i = 0; i < count; i++, host += page_size) {
        uint8_t* const page = page_memory(*machine, dram, first + i, address, stride);
        if (to_device) {
            memcpy(page, host, page_size);
            mark_page(*machine, dram, first + i, address, stride, page_size);
        } else {
            memcpy(host, page, page_size);
        }
    }
}

void ttsim_l1_copy(Machine* machine, uint32_t core, uint32_t to_device, uint64_t address, uint8_t* host, uint64_t bytes) {
    uint8_t* const l1 = machine->core[core].l1 + address;
    memcpy(to_device ? l1 : host, to_device ? host : l1, bytes);
    if (to_device) mark_host_write(machine->shadow->core[core], address, bytes);
}

uint64_t ttsim_page_address(Machine* machine, uint32_t dram, uint32_t page, uint64_t address, uint64_t stride) {
    return reinterpret_cast<uint64_t>(page_memory(*machine, dram, page, address, stride));
}

// ---- kernels

void* ttsim_kernel_open(const char* path, char* error, uint32_t error_bytes) {
    void* handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        snprintf(error, error_bytes, "%s", dlerror());
        return nullptr;
    }
    auto* kernel = static_cast<LoadedKernel*>(calloc(1, sizeof(LoadedKernel)));
    kernel->path = path;
    kernel->handle = handle;
    dl_iterate_phdr(note_segments, kernel);
    if (kernel->data_bytes) {
        kernel->initial = static_cast<uint8_t*>(malloc(kernel->data_bytes));
        memcpy(kernel->initial, kernel->data, kernel->data_bytes);
    }
    return kernel;
}

void* ttsim_kernel_symbol(LoadedKernel* kernel, const char* name) { return dlsym(kernel->handle, name); }

/// Static variables as they were when the kernel was loaded.
void ttsim_kernel_reset(LoadedKernel* kernel) {
    if (kernel->data_bytes) memcpy(kernel->data, kernel->initial, kernel->data_bytes);
}

// ---- program

int ttsim_program_begin(Machine* machine, uint32_t timed, uint32_t exact, uint32_t sanitize, uint64_t schedule_seed, uint64_t limit, uint64_t trace_limit,
                        uint32_t kernels, const uint32_t* lines, uint32_t fibers) {
    if (!ensure_stacks(*machine, fibers) || !begin_trace(*machine, trace_limit, fibers)) return 1;
    for (uint32_t i = 0; i < machine->kernel_count; i++) free(machine->kernels[i].line_busy);
    free(machine->kernels);
    machine->kernels = static_cast<Kernel*>(calloc(kernels ? kernels : 1, sizeof(Kernel)));
    machine->kernel_count = kernels;
    for (uint32_t i = 0; i < kernels; i++) {
        Kernel& kernel = machine->kernels[i];
        kernel.index = i;
        kernel.lines = lines[i];
        kernel.line_busy = static_cast<uint64_t*>(calloc(2 * size_t(lines[i]) + 1, sizeof(uint64_t)));
        kernel.line_wait = kernel.line_busy + lines[i];
    }
    for (uint32_t i = 0; i < machine->fiber_count; i++) free(machine->fibers[i].print);
    if (machine->fiber_capacity < fibers) {
        free_huge(machine->fibers, machine->fiber_capacity * sizeof(Fiber));
        machine->fibers = static_cast<Fiber*>(allocate_huge(fibers * sizeof(Fiber)));
        machine->fiber_capacity = fibers;
    }
    if (fibers) memset(static_cast<void*>(machine->fibers), 0, fibers * sizeof(Fiber));
    machine->fiber_count = machine->fibers_left = 0;
    for (uint32_t i = 0; i < machine->cores; i++) reset_core(machine->core[i]);
    machine->timed = timed;
    machine->accuracy = exact ? Accuracy::Exact : Accuracy::Fast;
    machine->limit = limit ? limit : ~Time(0);
    machine->now = machine->end = 0;
    machine->events.clear();
    machine->ready_head = machine->ready_tail = machine->interrupted = nullptr;
    machine->fault = FaultReport{};
    machine->schedule_seed = schedule_seed;
    machine->schedule_state = schedule_seed * 0x9E3779B97F4A7C15ull | 1;
    begin_checks(*machine, sanitize, fibers);
    watch_accesses(sanitize || timed ? machine : nullptr);
    machine->spinning = 0;
    machine->events_run = machine->switches = machine->transfers = 0;
    memset(machine->transfer_bytes, 0, sizeof machine->transfer_bytes);
    memset(machine->tile_work, 0, sizeof machine->tile_work);
    machine->output_size = 0;
    reset_network(*machine);
    return 0;
}

void ttsim_program_compute(Machine* machine, const uint32_t* cores, uint32_t count, uint32_t phases, uint32_t fp32_dest, uint32_t approx,
                           uint32_t full_sync, uint32_t fp16_dest) {
    for (uint32_t i = 0; i < count; i++) {
        Core& core = machine->core[cores[i]];
        core.math.accuracy = machine->accuracy;
        core.math.fidelity_phases = uint8_t(phases);
        core.math.fp32_dest = fp32_dest;
        core.math.approx = approx;
        core.math.fp16_dest = fp16_dest;
        core.sections = full_sync ? 1 : 2;
        core.section_tiles = uint32_t(fp32_dest ? machine->settings.dst_tiles_32bit : machine->settings.dst_tiles_16bit) / core.sections;
    }
}

/// Places one processor of a kernel on cores; `offsets[i]` to `offsets[i + 1]` delimit the arguments of core i.
void ttsim_program_place(Machine* machine, uint32_t kernel, uint32_t role, uint32_t noc, void (*entry)(), const uint32_t* cores, uint32_t count,
                         const uint32_t* arguments, const uint32_t* offsets, const uint32_t* common, uint32_t common_count, uint32_t origin_x,
                         uint32_t origin_y) {
    for (uint32_t i = 0; i < count; i++) {
        Core& core = machine->core[cores[i]];
        Fiber& fiber = machine->fibers[machine->fiber_count];
        fiber.stack_low = machine->stacks + machine->fiber_count * STACK_BYTES + GUARD_BYTES;
        // Stacks start at different places of their pages: at the same place they would all want the same sets of the host's caches.
        fiber.stack_bytes = STACK_BYTES - GUARD_BYTES - machine->fiber_count * STACK_COLOUR % STACK_COLOURS;
        fiber.stack_pointer = prepare_stack(fiber.stack_low, fiber.stack_bytes, fiber_main);
        machine->fiber_count++;
        machine->fibers_left++;
        fiber.entry = entry;
        fiber.core = &core;
        fiber.kernel = &machine->kernels[kernel];
        fiber.role = uint8_t(role);
        fiber.noc = uint8_t(noc);
        fiber.arg_count = offsets[i + 1] - offsets[i];
        fiber.common_arg_count = common_count;
        fiber.args = store_arguments(core, role, false, arguments + offsets[i], fiber.arg_count);
        fiber.common_args = store_arguments(core, role, true, common, common_count);
        fiber.l1_base = uint32_t(reinterpret_cast<uintptr_t>(core.l1));
        fiber.logical_x = core.logical_x;
        fiber.logical_y = core.logical_y;
        fiber.relative_x = uint8_t(core.logical_x - origin_x);
        fiber.relative_y = uint8_t(core.logical_y - origin_y);
        fiber.noc_x = core.noc_x;
        fiber.argument_cycles = uint8_t(machine->settings.risc_argument);
        fiber.address_cycles = uint8_t(machine->settings.risc_address);
        fiber.page_address_cycles = uint8_t(machine->settings.risc_page_address);
        fiber.noc_y = core.noc_y;
        fiber.time = Time(machine->timed ? machine->settings.risc_start : 0);
        if (machine->timed && machine->schedule_seed) fiber.time += schedule_random(*machine, START_SLACK);
        if (machine->sanitizer) shadow_of(core).in_program = true;
        core.fiber[role] = &fiber;
    }
}

void ttsim_program_cb(Machine* machine, uint32_t index, const uint32_t* cores, uint32_t count, uint32_t base, uint32_t page_size, uint32_t pages,
                      uint32_t format, uint32_t tile_size, uint32_t to_dest, uint32_t tile_rows, uint32_t tile_columns) {
    for (uint32_t i = 0; i < count; i++) {
        Core& core = machine->core[cores[i]];
        CircularBuffer& cb = core.cb[index];
        cb.base = base;
        cb.page_size = page_size;
        cb.pages = pages;
        cb.format = DataFormat(format);
        cb.tile_bytes = tile_size;
        cb.unpack_to_dest = to_dest;
        cb.tile_rows = uint8_t(tile_rows);
        cb.tile_columns = uint8_t(tile_columns);
        cb.configured = true;
        if (core.cbs_used < sizeof core.cb_used) core.cb_used[core.cbs_used++] = uint8_t(index);
        if (cb.stamp_capacity < pages) {
            free(cb.pushed_at);
            free(cb.freed_at);
            cb.pushed_at = static_cast<Time*>(malloc(pages * sizeof(Time)));
            cb.freed_at = static_cast<Time*>(malloc(pages * sizeof(Time)));
            cb.stamp_capacity = pages;
        }
        memset(cb.freed_at, 0, pages * sizeof(Time));
        memset(cb.pushed_at, 0, pages * sizeof(Time));
        place_cb_checks(machine->core[cores[i]], index);
    }
}

void ttsim_program_semaphore(Machine* machine, uint32_t id, const uint32_t* cores, uint32_t count, uint32_t initial) {
    const uint32_t offset = uint32_t(machine->settings.l1_config_base) + id * uint32_t(machine->settings.l1_alignment);
    for (uint32_t i = 0; i < count; i++) *reinterpret_cast<uint32_t*>(machine->core[cores[i]].l1 + offset) = initial;
}

/// Call once after the placement: every processor starts.
void ttsim_program_start(Machine* machine) {
    if (machine->sanitizer)
        for (uint32_t i = 0; i < machine->cores; i++) begin_processor_checks(machine->core[i]);
    for (uint32_t i = 0; i < machine->fiber_count; i++) {
        Fiber& fiber = machine->fibers[i];
        // Time starts with the first processor of a core.
        const Fiber* const* others = fiber.core->fiber;
        if (machine->timed && fiber.role == TTSIM_DM1 && (others[TTSIM_DM0] || others[TTSIM_UNPACK]))
            wait_until(&fiber, fiber.time + Time(machine->settings.risc_reader_start), Wait::Start);
        make_ready(*machine, &fiber);
    }
}

int ttsim_program_run(Machine* machine, uint32_t slice_ms) { return int(run_slice(*machine, slice_ms)); }

// ---- results

/// cycles, now, events, switches, transfers, bytes read / written / multicast, fibers left, largest link occupancy of each
/// NoC, sum of link occupancy of each NoC, largest and total DRAM channel occupancy.
void ttsim_result_summary(Machine* machine, uint64_t* out) {
    uint64_t peak[NOCS] = {}, total[NOCS] = {}, dram_peak = 0, dram_total = 0;
    const size_t links = size_t(machine->fabric.routers()) * DIRECTIONS;
    for (uint32_t noc = 0; noc < NOCS; noc++)
        for (size_t i = 0; i < links; i++) {
            const uint64_t busy = machine->fabric.link[noc][i].busy();
            total[noc] += busy;
            if (busy > peak[noc]) peak[noc] = busy;
        }
    for (uint32_t i = 0; i < machine->banks; i++) {
        dram_total += machine->bank[i].busy;
        if (machine->bank[i].busy > dram_peak) dram_peak = machine->bank[i].busy;
    }
    const uint64_t values[] = {machine->end,  machine->now, machine->events_run, machine->switches, machine->transfers,
                               machine->transfer_bytes[0], machine->transfer_bytes[1], machine->transfer_bytes[2], machine->fibers_left,
                               peak[0], peak[1], total[0], total[1], dram_peak, dram_total};
    memcpy(out, values, sizeof values);
}

/// One row of 20 words a fiber: kernel, core, role, state, time, busy, wait kind, wait object, need, extra, line, then the
/// cycles waited by reason from index 11 on. The state of what it waits for follows in ttsim_result_cb.
void ttsim_result_fibers(Machine* machine, uint64_t* out, uint32_t width) {
    for (uint32_t i = 0; i < machine->fiber_count; i++, out += width) {
        const Fiber& fiber = machine->fibers[i];
        const uint64_t head[] = {fiber.kernel->index, fiber.core->index, fiber.role, uint64_t(fiber.state), fiber.time, fiber.busy,
                                 uint64_t(fiber.wait), fiber.wait_object, fiber.wait_need, fiber.wait_extra, fiber.line};
        memcpy(out, head, sizeof head);
        for (uint32_t w = 0; w < uint32_t(Wait::Count) && 11 + w < width; w++) out[11 + w] = fiber.waited[w];
    }
}

/// filled, free, pages, page size, producer fiber + 1, consumer fiber + 1, high water mark; zeros if not configured.
void ttsim_result_cb(Machine* machine, uint32_t core, uint32_t index, uint64_t* out) {
    const CircularBuffer& cb = machine->core[core].cb[index];
    auto number = [&](const Fiber* fiber) { return fiber ? uint64_t(fiber - machine->fibers) + 1 : 0; };
    const uint64_t values[] = {cb.filled(), cb.free(), cb.pages, cb.page_size, number(cb.producer), number(cb.consumer), cb.high_water};
    memcpy(out, values, sizeof values);
}

uint32_t ttsim_result_word(Machine* machine, uint32_t core, uint32_t offset) {
    return *reinterpret_cast<const uint32_t*>(machine->core[core].l1 + offset);
}

const uint64_t* ttsim_result_lines(Machine* machine, uint32_t kernel) { return machine->kernels[kernel].line_busy; }

/// kind, then fiber (or -1), line, time, pc of who is to blame and the same of the other party; the message and what the
/// other party did are copied to the texts.
void ttsim_result_fault(Machine* machine, int64_t* out, char* text, uint32_t text_bytes, char* other_what, uint32_t other_bytes) {
    const FaultReport& fault = machine->fault;
    *out++ = int64_t(fault.kind);
    for (const Actor& actor : {fault.who, fault.other}) {
        *out++ = actor.fiber ? actor.fiber - machine->fibers : -1;
        *out++ = actor.line;
        *out++ = int64_t(actor.time);
        *out++ = int64_t(actor.pc);
    }
    snprintf(text, text_bytes, "%s", fault.message);
    snprintf(other_what, other_bytes, "%s", fault.other_what);
}

/// Offset of an address in the file of loaded kernels, or -1.
int64_t ttsim_kernel_offset(LoadedKernel* kernel, uint64_t pc) {
    return pc >= kernel->code_low && pc < kernel->code_high ? int64_t(pc - kernel->base) : -1;
}

const char* ttsim_result_output(Machine* machine, uint64_t* size) {
    *size = machine->output_size;
    return machine->output;
}

uint32_t ttsim_format_tile_bytes(uint32_t format, uint32_t datums) { return tile_bytes(DataFormat(format), datums); }

}  // extern "C"
