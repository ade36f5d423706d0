# SPDX-License-Identifier: Apache-2.0
"""What the steps of a schedule are asked to work on: checked, and looked up in the kernel around it."""

from collections.abc import Sequence
from typing import TypeVar

from xdsl.ir import Operation, SSAValue

from ttlang.dialects.ttl.structure import KernelOp, ProgramOp, ThreadOp
from ttlang.dialects.ttl.transfers import CopyOp

from .errors import ScheduleError

_Op = TypeVar("_Op", bound=Operation)


def of_kind(targets: Sequence[Operation], kind: type[_Op], name: str) -> list[_Op]:
    """The targets, all of one kind of op called `name`. Raises ScheduleError for another."""
    found = []
    for target in targets:
        if not isinstance(target, kind):
            raise ScheduleError(f"it works on {name}, and the handle is to a {target.name}", target)
        found.append(target)
    return found


def kernel_of(op: Operation) -> KernelOp:
    """The kernel that an op is in. Raises ScheduleError for one in none."""
    found = _around(op, KernelOp)
    if found is None:
        raise ScheduleError(f"this {op.name} is in no kernel", op)
    return found


def program_of(kernel: KernelOp) -> ProgramOp:
    """The program of a kernel. Raises ScheduleError for a kernel in none, which nothing says the chip and tensors of."""
    found = _around(kernel, ProgramOp)
    if found is None:
        raise ScheduleError("this kernel is in no ttl.program, which says the chip", kernel)
    return found


def thread_of(op: Operation) -> ThreadOp | None:
    """The thread that an op is in."""
    return _around(op, ThreadOp)


def _around(op: Operation, kind: type[_Op]) -> _Op | None:
    parent: Operation | None = op
    while parent is not None and not isinstance(parent, kind):
        parent = parent.parent_op()
    return parent


def is_waited(copy: CopyOp) -> bool:
    """Whether the program waits for a copy by name."""
    return bool(copy.tx.uses)


def named(value: SSAValue, fallback: str = "a buffer") -> str:
    """What an error calls a value: its Python name in quotes."""
    return f"'{value.name_hint}'" if value.name_hint else fallback
