# SPDX-License-Identifier: Apache-2.0
"""How a matrix is divided into parts, one for each core of a grid."""

from dataclasses import dataclass
from math import prod

from ttlang.hardware import Chip
from ttlang.hardware.grids import placed

from .data import Memory, Shard

STRATEGIES = ("sharded", "height_sharded", "width_sharded", "interleaved")
"""`sharded`: each part lies on the core of its place in the grid. `height_sharded`, `width_sharded`: only rows, only
columns are divided, and the cores are numbered. `interleaved`: parts have cores, but pages lie on all cores in turn."""

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Partition:
    """`grid` counts the parts of a matrix and `shard` gives their size in datums, rows first; `strategy` is one of `STRATEGIES`.

    Part (row, column) belongs to core number row * columns + column. Raises ValueError for what does not exist.
    """

    grid: Size
    shard: Size
    strategy: str = "sharded"

    def __post_init__(self) -> None:
        if self.strategy not in STRATEGIES:
            raise ValueError(f"strategy must be one of {', '.join(STRATEGIES)}, got {self.strategy!r}")
        for name, value in (("grid", self.grid), ("shard", self.shard)):
            if not _is_size(value):
                raise ValueError(
                    f"{name} must be a tuple of two integers of at least 1, rows first, got {value!r}"
                )
        rows, columns = self.grid
        if self.strategy == "height_sharded" and columns > 1:
            raise ValueError(f"height_sharded divides rows only, but the grid is {self.grid}")
        if self.strategy == "width_sharded" and rows > 1:
            raise ValueError(f"width_sharded divides columns only, but the grid is {self.grid}")

    @property
    def shape(self) -> Size:
        """Shape of the whole."""
        return self.grid[0] * self.shard[0], self.grid[1] * self.shard[1]

    @property
    def parts(self) -> int:
        return prod(self.grid)

    def cores(self, target: Chip) -> Size:
        """Columns and rows of the cores that the parts belong to. Raises ValueError when the chip has no such cores."""
        rows, columns = self.grid
        fits = columns <= target.grid[0] and rows <= target.grid[1]
        if self.strategy == "sharded" or (self.strategy == "interleaved" and fits):
            if not fits:
                wide, high = target.grid
                raise ValueError(
                    f"a grid of {rows} rows and {columns} columns of parts does not fit {target.name}, which has {high} rows"
                    f" and {wide} columns of cores"
                )
            return columns, rows
        try:
            return placed((self.parts,), target)
        except ValueError:
            raise ValueError(f"{self.parts} parts fill no rectangle of the cores of {target.name}") from None

    def placement(self, target: Chip, memory: Memory) -> Shard | None:
        """Where the parts lie; None when their pages are interleaved. Raises ValueError as `cores` does."""
        if self.strategy == "interleaved":
            self.cores(target)
            return None
        distribution = {"height_sharded": "height", "width_sharded": "width"}.get(self.strategy, "block")
        if memory is Memory.L1:
            return Shard(distribution, self.shard, self.cores(target))
        if self.parts > target.dram.banks:
            raise ValueError(
                f"{self.parts} parts in DRAM; {target.name} has {target.dram.banks} banks, each for one part"
            )
        if self.strategy == "sharded" and self.grid[0] > 1:
            raise ValueError(
                f"parts in DRAM lie in its banks, which are one row: a grid of {self.grid} has no place there"
            )
        return Shard(distribution, self.shard, (self.parts,))

    def redealt(self, strategy: str, grid: Size | None = None, shard: Size | None = None) -> "Partition":
        """The same matrix in other parts, as many as before unless `grid` or `shard` says otherwise.

        Raises ValueError for parts that do not divide it.
        """
        if grid is None and shard is None:
            n = self.parts
            grid = {"height_sharded": (n, 1), "width_sharded": (1, n)}.get(strategy, self.grid)
        if grid is None:
            assert shard is not None
            grid = self._divided("shard", shard)
        elif shard is None:
            shard = self._divided("grid", grid)
        assert shard is not None
        dealt = Partition(grid, shard, strategy)
        if dealt.shape != self.shape:
            raise ValueError(
                f"grid {grid} x shard {shard} is a matrix of {_times(dealt.shape)}, not of {_times(self.shape)}"
            )
        return dealt

    def _divided(self, name: str, by: Size) -> Size:
        """The shape of the whole over a grid of parts (gives their size), or over their size (gives the grid)."""
        rows, columns = self.shape
        if not _is_size(by):
            raise ValueError(f"{name} must be a tuple of two integers of at least 1, rows first, got {by!r}")
        if rows % by[0] or columns % by[1]:
            raise ValueError(f"{name} {by} does not divide a matrix of {_times(self.shape)}")
        return rows // by[0], columns // by[1]


def _is_size(value: object) -> bool:
    """Whether something is a pair of positive integers."""
    return (
        isinstance(value, tuple)
        and len(value) == 2
        and all(isinstance(size, int) and not isinstance(size, bool) and size >= 1 for size in value)
    )


def _times(shape: Size) -> str:
    return f"{shape[0]}x{shape[1]}"
