# SPDX-License-Identifier: Apache-2.0
"""`ttl.autotune`: runs variants of a kernel on the simulator and keeps the best."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import Any

import numpy as np

from ttlang.diagnostics import TTLangError
from ttlang.hardware.data_formats import DataType
from ttlang.language.kernel import Kernel
from ttlang.language.scope import misuse
from ttlang.language.tensors import CONSTANTS, Tensor, as_array, is_ttnn_tensor, spec_of

from .schedule import Schedule
from .schedule import schedule as schedule_of
from .tuning import Trial, Tuning

Rewrite = Callable[..., Schedule]
Objective = str | Callable[[Any], float]
Point = dict[str, Any]

VALUE_LIMIT = {
    DataType.f32: 4e-3,
    DataType.bf16: 2e-2,
    DataType.f16: 4e-3,
    DataType.bfp_bf8: 4e-2,
    DataType.bfp_bf4: 0.3,
}
"""By how much a datum of an output may differ from the untuned run, as a share of the largest magnitude of that output:
two or three units in the last place; for float32, of what the matrix unit keeps of an operand. Integers may not differ."""


def autotune(
    kernel: Kernel,
    args: Sequence[Any],
    space: Mapping[str, Sequence[Any]],
    *,
    schedule: Rewrite | None = None,
    trials: int | None = None,
    objective: Objective = "cycles",
    seed: int = 0,
    tolerance: float | None = None,
) -> Tuning:
    """Search the choices of `space` for the kernel that is best on the simulator.

    `args` are the arguments of a call. Each name of `space` leads to its choices: the name of a parameter of the kernel
    whose argument is a compile-time constant, which the choice then replaces, or of a parameter of `schedule`, or of both.
    `schedule(s, **choices)` takes a schedule of the kernel and returns one with more steps. All points are run; with fewer
    `trials` than points, optuna (`pip install 'ttlang[tune]'`) proposes as many, the same for the same `seed`.

    `objective`: "cycles", or a function of the `RunReport` whose result is to be small. Each run has copies of the tensors
    of its own: those of the caller are read, and never written. A point that the compiler refuses, that fails on the
    simulator, or whose kernel body raises AssertionError is kept with the reason. So is one whose tensors then differ from
    those of the kernel as it was passed by more than `tolerance` times their largest magnitude (default: `VALUE_LIMIT`): it
    is never the best.

    Raises CompileError for names and choices that fit neither, what the untuned kernel raises, and TTLangError when no
    point can be run.
    """
    _check(kernel, args, space, schedule, trials, objective, seed, tolerance)
    names = _Names.of(kernel, args, space, schedule)
    search = _Search(kernel, list(args), names, schedule, objective, tolerance)
    search.run_untuned()
    points = prod(len(choices) for choices in space.values())
    if trials is None or trials >= points:
        _exhaust(search, space, points)
    else:
        _sample(search, space, trials, seed)
    return search.result()


def _check(
    kernel: Any,
    args: Any,
    space: Any,
    schedule: Any,
    trials: Any,
    objective: Any,
    seed: Any,
    tolerance: Any,
) -> None:
    """Raises CompileError for arguments of `autotune` that are of no use whatever the kernel is."""
    if not isinstance(kernel, Kernel):
        raise misuse(
            f"ttl.autotune takes a kernel, got {type(kernel).__name__}",
            hint="pass a function decorated with @ttl.kernel, or a ttl.schedule",
        )
    if not isinstance(args, tuple | list):
        raise misuse(f"args must be a tuple or list of the kernel's arguments, got {type(args).__name__}")
    if not isinstance(space, Mapping):
        raise misuse(
            f"space must be a dict of names and their choices, got {type(space).__name__}",
            hint='for example {"block": [1, 2, 4]}',
        )
    if schedule is not None and not callable(schedule):
        raise misuse(f"schedule must be a function of a schedule, got {type(schedule).__name__}")
    if trials is not None and not (_is_integer(trials) and trials >= 1):
        raise misuse(f"trials must be an integer of at least 1, got {trials!r}")
    if objective != "cycles" and not callable(objective):
        raise misuse(f"objective must be 'cycles' or a function of the report, got {objective!r}")
    if not (_is_integer(seed) and 0 <= seed < 1 << 32):
        raise misuse(f"seed must be an integer from 0 to 4294967295, got {seed!r}")
    if tolerance is not None and not (_is_number(tolerance) and tolerance >= 0):
        raise misuse(f"tolerance must be a number of at least 0, got {tolerance!r}")


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


@dataclass(frozen=True)
class _Names:
    """Where the choices of a space go: positions of arguments, and parameters of the schedule."""

    arguments: dict[str, int]
    steps: frozenset[str]

    @classmethod
    def of(
        cls, kernel: Kernel, args: Sequence[Any], space: Mapping[str, Sequence[Any]], schedule: Rewrite | None
    ) -> "_Names":
        parameters = list(inspect.signature(kernel.function).parameters)
        taken = _taken(schedule, space)
        arguments: dict[str, int] = {}
        for name, choices in space.items():
            if isinstance(choices, str) or not isinstance(choices, Sequence) or not choices:
                raise misuse(f"the choices of '{name}' must be a sequence that is not empty, got {choices!r}")
            if name in parameters:
                _check_constant(kernel, name, parameters.index(name), args)
                arguments[name] = parameters.index(name)
            elif name not in taken:
                where = "no schedule is given" if schedule is None else "schedule takes no such parameter"
                raise misuse(
                    f"'{name}' is no parameter of kernel '{kernel.name}', and {where}",
                    hint=f"parameters of the kernel are {', '.join(parameters) or 'none'}",
                )
        return cls(arguments, taken)


def _check_constant(kernel: Kernel, name: str, position: int, args: Sequence[Any]) -> None:
    if position < len(args) and not isinstance(args[position], CONSTANTS):
        raise misuse(
            f"argument '{name}' of kernel '{kernel.name}' is a tensor: only compile-time constants have choices"
        )


def _taken(schedule: Rewrite | None, space: Mapping[str, Any]) -> frozenset[str]:
    """The names of a space that a schedule takes. Raises CompileError where it wants others."""
    if schedule is None:
        return frozenset()
    if not (parameters := list(inspect.signature(schedule).parameters.values())):
        raise misuse("schedule must take a schedule as its first parameter, but takes none")
    parameters = parameters[1:]
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return frozenset(space)
    named = {p.name: p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    for name, parameter in named.items():
        if name not in space and parameter.default is parameter.empty:
            raise misuse(
                f"schedule takes '{name}', which has no choices",
                hint="give it a default, or choices in space",
            )
    return frozenset(named) & frozenset(space)


class _Search:
    """The runs of a search, and what they found."""

    def __init__(
        self,
        kernel: Kernel,
        args: list[Any],
        names: _Names,
        schedule: Rewrite | None,
        objective: Objective,
        tolerance: float | None,
    ):
        self.kernel = kernel
        self.args = args
        self.names = names
        self.schedule = schedule
        self.objective = objective
        self.tolerance = tolerance
        self.trials: list[Trial] = []
        self.untuned_cycles = 0
        self._expected: list[Any] = []

    def run_untuned(self) -> None:
        """Run the kernel as it was passed: its tensors are the reference."""
        self._expected = _copies(self.args)
        self.untuned_cycles, _ = self._measured(self.kernel, self._expected)

    def _measured(self, kernel: Kernel, args: list[Any]) -> tuple[int, float]:
        """Cycles of a run, and how good it is: less is better."""
        report = kernel.compile(*args).run(*args, time=True)
        if report.cycles is None:
            raise TTLangError("error: ttl.autotune measures runs, and nothing runs with TTLANG_COMPILE_ONLY")
        if isinstance(self.objective, str):
            return report.cycles, float(report.cycles)
        if not _is_number(value := self.objective(report)) or np.isnan(value):
            raise misuse(f"objective must return a number, got {value!r}")
        return report.cycles, float(value)

    def variant(self, choices: Mapping[str, Any]) -> tuple[Kernel, list[Any]]:
        """The kernel of a point, and the caller's arguments with its constants."""
        args = list(self.args)
        for name, position in self.names.arguments.items():
            args[position] = choices[name]
        if self.schedule is None:
            return self.kernel, args
        given = {name: value for name, value in choices.items() if name in self.names.steps}
        made = self.schedule(schedule_of(self.kernel), **given)
        if not isinstance(made, Schedule):
            raise misuse(f"schedule must return the schedule that it made, got {type(made).__name__}")
        return made, args

    def run(self, choices: Point) -> Trial:
        """Run a point, and keep what it gives or why it cannot be."""
        kernel, args = self.variant(choices)
        copies = _copies(args)
        number = len(self.trials)
        try:
            cycles, value = self._measured(kernel, copies)
        except TTLangError as error:
            trial = Trial(number, choices, reason=_first_line(error))
        except AssertionError as error:
            text = _first_line(error)
            trial = Trial(number, choices, reason=f"assertion: {text}" if text else "an assertion failed")
        else:
            trial = Trial(number, choices, cycles, value, self._difference(copies))
        self.trials.append(trial)
        return trial

    def _difference(self, args: list[Any]) -> str | None:
        """How the tensors of a run differ from those of the untuned one; None when they do not."""
        parameters = inspect.signature(self.kernel.function).parameters
        for name, actual, expected in zip(parameters, args, self._expected, strict=True):
            got, wanted = as_array(actual), as_array(expected)
            if got is not None and wanted is not None:
                limit = self.tolerance if self.tolerance is not None else _limit(actual)
                if (far := _largest_share(got, wanted)) > limit:
                    return f"values change: '{name}' differs by {far:.2g} of its largest magnitude, more than {limit:.2g}"
        return None

    def result(self) -> Tuning:
        best = min(
            (trial for trial in self.trials if trial.feasible),
            key=lambda t: (t.value, t.number),
            default=None,
        )
        if best is None:
            reasons = dict.fromkeys(f"  {t.choices}: {t.reason}" for t in self.trials[:_REASONS])
            raise TTLangError(
                f"error: none of the {len(self.trials)} points of '{self.kernel.name}' can be run\n"
                + "\n".join(reasons)
            )
        kernel, args = self.variant(best.choices)
        return Tuning(kernel, tuple(args), best, self.untuned_cycles, tuple(self.trials))


_REASONS = 5
"""Points whose reasons are told when none can be run."""


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].removeprefix("error: ")


def _copies(args: Sequence[Any]) -> list[Any]:
    """Copies of tensors, the same for the same tensor; constants as they are. Raises CompileError for ttnn tensors."""
    made: dict[int, Any] = {}
    return [made.setdefault(id(value), _copy(value)) for value in args]


def _copy(value: Any) -> Any:
    if is_ttnn_tensor(value):
        raise misuse("ttl.autotune runs on the simulator, which cannot read ttnn tensors", hint="pass arrays")
    if isinstance(value, Tensor):
        return Tensor(
            value.data.copy(), value.spec.dtype, value.spec.layout, value.spec.memory, value.spec.shard
        )
    if isinstance(value, np.ndarray):
        return value.copy()
    return value.detach().clone() if as_array(value) is not None else value


def _limit(tensor: Any) -> float:
    spec = spec_of(tensor)
    assert spec is not None, "it was an argument of a run"
    return VALUE_LIMIT.get(spec.dtype, 0.0)


def _largest_share(actual: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference, as a share of the largest finite magnitude expected; infinite where only one is finite."""
    got, wanted = actual.astype(np.float64), expected.astype(np.float64)
    finite = np.isfinite(wanted)
    if (
        not np.array_equal(got[~finite], wanted[~finite], equal_nan=True)
        or not np.isfinite(got[finite]).all()
    ):
        return float("inf")
    largest = float(np.abs(wanted[finite]).max(initial=0.0))
    far = float(np.abs(got[finite] - wanted[finite]).max(initial=0.0))
    return far / largest if largest else far


# Which points are run


def _exhaust(search: _Search, space: Mapping[str, Sequence[Any]], points: int) -> None:
    with _progress(search.kernel.name, points) as advance:
        for values in product(*space.values()):
            search.run(dict(zip(space, values, strict=True)))
            advance()


_STALLED = 20
"""Proposals in a row that were run before, after which a search takes the first point that was not."""


@dataclass
class _Sampler:
    """Points that optuna proposes, each once."""

    space: Mapping[str, Sequence[Any]]
    study: Any
    known: dict[tuple[int, ...], Trial] = field(default_factory=dict)

    def next(self) -> tuple[Any, tuple[int, ...]]:
        """A proposal of optuna that was not run yet, and its point: the places of its choices."""
        for _ in range(_STALLED):
            asked = self.study.ask()
            point = tuple(self._suggest(asked, name) for name in self.space)
            if point not in self.known:
                return asked, point
            self.tell(asked, self.known[point])
        sizes = [range(len(choices)) for choices in self.space.values()]
        left = next(point for point in product(*sizes) if point not in self.known)
        self.study.enqueue_trial(dict(zip(self.space, left, strict=True)))
        asked = self.study.ask()
        return asked, tuple(self._suggest(asked, name) for name in self.space)

    def _suggest(self, asked: Any, name: str) -> int:
        """Numbers in order are searched as such, other choices as a set."""
        choices = self.space[name]
        ordered = all(isinstance(c, int | float) and not isinstance(c, bool) for c in choices)
        if ordered and list(choices) == sorted(choices):
            return int(asked.suggest_int(name, 0, len(choices) - 1))
        return int(asked.suggest_categorical(name, list(range(len(choices)))))

    def tell(self, asked: Any, trial: Trial) -> None:
        from optuna.trial import TrialState

        if trial.feasible:
            self.study.tell(asked, trial.value)
        else:
            self.study.tell(
                asked, state=TrialState.PRUNED
            )  # ranked behind all others; failed ones it would forget


def _sample(search: _Search, space: Mapping[str, Sequence[Any]], trials: int, seed: int) -> None:
    try:
        import optuna
    except ImportError:
        points = prod(len(choices) for choices in space.values())
        raise TTLangError(
            f"error: {trials} trials of {points} points need the package optuna\n"
            "  help: pip install 'ttlang[tune]', or leave out trials to run all points"
        ) from None
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        sampler = _Sampler(space, optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed)))
        with _progress(search.kernel.name, trials) as advance:
            for _ in range(trials):
                asked, point = sampler.next()
                choices = {name: space[name][i] for name, i in zip(space, point, strict=True)}
                sampler.known[point] = trial = search.run(choices)
                sampler.tell(asked, trial)
                advance()
    finally:
        optuna.logging.set_verbosity(verbosity)


@contextmanager
def _progress(name: str, total: int) -> Iterator[Callable[[], None]]:
    """A bar on standard error, when that is a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(f"tuning {name}", total=total)
        yield lambda: bar.advance(task)
