# SPDX-License-Identifier: Apache-2.0
"""Transfers over the network on chip, and waiting for them."""

from xdsl.dialects.builtin import IndexType, MemRefType, StringAttr, TensorType, UnitAttr
from xdsl.ir import Attribute, OpResult, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    result_def,
    traits_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.str_enum import StrEnum

from .attributes import AccessorType, BlockType, CBType, MemTxType, PipeType, element_type, ints
from .canonical import TTLCanonicalization
from .compute import tensor_shape
from .layouts import ACCESSIBLE
from .structure import require_thread
from .syntax import (
    I64Array,
    array_ints,
    constant_index,
    format_array,
    i64_array,
    parse_i64_array,
    parse_operand,
    parse_operand_count,
    parse_optional_key,
    parse_result_types,
    print_attributes,
    print_operands,
)

_KINDS: dict[type[Attribute], str] = {
    AccessorType: "tensor",
    TensorType: "tensor",
    MemRefType: "memref",
    BlockType: "block",
    CBType: "block",
    PipeType: "pipe",
}

_ILLEGAL = {
    ("tensor", "tensor"): "data moves through a block: copy to a block first, and from it then",
    ("tensor", "pipe"): "a pipe carries blocks: copy to a block first",
    ("pipe", "tensor"): "a pipe carries blocks: copy to a block first",
    ("pipe", "pipe"): "a pipe leads to a block: receive there, and send on then",
}
"""Pairs of source and destination between which nothing moves, and what to do instead."""


def transfer_kind(type: Attribute) -> str:
    """ "tensor" (a slice, in L1 or DRAM), "block" (of this core), "pipe", or "memref" (any memory).

    Raises VerifyException for what no transfer can read or write.
    """
    kind = _KINDS.get(type.__class__)
    if kind is not None:
        return kind
    raise VerifyException(f"a transfer moves slices of tensors, blocks and pipes, not {type}")


def transfer_memory(value: SSAValue) -> str | None:
    """Memory of an end of a transfer: L1, DRAM, DST or System; None where the value does not say."""
    match value.type:
        case AccessorType(memory_space=space) | CBType(memory_space=space):
            return space.data
        case BlockType():
            return "L1"
        case TensorType() if isinstance(value, OpResult) and value.op.operands:
            source = value.op.operands[0].type
            return source.memory_space.data if isinstance(source, AccessorType) else None
    return None


@irdl_op_definition
class CopyOp(IRDLOperation):
    """Start of an asynchronous transfer: tensor slice to block, block to slice, block to pipe, pipe to
    block, block to block.

    `%tx = ttl.copy %ref, %block`; coordinates may stand in `src_coords = [..]` and `dst_coords = [..]` when
    an operand is an accessor. A circular buffer stands for the block acquired from it.

    `%tx = ttl.copy %ref, %block transaction %id`: a read with a transaction id of the NoC, 1 to 15. Nobody but a
    `ttl.dma_barrier read transaction %id` waits for it. Schedules that prefetch make this form.
    """

    name = "ttl.copy"
    src = operand_def()
    dst = operand_def()
    transaction = opt_operand_def(IndexType())
    src_coords = opt_prop_def(I64Array)
    dst_coords = opt_prop_def(I64Array)
    tx = result_def(MemTxType)
    traits = traits_def(TTLCanonicalization())

    def __init__(
        self,
        src: SSAValue,
        dst: SSAValue,
        *,
        src_coords: tuple[int, ...] | None = None,
        dst_coords: tuple[int, ...] | None = None,
        transaction: SSAValue | None = None,
    ):
        super().__init__(
            operands=[src, dst, transaction],
            properties={
                "src_coords": None if src_coords is None else i64_array(src_coords),
                "dst_coords": None if dst_coords is None else i64_array(dst_coords),
            },
            result_types=[MemTxType()],
        )

    @classmethod
    def parse(cls, parser: Parser) -> "CopyOp":
        operands = parse_operand_count(parser, 2)
        properties: dict[str, Attribute] = {}
        for name in ("src_coords", "dst_coords"):
            if parse_optional_key(parser, name):
                properties[name] = parse_i64_array(parser)
        operands += _parse_transaction(parser)
        attributes = parser.parse_optional_attr_dict()
        parse_result_types(parser)
        return cls.create(
            operands=operands, properties=properties, attributes=attributes, result_types=[MemTxType()]
        )

    def print(self, printer: Printer) -> None:
        print_operands(printer, [self.src, self.dst])
        for name, coords in (("src_coords", self.src_coords), ("dst_coords", self.dst_coords)):
            if coords is not None:
                printer.print_string(f" {name} = {format_array(coords)}")
        _print_transaction(printer, self.transaction)
        print_attributes(printer, self)

    def verify_(self) -> None:
        require_thread(self, "datamovement")
        kinds = (transfer_kind(self.src.type), transfer_kind(self.dst.type))
        advice = _ILLEGAL.get(kinds)
        if advice is not None:
            raise VerifyException(f"cannot copy {self.src.type} to {self.dst.type}: {advice}")
        for end, value in (("source", self.src), ("destination", self.dst)):
            memory = transfer_memory(value)
            if memory is not None and memory not in ACCESSIBLE:
                raise VerifyException(
                    f"the {end} is in {memory} memory,"
                    f" the network on chip reaches {' and '.join(ACCESSIBLE)} only"
                )
        for name, value, coords in (
            ("src_coords", self.src, self.src_coords),
            ("dst_coords", self.dst, self.dst_coords),
        ):
            self._verify_coordinates(name, value.type, coords)
        self._verify_shapes()
        if self.transaction is not None:
            if kinds[0] not in ("tensor", "memref") or kinds[1] not in ("block", "memref"):
                raise VerifyException("only reads of tensors into blocks have a transaction")
            _verify_transaction(self.transaction)

    def _verify_coordinates(self, name: str, type: Attribute, coords: I64Array | None) -> None:
        if coords is None:
            return
        if not isinstance(type, AccessorType):
            raise VerifyException(f"{name} {format_array(coords)} are for an accessor, not for {type}")
        shape = tensor_shape(type.tensor_type) or ()
        values = array_ints(coords)
        if len(values) != len(shape) or any(not 0 <= c < size for c, size in zip(values, shape, strict=True)):
            raise VerifyException(f"{name} {list(values)} are outside of the tensor of {list(shape)}")

    def _verify_shapes(self) -> None:
        """Blocks and slices must have equal shapes and elements; accessors give as much as the block
        takes.
        """
        src, dst = (_extent(v.type) for v in (self.src, self.dst))
        if src is None or dst is None:
            return
        if _without_outer_ones(src) != _without_outer_ones(dst):
            raise VerifyException(f"cannot copy a block of {list(src)} to one of {list(dst)}")
        elements = (element_type(self.src.type), element_type(self.dst.type))
        if elements[0] != elements[1]:
            raise VerifyException(
                f"a transfer converts nothing: elements {elements[0]} and {elements[1]} differ"
            )


def _without_outer_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A slice of a tensor of higher rank fits a block of lower rank when the outer sizes are 1."""
    outer = next((i for i, size in enumerate(shape) if size != 1), len(shape))
    return shape[outer:]


def _extent(type: Attribute) -> tuple[int, ...] | None:
    match type:
        case CBType():
            return ints(type.shape)
        case PipeType() | AccessorType():
            return None
    return tensor_shape(type)


@irdl_op_definition
class WaitOp(IRDLOperation):
    """Wait for a transfer; lowers to a barrier of its direction: `ttl.wait %tx`."""

    name = "ttl.wait"
    tx = operand_def(MemTxType)
    traits = traits_def(TTLCanonicalization())

    def __init__(self, tx: SSAValue):
        super().__init__(operands=[tx])

    @classmethod
    def parse(cls, parser: Parser) -> "WaitOp":
        return cls.create(operands=[parse_operand(parser)], attributes=parser.parse_optional_attr_dict())

    def print(self, printer: Printer) -> None:
        print_operands(printer, self.operands)
        print_attributes(printer, self)

    def verify_(self) -> None:
        require_thread(self, "datamovement")


class Direction(StrEnum):
    """Direction of a transfer, seen from the core that issues it."""

    read = "read"
    write = "write"


@irdl_op_definition
class DMABarrierOp(IRDLOperation):
    """Wait for all transfers of this thread, or for those of one direction: `ttl.dma_barrier read`.

    `ttl.dma_barrier read transaction %id` waits for the reads of one transaction; `ttl.dma_barrier write sent` until writes
    have left this core, whose blocks may then be used again: they may not have arrived.
    """

    name = "ttl.dma_barrier"
    transaction = opt_operand_def(IndexType())
    direction = opt_prop_def(StringAttr)
    sent = opt_prop_def(UnitAttr)
    traits = traits_def(TTLCanonicalization())

    def __init__(
        self,
        direction: Direction | None = None,
        *,
        transaction: SSAValue | None = None,
        sent: bool = False,
    ):
        super().__init__(
            operands=[transaction],
            properties={
                "direction": None if direction is None else StringAttr(direction.value),
                "sent": UnitAttr() if sent else None,
            },
        )

    @property
    def is_complete(self) -> bool:
        """Whether it waits until all transfers of its direction have arrived."""
        return self.transaction is None and self.sent is None

    @classmethod
    def parse(cls, parser: Parser) -> "DMABarrierOp":
        properties: dict[str, Attribute] = {}
        word = parser.parse_optional_keyword_in(tuple(d.value for d in Direction))
        if word is not None:
            properties["direction"] = StringAttr(word)
        if parser.parse_optional_keyword("sent") is not None:
            properties["sent"] = UnitAttr()
        operands = _parse_transaction(parser)
        return cls.create(
            operands=operands, properties=properties, attributes=parser.parse_optional_attr_dict()
        )

    def print(self, printer: Printer) -> None:
        if self.direction is not None:
            printer.print_string(f" {self.direction.data}")
        if self.sent is not None:
            printer.print_string(" sent")
        _print_transaction(printer, self.transaction)
        print_attributes(printer, self)

    def verify_(self) -> None:
        require_thread(self, "datamovement")
        direction = None if self.direction is None else self.direction.data
        if direction is not None and direction not in Direction.__members__:
            raise VerifyException(f'direction must be "read" or "write", got "{direction}"')
        if self.transaction is not None:
            if direction != "read" or self.sent is not None:
                raise VerifyException(
                    "only reads have transactions: write ttl.dma_barrier read transaction %id"
                )
            _verify_transaction(self.transaction)
        elif self.sent is not None and direction != "write":
            raise VerifyException("only writes are sent: write ttl.dma_barrier write sent")


MAX_TRANSACTION = 15
"""The largest transaction id of the NoC; 0 is that of transfers without one (Tensix documentation, NoC)."""


def _parse_transaction(parser: Parser) -> list[SSAValue]:
    return [parse_operand(parser)] if parser.parse_optional_keyword("transaction") is not None else []


def _print_transaction(printer: Printer, transaction: SSAValue | None) -> None:
    if transaction is not None:
        printer.print_string(" transaction")
        print_operands(printer, [transaction])


def _verify_transaction(transaction: SSAValue) -> None:
    known = constant_index(transaction)
    if known is not None and not 1 <= known <= MAX_TRANSACTION:
        raise VerifyException(f"a transaction is 1 to {MAX_TRANSACTION}, got {known}")


TRANSFER_OPS: list[type[IRDLOperation]] = [CopyOp, WaitOp, DMABarrierOp]
