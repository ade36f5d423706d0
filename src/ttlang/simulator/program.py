# SPDX-License-Identifier: Apache-2.0
"""What a run consists of: kernels, circular buffers, semaphores and where they live."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ttlang.hardware.data_formats import BY_METAL_NAME, DataFormat
from ttlang.simulator.bindings import KernelBindings
from ttlang.simulator.errors import ProgramError
from ttlang.simulator.remote_buffers import RemoteCircularBuffer, check_remote

CoreRange = tuple[int, int, int, int]
"""First and last core, inclusive: x0, y0, x1, y1."""
Core = tuple[int, int]
Kind = Literal["reader", "writer", "compute"]
LineMap = Mapping[int, tuple[str, int, int]]

FIDELITY_PHASES = {"LoFi": 1, "HiFi2": 2, "HiFi3": 3, "HiFi4": 4}
DEFAULT_PROCESSOR = {"reader": 1, "writer": 0}
DEFAULT_NOC = {"reader": 0, "writer": 1}
MAX_ARGUMENTS = 1024
TILE_ROWS = (1, 2, 4, 8, 16, 32)
TILE_COLUMNS = (16, 32)


@dataclass(frozen=True)
class Kernel:
    """One kernel of a program. `processor` is the data-movement RISC-V (0 or 1); compute kernels run on all three others."""

    name: str
    source: str
    path: str | None
    kind: Kind
    cores: tuple[Core, ...]
    processor: int
    noc: int
    compile_time_args: tuple[int, ...]
    named_compile_time_args: tuple[tuple[str, int], ...]
    common_runtime_args: tuple[int, ...]
    runtime_args: Mapping[Core, Sequence[int]]
    defines: tuple[tuple[str, str], ...]
    line_map: LineMap
    math_fidelity: str
    fp32_dest_acc: bool
    dst_full_sync: bool
    math_approx: bool
    unpack_to_dest_fp32: frozenset[int]
    include_dirs: tuple[str, ...] = ()
    bindings: KernelBindings | None = None

    @property
    def file(self) -> str:
        """The file that C++ messages name."""
        return self.path or f"{self.name}.cpp"


@dataclass(frozen=True)
class CircularBufferConfig:
    """A circular buffer on a set of cores; `address` is an L1 offset, or None to have one chosen: the memory of buffer `over`, or new."""

    index: int
    cores: tuple[Core, ...]
    format: DataFormat
    page_size: int
    num_pages: int
    address: int | None
    tile: tuple[int, int] = (32, 32)
    over: int | None = None

    @property
    def tile_bytes(self) -> int:
        """Bytes of one tile."""
        return self.format.tile_bytes * self.tile[0] * self.tile[1] // 1024


@dataclass(frozen=True)
class SemaphoreConfig:
    """A semaphore word on a set of cores."""

    id: int
    cores: tuple[Core, ...]
    initial: int


def expand(cores: Iterable[CoreRange] | CoreRange) -> tuple[Core, ...]:
    """The cores of inclusive ranges, row by row, each once."""
    ranges = (
        [cores] if isinstance(cores, tuple) and len(cores) == 4 and isinstance(cores[0], int) else list(cores)
    )
    found: dict[Core, None] = {}
    for x0, y0, x1, y1 in ranges:
        if x1 < x0 or y1 < y0:
            raise ProgramError(
                f"core range ({x0}, {y0})-({x1}, {y1}) is empty: the last core comes before the first"
            )
        found.update(dict.fromkeys((x, y) for y in range(y0, y1 + 1) for x in range(x0, x1 + 1)))
    return tuple(found)


def data_format(name: str) -> DataFormat:
    """The format of that tt-metal name (`Float16_b`, `Bfp8_b`, ...)."""
    row = BY_METAL_NAME.get(name)
    if row is None:
        raise ProgramError(f"unknown data format {name!r}; known: {', '.join(BY_METAL_NAME)}")
    return row


@dataclass
class Program:
    """Kernels and the resources they share. Build it once, run it as often as wanted with `Device.run`."""

    kernels: list[Kernel] = field(default_factory=list)
    circular_buffers: list[CircularBufferConfig] = field(default_factory=list)
    semaphores: list[SemaphoreConfig] = field(default_factory=list)
    remote_circular_buffers: list[RemoteCircularBuffer] = field(default_factory=list)

    def add_kernel(
        self,
        source: str | Path,
        kind: Kind,
        cores: Iterable[CoreRange] | CoreRange,
        *,
        name: str | None = None,
        compile_time_args: Sequence[int] = (),
        named_compile_time_args: Mapping[str, int] | Sequence[tuple[str, int]] = (),
        common_runtime_args: Sequence[int] = (),
        runtime_args: Mapping[Core, Sequence[int]] | None = None,
        defines: Mapping[str, str] | None = None,
        line_map: LineMap | None = None,
        processor: int | None = None,
        noc: int | None = None,
        math_fidelity: str = "HiFi4",
        fp32_dest_acc: bool = False,
        dst_full_sync: bool = False,
        math_approx: bool = False,
        unpack_to_dest_fp32: Iterable[int] = (),
        include_dirs: Sequence[str | Path] = (),
        bindings: KernelBindings | None = None,
    ) -> Kernel:
        """Adds a kernel: its text, or the path of its file (a `Path`, or a string that ends in .cpp and has no newline).

        `cores` are inclusive (x0, y0, x1, y1) ranges of logical cores; `runtime_args` give each core's own arguments.
        A reader runs on RISC-V 1 with NoC 0, a writer on RISC-V 0 with NoC 1, unless `processor` and `noc` say otherwise.
        `include_dirs` are searched for files that the kernel includes, after its own folder; `bindings` gives a kernel with
        named arguments its names.
        `line_map` leads from C++ lines to the Python positions that messages show. Raises ProgramError.
        """
        text, path = _read_source(source)
        if kind not in ("reader", "writer", "compute"):
            raise ProgramError(f"kernel kind {kind!r}; known: reader, writer, compute")
        if math_fidelity not in FIDELITY_PHASES:
            raise ProgramError(f"math fidelity {math_fidelity!r}; known: {', '.join(FIDELITY_PHASES)}")
        named = (
            named_compile_time_args.items()
            if isinstance(named_compile_time_args, Mapping)
            else named_compile_time_args
        )
        kernel = Kernel(
            name=name or (Path(path).stem if path else f"{kind}{len(self.kernels)}"),
            source=text,
            path=path,
            kind=kind,
            cores=expand(cores),
            processor=DEFAULT_PROCESSOR.get(kind, 2) if processor is None else processor,
            noc=DEFAULT_NOC.get(kind, 0) if noc is None else noc,
            compile_time_args=tuple(int(value) & 0xFFFFFFFF for value in compile_time_args),
            named_compile_time_args=tuple((str(key), int(value) & 0xFFFFFFFF) for key, value in named),
            common_runtime_args=tuple(int(value) & 0xFFFFFFFF for value in common_runtime_args),
            runtime_args=dict(runtime_args or {}),
            defines=tuple((str(key), str(value)) for key, value in (defines or {}).items()),
            line_map=dict(line_map or {}),
            math_fidelity=math_fidelity,
            fp32_dest_acc=fp32_dest_acc,
            dst_full_sync=dst_full_sync,
            math_approx=math_approx,
            unpack_to_dest_fp32=frozenset(unpack_to_dest_fp32),
            include_dirs=tuple(str(folder) for folder in include_dirs),
            bindings=bindings,
        )
        self._check_kernel(kernel)
        self.kernels.append(kernel)
        return kernel

    def add_circular_buffer(
        self,
        index: int,
        cores: Iterable[CoreRange] | CoreRange,
        *,
        data_format: str = "Float16_b",
        num_pages: int,
        page_size: int | None = None,
        address: int | None = None,
        tile: tuple[int, int] = (32, 32),
    ) -> CircularBufferConfig:
        """Adds circular buffer `index` of `num_pages` pages of `page_size` bytes (default: one tile) on some cores.

        `tile` is the shape of its tiles: 1, 2, 4, 8, 16 or 32 rows, 16 or 32 columns, 32 x 32 for block formats. Without `address` the run places it after those that come before it. Raises ProgramError.
        """
        row = _format(data_format)
        _check_tile(index, row, tile)
        size = page_size or row.tile_bytes * tile[0] * tile[1] // 1024
        config = CircularBufferConfig(index, expand(cores), row, size, num_pages, address, tile)
        if num_pages <= 0 or config.page_size <= 0:
            raise ProgramError(f"circular buffer {index} has {num_pages} pages of {config.page_size} bytes")
        return self._add_buffer(config)

    def add_remote_circular_buffer(
        self,
        index: int,
        sender: Core,
        receivers: Iterable[CoreRange] | CoreRange,
        *,
        page_size: int,
        num_pages: int | None = None,
        size: int | None = None,
        address: int | None = None,
        local: Mapping[int, str] | None = None,
    ) -> RemoteCircularBuffer:
        """Adds a circular buffer that spans cores: `sender` fills a ring on each receiver (`experimental::remote_cb_*`).

        The ring has `num_pages` pages of `page_size` bytes, or `size` bytes, at one L1 address on all cores, and is empty when a
        run starts. `local` are circular buffers that lie on the receivers' rings, with the data format of their tiles: a
        receiver pushes to them what has arrived, for its compute kernel. Raises ProgramError.
        """
        if (num_pages is None) == (size is None):
            raise ProgramError(f"remote circular buffer {index}: give either num_pages or size")
        ring = size if size is not None else page_size * (num_pages or 0)
        buffer = RemoteCircularBuffer(
            index, sender, expand(receivers), page_size, ring, next(iter(local or {}), None)
        )
        check_remote(buffer)
        whole = ring - ring % page_size
        formats = {number: _format(name) for number, name in (local or {}).items()}
        for number, row in formats.items():
            if whole % row.tile_bytes:
                raise ProgramError(
                    f"circular buffer {number}: tiles of {row.tile_bytes} bytes do not fill the {whole} bytes of remote circular buffer {index}"
                )
        raw = _format("UInt8")
        self._add_buffer(CircularBufferConfig(index, (sender, *buffer.receivers), raw, ring, 1, address))
        for number, row in formats.items():
            pages = whole // row.tile_bytes
            self._add_buffer(
                CircularBufferConfig(number, buffer.receivers, row, row.tile_bytes, pages, None, over=index)
            )
        self.remote_circular_buffers.append(buffer)
        return buffer

    def _add_buffer(self, config: CircularBufferConfig) -> CircularBufferConfig:
        index = config.index
        taken = {core for other in self.circular_buffers if other.index == index for core in other.cores}
        if taken & set(config.cores):
            raise ProgramError(
                f"circular buffer {index} is configured twice on core {min(taken & set(config.cores))}"
            )
        self.circular_buffers.append(config)
        return config

    def add_semaphore(
        self, id: int, cores: Iterable[CoreRange] | CoreRange, initial: int = 0
    ) -> SemaphoreConfig:
        """Adds semaphore `id` with its first value on some cores; kernels find it with get_semaphore(id)."""
        config = SemaphoreConfig(id, expand(cores), initial)
        self.semaphores.append(config)
        return config

    def _check_kernel(self, kernel: Kernel) -> None:
        for other in self.kernels:
            if other.processor == kernel.processor and set(other.cores) & set(kernel.cores):
                core = min(set(other.cores) & set(kernel.cores))
                raise ProgramError(
                    f"kernels {other.name} and {kernel.name} both run on the {kernel.kind} processor of core {core}"
                )
        for core, arguments in kernel.runtime_args.items():
            if core not in kernel.cores:
                raise ProgramError(
                    f"kernel {kernel.name} has runtime arguments for core {core}, on which it does not run"
                )
            if len(arguments) > MAX_ARGUMENTS:
                raise ProgramError(
                    f"kernel {kernel.name} has {len(arguments)} runtime arguments; {MAX_ARGUMENTS} fit"
                )


def _check_tile(index: int, row: DataFormat, tile: tuple[int, int]) -> None:
    if tile[0] not in TILE_ROWS or tile[1] not in TILE_COLUMNS:
        raise ProgramError(
            f"circular buffer {index}: tiles of {tile[0]} x {tile[1]}; rows are one of {TILE_ROWS}, columns of {TILE_COLUMNS}"
        )
    if tile != (32, 32) and row.metal_name.startswith("Bfp"):
        raise ProgramError(
            f"circular buffer {index}: tiles of {tile[0]} x {tile[1]} in {row.metal_name}; block formats have 32 x 32"
        )


_format = data_format


def _read_source(source: str | Path) -> tuple[str, str | None]:
    if isinstance(source, Path) or ("\n" not in source and source.endswith(".cpp")):
        path = Path(source)
        try:
            return path.read_text(encoding="utf-8"), str(path)
        except OSError as error:
            raise ProgramError(f"kernel file {path}: {error.strerror}") from None
    return source, None
