# SPDX-License-Identifier: Apache-2.0
"""More complete programs of real kernels: other shapes, element types, operations and cores than those of corpus_programs.json.

Each entry of VARIANTS is a row in the form of that file with the expected result as a function of the inputs, the part of
the output that it is compared with, and the largest relative L2 distance.
"""

import re
import struct

import numpy as np
from corpus import package

CORE = [0, 0, 0, 0]
SIZES = {"bfloat16": 2048, "float32": 4096, "int32": 4096, "uint32": 4096}
EXACT, ROUNDED, ACCUMULATED, APPROXIMATE = 0.0, 5e-3, 1.2e-2, 3e-2
ALL = np.s_[:]
EMPTY_CHAINS = {f"PROCESS_{side}_ACTIVATIONS(i)": "" for side in ("LHS", "RHS", "POST")}
NOT_SHARDED = {"SRC_SHARDED": "0", "SRC_SHARDED_B": "0", "DST_SHARDED": "0"}
UNARY = "operations/eltwise/unary/device/kernels"
NG = "operations/eltwise/binary_ng/device"
MOREH = "operations/moreh"


def bits(value):
    """The pattern of a number as fp32."""
    return struct.unpack("<I", struct.pack("<f", value))[0]


def tensor(*shape, kind="bfloat16", layout="tile"):
    return {"shape": list(shape), "type": kind, "layout": layout}


def cbs(kind="bfloat16", **pages):
    """Circular buffers by number (`cb0=2`), of one kind of tiles."""
    return {name.removeprefix("cb"): [count, SIZES[kind], kind] for name, count in pages.items()}


def kernel(file, kind, compile_time=(), runtime=(), cores=CORE, **more):
    row = {"file": file, "kind": kind, "cores": cores, "compile_time_args": list(compile_time)}
    return row | {"runtime_args": runtime if isinstance(runtime, dict) else list(runtime)} | more


def named(file, kind, args, buffers, tensors=(), varargs=(), common=(), cores=CORE, **more):
    """A kernel with named arguments: those that it reads into constants are compile-time arguments. `tensors`: name -> tensor."""
    tensors = dict(tensors)
    folder = package()
    text = (folder / "ttnn" / "cpp" / "ttnn" / file).read_text(encoding="utf-8") if folder else ""
    fixed = {name for name in args if re.search(rf"constexpr[^;]*\bargs::{name}\b", text)}
    row = {"file": file, "kind": kind, "cores": cores}
    row["compile_time_args"] = [f"TA({value})" for value in tensors.values()]
    row["common"] = [*(f"&{value}" for value in tensors.values()), *common]
    row["named"] = {
        "runtime": {name: value for name, value in args.items() if name not in fixed},
        "compile_time": {name: args[name] for name in fixed},
        "varargs": list(varargs),
        "buffers": buffers,
        "tensors": list(tensors),
    }
    return row | more


def reader(tiles, first=0, source="in0"):
    return kernel(
        f"{UNARY}/dataflow/reader_unary_interleaved_start_id.cpp",
        "reader",
        [f"TA({source})"],
        [f"&{source}", tiles, first],
    )


def writer(cb, tiles, cores=CORE, by_core=None):
    words = by_core or ["&out", tiles, 0]
    return kernel(
        f"{UNARY}/dataflow/writer_unary_interleaved_start_id.cpp", "writer", [cb, "TA(out)"], words, cores
    )


def unary(chain, shape, kind="bfloat16"):
    tiles = shape[0] * shape[1] // 1024
    compute = kernel(
        f"{UNARY}/compute/eltwise_sfpu.cpp",
        "compute",
        [],
        [tiles],
        defines={"SFPU_OP_CHAIN_0": chain},
        fp32_dest_acc=kind == "float32",
    )
    return {
        "tensors": {"in0": tensor(*shape, kind=kind), "out": tensor(*shape, kind=kind)},
        "buffers": cbs(kind, cb0=2, cb2=2),
        "kernels": [reader(tiles), compute, writer(2, tiles)],
    }


def unary_on_cores(chain, rows, columns):
    """Tiles divided among a row of cores."""
    each = rows * columns // 1024 // 4
    cores = [0, 0, 3, 0]
    words = {f"{x},0": ["&in0", each, x * each] for x in range(4)}
    return {
        "tensors": {"in0": tensor(rows, columns), "out": tensor(rows, columns)},
        "buffers": cbs(cb0=2, cb2=2),
        "kernels": [
            kernel(
                f"{UNARY}/dataflow/reader_unary_interleaved_start_id.cpp",
                "reader",
                ["TA(in0)"],
                words,
                cores,
            ),
            kernel(
                f"{UNARY}/compute/eltwise_sfpu.cpp",
                "compute",
                [],
                [each],
                cores,
                defines={"SFPU_OP_CHAIN_0": chain},
            ),
            writer(2, each, cores, {f"{x},0": ["&out", each, x * each] for x in range(4)}),
        ],
    }


COLUMN_OF_B = {
    "SRC_BCAST": "0",
    "SRC_BCAST_B": "1",
    "BCAST_INPUT": "1",
    "BCAST_LLK": "0",
    "FILL_TILE_WITH_FIRST_COLUMN": "fill_tile_with_first_column_bfloat16",
    "FILL_TILE_WITH_FIRST_COLUMN_B": "fill_tile_with_first_column_bfloat16",
}


def binary_ng(
    compute,
    defines,
    shape,
    kind="bfloat16",
    other=None,
    reader_name="no_bcast",
    strides=None,
    frequency=1,
):
    """The 5-D binary kernels on a matrix; `strides` are the tile strides of the second operand, and its tiles."""
    height, width = shape[0] // 32, shape[1] // 32
    tiles = height * width
    second = strides or [tiles, tiles, tiles, tiles, tiles]
    flags = NOT_SHARDED | EMPTY_CHAINS | defines
    words = [
        "&in0",
        0,
        tiles,
        tiles,
        0,
        tiles,
        tiles,
        tiles,
        tiles,
        1,
        1,
        1,
        height,
        width,
        1,
        "&in1",
        *second,
    ]
    return {
        "tensors": {
            "in0": tensor(*shape, kind=kind),
            "in1": tensor(*(other or shape), kind=kind),
            "out": tensor(*shape, kind=kind),
        },
        "buffers": cbs(kind, cb0=2, cb1=2, cb2=2, cb5=2, cb6=2),
        "kernels": [
            kernel(
                f"{NG}/kernels_ng/dataflow/reader_interleaved_{reader_name}.cpp",
                "reader",
                ["TA(in0)", "TA(in1)", 0],
                [*words, width, width],
                defines=flags,
            ),
            kernel(
                compute,
                "compute",
                [1],
                [tiles, frequency, 0, 0],
                defines=flags,
                fp32_dest_acc=kind == "float32",
            ),
            kernel(
                f"{NG}/kernels_ng/dataflow/writer_interleaved_no_bcast.cpp",
                "writer",
                ["TA(out)", 0],
                ["&out", 0, tiles, 0, 1, 1, 1, height, width, 1],
                defines=flags,
            ),
        ],
    }


def fpu(word):
    return {"BINARY_OP": f"{word}_tiles", "BINARY_OP_TYPE": f"EltwiseBinaryType::ELW{word.upper()}"}


def bcast(side, word, shape, small):
    """bcast_h, bcast_w, bcast_hw of the data movement folder."""
    height, width = shape[0] // 32, shape[1] // 32
    tiles = height * width
    names = {"h": "Row", "w": "Col", "hw": "Scalar"}
    defines = {
        "CHAIN_BCAST_OP": f"compute_kernel_lib::BinaryFpuOp::{word}",
        "CHAIN_BCAST_DIM": f"compute_kernel_lib::BroadcastDim::{names[side]}",
    }
    folder = "operations/data_movement/bcast/device/kernels"
    words = ["&in0", 0, 0, tiles, "&in1", 0, 0, 1, tiles, 1, height, width, 1]
    return {
        "tensors": {"in0": tensor(*shape), "in1": tensor(*small), "out": tensor(*shape)},
        "buffers": cbs(cb0=2, cb1=2, cb16=2),
        "kernels": [
            kernel(
                f"{folder}/dataflow/reader_bcast_{side}_interleaved.cpp",
                "reader",
                ["TA(in0)", "TA(in1)"],
                words,
                defines=defines | ({"BCAST_SCALAR": "1"} if side == "hw" else {}),
            ),
            _bcast_compute(side, folder, height, width, defines),
            writer(16, tiles),
        ],
    }


def _bcast_compute(side, folder, height, width, defines):
    file = f"{folder}/compute/bcast_{side}.cpp"
    if side == "hw":
        return kernel(file, "compute", [], [1, height, width], defines=defines | {"BCAST_SCALAR": "1"})
    buffers = {"in0": 0, "in1": 1, "out": 16}
    return named(file, "compute", {"B": 1, "Ht": height, "Wt": width}, buffers, defines=defines)


def matmul(rows, inner, columns, kind="bfloat16"):
    m, k, n = rows // 32, inner // 32, columns // 32
    names = {"named_compile_time_args": {"cb_in0": 0, "cb_in1": 1, "cb_out": 16}}
    folder = "operations/matmul/device/kernels"
    return {
        "tensors": {
            "in0": tensor(rows, inner, kind=kind),
            "in1": tensor(inner, columns, kind=kind),
            "out": tensor(rows, columns, kind=kind),
        },
        "buffers": cbs(kind, cb0=2, cb1=2, cb16=2),
        "kernels": [
            kernel(
                f"{folder}/dataflow/reader_bmm_8bank_output_tiles_partitioned.cpp",
                "reader",
                [0, 0, "TA(in0)", "TA(in1)"],
                ["&in0", "&in1", m, k, n, m * k, k * n, 1, 1, 0, m * n, m * n],
                **names,
            ),
            kernel(
                f"{folder}/compute/bmm.cpp",
                "compute",
                [1, 1, k, m * n],
                fp32_dest_acc=kind == "float32",
                **names,
            ),
            writer(16, m * n),
        ],
    }


def reduce(pool, dim, shape, scaler=1.0, kind="bfloat16"):
    height, width = shape[0] // 32, shape[1] // 32
    defines = {
        "REDUCE_OP": f"ckernel::PoolType::{pool}",
        "REDUCE_DIM": f"ckernel::ReduceDim::REDUCE_{dim}",
        "ENABLE_FP32_DEST_ACC": str(int(kind == "float32")),
        "DST_SYNC_FULL": "0",
    }
    buffers, source = {"in0": 0, "scaler": 2}, {"src": "in0"}
    folder = "operations/reduction/generic/device/kernels"
    if dim == "COL":
        args = {
            "col_start_tile_id": 0, "curr_col_in_batch": 0, "num_cols": width, "Ht": height, "Wt": width, "HtWt": height * width,
            "scaler_bits": bits(scaler), "use_welford": 0, "enable_fp32_sfpu": 0, "tiles_per_batch": 1, "num_h_slices": 1,
            "slice_Ht": height,
        }  # fmt: skip
        name, out = "reader_unary_transpose_wh_universal_input_cols_partitioned", (32, shape[1])
    else:
        args = {
            "num_tiles": height * width,
            "start_id": 0,
            "scaler_bits": bits(scaler),
            "tiles_per_batch": 1,
        }
        name, out = "reader_unary_reduce_universal_start_id", (shape[0] if dim == "ROW" else 32, 32)
    tiles = out[0] * out[1] // 1024
    compute = {"Ht": height, "Wt": width, "NC": 1, "enable_fp32_sfpu": 0, "post_mul_scaler_bits": 0}
    wide = kind == "float32"
    return {
        "tensors": {"in0": tensor(*shape, kind=kind), "out": tensor(*out, kind=kind)},
        "buffers": cbs(kind, cb0=16, cb3=16) | cbs("float32" if wide else "bfloat16", cb2=1),
        "kernels": [
            named(f"{folder}/dataflow/{name}.cpp", "reader", args, buffers, source, defines=defines),
            named(
                f"{folder}/compute/reduce.cpp",
                "compute",
                compute,
                buffers | {"out": 3},
                defines=defines,
                fp32_dest_acc=wide,
            ),
            writer(3, tiles),
        ],
    }


def transpose(rows, columns, kind="bfloat16"):
    height, width = rows // 32, columns // 32
    tiles = height * width
    folder = "operations/data_movement/transpose/device/kernels"
    return {
        "tensors": {"in0": tensor(rows, columns, kind=kind), "out": tensor(columns, rows, kind=kind)},
        "buffers": cbs(kind, cb0=2, cb16=2),
        "kernels": [
            kernel(
                f"{folder}/dataflow/reader_unary_transpose_wh_interleaved.cpp",
                "reader",
                ["TA(in0)"],
                ["&in0", 1, height, width, tiles],
            ),
            kernel(
                f"{folder}/compute/transpose_wh.cpp",
                "compute",
                [],
                [tiles],
                fp32_dest_acc=kind == "float32",
            ),
            writer(16, tiles),
        ],
    }


def ternary(call, shape):
    tiles = shape[0] * shape[1] // 1024
    folder = "operations/eltwise/ternary/device/kernels"
    defines = {
        "TERNARY_SFPU_OP_INIT": f"{call}_init",
        "TERNARY_SFPU_OP_FUNC": f"{call}<DataFormat::Float16_b>",
        "SRC_SHARDED_A": "0",
        "SRC_SHARDED_B": "0",
        "SRC_SHARDED_C": "0",
        "DST_SHARDED": "0",
    }
    height, width = shape[0] // 32, shape[1] // 32
    return {
        "tensors": {name: tensor(*shape) for name in ("in0", "in1", "in2", "out")},
        "buffers": cbs(cb0=2, cb1=2, cb2=2, cb3=2),
        "kernels": [
            kernel(
                f"{folder}/dataflow/ternary_reader_nobcast_ttt.cpp",
                "reader",
                [0, 1, 2, "TA(in0)", "TA(in1)", "TA(in2)", 0],
                ["&in0", "&in1", "&in2", tiles, 0, *([0] * 24)],
                defines=defines,
            ),
            kernel(
                f"{folder}/compute/ternary_sfpu_no_bcast_ttt.cpp", "compute", [1], [tiles], defines=defines
            ),
            kernel(
                f"{folder}/dataflow/ternary_writer_nobcast.cpp",
                "writer",
                [3, "TA(out)", 0],
                ["&out", tiles, 0, 0, 1, 1, 1, height, width, 1],
                defines=defines,
            ),
        ],
    }


def tilize(rows, columns, kind="bfloat16"):
    width, size = columns // 32, SIZES[kind] // 1024
    args = {
        "tile_height": 32, "num_sticks": rows, "num_tiles_per_block": width, "block_width_size": columns * size,
        "num_full_blocks_in_row": 1, "start_stick_id": 0,
    }  # fmt: skip
    folder = "operations/data_movement/tilize/device/kernels"
    return {
        "tensors": {
            "in0": tensor(rows, columns, kind=kind, layout="row_major"),
            "out": tensor(rows, columns, kind=kind),
        },
        "buffers": cbs(kind, cb0=width, cb16=width),
        "kernels": [
            named(
                f"{folder}/dataflow/reader_unary_stick_layout_split_rows_singlecore.cpp",
                "reader",
                args,
                {"in": 0},
                {"src": "in0"},
            ),
            kernel(
                f"{folder}/compute/tilize.cpp",
                "compute",
                [0, 16, rows // 32, width],
                fp32_dest_acc=kind == "float32",
            ),
            writer(16, rows // 32 * width),
        ],
    }


def softmax(shape, defines=None):
    """moreh_softmax along the row, several rows of tiles."""
    height, width = shape[0] // 32, shape[1] // 32
    folder = f"{MOREH}/moreh_softmax/device/kernels"
    defines = {"SOFTMAX": "1", "ENABLE_FP32_DEST_ACC": "0", "DST_SYNC_FULL": "0"} | (defines or {})
    return {
        "tensors": {"in0": tensor(*shape), "out": tensor(*shape)},
        "buffers": cbs(
            cb0=2 * width,
            cb1=1,
            cb2=1,
            cb3=1,
            cb16=2 * width,
            cb24=width,
            cb25=1,
            cb26=1,
            cb27=width,
            cb28=1,
        ),
        "kernels": [
            named(
                f"{folder}/reader_moreh_softmax_w.cpp",
                "reader",
                {"num_rows": height, "tile_offset": 0, "Wt": width, "mask_w": 32, "is_fp32": 0},
                {"in": 0, "mask": 1, "max_scaler": 2, "sum_scaler": 3},
                {"src": "in0"},
                defines=defines,
            ),
            named(
                f"{folder}/moreh_softmax_w.cpp",
                "compute",
                {"N": height, "Wt": width},
                {
                    "in0": 0, "mask": 1, "max_scaler": 2, "sum_scaler": 3, "out0": 16, "exps": 24, "recip_sum_exps": 25, "max": 26,
                    "x_minus_max": 27, "tmp": 28,
                },
                defines=defines,
            ),
            named(
                f"{folder}/writer_moreh_softmax_w.cpp",
                "writer",
                {"num_rows": height, "tile_offset": 0, "Wt": width},
                {"out": 16},
                {"dst": "out"},
            ),
        ],
    }  # fmt: skip


def soft(a):
    e = np.exp(a - a.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


VARIANTS = {
    "unary_exp": (lambda: unary("exp_tile_init(); exp_tile(0);", (96, 160)), np.exp, ALL, ROUNDED),
    "unary_sigmoid_f32": (
        lambda: unary("sigmoid_tile_init(); sigmoid_tile(0);", (32, 64), "float32"),
        sigmoid,
        ALL,
        1e-3,
    ),
    "unary_relu": (
        lambda: unary("relu_tile_init(); relu_tile(0);", (128, 32)),
        lambda a: np.maximum(a, 0),
        ALL,
        EXACT,
    ),
    "unary_square_then_sqrt": (
        lambda: unary("square_tile_init(); square_tile(0); sqrt_tile_init(); sqrt_tile(0);", (64, 64)),
        np.abs,
        ALL,
        ROUNDED,
    ),
    "unary_gelu": (
        lambda: unary("gelu_tile_init<false>(); gelu_tile<0u>(0);", (64, 64)),
        lambda a: 0.5 * a * (1 + np.vectorize(__import__("math").erf)(a / np.sqrt(2))),
        ALL,
        APPROXIMATE,
    ),
    "unary_tanh_on_4_cores": (
        lambda: unary_on_cores("tanh_tile_init(); tanh_tile(0);", 128, 96),
        np.tanh,
        ALL,
        ROUNDED,
    ),
    "binary_ng_sub_f32": (
        lambda: binary_ng(
            f"{NG}/kernels/compute/eltwise_binary_no_bcast.cpp", fpu("sub"), (96, 64), "float32"
        ),
        np.subtract,
        ALL,
        2e-3,
    ),
    "binary_ng_add": (
        lambda: binary_ng(f"{NG}/kernels/compute/eltwise_binary_no_bcast.cpp", fpu("add"), (32, 256)),
        np.add,
        ALL,
        ROUNDED,
    ),
    "binary_ng_row_bcast_in_compute": (
        lambda: binary_ng(
            f"{NG}/kernels_ng/compute/eltwise_binary_row_bcast.cpp",
            fpu("mul") | {"SRC_BCAST": "0", "SRC_BCAST_B": "1", "BCAST_LLK": "1"},
            (64, 96),
            other=(1, 96),
            reader_name="row_bcast",
            strides=[0, 0, 0, 0, 3],
        ),
        lambda a, b: a * b[0:1],
        ALL,
        ROUNDED,
    ),
    "binary_ng_col_bcast": (
        lambda: binary_ng(
            f"{NG}/kernels/compute/eltwise_binary.cpp",
            fpu("add") | COLUMN_OF_B,
            (64, 96),
            other=(64, 1),
            reader_name="col_bcast",
            strides=[0, 0, 0, 0, 2],
            frequency=3,
        ),
        lambda a, b: a + b[:, 0:1],
        ALL,
        ROUNDED,
    ),
    "binary_ng_sfpu_max": (
        lambda: binary_ng(
            f"{NG}/kernels/compute/eltwise_binary_sfpu_no_bcast.cpp",
            {
                "BINARY_SFPU_INIT": "binary_max_tile_init();",
                "BINARY_SFPU_OP": "binary_max_tile",
            },
            (64, 64),
        ),
        np.maximum,
        ALL,
        EXACT,
    ),
    "bcast_h_mul": (
        lambda: bcast("h", "Mul", (96, 64), (32, 64)),
        lambda a, b: a * b[0:1],
        ALL,
        ROUNDED,
    ),
    "bcast_w_add": (
        lambda: bcast("w", "Add", (96, 64), (96, 32)),
        lambda a, b: a + b[:, 0:1],
        ALL,
        ROUNDED,
    ),
    "bcast_hw_sub": (
        lambda: bcast("hw", "Sub", (32, 128), (32, 32)),
        lambda a, b: a - b[0, 0],
        ALL,
        ROUNDED,
    ),
    "matmul_tall": (lambda: matmul(160, 64, 32), np.matmul, ALL, ACCUMULATED),
    "matmul_f32": (lambda: matmul(64, 160, 96, "float32"), np.matmul, ALL, 2e-3),
    "reduce_h_sum": (
        lambda: reduce("SUM", "COL", (96, 128)),
        lambda a: a.sum(0),
        np.s_[0, :],
        ACCUMULATED,
    ),
    "reduce_h_max": (lambda: reduce("MAX", "COL", (128, 64)), lambda a: a.max(0), np.s_[0, :], EXACT),
    "reduce_w_mean": (
        lambda: reduce("SUM", "ROW", (96, 160), 1 / 160),
        lambda a: a.mean(1),
        np.s_[:, 0],
        APPROXIMATE,
    ),
    "reduce_hw_max": (lambda: reduce("MAX", "SCALAR", (64, 64)), lambda a: a.max(), np.s_[0, 0], EXACT),
    "reduce_w_sum_f32": (
        lambda: reduce("SUM", "ROW", (64, 96), kind="float32"),
        lambda a: a.sum(1),
        np.s_[:, 0],
        2e-3,
    ),
    "transpose_wide": (lambda: transpose(32, 256), np.transpose, ALL, EXACT),
    "transpose_f32": (lambda: transpose(96, 64, "float32"), np.transpose, ALL, 1e-3),
    "where": (lambda: ternary("where_tile", (64, 96)), lambda a, b, c: np.where(a != 0, b, c), ALL, EXACT),
    "lerp": (lambda: ternary("lerp_tile", (96, 32)), lambda a, b, c: a + c * (b - a), ALL, ROUNDED),
    "tilize": (lambda: tilize(64, 128), lambda a: a, ALL, EXACT),
    "tilize_f32": (lambda: tilize(32, 64, "float32"), lambda a: a, ALL, 1e-3),
    "softmax_w": (lambda: softmax((96, 64)), soft, ALL, APPROXIMATE),
    "log_softmax_w": (
        lambda: softmax((32, 96), {"LOG": "1"}),
        lambda a: np.log(soft(a)),
        ALL,
        APPROXIMATE,
    ),
}
