# SPDX-License-Identifier: Apache-2.0
"""The figures of a run as tables on the terminal."""

from collections.abc import Iterator
from pathlib import Path

from rich import box
from rich.table import Table

from .figures import Profile

HOT_LINES = 12


def tables(profile: Profile, cycles: int) -> Iterator[Table]:
    """Threads, lines, buffers, network and roofline, in this order."""
    yield _threads(profile)
    yield _lines(profile, cycles)
    if profile.buffers:
        yield _buffers(profile)
    yield _network(profile)


def _table(title: str, *columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right", overflow="fold")
    return table


def _threads(profile: Profile) -> Table:
    table = _table("threads, mean over their cores", "kernel", "processor", "cores", "busy", "waits for")
    table.columns[1].justify = table.columns[4].justify = "left"
    for thread in profile.threads:
        waits = ", ".join(f"{reason} {share:.0%}" for reason, share in thread.waits.items() if share >= 0.005)
        table.add_row(thread.kernel, thread.thread, str(thread.cores), f"{thread.busy:.0%}", waits or "-")
    return table


def _lines(profile: Profile, cycles: int) -> Table:
    processors = sum(thread.cores for thread in profile.threads)
    table = _table(
        f"lines of Python: cycles of all {processors} processors", "line", "busy", "wait", "share", "source"
    )
    table.columns[4].justify = "left"
    table.columns[0].no_wrap = True
    table.columns[4].no_wrap, table.columns[4].overflow = True, "ellipsis"
    total = max(cycles * processors, 1)
    for line in profile.hot_lines[:HOT_LINES]:
        place = f"{Path(line.file).name}:{line.line}" if line.file else "(no line)"
        share = (line.busy + line.wait) / total
        table.add_row(place, f"{line.busy:,}", f"{line.wait:,}", f"{share:.1%}", line.text)
    if len(profile.lines) > HOT_LINES:
        table.caption = f"{len(profile.lines) - HOT_LINES} more lines in the JSON file and on the page"
    return table


def _buffers(profile: Profile) -> Table:
    table = _table(
        "circular buffers, each core", "buffer", "index", "pages", "page bytes", "most filled", "mean"
    )
    for buffer in profile.buffers:
        mean = "-" if buffer.mean_filled is None else f"{buffer.mean_filled:.1f}"
        table.add_row(
            buffer.name,
            str(buffer.index),
            str(buffer.pages),
            str(buffer.page_bytes),
            str(buffer.most_filled),
            mean,
        )
    return table


def _network(profile: Profile) -> Table:
    table = _table("memory and network: share of the time that they are taken", "part", "busiest", "mean")
    for part in profile.network:
        what = "channel" if part.name == "DRAM" else "link"
        table.add_row(part.name, f"{part.busiest:.0%} (one {what})", f"{part.mean:.0%}")
    if profile.roofline is not None:
        roof = profile.roofline
        intensity = (
            "no DRAM traffic" if roof.intensity is None else f"{roof.intensity:.1f} operations a DRAM byte"
        )
        limit = "DRAM" if roof.roof < roof.compute_roof else "the math processors"
        table.caption = (
            f"roofline: {intensity}; {roof.attained:,.0f} operations a cycle, {roof.attained / roof.roof:.0%} of the"
            f" {roof.roof:,.0f} that {limit} would allow"
        )
    return table
