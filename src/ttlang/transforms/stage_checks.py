# SPDX-License-Identifier: Apache-2.0
"""What a pass finds in a module that is at another stage than the pass is for, and which pass to run instead."""

from xdsl.dialects.builtin import MemRefType, ModuleOp
from xdsl.dialects.func import FuncOp

from ttlang.dialects.ttl.distribution import DistributeOp, ExtractShardOp, RedistributeOp
from ttlang.dialects.ttl.pipes import CreatePipeOp
from ttlang.dialects.ttl.semaphores import CreateSemaphoreOp
from ttlang.dialects.ttl.structure import ThreadOp
from ttlang.dialects.walking import ops_in

from .errors import error
from .pipe_handshakes import HANDSHAKE, SEMAPHORE_ID
from .program_structure import kernels, programs, resources

_EXPANDED = "threads"  # the attribute that ttl-expand-threads gives a kernel


def require_threads(module: ModuleOp, name: str) -> None:
    """Raise CompileError when threads have become functions already."""
    for _, kernel in kernels(module):
        if _EXPANDED in kernel.attributes:
            raise error(
                kernel,
                f"{name} works on threads, and those of this kernel are functions already",
                hint=f"run {name} before ttl-expand-threads",
            )


def require_tensors(module: ModuleOp, name: str) -> None:
    """Raise CompileError when tensors have become buffers already."""
    for program in programs(module):
        for argument in program.body.block.args:
            if isinstance(argument.type, MemRefType):
                raise error(
                    program,
                    f"{name} works on tensors, and those of this program are buffers already",
                    hint=f"run {name} before ttl-bufferize",
                )


def require_no_distribution(module: ModuleOp, name: str) -> None:
    """Raise CompileError when tensors are distributed still."""
    for op in (op for program in programs(module) for op in program.walk()):
        if isinstance(op, DistributeOp | ExtractShardOp | RedistributeOp):
            raise error(
                op,
                f"{name} finds a {op.name} that is not lowered yet",
                hint="run ttl-lower-distribution before",
            )


def require_no_handshakes(module: ModuleOp, name: str) -> None:
    """Raise CompileError when pipes or semaphores have been numbered already."""
    for program in programs(module):
        for op in (*resources(program, CreatePipeOp), *resources(program, CreateSemaphoreOp)):
            if (HANDSHAKE if isinstance(op, CreatePipeOp) else SEMAPHORE_ID) in op.attributes:
                raise error(op, f"this kernel is synchronised already: {name} runs once")


def require_functions(module: ModuleOp, name: str, *, with_programs: bool) -> None:
    """Raise CompileError when threads have not become functions yet; `with_programs`: or their program is gone."""
    for _, kernel in kernels(module):
        for op in kernel.body.block.ops:
            if isinstance(op, ThreadOp):
                raise error(
                    op,
                    f"{name} works on functions, and this is a thread yet",
                    hint="run ttl-expand-threads before",
                )
    if not with_programs:
        return
    known = {program.sym_name for program in programs(module)}
    for func in module.ops:
        if isinstance(func, FuncOp) and func.attributes.get("ttl.program", None) not in (None, *known):
            raise error(
                func,
                f"the program {func.attributes['ttl.program']} of this function is not in the module",
                hint="lower functions together with the ttl.program that they come from",
            )


_LOWERED_BY = {
    "ttl-lower-compute": (
        "ttl.block_compute",
        "ttl.block_fill",
        "ttl.block_matmul",
        "ttl.block_store",
        "ttl.copy_dst",
        "ttl.get_tile",
        "ttl.load_tile",
        "ttl.pack_tile",
    ),
    "ttl-lower-data-movement": (
        "ttl.copy",
        "ttl.if_dst",
        "ttl.if_src",
        "ttl.index_accessor",
        "ttl.read_element",
        "ttl.tensor_accessor",
        "ttl.wait",
        "ttl.write_element",
    ),
}
_PASS_OF = {op: name for name, ops in _LOWERED_BY.items() for op in ops}


def require_lowered(module: ModuleOp, name: str) -> None:
    """Raise CompileError for an op that another pass has to lower first."""
    for func in module.ops:
        if not isinstance(func, FuncOp) or "ttl.thread" not in func.attributes:
            continue
        for op in ops_in(func):
            if (before := _PASS_OF.get(op.name)) is not None:
                raise error(
                    op, f"{name} finds a {op.name} that is not lowered yet", hint=f"run {before} before"
                )
