# SPDX-License-Identifier: Apache-2.0
"""Which threads run on which cores: kernels of a program may be for parts of its grid."""

from dataclasses import dataclass

from ttlang.dialects.ttl.structure import (
    ALLOWED_THREADS,
    KIND_NAMES,
    DataMovementThreadOp,
    KernelOp,
    ProgramOp,
    ThreadOp,
    enclosing_kernel,
)

from .core_values import Core, cores_of
from .errors import error
from .program_structure import grid_of, kernels_of, thread_name


def runs_on(kernel: KernelOp, core: Core) -> bool:
    """Whether a core of the grid is in the range of a kernel."""
    corners = kernel.corners
    if corners is None:
        return True
    padded = (*core, *(0,) * (len(corners[0]) - len(core)))
    return all(a <= c <= b for c, a, b in zip(padded, *corners, strict=False))


def cores_of_kernel(kernel: KernelOp, grid: tuple[int, ...]) -> list[Core]:
    """The cores that a kernel runs on, the first coordinate fastest."""
    return [core for core in cores_of(grid) if runs_on(kernel, core)]


def cores_of_thread(thread: ThreadOp, grid: tuple[int, ...]) -> list[Core]:
    """The cores that a thread runs on, the first coordinate fastest."""
    kernel = enclosing_kernel(thread)
    assert kernel is not None
    return cores_of_kernel(kernel, grid)


@dataclass(frozen=True)
class ThreadSet:
    """Cores that run the same threads, of one kernel or of several. `is_part`: other cores run others, or none."""

    cores: tuple[Core, ...]
    kernels: tuple[KernelOp, ...]
    is_part: bool

    @property
    def threads(self) -> list[ThreadOp]:
        return [thread for kernel in self.kernels for thread in kernel.threads]


def thread_sets(program: ProgramOp) -> list[ThreadSet]:
    """The cores of a program by the threads that they run; one set when there is one kernel on all of them.

    Raises CompileError at a thread for which its cores have no processor left.
    """
    inside = kernels_of(program)
    found: dict[tuple[KernelOp, ...], list[Core]] = {}
    for core in cores_of(grid_of(program, inside[0])) if inside else ():
        if running := tuple(kernel for kernel in inside if runs_on(kernel, core)):
            found.setdefault(running, []).append(core)
    is_split = any(kernel.core_range is not None for kernel in inside)
    sets = [ThreadSet(tuple(cores), running, is_split) for running, cores in found.items()]
    for alike in sets:
        _check_processors(alike)
    return sets


def _check_processors(alike: ThreadSet) -> None:
    for kind, allowed in ALLOWED_THREADS.items():
        threads = [thread for thread in alike.threads if thread.kind == kind]
        if len(threads) > allowed:
            names = ", ".join(f"'{thread_name(thread)}'" for thread in threads)
            raise error(
                threads[allowed],
                f"core {shown(alike.cores[0])} would run {len(threads)} {KIND_NAMES[kind]} threads ({names}); a core runs"
                f" {'one' if allowed == 1 else 'two'}",
                hint="give threads of one kind cores of their own: cores=..., without a core in common",
            )


def shown(core: Core) -> str:
    """A core as users write it."""
    return str(core[0]) if len(core) == 1 else str(core)


def data_movers(program: ProgramOp) -> dict[ThreadOp, int]:
    """The NoC, 0 or 1, of each data-movement thread: another one for each of the two of a core, 0 for the first if it can.

    Raises CompileError when no such choice exists: in a circle of an odd number of threads, each with cores in common
    with the next.
    """
    rivals: dict[ThreadOp, dict[ThreadOp, None]] = {}
    for alike in thread_sets(program):
        movers: list[ThreadOp] = [t for t in alike.threads if isinstance(t, DataMovementThreadOp)]
        for mover in movers:
            rivals.setdefault(mover, {}).update(dict.fromkeys(t for t in movers if t is not mover))
    chosen: dict[ThreadOp, int] = {}
    for first in rivals:
        chosen.setdefault(first, 0)
        stack = [first]
        while stack:
            thread = stack.pop()
            for rival in rivals[thread]:
                if rival not in chosen:
                    chosen[rival] = 1 - chosen[thread]
                    stack.append(rival)
                elif chosen[rival] == chosen[thread]:
                    raise error(
                        rival,
                        f"no data-movement processor is free for thread '{thread_name(rival)}' on all of its cores",
                        notes=[("a thread with the same processor has cores in common with it", thread)],
                        hint="let data-movement threads have the same cores, or none in common",
                    )
    return chosen
