# SPDX-License-Identifier: Apache-2.0
"""Statements and expressions of a thread, compiled to TTL.

An expression is evaluated as far as Python knows it; what depends on the core, on a run-time loop or on a block
becomes ops. Loops over `range` with anything run-time in them stay loops; everything else is unrolled or folded.
"""

import ast
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FunctionType
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from xdsl.dialects import arith
from xdsl.dialects.builtin import (
    CallSiteLoc,
    FloatAttr,
    IndexType,
    IntegerType,
    LocationAttr,
    f32,
    i32,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.ir import Block as IRBlock

from ttlang.diagnostics import CompileError, Note, SourceLocation
from ttlang.dialects.interned import INDEX, integer
from ttlang.dialects.locations import file_loc
from ttlang.dialects.ttl.data_movement import CoreIndexOp
from ttlang.language.kernel import function_location
from ttlang.language.resources import CircularBuffer
from ttlang.language.scope import Thread
from ttlang.language.symbols import SymbolicInt
from ttlang.language.tensors import LocalShard, TensorAccessor, TensorParameter
from ttlang.transforms.core_values import coordinates

from . import floats, integers
from .branches import if_statement, result_of, return_statement, run
from .conditions import (
    bool_op,
    both,
    compare,
    either,
    equal_sequences,
    if_expression,
    negate,
)
from .constructs import OPERATOR_SYMBOLS, STATEMENT_HINTS, construct, symbol
from .debugging import assert_statement, print_call
from .frames import Frame
from .loops import break_statement, continue_statement, for_statement, while_statement
from .names import captured, is_local, suggest
from .shards import extract
from .source import function_source
from .values import (
    Block,
    BoundMethod,
    Bounds,
    RuntimeBool,
    RuntimeFloat,
    RuntimeInt,
    Shard,
    TensorValue,
    Transfer,
    Unbound,
    depends_on_core,
    describe,
)

if TYPE_CHECKING:
    from .program import ProgramBuilder

_BINARY_NAMES: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Pow: "pow",
    ast.MatMult: "matmul",
}
_COMPARISONS = ("lt", "le", "gt", "ge", "eq", "ne")
_FOLDABLE: dict[str, Callable[[Any, Any], Any]] = {
    **integers.PYTHON_OPERATORS,
    "div": lambda a, b: a / b,
    "pow": lambda a, b: a**b,
}


class ThreadCompiler:
    """Compiles one thread function into the block of a thread op."""

    def __init__(self, program: "ProgramBuilder", thread: Thread):
        self.program = program
        self.thread = thread
        self.frame = Frame(function_source(thread.function), thread.function, None, None)
        self.entry = IRBlock()
        self.block = self.entry
        self.prologue: list[Operation] = []
        self._literals: list[Operation] = []
        self.bounds: dict[SSAValue, Bounds] = {}
        self.free: dict[
            SSAValue, int
        ] = {}  # core coordinates and loop variables: independent, with their steps
        self.held: list[Block] = []
        self.conditional = 0
        self.guarded = 0
        self.pipe_ends: list[tuple[Any, str]] = []
        self._constants: dict[tuple[str, Attribute], SSAValue] = {}
        self._symbols: dict[SymbolicInt, Any] = {}
        self._cores: dict[int, list[RuntimeInt | int]] = {}
        self._location: LocationAttr | None = None
        self._node: ast.AST = self.frame.source.node
        self._in_prologue = False

    def compile(self) -> IRBlock:
        node = self.frame.source.node
        assert isinstance(node, ast.FunctionDef)
        parameters = inspect.signature(self.thread.function).parameters
        self.frame.locals.update(zip(parameters, self.thread.arguments, strict=True))
        self.run(node.body)
        return self.finish()

    def finish(self) -> IRBlock:
        """The body of the thread, once all of it is emitted."""
        for op in reversed([*self._literals, *self.prologue]):
            first = self.entry.first_op
            if first is None:
                self.entry.add_op(op)
            else:
                self.entry.insert_op_before(op, first)
        return self.entry

    # Errors and locations

    def here(self, node: ast.AST | None = None) -> SourceLocation:
        return self.frame.source.at(node or self._node)

    def error(
        self, message: str, node: ast.AST | None = None, hint: str | None = None, notes: Sequence[Note] = ()
    ) -> CompileError:
        trail = []
        frame: Frame | None = self.frame
        while frame is not None and frame.called_from is not None:
            trail.append(Note(f"'{frame.name}' is called", frame.called_from))
            frame = frame.caller
        return CompileError(message, self.here(node), [*notes, *trail], hint)

    def refuse(self, construct: str, node: ast.AST, hint: str | None = None) -> NoReturn:
        where = "single-threaded kernel" if self.thread.kind == "single_threaded" else "thread"
        raise self.error(f"{construct} cannot be compiled in a {where}", node, hint)

    @contextmanager
    def at(self, node: ast.AST) -> Iterator[None]:
        """Ops emitted inside carry the position of `node`."""
        saved = self._node, self._location
        self._node, self._location = node, None
        try:
            yield
        finally:
            self._node, self._location = saved

    def location(self) -> LocationAttr:
        if self._location is None:
            here = self.here()
            self._location = file_loc(here.file, here.line, here.column)
            if self.frame.call_location is not None:
                self._location = CallSiteLoc(self._location, self.frame.call_location)
        return self._location

    # Emission

    def emit(self, op: Operation) -> Operation:
        op.location = self.location()
        if self._in_prologue:
            self.prologue.append(op)
        else:
            self.block.add_op(op)
        return op

    @contextmanager
    def in_prologue(self) -> Iterator[None]:
        saved, self._in_prologue = self._in_prologue, True
        try:
            yield
        finally:
            self._in_prologue = saved

    def index(self, value: Any) -> SSAValue:
        """`value` as an SSA value of type index."""
        match value:
            case RuntimeInt():
                return value.ssa
            case RuntimeBool():
                return self.emit(arith.SelectOp(value.ssa, self.index(1), self.index(0))).results[0]
            case SymbolicInt():
                return self.index(self.materialise(value))
            case bool() | int():
                number = int(value)
                if not -(2**31) <= number < 2**32:
                    raise self.error(f"{number} does not fit the 32-bit integers of a core")
                return self.constant(number, INDEX)
        raise self.error(f"expected an integer, got {describe(value)}")

    def constant(self, value: int | float, type: Attribute) -> SSAValue:
        """A constant, made once, at the start of the thread."""
        key = (repr(value), type)  # 0.0 and -0.0 are equal
        if key not in self._constants:
            attribute: Any = FloatAttr(value, f32)
            if isinstance(type, IndexType | IntegerType):
                attribute = integer(int(value), type)
            with self.in_prologue():
                op = self.emit(arith.ConstantOp(attribute))
            self._constants[key] = op.results[0]
            if not isinstance(type, IndexType):  # the lowering looks for these before all else
                self._literals.append(self.prologue.pop())
        return self._constants[key]

    def i32(self, value: int) -> SSAValue:
        return self.constant(value, i32)

    def condition(self, value: Any) -> "bool | RuntimeBool":
        """The truth of `value`."""
        match value:
            case RuntimeBool():
                return value
            case RuntimeInt():
                result = integers.binary(self, "ne", value, 0)
                assert isinstance(result, bool | RuntimeBool)
                return result
            case RuntimeFloat():
                test = floats.binary(self, "ne", value, 0.0)
                assert isinstance(test, RuntimeBool)
                return test
            case SymbolicInt():
                return self.condition(self.materialise(value))
            case TensorValue() | Transfer() | CircularBuffer() | TensorParameter():
                raise self.error(f"{describe(value)} has no truth value")
        return bool(value)

    def materialise(self, symbol: SymbolicInt) -> Any:
        """Compute a kernel-scope expression of core coordinates, once per thread, at its start."""
        if symbol not in self._symbols:
            with self.in_prologue():
                if symbol.op == "core":
                    dimension, dims = symbol.arguments
                    self._symbols[symbol] = self.core(dims)[dimension]
                else:
                    a, b = (
                        self.materialise(x) if isinstance(x, SymbolicInt) else x for x in symbol.arguments
                    )
                    if symbol.op in ("and", "or"):
                        join = both if symbol.op == "and" else either
                        self._symbols[symbol] = join(self, a, lambda: b)
                    else:
                        self._symbols[symbol] = self.binary(symbol.op, a, b)
        return self._symbols[symbol]

    def core(self, dims: int) -> list[Any]:
        """Coordinates of this core in a grid of `dims` dimensions."""
        if dims not in self._cores:
            with self.in_prologue():
                op = self.emit(CoreIndexOp(dims))
            values: list[Any] = []
            # coordinates of other dims follow from those of the first; numbers of the cores of a range have gaps
            is_dense = self.thread.cores is None or dims >= len(self.program.scope.grid)
            independent = not self._cores and is_dense
            for axis, result in zip("xyz", op.results, strict=False):
                bounds = self._core_bounds(len(values), dims)
                result.name_hint = f"core_{axis}"
                self.bounds[result] = bounds
                if independent:
                    self.free[result] = 1
                values.append(bounds.low if bounds.low == bounds.high else RuntimeInt.atom(result, bounds))
            self._cores[dims] = values
        return self._cores[dims]

    def _core_bounds(self, dimension: int, dims: int) -> Bounds:
        """Least and greatest coordinate of the cores that run this thread."""
        grid = self.program.scope.grid
        first, last = self.thread.cores or ((0,) * len(grid), tuple(size - 1 for size in grid))
        low, high = (coordinates(core, grid, dims)[dimension] for core in (first, last))
        return Bounds(low, high, exact=True)

    # Names

    def lookup(self, name: str, node: ast.AST) -> Any:
        frame = self.frame
        bound, value = frame.find(name)
        if bound:
            if isinstance(value, Unbound):
                raise self.error(
                    f"'{name}' has no single value here: {value.reason}",
                    node,
                    notes=[Note("it was bound", value.location)],
                )
            return value
        if is_local(frame.function, name):
            raise self.error(
                f"'{name}' is used before it is bound",
                node,
                hint=f"it is assigned in '{frame.function.__name__}', which makes it a local variable there",
            )
        found, value = captured(frame.function, name)
        if not found:
            raise self.error(
                f"name '{name}' is not defined", node, hint=suggest(frame.function, frame.locals, name)
            )
        return self.imported(value)

    def imported(self, value: Any) -> Any:
        """A captured object as the thread sees it."""
        match value:
            case SymbolicInt():
                return self.materialise(value)
            case TensorAccessor():
                return value.tensor
            case LocalShard():
                return extract(self, value.tensor)
            case np.integer() | np.floating() | np.bool_():
                return value.item()
            case slice():
                return slice(*map(self.imported, (value.start, value.stop, value.step)))
        if type(value) in (tuple, list):
            return type(value)(map(self.imported, value))
        return value

    def bind(self, target: ast.AST, value: Any) -> None:
        match target:
            case ast.Name(id=name):
                ssa = getattr(value, "ssa", None)
                if ssa is not None and ssa.name_hint is None:
                    ssa.name_hint = name
                self.frame.locals[name] = value
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                if not isinstance(value, tuple | list | range):
                    raise self.error(f"cannot unpack {describe(value)}", target)
                if any(isinstance(t, ast.Starred) for t in targets):
                    self.refuse("a starred target", target)
                if len(targets) != len(value):
                    raise self.error(f"{len(targets)} targets for {len(value)} values", target)
                for t, v in zip(targets, value, strict=True):
                    self.bind(t, v)
            case ast.Subscript(value=owner, slice=index):
                block = self.expression(owner)
                with self.at(target):
                    self.check_assignment(block)
                if not isinstance(block, Block):
                    self.refuse(f"assignment to {construct(target)}", target)
                from .elements import write

                with self.at(target):
                    write(self, block, self.expression(index), value)
            case _:
                self.refuse(f"assignment to {construct(target)}", target)

    # Statements

    def run(self, body: Sequence[ast.stmt]) -> None:
        run(self, body)

    def statement(self, node: ast.stmt) -> None:
        handler = _STATEMENTS.get(type(node))
        if handler is None:
            self.refuse(construct(node), node, STATEMENT_HINTS.get(type(node)))
        with self.at(node):
            handler(self, node)

    def _assign(self, node: ast.Assign) -> None:
        value = self.expression(node.value)
        for target in node.targets:
            self.bind(target, value)

    def _ann_assign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.bind(node.target, self.expression(node.value))

    def _aug_assign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Subscript):
            self._aug_assign_element(node, node.target)
            return
        current = (
            self.expression(ast.copy_location(ast.Name(_name(node.target), ast.Load()), node.target))
            if (isinstance(node.target, ast.Name))
            else self.refuse(f"augmented assignment to {construct(node.target)}", node)
        )
        value = self.expression(node.value)
        name = _BINARY_NAMES.get(type(node.op))
        if isinstance(current, Block | Shard):
            from .blocks import store

            if name != "add":
                raise self.error(
                    f"'{symbol(node.op)}=' on a block: only '+=' accumulates into a block",
                    node,
                    hint="compute the value and store it with .store(...)",
                )
            store(self, current, value, accumulate=True)
            return
        if name is None:
            self.refuse(f"operator '{symbol(node.op)}='", node)
        self.bind(node.target, self.binary(name, current, value))

    def _aug_assign_element(self, node: ast.AugAssign, target: ast.Subscript) -> None:
        block = self.expression(target.value)
        name = _BINARY_NAMES.get(type(node.op))
        self.check_accumulation(block)
        if not isinstance(block, Block):
            self.refuse("augmented assignment to an element", node)
        if name is None:
            self.refuse(f"operator '{symbol(node.op)}='", node)
        from .elements import read, write

        index = self.expression(target.slice)
        current = read(self, block, index)
        write(self, block, index, self.binary(name, current, self.expression(node.value)))

    def _expression_statement(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant):
            return  # a docstring
        value = self.expression(node.value)
        called = isinstance(node.value, ast.Call)
        if isinstance(value, TensorValue) and not (called and isinstance(value, Block)):
            raise self.error(
                "the result of this expression is not used",
                node,
                hint="store it: out[i].store(...)"
                if self.thread.kind == "single_threaded"
                else "store it in a block: block.store(...)",
            )
        if not isinstance(node.value, ast.Call | ast.IfExp | ast.BoolOp) and _is_number(value):
            raise self.error("the result of this expression is not used", node, hint="bind it to a name")
        if isinstance(value, BoundMethod):
            raise self.error(
                f"the method '{value.name}' is not called", node, hint=f"write {value.name}(...)"
            )
        if isinstance(value, Block):
            raise self.error(
                "the block acquired here is not used",
                node,
                hint=f"bind it: 'with buffer.{value.verb}() as block:'",
            )

    def _pass(self, node: ast.Pass) -> None:
        return

    def _with(self, node: ast.With) -> None:
        opened: list[Block] = []
        for item in node.items:
            block = self.expression(item.context_expr)
            if not isinstance(block, Block):
                raise self.error(
                    f"'with' takes buffer.wait() or buffer.reserve(), got {describe(block)}",
                    item.context_expr,
                )
            opened.append(block)
            if item.optional_vars is not None:
                self.bind(item.optional_vars, block)
        self.run(node.body)
        from .blocks import release

        for item, block in zip(reversed(node.items), reversed(opened), strict=True):
            if block.released is None:
                with self.at(item.context_expr):
                    release(self, block)

    # Expressions

    def expression(self, node: ast.expr) -> Any:
        handler = _EXPRESSIONS.get(type(node))
        if handler is None:
            self.refuse(construct(node), node)
        with self.at(node):
            return handler(self, node)

    def _constant(self, node: ast.Constant) -> Any:
        return node.value

    def _name(self, node: ast.Name) -> Any:
        return self.lookup(node.id, node)

    def _tuple(self, node: ast.Tuple) -> Any:
        return tuple(self.expression(e) for e in node.elts)

    def _list(self, node: ast.List) -> Any:
        return [self.expression(e) for e in node.elts]

    def _slice(self, node: ast.Slice) -> Any:
        return slice(
            *(None if e is None else self.expression(e) for e in (node.lower, node.upper, node.step))
        )

    def _attribute(self, node: ast.Attribute) -> Any:
        owner = self.expression(node.value)
        from .builtins import attribute

        return attribute(self, owner, node.attr)

    def _binary(self, node: ast.BinOp) -> Any:
        name = _BINARY_NAMES.get(type(node.op))
        if name is None:
            self.refuse(f"operator '{symbol(node.op)}'", node)
        return self.binary(name, self.expression(node.left), self.expression(node.right))

    def _unary(self, node: ast.UnaryOp) -> Any:
        value = self.expression(node.operand)
        match node.op:
            case ast.Not():
                return negate(self, value)
            case ast.USub():
                if isinstance(value, TensorValue):
                    from .blocks import elementwise

                    return elementwise(self, "neg", [value])
                if isinstance(value, RuntimeFloat):
                    return floats.negate(self, value)
                return self.binary("sub", 0, value) if depends_on_core(value) else self._folded(node, value)
            case ast.UAdd() if not isinstance(value, TensorValue):
                return self.binary("add", 0, value) if depends_on_core(value) else self._folded(node, value)
        self.refuse(f"operator '{symbol(node.op)}'", node)

    def _folded(self, node: ast.UnaryOp, value: Any) -> Any:
        try:
            return -value if isinstance(node.op, ast.USub) else +value
        except TypeError:
            raise self.error(f"'{symbol(node.op)}' of {describe(value)} is not defined") from None

    def binary(self, name: str, a: Any, b: Any) -> Any:
        a, b = self.imported(a), self.imported(b)
        if isinstance(a, TensorValue) or isinstance(b, TensorValue):
            from .blocks import binary

            return binary(self, name, a, b)
        if isinstance(a, RuntimeFloat) or isinstance(b, RuntimeFloat):
            return floats.binary(self, name, a, b)
        if isinstance(a, RuntimeInt | RuntimeBool) or isinstance(b, RuntimeInt | RuntimeBool):
            if (isinstance(a, float) or isinstance(b, float)) and name != "pow":
                return floats.binary(self, name, a, b)
            if name not in integers.PYTHON_OPERATORS:
                raise self.error(
                    f"'{OPERATOR_SYMBOLS[name]}' of run-time integers cannot be compiled",
                    hint="use '//'" if name == "div" else None,
                )
            return integers.binary(self, name, self.integer(a), self.integer(b))
        if name in _COMPARISONS and (depends_on_core(a) or depends_on_core(b)):
            return self._compare_sequences(name, a, b)
        if name not in _FOLDABLE:
            raise self.error(
                f"'{OPERATOR_SYMBOLS[name]}' of {describe(a)} and {describe(b)} cannot be compiled"
            )
        try:
            return _FOLDABLE[name](a, b)
        except TypeError:
            raise self.error(
                f"'{OPERATOR_SYMBOLS.get(name, name)}' of {describe(a)} and {describe(b)} is not defined",
                hint="acquire a block with wait()" if CircularBuffer in (type(a), type(b)) else None,
            ) from None
        except (ArithmeticError, ValueError) as error:
            raise self.error(str(error)) from None

    def _compare_sequences(self, name: str, a: Any, b: Any) -> Any:
        if name not in ("eq", "ne"):
            raise self.error(
                f"'{OPERATOR_SYMBOLS[name]}' of {describe(a)} and {describe(b)} cannot be compiled"
            )
        if not isinstance(a, tuple | list) or not isinstance(b, tuple | list):
            return name == "ne"
        equal = equal_sequences(self, a, b)
        return equal if name == "eq" else negate(self, equal)

    def integer(self, value: Any) -> "int | RuntimeInt":
        """`value` as an operand of integer arithmetic."""
        if isinstance(value, RuntimeInt):
            return value
        if isinstance(value, RuntimeBool):
            return RuntimeInt.atom(self.index(value), Bounds(0, 1))
        if isinstance(value, int):
            return value
        raise self.error(f"expected an integer, got {describe(value)}")

    def _subscript(self, node: ast.Subscript) -> Any:
        from .builtins import subscript

        return subscript(self, self.expression(node.value), self.expression(node.slice))

    def _call(self, node: ast.Call) -> Any:
        callee = self.expression(node.func)
        if callee is print:  # f-strings are for it alone
            return print_call(self, node)
        arguments: list[Any] = []
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                values = self.expression(argument.value)
                if not isinstance(values, tuple | list | range):
                    raise self.error(
                        f"'*' in a call takes a tuple or a list, got {describe(values)}", argument
                    )
                arguments.extend(values)
            else:
                arguments.append(self.expression(argument))
        keywords: dict[str, Any] = {}
        for keyword in node.keywords:
            if keyword.arg is None:
                self.refuse("'**' in a call", keyword)
            keywords[keyword.arg] = self.expression(keyword.value)
        from .builtins import call

        return call(self, callee, arguments, keywords)

    def inline(self, function: FunctionType, arguments: Sequence[Any], keywords: dict[str, Any]) -> Any:
        """Compile the body of a helper function in place of its call."""
        if function in self.program.inlining or function is self.thread.function:
            raise self.error(f"'{function.__name__}' calls itself; recursion cannot be compiled in a thread")
        try:
            bound = inspect.signature(function).bind(*arguments, **keywords)
        except TypeError as error:
            raise self.error(
                f"{function.__name__}(): {error}", notes=[Note("it is defined", function_location(function))]
            ) from None
        bound.apply_defaults()
        values = {name: self.imported(value) for name, value in bound.arguments.items()}
        source = function_source(function)
        frame = Frame(source, function, self.here(), self.location(), values)
        with self.inlined(frame, function):
            if isinstance(source.node, ast.Lambda):
                return self.expression(source.node.body)
            self.run(source.node.body)
        return self.returned(frame)

    def returned(self, frame: Frame) -> Any:
        """What an inlined function returns."""
        return result_of(self, frame)

    @contextmanager
    def inlined(self, frame: Frame, function: object) -> Iterator[None]:
        """Compile what is inside in the frame of an inlined function; its returns are its own."""
        frame.caller = self.frame
        saved, self.frame = self.frame, frame
        conditional, self.conditional = self.conditional, 0
        self.guarded += conditional
        self.program.inlining.append(function)
        try:
            yield
        finally:
            self.program.inlining.pop()
            self.frame = saved
            self.conditional = conditional
            self.guarded -= conditional

    @property
    def certain(self) -> bool:
        """Whether every core comes to this point."""
        return not self.conditional and not self.guarded

    def _nested_function(self, node: ast.FunctionDef) -> None:
        from .nested_functions import define

        self.frame.locals[node.name] = define(self, node)

    def check_assignment(self, target: Any) -> None:
        """Refuse `target[...] = value` where another way of writing is meant."""

    def check_accumulation(self, target: Any) -> None:
        """Refuse `target[...] += value` where it has another meaning than for elements."""

    def check_callee(self, callee: Any) -> None:
        """Refuse what this kind of code may not call."""

    def _lambda(self, node: ast.Lambda) -> Any:
        from .nested_functions import define

        return define(self, node)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | RuntimeInt | RuntimeBool | RuntimeFloat)


def _name(node: ast.AST) -> str:
    assert isinstance(node, ast.Name)
    return node.id


_STATEMENTS: dict[type[ast.stmt], Callable[[ThreadCompiler, Any], None]] = {
    ast.Assign: ThreadCompiler._assign,
    ast.AnnAssign: ThreadCompiler._ann_assign,
    ast.AugAssign: ThreadCompiler._aug_assign,
    ast.Expr: ThreadCompiler._expression_statement,
    ast.Pass: ThreadCompiler._pass,
    ast.Return: return_statement,
    ast.With: ThreadCompiler._with,
    ast.If: if_statement,
    ast.For: for_statement,
    ast.While: while_statement,
    ast.Assert: assert_statement,
    ast.Break: break_statement,
    ast.Continue: continue_statement,
    ast.FunctionDef: ThreadCompiler._nested_function,
}
_EXPRESSIONS: dict[type[ast.expr], Callable[[ThreadCompiler, Any], Any]] = {
    ast.Constant: ThreadCompiler._constant,
    ast.Name: ThreadCompiler._name,
    ast.Tuple: ThreadCompiler._tuple,
    ast.List: ThreadCompiler._list,
    ast.Slice: ThreadCompiler._slice,
    ast.Attribute: ThreadCompiler._attribute,
    ast.BinOp: ThreadCompiler._binary,
    ast.UnaryOp: ThreadCompiler._unary,
    ast.Compare: compare,
    ast.BoolOp: bool_op,
    ast.IfExp: if_expression,
    ast.Lambda: ThreadCompiler._lambda,
    ast.Subscript: ThreadCompiler._subscript,
    ast.Call: ThreadCompiler._call,
}
