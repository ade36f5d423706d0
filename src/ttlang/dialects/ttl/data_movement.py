# SPDX-License-Identifier: Apache-2.0
"""Tensor accessors, transfers, barriers and the coordinates of a core."""

from collections.abc import Sequence
from typing import cast

from xdsl.dialects.builtin import I64, IndexType, IntegerAttr, i64
from xdsl.ir import Attribute, SSAValue, TypeAttribute
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from ttlang.dialects.interned import INDEX, tensor

from .attributes import (
    AccessorType,
    LayoutAttr,
    MemorySpace,
    MemorySpaceAttr,
    SliceAttr,
    element_type,
    ints,
)
from .canonical import TTLCanonicalization
from .compute import tensor_shape
from .layouts import check_layout
from .syntax import (
    constant_index,
    parse_key,
    parse_operand,
    parse_operands,
    parse_result_types,
    print_attributes,
    print_operands,
    print_result_types,
)
from .transfers import TRANSFER_OPS, CopyOp, Direction, DMABarrierOp, WaitOp

__all__ = [
    "DATA_MOVEMENT_OPS",
    "CopyOp",
    "CoreIndexOp",
    "DMABarrierOp",
    "Direction",
    "GridSizeOp",
    "IndexAccessorOp",
    "TensorAccessorOp",
    "WaitOp",
]


@irdl_op_definition
class TensorAccessorOp(IRDLOperation):
    """Create an accessor of a tensor: `%acc = ttl.tensor_accessor %t {layout = #ttl.layout<..>, memspace =
    DRAM}`.
    """

    name = "ttl.tensor_accessor"
    tensor = operand_def()
    layout = prop_def(LayoutAttr)
    memory_space = prop_def(MemorySpaceAttr)
    accessor = result_def(AccessorType)
    traits = traits_def(Pure())

    def __init__(self, tensor: SSAValue, layout: LayoutAttr, memory_space: MemorySpace):
        super().__init__(
            operands=[tensor],
            properties={"layout": layout, "memory_space": MemorySpaceAttr(memory_space)},
            result_types=[AccessorType(cast(TypeAttribute, tensor.type), layout, memory_space)],
        )

    @classmethod
    def parse(cls, parser: Parser) -> "TensorAccessorOp":
        tensor = parse_operand(parser)
        with parser.in_braces():
            parse_key(parser, "layout")
            start = parser.pos
            layout = parser.parse_attribute()
            if not isinstance(layout, LayoutAttr):
                parser.raise_error(f"expected a #ttl.layout, got {layout}", start, parser.pos)
            parser.parse_punctuation(",")
            parse_key(parser, "memspace")
            space = parser.parse_str_enum(MemorySpace)
        attributes = parser.parse_optional_attr_dict()
        types = parse_result_types(parser)
        op = cls(tensor, layout, space)
        op.attributes.update(attributes)
        if types is not None and types != [op.accessor.type]:
            parser.raise_error(f"the result type must be {op.accessor.type}")
        return op

    def print(self, printer: Printer) -> None:
        print_operands(printer, self.operands)
        printer.print_string(" {layout = ")
        printer.print_attribute(self.layout)
        printer.print_string(f", memspace = {self.memory_space.data.value}}}")
        print_attributes(printer, self)

    def verify_(self) -> None:
        space = self.memory_space.data
        check_layout(self.tensor.type, self.layout, space.value)
        expected = AccessorType(cast(TypeAttribute, self.tensor.type), self.layout, space)
        if self.accessor.type != expected:
            raise VerifyException(f"the result type must be {expected}, got {self.accessor.type}")


@irdl_op_definition
class IndexAccessorOp(IRDLOperation):
    """Select a slice of a tensor by the coordinates of its first tile (or scalar).

    `%ref = ttl.index_accessor %acc, %row, %col : tensor<2x1x!ttcore.tile<..>>`; the result type has the
    sizes, `steps` the distance between elements along each dimension (1 when absent).
    """

    name = "ttl.index_accessor"
    accessor = operand_def(AccessorType)
    indices = var_operand_def(IndexType())
    slice = opt_prop_def(SliceAttr)
    tile_ref = result_def()
    traits = traits_def(Pure(), TTLCanonicalization())

    def __init__(
        self,
        accessor: SSAValue,
        indices: Sequence[SSAValue],
        sizes: Sequence[int],
        steps: Sequence[int] | None = None,
    ):
        assert isinstance(accessor.type, AccessorType)
        strided = steps is not None and any(s != 1 for s in steps)
        super().__init__(
            operands=[accessor, indices],
            properties={"slice": SliceAttr(sizes, steps) if strided else None},
            result_types=[tensor(element_type(accessor.type.tensor_type), sizes)],
        )

    @property
    def accessor_type(self) -> AccessorType:
        assert isinstance(self.accessor.type, AccessorType)
        return self.accessor.type

    @property
    def tensor(self) -> SSAValue:
        """The tensor that the slice is of; an accessor that no op makes stands for its own."""
        made = self.accessor.owner
        return made.tensor if isinstance(made, TensorAccessorOp) else self.accessor

    @property
    def sizes(self) -> tuple[int, ...]:
        return tensor_shape(self.tile_ref.type) or ()

    @property
    def steps(self) -> tuple[int, ...]:
        return (1,) * len(self.sizes) if self.slice is None else ints(self.slice.steps)

    @classmethod
    def parse(cls, parser: Parser) -> "IndexAccessorOp":
        start = parser.pos
        operands = parse_operands(parser)
        accessor = operands[0].type
        if not isinstance(accessor, AccessorType):
            parser.raise_error(f"expected an accessor, got {accessor}", start, parser.pos)
        properties: dict[str, Attribute] = {}
        if parser.parse_optional_keyword("slice") is not None:
            slice_start = parser.pos
            slice = parser.parse_attribute()
            if not isinstance(slice, SliceAttr):
                parser.raise_error(f"expected a #ttl.slice, got {slice}", slice_start, parser.pos)
            properties["slice"] = slice
        attributes = parser.parse_optional_attr_dict()
        types = parse_result_types(parser)
        if types is None:
            sizes = (1,) * (len(operands) - 1)
            types = [tensor(element_type(accessor.tensor_type), sizes)]
        return cls.create(operands=operands, properties=properties, attributes=attributes, result_types=types)

    def print(self, printer: Printer) -> None:
        print_operands(printer, self.operands)
        if self.slice is not None:
            printer.print_string(" slice ")
            printer.print_attribute(self.slice)
        print_attributes(printer, self)
        print_result_types(printer, self)

    def verify_(self) -> None:
        shape = tensor_shape(self.accessor_type.tensor_type) or ()
        if len(self.indices) != len(shape):
            raise VerifyException(f"{len(self.indices)} indices for a tensor of rank {len(shape)}")
        if len(self.sizes) != len(shape):
            raise VerifyException(
                f"a slice of rank {len(self.sizes)} of a tensor of rank {len(shape)}: {self.tile_ref.type}"
            )
        if self.slice is not None and ints(self.slice.sizes) != self.sizes:
            raise VerifyException(
                f"slice sizes {list(ints(self.slice.sizes))} but a result of {list(self.sizes)}"
            )
        elements = (element_type(self.accessor_type.tensor_type), element_type(self.tile_ref.type))
        if elements[0] != elements[1]:
            raise VerifyException(f"a slice of {elements[0]} cannot have elements {elements[1]}")
        starts = [constant_index(index) for index in self.indices]
        for i, (size, whole) in enumerate(zip(self.sizes, shape, strict=True)):
            if size > whole:
                raise VerifyException(f"slice of {size} along dimension {i} of a tensor of {list(shape)}")
            start, step = starts[i], self.steps[i]
            if start is not None and not (0 <= start < whole and 0 <= start + (size - 1) * step < whole):
                raise VerifyException(
                    f"elements {start} to {start + (size - 1) * step} along dimension {i}"
                    f" are outside of a tensor of {list(shape)}"
                )


class _CoordinatesOp(IRDLOperation):
    """`%x, %y = ttl.core_index(dims = 2)`; without `dims`, as many as there are results."""

    dims = opt_prop_def(IntegerAttr[I64])

    @classmethod
    def parse(cls, parser: Parser) -> "_CoordinatesOp":
        count = 1
        properties: dict[str, Attribute] = {}
        if parser.parse_optional_punctuation("(") is not None:
            if parser.parse_optional_keyword("dims") is not None:
                parser.parse_punctuation("=")
                start = parser.pos
                count = parser.parse_integer(allow_boolean=False)
                if not 1 <= count <= 3:
                    parser.raise_error(f"a grid has 1 to 3 dimensions, got {count}", start, parser.pos)
                properties["dims"] = IntegerAttr(count, i64)
            parser.parse_punctuation(")")
        attributes = parser.parse_optional_attr_dict()
        return cls.create(properties=properties, attributes=attributes, result_types=[INDEX] * count)

    def print(self, printer: Printer) -> None:
        printer.print_string(f"(dims = {len(self.results)})")
        print_attributes(printer, self)

    def verify_(self) -> None:
        if self.dims is not None and self.dims.value.data != len(self.results):
            raise VerifyException(f"dims = {self.dims.value.data} but {len(self.results)} results")
        if not 1 <= len(self.results) <= 3:
            raise VerifyException(f"a grid has 1 to 3 dimensions, got {len(self.results)}")


@irdl_op_definition
class CoreIndexOp(_CoordinatesOp):
    """Coordinates of this core in the grid; the first is x (column). `core_range` does not shift them.

    With fewer dims than the grid has, the highest dimension is flattened; with more, the rest are 0.
    """

    name = "ttl.core_index"
    coordinates = var_result_def(IndexType())
    traits = traits_def(Pure(), TTLCanonicalization())

    def __init__(self, dims: int):
        super().__init__(properties={"dims": IntegerAttr(dims, i64)}, result_types=[[INDEX] * dims])


@irdl_op_definition
class GridSizeOp(_CoordinatesOp):
    """Sizes of the grid; with fewer dims than the grid has, the highest is flattened, with more, the rest
    are 1.
    """

    name = "ttl.grid_size"
    sizes = var_result_def(IndexType())
    traits = traits_def(Pure(), TTLCanonicalization())

    def __init__(self, dims: int):
        super().__init__(properties={"dims": IntegerAttr(dims, i64)}, result_types=[[INDEX] * dims])


DATA_MOVEMENT_OPS: list[type[IRDLOperation]] = [
    TensorAccessorOp,
    IndexAccessorOp,
    *TRANSFER_OPS,
    CoreIndexOp,
    GridSizeOp,
]
