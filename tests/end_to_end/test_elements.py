# SPDX-License-Identifier: Apache-2.0
"""Elements of blocks, read and written by data-movement threads, in all layouts and types that have any."""

import ml_dtypes
import numpy as np
import pytest

import ttlang as ttl

TYPES = {
    "float32": np.float32,
    "bfloat16": ml_dtypes.bfloat16,
    "int32": np.int32,
    "uint32": np.uint32,
    "uint16": np.uint16,
    "uint8": np.uint8,
}
LAYOUTS = (ttl.TILE, ttl.ROW_MAJOR)


def _values(rng, dtype, shape):
    """Values over the whole range of a type; for floats without those that compare unequal to themselves."""
    target = np.dtype(TYPES[dtype])
    if target.kind in "iu":
        limits = np.iinfo(target)
        return rng.integers(limits.min, limits.max, shape, dtype=target, endpoint=True)
    return (rng.standard_normal(shape) * 10.0 ** rng.integers(-9, 9, shape)).astype(target)


def _through_elements(a, o, move):
    """Run `move(source, destination)` between a block with all of `a` and one that becomes all of `o`."""
    shape = a.spec.shape_units

    @ttl.kernel(grid=(1, 1))
    def kernel(a, o):
        source = ttl.make_circular_buffer_like(a, shape, 1)
        target = ttl.make_circular_buffer_like(o, o.tile_shape, 1)

        @ttl.datamovement()
        def reader():
            with source.reserve() as block:
                ttl.copy(a, block)
            with source.wait() as block, target.reserve() as written:
                move(block, written)

        @ttl.datamovement()
        def writer():
            with target.wait() as block:
                ttl.copy(block, o)

    kernel(a, o)
    return o.numpy()


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.value)
@pytest.mark.parametrize("dtype", TYPES)
def test_a_rotated_block(rng, dtype, layout):
    values = _values(rng, dtype, (64, 96))
    a = ttl.tensor(values, dtype, layout)
    o = ttl.tensor(np.zeros((96, 64), TYPES[dtype]), dtype, layout)

    def rotate(block, written):
        for i in range(96):
            for j in range(64):
                written[i, j] = block[j, 95 - i]

    assert (_through_elements(a, o, rotate) == np.rot90(values)).all()


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.value)
@pytest.mark.parametrize("dtype", ["float32", "int32", "uint8"])
def test_places_known_at_compile_time(rng, dtype, layout):
    values = _values(rng, dtype, (64, 64))
    a = ttl.tensor(values, dtype, layout)
    o = ttl.tensor(np.zeros((64, 64), TYPES[dtype]), dtype, layout)
    places = ((0, 0), (0, 15), (0, 16), (15, 31), (16, 0), (31, 31), (32, 5), (63, 63), (17, 40))

    def some(block, written):
        for i in range(64):
            for j in range(64):
                written[i, j] = 0
        for i, j in places:
            written[j, i] = block[i, j]

    expected = np.zeros_like(values)
    for i, j in places:
        expected[j, i] = values[i, j]
    assert (_through_elements(a, o, some) == expected).all()


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.value)
def test_blocks_of_rank_three(rng, layout):
    values = _values(rng, "int32", (3, 32, 64))
    a = ttl.tensor(values, "int32", layout)
    o = ttl.tensor(np.zeros((3, 32, 64), np.int32), "int32", layout)

    def reverse(block, written):
        for n in range(3):
            for i in range(32):
                for j in range(64):
                    written[n, i, j] = block[2 - n, i, j]

    assert (_through_elements(a, o, reverse) == values[::-1]).all()


def test_narrow_neighbours_are_left_alone(rng):
    values = _values(rng, "uint8", (32, 32))
    a, o = ttl.tensor(values), ttl.tensor(np.zeros_like(values))

    def change(block, written):
        for i in range(32):
            for j in range(32):
                written[i, j] = block[i, j]
        for j in range(0, 32, 2):
            written[5, j] += 1

    expected = values.copy()
    expected[5, ::2] += 1
    assert (_through_elements(a, o, change) == expected).all()


def test_integer_arithmetic(rng):
    values = rng.integers(-1000, 1000, (32, 32), dtype=np.int32)
    a, o = ttl.tensor(values), ttl.tensor(np.zeros_like(values))

    def compute(block, written):
        for i in range(32):
            for j in range(32):
                v = block[i, j]
                written[i, j] = v // 7 + v % 5 - abs(v) if v < 100 else max(v, 200) * 3

    expected = np.where(values < 100, values // 7 + values % 5 - np.abs(values), np.maximum(values, 200) * 3)
    assert (_through_elements(a, o, compute) == expected).all()


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.value)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_float_arithmetic(rng, dtype, layout):
    values = rng.standard_normal((32, 32)).astype(TYPES[dtype])
    a = ttl.tensor(values, dtype, layout)
    o = ttl.tensor(np.zeros_like(values), dtype, layout)

    def sums(block, written):
        for i in range(32):
            total = 0.0
            largest = -1.0e30
            for j in range(32):
                v = block[i, j]
                total += v
                largest = max(largest, v)
                written[i, j] = -v / 3 + 0.5 if v > 0 else abs(v) * 2.0
            written[i, 0] = total
            written[i, 1] = largest
            written[i, 2] = int(total * 10)

    x = values.astype(np.float32)
    expected = np.where(x > 0, -x / np.float32(3) + np.float32(0.5), np.abs(x) * np.float32(2))
    total = np.zeros(32, np.float32)
    for j in range(32):
        total += x[:, j]
    expected[:, 0], expected[:, 1], expected[:, 2] = total, x.max(axis=1), np.trunc(total * np.float32(10))
    assert (_through_elements(a, o, sums) == expected.astype(TYPES[dtype])).all()


def test_floats_are_rounded_to_nearest_even():
    bits = np.array([0x3F808000, 0x3F818000, 0x3F808001, 0x3F807FFF, 0x7F7FFFFF, 0x7FFFFFFF, 0xFF800000])
    values = np.zeros((1, 32), np.float32)
    values[0, : len(bits)] = bits.astype(np.uint32).view(np.float32)
    a = ttl.tensor(values, layout=ttl.ROW_MAJOR)
    o = ttl.tensor(np.zeros((1, 32), ml_dtypes.bfloat16), layout=ttl.ROW_MAJOR)

    def convert(block, written):
        for j in range(32):
            written[0, j] = block[0, j]

    found = _through_elements(a, o, convert)[0, : len(bits)].view(np.uint16)
    assert [hex(v) for v in found] == ["0x3f80", "0x3f82", "0x3f81", "0x3f80", "0x7f80", "0x7fff", "0xff80"]


def _gather(table, indices, out, height):
    """Rows of `table` named by the elements of `indices`, `height` rows a block."""
    rows, columns = indices.shape[1], table.shape[1]

    @ttl.kernel(grid=(2, 1))
    def gather(table, indices, out):
        numbers = ttl.make_circular_buffer_like(indices, (1, rows), 1)
        picked = ttl.make_circular_buffer_like(table, (1, columns), 4)
        x, _ = ttl.core()
        each = rows // 2

        @ttl.datamovement()
        def reader():
            with numbers.reserve() as block:
                ttl.copy(indices[0, :], block)
            with numbers.wait() as index:
                for i in range(each):
                    with picked.reserve() as row:
                        ttl.copy(table[index[0, x * each + i], :], row)

        @ttl.datamovement()
        def writer():
            for i in range(each):
                with picked.wait() as row:
                    ttl.copy(row, out[x * each + i, :])

    gather(table, indices, out)


@pytest.mark.parametrize("dtype", ["int32", "uint16", "uint32"])
def test_gather_of_rows(rng, dtype):
    values = rng.standard_normal((50, 64)).astype(ml_dtypes.bfloat16)
    numbers = rng.integers(0, 50, (1, 32)).astype(TYPES[dtype])
    out = ttl.tensor(np.zeros((32, 64), ml_dtypes.bfloat16), layout=ttl.ROW_MAJOR)
    _gather(ttl.tensor(values, layout=ttl.ROW_MAJOR), ttl.tensor(numbers, layout=ttl.ROW_MAJOR), out, 1)
    assert (out.numpy() == values[numbers[0]]).all()


def test_gather_of_tiles(rng):
    """Addresses from elements of a tiled block: tile n of the result is tile order[0, n] of the source."""
    values = rng.standard_normal((32, 32 * 6)).astype(np.float32)
    order = rng.permutation(6)
    numbers = np.zeros((32, 32), np.int32)
    numbers[0, :6] = order
    out = np.zeros_like(values)

    @ttl.kernel(grid=(1, 1))
    def gather(table, indices, out):
        which = ttl.make_circular_buffer_like(indices, (1, 1), 1)
        tiles = ttl.make_circular_buffer_like(table, (1, 1))

        @ttl.datamovement()
        def reader():
            with which.reserve() as block:
                ttl.copy(indices, block)
            with which.wait() as index:
                for n in range(6):
                    with tiles.reserve() as tile:
                        ttl.copy(table[0, index[0, n]], tile)

        @ttl.datamovement()
        def writer():
            for n in range(6):
                with tiles.wait() as tile:
                    ttl.copy(tile, out[0, n])

    gather(values, numbers, out)
    expected = np.concatenate([values[:, 32 * n : 32 * (n + 1)] for n in order], axis=1)
    assert (out == expected).all()


def test_an_index_that_leaves_the_tensor_is_a_fault_of_the_run():
    numbers = np.full((1, 32), 50, np.int32)
    table = ttl.tensor(np.zeros((50, 64), ml_dtypes.bfloat16), layout=ttl.ROW_MAJOR)
    out = ttl.tensor(np.zeros((32, 64), ml_dtypes.bfloat16), layout=ttl.ROW_MAJOR)
    with pytest.raises(ttl.TTLangError, match=r"test_elements.py:\d+"):
        _gather(table, ttl.tensor(numbers, layout=ttl.ROW_MAJOR), out, 1)


def test_a_transfer_into_the_block_is_awaited_before_it_is_read(rng):
    values = rng.integers(0, 100, (32, 32), dtype=np.int32)
    out = np.zeros_like(values)

    @ttl.kernel(grid=(1, 1))
    def kernel(a, o):
        buffer = ttl.make_circular_buffer_like(a, (1, 1))

        @ttl.datamovement()
        def reader():
            with buffer.reserve() as block:
                ttl.copy(a[0, 0], block)
                block[3, 4] = block[5, 6] + 1

        @ttl.datamovement()
        def writer():
            with buffer.wait() as block:
                ttl.copy(block, o[0, 0])

    kernel(values, out)
    expected = values.copy()
    expected[3, 4] = values[5, 6] + 1
    assert (out == expected).all()


def test_the_compiled_program_reads_words_of_l1():
    compiled = None

    @ttl.kernel(grid=(1, 1))
    def kernel(a, o):
        buffer = ttl.make_circular_buffer_like(a, (1, 2))

        @ttl.datamovement()
        def reader():
            with buffer.reserve() as block:
                ttl.copy(a[0, 0:2], block)
                block[1, 2] = block[17, 50]

        @ttl.datamovement()
        def writer():
            with buffer.wait() as block:
                ttl.copy(block, o[0, 0:2])

    compiled = kernel.compile(np.zeros((32, 64), np.int32), np.zeros((32, 64), np.int32))
    # tile 1, its lower right face (3 x 256 datums on), second row, third column
    assert f"block_words[18] = block_words[{1024 + 768 + 16 + 2}]" in compiled.asm["cpp"]
