# SPDX-License-Identifier: Apache-2.0
"""Conditions that are equal whatever the values are, although they are computed twice."""

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr, IntegerType
from xdsl.ir import Operation, SSAValue

Key = tuple[object, ...]
_NEGATED = {1: 0, 3: 4, 5: 2, 7: 8, 9: 6}
"""Predicates of `arith.cmpi` that are the negation of another one: ne of eq, sle of sgt, sge of slt, and so on."""


def condition_key(condition: SSAValue) -> tuple[Key, bool]:
    """What a condition depends on, and whether it is the negation of that; equal for conditions that are always equal."""
    op = condition.owner
    if isinstance(op, arith.XOrIOp) and _is_true(op.rhs):
        key, negated = condition_key(op.lhs)
        return key, not negated
    if isinstance(op, arith.CmpiOp) and (predicate := op.predicate.value.data) in _NEGATED:
        return (op.name, _NEGATED[predicate], _key(op.lhs), _key(op.rhs)), True
    return _key(condition), False


def _is_true(value: SSAValue) -> bool:
    op = value.owner
    return (
        isinstance(op, arith.ConstantOp)
        and isinstance(op.value, IntegerAttr)
        and op.value.type == IntegerType(1)
        and bool(op.value.value.data)
    )


DEPTH = 8
"""Ops above each other that are compared; a value below them is equal to itself only."""


def _key(value: SSAValue, depth: int = DEPTH) -> Key:
    op = value.owner
    if (
        depth == 0
        or not isinstance(op, Operation)
        or not op.name.startswith(("arith.", "ttl.core_index", "ttl.grid_size"))
    ):
        return ("value", id(value))
    if isinstance(op, arith.CmpiOp):
        return (op.name, op.predicate.value.data, _key(op.lhs, depth - 1), _key(op.rhs, depth - 1))
    position = next(i for i, result in enumerate(op.results) if result is value)
    attributes = tuple(sorted((name, str(a)) for name, a in op.properties.items()))
    return (op.name, position, len(op.results), attributes, *(_key(o, depth - 1) for o in op.operands))
