# SPDX-License-Identifier: Apache-2.0
"""The host's C++ compiler, the cache folder, and what both decide about file names."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from ttlang.cache_folder import cache_root as cache_root
from ttlang.simulator.errors import ToolchainError

CANDIDATES = ("g++", "clang++", "c++")
NO_COMPILER = (
    "the simulator needs a C++ compiler and found none; install one with `apt install g++`,"
    " or `pip install ziglang`, which is then used"
)


@dataclass(frozen=True)
class Compiler:
    """A C++ compiler: its command, its family (gcc, clang or zig) and what tells versions apart."""

    command: tuple[str, ...]
    family: str
    identity: str

    def run(self, arguments: Sequence[str], cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Runs the compiler; the output's file names are those of the arguments."""
        return subprocess.run(
            [*self.command, *arguments],
            cwd=cwd,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )


def _family(name: str) -> str:
    return "clang" if "clang" in Path(os.path.realpath(name)).name else "gcc"


@cache
def compiler() -> Compiler:
    """The compiler: `TTLANG_CXX`, else g++, clang++, c++, else ziglang's; ToolchainError names the fix."""
    requested = os.environ.get("TTLANG_CXX")
    names = (requested,) if requested else CANDIDATES
    for name in names:
        path = shutil.which(name)
        if path:
            status = os.stat(os.path.realpath(path))
            return Compiler((path,), _family(path), f"{path}:{status.st_size}:{status.st_mtime_ns}")
    if requested:
        raise ToolchainError(f"TTLANG_CXX names the compiler {requested!r}, which is not on the path")
    spec = find_spec("ziglang")
    if spec is not None:
        return Compiler((sys.executable, "-m", "ziglang", "c++"), "zig", f"ziglang:{spec.origin}")
    raise ToolchainError(NO_COMPILER)


@cache
def cpu_identity() -> str:
    """What `-march=native` depends on."""
    machine = os.uname().machine
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            lines = [
                line
                for line in file.read(16384).splitlines()
                if line.startswith(("model name", "flags", "Features"))
            ]
    except OSError:
        lines = []
    return "\n".join([machine, *lines[:2]])


def content_key(*parts: str | bytes) -> str:
    """A file name for something that these parts decide."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Keeps other processes out while a cache entry is made."""
    import fcntl

    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
