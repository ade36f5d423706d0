# SPDX-License-Identifier: Apache-2.0
"""What EmitC ops read and change, and who uses what: the grounds on which the printer moves expressions."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Operation, SSAValue

from ttlang.dialects import emitc
from ttlang.dialects.walking import ops_in

from .attributes import WHILE
from .cpp_expressions import EXPRESSION_OPS
from .cpp_helpers import PURE_HELPERS

MACHINE = "machine"
"""All state outside local variables: circular buffers, memory, transfers."""

ANYTHING: frozenset[object] = frozenset({MACHINE})
_NOTHING: frozenset[object] = frozenset()

_PURE_CALLS = PURE_HELPERS | {
    "get_absolute_logical_x",
    "get_absolute_logical_y",
    "get_arg_val",
    "get_common_arg_val",
    "get_dataformat",
    "get_noc_addr",
    "get_noc_addr_from_bank_id",
    "get_noc_multicast_addr",
    "get_semaphore",
    "get_tile_size",
    "reinterpret_cast<volatile tt_l1_ptr uint32_t*>",
    "TensorAccessor",
}
_READING_CALLS = frozenset({"get_read_ptr", "get_write_ptr"})
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")


@cache
def _identifiers(text: str) -> frozenset[str]:
    return frozenset(_IDENTIFIER.findall(text))


def is_pure_call(op: emitc.CallOpaqueOp) -> bool:
    """Whether a call can be left out when nobody uses its result."""
    callee = op.callee.data
    return callee in _PURE_CALLS or callee in _READING_CALLS


def reads(op: Operation) -> frozenset[object]:
    """State that the value of an op depends on, besides its operands: MACHINE, or variables."""
    if isinstance(op, emitc.CallOpaqueOp):
        return _NOTHING if op.callee.data in _PURE_CALLS else ANYTHING
    if isinstance(op, emitc.LoadOp):
        variable = op.operands[0]
        return frozenset({variable}) if isinstance(variable.owner, emitc.VariableOp) else ANYTHING
    return _NOTHING


def writes(op: Operation, state: frozenset[object]) -> bool:
    """Whether an op may change any of `state`."""
    if isinstance(op, emitc.CallOpaqueOp):
        return MACHINE in state and not is_pure_call(op)
    if isinstance(op, emitc.AssignOp):
        target = op.operands[0]
        return target in state if isinstance(target.owner, emitc.VariableOp) else MACHINE in state
    if op.regions:
        return any(
            writes(inner, state) for region in op.regions if region.blocks for inner in region.block.ops
        )
    return isinstance(op, emitc.VerbatimOp) and MACHINE in state


class Uses:
    """Who really uses each value of a function: uses by ops that are themselves unused do not count."""

    def __init__(self, function: emitc.FuncOp):
        self._users: dict[SSAValue, list[Operation]] = {}
        self._position: dict[Operation, int] = {}
        self._last: dict[SSAValue, int] = {}
        self.initial: set[Operation] = set()
        self.loop_tests: set[SSAValue] = set()
        self.reserved: set[str] = set()
        self._assignments: dict[SSAValue, list[Operation]] = {}
        self._firsts: dict[Operation, Operation] = {}
        ops = ops_in(function.body)
        for position, op in enumerate(ops):
            self._position[op] = position
            if (note := _NOTES.get(type(op))) is not None:
                note(self, op)
        for position in range(len(ops) - 1, -1, -1):
            self._count(ops[position], position)

    def of(self, value: SSAValue) -> list[Operation]:
        return self._users.get(value, [])

    def is_single(self, value: SSAValue) -> bool:
        return len(self.of(value)) == 1

    def first_assignment(self, op: Operation) -> Operation | None:
        """The assignment that can be part of the declaration of a variable."""
        return self._firsts.get(op)

    def assigned_before_last_use(self, load: Operation) -> bool:
        """Whether a variable changes between a load and the last use of what was loaded."""
        start, end = self._position[load], self._last.get(load.results[0], -1)
        return any(start < self._position[a] < end for a in self._assignments.get(load.operands[0], ()))

    def _note_call(self, op: Operation) -> None:
        callee = op.properties["callee"]
        assert isinstance(callee, StringAttr)
        self.reserved.add(callee.data)

    def _note_text(self, op: Operation) -> None:
        text = op.properties["value"]
        if isinstance(text, emitc.OpaqueAttr):
            text = text.value
        if isinstance(text, StringAttr):
            self.reserved.update(_identifiers(text.data))

    def _note_loop(self, op: Operation) -> None:
        assert isinstance(op, emitc.DoOp)
        if WHILE in op.attributes:
            tests = (inner for inner in op.condition.block.ops if isinstance(inner, emitc.ExpressionOp))
            self.loop_tests.update(test.operands[0] for test in tests)

    def _note_assignment(self, op: Operation) -> None:
        variable = op.operands[0]
        self._assignments.setdefault(variable, []).append(op)
        owner = variable.owner
        if type(owner) is emitc.VariableOp and owner.next_op is op:
            self._firsts[owner] = op
            self.initial.add(op)

    def _count(self, op: Operation, position: int) -> None:
        if self._is_dead(op):
            return
        operands: Sequence[SSAValue] = op.operands
        if not operands:
            return
        if type(op) is emitc.AssignOp:
            variable, value = operands
            if variable in self.loop_tests:
                return  # the `if` that follows is the one use of the test
            if type(variable.owner) is emitc.VariableOp:
                operands = (value,)
        end = max(position, self._end(op))
        users, last = self._users, self._last
        for operand in operands:
            if (known := users.get(operand)) is None:
                users[operand] = [op]
                last[operand] = end
            else:
                known.append(op)
                last[operand] = max(last[operand], end)

    def _end(self, op: Operation) -> int:
        """Where an op is evaluated at the latest, as part of what uses it; -1 for one that is a statement."""
        if len(op.results) != 1:
            return -1
        (result,) = op.results
        if type(op) is not emitc.CastOp and (result.name_hint is not None or len(self.of(result)) > 1):
            return -1
        return self._last.get(result, -1)

    def _is_dead(self, op: Operation) -> bool:
        cls = type(op)
        results = op.results
        if not results:
            return cls is emitc.AssignOp and self._is_dead_store(op)
        users = self._users
        for result in results:
            if result in users:
                return False
        if isinstance(op, emitc.CallOpaqueOp):
            return is_pure_call(op)
        return cls in EXPRESSION_OPS or cls in _VALUES

    def _is_dead_store(self, op: Operation) -> bool:
        """A variable that nobody reads need not be written."""
        variable = op.operands[0]
        return isinstance(variable.owner, emitc.VariableOp) and not any(
            isinstance(use.operation, (emitc.LoadOp, emitc.ExpressionOp)) and self._is_read(use.operation)
            for use in variable.uses
        )

    def _is_read(self, op: Operation) -> bool:
        return isinstance(op, emitc.ExpressionOp) or bool(op.results[0].uses)


_VALUES = (emitc.LoadOp, emitc.ConstantOp, emitc.LiteralOp)
_NOTES: Mapping[type[Operation], Callable[[Uses, Operation], None]] = {
    emitc.AssignOp: Uses._note_assignment,
    emitc.CallOpaqueOp: Uses._note_call,
    emitc.ConstantOp: Uses._note_text,
    emitc.DoOp: Uses._note_loop,
    emitc.LiteralOp: Uses._note_text,
    emitc.VerbatimOp: Uses._note_text,
}
