# SPDX-License-Identifier: Apache-2.0
"""Makes a machine from a chip description."""

from __future__ import annotations

import ctypes

from ttlang.hardware import Chip
from ttlang.simulator.engine import ERROR_BYTES, engine
from ttlang.simulator.errors import SimulatorError


def create_machine(chip: Chip) -> int:
    lib = engine()
    machine = lib.ttsim_device_new(*chip.grid, chip.dram.banks)
    for key, value in _settings(chip).items():
        lib.ttsim_device_set(machine, key.encode(), float(value))
    _set_vector_costs(machine, chip)
    noc = chip.noc
    for index in range(chip.cores):
        x, y = index % chip.grid[0], index // chip.grid[0]
        lib.ttsim_device_core(
            machine, index, noc.worker_x[x], noc.worker_y[y], noc.virtual_x[x], noc.virtual_y[y]
        )
    for network, endpoints in enumerate((noc.dram_noc0, noc.dram_noc1)):
        for bank, (x, y) in enumerate(endpoints):
            lib.ttsim_device_bank(machine, bank, network, x, y)
    message = ctypes.create_string_buffer(ERROR_BYTES)
    if lib.ttsim_device_finish(machine, message, ERROR_BYTES):
        lib.ttsim_device_delete(machine)
        raise SimulatorError(message.value.decode())
    return int(machine)


def _set_vector_costs(machine: int, chip: Chip) -> None:
    for function, (narrow, wide) in chip.sfpu_cycles.items():
        if engine().ttsim_device_vector(machine, function.encode(), narrow, wide):
            raise SimulatorError(f"sfpu_cycles.csv: the engine has no vector function {function!r}")


def _settings(chip: Chip) -> dict[str, float]:
    """Every number of the chip by the engine's name for it: table_key."""
    found: dict[str, float] = {
        "grid_columns": chip.grid[0],
        "grid_rows": chip.grid[1],
        "noc_columns": chip.noc.size[0],
        "noc_rows": chip.noc.size[1],
        "circular_buffers": chip.circular_buffers,
        "semaphores": chip.semaphores,
    }
    for table in ("l1", "dst", "dram", "noc"):
        fields = vars(getattr(chip, table)).items()
        found |= {f"{table}_{key}": value for key, value in fields if isinstance(value, (int, float))}
    found["instructions_access"] = chip.instructions.access * chip.instructions.cycles
    for table, numbers in chip.costs.items():
        found |= {f"{table}_{key}": value for key, value in numbers.items()}
    return found
