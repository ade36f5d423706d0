# SPDX-License-Identifier: Apache-2.0
"""Calls that few kernels make: special functions, quantization, rows and columns of a tile, mailboxes, parts of processors."""

import math

import ml_dtypes
import numpy as np
import pytest
from tile_programs import BF16, run_tiles

from ttlang.simulator import Program

F32 = np.float32
CORE = (0, 0, 0, 0)
HEAD = '#include "api/dataflow/dataflow_api.h"\n'


def lane_values(low, high):
    return np.linspace(low, high, 1024, dtype=F32).reshape(32, 32)


def sfpu(device, inputs, calls, out=F32, tiles=1):
    """Copies the inputs to DST 0, 1, ..., makes the calls, packs DST 0 or the first tiles."""
    copies = "\n".join(
        f"    reconfig_data_format_srca({i}); copy_init({i}); copy_tile({i}, 0, {i});"
        for i in range(len(inputs))
    )
    waits = "\n".join(f"    cb_wait_front({i}, 1);" for i in range(len(inputs)))
    packs = "\n".join(f"    pack_tile({i}, 16);" for i in range(tiles))
    body = f"""
    compute_kernel_hw_startup(0, 16);
{waits}
    cb_reserve_back(16, {tiles});
    tile_regs_acquire();
{copies}
    {calls}
    tile_regs_commit();
    tile_regs_wait();
{packs}
    tile_regs_release();
    cb_push_back(16, {tiles});
"""
    return run_tiles(
        device,
        body,
        inputs,
        (32, 32 * tiles),
        out,
        fp32_dest_acc=True,
        unpack_to_dest_fp32={i for i, a in enumerate(inputs) if a.dtype.itemsize == 4},
    )


def float_bits(value):
    return f"{np.float32(value).view(np.uint32)}u"


def digamma(x):
    step = 1e-5
    return (math.lgamma(x + step) - math.lgamma(x - step)) / (2 * step)


UNARY = {
    "digamma_tile_init(); digamma_tile(0);": (digamma, 0.5, 9.0),
    f"polygamma_tile_init(); polygamma_tile(0, {float_bits(1)}, {float_bits(1)});": (
        lambda x: sum(1 / (x + k) ** 2 for k in range(2000)) + 1 / (x + 2000),
        0.5,
        8.0,
    ),
    "lgamma_stirling_tile_init(); lgamma_stirling_tile(0);": (
        lambda x: math.lgamma(x if x >= 0.5 else 1 - x),
        -3.3,
        7.0,
    ),
    "gelu_derivative_tile_init(); gelu_derivative_tile(0);": (
        lambda x: 0.5 * (1 + math.erf(x / math.sqrt(2))) + x * math.exp(-x * x / 2) / math.sqrt(2 * math.pi),
        -4.0,
        4.0,
    ),
    f"xielu_tile_init(); xielu_tile(0, {float_bits(0.8)}, {float_bits(0.6)});": (
        lambda x: 0.8 * x * x + 0.5 * x if x > 0 else 0.6 * (math.expm1(min(x, -1e-6)) - x) + 0.5 * x,
        -3.0,
        3.0,
    ),
}


@pytest.mark.parametrize("calls", UNARY)
def test_special_functions(device, calls):
    function, low, high = UNARY[calls]
    x = lane_values(low, high)
    expected = np.vectorize(function)(x.astype(np.float64))
    np.testing.assert_allclose(sfpu(device, [x], calls), expected, rtol=2e-4, atol=2e-4)


BINARY = {
    "logaddexp_binary_tile_init(); logaddexp_binary_tile(0, 1, 0);": np.logaddexp,
    "logaddexp2_binary_tile_init(); logaddexp2_binary_tile(0, 1, 0);": np.logaddexp2,
    f"isclose_binary_tile_init(); isclose_binary_tile(0, 1, 0, {float_bits(0.1)}, {float_bits(0.5)});": (
        lambda a, b: np.abs(a - b) <= 0.5 + 0.1 * np.abs(b)
    ),
    "nextafter_binary_tile_init(); nextafter_binary_tile(0, 1, 0);": np.nextafter,
}


@pytest.mark.parametrize("calls", BINARY)
def test_special_functions_of_two_tiles(device, calls):
    a, b = lane_values(-5, 6), lane_values(4, -7)
    np.testing.assert_allclose(sfpu(device, [a, b], calls), BINARY[calls](a, b), rtol=1e-6, atol=1e-6)


def test_lgamma_of_negative_values(device):
    x = lane_values(-2.9, -0.1)
    log_sine = np.log(np.abs(np.sin(np.pi * x))).astype(F32)
    calls = (
        "lgamma_stirling_float_tile(0, 1, 2); lgamma_adjusted_tile_init(); lgamma_adjusted_tile(2, 1, 0, 0);"
    )
    expected = np.vectorize(math.lgamma)(x.astype(np.float64))
    np.testing.assert_allclose(sfpu(device, [x, log_sine], calls), expected, rtol=1e-3, atol=1e-3)


def test_quantization_there_and_back(device):
    x, scale = lane_values(-20, 20), np.full((32, 32), 8.0, F32)
    calls = f"quant_tile_init({float_bits(3)}); quant_tile(0, 1, 0);"
    whole = sfpu(device, [x, scale], calls, np.int32)
    assert (whole == np.clip(np.round(x.astype(np.float64) * 8 + 3), -127, 127)).all()
    back = f"dequant_tile_init({float_bits(-3)}); dequant_tile(0, 1, 0);"
    inverse = np.full((32, 32), 0.125, F32)
    np.testing.assert_array_equal(sfpu(device, [whole, inverse], back), (whole - 3) * F32(0.125))


def test_quantization_to_unsigned_bytes(device):
    x, scale = lane_values(-10, 300), np.ones((32, 32), F32)
    calls = "quant_uint8_tile_init(0); quant_tile(0, 1, 0);"
    assert (sfpu(device, [x, scale], calls, np.int32) == np.clip(np.round(x), 0, 255)).all()


def test_integer_sums_of_a_tile(device):
    x = np.arange(1024, dtype=np.int32).reshape(32, 32)
    columns = sfpu(device, [x], "sfpu_sum_int_init(); sfpu_sum_int_col(0);", np.int32)
    assert (columns[:4].sum(0) == x.sum(0)).all()
    rows = sfpu(device, [x], "sfpu_sum_int_init(); sfpu_sum_int_row(0);", np.int32)
    assert (rows[:, 0:16:2].sum(1) == x.sum(1)).all()
    twice = sfpu(device, [x, x], "sfpu_sum_int_init(); sfpu_add_int(0);", np.int32)
    assert (twice == 2 * x).all()


def test_pairs_turn_and_top_rows_add(device):
    x = lane_values(1, 2)
    turned = sfpu(device, [x], "alt_complex_rotate90_tile_init(); alt_complex_rotate90_tile(0);")
    assert (turned[:, 0::2] == -x[:, 1::2]).all() and (turned[:, 1::2] == x[:, 0::2]).all()
    added = sfpu(device, [x, x], "sfpu_add_top_row_init(); sfpu_add_top_row<DataFormat::Float32>(0, 1, 0);")
    assert (added[0] == 2 * x[0]).all() and (added[4:] == x[4:]).all()


def test_moving_average_goes_down_the_rows_into_the_next_tile(device):
    x = lane_values(-1, 1)
    calls = f"ema_init({float_bits(0.75)}, {float_bits(0.25)}); ema_clear_previous_output(); ema_tile(0);"
    found = sfpu(device, [x, x], calls, tiles=2)[:, 32:]
    expected, previous = np.zeros_like(x), np.zeros(32, F32)
    for row in range(32):
        previous = F32(0.25) * x[row] + F32(0.75) * previous
        expected[row] = previous
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)


def test_largest_of_each_row_over_a_block(device):
    a = np.random.default_rng(3).standard_normal((32, 96)).astype(BF16)
    ones = np.ones((32, 32), BF16)
    body = """
    compute_kernel_hw_startup(0, 1, 16);
    cb_wait_front(0, 3); cb_wait_front(1, 1); cb_reserve_back(16, 1);
    reduce_block_max_row_init<3>();
    tile_regs_acquire();
    reduce_block_max_row<3>(0, 1, 0, 0);
    tile_regs_commit(); tile_regs_wait();
    pack_tile(0, 16);
    tile_regs_release();
    reduce_block_max_row_uninit();
    cb_push_back(16, 1);
"""
    found = run_tiles(device, body, [a, ones], (32, 32))
    assert (found[:, 0] == a.max(1)).all()


PROCESSORS = """
#include "api/compute/common.h"
#include "api/debug/dprint.h"
void kernel_main() {
    uint32_t value = 0;
    if (get_arg_val<uint32_t>(0) == 1) MATH((value = 5));
    else MATH((value = 7));
    UNPACK(ckernel::mailbox_write(ckernel::ThreadId::MathThreadId, 30);)
    MATH(value += ckernel::mailbox_read(ckernel::ThreadId::UnpackThreadId);)
    MATH(DPRINT << "value " << value << ENDL();)
}
"""


@pytest.mark.parametrize(("given", "printed"), [(1, "value 35"), (2, "value 37")])
def test_parts_of_processors_take_an_else_and_mailboxes_carry_words(device, given, printed):
    program = Program()
    program.add_kernel(PROCESSORS, "compute", CORE, runtime_args={(0, 0): [given]})
    assert printed in device.run(program).output


def test_inline_writes_with_state(device):
    program = Program()
    program.add_kernel(
        HEAD
        + """
void kernel_main() {
    const uint32_t target = get_arg_val<uint32_t>(0);
    noc_inline_dw_write_set_state<false, true>(get_noc_addr(target), 11);
    noc_inline_dw_write_with_state(0);
    noc_inline_dw_write_with_state<true, true, false, false, true>(22, target + 4);
    noc_async_write_barrier();
}""",
        "reader",
        CORE,
        runtime_args={(0, 0): [200_000]},
    )
    program.add_circular_buffer(0, CORE, page_size=64, num_pages=1, address=200_000 // 64 * 64)
    device.run(program, sanitize=False)
    assert device.read_l1((0, 0), 200_000, 8).view(np.uint32).tolist() == [11, 22]


RAW_POINTER = (
    HEAD
    + """
void kernel_main() {
    const uint32_t address = get_arg_val<uint32_t>(0);
    auto* words = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(address);
    for (uint32_t i = 0; i < 16; i++) words[i] = 2 * words[i] + get_absolute_logical_x();
    cb_reserve_back(0, 1);
    noc_async_read(get_noc_addr(address), get_write_ptr(0), 64);
    noc_async_read_barrier();
    cb_push_back(0, 1);
    cb_wait_front(0, 1);
    words[0] = *reinterpret_cast<volatile tt_l1_ptr uint32_t*>(get_read_ptr(0)) + 1000;
    cb_pop_front(0, 1);
}"""
)


@pytest.mark.parametrize("sanitize", [True, False])
def test_l1_addresses_from_the_host_are_pointers(device, sanitize):
    cores = (0, 0, 2, 0)
    shards = device.allocate_sharded((3, 1), (1, 1), cores, 64)
    values = np.arange(48, dtype=np.uint32)
    shards.write(values)
    program = Program()
    program.add_kernel(
        RAW_POINTER, "reader", cores, runtime_args={(x, 0): [shards.address] for x in range(3)}
    )
    program.add_circular_buffer(0, cores, page_size=64, num_pages=1)
    for _ in range(2):
        device.run(program, sanitize=sanitize)
        values = values.reshape(3, 16) * 2 + np.arange(3, dtype=np.uint32)[:, None]
        values[:, 0] += 1000
    assert (shards.read().view(np.uint32).reshape(3, 16) == values).all()
    shards.free()


NOC_OF_0_69 = (
    HEAD
    + """
#include "experimental/noc.h"
#include "experimental/circular_buffer.h"
#include "experimental/tensor.h"
void kernel_main() {
    experimental::Noc noc;
    experimental::CircularBuffer cb(0);
    const auto from = TensorAccessor(TensorAccessorArgs<0>(), get_arg_val<uint32_t>(0));
    const auto to = TensorAccessor(TensorAccessorArgs<2>(), get_arg_val<uint32_t>(1));
    cb.reserve_back(1);
    noc.async_read<experimental::Noc::TxnIdMode::ENABLED>(from, cb, 64, {.page_id = 0}, {}, NOC_UNICAST_WRITE_VC, 3);
    noc.async_read_barrier<experimental::Noc::BarrierMode::TXN_ID>(3);
    cb.push_back(1);
    cb.wait_front(1);
    noc.async_write<experimental::Noc::TxnIdMode::DISABLED, experimental::Noc::ResponseMode::POSTED>(cb, to, 64, {}, {.page_id = 0});
    noc.async_writes_flushed<experimental::Noc::ResponseMode::POSTED>();
    cb.pop_front(1);
}"""
)


def test_object_style_of_0_69(device):
    source, target = device.allocate(1, 64), device.allocate(1, 64)
    source.write(np.arange(16, dtype=np.uint32))
    program = Program()
    program.add_kernel(
        NOC_OF_0_69,
        "reader",
        CORE,
        compile_time_args=source.accessor_args + target.accessor_args,
        runtime_args={(0, 0): [source.address, target.address]},
    )
    program.add_circular_buffer(0, CORE, page_size=64, num_pages=1)
    device.run(program)
    assert (target.read().view(np.uint32) == np.arange(16)).all()
    source.free()
    target.free()


def test_snake_beta(device):
    x, alpha, beta = lane_values(-2, 2), np.full((32, 32), 1.5, F32), np.full((32, 32), 0.5, F32)
    calls = "snake_beta_tile_init(); snake_beta_tile<DataFormat::Float32>(0, 1, 2, 0);"
    expected = x + np.sin(1.5 * x) ** 2 / 0.5
    np.testing.assert_allclose(sfpu(device, [x, alpha, beta], calls), expected, rtol=1e-3, atol=1e-3)


def test_bfloat16_neighbours(device):
    x = lane_values(0.5, 3).astype(ml_dtypes.bfloat16)
    up = np.full((32, 32), 100, BF16)
    calls = "nextafter_bf16_binary_tile_init(); nextafter_bf16_binary_tile(0, 1, 0);"
    found = sfpu(device, [x, up], calls, BF16)
    assert (found.view(np.uint16) == x.view(np.uint16) + 1).all()
