# SPDX-License-Identifier: Apache-2.0
"""The stages of the compiler, top to bottom."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from ttlang.codegen.cpp_printer import print_cpp
from ttlang.codegen.host_program import HostProgram, drop_programs, read_host_program, take_host_module
from ttlang.codegen.ir_text import ir_text
from ttlang.codegen.line_map import CppKernel
from ttlang.diagnostics import TTLangError
from ttlang.dialects import context
from ttlang.dialects.fast_verification import verify
from ttlang.environment import is_on
from ttlang.transforms import COMPOSITES, PASSES, load_pass

if TYPE_CHECKING:
    from ttlang.schedule.steps import Plan

ANALYSIS = (
    "ttcore-register-device",
    "ttl-lower-distribution",
    "ttl-validate",
    "ttl-canonicalize",
    "ttl-verify-layouts",
    "ttl-insert-synchronization",
    "ttl-legalize-compute",
    "ttl-infer-dst-requirements",
    "ttl-bufferize",
    "ttl-allocate-circular-buffers",
    "ttl-expand-threads",
    "ttl-assign-dst-registers",
)
"""TTL on tensors to TTL functions on buffers, with registers and addresses. `ttl-legalize-compute` is ours besides the
plan's: it rewrites block arithmetic into the forms that the hardware has. `ttl-lower-distribution` is section 9.4's."""

HOST = ("ttl-to-ttmetal",)
"""Besides the TTL functions, the host's function that launches them."""

LOWERING = COMPOSITES["ttl-lower-to-ttkernel"]
"""TTL functions to TTKernel functions. The last two are ours besides the plan's: fewer init calls, folded addresses."""

EMISSION = ("convert-ttkernel-to-emitc",)
"""TTKernel to EmitC."""

DIRECT = COMPOSITES["ttl-lower-to-emitc"]
"""TTL functions to EmitC without TTKernel, in the place of `LOWERING` and `EMISSION` (section 9.2 of the plan)."""

TTL_TO_TTKERNEL = (
    "builtin.module(ttcore-register-device,ttl-validate,ttl-insert-synchronization,ttl-allocate-cbs,"
    "ttl-expand-threads,ttl-assign-dst-registers,ttl-lower-to-ttkernel)"
)
"""The pipeline of section 7.3 of the plan as `ttl-opt -p` takes it: `ANALYSIS` and `LOWERING`, but for the place of
`ttl-canonicalize` and `ttl-verify-layouts`, which the plan's text does not name and `ttl-allocate-cbs` runs, and without
`ttl-lower-distribution`, which programs with the distributed tensors of section 9.4 go through before."""


_DUMPS = count(1)


@dataclass
class Observer:
    """What a user asked to see of a compilation; by default as the environment says.

    `TTLANG_VERBOSE_PASSES=1` prints the IR after each pass to standard error; in `TTLANG_DUMP_DIR` each compilation
    makes a folder of its own, named by its number in the process and by the kernel, with the IR after each pass and
    the C++; `TTLANG_VERIFY_EACH=1` verifies after each pass, not only the stages that can be looked at.
    """

    name: str = "module"
    verbose: bool = field(default_factory=lambda: is_on("TTLANG_VERBOSE_PASSES"))
    verify_each: bool = field(default_factory=lambda: is_on("TTLANG_VERIFY_EACH"))
    dump_dir: str | None = field(default_factory=lambda: os.environ.get("TTLANG_DUMP_DIR") or None)
    seconds: dict[str, float] = field(default_factory=dict)
    _count: int = 0
    _folder: Path | None = None

    def ran(self, name: str, module: ModuleOp, seconds: float) -> None:
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds
        if self.verbose:
            print(f"// ----- after {name} -----\n{ir_text(module)}", file=sys.stderr)
        if self.dump_dir is not None:
            self._count += 1
            self.write(f"{self._count:02}_{name}.mlir", ir_text(module))

    def write(self, name: str, text: str) -> None:
        if self.dump_dir is None:
            return
        try:
            if self._folder is None:
                self._folder = Path(self.dump_dir) / f"{next(_DUMPS):02}_{self.name}"
                self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / name).write_text(text, encoding="utf-8")
        except OSError as error:
            raise TTLangError(
                f"error: the folder that TTLANG_DUMP_DIR names cannot be written to: {error}"
            ) from None

    def failed(self, name: str, module: ModuleOp, error: Exception) -> None:
        error.add_note(f"in the pass {name}")
        if self.verbose or self.dump_dir is not None:
            text = f"// the module when {name} failed\n{ir_text(module)}"
            if self.verbose:
                print(text, file=sys.stderr)
            self.write(f"failed_{name}.mlir", text)


@dataclass(frozen=True, slots=True)
class Compilation:
    """Everything that compiling a module yields; `ttkernel` is None when that stage was left out.

    `schedule` is the transform sequence that was applied, with the steps that were left out; None without one. `ttl` is the
    module after it.
    """

    schedule: str | None
    ttl: str
    ttmetal: str
    ttkernel: str | None
    emitc: str
    kernels: tuple[CppKernel, ...]
    host: HostProgram
    pass_seconds: dict[str, float]


_PASS_CACHE: dict[str, type[ModulePass]] = {}


def _pass(name: str) -> type[ModulePass]:
    if name not in _PASS_CACHE:
        _PASS_CACHE[name] = load_pass(PASSES[name])
    return _PASS_CACHE[name]


def run_passes(
    module: ModuleOp,
    names: Sequence[str],
    observer: Observer,
    ctx: Context | None = None,
    options: dict[str, dict[str, object]] | None = None,
) -> None:
    """Run passes by name; a failing one is named in the error and its input shown to the observer."""
    ctx = ctx or context()
    for name in names:
        instance = _pass(name)(**(options or {}).get(name, {}))
        start = time.process_time()
        try:
            instance.apply(ctx, module)
            if observer.verify_each:
                verify(module)
        except Exception as error:
            observer.failed(name, module, error)
            raise
        observer.ran(name, module, time.process_time() - start)


def _versioned(names: Sequence[str], metal_version: str) -> dict[str, dict[str, object]]:
    """Options for the passes that depend on the generation of the kernel API."""
    return {name: {"metal_version": metal_version} for name in names if hasattr(_pass(name), "metal_version")}


def _apply_schedule(ctx: Context, module: ModuleOp, plan: "Plan", observer: Observer) -> str:
    """Apply a schedule; returns its sequence, with the steps that were left out."""
    from ttlang.schedule.interpreter import PASS, apply_sequence, sequence_of

    start = time.process_time()
    sequence = sequence_of(ctx, plan)
    module.body.block.add_op(sequence)
    try:
        skipped = apply_sequence(ctx, module, sequence)
    except Exception as error:
        observer.failed(PASS, module, error)
        raise
    text = plan.text({step.number: step.reason for step in skipped})
    observer.write("00_schedule.mlir", text)
    observer.ran(PASS, module, time.process_time() - start)
    return text


def compile_module(
    module: ModuleOp,
    metal_version: str,
    observer: Observer | None = None,
    *,
    direct: bool = False,
    plan: "Plan | None" = None,
) -> Compilation:
    """Compile a TTL module to C++ kernels and what the host needs to launch them.

    `direct` takes TTL functions to EmitC without TTKernel: no op of that dialect is made. The calls are chosen from the
    same rows of the op table by the same lowering, so the C++ is the same byte for byte. `plan` is a schedule to apply
    first. Raises CompileError where the program is wrong, at its Python line.
    """
    observer = observer or Observer()
    ctx = context()

    def timed(name: str, step: Callable[[], None]) -> None:
        start = time.process_time()
        step()
        observer.seconds[name] = observer.seconds.get(name, 0.0) + time.process_time() - start

    timed("verify", lambda: verify(module))
    schedule = None
    if plan is not None:
        schedule = _apply_schedule(ctx, module, plan, observer)
        timed("verify", lambda: verify(module))
    ttl = ir_text(module)
    observer.write("00_ttl.mlir", ttl)
    run_passes(module, ANALYSIS, observer, ctx)
    run_passes(module, HOST, observer, ctx)
    host_module = take_host_module(module)
    timed("verify", lambda: verify(host_module))
    ttmetal = ir_text(host_module)
    ttkernel = None
    if direct:
        run_passes(module, DIRECT, observer, ctx, _versioned(DIRECT, metal_version))
        drop_programs(module)
    else:
        run_passes(module, LOWERING, observer, ctx)
        drop_programs(module)
        timed("verify", lambda: verify(module))
        ttkernel = ir_text(module)
        run_passes(module, EMISSION, observer, ctx, _versioned(EMISSION, metal_version))
    timed("verify", lambda: verify(module))
    emitc = ir_text(module)
    start = time.process_time()
    kernels = tuple(print_cpp(module, metal_version=metal_version))
    observer.seconds["print-cpp"] = time.process_time() - start
    for kernel in kernels:
        observer.write(f"{kernel.name}.cpp", kernel.source)
    return Compilation(
        schedule,
        ttl,
        ttmetal,
        ttkernel,
        emitc,
        kernels,
        read_host_program(host_module),
        dict(observer.seconds),
    )
