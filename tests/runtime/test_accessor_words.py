# SPDX-License-Identifier: Apache-2.0
"""Words of tensor accessors: whose they are, and whether two forms say the same."""

import pytest

from ttlang.runtime.accessor_words import same_placement, split_words

DRAM = (2, 2048)
COORDINATES = (0x1312_1212, 0x1313_1213)
FOLDED = (1, 4096, 1, 4, 32, 8, *COORDINATES)
"""4x8 pages in four shards of whole rows, as ttnn says it."""
UNFOLDED = (1, 4096, 2, 4, 4, 8, 1, 8, *COORDINATES)
BLOCKS = (1, 4096, 2, 4, 4, 8, 2, 4, *COORDINATES)


def test_split():
    assert split_words((*DRAM, *FOLDED, *BLOCKS), 3) == [DRAM, FOLDED, BLOCKS]
    assert split_words((1, 4096, 1, 1, 8, 8, 0x1212, *DRAM), 2) == [(1, 4096, 1, 1, 8, 8, 0x1212), DRAM]
    assert split_words((), 0) == []


@pytest.mark.parametrize("words", [(*DRAM, 0), DRAM[:1], FOLDED[:3], ()])
def test_words_that_do_not_add_up(words):
    with pytest.raises(ValueError):
        split_words(words, 1)


def test_same_placement():
    assert same_placement(DRAM, list(DRAM))
    assert same_placement(FOLDED, UNFOLDED)
    for one, other in ((DRAM, (0, 2048)), (DRAM, (2, 4096)), (FOLDED, BLOCKS), (DRAM, FOLDED)):
        assert not same_placement(one, other)


def test_banks_matter():
    assert not same_placement(FOLDED, (*FOLDED[:-2], *reversed(COORDINATES)))


def test_more_shards_than_banks():
    """Eight shards of one page row, dealt to two banks in turn."""
    one = (1, 4096, 2, 2, 8, 4, 1, 4, 0x1312_1212)
    assert same_placement(one, (1, 4096, 1, 2, 32, 4, 0x1312_1212))
    assert not same_placement(one, (1, 4096, 1, 2, 32, 16, 0x1312_1212))
