# SPDX-License-Identifier: Apache-2.0
"""Published measurements of compute kernels, from one core's phases to products on the whole chip: rows for `timing.py`."""

import timing_matmul as matmul
import timing_programs as programs
from timing_rows import CHIPS, CLOCK, SILICON, Row, Rows

LIBRARIES_THEN = {"WH": programs.WORMHOLE_THEN, "BH": programs.BLACKHOLE_THEN}


def compute_blocks() -> Rows:
    for index, (rows, ns) in enumerate(SILICON["compute_block_size_WH"]["rows"]):
        yield Row(
            f"{rows} rows", ns, lambda rows=rows: programs.five_phases("wormhole_b0", rows, True),
            fitted=index in (0, 3),
        )  # fmt: skip


def compute_blocks_formats() -> Rows:
    """The same without setting data formats anew, which never change."""
    for rows, ns in SILICON["compute_block_size_formats_WH"]["rows"]:
        yield Row(
            f"{rows} rows",
            ns,
            lambda rows=rows: programs.five_phases("wormhole_b0", rows, False),
            fitted=rows == 1,
        )


def reductions(chip: str, table: str) -> Rows:
    def fitted(fidelity: str, direction: str, tiles: int) -> bool:
        if chip == "WH":
            return direction == "scalar" and tiles >= 16
        return tiles > 2 and fidelity in ("HiFi2", "HiFi4", "LoFi" if direction != "scalar" else "")

    for fidelity, direction, tiles, ns in SILICON[table]["rows"]:
        yield Row(
            f"{direction} {fidelity} {tiles} tiles", ns * CLOCK[chip],
            lambda fidelity=fidelity, direction=direction, tiles=tiles: programs.reduce_blocks(
                LIBRARIES_THEN[chip], direction, tiles, fidelity
            ),
            fitted=fitted(fidelity, direction, tiles),
        )  # fmt: skip


def _copy(cb: int, dst: int) -> str:
    return f"copy_tile_to_dst_init_short({cb}); copy_tile({cb}, i, {dst});"


def _alone(cb: int, function: str) -> tuple[str, str]:
    """What is done to a tile, and what once before, where one function is all."""
    return (
        f"copy_tile({cb}, i, 0); {function}_tile(0);",
        f"copy_tile_to_dst_init_short({cb}); {function}_tile_init();",
    )


_SQRT = f"{_copy(0, 0)} sqrt_tile_init(); sqrt_tile(0); "
_ADD = "add_binary_tile_init(); add_binary_tile(0, 1, 0);"
_REUSE = "EltwiseBinaryType::ELWMUL, EltwiseBinaryReuseDestType::DEST_TO_SRCA"
_chain, _reduction = programs.text.chain, programs.text.reduction
FUSION: dict[str, tuple[str, ...]] = {
    "sfpu_chain.fused(sqrt+add+exp)": (
        _chain("sfpu_chain.fused(sqrt+add+exp)", f"{_SQRT}{_copy(1, 1)} {_ADD} exp_tile_init(); exp_tile(0);", "", (0, 1), 16),
    ),
    "sfpu_chain.unfused": (
        _chain("sqrt", *_alone(0, "sqrt"), (0,), 3),
        _chain("add(sfpu)", f"{_copy(3, 0)} {_copy(1, 1)} {_ADD}", "", (3, 1), 4),
        _chain("exp", *_alone(4, "exp"), (4,), 16),
    ),
    "fpu_sfpu.dstreuse": (
        _chain("fpu_sfpu.dstreuse", f"{_SQRT}binary_dest_reuse_tiles_init<{_REUSE}>(1); binary_dest_reuse_tiles<{_REUSE}>(1, i, 0);",
               "", (0, 1), 16),
    ),
    "fpu_sfpu.sfpu": (
        _chain("fpu_sfpu.sfpu", f"{_SQRT}{_copy(1, 1)} mul_binary_tile_init(); mul_binary_tile(0, 1, 0);", "", (0, 1), 16),
    ),
    "fpu_sfpu.unfused": (
        _chain("sqrt before mul", *_alone(0, "sqrt"), (0,), 3),
        _chain("mul(fpu)", "mul_tiles(3, 1, i, i, 0);", "mul_tiles_init(3, 1);", (3, 1), 16),
    ),
    "reduce_recip.fused": (_reduction("reduce_recip.fused", "recip_tile_init(); recip_tile(0);", 16),),
    "reduce_recip.unfused": (_reduction("reduce", "", 3), _chain("recip", *_alone(3, "recip"), (3,), 16, "1")),
}  # fmt: skip
"""Phases of each variant. A chain of several functions sets up each for every tile."""


UNCLEAR = {("reduce", "pack"), ("recip", "unpack"), ("recip", "pack")}
"""Where a processor stands that has nothing to do between two phases is not modelled: in one zone or the other."""


def fusion() -> Rows:
    """The three processors of each phase, which wait for the phase before."""
    measured = {phase: engines for phase, *engines, _ in SILICON["compute_fusion_phases_WH"]["rows"]}
    for variant, phases in FUSION.items():
        reduces = variant.startswith("reduce")
        inputs, out = ((32, 0, 1), 1) if reduces else ((32, 32), 32)
        source = programs.text.fusion(phases)
        for phase in measured:
            if not any(f'"{phase}"' in text for text in phases):
                continue
            for thread, cycles in zip(("unpack", "math", "pack"), measured[phase], strict=True):
                if (phase, thread) in UNCLEAR:
                    continue
                yield Row(
                    f"{phase}, {thread}", cycles,
                    lambda source=source, phase=phase, thread=thread, inputs=inputs, out=out: programs.zones(
                        programs.device(programs.WORMHOLE_THEN), source, inputs, out, out
                    )[phase, thread],
                    fitted=phase in ("mul(fpu)", "add(sfpu)", "reduce", "recip"),
                )  # fmt: skip


SHARDS = {2: (1, 2), 4: (1, 4), 8: (2, 4), 16: (4, 4), 32: (4, 8), 64: (8, 8)}
"""Rows and columns of tiles of the shards of handshake_elision."""


def handshake(times: int) -> Rows:
    for index, (tiles, with_calls, without) in enumerate(SILICON["handshake_elision_BH"][f"iters{times}"]):
        for name, ns in (("handshake", with_calls), ("none", without)):
            yield Row(
                f"{tiles} tiles, {name}", ns * CLOCK["BH"],
                lambda tiles=tiles, name=name: programs.tilize("blackhole", *SHARDS[tiles], name == "handshake", times),
                fitted=times == 1 and index in (0, 5),
            )  # fmt: skip


def matrix_unit() -> Rows:
    """Loops of the matrix unit, unpackers and packer; cycles of one tile (facts: WP tensixbench, TM subblock, issues)."""
    for fidelity, cycles in (("LoFi", 34.5), ("HiFi2", 52.0), ("HiFi4", 85.5)):
        yield Row(
            f"BH matmul_tiles {fidelity}", cycles,
            lambda fidelity=fidelity: programs.matmul_tiles_cycles("blackhole", fidelity), fitted=fidelity == "HiFi2",
        )  # fmt: skip
    for rt, ct, cycles in ((1, 8, 37.5), (2, 2, 39.1), (1, 1, 54.8)):
        yield Row(
            f"BH matmul_block HiFi2 {rt}x{ct}", cycles,
            lambda rt=rt, ct=ct: programs.matmul_block_cycles("blackhole", rt, ct, 1, "HiFi2"), fitted=rt == ct == 1,
        )  # fmt: skip
    yield Row(
        "BH matmul_block LoFi 1x1, K=224", SILICON["unpack_bound_BH"]["cycles_per_tile"],
        lambda: programs.matmul_block_cycles("blackhole", 1, 1, 224, "LoFi", 2),
    )  # fmt: skip
    yield Row("BH pack_tile", 16.0 + 9.13, lambda: programs.pack_cycles("blackhole", False), fitted=True)
    yield Row(
        "BH pack_tile accumulating in L1",
        24.0 + 9.13,
        lambda: programs.pack_cycles("blackhole", True),
        fitted=True,
    )


GEMM_BASES = {
    "bf16": ((64, 64, 64, 1, 1), (64, 128, 128, 1, 1), (64, 128, 256, 1, 1), (128, 128, 128, 1, 1), (128, 128, 256, 1, 1),
             (128, 256, 256, 1, 1), (256, 256, 256, 1, 1), (256, 256, 384, 1, 1), (256, 384, 384, 2, 1), (384, 384, 384, 4, 1),
             (512, 512, 512, 1, 2), (1024, 1024, 1024, 2, 4)),
    "bfp8": ((384, 384, 384, 2, 1), (384, 384, 512, 2, 1), (512, 512, 512, 1, 2), (1024, 1024, 1024, 2, 4)),
    "bfp4": ((384, 512, 512, 2, 1), (512, 512, 512, 2, 1), (1024, 1024, 1024, 2, 2)),
}  # fmt: skip
"""Of the benchmark's shapes, in elements a core of the grid: blocks of a column's share of K, and of a core's result along each
side. A shape that a format does not name has one of each."""
CYCLES_A_TILE = {"LoFi": 16, "HiFi2": 32, "HiFi4": 64}


def gemm(chip: str, table: str, fitted: int | None = None) -> Rows:
    """Products of the whole chip; sharded ones have their first operand and result in L1. Fitted: those of so many rows."""
    across, down = matmul.GRIDS[CHIPS[chip]]
    for m, k, n, layout, kind, fidelity, percent in SILICON[table]["rows"]:
        base = (m // down, k // across, n // across)
        named = {(*shape,): (parts, split) for *shape, parts, split in GEMM_BASES[kind]}
        blocks = matmul.Blocks.of(CHIPS[chip], m, k, n, *named.get(base, (1, 1)), sharded=layout != "DRAM")
        yield Row(
            f"{m} x {k} x {n} {kind} {fidelity}",
            (m // 32) * (k // 32) * (n // 32) * CYCLES_A_TILE[fidelity] / (across * down) / (percent / 100),
            lambda blocks=blocks, kind=kind, fidelity=fidelity: matmul.gemm(blocks, programs.FORMATS[kind], fidelity),
            fitted=m == fitted or (m == 1024 and kind == "bfp4"),
        )  # fmt: skip


SFPU_CALLS: dict[str, tuple[str, str]] = {
    **{name: (f"{name}_tile(0);", "rounding_op_tile_init();") for name in ("floor", "ceil", "trunc", "frac")},
    **{f"{name}_fast": (f"{name}_tile<{arguments}>(0);", f"{name}_tile_init<true>();")
       for name, arguments in (("tanh", "true"), ("sigmoid", "VectorMode::RC, true"))},
    **{f"{name}_scalar_int32": (f"{name}_unary_tile_int32(0, 5);", "binop_with_scalar_tile_init();") for name in ("add", "sub")},
    **{f"{name}_int": (f"{name}_int_tile<DataFormat::Int32>(0, 1, 0);", f"{name}_int_tile_init();") for name in ("add", "sub", "rsub")},
    "div": ("div_binary_tile(0, 1, 0);", "div_binary_tile_init();"),
    "addcmul": ("addcmul_tile<DataFormat::Float16_b>(0, 1, 2, 0, 0x3F800000);", "addcmul_tile_init();"),
    "gelu_exact": ("gelu_tile<false>(0);", "gelu_tile_init<false>();"),
    "bitwise_and": ("bitwise_and_binary_tile<DataFormat::Int32>(0, 1, 0);", "binary_bitwise_tile_init();"),
    "abs_int32": ("abs_tile_int32(0);", "abs_tile_init();"),
    "leaky_relu": ("leaky_relu_tile(0, 0x3DCCCCCD);", "leaky_relu_tile_init();"),
    "heaviside": ("heaviside_tile(0, 0x3F000000);", "heaviside_tile_init();"),
    "softplus": ("softplus_tile(0, 0x3F800000, 0x3F800000, 0x41A00000);", "softplus_tile_init();"),
}  # fmt: skip
"""Call and initialisation of functions that are not `<function>_tile(0)`."""

SFPU_CHANGED = {
    ("WH", "tanh", 16): "PR 52732 computes two rows at once: counted 16, then 24 cycles a row",
    ("WH", "exp", 32): "PR 45642 replaces the algorithm: 40 instructions a row instead of 73; counted 40",
    ("BH", "exp", 32): "as on Wormhole; counted 39",
    ("WH", "softshrink", 16): "same source, other compiler: counted 10 instructions a row, then 19",
    ("WH", "relu_max", 16): "same source, other compiler: counted 10 instructions a row, then 14",
    (
        "WH",
        "sub_scalar_int32",
        16,
    ): "a scalar that the instruction holds; counted so 142, with any scalar 178",
    ("BH", "sub_scalar_int32", 16): "likewise 139, with any scalar 175",
    ("BH", "signbit", 16): "measured without SFPLOADMACRO: 5.6 cycles a row; counted 1.4 instructions",
    ("BH", "fill_int", 16): "3.7 cycles a row for two instructions in a loop; counted two, replayed",
    (
        "BH",
        "exp_approx",
        16,
    ): "32 rows in one call; the API makes four calls of eight: 96 of 107 cycles are the rows",
}
"""Published cycles of code that generation 0.81.1 does not have any more, or that the API does not run."""


def sfpu() -> Rows:
    """Functions of the vector unit; their cycles are counted in compiled code (`bench/sfpu_instructions.py`)."""
    for chip, name, bits, cycles, _, _ in SILICON["sfpu_functions"]["rows"]:
        if (chip, name, bits) in SFPU_CHANGED:
            continue
        call, init = SFPU_CALLS.get(name, (f"{name}_tile(0);", f"{name}_tile_init();"))
        yield Row(
            f"{chip} {name}{' fp32' if bits == 32 else ''}", cycles,
            lambda chip=chip, call=call, init=init, bits=bits: programs.function_cycles(
                CHIPS[chip], call, init, fp32_dest_acc=bits == 32
            ),
            fitted=(chip, name) in (("BH", "abs"), ("BH", "identity")),
        )  # fmt: skip
