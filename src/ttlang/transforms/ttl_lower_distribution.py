# SPDX-License-Identifier: Apache-2.0
"""The pass `ttl-lower-distribution`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import arith
from xdsl.dialects.builtin import ArrayAttr, ModuleOp, TensorType
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue, Use
from xdsl.passes import ModulePass

from ttlang.dialects.ttl.attributes import CBType, LayoutAttr, MemorySpace, ints
from ttlang.dialects.ttl.buffers import AcquireOp, CBPopOp, CBPushOp, CBReserveOp, CBWaitOp, CreateCBOp
from ttlang.dialects.ttl.compute import BlockStoreOp, BlockTypecastOp
from ttlang.dialects.ttl.data_movement import CopyOp, CoreIndexOp, IndexAccessorOp, TensorAccessorOp
from ttlang.dialects.ttl.distribution import (
    DistributeOp,
    DistTensorType,
    ExtractShardOp,
    RedistributeOp,
    Strategy,
)
from ttlang.dialects.ttl.structure import (
    ALLOWED_THREADS,
    DataMovementThreadOp,
    KernelOp,
    ProgramOp,
    ThreadOp,
    enclosing_kernel,
    enclosing_thread,
)
from ttlang.dialects.walking import ops_in
from ttlang.hardware.grids import placed

from .core_coordinates import core_number
from .core_values import Core
from .errors import error
from .index_builder import IndexBuilder, Value
from .insertion import Insertion
from .program_structure import chip_of, grid_of, name_of, own_buffers, programs, remove
from .stage_checks import require_tensors, require_threads
from .thread_sets import cores_of_kernel, shown, thread_sets


@dataclass(frozen=True)
class _Parts:
    """The parts of a distributed tensor: what they are parts of, and which core each belongs to.

    `columns`: of the cores that parts lie on, in rows of so many; None where they have no place: then cores are numbered as
    the grid of the kernel numbers them.
    """

    root: SSAValue
    type: DistTensorType
    is_dealt_anew: bool
    columns: int | None

    @classmethod
    def of(cls, extract: ExtractShardOp) -> "_Parts":
        """Follows a value to the tensor that it was made of; raises CompileError for what cannot be lowered."""
        value, dealt_anew = extract.tensor, False
        while isinstance(value.owner, RedistributeOp):
            if value.owner.strategy.data is Strategy.interleaved:
                raise error(
                    value.owner,
                    "a tensor cannot be made interleaved inside a kernel: its pages would lie on other cores, where only a"
                    " tensor of the host's has room",
                    hint="call redistribute('interleaved') on the ttl.DistributedTensor, before the kernel is called",
                )
            value, dealt_anew = value.owner.tensor, True
        if not isinstance(value.owner, DistributeOp):
            raise error(extract, "this shard is of no tensor that ttl.distribute made")
        root = value.owner.tensor
        type = extract.tensor.type
        assert isinstance(type, DistTensorType)
        if len(type.grid) != 2:
            raise error(
                extract,
                f"this is a shard of a tensor of {len(type.grid)} dimensions; tensors of two are lowered",
            )
        layout = _layout(root)
        columns = None
        in_l1 = type.memory_space.data == MemorySpace.L1.value
        if isinstance(layout.grid, ArrayAttr) and in_l1 and not dealt_anew:
            columns = ints(layout.grid)[0]
        return cls(root, type, dealt_anew, columns)

    @property
    def grid(self) -> tuple[int, int]:
        rows, columns = ints(self.type.grid)
        return rows, columns

    @property
    def shard(self) -> tuple[int, int]:
        high, wide = ints(self.type.shard)
        return high, wide

    @property
    def name(self) -> str:
        return name_of(self.root, "a tensor")


def _layout(tensor: SSAValue) -> LayoutAttr:
    """The layout of a tensor; interleaved tiles when it has none."""
    layout = tensor.type.encoding if isinstance(tensor.type, TensorType) else None
    return layout if isinstance(layout, LayoutAttr) else LayoutAttr()


class _Place:
    """Which part belongs to this core, in the index computations of a thread."""

    def __init__(self, parts: _Parts, program: ProgramOp, kernel: KernelOp, at: Operation):
        self.parts = parts
        self.grid = grid_of(program, kernel)
        self.width = placed(self.grid, chip_of(program))[0]
        if parts.columns not in (None, self.width) and len(self.grid) != 2:
            raise error(
                at,
                f"the parts of '{parts.name}' lie on cores in rows of {parts.columns}, the cores of this grid in rows of"
                f" {self.width}",
                hint="give the kernel the grid of the tensor: grid=lambda a, ...: a.cores",
            )
        for core in cores_of_kernel(kernel, self.grid):
            if not self._has_part(core):
                rows, columns = parts.grid
                raise error(
                    at,
                    f"core {shown(core)} has no part of '{parts.name}', which has {rows}x{columns} of them",
                    hint="give the kernel the grid of the tensor (grid=lambda a, ...: a.cores), or the thread some of its"
                    " cores (cores=...)",
                )

    def _has_part(self, core: Core) -> bool:
        rows, columns = self.parts.grid
        held = self.parts.columns
        if held in (None, self.width) or len(self.grid) != 2:
            return core_number(core, self.grid) < rows * columns
        return core[0] < held and core[1] * held + core[0] < rows * columns

    def first_element(self, block: Block, before: Operation | None, at: Operation) -> list[SSAValue]:
        """Row and column of the first element of this core's part; ops stand before `before`, or at the end."""
        high, wide = self.parts.shard
        emit = IndexBuilder(block, before, at.location)
        row, column = self._part(emit)
        return [emit.value(emit.multiply(row, high)), emit.value(emit.multiply(column, wide))]

    def _part(self, emit: IndexBuilder) -> tuple[Value, Value]:
        rows, columns = self.parts.grid
        held = self.parts.columns or self.width
        if len(self.grid) == 2 and held == columns:
            x, y = emit.insert(CoreIndexOp(2)).results
            return y if rows > 1 else 0, x if columns > 1 else 0
        number: Value
        if held == self.width:
            number = emit.insert(CoreIndexOp(1)).results[0]
        else:
            x, y = emit.insert(CoreIndexOp(2)).results
            number = emit.add(emit.multiply(y, held), x)
        if columns == 1:
            return number, 0
        if rows == 1:
            return 0, number
        width = emit.value(columns)
        return emit.binary(arith.DivUIOp, number, width), emit.binary(arith.RemUIOp, number, width)


class _Lowering:
    """Lowers the shards of one program."""

    def __init__(self, program: ProgramOp):
        self.program = program

    def run(self) -> None:
        extracts = {op: _Parts.of(op) for op in ops_in(self.program) if isinstance(op, ExtractShardOp)}
        written = _written_slices(self.program)
        for op, parts in extracts.items():
            if (write := next((use.operation for use in op.shard.uses if _is_write(use)), None)) is not None:
                written[parts.root] = write
        for op, parts in extracts.items():
            self._check(op, parts, written)
            users: dict[ThreadOp, list[Use]] = {}
            for use in list(op.shard.uses):
                thread = enclosing_thread(use.operation)
                if thread is None:
                    raise error(op, "a shard is used outside of threads")
                users.setdefault(thread, []).append(use)
            for thread, uses in users.items():
                self._thread(op, parts, thread, uses)
        for kind in (ExtractShardOp, RedistributeOp, DistributeOp):
            for made in reversed([op for op in ops_in(self.program) if isinstance(op, kind)]):
                remove(made)

    def _check(self, op: ExtractShardOp, parts: _Parts, written: Mapping[SSAValue, Operation]) -> None:
        if not parts.is_dealt_anew or parts.root not in written:
            return
        for use in op.shard.uses:
            if _is_write(use):
                raise error(
                    use.operation,
                    f"a write to the shard of '{parts.name}', redistributed: that is a value, not a tensor",
                    hint="write to the shard of the tensor itself",
                )
        raise error(
            op,
            f"tensor '{parts.name}' is redistributed and written in the same kernel: other cores would read parts of it"
            " while they change",
            notes=[("it is written", written[parts.root])],
            hint="write to another tensor, or redistribute it with a call before the kernel",
        )

    def _thread(self, op: ExtractShardOp, parts: _Parts, thread: ThreadOp, uses: Sequence[Use]) -> None:
        kernel = enclosing_kernel(thread)
        assert kernel is not None
        place = _Place(parts, self.program, kernel, op)
        if isinstance(thread, DataMovementThreadOp):
            slice = _slice(place, thread, at_start=True, at=op)
            for use in uses:
                use.operation.operands[use.index] = slice
            return
        for is_store in (False, True):
            group = [use for use in uses if _is_store(use) is is_store]
            if group:
                self._compute(op, place, kernel, thread, group, is_store=is_store)

    def _compute(
        self,
        op: ExtractShardOp,
        place: _Place,
        kernel: KernelOp,
        thread: ThreadOp,
        uses: Sequence[Use],
        *,
        is_store: bool,
    ) -> None:
        """A shard in a compute thread: a buffer of one block, filled before or emptied after."""
        mover = self._mover(kernel, op, last=is_store)
        cb = _buffer(op, place.parts, kernel)
        acquired: AcquireOp = (CBReserveOp if is_store else CBWaitOp)(cb)
        assert acquired.block is not None
        acquired.block.name_hint = op.shard.name_hint
        _at_start(thread, acquired, op)
        _at_end(thread, (CBPushOp if is_store else CBPopOp)(cb), op)
        for use in uses:
            use.operation.operands[use.index] = _as_operand(use.operation, acquired.block, op.shard.type)
        if is_store:
            emptied = CBWaitOp(cb)
            assert emptied.block is not None
            _at_end(mover, emptied, op)
            slice = _slice(place, mover, at_start=False, at=op)
            for step in (CopyOp(emptied.block, slice), CBPopOp(cb)):
                _at_end(mover, step, op)
            return
        filled = CBReserveOp(cb)
        assert filled.block is not None
        push = CBPushOp(cb)
        _at_start(mover, push, op)
        slice = _slice(place, mover, at_start=True, at=op)
        emit = Insertion(mover.body.block, push, op.location)
        emit.insert(filled)
        emit.insert(CopyOp(slice, filled.block))

    def _mover(self, kernel: KernelOp, op: ExtractShardOp, *, last: bool) -> ThreadOp:
        """The data-movement thread that fills or empties a buffer: the first or the last of the kernel, else a new one."""
        movers = [thread for thread in kernel.threads if isinstance(thread, DataMovementThreadOp)]
        if movers:
            return movers[-1] if last else movers[0]
        for alike in thread_sets(self.program):
            taken = [thread for thread in alike.threads if isinstance(thread, DataMovementThreadOp)]
            if kernel in alike.kernels and len(taken) >= ALLOWED_THREADS["datamovement"]:
                raise error(
                    op,
                    f"no data-movement thread is left to move this shard on core {shown(alike.cores[0])}",
                    notes=[("a thread that runs there", thread) for thread in taken],
                    hint="give one of them the same cores as the compute thread",
                )
        made = DataMovementThreadOp(Region(Block()), name="move_shards")
        made.location = op.location
        kernel.body.block.add_op(made)
        return made


def _is_store(use: Use) -> bool:
    return isinstance(use.operation, BlockStoreOp) and use.index == 0


def _as_operand(user: Operation, block: SSAValue, type: Attribute) -> SSAValue:
    """A block as an operand; loops and branches carry tensors, which conversions to the same type are."""
    if user.dialect_name() == "ttl":
        return block
    assert user.parent is not None
    value = BlockTypecastOp(block, type)
    value.location = user.location
    user.parent.insert_op_before(value, user)
    return value.results[0]


def _is_write(use: Use) -> bool:
    return _is_store(use) or (isinstance(use.operation, CopyOp) and use.index == 1)


def _written_slices(program: ProgramOp) -> dict[SSAValue, Operation]:
    """Tensors that data-movement threads copy blocks to, each with one of the copies."""
    found: dict[SSAValue, Operation] = {}
    for op in program.walk():
        if isinstance(op, CopyOp) and isinstance(op.dst.owner, IndexAccessorOp):
            found.setdefault(op.dst.owner.tensor, op)
    return found


def _buffer(op: ExtractShardOp, parts: _Parts, kernel: KernelOp) -> SSAValue:
    """A circular buffer of one block, which is the shard."""
    cb = CreateCBOp(CBType(parts.shard, parts.type.element_type, 1))
    cb.result.name_hint = f"{parts.name}_shard"
    cb.location = op.location
    made = own_buffers(kernel)
    block = kernel.body.block
    if made:
        block.insert_op_after(cb, made[-1])
    else:
        assert block.first_op is not None
        block.insert_op_before(cb, block.first_op)
    return cb.result


def _slice(place: _Place, thread: ThreadOp, *, at_start: bool, at: Operation) -> SSAValue:
    """This core's part of a tensor, at the start of a data-movement thread or at its end."""
    parts, block = place.parts, thread.body.block
    before = block.first_op if at_start else None
    emit = Insertion(block, before, at.location)
    accessor = TensorAccessorOp(parts.root, _layout(parts.root), MemorySpace(parts.type.memory_space.data))
    accessor.accessor.name_hint = parts.root.name_hint
    emit.insert(accessor)
    starts = place.first_element(block, before, at)
    return emit.insert(IndexAccessorOp(accessor.accessor, starts, parts.shard)).results[0]


def _at_start(thread: ThreadOp, op: Operation, at: Operation) -> None:
    Insertion(thread.body.block, thread.body.block.first_op, at.location).insert(op)


def _at_end(thread: ThreadOp, op: Operation, at: Operation) -> None:
    Insertion(thread.body.block, None, at.location).insert(op)


@dataclass(frozen=True)
class TTLLowerDistribution(ModulePass):
    """Makes circular buffers and transfers of distributed tensors: `ttl.distribute`, `ttl.redistribute`, `ttl.extract_shard`.

    Input: TTL as the front end makes it. In a data-movement thread a shard is the slice of the tensor that belongs to the
    core. A compute thread that reads one gets a circular buffer of one block, filled by the kernel's first data-movement
    thread when it starts; one that stores to it a buffer that the last one empties when it ends. A kernel without such a
    thread gets one. Where the part lies in the core's own L1, `ttl-insert-synchronization` then puts the buffer there and
    drops the transfer. A tensor that is redistributed is read where it lies: each core fetches its new part from the cores
    that hold some of it. Nothing writes to the tensor meanwhile, so that cores need not wait for each other.

    Output: TTL without distributed tensors. Refuses cores that have no part, stores to what is redistributed, interleaved
    tensors as the result of a redistribution, and cores without a data-movement thread that could move a shard.
    """

    name = "ttl-lower-distribution"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        require_threads(op, self.name)
        require_tensors(op, self.name)
        for program in programs(op):
            _Lowering(program).run()
