# SPDX-License-Identifier: Apache-2.0
"""Distributed tensors that do not exist: the whole message, and the place of the call."""

import numpy as np
import pytest

import ttlang as ttl

X = np.zeros((128, 128), np.float32)
TALL = np.zeros((16 * 32, 32), np.float32)
PAD = "the parts are the whole of a matrix: pad the data, or choose sizes that divide it"
TILES = "pad the data, or make it row-major: layout=ttl.ROW_MAJOR"

REFUSED = {
    "another shape": (
        lambda: ttl.DistributedTensor(X, (2, 2), (64, 32)),
        "grid (2, 2) x shard (64, 32) is a matrix of 128x64, the data is 128x128",
        PAD,
    ),
    "three dimensions": (
        lambda: ttl.DistributedTensor(np.zeros((2, 64, 32), np.float32), (2, 1), (64, 32)),
        "grid (2, 1) x shard (64, 32) is a matrix of 128x32, the data is 2x64x32",
        PAD,
    ),
    "strategy": (
        lambda: ttl.DistributedTensor(X, (2, 2), (64, 64), "striped"),
        "strategy must be one of sharded, height_sharded, width_sharded, interleaved, got 'striped'",
        None,
    ),
    "height": (
        lambda: ttl.DistributedTensor(X, (2, 2), (64, 64), "height_sharded"),
        "height_sharded divides rows only, but the grid is (2, 2)",
        None,
    ),
    "width": (
        lambda: ttl.DistributedTensor(X, (2, 2), (64, 64), "width_sharded"),
        "width_sharded divides columns only, but the grid is (2, 2)",
        None,
    ),
    "grid": (
        lambda: ttl.DistributedTensor(X, (4,), (64, 64)),
        "grid must be a tuple of two integers of at least 1, rows first, got (4,)",
        None,
    ),
    "shard": (
        lambda: ttl.DistributedTensor(X, (2, 2), (64.0, 64)),
        "shard must be a tuple of two integers of at least 1, rows first, got (64.0, 64)",
        None,
    ),
    "more rows than the chip has": (
        lambda: ttl.DistributedTensor(TALL, (16, 1), (32, 32)),
        "a grid of 16 rows and 1 columns of parts does not fit wormhole_b0, which has 8 rows and 8 columns of cores",
        None,
    ),
    "no rectangle of cores": (
        lambda: ttl.DistributedTensor(TALL[: 11 * 32], (11, 1), (32, 32), "height_sharded"),
        "11 parts fill no rectangle of the cores of wormhole_b0",
        None,
    ),
    "interleaved parts without cores": (
        lambda: ttl.DistributedTensor(TALL[: 11 * 32], (11, 1), (32, 32), "interleaved"),
        "11 parts fill no rectangle of the cores of wormhole_b0",
        None,
    ),
    "more parts than banks": (
        lambda: ttl.DistributedTensor(TALL, (16, 1), (32, 32), "height_sharded", memory=ttl.DRAM),
        "16 parts in DRAM; wormhole_b0 has 12 banks, each for one part",
        None,
    ),
    "squares in banks": (
        lambda: ttl.DistributedTensor(X, (2, 2), (64, 64), memory=ttl.DRAM),
        "parts in DRAM lie in its banks, which are one row: a grid of (2, 2) has no place there",
        None,
    ),
    "parts of tiles": (
        lambda: ttl.DistributedTensor(TALL, (2, 2), (256, 16)),
        "parts of a tiled tensor are whole tiles of 32x32, got shard (256, 16)",
        TILES,
    ),
    "column without a part": (
        lambda: squares().extract_shard((2, 0)),
        "core (2, 0) has no part of this tensor, whose 4 parts belong to 2x2 cores",
        None,
    ),
    "number without a part": (
        lambda: squares().extract_shard(4),
        "core 4 has no part of this tensor, whose 4 parts belong to 2x2 cores",
        None,
    ),
    "core of three coordinates": (
        lambda: squares().extract_shard((1, 1, 1)),
        "core must be its (x, y) or its number, got (1, 1, 1)",
        None,
    ),
    "core that is no integer": (
        lambda: squares().extract_shard("a"),
        "core must be its (x, y) or its number, got 'a'",
        None,
    ),
    "core between two": (
        lambda: squares().extract_shard(1.5),
        "core must be its (x, y) or its number, got 1.5",
        None,
    ),
    "negative number": (
        lambda: squares().extract_shard(-1),
        "core -1 has no part of this tensor, whose 4 parts belong to 2x2 cores",
        None,
    ),
    "redistribution to a grid that does not divide": (
        lambda: squares().redistribute("sharded", grid=(3, 1)),
        "grid (3, 1) does not divide a matrix of 128x128",
        None,
    ),
    "redistribution to another shape": (
        lambda: squares().redistribute("sharded", grid=(2, 1), shard=(32, 32)),
        "grid (2, 1) x shard (32, 32) is a matrix of 64x32, not of 128x128",
        None,
    ),
    "redistribution by another strategy": (
        lambda: squares().redistribute("round"),
        "strategy must be one of sharded, height_sharded, width_sharded, interleaved, got 'round'",
        None,
    ),
    "redistribution to parts of no size": (
        lambda: squares().redistribute("sharded", shard=(0, 1)),
        "shard must be a tuple of two integers of at least 1, rows first, got (0, 1)",
        None,
    ),
    "redistribution to parts of tiles": (
        lambda: squares().redistribute("width_sharded", grid=(1, 8)),
        "parts of a tiled tensor are whole tiles of 32x32, got shard (128, 16)",
        TILES,
    ),
}


def squares() -> ttl.DistributedTensor:
    return ttl.DistributedTensor(X, (2, 2), (64, 64))


@pytest.mark.parametrize("name", REFUSED)
def test_refusal(name: str) -> None:
    make, message, hint = REFUSED[name]
    with pytest.raises(ttl.CompileError) as caught:
        make()
    first, place, *rest = str(caught.value).splitlines()
    assert first == f"error: {message}"
    assert place.startswith(f"  at {__file__}:")
    assert rest[2:] == ([] if hint is None else [f"  help: {hint}"])


def test_one_size_gives_the_other() -> None:
    def of(grid: object = None, shard: object = None) -> object:
        tensor = ttl.DistributedTensor(X, (4, 1), (32, 128), "height_sharded", layout=ttl.ROW_MAJOR)
        partition = tensor.partition.redealt("sharded", grid, shard)  # type: ignore[arg-type]
        return partition.grid, partition.shard

    assert of(grid=(2, 4)) == of(shard=(64, 32)) == of((2, 4), (64, 32)) == ((2, 4), (64, 32))
    assert of() == ((4, 1), (32, 128))
