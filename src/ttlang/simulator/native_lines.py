# SPDX-License-Identifier: Apache-2.0
"""Instructions of compiled kernels to lines of their C++."""

from __future__ import annotations

import os
import shutil
import subprocess

UNIT = "kernels.cpp"
"""The translation unit of kernels; addr2line names it instead of the kernel's file when it reads the debug entry of an
outermost function. The line is the kernel's all the same."""


def source_line(library: str, offset: int, file: str) -> int | None:
    """The line of kernel file `file` that an instruction comes from, inlined calls followed outwards to that file.

    None when the host has no addr2line or the instruction comes from elsewhere.
    """
    tool = shutil.which("addr2line") or shutil.which("llvm-addr2line")
    if tool is None:
        return None
    done = subprocess.run(
        [tool, "-i", "-e", library, hex(offset)], capture_output=True, text=True, check=False
    )
    for place in done.stdout.splitlines():
        path, _, line = place.partition(" ")[0].rpartition(":")
        named = path == file or path.endswith((os.sep + file, os.sep + UNIT))
        if named and line.isdigit() and int(line):
            return int(line)
    return None
