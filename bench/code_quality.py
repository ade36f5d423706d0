# SPDX-License-Identifier: Apache-2.0
"""Compile time of the language kernels and of the largest examples, and the quality of the code: calls in the C++, cycles.

    python bench/code_quality.py

Compile times are CPU milliseconds from the kernel scope to C++ with verification at stage boundaries, cold cache, median of
nine; the collector of garbage runs between. Prints Markdown.
"""

import argparse
import gc
import importlib.util
import os
import re
import sys
import tempfile
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


LARGEST = (
    ("flash_attention",),
    ("flash_attention", "--causal"),
    ("gelu_mlp",),
    ("stencil",),
    ("reduction_tree",),
    ("all_to_all",),
)
"""The examples that compile longest, with their options."""
EMISSION = ("convert-ttkernel-to-emitc", "convert-arith-scf-to-emitc", "print-cpp")


def first_call(script, *options):
    """The kernel that an example calls first, and its arguments; nothing runs."""

    class Called(Exception):
        pass

    def note(kernel, *arguments, **_):
        raise Called(kernel, arguments)

    path = Path(__file__).resolve().parents[1] / "examples" / f"{script}.py"
    spec = importlib.util.spec_from_file_location(script, path)
    module = sys.modules[script] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    call, ttl.Kernel.__call__ = ttl.Kernel.__call__, note
    try:
        module.main(list(options))
    except Called as called:
        return called.args
    finally:
        ttl.Kernel.__call__ = call
    raise AssertionError(f"{script} calls no kernel")


def largest_examples():
    print(
        "\n| example | call to C++ and stage texts (CPU ms) | to EmitC and C++ (CPU ms) | save | load | lines of C++ |"
    )
    print("|---|---|---|---|---|---|")
    for example in LARGEST:
        kernel, arguments = first_call(*example)
        times = {"whole": [], "emission": [], "save": [], "load": []}

        def timed(name, work, times=times):
            start = time.process_time()
            result = work()
            times[name].append(time.process_time() - start)
            return result

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "program.ttm"
            for _ in range(10):
                gc.collect()
                compiled = timed("whole", lambda: kernel.compile(*arguments))
                times["emission"].append(sum(compiled.pass_seconds.get(name, 0) for name in EMISSION))
                timed("save", lambda: compiled.save(path))
                timed("load", lambda: ttl.load(path))
        figures = [median(column[1:]) * 1e3 for column in times.values()]
        lines = sum(source.count("\n") for source in compiled.kernels.values())
        print(
            f"| {' '.join(example)} | {figures[0]:.0f} | {figures[1]:.1f} | "
            f"{figures[2]:.1f} | {figures[3]:.1f} | {lines:,} |"
        )


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
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    compile_times()
    largest_examples()
    quality()
