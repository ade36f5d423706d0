# SPDX-License-Identifier: Apache-2.0
"""Frames: the functions being compiled into a thread, innermost last, with what their names mean."""

import ast
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

from xdsl.dialects.builtin import LocationAttr

from ttlang.diagnostics import SourceLocation

from .source import FunctionSource


@dataclass(eq=False)
class Frame:
    """The function being compiled: the thread's, or one inlined into it."""

    source: FunctionSource
    function: FunctionType
    called_from: SourceLocation | None
    call_location: LocationAttr | None
    locals: dict[str, Any] = field(default_factory=dict)
    outer: "Frame | None" = None  # the frame around a nested function
    caller: "Frame | None" = None
    exits: list[str] = field(default_factory=lambda: ["<return>"])
    """Flags that make it pass over what follows, then those of its loops, innermost last: break, continue."""

    @property
    def name(self) -> str:
        node = self.source.node
        return node.name if isinstance(node, ast.FunctionDef) else "lambda"

    def find(self, name: str) -> tuple[bool, Any]:
        """A name bound in this frame, or in one around it."""
        frame: Frame | None = self
        while frame is not None:
            if name in frame.locals:
                return True, frame.locals[name]
            frame = frame.outer
        return False, None
