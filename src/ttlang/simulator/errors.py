# SPDX-License-Identifier: Apache-2.0
"""What can go wrong in the simulator, as exceptions that users read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ttlang.diagnostics import SourceLocation, TTLangError

if TYPE_CHECKING:
    from ttlang.simulator.result import RunResult


class SimulatorError(TTLangError):
    """Base of the simulator's errors."""


class ToolchainError(SimulatorError):
    """There is no C++ compiler, or it could not build the engine."""


class KernelCompileError(SimulatorError):
    """A kernel's C++ does not compile; `log` is what the compiler said."""

    def __init__(self, message: str, log: str):
        super().__init__(f"{message}\n{log}" if log else message)
        self.log = log


class ProgramError(SimulatorError):
    """A program that the machine cannot hold: wrong core range, too much L1, an index out of range."""


class RunInterrupted(KeyboardInterrupt):
    """A run that Ctrl-C stopped; `result` is what it had come to."""

    def __init__(self, result: RunResult):
        super().__init__()
        self.result = result


@dataclass(frozen=True)
class ThreadState:
    """One processor of the machine at the end of a run that failed."""

    core: tuple[int, int]
    thread: str
    kernel: str
    cpp_line: int
    python: SourceLocation | None
    cycle: int
    waits: str = ""

    @property
    def name(self) -> str:
        """Thread and core, as messages name them."""
        return f"{self.thread} on core {self.core}"

    def render(self) -> str:
        """Two lines: who waits for what, and where."""
        place = f"{self.kernel}:{self.cpp_line}"
        where = f"{self.python} ({place})" if self.python else place
        excerpt = self.python.excerpt("        ") if self.python else ""
        return f"  {self.name}: {self.waits or 'runs'}\n      at {where}{excerpt}"


@dataclass
class FaultContext:
    """Where a fault happened: the processor, if one is to blame, and the other party with what it did."""

    thread: ThreadState | None
    other: ThreadState | None = None
    other_did: str = ""
    notes: Sequence[str] = field(default_factory=tuple)


class KernelFault(SimulatorError):
    """A kernel did what the machine cannot do. `thread` says who, where and when; `other` is the other party, if any."""

    def __init__(self, message: str, context: FaultContext):
        self.reason = message
        self.thread = context.thread
        self.other = context.other
        lines = [message]
        if context.thread is not None:
            lines.append(f"{context.thread.render()}\n      cycle {context.thread.cycle}")
        if context.other is not None:
            lines.append(f"  other party ({context.other_did}):")
            lines.append(f"{context.other.render()}\n      cycle {context.other.cycle}")
        super().__init__("\n".join([*lines, *context.notes]))


class AddressFault(KernelFault):
    """Access to memory that is not there."""


class ArithmeticFault(KernelFault):
    """Integer division by zero in kernel code."""


class EndlessLoopError(KernelFault):
    """A loop that neither calls the API nor can see a change, or a run past `max_cycles`."""


class ApiFault(KernelFault):
    """A call of the kernel API that its rules forbid."""


class DstFault(ApiFault):
    """DST used outside acquire and release, or beyond the tiles of a section; a tile packed that nothing was written to."""


class TransferLimitFault(ApiFault):
    """A one-packet NoC transfer larger than a packet."""


class SanitizerFault(KernelFault):
    """A fault that hardware would hide. `other` is the other party, where there is one."""


class InFlightFault(SanitizerFault):
    """A push before a read has landed, a pop or an overwrite while a write still leaves."""


class PageNotWaitedFault(SanitizerFault):
    """Read of a page of a circular buffer that was not waited for."""


class UseAfterPopFault(SanitizerFault):
    """Use of a page of a circular buffer after it was popped."""


class PageNotReservedFault(SanitizerFault):
    """Write to a page of a circular buffer that was not reserved."""


class AlignmentFault(SanitizerFault):
    """A NoC transfer whose two addresses the hardware cannot pair."""


class UnwrittenMemoryFault(SanitizerFault):
    """Read of memory that nothing was ever written to."""


class SemaphoreFault(SanitizerFault):
    """A semaphore beyond the range of its word."""


class RaceFault(SanitizerFault):
    """Two cores, or two processors of one core, touch one L1 address and nothing orders them."""


class ConfigurationFault(SanitizerFault):
    """A compute call without its initialisation, or with another data format than the processors are configured for."""


class UnfinishedDataFault(SanitizerFault):
    """Data left in a circular buffer at the end of a run."""


class LinkedMulticastFault(SanitizerFault):
    """A linked multicast that none ends: another request behind it, other cores, or the end of the kernel."""


class AssertionFault(KernelFault):
    """An ASSERT of the kernel failed."""


class DeadlockError(SimulatorError):
    """No processor can proceed. `threads` are the stuck ones, `cycle` the wait-for cycle among them, if there is one."""

    def __init__(self, threads: Sequence[ThreadState], cycle: Sequence[str], at_cycle: int):
        self.threads = tuple(threads)
        self.cycle = tuple(cycle)
        lines = [f"deadlock at cycle {at_cycle}: {len(threads)} processors wait and none can proceed"]
        lines += [thread.render() for thread in threads[:24]]
        if len(threads) > 24:
            lines.append(f"  and {len(threads) - 24} more")
        if cycle:
            lines.append("wait-for cycle:")
            lines += [f"  {entry}" for entry in cycle]
        super().__init__("\n".join(lines))
