# SPDX-License-Identifier: Apache-2.0
"""Semaphores: counters in the memory of each core, by which data-movement threads wait for each other."""

from typing import Any, NoReturn

from ttlang.diagnostics import SourceLocation

from .scope import caller_location, current_scope, misuse

MAX_VALUE = 2**31 - 1


class Semaphore:
    """A counter on every core, `initial` when the program starts.

    In data-movement threads: `wait_eq(v)`, `wait_ge(v)` and `set(v)` act on this core's; `get_remote(core)` is another
    core's, with `set(v)` and `inc(v)`; `get_remote_multicast(range)` those of a rectangle of cores (slices as
    in `ttl.Pipe`; by default the whole grid), with `set(v)`. Earlier forms: `wait(v, reset=)`, `set(v, core=, mcast=)`,
    `inc(v, core=)`.
    """

    def __init__(self, initial: int = 0, *, initial_value: int | None = None):
        scope = current_scope("a semaphore")
        value = initial if initial_value is None else initial_value
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_VALUE:
            raise misuse(
                f"the initial value of a semaphore is an integer from 0 to {MAX_VALUE}, got {value!r}"
            )
        self.location: SourceLocation | None = caller_location()
        self.initial = value
        self.index = len(scope.semaphores)
        self.scope = scope
        scope.semaphores.append(self)

    def _only_in_threads(self, method: str) -> NoReturn:
        raise misuse(
            f"{method}() of a semaphore is called outside a data-movement thread",
            hint="use it in a function decorated with @ttl.datamovement()",
        )

    def wait_eq(self, value: Any) -> None:
        """Wait until this core's semaphore is `value` (in threads)."""
        self._only_in_threads("wait_eq")

    def wait_ge(self, value: Any) -> None:
        """Wait until this core's semaphore is at least `value` (in threads)."""
        self._only_in_threads("wait_ge")

    def wait(self, value: Any, reset: Any = None) -> None:
        """`wait_eq`, then set to `reset` (in threads)."""
        self._only_in_threads("wait")

    def set(self, value: Any, core: Any = None, mcast: Any = None) -> None:
        """Set this core's semaphore, or that of `core`, or those of the range `mcast` (in threads)."""
        self._only_in_threads("set")

    def inc(self, value: Any = 1, core: Any = None) -> None:
        """Add to the semaphore of `core` (in threads)."""
        self._only_in_threads("inc")

    def get_remote(self, core: Any) -> Any:
        """The semaphore of another core (in threads)."""
        self._only_in_threads("get_remote")

    def get_remote_multicast(self, range: Any = None) -> Any:
        """The semaphores of a rectangle of cores, by default of the whole grid (in threads)."""
        self._only_in_threads("get_remote_multicast")

    def __repr__(self) -> str:
        return f"Semaphore({self.index}, initial={self.initial}, at={self.location})"
