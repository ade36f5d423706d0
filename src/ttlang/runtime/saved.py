# SPDX-License-Identifier: Apache-2.0
"""Compiled kernels in files: saved for later, loaded and run without the compiler."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ttlang.codegen.program_file import ProgramFileError
from ttlang.diagnostics import TTLangError
from ttlang.hardware import chip_names
from ttlang.hardware.data_formats import BY_METAL_NAME

from .compiled import STAGES, CompiledKernel
from .image import ProgramImage
from .kernel_artifact import kernel_artifact

if TYPE_CHECKING:
    from _typeshed import StrPath


def _program_file(compiled: CompiledKernel) -> bytes:
    return compiled.image.to_bytes({stage: compiled.asm[stage] for stage in compiled.stages})


def _artifact(compiled: CompiledKernel) -> bytes:
    return kernel_artifact(compiled.image).encode("utf-8")


FORMATS: dict[str, Callable[[CompiledKernel], bytes]] = {"ttm": _program_file, "kernel-artifact": _artifact}
"""Formats of `CompiledKernel.save`: a program file, and the JSON that tt-mlir takes in."""


def save(compiled: CompiledKernel, path: "StrPath", format: str) -> Path:
    """Write a compiled kernel to a file; see `CompiledKernel.save`."""
    if format not in FORMATS:
        raise TTLangError(f"error: there is no format '{format}'; there are {', '.join(FORMATS)}")
    target = Path(path)
    data = FORMATS[format](compiled)
    beside = target.with_name(
        f".{target.name}.{os.getpid()}"
    )  # a reader sees the old file or the whole new one
    try:
        beside.write_bytes(data)
        os.replace(beside, target)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise TTLangError(f"error: cannot write {target}: {error.strerror}") from None
    return target


def load(path: "StrPath") -> CompiledKernel:
    """The compiled kernel of a program file (`.ttm`); nothing is executed.

    Raises ProgramFileError that says what is wrong with the file: unreadable, no program file, truncated, damaged,
    written by a newer compiler.
    """
    source = Path(path)
    try:
        data = source.read_bytes()
    except OSError as error:
        raise ProgramFileError(f"error: cannot read {source}: {error.strerror}") from None
    image, stages = ProgramImage.from_bytes(data, str(source))
    _check(image, str(source))
    return CompiledKernel(
        image, None, {STAGES[name]: text for name, text in stages.items() if name in STAGES}
    )


def _check(image: ProgramImage, name: str) -> None:
    """Names in a file that this version does not know."""
    if image.arch not in chip_names():
        raise ProgramFileError(
            f"error: {name} is for the chip '{image.arch}'; known are {', '.join(chip_names())}"
        )
    for buffer in image.buffers:
        if buffer.data_format not in BY_METAL_NAME:
            raise ProgramFileError(f"error: {name} has a buffer of the unknown format '{buffer.data_format}'")
