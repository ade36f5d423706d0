# SPDX-License-Identifier: Apache-2.0
"""Element accesses of all widths before the real headers."""

from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from judges import CHIPS, Judges

import ttlang as ttl
from ttlang.language.data import Layout

TYPES = (np.float32, ml_dtypes.bfloat16, np.int32, np.uint16, np.uint8)


def _compiled(dtype: type, layout: Layout, version: str) -> "ttl.CompiledKernel":
    array = ttl.tensor(np.zeros((64, 64), dtype), layout=layout)

    @ttl.kernel(grid=(1, 1), metal_version=version)
    def kernel(a, o):
        source = ttl.make_circular_buffer_like(a, a.tile_shape, 1)
        target = ttl.make_circular_buffer_like(o, o.tile_shape, 1)

        @ttl.datamovement()
        def reader():
            with source.reserve() as block:
                ttl.copy(a, block)
            with source.wait() as block, target.reserve() as written:
                for i in range(64):
                    for j in range(64):
                        written[i, j] = block[j, i] + 1

        @ttl.datamovement()
        def writer():
            with target.wait() as block:
                ttl.copy(block, o)

    return kernel.compile(array, array)


CASES = (
    *((dtype, layout, "0.81", CHIPS[0]) for dtype in TYPES for layout in (ttl.TILE, ttl.ROW_MAJOR)),
    *((np.uint8, ttl.TILE, version, chip) for version, chip in (("0.69", CHIPS[0]), ("0.81", CHIPS[1]))),
)


@pytest.mark.parametrize(
    ("dtype", "layout", "version", "chip"),
    CASES,
    ids=[f"{np.dtype(dtype).name}-{layout.value}-{version}-{chip}" for dtype, layout, version, chip in CASES],
)
def test_real_headers_accept_the_cpp(
    judges: Judges, dtype: type, layout: Layout, version: str, chip: str, tmp_path: Path
) -> None:
    for kernel in _compiled(dtype, layout, version).image.kernels:
        assert judges.compile_errors(kernel, version, tmp_path, chip=chip) == ""
