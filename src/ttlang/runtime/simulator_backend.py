# SPDX-License-Identifier: Apache-2.0
"""Launch of a compiled program on the bundled simulator."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cache
from itertools import product
from threading import Lock
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console

from ttlang.language.tensors import TensorSpec
from ttlang.simulator import Buffer, Device, Program, RunInterrupted, RunResult
from ttlang.simulator.block_formats import decode, encode

from .console import print_all, shown_progress
from .image import ProgramImage
from .report import RunReport
from .shard_placement import ShardPlacement

if TYPE_CHECKING:
    from .compiled import CompiledKernel

_launch_lock = Lock()


@cache
def _device(arch: str) -> Device:
    """One simulated chip per process and kind: making its memories costs more than a small run."""
    return Device(arch)


def launch(
    compiled: "CompiledKernel",
    arrays: Sequence[np.ndarray],
    *,
    time: bool,
    max_cycles: int | None,
    sanitize: bool,
    trace: bool = False,
    schedule: str = "modelled",
) -> RunReport:
    """Run a program on arrays; those that it writes to are changed when it has ended well, and not before.

    `trace` records the run over time. Ctrl-C prints what was seen so far and goes on as KeyboardInterrupt.
    """
    image = compiled.image
    start = perf_counter()
    with _launch_lock, ExitStack() as stack:
        device = _device(image.arch)
        built = perf_counter()
        buffers = [stack.enter_context(_buffer(device, t.spec)) for t in image.tensors]
        for buffer, array, tensor in zip(buffers, arrays, image.tensors, strict=True):
            upload(buffer, array, tensor.spec)
        uploaded = perf_counter()
        try:
            with shown_progress(image.name) as progress:
                result = device.run(
                    build_program(image, [b.address for b in buffers]),
                    time=time,
                    max_cycles=max_cycles,
                    sanitize=sanitize,
                    trace=trace and time,
                    schedule=schedule,
                    progress=progress,
                )
        except RunInterrupted as stop:
            print_all(_report(compiled, stop.result, time, {}), Console(stderr=True, highlight=False))
            raise
        ran = perf_counter()
        for buffer, array, tensor in zip(buffers, arrays, image.tensors, strict=True):
            if tensor.written:
                download(buffer, array, tensor.spec)
    moved = perf_counter() - ran + uploaded - built
    host_seconds = {
        "device": built - start,
        "tensors": moved,
        "compile": result.compile_seconds,
        "run": result.run_seconds,
    }
    return _report(compiled, result, time, host_seconds)


def _report(
    compiled: "CompiledKernel", result: RunResult, time: bool, host_seconds: dict[str, float]
) -> RunReport:
    image = compiled.image
    return RunReport(
        kernel=image.name,
        arch=image.arch,
        grid=image.grid,
        cycles=result.cycles if time else None,
        seconds=result.seconds if time else None,
        bound=result.bound if time else None,
        utilisation=dict(result.utilisation) if time else {},
        prints=tuple(result.output.splitlines()),
        artefacts=compiled.artefacts,
        host_seconds=host_seconds,
        result=result,
        image=image,
    )


def build_program(image: ProgramImage, addresses: Sequence[int]) -> Program:
    """The simulator's program of an image whose tensors lie at `addresses`."""
    cores = image.core_range
    program = Program()
    for buffer in image.buffers:
        program.add_circular_buffer(
            buffer.index,
            buffer.core_ranges or cores,
            data_format=buffer.data_format,
            num_pages=buffer.pages,
            page_size=buffer.page_bytes,
            address=addresses[buffer.shards_of - 1] if buffer.shards_of else buffer.address,
        )
    for number, initial in enumerate(image.semaphores):
        program.add_semaphore(number, cores, initial)
    for kernel in image.kernels:
        program.add_kernel(
            kernel.source,
            kernel.kind,  # type: ignore[arg-type]
            kernel.cores or cores,
            name=kernel.name,
            compile_time_args=kernel.compile_time_args,
            common_runtime_args=[addresses[t] for t in kernel.tensor_arguments],
            runtime_args=dict(kernel.runtime_args),
            line_map=kernel.line_map,
            math_fidelity=image.math_fidelity,
            fp32_dest_acc=image.fp32_dest_acc,
            dst_full_sync=image.dst_full_sync,
            unpack_to_dest_fp32=kernel.unpack_to_dest_fp32,
        )
    return program


@contextmanager
def _buffer(device: Device, spec: TensorSpec) -> Iterator[Buffer]:
    pages, page_bytes = spec.pages, spec.page_bytes
    if spec.shard is not None:
        placement = ShardPlacement(spec, device.chip)
        pages, page_bytes = placement.buffer_pages, placement.page_bytes
    buffer = device.allocate(pages, page_bytes, memory=spec.memory.value)
    try:
        yield buffer
    finally:
        buffer.free()


def _matrices(array: np.ndarray, spec: TensorSpec) -> Iterator[tuple[int, np.ndarray]]:
    """The matrices that a tensor of any rank is made of, each with the number of its first page."""
    if array.ndim == 1:
        array = array[np.newaxis, :]
    rows, columns = array.shape[-2:]
    pages = -(-rows // 32) * -(-columns // 32)
    for number, outer in enumerate(product(*(range(size) for size in array.shape[:-2]))):
        yield number * pages, array[outer]


@contextmanager
def _in_page_order(device: Device, spec: TensorSpec) -> Iterator[Buffer]:
    """A buffer with all pages of a tensor in their order."""
    buffer = device.allocate(spec.pages, spec.page_bytes)
    try:
        yield buffer
    finally:
        buffer.free()


def _upload_shards(buffer: Buffer, array: np.ndarray, spec: TensorSpec) -> None:
    placement = ShardPlacement(spec, buffer.device.chip)
    pages = np.zeros((buffer.num_pages, placement.page_bytes), np.uint8)
    if spec.tiled:
        with _in_page_order(buffer.device, spec) as ordered:
            upload(ordered, array, replace(spec, shard=None))
            pages[placement.order] = ordered.read().reshape(spec.pages, spec.page_bytes)
    else:
        pages[placement.order] = placement.cut(array)
    buffer.write(pages)


def _download_shards(buffer: Buffer, array: np.ndarray, spec: TensorSpec) -> None:
    placement = ShardPlacement(spec, buffer.device.chip)
    pages = buffer.read().reshape(buffer.num_pages, placement.page_bytes)[placement.order]
    if not spec.tiled:
        placement.join(pages, array)
        return
    with _in_page_order(buffer.device, spec) as ordered:
        ordered.write(pages)
        download(ordered, array, replace(spec, shard=None))


def upload(buffer: Buffer, array: np.ndarray, spec: TensorSpec) -> None:
    """Copy an array of any strides to the device; in tiles, edges are padded with zeros."""
    if spec.shard is not None:
        _upload_shards(buffer, array, spec)
        return
    if not spec.tiled:
        buffer.write(array)
        return
    if not spec.dtype.format.scalar_bytes:
        buffer.write(np.concatenate([encode(m, spec.dtype.format) for _, m in _matrices(array, spec)]))
        return
    for first_page, matrix in _matrices(array, spec):
        buffer.write_tiles(matrix, first_page)


def download(buffer: Buffer, array: np.ndarray, spec: TensorSpec) -> None:
    """Copy a tensor back into an array of any strides; the padding of tiles is cropped."""
    if spec.shard is not None:
        _download_shards(buffer, array, spec)
        return
    if not spec.tiled:
        array[...] = buffer.read().view(array.dtype).reshape(array.shape)
        return
    if not spec.dtype.format.scalar_bytes:
        tiles = buffer.read().reshape(-1, spec.page_bytes)
        for first_page, matrix in _matrices(array, spec):
            matrix[...] = decode(tiles[first_page:], spec.dtype.format, matrix.shape)
        return
    for first_page, matrix in _matrices(array, spec):
        buffer.read_tiles(matrix, first_page)
