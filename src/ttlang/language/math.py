# SPDX-License-Identifier: Apache-2.0
"""Functions of blocks, for compute threads: `ttl.math.exp(x)`.

They exist to be compiled; the elementwise ones come from the table in `ttlang.dialects.elementwise`.
"""

from collections.abc import Callable
from typing import Any

from ttlang.dialects.elementwise import ELEMENTWISE, Elementwise

from .scope import misuse


def _only_in_compute_threads(name: str) -> Any:
    raise misuse(
        f"ttl.math.{name} is called outside a compute thread",
        hint="blocks exist only in threads: use it in a function decorated with @ttl.compute()",
    )


def fill(
    value: Any, number: float | None = None, *, shape: tuple[int, ...] | None = None, dtype: object = None
) -> Any:
    """A block whose datums all are `value`; `shape` in tiles, by default that of the block it is stored in.

    `fill(block, number)` is a block of `number` shaped like `block`.
    """
    return _only_in_compute_threads("fill")


def transpose(x: Any) -> Any:
    """`x` with its two innermost dimensions exchanged."""
    return _only_in_compute_threads("transpose")


def typecast(x: Any, dtype: object) -> Any:
    """`x` converted to `dtype`."""
    return _only_in_compute_threads("typecast")


def broadcast(x: Any, dims: Any, like: Any = None, *, shape: Any = None) -> Any:
    """`x` repeated along `dims` (sizes of 1) to the shape of `like`, to `shape` in tiles, or to that of what it is combined with.

    `broadcast(x, like, dims=...)` is the same.
    """
    return _only_in_compute_threads("broadcast")


def reduce_sum(x: Any, dims: Any, scaler: Any = None) -> Any:
    """Sum over `dims`, which keep size 1; `scaler` multiplies the result.

    `reduce_sum(x, scaler, dims=...)` is the same; so for the other reductions.
    """
    return _only_in_compute_threads("reduce_sum")


def reduce_max(x: Any, dims: Any, scaler: Any = None) -> Any:
    """Maximum over `dims`, which keep size 1."""
    return _only_in_compute_threads("reduce_max")


def reduce_min(x: Any, dims: Any, scaler: Any = None) -> Any:
    """Minimum over `dims`, which keep size 1."""
    return _only_in_compute_threads("reduce_min")


def reduce_mean(x: Any, dims: Any, scaler: Any = None) -> Any:
    """Mean over `dims`, which keep size 1."""
    return _only_in_compute_threads("reduce_mean")


def _elementwise(row: Elementwise) -> Callable[..., Any]:
    def function(*operands: Any, **parameters: Any) -> Any:
        return _only_in_compute_threads(row.name)

    operands = ("x",) if row.arity == 1 else ("lhs", "rhs") if row.arity == 2 else ("condition", "x", "y")
    signature = ", ".join((*operands, *row.parameters))
    function.__name__ = function.__qualname__ = row.name
    function.__doc__ = f"{row.name}({signature}): {row.summary}."
    return function


ELEMENTWISE_FUNCTIONS: dict[Callable[..., Any], Elementwise] = {_elementwise(row): row for row in ELEMENTWISE}
globals().update({function.__name__: function for function in ELEMENTWISE_FUNCTIONS})
logp1 = globals()["log1p"]
__all__ = [
    "broadcast",
    "fill",
    "reduce_max",
    "reduce_mean",
    "reduce_min",
    "reduce_sum",
    "transpose",
    "typecast",
    *(function.__name__ for function in ELEMENTWISE_FUNCTIONS),
]
