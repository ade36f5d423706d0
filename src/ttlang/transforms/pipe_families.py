# SPDX-License-Identifier: Apache-2.0
"""One piece of code for the ends of many pipes that differ in their cores only.

A net has a pipe for each core that sends, and each of them its own code, guarded by its own core: the code of all is in
the program of every core. Where the cores of such ends form a rectangle, or every n-th core of one, and their pipes go the
same way, as along the rows of a grid or around a ring, one guarded piece of code does, with a pipe whose coordinates are
computed from those of the core.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import IndexType, IntegerAttr, i64
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from ttlang.dialects.ttl.attributes import PipeType
from ttlang.dialects.ttl.coordinates import Coordinate
from ttlang.dialects.ttl.data_movement import CoreIndexOp
from ttlang.dialects.ttl.pipes import CreatePipeOp, IfSrcOp, PipeEndOp
from ttlang.dialects.ttl.semaphores import SemaphoreIncOp
from ttlang.dialects.ttl.structure import ThreadOp

from .core_values import Core
from .program_structure import remove

RECEIVERS, LOOPS_BACK = "receivers", "loops_back"
"""Attributes of a pipe whose cores are computed: how many receive, and whether the source is one of them (0 or 1)."""


@dataclass(frozen=True)
class Place:
    """A number that a core has by where it stands: its coordinate in a dimension, or, with a `period`,
    `(coordinate + shift) mod period`, its place on a ring.
    """

    dimension: int
    period: int = 0
    shift: int = 0

    def of(self, coordinate: int) -> int:
        return (coordinate + self.shift) % self.period if self.period else coordinate


@dataclass(frozen=True)
class Progression:
    """`scale * place + offset` of a core; a constant with scale 0."""

    scale: int
    place: Place
    offset: int

    @classmethod
    def through(
        cls, values: Sequence[int], own: Sequence[Sequence[int | None]], rings: Iterable[Place]
    ) -> "Progression | None":
        """The form that has `values` on cores with the coordinates `own` (None: not one coordinate).

        It goes straight along a dimension, or around one of the rings.
        """
        if len(set(values)) == 1:
            return cls(0, Place(0), values[0])
        sides = list(zip(*own, strict=True))
        for place in (*map(Place, range(len(sides))), *rings):
            known = [place.of(c) for c in sides[place.dimension] if c is not None]
            if len(known) == len(values) and (found := cls._straight(values, known, place)) is not None:
                return found
        return None

    @classmethod
    def _straight(cls, values: Sequence[int], at: Sequence[int], place: Place) -> "Progression | None":
        other = next((i for i, c in enumerate(at) if c != at[0]), None)
        if other is None or (values[other] - values[0]) % (at[other] - at[0]):
            return None
        scale = (values[other] - values[0]) // (at[other] - at[0])
        offset = values[0] - scale * at[0]
        fits = all(v == scale * c + offset for v, c in zip(values, at, strict=True))
        return cls(scale, place, offset) if fits else None

    def gives(self, value: int, own: Sequence[int | None]) -> bool:
        """Whether it is `value` on a core with the coordinates `own`."""
        coordinate = own[self.place.dimension] if self.scale else 0
        return coordinate is not None and value == self.scale * self.place.of(coordinate) + self.offset


def _rings(value: int, own: Sequence[int | None], grid: Sequence[int]) -> list[Place]:
    """The rings around the grid on which a core with the coordinates `own` has the place `value`."""
    return [
        Place(dimension, size, (value - coordinate) % size)
        for dimension, (coordinate, size) in enumerate(zip(own, grid, strict=True))
        if coordinate is not None and value < size
    ]


def _corners(end: PipeEndOp) -> tuple[Core, Core]:
    """First and last core at an end of a pipe."""
    type = end.pipe_type
    first, last = (type.coordinates[0],) * 2 if isinstance(end, IfSrcOp) else type.corners
    return first, last


def _own(end: PipeEndOp) -> tuple[int | None, ...]:
    """The coordinates that all cores at an end have."""
    return tuple(a if a == b else None for a, b in zip(*_corners(end), strict=True))


def _lattice(ends: Sequence[PipeEndOp]) -> tuple[range, ...] | None:
    """The coordinates, by dimension, that the cores at these ends have in all combinations; None when there are none such.

    Cores of a multicast are given to the network by their corners: those form rectangles only.
    """
    parts = [_cores(end) for end in ends]
    cores, count = set().union(*parts), sum(map(len, parts))
    sides = []
    for found in zip(*cores, strict=True):
        places = sorted(set(found))
        step = places[1] - places[0] if len(places) > 1 else 1
        side = range(places[0], places[-1] + 1, step)
        if list(side) != places:
            return None
        sides.append(side)
    return tuple(sides) if len(cores) == count == prod(map(len, sides)) else None


def _cores(end: PipeEndOp) -> set[Core]:
    return set(product(*(range(a, b + 1) for a, b in zip(*_corners(end), strict=True))))


def _made(end: PipeEndOp) -> CreatePipeOp | None:
    pipe = end.pipe.owner
    return pipe if isinstance(pipe, CreatePipeOp) and pipe.pipe_type.is_static else None


def _kind(end: PipeEndOp) -> object:
    """What ends of one family have in common; None for an end of none."""
    pipe = _made(end)
    if pipe is None or pipe.net is None:
        return None
    type = pipe.pipe_type
    source, first, last = type.coordinates
    loops = all(a <= c <= b for c, a, b in zip(source, first, last, strict=True))
    extents = tuple(b - a for a, b in zip(first, last, strict=True))
    attributes: dict[str, Attribute] = dict(pipe.attributes)
    return end.name, pipe.net, attributes, type.is_multicast, extents, loops


@dataclass
class _Match:
    """How the bodies of ends correspond: what differs from one to the next."""

    ends: list[PipeEndOp]
    constants: dict[tuple[Operation, int], list[int]] = field(default_factory=dict)
    sources: dict[Operation, list[Core]] = field(default_factory=dict)  # semaphores of the pipes' sources

    def add(self, end: PipeEndOp) -> bool:
        """Take one more end; False, and nothing changed, when its code is another."""
        constants: dict[tuple[Operation, int], int] = {}
        sources: dict[Operation, Core] = {}
        counterpart: dict[SSAValue, SSAValue] = {self.ends[0].pipe: end.pipe}
        if not self._same_block(self.ends[0].body.block, end.body.block, counterpart, constants, sources):
            return False
        for place, value in constants.items():
            before = self.constants.setdefault(
                place, [_constant(place[0].operands[place[1]])] * len(self.ends)
            )
            before.append(value)
        for place, values in self.constants.items():
            if place not in constants:
                values.append(values[0])
        for op, core in sources.items():
            self.sources.setdefault(op, [self.ends[0].pipe_type.coordinates[0]] * len(self.ends)).append(core)
        self.ends.append(end)
        return True

    def _same_block(
        self,
        mine: Block,
        other: Block,
        counterpart: dict[SSAValue, SSAValue],
        constants: dict[tuple[Operation, int], int],
        sources: dict[Operation, Core],
    ) -> bool:
        ops, others = list(mine.ops), list(other.ops)
        if len(ops) != len(others) or len(mine.args) != len(other.args):
            return False
        counterpart.update(zip(mine.args, other.args, strict=True))
        for a, b in zip(ops, others, strict=True):
            if a.name != b.name or a.attributes != b.attributes or len(a.regions) != len(b.regions):
                return False
            if a.properties != b.properties:
                core = self._source_of(a, b)
                if core is None:
                    return False
                sources[a] = core
            if not self._same_operands(a, b, counterpart, constants):
                return False
            if any(x.type != y.type for x, y in zip(a.results, b.results, strict=True)):
                return False
            counterpart.update(zip(a.results, b.results, strict=True))
            for x, y in zip(a.regions, b.regions, strict=True):
                if len(x.blocks) != len(y.blocks):
                    return False
                for inner, its in zip(x.blocks, y.blocks, strict=True):
                    if not self._same_block(inner, its, counterpart, constants, sources):
                        return False
        return True

    def _source_of(self, a: Operation, b: Operation) -> Core | None:
        """The core that `b` signals, when `a` and `b` signal the sources of their pipes and differ in nothing else."""
        if not isinstance(a, SemaphoreIncOp) or not isinstance(b, SemaphoreIncOp):
            return None
        mine, theirs = a.target_core, b.target_core
        rest = [{k: v for k, v in op.properties.items() if k != "core"} for op in (a, b)]
        if (
            mine is None
            or theirs is None
            or rest[0] != rest[1]
            or not all(isinstance(c, int) for c in theirs)
        ):
            return None
        if tuple(mine) != self.ends[0].pipe_type.coordinates[0]:
            return None
        return tuple(c for c in theirs if isinstance(c, int))

    @staticmethod
    def _same_operands(
        a: Operation,
        b: Operation,
        counterpart: dict[SSAValue, SSAValue],
        constants: dict[tuple[Operation, int], int],
    ) -> bool:
        if len(a.operands) != len(b.operands):
            return False
        for i, (x, y) in enumerate(zip(a.operands, b.operands, strict=True)):
            if counterpart.get(x, x) is y:
                continue
            if x in counterpart or x.type != y.type or not isinstance(x.type, IndexType):
                return False
            if not isinstance(x.owner, arith.ConstantOp) or not isinstance(y.owner, arith.ConstantOp):
                return False
            constants[a, i] = _constant(y)
        return True


def _constant(value: SSAValue) -> int:
    assert isinstance(value.owner, arith.ConstantOp) and isinstance(value.owner.value, IntegerAttr)
    return value.owner.value.value.data


@dataclass(frozen=True)
class _Family:
    """Ends with one code: the cores that run it, the coordinates of their pipe, what else is computed from the core's."""

    match: _Match
    cores: tuple[range, ...]
    pipe: tuple[
        tuple[Progression, ...], ...
    ]  # source, first and last receiver; empty when the code uses no pipe
    values: dict[tuple[Operation, int], Progression]
    sources: dict[Operation, tuple[Progression, ...]]

    @classmethod
    def of(cls, match: _Match, count: int, grid: tuple[int, ...]) -> "_Family | None":
        """The first `count` ends of a match as a family, when they are one."""
        ends = match.ends[:count]
        cores = _lattice(ends)
        if cores is None:
            return None
        own = [_own(end) for end in ends]

        def fit(rows: Sequence[Sequence[int]]) -> tuple[Progression, ...] | None:
            found = [
                Progression.through(values, own, _rings(values[0], own[0], grid))
                for values in zip(*rows, strict=True)
            ]
            return None if None in found else tuple(f for f in found if f is not None)

        coordinates = [end.pipe_type.coordinates for end in ends]
        pipe = [fit([c[part] for c in coordinates]) for part in range(3)]
        rings = dict.fromkeys(form.place for forms in pipe for form in forms or () if form.place.period)
        if not _uses_pipe(ends[0]):
            pipe = []  # code that does not use its pipe may be that of any
        values = {place: Progression.through(v[:count], own, rings) for place, v in match.constants.items()}
        sources = {op: fit(found[:count]) for op, found in match.sources.items()}
        if None in pipe or None in values.values() or None in sources.values():
            return None
        return cls(
            match,
            cores,
            tuple(p for p in pipe if p is not None),
            {k: v for k, v in values.items() if v is not None},
            {k: v for k, v in sources.items() if v is not None},
        )


class _Builder:
    """Writes the code of a family in the place of its first end."""

    def __init__(self, family: _Family, count: int, grid: tuple[int, ...]):
        self.family = family
        self.ends = family.match.ends[:count]
        self.grid = grid
        self.first = self.ends[0]
        self.location = self.first.location
        index = CoreIndexOp(len(grid))
        self.coordinates = [self._insert(index).results[i] for i in range(len(grid))]
        for result, axis in zip(self.coordinates, "xyz", strict=False):
            result.name_hint = f"core_{axis}"
        self._places: dict[Place, SSAValue] = {}

    def _insert(self, op: Operation) -> Operation:
        op.location = self.location
        if op.parent is None:
            assert self.first.parent is not None
            self.first.parent.insert_op_before(op, self.first)
        return op

    def _number(self, value: int) -> SSAValue:
        return self._insert(arith.ConstantOp.from_int_and_width(value, IndexType())).results[0]

    def _value(self, form: Progression) -> SSAValue:
        if form.scale == 0:
            return self._number(form.offset)
        value = self._place(form.place)
        if form.scale != 1:
            value = self._insert(arith.MuliOp(value, self._number(form.scale))).results[0]
        if form.offset == 0:
            return value
        return self._insert(arith.AddiOp(value, self._number(form.offset))).results[0]

    def _place(self, place: Place) -> SSAValue:
        if place not in self._places:
            value = self.coordinates[place.dimension]
            if place.shift:
                value = self._insert(arith.AddiOp(value, self._number(place.shift))).results[0]
            if place.period:
                value = self._insert(arith.RemUIOp(value, self._number(place.period))).results[0]
            self._places[place] = value
        return self._places[place]

    def _coordinate(self, form: Progression) -> Coordinate:
        return form.offset if form.scale == 0 else self._value(form)

    def _pipe(self) -> SSAValue:
        made = _made(self.first)
        assert made is not None
        source, first, last = ([self._coordinate(f) for f in part] for part in self.family.pipe)
        multicast = made.pipe_type.is_multicast
        net = None if made.net is None else made.net.value.data
        op = CreatePipeOp(source, None if multicast else first, [first, last] if multicast else None, net=net)
        op.attributes.update(made.attributes)
        type = made.pipe_type
        begin, low, high = type.coordinates
        loops = all(a <= c <= b for c, a, b in zip(begin, low, high, strict=True))
        count = prod(b - a + 1 for a, b in zip(low, high, strict=True))
        op.attributes[RECEIVERS], op.attributes[LOOPS_BACK] = IntegerAttr(count, i64), IntegerAttr(loops, i64)
        op.pipe.name_hint = made.pipe.name_hint
        self._insert(op)
        return op.pipe

    def _condition(self) -> SSAValue | None:
        """Whether this core is one of the family's; None when all are."""
        condition: SSAValue | None = None
        for own, side, size in zip(self.coordinates, self.family.cores, self.grid, strict=True):
            low, high = side[0], side[-1]
            tests = [(own, "eq", low)] if low == high and size > 1 else []
            if low != high:
                tests = [(own, "sge", low)] if low >= side.step else []
                tests += [(own, "sle", high)] if high < size - side.step else []
            if side.step > 1:
                rest = self._insert(arith.RemUIOp(own, self._number(side.step))).results[0]
                tests.append((rest, "eq", low % side.step))
            for value, predicate, bound in tests:
                test = self._insert(arith.CmpiOp(value, self._number(bound), predicate)).results[0]
                condition = (
                    test if condition is None else self._insert(arith.AndIOp(condition, test)).results[0]
                )
        return condition

    def build(self) -> None:
        """Replace the ends by one guarded piece of code."""
        body, family = self.first.body.block, self.family
        for (op, position), form in family.values.items():
            op.operands[position] = self._value(form)
        for op, forms in family.sources.items():
            assert isinstance(op, SemaphoreIncOp) and op.parent is not None
            new = SemaphoreIncOp(op.semaphore, op.amount, [self._coordinate(f) for f in forms])
            new.location = op.location
            op.parent.insert_op_before(new, op)
            op.parent.erase_op(op)
        if family.pipe:
            pipe = self._pipe()
            self.first.pipe.replace_uses_with_if(pipe, lambda use: _is_in(use.operation, body))
        condition = self._condition()
        inner = list(body.ops)
        for op in inner:
            op.detach()
        if condition is None:
            assert self.first.parent is not None
            self.first.parent.insert_ops_before(inner, self.first)
        else:
            end = scf.YieldOp()
            end.location = self.location
            block = Block([*inner, end])
            self._insert(scf.IfOp(condition, [], Region(block)))
        for old in self.ends:
            remove(old)


def _uses_pipe(end: PipeEndOp) -> bool:
    return any(_is_in(use.operation, end.body.block) for use in end.pipe.uses)


def _is_in(op: Operation, block: Block) -> bool:
    at: Operation | None = op
    while at is not None:
        if at.parent is block:
            return True
        at = at.parent_op()
    return False


def _runs(block: Block) -> Iterator[list[PipeEndOp]]:
    """Ends that stand in a row and are of one kind."""
    run: list[PipeEndOp] = []
    kind: object = None
    for op in list(block.ops):
        found = _kind(op) if isinstance(op, PipeEndOp) else None
        if run and found != kind:
            yield run
            run = []
        if isinstance(op, PipeEndOp) and found is not None:
            run.append(op)
        kind = found
    if run:
        yield run


class _Course:
    """The coordinates of pipes that are taken together, as far as they go the same way."""

    def __init__(self, end: PipeEndOp, grid: tuple[int, ...]):
        self.grid = grid
        self.own = [_own(end)]
        self.values = [_numbers(end)]
        self.forms = [Progression(0, Place(0), value) for value in self.values[0]]

    def takes(self, end: PipeEndOp) -> bool:
        """Whether one more pipe goes the same way; it then belongs to them."""
        own, numbers = _own(end), _numbers(end)
        forms = list(self.forms)
        for i, (form, value) in enumerate(zip(self.forms, numbers, strict=True)):
            if form.gives(value, own):
                continue
            values = [*(v[i] for v in self.values), value]
            other = Progression.through(values, [*self.own, own], _rings(values[0], self.own[0], self.grid))
            if other is None:
                return False
            forms[i] = other
        self.own.append(own)
        self.values.append(numbers)
        self.forms = forms
        return True


def _numbers(end: PipeEndOp) -> list[int]:
    """All coordinates of a pipe: of its source, its first and its last receiver."""
    return [c for core in end.pipe_type.coordinates for c in core]


def _merge_run(run: Sequence[PipeEndOp], grid: tuple[int, ...]) -> None:
    """Replace the ends of a run by as few pieces of code as their order allows.

    An end may come before others that no core shares with it: the order in which a core runs its own stays.
    """
    remaining = list(run)
    while remaining:
        first = remaining.pop(0)
        match, course, passed = _Match([first]), _Course(first, grid), set[Core]()
        free = not _uses_pipe(first)
        for end in remaining:
            cores = _cores(end)
            if not cores.isdisjoint(passed) or not (free or course.takes(end)) or not match.add(end):
                passed |= cores
        for count in range(len(match.ends), 1, -1):
            family = _Family.of(match, count, grid)
            if family is not None:
                taken = set(match.ends[1:count])
                remaining = [end for end in remaining if end not in taken]
                _Builder(family, count, grid).build()
                break


def merge_pipe_ends(thread: ThreadOp, grid: tuple[int, ...]) -> None:
    """Give ends of pipes that stand in a row, and do the same, one code; the handshakes must have been made.

    Each core runs what it ran before, in the same order. Multicasts are merged on grids of two dimensions only, where
    a rectangle of the grid is one of the chip.
    """
    blocks = [b for op in thread.walk() for region in op.regions for b in region.blocks]
    for block in reversed(blocks):
        for run in _runs(block):
            multicast = isinstance(run[0].pipe.type, PipeType) and run[0].pipe.type.is_multicast
            if len(run) > 1 and (not multicast or len(grid) == 2):
                _merge_run(run, grid)
