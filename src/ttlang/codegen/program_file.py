# SPDX-License-Identifier: Apache-2.0
"""Program files (`.ttm`): a FlatBuffer (`program.fbs`) with a size in front and a digest behind.

Reading executes nothing and tells what is wrong with a file: no program file, truncated, damaged, or newer.
"""

from collections.abc import Mapping
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from ttlang.diagnostics import TTLangError

from .flatbuffer_codec import MalformedBuffer, Schema

FORMAT = 3
"""Format that is written, and the newest that is read; see `program.fbs`."""

SUFFIX = ".ttm"
_MARK = b"TTLE"
_DIGEST_BYTES = 16
_TRAILER = len(_MARK) + _DIGEST_BYTES
_SIZE_PREFIX = 4
_IDENTIFIER = slice(8, 12)


class ProgramFileError(TTLangError):
    """A program file that cannot be read."""


@cache
def schema() -> Schema:
    """The schema of program files."""
    return Schema.parse(Path(__file__).with_name("program.fbs").read_text(encoding="utf-8"))


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=_DIGEST_BYTES).digest()


def encode_program(values: Mapping[str, Any]) -> bytes:
    """The bytes of a program file; `values` has the fields of the schema's root but `format` and `compiler`."""
    from ttlang import __version__

    body = schema().encode({**values, "format": FORMAT, "compiler": __version__})
    return body + _MARK + _digest(body)


def decode_program(data: bytes, name: str) -> dict[str, Any]:
    """The fields of a program file; `name` is what messages call it.

    Raises ProgramFileError.
    """
    body = _checked_body(data, name)
    try:
        values = schema().decode(body)
    except MalformedBuffer as error:
        raise ProgramFileError(f"error: {name} is malformed: {error}") from error
    if values["format"] > FORMAT:
        from ttlang import __version__

        raise ProgramFileError(
            f"error: {name} is newer than this compiler: format {values['format']}, written by ttlang"
            f" {values['compiler']}; ttlang {__version__} reads formats up to {FORMAT}\n"
            "  help: install a newer ttlang, or compile the kernel again"
        )
    if values["format"] < 1:
        raise ProgramFileError(f"error: {name} is malformed: it names no format")
    return values


def _checked_body(data: bytes, name: str) -> bytes:
    """The FlatBuffer of a file whose digest holds."""
    advice = "\n  help: copy the file again, or compile the kernel again"
    is_complete = data[-_TRAILER : -_TRAILER + len(_MARK)] == _MARK
    if data[_IDENTIFIER] != schema().identifier.encode() and not is_complete:
        if len(data) < _IDENTIFIER.stop:
            raise ProgramFileError(
                f"error: {name} is truncated or no program file: it has {len(data)} bytes{advice}"
            )
        raise ProgramFileError(f"error: {name} is no ttlang program file")
    expected = _SIZE_PREFIX + int.from_bytes(data[:_SIZE_PREFIX], "little") + _TRAILER
    if len(data) < expected and not is_complete:
        raise ProgramFileError(f"error: {name} is truncated: it has {len(data)} of {expected} bytes{advice}")
    body = data[:-_TRAILER]
    if not is_complete or len(data) != expected or _digest(body) != data[-_DIGEST_BYTES:]:
        raise ProgramFileError(f"error: {name} is damaged: its checksum does not hold{advice}")
    return body
