# SPDX-License-Identifier: Apache-2.0
"""Kernels of the simulator benchmark, in the public language: one text for both implementations of it.

    python programs.py ours|functional|peer add|matmul SIZE BLOCK GRID_X GRID_Y

prints one JSON line: the median CPU seconds of a call after a warm-up, and the error of the result. `ours` models time,
`functional` does not; `peer` is the simulator `tt-lang-sim` from PyPI, run through its own command.
"""

import json
import sys
import time

WHO, KIND, SIZE, BLOCK, GRID_X, GRID_Y = sys.argv[-6], sys.argv[-5], *map(int, sys.argv[-4:])
if WHO == "peer":
    import torch
    import ttl
    import ttnn
else:
    import ml_dtypes
    import numpy as np

    import ttlang as ttl
    from ttlang.runtime import settings

    settings.override(time=WHO == "ours")

TILES = SIZE // 32
ROWS, COLUMNS, DEPTH = TILES // BLOCK // GRID_Y, TILES // BLOCK // GRID_X, TILES // BLOCK


@ttl.operation(grid=(GRID_X, GRID_Y))
def add(a, b, o):
    a_cb = ttl.make_dataflow_buffer_like(a, shape=(BLOCK, BLOCK), block_count=2)
    b_cb = ttl.make_dataflow_buffer_like(b, shape=(BLOCK, BLOCK), block_count=2)
    o_cb = ttl.make_dataflow_buffer_like(o, shape=(BLOCK, BLOCK), block_count=2)

    @ttl.compute()
    def compute():
        for _ in range(ROWS):
            for _ in range(COLUMNS):
                with a_cb.wait() as x, b_cb.wait() as y, o_cb.reserve() as z:
                    z.store(x + y)

    @ttl.datamovement()
    def read():
        core_x, core_y = ttl.node(dims=2)
        for i in range(ROWS):
            for j in range(COLUMNS):
                row = (core_y * ROWS + i) * BLOCK
                column = (core_x * COLUMNS + j) * BLOCK
                with a_cb.reserve() as x, b_cb.reserve() as y:
                    first = ttl.copy(a[row : row + BLOCK, column : column + BLOCK], x)
                    second = ttl.copy(b[row : row + BLOCK, column : column + BLOCK], y)
                    first.wait()
                    second.wait()

    @ttl.datamovement()
    def write():
        core_x, core_y = ttl.node(dims=2)
        for i in range(ROWS):
            for j in range(COLUMNS):
                row = (core_y * ROWS + i) * BLOCK
                column = (core_x * COLUMNS + j) * BLOCK
                with o_cb.wait() as z:
                    ttl.copy(z, o[row : row + BLOCK, column : column + BLOCK]).wait()


@ttl.operation(grid=(GRID_X, GRID_Y))
def matmul(a, b, o):
    a_cb = ttl.make_dataflow_buffer_like(a, shape=(BLOCK, BLOCK), block_count=2)
    b_cb = ttl.make_dataflow_buffer_like(b, shape=(BLOCK, BLOCK), block_count=2)
    sum_cb = ttl.make_dataflow_buffer_like(o, shape=(BLOCK, BLOCK), block_count=2)
    o_cb = ttl.make_dataflow_buffer_like(o, shape=(BLOCK, BLOCK), block_count=2)

    @ttl.compute()
    def compute():
        for _ in range(ROWS):
            for _ in range(COLUMNS):
                with sum_cb.reserve() as total:
                    total.store(ttl.block.fill(0, shape=(BLOCK, BLOCK)))
                for _ in range(DEPTH):
                    with a_cb.wait() as x, b_cb.wait() as y, sum_cb.wait() as before:
                        with sum_cb.reserve() as total:
                            total.store(before + x @ y)
                with sum_cb.wait() as total, o_cb.reserve() as z:
                    z.store(total)

    @ttl.datamovement()
    def read():
        core_x, core_y = ttl.node(dims=2)
        for i in range(ROWS):
            for j in range(COLUMNS):
                for k in range(DEPTH):
                    row = (core_y * ROWS + i) * BLOCK
                    column = (core_x * COLUMNS + j) * BLOCK
                    inner = k * BLOCK
                    with a_cb.reserve() as x, b_cb.reserve() as y:
                        first = ttl.copy(a[row : row + BLOCK, inner : inner + BLOCK], x)
                        second = ttl.copy(b[inner : inner + BLOCK, column : column + BLOCK], y)
                        first.wait()
                        second.wait()

    @ttl.datamovement()
    def write():
        core_x, core_y = ttl.node(dims=2)
        for i in range(ROWS):
            for j in range(COLUMNS):
                row = (core_y * ROWS + i) * BLOCK
                column = (core_x * COLUMNS + j) * BLOCK
                with o_cb.wait() as z:
                    ttl.copy(z, o[row : row + BLOCK, column : column + BLOCK]).wait()


def median_seconds(call, repeats=5):
    """Median CPU seconds of a call, after one that warms up."""
    call()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return sorted(times)[repeats // 2]


def measure_peer(operation):
    device = ttnn.open_device(device_id=0)

    def on_device(tensor):
        return ttnn.from_torch(
            tensor,
            dtype=ttnn.bfloat16,
            layout=ttnn.TILE_LAYOUT,
            device=device,
            memory_config=ttnn.DRAM_MEMORY_CONFIG,
        )

    torch.manual_seed(0)
    a, b = (torch.rand(SIZE, SIZE, dtype=torch.bfloat16) for _ in range(2))
    left, right, out = on_device(a), on_device(b), on_device(torch.zeros_like(a))
    seconds = median_seconds(lambda: operation(left, right, out))
    expected = a.float() + b.float() if KIND == "add" else a.float() @ b.float()
    got = ttnn.to_torch(out).float()
    return seconds, float((got - expected).norm() / expected.norm())


def measure_ours(operation):
    rng = np.random.default_rng(0)
    a, b = (rng.random((SIZE, SIZE), np.float32).astype(ml_dtypes.bfloat16) for _ in range(2))
    out = np.zeros_like(a)
    seconds = median_seconds(lambda: operation(a, b, out))
    left, right = a.astype(np.float32), b.astype(np.float32)
    expected = left + right if KIND == "add" else left @ right
    error = np.linalg.norm(out.astype(np.float32) - expected) / np.linalg.norm(expected)
    return seconds, float(error)


chosen = {"add": add, "matmul": matmul}[KIND]
seconds, error = (measure_peer if WHO == "peer" else measure_ours)(chosen)
print(json.dumps({"seconds": seconds, "error": error}))
