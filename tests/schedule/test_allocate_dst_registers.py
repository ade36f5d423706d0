# SPDX-License-Identifier: Apache-2.0
"""The step `allocate_dst_registers`: tiles of a section, where blocks are summed, refusals, cycles."""

import re

import numpy as np
import pytest

import ttlang as ttl

from .scheduled_kernels import add_tiles, message, numbers, ran, sum_products

LIMIT = 1e-2  # relative L2: sums of 512 products of bfloat16, rounded to bfloat16


@pytest.fixture
def product():
    a, b = numbers(4, 16), numbers(16, 4, seed=1)
    return a, b, np.zeros((128, 128), a.dtype)


def check(a, b, out):
    expected = a.astype(np.float32) @ b.astype(np.float32)
    assert np.linalg.norm(out.astype(np.float32) - expected) < LIMIT * np.linalg.norm(expected)


def section(kernel, *arguments):
    """Rows and columns of tiles that one section multiplies, and whether the packer sums in L1."""
    text = kernel.compile(*arguments).kernels["compute"]
    columns, rows = re.search(r"matmul_block_init\(a_cb, b_cb, 0, (\d+), (\d+), 1\)", text).groups()
    return (int(rows), int(columns)), "pack_reconfig_l1_acc" in text


@pytest.mark.parametrize("asked", [{}, {"full_sync": True}])
def test_all_registers_hold_what_halves_do_not(asked, product):
    """Sixteen tiles are summed in DST, not in L1, which the step finds out by itself; as fast, as the packer keeps up."""
    scheduled = ttl.schedule(sum_products).allocate_dst_registers(**asked)
    (rows, columns), in_l1 = section(sum_products, *product)
    assert rows * columns <= 8 and in_l1
    assert section(scheduled, *product) == ((4, 4), False)
    assert ran(scheduled, *product) < 1.03 * ran(sum_products, *product)
    ran(scheduled, *product)
    check(*product)


@pytest.mark.parametrize("target", [None, "ttl.block_matmul", "ttl.compute_thread"])
def test_most_tiles_of_a_section(target, product):
    schedule = ttl.schedule(sum_products)
    matched = schedule if target is None else schedule.match(target)
    limited = matched.allocate_dst_registers(max_tiles=2)
    assert section(limited, *product) == ((1, 2), True)
    assert ran(limited, *product) > ran(sum_products, *product)
    check(*product)


def test_both_ways_to_the_code_agree(product):
    scheduled = ttl.schedule(sum_products).allocate_dst_registers(max_tiles=4)
    one, other = (scheduled.compile(*product, backend=b).kernels for b in (None, "direct"))
    assert one == other


def test_expressions_are_not_split():
    """Five values at once do not fit half of the 32-bit registers; all of them do."""

    @ttl.kernel(grid=(1, 1), fp32_dest_acc=True)
    def deep(a, out):
        a_cb = ttl.make_circular_buffer_like(a, shape=(1, 1), buffer_factor=1)
        out_cb = ttl.make_circular_buffer_like(out, shape=(1, 1), buffer_factor=1)

        @ttl.compute()
        def compute():
            with a_cb.wait() as x, out_cb.reserve() as y:
                e, s, t, r, q = (
                    ttl.math.exp(x),
                    ttl.math.sin(x),
                    ttl.math.tanh(x),
                    ttl.math.relu(x),
                    ttl.math.sigmoid(x),
                )
                y.store(((e * s) + (t * r)) * ((q * e) - (s * t)) + r * q)

        @ttl.datamovement()
        def read():
            with a_cb.reserve() as x:
                ttl.copy(a[0, 0], x)

        @ttl.datamovement()
        def write():
            with out_cb.wait() as y:
                ttl.copy(y, out[0, 0])

    a = numbers(1, 1, np.float32)
    out = np.zeros_like(a)
    buffers = [
        len(k.compile(a, out).image.buffers) for k in (deep, ttl.schedule(deep).allocate_dst_registers())
    ]
    assert buffers[0] > buffers[1]
    ran(deep, a, out)
    expected = out.copy()
    ran(ttl.schedule(deep).allocate_dst_registers(), a, out)
    np.testing.assert_allclose(
        out, expected, rtol=1e-5, atol=1e-6
    )  # registers hold what buffers held: float32


def refused(product, target=None, **asked):
    schedule = ttl.schedule(sum_products)
    matched = schedule if target is None else schedule.match(target)
    return message(lambda: matched.allocate_dst_registers(**asked).compile(*product))


def test_refuses_what_changes_nothing(product):
    assert refused(product, full_sync=False) == (
        "schedule step allocate_dst_registers(full_sync=False): it finds nothing to do: DST is used as two halves already"
    )
    assert refused(product, max_tiles=8) == (
        "schedule step allocate_dst_registers(max_tiles=8): max_tiles=8 limits nothing: sections have at most 8 tiles here"
    )
    a, b = numbers(2, 1), numbers(2, 1)
    assert message(lambda: ttl.schedule(add_tiles).allocate_dst_registers().compile(a, b, a)) == (
        "schedule step allocate_dst_registers(): it finds nothing to do: no value leaves DST for want of registers"
    )


def test_refuses_targets_without_compute(product):
    assert refused(product, target="ttl.copy", max_tiles=2) == (
        "schedule step allocate_dst_registers(max_tiles=2): it works on compute ops, and the handle is to a ttl.copy"
    )
    only_moves = ttl.schedule(add_tiles).match("ttl.create_cb").allocate_dst_registers(max_tiles=2)
    a = numbers(2, 1)
    assert message(lambda: only_moves.compile(a, a, a)) == (
        "schedule step allocate_dst_registers(max_tiles=2): it works on compute ops, and the handle is to a ttl.create_cb"
    )
