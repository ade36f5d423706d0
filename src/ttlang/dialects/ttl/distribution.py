# SPDX-License-Identifier: Apache-2.0
"""Tensors distributed over a grid of cores: type, views of the local shard, redistribution."""

from collections.abc import Sequence
from typing import cast

from xdsl.dialects.builtin import MemRefType, StringAttr, TensorType
from xdsl.dialects.utils import EnumAttribute
from xdsl.ir import Attribute, ParametrizedAttribute, SSAValue, TypeAttribute
from xdsl.irdl import (
    IRDLOperation,
    base,
    irdl_attr_definition,
    irdl_op_definition,
    operand_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.parser import AttrParser, Parser
from xdsl.printer import Printer
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.str_enum import StrEnum

from .attributes import IntList, MemorySpace, format_int_list, int_list, ints, parse_int_list
from .syntax import (
    parse_key,
    parse_operand,
    parse_result_types,
    print_attributes,
    print_operands,
    print_result_types,
)


class Strategy(StrEnum):
    """How the parts of a distributed tensor are dealt to the cores.

    `sharded`: one shard per core, at the core's place in the grid; `height_sharded`, `width_sharded`: only
    rows, only columns are divided; `interleaved`: page i is on core i modulo the number of cores.
    """

    sharded = "sharded"
    height_sharded = "height_sharded"
    width_sharded = "width_sharded"
    interleaved = "interleaved"


@irdl_attr_definition
class DistributionStrategyAttr(EnumAttribute[Strategy]):
    """`#ttl.distribution_strategy<sharded>`"""

    name = "ttl.distribution_strategy"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> Strategy:
        with parser.in_angle_brackets():
            return parser.parse_str_enum(Strategy)

    def print_parameter(self, printer: Printer) -> None:
        printer.print_string(f"<{self.data.value}>")


@irdl_attr_definition
class DistTensorType(ParametrizedAttribute, TypeAttribute):
    """`!ttl.dist_tensor<grid=[8,8], shard=[32,32], f32, sharded, L1>`: a tensor in parts, one for each core
    of a grid.

    `grid` counts the parts and `shard` gives their sizes, along each dimension of the tensor; the whole has
    the shape grid x shard, here 256x256.
    """

    name = "ttl.dist_tensor"
    grid: IntList
    shard: IntList
    element_type: TypeAttribute
    strategy: StringAttr
    memory_space: StringAttr

    def __init__(
        self,
        grid: Sequence[int],
        shard: Sequence[int],
        element_type: TypeAttribute,
        strategy: Strategy = Strategy.sharded,
        memory_space: MemorySpace = MemorySpace.L1,
    ):
        super().__init__(
            int_list(grid),
            int_list(shard),
            element_type,
            StringAttr(strategy.value),
            StringAttr(memory_space.value),
        )

    @property
    def logical_shape(self) -> tuple[int, ...]:
        """Shape of the whole tensor."""
        return tuple(parts * size for parts, size in zip(ints(self.grid), ints(self.shard), strict=True))

    @property
    def shard_type(self) -> "TensorType[Attribute]":
        """Type of the part that one core holds."""
        return TensorType(cast(Attribute, self.element_type), ints(self.shard))

    def with_strategy(self, strategy: Strategy) -> "DistTensorType":
        return DistTensorType(
            ints(self.grid),
            ints(self.shard),
            self.element_type,
            strategy,
            MemorySpace(self.memory_space.data),
        )

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            parse_key(parser, "grid")
            grid = parse_int_list(parser)
            parser.parse_punctuation(",")
            parse_key(parser, "shard")
            shard = parse_int_list(parser)
            parser.parse_punctuation(",")
            element = parser.parse_type()
            parser.parse_punctuation(",")
            strategy = parser.parse_str_enum(Strategy)
            parser.parse_punctuation(",")
            space = parser.parse_str_enum(MemorySpace)
        return (grid, shard, element, StringAttr(strategy.value), StringAttr(space.value))

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string(
                f"grid={format_int_list(self.grid, ',')}, shard={format_int_list(self.shard, ',')}, "
            )
            printer.print_attribute(cast(Attribute, self.element_type))
            printer.print_string(f", {self.strategy.data}, {self.memory_space.data}")

    def verify(self) -> None:
        grid, shard = ints(self.grid), ints(self.shard)
        if len(grid) != len(shard) or not grid:
            raise VerifyException(
                f"grid {list(grid)} and shard {list(shard)} must have the rank of the tensor"
            )
        if min(*grid, *shard) < 1:
            raise VerifyException(f"grid {list(grid)} and shard {list(shard)} must have sizes of at least 1")
        undivided = {
            Strategy.height_sharded.value: grid[1:],
            Strategy.width_sharded.value: grid[:-1],
        }.get(self.strategy.data, ())
        if any(parts != 1 for parts in undivided):
            which = "first" if self.strategy.data == Strategy.height_sharded.value else "last"
            raise VerifyException(
                f"{self.strategy.data} divides the {which} dimension only, but the grid is {list(grid)}"
            )
        if self.memory_space.data not in (MemorySpace.L1.value, MemorySpace.DRAM.value):
            raise VerifyException(
                f"a distributed tensor lives in L1 or DRAM, not in {self.memory_space.data}"
            )


class _DistributionOp(IRDLOperation):
    """Ops written as `%r = ttl.x %a : type`, with an optional type."""

    @classmethod
    def infer(cls, operand: Attribute) -> Attribute | None:
        return None

    @classmethod
    def parse(cls, parser: Parser) -> "_DistributionOp":
        start = parser.pos
        operand = parse_operand(parser)
        attributes = parser.parse_optional_attr_dict()
        types = parse_result_types(parser)
        if types is None:
            inferred = cls.infer(operand.type)
            if inferred is None:
                parser.raise_error(f"the result type does not follow from {operand.type}", start, parser.pos)
            types = [inferred]
        return cls.create(operands=[operand], attributes=attributes, result_types=types)

    def print(self, printer: Printer) -> None:
        print_operands(printer, self.operands)
        print_attributes(printer, self)
        print_result_types(printer, self)


@irdl_op_definition
class DistributeOp(_DistributionOp):
    """A tensor as a distributed one: `%d = ttl.distribute %t : !ttl.dist_tensor<...>`; no data moves."""

    name = "ttl.distribute"
    tensor = operand_def(base(TensorType) | base(MemRefType))
    result = result_def(DistTensorType)
    traits = traits_def(Pure())

    def __init__(self, tensor: SSAValue, type: DistTensorType):
        super().__init__(operands=[tensor], result_types=[type])

    def verify_(self) -> None:
        tensor = cast("TensorType[Attribute] | MemRefType[Attribute]", self.tensor.type)
        type = self.result.type
        if tensor.get_shape() != type.logical_shape:
            raise VerifyException(
                f"grid {list(ints(type.grid))} x shard {list(ints(type.shard))} is a tensor of"
                f" {list(type.logical_shape)}, not of {list(tensor.get_shape())}"
            )
        if tensor.element_type != type.element_type:
            raise VerifyException(f"elements {tensor.element_type} cannot become {type.element_type}")


@irdl_op_definition
class ExtractShardOp(_DistributionOp):
    """The part of a distributed tensor that this core holds: `%local = ttl.extract_shard %d`."""

    name = "ttl.extract_shard"
    tensor = operand_def(DistTensorType)
    shard = result_def(TensorType)
    traits = traits_def(Pure())

    def __init__(self, tensor: SSAValue):
        assert isinstance(tensor.type, DistTensorType)
        super().__init__(operands=[tensor], result_types=[tensor.type.shard_type])

    @classmethod
    def infer(cls, operand: Attribute) -> Attribute | None:
        return operand.shard_type if isinstance(operand, DistTensorType) else None

    def verify_(self) -> None:
        type = cast(DistTensorType, self.tensor.type)
        if self.shard.type != type.shard_type:
            raise VerifyException(f"the shard of {type} is {type.shard_type}, not {self.shard.type}")


@irdl_op_definition
class RedistributeOp(IRDLOperation):
    """Deal the parts of a distributed tensor anew: `%r = ttl.redistribute %d strategy=interleaved`.

    The result type may follow a colon, to change grid, shard or memory space too; the shape of the whole
    stays.
    """

    name = "ttl.redistribute"
    tensor = operand_def(DistTensorType)
    strategy = prop_def(DistributionStrategyAttr)
    result = result_def(DistTensorType)

    def __init__(self, tensor: SSAValue, strategy: Strategy, result_type: DistTensorType | None = None):
        if result_type is None:
            assert isinstance(tensor.type, DistTensorType)
            result_type = tensor.type.with_strategy(strategy)
        super().__init__(
            operands=[tensor],
            properties={"strategy": DistributionStrategyAttr(strategy)},
            result_types=[result_type],
        )

    @classmethod
    def parse(cls, parser: Parser) -> "RedistributeOp":
        start = parser.pos
        tensor = parse_operand(parser)
        parse_key(parser, "strategy")
        strategy = parser.parse_str_enum(Strategy)
        attributes = parser.parse_optional_attr_dict()
        types = parse_result_types(parser)
        if types is None:
            if not isinstance(tensor.type, DistTensorType):
                parser.raise_error(f"expected a distributed tensor, got {tensor.type}", start, parser.pos)
            types = [tensor.type.with_strategy(strategy)]
        return cls.create(
            operands=[tensor],
            properties={"strategy": DistributionStrategyAttr(strategy)},
            attributes=attributes,
            result_types=types,
        )

    def print(self, printer: Printer) -> None:
        print_operands(printer, self.operands)
        printer.print_string(f" strategy={self.strategy.data.value}")
        print_attributes(printer, self)
        print_result_types(printer, self)

    def verify_(self) -> None:
        old = cast(DistTensorType, self.tensor.type)
        new = self.result.type
        if new.strategy.data != self.strategy.data.value:
            raise VerifyException(f"strategy {self.strategy.data} does not match the result type {new}")
        if old.logical_shape != new.logical_shape:
            raise VerifyException(
                f"a tensor of {list(old.logical_shape)} cannot become one of {list(new.logical_shape)}"
            )
        if old.element_type != new.element_type:
            raise VerifyException(f"elements {old.element_type} cannot become {new.element_type}")


DISTRIBUTION_OPS: list[type[IRDLOperation]] = [DistributeOp, ExtractShardOp, RedistributeOp]
