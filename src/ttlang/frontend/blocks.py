# SPDX-License-Identifier: Apache-2.0
"""Blocks in threads: acquisition, release, arithmetic, stores and transfers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from xdsl.utils.exceptions import VerifyException

from ttlang.diagnostics import Note
from ttlang.dialects.elementwise import BY_NAME
from ttlang.dialects.interned import INDEX, tensor
from ttlang.dialects.ttcore import tile_type
from ttlang.dialects.ttl.buffers import CBPopOp, CBPushOp, CBReserveOp, CBWaitOp
from ttlang.dialects.ttl.compute import (
    ELEMENTWISE_OPS,
    BlockBroadcastOp,
    BlockFillOp,
    BlockMatmulOp,
    BlockReduceOp,
    BlockStoreOp,
    BlockTransposeOp,
    BlockTypecastOp,
    ReduceKind,
    reduced_type,
    wider,
)
from ttlang.dialects.ttl.data_movement import IndexAccessorOp, WaitOp
from ttlang.hardware.data_formats import DataType
from ttlang.language.data import data_type
from ttlang.language.resources import CircularBuffer
from ttlang.language.tensors import RedistributedTensor, TensorParameter

from . import integers
from .shards import not_written
from .values import (
    Block,
    Bounds,
    RuntimeFloat,
    RuntimeInt,
    Shard,
    TensorSlice,
    TensorValue,
    Transfer,
    describe,
    shape_text,
)

if TYPE_CHECKING:
    from .thread_compiler import ThreadCompiler

_KIND_NAMES = {"compute": "compute", "datamovement": "data-movement", "single_threaded": "single-threaded"}
_DECORATORS = {"compute": "@ttl.compute()", "datamovement": "@ttl.datamovement()"}


def require_kind(compiler: "ThreadCompiler", kind: str, what: str) -> None:
    """Refuse `what` in the other kind of thread."""
    thread = compiler.thread
    if thread.kind == "single_threaded" and kind == "compute":
        return
    if thread.kind != kind:
        raise compiler.error(
            f"{what} belongs in a {_KIND_NAMES[kind]} thread; '{thread.name}' is a {_KIND_NAMES[thread.kind]} thread",
            hint=f"move it to a function decorated with {_DECORATORS[kind]}",
            notes=[Note(f"'{thread.name}' is defined", thread.location)],
        )


def used(compiler: "ThreadCompiler", block: Block) -> Block:
    """`block`, checked to be still held."""
    if block.released is not None:
        raise compiler.error(
            "a block is used after its release",
            hint="use it before pop() or push(), or inside the 'with'",
            notes=[Note("it was released", block.released)],
        )
    return block


# Acquisition and release


def acquire(compiler: "ThreadCompiler", buffer: CircularBuffer, verb: str) -> Block:
    """Acquire the next block: the one behind those of the buffer that are held already."""
    op_class = CBWaitOp if verb == "wait" else CBReserveOp
    held = [block for block in compiler.held if block.buffer is buffer and block.verb == verb]
    if len(held) == buffer.buffer_factor > 1:
        raise compiler.error(
            f"{verb}() of a block behind {len(held)} others that are held: the buffer has no more",
            hint=f"release one first, or make buffer_factor {len(held) + 1}",
            notes=[Note("the first of them was acquired", held[0].acquired)],
        )
    ahead = compiler.constant(len(held), INDEX) if 0 < len(held) < buffer.buffer_factor else None
    op = compiler.emit(op_class(compiler.program.buffer(buffer), ahead=ahead))
    block = Block(op.results[0], buffer, verb, compiler.here())
    compiler.held.append(block)
    return block


def release(compiler: "ThreadCompiler", block: Block) -> None:
    used(compiler, block)
    op_class = CBPopOp if block.verb == "wait" else CBPushOp
    compiler.emit(op_class(compiler.program.buffer(block.buffer)))
    block.released = compiler.here()
    compiler.held.remove(block)


# Arithmetic


def operand(compiler: "ThreadCompiler", value: Any, like: TensorValue | None, what: str) -> TensorValue:
    """`value` as an operand of block arithmetic; a number becomes a block of it, as large as `like`."""
    if isinstance(value, Block):
        used(compiler, value)
        if value.verb == "reserve":
            raise compiler.error(
                f"{what} reads a block that was reserved for writing",
                hint="push it and wait() for it, or keep the value in a variable",
                notes=[Note("it was reserved", value.acquired)],
            )
        return value
    if isinstance(value, TensorValue):
        return value
    if isinstance(value, int | float) and like is not None:
        return fill(compiler, float(value), like)
    if isinstance(value, RuntimeInt):
        raise compiler.error(f"{what}: a run-time integer cannot be an operand of block arithmetic")
    if isinstance(value, RuntimeFloat):
        raise compiler.error(
            f"{what}: a run-time float cannot be an operand of block arithmetic",
            hint="floats that meet blocks are known at compile time: no loop or run-time condition may change them;"
            " a loop that adds up blocks starts with a block: ttl.math.fill(0.0, shape=..., dtype=...)",
        )
    if isinstance(value, CircularBuffer):
        raise compiler.error(
            f"{what} takes blocks, got a circular buffer", hint="acquire a block with .wait()"
        )
    raise compiler.error(f"{what} takes blocks and numbers, got {describe(value)}")


def _widest(operands: Sequence[Any]) -> TensorValue | None:
    """The block among `operands` whose data type a number beside it takes: the first of the widest."""
    blocks = [o for o in operands if isinstance(o, TensorValue)]
    if not blocks:
        return None
    dtype = wider([b.tile.dtype for b in blocks])
    return next(b for b in blocks if b.tile.dtype is dtype)


def fill(compiler: "ThreadCompiler", value: float, like: TensorValue) -> TensorValue:
    """A block of a number, as large as `like` and of its type; a fraction beside integers is a float32, as in NumPy."""
    type = like.tensor_type
    if like.tile.format.is_integer and not value.is_integer():
        type = tensor(tile_type(DataType.f32), type.get_shape())
    return TensorValue(compiler.emit(BlockFillOp(value, type)).results[0])


def elementwise(
    compiler: "ThreadCompiler", name: str, operands: Sequence[Any], parameters: Sequence[float] = ()
) -> TensorValue:
    row = BY_NAME[name]
    shown = f"'{row.symbol or name}'"
    require_kind(compiler, "compute", f"{shown} of blocks")
    like = _widest(operands[1:] if name == "where" else operands) or _widest(operands)
    values = [operand(compiler, o, like, shown) for o in operands]
    try:
        op = ELEMENTWISE_OPS[row.name](*(v.ssa for v in values), parameters=parameters)
    except VerifyException as error:
        raise compiler.error(
            f"{shown}: {error}", hint="dimensions must be equal, or 1 to be repeated"
        ) from None
    return TensorValue(compiler.emit(op).results[0])


def binary(compiler: "ThreadCompiler", name: str, a: Any, b: Any) -> TensorValue:
    if name != "matmul":
        if name not in BY_NAME:
            raise compiler.error(f"'{name}' of blocks cannot be compiled")
        return elementwise(compiler, name, [a, b])
    require_kind(compiler, "compute", "'@' of blocks")
    lhs, rhs = (operand(compiler, o, None, "'@'") for o in (a, b))
    try:
        op = BlockMatmulOp(lhs.ssa, rhs.ssa)
    except VerifyException as error:
        raise compiler.error(str(error)) from None
    return TensorValue(compiler.emit(op).results[0])


def store(
    compiler: "ThreadCompiler", block: Block | Shard | TensorSlice, value: Any, *, accumulate: bool = False
) -> None:
    require_kind(compiler, "compute", "a store to a block")
    assert not isinstance(block, TensorSlice), "compute threads have no slices"
    if isinstance(block, Block):
        used(compiler, block)
    elif isinstance(block.tensor, RedistributedTensor):
        raise not_written(compiler, block, block.tensor.name)
    else:
        compiler.program.written.add(block.tensor)
    if isinstance(block, Block) and block.verb != "reserve":
        raise compiler.error(
            "a store to a block that was waited for",
            hint="reserve() a block of a circular buffer to write to",
            notes=[Note("it was acquired with wait()", block.acquired)],
        )
    source = operand(compiler, value, block, "a store")
    if source.shape != block.shape:
        raise compiler.error(
            f"{describe(block) if isinstance(block, Shard) else 'a block'} of {shape_text(block.shape)} tiles cannot hold a"
            f" value of {shape_text(source.shape)} tiles",
            notes=[Note("its buffer is made", block.buffer.location)]
            if isinstance(block, Block) and block.buffer.location is not None
            else [],
        )
    compiler.emit(BlockStoreOp(block.ssa, source.ssa, acc=accumulate))


def _dims(compiler: "ThreadCompiler", dims: Any, rank: int, what: str) -> tuple[int, ...]:
    values = dims if isinstance(dims, tuple | list) else (dims,)
    normal = []
    for d in values:
        if not isinstance(d, int) or not -rank <= d < rank:
            raise compiler.error(f"{what}: dims must name dimensions of a block of rank {rank}, got {dims!r}")
        normal.append(d % rank)
    return tuple(sorted(set(normal)))


def reduce(compiler: "ThreadCompiler", kind: str, x: Any, scaler: Any, dims: Any) -> TensorValue:
    what = f"'reduce_{kind}'"
    require_kind(compiler, "compute", what)
    value = operand(compiler, x, None, what)
    axes = _dims(compiler, dims, len(value.shape), what)
    shape = tuple(1 if i in axes else s for i, s in enumerate(value.shape))
    scale = None if scaler is None else operand(compiler, scaler, value, what).ssa
    result = tensor(tile_type(reduced_type(ReduceKind(kind), value.tile.dtype)), shape)
    return TensorValue(
        compiler.emit(BlockReduceOp(value.ssa, ReduceKind(kind), axes, result, scale)).results[0]
    )


def broadcast(compiler: "ThreadCompiler", x: Any, like: Any, dims: Any) -> TensorValue:
    require_kind(compiler, "compute", "'broadcast'")
    value = operand(compiler, x, None, "'broadcast'")
    axes = _dims(compiler, dims, len(value.shape), "'broadcast'")
    shape = value.shape
    if isinstance(like, tuple | list) and all(type(size) is int and size > 0 for size in like):
        wanted: tuple[int, ...] | None = tuple(like)
    else:
        wanted = like.shape if isinstance(like, TensorValue) else None
    if wanted is not None:
        shape = wanted
        if len(shape) != len(value.shape) or any(
            have != want and (i not in axes or have != 1)
            for i, (have, want) in enumerate(zip(value.shape, shape, strict=True))
        ):
            raise compiler.error(
                f"'broadcast': a block of {shape_text(value.shape)} tiles does not repeat to"
                f" {shape_text(shape)} along {list(axes)}"
            )
    elif like is not None:
        raise compiler.error(
            f"'broadcast': expected a shape in tiles or a block to be shaped like, got {describe(like)}"
        )
    op = BlockBroadcastOp(value.ssa, axes, tensor(value.tile, shape))
    return TensorValue(compiler.emit(op).results[0])


def transpose(compiler: "ThreadCompiler", x: Any) -> TensorValue:
    require_kind(compiler, "compute", "'transpose'")
    value = operand(compiler, x, None, "'transpose'")
    try:
        return TensorValue(compiler.emit(BlockTransposeOp(value.ssa)).results[0])
    except VerifyException as error:
        raise compiler.error(str(error)) from None


def typecast(compiler: "ThreadCompiler", x: Any, dtype: Any) -> TensorValue:
    require_kind(compiler, "compute", "'typecast'")
    value = operand(compiler, x, None, "'typecast'")
    try:
        type = data_type(dtype)
    except TypeError as error:
        raise compiler.error(f"'typecast': {error}") from None
    result = tensor(tile_type(type), value.shape)
    return TensorValue(compiler.emit(BlockTypecastOp(value.ssa, result)).results[0])


# Transfers


def slice_tensor(compiler: "ThreadCompiler", tensor: TensorParameter, index: Any) -> TensorSlice:
    """`tensor[index]`: an integer or a slice per dimension, in shape units."""
    require_kind(compiler, "datamovement", f"an index into tensor '{tensor.name}'")
    whole = tensor.spec.shape_units
    entries = index if isinstance(index, tuple) else (index,)
    if len(entries) != len(whole):
        raise compiler.error(
            f"{len(entries)} {'index' if len(entries) == 1 else 'indices'} for tensor '{tensor.name}' of rank {len(whole)}",
            hint="give an index or a slice per dimension"
            + ("; they count tiles" if tensor.spec.tiled else ""),
        )
    starts, sizes, steps = [], [], []
    for dimension, (entry, extent) in enumerate(zip(entries, whole, strict=True)):
        start, size, step = slice_bounds(compiler, tensor, dimension, entry, extent)
        starts.append(compiler.index(start))
        sizes.append(size)
        steps.append(step)
    accessor = compiler.program.accessor(compiler, tensor)
    op = compiler.emit(IndexAccessorOp(accessor, starts, sizes, steps))
    return TensorSlice(op.results[0], tensor, tuple(sizes))


def slice_bounds(
    compiler: "ThreadCompiler", tensor: TensorParameter, dimension: int, entry: Any, extent: int
) -> tuple[Any, int, int]:
    """First element, number of elements and step of one entry of an index, checked to lie in the tensor."""
    start, size, step = _slice_bounds(compiler, tensor, dimension, entry, extent)
    _check_range(compiler, tensor, dimension, start, (size - 1) * step + 1, extent)
    return start, size, step


def _slice_bounds(
    compiler: "ThreadCompiler", tensor: TensorParameter, dimension: int, entry: Any, extent: int
) -> tuple[Any, int, int]:
    """First element, number of elements and step of one entry of an index."""
    if not isinstance(entry, slice):
        if isinstance(entry, bool) or not isinstance(entry, int | RuntimeInt):
            raise compiler.error(
                f"dimension {dimension} of tensor '{tensor.name}' is indexed with {describe(entry)}",
                hint="use integers and slices",
            )
        return entry, 1, 1
    step = 1 if entry.step is None else entry.step
    if not isinstance(step, int) or step < 1:
        raise compiler.error(f"the step of a slice must be an integer of at least 1, got {describe(step)}")
    start = 0 if entry.start is None else entry.start
    stop = extent if entry.stop is None else entry.stop
    for bound in (start, stop):
        if isinstance(bound, bool) or not isinstance(bound, int | RuntimeInt):
            raise compiler.error(f"a slice bound must be an integer, got {describe(bound)}")
    length = integers.affine_of(stop).plus(integers.affine_of(start), -1)
    if length.terms:
        raise compiler.error(
            f"the size of the slice along dimension {dimension} of tensor '{tensor.name}' is not known at compile time",
            hint="write it as start : start + size with a constant size",
        )
    if length.constant < 1:
        raise compiler.error(
            f"the slice along dimension {dimension} of tensor '{tensor.name}' is empty: its size is {length.constant}"
        )
    return start, -(-length.constant // step), step


def _check_range(
    compiler: "ThreadCompiler", tensor: TensorParameter, dimension: int, start: Any, span: int, extent: int
) -> None:
    """Refuse an access that certainly leaves the tensor."""
    unit = "tiles" if tensor.spec.tiled else "elements"
    bounds: Bounds = integers.bounds_of(start)
    certain = bounds.exact and compiler.certain
    where = f"tensor '{tensor.name}' has {extent} {unit} along dimension {dimension}"
    if bounds.low is not None and bounds.low < 0 and certain:
        raise compiler.error(f"index {bounds.low} is out of range: {where}", hint="indices count from 0")
    if bounds.high is not None and bounds.high + span > extent and certain:
        reach = f"index {bounds.high}" if span == 1 else f"slice {bounds.high}:{bounds.high + span}"
        raise compiler.error(
            f"{reach} is out of range: {where}",
            hint="make the loops cover whole blocks only: sizes must be multiples of the block shape"
            if isinstance(start, RuntimeInt)
            else f"indices count from 0 and end before {extent}",
        )


def wait_for(compiler: "ThreadCompiler", transfer: Transfer) -> None:
    compiler.emit(WaitOp(transfer.ssa))
