# SPDX-License-Identifier: Apache-2.0
"""Expressions of blocks as `ttl.block_compute`: building the loops, and splitting those that need too many registers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from xdsl.dialects.builtin import MemRefType
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from ttlang.dialects.interned import memref
from ttlang.dialects.ttl.buffers import CBReserveOp, acquired_cb
from ttlang.dialects.ttl.compute import (
    BlockBroadcastOp,
    BlockComputeOp,
    BlockFillOp,
    BlockMatmulOp,
    BlockTransposeOp,
    ElementwiseOp,
    YieldOp,
    tensor_shape,
    tile_of,
)

from .errors import error
from .register_scan import Overflow, RegisterScan
from .store_groups import READS_BUFFERS, VALUE_OPS, operands_in_registers

MAX_TILES = "max_tiles"
"""Attribute of a `ttl.block_store`, and of the loops that compute it: most tiles of a section of DST."""


def _keep_limit(of: Operation, loop: BlockComputeOp) -> None:
    if MAX_TILES in of.attributes:
        loop.attributes[MAX_TILES] = of.attributes[MAX_TILES]


def retype(value: SSAValue, type: Attribute) -> None:
    """Change the type of a value in place: its uses stay."""
    value._type = type  # xDSL has no public way to do this without a new op


@dataclass
class LoopBuilder:
    """Builds one `ttl.block_compute` that computes `results` tile by tile, into the blocks `outputs`.

    `buffered` leads from values that have a buffer of their own to its block.
    """

    results: Sequence[SSAValue]
    outputs: Sequence[SSAValue]
    at: Operation
    buffered: dict[SSAValue, SSAValue]
    accumulate: bool = False
    inputs: list[SSAValue] = field(default_factory=list)
    body: Block = field(default_factory=Block)
    _arguments: dict[tuple[SSAValue, bool], SSAValue] = field(default_factory=dict)
    _tiles: dict[SSAValue, SSAValue] = field(default_factory=dict)

    def build(self) -> BlockComputeOp:
        for result in self.results:
            self._compute(result)
        end = YieldOp(*(self._tiles[r] for r in self.results))
        end.location = self.at.location
        self.body.add_op(end)
        loop = BlockComputeOp(self.inputs, self.outputs, Region(self.body), accumulate=self.accumulate)
        loop.location = self.at.location
        _keep_limit(self.at, loop)
        return loop

    def _block_of(self, value: SSAValue) -> SSAValue | None:
        """The acquired block that holds a value; None when this loop computes it."""
        if value in self.buffered:
            return self.buffered[value]
        if acquired_cb(value) is None:
            return None
        if isinstance(value.owner, CBReserveOp):
            raise error(
                self.at,
                "this value reads a block that was reserved for writing",
                notes=[("the block was reserved", value.owner)],
                hint="push it and wait for it first",
            )
        return value

    def _argument(self, block: SSAValue, whole: bool) -> SSAValue:
        """The body's argument for a block: its current tile, or all of it."""
        key = (block, whole)
        if key not in self._arguments:
            argument = self.body.insert_arg(block.type if whole else tile_of(block.type), len(self.body.args))
            argument.name_hint = block.name_hint
            self.inputs.append(block)
            self._arguments[key] = argument
        return self._arguments[key]

    def _compute(self, value: SSAValue) -> None:
        """Add the ops that compute a value to the body, operands first; without recursion, however long it is."""
        stack = [value]
        while stack:
            current = stack[-1]
            if current in self._tiles:
                stack.pop()
                continue
            block = self._block_of(current)
            if block is not None:
                self._tiles[current] = self._argument(block, whole=False)
                stack.pop()
                continue
            op = current.owner
            if not isinstance(op, VALUE_OPS):
                raise error(
                    self.at,
                    "a value that changes from turn to turn of a loop cannot be stored",
                    hint="keep it in a circular buffer",
                )
            missing = [o for o in operands_in_registers(op) if o not in self._tiles]
            if missing:
                stack.extend(_ordered(op, missing))
                continue
            self._tiles[current] = self._clone(op)
            stack.pop()

    def _whole(self, operand: SSAValue) -> SSAValue:
        block = self._block_of(operand)
        assert block is not None, "ttl-infer-dst-requirements gives a buffer to what the unpacker reads"
        return self._argument(block, whole=True)

    def _clone(self, op: Operation) -> SSAValue:
        whole = isinstance(op, READS_BUFFERS)
        operands = [self._whole(o) if whole else self._tiles[o] for o in op.operands]
        copy = op.clone_without_regions()
        copy.attributes.clear()
        for i, operand in enumerate(operands):
            copy.operands[i] = operand
        retype(copy.results[0], tile_of(op.results[0].type))
        copy.location = op.location
        copy.results[0].name_hint = op.results[0].name_hint
        self.body.add_op(copy)
        return copy.results[0]


def _is_product(value: SSAValue) -> bool:
    """Whether the matrix unit can add a value to a register that holds another one."""
    owner = value.owner
    if isinstance(owner, ElementwiseOp) and owner.ROW.name == "mul":
        return all(acquired_cb(o) is not None or isinstance(o.owner, READS_BUFFERS) for o in owner.operands)
    return isinstance(owner, BlockMatmulOp)


def _ordered(op: Operation, missing: Sequence[SSAValue]) -> list[SSAValue]:
    """Operands of an op as they go on a stack: the first to be computed last.

    What one instruction reads from a buffer is computed just before its use, so that it occupies a register for a
    short time; products come after what they can be added to.
    """
    adds = isinstance(op, ElementwiseOp) and op.ROW.name == "add"

    def place(value: SSAValue) -> int:
        if adds and _is_product(value):
            return 2
        return 1 if isinstance(value.owner, BlockBroadcastOp | BlockTransposeOp) else 0

    return sorted(reversed(missing), key=place, reverse=True)


MakeBuffer = Callable[[SSAValue, MemRefType[Attribute]], tuple[SSAValue, SSAValue]]
"""Makes an intermediate buffer for a value of a loop's body: its block to write and its block to read."""


def split_to_fit(
    loop: BlockComputeOp, limit: int, wide: bool, make_buffer: MakeBuffer
) -> list[BlockComputeOp]:
    """The loop as a row of loops that each fit `limit` registers; values go from one to the next through buffers."""
    done: list[BlockComputeOp] = []
    pending = [loop]
    while pending:
        current = pending.pop()
        try:
            RegisterScan(current, limit, wide).run()
        except Overflow as overflow:
            pending += reversed(_split(current, overflow.cut, make_buffer))
        else:
            done.append(current)
    return done


def _is_repeatable(op: Operation) -> bool:
    """Whether an op is as cheap in each loop that needs it as from a buffer."""
    if isinstance(op, BlockFillOp):
        return True
    return isinstance(op, BlockBroadcastOp | BlockTransposeOp)


def _split(loop: BlockComputeOp, cut: int, make_buffer: MakeBuffer) -> list[BlockComputeOp]:
    """Two loops: one of the first `cut` ops of the body, and one of the others, which reads what the first left."""
    body = loop.body.block
    ops = list(body.ops)
    head, end = set(ops[:cut]), ops[-1]
    assert isinstance(end, YieldOp)
    for op in [o for o in ops[:cut] if _is_repeatable(o)]:
        _repeat_after(op, head, ops[cut])
    moved = [op for op in ops[:cut] if op in head]
    shape = tensor_shape(loop.outputs[0].type) or (1, 1)
    finished = [(v, o) for v, o in zip(end.values, loop.outputs, strict=True) if v.owner in head]
    kept = [(v, o) for v, o in zip(end.values, loop.outputs, strict=True) if v.owner not in head]
    handed: list[tuple[SSAValue, SSAValue, SSAValue]] = []
    for op in moved:
        value: SSAValue = op.results[0]
        if any(use.operation not in head and use.operation is not end for use in value.uses):
            handed.append((value, *make_buffer(value, memref(tile_of(value.type), shape))))
    new_end = YieldOp(*(v for v, _ in kept))
    new_end.location = end.location
    body.insert_op_before(new_end, end)
    body.erase_op(end)
    inputs: dict[SSAValue, SSAValue] = dict(zip(body.args, loop.inputs, strict=True))
    for value, _, read in handed:
        argument = body.insert_arg(tile_of(read.type), len(body.args))
        argument.name_hint = value.name_hint
        value.replace_uses_with_if(argument, lambda use: use.operation not in head)
        inputs[argument] = read
    first = _head_loop(loop, moved, inputs, finished + [(value, written) for value, written, _ in handed])
    if not kept:
        loop.erase()
        return [first]
    for argument in [a for a in body.args if a.first_use is None]:
        del inputs[argument]
        body.erase_arg(argument)
    rest = BlockComputeOp(
        [inputs[a] for a in body.args],
        [out for _, out in kept],
        loop.detach_region(loop.body),
        accumulate=loop.accumulate is not None,
    )
    rest.location = loop.location
    _keep_limit(loop, rest)
    loop.erase()
    return [first, rest]


def _repeat_after(op: Operation, head: set[Operation], tail: Operation) -> None:
    """Give the ops after the cut a repeatable op of their own."""
    value = op.results[0]
    if all(use.operation in head for use in value.uses):
        return
    copy = op.clone()
    copy.location = op.location
    copy.results[0].name_hint = value.name_hint
    assert tail.parent is not None
    tail.parent.insert_op_before(copy, tail)
    value.replace_uses_with_if(copy.results[0], lambda use: use.operation not in head)
    if value.first_use is None:
        head.discard(op)
        op.detach()
        op.erase()


def _head_loop(
    loop: BlockComputeOp,
    moved: Sequence[Operation],
    inputs: dict[SSAValue, SSAValue],
    outputs: Sequence[tuple[SSAValue, SSAValue]],
) -> BlockComputeOp:
    """A loop of ops that leave another loop's body; `outputs`: what it yields, and where to."""
    body = Block()
    arguments: dict[SSAValue, SSAValue] = {}
    for op in moved:
        op.detach()
        for i, operand in enumerate(op.operands):
            if operand in inputs:
                if operand not in arguments:
                    arguments[operand] = body.insert_arg(operand.type, len(body.args))
                    arguments[operand].name_hint = operand.name_hint
                op.operands[i] = arguments[operand]
        body.add_op(op)
    end = YieldOp(*(value for value, _ in outputs))
    end.location = loop.location
    body.add_op(end)
    first = BlockComputeOp([inputs[a] for a in arguments], [out for _, out in outputs], Region(body))
    first.location = loop.location
    _keep_limit(loop, first)
    return first
