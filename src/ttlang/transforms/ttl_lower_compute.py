# SPDX-License-Identifier: Apache-2.0
"""The pass `ttl-lower-compute`."""

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import arith
from xdsl.dialects.builtin import DictionaryAttr, IntegerAttr, ModuleOp, StringAttr, i64
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass

from ttlang.dialects.ttl.buffers import AcquireOp, CBPopOp, CBPushOp, CBReserveOp, CBWaitOp, ReleaseOp
from ttlang.dialects.ttl.compute import (
    BlockComputeOp,
    BlockMatmulOp,
    tensor_shape,
)
from ttlang.dialects.ttl.syntax import array_ints

from .kernel_builder import KernelBuilder
from .l1_accumulation import accumulating_loops, first_flag, runs_first
from .lowering_targets import TTKERNEL, Target
from .tile_loop_lowering import (
    FIRST_TILE,
    Formats,
    TileLoopLowering,
    buffer_of,
    format_name,
    mark,
    reduction_of,
)
from .ttl_assign_dst_registers import ACCUMULATE_IN, SUBBLOCK, is_wide

STARTUP = "ttl.startup"
"""Attribute of the call that configures the whole hardware, until the hoisting of inits: the units that it sets."""

_RELEASED_BY = {CBPopOp: CBWaitOp, CBPushOp: CBReserveOp}


class _FunctionLowering:
    """Lowers the fused loops of one compute function."""

    def __init__(self, func: FuncOp, target: Target):
        self.func = func
        self.target = target
        self.ops = list(func.walk())
        self.loops = [o for o in self.ops if isinstance(o, BlockComputeOp)]
        self.position: dict[Operation, int] = {op: i for i, op in enumerate(self.ops)}

    def lower(self) -> None:
        if not self.loops:
            return
        self._number_held_blocks()
        formats = self._formats()
        self.b = KernelBuilder(self.func, self.target)
        start = next(o for o in self.func.body.blocks[0].ops if not self._is_prologue(o))
        with self.b.before(start):
            self._startup()
        for loop in self.loops:
            lowering = TileLoopLowering(self.b, loop, formats, is_wide(self.func))
            if _accumulates_in(loop) == "dst":
                self._lower_resident(loop, lowering)
            else:
                self._lower_sections(loop, lowering)
        end = self.func.body.blocks[0].last_op
        assert end is not None
        with self.b.before(end):
            if formats.accumulates:
                mark(self.b.call("pack_reconfig_l1_acc", self.b.i32(0)), l1_acc="")
            if formats.masks:
                mark(self.b.call("reduce_uninit"), mask="none", op="?")
        for loop in self.loops:
            assert loop.parent is not None
            loop.parent.erase_op(loop)

    def _is_prologue(self, op: Operation) -> bool:
        return isinstance(op, arith.ConstantOp) or self.target.buffer_index(op) is not None

    def _number_held_blocks(self) -> None:
        """A block acquired while older ones of its buffer are held lies behind them."""
        held: dict[tuple[SSAValue, type[Operation]], list[AcquireOp]] = {}
        for op in self.ops:
            if isinstance(op, AcquireOp):
                queue = held.setdefault((op.cb, type(op)), [])
                if queue:
                    op.attributes[FIRST_TILE] = IntegerAttr(len(queue) * op.cb_type.tiles_per_block, i64)
                queue.append(op)
            elif isinstance(op, ReleaseOp) and (queue := held.get((op.cb, _RELEASED_BY[type(op)]), [])):
                queue.pop(0)

    def _formats(self) -> Formats:
        inputs = {format_name(v) for loop in self.loops for v in loop.inputs}
        outputs = {format_name(v) for loop in self.loops for v in loop.outputs}
        return Formats(
            unpack_differ=len(inputs) > 1,
            pack_differ=len(outputs) > 1,
            masks=any(reduction_of(loop) is not None for loop in self.loops),
            accumulates=any(_accumulates_in(loop) == "l1" for loop in self.loops),
        )

    # Start-up

    def _startup(self) -> None:
        """One full configuration of unpackers, math unit and packer, before any other compute call.

        A function with matrix products starts as for the first of them, whose operands swap sides.
        """
        b, out_block = self.b, self.loops[0].outputs[0]
        out = b.buffer(buffer_of(out_block))
        units = {"pack": format_name(out_block)}
        product = next(
            ((lp, op) for lp in self.loops for op in lp.body.block.ops if isinstance(op, BlockMatmulOp)), None
        )
        if product is not None:
            loop, op = product
            arguments: dict[SSAValue, SSAValue] = dict(zip(loop.body.block.args, loop.inputs, strict=True))
            lhs, rhs = arguments[op.lhs], arguments[op.rhs]
            rows, columns = array_ints(loop.attributes[SUBBLOCK])
            depth = (tensor_shape(lhs.type) or (1, 1))[-1]
            transposed = int(op.transpose_rhs is not None)
            dims = [b.i32(v) for v in (transposed, columns, rows, depth)]
            startup = b.startup("mm_block_init", *(b.buffer(buffer_of(v)) for v in (lhs, rhs)), out, *dims)
            units |= {"srca": format_name(rhs), "srcb": format_name(lhs), "op": "mm_block_init_short"}
        else:
            inputs = next((list(lp.inputs) for lp in self.loops if lp.inputs), [out_block])
            handles = [b.buffer(buffer_of(v)) for v in inputs[:2]]
            mnemonic = "binary_op_init_common" if len(handles) > 1 else "init_sfpu"
            startup = b.startup(mnemonic, *handles, out)
            units |= {"srca": format_name(inputs[0]), "srcb": format_name(inputs[:2][-1])}
        startup.attributes[STARTUP] = DictionaryAttr(
            {unit: StringAttr(value) for unit, value in units.items()}
        )

    # Loops

    def _lower_sections(self, loop: BlockComputeOp, lowering: TileLoopLowering) -> None:
        """One section of DST per sub-block."""
        b = self.b
        with b.before(loop):
            flag = self._accumulation_flag(loop)
            lowering.clear_mask()
            for sub in lowering.sections():
                b.call("tile_regs_acquire")
                lowering.compute(sub)
                b.call("tile_regs_commit")
                b.call("tile_regs_wait")
                lowering.pack(sub, flag)
                b.call("tile_regs_release")

    def _accumulation_flag(self, loop: BlockComputeOp) -> SSAValue | None:
        """Whether the packer adds to the block (1) or overwrites it (0), as a 32-bit value."""
        if _accumulates_in(loop) != "l1":
            return None
        block = loop.outputs[0]
        others = accumulating_loops(block)
        first = min(others, key=self.position.__getitem__)
        if runs_first(first, others, self.position):
            flag = first_flag(self.b, loop) if loop is first else self.b.i32(1)
            if flag is not None:
                return flag
        if loop is first:
            self._clear(block)
        return self.b.i32(1)

    def _clear(self, block: SSAValue) -> None:
        """Fill a reserved block with zeros, for stores that may come in any order."""
        reserve = block.owner
        assert isinstance(reserve, CBReserveOp) and reserve.next_op is not None
        shape = tensor_shape(block.type) or (1, 1)
        tiles = 1
        for size in shape:
            tiles *= size
        b, out = self.b, self.b.buffer(reserve.cb)
        with b.before(reserve.next_op), b.loop(tiles, "tile") as tile:
            b.call("tile_regs_acquire")  # a fresh section holds zeros
            b.call("tile_regs_commit")
            b.call("tile_regs_wait")
            mark(b.call("pack_reconfig_l1_acc", b.i32(0)), l1_acc="")
            mark(b.call("pack_reconfig_data_format", out), pack=format_name(block))
            b.call("pack_tile", b.constant(0), out, tile, out_of_order=True)
            b.call("tile_regs_release")

    def _lower_resident(self, loop: BlockComputeOp, lowering: TileLoopLowering) -> None:
        """The block stays in DST from its reserve to its push, around the loop over K."""
        reserve = loop.outputs[0].owner
        assert isinstance(reserve, CBReserveOp)
        push = reserve.next_op
        while not (isinstance(push, CBPushOp) and push.cb is reserve.cb):
            assert push is not None, "checked when registers were assigned"
            push = push.next_op
        after_reserve = reserve.next_op
        assert after_reserve is not None
        with self.b.before(after_reserve):
            lowering.clear_mask()
            self.b.call("tile_regs_acquire")
        with self.b.before(loop):
            lowering.compute(lowering.whole())
        with self.b.before(push):
            self.b.call("tile_regs_commit")
            self.b.call("tile_regs_wait")
            lowering.pack(lowering.whole())
            self.b.call("tile_regs_release")


def _accumulates_in(loop: BlockComputeOp) -> str | None:
    mode = loop.attributes.get(ACCUMULATE_IN)
    return mode.data if isinstance(mode, StringAttr) else None


def lower_compute(module: ModuleOp, target: Target) -> None:
    """Lower the fused loops of the compute functions of a module."""
    for func in module.ops:
        if isinstance(func, FuncOp) and func.attributes.get("ttl.thread") == StringAttr("compute"):
            _FunctionLowering(func, target).lower()


@dataclass(frozen=True)
class TTLLowerCompute(ModulePass):
    """Lowers `ttl.block_compute` to TTKernel: loops over sub-blocks, DST sections, instructions, packing.

    Input: compute functions with registers assigned. Each fused loop becomes sections of acquire, compute, commit, wait,
    pack, release, one per sub-block; a loop that accumulates in DST keeps one section open from the reserve of its
    block to its push, one that accumulates in L1 switches the packer to adding after the first store. Data formats of the
    unpacker and the packer are set where a function's buffers differ in them. Init, format and packer calls stand before
    each run of an instruction, marked `ttl.init`, and are moved and removed by `ttkernel-hoist-inits`; the start-up, first
    of all, is marked `ttl.startup`. Output: no `ttl.block_compute`; blocks
    acquired behind others of their buffer have `first_tile`.
    """

    name = "ttl-lower-compute"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        lower_compute(op, TTKERNEL)
