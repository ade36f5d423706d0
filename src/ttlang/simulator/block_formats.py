# SPDX-License-Identifier: Apache-2.0
"""Host arrays to and from tiles of block floating point formats, which have no scalar form to copy datum by datum."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ttlang.hardware.data_formats import DataFormat
from ttlang.simulator.engine import engine

Bytes = npt.NDArray[np.uint8]
EDGE, FACE = 32, 16


def encode(matrix: npt.NDArray[np.generic], form: DataFormat) -> Bytes:
    """The tiles of a 2-D array of numbers, row-major over the tile grid: one row of bytes a tile.

    Values are rounded to nearest even as tt-metal's host does; edges are padded with zeros. ValueError for a format that
    has no such conversion.
    """
    rows, columns = (-(-size // EDGE) for size in matrix.shape)
    padded = np.zeros((rows * EDGE, columns * EDGE), np.float32)
    padded[: matrix.shape[0], : matrix.shape[1]] = matrix
    faces = padded.reshape(rows, 2, FACE, columns, 2, FACE).transpose(0, 3, 1, 4, 2, 5)
    values = np.ascontiguousarray(faces)
    tiles = np.empty((rows * columns, form.tile_bytes), np.uint8)
    if not engine().ttsim_host_from_float(
        form.metal_code, values.ctypes.data, values.size, tiles.ctypes.data
    ):
        raise ValueError(f"the simulator cannot convert to {form.python_name}")
    return tiles


def decode(tiles: Bytes, form: DataFormat, shape: tuple[int, int]) -> npt.NDArray[np.float32]:
    """The inverse of `encode` for a matrix of `shape`; values are exact."""
    rows, columns = (-(-size // EDGE) for size in shape)
    source = np.ascontiguousarray(tiles)
    values = np.empty((rows, columns, 2, 2, FACE, FACE), np.float32)
    if not engine().ttsim_host_to_float(form.metal_code, source.ctypes.data, values.size, values.ctypes.data):
        raise ValueError(f"the simulator cannot convert from {form.python_name}")
    whole = values.transpose(0, 2, 4, 1, 3, 5).reshape(rows * EDGE, columns * EDGE)
    return whole[: shape[0], : shape[1]]
