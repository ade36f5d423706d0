# SPDX-License-Identifier: Apache-2.0
"""Runs a few lines of compute kernel on tiles of one core."""

import ml_dtypes
import numpy as np

from ttlang.simulator import Program

BF16 = ml_dtypes.bfloat16
FORMATS = {
    np.dtype(BF16): "Float16_b",
    np.dtype(np.float32): "Float32",
    np.dtype(np.int32): "Int32",
    np.dtype(np.uint16): "UInt16",
}

READ_ALL = r"""
#include "api/dataflow/dataflow_api.h"
void kernel_main() {
    constexpr uint32_t count = get_compile_time_arg_val(0);
    constexpr uint32_t page = get_compile_time_arg_val(1);
    for (uint32_t in = 0; in < count; in++) {
        const uint32_t pages = get_arg_val<uint32_t>(3 * in + 1), size = get_arg_val<uint32_t>(3 * in + 2);
        const InterleavedAddrGen<true> from = {.bank_base_address = get_arg_val<uint32_t>(3 * in), .page_size = size};
        cb_reserve_back(in, pages);
        for (uint32_t i = 0; i < pages; i++) noc_async_read(get_noc_addr(i, from), get_write_ptr(in) + i * size, size);
        noc_async_read_barrier();
        cb_push_back(in, pages);
    }
}
"""
WRITE_ALL = r"""
#include "api/dataflow/dataflow_api.h"
void kernel_main() {
    const uint32_t pages = get_arg_val<uint32_t>(1), size = get_arg_val<uint32_t>(2);
    const InterleavedAddrGen<true> to = {.bank_base_address = get_arg_val<uint32_t>(0), .page_size = size};
    cb_wait_front(16, pages);
    for (uint32_t i = 0; i < pages; i++) noc_async_write(get_read_ptr(16) + i * size, get_noc_addr(i, to), size);
    noc_async_write_barrier();
    cb_pop_front(16, pages);
}
"""
COMPUTE_INCLUDES = r"""
#include <cstdint>
#include "api/compute/common.h"
#include "api/compute/compute_kernel_api.h"
"""


def tiles_of(array):
    return -(-array.shape[0] // 32) * -(-array.shape[1] // 32)


def run_tiles(
    device,
    body,
    inputs,
    out_shape,
    out_dtype=BF16,
    *,
    row_major_in=False,
    row_major_out=False,
    time=False,
    **options,
):
    """Runs `body` on one core: inputs whole in circular buffers 0, 1, ..., the result from 16; returns the output array."""
    accuracy = options.pop("accuracy", "fast")
    program = Program()
    core = (0, 0, 0, 0)
    arguments = []
    buffers = []
    for index, array in enumerate(inputs):
        size = 1024 * array.dtype.itemsize
        buffer = device.allocate(tiles_of(array), size)
        buffers.append(buffer)
        if row_major_in:
            buffer.write(np.ascontiguousarray(array))
        else:
            buffer.write_tiles(array)
        program.add_circular_buffer(index, core, data_format=FORMATS[array.dtype], num_pages=buffer.num_pages)
        arguments += [buffer.address, buffer.num_pages, size]
    result = np.zeros(out_shape, out_dtype)
    out = device.allocate(tiles_of(result), 1024 * result.dtype.itemsize)
    out.write(np.full(out.size, 0xA5, np.uint8))
    program.add_circular_buffer(16, core, data_format=FORMATS[result.dtype], num_pages=out.num_pages)
    program.add_circular_buffer(24, core, data_format=FORMATS[result.dtype], num_pages=8)
    program.add_kernel(
        READ_ALL, "reader", core, compile_time_args=[len(inputs), 0], runtime_args={(0, 0): arguments}
    )
    program.add_kernel(
        WRITE_ALL, "writer", core, runtime_args={(0, 0): [out.address, out.num_pages, out.page_size]}
    )
    text = body if "kernel_main" in body else f"{COMPUTE_INCLUDES}\nvoid kernel_main() {{\n{body}\n}}\n"
    program.add_kernel(text, "compute", core, name="body", **options)
    device.run(program, time=time, accuracy=accuracy, max_cycles=10_000_000)
    if row_major_out:
        result = out.read().view(result.dtype).reshape(out_shape)
    else:
        out.read_tiles(result)
    for buffer in (*buffers, out):
        buffer.free()
    return result
