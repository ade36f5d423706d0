# SPDX-License-Identifier: Apache-2.0
"""Errors of passes, at the user's Python that the op came from."""

import linecache
from collections.abc import Sequence

from xdsl.ir import Operation

from ttlang.diagnostics import CompileError, Note, SourceLocation
from ttlang.dialects.locations import leaf_locations


def source_location(op: Operation) -> SourceLocation | None:
    """Where the op comes from: the innermost place in a file, or None when it is unknown."""
    for leaf in leaf_locations(op.location):
        file, line, column = leaf.filename.data, leaf.line.data, leaf.column.data
        return SourceLocation(file, line, max(column, 1), _length(file, line, column))
    return None


def _length(file: str, line: int, column: int) -> int:
    """Length of the name or call that starts at a column: ops know where they start only."""
    text = linecache.getline(file, line)[max(column - 1, 0) :]
    end = 0
    depth = 0
    for end, character in enumerate(text):
        if character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
            if depth <= 0:
                return end + 1 if depth == 0 else end
        elif depth == 0 and not (character.isalnum() or character in "._"):
            return max(end, 1)
    return max(end, 1)


def error(
    op: Operation, message: str, *, notes: Sequence[tuple[str, Operation]] = (), hint: str | None = None
) -> CompileError:
    """An error about `op`; each note names another op's place."""
    return CompileError(
        message,
        source_location(op),
        [Note(text, source_location(other)) for text, other in notes],
        hint,
    )
