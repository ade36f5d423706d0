# SPDX-License-Identifier: Apache-2.0
"""The pass `ttl-assign-dst-registers`."""

import sys
from dataclasses import dataclass
from math import prod

from xdsl.context import Context
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, StringAttr, i32
from xdsl.dialects.func import FuncOp
from xdsl.ir import BlockArgument, Operation, SSAValue
from xdsl.passes import ModulePass

from ttlang.dialects.interned import integer
from ttlang.dialects.ttl.buffers import CBPushOp, CBReserveOp, acquired_cb
from ttlang.dialects.ttl.compute import (
    BlockBroadcastOp,
    BlockComputeOp,
    BlockMatmulOp,
    BlockReduceOp,
    YieldOp,
    tensor_shape,
    tile_of,
)
from ttlang.dialects.ttl.syntax import i64_array
from ttlang.hardware import chip
from ttlang.hardware.data_formats import DataType

from .errors import error
from .fused_loops import MAX_TILES
from .kernel_builder import cb_index
from .register_scan import Overflow, RegisterScan
from .sub_blocks import sub_block_shape
from .tile_instructions import repetition

SLOTS, SUBBLOCK, ACCUMULATE_IN = "dst_slots", "subblock", "accumulate_in"
"""Attributes of a fused loop: the registers of one tile, the shape of tiles between acquire and release, and where it
accumulates ("dst" or "l1")."""


UNPACK_TO_DEST = "ttl.unpack_to_dest"
"""Attribute of a compute function: indices of the circular buffers whose 32-bit floats the unpacker writes straight to DST,
past the source registers, which hold 19 bits."""


def is_wide(func: FuncOp) -> bool:
    """Whether DST registers hold 32 bits in a compute function."""
    return _flag(func, "ttl.fp32_dest_acc")


def _flag(func: FuncOp, name: str) -> bool:
    value = func.attributes.get(name)
    return isinstance(value, IntegerAttr) and bool(value.value.data)


def capacity(func: FuncOp) -> int:
    """Tiles that the DST registers hold between acquire and release, in the function's configuration."""
    arch = func.attributes["ttl.arch"]
    assert isinstance(arch, StringAttr)
    return chip(arch.data).dst_tiles(fp32=is_wide(func), full_sync=_flag(func, "ttl.dst_full_sync"))


@dataclass(frozen=True)
class TTLAssignDSTRegisters(ModulePass):
    """Assigns DST registers to the values of each `ttl.block_compute`.

    Chooses instructions by the op table and runs a linear scan over the body: unary functions work in place, a value
    that lives on is copied first (`ttl.copy_dst`), tiles of circular buffers are loaded (`ttl.load_tile`) where an
    instruction needs them in DST. A product whose only use is a sum is added to the sum's other operand where the
    registers keep its precision; a repetition that the matrix unit makes while it reads takes no register (`folded`).

    Input: functions of compute threads, as `ttl-expand-threads` makes them; `ttl-bufferize` has split what does not fit.
    Output: `dst` on every value (a slot: the register of tile t of a section of n tiles is slot * n + t), `dst_slots` and
    `subblock` on each fused loop (as many tiles as fill the capacity, at most its `max_tiles`), and `accumulate_in` where it accumulates: "dst"
    when the whole block stays in the registers between its reserve and its push, else "l1"; `ttl.unpack_to_dest` on the
    function. Refuses a loop that needs
    more registers than there are, which hand-written IR may hold.
    """

    name = "ttl-assign-dst-registers"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for func in op.ops:
            if isinstance(func, FuncOp) and func.attributes.get("ttl.thread") == StringAttr("compute"):
                limit, wide = capacity(func), is_wide(func)
                func.attributes[UNPACK_TO_DEST] = i64_array(sorted(unpacked_to_dest(func)))
                for loop in [o for o in func.walk() if isinstance(o, BlockComputeOp)]:
                    self._assign(loop, limit, wide)

    def _assign(self, loop: BlockComputeOp, limit: int, wide: bool) -> None:
        try:
            plan = RegisterScan(loop, limit, wide).run()
        except Overflow:
            raise error(
                loop,
                f"this loop needs more than {limit} DST registers at once",
                hint="run ttl-bufferize before the threads are expanded: it splits expressions",
            ) from None
        shape = tensor_shape(loop.outputs[0].type) or (1, 1)
        tiles = min(limit // plan.slots, _most_tiles(loop))
        subblock = sub_block_shape(loop, tiles)
        if loop.accumulate is not None:
            resident = prod(shape) <= tiles and _stays_resident(loop)
            loop.attributes[ACCUMULATE_IN] = StringAttr("dst" if resident else "l1")
            if resident:
                subblock = (prod(shape[:-1]), shape[-1])
        plan.apply()
        loop.attributes[SLOTS] = integer(plan.slots, i32)
        loop.attributes[SUBBLOCK] = i64_array(subblock)


def _most_tiles(loop: BlockComputeOp) -> int:
    """Tiles that a section of a loop may have, as a schedule says."""
    limit = loop.attributes.get(MAX_TILES)
    return limit.value.data if isinstance(limit, IntegerAttr) else sys.maxsize


def _reads_through_source_registers(loop: BlockComputeOp, argument: BlockArgument) -> bool:
    """Whether an input of a loop is read by the matrix unit, and not only copied or transposed to DST."""
    return any(_uses_matrix_unit(use.operation) for use in argument.uses)


def _uses_matrix_unit(op: Operation) -> bool:
    """Reductions that combine tiles and repetitions of whole tiles copy them."""
    match op:
        case BlockMatmulOp():
            return True
        case BlockReduceOp():
            return op.scaler is not None
        case BlockBroadcastOp():
            return repetition(op) is not None
    return False


def _index_of(func: FuncOp, block: SSAValue) -> int | None:
    cb = acquired_cb(block)
    return None if cb is None else cb_index(func, cb)


def unpacked_to_dest(func: FuncOp) -> set[int]:
    """Indices of the circular buffers of 32-bit floats that a compute function copies to DST and uses in no other way."""
    if not is_wide(func):
        return set()
    copied: dict[int, bool] = {}
    for loop in func.walk():
        if not isinstance(loop, BlockComputeOp):
            continue
        for argument, block in zip(loop.body.block.args, loop.inputs, strict=True):
            if tile_of(block.type).dtype is DataType.f32 and (index := _index_of(func, block)) is not None:
                past = not _reads_through_source_registers(loop, argument)
                copied[index] = copied.get(index, True) and past
    return {index for index, past in copied.items() if past}


def _stays_resident(loop: BlockComputeOp) -> bool:
    """Whether an accumulating loop may keep its block in DST from the block's reserve to its push.

    The loop must be a bare matrix product (the hardware accumulates those) of two matrices, and nothing else may need DST
    meanwhile.
    """
    body = [o for o in loop.body.block.ops if not isinstance(o, YieldOp)]
    if len(body) != 1 or not isinstance(body[0], BlockMatmulOp):
        return False
    shape = tensor_shape(loop.outputs[0].type) or ()
    if prod(shape[:-2]) != 1 or (body[0].transpose_rhs is not None and shape[-1] != 1):
        return False
    reserve = loop.outputs[0].owner
    if not isinstance(reserve, CBReserveOp) or reserve.parent is None:
        return False
    op: Operation | None = reserve.next_op
    while op is not None and not (isinstance(op, CBPushOp) and op.cb is reserve.cb):
        for inner in op.walk():
            if isinstance(inner, BlockComputeOp) and inner is not loop:
                return False
        op = op.next_op
    return op is not None
