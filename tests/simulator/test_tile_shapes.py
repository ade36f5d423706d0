# SPDX-License-Identifier: Apache-2.0
"""Tiles smaller than 32 x 32: what kernels see of their shape, copies, arithmetic and matmul on them, what is refused."""

import numpy as np
import pytest
from tile_programs import BF16, COMPUTE_INCLUDES

from ttlang.simulator import ApiFault, Program, ProgramError

CORE = (0, 0, 0, 0)
SHAPES = [(16, 32), (32, 16), (16, 16), (8, 32), (1, 32), (4, 16)]
HEAD = '#include "api/dataflow/dataflow_api.h"\n'
MOVE = HEAD + (
    "void kernel_main() {"
    " const auto t = TensorAccessor(TensorAccessorArgs<0>(), get_arg_val<uint32_t>(0));"
    ' constexpr uint32_t cb = get_named_compile_time_arg_val("cb");'
)
WRITE = MOVE + (
    " cb_wait_front(cb, 1); noc_async_write_page(0, t, get_read_ptr(cb)); noc_async_write_barrier(); cb_pop_front(cb, 1); }"
)
READ_TWO = (
    HEAD
    + """
void kernel_main() {
    const auto a = TensorAccessor(TensorAccessorArgs<0>(), get_arg_val<uint32_t>(0));
    const auto b = TensorAccessor(TensorAccessorArgs<2>(), get_arg_val<uint32_t>(1));
    cb_reserve_back(0, 1); cb_reserve_back(1, 1);
    noc_async_read_page(0, a, get_write_ptr(0));
    noc_async_read_page(0, b, get_write_ptr(1));
    noc_async_read_barrier();
    cb_push_back(0, 1); cb_push_back(1, 1);
}"""
)


def faces(array):
    """The bytes of one tile: faces of up to 16 x 16, row by row."""
    parts = [
        np.ascontiguousarray(array[down : down + 16, across : across + 16])
        for down in range(0, array.shape[0], 16)
        for across in range(0, array.shape[1], 16)
    ]
    return np.concatenate([part.view(np.uint8).reshape(-1) for part in parts])


def from_faces(data, shape, dtype):
    array = np.zeros(shape, dtype)
    values = data.view(dtype)
    for down in range(0, shape[0], 16):
        for across in range(0, shape[1], 16):
            part = array[down : down + 16, across : across + 16]
            part[...] = values[: part.size].reshape(part.shape)
            values = values[part.size :]
    return array


def run_two(device, a, b, out_shape, calls, dtype=BF16):
    """One tile of each shape in, one out."""
    name = {2: "Float16_b", 4: "Float32"}[np.dtype(dtype).itemsize]
    shapes = [a.shape, b.shape, out_shape]
    sizes = [rows * columns * np.dtype(dtype).itemsize for rows, columns in shapes]
    buffers = [device.allocate(1, size) for size in sizes]
    buffers[0].write(faces(a))
    buffers[1].write(faces(b))
    program = Program()
    for index, shape in zip((0, 1, 16), shapes, strict=True):
        program.add_circular_buffer(index, CORE, data_format=name, num_pages=1, tile=shape)
    program.add_kernel(
        READ_TWO,
        "reader",
        CORE,
        compile_time_args=buffers[0].accessor_args + buffers[1].accessor_args,
        runtime_args={(0, 0): [buffers[0].address, buffers[1].address]},
    )
    body = f"""
    cb_wait_front(0, 1); cb_wait_front(1, 1); cb_reserve_back(16, 1);
    {calls}
    tile_regs_commit(); tile_regs_wait();
    pack_tile(0, 16);
    tile_regs_release();
    cb_push_back(16, 1);
"""
    program.add_kernel(f"{COMPUTE_INCLUDES}\nvoid kernel_main() {{\n{body}\n}}\n", "compute", CORE)
    program.add_kernel(
        WRITE,
        "writer",
        CORE,
        compile_time_args=buffers[2].accessor_args,
        named_compile_time_args={"cb": 16},
        runtime_args={(0, 0): [buffers[2].address]},
    )
    try:
        device.run(program)
        return from_faces(buffers[2].read(), out_shape, dtype)
    finally:
        for buffer in buffers:
            buffer.free()


def values(shape, seed):
    return np.random.default_rng(seed).standard_normal(shape).astype(BF16)


@pytest.mark.parametrize("shape", SHAPES)
def test_sums_of_small_tiles(device, shape):
    a, b = values(shape, 1), values(shape, 2)
    calls = (
        "compute_kernel_hw_startup(0, 1, 16); add_init(0, 1); tile_regs_acquire(); add_tiles(0, 1, 0, 0, 0);"
    )
    found = run_two(device, a, b, shape, calls)
    expected = a.astype(np.float32) + b.astype(np.float32)
    np.testing.assert_allclose(found.astype(np.float32), expected, rtol=8e-3, atol=1e-2)


@pytest.mark.parametrize(("left", "right"), [((16, 32), (32, 32)), ((8, 32), (32, 16)), ((32, 16), (16, 32))])
def test_matmul_of_small_tiles(device, left, right):
    a, b = values(left, 3), values(right, 4)
    calls = (
        "compute_kernel_hw_startup<SrcOrder::Reverse>(0, 1, 16); matmul_init(0, 1);"
        " tile_regs_acquire(); matmul_tiles(0, 1, 0, 0, 0);"
    )
    found = run_two(device, a, b, (left[0], right[1]), calls).astype(np.float32)
    expected = a.astype(np.float32) @ b.astype(np.float32)
    assert np.linalg.norm(found - expected) <= 1e-2 * np.linalg.norm(expected)


def test_kernels_see_the_shape(device):
    program = Program()
    program.add_circular_buffer(3, CORE, data_format="Float32", num_pages=2, tile=(8, 16))
    program.add_kernel(
        HEAD
        + """
void kernel_main() {
    static_assert(get_tile_size(3) == 512 && get_tile_hw(3) == 128 && get_tile_num_faces(3) == 1);
    static_assert(unpack_tile_face_r_dim[3] == 8 && unpack_narrow_tile[3] == 1 && pack_partial_face[3] == 1 && get_tile_hw(0) == 1024);
    const CircularBuffer cb(3);
    ASSERT(cb.get_tile_hw() == 128 && cb.get_tile_size() == 512);
    ASSERT(get_local_cb_interface(3).fifo_page_size == 512);
}""",
        "reader",
        CORE,
    )
    device.run(program)


@pytest.mark.parametrize(
    ("tile", "data_format", "message"),
    [
        ((12, 32), "Float16_b", "rows are one of"),
        ((32, 8), "Float16_b", "columns of"),
        ((16, 32), "Bfp8_b", "block formats"),
    ],
)
def test_shapes_that_do_not_exist(tile, data_format, message):
    with pytest.raises(ProgramError, match=message):
        Program().add_circular_buffer(0, CORE, data_format=data_format, num_pages=1, tile=tile)


def test_calls_on_whole_tiles_only_say_so(device):
    a = values((16, 32), 5)
    calls = (
        "compute_kernel_hw_startup(0, 1, 16); reduce_init<PoolType::MAX, ReduceDim::REDUCE_ROW>(0, 1, 16);"
        " tile_regs_acquire(); reduce_tile<PoolType::MAX, ReduceDim::REDUCE_ROW>(0, 1, 0, 0, 0);"
    )
    with pytest.raises(ApiFault, match="16 x 32"):
        run_two(device, a, values((32, 32), 6), (16, 32), calls)
