# SPDX-License-Identifier: Apache-2.0
"""Verification of modules, with shorter ways to what the definitions of ops ask.

Each compilation verifies four stages. The IR library goes over the definition of an op each time; here that is done once for a
definition, and leaves the checks that depend on the op. What they find wrong is reported by the library's own way, so
messages are its own.
"""

from collections.abc import Callable, Sequence
from typing import Literal

from xdsl.ir import Attribute, Operation
from xdsl.irdl import (
    AnyAttr,
    AttrConstraint,
    AttrSizedOperandSegments,
    AttrSizedResultSegments,
    IRDLOperation,
    OpDef,
    OptAttributeDef,
    OptPropertyDef,
    RangeConstraint,
    RangeLengthConstraint,
    RangeOf,
    VerificationContext,
)
from xdsl.irdl.operations import (
    OperandDef,
    OptionalDef,
    ResultDef,
    VariadicDef,
    VarIRConstruct,
    irdl_op_verify_arg_list,
    irdl_op_verify_regions,
    verify_variadic_size,
)
from xdsl.traits import OpTrait
from xdsl.utils.exceptions import VerifyException

from .walking import ops_in

_Check = Callable[[Operation, VerificationContext], None]
_Values = Literal[VarIRConstruct.OPERAND, VarIRConstruct.RESULT]


class _Differs(Exception):
    """The op may not be as its definition says; the library finds out."""


def verify(root: Operation) -> None:
    """Raises VerifyException, as `root.verify()` does, when an op breaks its contract."""
    for op in ops_in(root):
        if isinstance(op, IRDLOperation) and type(op) not in _PREPARED:
            _prepare(type(op))
    root.verify()


_PREPARED: set[type[Operation]] = set()


def _prepare(cls: type[IRDLOperation]) -> None:
    _PREPARED.add(cls)
    if hasattr(cls, "get_irdl_definition"):  # the ops of `ttkernel` have rows of a table instead
        definition = cls.get_irdl_definition()
        definition.verify = _shorter(definition)  # type: ignore[method-assign, assignment]


def _shorter(definition: OpDef) -> Callable[[Operation], None]:
    """What `definition.verify` does, for ops that are right."""
    checks = [*_arguments(definition, VarIRConstruct.OPERAND), *_arguments(definition, VarIRConstruct.RESULT)]
    if definition.regions:
        checks.append(lambda op, context: irdl_op_verify_regions(op, definition, context))
    if definition.successors:
        checks.append(lambda op, context: verify_variadic_size(op, definition, VarIRConstruct.SUCCESSOR))
    properties = [
        (name, isinstance(each, OptPropertyDef), _attribute_check(each.constr))
        for name, each in definition.properties.items()
    ]
    attributes = [
        (name, isinstance(each, OptAttributeDef), _attribute_check(each.constr))
        for name, each in definition.attributes.items()
    ]
    known = frozenset(definition.properties)
    traits = [trait for trait in definition.traits if type(trait).verify is not OpTrait.verify]
    no_regions, no_successors = not definition.regions, not definition.successors

    def verify(op: Operation) -> None:
        context = VerificationContext()
        try:
            for check in checks:
                check(op, context)
            if (no_regions and op.regions) or (no_successors and op.successors):
                raise _Differs
            if not known.issuperset(op.properties):
                raise _Differs
            _named(op.properties, properties, context)
            _named(op.attributes, attributes, context)
        except (_Differs, VerifyException):
            OpDef.verify(definition, op)
            return
        for trait in traits:
            trait.verify(op)

    return verify


_Named = tuple[str, bool, AttrConstraint | None]


def _named(found: dict[str, Attribute], wanted: Sequence[_Named], context: VerificationContext) -> None:
    for name, optional, constraint in wanted:
        value = found.get(name)
        if value is None:
            if not optional:
                raise _Differs
        elif constraint is not None:
            constraint.verify(value, context)


def _attribute_check(constraint: AttrConstraint) -> AttrConstraint | None:
    return None if isinstance(constraint, AnyAttr) else constraint


def _arguments(definition: OpDef, construct: _Values) -> list[_Check]:
    """Checks of operands or results."""
    operands = construct is VarIRConstruct.OPERAND
    wanted: list[tuple[str, OperandDef | ResultDef]] = [
        *(definition.operands if operands else definition.results)
    ]
    segments = AttrSizedOperandSegments if operands else AttrSizedResultSegments
    variadic = [n for n, (_, each) in enumerate(wanted) if isinstance(each, VariadicDef)]
    single = [_of_one(each.constr) for n, (_, each) in enumerate(wanted) if n not in variadic]
    if (
        len(variadic) > 1
        or any(isinstance(option, segments) for option in definition.options)
        or None in single
    ):
        return [lambda op, context: irdl_op_verify_arg_list(op, definition, construct, context)]
    if variadic and not _any_number_of_anything(wanted[variadic[0]][1]):
        return [lambda op, context: irdl_op_verify_arg_list(op, definition, construct, context)]
    count = len(single)
    before = variadic[0] if variadic else count
    positions = [n if n < before else n - count for n in range(count)]
    constraints = [
        (position, constraint)
        for position, constraint in zip(positions, single, strict=True)
        if constraint is not None and not isinstance(constraint, AnyAttr)
    ]

    def check(op: Operation, context: VerificationContext) -> None:
        values = op._operands if operands else op.results
        if len(values) < count or (not variadic and len(values) > count):
            raise _Differs
        for position, constraint in constraints:
            constraint.verify(values[position].type, context)

    return [check]


def _of_one(constraint: RangeConstraint) -> AttrConstraint | None:
    """The constraint of an operand that is one value; None for one that is written in another way."""
    if isinstance(constraint, RangeLengthConstraint) and isinstance(constraint.constraint, RangeOf):
        return constraint.constraint.constr
    return None


def _any_number_of_anything(definition: OperandDef | ResultDef) -> bool:
    constraint = definition.constr
    anything = isinstance(constraint, RangeOf) and isinstance(constraint.constr, AnyAttr)
    return anything and not isinstance(definition, OptionalDef)
