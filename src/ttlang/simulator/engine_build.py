# SPDX-License-Identifier: Apache-2.0
"""Builds the engine on first use: the shared library, the include tree of the kernel API, a precompiled header a chip."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from ttlang.simulator.errors import ToolchainError
from ttlang.simulator.toolchain import Compiler, cache_root, compiler, content_key, cpu_identity, file_lock

NATIVE = Path(__file__).parent / "native"
SOURCE_FOLDERS = ("engine", "numerics", "include")
ENGINE_FLAGS = (
    "-std=c++17", "-O3", "-march=native", "-fPIC", "-fno-exceptions", "-fno-rtti", "-ffp-contract=off",
    "-Wno-invalid-offsetof", "-w",
)  # fmt: skip
# Calls within the engine go straight to their functions, where the linker knows how.
LINK_FLAGS = {
    "gcc": ("-shared", "-Wl,-Bsymbolic-functions"),
    "clang": ("-shared", "-Wl,-Bsymbolic-functions"),
    "zig": ("-shared",),
}
KERNEL_FLAGS = (
    "-std=gnu++20", "-O1", "-fPIC", "-fpermissive", "-w", "-fno-exceptions", "-fno-rtti", "-fno-strict-aliasing",
    "-fno-asynchronous-unwind-tables", "-fno-stack-protector", "-fvisibility=hidden", "-g1",
)  # fmt: skip
WRAPPED = ("memcpy", "memmove", "memset")
# The compilers' thread instrumentation without its runtime: the engine supplies the functions that it calls. A call at the
# start of each basic block becomes an addition (instruction_costs.py).
CLANG_CHECKS = (
    "-fsanitize=thread", "-mllvm", "-tsan-instrument-func-entry-exit=0", "-fsanitize-coverage=bb,trace-pc,no-prune",
)  # fmt: skip
CHECK_FLAGS = {
    "gcc": (
        "-fsanitize=thread", "--param", "tsan-instrument-func-entry-exit=0",
        *(f"-fno-builtin-{name}" for name in WRAPPED),  # copies stay calls
        "-fsanitize-coverage=trace-pc",
    ),
    "clang": CLANG_CHECKS,
    "zig": CLANG_CHECKS,
}  # fmt: skip
# Clang would refuse a precompiled header once a file of the same contents is written anew.
PRECOMPILE_FLAGS = {"gcc": (), "clang": ("-Xclang", "-fno-pch-timestamp"), "zig": ()}
CHIP_MACROS = {"wormhole_b0": "-DARCH_WORMHOLE", "blackhole": "-DARCH_BLACKHOLE"}
FORWARDERS = NATIVE / "include" / "forwarders.txt"


def _sources() -> list[Path]:
    files = [path for folder in SOURCE_FOLDERS for path in (NATIVE / folder).rglob("*") if path.is_file()]
    return sorted(path for path in files if path.suffix in {".cpp", ".h", ".def", ".inc", ".txt"})


@cache
def kernel_api_key() -> str:
    """Name of the cache entry of what kernels see: decided by the headers, the compiler, its flags and the processor."""
    family = compiler().family
    flags = [*KERNEL_FLAGS, *CHECK_FLAGS[family], *PRECOMPILE_FLAGS[family], *WRAPPED]
    read_by_kernels = (path for path in _sources() if _is_api(path) or path.suffix == ".def")
    return content_key(compiler().identity, cpu_identity(), *flags, *_contents(read_by_kernels))


@cache
def library_key() -> str:
    """Name of the engine library's cache entry: decided by its sources, the compiler, its flags and the processor."""
    read_by_engine = (path for path in _sources() if not _is_api(path) or path.name == "abi.h")
    return content_key(
        compiler().identity,
        cpu_identity(),
        *ENGINE_FLAGS,
        *LINK_FLAGS[compiler().family],
        *_contents(read_by_engine),
    )


def _is_api(path: Path) -> bool:
    """Whether a source belongs to the headers that kernels are compiled with."""
    return path.relative_to(NATIVE).parts[0] == "include"


def _contents(paths: Iterable[Path]) -> Iterator[str | bytes]:
    for path in paths:
        yield str(path.relative_to(NATIVE))
        yield path.read_bytes()


@cache
def engine_library() -> Path:
    """The built engine; builds it if it is not there."""
    library = cache_root() / "engine" / f"{library_key()}.so"
    if not library.exists():
        with file_lock(library.with_suffix(".lock")):
            if not library.exists():
                work = Path(tempfile.mkdtemp(prefix="build-", dir=library.parent))
                try:
                    _compile_library(compiler(), work)
                    os.replace(work / "engine.so", library)
                finally:
                    shutil.rmtree(work, ignore_errors=True)
    return library


@cache
def engine_folder() -> Path:
    """The folder of what kernels are compiled against; makes it if it is not there."""
    folder = cache_root() / "engine" / kernel_api_key()
    if not (folder / "complete").exists():
        with file_lock(folder.with_suffix(".lock")):
            if not (folder / "complete").exists():
                _build(folder)
    return folder


def kernel_flags(chip: str, checked: bool) -> tuple[str, ...]:
    """Flags of a kernel's compilation; those of a run with checks or with time also report its loads and stores."""
    return (*KERNEL_FLAGS, CHIP_MACROS[chip], *(CHECK_FLAGS[compiler().family] if checked else ()))


def kernel_header(chip: str, checked: bool = False) -> Path:
    """The header that kernels are compiled with, beside its precompiled form."""
    header = engine_folder() / chip / ("checked" if checked else "plain") / "kernel_api.h"
    precompiled = header.with_suffix(".h.gch" if compiler().family == "gcc" else ".h.pch")
    if compiler().family != "zig" and not precompiled.exists():
        with file_lock(engine_folder() / f"{chip}-{header.parent.name}.lock"):
            if not precompiled.exists():
                _precompile(compiler(), kernel_flags(chip, checked), header, precompiled)
    return header


def include_flags() -> tuple[str, ...]:
    """Where kernels find the API: the real paths, generated, and what they lead to."""
    return ("-I", str(engine_folder() / "include"), "-I", str(NATIVE / "include"), "-I", str(NATIVE))


@cache
def api_paths() -> frozenset[str]:
    """Every include path that the simulator serves."""
    lines = FORWARDERS.read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def _build(folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="build-", dir=folder.parent))
    try:
        _write_forwarders(work / "include")
        for chip in CHIP_MACROS:
            for variant in ("plain", "checked"):
                (work / chip / variant).mkdir(parents=True)
                (work / chip / variant / "kernel_api.h").write_text(
                    '#include "ttsim/kernel.h"\n', encoding="utf-8"
                )
        (work / "complete").touch()
        if folder.exists():  # an entry that was never completed
            shutil.rmtree(folder)
        os.replace(work, folder)
    finally:
        if work.exists():
            shutil.rmtree(work, ignore_errors=True)


def _compile_library(cxx: Compiler, work: Path) -> None:
    sources = [path for path in _sources() if path.suffix == ".cpp"]
    objects = [work / f"{path.parent.name}_{path.stem}.o" for path in sources]

    def compile_one(index: int) -> str:
        arguments = [
            *ENGINE_FLAGS,
            "-I",
            str(NATIVE),
            "-I",
            str(NATIVE / "include"),
            "-c",
            str(sources[index]),
        ]
        result = cxx.run([*arguments, "-o", str(objects[index])])
        return result.stderr if result.returncode else ""

    with _progress(len(sources) + 1) as advance, ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for log in pool.map(compile_one, range(len(sources))):
            if log:
                raise ToolchainError(f"the simulator's engine does not compile:\n{log}")
            advance()
        library = work / "engine.so"
        result = cxx.run(
            [*LINK_FLAGS[cxx.family], "-o", str(library), *map(str, objects), "-ldl", "-lrt", "-lm"]
        )
        if result.returncode:
            raise ToolchainError(f"the simulator's engine does not link:\n{result.stderr}")
        advance()
    for path in objects:
        path.unlink()


def _write_forwarders(folder: Path) -> None:
    for path in api_paths():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        extra = '#include "ttsim/reduce_defaults.inc"\n' if path.endswith("/reduce.h") else ""
        target.write_text(f'#include "ttsim/kernel.h"\n{extra}', encoding="utf-8")


def _precompile(cxx: Compiler, flags: tuple[str, ...], header: Path, precompiled: Path) -> None:
    partial = precompiled.with_name(f"{precompiled.name}.{os.getpid()}")
    # Clang's form names its source, which must stay where it is when the cache moves.
    source = NATIVE / "include/ttsim/kernel.h" if cxx.family == "clang" else header
    arguments = [
        *flags,
        *PRECOMPILE_FLAGS[cxx.family],
        *include_flags(),
        "-x",
        "c++-header",
        str(source),
        "-o",
        str(partial),
    ]
    result = cxx.run(arguments)
    if result.returncode:
        raise ToolchainError(f"the kernel API headers do not compile:\n{result.stderr}")
    os.replace(partial, precompiled)


@contextmanager
def _progress(steps: int) -> Iterator[Callable[[], None]]:
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Building the simulator (once)", total=steps)
        yield lambda: progress.advance(task)
