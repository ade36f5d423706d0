# SPDX-License-Identifier: Apache-2.0
"""The `transform` dialect: sequences that say how kernels are to be scheduled.

A sequence stands in a module beside what it schedules; the pass `ttl-apply-schedule` applies it. `ttl.schedule` writes
sequences.
"""

from typing import ClassVar

from xdsl.dialects.builtin import (
    I64,
    ArrayAttr,
    BoolAttr,
    DenseArrayBase,
    IntegerAttr,
    IntegerType,
    StringAttr,
)
from xdsl.dialects.transform import AnyOpType, FailurePropagationModeAttr, FailurePropagationModeType
from xdsl.ir import Dialect
from xdsl.irdl import (
    IRDLOperation,
    ParsePropInAttrDict,
    eq,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import IsolatedFromAbove, NoTerminator
from xdsl.utils.exceptions import VerifyException

from .steps import FAILURES, STRATEGIES

HANDLE = eq(AnyOpType())


@irdl_op_definition
class SequenceOp(IRDLOperation):
    """Transformations in order; the block argument is a handle to the module they are meant for."""

    name = "transform.sequence"

    failure_propagation_mode = prop_def(FailurePropagationModeAttr)
    body = region_def("single_block")
    traits = traits_def(IsolatedFromAbove(), NoTerminator())

    def verify_(self) -> None:
        types = list(self.body.block.arg_types)
        if types != [AnyOpType()]:
            raise VerifyException("the block of a sequence takes one argument, of type !transform.any_op")

    @classmethod
    def parse(cls, parser: Parser) -> "SequenceOp":
        parser.parse_keyword("failures")
        with parser.in_parens():
            start = parser.pos
            mode = parser.parse_identifier()
            if mode not in FAILURES:
                parser.raise_error(
                    f"failures are one of {', '.join(FAILURES)}, not {mode}", start, parser.pos
                )
        attributes = parser.parse_optional_attr_dict_with_keyword()
        body = parser.parse_region()
        return cls.create(
            properties={
                "failure_propagation_mode": FailurePropagationModeAttr(FailurePropagationModeType(mode))
            },
            attributes=attributes.data if attributes else {},
            regions=[body],
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(f" failures({self.failure_propagation_mode.data})")
        printer.print_op_attributes(self.attributes, print_keyword=True)
        printer.print_string(" ")
        printer.print_region(self.body)


@irdl_op_definition
class MatchOp(IRDLOperation):
    """A handle to the ops inside the target, itself included, that have one of the names, in the order of the text.

    `names`, an attribute of ours, keeps those ops only that have one of these Python names: of a thread its symbol, of other
    ops the name of the first result, `%a_cb`. A match that finds nothing is a failure.
    """

    name = "transform.structured.match"

    ops = prop_def(ArrayAttr[StringAttr])
    names = opt_prop_def(ArrayAttr[StringAttr])
    target = operand_def(HANDLE)
    result = result_def(HANDLE)
    assembly_format = "`ops` `{` $ops `}` `in` $target attr-dict"
    irdl_options = (ParsePropInAttrDict(),)

    def verify_(self) -> None:
        if not self.ops.data:
            raise VerifyException('names no op to match: write ops{["ttl.kernel"]}')
        if self.names is not None and not self.names.data:
            raise VerifyException("names is empty: leave it out to match ops of any name")


@irdl_op_definition
class ApplyRegisteredPassOp(IRDLOperation):
    """Runs a pass, by its name, on the module that the target is in.

    A pass of the compiler relies on those before it, so they run first where no earlier op of the sequence ran them. The
    result is a handle to the module; nothing can be scheduled after that.
    """

    name = "transform.apply_registered_pass"

    pass_name = prop_def(StringAttr)
    target = operand_def(HANDLE)
    result = result_def(HANDLE)
    assembly_format = "$pass_name `to` $target attr-dict"


class Request(IRDLOperation):
    """A request to the scheduler; the result is a handle to what becomes of the target."""

    target = operand_def(HANDLE)
    result = result_def(HANDLE)
    assembly_format: ClassVar[str] = "$target attr-dict"


@irdl_op_definition
class TileOp(Request):
    """Changes the shape of the blocks that the target kernel works on.

    `transform.ttl.tile %kernel {sizes = array<i64: 2, 1>}`: the new shape, in tiles for each dimension.
    """

    name = "transform.ttl.tile"

    sizes = prop_def(DenseArrayBase)
    irdl_options = (ParsePropInAttrDict(),)

    @property
    def block_shape(self) -> tuple[int, ...]:
        """The new shape of the blocks, in tiles."""
        return tuple(int(size) for size in self.sizes.get_values())

    def verify_(self) -> None:
        if self.sizes.elt_type != IntegerType(64):
            raise VerifyException("sizes are 64-bit integers: write array<i64: 2, 1>")
        if not self.block_shape or any(size < 1 for size in self.block_shape):
            raise VerifyException(
                f"sizes are one or more numbers of tiles, each at least 1, got {list(self.block_shape)}"
            )


@irdl_op_definition
class FuseOp(Request):
    """Fuses the steps of the target kernel's threads that pass blocks to each other."""

    name = "transform.ttl.fuse"


@irdl_op_definition
class ReorderForLocalityOp(Request):
    """Reorders the loops of the target kernel so that data is used again while it is in L1."""

    name = "transform.ttl.reorder_for_locality"


@irdl_op_definition
class OptimizeBufferFactorOp(Request):
    """Chooses how many blocks each of the target circular buffers holds.

    One where the buffer is filled once, so that nothing can overlap; two for ordinary pipelining; three where one side
    takes turns with several blocks in flight. `factor` forces a number. Never more than fit in L1 with the
    other buffers of the kernel.
    """

    name = "transform.ttl.optimize_buffer_factor"

    factor = opt_prop_def(IntegerAttr[I64])
    irdl_options = (ParsePropInAttrDict(),)

    def verify_(self) -> None:
        _at_least_one("factor", self.factor)


@irdl_op_definition
class InsertPrefetchOp(Request):
    """Keeps blocks in flight: reads start `distance` turns of their loop (default 1) before they are waited for.

    Each block in flight has a transaction id of the NoC of its own, so that waiting for one does not wait for the others.
    """

    name = "transform.ttl.insert_prefetch"

    distance = opt_prop_def(IntegerAttr[I64])
    irdl_options = (ParsePropInAttrDict(),)

    def verify_(self) -> None:
        _at_least_one("distance", self.distance)


@irdl_op_definition
class SchedulePipelineOp(Request):
    """Starts the transfers of the target kernel's data-movement threads earlier, and waits for several of them at once.

    `strategy`: "conservative" joins transfers only, "aggressive" also moves them across independent ops, "auto"
    (default) is aggressive where the program is then known not to get stuck.
    """

    name = "transform.ttl.schedule_pipeline"

    strategy = opt_prop_def(StringAttr)
    irdl_options = (ParsePropInAttrDict(),)

    def verify_(self) -> None:
        if self.strategy is not None and self.strategy.data not in STRATEGIES:
            raise VerifyException(f'strategy "{self.strategy.data}" is not one of {", ".join(STRATEGIES)}')


@irdl_op_definition
class AllocateDstRegistersOp(Request):
    """Settles how the target's compute ops use the DST registers.

    `full_sync`: one section of the whole register file in the place of two halves. `max_tiles`: most tiles that a section
    computes at once. The target is a compute op, or an op that holds some.
    """

    name = "transform.ttl.allocate_dst_registers"

    full_sync = opt_prop_def(BoolAttr)
    max_tiles = opt_prop_def(IntegerAttr[I64])
    irdl_options = (ParsePropInAttrDict(),)

    def verify_(self) -> None:
        _at_least_one("max_tiles", self.max_tiles)


@irdl_op_definition
class CoalesceDmaOp(Request):
    """Merges adjacent copies of the target into fewer, longer transfers."""

    name = "transform.ttl.coalesce_dma"


def _at_least_one(name: str, value: IntegerAttr[IntegerType] | None) -> None:
    if value is not None and value.value.data < 1:
        raise VerifyException(f"{name} must be at least 1, got {value.value.data}")


Transform = Dialect(
    "transform",
    [
        SequenceOp,
        MatchOp,
        ApplyRegisteredPassOp,
        TileOp,
        FuseOp,
        ReorderForLocalityOp,
        OptimizeBufferFactorOp,
        InsertPrefetchOp,
        SchedulePipelineOp,
        AllocateDstRegistersOp,
        CoalesceDmaOp,
    ],
    [AnyOpType, FailurePropagationModeAttr],
)
