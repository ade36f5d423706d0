# SPDX-License-Identifier: Apache-2.0
"""Compute calls reach the numerics with the right operands, in both spellings."""

import numpy as np
import pytest
from tile_programs import BF16, COMPUTE_INCLUDES, run_tiles

SECTION = "tile_regs_acquire(); {math} tile_regs_commit(); tile_regs_wait(); {pack} tile_regs_release();"
PACK_ONE = "cb_reserve_back(16, 1); pack_tile({dst}, 16); cb_push_back(16, 1);"


def normal(seed, shape=(32, 32), dtype=BF16):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def one_tile(math, dst=0):
    return SECTION.format(math=math, pack=PACK_ONE.format(dst=dst))


def near(result, expected, tolerance=1 / 64):
    expected = np.asarray(expected, np.float64)
    assert np.abs(result.astype(np.float64) - expected).max() <= tolerance * max(1.0, np.abs(expected).max())


WAIT2 = "cb_wait_front(0, 1); cb_wait_front(1, 1); compute_kernel_hw_startup(0, 1, 16);"


@pytest.mark.parametrize(
    ("init", "call", "function"),
    [
        ("add_init(0, 1);", "add_tiles(0, 1, 0, 0, 0);", np.add),
        ("sub_init(0, 1);", "sub_tiles(0, 1, 0, 0, 0);", np.subtract),
        ("mul_init(0, 1);", "mul_tiles(0, 1, 0, 0, 0);", np.multiply),
        ("add_tiles_init(0, 1);", "add_tiles(0, 1, 0, 0, 0);", np.add),
        ("add_bcast_rows_init(0, 1);", "add_tiles_bcast_rows(0, 1, 0, 0, 0);", lambda a, b: a + b[:1]),
        ("sub_bcast_cols_init(0, 1);", "sub_tiles_bcast_cols(0, 1, 0, 0, 0);", lambda a, b: a - b[:, :1]),
        ("mul_bcast_scalar_init(0, 1);", "mul_tiles_bcast_scalar(0, 1, 0, 0, 0);", lambda a, b: a * b[0, 0]),
        (
            "mul_tiles_bcast_scalar_init_short(0, 1);",
            "mul_tiles_bcast_scalar(0, 1, 0, 0, 0);",
            lambda a, b: a * b[0, 0],
        ),
        ("matmul_init(0, 1);", "matmul_tiles(0, 1, 0, 0, 0);", np.matmul),
        ("matmul_init(0, 1, 1);", "matmul_tiles(0, 1, 0, 0, 0);", lambda a, b: a @ b.T),
        ("mm_init(0, 1, 16);", "matmul_tiles(0, 1, 0, 0, 0);", np.matmul),
        (
            "copy_init(0);",
            "copy_tile(0, 0, 0); copy_tile(1, 0, 1); add_binary_tile_init(); add_binary_tile(0, 1, 0);",
            np.add,
        ),
        (
            "copy_init(1);",
            "copy_tile(1, 0, 0); sub_reuse_dest_init<EltwiseBinaryReuseDestType::DEST_TO_SRCB>(0);"
            " sub_reuse_dest_tiles<EltwiseBinaryReuseDestType::DEST_TO_SRCB>(0, 0, 0);",
            np.subtract,
        ),
    ],
)
@pytest.mark.parametrize("accuracy", ["fast", "exact"])
def test_two_operands(device, init, call, function, accuracy):
    a, b = normal(1), normal(2)
    out = run_tiles(device, WAIT2 + init + one_tile(call), [a, b], (32, 32), accuracy=accuracy)
    near(out, function(a.astype(np.float64), b.astype(np.float64)))


@pytest.mark.parametrize(
    ("call", "function"),
    [
        ("copy_init(0); copy_tile(0, 0, 0);", lambda x: x),
        ("transpose_init(0); transpose_tile(0, 0, 0);", np.transpose),
        ("transpose_wh_init_short(0); transpose_wh_tile(0, 0, 0);", np.transpose),
        (
            "copy_init(0); copy_tile(0, 0, 0); transpose_dest_init<false>(); transpose_dest<false>(0);",
            np.transpose,
        ),
        (
            "unary_bcast_init<BroadcastType::COL>(0); unary_bcast<BroadcastType::COL>(0, 0, 0);",
            lambda x: np.tile(x[:, :1], 32),
        ),
        ("copy_init(0); copy_tile(0, 0, 0); exp_tile_init(); exp_tile(0);", np.exp),
        ("copy_init(0); copy_tile(0, 0, 0); relu_tile_init(); relu_tile(0);", lambda x: np.maximum(x, 0)),
        (
            "copy_init(0); copy_tile(0, 0, 0); fill_tile_init(); fill_tile(1, 2.5f); mul_binary_tile_init(); mul_binary_tile(0, 1, 2);"
            " copy_dest_values_init(); copy_dest_values<DataFormat::Float16_b>(2, 0);",
            lambda x: 2.5 * x,
        ),
        (
            "copy_init(0); copy_tile(0, 0, 0); binop_with_scalar_tile_init(); add_unary_tile(0, 0x40400000u);",
            lambda x: x + 3,
        ),
        ("copy_init(0); copy_tile(0, 0, 0); exp_tile_init(); exp_tile(0, VectorMode::R);", None),
    ],
)
def test_one_operand(device, call, function):
    x = normal(3)
    out = run_tiles(
        device, "cb_wait_front(0, 1); compute_kernel_hw_startup(0, 16);" + one_tile(call), [x], (32, 32)
    )
    values = x.astype(np.float64)
    if function is None:
        expected = values.copy()
        expected[:16] = np.exp(values[:16])
        near(out, expected)
    else:
        near(out, function(values))


@pytest.mark.parametrize(
    ("dim", "select", "function"),
    [
        ("REDUCE_ROW", (slice(None), 0), lambda x: x.sum(1)),
        ("REDUCE_COL", (0, slice(None)), lambda x: x.sum(0)),
        ("REDUCE_SCALAR", (0, 0), lambda x: x.sum()),
    ],
)
def test_reduce_and_its_packer_mask(device, dim, select, function):
    x, ones = normal(4), np.ones((32, 32), BF16)
    reduce = f"<PoolType::SUM, ReduceDim::{dim}>"
    body = (
        WAIT2
        + f"reduce_init{reduce}(0, 1, 16);"
        + one_tile(f"reduce_tile{reduce}(0, 1, 0, 0, 0);")
        + "reduce_uninit();"
    )
    out = run_tiles(device, body, [x, ones], (32, 32))
    near(out[select], function(x.astype(np.float64)), 1 / 32)  # sums in a 16-bit DST
    rest = out.astype(np.float64).copy()
    rest[select] = 0
    assert not rest.any()


def test_reduce_defaults_of_069(device):
    x, ones = normal(5), np.ones((32, 32), BF16)
    text = (
        '#define REDUCE_OP PoolType::SUM\n#define REDUCE_DIM ReduceDim::REDUCE_COL\n#include "api/compute/reduce.h"\n'
        f"{COMPUTE_INCLUDES}void kernel_main() {{ {WAIT2} reduce_init(0, 1, 16); {one_tile('reduce_tile(0, 1, 0, 0, 0);')} reduce_uninit(); }}"
    )
    near(run_tiles(device, text, [x, ones], (32, 32))[0], x.astype(np.float64).sum(0))


@pytest.mark.parametrize("fp32", [False, True])
@pytest.mark.parametrize(("m", "k", "n"), [(2, 3, 2), (1, 4, 4), (4, 2, 1)])
def test_matmul_block(device, m, k, n, fp32):
    a, b = normal(6, (32 * m, 32 * k)), normal(7, (32 * k, 32 * n))
    body = f"""
    compute_kernel_hw_startup<SrcOrder::Reverse>(0, 1, 16); matmul_block_init(0, 1, 0, {n}, {m}, {k});
    cb_wait_front(0, {m * k}); cb_wait_front(1, {k * n});
    tile_regs_acquire();
    for (uint32_t k = 0; k < {k}; k++) matmul_block(0, 1, k, k * {n}, 0, 0, {n}, {m}, {k});
    tile_regs_commit(); tile_regs_wait();
    cb_reserve_back(16, {m * n}); pack_block(0, 16, {m * n}); cb_push_back(16, {m * n});
    tile_regs_release(); cb_pop_front(0, {m * k}); cb_pop_front(1, {k * n});"""
    dtype = np.float32 if fp32 else BF16
    out = run_tiles(device, body, [a, b], (32 * m, 32 * n), dtype, fp32_dest_acc=fp32)
    expected = a.astype(np.float64) @ b.astype(np.float64)
    error = np.linalg.norm(out.astype(np.float64) - expected) / np.linalg.norm(expected)
    assert error < (1e-3 if fp32 else 1e-2)


def test_accumulate_in_l1(device):
    x = normal(8)
    body = """
    compute_kernel_hw_startup(0, 16); copy_init(0); cb_wait_front(0, 1); cb_reserve_back(16, 1);
    for (uint32_t i = 0; i < 3; i++) {
        tile_regs_acquire(); copy_tile(0, 0, 0); tile_regs_commit(); tile_regs_wait();
        pack_reconfig_l1_acc(i != 0); pack_tile<true>(0, 16, 0); tile_regs_release();
    }
    pack_reconfig_l1_acc(0); cb_push_back(16, 1); cb_pop_front(0, 1);"""
    near(run_tiles(device, body, [x], (32, 32)), 3 * x.astype(np.float64))


def test_pack_relu_and_out_of_order_tiles(device):
    x = normal(9, (32, 64))
    body = """
    compute_kernel_hw_startup(0, 16); copy_init(0); cb_wait_front(0, 2); cb_reserve_back(16, 2);
    pack_relu_config(ReluConfig::zero());
    tile_regs_acquire(); copy_tile(0, 0, 0); copy_tile(0, 1, 1); tile_regs_commit(); tile_regs_wait();
    pack_tile<true>(0, 16, 1); pack_tile<true>(1, 16, 0); tile_regs_release();
    pack_relu_config(ReluConfig::none()); cb_push_back(16, 2); cb_pop_front(0, 2);"""
    out = run_tiles(device, body, [x], (32, 64))
    expected = np.maximum(x.astype(np.float64), 0)
    near(out, np.concatenate([expected[:, 32:], expected[:, :32]], 1))


def test_tilize(device):
    x = normal(10, (64, 96))
    body = """
    compute_kernel_hw_startup(0, 16); tilize_init(0, 3, 16);
    for (uint32_t r = 0; r < 2; r++) {
        cb_wait_front(0, 3); cb_reserve_back(16, 3); tilize_block(0, 3, 16); cb_push_back(16, 3); cb_pop_front(0, 3);
    }
    tilize_uninit(0, 16);"""
    out = run_tiles(device, body, [x], (64, 96), row_major_in=True)
    assert np.array_equal(out.view(np.uint16), x.view(np.uint16))


@pytest.mark.parametrize(
    "row",
    [
        "untilize_init(0); untilize_block<1>(0, 3, 16); untilize_uninit(0);",
        "pack_untilize_init<3>(0, 16); pack_untilize_block<3>(0, 1, 16); pack_untilize_uninit(16);",
        "tile_regs_acquire(); copy_init(0); for (uint32_t t = 0; t < 3; t++) copy_tile(0, t, t); tile_regs_commit(); tile_regs_wait();"
        "pack_untilize_dest_init<3>(16); pack_untilize_dest<3>(16); pack_untilize_uninit(16); tile_regs_release();",
    ],
)
def test_untilize(device, row):
    x = normal(11, (64, 96))
    body = f"""
    compute_kernel_hw_startup(0, 16);
    for (uint32_t r = 0; r < 2; r++) {{
        cb_wait_front(0, 3); cb_reserve_back(16, 3); {row} cb_push_back(16, 3); cb_pop_front(0, 3);
    }}"""
    out = run_tiles(device, body, [x], (64, 96), row_major_out=True)
    assert np.array_equal(out.view(np.uint16), x.view(np.uint16))


def test_integers_stay_integers(device):
    rng = np.random.default_rng(12)
    a, b = (rng.integers(-(10**9), 10**9, (32, 32), dtype=np.int32) for _ in range(2))
    call = "copy_init(0); copy_tile(0, 0, 0); copy_init(1); copy_tile(1, 0, 1); add_int_tile_init(); add_int_tile<DataFormat::Int32>(0, 1, 0);"
    out = run_tiles(device, WAIT2 + one_tile(call), [a, b], (32, 32), np.int32, fp32_dest_acc=True)
    assert np.array_equal(out, a + b)


def test_typecast(device):
    x = (normal(13) * 50).astype(BF16)
    call = (
        "copy_init(0); copy_tile(0, 0, 0); typecast_tile_init<(uint32_t)DataFormat::Float16_b, (uint32_t)DataFormat::Int32>();"
        "typecast_tile<(uint32_t)DataFormat::Float16_b, (uint32_t)DataFormat::Int32>(0);"
    )
    body = "cb_wait_front(0, 1); compute_kernel_hw_startup(0, 16);" + one_tile(call)
    out = run_tiles(device, body, [x], (32, 32), np.int32, fp32_dest_acc=True)
    assert np.array_equal(out, np.trunc(x.astype(np.float64)).astype(np.int32))


def test_block_float_buffers(device):
    x = normal(14)
    body = """
    compute_kernel_hw_startup(0, 24); copy_init(0); cb_wait_front(0, 1);
    tile_regs_acquire(); copy_tile(0, 0, 0); tile_regs_commit(); tile_regs_wait();
    cb_reserve_back(24, 1); pack_tile(0, 24); cb_push_back(24, 1); tile_regs_release(); cb_pop_front(0, 1);
    cb_wait_front(24, 1); reconfig_data_format_srca(0, 24); copy_init(24); pack_reconfig_data_format(24, 16);
    tile_regs_acquire(); copy_tile(24, 0, 0); tile_regs_commit(); tile_regs_wait();
    cb_reserve_back(16, 1); pack_tile(0, 16); cb_push_back(16, 1); tile_regs_release(); cb_pop_front(24, 1);"""
    near(run_tiles(device, body, [x], (32, 32)), x.astype(np.float64))


def test_values_do_not_depend_on_time(device):
    a, b = normal(15), normal(16)
    body = WAIT2 + "mul_init(0, 1);" + one_tile("mul_tiles(0, 1, 0, 0, 0); exp_tile_init(); exp_tile(0);")
    results = [run_tiles(device, body, [a, b], (32, 32), time=timed) for timed in (True, False)]
    assert np.array_equal(results[0].view(np.uint16), results[1].view(np.uint16))


def test_low_fidelity_reaches_the_multiplier(device):
    a, b = normal(17), normal(18)
    body = WAIT2 + "mul_init(0, 1);" + one_tile("mul_tiles(0, 1, 0, 0, 0);")
    high, low = (
        run_tiles(device, body, [a, b], (32, 32), math_fidelity=name).astype(np.float64)
        for name in ("HiFi4", "LoFi")
    )
    exact = a.astype(np.float64) * b.astype(np.float64)
    assert np.abs(low - exact).max() > 2 * np.abs(high - exact).max()


def test_kernels_of_the_old_entry_point(device):
    x = normal(19)
    body = """return; }
namespace NAMESPACE {
void MAIN {
    init_sfpu(0, 16); cb_wait_front(0, 1); cb_reserve_back(16, 1);
    acquire_dst(); copy_tile(0, 0, 0); negative_tile_init(); negative_tile(0); pack_tile(0, 16); release_dst();
    cb_pop_front(0, 1); cb_push_back(16, 1);
}
}
void after() {"""
    assert np.array_equal(run_tiles(device, body, [x], (32, 32)).astype(np.float32), -x.astype(np.float32))


def test_processors_told_apart_by_macros(device):
    x = normal(20)
    body = """
    compute_kernel_hw_startup(0, 16); copy_init(0); cb_wait_front(0, 1);
    tile_regs_acquire(); copy_tile(0, 0, 0);
#ifdef TRISC_MATH
    negative_tile_init(); negative_tile(0);
#endif
    MATH((negative_tile(0)));
#if defined(TRISC_UNPACK) || defined(TRISC_PACK)
    copy_tile_init(0);
#endif
    MATH(negative_tile_init(); negative_tile(0));
    tile_regs_commit(); tile_regs_wait(); cb_reserve_back(16, 1); pack_tile(0, 16); cb_push_back(16, 1); tile_regs_release();"""
    assert np.array_equal(run_tiles(device, body, [x], (32, 32)).astype(np.float32), -x.astype(np.float32))
