# SPDX-License-Identifier: Apache-2.0
"""The pass `ttl-compute-to-emitc`."""

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from ttlang.dialects.ttkernel.op_spec import DEFAULT_METAL_VERSION

from .lowering_targets import emitc_target
from .ttl_lower_compute import lower_compute


@dataclass(frozen=True)
class TTLComputeToEmitC(ModulePass):
    """Lowers `ttl.block_compute` to calls of the kernel API, without TTKernel.

    Input and order of the calls are those of `ttl-lower-compute`; each row of the op table that it chooses becomes the
    EmitC of its call in the generation that `metal-version` names. Output: no `ttl.block_compute`; an op that stands for
    a row names it in `ttl.row`, with the row's attributes in `ttl.row_attributes` and the buffers that the call leaves
    out in `ttl.left_out`; inits are marked `ttl.init`, the start-up `ttl.startup`. Values that are numbers keep their
    type (`index`, `i32`, ..); handles of circular buffers are `ui32`.
    """

    name = "ttl-compute-to-emitc"

    metal_version: str = DEFAULT_METAL_VERSION

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        lower_compute(op, emitc_target(op, self.metal_version))
