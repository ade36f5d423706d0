# SPDX-License-Identifier: Apache-2.0
"""Buffers, whole programs on the grid, time, reports, the cache."""

import subprocess
import sys
import textwrap
from dataclasses import replace

import numpy as np
import pytest
from kernels import COMPUTE, READER, WRITER
from tile_programs import BF16

from ttlang.hardware import chip
from ttlang.simulator import Device, Program, ProgramError
from ttlang.simulator.engine_build import engine_folder
from ttlang.simulator.errors import SimulatorError

GRID = (0, 0, 7, 7)


def add_program(a, b, o, tiles, cores=GRID, columns=8, depth=2):
    """C = A + B, tiles spread evenly over the cores."""
    x0, y0, x1, y1 = cores
    places = [(x, y) for y in range(y0, y1 + 1) for x in range(x0, x1 + 1)]
    share = -(-tiles // len(places))
    spans = {core: (i * share, max(0, min(share, tiles - i * share))) for i, core in enumerate(places)}
    program = Program()
    program.add_kernel(
        READER, "reader", cores, name="read", compile_time_args=a.accessor_args + b.accessor_args,
        runtime_args={core: [a.address, b.address, *span] for core, span in spans.items()},
    )  # fmt: skip
    program.add_kernel(
        WRITER, "writer", cores, name="write", compile_time_args=o.accessor_args,
        runtime_args={core: [o.address, *span] for core, span in spans.items()},
    )  # fmt: skip
    program.add_kernel(
        COMPUTE, "compute", cores, name="add", runtime_args={core: [span[1]] for core, span in spans.items()}
    )
    for index in (0, 1, 16):
        program.add_circular_buffer(index, cores, num_pages=depth)
    return program


@pytest.mark.parametrize("chip", ["device", "blackhole"])
@pytest.mark.parametrize("timed", [True, False])
def test_add_on_the_grid(request, chip, timed):
    device = request.getfixturevalue(chip)
    rng = np.random.default_rng(0)
    left, right = (rng.standard_normal((250, 300)).astype(BF16) for _ in range(2))
    out = np.zeros((250, 300), BF16)
    a, b, o = (device.allocate(80, 2048) for _ in range(3))
    a.write_tiles(left)
    b.write_tiles(right)
    result = device.run(add_program(a, b, o, 80), time=timed)
    o.read_tiles(out)
    exact = left.astype(np.float64) + right.astype(np.float64)
    assert np.abs(out.astype(np.float64) - exact).max() <= 2**-6
    assert (result.cycles > 0) == timed
    assert result.bytes_read == 2 * 80 * 2048 and result.bytes_written == 80 * 2048


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("shape", [(32, 32), (64, 96), (1, 1), (33, 47), (100, 16)])
@pytest.mark.parametrize("view", ["plain", "transposed", "reversed", "strided"])
def test_tiles_in_and_out(device, dtype, shape, view):
    rng = np.random.default_rng(1)
    base = rng.integers(0, 200, (2 * shape[0], 2 * shape[1])).astype(dtype)
    source = {
        "plain": base[: shape[0], : shape[1]].copy(),
        "transposed": base[: shape[0], : shape[1]].copy(order="F"),
        "reversed": base[: shape[0], : shape[1]][::-1, ::-1],
        "strided": base[::2, ::2],
    }[view]
    rows, columns = -(-shape[0] // 32), -(-shape[1] // 32)
    buffer = device.allocate(rows * columns, 1024 * np.dtype(dtype).itemsize)
    buffer.write(np.full(buffer.size, 0xEE, np.uint8))
    buffer.write_tiles(source)
    padded = np.zeros((32 * rows, 32 * columns), dtype)
    padded[: shape[0], : shape[1]] = source
    tiled = padded.reshape(rows, 2, 16, columns, 2, 16).transpose(0, 3, 1, 4, 2, 5)
    assert np.array_equal(buffer.read().view(dtype), tiled.reshape(-1))
    target = np.zeros((shape[0] + 1, shape[1]), dtype, order="F")[:-1]
    buffer.read_tiles(target)
    assert np.array_equal(target, source)
    buffer.free()


def test_bad_arrays_for_tiles(device):
    buffer = device.allocate(1, 2048)
    for array, message in (
        (np.zeros((2, 2, 2), np.uint16), "3 dimensions"),
        (np.zeros((32, 32), np.float32), "4096 bytes"),
        (np.zeros((33, 32), np.uint16), "2 tiles"),
    ):
        with pytest.raises(ValueError, match=message):
            buffer.write_tiles(array)
    frozen = np.zeros((32, 32), np.uint16)
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        buffer.read_tiles(frozen)
    with pytest.raises(ValueError, match="5 bytes"):
        buffer.write(np.zeros(5, np.uint8))


def test_freed_memory_is_used_again(device):
    first = device.allocate(100, 2048)
    first.free()
    assert device.allocate(100, 2048).address == first.address


def zeroed(device, pages):
    buffer = device.allocate(pages, 2048)
    buffer.write(np.zeros(buffer.size, np.uint8))
    return buffer


def test_runs_repeat_exactly(device):
    a, b, o = (zeroed(device, 256) for _ in range(3))
    results = [device.run(add_program(a, b, o, 256)) for _ in range(3)]
    assert len({result.cycles for result in results}) == 1
    assert results[0].threads == results[2].threads and results[0].lines == results[2].lines


def test_time_grows_with_work_and_shrinks_with_cores(device):
    a, b, o = (zeroed(device, 256) for _ in range(3))

    def cycles(*arguments, **options):
        return device.run(add_program(a, b, o, *arguments, **options)).cycles

    one, twice = cycles(64, (0, 0, 0, 0)), cycles(128, (0, 0, 0, 0))
    assert 1.8 < twice / one < 2.2
    assert cycles(256, (0, 0, 3, 3)) < 0.2 * cycles(256, (0, 0, 0, 0))
    assert cycles(64, (0, 0, 0, 0), depth=4) <= one


def test_report_accounts_for_every_cycle(device):
    a, b, o = (zeroed(device, 64) for _ in range(3))
    program = add_program(a, b, o, 64, (0, 0, 1, 1))
    result = device.run(program)
    assert len(result.threads) == 4 * 5
    for thread in result.threads:
        assert thread.busy + sum(thread.waits.values()) == thread.end <= result.cycles
    by_kernel = {
        name: sum(line.busy + line.wait for line in result.lines if line.kernel == name)
        for name in ("read", "add", "write")
    }
    ends = {name: sum(thread.end for thread in result.threads if thread.kernel == name) for name in by_kernel}
    assert by_kernel == ends
    assert set(result.utilisation) == {"compute", "noc", "dram", "issue"}
    assert result.utilisation[result.bound] == max(result.utilisation.values()) <= 1
    assert result.seconds == pytest.approx(result.cycles * 1e-9)


def test_bandwidth_stays_within_the_channels(device):
    a, b, o = (zeroed(device, 1024) for _ in range(3))
    result = device.run(add_program(a, b, o, 1024, depth=8))
    rate = (result.bytes_read + result.bytes_written) / result.cycles
    assert rate < device.chip.dram.banks * device.chip.dram.bytes_per_cycle


def test_emitted_style_of_kernels(device):
    text = """// eltwise
#include <cstdint>
#include "api/compute/common.h"
#include "api/compute/eltwise_unary/exp.h"
#include "experimental/circular_buffer.h"
#include "tools/profiler/kernel_profiler.hpp"
inline uint32_t float_to_bits(const float f) { uint32_t r; __builtin_memcpy(&r, &f, sizeof(r)); return r; }
#ifndef INFINITY
#define INFINITY __builtin_inff()
#endif
void kernel_main() {
    DeviceZoneScopedN("body");
    size_t v1 = 0; size_t v2 = 1; int32_t v3 = 1;
    CircularBuffer cb_ctarg_0(get_compile_time_arg_val(0));
    experimental::CircularBuffer cb_ctarg_1(get_compile_time_arg_val(1));
    init_sfpu(get_compile_time_arg_val(0), get_compile_time_arg_val(1));
    for (size_t i4 = v1; i4 < v2; i4 += v2) {
        cb_ctarg_0.wait_front(v3); cb_ctarg_1.reserve_back(v3);
        tile_regs_acquire();
        copy_tile_init(get_compile_time_arg_val(0));
        copy_tile(get_compile_time_arg_val(0), v1, v1);
        binop_with_scalar_tile_init(); add_unary_tile(v1, float_to_bits(std::max<float>(1.0f, 2.0f)));
        tile_regs_commit(); tile_regs_wait();
        pack_tile<true>(v1, get_compile_time_arg_val(1), v1);
        tile_regs_release();
        cb_ctarg_0.pop_front(v3); cb_ctarg_1.push_back(v3);
    }
    return;
}
"""
    core = (3, 2, 3, 2)
    a, o = device.allocate(1, 2048), device.allocate(1, 2048)
    values = np.random.default_rng(2).standard_normal((32, 32)).astype(BF16)
    a.write_tiles(values)
    program = Program()
    place = (3, 2)
    program.add_kernel(
        READER.replace("cb_push_back(1, 1);", ""),
        "reader",
        core,
        compile_time_args=2 * a.accessor_args,
        runtime_args={place: [a.address, a.address, 0, 1]},
    )
    program.add_kernel(text, "compute", core, compile_time_args=[0, 16])
    program.add_kernel(
        WRITER, "writer", core, compile_time_args=o.accessor_args, runtime_args={place: [o.address, 0, 1]}
    )
    for index in (0, 1, 16):
        program.add_circular_buffer(index, core, num_pages=2)
    device.run(program)
    out = np.zeros((32, 32), BF16)
    o.read_tiles(out)
    assert np.abs(out.astype(np.float64) - (values.astype(np.float64) + 2)).max() <= 2**-5


def test_two_processes_share_a_fresh_kernel_cache(tmp_path):
    (tmp_path / "engine").symlink_to(engine_folder().parent)
    script = textwrap.dedent(f"""
        import os, sys
        os.environ["TTLANG_CACHE_DIR"] = {str(tmp_path)!r}
        from ttlang.simulator import Device, Program
        p = Program()
        p.add_kernel('#include "api/dataflow/dataflow_api.h"\\nvoid kernel_main() {{ DPRINT("ran\\\\n"); }}', "reader", (0, 0, 0, 0))
        print(Device().run(p).output)
    """)
    started = [
        subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    assert [process.communicate()[0].strip() for process in started] == ["0:0:NC: ran"] * 2
    assert len(list((tmp_path / "kernels").rglob("*.so"))) == 1
    assert not list((tmp_path / "kernels").rglob("kernel-*"))


def test_several_devices_at_once(device):
    with Device("blackhole") as other:
        for chip in (device, other):
            buffer = chip.allocate(4, 64)
            buffer.write(np.arange(256, dtype=np.uint8))
            assert np.array_equal(buffer.read(), np.arange(256, dtype=np.uint8))


COPY_PAGES = """
#include "api/dataflow/dataflow_api.h"
void kernel_main() {
    const auto from = TensorAccessor(TensorAccessorArgs<0>(), get_arg_val<uint32_t>(0));
    constexpr uint32_t next = TensorAccessorArgs<0>().next_compile_time_args_offset();
    const auto to = TensorAccessor(TensorAccessorArgs<next>(), get_arg_val<uint32_t>(1));
    for (uint32_t page = 0; page < get_arg_val<uint32_t>(2); page++) {
        cb_reserve_back(0, 1);
        noc_async_read_page(page, from, get_write_ptr(0));
        noc_async_read_barrier();
        cb_push_back(0, 1);
        cb_wait_front(0, 1);
        noc_async_write_page(page, to, get_read_ptr(0));
        noc_async_write_barrier();
        cb_pop_front(0, 1);
    }
}
"""


@pytest.mark.parametrize(("shard", "banks"), [((2, 2), None), ((1, 6), [3, 0]), ((4, 1), [5])])
def test_shards_in_dram(device, shard, banks):
    source = device.allocate_dram_sharded((4, 6), shard, 64, banks)
    target = device.allocate_dram_sharded((4, 6), (4, 6), 64)
    values = np.arange(4 * 6 * 16, dtype=np.uint32)
    source.write(values)
    target.write(np.zeros_like(values))
    program = Program()
    program.add_circular_buffer(0, (0, 0, 0, 0), num_pages=2, page_size=64)
    program.add_kernel(
        COPY_PAGES,
        "reader",
        (0, 0, 0, 0),
        compile_time_args=source.accessor_args + target.accessor_args,
        runtime_args={(0, 0): [source.address, target.address, 24]},
    )
    device.run(program)
    assert (source.read().view(np.uint32) == values).all()
    assert (target.read().view(np.uint32) == values).all()
    source.free()
    target.free()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((2, 2), (1, 1), 64, [0, 0]), "each once"),
        (((2, 2), (1, 1), 64, [99]), "from 0 to"),
        (((2, 2), (1, 1), 20), "multiple of"),
        (((2, 2), (0, 1), 64), "shards of"),
    ],
)
def test_what_is_no_sharding_of_dram(device, arguments, message):
    with pytest.raises(ProgramError, match=message):
        device.allocate_dram_sharded(*arguments)


def test_a_chip_whose_network_is_too_large_is_refused():
    large = chip("wormhole_b0")
    with pytest.raises(SimulatorError, match=r"^a NoC of 21 x 12 routers: at most 20 x 20$"):
        Device(replace(large, noc=replace(large.noc, size=(21, 12))))
