# SPDX-License-Identifier: Apache-2.0
"""What one row of the `ttkernel` op table says: operands, attributes, results, and the C++ of each API
generation.

Nothing here imports xDSL: the simulator, the documentation and the language read the table too.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeAlias

MetalVersion: TypeAlias = Literal["0.69", "0.81"]
METAL_VERSIONS: tuple[MetalVersion, ...] = ("0.69", "0.81")
DEFAULT_METAL_VERSION: MetalVersion = "0.81"

Effect: TypeAlias = Literal["pure", "read", "write"]
Thread: TypeAlias = Literal["compute", "noc", "any"]
Origin: TypeAlias = Literal["W11", "extension"]
Place: TypeAlias = Literal["parens", "keyword", "dictionary"]
Assembly: TypeAlias = Literal["default", "generic", "nullary", "accessor_args"]


@dataclass(frozen=True, slots=True)
class OperandSpec:
    """`name:kind`, `name:kind?` (may be left out) or `name:kind*` (any number)."""

    name: str
    kind: str
    optional: bool = False
    variadic: bool = False


@dataclass(frozen=True, slots=True)
class AttributeSpec:
    """`name:kind`, `name:kind?` or `name:kind=default`.

    `place` says where the text has it: in the parentheses after the operands, behind them after its name, or
    in the attribute dictionary.
    """

    name: str
    kind: str
    optional: bool = False
    default: str | None = None
    place: Place = "parens"


@dataclass(frozen=True, slots=True)
class Startup:
    """The hardware configuration that an op of generation 0.69 does besides its own work.

    0.81 wants it once, first, as `compute_kernel_hw_startup`; `operands` are the circular buffers to pass
    (input 0, input 1 where there is one, output). `reverse` says that input 1 goes to SrcA (matrix products).
    """

    operands: tuple[str, ...]
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class CppCall:
    """One C++ call: callee, template arguments and arguments, with `{name}` where an operand or attribute
    goes.
    """

    callee: str
    template_args: tuple[str, ...]
    args: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OpSpec:
    """One `ttkernel` op."""

    mnemonic: str
    operands: tuple[OperandSpec, ...] = ()
    attributes: tuple[AttributeSpec, ...] = ()
    results: tuple[str, ...] = ()
    effect: Effect = "write"
    thread: Thread = "compute"
    origin: Origin = "W11"
    assembly: Assembly = "default"
    headers: Mapping[str, tuple[str, ...]] | None = None  # by metal version; None: the base header has it
    cpp: Mapping[str, str | None] | None = (
        None  # by metal version; None as value: refused, `why_not` says why
    )
    variants: Mapping[tuple[str, ...], Mapping[str, str | None]] | None = (
        None  # by attribute texts, before `cpp`
    )
    startup: Startup | None = None
    why_not: str = ""

    @property
    def name(self) -> str:
        return f"ttkernel.{self.mnemonic}"

    @property
    def class_name(self) -> str:
        return class_name(self.mnemonic)

    def operand_index(self, name: str) -> int:
        return next(i for i, operand in enumerate(self.operands) if operand.name == name)

    def bind(self, count: int) -> tuple[OperandSpec, ...]:
        """The operand that each of `count` values is; optional ones are left out when there are too few
        values.
        """
        if any(operand.variadic for operand in self.operands):
            *fixed, rest = self.operands
            return (*fixed, *([rest] * (count - len(fixed))))
        missing = len(self.operands) - count
        kept = [operand for operand in self.operands if not operand.optional or (missing := missing - 1) < 0]
        if len(kept) != count:
            least = sum(not operand.optional for operand in self.operands)
            wanted = str(least) if least == len(self.operands) else f"{least} to {len(self.operands)}"
            raise ValueError(f"expected {wanted} operands, got {count}")
        return tuple(kept)

    def template(self, version: str, attributes: tuple[str, ...] = ()) -> str | None:
        """C++ of this op in one generation, `{operand}` and `{attribute}` standing for what it is called
        with.

        None where the generation has no such call; an empty string where the op vanishes.
        """
        for table in (self.variants.get(attributes) if self.variants else None, self.cpp):
            if table is not None and version in table:
                return table[version]
        if self.variants is not None:
            return None
        return default_template(self)

    def headers_for(self, version: str) -> tuple[str, ...]:
        """Headers below `api/` that the call needs besides the base header of its kind of thread."""
        return () if self.headers is None else self.headers.get(version, ())


def default_template(spec: OpSpec) -> str:
    """The op's own name called with its operands in order, attributes as template arguments."""
    args = ", ".join(f"{{{operand.name}}}" for operand in spec.operands)
    attributes = ", ".join(f"{{{attribute.name}}}" for attribute in spec.attributes)
    template_args = f"<{attributes}>" if attributes else ""
    return f"{spec.mnemonic}{template_args}({args})"


def class_name(mnemonic: str) -> str:
    """`cb_wait_front` -> `CBWaitFrontOp`; `experimental::semaphore_wait` -> `ExperimentalSemaphoreWaitOp`."""
    parts = re.findall(r"[A-Za-z0-9]+", mnemonic.partition("<")[0])
    return "".join("CB" if part == "cb" else part[0].upper() + part[1:] for part in parts) + "Op"


def parse_operands(text: str) -> tuple[OperandSpec, ...]:
    out = []
    for word in text.split():
        name, _, kind = word.partition(":")
        out.append(OperandSpec(name, kind.rstrip("?*"), kind.endswith("?"), kind.endswith("*")))
    return tuple(out)


def parse_attributes(text: str, *, place: Place = "parens") -> tuple[AttributeSpec, ...]:
    out = []
    for word in text.split():
        name, _, kind = word.partition(":")
        kind, _, default = kind.partition("=")
        out.append(AttributeSpec(name, kind.rstrip("?"), kind.endswith("?"), default or None, place))
    return tuple(out)


def headers(text: str) -> dict[str, tuple[str, ...]] | None:
    """`compute/pack.h` for both generations, or `compute/a.h -> compute/b.h` for 0.69 and 0.81."""
    if not text:
        return None
    old, arrow, new = text.partition("->")
    return {"0.69": tuple(old.split()), "0.81": tuple(new.split() if arrow else old.split())}


@cache
def parse_cpp(template: str) -> tuple[CppCall, ...]:
    """Splits `a<x>(b, {c}); d()` into calls. Raises ValueError if the text is not a sequence of calls."""
    return tuple(_parse_call(part) for part in _split(template, ";") if part)


def _parse_call(text: str) -> CppCall:
    opening = _top_level_paren(text)
    if not text.endswith(")") or opening <= 0:
        raise ValueError(f"not a call: {text!r}")
    callee, args = text[:opening], tuple(filter(None, _split(text[opening + 1 : -1], ",")))
    if callee.startswith("reinterpret_cast<") or not callee.endswith(">"):
        return CppCall(callee, (), args)
    name, _, template_args = callee[:-1].partition("<")
    return CppCall(name, tuple(filter(None, _split(template_args, ","))), args)


def _top_level_paren(text: str) -> int:
    depth = 0
    for i, char in enumerate(text):
        if char == "(" and depth == 0:
            return i
        depth += (char == "<") - (char == ">")
    return -1


def _split(text: str, separator: str) -> list[str]:
    """Splits at `separator` outside brackets and string literals; parts are stripped."""
    parts, depth, start, quoted = [], 0, 0, False
    for i, char in enumerate(text):
        if char == '"' and text[i - 1] != "\\":
            quoted = not quoted
        if quoted:
            continue
        if char in "(<[{":
            depth += 1
        elif char in ")>]}":
            depth -= 1
        elif char == separator and depth == 0:
            parts.append(text[start:i].strip())
            start = i + 1
    parts.append(text[start:].strip())
    return parts
