# SPDX-License-Identifier: Apache-2.0
"""Movement of tiles into and within the DST registers, inside `ttl.block_compute`."""

from xdsl.ir import SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, result_def, traits_def
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import Pure

from ttlang.dialects.ttcore import TileType

from .syntax import (
    parse_operand,
    parse_result_types,
    print_attributes,
    print_operands,
    print_result_types,
)


class _TileMove(IRDLOperation):
    """`%t = ttl.x %tile {dst = 0}`: the result is the operand's tile, in a DST register."""

    tile = operand_def(TileType)
    result = result_def(TileType)
    traits = traits_def(Pure())

    def __init__(self, tile: SSAValue):
        super().__init__(operands=[tile], result_types=[tile.type])

    @classmethod
    def parse(cls, parser: Parser) -> "_TileMove":
        tile = parse_operand(parser)
        attributes = parser.parse_optional_attr_dict()
        types = parse_result_types(parser)
        return cls.create(operands=[tile], attributes=attributes, result_types=types or [tile.type])

    def print(self, printer: Printer) -> None:
        print_operands(printer, self.operands)
        print_attributes(printer, self)
        print_result_types(printer, self)


@irdl_op_definition
class LoadTileOp(_TileMove):
    """Copy a tile of a circular buffer to a DST register: `%t = ttl.load_tile %x {dst = 0}`."""

    name = "ttl.load_tile"


@irdl_op_definition
class CopyDSTOp(_TileMove):
    """Copy a DST register to another one, for a value that an in-place op would overwrite."""

    name = "ttl.copy_dst"


REGISTER_OPS: list[type[IRDLOperation]] = [LoadTileOp, CopyDSTOp]
