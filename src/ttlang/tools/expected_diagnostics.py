# SPDX-License-Identifier: Apache-2.0
"""Comments that say which diagnostics a test file must give: `// expected-error @+1 {{part of the message}}`.

`@+n`, `@-n`, `@above` and `@below` count lines from the comment; without them its own line is meant, and
`@unknown` stands for a diagnostic without a place. The text in braces must be a part of the message.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ttlang.diagnostics import CompileError, SourceLocation

_COMMENT = re.compile(
    r"expected-(?P<severity>error|note)\s*(?:@(?P<place>[+-]\d+|above|below|unknown))?\s*\{\{(?P<text>.*?)\}\}"
)


@dataclass(frozen=True)
class Expected:
    """A diagnostic that a comment announces; no line means a diagnostic without a place."""

    severity: str
    line: int | None
    text: str
    comment_line: int

    def matches(self, severity: str, line: int | None, message: str) -> bool:
        return severity == self.severity and line == self.line and self.text in message


def expected(text: str, line_offset: int) -> Iterator[Expected]:
    """What the comments of a text announce."""
    for number, line in enumerate(text.split("\n"), line_offset + 1):
        _, slashes, comment = line.partition("//")
        for match in _COMMENT.finditer(comment) if slashes else ():
            place = match["place"]
            target = {None: number, "above": number - 1, "below": number + 1, "unknown": None}.get(place, 0)
            if target == 0:
                target = number + int(place)
            yield Expected(match["severity"], target, match["text"], number)


def compare(text: str, line_offset: int, name: str, error: CompileError | None) -> list[str]:
    """What differs between the diagnostics of a text and those that its comments announce; nothing when they
    agree.
    """
    left = list(expected(text, line_offset))
    problems = []
    for severity, message, location in _diagnostics(error):
        line = location.line if location is not None else None
        found = next((e for e in left if e.matches(severity, line, message)), None)
        if found is not None:
            left.remove(found)
        elif severity == "error":
            place = f"{location}: " if location is not None else f"{name}: "
            problems.append(f"{place}error: unexpected error: {message}")
    problems += [
        f"{name}:{e.comment_line}: error: expected {e.severity} was not produced: {{{{{e.text}}}}}"
        for e in left
    ]
    return problems


def _diagnostics(error: CompileError | None) -> Iterator[tuple[str, str, SourceLocation | None]]:
    if error is None:
        return
    yield "error", error.message, error.location
    for note in error.notes:
        yield "note", note.message, note.location
