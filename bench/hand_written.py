# SPDX-License-Identifier: Apache-2.0
"""Predicted cycles of kernels that the compiler made, beside hand-written ones on the same problem and the same core.

    JUDGES=FOLDER python bench/hand_written.py

FOLDER is what `tests/conformance/setup.sh` made; the hand-written kernels are read from the ttnn package in it. Both run on one
simulated core with the sanitizer on, and both results are compared with NumPy. Prints Markdown: cycles, and where the math
processor and the reader spent them.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import ml_dtypes
import numpy as np
from tests.end_to_end.kernels import elementwise_kernel
from tests.simulator.corpus import PROGRAMS, CorpusRun, package

import ttlang as ttl
from ttlang.simulator import Device

BF16 = ml_dtypes.bfloat16
ROWS, COLUMNS = 8, 16
READERS = "operations/eltwise/{}/device/kernels/dataflow/"
UNARY_READER = READERS.format("unary") + "reader_unary_interleaved_start_id.cpp"
WRITER = READERS.format("unary") + "writer_unary_interleaved_start_id.cpp"
BINARY_READER = READERS.format("binary") + "reader_binary_interleaved_start_id.cpp"
MATMUL = "operations/matmul/device/kernels/"


def tensor(rows, columns):
    return {"shape": [32 * rows, 32 * columns], "type": "bfloat16", "layout": "tile"}


def kernel(file, kind, compile_time, runtime, **more):
    return {
        "file": file,
        "kind": kind,
        "cores": [0, 0, 0, 0],
        "compile_time_args": compile_time,
        "runtime_args": runtime,
        **more,
    }


def unary(include, chain):
    tiles = ROWS * COLUMNS
    shapes = {"in0": tensor(ROWS, COLUMNS), "out": tensor(ROWS, COLUMNS)}
    return {
        "tensors": shapes,
        "buffers": {"0": [2, 2048, "bfloat16"], "2": [2, 2048, "bfloat16"]},
        "kernels": [
            kernel(UNARY_READER, "reader", ["TA(in0)"], ["&in0", tiles, 0]),
            kernel(
                "operations/eltwise/unary/device/kernels/compute/eltwise_sfpu.cpp", "compute", [], [tiles],
                defines={include: "1", "SFPU_OP_CHAIN_0": chain},
            ),
            kernel(WRITER, "writer", [2, "TA(out)"], ["&out", tiles, 0]),
        ],
    }  # fmt: skip


def binary(block):
    tiles = ROWS * COLUMNS
    shapes = {name: tensor(ROWS, COLUMNS) for name in ("in0", "in1", "out")}
    return {
        "tensors": shapes,
        "buffers": {name: [2 * block, 2048, "bfloat16"] for name in "012"},
        "kernels": [
            kernel(BINARY_READER, "reader", [0, "TA(in0)", "TA(in1)"], ["&in0", "&in1", tiles, 0, 0, 0, 0]),
            kernel(
                "operations/eltwise/binary/device/kernels/compute/eltwise_binary_kernel.cpp", "compute", [],
                [tiles // block, block],
                defines={"ELTWISE_OP": "add_tiles", "ELTWISE_OP_TYPE": "EltwiseBinaryType::ELWADD"},
            ),
            kernel(WRITER, "writer", [2, "TA(out)"], ["&out", tiles, 0]),
        ],
    }  # fmt: skip


def matmul_by_tiles(m, k, n):
    names = {"cb_in0": 0, "cb_in1": 1, "cb_out": 16}
    reader = ["&in0", "&in1", m, k, n, m * k, k * n, 1, 1, 0, m * n, m * n]
    return {
        "tensors": {"in0": tensor(m, k), "in1": tensor(k, n), "out": tensor(m, n)},
        "buffers": {name: [2, 2048, "bfloat16"] for name in ("0", "1", "16")},
        "kernels": [
            kernel(
                MATMUL + "dataflow/reader_bmm_8bank_output_tiles_partitioned.cpp", "reader",
                [0, 0, "TA(in0)", "TA(in1)"], reader, named_compile_time_args=names,
            ),
            kernel(MATMUL + "compute/bmm.cpp", "compute", [1, 1, k, m * n], [], named_compile_time_args=names),
            kernel(WRITER, "writer", [16, "TA(out)"], ["&out", m * n, 0]),
        ],
    }  # fmt: skip


def matmul_by_blocks(m, k, n, width, high):
    """The whole m x n block of the result on the core, K in steps of `width`, sub-blocks of `high` x n tiles."""
    names = {"cb_in0": 0, "cb_in1": 1, "cb_out": 16, "cb_intermed0": 24}
    steps, parts, inner = k // width, m // high, high * n
    reader = [
        "&in0", 0, 1, k, width, width, m, width * m, "&in1", 0, 1, n, width * n, n, width, width * n, steps,
        m * k, k * n, 1, 1,
    ]  # fmt: skip
    compute = [width, parts, width * m, width * high, 1, width * n, n, steps, high, n, inner, 1]
    writer = ["&out", 0, 1, n, n, high * n, n, high, inner, 1, parts, m * n, 1]
    buffers = {"0": 2 * m * width, "1": 2 * n * width, "16": m * n, "24": m * n}
    return {
        "tensors": {"in0": tensor(m, k), "in1": tensor(k, n), "out": tensor(m, n)},
        "buffers": {index: [pages, 2048, "bfloat16"] for index, pages in buffers.items()},
        "kernels": [
            kernel(
                MATMUL + "dataflow/reader_bmm_tile_layout.cpp", "reader", ["TA(in0)", "TA(in1)"], reader,
                named_compile_time_args=names,
            ),
            kernel(
                MATMUL + "compute/bmm_large_block_zm.cpp", "compute", compute, [], named_compile_time_args=names
            ),
            kernel(
                MATMUL + "dataflow/writer_bmm_tile_layout.cpp", "writer", ["TA(out)"], writer,
                named_compile_time_args=names,
            ),
        ],
    }  # fmt: skip


def unary_kernel(function, block):
    @ttl.kernel(grid=(1, 1))
    def unary(a, out):
        rows, columns = a.tile_shape
        a_cb = ttl.make_circular_buffer_like(a, shape=(1, block))
        out_cb = ttl.make_circular_buffer_like(out, shape=(1, block))

        @ttl.compute()
        def compute():
            for _ in range(rows * (columns // block)):
                with a_cb.wait() as x, out_cb.reserve() as y:
                    y.store(function(x))

        @ttl.datamovement()
        def read():
            for row in range(rows):
                for column in range(0, columns, block):
                    with a_cb.reserve() as x:
                        ttl.copy(a[row, column : column + block], x).wait()

        @ttl.datamovement()
        def write():
            for row in range(rows):
                for column in range(0, columns, block):
                    with out_cb.wait() as y:
                        ttl.copy(y, out[row, column : column + block]).wait()

    return unary


def matmul_kernel(bm, bk, bn):
    @ttl.kernel(grid=(1, 1))
    def matmul(a, b, out):
        m_blocks, k_blocks, n_blocks = a.tile_shape[0] // bm, a.tile_shape[1] // bk, b.tile_shape[1] // bn
        a_cb = ttl.make_circular_buffer_like(a, shape=(bm, bk))
        b_cb = ttl.make_circular_buffer_like(b, shape=(bk, bn))
        out_cb = ttl.make_circular_buffer_like(out, shape=(bm, bn), buffer_factor=1)

        @ttl.compute()
        def multiply():
            for _ in range(m_blocks * n_blocks):
                with out_cb.reserve() as c:
                    for _ in range(k_blocks):
                        with a_cb.wait() as x, b_cb.wait() as y:
                            c += x @ y

        @ttl.datamovement()
        def read():
            for m in range(m_blocks):
                for n in range(n_blocks):
                    for k in range(k_blocks):
                        with a_cb.reserve() as x, b_cb.reserve() as y:
                            ttl.copy(a[m * bm : (m + 1) * bm, k * bk : (k + 1) * bk], x)
                            ttl.copy(b[k * bk : (k + 1) * bk, n * bn : (n + 1) * bn], y)

        @ttl.datamovement()
        def write():
            for m in range(m_blocks):
                for n in range(n_blocks):
                    with out_cb.wait() as c:
                        ttl.copy(c, out[m * bm : (m + 1) * bm, n * bn : (n + 1) * bn]).wait()

    return matmul


def relu(a):
    return np.maximum(a, 0)


CASES = [
    (
        f"relu, {ROWS * COLUMNS} tiles, a tile a block",
        unary("SFPU_OP_RELU_FAMILY_INCLUDE", "relu_tile_init(); relu_tile(0);"),
        unary_kernel(ttl.math.relu, 1),
        relu,
    ),
    (
        f"exp, {ROWS * COLUMNS} tiles, a tile a block",
        unary("SFPU_OP_EXP_INCLUDE", "exp_tile_init(); exp_tile(0);"),
        unary_kernel(ttl.math.exp, 1),
        np.exp,
    ),
    (
        f"add, {ROWS * COLUMNS} tiles, a tile a block",
        binary(1),
        elementwise_kernel(lambda x, y: x + y),
        np.add,
    ),
    (
        f"add, {ROWS * COLUMNS} tiles, 4 tiles a block",
        binary(4),
        elementwise_kernel(lambda x, y: x + y, block=(1, 4)),
        np.add,
    ),
    ("matmul 4x16x4 tiles, tile by tile", matmul_by_tiles(4, 16, 4), matmul_kernel(1, 1, 1), np.matmul),
    (
        "matmul 4x16x4 tiles, blocks of 4x4x4, sub-blocks of 8",
        matmul_by_blocks(4, 16, 4, 4, 2),
        matmul_kernel(4, 4, 4),
        np.matmul,
    ),
    (
        "matmul 4x16x4 tiles, blocks of 4x2x4, sub-blocks of 8",
        matmul_by_blocks(4, 16, 4, 2, 2),
        matmul_kernel(4, 2, 4),
        np.matmul,
    ),
]


def relative_l2(actual, expected):
    return float(np.linalg.norm(actual - expected) / np.linalg.norm(expected))


def shares(result):
    """Where math and reader spent the run: work, and the longest waits."""
    texts = []
    for role in ("math", "unpack", "data movement 1"):
        thread = next(t for t in result.threads if t.thread == role)
        waits = sorted(thread.waits.items(), key=lambda item: -item[1])[:1]
        parts = [f"busy {thread.busy / result.cycles:.0%}"]
        parts += [f"{reason} {cycles / result.cycles:.0%}" for reason, cycles in waits]
        texts.append(f"{role.replace('data movement 1', 'reader')}: {', '.join(parts)}")
    return "; ".join(texts)


def compare(device, name, row, ours, reference):
    PROGRAMS[name] = row
    run = CorpusRun(device, name)
    try:
        out, theirs = run.run()
        arrays = list(run.inputs.values())
    finally:
        run.close()
    expected = reference(*(array.astype(np.float32) for array in arrays))
    result = np.zeros(expected.shape, BF16)
    report = ours(*arrays, result)
    errors = [relative_l2(got.astype(np.float32), expected) for got in (out, result)]
    assert max(errors) < 0.02, f"{name}: relative L2 errors {errors}"
    print(
        f"| {name} | {theirs.cycles:,} | {report.cycles:,} | {report.cycles / theirs.cycles:.2f} |"
        f" {shares(theirs)} | {shares(report.result)} |"
    )


def main():
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    if package() is None:
        print("JUDGES names no folder with the ttnn package", file=sys.stderr)
        return 2
    print(
        "| problem | hand-written | compiled | ratio | hand-written: time goes to | compiled: time goes to |"
    )
    print("|---|---|---|---|---|---|")
    with Device() as device:
        for case in CASES:
            compare(device, *case)
    return 0


if __name__ == "__main__":
    sys.exit(main())
