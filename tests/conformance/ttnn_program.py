# SPDX-License-Identifier: Apache-2.0
"""What the real ttnn makes of program files, as JSON: `python ttnn_program.py describe|launch|refusal FILE`.

Runs under a Python that has ttnn (see test_ttnn_descriptors.py), not under that of the tests.
"""

import json
import sys
from typing import Any

import numpy as np
import ttnn

import ttlang as ttl
from ttlang.diagnostics import TTLangError
from ttlang.language.data import numpy_type
from ttlang.runtime import ttnn_backend
from ttlang.runtime.accessor_words import split_words


def describe(path: str) -> dict[str, Any]:
    """The descriptors of a program, read back; tensor n lies at 4096 * (n + 1)."""
    image = ttl.load(path).image
    words = split_words(image.kernels[0].compile_time_args[len(image.buffers) :], len(image.tensors))
    addresses = [4096 * (n + 1) for n in range(len(image.tensors))]
    program = ttnn_backend.describe(ttnn, image, addresses, words)
    return {
        "kernels": [kernel_fields(kernel) for kernel in program.kernels],
        "cbs": [
            [
                cb.total_size,
                [[f.buffer_index, f.data_format_as_uint8, f.page_size] for f in cb.format_descriptors],
            ]
            for cb in program.cbs
        ],
        "semaphores": [[s.id, s.initial_value, str(s.core_type)] for s in program.semaphores],
    }


def kernel_fields(kernel: Any) -> dict[str, Any]:
    (cores,) = kernel.core_ranges.ranges()
    config = kernel.config
    fields = {
        "source": kernel.kernel_source,
        "source_type": str(kernel.source_type),
        "cores": [cores.start.x, cores.start.y, cores.end.x, cores.end.y],
        "compile_time_args": list(kernel.compile_time_args),
        "common_runtime_args": list(kernel.common_runtime_args),
        "config": type(config).__name__,
    }
    if isinstance(config, ttnn.ComputeConfigDescriptor):
        fields["math"] = [
            str(config.math_fidelity),
            config.fp32_dest_acc_en,
            config.dst_full_sync_en,
            config.math_approx_mode,
        ]
        fields["unpack"] = [str(mode) for mode in config.unpack_to_dest_mode]
    return fields


def arguments(image: Any) -> list[Any]:
    """Arrays where a plain array will do, tensors where memory or shards must be said."""
    made = []
    for spec in (t.spec for t in image.tensors):
        array = np.ones(spec.shape, numpy_type(spec.dtype))
        tensor = ttl.tensor(array, spec.dtype, spec.layout, spec.memory, spec.shard)
        made.append(array if spec.memory is ttl.DRAM else tensor)
    return made


def launch(path: str) -> dict[str, Any]:
    """A launch on a device whose kernels do nothing: everything but the values is as on hardware."""
    compiled = ttl.load(path)
    device = ttnn_backend._default_device(ttnn)
    values = arguments(compiled.image)
    specs = [t.spec for t in compiled.image.tensors]
    moved = [ttnn_backend._on_device(ttnn, v, s, device) for v, s in zip(values, specs, strict=True)]
    words = [list(ttnn.TensorAccessorArgs(t).get_compile_time_args()) for t in moved]
    tensors = compiled.run(*moved)  # ttnn tensors choose the backend
    report = compiled.run(*values, backend="ttnn")
    return {"words": words, "ran": [tensors.ran, report.ran], "round_trip": round_trips()}


def round_trips() -> dict[str, float]:
    """Largest difference of values that went to the host format of ttnn and back."""
    rng = np.random.default_rng(0)
    found = {}
    for name in ("bfloat16", "float32", "bfloat8_b", "bfloat4_b", "int32", "uint32", "uint16", "uint8"):
        shape = (2, 40, 70)
        values = (
            rng.uniform(-1, 1, shape).astype(np.float32) if "float" in name else rng.integers(0, 200, shape)
        )
        tensor = ttl.tensor(values, dtype=name)
        back = ttnn_backend.to_array(ttnn, ttnn_backend.to_host_tensor(ttnn, tensor, tensor.spec))
        found[name] = float(np.abs(back.astype(np.float64) - tensor.numpy().astype(np.float64)).max())
    return found


def refusal(path: str) -> str:
    """Why a program does not run here."""
    compiled = ttl.load(path)
    try:
        compiled.run(*arguments(compiled.image), backend="ttnn")
    except TTLangError as error:
        return str(error)
    return "it ran"


if __name__ == "__main__":
    answer = {"describe": describe, "launch": launch, "refusal": refusal}[sys.argv[1]](sys.argv[2])
    print("ANSWER " + json.dumps(answer))
