# SPDX-License-Identifier: Apache-2.0
"""The pass `ttl-verify-layouts`."""

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import MemRefType, ModuleOp, TensorType
from xdsl.passes import ModulePass

from ttlang.dialects.ttcore import TileType
from ttlang.dialects.ttl.attributes import LayoutAttr, MemorySpace, element_type
from ttlang.dialects.ttl.data_movement import TensorAccessorOp
from ttlang.hardware import Chip

from .errors import error
from .program_structure import chip_of, programs
from .stage_checks import require_threads
from .tensor_pages import Pages


@dataclass(frozen=True)
class TTLVerifyLayouts(ModulePass):
    """Checks tensor accessors against their tensors, against the memory that holds them and against the chip.

    Input and output: a TTL module, unchanged. Refuses: an accessor whose layout is not that of its tensor, a tiled
    layout of data that is not tiles (and the reverse), a tensor in a memory that tensors cannot have, shards on
    cores or in banks of DRAM that the chip lacks (the orientation of the layout decides which those are), a page that the
    NoC cannot read from its memory because of its size. Cost: one walk over the ops.
    """

    name = "ttl-verify-layouts"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        require_threads(op, self.name)
        for program in programs(op):
            chip = chip_of(program)
            for accessor in program.walk():
                if isinstance(accessor, TensorAccessorOp):
                    self._check(accessor, chip)

    def _check(self, op: TensorAccessorOp, chip: Chip) -> None:
        type = op.tensor.type
        assert isinstance(type, TensorType | MemRefType)
        layout = type.encoding if isinstance(type, TensorType) else type.layout
        if isinstance(layout, LayoutAttr) and layout != op.layout:
            raise error(op, f"the accessor has the layout {op.layout}, its tensor {layout}")
        space = op.memory_space.data
        if space not in (MemorySpace.DRAM, MemorySpace.L1):
            raise error(op, f"a tensor lives in DRAM or L1, not in {space.value}")
        element = element_type(type)
        if op.layout.is_tiled != isinstance(element, TileType):
            kind = "tiled" if op.layout.is_tiled else "row-major"
            raise error(op, f"the accessor has a {kind} layout, its tensor holds {element}")
        pages = Pages.of_shape(type.get_shape(), element, op.layout, space)
        self._check_shards(op, pages, chip)
        alignment = chip.dram.read_alignment if space is MemorySpace.DRAM else chip.l1.alignment
        if (op.layout.is_tiled or pages.shard is not None) and pages.bytes % alignment:
            raise error(
                op,
                f"pages of {pages.bytes} bytes ({element}) cannot be read from {space.value}:"
                f" {chip.name} needs multiples of {alignment}",
            )

    def _check_shards(self, op: TensorAccessorOp, pages: Pages, chip: Chip) -> None:
        if pages.shard is None:
            return
        if pages.memory is MemorySpace.DRAM:
            for x, y in pages.cores():
                if y or x >= chip.dram.banks:
                    raise error(
                        op,
                        f"a shard of this tensor lies in bank {x if y == 0 else (x, y)} of DRAM; {chip.name} has"
                        f" {chip.dram.banks} banks, in one row",
                        hint="make the shards larger, or give the grid one row",
                    )
            return
        columns, rows = chip.grid
        for x, y in pages.cores():
            if x >= columns or y >= rows:
                raise error(
                    op,
                    f"a shard of this tensor lies on core ({x}, {y}); {chip.name} has {columns} columns and {rows} rows",
                    hint="make the shards larger, or change their orientation",
                )
