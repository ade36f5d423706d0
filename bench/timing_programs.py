# SPDX-License-Identifier: Apache-2.0
"""Programs that reproduce published measurements on the simulator; each returns cycles of its chip."""

import math
import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache

import timing_kernels as text

from ttlang import hardware as chips
from ttlang.simulator import Buffer, Device, Program
from ttlang.simulator.trace import TraceKind

SCRATCH = 512 << 10
"""L1 offset of the bytes that kernels without circular buffers move; 768 KiB lie above it on both chips."""
BYTES = {"Float16_b": 2048, "Float32": 4096, "Bfp8_b": 1088, "Bfp4_b": 576}
FORMATS = {"bf16": "Float16_b", "fp32": "Float32", "bfp8": "Bfp8_b", "bfp4": "Bfp4_b"}


WORMHOLE_THEN, BLACKHOLE_THEN = "wormhole_b0, library then", "blackhole, library then"
"""Chips with the functions and the reductions of the library that a table was measured with, where 0.81 has others."""
FUNCTIONS_THEN = {"relu": 173, "recip": 1350, "sqrt": 910}
"""On Wormhole. relu: fitted to double_buffer, recip to compute_fusion. sqrt: 28 instructions a row (PR 54317), before zeros kept
their sign (PR 56138)."""
REDUCTION_THEN = {"reduce_row_cycles": 12, "reduce_row_phase_cycles": 48}
"""Sums of rows by GAPOOL, before MVMUL of swapped operands; fitted to the first sweep of reduce_block. How many instructions asked for
one is not known: as now."""

WORMHOLE_NEAR = "wormhole_b0, rows of bank_placement"
"""Wormhole without the fourth and the ninth of its ten rows, where the cores that its table names are near to their banks."""
SEVEN_CHANNELS = "blackhole, seven DRAM channels"
"""Blackhole as a P100a has it: one of eight channels is not there, assumed to be the last."""


@cache
def device(chip: str) -> Device:
    if chip in ("wormhole_b0", "blackhole"):
        return Device(chip)
    now = chips.chip(chip.split(",")[0])
    if chip == WORMHOLE_NEAR:
        return Device(replace(now, noc=replace(now.noc, worker_y=(1, 2, 3, 5, 7, 8, 9, 11))))
    if chip == SEVEN_CHANNELS:
        noc = replace(now.noc, dram_noc0=now.noc.dram_noc0[:7], dram_noc1=now.noc.dram_noc1[:7])
        return Device(replace(now, dram=replace(now.dram, banks=7), noc=noc))
    functions = FUNCTIONS_THEN if chip == WORMHOLE_THEN else {}
    then = {name: (cycles, cycles) for name, cycles in functions.items()}
    costs = {**now.costs, "math": {**now.costs["math"], **REDUCTION_THEN}}
    return Device(replace(now, sfpu_cycles={**now.sfpu_cycles, **then}, costs=costs))


def run_dataflow(
    chip: str,
    setup: str,
    body: str,
    arguments: Sequence[int],
    writer: bool = False,
    accessor: Sequence[int] = (),
) -> int:
    """One kernel on core (0, 0): cycles of its processor in `body`. What comes before it is not measured, here as there."""
    program, before = Program(), text.ARGUMENTS + setup
    program.add_kernel(
        text.dataflow(before + body), "writer" if writer else "reader", (0, 0, 0, 0), noc=0,
        compile_time_args=accessor, runtime_args={(0, 0): list(arguments)},
    )  # fmt: skip
    costs = device(chip).chip.costs["risc"]
    not_measured = (
        before.count("get_arg_val<") * costs["argument"] + before.count("get_noc_addr(") * costs["address"]
    )
    return max(thread.end for thread in device(chip).run(program, sanitize=False).threads) - int(not_measured)


def unicast(
    chip: str, count: int, size: int, write: bool = False, same_axis: bool = False, stateful: bool = False
) -> int:
    """`count` transfers between two cores and a barrier; on one column the way round is shorter."""
    other = device(chip).noc_coordinate(0 if same_axis else 1, 1)
    body = text.WRITE if write else text.READ_STATEFUL if stateful else text.READ
    return run_dataflow(chip, text.UNICAST_TARGET, body, [count, size, SCRATCH, SCRATCH, *other], write)


@contextmanager
def allocated(chip: str, *buffers: tuple[int, int]) -> Iterator[list[Buffer]]:
    """DRAM buffers of so many pages of so many bytes."""
    with ExitStack() as stack:
        made = []
        for pages, size in buffers:
            made.append(device(chip).allocate(pages, size))
            stack.callback(made[-1].free)
        yield made


def bank(chip: str, count: int, size: int, write: bool = False) -> int:
    """`count` transfers with one DRAM bank and a barrier."""
    with allocated(chip, (1, size)) as (buffer,):
        body = text.BANK_TARGET + (text.WRITE_BANK if write else text.READ_BANK)
        return run_dataflow(
            chip, "", body, [count, size, SCRATCH, buffer.address], write, buffer.accessor_args
        )


def interleaved(chip: str, count: int, size: int) -> int:
    """`count` reads of consecutive pages over all banks and a barrier."""
    with allocated(chip, (count, size)) as (buffer,):
        return run_dataflow(
            chip, "", text.READ_PAGES, [count, size, SCRATCH, buffer.address], accessor=buffer.accessor_args
        )


def peers(chip: str, size: int, columns: int, rows: int, first: int, write: bool) -> int:
    """One transfer with each core of a rectangle, from core (0, 0), and a barrier."""
    others = [
        (x, y) for y in range(first, first + rows) for x in range(first, first + columns) if (x, y) != (0, 0)
    ]
    places = [device(chip).noc_coordinate(*core) for core in others]
    body = text.SCATTER if write else text.gather(places)
    flat = [part for place in places for part in place]
    return run_dataflow(chip, "", body, [len(others), size, SCRATCH, SCRATCH, *flat], write)


def multicast(chip: str, count: int, size: int, columns: int, rows: int) -> int:
    """`count` multicasts from core (0, 0) to a rectangle that it is a corner of, itself included, and a barrier."""
    opened = device(chip)
    corners = (*opened.noc_coordinate(0, 0), *opened.noc_coordinate(columns - 1, rows - 1))
    return run_dataflow(
        chip,
        text.MULTICAST_TARGET,
        text.MULTICAST,
        [count, size, SCRATCH, SCRATCH + 65536, *corners, columns * rows],
        True,
    )


def split(count: int, parts: int) -> list[tuple[int, int]]:
    share, more = divmod(count, parts)
    found, first = [], 0
    for index in range(parts):
        found.append((first, share + (index < more)))
        first += found[-1][1]
    return found


def each_core(cores: Iterable[tuple[int, int]]) -> list[tuple[int, int, int, int]]:
    """Cores as rectangles of one."""
    return [(*core, *core) for core in cores]


def row_major(count: int) -> list[tuple[int, int]]:
    """Cores row by row, eight to a row."""
    return [(index % 8, index // 8) for index in range(count)]


@dataclass(frozen=True)
class Stream:
    """What a core moves: every `stride`th of `count` interleaved pages from `first`."""

    core: tuple[int, int]
    first: int
    count: int
    stride: int = 1


def shares(cores: Sequence[tuple[int, int]], pages: int) -> list[Stream]:
    """Consecutive pages, as many for each core."""
    return [Stream(core, *span) for core, span in zip(cores, split(pages, len(cores)), strict=True)]


def area_of(streams: Sequence[Stream]) -> list[tuple[int, int, int, int]]:
    return each_core(each.core for each in streams)


def add_stream(
    program: Program, kind: str, streams: Sequence[Stream], buffer: Buffer, block: int, size: int, *, noc: int | None = None,
    cb: int = 0, times: int = 1, modes: Sequence[str] = (),
) -> None:  # fmt: skip
    """The reader or the writer of some streams; `modes` are macros of the kernels' text."""
    program.add_kernel(
        text.STREAM_READ if kind == "reader" else text.STREAM_WRITE, kind, area_of(streams), noc=noc,
        defines={"CB": str(cb), **dict.fromkeys(modes, "1")}, compile_time_args=[size, block, times, *buffer.accessor_args],
        runtime_args={each.core: [buffer.address, each.first, each.stride, each.count] for each in streams},
    )  # fmt: skip


def stream(
    chip: str,
    op: str,
    streams: Sequence[Stream],
    pages: int,
    block: int,
    *,
    noc: int = 0,
    size: int = 2048,
    times: int = 1,
    flush: bool = False,
) -> int:
    """Cores that read, write or copy pages of DRAM, `block` of them a barrier (or a flush, after writes), `times` over. A copy has a buffer of two
    blocks between reads on `noc` and writes on the other."""
    copies = op == "copy"
    modes = [name for name, wanted in (("HANDSHAKE", copies), ("FLUSH", flush)) if wanted]
    kinds = {"read": {"reader": noc}, "write": {"writer": noc}, "copy": {"reader": noc, "writer": 1 - noc}}[
        op
    ]
    program = Program()
    with allocated(chip, *[(pages, size)] * len(kinds)) as buffers:
        for (kind, own_noc), buffer in zip(kinds.items(), buffers, strict=True):
            add_stream(program, kind, streams, buffer, block, size, noc=own_noc, times=times, modes=modes)
        program.add_circular_buffer(0, area_of(streams), page_size=size, num_pages=block * (1 + copies))
        return device(chip).run(program, sanitize=False).cycles


def relu_copy(chip: str, tiles: int, data_format: str, block: int, depth: int, cores: int = 1) -> int:
    """DRAM to DRAM through relu, interleaved pages, circular buffers of `depth` blocks of tiles."""
    size, streams, program = BYTES[data_format], shares(row_major(cores), tiles), Program()
    modes = ("HANDSHAKE", "WHOLE_PAGES")
    with allocated(chip, (tiles, size), (tiles, size)) as (source, target):
        add_stream(program, "reader", streams, source, block, size, modes=modes)
        add_stream(program, "writer", streams, target, block, size, cb=16, modes=modes)
        program.add_kernel(
            text.RELU, "compute", area_of(streams), runtime_args={each.core: [each.count] for each in streams}
        )
        for index in (0, 16):
            program.add_circular_buffer(
                index, area_of(streams), data_format=data_format, num_pages=block * depth
            )
        return device(chip).run(program, sanitize=False).cycles


def copy_ahead(chip: str, block: int, ahead: int, trids: bool) -> int:
    """256 bfloat16 tiles DRAM to DRAM on one core, buffer of six blocks; reads `ahead` blocks before a barrier, or with
    that many transaction ids in flight."""
    tiles, size, room = 256, 2048, 6
    program, core = Program(), (0, 0, 0, 0)
    with allocated(chip, (tiles, size), (tiles, size)) as (source, target):
        program.add_kernel(
            text.READ_TRIDS if trids else text.READ_AHEAD, "reader", core, compile_time_args=source.accessor_args,
            runtime_args={(0, 0): [source.address, 0, tiles, block, ahead, room]},
        )  # fmt: skip
        modes = ("HANDSHAKE", "WHOLE_PAGES", "FLUSH")
        add_stream(program, "writer", [Stream((0, 0), 0, tiles)], target, block, size, modes=modes)
        program.add_circular_buffer(0, core, num_pages=room * block)
        return device(chip).run(program, sanitize=False).cycles


def split_reader(chip: str, size: int, split: bool) -> dict[str, int]:
    """64 bfloat16 tiles from the eight cores of a row to a core below and to DRAM, `size` bytes a read, a barrier a tile: when the
    reader and the writer end, each after its own start."""
    opened, core = device(chip), (0, 1, 0, 1)
    x, y = zip(*(opened.noc_coordinate(column, 0) for column in range(8)), strict=True)
    program, pieces = Program(), 2048 // size
    with allocated(chip, (64, 2048)) as (target,):
        program.add_kernel(
            text.GATHER_READER, "reader", core, name="reader", compile_time_args=[pieces, 8, 1 if split else 2],
            runtime_args={(0, 1): [SCRATCH, *x, *y]},
        )  # fmt: skip
        program.add_kernel(
            text.GATHER_WRITER, "writer", core, name="writer", compile_time_args=[pieces, 8, int(split), *target.accessor_args],
            runtime_args={(0, 1): [SCRATCH, *x, *y, target.address]},
        )  # fmt: skip
        for index in (0, 1):
            program.add_circular_buffer(index, core, num_pages=8)
        result = opened.run(program, sanitize=False)
    started = {"reader": int(opened.chip.costs["risc"]["reader_start"])}
    return {thread.kernel: thread.end - started.get(thread.kernel, 0) for thread in result.threads}


READERS = {"one": ("AB", ""), "two": ("A", "B"), "second": ("", "AB")}
"""Which operands the reader (NoC 0) and the second processor (NoC 1) read."""


def two_streams(
    chip: str, readers: str, block: int, multiply: bool, tiles: int = 128, piece: int = 2048, cores: int = 1
) -> int:
    """Products of two interleaved operands of `tiles` bfloat16 tiles a core, read in blocks and pieces; eight cores a row."""
    area = (0, 0, min(cores, 8) - 1, max(1, cores // 8) - 1)
    places, program = row_major(cores), Program()
    with allocated(chip, *[(tiles * cores, 2048)] * 2) as (a, b):
        for kind, operands in zip(("reader", "writer"), READERS[readers], strict=True):
            if operands:
                program.add_kernel(
                    text.OPERAND_STREAMS, kind, area, defines={f"READS_{name}": "1" for name in operands},
                    compile_time_args=[block, piece, *a.accessor_args, *b.accessor_args],
                    runtime_args={core: [tiles, index * tiles, a.address, b.address] for index, core in enumerate(places)},
                )  # fmt: skip
        program.add_kernel(
            text.MULTIPLY_STREAMS, "compute", area, compile_time_args=[min(block, 8)], defines={"MULTIPLY": "1"} if multiply else {},
            runtime_args={core: [tiles] for core in places},
        )  # fmt: skip
        for index, pages in ((0, 2 * block), (1, 2 * block), (16, tiles)):
            program.add_circular_buffer(index, area, num_pages=pages)
        return device(chip).run(program, sanitize=False).cycles


def walk(chip: str, pages: int, stride: int, size: int, block: int) -> int:
    """One core reads all pages in an order of steps of `stride`, `block` of them a barrier."""
    program, core = Program(), (0, 0, 0, 0)
    with allocated(chip, (pages, size), (1, 32)) as (source, target):
        program.add_kernel(
            text.WALK, "reader", core, runtime_args={(0, 0): [source.address, target.address]},
            compile_time_args=[size, block, pages, stride, math.gcd(stride, pages), *source.accessor_args, *target.accessor_args],
        )  # fmt: skip
        program.add_circular_buffer(0, core, page_size=size, num_pages=block)
        program.add_circular_buffer(1, core, page_size=32, num_pages=1)
        return device(chip).run(program, sanitize=False).cycles


def ring(chip: str, size: int, spread: bool, cores: int = 8, pages: int = 32) -> int:
    """Every core of a row writes its pages to the next core's L1, or in turn to all, and waits once."""
    opened, area = device(chip), (0, 0, cores - 1, 0)
    places = [opened.noc_coordinate(column, 0) for column in range(cores)]
    program = Program()
    program.add_kernel(
        text.RING, "writer", area, compile_time_args=[size, pages, cores, int(spread)],
        runtime_args={
            (x, 0): [SCRATCH, SCRATCH + pages * size, *(part for i in range(cores) for part in places[(x + 1 + i) % cores])]
            for x in range(cores)
        },
    )  # fmt: skip
    return opened.run(program, sanitize=False).cycles


def row_rounds(chip: str, cores: int, size: int, pieces: int, use_multicast: bool) -> int:
    """In each of eight rows every core in turn sends `size` bytes, in pieces, to the others: cycles of one more time."""
    few, many = (_row_rounds(chip, cores, size, pieces, use_multicast, times) for times in (1, 3))
    return (many - few) // 2


def _row_rounds(chip: str, cores: int, size: int, pieces: int, use_multicast: bool, times: int) -> int:
    opened, area = device(chip), (0, 0, cores - 1, 7)
    program = Program()
    program.add_kernel(
        text.ROW_MULTICAST if use_multicast else text.ROW_UNICAST, "reader", area, noc=0,
        runtime_args={
            (x, y): [cores, x, size, pieces, times, SCRATCH, *(part for i in range(cores) for part in opened.noc_coordinate(i, y))]
            for x in range(cores) for y in range(8)
        },
    )  # fmt: skip
    for index in (0, 1):
        program.add_semaphore(index, area)
    return opened.run(program, sanitize=False).cycles


def run_compute(
    chip: str, source: str, arguments: Sequence[int], inputs: Sequence[int], outputs: Sequence[tuple[int, int]] = ((16, 1),),
    compile_time_args: Sequence[int] = (), data_format: str = "Float16_b", **options: object,
) -> dict[str, int]:  # fmt: skip
    """A compute kernel on resident operands of `inputs` pages; busy and waiting cycles of each of its processors, and
    `wall`, from the start of the unpack processor to the end of the last."""
    program, core = Program(), (0, 0, 0, 0)
    program.add_kernel(
        text.FILL, "reader", core, name="fill", runtime_args={(0, 0): [*inputs, *[0] * (3 - len(inputs))]}
    )
    program.add_kernel(
        source, "compute", core, name="measured", runtime_args={(0, 0): list(arguments)},
        compile_time_args=compile_time_args, **options,
    )  # fmt: skip
    for index, pages in [*enumerate(inputs), *outputs]:
        if pages:
            program.add_circular_buffer(index, core, num_pages=pages, data_format=data_format)
    threads = [
        thread for thread in device(chip).run(program, sanitize=False).threads if thread.kernel == "measured"
    ]
    ends = {thread.thread: thread.end for thread in threads}
    return {**ends, "wall": max(ends.values())}


@cache
def zones(
    opened: Device, source: str, inputs: tuple[int, ...], scratch: int, results: int
) -> dict[tuple[str, str], int]:
    """Cycles of each zone of a compute kernel on each processor, in the second of three passes. Circular buffers 0 to 2 hold
    `inputs` tiles, 3 and 4 `scratch`, 16 `results`."""
    program, core = Program(), (0, 0, 0, 0)
    program.add_kernel(text.FILL, "reader", core, runtime_args={(0, 0): [*inputs, *[0] * (3 - len(inputs))]})
    program.add_kernel(
        source, "compute", core, name="measured", runtime_args={(0, 0): [inputs[0], 3, results]}
    )
    for index, pages in [*enumerate(inputs), (3, scratch), (4, scratch), (16, results)]:
        if pages:
            program.add_circular_buffer(index, core, num_pages=pages)
    result = opened.run(program, sanitize=False, trace=True)
    assert result.trace is not None
    found: dict[tuple[str, str], list[int]] = {}
    records = result.trace.of(TraceKind.ZONE)
    fields = (records[name].tolist() for name in ("value", "processor", "cycles"))
    for value, processor, cycles in zip(*fields, strict=True):
        name = result.trace.zone_names[value], result.threads[processor].thread
        found.setdefault(name, []).append(cycles)
    return {name: cycles[1] for name, cycles in found.items()}


def function_cycles(chip: str, operation: str, init: str, count: int = 64, **options: object) -> float:
    """Cycles of one vector function on one tile: slope over the repetitions."""
    few, many = (
        run_compute(chip, text.repeated(operation, init), [n], [1], **options)["wall"]
        for n in (count, 2 * count)
    )
    return (many - few) / count


def matmul_block_cycles(chip: str, rt: int, ct: int, k: int, fidelity: str, count: int = 64) -> float:
    """Cycles of one tile product in a loop of subblocks, each of its own DST section."""
    few, many = (
        run_compute(
            chip,
            text.MATMUL_BLOCK,
            [n],
            [rt * k, ct * k],
            [(16, rt * ct)],
            [rt, ct, k],
            math_fidelity=fidelity,
        )["wall"]
        for n in (count, 2 * count)
    )
    return (many - few) / count / (rt * ct * k)


def matmul_tiles_cycles(chip: str, fidelity: str, count: int = 128) -> float:
    """Cycles of matmul_tiles in a loop on one DST tile."""
    few, many = (
        run_compute(chip, text.MATMUL_TILES, [n], [1, 1], math_fidelity=fidelity)["wall"]
        for n in (count, 2 * count)
    )
    return (many - few) / count


def reduce_blocks(chip: str, direction: str, tiles: int, fidelity: str) -> float:
    """Cycles of one reduction of some resident tiles to one, again and again."""
    program, core, times = Program(), (0, 0, 0, 0), 20
    program.add_kernel(text.FILL, "reader", core, runtime_args={(0, 0): [0, 1, 0]})
    program.add_kernel(
        text.REDUCE_BLOCKS, "compute", core, runtime_args={(0, 0): [times]}, math_fidelity=fidelity, fp32_dest_acc=True,
        compile_time_args=[("row", "col", "scalar").index(direction), tiles],
    )  # fmt: skip
    for index, pages, data_format in ((0, tiles, "Float16_b"), (1, 1, "Float16_b"), (16, 1, "Float32")):
        program.add_circular_buffer(index, core, num_pages=pages, data_format=data_format)
    return device(chip).run(program, sanitize=False).cycles / times


def five_phases(chip: str, rows: int, reconfigure: bool) -> int:
    """(A + B) @ C with 8x4 and 4x4 tiles, `rows` rows of tiles at a time: cycles of one pass over all of A, the start apart."""
    few, many = (
        run_compute(
            chip, text.FIVE_PHASES, [8 * n, rows], [32 * n, 32 * n, 16], [(3, 4 * rows), (4, 4 * rows), (5, 4 * rows), (6, 4 * rows), (16, 32 * n)],
            math_fidelity="HiFi2", fp32_dest_acc=True, defines={"RECONFIGURE": "1"} if reconfigure else {},
        )["wall"]
        for n in (1, 2)
    )  # fmt: skip
    return many - few


def tilize(chip: str, rows: int, wide: int, handshake: bool, times: int = 1) -> int:
    """A resident shard of rows of tiles, tilized some times; with a hand-shake, a reader publishes it and a writer retires it."""
    program, core, tiles = Program(), (0, 0, 0, 0), rows * wide
    if handshake:
        program.add_kernel(text.PUBLISH, "reader", core, runtime_args={(0, 0): [tiles, times]})
        program.add_kernel(text.RETIRE, "writer", core, runtime_args={(0, 0): [tiles, times]})
    program.add_kernel(
        text.TILIZE, "compute", core, runtime_args={(0, 0): [rows, wide, times]}, defines={"HANDSHAKE": "1"} if handshake else {}
    )  # fmt: skip
    for index in (0, 16):
        program.add_circular_buffer(index, core, num_pages=tiles)
    return device(chip).run(program, sanitize=False).cycles


def pack_cycles(chip: str, accumulate: bool, count: int = 128) -> float:
    """Cycles of pack_tile in a loop."""
    few, many = (
        run_compute(chip, text.PACK_TILES, [n, int(accumulate)], [1])["pack"] for n in (count, 2 * count)
    )
    return (many - few) / count


def add_bank_streams(
    program: Program, pairs: Sequence[tuple[tuple[int, int], int]], buffer: Buffer, size: int, count: int = 64,
    write: bool = False, noc: int = 0,
) -> None:  # fmt: skip
    """Cores that each read or write `count` times `size` bytes of one DRAM bank; `pairs` of a core and its bank."""
    program.add_kernel(
        text.STREAM_BANK, "reader", each_core(core for core, _ in pairs), noc=noc, defines={"WRITE": "1"} if write else {},
        runtime_args={core: [count, size, SCRATCH, bank, buffer.address] for core, bank in pairs},
    )  # fmt: skip


def stream_banks(chip: str, pairs: Sequence[tuple[tuple[int, int], int]], write: bool, noc: int = 0) -> float:
    """Bytes a cycle of cores that each stream one DRAM bank, until the last has done; `pairs` of a core and its bank."""
    opened, count, size = device(chip), 128, 8192
    program = Program()
    with allocated(chip, (opened.chip.dram.banks, size)) as (buffer,):
        add_bank_streams(program, pairs, buffer, size, count, write, noc)
        return len(pairs) * count * size / opened.run(program, sanitize=False).cycles


def bank_rate(chip: str, readers: int, write: bool, banks: int = 1) -> float:
    """Bytes a cycle of the first `readers` cores, each with one of the first `banks` DRAM banks."""
    pairs = [(core, index % banks) for index, core in enumerate(row_major(readers))]
    return stream_banks(chip, pairs, write)


def random_pairs(chip: str, cores: int, seed: int) -> list[tuple[tuple[int, int], int]]:
    """Cores drawn from the grid, each with a bank; every bank has as many cores."""
    opened, draw = device(chip).chip, random.Random(seed)
    places = [(x, y) for y in range(opened.grid[1]) for x in range(opened.grid[0])]
    banks = [index % opened.dram.banks for index in range(cores)]
    draw.shuffle(banks)
    return list(zip(draw.sample(places, cores), banks, strict=True))


def near_pairs(chip: str, cores: int, write: bool, noc: int) -> list[tuple[tuple[int, int], int]]:
    """Each bank with cores of its endpoint's row, on the side to which the data moves, so that no two banks share a link;
    endpoints of a row without cores have the cores of a row that no other endpoint of their column has."""
    opened = device(chip).chip
    endpoints = (opened.noc.dram_noc0, opened.noc.dram_noc1)[noc]
    rows, columns = list(opened.noc.worker_y), sorted({x for x, _ in endpoints})
    each, pairs = cores // len(endpoints), []
    for bank, (x, y) in enumerate(endpoints):
        follows = (noc == 0) != write  # data goes to larger x, or comes from smaller x the other way round
        low, high = (x, columns[1] if x == columns[0] else opened.noc.size[0])
        if not follows:
            low, high = (columns[0], x) if x == columns[1] else (columns[1], opened.noc.size[0])
        side = [index for index, place in enumerate(opened.noc.worker_x) if low < place < high]
        taken = {row for column, row in endpoints if column == x}
        row = rows.index(y) if y in rows else next(i for i, place in enumerate(rows) if place not in taken)
        pairs += [((column, row), bank) for column in side[:each]]
    return pairs
