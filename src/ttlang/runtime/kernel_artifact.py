# SPDX-License-Identifier: Apache-2.0
"""Compiled programs as the JSON `kernel_artifact` that tt-mlir takes in."""

import json
from typing import Any

from ttlang.diagnostics import TTLangError

from .image import KernelImage, ProgramImage

FORMAT_VERSION = 2
_DATA_MOVEMENT = {"reader": "ReaderKernelConfig", "writer": "WriterKernelConfig"}


def kernel_artifact(image: ProgramImage) -> str:
    """The JSON of a program.

    Arguments of kernels are implied by the format: compile-time, the indices of the circular buffers and the accessor
    words of the tensors; common runtime, the addresses of `tensor_indices`. The format has no place for how buffers are
    unpacked: float32 tiles then reach DST through the source registers, with 10 bits of mantissa. Raises TTLangError
    for what changes more than that: runtime arguments of single cores, kernels on a part of the cores, semaphores that do
    not start at 0.
    """
    for problem, condition in (
        ("runtime arguments of single cores", any(k.runtime_args for k in image.kernels)),
        ("kernels on a part of the cores", any(k.cores for k in image.kernels)),
        ("semaphores that do not start at 0", any(image.semaphores)),
    ):
        if condition:
            raise TTLangError(
                f"error: a kernel artifact has no place for {problem}, which '{image.name}' has\n"
                "  help: save it as a program file (.ttm)"
            )
    columns, rows = image.cores
    return json.dumps(
        {
            "format_version": FORMAT_VERSION,
            "kernels": [_kernel(image, kernel) for kernel in image.kernels],
            "core_range": {"start": [0, 0], "end": [columns - 1, rows - 1]},
            "cb_configs": [
                {
                    "buffer_index": buffer.index,
                    "data_format": buffer.data_format,
                    "page_size": buffer.page_bytes,
                    "total_size": buffer.pages * buffer.page_bytes,
                }
                for buffer in image.buffers
            ],
            "num_tensors": len(image.tensors),
            "num_pipe_sync_semaphores": len(image.semaphores),
            "num_pipe_global_semaphores": 0,
            "pipe_sram_scratch_bytes": 0,
        },
        indent=2,
    )


def _kernel(image: ProgramImage, kernel: KernelImage) -> dict[str, Any]:
    return {
        "thread_type": "compute" if kernel.kind == "compute" else "noc",
        "cpp_source": kernel.source,
        "tensor_indices": list(kernel.tensor_arguments),
        "kernel_config": _config(image, kernel.kind),
    }


def _config(image: ProgramImage, kind: str) -> dict[str, Any]:
    if kind != "compute":
        return {"type": _DATA_MOVEMENT[kind]}
    return {
        "type": "ComputeKernelConfig",
        "math_fidelity": image.math_fidelity,
        "fp32_dest_acc_en": image.fp32_dest_acc,
        "dst_full_sync_en": image.dst_full_sync,
        "bfp8_pack_precise": False,
        "math_approx_mode": False,
    }
