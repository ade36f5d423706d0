# SPDX-License-Identifier: Apache-2.0
"""Matrix products against NumPy, on the simulator: shapes, transposition, epilogues, accumulation over K."""

import numpy as np
import pytest
from tests.end_to_end.block_kernels import (
    BF16,
    F32,
    MATRIX_UNIT_TOLERANCE,
    check,
    exact_erf,
    relative_error,
    tensor,
)

import ttlang as ttl

m = ttl.math


def product(rng, function, reference, left, right, out, dtype=BF16, **options):
    a, b = tensor(rng, left, dtype), tensor(rng, right, dtype)
    return check(
        lambda x, y, w: function(x, y), reference, [a, b], [out], tolerance=MATRIX_UNIT_TOLERANCE, **options
    )


@pytest.mark.parametrize("dtype", [BF16, F32], ids=["bfloat16", "float32"])
@pytest.mark.parametrize(
    ("rows", "depth", "columns"), [(1, 1, 1), (4, 4, 4), (3, 2, 3), (1, 3, 5), (5, 1, 2), (2, 2, 9)]
)
def test_shapes(rng, rows, depth, columns, dtype):
    product(rng, lambda x, y: x @ y, np.matmul, (rows, depth), (depth, columns), (rows, columns), dtype)


def test_sub_blocks_fill_the_registers_and_reuse_operands(rng):
    cpp = product(rng, lambda x, y: x @ y, np.matmul, (4, 4), (4, 4), (4, 4))
    assert "matmul_block(a_cb, b_cb, sub_row * 4 + k, k * 4, 0, 0, 4, 2, 4);" in cpp
    assert cpp.count("matmul_block_init(") == 1
    assert cpp.index("matmul_block_init(") < cpp.index("for ("), "no init in a loop"


EXPRESSIONS = {
    "transposed right": (lambda x, y: x @ y.T, lambda x, y: x @ y.T, (3, 4), (2, 4), (3, 2)),
    "transposed left": (lambda x, y: x.T @ y, lambda x, y: x.T @ y, (4, 3), (4, 2), (3, 2)),
    "transposed product": (lambda x, y: (x @ y).T, lambda x, y: (x @ y).T, (2, 3), (3, 1), (1, 2)),
    "sum": (lambda x, y: x @ y + x, lambda x, y: x @ y + x, (2, 2), (2, 2), (2, 2)),
    "sum from the left": (
        lambda x, y: m.exp(y) + x @ y,
        lambda x, y: np.exp(y) + x @ y,
        (2, 2),
        (2, 2),
        (2, 2),
    ),
    "product of datums": (lambda x, y: (x @ y) * x, lambda x, y: (x @ y) * x, (2, 2), (2, 2), (2, 2)),
    "relu with bias": (
        lambda x, y: m.relu(x @ y + m.broadcast(x, dims=[0])),
        lambda x, y: np.maximum(x @ y + x[:1], 0),
        (1, 2),
        (2, 2),
        (1, 2),
    ),
    "computed operand": (lambda x, y: (x + y) @ y, lambda x, y: (x + y) @ y, (2, 2), (2, 2), (2, 2)),
    "chain": (lambda x, y: (x @ y) @ y, lambda x, y: (x @ y) @ y, (2, 2), (2, 2), (2, 2)),
    "two products": (lambda x, y: x @ y + y @ x, lambda x, y: x @ y + y @ x, (2, 2), (2, 2), (2, 2)),
    "gelu": (lambda x, y: m.gelu(x @ y * 0.1), lambda x, y: gelu(0.1 * (x @ y)), (2, 2), (2, 3), (2, 3)),
}


def gelu(x):
    return 0.5 * x * (1 + exact_erf(x / np.sqrt(2)))


@pytest.mark.parametrize("wide", [False, True], ids=["16-bit registers", "32-bit registers"])
@pytest.mark.parametrize("name", EXPRESSIONS)
def test_expression(rng, name, wide):
    product(rng, *EXPRESSIONS[name], fp32_dest_acc=wide)


def test_epilogue_is_fused(rng):
    cpp = product(
        rng, lambda x, y: m.relu(x @ y + x), lambda x, y: np.maximum(x @ y + x, 0), (2, 2), (2, 2), (2, 2)
    )
    assert cpp.count("tile_regs_acquire()") == 2  # the expression's, and that of the kernel's unused output


def accumulation_kernel(block, epilogue=None, **options):
    """c += a @ b over blocks along K, on one core."""
    rows, depth, columns = block

    @ttl.kernel(grid=(1, 1), **options)
    def accumulate(a, b, c):
        steps = a.tile_shape[1] // depth
        a_cb = ttl.make_circular_buffer_like(a, shape=(rows, depth))
        b_cb = ttl.make_circular_buffer_like(b, shape=(depth, columns))
        c_cb = ttl.make_circular_buffer_like(c, shape=(rows, columns))

        @ttl.compute()
        def compute():
            with c_cb.reserve() as total:
                for _ in range(steps):
                    with a_cb.wait() as x, b_cb.wait() as y:
                        total += x @ y if epilogue is None else epilogue(x, y)

        @ttl.datamovement()
        def read():
            for k in range(steps):
                with a_cb.reserve() as x, b_cb.reserve() as y:
                    ttl.copy(a[0:rows, k * depth : (k + 1) * depth], x)
                    ttl.copy(b[k * depth : (k + 1) * depth, 0:columns], y)

        @ttl.datamovement()
        def write():
            with c_cb.wait() as total:
                ttl.copy(total, c)

    return accumulate


def accumulated(rng, kernel, block, steps, reference):
    rows, depth, columns = block
    a, b = tensor(rng, (rows, depth * steps), BF16), tensor(rng, (depth * steps, columns), BF16)
    c = np.zeros((32 * rows, 32 * columns), np.float32)
    compiled = kernel.compile(a, b, c)
    compiled.run(a, b, c, time=False)
    assert relative_error(c, reference(a.astype(np.float64), b.astype(np.float64))) <= MATRIX_UNIT_TOLERANCE
    return compiled.kernels["compute"]


def test_accumulation_in_registers(rng):
    cpp = accumulated(rng, accumulation_kernel((2, 2, 2)), (2, 2, 2), 3, np.matmul)
    assert cpp.index("tile_regs_acquire()") < cpp.index("for ("), "the section is open around the loop over K"
    assert "pack_reconfig_l1_acc" not in cpp


def test_accumulation_in_l1(rng):
    cpp = accumulated(rng, accumulation_kernel((4, 2, 4)), (4, 2, 4), 3, np.matmul)
    assert cpp.count("pack_reconfig_l1_acc(0)") == 1, "reset at the end of the kernel"


def test_accumulation_of_computed_operands_in_l1(rng):
    kernel = accumulation_kernel((2, 2, 2), lambda x, y: (x * 2.0) @ y)
    accumulated(rng, kernel, (2, 2, 2), 3, lambda a, b: 2 * a @ b)


def test_batched_product(rng):
    a = rng.standard_normal((2, 64, 32)).astype(BF16)
    b = rng.standard_normal((1, 32, 64)).astype(BF16)
    c = np.zeros((2, 64, 64), BF16)

    @ttl.kernel(grid=(1, 1))
    def batched(left, right, out):
        a_cb = ttl.make_circular_buffer_like(left, shape=(2, 2, 1))
        b_cb = ttl.make_circular_buffer_like(right, shape=(1, 1, 2))
        c_cb = ttl.make_circular_buffer_like(out, shape=(2, 2, 2))

        @ttl.compute()
        def compute():
            with a_cb.wait() as x, b_cb.wait() as y, c_cb.reserve() as z:
                z.store(m.exp(x @ y * 0.1))

        @ttl.datamovement()
        def read():
            with a_cb.reserve() as x, b_cb.reserve() as y:
                ttl.copy(left, x)
                ttl.copy(right, y)

        @ttl.datamovement()
        def write():
            with c_cb.wait() as z:
                ttl.copy(z, out)

    batched(a, b, c, time=False)
    expected = np.exp(0.1 * (a.astype(np.float64) @ b.astype(np.float64)))
    assert relative_error(c, expected) <= 1.2e-2


def test_integers_are_refused(rng):
    a = tensor(rng, (1, 1), np.int32)
    with pytest.raises(ttl.CompileError, match="matrix product of int32"):
        check(lambda x, y, w: x @ y, np.matmul, [a, a])
