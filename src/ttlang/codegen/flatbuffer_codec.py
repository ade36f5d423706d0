# SPDX-License-Identifier: Apache-2.0
"""FlatBuffers by schema: plain dictionaries to bytes and back, field by field as a `.fbs` file lists them.

The schema file is read, not compiled: there is no generated code to keep in step with it. What is understood of the
language: tables, structs of `uint` fields, scalars `bool`, `uint`, `ulong`, strings, and vectors of all of these but
`bool`. Reading trusts nothing: offsets and lengths are checked, and what a buffer may make of its size is limited.
"""

import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import flatbuffers
import numpy as np
from flatbuffers import number_types
from flatbuffers.table import Table

_SCALARS = {
    "bool": number_types.BoolFlags,
    "uint": number_types.Uint32Flags,
    "ulong": number_types.Uint64Flags,
}
_VECTOR_TYPES: dict[str, np.dtype[Any]] = {"uint": np.dtype("<u4"), "ulong": np.dtype("<u8")}
_TOKENS = re.compile(r'//[^\n]*|"[^"]*"|[A-Za-z_]\w*|[{}:;\[\]]')
_ITEM_COST = 4
"""Bytes that an element of a vector takes at least in a buffer: its offset."""


class MalformedBuffer(ValueError):
    """Bytes that are no FlatBuffer of the schema."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `type` is a scalar, "string", a table or a struct; `vector` when there are many."""

    name: str
    type: str
    vector: bool


@dataclass(frozen=True)
class Schema:
    """Tables and structs by name, and the root."""

    tables: Mapping[str, tuple[Field, ...]]
    structs: Mapping[str, tuple[Field, ...]]
    root: str
    identifier: str

    @classmethod
    def parse(cls, text: str) -> "Schema":
        """Read a `.fbs` text. Raises ValueError for what is not understood."""
        tokens = [t for t in _TOKENS.findall(text) if not t.startswith("//")]
        declared: dict[str, dict[str, tuple[Field, ...]]] = {"table": {}, "struct": {}}
        named: dict[str, str] = {}
        while tokens:
            word = tokens.pop(0)
            if word in declared:
                name = tokens.pop(0)
                declared[word][name] = _parse_fields(tokens)
            else:
                end = tokens.index(";")
                named[word] = "".join(tokens[:end]).strip('"')
                del tokens[: end + 1]
        schema = cls(declared["table"], declared["struct"], named["root_type"], named["file_identifier"])
        schema._check()
        return schema

    def _check(self) -> None:
        for name, fields in (*self.tables.items(), *self.structs.items()):
            for field in fields:
                known = field.type in _SCALARS or field.type in self.tables or field.type == "string"
                if not known and not (field.vector and field.type in self.structs):
                    raise ValueError(
                        f"field {name}.{field.name} has a type that is not understood: {field.type}"
                    )

    def encode(self, values: Mapping[str, Any]) -> bytes:
        """The buffer of a root table, with its size in front. Raises KeyError for a missing value."""
        builder = flatbuffers.Builder(65536)
        builder.FinishSizePrefixed(_Writer(self, builder).table(self.root, values), self.identifier.encode())
        return bytes(builder.Output())

    def decode(self, data: bytes) -> dict[str, Any]:
        """The root table of a buffer with its size in front; absent fields are zero, empty or False.

        Raises MalformedBuffer, whatever the bytes.
        """
        try:
            return _Reader(self, data).root()
        except (struct.error, IndexError, ValueError, TypeError, OverflowError) as error:
            raise MalformedBuffer(str(error)) from error


def _parse_fields(tokens: list[str]) -> tuple[Field, ...]:
    if tokens.pop(0) != "{":
        raise ValueError("expected '{' in the schema")
    fields = []
    while (name := tokens.pop(0)) != "}":
        end = tokens.index(";")
        words = tokens[:end]
        del tokens[: end + 1]
        vector = words[1] == "["
        fields.append(Field(name, words[2] if vector else words[1], vector))
    return tuple(fields)


class _Writer:
    """Writes tables children first, as FlatBuffers are built."""

    def __init__(self, schema: Schema, builder: flatbuffers.Builder):
        self.schema = schema
        self.builder = builder

    def table(self, name: str, values: Mapping[str, Any]) -> int:
        fields = self.schema.tables[name]
        children = [self._child(field, values[field.name]) for field in fields]
        builder = self.builder
        builder.StartObject(len(fields))
        for slot, (field, child) in enumerate(zip(fields, children, strict=True)):
            if child is not None:
                builder.PrependUOffsetTRelativeSlot(slot, child, 0)
            elif field.type == "bool":
                builder.PrependBoolSlot(slot, bool(values[field.name]), False)
            elif field.type == "uint":
                builder.PrependUint32Slot(slot, values[field.name], 0)
            else:
                builder.PrependUint64Slot(slot, values[field.name], 0)
        return int(builder.EndObject())

    def _child(self, field: Field, value: Any) -> int | None:
        """The offset of a value that lies outside of its table; None for a scalar."""
        if field.vector:
            return self._vector(field.type, value)
        if field.type in self.schema.tables:
            return self.table(field.type, value)
        return int(self.builder.CreateString(value)) if field.type == "string" else None

    def _vector(self, type_: str, values: Sequence[Any]) -> int:
        if type_ in _VECTOR_TYPES:
            return int(self.builder.CreateNumpyVector(np.asarray(values, _VECTOR_TYPES[type_])))
        if type_ in self.schema.structs:
            return self._structs(len(self.schema.structs[type_]), np.asarray(values, "<u4"))
        make = self.builder.CreateSharedString if type_ == "string" else lambda v: self.table(type_, v)
        offsets = [make(value) for value in values]
        self.builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self.builder.PrependUOffsetTRelative(offset)
        return int(self.builder.EndVector())

    def _structs(self, width: int, rows: np.ndarray) -> int:
        """A vector of structs of `width` uint fields, one a row."""
        builder = self.builder
        data = rows.reshape(-1, width).tobytes()
        builder.StartVector(4 * width, len(data) // (4 * width), 4)
        builder.head -= len(data)
        builder.Bytes[builder.head : builder.head + len(data)] = data
        return int(builder.EndVector())


class _Reader:
    """Reads tables; what it makes is limited by the size of the buffer, however often parts of it are shared."""

    def __init__(self, schema: Schema, data: bytes):
        self.schema = schema
        self.data = data
        self.budget = 2 * len(data)

    def root(self) -> dict[str, Any]:
        (offset,) = struct.unpack_from("<I", self.data, 4)
        return self.table(self.schema.root, 4 + offset)

    def _spend(self, amount: int) -> None:
        self.budget -= amount
        if self.budget < 0:
            raise MalformedBuffer("its parts are larger than the whole")

    def table(self, name: str, position: int) -> dict[str, Any]:
        if not 0 <= position <= len(self.data) - 4:
            raise MalformedBuffer("a table lies outside")
        table = Table(self.data, position)
        if not 0 <= position - table.Get(number_types.SOffsetTFlags, position) <= len(self.data) - 4:
            raise MalformedBuffer("the layout of a table lies outside")
        return {
            field.name: self._field(table, 4 + 2 * slot, field)
            for slot, field in enumerate(self.schema.tables[name])
        }

    def _field(self, table: Table, slot: int, field: Field) -> Any:
        offset = table.Offset(slot)
        if field.vector:
            return self._vector(table, offset, field.type) if offset else self._empty(field.type)
        if field.type == "string":
            return self._string(table.Pos + offset) if offset else ""
        if field.type in self.schema.tables:
            if not offset:
                raise MalformedBuffer(f"it has no {field.name}")
            return self.table(field.type, table.Indirect(table.Pos + offset))
        return table.Get(_SCALARS[field.type], table.Pos + offset) if offset else 0

    def _empty(self, type_: str) -> Any:
        if type_ in self.schema.structs:
            return np.empty((0, len(self.schema.structs[type_])), "<u4")
        return np.empty(0, _VECTOR_TYPES[type_]) if type_ in _VECTOR_TYPES else []

    def _extent(self, position: int, size: int) -> tuple[int, int]:
        """First byte and number of elements, of `size` bytes each, of what the offset at `position` leads to."""
        (offset,) = struct.unpack_from("<I", self.data, position)
        start = position + offset
        (count,) = struct.unpack_from("<I", self.data, start)
        if start + 4 + count * size > len(self.data):
            raise MalformedBuffer("a vector ends outside")
        self._spend(count * size)
        return start + 4, count

    def _string(self, position: int) -> str:
        start, count = self._extent(position, 1)
        return self.data[start : start + count].decode("utf-8")

    def _vector(self, table: Table, offset: int, type_: str) -> Any:
        position = table.Pos + offset
        if type_ in _VECTOR_TYPES:
            dtype = _VECTOR_TYPES[type_]
            start, count = self._extent(position, dtype.itemsize)
            return np.frombuffer(self.data, dtype, count, start)
        if type_ in self.schema.structs:
            width = len(self.schema.structs[type_])
            start, count = self._extent(position, 4 * width)
            return np.frombuffer(self.data, "<u4", count * width, start).reshape(count, width)
        start, count = self._extent(position, _ITEM_COST)
        places = range(start, start + 4 * count, 4)
        if type_ == "string":
            return [self._string(place) for place in places]
        return [self.table(type_, table.Indirect(place)) for place in places]
