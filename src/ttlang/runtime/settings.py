# SPDX-License-Identifier: Apache-2.0
"""Settings that a user makes once, for all kernels of a process: environment variables and `ttl run` options."""

import os
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .report import RunReport

DEFAULT_CHIP = "wormhole_b0"

BACKENDS = ("simulator", "ttnn", "direct")
"""What `backend` may be. "direct" compiles without TTKernel and runs on the simulator."""


@dataclass(frozen=True, slots=True)
class RunSettings:
    """Defaults of `Kernel.compile` (`backend`) and `CompiledKernel.run` (the rest)."""

    backend: str | None = None
    time: bool = True
    max_cycles: int | None = None
    sanitize: bool = True
    schedule: str = "modelled"
    print_reports: bool = False
    report_file: Path | None = None
    trace_file: Path | None = None


_settings = RunSettings()
_written: Counter[Path] = Counter()


def current() -> RunSettings:
    return _settings


def override(**changes: object) -> None:
    """Change defaults for the rest of the process."""
    global _settings
    _settings = replace(_settings, **changes)  # type: ignore[arg-type]


def write_reports(report: "RunReport") -> None:
    """Prints and writes what was asked for of a run. Files of the second run of a process and so on get its number."""
    if _settings.print_reports:
        print(report)
    if _settings.report_file is not None:
        report.save(_numbered(_settings.report_file))
    if _settings.trace_file is not None:
        report.save_trace(_numbered(_settings.trace_file))


def _numbered(path: Path) -> Path:
    _written[path] += 1
    if _written[path] == 1:
        return path
    stem, dot, endings = path.name.partition(".")
    return path.with_name(f"{stem}_{_written[path]}{dot}{endings}")


def default_chip() -> str:
    """Chip of kernels that name none: `TTLANG_CHIP`, else Wormhole."""
    return os.environ.get("TTLANG_CHIP") or DEFAULT_CHIP
