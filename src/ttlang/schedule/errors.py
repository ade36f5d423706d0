# SPDX-License-Identifier: Apache-2.0
"""What a step of a schedule says when it cannot be taken."""

from xdsl.ir import Operation


class ScheduleError(Exception):
    """A step that is refused: one sentence why, and the op that stands against it, where there is one.

    A step raises it before it has changed anything. The interpreter makes a `CompileError` of it at the op's Python line,
    or skips the step where the sequence says `failures(suppress)`.
    """

    def __init__(self, reason: str, op: Operation | None = None):
        self.reason = reason
        self.op = op
        super().__init__(reason)
