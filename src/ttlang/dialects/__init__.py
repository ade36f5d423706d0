# SPDX-License-Identifier: Apache-2.0
"""The dialects of the compiler. `context()` knows them all and loads each when it is first used."""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xdsl.context import Context
    from xdsl.ir import Dialect

DIALECTS: dict[str, str] = {
    "ttl": "ttlang.dialects.ttl:TTL",
    "ttcore": "ttlang.dialects.ttcore:TTCore",
    "ttkernel": "ttlang.dialects.ttkernel:TTKernel",
    "ttmetal": "ttlang.dialects.ttmetal:TTMetal",
    "emitc": "ttlang.dialects.emitc:EmitC",
    "transform": "ttlang.schedule.transform_ops:Transform",
    "builtin": "xdsl.dialects.builtin:Builtin",
    "func": "xdsl.dialects.func:Func",
    "scf": "xdsl.dialects.scf:Scf",
    "arith": "xdsl.dialects.arith:Arith",
    "math": "xdsl.dialects.math:Math",
    "memref": "xdsl.dialects.memref:MemRef",
    "tensor": "xdsl.dialects.tensor:Tensor",
    "cf": "xdsl.dialects.cf:Cf",
}
"""Where each dialect is defined, as "module:name"."""

OWN = ("ttl", "ttcore", "ttkernel", "ttmetal", "emitc", "transform")
"""Dialects that are defined here; the others are MLIR's."""


def available() -> dict[str, str]:
    """The dialects of the table whose module exists."""
    return {name: path for name, path in DIALECTS.items() if find_spec(path.partition(":")[0]) is not None}


def load(path: str) -> "Dialect":
    """The dialect at "module:name"."""
    module, _, name = path.partition(":")
    dialect: Dialect = getattr(import_module(module), name)
    return dialect


def _loader(path: str) -> "Callable[[], Dialect]":
    return lambda: load(path)


def context(*, allow_unregistered: bool = False) -> "Context":
    """A context with every dialect registered; `builtin` is loaded, the others load when they are used."""
    from xdsl.context import Context

    context = Context(allow_unregistered=allow_unregistered)
    for name, path in available().items():
        context.register_dialect(name, _loader(path))
    context.load_registered_dialect("builtin")
    return context
