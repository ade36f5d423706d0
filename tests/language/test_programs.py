# SPDX-License-Identifier: Apache-2.0
"""Explicit programs, granularity, layouts of plain arrays, constants, and the modules of earlier versions."""

import importlib

import ml_dtypes
import numpy as np
import pytest

import ttlang as ttl


def arrays(rows=128, columns=64):
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal((rows, columns), np.float32).astype(ml_dtypes.bfloat16) for _ in range(2))
    return a, b, np.zeros_like(a)


def check(a, b, out):
    expected = a.astype(np.float32) + b.astype(np.float32)
    np.testing.assert_allclose(out.astype(np.float32), expected, atol=0.04)


def add_with_parameters(granularity_of_kernel=None, extra=False):
    """The form of the earliest version: threads take circular buffers, the program is called with the tensors."""

    @ttl.pykernel_gen(grid=(1, 1), granularity=granularity_of_kernel)
    def add(a, b, out):
        step = granularity_of_kernel or 1
        left, right, result = ttl.TensorAccessor(a), ttl.TensorAccessor(b), ttl.TensorAccessor(out)
        rows, columns = out.tile_shape

        @ttl.compute()
        def compute(a_cb: ttl.CircularBuffer, b_cb: ttl.CircularBuffer, out_cb: ttl.CircularBuffer):
            for _ in range(rows // step * columns):
                x, y, z = a_cb.wait(), b_cb.wait(), out_cb.reserve()
                z.store(x + y)
                a_cb.pop()
                b_cb.pop()
                out_cb.push()

        @ttl.datamovement()
        def unused():
            raise AssertionError("not part of the program")

        @ttl.datamovement()
        def dm0(a_cb, b_cb, out_cb):
            for r in range(0, rows, step):
                for c in range(columns):
                    ttl.dma(left[r : r + step, c], a_cb.reserve()).wait()
                    a_cb.push()
                    ttl.dma(right[r : r + step, c], b_cb.reserve()).wait()
                    b_cb.push()

        @ttl.datamovement()
        def dm1(a_cb, b_cb, out_cb):
            for r in range(0, rows, step):
                for c in range(columns):
                    ttl.dma(out_cb.wait(), result[r : r + step, c]).wait()
                    out_cb.pop()

        return ttl.Program(compute, dm0, dm1)(a, b, out)

    return add


@pytest.mark.parametrize("granularity", [None, 1, 2, 4])
def test_program_with_circular_buffers_as_parameters(granularity):
    a, b, out = arrays()
    kernel = add_with_parameters(granularity)
    kernel(a, b, out)
    check(a, b, out)
    assert f"shape=[{granularity or 1}, 1]" in kernel.compile(a, b, out).asm["ttl"]


def copy_kernel(body, **options):
    @ttl.kernel(grid=(1, 1), **options)
    def kernel(a, out):
        buffer = ttl.make_circular_buffer_like(a, shape=(1, 1))

        @ttl.datamovement()
        def read():
            with buffer.reserve() as block:
                ttl.copy(a[0, 0], block)

        @ttl.datamovement()
        def write():
            with buffer.wait() as block:
                ttl.copy(block, out[0, 0])

        body(read, write, a, out)

    return kernel


MISUSES = {
    "not called": (
        lambda read, write, a, out: ttl.Program(read, write) and None,
        "the ttl.Program of kernel 'kernel' is not called",
    ),
    "no thread": (lambda read, write, a, out: ttl.Program(read, 3)(a), "ttl.Program takes threads, got int"),
    "twice the same": (
        lambda read, write, a, out: ttl.Program(read, read)(a, out),
        "ttl.Program takes each of its threads once",
    ),
    "two programs": (
        lambda read, write, a, out: (ttl.Program(read, write)(a, out), ttl.Program(read, write)),
        "a kernel has one ttl.Program",
    ),
    "no tensor": (
        lambda read, write, a, out: ttl.Program(read, write)(a, 3),
        "a program is called with tensor arguments of the kernel, got int",
    ),
}


@pytest.mark.parametrize("name", MISUSES)
def test_misuse_of_a_program(name):
    body, message = MISUSES[name]
    a = np.zeros((32, 32), np.float32)
    with pytest.raises(ttl.CompileError) as caught:
        copy_kernel(body).compile(a, np.zeros_like(a))
    assert caught.value.message == message
    assert caught.value.location is not None and caught.value.location.file == __file__


def test_program_outside_of_a_kernel():
    with pytest.raises(ttl.CompileError, match="a program is used outside of a kernel"):
        ttl.Program()


def test_number_of_parameters():
    @ttl.kernel(grid=(1, 1))
    def kernel(a, out):
        @ttl.datamovement()
        def read(a_cb):
            pass

        ttl.Program(read)(a, out)

    a = np.zeros((32, 32), np.float32)
    with pytest.raises(ttl.CompileError) as caught:
        kernel.compile(a, a)
    assert caught.value.message == (
        "thread 'read' takes 1 circular buffers (a_cb), the program is called with 2 tensors"
    )


@pytest.mark.parametrize("height", [1, 2, 4])
def test_granularity_of_the_kernel(height):
    """Option B of the plan: buffers without a shape have the kernel's granularity, which threads can name."""

    @ttl.kernel(grid=(1, 1), granularity=height)
    def add(a, b, out):
        rows, columns = a.tile_shape
        a_cb, b_cb = (ttl.make_circular_buffer_like(t, buffer_factor=2) for t in (a, b))
        out_cb = ttl.CircularBuffer(buffer_factor=2)
        named = ttl.make_circular_buffer_like(a, shape=(granularity, 1), buffer_factor=2)  # noqa: F821
        assert named.shape == a_cb.shape == out_cb.shape == (height, 1)

        @ttl.compute()
        def compute():
            for _ in range(rows // granularity * columns):  # noqa: F821
                with a_cb.wait() as x, b_cb.wait() as y, out_cb.reserve() as z:
                    z.store(x + y)

        @ttl.datamovement()
        def read():
            for r in range(rows // granularity):  # noqa: F821
                for c in range(columns):
                    part = slice(r * granularity, (r + 1) * granularity)  # noqa: F821
                    with a_cb.reserve() as x, b_cb.reserve() as y:
                        ttl.copy(a[part, c], x)
                        ttl.copy(b[part, c], y)

        @ttl.datamovement()
        def write():
            for r in range(rows // granularity):  # noqa: F821
                for c in range(columns):
                    with out_cb.wait() as z:
                        ttl.copy(z, out[r * granularity : (r + 1) * granularity, c])  # noqa: F821

    a, b, out = arrays()
    add(a, b, out)
    check(a, b, out)


def test_plain_arrays_of_a_kernel_without_tiles():
    @ttl.kernel(grid=(1, 1), tiled=False)
    def reverse(a, out):
        rows, columns = a.tile_shape
        assert (rows, columns) == a.shape
        rows_cb = ttl.make_circular_buffer_like(a, shape=(1, columns))
        own = ttl.CircularBuffer((1, 64), dtype=a.dtype)
        assert not own.tiled

        @ttl.datamovement()
        def read():
            for r in range(rows):
                with rows_cb.reserve() as row:
                    ttl.copy(a[rows - 1 - r, :], row)

        @ttl.datamovement()
        def write():
            for r in range(rows):
                with rows_cb.wait() as row:
                    ttl.copy(row, out[r, :])

    a = np.arange(10 * 64, dtype=np.int32).reshape(10, 64)
    out = np.zeros_like(a)
    reverse(a, out)
    assert (out == a[::-1]).all()
    out[:] = 0
    reverse.compile(a, out).run(a, out)
    assert (out == a[::-1]).all()


def scale_kernel():
    @ttl.kernel(grid=(1, 1), mode="single_threaded")
    def scale(a, factor, out, negate):
        out.store(a * (-factor if negate else factor))

    return scale


def test_constants_are_compared_when_a_compiled_kernel_runs():
    a, out = np.ones((32, 32), np.float32), np.zeros((32, 32), np.float32)
    compiled = scale_kernel().compile(a, 2.0, out, True)
    for arguments in ((a, 2.0, out, True), (a, np.float64(2.0), out, np.True_), (a, out)):
        out[:] = 0
        compiled.run(*arguments)
        assert (out == -2).all()
    out[:] = 0
    for arguments, message in (
        ((a, 3.0, out, True), "argument 1 of 'scale' is 3.0; it was compiled for 2.0"),
        ((a, 2, out, True), "argument 1 of 'scale' is 2; it was compiled for 2.0"),
        ((a, 2.0, out, 1), "argument 3 of 'scale' is 1; it was compiled for True"),
        ((a, 2.0, out), "'scale' takes constants at the positions [1, 3], got [1]"),
        ((2.0, a, out, True), "'scale' takes constants at the positions [1, 3], got [0, 3]"),
    ):
        with pytest.raises(ttl.CompileError) as caught:
            compiled.run(*arguments)
        assert caught.value.message == message
        assert caught.value.hint == "call the kernel itself: it compiles for each value of its constants"
    assert not out.any()


def test_a_kernel_called_with_other_constants_is_compiled_again():
    scale = scale_kernel()
    a, out = np.ones((32, 32), np.float32), np.zeros((32, 32), np.float32)
    for factor, negate in ((2.0, False), (3.0, False), (3.0, True)):
        scale(a, factor, out, negate)
        assert (out == (-factor if negate else factor)).all()


@pytest.mark.parametrize("module", ["ttlang.api", "ttlang.d2m_api"])
def test_names_of_the_modules_of_the_plan(module):
    names: dict[str, object] = {}
    exec(f"from {module} import *", names)
    for name in (
        "pykernel_gen",
        "ttl_kernel",
        "Program",
        "TensorAccessor",
        "CircularBuffer",
        "dma",
        "core_index",
    ):
        assert names[name] is getattr(ttl, name)
    assert set(importlib.import_module(module).__all__) == set(ttl.__all__)
