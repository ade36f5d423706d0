# SPDX-License-Identifier: Apache-2.0
"""The steps of a schedule and their text. No IR library is loaded for it, so a cached kernel starts fast."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ttlang.diagnostics import SourceLocation

FAILURES = ("propagate", "suppress")
STRATEGIES = ("aggressive", "conservative", "auto")

KERNEL = "ttl.kernel"


@dataclass(frozen=True, slots=True)
class Step:
    """An op of a sequence: what it is called, its attributes as text, and where it was asked for.

    `targets`: names of the ops that it targets where it has no match before it; `ttl.kernel` is the kernel at hand.
    """

    op: str
    attributes: tuple[tuple[str, str], ...] = ()
    targets: str = KERNEL
    location: SourceLocation | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """A choice of ops by their names, and by the Python names that they have."""

    ops: tuple[str, ...]
    names: tuple[str, ...] = ()
    location: SourceLocation | None = None

    def text(self, target: str) -> str:
        text = f"transform.structured.match ops{{{_strings(self.ops)}}} in {target}"
        return text if not self.names else f"{text} {{names = {_strings(self.names)}}}"


def _strings(values: tuple[str, ...]) -> str:
    return f"[{', '.join(map(quoted, values))}]"


def quoted(text: str) -> str:
    """A string as MLIR writes it."""
    plain = (
        c if c.isprintable() and c not in '"\\' else "".join(f"\\{b:02X}" for b in c.encode()) for c in text
    )
    return f'"{"".join(plain)}"'


_ESCAPES = re.compile(r"(?:\\[0-9A-F]{2})+")


def unquoted(text: str) -> str:
    """What `quoted` wrote."""
    return _ESCAPES.sub(lambda match: bytes.fromhex(match[0].replace("\\", "")).decode(), text[1:-1])


@dataclass(frozen=True, slots=True)
class Line:
    """An op of a sequence as text, and where it was asked for."""

    text: str
    location: SourceLocation | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a schedule does, in order: matches, each for the step after it, and steps."""

    steps: tuple[Step | Match, ...] = ()
    failures: str = "propagate"
    location: SourceLocation | None = None

    def lines(self) -> list[Line]:
        """One op each. A step on the kernel goes on from the result of the one before it."""
        lines: list[Line] = []

        def add(text: str, location: SourceLocation | None, name: str | None = None) -> str:
            value = f"%{len(lines) if name is None else name}"
            lines.append(Line(f"{value} = {text}", location))
            return value

        kernel = ""
        target: str | None = None
        for step in self.steps:
            kernel = kernel or add(Match((KERNEL,)).text("%root"), step.location, "kernel")
            if isinstance(step, Match):
                target = add(step.text(kernel), step.location)
                continue
            if target is None and step.targets != KERNEL:
                target = add(Match((step.targets,)).text(kernel), step.location)
            attributes = ", ".join(f"{key} = {value}" for key, value in step.attributes)
            result = add(
                f"transform.ttl.{step.op} {target or kernel}" + (f" {{{attributes}}}" if attributes else ""),
                step.location,
            )
            kernel = kernel if target else result
            target = None
        return lines

    def text(self, skipped: Mapping[int, str] | None = None) -> str:
        """The transform sequence; steps that were left out, by their number, say why in `skipped`."""
        body = []
        for number, line in enumerate(self.lines()):
            text = line.text
            if skipped and number in skipped:
                reason = f"{SKIPPED} = {quoted(skipped[number])}"
                text = f"{text[:-1]}, {reason}}}" if text.endswith("}") else f"{text} {{{reason}}}"
            body.append(f"  {text}\n")
        return f"transform.sequence failures({self.failures}) {{\n^bb0(%root: !transform.any_op):\n{''.join(body)}}}\n"


SKIPPED = "skipped"
"""Attribute of a step in the text of a compiled kernel: why it was left out."""

_SKIPPED_LINE = re.compile(
    rf'^ *%\w+ = transform\.(?:ttl|structured)\.(\w+)\b.*\b{SKIPPED} = ("(?:[^"\\]|\\..)*")', re.M
)


def skipped_steps(text: str) -> tuple[tuple[str, str], ...]:
    """The steps of a sequence, as `Plan.text` writes it, that were left out: name and reason."""
    return tuple((match[1], unquoted(match[2])) for match in _SKIPPED_LINE.finditer(text))
