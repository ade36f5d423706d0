# SPDX-License-Identifier: Apache-2.0
"""Complete programs of real kernels give their NumPy result. They are read from the folder that JUDGES names."""

import numpy as np
import pytest
from corpus import PROGRAMS, CorpusRun, package
from corpus_named import NAMED
from corpus_variants import VARIANTS

pytestmark = pytest.mark.skipif(
    package() is None, reason="needs the kernels of ttnn 0.81: JUDGES must name a folder that holds ttnn81"
)


def padded(values):
    return np.pad(values, ((0, 32), (0, 32)), constant_values=7.0)


def rms(a, gamma):
    return a / np.sqrt((a * a).mean(1, keepdims=True) + 1e-5) * gamma[0:1]


def same(a):
    return a


EXACT = 0.0
ROUNDED = 5e-3
"""Relative L2 of one operation rounded to bfloat16."""
ACCUMULATED = 1e-2
WHOLE_TENSOR = 2e-2

# program -> expected values from the inputs, part of the output that they are compared with, largest relative L2
EXPECTED = {
    "unary_neg": (lambda a: -a, np.s_[:], EXACT),
    "binary_add": (np.add, np.s_[:], ROUNDED),
    "bcast_hw_mul": (lambda a, b: a * b[0, 0], np.s_[:], ROUNDED),
    "transpose_wh": (np.transpose, np.s_[:], EXACT),
    "untilize": (same, np.s_[:], EXACT),
    "bmm_simple": (np.matmul, np.s_[:], ACCUMULATED),
    "bmm_block": (np.matmul, np.s_[:], ACCUMULATED),
    "bmm_mcast2x2": (np.matmul, np.s_[:], ACCUMULATED),
    "sharded_copy": (same, np.s_[:], EXACT),
    "binary_ng_mul": (np.multiply, np.s_[:], ROUNDED),
    "binary_ng_scalar": (lambda a: a + 1.5, np.s_[:], ROUNDED),
    "rm_copy": (same, np.s_[:], EXACT),
    "strided_slice": (lambda a: a[10:60:3, 16:80:2], np.s_[:], EXACT),
    "clip_step3": (lambda a, b: a * b[0, 0], np.s_[:], ROUNDED),
    "arange": (lambda: 2 + 0.5 * np.arange(96), np.s_[0, :], EXACT),
    "reduce_w_sum": (lambda a: a.sum(1), np.s_[:, 0], ACCUMULATED),
    "reduce_w_max": (lambda a: a.max(1), np.s_[:, 0], EXACT),
    "reduce_hw_sum": (np.sum, np.s_[0, 0], WHOLE_TENSOR),
    "bcast_h_add": (lambda a, b: a + b[0:1, :], np.s_[:], ROUNDED),
    "bcast_w_sub": (lambda a, b: a - b[:, 0:1], np.s_[:], ROUNDED),
    "typecast": (same, np.s_[:], EXACT),
    "rmsnorm_gamma": (rms, np.s_[:], ACCUMULATED),
    "slice_tiles": (lambda a: a[32:64, 32:96], np.s_[:], EXACT),
    "pad_tiles": (padded, np.s_[:], EXACT),
    "i2s": (same, np.s_[:], EXACT),
    "s2i": (same, np.s_[:], EXACT),
    "argmax_nc": (lambda a: a[0].argmax(0), np.s_[:], EXACT),
    "binary_sfpu_add": (np.add, np.s_[:], ROUNDED),
    "ng_row_bcast_add": (lambda a, b: a + b[0:1], np.s_[:], ROUNDED),
    "copy_tiles": (same, np.s_[:], EXACT),
    "repeat_outer": (lambda a: np.tile(a, (2, 1)), np.s_[:], EXACT),
    "rm_copy_sticks": (same, np.s_[:], EXACT),
    "full_fill": (lambda: np.full((64, 96), 1.5), np.s_[:], EXACT),
}


def relative_l2(got, expected):
    got, expected = got.astype(np.float64), np.asarray(expected, np.float64)
    scale = np.linalg.norm(expected)
    return np.linalg.norm(got - expected) / (scale or 1.0)


def test_every_program_has_an_expectation():
    assert set(EXPECTED) == set(PROGRAMS) and len(PROGRAMS) == 33


@pytest.mark.parametrize("chip", ["device", "blackhole"])
@pytest.mark.parametrize("name", EXPECTED)
def test_program(name, chip, request):
    check(request.getfixturevalue(chip), name, *EXPECTED[name])


@pytest.mark.parametrize("name", VARIANTS | NAMED)
def test_variant(name, device):
    make, *expectation = (VARIANTS | NAMED)[name]
    check(device, make(), *expectation)


def check(device, program, function, part, tolerance):
    run = CorpusRun(device, program)
    try:
        found, result = run.run()
    finally:
        run.close()
    values = [run.inputs[key].astype(np.float32) for key in sorted(run.inputs)]
    expected = np.asarray(function(*values))
    got = found[part]
    assert got.shape == expected.shape
    assert relative_l2(got, expected) <= tolerance
    assert result.cycles > 0
