# SPDX-License-Identifier: Apache-2.0
"""The loops of a kernel's threads, and which of them turn together because they hand blocks to each other."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from xdsl.dialects import scf
from xdsl.ir import BlockArgument, Operation, SSAValue

from ttlang.dialects.ttl.buffers import RELEASE_OF, AcquireOp, CBReserveOp, CBWaitOp, ReleaseOp
from ttlang.dialects.ttl.data_movement import IndexAccessorOp
from ttlang.dialects.ttl.structure import KernelOp, ThreadOp, enclosing_thread
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
        stack.extend(o for o in owner.operands if o not in seen)
        seen.update(owner.operands)
    return found


Reason = tuple[str, Operation]
"""Why something cannot be: a sentence, and the op that it is about."""


@dataclass
class Correspondence:
    """Sets of loops, one or more of each thread, that turn together.

    The n-th block that a thread pushes is the n-th that another waits for: where a site of each stand in equally deep
    nests, the loops of these nests belong together one by one. `fixed` says why the loops of a set cannot change.
    """

    kernel: KernelOp
    fixed: dict[Loop, Reason] = field(default_factory=dict)
    _parent: dict[Loop, Loop] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for cb in buffers(self.kernel):
            self._pair(cb.result)
        for loop in self.loops():
            self._check_variable(loop)

    def loops(self) -> Iterator[Loop]:
        for thread in self.kernel.threads:
            for op in thread.walk():
                if isinstance(op, Loop):
                    yield op

    def root(self, loop: Loop) -> Loop:
        """The loop that stands for all that turn with `loop`."""
        while (parent := self._parent.get(loop, loop)) is not loop:
            loop = parent
        return loop

    def members(self, root: Loop) -> list[Loop]:
        return [loop for loop in self.loops() if self.root(loop) is root]

    def fix(self, loop: Loop, reason: str, op: Operation) -> None:
        self.fixed.setdefault(loop, (reason, op))

    def why_fixed(self, root: Loop) -> Reason | None:
        """Why a set of loops cannot change, or None."""
        return next((self.fixed[m] for m in self.members(root) if m in self.fixed), None)

    def _pair(self, cb: SSAValue) -> None:
        produced, consumed = sites(cb, CBReserveOp), sites(cb, CBWaitOp)
        name = named(cb)
        if len(produced) != len(consumed):
            reason = (
                f"blocks of {name} are filled in {len(produced)} places and taken in {len(consumed)}:"
                " the loops around them do not correspond"
            )
            for op in (*produced, *consumed):
                for loop in loops_around(op):
                    self.fix(loop, reason, op)
            return
        for one, other in zip(produced, consumed, strict=True):
            self._unify(name, one, other)

    def _unify(self, name: str, one: AcquireOp, other: AcquireOp) -> None:
        mine, its = loops_around(one), loops_around(other)
        turns = [[turns_of(loop) for loop in nest] for nest in (mine, its)]
        if turns[0] != turns[1]:
            reason = (
                f"the loops around {name} do not correspond: {_counts(turns[0])} in {describe(one)},"
                f" {_counts(turns[1])} in {describe(other)}"
            )
            for loop in (*mine, *its):
                self.fix(loop, reason, other)
            return
        for a, b in zip(mine, its, strict=True):
            self._parent.setdefault(a, a)
            self._parent[self.root(b)] = self.root(a)

    def _check_variable(self, loop: Loop) -> None:
        """The variable of a loop may lead to places in tensors only, and a turn may hand nothing to the next."""
        if loop.iter_args:
            self.fix(loop, "a turn of the loop hands values on to the next", loop)
        stack: list[SSAValue] = [loop.body.block.args[0]]
        seen: set[SSAValue] = set()
        while stack:
            value = stack.pop()
            if value in seen:
                continue
            seen.add(value)
            for use in value.uses:
                user = use.operation
                if user.name.startswith("arith."):
                    stack.extend(user.results)
                elif not isinstance(user, IndexAccessorOp):
                    self.fix(loop, f"{_purpose(user)} depends on the variable of the loop", user)


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
