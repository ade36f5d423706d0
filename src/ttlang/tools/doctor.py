# SPDX-License-Identifier: Apache-2.0
"""What `ttl doctor` looks at."""

import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec

from rich.console import Console
from rich.markup import escape
from rich.table import Table

import ttlang
from ttlang.diagnostics import TTLangError

_REQUIRED = ("xdsl", "numpy", "ml_dtypes", "typer", "rich", "platformdirs")
_OPTIONAL = {
    "torch": "torch tensors as arguments: pip install 'ttlang[torch]'",
    "ttnn": "kernels on hardware: pip install 'ttlang[ttnn]'",
    "optuna": "searches of ttl.autotune with fewer trials than points: pip install 'ttlang[tune]'",
    "ziglang": "a C++ compiler from PyPI: pip install 'ttlang[compiler]'",
    "pytest": "the test suite: pip install 'ttlang[dev]'",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; `good` is None for what is merely absent."""

    what: str
    good: bool | None
    detail: str


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _packages() -> list[Finding]:
    found = [
        Finding("Python", sys.version_info >= (3, 11), f"{platform.python_version()}, {platform.machine()}")
    ]
    for name in _REQUIRED:
        version = _version(name)
        found.append(Finding(name, version is not None, version or "missing: pip install ttlang"))
    for name, purpose in _OPTIONAL.items():
        version = _version(name) if find_spec(name) is not None else None
        found.append(Finding(name, None if version is None else True, version or f"not installed; {purpose}"))
    return found


def _compiler() -> Finding:
    from ttlang.simulator.toolchain import compiler

    command = compiler()
    return Finding("C++ compiler", True, f"{command.family}: {' '.join(command.command)}")


def _engine() -> Finding:
    from ttlang.simulator import Device

    with Device("wormhole_b0"):
        return Finding("simulator engine", True, "built, starts")


def _cache() -> Finding:
    from ttlang.simulator.toolchain import cache_root

    root = cache_root()
    root.mkdir(parents=True, exist_ok=True)
    size = sum(path.stat().st_size for path in root.rglob("*") if path.is_file())
    free = shutil.disk_usage(root).free
    return Finding(
        "cache", True, f"{root}: {size / 2**20:.1f} MiB, {free / 2**30:.1f} GiB free; may be deleted"
    )


def _checked(name: str, check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except (TTLangError, OSError) as error:
        return Finding(name, False, str(error).removeprefix("error: "))


def examine(console: Console) -> int:
    """Print the report; returns 1 when something that is needed does not work."""
    findings = [
        Finding("ttlang", True, ttlang.__version__),
        *_packages(),
        _checked("C++ compiler", _compiler),
        _checked("simulator engine", _engine),
        _checked("cache", _cache),
    ]
    table = Table(show_header=False, box=None)
    table.add_column(width=4)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    marks = {True: "[green]ok[/]", False: "[red]no[/]", None: "[dim]-[/]"}
    for finding in findings:
        table.add_row(marks[finding.good], finding.what, escape(finding.detail))
    console.print(table)
    return int(any(finding.good is False for finding in findings))
