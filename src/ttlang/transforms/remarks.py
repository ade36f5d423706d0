# SPDX-License-Identifier: Apache-2.0
"""Remarks: what a pass did that a user may want to know, under TTLANG_VERBOSE_PASSES=1."""

import sys

from xdsl.ir import Operation

from ttlang.environment import is_on

from .errors import source_location


def verbose() -> bool:
    return is_on("TTLANG_VERBOSE_PASSES")


def remark(pass_name: str, op: Operation, text: str) -> None:
    """Print a remark about `op` to standard error, with its Python line, when the user asked for it."""
    if not verbose():
        return
    place = source_location(op)
    where = "" if place is None else f"{place.file}:{place.line}:{place.column}: "
    print(f"{where}remark: {text} [{pass_name}]", file=sys.stderr)
