// SPDX-License-Identifier: Apache-2.0
//
// matmul_tiles and matmul_block. Fast: fp32 multiply-add on operands masked to the bits that the fidelity phases read, DST
// rounded once per tile product.
#if defined(__clang__)
#pragma clang fp contract(fast)
#else
#pragma GCC optimize("fp-contract=fast")
#endif
#include "matmul.h"
#include "formats.h"

namespace ttsim {

namespace {

/// Bits that the phases of a fidelity read of SrcA (in1) and SrcB (in0).
struct FidelityMask {
    int32_t in1, in0;
};
constexpr FidelityMask MASKS[5] = {
    {},
    {(int32_t)0xFFF80000, (int32_t)0xFFFE0000},
    {(int32_t)0xFFFFC000, (int32_t)0xFFFE0000},
    {(int32_t)0xFFFFC000, TF32_MASK},
    {(int32_t)0xFFFFC000, TF32_MASK},
};

int phases_of(const MathConfig& config) {
    return config.fidelity_phases < 1 ? 1 : config.fidelity_phases > 4 ? 4 : config.fidelity_phases;
}

/// Tile order -> rows of 32; in1 may be transposed.
void to_rows(const SrcTile& tile, bool transpose, uint32_t (*rows)[32]) {
    for (int face = 0; face < 4; ++face) {
        const int r0 = (face & 2) * 8, c0 = (face & 1) * 16;
        for (int r = 0; r < 16; ++r) {
            const uint32_t* from = tile.lane + face * FACE_LANES + r * 16;
            if (!transpose)
                memcpy(&rows[r0 + r][c0], from, 64);
            else
                for (int c = 0; c < 16; ++c) rows[c0 + c][r0 + r] = from[c];
        }
    }
}

void prepare_fast(int32_t mask, const uint32_t (*rows)[32], FastOperand& out) {
    vi largest = splat(0);
    for (int r = 0; r < 32; ++r)
        for (int c = 0; c < 32; c += LANES) {
            const vi x = load<vi>(&rows[r][c]) & mask;
            store(&out.value[r][c], x);
            largest = max(largest, x & INF_BITS);
        }
    out.max_exponent = any(largest == INF_BITS) ? 255 : 0;
}

/// bf16 tile -> masked rows in one pass.
void prepare_fast_bf16(int32_t mask, const uint16_t* tile, FastOperand& out) {
    vi largest = splat(0);
    for (int row = 0; row < TILE_VECTORS; ++row) {
        const vi x = flush(load_narrow(tile + row * LANES) << 16) & mask;
        const int face = row / 16;
        store(&out.value[(face & 2) * 8 + row % 16][(face & 1) * 16], x);
        largest = max(largest, x & INF_BITS);
    }
    out.max_exponent = any(largest == INF_BITS) ? 255 : 0;
}

bool prepare(const MathConfig& config, Side side, DataFormat format, const void* tile, bool transpose, MatmulOperand& out) {
    const FidelityMask& masks = MASKS[phases_of(config)];
    const int32_t mask = side == Side::In0 ? masks.in0 : masks.in1;
    const bool fast = config.accuracy == Accuracy::Fast;
    if (fast && format == DataFormat::Float16_b && !transpose) {
        prepare_fast_bf16(mask, (const uint16_t*)tile, *(FastOperand*)out.data);
        return true;
    }
    SrcTile source;
    if (!unpack_src(config, format, tile, source)) return false;
    alignas(64) uint32_t rows[32][32];
    to_rows(source, transpose, rows);
    if (fast)
        prepare_fast(mask, rows, *(FastOperand*)out.data);
    else
        prepare_exact(side, rows, *(ExactOperand*)out.data);
    return true;
}

// The inner kernel keeps BLOCK_ROWS x BLOCK_VECTORS accumulators in the machine's own registers.
typedef float native __attribute__((vector_size(NATIVE_BYTES)));
constexpr int NATIVE_LANES = NATIVE_BYTES / 4;
#if defined(__AVX512F__)
constexpr int BLOCK_ROWS = 16, BLOCK_VECTORS = 1;
#else
constexpr int BLOCK_ROWS = 4, BLOCK_VECTORS = 2;
#endif

/// BLOCK_ROWS rows of the product from `row`, BLOCK_VECTORS vectors from `column`; the inner dimension whole.
TTSIM_INLINE void multiply_block(const FastOperand& in0, const FastOperand& in1, int row, int column, float (*out)[FACE_ROW]) {
    native acc[BLOCK_ROWS][BLOCK_VECTORS];
    for (int r = 0; r < BLOCK_ROWS; ++r)
        for (int v = 0; v < BLOCK_VECTORS; ++v) acc[r][v] = native{};
    for (int k = 0; k < 32; ++k) {
        native b[BLOCK_VECTORS];
#pragma GCC unroll 2
        for (int v = 0; v < BLOCK_VECTORS; ++v) b[v] = load<native>(&in1.value[k][column + v * NATIVE_LANES]);
#pragma GCC unroll 16
        for (int r = 0; r < BLOCK_ROWS; ++r)
#pragma GCC unroll 2
            for (int v = 0; v < BLOCK_VECTORS; ++v) acc[r][v] += in0.value[row + r][k] * b[v];
    }
    for (int r = 0; r < BLOCK_ROWS; ++r)
        for (int v = 0; v < BLOCK_VECTORS; ++v) store(&out[r][column % FACE_ROW + v * NATIVE_LANES], acc[r][v]);
}

/// DST after the addition: rounded half away to 16 bits; what is not a number becomes an infinity, as the packer has it.
template <bool D32>
TTSIM_INLINE vi to_dest(vf sum) {
    vi x = as_int(sum);
    x = select((x & MAGNITUDE) > INF_BITS, x & ~MANTISSA, x);
    return D32 ? x : (x + 0x8000) & BF16_MASK;
}

template <bool D32>
void multiply_fast(const FastOperand& in0, const FastOperand& in1, uint32_t* dst) {
    for (int face = 0; face < 4; ++face) {
        alignas(64) float product[FACE_ROW][FACE_ROW];
        const int row = (face & 2) * 8, column = (face & 1) * 16;
        for (int r = 0; r < FACE_ROW; r += BLOCK_ROWS)
            for (int c = 0; c < FACE_ROW; c += BLOCK_VECTORS * NATIVE_LANES)
                multiply_block(in0, in1, row + r, column + c, product + r);
        uint32_t* out = dst + face * FACE_LANES;
        for (int r = 0; r < FACE_ROW; ++r)
            store(out + r * FACE_ROW, to_dest<D32>(load<vf>(out + r * FACE_ROW) + load<vf>(product[r])));
    }
}

/// Infinities and NaN have the hardware's own arithmetic: the prepared fast form still holds every bit that it reads.
template <bool D32>
void multiply_special(const FastOperand& in0, const FastOperand& in1, int phases, uint32_t* dst) {
    ExactOperand left, right;
    prepare_exact(Side::In0, (const uint32_t(*)[32])in0.value, left);
    prepare_exact(Side::In1, (const uint32_t(*)[32])in1.value, right);
    matmul_exact<D32>(left, right, phases, dst);
}

template <bool D32>
void multiply(const MathConfig& config, const MatmulOperand& in0, const MatmulOperand& in1, uint32_t* dst) {
    const int phases = phases_of(config);
    if (config.accuracy == Accuracy::Exact)
        return matmul_exact<D32>(*(const ExactOperand*)in0.data, *(const ExactOperand*)in1.data, phases, dst);
    const FastOperand& left = *(const FastOperand*)in0.data;
    const FastOperand& right = *(const FastOperand*)in1.data;
    if (__builtin_expect(left.max_exponent == 255 || right.max_exponent == 255, 0))
        return multiply_special<D32>(left, right, phases, dst);
    multiply_fast<D32>(left, right, dst);
}

constexpr uint32_t MAX_BLOCK = 16;  ///< DST tiles

}  // namespace

bool matmul_prepare_in0(const MathConfig& config, DataFormat format, const void* tile, MatmulOperand& out) {
    return prepare(config, Side::In0, format, tile, false, out);
}

bool matmul_prepare_in1(const MathConfig& config, DataFormat format, const void* tile, bool transpose, MatmulOperand& out) {
    return prepare(config, Side::In1, format, tile, transpose, out);
}

void matmul_operands(const MathConfig& config, const MatmulOperand& in0, const MatmulOperand& in1, uint32_t* dst) {
    if (!computes_wide(config)) return multiply<false>(config, in0, in1, dst);
    multiply<true>(config, in0, in1, dst);
    settle_fp16(config, dst);
}

bool matmul_tile(const MathConfig& config, DataFormat format0, const void* in0, DataFormat format1, const void* in1,
                 bool transpose, uint32_t* dst) {
    MatmulOperand left, right;
    if (!matmul_prepare_in0(config, format0, in0, left) || !matmul_prepare_in1(config, format1, in1, transpose, right))
        return false;
    matmul_operands(config, left, right, dst);
    return true;
}

bool matmul_block(const MathConfig& config, DataFormat format0, const void* in0, DataFormat format1, const void* in1,
                  bool transpose, uint32_t ct, uint32_t rt, uint32_t kt, uint32_t* dst) {
    if (ct == 0 || rt == 0 || ct * rt > MAX_BLOCK || !can_unpack(format0) || !can_unpack(format1)) return false;
    const size_t stride0 = tile_bytes(format0), stride1 = tile_bytes(format1);
    MatmulOperand columns[MAX_BLOCK], left;
    for (uint32_t c = 0; c < ct; ++c)
        matmul_prepare_in1(config, format1, (const uint8_t*)in1 + c * stride1, transpose, columns[c]);
    for (uint32_t r = 0; r < rt; ++r) {
        matmul_prepare_in0(config, format0, (const uint8_t*)in0 + (size_t)r * kt * stride0, left);
        for (uint32_t c = 0; c < ct; ++c) matmul_operands(config, left, columns[c], dst + (size_t)(r * ct + c) * TILE_LANES);
    }
    return true;
}

}  // namespace ttsim
