# SPDX-License-Identifier: Apache-2.0
"""Attributes and types that IR holds many times, made once.

Making one costs the IR library tens of microseconds, since it verifies each; a kernel has hundreds of uses of a few
different ones. They never change, so ops may share them.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from xdsl.dialects.builtin import (
    FileLineColLoc,
    IndexType,
    IntAttr,
    IntegerAttr,
    IntegerType,
    MemRefLayoutAttr,
    MemRefType,
    NoneAttr,
    StringAttr,
    TensorType,
    i64,
)
from xdsl.ir import Attribute

INDEX = IndexType()
_NONE = NoneAttr()


@lru_cache(maxsize=4096)
def integer(value: int, type: IntegerType | IndexType = i64) -> IntegerAttr[Any]:
    """`value : type`"""
    return IntegerAttr(value, type)


@lru_cache(maxsize=4096)
def string(value: str) -> StringAttr:
    return StringAttr(value)


def tensor(element: Attribute, shape: Sequence[int]) -> TensorType[Any]:
    """The type of a tensor without a layout."""
    return _tensor(element, tuple(shape))


@lru_cache(maxsize=1024)
def _tensor(element: Attribute, shape: tuple[int, ...]) -> TensorType[Any]:
    return TensorType(element, shape)


def memref(
    element: Attribute,
    shape: Sequence[int],
    layout: MemRefLayoutAttr | NoneAttr = _NONE,
    space: Attribute = _NONE,
) -> MemRefType[Any]:
    return _memref(element, tuple(shape), layout, space)


@lru_cache(maxsize=1024)
def _memref(
    element: Attribute, shape: tuple[int, ...], layout: MemRefLayoutAttr | NoneAttr, space: Attribute
) -> MemRefType[Any]:
    return MemRefType(element, shape, layout, space)


@lru_cache(maxsize=4096)
def file_location(file: str, line: int, column: int) -> FileLineColLoc:
    return FileLineColLoc(string(file), IntAttr(line), IntAttr(column))
