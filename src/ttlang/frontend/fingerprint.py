# SPDX-License-Identifier: Apache-2.0
"""A hash of everything that decides what a traced kernel compiles to.

It covers what the threads capture: source text and positions of functions, and the values of the names they use,
followed through closures, modules and containers. No IR library is needed for it, so a cached kernel starts fast.
"""

import hashlib
import os
import sys
import types
from collections.abc import Iterable
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ttlang.language.resources import CircularBuffer
from ttlang.language.scope import KernelScope, Thread
from ttlang.language.symbols import SymbolicInt
from ttlang.language.tensors import TensorAccessor, TensorParameter

from .source import function_source


@cache
def compiler_hash() -> str:
    """A hash of the compiler itself: another version, or an edit of it, makes other code."""
    root = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256(sys.version.encode())
    for line in sorted(_source_files(str(root))):
        digest.update(line.encode())
    return digest.hexdigest()


def _source_files(folder: str) -> Iterable[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                if entry.name not in ("simulator", "__pycache__"):
                    yield from _source_files(entry.path)
            elif entry.name.endswith((".py", ".toml", ".csv", ".fbs")):
                stat = entry.stat()
                yield f"{entry.path}:{stat.st_size}:{stat.st_mtime_ns}\n"


class Unstable(Exception):
    """A captured value has no stable description, so the kernel cannot be cached."""


class _Fingerprint:
    """Feeds a hash with what threads capture; modules are followed along the names that any of the functions uses."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self._functions: dict[types.FunctionType, int] = {}
        self._objects: dict[int, Any] = {}
        self._modules: dict[types.ModuleType, None] = {}
        self._names: dict[str, None] = {}

    def add(self, *parts: object) -> None:
        self.digest.update(("\x1f".join(map(str, parts)) + "\n").encode())

    def value(self, value: Any) -> None:
        match value:
            case None | bool() | int() | float() | str() | bytes() | complex() if not isinstance(value, Enum):
                self.add(type(value).__name__, repr(value))
            case Enum():
                self.add("enum", type(value).__module__, type(value).__qualname__, value.name, value.value)
            case SymbolicInt():
                self.add("symbol", value.op)
                for argument in value.arguments:
                    self.value(argument)
            case CircularBuffer():
                self.add("buffer", value.index)
            case TensorParameter():
                self.add("tensor", value.index)
            case TensorAccessor():
                self.add("tensor", value.tensor.index)
            case Thread():
                self.add("thread", value.name)
            case np.generic() | np.dtype():
                self.add("scalar", getattr(value, "dtype", ""), repr(value))
            case np.ndarray() if not value.dtype.hasobject:
                self.add("array", value.dtype, value.shape, hashlib.sha256(value.tobytes()).hexdigest())
            case types.FunctionType():
                self.function(value)
            case types.ModuleType():
                self.add("module", value.__name__)
                if not _is_fixed(value):
                    self._modules.setdefault(value)
            case types.BuiltinFunctionType():
                self.add("builtin", value.__module__, value.__qualname__)
            case _:
                self._object(value)

    def _object(self, value: Any) -> None:
        """Containers, classes and objects: each once, by what they hold."""
        if id(value) in self._objects:
            self.add("seen", list(self._objects).index(id(value)))
            return
        self._objects[id(value)] = value
        kind = type(value)
        match value:
            case tuple() | list() | range():
                self.add("sequence", kind.__module__, kind.__qualname__, len(value))
                self.values(value)
            case slice():
                self.add("slice")
                self.values((value.start, value.stop, value.step))
            case dict():
                self.add("dict", len(value))
                self.values(item for pair in value.items() for item in pair)
            case set() | frozenset():
                self.add("set", len(value))
                self.values(sorted(value, key=repr))
            case type():
                self.add("class", value.__module__, value.__qualname__)
                if not _is_fixed(sys.modules.get(value.__module__)):
                    self._attributes({k: v for c in reversed(value.__mro__[:-1]) for k, v in vars(c).items()})
            case _ if kind.__module__.partition(".")[0] == "ttlang":
                self.add("object", _description(value))
            case _ if _is_fixed(sys.modules.get(kind.__module__)):
                raise Unstable(kind.__name__)
            case _:
                self.add("object", kind.__qualname__)
                self.value(kind)
                slots = [s for c in kind.__mro__ for s in getattr(c, "__slots__", ())]
                held = {name: getattr(value, name) for name in slots if hasattr(value, name)}
                self._attributes({**held, **getattr(value, "__dict__", {})})

    def _attributes(self, attributes: dict[str, Any]) -> None:
        for name, item in attributes.items():
            if name.startswith("__") and name.endswith("__"):
                continue
            self.add("attribute", name)
            match item:
                case property():
                    self.values(f for f in (item.fget,) if f is not None)
                case staticmethod() | classmethod():
                    self.value(item.__func__)
                case types.MemberDescriptorType() | types.GetSetDescriptorType():
                    continue
                case _:
                    self.value(item)

    def values(self, values: Iterable[Any]) -> None:
        for value in values:
            self.value(value)

    def function(self, function: types.FunctionType) -> None:
        """Source, position, and what the free names mean."""
        if function in self._functions:
            self.add("function", self._functions[function])
            return
        self._functions[function] = len(self._functions)
        if (function.__module__ or "").partition(".")[0] == "ttlang":
            self.add("ttlang", function.__qualname__)
            return
        code = function.__code__
        self.add("function", code.co_filename, code.co_firstlineno, function_source(function).text())
        self.value(function.__defaults__)
        self.value(function.__kwdefaults__)
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            try:
                self.add("free", name)
                self.value(cell.cell_contents)
            except ValueError:
                self.add("unbound", name)
        for name in _global_names(code):
            self._names.setdefault(name)
            if name in function.__globals__:
                self.add("global", name)
                self.value(function.__globals__[name])

    def finish(self) -> str:
        """Follow the modules, which may lead to more functions and modules, and return the hash."""
        done: set[tuple[types.ModuleType, str]] = set()
        while missing := [(m, n) for m in self._modules for n in self._names if (m, n) not in done]:
            for module, name in missing:
                done.add((module, name))
                if name in vars(module):
                    self.add("of module", module.__name__, name)
                    self.value(vars(module)[name])
        return self.digest.hexdigest()[:32]


_FIXED = ("ttlang", "numpy", "ml_dtypes", "torch", "builtins")


def _is_fixed(module: types.ModuleType | None) -> bool:
    """Modules whose content does not change from run to run: the standard library and what numbers come from."""
    if module is None:
        return False
    top = module.__name__.partition(".")[0]
    if top in _FIXED:
        return True
    file = getattr(module, "__file__", None)
    return top in sys.stdlib_module_names and (
        file is None or Path(file).is_relative_to(Path(os.__file__).parent)
    )


def _description(value: Any) -> str:
    if "__repr__" not in {name for kind in type(value).__mro__[:-1] for name in vars(kind)}:
        raise Unstable(type(value).__name__)
    return repr(value)


def _global_names(code: types.CodeType) -> tuple[str, ...]:
    """Names of modules and attributes that a function uses, those of the functions inside it included."""
    names = dict.fromkeys(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names.update(dict.fromkeys(_global_names(constant)))
    return tuple(names)


def fingerprint(scope: KernelScope) -> str | None:
    """The hash of a traced kernel, or None when it captures something that has no stable description."""
    result = _Fingerprint()
    result.add(compiler_hash(), scope.name, scope.location, scope.grid, scope.config)
    if scope.schedule is not None:
        result.add("schedule", scope.schedule.text())
    for tensor in scope.tensors:
        result.add("tensor", tensor.name, tensor.spec, tensor.partition)
    for buffer in scope.buffers:
        result.add("buffer", buffer, buffer.tiled, buffer.location)
    try:
        for resource in (*scope.semaphores, *scope.nets):
            result.add("resource", _description(resource))
        for thread in scope.program_threads:
            result.add(thread.kind, thread.cores)
            result.function(thread.function)
            result.values(thread.arguments)
        return result.finish()
    except (Unstable, RecursionError):
        return None
