# SPDX-License-Identifier: Apache-2.0
"""The `ttl` dialect: kernels of threads over circular buffers and blocks of tiles.

Levels, from the front end to the lowering: block ops on `!ttl.block` and tensors of tiles; after
bufferization the same ops on single tiles inside `ttl.block_compute`, whose operands are memref views of
circular buffers.
"""

from xdsl.ir import Dialect

from .attributes import (
    AccessorType,
    BlockType,
    CBType,
    CoreMaskAttr,
    GridAttr,
    LayoutAttr,
    MemorySpaceAttr,
    MemTxType,
    PipeType,
    SemaphoreType,
    SliceAttr,
)
from .buffers import (
    CBPopOp,
    CBPushOp,
    CBReserveOp,
    CBWaitOp,
    CreateCBOp,
    GetTileOp,
    PackTileOp,
)
from .compute import COMPUTE_OPS
from .data_movement import DATA_MOVEMENT_OPS
from .debugging import DEBUGGING_OPS
from .distribution import DISTRIBUTION_OPS, DistributionStrategyAttr, DistTensorType
from .elements import ELEMENT_OPS
from .microcores import MICROCORE_OPS, MicrocoreConfigAttr
from .pipes import PIPE_OPS
from .registers import REGISTER_OPS
from .semaphores import SEMAPHORE_OPS
from .structure import ComputeThreadOp, DataMovementThreadOp, KernelOp, ProgramOp

TTL = Dialect(
    "ttl",
    [
        ProgramOp,
        KernelOp,
        ComputeThreadOp,
        DataMovementThreadOp,
        CreateCBOp,
        CBWaitOp,
        CBPopOp,
        CBReserveOp,
        CBPushOp,
        GetTileOp,
        PackTileOp,
        *COMPUTE_OPS,
        *DATA_MOVEMENT_OPS,
        *REGISTER_OPS,
        *ELEMENT_OPS,
        *PIPE_OPS,
        *SEMAPHORE_OPS,
        *MICROCORE_OPS,
        *DISTRIBUTION_OPS,
        *DEBUGGING_OPS,
    ],
    [
        MemorySpaceAttr,
        GridAttr,
        LayoutAttr,
        CoreMaskAttr,
        SliceAttr,
        CBType,
        BlockType,
        MemTxType,
        SemaphoreType,
        PipeType,
        AccessorType,
        DistTensorType,
        DistributionStrategyAttr,
        MicrocoreConfigAttr,
    ],
)
