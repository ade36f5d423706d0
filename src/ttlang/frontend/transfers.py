# SPDX-License-Identifier: Apache-2.0
"""`ttl.copy` and `ttl.dma` in threads: transfers between tensor slices, blocks and pipes."""

from typing import TYPE_CHECKING, Any

from xdsl.dialects.builtin import UnitAttr

from ttlang.diagnostics import Note
from ttlang.dialects.ttl.data_movement import CopyOp
from ttlang.dialects.ttl.pipes import CreatePipeOp
from ttlang.language.pipes import Pipe
from ttlang.language.tensors import TensorParameter

from . import pipes
from .blocks import require_kind, slice_tensor, used
from .shards import not_written
from .values import Block, TensorSlice, Transfer, describe

if TYPE_CHECKING:
    from .thread_compiler import ThreadCompiler

UNSYNCHRONISED = "unsynchronised"
"""Attribute of a `ttl.copy` to other cores that the program orders itself, with semaphores."""


def copy(compiler: "ThreadCompiler", source: Any, destination: Any) -> Transfer:
    """Start a transfer; both ends are checked for what can move between them."""
    require_kind(compiler, "datamovement", "ttl.copy")
    source, destination = _whole(compiler, source), _whole(compiler, destination)
    match source, destination:
        case TensorSlice() as outside, Block() as block:
            _check_block(compiler, block, ("reserve",), "written to")
            _check_slice(compiler, outside, block)
        case Block() as block, TensorSlice() as outside:
            _check_block(compiler, block, ("wait", "reserve"), "read from")
            _check_slice(compiler, outside, block)
            if outside.redistributed:
                raise not_written(compiler, outside, outside.tensor.name)
            compiler.program.written.add(outside.tensor)
        case Block() as block, Pipe() as pipe:
            _check_block(compiler, block, ("wait", "reserve"), "read from")
            return _emit(compiler, block.ssa, pipes.end(compiler, pipe, "src"))
        case Pipe() as pipe, Block() as block:
            _check_block(compiler, block, ("reserve",), "written to")
            return _emit(compiler, pipes.end(compiler, pipe, "dst"), block.ssa)
        case Block() as outside_block, Block() as block:
            _check_block(compiler, outside_block, ("wait", "reserve"), "read from")
            _check_block(compiler, block, ("reserve",), "written to")
            _check_blocks(compiler, outside_block, block)
        case _:
            raise compiler.error(
                "ttl.copy moves data between a slice of a tensor and a block, a block and a pipe, or two blocks; got"
                f" {describe(source)} and {describe(destination)}"
            )
    return _emit(compiler, source.ssa, destination.ssa)


def dma(compiler: "ThreadCompiler", src: Any, dst: Any, core: Any = None, mcast: Any = None) -> Transfer:
    """The earlier form of a transfer: `core` is the core to write to, with `mcast` the size of a rectangle from it on.

    The same block of the receiving cores is written; semaphores of the program order the transfer.
    """
    require_kind(compiler, "datamovement", "ttl.dma")
    if core is None:
        if mcast is not None:
            raise compiler.error(
                "'mcast' is the size of a rectangle of cores that starts at 'core': give both"
            )
        return copy(compiler, src, dst)
    if not isinstance(src, Block) or src is not dst:
        raise compiler.error(
            "ttl.dma to other cores copies a block to the same block there: pass it as source and destination",
            hint="for other transfers between cores use ttl.Pipe",
        )
    used(compiler, src)
    first, last = pipes.rectangle(compiler, core, mcast)
    pipe = CreatePipeOp(pipes.this_core(compiler), dst_core_range=[first, last])
    op = CopyOp(src.ssa, compiler.emit(pipe).results[0])
    op.attributes[UNSYNCHRONISED] = UnitAttr()
    return Transfer(compiler.emit(op).results[0], compiler.here())


def _emit(compiler: "ThreadCompiler", source: Any, destination: Any) -> Transfer:
    return Transfer(compiler.emit(CopyOp(source, destination)).results[0], compiler.here())


def _whole(compiler: "ThreadCompiler", value: Any) -> Any:
    """A tensor stands for all of it."""
    if isinstance(value, TensorParameter):
        return slice_tensor(compiler, value, tuple(slice(None) for _ in value.spec.shape_units))
    return value


def _check_block(compiler: "ThreadCompiler", block: Block, verbs: tuple[str, ...], use: str) -> None:
    used(compiler, block)
    if block.verb not in verbs:
        raise compiler.error(
            f"a block that is {use} by ttl.copy is acquired with {verbs[0]}(), this one with {block.verb}()",
            notes=[Note("it was acquired", block.acquired)],
        )


def _check_slice(compiler: "ThreadCompiler", outside: TensorSlice, block: Block) -> None:
    if _without_outer_ones(outside.shape) != _without_outer_ones(block.shape):
        raise compiler.error(
            f"ttl.copy: {describe(outside)} does not match {describe(block)}",
            hint="the slice must have the shape of the buffer's block",
            notes=[]
            if block.buffer.location is None
            else [Note("the buffer is made", block.buffer.location)],
        )
    tensor = outside.tensor
    if tensor.dtype is not block.buffer.dtype:
        raise compiler.error(
            f"ttl.copy: tensor '{tensor.name}' is {tensor.dtype.format.python_name}, the block is"
            f" {block.buffer.dtype.format.python_name}",
            hint="transfers do not convert: make the buffer like the tensor and convert in the compute thread",
        )
    if tensor.spec.tiled != block.buffer.tiled:
        kinds = {True: "tiled", False: "row-major"}
        raise compiler.error(
            f"ttl.copy: tensor '{tensor.name}' is {kinds[tensor.spec.tiled]}, the block is"
            f" {kinds[block.buffer.tiled]}",
            hint="make the buffer like the tensor",
        )


def _check_blocks(compiler: "ThreadCompiler", source: Block, destination: Block) -> None:
    if source.shape != destination.shape or source.buffer.dtype is not destination.buffer.dtype:
        raise compiler.error(
            f"ttl.copy: {describe(source)} of {source.buffer.dtype.format.python_name} does not match"
            f" {describe(destination)} of {destination.buffer.dtype.format.python_name}"
        )


def _without_outer_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A slice of a tensor of higher rank fits a block of lower rank when its outer sizes are 1."""
    outer = next((i for i, size in enumerate(shape) if size != 1), len(shape))
    return shape[outer:]
