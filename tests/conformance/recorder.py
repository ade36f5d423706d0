# SPDX-License-Identifier: Apache-2.0
"""A pytest plugin that writes down every kernel that tests compile, and runs none.

    TTLANG_RECORD=FILE python -O -m pytest --assert=plain -p tests.conformance.recorder tests/...

Each kernel is compiled for both chips and both API generations, whatever the test asked for. `-O` turns off the
assertions about results, which there are none of. FILE is JSON: `functions`, each different kernel function once, `refused`,
what does not compile for another chip or a generation, and `declined`, what does not compile as the test asked.
"""

import json
import os
from collections.abc import Sequence
from copy import copy
from dataclasses import asdict, dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.printer import Printer

from ttlang import pipelines
from ttlang.codegen.cpp_printer import print_cpp
from ttlang.diagnostics import TTLangError
from ttlang.dialects.ttkernel import TTKernelOp
from ttlang.frontend.fingerprint import fingerprint
from ttlang.language.kernel import METAL_VERSIONS, Kernel
from ttlang.runtime import compiled as compiled_module
from ttlang.runtime import driver
from ttlang.runtime.compiled import CompiledKernel
from ttlang.transforms.convert_ttkernel_to_emitc import ConvertTTKernelToEmitC

CHIPS = ("wormhole_b0", "blackhole")
ONE_CHIP = "tests/conformance/sweep_kernels.py"
"""Kernels of one core: they are the same for every chip."""


@dataclass
class Function:
    """One kernel function and what the compiler made of it, by API generation."""

    test: str
    kernel: str
    chip: str
    name: str
    kind: str
    ttkernel: str
    words: list[int]
    fp32: bool
    extensions: list[str] = field(default_factory=list)
    cpp: dict[str, str] = field(default_factory=dict)
    emitc: dict[str, str] = field(default_factory=dict)
    shared_ttkernel: str | None = None
    """The function without extension ops, for the real dialect; None where the rest needs their results."""
    shared_cpp: str | None = None
    """The C++ of generation 0.69 of `shared_ttkernel`."""


def text_of(module: ModuleOp, generic: bool = False) -> str:
    stream = StringIO()
    Printer(stream, print_generic_format=generic).print_op(module)
    return stream.getvalue()


def is_extension(op: TTKernelOp) -> bool:
    """Whether the real dialect lacks an op, or the form of it: it has copies of DST without a data type alone."""
    return op.spec.origin == "extension" or (
        op.spec.mnemonic == "copy_dest_values" and "data_format" in op.properties
    )


def without_extensions(module: ModuleOp) -> tuple[ModuleOp | None, list[str]]:
    """A copy without the ops that the real dialect lacks, and their names; None when their results are used."""
    copied = module.clone()
    removed = []
    for op in list(copied.walk()):
        if isinstance(op, TTKernelOp) and is_extension(op):
            if op.spec.origin == "extension":
                removed.append(op.spec.mnemonic)
            if any(result.uses for result in op.results):
                return None, sorted({*removed})
            op.detach()
            op.erase()
    return copied, sorted({*removed})


class Recorder:
    """The kernel functions of a session, each once."""

    def __init__(self, file: Path):
        self.file = file
        self.test = self.kernel = self.chip = ""
        self.functions: list[Function] = []
        self.refused: list[dict[str, str]] = []
        self.declined: list[dict[str, str]] = []
        self._known: set[str] = set()
        self._programs: dict[str, CompiledKernel] = {}
        self._taken: list[ModuleOp] = []

    def install(self) -> None:
        run_passes = pipelines.run_passes

        def compile(kernel: Kernel, *arguments: Any, backend: str | None = None) -> CompiledKernel:
            own = kernel._target().name
            try:
                made = self.compile(kernel, arguments, own)
            except TTLangError as error:
                self.declined.append({"test": self.test, "reason": str(error)})
                raise  # a test may expect it
            for chip in CHIPS:
                if chip != own and not self.test.startswith(ONE_CHIP):
                    try:
                        self.compile(kernel, arguments, chip)
                    except (TTLangError, AssertionError) as error:
                        self.refuse(chip, kernel.name, "both", str(error))
            return made

        def run(module: ModuleOp, names: Sequence[str], *rest: Any) -> None:
            if ConvertTTKernelToEmitC.name in names and self.kernel:
                self.take(module)
            run_passes(module, names, *rest)

        Kernel.compile = compile  # type: ignore[method-assign]
        pipelines.run_passes = run
        compiled_module.compile_only = lambda: True
        for name in ("assert_allclose", "assert_array_equal"):
            setattr(np.testing, name, lambda *_, **__: None)

    def compile(self, kernel: Kernel, arguments: Sequence[Any], chip: str) -> CompiledKernel:
        """One kernel for one chip, unless that has been done."""
        variant = copy(kernel)
        variant.arch = chip
        scope = variant.trace(arguments)
        key = fingerprint(scope)
        if key is not None and key in self._programs:
            return self._programs[key]
        self.kernel, self.chip, self._taken = kernel.name, chip, []
        try:
            image, files, _ = driver._compile(scope, direct=False)
        finally:
            self.kernel = ""
        for module, made in zip(self._taken, image.kernels, strict=True):
            text = text_of(module)
            known = json.dumps([text, made.kind, made.compile_time_args, image.fp32_dest_acc])
            if known not in self._known:
                self._known.add(known)
                words = list(made.compile_time_args)
                function = Function(
                    self.test, kernel.name, chip, made.name, made.kind, text, words, image.fp32_dest_acc
                )
                self.functions.append(self.emitted(function, module))
        program = CompiledKernel(image, None, files)
        if key is not None:
            self._programs[key] = program
        return program

    def refuse(self, chip: str, kernel: str, version: str, reason: str) -> None:
        where = {"test": self.test, "kernel": kernel, "chip": chip}
        self.refused.append({**where, "version": version, "reason": reason})

    def take(self, module: ModuleOp) -> None:
        """The functions of a TTKernel module, each in a module of its own."""
        functions = (op for op in module.body.block.ops if isinstance(op, FuncOp))
        self._taken = [ModuleOp([function.clone()]) for function in functions]

    def emitted(self, made: Function, module: ModuleOp) -> Function:
        """Fills in what becomes of a function in both API generations, and of what the real dialect knows of it."""
        shared, made.extensions = without_extensions(module)
        for version in METAL_VERSIONS:
            converted = module.clone()
            try:
                ConvertTTKernelToEmitC(version).apply(Context(), converted)
            except TTLangError as error:
                self.refuse(made.chip, made.kernel, version, str(error))
                continue
            made.emitc[version] = text_of(converted, generic=True)
            (kernel,) = print_cpp(converted, metal_version=version)
            made.cpp[version] = kernel.source
        if shared is not None:
            made.shared_ttkernel = text_of(shared)
            ConvertTTKernelToEmitC("0.69").apply(Context(), shared)
            made.shared_cpp = print_cpp(shared, metal_version="0.69")[0].source
        return made

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self.test = item.nodeid

    def pytest_sessionfinish(self) -> None:
        functions = [asdict(function) for function in self.functions]
        texts = {"functions": functions, "refused": self.refused, "declined": self.declined}
        self.file.write_text(json.dumps(texts))


def pytest_configure(config: pytest.Config) -> None:
    recorder = Recorder(Path(os.environ["TTLANG_RECORD"]))
    recorder.install()
    config.pluginmanager.register(recorder, "ttlang-recorder")
