# SPDX-License-Identifier: Apache-2.0
"""Runs the RUN lines of the .mlir files beside this one, in this process: pipes of `ttl-opt` and
`filecheck`.
"""

import io
import re
import shlex
import sys
from pathlib import Path

import pytest
from filecheck.finput import FInput
from filecheck.matcher import Matcher
from filecheck.options import Options
from filecheck.parser import Parser

from ttlang.tools.opt import main

HERE = Path(__file__).parent
FILES = [file for file in sorted(HERE.rglob("*.mlir")) if "ttkernel" not in file.parts]
RUN = re.compile(r"^//\s*RUN:\s*(.*)$", re.MULTILINE)


class _Input(io.TextIOWrapper):
    """Standard input with the bytes of a text."""

    def __init__(self, text: str):
        super().__init__(io.BytesIO(text.encode()), encoding="utf-8")


def ttl_opt(arguments: list[str], text: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str, str]:
    """Exit code, standard output and standard error."""
    out, err = io.StringIO(), io.StringIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", _Input(text))
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        code = main(arguments)
    return code, out.getvalue(), err.getvalue()


def run_line(line: str, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = ""
    for command in line.split("|"):
        program, *arguments = [word.replace("%s", str(file)) for word in shlex.split(command)]
        expected_code = 0
        if program == "not":
            program, *arguments = arguments
            expected_code = 1
        if program == "ttl-opt":
            merge = "2>&1" in arguments
            arguments = [a for a in arguments if a != "2>&1"]
            code, text, errors = ttl_opt(arguments, text, monkeypatch)
            assert code == expected_code, errors
            text += errors if merge else ""
        elif program == "filecheck":
            options = Options(*arguments)
            matcher = Matcher(options, FInput("-", text), Parser.from_opts(options))
            assert matcher.run() == 0, f"{file}: the output does not match:\n{text}"
        else:
            raise AssertionError(f"{file}: unknown program {program} in '{line}'")


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(HERE)))
def test_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = RUN.findall(file.read_text())
    assert lines, f"{file} has no RUN line"
    for line in lines:
        run_line(line, file, monkeypatch)
