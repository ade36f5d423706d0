# SPDX-License-Identifier: Apache-2.0
"""Writing a recorded kernel as a reader, a compute thread and a writer.

Blocks of a result are dealt to the cores in turn. For each, the reader brings the blocks of all slices, the compute thread
evaluates the expression, the writer takes the result away; double buffers let the three work at once.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any

from xdsl.dialects import scf
from xdsl.dialects.builtin import IndexType, LocationAttr, TensorType
from xdsl.ir import Block as IRBlock
from xdsl.ir import Operation, SSAValue

from ttlang.dialects.ttl.compute import BlockFillOp, BlockStoreOp, tile_of
from ttlang.dialects.ttl.data_movement import CopyOp, IndexAccessorOp
from ttlang.language.resources import CircularBuffer
from ttlang.language.scope import Thread, entered

from ..blocks import acquire, release
from ..loops import induction, inside_loop
from ..thread_compiler import ThreadCompiler
from ..values import Block
from .blocking import Blocking, choose
from .dependences import ordered
from .nests import Nest, constant, nest_of, terms
from .recording import Entry, LoopVariable, Recorder, SliceValue

if TYPE_CHECKING:
    from ..program import ProgramBuilder

_BUFFERS = 2


class SplitThread(Thread):
    """A thread that the compiler made of a kernel without threads."""

    __slots__ = ("_name",)

    def __init__(self, kernel: Thread, kind: str, name: str):
        super().__init__(kernel.function, kind, kernel.location)
        self._name = name

    @property
    def name(self) -> str:
        return self._name


@dataclass
class _Plan:
    """A nest with its blocks and buffers."""

    blocking: Blocking
    inputs: list[tuple[SliceValue, CircularBuffer]]
    output: CircularBuffer
    partial: CircularBuffer | None = None
    constants: set[int] = field(default_factory=set)
    """Positions of the inputs that all blocks share: read once."""

    @property
    def nest(self) -> Nest:
        return self.blocking.nest

    @property
    def summed(self) -> set[SSAValue]:
        """Slices that come in parts: the operands of a product whose sum is cut."""
        product = self.nest.contraction
        return set(product.operands) if product is not None and self.blocking.sum_steps > 1 else set()


def split(program: "ProgramBuilder", kernel: Thread) -> list[ThreadCompiler]:
    """The threads of a kernel without threads; raises CompileError at the Python that cannot be split."""
    recorder = Recorder(program, kernel)
    recording = recorder.record()
    nests = [nest_of(recorder, recording, item) for item in ordered(recorder, recording)]
    cores = prod(program.scope.grid)
    plans = [_plan(program, choose(nest, program.scope.chip, cores)) for nest in nests]
    threads = []
    for kind, name, write in (
        ("datamovement", "reader", _read),
        ("compute", "compute", _compute),
        ("datamovement", "writer", _write),
    ):
        compiler = ThreadCompiler(program, SplitThread(kernel, kind, name))
        for plan in plans:
            with placed(compiler, plan.nest.store.location):
                write(compiler, plan)
        threads.append(compiler)
    return threads


def _plan(program: "ProgramBuilder", blocking: Blocking) -> _Plan:
    nest = blocking.nest
    inputs = []
    shared = set()
    for position, leaf in enumerate(nest.leaves):
        is_shared = _is_shared(blocking, leaf)
        if is_shared:
            shared.add(position)
        inputs.append(
            (leaf, _buffer(program, leaf, blocking.slice_shape(leaf), 1 if is_shared else _BUFFERS))
        )
    output = _buffer(program, nest.store.target, blocking.result_shape, _BUFFERS)
    plan = _Plan(blocking, inputs, output, constants=shared)
    if (
        blocking.sum_steps > 1
        and nest.contraction is not None
        and nest.store.value is not nest.contraction.result
    ):
        shape = blocking.shapes[nest.contraction.result]
        assert shape is not None
        with entered(program.scope):
            plan.partial = CircularBuffer(shape, 1, tile_of(nest.contraction.result.type).dtype)
        plan.partial.location = nest.store.where
        program.add_buffer(plan.partial, f"{nest.store.target.tensor.name}_sum")
    return plan


def _buffer(
    program: "ProgramBuilder", piece: SliceValue, shape: tuple[int, ...], factor: int
) -> CircularBuffer:
    with entered(program.scope):
        buffer = CircularBuffer(shape, factor, piece.tensor.dtype, like=piece.tensor)
    buffer.location = piece.where
    program.add_buffer(buffer, f"{piece.tensor.name}_cb")
    return buffer


def _is_shared(blocking: Blocking, leaf: SliceValue) -> bool:
    """Whether every block of the result needs the same block of a slice."""
    turning = {loop.value for loop in blocking.nest.loops if loop.count > 1}
    labels = blocking.nest.labels[leaf.ssa]
    return all(
        not (terms(entry).keys() & turning) and blocking.entry_size(entry, label) == entry.size
        for entry, label in zip(leaf.entries, labels, strict=True)
    )


# Threads


def _read(compiler: ThreadCompiler, plan: _Plan) -> None:
    """Bring the blocks of all slices, for each block of the result and each part of its sum."""
    for position in sorted(plan.constants):
        _bring(compiler, plan, [plan.inputs[position]], {}, 0)
    moving = [pair for position, pair in enumerate(plan.inputs) if position not in plan.constants]
    summed = [pair for pair in moving if pair[0].ssa in plan.summed]
    others = [pair for pair in moving if pair not in summed]

    def item(places: dict[Any, Any]) -> None:
        if summed:
            counted(
                compiler, plan.blocking.sum_steps, lambda part: _bring(compiler, plan, summed, places, part)
            )
        if others:
            _bring(compiler, plan, others, places, 0)

    if moving:
        _for_each_item(compiler, plan.blocking, item)


def _bring(
    compiler: ThreadCompiler,
    plan: _Plan,
    pairs: list[tuple[SliceValue, CircularBuffer]],
    places: dict[Any, Any],
    part: Any,
) -> None:
    held = []
    for leaf, buffer in pairs:
        with placed(compiler, leaf.location):
            block = acquire(compiler, buffer, "reserve")
            labels = plan.nest.labels[leaf.ssa]
            source = _slice(compiler, plan.blocking, leaf, labels, places, part)
            compiler.emit(CopyOp(source, block.ssa))
            held.append((leaf, block))
    for leaf, block in held:
        with placed(compiler, leaf.location):
            release(compiler, block)


def _write(compiler: ThreadCompiler, plan: _Plan) -> None:
    target = plan.nest.store.target
    compiler.program.written.add(target.tensor)

    def item(places: dict[Any, Any]) -> None:
        block = acquire(compiler, plan.output, "wait")
        labels = tuple(range(len(target.entries)))
        destination = _slice(compiler, plan.blocking, target, labels, places, 0)
        compiler.emit(CopyOp(block.ssa, destination))
        release(compiler, block)

    _for_each_item(compiler, plan.blocking, item)


def _compute(compiler: ThreadCompiler, plan: _Plan) -> None:
    kept = {
        plan.inputs[n][0].ssa: acquire(compiler, plan.inputs[n][1], "wait") for n in sorted(plan.constants)
    }
    _for_each_item(compiler, plan.blocking, lambda _: _compute_item(compiler, plan, kept))
    for block in reversed(kept.values()):
        release(compiler, block)


def _compute_item(compiler: ThreadCompiler, plan: _Plan, kept: dict[SSAValue, Block]) -> None:
    nest = plan.nest
    product, summed = nest.contraction, plan.summed
    known: dict[SSAValue, SSAValue] = {value: block.ssa for value, block in kept.items()}

    def wait(wanted: Callable[[SSAValue], bool]) -> list[Block]:
        held = []
        for leaf, buffer in plan.inputs:
            if leaf.ssa not in kept and wanted(leaf.ssa):
                with placed(compiler, leaf.location):
                    held.append(acquire(compiler, buffer, "wait"))
                known[leaf.ssa] = held[-1].ssa
        return held

    def add(sum: Block) -> Callable[[Any], None]:
        def part(_: Any) -> None:
            assert product is not None
            held = wait(lambda value: value in summed)
            value = _Evaluation(compiler, plan, dict(known)).value(product.result, sum.shape)
            compiler.emit(BlockStoreOp(sum.ssa, value, acc=True))
            for block in reversed(held):
                release(compiler, block)

        return part

    if summed and plan.partial is None:
        result = acquire(compiler, plan.output, "reserve")
        counted(compiler, plan.blocking.sum_steps, add(result))
        release(compiler, result)
        return
    others: list[Block] = []
    if plan.partial is not None and product is not None:
        sum = acquire(compiler, plan.partial, "reserve")
        counted(compiler, plan.blocking.sum_steps, add(sum))
        release(compiler, sum)
        others.append(acquire(compiler, plan.partial, "wait"))
        known[product.result] = others[0].ssa
    others += wait(lambda value: value not in summed)
    result = acquire(compiler, plan.output, "reserve")
    value = _Evaluation(compiler, plan, known).value(nest.store.value, result.shape)
    compiler.emit(BlockStoreOp(result.ssa, value, acc=False))
    release(compiler, result)
    for block in reversed(others):
        release(compiler, block)


class _Evaluation:
    """Copies the ops of an expression, with the shapes of blocks."""

    def __init__(self, compiler: ThreadCompiler, plan: _Plan, known: dict[SSAValue, SSAValue]):
        self.compiler = compiler
        self.shapes = plan.blocking.shapes
        self.known = known

    def value(self, recorded: SSAValue, wanted: tuple[int, ...]) -> SSAValue:
        """`recorded` computed from blocks; `wanted` is the shape of what has none of its own."""
        if recorded in self.known:
            return self.known[recorded]
        op = recorded.owner
        assert isinstance(op, Operation)
        shape = self.shapes[recorded] or wanted
        inner = [self.value(o, self._wanted(op, o, shape)) for o in op.operands]
        copied = op.clone(dict(zip(op.operands, inner, strict=True)))
        result = copied.results[0]
        new = _retyped(result, shape)
        with placed(self.compiler, op.location):
            self.compiler.emit(copied)
        result._type = new
        if not isinstance(op, BlockFillOp):
            self.known[recorded] = result
        return result

    def _wanted(self, op: Operation, operand: SSAValue, shape: tuple[int, ...]) -> tuple[int, ...]:
        known = [self.shapes[o] for o in op.operands if self.shapes[o] is not None]
        type = operand.type
        recorded = type.get_shape() if isinstance(type, TensorType) else shape
        return (
            shape if op.name.startswith("ttl.block_") and (known or len(recorded) == len(shape)) else recorded
        )


def _retyped(value: SSAValue, shape: tuple[int, ...]) -> TensorType[Any]:
    return TensorType(tile_of(value.type), shape)


# Loops and places


@contextmanager
def placed(compiler: ThreadCompiler, location: LocationAttr) -> Iterator[None]:
    """Ops emitted inside carry a location that was recorded."""
    saved, compiler._location = compiler._location, location
    try:
        yield
    finally:
        compiler._location = saved


def counted(compiler: ThreadCompiler, stop: int, body: Callable[[Any], None]) -> None:
    """A loop from 0 to `stop`; one turn needs none."""
    if stop == 1:
        body(0)
    else:
        _loop(compiler, 0, stop, 1, body)


def _loop(compiler: ThreadCompiler, start: Any, stop: int, step: int, body: Callable[[Any], None]) -> None:
    lower, upper, stride = (compiler.index(v) for v in (start, stop, step))
    block = IRBlock(arg_types=[IndexType()])
    variable = induction(compiler, block.args[0], start, stop, step)
    with inside_loop(compiler, block, True):
        body(variable)
        compiler.emit(scf.YieldOp())
    compiler.emit(scf.ForOp(lower, upper, stride, [], block))


def _for_each_item(
    compiler: ThreadCompiler, blocking: Blocking, body: Callable[[dict[Any, Any]], None]
) -> None:
    """Call `body` for the blocks of this core, with the turn of each loop and the block of each dimension."""
    axes: list[tuple[Any, int]] = [(loop, loop.count) for loop in blocking.nest.outer]
    axes += [(n, count) for n, count in enumerate(blocking.counts)]

    def item(number: Any) -> None:
        places: dict[Any, Any] = {}
        rest = number
        for axis, count in reversed(axes):
            if count == 1:
                places[axis] = 0
                continue
            if all(n == 1 or a in places for a, n in axes if a is not axis):
                places[axis] = rest
            else:
                places[axis] = compiler.binary("mod", rest, count)
                rest = compiler.binary("floordiv", rest, count)
        body(places)

    cores = prod(compiler.program.scope.grid)
    items = blocking.items
    if items == 1 and cores == 1:
        item(0)
    else:
        first = compiler.core(1)[0]
        _loop(compiler, first, items, cores, item)


def _slice(
    compiler: ThreadCompiler,
    blocking: Blocking,
    piece: SliceValue,
    labels: tuple[Any, ...],
    places: dict[Any, Any],
    part: Any,
) -> SSAValue:
    """The block of a slice at one place."""
    starts, sizes, steps = [], [], []
    for entry, label in zip(piece.entries, labels, strict=True):
        start, step = _start(compiler, blocking, entry, label, places, part)
        starts.append(compiler.index(start))
        sizes.append(blocking.entry_size(entry, label))
        steps.append(step)
    accessor = compiler.program.accessor(compiler, piece.tensor)
    return compiler.emit(IndexAccessorOp(accessor, starts, sizes, steps)).results[0]


def _start(
    compiler: ThreadCompiler,
    blocking: Blocking,
    entry: Entry,
    label: Any,
    places: dict[Any, Any],
    part: Any,
) -> tuple[Any, int]:
    """First tile along a dimension, and the distance of its tiles."""
    nest = blocking.nest
    by_value: dict[SSAValue, LoopVariable] = {loop.value: loop for loop in nest.loops}
    start: Any = constant(entry)
    step = entry.step
    joined = nest.dimensions[label].loop if isinstance(label, int) else None
    for value, coefficient in terms(entry).items():
        loop = by_value[value]
        start = compiler.binary("add", start, coefficient * loop.start)
        delta = coefficient * loop.step
        if loop is joined:
            step = delta if entry.size == 1 else 1
            continue
        turn = places.get(loop, 0)
        start = compiler.binary("add", start, compiler.binary("mul", turn, delta))
    size = blocking.entry_size(entry, label)
    if (isinstance(label, int) and size != entry.size) or (
        joined is not None and joined.value in terms(entry)
    ):
        turn = places[label]
    elif label is not None and label == nest.contraction_label:
        turn = part
    else:
        return start, step
    return compiler.binary("add", start, compiler.binary("mul", turn, size * step)), step
