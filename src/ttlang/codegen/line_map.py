# SPDX-License-Identifier: Apache-2.0
"""From lines of emitted C++ back to the Python that they come from."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import PurePath
from typing import TypeAlias

from xdsl.dialects.builtin import FileLineColLoc
from xdsl.ir import Attribute

from ttlang.dialects.locations import leaf_locations

Position: TypeAlias = tuple[str, int, int]
"""File, line and column; lines and columns count from 1."""

LineMap: TypeAlias = Mapping[int, Position]
"""Position of each line of a C++ file that has one; lines count from 1."""


def position_of(location: Attribute) -> Position | None:
    """The first file position of a location."""
    if isinstance(location, FileLineColLoc):
        return location.filename.data, location.line.data, location.column.data
    leaf = next(leaf_locations(location), None)
    return None if leaf is None else (leaf.filename.data, leaf.line.data, leaf.column.data)


@cache
def base_name(file: str) -> str:
    """The last part of a path: what may be shown in emitted code."""
    return PurePath(file.replace("\\", "/")).name


@dataclass(frozen=True, slots=True)
class CppKernel:
    """C++ of one thread.

    `kind` is `compute` or `noc`. `line_map` gives the Python position of each line of `source` that comes
    from Python.
    """

    name: str
    kind: str
    source: str
    line_map: LineMap
