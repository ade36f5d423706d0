# SPDX-License-Identifier: Apache-2.0
"""The pass `ttl-lower-synchronization`."""

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import FunctionType, ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass

from ttlang.dialects.ttl.buffers import AcquireOp, CBPopOp, CBPushOp, CBReserveOp, CBWaitOp, ReleaseOp
from ttlang.dialects.ttl.data_movement import CoreIndexOp, DMABarrierOp, GridSizeOp
from ttlang.dialects.ttl.debugging import AssertOp, PrintOp, SignpostOp
from ttlang.dialects.ttl.semaphores import (
    CreateSemaphoreOp,
    RemoteSemaphoreOp,
    SemaphoreIncOp,
    SemaphoreSetOp,
    SemaphoreWaitOp,
)
from ttlang.dialects.walking import ops_in
from ttlang.language.symbols import fold_coordinates

from .core_coordinates import Cores
from .kernel_builder import KernelBuilder, cb_index, tensor_index
from .lowering_targets import TTKERNEL, Target, row_name, thread_of
from .program_structure import pages_per_block, remove
from .semaphore_lowering import SemaphoreLowering
from .stage_checks import require_functions, require_lowered

_CALLS: dict[type[Operation], str] = {
    CBWaitOp: "cb_wait_front",
    CBReserveOp: "cb_reserve_back",
    CBPopOp: "cb_pop_front",
    CBPushOp: "cb_push_back",
}
_INCREMENTS = ("noc_semaphore_inc", "noc_semaphore_inc_multicast")
_BARRIERS = {"read": ("noc_async_read_barrier",), "write": ("noc_async_write_barrier",)}
_BOTH_BARRIERS = ("noc_async_read_barrier", "noc_async_write_barrier")


class _FunctionLowering:
    """Lowers what is left of `ttl` in one function and gives it the form of a kernel function."""

    def __init__(self, func: FuncOp, target: Target):
        self.func = func
        self.b = KernelBuilder(func, target)
        self.cores = Cores(self.b, func)
        self.semaphores = SemaphoreLowering(self.b, self.cores)

    def run(self) -> None:
        for op in ops_in(self.func):
            match op:
                case AcquireOp() | ReleaseOp():
                    self._buffer(op)
                case DMABarrierOp():
                    self._barrier(op)
                case AssertOp() | PrintOp() | SignpostOp():
                    self._report(op)
                case CoreIndexOp() | GridSizeOp():
                    self._coordinates(op)
                case SemaphoreWaitOp() | SemaphoreSetOp() | SemaphoreIncOp():
                    with self.b.before(op):
                        self.semaphores.lower(op)
                    remove(op)
        for op in [o for o in ops_in(self.func) if isinstance(o, RemoteSemaphoreOp | CreateSemaphoreOp)][
            ::-1
        ]:
            remove(op)
        self._end_increments()
        self._finish()

    def _report(self, op: AssertOp | PrintOp | SignpostOp) -> None:
        with self.b.before(op):
            match op:
                case AssertOp():
                    self.b.call("assert", op.condition, message=op.message.data)
                case PrintOp():
                    self.b.call("dprint", *op.values, fmt="{}".join(piece.data for piece in op.pieces))
                case SignpostOp():
                    self.b.call("signpost", label=op.label.data)
        remove(op)

    def _end_increments(self) -> None:
        """Increments of semaphores must have ended before the function does."""
        end = self.func.body.blocks[0].last_op
        if end is not None and any(row_name(o) in _INCREMENTS for o in ops_in(self.func)):
            with self.b.before(end):
                self.b.call("noc_async_atomic_barrier")

    def _buffer(self, op: AcquireOp | ReleaseOp) -> None:
        with self.b.before(op):
            handle = self.b.buffer(op.cb)
            blocks: SSAValue | int = op.blocks
            if isinstance(op, AcquireOp) and op.ahead is not None:
                blocks = self.b.add(op.ahead, blocks)
            pages = self.b.multiply(blocks, pages_per_block(op.cb_type))
            self.b.call(_CALLS[type(op)], handle, self.b.i32(self.b.index(pages)))
        remove(op)

    def _barrier(self, op: DMABarrierOp) -> None:
        if op.transaction is not None:
            with self.b.before(op):
                self.b.call("noc_async_read_barrier_with_trid", self.b.i32(op.transaction))
            remove(op)
            return
        if op.sent is not None:
            with self.b.before(op):
                self.b.call("noc_async_writes_flushed")
            remove(op)
            return
        calls = _BOTH_BARRIERS if op.direction is None else _BARRIERS[op.direction.data]
        with self.b.before(op):
            for call in calls:
                self.b.call(call)
        remove(op)

    def _coordinates(self, op: CoreIndexOp | GridSizeOp) -> None:
        dims = len(op.results)
        with self.b.before(op):
            if isinstance(op, GridSizeOp):
                values = [self.b.constant(s) for s in fold_coordinates(self.cores.grid, dims)]
            else:
                values = self.cores.own(dims)
        for result, value in zip(op.results, values, strict=True):
            if value.name_hint is None:
                value.name_hint = result.name_hint
            result.replace_all_uses_with(value)
        remove(op)

    def _finish(self) -> None:
        """Arguments become compile-time and common runtime arguments; the attributes those of the target."""
        func = self.func
        block = func.body.blocks[0]
        compile_time, runtime = [], []
        for argument in list(block.args):
            if (index := cb_index(func, argument)) is not None:
                compile_time.append(index)
            elif (index := tensor_index(func, argument)) is not None:
                runtime.append(index)
        for argument in reversed(list(block.args)):
            block.erase_arg(argument)
        func.properties.pop("arg_attrs", None)
        func.properties["function_type"] = FunctionType.from_lists([], [])
        thread = thread_of(func)
        for name in [n for n in func.attributes if n.startswith("ttl.")]:
            del func.attributes[name]
        self.b.target.finish(func, thread, sorted(compile_time), runtime)


def lower_synchronization(module: ModuleOp, target: Target) -> None:
    """Lower what is left of `ttl` in the functions of a module, and finish them."""
    require_functions(module, TTLLowerSynchronization.name, with_programs=False)
    require_lowered(module, TTLLowerSynchronization.name)
    for func in module.ops:
        if isinstance(func, FuncOp) and "ttl.thread" in func.attributes:
            _FunctionLowering(func, target).run()


@dataclass(frozen=True)
class TTLLowerSynchronization(ModulePass):
    """Lowers circular buffers, semaphores, barriers and core coordinates, and finishes the functions.

    `ttl.cb_wait` becomes `ttkernel.cb_wait_front` and so on; a barrier of one direction the NoC barrier of that
    direction; coordinates what the core knows of its logical place; waits and signals of semaphores the calls of their
    name, and a function that increments some ends with a barrier for that. Functions lose their arguments, which are now
    compile-time arguments (buffers) and common runtime arguments (addresses of tensors), and carry `ttkernel.thread` and
    `ttkernel.arg_spec`. Output: functions of TTKernel, scf and arith only; the `ttl.program` is left to describe the
    host's part (`ttlang.codegen.host_program`).
    """

    name = "ttl-lower-synchronization"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        lower_synchronization(op, TTKERNEL)
