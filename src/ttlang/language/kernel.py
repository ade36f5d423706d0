# SPDX-License-Identifier: Apache-2.0
"""Kernels and threads: the decorators, and what calling a kernel does."""

import functools
import inspect
import linecache
from collections.abc import Callable, Sequence
from itertools import product
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np

from ttlang.diagnostics import CompileError, Note, SourceLocation, TTLangError, show_without_compiler_frames
from ttlang.hardware import Chip, UnknownChipError, chip, chip_names

from .data import SUPPORTED, Layout
from .distributed import DistributedTensor
from .pipes import core_range
from .scope import (
    CoreRange,
    KernelConfig,
    KernelScope,
    Thread,
    current_or_none,
    current_scope,
    entered,
    misuse,
)
from .symbols import SymbolicInt
from .tensors import CONSTANTS, TensorParameter, TensorSpec, plain_layout, spec_of

if TYPE_CHECKING:
    from ttlang.runtime import CompiledKernel, RunReport

FIDELITIES = ("LoFi", "HiFi2", "HiFi3", "HiFi4")
METAL_VERSIONS = ("0.81", "0.69")
MODES = ("multi_threaded", "single_threaded")
_KIND_NAMES = {"compute": "compute", "datamovement": "data-movement"}
RUN_OPTIONS = ("time", "max_cycles", "backend", "schedule")
_NOT_PLAIN = inspect.CO_COROUTINE | inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR


def function_location(function: Callable[..., Any]) -> SourceLocation:
    """The line of `def`, past the decorators."""
    code = inspect.unwrap(function).__code__
    file, line = code.co_filename, code.co_firstlineno
    for candidate in range(line, line + 64):  # decorators of a sane length
        text = linecache.getline(file, candidate)
        if text.lstrip().startswith(("def ", "async def ")):
            return SourceLocation(
                file,
                candidate,
                len(text) - len(text.lstrip()) + 1,
                text.index("def") + 3 - (len(text) - len(text.lstrip())),
            )
        if not text or code.co_name == "<lambda>":
            break
    return SourceLocation(file, line, 1)


class Kernel:
    """A kernel function. Calling it compiles it for the types of the arguments (cached) and runs it.

    Arguments are NumPy arrays, torch tensors or `ttl.Tensor`; outputs are written in place. Plain integers, floats,
    bools and strings are compile-time constants.
    """

    def __init__(
        self,
        function: FunctionType,
        grid: Any,
        arch: str | None,
        config: dict[str, Any],
        mode: str = "multi_threaded",
    ):
        self.function = function
        self.mode = mode
        self.grid = grid
        self.arch = arch
        self._config = config
        self._parameters = tuple(inspect.signature(function).parameters.values())
        functools.update_wrapper(self, function)

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def plain_layout(self) -> Layout:
        """The layout of arguments that are arrays without one of their own."""
        return plain_layout(self._config["tiled"])

    def __call__(self, *arguments: Any, **options: Any) -> "RunReport":
        """Compile for these arguments and run; options are those of `CompiledKernel.run`.

        Raises CompileError before anything runs, SimulatorError when the run fails.
        """
        if unknown := [name for name in options if name not in RUN_OPTIONS]:
            raise misuse(
                f"kernel '{self.name}' has no option '{unknown[0]}'",
                hint=f"arguments are passed by position; options of a call are {', '.join(RUN_OPTIONS)}",
                notes=[self._defined],
            )
        return self.compile(*arguments, backend=options.pop("backend", None)).run(*arguments, **options)

    def compile(self, *arguments: Any, backend: str | None = None) -> "CompiledKernel":
        """Compile for arguments of these types; their values do not matter.

        `backend`: what runs the kernel: "simulator", "ttnn" (hardware), or "direct", which compiles without the TTKernel
        stage and runs on the simulator; by default ttnn for ttnn tensors and the simulator for arrays.
        """
        from ttlang.runtime import compile_kernel

        return compile_kernel(self, arguments, backend)

    def trace(self, arguments: Sequence[Any]) -> KernelScope:
        """Run the kernel body for arguments of these types and return what it made."""
        arguments = [value.item() if isinstance(value, np.generic) else value for value in arguments]
        specs = self._bind(arguments)
        target = self._target()
        scope = KernelScope(
            name=self.name,
            location=function_location(self.function),
            chip=target,
            grid=self._resolve_grid(arguments, target),
            config=KernelConfig(arch=target.name, **self._config),
            tensors=[s for s in specs if isinstance(s, TensorParameter)],
        )
        if self.mode == "single_threaded":
            scope.threads.append(Thread(self.function, self.mode, scope.location, tuple(specs)))
            return scope
        with entered(scope):
            result = self._called(self._with_granularity(), *specs)
        if result is not None:
            raise CompileError(
                f"kernel '{self.name}' returns a value; kernels return nothing",
                scope.location,
                hint="pass the output as an argument; it is written in place",
            )
        self._check_threads(scope)
        return scope

    def _with_granularity(self) -> FunctionType:
        """The function, with the name `granularity` bound where it uses it and does not bind it itself."""
        function, value = self.function, self._config["granularity"]
        if (
            value is None
            or "granularity" in function.__globals__
            or not _uses(function.__code__, "granularity")
        ):
            return function
        names = {**function.__globals__, "granularity": value}
        copied = FunctionType(
            function.__code__, names, function.__name__, function.__defaults__, function.__closure__
        )
        copied.__kwdefaults__ = function.__kwdefaults__
        return copied

    @staticmethod
    def _called(function: Callable[..., Any], *arguments: Any) -> Any:
        """Run a function of the user; what it raises is the user's own, shown without our frames."""
        try:
            return function(*arguments)
        except TTLangError:
            raise
        except Exception as error:
            show_without_compiler_frames(error)
            raise

    @property
    def _defined(self) -> Note:
        return Note(f"'{self.name}' is defined", function_location(self.function))

    def _bind(self, arguments: Sequence[Any]) -> list[Any]:
        if current_or_none() is not None:
            raise misuse(
                f"kernel '{self.name}' is called inside of a kernel", hint="call kernels from plain Python"
            )
        wanted = self._parameters
        if len(arguments) != len(wanted):
            names = ", ".join(p.name for p in wanted)
            raise misuse(
                f"kernel '{self.name}' takes {len(wanted)} arguments ({names}), got {len(arguments)}",
                notes=[self._defined],
            )
        bound: list[Any] = []
        tensors = 0
        for parameter, value in zip(wanted, arguments, strict=True):
            if isinstance(value, CONSTANTS):
                bound.append(value)
                continue
            spec = self._spec(parameter.name, value)
            partition = value.partition if isinstance(value, DistributedTensor) else None
            bound.append(TensorParameter(parameter.name, tensors, spec, partition))
            tensors += 1
        return bound

    def _spec(self, name: str, value: Any) -> TensorSpec:
        what = f"argument '{name}' of kernel '{self.name}'"
        try:
            spec = spec_of(value, self.plain_layout)
        except TypeError as error:
            raise misuse(
                f"{what}: {error}",
                hint="convert the array, for example with array.astype(np.float32)",
                notes=[self._defined],
            ) from None
        except ValueError as error:
            raise misuse(f"{what}: {error}", notes=[self._defined]) from None
        if spec is None:
            raise misuse(
                f"{what} is a {type(value).__name__}",
                hint=f"pass a NumPy array, a torch tensor or ttl.tensor(...), of {SUPPORTED}",
                notes=[self._defined],
            )
        return spec

    def _target(self) -> Chip:
        from ttlang.runtime.settings import default_chip

        name = self.arch or default_chip()
        try:
            return chip(name)
        except UnknownChipError:
            raise CompileError(
                f"chip '{name}' is not known; there are {', '.join(chip_names())}",
                function_location(self.function),
            ) from None

    def _resolve_grid(self, arguments: Sequence[Any], target: Chip) -> tuple[int, ...]:
        here = function_location(self.function)
        grid = self._called(self.grid, *arguments) if callable(self.grid) else self.grid
        if isinstance(grid, str) and grid in ("auto", "full"):
            return tuple(target.grid)
        if isinstance(grid, int) and not isinstance(grid, bool):
            grid = (grid,)
        if (
            not isinstance(grid, tuple | list)
            or not 1 <= len(grid) <= 3
            or not all(isinstance(s, int) and not isinstance(s, bool) and s >= 1 for s in grid)
        ):
            raise CompileError(
                f"grid must be a tuple of one to three integers of at least 1, 'auto' or 'full', got {grid!r}",
                here,
            )
        cores = functools.reduce(lambda a, b: a * b, grid, 1)
        columns, rows = target.grid
        fits = len(grid) == 2 and grid[0] <= columns and grid[1] <= rows
        if not fits and (len(grid) == 2 or cores > columns * rows):
            raise CompileError(
                f"grid {tuple(grid)} does not fit {target.name}: it has {columns} columns and {rows} rows of cores",
                here,
            )
        return tuple(grid)

    def _check_threads(self, scope: KernelScope) -> None:
        threads = scope.program_threads
        if scope.uncalled is not None:
            raise CompileError(
                f"the ttl.Program of kernel '{self.name}' is not called",
                scope.location,
                hint="call it with the tensors: ttl.Program(compute, read, write)(a, b, out)",
            )
        for thread in threads:
            if not thread.arguments and inspect.signature(thread.function).parameters:
                raise CompileError(
                    f"thread '{thread.name}' takes parameters",
                    thread.location,
                    hint="threads capture tensors and buffers from the kernel around them; ttl.Program(...)(a, b, out) passes"
                    " circular buffers",
                )
        if not threads:
            raise CompileError(
                f"kernel '{self.name}' has no threads",
                scope.location,
                hint="define functions in it, decorated with @ttl.compute() and @ttl.datamovement()",
            )
        for kind, limit in (("compute", 1), ("datamovement", 2)):
            self._check_count([t for t in threads if t.kind == kind], kind, limit, scope.grid)

    def _check_count(self, threads: Sequence[Thread], kind: str, limit: int, grid: tuple[int, ...]) -> None:
        """A core runs so many threads of a kind."""
        plural = "s" if limit > 1 else ""
        for core in product(*(range(size) for size in grid)):
            found = [t for t in threads if t.runs_on(core)]
            if len(found) <= limit:
                continue
            names = ", ".join(t.name for t in found)
            if all(t.cores is None for t in found):
                raise CompileError(
                    f"a kernel has at most {limit} {_KIND_NAMES[kind]} thread{plural},"
                    f" '{self.name}' has {len(found)}: {names}",
                    found[limit].location,
                )
            raise CompileError(
                f"a core runs at most {limit} {_KIND_NAMES[kind]} thread{plural}, core"
                f" {core if len(core) > 1 else core[0]} of '{self.name}' has {len(found)}: {names}",
                found[limit].location,
                [Note(f"'{t.name}' runs on {t.where}", t.location) for t in found[:limit]],
                "give the threads of a kind ranges of cores that do not meet: cores=...",
            )

    def __repr__(self) -> str:
        return f"<ttl.kernel {self.name}({', '.join(p.name for p in self._parameters)})>"


def _uses(code: CodeType, name: str) -> bool:
    """Whether a function, or one inside it, reads a global name."""
    inner = (c for c in code.co_consts if isinstance(c, CodeType))
    return name in code.co_names or any(_uses(c, name) for c in inner)


def kernel(
    grid: Any = "auto",
    memory_space: str = "L1",
    tiled: bool = True,
    granularity: int | None = None,
    mode: str = "multi_threaded",
    arch: str | None = None,
    fp32_dest_acc: bool | None = None,
    dst_full_sync: bool | None = None,
    math_fidelity: str = "HiFi4",
    options: str = "",
    *,
    metal_version: str = "0.81",
) -> Callable[[Callable[..., Any]], Kernel]:
    """Make a kernel of a function of tensors.

    `grid`: sizes of the grid of cores (x first), "auto" or "full" (all cores of the chip), or a function of the
    arguments that returns one. `tiled`: whether arrays without a layout of their own are tiled, and circular buffers.
    `granularity`: default block height of circular buffers, in tiles; the name `granularity` has its value in the function.
    `arch`: the chip,
    by default the one of `ttl run --chip` or Wormhole. `mode="single_threaded"`: the function stores expressions of slices and has
    no threads; the compiler makes them. `fp32_dest_acc`: 32-bit destination registers, by default
    where a data type needs them. Raises CompileError for a setting that does not exist.
    """

    def require(condition: bool, message: str) -> None:
        if not condition:
            raise misuse(message)

    require(
        isinstance(grid, int | str | tuple | list) or callable(grid),
        f"grid must be a tuple, 'auto', 'full' or a function of the arguments, got {grid!r}",
    )
    require(mode in MODES, f"mode must be one of {', '.join(MODES)}, got {mode!r}")
    require(
        memory_space == "L1",
        f"memory_space must be 'L1', where circular buffers lie, got {memory_space!r}",
    )
    require(
        math_fidelity in FIDELITIES,
        f"math_fidelity must be one of {', '.join(FIDELITIES)}, got {math_fidelity!r}",
    )
    require(
        metal_version in METAL_VERSIONS,
        f"metal_version must be one of {', '.join(METAL_VERSIONS)}, got {metal_version!r}",
    )
    require(not options, f"options {options!r} are not known; there are none in this version")
    require(
        granularity is None
        or (isinstance(granularity, int) and granularity is not True and granularity >= 1),
        f"granularity must be an integer of at least 1, got {granularity!r}",
    )
    require(arch is None or isinstance(arch, str), f"arch must be the name of a chip, got {arch!r}")
    for name, value in (("tiled", tiled), ("fp32_dest_acc", fp32_dest_acc), ("dst_full_sync", dst_full_sync)):
        require(
            isinstance(value, bool) or (value is None and name != "tiled"),
            f"{name} must be a bool, got {value!r}",
        )

    def decorate(*decorated: Callable[..., Any]) -> Kernel:
        if len(decorated) != 1 or (
            isinstance(grid, FunctionType) and not isinstance(decorated[0], FunctionType)
        ):
            raise misuse("@ttl.kernel needs parentheses: @ttl.kernel(grid=...)")
        function = decorated[0]
        if not isinstance(function, FunctionType):
            raise misuse(f"@ttl.kernel decorates a function, got {type(function).__name__}")
        for parameter in inspect.signature(function).parameters.values():
            if parameter.kind not in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
                raise CompileError(
                    f"kernel '{function.__name__}' has the parameter '{parameter}'; arguments of kernels are passed by"
                    " position, one for each parameter",
                    function_location(function),
                )
        return Kernel(
            function,
            grid,
            arch,
            {
                "memory_space": memory_space,
                "tiled": tiled,
                "granularity": granularity,
                "fp32_dest_acc": fp32_dest_acc,
                "dst_full_sync": dst_full_sync,
                "math_fidelity": math_fidelity,
                "metal_version": metal_version,
            },
            mode,
        )

    return decorate


def _thread(kind: str, misplaced: tuple[Any, ...], cores: Any) -> Callable[[Callable[..., Any]], Thread]:
    if misplaced:
        raise misuse(f"@ttl.{kind} needs parentheses: @ttl.{kind}()")
    scope = current_scope(f"@ttl.{kind}()")
    placed = _cores_of_thread(cores, scope.grid)

    def decorate(function: Callable[..., Any]) -> Thread:
        if not isinstance(function, FunctionType):
            raise misuse(f"@ttl.{kind}() decorates a function, got {type(function).__name__}")
        location = function_location(function)
        if function.__name__ == "<lambda>" or function.__code__.co_flags & _NOT_PLAIN:
            raise CompileError("a thread is a plain function, made with 'def'", location)
        thread = Thread(function, kind, location, cores=placed)
        scope.threads.append(thread)
        return thread

    return decorate


def _cores_of_thread(cores: Any, grid: tuple[int, ...]) -> CoreRange | None:
    """First and last core; None for the whole grid."""
    if cores is None:
        return None
    what = "the range of cores of a thread"
    if _is_symbolic(cores):
        raise misuse(f"{what} depends on the core", hint="give constants: cores=(slice(0, 4), slice(0, 8))")
    first, last, _ = core_range(cores, grid, what)
    return None if (*first, *last) == (*(0 for _ in grid), *(size - 1 for size in grid)) else (first, last)


def _is_symbolic(value: Any) -> bool:
    match value:
        case tuple() | list():
            return any(map(_is_symbolic, value))
        case slice():
            return _is_symbolic((value.start, value.stop, value.step))
    return isinstance(value, SymbolicInt)


def compute(*misplaced: Any, cores: Any = None) -> Callable[[Callable[..., Any]], Thread]:
    """Decorator: the compute thread of a kernel, on all cores of its grid or on those of the range `cores`.

    `cores` is written as the destination of a pipe is: coordinates and slices, x first, or the first and the last core.
    At most one compute thread a core.
    """
    return _thread("compute", misplaced, cores)


def datamovement(*misplaced: Any, cores: Any = None) -> Callable[[Callable[..., Any]], Thread]:
    """Decorator: a data-movement thread of a kernel, on all cores of its grid or on those of the range `cores`.

    At most two a core; the first reads on NoC 0.
    """
    return _thread("datamovement", misplaced, cores)
