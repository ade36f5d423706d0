# SPDX-License-Identifier: Apache-2.0
"""The kernel scope: what the kernel body makes while it runs as plain Python."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from types import FrameType, FunctionType
from typing import Any

from ttlang.diagnostics import CompileError, Note, SourceLocation
from ttlang.hardware import Chip

from .tensors import TensorParameter

_PACKAGE = str(Path(__file__).resolve().parents[1]) + os.sep


@dataclass(frozen=True, slots=True)
class KernelConfig:
    """Settings of a kernel that decide its code; None means that the compiler chooses."""

    arch: str
    memory_space: str = "L1"
    tiled: bool = True
    granularity: int | None = None
    fp32_dest_acc: bool | None = None
    dst_full_sync: bool | None = None
    math_fidelity: str = "HiFi4"
    metal_version: str = "0.81"


CoreRange = tuple[tuple[int, ...], tuple[int, ...]]
"""First and last core of a rectangle of a grid, both inclusive, x first."""


@dataclass(eq=False, slots=True)
class Thread:
    """A thread function of a kernel, to be compiled from its source."""

    function: FunctionType
    kind: str  # "compute", "datamovement" or "single_threaded": the kernel function itself
    location: SourceLocation
    arguments: tuple[Any, ...] = ()
    """What the parameters are bound to: circular buffers, or the arguments of a single-threaded kernel."""
    cores: CoreRange | None = None
    """First and last core of those that run the thread; None for all of the grid."""

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def where(self) -> str:
        """The cores of the thread, for messages."""
        if self.cores is None:
            return "all cores"
        first, last = (core if len(core) > 1 else core[0] for core in self.cores)
        return f"core {first}" if first == last else f"cores {first} to {last}"

    def runs_on(self, core: tuple[int, ...]) -> bool:
        """Whether a core of the grid runs the thread."""
        return self.cores is None or all(a <= c <= b for c, a, b in zip(core, *self.cores, strict=True))

    def __call__(self, *arguments: object) -> None:
        raise misuse(f"thread '{self.name}' is called: threads run by themselves when the kernel is called")


@dataclass(eq=False)
class KernelScope:
    """Everything that running the kernel body has made; the front end compiles it."""

    name: str
    location: SourceLocation
    chip: Chip
    grid: tuple[int, ...]
    config: KernelConfig
    tensors: list[TensorParameter]
    threads: list[Thread] = field(default_factory=list)
    buffers: list[Any] = field(default_factory=list)
    semaphores: list[Any] = field(default_factory=list)
    nets: list[Any] = field(default_factory=list)
    explicit_threads: list[Thread] | None = None
    uncalled: Any = None
    """A `ttl.Program` that waits for its call."""
    schedule: Any = None
    """The `Plan` of the schedule (`ttlang.schedule.steps`), or None."""

    @property
    def program_threads(self) -> list[Thread]:
        """Threads to run: those named by `ttl.Program(...)`, else all that were decorated."""
        return self.threads if self.explicit_threads is None else self.explicit_threads


_current: ContextVar[KernelScope | None] = ContextVar("ttlang_kernel_scope", default=None)


@contextmanager
def entered(scope: KernelScope) -> Iterator[KernelScope]:
    token = _current.set(scope)
    try:
        yield scope
    finally:
        _current.reset(token)


def current_or_none() -> KernelScope | None:
    """The scope being traced, if one is."""
    return _current.get()


def current_scope(what: str) -> KernelScope:
    """The scope being traced; raises CompileError at the caller when `what` is used outside of a kernel."""
    scope = _current.get()
    if scope is None:
        raise misuse(
            f"{what} is used outside of a kernel", hint="call it in a function decorated with @ttl.kernel"
        )
    return scope


def caller_frame() -> FrameType | None:
    """The innermost frame that is not the compiler's."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    return frame


def caller_location() -> SourceLocation | None:
    """Where user code called into the language."""
    frame = caller_frame()
    if frame is None:
        return None
    line, end_line, column, end_column = next(
        islice(frame.f_code.co_positions(), frame.f_lasti // 2, None), (None, None, None, None)
    )
    if line is None:
        return SourceLocation(frame.f_code.co_filename, frame.f_lineno, 1)
    return SourceLocation.of_bytes(
        frame.f_code.co_filename, line, column or 0, end_column if line == end_line else None
    )


def misuse(message: str, hint: str | None = None, notes: Sequence[Note] = ()) -> CompileError:
    """An error at the line of user code that called into the language."""
    return CompileError(message, caller_location(), notes, hint)
