# SPDX-License-Identifier: Apache-2.0
"""Functions that the vector unit lacks, in terms of those that it has: those of integers, and a few of all types.

Results are exact, and wrap around as NumPy's do. A row of a table is one function; it is given the operands (of one data
type, and of the result's shape or to be repeated), the parameters, and a value of the result's type.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from xdsl.ir import Attribute, SSAValue

from ttlang.dialects.ttl.compute import BlockFillOp, tile_of
from ttlang.hardware.data_formats import DataType

from .broadcast_analysis import Extents

UNSIGNED = (DataType.u32, DataType.u16, DataType.u8)
HALF = 2**31
"""The least number that is negative when the bits of a 32-bit integer are read as a signed one."""


@dataclass(frozen=True, slots=True)
class Model:
    """What a new value is like: its type, and which datums of its tiles it means."""

    type: Attribute
    extents: Extents


Like = SSAValue | Model


class Emitter(Protocol):
    """Makes ops before the one that is being replaced; functions that the hardware lacks are expanded."""

    def apply(
        self, name: str, *operands: SSAValue, like: Like, parameters: Sequence[float] = ()
    ) -> SSAValue: ...

    def fill(self, value: float, like: Like) -> SSAValue: ...

    def cast(self, value: SSAValue, dtype: DataType) -> SSAValue: ...


class NoExpansion(Exception):
    """A function cannot be computed on these operands; the message says why."""


Expansion = Callable[[Emitter, Sequence[SSAValue], Sequence[float], Like], SSAValue]


def _same(e: Emitter, x: Sequence[SSAValue], p: Sequence[float], like: Like) -> SSAValue:
    return x[0]


def _constant(value: float) -> Expansion:
    return lambda e, x, p, like: e.fill(value, like)


def _bounded(e: Emitter, x: Sequence[SSAValue], p: Sequence[float], like: Like) -> SSAValue:
    low = e.apply("max", x[0], e.fill(max(p[0], 0.0), like), like=like)
    return e.apply("min", low, e.fill(max(p[1], 0.0), like), like=like)


def _threshold(e: Emitter, x: Sequence[SSAValue], p: Sequence[float], like: Like) -> SSAValue:
    above = e.apply("gt", x[0], e.fill(p[0], like), like=like)
    return e.apply("where", above, x[0], e.fill(p[1], like), like=like)


def _sign(e: Emitter, x: Sequence[SSAValue], p: Sequence[float], like: Like) -> SSAValue:
    zero = e.fill(0.0, like)
    positive = e.apply("gt", x[0], zero, like=like)
    return e.apply("sub", positive, e.apply("lt", x[0], zero, like=like), like=like)


def _power(e: Emitter, x: Sequence[SSAValue], p: Sequence[float], like: Like) -> SSAValue:
    """By squaring: bit by bit of the exponent."""
    base, exponent = x
    if isinstance(exponent.owner, BlockFillOp):
        number = int(exponent.owner.value.value.data)
        if number < 0:
            raise NoExpansion("a negative power of an integer is no integer")
        return _constant_power(e, base, number, like)
    # powers of 2 and more do not fit 32 bits from the 32nd on, those of 0, 1 and -1 alternate: five bits are enough
    rest = e.cast(exponent, DataType.si32)
    parity = e.apply("mod", rest, e.fill(2, rest), like=rest)
    rest = e.apply("min", rest, e.apply("add", parity, e.fill(30, rest), like=rest), like=rest)
    dtype = tile_of(like.type).dtype
    result: SSAValue | None = None
    for bit in range(5):
        if bit:
            base = e.apply("mul", base, base, like=like)
            rest = e.apply("floordiv", rest, e.fill(2, rest), like=rest)
        odd = e.cast(e.apply("mod", rest, e.fill(2, rest), like=rest), dtype)
        if result is None:
            result = e.apply("where", odd, base, e.fill(1, like), like=like)
        else:
            result = e.apply("where", odd, e.apply("mul", result, base, like=like), result, like=like)
    assert result is not None
    return result


def _constant_power(e: Emitter, base: SSAValue, exponent: int, like: Like) -> SSAValue:
    result: SSAValue | None = None
    while exponent:
        if exponent & 1:
            result = base if result is None else e.apply("mul", result, base, like=like)
        exponent >>= 1
        if exponent:
            base = e.apply("mul", base, base, like=like)
    return e.fill(1, like) if result is None else result


def _unsigned_quotient(e: Emitter, x: Sequence[SSAValue], p: Sequence[float], like: Like) -> SSAValue:
    """Twice the signed quotient of half the dividend, and one more where the rest is as large as the divisor.

    A divisor of 2**31 or more goes into the dividend once at most.
    """
    dividend, divisor = x
    large = e.apply("ge", divisor, e.fill(HALF, like), like=like)
    high = e.apply("ge", dividend, e.fill(HALF, like), like=like)
    low = e.apply("sub", dividend, e.apply("mul", high, e.fill(HALF, like), like=like), like=like)
    signed = e.cast(low, DataType.si32)
    half = e.apply("floordiv", signed, e.fill(2, signed), like=signed)
    carried = e.apply("mul", e.cast(high, DataType.si32), e.fill(HALF // 2, signed), like=signed)
    half = e.apply("add", half, carried, like=signed)
    small = e.cast(e.apply("where", large, e.fill(1, like), divisor, like=like), DataType.si32)
    quotient = e.cast(e.apply("floordiv", half, small, like=signed), DataType.u32)
    quotient = e.apply("mul", quotient, e.fill(2, like), like=like)
    rest = e.apply("sub", dividend, e.apply("mul", quotient, divisor, like=like), like=like)
    quotient = e.apply("add", quotient, e.apply("ge", rest, divisor, like=like), like=like)
    return e.apply("where", large, e.apply("ge", dividend, divisor, like=like), quotient, like=like)


OF_ALL_TYPES: dict[str, Expansion] = {
    "mask": lambda e, x, p, like: e.apply("where", x[1], x[0], e.fill(0.0, like), like=like),
    "rsub": lambda e, x, p, like: e.apply("sub", x[1], x[0], like=like),
}
OF_INTEGERS: dict[str, Expansion] = {
    **dict.fromkeys(("floor", "ceil", "round", "trunc"), _same),
    **dict.fromkeys(("frac", "isnan", "isinf"), _constant(0)),
    "isfinite": _constant(1),
    "square": lambda e, x, p, like: e.apply("mul", x[0], x[0], like=like),
    "sign": _sign,
    "threshold": _threshold,
    "hardtanh": lambda e, x, p, like: e.apply("clamp", x[0], like=like, parameters=p),
    "pow": _power,
}
OF_UNSIGNED: dict[str, Expansion] = {
    **dict.fromkeys(("abs", "relu"), _same),
    "signbit": _constant(0),
    "neg": lambda e, x, p, like: e.apply("sub", e.fill(0, like), x[0], like=like),
    "sign": lambda e, x, p, like: e.apply("ne", x[0], e.fill(0, like), like=like),
    "clamp": _bounded,
    "relu_max": lambda e, x, p, like: e.apply("min", x[0], e.fill(p[0], like), like=like),
    "relu_min": lambda e, x, p, like: e.apply("max", x[0], e.fill(max(p[0], 0.0), like), like=like),
}

AS_INT32: dict[DataType, tuple[str, ...]] = {
    DataType.u16: ("max", "min", "floordiv", "mod", "where", "le", "ge", "eq", "ne"),
    DataType.u8: ("*",),
}
"""Functions ("*": all) that the vector unit lacks for a small integer type: computed as int32 and converted back."""


def is_computed_as_int32(name: str, dtype: DataType) -> bool:
    names = AS_INT32.get(dtype, ())
    return name in names or "*" in names


def expansion(name: str, dtype: DataType) -> Expansion | None:
    """How a function of operands of a data type is computed by other functions; None when it is one instruction."""
    if name in OF_ALL_TYPES:
        return OF_ALL_TYPES[name]
    if dtype in UNSIGNED and name in OF_UNSIGNED:
        return OF_UNSIGNED[name]
    if dtype is DataType.u32 and name == "floordiv":
        return _unsigned_quotient
    return OF_INTEGERS.get(name) if dtype.format.is_integer else None
