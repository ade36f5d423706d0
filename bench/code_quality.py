# SPDX-License-Identifier: Apache-2.0
"""Compile time of the language kernels, and the quality of the code that is made: calls in the emitted C++, and cycles.

    python bench/code_quality.py

Compile times are CPU milliseconds from the kernel scope to C++ with verification at stage boundaries, cold cache, median of
nine. Prints Markdown.
"""

import os
import re
import sys
import time
from pathlib import Path

os.environ["TTLANG_DISABLE_CACHE"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import ml_dtypes
import numpy as np
from bench.language_kernels import KERNELS
from tests.end_to_end.kernels import elementwise_kernel, matmul_kernel

import ttlang as ttl

BF16 = ml_dtypes.bfloat16
COUNTED = (
    "tile_regs_acquire",
    "tile_regs_release",
    "cb_reserve_back",
    "noc_async_read_barrier",
    "noc_async_write_barrier",
)


def compile_times():
    print("| kernel | passes and verification (CPU ms) | call to C++ and stage texts (CPU ms) |")
    print("|---|---|---|")
    medians = []
    for name, make in KERNELS.items():
        kernel, arguments, _ = make()
        whole, passes = [], []
        for _ in range(10):
            start = time.process_time()
            compiled = kernel.compile(*arguments)
            whole.append(time.process_time() - start)
            passes.append(sum(compiled.pass_seconds.values()))
        medians.append((median(passes[1:]), median(whole[1:])))
        print(f"| {name} | {medians[-1][0] * 1e3:.0f} | {medians[-1][1] * 1e3:.0f} |")
    pipeline, call = (median(column) for column in zip(*medians, strict=True))
    print(f"| **median** | **{pipeline * 1e3:.0f}** (to reach: 40) | **{call * 1e3:.0f}** |")


def median(values):
    return sorted(values)[len(values) // 2]


def inner_inits(source):
    """Init calls inside loops of a compute kernel."""
    return sum(1 for line in source.splitlines() if line.startswith("        ") and "_init" in line)


def quality():
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal((512, 512), np.float32).astype(BF16) for _ in range(2))
    block = (4, 4)
    cases = {
        "a * b + a": elementwise_kernel(lambda x, y: x * y + x, block),
        "relu(a)": elementwise_kernel(lambda x, y: ttl.math.relu(x), block),
        "exp(a)": elementwise_kernel(lambda x, y: ttl.math.exp(x), block),
        "exp(a + b)": elementwise_kernel(lambda x, y: ttl.math.exp(x + y), block),
        "a @ b, blocks of 4x4x4": matmul_kernel((4, 4, 4)),
        "a @ b, blocks of 2x4x2": matmul_kernel((2, 4, 2)),
    }
    print(
        "\n| 512x512 bf16, one core, 16-tile blocks | "
        + " | ".join(COUNTED)
        + " | inits in loops | buffers | cycles |"
    )
    print("|---|" + "---|" * (len(COUNTED) + 3))
    for name, kernel in cases.items():
        out = np.zeros((512, 512), np.float32 if "@" in name else BF16)
        compiled = kernel.compile(a, b, out)
        text = "".join(compiled.kernels.values())
        counts = [len(re.findall(rf"\b{call}\(", text)) for call in COUNTED]
        report = compiled.run(a, b, out)
        row = [
            *counts,
            inner_inits(compiled.kernels["compute" if "compute" in compiled.kernels else "multiply"]),
        ]
        print(
            f"| {name} | "
            + " | ".join(map(str, row))
            + f" | {len(compiled.image.buffers)} | {report.cycles:,} |"
        )


if __name__ == "__main__":
    compile_times()
    quality()
