# SPDX-License-Identifier: Apache-2.0
"""The pass `ttl-allocate-circular-buffers`."""

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, i32, i64
from xdsl.passes import ModulePass

from ttlang.dialects.ttl.buffers import CreateCBOp
from ttlang.dialects.ttl.structure import ProgramOp
from ttlang.hardware import Chip

from .buffer_lifetimes import Lifetimes
from .errors import error
from .local_shards import SHARDS_OF
from .pipe_handshakes import LANDING
from .program_structure import block_bytes, chip_of, name_of, programs, resources
from .thread_sets import thread_sets

INDEX, ADDRESS, BYTES = "cb_index", "address", "size"
"""Attributes that the pass gives to `ttl.create_cb`."""


def _aligned(value: int, alignment: int) -> int:
    return -(-value // alignment) * alignment


def buffer_bytes(cb: CreateCBOp) -> int:
    """Bytes of all blocks of a circular buffer."""
    return block_bytes(cb.result.type) * cb.result.type.buffer_factor.data


@dataclass(frozen=True)
class _Placed:
    """A buffer and the bytes that it takes, from `start` up to `end`."""

    cb: CreateCBOp
    start: int
    end: int


@dataclass(frozen=True)
class TTLAllocateCircularBuffers(ModulePass):
    """Gives each circular buffer its index on the core and its address in L1.

    Input: kernels with their threads. Output: `ttl.create_cb` with `cb_index`, `address` and `size` (bytes); indices
    count the buffers, addresses are the same on all cores. First fit in order of creation, at the alignment that
    transfers from any memory need. Two buffers share memory when one is over before the other begins
    (`ttlang.transforms.buffer_lifetimes`), or when no core uses both; an index is never shared. A buffer that lies in
    the shards of a tensor gets an index only. Refuses a kernel with more buffers than the chip has, and one whose
    buffers do not fit, with the size of each and the line that made it.
    """

    name = "ttl-allocate-circular-buffers"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for program in programs(op):
            self._allocate(program, chip_of(program))

    def _allocate(self, program: ProgramOp, chip: Chip) -> None:
        made = resources(program, CreateCBOp)
        if len(made) > chip.circular_buffers:
            raise error(
                made[chip.circular_buffers],
                f"this kernel needs {len(made)} circular buffers, those that the compiler adds included;"
                f" {chip.name} has {chip.circular_buffers} a core",
            )
        lifetimes = [Lifetimes(alike.threads) for alike in thread_sets(program)]
        alignment = max(chip.l1.alignment, chip.dram.read_alignment)
        placed: list[_Placed] = []
        for index, cb in enumerate(made):
            cb.attributes[INDEX] = IntegerAttr(index, i32)
            if SHARDS_OF in cb.attributes:
                continue
            rivals = [p for p in placed if not _share(lifetimes, p.cb, cb)]
            start = _first_fit(rivals, buffer_bytes(cb), chip.l1.cb_base, alignment)
            end = start + buffer_bytes(cb)
            if end > chip.l1.cb_base + chip.l1.cb_bytes:
                own = [other for other in made if SHARDS_OF not in other.attributes]
                raise self._overflow(cb, own, end - chip.l1.cb_base, chip)
            placed.append(_Placed(cb, start, end))
            cb.attributes[ADDRESS] = IntegerAttr(start, i64)
            cb.attributes[BYTES] = IntegerAttr(end - start, i64)

    def _overflow(self, cb: CreateCBOp, made: Sequence[CreateCBOp], needed: int, chip: Chip) -> Exception:
        return error(
            cb,
            f"the circular buffers of this kernel need {max(needed, sum(map(buffer_bytes, made)))} bytes of L1;"
            f" a core of {chip.name} has {chip.l1.cb_bytes} for them",
            notes=[
                (f"'{name_of(other.result, 'a buffer')}' takes {buffer_bytes(other)} bytes, made", other)
                for other in sorted(made, key=buffer_bytes, reverse=True)
            ],
            hint="make blocks smaller, or lower buffer_factor",
        )


def _share(lifetimes: Sequence[Lifetimes], one: CreateCBOp, other: CreateCBOp) -> bool:
    """Whether two buffers may lie at the same place. Other cores write to landing places at any time."""
    if LANDING in one.attributes or LANDING in other.attributes:
        return False
    if not all(any(alike.uses_any(cb) for alike in lifetimes) for cb in (one, other)):
        return False  # a buffer that no core uses keeps the place that its author gave it
    return all(alike.never_meet(one, other) for alike in lifetimes)


def _first_fit(rivals: Sequence[_Placed], size: int, base: int, alignment: int) -> int:
    """The lowest place that no buffer in use at the same time takes."""
    start = _aligned(base, alignment)
    for rival in sorted(rivals, key=lambda p: p.start):
        if start + size <= rival.start:
            break
        start = max(start, _aligned(rival.end, alignment))
    return start
