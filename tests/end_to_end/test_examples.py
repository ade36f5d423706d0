# SPDX-License-Identifier: Apache-2.0
"""The examples run as users run them."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.mark.parametrize(
    ("script", "arguments", "titles"),
    [
        ("eltwise_add.py", ["512"], ["eltwise_add 512x512 bfloat16"]),
        (
            "matmul.py",
            ["256"],
            ["matmul 256x256x256 bfloat16, 1x1 cores", "matmul 256x256x256 bfloat16, 4x4 cores"],
        ),
    ],
)
def test_example(script, arguments, titles):
    result = subprocess.run(
        [sys.executable, str(EXAMPLES / script), *arguments], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    for title in titles:
        assert title in result.stdout
    for label in ("grid", "error", "simulated", "bound by", "artefacts"):
        assert result.stdout.count(f"\n  {label} ") == len(titles)
