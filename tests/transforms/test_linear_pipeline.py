# SPDX-License-Identifier: Apache-2.0
"""No pass of the whole pipeline, nor printing, is quadratic in the statements of a kernel."""

import gc

import numpy as np
import pytest

import ttlang as ttl
from ttlang.frontend.program import ProgramBuilder
from ttlang.pipelines import Observer, compile_module

OPS_A_TURN = 20  # of the module: copies, blocks, arithmetic of one turn in the three threads
SIZES = (200, 1000, 5000)
WITHIN = 7.5
"""Five times the ops may take so much longer in one pass: a linear pass takes 5 times, a quadratic one 25."""
WHOLE = 5.7
"""The same for all passes together: 4.5 for four times the statements."""
MEASURABLE = 0.02  # seconds of a pass at the middle size; below that the clock decides


def unrolled(turns):
    """A kernel whose threads hold `turns` copies of their statements."""
    steps = list(range(turns))

    @ttl.kernel(grid=(2, 2))
    def kernel(a, b, out):
        a_cb, b_cb, out_cb = (ttl.make_circular_buffer_like(t, shape=(1, 2)) for t in (a, b, out))
        x, y = ttl.core()

        @ttl.datamovement()
        def read():
            for step in steps:
                with a_cb.reserve() as left, b_cb.reserve() as right:
                    ttl.copy(a[y * 2 + step % 2, 0:2], left)
                    ttl.copy(b[x * 2 + step % 2, 0:2], right)

        @ttl.compute()
        def compute():
            for step in steps:
                with a_cb.wait() as left, b_cb.wait() as right, out_cb.reserve() as result:
                    result.store(ttl.math.exp(left + right) * float(step))

        @ttl.datamovement()
        def write():
            for step in steps:
                with out_cb.wait() as result:
                    ttl.copy(result, out[y * 2 + step % 2, 0:2])

    return kernel


def seconds(turns):
    """CPU seconds of each pass: the least of two runs, with the collector of garbage at rest."""
    tensors = [np.zeros((128, 64), np.float32)] * 3
    best = {}
    for _ in range(2):
        module = ProgramBuilder(unrolled(turns).trace(tensors)).build()
        gc.collect()
        gc.disable()
        found = compile_module(
            module, "0.81", Observer(verbose=False, verify_each=False, dump_dir=None)
        ).pass_seconds
        gc.enable()
        best = {name: min(found[name], best.get(name, np.inf)) for name in found}
    return best


@pytest.mark.slow
def test_no_pass_is_quadratic():
    small, middle, large = (seconds(size // OPS_A_TURN) for size in SIZES)
    slow = {
        name: (middle[name], large[name])
        for name in large
        if middle[name] > MEASURABLE and large[name] > WITHIN * middle[name]
    }
    assert slow == {}
    assert sum(large.values()) <= WHOLE * sum(middle.values())
    assert sum(middle.values()) <= WHOLE * sum(small.values())
