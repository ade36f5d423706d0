# SPDX-License-Identifier: Apache-2.0
"""The pass `ttl-apply-schedule`."""

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from .remarks import remark


@dataclass(frozen=True)
class TTLApplySchedule(ModulePass):
    """Applies the transform sequences of a module, in order, and takes them out.

    Input: kernels as the front end makes them, before any other pass, and `transform.sequence` ops beside them. Output: the
    kernels as scheduled (see the dialect `transform`). Refuses, at the Python line that stands against it, a step that is
    not legal or has nothing to do; in a sequence with `failures(suppress)` such a step is left out and changes nothing.
    """

    name = "ttl-apply-schedule"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        from ttlang.schedule.interpreter import apply_sequence
        from ttlang.schedule.transform_ops import SequenceOp

        for sequence in [o for o in op.ops if isinstance(o, SequenceOp)]:
            for skipped in apply_sequence(ctx, op, sequence):
                remark(self.name, sequence, f"step {skipped.step} is left out: {skipped.reason}")
