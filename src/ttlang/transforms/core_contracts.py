# SPDX-License-Identifier: Apache-2.0
"""What cores promise each other: pipes with two ends, semaphores that somebody raises."""

from collections import defaultdict

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
from ttlang.dialects.ttl.structure import KernelOp, enclosing_thread
from ttlang.dialects.ttl.transfers import CopyOp

from .errors import error
from .program_structure import name_of


def check_pipes(kernel: KernelOp) -> None:
    """Raise CompileError for a pipe with one end only, with an end in two threads, or with ends of different sizes."""
    sends: dict[SSAValue, list[CopyOp]] = defaultdict(list)
    receives: dict[SSAValue, list[CopyOp]] = defaultdict(list)
    for op in (o for thread in kernel.threads for o in thread.walk() if isinstance(o, CopyOp)):
        if isinstance(op.dst.type, PipeType):
            sends[op.dst].append(op)
        elif isinstance(op.src.type, PipeType):
            receives[op.src].append(op)
    for made in kernel.body.block.ops:
        if isinstance(made, CreatePipeOp):
            _check_pipe(made, sends[made.pipe], receives[made.pipe])


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
            if enclosing_thread(other) is not enclosing_thread(ends[0]):
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


def check_semaphores(kernel: KernelOp) -> None:
    """Raise CompileError for a wait for a value that nobody gives the semaphore."""
    signals: dict[SSAValue, list[SemaphoreSetOp | SemaphoreIncOp]] = defaultdict(list)
    waits: list[SemaphoreWaitOp] = []
    for op in (o for thread in kernel.threads for o in thread.walk()):
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
