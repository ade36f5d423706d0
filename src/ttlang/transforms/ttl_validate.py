# SPDX-License-Identifier: Apache-2.0
"""The pass `ttl-validate`."""

from collections import defaultdict
from dataclasses import dataclass, field

from xdsl.context import Context
from xdsl.dialects import scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, SSAValue
from xdsl.passes import ModulePass

from ttlang.dialects.ttl.buffers import (
    RELEASE_OF,
    AcquireOp,
    CBPopOp,
    CBPushOp,
    CBReserveOp,
    CBWaitOp,
    CreateCBOp,
    ReleaseOp,
)
from ttlang.dialects.ttl.compute import BlockStoreOp, tensor_shape
from ttlang.dialects.ttl.data_movement import CopyOp, IndexAccessorOp
from ttlang.dialects.ttl.elements import ReadElementOp
from ttlang.dialects.ttl.pipes import PipeEndOp
from ttlang.dialects.ttl.structure import ComputeThreadOp, KernelOp, ProgramOp, ThreadOp
from ttlang.dialects.ttl.syntax import constant_index

from .condition_keys import Key, condition_key
from .core_contracts import check_pipes, check_semaphores
from .core_values import trip_count
from .errors import error
from .index_bounds import bounds, is_unconditional
from .program_structure import buffers, chip_of, grid_of, kernels, name_of, programs
from .stage_checks import require_no_distribution, require_threads
from .thread_sets import ThreadSet, shown, thread_sets

_VERBS: dict[type[Operation], str] = {
    CBWaitOp: "wait",
    CBReserveOp: "reserve",
    CBPopOp: "pop",
    CBPushOp: "push",
}
_RELEASED_BY = {CBPopOp: CBWaitOp, CBPushOp: CBReserveOp}

Held = tuple[AcquireOp, ...]


@dataclass(frozen=True)
class _Split:
    """What is held of a buffer where a condition holds, and where it does not; `branch` is the 'if' that parted them."""

    key: Key
    where_true: Held
    where_false: Held
    branch: scf.IfOp

    def side(self, *, taken: bool) -> Held:
        return self.where_true if taken else self.where_false


State = dict[SSAValue, Held | _Split]


@dataclass
class _Thread:
    """What one thread does with the buffers, gathered on all paths of its control flow."""

    op: ThreadOp
    waits: dict[SSAValue, Operation] = field(default_factory=dict)
    pushes: dict[SSAValue, Operation] = field(default_factory=dict)
    groups: dict[AcquireOp, list[AcquireOp]] = field(default_factory=dict)
    """Acquisitions by which blocks of one buffer are held at once, by the first of them."""
    draining: set[AcquireOp] = field(default_factory=set)
    """Blocks of a group of which an older one has been released."""
    ahead: set[SSAValue] = field(default_factory=set)
    """Buffers of which several blocks are reserved at once: a schedule made the order of their reserves and pushes."""

    def run(self) -> None:
        final = self._block(self.op.body.block, {})
        for cb in final:
            for acquired in _held(final, cb):
                self._missing_release(acquired, "before the thread ends")
        self._check_groups()

    def _check_groups(self) -> None:
        """Blocks that compute holds at once must lie in a row: the last block of a buffer and its first do not."""
        if not isinstance(self.op, ComputeThreadOp):
            return
        sizes: dict[tuple[SSAValue, type], set[int]] = defaultdict(set)
        for first, group in self.groups.items():
            sizes[first.cb, type(first)].add(len(group))
        for first, group in self.groups.items():
            count, blocks = len(group), first.cb_type.buffer_factor.data
            if count == 1 or (sizes[first.cb, type(first)] == {count} and blocks % count == 0):
                continue
            released = _most_released(self.op, first.cb, RELEASE_OF[type(first)])
            if released is not None and released <= blocks:
                continue
            raise error(
                group[-1],
                f"{count} blocks of '{name_of(first.cb, 'a buffer')}' are held at once, but not always in a row: it holds {blocks}",
                notes=[("the first of them was acquired", first)],
                hint=f"make buffer_factor a multiple of {count}, and take {count} blocks each time",
            )

    def _missing_release(self, acquired: AcquireOp, when: str) -> None:
        verb = _VERBS[type(acquired)]
        release = "pop" if verb == "wait" else "push"
        raise error(
            acquired,
            f"the block acquired by {verb}() is not released {when}",
            hint=f"call {release}() on it, or acquire it in a 'with'",
        )

    def _block(self, block: Block, state: State) -> State:
        for op in block.ops:
            for operand in op.operands:
                self._check_held(op, operand, state)
            match op:
                case AcquireOp():
                    state = self._acquire(op, state)
                case ReleaseOp():
                    state = self._release(op, state)
                case scf.ForOp() | scf.WhileOp():
                    state = self._loop(op, state)
                case scf.IfOp():
                    state = self._branches(op, state)
                case PipeEndOp():
                    state = self._pipe_end(op, state)
                case _ if op.regions:
                    for region in op.regions:
                        for inner in region.blocks:
                            state = self._block(inner, state)
        return state

    def _check_held(self, op: Operation, operand: SSAValue, state: State) -> None:
        """A block is used only while it is held."""
        acquired = operand.owner
        if not isinstance(acquired, AcquireOp):
            return
        if acquired in self.draining:
            raise error(
                op,
                "a block is used after the release of one that was acquired before it",
                notes=[("this block was acquired", acquired)],
                hint="release the blocks of a buffer that are held at once together, after the last use of any",
            )
        if acquired in _held(state, acquired.cb):
            return
        if _is_ahead(acquired):
            return
        release = RELEASE_OF[type(acquired)]
        released = [u.operation for u in acquired.cb.uses if isinstance(u.operation, release)]
        between = [r for r in released if r.parent is acquired.parent and _is_before(acquired, r)]
        raise error(
            op,
            "a block is used after its release",
            notes=[("it was released", between[0]), ("it was acquired", acquired)]
            if between
            else [("it was acquired", acquired)],
            hint=f"use it before {_VERBS[release]}()",
        )

    def _acquire(self, op: AcquireOp, state: State) -> State:
        held = _held(state, op.cb)
        same = [h for h in held if type(h) is type(op)]
        if not same and _is_ahead(op):
            self.pushes.setdefault(op.cb, op)
            self.ahead.add(op.cb)
            return state
        self.draining.discard(op)
        if not same:
            self.groups[op] = [op]
        elif self._joins(op, same):
            return {**state, op.cb: (*held, op)}
        if same:
            verb, release = _VERBS[type(op)], _VERBS[RELEASE_OF[type(op)]]
            raise error(
                op,
                f"{verb}() of '{name_of(op.cb, 'a buffer')}' while the block that this thread acquired before is still"
                " held: it would be the same block",
                notes=[("that block was acquired", same[0])],
                hint=f"call {release}() on it first; for more than one block at a time make the buffer's shape larger",
            )
        (self.waits if isinstance(op, CBWaitOp) else self.pushes).setdefault(op.cb, op)
        return {**state, op.cb: (*held, op)}

    def _joins(self, op: AcquireOp, same: list[AcquireOp]) -> bool:
        """Whether a block is acquired behind those that are held, without loops or branches between."""
        group = self.groups.get(same[0])
        if group is None or op.ahead is None or any(h.parent is not op.parent for h in same):
            return False
        if constant_index(op.ahead) != len(same):
            return False
        if op not in group:
            group.append(op)
        return True

    def _release(self, op: ReleaseOp, state: State) -> State:
        held = _held(state, op.cb)
        wanted = _RELEASED_BY[type(op)]
        for i, candidate in enumerate(held):
            if isinstance(candidate, wanted):
                if isinstance(candidate, CBReserveOp):
                    self._check_written(candidate, op)
                self.draining.update(h for h in held[i + 1 :] if isinstance(h, wanted))
                return {**state, op.cb: held[:i] + held[i + 1 :]}
        if isinstance(op, CBPushOp) and op.cb in self.ahead:
            return state
        name = name_of(op.cb, "the buffer")
        raise error(
            op,
            f"circular buffer protocol violation: {_VERBS[type(op)]}() without matching {_VERBS[wanted]}() of '{name}'",
            notes=[("the buffer is made", op.cb.owner)] if isinstance(op.cb.owner, Operation) else [],
        )

    def _check_written(self, reserved: CBReserveOp, push: ReleaseOp) -> None:
        if reserved.block is not None and not _is_written(reserved.block):
            raise error(
                push,
                "a block is pushed that nothing was written to",
                notes=[("it was reserved", reserved)],
                hint="store a value in it, or copy a slice of a tensor to it",
            )

    def _loop(self, op: scf.ForOp | scf.WhileOp, state: State) -> State:
        after = self._turn(op, state)
        self._check_turn(op, state, after)
        if after != state:
            # a block is taken for the next turn: that turn must not use the one before
            self._turn(op, after)
        return after

    def _turn(self, op: scf.ForOp | scf.WhileOp, state: State) -> State:
        for region in op.regions:
            state = self._block(region.block, state)
        return state

    def _check_turn(self, op: scf.ForOp | scf.WhileOp, before: State, after: State) -> None:
        """A turn of a loop leaves as many blocks of each kind acquired as it finds."""
        for cb in {*before, *after}:
            found, left = _held(before, cb), _held(after, cb)
            if sorted(map(type, found), key=str) == sorted(map(type, left), key=str):
                continue
            extra = [h for h in left if h not in found]
            if len(left) >= len(found) and extra:
                self._missing_release(extra[0], "at the end of the loop body")
            lost = next(h for h in found if h not in left)
            raise error(
                op,
                "the loop releases a block that was acquired before it: the second turn would release it again",
                notes=[("the block was acquired", lost)],
            )

    def _pipe_end(self, op: PipeEndOp, state: State) -> State:
        after = self._block(op.body.block, dict(state))
        for cb in {*state, *after}:
            before, now = _held(state, cb), _held(after, cb)
            if before != now:
                culprit = next(iter({*before} ^ {*now}))
                raise error(
                    culprit,
                    "this block is acquired or released at one end of a pipe only: other cores would go on without",
                    notes=[("the end of the pipe", op)],
                    hint="acquire and release it both inside, or both outside",
                )
        return state

    def _branches(self, op: scf.IfOp, state: State) -> State:
        """Sides that leave different blocks acquired stay apart until an 'if' of the same condition brings them together."""
        key, negated = condition_key(op.cond)
        sides: dict[bool, State] = {}
        for region, taken in ((op.true_region, not negated), (op.false_region, negated)):
            side: State = {
                cb: held.side(taken=taken) if isinstance(held, _Split) and held.key == key else held
                for cb, held in state.items()
            }
            sides[taken] = self._block(region.block, side) if region.blocks else side
        where_true, where_false = sides[True], sides[False]
        joined: State = {}
        for cb in (*where_true, *(cb for cb in where_false if cb not in where_true)):
            one, other = where_true.get(cb, ()), where_false.get(cb, ())
            if one == other:
                joined[cb] = one
            else:
                joined[cb] = _Split(key, _held(where_true, cb), _held(where_false, cb), op)
        return joined


def _is_ahead(op: AcquireOp) -> bool:
    """Whether a block is reserved behind others that are not pushed yet."""
    return isinstance(op, CBReserveOp) and op.ahead is not None


def _most_released(op: Operation, cb: SSAValue, kind: type[Operation]) -> int | None:
    """How many blocks of a buffer are popped or pushed at most by what is in an op; None when that is not known."""
    if isinstance(op, ReleaseOp):
        return op.blocks if op.cb is cb and isinstance(op, kind) else 0
    counts = [
        _most_released(inner, cb, kind) for region in op.regions for b in region.blocks for inner in b.ops
    ]
    total = sum(count or 0 for count in counts)
    if None in counts or (total and isinstance(op, scf.WhileOp)):
        return None
    if not total or not isinstance(op, scf.ForOp):
        return total
    turns = trip_count(op)
    return None if turns is None else turns * total


def _held(state: State, cb: SSAValue) -> Held:
    """The blocks of a buffer that are acquired; raises CompileError when that depends on the path."""
    held = state.get(cb, ())
    if not isinstance(held, _Split):
        return held
    culprit = next(iter({*held.where_true} ^ {*held.where_false}))
    raise error(
        culprit,
        "this block is held on one side of the 'if' only; both sides must leave the same blocks acquired",
        notes=[("the 'if' stands", held.branch), *_releases_inside(held.branch, culprit)[:1]],
        hint="a path that leaves a loop or the thread early must release it too",
    )


def _releases_inside(branch: scf.IfOp, acquired: AcquireOp) -> list[tuple[str, Operation]]:
    """Where one side of a branch releases a block that was acquired before it."""
    kind = RELEASE_OF[type(acquired)]
    return [
        ("it is released on the other side", op)
        for op in branch.walk()
        if isinstance(op, kind) and op.cb is acquired.cb
    ]


def _is_before(first: Operation, second: Operation) -> bool:
    """Whether an op stands before another one of its block."""
    op = first.next_op
    while op is not None and op is not second:
        op = op.next_op
    return op is second


def _is_written(block: SSAValue) -> bool:
    """Whether any op stores to a reserved block."""
    for use in block.uses:
        match use.operation:
            case BlockStoreOp(dst=dst) | CopyOp(dst=dst) if dst is block:
                return True
            case BlockStoreOp() | CopyOp() | ReadElementOp():
                continue
            case _:
                return True  # an op that may write: element writes, compute regions
    return False


@dataclass(frozen=True)
class TTLValidate(ModulePass):
    """Checks the contracts of circular buffers, pipes and semaphores, and the limits of the chip.

    Input: a TTL module as the front end makes it, threads not expanded. Output: the same module. Refuses, at the Python
    line and with the place of the other party: release without acquire, a block not released on some path (a side of a
    branch, the end of a turn of a loop, an early exit), a block acquired twice or used after its release, a block pushed
    unwritten, two producers or two consumers of a buffer on a core, a buffer that is waited for and never produced or produced and
    never consumed, a pipe with one end only or with ends of different sizes, a wait for a value that a semaphore never
    takes, slices that leave their tensor, more buffers than the chip has. Branches of the same condition are known to go
    the same way, and a turn of a loop may hand a block on to the next. Cost: one walk over the ops of each thread, two
    over loops that hand blocks on.
    """

    name = "ttl-validate"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        require_threads(op, self.name)
        require_no_distribution(op, self.name)
        for program in programs(op):
            self._check_program(program)
        for program, kernel in kernels(op):
            self._check_slices(kernel)
            self._check_limits(program, kernel)

    def _check_program(self, program: ProgramOp) -> None:
        """The contracts between threads: of one core about buffers, of all cores about pipes and semaphores."""
        sets = thread_sets(program)
        known = {t: _Thread(t) for alike in sets for t in alike.threads}
        for thread in known.values():
            thread.run()
        for alike in sets:
            self._check_parties(alike, [known[t] for t in alike.threads])
        if sets:
            check_pipes(program, list(known), grid_of(program, sets[0].kernels[0]))
            check_semaphores(list(known))

    def _check_parties(self, alike: ThreadSet, threads: list[_Thread]) -> None:
        where = f" on core {shown(alike.cores[0])}" if alike.is_part else ""
        for cb in buffers(alike.kernels[0]):
            producers = [t.pushes[cb.result] for t in threads if cb.result in t.pushes]
            consumers = [t.waits[cb.result] for t in threads if cb.result in t.waits]
            name = name_of(cb.result, "a buffer")
            for parties, role, verb in (
                (producers, "producers", "reserve"),
                (consumers, "consumers", "wait"),
            ):
                if len(parties) > 1:
                    raise error(
                        parties[1],
                        f"circular buffer '{name}' has two {role}{where}: two threads call {verb}() on it",
                        notes=[("the other thread does", parties[0]), ("the buffer is made", cb)],
                    )
            if consumers and not producers:
                raise error(
                    consumers[0],
                    f"circular buffer '{name}' is waited for, but no thread produces it{where}",
                    notes=[("the buffer is made", cb)],
                    hint="reserve() and push() a block of it in another thread",
                )
            if producers and not consumers:
                raise error(
                    producers[0],
                    f"circular buffer '{name}' is filled, but no thread consumes it{where}",
                    notes=[("the buffer is made", cb)],
                    hint="wait() for its blocks and pop() them in another thread",
                )

    def _check_slices(self, kernel: KernelOp) -> None:
        """Slices that every core takes must lie in their tensors, in every turn of the loops around them."""
        for op in [o for thread in kernel.threads for o in thread.walk() if isinstance(o, IndexAccessorOp)]:
            if not is_unconditional(op):
                continue
            shape = tensor_shape(op.accessor_type.tensor_type) or ()
            for d, (start, size, step, extent) in enumerate(
                zip(op.indices, op.sizes, op.steps, shape, strict=True)
            ):
                found = bounds(start)
                if found is None:
                    continue
                first, last = found[0], found[1] + (size - 1) * step
                if first < 0 or last >= extent:
                    raise error(
                        op,
                        f"the loops lead to elements {first} to {last} along dimension {d} of a tensor of {extent}",
                        hint="loop bounds must be multiples of the block shape: let the loops cover whole blocks only",
                    )

    def _check_limits(self, program: ProgramOp, kernel: KernelOp) -> None:
        chip = chip_of(program)
        made: list[CreateCBOp] = buffers(kernel)
        if len(made) > chip.circular_buffers:
            raise error(
                made[chip.circular_buffers],
                f"this kernel makes {len(made)} circular buffers; {chip.name} has {chip.circular_buffers} a core",
            )
