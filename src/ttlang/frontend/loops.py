# SPDX-License-Identifier: Apache-2.0
"""Loops of threads: `for` and `while`, `break` and `continue`.

A loop over a sequence known at compile time is written out, one over a range stays a loop: `scf.for`, or `scf.while` when
something leaves it early. Integers and truth values that a loop rebinds are carried from turn to turn.
"""

import ast
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from xdsl.dialects import scf
from xdsl.dialects.builtin import IndexType, TensorType, f32, i1
from xdsl.ir import Attribute, SSAValue
from xdsl.ir import Block as IRBlock

from . import integers
from .blocks import used
from .branches import RESULT, RETURN, carried_value, conditionally, is_flag, left, unless_left
from .carried_blocks import as_tensor, is_carried_by_loop
from .conditions import both, carriable, carry, negate
from .names import assigned_names
from .values import (
    Block,
    Bounds,
    RuntimeFloat,
    RuntimeInt,
    RuntimeRange,
    Shard,
    TensorValue,
    Unbound,
    describe,
    shape_text,
)

if TYPE_CHECKING:
    from .thread_compiler import ThreadCompiler

Loop = ast.For | ast.While


@dataclass
class Exits:
    """How the statements of a loop can leave a turn."""

    breaks: bool = False
    continues: bool = False
    returns: bool = False
    results: bool = False

    @classmethod
    def of(cls, body: Sequence[ast.stmt]) -> "Exits":
        found = cls()
        found._collect(body, nested=False)
        return found

    def _collect(self, nodes: Sequence[ast.AST], nested: bool) -> None:
        for node in nodes:
            match node:
                case ast.FunctionDef() | ast.Lambda() | ast.expr():
                    continue
                case ast.Break():
                    self.breaks = self.breaks or not nested
                case ast.Continue():
                    self.continues = self.continues or not nested
                case ast.Return():
                    self.returns = True
                    self.results = self.results or node.value is not None
            if isinstance(node, Loop):
                self._collect(node.body, nested=True)
                self._collect(node.orelse, nested)
            else:
                self._collect(list(ast.iter_child_nodes(node)), nested)


@contextmanager
def _turns(compiler: "ThreadCompiler") -> Iterator[tuple[str, str]]:
    """The flags of `break` and `continue` of a loop, while it is compiled."""
    frame = compiler.frame
    depth = len(frame.exits) // 2
    flags = f"<break {depth}>", f"<continue {depth}>"
    frame.exits.extend(flags)
    try:
        yield flags
    finally:
        del frame.exits[-2:]
        for flag in flags:
            frame.locals.pop(flag, None)


def break_statement(compiler: "ThreadCompiler", node: ast.Break) -> None:
    compiler.frame.locals[compiler.frame.exits[-2]] = True


def continue_statement(compiler: "ThreadCompiler", node: ast.Continue) -> None:
    compiler.frame.locals[compiler.frame.exits[-1]] = True


def _otherwise(compiler: "ThreadCompiler", node: Loop, broken: Any) -> None:
    """`else` of a loop, which `break` passes over; `broken` says whether it was left that way."""
    if not node.orelse or broken is True:
        return
    if broken is False:
        compiler.run(node.orelse)
    else:
        conditionally(compiler, negate(compiler, broken), lambda: compiler.run(node.orelse), None)


def for_statement(compiler: "ThreadCompiler", node: ast.For) -> None:
    sequence = compiler.expression(node.iter)
    if isinstance(sequence, range) and len(sequence) > 1:
        sequence = RuntimeRange(sequence.start, sequence.stop, sequence.step)
    if isinstance(sequence, RuntimeRange):
        exits = Exits.of(node.body)
        broken: Any = False
        if exits.breaks or exits.returns:
            broken = _range_until(compiler, node, sequence, exits)
        else:
            _counted(compiler, node, sequence)
    elif isinstance(sequence, range | tuple | list):
        broken = _written_out(compiler, node, sequence)
    else:
        raise compiler.error(f"cannot loop over {describe(sequence)}", node.iter)
    _otherwise(compiler, node, broken)


def _written_out(compiler: "ThreadCompiler", node: ast.For, sequence: Sequence[Any]) -> Any:
    """One turn after the other; returns whether the loop is left with `break`."""
    with _turns(compiler) as (stops, again):
        for value in sequence:

            def turn(value: Any = value) -> None:
                compiler.bind(node.target, value)
                compiler.run(node.body)

            compiler.frame.locals[again] = False
            passed = left(compiler)
            if passed is True:
                break
            if passed is False:
                turn()
            else:
                unless_left(compiler, passed, turn)
        return compiler.frame.locals.get(stops, False)


@dataclass
class _Names:
    """What names mean around a loop."""

    before: dict[str, Any]
    carried: dict[str, Any]
    rebound: set[str]


def _names(compiler: "ThreadCompiler", body: Sequence[ast.stmt], besides: set[str]) -> _Names:
    before = compiler.frame.locals
    rebound = assigned_names(body) - besides
    carried = {
        n: before[n]
        for n in sorted(rebound & before.keys())
        if carriable(before[n]) or is_carried_by_loop(compiler, n, before[n], body)
    }
    return _Names(before, carried, rebound)


def _inside(compiler: "ThreadCompiler", node: Loop, names: _Names) -> None:
    """Names as the body of a loop sees them, but for those that it carries."""
    inside = dict(names.before)
    changed = Unbound("a loop rebinds it, and only numbers are carried from turn to turn", compiler.here())
    plain = assigned_names(node.body, augmented=False)
    for name in (names.rebound & names.before.keys()) - names.carried.keys():
        # '+=' on a block or a shard accumulates into it
        if name in plain or not isinstance(names.before[name], Block | Shard):
            inside[name] = changed
    compiler.frame.locals = inside


def _after(compiler: "ThreadCompiler", names: _Names, results: Sequence[SSAValue]) -> dict[str, Any]:
    """Names as the code behind a loop sees them; returns what they were at the end of a turn."""
    inside, before = compiler.frame.locals, names.before
    compiler.frame.locals = before
    for name, result in zip(names.carried, results, strict=True):
        before[name] = carried_value(result)
    lost = Unbound("it is bound in a loop", compiler.here())
    for name, value in inside.items():
        if name not in names.carried and not is_flag(name) and before.get(name) is not value:
            before[name] = lost
    return inside


def _carried_type(name: str, value: Any) -> Attribute:
    """The type that a name is carried as; truth values of the program as integers, so that they may become such."""
    if is_flag(name):
        return i1
    if isinstance(value, TensorValue):
        return value.tensor_type
    return f32 if isinstance(value, float | RuntimeFloat) else IndexType()


def _final(compiler: "ThreadCompiler", name: str, type: Attribute, loop: Loop) -> SSAValue:
    """What a carried name is at the end of a turn."""
    value = compiler.frame.locals[name]
    if is_flag(name):
        return carry(compiler, value, i1)
    if name == RESULT and not carriable(value):
        raise compiler.error(
            "only numbers and truth values can be returned from inside a loop that stays a loop",
            loop,
        )
    if isinstance(type, TensorType):
        return _final_block(compiler, name, type, value, loop)
    if type == f32 and carriable(value):
        return carry(compiler, value, f32)
    if not carriable(value) or isinstance(value, float | RuntimeFloat):
        raise compiler.error(
            f"'{name}' is {'a float' if type == f32 else 'an integer'} before the loop and {describe(value)} at the end of a turn",
            loop,
            hint="start with a float: 0.0"
            if isinstance(value, float | RuntimeFloat)
            else f"start with a block: ttl.math.fill(0.0, shape={value.shape}, dtype=...)"
            if isinstance(value, TensorValue)
            else "names that a loop changes must stay numbers; use another name",
        )
    return compiler.index(value)


def _final_block(
    compiler: "ThreadCompiler", name: str, type: TensorType[Any], value: Any, loop: Loop
) -> SSAValue:
    """What a name that is a block before the loop is at the end of a turn: a block of the same shape."""
    if isinstance(value, TensorValue) and value.shape == type.get_shape():
        if isinstance(value, Block):
            used(compiler, value)
        return as_tensor(compiler, value, type)
    raise compiler.error(
        f"'{name}' is a block of {shape_text(type.get_shape())} tiles before the loop and"
        f" {describe(value)} at the end of a turn",
        loop,
        hint="names of blocks that a loop changes keep their shape; use another name",
    )


def _finals(
    compiler: "ThreadCompiler", names: _Names, types: Sequence[Attribute], loop: Loop
) -> list[SSAValue]:
    return [_final(compiler, name, type, loop) for name, type in zip(names.carried, types, strict=True)]


def _counted(compiler: "ThreadCompiler", node: ast.For, sequence: RuntimeRange) -> None:
    """A loop that makes all of its turns."""
    down = sequence.step < 0
    start, stop, step = sequence.start, sequence.stop, sequence.step
    if down:  # scf.for counts up: count the turns
        start, stop, step = 0, _count(compiler, sequence), 1
    names = _names(compiler, node.body, assigned_names([node.target]))
    types = [_carried_type(name, value) for name, value in names.carried.items()]
    initial = [carry(compiler, v, t) for v, t in zip(names.carried.values(), types, strict=True)]
    lower, upper, stride = compiler.index(start), compiler.index(stop), compiler.index(step)
    body = IRBlock(arg_types=[IndexType(), *types])
    variable: Any = induction(compiler, body.args[0], start, stop, step)
    _inside(compiler, node, names)
    for name, argument in zip(names.carried, body.args[1:], strict=True):
        argument.name_hint = name
        compiler.frame.locals[name] = carried_value(argument)
    uncertain = not all(integers.bounds_of(bound).exact for bound in (start, stop))
    with inside_loop(compiler, body, uncertain), _turns(compiler):
        if down:
            variable = compiler.binary(
                "sub", sequence.start, compiler.binary("mul", variable, -sequence.step)
            )
        compiler.bind(node.target, variable)
        if isinstance(node.target, ast.Name) and node.target.id == "_":
            body.args[0].name_hint = None
        compiler.run(node.body)
        compiler.emit(scf.YieldOp(*_finals(compiler, names, types, node)))
    loop = compiler.emit(scf.ForOp(lower, upper, stride, initial, body))
    inside = _after(compiler, names, loop.results)
    whole = not isinstance(sequence.start, RuntimeInt) and not isinstance(sequence.stop, RuntimeInt)
    if whole and isinstance(node.target, ast.Name) and inside.get(node.target.id) is variable:
        names.before[node.target.id] = range(sequence.start, sequence.stop, sequence.step)[-1]


def _count(compiler: "ThreadCompiler", sequence: RuntimeRange) -> Any:
    span = compiler.binary("sub", sequence.start, sequence.stop)
    return compiler.binary("floordiv", compiler.binary("add", span, -sequence.step - 1), -sequence.step)


def count_to(compiler: "ThreadCompiler", stop: int, body: Callable[[Any], None]) -> None:
    """A loop that the compiler writes itself, from 0 to `stop`."""
    lower, upper, stride = compiler.index(0), compiler.index(stop), compiler.index(1)
    block = IRBlock(arg_types=[IndexType()])
    variable = induction(compiler, block.args[0], 0, stop, 1)
    with inside_loop(compiler, block, False):
        body(variable)
        compiler.emit(scf.YieldOp())
    compiler.emit(scf.ForOp(lower, upper, stride, [], block))


@contextmanager
def inside_loop(compiler: "ThreadCompiler", block: IRBlock, uncertain: bool) -> Iterator[None]:
    saved, compiler.block = compiler.block, block
    compiler.conditional += uncertain
    try:
        yield
    finally:
        compiler.conditional -= uncertain
        compiler.block = saved


def induction(compiler: "ThreadCompiler", argument: SSAValue, start: Any, stop: Any, step: int) -> RuntimeInt:
    """The variable of a loop, with what is known of its values."""
    first, last = integers.bounds_of(start), integers.bounds_of(stop)
    exact = first.exact and last.exact and compiler.certain
    high = None if last.high is None else last.high - 1
    span = integers.affine_of(stop).plus(integers.affine_of(start), -1)
    if not span.terms and first.high is not None:  # so many turns wherever the loop starts
        high = first.high + max(span.constant - 1, 0) // step * step
    bounds = Bounds(first.low, high, exact)
    compiler.bounds[argument] = bounds
    if not isinstance(start, RuntimeInt) and not isinstance(stop, RuntimeInt):
        compiler.free[argument] = step
    return RuntimeInt.atom(argument, bounds)


# Loops that end when something happens


def while_statement(compiler: "ThreadCompiler", node: ast.While) -> None:

    def test() -> Any:
        with compiler.at(node.test):
            return compiler.condition(compiler.expression(node.test))

    names = _names(compiler, node.body, set())
    exits = Exits.of(node.body)
    _otherwise(compiler, node, _until(compiler, node, names, exits, test, lambda: compiler.run(node.body)))


def _range_until(compiler: "ThreadCompiler", node: ast.For, sequence: RuntimeRange, exits: Exits) -> Any:
    """A loop over a range that may end early: its counter is one more name that it carries."""
    counter = f"turn <{len(compiler.frame.exits) // 2}>"  # not a name of Python
    start, stop, step = sequence.start, sequence.stop, sequence.step
    first, last = integers.bounds_of(start), integers.bounds_of(stop)
    bounds = Bounds(first.low, None if last.high is None else last.high - 1)
    if step < 0:
        bounds = Bounds(None if last.low is None else last.low + 1, first.high)
    names = _names(compiler, node.body, assigned_names([node.target]))
    target = node.target.id if isinstance(node.target, ast.Name) else None
    if target is not None:
        value = names.before.get(target)
        runs = not isinstance(start, RuntimeInt) and not isinstance(stop, RuntimeInt)
        if carriable(value):
            names.carried[target] = value
        elif runs:  # at least one turn: this value is never seen
            names.carried[target] = start
    names.carried[counter] = start

    def test() -> Any:
        return compiler.binary("lt" if step > 0 else "gt", compiler.frame.locals[counter], stop)

    def turn() -> None:
        variable = compiler.frame.locals[counter]
        compiler.bounds[variable.ssa] = bounds
        variable = RuntimeInt.atom(variable.ssa, bounds)
        compiler.frame.locals[counter] = compiler.binary("add", variable, step)
        compiler.bind(node.target, variable)
        compiler.run(node.body)

    broken = _until(compiler, node, names, exits, test, turn)
    compiler.frame.locals.pop(counter, None)
    return broken


def _until(
    compiler: "ThreadCompiler",
    node: Loop,
    names: _Names,
    exits: Exits,
    test: Callable[[], Any],
    turn: Callable[[], None],
) -> Any:
    """`scf.while`: turns as long as `test` holds and no flag that ends the loop is set. Returns the flag of `break`."""
    with _turns(compiler) as (stops, again):
        flags = [flag for flag, used in ((stops, exits.breaks), (RETURN, exits.returns)) if used]
        names.carried.update(dict.fromkeys(flags, False))
        if exits.results:
            names.carried[RESULT] = 0
        types = [_carried_type(name, value) for name, value in names.carried.items()]
        initial = [carry(compiler, v, t) for v, t in zip(names.carried.values(), types, strict=True)]
        before, after = IRBlock(arg_types=types), IRBlock(arg_types=types)
        _inside(compiler, node, names)
        _bind_carried(compiler, names, before)
        with inside_loop(compiler, before, True):
            going: Any = True
            for flag in flags:
                going = both(compiler, going, partial(negate, compiler, compiler.frame.locals[flag]))
            going = both(compiler, going, test)
            if going is False:
                compiler.frame.locals = names.before
                return False
            if going is True:
                raise compiler.error(
                    "this loop never ends: its condition is always true",
                    node.test if isinstance(node, ast.While) else node,
                    hint="leave it with 'break' or 'return'",
                )
            compiler.emit(scf.ConditionOp(going.ssa, *before.args))
        _bind_carried(compiler, names, after)
        compiler.frame.locals.update(dict.fromkeys(flags, False))
        compiler.frame.locals[again] = False
        with inside_loop(compiler, after, True):
            turn()
            compiler.emit(scf.YieldOp(*_finals(compiler, names, types, node)))
        op = compiler.emit(scf.WhileOp(initial, types, [before], [after]))
        _after(compiler, names, op.results)
        return compiler.frame.locals.get(stops, False)


def _bind_carried(compiler: "ThreadCompiler", names: _Names, block: IRBlock) -> None:
    for name, argument in zip(names.carried, block.args, strict=True):
        argument.name_hint = name.strip("<>").split()[0]
        compiler.frame.locals[name] = carried_value(argument)
