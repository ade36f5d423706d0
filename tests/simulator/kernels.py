# SPDX-License-Identifier: Apache-2.0
"""Kernel texts that several tests run."""

READER = r"""
#include <cstdint>
#include "api/dataflow/dataflow_api.h"
void kernel_main() {
    uint32_t a_addr = get_arg_val<uint32_t>(0), b_addr = get_arg_val<uint32_t>(1), start = get_arg_val<uint32_t>(2), n = get_arg_val<uint32_t>(3);
    constexpr auto a_args = TensorAccessorArgs<0>();
    constexpr auto b_args = TensorAccessorArgs<a_args.next_compile_time_args_offset()>();
    const auto a = TensorAccessor(a_args, a_addr); const auto b = TensorAccessor(b_args, b_addr);
    for (uint32_t i = start; i < start + n; ++i) {
        cb_reserve_back(0, 1); noc_async_read_page(i, a, get_write_ptr(0));
        cb_reserve_back(1, 1); noc_async_read_page(i, b, get_write_ptr(1));
        noc_async_read_barrier();
        cb_push_back(0, 1); cb_push_back(1, 1);
    }
}
"""
COMPUTE = r"""
#include <cstdint>
#include "api/compute/common.h"
#include "api/compute/compute_kernel_hw_startup.h"
#include "api/compute/eltwise_binary.h"
#include "api/compute/pack.h"
void kernel_main() {
    uint32_t n = get_arg_val<uint32_t>(0);
    compute_kernel_hw_startup(0, 1, 16);
    add_init(0, 1);
    for (uint32_t i = 0; i < n; ++i) {
        cb_wait_front(0, 1); cb_wait_front(1, 1);
        tile_regs_acquire(); add_tiles(0, 1, 0, 0, 0); tile_regs_commit();
        tile_regs_wait(); cb_reserve_back(16, 1); pack_tile(0, 16); cb_push_back(16, 1); tile_regs_release();
        cb_pop_front(0, 1); cb_pop_front(1, 1);
    }
}
"""
WRITER = r"""
#include <cstdint>
#include "api/dataflow/dataflow_api.h"
void kernel_main() {
    uint32_t addr = get_arg_val<uint32_t>(0), start = get_arg_val<uint32_t>(1), n = get_arg_val<uint32_t>(2);
    constexpr auto args = TensorAccessorArgs<0>(); const auto o = TensorAccessor(args, addr);
    for (uint32_t i = start; i < start + n; ++i) {
        cb_wait_front(16, 1); noc_async_write_page(i, o, get_read_ptr(16)); noc_async_write_barrier(); cb_pop_front(16, 1);
    }
}
"""
