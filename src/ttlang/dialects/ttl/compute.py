# SPDX-License-Identifier: Apache-2.0
"""Arithmetic on blocks of tiles.

Operands are blocks, tensors of tiles, or (inside `ttl.block_compute`) single tiles; results are tensors or
tiles.
"""

from collections.abc import Sequence
from typing import ClassVar, cast

from xdsl.dialects.builtin import (
    AnyFloat,
    ArrayAttr,
    FloatAttr,
    MemRefType,
    StringAttr,
    TensorType,
    UnitAttr,
    f32,
    f64,
)
from xdsl.ir import Attribute, Block, Region, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import IsTerminator, NoTerminator, Pure
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.str_enum import StrEnum

from ttlang.dialects.elementwise import ELEMENTWISE, Elementwise
from ttlang.dialects.interned import tensor
from ttlang.dialects.ttcore import TileType, tile_type
from ttlang.hardware.data_formats import DataType

from .attributes import BlockType, element_type
from .canonical import ReadsBlocks, TTLCanonicalization
from .distribution import ExtractShardOp
from .structure import require_thread
from .syntax import (
    I64Array,
    array_ints,
    format_array,
    i64_array,
    parse_dictionary,
    parse_f32,
    parse_i64_array,
    parse_key,
    parse_number,
    parse_operand_count,
    parse_operands,
    parse_optional_key,
    parse_optional_operands,
    parse_result_types,
    print_attributes,
    print_dictionary,
    print_f32,
    print_operands,
    print_result_types,
)


def tensor_shape(type: Attribute) -> tuple[int, ...] | None:
    """Shape in tiles of a block, tensor or memref; None for a single tile."""
    match type:
        case BlockType():
            return type.tensor_type.get_shape()
        case TensorType() | MemRefType():
            return type.get_shape()
    return None


def tile_of(type: Attribute) -> TileType:
    tile = element_type(type)
    if not isinstance(tile, TileType):
        raise VerifyException(f"expected tiles, got {type}")
    return tile


def broadcast_shape(shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """Shape of an elementwise result: dimensions that differ must be 1, as in NumPy.

    Raises VerifyException naming the shapes that do not fit.
    """
    rank = max(len(s) for s in shapes)
    padded = [(1,) * (rank - len(s)) + s for s in shapes]
    result = []
    for sizes in zip(*padded, strict=True):
        size = max(sizes)
        if any(s not in (1, size) for s in sizes):
            raise VerifyException(
                f"block shapes {' and '.join(str(list(s)) for s in shapes)} do not broadcast"
            )
        result.append(size)
    return tuple(result)


_WIDTH = {
    DataType.f32: 4,
    DataType.si32: 4,
    DataType.u32: 4,
    DataType.f16: 3,
    DataType.bf16: 3,
    DataType.u16: 2,
}


def wider(types: Sequence[DataType]) -> DataType:
    """The data type in which operands of these types are computed: a float before integers, then the widest;
    the first among equals.
    """
    return max(types, key=lambda t: (not t.format.is_integer, _WIDTH.get(t, 1)))


def elementwise_result(operands: Sequence[Attribute]) -> Attribute:
    """Result type of an elementwise op on operands of these types."""
    tiles = [tile_of(t) for t in operands]
    tile = tile_type(wider([t.dtype for t in tiles]), (tiles[0].rows, tiles[0].columns))
    shapes = [tensor_shape(t) for t in operands]
    if all(s is None for s in shapes):
        return tile
    known = [s for s in shapes if s is not None]
    if len(known) != len(shapes):
        raise VerifyException(f"cannot mix tiles and blocks: {', '.join(map(str, operands))}")
    return tensor(tile, broadcast_shape(known))


def function_result(row: Elementwise, operands: Sequence[Attribute]) -> Attribute:
    """Result type of a function on operands of these types.

    That of `elementwise_result`, but for two functions: a quotient of integers is a float32, and what `where` chooses from
    decides its type, not the condition.
    """
    result = elementwise_result(operands)
    chosen = operands[1:] if row.name == "where" else operands
    dtype = wider([tile_of(o).dtype for o in chosen])
    if row.name == "div" and dtype.format.is_integer:
        dtype = DataType.f32
    tile = tile_of(result)
    if tile.dtype is dtype:
        return result
    new = tile_type(dtype, (tile.rows, tile.columns))
    shape = tensor_shape(result)
    return new if shape is None else tensor(new, shape)


class ElementwiseOp(IRDLOperation):
    """A function applied datum by datum; the classes are made from the table in
    `ttlang.dialects.elementwise`.
    """

    ROW: ClassVar[Elementwise]
    inputs = var_operand_def()
    parameters = opt_prop_def(ArrayAttr[FloatAttr[AnyFloat]])
    result = result_def()

    def __init__(
        self, *operands: SSAValue, parameters: Sequence[float] = (), result_type: Attribute | None = None
    ):
        super().__init__(
            operands=[operands],
            properties={
                "parameters": ArrayAttr(FloatAttr(p, f32) for p in parameters) if parameters else None
            },
            result_types=[result_type or function_result(self.ROW, [o.type for o in operands])],
        )

    @property
    def lhs(self) -> SSAValue:
        return self.inputs[0]

    @property
    def rhs(self) -> SSAValue:
        return self.inputs[1]

    @property
    def parameter_values(self) -> tuple[float, ...]:
        return () if self.parameters is None else tuple(p.value.data for p in self.parameters)

    @classmethod
    def parse(cls, parser: Parser) -> "ElementwiseOp":
        start = parser.pos
        operands = parse_operands(parser)
        properties: dict[str, Attribute] = {}
        if parse_optional_key(parser, "parameters"):
            values = parser.parse_comma_separated_list(parser.Delimiter.SQUARE, lambda: parse_f32(parser))
            properties["parameters"] = ArrayAttr(values)
        attributes = parser.parse_optional_attr_dict()
        types = parse_result_types(parser)
        if types is None:
            try:
                types = [function_result(cls.ROW, [o.type for o in operands])]
            except VerifyException as error:
                parser.raise_error(str(error), start, parser.pos)
        return cls.create(operands=operands, properties=properties, attributes=attributes, result_types=types)

    def print(self, printer: Printer) -> None:
        print_operands(printer, self.operands)
        if self.parameters is not None:
            printer.print_string(" parameters = [")
            printer.print_list(self.parameters.data, lambda p: print_f32(printer, p))
            printer.print_string("]")
        print_attributes(printer, self)
        print_result_types(printer, self)

    def verify_(self) -> None:
        require_thread(self, "compute")
        row = self.ROW
        if len(self.inputs) != row.arity:
            raise VerifyException(f"takes {row.arity} operands, got {len(self.inputs)}")
        if len(self.parameter_values) != len(row.parameters):
            raise VerifyException(
                f"takes the parameters ({', '.join(row.parameters)}), got {len(self.parameter_values)} values"
            )
        expected = elementwise_result([o.type for o in self.inputs])
        actual = self.result.type
        if tensor_shape(expected) != tensor_shape(actual):
            raise VerifyException(f"operands give {expected}, but the result is {actual}")
        tile_of(actual)


def _define(row: Elementwise) -> type[ElementwiseOp]:
    class_name = "Block" + "".join(part.capitalize() for part in row.name.split("_")) + "Op"
    namespace = {
        "name": row.op_name,
        "ROW": row,
        "traits": traits_def(ReadsBlocks(), TTLCanonicalization()),
        "__doc__": f"Elementwise: {row.summary}.",
        "__module__": __name__,
        "__annotations__": {"ROW": ClassVar[Elementwise]},
    }
    return cast(type[ElementwiseOp], irdl_op_definition(type(class_name, (ElementwiseOp,), namespace)))


ELEMENTWISE_OPS: dict[str, type[ElementwiseOp]] = {row.name: _define(row) for row in ELEMENTWISE}
"""Op class of each elementwise function, by the function's name in the language."""


class _ExpressionOp(IRDLOperation):
    """Ops written as `%r = ttl.x %a, %b {keyword = value} : type`."""

    @classmethod
    def parse(cls, parser: Parser) -> "_ExpressionOp":
        operands = parse_operands(parser)
        properties = cls.parse_properties(parser)
        attributes = parser.parse_optional_attr_dict()
        start = parser.pos
        types = parse_result_types(parser)
        if types is None:
            inferred = cls.infer([o.type for o in operands])
            if inferred is None:
                parser.raise_error("expected ':' and the result type", start, parser.pos)
            types = [inferred]
        return cls.create(operands=operands, properties=properties, attributes=attributes, result_types=types)

    def print(self, printer: Printer) -> None:
        print_operands(printer, self.operands)
        self.print_properties(printer)
        print_attributes(printer, self)
        print_result_types(printer, self)

    @classmethod
    def parse_properties(cls, parser: Parser) -> dict[str, Attribute]:
        return {}

    def print_properties(self, printer: Printer) -> None:
        return

    @classmethod
    def infer(cls, operands: Sequence[Attribute]) -> Attribute | None:
        return None


def matmul_result(lhs: Attribute, rhs: Attribute, transpose_rhs: bool = False) -> Attribute:
    """Result type of lhs [.., m, k] @ rhs [.., k, n]; raises VerifyException when the shapes do not fit.

    With `transpose_rhs`, rhs is [.., n, k].
    """
    left, right = tensor_shape(lhs), tensor_shape(rhs)
    if left is None or right is None or len(left) < 2 or len(right) < 2:
        raise VerifyException(f"a matrix product needs blocks of rank 2 or more, got {lhs} and {rhs}")
    if transpose_rhs:
        right = (*right[:-2], right[-1], right[-2])
    if left[-1] != right[-2]:
        raise VerifyException(
            f"cannot multiply blocks of {list(left)} and {list(right)} tiles:"
            f" {left[-1]} columns against {right[-2]} rows"
        )
    batch = broadcast_shape([left[:-2], right[:-2]]) if len(left) + len(right) > 4 else ()
    tile = tile_type(wider([tile_of(lhs).dtype, tile_of(rhs).dtype]))
    return tensor(tile, (*batch, left[-2], right[-1]))


@irdl_op_definition
class BlockMatmulOp(_ExpressionOp):
    """Matrix product of two blocks, [.., m, k] by [.., k, n] tiles; by [.., n, k] with `transpose_rhs`."""

    name = "ttl.block_matmul"
    lhs = operand_def()
    rhs = operand_def()
    transpose_rhs = opt_prop_def(UnitAttr)
    result = result_def()
    traits = traits_def(ReadsBlocks())

    def __init__(
        self,
        lhs: SSAValue,
        rhs: SSAValue,
        result_type: Attribute | None = None,
        *,
        transpose_rhs: bool = False,
    ):
        super().__init__(
            operands=[lhs, rhs],
            properties={"transpose_rhs": UnitAttr() if transpose_rhs else None},
            result_types=[result_type or matmul_result(lhs.type, rhs.type, transpose_rhs)],
        )

    @classmethod
    def parse_properties(cls, parser: Parser) -> dict[str, Attribute]:
        if parser.parse_optional_keyword("transpose_rhs") is not None:
            return {"transpose_rhs": UnitAttr()}
        return {}

    def print_properties(self, printer: Printer) -> None:
        if self.transpose_rhs is not None:
            printer.print_string(" transpose_rhs")

    @classmethod
    def infer(cls, operands: Sequence[Attribute]) -> Attribute | None:
        return matmul_result(operands[0], operands[1]) if len(operands) == 2 else None

    def verify_(self) -> None:
        require_thread(self, "compute")
        expected = matmul_result(self.lhs.type, self.rhs.type, self.transpose_rhs is not None)
        shape = tensor_shape(self.result.type)
        if shape is not None and tensor_shape(expected) != shape:
            raise VerifyException(f"operands give {expected}, but the result is {self.result.type}")


@irdl_op_definition
class BlockFillOp(_ExpressionOp):
    """A block whose datums all have one value: `ttl.block_fill value = 2.0 : tensor<...>`.

    The value is a float32 for floats; for integers a float64, which holds them all.
    """

    name = "ttl.block_fill"
    value = prop_def(FloatAttr[AnyFloat])
    result = result_def()
    traits = traits_def(Pure())

    def __init__(self, value: float, result_type: Attribute):
        number = FloatAttr(value, f64 if tile_of(result_type).format.is_integer else f32)
        super().__init__(properties={"value": number}, result_types=[result_type])

    @classmethod
    def parse(cls, parser: Parser) -> "BlockFillOp":
        parse_key(parser, "value")
        value = parse_number(parser)
        attributes = parser.parse_optional_attr_dict()
        start = parser.pos
        types = parse_result_types(parser)
        if types is None:
            parser.raise_error("expected ':' and the result type", start, parser.pos)
        op = cls(value, types[0])
        op.attributes.update(attributes)
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" value = ")
        print_f32(printer, self.value)
        print_attributes(printer, self)
        print_result_types(printer, self)

    def verify_(self) -> None:
        require_thread(self, "compute")
        tile_of(self.result.type)


@irdl_op_definition
class BlockTypecastOp(_ExpressionOp):
    """Conversion to the data type of the result."""

    name = "ttl.block_typecast"
    input = operand_def()
    result = result_def()
    traits = traits_def(ReadsBlocks(), TTLCanonicalization())

    def __init__(self, input: SSAValue, result_type: Attribute):
        super().__init__(operands=[input], result_types=[result_type])

    def verify_(self) -> None:
        require_thread(self, "compute")
        if tensor_shape(self.input.type) != tensor_shape(self.result.type):
            raise VerifyException(f"{self.input.type} and {self.result.type} differ in shape")


@irdl_op_definition
class BlockTransposeOp(_ExpressionOp):
    """Exchange of the two innermost dimensions, within and between tiles."""

    name = "ttl.block_transpose"
    input = operand_def()
    result = result_def()
    traits = traits_def(ReadsBlocks(), TTLCanonicalization())

    def __init__(self, input: SSAValue, result_type: Attribute | None = None):
        super().__init__(operands=[input], result_types=[result_type or self.infer([input.type])])

    @classmethod
    def infer(cls, operands: Sequence[Attribute]) -> Attribute | None:
        if len(operands) != 1:
            return None
        tile = tile_of(operands[0])
        shape = tensor_shape(operands[0])
        if shape is None:
            return tile_type(tile.dtype, (tile.columns, tile.rows))
        if len(shape) < 2:
            raise VerifyException(f"a transpose needs a block of rank 2 or more, got {operands[0]}")
        return tensor(tile, (*shape[:-2], shape[-1], shape[-2]))

    def verify_(self) -> None:
        require_thread(self, "compute")
        expected = self.infer([self.input.type])
        assert expected is not None
        if tensor_shape(self.result.type) not in (None, tensor_shape(expected)):
            raise VerifyException(f"operand gives {expected}, but the result is {self.result.type}")


class ReduceKind(StrEnum):
    sum = "sum"
    max = "max"
    min = "min"
    mean = "mean"


def reduced_type(kind: ReduceKind, dtype: DataType) -> DataType:
    """Data type of a reduction: integers have a float32 mean, and small ones a 32-bit sum, as in NumPy."""
    if dtype.format.is_integer and kind is ReduceKind.mean:
        return DataType.f32
    if dtype in (DataType.u16, DataType.u8) and kind is ReduceKind.sum:
        return DataType.u32
    return dtype


@irdl_op_definition
class BlockReduceOp(_ExpressionOp):
    """Reduction over `dims`; reduced dimensions keep size 1, the value stands in row or column 0 of the tile.

    A reduction of outer dimensions alone fills its tiles.

    `ttl.block_reduce %x kind = sum dims = [1] : tensor<...>`; an optional second operand scales the result.
    """

    name = "ttl.block_reduce"
    input = operand_def()
    scaler = opt_operand_def()
    kind = prop_def(StringAttr)
    dims = prop_def(I64Array)
    result = result_def()
    traits = traits_def(ReadsBlocks())

    def __init__(
        self,
        input: SSAValue,
        kind: ReduceKind,
        dims: Sequence[int],
        result_type: Attribute,
        scaler: SSAValue | None = None,
    ):
        super().__init__(
            operands=[input, scaler],
            properties={"kind": StringAttr(kind.value), "dims": i64_array(dims)},
            result_types=[result_type],
        )

    @classmethod
    def parse_properties(cls, parser: Parser) -> dict[str, Attribute]:
        parse_key(parser, "kind")
        kind = parser.parse_str_enum(ReduceKind)
        parse_key(parser, "dims")
        return {"kind": StringAttr(kind.value), "dims": parse_i64_array(parser)}

    def print_properties(self, printer: Printer) -> None:
        printer.print_string(f" kind = {self.kind.data} dims = {format_array(self.dims)}")

    def verify_(self) -> None:
        require_thread(self, "compute")
        if self.kind.data not in ReduceKind.__members__:
            raise VerifyException(f"kind must be one of {', '.join(ReduceKind)}, got {self.kind.data}")
        shape = tensor_shape(self.input.type)
        result = tensor_shape(self.result.type)
        if shape is None or result is None:
            return
        dims = array_ints(self.dims)
        if any(not 0 <= d < len(shape) for d in dims) or len(set(dims)) != len(dims) or not dims:
            raise VerifyException(f"dims {list(dims)} do not name dimensions of {self.input.type}")
        expected = tuple(1 if i in dims else s for i, s in enumerate(shape))
        if result != expected:
            raise VerifyException(
                f"reducing {list(shape)} over {list(dims)} gives {list(expected)}, not {list(result)}"
            )


@irdl_op_definition
class BlockBroadcastOp(_ExpressionOp):
    """Repetition of row 0, column 0 or datum 0 of each tile, and of tiles, along `dims`.

    `ttl.block_broadcast %x dims = [1] : tensor<...>`
    """

    name = "ttl.block_broadcast"
    input = operand_def()
    dims = prop_def(I64Array)
    result = result_def()
    traits = traits_def(ReadsBlocks(), TTLCanonicalization())

    def __init__(self, input: SSAValue, dims: Sequence[int], result_type: Attribute):
        super().__init__(operands=[input], properties={"dims": i64_array(dims)}, result_types=[result_type])

    @classmethod
    def parse_properties(cls, parser: Parser) -> dict[str, Attribute]:
        parse_key(parser, "dims")
        return {"dims": parse_i64_array(parser)}

    def print_properties(self, printer: Printer) -> None:
        printer.print_string(f" dims = {format_array(self.dims)}")

    def verify_(self) -> None:
        require_thread(self, "compute")
        shape = tensor_shape(self.input.type)
        result = tensor_shape(self.result.type)
        if shape is None or result is None:
            return
        dims = array_ints(self.dims)
        if len(shape) != len(result) or any(not 0 <= d < len(shape) for d in dims) or not dims:
            raise VerifyException(f"dims {list(dims)} do not name dimensions of {self.input.type}")
        for i, (have, want) in enumerate(zip(shape, result, strict=True)):
            if have != want and (i not in dims or have != 1):
                raise VerifyException(f"cannot broadcast {list(shape)} to {list(result)} along {list(dims)}")


@irdl_op_definition
class BlockStoreOp(IRDLOperation):
    """Store of a computed value in a reserved block, or in this core's shard of a distributed tensor:
    `ttl.block_store %block, %value`, or `... acc` to accumulate.

    The first accumulating store to an acquired block starts from 0.
    """

    name = "ttl.block_store"
    dst = operand_def()
    src = operand_def()
    acc = opt_prop_def(UnitAttr)
    traits = traits_def(TTLCanonicalization())

    def __init__(self, dst: SSAValue, src: SSAValue, *, acc: bool = False):
        super().__init__(operands=[dst, src], properties={"acc": UnitAttr() if acc else None})

    @classmethod
    def parse(cls, parser: Parser) -> "BlockStoreOp":
        operands = parse_operand_count(parser, 2)
        properties: dict[str, Attribute] = {}
        if parser.parse_optional_keyword("acc") is not None:
            properties["acc"] = UnitAttr()
        return cls.create(
            operands=operands, properties=properties, attributes=parser.parse_optional_attr_dict()
        )

    def print(self, printer: Printer) -> None:
        print_operands(printer, self.operands)
        if self.acc is not None:
            printer.print_string(" acc")
        print_attributes(printer, self)

    def verify_(self) -> None:
        require_thread(self, "compute")
        dst, src = tensor_shape(self.dst.type), tensor_shape(self.src.type)
        if dst != src:
            raise VerifyException(
                f"a block of {list(dst or ())} tiles cannot hold a value of {list(src or ())} tiles"
            )
        tile_of(self.src.type)
        if not isinstance(self.dst.type, BlockType | MemRefType | TensorType) or (
            isinstance(self.dst.type, TensorType) and not isinstance(self.dst.owner, ExtractShardOp)
        ):
            raise VerifyException(
                f"stores to a block or to a shard of a distributed tensor, got {self.dst.type}"
            )


@irdl_op_definition
class RequireDSTOp(IRDLOperation):
    """Marks a value that must live in the DST registers: `ttl.require_dst %value`."""

    name = "ttl.require_dst"
    value = operand_def()

    def __init__(self, value: SSAValue):
        super().__init__(operands=[value])

    @classmethod
    def parse(cls, parser: Parser) -> "RequireDSTOp":
        return cls.create(
            operands=parse_operand_count(parser, 1), attributes=parser.parse_optional_attr_dict()
        )

    def print(self, printer: Printer) -> None:
        print_operands(printer, self.operands)
        print_attributes(printer, self)


@irdl_op_definition
class BlockComputeOp(IRDLOperation):
    """One fused tile loop: the body is run for every tile of the outputs, keeping its values in DST.

    `ttl.block_compute ins(%a, %b) outs(%o) { ^bb0(%x: tile, %y: tile): ... ttl.yield %r }`. A body argument
    is the tile of its input at the current position (dimensions of size 1 repeat), or the whole memref for
    operands of contractions and reductions. `accumulate` adds to what the output holds; outputs are yielded
    in order.
    """

    name = "ttl.block_compute"
    inputs = var_operand_def()
    outputs = var_operand_def()
    accumulate = opt_prop_def(UnitAttr)
    body = region_def("single_block")
    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = traits_def(NoTerminator())

    def __init__(
        self,
        inputs: Sequence[SSAValue],
        outputs: Sequence[SSAValue],
        body: Region,
        *,
        accumulate: bool = False,
    ):
        super().__init__(
            operands=[inputs, outputs],
            properties={"accumulate": UnitAttr() if accumulate else None},
            regions=[body],
        )

    @classmethod
    def parse(cls, parser: Parser) -> "BlockComputeOp":
        def group(word: str) -> list[SSAValue]:
            if parser.parse_optional_keyword(word) is None:
                return []
            parser.parse_punctuation("(")
            operands = parse_operands(parser)
            parser.parse_punctuation(")")
            return operands

        inputs, outputs = group("ins"), group("outs")
        accumulate = parser.parse_optional_keyword("accumulate") is not None
        attributes = parse_dictionary(parser)
        body = parser.parse_region()
        if not body.blocks:
            body.add_block(Block())
        op = cls(inputs, outputs, body, accumulate=accumulate)
        op.attributes.update(attributes)
        return op

    def print(self, printer: Printer) -> None:
        for word, operands in (("ins", self.inputs), ("outs", self.outputs)):
            if operands:
                printer.print_string(f" {word}(")
                printer.print_list(operands, printer.print_ssa_value)
                printer.print_string(")")
        if self.accumulate is not None:
            printer.print_string(" accumulate")
        print_dictionary(printer, self.attributes)
        printer.print_string(" ")
        printer.print_region(self.body, print_empty_block=False)

    def verify_(self) -> None:
        require_thread(self, "compute")
        block = self.body.block
        if len(block.args) != len(self.inputs):
            raise VerifyException(f"{len(self.inputs)} inputs but {len(block.args)} body arguments")
        last = block.last_op
        if self.outputs and not isinstance(last, YieldOp):
            raise VerifyException("the body must end in ttl.yield")
        if isinstance(last, YieldOp) and len(last.values) != len(self.outputs):
            raise VerifyException(f"{len(self.outputs)} outputs but {len(last.values)} yielded values")


@irdl_op_definition
class YieldOp(IRDLOperation):
    """Ends the body of `ttl.block_compute` with the tiles to store."""

    name = "ttl.yield"
    values = var_operand_def()
    traits = traits_def(IsTerminator())

    def __init__(self, *values: SSAValue):
        super().__init__(operands=[values])

    @classmethod
    def parse(cls, parser: Parser) -> "YieldOp":
        return cls.create(
            operands=parse_optional_operands(parser), attributes=parser.parse_optional_attr_dict()
        )

    def print(self, printer: Printer) -> None:
        print_operands(printer, self.operands)
        print_attributes(printer, self)


COMPUTE_OPS: list[type[IRDLOperation]] = [
    *ELEMENTWISE_OPS.values(),
    BlockMatmulOp,
    BlockReduceOp,
    BlockBroadcastOp,
    BlockTransposeOp,
    BlockTypecastOp,
    BlockFillOp,
    BlockStoreOp,
    BlockComputeOp,
    YieldOp,
    RequireDSTOp,
]
