# SPDX-License-Identifier: Apache-2.0
"""What a store computes, dimension by dimension: which loops and sizes may be cut into blocks, and which may not.

Every dimension of every value under a store is given a label: that of the dimension of the stored slice which it becomes,
or a label of its own where a reduction or a matrix product uses it up. Blocks cut dimensions with the label of the slice;
a loop over consecutive slices is such a dimension too, unless an operand uses its variable elsewhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from xdsl.ir import Operation, SSAValue

from ttlang.diagnostics import Note
from ttlang.dialects.ttl.compute import (
    BlockBroadcastOp,
    BlockMatmulOp,
    BlockReduceOp,
    BlockTransposeOp,
    tensor_shape,
)
from ttlang.dialects.ttl.syntax import array_ints

from ..integers import affine_of
from .recording import Entry, LoopVariable, Recorder, Recording, SliceValue, Store, at, loops_around

Label = int | str | None
"""A dimension of the stored slice, a dimension that is used up ("k<n>", or "whole"), or repetition (None)."""
WHOLE = "whole"


@dataclass(eq=False, slots=True)
class Dimension:
    """A dimension of the stored slice. `loop`: the loop that runs over consecutive pieces of it, when blocks may join them."""

    size: int
    loop: LoopVariable | None = None

    @property
    def extent(self) -> int:
        """Tiles to cut into blocks."""
        return self.size * (1 if self.loop is None else self.loop.count)


@dataclass(eq=False)
class Nest:
    """A store with its loops: those left as loops, and the dimensions that are cut into blocks."""

    store: Store
    loops: list[LoopVariable]
    dimensions: list[Dimension]
    leaves: list[SliceValue]
    labels: dict[SSAValue, tuple[Label, ...]]
    contraction: BlockMatmulOp | None = None
    """The only matrix product, when its sum may be cut into blocks."""
    outer: list[LoopVariable] = field(default_factory=list)
    uncut: set[Label] = field(default_factory=set)
    """Labels that blocks must not cut."""

    @property
    def contraction_label(self) -> Label:
        return None if self.contraction is None else self.labels[self.contraction.lhs][-1]

    @property
    def contraction_size(self) -> int:
        return 1 if self.contraction is None else _shape(self.contraction.lhs)[-1]


def terms(entry: Entry) -> dict[SSAValue, int]:
    return dict(affine_of(entry.start).terms)


def constant(entry: Entry) -> int:
    return affine_of(entry.start).constant


def nest_of(compiler: Recorder, recording: Recording, item: Store) -> Nest:
    """Analyse a store; refuses what several cores and threads cannot do at once."""
    loops = loops_around(compiler, item)
    leaves, labels, conflicts = _label(recording, item)
    _check_terms(compiler, item, loops, [item.target, *leaves])
    _check_writes_apart(compiler, item, loops)
    _check_aliases(compiler, item, leaves)
    dimensions = [Dimension(entry.size) for entry in item.target.entries]
    nest = Nest(item, loops, dimensions, leaves, labels, uncut=conflicts)
    _join_loops(nest, conflicts)
    joined = {d.loop for d in dimensions}
    nest.outer = [loop for loop in loops if loop not in joined and loop.count > 1]
    nest.contraction = _contraction(recording, labels, conflicts)
    return nest


# Labels


def _shape(value: SSAValue) -> tuple[int, ...]:
    return tensor_shape(value.type) or ()


def _label(
    recording: Recording, item: Store
) -> tuple[list[SliceValue], dict[SSAValue, tuple[Label, ...]], set[Label]]:
    """Slices that a store reads, labels of all values under it, and labels that blocks must not cut."""
    labels: dict[SSAValue, tuple[Label, ...]] = {}
    conflicts: set[Label] = set()
    leaves: dict[SSAValue, SliceValue] = {}
    everything: tuple[Label, ...] = tuple(range(len(_shape(item.value))))
    pending = [(item.value, everything)]
    while pending:
        value, given = pending.pop()
        if (before := labels.get(value)) is not None:
            if before != given:  # two uses that do not agree
                conflicts.update(x for x, y in zip(before, given, strict=True) if x != y)
                conflicts.update(y for x, y in zip(before, given, strict=True) if x != y)
            continue
        labels[value] = given
        if value in recording.slices:
            leaves[value] = recording.slices[value]
            continue
        assert isinstance(value.owner, Operation)
        pending.extend(reversed(list(_operand_labels(value.owner, given, len(labels)))))
    return list(leaves.values()), labels, conflicts


def _operand_labels(
    op: Operation, given: tuple[Label, ...], number: int
) -> Iterator[tuple[SSAValue, tuple[Label, ...]]]:
    match op:
        case BlockMatmulOp():
            for side, operand in enumerate(op.operands):
                rank = len(_shape(operand))
                batch = _aligned(operand, op.results[0], given)[: rank - 2]
                inner = f"k{number}"
                own: tuple[Label, Label] = (given[-2], inner) if side == 0 else (inner, given[-1])
                if side and op.transpose_rhs is not None:
                    own = (own[1], own[0])
                yield operand, (*batch, *own)
        case BlockReduceOp():
            dims = array_ints(op.dims)
            yield op.input, tuple(WHOLE if d in dims else label for d, label in enumerate(given))
            if op.scaler is not None:
                yield op.scaler, (WHOLE,) * len(_shape(op.scaler))
        case BlockBroadcastOp():
            dims = array_ints(op.dims)
            yield op.input, tuple(None if d in dims else label for d, label in enumerate(given))
        case BlockTransposeOp():
            yield op.input, (*given[:-2], given[-1], given[-2])
        case _:
            for operand in op.operands:
                yield operand, _aligned(operand, op.results[0], given)


def _aligned(operand: SSAValue, result: SSAValue, given: tuple[Label, ...]) -> tuple[Label, ...]:
    """Labels of an operand whose innermost dimensions are those of the result; None where it is repeated."""
    have, want = _shape(operand), _shape(result)
    pairs = list(zip(have[::-1], want[::-1], given[::-1], strict=False))
    return tuple(None if size == 1 != whole else label for size, whole, label in pairs)[::-1]


# Checks


def _check_terms(
    compiler: Recorder, item: Store, loops: list[LoopVariable], slices: list[SliceValue]
) -> None:
    known = {loop.value for loop in loops}
    for piece in slices:
        for entry in piece.entries:
            if terms(entry).keys() - known:
                raise at(
                    compiler,
                    piece,
                    f"this index into tensor '{piece.tensor.name}' is no sum of multiples of loop variables",
                    hint="cores take turns of the loops in any order: write the index with the variables of 'for' loops",
                )


def _check_writes_apart(compiler: Recorder, item: Store, loops: list[LoopVariable]) -> None:
    """Turns of the loops must store to different places: cores and threads take them in any order."""
    name = item.target.tensor.name
    users: dict[SSAValue, int] = {}
    for dimension, entry in enumerate(item.target.entries):
        own = [loop for loop in loops if loop.value in terms(entry)]
        for loop in own:
            if loop.value in users:
                raise at(
                    compiler,
                    item,
                    f"a loop variable stands in two dimensions of the slice of '{name}' that is stored to",
                    hint="split the work along dimensions: one loop for each",
                )
            users[loop.value] = dimension
        places = np.zeros(1, np.int64)
        for loop in own:
            turns = (loop.start + loop.step * np.arange(loop.count)) * terms(entry)[loop.value]
            places = (places[:, None] + turns[None, :]).ravel()
        tiles = (places[:, None] + entry.step * np.arange(entry.size)[None, :]).ravel()
        if np.unique(tiles).size != tiles.size:
            raise at(
                compiler,
                item,
                f"turns of a loop store to the same tiles of '{name}', along dimension {dimension}",
                hint="let each turn store to tiles of its own",
            )
    for loop in loops:
        if loop.value not in users and loop.count > 1:
            raise at(
                compiler,
                item,
                f"each turn of a loop around this store writes the same tiles of '{name}': it depends on the turn before",
                hint="write a sum as one expression: a[i, :] @ b[:, j], or ttl.math.reduce_sum(...)",
            )


def same_place(a: SliceValue, b: SliceValue) -> bool:
    """Whether two slices are the same tiles of a tensor in every turn."""
    return a.tensor is b.tensor and all(
        (x.size, x.step, constant(x), terms(x)) == (y.size, y.step, constant(y), terms(y))
        for x, y in zip(a.entries, b.entries, strict=True)
    )


def _check_aliases(compiler: Recorder, item: Store, leaves: list[SliceValue]) -> None:
    for leaf in leaves:
        if leaf.tensor is item.target.tensor and not same_place(leaf, item.target):
            raise at(
                compiler,
                leaf,
                f"tensor '{leaf.tensor.name}' is read here at another place than it is stored to: whether a core sees the"
                " old or the new values would depend on the order of the cores",
                hint="store to a tensor of its own",
                notes=[Note("it is stored to", item.where)],
            )


# Blocks


def _join_loops(nest: Nest, conflicts: set[Label]) -> None:
    """Find loops whose turns are consecutive pieces of a dimension, for the stored slice and all that is read."""
    for dimension, entry in enumerate(nest.store.target.entries):
        coefficients = terms(entry)
        if len(coefficients) != 1 or dimension in conflicts:
            continue
        ((value, _),) = coefficients.items()
        loop = next(loop for loop in nest.loops if loop.value is value)
        together = all(_joins(leaf, nest.labels[leaf.ssa], dimension, loop, entry) for leaf in nest.leaves)
        if loop.count > 1 and together and _consecutive(entry, loop) and _fills(nest, dimension, loop):
            nest.dimensions[dimension].loop = loop


def _consecutive(entry: Entry, loop: LoopVariable) -> bool:
    delta = terms(entry)[loop.value] * loop.step
    return delta > 0 if entry.size == 1 else entry.step == 1 and delta == entry.size


def _joins(
    leaf: SliceValue, labels: tuple[Label, ...], dimension: int, loop: LoopVariable, stored: Entry
) -> bool:
    for position, (entry, label) in enumerate(zip(leaf.entries, labels, strict=True)):
        found = terms(entry)
        if loop.value in found:
            good = label == dimension and len(found) == 1 and entry.size == stored.size
            if not good or not _consecutive(entry, loop):
                return False
        elif label == dimension and (entry.size > 1 or not _repeats(leaf, position)):
            return False  # the same tiles in every turn
    return True


def _repeats(leaf: SliceValue, dimension: int) -> bool:
    """Whether a slice of one tile means the same beside one tile and beside several: a tile of one datum is repeated."""
    return dimension < len(leaf.entries) - 2 or leaf.tensor.shape[dimension] == 1


def _fills(nest: Nest, dimension: int, loop: LoopVariable) -> bool:
    """Whether the value grows with the block along a dimension: some operand of it does, without being repeated."""
    return any(
        label == dimension and loop.value in terms(entry)
        for leaf in nest.leaves
        for entry, label in zip(leaf.entries, nest.labels[leaf.ssa], strict=True)
    )


def _contraction(
    recording: Recording, labels: dict[SSAValue, tuple[Label, ...]], conflicts: set[Label]
) -> BlockMatmulOp | None:
    """The matrix product of two slices that a value holds, when it holds one and nothing else uses its sum."""
    ops = {value.owner for value in labels if value not in recording.slices}
    products = [op for op in ops if isinstance(op, BlockMatmulOp)]
    if len(products) != 1:
        return None
    (product,) = products
    label = labels[product.lhs][-1]
    if label in conflicts or any(operand not in recording.slices for operand in product.operands):
        return None
    users = [value for value, own in labels.items() if label in own]
    return product if set(users) == set(product.operands) else None
