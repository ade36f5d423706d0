# SPDX-License-Identifier: Apache-2.0
"""Published examples of sums, products and reductions of resident tiles: programs, and rows for `timing.py`.

With `data` a program runs under the sanitizer and returns its result beside the cycles.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack

import ml_dtypes
import numpy as np
import timing_kernels as text
import timing_programs as programs
from timing_programs import FORMATS
from timing_rows import CLOCK, SILICON, Row, Rows

from ttlang.simulator import Program

CORE = (0, 0, 0, 0)
DTYPES = {"Float16_b": ml_dtypes.bfloat16, "Float32": np.float32}
DIRECTIONS = ("row", "col", "scalar")
Array = np.ndarray
Outcome = tuple[int, Array | None]

# ---- kernels

PREPARE = text.dataflow(
    """    constexpr uint32_t scaler = get_compile_time_arg_val(0);
    constexpr bool zeros = get_compile_time_arg_val(1);
    for (uint32_t cb = 1; cb < 3; cb++) {
        if (cb == 1 ? !scaler : !zeros) continue;
        cb_reserve_back(cb, 1);
        auto words = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(get_write_ptr(cb));
        const uint32_t count = get_tile_size(cb) / 4, row = count / 64;
        for (uint32_t i = 0; i < count; i++) words[i] = 0;
        for (uint32_t face = 0; cb == 1 && face < count; face += 16 * row)
            for (uint32_t i = 0; i < row; i++) words[face + i] = scaler;
        cb_push_back(cb, 1);
    }
"""
)
"""A tile with the scaler in the first row of each face, one of zeros; each if wanted."""

FOLD = """            tile_regs_acquire();
            WAIT
            OPERATION
            POP
            tile_regs_commit();
            tile_regs_wait();
            cb_reserve_back(16, 1);
            pack_tile(0, 16);
            cb_push_back(16, 1);
            tile_regs_release();
"""


def fold(operation: str, operands: Sequence[int]) -> str:
    waits, pops = (
        " ".join(f"{call}({cb}, 1);" for cb in operands) for call in ("cb_wait_front", "cb_pop_front")
    )
    return FOLD.replace("OPERATION", operation).replace("WAIT", waits).replace("POP", pops)


METHODS = ("rmw", "pack_l1_acc", "dest_acc")
ACCUMULATE = text.compute(
    """    constexpr uint32_t blocks = get_compile_time_arg_val(0), method = get_compile_time_arg_val(1);
    constexpr uint32_t times = get_compile_time_arg_val(2), pairs = blocks / 2;
    compute_kernel_hw_startup(0, 16, 16);
    if (method) add_tiles_init(0, 0, method == 2);
    for (uint32_t time = 0; time < times; time++) {
        cb_reserve_back(0, blocks);
        cb_push_back(0, blocks);
        if (method == 0) {
            pack_reconfig_data_format(16);
            reconfig_data_format_srca(0);
            copy_tile_init(0);
SEED
            pack_reconfig_data_format(16);
            reconfig_data_format(16, 0);
            add_tiles_init(16, 0);
            for (uint32_t i = 1; i < blocks; i++) {
ADD
            }
        } else {
            cb_wait_front(0, blocks);
            if (method == 1) cb_reserve_back(16, 1);
            if (method == 2) tile_regs_acquire();
            for (uint32_t i = 0; i < pairs; i++) {
                if (method == 2) {
                    add_tiles(0, 0, i, i + pairs, 0);
                    continue;
                }
                if (i) pack_reconfig_l1_acc(1);
                tile_regs_acquire();
                add_tiles(0, 0, 2 * i, 2 * i + 1, 0);
                tile_regs_commit();
                tile_regs_wait();
                pack_tile<true>(0, 16, 0);
                tile_regs_release();
                if (i) pack_reconfig_l1_acc(0);
            }
            if (method == 2) {
                tile_regs_commit();
                tile_regs_wait();
                cb_reserve_back(16, 1);
                pack_tile(0, 16);
                tile_regs_release();
            }
            cb_push_back(16, 1);
            cb_pop_front(0, blocks);
        }
        if (time + 1 < times) {
            cb_wait_front(16, 1);
            cb_pop_front(16, 1);
        }
    }
""".replace("SEED\n", fold("copy_tile(0, 0, 0);", (0,))).replace(
        "ADD\n", fold("add_tiles(16, 0, 0, 0, 0);", (16, 0))
    )
)
"""The sum of `blocks` tiles: the running sum in L1 and added there by the FPU, added by the packer, or held in DST."""

SUBBLOCKS = text.compute(
    """    constexpr uint32_t mt = get_compile_time_arg_val(0), nt = get_compile_time_arg_val(1);
    constexpr uint32_t h = get_compile_time_arg_val(2), w = get_compile_time_arg_val(3), times = get_compile_time_arg_val(4);
    cb_reserve_back(0, mt);
    cb_push_back(0, mt);
    cb_reserve_back(1, nt);
    cb_push_back(1, nt);
    compute_kernel_hw_startup<SrcOrder::Reverse>(0, 1, 16);
    matmul_block_init(0, 1, 0, w, h, 1);
    for (uint32_t time = 0; time < times; time++) {
        matmul_block_init(0, 1, 0, w, h, 1);
        cb_wait_front(0, mt);
        cb_wait_front(1, nt);
        for (uint32_t row = 0; row < mt; row += h) {
            cb_reserve_back(16, h * nt);
            for (uint32_t column = 0; column < nt; column += w) {
                tile_regs_acquire();
                matmul_block(0, 1, row, column, 0, 0, w, h, 1);
                tile_regs_commit();
                tile_regs_wait();
                for (uint32_t r = 0; r < h; r++)
                    for (uint32_t c = 0; c < w; c++) pack_tile<true>(r * w + c, 16, r * nt + column + c);
                tile_regs_release();
            }
            cb_push_back(16, h * nt);
        }
        if (time + 1 < times) {
            cb_wait_front(16, mt * nt);
            cb_pop_front(16, mt * nt);
        }
    }
    cb_pop_front(0, mt);
    cb_pop_front(1, nt);
"""
)
"""A product with one tile along K, subblock by subblock, packed row by row."""

PARTS = (
    text.COMPUTE
    + """#include "api/compute/eltwise_binary.h"
#include "api/compute/eltwise_unary/binop_with_scalar.h"
#include "api/compute/reduce.h"
"""
    + text.PUBLISH_TILE
    + """inline void drain(uint32_t count) {
    cb_wait_front(16, count);
    cb_pop_front(16, count);
}
inline void add_pairs(uint32_t first, uint32_t count, uint32_t stride, bool seed) {
    uint32_t done = count & 1;
    if (done) {
        copy_tile_init(0);
        copy_tile(0, first, 0);
    } else if (seed) {
        add_tiles_init(0, 0, false);
        add_tiles(0, 0, first, first + stride, 0);
        done = 2;
    }
    add_tiles_init(0, 0, true);
    for (; done < count; done += 2) add_tiles(0, 0, first + done * stride, first + (done + 1) * stride, 0);
}
constexpr DataFormat held = FP32 ? DataFormat::Float32 : DataFormat::Float16_b;
inline void collapse(uint32_t direction, uint32_t scaler, bool init) {
    if (init) sfpu_reduce_init<PoolType::SUM, held>();
    if (direction != 1) sfpu_reduce<PoolType::SUM, held, ReduceDim::REDUCE_ROW>(0, 1, 1);
    if (direction) sfpu_reduce<PoolType::SUM, held, ReduceDim::REDUCE_COL>(0, 1, 1);
    if (init) binop_with_scalar_tile_init();
    mul_unary_tile(0, scaler);
}
"""
)
"""Steps that kernels share: `add_pairs` sums tiles of buffer 0 in DST, `collapse` reduces the sum with the vector unit."""

LIBRARY = """template <PoolType pool, ReduceDim direction>
void library_reduce(uint32_t from, uint32_t rows, uint32_t columns) {
    reconfig_data_format(from, 1);
    pack_reconfig_data_format(16);
    reduce_init<pool, direction>(from, 1, 16);
    cb_wait_front(1, 1);
    constexpr bool down = direction == ReduceDim::REDUCE_COL, all = direction == ReduceDim::REDUCE_SCALAR;
    const uint32_t at_once = down ? (columns < 4 ? columns : 4) : 1;
    const uint32_t each = down ? rows : all ? rows * columns : columns, outputs = down ? columns : all ? 1 : rows;
    for (uint32_t out = 0; out < outputs; out += at_once) {
        cb_wait_front(from, each * at_once);
        tile_regs_acquire();
        for (uint32_t i = 0; i < each; i++)
            for (uint32_t j = 0; j < at_once; j++) reduce_tile<pool, direction>(from, 1, i * at_once + j, 0, j);
        cb_reserve_back(16, at_once);
        tile_regs_commit();
        tile_regs_wait();
        for (uint32_t j = 0; j < at_once; j++) pack_tile(j, 16);
        tile_regs_release();
        cb_push_back(16, at_once);
        cb_pop_front(from, each * at_once);
    }
    reduce_uninit();
}
"""
"""The library's reduction by the matrix unit: all that it does for a block."""

ROW_METHODS = (
    "reduce_fold",
    "l1_accum",
    "dest_accum",
    "dest_accum_pairs",
    "dest_accum_sfpu",
    "dest_accum_pairs_sfpu",
)
ROW_MEAN = (
    PARTS
    + LIBRARY
    + """void kernel_main() {
    constexpr uint32_t tiles = get_compile_time_arg_val(0), method = get_compile_time_arg_val(1);
    constexpr uint32_t direction = get_compile_time_arg_val(2);
    constexpr uint32_t times = get_compile_time_arg_val(3), scaler = get_compile_time_arg_val(4);
    constexpr bool pairs = method == 3 || method == 5, vector = method >= 4;
    if (method == 0) {
        compute_kernel_hw_startup(0, 1, 16);
    } else {
        cb_reserve_back(0, tiles);
        cb_push_back(0, tiles);
        if (method > 1 && !pairs) cb_wait_front(2, 1);
    }
    for (uint32_t time = 0; time < times; time++) {
        if (method == 0) {
            cb_reserve_back(0, tiles);
            cb_push_back(0, tiles);
            library_reduce<PoolType::SUM, ReduceDim::REDUCE_ROW>(0, 1, tiles);
        } else if (method == 1) {
            binary_op_init_common(0, 0, 3);
            cb_wait_front(0, tiles);
            cb_reserve_back(3, 1);
            copy_tile_init(0);
            for (uint32_t i = 0; i < tiles; i++) {
                tile_regs_acquire();
                copy_tile(0, i, 0);
                tile_regs_commit();
                tile_regs_wait();
                if (i) pack_reconfig_l1_acc(1);
                pack_tile<true>(0, 3, 0);
                if (i) pack_reconfig_l1_acc(0);
                tile_regs_release();
            }
            cb_push_back(3, 1);
        } else {
            binary_op_init_common(0, pairs ? 0 : 2, vector ? 16 : 3);
            cb_wait_front(0, tiles);
            tile_regs_acquire();
            if (pairs) {
                add_pairs(0, tiles, 1, true);
            } else {
                add_tiles_init(0, 2, false);
                add_tiles(0, 2, 0, 0, 0);
                add_tiles_init(0, 2, true);
                for (uint32_t i = 1; i < tiles; i++) add_tiles(0, 2, i, 0, 0);
            }
            if (vector) collapse(direction, scaler, true);
            publish(vector ? 16 : 3);
        }
        if (method > 0 && !vector) library_reduce<PoolType::SUM, ReduceDim::REDUCE_ROW>(3, 1, 1);
        if (time + 1 < times) drain(1);
    }
    if (method) cb_pop_front(0, tiles);
}
"""
)
"""Means of a row of tiles: the sum by the reduction itself, by the packer in L1 or in DST; then reduced by the matrix or the
vector unit."""

BLOCK_VARIANTS = ("reduce_tile", "acc_via_add", "inline")
BLOCKS = (
    PARTS
    + LIBRARY
    + """template <uint32_t direction>
void matrix(uint32_t rows, uint32_t columns) {
    constexpr ReduceDim dims[] = {ReduceDim::REDUCE_ROW, ReduceDim::REDUCE_COL, ReduceDim::REDUCE_SCALAR};
    library_reduce<PoolType::AVG, dims[direction]>(0, rows, columns);
}
void kernel_main() {
    constexpr uint32_t rows = get_compile_time_arg_val(0), columns = get_compile_time_arg_val(1);
    constexpr uint32_t batches = get_compile_time_arg_val(2), direction = get_compile_time_arg_val(3);
    constexpr uint32_t variant = get_compile_time_arg_val(4), times = get_compile_time_arg_val(5);
    constexpr uint32_t scaler = get_compile_time_arg_val(6);
    constexpr uint32_t count = direction == 0 ? columns : direction == 1 ? rows : rows * columns;
    constexpr uint32_t stride = direction == 1 ? columns : 1, tiles = rows * columns * batches, outputs = tiles / count;
    if (variant == 2) {
        binary_op_init_common(0, 0, 16);
        sfpu_reduce_init<PoolType::SUM, held>();
        cb_reserve_back(0, tiles);
        cb_push_back(0, tiles);
    } else {
        compute_kernel_hw_startup(0, 1, 16);
    }
    for (uint32_t time = 0; time < times; time++) {
        if (variant != 2) {
            cb_reserve_back(0, tiles);
            cb_push_back(0, tiles);
        }
        if (variant == 0) {
            for (uint32_t batch = 0; batch < batches; batch++) matrix<direction>(rows, columns);
        } else {
            if (variant == 1) {
                reconfig_data_format(0, 0);
                pack_reconfig_data_format(16);
                sfpu_reduce_init<PoolType::SUM, held>();
            }
            cb_wait_front(0, tiles);
            for (uint32_t out = 0; out < outputs; out++) {
                const uint32_t first = direction == 1 ? out / columns * rows * columns + out % columns : out * count;
                tile_regs_acquire();
                add_pairs(first, count, stride, variant == 2);
                collapse(direction, scaler, false);
                publish(16);
            }
            if (variant == 1) cb_pop_front(0, tiles);
        }
        if (time + 1 < times) drain(outputs);
    }
    if (variant == 2) cb_pop_front(0, tiles);
}
"""
)
"""Blocks of tiles reduced along one direction: by the matrix unit, or sums in DST that the vector unit collapses (in a function
of the library, or with all that is set up once outside the loop)."""

# ---- programs


def bits(value: float) -> int:
    """The word of a single-precision number."""
    return int(np.float32(value).view(np.uint32))


def resident(
    chip: str,
    source: str,
    compile_time_args: Sequence[int],
    operands: Sequence[tuple[int, str, int]],
    result: tuple[str, int],
    *,
    scratch: Sequence[tuple[int, str]] = (),
    scaler: tuple[str, float] | None = None,
    zeros: bool = False,
    data: Sequence[Array] = (),
    **options: object,
) -> Outcome:
    """A compute kernel on tensors in one core's L1: `operands` (circular buffer, format, tiles) and a `result` (format, tiles) in
    buffer 16; `scratch` buffers hold a tile, `scaler` (format, value) and `zeros` tiles that a reader fills. Cycles, and the
    result's tiles side by side when `data` (one array an operand) is given; the sanitizer then watches."""
    opened, program, fp32 = programs.device(chip), Program(), bool(options.get("fp32_dest_acc"))
    program.add_kernel(
        source,
        "compute",
        CORE,
        compile_time_args=compile_time_args,
        defines={"FP32": str(int(fp32))},
        **options,
    )
    with ExitStack() as stack:
        placed = []
        for index, kind, pages in (*operands, (16, *result)):
            size = programs.BYTES[kind]
            placed.append(opened.allocate_sharded((1, pages), (1, pages), CORE, size))
            stack.callback(placed[-1].free)
            program.add_circular_buffer(
                index, CORE, data_format=kind, num_pages=pages, address=placed[-1].address
            )
        if scaler or zeros:
            word = 0
            if scaler:
                kind, value = scaler
                word = bits(value) if kind == "Float32" else (bits(value) >> 16) * 0x10001
                program.add_circular_buffer(1, CORE, data_format=kind, num_pages=1)
            if zeros:
                program.add_circular_buffer(2, CORE, data_format=operands[0][1], num_pages=1)
            program.add_kernel(PREPARE, "reader", CORE, compile_time_args=[word, int(zeros)])
        for index, kind in scratch:
            program.add_circular_buffer(index, CORE, data_format=kind, num_pages=1)
        for buffer, array in zip(placed, data, strict=False):
            buffer.write_tiles(array)
        cycles = opened.run(program, sanitize=bool(data)).cycles
        if not data:
            return cycles, None
        found = np.empty((32, 32 * result[1]), DTYPES[result[0]])
        placed[-1].read_tiles(found)
        return cycles, found.astype(np.float32)


def accumulate(method: str, blocks: int = 64, times: int = 100, data: Sequence[Array] = ()) -> Outcome:
    """The sum of `blocks` resident fp32 tiles, `times` over."""
    return resident(
        "blackhole", ACCUMULATE, [blocks, METHODS.index(method), times], [(0, "Float32", blocks)], ("Float32", 1), data=data,
        fp32_dest_acc=True,
    )  # fmt: skip


def subblocks(
    height: int, width: int, side: int = 16, times: int = 100, data: Sequence[Array] = ()
) -> Outcome:
    """A product of `side` by one by `side` bfloat16 tiles in subblocks of some shape, `times` over."""
    return resident(
        "blackhole", SUBBLOCKS, [side, side, height, width, times], [(0, "Float16_b", side), (1, "Float16_b", side)],
        ("Float16_b", side * side), data=data, math_fidelity="HiFi2",
    )  # fmt: skip


def row_mean(
    method: str,
    precision: str,
    tiles: int,
    direction: str = "row",
    times: int = 200,
    data: Sequence[Array] = (),
) -> Outcome:
    """Means of `tiles` tiles by a method, with formats `<input>-<accumulation>`."""
    number = ROW_METHODS.index(method)
    given, kept = (FORMATS[name] for name in precision.split("-"))
    mean = 1 / (tiles * (1024 if direction == "scalar" else 32))
    return resident(
        programs.WORMHOLE_THEN, ROW_MEAN, [tiles, number, DIRECTIONS.index(direction), times, bits(mean)],
        [(0, given, tiles)], ("Float32", 1), scratch=[(3, kept)] if 0 < number < 4 else (),
        scaler=(given if number == 0 else kept, mean) if number < 4 else None, zeros=number in (2, 4), data=data,
        fp32_dest_acc=kept == "Float32" or method == "l1_accum",
    )  # fmt: skip


def reduce_block(
    variant: str,
    direction: str,
    shape: Sequence[int],
    fidelity: str = "HiFi4",
    times: int = 200,
    data: Sequence[Array] = (),
    chip: str = "blackhole",
) -> Outcome:
    """Means along a direction of a block of rows, columns and batches of bfloat16 tiles, fp32 in DST and results."""
    rows, columns, batches = shape
    count = {"row": columns, "col": rows, "scalar": rows * columns}[direction]
    mean = 1 / (count * (1024 if direction == "scalar" else 32))
    by_matrix = variant == "reduce_tile"
    return resident(
        chip, BLOCKS,
        [*shape, DIRECTIONS.index(direction), BLOCK_VARIANTS.index(variant), times, bits(mean)],
        [(0, "Float16_b", rows * columns * batches)], ("Float32", rows * columns * batches // count),
        scaler=("Float16_b", mean if direction != "scalar" else mean**0.5) if by_matrix else None,
        scratch=() if by_matrix else [(1, "Float16_b")],
        data=data, math_fidelity=fidelity, fp32_dest_acc=True,
    )  # fmt: skip


# ---- rows


def eltwise_accumulate() -> Rows:
    for method, ns in SILICON["eltwise_l1_vs_dest_accumulate_BH"]["rows"]:
        yield Row(
            method,
            ns * CLOCK["BH"],
            lambda method=method: accumulate(method)[0],
            fitted=method == "pack_l1_acc",
        )


def output_subblocks() -> Rows:
    for height, width, ns in SILICON["matmul_output_subblock_BH"]["rows"]:
        yield Row(f"{height}x{width}", ns * CLOCK["BH"], lambda h=height, w=width: subblocks(h, w)[0])


def row_means() -> Rows:
    for precision, method, tiles, ns in SILICON["row_reduce_accumulate_WH"]["rows"]:
        yield Row(
            f"{precision} {method} {tiles} tiles", ns,
            lambda method=method, precision=precision, tiles=tiles: row_mean(method, precision, tiles)[0] / 200,
            fitted=method in ("l1_accum", "dest_accum") and precision.endswith("fp32"),
        )  # fmt: skip


def fast_reductions() -> Rows:
    for direction, tiles, ns in SILICON["reduce_accumulate_fast_WH"]["rows"]:
        yield Row(
            f"{direction} {tiles} tiles", ns,
            lambda direction=direction, tiles=tiles: row_mean("dest_accum_pairs_sfpu", "bf16-fp32", tiles, direction)[0] / 200,
        )  # fmt: skip


FITTED_REDUCTIONS = {
    "reduce_block_shapes_BH": ("reduce_tile row",),
    "reduce_block_fidelity_BH": ("acc_via_add row", "acc_via_add col 16", "acc_via_add col 32"),
    "reduce_block_reduced_BH": ("reduce_tile col",),
}
"""What the names begin with of rows that parameters were fitted to: sums of rows, FPU additions, reconfiguration."""


def reductions(table: str) -> Rows:
    for variant, direction, *shape, fidelity, ns in SILICON[table]["rows"]:
        name = f"{variant} {direction} {'x'.join(map(str, shape))} {fidelity}"
        times = 100 if table.startswith("reduce_block_fidelity") else 200
        chip = "blackhole" if table.startswith("reduce_block_shapes") else programs.BLACKHOLE_THEN
        yield Row(
            name, ns * CLOCK["BH"],
            lambda variant=variant, direction=direction, shape=shape, fidelity=fidelity: (
                reduce_block(variant, direction, shape, fidelity, times, chip=chip)[0] / times
            ),
            fitted=name.startswith(FITTED_REDUCTIONS[table]),
        )  # fmt: skip


VECTOR_MODES = {"rc": "RC", "r": "R", "c": "C", "face": "None"}


def scopes() -> Rows:
    """A function of the vector unit on some faces of a tile."""
    for name, ns in SILICON["sfpu_tile_scope_BH"]["rows"]:
        call = f"rsqrt_tile(0, VectorMode::{VECTOR_MODES[name]});"
        yield Row(
            f"rsqrt {name}", ns * CLOCK["BH"],
            lambda call=call: programs.function_cycles("blackhole", call, "rsqrt_tile_init();"),
        )  # fmt: skip


TABLES: dict[str, Callable[[], Rows]] = {
    "eltwise_l1_vs_dest_accumulate_BH": eltwise_accumulate,
    "matmul_output_subblock_BH": output_subblocks,
    "row_reduce_accumulate_WH": row_means,
    "reduce_accumulate_fast_WH": fast_reductions,
    "reduce_block_shapes_BH": lambda: reductions("reduce_block_shapes_BH"),
    "reduce_block_fidelity_BH": lambda: reductions("reduce_block_fidelity_BH"),
    "reduce_block_reduced_BH": lambda: reductions("reduce_block_reduced_BH"),
    "sfpu_tile_scope_BH": scopes,
}

NOT_RUN = {
    "sfpu_tile_scope r_iter2, face_iter1, c_skip, none": "raw calls of the vector unit",
    "sfpu_tile_scope recip": "legacy_compat, which 0.81.1 removed",
    "reduce_accumulate dispatch": "helper and fast programs, measured again",
}
