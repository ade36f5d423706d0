# SPDX-License-Identifier: Apache-2.0
"""Runs the checks in the `.mlir` files of this folder: parse, verify, print, compare with the CHECK lines."""

import io
from pathlib import Path

import pytest
from filecheck.finput import FInput
from filecheck.matcher import Matcher
from filecheck.options import Options
from filecheck.parser import Parser as CheckParser
from filecheck.parser import pattern_for_opts
from xdsl.context import Context
from xdsl.dialects.arith import Arith
from xdsl.dialects.builtin import Builtin
from xdsl.dialects.func import Func
from xdsl.parser import Parser
from xdsl.printer import Printer

from ttlang.dialects.ttcore import TTCore
from ttlang.dialects.ttkernel import TTKernel

FILES = sorted(Path(__file__).parent.glob("*.mlir"))


def output_of(text: str) -> str:
    context = Context()
    for dialect in (Builtin, Arith, Func, TTCore, TTKernel):
        context.load_dialect(dialect)
    module = Parser(context, text).parse_module()
    module.verify()
    stream = io.StringIO()
    Printer(stream).print_op(module)
    return stream.getvalue()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_file(path: Path) -> None:
    text = path.read_text()
    options = Options(str(path))
    checks = CheckParser(options, io.StringIO(text), *pattern_for_opts(options))
    assert Matcher(options, FInput("output", output_of(text)), checks).run() == 0
