# SPDX-License-Identifier: Apache-2.0
"""Circular buffers that span cores: what the host writes into the L1 of their sender and receivers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ttlang.hardware import Chip
from ttlang.simulator.errors import ProgramError

Core = tuple[int, int]
ENTRIES = 64
ENTRY_BYTES = 8
CONFIG_BYTES = 32
"""Eight words: is sender, receivers, start, bytes, pointer, address of coordinates, address of credits, local buffer."""
NO_BUFFER = 0xFFFFFFFF
CREDIT_BYTES = 32
"""For each receiver: 16 bytes that hold what was sent, 16 what was acknowledged."""
ARGUMENTS_END = 1024 + 10 * 4096
"""End of the semaphores and arguments in the kernel configuration area."""


@dataclass(frozen=True)
class RemoteCircularBuffer:
    """A ring of `size` bytes at one L1 address on each receiver, filled by `sender` in pages of `page_size` bytes."""

    index: int
    sender: Core
    receivers: tuple[Core, ...]
    page_size: int
    size: int
    relay: int | None = None
    """The first local circular buffer on the receivers' rings."""


def check_remote(buffer: RemoteCircularBuffer, alignment: int = 16) -> None:
    """ProgramError for what a remote buffer cannot be."""
    named = f"remote circular buffer {buffer.index}"
    if buffer.sender in buffer.receivers:
        raise ProgramError(f"{named}: core {buffer.sender} is its sender and one of its receivers")
    if not buffer.receivers:
        raise ProgramError(f"{named} has no receiver")
    if buffer.page_size <= 0 or buffer.size < buffer.page_size:
        raise ProgramError(f"{named}: pages of {buffer.page_size} bytes in a ring of {buffer.size}")
    if buffer.page_size % alignment or buffer.size % alignment:
        raise ProgramError(
            f"{named}: the page size {buffer.page_size} and the size {buffer.size} are multiples of {alignment} bytes"
        )


@dataclass(frozen=True)
class _Place:
    """L1 offsets in the configuration area, the same on all cores of a buffer: its words, coordinates of peers, credits."""

    config: int
    coordinates: int
    credits: int
    end: int


def l1_images(
    chip: Chip, buffers: Sequence[RemoteCircularBuffer], rings: Sequence[int]
) -> list[tuple[Core, int, npt.NDArray[np.uint32]]]:
    """(core, L1 offset, words) to write before a run; `rings` are the L1 offsets of the rings.

    ProgramError when configurations and credits do not fit.
    """
    images: list[tuple[Core, int, npt.NDArray[np.uint32]]] = []
    for buffer, ring, place in zip(buffers, rings, _places(chip, buffers), strict=True):
        entry = np.array([place.config, buffer.page_size], np.uint32)
        for core in (buffer.sender, *buffer.receivers):
            sends = core == buffer.sender
            peers = [chip.noc_coordinate(*peer) for peer in (buffer.receivers if sends else (buffer.sender,))]
            sent = place.credits + (0 if sends else CREDIT_BYTES * buffer.receivers.index(core))
            relay = NO_BUFFER if buffer.relay is None else buffer.relay
            words = np.zeros((place.end - place.config) // 4, np.uint32)
            words[:8] = [
                sends, len(buffer.receivers), ring, buffer.size, ring, place.coordinates, sent, relay,
            ]  # fmt: skip
            words[8 : 8 + 2 * len(peers)] = np.array(peers).reshape(-1)
            images.append((core, place.config, words))
            images.append((core, _table(chip) + buffer.index * ENTRY_BYTES, entry))
    return images


def credit_name(chip: Chip, buffers: Sequence[RemoteCircularBuffer], core: Core, address: int) -> str | None:
    """What the credits at an L1 offset of `core` count, or None where none are."""
    for buffer, place in zip(buffers, _places(chip, buffers), strict=True):
        slot, within = divmod(address - place.credits, CREDIT_BYTES)
        if not 0 <= slot < len(buffer.receivers):
            continue
        named = f"remote circular buffer {buffer.index}"
        if core == buffer.sender and within == CREDIT_BYTES // 2:
            return f"pages of {named} to be acknowledged by core {buffer.receivers[slot]}"
        if core == buffer.receivers[slot] and within == 0:
            return f"pages of {named} to be sent by core {buffer.sender}"
    return None


def _places(chip: Chip, buffers: Sequence[RemoteCircularBuffer]) -> list[_Place]:
    """Between the kernels' arguments and the table of buffers, which ends the configuration area."""
    found = []
    at = chip.l1.config_base + ARGUMENTS_END
    for buffer in buffers:
        count = len(buffer.receivers)
        coordinates = at + CONFIG_BYTES
        credits = -(-(coordinates + 8 * count) // CREDIT_BYTES) * CREDIT_BYTES
        place = _Place(at, coordinates, credits, credits + CREDIT_BYTES * count)
        if place.end > _table(chip):
            raise ProgramError(
                f"remote circular buffer {buffer.index} with {count} receivers: its credits do not fit the configuration area"
            )
        found.append(place)
        at = place.end
    return found


def _table(chip: Chip) -> int:
    return chip.l1.config_base + chip.l1.config_bytes - ENTRIES * ENTRY_BYTES


def empty_table(chip: Chip) -> tuple[int, npt.NDArray[np.uint32]]:
    """(L1 offset, words) of a table without buffers."""
    return _table(chip), np.zeros(ENTRIES * ENTRY_BYTES // 4, np.uint32)
