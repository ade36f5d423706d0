# SPDX-License-Identifier: Apache-2.0
"""Ops made and appended with fewer steps than the IR library takes.

The library's `create` allows for everything that an op may have and sets each part through the accessors that
replace one. Conversions make hundreds of ops at a time, most with neither regions nor successors: here their parts
are filled in directly, and what it has none of stays the default of the class. A test compares the ops with those
of `create`.
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from xdsl.dialects.builtin import LocationAttr
from xdsl.ir import Attribute, Block, Operation, OpResult, Region, SSAValue
from xdsl.ir.core import SSAValues, Use

_Op = TypeVar("_Op", bound=Operation)


def create(
    op_type: type[_Op],
    operands: Sequence[SSAValue],
    result_types: Sequence[Attribute],
    properties: Mapping[str, Attribute],
    location: LocationAttr,
    regions: Sequence[Region] = (),
) -> _Op:
    """What `op_type.create` makes of the same, for an op without successors whose definition sets no defaults."""
    op = op_type.__new__(op_type)
    if operands:
        op._operands = SSAValues(operands)
        uses = []
        for index, operand in enumerate(operands):
            use = Use(op, index)
            first = operand.first_use
            if first is not None:
                use._next_use = first
                first._prev_use = use
            operand.first_use = use
            uses.append(use)
        op._operand_uses = tuple(uses)
    if result_types:
        op.results = SSAValues([OpResult(type_, op, index) for index, type_ in enumerate(result_types)])
    op.properties = dict(properties)
    op.attributes = {}
    op.location = location
    for region in regions:
        op.add_region(region)
    return op


def append(block: Block, op: Operation) -> None:
    """Puts an op, which stands nowhere yet and has no part of `block` in its regions, at the end of `block`."""
    assert op.parent is None
    op.parent = block
    last = block._last_op
    if last is None:
        block._first_op = op
    else:
        last._next_op = op
        op._prev_op = last
    block._last_op = op
