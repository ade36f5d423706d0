# SPDX-License-Identifier: Apache-2.0
"""The loops of a kernel's threads, and which of them turn together because they hand blocks to each other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from xdsl.dialects import scf
from xdsl.ir import BlockArgument, Operation, SSAValue

from ttlang.dialects.ttl.buffers import RELEASE_OF, AcquireOp, CBReserveOp, CBWaitOp, ReleaseOp
from ttlang.dialects.ttl.data_movement import IndexAccessorOp
from ttlang.dialects.ttl.structure import KernelOp, ThreadOp, enclosing_thread
from ttlang.dialects.walking import ops_in
from ttlang.transforms.index_bounds import Affine, affine_of
from ttlang.transforms.program_structure import buffers

from .targets import named

Loop = scf.ForOp


def loops_around(op: Operation) -> list[Loop]:
    """The `scf.for` around an op, up to its thread; the outermost first."""
    found: list[Loop] = []
    parent = op.parent_op()
    while parent is not None and not isinstance(parent, ThreadOp):
        if isinstance(parent, Loop):
            found.append(parent)
        parent = parent.parent_op()
    return found[::-1]


def step_of(loop: Loop) -> int | None:
    """The step of a loop, when it is a constant."""
    step = affine_of(loop.step)
    return None if step.terms else step.constant


def turns_of(loop: Loop) -> int | None:
    """How often a loop turns; its bounds may depend on the core when their distance does not."""
    step = step_of(loop)
    distance = affine_of(loop.ub).plus(affine_of(loop.lb), -1)
    if step is None or step < 1 or distance.terms:
        return None
    return max(0, -(-distance.constant // step))


def loop_of(atom: SSAValue) -> Loop | None:
    """The loop that a value is the variable of."""
    if isinstance(atom, BlockArgument) and atom.index == 0:
        parent = atom.block.parent_op()
        if isinstance(parent, Loop):
            return parent
    return None


def describe(op: Operation) -> str:
    """`thread 'read'`: the thread that an op stands in, as messages call it."""
    thread = enclosing_thread(op)
    name = None if thread is None or thread.sym_name is None else thread.sym_name.data
    return "its thread" if name is None else f"thread '{name}'"


def sites(cb: SSAValue, kind: type[AcquireOp]) -> list[AcquireOp]:
    """Where blocks of a side of a buffer are acquired, in the order of the program."""
    found = {use.operation for use in cb.uses if isinstance(use.operation, kind)}
    threads = dict.fromkeys(thread for op in found if (thread := enclosing_thread(op)) is not None)
    return [op for thread in threads for op in thread.walk() if op in found and isinstance(op, kind)]


def release_of(acquired: AcquireOp) -> ReleaseOp | None:
    """The release of a block in the body that acquired it; None when it is elsewhere."""
    op = acquired.next_op
    while op is not None:
        if isinstance(op, RELEASE_OF[type(acquired)]) and op.cb is acquired.cb:
            return op
        op = op.next_op
    return None


def depends_on_loops(value: SSAValue) -> set[Loop]:
    """The loops whose variables, or carried values, a value is computed from."""
    found: set[Loop] = set()
    stack, seen = [value], {value}
    while stack:
        current = stack.pop()
        if isinstance(current, BlockArgument):
            parent = current.block.parent_op()
            if isinstance(parent, Loop):
                found.add(parent)
            continue
        owner = current.owner
        assert isinstance(owner, Operation)
        if owner.regions:
            found.update(loops_around(owner))  # its regions may use the variable of any of them
        stack.extend(o for o in owner.operands if o not in seen)
        seen.update(owner.operands)
    return found


Reason = tuple[str, Operation]
"""Why something cannot be: a sentence, and the op that it is about."""


@dataclass
class Correspondence:
    """Sets of loops, one or more of each thread, that turn together.

    The n-th block that a thread pushes is the n-th that another waits for: where a site of each stand in nests that turn
    equally often, the loops of these nests belong together, one by one, or one to several neighbours whose turns it counts
    all (`for _ in range(rows * columns)`). `fixed` says why the loops of a set cannot change.
    """

    kernel: KernelOp
    fixed: dict[Loop, Reason] = field(default_factory=dict)
    _parent: dict[Loop, Loop] = field(default_factory=dict)
    _counted: dict[Loop, list[Loop]] = field(default_factory=dict)
    loops: list[Loop] = field(init=False)
    """Those of all threads, in order."""

    def __post_init__(self) -> None:
        self.loops = [op for op in ops_in(self.kernel) if isinstance(op, Loop)]
        for cb in buffers(self.kernel):
            self._pair(cb.result)
        for loop in self.loops:
            self._check_variable(loop)

    def root(self, loop: Loop) -> Loop:
        """The loop that stands for all that turn with `loop`."""
        while (parent := self._parent.get(loop, loop)) is not loop:
            loop = parent
        return loop

    def parts(self, loop: Loop) -> list[Loop]:
        """The sets, by the loops that stand for them, whose turns a loop counts: its own, or several."""
        root = self.root(loop)
        counted = self._counted.get(root)
        return [root] if counted is None else [part for inner in counted for part in self.parts(inner)]

    def members(self, root: Loop) -> list[Loop]:
        """The loops that count the turns of a set, alone or with those of others."""
        return [loop for loop in self.loops if root in self.parts(loop)]

    def fix(self, loop: Loop, reason: str, op: Operation) -> None:
        self.fixed.setdefault(loop, (reason, op))

    def why_fixed(self, root: Loop) -> Reason | None:
        """Why a set of loops cannot change, or None."""
        if root in self._counted:
            return f"a loop of {describe(root)} counts what other threads count in several loops", root
        return next((self.fixed[m] for m in self.members(root) if m in self.fixed), None)

    def _pair(self, cb: SSAValue) -> None:
        produced, consumed = sites(cb, CBReserveOp), sites(cb, CBWaitOp)
        name = named(cb)
        reason = None
        if len(produced) != len(consumed):
            reason = (
                f"blocks of {name} are filled in {len(produced)} places and taken in {len(consumed)}:"
                " the loops around them do not correspond"
            )
        elif len(produced) > 1 and _order(produced) != _order(consumed):
            reason = (
                f"blocks of {name} are filled in {len(produced)} places, and taken in another order of loops"
            )
        if reason is not None:
            for op in (*produced, *consumed):
                for loop in loops_around(op):
                    self.fix(loop, reason, op)
            return
        for one, other in zip(produced, consumed, strict=True):
            self._unify(name, one, other)

    def _unify(self, name: str, one: AcquireOp, other: AcquireOp) -> None:
        mine, its = loops_around(one), loops_around(other)
        turns = [[turns_of(loop) for loop in nest] for nest in (mine, its)]
        groups = _groups(*turns)
        if groups is None:
            reason = (
                f"the loops around {name} do not correspond: {_counts(turns[0])} in {describe(one)},"
                f" {_counts(turns[1])} in {describe(other)}"
            )
            for loop in (*mine, *its):
                self.fix(loop, reason, other)
            return
        for ours, theirs in groups:
            self._together([mine[i] for i in ours], [its[i] for i in theirs])

    def _together(self, ours: Sequence[Loop], theirs: Sequence[Loop]) -> None:
        """Loops that turn together: one and one, or one and several whose turns it counts."""
        if len(ours) > 1:
            ours, theirs = theirs, ours
        (one,) = ours
        root = self.root(one)
        if len(theirs) > 1:
            if root in self._counted:
                self._all_together(self._counted[root], theirs)
            else:
                self._counted[root] = list(theirs)
            return
        other = self.root(theirs[0])
        if other is root:
            return
        counted = self._counted.pop(other, None)
        self._parent[other] = root
        if counted is not None:
            if root in self._counted:
                self._all_together(self._counted[root], counted)
            else:
                self._counted[root] = counted

    def _all_together(self, some: Sequence[Loop], others: Sequence[Loop]) -> None:
        groups = _groups([turns_of(loop) for loop in some], [turns_of(loop) for loop in others])
        if groups is None:
            for loop in (*some, *others):
                self.fix(loop, "threads count the same turns in loops that do not correspond", loop)
            return
        for ours, theirs in groups:
            self._together([some[i] for i in ours], [others[i] for i in theirs])

    def _check_variable(self, loop: Loop) -> None:
        """The variable of a loop may lead to places in tensors only, and a turn may hand nothing to the next."""
        if loop.iter_args:
            self.fix(loop, "a turn of the loop hands values on to the next", loop)
        for user in _users(loop.body.block.args[0]):
            if self.root(loop) in self._counted:
                self.fix(
                    loop, f"a loop of {describe(loop)} counts what other threads count in several loops", user
                )
            elif not isinstance(user, IndexAccessorOp):
                self.fix(loop, f"{_purpose(user)} depends on the variable of the loop", user)


def _order(places: Sequence[Operation]) -> list[object]:
    """How several places of a thread take turns: the loops around each, and how many of them are around the next too.

    A place in a branch is like no other: whether its turn comes is not known.
    """
    nests = [loops_around(place) for place in places]
    shared = [sum(a is b for a, b in zip(one, other, strict=False)) for one, other in pairwise(nests)]
    branches = [place for place in places if _is_in_branch(place)]
    return [[[turns_of(loop) for loop in nest] for nest in nests], shared, branches]


def _is_in_branch(op: Operation) -> bool:
    parent = op.parent_op()
    while parent is not None and not isinstance(parent, ThreadOp):
        if not isinstance(parent, Loop):
            return True
        parent = parent.parent_op()
    return False


def _users(value: SSAValue) -> Iterator[Operation]:
    """The ops that use a number, or what is computed from it."""
    stack, seen = [value], {value}
    while stack:
        for use in stack.pop().uses:
            user = use.operation
            if not user.name.startswith("arith."):
                yield user
                continue
            stack.extend(r for r in user.results if r not in seen)
            seen.update(user.results)


def _groups(one: Sequence[int | None], other: Sequence[int | None]) -> list[tuple[range, range]] | None:
    """Which loops of two nests turn together, by their turns: groups of equal products, one loop in one of the sides."""
    groups: list[tuple[range, range]] = []
    i = j = 0
    while i < len(one) and j < len(other):
        starts, left, right = (i, j), one[i], other[j]
        i, j = i + 1, j + 1
        while left != right:
            if (
                left is None
                or right is None
                or (left > right and j == len(other))
                or (left < right and i == len(one))
            ):
                return None
            if left > right:
                factor, j = other[j], j + 1
                right = None if factor is None else right * factor
            else:
                factor, i = one[i], i + 1
                left = None if factor is None else left * factor
        if i - starts[0] > 1 and j - starts[1] > 1:
            return None
        groups.append((range(starts[0], i), range(starts[1], j)))
    return groups if i == len(one) and j == len(other) else None


def _counts(turns: list[int | None]) -> str:
    """`4 x 2 turns`"""
    if not turns:
        return "none"
    return f"{' x '.join('?' if t is None else str(t) for t in turns)} turns"


_PURPOSES = {
    "scf.if": "a condition",
    "scf.for": "an inner loop",
    "scf.while": "an inner loop",
    "scf.condition": "an inner loop",
    "ttl.assert": "an assertion",
    "ttl.print": "what is printed",
}


def _purpose(op: Operation) -> str:
    return _PURPOSES.get(op.name, f"'{op.name}'")


def turn_form(value: SSAValue, correspondence: Correspondence) -> tuple[int, frozenset[tuple[object, int]]]:
    """`value` as a sum over turns of loops and coordinates of the core, in a form that threads share.

    Equal forms are equal values in turns that belong together.
    """
    form = _in_turns(affine_of(value), correspondence)
    return form.constant, frozenset(_shared_atoms(form, correspondence).items())


def _in_turns(affine: Affine, correspondence: Correspondence) -> Affine:
    """Loop variables counted from the first turn, in turns."""
    form = Affine(affine.constant)
    for atom, coefficient in affine.terms.items():
        loop = loop_of(atom)
        step = None if loop is None else step_of(loop)
        if loop is None or step is None:
            form = form.plus(Affine(0, {atom: coefficient}))
            continue
        form = form.plus(_in_turns(affine_of(loop.lb), correspondence), coefficient)
        form = form.plus(Affine(0, {loop.body.block.args[0]: coefficient * step}))
    return form


def _shared_atoms(form: Affine, correspondence: Correspondence) -> dict[object, int]:
    shared: dict[object, int] = {}
    for atom, coefficient in form.terms.items():
        loop = loop_of(atom)
        owner = atom.owner
        key: object = atom
        if loop is not None:
            key = correspondence.root(loop)
        elif isinstance(owner, Operation) and not owner.operands:
            position = next(i for i, result in enumerate(owner.results) if result is atom)
            key = (
                owner.name,
                len(owner.results),
                position,
            )  # the coordinates of the core are asked for in each thread
        shared[key] = shared.get(key, 0) + coefficient
    return shared
