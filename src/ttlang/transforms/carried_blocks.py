# SPDX-License-Identifier: Apache-2.0
"""Block values that loops carry from turn to turn, and that branches yield: they go through circular buffers.

A loop's value is stored before the loop and at the end of each turn; each turn, and the code behind the loop, waits for it.
The buffer has two blocks, so that a turn reads the old value while it writes the new one. A branch stores on both sides.
"""

from collections.abc import Iterator

from xdsl.dialects import scf
from xdsl.dialects.builtin import StringAttr, TensorType
from xdsl.ir import Block, Operation, SSAValue
from xdsl.ir import BlockArgument as Argument

from ttlang.dialects.ttcore import TileType
from ttlang.dialects.ttl.attributes import CBType
from ttlang.dialects.ttl.buffers import CBPopOp, CBPushOp, CBReserveOp, CBWaitOp, CreateCBOp
from ttlang.dialects.ttl.compute import BlockStoreOp, RequireDSTOp, tile_of
from ttlang.dialects.ttl.structure import ComputeThreadOp, KernelOp
from ttlang.hardware.data_formats import DataType

from .program_structure import own_buffers
from .remarks import remark
from .store_groups import VALUE_OPS

HELD_AS = {
    DataType.bfp_bf8: DataType.bf16,
    DataType.bfp_bf4: DataType.bf16,
    DataType.bfp_bf2: DataType.bf16,
    DataType.bfp_f8: DataType.f16,
    DataType.bfp_f4: DataType.f16,
    DataType.bfp_f2: DataType.f16,
}
"""Formats that intermediate values keep more of their precision in."""


def carry_through_buffers(kernel: KernelOp, thread: ComputeThreadOp, pass_name: str) -> None:
    """Rewrite all loops and branches of a thread that carry or yield blocks."""
    for op in list(thread.walk()):
        if isinstance(op, scf.ForOp | scf.WhileOp | scf.IfOp):
            current = op
            for position in reversed(range(len(op.results))):
                if isinstance(current.results[position].type, TensorType):
                    current = _Carried(kernel, current, position, pass_name).rewrite()


Carrier = scf.ForOp | scf.WhileOp | scf.IfOp


class _Carried:
    """One value of a loop or a branch."""

    def __init__(self, kernel: KernelOp, op: Carrier, position: int, pass_name: str):
        self.kernel = kernel
        self.op = op
        self.position = position
        self.pass_name = pass_name
        self.result = op.results[position]
        self.is_loop = not isinstance(op, scf.IfOp)

    def rewrite(self) -> Carrier:
        """Returns the loop or branch without the value."""
        arguments = list(self._arguments())
        ends = [region.block.last_op for region in self.op.regions]
        used = self.result.first_use is not None or any(self._is_read(a) for a in arguments)
        if used:
            cb = self._buffer()
            if self.is_loop:
                self._store(cb, self._initial(), self.op)
            for region, end in zip(self.op.regions, ends, strict=True):
                assert end is not None
                if isinstance(end, scf.YieldOp):
                    self._turn(cb, region.block, end)
            self._read_behind(cb)
        return self._drop(arguments, ends)

    # What there is

    def _arguments(self) -> Iterator[Argument]:
        for region in self.op.regions if self.is_loop else ():
            first = 1 if isinstance(self.op, scf.ForOp) else 0
            yield region.block.args[first + self.position]

    @staticmethod
    def _is_read(argument: Argument) -> bool:
        return any(not isinstance(use.operation, scf.ConditionOp) for use in argument.uses)

    def _initial(self) -> SSAValue:
        first = 3 if isinstance(self.op, scf.ForOp) else 0
        return self.op.operands[first + self.position]

    def _buffer(self) -> SSAValue:
        type = self.result.type
        assert isinstance(type, TensorType)
        tile = tile_of(type)
        held = TileType(HELD_AS.get(tile.dtype, tile.dtype), (tile.rows, tile.columns))
        cb = CreateCBOp(CBType(type.get_shape(), held, 2 if self.is_loop else 1))
        cb.location = self.op.location
        name = self.result.name_hint or next((a.name_hint for a in self._arguments() if a.name_hint), None)
        cb.result.name_hint = name
        why = "a loop carries it from turn to turn" if self.is_loop else "a branch chooses it"
        cb.attributes["intermediate"] = StringAttr(why)
        made = own_buffers(self.kernel)
        first = self.kernel.body.block.first_op
        if made:
            self.kernel.body.block.insert_op_after(cb, made[-1])
        elif first is not None:
            self.kernel.body.block.insert_op_before(cb, first)
        tiles = "x".join(map(str, type.get_shape()))
        remark(
            self.pass_name,
            self.op,
            f"'{name or 'a block'}' goes through a circular buffer of {tiles} {held.format.python_name} tiles: {why}",
        )
        return cb.result

    # What becomes of it

    def _insert(self, op: Operation, before: Operation) -> None:
        op.location = self.op.location
        assert before.parent is not None
        before.parent.insert_op_before(op, before)

    def _store(self, cb: SSAValue, value: SSAValue, before: Operation) -> None:
        reserve = CBReserveOp(cb)
        assert reserve.block is not None
        for op in (reserve, BlockStoreOp(reserve.block, value), CBPushOp(cb)):
            self._insert(op, before)

    def _turn(self, cb: SSAValue, block: Block, end: Operation) -> None:
        """Read the old value at the start of a turn, store the new one where it is computed, pop the old one at the end."""
        value = end.operands[self.position]
        owner = value.owner
        at: Operation | None = end
        if isinstance(owner, Operation) and owner.parent is block:
            at = owner.next_op
        assert at is not None
        if self.is_loop:
            wait = CBWaitOp(cb)
            assert wait.block is not None and block.first_op is not None
            self._insert(wait, block.first_op)
            self._insert(CBPopOp(cb), end)
            first = 1 if isinstance(self.op, scf.ForOp) else 0
            argument = block.args[first + self.position]
            wait.block.name_hint = argument.name_hint
            argument.replace_all_uses_with(wait.block)
            value = end.operands[self.position]
        if at is end and self.is_loop:
            assert end.prev_op is not None
            at = end.prev_op  # the pop
        self._store(cb, value, at)

    def _read_behind(self, cb: SSAValue) -> None:
        following = self.op.next_op
        assert following is not None
        wait = CBWaitOp(cb)
        assert wait.block is not None
        self._insert(wait, following)
        wait.block.name_hint = self.result.name_hint
        self.result.replace_all_uses_with(wait.block)
        last = _last_reader(wait)
        pop = CBPopOp(cb)
        assert last.next_op is not None
        self._insert(pop, last.next_op)

    def _drop(self, arguments: list[Argument], ends: list[Operation | None]) -> Carrier:
        op = self.op
        for end in ends:
            assert end is not None
            shift = 1 if isinstance(end, scf.ConditionOp) else 0
            _without(end, shift + self.position)
        if self.is_loop:
            _without(op, (3 if isinstance(op, scf.ForOp) else 0) + self.position)
        for argument in arguments:
            assert argument.first_use is None
            argument.block.erase_arg(argument)
        new = type(op).create(
            operands=list(op.operands),
            result_types=[r.type for i, r in enumerate(op.results) if i != self.position],
            properties=op.properties,
            attributes=op.attributes,
            regions=[op.detach_region(r) for r in list(op.regions)],
        )
        self._insert(new, op)
        kept = [r for i, r in enumerate(op.results) if i != self.position]
        for old, result in zip(kept, new.results, strict=True):
            result.name_hint = old.name_hint
            old.replace_all_uses_with(result)
        assert op.parent is not None
        op.parent.erase_op(op)
        return new


def _without(op: Operation, position: int) -> None:
    op.operands = [o for i, o in enumerate(op.operands) if i != position]


def _last_reader(wait: CBWaitOp) -> Operation:
    """The op of the wait's own block behind which nothing reads what it acquired, directly or through values."""
    block = wait.parent
    assert wait.block is not None and block is not None
    order = {op: i for i, op in enumerate(block.ops)}
    last: Operation = wait
    stack: list[SSAValue] = [wait.block]
    seen: set[SSAValue] = set()
    while stack:
        value = stack.pop()
        if value in seen:
            continue
        seen.add(value)
        for use in value.uses:
            user: Operation = use.operation
            if isinstance(user, VALUE_OPS):
                stack.extend(user.results)
            while user.parent is not block:
                parent = user.parent_op()
                assert parent is not None
                user = parent
            if isinstance(user, scf.YieldOp | RequireDSTOp):
                continue  # what a loop or a branch around this yields is stored where it is defined
            if order[user] > order[last]:
                last = user
    return last
