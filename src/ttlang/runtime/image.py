# SPDX-License-Identifier: Apache-2.0
"""A compiled program as plain data: what is cached, saved and launched."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from ttlang.codegen.program_file import ProgramFileError, decode_program, encode_program
from ttlang.hardware.data_formats import DataType
from ttlang.language.data import Layout, Memory, Shard
from ttlang.language.tensors import TensorSpec

CoreRange = tuple[int, int, int, int]
"""First and last core, inclusive: x0, y0, x1, y1."""


@dataclass(frozen=True, slots=True)
class BufferImage:
    """A circular buffer, the same on every core. Sizes and address in bytes.

    `shards_of`: 1 + the position of the tensor whose shards the buffer is, and whose address it has; 0 for a buffer of
    its own. `core_ranges`: where such a buffer is, when it is not on all cores of the program.
    """

    name: str
    index: int
    data_format: str
    page_bytes: int
    pages: int
    address: int
    shards_of: int = 0
    core_ranges: tuple[CoreRange, ...] = ()


@dataclass(frozen=True, slots=True)
class TensorImage:
    """A tensor argument; `written` when the program writes to it."""

    name: str
    spec: TensorSpec
    written: bool


@dataclass(frozen=True, slots=True)
class KernelImage:
    """One C++ kernel. `line_map`: C++ line to (Python file, line, column).

    Common runtime arguments are the addresses of `tensor_arguments`; `runtime_args` gives cores, by (x, y), arguments
    of their own. `cores`: the cores that the kernel runs on; None for all of the program. `unpack_to_dest_fp32`: the circular
    buffers that it unpacks to 32-bit DST registers, past the source registers.
    """

    name: str
    kind: str
    source: str
    line_map: Mapping[int, tuple[str, int, int]]
    compile_time_args: tuple[int, ...]
    tensor_arguments: tuple[int, ...]
    runtime_args: tuple[tuple[tuple[int, int], tuple[int, ...]], ...] = ()
    cores: CoreRange | None = None
    unpack_to_dest_fp32: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ProgramImage:
    """Everything that a launch needs, and nothing that it does not.

    The cores are (0, 0) to `cores` - 1; `semaphores` are first values, by id.
    """

    name: str
    arch: str
    grid: tuple[int, ...]
    cores: tuple[int, int]
    metal_version: str
    math_fidelity: str
    fp32_dest_acc: bool
    dst_full_sync: bool
    buffers: tuple[BufferImage, ...]
    tensors: tuple[TensorImage, ...]
    kernels: tuple[KernelImage, ...]
    semaphores: tuple[int, ...] = ()

    @property
    def core_range(self) -> CoreRange:
        """All cores of the program."""
        columns, rows = self.cores
        return 0, 0, columns - 1, rows - 1

    def to_bytes(self, stages: Mapping[str, str]) -> bytes:
        """A program file with this program and the texts of stages."""
        return encode_program(
            {
                **_plain(self),
                "unpack_to_dest_fp32": (),
                "buffers": [_buffer_fields(b) for b in self.buffers],
                "tensors": [_tensor_fields(t) for t in self.tensors],
                "kernels": [_kernel_fields(k) for k in self.kernels],
                "stages": [{"name": name, "text": text} for name, text in stages.items()],
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes, name: str) -> tuple["ProgramImage", dict[str, str]]:
        """The program of a file, which messages call `name`, and its stages. Raises ProgramFileError."""
        values = decode_program(data, name)
        format_, of_all = values.pop("format"), values.pop("unpack_to_dest_fp32")
        del values["compiler"]
        if format_ < 3:  # one compute kernel, on all cores
            for kernel in values["kernels"]:
                if kernel["kind"] == "compute":
                    kernel["unpack_to_dest_fp32"] = of_all
        stages = {stage["name"]: stage["text"] for stage in values.pop("stages")}
        try:
            return cls._of(values), stages
        except (ValueError, LookupError) as error:
            raise ProgramFileError(f"error: {name} is malformed: {error}") from error

    @classmethod
    def _of(cls, values: dict[str, Any]) -> "ProgramImage":
        columns, rows = _numbers(values["cores"])
        parts: dict[str, Any] = {
            "grid": _numbers(values["grid"]),
            "cores": (columns, rows),
            "fp32_dest_acc": bool(values["fp32_dest_acc"]),
            "dst_full_sync": bool(values["dst_full_sync"]),
            "buffers": tuple(_buffer(b) for b in values["buffers"]),
            "semaphores": _numbers(values["semaphores"]),
            "tensors": tuple(_tensor(t) for t in values["tensors"]),
            "kernels": tuple(_kernel(k, len(values["tensors"])) for k in values["kernels"]),
        }
        return cls(**{**values, **parts})


def _plain(value: Any) -> dict[str, Any]:
    """The fields of a dataclass as they are."""
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _numbers(vector: np.ndarray) -> tuple[int, ...]:
    return tuple(vector.tolist())


def _core_ranges(numbers: tuple[int, ...]) -> tuple[CoreRange, ...]:
    if len(numbers) % 4:
        raise ValueError(f"{len(numbers)} numbers are no ranges of cores")
    ranges = zip(*(numbers[i::4] for i in range(4)), strict=True)
    return tuple((x0, y0, x1, y1) for x0, y0, x1, y1 in ranges)


def _buffer_fields(buffer: BufferImage) -> dict[str, Any]:
    return {**_plain(buffer), "core_ranges": [number for cores in buffer.core_ranges for number in cores]}


def _buffer(values: dict[str, Any]) -> BufferImage:
    return BufferImage(**{**values, "core_ranges": _core_ranges(_numbers(values["core_ranges"]))})


def _tensor_fields(tensor: TensorImage) -> dict[str, Any]:
    spec = tensor.spec
    return {
        "name": tensor.name,
        "shape": spec.shape,
        "dtype": spec.dtype.value,
        "layout": spec.layout.value,
        "memory": spec.memory.value,
        "shard": "" if spec.shard is None else spec.shard.text,
        "written": tensor.written,
    }


def _tensor(values: dict[str, Any]) -> TensorImage:
    shape = _numbers(values["shape"])
    if not shape or 0 in shape:
        raise ValueError(f"a tensor cannot have the shape {shape}")
    shard = Shard.parse(values["shard"]) if values["shard"] else None
    spec = TensorSpec(
        shape, DataType(values["dtype"]), Layout(values["layout"]), Memory(values["memory"]), shard
    )
    return TensorImage(values["name"], spec, bool(values["written"]))


def _kernel_fields(kernel: KernelImage) -> dict[str, Any]:
    files = {
        file: number for number, file in enumerate(dict.fromkeys(p[0] for p in kernel.line_map.values()))
    }
    lines = [(line, files[file], row, column) for line, (file, row, column) in kernel.line_map.items()]
    return {
        **_plain(kernel),
        "files": list(files),
        "line_map": np.array(lines, np.uint32).reshape(-1, 4),
        "runtime_args": [{"x": x, "y": y, "values": values} for (x, y), values in kernel.runtime_args],
        "cores": kernel.cores or (),
    }


def _kernel(values: dict[str, Any], tensors: int) -> KernelImage:
    files = values.pop("files")
    arguments = _numbers(values["tensor_arguments"])
    if arguments and max(arguments) >= tensors:
        raise ValueError(f"a kernel takes tensor {max(arguments)} of {tensors}")
    if values["kind"] not in ("compute", "reader", "writer"):
        raise ValueError(f"there are no kernels of the kind {values['kind']!r}")
    parts: dict[str, Any] = {
        "line_map": {
            line: (files[file], row, column) for line, file, row, column in values["line_map"].tolist()
        },
        "compile_time_args": _numbers(values["compile_time_args"]),
        "tensor_arguments": arguments,
        "runtime_args": tuple(((c["x"], c["y"]), _numbers(c["values"])) for c in values["runtime_args"]),
        "cores": next(iter(_core_ranges(_numbers(values["cores"]))), None),
        "unpack_to_dest_fp32": _numbers(values["unpack_to_dest_fp32"]),
    }
    return KernelImage(**{**values, **parts})
