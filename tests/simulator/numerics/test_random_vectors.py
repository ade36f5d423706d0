# SPDX-License-Identifier: Apache-2.0
"""Exact arithmetic on random bits and special values beside a model of it that is written from its description, in integers."""

from typing import Any

import numpy as np
import pytest
from numerics_library import ADD, FORMATS, SUB, Config, Library

Array = np.ndarray[Any, Any]
SPECIAL = np.array(
    [0, 0x8000, 1, 0x7F, 0x80, 0x7F7F, 0xFF7F, 0x7F80, 0xFF80, 0x7FC0, 0xFFC1, 0x3F80, 0xBF80, 0x3F81, 0x8001, 0x81],
    np.uint16,
)  # fmt: skip


def half_up(value: int, shift: int) -> int:
    return value if shift == 0 else (value + (1 << (shift - 1))) >> shift


def source(bits: int) -> tuple[int, int, int]:
    """Sign, exponent, significand of 11 bits of a bf16 operand; denormals are zero, NaN and infinity ordinary numbers."""
    sign, exponent = bits >> 15, bits >> 7 & 255
    return (sign, exponent, (bits & 127 | 128) << 3) if exponent else (sign, 0, 0)


def model_sum(a: int, b: int, negate: bool) -> int:
    """a + b as the matrix unit adds: both on the grid of the larger exponent, the sum rounded to 8 bits, half up."""
    sign_a, exponent_a, value_a = source(a)
    sign_b, exponent_b, value_b = source(b)
    exponent = max(exponent_a, exponent_b)
    total = 0
    for sign, own, value in ((sign_a, exponent_a, value_a), (sign_b ^ negate, exponent_b, value_b)):
        aligned = 0 if exponent - own >= 12 else half_up(value, exponent - own)
        total += -aligned if sign else aligned
    if total == 0:
        return 0
    magnitude, sign = abs(total), int(total < 0)
    length = magnitude.bit_length()
    exponent += length - 11
    magnitude = half_up(magnitude, length - 8) if length > 8 else magnitude << (8 - length)
    if magnitude == 256:
        magnitude, exponent = 128, exponent + 1
    if exponent >= 255:
        return 0x7F80 | sign << 15
    return 0 if exponent <= 0 else sign << 15 | exponent << 7 | magnitude & 127


def vectors(seed: int) -> tuple[Array, Array]:
    """Any bits, pairs of close exponents, all pairs of special values."""
    rng = np.random.default_rng(seed)
    a, b = (rng.integers(0, 1 << 16, 1024).astype(np.uint16) for _ in range(2))
    close = (a[:512].astype(np.int64) & 0x7F80) + (rng.integers(-13, 14, 512) << 7)
    b[:512] = close & 0x7F80 | rng.integers(0, 128, 512) | rng.integers(0, 2, 512) << 15
    a[768:], b[768:] = np.repeat(SPECIAL, 16), np.tile(SPECIAL, 16)
    return a, b


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize(("op", "negate"), [(ADD, False), (SUB, True)])
@pytest.mark.parametrize("seed", range(4))
def test_sums_of_the_matrix_unit(numerics: Library, op: int, negate: bool, seed: int, wide: bool) -> None:
    a, b = vectors(seed)
    config = Config(True, 4, wide)
    dst = np.zeros(1024, np.uint32)
    assert numerics.call("eltwise", config, op, FORMATS["bf16"], a, FORMATS["bf16"], b, 0, dst, 0, 0)
    got = numerics.pack(config, "bf16", dst).view(np.uint16)
    want = np.array([model_sum(int(x), int(y), negate) for x, y in zip(a, b)], np.uint16)
    np.testing.assert_array_equal(got, want)


def model_packed(bits: int) -> int:
    """32-bit DST to bf16: half away from zero, NaN to infinity, below the normal range +0."""
    if (bits & 0x7F800000) == 0x7F800000:
        return bits >> 16 & 0xFF80
    rounded = (bits & 0x7FFFFFFF) + 0x8000 >> 16
    return 0 if rounded < 0x80 else rounded | bits >> 16 & 0x8000


@pytest.mark.parametrize("seed", range(4))
def test_packing_of_wide_registers(numerics: Library, seed: int) -> None:
    rng = np.random.default_rng(seed)
    dst = rng.integers(0, 1 << 32, 1024, dtype=np.uint32)
    dst[:64] = SPECIAL.astype(np.uint32).repeat(4) << 16 | np.tile(
        np.array([0, 1, 0x7FFF, 0x8000], np.uint32), 16
    )
    got = numerics.pack(Config(True, 4, True), "bf16", dst).view(np.uint16)
    np.testing.assert_array_equal(got, np.array([model_packed(int(x)) for x in dst], np.uint16))
