# SPDX-License-Identifier: Apache-2.0
"""`ttl.schedule`: a kernel and the steps that its code is to be rewritten by."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ttlang.language.kernel import Kernel
from ttlang.language.scope import KernelScope, caller_location, misuse

from .steps import FAILURES, KERNEL, STRATEGIES, Match, Plan, Step, quoted


class Schedule(Kernel):
    """A kernel with a schedule: it is called, compiled and passed around as the kernel is.

    Each method returns a new schedule with one more step; `str(schedule)` is the transform sequence. A step works on what
    the `match` before it chose, else on all that it is for. Steps are checked when the kernel is compiled: a step that is
    not legal, or finds nothing to do, is a CompileError at the Python line that stands against it, unless the schedule
    was made with `failures="suppress"`; `CompiledKernel.skipped_steps` then tells which were left out and why.
    """

    def __init__(self, kernel: Kernel, plan: Plan):
        super().__init__(kernel.function, kernel.grid, kernel.arch, kernel._config, kernel.mode)
        self._plan = plan

    def match(self, *ops: str, names: Sequence[str] = ()) -> "Schedule":
        """Choose the ops that the next step works on: `match("ttl.create_cb", names=("a_cb",))`.

        `ops` are names of ops of TTL; `names` keeps those with these Python names (of threads their function's, of other ops
        the variable's).
        """
        if not ops or not all(isinstance(op, str) and op for op in ops):
            raise misuse('match names ops of TTL, as in match("ttl.create_cb")')
        if isinstance(names, str) or not all(isinstance(name, str) for name in names):
            raise misuse(f"names of match are a sequence of strings, got {names!r}")
        return self._with(Match(ops, tuple(names), caller_location()))

    def tile(self, *sizes: int) -> "Schedule":
        """Give blocks that are written to tensors the shape `sizes`, in tiles for each dimension; others follow.

        A size more is for the dimension that an accumulating store sums over: `tile(m, n, k)`.
        """
        if not sizes:
            raise misuse("tile takes the new shape of blocks in tiles, as in tile(2, 1)")
        for size in sizes:
            _checked("tile", "a size", size)
        return self._step("tile", sizes=f"array<i64: {', '.join(map(str, sizes))}>")

    def fuse(self) -> "Schedule":
        """Fuse steps of the kernel that pass blocks to each other."""
        return self._step("fuse")

    def optimize_buffer_factor(self, factor: int | None = None) -> "Schedule":
        """Choose how many blocks circular buffers hold; `factor` forces a number."""
        _checked("optimize_buffer_factor", "factor", factor)
        return self._step("optimize_buffer_factor", on="ttl.create_cb", factor=factor)

    def schedule_pipeline(self, strategy: str = "auto") -> "Schedule":
        """Start transfers earlier and wait for several at once; `strategy` is "aggressive", "conservative" or "auto"."""
        if strategy not in STRATEGIES:
            raise misuse(f"strategy must be one of {', '.join(STRATEGIES)}, got {strategy!r}")
        return self._step("schedule_pipeline", strategy=quoted(strategy))

    def allocate_dst_registers(
        self, full_sync: bool | None = None, max_tiles: int | None = None
    ) -> "Schedule":
        """Settle how compute ops use DST: one section of all registers, and at most so many tiles at once."""
        if full_sync is not None and not isinstance(full_sync, bool):
            raise misuse(f"full_sync of allocate_dst_registers must be a bool, got {full_sync!r}")
        _checked("allocate_dst_registers", "max_tiles", max_tiles)
        return self._step("allocate_dst_registers", full_sync=full_sync, max_tiles=max_tiles)

    def coalesce_dma(self) -> "Schedule":
        """Merge adjacent copies into fewer, longer transfers."""
        return self._step("coalesce_dma")

    def reorder_for_locality(self) -> "Schedule":
        """Reorder loops so that data is used again while it is in L1."""
        return self._step("reorder_for_locality")

    def insert_prefetch(self, distance: int = 1) -> "Schedule":
        """Start the reads of loops `distance` turns before they are waited for."""
        _checked("insert_prefetch", "distance", distance)
        return self._step("insert_prefetch", distance=distance)

    def trace(self, arguments: Sequence[Any]) -> KernelScope:
        scope = super().trace(arguments)
        scope.schedule = self._plan
        return scope

    def _step(self, op: str, *, on: str = KERNEL, **attributes: int | str | None) -> "Schedule":
        texts = tuple(
            (key, str(value).lower() if isinstance(value, bool) else str(value))
            for key, value in attributes.items()
            if value is not None
        )
        return self._with(Step(op, texts, on, caller_location()))

    def _with(self, step: Step | Match) -> "Schedule":
        steps = self._plan.steps
        if isinstance(step, Match) and steps and isinstance(steps[-1], Match):
            raise misuse("two matches follow each other: a step must use the first")
        return Schedule(self, replace(self._plan, steps=(*steps, step)))

    def __str__(self) -> str:
        return self._plan.text()

    def __repr__(self) -> str:
        count = sum(isinstance(step, Step) for step in self._plan.steps)
        return f"<ttl.schedule of {super().__repr__()}: {count} step{'s' if count != 1 else ''}>"


def _checked(step: str, what: str, value: object) -> None:
    """Refuses, at the caller, an argument that is no integer of at least 1; None is left to the compiler."""
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise misuse(f"{what} of {step} must be an integer of at least 1, got {value!r}")


def schedule(kernel: Kernel, failures: str = "propagate") -> Schedule:
    """An empty schedule of a kernel; `failures="suppress"` leaves out steps that cannot be taken.

    Of a schedule, one that goes on from its steps. Raises CompileError for what is no kernel.
    """
    if failures not in FAILURES:
        raise misuse(f"failures must be one of {', '.join(FAILURES)}, got {failures!r}")
    if not isinstance(kernel, Kernel):
        raise misuse(
            f"ttl.schedule takes a kernel, got {type(kernel).__name__}",
            hint="pass a function decorated with @ttl.kernel",
        )
    plan = kernel._plan if isinstance(kernel, Schedule) else Plan()
    return Schedule(kernel, replace(plan, failures=failures, location=caller_location()))
