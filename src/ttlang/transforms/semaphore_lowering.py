# SPDX-License-Identifier: Apache-2.0
"""Semaphores of the program in TTKernel."""

from collections.abc import Sequence

from xdsl.dialects import scf
from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import Block, SSAValue

from ttlang.dialects.ttl.coordinates import Coordinate
from ttlang.dialects.ttl.semaphores import (
    CreateSemaphoreOp,
    RemoteSemaphoreOp,
    SemaphoreIncOp,
    SemaphoreSetOp,
    SemaphoreWaitOp,
)

from .core_coordinates import Cores, Corners, l1_word
from .errors import error
from .kernel_builder import KernelBuilder
from .pipe_handshakes import SCRATCH, SEMAPHORE_ID


class SemaphoreLowering:
    """Lowers waits and signals, in one function."""

    def __init__(self, builder: KernelBuilder, cores: Cores):
        self.b = builder
        self.cores = cores
        self.func = cores.func
        self._scratch_values: tuple[SSAValue, SSAValue] | None = None
        self._addresses: dict[SSAValue, SSAValue] = {}
        self._words: dict[SSAValue, SSAValue] = {}

    def lower(self, op: SemaphoreWaitOp | SemaphoreSetOp | SemaphoreIncOp) -> None:
        """Emit the calls for `op`, which its caller removes."""
        match op:
            case SemaphoreWaitOp():
                self._wait(op)
            case SemaphoreSetOp():
                self._set(op)
            case SemaphoreIncOp():
                self._inc(op)

    def _address(self, semaphore: SSAValue) -> SSAValue:
        """The L1 address, the same on all cores; looked up once."""
        semaphore = _local(semaphore)
        if semaphore not in self._addresses:
            made = semaphore.owner
            assert isinstance(made, CreateSemaphoreOp)
            number = made.attributes.get(SEMAPHORE_ID)
            if not isinstance(number, IntegerAttr):
                raise error(made, "this semaphore has no number: run ttl-insert-synchronization before")
            with self.b.at_start():
                address = self.b.value("get_semaphore", self.b.constant(number.value.data))
            address.name_hint = semaphore.name_hint
            self._addresses[semaphore] = address
        return self._addresses[semaphore]

    def _word(self, semaphore: SSAValue) -> SSAValue:
        semaphore = _local(semaphore)
        if semaphore not in self._words:
            address = self._address(semaphore)
            with self.b.at_start():
                self._words[semaphore] = l1_word(self.b, address)
            self._words[semaphore].name_hint = f"{semaphore.name_hint or 'semaphore'}_word"
        return self._words[semaphore]

    def _amount(self, op: SemaphoreWaitOp | SemaphoreSetOp | SemaphoreIncOp) -> SSAValue:
        amount = op.amount
        return self.b.constant(amount) if isinstance(amount, int) else amount

    def _wait(self, op: SemaphoreWaitOp) -> None:
        word = self._word(op.semaphore)
        amount = self._amount(op)
        if op.is_minimum:
            self.b.call("experimental::semaphore_wait_min", word, self.b.i32(amount))
        else:
            self.b.call("experimental::semaphore_wait", word, amount)
        if op.reset_value is not None:
            self.b.call("noc_semaphore_set", word, self.b.constant(op.reset_value.value.data))

    def _set(self, op: SemaphoreSetOp) -> None:
        core, corners = _target(op)
        word = self._word(op.semaphore)
        if core is None and corners is None:
            self.b.call("noc_semaphore_set", word, self._amount(op))
            return
        # the value goes out from a word of its own: this core's semaphore may be changed by others meanwhile
        scratch, scratch_word = self._scratch(op)
        address = self._address(op.semaphore)
        self.b.call("noc_semaphore_set", scratch_word, self._amount(op))
        if core is not None:
            self.b.call("noc_semaphore_set_remote", scratch, self.cores.noc_address(core, address))
        else:
            assert corners is not None
            target = self.cores.multicast_address(corners, address)
            self.b.call(
                "noc_semaphore_set_multicast", scratch, target, self.b.i32(self.cores.others(corners))
            )
            self._set_own(op, word, corners)
        self.b.call("noc_async_write_barrier")

    def _set_own(self, op: SemaphoreSetOp, word: SSAValue, corners: Corners) -> None:
        """Multicast leaves the sender out; set its own when it is in the rectangle."""
        inside = self.cores.inside(corners)
        if inside is None:
            self.b.call("noc_semaphore_set", word, self._amount(op))
            return
        body = Block()
        amount = self._amount(op)
        with self.b.at_end(body):
            self.b.call("noc_semaphore_set", word, amount)
            self.b.insert(scf.YieldOp())
        self.b.insert(scf.IfOp(inside, [], [body]))

    def _scratch(self, op: SemaphoreSetOp) -> tuple[SSAValue, SSAValue]:
        """Address and word of the semaphore that this function sends values from."""
        number = self.func.attributes.get(f"ttl.{SCRATCH}")
        if not isinstance(number, IntegerAttr):
            raise error(
                op, "this function has no semaphore to send from: run ttl-insert-synchronization before"
            )
        if self._scratch_values is None:
            with self.b.at_start():
                address = self.b.value("get_semaphore", self.b.constant(number.value.data))
                word = l1_word(self.b, address)
            address.name_hint, word.name_hint = "outgoing", "outgoing_word"
            self._scratch_values = address, word
        return self._scratch_values

    def _inc(self, op: SemaphoreIncOp) -> None:
        core, _ = _target(op)
        assert core is not None
        address = self.cores.noc_address(core, self._address(op.semaphore))
        self.b.call("noc_semaphore_inc", address, self._amount(op))


def _local(semaphore: SSAValue) -> SSAValue:
    """The semaphore that a remote one is the counterpart of."""
    return semaphore.owner.semaphore if isinstance(semaphore.owner, RemoteSemaphoreOp) else semaphore


def _target(op: SemaphoreSetOp | SemaphoreIncOp) -> tuple[Sequence[Coordinate] | None, Corners | None]:
    """The one core, or the rectangle, that a signal goes to."""
    handle = op.semaphore.owner
    if isinstance(handle, RemoteSemaphoreOp):
        return handle.target_core, handle.target_range
    return op.target_core, op.target_range
