# SPDX-License-Identifier: Apache-2.0
"""The step `coalesce_dma`: copies of consecutive turns of a loop become one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from xdsl.dialects import scf
from xdsl.dialects.builtin import TensorType
from xdsl.ir import Operation, SSAValue
from xdsl.irdl import IRDLOperation

from ttlang.dialects.ttl.attributes import BlockType, ints
from ttlang.dialects.ttl.buffers import AcquireOp, CBReserveOp, ReleaseOp
from ttlang.dialects.ttl.data_movement import IndexAccessorOp
from ttlang.dialects.ttl.structure import DataMovementThreadOp, enclosing_thread
from ttlang.dialects.ttl.transfers import CopyOp, DMABarrierOp, WaitOp
from ttlang.transforms.core_values import trip_count
from ttlang.transforms.index_bounds import affine_of
from ttlang.transforms.index_builder import IndexBuilder, known

from .errors import ScheduleError, taken
from .targets import is_arithmetic, kernel_of, named, needless, of_kind, program_of
from .tensors import copies_in, is_tensor_read, read_tensors, tensor_of, written_tensors


def apply(targets: Sequence[Operation], request: IRDLOperation) -> list[Operation]:
    """Join the copies of several turns of loops that move one block of each buffer a turn between it and a tensor.

    Where the slices of consecutive turns lie side by side in the tensor, their blocks, which lie in a row in the buffer, are
    acquired, copied and released at once: one barrier, and longer transfers where the tensor's pages allow. The thread on
    the other side of the buffer goes on to take single blocks. As many turns are joined as divide the turns of the loop
    and leave room for two such groups in every buffer.

    The targets are copies, or ops around some. Refuses targets with no such loop. Returns the targets, copies replaced by
    those that they became.
    """
    joined: dict[Operation, Operation] = {}
    groups = taken(_loops(targets), _Turns.of, "there is no copy in an innermost loop among its targets")
    for group in groups:
        joined.update(group.join())
    return list(dict.fromkeys(joined.get(target, target) for target in targets))


def _loops(targets: Sequence[Operation]) -> Iterator[scf.ForOp]:
    """The loops right around the copies of the targets, in data-movement threads."""
    seen: set[Operation] = set()
    copies = [copy for target in targets for copy in copies_in(target)]
    if not copies:
        of_kind(targets, CopyOp, "copies")
    for copy in copies:
        loop = copy.parent_op()
        if (
            isinstance(loop, scf.ForOp)
            and loop not in seen
            and isinstance(enclosing_thread(loop), DataMovementThreadOp)
        ):
            seen.add(loop)
            yield loop


@dataclass
class _Turns:
    """A loop, and how many of its turns become one."""

    loop: scf.ForOp
    count: int = 1
    acquires: list[AcquireOp] = field(default_factory=list)
    releases: list[ReleaseOp] = field(default_factory=list)
    copies: list[CopyOp] = field(default_factory=list)

    @classmethod
    def of(cls, loop: scf.ForOp) -> "_Turns":
        """Raises ScheduleError for a loop whose copies cannot be joined."""
        turns = cls(loop)
        if loop.iter_args:
            raise ScheduleError("the loop carries values from turn to turn", loop)
        for op in loop.body.block.ops:
            turns._sort(op)
        turns._check_blocks()
        turns._check_tensors()
        for copy in turns.copies:
            turns._joined_dimension(copy)
        turns._choose()
        return turns

    def _sort(self, op: Operation) -> None:
        match op:
            case AcquireOp() if op.block is not None:
                self.acquires.append(op)
            case ReleaseOp():
                self.releases.append(op)
            case CopyOp() if self._end(op).owner in self.acquires:
                self.copies.append(op)
            case WaitOp() if op.tx.owner in self.copies:
                pass
            case DMABarrierOp() if op.sent is not None:
                pass
            case scf.YieldOp():
                pass
            case _ if is_arithmetic(op):
                pass
            case _:
                raise ScheduleError(f"the loop does more than copy blocks: there is a {op.name}", op)

    @staticmethod
    def _end(copy: CopyOp) -> SSAValue:
        """The block of a copy between a block and a slice."""
        if is_tensor_read(copy) and copy.transaction is None:
            return copy.dst
        if isinstance(copy.dst.owner, IndexAccessorOp):
            return copy.src
        raise ScheduleError("only copies between a tensor and a block can be joined", copy)

    @staticmethod
    def _slice(copy: CopyOp) -> IndexAccessorOp:
        end = copy.src if is_tensor_read(copy) else copy.dst
        assert isinstance(end.owner, IndexAccessorOp)
        return end.owner

    def _check_blocks(self) -> None:
        """Every block is acquired, used by one copy and released each turn, and nowhere else in this way."""
        released = [op.cb for op in self.releases]
        for op in self.acquires:
            uses = [] if op.block is None else [use.operation for use in op.block.uses]
            if len(uses) != 1 or uses[0] not in self.copies:
                raise ScheduleError("this block is used by other ops than one copy", op)
            kind = type(op)
            if sum(isinstance(use.operation, kind) for use in op.cb.uses) != 1 or released.count(op.cb) != 1:
                raise ScheduleError(f"blocks of {named(op.cb)} are acquired in other places too", op)
        if len(self.releases) != len(self.acquires) or not self.acquires:
            raise ScheduleError(
                "the loop does not acquire and release one block of a buffer a turn", self.loop
            )

    def _check_tensors(self) -> None:
        """Nobody sees whether a copy is made some turns earlier or later."""
        kernel = kernel_of(self.loop)
        program = program_of(kernel)
        _, unneeded = needless(kernel)
        read, written = read_tensors(program), written_tensors(program)
        for copy in self.copies:
            if copy in unneeded:
                raise ScheduleError(
                    "nothing is copied here: the buffer lies in the shards of the tensor", copy
                )
            is_read = is_tensor_read(copy)
            tensor = tensor_of(copy.src if is_read else copy.dst)
            if tensor is not None and tensor in (written if is_read else read):
                raise ScheduleError(f"the program both reads and writes tensor {named(tensor)}", copy)

    def _joined_dimension(self, copy: CopyOp) -> int:
        """The dimension along which the slices of consecutive turns lie side by side, counted from the last (-1)."""
        reference = self._slice(copy)
        variable, step = self.loop.body.block.args[0], known(self.loop.step)
        moved = []
        for d, index in enumerate(reference.indices):
            form = affine_of(index)
            if any(atom is not variable and self._is_inside(atom) for atom in form.terms):
                raise ScheduleError("where this copy goes is no multiple of the turn", copy)
            if coefficient := form.terms.get(variable, 0):
                moved.append((d, coefficient))
        sizes = reference.sizes
        if any(s != 1 for s in reference.steps) or len(moved) != 1 or not isinstance(step, int):
            raise ScheduleError("the slices of consecutive turns do not lie side by side", copy)
        ((d, coefficient),) = moved
        if coefficient * step != sizes[d] or any(size != 1 for size in sizes[:d]):
            raise ScheduleError("the slices of consecutive turns do not lie side by side", copy)
        return d - len(sizes)

    def _is_inside(self, value: SSAValue) -> bool:
        owner = value.owner
        return isinstance(owner, Operation) and owner.parent is self.loop.body.block

    def _choose(self) -> None:
        turns = trip_count(self.loop)
        if turns is None:
            raise ScheduleError(
                "how often the loop turns is not known when the kernel is compiled", self.loop
            )
        factors = [(op, op.cb_type.buffer_factor.data // op.blocks) for op in self.acquires]
        for count in range(max(turns, 1), 1, -1):
            if turns % count == 0 and all(f % count == 0 and f // count >= 2 for _, f in factors):
                self.count = count
                return
        op, least = min(factors, key=lambda pair: pair[1])
        raise ScheduleError(
            f"no number of turns divides the loop's {turns} and leaves room for two groups of blocks in {named(op.cb)},"
            f" which holds {least}: give it more with optimize_buffer_factor, a multiple of 2",
            op.cb.owner if isinstance(op.cb.owner, Operation) else op,
        )

    def join(self) -> dict[Operation, Operation]:
        """Rewrite the loop; returns what each copy became."""
        loop = self.loop
        b = IndexBuilder.before(loop)
        lower, upper, step = known(loop.lb), known(loop.ub), known(loop.step)
        made: dict[Operation, Operation] = {}
        with b.loop(lower, upper, b.multiply(step, self.count), loop.body.block.args[0].name_hint) as turn:
            values: dict[SSAValue, SSAValue] = {loop.body.block.args[0]: b.value(turn)}
            for op in loop.body.block.ops:
                match op:
                    case AcquireOp():
                        b.insert(self._acquired(op, values))
                    case ReleaseOp():
                        release = type(op)(op.cb, op.blocks * self.count)
                        release.location = op.location
                        b.insert(release)
                    case IndexAccessorOp():
                        b.insert(self._taller(op, values))
                    case scf.YieldOp():
                        pass
                    case _:
                        made[op] = b.insert(op.clone(values))
        assert loop.parent is not None
        loop.parent.erase_op(loop)
        return {copy: made[copy] for copy in self.copies}

    def _copy_of(self, value: SSAValue) -> CopyOp | None:
        return next((copy for copy in self.copies if value in copy.operands), None)

    def _acquired(self, op: AcquireOp, values: dict[SSAValue, SSAValue]) -> AcquireOp:
        assert op.block is not None
        copy = self._copy_of(op.block)
        assert copy is not None
        shape = _scaled(ints(op.cb_type.shape), self._joined_dimension(copy), op.blocks * self.count)
        type_ = BlockType(TensorType(op.cb_type.tile_type, shape))
        kind = CBReserveOp if isinstance(op, CBReserveOp) else type(op)
        made = kind(op.cb, type=type_)
        made.location = op.location
        assert made.block is not None
        made.block.name_hint = op.block.name_hint
        values[op.block] = made.block
        return made

    def _taller(self, op: IndexAccessorOp, values: dict[SSAValue, SSAValue]) -> IndexAccessorOp:
        copy = self._copy_of(op.tile_ref)
        sizes = op.sizes if copy is None else _scaled(op.sizes, self._joined_dimension(copy), self.count)
        made = IndexAccessorOp(op.accessor, [values.get(i, i) for i in op.indices], sizes)
        made.location = op.location
        made.tile_ref.name_hint = op.tile_ref.name_hint
        values[op.tile_ref] = made.tile_ref
        return made


def _scaled(shape: tuple[int, ...], dimension: int, count: int) -> tuple[int, ...]:
    """A shape with one dimension, counted from the last (-1), that many times as long; a dimension more may be needed."""
    if -dimension > len(shape):
        return (count, *shape)
    d = dimension + len(shape)
    return (*shape[:d], shape[d] * count, *shape[d + 1 :])
