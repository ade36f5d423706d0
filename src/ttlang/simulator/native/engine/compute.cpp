// SPDX-License-Identifier: Apache-2.0
//
// Compute calls. The same kernel text runs on the unpack, math and pack processors; each call does its processor's part.
#include <string.h>

#include "operands.h"
#include "sanitizer.h"
#include "tile_shape.h"

namespace ttsim {

namespace {

enum VectorMode : uint32_t { NoFaces = 0, Rows = 1, Columns = 2, RowsColumns = 4 };

Faces faces_of(uint32_t vector_mode) {
    switch (vector_mode) {
        case Rows: return 0b0011;
        case Columns: return 0b0101;
        case RowsColumns: return ALL_FACES;
        default: return 0b0001;
    }
}

void require(bool done, Fiber* fiber, uint32_t line, const char* call, DataFormat format) {
    if (!done) fail(Fault::Api, line, "%s does not handle the data format %s", call, format_name(format));
    (void)fiber;
}

double copy_cycles(const Settings& settings, uint32_t bytes) {
    return settings.unpack_tile_cycles + bytes / settings.unpack_bytes_per_cycle;
}

double math_copy_cycles(const Settings& settings, DataFormat format) {
    return element_bytes(format) == sizeof(float) ? settings.math_copy_32bit_cycles : settings.math_copy_cycles;
}

double l1_accumulate_cycles(const Settings& settings, DataFormat format) {
    return element_bytes(format) == sizeof(float) ? settings.pack_l1_accumulate_32bit_cycles : settings.pack_l1_accumulate_cycles;
}

/// Two unpackers at once, one for each operand.
double matmul_unpack_cycles(const Settings& settings, uint32_t a_bytes, uint32_t b_bytes) {
    return (a_bytes > b_bytes ? a_bytes : b_bytes) / settings.unpack_matmul_bytes_per_cycle;
}

/// Operands of an element-wise operation of the FPU.
double binary_unpack_cycles(const Settings& settings, uint32_t bytes) { return bytes / settings.unpack_binary_bytes_per_cycle; }

double eltwise_cycles(const Settings& settings, EltwiseOp op, const MathConfig& math) {
    const uint32_t extra = op == EltwiseOp::Mul ? math.fidelity_phases - 1u : 0u;
    return settings.math_eltwise_cycles + extra * settings.math_eltwise_phase_cycles;
}

/// Of the cycles of reductions by direction, those of one.
double by_direction(ReduceDim dim, double row, double column, double scalar) {
    return dim == ReduceDim::Row ? row : dim == ReduceDim::Col ? column : scalar;
}

double reduce_unpack_cycles(const Settings& settings, ReduceDim dim) {
    return by_direction(dim, settings.unpack_reduce_row_cycles, settings.unpack_reduce_column_cycles, settings.unpack_reduce_scalar_cycles);
}

/// Sums take the phases of the fidelity, the largest element one.
double reduce_cycles(const Settings& settings, PoolType pool, ReduceDim dim, const MathConfig& math) {
    const bool adds = pool == PoolType::Sum || pool == PoolType::Avg;
    const uint32_t extra = adds ? math.fidelity_phases - 1u : 0u;
    return by_direction(dim, settings.math_reduce_row_cycles, settings.math_reduce_column_cycles, settings.math_reduce_scalar_cycles) +
           extra * by_direction(dim, settings.math_reduce_row_phase_cycles, settings.math_reduce_column_phase_cycles,
                                settings.math_reduce_scalar_phase_cycles);
}

double eltwise_instructions(const Settings& settings, EltwiseOp op) {
    return op == EltwiseOp::Mul ? settings.math_multiply_instructions : settings.math_tile_instructions;
}

double reduce_instructions(const Settings& settings, ReduceDim dim) {
    return by_direction(dim, settings.math_reduce_row_instructions, settings.math_reduce_column_instructions, settings.math_reduce_scalar_instructions);
}

/// Pays for an initialisation: its code is long and straight, and fetched from L1 unless it ran not long ago.
void charge_init(Fiber* fiber, uint32_t line, double fetched, double again) {
    charge(fiber, line, fiber->called.has(uint16_t(line)) ? again : fetched);
}

void count(const Core& core, TileWork what, uint64_t tiles = 1) { core.machine->tile_work[size_t(what)] += tiles; }

const VectorCosts& vector_costs(const Core& core) { return core.machine->settings.vector; }

/// Pays for work of the vector unit on a part of a tile; its cycles.
double charge_vector(Fiber* fiber, uint32_t line, const VectorCost& cost, double part = 1) {
    const Core& core = *fiber->core;
    const double cycles = cost.cycles[core.math.fp32_dest] * part + core.machine->settings.sfpu_call_cycles;
    charge_engine(fiber, line, cycles);
    return cycles;
}

/// A function of sfpu_ops.def on the faces of a tile that the vector mode names.
void charge_function(Fiber* fiber, uint32_t line, uint32_t op, uint32_t vector_mode) {
    constexpr double FACES = 4;
    const VectorCost& cost = vector_costs(*fiber->core).function[op];
    const double cycles = charge_vector(fiber, line, cost, __builtin_popcount(faces_of(vector_mode)) / FACES);
    count(*fiber->core, TileWork::Vector);
    count(*fiber->core, TileWork::VectorCycles, uint64_t(cycles));
}

void charge_work(Fiber* fiber, uint32_t line, VectorWork work) {
    charge_vector(fiber, line, vector_costs(*fiber->core).work[size_t(work)]);
}

/// In VectorWork they stand in the order of PoolType, rows before columns.
VectorWork reduction(PoolType pool, ReduceDim dim, DataFormat format) {
    const VectorWork first = is_integer(format) ? VectorWork::ReduceSumRowInt : VectorWork::ReduceSumRow;
    return VectorWork(size_t(first) + 2 * size_t(pool) + size_t(dim == ReduceDim::Col));
}

uint32_t extent(const Operand& operand, uint32_t tiles) { return (tiles - 1) * operand.page_size + operand.tile_bytes; }

/// To a tile that is smaller than what DST holds.
bool pack_partial(Core& core, const CircularBuffer& cb, const uint32_t* source, uint8_t* target) {
    alignas(64) uint8_t whole[4096];
    if (core.pack.l1_accumulate) make_whole(cb, target, whole);
    if (!pack_tile(core.math, cb.format, source, whole, core.pack)) return false;
    cut_off(cb, whole, target);
    return true;
}

uint32_t smaller(uint32_t a, uint32_t b) { return a < b ? a : b; }

/// matmul_block on tiles whose pages are not one tile apart.
bool matmul_spread(const MathConfig& math, const Operand& a, const Operand& b, const SrcEntry& entry, bool transpose, uint32_t ct,
                   uint32_t rt, uint32_t kt, uint32_t* dst) {
    for (uint32_t r = 0; r < rt; r++)
        for (uint32_t c = 0; c < ct; c++)
            if (!matmul_tile(math, a.format, entry.a + size_t(r) * kt * a.page_size, b.format, entry.b + size_t(c) * b.page_size, transpose,
                             dst + (r * ct + c) * TILE_LANES))
                return false;
    return true;
}

}  // namespace

}  // namespace ttsim

using namespace ttsim;

extern "C" {

// ---- initialisation

void tensix_init(uint32_t units, uint32_t line) {
    Fiber* fiber = self();
    const Settings& settings = fiber->core->machine->settings;
    if (!(units >> fiber->role & 1)) return;
    if (fiber->role == TTSIM_MATH) return charge(fiber, line, settings.math_init_cycles);
    charge_init(fiber, line, settings.unpack_init_cycles, settings.unpack_init_again_cycles);
}

void tensix_hw_startup(uint32_t cb_a, uint32_t cb_b, uint32_t out, uint32_t line) {
    Fiber* fiber = self();
    if (fiber->core->machine->sanitizer) configure_all(fiber, cb_a, cb_b, out, line);
    const Settings& settings = fiber->core->machine->settings;
    charge_init(fiber, line, settings.unpack_startup_cycles, settings.unpack_startup_again_cycles);
}

void tensix_reconfigure(uint32_t units, uint32_t line) {
    Fiber* fiber = self();
    if (!(units >> fiber->role & 1)) return;
    const Settings& settings = fiber->core->machine->settings;
    charge_init(fiber, line, settings.unpack_reconfigure_cycles, settings.unpack_reconfigure_again_cycles);
}

void tensix_startup_if_missing(uint32_t cb_a, uint32_t cb_b, uint32_t out, uint32_t line) {
    Fiber* fiber = self();
    if (fiber->core->machine->sanitizer) configure_missing(fiber, cb_a, cb_b, out, line);
}

void tensix_reconfigure_sources(uint32_t units, uint32_t cb_a, uint32_t cb_b, uint32_t line) {
    Fiber* fiber = self();
    if (fiber->core->machine->sanitizer) configure_sources(fiber, cb_a, cb_b, line);
    tensix_reconfigure(units, line);
}

void tensix_reconfigure_pack(uint32_t cb, uint32_t line) {
    Fiber* fiber = self();
    if (fiber->core->machine->sanitizer) configure_pack(fiber, cb, line);
    tensix_reconfigure(1u << TTSIM_PACK, line);
}

void tensix_operation_init(uint32_t operation, uint32_t units, uint32_t line) {
    Fiber* fiber = self();
    if (fiber->core->machine->sanitizer) configure_operation(fiber, operation, line);
    tensix_init(units, line);
}

void tensix_sfpu_init(uint32_t name, uint32_t line) {
    Fiber* fiber = self();
    if (fiber->core->machine->sanitizer) configure_sfpu(fiber, name);
    tensix_init(1u << TTSIM_MATH, line);
}

void tensix_binary_init(uint32_t operation, uint32_t accumulate, uint32_t line) {
    Fiber* fiber = self();
    if (fiber->role == TTSIM_MATH) fiber->core->binary_accumulate = accumulate;
    tensix_operation_init(operation, 1u << TTSIM_UNPACK | 1u << TTSIM_MATH, line);
}

void tensix_copy_init(uint32_t transpose_faces, uint32_t transpose_within, uint32_t line) {
    Fiber* fiber = self();
    if (fiber->role == TTSIM_MATH) {
        fiber->core->copy_transpose_faces = transpose_faces;
        fiber->core->copy_transpose_within = transpose_within;
    }
    tensix_operation_init(TTSIM_OP_COPY, 1u << TTSIM_UNPACK | 1u << TTSIM_MATH, line);
}

void tensix_matmul_init(uint32_t transpose, uint32_t line) {
    Fiber* fiber = self();
    if (fiber->role == TTSIM_MATH) fiber->core->matmul_transpose = transpose;
    tensix_operation_init(TTSIM_OP_MATMUL, 1u << TTSIM_UNPACK | 1u << TTSIM_MATH, line);
}

void tensix_reduce_init(uint32_t, uint32_t dim, uint32_t line) {
    Fiber* fiber = self();
    if (fiber->role == TTSIM_PACK) {
        fiber->core->pack.mask_enabled = true;
        fiber->core->pack.mask = ReduceDim(dim);
    }
    tensix_operation_init(TTSIM_OP_REDUCE, 1u << TTSIM_UNPACK | 1u << TTSIM_MATH | 1u << TTSIM_PACK, line);
}

void tensix_reduce_uninit(uint32_t line) {
    Fiber* fiber = self();
    if (fiber->role == TTSIM_PACK) fiber->core->pack.mask_enabled = false;
    tensix_init(1u << TTSIM_PACK, line);
}

// ---- matrix unit

void tensix_binary_tiles(uint32_t op, uint32_t cb0, uint32_t cb1, uint32_t tile0, uint32_t tile1, uint32_t dst, uint32_t broadcast,
                        uint32_t broadcast_row, uint32_t line) {
    Fiber* fiber = self();
    if (fiber->role == TTSIM_PACK) return;
    Core& core = *fiber->core;
    const Settings& settings = core.machine->settings;
    const EltwiseOp what = EltwiseOp(op);
    const Operand a = operand(fiber, cb0, tile0, 1, line), b = operand(fiber, cb1, tile1, 1, line);
    if (fiber->role == TTSIM_UNPACK)
        return give_operands(fiber, line, binary_unpack_cycles(settings, a.tile_bytes + b.tile_bytes), a, a.tile_bytes, b, b.tile_bytes);
    SrcEntry& entry = take_operands(fiber, line);
    bool fresh = false;
    uint32_t* const out = math_tile_to_fill(fiber, dst, line, &fresh);
    if (core.machine->sanitizer)
        check_operation(fiber, uint32_t(TTSIM_OP_BINARY) | op << 8 | broadcast << 16, cb0, cb1, "an element-wise FPU operation", line);
    const bool accumulate = !fresh && (core.binary_accumulate || what == EltwiseOp::Mul);
    require(eltwise_tiles(core.math, what, a.format, entry.a, b.format, entry.b, accumulate, out, Broadcast(broadcast), broadcast_row), fiber,
            line, "an element-wise FPU operation", a.format);
    count(core, TileWork::Matrix);
    use_operands(fiber, line, eltwise_cycles(settings, what, core.math), eltwise_instructions(settings, what));
}

void tensix_binary_reuse(uint32_t op, uint32_t reuse, uint32_t cb, uint32_t tile, uint32_t dst, uint32_t line) {
    Fiber* fiber = self();
    if (fiber->role == TTSIM_PACK) return;
    Core& core = *fiber->core;
    const Settings& settings = core.machine->settings;
    const Operand a = operand(fiber, cb, tile, 1, line);
    if (fiber->role == TTSIM_UNPACK) return give_operands(fiber, line, binary_unpack_cycles(settings, a.tile_bytes), a, a.tile_bytes);
    SrcEntry& entry = take_operands(fiber, line);
    uint32_t* const out = math_tile(fiber, dst, line);
    if (core.machine->sanitizer)
        check_operation_either(fiber, uint32_t(TTSIM_OP_BINARY_REUSE) | op << 8, cb, "an element-wise FPU operation on DST", line);
    require(eltwise_reuse_dest(core.math, EltwiseOp(op), ReuseDest(reuse), a.format, entry.a, out), fiber, line,
            "an element-wise operation on DST", a.format);
    count(core, TileWork::Matrix);
    use_operands(fiber, line, eltwise_cycles(settings, EltwiseOp(op), core.math) + settings.math_copy_cycles,
                 eltwise_instructions(settings, EltwiseOp(op)));
}

void tensix_copy_tile(uint32_t cb, uint32_t tile, uint32_t dst, uint32_t line) {
    Fiber* fiber = self();
    if (fiber->role == TTSIM_PACK) return;
    Core& core = *fiber->core;
    const Operand a = operand(fiber, cb, tile, 1, line);
    if (fiber->role == TTSIM_UNPACK)
        return give_operands(fiber, line, copy_cycles(core.machine->settings, a.tile_bytes), a, a.tile_bytes);
    SrcEntry& entry = take_operands(fiber, line);
    uint32_t* const out = math_tile_to_fill(fiber, dst, line);
    if (core.machine->sanitizer) check_operation(fiber, TTSIM_OP_COPY, cb, TTSIM_NO_CB, "copy_tile", line);
    require(copy_tile(core.math, a.format, entry.a, a.to_dest, out, core.copy_transpose_within, core.copy_transpose_faces), fiber, line,
            "copy_tile", a.format);
    use_operands(fiber, line, math_copy_cycles(core.machine->settings, a.format));
}

void tensix_transpose_tile(uint32_t cb, uint32_t tile, uint32_t dst, uint32_t line) {
    Fiber* fiber = self();
    if (fiber->role == TTSIM_PACK) return;
    Core& core = *fiber->core;
    const Operand a = operand(fiber, cb, tile, 1, line);
    if (fiber->role == TTSIM_UNPACK)
        return give_operands(fiber, line, copy_cycles(core.machine->settings, a.tile_bytes), a, a.tile_bytes);
    SrcEntry& entry = take_operands(fiber, line);
    uint32_t* const out = math_tile_to_fill(fiber, dst, line);
    if (core.machine->sanitizer) check_operation(fiber, TTSIM_OP_TRANSPOSE, cb, TTSIM_NO_CB, "transpose_tile", line);
    require(transpose_tile(core.math, a.format, entry.a, a.to_dest, out), fiber, line, "transpose_tile", a.format);
    use_operands(fiber, line, core.machine->settings.math_transpose_cycles);
}

void tensix_transpose_dst(uint32_t dst, uint32_t faces, uint32_t line) {
    Fiber* fiber = self();
    if (fiber->role != TTSIM_MATH) return;
    transpose_dest(math_tile(fiber, dst, line), faces);
    charge_engine(fiber, line, fiber->core->machine->settings.math_transpose_cycles);
}

void tensix_broadcast_tile(uint32_t how, uint32_t cb, uint32_t tile, uint32_t dst, uint32_t line) {
    Fiber* fiber = self();
    if (fiber->role == TTSIM_PACK) return;
    Core& core = *fiber->core;
    const Operand a = operand(fiber, cb, tile, 1, line);
    if (fiber->role == TTSIM_UNPACK)
        return give_operands(fiber, line, copy_cycles(core.machine->settings, a.tile_bytes), a, a.tile_bytes);
    SrcEntry& entry = take_operands(fiber, line);
    uint32_t* const out = math_tile_to_fill(fiber, dst, line);
    if (core.machine->sanitizer) check_operation_either(fiber, TTSIM_OP_BROADCAST, cb, "unary_bcast", line);
    require(broadcast_tile(core.math, a.format, entry.a, Broadcast(how), out), fiber, line, "unary_bcast", a.format);
    use_operands(fiber, line, core.machine->settings.math_copy_cycles);
}

void tensix_matmul_tiles(uint32_t cb0, uint32_t cb1, uint32_t tile0, uint32_t tile1, uint32_t dst, uint32_t line) {
    Fiber* fiber = self();
    if (fiber->role == TTSIM_PACK) return;
    Core& core = *fiber->core;
    const Settings& settings = core.machine->settings;
    const Operand a = operand(fiber, cb0, tile0, 1, line), b = operand(fiber, cb1, tile1, 1, line);
    if (fiber->role == TTSIM_UNPACK)
        return give_operands(fiber, line, matmul_unpack_cycles(settings, a.tile_bytes, b.tile_bytes), a, a.tile_bytes, b, b.tile_bytes);
    SrcEntry& entry = take_operands(fiber, line);
    uint32_t* const out = math_tile(fiber, dst, line);
    if (core.machine->sanitizer) check_operation(fiber, TTSIM_OP_MATMUL, cb1, cb0, "matmul_tiles", line);
    require(matmul_tile(core.math, a.format, entry.a, b.format, entry.b, core.matmul_transpose, out), fiber, line, "matmul_tiles", a.format);
    count(core, TileWork::Product);
    use_operands(fiber, line, core.math.fidelity_phases * settings.math_matmul_phase_cycles + settings.math_tile_overhead_cycles);
}

void tensix_matmul_block(uint32_t cb0, uint32_t cb1, uint32_t tile0, uint32_t tile1, uint32_t dst, uint32_t transpose, uint32_t ct,
                        uint32_t rt, uint32_t kt, uint32_t line) {
    Fiber* fiber = self();
    if (fiber->role == TTSIM_PACK) return;
    Core& core = *fiber->core;
    const Settings& settings = core.machine->settings;
    if (ct == 0 || rt == 0) fail(Fault::Api, line, "matmul_block with ct_dim %u, rt_dim %u", ct, rt);
    const uint32_t a_tiles = (rt - 1) * kt + 1;
    const Operand a = operand(fiber, cb0, tile0, a_tiles, line), b = operand(fiber, cb1, tile1, ct, line);
    if (fiber->role == TTSIM_UNPACK) {
        // The operand of the shorter side stays in its register; the other one is read again for each of its tiles.
        const uint32_t kept = smaller(rt, ct), streamed = kept * (rt + ct - kept);
        const Operand& few = rt <= ct ? a : b;
        const Operand& many = rt <= ct ? b : a;
        const double cycles = matmul_unpack_cycles(settings, kept * few.tile_bytes, streamed * many.tile_bytes);
        return give_operands(fiber, line, cycles, a, extent(a, a_tiles), b, extent(b, ct));
    }
    SrcEntry& entry = take_operands(fiber, line);
    math_tile(fiber, dst + rt * ct - 1, line);
    for (uint32_t i = 0; i < rt * ct; i++) math_tile(fiber, dst + i, line);
    if (core.machine->sanitizer) check_operation(fiber, TTSIM_OP_MATMUL, cb1, cb0, "matmul_block", line);
    uint32_t* const out = math_tile(fiber, dst, line);
    const bool adjacent = a.page_size == a.tile_bytes && b.page_size == b.tile_bytes;
    const bool done = adjacent ? matmul_block(core.math, a.format, entry.a, b.format, entry.b, transpose, ct, rt, kt, out)
                               : matmul_spread(core.math, a, b, entry, transpose, ct, rt, kt, out);
    require(done, fiber, line, "matmul_block", a.format);
    count(core, TileWork::Product, rt * ct);
    use_operands(fiber, line,
                 rt * ct * (core.math.fidelity_phases * settings.math_matmul_phase_cycles + settings.math_matmul_block_overhead_cycles),
                 rt * ct * settings.math_matmul_block_instructions);
}

void tensix_reduce_tile(uint32_t pool, uint32_t dim, uint32_t cb, uint32_t scaler, uint32_t tile, uint32_t scaler_tile, uint32_t dst,
                       uint32_t line) {
    Fiber* fiber = self();
    if (fiber->role == TTSIM_PACK) return;
    Core& core = *fiber->core;
    const Settings& settings = core.machine->settings;
    if (PoolType(pool) != PoolType::Sum && PoolType(pool) != PoolType::Avg) require_whole(fiber, cb, "a reduction to the largest", line);
    const Operand a = operand(fiber, cb, tile, 1, line), b = operand(fiber, scaler, scaler_tile, 1, line);
    if (fiber->role == TTSIM_UNPACK)
        return give_operands(fiber, line, reduce_unpack_cycles(settings, ReduceDim(dim)), a, a.tile_bytes, b, b.tile_bytes);
    SrcEntry& entry = take_operands(fiber, line);
    bool fresh = false;
    uint32_t* const out = math_tile(fiber, dst, line, &fresh);
    if (core.machine->sanitizer) check_operation(fiber, TTSIM_OP_REDUCE, cb, scaler, "reduce_tile", line);
    require(reduce_tile(core.math, PoolType(pool), ReduceDim(dim), a.format, entry.a, b.format, entry.b, out, fresh), fiber, line,
            "reduce_tile", a.format);
    count(core, TileWork::Matrix);
    use_operands(fiber, line, reduce_cycles(settings, PoolType(pool), ReduceDim(dim), core.math), reduce_instructions(settings, ReduceDim(dim)));
}

// ---- pack, tilize

void tensix_pack_tile(uint32_t dst, uint32_t index, uint32_t out_of_order, uint32_t tile, uint32_t line) {
    Fiber* fiber = self();
    if (fiber->role != TTSIM_PACK) return;
    Core& core = *fiber->core;
    const Settings& settings = core.machine->settings;
    CircularBuffer& cb = configured_cb(fiber, index, line);
    const uint32_t position = out_of_order ? tile : cb.pack_tile++;
    if (position >= cb.pages) fail(Fault::Api, line, "pack_tile to tile %u of circular buffer %u: it holds %u", position, index, cb.pages);
    uint32_t page = cb.write_page + position;
    if (page >= cb.pages) page -= cb.pages;
    const uint32_t* const source = pack_source(fiber, dst, line);
    if (core.machine->sanitizer) {
        check_pack_source(fiber, dst, index, line);
        check_pack(fiber, index, position, cb.tile_bytes, line);
    }
    uint8_t* const target = core.l1 + cb.base + size_t(page) * cb.page_size;
    require(is_partial(cb) ? pack_partial(core, cb, source, target) : pack_tile(core.math, cb.format, source, target, core.pack), fiber, line,
            "pack_tile", cb.format);
    double cycles = settings.pack_tile_cycles + cb.tile_bytes / settings.pack_bytes_per_cycle;
    if (core.tilized == Core::Fast) cycles = settings.pack_fast_tilize_tile_cycles;
    if (core.tilized == Core::TileByTile) cycles += settings.pack_tilize_tile_cycles;
    if (core.pack.l1_accumulate) cycles += l1_accumulate_cycles(settings, cb.format);
    charge_engine(fiber, line, cycles);
}

void tensix_pack_l1_accumulate(uint32_t enable, uint32_t line) {
    Fiber* fiber = self();
    if (fiber->role != TTSIM_PACK) return;
    fiber->core->pack.l1_accumulate = enable != 0;
    charge(fiber, line, fiber->core->machine->settings.risc_compute_call);
}

void tensix_pack_relu(uint32_t mode, uint32_t threshold, uint32_t line) {
    Fiber* fiber = self();
    if (fiber->role != TTSIM_PACK) return;
    fiber->core->pack.relu = Relu(mode);
    fiber->core->pack.relu_threshold = uint16_t(threshold);
    charge(fiber, line, fiber->core->machine->settings.pack_init_cycles);
}

void tensix_tilize_tile(uint32_t index, uint32_t block, uint32_t first_tile, uint32_t column, uint32_t dst, uint32_t fast, uint32_t line) {
    Fiber* fiber = self();
    Core& core = *fiber->core;
    if (fiber->role == TTSIM_PACK) {
        core.tilized = fast ? Core::Fast : Core::TileByTile;
        return;
    }
    const Settings& settings = core.machine->settings;
    require_whole(fiber, index, "tilize_block", line);
    const Operand a = operand(fiber, index, first_tile, 1, line);
    if (fiber->role == TTSIM_UNPACK) {
        const uint32_t row = 32 * element_bytes(a.format);
        SrcEntry& entry = begin_operands(fiber, line);
        uint8_t* const tile = entry_storage(entry, a.tile_bytes);
        require(tilize(a.format, a.data + size_t(column) * row, size_t(block) * row, tile), fiber, line, "tilize_block", a.format);
        entry.a = tile;
        entry.a_bytes = a.tile_bytes;
        entry.b_bytes = 0;
        entry.copied_a = entry.copied_b = true;
        return end_operands(fiber, entry, line, fast ? settings.unpack_fast_tilize_tile_cycles : settings.unpack_tilize_tile_cycles);
    }
    SrcEntry& entry = take_operands(fiber, line);
    uint32_t* const out = math_tile_to_fill(fiber, dst, line);
    if (core.machine->sanitizer) check_operation(fiber, TTSIM_OP_TILIZE, index, TTSIM_NO_CB, "tilize_block", line);
    require(copy_tile(core.math, a.format, entry.a, a.to_dest, out), fiber, line, "tilize_block", a.format);
    use_operands(fiber, line, settings.math_copy_cycles);
}

void tensix_pack_untilize(uint32_t dst, uint32_t index, uint32_t width, uint32_t row, uint32_t column, uint32_t line) {
    Fiber* fiber = self();
    if (fiber->role != TTSIM_PACK) return;
    Core& core = *fiber->core;
    CircularBuffer& cb = configured_cb(fiber, index, line);
    require_whole(fiber, index, "pack_untilize", line);
    const size_t element = element_bytes(cb.format), row_bytes = size_t(width) * 32 * element;
    const size_t start = size_t(cb.write_page) * cb.page_size + row * 32 * row_bytes + size_t(column) * 32 * element;
    if (start + 31 * row_bytes + 32 * element > size_t(cb.pages) * cb.page_size)
        fail(Fault::Api, line, "pack_untilize writes beyond circular buffer %u", index);
    if (core.machine->sanitizer) {
        const uint32_t written = uint32_t(row * 32 * row_bytes + 31 * row_bytes + size_t(column + 1) * 32 * element);
        check_pack_source(fiber, dst, index, line);
        check_pack(fiber, index, (written - 1) / cb.page_size, cb.page_size, line);
        check_pack(fiber, index, 0, written, line);
    }
    alignas(64) uint8_t tile[4096];
    bool done = pack_tile(core.math, cb.format, pack_source(fiber, dst, line), tile, core.pack);
    done = done && untilize(cb.format, tile, core.l1 + cb.base + start, row_bytes);
    require(done, fiber, line, "pack_untilize", cb.format);
    charge_engine(fiber, line, core.machine->settings.pack_untilize_tile_cycles);
}

// ---- vector unit

void tensix_sfpu_unary(uint32_t op, uint32_t dst, uint32_t p0, uint32_t p1, uint32_t p2, uint32_t vector_mode, uint32_t line) {
    Fiber* fiber = self();
    if (fiber->role != TTSIM_MATH) return;
    if (fiber->core->machine->sanitizer) check_sfpu(fiber, op, line);
    sfpu_unary(fiber->core->math, SfpuOp(op), math_tile(fiber, dst, line), p0, p1, p2, faces_of(vector_mode));
    charge_function(fiber, line, op, vector_mode);
}

void tensix_sfpu_init_params(uint32_t p0, uint32_t p1, uint32_t line) {
    Fiber* fiber = self();
    if (fiber->role != TTSIM_MATH) return;
    fiber->core->sfpu_param[0] = p0;
    fiber->core->sfpu_param[1] = p1;
    tensix_init(1u << TTSIM_MATH, line);
}

void tensix_sfpu_unary_init_params(uint32_t op, uint32_t dst, uint32_t vector_mode, uint32_t line) {
    const Core& core = *self()->core;
    tensix_sfpu_unary(op, dst, core.sfpu_param[0], core.sfpu_param[1], 0, vector_mode, line);
}

void tensix_sfpu_binary(uint32_t op, uint32_t a, uint32_t b, uint32_t out, uint32_t p0, uint32_t vector_mode, uint32_t line) {
    Fiber* fiber = self();
    if (fiber->role != TTSIM_MATH) return;
    if (fiber->core->machine->sanitizer) check_sfpu(fiber, op, line);
    const uint32_t *first = math_tile(fiber, a, line), *second = math_tile(fiber, b, line);
    sfpu_binary(fiber->core->math, SfpuOp(op), first, second, math_tile(fiber, out, line), p0, faces_of(vector_mode));
    charge_function(fiber, line, op, vector_mode);
}

void tensix_sfpu_ternary(uint32_t op, uint32_t a, uint32_t b, uint32_t c, uint32_t out, uint32_t p0, uint32_t vector_mode, uint32_t line) {
    Fiber* fiber = self();
    if (fiber->role != TTSIM_MATH) return;
    if (fiber->core->machine->sanitizer) check_sfpu(fiber, op, line);
    const uint32_t *first = math_tile(fiber, a, line), *second = math_tile(fiber, b, line), *third = math_tile(fiber, c, line);
    sfpu_ternary(fiber->core->math, SfpuOp(op), first, second, third, math_tile(fiber, out, line), p0, faces_of(vector_mode));
    charge_function(fiber, line, op, vector_mode);
}

#define TTSIM_MATH_ONLY                              \
    Fiber* fiber = self();                           \
    if (fiber->role != TTSIM_MATH) return;           \
    Core& core = *fiber->core;                       \
    const Settings& settings = core.machine->settings

void tensix_fill(uint32_t dst, uint32_t bits, uint32_t line) {
    TTSIM_MATH_ONLY;
    fill_float(core.math, bits, math_tile_to_fill(fiber, dst, line));
    charge_work(fiber, line, VectorWork::Fill);
}

void tensix_fill_int(uint32_t dst, uint32_t format, uint32_t value, uint32_t line) {
    TTSIM_MATH_ONLY;
    fill_int(DataFormat(format), value, math_tile_to_fill(fiber, dst, line));
    charge_work(fiber, line, VectorWork::FillInt);
}

void tensix_typecast(uint32_t dst, uint32_t from, uint32_t to, uint32_t line) {
    TTSIM_MATH_ONLY;
    if (!typecast(core.math, DataFormat(from), DataFormat(to), math_tile(fiber, dst, line)))
        fail(Fault::Api, line, "typecast_tile from %s to %s does not exist", format_name(DataFormat(from)), format_name(DataFormat(to)));
    charge_vector(fiber, line, vector_costs(core).typecast[from][to]);
}

void tensix_copy_dst(uint32_t from, uint32_t to, uint32_t line) {
    TTSIM_MATH_ONLY;
    const uint32_t* const source = math_tile(fiber, from, line);
    memmove(math_tile_to_fill(fiber, to, line), source, TILE_LANES * sizeof(uint32_t));
    charge_work(fiber, line, VectorWork::CopyDest);
}

void tensix_cumsum(uint32_t dst, uint32_t first, uint32_t line) {
    TTSIM_MATH_ONLY;
    cumsum(core.math, first, math_tile(fiber, dst, line), core.cumsum_carry);
    charge_engine(fiber, line, settings.sfpu_default);
}

void tensix_sfpu_reduce(uint32_t pool, uint32_t dim, uint32_t format, uint32_t dst, uint32_t line) {
    TTSIM_MATH_ONLY;
    require(sfpu_reduce(core.math, PoolType(pool), ReduceDim(dim), DataFormat(format), math_tile(fiber, dst, line)), fiber, line,
            "sfpu_reduce", DataFormat(format));
    charge_work(fiber, line, reduction(PoolType(pool), ReduceDim(dim), DataFormat(format)));
}

void tensix_sfpu_bcast(uint32_t op, uint32_t how, uint32_t data, uint32_t vector, uint32_t line) {
    TTSIM_MATH_ONLY;
    const uint32_t* const source = math_tile(fiber, vector, line);
    sfpu_bcast(core.math, EltwiseOp(op), Broadcast(how), math_tile(fiber, data, line), source);
    charge_engine(fiber, line, settings.sfpu_default);
}

void tensix_rand_init(uint32_t seed, uint32_t line) {
    TTSIM_MATH_ONLY;
    random_seed(core.random, seed);
    charge(fiber, line, settings.unpack_init_cycles);
}

void tensix_rand(uint32_t dst, uint32_t from, uint32_t scale, uint32_t line) {
    TTSIM_MATH_ONLY;
    sfpu_rand(core.math, core.random, from, scale, math_tile(fiber, dst, line));
    charge_engine(fiber, line, settings.sfpu_default);
}

void tensix_dropout(uint32_t dst, uint32_t probability, uint32_t scale, uint32_t line) {
    TTSIM_MATH_ONLY;
    sfpu_dropout(core.math, core.random, probability, scale, math_tile(fiber, dst, line));
    charge_engine(fiber, line, settings.sfpu_default);
}

void tensix_stochastic_round(uint32_t dst, uint32_t line) {
    TTSIM_MATH_ONLY;
    sfpu_stochastic_round(core.random, math_tile(fiber, dst, line));
    charge_engine(fiber, line, settings.sfpu_default);
}

}  // extern "C"
