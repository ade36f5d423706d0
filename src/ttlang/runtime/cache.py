# SPDX-License-Identifier: Apache-2.0
"""The compile cache: in memory for the process, on disk for all.

An entry on disk is a folder of readable files (C++, IR of each stage, `program.ttm`). It is written beside its place
and renamed into it, so that another process sees all of it or nothing; the folder may be deleted at any time.
"""

import atexit
import contextlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from ttlang.cache_folder import cache_root
from ttlang.codegen.program_file import ProgramFileError
from ttlang.environment import is_on

from .image import ProgramImage

PROGRAM = "program.ttm"


def enabled() -> bool:
    """`TTLANG_DISABLE_CACHE=1` compiles anew each time."""
    return not is_on("TTLANG_DISABLE_CACHE")


def entry_path(key: str) -> Path:
    return cache_root() / "kernels" / key[:2] / key


def load(key: str, stages: Iterable[str]) -> tuple[ProgramImage, Path] | None:
    """The entry of a key, or None when there is none that is whole and can be read; `stages` are files it must have."""
    folder = entry_path(key)
    try:
        image, _ = ProgramImage.from_bytes((folder / PROGRAM).read_bytes(), PROGRAM)
        return (image, folder) if all((folder / name).is_file() for name in stages) else None
    except (OSError, ProgramFileError):
        return None


def _delete(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def store(key: str, image: ProgramImage, files: Mapping[str, str]) -> Path | None:
    """Write an entry and return its folder.

    When the cache cannot be written to, the folder is a temporary one that lasts as long as the process; None when
    there is no room for that either.
    """
    folder = entry_path(key)
    contents = {name: text.encode("utf-8") for name, text in files.items()}
    contents[PROGRAM] = image.to_bytes({})  # its stages are the files beside it, read when asked for
    fresh = _written(folder.parent, f"{key[:8]}.", contents)
    if fresh is None:
        return _temporary(contents)
    try:
        os.rename(fresh, folder)
    except OSError:  # another process was first, or an unreadable entry is in the way
        if load(key, files) is None:
            _remove(folder)
            with contextlib.suppress(OSError):
                os.rename(fresh, folder)
        _delete(fresh)
    return folder


def _written(parent: Path | None, prefix: str, contents: Mapping[str, bytes]) -> Path | None:
    """A new folder with these files, or None when the disk refuses."""
    import tempfile  # slow to import; entries are read more often than written

    fresh: Path | None = None
    try:
        if parent is not None:
            parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        for name, data in contents.items():
            (fresh / name).write_bytes(data)
        fresh.chmod(0o755)
        return fresh
    except OSError:
        if fresh is not None:
            _delete(fresh)
        return None


def _temporary(contents: Mapping[str, bytes]) -> Path | None:
    folder = _written(None, "ttlang.", contents)
    if folder is not None:
        atexit.register(_delete, folder)
    return folder


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        _delete(path)
    else:
        path.unlink(missing_ok=True)
