# SPDX-License-Identifier: Apache-2.0
"""The pass `emitc-hoist-inits`."""

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from .ttkernel_hoist_inits import hoist_inits


@dataclass(frozen=True)
class EmitCHoistInits(ModulePass):
    """Calls init and reconfiguration only where the operation or the data format changes, in functions that were
    lowered without TTKernel.

    The rules are those of `ttkernel-hoist-inits`. Two calls set up the same when `ttl.row`, `ttl.row_attributes`,
    `ttl.left_out` and their operands are equal: what the generation's call does not take counts too. Input: functions as
    `ttl-compute-to-emitc` leaves them, inits and start-up marked. Output: the same calls fewer times, without
    `ttl.init` and `ttl.startup`.
    """

    name = "emitc-hoist-inits"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        hoist_inits(op)
