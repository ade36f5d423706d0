# SPDX-License-Identifier: Apache-2.0
"""Stores that read what other stores of the same kernel write.

A core may run ahead of another, so a value must not pass from core to core through memory. A slice that an earlier store
wrote in the same turn of the same loops is replaced by what was stored; anything else that meets a written place is refused.
"""

from dataclasses import replace

from xdsl.dialects.builtin import TensorType
from xdsl.ir import Operation, SSAValue

from ttlang.diagnostics import Note
from ttlang.dialects.ttl.compute import BlockTypecastOp, tile_of

from ..integers import bounds_of
from ..values import Affine, RuntimeInt
from .nests import constant, same_place, terms
from .recording import Entry, Recorder, Recording, SliceValue, Store, at, loops_around

_ANYWHERE = -(2**31), 2**31


def ordered(compiler: Recorder, recording: Recording) -> list[Store]:
    """The stores, with reads of stored slices replaced by the values."""
    for position, item in enumerate(recording.stores):
        for leaf in _slices(recording, item.value):
            for number in reversed(range(position)):
                earlier = recording.stores[number]
                if not _overlap(leaf, earlier.target):
                    continue
                if number >= leaf.stores_before:
                    raise at(
                        compiler,
                        earlier,
                        f"tensor '{leaf.tensor.name}' is stored to between its reading and the use of what was read",
                        hint="store to a tensor of its own",
                        notes=[Note("it is read", leaf.where), Note("it is used", item.where)],
                    )
                item.value = _forwarded(compiler, recording, item, leaf, earlier)
                break
    for position, item in enumerate(recording.stores):
        _check(compiler, recording, item, recording.stores[:position])
    return recording.stores


def _slices(recording: Recording, root: SSAValue) -> list[SliceValue]:
    found: dict[SSAValue, SliceValue] = {}
    pending, seen = [root], set()
    while pending:
        value = pending.pop()
        if value in seen:
            continue
        seen.add(value)
        if value in recording.slices:
            found[value] = recording.slices[value]
        elif isinstance(value.owner, Operation):
            pending.extend(value.owner.operands)
    return list(found.values())


def _overlap(a: SliceValue, b: SliceValue) -> bool:
    """Whether two slices may meet in some turns of their loops."""
    if a.tensor is not b.tensor:
        return False
    for x, y in zip(a.entries, b.entries, strict=True):
        (low, high), (first, last) = _reach(x), _reach(y)
        if high < first or last < low:
            return False
        fixed = not terms(x) and not terms(y)
        if fixed and not set(range(low, high + 1, x.step)) & set(range(first, last + 1, y.step)):
            return False
    return True


def _reach(entry: Entry) -> tuple[int, int]:
    """First and last tile that an index reaches in any turn."""
    bounds = bounds_of(entry.start)
    if bounds.low is None or bounds.high is None:
        return _ANYWHERE
    return bounds.low, bounds.high + (entry.size - 1) * entry.step


def _forwarded(
    compiler: Recorder, recording: Recording, item: Store, leaf: SliceValue, earlier: Store
) -> SSAValue:
    """The value of a store with one slice replaced by what an earlier store wrote there."""
    mapping = _same_turns(compiler, item, leaf, earlier)
    if mapping is None:
        raise at(
            compiler,
            leaf,
            f"tensor '{leaf.tensor.name}' is read here, but another store of this kernel writes it at other places or in"
            " other turns: cores would wait for each other",
            hint="make it two kernels, or read what was stored with the same index in the same loops",
            notes=[Note("it is stored to", earlier.where)],
        )
    copier = _Copier(recording, mapping)
    stored = copier.value(earlier.value)
    if tile_of(stored.type) != tile_of(leaf.ssa.type):
        shape = leaf.shape
        stored = BlockTypecastOp(stored, TensorType(tile_of(leaf.ssa.type), shape)).results[0]
        assert isinstance(stored.owner, Operation)
        stored.owner.location = leaf.location
    return _Copier(recording, {}, {leaf.ssa: stored}).value(item.value)


def _same_turns(
    compiler: Recorder, item: Store, leaf: SliceValue, earlier: Store
) -> dict[SSAValue, SSAValue] | None:
    """Loop variables of an earlier store and those of this one that take their places; None when turns differ."""
    if same_place(leaf, earlier.target) and item.marker.parent is earlier.marker.parent:
        return {}
    mine = {loop.value: loop for loop in loops_around(compiler, item)}
    theirs = {loop.value: loop for loop in loops_around(compiler, earlier)}
    mapping: dict[SSAValue, SSAValue] = {}
    for x, y in zip(leaf.entries, earlier.target.entries, strict=True):
        if (x.size, x.step, constant(x)) != (y.size, y.step, constant(y)):
            return None
        here, there = list(terms(x).items()), list(terms(y).items())
        if [c for _, c in here] != [c for _, c in there]:
            return None
        for (a, _), (b, _) in zip(here, there, strict=True):
            one, other = mine.get(a), theirs.get(b)
            if one is None or other is None or mapping.setdefault(b, a) is not a:
                return None
            if (one.start, one.step, one.count) != (other.start, other.step, other.count):
                return None
    return mapping


class _Copier:
    """Copies expressions, with other loop variables, or with slices replaced."""

    def __init__(
        self,
        recording: Recording,
        variables: dict[SSAValue, SSAValue],
        known: dict[SSAValue, SSAValue] | None = None,
    ):
        self.recording = recording
        self.variables = variables
        self.known = dict(known or {})

    def value(self, old: SSAValue) -> SSAValue:
        if old in self.known:
            return self.known[old]
        op = old.owner
        assert isinstance(op, Operation)
        if (piece := self.recording.slices.get(old)) is not None:
            new = self._slice(piece)
        else:
            inner = {o: self.value(o) for o in op.operands}
            if all(o is n for o, n in inner.items()):
                new = old
            else:
                copied = op.clone(dict(inner))
                copied.location = op.location
                new = copied.results[0]
        self.known[old] = new
        return new

    def _slice(self, piece: SliceValue) -> SSAValue:
        if not self.variables:
            return piece.ssa
        entries = []
        for entry in piece.entries:
            start = entry.start
            if isinstance(start, RuntimeInt):
                moved = {self.variables.get(v, v): c for v, c in start.affine.terms.items()}
                start = RuntimeInt(start.ssa, Affine(start.affine.constant, moved), start.bounds)
            entries.append(replace(entry, start=start))
        assert isinstance(piece.ssa.owner, Operation)
        copied = piece.ssa.owner.clone()
        copied.location = piece.ssa.owner.location
        new = SliceValue(
            copied.results[0],
            piece.tensor,
            tuple(entries),
            piece.where,
            piece.location,
            piece.whole,
            piece.stores_before,
        )
        self.recording.slices[new.ssa] = new
        return new.ssa


def _check(compiler: Recorder, recording: Recording, item: Store, before: list[Store]) -> None:
    """Refuse a store to what an earlier one wrote or read: other cores may not be done with it."""
    for earlier in before:
        if _overlap(item.target, earlier.target):
            raise at(
                compiler,
                item,
                f"tensor '{item.target.tensor.name}' is stored to twice in this kernel",
                hint="store the final value only",
                notes=[Note("it is stored to", earlier.where)],
            )
        for leaf in _slices(recording, earlier.value):
            if _overlap(item.target, leaf):
                raise at(
                    compiler,
                    item,
                    f"tensor '{item.target.tensor.name}' is stored to, but an earlier store reads it: another core may"
                    " still need the old values",
                    hint="make it two kernels, or store to a tensor of its own",
                    notes=[Note("it is read", leaf.where)],
                )
