# SPDX-License-Identifier: Apache-2.0
"""EmitC functions as C++ files that a person would have written: one file per thread.

Values that are used once become part of the expression that uses them, where nothing between can change what
they mean;
values that the Python program names stay variables. Constants stand where they are used. What nobody uses is
left out.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from io import StringIO

from xdsl.dialects.builtin import ArrayAttr, IntegerAttr, IntegerType, ModuleOp, Signedness, StringAttr, i1
from xdsl.ir import Block, Operation, SSAValue

from ttlang.dialects import emitc

from .attributes import HEADERS, THREAD, WHILE
from .cpp_effects import Uses, is_pure_call, reads, writes
from .cpp_expressions import ATOM, EXPRESSION_OPS, Expression, cpp_type, literal, render
from .cpp_helpers import HELPERS
from .cpp_names import Names
from .line_map import CppKernel, Position, base_name, position_of

_BASE_HEADERS = {"compute": "compute/common.h", "noc": "dataflow/dataflow_api.h"}
_LOOP_NAMES = "ijklmn"
_INDENT = "    "
_REDUCE_DEFINES = ("#define REDUCE_OP PoolType::SUM", "#define REDUCE_DIM ReduceDim::REDUCE_COL")

_RESULT_NAMES: Mapping[str, str] = {
    "TensorAccessor": "accessor",
    "get_arg_val": "arg",
    "get_common_arg_val": "arg",
    "get_noc_addr": "noc_addr",
    "get_noc_addr_from_bank_id": "noc_addr",
    "get_noc_multicast_addr": "multicast_addr",
    "noc_rectangle_addr": "multicast_addr",
    "get_read_ptr": "read_ptr",
    "get_semaphore": "semaphore",
    "get_tile_size": "tile_bytes",
    "get_write_ptr": "write_ptr",
    "reinterpret_cast<volatile tt_l1_ptr uint32_t*>": "pointer",
}
"""Names of results of calls that the program does not name."""

_ARRAY_NAMES: Mapping[str, str] = {
    "worker_logical_col_to_virtual_col": "noc_x",
    "worker_logical_row_to_virtual_row": "noc_y",
}
"""Names of elements of arrays that the program does not name."""

_CONSTANT_NAMES: Mapping[str, str] = {"TensorAccessorArgs": "tensor_args"}
"""Names of opaque constants that the program does not name, by what they begin with."""


_INCREMENT = re.compile(r"(\w+) ([+-]) (\w+)")


def _assignment(target: str, value: str) -> str:
    """`x += 4` where the value is the target and a name or number more."""
    match = _INCREMENT.fullmatch(value)
    if match is None or match[1] != target:
        return f"{target} = {value}"
    if match[3] == "1":
        return f"{match[2] * 2}{target}"
    return f"{target} {match[2]}= {match[3]}"


def print_cpp(module: ModuleOp, *, metal_version: str) -> list[CppKernel]:
    """C++ of every `emitc.func` of a module that names its thread, in the order of the module.

    `metal_version` is the API generation that the module was converted for. Raises KeyError for EmitC that
    has no C++.
    """
    return [
        print_function(op, metal_version)
        for op in module.body.block.ops
        if isinstance(op, emitc.FuncOp) and THREAD in op.attributes
    ]


def print_function(function: emitc.FuncOp, metal_version: str) -> CppKernel:
    """C++ of one kernel function."""
    thread = function.attributes[THREAD]
    assert isinstance(thread, StringAttr)
    kind = thread.data
    name = function.sym_name.data
    printer = _Printer(function)
    printer.block(function.body.block)
    headers = function.attributes.get(HEADERS)
    listed = [h.data for h in headers if isinstance(h, StringAttr)] if isinstance(headers, ArrayAttr) else []
    prologue = _prologue(name, kind, metal_version, listed, printer.helpers)
    offset = prologue.count("\n")
    line_map = {line + offset: position for line, position in printer.lines.items()}
    return CppKernel(name, kind, f"{prologue}{printer.text.getvalue()}}}\n", line_map)


def _prologue(name: str, kind: str, metal_version: str, headers: list[str], helpers: set[str]) -> str:
    base = _BASE_HEADERS.get(kind, _BASE_HEADERS["noc"])
    lines = [
        "// SPDX-License-Identifier: Apache-2.0",
        f"// {name}: {kind} thread, written by ttlang {_compiler_version()} for tt-metal {metal_version}",
    ]
    if metal_version == "0.69" and "compute/reduce.h" in headers:
        lines += _REDUCE_DEFINES  # the header of this generation asks for defaults
    lines.append("#include <cstdint>")
    lines += (
        f'#include "{_include_path(header)}"' for header in sorted({base, *headers}, key=_include_order)
    )
    for helper in sorted(helpers):
        lines += ("", HELPERS[helper])
    lines += ("", "void kernel_main() {", "")
    return "\n".join(lines)


def _include_path(header: str) -> str:
    """Headers lie below `api/`, those of tools do not."""
    return header if header.startswith(("tools/", "internal/")) else f"api/{header}"


def _include_order(header: str) -> tuple[bool, bool, str]:
    """The base header first, SFPU functions last: some make names ambiguous for headers after them."""
    return header not in _BASE_HEADERS.values(), "eltwise_unary" in header, header


@cache
def _compiler_version() -> str:
    from ttlang import __version__

    return __version__


class _Printer:
    """Prints the body of one function."""

    def __init__(self, function: emitc.FuncOp):
        self.text = StringIO()
        self.lines: dict[int, Position] = {}
        self.helpers: set[str] = set()
        self.uses = Uses(function)
        self.names = Names(self.uses.reserved)
        self.expressions: dict[SSAValue, Expression] = {}
        self.pending: dict[SSAValue, frozenset[object]] = {}  # inlined values: what they read
        self.depth = 1
        self.line = 1
        self.shown: tuple[str, int] | None = None
        self.loops = 0

    # text

    def statement(self, op: Operation, text: str) -> None:
        """One line of C++, preceded by a comment where the Python line changes."""
        position = position_of(op.location)
        if position is not None and position[:2] != self.shown:
            self.shown = position[:2]
            self._line(f"// {base_name(position[0])}:{position[1]}", position)
        self._line(text, position)

    def _line(self, text: str, position: Position | None) -> None:
        if position is not None:
            self.lines[self.line] = position
        self.text.write(f"{_INDENT * self.depth}{text}\n")
        self.line += 1

    def close(self, text: str = "}") -> None:
        self.depth -= 1
        self._line(text, None)

    # blocks

    def block(self, block: Block) -> None:
        for op in block.ops:
            _STATEMENTS[type(op)](self, op)

    def nested(self, block: Block) -> None:
        """A block in braces: its names end with it."""
        self.depth += 1
        self.names.enter()
        self.block(block)
        self.names.leave()

    # values

    def value(self, value: SSAValue) -> Expression:
        return self.expressions[value]

    def argument(self, value: SSAValue) -> str:
        """The value as an argument of a call."""
        return self.expressions[value].text

    def inline(self, value: SSAValue, expression: Expression, read: frozenset[object]) -> None:
        self.expressions[value] = expression
        if read:
            self.pending[value] = read

    def read_by(self, op: Operation) -> frozenset[object]:
        """What an op's expression reads: its own state and that of values that are part of it."""
        found = reads(op)
        for operand in op.operands:
            if (more := self.pending.get(operand)) is not None:
                found |= more
        return found

    def define(self, op: Operation, expression: Expression, read: frozenset[object]) -> None:
        """Gives the only result of an op its text: in place, or as a variable."""
        result = op.results[0]
        users = self.uses.of(result)
        if not users:
            return
        if self._may_inline(op, result, users, expression, read):
            self.inline(result, expression, read)
            return
        name = self.names.declare(result.name_hint or self._default_name(op))
        self.expressions[result] = Expression(name)
        text = self._widened(op) or expression.text
        self.statement(op, f"{self._declared_type(result)} {name} = {text};")

    def _widened(self, op: Operation) -> str | None:
        """What a cast to a wider unsigned type casts: a declaration of that type converts it."""
        if not isinstance(op, emitc.CastOp):
            return None
        source, target = op.source.type, op.dest.type
        if not isinstance(source, IntegerType) or not isinstance(target, IntegerType):
            return None
        unsigned = all(t.signedness.data is Signedness.UNSIGNED for t in (source, target))
        return self.argument(op.source) if unsigned and source.width.data < target.width.data else None

    def _may_inline(
        self,
        op: Operation,
        result: SSAValue,
        users: list[Operation],
        expression: Expression,
        read: frozenset[object],
    ) -> bool:
        if len(users) > 1 or (self._is_named(result, users[0]) and not isinstance(op, emitc.CastOp)):
            return isinstance(op, (emitc.CastOp, emitc.SubscriptOp)) and self._is_trivial(op)
        user = users[0]
        calls = "(" in expression.text and not expression.text.startswith("static_cast")
        if user.parent is not op.parent:
            return not read and not calls
        if isinstance(user, (emitc.ForOp, emitc.DoOp)) and (read or calls):
            return False
        return not read or not self._changed_between(op, user, read)

    def _is_named(self, result: SSAValue, user: Operation) -> bool:
        """Whether the program names the value.

        The test of a `while` stands in its head all the same, and the first value of a variable of the same name in the
        variable's declaration.
        """
        if result.name_hint is None:
            return False
        if user in self.uses.initial:
            owner = result.owner
            same_block = isinstance(owner, Operation) and owner.parent is user.parent
            return not same_block or user.operands[0].name_hint != result.name_hint
        return not (isinstance(user, emitc.IfOp) and isinstance(user.parent_op(), emitc.DoOp))

    def _is_trivial(self, op: Operation) -> bool:
        """Casts of a name, and elements of an array: as short where they are used as a variable would be."""
        if isinstance(op, emitc.SubscriptOp):
            return True
        return self.expressions[op.operands[0]].strength == ATOM and not self.pending.get(op.operands[0])

    def _changed_between(self, op: Operation, user: Operation, read: frozenset[object]) -> bool:
        between = op.next_op
        while between is not None and between is not user:
            if writes(between, read):
                return True
            between = between.next_op
        return between is None

    def _default_name(self, op: Operation) -> str:
        if isinstance(op, emitc.CallOpaqueOp):
            return _RESULT_NAMES.get(op.callee.data, "value")
        if op.results[0].type == i1:
            return "condition"
        if isinstance(op, emitc.CastOp):
            return _ARRAY_NAMES.get(self.argument(op.source).partition("[")[0], "value")
        if isinstance(op, emitc.AddOp) and isinstance(op.operands[1].owner, emitc.ConstantOp):
            return op.operands[0].name_hint or "value"  # the next page, the next address
        return "value"

    def _declared_type(self, value: SSAValue) -> str:
        text = cpp_type(value.type)
        return f"const {text}" if text == "auto" else text

    # ops

    def constant(self, op: Operation) -> None:
        assert isinstance(op, emitc.ConstantOp)
        result = op.results[0]
        if not isinstance(op.value, emitc.OpaqueAttr):
            self.expressions[result] = literal(op.value)
        elif self.uses.of(result):
            text = op.value.value.data
            name = self.names.declare(
                result.name_hint or _CONSTANT_NAMES.get(text.partition("<")[0], "value")
            )
            self.expressions[result] = Expression(name)
            self.statement(op, f"constexpr {cpp_type(result.type)} {name} = {text};")

    def literal(self, op: Operation) -> None:
        assert isinstance(op, emitc.LiteralOp)
        self.expressions[op.results[0]] = Expression(op.value.data)

    def expression(self, op: Operation) -> None:
        if self.uses.of(op.results[0]):
            self.define(
                op, render(op, [self.expressions[operand] for operand in op.operands]), self.read_by(op)
            )

    def call(self, op: Operation) -> None:
        assert isinstance(op, emitc.CallOpaqueOp)
        callee = op.callee.data
        if callee in HELPERS:
            self.helpers.add(callee)
        text = f"{callee}{self._template_args(op)}({self._call_args(op)})"
        if not op.results:
            self.statement(op, f"{text};")
        elif self.uses.of(op.results[0]):
            self.define(op, Expression(text), self.read_by(op))
        elif not is_pure_call(op):
            self.statement(op, f"{text};")

    def _call_args(self, op: emitc.CallOpaqueOp) -> str:
        if "args" not in op.properties:
            expressions = self.expressions
            return ", ".join([expressions[operand].text for operand in op.operands])
        return ", ".join(
            self.argument(op.operands[arg.value.data]) if isinstance(arg, IntegerAttr) else literal(arg).text
            for arg in op.args or ()
        )

    def _template_args(self, op: emitc.CallOpaqueOp) -> str:
        if "template_args" not in op.properties:
            return ""
        return f"<{', '.join(literal(arg).text for arg in op.template_args or ())}>"

    def verbatim(self, op: Operation) -> None:
        assert isinstance(op, emitc.VerbatimOp)
        pieces = op.value.data.replace("{{", "\0").split("{}")
        text = pieces[0]
        for operand, piece in zip(op.operands, pieces[1:], strict=True):
            text += self.value(operand).at_least(ATOM) + piece
        self.statement(op, text.replace("\0", "{"))

    def variable(self, op: Operation) -> None:
        """Declared with its first value where that follows at once."""
        result = op.results[0]
        if not self.uses.of(result) or result in self.uses.loop_tests:
            return
        name = self.names.declare(result.name_hint or "value")
        self.expressions[result] = Expression(name)
        if (first := self.uses.first_assignment(op)) is None:
            self.statement(op, f"{cpp_type(result.type)} {name};")
        else:
            self.statement(op, f"{cpp_type(result.type)} {name} = {self.argument(first.operands[1])};")

    def assign(self, op: Operation) -> None:
        variable, value = op.operands
        if op in self.uses.initial or not self.uses.of(variable) or variable in self.uses.loop_tests:
            return
        target, text = self.argument(variable), self.argument(value)
        if target != text:
            self.statement(op, f"{_assignment(target, text)};")

    def load(self, op: Operation) -> None:
        """A variable stands for its value as long as nobody assigns to it."""
        result, variable = op.results[0], op.operands[0]
        users = self.uses.of(result)
        if not users:
            return
        read = self.read_by(op)
        if isinstance(variable.owner, emitc.VariableOp) and not self.uses.assigned_before_last_use(op):
            self.expressions[result] = self.expressions[variable]
            self.pending[result] = read
            return
        self.define(op, self.expressions[variable], read)

    def for_loop(self, op: Operation) -> None:
        assert isinstance(op, emitc.ForOp)
        body = op.region.block
        lower, upper, step = (self.value(operand) for operand in op.operands)
        self.names.enter()
        wanted = body.args[0].name_hint or _LOOP_NAMES[min(self.loops, len(_LOOP_NAMES) - 1)]
        name = self.names.declare(wanted)
        self.expressions[body.args[0]] = Expression(name)
        type_text = cpp_type(body.args[0].type)
        bound = upper.at_least(9)
        advance = f"++{name}" if step.text == "1" else f"{name} += {step.text}"
        self.statement(op, f"for ({type_text} {name} = {lower.text}; {name} < {bound}; {advance}) {{")
        self.loops += 1
        self.nested(body)
        self.loops -= 1
        self.names.leave()
        self.close()

    def if_statement(self, op: Operation) -> None:
        assert isinstance(op, emitc.IfOp)
        self.statement(op, f"if ({self.argument(op.operands[0])}) {{")
        self._branches(op)

    def _branches(self, op: emitc.IfOp) -> None:
        self.nested(op.then_region.block)
        if not op.else_region.blocks:
            self.close()
            return
        alternative = op.else_region.block
        if (only := self._only_statement(alternative)) is not None:
            for before in alternative.ops:
                if before is only:
                    break
                _STATEMENTS[type(before)](self, before)
            self.close(f"}} else if ({self.argument(only.operands[0])}) {{")
            self._branches(only)
            return
        self.close("} else {")
        self.nested(alternative)
        self.close()

    def _only_statement(self, block: Block) -> emitc.IfOp | None:
        """The `if` that is all there is in a block, a condition of one expression apart."""
        *before, last, end = (None, None, *block.ops)
        if not isinstance(last, emitc.IfOp) or not isinstance(end, emitc.YieldOp):
            return None
        operations = [op for op in before if op is not None]
        simple = all(type(op) in EXPRESSION_OPS or isinstance(op, emitc.ConstantOp) for op in operations)
        single = all(
            self.uses.is_single(op.results[0]) and op.results[0].name_hint is None for op in operations
        )
        return last if simple and single else None

    def do_loop(self, op: Operation) -> None:
        assert isinstance(op, emitc.DoOp)
        if WHILE in op.attributes:
            self._while_loop(op)
            return
        self.statement(op, "do {")
        self.nested(op.body.block)
        (condition,) = (read for read in op.condition.block.ops if isinstance(read, emitc.ExpressionOp))
        self.close(f"}} while ({self.argument(condition.operands[0])});")

    def _while_loop(self, op: emitc.DoOp) -> None:
        *before, test, body = op.body.block.ops
        assert isinstance(test, emitc.AssignOp) and isinstance(body, emitc.IfOp)
        mark = self._mark()
        self.names.enter()
        self.statement(op, "while (true) {")
        header = self._mark()
        self.depth += 1
        for inner in before:
            _STATEMENTS[type(inner)](self, inner)
        condition = self.value(test.operands[1])
        if self._mark() == header:  # nothing but the test stands before the body
            self._rewind(mark)
            self.depth -= 1
            self.statement(op, f"while ({condition.text}) {{")
            self.depth += 1
        else:
            negated = condition.text if condition.strength == ATOM else f"({condition.text})"
            self.statement(test, f"if (!{negated}) {{")
            self._line(f"{_INDENT}break;", position_of(test.location))
            self._line("}", None)
        self.block(body.then_region.block)
        self.names.leave()
        self.close()

    def _mark(self) -> tuple[int, int, tuple[str, int] | None]:
        return self.text.tell(), self.line, self.shown

    def _rewind(self, mark: tuple[int, int, tuple[str, int] | None]) -> None:
        position, line, self.shown = mark
        self.text.seek(position)
        self.text.truncate()
        for gone in range(line, self.line):
            self.lines.pop(gone, None)
        self.line = line

    def nothing(self, op: Operation) -> None:
        """Ends of blocks."""

    def return_statement(self, op: Operation) -> None:
        if op.operands:
            self.statement(op, f"return {self.argument(op.operands[0])};")


_STATEMENTS: Mapping[type[Operation], Callable[[_Printer, Operation], None]] = {
    **dict.fromkeys(EXPRESSION_OPS, _Printer.expression),
    emitc.AssignOp: _Printer.assign,
    emitc.CallOpaqueOp: _Printer.call,
    emitc.ConstantOp: _Printer.constant,
    emitc.DoOp: _Printer.do_loop,
    emitc.ForOp: _Printer.for_loop,
    emitc.IfOp: _Printer.if_statement,
    emitc.LiteralOp: _Printer.literal,
    emitc.LoadOp: _Printer.load,
    emitc.ReturnOp: _Printer.return_statement,
    emitc.VariableOp: _Printer.variable,
    emitc.VerbatimOp: _Printer.verbatim,
    emitc.YieldOp: _Printer.nothing,
}
