# SPDX-License-Identifier: Apache-2.0
"""The chip files say what the compiler and the simulator rely on."""

import dataclasses

import pytest

from ttlang.hardware import UnknownChipError, chip, chip_names


@pytest.mark.parametrize(
    ("name", "grid", "banks", "burst", "read_alignment", "circular_buffers"),
    [("wormhole_b0", (8, 8), 12, 8192, 32, 32), ("blackhole", (13, 10), 8, 16384, 64, 64)],
)
def test_published_sizes(name, grid, banks, burst, read_alignment, circular_buffers):
    c = chip(name)
    assert (c.grid, c.dram.banks, c.noc.max_burst) == (grid, banks, burst)
    assert (c.dram.read_alignment, c.dram.write_alignment, c.l1.alignment) == (read_alignment, 16, 16)
    assert (c.circular_buffers, c.semaphores) == (circular_buffers, 16)


@pytest.mark.parametrize("name", chip_names())
@pytest.mark.parametrize(
    ("fp32", "full_sync", "tiles"), [(False, False, 8), (True, False, 4), (False, True, 16), (True, True, 8)]
)
def test_dst_capacity(name, fp32, full_sync, tiles):
    assert chip(name).dst_tiles(fp32=fp32, full_sync=full_sync) == tiles


@pytest.mark.parametrize("name", chip_names())
def test_coordinates_do_not_collide(name):
    c = chip(name)
    columns, rows = c.grid
    assert len(set(c.noc.worker_x)) == len(c.noc.worker_x) == len(c.noc.virtual_x) == columns
    assert len(set(c.noc.worker_y)) == len(c.noc.worker_y) == len(c.noc.virtual_y) == rows
    workers = {(x, y) for x in c.noc.worker_x for y in c.noc.worker_y}
    for endpoints in (c.noc.dram_noc0, c.noc.dram_noc1):
        assert len(set(endpoints)) == c.dram.banks
        assert not workers & set(endpoints)
        assert all(x < c.noc.size[0] and y < c.noc.size[1] for x, y in endpoints)


@pytest.mark.parametrize("name", chip_names())
def test_allocatable_l1(name):
    l1 = chip(name).l1
    assert l1.cb_base % l1.alignment == 0
    assert l1.cb_base + l1.cb_bytes == l1.size


def test_one_object_per_chip_and_frozen():
    assert chip("wormhole") is chip("Wormhole_B0")
    with pytest.raises(dataclasses.FrozenInstanceError):
        chip("blackhole").name = "other"


def test_unknown_chip_names_the_known_ones():
    with pytest.raises(UnknownChipError, match="wormhole_b0, blackhole"):
        chip("grayskull")


def test_coordinate_outside_the_grid():
    with pytest.raises(IndexError, match="8x8"):
        chip("wormhole_b0").noc_coordinate(8, 0)
