# SPDX-License-Identifier: Apache-2.0
"""What the bodies of loops are made of, as far as steps know what moving them means."""

from xdsl.dialects import scf
from xdsl.ir import Operation

from ttlang.dialects.ttl.buffers import AcquireOp, ReleaseOp
from ttlang.dialects.ttl.compute import BlockStoreOp, RequireDSTOp
from ttlang.dialects.ttl.data_movement import (
    CopyOp,
    CoreIndexOp,
    DMABarrierOp,
    GridSizeOp,
    IndexAccessorOp,
    TensorAccessorOp,
    WaitOp,
)
from ttlang.transforms.store_groups import VALUE_OPS

Kinds = tuple[type[Operation], ...]

PLACES: Kinds = (TensorAccessorOp, IndexAccessorOp, CoreIndexOp, GridSizeOp)
"""Ops that say where something is, and do nothing."""
_OF_ALL: Kinds = (AcquireOp, ReleaseOp, scf.YieldOp)
MOVES: Kinds = (*PLACES, *_OF_ALL, CopyOp, WaitOp, DMABarrierOp)
"""Ops by which a thread moves blocks."""
COMPUTES: Kinds = (*VALUE_OPS, *_OF_ALL, BlockStoreOp, RequireDSTOp)
"""Ops by which a thread computes blocks of blocks."""


def is_arithmetic_or(op: Operation, kinds: Kinds) -> bool:
    """Whether an op is arithmetic on numbers, or of one of some kinds."""
    return isinstance(op, kinds) or op.name.startswith("arith.")
