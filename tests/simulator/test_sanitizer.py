# SPDX-License-Identifier: Apache-2.0
"""The sanitizer says nothing about valid programs, under any schedule, and leaves their values alone."""

import numpy as np
import pytest
from sanitizer_programs import PROGRAMS, build

from ttlang.simulator import Device

TIMED = pytest.mark.parametrize("timed", [True, False])


@pytest.fixture(scope="module")
def device():
    """One of this module's own: what other tests left in memory does not matter."""
    with Device() as opened:
        yield opened


@TIMED
@pytest.mark.parametrize("program", PROGRAMS)
def test_valid_programs_raise_nothing(device, program, timed):
    checked, plain = build(device, program), build(device, program)
    checked.run(time=timed)
    plain.run(time=timed, sanitize=False)
    assert np.array_equal(checked.result, plain.result) and checked.result.any()


@TIMED
@pytest.mark.parametrize("program", PROGRAMS)
def test_values_do_not_depend_on_the_schedule(device, program, timed):
    expected = build(device, program)
    expected.run(time=timed)
    for seed in range(8):
        case = build(device, program)
        case.run(time=timed, schedule=f"random:{seed}")
        assert np.array_equal(case.result, expected.result)


def test_a_seed_repeats_exactly_and_seeds_differ(device):
    cycles = [build(device, "exchange").run(schedule=f"random:{seed}").cycles for seed in (1, 1, 2, 4)]
    assert cycles[0] == cycles[1]
    assert len(set(cycles)) == 3
    assert build(device, "exchange").run().cycles not in cycles


@pytest.mark.parametrize("schedule", ["random", "random:", "random:x", "fast", ""])
def test_schedules_that_do_not_exist(device, schedule):
    with pytest.raises(ValueError, match="random:SEED"):
        build(device, "copy").run(schedule=schedule)


def test_time_does_not_depend_on_checks(device):
    cycles = {build(device, "add").run(sanitize=flag).cycles for flag in (True, False)}
    assert len(cycles) == 1
