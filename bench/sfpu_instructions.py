# SPDX-License-Identifier: Apache-2.0
"""Cycles of the vector unit's functions, counted in the library compiled for the chips.

    JUDGES=DIR python bench/sfpu_instructions.py [--write] [FUNCTION ...]

Compiles a kernel for each function with the RISC-V compiler and the headers of generation 0.81 (`tests/conformance/README.md`
says where they come from), runs its code for the math processor instruction by instruction, and counts what reaches the vector
unit for one tile. `--write` writes `src/ttlang/hardware/sfpu_cycles.csv`;
`docs/timing-model.md` says what is counted and compares with silicon.
"""

import argparse
import csv
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from sfpu_kernels import Kernel, kernels  # noqa: E402
from trisc import INSTRUCTION_BUFFER, Image, Processor  # noqa: E402
from vector_unit import ReplayBuffer, cycles  # noqa: E402

TABLE = HERE.parent / "src/ttlang/hardware/sfpu_cycles.csv"
COLUMNS = ("function", "wormhole_b0", "wormhole_b0_32bit", "blackhole", "blackhole_32bit")
OPTIMISATION = (
    "-std=c++17 -O3 -ftt-nttp -ftt-constinit -ftt-consteval -ftt-no-dyninit -ffast-math -fno-finite-math-only -fsigned-zeros "
    "-fno-associative-math -fno-exceptions -fno-rtti -fno-use-cxa-atexit --param=min-pagesize=0 -w"
)
"""The flags that the library's own build gives this compiler, but for link-time optimisation: one file is compiled."""


@dataclass(frozen=True)
class Target:
    """A chip: names of its folders in the library, of its processors, and how its math processor issues.

    `fused`: Tensix instructions in a row that the processor issues in one cycle. Wormhole: 1, rolled loops cost their loop
    control (`trunc`, `frac`, `div` of PR 48925). Blackhole: 4, a rolled loop of three instructions takes 3.9 cycles (PR 54317).
    `interlocked`: the vector unit waits for late results.
    """

    name: str
    library: str
    kernels: str
    processor: str
    defines: tuple[str, ...]
    fused: int
    interlocked: bool


TARGETS = (
    Target("wormhole_b0", "wormhole", "wormhole_b0", "tt-wh-tensix", (
        "ARCH_WORMHOLE", "ROUTING_FW_ENABLED", "IS_NOT_POW2_NUM_DRAM_BANKS=1", "IS_NOT_POW2_NUM_L1_BANKS=1",
        "NUM_DRAM_BANKS=12", "NUM_L1_BANKS=72", "PCIE_NOC_X=0", "PCIE_NOC_Y=3",
    ), 1, False),
    Target("blackhole", "blackhole", "blackhole", "tt-bh-tensix", (
        "ARCH_BLACKHOLE", "IS_NOT_POW2_NUM_L1_BANKS=1", "LOG_BASE_2_OF_NUM_DRAM_BANKS=3", "NUM_DRAM_BANKS=8",
        "NUM_L1_BANKS=130", "PCIE_NOC_X=19", "PCIE_NOC_Y=24",
    ), 4, True),
)  # fmt: skip


class MissingCompiler(Exception):
    """The compiler or the library that this needs is not installed."""


class MissingFunction(Exception):
    """The library has no such function for the chip."""


@dataclass(frozen=True)
class Toolchain:
    """Compiler and library below the folder that `JUDGES` names."""

    root: Path

    @staticmethod
    def find() -> "Toolchain":
        """Raises `MissingCompiler` and says what is missing."""
        if "JUDGES" not in os.environ:
            raise MissingCompiler(
                "JUDGES is not set: tests/conformance/README.md says how to install the library and its compiler"
            )
        found = Toolchain(Path(os.environ["JUDGES"]).resolve())
        for path in (found.tool("g++"), found.api):
            if not path.exists():
                raise MissingCompiler(
                    f"{path} does not exist: tests/conformance/README.md says how to install it"
                )
        return found

    @property
    def metal(self) -> Path:
        return self.root / "ttnn81/ttnn/tt_metal"

    @property
    def api(self) -> Path:
        """Headers of the compute API."""
        return self.metal / "hw/inc/api"

    def tool(self, name: str) -> Path:
        return self.root / "sfpi/compiler/bin" / f"riscv-tt-elf-{name}"

    def includes(self, target: Target) -> list[str]:
        metal, chip = self.metal, self.metal / "hw/inc/internal/tt-1xx" / target.library
        ckernels, llk = (
            metal / "hw/ckernels" / target.kernels / "metal",
            metal / f"tt-llk/tt_llk_{target.kernels}",
        )
        return [f"-I{path}" for path in (
            metal.parent, metal / "hw/inc", metal / "tt-llk/common", metal / "tt-llk/tools/include", metal / "hostdevcommon/api", metal / "api",
            ckernels / "common", ckernels / "llk_io", ckernels / "llk_api", ckernels / "llk_api/llk_sfpu", chip.parent, chip,
            chip / f"{target.kernels}_defines", chip / "noc", llk / "common/inc", llk / "llk_lib", llk / "llk_lib/hal",
            metal / "hw/firmware/src/tt-1xx", self.root / "sfpi/include",
        )]  # fmt: skip

    def compile(self, kernel: Kernel, target: Target, wide: bool, folder: Path) -> Image:
        """The linked code of the kernel's math thread. `MissingFunction`; RuntimeError with the compiler's words."""
        (folder / "chlkc_math.cpp").write_text(
            '#define TRISC_MATH\n#include "defines_generated.h"\n' + kernel.text
        )
        (folder / "defines_generated.h").write_text("#pragma once\n")
        (folder / "kernel_includes.hpp").write_text("")
        (folder / "chlkc_descriptors.h").write_text(_descriptors(wide))
        defines = [f"-D{name}" for name in (
            *target.defines, "TENSIX_FIRMWARE", "LOCAL_MEM_EN=0", "PROGRAMMABLE_CORE_TYPE=0", "KERNEL_BUILD", "UCK_CHLKC_MATH",
            "DISPATCH_MESSAGE_ADDR=4290184248", "COMPILE_FOR_TRISC=1", "PROCESSOR_INDEX=3", 'FULL_KERNEL_NAME="count"',
            "KERNEL_COMPILE_TIME_ARGS=" + ",".join(["0"] * 65),
        )]  # fmt: skip
        source = self.metal / "hw/firmware/src/tt-1xx/trisck.cc"
        _run([str(self.tool("g++")), *OPTIMISATION.split(), f"-mcpu={target.processor}", f"-I{folder}", *self.includes(target),
              *defines, "-c", str(source), "-o", str(folder / "math.o")])  # fmt: skip
        _run([str(self.tool("g++")), f"-mcpu={target.processor}", "-nostdlib", str(folder / "math.o"), "-lgcc",
              "-Wl,--no-relax,-Ttext=0x10000,-e,count_tile,--unresolved-symbols=ignore-all",
              f"-Wl,--defsym=__instrn_buffer={INSTRUCTION_BUFFER:#x}", "-o", str(folder / "math.elf")])  # fmt: skip
        return Image.of_elf(folder / "math.elf")


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if "error" in line]
        if any(re.search("_tile\\w*. was not declared", line) for line in errors):
            raise MissingFunction(errors[0])
        raise RuntimeError("\n".join(errors[:4] or [done.stderr[-400:]]))


def _descriptors(wide: bool) -> str:
    """The header that the host generates for a kernel: data formats, tile shape, mode of DST."""

    def array(kind: str, name: str, value: int) -> str:
        return f"constexpr {kind} {name}[64] = {{{', '.join([str(value)] * 64)}}};"

    data_format, size = (0, 4096) if wide else (5, 2048)
    lines = ["#pragma once", '#include "llk_defs.h"', "constexpr bool APPROX = false;",
             "constexpr ckernel::MathFidelity MATH_FIDELITY = static_cast<ckernel::MathFidelity>(4);",
             f"constexpr bool DST_ACCUM_MODE = {str(wide).lower()};", "#define DST_SYNC_MODE DstSync::SyncHalf"]  # fmt: skip
    for side in ("unpack", "pack"):
        lines += [array("unsigned char", f"{side}_{end}_format", data_format) for end in ("src", "dst")]
        lines += [array("uint8_t", f"{side}_{name}", value) for name, value in (
            ("tile_num_faces", 4), ("partial_face", 0), ("tile_face_r_dim", 16), ("narrow_tile", 0), ("tile_r_dim", 32),
            ("tile_c_dim", 32), ("num_faces_r_dim", 2), ("num_faces_c_dim", 2),
        )]  # fmt: skip
        lines.append(array("uint16_t", f"{side}_tile_size", size))
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Count:
    """Cycles of one tile: of the vector unit's issue, and of the processor that feeds it."""

    unit: int
    processor: int

    @property
    def cycles(self) -> int:
        """The slower of the two; a queue lies between them."""
        return max(self.unit, self.processor)


def count(image: Image, fused: int, interlocked: bool) -> Count:
    """Runs `count_init` and two tiles; counts the second, whose recordings and stored state are there."""
    processor, replay = Processor(image, fused), ReplayBuffer()
    for symbol in ("count_init", "count_tile"):
        replay.expand(processor.call(symbol))
    before = processor.cycle
    issued = replay.expand(processor.call("count_tile"))
    return Count(cycles(issued, interlocked), processor.cycle - before)


def measure(toolchain: Toolchain, names: Iterable[str] = ()) -> dict[str, dict[str, Count]]:
    """Counts by function and column of the table, without those of functions that a chip lacks.

    RuntimeError names a kernel that does not compile.
    """
    chosen = set(names)
    jobs = [
        (kernel, target, wide)
        for wide in (False, True)
        for kernel in kernels(toolchain.api, wide)
        for target in TARGETS
        if not chosen or kernel.key in chosen
    ]

    def one(job: tuple[Kernel, Target, bool]) -> Count | None:
        kernel, target, wide = job
        with tempfile.TemporaryDirectory() as folder:
            try:
                return count(
                    toolchain.compile(kernel, target, wide, Path(folder)), target.fused, target.interlocked
                )
            except MissingFunction:
                return None
            except (RuntimeError, KeyError, ValueError) as error:
                raise RuntimeError(
                    f"{kernel.key}, {target.name}{', 32-bit DST' if wide else ''}: {error}"
                ) from error

    table: dict[str, dict[str, Count]] = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for (kernel, target, wide), counted in zip(jobs, pool.map(one, jobs), strict=True):
            row = table.setdefault(kernel.key, {})
            if counted:
                row[target.name + ("_32bit" if wide else "")] = counted
    return table


def write(table: dict[str, dict[str, Count]]) -> None:
    """Writes the table of the chip files."""
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for name, counts in table.items():
            writer.writerow([name, *(counts[c].cycles if c in counts else "" for c in COLUMNS[1:])])


def main() -> None:
    """Prints issue cycles / processor cycles of each function, a column for each chip and width of DST."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("functions", nargs="*", help="keys of the table; all without")
    parser.add_argument("--write", action="store_true", help=f"write {TABLE.name}; only for all functions")
    arguments = parser.parse_args()
    if arguments.write and arguments.functions:
        parser.error("--write replaces the whole table: name no functions")
    try:
        table = measure(Toolchain.find(), arguments.functions)
    except MissingCompiler as error:
        sys.exit(f"sfpu_instructions: {error}")
    print(f"| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|")
    for name, counts in table.items():
        cells = (f"{counts[c].unit} / {counts[c].processor}" if c in counts else "" for c in COLUMNS[1:])
        print(f"| {name} | {' | '.join(cells)} |")
    if arguments.write:
        write(table)


if __name__ == "__main__":
    main()
