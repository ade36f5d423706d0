# SPDX-License-Identifier: Apache-2.0
"""Where the shards of a tensor lie: one on each core, in the order that the orientation says."""

from collections.abc import Sequence

DISTRIBUTIONS = ("height_sharded", "width_sharded", "block_sharded")
ORIENTATIONS = ("row_major", "col_major")


def shard_places(
    distribution: str, orientation: str, grid: Sequence[int], down: int, across: int
) -> list[tuple[int, int]]:
    """Column and row of the core that holds each shard of `down` x `across`, shards numbered row by row.

    `grid`: columns and rows of the cores that hold shards, or their number. Row-major orientation deals shards (or rows
    of shards, when blocks) to rows of cores, column-major to columns.
    """
    columns, rows = (grid[0], grid[1]) if len(grid) == 2 else (grid[0], 1)
    by_row = orientation == "row_major"
    if distribution == "block_sharded":
        return [(c, r) if by_row else (r, c) for r in range(down) for c in range(across)]
    if by_row:
        return [(i % columns, i // columns) for i in range(down * across)]
    return [(i // rows, i % rows) for i in range(down * across)]
