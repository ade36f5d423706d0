# SPDX-License-Identifier: Apache-2.0
"""The place in the IR that a builder has come to."""

from xdsl.dialects.builtin import LocationAttr
from xdsl.ir import Block, Operation

from ttlang.dialects.locations import UNKNOWN


class Insertion:
    """Puts ops before an anchor, or at the end of a block without one; those without a location get the current one."""

    def __init__(self, block: Block, anchor: Operation | None, location: LocationAttr):
        self._block = block
        self._anchor = anchor
        self._location = location

    def insert(self, op: Operation) -> Operation:
        if op.location == UNKNOWN:
            op.location = self._location
        if self._anchor is None:
            self._block.add_op(op)
        else:
            self._block.insert_op_before(op, self._anchor)
        return op
