# SPDX-License-Identifier: Apache-2.0
"""Chip descriptions as data: ``chip("wormhole_b0")`` and ``chip("blackhole")``."""

from ttlang.hardware.chip import (
    Chip,
    DramMemory,
    DstRegisters,
    Instructions,
    L1Memory,
    Network,
    UnknownChipError,
    chip,
    chip_names,
)

__all__ = [
    "Chip",
    "DramMemory",
    "DstRegisters",
    "Instructions",
    "L1Memory",
    "Network",
    "UnknownChipError",
    "chip",
    "chip_names",
]
