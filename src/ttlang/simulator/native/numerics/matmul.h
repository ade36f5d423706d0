// SPDX-License-Identifier: Apache-2.0
//
// How the two accuracies lay out a prepared matmul operand.
#pragma once
#include "fpu_exact.h"
#include "numerics.h"

namespace ttsim {

/// Fast: the operand as fp32, masked to the bits that the fidelity phases read; row-major 32x32.
struct FastOperand {
    float value[32][32];
    int32_t max_exponent;  ///< 255 sends the product to the exact path
};

/// Exact: exponents and signed halves, row-major 32x32. in1 (SrcA): 5 + 5 bits; in0 (SrcB): 7 + 4 bits, the low part << 3.
struct ExactOperand {
    int32_t exponent[32][32];  ///< exact::NONE for a zero
    int16_t high[32][32];
    int16_t low[32][32];
    int32_t min_exponent;      ///< of the nonzero elements; 255 if there is none
};
static_assert(sizeof(FastOperand) <= sizeof(MatmulOperand) && sizeof(ExactOperand) <= sizeof(MatmulOperand),
              "MatmulOperand must hold either layout");

enum class Side : uint8_t { In0, In1 };

void prepare_exact(Side side, const uint32_t (*rows)[32], ExactOperand& out);
/// dst (tile order) += in0 @ in1.
template <bool D32>
void matmul_exact(const ExactOperand& in0, const ExactOperand& in1, int phases, uint32_t* dst);

}  // namespace ttsim
