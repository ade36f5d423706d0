# SPDX-License-Identifier: Apache-2.0
"""The pass `ttl-expand-threads`."""

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import (
    ArrayAttr,
    BoolAttr,
    DictionaryAttr,
    FunctionType,
    IntegerAttr,
    ModuleOp,
    StringAttr,
    SymbolRefAttr,
    i32,
)
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Attribute, Block, BlockArgument, Operation, Region, SSAValue
from xdsl.passes import ModulePass

from ttlang.dialects.ttl.attributes import GridAttr
from ttlang.dialects.ttl.buffers import CreateCBOp
from ttlang.dialects.ttl.pipes import CreatePipeOp
from ttlang.dialects.ttl.semaphores import CreateSemaphoreOp
from ttlang.dialects.ttl.structure import ComputeThreadOp, KernelOp, ProgramOp, ThreadOp
from ttlang.dialects.walking import ops_in

from .errors import error
from .pipe_handshakes import LANDING, SCRATCH
from .program_structure import (
    buffers,
    grid_of,
    has_full_sync,
    kernels,
    math_fidelity,
    needs_wide_dest,
    programs,
    remove,
)
from .thread_sets import data_movers
from .ttl_allocate_circular_buffers import INDEX

THREADS = "threads"
"""Attribute of `ttl.kernel`: the functions that its threads have become, in order."""

LANDING_CB, LANDING_TYPE = "landing_cb", "landing_type"
"""Attributes of a pipe in a function: index and type of the circular buffer that its blocks come to."""


@dataclass(frozen=True)
class TTLExpandThreads(ModulePass):
    """Makes a `func.func` of each thread.

    What a thread captures becomes its arguments, in order of first use: circular buffers with the argument attribute
    `ttl.cb` (index on the core), kernel tensors with `ttl.tensor` (position among the program's). The function carries
    `ttl.thread` ("compute" or "datamovement"), `ttl.noc` (0 for the first data-movement thread of a core, 1 for the second),
    `ttl.grid`, the compute configuration and the program's name. Pipes and semaphores are made anew in each function
    that uses them, under the numbers that they have. The `ttl.program` keeps buffers and tensors, for the host; its
    kernels name their functions in `threads`.
    """

    name = "ttl-expand-threads"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        taken = {f.sym_name.data for f in op.ops if isinstance(f, FuncOp)}
        nocs = {thread: noc for program in programs(op) for thread, noc in data_movers(program).items()}
        for program, kernel in list(kernels(op)):
            names: list[SymbolRefAttr] = []
            for thread in kernel.threads:
                func = self._expand(program, kernel, thread, taken)
                if thread in nocs:
                    func.attributes["ttl.noc"] = IntegerAttr(nocs[thread], i32)
                op.body.block.add_op(func)
                names.append(SymbolRefAttr(func.sym_name))
                remove(thread)
            kernel.attributes[THREADS] = ArrayAttr(names)

    def _expand(self, program: ProgramOp, kernel: KernelOp, thread: ThreadOp, taken: set[str]) -> FuncOp:
        body = thread.body.block
        captured, copied = _captured(thread)
        block = Block(arg_types=[value.type for value in captured])
        for value, argument in zip(captured, block.args, strict=True):
            argument.name_hint = value.name_hint
            value.replace_uses_with_if(argument, lambda use: _inside(use.operation, thread))
        for source in copied:
            copy = _copy(source, kernel)
            block.add_op(copy)
            source.results[0].replace_uses_with_if(
                copy.results[0], lambda use: _inside(use.operation, thread)
            )
        for op in list(body.ops):
            op.detach()
            block.add_op(op)
        end = ReturnOp()
        end.location = thread.location
        block.add_op(end)
        name = _unique(thread.sym_name.data if thread.sym_name is not None else thread.KIND, taken)
        func = FuncOp(
            name,
            FunctionType.from_lists([v.type for v in captured], []),
            Region(block),
            arg_attrs=ArrayAttr([_resource(program, value, thread) for value in captured]),
        )
        func.location = thread.location
        func.attributes.update(_metadata(program, kernel, thread))
        for op in ops_in(func):
            if isinstance(op, CreatePipeOp):
                _name_landing(op, kernel)
        return func


def _metadata(program: ProgramOp, kernel: KernelOp, thread: ThreadOp) -> dict[str, Attribute]:
    metadata: dict[str, Attribute] = {
        "ttl.program": StringAttr(program.sym_name.data),
        "ttl.thread": StringAttr(thread.KIND),
        "ttl.grid": GridAttr(grid_of(program, kernel)),
        "ttl.memory_space": program.memory_space,
        "ttl.tiled": program.tiled,
        "ttl.arch": program.attributes.get("arch", StringAttr("wormhole_b0")),
    }
    if SCRATCH in thread.attributes:
        metadata[f"ttl.{SCRATCH}"] = thread.attributes[SCRATCH]
    if isinstance(thread, ComputeThreadOp):
        metadata["ttl.fp32_dest_acc"] = BoolAttr.from_bool(needs_wide_dest(program, kernel))
        metadata["ttl.dst_full_sync"] = BoolAttr.from_bool(has_full_sync(program))
        metadata["ttl.math_fidelity"] = StringAttr(math_fidelity(program))
    return metadata


def _resource(program: ProgramOp, value: SSAValue, thread: ThreadOp) -> DictionaryAttr:
    if isinstance(value.owner, CreateCBOp) and INDEX in value.owner.attributes:
        return DictionaryAttr({"ttl.cb": value.owner.attributes[INDEX]})
    if isinstance(value, BlockArgument) and value.block is program.body.block:
        return DictionaryAttr({"ttl.tensor": IntegerAttr(value.index, i32)})
    culprit = value.owner if isinstance(value.owner, Operation) else thread
    raise error(culprit, "a thread captures a value that is no tensor and no allocated buffer")


_COPIED = (CreatePipeOp, CreateSemaphoreOp)
"""Resources that need no argument: each function that uses one makes it anew, under the same number."""


def _captured(thread: ThreadOp) -> tuple[list[SSAValue], list[Operation]]:
    """Values defined outside of a thread that it uses: those to pass, in order of first use, and ops to copy."""
    found: dict[SSAValue, None] = {}
    copied: dict[Operation, None] = {}
    for op in ops_in(thread):
        for operand in op.operands:
            if operand in found or _inside(operand.owner, thread):
                continue
            if isinstance(operand.owner, _COPIED):
                copied[operand.owner] = None
            else:
                found[operand] = None
    return list(found), list(copied)


def _copy(op: Operation, kernel: KernelOp) -> Operation:
    """A pipe or a semaphore for one function."""
    if op.operands:
        raise error(op, "a pipe between cores that are known at run time only cannot be used")
    copy = op.clone()
    copy.location = op.location
    copy.results[0].name_hint = op.results[0].name_hint
    return copy


def _name_landing(pipe: CreatePipeOp, kernel: KernelOp) -> None:
    """Tell a pipe of a function the index of the buffer that is its landing place, if it has one."""
    landing = pipe.attributes.get(LANDING)
    if landing is None:
        return
    for cb in buffers(kernel):
        if cb.attributes.get(LANDING) == landing:
            pipe.attributes[LANDING_CB] = cb.attributes[INDEX]
            pipe.attributes[LANDING_TYPE] = cb.result.type


def _inside(owner: Operation | Block, thread: ThreadOp) -> bool:
    """Whether an op or a block lies in the body of a thread."""
    node: Operation | Block | None = owner
    while node is not None:
        block = node if isinstance(node, Block) else node.parent
        if block is None:
            return False
        if block.parent is thread.body:
            return True
        node = block.parent_op()
    return False


def _unique(name: str, taken: set[str]) -> str:
    candidate, count = name, 1
    while candidate in taken:
        count += 1
        candidate = f"{name}_{count}"
    taken.add(candidate)
    return candidate
