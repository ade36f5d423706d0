# SPDX-License-Identifier: Apache-2.0
"""Object style, sharded tensors, named bindings, statistics and top-k do what they say."""

import numpy as np
import pytest
from tile_programs import BF16, run_tiles

from ttlang.simulator import ApiFault, KernelBindings, KernelCompileError, Program

CORE = (0, 0, 0, 0)
PAGE = 1024


def bytes_of(count, seed=3):
    return np.random.default_rng(seed).integers(0, 256, count, np.uint8)


OBJECTS = """
#include "api/dataflow/noc.h"
#include "api/dataflow/circular_buffer.h"
#include "api/tensor/noc_traits.h"
void kernel_main() {
    constexpr auto source_args = TensorAccessorArgs<0>();
    constexpr auto target_args = TensorAccessorArgs<source_args.next_compile_time_args_offset()>();
    const auto source = TensorAccessor(source_args, get_arg_val<uint32_t>(0));
    const auto target = TensorAccessor(target_args, get_arg_val<uint32_t>(1));
    Noc noc;
    CircularBuffer cb(0);
    for (uint32_t page = 0; page < get_arg_val<uint32_t>(2); page++) {
        cb.reserve_back(1);
        noc.async_read(source, cb, 1024, {.page_id = page}, {.offset_bytes = 0});
        noc.async_read_barrier();
        cb.push_back(1);
        cb.wait_front(1);
        noc.async_write(cb, target, 1024, {.offset_bytes = 0}, {.page_id = page});
        noc.async_write_barrier();
        cb.pop_front(1);
    }
}
"""


def copy_pages(device, source, target, pages):
    program = Program()
    program.add_kernel(
        OBJECTS, "reader", CORE, compile_time_args=source.accessor_args + target.accessor_args,
        runtime_args={(0, 0): [source.address, target.address, pages]},
    )  # fmt: skip
    program.add_circular_buffer(0, CORE, page_size=PAGE, num_pages=2)
    device.run(program)


SHARDINGS = {
    "height": ((6, 4), (2, 4), (0, 0, 2, 0)),
    "width": ((4, 6), (4, 2), (0, 0, 2, 0)),
    "block": ((4, 6), (2, 3), (1, 1, 2, 2)),
    "uneven": ((5, 7), (2, 3), (0, 0, 2, 2)),
    "round": ((8, 2), (1, 2), (0, 0, 2, 0)),
}


@pytest.mark.parametrize("name", SHARDINGS)
def test_sharded_accessor_reads_and_writes_every_page(device, name):
    pages, shard, cores = SHARDINGS[name]
    count = pages[0] * pages[1]
    data = bytes_of(count * PAGE)
    sharded = device.allocate_sharded(pages, shard, cores, PAGE)
    plain, back = device.allocate(count, PAGE), device.allocate(count, PAGE)
    try:
        plain.write(data)
        copy_pages(device, plain, sharded, count)
        assert np.array_equal(sharded.read(), data)
        copy_pages(device, sharded, back, count)
        assert np.array_equal(back.read(), data)
    finally:
        for buffer in (sharded, plain, back):
            buffer.free()


def test_sharded_tiles_round_trip(device):
    values = np.arange(64 * 96, dtype=np.uint16).reshape(64, 96)
    buffer = device.allocate_sharded((2, 3), (1, 3), (0, 0, 1, 0), 2048)
    try:
        buffer.write_tiles(values)
        back = np.zeros_like(values)
        buffer.read_tiles(back)
        assert np.array_equal(back, values)
        core, address = buffer.location(3)
        first_face = device.read_l1(core, address, 512).view(np.uint16).reshape(16, 16)
        assert core == (1, 0) and np.array_equal(first_face, values[32:48, :16])
        with pytest.raises(ValueError, match="64 x 96"):
            buffer.write_tiles(values[:32])
    finally:
        buffer.free()


NAMED = """
#include "api/dataflow/dataflow_buffer.h"
#include "experimental/kernel_args.h"
void kernel_main() {
    constexpr uint32_t step = get_arg(args::step);
    const auto target = TensorAccessor(tensor::target);
    DataflowBuffer values(dfb::values);
    Noc noc;
    Semaphore<> ready(sem::ready);
    ready.up(1);
    ready.wait_min(1);
    values.reserve_back(1);
    CoreLocalMem<uint32_t> words(uintptr_t(values.get_write_ptr()));
    for (uint32_t i = 0; i < values.get_entry_size() / 4; i++) words[i] = get_arg(args::start) + i * step + get_vararg(0);
    values.push_back(1);
    values.wait_front(1);
    noc.async_write(values, target, values.get_entry_size(), {}, {.page_id = get_common_vararg(0)});
    noc.async_write_barrier();
    values.pop_front(1);
}
"""


def test_named_bindings(device):
    target = device.allocate(2, PAGE)
    program = Program()
    bindings = KernelBindings(
        runtime=("start",),
        compile_time={"step": 3},
        buffers={"values": 5},
        tensors={"target": (0, 0)},
        semaphores={"ready": 0},
    )
    program.add_kernel(
        NAMED, "writer", CORE, bindings=bindings, compile_time_args=target.accessor_args,
        runtime_args={(0, 0): [100, 7]}, common_runtime_args=[target.address, 1],
    )  # fmt: skip
    program.add_circular_buffer(5, CORE, page_size=PAGE, num_pages=1)
    program.add_semaphore(0, CORE)
    target.write(np.zeros(2 * PAGE, np.uint8))
    device.run(program)
    found = target.read().view(np.uint32).reshape(2, -1)
    target.free()
    assert np.array_equal(found[1], 107 + 3 * np.arange(PAGE // 4)) and not found[0].any()


def test_include_dirs(device, tmp_path):
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "twice.hpp").write_text('#pragma once\n#include "deeper.hpp"\n')
    deeper = tmp_path / "library" / "deeper.hpp"
    text = '#include "library/twice.hpp"\nvoid kernel_main() { DPRINT << twice(get_arg_val<uint32_t>(0)) << ENDL(); }'

    def printed(source):
        deeper.write_text(source)
        program = Program()
        program.add_kernel(text, "reader", CORE, include_dirs=[tmp_path], runtime_args={(0, 0): [21]})
        return str(device.run(program).output)

    assert "42" in printed("inline uint32_t twice(uint32_t v) { return 2 * v; }\n")
    assert "63" in printed("inline uint32_t twice(uint32_t v) { return 3 * v; }\n"), (
        "an included file is part of the cache's key"
    )
    program = Program()
    program.add_kernel(text, "reader", CORE, runtime_args={(0, 0): [21]})
    with pytest.raises(KernelCompileError, match=r"library/twice\.hpp"):
        device.run(program)


POINTER = """
#include "api/dataflow/dataflow_api.h"
void kernel_main() {
    get_local_cb_interface(0).fifo_rd_ptr = get_read_ptr(0) + get_arg_val<uint32_t>(0);
    DPRINT << get_local_cb_interface(0).fifo_rd_ptr - (get_local_cb_interface(0).fifo_limit - get_local_cb_interface(0).fifo_size) << ENDL();
}
"""


def test_kernels_set_the_pointers_of_a_buffer(device):
    def run(offset):
        program = Program()
        program.add_kernel(POINTER, "reader", CORE, runtime_args={(0, 0): [offset]})
        program.add_circular_buffer(0, CORE, page_size=PAGE, num_pages=3)
        return str(device.run(program).output)

    assert str(2 * PAGE) in run(2 * PAGE)
    for wrong in (100, 3 * PAGE):
        with pytest.raises(ApiFault, match="none of its 3 pages"):
            run(wrong)


def samples(seed, rows=64):
    return (np.random.default_rng(seed).standard_normal((rows, 32)) * 3 + 10).astype(BF16)


LOAD_TWO = """
    compute_kernel_hw_startup(0, 16);
    cb_wait_front(0, 2); cb_reserve_back(16, 2);
    copy_init(0);
    tile_regs_acquire();
    copy_tile(0, 0, 0); copy_tile(0, 1, 1);
"""
PACK_STATISTICS = """
    tile_regs_commit(); tile_regs_wait();
    pack_tile(2, 16); pack_tile(3, 16);
    tile_regs_release(); cb_push_back(16, 2); cb_pop_front(0, 2);
"""
ONE_64TH = int(np.float32(1 / 64).view(np.uint32))
STATISTICS = {
    "welford": """
    constexpr std::array<uint32_t, 0> divide{};
    welford_init();
    welford_update<0>(0, 0, divide);
    welford_save_state(2); welford_clear(); welford_restore_state(2);
    welford_update_rows<0>(1, 32, 0, 32, divide);
    welford_finalize_to_row<0>(2, 63, divide);
""",
    "two_pass": f"""
    two_pass_stats_init_shifted();
    two_pass_stats_update_shifted_rows<TwoPassAccumulation::ShiftedSum, TwoPassAnchor::Initialise>(0, 0, 32);
    two_pass_stats_update_shifted_rows<TwoPassAccumulation::ShiftedSum>(1, 0, 32);
    two_pass_stats_finish_shifted_mean({ONE_64TH}u);
    two_pass_stats_update_rows(0, 0, 32);
    two_pass_stats_update_shifted_rows<TwoPassAccumulation::CentredM2>(1, 0, 32);
    two_pass_stats_finalize_to_row(2, {ONE_64TH}u);
""",
}


@pytest.mark.parametrize("name", STATISTICS)
def test_mean_and_variance_of_columns(device, name):
    values = samples(5)
    found = run_tiles(
        device, LOAD_TWO + STATISTICS[name] + PACK_STATISTICS, [values], (64, 32),
        np.float32, fp32_dest_acc=True,
    )  # fmt: skip
    exact = values.astype(np.float64)
    assert np.allclose(found[0], exact.mean(0), rtol=1e-5)
    assert np.allclose(found[32], exact.var(0), rtol=1e-4)


GROUPS = """
    constexpr std::array<uint32_t, 0> divide{};
    welford_init();
    welford_update_rows<0>(0, 0, 0, 16, divide);
    welford_save_state(2, 0); welford_clear();
    welford_update<0>(1, 0, divide);
    welford_save_state(2, 5);
    welford_restore_state(2, 0);
    welford_update_rows<0>(0, 16, 16, 16, divide);
    welford_finalize_to_face<0>(2, 0, 31, divide);
    welford_restore_state(2, 5);
    welford_finalize_to_face<0>(2, 5, 31, divide);
"""


def test_statistics_of_groups_lie_in_faces(device):
    """Group g has places 64 g to 64 g + 63 of a tile in memory order, and every other one of them."""
    values = samples(6)
    found = run_tiles(
        device, LOAD_TWO + GROUPS + PACK_STATISTICS, [values], (64, 32), np.float32, fp32_dest_acc=True
    )
    exact = values.astype(np.float64)
    faces = found.reshape(2, 2, 16, 2, 16).transpose(0, 1, 3, 2, 4).reshape(2, 16, 64)[:, :, ::2]
    for group, rows in ((0, exact[:32]), (5, exact[32:])):
        assert np.allclose(faces[0, group], rows.mean(0), rtol=1e-5)
        assert np.allclose(faces[1, group], rows.var(0), rtol=1e-4)


def test_normalize_by_columns(device):
    data, mean, inverse = samples(1, 32), samples(2, 32), samples(3, 32)
    body = """
    compute_kernel_hw_startup(0, 16);
    cb_wait_front(0, 1); cb_wait_front(1, 1); cb_wait_front(2, 1); cb_reserve_back(16, 1);
    copy_init(0);
    tile_regs_acquire();
    copy_tile(0, 0, 0); copy_tile(1, 0, 1); copy_tile(2, 0, 2);
    sfpu_bcast_col_init(); sfpu_normalize_bcast_col(0, 1, 2);
    tile_regs_commit(); tile_regs_wait(); pack_tile(0, 16); tile_regs_release();
    cb_push_back(16, 1); cb_pop_front(0, 1); cb_pop_front(1, 1); cb_pop_front(2, 1);
"""
    found = run_tiles(device, body, [data, mean, inverse], (32, 32), np.float32, fp32_dest_acc=True)
    wide = [array.astype(np.float32) for array in (data, mean, inverse)]
    assert np.allclose(found, (wide[0] - wide[1][:, :1]) * wide[2][:, :1], rtol=1e-6)


LOAD_FOUR = """
    compute_kernel_hw_startup(0, 16);
    cb_wait_front(0, 2); cb_wait_front(1, 2); cb_reserve_back(16, 4);
    copy_init(0);
    tile_regs_acquire();
    copy_tile(0, 0, 0); copy_tile(0, 1, 1); copy_tile(1, 0, 2); copy_tile(1, 1, 3);
    topk_tile_init();
"""
PACK_FOUR = """
    tile_regs_commit(); tile_regs_wait();
    for (uint32_t i = 0; i < 4; i++) pack_tile(i, 16);
    tile_regs_release(); cb_push_back(16, 4); cb_pop_front(0, 2); cb_pop_front(1, 2);
"""
TOPK = {
    "sorted": ("topk_local_sort(0, 0, 5);", 64, False),
    "ascending": ("topk_local_sort(0, 1, 5);", 64, True),
    "merged": (
        "topk_local_sort(0, 0, 4); topk_merge(0, 0, 32); topk_rebuild(0, false, 0, 32, 5, 1);",
        32,
        False,
    ),
}


@pytest.mark.parametrize("name", TOPK)
def test_topk_of_columns(device, name):
    calls, count, ascending = TOPK[name]
    values = np.random.default_rng(7).permuted(np.tile(np.arange(-32, 32), (32, 1)), axis=1).T.astype(BF16)
    indices = np.tile(np.arange(64)[:, None], (1, 32)).astype(BF16)
    found = run_tiles(device, LOAD_FOUR + calls + PACK_FOUR, [values, indices], (128, 32), BF16)
    order = np.argsort(values.astype(np.float32), axis=0)
    order = (order if ascending else order[::-1])[:count]
    assert np.array_equal(found[64 : 64 + count].astype(int), order)
    assert np.array_equal(found[:count], np.take_along_axis(values, order, axis=0))
