# SPDX-License-Identifier: Apache-2.0
"""The step `insert_prefetch`: reads of loops start turns before they are waited for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from xdsl.dialects import arith, scf
from xdsl.ir import Operation, SSAValue
from xdsl.irdl import IRDLOperation

from ttlang.dialects.ttl.attributes import BlockType
from ttlang.dialects.ttl.buffers import CBPushOp, CBReserveOp, CreateCBOp
from ttlang.dialects.ttl.structure import DataMovementThreadOp, enclosing_thread
from ttlang.dialects.ttl.transfers import MAX_TRANSACTION, CopyOp, Direction, DMABarrierOp, WaitOp
from ttlang.transforms.core_values import trip_count
from ttlang.transforms.index_builder import IndexBuilder, Value, known

from .errors import ScheduleError, taken
from .targets import is_arithmetic, kernel_of, named, needless, program_of
from .tensors import is_tensor_read, tensor_of, written_tensors
from .transform_ops import InsertPrefetchOp


def apply(targets: Sequence[Operation], request: IRDLOperation) -> list[Operation]:
    """Keep `distance` more blocks in flight in the loops of the targets that read one block of each buffer a turn.

    Such a loop reserves blocks, copies slices of tensors into them and pushes them, and does nothing else. Before: a turn
    waits for its own reads. After: the first turns start their reads; a turn then starts those of `distance` turns later
    under a transaction id of their own, waits for the oldest id, and pushes its blocks; the last blocks follow the loop.

    Refuses a tensor that the program writes (its values may depend on the turn), a buffer without room for the blocks in
    flight, more ids than the NoC has, and targets with no such loop. Returns the targets; a loop that is one becomes
    the loop that keeps blocks in flight.
    """
    assert isinstance(request, InsertPrefetchOp)
    distance = 1 if request.distance is None else request.distance.value.data
    if distance + 1 > MAX_TRANSACTION:
        raise ScheduleError(
            f"{distance + 1} blocks in flight need as many transaction ids; the NoC has {MAX_TRANSACTION}"
        )
    readers = taken(
        _reading_loops(targets), _Reader.of, "no innermost loop of a data-movement thread reads blocks"
    )
    for reader in readers:
        reader.require_room(distance + 1)
    made: dict[Operation, Operation] = {reader.loop: reader.rewrite(distance + 1) for reader in readers}
    return [made.get(target, target) for target in targets]


def _reading_loops(targets: Sequence[Operation]) -> Iterator[scf.ForOp]:
    """The innermost loops of the targets that reserve blocks, in data-movement threads."""
    seen: set[Operation] = set()
    for target in targets:
        for op in target.walk():
            if (
                not isinstance(op, scf.ForOp)
                or op in seen
                or not isinstance(enclosing_thread(op), DataMovementThreadOp)
            ):
                continue
            seen.add(op)
            inner = list(op.body.block.ops)
            if any(isinstance(o, CBReserveOp) for o in inner) and not any(
                isinstance(o, scf.ForOp | scf.WhileOp) for o in op.body.walk()
            ):
                yield op


@dataclass
class _Reader:
    """A loop that reads blocks: what starts the reads of a turn, in order, and the pushes that end it."""

    loop: scf.ForOp
    start: list[Operation]
    pushes: list[CBPushOp]

    @classmethod
    def of(cls, loop: scf.ForOp) -> "_Reader":
        """Raises ScheduleError for a loop that does other things."""
        if loop.iter_args:
            raise ScheduleError("the loop carries values from turn to turn", loop)
        if (turns := trip_count(loop)) is not None and turns < 2:
            raise ScheduleError(
                f"the loop has {turns} turn{'s' if turns != 1 else ''}: nothing can start early", loop
            )
        reader = cls(loop, [], [])
        for op in loop.body.block.ops:
            reader._sort(op)
        reader._check_blocks()
        reader._check_tensors()
        reader._check_places()
        return reader

    def _sort(self, op: Operation) -> None:
        match op:
            case CBReserveOp() if op.block is not None and op.ahead is None:
                self.start.append(op)
            case CBReserveOp():
                raise ScheduleError("the loop keeps blocks in flight already", op)
            case CopyOp() if is_tensor_read(op) and isinstance(op.dst.owner, CBReserveOp):
                self.start.append(op)
            case CBPushOp():
                self.pushes.append(op)
            case WaitOp() if op.tx.owner in self.start:
                pass
            case scf.YieldOp():
                pass
            case _ if is_arithmetic(op):
                self.start.append(op)
            case _:
                raise ScheduleError(f"the loop does more than read blocks: there is a {op.name}", op)

    @property
    def reserves(self) -> list[CBReserveOp]:
        return [op for op in self.start if isinstance(op, CBReserveOp)]

    @property
    def copies(self) -> list[CopyOp]:
        return [op for op in self.start if isinstance(op, CopyOp)]

    def _check_blocks(self) -> None:
        """Each block is reserved once a turn, written by reads of this turn only, and pushed."""
        pushed = [push.cb for push in self.pushes]
        reserved = [reserve.cb for reserve in self.reserves]
        for cb in dict.fromkeys((*reserved, *pushed)):
            if reserved.count(cb) != 1 or pushed.count(cb) != 1:
                raise ScheduleError(f"the loop does not read one block of {named(cb)} a turn", self.loop)
        for copy in self.copies:
            assert isinstance(copy.dst.owner, CBReserveOp)
            if copy.dst.owner not in self.start:
                raise ScheduleError("the loop reads into a block that was reserved before it", copy)

    def _check_tensors(self) -> None:
        """What the loop reads is the same in all its turns: nobody writes it."""
        written = written_tensors(program_of(kernel_of(self.loop)))
        for copy in self.copies:
            tensor = tensor_of(copy.src)
            if tensor is not None and tensor in written:
                raise ScheduleError(
                    f"the program writes tensor {named(tensor)}: reading it earlier could miss what is written meanwhile",
                    copy,
                )

    def _check_places(self) -> None:
        """No buffer lies in the shards of a tensor: its blocks have their places there, and are not in flight."""
        in_shards, _ = needless(kernel_of(self.loop))
        for reserve in self.reserves:
            if reserve.cb in in_shards:
                raise ScheduleError(
                    f"{named(reserve.cb)} lies in the shards of a tensor, which it could not with blocks ahead",
                    reserve,
                )

    def require_room(self, blocks: int) -> None:
        """Raise ScheduleError when a buffer does not hold the blocks in flight."""
        for reserve in self.reserves:
            flying = self._limited(blocks) * reserve.blocks
            factor = reserve.cb_type.buffer_factor.data
            if factor < flying:
                raise ScheduleError(
                    f"{flying} blocks in flight do not fit {named(reserve.cb)}, which holds {factor}: first give it"
                    f" optimize_buffer_factor(factor={flying + reserve.blocks}), room for its consumer beside them",
                    reserve.cb.owner if isinstance(reserve.cb.owner, CreateCBOp) else reserve,
                )

    def _limited(self, blocks: int) -> int:
        turns = trip_count(self.loop)
        return blocks if turns is None else min(blocks, turns)

    # Rewriting

    def rewrite(self, blocks: int) -> Operation:
        """Rewrite the loop for so many blocks in flight; returns the loop in the middle."""
        loop, blocks = self.loop, self._limited(blocks)
        lower, upper, step = known(loop.lb), known(loop.ub), known(loop.step)
        name = loop.body.block.args[0].name_hint
        b = IndexBuilder.before(loop)
        first = b.add(lower, b.multiply(step, blocks - 1))
        middle = b.binary(arith.MinSIOp, first, upper)

        def turn(variable: Value) -> Value:
            return b.binary(arith.DivUIOp, b.subtract(variable, lower), step)

        def transaction(number: Value) -> SSAValue:
            return b.value(b.add(b.binary(arith.RemUIOp, number, blocks), 1))

        with b.loop(lower, middle, step, name) as variable:
            now = turn(variable)
            self._start_reads(b, variable, ahead=now, transaction=b.value(b.add(now, 1)))
        with b.loop(first, upper, step, name) as variable:
            now = turn(variable)
            self._start_reads(b, variable, ahead=blocks - 1, transaction=transaction(now))
            self._end_reads(b, transaction(b.add(now, 1)))
        made = loop.prev_op
        turns = turn(b.add(upper, b.subtract(step, 1)))
        ended = b.binary(arith.MaxSIOp, b.subtract(turns, blocks - 1), 0)
        with b.loop(lower, middle, step, name) as variable:
            self._end_reads(b, transaction(b.add(ended, turn(variable))))
        self._erase()
        assert made is not None
        return made

    def _start_reads(self, b: IndexBuilder, variable: Value, *, ahead: Value, transaction: SSAValue) -> None:
        """The reads of a turn, into the blocks behind `ahead` others."""
        copies: dict[SSAValue, SSAValue] = {self.loop.body.block.args[0]: b.value(variable)}
        for op in self.start:
            match op:
                case CBReserveOp():
                    behind = b.value(b.multiply(ahead, op.blocks))
                    assert op.block is not None and isinstance(op.block.type, BlockType)
                    reserve = CBReserveOp(op.cb, ahead=behind, type=op.block.type)
                    reserve.location = op.location
                    b.insert(reserve)
                    assert reserve.block is not None
                    reserve.block.name_hint = op.block.name_hint
                    copies[op.block] = reserve.block
                case CopyOp():
                    copy = CopyOp(copies[op.src], copies[op.dst], transaction=transaction)
                    copy.location = op.location
                    copy.attributes.update(op.attributes)
                    b.insert(copy)
                case _:
                    b.insert(op.clone(copies))

    def _end_reads(self, b: IndexBuilder, transaction: SSAValue) -> None:
        """Wait for the reads of a turn, and push their blocks."""
        barrier = DMABarrierOp(Direction.read, transaction=transaction)
        barrier.location = self.copies[-1].location
        b.insert(barrier)
        for push in self.pushes:
            b.insert(push.clone())

    def _erase(self) -> None:
        assert self.loop.parent is not None
        self.loop.parent.erase_op(self.loop)
