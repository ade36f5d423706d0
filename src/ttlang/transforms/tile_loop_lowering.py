# SPDX-License-Identifier: Apache-2.0
"""From one `ttl.block_compute` to TTKernel calls: sections of DST, instructions, packing."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from math import prod

from xdsl.dialects import arith
from xdsl.dialects.builtin import DictionaryAttr, IntegerAttr, f32
from xdsl.ir import Operation, SSAValue

from ttlang.dialects.interned import string
from ttlang.dialects.op_table import OpCall, OpRow
from ttlang.dialects.ttl.buffers import AcquireOp, acquired_cb
from ttlang.dialects.ttl.compute import (
    BlockComputeOp,
    BlockFillOp,
    BlockMatmulOp,
    BlockReduceOp,
    BlockTransposeOp,
    YieldOp,
    tensor_shape,
    tile_of,
)
from ttlang.dialects.ttl.registers import CopyDSTOp, LoadTileOp
from ttlang.dialects.ttl.syntax import array_ints

from .kernel_builder import KernelBuilder
from .register_scan import DST, FOLDED, SCRATCH
from .sub_blocks import SubBlock, TileSpace, spans
from .tile_instructions import (
    Instruction,
    Surroundings,
    find_row,
    reduced_tiles,
    reductions_inside,
    select,
)
from .ttl_assign_dst_registers import SUBBLOCK

INITS = "ttl.init"
"""Attribute of calls that configure a unit, until their hoisting: what they set, as {unit = value}. Units are the unpacker
with the matrix unit ("op"), the vector unit ("sfpu"), the data formats of SrcA, SrcB and the packer ("srca", "srcb", "pack"),
the packer's mask ("mask") and its accumulation in L1 ("l1_acc"). An empty value stands for the call itself with its operands,
`UNKNOWN` for a unit that the call leaves in a state that nothing may rely on."""
UNKNOWN = "?"

Index = SSAValue | int


@dataclass(frozen=True, slots=True)
class Formats:
    """Whether the buffers that a function unpacks, and those that it packs to, differ in data format."""

    unpack_differ: bool
    pack_differ: bool
    masks: bool  # it reduces: the packer's mask must be set and cleared
    accumulates: bool  # it accumulates in L1


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile of a sub-block: where it lies in the outputs, and its number in the section."""

    row: Index
    column: Index
    number: Index


def buffer_of(value: SSAValue) -> SSAValue:
    """The circular buffer behind a memref operand of a fused loop."""
    cb = acquired_cb(value)
    assert cb is not None, "bufferization leaves blocks of circular buffers only"
    return cb


def format_name(value: SSAValue) -> str:
    return tile_of(value.type).format.metal_name


def slot_of(value: SSAValue) -> int:
    """The DST slot of a value of a fused loop."""
    assert isinstance(value.owner, Operation)
    return _slot(value.owner, DST)


def _slot(op: Operation, name: str) -> int:
    slot = op.attributes[name]
    assert isinstance(slot, IntegerAttr)
    return slot.value.data


def mark(call: Operation, /, **units: str) -> None:
    """Say that a call configures these units."""
    call.attributes[INITS] = DictionaryAttr({unit: string(value) for unit, value in units.items()})


def _phases(row: OpRow) -> list[tuple[OpCall | None, list[OpCall]]]:
    """The calls of a row after each of its inits: a row of two functions sets up the second one for all tiles at once."""
    phases: list[tuple[OpCall | None, list[OpCall]]] = []
    for call in (*row.init_calls, *row.calls):
        if call.mnemonic.endswith("_init"):
            phases.append((call, []))
        elif phases:
            phases[-1][1].append(call)
        else:
            phases.append((None, [call]))
    return phases


_VECTOR_KINDS = ("sfpu_", "int_", "where", "fill", "typecast")


def is_vector_function(row: OpRow) -> bool:
    """Whether the vector unit computes a row: its init leaves the unpacker and the matrix unit as they are."""
    return row.kind.startswith(_VECTOR_KINDS) or row.name == "copy_dest_values"


def reduction_of(loop: BlockComputeOp) -> BlockReduceOp | None:
    """The reduction of a loop that the matrix unit does, with a mask for the packer."""
    ops = loop.body.block.ops
    return next((op for op in ops if isinstance(op, BlockReduceOp) and op.scaler is not None), None)


class TileLoopLowering:
    """Lowers one fused loop.

    Tiles of the outputs are computed in sub-blocks that fill DST, with a smaller one at the end where they do not
    divide. Within a sub-block each op runs over all tiles before the next op starts, so that its init is called once;
    slot s of tile t of a sub-block of n tiles is register s * n + t.
    """

    def __init__(self, builder: KernelBuilder, loop: BlockComputeOp, formats: Formats, wide: bool):
        self.b = builder
        self.loop = loop
        self.formats = formats
        self.wide = wide
        self.body = loop.body.block
        self.space = TileSpace.of(loop)
        self.sub_rows, self.sub_columns = array_ints(loop.attributes[SUBBLOCK])
        self.input_of: dict[SSAValue, SSAValue] = dict(zip(self.body.args, loop.inputs, strict=True))
        self._batch: Index = 0

    def clear_mask(self) -> None:
        """Take back the mask that a reduction gives to the packer, before the sections of a loop without one."""
        if self.formats.masks and reduction_of(self.loop) is None:
            mark(self.b.call("reduce_uninit"), mask="none", op=UNKNOWN)

    def sections(self) -> Iterator[SubBlock]:
        """Open the loops over sub-blocks, one after the other; the caller inserts each section."""
        with self.b.loop(self.space.batch, "batch") as batch:
            self._batch = 0 if self.space.batch == 1 else batch
            for first_row, end_row, height in spans(self.space.rows, self.sub_rows):
                with self.b.loop(end_row, "sub_row", first_row, height) as row:
                    for first, end, width in spans(self.space.columns, self.sub_columns):
                        with self.b.loop(end, "sub_column", first, width) as column:
                            yield SubBlock(
                                first_row if end_row - first_row == height else row,
                                first if end - first == width else column,
                                height,
                                width,
                            )

    def _sum(self, a: Index, b: Index) -> Index:
        """a + b: a number as long as both are."""
        if isinstance(a, int) and isinstance(b, int):
            return a + b
        if isinstance(b, int) and b == 0:
            return a
        return b if isinstance(a, int) and a == 0 else self.b.add(a, b)

    def _product(self, a: Index, b: Index) -> Index:
        """a * b: a number as long as both are, or one is 0."""
        if isinstance(a, int) and isinstance(b, int):
            return a * b
        for x, y in ((a, b), (b, a)):
            if isinstance(x, int) and x in (0, 1):
                return y if x else 0
        return self.b.multiply(a, b)

    def whole(self) -> SubBlock:
        """All tiles of the outputs as one sub-block."""
        return SubBlock(0, 0, self.space.rows, self.space.columns)

    # Computing

    def compute(self, sub: SubBlock) -> None:
        """The math of a section."""
        for op in self.body.ops:
            if FOLDED in op.attributes or isinstance(op, YieldOp):
                continue
            if isinstance(op, BlockFillOp) and DST not in op.attributes:
                continue  # an immediate operand
            match op:
                case BlockMatmulOp():
                    self._matmul(op, sub)
                case BlockReduceOp():
                    self._reduce(op, sub)
                case LoadTileOp():
                    row = find_row("copy_tile", "CB -> DST")
                    self._instruction(op, Instruction(row, (), (op.tile,)), sub)
                case CopyDSTOp():
                    form = "DST -> DST, Float32" if self.wide else "DST -> DST"
                    if tile_of(op.result.type).format.is_integer and self.wide:
                        form = "DST -> DST, Int32"
                    self._instruction(op, Instruction(find_row("copy_dest_values", form), (op.tile,)), sub)
                case _:
                    self._instruction(op, self._select(op), sub)

    def _select(self, op: Operation) -> Instruction:
        """The instruction that was planned: operands that are loaded are values of the body, others buffers' tiles."""
        return select(
            op, Surroundings(self.wide, lambda value, _: DST in _attributes(value) and self._same(op, value))
        )

    @staticmethod
    def _same(op: Operation, value: SSAValue) -> bool:
        return slot_of(value) == slot_of(op.results[0])

    @contextmanager
    def _each_tile(self, sub: SubBlock) -> Iterator[Tile]:
        with self.b.loop(sub.rows, "tile_row") as r, self.b.loop(sub.columns, "tile") as c:
            row = self._sum(sub.row, r if sub.rows > 1 else 0)
            column = self._sum(sub.column, c if sub.columns > 1 else 0)
            number = self._sum(
                self._product(r if sub.rows > 1 else 0, sub.columns), c if sub.columns > 1 else 0
            )
            yield Tile(row, column, number)

    def _register(self, value: SSAValue, sub: SubBlock, number: Index) -> SSAValue:
        return self.b.index(self._sum(slot_of(value) * sub.tiles, number))

    def _instruction(self, op: Operation, chosen: Instruction, sub: SubBlock) -> None:
        if chosen.row is None:
            return
        self._set_formats(chosen.row, chosen)
        for init, calls in _phases(chosen.row):
            if init is not None:
                self._init(init, chosen, op)
            with self._each_tile(sub) as tile:
                for call in calls:
                    operands = [self._operand(n, chosen, op, sub, tile) for n in call.operands]
                    self.b.row_call(call.mnemonic, operands, call.attributes)

    def _init(self, call: OpCall, chosen: Instruction, op: Operation) -> None:
        assert chosen.row is not None
        operands = [self._operand(n, chosen, op, None, None) for n in call.operands]
        unit = "sfpu" if is_vector_function(chosen.row) else "op"
        mark(self.b.row_call(call.mnemonic, operands, call.attributes), **{unit: ""})

    def _operand(
        self, name: str, chosen: Instruction, op: Operation, sub: SubBlock | None, tile: Tile | None
    ) -> SSAValue:
        """The value of a placeholder of the op table; the result is the last DST index of a row that is not in place."""
        parameters = chosen.parameters or {}
        if name in ("p", "p2", "p3", "n"):
            return self.b.i32(int(parameters[name]))
        if name == "f":
            return self.b.constant(float(parameters["f"]), f32)
        if name in ("a", "b"):
            return self._handle(chosen.buffers["ab".index(name)])
        if name == "o":
            return self.b.buffer(buffer_of(self.loop.outputs[0]))
        assert sub is not None and tile is not None, f"an init does not name {name}"
        if name in ("i", "j"):
            value = chosen.buffers["ij".index(name)]
            if isinstance(op, BlockTransposeOp):
                return self._tile_index(value, tile.column, tile.row)
            return self._tile_index(value, tile.row, tile.column)
        position = 0 if name == "d" else int(name[1:]) - 1
        value = chosen.operands[position] if position < len(chosen.operands) else op.results[0]
        return self._register(value, sub, tile.number)

    def _handle(self, value: SSAValue) -> SSAValue:
        return self.b.buffer(buffer_of(self.input_of[value]))

    # Where tiles lie

    def _tile_index(self, value: SSAValue, row: Index, column: Index) -> SSAValue:
        """Number in its buffer of an input's tile at a row and column; dimensions of size 1 repeat."""
        source = self.input_of[value]
        if self.space.is_row:
            return self.b.index(self._sum(column, first_tile(source)))
        shape = (1, 1, *(tensor_shape(source.type) or ()))
        rows, columns = shape[-2], shape[-1]
        inner = self._sum(self._product(row if rows > 1 else 0, columns), column if columns > 1 else 0)
        outer = self._product(self._batch_number(shape[:-2]), rows * columns)
        return self.b.index(self._sum(self._sum(outer, inner), first_tile(source)))

    def _batch_number(self, shape: Sequence[int]) -> Index:
        """Number of the input's matrix that belongs to the current matrix of the outputs."""
        count = prod(shape)
        if count == 1:
            return 0
        if count == self.space.batch:
            return self._batch
        sizes = self.space.shape[:-2]
        own = tuple(shape[len(shape) - len(sizes) :])
        number: Index = 0
        stride = self.space.batch
        for position, (size, mine) in enumerate(zip(sizes, own, strict=True)):
            stride //= size
            if mine > 1:
                digit = self._digit(self._batch, stride, size, outermost=position == 0)
                number = self._sum(self._product(number, mine), digit)
        return number

    # Contractions

    def _matmul(self, op: BlockMatmulOp, sub: SubBlock) -> None:
        lhs, rhs = self.input_of[op.lhs], self.input_of[op.rhs]
        depth = (tensor_shape(lhs.type) or (1, 1))[-1]
        a, b = self._handle(op.lhs), self._handle(op.rhs)
        dims = [self.b.i32(v) for v in (int(op.transpose_rhs is not None), sub.columns, sub.rows, depth)]
        self._format("srca", rhs)
        self._format("srcb", lhs)
        mark(self.b.call("mm_block_init_short", a, b, *dims), op="")
        first = self.b.constant(slot_of(op.result) * sub.tiles)
        with self.b.loop(depth, "k") as k:
            step = 0 if depth == 1 else k
            left = self._tile_index(op.lhs, sub.row, step)
            right = (
                self._tile_index(op.rhs, sub.column, step)
                if op.transpose_rhs is not None
                else self._tile_index(op.rhs, step, sub.column)
            )
            self.b.call("matmul_block", a, b, left, right, first, *dims)

    def _reduce(self, op: BlockReduceOp, sub: SubBlock) -> None:
        chosen = self._select(op)
        if op.scaler is None:
            self._combine(op, chosen, sub)
            return
        assert chosen.row is not None
        a, scaler = self._handle(op.input), self._handle(op.scaler)
        (init,) = chosen.row.init_calls
        call = chosen.row.calls[0]
        data, factor = (
            ("srcb", "srca")
            if "row" in call.attributes[1] and "sum" in call.attributes[0]
            else ("srca", "srcb")
        )
        self._format(data, self.input_of[op.input])
        self._format(factor, self.input_of[op.scaler])
        out = self.b.buffer(buffer_of(self.loop.outputs[0]))
        mark(
            self.b.row_call(init.mnemonic, [a, scaler, out], init.attributes), op="", mask=call.attributes[1]
        )
        factor_tile = self.b.constant(first_tile(self.input_of[op.scaler]))
        with self._each_tile(sub) as tile:
            register = self._register(op.result, sub, tile.number)
            with self._reduced_tiles(op) as position:
                index = self._reduced_index(op, tile, position)
                self.b.row_call(call.mnemonic, [a, scaler, index, factor_tile, register], call.attributes)

    def _combine(self, op: BlockReduceOp, chosen: Instruction, sub: SubBlock) -> None:
        """A reduction by the vector unit: tile by tile into the result's register, then inside of it."""
        load = Instruction(find_row("copy_tile", "CB -> DST"), (), (op.input,))
        assert load.row is not None and chosen.row is not None
        self._set_formats(load.row, load)
        (load_init,), (load_call,) = load.row.init_calls, load.row.calls
        self._init(load_init, load, op)
        handle = self._handle(op.input)
        count = reduced_tiles(op)
        if count > 1:
            (init,), (call,) = chosen.row.init_calls, chosen.row.calls
            self._init(init, chosen, op)
        with self._each_tile(sub) as tile:
            register = self._register(op.result, sub, tile.number)
            first = self._reduced_index(op, tile, self._digits(op, 0))
            self.b.row_call(load_call.mnemonic, [handle, first, register], load_call.attributes)
            if count > 1:
                scratch = self.b.index(self._sum(_slot(op, SCRATCH) * sub.tiles, tile.number))
                with self.b.loop(count, "part", 1) as part:
                    index = self._reduced_index(op, tile, self._digits(op, 1 if count == 2 else part))
                    self.b.row_call(load_call.mnemonic, [handle, index, scratch], load_call.attributes)
                    self.b.row_call(call.mnemonic, [register, scratch, register], call.attributes)
        for row in reductions_inside(op):
            self._instruction(op, Instruction(row, (op.result,)), sub)

    @contextmanager
    def _reduced_tiles(self, op: BlockReduceOp) -> Iterator[dict[int, Index]]:
        """Loops over the tiles of the input that make one tile of the result: positions by dimension."""
        shape = tensor_shape(self.input_of[op.input].type) or ()
        with ExitStack() as loops:
            yield {
                d: loops.enter_context(self.b.loop(shape[d], "r" if d == len(shape) - 2 else "c"))
                if shape[d] > 1
                else 0
                for d in array_ints(op.dims)
            }

    def _digits(self, op: BlockReduceOp, part: Index) -> dict[int, Index]:
        """Positions by dimension of one of the tiles that make a tile of the result, by its number."""
        shape = tensor_shape(self.input_of[op.input].type) or ()
        return self._split(part, {d: shape[d] for d in array_ints(op.dims)})

    def _split(self, number: Index, sizes: dict[int, int]) -> dict[int, Index]:
        """The positions along dimensions of these sizes of what has a number, row by row."""
        digits: dict[int, Index] = {}
        stride = prod(sizes.values())
        for dimension, size in sizes.items():
            stride //= size
            digits[dimension] = self._digit(number, stride, size, outermost=len(digits) == 0)
        return digits

    def _digit(self, number: Index, stride: int, size: int, *, outermost: bool) -> Index:
        if isinstance(number, int):
            return number // stride % size
        if size == 1:
            return 0
        if stride > 1:
            number = self.b.insert(arith.DivUIOp(number, self.b.constant(stride))).results[0]
        return number if outermost else self.b.insert(arith.RemUIOp(number, self.b.constant(size))).results[0]

    def _reduced_index(self, op: BlockReduceOp, tile: Tile, position: dict[int, Index]) -> SSAValue:
        """Number in its buffer of the input's tile at `position` along reduced dimensions, at the result's elsewhere."""
        source = self.input_of[op.input]
        shape = tensor_shape(source.type) or ()
        rank = len(shape)
        outer = {d: 1 if d in position else shape[d] for d in range(rank - 2)}
        own = self._split(self._batch, outer) if prod(outer.values()) > 1 else dict.fromkeys(outer, 0)
        where: dict[int, Index] = {**own, rank - 2: tile.row, rank - 1: tile.column, **position}
        number: Index = 0
        for dimension in range(rank):
            size = shape[dimension]
            index = where[dimension] if size > 1 else 0
            number = self._sum(self._product(number, size), index)
        return self.b.index(self._sum(number, first_tile(source)))

    # Data formats

    def _set_formats(self, row: OpRow, chosen: Instruction) -> None:
        """The formats of the unpacker's two sides, as the instruction uses them."""
        sources = [self.input_of[v] for v in chosen.buffers]
        if not sources:
            return
        if len(sources) == 2:
            self._format("srca", sources[0])
            self._format("srcb", sources[1])
            return
        side = "srcb" if "DEST_TO_SRCA" in row.form else "srca"
        self._format(side, sources[0])
        if row.name == "broadcast":
            self._format("srcb", sources[0])

    def _format(self, side: str, source: SSAValue) -> None:
        if self.formats.unpack_differ:
            call = self.b.call(f"reconfig_data_format_{side}", self.b.buffer(buffer_of(source)))
            mark(call, **{side: format_name(source)})

    # Packing

    def pack(self, sub: SubBlock, accumulate: SSAValue | None = None) -> None:
        """Pack a section's results; `accumulate`: whether they are added to what the block holds."""
        end = self.body.last_op
        assert isinstance(end, YieldOp)
        if self.formats.accumulates:
            flag = accumulate if accumulate is not None else self.b.i32(0)
            mark(self.b.call("pack_reconfig_l1_acc", flag), l1_acc="")
        for value, block in zip(end.values, self.loop.outputs, strict=True):
            out = self.b.buffer(buffer_of(block))
            if self.formats.pack_differ:
                mark(self.b.call("pack_reconfig_data_format", out), pack=format_name(block))
            self._pack_block(value, block, out, sub, in_order=accumulate is None)

    def _pack_block(
        self, value: SSAValue, block: SSAValue, out: SSAValue, sub: SubBlock, *, in_order: bool
    ) -> None:
        first = slot_of(value) * sub.tiles
        consecutive = self.sub_columns == self.space.columns or self.space.rows == 1
        if consecutive and in_order and first_tile(block) == 0 and _stored_once(block):
            if sub.tiles > 1:
                self.b.call("pack_tile_block", self.b.constant(first), out, self.b.constant(sub.tiles))
            else:
                self.b.call("pack_tile", self.b.constant(first), out, self.b.constant(0), out_of_order=False)
            return
        with self._each_tile(sub) as tile:
            inner = self._sum(self._product(tile.row, self.space.columns), tile.column)
            matrix = self._product(self._batch, self.space.rows * self.space.columns)
            index = self.b.index(self._sum(self._sum(matrix, inner), first_tile(block)))
            register = self.b.index(self._sum(first, tile.number))
            self.b.call("pack_tile", register, out, index, out_of_order=True)


def _attributes(value: SSAValue) -> dict[str, object]:
    return dict(value.owner.attributes) if isinstance(value.owner, Operation) else {}


FIRST_TILE = "first_tile"
"""Attribute of an acquisition: the block's first tile, counted from the oldest block of the buffer that is still held."""


def first_tile(block: SSAValue) -> int:
    """The number of a block's first tile in what its thread holds of the circular buffer."""
    assert isinstance(block.owner, AcquireOp)
    first = block.owner.attributes.get(FIRST_TILE)
    return first.value.data if isinstance(first, IntegerAttr) else 0


def _stored_once(block: SSAValue) -> bool:
    """Whether this is the only store to its block: packing in order starts at the block's first tile once."""
    return sum(isinstance(use.operation, BlockComputeOp) for use in block.uses) == 1
