# SPDX-License-Identifier: Apache-2.0
"""The text of stages, against the printer of the IR library."""

from io import StringIO

import pytest
from bench.language_kernels import KERNELS
from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, ModuleOp, StringAttr
from xdsl.printer import Printer

from ttlang.codegen.ir_text import ir_text
from ttlang.dialects import context
from ttlang.dialects.checking import parse


def library_text(module: ModuleOp) -> str:
    stream = StringIO()
    Printer(stream).print_op(module)
    return stream.getvalue() + "\n"


@pytest.mark.parametrize("name", sorted(KERNELS))
def test_every_stage_is_printed_as_by_the_library(name: str) -> None:
    kernel, arguments, _ = KERNELS[name]()
    asm = kernel.compile(*arguments).asm
    for stage in ("ttl", "ttmetal", "ttkernel", "emitc"):
        module = parse(context(), asm[stage])
        assert ir_text(module) == library_text(module) == asm[stage]


def test_strings_that_need_escapes() -> None:
    texts = ["plain", 'a "quote"', "back\\slash", "two\nlines\t", "größer", "\x00\x7f", ""]
    module = ModuleOp(
        [], {"a": ArrayAttr(StringAttr(t) for t in texts), "b": DictionaryAttr({"x y": StringAttr('"')})}
    )
    assert ir_text(module) == library_text(module)
