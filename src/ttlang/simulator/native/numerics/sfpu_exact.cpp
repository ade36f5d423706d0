// SPDX-License-Identifier: Apache-2.0
#define TTSIM_NATIVE_LANES
#include "sfpu_float.h"

namespace ttsim {

bool run_float_exact(const SfpuJob& job) { return FloatOps<ExactUnit>::run(job); }

}  // namespace ttsim
