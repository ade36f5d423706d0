# SPDX-License-Identifier: Apache-2.0
"""What the steps of a schedule are asked to work on: checked, and looked up in the kernel around it."""

from collections.abc import Sequence
from typing import TypeVar

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.traits import is_side_effect_free

from ttlang.dialects.ttl.buffers import CreateCBOp
from ttlang.dialects.ttl.structure import KernelOp, ProgramOp
from ttlang.dialects.ttl.transfers import CopyOp
from ttlang.transforms.local_shards import SHARDS_OF, place_in_shards

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


def _around(op: Operation, kind: type[_Op]) -> _Op | None:
    parent: Operation | None = op
    while parent is not None and not isinstance(parent, kind):
        parent = parent.parent_op()
    return parent


def copy_of_module(op: Operation) -> tuple[ModuleOp, dict[Operation, Operation]]:
    """A copy of the module around an op, to try things on, and what each op is in it."""
    module = op.get_toplevel_object()
    assert isinstance(module, ModuleOp)
    copy = module.clone()
    return copy, dict(zip(module.walk(), copy.walk(), strict=True))


def twin_of(op: _Op) -> tuple[ModuleOp, _Op]:
    """A copy of the module around an op, and the op in it."""
    copy, twins = copy_of_module(op)
    twin = twins[op]
    assert isinstance(twin, type(op))
    return copy, twin


def needless(kernel: KernelOp) -> tuple[set[SSAValue], set[CopyOp]]:
    """The buffers of a kernel that will lie in shards of a tensor, and the copies that this makes needless."""
    module, twins = copy_of_module(kernel)
    twin = twins[kernel]
    assert isinstance(twin, KernelOp)
    place_in_shards(program_of(twin))
    ops = list(program_of(kernel).walk())
    buffers: set[SSAValue] = {
        op.result for op in ops if isinstance(op, CreateCBOp) and SHARDS_OF in twins[op].attributes
    }
    kept = set(module.walk())
    return buffers, {op for op in ops if isinstance(op, CopyOp) and twins[op] not in kept}


def named(value: SSAValue, fallback: str = "a buffer") -> str:
    """What an error calls a value: its Python name in quotes."""
    return f"'{value.name_hint}'" if value.name_hint else fallback


def is_arithmetic(op: Operation) -> bool:
    """Whether an op only computes a value, or names a slice: it may stand anywhere behind its operands.

    The dialect `arith` does not say so of divisions, which trap on some machines; those of a RISC-V do not.
    """
    return not op.regions and (op.name.startswith("arith.") or is_side_effect_free(op))
