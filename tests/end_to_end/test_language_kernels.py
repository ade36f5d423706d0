# SPDX-License-Identifier: Apache-2.0
"""The kernels of the compile-time benchmark compute what they say."""

import numpy as np
import pytest
from bench.language_kernels import KERNELS

# relative L2 error: bfloat16 results are rounded to 8 bits; sums that pass through bfloat16 buffers are rounded more often
TOLERANCE = {
    "matmul": 2e-2,
    "matmul_iadd": 2e-2,
    "fused": 1e-2,
    "softmaxrow": 1.5e-2,
    "f32_fused": 1e-3,
    "reduce_sum": 2e-2,
}


@pytest.mark.parametrize("name", KERNELS)
def test_kernel(name):
    kernel, arguments, expected = KERNELS[name]()
    kernel(*arguments)
    actual = arguments[-1].astype(np.float32)
    if name == "reduce_max":  # the maxima of a tile stand in its first row
        actual, expected = actual[::32], expected[::32]
    error = np.linalg.norm(actual - expected) / np.linalg.norm(expected)
    assert error <= TOLERANCE.get(name, 5e-3)
