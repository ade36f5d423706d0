# SPDX-License-Identifier: Apache-2.0
"""Which stores of a compute thread become one loop over tiles, and what an expression reads."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from xdsl.dialects import arith
from xdsl.ir import Operation, SSAValue

from ttlang.dialects.ttl.compute import (
    BlockBroadcastOp,
    BlockFillOp,
    BlockMatmulOp,
    BlockReduceOp,
    BlockStoreOp,
    BlockTransposeOp,
    BlockTypecastOp,
    ElementwiseOp,
    RequireDSTOp,
    tensor_shape,
)
from ttlang.dialects.ttl.structure import ComputeThreadOp

VALUE_OPS = (
    ElementwiseOp,
    BlockMatmulOp,
    BlockReduceOp,
    BlockBroadcastOp,
    BlockTransposeOp,
    BlockTypecastOp,
    BlockFillOp,
)
"""Ops whose results are block values: computed in DST, tile by tile."""

READS_BUFFERS = (BlockMatmulOp, BlockReduceOp, BlockBroadcastOp, BlockTransposeOp)
"""Ops whose operands the unpacker must fetch from a circular buffer: they move data between tiles or lanes."""

SEARCH_LIMIT = 64
"""How many values of a store's expression are looked at for one that an earlier store uses too."""


def operands_in_registers(op: Operation) -> tuple[SSAValue, ...]:
    """The operands that an op takes from DST, or may take from there."""
    return () if isinstance(op, READS_BUFFERS) else tuple(op.operands)


@dataclass(eq=False, slots=True)
class StoreGroup:
    """Stores that one loop over tiles computes, where the last of them stands."""

    stores: list[BlockStoreOp]
    values: set[SSAValue] = field(default_factory=set)  # of their expressions

    @property
    def anchor(self) -> BlockStoreOp:
        return self.stores[-1]

    def takes(self, store: BlockStoreOp, values: set[SSAValue], reduces: bool) -> bool:
        """Whether a store that follows may join: it shares a value, and all have one shape and overwrite."""
        first = self.stores[0]
        return (
            not reduces
            and not self.values.isdisjoint(values)
            and store.acc is None
            and first.acc is None
            and all(store.dst is not other.dst for other in self.stores)
            and tensor_shape(store.dst.type) == tensor_shape(first.dst.type)
        )


def _expression(store: BlockStoreOp) -> tuple[set[SSAValue], bool]:
    """Values that a store computes (up to a limit), and whether a reduction is among them."""
    found: set[SSAValue] = set()
    stack = [store.src]
    reduces = False
    while stack and len(found) < SEARCH_LIMIT:
        value = stack.pop()
        op = value.owner
        if value in found or not isinstance(op, VALUE_OPS) or isinstance(op, BlockFillOp):
            continue
        found.add(value)
        reduces |= isinstance(op, BlockReduceOp)
        stack.extend(operands_in_registers(op))
    return found, reduces


def store_groups(thread: ComputeThreadOp) -> Iterator[StoreGroup]:
    """The groups of a thread's stores, in program order.

    Stores that stand in a row, with nothing but values between them, and share one join: it is computed once.
    """
    group: StoreGroup | None = None
    for op in thread.walk():
        if isinstance(op, BlockStoreOp):
            values, reduces = _expression(op)
            if group is not None and group.anchor.parent is op.parent and group.takes(op, values, reduces):
                group.stores.append(op)
                group.values |= values
                continue
            if group is not None:
                yield group
            group = StoreGroup([op], values)
        elif group is not None and not isinstance(op, (*VALUE_OPS, RequireDSTOp, arith.ConstantOp)):
            yield group
            group = None
    if group is not None:
        yield group
