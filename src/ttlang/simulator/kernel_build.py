# SPDX-License-Identifier: Apache-2.0
"""Kernel C++ to a loadable library, unmodified, cached by content.

Kernels that include nothing but the API share one translation unit, each in its own namespace with its own arguments and
defines: the API is read once. A kernel that includes files of its own, or binds names, gets a unit at global scope.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ttlang.hardware import chip as chip_description
from ttlang.simulator import instruction_costs
from ttlang.simulator.alias_templates import CRASH, write_overlay
from ttlang.simulator.engine_build import (
    WRAPPED,
    include_flags,
    kernel_api_key,
    kernel_flags,
    kernel_header,
)
from ttlang.simulator.errors import KernelCompileError
from ttlang.simulator.kernel_text import END_OF_KERNEL, Unit, global_units, is_shared, shared_unit
from ttlang.simulator.kernel_text import CbTypes as CbTypes
from ttlang.simulator.kernel_text import roles as roles
from ttlang.simulator.native_lines import UNIT
from ttlang.simulator.program import Kernel
from ttlang.simulator.toolchain import Compiler, cache_root, compiler, content_key

API_FOLDER = "/native/include/ttsim/"


@cache
def _recipe() -> str:
    """The code that makes libraries, as part of their identity."""
    files = (__file__, instruction_costs.__file__)
    return "".join(Path(file).read_text(encoding="utf-8") for file in files)


@dataclass(frozen=True)
class CompiledKernel:
    """Where a kernel's code lies: library and entry by processor role."""

    entries: Mapping[int, tuple[str, str]]


def compile_kernels(
    chip: str, kernels: Sequence[Kernel], types: Sequence[CbTypes], checked: bool
) -> list[CompiledKernel]:
    """Compiles a program's kernels for the host, or finds them in the cache. Raises KernelCompileError.

    `checked` kernels report their loads and stores, to the sanitizer and to the clock.
    """
    shared = [i for i, kernel in enumerate(kernels) if is_shared(kernel)]
    units = [shared_unit(chip, kernels, types, shared)] if shared else []
    for index in range(len(kernels)):
        if index not in shared:
            units += global_units(chip, kernels[index], types[index], index)
    found: dict[int, dict[int, tuple[str, str]]] = {index: {} for index in range(len(kernels))}
    for unit in units:
        library = str(_library(chip, unit, checked))
        for index, by_role in unit.entries.items():
            found[index].update({role: (library, entry) for role, entry in by_role.items()})
    return [CompiledKernel(found[index]) for index in range(len(kernels))]


def _library(chip: str, unit: Unit, checked: bool) -> Path:
    contents = [part for name, path in unit.includes for part in (name, str(path), path.read_bytes())]
    costs = str(chip_description(chip).instructions) if checked else ""
    key = content_key(kernel_api_key(), _recipe(), chip, costs, unit.text, *map(str, unit.folders), *contents)
    library = cache_root() / "kernels" / key[:2] / f"{key}.so"
    if not library.exists():
        library.parent.mkdir(parents=True, exist_ok=True)
        _compile(chip, unit, library, checked)
    return library


def _compile(chip: str, unit: Unit, library: Path, checked: bool) -> None:
    cxx = compiler()
    header = kernel_header(chip, checked)
    work = Path(tempfile.mkdtemp(prefix="kernel-", dir=library.parent))
    try:
        source = work / UNIT
        source.write_text(unit.text, encoding="utf-8")
        includes = [flag for folder in unit.folders for flag in ("-I", str(folder))]
        precompiled = header.with_suffix(".h.pch")
        prelude = ["-include-pch", str(precompiled)] if cxx.family == "clang" else ["-include", str(header)]
        flags = [*kernel_flags(chip, checked), *include_flags()]
        output = work / ("kernels.s" if checked else "kernels.o")
        arguments = [*prelude, "-S" if checked else "-c", "-x", "c++", str(source), "-o", str(output)]
        result = cxx.run([*flags, *includes, *arguments])
        if result.returncode and CRASH in result.stderr:
            beside = write_overlay(unit.includes, work / "overlay")
            overlay = [flag for folder in beside for flag in ("-I", str(folder))]
            result = cxx.run([*flags, "-I", str(work / "overlay"), *includes, *overlay, *arguments])
        if result.returncode == 0 and checked:
            result = _assemble(cxx, chip, unit.files, output, work / "kernels.o")
        if result.returncode == 0:
            linker = shutil.which("ld") if cxx.family == "gcc" else None
            link = [linker, "-shared"] if linker else [*cxx.command, "-shared", "-nostdlib"]
            if checked:
                link += [f"{'' if linker else '-Wl,'}--wrap={name}" for name in WRAPPED]
            result = _run([*link, "-o", str(work / "kernels.so"), str(work / "kernels.o")])
        if result.returncode:
            log = result.stderr.replace(f"{work}/", "")
            raise KernelCompileError(f"kernel C++ does not compile ({', '.join(unit.names)})", log.strip())
        os.replace(work / "kernels.so", library)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _assemble(
    cxx: Compiler, chip: str, files: Sequence[str], text: Path, target: Path
) -> subprocess.CompletedProcess[str]:
    """Assembles a unit whose blocks add what they cost."""
    assembly = text.read_text(encoding="utf-8")
    costs = chip_description(chip).instructions
    around = (str(text.with_name(UNIT)), END_OF_KERNEL)
    # A precompiled header may name the folder of another installation with the same contents.
    counting = instruction_costs.with_costs(
        assembly, costs, files, lambda path: path in around or API_FOLDER in path, os.uname().machine
    )
    text.write_text(counting, encoding="utf-8")
    return cxx.run(["-c", str(text), "-o", str(target)])


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)
