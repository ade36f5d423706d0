# SPDX-License-Identifier: Apache-2.0
"""Distributed tensors: parts on cores, kernels that work on them, and redistribution, against NumPy."""

from itertools import product

import numpy as np
import pytest

import ttlang as ttl
from ttlang.language.redistribution import redistribute

TILE = 32
ROWS, COLUMNS = 4 * TILE, 4 * TILE
DEALT = {
    "sharded": ("sharded", (2, 2), (2 * TILE, 2 * TILE)),
    "height": ("height_sharded", (4, 1), (TILE, 4 * TILE)),
    "width": ("width_sharded", (1, 2), (4 * TILE, 2 * TILE)),
    "interleaved": ("interleaved", (2, 2), (2 * TILE, 2 * TILE)),
}
"""Strategy, grid and shard."""


def values(dtype: object = np.float32, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind in "iu":
        limits = np.iinfo(dtype)
        return rng.integers(limits.min, limits.max, (ROWS, COLUMNS), dtype, endpoint=True)
    return rng.standard_normal((ROWS, COLUMNS)).astype(dtype)


def deal(data: np.ndarray, name: str, **options: object) -> ttl.DistributedTensor:
    strategy, grid, shard = DEALT[name]
    return ttl.DistributedTensor(data, grid, shard, strategy, **options)


# On the host


def test_parts_on_the_host():
    x = values()
    tensor = deal(x, "sharded")
    assert (tensor.grid, tensor.shard, tensor.strategy, tensor.cores) == ((2, 2), (64, 64), "sharded", (2, 2))
    assert tensor.shape == (ROWS, COLUMNS) and tensor.numpy() is x and tensor.report is None
    np.testing.assert_array_equal(tensor.extract_shard((1, 0)), x[:64, 64:])
    np.testing.assert_array_equal(tensor.extract_shard(2), x[64:, :64])
    assert np.shares_memory(tensor.extract_shard(0), x)


def test_numbered_parts_lie_on_rows_of_cores():
    tall = ttl.DistributedTensor(np.arange(16 * 32 * 32, dtype=np.float32).reshape(-1, 32), (16, 1), (32, 32), "height_sharded")  # fmt: skip
    assert tall.cores == (8, 2)
    np.testing.assert_array_equal(tall.extract_shard((1, 1)), tall.numpy()[9 * 32 : 10 * 32])
    np.testing.assert_array_equal(tall.extract_shard(9), tall.extract_shard((1, 1)))


def test_data_of_other_kinds_becomes_a_tensor():
    assert (
        ttl.DistributedTensor(np.ones((64, 64), np.float32), (2, 2), (32, 32), dtype=ttl.bfloat16).dtype
        is ttl.bfloat16
    )
    torch = pytest.importorskip("torch")
    source = torch.ones((64, 64), dtype=torch.bfloat16)
    assert ttl.DistributedTensor(source, (2, 2), (32, 32)).torch().dtype is torch.bfloat16


# In kernels


@ttl.kernel(grid=lambda a, b, out: out.cores)
def fused(a, b, out):
    mine = a.extract_shard()  # in kernel scope or in a thread

    @ttl.compute()
    def compute():
        out.extract_shard().store(ttl.math.max(mine, b.extract_shard()) - mine)


@pytest.mark.parametrize(
    ("name", "memory"),
    [
        *((name, ttl.L1) for name in DEALT),
        ("height", ttl.DRAM),
        ("width", ttl.DRAM),
        ("interleaved", ttl.DRAM),
    ],
)
def test_shards_in_compute_threads(name, memory):
    x, y = values(), values(seed=1)
    a, b, out = (deal(data, name, memory=memory) for data in (x, y, np.zeros_like(x)))
    fused(a, b, out)
    np.testing.assert_allclose(out.numpy(), np.maximum(x, y) - x, atol=1e-6)
    np.testing.assert_array_equal(a.numpy(), x)
    kernels = fused.compile(a, b, out)
    in_place = all(buffer.shards_of for buffer in kernels.image.buffers)
    assert in_place == (memory is ttl.L1 and name != "interleaved")
    assert in_place != any("noc_async" in source for source in kernels.kernels.values())


def test_local_shards_need_no_memory_beside_the_tensors():
    """Three parts of 8 x 8 float32 tiles take 768 KiB of the 1.4 MiB of a core, which have no room for copies of them."""
    shape = (8 * TILE, 8 * TILE)
    x, y = (np.random.default_rng(i).standard_normal(shape, np.float32) for i in range(2))
    a, b, out = (ttl.DistributedTensor(t, (1, 1), shape) for t in (x, y, np.zeros_like(x)))
    fused(a, b, out)
    np.testing.assert_allclose(out.numpy(), np.maximum(x, y) - x, atol=1e-6)
    assert all(buffer.shards_of for buffer in fused.compile(a, b, out).image.buffers)


def test_tensors_may_lie_differently():
    x, y = values(), values(seed=1)
    a, b = ttl.DistributedTensor(x, (2, 2), (64, 64), "interleaved"), deal(y, "sharded")
    out = deal(np.zeros_like(x), "sharded")
    fused(a, b, out)
    np.testing.assert_allclose(out.numpy(), np.maximum(x, y) - x, atol=1e-6)


@pytest.mark.parametrize("grid", [(4,), (4, 1), (2, 2), (2, 1, 2)])
def test_kernel_grids_of_other_forms(grid):
    """Parts are numbered; a grid counts as long as its cores lie in the same rows."""

    @ttl.kernel(grid=grid)
    def negate(a, out):
        @ttl.compute()
        def compute():
            out.extract_shard().store(-a.extract_shard())

    name = "sharded" if grid in ((2, 2), (2, 1, 2)) else "height"
    x = values()
    a, out = deal(x, name), deal(np.zeros_like(x), name)
    negate(a, out)
    np.testing.assert_array_equal(out.numpy(), -x)
    assert all(buffer.shards_of for buffer in negate.compile(a, out).image.buffers)


def test_a_shard_is_accumulated_on():
    @ttl.kernel(grid=(2, 2))
    def total(a, out):
        @ttl.compute()
        def compute():
            result = out.extract_shard()
            for _ in range(3):
                result += a.extract_shard()

    x = values()
    out = deal(np.full_like(x, 7), "sharded")
    total(deal(x, "sharded"), out)
    np.testing.assert_allclose(out.numpy(), 3 * x, rtol=1e-6, atol=1e-6)


def test_loops_and_branches_carry_shards():
    @ttl.kernel(grid=(2, 2))
    def carried(a, b, out):
        column, row = ttl.core(dims=2)

        @ttl.compute()
        def compute():
            value = a.extract_shard()
            for _ in range(2):
                value = value + b.extract_shard()
            if column == 1:
                value = b.extract_shard()
            for i in range(2):
                if i == row:
                    out.extract_shard().store(value)

    x, y = values(), values(seed=1)
    out = deal(np.zeros_like(x), "sharded")
    carried(deal(x, "sharded"), deal(y, "sharded"), out)
    np.testing.assert_allclose(out.numpy(), np.hstack([(x + 2 * y)[:, :64], y[:, 64:]]), rtol=1e-6, atol=1e-6)


def test_a_tensor_is_updated_in_place():
    """What is read is the part as it was before the kernel."""

    @ttl.kernel(grid=(2, 2))
    def update(a):
        @ttl.compute()
        def compute():
            a.extract_shard().store(a.extract_shard() + a.extract_shard())

    x = values()
    a = deal(x.copy(), "sharded")
    update(a)
    np.testing.assert_allclose(a.numpy(), 2 * x, rtol=1e-6)


def test_shards_in_data_movement_threads():
    """A shard is a slice there: rings hand it on."""

    @ttl.kernel(grid=(4,))
    def rotate(a, out):
        mine = a.extract_shard()
        own_cb, received_cb = (ttl.make_circular_buffer_like(a, shape=mine.shape) for _ in range(2))
        net = ttl.PipeNet([ttl.Pipe(src=i, dst=(i + 1) % 4) for i in range(4)])

        @ttl.datamovement()
        def send():
            with own_cb.reserve() as block:
                ttl.copy(mine, block)
            with own_cb.wait() as block:
                net.if_src(lambda pipe: ttl.copy(block, pipe))

        @ttl.datamovement()
        def receive():
            with received_cb.reserve() as block:
                net.if_dst(lambda pipe: ttl.copy(pipe, block))
            with received_cb.wait() as block:
                ttl.copy(block, out.extract_shard())

    x = values()
    out = deal(np.zeros_like(x), "height")
    rotate(deal(x, "height"), out)
    np.testing.assert_array_equal(out.numpy(), np.roll(x, TILE, axis=0))


def test_shards_on_a_part_of_the_grid():
    """The left half of the cores holds the tensor and works on it; the right half runs another program."""
    left, right = (slice(0, 2), slice(None)), (slice(2, 4), slice(None))

    @ttl.kernel(grid=(4, 2))
    def halves(a, out, other):
        cb = ttl.make_circular_buffer_like(other, shape=(1, 1))
        x, y = ttl.core(dims=2)

        @ttl.compute(cores=left)
        def compute():
            out.extract_shard().store(a.extract_shard() * 2.0)

        @ttl.compute(cores=right)
        def constants():
            with cb.reserve() as block:
                block.store(ttl.math.fill(5.0, shape=(1, 1), dtype=ttl.float32))

        @ttl.datamovement(cores=right)
        def write():
            with cb.wait() as block:
                ttl.copy(block, other[y, x - 2])

    x = values()
    out, other = deal(np.zeros_like(x), "sharded"), np.zeros((2 * TILE, 2 * TILE), np.float32)
    a = deal(x, "sharded")
    halves(a, out, other)
    np.testing.assert_allclose(out.numpy(), 2 * x, rtol=1e-6)
    assert (other == 5).all()
    image = halves.compile(a, out, other).image
    assert {b.shards_of: b.core_ranges for b in image.buffers if b.shards_of} == {
        1: ((0, 0, 1, 1),),
        2: ((0, 0, 1, 1),),
    }


# Redistribution


@pytest.mark.parametrize(("source", "target"), list(product(DEALT, DEALT)))
def test_redistribution(source, target):
    x = values()
    strategy, grid, shard = DEALT[target]
    tensor = deal(x, source)
    dealt = tensor.redistribute(strategy, grid, shard)
    np.testing.assert_array_equal(dealt.numpy(), x)
    assert (dealt.grid, dealt.shard, dealt.strategy) == (grid, shard, strategy)
    assert dealt.report is not None and dealt.report.cycles > 0
    np.testing.assert_array_equal(tensor.numpy(), x)
    (buffer,) = redistribute.compile(tensor, dealt).image.buffers
    assert bool(buffer.shards_of) == ({source, target} != {"interleaved"}), "one side is not transferred"


@pytest.mark.parametrize(
    "dtype", ["bfloat16", "bfloat8_b", "bfloat4_b", "int32", "uint32", "uint16", "uint8"]
)
def test_redistribution_of_other_types(dtype):
    """Pages are moved as they are; block floating point values are those that the device holds."""
    import ml_dtypes

    type_ = getattr(ttl, dtype)
    x = values({"bfloat16": ml_dtypes.bfloat16}.get(dtype, np.float32 if "_b" in dtype else dtype))
    once = deal(x, "sharded", dtype=type_).redistribute("height_sharded")
    if "_b" not in dtype:
        np.testing.assert_array_equal(once.numpy(), x)
    again = once.redistribute("width_sharded").redistribute("interleaved").redistribute("sharded", (2, 2))
    assert again.dtype is type_
    np.testing.assert_array_equal(again.numpy(), once.numpy())
    np.testing.assert_allclose(once.numpy().astype(np.float64), x.astype(np.float64), atol=0.5)


@pytest.mark.parametrize(
    ("source", "target"), [("sharded", "height"), ("height", "width"), ("width", "sharded")]
)
def test_redistribution_of_rows(source, target):
    x = values()
    strategy, grid, shard = DEALT[target]
    dealt = deal(x, source, layout=ttl.ROW_MAJOR).redistribute(strategy, grid, shard)
    np.testing.assert_array_equal(dealt.numpy(), x)


def test_redistribution_between_memories():
    x = values()
    in_dram = deal(x, "height").redistribute("width_sharded", memory=ttl.DRAM)
    assert in_dram.spec.memory is ttl.DRAM
    np.testing.assert_array_equal(in_dram.redistribute("sharded", (2, 2), memory=ttl.L1).numpy(), x)


def test_a_part_that_stays_is_not_sent_through_the_network_twice():
    """The same parts on the same cores: each page is copied within its core."""
    x = values()
    same = deal(x, "sharded").redistribute("sharded").report.cycles
    other = deal(x, "sharded").redistribute("height_sharded").report.cycles
    assert same < other


@pytest.mark.parametrize("name", ["sharded", "height", "interleaved"])
def test_redistribution_inside_a_kernel(name):
    @ttl.kernel(grid=(4,))
    def softmax(x, out):
        rows = x.redistribute("height_sharded", grid=(4, 1)).extract_shard()

        @ttl.compute()
        def compute():
            e = ttl.math.exp(rows - ttl.math.reduce_max(rows, dims=[1]))
            out.extract_shard().store(e / ttl.math.reduce_sum(e, dims=[1]))

    x = values()
    out = deal(np.zeros_like(x), "height")
    tensor = deal(x, name)
    softmax(tensor, out)
    e = np.exp(x - x.max(1, keepdims=True))
    np.testing.assert_allclose(out.numpy(), e / e.sum(1, keepdims=True), atol=1e-4)
    np.testing.assert_array_equal(tensor.numpy(), x)


def test_two_forms_of_one_tensor():
    """x + x.T by parts: each core has its part, and that of the core across the diagonal through another form."""

    @ttl.kernel(grid=(4,))
    def symmetric(x, out):
        columns = x.redistribute("width_sharded", grid=(1, 4)).extract_shard()

        @ttl.compute()
        def compute():
            out.extract_shard().store(x.extract_shard() + columns.T)

    x = values()
    out = deal(np.zeros_like(x), "height")
    symmetric(deal(x, "height"), out)
    np.testing.assert_allclose(out.numpy(), x + x.T, atol=5e-3)  # the transposition has 10 bits of mantissa


# Compiled programs


def test_the_direct_way_makes_the_same():
    a, b, out = (deal(values(), "sharded") for _ in range(3))
    assert fused.compile(a, b, out, backend="direct").kernels == fused.compile(a, b, out).kernels


def test_a_saved_program_takes_tensors_that_lie_so(tmp_path):
    x, y = values(), values(seed=1)
    a, b, out = deal(x, "sharded"), deal(y, "sharded"), deal(np.zeros_like(x), "sharded")
    loaded = ttl.load(fused.compile(a, b, out).save(tmp_path / "program.ttm"))
    loaded.run(a, b, out)
    np.testing.assert_allclose(out.numpy(), np.maximum(x, y) - x, atol=1e-6)


def test_another_partition_is_another_program():
    """Interleaved tensors of one shape lie alike, whatever their parts: the parts decide the code."""
    x = np.zeros((4 * TILE, TILE), np.float32)
    tall, whole = (ttl.DistributedTensor(x, (n, 1), (4 * TILE // n, TILE), "interleaved") for n in (4, 2))
    assert tall.spec == whole.spec
    kernels = [fused.compile(t, t, t.redistribute("height_sharded")) for t in (tall, whole)]
    assert kernels[0].image.cores == (4, 1) and kernels[1].image.cores == (2, 1)


def test_programs_store_to_their_own_shards_of_one_tensor():
    """The left column of cores doubles its parts, the right one negates them: both in place."""

    @ttl.kernel(grid=(2, 2))
    def columns(a, out):
        @ttl.compute(cores=(0, slice(0, 2)))
        def double():
            out.extract_shard().store(a.extract_shard() + a.extract_shard())

        @ttl.compute(cores=(1, slice(0, 2)))
        def negate():
            out.extract_shard().store(-a.extract_shard())

    x = values()
    a, out = deal(x, "sharded"), deal(np.zeros_like(x), "sharded")
    columns(a, out)
    np.testing.assert_array_equal(out.numpy(), np.hstack([2 * x[:, :64], -x[:, 64:]]))
    image = columns.compile(a, out).image
    left, right = ((0, 0, 0, 1),), ((1, 0, 1, 1),)
    assert sorted((b.shards_of, b.core_ranges) for b in image.buffers) == [
        (1, left),
        (1, right),
        (2, left),
        (2, right),
    ]


def test_a_schedule_works_on_what_shards_become():
    x, y = values(), values(seed=1)
    a, b, out = deal(x, "sharded"), deal(y, "sharded"), deal(np.zeros_like(x), "sharded")
    scheduled = ttl.schedule(fused, failures="suppress").optimize_buffer_factor()
    scheduled(a, b, out)
    np.testing.assert_allclose(out.numpy(), np.maximum(x, y) - x, atol=1e-6)
    assert all(buffer.shards_of for buffer in scheduled.compile(a, b, out).image.buffers)
