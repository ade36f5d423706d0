// SPDX-License-Identifier: Apache-2.0
//
// The matrix unit's matmul, bit for bit. One 32x32x32 tile is, per fidelity phase and per half of the inner dimension, one
// step of depth 16: two groups of 8 products, each product aligned to its group's largest exponent (half up in magnitude)
// and added as integers; then both sums and DST are added. The alignment of a product depends on exponents alone, so one
// pass over the products serves all the phases; only the steps into DST are sequential.
#include "matmul.h"

namespace ttsim {

namespace {

constexpr int GROUP = 8;

/// Sums of the four groups of one output vector: [half][group], for each phase.
struct Sums {
    vi sum[4][2][2];
    vi exponent[4][2][2];
};

/// `UNDERFLOW`: products whose phase exponent is not positive are dropped (and take no part in the maximum).
template <int PHASES_USED, bool UNDERFLOW>
TTSIM_INLINE void add_group(const ExactOperand& in0, const ExactOperand& in1, int row, int column, int k0, int half, int group,
                            Sums& out) {
    vi e[GROUP];
    vi top = splat(exact::NONE);
    for (int k = 0; k < GROUP; ++k) {
        e[k] = load<vi>(&in1.exponent[k0 + k][column]) + (in0.exponent[row][k0 + k] - 127);
        top = max(top, e[k]);
    }
    vi tops[PHASES_USED], sums[PHASES_USED];
    for (int p = 0; p < PHASES_USED; ++p) {
        sums[p] = splat(0);
        tops[p] = top;
    }
    for (int k = 0; k < GROUP; ++k) {
        const vi shift = exact::distance(top, e[k]);
        const vi wide_shift = shift + 1;
        const vi high_a = load_narrow(&in1.high[k0 + k][column]);
        const vi low_a = PHASES_USED > 1 ? load_narrow(&in1.low[k0 + k][column]) : high_a;
        // Twice the product, so that the half of a shift by 0 needs no case of its own.
        const int32_t high_b = 2 * in0.high[row][k0 + k], low_b = 2 * in0.low[row][k0 + k];
        const vi first = high_a * high_b;
        // Half a unit, less for negative products, which all have the sign of the first: ties go away from zero.
        const vi half_unit = (splat(1) << shift) + (first >> 31);
        for (int p = 0; p < PHASES_USED; ++p) {
            const exact::Phase& phase = exact::PHASES[p];
            vi product = p == 0 ? first : (phase.low_a ? low_a : high_a) * (phase.low_b ? low_b : high_b);
            if (UNDERFLOW) product = select(e[k] > phase.drop, product, splat(0));
            sums[p] += (product + half_unit) >> wide_shift;
        }
    }
    for (int p = 0; p < PHASES_USED; ++p) {
        const int32_t drop = exact::PHASES[p].drop;
        out.sum[p][half][group] = sums[p];
        out.exponent[p][half][group] = select(tops[p] > drop, tops[p] - drop, splat(exact::NONE));
    }
}

template <int PHASES_USED, bool UNDERFLOW, bool D32>
void multiply(const ExactOperand& in0, const ExactOperand& in1, uint32_t* dst) {
    for (int face = 0; face < 4; ++face) {
        const int row0 = (face & 2) * 8, column = (face & 1) * 16;
        for (int r = 0; r < 16; ++r) {
            Sums sums;
            for (int half = 0; half < 2; ++half)
                for (int group = 0; group < 2; ++group)
                    add_group<PHASES_USED, UNDERFLOW>(in0, in1, row0 + r, column, half * 16 + group * GROUP, half, group, sums);
            uint32_t* out = dst + face * FACE_LANES + r * LANES;
            vi lane = load<vi>(out);
            for (int p = 0; p < PHASES_USED; ++p)
                for (int half = 0; half < 2; ++half)
                    lane = exact::accumulate<D32, 2>(lane, sums.sum[p][half], sums.exponent[p][half]);
            store(out, lane);
        }
    }
}

template <bool UNDERFLOW, bool D32>
void choose_phases(const ExactOperand& in0, const ExactOperand& in1, int phases, uint32_t* dst) {
    switch (phases) {
        case 1: return multiply<1, UNDERFLOW, D32>(in0, in1, dst);
        case 2: return multiply<2, UNDERFLOW, D32>(in0, in1, dst);
        case 3: return multiply<3, UNDERFLOW, D32>(in0, in1, dst);
        default: return multiply<4, UNDERFLOW, D32>(in0, in1, dst);
    }
}

}  // namespace

void prepare_exact(Side side, const uint32_t (*rows)[32], ExactOperand& out) {
    vi smallest = splat(255);
    for (int r = 0; r < 32; ++r)
        for (int c = 0; c < 32; c += LANES) {
            const exact::Parts x = exact::split(load<vi>(&rows[r][c]));
            const vi zero = x.exponent == 0;
            store(&out.exponent[r][c], select(zero, splat(exact::NONE), x.exponent));
            const vi high = side == Side::In1 ? exact::high_a(x.significand) : exact::high_b(x.significand);
            const vi low = side == Side::In1 ? exact::low_a(x.significand) : exact::low_b(x.significand);
            store_narrow(&out.high[r][c], exact::negate_if(x.sign, high));
            store_narrow(&out.low[r][c], exact::negate_if(x.sign, low));
            smallest = min(smallest, select(zero, splat(255), x.exponent));
        }
    out.min_exponent = 255;
    for (int k = 0; k < LANES; ++k) out.min_exponent = smallest[k] < out.min_exponent ? smallest[k] : out.min_exponent;
}

template <bool D32>
void matmul_exact(const ExactOperand& in0, const ExactOperand& in1, int phases, uint32_t* dst) {
    const bool underflow = in0.min_exponent + in1.min_exponent - 127 <= exact::PHASES[phases - 1].drop;
    if (underflow) return choose_phases<true, D32>(in0, in1, phases, dst);
    choose_phases<false, D32>(in0, in1, phases, dst);
}
template void matmul_exact<true>(const ExactOperand&, const ExactOperand&, int, uint32_t*);
template void matmul_exact<false>(const ExactOperand&, const ExactOperand&, int, uint32_t*);

}  // namespace ttsim
