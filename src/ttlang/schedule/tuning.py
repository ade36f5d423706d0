# SPDX-License-Identifier: Apache-2.0
"""What `ttl.autotune` found."""

from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any

from ttlang.language.kernel import Kernel

if TYPE_CHECKING:
    from rich.table import Table


SHOWN, SHOWN_REFUSED = 20, 5
"""Rows of the table: trials that ran, and trials that cannot be the best."""


@dataclass(frozen=True)
class Trial:
    """One point of a search, in the order of the runs.

    `value` is what the objective gave, `cycles` those of the run; both None when there was none. `reason` says why the
    point cannot be the best: what the compiler or the simulator refused, or that values changed.
    """

    number: int
    choices: Mapping[str, Any]
    cycles: int | None = None
    value: float | None = None
    reason: str | None = None

    @property
    def feasible(self) -> bool:
        """Whether it ran and left values as they were."""
        return self.reason is None

    def to_dict(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "choices": {name: _plain(value) for name, value in self.choices.items()},
            "cycles": self.cycles,
            "value": self.value,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Tuning:
    """The result of a search: `kernel(*arguments)` runs the best point on the tensors that were passed.

    `untuned_cycles` are those of the kernel as it was passed. As text it is a table of the trials, the best first.
    """

    kernel: Kernel
    arguments: tuple[Any, ...]
    best_trial: Trial
    untuned_cycles: int
    trials: tuple[Trial, ...]

    @property
    def best(self) -> dict[str, Any]:
        """The choices of the best point."""
        return dict(self.best_trial.choices)

    @property
    def cycles(self) -> int:
        """Cycles of the best point."""
        assert self.best_trial.cycles is not None, "the best point ran"
        return self.best_trial.cycles

    def to_dict(self) -> dict[str, Any]:
        """Everything but the kernel and its arguments, as `json.dumps` takes it."""
        return {
            "kernel": self.kernel.name,
            "best": self.best_trial.to_dict(),
            "untuned_cycles": self.untuned_cycles,
            "trials": [trial.to_dict() for trial in self.trials],
        }

    def _shown(self) -> list[Trial]:
        """The best trials, and some of those that cannot be."""
        ranked = sorted(self.trials, key=_rank)
        feasible = [trial for trial in ranked if trial.feasible]
        return feasible[:SHOWN] + ranked[len(feasible) :][:SHOWN_REFUSED]

    def __rich__(self) -> "Table":
        from rich import box
        from rich.table import Table

        title = f"{self.kernel.name}: {self.untuned_cycles:,} cycles untuned, {self.cycles:,} at best"
        table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left")
        for name in self.best_trial.choices:
            table.add_column(name, justify="right")
        table.add_column("cycles", justify="right")
        table.add_column("of untuned", justify="right")
        table.add_column("", overflow="fold")
        for trial in self._shown():
            cycles = "" if trial.cycles is None else f"{trial.cycles:,}"
            share = "" if trial.cycles is None else f"{trial.cycles / self.untuned_cycles:.2f}"
            note = trial.reason or ("best" if trial is self.best_trial else "")
            table.add_row(*map(str, trial.choices.values()), cycles, share, note)
        if (rest := len(self.trials) - len(self._shown())) > 0:
            table.caption, table.caption_justify = f"and {rest} more in .trials", "left"
        return table

    def __str__(self) -> str:
        from rich.console import Console

        stream = StringIO()
        Console(file=stream, width=120, highlight=False, color_system=None).print(self)
        return stream.getvalue()


def _rank(trial: Trial) -> tuple[bool, float, int]:
    return not trial.feasible, trial.value if trial.value is not None else float("inf"), trial.number


def _plain(value: Any) -> Any:
    """A choice as JSON has it: numbers, strings and lists of them; text for all else."""
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return value.item() if hasattr(value, "item") else str(value)
