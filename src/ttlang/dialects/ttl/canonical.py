# SPDX-License-Identifier: Apache-2.0
"""Traits of `ttl` ops that transforms ask for: canonicalization patterns and memory effects."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from xdsl.dialects.builtin import MemRefType
from xdsl.ir import Operation
from xdsl.pattern_rewriter import RewritePattern
from xdsl.traits import (
    AlwaysSpeculatable,
    EffectInstance,
    HasCanonicalizationPatternsTrait,
    MemoryEffect,
    MemoryEffectKind,
)

from .attributes import BlockType, CBType

_READ = frozenset({EffectInstance(MemoryEffectKind.READ)})
_NONE: frozenset[EffectInstance] = frozenset()


@dataclass(frozen=True)
class TTLCanonicalization(HasCanonicalizationPatternsTrait):
    """The op has patterns in `ttlang.transforms.canonicalization_patterns.ttl`, which is imported when they
    are asked for.
    """

    def verify(self, op: Operation) -> None:
        return

    def get_patterns(self, op: type[Operation]) -> tuple[RewritePattern, ...]:
        from ttlang.transforms.canonicalization_patterns.ttl import PATTERNS

        return PATTERNS.get(op.name, ())

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        return ()


class ReadsBlocks(MemoryEffect, AlwaysSpeculatable):
    """No side effects but for reading the blocks, buffers and memrefs among the operands.

    On tensors and tiles the op is pure; what it reads from a block changes with stores and releases.
    """

    @classmethod
    def get_effects(cls, op: Operation) -> AbstractSet[EffectInstance]:
        return _READ if reads_memory(op) else _NONE


def reads_memory(op: Operation) -> bool:
    """Whether an operand is a block, a circular buffer or a memref."""
    return any(isinstance(operand.type, BlockType | CBType | MemRefType) for operand in op.operands)
