# SPDX-License-Identifier: Apache-2.0
"""The pass `ttl-insert-synchronization`."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from xdsl.context import Context
from xdsl.dialects import scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass
from xdsl.traits import IsTerminator

from ttlang.dialects.ttl.attributes import BlockType, PipeType
from ttlang.dialects.ttl.buffers import CBPopOp, CBPushOp, CBReserveOp, CBWaitOp, acquired_cb
from ttlang.dialects.ttl.data_movement import CopyOp, Direction, DMABarrierOp, IndexAccessorOp, WaitOp
from ttlang.dialects.ttl.elements import ReadElementOp, WriteElementOp
from ttlang.dialects.ttl.pipes import IfSrcOp, PipeEndOp
from ttlang.dialects.ttl.semaphores import (
    CreateSemaphoreOp,
    RemoteSemaphoreOp,
    SemaphoreIncOp,
    SemaphoreSetOp,
)
from ttlang.dialects.ttl.structure import DataMovementThreadOp, ProgramOp, ThreadOp

from .errors import error
from .local_shards import place_in_shards
from .pipe_families import merge_pipe_ends
from .pipe_handshakes import Choice, Handshakes, UsedPipe, choose, used_pipes
from .program_structure import (
    chip_of,
    grid_of,
    kernels_of,
    name_of,
    programs,
    remove,
    resources,
    thread_name,
    threads_of,
)
from .protocol_execution import UNSYNCHRONISED, Party, Stuck
from .stage_checks import require_no_handshakes, require_tensors, require_threads


def is_receive(copy: CopyOp) -> bool:
    return isinstance(copy.src.type, PipeType)


def is_send(copy: CopyOp) -> bool:
    """Whether a copy goes through a pipe with a handshake."""
    return isinstance(copy.dst.type, PipeType) and UNSYNCHRONISED not in copy.attributes


def transfer_direction(copy: CopyOp) -> Direction:
    """A copy into a block of this core reads; one to a tensor or to other cores writes."""
    return Direction.read if isinstance(copy.dst.type, BlockType) else Direction.write


def _resource(end: SSAValue) -> SSAValue:
    """What an end of a copy touches: a tensor, a block, or a circular buffer."""
    return end.owner.tensor if isinstance(end.owner, IndexAccessorOp) else end


def _conflict(earlier: CopyOp, later: CopyOp) -> bool:
    """Whether a copy must have ended before another starts. Two writes to a tensor go to different slices."""
    from_, to = _resource(earlier.src), _resource(earlier.dst)
    source, destination = _resource(later.src), _resource(later.dst)
    return to is source or from_ is destination or (to is destination and isinstance(to.type, BlockType))


@dataclass
class _Pending:
    """Transfers in flight at a point of the program, in the order of their start."""

    copies: dict[CopyOp, None] = field(default_factory=dict)
    waited: dict[CopyOp, None] = field(default_factory=dict)
    sent: set[CopyOp] = field(default_factory=set)
    """Writes that have left this core on every path: their blocks may be released."""

    def copy(self) -> "_Pending":
        return _Pending(dict(self.copies), dict(self.waited), set(self.sent))

    def merge(self, other: "_Pending") -> None:
        self.sent = {
            copy
            for copy in self.sent | other.sent
            if all(copy in state.sent or copy not in state.copies for state in (self, other))
        }
        self.copies.update(other.copies)
        self.waited.update(other.waited)

    def key(self) -> tuple[frozenset[CopyOp], ...]:
        return frozenset(self.copies), frozenset(self.waited), frozenset(self.sent)

    def start(self, copy: CopyOp) -> None:
        self.copies[copy] = None
        self.sent.discard(copy)

    def drop(self, copy: CopyOp) -> None:
        self.copies.pop(copy, None)
        self.waited.pop(copy, None)
        self.sent.discard(copy)


@dataclass
class _Branch:
    """A branch that is being walked: what was in flight before it, and is on each of its sides now."""

    op: Operation
    before: dict[CopyOp, None]
    states: list[_Pending]

    def drop(self, copies: Sequence[CopyOp]) -> None:
        for copy in copies:
            self.before.pop(copy, None)
            for state in self.states:
                state.drop(copy)


class _Inserter:
    """Walks a thread, keeps what is in flight, and puts a barrier where a transfer must have ended."""

    def __init__(self) -> None:
        self.barriers: dict[tuple[Operation, Direction], DMABarrierOp] = {}
        self.arrivals: dict[CopyOp, Operation] = {}
        self.branches: list[_Branch] = []

    def thread(self, op: ThreadOp) -> None:
        pending = _Pending()
        self.block(op.body.block, pending)
        self._finish(op, pending)
        for (before, _), barrier in self.barriers.items():
            _insert_before(barrier, before)
        for copy, before in self.arrivals.items():
            wait = WaitOp(copy.tx)
            wait.location = copy.location
            _insert_before(wait, before)
        for wait in [w for w in op.walk() if isinstance(w, WaitOp)]:
            if not (isinstance(wait.tx.owner, CopyOp) and is_receive(wait.tx.owner)):
                remove(wait)

    def _finish(self, op: ThreadOp, pending: _Pending) -> None:
        """What is still in flight at the end of the thread ends there."""
        for direction in Direction:
            copies = [c for c in pending.copies if transfer_direction(c) is direction and not is_receive(c)]
            if copies:
                op.body.block.add_op(_barrier(copies[-1], direction))
        for copy in pending.copies:
            if is_receive(copy):
                wait = WaitOp(copy.tx)
                wait.location = copy.location
                op.body.block.add_op(wait)

    def require(self, op: Operation, pending: _Pending, copies: Sequence[CopyOp]) -> None:
        """End `copies` before `op`: a barrier ends all transfers of a direction, a receive ends alone."""
        for direction in sorted({transfer_direction(c) for c in copies if not is_receive(c)}):
            asked = [c for c in copies if not is_receive(c) and transfer_direction(c) is direction]
            asked = self._end_before_branches(asked, direction)
            if not asked:
                continue
            ended = [c for c in pending.copies if transfer_direction(c) is direction and not is_receive(c)]
            if (op, direction) not in self.barriers:
                self.barriers[op, direction] = _barrier(ended[-1], direction)
            for copy in ended:
                pending.drop(copy)
        for copy in copies:
            if is_receive(copy):
                self.arrivals.setdefault(copy, op)
                pending.drop(copy)

    def _end_before_branches(self, copies: list[CopyOp], direction: Direction) -> list[CopyOp]:
        """End copies that began before a branch in front of it: its other side needs that too. Returns the others."""
        for depth, branch in enumerate(self.branches):
            old = [c for c in branch.before if not is_receive(c) and transfer_direction(c) is direction]
            if not any(c in old for c in copies):
                continue
            self.barriers.setdefault((branch.op, direction), _barrier(old[-1], direction))
            for inner in self.branches[depth:]:
                inner.drop(old)
            copies = [c for c in copies if c not in old]
        return copies

    def _branch(self, op: Operation, pending: _Pending) -> None:
        """The sides of a branch; code at the end of a pipe has an empty other side."""
        regions = [region for region in op.regions if region.blocks]
        states = [pending.copy() for _ in regions]
        if len(states) < 2:
            states.append(pending.copy())
        self.branches.append(_Branch(op, dict(pending.copies), states))
        for region, state in zip(regions, states, strict=False):
            self.block(region.block, state)
        self.branches.pop()
        pending.copies.clear()
        pending.waited.clear()
        pending.sent.clear()
        for state in states:
            pending.merge(state)

    def block(self, block: Block, pending: _Pending) -> None:
        started_before = set(pending.copies)
        for op in list(block.ops):
            self.operation(op, pending)
        last = block.last_op
        if last is not None and block.parent_op() is not None and not isinstance(block.parent_op(), ThreadOp):
            # a receive is known to its own block only
            started = [c for c in pending.copies if is_receive(c) and c not in started_before]
            self._end_receives(last, block, pending, started)

    def _end_receives(self, last: Operation, block: Block, pending: _Pending, started: list[CopyOp]) -> None:
        if not started:
            return
        if last.has_trait(IsTerminator):
            self.require(last, pending, started)
            return
        for copy in started:
            wait = WaitOp(copy.tx)
            wait.location = copy.location
            block.add_op(wait)
            pending.drop(copy)

    def operation(self, op: Operation, pending: _Pending) -> None:
        match op:
            case CopyOp():
                self._copy(op, pending)
            case WaitOp():
                self._wait(op, pending)
            case CBPushOp():
                self.require(op, pending, _touching(pending, op.cb, CBReserveOp))
            case CBPopOp():
                used = _touching(pending, op.cb, CBWaitOp)
                self.require(op, pending, [c for c in used if c not in pending.sent])
            case ReadElementOp() | WriteElementOp():
                self.require(op, pending, [c for c in pending.copies if op.block in (c.src, c.dst)])
            case SemaphoreSetOp() | SemaphoreIncOp():
                # another core acts on what the thread has waited for
                self.require(op, pending, list(pending.waited))
            case DMABarrierOp() if op.sent is not None:
                pending.sent.update(c for c in pending.copies if transfer_direction(c) is Direction.write)
            case DMABarrierOp() if op.is_complete:
                for copy in list(pending.copies):
                    if not is_receive(copy) and (
                        op.direction is None or op.direction.data == transfer_direction(copy).value
                    ):
                        pending.drop(copy)
            case scf.ForOp() | scf.WhileOp():
                self._loop(op, pending)
            case scf.IfOp() | PipeEndOp():
                self._branch(op, pending)
            case _ if op.regions:
                for region in op.regions:
                    for block in region.blocks:
                        self.block(block, pending)

    def _copy(self, op: CopyOp, pending: _Pending) -> None:
        conflicts = [c for c in pending.copies if _conflict(c, op)]
        if is_receive(op):  # one at a time: their arrivals are counted together
            conflicts += [c for c in pending.copies if is_receive(c) and c not in conflicts]
        self.require(op, pending, conflicts)
        if not is_send(op) and op.transaction is None:
            pending.start(op)

    def _wait(self, op: WaitOp, pending: _Pending) -> None:
        copy = op.tx.owner
        if not isinstance(copy, CopyOp) or copy not in pending.copies:
            return
        if is_receive(copy):
            pending.drop(copy)
        else:
            pending.waited[copy] = None

    def _loop(self, op: Operation, pending: _Pending) -> None:
        """The body may start with what its last turn left in flight: repeat until that is stable."""
        outside, self.branches = self.branches, []
        while True:
            before = pending.key()
            body = pending.copy()
            for region in op.regions:
                self.block(region.block, body)
            pending.merge(body)
            if pending.key() == before:
                break
        self.branches = outside


def _barrier(at: Operation, direction: Direction) -> DMABarrierOp:
    barrier = DMABarrierOp(direction)
    barrier.location = at.location
    return barrier


def _insert_before(op: Operation, anchor: Operation) -> None:
    assert anchor.parent is not None
    anchor.parent.insert_op_before(op, anchor)


def _touching(pending: _Pending, cb: SSAValue, acquire: type[Operation]) -> list[CopyOp]:
    """Copies from or to blocks of a buffer that were acquired in one way."""

    def is_of(end: SSAValue) -> bool:
        return isinstance(end.owner, acquire) and acquired_cb(end) is cb

    return [c for c in pending.copies if is_of(c.src) or is_of(c.dst)]


# Pipes


def _copy_from_landing(copy: CopyOp, pipe: UsedPipe, handshakes: Handshakes) -> None:
    """After a block has come to the landing place of a buffered pipe: take it from there and say so."""
    (wait,) = [use.operation for use in copy.tx.uses if isinstance(use.operation, WaitOp)][:1]
    landing = handshakes.landing[pipe.value]
    take = CopyOp(landing, copy.dst)
    ready = SemaphoreIncOp(handshakes.ready[pipe.value], 1, pipe.source)
    block = wait.parent
    assert block is not None
    anchor: Operation = wait
    for op in (take, _barrier(copy, Direction.read), ready):
        op.location = copy.location
        block.insert_op_after(op, anchor)
        anchor = op


def _grant(pipe: UsedPipe, handshakes: Handshakes) -> None:
    """At its start, the sending thread knows that the landing places are free."""
    thread: Operation = pipe.sends[0]
    while not isinstance(thread, ThreadOp):
        parent = thread.parent_op()
        assert parent is not None
        thread = parent
    grant = SemaphoreSetOp(handshakes.ready[pipe.value], len(pipe.targets))
    guard = IfSrcOp(pipe.value, Region(Block([grant])))
    for op in (grant, guard):
        op.location = pipe.op.location
    first = thread.body.block.first_op
    assert first is not None
    thread.body.block.insert_op_before(guard, first)


def _synchronise_pipes(pipes: Sequence[UsedPipe], handshakes: Handshakes, choice: Choice) -> None:
    for pipe in pipes:
        if pipe.value not in choice.buffered:
            continue
        if pipe.sends:
            _grant(pipe, handshakes)
        for copy in pipe.receives:
            _copy_from_landing(copy, pipe, handshakes)


def _check_semaphores(program: ProgramOp) -> None:
    target = chip_of(program)
    made = resources(program, CreateSemaphoreOp)
    if len(made) > target.semaphores:
        raise error(
            made[target.semaphores],
            f"this kernel needs {len(made)} semaphores, those that pipes need included; {target.name} has"
            f" {target.semaphores} a core",
            hint="let fewer pipes of a net start from, or lead to, the same core",
        )


def _sets_remotely(op: Operation) -> bool:
    """Whether an op sets semaphores of other cores."""
    if not isinstance(op, SemaphoreSetOp):
        return False
    return op.core is not None or op.mcast is not None or isinstance(op.semaphore.owner, RemoteSemaphoreOp)


# Deadlocks

_ACTIVITIES = {
    "wait": "waits for a block of '{name}'",
    "reserve": "waits for room in '{name}'",
    "send": "waits until the receivers of the pipe are ready",
    "receive": "waits for a block from the pipe",
    "semaphore": "waits for semaphore '{name}'",
}


def _activity(party: Party) -> str:
    assert party.blocked is not None
    why, resource, _ = party.blocked
    text = _ACTIVITIES[why].format(name=name_of(resource, "a buffer"))
    return f"thread '{thread_name(party.thread)}' on core {party.core} {text}"


def _refuse(stuck: Stuck) -> Exception:
    """The error of a program that gets stuck, with every party that waits."""
    if not stuck.is_circle:
        return _refuse_chain(stuck)
    (first, why), *rest = stuck.cycle
    notes = [(_activity(party), blocked[2]) for party, blocked in rest]
    if not rest and why[0] in ("send", "receive", "semaphore"):
        return error(why[2], f"deadlock: {_activity(first)}, which nothing will end", notes=notes)
    hint = "let one of them act first, or make the buffer large enough with buffer_factor"
    if any(blocked[0] in ("send", "receive") for _, blocked in stuck.cycle):
        hint = "let each core send before it receives"
    return error(why[2], f"deadlock: {_activity(first)}, in a circle of waits", notes=notes, hint=hint)


def _refuse_chain(stuck: Stuck) -> Exception:
    """The last party waits for what never comes; those before it wait in turn."""
    *others, (last, why) = stuck.cycle
    notes: list[tuple[str, Operation]] = []
    if stuck.ended is not None:
        made = stuck.ended.pushed.get(why[1])
        count = "" if made is None else f" after {made} block{'s' if made != 1 else ''}"
        name = thread_name(stuck.ended.thread)
        notes.append((f"thread '{name}' has ended by then{count}", stuck.ended.thread))
    notes += [(f"because of that {_activity(party)}", blocked[2]) for party, blocked in reversed(others)]
    return error(why[2], f"deadlock: {_activity(last)}, which nothing will end", notes=notes)


def require_progress(program: ProgramOp) -> None:
    """Raise CompileError when the threads of a program are known to get stuck."""
    if not (inside := kernels_of(program)):
        return
    grid = grid_of(program, inside[0])
    choice = choose(threads_of(program), used_pipes(program), grid)
    if choice.stuck is not None:
        raise _refuse(choice.stuck)


@dataclass(frozen=True)
class TTLInsertSynchronization(ModulePass):
    """Decides where transfers must have ended, makes the handshakes of pipes, and refuses deadlocks.

    Input: threads with `ttl.copy` and, optionally, `ttl.wait`. A read must have landed before its block is pushed,
    sent or looked at, a write must have left before its block is released, a tensor written must have arrived
    before it is read again, and what was waited for must be done before a semaphore tells another core. One
    barrier ends all transfers of its direction, so transfers that are needed at the same point share one. Copies with a
    transaction are left alone: the schedule that made them has put their barriers. Writes that a `ttl.dma_barrier write sent`
    has seen leave need no other barrier before their block is released, but for all else.

    A copy between a circular buffer and the core's own shard is no transfer when the shard can be the buffer
    (`ttlang.transforms.local_shards`): it is removed, and the buffer's `ttl.create_cb` says whose shards it is.

    Each pipe gets its semaphores (`ttlang.transforms.pipe_handshakes`); a receive keeps its `ttl.wait`. The threads are
    run on their protocol alone (`ttlang.transforms.protocol_execution`): a cycle of waits between threads or cores is an
    error that shows every place in it. Ends of pipes that do the same on different cores then get one code, with
    coordinates computed from the core's (`ttlang.transforms.pipe_families`).

    Output: no other `ttl.wait`; a transfer without a wait is as safe as one with.
    """

    name = "ttl-insert-synchronization"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for check in (require_threads, require_tensors, require_no_handshakes):
            check(op, self.name)
        for program in programs(op):
            if inside := kernels_of(program):
                self._program(program, grid_of(program, inside[0]))

    def _program(self, program: ProgramOp, grid: tuple[int, ...]) -> None:
        threads = threads_of(program)
        pipes = used_pipes(program)
        choice = choose(threads, pipes, grid)
        if choice.stuck is not None:
            raise _refuse(choice.stuck)
        place_in_shards(program)
        for thread in threads:
            if isinstance(thread, DataMovementThreadOp):
                _Inserter().thread(thread)
        handshakes = Handshakes.make(program, pipes, choice.buffered)
        for thread in threads:
            if any(_sets_remotely(inner) for inner in thread.walk()):
                handshakes.add_scratch(thread)
        _synchronise_pipes(pipes, handshakes, choice)
        _check_semaphores(program)
        for thread in threads:
            if isinstance(thread, DataMovementThreadOp):
                merge_pipe_ends(thread, grid)
