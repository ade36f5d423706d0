# SPDX-License-Identifier: Apache-2.0
"""Programs of kernels with named arguments, beside those of corpus_variants.py: reductions, softmax, layer norm, embedding."""

import numpy as np
from corpus_variants import (
    ACCUMULATED,
    ALL,
    APPROXIMATE,
    EXACT,
    MOREH,
    UNARY,
    bits,
    cbs,
    kernel,
    named,
    reader,
    soft,
    tensor,
    writer,
)

SUM_W = f"{MOREH}/moreh_sum/device/moreh_sum_w_impl_kernels"
SUM_H = f"{MOREH}/moreh_sum/device/moreh_sum_h_impl_kernels"
SUM_NC = f"{MOREH}/moreh_sum/device/moreh_sum_nc_impl_kernels"
MEAN = f"{MOREH}/moreh_mean/device/kernels"
SOFTMAX = f"{MOREH}/moreh_softmax/device/kernels"
REDUCTION = {"REDUCE_OP": "PoolType::SUM", "ENABLE_FP32_DEST_ACC": "0", "DST_SYNC_FULL": "0"}


def reduction_w(folder, name, shape, scaler):
    """moreh_sum_w and moreh_mean_w: whole tiles."""
    height, width = shape[0] // 32, shape[1] // 32
    defines = REDUCTION | {"REDUCE_DIM": "ReduceDim::REDUCE_ROW"}
    buffers = {"input": 0, "scaler": 2, "mask_w": 3, "accum_dst": 24, "masked_input": 25, "out": 16}
    read = {"num_tiles": height * width, "start_id": 0, "mask_w": 32, "scaler": bits(scaler) >> 16}
    compute = {"units_per_core": height, "Wt": width, "NC": 1, "origin_W": shape[1]}
    return {
        "tensors": {"in0": tensor(*shape), "out": tensor(shape[0], 32)},
        "buffers": cbs(cb0=2, cb2=1, cb3=1, cb16=2, cb24=1, cb25=1),
        "kernels": [
            named(
                f"{folder}/reader_moreh_{name}_w.cpp",
                "reader",
                read,
                buffers,
                {"src": "in0"},
                defines=defines,
            ),
            named(f"{folder}/moreh_{name}_w.cpp", "compute", compute, buffers, defines=defines),
            writer(16, height),
        ],
    }


def sum_h(shape):
    height, width = shape[0] // 32, shape[1] // 32
    defines = REDUCTION | {"REDUCE_DIM": "ReduceDim::REDUCE_COL", "REDUCE_SCALER": "1"}
    buffers = {"input": 0, "scaler": 2, "mask_h": 3, "accum_dst": 24, "masked_input": 25, "out": 16}
    read = {
        "col_start_tile_id": 0, "curr_col_in_batch": 0, "num_cols": width, "mask_h": 32, "Ht": height, "Wt": width,
        "HtWt": height * width, "scaler": bits(1.0),
    }  # fmt: skip
    compute = {"Ht": height, "units_per_core": width, "NC": 1, "origin_H": shape[0]}
    return {
        "tensors": {"in0": tensor(*shape), "out": tensor(32, shape[1])},
        "buffers": cbs(cb0=2, cb2=1, cb3=1, cb16=2, cb24=1, cb25=1),
        "kernels": [
            named(
                f"{SUM_H}/reader_moreh_sum_h.cpp", "reader", read, buffers, {"src": "in0"}, defines=defines
            ),
            named(f"{SUM_H}/moreh_sum_h.cpp", "compute", compute, buffers, defines=defines),
            named(
                f"{SUM_H}/writer_moreh_sum_h.cpp",
                "writer",
                {"num_tiles": width, "start_id": 0},
                {"out": 16},
                {"dst": "out"},
            ),
        ],
    }


def sum_nc(batch, rows, columns):
    """Over the outermost of three dimensions."""
    tiles = rows * columns // 1024
    buffers = {"input": 0, "zero": 1, "out": 16}
    read = {
        "num_input_tiles": batch, "num_output_tiles": tiles, "start_id": 0, "dim": 0, "reduce_tile_size": batch * tiles,
        "inner_tile_size": tiles,
    }  # fmt: skip
    return {
        "tensors": {"in0": tensor(batch, rows, columns), "out": tensor(rows, columns)},
        "buffers": cbs(cb0=2, cb1=1, cb16=2),
        "kernels": [
            named(
                f"{SUM_NC}/reader_moreh_sum_nc.cpp",
                "reader",
                read,
                buffers,
                {"input": "in0"},
                defines={"USE_FPU": "1"},
            ),
            named(
                f"{SUM_NC}/moreh_sum_nc.cpp",
                "compute",
                {"num_output_tiles": tiles, "num_input_tiles": batch},
                buffers,
            ),
            named(
                f"{SUM_NC}/writer_moreh_sum_nc.cpp",
                "writer",
                {"num_tiles": tiles, "start_id": 0},
                {"out": 16},
                {"output": "out"},
            ),
        ],
    }


def softmax_h(shape):
    height, width = shape[0] // 32, shape[1] // 32
    defines = {"SOFTMAX": "1", "ENABLE_FP32_DEST_ACC": "0", "DST_SYNC_FULL": "0"}
    place = {"num_rows": width, "tile_offset": 0, "Ht": height, "Wt": width}
    compute = {
        "in0": 0, "mask": 1, "max_scaler": 2, "sum_scaler": 3, "out0": 16, "exps": 24, "recip_sum_exps": 25, "max": 26, "x_minus_max": 27,
        "tmp": 28,
    }  # fmt: skip
    return {
        "tensors": {"in0": tensor(*shape), "out": tensor(*shape)},
        "buffers": cbs(
            cb0=height,
            cb1=1,
            cb2=1,
            cb3=1,
            cb16=height,
            cb24=height,
            cb25=1,
            cb26=1,
            cb27=height,
            cb28=1,
        ),
        "kernels": [
            named(
                f"{SOFTMAX}/reader_moreh_softmax_h.cpp",
                "reader",
                place | {"mask_h": 32, "is_fp32": 0},
                {"in": 0, "mask": 1, "max_scaler": 2, "sum_scaler": 3},
                {"src": "in0"},
                defines=defines,
            ),
            named(
                f"{SOFTMAX}/moreh_softmax_h.cpp",
                "compute",
                {"N": width, "Ht": height},
                compute,
                defines=defines,
            ),
            named(f"{SOFTMAX}/writer_moreh_softmax_h.cpp", "writer", place, {"out": 16}, {"dst": "out"}),
        ],
    }


def layernorm(shape):
    """(x - mean) / sqrt(variance + eps), without gamma and beta."""
    height, width = shape[0] // 32, shape[1] // 32
    folder = "operations/normalization/layernorm/device/kernels"
    buffers = {
        "in": 0, "scaler": 2, "eps": 3, "out": 16, "xmm": 24, "ex": 18, "ex2": 19, "xmm2": 20, "ex2pe": 21, "fusion": 22,
    }  # fmt: skip
    fixed = {
        "Wt": width,
        "block_size": width,
        "do_gamma": 0,
        "do_beta": 0,
        "fp32_dest_acc_en": 0,
        "float32_reduction": 0,
        "W": shape[1],
        "tile_width": 32,
    }
    defines = {"ENABLE_FP32_DEST_ACC": "0", "DST_SYNC_FULL": "0"}
    read = {
        "NCHt": height,
        "Wt": width,
        "reader_start": 0,
        "eps": bits(1e-5),
        "block_size": width,
        "W": shape[1],
    }
    return {
        "tensors": {"in0": tensor(*shape), "out": tensor(*shape)},
        "buffers": cbs(
            cb0=2 * width,
            cb2=2,
            cb3=1,
            cb16=2 * width,
            cb18=1,
            cb19=1,
            cb20=width,
            cb21=1,
            cb22=width,
            cb24=width,
        ),
        "kernels": [
            named(
                f"{folder}/dataflow/reader_unary_interleaved_ln.cpp",
                "reader",
                read,
                {"in": 0, "scaler": 2, "eps": 3},
                {"src": "in0"},
                defines=defines,
            ),
            named(
                f"{folder}/compute/layernorm.cpp",
                "compute",
                {"NCHt": height, **fixed},
                buffers,
                defines=defines,
            ),
            named(
                f"{folder}/dataflow/writer_unary_interleaved_start_id_blocked.cpp",
                "writer",
                {"Wt": width, "num_tile_rows": height, "writer_start": 0, "block_size": width},
                {"out": 16},
                {"dst": "out"},
            ),
        ],
    }


def argmax_rows(rows, columns):
    """One kernel: the place of the largest element of each row."""
    return {
        "tensors": {
            "in0": tensor(rows, columns, layout="row_major"),
            "out": tensor(1, rows, kind="uint32", layout="row_major"),
        },
        "buffers": {"0": [1, 2 * columns, "bfloat16"], "1": [1, 4 * rows, "uint32"]},
        "kernels": [
            kernel(
                "operations/reduction/argmax/device/kernels/reader_argmax_interleaved.cpp",
                "reader",
                [0, 1, 2 * columns, 4 * rows, 1, rows, columns, 0, "TA(in0)", "TA(out)"],
                ["&in0", "&out"],
            )
        ],
    }


def transpose_sharded(rows, columns):
    """The shard of one core, transposed."""
    height, width = rows // 32, columns // 32
    tiles = height * width
    return {
        "tensors": {
            "in0": tensor(rows, columns, layout="tile height-sharded L1"),
            "out": tensor(columns, rows, layout="tile height-sharded L1"),
        },
        "buffers": {"0": {"shard": "in0", "page": 2048}, "16": {"shard": "out", "page": 2048}},
        "kernels": [
            kernel(
                "operations/eltwise/unary/device/kernels/dataflow/reader_unary_sharded.cpp",
                "reader",
                [0],
                [tiles],
            ),
            kernel(
                "operations/data_movement/transpose/device/kernels/compute/transpose_wh_sharded.cpp",
                "compute",
                [0, 16],
                [tiles, tiles, 1, height, width],
            ),
            kernel(
                "operations/data_movement/sharded/device/kernels/dataflow/writer_unary_sharded.cpp",
                "writer",
                [16],
                [tiles],
            ),
        ],
    }


def product(batch, rows, columns):
    """Over the outermost of three dimensions."""
    tiles = rows * columns // 1024
    read = {
        "num_input_tiles": batch, "num_output_tiles": tiles, "input_tile_offset": tiles, "start_id": 0, "HtWt": tiles, "CHtWt": tiles,
        "dim": 0,
    }  # fmt: skip
    folder = "operations/reduction/prod/device/kernels"
    buffers = {"in": 0, "in0": 0, "out": 3}
    return {
        "tensors": {"in0": tensor(batch, rows, columns), "out": tensor(rows, columns)},
        "buffers": cbs(cb0=2, cb3=2),
        "kernels": [
            named(f"{folder}/dataflow/reader_prod_nc.cpp", "reader", read, buffers, {"input": "in0"}),
            named(
                f"{folder}/compute/prod_nc.cpp",
                "compute",
                {"num_input_tiles": batch, "num_output_tiles": tiles},
                buffers,
            ),
            writer(3, tiles),
        ],
    }


def dot(length):
    """Of two vectors, each the first row of its tiles."""
    tiles = length // 32
    folder = f"{MOREH}/moreh_dot/device/kernels"
    defines = REDUCTION | {"REDUCE_DIM": "ReduceDim::REDUCE_ROW"}
    buffers = {"in0": 0, "in1": 1, "scaler": 2, "im0": 24, "im1": 25, "out": 16}
    return {
        "tensors": {"in0": tensor(1, length), "in1": tensor(1, length), "out": tensor(32, 32)},
        "buffers": cbs(cb0=2, cb1=2, cb2=1, cb16=1, cb24=1, cb25=1),
        "kernels": [
            named(
                f"{folder}/reader_moreh_dot.cpp",
                "reader",
                {"num_tiles": tiles, "start_id": 0, "mask_h": 1, "mask_w": 32},
                buffers,
                {"src0": "in0", "src1": "in1"},
                defines=defines,
            ),
            named(
                f"{folder}/moreh_dot.cpp",
                "compute",
                {"per_core_block_cnt": tiles},
                buffers,
                defines=defines,
            ),
            named(
                f"{folder}/writer_moreh_dot.cpp",
                "writer",
                {"num_tiles": 1, "start_id": 0},
                buffers,
                {"dst": "out"},
            ),
        ],
    }


def concat_tiles(first, second, columns):
    """Two matrices, one below the other."""
    tiles = [rows * columns // 1024 for rows in (first, second)]
    read = named(
        "operations/data_movement/concat/device/kernels/dataflow/reader_concat_interleaved_start_id.cpp",
        "reader",
        {"num_tiles": sum(tiles), "start_tensor": 0, "start_tensor_id": 0},
        {"in": 0},
        {"first": "in0", "second": "in1"},
        varargs=[*tiles, 0, 0],
    )
    read["named"]["groups"] = {"inputs": ["first", "second"]}
    return {
        "tensors": {
            "in0": tensor(first, columns),
            "in1": tensor(second, columns),
            "out": tensor(first + second, columns),
        },
        "buffers": cbs(cb0=2),
        "kernels": [read, writer(0, sum(tiles))],
    }


def embedding(ids, vocabulary, width):
    args = {
        "batch_offset": 0, "weights_offset": 0, "num_rows": ids, "index_idx": 0, "input_page_size": 4 * ids,
        "weight_stick_size": 2 * width, "rows_per_block": ids, "input_block_size_bytes": 4 * ids, "chunk_size": 2 * width,
        "num_chunks": 1, "last_chunk_size": 2 * width,
    }  # fmt: skip
    read = named(
        "operations/embedding/device/kernels/dataflow/embeddings.cpp",
        "reader",
        args,
        {"in0": 0},
        {"input": "in0", "weights": "in1"},
        common=["&L1scratch"],
    )
    read["named"]["scratch"] = {"in1": [2, 4 * ids]}
    return {
        "tensors": {
            "in0": tensor(1, ids, kind="uint32", layout="row_major") | {"range": [0, vocabulary]},
            "in1": tensor(vocabulary, width, layout="row_major"),
            "out": tensor(ids, width, layout="row_major"),
            "L1scratch": tensor(32, 32, layout="tile height-sharded L1"),
        },
        "buffers": {"0": [2, 2 * width, "bfloat16"]},
        "kernels": [
            read,
            kernel(
                "kernel/dataflow/writer_unary_stick_layout_interleaved_start_id.cpp",
                "writer",
                [0, 2 * width, "TA(out)"],
                ["&out", 2 * width, ids, 0],
            ),
        ],
    }


def unary_kernel(name, shape, args=None, **more):
    """One of the compute kernels of the unary folder that hold their whole function."""
    tiles = shape[0] * shape[1] // 1024
    buffers = {"in": 0, "out": 2, "tmp0": 1}
    compute = named(
        f"{UNARY}/compute/{name}.cpp", "compute", {"num_tiles": tiles, **(args or {})}, buffers, **more
    )
    return {
        "tensors": {"in0": tensor(*shape), "out": tensor(*shape)},
        "buffers": cbs(cb0=2, cb1=2, cb2=2),
        "kernels": [reader(tiles), compute, writer(2, tiles)],
    }


def permute_rows(shape, order):
    """Rows of a three-dimensional tensor in another order; the last dimension stays."""
    rows, stick = shape[0] * shape[1], 2 * shape[2]
    target = [shape[i] for i in order]
    args = {"N": 3, "page_size": stick, "num_rows": rows, "start_row": 0, "end_row": rows}
    folder = "operations/data_movement/permute/device/kernels/dataflow"
    varargs = [*shape, *order, target[1], 1, 0]
    return {
        "tensors": {
            "in0": tensor(*shape, layout="row_major"),
            "out": tensor(*target, layout="row_major"),
        },
        "buffers": {"0": [2, stick, "bfloat16"]},
        "kernels": [
            named(
                f"{folder}/reader_permute_interleaved_rm_row_invariant.cpp",
                "reader",
                args,
                {"cb_src": 0},
                {"input": "in0"},
            ),
            named(
                f"{folder}/writer_permute_interleaved_rm_row_invariant.cpp",
                "writer",
                args,
                {"cb_src": 0},
                {"output": "out"},
                varargs,
            ),
        ],
    }


def attention_softmax(shape):
    """The softmax of attention, without scale and mask."""
    height, width = shape[0] // 32, shape[1] // 32
    folder = "operations/normalization/softmax/device/kernels/attention"
    defines = {"ENABLE_FP32_DEST_ACC": "0", "DST_SYNC_FULL": "0", "EXP_APPROX": "0"}
    read = {
        "blk": 1, "num_rows": height, "tile_offset": 0, "Wt": width, "in0_t": 2 * width, "Ht": height, "start_ht": 0, "start_mask_id": 0,
        "num_tiles_causal_mask": 0, "mask_start_ht": 0, "mask_offset": 0, "pre_scale": bits(1.0),
    }  # fmt: skip
    compute = {
        "num_rows": height,
        "Ht": height,
        "Wt": width,
        "blk": 1,
        "start_ht": 0,
        "in0_t": 2 * width,
    }
    write = {
        "num_tiles": height * width, "tile_offset": 0, "blk": 1, "Wt": width, "num_datum_padded": 0, "tile_hw": 1024,
        "mask_padded_data": 0,
    }  # fmt: skip
    buffers = {
        "in0": 0, "max_scaler": 1, "sum_scaler": 2, "fused_scale": 3, "fused_attn": 4, "mask_padded": 5, "exps": 24, "recip_sum_exps": 25,
        "max": 26, "x": 27, "scale_mask": 28, "out0": 16,
    }  # fmt: skip
    return {
        "tensors": {"in0": tensor(*shape), "out": tensor(*shape)},
        "buffers": cbs(
            cb0=2 * width, cb1=1, cb2=1, cb5=1, cb16=2 * width, cb24=width, cb25=1, cb26=1, cb27=width
        ),
        "kernels": [
            named(
                f"{folder}/dataflow/reader_unary_interleaved_sm.cpp",
                "reader",
                read,
                buffers,
                {"src": "in0"},
                defines=defines,
            ),
            named(f"{folder}/compute/softmax.cpp", "compute", compute, buffers, defines=defines),
            named(
                f"{folder}/dataflow/writer_unary_interleaved_start_id_blocked_sm.cpp",
                "writer",
                write,
                buffers,
                {"dst": "out"},
                defines=defines,
            ),
        ],
    }


def normalised(a):
    return (a - a.mean(1, keepdims=True)) / np.sqrt(a.var(1, keepdims=True) + 1e-5)


NAMED = {
    "moreh_sum_w": (
        lambda: reduction_w(SUM_W, "sum", (64, 128), 1.0),
        lambda a: a.sum(1),
        np.s_[:, 0],
        ACCUMULATED,
    ),
    "moreh_mean_w": (
        lambda: reduction_w(MEAN, "mean", (32, 64), 1 / 64),
        lambda a: a.mean(1),
        np.s_[:, 0],
        APPROXIMATE,
    ),
    "moreh_sum_h": (lambda: sum_h((96, 64)), lambda a: a.sum(0), np.s_[0, :], ACCUMULATED),
    "moreh_sum_nc": (lambda: sum_nc(3, 64, 32), lambda a: a.sum(0), ALL, ACCUMULATED),
    "moreh_softmax_h": (lambda: softmax_h((64, 96)), lambda a: soft(a.T).T, ALL, APPROXIMATE),
    "layernorm": (lambda: layernorm((64, 128)), normalised, ALL, APPROXIMATE),
    "argmax_rows": (lambda: argmax_rows(16, 64), lambda a: a.argmax(1)[None], ALL, EXACT),
    "hardswish": (
        lambda: unary_kernel("hardswish_kernel", (64, 64), {"is_float32": 0, "is_int": 0}),
        lambda a: a * np.clip(a / 6 + 0.5, 0, 1),
        ALL,
        APPROXIMATE,
    ),
    "logsigmoid": (
        lambda: unary_kernel("logsigmoid_kernel", (32, 96)),
        lambda a: -np.log1p(np.exp(-a)),
        ALL,
        APPROXIMATE,
    ),
    "identity": (lambda: unary_kernel("eltwise_identity_kernel", (64, 32)), lambda a: a, ALL, EXACT),
    "permute_rows": (
        lambda: permute_rows((3, 5, 64), (1, 0, 2)),
        lambda a: a.transpose(1, 0, 2).reshape(15, 64),
        ALL,
        EXACT,
    ),
    "attention_softmax": (lambda: attention_softmax((64, 96)), soft, ALL, APPROXIMATE),
    "prod_nc": (lambda: product(4, 32, 64), lambda a: a.prod(0), ALL, APPROXIMATE),
    "moreh_dot": (lambda: dot(128), lambda a, b: (a * b).sum(), np.s_[0, 0], APPROXIMATE),
    "concat_tiles": (
        lambda: concat_tiles(32, 64, 96),
        lambda a, b: np.concatenate([a, b]),
        ALL,
        EXACT,
    ),
    "embedding": (
        lambda: embedding(32, 50, 64),
        lambda ids, table: table[ids[0].astype(int)],
        ALL,
        EXACT,
    ),
    "transpose_sharded": (lambda: transpose_sharded(64, 96), np.transpose, ALL, EXACT),
}
