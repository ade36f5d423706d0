# SPDX-License-Identifier: Apache-2.0
"""Canonicalization patterns of the `ttl` dialect, by the name of the op that they start from.

Patterns look at neighbours within WINDOW ops only, so that a walk over a block stays linear in its length.
Ops that they make have the location of the op they replace.
"""

from collections.abc import Callable, Iterator, Sequence
from math import inf, prod

from xdsl.dialects import arith
from xdsl.dialects.builtin import IndexType, IntegerAttr
from xdsl.ir import Operation, SSAValue
from xdsl.irdl import IRDLOperation
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern

from ttlang.dialects.locations import stamp
from ttlang.dialects.ttl.attributes import BlockType, GridAttr, element_type
from ttlang.dialects.ttl.buffers import AcquireOp, ReleaseOp, acquired_cb
from ttlang.dialects.ttl.compute import (
    ELEMENTWISE_OPS,
    BlockFillOp,
    BlockMatmulOp,
    BlockReduceOp,
    BlockStoreOp,
    BlockTransposeOp,
    BlockTypecastOp,
    ElementwiseOp,
    tensor_shape,
)
from ttlang.dialects.ttl.coordinates import Coordinate, computed
from ttlang.dialects.ttl.data_movement import CoreIndexOp, GridSizeOp, IndexAccessorOp
from ttlang.dialects.ttl.debugging import AssertOp
from ttlang.dialects.ttl.pipes import CreatePipeOp, IfSrcOp, PipeEndOp
from ttlang.dialects.ttl.semaphores import RemoteSemaphoreOp, SemaphoreIncOp, SemaphoreSetOp
from ttlang.dialects.ttl.structure import enclosing_grid, enclosing_kernel
from ttlang.dialects.ttl.syntax import constant_index
from ttlang.dialects.ttl.transfers import CopyOp, DMABarrierOp, WaitOp, transfer_kind

WINDOW = 32
"""How many neighbours a pattern looks at."""


class _Pattern(RewritePattern):
    """A pattern made of a function of the ops that it is registered for."""

    def __init__(self, rewrite: Callable[..., None]):
        self.rewrite = rewrite

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter, /) -> None:
        self.rewrite(op, rewriter)


def _before(op: Operation) -> Iterator[Operation]:
    """The ops before `op` in its block, nearest first; ends at one with regions, of which little is known."""
    previous = op.prev_op
    for _ in range(WINDOW):
        if previous is None or previous.regions:
            return
        yield previous
        previous = previous.prev_op


def _after(op: Operation) -> Iterator[Operation]:
    """The ops after `op` in its block; ends at one with regions."""
    following = op.next_op
    for _ in range(WINDOW):
        if following is None or following.regions:
            return
        yield following
        following = following.next_op


def _constant(value: int, op: Operation, rewriter: PatternRewriter) -> SSAValue:
    """An index constant before `op`."""
    constant = arith.ConstantOp(IntegerAttr(value, IndexType()))
    stamp(constant, op.location)
    return rewriter.insert(constant).result


def _replace(op: Operation, new: Operation, rewriter: PatternRewriter) -> None:
    stamp(new, op.location)
    rewriter.replace(op, new)


# Coordinates


def flatten(sizes: Sequence[int], dims: int) -> list[int]:
    """Sizes of a grid seen with `dims` dimensions: the last takes in those beyond it, missing ones have size
    1.
    """
    padded = [*sizes, *[1] * (dims - len(sizes))]
    return [*padded[: dims - 1], prod(padded[dims - 1 :])]


def known_coordinates(op: Operation, grid: GridAttr, dims: int) -> list[int | None]:
    """Coordinates of the cores that run `op`, seen with `dims` dimensions; None where they differ between
    cores.
    """
    sizes = grid.sizes
    first, last = [0] * len(sizes), [size - 1 for size in sizes]
    kernel = enclosing_kernel(op)
    if kernel is not None and kernel.corners is not None:
        for i, (a, b) in enumerate(zip(*kernel.corners, strict=True)):
            if i < len(sizes):
                first[i], last[i] = a, b
    known: list[int | None] = [a if a == b else None for a, b in zip(first, last, strict=True)]
    known += [0] * (dims - len(sizes))
    flattened: int | None = 0
    scale = 1
    for i in range(dims - 1, len(known)):
        coordinate = known[i]
        flattened = None if flattened is None or coordinate is None else flattened + coordinate * scale
        scale *= sizes[i] if i < len(sizes) else 1
    return [*known[: dims - 1], flattened]


def _fold_results(op: Operation, values: Sequence[int | None], rewriter: PatternRewriter) -> None:
    for result, value in zip(op.results, values, strict=True):
        if value is not None and result.first_use is not None:
            rewriter.replace_all_uses_with(result, _constant(value, op, rewriter))


def _fold_core_index(op: CoreIndexOp, rewriter: PatternRewriter) -> None:
    """A coordinate that is the same on all cores of the kernel is a constant."""
    grid = enclosing_grid(op)
    if grid is not None:
        _fold_results(op, known_coordinates(op, grid, len(op.results)), rewriter)


def _fold_grid_size(op: GridSizeOp, rewriter: PatternRewriter) -> None:
    """Sizes of the grid are constants."""
    grid = enclosing_grid(op)
    if grid is not None:
        _fold_results(op, flatten(grid.sizes, len(op.results)), rewriter)


def _static(core: Sequence[Coordinate]) -> list[Coordinate]:
    """Coordinates with known values in the place of operands."""
    known = [c if isinstance(c, int) else constant_index(c) for c in core]
    return [c if k is None else k for c, k in zip(core, known, strict=True)]


# Circular buffers


_CB_OPS = frozenset({"ttl.cb_wait", "ttl.cb_reserve", "ttl.cb_pop", "ttl.cb_push"})


def _reuse_acquired(op: AcquireOp, rewriter: PatternRewriter) -> None:
    """A second wait (reserve) before the pop (push) acquires the same block again; one ahead of it another."""
    if op.ahead is not None:
        return
    cb = op.cb
    for other in _before(op):
        if other.name not in _CB_OPS or other.operands[0] is not cb:
            continue
        if isinstance(other, ReleaseOp):
            return
        if isinstance(other, AcquireOp) and other.ahead is not None:
            return
        if isinstance(other, AcquireOp) and other.name == op.name:
            if op.block is None:
                rewriter.erase(op)
            elif other.block is not None and other.block.type == op.block.type:
                rewriter.replace(op, [], [other.block])
            return


def _erase_unused(op: Operation, rewriter: PatternRewriter) -> None:
    """A resource that nothing uses takes no memory; an allocated one is known to functions by its index."""
    if "cb_index" not in op.attributes and all(result.first_use is None for result in op.results):
        rewriter.erase(op)


# Transfers


def _direction(tx: SSAValue) -> str | None:
    """Direction of a transfer: "read" into a block of this core, else "write"; None when unknown."""
    if not isinstance(tx.owner, CopyOp):
        return None
    return "read" if transfer_kind(tx.owner.src.type) == "tensor" else "write"


def _covers(barrier: DMABarrierOp, direction: str | None) -> bool:
    return barrier.is_complete and (barrier.direction is None or barrier.direction.data == direction)


def _erase_wait(op: WaitOp, rewriter: PatternRewriter) -> None:
    """A transfer that has been waited for, by itself or with all others, needs no second wait."""
    tx = op.tx
    copy = tx.owner
    for other in _before(op):
        if other is copy:
            return
        if (type(other) is WaitOp and other.tx is tx) or (
            type(other) is DMABarrierOp and _covers(other, _direction(tx))
        ):
            if type(copy) is CopyOp and copy.parent is op.parent:
                rewriter.erase(op)
            return


def _erase_barrier(op: DMABarrierOp, rewriter: PatternRewriter) -> None:
    """A barrier with no transfer since the last one waits for nothing."""
    if not op.is_complete:
        return
    direction = None if op.direction is None else op.direction.data
    for other in _before(op):
        if type(other) is CopyOp:
            return
        if type(other) is DMABarrierOp and _covers(other, direction):
            rewriter.erase(op)
            return


def _erase_copy(op: CopyOp, rewriter: PatternRewriter) -> None:
    """A copy of a block to itself, or to a block that the next copy overwrites before anybody looks, is
    dead.
    """
    waits = [use.operation for use in op.tx.uses]
    if not all(type(wait) is WaitOp for wait in waits):
        return
    if op.transaction is not None:
        return
    if op.src is not op.dst and not _is_overwritten(op, waits):
        return
    for wait in waits:
        rewriter.erase(wait)
    rewriter.erase(op)


def _is_overwritten(op: CopyOp, waits: Sequence[Operation]) -> bool:
    block = op.dst
    if type(block.type) is not BlockType or transfer_kind(op.src.type) != "tensor":
        return False  # receiving from a pipe has an effect on its sender, tensors are seen by other cores
    cb = acquired_cb(block)
    for other in _after(op):
        if type(other) is CopyOp and other.dst is block and other.src is not block:
            return transfer_kind(other.src.type) == "tensor"
        operands = other.operands
        if (block in operands or cb in operands) and other not in waits:
            return False
    return False


def _simplify_index(op: IndexAccessorOp, rewriter: PatternRewriter) -> None:
    """An index along a dimension of size 1 is 0, and a slice without steps needs no attribute."""
    if op.slice is not None and all(step == 1 for step in op.steps):
        op.slice = None
        rewriter.notify_op_modified(op)
    shape = tensor_shape(op.accessor_type.tensor_type) or ()
    for i, (size, index) in enumerate(zip(shape, op.indices, strict=True)):
        if size == 1 and constant_index(index) is None:
            op.operands[1 + i] = _constant(0, op, rewriter)
            rewriter.notify_op_modified(op)


# Arithmetic

_NEUTRAL: dict[str, tuple[tuple[int, float], ...]] = {
    "add": ((0, 0.0), (1, 0.0)),
    "sub": ((1, 0.0),),
    "rsub": ((0, 0.0),),
    "mul": ((0, 1.0), (1, 1.0)),
    "div": ((1, 1.0),),
    "pow": ((1, 1.0),),
    "max": ((0, -inf), (1, -inf)),
    "min": ((0, inf), (1, inf)),
}
"""Functions of two operands that yield the other one when the operand at this position is filled with this
value.
"""

_IDEMPOTENT = ("abs", "relu", "floor", "ceil", "round", "trunc", "sign")
"""f(f(x)) = f(x)"""

_INVOLUTIONS = ("neg",)
"""f(f(x)) = x"""

_READERS = (ElementwiseOp, BlockMatmulOp, BlockReduceOp, BlockTransposeOp, BlockTypecastOp)
"""Ops that read a block as they read a tensor."""


def _yields_same(value: SSAValue, op: IRDLOperation) -> bool:
    """Whether the result of `op` could be `value`: the same shape and the same tiles."""
    result = op.results[0].type
    return tensor_shape(value.type) == tensor_shape(result) and element_type(value.type) == element_type(
        result
    )


def _is_read_unchanged(block: SSAValue, op: Operation, since: Operation) -> bool:
    """Whether all users of the result of `op` could read `block` instead: it keeps its contents from `since`
    on.
    """
    users = {use.operation for use in op.results[0].uses}
    if not all(isinstance(user, (*_READERS, BlockStoreOp)) for user in users):
        return False
    cb = acquired_cb(block)
    for other in _after(since):
        if isinstance(other, BlockStoreOp) and other.dst is block:
            return False
        users.discard(other)
        if not users:
            return True
        if isinstance(other, ReleaseOp) and other.cb is cb:
            return False
    return False


def _forward(
    op: IRDLOperation, value: SSAValue, rewriter: PatternRewriter, since: Operation | None = None
) -> None:
    """Replace the result of `op` by `value`, which is the same; when it is a block, as it was at `since`."""
    if op.results[0].first_use is None or not _yields_same(value, op):
        return
    if value.type == op.results[0].type or (
        isinstance(value.type, BlockType)
        and _is_read_unchanged(value, op, since or op)
        and not any(use.operation.name.startswith("scf.") for use in op.results[0].uses)  # they yield tensors
    ):
        rewriter.replace(op, [], [value])


def _fill_value(value: SSAValue) -> float | None:
    return value.owner.value.value.data if isinstance(value.owner, BlockFillOp) else None


def _simplify_elementwise(op: ElementwiseOp, rewriter: PatternRewriter) -> None:
    """Functions with a neutral operand, and functions applied twice."""
    name = op.ROW.name
    for position, neutral in _NEUTRAL.get(name, ()):
        if _fill_value(op.inputs[position]) == neutral:
            _forward(op, op.inputs[1 - position], rewriter)
            return
    inner = op.inputs[0].owner
    if not isinstance(inner, ElementwiseOp) or inner.ROW is not op.ROW:
        return
    if name in _IDEMPOTENT:
        _forward(op, op.inputs[0], rewriter)
    elif name in _INVOLUTIONS and inner.parent is op.parent:
        _forward(op, inner.inputs[0], rewriter, since=inner)


def _simplify_typecast(op: BlockTypecastOp, rewriter: PatternRewriter) -> None:
    """A conversion to the type that a value has does nothing."""
    _forward(op, op.input, rewriter)


def _simplify_transpose(op: BlockTransposeOp, rewriter: PatternRewriter) -> None:
    """The transpose of a transpose is what was there before."""
    inner = op.input.owner
    if isinstance(inner, BlockTransposeOp) and inner.parent is op.parent:
        _forward(op, inner.input, rewriter, since=inner)


def _erase_store(op: BlockStoreOp, rewriter: PatternRewriter) -> None:
    """A block stored to itself."""
    if op.dst is op.src and op.acc is None:
        rewriter.erase(op)


# Branches


def _takes_part(op: PipeEndOp) -> bool | None:
    """Whether the cores that run `op` are at this end of the pipe: all of them, none, or (None) some."""
    type = op.pipe_type
    grid = enclosing_grid(op)
    if grid is None or not type.is_static:
        return None
    low, high = (type.coordinates[0],) * 2 if isinstance(op, IfSrcOp) else type.corners
    kernel = enclosing_kernel(op)
    sizes = [*grid.sizes, 1, 1, 1][: len(low)]
    corners = kernel.corners if kernel is not None else None
    first, last = corners or ([0] * len(low), [size - 1 for size in sizes])
    if len(first) != len(low):
        return None
    ends = list(zip(low, high, first, last, strict=True))
    if any(b < start or a > stop for a, b, start, stop in ends):
        return False
    return True if all(a <= start and stop <= b for a, b, start, stop in ends) else None


def _resolve_pipe_end(op: PipeEndOp, rewriter: PatternRewriter) -> None:
    """Code of a pipe end at which all cores are, or none."""
    if op.body.block.first_op is None:
        rewriter.erase(op)
        return
    takes_part = _takes_part(op)
    if takes_part is None:
        return
    if takes_part:
        rewriter.inline_block(op.body.block, rewriter.insertion_point)
    rewriter.erase(op)


def _erase_assert(op: AssertOp, rewriter: PatternRewriter) -> None:
    """An assertion of a true constant holds."""
    if constant_index(op.condition) not in (None, 0):
        rewriter.erase(op)


# Pipes and semaphores


def _simplify_pipe(op: CreatePipeOp, rewriter: PatternRewriter) -> None:
    """Known coordinates become part of the type."""
    if op.pipe.first_use is None:
        rewriter.erase(op)
        return
    if not any(constant_index(operand) is not None for operand in op.coordinates):
        return
    first, last = (_static(core) for core in op.destination)
    new = CreatePipeOp(
        _static(op.source),
        first if op.dst_core is not None else None,
        None if op.dst_core is not None else [first, last],
        net=None if op.net is None else op.net.value.data,
    )
    new.attributes.update(op.attributes)
    _replace(op, new, rewriter)


def _simplify_signal(op: SemaphoreSetOp | SemaphoreIncOp, rewriter: PatternRewriter) -> None:
    """The target of a remote semaphore moves into the op that signals it, and known values become
    constants.
    """
    semaphore, core, mcast = op.semaphore, op.target_core, op.target_range
    handle = semaphore.owner
    if isinstance(handle, RemoteSemaphoreOp):
        semaphore, core, mcast = handle.semaphore, handle.target_core, handle.target_range
    amount = op.amount
    known = amount if isinstance(amount, int) else constant_index(amount)
    value = amount if known is None else known
    new_core = None if core is None else _static(core)
    new_range = None if mcast is None else [_static(corner) for corner in mcast]
    operands = computed([new_core or (), *(new_range or ()), [value]])
    if semaphore is op.semaphore and len(operands) == len(op.operands) - 1:
        return
    new: Operation
    if isinstance(op, SemaphoreSetOp):
        new = SemaphoreSetOp(semaphore, value, new_core, new_range)
    else:
        new = SemaphoreIncOp(semaphore, value, new_core)
    new.attributes.update(op.attributes)
    _replace(op, new, rewriter)


_ROWS: tuple[tuple[tuple[str, ...], Callable[..., None]], ...] = (
    (("core_index",), _fold_core_index),
    (("grid_size",), _fold_grid_size),
    (("cb_wait", "cb_reserve"), _reuse_acquired),
    (("create_cb", "create_semaphore"), _erase_unused),
    (("wait",), _erase_wait),
    (("dma_barrier",), _erase_barrier),
    (("copy",), _erase_copy),
    (("index_accessor",), _simplify_index),
    (tuple(f"block_{name}" for name in ELEMENTWISE_OPS), _simplify_elementwise),
    (("block_typecast",), _simplify_typecast),
    (("block_transpose",), _simplify_transpose),
    (("block_store",), _erase_store),
    (("if_src", "if_dst"), _resolve_pipe_end),
    (("assert",), _erase_assert),
    (("create_pipe",), _simplify_pipe),
    (("semaphore_set",), _simplify_signal),
    (("semaphore_inc",), _simplify_signal),
)

PATTERNS: dict[str, tuple[RewritePattern, ...]] = {
    f"ttl.{name}": (_Pattern(rewrite),) for names, rewrite in _ROWS for name in names
}
"""Patterns of each op that has some."""
