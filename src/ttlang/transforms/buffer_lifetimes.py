# SPDX-License-Identifier: Apache-2.0
"""Which circular buffers of a kernel are never in use at the same time.

The threads of a kernel run side by side, so a buffer is over only when its last block has been taken for certain before
the next buffer is touched: by the order of a thread, or through a third buffer that one thread fills after the end of
the first buffer and another waits for before the second begins.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from xdsl.dialects import scf
from xdsl.ir import Operation, SSAValue

from ttlang.dialects.ttl.buffers import CBPopOp, CBPushOp, CBReserveOp, CBWaitOp, CreateCBOp
from ttlang.dialects.ttl.structure import ThreadOp

from .core_values import trip_count

Place = tuple[int, int]
"""A top-level op of a thread: number of the thread, number of the op."""


@dataclass
class _Use:
    """Where a buffer is filled and emptied, by top-level ops of threads; how many blocks, None when not known."""

    filled: list[Place] = field(default_factory=list)
    emptied: list[Place] = field(default_factory=list)
    pushes: int | None = 0
    pops: int | None = 0
    known: bool = True  # nothing else than protocol and data movement of one thread each

    @property
    def is_balanced(self) -> bool:
        return self.known and self.pushes is not None and self.pushes == self.pops and self.pushes > 0


class Lifetimes:
    """Lifetimes of the buffers of cores that run the same threads."""

    def __init__(self, threads: Sequence[ThreadOp]):
        self.uses: dict[SSAValue, _Use] = defaultdict(_Use)
        self.threads = threads
        for number, thread in enumerate(self.threads):
            for position, op in enumerate(thread.body.block.ops):
                self._collect(op, (number, position), 1)
        self._successors = self._order()

    def _collect(self, op: Operation, place: Place, count: int | None) -> None:
        if isinstance(op, CBPushOp | CBPopOp | CBReserveOp | CBWaitOp):
            use = self.uses[op.cb]
            places = use.filled if isinstance(op, CBPushOp | CBReserveOp) else use.emptied
            if not places or places[-1] != place:
                places.append(place)
            if isinstance(op, CBPushOp):
                use.pushes = None if use.pushes is None or count is None else use.pushes + count * op.blocks
            elif isinstance(op, CBPopOp):
                use.pops = None if use.pops is None or count is None else use.pops + count * op.blocks
            return
        if not op.regions:
            return
        inner = None
        if isinstance(op, scf.ForOp):
            turns = trip_count(op)
            inner = None if turns is None or count is None else turns * count
        for region in op.regions:
            for block in region.blocks:
                for nested in block.ops:
                    self._collect(nested, place, inner)

    def _order(self) -> dict[Place, list[Place]]:
        """Edges from a place to one that ends after it: filling a buffer before waiting for its first block."""
        successors: dict[Place, list[Place]] = defaultdict(list)
        for use in self.uses.values():
            if use.filled and use.emptied:
                thread, position = min(use.filled)
                successors[thread, position - 1].append(min(use.emptied))
        return successors

    def never_meet(self, first: CreateCBOp, second: CreateCBOp) -> bool:
        """Whether two buffers are never in use at the same time on these cores, one of them perhaps not at all."""
        if not (self.uses_any(first) and self.uses_any(second)):
            return True
        return self.ends_before(first, second) or self.ends_before(second, first)

    def uses_any(self, *cbs: CreateCBOp) -> bool:
        """Whether these cores use one of some buffers."""
        return any(cb.result in self.uses for cb in cbs)

    def ends_before(self, first: CreateCBOp, second: CreateCBOp) -> bool:
        """Whether the last block of a buffer has been taken before any of the other is reserved."""
        one, two = (self.uses.get(cb.result, _Use()) for cb in (first, second))
        if not one.is_balanced or not two.filled:
            return False
        start, end = max(one.emptied), min(two.filled)
        threads = {p[0] for p in two.filled}
        return len(threads) == 1 and self._is_over(start, (end[0], end[1] - 1))

    def _is_over(self, start: Place, end: Place) -> bool:
        """Whether a top-level op has certainly ended when another one has."""
        earliest: dict[int, int] = {start[0]: start[1]}
        stack = [start]
        while stack:
            thread, position = stack.pop()
            if thread == end[0] and position <= end[1]:
                return True
            for (other, at), targets in self._successors.items():
                if other != thread or at < position:
                    continue
                for target in targets:
                    if target[1] < earliest.get(target[0], 1 << 62):
                        earliest[target[0]] = target[1]
                        stack.append(target)
        return False
