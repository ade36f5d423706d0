# SPDX-License-Identifier: Apache-2.0
"""The pass `ttl-canonicalize`."""

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import scf
from xdsl.dialects.builtin import FloatAttr, IntegerAttr, LocationAttr, ModuleOp
from xdsl.folder import Folder
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern
from xdsl.rewriter import InsertPoint
from xdsl.traits import (
    ConstantLike,
    HasCanonicalizationPatternsTrait,
    HasFolder,
    IsolatedFromAbove,
    IsTerminator,
    MemoryEffect,
    NoMemoryEffect,
    SymbolOpInterface,
    is_speculatable,
)
from xdsl.transforms.dead_code_elimination import is_trivially_dead

from ttlang.dialects.emitc import EffectOfRow, row_effect
from ttlang.dialects.locations import UNKNOWN, stamp
from ttlang.dialects.ttl.canonical import ReadsBlocks
from ttlang.dialects.ttl.compute import BlockFillOp

from .canonicalization_patterns.integers import fold, handles

MAX_ROUNDS = 8
"""Walks over the module; each sees what the one before it uncovered. Two are usual."""


@dataclass(frozen=True)
class TTLCanonicalize(ModulePass):
    """Folds constants, simplifies ops, merges equal ones, hoists invariant ones out of loops, removes dead
    ones.

    Works on any module. The coordinates and sizes of a known grid, branches with known conditions, loops
    that run once, redundant acquisitions, waits and barriers, copies that nobody sees, elementwise functions
    that change nothing and indices of accessors are simplified. Arithmetic on blocks is neither hoisted nor
    merged across stores and releases. Every op keeps its location, and a new one takes that of the op it
    replaces.
    """

    name = "ttl-canonicalize"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        simplifier = _Simplifier(ctx)
        for _ in range(MAX_ROUNDS):
            if not simplifier.run(op):
                return


@dataclass(frozen=True, slots=True)
class _Traits:
    """What the pass has to know of a class of ops, looked up once."""

    patterns: tuple[RewritePattern, ...]
    folds_integers: bool
    folds: bool
    merges: bool  # equal ops may become one
    reads: bool  # ... as long as nothing is written between them
    hoists: bool
    writes: bool  # may change what others read
    removable: bool
    isolated: bool
    by_row: bool = False  # ops that stand for a row of the op table have the effect of the row


_BY_EFFECT = {
    effect: _Traits(
        patterns=(),
        folds_integers=False,
        folds=False,
        merges=effect == "pure",
        reads=False,
        hoists=effect == "pure",
        writes=effect != "pure",
        removable=effect != "write",
        isolated=False,
    )
    for effect in ("pure", "read", "write")
}


_INTEGER_PREFIX = "arith."


_KNOWN_TRAITS: dict[type[Operation], _Traits] = {}


def _traits(op: Operation) -> _Traits:
    cls = type(op)
    known = _KNOWN_TRAITS.get(cls)
    if known is None:
        known = _KNOWN_TRAITS[cls] = _look_up_traits(cls)
    if known.by_row and (effect := row_effect(op)) is not None:
        return _BY_EFFECT[effect]
    return known


def _look_up_traits(cls: type[Operation]) -> _Traits:
    has = cls.has_trait
    own = cls.name.startswith("ttl.")
    is_arith = cls.name.startswith(_INTEGER_PREFIX)
    constant = has(ConstantLike)
    pure = has(NoMemoryEffect)
    reads = has(ReadsBlocks)
    patterns = tuple(
        pattern
        for trait in cls.traits.traits
        if isinstance(trait, HasCanonicalizationPatternsTrait)
        for pattern in trait.get_patterns(cls)
        if type(pattern).__name__ not in _REPLACED_PATTERNS
    )
    ends = has(IsTerminator)
    is_symbol = has(SymbolOpInterface)
    return _Traits(
        patterns=() if is_arith and constant else patterns,
        folds_integers=handles(cls),
        folds=has(HasFolder) and not constant and not own and not handles(cls),
        merges=(pure or reads) and not ends and cls is not BlockFillOp,
        reads=reads,
        hoists=pure and not ends and not reads and cls is not BlockFillOp,
        writes=not (pure or reads or ends),
        removable=has(MemoryEffect) and not ends and not is_symbol,
        isolated=has(IsolatedFromAbove),
        by_row=has(EffectOfRow),
    )


_REPLACED_PATTERNS = frozenset(
    {
        "RehoistConstInLoops",  # constants are hoisted with all else that is invariant
        "SignlessIntegerBinaryOperationZeroOrUnitRight",  # integers fold by table
        "SignlessIntegerBinaryOperationConstantProp",
        "SelectConstPattern",
        "SelectSamePattern",
        "ApplyCmpiPredicateToEqualOperands",
    }
)

_Key = tuple[object, ...]


class _OpRewriter(PatternRewriter):
    """A rewriter that goes from op to op; what it inserts has the location of the op it is at."""

    def __init__(self) -> None:
        self._op: Operation | None = None
        self._location: LocationAttr = UNKNOWN
        super().__init__(InsertPoint(Block()))
        self.operation_insertion_handler.append(lambda op: stamp(op, self._location))

    def start(self, op: Operation) -> None:
        self._op = op
        self._location = op.location
        self.has_done_action = False

    @property
    def insertion_point(self) -> InsertPoint:
        return self._insertion_point if self._op is None else InsertPoint.before(self._op)

    @insertion_point.setter
    def insertion_point(self, point: InsertPoint) -> None:
        self._insertion_point = point
        self._op = None


class _Simplifier:
    """One walk in program order: each op is folded, rewritten, or merged with an equal one above it."""

    def __init__(self, ctx: Context):
        self._folder = Folder(ctx)
        self._changed = False
        self._rewriter = _OpRewriter()
        self._scopes: list[dict[_Key, list[Operation]]] = []

    def run(self, module: ModuleOp) -> bool:
        """Walk over the module once; returns whether anything changed."""
        self._changed = False
        self._scopes = [{}]
        self._walk(module.body)
        self._remove_dead(module.body)
        return self._changed

    def _walk(self, region: Region) -> None:
        for block in region.blocks:
            self._scopes.append({})
            self._walk_block(block)
            self._scopes.pop()

    def _walk_block(self, block: Block) -> None:
        op = block.first_op
        reads: dict[_Key, list[Operation]] = {}
        while op is not None:
            previous = op.prev_op
            traits = _traits(op)
            if self._simplify(op, traits):
                self._changed = True
                op = self._next(block, op, previous)
                continue
            if op.regions:
                self._descend(op, traits)
                reads.clear()
            elif traits.merges and self._merge(op, reads if traits.reads else self._scopes[-1], traits):
                self._changed = True
                op = self._next(block, op, previous)
                continue
            elif traits.writes:
                reads.clear()
            op = op.next_op

    @staticmethod
    def _next(block: Block, op: Operation, previous: Operation | None) -> Operation | None:
        """Where to go on after a change: at the op when it is still there, or at what has taken its place."""
        if op.parent is block:
            return (
                op.next_op if previous is op.prev_op else (previous.next_op if previous else block.first_op)
            )
        if previous is not None and previous.parent is block:
            return previous.next_op
        return block.first_op

    def _descend(self, op: Operation, traits: _Traits) -> None:
        saved = self._scopes
        if traits.isolated:
            self._scopes = [{}]
        for region in op.regions:
            self._walk(region)
        self._scopes = saved
        if isinstance(op, scf.ForOp | scf.WhileOp):
            for region in op.regions:
                self._hoist(op, region)

    def _simplify(self, op: Operation, traits: _Traits) -> bool:
        """Fold or rewrite an op; returns whether the module changed."""
        if traits.folds_integers and self._fold_integers(op):
            return True
        if not traits.patterns and not traits.folds:
            return False
        rewriter = self._rewriter
        rewriter.start(op)
        if traits.folds and self._folder.replace_with_fold(op, rewriter) is not None:
            return True
        for pattern in traits.patterns:
            pattern.match_and_rewrite(op, rewriter)
            if rewriter.has_done_action:
                return True
        return False

    def _fold_integers(self, op: Operation) -> bool:
        new = fold(op)
        if new is None:
            return False
        block = op.parent
        assert block is not None
        if isinstance(new, Operation):
            new.location = op.location
            block.insert_op_before(new, op)
            value: SSAValue = new.results[0]
        else:
            value = new
        if value.name_hint is None:
            value.name_hint = op.results[0].name_hint
        op.results[0].replace_all_uses_with(value)
        block.erase_op(op)
        return True

    def _merge(self, op: Operation, scope: dict[_Key, list[Operation]], traits: _Traits) -> bool:
        """Replace an op by an equal one above it."""
        key = _key(op)
        scopes = (scope,) if traits.reads else reversed(self._scopes)
        for known in scopes:
            for other in known.get(key, ()):
                if other.parent is not None and _are_equal(op, other):
                    for result, value in zip(op.results, other.results, strict=True):
                        result.replace_all_uses_with(value)
                    assert op.parent is not None
                    op.parent.erase_op(op)
                    return True
        scope.setdefault(key, []).append(op)
        return False

    def _hoist(self, loop: Operation, region: Region) -> None:
        """Move ops out of a loop that yield the same in every iteration."""
        parent = loop.parent
        assert parent is not None
        for block in region.blocks:
            op = block.first_op
            while op is not None:
                following = op.next_op
                if (
                    _traits(op).hoists
                    and not op.regions
                    and all(_defining_block(operand) is not block for operand in op.operands)
                    and len(region.blocks) == 1
                    and is_speculatable(op)
                ):
                    op.detach()
                    parent.insert_op_before(op, loop)
                    self._changed = True
                op = following

    def _remove_dead(self, region: Region) -> None:
        for block in region.blocks:
            op = block.last_op
            while op is not None:
                previous = op.prev_op
                if _traits(op).removable and _is_unused(op) and is_trivially_dead(op):
                    block.erase_op(op)
                    self._changed = True
                else:
                    for inner in op.regions:
                        self._remove_dead(inner)
                op = previous


def _is_unused(op: Operation) -> bool:
    return all(result.first_use is None for result in op.results)


def _key(op: Operation) -> _Key:
    """What equal ops have in common and is quick to compare: class and operands, of constants the value."""
    operands = op.operands
    if operands:
        return (type(op), *operands)
    value = op.properties.get("value")
    return (type(op), value.value.data if isinstance(value, IntegerAttr | FloatAttr) else None)


def _defining_block(value: SSAValue) -> Block | None:
    owner = value.owner
    return owner.parent if isinstance(owner, Operation) else owner


def _are_equal(a: Operation, b: Operation) -> bool:
    return (
        a.properties == b.properties
        and a.attributes == b.attributes
        and [r.type for r in a.results] == [r.type for r in b.results]
    )
