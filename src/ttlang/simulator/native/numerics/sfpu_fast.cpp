// SPDX-License-Identifier: Apache-2.0
//
// Fused multiply-adds are welcome here: the device has nothing else.
#if defined(__clang__)
#pragma clang fp contract(fast)
#else
#pragma GCC optimize("fp-contract=fast")
#endif
#define TTSIM_NATIVE_LANES
#include "sfpu_float.h"

namespace ttsim {

bool run_float_fast(const SfpuJob& job) { return FloatOps<FastUnit>::run(job); }

}  // namespace ttsim
