# SPDX-License-Identifier: Apache-2.0
"""What the simulator counts for a kernel's own code, beside the instructions of a RISC-V compiler.

    JUDGES=FOLDER python bench/own_code.py

FOLDER is what `tests/conformance/setup.sh` made. Each function is compiled for the data-movement processors of Wormhole and run
instruction by instruction (`trisc.py`), with the cycles of ISA BabyRISCV; and run as a kernel on the simulator. Both results
must agree. Prints Markdown: cycles of one round of its loop, from the slope between two numbers of rounds.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from sfpu_instructions import MissingCompiler, Toolchain
from trisc import Image, Processor

from ttlang.hardware import chip
from ttlang.simulator import Device, Program

ROUNDS = (64, 192)
FUNCTIONS = {
    "shift and xor": "h ^= h << 13; h ^= h >> 17; h ^= h << 5;",
    "linear congruence": "h = h * 1664525u + 1013904223u;",
    "hash of two numbers": "h = (h ^ i) * 0x9E3779B1u; h ^= h >> 15; h += i * 40503u;",
    "quotient and rest by a constant": "h += (h % 12) * 7 + (i / 10);",
    "quotient and rest": "h += (i + n) / (1 + (i & 7)) + (i + n) % (3 + (i & 3));",
    "page of a row and a column": "h += (i >> 4) * n + (i & 15) * 3;",
    "branches": "if (h & 1) h = 3 * h + 1; else h = (h >> 1) ^ i; if (h > 1000000) h -= 999983;",
    "largest and smallest": "{ uint32_t x = h ^ (i * 77u); h = x > n ? x - n : n - x; }",
    "bits set": "{ uint32_t x = h + i; uint32_t s = 0; for (int b = 0; b < 8; b++) { s += x & 1; x >>= 1; } h = h * 3 + s; }",
    "greatest common divisor": "{ uint32_t a = (h & 255) + 1, b = i + 1; while (b) { uint32_t t = a % b; a = b; b = t; } h += a; }",
}
TEXT = """uint32_t work(uint32_t n) {{
    uint32_t h = 12345;
    for (uint32_t i = 0; i < n; i++) {{
        {}
    }}
    return h;
}}
"""
SCRATCH = 512 * 1024
KERNEL = (
    '#include <cstdint>\n#include "api/dataflow/dataflow_api.h"\n{}'
    "void kernel_main() {{\n"
    "    const uint32_t result = work(get_arg_val<uint32_t>(0));\n"
    "    *reinterpret_cast<volatile tt_l1_ptr uint32_t*>({}) = result;\n"
    "}}\n"
)


def on_riscv(toolchain: Toolchain, text: str, folder: Path) -> dict[int, tuple[int, int]]:
    """Cycles and result by number of rounds."""
    (folder / "own.cc").write_text("#include <stdint.h>\n" + text)
    compiler = [str(toolchain.tool("g++")), "-mcpu=tt-wh", "-O2", "-std=c++17", "-nostdlib"]
    (folder / "start.cc").write_text("\n".join(
        f'#include <stdint.h>\nuint32_t work(uint32_t); extern "C" uint32_t run_{n}() {{ return work({n}); }}' for n in ROUNDS
    ))  # fmt: skip
    done = subprocess.run(
        [*compiler, "-Wl,--no-relax,-Ttext=0x10000,-e,run_64", str(folder / "own.cc"), str(folder / "start.cc"), "-lgcc", "-o", str(folder / "own.elf")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr)
    image, cost = Image.of_elf(folder / "own.elf"), chip("wormhole_b0").instructions
    found = {}
    for n in ROUNDS:
        processor = Processor(image)
        processor.call(f"run_{n}")
        more = processor.multiplications * (cost.multiply - 1)
        more += sum(max(6, 1 + dividend.bit_length()) - 1 for dividend in processor.dividends)
        found[n] = processor.cycle * cost.cycles + more, processor.registers[10]
    return found


def on_simulator(text: str) -> dict[int, tuple[int, int]]:
    found = {}
    for n in ROUNDS:
        program = Program()
        program.add_kernel(KERNEL.format(text, SCRATCH), "writer", (0, 0, 0, 0), runtime_args={(0, 0): [n]})
        with Device("wormhole_b0") as device:
            cycles = device.run(program, sanitize=False).cycles
            found[n] = cycles, int.from_bytes(bytes(device.read_l1((0, 0), SCRATCH, 4)), "little")
    return found


def main() -> None:
    try:
        toolchain = Toolchain.find()
    except MissingCompiler as error:
        sys.exit(str(error))
    print("| a round of | RISC-V | counted | |\n|---|---|---|---|")
    for name, body in FUNCTIONS.items():
        text = TEXT.format(body)
        with tempfile.TemporaryDirectory() as folder:
            real = on_riscv(toolchain, text, Path(folder))
        counted = on_simulator(text)
        wrong = [n for n in ROUNDS if real[n][1] != counted[n][1]]
        if wrong:
            sys.exit(f"{name}: the results of {wrong[0]} rounds differ")
        slopes = [
            (each[ROUNDS[1]][0] - each[ROUNDS[0]][0]) / (ROUNDS[1] - ROUNDS[0]) for each in (real, counted)
        ]
        print(f"| {name} | {slopes[0]:.1f} | {slopes[1]:.1f} | {slopes[1] / slopes[0]:.2f} |")


if __name__ == "__main__":
    main()
