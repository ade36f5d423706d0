# SPDX-License-Identifier: Apache-2.0
"""A pytest plugin: every kernel that tests compile gets the steps on loops and blocks that it can take, and the tests' own
checks tell whether values stay right.

    python -m pytest -p tests.end_to_end.scheduled tests/end_to_end/test_matmul.py

At the end it says how often each step was taken, and why steps were refused. Tests that look at the shape of code instead of
at values may fail. A step that breaks the compilation later on fails its test with the error.
"""

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

import ttlang as ttl
from ttlang.language.kernel import Kernel
from ttlang.schedule.schedule import Schedule

SIZES = ((2, 1), (1, 2), (2, 2), (4, 2), (4, 4), (2,), (1, 1, 2), (2, 2, 2))
STEPS: dict[str, Callable[[Schedule], Schedule]] = {
    "reorder_for_locality": lambda schedule: schedule.reorder_for_locality(),
    "fuse": lambda schedule: schedule.fuse(),
    **{f"tile{sizes}": lambda schedule, sizes=sizes: schedule.tile(*sizes) for sizes in SIZES},
}
"""Tried one after the other, each on top of those that were taken."""

SHOWN = 40


class Scheduled:
    """Takes steps, and counts what was taken and refused."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._compile = Kernel.compile

    def install(self) -> None:
        def compile(kernel: Kernel, *arguments: Any, backend: str | None = None) -> Any:
            made = self._compile(
                kernel, *arguments, backend=backend
            )  # what a test expects to fail fails here
            if isinstance(kernel, Schedule):
                return made
            scheduled = self._scheduled(kernel, arguments)
            return made if scheduled is None else self._compile(scheduled, *arguments, backend=backend)

        Kernel.compile = compile  # type: ignore[method-assign]

    def _scheduled(self, kernel: Kernel, arguments: tuple[Any, ...]) -> Schedule | None:
        taken: Schedule | None = None
        for name, step in STEPS.items():
            tried = step(taken or ttl.schedule(kernel))
            try:
                self._compile(tried, *arguments)
            except ttl.CompileError as error:
                if not error.message.startswith("schedule step"):
                    raise
                reason = error.message.partition(": ")[2]
                self.refused[re.sub(r"'[^']*'|\d+", "..", reason)] += 1
            else:
                self.taken[name] += 1
                taken = tried
        return taken


_plugin = Scheduled()


def pytest_configure(config: pytest.Config) -> None:
    _plugin.install()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    terminalreporter.section("steps that were taken")
    for name, count in _plugin.taken.most_common():
        terminalreporter.write_line(f"{count:6} {name}")
    terminalreporter.section("refusals")
    for reason, count in _plugin.refused.most_common(SHOWN):
        terminalreporter.write_line(f"{count:6} {reason}")
