# SPDX-License-Identifier: Apache-2.0
"""Recording a kernel without threads: slices are operands of expressions, stores are remembered with their loops.

The body is compiled like that of a thread, so names, loops and helper functions mean the same. What it emits stays
apart: it is the description that the threads are made from, not code.
"""

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import IntegerAttr, LocationAttr, UnrealizedConversionCastOp
from xdsl.ir import Operation, SSAValue

from ttlang.diagnostics import CompileError, Note, SourceLocation
from ttlang.dialects.ttl.data_movement import IndexAccessorOp
from ttlang.dialects.ttl.debugging import AssertOp, PrintOp, SignpostOp
from ttlang.language import kernel as language_kernel
from ttlang.language import operations, pipes, resources
from ttlang.language.programs import Program
from ttlang.language.scope import Thread
from ttlang.language.semaphores import Semaphore
from ttlang.language.tensors import TensorParameter

from ..blocks import operand, slice_bounds
from ..integers import affine_of
from ..thread_compiler import ThreadCompiler
from ..values import RuntimeInt, TensorValue, shape_text

if TYPE_CHECKING:
    from ..program import ProgramBuilder

SINGLE_THREADED = "single_threaded"
_NOT_HERE = (
    operations.copy,
    operations.dma,
    pipes.Pipe,
    pipes.PipeNet,
    pipes.if_pipe_src,
    pipes.if_pipe_dst,
    resources.CircularBuffer,
    resources.make_circular_buffer_like,
    resources.make_dataflow_buffer_like,
    resources.core,
    resources.core_index,
    resources.grid_size,
    Program,
    Semaphore,
    language_kernel.compute,
    language_kernel.datamovement,
)
"""What threads are made of; the compiler makes it for a kernel without them."""

_SEEN_ON_THE_DEVICE: dict[type[Operation], str] = {
    PrintOp: "'print'",
    AssertOp: "an assertion about run-time values",
    SignpostOp: "'signpost'",
}
_ACCUMULATES = (
    "a store of a single-threaded kernel cannot accumulate: each turn would wait for the one before",
    None,
    "write the sum as one expression: a[i, :] @ b[:, j], or ttl.math.reduce_sum(...)",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One dimension of a slice, in tiles: `start + i * step` for `size` values of i."""

    start: "int | RuntimeInt"
    size: int
    step: int


@dataclass(eq=False, slots=True)
class SliceValue(TensorValue):
    """A slice of a tensor argument, as a value to compute with and a place to store to."""

    tensor: TensorParameter
    entries: tuple[Entry, ...]
    where: SourceLocation
    location: LocationAttr
    whole: bool = False
    stores_before: int = 0
    """How many stores were recorded when the slice was read."""


@dataclass(eq=False, slots=True)
class Store:
    """`target.store(value)`, and the op that marks its place among the loops."""

    target: SliceValue
    value: SSAValue
    marker: Operation
    where: SourceLocation
    location: LocationAttr


@dataclass(eq=False, slots=True)
class LoopVariable:
    """A loop around a store: `count` turns from `start` on."""

    value: SSAValue
    start: int
    step: int
    count: int


@dataclass
class Recording:
    """Everything that a kernel without threads stores, in order, and the slices by their values."""

    stores: list[Store] = field(default_factory=list)
    slices: dict[SSAValue, SliceValue] = field(default_factory=dict)
    known: dict[Any, SliceValue] = field(default_factory=dict)
    """Slices by their places: what is read twice between two stores is one value."""


class Recorder(ThreadCompiler):
    """Compiles the body of a kernel without threads into a recording."""

    def __init__(self, program: "ProgramBuilder", thread: Thread):
        super().__init__(program, thread)
        self.recording = Recording()

    def record(self) -> Recording:
        node = self.frame.source.node
        assert isinstance(node, ast.FunctionDef)
        parameters = [*node.args.posonlyargs, *node.args.args]
        for parameter, value in zip(parameters, self.thread.arguments, strict=True):
            with self.at(parameter):
                bound = self._whole(value) if isinstance(value, TensorParameter) else value
            self.frame.locals[parameter.arg] = bound
        self.run(node.body)
        if not self.recording.stores:
            raise self.error(
                f"kernel '{self.thread.name}' stores nothing",
                node,
                hint="write its results: out[i].store(...)",
            )
        return self.recording

    def check_callee(self, callee: Any) -> None:
        if any(callee is refused for refused in _NOT_HERE):
            raise self.error(
                f"'{callee.__name__}' has no place in a single-threaded kernel",
                hint="the compiler makes its threads, buffers and synchronisation; mode='multi_threaded' leaves them to you",
            )

    def emit(self, op: Operation) -> Operation:
        if (name := _SEEN_ON_THE_DEVICE.get(type(op))) is not None:
            raise self.error(
                f"{name} in a single-threaded kernel",
                hint="its turns are taken by cores in any order, by no thread of yours; what is known at compile time may be"
                " asserted",
            )
        return super().emit(op)

    def check_assignment(self, target: Any) -> None:
        if isinstance(target, SliceValue):
            raise self.error("assignment to a slice", hint="write slice.store(value)")

    def check_accumulation(self, target: Any) -> None:
        if isinstance(target, SliceValue):
            raise self.error(*_ACCUMULATES)

    def _whole(self, tensor: TensorParameter) -> SliceValue:
        if not tensor.spec.tiled:
            raise self.error(
                f"tensor '{tensor.name}' is row-major: single-threaded kernels compute on tiles",
                hint="make it tiled: layout=ttl.TILE",
            )
        entries = tuple(Entry(0, size, 1) for size in tensor.spec.shape_units)
        return self._piece(tensor, entries, whole=True)

    def _piece(self, tensor: TensorParameter, entries: tuple[Entry, ...], whole: bool = False) -> SliceValue:
        before = len(self.recording.stores)
        affine = [affine_of(e.start) for e in entries]
        places = tuple(
            (a.constant, frozenset(a.terms.items()), e.size, e.step)
            for a, e in zip(affine, entries, strict=True)
        )
        key = (tensor, places, before, whole)
        if key in self.recording.known:
            return self.recording.known[key]
        accessor = self.program.accessor(self, tensor)
        starts = [self.index(e.start) for e in entries]
        op = IndexAccessorOp(accessor, starts, [e.size for e in entries], [e.step for e in entries])
        value = self.emit(op).results[0]
        result = SliceValue(value, tensor, entries, self.here(), self.location(), whole, before)
        self.recording.slices[value] = self.recording.known[key] = result
        return result

    def subscript(self, owner: SliceValue, index: Any) -> SliceValue:
        """`tensor[index]`: dimensions that the index leaves out are taken whole."""
        if not owner.whole:
            raise self.error("a slice of a slice", hint="write one index into the tensor")
        tensor = owner.tensor
        whole = tensor.spec.shape_units
        given = index if isinstance(index, tuple) else (index,)
        if len(given) > len(whole):
            raise self.error(
                f"{len(given)} indices for tensor '{tensor.name}' of rank {len(whole)}",
                hint="give an index or a slice per dimension; they count tiles",
            )
        padded = (*given, *(slice(None),) * (len(whole) - len(given)))
        entries = []
        for dimension, (entry, extent) in enumerate(zip(padded, whole, strict=True)):
            entries.append(Entry(*slice_bounds(self, tensor, dimension, entry, extent)))
        return self._piece(tensor, tuple(entries))


def store(compiler: Recorder, target: SliceValue, value: Any, acc: Any = False) -> None:
    """`target.store(value)`."""
    if acc is not False:
        raise compiler.error(*_ACCUMULATES)
    source = operand(compiler, value, target, "a store")
    if source.shape != target.shape:
        raise compiler.error(
            f"a slice of {shape_text(target.shape)} tiles cannot hold a value of {shape_text(source.shape)} tiles"
        )
    marker = compiler.emit(UnrealizedConversionCastOp(operands=[[source.ssa]], result_types=[[]]))
    compiler.recording.stores.append(Store(target, source.ssa, marker, compiler.here(), compiler.location()))


def loops_around(compiler: Recorder, item: Store) -> list[LoopVariable]:
    """Loops of a store, outermost first; refuses what is no loop over a range known at compile time."""
    found: list[LoopVariable] = []
    parent = item.marker.parent_op()
    while parent is not None:
        if not isinstance(parent, scf.ForOp):
            raise at(
                compiler,
                item,
                "a store that depends on a run-time condition cannot be split into threads",
                hint="choose between values with ttl.math.where, or write the threads yourself",
            )
        bounds = [_constant(v) for v in (parent.lb, parent.ub, parent.step)]
        if None in bounds:
            raise at(compiler, item, "a loop around this store has bounds that are not known at compile time")
        turns = range(*bounds)  # type: ignore[arg-type]
        found.insert(0, LoopVariable(parent.body.block.args[0], turns.start, turns.step, len(turns)))
        parent = parent.parent_op()
    return found


def at(
    compiler: Recorder,
    item: "Store | SliceValue",
    message: str,
    hint: str | None = None,
    notes: Sequence[Note] = (),
) -> CompileError:
    """An error at the place of a store or a slice."""
    return CompileError(message, item.where, notes, hint)


def _constant(value: SSAValue) -> int | None:
    owner = value.owner
    if isinstance(owner, arith.ConstantOp) and isinstance(owner.value, IntegerAttr):
        return owner.value.value.data
    return None
