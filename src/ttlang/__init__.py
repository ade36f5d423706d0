# SPDX-License-Identifier: Apache-2.0
"""Tile kernels for Tenstorrent Tensix processors, in Python: `import ttlang as ttl`."""

from typing import TYPE_CHECKING, Any

from .diagnostics import CompileError, TTLangError
from .language import math
from .language import math as block
from .language.data import (
    DRAM,
    L1,
    ROW_MAJOR,
    TILE,
    TILE_SHAPE,
    Shard,
    bfloat4_b,
    bfloat8_b,
    bfloat16,
    float16,
    float32,
    int32,
    uint8,
    uint16,
    uint32,
)
from .language.distributed import DistributedTensor
from .language.kernel import Kernel, compute, datamovement, kernel
from .language.operations import copy, dma, signpost
from .language.pipes import Pipe, PipeNet, if_pipe_dst, if_pipe_src
from .language.programs import Program
from .language.resources import (
    CircularBuffer,
    core,
    core_index,
    grid_size,
    make_circular_buffer_like,
    make_dataflow_buffer_like,
)
from .language.semaphores import Semaphore
from .language.tensors import Tensor, TensorAccessor, tensor

if TYPE_CHECKING:
    from .runtime import CompiledKernel, RunReport, load
    from .schedule.autotune import autotune
    from .schedule.schedule import schedule

__version__ = "0.1.0"

# names that other versions of the language have for the same things
ttl_kernel = pykernel_gen = operation = kernel
node = core


def __getattr__(name: str) -> Any:
    if name in ("CompiledKernel", "RunReport", "load"):
        from . import runtime

        return getattr(runtime, name)
    if name == "schedule":
        from importlib import import_module

        return import_module(".schedule", __name__)
    if name == "autotune":
        from .schedule.autotune import autotune

        return autotune
    raise AttributeError(f"module 'ttlang' has no attribute '{name}'")


__all__ = [
    "DRAM",
    "L1",
    "ROW_MAJOR",
    "TILE",
    "TILE_SHAPE",
    "CircularBuffer",
    "CompileError",
    "CompiledKernel",
    "DistributedTensor",
    "Kernel",
    "Pipe",
    "PipeNet",
    "Program",
    "RunReport",
    "Semaphore",
    "Shard",
    "TTLangError",
    "Tensor",
    "TensorAccessor",
    "autotune",
    "bfloat4_b",
    "bfloat8_b",
    "bfloat16",
    "block",
    "compute",
    "copy",
    "core",
    "core_index",
    "datamovement",
    "dma",
    "float16",
    "float32",
    "grid_size",
    "if_pipe_dst",
    "if_pipe_src",
    "int32",
    "kernel",
    "load",
    "make_circular_buffer_like",
    "make_dataflow_buffer_like",
    "math",
    "node",
    "operation",
    "pykernel_gen",
    "schedule",
    "signpost",
    "tensor",
    "ttl_kernel",
    "uint8",
    "uint16",
    "uint32",
]
