# SPDX-License-Identifier: Apache-2.0
"""The figures of docs/performance.md: compile times, start-up, and the simulator beside `tt-lang-sim`.

    python bench/compare.py [--peer PYTHON_ENVIRONMENT] [--quick | --only ROW]

`--peer` is a virtual environment with `tt-lang-sim==1.1.6` and torch; without it only our side is measured. Medians of CPU
seconds after a warm-up, one thread each side, both sides in one run. Prints Markdown.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parent / "examples"
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
SIMULATIONS = (
    # kind, size, block, grid, speed to reach as a ratio: without time, with time
    ("add", 2048, 1, (1, 1), None, 2.0),
    ("add", 2048, 4, (1, 1), None, 1.0),
    ("add", 2048, 1, (8, 8), 4.0, None),
    ("add", 2048, 4, (8, 8), 2.0, 1.5),
    ("matmul", 1024, 1, (1, 1), 8.0, 4.0),
    ("matmul", 1024, 4, (1, 1), None, None),
    ("matmul", 2048, 4, (8, 8), 1.2, 1.0),
)


def run(command, **environment):
    """Standard output of a command, one thread; its error output goes to ours when it fails."""
    result = subprocess.run(
        [str(part) for part in command],
        env={**os.environ, **ONE_THREAD, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{result.stderr}{result.stdout}")
    return result.stdout


def median(values):
    return sorted(values)[len(values) // 2]


CHILD = """
import json, sys, time
sys.path.insert(0, {examples!r})
import ml_dtypes, numpy as np
import eltwise_add, matmul
from ttlang.runtime import cache, driver
zeros = lambda size, dtype=ml_dtypes.bfloat16: np.zeros((size, size), dtype)
jobs = {{
    "eltwise_add": (eltwise_add.eltwise_add, (zeros(2048), zeros(2048), zeros(2048))),
    "matmul": (matmul.make_matmul((4, 4)), (zeros(512), zeros(512), zeros(512, np.float32))),
}}
def timed(kernel, arguments):
    start = time.process_time()
    kernel.compile(*arguments)
    return time.process_time() - start
"""
COLD = (
    CHILD
    + """
import os, shutil
result = {{}}
for name, job in jobs.items():
    times = []
    for _ in range(9):
        driver.forget()
        shutil.rmtree(cache.entry_path("x").parents[1], ignore_errors=True)
        times.append(timed(*job))
    result[name] = sorted(times[1:])[4]
    result[name + ", same process"] = sorted(timed(*job) for _ in range(9))[4]
print(json.dumps(result))
"""
)
FROM_DISK = (
    CHILD
    + """
print(json.dumps({{name: timed(*job) for name, job in jobs.items()}}))
"""
)


def compile_times():
    """CPU milliseconds from call to C++: cold, cached in the process, cached on disk in a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        values = {"examples": str(EXAMPLES)}
        cold = json.loads(run([sys.executable, "-c", COLD.format(**values)], TTLANG_CACHE_DIR=folder))
        runs = [
            json.loads(run([sys.executable, "-c", FROM_DISK.format(**values)], TTLANG_CACHE_DIR=folder))
            for _ in range(5)
        ]
    disk = {name: median([r[name] for r in runs]) for name in runs[0]}
    return cold, disk


def wall(command, repeats=5, **environment):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run(command, **environment)
        times.append(time.perf_counter() - start)
    return median(times)


def start_up():
    """Import, host compile of one program, cold process to result, build of the engine."""
    bare = wall([sys.executable, "-c", "pass"], 9)
    imported = wall([sys.executable, "-c", "import ttlang"], 9) - bare
    host = json.loads(
        run([sys.executable, "-c", HOST_COMPILE.format(examples=str(EXAMPLES))], TTLANG_DISABLE_CACHE="1")
    )
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        run([sys.executable, EXAMPLES / "eltwise_add.py", "256"], TTLANG_CACHE_DIR=folder)
        first = time.perf_counter() - start
        processes = []
        for _ in range(3):
            for name in ("kernels", "programs"):  # compiled kernels go, the engine stays
                shutil.rmtree(Path(folder) / name, ignore_errors=True)
            start = time.perf_counter()
            run([sys.executable, EXAMPLES / "eltwise_add.py", "256"], TTLANG_CACHE_DIR=folder)
            processes.append(time.perf_counter() - start)
    process = median(processes)
    return imported, host["compile"], process, first - process


HOST_COMPILE = """
import json, random, sys, tempfile
from dataclasses import replace
sys.path.insert(0, {examples!r})
import ml_dtypes, numpy as np
import eltwise_add
from ttlang.runtime.compiled import CompiledKernel
a, b, c = (np.zeros((256, 256), ml_dtypes.bfloat16) for _ in range(3))
compiled = eltwise_add.eltwise_add.compile(a, b, c)
compiled.run(a, b, c)
times = []
for _ in range(5):  # another text each time, so that nothing is found in a cache
    salt = f"\\n// {{random.getrandbits(64)}}\\n"
    kernels = tuple(replace(k, source=k.source + salt) for k in compiled.image.kernels)
    run = CompiledKernel(replace(compiled.image, kernels=kernels), None, {{}}).run(a, b, c)
    times.append(run.host_seconds["compile"])
print(json.dumps({{"compile": sorted(times)[2]}}))
"""


def simulations(peer, quick, only):
    """Seconds of ours without and with time, and of the peer, a row of SIMULATIONS."""
    programs = HERE / "programs.py"
    for row in SIMULATIONS[: 2 if quick else None]:
        kind, size, block, grid = row[:4]
        if only and only != f"{kind}-{size}-{block}-{grid[0]}x{grid[1]}":
            continue
        arguments = [kind, size, block, *grid]

        def ours(who, arguments=arguments):
            return json.loads(run([sys.executable, programs, who, *arguments]).splitlines()[-1])["seconds"]

        theirs = None
        if peer is not None:
            output = run([Path(peer) / "bin" / "tt-lang-sim", programs, "--", "peer", *arguments])
            theirs = json.loads(output.splitlines()[-1])["seconds"]
        yield row, (ours("functional"), ours("ours")), theirs


def print_simulations(peer, quick, only):
    print(
        "| simulation, one thread | block | cores | tt-lang-sim | without time | ratio | to reach | with time | ratio | to reach |"
    )
    print(f"|{'---|' * 10}", flush=True)
    for (kind, size, block, grid, *targets), ours, theirs in simulations(peer, quick, only):
        cells = [
            f"{kind} {size}{'²' if kind == 'add' else '³'} bf16",
            f"{block}x{block}",
            f"{grid[0]}x{grid[1]}",
        ]
        cells.append("-" if theirs is None else f"{theirs * 1e3:.0f} ms")
        for seconds, target in zip(ours, targets, strict=True):
            cells += [f"{seconds * 1e3:.0f} ms", "-" if theirs is None else f"{theirs / seconds:.1f}x"]
            cells.append("" if target is None else f"{target:g}x")
        print(f"| {' | '.join(cells)} |", flush=True)


def machine():
    model = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", help="virtual environment with tt-lang-sim")
    parser.add_argument("--quick", action="store_true", help="two simulations only")
    parser.add_argument(
        "--only", metavar="ROW", help="one simulation, as in add-2048-4-8x8, and nothing else"
    )
    options = parser.parse_args()
    if options.only:
        return print_simulations(options.peer, False, options.only)

    print(
        f"Measured on {machine()}, {time.strftime('%Y-%m-%d')}, with `{' '.join(['python', *sys.argv])}`.\n"
    )
    cold, disk = compile_times()
    imported, host, process, engine = start_up()
    print("| compiler and start-up | measured | to reach |")
    print("|---|---|---|")
    print(f"| compile, cold cache: eltwise_add / matmul (CPU) | {cold['eltwise_add'] * 1e3:.0f} / "
          f"{cold['matmul'] * 1e3:.0f} ms | 80 ms |")  # fmt: skip
    same = max(v for k, v in cold.items() if k.endswith("same process"))
    print(f"| compile, cached in the process (CPU, larger of the two) | {same * 1e3:.1f} ms | 5 ms |")
    print(f"| compile, cached on disk (CPU, larger of the two) | {max(disk.values()) * 1e3:.1f} ms | 20 ms |")
    print(f"| `import ttlang` (wall, beyond bare Python) | {imported * 1e3:.0f} ms | 250 ms |")
    print(f"| host compile of one program (wall) | {host * 1e3:.0f} ms | 200 ms |")
    print(f"| cold process to result, eltwise_add 256x256 (wall, engine built) | {process:.2f} s | 1.5 s |")
    print(f"| build of the engine on first use (wall) | {engine:.0f} s | 60 s |")
    print()
    print_simulations(options.peer, options.quick, None)


if __name__ == "__main__":
    main()
