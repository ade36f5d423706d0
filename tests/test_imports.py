# SPDX-License-Identifier: Apache-2.0
"""What `import ttlang` loads, and how long it takes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import ttlang as ttl

IMPORT_SECONDS = 0.250  # to reach; tests allow for a slow or busy machine
SLACK = 4


def run(code: str, tmp_path: Path) -> str:
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(tmp_path / "bytecode")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_heavy_packages_are_not_imported(tmp_path: Path) -> None:
    code = (
        "import sys\nimport ttlang\n"
        "heavy = ('torch', 'ttnn', 'xdsl', 'rich', 'typer', 'ttlang.simulator', 'ttlang.transforms', 'ttlang.pipelines')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    assert run(code, tmp_path) == "[]\n"


def test_import_time(tmp_path: Path) -> None:
    code = (
        "from time import perf_counter\nstart = perf_counter()\nimport ttlang\nprint(perf_counter() - start)"
    )
    run(code, tmp_path)  # compiles the bytecode
    best = min(float(run(code, tmp_path)) for _ in range(5))
    assert best <= SLACK * IMPORT_SECONDS, f"{best:.3f} s"


def test_public_names_exist() -> None:
    missing = [name for name in ttl.__all__ if not hasattr(ttl, name)]
    assert missing == []
    assert len(set(ttl.__all__)) == len(ttl.__all__)


def test_aliases() -> None:
    assert ttl.kernel is ttl.ttl_kernel is ttl.pykernel_gen is ttl.operation
    assert ttl.node is ttl.core
    assert ttl.block is ttl.math


def test_unknown_name() -> None:
    with pytest.raises(AttributeError, match="module 'ttlang' has no attribute 'kernl'"):
        ttl.kernl  # noqa: B018
