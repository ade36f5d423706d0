# SPDX-License-Identifier: Apache-2.0
"""Block values that differ between run-time paths: names that a loop rebinds, or both sides of a branch."""

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from xdsl.dialects.builtin import TensorType
from xdsl.ir import SSAValue

from ttlang.dialects.ttcore import TileType
from ttlang.dialects.ttl.compute import BlockTypecastOp, wider

from .names import assigned_names
from .values import Block, Shard, TensorValue

if TYPE_CHECKING:
    from .thread_compiler import ThreadCompiler


def _is_value(compiler: "ThreadCompiler", value: Any) -> bool:
    """Whether `value` can be carried: what a compute thread reads, not a place to write to."""
    if compiler.thread.kind != "compute" or not isinstance(value, TensorValue):
        return False
    return not isinstance(value, Block) or (value.verb == "wait" and value.released is None)


def is_carried_by_loop(compiler: "ThreadCompiler", name: str, value: Any, body: Sequence[ast.stmt]) -> bool:
    """Whether a loop that rebinds `name` carries its block value: not when each turn binds it before it reads it."""
    if not _is_value(compiler, value):
        return False
    if isinstance(value, Shard) and name not in assigned_names(body, augmented=False):
        return False  # '+=' on a shard accumulates into it
    read = _reads_first(body, name)
    return bool(read) if isinstance(value, Block | Shard) else read is not False


def _reads_first(body: Sequence[ast.stmt], name: str) -> bool | None:
    """Whether statements read a name before they bind it; None when they do neither for certain."""
    for statement in body:
        match statement:
            case ast.Assign(targets=targets, value=value):
                if _loads(value, name):
                    return True
                if any(isinstance(t, ast.Name) and t.id == name for t in targets):
                    return False
            case ast.With(items=items, body=inner):
                for item in items:
                    if _loads(item.context_expr, name):
                        return True
                    if isinstance(item.optional_vars, ast.Name) and item.optional_vars.id == name:
                        return False
                if (found := _reads_first(inner, name)) is not None:
                    return found
        if _loads(statement, name):
            return True
    return None


def _loads(root: ast.AST, name: str) -> bool:
    for node in ast.walk(root):
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
            return True
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id == name:
            return True
    return False


def branch_type(compiler: "ThreadCompiler", values: Sequence[Any]) -> TensorType[Any] | None:
    """The type of a name with these block values on the sides of a branch; None when they cannot be one value."""
    if not all(_is_value(compiler, v) for v in values) or len({v.shape for v in values}) != 1:
        return None
    return TensorType(TileType(wider([v.tile.dtype for v in values])), values[0].shape)


def as_tensor(compiler: "ThreadCompiler", value: TensorValue, type: TensorType[Any]) -> SSAValue:
    """`value` as a tensor of a data type: what branches and loops yield."""
    if value.ssa.type == type:
        return value.ssa
    return compiler.emit(BlockTypecastOp(value.ssa, type)).results[0]
