# SPDX-License-Identifier: Apache-2.0
"""The step `allocate_dst_registers`: how compute ops use the destination registers."""

from collections.abc import Iterator, Sequence
from math import prod

from xdsl.dialects.builtin import BoolAttr, IntegerAttr, ModuleOp, StringAttr, i32
from xdsl.ir import Operation
from xdsl.irdl import IRDLOperation

from ttlang.dialects.ttl.buffers import CreateCBOp
from ttlang.dialects.ttl.compute import BlockComputeOp, BlockStoreOp, tensor_shape
from ttlang.dialects.ttl.structure import ComputeThreadOp, KernelOp, ProgramOp
from ttlang.transforms.fused_loops import MAX_TILES
from ttlang.transforms.program_structure import chip_of, has_full_sync, needs_wide_dest
from ttlang.transforms.store_groups import VALUE_OPS
from ttlang.transforms.ttl_assign_dst_registers import ACCUMULATE_IN
from ttlang.transforms.ttl_bufferize import INTERMEDIATE, SPLIT

from .errors import ScheduleError
from .targets import kernel_of, program_of, twin_of
from .transform_ops import AllocateDstRegistersOp

FULL_SYNC = "dst_full_sync"


def apply(targets: Sequence[Operation], request: IRDLOperation) -> list[Operation]:
    """Settle how the targets, compute ops or ops around some, use DST.

    `full_sync`: one section of all registers, twice as many tiles, in the place of two halves, of which the packer empties one
    while the other is filled. It is a setting of the whole compute kernel. `max_tiles`: the stores that the targets' values
    come to compute at most so many tiles in a section; values that have a buffer of their own keep as many as fit.
    Without either: all registers, if that keeps something in DST that two halves have no room for (a block that is
    accumulated, or an expression that is split). Returns the targets. Refuses what changes nothing.
    """
    assert isinstance(request, AllocateDstRegistersOp)
    stores = _stores(targets)
    if not stores:
        raise ScheduleError("no value of its targets is stored by a compute thread", targets[0])
    programs = list(dict.fromkeys(program_of(kernel_of(store)) for store in stores))
    full = None if request.full_sync is None else bool(request.full_sync.value.data)
    tiles = None if request.max_tiles is None else request.max_tiles.value.data
    if full is None and tiles is None:
        programs = [program for program in programs if _gains(program)]
        if not programs:
            raise ScheduleError(
                "it finds nothing to do: no value leaves DST for want of registers", stores[0]
            )
        full = True
    if full is not None and tiles is None and all(has_full_sync(program) == full for program in programs):
        mode = "one section of all registers" if full else "two halves"
        raise ScheduleError(f"it finds nothing to do: DST is used as {mode} already", stores[0])
    if tiles is not None:
        _require_limit(stores, tiles, full)
    for program in programs:
        if full is not None:
            program.attributes[FULL_SYNC] = BoolAttr.from_bool(full)
    if tiles is not None:
        for store in stores:
            store.attributes[MAX_TILES] = IntegerAttr(tiles, i32)
    return list(targets)


def _stores(targets: Sequence[Operation]) -> list[BlockStoreOp]:
    """The stores among and in the targets, and those that the values of the targets come to."""
    found: dict[BlockStoreOp, None] = {}
    for target in targets:
        if isinstance(target, VALUE_OPS):
            found.update(dict.fromkeys(_reached(target)))
            continue
        if not isinstance(target, BlockStoreOp | ComputeThreadOp | KernelOp | ProgramOp | ModuleOp):
            raise ScheduleError(f"it works on compute ops, and the handle is to a {target.name}", target)
        found.update((op, None) for op in target.walk() if isinstance(op, BlockStoreOp))
    return list(found)


def _reached(op: Operation) -> Iterator[BlockStoreOp]:
    """The stores of a value, and of values computed from it in the same turn."""
    seen: set[Operation] = set()
    stack = [op]
    while stack:
        current = stack.pop()
        if current in seen:
            continue
        seen.add(current)
        if isinstance(current, BlockStoreOp):
            yield current
        elif isinstance(current, VALUE_OPS):
            stack.extend(use.operation for result in current.results for use in result.uses)


def _require_limit(stores: Sequence[BlockStoreOp], tiles: int, full: bool | None) -> None:
    """Raise ScheduleError when no section would have more tiles without the limit."""
    sections = []
    for store in stores:
        kernel = kernel_of(store)
        program = program_of(kernel)
        sync = has_full_sync(program) if full is None else full
        most = chip_of(program).dst_tiles(fp32=needs_wide_dest(program, kernel), full_sync=sync)
        sections.append(min(most, prod(tensor_shape(store.dst.type) or ())))
    if tiles >= max(sections):
        raise ScheduleError(
            f"max_tiles={tiles} limits nothing: sections have at most {max(sections)} tiles here", stores[0]
        )


def _gains(program: ProgramOp) -> bool:
    """Whether something stays in DST when all of it is one section, that does not with two halves."""
    if has_full_sync(program):
        return False
    return _spills(program, full=True) < _spills(program, full=False)


def _spills(program: ProgramOp, *, full: bool) -> int:
    """Blocks accumulated in L1 and buffers between parts of an expression, in a copy taken through the passes."""
    from ttlang.pipelines import ANALYSIS, Observer, run_passes

    module, twin = twin_of(program)
    twin.attributes[FULL_SYNC] = BoolAttr.from_bool(full)
    run_passes(module, ANALYSIS, Observer(verbose=False, verify_each=False, dump_dir=None))
    count = 0
    for op in module.walk():
        if isinstance(op, BlockComputeOp):
            count += op.attributes.get(ACCUMULATE_IN) == StringAttr("l1")
        elif isinstance(op, CreateCBOp):
            count += op.attributes.get(INTERMEDIATE) == StringAttr(SPLIT)
    return count
