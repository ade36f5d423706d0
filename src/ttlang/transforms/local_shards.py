# SPDX-License-Identifier: Apache-2.0
"""Circular buffers that can lie in the shards of a tensor, so that nothing has to be transferred.

A buffer is filled from shards when each block of it is a copy of the part of the core's own shard that lies at the
same place as the block in the buffer: the blocks of one sweep are the shard, from its start to its end. Then the shard
is the buffer, of as many blocks as a sweep has; sweeps may be repeated. In the same way a buffer that is only
emptied into the core's own shard is that shard. Other copies from a core's own L1 stay transfers, which the NoC makes
from the core to itself.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

from xdsl.dialects import scf
from xdsl.dialects.builtin import IntegerAttr, StringAttr, TensorType, i32
from xdsl.ir import Block, Operation, SSAValue
from xdsl.irdl import Operand

from ttlang.dialects.ttl.attributes import LayoutAttr, MemorySpace, PipeType, ints
from ttlang.dialects.ttl.buffers import AcquireOp, CBReserveOp, CBWaitOp, CreateCBOp, ReleaseOp
from ttlang.dialects.ttl.compute import BlockStoreOp, tensor_shape
from ttlang.dialects.ttl.data_movement import CopyOp, IndexAccessorOp, TensorAccessorOp, WaitOp
from ttlang.dialects.ttl.elements import WriteElementOp
from ttlang.dialects.ttl.layouts import folded
from ttlang.dialects.ttl.structure import DataMovementThreadOp, ProgramOp, enclosing_thread
from ttlang.hardware import Chip
from ttlang.hardware.grids import placed
from ttlang.hardware.shards import shard_places

from .core_coordinates import on_chip
from .core_values import Core, UnknownValue, cores_of, evaluate, trip_count
from .index_bounds import Affine, affine_of
from .program_structure import chip_of, grid_of, kernels_of, remove, resources, threads_of
from .protocol_execution import UNSYNCHRONISED
from .thread_sets import cores_of_thread

SHARDS_OF, SHARDS_ARE = "shards_of", "shards_are"
"""Attributes of a `ttl.create_cb` that lies in the shards of a tensor: the tensor's position among those of the
program, and whether the buffer is "read" from them or "written" to them."""


def place_in_shards(program: ProgramOp) -> None:
    """Mark the circular buffers of a program that lie in shards, and remove the copies that they make needless."""
    if not any(_is_sharded(argument) for argument in program.body.block.args):
        return
    copies = [op for thread in threads_of(program) for op in thread.walk() if isinstance(op, CopyOp)]
    grid = grid_of(program, kernels_of(program)[0])
    made = resources(program, CreateCBOp)
    own = [
        candidate
        for candidate in (c for cb in made for c in _candidates(cb))
        if _tensor(program, candidate.slice) is not None and _is_sweep(candidate, program, grid)
    ]
    alone = [candidate for candidate in own if _is_alone(candidate, copies, own, grid)]
    for cb in made:
        for candidate in (c for c in alone if c.cb is cb and c.copy in copies):
            position = _tensor(program, candidate.slice)
            assert position is not None
            cb.attributes[SHARDS_OF] = IntegerAttr(position, i32)
            cb.attributes[SHARDS_ARE] = StringAttr("read" if candidate.reads else "written")
            _remove_copy(candidate.copy)
            copies.remove(candidate.copy)
            break


def tensors_in_place(program: ProgramOp) -> set[int]:
    """Positions of the tensors whose shards are circular buffers."""
    found = (op.attributes.get(SHARDS_OF) for op in program.walk() if isinstance(op, CreateCBOp))
    return {int(position.value.data) for position in found if isinstance(position, IntegerAttr)}


def _is_sharded(tensor: SSAValue) -> bool:
    layout = tensor.type.encoding if isinstance(tensor.type, TensorType) else None
    return isinstance(layout, LayoutAttr) and layout.is_sharded


@dataclass(frozen=True)
class _Candidate:
    """A circular buffer, and the one copy that fills it from a tensor or empties it into one."""

    cb: CreateCBOp
    copy: CopyOp
    slice: IndexAccessorOp
    reads: bool

    @property
    def layout(self) -> LayoutAttr:
        return self.slice.accessor_type.layout

    @property
    def shard(self) -> tuple[int, int]:
        """Rows and columns of a shard, in shape units."""
        high, wide = ints(self.layout.shard)  # type: ignore[arg-type]
        return high, wide


def _candidates(cb: CreateCBOp) -> Iterator[_Candidate]:
    acquired = [use.operation for use in cb.result.uses]
    if not all(isinstance(op, AcquireOp | ReleaseOp) for op in acquired):
        return
    ends = {kind: [op for op in acquired if isinstance(op, kind)] for kind in (CBReserveOp, CBWaitOp)}
    if any(_is_tied(op) for ops in ends.values() for op in ops):
        return
    for kind, reads in ((CBReserveOp, True), (CBWaitOp, False)):
        if len(ends[kind]) != 1:
            continue
        block = ends[kind][0].block
        if block is None:
            continue
        copies = [u.operation for u in block.uses if isinstance(u.operation, CopyOp)]
        if len(copies) != 1 or (reads and len(list(block.uses)) != 1):
            continue
        other = copies[0].src if reads else copies[0].dst
        if isinstance(other.owner, IndexAccessorOp) and _in_row(ends[kind][0], copies[0]):
            yield _Candidate(cb, copies[0], other.owner, reads)


def _is_tied(acquired: AcquireOp) -> bool:
    """Whether blocks must lie where they lie on other cores too, are written to while they are held for reading, or are
    reserved ahead of others."""
    if isinstance(acquired, CBReserveOp) and acquired.ahead is not None:
        return True
    for use in acquired.block.uses if acquired.block is not None else ():
        match use.operation:
            case CopyOp(src=src):
                if isinstance(src.type, PipeType) or UNSYNCHRONISED in use.operation.attributes:
                    return True
                if isinstance(acquired, CBWaitOp) and use.index == 1:
                    return True
            case WriteElementOp() if isinstance(acquired, CBWaitOp) and use.index == 1:
                return True
            case BlockStoreOp() if isinstance(acquired, CBWaitOp) and use.index == 0:
                return True
    return False


def _in_row(acquired: AcquireOp, copy: CopyOp) -> bool:
    """Whether a copy is made once for each block: in the same block of ops, in a data-movement thread, under loops only."""
    if acquired.parent is not copy.parent:
        return False
    parent = copy.parent_op()
    while isinstance(parent, scf.ForOp):
        parent = parent.parent_op()
    return isinstance(parent, DataMovementThreadOp)


def _tensor(program: ProgramOp, reference: IndexAccessorOp) -> int | None:
    """The position of the sharded tensor that a slice is of; None for tensors of other kinds."""
    type, accessor = reference.accessor_type, reference.accessor.owner
    if not isinstance(accessor, TensorAccessorOp) or type.memory_space.data != MemorySpace.L1:
        return None
    tensor = accessor.tensor
    if not type.layout.is_sharded or not isinstance(tensor.type, TensorType):
        return None
    arguments = program.body.block.args
    return next((i for i, argument in enumerate(arguments) if argument is tensor), None)


def _is_alone(
    candidate: _Candidate, copies: Sequence[CopyOp], own: Sequence[_Candidate], grid: tuple[int, ...]
) -> bool:
    """Whether no other copy touches the tensor.

    Tensors that are read may be read by others too, and programs of other cores may write to the shards of theirs.
    """
    tensor, cores = candidate.slice.tensor, set(_users(candidate.cb, grid))
    elsewhere = [c.copy for c in own if not c.reads and cores.isdisjoint(_users(c.cb, grid))]
    for copy in copies:
        if copy is candidate.copy or (not candidate.reads and copy in elsewhere):
            continue
        for end, is_read in ((copy.src, True), (copy.dst, False)):
            if not isinstance(end.owner, IndexAccessorOp) or end.owner.tensor is not tensor:
                continue
            if not (is_read and candidate.reads):
                return False
    return True


# Sweeps


def _is_sweep(candidate: _Candidate, program: ProgramOp, grid: tuple[int, ...]) -> bool:
    """Whether the blocks, one after the other, are the own shard of every core that uses the buffer."""
    reference, (high, wide) = candidate.slice, candidate.shard
    shape = tensor_shape(reference.accessor_type.tensor_type) or ()
    if len(shape) != 2 or len(reference.sizes) != 2 or any(step != 1 for step in reference.steps):
        return False
    rows, columns = folded(shape)
    tall, broad = reference.sizes
    if rows % high or columns % wide or (broad != wide and tall != 1):
        return False
    starts = [affine_of(index) for index in reference.indices]
    loops = _loops(candidate.copy)
    if loops is None or not _covers(starts, loops, (tall, broad), (high, wide)):
        return False
    return _are_own(starts, loops, candidate, chip_of(program), grid)


def _loops(op: Operation) -> list[scf.ForOp] | None:
    """The loops around an op, innermost first; None when one does not turn a known number of times."""
    found: list[scf.ForOp] = []
    parent = op.parent_op()
    while isinstance(parent, scf.ForOp):
        if not trip_count(parent):
            return None
        found.append(parent)
        parent = parent.parent_op()
    return found


def _constant(value: Operand) -> int:
    found = affine_of(value)
    assert not found.terms, "the loop turns a known number of times"
    return found.constant


def _covers(
    starts: list[Affine], loops: list[scf.ForOp], block: tuple[int, int], shard: tuple[int, int]
) -> bool:
    """Whether loops go through a shard from its start to its end, block by block, and outer ones again."""
    covered, rows, columns = prod(block), block[0], block[1]
    for loop in loops:
        variable, turns, step = loop.body.block.args[0], trip_count(loop), _constant(loop.step)
        assert turns is not None
        down, across = (start.terms.get(variable, 0) * step for start in starts)
        if turns == 1:
            continue
        if down == 0 and across == 0:
            if covered != prod(shard):
                return False
            continue
        if down < 0 or across < 0 or down * shard[1] + across != covered:
            return False
        covered *= turns
        rows += down * (turns - 1)
        columns += across * (turns - 1)
    return covered == prod(shard) and rows <= shard[0] and columns <= shard[1]


def _are_own(
    starts: list[Affine],
    loops: list[scf.ForOp],
    candidate: _Candidate,
    target: Chip,
    grid: tuple[int, ...],
) -> bool:
    """Whether the first block of every core that uses the buffer is the start of the shard that lies on it."""
    layout, (high, wide) = candidate.layout, candidate.shard
    rows, columns = folded(tensor_shape(candidate.slice.accessor_type.tensor_type) or ())
    across = columns // wide
    cores = ints(layout.grid)  # type: ignore[arg-type]
    places = shard_places(layout.distribution.data, layout.orientation.data, cores, rows // high, across)
    first: dict[SSAValue, int] = {loop.body.block.args[0]: _constant(loop.lb) for loop in loops}
    for core in _users(candidate.cb, grid):
        try:
            row, column = (_at(start, core, grid, first) for start in starts)
        except UnknownValue:
            return False
        if row % high or column % wide or not (0 <= row < rows and 0 <= column < columns):
            return False
        if places[row // high * across + column // wide] != on_chip(core, grid, placed(grid, target)[0]):
            return False
    return True


def _users(cb: CreateCBOp, grid: tuple[int, ...]) -> list[Core]:
    """The cores with threads that use a buffer."""
    threads = {enclosing_thread(use.operation) for use in cb.result.uses}
    used = {core for t in threads if t is not None for core in cores_of_thread(t, grid)}
    return [core for core in cores_of(grid) if core in used]


def _at(start: Affine, core: Core, grid: tuple[int, ...], first: dict[SSAValue, int]) -> int:
    """An index in the first turn of all loops; raises UnknownValue when it is no sum of loop variables and coordinates."""
    return start.constant + sum(
        coefficient * (first[atom] if atom in first else evaluate(atom, core, grid, {}))
        for atom, coefficient in start.terms.items()
    )


def _remove_copy(copy: CopyOp) -> None:
    """Remove a copy, the waits for it, and what it alone used."""
    for use in list(copy.tx.uses):
        assert isinstance(use.operation, WaitOp)
        remove(use.operation)
    unused = [end.owner for end in copy.operands]
    remove(copy)
    for op in unused:
        while isinstance(op, IndexAccessorOp | TensorAccessorOp) and not any(r.uses for r in op.results):
            source: Operation | Block = op.operands[0].owner
            remove(op)
            op = source
