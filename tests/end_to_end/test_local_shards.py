# SPDX-License-Identifier: Apache-2.0
"""Shards in the L1 of the core that works on them are circular buffers, and not transferred."""

import numpy as np
import pytest

import ttlang as ttl

TILE = 32
NOC = ("noc_async_read", "noc_async_write", "TensorAccessor")


def values(rows: int, columns: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((rows * TILE, columns * TILE), np.float32)


def adder(grid, block, turns, part, repeats=1):
    """out = a + b, where turn i of a core takes `part(tensor, core coordinates, i)`."""

    @ttl.kernel(grid=grid)
    def add(a, b, out):
        a_cb, b_cb, out_cb = (ttl.make_circular_buffer_like(t, shape=block) for t in (a, b, out))
        core = ttl.core(dims=len(grid))

        @ttl.compute()
        def compute():
            for _ in range(repeats):
                for _ in range(turns):
                    with a_cb.wait() as p, b_cb.wait() as q, out_cb.reserve() as r:
                        r.store(p + q)

        @ttl.datamovement()
        def read():
            for _ in range(repeats):
                for i in range(turns):
                    with a_cb.reserve() as p, b_cb.reserve() as q:
                        ttl.copy(part(a, core, i), p)
                        ttl.copy(part(b, core, i), q)

        @ttl.datamovement()
        def write():
            for _ in range(repeats):
                for i in range(turns):
                    with out_cb.wait() as r:
                        ttl.copy(r, part(out, core, i))

    return add


def run(kernel, shard):
    """The kernel on shards against NumPy; returns the compiled kernel and its report."""
    a, b = values(8, 4, 0), values(8, 4, 1)
    out = np.zeros_like(a)
    tensors = [ttl.tensor(array, memory=ttl.L1, shard=shard) for array in (a, b, out)]
    report = kernel(*tensors)
    np.testing.assert_array_equal(out, a + b)
    np.testing.assert_array_equal(tensors[0].numpy(), a)
    return kernel.compile(*tensors), report


def is_local(compiled) -> bool:
    sources = [compiled.kernels["read"], compiled.kernels["write"]]
    local = [not any(name in source for name in NOC) for source in sources]
    assert all(local) or not any(local), "inputs and output lie alike"
    assert local[0] == all(b.shards_of for b in compiled.image.buffers)
    return local[0]


def rows_of_a_block(t, core, i):
    x, y = core
    return t[4 * y + i, 2 * x : 2 * x + 2]


def whole_block(t, core, i):
    x, y = core
    return t[4 * y : 4 * y + 4, 2 * x : 2 * x + 2]


def block_or_next(t, core, i):
    x, y = core
    column = 2 * ((x + i // 2) % 2)
    return t[4 * y : 4 * y + 4, column : column + 2]


BLOCK = ttl.Shard("block", (4 * TILE, 2 * TILE), (2, 2))
BY_COLUMNS = ttl.Shard("block", (4 * TILE, 2 * TILE), (2, 2), "col_major")
LOCAL = {
    "rows of a block": (adder((2, 2), (1, 2), 4, rows_of_a_block), BLOCK),
    "rows of a block, again": (adder((2, 2), (1, 2), 4, rows_of_a_block, repeats=3), BLOCK),
    "two rows of a block": (
        adder(
            (2, 2),
            (2, 2),
            2,
            lambda t, c, i: t[4 * c[1] + 2 * i : 4 * c[1] + 2 * i + 2, 2 * c[0] : 2 * c[0] + 2],
        ),
        BLOCK,
    ),
    "a whole block": (adder((2, 2), (4, 2), 1, whole_block), BLOCK),
    "a whole block, again": (adder((2, 2), (4, 2), 2, whole_block), BLOCK),
    "by columns": (
        adder((2, 2), (1, 2), 4, lambda t, c, i: t[4 * c[0] + i, 2 * c[1] : 2 * c[1] + 2]),
        BY_COLUMNS,
    ),
    "high shards": (
        adder((4, 1), (1, 4), 2, lambda t, c, i: t[2 * c[0] + i, :]),
        ttl.Shard("height", (2 * TILE, 4 * TILE), (4,)),
    ),
    "high shards, numbered cores": (
        adder((4,), (2, 4), 1, lambda t, c, i: t[2 * c : 2 * c + 2, :]),
        ttl.Shard("height", (2 * TILE, 4 * TILE), (4,)),
    ),
    "high shards, two rows of cores": (
        adder((2, 2), (1, 4), 2, lambda t, c, i: t[2 * (2 * c[1] + c[0]) + i, :]),
        ttl.Shard("height", (2 * TILE, 4 * TILE), (2, 2)),
    ),
    "wide shards": (
        adder((4, 1), (1, 1), 8, lambda t, c, i: t[i, c[0]]),
        ttl.Shard("width", (8 * TILE, TILE), (4, 1)),
    ),
    "wide shards by columns": (
        adder((2, 2), (8, 1), 1, lambda t, c, i: t[:, 2 * c[0] + c[1]]),
        ttl.Shard("width", (8 * TILE, TILE), (2, 2), "col_major"),
    ),
}


@pytest.mark.parametrize("name", LOCAL)
def test_own_shards_are_not_transferred(name):
    kernel, shard = LOCAL[name]
    assert is_local(run(kernel, shard)[0])


TRANSFERRED = {
    "the shard of another core": (
        adder((2, 2), (1, 2), 4, lambda t, c, i: t[4 * (1 - c[1]) + i, 2 * c[0] : 2 * c[0] + 2]),
        BLOCK,
    ),
    "the other orientation": (adder((2, 2), (1, 2), 4, rows_of_a_block), BY_COLUMNS),
    "backwards": (
        adder((2, 2), (1, 2), 4, lambda t, c, i: t[4 * c[1] + 3 - i, 2 * c[0] : 2 * c[0] + 2]),
        BLOCK,
    ),
    "columns of a shard": (
        adder((2, 2), (4, 1), 2, lambda t, c, i: t[4 * c[1] : 4 * c[1] + 4, 2 * c[0] + i]),
        BLOCK,
    ),
    "a place that is no sum of loop variables": (adder((2, 2), (4, 2), 2, block_or_next), BLOCK),
    "beyond the own shard": (
        adder((2, 1), (1, 2), 8, lambda t, c, i: t[i, 2 * c[0] : 2 * c[0] + 2]),
        BLOCK,
    ),
}


@pytest.mark.parametrize("name", TRANSFERRED)
def test_other_places_are_transferred(name):
    kernel, shard = TRANSFERRED[name]
    assert not is_local(run(kernel, shard)[0])


def test_a_part_of_a_shard_is_transferred():
    @ttl.kernel(grid=(2, 2))
    def part(a, out):
        cb = ttl.make_circular_buffer_like(a, shape=(1, 2))
        x, y = ttl.core(dims=2)

        @ttl.datamovement()
        def read():
            for i in range(3):
                with cb.reserve() as b:
                    ttl.copy(a[4 * y + i, 2 * x : 2 * x + 2], b)

        @ttl.datamovement()
        def write():
            for i in range(3):
                with cb.wait() as b:
                    ttl.copy(b, out[3 * y + i, 2 * x : 2 * x + 2])

    a, out = values(8, 4, 0), np.zeros((6 * TILE, 4 * TILE), np.float32)
    tensors = ttl.tensor(a, memory=ttl.L1, shard=BLOCK), ttl.tensor(out)
    part(*tensors)
    np.testing.assert_array_equal(out, np.concatenate([a[: 3 * TILE], a[4 * TILE : 7 * TILE]]))
    assert "noc_async_read" in part.compile(*tensors).kernels["read"]


def test_a_buffer_lies_in_the_shards_of_its_source_or_of_its_destination():
    """A copy of shards to shards: the source is the buffer, and is written from there."""

    @ttl.kernel(grid=(2, 2))
    def copy(a, out):
        cb = ttl.make_circular_buffer_like(a, shape=(1, 2))
        x, y = ttl.core(dims=2)

        @ttl.datamovement()
        def read():
            for i in range(4):
                with cb.reserve() as b:
                    ttl.copy(a[4 * y + i, 2 * x : 2 * x + 2], b)

        @ttl.datamovement()
        def write():
            for i in range(4):
                with cb.wait() as b:
                    ttl.copy(b, out[4 * y + i, 2 * x : 2 * x + 2])

    a = values(8, 4, 0)
    for source, destination, read, write in ((BLOCK, BLOCK, 0, 1), (None, BLOCK, 1, 0), (BLOCK, None, 0, 1)):
        out = np.zeros_like(a)
        tensors = [
            ttl.tensor(array, memory=ttl.L1, shard=shard)
            for array, shard in ((a, source), (out, destination))
        ]
        copy(*tensors)
        np.testing.assert_array_equal(out, a)
        kernels = copy.compile(*tensors).kernels
        assert ("noc_async_read" in kernels["read"], "noc_async_write" in kernels["write"]) == (read, write)


def test_a_tensor_that_is_read_and_written_is_transferred():
    @ttl.kernel(grid=(2, 2))
    def twice(a):
        a_cb = ttl.make_circular_buffer_like(a, shape=(4, 2))
        out_cb = ttl.make_circular_buffer_like(a, shape=(4, 2))
        x, y = ttl.core(dims=2)

        @ttl.compute()
        def compute():
            with a_cb.wait() as p, out_cb.reserve() as r:
                r.store(p + p)

        @ttl.datamovement()
        def read():
            with a_cb.reserve() as p:
                ttl.copy(a[4 * y : 4 * y + 4, 2 * x : 2 * x + 2], p)

        @ttl.datamovement()
        def write():
            with out_cb.wait() as r:
                ttl.copy(r, a[4 * y : 4 * y + 4, 2 * x : 2 * x + 2])

    a = values(8, 4, 0)
    expected = a + a
    tensor = ttl.tensor(a, memory=ttl.L1, shard=BLOCK)
    twice(tensor)
    np.testing.assert_array_equal(a, expected)
    assert "noc_async_read" in twice.compile(tensor).kernels["read"]


def test_own_shards_cost_less_than_transfers():
    kernel, shard = LOCAL["rows of a block"]
    other, _ = TRANSFERRED["backwards"]
    (_, near), (_, far) = run(kernel, shard), run(other, shard)
    assert near.cycles < far.cycles


def test_a_saved_program_knows_the_shards(tmp_path):
    kernel, shard = LOCAL["rows of a block"]
    compiled, _ = run(kernel, shard)
    loaded = ttl.load(compiled.save(tmp_path / "program.ttm"))
    assert [b.shards_of for b in loaded.image.buffers] == [1, 2, 3]
    a, b = values(8, 4, 2), values(8, 4, 3)
    out = np.zeros_like(a)
    loaded.run(*(ttl.tensor(array, memory=ttl.L1, shard=shard) for array in (a, b, out)))
    np.testing.assert_array_equal(out, a + b)
