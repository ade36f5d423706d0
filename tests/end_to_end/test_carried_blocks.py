# SPDX-License-Identifier: Apache-2.0
"""Block values that loops carry from turn to turn and branches choose, on the simulator."""

import numpy as np
import pytest
from tests.end_to_end.block_kernels import BF16, relative_error

import ttlang as ttl

m = ttl.math
BLOCKS = 4
BLOCK = ttl.bfloat16


def computed(rng, body):
    """The result of a compute thread that reads BLOCKS blocks of one tile and writes one; and the blocks."""

    @ttl.kernel(grid=(1, 1))
    def kernel(a, out):
        a_cb = ttl.make_circular_buffer_like(a, shape=(1, 1), buffer_factor=2)
        out_cb = ttl.make_circular_buffer_like(out, shape=(1, 1), buffer_factor=2)

        @ttl.compute()
        def compute():
            with out_cb.reserve() as o:
                body(a_cb, o)

        @ttl.datamovement()
        def read():
            for i in range(BLOCKS):
                with a_cb.reserve() as x:
                    ttl.copy(a[i, 0], x)

        @ttl.datamovement()
        def write():
            with out_cb.wait() as o:
                ttl.copy(o, out[0, 0])

    a = rng.uniform(0.1, 1, (32 * BLOCKS, 32)).astype(BF16)
    out = np.zeros((32, 32), BF16)
    kernel(a, out, time=False)
    return out, a.astype(np.float64).reshape(BLOCKS, 32, 32)


def zeros():
    return m.fill(0.0, shape=(1, 1), dtype=BLOCK)


def test_sum_over_a_loop(rng):
    def body(a_cb, o):
        total = zeros()
        for _ in range(BLOCKS):
            with a_cb.wait() as x:
                total = total + x
        o.store(total * 2.0)

    out, x = computed(rng, body)
    assert relative_error(out, 2 * x.sum(0)) <= 1e-2


def test_augmented_assignment(rng):
    def body(a_cb, o):
        total = zeros()
        for _ in range(BLOCKS):
            with a_cb.wait() as x:
                total += x * x
        o.store(total)

    out, x = computed(rng, body)
    assert relative_error(out, (x * x).sum(0)) <= 1e-2


def test_start_with_an_acquired_block(rng):
    def body(a_cb, o):
        first = a_cb.wait()
        largest = m.exp(first)
        a_cb.pop()
        for _ in range(BLOCKS - 1):
            with a_cb.wait() as x:
                largest = m.max(largest, m.exp(x))
        o.store(largest)

    out, x = computed(rng, body)
    assert relative_error(out, np.exp(x).max(0)) <= 1e-2


def test_nested_loops(rng):
    def body(a_cb, o):
        total = zeros()
        for _ in range(2):
            for _ in range(2):
                with a_cb.wait() as x:
                    total = total * 0.5 + x
        o.store(total)

    out, x = computed(rng, body)
    assert relative_error(out, ((x[0] * 0.5 + x[1]) * 0.5 + x[2]) * 0.5 + x[3]) <= 1e-2


def test_loop_that_ends_early(rng):
    def body(a_cb, o):
        total = zeros()
        i = 0
        while i < BLOCKS:
            with a_cb.wait() as x:
                total = total + x
            i += 1
        o.store(total)

    out, x = computed(rng, body)
    assert relative_error(out, x.sum(0)) <= 1e-2


def test_two_values_exchanged(rng):
    def body(a_cb, o):
        this, other = zeros(), m.fill(1.0, shape=(1, 1), dtype=BLOCK)
        for _ in range(BLOCKS):
            with a_cb.wait() as x:
                this, other = other, this + x
        o.store(this - other)

    out, x = computed(rng, body)
    this, other = 0.0, 1.0
    for block in x:
        this, other = other, this + block
    assert relative_error(out, this - other) <= 2e-2


def test_running_maximum_and_sum(rng):
    """The maximum and the sum of exponentials of a row, block by block, as in attention: both are columns."""

    def body(a_cb, o):
        top = m.fill(-100.0, shape=(1, 1), dtype=BLOCK)
        total = zeros()
        for _ in range(BLOCKS):
            with a_cb.wait() as x:
                new = m.max(top, m.reduce_max(x, dims=[1]))
                total = total * m.exp(top - new) + m.reduce_sum(m.exp(x - new), dims=[1])
                top = new
        o.store(m.broadcast(total, dims=[1]))

    out, x = computed(rng, body)
    rows = np.concatenate(list(x), axis=1)
    wanted = np.exp(rows - rows.max(1, keepdims=True)).sum(1, keepdims=True) * np.ones((1, 32))
    assert relative_error(out, wanted) <= 2e-2


def test_branch_chooses_a_value(rng):
    def body(a_cb, o):
        for i in range(BLOCKS):
            with a_cb.wait() as x:
                y = x * 2
                if i == 2:
                    y = x + 1
                o += y

    out, x = computed(rng, body)
    assert relative_error(out, 2 * x.sum(0) - x[2] + 1) <= 1e-2


def test_branches_that_bind_differently(rng):
    def body(a_cb, o):
        for i in range(BLOCKS):
            with a_cb.wait() as x:
                if i < 2:
                    y = m.exp(x)
                elif i == 2:
                    y = x
                else:
                    y = m.sqrt(x) + 1
                o += y - 1

    out, x = computed(rng, body)
    assert relative_error(out, np.exp(x[:2]).sum(0) + x[2] + np.sqrt(x[3]) - 3) <= 1e-2


def test_names_bound_in_each_turn_are_not_carried(rng):
    def body(a_cb, o):
        y = m.fill(3.0, shape=(2, 1), dtype=BLOCK)
        for _ in range(BLOCKS):
            with a_cb.wait() as x:
                y = x * 2
                o += y

    out, x = computed(rng, body)
    assert relative_error(out, 2 * x.sum(0)) <= 1e-2


def test_change_of_shape_is_refused(rng):
    def body(a_cb, o):
        total = m.fill(0.0, shape=(2, 1), dtype=BLOCK)
        for _ in range(BLOCKS):
            with a_cb.wait() as x:
                shape = total.shape
                total = x * shape[0]
                o += x

    with pytest.raises(ttl.CompileError, match=r"'total' is a block of .* tiles before the loop"):
        computed(rng, body)


def test_number_that_becomes_a_block_is_refused_with_what_to_do(rng):
    def body(a_cb, o):
        total = m.fill(0.0)
        for _ in range(BLOCKS):
            with a_cb.wait() as x:
                total = total + x
        o.store(total)

    with pytest.raises(ttl.CompileError, match="starts with a block"):
        computed(rng, body)


def test_functions_of_one_line_are_different_kernels(rng):
    results = [
        computed(rng, body)[0]
        for body in (lambda a, o: o.store(fold(a, 1)), lambda a, o: o.store(fold(a, 2)))
    ]
    assert relative_error(results[0] * 2, results[1]) > 0.1


def fold(a_cb, factor):
    total = zeros()
    for _ in range(BLOCKS):
        with a_cb.wait() as x:
            total = total * factor + x
    return total
