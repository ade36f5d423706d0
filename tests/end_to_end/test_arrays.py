# SPDX-License-Identifier: Apache-2.0
"""What can simply work, works: strides, orders, odd shapes, types."""

import ml_dtypes
import numpy as np
import pytest
from tests.end_to_end.kernels import elementwise_kernel, matmul_kernel

import ttlang as ttl

ADD = elementwise_kernel(lambda x, y: x + y)
BF16 = ml_dtypes.bfloat16


def check_sum(a, b, out):
    """bfloat16 sums are rounded once: within 2**-8 relative of the exact sum, and one unit near 0."""
    ADD(a, b, out)
    expected = np.asarray(a).astype(np.float32) + np.asarray(b).astype(np.float32)
    np.testing.assert_allclose(np.asarray(out).astype(np.float32), expected, rtol=2**-7, atol=2**-7)


def normal(rng, *shape):
    return rng.standard_normal(shape, np.float32).astype(BF16)


@pytest.mark.parametrize("shape", [(32, 32), (1, 1), (33, 65), (100, 40), (64, 31)])
def test_shapes_that_are_no_multiple_of_tiles_are_padded_and_cropped(rng, shape):
    a, b = normal(rng, *shape), normal(rng, *shape)
    check_sum(a, b, np.zeros(shape, BF16))


def test_memory_around_a_cropped_output_is_untouched(rng):
    frame = np.full((64, 64), 9, BF16)
    check_sum(normal(rng, 40, 40), normal(rng, 40, 40), frame[:40, :40])
    assert (frame[40:] == 9).all() and (frame[:, 40:] == 9).all()


def test_fortran_order(rng):
    a, b = (np.asfortranarray(normal(rng, 64, 96)) for _ in range(2))
    check_sum(a, b, np.zeros((64, 96), BF16, order="F"))


def test_transposed_views(rng):
    check_sum(normal(rng, 96, 64).T, normal(rng, 96, 64).T, np.zeros((96, 64), BF16).T)


def test_strided_and_reversed_views(rng):
    a, b = normal(rng, 128, 128)[::2, ::-1], normal(rng, 128, 128)[1::2]
    check_sum(a, b, np.zeros((64, 256), BF16)[:, ::2])


def test_float32(rng):
    a, b = (rng.standard_normal((64, 64), np.float32) for _ in range(2))
    out = np.zeros_like(a)
    ADD(a, b, out)
    np.testing.assert_allclose(out, a + b, rtol=2**-9, atol=2**-9)


def test_read_only_inputs(rng):
    a, b = normal(rng, 32, 32), normal(rng, 32, 32)
    a.flags.writeable = b.flags.writeable = False
    check_sum(a, b, np.zeros((32, 32), BF16))


def test_ttl_tensor(rng):
    a, b = (ttl.tensor(rng.standard_normal((32, 64)), dtype=ttl.bfloat16) for _ in range(2))
    out = ttl.tensor(np.zeros((32, 64)), dtype=ttl.bfloat16)
    ADD(a, b, out)
    expected = a.numpy().astype(np.float32) + b.numpy().astype(np.float32)
    np.testing.assert_allclose(out.numpy().astype(np.float32), expected, rtol=2**-7, atol=2**-7)


def test_torch_tensors_are_written_in_place(rng):
    torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'ttlang[torch]'")
    a, b = (torch.from_numpy(rng.standard_normal((32, 64), np.float32)).bfloat16() for _ in range(2))
    out = torch.zeros(32, 64, dtype=torch.bfloat16)
    ADD(a, b, out)
    torch.testing.assert_close(out.float(), a.float() + b.float(), rtol=2**-7, atol=2**-7)


def test_the_same_array_as_both_inputs(rng):
    a = normal(rng, 32, 32)
    check_sum(a, a, np.zeros_like(a))


@pytest.mark.parametrize("block", [(1, 1, 1), (2, 2, 2), (1, 4, 2), (4, 1, 4)])
@pytest.mark.parametrize("out_type", [np.float32, BF16])
def test_matmul_blocks(rng, block, out_type):
    """Relative L2: operands are bfloat16, sums 32 bits; a bfloat16 block outside of DST accumulates rounded sums."""
    a, b = normal(rng, 128, 128), normal(rng, 128, 128)
    out = np.zeros((128, 128), out_type)
    matmul_kernel(block)(a, b, out)
    expected = a.astype(np.float32) @ b.astype(np.float32)
    error = np.linalg.norm(out.astype(np.float32) - expected) / np.linalg.norm(expected)
    assert error <= (1e-5 if out_type is np.float32 else 6e-3)


@pytest.mark.parametrize("arch", ["wormhole_b0", "blackhole"])
@pytest.mark.parametrize("metal_version", ["0.81", "0.69"])
def test_chips_and_generations(rng, arch, metal_version):
    a, b = normal(rng, 64, 64), normal(rng, 64, 64)
    out = np.zeros((64, 64), np.float32)
    report = matmul_kernel((2, 2, 2), arch=arch, metal_version=metal_version)(a, b, out)
    expected = a.astype(np.float32) @ b.astype(np.float32)
    assert np.linalg.norm(out - expected) <= 1e-5 * np.linalg.norm(expected)
    assert report.arch == arch and report.cycles > 0


def test_more_cores_take_less_time(rng):
    a, b = normal(rng, 256, 256), normal(rng, 256, 256)
    out = np.zeros_like(a)
    one = ADD(a, b, out)
    four = elementwise_kernel(lambda x, y: x + y, grid=(2, 2))(a, b, out)
    np.testing.assert_allclose(
        out.astype(np.float32), a.astype(np.float32) + b.astype(np.float32), rtol=2**-7, atol=2**-7
    )
    assert four.cycles < one.cycles / 2


def test_the_same_run_takes_the_same_cycles(rng):
    a, b = normal(rng, 128, 128), normal(rng, 128, 128)
    out = np.zeros_like(a)
    reports = [ADD(a, b, out) for _ in range(3)]
    assert len({r.cycles for r in reports}) == 1


def test_time_does_not_change_values(rng):
    a, b = normal(rng, 128, 128), normal(rng, 128, 128)
    timed, untimed = np.zeros_like(a), np.zeros_like(a)
    assert ADD(a, b, timed).cycles > 0
    assert ADD(a, b, untimed, time=False).cycles is None
    np.testing.assert_array_equal(timed, untimed)
