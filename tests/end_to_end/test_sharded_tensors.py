# SPDX-License-Identifier: Apache-2.0
"""Slices of sharded tensors, tiled and row-major, in L1 and in DRAM, both ways, against NumPy."""

import re

import ml_dtypes
import numpy as np
import pytest

import ttlang as ttl

TILE = 32
ROWS, COLUMNS = 16, 96


def mover(block, turns, part):
    """A kernel of one core that copies the slices `part(tensor, i)` of a tensor to the same places of another."""

    @ttl.kernel(grid=(1, 1))
    def move(a, out):
        cb = ttl.CircularBuffer(block, dtype=a.dtype, tiled=a.spec.tiled)

        @ttl.datamovement()
        def read():
            for i in range(turns):
                with cb.reserve() as b:
                    ttl.copy(part(a, i), b)

        @ttl.datamovement()
        def write():
            for i in range(turns):
                with cb.wait() as b:
                    ttl.copy(b, part(out, i))

    return move


SHARDS = {
    "height": ttl.Shard("height", (4, COLUMNS), (4,)),
    "height, by columns": ttl.Shard("height", (4, COLUMNS), (2, 2), "col_major"),
    "width": ttl.Shard("width", (ROWS, 32), (3,)),
    "width, by columns": ttl.Shard("width", (ROWS, 16), (2, 3), "col_major"),
    "block": ttl.Shard("block", (8, 32), (3, 2)),
    "block, by columns": ttl.Shard("block", (8, 32), (2, 3), "col_major"),
    "more than is filled": ttl.Shard("height", (6, COLUMNS), (8,)),
    "a narrow last shard": ttl.Shard("width", (ROWS, 64), (2,)),
    "one shard": ttl.Shard("height", (ROWS, COLUMNS), (1,)),
}
IN_DRAM = ("height", "width", "more than is filled", "a narrow last shard", "one shard")


def rectangles(high, wide, across):
    """Slices of `high` rows and `wide` columns, `across` of them side by side."""

    def part(t, i):
        row, column = high * (i // across), wide * (i % across)
        return t[row : row + high, column : column + wide]

    return part


SLICES = {
    "rows": ((2, COLUMNS), 8, lambda t, i: t[2 * i : 2 * i + 2, :]),
    "a row": ((1, COLUMNS), 16, lambda t, i: t[i, :]),
    "parts of rows": ((4, 16), 24, rectangles(4, 16, 6)),
    "parts of shards": ((8, 32), 6, rectangles(8, 32, 3)),
    "across the edges of shards": ((2, 48), 16, rectangles(2, 48, 2)),
    "every other row": ((8, COLUMNS), 2, lambda t, i: t[i : i + 15 : 2, :]),
    "all": ((ROWS, COLUMNS), 1, lambda t, i: t[0:ROWS, :]),
}
FULL = ("block, by columns", "a narrow last shard")
CASES = [
    *(("L1", shard, slice_) for shard in FULL for slice_ in SLICES),
    *(
        ("L1", shard, slice_)
        for shard in SHARDS
        if shard not in FULL
        for slice_ in ("rows", "parts of shards")
    ),
    *(("DRAM", "a narrow last shard", slice_) for slice_ in ("across the edges of shards", "all")),
    *(("DRAM", shard, "parts of rows") for shard in IN_DRAM),
]
"""Each costs two compilations: two placements of shards in all slices, the others in some."""


@pytest.mark.parametrize(
    ("memory", "shard", "slice_"), CASES, ids=lambda v: v.replace(" ", "_").replace(",", "")
)
def test_rows(memory, shard, slice_):
    block, turns, part = SLICES[slice_]
    kernel = mover(block, turns, part)
    a = np.random.default_rng(0).standard_normal((ROWS, COLUMNS), np.float32)
    once, again = np.zeros_like(a), np.zeros_like(a)
    sharded = ttl.tensor(once, layout=ttl.ROW_MAJOR, memory=getattr(ttl, memory), shard=SHARDS[shard])
    kernel(ttl.tensor(a, layout=ttl.ROW_MAJOR), sharded)
    np.testing.assert_array_equal(once, a)
    kernel(sharded, ttl.tensor(again, layout=ttl.ROW_MAJOR))
    np.testing.assert_array_equal(again, a)


@pytest.mark.parametrize("dtype", [np.uint8, ml_dtypes.bfloat16])
def test_data_types_of_rows(dtype):
    kernel = mover((2, 32), 24, rectangles(2, 32, 3))
    a = np.random.default_rng(0).integers(0, 100, (ROWS, COLUMNS)).astype(dtype)
    out = np.zeros_like(a)
    tensors = [
        ttl.tensor(array, layout=ttl.ROW_MAJOR, memory=ttl.L1, shard=SHARDS["block"]) for array in (a, out)
    ]
    kernel(*tensors)
    np.testing.assert_array_equal(out, a)


TILED = {
    "height": ttl.Shard("height", (2 * TILE, 4 * TILE), (4,)),
    "width": ttl.Shard("width", (8 * TILE, TILE), (4, 1)),
    "width, by columns": ttl.Shard("width", (8 * TILE, 2 * TILE), (2, 1), "col_major"),
    "one shard": ttl.Shard("block", (8 * TILE, 4 * TILE), (1, 1)),
}
TILED_SLICES = {
    "a tile": ((1, 1), 32, lambda t, i: t[i // 4, i % 4]),
    "rows": ((2, 4), 4, lambda t, i: t[2 * i : 2 * i + 2, :]),
    "columns": ((8, 2), 2, lambda t, i: t[:, 2 * i : 2 * i + 2]),
    "three of four columns": ((8, 3), 1, lambda t, i: t[:, 0:3]),
}


@pytest.mark.parametrize("shard", TILED)
@pytest.mark.parametrize("slice_", TILED_SLICES)
def test_tiles_in_banks_of_dram(shard, slice_):
    block, turns, part = TILED_SLICES[slice_]
    kernel = mover(block, turns, part)
    kernel.arch = "blackhole" if shard == "width" else "wormhole_b0"
    a = np.random.default_rng(0).standard_normal((8 * TILE, 4 * TILE), np.float32)
    taken = np.zeros_like(a)
    taken[:, : 3 * TILE if "three" in slice_ else None] = 1
    once, again = np.zeros_like(a), np.zeros_like(a)
    sharded = ttl.tensor(once, shard=TILED[shard])
    kernel(a, sharded)
    np.testing.assert_array_equal(once, a * taken)
    kernel(sharded, again)
    np.testing.assert_array_equal(again, a * taken)


def test_rows_in_a_slice_of_rank_3():
    kernel = mover((2, 2, 32), 3, lambda t, i: t[:, 2:4, 32 * i : 32 * i + 32])
    a = np.random.default_rng(0).standard_normal((2, 4, COLUMNS), np.float32)
    out = np.zeros_like(a)
    tensors = [
        ttl.tensor(array, layout=ttl.ROW_MAJOR, memory=ttl.L1, shard=ttl.Shard("height", (2, COLUMNS), (4,)))
        for array in (a, out)
    ]
    kernel(*tensors)
    np.testing.assert_array_equal(out[:, 2:], a[:, 2:])
    assert not out[:, :2].any()


TRANSFERS = {
    "rows of a shard": ("height", "L1", (4, COLUMNS), 4, lambda t, i: t[4 * i : 4 * i + 4, :], 1),
    "rows of two shards": ("height", "L1", (8, COLUMNS), 2, lambda t, i: t[8 * i : 8 * i + 8, :], 2),
    "a whole tensor": ("one shard", "DRAM", (ROWS, COLUMNS), 1, lambda t, i: t[:, :], 1),
    "a block": ("block", "L1", (8, 32), 3, lambda t, i: t[0:8, 32 * i : 32 * i + 32], 1),
}
"""Shards, their memory, a block, how many of them, slices, and transfers for each."""


@pytest.mark.parametrize("name", TRANSFERS)
def test_rows_that_lie_together_are_one_transfer(name):
    shard, memory, block, turns, part, transfers = TRANSFERS[name]
    kernel = mover(block, turns, part)
    a, out = rows_tensor(SHARDS[shard], getattr(ttl, memory)), rows_tensor(None, ttl.DRAM)
    source = kernel.compile(a, out).kernels["read"]
    calls = re.findall(r"noc_async_read\(.*, (\d+)\);", source)
    assert [int(size) for size in calls] == [block[0] * block[1] * 4 // transfers] * transfers


def refused(kernel, *tensors) -> str:
    with pytest.raises(ttl.CompileError) as caught:
        kernel.compile(*tensors)
    return str(caught.value)


def rows_tensor(shard, memory=ttl.L1, dtype=np.float32):
    return ttl.tensor(np.zeros((ROWS, COLUMNS), dtype), layout=ttl.ROW_MAJOR, memory=memory, shard=shard)


def test_refusals():
    out = ttl.tensor(np.zeros((ROWS, COLUMNS), np.float32), layout=ttl.ROW_MAJOR)
    steps = mover((1, 16), 1, lambda t, i: t[0:1, 0:32:2])
    assert "steps along the rows" in refused(steps, rows_tensor(SHARDS["block"]), out)
    odd = mover((1, 16), 1, lambda t, i: t[0:1, 6:22])
    assert "may begin at a byte that L1 cannot be addressed at" in refused(
        odd, rows_tensor(SHARDS["height"]), out
    )
    edge = mover((1, 34), 1, lambda t, i: t[0:1, 0:34])
    assert "cannot be transferred to or from L1" in refused(edge, rows_tensor(SHARDS["block"]), out)
    whole = mover((1, COLUMNS), 1, lambda t, i: t[0:1, :])
    few = rows_tensor(ttl.Shard("width", (ROWS, 2), (8, 6)))
    assert "pages of 8 bytes (i32) cannot be read from L1" in refused(whole, few, out)
    many = rows_tensor(ttl.Shard("height", (1, COLUMNS), (16,)), ttl.DRAM)
    assert "lies in bank 12 of DRAM; wormhole_b0 has 12 banks" in refused(whole, many, out)
    with pytest.raises(ttl.CompileError, match="banks, which are one row, not in 2x2 cores"):
        rows_tensor(ttl.Shard("block", (8, 48), (2, 2)), ttl.DRAM)
    with pytest.raises(ttl.CompileError, match="multiples of 32"):
        ttl.tensor(np.zeros((ROWS, COLUMNS), np.float32), memory=ttl.L1, shard=SHARDS["block"])
