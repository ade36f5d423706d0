# SPDX-License-Identifier: Apache-2.0
"""Compile-time words of tensor accessors: which words belong to which tensor, and where they say that pages lie.

Words of an interleaved tensor: flags, page size. Of a sharded one: flags, page size, rank, banks, the shape of
the tensor and of a shard in pages, and two bank coordinates a word. One placement has several such forms: ttnn folds
dimensions that shards do not cut.
"""

from collections.abc import Sequence
from math import prod

IS_SHARDED = 1


def split_words(words: Sequence[int], tensors: int) -> list[tuple[int, ...]]:
    """The words of each of so many tensors. Raises ValueError when they are not as many as they say."""
    found: list[tuple[int, ...]] = []
    position = 0
    for _ in range(tensors):
        size = _length(words[position:])
        found.append(tuple(words[position : position + size]))
        position += size
    if position != len(words):
        raise ValueError(f"the accessors of {tensors} tensors take {position} words, not {len(words)}")
    return found


def _length(words: Sequence[int]) -> int:
    if len(words) < 2 or (words[0] & IS_SHARDED and len(words) < 4):
        raise ValueError("the words of an accessor end early")
    if not words[0] & IS_SHARDED:
        return 2
    rank, banks = words[2:4]
    return 4 + 2 * rank + (banks + 1) // 2


def same_placement(one: Sequence[int], other: Sequence[int]) -> bool:
    """Whether two accessors find all pages of a tensor at the same places."""
    if tuple(one) == tuple(other):
        return True
    if tuple(one[:2]) != tuple(other[:2]) or not one[0] & IS_SHARDED:
        return False
    return _places(one) == _places(other)


def _places(words: Sequence[int]) -> list[tuple[int, int]]:
    """For each page, the coordinate of its bank and its number there; shards are dealt to the banks in turn."""
    rank, banks = words[2:4]
    shape, shard = words[4 : 4 + rank], words[4 + rank : 4 + 2 * rank]
    packed = words[4 + 2 * rank :]
    coordinates = [packed[i // 2] >> 16 * (i % 2) & 0xFFFF for i in range(banks)]
    shards = [-(-size // part) for size, part in zip(shape, shard, strict=True)]
    places = []
    for page in range(prod(shape)):
        rest, number, inside, scale, inner = page, 0, 0, 1, 1
        for size, part, count in zip(reversed(shape), reversed(shard), reversed(shards), strict=True):
            index = rest % size
            rest //= size
            number += index // part * scale
            inside += index % part * inner
            scale *= count
            inner *= part
        places.append((coordinates[number % banks], number // banks * prod(shard) + inside))
    return places
