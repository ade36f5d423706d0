# SPDX-License-Identifier: Apache-2.0
"""The step `transform.ttl.fuse`: values that a compute thread hands to itself stay in registers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from xdsl.ir import Block, Operation, SSAValue
from xdsl.irdl import IRDLOperation

from ttlang.dialects.ttcore import TileType
from ttlang.dialects.ttl.buffers import AcquireOp, CBReserveOp, CBWaitOp, CreateCBOp, ReleaseOp
from ttlang.dialects.ttl.compute import BlockStoreOp, BlockTypecastOp, tensor_shape, tile_of
from ttlang.dialects.ttl.structure import ComputeThreadOp, KernelOp, enclosing_thread
from ttlang.hardware.data_formats import DataType
from ttlang.transforms.program_structure import buffer_tile, buffers, needs_wide_dest, remove
from ttlang.transforms.store_groups import READS_BUFFERS, VALUE_OPS
from ttlang.transforms.ttl_infer_dst_requirements import needs_wide_registers

from .errors import ScheduleError
from .loop_fusion import fuse_loops
from .loop_nests import Reason, release_of, sites
from .targets import named, of_kind, program_of

_FULL_RANGE = (DataType.f32, DataType.bf16, DataType.f16)
"""Types of a buffer that DST registers hold as they are, one datum by itself."""


def apply(targets: Sequence[Operation], request: IRDLOperation) -> list[Operation]:
    """Replace the blocks that a compute thread pushes and then waits for itself by the values that it stored in them.

    Two neighbouring loops of as many turns, of which the second waits for what the first pushes, become one first. The
    buffer goes away. Pops of what the value is computed from move behind its last use.

    A value that was rounded to the type of the buffer still is: a buffer of float32 rounds nothing that a register does not,
    one of bfloat16 or float16 neither where DST registers have 16 bits. Where they have 32, and for types of block floats,
    the step refuses: no instruction rounds so between registers. It refuses also what must lie in memory (an operand of
    a matrix product, reduction, repetition or transposition; a value that an inner loop uses), a block that is written in
    more than one place, and a kernel whose compute thread hands nothing to itself.
    """
    kernels = of_kind(targets, KernelOp, "kernels")
    wide = [_has_wide_registers(kernel) for kernel in kernels]
    for kernel, is_wide in zip(kernels, wide, strict=True):
        _fuse(kernel.clone(), is_wide)  # a refusal changes nothing
    for kernel, is_wide in zip(kernels, wide, strict=True):
        _fuse(kernel, is_wide)
    return list(targets)


def _has_wide_registers(kernel: KernelOp) -> bool:
    """Whether DST registers will have 32 bits: as the program says, else as the types that the kernel computes with need."""
    program = program_of(kernel)
    return needs_wide_dest(program, kernel) or (
        "fp32_dest_acc" not in program.attributes and needs_wide_registers(kernel)
    )


def _fuse(kernel: KernelOp, wide: bool) -> None:
    refused: list[Reason] = []
    fused = False
    for cb in buffers(kernel):
        trip = _round_trip(cb)
        if trip is None:
            continue
        why = fuse_loops(trip.reserve, trip.wait) or _why_not(trip, wide)
        if why is None:
            _forward(trip)
            fused = True
        else:
            refused.append(why)
    if fused:
        return
    if refused:
        raise ScheduleError(*refused[0])
    raise ScheduleError(
        "it finds nothing to do: the compute thread waits for no block that it pushes itself", kernel
    )


@dataclass(frozen=True)
class _RoundTrip:
    """A buffer that a compute thread hands one block at a time to itself with, filled and taken in one place each."""

    cb: CreateCBOp
    reserve: AcquireOp
    wait: AcquireOp


def _round_trip(cb: CreateCBOp) -> _RoundTrip | None:
    filled, taken = sites(cb.result, CBReserveOp), sites(cb.result, CBWaitOp)
    threads = {enclosing_thread(op) for op in (*filled, *taken)}
    if len(filled) != 1 or len(taken) != 1 or len(threads) != 1:
        return None
    if not isinstance(next(iter(threads)), ComputeThreadOp):
        return None
    return _RoundTrip(cb, filled[0], taken[0])


# Preconditions


def _why_not(trip: _RoundTrip, wide: bool) -> Reason | None:
    """Why the value cannot take the place of the block that is waited for."""
    name, reserve, wait = named(trip.cb.result), trip.reserve, trip.wait
    if reserve.parent is not wait.parent:
        return f"{name} is filled and taken in different loops or branches", wait
    push, pop = release_of(reserve), release_of(wait)
    if push is None or pop is None:
        return f"a block of {name} is released elsewhere than in the body that acquires it", reserve
    if reserve.block is None or wait.block is None:
        return f"a block of {name} is acquired and not used", reserve
    stores = [use.operation for use in reserve.block.uses]
    if len(stores) != 1 or not isinstance(stores[0], BlockStoreOp):
        return f"a block of {name} is written or used in {len(stores)} places before it is pushed", reserve
    store = stores[0]
    others = (use.operation for use in trip.cb.result.uses)
    if (other := next((op for op in others if not isinstance(op, AcquireOp | ReleaseOp)), None)) is not None:
        return f"'{other.name}' uses {name} too", other
    if store.parent is not reserve.parent:
        return f"a loop or branch stores in the block of {name}", store
    return _why_not_used(trip, wait.block) or _why_not_type(trip, store, wide) or _why_not_held(trip, store)


def _why_not_used(trip: _RoundTrip, block: SSAValue) -> Reason | None:
    name = named(trip.cb.result)
    for use in block.uses:
        user = use.operation
        if isinstance(user, READS_BUFFERS):
            kind = user.name.removeprefix("ttl.block_")
            return f"the unpacker reads {name} for a {kind}: it must lie in memory", user
        if not isinstance(user, (*VALUE_OPS, BlockStoreOp)):
            return f"'{user.name}' needs the block of {name} in memory", user
        if user.parent is not trip.wait.parent:
            return (
                f"a loop or branch uses the block of {name}: its value would be computed in each turn",
                user,
            )
    return None


def _why_not_type(trip: _RoundTrip, store: BlockStoreOp, wide: bool) -> Reason | None:
    """Why the value in registers is not the one that would come back from the buffer."""
    name, tile = named(trip.cb.result), trip.cb.result.type.tile_type
    assert isinstance(tile, TileType), "a store is to tiles"
    stored = tile_of(store.src.type)
    type = tile.format.python_name
    if tile.format.is_integer or stored.format.is_integer:
        if tile.dtype is stored.dtype:
            return None
        return f"{name} converts {stored.format.python_name} to {type}", store
    if tile.dtype not in _FULL_RANGE:
        return f"{name} rounds to {type}, and no instruction does so between registers", store
    if wide and not tile.format.wide_dest:
        return (
            f"{name} rounds to {type}, and DST registers have 32 bits in this kernel: make the buffer float32 if the value"
            " need not be rounded",
            store,
        )
    return None


def _why_not_held(trip: _RoundTrip, store: BlockStoreOp) -> Reason | None:
    """Why what the value is computed from cannot be held until its last use."""
    last = _last_use(trip)
    for acquired in _read_blocks(store):
        if isinstance(acquired, CBReserveOp):
            return (
                f"the value of {named(trip.cb.result)} is computed from a block that may be stored to again",
                store,
            )
    for acquired, release in _released_early(trip, store, last):
        op = release.next_op
        while op is not None and op is not last:
            if type(op) is type(acquired) and op.cb is acquired.cb:  # type: ignore[attr-defined]
                return (
                    f"{named(acquired.cb)} is waited for again before the value of {named(trip.cb.result)} is used",
                    op,
                )
            op = op.next_op
    return None


def _last_use(trip: _RoundTrip) -> Operation:
    """The last op that computes with the block, or with a value made of it; the wait where there is none."""
    assert trip.wait.block is not None
    reached: set[Operation] = set()
    stack: list[SSAValue] = [trip.wait.block]
    while stack:
        for use in stack.pop().uses:
            if use.operation not in reached:
                reached.add(use.operation)
                stack.extend(use.operation.results)
    block = trip.wait.parent
    assert block is not None
    inside = {block.find_ancestor_op_in_block(op) for op in reached}
    return next((op for op in reversed(list(block.ops)) if op in inside), trip.wait)


def _read_blocks(store: BlockStoreOp) -> Iterator[AcquireOp]:
    """The blocks that a stored value is computed from."""
    seen: set[SSAValue] = set()
    stack = [store.src]
    while stack:
        value = stack.pop()
        owner = value.owner
        if value in seen or not isinstance(owner, Operation):
            continue
        seen.add(value)
        if isinstance(owner, AcquireOp):
            yield owner
        else:
            stack.extend(owner.operands)


def _released_early(
    trip: _RoundTrip, store: BlockStoreOp, last: Operation
) -> Iterator[tuple[AcquireOp, ReleaseOp]]:
    """Blocks that the value is computed from, and their releases, where these stand before its last use."""
    for acquired in _read_blocks(store):
        release = release_of(acquired) if acquired.parent is trip.wait.parent else None
        if release is not None and _is_before(release, last):
            yield acquired, release


def _is_before(first: Operation, second: Operation) -> bool:
    block: Block | None = first.parent
    assert block is not None and block is second.parent
    return block.get_operation_index(first) < block.get_operation_index(second)


# Rewriting


def _forward(trip: _RoundTrip) -> None:
    """Put the value in the place of the block, and take the buffer out."""
    reserve, wait = trip.reserve, trip.wait
    assert reserve.block is not None and wait.block is not None
    (store,) = [use.operation for use in reserve.block.uses]
    assert isinstance(store, BlockStoreOp)
    last = _last_use(trip)
    early = [release for _, release in _released_early(trip, store, last)]
    value, tile = store.src, buffer_tile(trip.cb)
    if tile_of(value.type) != tile:
        cast = BlockTypecastOp(value, trip.cb.result.type.block_type.tensor_type)
        cast.location = store.location
        assert store.parent is not None
        store.parent.insert_op_before(cast, store)
        value = cast.result
    assert tensor_shape(value.type) == tensor_shape(wait.block.type)
    hint = value.name_hint or wait.block.name_hint
    wait.block.replace_all_uses_with(value)
    value.name_hint = hint
    for release in reversed(early):
        assert release.parent is not None and last.parent is not None
        release.parent.detach_op(release)
        last.parent.insert_op_after(release, last)
    for use in list(trip.cb.result.uses):
        if isinstance(use.operation, ReleaseOp):
            remove(use.operation)
    for op in (store, reserve, wait, trip.cb):
        remove(op)
