# SPDX-License-Identifier: Apache-2.0
"""The tensors that copies read and write, and where."""

from collections import defaultdict
from collections.abc import Iterator

from xdsl.ir import Operation, SSAValue

from ttlang.dialects.ttl.attributes import BlockType
from ttlang.dialects.ttl.data_movement import CopyOp, IndexAccessorOp
from ttlang.dialects.ttl.structure import KernelOp, ProgramOp
from ttlang.dialects.walking import ops_in

from .loop_nests import Correspondence, turn_form


def copies_in(op: Operation) -> list[CopyOp]:
    """The copies in an op, itself included."""
    return [found for found in ops_in(op) if isinstance(found, CopyOp)]


def tensor_of(end: SSAValue) -> SSAValue | None:
    """The tensor that an end of a copy is a slice of; None for blocks and pipes."""
    return end.owner.tensor if isinstance(end.owner, IndexAccessorOp) else None


def is_tensor_read(copy: CopyOp) -> bool:
    """Whether a copy brings a slice of a tensor into a block."""
    return isinstance(copy.src.owner, IndexAccessorOp) and isinstance(copy.dst.type, BlockType)


def written_tensors(program: ProgramOp) -> set[SSAValue]:
    """The tensors that any thread of a program writes to."""
    return {tensor for copy in copies_in(program) if (tensor := tensor_of(copy.dst)) is not None}


def read_tensors(program: ProgramOp) -> set[SSAValue]:
    """The tensors that any thread of a program reads."""
    return {tensor for copy in copies_in(program) if (tensor := tensor_of(copy.src)) is not None}


def read_elsewhere(kernel: KernelOp, loops: Correspondence) -> Iterator[tuple[SSAValue, IndexAccessorOp]]:
    """Tensors that are written, and read at another place in the same turns: a turn may read what another wrote."""
    reads: dict[SSAValue, list[IndexAccessorOp]] = defaultdict(list)
    writes: dict[SSAValue, list[IndexAccessorOp]] = defaultdict(list)
    for copy in copies_in(kernel):
        for end, found in ((copy.src, reads), (copy.dst, writes)):
            if isinstance(end.owner, IndexAccessorOp):
                found[end.owner.tensor].append(end.owner)
    for tensor, written in writes.items():
        if tensor not in reads:
            continue
        first = _place(written[0], loops)
        for other in (*written[1:], *reads[tensor]):
            if _place(other, loops) != first:
                yield tensor, other


def _place(accessor: IndexAccessorOp, loops: Correspondence) -> list[object]:
    return [turn_form(index, loops) for index in accessor.indices]
