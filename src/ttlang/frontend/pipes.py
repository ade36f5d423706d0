# SPDX-License-Identifier: Apache-2.0
"""Pipes in threads: code at their ends, and coordinates of cores."""

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

from xdsl.ir import Block as IRBlock
from xdsl.ir import Region, SSAValue

from ttlang.dialects.ttl.coordinates import Coordinate
from ttlang.dialects.ttl.pipes import IfDstOp, IfSrcOp
from ttlang.language.pipes import Coordinates, Pipe, PipeNet, net_of
from ttlang.transforms.core_values import cores_between, meet

from .blocks import require_kind
from .conditions import both, either, in_range
from .values import RuntimeInt, describe

if TYPE_CHECKING:
    from .thread_compiler import ThreadCompiler

_ENDS = {"src": IfSrcOp, "dst": IfDstOp}
_GUARDS = {"src": "if_src", "dst": "if_dst"}


def _pipes(compiler: "ThreadCompiler", value: Any) -> tuple[Pipe, ...]:
    if isinstance(value, PipeNet):
        return value.pipes
    pipes = (value,) if isinstance(value, Pipe) else value
    if not isinstance(pipes, tuple | list) or not all(isinstance(p, Pipe) for p in pipes):
        raise compiler.error(f"expected a net of pipes or a list of pipes, got {describe(value)}")
    net_of(pipes, compiler.program.scope)
    return tuple(pipes)


def _at_end(compiler: "ThreadCompiler", pipes: Any, function: Any, side: str) -> None:
    """Call `function` for each pipe, guarded by whether this core is at that end of it."""
    require_kind(compiler, "datamovement", f"'{_GUARDS[side]}'")
    from .builtins import call

    for pipe in _pipes(compiler, pipes):
        if not _may_end(compiler, pipe, side):
            continue
        value = compiler.program.pipe(pipe)
        saved, compiler.block = compiler.block, IRBlock()
        compiler.conditional += 1
        compiler.pipe_ends.append((pipe, side))
        try:
            call(compiler, function, (pipe,), {})
            body = compiler.block
        finally:
            compiler.pipe_ends.pop()
            compiler.conditional -= 1
            compiler.block = saved
        compiler.emit(_ENDS[side](value, Region(body)))


def _may_end(compiler: "ThreadCompiler", pipe: Pipe, side: str) -> bool:
    """Whether one of the cores that run this thread is at an end of a pipe."""
    if compiler.thread.cores is None:
        return True
    return meet((pipe.src, pipe.src) if side == "src" else (pipe.first, pipe.last), compiler.thread.cores)


def if_src(compiler: "ThreadCompiler", pipes: Any, function: Any) -> None:
    _at_end(compiler, pipes, function, "src")


def if_dst(compiler: "ThreadCompiler", pipes: Any, function: Any) -> None:
    _at_end(compiler, pipes, function, "dst")


def is_src(compiler: "ThreadCompiler", net: PipeNet) -> Any:
    """Whether some pipe of the net starts at this core."""
    return _is_one_of(compiler, {pipe.src for pipe in net.pipes})


def is_dst(compiler: "ThreadCompiler", net: PipeNet) -> Any:
    """Whether some pipe of the net leads to this core."""
    return _is_one_of(compiler, {core for pipe in net.pipes for core in cores_between(pipe.first, pipe.last)})


def is_active(compiler: "ThreadCompiler", net: PipeNet) -> Any:
    """Whether this core is at an end of some pipe of the net."""
    ends = {core for pipe in net.pipes for core in (pipe.src, *cores_between(pipe.first, pipe.last))}
    return _is_one_of(compiler, ends)


def _is_one_of(compiler: "ThreadCompiler", cores: set[Coordinates]) -> Any:
    """Whether this core is one of a set: by few tests of its coordinates, since such sets have regular forms."""
    here = compiler.core(len(compiler.program.scope.grid))

    def inside(box: Sequence[range], dimension: int = 0) -> Any:
        if dimension == len(box):
            return True
        found = in_range(compiler, here[dimension], box[dimension])
        return both(compiler, found, lambda: inside(box, dimension + 1))

    def among(boxes: Sequence[Sequence[range]]) -> Any:
        if not boxes:
            return False
        return either(compiler, inside(boxes[0]), lambda: among(boxes[1:]))

    return among(_boxes(cores))


def _boxes(cores: set[Coordinates]) -> list[tuple[range, ...]]:
    """A set of cores as one lattice, or else as rectangles."""
    sides = [sorted(set(side)) for side in zip(*cores, strict=True)]
    steps = [side[1] - side[0] if len(side) > 1 else 1 for side in sides]
    lattice = tuple(range(side[0], side[-1] + 1, step) for side, step in zip(sides, steps, strict=True))
    if [list(side) for side in lattice] == sides and len(cores) == prod(map(len, sides)):
        return [lattice]
    boxes, rest = [], set(cores)
    while rest:
        box = [range(c, c + 1) for c in min(rest, key=lambda core: core[::-1])]
        for dimension in range(len(box)):
            while True:
                longer = range(box[dimension].start, box[dimension].stop + 1)
                grown = [*box[:dimension], longer, *box[dimension + 1 :]]
                if not rest.issuperset(product(*grown)):
                    break
                box = grown
        rest.difference_update(product(*box))
        boxes.append(tuple(box))
    return boxes


def end(compiler: "ThreadCompiler", pipe: Pipe, side: str) -> SSAValue:
    """The pipe as an operand of a copy; refused outside of the code of its end."""
    if (pipe, side) not in compiler.pipe_ends:
        what = "sends into" if side == "src" else "receives from"
        raise compiler.error(
            f"this transfer {what} a pipe outside of {_GUARDS[side]} of that pipe",
            hint=f"write it in the function that net.{_GUARDS[side]}(...) calls, with the pipe that it is given",
        )
    return compiler.program.pipe(pipe)


# Coordinates of cores


def this_core(compiler: "ThreadCompiler") -> list[Coordinate]:
    """Coordinates of the current core, as many as the grid has dimensions."""
    return [_coordinate(compiler, c, "a coordinate") for c in compiler.core(len(compiler.program.scope.grid))]


def coordinates(compiler: "ThreadCompiler", core: Any, what: str) -> list[Coordinate]:
    """Coordinates of a core: constants where they are known, values where they are computed."""
    grid = compiler.program.scope.grid
    entries = core if isinstance(core, tuple | list) else (core,)
    if len(entries) != len(grid):
        raise compiler.error(
            f"'{what}' has {len(entries)} coordinates, the grid {tuple(grid)} has {len(grid)} dimensions"
        )
    return [_inside(compiler, e, size, what) for e, size in zip(entries, grid, strict=True)]


def _inside(compiler: "ThreadCompiler", entry: Any, size: int, what: str) -> Coordinate:
    value = _coordinate(compiler, entry, what)
    if isinstance(value, int) and not 0 <= value < size:
        raise compiler.error(f"'{what}' is outside of the grid: coordinate {value} of {size}")
    return value


def _coordinate(compiler: "ThreadCompiler", entry: Any, what: str) -> Coordinate:
    if isinstance(entry, RuntimeInt):
        return entry.ssa
    if isinstance(entry, bool) or not isinstance(entry, int):
        raise compiler.error(f"'{what}' holds integers, got {describe(entry)}")
    return entry


def rectangle(compiler: "ThreadCompiler", core: Any, mcast: Any) -> tuple[list[Coordinate], list[Coordinate]]:
    """First and last core of the rectangle that starts at `core` and has the sizes `mcast` (one core without)."""
    first = coordinates(compiler, core, "core")
    if mcast is None:
        return first, first
    sizes: Sequence[Any] = mcast if isinstance(mcast, tuple | list) else (mcast,)
    if len(sizes) != len(first) or not all(isinstance(s, int) and s >= 1 for s in sizes):
        raise compiler.error(
            f"'mcast' holds a size of at least 1 for each of the {len(first)} dimensions, got {describe(mcast)}"
        )
    entries = core if isinstance(core, tuple | list) else (core,)
    last = [compiler.binary("add", e, s - 1) for e, s in zip(entries, sizes, strict=True)]
    return first, coordinates(compiler, tuple(last), "mcast")


def spans(compiler: "ThreadCompiler", given: Any) -> tuple[list[Coordinate], list[Coordinate]]:
    """First and last core of a range of coordinates and slices; the whole grid for None."""
    grid = compiler.program.scope.grid
    entries = (slice(None),) * len(grid) if given is None else given
    if not isinstance(entries, tuple | list):
        entries = (entries,)
    if len(entries) != len(grid):
        raise compiler.error(f"a range of cores has {len(grid)} coordinates or slices, got {len(entries)}")
    first: list[Any] = []
    last: list[Any] = []
    for entry, size in zip(entries, grid, strict=True):
        if not isinstance(entry, slice):
            first.append(entry)
            last.append(entry)
            continue
        if entry.step not in (None, 1):
            raise compiler.error("a range of cores is a rectangle: its slices have no steps")
        first.append(0 if entry.start is None else entry.start)
        last.append(compiler.binary("sub", size if entry.stop is None else entry.stop, 1))
    return coordinates(compiler, tuple(first), "range"), coordinates(compiler, tuple(last), "range")
