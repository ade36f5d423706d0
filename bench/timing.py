# SPDX-License-Identifier: Apache-2.0
"""The simulator's clock against published silicon.

    python bench/timing.py [--rows] [--table NAME]

Runs hand-written kernels that reproduce the measured programs of `silicon_timings.json` and prints the error tables of
`docs/timing-model.md` as Markdown. Rows that chip parameters were fitted to are marked; the others are held out.
"""

import argparse
import statistics
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import timing_accumulate as accumulate  # noqa: E402
import timing_all_reduce as all_reduce  # noqa: E402
import timing_compute as compute  # noqa: E402
import timing_movement as movement  # noqa: E402
import timing_programs as programs  # noqa: E402
import timing_shared as shared  # noqa: E402
from timing_rows import CHIPS, CLOCK, SILICON, Row, Rows  # noqa: E402

SAME = 0.03
"""Pairs whose measurements differ by less have no order."""


@dataclass(frozen=True)
class Result:
    """A row with the simulator's cycles."""

    row: Row
    modelled: float

    @property
    def error(self) -> float:
        """Relative error, signed."""
        return self.modelled / self.row.measured - 1


@dataclass(frozen=True)
class Summary:
    """Errors of one table; `ordered` of `pairs` stand as measured."""

    rows: int
    fitted: int
    mean: float
    held_out: float
    worst: Result
    ordered: int
    pairs: int


NOC = SILICON["noc_latencies"]
SIZES = NOC["sizes"]
FITTED_SIZES = (64, 2048, 8192)
"""Sizes of the DRAM and multicast rows that parameters were fitted to; the others are held out."""
FITTED_L1_SIZES = (64, 1024, 2048, 4096, 8192)
"""The same of transfers between two cores; rows of 16 and 64 transfers are held out altogether."""


def noc_row(key: str, model: Callable[[int], float], fitted: tuple[int, ...] = ()) -> Rows:
    for size, measured in zip(SIZES, NOC[key], strict=False):
        yield Row(f"{key} {size}", measured, lambda size=size: model(size), size in fitted)


def noc_unicast(chip: str, write: bool) -> Rows:
    kind = "write" if write else "read"
    name = CHIPS[chip]
    for key in [key for key in NOC if key.startswith(f"{chip}_{kind}_L1_")]:
        axis, count = key.split("_")[3:5]
        yield from noc_row(
            key,
            lambda size, axis=axis, count=int(count.removesuffix("txn")), key=key: programs.unicast(
                name, count, size, write, axis == "sameaxis", key.endswith("_stateful")
            ),
            fitted=() if "_16" in key or "_64" in key else FITTED_L1_SIZES,
        )


def noc_more() -> Rows:
    """Series of the same file that are in no table above: other counts, axes and states."""
    for chip, kind, place, count, stateful, series in SILICON["noc_latencies_more"]["rows"]:
        for size, measured in zip(SIZES, series, strict=False):
            yield Row(
                f"{chip} {kind} {place} {count}{' stateful' if stateful else ''}, {size} B", measured,
                lambda chip=CHIPS[chip], kind=kind, place=place, count=count, stateful=stateful, size=size: (
                    programs.bank(chip, count, size, kind == "write") if place == "bank" else
                    programs.unicast(chip, count, size, kind == "write", place == "same axis", stateful)
                ),
            )  # fmt: skip


def noc_dram(chip: str) -> Rows:
    name = CHIPS[chip]
    for key in [key for key in NOC if key.startswith(chip) and "DRAM" in key]:
        _, kind, where, count = key.split("_")
        for size, measured in zip(SIZES, NOC[key], strict=False):
            if (key, size) in OUTLIERS:
                continue
            run = (
                (lambda size=size, count=int(count): programs.interleaved(name, count, size))
                if where == "DRAMinterleaved"
                else (
                    lambda size=size, count=int(count), kind=kind: programs.bank(
                        name, count, size, kind == "write"
                    )
                )
            )
            yield Row(f"{key} {size}", measured, run, size in FITTED_SIZES)


def noc_peers() -> Rows:
    yield from noc_row(
        "WH_read_from55_55txn",
        lambda size: programs.peers("wormhole_b0", size, 8, 7, 0, False),
        fitted=(8192,),
    )
    yield from noc_row(
        "BH_read_from109_109txn",
        lambda size: programs.peers("blackhole", size, 11, 10, 0, False),
        fitted=(8192,),
    )
    yield from noc_row("WH_unicast_to4_4txn", lambda size: programs.peers("wormhole_b0", size, 2, 2, 1, True))
    yield from noc_row(
        "WH_unicast_to25_25txn",
        lambda size: programs.peers("wormhole_b0", size, 5, 5, 1, True),
        fitted=FITTED_SIZES,
    )


MULTICAST_GRID = {4: (2, 2), 25: (5, 5), 56: (8, 7), 64: (8, 8)}


def noc_multicast() -> Rows:
    for key in [key for key in NOC if "_mcast_loopback_" in key]:
        chip, cores, count = key.split("_")[0], key.split("_")[3], key.split("_")[4]
        grid = MULTICAST_GRID[int(cores.removesuffix("dst"))]
        yield from noc_row(
            key,
            lambda size, chip=chip, count=int(count.removesuffix("txn")), grid=grid: programs.multicast(
                CHIPS[chip], count, size, *grid
            ),
            fitted=FITTED_SIZES if count == "1txn" else (),
        )


def double_buffer(part: str, data_format: str, tiles: int, cores: int) -> Rows:
    for index, (block, depth, ns) in enumerate(SILICON["double_buffer_WH"][part]):
        yield Row(
            f"block {block} depth {depth}", ns,
            lambda block=block, depth=depth: programs.relu_copy(programs.WORMHOLE_THEN, tiles, data_format, block, depth, cores),
            fitted=(part.startswith("A") and index % 2 == 1) or (part.startswith("C") and index in (0, 4, 6)),
        )  # fmt: skip


def double_buffer_rates() -> Rows:
    """1024 tiles, depth 2: blocks beyond those of the other tables."""
    table = SILICON["double_buffer_WH"]["D_GBps_1core_1024tiles_depth2"]
    for block, *rates in table["rows"]:
        for kind, rate in zip(("Bfp8_b", "Float16_b", "Float32"), rates, strict=True):
            if rate is not None:
                yield Row(
                    f"block {block} {kind}", 2 * 1024 * programs.BYTES[kind] / rate,
                    lambda block=block, kind=kind: programs.relu_copy(programs.WORMHOLE_THEN, 1024, kind, block, 2),
                )  # fmt: skip


def trid() -> Rows:
    table = SILICON["trid_double_issue_BH"]
    for block, *rates in table["rows_GBps"]:
        for column, rate in zip(table["cols"][1:], rates, strict=True):
            mode, ahead = column[:-1], int(column[-1])
            yield Row(
                f"block {block} {column}", 256 * 4096 / rate * CLOCK["BH"],
                lambda block=block, mode=mode, ahead=ahead: programs.copy_ahead("blackhole", block, ahead, mode == "trid"),
                fitted=block in (1, 4),
            )  # fmt: skip


def split_reader() -> Rows:
    """Lifetimes of the processors: the reader alone, and both that read."""
    for size, _, alone, reader, writer, *_ in SILICON["split_reader_WH"]["rows"]:
        for name, measured, split, thread in (
            ("one reader", alone, False, "reader"),
            ("two readers, first", reader, True, "reader"),
            ("two readers, second", writer, True, "writer"),
        ):
            yield Row(
                f"{size} B, {name}", measured,
                lambda size=size, split=split, thread=thread: programs.split_reader("wormhole_b0", size, split)[thread],
                fitted=split and size >= 512,
            )  # fmt: skip


def two_streams() -> Rows:
    """One or two processors that read two operands; BRISC alone, on the other NoC, for many cores."""
    table = SILICON["dual_noc_read_BH"]
    for name in ("multiplied", "only read"):
        for block, *measured in table[name]:
            for readers, ns in zip(("one", "two"), measured, strict=True):
                yield Row(
                    f"{name}, blocks of {block}, {readers}", ns * CLOCK["BH"],
                    lambda name=name, block=block, readers=readers: programs.two_streams(
                        "blackhole", readers, block, name == "multiplied"
                    ),
                )  # fmt: skip
    for piece, *measured in table["pieces"]:
        for readers, ns in zip(("one", "two"), measured, strict=True):
            yield Row(
                f"only read, pieces of {piece} B, {readers}", ns * CLOCK["BH"],
                lambda piece=piece, readers=readers: programs.two_streams("blackhole", readers, 8, False, piece=piece),
            )  # fmt: skip
    for cores, *measured in table["cores"]:
        for readers, ns in zip(("one", "two", "second"), measured, strict=True):
            yield Row(
                f"only read, {cores} cores, {readers}", ns * CLOCK["BH"],
                lambda cores=cores, readers=readers: programs.two_streams("blackhole", readers, 8, False, 32, cores=cores),
            )  # fmt: skip


Cores = list[tuple[int, int]]


def line(placement: str, count: int) -> Cores:
    return [{"column": (0, i), "row": (i, 0), "diagonal": (i, i)}[placement] for i in range(count)]


def copies(cores: Cores, pages: int, block: int) -> int:
    return programs.stream("wormhole_b0", "copy", programs.shares(cores, pages), pages, block)


def placements() -> Rows:
    """What a line of cores has of the links, by its direction and by the NoC of its stream."""
    for op, placement, *measured in SILICON["noc_placement_WH"]["rows"]:
        streams = programs.shares(line(placement, 8), 2048)
        for noc, ns in enumerate(measured):
            if ns is not None:
                yield Row(
                    f"{op} {placement} NoC {noc}", ns,
                    lambda op=op, streams=streams, noc=noc: programs.stream("wormhole_b0", op, streams, 2048, 16, noc=noc, times=8),
                )  # fmt: skip


def reader_placements() -> Rows:
    for count, placement, tiles, block, ns in SILICON["reader_placement_WH"]["rows"]:
        yield Row(
            f"{count} cores {placement}, blocks of {block}", ns,
            lambda cores=line(placement, count), tiles=tiles, block=block: copies(cores, tiles, block),
        )  # fmt: skip


def saturation() -> Rows:
    for count, *measured in SILICON["dram_saturation_WH"]["rows"]:
        spread = programs.row_major(count)
        stacked = [(y, x) for x, y in spread]
        for name, cores, ns in zip(("spread", "stacked"), (spread, stacked), measured, strict=True):
            yield Row(
                f"{count} cores {name}",
                ns,
                lambda cores=cores: copies(cores, 4096, 4),
                fitted=name == "spread",
            )


def width_splits() -> Rows:
    """Few tiles: what a launch costs before the first byte moves."""
    for tiles, alone, split in SILICON["width_split_WH"]["rows"]:
        for name, cores, ns in (("alone", 1, alone), ("split", min(tiles, 64), split)):
            yield Row(
                f"{tiles} tiles, {name}", ns,
                lambda tiles=tiles, cores=cores: programs.relu_copy(programs.WORMHOLE_THEN, tiles, "Float16_b", 8, 2, cores),
                fitted=name == "alone",
            )  # fmt: skip


def bank_placements() -> Rows:
    """A core for each bank: row by row, near the bank, and the same cores with the banks of others."""
    table = SILICON["bank_placement_WH"]
    near = [(x, y) for x, y in table["near"]]
    banks = len(near)
    for size, pattern, *measured in table["rows"]:
        for name, cores, ns in zip(
            ("row", "near", "shuffled"),
            (programs.row_major(banks), near, near[banks // 2 :] + near[: banks // 2]),
            measured,
            strict=True,
        ):
            streams = [
                programs.Stream(core, index, 256, banks)
                if pattern == "affine"
                else programs.Stream(core, 256 * index, 256)
                for index, core in enumerate(cores)
            ]
            yield Row(
                f"{size} B {pattern} {name}", ns,
                lambda streams=streams, size=size: programs.stream(
                    programs.WORMHOLE_NEAR, "copy", streams, 3072, 8, size=size, flush=True
                ),
            )  # fmt: skip


def walks() -> Rows:
    for size, block, stride, rate in SILICON["page_walk_order_WH"]["rows"]:
        yield Row(
            f"{size} B in blocks of {block}, stride {stride}", 1536 * size / rate,
            lambda size=size, block=block, stride=stride: programs.walk("wormhole_b0", 1536, stride, size, block),
        )  # fmt: skip


def rings() -> Rows:
    for size, *measured in SILICON["noc_one_packet_BH"]["rows"]:
        for name, ns in zip(("single", "spread"), measured, strict=True):
            yield Row(
                f"{size} B {name}", ns * CLOCK["BH"],
                lambda size=size, name=name: programs.ring("blackhole", size, name == "spread"),
                fitted=(size, name) == (256, "single"),
            )  # fmt: skip


def row_rounds() -> Rows:
    for cores, size, pieces, unicast, multicast in SILICON["row_unicast_vs_mcast_WH"]["rows"]:
        for name, measured in (("unicast", unicast), ("multicast", multicast)):
            yield Row(
                f"{cores} cores {size} B in {pieces}, {name}", measured,
                lambda cores=cores, size=size, pieces=pieces, name=name: programs.row_rounds(
                    "wormhole_b0", cores, size, pieces, name == "multicast"
                ),
                fitted=name == "multicast" and cores == 8 and pieces > 1,
            )  # fmt: skip


def dram_rate() -> Rows:
    """Cycles a KiB, so that more is slower as in the other tables."""
    for tiles, channels, kind, placement, noc0, _ in SILICON["wh_dram_table"]["rows"]:
        if channels == 1:
            yield Row(
                f"{tiles} cores, {channels} channel, {kind}, {placement}", 1024 / noc0,
                lambda tiles=tiles, kind=kind: 1024 / programs.bank_rate("wormhole_b0", tiles, kind == "write"),
                fitted=tiles == 1,
            )  # fmt: skip


DRAWS = 61
"""Placements of cores beside DRAM channels of which the median counts, where the one that was measured is not published."""


def dram_rate_all() -> Rows:
    """Cycles a KiB of twelve channels at once, the cores near their channels, or drawn: the median of nine draws."""
    for tiles, channels, kind, placement, *measured in SILICON["wh_dram_table"]["rows"]:
        if channels == 1 or (tiles, placement) == (12, "random"):
            continue
        run = near_rate if placement == "careful" else drawn_rate
        for noc, rate in enumerate(measured):
            yield Row(
                f"{tiles} cores, {kind}, {placement}, NoC {noc}", 1024 / rate,
                lambda run=run, tiles=tiles, kind=kind, noc=noc: 1024 / run(tiles, kind == "write", noc),
            )  # fmt: skip


def near_rate(cores: int, write: bool, noc: int) -> float:
    pairs = programs.near_pairs("wormhole_b0", cores, write, noc)
    return programs.stream_banks("wormhole_b0", pairs, write, noc)


def drawn_rate(cores: int, write: bool, noc: int) -> float:
    draws = (programs.random_pairs("wormhole_b0", cores, seed) for seed in range(DRAWS))
    return statistics.median(programs.stream_banks("wormhole_b0", pairs, write, noc) for pairs in draws)


def joint_draws(cores: int, draws: int) -> None:
    """Draws whose four measured numbers are of one draw: how many have all within 15 %, and the nearest. Prints Markdown."""
    wanted = {
        (kind, noc): rate
        for tiles, channels, kind, placement, *measured in SILICON["wh_dram_table"]["rows"]
        if (tiles, channels, placement) == (cores, 12, "random")
        for noc, rate in enumerate(measured)
    }
    rates = []
    for seed in range(draws):
        pairs = programs.random_pairs("wormhole_b0", cores, seed)
        rates.append(
            [programs.stream_banks("wormhole_b0", pairs, kind == "write", noc) for kind, noc in wanted]
        )
    errors = [apart(each, wanted.values()) for each in rates]
    nearest = rates[errors.index(min(errors))]
    print(
        f"| {draws} draws of {cores} cores, bytes a cycle | measured | least | median | most | nearest draw |"
    )
    print("|---|---|---|---|---|---|")
    for index, ((kind, noc), measured) in enumerate(wanted.items()):
        these = [each[index] for each in rates]
        numbers = (measured, min(these), statistics.median(these), max(these), nearest[index])
        print(f"| {kind}, NoC {noc} | {' | '.join(f'{rate:.0f}' for rate in numbers)} |")
    alike = statistics.median(sum(apart(a, b) <= 0.15 for b in rates if b is not a) for a in rates)
    print(
        f"\n{sum(each <= 0.15 for each in errors)} of {draws} draws have all four within 15 % of the measured ones; the nearest is "
        f"{min(errors):.0%} off at most. A draw has {alike:.0f} others within 15 % of it, in the median.\n"
    )


def apart(rates: Iterable[float], others: Iterable[float]) -> float:
    """The largest relative difference."""
    return max(abs(a / b - 1) for a, b in zip(rates, others, strict=True))


def every_other(rows: Rows) -> Rows:
    """The second, fourth, ... row is one that a parameter was chosen by."""
    for index, row in enumerate(rows):
        yield replace(row, fitted=index % 2 == 1)


TABLES: dict[str, Callable[[], Rows]] = {
    "noc_latencies WH L1 reads": lambda: noc_unicast("WH", False),
    "noc_latencies WH L1 writes": lambda: noc_unicast("WH", True),
    "noc_latencies BH L1 reads": lambda: noc_unicast("BH", False),
    "noc_latencies BH L1 writes": lambda: noc_unicast("BH", True),
    "noc_latencies WH DRAM": lambda: noc_dram("WH"),
    "noc_latencies BH DRAM": lambda: noc_dram("BH"),
    "noc_latencies, more series": noc_more,
    "noc_latencies one core, many peers": noc_peers,
    "noc_latencies multicast": noc_multicast,
    "wh_dram_table, one channel": dram_rate,
    "wh_dram_table, twelve channels": dram_rate_all,
    "double_buffer_WH bf16": lambda: double_buffer("A_bf16_1core_256tiles", "Float16_b", 256, 1),
    "double_buffer_WH bfp8": lambda: every_other(double_buffer("B_bfp8_1core_256tiles", "Bfp8_b", 256, 1)),
    "double_buffer_WH fp32": lambda: every_other(double_buffer("B_fp32_1core_256tiles", "Float32", 256, 1)),
    "double_buffer_WH, 1024 tiles": double_buffer_rates,
    "double_buffer_WH 64 cores": lambda: double_buffer("C_bf16_64cores_4096tiles", "Float16_b", 4096, 64),
    "trid_double_issue_BH": trid,
    "split_reader_WH": split_reader,
    "dual_noc_read_BH": two_streams,
    "noc_placement_WH": lambda: every_other(placements()),
    "reader_placement_WH": lambda: every_other(reader_placements()),
    "dram_saturation_WH": saturation,
    "width_split_WH": width_splits,
    "bank_placement_WH": lambda: every_other(bank_placements()),
    "page_walk_order_WH": walks,
    "noc_one_packet_BH": rings,
    "row_unicast_vs_mcast_WH": row_rounds,
    "compute_block_size_WH": compute.compute_blocks,
    "compute_block_size, formats kept, WH": compute.compute_blocks_formats,
    "compute_fusion_phases_WH": compute.fusion,
    "reduce_block_BH": lambda: compute.reductions("BH", "reduce_block_BH"),
    "reduce_accumulate_WH": lambda: compute.reductions("WH", "reduce_accumulate_WH"),
    "handshake_elision_BH": lambda: compute.handshake(1),
    "handshake_elision_BH, 20 times": lambda: compute.handshake(20),
    "matrix unit, unpack, pack": compute.matrix_unit,
    "gemm_N150_manual": lambda: compute.gemm("WH", "gemm_N150_manual", fitted=3072),
    "gemm_N150, more shapes": lambda: compute.gemm("WH", "gemm_N150_more"),
    "gemm_P150": lambda: compute.gemm("BH", "gemm_P150", fitted=3840),
    "sfpu_cycles_per_tile": compute.sfpu,
    **movement.TABLES,
    **accumulate.TABLES,
    **shared.TABLES,
    **all_reduce.TABLES,
}

OUTLIERS = {
    ("WH_write_DRAMsharded_64", 64): "4492 beside 2020 at 128 B",
    ("WH_write_DRAMsharded_1", 256): "609 between 413 and 448",
    ("WH_read_DRAMsharded_1", 64): "500 beside 404 at 128 B",
}
"""Measurements that contradict the rows beside them; not compared."""

NOT_RUN = {
    **{f"noc_latencies {key} {size} B": f"outlier: {why}" for (key, size), why in OUTLIERS.items()},
    "noc_latencies WH_mcast_4dst_64txn": "where the sender stands outside its rectangle is not published",
    "noc_latencies WH_col_to_col, BH_row_to_row": "pairing of senders and receivers is not published",
    "wh_dram_table, 12 cores, random": "one draw, not published; draws here differ by a factor of 2.3 to 2.8",
    "compute_fusion_phases_WH reduce (pack), recip (unpack, pack)": "in which of the two zones a processor waits that has nothing to do",
    "tilize_llk": "cycles of one engine alone; parameters of the chip files are these numbers",
    "sfpu_cycles_per_tile ranges": "a range is no measurement of one kernel",
    **{
        f"sfpu_cycles_per_tile {chip} {name}{' fp32' if bits == 32 else ''}": why
        for (chip, name, bits), why in compute.SFPU_CHANGED.items()
    },
    **movement.NOT_RUN,
    **accumulate.NOT_RUN,
}


def summarise(results: list[Result]) -> Summary:
    """Mean |error| of all and of held-out rows, the worst row, and pairs in the measured order."""
    held_out = [abs(result.error) for result in results if not result.row.fitted]
    ordered = pairs = 0
    for a, b in combinations(results, 2):
        difference = a.row.measured - b.row.measured
        if abs(difference) < SAME * min(a.row.measured, b.row.measured):
            continue
        pairs += 1
        ordered += difference * (a.modelled - b.modelled) > 0
    return Summary(
        rows=len(results),
        fitted=sum(result.row.fitted for result in results),
        mean=sum(abs(result.error) for result in results) / len(results),
        held_out=sum(held_out) / len(held_out) if held_out else 0.0,
        worst=max(results, key=lambda result: abs(result.error)),
        ordered=ordered,
        pairs=pairs,
    )


RANKINGS = {
    "buffer depth and block, WH relu copy": ("double_buffer_WH bf16", ""),
    "prefetch distance, BH copy in blocks of 4": ("trid_double_issue_BH", "block 4 "),
    "unicast or multicast, WH, 8 cores, 8 KiB": ("row_unicast_vs_mcast_WH", "8 cores 8192 B in 1,"),
    "placement of eight readers, WH, NoC 0 and 1": ("noc_placement_WH", "read "),
    "placement of eight writers, WH, NoC 0 and 1": ("noc_placement_WH", "write "),
    "one or two readers, BH, blocks of 8": ("dual_noc_read_BH", "multiplied, blocks of 8,"),
    "one or two readers, BH, 8 cores": ("dual_noc_read_BH", "only read, 8 cores,"),
    "format and fidelity, WH, 2048 cubed": ("gemm_N150_manual", "2048 x"),
    "rows of a block, WH (A + B) @ C": ("compute_block_size_WH", ""),
    "subblock, BH matmul_block": ("matrix unit, unpack, pack", "BH matmul_block HiFi2"),
    "fidelity, BH matmul_tiles": ("matrix unit, unpack, pack", "BH matmul_tiles"),
}
"""Variants of one kernel: a table and the start of the names of its rows."""


def ranking(results: list[Result]) -> str:
    """Cells: variants, the fastest on silicon, the fastest of the model, its place on silicon, pairs in order."""
    measured = sorted(results, key=lambda result: result.row.measured)
    chosen = min(results, key=lambda result: result.modelled)
    found = summarise(results)
    loss = chosen.row.measured / measured[0].row.measured - 1
    return f"{len(results)} | {measured[0].row.name} | {chosen.row.name} | {loss:.1%} | {found.ordered}/{found.pairs}"


def run_table(name: str) -> list[Result]:
    """All rows of a table on the simulator."""
    return [Result(row, row.model()) for row in TABLES[name]()]


def print_rows(results: list[Result]) -> None:
    for result in results:
        mark = " (fitted)" if result.row.fitted else ""
        print(
            f"    {result.row.name}{mark}: {result.row.measured:.1f} {result.modelled:.1f} {result.error:+.1%}"
        )


def print_tables(names: list[str], rows: bool) -> dict[str, list[Result]]:
    """Runs and prints the tables; returns their results by name."""
    print("| table | rows | fitted | mean \\|error\\| | held out | worst row | pairs in order |")
    print("|---|---|---|---|---|---|---|")
    ran = {}
    for name in names:
        results = ran[name] = run_table(name)
        found = summarise(results)
        print(
            f"| {name} | {found.rows} | {found.fitted} | {found.mean:.1%} | {found.held_out:.1%} | "
            f"{found.worst.row.name} {found.worst.error:+.1%} | {found.ordered}/{found.pairs} |",
            flush=True,
        )
        if rows:
            print_rows(results)
    return ran


def as_published(ran: dict[str, list[Result]]) -> dict[str, list[Result]]:
    """Results of what is one table in its source and several here, by the word that their names begin with."""
    joined: dict[str, list[str]] = {}
    for name in ran:
        joined.setdefault(name.split()[0].rstrip(","), []).append(name)
    return {
        key: [result for name in names for result in ran[name]]
        for key, names in joined.items()
        if len(names) > 1
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", action="store_true", help="print every row after its table")
    parser.add_argument("--table", action="append", help="only tables whose name contains this text")
    parser.add_argument(
        "--draws", type=int, help="only so many draws of 48, and of 12, cores at random places"
    )
    options = parser.parse_args()
    if options.draws:
        for cores in (48, 12):
            joint_draws(cores, options.draws)
        return
    names = [name for name in TABLES if not options.table or any(part in name for part in options.table)]
    if not names:
        parser.error(f"no table has this name; known: {', '.join(TABLES)}")
    ran = print_tables(names, options.rows)
    if options.table:
        return
    everything = [result for results in ran.values() for result in results]
    inside = sum(abs(result.error) <= 0.15 for result in everything)
    ordered = sum(summarise(results).ordered for results in ran.values())
    pairs = sum(summarise(results).pairs for results in ran.values())
    print(
        f"\n{inside} of {len(everything)} rows are within 15 %; {ordered} of {pairs} pairs stand in the measured order."
    )
    print("\n| as one table | rows | mean \\|error\\| | pairs in order |\n|---|---|---|---|")
    for key, results in as_published(ran).items():
        found = summarise(results)
        share = found.ordered / found.pairs
        print(f"| {key} | {found.rows} | {found.mean:.1%} | {found.ordered}/{found.pairs}, {share:.1%} |")
    print(
        "\n| variants of one kernel | number | fastest on silicon | fastest by the model | it loses on silicon | pairs in order |"
    )
    print("|---|---|---|---|---|---|")
    for title, (table, start) in RANKINGS.items():
        print(
            f"| {title} | {ranking([result for result in ran[table] if result.row.name.startswith(start)])} |"
        )
    print("\n| not run | why |\n|---|---|")
    for name, why in NOT_RUN.items():
        print(f"| {name} | {why} |")


if __name__ == "__main__":
    main()
