# SPDX-License-Identifier: Apache-2.0
"""Semaphores in threads: waits on this core's, signals to this and to other cores."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xdsl.ir import SSAValue

from ttlang.dialects.ttl.coordinates import Coordinate
from ttlang.dialects.ttl.semaphores import (
    MAX_VALUE,
    Comparison,
    SemaphoreIncOp,
    SemaphoreSetOp,
    SemaphoreWaitOp,
)
from ttlang.language.semaphores import Semaphore

from . import pipes
from .blocks import require_kind
from .values import RuntimeInt, describe

if TYPE_CHECKING:
    from .thread_compiler import ThreadCompiler

Corners = tuple[Sequence[Coordinate], Sequence[Coordinate]]


@dataclass(frozen=True, eq=False, slots=True)
class RemoteSemaphore:
    """A semaphore on other cores: of one core, or of a rectangle."""

    semaphore: Semaphore
    first: Sequence[Coordinate]
    last: Sequence[Coordinate] | None  # None: the one core `first`


def _value(compiler: "ThreadCompiler", value: Any, what: str) -> int | SSAValue:
    require_kind(compiler, "datamovement", f"'{what}' of a semaphore")
    if isinstance(value, RuntimeInt):
        return value.ssa
    if isinstance(value, bool) or not isinstance(value, int):
        raise compiler.error(f"'{what}' of a semaphore takes an integer, got {describe(value)}")
    if not 0 <= value <= MAX_VALUE:
        raise compiler.error(f"'{what}' of a semaphore takes an integer from 0 to {MAX_VALUE}, got {value}")
    return value


def wait_eq(compiler: "ThreadCompiler", semaphore: Semaphore, value: Any) -> None:
    amount = _value(compiler, value, "wait_eq")
    compiler.emit(SemaphoreWaitOp(compiler.program.semaphore(semaphore), amount, comparison=Comparison.equal))


def wait_ge(compiler: "ThreadCompiler", semaphore: Semaphore, value: Any) -> None:
    amount = _value(compiler, value, "wait_ge")
    compiler.emit(SemaphoreWaitOp(compiler.program.semaphore(semaphore), amount, comparison=Comparison.min))


def wait(compiler: "ThreadCompiler", semaphore: Semaphore, value: Any, reset: Any = None) -> None:
    amount = _value(compiler, value, "wait")
    if reset is not None and not isinstance(_value(compiler, reset, "reset"), int):
        raise compiler.error("'reset' of a semaphore must be known at compile time")
    op = SemaphoreWaitOp(
        compiler.program.semaphore(semaphore), amount, comparison=Comparison.equal, reset_value=reset
    )
    compiler.emit(op)


def set(
    compiler: "ThreadCompiler", semaphore: Semaphore, value: Any, core: Any = None, mcast: Any = None
) -> None:
    amount = _value(compiler, value, "set")
    handle = compiler.program.semaphore(semaphore)
    if core is None:
        if mcast is not None:
            raise compiler.error(
                "'mcast' is the size of a rectangle of cores that starts at 'core': give both"
            )
        compiler.emit(SemaphoreSetOp(handle, amount))
    elif mcast is None:
        compiler.emit(SemaphoreSetOp(handle, amount, pipes.coordinates(compiler, core, "core")))
    else:
        compiler.emit(SemaphoreSetOp(handle, amount, mcast=pipes.rectangle(compiler, core, mcast)))


def inc(compiler: "ThreadCompiler", semaphore: Semaphore, value: Any = 1, core: Any = None) -> None:
    amount = _value(compiler, value, "inc")
    if core is None:
        raise compiler.error("which core's semaphore? give a core", hint="semaphore.inc(1, core=(x, y))")
    op = SemaphoreIncOp(
        compiler.program.semaphore(semaphore), amount, pipes.coordinates(compiler, core, "core")
    )
    compiler.emit(op)


def get_remote(compiler: "ThreadCompiler", semaphore: Semaphore, core: Any) -> RemoteSemaphore:
    require_kind(compiler, "datamovement", "'get_remote' of a semaphore")
    return RemoteSemaphore(semaphore, pipes.coordinates(compiler, core, "core"), None)


def get_remote_multicast(
    compiler: "ThreadCompiler", semaphore: Semaphore, range: Any = None
) -> RemoteSemaphore:
    require_kind(compiler, "datamovement", "'get_remote_multicast' of a semaphore")
    return RemoteSemaphore(semaphore, *pipes.spans(compiler, range))


def remote_set(compiler: "ThreadCompiler", remote: RemoteSemaphore, value: Any) -> None:
    amount = _value(compiler, value, "set")
    handle = compiler.program.semaphore(remote.semaphore)
    if remote.last is None:
        compiler.emit(SemaphoreSetOp(handle, amount, remote.first))
    else:
        compiler.emit(SemaphoreSetOp(handle, amount, mcast=(remote.first, remote.last)))


def remote_inc(compiler: "ThreadCompiler", remote: RemoteSemaphore, value: Any = 1) -> None:
    amount = _value(compiler, value, "inc")
    if remote.last is not None:
        raise compiler.error(
            "an increment goes to one core; set() is for several", hint="use get_remote(core)"
        )
    compiler.emit(SemaphoreIncOp(compiler.program.semaphore(remote.semaphore), amount, remote.first))
