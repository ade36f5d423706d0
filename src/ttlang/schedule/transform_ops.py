# SPDX-License-Identifier: Apache-2.0
"""The `transform` dialect: sequences that say how kernels are to be scheduled. Parsed and verified only."""

from typing import ClassVar

from xdsl.dialects.builtin import ArrayAttr, StringAttr
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

HANDLE = eq(AnyOpType())
STRATEGIES = ("aggressive", "conservative", "auto")
FAILURES = tuple(str(mode) for mode in FailurePropagationModeType)


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
    """A handle to the ops inside the target that have one of the names."""

    name = "transform.structured.match"

    ops = prop_def(ArrayAttr[StringAttr])
    target = operand_def(HANDLE)
    result = result_def(HANDLE)
    assembly_format = "`ops` `{` $ops `}` `in` $target attr-dict"

    def verify_(self) -> None:
        if not self.ops.data:
            raise VerifyException('names no op to match: write ops{["ttl.kernel"]}')


@irdl_op_definition
class ApplyRegisteredPassOp(IRDLOperation):
    """Asks for a pass, by its name, to be run on the target."""

    name = "transform.apply_registered_pass"

    pass_name = prop_def(StringAttr)
    target = operand_def(HANDLE)
    result = result_def(HANDLE)
    assembly_format = "$pass_name `to` $target attr-dict"


class _Request(IRDLOperation):
    """A request to the scheduler; the result is a handle to what becomes of the target."""

    target = operand_def(HANDLE)
    result = result_def(HANDLE)
    assembly_format: ClassVar[str] = "$target attr-dict"


@irdl_op_definition
class AllocateDstRegistersOp(_Request):
    """Asks for slots of the DST register file for the results of the target's compute ops."""

    name = "transform.ttl.allocate_dst_registers"


@irdl_op_definition
class SchedulePipelineOp(_Request):
    """Asks that the threads of the target kernel overlap; the strategy says how far."""

    name = "transform.ttl.schedule_pipeline"

    strategy = opt_prop_def(StringAttr)
    irdl_options = (ParsePropInAttrDict(),)

    def verify_(self) -> None:
        if self.strategy is not None and self.strategy.data not in STRATEGIES:
            raise VerifyException(f'strategy "{self.strategy.data}" is not one of {", ".join(STRATEGIES)}')


@irdl_op_definition
class OptimizeBufferFactorOp(_Request):
    """Asks for the number of blocks each of the target circular buffers holds to be chosen."""

    name = "transform.ttl.optimize_buffer_factor"


@irdl_op_definition
class CoalesceDmaOp(_Request):
    """Asks that adjacent copies of the target be merged into fewer, longer transfers."""

    name = "transform.ttl.coalesce_dma"


@irdl_op_definition
class ReorderForLocalityOp(_Request):
    """Asks that the target's ops be reordered so that data is used again while it is in L1."""

    name = "transform.ttl.reorder_for_locality"


@irdl_op_definition
class InsertPrefetchOp(_Request):
    """Asks that the target's reads be issued ahead of the compute that waits for them."""

    name = "transform.ttl.insert_prefetch"


Transform = Dialect(
    "transform",
    [
        SequenceOp,
        MatchOp,
        ApplyRegisteredPassOp,
        AllocateDstRegistersOp,
        SchedulePipelineOp,
        OptimizeBufferFactorOp,
        CoalesceDmaOp,
        ReorderForLocalityOp,
        InsertPrefetchOp,
    ],
    [AnyOpType, FailurePropagationModeAttr],
)
