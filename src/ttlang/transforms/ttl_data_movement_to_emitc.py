# SPDX-License-Identifier: Apache-2.0
"""The pass `ttl-data-movement-to-emitc`."""

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from ttlang.dialects.ttkernel.op_spec import DEFAULT_METAL_VERSION

from .lowering_targets import emitc_target
from .ttl_lower_data_movement import lower_data_movement


@dataclass(frozen=True)
class TTLDataMovementToEmitC(ModulePass):
    """Lowers `ttl.copy`, `ttl.wait`, pipes and tensor accessors to calls of the NoC, without TTKernel.

    Input and order of the calls are those of `ttl-lower-data-movement`, the form of the output that of
    `ttl-compute-to-emitc`: NoC addresses are `ui64`, accessors of tensors opaque values of type `auto`, words of L1
    pointers. `metal-version` names the generation of the calls.
    """

    name = "ttl-data-movement-to-emitc"

    metal_version: str = DEFAULT_METAL_VERSION

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        lower_data_movement(op, emitc_target(op, self.metal_version))
