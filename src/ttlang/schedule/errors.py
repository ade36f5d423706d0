# SPDX-License-Identifier: Apache-2.0
"""What a step of a schedule says when it cannot be taken."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from xdsl.ir import Operation

_Candidate = TypeVar("_Candidate")
_Taken = TypeVar("_Taken")


class ScheduleError(Exception):
    """A step that is refused: one sentence why, and the op that stands against it, where there is one.

    A step raises it before it has changed anything. The interpreter makes a `CompileError` of it at the op's Python line,
    or skips the step where the sequence says `failures(suppress)`.
    """

    def __init__(self, reason: str, op: Operation | None = None):
        self.reason = reason
        self.op = op
        super().__init__(reason)


def taken(candidates: Iterable[_Candidate], take: Callable[[_Candidate], _Taken], none: str) -> list[_Taken]:
    """What `take` makes of candidates that it does not refuse.

    Raises ScheduleError when there is none: the first refusal, or `none` where there was no candidate.
    """
    found, refused = [], []
    for candidate in candidates:
        try:
            found.append(take(candidate))
        except ScheduleError as error:
            refused.append(error)
    if not found:
        raise refused[0] if refused else ScheduleError(none)
    return found
