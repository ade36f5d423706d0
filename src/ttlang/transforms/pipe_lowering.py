# SPDX-License-Identifier: Apache-2.0
"""Pipes in TTKernel: sends, receives and their semaphores (protocol: `ttlang.transforms.pipe_handshakes`)."""

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr, StringAttr, i32
from xdsl.ir import SSAValue

from ttlang.dialects.ttl.attributes import CBType
from ttlang.dialects.ttl.pipes import CreatePipeOp
from ttlang.dialects.ttl.transfers import CopyOp

from .core_coordinates import Cores, l1_word
from .errors import error
from .kernel_builder import KernelBuilder
from .pipe_families import LOOPS_BACK, RECEIVERS
from .pipe_handshakes import HANDSHAKE, READY, VALID
from .protocol_execution import receivers
from .ttl_expand_threads import LANDING_CB, LANDING_TYPE

TICKET = 1 << 22
"""What each receiver of a direct pipe adds to "ready"; the first adds the address of its block too, which is smaller."""

L1_ADDRESS = (1 << 21) - 1
"""The bits of an address in L1. A pointer may have more: where memories are mapped beside each other, those tell the core."""


class PipeLowering:
    """Lowers copies into and out of pipes, in one function."""

    def __init__(self, builder: KernelBuilder, cores: Cores):
        self.b = builder
        self.cores = cores
        self._semaphores: dict[int, SSAValue] = {}
        self._words: dict[int, SSAValue] = {}

    def semaphore(self, number: int) -> SSAValue:
        """The L1 address of a semaphore, the same on all cores; looked up once, at the start of the function."""
        if number not in self._semaphores:
            with self.b.at_start():
                found = self.b.value("get_semaphore", self.b.constant(number))
            found.name_hint = f"semaphore{number}"
            self._semaphores[number] = found
        return self._semaphores[number]

    def word(self, number: int) -> SSAValue:
        """The word of a semaphore of this core."""
        if number not in self._words:
            address = self.semaphore(number)
            with self.b.at_start():
                self._words[number] = l1_word(self.b, address)
            self._words[number].name_hint = f"semaphore{number}_word"
        return self._words[number]

    def send(self, copy: CopyOp, pipe: CreatePipeOp, source: SSAValue, size: int) -> None:
        """Wait until the receivers can take a block, write it to them, and tell them."""
        targets = _receivers(pipe)
        ready, valid = _number(pipe, READY), _number(pipe, VALID)
        word = self.word(ready)
        if _is_buffered(pipe):
            self.b.call("experimental::semaphore_wait", word, self.b.constant(targets))
            destination = self._landing(pipe)
        else:
            count = self.b.i32(targets * TICKET)
            self.b.call("experimental::semaphore_wait_min", word, count)
            value = self.b.value("load_from_l1", word, self.b.i32(0), type=i32)
            destination = self.b.insert(arith.SubiOp(value, count)).results[0]
        destination.name_hint = destination.name_hint or "destination"
        self.b.call("noc_semaphore_set", word, self.b.constant(0))
        self._write(copy, pipe, source, destination, size)
        self.b.call("noc_async_write_barrier")
        self._raise(pipe, self.semaphore(valid))

    def _write(
        self, copy: CopyOp, pipe: CreatePipeOp, source: SSAValue, destination: SSAValue, size: int
    ) -> None:
        corners = pipe.destination
        count = _receivers(pipe)
        if count == 1:
            self.b.call(
                "noc_async_write", source, self.cores.noc_address(corners[0], destination), self.b.i32(size)
            )
            return
        if pipe.pipe_type.is_static and not self.cores.is_rectangle(pipe.pipe_type.corners):
            raise error(
                copy,
                "this pipe leads to cores that are no rectangle on the chip",
                hint="use a two-dimensional grid, or a pipe to each of them",
            )
        address = self.cores.multicast_address(corners, destination)
        call = "noc_async_write_multicast_loopback_src" if _loops_back(pipe) else "noc_async_write_multicast"
        self.b.call(call, source, address, self.b.i32(size), self.b.i32(count))

    def write_unsynchronised(self, copy: CopyOp, pipe: CreatePipeOp, source: SSAValue, size: int) -> None:
        """Write a block to the same place of other cores, which semaphores of the program have made ready.

        A rectangle that holds this core goes to all others of it: the block is here already.
        """
        first, last = pipe.destination
        if first == last:
            self.b.call("noc_async_write", source, self.cores.noc_address(first, source), self.b.i32(size))
            return
        others = self.cores.others((first, last))
        address = self.cores.multicast_address((first, last), source)
        self.b.call("noc_async_write_multicast", source, address, self.b.i32(size), self.b.i32(others))

    def _raise(self, pipe: CreatePipeOp, semaphore: SSAValue) -> None:
        """Add one to a semaphore of all receivers. Multicast leaves the sender out."""
        corners, source = pipe.destination, pipe.source
        others = _receivers(pipe) - _loops_back(pipe)
        one = self.b.constant(1)
        if others + _loops_back(pipe) == 1:
            self.b.call("noc_semaphore_inc", self.cores.noc_address(corners[0], semaphore), one)
            return
        address = self.cores.multicast_address(corners, semaphore)
        self.b.call("noc_semaphore_inc_multicast", address, one, self.b.i32(others))
        if _loops_back(pipe):
            self.b.call("noc_semaphore_inc", self.cores.noc_address(source, semaphore), one)

    def announce(self, pipe: CreatePipeOp, destination: SSAValue) -> None:
        """Tell the source of a direct pipe that this core has room, and where. Buffered pipes always have."""
        if _is_buffered(pipe):
            return
        source, first = pipe.source, pipe.destination[0]
        place = self.b.insert(arith.AndIOp(destination, self.b.i32(L1_ADDRESS))).results[0]
        amount: SSAValue = self.b.insert(arith.AddiOp(place, self.b.i32(TICKET))).results[0]
        if _receivers(pipe) > 1:
            is_first = self.cores.inside((first, first))
            if is_first is not None:
                amount = self.b.insert(arith.SelectOp(is_first, amount, self.b.i32(TICKET))).results[0]
        amount.name_hint = "ticket"
        address = self.cores.noc_address(source, self.semaphore(_number(pipe, READY)))
        self.b.call("noc_semaphore_inc", address, amount)

    def arrive(self, pipe: CreatePipeOp) -> None:
        """Wait until a block has come."""
        word = self.word(_number(pipe, VALID))
        self.b.call("experimental::semaphore_wait", word, self.b.constant(1))
        self.b.call("noc_semaphore_set", word, self.b.constant(0))

    def _landing(self, pipe: CreatePipeOp) -> SSAValue:
        """Where blocks of a buffered pipe come to: the same address on all cores."""
        index, type = pipe.attributes[LANDING_CB], pipe.attributes[LANDING_TYPE]
        assert isinstance(index, IntegerAttr) and isinstance(type, CBType)
        return self.b.value("get_write_ptr", self.b.buffer_of_index(index.value.data, type), type=i32)


def _number(pipe: CreatePipeOp, name: str) -> int:
    attribute = pipe.attributes.get(name)
    if not isinstance(attribute, IntegerAttr):
        raise error(pipe, "this pipe has no handshake: run ttl-insert-synchronization before")
    return attribute.value.data


def _is_buffered(pipe: CreatePipeOp) -> bool:
    kind = pipe.attributes.get(HANDSHAKE)
    return isinstance(kind, StringAttr) and kind.data == "buffered"


def _receivers(pipe: CreatePipeOp) -> int:
    """How many cores receive."""
    count = pipe.attributes.get(RECEIVERS)
    return count.value.data if isinstance(count, IntegerAttr) else len(receivers(pipe.pipe_type))


def _loops_back(pipe: CreatePipeOp) -> bool:
    """Whether the source is one of the receivers."""
    known = pipe.attributes.get(LOOPS_BACK)
    if isinstance(known, IntegerAttr):
        return bool(known.value.data)
    source, first, last = pipe.pipe_type.coordinates
    return all(a <= c <= b for c, a, b in zip(source, first, last, strict=True))


def made_pipe(value: SSAValue) -> CreatePipeOp:
    """The op that makes a pipe in this function."""
    owner = value.owner
    assert isinstance(owner, CreatePipeOp)
    return owner
