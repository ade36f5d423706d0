# SPDX-License-Identifier: Apache-2.0
"""Circular buffers: creation, acquisition and release of blocks, access to single tiles."""

from math import prod

from xdsl.dialects.builtin import (
    I64,
    IndexType,
    IntegerAttr,
    MemRefType,
    i64,
)
from xdsl.ir import OpResult, SSAValue, TypeAttribute
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_result_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from ttlang.dialects.interned import integer
from ttlang.dialects.ttcore import TileType

from .attributes import BlockType, CBType, MemorySpace, MemorySpaceAttr, ints
from .canonical import ReadsBlocks, TTLCanonicalization
from .structure import require_thread
from .syntax import (
    I64Array,
    array_ints,
    constant_index,
    format_array,
    i64_array,
    parse_i64_array,
    parse_key,
    parse_operand,
    parse_operand_count,
    parse_result_types,
    print_attributes,
    print_operands,
    print_result_types,
)

NARROW_ATTRIBUTE = "narrow"
"""Of `ttl.create_cb`: dimensions along which only datum 0 of each tile has a meaning."""


@irdl_op_definition
class CreateCBOp(IRDLOperation):
    """Create a circular buffer of `buffer_factor` blocks of `shape` tiles each.

    `%cb = ttl.create_cb shape=[2, 1], tile_type=!ttcore.tile<32x32, f32>, buffer_factor=2`; the result type
    may follow a colon.
    """

    name = "ttl.create_cb"
    shape = prop_def(I64Array)
    tile_type = prop_def(TypeAttribute)
    buffer_factor = prop_def(IntegerAttr[I64])
    memory_space = prop_def(MemorySpaceAttr)
    result = result_def(CBType)
    traits = traits_def(TTLCanonicalization())

    def __init__(self, type: CBType):
        super().__init__(
            properties={
                "shape": i64_array(ints(type.shape)),
                "tile_type": type.tile_type,
                "buffer_factor": integer(type.buffer_factor.data),
                "memory_space": MemorySpaceAttr(MemorySpace(type.memory_space.data)),
            },
            result_types=[type],
        )

    @classmethod
    def parse(cls, parser: Parser) -> "CreateCBOp":
        start = parser.pos
        parse_key(parser, "shape")
        shape = parse_i64_array(parser)
        parser.parse_punctuation(",")
        parse_key(parser, "tile_type")
        tile = parser.parse_type()
        parser.parse_punctuation(",")
        parse_key(parser, "buffer_factor")
        factor = parser.parse_integer(allow_boolean=False)
        space = MemorySpace.L1
        if parser.parse_optional_punctuation(",") is not None:
            parse_key(parser, "memory_space")
            space = parser.parse_str_enum(MemorySpace)
        attributes = parser.parse_optional_attr_dict()
        types = parse_result_types(parser)
        try:
            type = CBType(array_ints(shape), tile, factor, space) if types is None else types[0]
        except VerifyException as error:
            parser.raise_error(str(error), start, parser.pos)
        return cls.create(
            properties={
                "shape": shape,
                "tile_type": tile,
                "buffer_factor": IntegerAttr(factor, i64),
                "memory_space": MemorySpaceAttr(space),
            },
            attributes=attributes,
            result_types=[type],
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(f" shape={format_array(self.shape)}, tile_type=")
        printer.print_attribute(self.tile_type)
        printer.print_string(f", buffer_factor={self.buffer_factor.value.data}")
        if self.memory_space.data is not MemorySpace.L1:
            printer.print_string(f", memory_space={self.memory_space.data.value}")
        print_attributes(printer, self)
        print_result_types(printer, self)

    def verify_(self) -> None:
        type = self.result.type
        if array_ints(self.shape) != ints(type.shape):
            raise VerifyException(f"shape {format_array(self.shape)} does not match the result type {type}")
        if self.buffer_factor.value.data != type.buffer_factor.data:
            raise VerifyException(
                f"buffer_factor {self.buffer_factor.value.data} does not match the result type {type}"
            )
        if self.tile_type != type.tile_type:
            raise VerifyException(f"tile_type {self.tile_type} does not match the result type {type}")
        if self.memory_space.data.value != type.memory_space.data:
            raise VerifyException(
                f"memory_space {self.memory_space.data} does not match the result type {type}"
            )


class _CBOp(IRDLOperation):
    """A circular buffer and the tiles of a block, or of several blocks in a row: `ttl.cb_push %cb, 2`."""

    cb = operand_def(CBType)
    num_tiles = prop_def(IntegerAttr[I64])

    @property
    def cb_type(self) -> CBType:
        type_ = self.operands[0].type
        assert isinstance(type_, CBType)
        return type_

    @property
    def blocks(self) -> int:
        """Blocks in a row: one, unless a schedule has put copies together."""
        return self.num_tiles.value.data // self.cb_type.tiles_per_block

    @classmethod
    def parse(cls, parser: Parser) -> "_CBOp":
        cb = parse_operand(parser)
        parser.parse_punctuation(",")
        count = parser.parse_integer(allow_boolean=False)
        ahead = []
        if issubclass(cls, _CBAcquireOp) and parser.parse_optional_keyword("ahead") is not None:
            ahead.append(parse_operand(parser))
        attributes = parser.parse_optional_attr_dict()
        types = parse_result_types(parser)
        return cls.create(
            operands=[cb, *ahead],
            properties={"num_tiles": IntegerAttr(count, i64)},
            attributes=attributes,
            result_types=types or [],
        )

    def print(self, printer: Printer) -> None:
        print_operands(printer, [self.cb])
        printer.print_string(f", {self.num_tiles.value.data}")
        if len(self.operands) > 1:
            printer.print_string(" ahead")
            print_operands(printer, self.operands[1:])
        print_attributes(printer, self)
        print_result_types(printer, self)

    def verify_(self) -> None:
        expected, tiles = self.cb_type.tiles_per_block, self.num_tiles.value.data
        if tiles == expected:
            return
        if tiles < expected or tiles % expected or tiles > self.cb_type.total_tiles:
            raise VerifyException(f"{tiles} tiles, but a block of {self.cb_type} has {expected}")
        require_thread(self, "datamovement")
        if self.cb_type.buffer_factor.data % self.blocks:
            raise VerifyException(
                f"{self.blocks} blocks at a time do not divide the {self.cb_type.buffer_factor.data} of the buffer: some would"
                " not lie in a row"
            )


class _CBAcquireOp(_CBOp):
    """Acquisition of a block; the result, if any, is the block (a memref of it after bufferization)."""

    cb = operand_def(CBType)
    ahead = opt_operand_def(IndexType())
    block = opt_result_def()
    traits = traits_def(TTLCanonicalization())

    def __init__(
        self,
        cb: SSAValue,
        *,
        with_block: bool = True,
        ahead: SSAValue | None = None,
        type: BlockType | None = None,
    ):
        """The block behind `ahead` others that are held; `type` is that of several blocks in a row."""
        assert isinstance(cb.type, CBType)
        type = cb.type.block_type if type is None else type
        super().__init__(
            operands=[cb, ahead],
            properties={"num_tiles": integer(prod(type.tensor_type.get_shape()))},
            result_types=[[type] if with_block else []],
        )

    def verify_(self) -> None:
        super().verify_()
        self._verify_ahead()
        if self.block is None:
            return
        match self.block.type:
            case BlockType(tensor_type=shaped) | (MemRefType() as shaped):
                if shaped.element_type != self.cb_type.tile_type or (
                    tuple(shaped.get_shape()) not in _shapes(ints(self.cb_type.shape), self.blocks)
                ):
                    raise VerifyException(f"block {self.block.type} is no block of {self.cb_type}")
            case other:
                raise VerifyException(f"the result must be a block or a memref, got {other}")

    def _verify_ahead(self) -> None:
        if self.ahead is None:
            return
        known, blocks = constant_index(self.ahead), self.cb_type.buffer_factor.data
        if known is not None and not 0 <= known < blocks:
            raise VerifyException(f"there is no block behind {known} others in a buffer of {blocks}")


def _shapes(block: tuple[int, ...], count: int) -> set[tuple[int, ...]]:
    """Shapes that blocks in a row may be taken as: their tiles lie in the order of that shape."""
    if count == 1:
        return {block}
    outer = next((d for d, size in enumerate(block) if size != 1), len(block) - 1)
    rows = {(*block[:d], block[d] * count, *block[d + 1 :]) for d in range(outer + 1)}
    return rows | {(count, *block)}


class _CBReleaseOp(_CBOp):
    """Release of a block, or of several in a row."""

    def __init__(self, cb: SSAValue, blocks: int = 1):
        assert isinstance(cb.type, CBType)
        tiles = cb.type.tiles_per_block * blocks
        super().__init__(operands=[cb], properties={"num_tiles": integer(tiles)})


@irdl_op_definition
class CBWaitOp(_CBAcquireOp):
    """Consumer acquire: wait until a block has been pushed.

    `%x = ttl.cb_wait %cb, 2 : !ttl.block<tensor<2x1x!ttcore.tile<32x32, f32>>>`, or without result. With `ahead %n` it is for
    the block behind `%n` blocks that are waited for and not popped yet, else for the oldest; blocks are popped in their order.
    """

    name = "ttl.cb_wait"


@irdl_op_definition
class CBReserveOp(_CBAcquireOp):
    """Producer acquire: wait until there is room for a block.

    `%x = ttl.cb_reserve %cb, 2 ahead %n : ..` reserves the block behind `%n` blocks that are reserved and not pushed
    yet: blocks are pushed in the order in which they were reserved.
    """

    name = "ttl.cb_reserve"


@irdl_op_definition
class CBPopOp(_CBReleaseOp):
    """Consumer release: the block waited for may be overwritten."""

    name = "ttl.cb_pop"


@irdl_op_definition
class CBPushOp(_CBReleaseOp):
    """Producer release: the block reserved is ready for the consumer."""

    name = "ttl.cb_push"


@irdl_op_definition
class GetTileOp(IRDLOperation):
    """Take one tile of the block waited for: `%t = ttl.get_tile %cb, %i`."""

    name = "ttl.get_tile"
    cb = operand_def(CBType)
    tile_idx = operand_def(IndexType())
    tile = result_def(TileType)
    traits = traits_def(ReadsBlocks())

    def __init__(self, cb: SSAValue, tile_idx: SSAValue):
        assert isinstance(cb.type, CBType)
        super().__init__(operands=[cb, tile_idx], result_types=[cb.type.tile_type])

    @classmethod
    def parse(cls, parser: Parser) -> "GetTileOp":
        start = parser.pos
        operands = parse_operand_count(parser, 2)
        attributes = parser.parse_optional_attr_dict()
        types = parse_result_types(parser)
        if types is None:
            cb_type = operands[0].type
            if not isinstance(cb_type, CBType):
                parser.raise_error(f"expected a circular buffer, got {cb_type}", start, parser.pos)
            types = [cb_type.tile_type]
        return cls.create(operands=operands, attributes=attributes, result_types=types)

    def print(self, printer: Printer) -> None:
        print_operands(printer, self.operands)
        print_attributes(printer, self)
        print_result_types(printer, self)

    def verify_(self) -> None:
        assert isinstance(self.cb.type, CBType)
        require_thread(self, "compute")
        if self.tile.type != self.cb.type.tile_type:
            raise VerifyException(f"tile {self.tile.type} is no tile of {self.cb.type}")
        check_tile_index(self.tile_idx, self.cb.type)


@irdl_op_definition
class PackTileOp(IRDLOperation):
    """Pack DST register `dst_idx` into tile `tile_idx` of the reserved block: `ttl.pack_tile %d, %cb, %i`."""

    name = "ttl.pack_tile"
    dst_idx = operand_def(IndexType())
    cb = operand_def(CBType)
    tile_idx = operand_def(IndexType())

    def __init__(self, dst_idx: SSAValue, cb: SSAValue, tile_idx: SSAValue):
        super().__init__(operands=[dst_idx, cb, tile_idx])

    @classmethod
    def parse(cls, parser: Parser) -> "PackTileOp":
        operands = parse_operand_count(parser, 3)
        attributes = parser.parse_optional_attr_dict()
        return cls.create(operands=operands, attributes=attributes)

    def print(self, printer: Printer) -> None:
        print_operands(printer, self.operands)
        print_attributes(printer, self)

    def verify_(self) -> None:
        assert isinstance(self.cb.type, CBType)
        require_thread(self, "compute")
        check_tile_index(self.tile_idx, self.cb.type)


def check_tile_index(index: SSAValue, cb: CBType) -> None:
    """Raise VerifyException when `index` is known and is no tile of a circular buffer."""
    constant = constant_index(index)
    if constant is not None and not 0 <= constant < cb.total_tiles:
        raise VerifyException(f"there is no tile {constant} in {cb}, which holds {cb.total_tiles}")


def acquired_cb(block: SSAValue) -> SSAValue | None:
    """The circular buffer that `block` was acquired from, or None when it is no block of one."""
    if isinstance(block, OpResult) and isinstance(block.op, _CBAcquireOp):
        return block.op.cb
    return None


AcquireOp = _CBAcquireOp
ReleaseOp = _CBReleaseOp
RELEASE_OF: dict[type[_CBAcquireOp], type[_CBReleaseOp]] = {CBWaitOp: CBPopOp, CBReserveOp: CBPushOp}
__all__ = [
    "RELEASE_OF",
    "AcquireOp",
    "CBPopOp",
    "CBPushOp",
    "CBReserveOp",
    "CBWaitOp",
    "CreateCBOp",
    "GetTileOp",
    "PackTileOp",
    "ReleaseOp",
    "acquired_cb",
]
