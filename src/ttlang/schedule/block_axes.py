# SPDX-License-Identifier: Apache-2.0
"""Which loops walk which dimensions of the blocks of a kernel.

Copies say it for blocks that go to and from tensors: where the first tile of a slice moves by the size of the block from turn
to turn, the blocks of neighbouring turns lie side by side, and a larger block holds those of several turns. The analysis
follows this through the arithmetic of the compute thread.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from xdsl.ir import Operation, SSAValue

from ttlang.dialects.ttl.attributes import CBType, ints
from ttlang.dialects.ttl.buffers import AcquireOp, CBReserveOp, CBWaitOp, acquired_cb
from ttlang.dialects.ttl.compute import (
    BlockBroadcastOp,
    BlockFillOp,
    BlockMatmulOp,
    BlockReduceOp,
    BlockStoreOp,
    BlockTransposeOp,
    BlockTypecastOp,
    ElementwiseOp,
    tensor_shape,
)
from ttlang.dialects.ttl.data_movement import CopyOp, IndexAccessorOp
from ttlang.dialects.ttl.structure import ComputeThreadOp, KernelOp
from ttlang.dialects.ttl.syntax import array_ints
from ttlang.transforms.broadcast_analysis import BroadcastAnalysis, Extent
from ttlang.transforms.index_bounds import affine_of

from .loop_nests import Correspondence, Loop, Reason, depends_on_loops, loop_of, loops_around, step_of
from .targets import named
from .tensors import copies_in


class Free(Enum):
    """A dimension along which a value is the same everywhere: it may have any size."""

    FREE = 0


FREE = Free.FREE
Axis = Loop | Free | None
"""The loops that walk a dimension (one stands for all that turn together), FREE, or None: nothing walks it."""
Axes = tuple[Axis, ...]


@dataclass(frozen=True)
class Conflict:
    """A reason why the blocks of any of these loops cannot be made larger."""

    loops: frozenset[Loop]
    reason: str
    op: Operation


@dataclass
class BlockAxes:
    """The axes of all blocks and block values of a kernel.

    `conflicts` holds what stands against a larger block, to be asked with the loops that are to be tiled. `summed`: loops
    over whose turns a value is a part of a sum, that an accumulating store completes.
    """

    kernel: KernelOp
    loops: Correspondence
    of: dict[SSAValue, Axes] = field(default_factory=dict)
    of_buffer: dict[SSAValue, Axes] = field(default_factory=dict)
    summed: dict[SSAValue, Loop] = field(default_factory=dict)
    sum_sizes: dict[Loop, int] = field(default_factory=dict)
    outputs: dict[SSAValue, CopyOp] = field(default_factory=dict)
    conflicts: list[Conflict] = field(default_factory=list)

    def __post_init__(self) -> None:
        copies = copies_in(self.kernel)
        for copy in copies:
            self._copy(copy)
        for thread in self.kernel.threads:
            if isinstance(thread, ComputeThreadOp):
                self._extents = BroadcastAnalysis(self.kernel, thread)
                ops = list(thread.walk())
                for op in ops:
                    self._visit(op)
                for op in reversed(ops):
                    self._settle(op)
                for op in ops:
                    if isinstance(op, BlockStoreOp):
                        self._store(op)
        for copy in copies:
            self._check_ends(copy)
        self._check_sums()

    def conflict(self, axes: Iterable[Axis], reason: str, op: Operation) -> None:
        loops = frozenset(part for a in axes if isinstance(a, Loop) for part in self.loops.parts(a))
        if loops:
            self.conflicts.append(Conflict(loops, reason, op))

    def why_not(self, tiled: Iterable[Loop]) -> Reason | None:
        """What stands against larger blocks along loops, or None."""
        wanted = frozenset(tiled)
        found = next((c for c in self.conflicts if c.loops & wanted), None)
        return None if found is None else (found.reason, found.op)

    # Copies

    def _copy(self, copy: CopyOp) -> None:
        for slice_value, block in ((copy.src, copy.dst), (copy.dst, copy.src)):
            accessor, cb = slice_value.owner, acquired_cb(block)
            if not isinstance(accessor, IndexAccessorOp):
                continue
            if cb is None:
                self._conflict_around(copy, "a slice is copied that no block of a buffer stands for")
                continue
            if block is copy.src:
                self.outputs.setdefault(cb, copy)
            self._meet(cb, self._walked(accessor, cb), copy)

    def _check_ends(self, copy: CopyOp) -> None:
        """A block that moves between cores or within one keeps its shape: the other end may be anywhere."""
        if any(isinstance(end.owner, IndexAccessorOp) for end in (copy.src, copy.dst)):
            return
        cbs = [cb for end in (copy.src, copy.dst) if (cb := acquired_cb(end)) is not None]
        axes = [axis for cb in cbs for axis in self.of_buffer.get(cb, ())]
        name = named(cbs[0]) if cbs else "a buffer"
        self.conflict(
            (*loops_around(copy), *axes),
            f"a block of {name} is copied to or from another place than a tensor",
            copy,
        )

    def _conflict_around(self, op: Operation, reason: str) -> None:
        self.conflict(loops_around(op), reason, op)

    def _walked(self, accessor: IndexAccessorOp, cb: SSAValue) -> Axes:
        """For each dimension of a buffer, the loop that walks the slice along it."""
        assert isinstance(cb.type, CBType)
        shape, rank = ints(cb.type.shape), len(accessor.indices)
        axes: list[Axis] = [None] * len(shape)
        met: set[Loop] = set()
        for d, index in enumerate(accessor.indices):
            place = d - rank + len(shape)
            form = affine_of(index)
            for atom, coefficient in form.terms.items():
                walking = loop_of(atom)
                if walking is not None:
                    self._step_of_slice(accessor, d, place, walking, coefficient, shape, axes, met)
                    continue
                for loop in depends_on_loops(atom):
                    self.loops.fix(
                        loop,
                        f"the place of a slice is no multiple of the loop's variable along dimension {d}",
                        accessor,
                    )
        return tuple(axes)

    def _step_of_slice(
        self,
        accessor: IndexAccessorOp,
        d: int,
        place: int,
        loop: Loop,
        coefficient: int,
        shape: Sequence[int],
        axes: list[Axis],
        met: set[Loop],
    ) -> None:
        """How a slice moves along one dimension of its tensor from turn to turn of one loop."""
        step = step_of(loop)
        tensor = named(accessor.accessor, "a tensor")
        if step is None:
            self.loops.fix(loop, "the step of the loop is not known when the kernel is compiled", loop)
        elif place < 0:
            self.loops.fix(
                loop,
                f"it walks dimension {d} of {tensor}, which the blocks of its copy do not have",
                accessor,
            )
        elif coefficient * step != shape[place] or accessor.steps[d] != 1:
            self.loops.fix(
                loop,
                f"the slices of {tensor} in its turns do not lie side by side: along dimension {d} they have"
                f" {shape[place]} and move by {coefficient * step}",
                accessor,
            )
        elif loop in met:
            self.loops.fix(loop, f"it walks {tensor} along two dimensions at a time", accessor)
        else:
            met.add(loop)
            axes[place] = self.loops.root(loop)

    def _meet(self, cb: SSAValue, axes: Axes, op: Operation) -> None:
        """Another op that says how a buffer's blocks are walked: all must say the same."""
        known = self.of_buffer.setdefault(cb, axes)
        for d, (one, other) in enumerate(zip(known, axes, strict=True)):
            if one is not other:
                self.conflict(
                    (one, other),
                    f"the blocks of {named(cb)} are walked differently along dimension {d} where they are"
                    " filled and where they are taken",
                    op,
                )

    # Arithmetic

    def axes(self, value: SSAValue) -> Axes:
        found = self.of.get(value)
        return found if found is not None else (None,) * len(tensor_shape(value.type) or ())

    def _visit(self, op: Operation) -> None:
        match op:
            case CBWaitOp() | CBReserveOp():
                self._acquire(op)
            case BlockStoreOp():
                cb = acquired_cb(op.dst)
                if cb is not None and cb not in self.of_buffer:
                    self._fill(op, cb)
            case BlockFillOp():
                self.of[op.result] = (FREE,) * len(tensor_shape(op.result.type) or ())
            case ElementwiseOp():
                self.of[op.result] = self._elementwise(op, op.result)
            case BlockTypecastOp():
                self.of[op.result] = self.axes(op.input)
            case BlockTransposeOp():
                axes = self._walked_only(op.input)
                self.of[op.result] = (*axes[:-2], axes[-1], axes[-2])
            case BlockBroadcastOp():
                self._repeat(op)
            case BlockReduceOp():
                self._reduce(op)
            case BlockMatmulOp():
                self._matmul(op)

    def _acquire(self, op: AcquireOp) -> None:
        if op.block is not None and op.cb in self.of_buffer:
            self.of[op.block] = self.of_buffer[op.cb]

    def _fill(self, op: BlockStoreOp, cb: SSAValue) -> None:
        """The first store to a buffer that no copy fills: what it stores says how the blocks are walked.

        The thread that fills it waits for its blocks further down: loops that turn together would get stuck otherwise.
        """
        self.of_buffer[cb] = self.of[op.dst] = self._walked_only(op.src)

    def _elementwise(self, op: Operation, result: SSAValue) -> Axes:
        shape = tensor_shape(result.type) or ()
        return tuple(self._joined(op, result, d, len(shape)) for d in range(len(shape)))

    def _joined(self, op: Operation, result: SSAValue, d: int, rank: int) -> Axis:
        """The axis of dimension `d` of an elementwise result; operands without it are repeated along it."""
        found: list[tuple[SSAValue, Axis, int]] = []
        for operand in op.operands:
            sizes, axes = tensor_shape(operand.type) or (), self.axes(operand)
            at = d - rank + len(sizes)
            outside: tuple[Axis, int] = (FREE, 1) if d < rank - 2 else (None, 0)
            found.append((operand, *((axes[at], sizes[at]) if at >= 0 else outside)))
        walked = {axis for _, axis, _ in found if isinstance(axis, Loop)}
        if not walked:
            return FREE if all(axis is FREE for _, axis, _ in found) else None
        if len(walked) > 1:
            self.conflict(walked, f"operands are walked by different loops along dimension {d}", op)
        axis = next(iter(walked))
        for operand, own, size in found:
            if own is None and not self._repeats(operand, d, rank, size):
                name = named(operand, "an operand")
                self.conflict(
                    walked,
                    f"{name} is the same in each turn and all rows and columns of its tiles count: a larger block would"
                    f" repeat only the first along dimension {d}",
                    op,
                )
        return axis

    def _repeats(self, operand: SSAValue, d: int, rank: int, size: int) -> bool:
        """Whether an operand of one tile along a dimension means the same beside a larger block."""
        inner = d - (rank - 2)
        return size == 1 and (inner < 0 or self._extents.extents(operand)[inner] is not Extent.FULL)

    def _repeat(self, op: BlockBroadcastOp) -> None:
        axes, sizes = list(self._walked_only(op.input)), tensor_shape(op.input.type) or ()
        for d in array_ints(op.dims):
            if isinstance(axes[d], Loop):
                self.conflict(
                    (axes[d],), f"the value that is repeated along dimension {d} is another in each turn", op
                )
            axes[d] = FREE if sizes[d] == 1 else None
        self.of[op.result] = tuple(axes)

    def _walked_only(self, value: SSAValue) -> Axes:
        """The axes of an operand whose size the op does not leave open."""
        return tuple(None if axis is FREE else axis for axis in self.axes(value))

    def _reduce(self, op: BlockReduceOp) -> None:
        axes = list(self._walked_only(op.input))
        for d in array_ints(op.dims):
            axis = axes[d]
            if isinstance(axis, Loop):
                if op.kind.data == "sum" and op.scaler is None and len(op.dims) == 1:
                    self._sums(op, op.result, axis, (tensor_shape(op.input.type) or ())[d])
                else:
                    self.conflict(
                        (axis,), f"a {op.kind.data} is taken over dimension {d} within each turn", op
                    )
            axes[d] = None
        self.of[op.result] = tuple(axes)

    def _sums(self, op: Operation, result: SSAValue, axis: Loop, size: int) -> None:
        self.summed[result] = axis
        if self.sum_sizes.setdefault(axis, size) != size:
            self.conflict((axis,), "sums over its blocks have different lengths", op)

    def _check_sums(self) -> None:
        for value, axis in self.summed.items():
            for use in value.uses:
                if not isinstance(use.operation, BlockStoreOp):
                    self.conflict(
                        (axis,), "a part of a sum over the loop is computed with in each turn", use.operation
                    )

    def _matmul(self, op: BlockMatmulOp) -> None:
        left, right = self._walked_only(op.lhs), self._walked_only(op.rhs)
        if op.transpose_rhs is not None:
            right = (*right[:-2], right[-1], right[-2])
        inner = {left[-1], right[-2]}
        if len(inner) > 1:
            self.conflict(inner, "only one side of a matrix product is walked along the summed dimension", op)
        axis = left[-1]
        if isinstance(axis, Loop):
            self._sums(op, op.result, axis, (tensor_shape(op.lhs.type) or ())[-1])
        result = tensor_shape(op.result.type) or ()
        batch = tuple(self._joined_batch(op, left, right, d, len(result)) for d in range(len(result) - 2))
        self.of[op.result] = (*batch, left[-2], right[-1])

    def _joined_batch(self, op: Operation, left: Axes, right: Axes, d: int, rank: int) -> Axis:
        found = {axes[at] for axes in (left, right) if (at := d - rank + len(axes)) >= 0} - {None}
        if len(found) > 1:
            self.conflict(found, f"the factors are walked by different loops along dimension {d}", op)
        return next(iter(found), None)

    # What may have any size

    def _settle(self, op: Operation) -> None:
        """Free dimensions of a value are walked as its users want them."""
        if not op.results or op.results[0] not in self.of or FREE not in self.of[op.results[0]]:
            return
        value, sizes = op.results[0], tensor_shape(op.results[0].type) or ()
        settled = list(self.of[value])
        for d, axis in enumerate(settled):
            if axis is FREE:
                settled[d] = self._settled(value, d, sizes[d])
        self.of[value] = tuple(settled)

    def _settled(self, value: SSAValue, d: int, size: int) -> Axis:
        wanted = {use.operation: self._wanted(use.operation, value, d) for use in value.uses}
        axes = set(wanted.values())
        if len(axes) <= 1:
            return next(iter(axes), None)
        for user, axis in wanted.items():
            if isinstance(axis, Loop) and (size > 1 or not isinstance(user, ElementwiseOp)):
                self.conflict(
                    (axis,), "a value that is the same everywhere is used in blocks of two kinds", user
                )
        return None  # of one tile, it is repeated beside larger blocks

    def _wanted(self, user: Operation, value: SSAValue, d: int) -> Axis:
        sizes = tensor_shape(value.type) or ()
        match user:
            case BlockStoreOp():
                target = user.dst
            case ElementwiseOp() | BlockTypecastOp():
                target = user.results[0]
            case _:
                return None
        shape = tensor_shape(target.type) or ()
        at = d - len(sizes) + len(shape)
        return self.axes(target)[at] if shape[at] == sizes[d] else None

    # Stores

    def _store(self, op: BlockStoreOp) -> None:
        have, cb = self.axes(op.src), acquired_cb(op.dst)
        if cb is None:
            self._conflict_around(op, "a value is stored in something that is no block of a buffer")
            return
        name = named(op.dst, "a block")
        for d, (axis, wanted) in enumerate(zip(have, self.of_buffer[cb], strict=True)):
            if axis is not wanted:
                self.conflict(
                    (axis, wanted),
                    f"the value stored in {name} is not walked along dimension {d} as the block is",
                    op,
                )
        self._check_sum(op, name)

    def _check_sum(self, op: BlockStoreOp, name: str) -> None:
        """What is added up over turns must be a sum over all of them, and a sum must be added up."""
        reserved = op.dst.owner
        assert isinstance(reserved, Operation)
        outer = loops_around(reserved)
        between = [part for loop in loops_around(op) if loop not in outer for part in self.loops.parts(loop)]
        summed = self.summed.get(op.src)
        if op.acc is None:
            if summed is not None:
                self.conflict((summed,), f"{name} takes a part of a sum that nothing adds up", op)
            return
        for loop in between:
            if loop is not summed:
                self.conflict(
                    (loop,),
                    f"{name} adds up a value of each turn, which is neither a matrix product nor a sum over the loop",
                    op,
                )
        if summed is not None and summed not in between:
            self.conflict((summed,), f"{name} takes a part of a sum that nothing adds up", op)
