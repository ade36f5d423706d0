# SPDX-License-Identifier: Apache-2.0
"""Reports as tables on the terminal."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from io import StringIO
from time import perf_counter
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.status import Status
from rich.table import Table

from ttlang.simulator import Progress

if TYPE_CHECKING:
    from .report import Error, RunReport

_BOUND_NAMES = {"compute": "compute", "noc": "NoC", "dram": "DRAM", "issue": "instruction issue"}


def _time(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if seconds * scale >= 1:
            return f"{seconds * scale:.2f} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def _rows(report: "RunReport", error: "Error | None") -> Iterator[tuple[str, str]]:
    yield "grid", f"{' x '.join(map(str, report.grid))} cores of {report.arch}"
    if error is not None:
        yield "error", f"{error.relative_l2:.2e} relative L2, {error.max_absolute:.2e} largest"
    if not report.ran:
        yield "run", "compiled only (TTLANG_COMPILE_ONLY)"
    if report.cycles is not None and report.seconds is not None:
        so_far = "" if report.complete else ", interrupted"
        yield "simulated", f"{report.cycles:,} cycles, {_time(report.seconds)}{so_far}"
    if report.bound is not None:
        shares = ", ".join(
            f"{_BOUND_NAMES.get(name, name)} {share:.0%}" for name, share in report.utilisation.items()
        )
        yield (
            "bound by",
            _BOUND_NAMES.get(report.bound, report.bound) + (f" ({shares} busy)" if shares else ""),
        )
    if report.artefacts is not None:
        yield "artefacts", str(report.artefacts)


def _table(report: "RunReport", name: str | None, error: "Error | None") -> Table:
    table = Table(box=box.SIMPLE_HEAD, title=name or report.kernel, title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for label, text in _rows(report, error):
        table.add_row(label, text)
    return table


def print_report(report: "RunReport", name: str | None, error: "Error | None") -> None:
    Console(highlight=False).print(_table(report, name, error))


PROGRESS_AFTER = 1.0
"""Seconds after which a run shows how far it is, on a terminal."""


@contextmanager
def shown_progress(name: str) -> Iterator[Callable[[Progress], None] | None]:
    """Shows how far a run is, when standard error is a terminal and the run takes long: simulated time, ended processors."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    started = perf_counter()
    with ExitStack() as stack:
        status: list[Status] = []

        def show(progress: Progress) -> None:
            elapsed = perf_counter() - started
            if elapsed < PROGRESS_AFTER:
                return
            if not status:
                status.append(stack.enter_context(console.status(name)))
            status[0].update(
                f"{name}: {progress.cycles:,} cycles simulated, {progress.ended} of {progress.processors} processors"
                f" done, {elapsed:.0f} s"
            )

        yield show


def print_all(report: "RunReport", console: Console | None = None) -> None:
    """The report with the figures of threads, lines, buffers and memories."""
    console = console or Console(highlight=False)
    console.print(_table(report, None, None))
    if report.profile is not None and report.cycles is not None:
        from .profile.tables import tables

        for table in tables(report.profile, report.cycles):
            console.print(table)


def report_text(report: "RunReport") -> str:
    stream = StringIO()
    print_all(report, Console(file=stream, width=120, highlight=False, color_system=None))
    return stream.getvalue()
