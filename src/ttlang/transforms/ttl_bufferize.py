# SPDX-License-Identifier: Apache-2.0
"""The pass `ttl-bufferize`."""

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import MemRefLayoutAttr, MemRefType, ModuleOp, NoneAttr, StringAttr, TensorType
from xdsl.ir import Attribute, Operation, SSAValue, TypeAttribute
from xdsl.passes import ModulePass

from ttlang.dialects.interned import memref, tensor
from ttlang.dialects.ttcore import tile_type
from ttlang.dialects.ttl.attributes import AccessorType, BlockType, CBType, MemorySpace, MemorySpaceAttr
from ttlang.dialects.ttl.buffers import (
    AcquireOp,
    CBPopOp,
    CBPushOp,
    CBReserveOp,
    CBWaitOp,
    CreateCBOp,
)
from ttlang.dialects.ttl.compute import BlockStoreOp, RequireDSTOp, tensor_shape, tile_of
from ttlang.dialects.ttl.data_movement import IndexAccessorOp, TensorAccessorOp
from ttlang.dialects.ttl.structure import ComputeThreadOp, KernelOp, ProgramOp, ThreadOp

from .carried_blocks import HELD_AS
from .fused_loops import LoopBuilder, retype, split_to_fit
from .local_shards import tensors_in_place
from .program_structure import chip_of, has_full_sync, kernels, needs_wide_dest, own_buffers, programs
from .remarks import remark
from .store_groups import VALUE_OPS, store_groups
from .ttl_infer_dst_requirements import REASON

INTERMEDIATE = "intermediate"
"""Attribute of a circular buffer that the compiler made: why."""

SPLIT = "the expression needs more DST registers than there are"
"""Why a value has a buffer when its expression is split."""


def buffer_type(type: TensorType[Attribute], space: MemorySpace) -> MemRefType[Attribute]:
    """The memref of a tensor in a memory; a layout stays with it."""
    layout = type.encoding
    assert isinstance(layout, MemRefLayoutAttr | NoneAttr)
    return memref(type.element_type, type.get_shape(), layout, MemorySpaceAttr(space))


class _ThreadBufferizer:
    """Turns the block arithmetic of one compute thread into loops over tiles."""

    def __init__(self, program: ProgramOp, kernel: KernelOp, thread: ComputeThreadOp):
        self.kernel = kernel
        self.thread = thread
        self.wide = needs_wide_dest(program, kernel)
        self.limit = chip_of(program).dst_tiles(fp32=self.wide, full_sync=has_full_sync(program))
        self.buffered: dict[SSAValue, SSAValue] = {}
        self.waits: list[CBWaitOp] = []
        made = own_buffers(kernel)
        self._last_buffer: Operation | None = made[-1] if made else None

    def run(self) -> None:
        groups = {group.anchor: group for group in store_groups(self.thread)}
        finished: list[Operation] = []
        for op in list(self.thread.walk()):
            if isinstance(op, VALUE_OPS):
                finished.append(op)
                if REASON in op.attributes:
                    self._buffer(op)
            elif isinstance(op, RequireDSTOp):
                finished.append(op)
            elif isinstance(op, BlockStoreOp):
                finished.append(op)
                if (group := groups.get(op)) is not None:
                    self._store(op, group.stores)
        for op in reversed(finished):
            op.detach()
            op.erase()
        self._release_intermediates()
        self._share_intermediates()

    # Loops

    def _store(self, anchor: BlockStoreOp, stores: Sequence[BlockStoreOp]) -> None:
        builder = LoopBuilder(
            [s.src for s in stores], [s.dst for s in stores], anchor, self.buffered, anchor.acc is not None
        )
        self._insert(builder, anchor, anchor)

    def _buffer(self, op: Operation) -> None:
        """Compute a value where it is defined, into an intermediate buffer."""
        value = op.results[0]
        reason = op.attributes[REASON]
        assert isinstance(reason, StringAttr)
        written, wait = self._intermediate(value, tensor_shape(value.type) or (1, 1), op, op, reason.data)
        assert wait.block is not None
        builder = LoopBuilder([value], [written], op, self.buffered)
        self._insert(builder, op, wait.prev_op)
        self.buffered[value] = wait.block

    def _insert(self, builder: LoopBuilder, op: Operation, before: Operation | None) -> None:
        assert before is not None and before.parent is not None
        handed: list[CBWaitOp] = []

        def make_buffer(value: SSAValue, type: MemRefType[Attribute]) -> tuple[SSAValue, SSAValue]:
            written, wait = self._intermediate(value, type.get_shape(), op, before, SPLIT)
            assert wait.block is not None
            handed.append(wait)
            return written, wait.block

        for loop in split_to_fit(builder.build(), self.limit, self.wide, make_buffer):
            before.parent.insert_op_before(loop, before)
        for wait in handed:  # a hand-over stands around the loop that writes its block
            reserve = self._reserve_of(wait)
            assert reserve.block is not None and wait.prev_op is not None
            (writer,) = (use.operation for use in reserve.block.uses)
            for step in (wait, wait.prev_op):
                before.parent.detach_op(step)
                before.parent.insert_op_after(step, writer)
            before.parent.detach_op(reserve)
            before.parent.insert_op_before(reserve, writer)

    @staticmethod
    def _reserve_of(wait: CBWaitOp) -> CBReserveOp:
        (reserve,) = (u.operation for u in wait.cb.uses if isinstance(u.operation, CBReserveOp))
        return reserve

    # Intermediate buffers

    def _intermediate(
        self, value: SSAValue, shape: Sequence[int], op: Operation, before: Operation, reason: str
    ) -> tuple[SSAValue, CBWaitOp]:
        """A circular buffer for a value: reserve, push and wait stand before `before`; the loop is to go before the push."""
        tile = tile_of(value.type)
        held = tile_type(HELD_AS.get(tile.dtype, tile.dtype), (tile.rows, tile.columns))
        cb = CreateCBOp(CBType(shape, held, 1))
        cb.attributes[INTERMEDIATE] = StringAttr(reason)
        name = value.name_hint or op.name.removeprefix("ttl.block_")
        cb.result.name_hint = name
        cb.location = op.location
        if self._last_buffer is None:
            self.kernel.body.block.insert_op_before(cb, self.thread)
        else:
            self.kernel.body.block.insert_op_after(cb, self._last_buffer)
        self._last_buffer = cb
        reserve, push, wait = CBReserveOp(cb.result), CBPushOp(cb.result), CBWaitOp(cb.result)
        assert before.parent is not None and reserve.block is not None and wait.block is not None
        for step in (reserve, push, wait):
            step.location = op.location
            before.parent.insert_op_before(step, before)
        for acquire in (reserve, wait):
            assert acquire.block is not None
            retype(acquire.block, buffer_type(tensor(held, shape), MemorySpace.L1))
            acquire.block.name_hint = name
        self.waits.append(wait)
        tiles = "x".join(map(str, shape))
        remark(
            TTLBufferize.name,
            op,
            f"'{name}' goes through an intermediate circular buffer of {tiles} {held.format.python_name} tiles: {reason}",
        )
        return reserve.block, wait

    def _release_intermediates(self) -> None:
        """Pop each intermediate after the last loop that reads it."""
        position = {op: i for i, op in enumerate(self.thread.walk())}
        for wait in self.waits:
            block = wait.parent
            assert wait.block is not None and block is not None
            last: Operation = wait
            for use in wait.block.uses:
                user = use.operation
                while user.parent is not block:
                    parent = user.parent_op()
                    assert parent is not None
                    user = parent
                if position[user] > position[last]:
                    last = user
            pop = CBPopOp(wait.cb)
            pop.location = wait.location
            block.insert_op_after(pop, last)

    def _share_intermediates(self) -> None:
        """Intermediates of one type whose lifetimes do not overlap share a circular buffer."""
        free: dict[CBType, list[SSAValue]] = {}
        given: dict[SSAValue, SSAValue] = {}
        mine = {wait.cb for wait in self.waits}
        for op in list(self.thread.walk()):
            if isinstance(op, CBReserveOp) and op.cb in mine:
                available = free.get(op.cb_type)
                given[op.cb] = available.pop() if available else op.cb
            if isinstance(op, CBPopOp) and op.cb in mine:
                free.setdefault(op.cb_type, []).append(given[op.cb])
        for cb, shared in given.items():
            if cb is not shared:
                cb.replace_all_uses_with(shared)
                creation = cb.owner
                assert isinstance(creation, Operation)
                creation.detach()
                creation.erase()


@dataclass(frozen=True)
class TTLBufferize(ModulePass):
    """Turns tensor semantics into buffer semantics.

    Blocks become memref views of their circular buffers in L1, kernel tensors memrefs in their memory with their layout.
    The expression of each `ttl.block_store` becomes one `ttl.block_compute` whose body computes a single tile, so that a
    chain of block operations is one loop over tiles; stores in a row that share a value are one loop with several
    outputs. Values are written in place, straight to the block they are stored in, unless `ttl-infer-dst-requirements`
    says that they need a buffer (`ttl.buffered`: the unpacker reads them, several loops use them, what they read is gone
    when they are used): those are computed where they are defined, into an intermediate circular buffer (`intermediate`:
    the reason), which is pushed, waited for and popped after its last use. An expression that needs more DST registers
    than there are is split in the same way. Intermediates of one type that are not alive together share a buffer.

    Input: TTL as `ttl-infer-dst-requirements` leaves it. Output: no block or tensor types, no `ttl.block_store`, no
    `ttl.require_dst`; every loop fits the registers. Refuses a store of a value that no block arithmetic computes and
    reads of blocks reserved for writing.
    """

    name = "ttl-bufferize"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for program in programs(op):
            self._retype_tensors(program)
        for program, kernel in kernels(op):
            for thread in kernel.threads:
                self._retype_blocks(thread)
                if isinstance(thread, ComputeThreadOp):
                    _ThreadBufferizer(program, kernel, thread).run()

    def _retype_tensors(self, program: ProgramOp) -> None:
        in_place = tensors_in_place(program)  # no accessor tells the memory of these
        for position, argument in enumerate(program.body.block.args):
            if isinstance(argument.type, TensorType):
                space_of = MemorySpace.L1 if position in in_place else MemorySpace.DRAM
                retype(argument, buffer_type(argument.type, space_of))
        for op in program.walk():
            if isinstance(op, TensorAccessorOp):
                memref = op.tensor.type
                assert isinstance(memref, MemRefType)
                space = MemorySpaceAttr(op.memory_space.data)
                if memref.memory_space != space:
                    retype(
                        op.tensor, MemRefType(memref.element_type, memref.get_shape(), memref.layout, space)
                    )
                assert isinstance(op.tensor.type, TypeAttribute)
                retype(op.accessor, AccessorType(op.tensor.type, op.layout, op.memory_space.data))
            elif isinstance(op, IndexAccessorOp) and isinstance(op.tile_ref.type, TensorType):
                space_name = MemorySpace(op.accessor_type.memory_space.data)
                retype(op.tile_ref, buffer_type(op.tile_ref.type, space_name))

    def _retype_blocks(self, thread: ThreadOp) -> None:
        for op in thread.walk():
            if isinstance(op, AcquireOp) and op.block is not None and isinstance(op.block.type, BlockType):
                retype(
                    op.block,
                    buffer_type(op.block.type.tensor_type, MemorySpace(op.cb_type.memory_space.data)),
                )
