# SPDX-License-Identifier: Apache-2.0
"""Instructions that the math processor pushes into its engine's queue for a call, counted in the library compiled for the chips.

    JUDGES=DIR python bench/math_instructions.py

Compiles each call with the RISC-V compiler and the headers of generation 0.81 (`tests/conformance/README.md` says where they
come from) and runs its code for the math processor instruction by instruction, HiFi4. What MOP and REPLAY expand to counts
once: it is behind the queue. Prints Markdown; `instruction_queue` in the chips' files says what the numbers are for.
"""

import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from sfpu_instructions import TARGETS, Target, Toolchain  # noqa: E402
from sfpu_kernels import Kernel  # noqa: E402
from trisc import Processor  # noqa: E402

HEADERS = tuple(
    f"compute/{name}.h"
    for name in ("eltwise_binary", "tile_move_copy", "matmul", "reduce", "transpose", "reg_api")
)
REDUCE = "PoolType::SUM, ReduceDim::REDUCE_"
CALLS = {
    "add_tiles": ("add_init(0, 1);", "add_tiles(0, 1, 0, 0, 0);"),
    "mul_tiles": ("mul_init(0, 1);", "mul_tiles(0, 1, 0, 0, 0);"),
    "copy_tile": ("copy_tile_to_dst_init_short(0);", "copy_tile(0, 0, 0);"),
    "transpose_tile": ("transpose_init(0);", "transpose_tile(0, 0, 0);"),
    "matmul_tiles": ("matmul_init(0, 1);", "matmul_tiles(0, 1, 0, 0, 0);"),
    "matmul_block 2x2": (
        "matmul_block_init(0, 1, 0, 2, 2, 2);",
        "matmul_block(0, 1, 0, 0, 0, false, 2, 2, 2);",
    ),
    "reduce_tile, row": (f"reduce_init<{REDUCE}ROW>(0, 2, 16);", f"reduce_tile<{REDUCE}ROW>(0, 2, 0, 0, 0);"),
    "reduce_tile, column": (
        f"reduce_init<{REDUCE}COL>(0, 2, 16);",
        f"reduce_tile<{REDUCE}COL>(0, 2, 0, 0, 0);",
    ),
    "reduce_tile, scalar": (
        f"reduce_init<{REDUCE}SCALAR>(0, 2, 16);",
        f"reduce_tile<{REDUCE}SCALAR>(0, 2, 0, 0, 0);",
    ),
    "tile_regs_acquire": ("", "tile_regs_acquire();"),
    "tile_regs_commit": ("", "tile_regs_commit();"),
}
"""By name: initialisation and call."""


def pushed(toolchain: Toolchain, kernel: Kernel, target: Target) -> int:
    """Instructions of a second call: what the first has stored and configured is there."""
    with tempfile.TemporaryDirectory() as folder:
        processor = Processor(toolchain.compile(kernel, target, False, Path(folder)), target.fused)
    processor.call("count_init")
    processor.call("count_tile")
    return len(processor.call("count_tile"))


def main() -> None:
    toolchain = Toolchain.find()
    print(f"| call | {' | '.join(target.name for target in TARGETS)} |\n|---|{'---|' * len(TARGETS)}")
    for name, (init, call) in CALLS.items():
        counts = (pushed(toolchain, Kernel(name, HEADERS, init, call), target) for target in TARGETS)
        print(f"| {name} | {' | '.join(map(str, counts))} |", flush=True)


if __name__ == "__main__":
    main()
