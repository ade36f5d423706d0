# SPDX-License-Identifier: Apache-2.0
"""Programs for tests of diagnostics: scripts with the place of the expected error marked in them."""

import linecache
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OPEN, CLOSE = "«", "»"

_TEMPLATE = """\
import numpy as np

import ttlang as ttl

{globals}

@ttl.kernel({decorator})
def k(a, out):
    x, y = ttl.core()
    a_cb = ttl.make_circular_buffer_like(a, shape=(1, 1))
    out_cb = ttl.make_circular_buffer_like(out, shape=(1, 1))
{kernel}

    @ttl.compute()
    def compute():
{compute}

    @ttl.datamovement()
    def read():
{read}

    @ttl.datamovement()
    def write():
{write}


a = np.ones((128, 128), np.float32)
out = np.zeros((128, 128), np.float32)
{call}
"""
_BODIES = {
    "decorator": "grid=(2, 2)",
    "globals": "",
    "kernel": "",
    "compute": "with a_cb.wait() as block, out_cb.reserve() as result:\n    result.store(block + block)",
    "read": "with a_cb.reserve() as block:\n    ttl.copy(a[0, 0], block).wait()",
    "write": "with out_cb.wait() as block:\n    ttl.copy(block, out[y, x]).wait()",
    "call": "k(a, out)",
}
_INDENT = {"kernel": 4, "compute": 8, "read": 8, "write": 8}


def program(**parts: str) -> str:
    """A working kernel, with some of its parts replaced."""
    texts = {name: textwrap.dedent(parts.pop(name, default)).strip("\n") for name, default in _BODIES.items()}
    assert not parts, parts
    return _TEMPLATE.format(
        **{name: textwrap.indent(text, " " * _INDENT.get(name, 0)) for name, text in texts.items()}
    )


@dataclass(frozen=True)
class Marked:
    """A script without its marks, and the place that they marked."""

    text: str
    line: int
    column: int
    length: int

    def excerpt(self, file: str) -> str:
        """What a diagnostic shows of the place."""
        line = self.text.splitlines()[self.line - 1]
        stripped = line.strip()
        start = self.column - 1 - (len(line) - len(line.lstrip()))
        marks = "^" + "~" * (self.length - 1)
        return f"\n  at {file}:{self.line}:{self.column}\n      {stripped}\n      {' ' * start}{marks}"


def marked(source: str) -> Marked:
    """Read the marks of a script; without the closing one, the place is a single character."""
    before, found, rest = source.partition(OPEN)
    assert found, "the script marks no place"
    inside, closed, after = rest.partition(CLOSE)
    line = before.count("\n") + 1
    column = len(before) - (before.rfind("\n") + 1) + 1
    if not closed:
        return Marked(before + rest, line, column, 1)
    assert "\n" not in inside and CLOSE not in after
    return Marked(before + inside + after, line, column, len(inside))


def execute(path: Path, text: str) -> dict[str, Any]:
    """Run a script from a file, so that its source is at hand; returns what it defined, even when it fails."""
    path.write_text(text, encoding="utf-8")
    linecache.checkcache(str(path))
    names: dict[str, Any] = {"__name__": "__main__", "__file__": str(path)}
    try:
        exec(compile(text, str(path), "exec"), names)
    except BaseException as error:
        error.names = names  # type: ignore[attr-defined]
        raise
    return names


class Case:
    """A program with a mistake and its diagnostic."""

    def __init__(self, name: str, diagnostic: str, **parts: str):
        self.name = name
        self.diagnostic = diagnostic
        self.source = program(**parts)

    def expected(self, file: str) -> str:
        """The diagnostic for the script in `file`."""
        text = self.diagnostic.replace("{file}", file)
        return text.replace("{at}", marked(self.source).excerpt(file)) if "{at}" in text else text

    @property
    def text(self) -> str:
        return self.source.replace(OPEN, "").replace(CLOSE, "")
