# SPDX-License-Identifier: Apache-2.0
"""Steps on kernels that hold several blocks of a buffer at once: values stay right, or the step is refused."""

import numpy as np
import pytest
from tests.end_to_end.test_blocks_at_once import BF16, make_differences, tiles_of, whole_numbers

import ttlang as ttl

TAKEN = {
    "coalesce_dma": lambda schedule: schedule.coalesce_dma(),
    "insert_prefetch": lambda schedule: schedule.insert_prefetch(),
    "schedule_pipeline": lambda schedule: schedule.schedule_pipeline("aggressive").insert_prefetch(),
}
REFUSED = {
    "optimize_buffer_factor": (
        lambda schedule: schedule.optimize_buffer_factor(factor=3),
        "2 blocks of 'x_cb' are held at once, but not always in a row: it holds 3",
    ),
    "tile": (lambda schedule: schedule.tile(2, 1), "the loops around them do not correspond"),
}


@pytest.mark.parametrize("results", [1, 2])
@pytest.mark.parametrize("step", TAKEN)
def test_values_stay(step, results):
    x, y = whole_numbers(12), np.zeros((6 * results * 32, 32), BF16)
    TAKEN[step](ttl.schedule(make_differences(12, 4, results=results)))(x, y)
    a, found = tiles_of(x), tiles_of(y)
    assert (found[::results] == a[::2] - a[1::2]).all()
    if results == 2:
        assert (found[1::2] == a[::2] + a[1::2]).all()


@pytest.mark.parametrize("step", REFUSED)
def test_steps_that_would_break_it(step):
    change, reason = REFUSED[step]
    with pytest.raises(ttl.CompileError, match=reason):
        change(ttl.schedule(make_differences(12, 4))).compile(whole_numbers(12), np.zeros((6 * 32, 32), BF16))
