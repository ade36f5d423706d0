# SPDX-License-Identifier: Apache-2.0
"""Integers that differ from core to core: `ttl.core()` in kernel scope and what is computed from it.

They are expression trees; each thread that uses one computes it where it is used.
"""

from typing import Any, NoReturn

Operand = Any  # int | SymbolicInt


class SymbolicInt:
    """An integer (or truth value) that is known on the core only.

    `op` is "core" (arguments: dimension, dims) or an operator's name in the module `operator`.
    """

    __slots__ = ("arguments", "op")

    def __init__(self, op: str, *arguments: Operand):
        self.op = op
        self.arguments = arguments

    def __repr__(self) -> str:
        return f"{self.op}({', '.join(map(repr, self.arguments))})"

    def __hash__(self) -> int:
        return id(self)

    def _unknown(self, use: str) -> NoReturn:
        from .scope import misuse

        raise misuse(
            f"a core coordinate cannot be {use} in kernel scope: the kernel body runs once, for all cores",
            hint="move this into a thread function, where it is computed on each core",
        )

    def __bool__(self) -> bool:
        self._unknown("tested")

    def __index__(self) -> int:
        self._unknown("used as a plain integer")

    def __int__(self) -> int:
        self._unknown("converted to int")

    def __float__(self) -> float:
        self._unknown("converted to float")

    def __abs__(self) -> "SymbolicInt":
        self._unknown("an operand of abs()")

    def __pos__(self) -> "SymbolicInt":
        return self

    @property
    def is_truth(self) -> bool:
        """Whether this is a truth value: a comparison, or comparisons joined by `&` and `|`."""
        return self.op in _TRUTH


_TRUTH = ("lt", "le", "gt", "ge", "eq", "ne", "and", "or")
_BINARY = ("add", "sub", "mul", "floordiv", "mod", "lt", "le", "gt", "ge", "eq", "ne")
_REFLECTED = ("add", "sub", "mul", "floordiv", "mod")
_REFUSED = {"truediv": "/", "pow": "**", "xor": "^", "lshift": "<<", "rshift": ">>", "matmul": "@"}


def _define_operators() -> None:
    def binary(name: str) -> Any:
        def method(self: SymbolicInt, other: Operand) -> Any:
            if not isinstance(other, int | SymbolicInt):
                return NotImplemented
            return SymbolicInt(name, self, other)

        return method

    def reflected(name: str) -> Any:
        def method(self: SymbolicInt, other: Operand) -> Any:
            if not isinstance(other, int):
                return NotImplemented
            return SymbolicInt(name, other, self)

        return method

    def joined(name: str) -> Any:
        def method(self: SymbolicInt, other: Operand) -> Any:
            if not all(
                isinstance(x, bool) or (isinstance(x, SymbolicInt) and x.is_truth) for x in (self, other)
            ):
                self._unknown("combined bit by bit")
            return SymbolicInt(name, self, other)

        return method

    def refused(symbol: str) -> Any:
        return lambda self, *operands: self._unknown(f"an operand of '{symbol}'")

    for name in ("and", "or"):
        setattr(SymbolicInt, f"__{name}__", joined(name))
        setattr(SymbolicInt, f"__r{name}__", joined(name))
    for name, symbol in _REFUSED.items():
        setattr(SymbolicInt, f"__{name}__", refused(symbol))
        setattr(SymbolicInt, f"__r{name}__", refused(symbol))
    setattr(SymbolicInt, "__invert__", refused("~"))  # noqa: B010 - as the others
    for name in _BINARY:
        setattr(SymbolicInt, f"__{name}__", binary(name))
    for name in _REFLECTED:
        setattr(SymbolicInt, f"__r{name}__", reflected(name))
    setattr(SymbolicInt, "__neg__", lambda self: SymbolicInt("sub", 0, self))  # noqa: B010 - as the others
    setattr(SymbolicInt, "__divmod__", lambda self, other: (self // other, self % other))  # noqa: B010
    setattr(SymbolicInt, "__rdivmod__", lambda self, other: (other // self, other % self))  # noqa: B010


_define_operators()


def fold_coordinates(sizes: tuple[int, ...], dims: int) -> tuple[int, ...]:
    """Sizes of a grid seen with `dims` dimensions: the highest is flattened, missing ones have size 1."""
    if dims >= len(sizes):
        return (*sizes, *(1,) * (dims - len(sizes)))
    flat = 1
    for size in sizes[dims - 1 :]:
        flat *= size
    return (*sizes[: dims - 1], flat)
