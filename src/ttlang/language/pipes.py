# SPDX-License-Identifier: Apache-2.0
"""Pipes between cores: made in kernel scope, used in data-movement threads."""

from collections.abc import Callable, Sequence
from typing import Any

from ttlang.diagnostics import SourceLocation

from .scope import KernelScope, caller_location, current_scope, misuse
from .symbols import SymbolicInt

Coordinates = tuple[int, ...]


class Pipe:
    """A channel from one core to one core, or to the cores of a rectangle (multicast).

    `src`: coordinates of the sending core, x first. `dst`: coordinates of the receiving core; a slice in the place of
    a coordinate is a range of cores, which may hold the source (it then receives too). One-dimensional grids take a
    plain integer or slice. `dst_core_range` also takes the first and the last core of the rectangle, both inclusive.
    Raises CompileError for cores outside of the grid.
    """

    def __init__(
        self,
        src: Any = None,
        dst: Any = None,
        *,
        src_core: Any = None,
        dst_core: Any = None,
        dst_core_range: Any = None,
    ):
        scope = current_scope("a pipe")
        self.location: SourceLocation | None = caller_location()
        self.scope = scope
        source = _only_one("src", (src, src_core))
        target = _only_one("dst", (dst, dst_core, dst_core_range))
        sizes = scope.grid
        self.src: Coordinates = _core(source, sizes, "the source of a pipe")
        self.first, self.last, self.is_multicast = core_range(target, sizes, "the destination of a pipe")
        self.dst: tuple[Any, ...] = tuple(
            slice(a, b + 1) if self.is_multicast and _spans(target, i, a, b) else a
            for i, (a, b) in enumerate(zip(self.first, self.last, strict=True))
        )
        self.net: PipeNet | None = None

    @property
    def receivers(self) -> int:
        """Number of cores that receive, the source included when it is one of them."""
        count = 1
        for a, b in zip(self.first, self.last, strict=True):
            count *= b - a + 1
        return count

    @property
    def loops_back(self) -> bool:
        """Whether the source is among the receivers."""
        return all(a <= c <= b for c, a, b in zip(self.src, self.first, self.last, strict=True))

    def __repr__(self) -> str:
        return (
            f"Pipe(src={self.src}, dst={self.dst}, first={self.first}, last={self.last}, at={self.location})"
        )


class PipeNet:
    """A net of pipes that threads send over and receive from together.

    In a data-movement thread `net.if_src(fn)` calls `fn(pipe)` once for each pipe that starts at the current core,
    `net.if_dst(fn)` once for each pipe that leads to it, in the order of the list.
    """

    def __init__(self, pipes: Sequence[Pipe]):
        scope = current_scope("a net of pipes")
        self.location: SourceLocation | None = caller_location()
        if isinstance(pipes, Pipe):
            pipes = (pipes,)
        if not isinstance(pipes, tuple | list) or not pipes:
            raise misuse(f"PipeNet takes a list of pipes, got {pipes!r}")
        for pipe in pipes:
            if not isinstance(pipe, Pipe):
                raise misuse(f"PipeNet takes pipes, got {type(pipe).__name__}")
            if pipe.scope is not scope:
                raise misuse("this pipe was made by another kernel")
            if pipe.net is not None:
                raise misuse("a pipe belongs to one net", hint="make another ttl.Pipe for the second net")
        self.pipes = tuple(pipes)
        self.index = len(scope.nets)
        self.scope = scope
        scope.nets.append(self)
        for pipe in self.pipes:
            pipe.net = self

    def if_src(self, function: Callable[[Pipe], None]) -> None:
        """Call `function` for each pipe that starts at this core (in threads)."""
        raise _only_in_threads("PipeNet.if_src")

    def if_dst(self, function: Callable[[Pipe], None]) -> None:
        """Call `function` for each pipe that leads to this core (in threads)."""
        raise _only_in_threads("PipeNet.if_dst")

    def is_src(self) -> bool:
        """Whether a pipe of the net starts at this core (in threads of any kind)."""
        raise _only_in_threads("PipeNet.is_src", "thread")

    def is_dst(self) -> bool:
        """Whether a pipe of the net leads to this core (in threads of any kind)."""
        raise _only_in_threads("PipeNet.is_dst", "thread")

    def is_active(self) -> bool:
        """Whether this core is at an end of a pipe of the net (in threads of any kind)."""
        raise _only_in_threads("PipeNet.is_active", "thread")

    def __repr__(self) -> str:
        return f"PipeNet({self.index}, {list(self.pipes)}, at={self.location})"


def if_pipe_src(pipes: Any, function: Callable[[Pipe], None]) -> None:
    """Call `function` for each of the pipes (a net, a pipe, or a list of pipes) that starts at this core (in threads)."""
    raise _only_in_threads("if_pipe_src")


def if_pipe_dst(pipes: Any, function: Callable[[Pipe], None]) -> None:
    """Call `function` for each of the pipes (a net, a pipe, or a list of pipes) that leads to this core (in threads)."""
    raise _only_in_threads("if_pipe_dst")


def net_of(pipes: Sequence[Pipe], scope: KernelScope) -> None:
    """Give pipes that belong to no net one of their own, so that they share a handshake."""
    loose = [pipe for pipe in pipes if pipe.net is None]
    if not loose:
        return
    net = PipeNet.__new__(PipeNet)
    net.location = loose[0].location
    net.pipes = tuple(loose)
    net.index = len(scope.nets)
    net.scope = scope
    scope.nets.append(net)
    for pipe in loose:
        pipe.net = net


def _only_in_threads(what: str, where: str = "data-movement thread") -> Exception:
    decorators = "@ttl.datamovement()" if where != "thread" else "@ttl.compute() or @ttl.datamovement()"
    return misuse(
        f"{what} is called outside a {where}",
        hint=f"use it in a function decorated with {decorators}",
    )


def _only_one(name: str, given: Sequence[Any]) -> Any:
    found = [value for value in given if value is not None]
    if len(found) != 1:
        raise misuse(f"a pipe has one {name}, got {len(found)}", hint="ttl.Pipe(src=(0, 0), dst=(1, 0))")
    return found[0]


def _core(value: Any, sizes: Coordinates, what: str) -> Coordinates:
    coordinates = (value,) if isinstance(value, int | SymbolicInt) else value
    if not isinstance(coordinates, tuple | list):
        raise misuse(f"{what} is a tuple of coordinates, got {value!r}")
    if len(coordinates) != len(sizes):
        raise misuse(
            f"{what} has {len(coordinates)} coordinates, the grid {sizes} has {len(sizes)} dimensions"
        )
    return tuple(_coordinate(c, size, what) for c, size in zip(coordinates, sizes, strict=True))


def _coordinate(value: Any, size: int, what: str) -> int:
    if isinstance(value, SymbolicInt):
        raise misuse(
            f"{what} depends on the core: a pipe is the same on all cores",
            hint="make the pipes of all cores: ttl.PipeNet([ttl.Pipe(...) for x in range(...)])",
        )
    if isinstance(value, bool) or not isinstance(value, int):
        raise misuse(f"{what} has integer coordinates, got {value!r}")
    if not 0 <= value < size:
        raise misuse(f"{what} is outside of the grid: coordinate {value} of {size}")
    return value


def core_range(target: Any, sizes: Coordinates, what: str) -> tuple[Coordinates, Coordinates, bool]:
    """First core, last core, and whether `target`, which messages call `what`, is a range.

    A range is a tuple of coordinates and slices, or of its first and its last core.
    """
    entries = (target,) if isinstance(target, int | slice | SymbolicInt) else target
    if (
        isinstance(entries, tuple | list)
        and len(entries) == 2
        and all(isinstance(e, tuple | list) for e in entries)
    ):
        first, last = (_core(corner, sizes, what) for corner in entries)
        if any(a > b for a, b in zip(first, last, strict=True)):
            raise misuse(f"{what} is empty: it goes from core {first} to {last}")
        return first, last, True
    if not isinstance(entries, tuple | list):
        raise misuse(f"{what} is a tuple of coordinates and slices, got {target!r}")
    if len(entries) != len(sizes):
        raise misuse(f"{what} has {len(entries)} coordinates, the grid {sizes} has {len(sizes)} dimensions")
    first_core, last_core = [], []
    for entry, size in zip(entries, sizes, strict=True):
        a, b = _span(entry, size, what) if isinstance(entry, slice) else (_coordinate(entry, size, what),) * 2
        first_core.append(a)
        last_core.append(b)
    return tuple(first_core), tuple(last_core), any(isinstance(entry, slice) for entry in entries)


def _span(entry: slice, size: int, what: str) -> tuple[int, int]:
    if entry.step not in (None, 1):
        raise misuse(f"{what} is a rectangle: its slices have no steps, got {entry.step!r}")
    start = 0 if entry.start is None else _coordinate(entry.start, size, what)
    stop = size if entry.stop is None else entry.stop
    last = _coordinate(stop - 1 if not isinstance(stop, SymbolicInt) else stop, size, what)
    if last < start:
        raise misuse(f"{what} is empty: {entry.start}:{entry.stop}")
    return start, last


def _spans(target: Any, dimension: int, first: int, last: int) -> bool:
    """Whether a dimension of the destination was given as a range."""
    entries = (target,) if isinstance(target, int | slice) else target
    entry = entries[dimension] if dimension < len(entries) else None
    return isinstance(entry, slice) or (isinstance(entry, tuple | list) and first != last) or first != last
