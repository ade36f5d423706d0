# SPDX-License-Identifier: Apache-2.0
"""Memory configurations under the names of ttnn, and what they are in the language."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from ttlang.diagnostics import TTLangError
from ttlang.language.data import Memory, Shard


class BufferType(Enum):
    """Where the pages of a tensor lie."""

    DRAM = "DRAM"
    L1 = "L1"


class TensorMemoryLayout(Enum):
    """How the pages of a tensor are dealt to banks or cores."""

    INTERLEAVED = "interleaved"
    HEIGHT_SHARDED = "height"
    WIDTH_SHARDED = "width"
    BLOCK_SHARDED = "block"


class ShardOrientation(Enum):
    """Order of the cores that hold shards."""

    ROW_MAJOR = "row_major"
    COL_MAJOR = "col_major"


@dataclass(frozen=True)
class CoreCoord:
    """A core, x first."""

    x: int
    y: int


@dataclass(frozen=True)
class CoreRange:
    """The cores of a rectangle, both corners included."""

    start: CoreCoord
    end: CoreCoord


class CoreRangeSet:
    """Rectangles of cores."""

    def __init__(self, ranges: Iterable[CoreRange]):
        self._ranges = tuple(ranges)

    def ranges(self) -> tuple[CoreRange, ...]:
        return self._ranges


@dataclass(frozen=True)
class ShardSpec:
    """Shards of `shape` elements on the cores of `grid`."""

    grid: CoreRangeSet
    shape: Sequence[int]
    orientation: ShardOrientation = ShardOrientation.ROW_MAJOR


@dataclass(frozen=True)
class MemoryConfig:
    """Placement of a tensor."""

    memory_layout: TensorMemoryLayout = TensorMemoryLayout.INTERLEAVED
    buffer_type: BufferType = BufferType.DRAM
    shard_spec: ShardSpec | None = None

    @property
    def memory(self) -> Memory:
        return Memory.L1 if self.buffer_type is BufferType.L1 else Memory.DRAM

    @property
    def shard(self) -> Shard | None:
        """The shard of the language. Raises TTLangError for cores that are no rectangle from core (0, 0) on."""
        if self.memory_layout is TensorMemoryLayout.INTERLEAVED:
            return None
        if self.shard_spec is None:
            raise TTLangError(f"error: a {self.memory_layout.name} memory configuration needs a shard_spec")
        ranges = self.shard_spec.grid.ranges()
        if len(ranges) != 1 or ranges[0].start != CoreCoord(0, 0):
            raise TTLangError("error: shards lie on a rectangle of cores that starts at core (0, 0)")
        end = ranges[0].end
        rows, columns = self.shard_spec.shape
        orientation = self.shard_spec.orientation.value
        return Shard(self.memory_layout.value, (rows, columns), (end.x + 1, end.y + 1), orientation)


DRAM_MEMORY_CONFIG = MemoryConfig()
L1_MEMORY_CONFIG = MemoryConfig(buffer_type=BufferType.L1)
