// SPDX-License-Identifier: Apache-2.0
//
// Entry points of the vector unit: dispatch of the table, fills, running sums, reductions and broadcasts in DST, random numbers.
#include "denormals.h"
#include "sfpu_job.h"

namespace ttsim {

namespace {

constexpr SfpuOpInfo TABLE[] = {
#define TTSIM_SFPU(name, tiles, params, domain, api) {#name, tiles, params, #domain},
#include "sfpu_ops.def"
#undef TTSIM_SFPU
};

int32_t store_mask(const MathConfig& config) { return config.fp32_dest ? -1 : config.fp16_dest ? TF32_MASK : BF16_MASK; }

void run(const MathConfig& config, const SfpuJob& job) {
    if (run_integer(job)) return;
    if (config.accuracy == Accuracy::Exact) {
        run_float_exact(job);
        return;
    }
    FlushDenormals guard;
    run_float_fast(job);
}

SfpuJob make_job(const MathConfig& config, SfpuOp op, uint32_t* out, Faces faces) {
    SfpuJob job = {};
    job.op = op;
    job.out = out;
    job.wide = config.fp32_dest;
    job.flush_stores = config.fp32_dest;
    job.approx = config.approx;
    job.mask = store_mask(config);
    job.faces = faces;
    job.from = 0;
    job.to = TILE_ROWS;
    return job;
}

/// Lane of element (row, column).
TTSIM_INLINE int lane_at(int row, int column) {
    return ((row / 16) * 2 + column / 16) * (int)FACE_LANES + (row % 16) * LANES + column % 16;
}

/// One face row of a two-operand operation in fp32. Sums run in the SFPU's own arithmetic in both accuracies: errors add up.
vi row_operation(SfpuOp op, vi a, vi b) {
    alignas(64) uint32_t left[FACE_ROW], right[FACE_ROW];
    store(left, a);
    store(right, b);
    SfpuJob job = make_job(MathConfig(), op, left, ALL_FACES);
    job.mask = -1;
    job.in[0] = left;
    job.in[1] = right;
    job.to = 1;
    run_float_exact(job);
    return load<vi>(left);
}

/// One step of a reduction in DST.
vi combine(PoolType pool, bool integer, vi a, vi b) {
    const bool larger_wins = pool == PoolType::Max;
    if (pool == PoolType::Sum || pool == PoolType::Avg)
        return integer ? (vi)((vu)a + (vu)b) : row_operation(SfpuOp::Add, a, b);
    if (integer) return larger_wins ? max(a, b) : min(a, b);
    return row_operation(larger_wins ? SfpuOp::Max : SfpuOp::Min, a, b);
}

vi averaged(PoolType pool, bool integer, vi total) {
    if (pool != PoolType::Avg) return total;
    return integer ? total / 32 : as_int(as_float(total) * 0.03125f);
}

/// Thirty-two lanes of a row or column of the tile.
struct Line {
    vi half[2];
};
Line row_of(const uint32_t* dst, int row) {
    return {{load<vi>(dst + lane_at(row, 0)), load<vi>(dst + lane_at(row, 16))}};
}
Line column_of(const uint32_t* dst, int column) {
    Line line;
    for (int r = 0; r < 32; ++r) line.half[r / 16][r % 16] = (int32_t)dst[lane_at(r, column)];
    return line;
}

}  // namespace

const SfpuOpInfo& sfpu_info(SfpuOp op) { return TABLE[(int)op]; }

void sfpu_unary(const MathConfig& config, SfpuOp op, uint32_t* dst, uint32_t p0, uint32_t p1, uint32_t p2, Faces faces) {
    SfpuJob job = make_job(config, op, dst, faces);
    job.in[0] = dst;
    job.p[0] = p0;
    job.p[1] = p1;
    job.p[2] = p2;
    run(config, job);
}

void sfpu_binary(const MathConfig& config, SfpuOp op, const uint32_t* a, const uint32_t* b, uint32_t* out, uint32_t p0,
                 Faces faces) {
    SfpuJob job = make_job(config, op, out, faces);
    job.in[0] = a;
    job.in[1] = b;
    job.p[0] = p0;
    run(config, job);
}

void sfpu_ternary(const MathConfig& config, SfpuOp op, const uint32_t* a, const uint32_t* b, const uint32_t* c, uint32_t* out,
                  uint32_t p0, Faces faces) {
    SfpuJob job = make_job(config, op, out, faces);
    job.in[0] = a;
    job.in[1] = b;
    job.in[2] = c;
    job.p[0] = p0;
    if (op == SfpuOp::Where) {  // whole lanes move
        job.mask = -1;
        job.flush_stores = false;
    }
    run(config, job);
}

void fill_float(const MathConfig& config, uint32_t bits, uint32_t* dst) {
    const vi value = splat((int32_t)bits & store_mask(config));
    for_each_vector([&](int i) { store(dst + i, value); });
}

void fill_int(DataFormat format, uint32_t value, uint32_t* dst) {
    const uint32_t kept = format == DataFormat::UInt16 ? value & 0xFFFF : format == DataFormat::UInt8 ? value & 0xFF : value;
    for_each_vector([&](int i) { store(dst + i, splat((int32_t)kept)); });
}

void cumsum(const MathConfig& config, bool first, uint32_t* dst, uint32_t* carry) {
    const int32_t mask = store_mask(config);
    for (int side = 0; side < 2; ++side) {
        vi total = first ? splat(0) : load<vi>(carry + side * LANES);
        for (int r = 0; r < 32; ++r) {
            uint32_t* lane = dst + lane_at(r, side * 16);
            total = row_operation(SfpuOp::Add, total, load<vi>(lane));
            store(lane, total & mask);
        }
        store(carry + side * LANES, total);
    }
}

bool sfpu_reduce(const MathConfig& config, PoolType pool, ReduceDim dim, DataFormat format, uint32_t* dst) {
    const bool integer = is_integer(format);
    const bool known = integer || format == DataFormat::Float32 || format == DataFormat::Float16_b;
    if (!known || dim == ReduceDim::Scalar) return false;
    const bool by_row = dim == ReduceDim::Row;
    Line total = by_row ? column_of(dst, 0) : row_of(dst, 0);
    for (int i = 1; i < 32; ++i) {
        const Line next = by_row ? column_of(dst, i) : row_of(dst, i);
        for (int h = 0; h < 2; ++h) total.half[h] = combine(pool, integer, total.half[h], next.half[h]);
    }
    const int32_t mask = integer ? -1 : store_mask(config);
    for (int h = 0; h < 2; ++h) {
        const vi result = averaged(pool, integer, total.half[h]) & mask;
        for (int k = 0; k < LANES; ++k) dst[by_row ? lane_at(h * 16 + k, 0) : lane_at(0, h * 16 + k)] = (uint32_t)result[k];
    }
    return true;
}

void sfpu_bcast(const MathConfig& config, EltwiseOp op, Broadcast how, uint32_t* data, const uint32_t* vector) {
    alignas(64) uint32_t spread[TILE_LANES];
    for (int r = 0; r < 32; ++r)
        for (int c = 0; c < 32; ++c) {
            const int from = how == Broadcast::Col ? lane_at(r, 0) : how == Broadcast::Row ? lane_at(0, c) : lane_at(0, 0);
            spread[lane_at(r, c)] = vector[how == Broadcast::None ? lane_at(r, c) : from];
        }
    const SfpuOp table = op == EltwiseOp::Add ? SfpuOp::Add : op == EltwiseOp::Sub ? SfpuOp::Sub : SfpuOp::Mul;
    sfpu_binary(config, table, data, spread, data);
}

// ---- random numbers: one xorshift generator per SFPU lane

namespace {

TTSIM_INLINE uint32_t next_random(uint32_t& state) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

template <class F>
void for_each_random(RandomState& state, F f) {
    for (uint32_t i = 0; i < TILE_LANES; ++i) f(i, next_random(state.lane[i % 32]));
}

}  // namespace

void random_seed(RandomState& state, uint32_t seed) {
    for (uint32_t i = 0; i < 32; ++i) {
        // splitmix, so that neighbouring seeds and lanes start far apart
        uint32_t z = seed + (i + 1) * 0x9E3779B9u;
        z = (z ^ (z >> 16)) * 0x85EBCA6Bu;
        z = (z ^ (z >> 13)) * 0xC2B2AE35u;
        z ^= z >> 16;
        state.lane[i] = z ? z : 0x6D2B79F5u;
    }
}

void sfpu_rand(const MathConfig& config, RandomState& state, uint32_t from, uint32_t scale, uint32_t* dst) {
    const float low = param_float(from), range = param_float(scale);
    const uint32_t mask = (uint32_t)store_mask(config);
    for_each_random(state, [&](uint32_t i, uint32_t r) {
        const float value = (float)(r >> 8) * (1.0f / 16777216.0f) * range + low;
        uint32_t bits;
        memcpy(&bits, &value, 4);
        dst[i] = bits & mask;
    });
}

void sfpu_dropout(const MathConfig& config, RandomState& state, uint32_t probability, uint32_t scale, uint32_t* dst) {
    sfpu_unary(config, SfpuOp::MulScalar, dst, scale);
    for_each_random(state, [&](uint32_t i, uint32_t r) {
        if ((r & MAGNITUDE) < probability) dst[i] = 0;
    });
}

void sfpu_stochastic_round(RandomState& state, uint32_t* dst) {
    for_each_random(state, [&](uint32_t i, uint32_t r) {
        if ((dst[i] & (uint32_t)INF_BITS) != (uint32_t)INF_BITS) dst[i] = (dst[i] + (r & 0xFFFF)) & (uint32_t)BF16_MASK;
    });
}

}  // namespace ttsim
