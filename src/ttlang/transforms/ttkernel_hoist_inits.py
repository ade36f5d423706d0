# SPDX-License-Identifier: Apache-2.0
"""The pass `ttkernel-hoist-inits`, and the hoisting of inits whatever the target of the lowering is."""

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import DictionaryAttr, IntegerAttr, ModuleOp, StringAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import Block, Operation, SSAValue
from xdsl.passes import ModulePass

from ttlang.dialects.walking import ops_in

from .lowering_targets import row_setting, setting
from .tile_loop_lowering import INITS, UNKNOWN
from .ttl_lower_compute import STARTUP

State = dict[str, object]
"""What each unit is known to be set up for."""

_SHORT_INIT = "mm_block_init_short"


_DIMENSIONS = 4


def _units(op: Operation) -> dict[str, str]:
    """The units that a call sets up, and the values it names; empty when it is no init."""
    attribute = op.attributes.get(INITS)
    if not isinstance(attribute, DictionaryAttr):
        return {}
    return {unit: value.data for unit, value in attribute.data.items() if isinstance(value, StringAttr)}


def configuration(init: Operation) -> State:
    """What an init call sets up, by unit: calls with the same configuration are interchangeable."""
    own = row_setting(init)
    return {unit: value or own for unit, value in _units(init).items()}


def _started(op: Operation) -> State:
    """What the start-up of the hardware sets up; that for a matrix product contains the product's init."""
    attribute = op.attributes[STARTUP]
    assert isinstance(attribute, DictionaryAttr)
    state: State = {"mask": "none", "l1_acc": None}
    for unit, value in attribute.data.items():
        assert isinstance(value, StringAttr)
        state[unit] = value.data
    if "op" in state:
        lhs, rhs, *others = op.operands  # the packer's buffer between them, where the call takes it
        state["op"] = setting(_SHORT_INIT, (lhs, rhs, *others[-_DIMENSIONS:]))
    return state


class _Hoister:
    """Moves inits out of loops and drops those that set up what is set up already."""

    def hoist(self, block: Block) -> list[Operation]:
        """Move inits of inner loops before them where no other init of their units would undo them.

        Returns the inits left in the block and below.
        """
        found: list[Operation] = []
        for op in list(block.ops):
            inner = [init for region in op.regions for b in region.blocks for init in self.hoist(b)]
            if INITS in op.attributes:
                found.append(op)
            if inner and isinstance(op, scf.ForOp | scf.WhileOp):
                moved, inner = self._invariant(op, inner)
                for init in moved:
                    init.detach()
                    block.insert_op_before(init, op)
                found += moved
            found += inner
        return found

    def _invariant(self, loop: Operation, inits: list[Operation]) -> tuple[list[Operation], list[Operation]]:
        """The inits that may stand before a loop, one of each kind, and those that stay."""
        settings: dict[str, set[object]] = {}
        for init in inits:
            for unit, value in configuration(init).items():
                settings.setdefault(unit, set()).add(value)
        moved: dict[object, Operation] = {}
        kept: list[Operation] = []
        for init in inits:
            wanted = configuration(init)
            alone = all(len(settings[unit]) == 1 and value != UNKNOWN for unit, value in wanted.items())
            if not alone or any(_defined_in(operand, loop) for operand in init.operands):
                kept.append(init)
                continue
            key = tuple(sorted(wanted))
            if key in moved:
                init.detach()
                init.erase()
            else:
                moved[key] = init
        return list(moved.values()), kept

    def merge(self, block: Block, state: State) -> State:
        """Drop inits that repeat what is set up; returns what is set up at the end of the block."""
        for op in list(block.ops):
            if STARTUP in op.attributes:
                state = {**state, **_started(op)}
            elif INITS in op.attributes:
                wanted = configuration(op)
                if all(state.get(unit) == value for unit, value in wanted.items() if value != UNKNOWN):
                    op.detach()
                    op.erase()
                    continue
                state = {**state, **{u: v if v != UNKNOWN else None for u, v in wanted.items()}}
            elif op.regions:
                state = self._merge_regions(op, state)
        return state

    def _merge_regions(self, op: Operation, state: State) -> State:
        blocks = [block for region in op.regions for block in region.blocks]
        if not isinstance(op, scf.ForOp | scf.WhileOp):
            ends = [self.merge(block, state) for block in blocks]
            if len(ends) < len(op.regions):
                ends.append(state)  # an if without an else
            return _common(ends)
        leaves = state
        for block in blocks:
            leaves = _after(block, leaves)
        # the first turn starts with what stands before, later turns with what the body leaves behind
        entry = _common([state, leaves])
        for block in blocks:
            entry = self.merge(block, entry)
        return entry if _turns(op) else _common([state, entry])


def _after(block: Block, state: State) -> State:
    """What is set up after a block, without changing it."""
    for op in block.ops:
        if op.regions:
            inner = [b for region in op.regions for b in region.blocks]
            ends = [_after(b, state) for b in inner]
            state = _common([state, *ends]) if not _turns(op) else _common(ends)
        elif INITS in op.attributes:
            state = {**state, **{u: v if v != UNKNOWN else None for u, v in configuration(op).items()}}
    return state


def _common(states: list[State]) -> State:
    """What all of several states agree on."""
    first, *rest = states
    return {unit: value for unit, value in first.items() if all(other.get(unit) == value for other in rest)}


def _turns(op: Operation) -> bool:
    """Whether a loop certainly runs at least once."""
    if not isinstance(op, scf.ForOp):
        return False
    bounds = [v.owner for v in (op.lb, op.ub)]
    values = [
        b.value.value.data
        for b in bounds
        if isinstance(b, arith.ConstantOp) and isinstance(b.value, IntegerAttr)
    ]
    return len(values) == 2 and values[0] < values[1]


def _defined_in(value: SSAValue, op: Operation) -> bool:
    owner: Operation | Block | None = value.owner
    while owner is not None:
        if owner is op:
            return True
        owner = owner.parent_op()
    return False


def hoist_inits(module: ModuleOp) -> None:
    """Move and drop the marked inits of all functions, and take the marks away."""
    for func in module.ops:
        if isinstance(func, FuncOp) and func.body.blocks:
            hoister = _Hoister()
            left = hoister.hoist(func.body.blocks[0])
            if left:
                hoister.merge(func.body.blocks[0], {})
            for marked in ops_in(func):
                marked.attributes.pop(INITS, None)
                marked.attributes.pop(STARTUP, None)


@dataclass(frozen=True)
class TTKernelHoistInits(ModulePass):
    """Calls init and reconfiguration only where the operation or the data format changes.

    Each init sets up some units (the operation of unpacker and math unit, the data formats of SrcA, SrcB and the packer,
    the packer's mask and its accumulation in L1). It moves out of a loop when no other init in the loop sets up the same
    units differently, and is dropped where the units are set up already. Input: TTKernel functions as
    `ttl-lower-compute` leaves them, inits and start-up marked. Output: the same calls fewer times, unmarked.
    """

    name = "ttkernel-hoist-inits"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        hoist_inits(op)
