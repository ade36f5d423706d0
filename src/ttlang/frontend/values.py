# SPDX-License-Identifier: Apache-2.0
"""What an expression of a thread can be: a Python object known at compile time, or one of these."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from xdsl.dialects.builtin import TensorType
from xdsl.ir import SSAValue

from ttlang.diagnostics import SourceLocation
from ttlang.dialects.ttcore import TileType
from ttlang.dialects.ttl.attributes import BlockType
from ttlang.language.kernel import Kernel
from ttlang.language.resources import CircularBuffer
from ttlang.language.scope import Thread
from ttlang.language.tensors import RedistributedTensor, TensorParameter

from .nested_functions import NestedFunction


@dataclass(frozen=True, eq=False, slots=True)
class Affine:
    """constant + sum of coefficient * value: what is known of a run-time integer, symbolically."""

    constant: int
    terms: Mapping[SSAValue, int] = field(default_factory=dict)

    def plus(self, other: "Affine", scale: int = 1) -> "Affine":
        terms = dict(self.terms)
        for value, coefficient in other.terms.items():
            terms[value] = terms.get(value, 0) + scale * coefficient
        kept = {value: c for value, c in terms.items() if c != 0}
        return Affine(self.constant + scale * other.constant, kept)

    def times(self, factor: int) -> "Affine":
        if factor == 0:
            return Affine(0)
        return Affine(self.constant * factor, {v: c * factor for v, c in self.terms.items()})


@dataclass(frozen=True, slots=True)
class Bounds:
    """Inclusive bounds of a run-time integer; None where unknown. `exact`: both are reached on some core."""

    low: int | None = None
    high: int | None = None
    exact: bool = False

    @property
    def non_negative(self) -> bool:
        return self.low is not None and self.low >= 0


@dataclass(frozen=True, eq=False, slots=True)
class RuntimeInt:
    """An integer known on the core only (`index` in the IR)."""

    ssa: SSAValue
    affine: Affine
    bounds: Bounds

    @classmethod
    def atom(cls, ssa: SSAValue, bounds: Bounds = Bounds()) -> "RuntimeInt":
        return cls(ssa, Affine(0, {ssa: 1}), bounds)


@dataclass(frozen=True, eq=False, slots=True)
class RuntimeBool:
    """A truth value known on the core only (`i1`)."""

    ssa: SSAValue


@dataclass(frozen=True, eq=False, slots=True)
class RuntimeFloat:
    """A float known on the core only (`f32`): an element of a block, or computed from one."""

    ssa: SSAValue


@dataclass(eq=False, slots=True)
class TensorValue:
    """A block-shaped value: the result of an expression on blocks."""

    ssa: SSAValue

    @property
    def tensor_type(self) -> TensorType[Any]:
        type = self.ssa.type
        if isinstance(type, BlockType):
            return type.tensor_type
        assert isinstance(type, TensorType)
        return type

    @property
    def shape(self) -> tuple[int, ...]:
        return self.tensor_type.get_shape()

    @property
    def tile(self) -> TileType:
        element = self.tensor_type.element_type
        assert isinstance(element, TileType)
        return element


@dataclass(eq=False, slots=True)
class Block(TensorValue):
    """A block acquired from a circular buffer, until its release."""

    buffer: CircularBuffer
    verb: str  # "wait" or "reserve"
    acquired: SourceLocation
    released: SourceLocation | None = None


@dataclass(eq=False, slots=True)
class Shard(TensorValue):
    """This core's part of a distributed tensor, in a compute thread: it can be read, and stored to."""

    tensor: TensorParameter | RedistributedTensor


@dataclass(frozen=True, eq=False, slots=True)
class TensorSlice:
    """A slice of a tensor argument: an operand of a copy."""

    ssa: SSAValue
    tensor: TensorParameter
    shape: tuple[int, ...]
    redistributed: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Transfer:
    """A transfer in flight, with `.wait()`."""

    ssa: SSAValue
    started: SourceLocation


@dataclass(frozen=True, eq=False, slots=True)
class BoundMethod:
    """`value.name`, to be called."""

    owner: Any
    name: str


@dataclass(frozen=True, slots=True)
class Unbound:
    """A name whose value differs between the paths that lead here; using it is an error."""

    reason: str
    location: SourceLocation


@dataclass(frozen=True, slots=True)
class RuntimeRange:
    """`range(...)` with a bound known on the core only."""

    start: Any
    stop: Any
    step: int


def depends_on_core(value: Any) -> bool:
    """Whether a value, or an element of it, is known on the core only."""
    match value:
        case RuntimeInt() | RuntimeBool() | RuntimeFloat() | TensorValue() | RuntimeRange():
            return True
        case tuple() | list():
            return any(map(depends_on_core, value))
        case slice():
            return any(map(depends_on_core, (value.start, value.stop, value.step)))
        case dict():
            return any(map(depends_on_core, value.values()))
    return False


def describe(value: Any) -> str:
    """What kind of thing a value is, for messages."""
    match value:
        case Block():
            return f"a block of {shape_text(value.shape)} tiles"
        case Shard():
            return f"the shard of {describe(value.tensor)}"
        case TensorValue():
            return f"a value of {shape_text(value.shape)} tiles"
        case TensorSlice(redistributed=True):
            return f"the shard of tensor '{value.tensor.name}', redistributed"
        case TensorSlice():
            return f"a slice of {shape_text(value.shape)} of tensor '{value.tensor.name}'"
        case RuntimeInt():
            return "a run-time integer"
        case RuntimeBool():
            return "a run-time truth value"
        case RuntimeFloat():
            return "a run-time float"
        case RuntimeRange():
            return "a range with run-time bounds"
        case Transfer():
            return "a transfer"
        case CircularBuffer():
            return "a circular buffer"
        case RedistributedTensor():
            return f"tensor '{value.name}', redistributed"
        case TensorParameter():
            return f"tensor '{value.name}'"
        case Unbound():
            return "a name without a single value"
        case BoundMethod():
            return f"the method '{value.name}'"
        case Thread():
            return f"thread '{value.name}'"
        case NestedFunction():
            return f"function '{value.name}'"
        case Kernel():
            return f"kernel '{value.name}'"
        case ModuleType():
            return f"module '{value.__name__}'"
        case type():
            return f"class '{value.__name__}'"
        case None | True | False:
            return str(value)
        case bool() | int() | float() | complex() | str() | bytes():
            return f"{type(value).__name__} {_short(repr(value))}"
        case tuple() | list() | dict() | slice() if depends_on_core(value):
            return f"a {type(value).__name__} with run-time elements"
        case tuple() | list() | dict() | set() if not _is_literal(value):
            return f"a {type(value).__name__} of {len(value)} elements"
        case tuple() | list() | dict() | set() | range() | slice():
            return f"{type(value).__name__} {_short(repr(value))}"
    if callable(value):
        return f"function '{getattr(value, '__name__', type(value).__name__)}'"
    return f"an object of class '{type(value).__name__}'"


def _is_literal(value: Any) -> bool:
    match value:
        case dict():
            return all(map(_is_literal, (*value.keys(), *value.values())))
        case tuple() | list() | set():
            return all(map(_is_literal, value))
    return isinstance(value, int | float | str | bytes | complex | range | None)


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


def shape_text(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
