# SPDX-License-Identifier: Apache-2.0
"""How the cores of a net of pipes tell each other that a block may be sent and that it has come.

Two kinds of semaphores: "ready", on the source, and "valid", on the receivers. A *direct* pipe sends into the block
that its receivers have reserved: each of them raises "ready" with the address of its block, the source waits for all,
writes, and raises "valid". A *buffered* pipe sends into a landing place of its own, which holds one block: the source
need not wait for receivers that come later, as when all cores of a ring send before they receive; a receiver copies
the block from there and raises "ready" again.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from xdsl.dialects import scf
from xdsl.dialects.builtin import IntegerAttr, StringAttr, i32
from xdsl.ir import Block, Operation, SSAValue

from ttlang.dialects.ttl.attributes import CBType, ints
from ttlang.dialects.ttl.buffers import CBPushOp, CreateCBOp, acquired_cb
from ttlang.dialects.ttl.pipes import CreatePipeOp, IfSrcOp, PipeEndOp
from ttlang.dialects.ttl.semaphores import CreateSemaphoreOp
from ttlang.dialects.ttl.structure import ProgramOp, ThreadOp, enclosing_thread
from ttlang.dialects.ttl.transfers import CopyOp

from .core_values import Core, Uniformity, UnknownValue, evaluate
from .program_structure import resources
from .protocol_execution import Execution, Protocol, Stuck, receivers

HANDSHAKE, READY, VALID, LANDING = "handshake", "ready", "valid", "landing"
"""Attributes of a `ttl.create_pipe`: "direct" or "buffered", the ids of its semaphores, the number of its landing place.

A `ttl.create_cb` that is a landing place carries its number under the last name too.
"""

SEMAPHORE_ID = "semaphore_id"
"""Attribute of a `ttl.create_semaphore`: its id on the core."""

SCRATCH = "scratch_semaphore"
"""Attribute of a data-movement thread that sets semaphores of other cores: the id of the one it sends values from."""


@dataclass
class UsedPipe:
    """A pipe with known coordinates, and the copies into and out of it."""

    op: CreatePipeOp
    sends: list[CopyOp] = field(default_factory=list)
    receives: list[CopyOp] = field(default_factory=list)

    @property
    def value(self) -> SSAValue:
        return self.op.pipe

    @property
    def source(self) -> Core:
        return self.op.pipe_type.coordinates[0]

    @property
    def targets(self) -> list[Core]:
        return receivers(self.op.pipe_type)

    @property
    def net(self) -> int | None:
        return None if self.op.net is None else self.op.net.value.data


def used_pipes(program: ProgramOp) -> list[UsedPipe]:
    """The pipes of a program that something is sent through or received from, in the order of their creation."""
    pipes = {op.pipe: UsedPipe(op) for op in resources(program, CreatePipeOp) if op.pipe_type.is_static}
    for value, pipe in pipes.items():
        for use in value.uses:
            if isinstance(use.operation, CopyOp):
                (pipe.receives if use.index == 0 else pipe.sends).append(use.operation)
    return [pipe for pipe in pipes.values() if pipe.sends or pipe.receives]


@dataclass(frozen=True)
class Choice:
    """Which pipes are buffered, and the cycle that threads get stuck in whatever is chosen."""

    buffered: frozenset[SSAValue]
    stuck: Stuck | None


def choose(threads: Sequence[ThreadOp], pipes: Sequence[UsedPipe], grid: tuple[int, ...]) -> Choice:
    """Direct pipes wherever the program does not get stuck with them and all receivers use the same place."""
    uniform = Uniformity()
    buffered = {p.value for p in pipes if len(p.targets) > 1 and not _in_lockstep(p, grid, uniform)}
    protocol = Protocol(threads)
    while True:
        try:
            stuck = Execution(threads, grid, frozenset(buffered), protocol).run()
        except UnknownValue:
            return Choice(frozenset(buffered | _in_cycles(pipes)), None)
        blocking = {
            why[1]
            for _, why in (stuck.cycle if stuck is not None else ())
            if why[0] == "send" and why[1] not in buffered
        }
        if not blocking:
            return Choice(frozenset(buffered), stuck)
        nets = {pipe.net for pipe in pipes if pipe.value in blocking}
        buffered |= blocking | {p.value for p in pipes if p.net is not None and p.net in nets}


def _in_cycles(pipes: Sequence[UsedPipe]) -> set[SSAValue]:
    """Pipes by which, with others, data can come back to where it started."""
    reach: dict[Core, set[Core]] = defaultdict(set)
    for pipe in pipes:
        reach[pipe.source].update(pipe.targets)

    def leads_back(pipe: UsedPipe) -> bool:
        seen: set[Core] = set()
        stack = list(pipe.targets)
        while stack:
            core = stack.pop()
            if core == pipe.source:
                return True
            if core not in seen:
                seen.add(core)
                stack.extend(reach[core])
        return False

    return {pipe.value for pipe in pipes if leads_back(pipe)}


# Lockstep: whether the receivers of a pipe are always at the same block of their buffers


class _NotKnown(Exception):
    """Cores may differ in a way that cannot be told at compile time."""


def _in_lockstep(pipe: UsedPipe, grid: tuple[int, ...], uniform: Callable[[SSAValue], bool]) -> bool:
    """Whether all receivers reserve, for each block that is sent, the same place of the same buffer."""
    buffers = {acquired_cb(copy.dst) for copy in pipe.receives}
    if len(buffers) != 1:
        return False
    (cb,) = buffers
    assert cb is not None and isinstance(cb.type, CBType)
    if cb.type.buffer_factor.data == 1:
        return True
    threads = {enclosing_thread(use.operation) for use in cb.uses if isinstance(use.operation, CBPushOp)}
    if len(threads) != 1:
        return False
    (thread,) = threads
    if thread is None or any(enclosing_thread(copy) is not thread for copy in pipe.receives):
        return False
    steps: set[Operation] = {use.operation for use in cb.uses if isinstance(use.operation, CBPushOp)}
    steps.update(pipe.receives)
    walk = _Path(steps, grid, uniform)
    try:
        first, *others = (walk.of(thread.body.block, core) for core in pipe.targets)
    except _NotKnown:
        return False
    return all(path == first for path in others)


Path = tuple[object, ...]


class _Path:
    """The steps that a core takes through a thread, loops and common branches kept as they are."""

    def __init__(self, steps: set[Operation], grid: tuple[int, ...], uniform: Callable[[SSAValue], bool]):
        self.steps = steps
        self.grid = grid
        self.uniform = uniform
        self._holding = {ancestor for step in steps for ancestor in _ancestors(step)}

    def of(self, block: Block, core: Core) -> Path:
        found: list[object] = []
        for op in block.ops:
            if op in self.steps:
                found.append("receive" if isinstance(op, CopyOp) else "push")
            elif op in self._holding:
                found.extend(self._inside(op, core))
        return tuple(found)

    def _inside(self, op: Operation, core: Core) -> Path:
        if isinstance(op, PipeEndOp):
            type = op.pipe_type
            first, last = (type.coordinates[0],) * 2 if isinstance(op, IfSrcOp) else type.corners
            takes_part = all(a <= c <= b for c, a, b in zip(core, first, last, strict=True))
            return self.of(op.body.block, core) if takes_part else ()
        if isinstance(op, scf.ForOp):
            if not all(map(self.uniform, op.operands[:3])):
                raise _NotKnown
            return ((op, self.of(op.body.block, core)),)
        if not isinstance(op, scf.IfOp):
            raise _NotKnown
        sides = [self.of(r.block, core) if r.blocks else () for r in (op.true_region, op.false_region)]
        if self.uniform(op.cond) or sides[0] == sides[1]:
            return ((op, *sides),)
        try:
            return sides[0] if evaluate(op.cond, core, self.grid, {}) else sides[1]
        except UnknownValue:
            raise _NotKnown from None


def _ancestors(op: Operation) -> list[Operation]:
    found = []
    parent = op.parent_op()
    while parent is not None and not isinstance(parent, ThreadOp):
        found.append(parent)
        parent = parent.parent_op()
    return found


# Semaphores


def _colours(pipes: Sequence[UsedPipe], ends: Callable[[UsedPipe], Sequence[Core]]) -> dict[SSAValue, int]:
    """A number for each pipe, different for pipes of a net that share a core at this end."""
    taken: dict[Core, set[int]] = defaultdict(set)
    colours: dict[SSAValue, int] = {}
    for pipe in pipes:
        used = set().union(*(taken[core] for core in ends(pipe)))
        colour = next(i for i in range(len(used) + 1) if i not in used)
        colours[pipe.value] = colour
        for core in ends(pipe):
            taken[core].add(colour)
    return colours


@dataclass
class Handshakes:
    """Semaphores and landing places of pipes, made where the pipes are."""

    ready: dict[SSAValue, SSAValue] = field(default_factory=dict)
    landing: dict[SSAValue, SSAValue] = field(default_factory=dict)
    _semaphores: int = 0
    _landings: int = 0

    @classmethod
    def make(
        cls, program: ProgramOp, pipes: Sequence[UsedPipe], buffered: frozenset[SSAValue]
    ) -> "Handshakes":
        """Give every semaphore of a program its id, and every pipe its semaphores and landing place."""
        made = cls()
        for op in resources(program, CreateSemaphoreOp):
            made._number(op)
        nets: dict[object, list[UsedPipe]] = defaultdict(list)
        for pipe in pipes:
            nets[pipe.value if pipe.net is None else pipe.net].append(pipe)
        for number, members in enumerate(nets.values()):
            made._net(number, members, buffered)
        return made

    def _net(self, number: int, pipes: Sequence[UsedPipe], buffered: frozenset[SSAValue]) -> None:
        # a source tells its pipes apart by who is ready; receivers ask for one block at a time, unless it may come
        # before they do, or two threads ask
        receiving = {enclosing_thread(copy) for pipe in pipes for copy in pipe.receives}
        separate = len(receiving) > 1 or any(pipe.value in buffered for pipe in pipes)
        ready = _colours(pipes, lambda p: [p.source])
        valid = (
            _colours(pipes, lambda p: p.targets) if separate else dict.fromkeys((p.value for p in pipes), 0)
        )
        ready_ops = [self._semaphore(pipes[0], f"ready_{number}") for _ in range(1 + max(ready.values()))]
        valid_ops = [self._semaphore(pipes[0], f"valid_{number}") for _ in range(1 + max(valid.values()))]
        places: dict[int, CreateCBOp] = {}
        for pipe in pipes:
            attributes = pipe.op.attributes
            attributes[READY] = ready_ops[ready[pipe.value]].attributes[SEMAPHORE_ID]
            attributes[VALID] = valid_ops[valid[pipe.value]].attributes[SEMAPHORE_ID]
            attributes[HANDSHAKE] = StringAttr("buffered" if pipe.value in buffered else "direct")
            self.ready[pipe.value] = ready_ops[ready[pipe.value]].semaphore
            if pipe.value in buffered and pipe.receives:
                self._land(pipe, places, valid[pipe.value])

    def add_scratch(self, thread: ThreadOp) -> None:
        """A semaphore that a thread sends values from."""
        op = CreateSemaphoreOp(0)
        op.semaphore.name_hint = "outgoing"
        op.location = thread.location
        self._number(op)
        _insert_before(op, thread)
        thread.attributes[SCRATCH] = op.attributes[SEMAPHORE_ID]

    def _number(self, op: CreateSemaphoreOp) -> None:
        op.attributes[SEMAPHORE_ID] = IntegerAttr(self._semaphores, i32)
        self._semaphores += 1

    def _semaphore(self, pipe: UsedPipe, name: str) -> CreateSemaphoreOp:
        op = CreateSemaphoreOp(0)
        op.semaphore.name_hint = name
        op.location = pipe.op.location
        self._number(op)
        _insert_before(op, pipe.op)
        return op

    def _land(self, pipe: UsedPipe, places: dict[int, CreateCBOp], place: int) -> None:
        """A buffer of one block for what comes through a pipe; pipes of a net without common receivers share it."""
        cb = acquired_cb(pipe.receives[0].dst)
        assert cb is not None and isinstance(cb.type, CBType)
        op = places.get(place)
        if op is None or op.result.type != CBType(ints(cb.type.shape), cb.type.tile_type, 1):
            op = places[place] = CreateCBOp(CBType(ints(cb.type.shape), cb.type.tile_type, 1))
            op.attributes[LANDING] = IntegerAttr(self._landings, i32)
            op.result.name_hint = f"landing_{self._landings}"
            op.location = pipe.op.location
            _insert_before(op, pipe.op)
            self._landings += 1
        pipe.op.attributes[LANDING] = op.attributes[LANDING]
        self.landing[pipe.value] = op.result


def _insert_before(op: Operation, anchor: Operation) -> None:
    assert anchor.parent is not None
    anchor.parent.insert_op_before(op, anchor)
