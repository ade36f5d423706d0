# SPDX-License-Identifier: Apache-2.0
"""Reads and writes of single elements of a block, by data-movement threads."""

from collections.abc import Sequence
from typing import cast

from xdsl.dialects.builtin import IndexType, MemRefType, f32, i32
from xdsl.ir import Attribute, SSAValue, TypeAttribute
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, result_def, traits_def, var_operand_def
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import MemoryReadEffect, MemoryWriteEffect
from xdsl.utils.exceptions import VerifyException

from ttlang.dialects.ttcore import TileType

from .attributes import BlockType, element_type
from .compute import tensor_shape
from .structure import require_thread
from .syntax import parse_operand, parse_operands, print_attributes, print_operands


def element_value_type(block: Attribute) -> TypeAttribute:
    """Type of an element as a value: i32 for integer tiles, f32 for the others, itself for row-major data.

    Raises VerifyException for what has no elements.
    """
    if not isinstance(block, BlockType | MemRefType):
        raise VerifyException(f"expected a block, got {block}")
    element = element_type(block)
    if not isinstance(element, TileType):
        return element
    return i32 if element.format.is_integer else f32


def _parse_place(parser: Parser) -> list[SSAValue]:
    """`%block[%i, %j]`: the block, then the indices."""
    block = parse_operand(parser)
    parser.parse_punctuation("[")
    indices = parse_operands(parser)
    parser.parse_punctuation("]")
    return [block, *indices]


def _print_place(printer: Printer, block: SSAValue, indices: Sequence[SSAValue]) -> None:
    print_operands(printer, [block])
    with printer.in_square_brackets():
        printer.print_list(indices, printer.print_ssa_value)


def _verify_place(op: IRDLOperation, block: Attribute, rank: int) -> None:
    require_thread(op, "datamovement")
    element_value_type(block)
    shape = tensor_shape(block) or ()
    if len(shape) != rank:
        raise VerifyException(f"{rank} indices for an element of a block of rank {len(shape)}")


@irdl_op_definition
class ReadElementOp(IRDLOperation):
    """Read one element of a block: `%v = ttl.read_element %block[%row, %column]`.

    Indices count elements (datums) from the first of the block, not tiles. Floats of all formats come as f32,
    integers as i32.
    """

    name = "ttl.read_element"
    block = operand_def()
    indices = var_operand_def(IndexType())
    value = result_def()
    traits = traits_def(MemoryReadEffect())

    def __init__(self, block: SSAValue, indices: Sequence[SSAValue]):
        super().__init__(operands=[block, indices], result_types=[element_value_type(block.type)])

    @classmethod
    def parse(cls, parser: Parser) -> "ReadElementOp":
        operands = _parse_place(parser)
        return cls.create(
            operands=operands,
            attributes=parser.parse_optional_attr_dict(),
            result_types=[cast(Attribute, element_value_type(operands[0].type))],
        )

    def print(self, printer: Printer) -> None:
        _print_place(printer, self.block, self.indices)
        print_attributes(printer, self)

    def verify_(self) -> None:
        _verify_place(self, self.block.type, len(self.indices))
        expected = element_value_type(self.block.type)
        if self.value.type != expected:
            raise VerifyException(
                f"an element of {self.block.type} is read as {expected}, not {self.value.type}"
            )


@irdl_op_definition
class WriteElementOp(IRDLOperation):
    """Write one element of a block: `ttl.write_element %v, %block[%row, %column]`; rounds to the block's
    format.
    """

    name = "ttl.write_element"
    value = operand_def()
    block = operand_def()
    indices = var_operand_def(IndexType())
    traits = traits_def(MemoryWriteEffect())

    def __init__(self, value: SSAValue, block: SSAValue, indices: Sequence[SSAValue]):
        super().__init__(operands=[value, block, indices])

    @classmethod
    def parse(cls, parser: Parser) -> "WriteElementOp":
        value = parse_operand(parser)
        parser.parse_punctuation(",")
        return cls.create(
            operands=[value, *_parse_place(parser)], attributes=parser.parse_optional_attr_dict()
        )

    def print(self, printer: Printer) -> None:
        print_operands(printer, [self.value])
        printer.print_string(",")
        _print_place(printer, self.block, self.indices)
        print_attributes(printer, self)

    def verify_(self) -> None:
        _verify_place(self, self.block.type, len(self.indices))
        expected = element_value_type(self.block.type)
        if self.value.type != expected:
            raise VerifyException(
                f"an element of {self.block.type} is written as {expected}, not {self.value.type}"
            )


ELEMENT_OPS: list[type[IRDLOperation]] = [ReadElementOp, WriteElementOp]
