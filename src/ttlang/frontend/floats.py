# SPDX-License-Identifier: Apache-2.0
"""Run-time floats of data-movement threads: elements of blocks, and what is computed from them in 32 bits."""

from typing import TYPE_CHECKING, Any

from xdsl.dialects import arith
from xdsl.dialects.builtin import IndexType, f32, i32
from xdsl.ir import SSAValue

from .constructs import OPERATOR_SYMBOLS
from .values import RuntimeBool, RuntimeFloat, RuntimeInt, describe

if TYPE_CHECKING:
    from .thread_compiler import ThreadCompiler

_ARITHMETIC: dict[str, type[Any]] = {
    "add": arith.AddfOp,
    "sub": arith.SubfOp,
    "mul": arith.MulfOp,
    "div": arith.DivfOp,
    "min": arith.MinnumfOp,
    "max": arith.MaxnumfOp,
}
_PREDICATES = {"eq": "oeq", "ne": "une", "lt": "olt", "le": "ole", "gt": "ogt", "ge": "oge"}


def ssa(compiler: "ThreadCompiler", value: Any) -> SSAValue:
    """A number as an f32."""
    if isinstance(value, RuntimeFloat):
        return value.ssa
    if isinstance(value, RuntimeInt | RuntimeBool):
        integer = compiler.emit(arith.IndexCastOp(compiler.index(value), i32)).results[0]
        return compiler.emit(arith.SIToFPOp(integer, f32)).results[0]
    if not isinstance(value, int | float):
        raise compiler.error(f"expected a number, got {describe(value)}")
    return compiler.constant(float(value), f32)


def binary(compiler: "ThreadCompiler", name: str, a: Any, b: Any) -> "RuntimeFloat | RuntimeBool":
    """`a <name> b` for numbers of which one is a run-time float."""
    if name in _PREDICATES:
        op = arith.CmpfOp(ssa(compiler, a), ssa(compiler, b), _PREDICATES[name])
        return RuntimeBool(compiler.emit(op).results[0])
    if name not in _ARITHMETIC:
        raise compiler.error(f"'{OPERATOR_SYMBOLS[name]}' of run-time floats cannot be compiled")
    return RuntimeFloat(compiler.emit(_ARITHMETIC[name](ssa(compiler, a), ssa(compiler, b))).results[0])


def negate(compiler: "ThreadCompiler", value: RuntimeFloat) -> RuntimeFloat:
    return RuntimeFloat(compiler.emit(arith.NegfOp(value.ssa)).results[0])


def absolute(compiler: "ThreadCompiler", value: RuntimeFloat) -> RuntimeFloat:
    return RuntimeFloat(compiler.emit(arith.MaxnumfOp(value.ssa, negate(compiler, value).ssa)).results[0])


def truncate(compiler: "ThreadCompiler", value: RuntimeFloat) -> RuntimeInt:
    """`int(value)`: towards zero."""
    integer = compiler.emit(arith.FPToSIOp(value.ssa, i32)).results[0]
    return RuntimeInt.atom(compiler.emit(arith.IndexCastOp(integer, IndexType())).results[0])
