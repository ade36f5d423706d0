# SPDX-License-Identifier: Apache-2.0
"""What the programs of `bench/timing.py` compute: small ones of each kind, under the sanitizer, are compared with NumPy."""

import ml_dtypes
import numpy as np
import pytest

WORMHOLE, BLACKHOLE = "wormhole_b0", "blackhole"

# ---- movement


@pytest.mark.parametrize(
    "sharded, stagger", [(False, "none"), (False, "read"), (True, "none"), (True, "blocks")]
)
def test_sticks_tilized(timing, sharded, stagger):
    """More blocks than cores: some cores have two, and start with the second."""
    timing.movement.bank_stagger(BLACKHOLE, 480, 1024, 4, sharded, stagger, check=True)


@pytest.mark.parametrize("misaligned", [False, True])
def test_spans_copied(timing, misaligned):
    timing.movement.copy_spans(WORMHOLE, 4, 256, misaligned, check=True)


@pytest.mark.parametrize("staged", [False, True])
def test_elements_selected(timing, staged):
    timing.movement.select_elements(WORMHOLE, 128, False, staged, times=2, check=True)


@pytest.mark.parametrize("folded", [False, True])
def test_shards_tilized(timing, folded):
    timing.movement.tilize_shards(WORMHOLE, 128, 64, 2, folded, times=3, check=True)


@pytest.mark.parametrize("by_rows", [False, True])
def test_relu_of_rectangles(timing, by_rows):
    timing.movement.relu_rectangles(WORMHOLE, 96, 128, by_rows, check=True)


def test_page_replicated(timing):
    timing.movement.replicate(WORMHOLE, 4, 64, check=True)


# ---- shared operands, sums over groups


@pytest.mark.parametrize("multicast", [False, True])
@pytest.mark.parametrize("channels", [7, 8])
def test_operands_shared(timing, channels, multicast):
    chip = BLACKHOLE if channels == 8 else timing.programs.SEVEN_CHANNELS
    timing.shared.shared_operands(chip, multicast, check=True)


@pytest.mark.parametrize("multicast", [False, True])
def test_stream_shared(timing, multicast):
    timing.shared.shared_stream(BLACKHOLE, multicast, check=True)


@pytest.mark.parametrize("shape", [(1, 4, 4), (2, 8, 1)], ids=["lines", "rectangle"])
@pytest.mark.parametrize(
    "variant",
    [
        "ring_push", "ring_pull", "unicast_all_gather", "mcast_all_gather", "reduce_root_mcast", "two_phase_reduce_mcast",
        "reduce_scatter_mcast", "tree_reduce_mcast",
    ],
)  # fmt: skip
def test_all_reduce(timing, variant, shape):
    """Not as published, where the sanitizer is right about it: unicast_all_gather runs once, as nothing keeps a core from writing
    the next block while its peer still sums this one; reduce_scatter_mcast has as many tiles for each worker, as it sums pages
    that were never written where it has not."""
    sums = timing.all_reduce
    tiles, times = 8 if variant == "reduce_scatter_mcast" else 6, 1 if variant == "unicast_all_gather" else 3
    sums.all_reduce(WORMHOLE, variant, sums.Groups(*shape), tiles, times, check=True)


@pytest.mark.parametrize("variant", ["sfpu_serial_bf16", "fpu_dest_reuse_bf16", "fpu_dest_reuse_fp32"])
def test_resident_sums(timing, variant):
    """With `check` the last sums are waited for, which the published program leaves."""
    timing.all_reduce.resident_sums(WORMHOLE, variant, 5, times=2, check=True)


@pytest.mark.parametrize("noc", [0, 1])
@pytest.mark.parametrize("payload", [False, True])
def test_ring_steps(timing, payload, noc):
    sums = timing.all_reduce
    sums.ring_steps(WORMHOLE, sums.Groups(2, 8, 2), 6, payload, noc, times=3, check=True)


# ---- accumulate


def tiles(count, kind="Float16_b", seed=0):
    """Tiles side by side, of numbers whose sums do not cancel."""
    dtype = np.float32 if kind == "Float32" else ml_dtypes.bfloat16
    return np.random.default_rng(seed).uniform(0, 1, (32, 32 * count)).astype(dtype)


def close(found, expected, tolerance):
    """Differences are below `tolerance` of the largest value."""
    return (
        found.shape == expected.shape and np.abs(found - expected).max() < tolerance * np.abs(expected).max()
    )


@pytest.mark.parametrize("method", ["rmw", "pack_l1_acc", "dest_acc"])
def test_tiles_summed(timing, method):
    given = tiles(8, "Float32")
    _, found = timing.accumulate.accumulate(method, 8, 2, [given])
    assert close(found, given.reshape(32, 8, 32).sum(1), 2e-3)


@pytest.mark.parametrize("height, width", [(1, 1), (1, 8), (8, 1), (2, 4), (4, 2), (2, 2)])
def test_product_in_subblocks(timing, height, width):
    column, row = tiles(8), tiles(8, seed=1)
    _, found = timing.accumulate.subblocks(height, width, 8, 2, [column, row])
    upright = np.concatenate(np.split(column.astype(np.float32), 8, axis=1))
    product = np.concatenate(np.split(upright @ row.astype(np.float32), 8), axis=1)
    assert close(found, product, 1e-2)


@pytest.mark.parametrize("count", [1, 3, 4])
@pytest.mark.parametrize("precision", ["fp32-fp32", "bf16-fp32", "bf16-bf16"])
@pytest.mark.parametrize(
    "method",
    ["reduce_fold", "l1_accum", "dest_accum", "dest_accum_pairs", "dest_accum_sfpu", "dest_accum_pairs_sfpu"],
)
def test_mean_of_rows(timing, method, precision, count):
    given = tiles(count, timing.programs.FORMATS[precision[:4]])
    _, found = timing.accumulate.row_mean(method, precision, count, times=2, data=[given])
    assert close(found[:, 0], given.astype(np.float32).mean(1), 2e-2)


@pytest.mark.parametrize("direction", ["col", "scalar"])
def test_mean_of_tiles(timing, direction):
    given = tiles(4)
    _, found = timing.accumulate.row_mean("dest_accum_pairs_sfpu", "bf16-fp32", 4, direction, 2, [given])
    columns = given.astype(np.float32).reshape(128, 32).mean(0)
    expected, found = (
        (columns, found[0]) if direction == "col" else (columns.mean(keepdims=True), found[0, :1])
    )
    assert close(found, expected, 1e-2)


@pytest.mark.parametrize("direction", ["row", "col", "scalar"])
@pytest.mark.parametrize("variant", ["reduce_tile", "acc_via_add", "inline"])
def test_mean_of_a_block(timing, variant, direction):
    """Two rows of four tiles: means of rows are columns of the result's tiles, means of columns their first rows."""
    given = tiles(8)
    _, found = timing.accumulate.reduce_block(variant, direction, (2, 4, 1), times=2, data=[given])
    block = given.astype(np.float32).reshape(32, 2, 4, 32)  # y, row, column, x
    if direction == "row":
        found, expected = found[:, ::32], block.mean((2, 3))
    elif direction == "col":
        found, expected = found[0], block.mean((0, 1)).reshape(-1)
    else:
        found, expected = found[0, :1], block.mean(keepdims=True).reshape(1)
    assert close(found, expected, 2e-2)
