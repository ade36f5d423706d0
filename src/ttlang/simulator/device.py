# SPDX-License-Identifier: Apache-2.0
"""A simulated chip: memory that outlives runs, and the running of programs."""

from __future__ import annotations

import time as clock
import weakref
from collections.abc import Callable, Iterable, Sequence
from operator import index as integer
from typing import Literal

import numpy as np
import numpy.typing as npt

from ttlang.hardware import Chip, chip
from ttlang.simulator.engine import RUN_LOCK, engine, has_static_variables, kernel_entry, load_kernel, words
from ttlang.simulator.errors import ProgramError, RunInterrupted, SimulatorError
from ttlang.simulator.faults import raise_fault
from ttlang.simulator.kernel_build import CbTypes, CompiledKernel, compile_kernels, roles
from ttlang.simulator.machine_setup import create_machine
from ttlang.simulator.placement import AddressSpace, cb_addresses, check_program
from ttlang.simulator.program import FIDELITY_PHASES, Core, CoreRange, Kernel, Program
from ttlang.simulator.remote_buffers import empty_table, l1_images
from ttlang.simulator.reports import read_progress, read_result
from ttlang.simulator.result import Progress, RunResult
from ttlang.simulator.sharded import DramShardedBuffer, ShardedBuffer, shard_banks, shard_cores
from ttlang.simulator.trace import TRACE_LIMIT

Memory = Literal["DRAM", "L1"]
Bytes = npt.NDArray[np.uint8]
SLICE_MS = 50
EXPONENT_5_BITS = frozenset({"Float16", "Bfp8", "Bfp4", "Bfp2"})
FINISHED, RUNNING, FAILED = 0, 1, 2


class Buffer:
    """Interleaved pages in DRAM or L1: page i lies in bank i % banks. `address` is the same in every bank."""

    def __init__(
        self, device: Device, memory: Memory, address: int, num_pages: int, page_size: int, stride: int
    ):
        self.device = device
        self.memory = memory
        self.address = address
        self.num_pages = num_pages
        self.page_size = page_size
        self.stride = stride
        """Distance of a bank's pages in bytes: the page size, aligned."""

    @property
    def size(self) -> int:
        """Bytes of all pages."""
        return self.num_pages * self.page_size

    @property
    def accessor_args(self) -> list[int]:
        """Compile-time words of `TensorAccessorArgs` for this buffer."""
        return [2 if self.memory == "DRAM" else 0, self.page_size]

    def write(self, data: object) -> None:
        """Fills the buffer with bytes in logical page order. ValueError when the size differs."""
        source = np.ascontiguousarray(np.asarray(data)).view(np.uint8).reshape(-1)
        if source.size != self.size:
            raise ValueError(f"{source.size} bytes written to a buffer of {self.size}")
        self._copy(source, to_device=True)

    def read(self) -> Bytes:
        """All bytes in logical page order."""
        data = np.empty(self.size, np.uint8)
        self._copy(data, to_device=False)
        return data

    def write_tiles(self, array: npt.NDArray[np.generic], first_page: int = 0) -> None:
        """Tilizes a 2-D array of 1, 2 or 4-byte elements (any strides) into 32x32 tiles, row-major over the tile grid.

        Edges that do not fill a tile are padded with zeros. ValueError when the tiles do not fit the pages.
        """
        self._tiles(array, first_page, to_device=True)

    def read_tiles(self, array: npt.NDArray[np.generic], first_page: int = 0) -> None:
        """Untilizes into a writable 2-D array; what lies outside it is cropped."""
        if not array.flags.writeable:
            raise ValueError("read_tiles into a read-only array")
        self._tiles(array, first_page, to_device=False)

    def free(self) -> None:
        """Gives the memory back; the buffer must not be used after."""
        self.device._release(self)

    def _copy(self, host: Bytes, to_device: bool) -> None:
        machine = self.device._machine
        engine().ttsim_pages(
            machine, self.memory == "DRAM", to_device, self.address, self.stride, self.page_size, 0, self.num_pages,
            host.ctypes.data,
        )  # fmt: skip

    def _tiles(self, array: npt.NDArray[np.generic], first_page: int, to_device: bool) -> None:
        if array.ndim != 2:
            raise ValueError(f"tiles hold 2-D arrays; this one has {array.ndim} dimensions")
        rows, columns = array.shape
        element = array.dtype.itemsize
        count = -(-rows // 32) * -(-columns // 32)
        if element * 1024 != self.page_size:
            raise ValueError(
                f"a 32x32 tile of {array.dtype} has {element * 1024} bytes, a page of the buffer {self.page_size}"
            )
        if first_page < 0 or first_page + count > self.num_pages:
            raise ValueError(
                f"{count} tiles from page {first_page} on do not fit a buffer of {self.num_pages} pages"
            )
        failed = engine().ttsim_tiles(
            self.device._machine, self.memory == "DRAM", to_device, self.address, self.stride, first_page, element,
            array.__array_interface__["data"][0], rows, columns, *array.strides,
        )  # fmt: skip
        if failed:
            raise ValueError(f"elements of {element} bytes; tiles are made of 1, 2 or 4")


class Device:
    """One simulated chip, `wormhole_b0`, `blackhole` or a description. Memory contents outlive runs; time starts at zero in each
    run.
    """

    def __init__(self, name: str | Chip = "wormhole_b0"):
        self.chip: Chip = chip(name) if isinstance(name, str) else name
        self._handle = create_machine(self.chip)
        self._finalizer = weakref.finalize(self, engine().ttsim_device_delete, self._handle)
        self._space: dict[Memory, AddressSpace] = {
            "DRAM": AddressSpace(
                self.chip.dram.base, self.chip.dram.bank_bytes, self.chip.dram.read_alignment
            ),
            "L1": AddressSpace(
                self.chip.l1.cb_base, self.chip.l1.size, self.chip.l1.alignment, downwards=True
            ),
        }
        self._committed = 0
        self._remote_cores: set[Core] = set()

    def close(self) -> None:
        """Gives the memory back; the device must not be used after."""
        self._finalizer()

    @property
    def _machine(self) -> int:
        if not self._finalizer.alive:
            raise SimulatorError("the device is closed")
        return self._handle

    def __enter__(self) -> Device:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def allocate(self, num_pages: int, page_size: int, memory: Memory = "DRAM") -> Buffer:
        """An interleaved buffer. Its contents are what was there before. ProgramError when the memory is full."""
        if memory not in self._space:
            raise ProgramError(f"memory {memory!r}; known: DRAM, L1")
        num_pages, page_size = integer(num_pages), integer(page_size)
        if num_pages <= 0 or page_size <= 0:
            raise ProgramError(f"a buffer of {num_pages} pages of {page_size} bytes")
        space = self._space[memory]
        banks = self.chip.dram.banks if memory == "DRAM" else self.chip.cores
        stride = -(-page_size // space.alignment) * space.alignment
        needed = -(-num_pages // banks) * stride
        address = space.take(needed)
        if address is None:
            raise ProgramError(f"{memory} is full: no {needed} contiguous bytes in each of {banks} banks")
        if memory == "DRAM":
            self._commit(address + needed)
        engine().ttsim_buffer_add(self._machine, memory == "DRAM", address, needed, stride, num_pages)
        return Buffer(self, memory, address, num_pages, page_size, stride)

    def allocate_sharded(
        self,
        pages: tuple[int, int],
        shard: tuple[int, int],
        cores: Iterable[CoreRange] | CoreRange,
        page_size: int,
    ) -> ShardedBuffer:
        """A grid of `pages` (rows, columns) in L1, cut into shards of that shape, shard i on core i of `cores`, then round
        again. A circular buffer lies on the shards with `address=buffer.address`. ProgramError when the memory is full.
        """
        placed, needed = shard_cores(pages, shard, cores, page_size)
        address = self._space["L1"].take(needed)
        if address is None:
            raise ProgramError(f"L1 is full: no {needed} contiguous bytes on each of {len(placed)} cores")
        everywhere = needed // page_size * self.chip.cores
        engine().ttsim_buffer_add(self._machine, False, address, needed, page_size, everywhere)
        return ShardedBuffer(self, address, pages, shard, placed, page_size)

    def allocate_dram_sharded(
        self,
        pages: tuple[int, int],
        shard: tuple[int, int],
        page_size: int,
        banks: Sequence[int] | None = None,
    ) -> DramShardedBuffer:
        """A grid of `pages` (rows, columns) in DRAM, cut into shards of that shape, shard i in bank i of `banks` (all, by
        default), then round again. ProgramError when the memory is full.
        """
        dram = self.chip.dram
        placed = tuple(range(dram.banks)) if banks is None else tuple(banks)
        needed = shard_banks(pages, shard, placed, page_size, dram.banks, dram.read_alignment)
        address = self._space["DRAM"].take(needed)
        if address is None:
            raise ProgramError(f"DRAM is full: no {needed} contiguous bytes in each of {dram.banks} banks")
        self._commit(address + needed)
        everywhere = needed // page_size * dram.banks
        engine().ttsim_buffer_add(self._machine, True, address, needed, page_size, everywhere)
        return DramShardedBuffer(self, address, pages, shard, placed, page_size)

    def noc_coordinate(self, x: int, y: int) -> tuple[int, int]:
        """The NoC coordinate by which kernels reach logical core (x, y)."""
        return self.chip.noc_coordinate(x, y)

    def read_l1(self, core: Core, address: int, size: int) -> Bytes:
        """Bytes of one core's L1."""
        if not 0 <= size <= self.chip.l1.size:
            raise ValueError(f"{size} bytes of an L1 of {self.chip.l1.size}")
        data = np.empty(size, np.uint8)
        self._l1(core, address, data, to_device=False)
        return data

    def write_l1(self, core: Core, address: int, data: object) -> None:
        """Sets bytes of one core's L1."""
        self._l1(
            core, address, np.ascontiguousarray(np.asarray(data)).view(np.uint8).reshape(-1), to_device=True
        )

    def run(
        self,
        program: Program,
        *,
        time: bool = True,
        max_cycles: int | None = None,
        accuracy: Literal["fast", "exact"] = "fast",
        sanitize: bool = True,
        schedule: str = "modelled",
        progress: Callable[[Progress], None] | None = None,
        trace: bool = False,
    ) -> RunResult:
        """Compiles the program's kernels (cached), runs them to their end and returns what happened.

        `time=False` leaves out the model of time; values do not depend on it. `max_cycles` ends a run with
        EndlessLoopError (without time it counts API calls of a processor). `sanitize` finds faults that hardware hides
        (SanitizerFault); without it they cost nothing. `schedule="random:SEED"` perturbs when processors start and
        packets arrive, within what hardware may do: values of correct kernels do not change, a seed repeats exactly.
        `progress` is called ten to twenty times a second. `trace` records the run over time, and needs `time`. Raises
        KernelCompileError, ProgramError, DeadlockError or a KernelFault; RunInterrupted, with what was seen, after
        Ctrl-C.
        """
        seed = schedule_seed(schedule)
        if trace and not time:
            raise ValueError("a run without time cannot be traced: leave out time=False")
        started = clock.perf_counter()
        check_program(self.chip, program)
        types = [_cb_types(program, kernel) for kernel in program.kernels]
        compiled = compile_kernels(self.chip.name, program.kernels, types, sanitize or time)
        ready = clock.perf_counter()
        with RUN_LOCK:
            limit = TRACE_LIMIT if trace else 0
            processors = self._begin(program, time, max_cycles, accuracy == "exact", sanitize, seed, limit)
            self._place(program, compiled)

            def result(complete: bool = True) -> RunResult:
                return read_result(
                    self._machine, self.chip, program, timed=time, traced=trace, complete=complete,
                    compile_seconds=ready - started, run_seconds=clock.perf_counter() - ready,
                )  # fmt: skip

            state = RUNNING
            try:
                while state == RUNNING:
                    state = engine().ttsim_program_run(self._machine, SLICE_MS)
                    if progress is not None:
                        progress(read_progress(self._machine, processors))
            except KeyboardInterrupt:
                raise RunInterrupted(result(complete=False)) from None
            if state == FINISHED and sanitize and engine().ttsim_program_check_end(self._machine):
                state = FAILED
            if state == FAILED:
                raise_fault(self._machine, self.chip, program)
            return result()

    def _commit(self, end: int) -> None:
        if end <= self._committed:
            return
        granted = min(-(-end // (1 << 24)) << 24, self.chip.dram.bank_bytes)
        if engine().ttsim_dram_commit(self._machine, granted):
            raise ProgramError(
                f"the host has no memory for {granted * self.chip.dram.banks >> 20} MiB of simulated DRAM"
            )
        self._committed = granted

    def _release(self, buffer: Buffer | ShardedBuffer) -> None:
        self._space[buffer.memory].give_back(buffer.address)
        engine().ttsim_buffer_remove(self._machine, buffer.memory == "DRAM", buffer.address)

    def _l1(self, core: Core, address: int, data: Bytes, to_device: bool) -> None:
        columns, rows = self.chip.grid
        x, y = core
        if not (isinstance(x, int) and isinstance(y, int) and 0 <= x < columns and 0 <= y < rows):
            raise ValueError(
                f"core {core}: the chip's logical cores are (0, 0) to ({columns - 1}, {rows - 1})"
            )
        if not 0 <= integer(address) <= self.chip.l1.size - data.size:
            raise ValueError(
                f"{data.size} bytes at address {address} are outside the L1 of {self.chip.l1.size} bytes"
            )
        engine().ttsim_l1_copy(
            self._machine, self._core_index(core), to_device, address, data.ctypes.data, data.size
        )

    def _core_index(self, core: Core) -> int:
        return core[1] * self.chip.grid[0] + core[0]

    def _indices(self, cores: Sequence[Core]) -> npt.NDArray[np.uint32]:
        return words([self._core_index(core) for core in cores])

    def _begin(
        self,
        program: Program,
        time: bool,
        max_cycles: int | None,
        exact: bool,
        sanitize: bool,
        seed: int,
        trace_limit: int,
    ) -> int:
        """Sets the machine up; returns the number of processors that the program uses."""
        lib, machine = engine(), self._machine
        lines = words([kernel.source.count("\n") + 2 for kernel in program.kernels])
        fibers = sum(len(roles(kernel)) * len(kernel.cores) for kernel in program.kernels)
        if lib.ttsim_program_begin(
            machine,
            time,
            exact,
            sanitize,
            seed,
            max_cycles or 0,
            trace_limit,
            len(lines),
            lines.ctypes.data,
            fibers,
        ):
            raise SimulatorError(f"the host has no memory for the stacks of {fibers} processors")
        return fibers

    def _place(self, program: Program, compiled: Sequence[CompiledKernel]) -> None:
        lib, machine = engine(), self._machine
        self._place_buffers(program)
        for semaphore in program.semaphores:
            cores = self._indices(semaphore.cores)
            lib.ttsim_program_semaphore(
                machine, semaphore.id, cores.ctypes.data, cores.size, semaphore.initial
            )
        for index, kernel in enumerate(program.kernels):
            if kernel.kind == "compute":
                self._configure_compute(program, kernel)
            self._place_kernel(index, kernel, compiled[index])
        lib.ttsim_program_start(machine)

    def _place_buffers(self, program: Program) -> None:
        to_dest = _unpack_to_dest(program)
        addresses = cb_addresses(self.chip, program, self._l1_limit())
        self._place_remote_buffers(program, addresses)
        for config, address in zip(program.circular_buffers, addresses, strict=True):
            groups: dict[bool, list[Core]] = {}
            for core in config.cores:
                groups.setdefault((core, config.index) in to_dest, []).append(core)
            for direct, group in groups.items():
                cores = self._indices(group)
                engine().ttsim_program_cb(
                    self._machine, config.index, cores.ctypes.data, cores.size, address, config.page_size, config.num_pages,
                    config.format.metal_code, config.tile_bytes, direct, *config.tile,
                )  # fmt: skip

    def _place_remote_buffers(self, program: Program, addresses: Sequence[int]) -> None:
        """Configurations and credits of the buffers that span cores; none are left of the run before."""
        offset, none = empty_table(self.chip)
        for core in self._remote_cores:
            self._l1(core, offset, none.view(np.uint8), to_device=True)
        remote = program.remote_circular_buffers
        by_sender = {
            (config.index, config.cores[0]): address
            for config, address in zip(program.circular_buffers, addresses, strict=True)
        }
        images = l1_images(self.chip, remote, [by_sender[each.index, each.sender] for each in remote])
        for core, place, values in images:
            self._l1(core, place, values.view(np.uint8), to_device=True)
        self._remote_cores = {core for core, _, _ in images}

    def _l1_limit(self) -> int:
        return self._space["L1"].lowest(self.chip.l1.size)

    def _configure_compute(self, program: Program, kernel: Kernel) -> None:
        used = {
            config.format.metal_name
            for config in program.circular_buffers
            if set(config.cores) & set(kernel.cores)
        }
        fp16 = bool(used & EXPONENT_5_BITS) and not kernel.fp32_dest_acc
        cores = self._indices(kernel.cores)
        engine().ttsim_program_compute(
            self._machine, cores.ctypes.data, cores.size, FIDELITY_PHASES[kernel.math_fidelity], kernel.fp32_dest_acc,
            kernel.math_approx, kernel.dst_full_sync, fp16,
        )  # fmt: skip

    def _place_kernel(self, index: int, kernel: Kernel, compiled: CompiledKernel) -> None:
        arguments = [np.asarray(kernel.runtime_args.get(core, ()), dtype=np.int64) for core in kernel.cores]
        offsets = words(np.concatenate([[0], np.cumsum([len(values) for values in arguments])]))
        flat = (np.concatenate([*arguments, np.zeros(1, np.int64)]) & 0xFFFFFFFF).astype(np.uint32)
        common = words([*kernel.common_runtime_args, 0])
        origin = min(core[0] for core in kernel.cores), min(core[1] for core in kernel.cores)
        cores = self._indices(kernel.cores)
        for role, (library, entry) in compiled.entries.items():
            private = has_static_variables(library)  # one set of them for each processor, as on the chip
            groups = [slice(i, i + 1) for i in range(cores.size)] if private else [slice(0, cores.size)]
            for group in groups:
                handle = load_kernel(library, 1 + 8 * int(cores[group][0]) + role if private else 0)
                engine().ttsim_kernel_reset(handle)
                engine().ttsim_program_place(
                    self._machine, index, role, kernel.noc, kernel_entry(handle, entry), cores[group].ctypes.data,
                    cores[group].size, flat.ctypes.data, offsets[group.start :].ctypes.data, common.ctypes.data,
                    len(kernel.common_runtime_args), *origin,
                )  # fmt: skip


def schedule_seed(schedule: str) -> int:
    """The seed of a schedule: 0 as modelled, else that of `random:SEED`. ValueError for anything else."""
    kind, _, number = schedule.partition(":")
    if schedule == "modelled":
        return 0
    if kind != "random" or not number.isdecimal():
        raise ValueError(f"schedule {schedule!r}; known: 'modelled', 'random:SEED' with a number SEED")
    return int(number) % (1 << 63) + 1


def _unpack_to_dest(program: Program) -> set[tuple[Core, int]]:
    return {
        (core, index)
        for kernel in program.kernels
        for index in kernel.unpack_to_dest_fp32
        for core in kernel.cores
    }


def _cb_types(program: Program, kernel: Kernel) -> CbTypes:
    shared = [config for config in program.circular_buffers if set(config.cores) & set(kernel.cores)]
    return CbTypes(
        {config.index: config.format.metal_code for config in shared},
        {config.index: config.tile_bytes for config in shared},
        {config.index: config.tile for config in shared if config.tile != (32, 32)},
    )
