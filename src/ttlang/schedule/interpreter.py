# SPDX-License-Identifier: Apache-2.0
"""Applies sequences of the `transform` dialect to the kernels of a module.

Each step is tried on a copy of the module first, which is validated and run on its protocol, and then made for real: a step
that is refused has changed nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, DenseArrayBase, IntegerAttr, ModuleOp, StringAttr, i1
from xdsl.dialects.transform import FailurePropagationModeType
from xdsl.ir import Attribute, Block, Operation, SSAValue
from xdsl.irdl import IRDLOperation

from ttlang.diagnostics import CompileError, Note
from ttlang.dialects.checking import parse
from ttlang.dialects.locations import file_loc
from ttlang.transforms.errors import error, source_location
from ttlang.transforms.program_structure import kernels_of, programs
from ttlang.transforms.stage_checks import require_tensors, require_threads
from ttlang.transforms.ttl_insert_synchronization import require_progress
from ttlang.transforms.ttl_lower_distribution import TTLLowerDistribution
from ttlang.transforms.ttl_validate import TTLValidate

from .errors import ScheduleError
from .steps import Plan
from .targets import copy_of_module
from .transform_ops import (
    AllocateDstRegistersOp,
    ApplyRegisteredPassOp,
    CoalesceDmaOp,
    FuseOp,
    InsertPrefetchOp,
    MatchOp,
    OptimizeBufferFactorOp,
    ReorderForLocalityOp,
    Request,
    SchedulePipelineOp,
    SequenceOp,
    TileOp,
)

PASS = "ttl-apply-schedule"

Apply = Callable[[Sequence[Operation], IRDLOperation], list[Operation]]

STEPS: dict[type[Request], str] = {
    TileOp: "tile",
    FuseOp: "fuse",
    ReorderForLocalityOp: "reorder_for_locality",
    OptimizeBufferFactorOp: "optimize_buffer_factor",
    InsertPrefetchOp: "insert_prefetch",
    SchedulePipelineOp: "schedule_pipeline",
    AllocateDstRegistersOp: "allocate_dst_registers",
    CoalesceDmaOp: "coalesce_dma",
}
"""The module of this package whose `apply` makes each step; it is imported when it is asked for."""


@dataclass(frozen=True)
class Skipped:
    """A step of a sequence with `failures(suppress)` that was refused; `number` counts the ops of the sequence."""

    number: int
    step: str
    reason: str


class _Refusal(Exception):
    """A step that is refused, as the error that its user sees, and why in one line."""

    def __init__(self, error: CompileError, reason: str):
        super().__init__(reason)
        self.error = error
        self.reason = reason


def apply_sequence(ctx: Context, module: ModuleOp, sequence: SequenceOp) -> list[Skipped]:
    """Apply a sequence to the module that it stands in, and take it out.

    Returns the steps that `failures(suppress)` skipped. Raises CompileError where a step is refused: at the Python line
    that stands against it, else at the step.
    """
    require_threads(module, PASS)
    require_tensors(module, PASS)
    assert sequence.parent is not None
    sequence.parent.detach_op(sequence)
    _require_one_program(module)
    TTLLowerDistribution().apply(ctx, module)  # steps work on the buffers and transfers that shards become
    _check(ctx, module)
    return _Run(ctx, module, sequence).run()


def sequence_of(ctx: Context, plan: Plan) -> SequenceOp:
    """The sequence of a schedule; each op has the Python line that asked for it."""
    module = parse(ctx, plan.text(), "schedule")
    (sequence,) = module.body.block.ops
    assert isinstance(sequence, SequenceOp)
    module.body.block.detach_op(sequence)
    steps = sequence.body.block.ops
    places = (plan.location, *(line.location for line in plan.lines()))
    for op, place in zip((sequence, *steps), places, strict=True):
        if place is not None:
            op.location = file_loc(place.file, place.line, place.column)
    return sequence


def step_text(op: Operation) -> str:
    """A step as it is written in Python: `optimize_buffer_factor(factor=3)`."""
    name = op.name.rpartition(".")[2]
    given = ", ".join(f"{key}={_plain(value)!r}" for key, value in op.properties.items())
    return f"{name}({given})"


def _plain(value: Attribute) -> Any:
    match value:
        case StringAttr():
            return value.data
        case ArrayAttr():
            return tuple(_plain(v) for v in value)
        case DenseArrayBase():
            return tuple(int(v) for v in value.get_values())
        case IntegerAttr():
            return bool(value.value.data) if value.type == i1 else value.value.data
    return value


def _require_one_program(module: ModuleOp) -> None:
    """Raise CompileError for a kernel on a part of the grid: steps look at one kernel, and buffers serve several."""
    for program in programs(module):
        for kernel in kernels_of(program):
            if kernel.core_range is not None:
                raise error(
                    kernel,
                    "a schedule is for kernels on all cores of their grid, and this one is on a part of them",
                    hint="leave out the schedule, or the ranges of cores of the threads",
                )


def _check(ctx: Context, module: ModuleOp) -> None:
    """Raise CompileError when the kernels of a module break a contract or get stuck."""
    TTLValidate().apply(ctx, module)
    for program in programs(module):
        require_progress(program)


def _used_before_made(block: Block, made: set[SSAValue]) -> Operation | None:
    """The first op of a block, or inside its ops, that stands before an operand of it; xDSL does not verify that."""
    made = made | set(block.args)
    op: Operation
    for op in block.ops:
        if not made.issuperset(op.operands):
            return op
        for region in op.regions:
            for inner in region.blocks:
                if (found := _used_before_made(inner, made)) is not None:
                    return found
        made.update(op.results)
    return None


class _Run:
    """One sequence on its way."""

    def __init__(self, ctx: Context, module: ModuleOp, sequence: SequenceOp):
        self.ctx = ctx
        self.module = module
        self.sequence = sequence
        self.suppresses = sequence.failure_propagation_mode.data is FailurePropagationModeType.SUPPRESS
        self.handles: dict[SSAValue, list[Operation]] = {sequence.body.block.args[0]: [module]}
        self.passes = 0
        """Passes of the compiler that have run: how many of the standard order."""
        self.lowered = False

    def run(self) -> list[Skipped]:
        skipped: list[Skipped] = []
        for number, op in enumerate(self.sequence.body.block.ops):
            try:
                self.handles[op.results[0]] = self._step(op)
            except _Refusal as refusal:
                if not self.suppresses:
                    raise refusal.error from None
                skipped.append(Skipped(number, step_text(op), refusal.reason))
                self.handles[op.results[0]] = [] if isinstance(op, MatchOp) else self.handles[op.operands[0]]
        return skipped

    def _step(self, op: Operation) -> list[Operation]:
        targets = self.handles[op.operands[0]]
        try:
            if self.lowered and not isinstance(op, ApplyRegisteredPassOp):
                raise ScheduleError("a pass has run before it: steps of a schedule come first")
            self._require_live(targets)
            match op:
                case MatchOp():
                    return self._match(op, targets)
                case ApplyRegisteredPassOp():
                    return self._pass(op)
                case Request():
                    return self._request(op, targets)
        except ScheduleError as error:
            raise self._refusal(op, error) from None
        raise AssertionError(f"{op.name} is no step of a sequence")

    def _require_live(self, targets: Sequence[Operation]) -> None:
        for target in targets:
            if target.get_toplevel_object() is not self.module:
                raise ScheduleError(
                    f"its handle is to a {target.name} that an earlier step has replaced; take the result of that step,"
                    " or match anew"
                )

    # Steps

    def _match(self, op: MatchOp, targets: Sequence[Operation]) -> list[Operation]:
        kinds = {name.data for name in op.ops}
        of_kind = list(dict.fromkeys(o for t in targets for o in t.walk() if o.name in kinds))
        if op.names is None:
            if of_kind:
                return of_kind
            raise ScheduleError(f"there is no {' or '.join(sorted(kinds))} to match")
        wanted = [name.data for name in op.names]
        found = [o for o in of_kind if python_name(o) in wanted]
        have = {python_name(o) for o in of_kind}
        if missing := [name for name in wanted if name not in have]:
            known = ", ".join(sorted(name for name in have if name)) or "none with a name"
            raise ScheduleError(
                f"there is no {' or '.join(sorted(kinds))} named '{missing[0]}'; there is {known}"
            )
        return found

    def _request(self, op: Request, targets: Sequence[Operation]) -> list[Operation]:
        if not targets:
            raise ScheduleError("its handle is to no op")
        apply: Apply = import_module(f".{STEPS[type(op)]}", __package__).apply
        rehearsal, twins = copy_of_module(self.module)
        apply([twins[target] for target in targets], op)
        misplaced = _used_before_made(rehearsal.body.block, set())
        assert misplaced is None, f"{step_text(op)} leaves a {misplaced.name} before what it needs"
        try:
            _check(self.ctx, rehearsal)
        except CompileError as error:
            raise self._spoiled(op, error) from None
        return apply(targets, op)

    def _pass(self, op: ApplyRegisteredPassOp) -> list[Operation]:
        from ttlang.pipelines import ANALYSIS, EMISSION, LOWERING
        from ttlang.transforms import COMPOSITES, all_passes
        from ttlang.transforms.pipeline_text import parse_passes

        name = op.pass_name.data
        if name not in COMPOSITES and name not in all_passes():
            raise ScheduleError(f"there is no pass '{name}'; ttl-opt --list-passes shows those there are")
        order = (*ANALYSIS, *LOWERING, *EMISSION)
        members = COMPOSITES.get(name, (name,))
        end = self.passes
        try:
            for member in members:
                end = order.index(member, end) + 1
        except ValueError:  # a general pass, or one that has run: by itself
            names: Sequence[str] = members
        else:
            names, self.passes = order[self.passes : end], end
        try:
            for transform in parse_passes(",".join(names)):
                transform.apply(self.ctx, self.module)
        except CompileError as error:
            error.add_note(f"in the pass {name}, which a transform sequence asks for")
            raise
        self.lowered = True
        return [self.module]

    # Refusals

    def _refusal(self, op: Operation, error: ScheduleError) -> _Refusal:
        asked = source_location(op)
        place = None if error.op is None else source_location(error.op)
        notes = [] if place is None or asked is None else [Note("the step is asked for", asked)]
        message = f"schedule step {step_text(op)}: {error.reason}"
        return _Refusal(CompileError(message, place or asked, notes), error.reason)

    def _spoiled(self, op: Operation, error: CompileError) -> _Refusal:
        """The refusal of a step after which the kernel would not be right."""
        asked = source_location(op)
        reason = f"the kernel would not be right any more: {error.message}"
        notes = [*error.notes, *([] if asked is None else [Note("the step is asked for", asked)])]
        message = f"schedule step {step_text(op)}: {reason}"
        return _Refusal(CompileError(message, error.location or asked, notes), reason)


def python_name(op: Operation) -> str | None:
    """The name that an op has in Python: of a thread or a program its symbol, else that of its first result."""
    symbol = op.properties.get("sym_name")
    if isinstance(symbol, StringAttr):
        return symbol.data
    return op.results[0].name_hint if op.results else None
