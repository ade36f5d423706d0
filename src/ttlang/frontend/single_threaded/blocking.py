# SPDX-License-Identifier: Apache-2.0
"""Sizes of blocks: what fits L1 twice over, keeps all cores busy, and lets transfers overlap with arithmetic.

A choice is judged by the time of its longest core: blocks of a core times the longest of reading, computing and writing
one, and two more to fill and drain the pipeline. Rates are those of the chip; the rest are rounded measurements.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import ceil, prod

from xdsl.ir import Operation, SSAValue

from ttlang.diagnostics import CompileError
from ttlang.dialects.ttl.compute import (
    BlockBroadcastOp,
    BlockFillOp,
    BlockMatmulOp,
    BlockReduceOp,
    BlockTransposeOp,
    BlockTypecastOp,
    broadcast_shape,
    tensor_shape,
)
from ttlang.dialects.ttl.syntax import array_ints
from ttlang.hardware import Chip

from .nests import Label, Nest, terms
from .recording import Entry, SliceValue

Sizes = dict[Label, int]
_PRODUCT_CYCLES = 70  # of two tiles
_FUNCTION_CYCLES = 80  # of a tile
_BLOCK_CYCLES = 400  # handing over a block: buffers, addresses, the first transfer's way
_CORE_BYTES_PER_CYCLE = 25  # of one core's reads
_L1_SHARE = 0.8  # the compiler adds buffers of its own
_MOST_TILES = 64  # of a block: more gains nothing


@dataclass(frozen=True)
class Blocking:
    """Block sizes of a nest by label, and into how many blocks that cuts each dimension and the sum of a product."""

    nest: Nest
    sizes: Sizes

    @property
    def counts(self) -> list[int]:
        return [d.extent // self.sizes[n] for n, d in enumerate(self.nest.dimensions)]

    @property
    def items(self) -> int:
        """Blocks of the result."""
        return prod(loop.count for loop in self.nest.outer) * prod(self.counts)

    @property
    def sum_steps(self) -> int:
        label = self.nest.contraction_label
        return 1 if label is None else self.nest.contraction_size // self.sizes[label]

    def entry_size(self, entry: Entry, label: Label) -> int:
        """Tiles of a block along one dimension of a slice."""
        if isinstance(label, int):
            dimension = self.nest.dimensions[label]
            joined = dimension.loop is not None and dimension.loop.value in terms(entry)
            if joined or (dimension.loop is None and entry.size == dimension.size):
                return self.sizes[label]
            return entry.size
        return self.sizes.get(label, entry.size)

    def slice_shape(self, piece: SliceValue) -> tuple[int, ...]:
        labels = self.nest.labels[piece.ssa]
        return tuple(self.entry_size(e, label) for e, label in zip(piece.entries, labels, strict=True))

    @property
    def result_shape(self) -> tuple[int, ...]:
        return tuple(self.sizes[n] for n in range(len(self.nest.dimensions)))

    @cached_property
    def shapes(self) -> dict[SSAValue, tuple[int, ...] | None]:
        """The shape in tiles of every value under the store; None for fills, which have that of their neighbours."""
        found: dict[SSAValue, tuple[int, ...] | None] = {
            leaf.ssa: self.slice_shape(leaf) for leaf in self.nest.leaves
        }

        def visit(value: SSAValue) -> tuple[int, ...] | None:
            if value not in found:
                assert isinstance(value.owner, Operation)
                found[value] = self._shape(value.owner, [visit(o) for o in value.owner.operands])
            return found[value]

        visit(self.nest.store.value)
        return found

    def _shape(self, op: Operation, given: list[tuple[int, ...] | None]) -> tuple[int, ...] | None:
        recorded = tensor_shape(op.results[0].type) or ()
        known = [shape for shape in given if shape is not None]
        if isinstance(op, BlockFillOp) or not known:
            return None
        match op:
            case BlockMatmulOp():
                left, right = (
                    shape or tensor_shape(o.type) or () for shape, o in zip(given, op.operands, strict=True)
                )
                columns = right[-2] if op.transpose_rhs is not None else right[-1]
                batch = broadcast_shape([left[:-2], right[:-2]]) if len(left) + len(right) > 4 else ()
                return (*batch, left[-2], columns)
            case BlockReduceOp():
                dims = array_ints(op.dims)
                return tuple(1 if d in dims else size for d, size in enumerate(known[0]))
            case BlockBroadcastOp():
                dims = array_ints(op.dims)
                labels = self.nest.labels[op.results[0]]
                return tuple(
                    self._repeated(labels[d], recorded[d]) if d in dims and recorded[d] > 1 else size
                    for d, size in enumerate(known[0])
                )
            case BlockTransposeOp():
                shape = known[0]
                return (*shape[:-2], shape[-1], shape[-2])
            case BlockTypecastOp():
                return known[0]
        return broadcast_shape(known)

    def _repeated(self, label: Label, size: int) -> int:
        return self.sizes.get(label, size) if isinstance(label, int) else size

    def bytes(self) -> int:
        """L1 for the blocks of slices and result, each twice, and of what is kept in between."""
        pieces = [*self.nest.leaves, self.nest.store.target]
        shapes = [*(self.slice_shape(leaf) for leaf in self.nest.leaves), self.result_shape]
        held = sum(
            2 * prod(shape) * piece.tensor.dtype.format.tile_bytes
            for piece, shape in zip(pieces, shapes, strict=True)
        )
        widest = max(piece.tensor.dtype.format.tile_bytes for piece in pieces)
        for value, shape in self.shapes.items():
            if isinstance(value.owner, BlockReduceOp | BlockMatmulOp | BlockTransposeOp):
                inner = [self.shapes.get(o) for o in value.owner.operands]
                held += widest * (prod(shape or ()) + max(prod(s or ()) for s in inner))
        return held

    def cycles(self, chip: Chip, cores: int) -> float:
        """Time of the core that has most to do."""
        busy = min(cores, self.items)
        turns = ceil(self.items / cores) * self.sum_steps
        rate = min(_CORE_BYTES_PER_CYCLE, chip.dram.banks * chip.dram.read_bytes_per_cycle / busy)
        reading = sum(
            prod(self.slice_shape(leaf)) * leaf.tensor.dtype.format.tile_bytes for leaf in self.nest.leaves
        )
        writing = prod(self.result_shape) * self.nest.store.target.tensor.dtype.format.tile_bytes
        computing = 0.0
        for value, shape in self.shapes.items():
            op = value.owner
            if isinstance(op, BlockMatmulOp):
                depth = (self.shapes[op.lhs] or (1,))[-1]
                computing += prod(shape or ()) * depth * _PRODUCT_CYCLES
            elif shape is not None and not any(value is leaf.ssa for leaf in self.nest.leaves):
                computing += prod(shape) * _FUNCTION_CYCLES
        stage = max(reading / rate, computing, writing / rate / self.sum_steps) + _BLOCK_CYCLES
        return (turns + 2) * stage


def choose(nest: Nest, chip: Chip, cores: int) -> Blocking:
    """The best blocks of a nest; raises CompileError when the smallest do not fit L1."""
    space = chip.l1.cb_bytes * _L1_SHARE
    smallest: Blocking | None = None
    best: tuple[float, Blocking] | None = None
    for sizes in _candidates(nest):
        blocking = Blocking(nest, sizes)
        if prod(blocking.result_shape) > _MOST_TILES and best is not None:
            continue
        needed = blocking.bytes()
        if smallest is None or needed < smallest.bytes():
            smallest = blocking
        if needed > space:
            continue
        cycles = blocking.cycles(chip, cores)
        if best is None or cycles < best[0]:
            best = cycles, blocking
    if best is not None:
        return best[1]
    assert smallest is not None
    raise CompileError(
        f"the smallest blocks of this store need {smallest.bytes()} bytes of L1; there are {int(space)} for them",
        nest.store.where,
        hint="what is reduced must lie in L1 as a whole: reduce in parts, or make the tensor bfloat16",
    )


def _candidates(nest: Nest) -> Iterator[Sizes]:
    labels: list[Label] = list(range(len(nest.dimensions)))
    used = {label for own in nest.labels.values() for label in own}
    options = [
        _divisors(d.extent) if n in used and n not in nest.uncut else [d.extent]
        for n, d in enumerate(nest.dimensions)
    ]
    if nest.contraction_label is not None:
        labels.append(nest.contraction_label)
        options.append([d for d in _divisors(nest.contraction_size) if d <= 16] or [1])
    for choice in product(*options):
        yield dict(zip(labels, choice, strict=True))


def _divisors(size: int) -> list[int]:
    """Ways to cut a dimension evenly, largest blocks of `_MOST_TILES`."""
    return [d for d in range(1, min(size, _MOST_TILES) + 1) if size % d == 0]
