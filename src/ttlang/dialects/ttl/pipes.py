# SPDX-License-Identifier: Apache-2.0
"""Pipes between cores, and the code that runs at their ends."""

from collections.abc import Iterator, Sequence

from xdsl.dialects.builtin import I64, ArrayAttr, IndexType, IntegerAttr, i64
from xdsl.ir import Attribute, Region, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import NoTerminator, RecursiveMemoryEffect
from xdsl.utils.exceptions import VerifyException

from .attributes import DYNAMIC, PipeType
from .canonical import TTLCanonicalization
from .coordinates import (
    Coordinate,
    Core,
    check_inside,
    computed,
    constants,
    corners_attribute,
    format_constants,
    merge,
    parse_core,
    parse_corners,
    print_core,
    print_corners,
)
from .structure import enclosing_grid, require_thread
from .syntax import (
    I64Array,
    array_ints,
    parse_dictionary,
    parse_key,
    parse_operand,
    parse_optional_key,
    parse_result_types,
    print_attributes,
    print_dictionary,
    print_operands,
    print_result_types,
)


@irdl_op_definition
class CreatePipeOp(IRDLOperation):
    """Create a pipe from one core to one core, or to the cores of a rectangle (multicast).

    `%p = ttl.create_pipe src_core=[0, 0] dst_core=[1, 0]` or
    `%p = ttl.create_pipe src_core=[0, %y] dst_core_range=[[0, 0], [1, 3]] net=0`. Corners are inclusive; the
    range may hold the source (loopback). Pipes of one `net` share their handshake.
    """

    name = "ttl.create_pipe"
    coordinates = var_operand_def(IndexType())
    src_core = prop_def(I64Array)
    dst_core = opt_prop_def(I64Array)
    dst_core_range = opt_prop_def(ArrayAttr[I64Array])
    net = opt_prop_def(IntegerAttr[I64])
    pipe = result_def(PipeType)
    traits = traits_def(TTLCanonicalization())

    def __init__(
        self,
        src_core: Core,
        dst_core: Core | None = None,
        dst_core_range: Sequence[Core] | None = None,
        *,
        net: int | None = None,
    ):
        cores = [src_core, *([] if dst_core is None else [dst_core]), *(dst_core_range or ())]
        super().__init__(
            operands=[computed(cores)],
            properties={
                "src_core": constants(src_core),
                "dst_core": None if dst_core is None else constants(dst_core),
                "dst_core_range": None if dst_core_range is None else corners_attribute(dst_core_range),
                "net": None if net is None else IntegerAttr(net, i64),
            },
            result_types=[
                PipeType(
                    array_ints(constants(src_core)),
                    None if dst_core is None else array_ints(constants(dst_core)),
                    None
                    if dst_core_range is None
                    else [array_ints(constants(corner)) for corner in dst_core_range],
                )
            ],
        )

    @property
    def pipe_type(self) -> PipeType:
        assert isinstance(self.pipe.type, PipeType)
        return self.pipe.type

    def _cores(self) -> Iterator[tuple[Coordinate, ...]]:
        """Source, then destination or corners."""
        operands = iter(self.coordinates)
        yield merge(self.src_core, operands)
        if self.dst_core is not None:
            yield merge(self.dst_core, operands)
        for corner in self.dst_core_range or ():
            yield merge(corner, operands)

    @property
    def source(self) -> tuple[Coordinate, ...]:
        return next(self._cores())

    @property
    def destination(self) -> tuple[tuple[Coordinate, ...], tuple[Coordinate, ...]]:
        """First and last core of the destination; the same for unicast."""
        _, *corners = self._cores()
        return corners[0], corners[-1]

    @classmethod
    def parse(cls, parser: Parser) -> "CreatePipeOp":
        start = parser.pos
        parse_key(parser, "src_core")
        source = parse_core(parser)
        destination = parse_core(parser) if parse_optional_key(parser, "dst_core") else None
        corners = parse_corners(parser) if parse_optional_key(parser, "dst_core_range") else None
        net = parser.parse_integer(allow_negative=False) if parse_optional_key(parser, "net") else None
        attributes = parser.parse_optional_attr_dict()
        types = parse_result_types(parser)
        op = cls(source, destination, corners, net=net)
        op.attributes.update(attributes)
        if types is not None and types != [op.pipe.type]:
            parser.raise_error(f"the result type must be {op.pipe.type}", start, parser.pos)
        return op

    def print(self, printer: Printer) -> None:
        source, *rest = self._cores()
        printer.print_string(" src_core=")
        print_core(printer, source)
        if self.dst_core is not None:
            printer.print_string(" dst_core=")
            print_core(printer, rest.pop(0))
        if self.dst_core_range is not None:
            printer.print_string(" dst_core_range=")
            print_corners(printer, rest)
        if self.net is not None:
            printer.print_string(f" net={self.net.value.data}")
        print_attributes(printer, self)
        print_result_types(printer, self)

    def verify_(self) -> None:
        if (self.dst_core is None) == (self.dst_core_range is None):
            raise VerifyException(
                "a pipe needs either dst_core (unicast) or dst_core_range (multicast),"
                f" got {'neither' if self.dst_core is None else 'both'}"
            )
        dynamic = sum(c == DYNAMIC for core in self._attributes() for c in array_ints(core))
        if dynamic != len(self.coordinates):
            raise VerifyException(
                f"{dynamic} coordinates are computed, but there are {len(self.coordinates)} operands for them"
            )
        type = self.pipe_type
        expected = type.coordinates
        actual = tuple(array_ints(core) for core in self._attributes())
        if expected != (actual if self.dst_core is None else (*actual, actual[-1])):
            shown = " and ".join(format_constants(core) for core in self._attributes())
            raise VerifyException(f"coordinates {shown} do not match the result type {type}")
        if type.is_multicast != (self.dst_core is None):
            raise VerifyException(
                f"a {'uni' if self.dst_core is not None else 'multi'}cast pipe cannot be {type}"
            )
        grid = enclosing_grid(self)
        check_inside("source core", type.coordinates[0], grid)
        for corner in type.corners:
            check_inside("destination core", corner, grid)

    def _attributes(self) -> list[I64Array]:
        cores = [self.src_core]
        if self.dst_core is not None:
            cores.append(self.dst_core)
        return [*cores, *(self.dst_core_range or ())]


class PipeEndOp(IRDLOperation):
    """Code that runs on the cores at one end of a pipe."""

    pipe = operand_def(PipeType)
    body = region_def("single_block")

    def __init__(self, pipe: SSAValue, body: Region):
        super().__init__(operands=[pipe], regions=[body])

    @property
    def pipe_type(self) -> PipeType:
        type_ = self.operands[0].type
        assert isinstance(type_, PipeType)
        return type_

    @classmethod
    def parse(cls, parser: Parser) -> "PipeEndOp":
        pipe = parse_operand(parser)
        attributes: dict[str, Attribute] = parse_dictionary(parser)
        body = parser.parse_region([])
        return cls.create(operands=[pipe], attributes=attributes, regions=[body])

    def print(self, printer: Printer) -> None:
        print_operands(printer, self.operands)
        print_dictionary(printer, self.attributes)
        printer.print_string(" ")
        printer.print_region(self.body, print_empty_block=False)

    def verify_(self) -> None:
        require_thread(self, "datamovement")
        if self.body.block.args:
            raise VerifyException(f"the body takes no arguments, got {len(self.body.block.args)}")


@irdl_op_definition
class IfSrcOp(PipeEndOp):
    """Run the body on the core that the pipe starts from: `ttl.if_src %pipe { ... }`."""

    name = "ttl.if_src"
    traits = traits_def(NoTerminator(), RecursiveMemoryEffect(), TTLCanonicalization())


@irdl_op_definition
class IfDstOp(PipeEndOp):
    """Run the body on the cores that the pipe leads to: `ttl.if_dst %pipe { ... }`."""

    name = "ttl.if_dst"
    traits = traits_def(NoTerminator(), RecursiveMemoryEffect(), TTLCanonicalization())


PIPE_OPS: list[type[IRDLOperation]] = [CreatePipeOp, IfSrcOp, IfDstOp]
