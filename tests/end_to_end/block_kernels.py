# SPDX-License-Identifier: Apache-2.0
"""Kernels of one core that compute one expression of whole tensors, and how far their results may be off."""

from math import erf

import ml_dtypes
import numpy as np

import ttlang as ttl

TOLERANCE = {"float32": 1e-5, "bfloat16": 1.2e-2, "float16": 4e-3}
"""Relative L2 error of a few operations: the vector unit computes in float32; in 16-bit registers each operation rounds."""

MATRIX_UNIT_TOLERANCE = 5e-3
"""The matrix unit holds TF32 at most, and for bfloat16 it rounds as it accumulates."""

exact_erf = np.vectorize(erf)


def expression_kernel(function, inputs, outputs, **options):
    """out, ... = function(in, ...), each tensor one block. `inputs`, `outputs`: block shapes in tiles, up to three and two."""
    spare = (1, 1)
    shapes = [*inputs, *[spare] * (3 - len(inputs)), *outputs, *[spare] * (2 - len(outputs))]

    @ttl.kernel(grid=(1, 1), **options)
    def expression(a, b, c, out, second):
        a_cb, b_cb, c_cb, out_cb, second_cb = (
            ttl.make_circular_buffer_like(tensor, shape=shape, buffer_factor=1)
            for tensor, shape in zip((a, b, c, out, second), shapes, strict=True)
        )

        @ttl.compute()
        def compute():
            with (
                a_cb.wait() as x,
                b_cb.wait() as y,
                c_cb.wait() as w,
                out_cb.reserve() as first,
                second_cb.reserve() as other,
            ):
                results = function(x, y, w)
                if len(outputs) == 1:
                    first.store(results)
                    other.store(ttl.math.fill(0.0))
                else:
                    first.store(results[0])
                    other.store(results[1])

        @ttl.datamovement()
        def read():
            with a_cb.reserve() as x, b_cb.reserve() as y, c_cb.reserve() as w:
                ttl.copy(a, x)
                ttl.copy(b, y)
                ttl.copy(c, w)

        @ttl.datamovement()
        def write():
            with out_cb.wait() as first, second_cb.wait() as other:
                ttl.copy(first, out)
                ttl.copy(other, second)

    return expression


def tensor(rng, shape, dtype, low=None, high=None):
    """Normal numbers, or uniform ones between bounds; `shape` in tiles."""
    size = tuple(32 * s for s in shape)
    if np.issubdtype(np.dtype(dtype), np.integer):
        return rng.integers(1 if low is None else low, 100 if high is None else high, size).astype(dtype)
    values = rng.standard_normal(size) if low is None else rng.uniform(low, high, size)
    return values.astype(np.float32).astype(dtype)


def evaluate(function, arrays, outputs, dtypes=None, **options):
    """The results of an expression of tensors, computed on the simulator; and the compiled kernel."""
    inputs = [tuple(size // 32 for size in array.shape) for array in arrays]
    spare = np.ones((32, 32), arrays[0].dtype)
    padded = [*arrays, *[spare] * (3 - len(arrays))]
    dtypes = dtypes or [arrays[0].dtype] * len(outputs)
    results = [np.zeros(tuple(32 * s for s in o), d) for o, d in zip(outputs, dtypes, strict=True)]
    sinks = [*results, *[np.zeros((32, 32), arrays[0].dtype) for _ in range(2 - len(results))]]
    kernel = expression_kernel(function, inputs, outputs, **options)
    compiled = kernel.compile(*padded, *sinks)
    compiled.run(*padded, *sinks, time=False)
    return results, compiled


def relative_error(actual, expected):
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    return np.linalg.norm(actual - expected) / max(np.linalg.norm(expected), 1e-30)


def check(function, reference, arrays, outputs=None, tolerance=None, dtypes=None, **options):
    """Compute on the simulator and compare with NumPy on float32; returns the C++ of the compute thread."""
    outputs = outputs or [tuple(size // 32 for size in arrays[0].shape)]
    results, compiled = evaluate(function, arrays, outputs, dtypes, **options)
    expected = reference(*(a.astype(np.float64) for a in arrays))
    expected = expected if isinstance(expected, tuple) else (expected,)
    for result, wanted in zip(results, expected, strict=True):
        limit = tolerance if tolerance is not None else TOLERANCE[str(result.dtype)]
        assert relative_error(result, wanted) <= limit
    return compiled.kernels["compute"]


BF16, F16, F32 = ml_dtypes.bfloat16, np.float16, np.float32
