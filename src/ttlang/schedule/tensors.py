# SPDX-License-Identifier: Apache-2.0
"""The tensors that a kernel's copies read and write, and where."""

from collections import defaultdict
from collections.abc import Iterator

from xdsl.ir import SSAValue

from ttlang.dialects.ttl.data_movement import CopyOp, IndexAccessorOp, TensorAccessorOp
from ttlang.dialects.ttl.structure import KernelOp

from .loop_nests import Correspondence, turn_form


def tensor_of(end: SSAValue) -> SSAValue:
    """The tensor that an end of a copy is a slice of, or the end itself."""
    if not isinstance(end.owner, IndexAccessorOp):
        return end
    made = end.owner.accessor.owner
    return made.tensor if isinstance(made, TensorAccessorOp) else end.owner.accessor


def copies_of(kernel: KernelOp) -> Iterator[CopyOp]:
    for thread in kernel.threads:
        for op in thread.walk():
            if isinstance(op, CopyOp):
                yield op


def read_elsewhere(kernel: KernelOp, loops: Correspondence) -> Iterator[tuple[SSAValue, IndexAccessorOp]]:
    """Tensors that are written, and read at another place in the same turns: a turn may read what another wrote."""
    reads: dict[SSAValue, list[IndexAccessorOp]] = defaultdict(list)
    writes: dict[SSAValue, list[IndexAccessorOp]] = defaultdict(list)
    for copy in copies_of(kernel):
        for end, found in ((copy.src, reads), (copy.dst, writes)):
            if isinstance(end.owner, IndexAccessorOp):
                found[tensor_of(end)].append(end.owner)
    for tensor, written in writes.items():
        if tensor not in reads:
            continue
        first = _place(written[0], loops)
        for other in (*written[1:], *reads[tensor]):
            if _place(other, loops) != first:
                yield tensor, other


def _place(accessor: IndexAccessorOp, loops: Correspondence) -> list[object]:
    return [turn_form(index, loops) for index in accessor.indices]
