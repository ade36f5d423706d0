# SPDX-License-Identifier: Apache-2.0
"""Operations of data-movement threads."""

from typing import Any

from .scope import misuse


def copy(source: Any, destination: Any) -> Any:
    """Start a transfer between a tensor slice and a block; `.wait()` on the result waits for it.

    Shapes of source and destination must be equal. A transfer that is never waited for is completed before its
    block is released.
    """
    raise misuse(
        "ttl.copy is called outside a data-movement thread",
        hint="use it in a function decorated with @ttl.datamovement()",
    )


def dma(src: Any, dst: Any, core: Any = None, mcast: Any = None) -> Any:
    """The earlier form of `copy`. With `core`, the block is written to the same block of that core; with `mcast` too, to
    a rectangle of that size from `core` on. Such transfers are ordered by semaphores of the program.
    """
    raise misuse(
        "ttl.dma is called outside a data-movement thread",
        hint="use it in a function decorated with @ttl.datamovement()",
    )


def signpost(name: str) -> None:
    """A mark of that name in the profile that the device's profiler takes of this thread; costs nothing on the simulator."""
    raise misuse(
        "ttl.signpost is called outside a thread",
        hint="use it in a function decorated with @ttl.datamovement() or @ttl.compute()",
    )
