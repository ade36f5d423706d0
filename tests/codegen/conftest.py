# SPDX-License-Identifier: Apache-2.0
"""From the text of a kernel to its C++."""

from collections.abc import Callable

import pytest
from xdsl.context import Context
from xdsl.dialects.arith import Arith
from xdsl.dialects.builtin import Builtin
from xdsl.dialects.func import Func
from xdsl.dialects.scf import Scf
from xdsl.parser import Parser

from ttlang.codegen.cpp_printer import print_cpp
from ttlang.codegen.line_map import CppKernel
from ttlang.dialects.ttcore import TTCore
from ttlang.dialects.ttkernel import TTKernel
from ttlang.transforms.convert_ttkernel_to_emitc import ConvertTTKernelToEmitC

CB = "!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>"
CBS = "".join(
    f"  %{name} = ttkernel.get_compile_time_arg_val({i}) : () -> {CB}\n"
    for i, name in enumerate(("a", "b", "out"))
)

Compile = Callable[..., CppKernel]


@pytest.fixture
def compile_kernel() -> Compile:
    """The C++ of a kernel body. `$CB` in the text stands for the type of %a, %b and %out."""

    def compile_(body: str, thread: str = "compute", version: str = "0.81") -> CppKernel:
        context = Context()
        for dialect in (Builtin, Arith, Func, Scf, TTCore, TTKernel):
            context.load_dialect(dialect)
        head = f"func.func @k() attributes {{ttkernel.thread = #ttkernel.thread<{thread}>}} {{"
        text = f"{head}\n{CBS}{body}\n  return\n}}"
        module = Parser(context, text.replace("$CB", CB)).parse_module()
        module.verify()
        ConvertTTKernelToEmitC(version).apply(context, module)
        module.verify()
        (kernel,) = print_cpp(module, metal_version=version)
        return kernel

    return compile_
