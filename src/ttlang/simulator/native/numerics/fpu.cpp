// SPDX-License-Identifier: Apache-2.0
//
// Elementwise operations of the matrix unit, with broadcast, accumulation on DST and reuse of DST as an operand.
#include "denormals.h"
#include "formats.h"
#include "fpu_exact.h"

namespace ttsim {

namespace {

constexpr int32_t A_HIGH = (int32_t)0xFFF80000;   ///< 5 significant bits
constexpr int32_t A_BOTH = (int32_t)0xFFFFC000;   ///< 10
constexpr int32_t B_HIGH = (int32_t)0xFFFE0000;   ///< 7
constexpr float NUDGE = 1.0f + 0x1p-20f;

/// fp32 result before it is rounded into DST. Denormals are flushed by the host meanwhile.
template <EltwiseOp OP, bool D32>
TTSIM_INLINE vf fast_lane(vi dst, vi a, vi b, int phases) {
    const vf d = as_float(dst);
    if constexpr (OP != EltwiseOp::Mul) {
        vf x = as_float(a), y = as_float(OP == EltwiseOp::Sub ? b ^ SIGN : b);
        if (D32) {
            // Both operands on the grid of 11 bits below the larger one, which shows after cancellation. The nudge turns the
            // host's ties to even into ties away from zero.
            const vf grid = as_float((max(a & INF_BITS, b & INF_BITS) + (13 << 23)) | 0x400000);
            x = (x * NUDGE + grid) - grid;
            y = (y * NUDGE + grid) - grid;
        }
        return d + (x + y);
    } else {
        // The products of all the phases in one rounding.
        const vf high = as_float(a & (phases > 1 ? A_BOTH : A_HIGH));
        if (phases < 3) return d + high * as_float(b & B_HIGH);
        if (phases == 4) return d + high * as_float(b);
        const vf rest = as_float(b) - as_float(b & B_HIGH);
        return d + (high * as_float(b & B_HIGH) + as_float(a & A_HIGH) * rest);
    }
}

template <EltwiseOp OP, bool D32>
TTSIM_INLINE vi exact_lane(vi dst, vi a, vi b, int phases) {
    if constexpr (OP == EltwiseOp::Mul) return exact::multiply<D32>(dst, a, b, phases);
    return exact::add<D32>(dst, a, OP == EltwiseOp::Sub ? b ^ SIGN : b);
}

/// Watches for results that may differ from the hardware's in kind: infinite, not a number, or at the edge of the normal range
/// but not zero. Infinite operands show in the result.
struct Watch {
    vu largest = (vu)splat(0), smallest = (vu)splat(-1);
    inline __attribute__((always_inline)) void see(vf result) {
        const vu doubled = as_uint(result) << 1;
        largest = select(doubled > largest, doubled, largest);
        const vu less_one = doubled - 1u;
        smallest = select(less_one < smallest, less_one, smallest);
    }
    bool alarmed() const { return any((vi)(largest >= 0xFF000000u) | (vi)(smallest < (16u << 24))); }
};

constexpr int CHUNK = 8;  ///< vectors that share one test

// Where vector `v` of operand b comes from.
struct Direct {
    TTSIM_INLINE vi at(const SrcTile& b, int vector, uint32_t) { return load<vi>(b.lane + vector * LANES); }
};
struct OfColumn {
    TTSIM_INLINE vi at(const SrcTile& b, int vector, uint32_t) {
        const int face = vector / 16;
        return splat((int32_t)b.lane[(face & 2) * FACE_LANES + (vector % 16) * LANES]);
    }
};
struct OfRow {
    TTSIM_INLINE vi at(const SrcTile& b, int vector, uint32_t row) {
        const int face = (vector / 16 & 1) + (row >= 16 ? 2 : 0);
        return load<vi>(b.lane + face * FACE_LANES + row % 16 * LANES);
    }
};
struct OfScalar {
    TTSIM_INLINE vi at(const SrcTile& b, int, uint32_t) { return splat((int32_t)b.lane[0]); }
};

/// Operands as they lie in L1, bf16: the usual case needs no register bank in between.
struct Bf16Tile {
    const uint16_t* data;
};
struct DirectBf16 {
    TTSIM_INLINE vi at(const Bf16Tile& tile, int vector, uint32_t) {
        return load_narrow(tile.data + vector * LANES) << 16;
    }
};

template <class A, class B>
struct Job {
    A a;
    B b;
    uint32_t* dst;
    uint32_t bcast_row;
    int phases;
    bool accumulate;  ///< onto a DST that is not all zero
    Accuracy accuracy;
};

bool holds_something(const uint32_t* dst) {
    vi found = splat(0);
    for_each_vector([&](int i) { found |= load<vi>(dst + i); });
    return any(found);
}

/// How operand types are read.
template <class Tile>
struct ReaderOf {
    using type = Direct;
};
template <>
struct ReaderOf<Bf16Tile> {
    using type = DirectBf16;
};

template <EltwiseOp OP, bool D32, class B, class J>
void run_exact(const J& job, int from, int to) {
    using A = typename ReaderOf<decltype(job.a)>::type;
    for (int v = from; v < to; ++v) {
        uint32_t* out = job.dst + v * LANES;
        const vi old = job.accumulate ? load<vi>(out) : splat(0);
        store(out, exact_lane<OP, D32>(old, A::at(job.a, v, 0), B::at(job.b, v, job.bcast_row), job.phases));
    }
}

template <EltwiseOp OP, bool D32, class B, bool ACCUMULATE, class J>
void run_fast(const J& job) {
    using A = typename ReaderOf<decltype(job.a)>::type;
    for (int chunk = 0; chunk < TILE_VECTORS; chunk += CHUNK) {
        vi result[CHUNK];
        Watch watch;
        for (int k = 0; k < CHUNK; ++k) {
            const int v = chunk + k;
            const vi a = A::at(job.a, v, 0), b = B::at(job.b, v, job.bcast_row);
            const vi old = ACCUMULATE ? load<vi>(job.dst + v * LANES) : splat(0);
            const vf value = fast_lane<OP, D32>(old, a, b, job.phases);
            watch.see(value);
            result[k] = D32 ? as_int(value) : (as_int(value) + 0x8000) & BF16_MASK;
        }
        if (__builtin_expect(watch.alarmed(), 0)) {
            run_exact<OP, D32, B>(job, chunk, chunk + CHUNK);
            continue;
        }
        for (int k = 0; k < CHUNK; ++k) store(job.dst + (chunk + k) * LANES, result[k]);
    }
}

template <EltwiseOp OP, bool D32, class B, class J>
void run(const J& job) {
    if (job.accuracy == Accuracy::Exact) return run_exact<OP, D32, B>(job, 0, TILE_VECTORS);
    FlushDenormals guard;
    if (job.accumulate) return run_fast<OP, D32, B, true>(job);
    run_fast<OP, D32, B, false>(job);
}

using BankJob = Job<const SrcTile&, const SrcTile&>;
using Bf16Job = Job<Bf16Tile, Bf16Tile>;

template <EltwiseOp OP, bool D32>
void choose_broadcast(const Bf16Job& job, Broadcast) {
    run<OP, D32, DirectBf16>(job);
}
template <EltwiseOp OP, bool D32>
void choose_broadcast(const BankJob& job, Broadcast bcast) {
    switch (bcast) {
        case Broadcast::None: return run<OP, D32, Direct>(job);
        case Broadcast::Col: return run<OP, D32, OfColumn>(job);
        case Broadcast::Row: return run<OP, D32, OfRow>(job);
        case Broadcast::Scalar: return run<OP, D32, OfScalar>(job);
    }
}

template <EltwiseOp OP, class J>
void choose_width(const J& job, Broadcast bcast, bool wide) {
    if (wide) return choose_broadcast<OP, true>(job, bcast);
    choose_broadcast<OP, false>(job, bcast);
}

template <class J>
void choose_op(const J& job, EltwiseOp op, Broadcast bcast, bool wide) {
    switch (op) {
        case EltwiseOp::Mul: return choose_width<EltwiseOp::Mul>(job, bcast, wide);
        case EltwiseOp::Add: return choose_width<EltwiseOp::Add>(job, bcast, wide);
        case EltwiseOp::Sub: return choose_width<EltwiseOp::Sub>(job, bcast, wide);
    }
}

/// DST as SrcA or SrcB.
void move_dest_to_src(const MathConfig& config, const uint32_t* dst, SrcTile& out) {
    const int32_t mask = computes_wide(config) ? TF32_MASK : BF16_MASK;
    for_each_vector([&](int i) { store(out.lane + i, flush(load<vi>(dst + i) & mask)); });
}

}  // namespace

void fpu_binary(const MathConfig& config, EltwiseOp op, const SrcTile& a, const SrcTile& b, bool accumulate, uint32_t* dst,
                Broadcast bcast, uint32_t bcast_row) {
    const bool onto = accumulate && holds_something(dst);
    const BankJob job = {a, b, dst, bcast_row & 31, config.fidelity_phases, onto, config.accuracy};
    choose_op(job, op, bcast, computes_wide(config));
    settle_fp16(config, dst);
}

bool eltwise_tiles(const MathConfig& config, EltwiseOp op, DataFormat format_a, const void* tile_a, DataFormat format_b,
                   const void* tile_b, bool accumulate, uint32_t* dst, Broadcast bcast, uint32_t bcast_row) {
    if (format_a == DataFormat::Float16_b && format_b == DataFormat::Float16_b && bcast == Broadcast::None) {
        const bool onto = accumulate && holds_something(dst);
        const Bf16Job job = {{(const uint16_t*)tile_a}, {(const uint16_t*)tile_b}, dst, 0, config.fidelity_phases, onto,
                             config.accuracy};
        choose_op(job, op, bcast, computes_wide(config));
        settle_fp16(config, dst);
        return true;
    }
    SrcTile a, b;
    if (!unpack_src(config, format_a, tile_a, a) || !unpack_src(config, format_b, tile_b, b)) return false;
    fpu_binary(config, op, a, b, accumulate, dst, bcast, bcast_row);
    return true;
}

bool eltwise_reuse_dest(const MathConfig& config, EltwiseOp op, ReuseDest reuse, DataFormat format, const void* tile,
                        uint32_t* dst) {
    SrcTile kept, other;
    if (reuse == ReuseDest::None || !unpack_src(config, format, tile, other)) return false;
    move_dest_to_src(config, dst, kept);
    const bool to_a = reuse == ReuseDest::DestToSrcA;
    fpu_binary(config, op, to_a ? kept : other, to_a ? other : kept, false, dst);
    return true;
}

}  // namespace ttsim
