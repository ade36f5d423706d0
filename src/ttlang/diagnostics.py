# SPDX-License-Identifier: Apache-2.0
"""Errors that point at the user's Python: message, file:line:col, the source line, a caret, and notes."""

import linecache
import os
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType


@dataclass(frozen=True, slots=True)
class SourceLocation:
    """A place in a source file. Lines and columns count from 1; `length` is that of the marked text."""

    file: str
    line: int
    column: int
    length: int = 1

    @classmethod
    def of_bytes(cls, file: str, line: int, column: int, end: int | None) -> "SourceLocation":
        """From byte offsets in the UTF-8 of the line, counted from 0, as Python's compiler gives them.

        `end` is None when the marked text goes on in another line.
        """
        text = linecache.getline(file, line).encode() if column or (end or 0) > 1 else b""
        if text:
            first = len(text[:column].decode(errors="replace"))
            length = 1 if end is None else len(text[column:end].decode(errors="replace"))
        else:
            first, length = column, 1 if end is None else end - column
        return cls(file, line, first + 1, max(length, 1))

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    def excerpt(self, indent: str) -> str:
        """The source line and a caret under the marked text; empty when the source is not at hand."""
        text = linecache.getline(self.file, self.line).rstrip("\n")
        if not text.strip():
            return ""
        stripped = text.lstrip()
        start = max(self.column - 1 - (len(text) - len(stripped)), 0)
        marks = "^" + "~" * (min(self.length, len(stripped) - start) - 1)
        return f"\n{indent}{stripped}\n{indent}{' ' * start}{marks}"


@dataclass(frozen=True, slots=True)
class Note:
    """A second place that explains an error, or advice without a place."""

    message: str
    location: SourceLocation | None = None

    def render(self) -> str:
        if self.location is None:
            return f"  note: {self.message}"
        return f"  note: {self.message} at {self.location}{self.location.excerpt('      ')}"


class TTLangError(Exception):
    """Base of all errors meant for users. Uncaught, it prints without the traceback of the compiler."""

    def __init__(self, *args: object):
        super().__init__(*args)
        _install_hook()


class CompileError(TTLangError):
    """A kernel that cannot be compiled: what is wrong, where, and what to do."""

    def __init__(
        self,
        message: str,
        location: SourceLocation | None = None,
        notes: Sequence[Note] = (),
        hint: str | None = None,
    ):
        self.message = message
        self.location = location
        self.notes = tuple(notes)
        self.hint = hint
        super().__init__(self.render())

    def render(self) -> str:
        text = f"error: {self.message}"
        if self.location is not None:
            text += f"\n  at {self.location}{self.location.excerpt('      ')}"
        for note in self.notes:
            text += f"\n{note.render()}"
        if self.hint is not None:
            text += f"\n  help: {self.hint}"
        return text


_PACKAGE = str(Path(__file__).resolve().parent) + os.sep
_hooked = False


def show_without_compiler_frames(error: BaseException) -> None:
    """Uncaught, `error` prints without the frames of the compiler: it was raised by what the compiler called."""
    _install_hook()
    error.__dict__["_ttlang_hides_frames"] = True


def _without_compiler_frames(traceback: TracebackType | None) -> TracebackType | None:
    kept = []
    while traceback is not None:
        if not traceback.tb_frame.f_code.co_filename.startswith(_PACKAGE):
            kept.append(traceback)
        traceback = traceback.tb_next
    result = None
    for entry in reversed(kept):
        result = TracebackType(result, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return result


def _install_hook() -> None:
    """On the first error of ours: print such errors as they are, without the frames of the compiler."""
    global _hooked
    if _hooked:
        return
    _hooked = True
    _hook_main_thread()
    _hook_other_threads()
    _hook_notebook()


def _hook_main_thread() -> None:
    previous = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        if isinstance(error, TTLangError):
            print(error, file=sys.stderr)
        elif getattr(error, "_ttlang_hides_frames", False):
            shown = _without_compiler_frames(traceback)
            previous(kind, error.with_traceback(shown), shown)
        else:
            previous(kind, error, traceback)

    sys.excepthook = hook


def _hook_other_threads() -> None:
    previous = threading.excepthook

    def hook(arguments: threading.ExceptHookArgs) -> None:
        error = arguments.exc_value
        if isinstance(error, TTLangError):
            name = "" if arguments.thread is None else f"in {arguments.thread.name}: "
            print(f"{name}{error}", file=sys.stderr)
            return
        if error is not None and getattr(error, "_ttlang_hides_frames", False):
            shown = _without_compiler_frames(arguments.exc_traceback)
            parts = (arguments.exc_type, error.with_traceback(shown), shown, arguments.thread)
            arguments = threading.ExceptHookArgs(parts)
        previous(arguments)

    threading.excepthook = hook


def _hook_notebook() -> None:
    """IPython and notebooks print tracebacks themselves; it has a hook for classes of exceptions."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if shell is None:
        return

    def hook(
        shell: object,
        kind: type[BaseException],
        error: BaseException,
        traceback: TracebackType | None,
        tb_offset: int | None = None,
    ) -> list[str]:
        print(error, file=sys.stderr)
        return str(error).splitlines()

    shell.set_custom_exc((TTLangError,), hook)
