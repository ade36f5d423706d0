# SPDX-License-Identifier: Apache-2.0
"""The pass `ttl-synchronization-to-emitc`."""

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from ttlang.dialects.ttkernel.op_spec import DEFAULT_METAL_VERSION

from .lowering_targets import emitc_target
from .ttl_lower_synchronization import lower_synchronization


@dataclass(frozen=True)
class TTLSynchronizationToEmitC(ModulePass):
    """Lowers circular buffers, semaphores, barriers and core coordinates to calls, without TTKernel, and finishes the
    functions.

    Input and order of the calls are those of `ttl-lower-synchronization`, the form of the output that of
    `ttl-compute-to-emitc`. Functions lose their arguments and carry `thread`, "compute" or "noc". Output: functions of
    EmitC, scf and arith only. `metal-version` names the generation of the calls.
    """

    name = "ttl-synchronization-to-emitc"

    metal_version: str = DEFAULT_METAL_VERSION

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        lower_synchronization(op, emitc_target(op, self.metal_version))
