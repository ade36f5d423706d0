# SPDX-License-Identifier: Apache-2.0
"""Launch of a compiled program on hardware, through the `ttnn` package.

Only functions of ttnn are called that exist with the same meaning in both generations of the kernel API, 0.69 and 0.81.
"""

import atexit
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from ttlang.diagnostics import TTLangError
from ttlang.hardware import chip
from ttlang.hardware.data_formats import BY_METAL_NAME, DataType
from ttlang.language.data import Layout, Memory
from ttlang.language.tensors import TensorSpec, as_array, is_ttnn_tensor

from .accessor_words import same_placement, split_words
from .image import BufferImage, CoreRange, KernelImage, ProgramImage, TensorImage
from .report import RunReport

if TYPE_CHECKING:
    from .compiled import CompiledKernel

_DATA_TYPES = {
    DataType.bf16: "bfloat16",
    DataType.f32: "float32",
    DataType.bfp_bf8: "bfloat8_b",
    DataType.bfp_bf4: "bfloat4_b",
    DataType.si32: "int32",
    DataType.u32: "uint32",
    DataType.u16: "uint16",
    DataType.u8: "uint8",
}
"""Data types that ttnn has, by their names there."""

_INTEGERS = frozenset({DataType.si32, DataType.u32, DataType.u16, DataType.u8})
_LAYOUTS = {Layout.TILE: "TILE_LAYOUT", Layout.ROW_MAJOR: "ROW_MAJOR_LAYOUT"}
_MEMORIES = {Memory.DRAM: "DRAM_MEMORY_CONFIG", Memory.L1: "L1_MEMORY_CONFIG"}
_SIMULATOR = "to run on the bundled simulator instead, leave backend out or pass backend='simulator'"


class TTNNError(TTLangError):
    """A program that cannot run through ttnn: no package, no device, or not the ones it was compiled for."""

    def __init__(self, message: str, hint: str):
        super().__init__(f"error: {message}\n  help: {hint}")


def launch(compiled: "CompiledKernel", arguments: Sequence[Any]) -> RunReport:
    """Run on the device. Arrays are moved there and back; ttnn tensors on a device are used where they are.

    Raises TTNNError before anything runs when the package, the device or an argument does not fit.
    """
    image = compiled.image
    ttnn = load_ttnn(image.metal_version)
    start = perf_counter()
    device = _device_of(ttnn, arguments) or _default_device(ttnn)
    check_device(ttnn, image, device)
    for tensor, value in zip(image.tensors, arguments, strict=True):
        _check_output(ttnn, tensor, value)
    opened = perf_counter()
    tensors = [
        _on_device(ttnn, value, tensor.spec, device)
        for tensor, value in zip(image.tensors, arguments, strict=True)
    ]
    uploaded = perf_counter()
    ttnn.generic_op(io_tensors(image, tensors), build_program(ttnn, image, tensors))
    ran = perf_counter()
    for tensor, value, moved in zip(image.tensors, arguments, tensors, strict=True):
        if tensor.written and moved is not value:
            _read_back(ttnn, moved, value)
    return RunReport(
        kernel=image.name,
        arch=image.arch,
        grid=image.grid,
        artefacts=compiled.artefacts,
        host_seconds={
            "device": opened - start,
            "tensors": uploaded - opened + perf_counter() - ran,
            "run": ran - uploaded,
        },
    )


# The package and the device


def load_ttnn(metal_version: str) -> Any:
    """The package `ttnn`, of the version that kernels for `metal_version` need."""
    try:
        installed = version("ttnn")
        ttnn = import_module("ttnn")
    except PackageNotFoundError:
        raise TTNNError(
            "backend='ttnn' needs the package ttnn, which is not installed",
            f"pip install 'ttnn=={metal_version}.*' (Python 3.10 or 3.12, Linux); {_SIMULATOR}",
        ) from None
    except ImportError as error:
        raise TTNNError(
            f"the package ttnn {installed} is installed, but cannot be imported: {error}", _SIMULATOR
        ) from error
    if ".".join(installed.split(".")[:2]) != metal_version:
        raise TTNNError(
            f"the kernels were compiled for tt-metal {metal_version}, but ttnn {installed} is installed",
            f"@ttl.kernel(..., metal_version=...) chooses the generation; or pip install 'ttnn=={metal_version}.*'",
        )
    return ttnn


@cache
def _default_device(ttnn: Any) -> Any:
    """Device 0, opened once and closed with the process."""
    try:
        count = ttnn.GetNumAvailableDevices()
    except RuntimeError as error:
        reason = str(error).splitlines()
        raise TTNNError(
            f"ttnn finds no Tenstorrent device: {reason[0] if reason else error}", _SIMULATOR
        ) from error
    if count < 1:
        raise TTNNError("ttnn finds no Tenstorrent device", _SIMULATOR)
    device = ttnn.open_device(device_id=0)
    atexit.register(ttnn.close_device, device)
    return device


def is_on_device(ttnn: Any, value: Any) -> bool:
    """Whether a ttnn tensor lies in device memory."""
    return bool(value.storage_type() == ttnn.StorageType.DEVICE)


def _device_of(ttnn: Any, arguments: Sequence[Any]) -> Any:
    """The device that the arguments lie on; None when none does."""
    for value in arguments:
        if is_ttnn_tensor(value) and is_on_device(ttnn, value):
            return value.device()
    return None


def check_device(ttnn: Any, image: ProgramImage, device: Any) -> None:
    """Raises TTNNError when a device is another chip or has too few cores."""
    arch = str(device.arch()).rsplit(".", 1)[-1].lower()
    if arch != image.arch:
        raise TTNNError(
            f"'{image.name}' was compiled for {image.arch}, but the device is a {arch}",
            f"@ttl.kernel(..., arch='{arch}') compiles for it",
        )
    grid = device.compute_with_storage_grid_size()
    columns, rows = image.cores
    if columns > grid.x or rows > grid.y:
        raise TTNNError(
            f"'{image.name}' uses {columns} x {rows} cores, but the device has {grid.x} x {grid.y}",
            "choose a smaller grid",
        )


# Tensors


def _data_type(ttnn: Any, type_: DataType) -> Any:
    if type_ not in _DATA_TYPES:
        raise TTNNError(
            f"ttnn has no data type {type_.format.python_name}", f"it has {', '.join(_DATA_TYPES.values())}"
        )
    return getattr(ttnn, _DATA_TYPES[type_])


def _check_output(ttnn: Any, tensor: TensorImage, value: Any) -> None:
    if tensor.written and is_ttnn_tensor(value) and not is_on_device(ttnn, value):
        raise TTNNError(
            f"'{tensor.name}' is written to, but is a ttnn tensor on the host",
            "move it to the device: tensor.to(device)",
        )


def _on_device(ttnn: Any, value: Any, spec: TensorSpec, device: Any) -> Any:
    """A tensor on the device with the layout and memory of `spec`; the value itself when it is there."""
    memory = memory_config(ttnn, spec)
    if is_ttnn_tensor(value):
        return value if is_on_device(ttnn, value) else value.to(device, memory)
    return to_host_tensor(ttnn, value, spec).to(device, memory)


def memory_config(ttnn: Any, spec: TensorSpec) -> Any:
    """The MemoryConfig of a tensor."""
    shard = spec.shard
    if shard is None:
        return getattr(ttnn, _MEMORIES[spec.memory])
    columns, rows = (*shard.grid, 1)[:2]
    last = ttnn.CoreCoord(columns - 1, rows - 1)
    cores = ttnn.CoreRangeSet([ttnn.CoreRange(ttnn.CoreCoord(0, 0), last)])
    orientation = getattr(ttnn.ShardOrientation, shard.orientation.upper())
    return ttnn.MemoryConfig(
        getattr(ttnn.TensorMemoryLayout, f"{shard.distribution}_sharded".upper()),
        ttnn.BufferType.L1 if spec.memory is Memory.L1 else ttnn.BufferType.DRAM,
        ttnn.ShardSpec(cores, list(shard.shape), orientation),
    )


def to_host_tensor(ttnn: Any, value: Any, spec: TensorSpec) -> Any:
    """A ttnn tensor in host memory of an array, torch tensor or `ttl.Tensor`; its values are copied."""
    array = as_array(value)
    assert array is not None, "types were checked"
    if spec.dtype not in _INTEGERS:
        array = array.astype(np.float32)  # exact; the binding has no bfloat16 arrays
    if array.ndim == 1:
        array = array[np.newaxis, :]
    return ttnn.Tensor(
        np.ascontiguousarray(array), _data_type(ttnn, spec.dtype), layout=getattr(ttnn, _LAYOUTS[spec.layout])
    )


def to_array(ttnn: Any, tensor: Any) -> np.ndarray:
    """The values of a ttnn tensor in host memory: integers as they are, all else as float32."""
    if tensor.dtype == ttnn.bfloat16:
        tensor = ttnn.to_dtype(tensor, ttnn.float32)  # the binding has no bfloat16 arrays
    return np.asarray(tensor.to_numpy())


def _read_back(ttnn: Any, tensor: Any, value: Any) -> None:
    """Copy a tensor on the device into the array, torch tensor or `ttl.Tensor` that it came from."""
    array = as_array(value)
    assert array is not None, "types were checked"
    np.copyto(array, to_array(ttnn, tensor.cpu()).reshape(array.shape).astype(array.dtype))


def io_tensors(image: ProgramImage, tensors: Sequence[Any]) -> list[Any]:
    """The tensors in the order that generic_op takes: those that are read, then those that are written.

    It wants at least two; a program of one tensor passes it as input and as output.
    """
    order = sorted(range(len(tensors)), key=lambda i: image.tensors[i].written)
    ordered = [tensors[i] for i in order]
    return ordered if len(ordered) > 1 else ordered * 2


# Descriptors


def build_program(ttnn: Any, image: ProgramImage, tensors: Sequence[Any]) -> Any:
    """The ProgramDescriptor of a program whose tensors lie on a device."""
    accessors = [_accessor_args(ttnn, image, i, tensor) for i, tensor in enumerate(tensors)]
    return describe(ttnn, image, [tensor.buffer_address() for tensor in tensors], accessors, tensors)


def _accessor_args(ttnn: Any, image: ProgramImage, position: int, tensor: Any) -> list[int]:
    args = ttnn.TensorAccessorArgs(tensor)
    if args.get_common_runtime_args():
        raise TTNNError(
            f"the layout of '{image.tensors[position].name}' is known at run time only",
            "pass a tensor with the layout that the kernel was compiled for",
        )
    return list(args.get_compile_time_args())


def describe(
    ttnn: Any,
    image: ProgramImage,
    addresses: Sequence[int],
    accessors: Sequence[Sequence[int]],
    tensors: Sequence[Any] | None = None,
) -> Any:
    """The ProgramDescriptor of a program. Without `tensors`, circular buffers in their shards are shown as others are.

    `addresses` are those of its tensors, `accessors` the compile-time words that describe where their pages lie, as
    ttnn.TensorAccessorArgs gives them. Raises TTNNError when they say something else than those that the kernels were
    compiled for; these are passed, since kernels know where in them each tensor's begin.
    """
    cores = _core_ranges(ttnn, image.core_range)
    _check_accessors(image, accessors)
    return ttnn.ProgramDescriptor(
        kernels=[_kernel(ttnn, image, kernel, addresses) for kernel in image.kernels],
        semaphores=[
            ttnn.SemaphoreDescriptor(id=number, core_ranges=cores, initial_value=initial)
            for number, initial in enumerate(image.semaphores)
        ],
        cbs=[_circular_buffer(ttnn, buffer, cores, tensors) for buffer in image.buffers],
    )


def _core_ranges(ttnn: Any, *ranges: CoreRange) -> Any:
    return ttnn.CoreRangeSet(
        [ttnn.CoreRange(ttnn.CoreCoord(x0, y0), ttnn.CoreCoord(x1, y1)) for x0, y0, x1, y1 in ranges]
    )


def _circular_buffer(ttnn: Any, buffer: BufferImage, cores: Any, tensors: Sequence[Any] | None) -> Any:
    format_descriptors = [
        ttnn.CBFormatDescriptor(
            buffer_index=buffer.index,
            data_format=_data_type(ttnn, BY_METAL_NAME[buffer.data_format].type),
            page_size=buffer.page_bytes,
        )
    ]
    if not buffer.shards_of or tensors is None:
        return ttnn.CBDescriptor(
            total_size=buffer.pages * buffer.page_bytes,
            core_ranges=cores,
            format_descriptors=format_descriptors,
        )
    descriptor = ttnn.cb_descriptor_from_sharded_tensor(buffer.index, tensors[buffer.shards_of - 1])
    descriptor.core_ranges = _core_ranges(ttnn, *buffer.core_ranges) if buffer.core_ranges else cores
    descriptor.format_descriptors = format_descriptors
    return descriptor


def _check_accessors(image: ProgramImage, accessors: Sequence[Sequence[int]]) -> None:
    """Raises TTNNError for a tensor whose pages lie elsewhere than the kernels were compiled for."""
    compiled = split_words(image.kernels[0].compile_time_args[len(image.buffers) :], len(image.tensors))
    for tensor, expected, found in zip(image.tensors, compiled, accessors, strict=True):
        if not same_placement(expected, found):
            raise TTNNError(
                f"'{tensor.name}' does not lie on the device as '{image.name}' was compiled for: the words of its"
                f" accessor are {list(found)}, not {list(expected)}",
                "pass a tensor with the shape, layout and shards that the kernel was compiled for",
            )


def _kernel(ttnn: Any, image: ProgramImage, kernel: KernelImage, addresses: Sequence[int]) -> Any:
    return ttnn.KernelDescriptor(
        kernel_source=kernel.source,
        source_type=ttnn.KernelDescriptor.SourceType.SOURCE_CODE,
        core_ranges=_core_ranges(ttnn, kernel.cores or image.core_range),
        compile_time_args=list(kernel.compile_time_args),
        runtime_args=[(ttnn.CoreCoord(x, y), list(values)) for (x, y), values in kernel.runtime_args],
        common_runtime_args=[addresses[t] for t in kernel.tensor_arguments],
        config=_CONFIGS[kernel.kind](ttnn, image, kernel),
    )


def _compute_config(ttnn: Any, image: ProgramImage, kernel: KernelImage) -> Any:
    config = ttnn.ComputeConfigDescriptor(
        math_fidelity=getattr(ttnn.MathFidelity, image.math_fidelity),
        math_approx_mode=False,
        fp32_dest_acc_en=image.fp32_dest_acc,
        dst_full_sync_en=image.dst_full_sync,
    )
    if kernel.unpack_to_dest_fp32:
        modes = [ttnn.UnpackToDestMode.Default] * chip(image.arch).circular_buffers
        for index in kernel.unpack_to_dest_fp32:
            modes[index] = ttnn.UnpackToDestMode.UnpackToDestFp32
        config.unpack_to_dest_mode = modes
    return config


_CONFIGS: dict[str, Callable[[Any, ProgramImage, KernelImage], Any]] = {
    "compute": _compute_config,
    "reader": lambda ttnn, image, kernel: ttnn.ReaderConfigDescriptor(),
    "writer": lambda ttnn, image, kernel: ttnn.WriterConfigDescriptor(),
}
