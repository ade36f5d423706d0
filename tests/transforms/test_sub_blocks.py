# SPDX-License-Identifier: Apache-2.0
"""How tiles are dealt to sections of the registers."""

from math import prod

from hypothesis import given
from hypothesis import strategies as st

from ttlang.transforms.sub_blocks import matrix_sub_block, row_sub_block, spans, unpacked_tiles

sides = st.integers(1, 12)
capacities = st.sampled_from([1, 2, 4, 8, 16])


def test_products_of_4x4_tiles_fill_eight_registers():
    assert matrix_sub_block(4, 4, 8) == (2, 4)
    assert matrix_sub_block(4, 4, 4) == (1, 4), "five tiles unpacked for four, 2x2 needs six"
    assert matrix_sub_block(1, 16, 8) == (1, 8)
    assert matrix_sub_block(4, 4, 8, widest=1) == (4, 1), "transposed operands come one at a time"


def test_each_operand_tile_is_unpacked_as_often_as_the_shape_requires():
    assert unpacked_tiles(2, 4) == 10
    assert unpacked_tiles(1, 8) == 9


@given(sides, sides, capacities)
def test_sub_blocks_fit(rows, columns, tiles):
    for shape in (matrix_sub_block(rows, columns, tiles), row_sub_block(rows, columns, tiles)):
        assert 1 <= prod(shape) <= tiles
        assert shape[0] <= rows and shape[1] <= max(columns, tiles)


@given(st.integers(1, 40), st.integers(1, 16))
def test_spans_cover_a_dimension_once(size, step):
    covered = [
        first + i * width for first, end, width in spans(size, step) for i in range((end - first) // width)
    ]
    widths = [width for first, end, width in spans(size, step) for _ in range((end - first) // width)]
    assert covered == [sum(widths[:i]) for i in range(len(widths))]
    assert sum(widths) == size


def test_a_tail_instead_of_small_sub_blocks():
    assert list(spans(11, 8)) == [(0, 8, 8), (8, 11, 3)]
