# SPDX-License-Identifier: Apache-2.0
"""Threads of a kernel run on their protocol alone: what they acquire, release, send, receive and wait for.

Programs of this kind are deterministic: if one order of steps gets stuck, all do. So the beginning of the run, as
far as a budget of steps goes, tells for certain whether a program gets stuck there.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from xdsl.dialects import scf
from xdsl.ir import Block, Operation, SSAValue

from ttlang.dialects.ttl.attributes import PipeType
from ttlang.dialects.ttl.buffers import CBPopOp, CBPushOp, CBReserveOp, CBWaitOp
from ttlang.dialects.ttl.data_movement import CopyOp, WaitOp
from ttlang.dialects.ttl.pipes import IfSrcOp, PipeEndOp
from ttlang.dialects.ttl.semaphores import (
    RemoteSemaphoreOp,
    SemaphoreIncOp,
    SemaphoreSetOp,
    SemaphoreWaitOp,
)
from ttlang.dialects.ttl.structure import ThreadOp

from .core_values import Core, UnknownValue, cores_between, cores_of, evaluate
from .thread_sets import cores_of_thread

STEPS_ALONE = 400
"""Steps to run when cores do not talk to each other."""

STEPS_TOGETHER = 6000
"""Steps to run when they do, over all cores."""

UNSYNCHRONISED = "unsynchronised"
"""Attribute of a `ttl.copy` to other cores whose program orders it by itself."""

Blocked = tuple[str, SSAValue, Operation]
"""Why a thread cannot go on ("wait", "reserve", "send", "receive", "semaphore"), the resource, and the op."""
Run = Iterable[Blocked]


@dataclass
class Party:
    """A thread on a core."""

    thread: ThreadOp
    core: Core
    run: Iterator[Blocked] = field(default_factory=lambda: iter(()))
    blocked: Blocked | None = None
    ended: bool = False
    pushed: dict[SSAValue, int] = field(default_factory=lambda: defaultdict(int))


class OutOfSteps(Exception):
    """The budget is used up: nothing is known of what comes after."""


@dataclass
class Stuck:
    """Parties that wait for each other, each for the next, with the op that it waits at.

    In a circle the last waits for the first. Otherwise it waits for a party that has `ended`, or for nobody.
    """

    cycle: list[tuple[Party, Blocked]]
    is_circle: bool
    ended: Party | None = None


def receivers(pipe: PipeType) -> list[Core]:
    """The cores that a pipe with known coordinates leads to."""
    return cores_between(*pipe.corners)


class Execution:
    """One run. `buffered`: pipes that hold one block on their way, so that a sender need not wait for its receivers.

    Runs of the same threads share their `protocol`.
    """

    def __init__(
        self,
        threads: Sequence[ThreadOp],
        grid: tuple[int, ...],
        buffered: frozenset[SSAValue],
        protocol: "Protocol | None" = None,
    ):
        self.grid = grid
        self.buffered = buffered
        self._protocol = protocol or Protocol(threads)
        together = self._protocol.is_between_cores
        self.steps = STEPS_TOGETHER if together else STEPS_ALONE
        placed = {thread: dict.fromkeys(cores_of_thread(thread, grid)) for thread in threads}
        cores = list(cores_of(grid))
        if not together:  # the first and the last core of each thread, with all the threads that run there
            ends = {end for own in placed.values() for end in (next(iter(own)), next(reversed(own)))}
            cores = [core for core in cores if core in ends]
        self.parties = [Party(thread, core) for core in cores for thread in threads if core in placed[thread]]
        self.in_buffer: dict[tuple[Core, SSAValue], int] = defaultdict(int)
        self.semaphores: dict[tuple[Core, SSAValue], int] = {}
        self.announced: dict[tuple[Core, SSAValue], int] = defaultdict(int)
        self.arrived: dict[tuple[Core, SSAValue], int] = defaultdict(int)
        self.pending: dict[tuple[ThreadOp, Core, SSAValue], SSAValue] = {}
        self._targets_of: dict[SSAValue, list[Core]] = {}

    def run(self) -> Stuck | None:
        """The cycle that the threads get stuck in, or None when they end or the budget does.

        Raises UnknownValue when the control flow depends on what is not known.
        """
        for party in self.parties:
            party.run = iter(self._block(party, party.thread.body.block, {}))
        active = list(self.parties)
        try:
            while active:
                still = [party for party in active if self._advance(party)]
                if len(still) == len(active) and not self._progress:
                    return self._explain(still)
                active = still
                self._progress = False
        except OutOfSteps:
            return None
        return None

    _progress = False

    def _advance(self, party: Party) -> bool:
        """Run a party until it blocks; returns whether it has more to do."""
        party.blocked = next(party.run, None)
        party.ended = party.blocked is None
        if party.ended:
            self._progress = True
        return not party.ended

    def _step(self) -> None:
        self._progress = True
        self.steps -= 1
        if self.steps < 0:
            raise OutOfSteps

    # Control flow

    def _block(self, party: Party, block: Block, known: dict[SSAValue, int]) -> Run:
        for op in self._protocol.ops(block, party.core):
            handler = _HANDLERS.get(type(op))
            if handler is not None:
                yield from handler(self, party, op, known)
            else:
                for region in op.regions:
                    for inner in region.blocks:
                        yield from self._block(party, inner, known)

    def _for(self, party: Party, op: Any, known: dict[SSAValue, int]) -> Run:
        lower, upper, step = (self._value(party, o, known) for o in op.operands[:3])
        body: Block = op.body.block
        variable, *carried = body.args
        values = [self._optional(party, o, known) for o in op.operands[3:]]
        for turn in range(lower, upper, step):
            self._step()
            inner = {**known, variable: turn}
            inner.update((a, v) for a, v in zip(carried, values, strict=True) if v is not None)
            yield from self._block(party, body, inner)
            if carried and (end := body.last_op) is not None:
                values = [self._optional(party, o, inner) for o in end.operands]
        known.update((r, v) for r, v in zip(op.results, values, strict=True) if v is not None)

    def _if(self, party: Party, op: Any, known: dict[SSAValue, int]) -> Run:
        region = op.true_region if self._value(party, op.cond, known) else op.false_region
        if not region.blocks:
            return
        inner = dict(known)
        yield from self._block(party, region.block, inner)
        for result, operand in zip(op.results, region.block.last_op.operands, strict=True):
            if (value := self._optional(party, operand, inner)) is not None:
                known[result] = value

    def _while(self, party: Party, op: Any, known: dict[SSAValue, int]) -> Run:
        test, body = op.before_region.block, op.after_region.block
        values = [self._optional(party, o, known) for o in op.arguments]
        while True:
            self._step()
            before = _with(known, test.args, values)
            yield from self._block(party, test, before)
            condition = test.last_op
            passed = [self._optional(party, o, before) for o in condition.args]
            if not self._value(party, condition.condition, before):
                break
            inner = _with(known, body.args, passed)
            yield from self._block(party, body, inner)
            values = [self._optional(party, o, inner) for o in body.last_op.operands]
        known.update((r, v) for r, v in zip(op.results, passed, strict=True) if v is not None)

    def _end(self, party: Party, op: Any, known: dict[SSAValue, int]) -> Run:
        if not op.pipe_type.is_static:
            raise UnknownValue
        yield from self._block(party, op.body.block, known)

    def _value(self, party: Party, value: SSAValue, known: dict[SSAValue, int]) -> int:
        return evaluate(value, party.core, self.grid, known)

    def _optional(self, party: Party, value: SSAValue, known: dict[SSAValue, int]) -> int | None:
        try:
            return self._value(party, value, known)
        except UnknownValue:
            return None

    # Steps

    def _until(self, ready: Callable[[], bool], why: Blocked) -> Run:
        while not ready():
            yield why
        self._step()

    def _wait(self, party: Party, op: Any, known: dict[SSAValue, int]) -> Run:
        cb = op.cb
        key, wanted = (party.core, cb), op.blocks
        if op.ahead is not None:
            wanted += self._value(party, op.ahead, known)
        yield from self._until(lambda: self.in_buffer[key] >= wanted, ("wait", cb, op))

    def _reserve(self, party: Party, op: Any, known: dict[SSAValue, int]) -> Run:
        cb, blocks = op.cb, op.blocks
        key, capacity = (party.core, cb), cb.type.buffer_factor.data
        if op.ahead is not None:
            capacity -= self._value(party, op.ahead, known)
        yield from self._until(lambda: self.in_buffer[key] + blocks <= capacity, ("reserve", cb, op))

    def _pop(self, party: Party, op: Any, known: dict[SSAValue, int]) -> Run:
        self._step()
        self.in_buffer[party.core, op.cb] -= op.blocks
        return ()

    def _push(self, party: Party, op: Any, known: dict[SSAValue, int]) -> Run:
        self._step()
        cb, blocks = op.cb, op.blocks
        self.in_buffer[party.core, cb] += blocks
        party.pushed[cb] += blocks
        return ()

    def _copy(self, party: Party, op: Any, known: dict[SSAValue, int]) -> Run:
        if (
            isinstance(op.dst.type, PipeType)
            and op.dst.type.is_static
            and UNSYNCHRONISED not in op.attributes
        ):
            yield from self._send(party, op, op.dst)
        elif isinstance(op.src.type, PipeType):
            self.pending[party.thread, party.core, op.tx] = op.src
            if op.src not in self.buffered:
                self.announced[party.core, op.src] += 1
            if not any(isinstance(use.operation, WaitOp) for use in op.tx.uses):
                yield from self._receive(party, op, op.tx)

    def _send(self, party: Party, op: Any, pipe: SSAValue) -> Run:
        if pipe not in self._targets_of:
            self._targets_of[pipe] = receivers(_pipe_type(pipe))
        targets = self._targets_of[pipe]
        if pipe in self.buffered:
            yield from self._until(
                lambda: all(self.arrived[core, pipe] < 1 for core in targets), ("send", pipe, op)
            )
        else:
            yield from self._until(
                lambda: all(self.announced[core, pipe] > 0 for core in targets), ("send", pipe, op)
            )
        for core in targets:
            self.announced[core, pipe] -= pipe not in self.buffered
            self.arrived[core, pipe] += 1

    def _transfer_wait(self, party: Party, op: Any, known: dict[SSAValue, int]) -> Run:
        yield from self._receive(party, op, op.tx)

    def _receive(self, party: Party, op: Operation, tx: SSAValue) -> Run:
        pipe = self.pending.pop((party.thread, party.core, tx), None)
        if pipe is None:
            return
        key = (party.core, pipe)
        yield from self._until(lambda: self.arrived[key] > 0, ("receive", pipe, op))
        self.arrived[key] -= 1

    def _semaphore(self, core: Core, semaphore: SSAValue) -> int:
        owner = semaphore.owner
        initial = owner.initial_value.value.data if isinstance(owner, Operation) else 0  # type: ignore[attr-defined]
        return self.semaphores.setdefault((core, semaphore), initial)

    def _semaphore_wait(self, party: Party, op: Any, known: dict[SSAValue, int]) -> Run:
        wanted = op.amount if isinstance(op.amount, int) else self._value(party, op.amount, known)

        def reached() -> bool:
            value = self._semaphore(party.core, op.semaphore)
            return value >= wanted if op.is_minimum else value == wanted

        yield from self._until(reached, ("semaphore", op.semaphore, op))
        if op.reset_value is not None:
            self.semaphores[party.core, op.semaphore] = op.reset_value.value.data

    def _semaphore_signal(self, party: Party, op: Any, known: dict[SSAValue, int]) -> Run:
        self._step()
        amount = op.amount if isinstance(op.amount, int) else self._value(party, op.amount, known)
        semaphore = signalled(op.semaphore)
        for core in self._targets(party, op, known):
            before = self._semaphore(core, semaphore)
            self.semaphores[core, semaphore] = before + amount if isinstance(op, SemaphoreIncOp) else amount
        return ()

    def _targets(self, party: Party, op: Any, known: dict[SSAValue, int]) -> list[Core]:
        def core(coordinates: Sequence[Any]) -> Core:
            return tuple(c if isinstance(c, int) else self._value(party, c, known) for c in coordinates)

        handle = op.semaphore.owner if isinstance(op.semaphore.owner, RemoteSemaphoreOp) else op
        if handle.target_core is not None:
            return [core(handle.target_core)]
        if handle.target_range is not None:
            first, last = (core(corner) for corner in handle.target_range)
            return receivers(PipeType(first, None, [first, last]))
        return [party.core]

    # What went wrong

    def _explain(self, stuck: Sequence[Party]) -> Stuck:
        party: Party = next((p for p in stuck if p.blocked and p.blocked[0] != "semaphore"), stuck[0])
        seen: list[Party] = []
        while party not in seen:
            seen.append(party)
            provider = self._provider(party)
            if provider is None or provider.ended or provider.blocked is None:
                return Stuck([(p, p.blocked) for p in seen if p.blocked], False, provider)
            party = provider
        cycle = seen[seen.index(party) :]
        return Stuck([(p, p.blocked) for p in cycle if p.blocked], True)

    def _provider(self, party: Party) -> Party | None:
        """Who would have to act for a blocked party to go on; a blocked one rather than one that has ended."""
        assert party.blocked is not None
        why, resource, _ = party.blocked
        acts, cores = self._acts(why, resource, party.core)
        found = [
            p
            for p in self.parties
            if p.core in cores
            and (why in _OTHER_SIDE or p is not party)
            and any(
                self._is_reached(p, op) and self._may_reach(p, op, why, party.core)
                for op in self._protocol.doing(p.thread, acts, resource)
            )
        ]
        return next((p for p in found if not p.ended), found[0] if found else None)

    def _may_reach(self, party: Party, op: Any, why: str, core: Core) -> bool:
        """Whether a signal may go to a core; all else that parties do goes where they are known to act."""
        if why != "semaphore":
            return True
        try:
            return core in self._targets(party, op, {})
        except UnknownValue:
            return True

    def _is_reached(self, party: Party, op: Operation) -> bool:
        """Whether a party may come to an op: branches around it that its core certainly does not take rule it out."""
        region, parent = op.parent_region(), op.parent_op()
        while parent is not None and not isinstance(parent, ThreadOp):
            if isinstance(parent, scf.IfOp):
                taken = self._optional(party, parent.cond, {})
                if taken is not None and region is not (parent.true_region if taken else parent.false_region):
                    return False
            cores = _place(parent)
            if cores is not None and not _is_inside(party.core, *cores):
                return False
            region, parent = parent.parent_region(), parent.parent_op()
        return True

    def _acts(self, why: str, resource: SSAValue, core: Core) -> tuple[str, set[Core]]:
        """What has to be done for a blocked party, and on which cores."""
        if why == "send":
            targets = receivers(_pipe_type(resource))
            if resource in self.buffered:
                return "receive", {c for c in targets if self.arrived[c, resource] > 0}
            return "receive", {c for c in targets if self.announced[c, resource] <= 0}
        if why == "receive":
            return "send", {_pipe_type(resource).coordinates[0]}
        if why == "semaphore":
            return "signal", {p.core for p in self.parties}
        return ("push" if why == "wait" else "pop"), {core}


def _with(
    known: dict[SSAValue, int], arguments: Sequence[SSAValue], values: Sequence[int | None]
) -> dict[SSAValue, int]:
    """What is known inside a region whose arguments have these values."""
    return {**known, **{a: v for a, v in zip(arguments, values, strict=True) if v is not None}}


def _pipe_type(pipe: SSAValue) -> PipeType:
    assert isinstance(pipe.type, PipeType)
    return pipe.type


_OTHER_SIDE = ("send", "receive", "wait", "reserve")

_HANDLERS: dict[type[Operation], Callable[..., Run]] = {
    scf.ForOp: Execution._for,
    scf.IfOp: Execution._if,
    scf.WhileOp: Execution._while,
    CBWaitOp: Execution._wait,
    CBReserveOp: Execution._reserve,
    CBPopOp: Execution._pop,
    CBPushOp: Execution._push,
    CopyOp: Execution._copy,
    WaitOp: Execution._transfer_wait,
    SemaphoreWaitOp: Execution._semaphore_wait,
    SemaphoreSetOp: Execution._semaphore_signal,
    SemaphoreIncOp: Execution._semaphore_signal,
}
_STEPS = (CBWaitOp, CBReserveOp, CBPopOp, CBPushOp, WaitOp, SemaphoreWaitOp, SemaphoreSetOp, SemaphoreIncOp)


def _is_inside(core: Core, first: Core, last: Core) -> bool:
    return all(a <= c <= b for c, a, b in zip(core, first, last, strict=True))


def _place(op: Operation) -> tuple[Core, Core] | None:
    """First and last core at an end of a pipe; None for other ops, and where it is not known."""
    if not isinstance(op, PipeEndOp):
        return None
    type = op.pipe_type
    if not type.is_static:
        return None
    source, first, last = type.coordinates
    return (source, source) if isinstance(op, IfSrcOp) else (first, last)


def _is_pipe_copy(op: Operation) -> bool:
    return isinstance(op, CopyOp) and (isinstance(op.src.type, PipeType) or isinstance(op.dst.type, PipeType))


_Acts = dict[tuple[str, SSAValue], list[Operation]]
"""The ops of a thread by what they do, and to which resource."""


def signalled(semaphore: SSAValue) -> SSAValue:
    """The semaphore that a handle of another core's stands for."""
    owner = semaphore.owner
    return owner.semaphore if isinstance(owner, RemoteSemaphoreOp) else semaphore


class Protocol:
    """The ops that the protocol of threads is made of, per block: others are not looked at again."""

    def __init__(self, threads: Sequence[ThreadOp]):
        self.is_between_cores = False
        self._ops: dict[Block, list[Operation]] = {}
        self._by_core: dict[Block, dict[Core, list[Operation]] | None] = {}
        self._common: dict[Block, list[Operation]] = {}
        self._acts: dict[ThreadOp, _Acts] = {}
        for thread in threads:
            acts = self._acts[thread] = defaultdict(list)
            self._collect(thread.body.block, acts)

    def ops(self, block: Block, core: Core) -> list[Operation]:
        """The ops of a block that concern a core: not those at the ends of pipes that other cores are at."""
        if block not in self._by_core:
            self._by_core[block] = self._places(block)
        by_core = self._by_core[block]
        if by_core is None:
            return self._ops[block]
        return by_core[core] if core in by_core else self._common[block]

    def _places(self, block: Block) -> dict[Core, list[Operation]] | None:
        """The ops of a block for each core that some op is for alone; None when all ops are for all."""
        ops = self._ops[block]
        placed = {number: place for number, op in enumerate(ops) if (place := _place(op)) is not None}
        if not placed:
            return None
        at: dict[Core, list[int]] = defaultdict(list)
        for number, (first, last) in placed.items():
            for core in cores_between(first, last):
                at[core].append(number)
        common = [number for number in range(len(ops)) if number not in placed]
        self._common[block] = [ops[number] for number in common]
        return {core: [ops[n] for n in sorted([*common, *numbers])] for core, numbers in at.items()}

    def doing(self, thread: ThreadOp, act: str, resource: SSAValue) -> Sequence[Operation]:
        """The ops of a thread that do this to a resource."""
        return self._acts[thread].get((act, resource), ())

    def _collect(self, block: Block, acts: "_Acts") -> bool:
        found: list[Operation] = []
        for op in block.ops:
            if isinstance(op, _STEPS) or _is_pipe_copy(op):
                self.is_between_cores |= isinstance(op, SemaphoreWaitOp | CopyOp)
                found.append(op)
                _note(op, acts)
            elif op.regions:
                self.is_between_cores |= isinstance(op, PipeEndOp)
                inner = [self._collect(b, acts) for region in op.regions for b in region.blocks]
                if any(inner) or (op.results and isinstance(op, scf.ForOp | scf.IfOp | scf.WhileOp)):
                    found.append(op)
        self._ops[block] = found
        return bool(found)


_ACTS: dict[type[Operation], str] = {CBPushOp: "push", CBPopOp: "pop"}


def _note(op: Operation, acts: _Acts) -> None:
    match op:
        case CBPushOp() | CBPopOp():
            acts[_ACTS[type(op)], op.cb].append(op)
        case SemaphoreSetOp() | SemaphoreIncOp():
            acts["signal", signalled(op.semaphore)].append(op)
        case CopyOp():
            if isinstance(op.src.type, PipeType):
                acts["receive", op.src].append(op)
            else:
                acts["send", op.dst].append(op)


for _kind in PipeEndOp.__subclasses__():
    _HANDLERS[_kind] = Execution._end
