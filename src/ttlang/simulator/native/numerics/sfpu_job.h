// SPDX-License-Identifier: Apache-2.0
//
// One SFPU operation over (part of) a tile, as the dispatcher hands it to a unit.
#pragma once
#include "lanes.h"
#include "numerics.h"

namespace ttsim {

struct SfpuJob {
    SfpuOp op;
    const uint32_t* in[3];
    uint32_t* out;
    uint32_t p[3];
    bool wide;     ///< 32-bit DST
    bool flush_stores;  ///< denormals become zeros
    bool approx;   ///< math_approx_mode
    int32_t mask;  ///< what a store keeps of a lane
    Faces faces;
    int from, to;  ///< face rows
};

/// Operations of the float domain; false if `op` is not one.
bool run_float_fast(const SfpuJob& job);
bool run_float_exact(const SfpuJob& job);
/// Operations of the integer domains, the same in both accuracies.
bool run_integer(const SfpuJob& job);

TTSIM_INLINE float param_float(uint32_t bits) {
    float x;
    memcpy(&x, &bits, 4);
    return x;
}

}  // namespace ttsim
