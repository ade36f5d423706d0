# SPDX-License-Identifier: Apache-2.0
"""Linear scan over the body of a fused loop: which DST register holds each value, and which instruction makes it.

The scan only plans; `Plan.apply` writes the plan into the loop. Registers are counted per tile ("slots"): a loop that
computes n tiles between acquire and release takes n times as many.
"""

from dataclasses import dataclass, field

from xdsl.dialects.builtin import BoolAttr, i32
from xdsl.ir import Operation, SSAValue

from ttlang.dialects.interned import integer
from ttlang.dialects.ttl.compute import (
    BlockBroadcastOp,
    BlockComputeOp,
    BlockFillOp,
    BlockMatmulOp,
    ElementwiseOp,
    YieldOp,
)
from ttlang.dialects.ttl.registers import CopyDSTOp, LoadTileOp

from .errors import error
from .tile_instructions import (
    Instruction,
    NoInstruction,
    Surroundings,
    folds_into_binary,
    is_buffer_tile,
    select,
)

DST, FOLDED, SCRATCH = "dst", "folded", "scratch"
"""Attributes of ops in a fused loop: the slot of a value; the mark of an op that another one's instruction does too; the
slot that an instruction needs besides."""


class Overflow(Exception):
    """The values of a body need more registers than there are. `cut`: ops of the body that fit before a split."""

    def __init__(self, cut: int):
        super().__init__(f"the body fits up to op {cut}")
        self.cut = cut


@dataclass(slots=True)
class Plan:
    """Registers of a loop's body. `slots`: registers that one tile takes."""

    loop: BlockComputeOp
    wide: bool
    slots: int = 1
    place: dict[Operation, int] = field(default_factory=dict)
    loads: dict[Operation, list[tuple[SSAValue, int]]] = field(
        default_factory=dict
    )  # before the op: value, slot
    copies: dict[Operation, list[tuple[SSAValue, int]]] = field(default_factory=dict)
    bases: dict[Operation, tuple[SSAValue, int]] = field(default_factory=dict)  # what a product is added to
    folded: set[Operation] = field(default_factory=set)
    instructions: dict[Operation, Instruction] = field(default_factory=dict)
    scratch: dict[Operation, int] = field(
        default_factory=dict
    )  # a register that an instruction needs besides

    def apply(self) -> None:
        """Insert loads and copies, and give every value its slot."""
        body = self.loop.body.block
        in_registers: dict[SSAValue, SSAValue] = {}
        for op in list(body.ops):
            for value, slot in self.loads.get(op, ()):
                in_registers[value] = self._load(value, slot, op)
            if op in self.bases:
                value, slot = self.bases[op]
                (use,) = op.results[0].uses
                use.operation.operands[1 - use.index] = self._load(value, slot, op)
            operands = in_registers
            if op in self.copies:
                operands = dict(in_registers)
                for value, slot in self.copies[op]:
                    copy = CopyDSTOp(operands.get(value, value))
                    copy.location = op.location
                    copy.attributes[DST] = integer(slot, i32)
                    body.insert_op_before(copy, op)
                    operands[value] = copy.result
            if op in self.folded:
                op.attributes[FOLDED] = BoolAttr.from_bool(True)
            if op in self.place:
                op.attributes[DST] = integer(self.place[op], i32)
            if op in self.scratch:
                op.attributes[SCRATCH] = integer(self.scratch[op], i32)
            if isinstance(op, YieldOp) or op in self.place:
                self._rewrite(op, operands)

    def _rewrite(self, op: Operation, operands: dict[SSAValue, SSAValue]) -> None:
        from_registers = set(op.operands)
        if not isinstance(op, YieldOp):
            from_registers = set(self.instructions[op].operands)
        for i, operand in enumerate(op.operands):
            if operand in from_registers and operand in operands:
                op.operands[i] = operands[operand]

    def _load(self, value: SSAValue, slot: int, before: Operation) -> SSAValue:
        body = self.loop.body.block
        if isinstance(value.owner, BlockFillOp):
            new: Operation = value.owner.clone()
        else:
            new = LoadTileOp(value)
        new.location = before.location
        new.results[0].name_hint = value.name_hint
        new.attributes[DST] = integer(slot, i32)
        body.insert_op_before(new, before)
        return new.results[0]


class RegisterScan:
    """Plans a body: lowest free slot first, free after the last use.

    Functions of one operand work in place, and a value that lives on is copied first. Tiles of circular buffers are
    loaded where an instruction needs them in DST and stay while they are needed, unless a function works on them in place
    or registers run out. Instructions that add to their register get one that nothing was written to.
    """

    def __init__(self, loop: BlockComputeOp, limit: int, wide: bool):
        self.loop = loop
        self.limit = limit
        self.plan = Plan(loop, wide)
        self.ops = list(loop.body.block.ops)
        self.remaining: dict[SSAValue, int] = {}
        for op in self.ops:
            for value in dict.fromkeys(op.operands):
                self.remaining[value] = self.remaining.get(value, 0) + 1
        self.slot: dict[SSAValue, int] = {}
        self.free: list[int] = []
        self.used = 0
        self.computed: set[SSAValue] = set()  # values in registers that cannot be read again from a buffer
        self.live_after: list[int] = []
        self.pending: set[Operation] = set()  # sums that a product has been added to ahead of them

    def run(self) -> Plan:
        """Raises Overflow when the body does not fit, CompileError when an op has no instruction."""
        for i, op in enumerate(self.ops):
            try:
                self._visit(op)
            except _Full:
                raise Overflow(self._cut(i)) from None
            self.live_after.append(self.limit + 1 if self.pending else len(self.computed))
        self.plan.slots = max(self.used, 1)
        return self.plan

    def _cut(self, at: int) -> int:
        """Where to split before op number `at`: where the fewest values are alive, in the later half."""
        assert at > 0, "one instruction needs no more registers than there are"
        return min(range(max(1, at // 2), at + 1), key=lambda i: (self.live_after[i - 1], -i))

    def _visit(self, op: Operation) -> None:
        if isinstance(op, YieldOp):
            held: set[SSAValue] = set(op.values)
            for value in op.values:
                self._in_register(value, op, held)
            return
        if isinstance(op, BlockFillOp):
            return  # made where an instruction needs it in a register
        if isinstance(op, BlockBroadcastOp) and folds_into_binary(op):
            self.plan.folded.add(op)
            return
        if op in self.pending:
            self._finish_sum(op)
            return
        if isinstance(op, BlockMatmulOp | ElementwiseOp) and self._adds_onto_operand(op):
            return
        self._instruction(op)

    def _select(self, op: Operation, fresh: bool = False) -> Instruction:
        around = Surroundings(self.plan.wide, self._dies, fresh or self.used < self.limit)
        try:
            chosen = select(op, around)
        except NoInstruction as reason:
            raise error(op, str(reason)) from None
        self.plan.instructions[op] = chosen
        return chosen

    def _dies(self, value: SSAValue, op: Operation) -> bool:
        """Whether the op that is being visited is the last that needs a value."""
        return self.remaining[value] == 1

    # Registers

    def _take(self, held: set[SSAValue]) -> int:
        """A register that may have been used before; a loaded tile that is not in `held` makes room if it must."""
        if self.free:
            slot = min(self.free)
            self.free.remove(slot)
            return slot
        if self.used < self.limit:
            return self._fresh()
        for value, slot in self.slot.items():
            if value not in held and value not in self.computed:
                del self.slot[value]
                return slot
        raise _Full

    def _fresh(self) -> int:
        if self.used == self.limit:
            raise _Full
        self.used += 1
        return self.used - 1

    def _in_register(self, value: SSAValue, op: Operation, held: set[SSAValue]) -> int:
        """The slot of a value, which is loaded (or filled) before `op` when it stands in none."""
        if value not in self.slot:
            self._load(value, op, self._take(held))
        return self.slot[value]

    def _load(self, value: SSAValue, op: Operation, slot: int) -> None:
        assert is_buffer_tile(value) or isinstance(value.owner, BlockFillOp), (
            "computed values stay in registers"
        )
        self.plan.loads.setdefault(op, []).append((value, slot))
        self.slot[value] = slot

    def _done(self, op: Operation, result: int) -> None:
        """Operands that nothing else needs free their registers; the result has its own."""
        for value in dict.fromkeys(op.operands):
            self.remaining[value] -= 1
            owner = value.owner
            if isinstance(owner, BlockBroadcastOp) and owner in self.plan.folded:
                continue
            if self.remaining[value] == 0 and value in self.slot:
                slot = self.slot.pop(value)
                self.computed.discard(value)
                if slot != result:
                    self.free.append(slot)
        self.plan.place[op] = result
        value = op.results[0]
        if self.remaining.get(value, 0):
            self.slot[value] = result
            self.computed.add(value)
        else:
            self.free.append(result)

    # Instructions

    def _instruction(self, op: Operation) -> None:
        chosen = self._select(op)
        held = set(chosen.operands)
        slots = [self._in_register(value, op, held) for value in chosen.operands]
        if chosen.in_place:
            result = self._in_place(op, chosen.operands[0], held)
        elif chosen.accumulates:
            result = self._fresh()
        else:
            dying = [s for value, s in zip(chosen.operands, slots, strict=True) if self._dies(value, op)]
            result = dying[0] if dying else self._take(held)
        if chosen.needs_scratch:
            self.plan.scratch[op] = scratch = self._take(held)
            self.free.append(scratch)
        self._done(op, result)

    def _in_place(self, op: Operation, value: SSAValue, held: set[SSAValue]) -> int:
        """The slot that an op overwrites: its operand's, or that of a copy when the operand lives on."""
        if self._dies(value, op):
            return self.slot[value]
        if value not in self.computed:
            return self.slot.pop(value)  # loaded again for the next that needs it, while the math unit works
        slot = self._take(held)
        self.plan.copies.setdefault(op, []).append((value, slot))
        return slot

    # Products that add to what is in their register

    def _adds_onto_operand(self, op: BlockMatmulOp | ElementwiseOp) -> bool:
        """A product whose one use is a sum is added to the sum's other operand, which is in DST before.

        In 32-bit registers always; 16-bit ones round at each step, so there only when no other register is left.
        """
        if not (self.plan.wide or self.used == self.limit):
            return False
        if isinstance(op, ElementwiseOp) and op.ROW.name != "mul":
            return False
        if not self._select(op, fresh=True).accumulates:
            return False
        users = [use.operation for use in op.results[0].uses]
        if len(users) != 1 or not isinstance(users[0], ElementwiseOp) or users[0].ROW.name != "add":
            return False
        addition = users[0]
        other = addition.rhs if addition.lhs is op.results[0] else addition.lhs
        if other is op.results[0] or isinstance(other.owner, BlockFillOp):
            return False
        if other in self.slot and self.remaining[other] == 1:
            slot = self.slot.pop(other)
            self.computed.discard(other)
        elif is_buffer_tile(other):
            slot = self._take(set())
            self.plan.bases[op] = (other, slot)
        else:
            return False
        self.pending.add(addition)
        self._done(op, slot)
        self.plan.folded.add(addition)
        self.plan.place[addition] = slot
        self.plan.instructions[addition] = Instruction(None, (op.results[0],))
        return True

    def _finish_sum(self, op: Operation) -> None:
        """A sum that a product has been added to already: its result is the product's register."""
        self.pending.discard(op)
        for value in dict.fromkeys(op.operands):
            self.remaining[value] -= 1
            if self.remaining[value] == 0:
                self.computed.discard(value)
                slot = self.slot.pop(value, None)
                if slot is not None and slot != self.plan.place[op]:
                    self.free.append(slot)
        result = op.results[0]
        if self.remaining.get(result, 0):
            self.slot[result] = self.plan.place[op]
            self.computed.add(result)


class _Full(Exception):
    """No register is left."""
