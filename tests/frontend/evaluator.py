# SPDX-License-Identifier: Apache-2.0
"""Runs the integer part of threads: compiles a body, interprets its IR on every core of a grid, and asks Python."""

import itertools
import linecache
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import IntegerAttr, i1
from xdsl.ir import Block, Operation, SSAValue

import ttlang as ttl
from ttlang.dialects.ttl.data_movement import CoreIndexOp
from ttlang.frontend.program import ProgramBuilder
from ttlang.frontend.thread_compiler import ThreadCompiler
from ttlang.frontend.values import RuntimeBool, RuntimeInt

_FILES = itertools.count()
_PREDICATES: tuple[Callable[[int, int], bool], ...] = (
    lambda a, b: a == b,
    lambda a, b: a != b,
    lambda a, b: a < b,
    lambda a, b: a <= b,
    lambda a, b: a > b,
    lambda a, b: a >= b,
)


def _unsigned(operation: Callable[[int, int], int]) -> Callable[[int, int], int]:
    def checked(a: int, b: int) -> int:
        assert a >= 0 and b > 0, f"an unsigned division of {a} by {b}"
        return operation(a, b)

    return checked


_BINARY: Mapping[type[Operation], Callable[[int, int], int]] = {
    arith.AddiOp: lambda a, b: a + b,
    arith.SubiOp: lambda a, b: a - b,
    arith.MuliOp: lambda a, b: a * b,
    arith.FloorDivSIOp: lambda a, b: a // b,
    arith.DivUIOp: _unsigned(lambda a, b: a // b),
    arith.RemUIOp: _unsigned(lambda a, b: a % b),
    arith.MinSIOp: min,
    arith.MaxSIOp: max,
    arith.AndIOp: lambda a, b: a & b,
    arith.OrIOp: lambda a, b: a | b,
    arith.XOrIOp: lambda a, b: a ^ b,
}


@dataclass
class Evaluator:
    """Values of SSA values on one core of a grid."""

    core: tuple[int, int]
    values: dict[SSAValue, int]

    def block(self, block: Block) -> tuple[int, ...]:
        """Run the ops of a block; returns what it yields."""
        for op in block.ops:
            if isinstance(op, scf.YieldOp):
                return tuple(self.values[v] for v in op.operands)
            for result, value in zip(op.results, self.run(op), strict=True):
                self.values[result] = value
        return ()

    def run(self, op: Operation) -> tuple[int, ...]:
        operands = [self.values[v] for v in op.operands]
        match op:
            case arith.ConstantOp(value=IntegerAttr() as number):
                return (int(number.value.data) & 1 if number.type == i1 else int(number.value.data),)
            case CoreIndexOp():
                return (*self.core, 0)[: len(op.results)]
            case arith.CmpiOp():
                return (int(_PREDICATES[op.predicate.value.data](*operands)),)
            case arith.SelectOp():
                return (operands[1] if operands[0] else operands[2],)
            case scf.IfOp():
                region = op.true_region if operands[0] else op.false_region
                return self.block(region.block) if region.blocks else ()
            case scf.ForOp():
                return self.loop(op, operands)
        return (_BINARY[type(op)](*operands),)

    def loop(self, op: scf.ForOp, operands: list[int]) -> tuple[int, ...]:
        lower, upper, step, *carried = operands
        assert step > 0, "scf.for counts up"
        for i in range(lower, upper, step):
            for argument, value in zip(op.body.block.args, (i, *carried), strict=True):
                self.values[argument] = value
            carried = list(self.block(op.body.block))
        return tuple(carried)


def thread(source: str, grid: tuple[int, ...], names: Mapping[str, Any]) -> ThreadCompiler:
    """A data-movement thread with this body, compiled; kernel scope binds `x, y = ttl.core()`."""
    file = f"<thread {next(_FILES)}>"
    text = "@ttl.kernel(grid=GRID)\ndef kernel(a):\n    x, y = ttl.core()\n\n    @ttl.datamovement()\n    def read():\n"
    text += textwrap.indent(source, " " * 8) + "\n"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    scope_names = {"ttl": ttl, "GRID": grid, **names}
    exec(compile(text, file, "exec"), scope_names)
    scope = scope_names["kernel"].trace([np.zeros((32, 32), np.float32)])
    compiler = ThreadCompiler(ProgramBuilder(scope), scope.threads[0])
    compiler.entry_block = compiler.compile()  # type: ignore[attr-defined]
    return compiler


def compiled_values(source: str, grid: tuple[int, int] = (4, 3), **names: Any) -> dict[tuple[int, int], Any]:
    """What the compiled body leaves in `result`, by core."""
    compiler = thread(source, grid, names)
    result = compiler.frame.locals["result"]
    found: dict[tuple[int, int], Any] = {}
    for y, x in product(range(grid[1]), range(grid[0])):
        evaluator = Evaluator((x, y), {})
        evaluator.block(compiler.entry_block)  # type: ignore[attr-defined]
        found[x, y] = value_of(evaluator, result)
    return found


def value_of(evaluator: Evaluator, value: Any) -> Any:
    match value:
        case RuntimeInt():
            number = evaluator.values[value.ssa]
            assert value.bounds.low is None or value.bounds.low <= number
            assert value.bounds.high is None or number <= value.bounds.high
            return number
        case RuntimeBool():
            return bool(evaluator.values[value.ssa])
        case tuple() | list():
            return type(value)(value_of(evaluator, v) for v in value)
    return value


def python_values(source: str, grid: tuple[int, int] = (4, 3), **names: Any) -> dict[tuple[int, int], Any]:
    """What Python leaves in `result`, by core."""
    text = "def body(x, y):\n" + textwrap.indent(source, "    ") + "\n    return result\n"
    found = {}
    scope = dict(names)
    exec(text, scope)
    for y, x in product(range(grid[1]), range(grid[0])):
        found[x, y] = scope["body"](x, y)
    return found
