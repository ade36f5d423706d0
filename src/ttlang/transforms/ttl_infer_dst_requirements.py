# SPDX-License-Identifier: Apache-2.0
"""The pass `ttl-infer-dst-requirements`."""

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import BoolAttr, ModuleOp, StringAttr
from xdsl.ir import Block, Operation, SSAValue
from xdsl.passes import ModulePass

from ttlang.dialects.ttl.buffers import (
    AcquireOp,
    CBPopOp,
    CBPushOp,
    CBReserveOp,
    CBWaitOp,
    ReleaseOp,
    acquired_cb,
)
from ttlang.dialects.ttl.compute import (
    BlockBroadcastOp,
    BlockFillOp,
    BlockStoreOp,
    BlockTransposeOp,
    RequireDSTOp,
    tile_of,
)
from ttlang.dialects.ttl.structure import ComputeThreadOp, KernelOp, ProgramOp
from ttlang.hardware.data_formats import DataType

from .program_structure import buffer_tile, kernels, tile_buffers
from .store_groups import READS_BUFFERS, VALUE_OPS, StoreGroup, store_groups

REASON = "ttl.buffered"
"""Attribute of an op whose value needs a circular buffer: why."""

_ACQUIRES = {CBPopOp: CBWaitOp, CBPushOp: CBReserveOp}
_FIVE_BIT_EXPONENT = (DataType.f16, DataType.bfp_f8, DataType.bfp_f4, DataType.bfp_f2)

Loop = Operation | StoreGroup
"""A loop over tiles: that of a group of stores, or that of the op whose value goes to a buffer."""


class _Residence:
    """Decides for every block value of a thread whether it lives in DST alone or in a circular buffer.

    A value is computed by the loop that needs it. It gets a loop and a buffer of its own when the unpacker must read
    it, when several loops need it, when a loop in a deeper nest would compute it again and again, or when a block that
    it reads is released before the loop.
    """

    def __init__(self, thread: ComputeThreadOp):
        self.position: dict[Operation, int] = {}
        self.values: list[Operation] = []
        self.released: dict[SSAValue, int] = {}
        held: dict[tuple[SSAValue, type[Operation]], list[AcquireOp]] = {}
        for i, op in enumerate(thread.walk()):
            self.position[op] = i
            if isinstance(op, VALUE_OPS):
                self.values.append(op)
            elif isinstance(op, AcquireOp):
                held.setdefault((op.cb, type(op)), []).append(op)
            elif isinstance(op, ReleaseOp) and (queue := held.get((op.cb, _ACQUIRES[type(op)]))):
                acquired = queue.pop(0)
                if acquired.block is not None:
                    self.released[acquired.block] = i
        self.group_of = {store: group for group in store_groups(thread) for store in group.stores}
        self.loops: dict[SSAValue, dict[Loop, None]] = {}
        self.reasons: dict[Operation, str] = {}

    def decide(self) -> None:
        for op in reversed(self.values):
            value = op.results[0]
            reason, loops = self._uses(op, value)
            if reason is None and not isinstance(op, BlockFillOp):
                reason = self._reason(op, loops)
            if reason is not None:
                self.reasons[op] = reason
                loops = {op: None}
            self.loops[value] = loops

    def _deadline(self, op: Operation) -> int:
        """The position from which a block that an op reads is released."""
        never = len(self.position)
        return min((self.released.get(operand, never) for operand in op.operands), default=never)

    def _uses(self, op: Operation, value: SSAValue) -> tuple[str | None, dict[Loop, None]]:
        """Why a use needs the value in a buffer, and the loops that compute with it."""
        loops: dict[Loop, None] = {}
        for use in value.uses:
            user = use.operation
            if isinstance(user, READS_BUFFERS) and self.loops[user.results[0]]:
                name = user.name.removeprefix("ttl.block_")
                return f"the unpacker reads it for a {name}", loops
            if isinstance(user, BlockStoreOp):
                loops[self.group_of[user]] = None
            elif isinstance(user, VALUE_OPS):
                loops.update(
                    dict(list(self.loops[user.results[0]].items())[:2])
                )  # more than one is all that counts
        return None, loops

    def _reason(self, op: Operation, loops: dict[Loop, None]) -> str | None:
        if not loops:
            return None
        cheap = (
            isinstance(op, BlockBroadcastOp | BlockTransposeOp) and acquired_cb(op.operands[0]) is not None
        )
        for loop in loops:
            anchor = loop.anchor if isinstance(loop, StoreGroup) else loop
            if self.position[anchor] > self._deadline(op):
                return "a block that it reads is released before its use"
        if cheap:
            return None
        if len(loops) > 1:
            return "several loops use it"
        (loop,) = loops
        anchor = loop.anchor if isinstance(loop, StoreGroup) else loop
        if _is_in_deeper_loop(anchor, op.parent):
            return "a loop uses it in every turn"
        return None


def _is_in_deeper_loop(op: Operation, block: Block | None) -> bool:
    """Whether a loop stands between `op` and a block around it."""
    while op.parent is not block:
        parent = op.parent_op()
        assert parent is not None, "a value is defined in a block around its uses"
        if parent.name in ("scf.for", "scf.while"):
            return True
        op = parent
    return False


@dataclass(frozen=True)
class TTLInferDSTRequirements(ModulePass):
    """Finds out which block values live in DST and how wide its registers must be.

    Marks with `ttl.require_dst` the values of compute threads that live in the DST registers alone: the loop over tiles
    that stores them computes them. A value that a matrix product, a reduction, a repetition or a transposition reads, that several
    loops need, or whose operands are released before its use must be in a circular buffer: its op gets the attribute
    `ttl.buffered` with the reason. Values that nothing uses get neither. A program whose values do not fit 16-bit
    registers (32-bit types, or floats with 5-bit exponents beside others) and that does not say how wide they are gets
    `fp32_dest_acc = true`, other programs false. Input and output: TTL on blocks and tensors.
    """

    name = "ttl-infer-dst-requirements"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        wide: dict[ProgramOp, bool] = {}
        for program, kernel in kernels(op):
            for thread in kernel.threads:
                if isinstance(thread, ComputeThreadOp):
                    self._mark(thread)
            wide[program] = wide.get(program, False) or needs_wide_registers(kernel)
        for program, needed in wide.items():
            program.attributes.setdefault("fp32_dest_acc", BoolAttr.from_bool(needed))

    def _mark(self, thread: ComputeThreadOp) -> None:
        residence = _Residence(thread)
        residence.decide()
        for value_op in residence.values:
            value = value_op.results[0]
            if value_op in residence.reasons:
                value_op.attributes[REASON] = StringAttr(residence.reasons[value_op])
            elif residence.loops[value] and not any(
                isinstance(u.operation, RequireDSTOp) for u in value.uses
            ):
                mark = RequireDSTOp(value)
                mark.location = value_op.location
                assert value_op.parent is not None
                value_op.parent.insert_op_after(mark, value_op)


def needs_wide_registers(kernel: KernelOp) -> bool:
    """Whether a type that the kernel computes with does not fit 16-bit registers."""
    tiles = {buffer_tile(cb) for cb in tile_buffers(kernel)}
    for thread in kernel.threads:
        if isinstance(thread, ComputeThreadOp):
            tiles.update(tile_of(op.results[0].type) for op in thread.walk() if isinstance(op, VALUE_OPS))
    if any(tile.format.wide_dest for tile in tiles):
        return True
    floats = {tile.dtype for tile in tiles if not tile.format.is_integer}
    halves = {t for t in floats if t in _FIVE_BIT_EXPONENT}
    return bool(halves) and halves != floats
