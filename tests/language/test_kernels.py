# SPDX-License-Identifier: Apache-2.0
"""Kernel scope: grids, coordinates, buffers, tensors and their defaults."""

from typing import Any

import ml_dtypes
import numpy as np
import pytest

import ttlang as ttl
from ttlang.hardware import chip
from ttlang.language.scope import KernelScope

SQUARE = np.zeros((128, 96), np.float32)


def traced(body: Any = None, arguments: tuple[Any, ...] = (SQUARE,), **options: Any) -> KernelScope:
    """The scope of a kernel of one tensor that calls `body(tensor)`."""

    @ttl.kernel(**options)
    def kernel(a):
        if body is not None:
            body(a)

        @ttl.datamovement()
        def read():
            pass

    return kernel.trace(arguments)


GRIDS = (
    ((4, 2), (4, 2)),
    ([4, 2], (4, 2)),
    ((8,), (8,)),
    (8, (8,)),
    ((64,), (64,)),
    ((2, 2, 4), (2, 2, 4)),
    ("auto", tuple(chip("wormhole_b0").grid)),
    ("full", tuple(chip("wormhole_b0").grid)),
    (lambda a: (a.shape[1] // 32, a.shape[0] // 32), (3, 4)),
    (lambda a: "full", tuple(chip("wormhole_b0").grid)),
)


@pytest.mark.parametrize(
    ("form", "grid"),
    GRIDS,
    ids=[str(form) if not callable(form) else f"function {i}" for i, (form, _) in enumerate(GRIDS)],
)
def test_grid_forms(form: Any, grid: tuple[int, ...]) -> None:
    assert traced(grid=form).grid == grid


def test_grid_of_another_chip() -> None:
    assert traced(grid="full", arch="blackhole").grid == tuple(chip("blackhole").grid)


SIZES = (
    ((8, 8), 1, 64),
    ((8, 8), 2, (8, 8)),
    ((8, 8), 3, (8, 8, 1)),
    ((8,), 2, (8, 1)),
    ((2, 3, 4), 2, (2, 12)),
    ((2, 3, 4), 1, 24),
)


@pytest.mark.parametrize(("grid", "dims", "sizes"), SIZES)
def test_grid_size_folds_and_pads(grid: tuple[int, ...], dims: int, sizes: Any) -> None:
    seen: list[Any] = []
    traced(lambda a: seen.append(ttl.grid_size(dims)), grid=grid)
    assert seen == [sizes]


def test_coordinates_along_dimensions_of_one_core_are_zero() -> None:
    seen: list[Any] = []
    traced(lambda a: seen.append((ttl.core(3), ttl.core_index(2))), grid=(4, 1))
    (x, y, z), last = seen[0]
    assert (y, z, last) == (0, 0, 0) and not isinstance(x, int)


def test_buffers_take_what_they_are_like() -> None:
    def body(a: Any) -> None:
        made = ttl.make_circular_buffer_like(a, shape=(2, 1))
        assert (made.shape, made.buffer_factor, made.dtype) == ((2, 1), 2, ttl.float32)
        made = ttl.make_dataflow_buffer_like(ttl.TensorAccessor(a), shape=(2, 1), block_count=3)
        assert (made.shape, made.buffer_factor) == ((2, 1), 3)
        made = ttl.CircularBuffer(shape=(np.int64(2), 1), dtype="bfloat8_b")
        assert (made.shape, made.dtype) == ((2, 1), ttl.bfloat8_b)
        assert str(made) == "CircularBuffer(shape=(2, 1), buffer_factor=2, dtype=bfloat8_b)"

    assert len(traced(body, grid=(1, 1)).buffers) == 3


def test_granularity_is_the_default_height_of_blocks() -> None:
    def body(a: Any) -> None:
        assert ttl.make_circular_buffer_like(a).shape == (4, 1)
        assert ttl.make_circular_buffer_like(a, shape=(1, 3)).shape == (1, 3)

    traced(body, grid=(1, 1), granularity=4)


def test_tensor_parameters() -> None:
    def body(a: Any) -> None:
        assert (a.shape, a.ndim, a.tile_shape, a.dtype) == ((100, 40), 2, (4, 2), ttl.bfloat16)
        assert repr(a) == "<tensor a: [100, 40] bfloat16>"

    traced(body, (np.zeros((100, 40), ml_dtypes.bfloat16),), grid=(1, 1))


def test_scope_ends_with_the_kernel() -> None:
    traced(grid=(1, 1))
    with pytest.raises(ttl.CompileError, match="used outside of a kernel"):
        ttl.core()

    def fail(a: Any) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        traced(fail, grid=(1, 1))
    with pytest.raises(ttl.CompileError, match="used outside of a kernel"):
        ttl.core()


def test_kernel_keeps_the_name_and_docstring_of_its_function() -> None:
    @ttl.kernel(grid=(1, 1))
    def named(a, b):
        """What it does."""

    assert (named.name, named.__name__, named.__doc__) == ("named", "named", "What it does.")
    assert repr(named) == "<ttl.kernel named(a, b)>"


def test_tensors_share_memory_with_arrays() -> None:
    array = np.zeros((32, 32), np.float32)
    tensor = ttl.tensor(array)
    tensor.numpy()[0, 0] = 1
    assert array[0, 0] == 1
    assert repr(tensor) == "ttl.Tensor(shape=(32, 32), dtype=float32, DRAM)"


@pytest.mark.parametrize(
    ("data", "dtype", "expected"),
    [
        ([[1, 2]], None, ttl.int32),
        ([[1.0, 2.0]], None, ttl.float32),
        ([[1, 2]], ttl.uint8, ttl.uint8),
        ([[1.0]], "bfloat16", ttl.bfloat16),
        (np.ones((1, 1), ml_dtypes.bfloat16), None, ttl.bfloat16),
        (np.ones((1, 1), np.float64), np.float32, ttl.float32),
    ],
)
def test_types_of_tensors(data: Any, dtype: Any, expected: Any) -> None:
    assert ttl.tensor(data, dtype=dtype).dtype is expected


def test_integers_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ttl.CompileError, match="values from 1 to 1099511627776 do not fit int32"):
        ttl.tensor([[1, 2**40]])
