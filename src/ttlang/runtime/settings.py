# SPDX-License-Identifier: Apache-2.0
"""Settings that a user makes once, for all kernels of a process: environment variables and `ttl run` options."""

import os
from dataclasses import dataclass, replace

DEFAULT_CHIP = "wormhole_b0"


@dataclass(frozen=True, slots=True)
class RunSettings:
    """Defaults of `CompiledKernel.run`."""

    time: bool = True
    max_cycles: int | None = None
    sanitize: bool = True
    print_reports: bool = False


_settings = RunSettings()


def current() -> RunSettings:
    return _settings


def override(**changes: object) -> None:
    """Change defaults for the rest of the process."""
    global _settings
    _settings = replace(_settings, **changes)  # type: ignore[arg-type]


def default_chip() -> str:
    """Chip of kernels that name none: `TTLANG_CHIP`, else Wormhole."""
    return os.environ.get("TTLANG_CHIP") or DEFAULT_CHIP
