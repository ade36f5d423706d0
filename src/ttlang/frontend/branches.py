# SPDX-License-Identifier: Apache-2.0
"""Branches of threads, and what leaves a function or a turn of a loop early.

`return`, `break` and `continue` set flags, which are names of the frame like others: known at compile time where Python
decides, else carried out of branches and loops as truth values. What follows is passed over when a flag is set: left
out, or put under an `scf.if`.
"""

import ast
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from xdsl.dialects import scf
from xdsl.dialects.builtin import TensorType, f32, i1
from xdsl.ir import Block as IRBlock
from xdsl.ir import SSAValue

from .carried_blocks import branch_type
from .conditions import carriable, carried_type, carry, either, negate
from .values import Block, RuntimeBool, RuntimeFloat, RuntimeInt, TensorValue, Unbound, depends_on_core

if TYPE_CHECKING:
    from .frames import Frame
    from .thread_compiler import ThreadCompiler

RETURN, RESULT = "<return>", "<result>"
"""The flag of `return`, and what it returns."""

Action = Callable[[], None]


def carried_value(ssa: SSAValue) -> Any:
    """A name that an op carries out of its regions."""
    if ssa.type == f32:
        return RuntimeFloat(ssa)
    if isinstance(ssa.type, TensorType):
        return TensorValue(ssa)
    return RuntimeBool(ssa) if ssa.type == i1 else RuntimeInt.atom(ssa)


def is_flag(name: str) -> bool:
    return name.startswith("<") and name != RESULT


def left(compiler: "ThreadCompiler") -> "bool | RuntimeBool":
    """Whether the rest of the turn of the innermost loop, or of the function, is passed over."""
    names = compiler.frame.locals
    passed: Any = False
    for flag in compiler.frame.exits:
        value = names.get(flag, False)
        if value is True:
            return True
        if value is not False:
            passed = value if passed is False else either(compiler, passed, partial(_same, value))
    assert isinstance(passed, bool | RuntimeBool)
    return passed


def _same(value: Any) -> Any:
    return value


def unless_left(compiler: "ThreadCompiler", passed: RuntimeBool, action: Action) -> None:
    """Compile `action` for where no flag is set."""
    frame = compiler.frame
    set_before = {f: v for f in frame.exits if isinstance(v := frame.locals.get(f), RuntimeBool)}
    ended: list[str] = []

    def inside() -> None:
        frame.locals.update(dict.fromkeys(set_before, False))
        action()
        for flag, value in set_before.items():
            if frame.locals[flag] is False:  # as it was: it is not set where this is reached
                frame.locals[flag] = value
            elif frame.locals[flag] is True:
                ended.append(flag)

    def outside() -> None:
        if len(set_before) == 1:  # this flag is why
            frame.locals.update(dict.fromkeys(ended, True))

    conditionally(compiler, negate(compiler, passed), inside, outside)


def conditionally(
    compiler: "ThreadCompiler", test: RuntimeBool, then: Action, otherwise: Action | None
) -> None:
    """Compile a run-time branch; names that its sides change are merged."""
    frame = compiler.frame
    before = dict(frame.locals)
    releases = {held: held.released for held in compiler.held}
    then_block, then_names = _side(compiler, then, before)
    then_releases = {held: held.released for held in releases}
    for held, released in releases.items():  # each side starts with what was held before
        held.released = released
        if held not in compiler.held:
            compiler.held.append(held)
    else_block, else_names = _side(compiler, otherwise or _nothing, before)
    then_ends, else_ends = (_ends(frame, names) for names in (then_names, else_names))
    for held, released in then_releases.items():
        if else_ends and not then_ends:
            held.released = released
        elif not then_ends:
            held.released = held.released or released
    held_now = [*compiler.held, *(h for h in releases if h not in compiler.held)]
    compiler.held = [held for held in held_now if held.released is None]
    merged = {
        name: _sides(name, then_names, else_names)
        for name in {**then_names, **else_names}
        if then_names.get(name) is not else_names.get(name)
    }
    known = {n: _known(compiler, test, n, vs) for n, vs in merged.items() if _is_known(n, vs)}
    blocks = {n: type for n, vs in merged.items() if (type := branch_type(compiler, vs)) is not None}
    carried = {
        n: vs for n, vs in merged.items() if n not in known and (n in blocks or all(carriable(v) for v in vs))
    }
    types = [
        i1 if is_flag(name) else blocks.get(name) or carried_type(values) for name, values in carried.items()
    ]
    for block, side in ((then_block, 0), (else_block, 1)):
        saved, compiler.block = compiler.block, block
        values = (carry(compiler, vs[side], t) for vs, t in zip(carried.values(), types, strict=True))
        compiler.emit(scf.YieldOp(*values))
        compiler.block = saved
    has_else = types or len(else_block.ops) > 1
    op = compiler.emit(scf.IfOp(test.ssa, types, [then_block], [else_block] if has_else else None))
    frame.locals = {**before, **{n: v for n, v in then_names.items() if n not in merged}, **known}
    for name, result in zip(carried, op.results, strict=True):
        result.name_hint = _hint(name)
        frame.locals[name] = carried_value(result)
    for name in merged.keys() - carried.keys() - known.keys():
        frame.locals[name] = Unbound("it depends on a run-time condition", compiler.here())


def _nothing() -> None:
    return


def _hint(name: str) -> str:
    return {RETURN: "returned", RESULT: "result"}.get(name, name.strip("<>").split()[0])


def _ends(frame: "Frame", names: dict[str, Any]) -> bool:
    """Whether a side that ends with these names certainly leaves."""
    return any(names.get(flag) is True for flag in frame.exits)


def _sides(name: str, then: dict[str, Any], otherwise: dict[str, Any]) -> tuple[Any, Any]:
    values = then.get(name), otherwise.get(name)
    if is_flag(name):
        return tuple(False if v is None else v for v in values)  # type: ignore[return-value]
    if name != RESULT or (name in then and name in otherwise):
        return values
    value = then[name] if name in then else otherwise[name]  # the other side does not return
    filler: Any = value
    if isinstance(value, RuntimeInt | RuntimeBool):
        filler = 0 if isinstance(value, RuntimeInt) else False
    return (value, filler) if name in then else (filler, value)


def _is_known(name: str, values: tuple[Any, Any]) -> bool:
    """Whether a merged name needs no result of the branch."""
    if is_flag(name):
        return set(map(type, values)) == {bool}
    result = values[0]
    run_time = depends_on_core(result) or isinstance(result, Block | TensorValue | Unbound)
    return name == RESULT and result is values[1] and not run_time


def _known(compiler: "ThreadCompiler", test: RuntimeBool, name: str, values: tuple[Any, Any]) -> Any:
    if values[0] is values[1] or name == RESULT:
        return values[0]
    return test if values[0] else negate(compiler, test)


def _side(
    compiler: "ThreadCompiler", action: Action, names: dict[str, Any]
) -> tuple[IRBlock, dict[str, Any]]:
    """Compile one side of a branch; returns its block and what names mean at its end."""
    compiler.frame.locals = dict(names)
    saved, compiler.block = compiler.block, IRBlock()
    compiler.conditional += 1
    try:
        action()
        return compiler.block, dict(compiler.frame.locals)
    finally:
        compiler.conditional -= 1
        compiler.block = saved


# Statements


def if_statement(compiler: "ThreadCompiler", node: ast.If) -> None:
    with compiler.at(node.test):
        test = compiler.condition(compiler.expression(node.test))
    if isinstance(test, bool):
        compiler.run(node.body if test else node.orelse)
        return
    conditionally(compiler, test, lambda: compiler.run(node.body), lambda: compiler.run(node.orelse))


def return_statement(compiler: "ThreadCompiler", node: ast.Return) -> None:
    frame = compiler.frame
    value = None if node.value is None else compiler.expression(node.value)
    if value is not None and frame.called_from is None:
        single = compiler.thread.kind == "single_threaded"
        raise compiler.error(f"a {'kernel' if single else 'thread'} returns nothing", node)
    frame.locals[RESULT] = value
    frame.locals[RETURN] = True


def run(compiler: "ThreadCompiler", body: Sequence[ast.stmt]) -> None:
    """Compile statements in order, each where the ones before it have not left."""
    for position, statement in enumerate(body):
        passed = left(compiler)
        if passed is True:
            return
        if passed is not False:
            with compiler.at(statement):
                unless_left(compiler, passed, partial(run, compiler, body[position:]))
            return
        compiler.statement(statement)


def result_of(compiler: "ThreadCompiler", frame: "Frame") -> Any:
    """What an inlined function returns; refuses one that does so on some paths only."""
    value = frame.locals.get(RESULT)
    if isinstance(value, Unbound):
        raise compiler.error(
            f"what '{frame.name}' returns depends on a run-time condition",
            hint="only integers and truth values can; return one of them on every path",
        )
    if value is not None and frame.locals.get(RETURN) is not True:
        raise compiler.error(
            f"'{frame.name}' returns a value on some paths only", hint="return an integer at its end, too"
        )
    return value
