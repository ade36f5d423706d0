# SPDX-License-Identifier: Apache-2.0
"""Ops that are made directly against those that the IR library makes of the same."""

import pytest
from xdsl.dialects.builtin import StringAttr, UnitAttr, i32
from xdsl.dialects.test import TestOp as AnyOp
from xdsl.ir import Block, Operation, Region, SSAValue

from ttlang.dialects import emitc, fast_creation
from ttlang.dialects.locations import UNKNOWN, file_loc

HERE = file_loc("kernel.py", 3, 7)
CALL = {"callee": StringAttr("call")}


def values() -> tuple[SSAValue, ...]:
    return tuple(AnyOp(result_types=[i32, emitc.UI32]).results)


CASES = {
    "nothing": (emitc.YieldOp, (), (), {}, UNKNOWN, 0),
    "operands": (emitc.CallOpaqueOp, (0, 1, 0), (), CALL, HERE, 0),
    "result": (emitc.AddOp, (0, 0), (i32,), {}, HERE, 0),
    "several results": (emitc.CallOpaqueOp, (1,), (i32, emitc.UI32), CALL, HERE, 0),
    "regions": (emitc.IfOp, (0,), (), {}, HERE, 2),
}


def state(op: Operation, known: tuple[SSAValue, ...]) -> object:
    """All that an op consists of, and the uses of its operands, without identities."""
    return (
        type(op),
        [known.index(operand) for operand in op.operands],
        [[(use.operation is op, use.index) for use in value.uses] for value in known],
        [[(use._prev_use is not None, use._next_use is not None) for use in value.uses] for value in known],
        [(result.type, result.index, result.op is op, result.name_hint) for result in op.results],
        [result.first_use for result in op.results],
        (op.properties, op.attributes, op.location, op.successors),
        [region.parent is op for region in op.regions],
        (op.parent, op.next_op, op.prev_op),
    )


@pytest.mark.parametrize("name", CASES)
def test_an_op_is_what_the_library_makes(name: str) -> None:
    op_type, operands, types, properties, location, regions = CASES[name]
    made = []
    for way in (fast_creation.create, None):
        known = values()
        taken = [known[i] for i in operands]
        inside = [Region(Block()) for _ in range(regions)]
        if way is None:
            op = op_type.create(
                operands=taken, result_types=types, properties=properties, location=location, regions=inside
            )
        else:
            op = way(op_type, taken, types, properties, location, inside)
        assert set(vars(op)) <= set(vars(op_type.create()))
        made.append((op, known))
    (ours, our_values), (theirs, their_values) = made
    assert state(ours, our_values) == state(theirs, their_values)
    assert ours.properties is not properties


def test_operands_can_be_replaced_and_ops_erased() -> None:
    first, second = values(), values()
    op = fast_creation.create(emitc.AddOp, (first[0], first[0]), (i32,), {}, HERE)
    other = fast_creation.create(emitc.UnaryMinusOp, (first[0],), (i32,), {}, HERE)
    op.operands[1] = second[0]
    first[0].replace_all_uses_with(second[0])
    assert not first[0].uses and {use.operation for use in second[0].uses} == {op, other}
    other.erase()
    op.erase()
    assert not second[0].uses


def test_ops_of_one_definition_share_nothing() -> None:
    a, b = (fast_creation.create(emitc.CallOpaqueOp, (), (), CALL, HERE) for _ in range(2))
    a.attributes["note"] = UnitAttr()
    a.properties["callee"] = StringAttr("other")
    assert not b.attributes and b.callee.data == CALL["callee"].data == "call"


def test_ops_are_appended_in_order() -> None:
    block, ops = Block(), [fast_creation.create(emitc.YieldOp, (), (), {}, HERE) for _ in range(3)]
    for op in ops:
        fast_creation.append(block, op)
    assert list(block.ops) == ops and list(reversed(list(block.ops))) == list(reversed(ops))
    assert block.last_op is ops[2] and ops[2].prev_op is ops[1] and all(op.parent is block for op in ops)
    ops[1].detach()
    assert list(block.ops) == [ops[0], ops[2]]
    with pytest.raises(AssertionError):
        fast_creation.append(block, ops[0])
