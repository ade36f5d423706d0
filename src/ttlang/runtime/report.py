# SPDX-License-Identifier: Apache-2.0
"""What a run tells: cycles, time, what bounded it, and how far results are from a reference."""

import json
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ttlang.diagnostics import TTLangError
from ttlang.language.tensors import as_array

if TYPE_CHECKING:
    from ttlang.simulator import RunResult

    from .compiled import CompiledKernel
    from .image import ProgramImage
    from .profile import Profile

RELATIVE_L2_LIMIT = {"float32": 1e-2, "bfloat16": 1e-2, "float16": 2e-3}
"""Largest relative L2 error that `check` accepts by default, by the type of the result. float32 results come from
operands that the matrix unit rounds to at most 10 mantissa bits."""


class WrongResult(TTLangError):
    """A result that is farther from its reference than the tolerance."""


@dataclass(frozen=True)
class RunReport:
    """Report of one run of a kernel.

    `cycles` counts the chip's clock, `seconds` is simulated time; both are None when time was not modelled or nothing
    ran. `bound` names what limited the run ("compute", "noc", "dram", "issue"), `utilisation` the busy fraction of
    each. `prints` holds what kernels printed. `result` is the simulator's own, with the costs of every processor and
    C++ line; `profile` brings them back to threads, lines of Python, buffers and memories. `complete` is false for a run
    that Ctrl-C stopped.
    """

    kernel: str
    arch: str
    grid: tuple[int, ...]
    cycles: int | None = None
    seconds: float | None = None
    bound: str | None = None
    utilisation: dict[str, float] = field(default_factory=dict)
    prints: tuple[str, ...] = ()
    artefacts: Path | None = None
    host_seconds: dict[str, float] = field(default_factory=dict)
    result: "RunResult | None" = None
    image: "ProgramImage | None" = None

    @classmethod
    def compiled_only(cls, compiled: "CompiledKernel") -> "RunReport":
        """The report of a kernel that was compiled and not run."""
        image = compiled.image
        return cls(image.name, image.arch, image.grid, artefacts=compiled.artefacts)

    @property
    def ran(self) -> bool:
        return self.result is not None or bool(self.host_seconds)

    @property
    def complete(self) -> bool:
        return self.result is None or self.result.complete

    @cached_property
    def profile(self) -> "Profile | None":
        """Figures by thread, line of Python, buffer and memory; None when time was not modelled."""
        if self.result is None or self.image is None or self.cycles is None:
            return None
        from .profile import profile_of

        return profile_of(self.image, self.result)

    def save(self, path: "str | os.PathLike[str]") -> Path:
        """Write the report: `.json` as data, `.html` as one page that needs nothing else.

        The page has a timeline when the run was recorded (`trace=True`). Raises TTLangError for other endings, and when
        the file cannot be written.
        """
        from .profile.data import report_data

        target = Path(path)
        if target.suffix == ".json":
            return _written(target, json.dumps(report_data(self), indent=1))
        if target.suffix == ".html":
            from .profile.page import page

            return _written(target, page(self))
        raise TTLangError(f"error: a report ends in .json or .html, not '{target.name}'")

    def save_trace(self, path: "str | os.PathLike[str]") -> Path:
        """Write the run over time for the Perfetto UI; `.json`, or `.json.gz` compressed.

        Raises TTLangError when the run was not recorded (`trace=True`) or the file cannot be written.
        """
        target = Path(path)
        if self.result is None or self.image is None or self.result.trace is None:
            raise TTLangError(
                f"error: the run of '{self.kernel}' was not recorded\n  help: run it with trace=True, on the simulator"
            )
        from .profile.trace_file import write_trace

        try:
            write_trace(target, self.image, self.result)
        except OSError as error:
            raise TTLangError(f"error: {target} cannot be written: {error.strerror}") from None
        return target

    def check(
        self, actual: Any, expected: Any, name: str | None = None, tolerance: float | None = None
    ) -> float:
        """Compare a result with its reference, print the report and return the relative L2 error.

        `tolerance` limits that error, by default as the type of `actual` allows. Raises WrongResult beyond it.
        Nothing is compared when nothing ran.
        """
        from .console import print_report

        if not self.ran:
            print_report(self, name, None)
            return 0.0
        got = as_array(actual)
        assert got is not None, "the result must be an array"
        error = Error.between(got, np.asarray(expected))
        limit = tolerance if tolerance is not None else RELATIVE_L2_LIMIT.get(str(got.dtype), 0.0)
        print_report(self, name, error)
        if not error.relative_l2 <= limit:
            raise WrongResult(
                f"error: the result of '{self.kernel}' is wrong: its relative L2 error is {error.relative_l2:.3g},"
                f" more than {limit:.3g}"
            )
        return error.relative_l2

    def __str__(self) -> str:
        from .console import report_text

        return report_text(self)


def _written(path: Path, text: str) -> Path:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise TTLangError(f"error: {path} cannot be written: {error.strerror}") from None
    return path


@dataclass(frozen=True, slots=True)
class Error:
    """Distance of a result from its reference."""

    relative_l2: float
    max_absolute: float

    @classmethod
    def between(cls, actual: np.ndarray, expected: np.ndarray) -> "Error":
        """Raises ValueError when the shapes differ."""
        if actual.shape != expected.shape:
            raise ValueError(f"shapes differ: {actual.shape} and {expected.shape}")
        difference = actual.astype(np.float64) - expected.astype(np.float64)
        norm = float(np.linalg.norm(expected.astype(np.float64)))
        distance = float(np.linalg.norm(difference))
        return cls(distance / norm if norm else distance, float(np.abs(difference).max(initial=0.0)))
