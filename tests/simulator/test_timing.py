# SPDX-License-Identifier: Apache-2.0
"""The clock against published silicon: a fast part of `bench/timing.py`, with the bounds that hold."""

import random
from dataclasses import replace

import ml_dtypes
import numpy as np
import pytest

# Table: mean |error|, |error| of the worst row, share of pairs in the measured order.
BOUNDS = {
    "noc_latencies BH L1 writes": (0.02, 0.05, 0.99),
    "noc_latencies WH L1 writes": (0.02, 0.05, 0.99),
    "wh_dram_table, one channel": (0.01, 0.02, 1.0),
    "wh_dram_table, twelve channels": (0.04, 0.15, 1.0),
    "double_buffer_WH bf16": (0.03, 0.08, 0.97),
    "double_buffer_WH fp32": (0.04, 0.12, 0.96),
    "double_buffer_WH, 1024 tiles": (0.03, 0.12, 1.0),
    "double_buffer_WH 64 cores": (0.05, 0.11, 0.35),
    "split_reader_WH": (0.04, 0.06, 1.0),
    "dual_noc_read_BH": (0.06, 0.15, 0.97),
    "row_unicast_vs_mcast_WH": (0.04, 0.15, 0.99),
    "compute_block_size_WH": (0.03, 0.05, 1.0),
    "compute_block_size, formats kept, WH": (0.03, 0.05, 1.0),
    "noc_placement_WH": (0.06, 0.15, 0.98),
    "reader_placement_WH": (0.03, 0.06, 1.0),
    "dram_saturation_WH": (0.03, 0.08, 0.99),
    "width_split_WH": (0.03, 0.08, 0.95),
    "noc_one_packet_BH": (0.04, 0.13, 0.95),
    "compute_fusion_phases_WH": (0.04, 0.12, 0.99),
    "reduce_block_BH": (0.04, 0.13, 1.0),
    "reduce_accumulate_WH": (0.035, 0.10, 1.0),
    "handshake_elision_BH": (0.04, 0.08, 1.0),
    "matrix unit, unpack, pack": (0.04, 0.07, 0.97),
    "sfpu_cycles_per_tile": (0.055, 0.15, 0.97),
    "bank_placement_WH": (0.06, 0.15, 0.96),
    "bank_stagger_BH": (0.065, 0.13, 0.98),
    "page_walk_order_WH": (0.03, 0.08, 1.0),
    "transfer_alignment_WH, aligned": (0.06, 0.13, 1.0),
    "transfer_alignment_WH, misaligned": (0.02, 0.04, 1.0),
    "index_staging_WH, differences": (0.03, 0.05, 1.0),
    "zero_copy_fold_WH": (0.06, 0.10, 0.95),
    "distribution_gate_WH": (0.04, 0.08, 0.98),
    "constant_synthesis_WH": (0.05, 0.13, 1.0),
    "eltwise_l1_vs_dest_accumulate_BH": (0.06, 0.08, 1.0),
    "matmul_output_subblock_BH": (0.02, 0.05, 1.0),
    "row_reduce_accumulate_WH": (0.03, 0.12, 0.98),
    "reduce_accumulate_fast_WH": (0.04, 0.09, 0.97),
    "reduce_block_shapes_BH": (0.045, 0.13, 0.97),
    "reduce_block_fidelity_BH": (0.04, 0.10, 1.0),
    "reduce_block_reduced_BH": (0.04, 0.18, 0.98),
    "mcast_topology_BH": (0.065, 0.12, 1.0),
    "shared_input_reuse_BH": (0.06, 0.08, 1.0),
    "tensix_all_reduce_compute_WH": (0.06, 0.14, 1.0),
    "tensix_all_reduce_ring_transport_WH": (0.05, 0.18, 0.98),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_error_against_silicon(timing, name):
    mean, worst, in_order = BOUNDS[name]
    found = timing.summarise(timing.run_table(name))
    assert found.mean <= mean
    assert abs(found.worst.error) <= worst, found.worst
    assert found.ordered >= in_order * found.pairs


@pytest.mark.parametrize(("table", "largest"), [("gemm_N150_manual", 2048), ("gemm_N150_more", 1024)])
def test_products_of_the_whole_chip(timing, table, largest):
    rows = [row for row in timing.compute.gemm("WH", table) if int(row.name.split()[0]) <= largest]
    found = timing.summarise([timing.Result(row, row.model()) for row in rows])
    assert found.mean <= 0.06 and abs(found.worst.error) <= 0.15 and found.ordered >= 0.98 * found.pairs


@pytest.mark.parametrize("sharded", [False, True])
def test_the_program_of_the_whole_chip_multiplies(timing, sharded):
    """Both programs keep the protocol; the result is that of NumPy, but for partial sums in bfloat16."""
    matmul, rng = timing.compute.matmul, np.random.default_rng(0)
    blocks = matmul.Blocks.of("wormhole_b0", 512, 512, 512, 1, 1, sharded)
    product = matmul.Product(blocks, "Float16_b", "HiFi4")
    a, b, result = (rng.standard_normal((512, 512), np.float32).astype(ml_dtypes.bfloat16) for _ in range(3))
    try:
        product.first.write_tiles(a)
        product.second.write_tiles(b)
        product.device.run(product.program, sanitize=True)
        product.result.read_tiles(result)
    finally:
        product.free()
    expected = a.astype(np.float32) @ b.astype(np.float32)
    assert np.abs(result.astype(np.float32) - expected).max() < 0.02 * np.abs(expected).max()


def test_at_most_half_of_a_table_was_fitted(timing):
    for name, rows in timing.TABLES.items():
        listed = list(rows())
        assert sum(row.fitted for row in listed) <= len(listed) / 2, name
        assert len({row.name for row in listed}) == len(listed), name


def test_a_multicast_pays_for_its_path_once_per_unlinked_packet(timing):
    programs = timing.programs
    one, many = (programs.multicast("wormhole_b0", count, 64, 8, 7) for count in (1, 17))
    near = (
        programs.multicast("wormhole_b0", 17, 64, 2, 2) - programs.multicast("wormhole_b0", 1, 64, 2, 2)
    ) / 16
    far = (many - one) / 16
    hop = programs.device("wormhole_b0").chip.noc.hop_cycles
    assert far - near == pytest.approx(2 * hop * 13, abs=2)  # 15 hops to the far corner against 2


BURSTS = """    for (uint32_t i = 0; i < 32; i++) CALL
    noc_async_write_barrier();
"""


@pytest.mark.parametrize(("source", "target", "meets"), [((0, 2), (5, 2), True), ((3, 0), (3, 5), False)])
def test_multicasts_go_along_x_then_y_then_x(timing, source, target, meets):
    """A core left of a rectangle multicasts into it: down its first column, and from there along each row, where others' writes
    meet it; in the other columns they do not. Both are on NoC 0, where a unicast goes along x first."""
    programs, l1, bytes = timing.programs, timing.programs.SCRATCH, 8192
    opened = programs.device("wormhole_b0")
    place, first, last = (opened.noc_coordinate(*core) for core in (target, (1, 0), (4, 3)))
    write = f"noc_async_write({l1}, get_noc_addr({place[0]}, {place[1]}, {l1 + 65536}), {bytes});"
    corners = ", ".join(str(part) for part in (*first, *last))
    multicast = (
        f"noc_async_write_multicast({l1}, get_noc_multicast_addr({corners}, {l1}), {bytes}, 16, true);"
    )
    took = []
    for kernels in ([(source, write)], [(source, write), ((0, 0), multicast)]):
        program = programs.Program()
        for core, call in kernels:
            program.add_kernel(
                programs.text.dataflow(BURSTS.replace("CALL", call)), "writer", (*core, *core), noc=0
            )
        threads = opened.run(program, sanitize=False).threads
        took.append(next(thread.end for thread in threads if thread.core == source))
    assert (took[1] > 1.4 * took[0]) == meets
    assert meets or took[1] == pytest.approx(took[0], rel=0.02)


AFTER_MULTICAST = """    noc_async_write_multicast({l1}, get_noc_multicast_addr({corners}, {l1}), {bytes}, 4, {linked});
    noc_semaphore_set_multicast({flag}, get_noc_multicast_addr({corners}, {flag}), 4);
    noc_async_read(get_noc_addr({x}, {y}, {l1}), {l1} + 65536, 32);
    noc_async_read_barrier();
"""


@pytest.mark.parametrize(
    ("linked", "packets", "waits_for"), [(True, 1, 0), (True, 2, 1), (True, 4, 3), (False, 4, 0)]
)
def test_the_interface_takes_no_other_request_within_linked_multicasts(timing, linked, packets, waits_for):
    """ISA NoC/MemoryMap, NOC_CMD_VC_LINKED: until the last of them has its channel, which is when the one before it has left."""
    programs, l1 = timing.programs, timing.programs.SCRATCH
    opened = programs.device("wormhole_b0")
    first, last, other = (opened.noc_coordinate(*core) for core in ((1, 0), (4, 0), (0, 3)))

    def ends(bytes, linked):
        kernel = AFTER_MULTICAST.format(
            l1=l1, flag=l1 - 64, x=other[0], y=other[1], bytes=bytes, linked=str(linked).lower(),
            corners=", ".join(str(part) for part in (*first, *last)),
        )  # fmt: skip
        program = programs.Program()
        program.add_kernel(programs.text.dataflow(kernel), "writer", (0, 0, 0, 0), noc=0)
        return opened.run(program, sanitize=False).cycles

    packet = 8192 / opened.chip.noc.flit_bytes * opened.chip.noc.l1_write_cycles_per_flit
    issue = opened.chip.costs["risc"]["noc_multicast"]
    more = ends(packets * 8192, linked) - ends(8192, linked)
    assert more == pytest.approx(max(waits_for * packet, issue * (packets - 1)), abs=60)


def writer_cycles(programs, chip, shape, source):
    """Of one core that writes pages of a buffer of this shape."""
    program = programs.Program()
    with programs.allocated(chip, shape) as (buffer,):
        program.add_kernel(
            programs.text.dataflow(source), "writer", (0, 0, 0, 0),
            compile_time_args=buffer.accessor_args, runtime_args={(0, 0): [buffer.address]},
        )  # fmt: skip
        return programs.device(chip).run(program, sanitize=False).cycles


WRITE_AND = """    constexpr auto args = TensorAccessorArgs<0>();
    const auto pages = TensorAccessor(args, get_arg_val<uint32_t>(0));
    for (uint32_t i = 0; i < 4; i++) noc_async_write_page(i, pages, {l1});
    {wait}();
"""


@pytest.mark.parametrize(("chip", "earlier"), [("wormhole_b0", False), ("blackhole", True)])
def test_writes_to_dram_leave_long_before_their_acknowledge_on_blackhole_only(timing, chip, earlier):
    """`split_reader` and `trid_double_issue`, measured, tell them apart."""
    programs = timing.programs
    took = []
    for wait in ("noc_async_writes_flushed", "noc_async_write_barrier"):
        took.append(
            writer_cycles(programs, chip, (4, 2048), WRITE_AND.format(l1=programs.SCRATCH, wait=wait))
        )
    assert took[0] <= took[1]
    assert (took[1] - took[0] > 150) == earlier


def test_many_readers_of_one_network_are_slower_against_its_direction(timing):
    """DRAM is read on NoC 0 and written on NoC 1: responses of NoC 1 share few links with one another."""
    programs = timing.programs
    read, write = (programs.bank_rate("wormhole_b0", 12, kind, banks=12) for kind in (False, True))
    assert read > 2 * write


def test_packets_of_other_channels_pass_a_stopped_one(timing):
    """48 cores that read DRAM at random: what is stopped on NoC 1 does not stop the links behind it."""
    programs = timing.programs
    pairs = programs.random_pairs("wormhole_b0", 48, 0)
    rates = [programs.stream_banks("wormhole_b0", pairs, False, noc) for noc in (0, 1)]
    assert rates[0] > 170  # of 267 that the channels deliver
    assert 55 < rates[1] < 90


def test_a_channel_serves_near_cores_first_and_loses_no_time(timing):
    """Sixteen cores read from one channel, more than it delivers; the routers on the way prefer who is near."""
    programs, count, size = timing.programs, 64, 8192
    opened = programs.device("wormhole_b0")
    x, y = opened.chip.noc.dram_noc0[0]
    columns, rows = opened.chip.noc.size
    cores = [(i, j) for i in range(4) for j in range(4)]
    ends = {}
    program = programs.Program()
    with programs.allocated("wormhole_b0", (opened.chip.dram.banks, size)) as (buffer,):
        programs.add_bank_streams(program, [(core, 0) for core in cores], buffer, size, count)
        result = opened.run(program, sanitize=False)
    for thread in result.threads:
        i, j = opened.chip.noc.worker_x[thread.core[0]], opened.chip.noc.worker_y[thread.core[1]]
        ends.setdefault((x - i) % columns + (y - j) % rows, []).append(thread.end)
    by_distance = [min(ends[hops]) for hops in sorted(ends)]
    assert by_distance[:3] == sorted(by_distance)[:3]
    assert by_distance[0] < 0.3 * by_distance[-1]
    ideal = len(cores) * count * size / opened.chip.dram.read_bytes_per_cycle
    assert result.cycles == pytest.approx(ideal, rel=0.03)


def test_reads_take_turns_where_their_requests_meet(timing):
    """Requests go along x, then along y (NoC 0): one core of a row has as many turns as all those of the rows behind it together."""
    programs, count, size = timing.programs, 64, 8192
    opened = programs.device("wormhole_b0")
    bank = opened.chip.noc.dram_noc0.index((0, 5))
    near, far = (7, 3), [(column, 1) for column in range(4)]
    program = programs.Program()
    with programs.allocated("wormhole_b0", (opened.chip.dram.banks, size)) as (buffer,):
        programs.add_bank_streams(program, [(core, bank) for core in (near, *far)], buffer, size, count)
        result = opened.run(program, sanitize=False)
    end = next(thread.end for thread in result.threads if thread.core == near)
    assert end == pytest.approx(2 * count * size / opened.chip.dram.read_bytes_per_cycle, rel=0.05)


def test_two_reads_that_share_a_link_have_a_flit_a_cycle_of_it(timing):
    """Twelve random pairs of ISA DRAMTile, of which two share a link: 15.82 bytes a cycle each."""
    programs = timing.programs
    opened = programs.device("wormhole_b0")
    banks = [opened.chip.noc.dram_noc0.index(place) for place in ((0, 1), (0, 5))]
    pairs = [((0, row), bank) for row, bank in zip((5, 6), banks, strict=True)]
    assert programs.stream_banks("wormhole_b0", pairs, write=False) / 2 == pytest.approx(15.82, rel=0.01)


WRITE_PAGES = """    for (uint32_t i = 0; i < 200; i++)
        noc_async_write({l1}, get_noc_addr({x}, {y}, {l1}), 2048);
    noc_async_write_barrier();
"""


def test_a_router_loses_cycles_between_packets_of_two_cores(timing):
    """Two cores write over the same links, in one channel: of its two packets one waits for the other's tail."""
    programs, l1 = timing.programs, timing.programs.SCRATCH
    opened = programs.device("wormhole_b0")

    def cycles(sources):
        program = programs.Program()
        for column in sources:
            x, y = opened.noc_coordinate(column + 4, 0)
            program.add_kernel(
                programs.text.dataflow(WRITE_PAGES.format(l1=l1, x=x, y=y)),
                "writer",
                (column, 0, column, 0),
                noc=0,
            )
        return opened.run(program, sanitize=False).cycles

    noc = opened.chip.noc
    on_link = noc.link_packet_cycles + 2048 / noc.flit_bytes
    alone = noc.packet_cycles + 2048 / noc.flit_bytes * noc.l1_write_cycles_per_flit
    assert cycles([0]) == pytest.approx(200 * alone, rel=0.05)
    assert cycles([0, 1]) == pytest.approx(400 * (on_link + noc.turn_cycles), rel=0.05)


WRITE_ONE = """    constexpr auto args = TensorAccessorArgs<0>();
    const auto pages = TensorAccessor(args, get_arg_val<uint32_t>(0));
    noc_async_write(L1, get_noc_addr(0, pages), BYTES);
    noc_async_write_barrier();
"""


def test_a_channel_stores_a_packet_while_it_arrives(timing):
    """`noc_latencies`: one write to DRAM takes 409 cycles for 64 bytes and 763 for 8192, not more than the channel takes to store them."""
    programs = timing.programs
    took = []
    for size in (64, 8192):
        source = WRITE_ONE.replace("L1", str(programs.SCRATCH)).replace("BYTES", str(size))
        took.append(writer_cycles(programs, "wormhole_b0", (1, 8192), source))
    rate = programs.device("wormhole_b0").chip.dram.write_bytes_per_cycle
    assert took[1] - took[0] == pytest.approx((8192 - 64) / rate, rel=0.02)


def test_a_math_processor_is_ahead_of_its_engine_by_what_its_queue_holds(timing):
    """Zones end when the processor gets there: three to four copies, of 3 + 5 instructions, before the engine; one of exp no earlier."""
    programs = timing.programs
    phases = (programs.text.chain("first", "copy_tile(0, i, 0);", "copy_tile_to_dst_init_short(0);", (0,), 3),
              programs.text.chain("exp", "copy_tile(3, i, 0); exp_tile(0);", "", (3,), 16))  # fmt: skip
    opened = programs.device("wormhole_b0")
    without = {**opened.chip.costs["math"], "instruction_queue": 0}
    chip = replace(opened.chip, costs={**opened.chip.costs, "math": without})
    source, took = programs.text.fusion(phases), []
    for device in (opened, programs.Device(chip)):
        took.append(programs.zones(device, source, (32, 0, 1), 32, 32))
    assert took[0]["first", "unpack"] == took[1]["first", "unpack"]
    assert took[0]["exp", "math"] > took[1]["exp", "math"]  # it begins earlier
    a_tile = took[1]["first", "math"] / 32
    assert 2.5 * a_tile < took[1]["first", "math"] - took[0]["first", "math"] < 4 * a_tile


WRITE_AMONG_READS = """    constexpr auto args = TensorAccessorArgs<0>();
    const auto pages = TensorAccessor(args, get_arg_val<uint32_t>(0));
    for (uint32_t i = 0; i < 500; i++) noc_async_read_barrier();
    noc_async_write_page(0, pages, L1);
    noc_async_write_barrier();
"""


def test_a_write_does_not_wait_for_all_reads_of_its_channel(timing):
    """They wait in queues of their own; the channel takes both in turn."""
    programs, l1 = timing.programs, timing.programs.SCRATCH
    opened = programs.device("wormhole_b0")
    readers = [(i, j) for i in range(4) for j in range(4)]
    took = []
    for busy in (False, True):
        program = programs.Program()
        with programs.allocated("wormhole_b0", (opened.chip.dram.banks, 2048)) as (buffer,):
            if busy:
                programs.add_bank_streams(program, [(core, 0) for core in readers], buffer, 2048)
            program.add_kernel(
                programs.text.dataflow(WRITE_AMONG_READS.replace("L1", str(l1))),
                "writer", (7, 7, 7, 7), noc=1, compile_time_args=buffer.accessor_args,
                runtime_args={(7, 7): [buffer.address]},
            )  # fmt: skip
            result = opened.run(program, sanitize=False)
        took.append(next(thread.end for thread in result.threads if thread.core == (7, 7)))
    assert took[0] <= took[1] < took[0] + 500 < result.cycles / 10


def test_writes_wait_for_a_full_channel_in_the_network(timing):
    """Twelve cores write to one channel: as fast as it stores, whatever stands in their way."""
    programs = timing.programs
    alone, many = (programs.bank_rate("wormhole_b0", cores, True) for cores in (1, 12))
    assert many == pytest.approx(alone, rel=0.03)


STORM = """    const uint32_t n = get_arg_val<uint32_t>(0), bytes = get_arg_val<uint32_t>(1), l1 = get_arg_val<uint32_t>(2);
    for (uint32_t i = 0; i < n; i++) {
        const uint64_t other = get_noc_addr(get_arg_val<uint32_t>(3 + 2 * i), get_arg_val<uint32_t>(4 + 2 * i), l1 + 65536);
        if (i & 1) noc_async_read(other, l1 + 131072, bytes);
        else noc_async_write(l1, other, bytes);
    }
    noc_async_read_barrier();
    noc_async_write_barrier();
"""


@pytest.mark.parametrize("chip", ["wormhole_b0", "blackhole"])
def test_packets_never_wait_for_one_another_in_a_circle(timing, chip):
    """Every core reads from and writes to others over both networks, the longest packets, past the edges of the torus."""
    programs, draw, count = timing.programs, random.Random(0), 16
    opened = programs.device(chip)
    cores = [(x, y) for y in range(opened.chip.grid[1]) for x in range(opened.chip.grid[0])]
    program = programs.Program()
    for noc, processor in enumerate(("reader", "writer")):
        others = {
            core: [part for _ in range(count) for part in opened.noc_coordinate(*draw.choice(cores))]
            for core in cores
        }
        program.add_kernel(
            programs.text.dataflow(STORM), processor, programs.each_core(cores), noc=noc,
            runtime_args={
                core: [count, opened.chip.noc.max_burst, programs.SCRATCH, *others[core]] for core in cores
            },
        )  # fmt: skip
    runs = {opened.run(program, sanitize=False).cycles for _ in range(2)}
    assert len(runs) == 1 and runs.pop() > 0


def test_time_repeats_exactly(timing):
    programs = timing.programs
    runs = {programs.relu_copy("wormhole_b0", 256, "Float16_b", 2, 2, 16) for _ in range(2)}
    assert len(runs) == 1


REDUCTION = """#include <cstdint>
#include "api/compute/common.h"
#include "api/compute/compute_kernel_hw_startup.h"
void kernel_main() {
    compute_kernel_hw_startup(0, 16);
    sfpu_reduce_init<PoolType::MAX, DataFormat::FORMAT>();
    tile_regs_acquire();
    for (uint32_t i = 0; i < COUNT; i++) sfpu_reduce<PoolType::MAX, DataFormat::FORMAT, ReduceDim::REDUCE_COL>(0);
    tile_regs_commit();
    tile_regs_wait();
    tile_regs_release();
}
"""


@pytest.mark.parametrize("chip", ["wormhole_b0", "blackhole"])
def test_reductions_by_the_vector_unit_cost_what_their_format_does(timing, chip):
    opened = timing.programs.device(chip)

    def cycles(data_format, count):
        program = timing.programs.Program()
        text = REDUCTION.replace("FORMAT", data_format).replace("COUNT", str(count))
        program.add_kernel(text, "compute", (0, 0, 0, 0), fp32_dest_acc=True)
        for index in (0, 16):
            program.add_circular_buffer(index, (0, 0, 0, 0), data_format="Float32", num_pages=1)
        return opened.run(program, sanitize=False).cycles

    found = [cycles(name, 40) - cycles(name, 8) for name in ("Float32", "Int32")]
    costs = [opened.chip.sfpu_cycles[key][1] for key in ("reduce_max_col", "reduce_max_col_int")]
    call = opened.chip.costs["sfpu"]["call_cycles"]
    assert found == [32 * (cost + call) for cost in costs]
    assert costs[1] > 3 * costs[0]
