# SPDX-License-Identifier: Apache-2.0
"""What ttl-validate and ttl-insert-synchronization refuse in Python kernels, with every place, and what they let pass."""

from pathlib import Path

import pytest
from tests.frontend.programs import execute, program
from tests.transforms.protocol_kernels import RIGHT, WRONG, Wrong

import ttlang as ttl
from ttlang.frontend.program import ProgramBuilder
from ttlang.pipelines import ANALYSIS, Observer, run_passes

PASSES = ANALYSIS[: ANALYSIS.index("ttl-insert-synchronization") + 1]


def analyse(path: Path, parts: dict[str, str]) -> str:
    """Trace a kernel and run the passes up to synchronisation; returns the script."""
    text = program(call="", **parts)
    names = execute(path, text)
    scope = names["k"].trace([names["a"], names["out"]])
    run_passes(ProgramBuilder(scope).build(), PASSES, Observer())
    return text


def marked(text: str, mark: str) -> set[int]:
    return {number for number, line in enumerate(text.splitlines(), 1) if line.endswith(f"# {mark}")}


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case.name.replace(" ", "_"))
def test_what_breaks_a_protocol_is_refused_at_every_place(case: Wrong, tmp_path: Path) -> None:
    with pytest.raises(ttl.CompileError) as caught:
        analyse(tmp_path / "script.py", case.parts)
    text = program(call="", **case.parts)
    error = caught.value
    assert case.message in error.message
    assert error.location is not None and {error.location.line} == marked(text, "here")
    lines = {note.location.line for note in error.notes if note.location is not None}
    assert marked(text, "other") <= lines


@pytest.mark.parametrize("name", RIGHT, ids=lambda name: name.replace(" ", "_"))
def test_what_keeps_to_it_is_not(name: str, tmp_path: Path) -> None:
    analyse(tmp_path / "script.py", RIGHT[name])


def test_names_are_unique() -> None:
    names = [case.name for case in WRONG]
    assert len(names) == len(set(names))
