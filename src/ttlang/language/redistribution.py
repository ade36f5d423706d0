# SPDX-License-Identifier: Apache-2.0
"""The kernel that deals a distributed tensor anew: cores fetch the pages of their new parts from where they lie."""

from typing import TYPE_CHECKING

from .data import Memory
from .kernel import datamovement, kernel
from .operations import copy
from .resources import core, grid_size, make_circular_buffer_like
from .tensors import TensorParameter

if TYPE_CHECKING:
    from .distributed import DistributedTensor


def _cores(source: "DistributedTensor", target: "DistributedTensor") -> tuple[int, int]:
    return _placed(source, target).cores


def _placed(source: "DistributedTensor", target: "DistributedTensor") -> "DistributedTensor":
    """The tensor whose parts the cores go through: one with a part in each core's memory, if there is one."""
    return source if target.strategy == "interleaved" != source.strategy else target


@kernel(grid=_cores)
def redistribute(source: TensorParameter, target: TensorParameter) -> None:
    """Copy `source` to `target`, which has the same values in other parts.

    Each core copies one part: its part of `target`, fetched from all cores that hold some of it, or its part of `source` when
    the pages of `target` are interleaved. A part that lies in the core's L1 is not transferred: the circular buffer is that
    part, in one block. Other parts go through a buffer row by row of pages, which needs little memory.
    """
    of_source, of_target = source.partition, target.partition
    assert of_source is not None and of_target is not None
    placed = source if of_target.strategy == "interleaved" != of_source.strategy else target
    dealt = of_source if placed is source else of_target
    units = 32 if source.spec.tiled else 1
    high, wide = dealt.shard[0] // units, dealt.shard[1] // units
    x, y = core(dims=2)
    number = y * grid_size(dims=2)[0] + x
    across = dealt.grid[1]
    part = (y, x) if grid_size(dims=2) == (across, dealt.grid[0]) else (number // across, number % across)
    top, left = part[0] * high, part[1] * wide
    in_place = placed.spec.memory is Memory.L1 and dealt.strategy != "interleaved"
    step = high if in_place else 1
    pages = make_circular_buffer_like(source, shape=(step, wide))

    @datamovement()
    def fetch() -> None:
        for row in range(0, high, step):
            with pages.reserve() as block:
                copy(source[top + row : top + row + step, left : left + wide], block)

    @datamovement()
    def put() -> None:
        for row in range(0, high, step):
            with pages.wait() as block:
                copy(block, target[top + row : top + row + step, left : left + wide])
