# SPDX-License-Identifier: Apache-2.0
"""Where a run stands under the roofs of its chip."""

from dataclasses import dataclass

from ttlang.hardware import Chip
from ttlang.simulator import TileWork

PRODUCT_OPERATIONS = 2 * 32 * 32 * 32
"""Multiplications and additions of a product of two 32x32 tiles."""
ELEMENTS = 32 * 32


@dataclass(frozen=True)
class Roofline:
    """Operations of the matrix and vector units per cycle, attained and at most.

    `intensity` is operations per byte of DRAM traffic. The roof over it is the lower of `compute_roof`, which the math
    processors of the cores in use could do of this very mix of tile operations at the published rates, and
    `intensity * dram_roof`, where `dram_roof` is the bytes per cycle of all channels.
    """

    operations: int
    dram_bytes: int
    intensity: float | None
    attained: float
    compute_roof: float
    dram_roof: float

    @property
    def roof(self) -> float:
        """Operations per cycle that the chip could do at this intensity."""
        if self.intensity is None:
            return self.compute_roof
        return min(self.compute_roof, self.intensity * self.dram_roof)


def roofline(
    chip: Chip, cores: int, phases: int, work: TileWork, dram_bytes: int, cycles: int
) -> Roofline | None:
    """Position of a run of `cycles` on so many cores; None when nothing was computed or time was not modelled.

    `phases` is the number of passes of the matrix unit that the math fidelity takes (1 to 4).
    """
    operations = PRODUCT_OPERATIONS * work.products + ELEMENTS * (work.matrix + work.vector)
    if not operations or not cycles:
        return None
    least_cycles = (
        work.products * phases * chip.costs["math"]["matmul_phase_cycles"]
        + work.matrix * chip.costs["math"]["eltwise_cycles"]
        + work.vector_cycles
    )
    return Roofline(
        operations=operations,
        dram_bytes=dram_bytes,
        intensity=operations / dram_bytes if dram_bytes else None,
        attained=operations / cycles,
        compute_roof=operations * cores / least_cycles,
        dram_roof=chip.dram.banks * chip.dram.read_bytes_per_cycle,
    )
