# SPDX-License-Identifier: Apache-2.0
"""What cores promise each other: pipes with two ends, semaphores that somebody raises."""

from collections import defaultdict
from collections.abc import Sequence

from xdsl.ir import Operation, SSAValue

from ttlang.dialects.ttl.attributes import BlockType, CBType, PipeType, ints
from ttlang.dialects.ttl.pipes import CreatePipeOp
from ttlang.dialects.ttl.semaphores import (
    CreateSemaphoreOp,
    RemoteSemaphoreOp,
    SemaphoreIncOp,
    SemaphoreSetOp,
    SemaphoreWaitOp,
)
from ttlang.dialects.ttl.structure import ProgramOp, ThreadOp, enclosing_kernel, enclosing_thread
from ttlang.dialects.ttl.transfers import CopyOp

from .core_values import Core, meet
from .errors import error
from .program_structure import name_of, resources
from .protocol_execution import receivers
from .thread_sets import cores_of_thread


def check_pipes(program: ProgramOp, threads: Sequence[ThreadOp], grid: tuple[int, ...]) -> None:
    """Raise CompileError for a pipe with one end only, with an end in two threads, or with ends of different sizes."""
    sends: dict[SSAValue, list[CopyOp]] = defaultdict(list)
    receives: dict[SSAValue, list[CopyOp]] = defaultdict(list)
    cores = {thread: frozenset(cores_of_thread(thread, grid)) for thread in threads}
    for thread, op in ((t, o) for t in threads for o in t.walk() if isinstance(o, CopyOp)):
        for end, found in ((op.dst, sends), (op.src, receives)):
            if isinstance(end.type, PipeType) and _ends_on(end.type, found is sends, cores[thread]):
                found[end].append(op)
    for made in resources(program, CreatePipeOp):
        _check_pipe(made, sends[made.pipe], receives[made.pipe])
        if made.pipe_type.is_static and receives[made.pipe]:
            _check_receivers(made, receives[made.pipe], cores)


def _ends_on(pipe: PipeType, at_source: bool, cores: frozenset[Core]) -> bool:
    """Whether one of some cores is at an end of a pipe; an end that is not known may be on any."""
    if not pipe.is_static:
        return True
    return not cores.isdisjoint([pipe.coordinates[0]] if at_source else receivers(pipe))


def _check_receivers(
    pipe: CreatePipeOp, receives: list[CopyOp], cores: dict[ThreadOp, frozenset[Core]]
) -> None:
    """Every core that a pipe leads to runs a thread that receives."""
    receiving = [cores[thread] for thread in cores if any(enclosing_thread(r) is thread for r in receives)]
    for core in receivers(pipe.pipe_type):
        if not any(core in own for own in receiving):
            raise error(
                pipe,
                f"this pipe leads to core {core}, where no thread receives from it",
                notes=[("it is received", receives[0])],
                hint="give the thread that receives all cores that the pipe leads to: cores=...",
            )


def _check_pipe(pipe: CreatePipeOp, sends: list[CopyOp], receives: list[CopyOp]) -> None:
    made = ("the pipe is made", pipe)
    if sends and not receives:
        raise error(
            sends[0],
            "a block is sent into this pipe, but no thread receives from it",
            notes=[made],
            hint="receive it with ttl.copy(pipe, block) in the function that net.if_dst(...) calls",
        )
    if receives and not sends:
        raise error(
            receives[0],
            "a block is received from this pipe, but no thread sends into it",
            notes=[made],
            hint="send it with ttl.copy(block, pipe) in the function that net.if_src(...) calls",
        )
    for ends, what in ((sends, "sent into"), (receives, "received from")):
        for other in ends[1:]:
            if enclosing_thread(other) is not enclosing_thread(ends[0]) and _meet(other, ends[0]):
                raise error(
                    other, f"this pipe is {what} by two threads", notes=[("the other one", ends[0]), made]
                )
    for send in sends:
        for receive in receives:
            given, taken = _block_shape(send.src), _block_shape(receive.dst)
            if given != taken:
                raise error(
                    receive,
                    f"this end of the pipe takes a block of {taken}, the other end sends one of {given}",
                    notes=[("it is sent", send), made],
                )


def _meet(one: CopyOp, other: CopyOp) -> bool:
    """Whether the threads of two copies have a core in common."""
    ranges = [kernel.corners for kernel in map(enclosing_kernel, (one, other)) if kernel is not None]
    known = [corners for corners in ranges if corners is not None]
    if len(known) < 2:
        return True
    return meet(*known)


def _block_shape(value: SSAValue) -> str:
    type = value.type
    if isinstance(type, BlockType):
        return f"{'x'.join(map(str, type.tensor_type.get_shape()))} {type.tensor_type.element_type}"
    if isinstance(type, CBType):
        return f"{'x'.join(map(str, ints(type.shape)))} {type.tile_type}"
    return str(type)


def _made(semaphore: SSAValue) -> SSAValue:
    owner = semaphore.owner
    return owner.semaphore if isinstance(owner, RemoteSemaphoreOp) else semaphore


def check_semaphores(threads: Sequence[ThreadOp]) -> None:
    """Raise CompileError for a wait for a value that nobody gives the semaphore."""
    signals: dict[SSAValue, list[SemaphoreSetOp | SemaphoreIncOp]] = defaultdict(list)
    waits: list[SemaphoreWaitOp] = []
    for op in (o for thread in threads for o in thread.walk()):
        if isinstance(op, SemaphoreSetOp | SemaphoreIncOp):
            signals[_made(op.semaphore)].append(op)
        elif isinstance(op, SemaphoreWaitOp):
            waits.append(op)
    for wait in waits:
        made = wait.semaphore.owner
        if isinstance(made, CreateSemaphoreOp):
            _check_wait(wait, made, signals[wait.semaphore])


def _check_wait(
    wait: SemaphoreWaitOp, made: CreateSemaphoreOp, signals: list[SemaphoreSetOp | SemaphoreIncOp]
) -> None:
    wanted = wait.amount
    values: set[int] = {made.initial_value.value.data}
    for signal in signals:
        amount = signal.amount
        if isinstance(signal, SemaphoreIncOp) or not isinstance(amount, int):
            return  # it may take any value
        values.add(amount)
    resets = (u.operation for u in wait.semaphore.uses if isinstance(u.operation, SemaphoreWaitOp))
    values.update(r.reset_value.value.data for r in resets if r.reset_value is not None)
    if not isinstance(wanted, int):
        reached = bool(signals)
    else:
        reached = any(v >= wanted if wait.is_minimum else v == wanted for v in values)
    if reached:
        return
    name = name_of(made.semaphore, "a semaphore")
    sense = "at least " if wait.is_minimum else ""
    notes: list[tuple[str, Operation]] = [("the semaphore is made", made)]
    notes += [("it is set", signal) for signal in signals]
    raise error(
        wait,
        f"this waits until semaphore '{name}' is {sense}{wanted if isinstance(wanted, int) else 'a value'}, which nothing"
        " ever makes it",
        notes=notes,
        hint="set() or inc() it on the core that waits",
    )
