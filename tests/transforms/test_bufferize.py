# SPDX-License-Identifier: Apache-2.0
"""What bufferization tells, and what it does with values that outlive their blocks."""

import ml_dtypes
import numpy as np
import pytest

import ttlang as ttl


def late_kernel():
    @ttl.kernel(grid=(1, 1))
    def late(a, out):
        a_cb = ttl.make_circular_buffer_like(a, shape=(1, 2))
        out_cb = ttl.make_circular_buffer_like(out, shape=(1, 2))

        @ttl.compute()
        def compute():
            with a_cb.wait() as x:
                value = ttl.math.exp(x)
            with out_cb.reserve() as result:
                result.store(value)

        @ttl.datamovement()
        def read():
            with a_cb.reserve() as x:
                ttl.copy(a, x)

        @ttl.datamovement()
        def write():
            with out_cb.wait() as result:
                ttl.copy(result, out)

    return late


@pytest.fixture
def arrays():
    x = np.linspace(-1, 1, 32 * 64, dtype=np.float32).reshape(32, 64).astype(ml_dtypes.bfloat16)
    return x, np.zeros_like(x)


def test_value_that_outlives_its_block_goes_through_a_buffer(arrays):
    x, out = arrays
    late_kernel()(x, out, time=False)
    expected = np.exp(x.astype(np.float32))
    assert np.abs(out.astype(np.float32) - expected).max() <= 0.02


def test_verbose_passes_say_so(arrays, monkeypatch, capsys):
    monkeypatch.setenv("TTLANG_VERBOSE_PASSES", "1")
    late_kernel().compile(*arrays)
    remarks = [line for line in capsys.readouterr().err.splitlines() if "remark: " in line]
    assert len(remarks) == 1
    place, _, text = remarks[0].partition(": remark: ")
    assert place.rpartition(":")[0].rpartition(":")[0].endswith("test_bufferize.py")
    assert text == (
        "'value' goes through an intermediate circular buffer of 1x2 bfloat16 tiles: a block that it reads is"
        " released before its use [ttl-bufferize]"
    )


def test_quiet_passes_say_nothing(arrays, capsys):
    late_kernel().compile(*arrays)
    assert "remark" not in capsys.readouterr().err
