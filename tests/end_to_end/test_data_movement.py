# SPDX-License-Identifier: Apache-2.0
"""Transfers of all kinds of tensors on the simulator, against NumPy."""

import ml_dtypes
import numpy as np
import pytest

import ttlang as ttl

TILE = 32


def values(*shape: int, dtype=np.float32, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if np.issubdtype(np.dtype(dtype), np.integer):
        return rng.integers(0, 100, shape).astype(dtype)
    return rng.standard_normal(shape, np.float32).astype(dtype)


def as_tiles(array: np.ndarray) -> np.ndarray:
    """[.., rows, columns] to [.., row tiles, column tiles, 32, 32]"""
    *outer, rows, columns = array.shape
    split = array.reshape(*outer, rows // TILE, TILE, columns // TILE, TILE)
    return np.moveaxis(split, -3, -2)


def copier(block, source, destination, turns, **resources):
    """A kernel of one core that copies `turns` slices of a tensor of tiles to another through one buffer."""

    @ttl.kernel(grid=(1, 1))
    def copy(a, out):
        cb = ttl.CircularBuffer(block, dtype=a.dtype, tiled=a.spec.tiled, **resources)

        @ttl.datamovement()
        def read():
            for i in range(turns):
                with cb.reserve() as b:
                    ttl.copy(source(a, i), b)

        @ttl.datamovement()
        def write():
            for i in range(turns):
                with cb.wait() as b:
                    ttl.copy(b, destination(out, i))

    return copy


@pytest.mark.parametrize("memory", [ttl.DRAM, ttl.L1])
@pytest.mark.parametrize("dtype", [np.float32, ml_dtypes.bfloat16, np.int32, np.uint16])
def test_tiles_of_all_types_and_memories(dtype, memory):
    kernel = copier(
        (2, 3),
        lambda a, i: a[2 * i : 2 * i + 2, 0:3],
        lambda out, i: out[2 * i : 2 * i + 2, 0:3],
        2,
    )
    a = values(4 * TILE, 3 * TILE, dtype=dtype)
    out = np.zeros_like(a)
    kernel(ttl.tensor(a, memory=memory), ttl.tensor(out, memory=memory))
    np.testing.assert_array_equal(out, a)


def test_stepped_slices():
    kernel = copier(
        (2, 2),
        lambda a, i: a[i : i + 3 : 2, i : i + 4 : 3],
        lambda out, i: out[2 * i : 2 * i + 2, :],
        2,
    )
    a, out = values(4 * TILE, 6 * TILE), np.zeros((4 * TILE, 2 * TILE), np.float32)
    kernel(a, out)
    expected = [as_tiles(a)[i : i + 3 : 2, i : i + 4 : 3] for i in range(2)]
    np.testing.assert_array_equal(as_tiles(out), np.concatenate(expected))


def test_integer_indices_of_a_tensor_of_rank_4():
    kernel = copier(
        (1, 2),
        lambda a, i: a[1, i, 1, 0:2],
        lambda out, i: out[i : i + 1, 0:2],
        3,
    )
    a, out = values(2, 3, 2 * TILE, 2 * TILE), np.zeros((3 * TILE, 2 * TILE), np.float32)
    kernel(a, out)
    np.testing.assert_array_equal(as_tiles(out), as_tiles(a)[1, :, 1])


def test_a_slice_of_a_tensor_of_rank_3():
    kernel = copier(
        (2, 1, 2),
        lambda a, i: a[0:2, i : i + 1, 1:3],
        lambda out, i: out[0:2, i : i + 1, 0:2],
        2,
    )
    a, out = values(2, 2 * TILE, 4 * TILE), np.zeros((2, 2 * TILE, 2 * TILE), np.float32)
    kernel(a, out)
    np.testing.assert_array_equal(out, a[:, :, TILE : 3 * TILE])


@pytest.mark.parametrize("memory", [ttl.DRAM, ttl.L1])
@pytest.mark.parametrize("dtype", [np.float32, np.uint16, np.uint8])
def test_rows(dtype, memory):
    kernel = copier(
        (4, 128),
        lambda a, i: a[4 * i : 4 * i + 4, 0:128],
        lambda out, i: out[4 * i : 4 * i + 4, :],
        2,
    )
    a = values(8, 128, dtype=dtype)
    out = np.zeros_like(a)
    given = (ttl.tensor(array, layout=ttl.ROW_MAJOR, memory=memory) for array in (a, out))
    kernel(*given)
    np.testing.assert_array_equal(out, a)


def test_parts_of_rows():
    kernel = copier(
        (2, 32),
        lambda a, i: a[2:4, 32 * i : 32 * i + 32],
        lambda out, i: out[i, :, :],
        4,
    )
    a, out = values(6, 128), np.zeros((4, 2, 32), np.float32)
    kernel(ttl.tensor(a, layout=ttl.ROW_MAJOR), ttl.tensor(out, layout=ttl.ROW_MAJOR))
    np.testing.assert_array_equal(out, a[2:4].reshape(2, 4, 32).swapaxes(0, 1))


def test_every_other_row():
    kernel = copier(
        (3, 64),
        lambda a, i: a[i : i + 5 : 2, :],
        lambda out, i: out[3 * i : 3 * i + 3, :],
        2,
    )
    a, out = values(6, 64), np.zeros((6, 64), np.float32)
    kernel(ttl.tensor(a, layout=ttl.ROW_MAJOR), ttl.tensor(out, layout=ttl.ROW_MAJOR))
    np.testing.assert_array_equal(out, np.concatenate([a[0::2], a[1::2]]))


def test_block_to_block():
    @ttl.kernel(grid=(1, 1))
    def through_two(a, out):
        first, second = (ttl.make_circular_buffer_like(a, shape=(2, 1)) for _ in range(2))

        @ttl.datamovement()
        def read():
            for i in range(3):
                with first.reserve() as b:
                    ttl.copy(a[2 * i : 2 * i + 2, 0:1], b)
                with first.wait() as b, second.reserve() as c:
                    ttl.copy(b, c)

        @ttl.datamovement()
        def write():
            for i in range(3):
                with second.wait() as c:
                    ttl.copy(c, out[2 * i : 2 * i + 2, 0:1])

    a = values(6 * TILE, TILE)
    out = np.zeros_like(a)
    through_two(a, out)
    np.testing.assert_array_equal(out, a)


def test_a_block_goes_to_two_tensors():
    @ttl.kernel(grid=(2, 1))
    def twice(a, one, two):
        cb = ttl.make_circular_buffer_like(a, shape=(1, 2))
        x, _ = ttl.core(dims=2)

        @ttl.datamovement()
        def read():
            with cb.reserve() as b:
                ttl.copy(a[x, 0:2], b)

        @ttl.datamovement()
        def write():
            with cb.wait() as b:
                ttl.copy(b, one[x, 0:2])
                ttl.copy(b, two[1 - x, 0:2])

    a = values(2 * TILE, 2 * TILE)
    one, two = np.zeros_like(a), np.zeros_like(a)
    twice(a, one, two)
    np.testing.assert_array_equal(one, a)
    np.testing.assert_array_equal(two, np.concatenate([a[TILE:], a[:TILE]]))


@pytest.mark.parametrize("grid", [(5,), (16,), (2, 3, 2), (64,)])
def test_grids_of_other_ranks(grid):
    count = int(np.prod(grid))

    @ttl.kernel(grid=grid)
    def own_tile(a, out):
        cb = ttl.make_circular_buffer_like(a, shape=(1, 1))
        number = ttl.core(dims=1)

        @ttl.datamovement()
        def read():
            with cb.reserve() as b:
                ttl.copy(a[number, 0], b)

        @ttl.datamovement()
        def write():
            with cb.wait() as b:
                ttl.copy(b, out[count - 1 - number, 0])

    a = values(count * TILE, TILE)
    out = np.zeros_like(a)
    own_tile(a, out)
    np.testing.assert_array_equal(as_tiles(out), as_tiles(a)[::-1])


def refused(kernel, *arguments) -> str:
    with pytest.raises(ttl.CompileError) as caught:
        kernel.compile(*arguments)
    return str(caught.value)


def test_parts_of_rows_that_cannot_be_addressed():
    kernel = copier(
        (1, 8),
        lambda a, i: a[0:1, 4 * i : 4 * i + 8],
        lambda out, i: out[i : i + 1, 0:8],
        4,
    )
    a, out = (ttl.tensor(values(4, 64), layout=ttl.ROW_MAJOR) for _ in range(2))
    message = refused(kernel, a, out)
    assert (
        "may begin at a byte that DRAM cannot be addressed at: wormhole_b0 needs multiples of 32 bytes"
        in message
    )


def test_a_row_major_tensor_into_a_buffer_of_tiles():
    @ttl.kernel(grid=(1, 1))
    def mixed(a):
        cb = ttl.CircularBuffer((1, 1), dtype=ttl.float32)

        @ttl.datamovement()
        def read():
            with cb.reserve() as b:
                ttl.copy(a[0:1, 0:1], b)

        @ttl.datamovement()
        def drop():
            with cb.wait() as _b:
                pass

    message = refused(mixed, ttl.tensor(values(4, 64), layout=ttl.ROW_MAJOR))
    assert "tensor 'a' is row-major, the block is tiled" in message


SHARDS = {
    "height": ttl.Shard("height", (2 * TILE, 4 * TILE), (4,)),
    "width": ttl.Shard("width", (8 * TILE, TILE), (2, 2), "col_major"),
    "block": ttl.Shard("block", (4 * TILE, 2 * TILE), (2, 2)),
    "block, by columns": ttl.Shard("block", (4 * TILE, 2 * TILE), (2, 2), "col_major"),
    "more than is filled": ttl.Shard("height", (3 * TILE, 4 * TILE), (8,)),
}


def quarter(tensor, i):
    """Blocks of 2x2 tiles, row by row."""
    row, column = 2 * (i // 2), 2 * (i % 2)
    return tensor[row : row + 2, column : column + 2]


@pytest.mark.parametrize("name", SHARDS)
def test_sharded_tensors(name):
    kernel = copier((2, 2), quarter, quarter, 8)
    a = values(8 * TILE, 4 * TILE)
    once, again = np.zeros_like(a), np.zeros_like(a)
    sharded = ttl.tensor(once, memory=ttl.L1, shard=SHARDS[name])
    kernel(a, sharded)
    np.testing.assert_array_equal(once, a)
    kernel(sharded, again)
    np.testing.assert_array_equal(again, a)


def test_whole_shards_are_one_transfer():
    @ttl.kernel(grid=(2, 2))
    def others_shard(a, out):
        cb = ttl.make_circular_buffer_like(a, shape=(4, 2), buffer_factor=1)
        x, y = ttl.core(dims=2)

        @ttl.datamovement()
        def read():
            with cb.reserve() as b:
                ttl.copy(a[4 * y : 4 * y + 4, 2 - 2 * x : 4 - 2 * x], b)

        @ttl.datamovement()
        def write():
            with cb.wait() as b:
                ttl.copy(b, out[4 * y : 4 * y + 4, 2 - 2 * x : 4 - 2 * x])

    a = values(8 * TILE, 4 * TILE)
    out = np.zeros_like(a)
    sharded = ttl.tensor(a, memory=ttl.L1, shard=SHARDS["block"])
    others_shard(sharded, out)
    np.testing.assert_array_equal(out, a)
    source = others_shard.compile(sharded, out).kernels["read"]
    assert source.count("noc_async_read(") == 1 and "for (" not in source
