// SPDX-License-Identifier: Apache-2.0
//
// Calls that work on a row of tiles through DST sections of their own.
#pragma once
#include "ttsim/compute.h"

namespace ckernel {

template <uint32_t full_ct_dim, auto...>
ALWI void fast_untilize_init(uint32_t, uint32_t ocb, TTSIM_LINE) {
    tensix_reconfigure_pack(ocb, call_line);
    tensix_operation_init(TTSIM_OP_COPY, TTSIM_ALL_UNITS, call_line);
}
template <uint32_t full_ct_dim, auto...>
ALWI void fast_untilize_init_skip_remap(uint32_t, uint32_t ocb, TTSIM_LINE) {
    tensix_reconfigure_pack(ocb, call_line);
    tensix_operation_init(TTSIM_OP_COPY, TTSIM_ALL_UNITS, call_line);
}
template <uint32_t full_ct_dim, auto...>
ALWI void fast_untilize_block(uint32_t icb, uint32_t ocb, uint32_t input_tile_index = 0, uint32_t output_tile_index = 0, TTSIM_LINE) {
    static_assert(full_ct_dim > 0, "fast_untilize_block: a row has tiles");
    ASSERT(output_tile_index % full_ct_dim == 0);
    for (uint32_t t = 0; t < full_ct_dim; t++) {
        tensix_tile_regs(TTSIM_ACQUIRE, call_line);
        tensix_copy_tile(icb, input_tile_index + t, 0, call_line);
        tensix_tile_regs(TTSIM_COMMIT, call_line);
        tensix_tile_regs(TTSIM_WAIT, call_line);
        tensix_pack_untilize(0, ocb, full_ct_dim, output_tile_index / full_ct_dim, t, call_line);
        tensix_tile_regs(TTSIM_RELEASE, call_line);
    }
}
template <uint32_t full_ct_dim, auto...>
ALWI void fast_untilize_uninit(uint32_t, TTSIM_LINE) {
    tensix_init(TTSIM_ALL_UNITS, call_line);
}

}  // namespace ckernel
