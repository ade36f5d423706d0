# SPDX-License-Identifier: Apache-2.0
"""Where a grid of cores lies on a chip."""

from math import prod

from .chip import Chip


def placed(grid: tuple[int, ...], target: Chip | None = None) -> tuple[int, int]:
    """Columns and rows of the rectangle of cores that a grid of any rank is laid on, from core (0, 0).

    Cores of a grid that is not two-dimensional are numbered, the first coordinate fastest, and laid row by row on the
    widest rectangle that they fill. Raises ValueError when there is none on the chip.
    """
    if len(grid) == 2:
        return grid[0], grid[1]
    count = prod(grid)
    columns, rows = target.grid if target is not None else (count, count)
    for width in (grid[0], *range(columns, 0, -1)):
        if width <= columns and count % width == 0 and count // width <= rows:
            return width, count // width
    raise ValueError(f"no rectangle of {count} cores fits the {columns}x{rows} cores of the chip")
