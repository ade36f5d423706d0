# SPDX-License-Identifier: Apache-2.0
"""The step `schedule_pipeline`: transfers of data-movement threads start earlier and share their barriers."""

from collections.abc import Iterator, Sequence

from xdsl.dialects import scf
from xdsl.ir import Operation, SSAValue
from xdsl.irdl import IRDLOperation

from ttlang.diagnostics import CompileError
from ttlang.dialects.ttl.buffers import CBPopOp, CBPushOp, CBReserveOp, CBWaitOp
from ttlang.dialects.ttl.structure import DataMovementThreadOp, KernelOp
from ttlang.dialects.ttl.transfers import CopyOp, Direction, DMABarrierOp, WaitOp
from ttlang.transforms.core_values import UnknownValue
from ttlang.transforms.pipe_handshakes import choose, used_pipes
from ttlang.transforms.program_structure import grid_of, threads_of
from ttlang.transforms.protocol_execution import Execution
from ttlang.transforms.ttl_insert_synchronization import require_progress

from .errors import ScheduleError
from .targets import is_arithmetic, needless, of_kind, program_of, twin_of
from .tensors import is_tensor_read, read_tensors, tensor_of, written_tensors
from .transform_ops import SchedulePipelineOp

PROOF_STEPS = 50_000
"""Steps of the protocol, over all cores, that a run may have to be followed to its end."""


def apply(targets: Sequence[Operation], request: IRDLOperation) -> list[Operation]:
    """Let transfers overlap in the data-movement threads of kernels.

    Reads: where a thread reserves, fills and pushes a block of one buffer and then of another, both are reserved and
    filled before the first is pushed, so that the reads overlap and one barrier ends both. Writes: a block is released
    when the write has left the core, not when it has arrived, which the end of the thread waits for.

    A read moves across waits for transfers, pushes of other buffers and arithmetic ("conservative"), and across loops and
    branches that do nothing else ("aggressive"). "conservative" moves a read only where the whole run of the threads on
    their protocol is then followed to its end; "aggressive" where they are not known to get stuck; "auto" is aggressive
    where that holds, else conservative. Tensors that the program both reads and writes are left alone. Returns the
    kernels. Refuses a kernel in which nothing can move.
    """
    assert isinstance(request, SchedulePipelineOp)
    strategy = "auto" if request.strategy is None else request.strategy.data
    kernels = of_kind(targets, KernelOp, "kernels")
    for kernel in kernels:
        _schedule(kernel, strategy)
    return list(kernels)


def _schedule(kernel: KernelOp, strategy: str) -> None:
    across = strategy != "conservative"
    if strategy == "auto":
        across = _makes_progress(kernel)
    reads = _reads(kernel)
    chosen = list(range(len(reads))) if across else _provable(kernel)
    writes = _releases(kernel)
    moved = [number for number in chosen if _hoist(reads[number], across_regions=across)]
    for pop, copy in writes:
        _release_when_sent(pop, copy)
    if not moved and not writes:
        raise ScheduleError(
            "it finds nothing to do: no read of this kernel can start before another block is pushed, and no block waits"
            " for a write to arrive",
            kernel,
        )


# Reads


def _reads(kernel: KernelOp) -> list[CBReserveOp]:
    """The reserves of blocks that reads fill, and nothing else, beside them."""
    found = []
    written = written_tensors(program_of(kernel))
    for thread in kernel.threads:
        if isinstance(thread, DataMovementThreadOp):
            for op in thread.walk():
                if isinstance(op, CBReserveOp) and op.block is not None and op.ahead is None:
                    copies = _copies(op)
                    if copies and all(tensor_of(copy.src) not in written for copy in copies):
                        found.append(op)
    return found


def _copies(reserve: CBReserveOp) -> list[CopyOp]:
    """The reads into a block, when all its uses are such reads beside the reserve."""
    assert reserve.block is not None
    copies = [use.operation for use in reserve.block.uses]
    if all(isinstance(c, CopyOp) and is_tensor_read(c) and c.parent is reserve.parent for c in copies):
        return [op for op in _after(reserve) if op in copies and isinstance(op, CopyOp)]
    return []


def _after(op: Operation) -> Iterator[Operation]:
    while (after := op.next_op) is not None:
        yield after
        op = after


def _hoist(reserve: CBReserveOp, *, across_regions: bool) -> bool:
    """Move a reserve, its reads and what they are computed from up; returns whether anything was gained."""
    group = _group(reserve)  # what it is computed from moves too, where it stands behind the place
    place: Operation = reserve
    gained = False
    before = reserve.prev_op
    while before is not None:
        if isinstance(before, WaitOp):
            place = before
        elif (isinstance(before, CBPushOp) and before.cb is not reserve.cb) or (
            before.regions and across_regions and _is_independent(before, reserve.cb)
        ):
            place, gained = before, True
        elif not is_arithmetic(before):
            break
        before = before.prev_op
    between = [op for op in _between(place, group[-1]) if op not in group]
    if not gained or not all(_passes(op, reserve, across_regions) for op in between):
        return False
    assert place.parent is not None
    behind = set(_after(place))
    for op in group:
        if op in behind:
            op.detach()
            place.parent.insert_op_before(op, place)
    return True


def _group(reserve: CBReserveOp) -> list[Operation]:
    """A reserve, its reads, and the arithmetic beside it that they need; in the order of the program."""
    members: set[Operation] = {reserve, *_copies(reserve)}
    stack = list(members)
    while stack:
        for operand in stack.pop().operands:
            owner = operand.owner
            if (
                isinstance(owner, Operation)
                and owner.parent is reserve.parent
                and owner not in members
                and is_arithmetic(owner)
            ):
                members.add(owner)
                stack.append(owner)
    assert reserve.parent is not None
    return [op for op in reserve.parent.ops if op in members]


def _between(first: Operation, last: Operation) -> Iterator[Operation]:
    op: Operation | None = first
    while op is not None and op is not last:
        yield op
        op = op.next_op


def _passes(op: Operation, reserve: CBReserveOp, across_regions: bool) -> bool:
    """Whether a read may start before an op that stands in front of it."""
    match op:
        case WaitOp():
            return True
        case CBPushOp() | CBReserveOp():
            return op.cb is not reserve.cb
        case CopyOp():
            return is_tensor_read(op)
        case _ if op.regions:
            return across_regions and _is_independent(op, reserve.cb)
    return is_arithmetic(op)


def _is_independent(op: Operation, cb: SSAValue) -> bool:
    """Whether a loop or a branch only reads blocks of other buffers, and yields nothing that a read may need."""
    if not isinstance(op, scf.ForOp | scf.IfOp) or op.results:
        return False
    for inner in op.walk():
        match inner:
            case scf.ForOp() | scf.IfOp() | scf.YieldOp() | WaitOp():
                continue
            case CBReserveOp() | CBPushOp() if inner.cb is not cb:
                continue
            case CopyOp() if is_tensor_read(inner):
                continue
            case _ if is_arithmetic(inner):
                continue
        return False
    return True


# What is known of the protocol


def _makes_progress(kernel: KernelOp) -> bool:
    """Whether the kernel is not known to get stuck when all reads move as far as they can."""
    _, twin = twin_of(kernel)
    for reserve in _reads(twin):
        _hoist(reserve, across_regions=True)
    try:
        require_progress(program_of(twin))
    except CompileError:
        return False
    return True


def _provable(kernel: KernelOp) -> list[int]:
    """The reads that can move so that the whole run of the protocol is known to come to its end."""
    chosen: list[int] = []
    for number in range(len(_reads(kernel))):
        _, twin = twin_of(kernel)
        reads = _reads(twin)
        for earlier in chosen:
            _hoist(reads[earlier], across_regions=False)
        if _hoist(reads[number], across_regions=False) and _comes_to_its_end(twin):
            chosen.append(number)
    return chosen


def _comes_to_its_end(kernel: KernelOp) -> bool:
    program = program_of(kernel)
    grid, threads = grid_of(program, kernel), threads_of(program)
    choice = choose(threads, used_pipes(program), grid)
    if choice.stuck is not None:
        return False
    execution = Execution(threads, grid, choice.buffered)
    execution.steps = PROOF_STEPS
    try:
        return execution.run() is None and all(party.ended for party in execution.parties)
    except UnknownValue:
        return False


# Writes


def _releases(kernel: KernelOp) -> list[tuple[CBPopOp, CopyOp]]:
    """Releases, in loops, of blocks that were written to tensors which nobody reads, each with the last of the writes."""
    found: list[tuple[CBPopOp, CopyOp]] = []
    read = read_tensors(program_of(kernel))
    _, unneeded = needless(kernel)
    for thread in kernel.threads:
        if not isinstance(thread, DataMovementThreadOp):
            continue
        for wait in thread.walk():
            if not isinstance(wait, CBWaitOp) or wait.block is None or not _is_in_loop(wait):
                continue
            uses = [use.operation for use in wait.block.uses]
            pop = next((o for o in _after(wait) if isinstance(o, CBPopOp) and o.cb is wait.cb), None)
            copies = [op for op in _after(wait) if op in uses and isinstance(op, CopyOp)]
            if pop is None or not copies or len(copies) != len(uses) or unneeded.intersection(copies):
                continue
            tensors = [tensor_of(copy.dst) for copy in copies]
            if all(tensor is not None and tensor not in read for tensor in tensors) and not _is_sent(pop):
                found.append((pop, copies[-1]))
    return found


def _is_in_loop(op: Operation) -> bool:
    parent = op.parent_op()
    while parent is not None and not isinstance(parent, scf.ForOp | scf.WhileOp):
        parent = parent.parent_op()
    return parent is not None


def _is_sent(pop: CBPopOp) -> bool:
    before = pop.prev_op
    return isinstance(before, DMABarrierOp) and before.sent is not None


def _release_when_sent(pop: CBPopOp, copy: CopyOp) -> None:
    barrier = DMABarrierOp(Direction.write, sent=True)
    barrier.location = copy.location
    assert pop.parent is not None
    pop.parent.insert_op_before(barrier, pop)
