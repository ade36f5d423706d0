# SPDX-License-Identifier: Apache-2.0
"""What a kernel makes in its scope besides threads: circular buffers, core coordinates, grid sizes."""

from math import prod
from typing import Any

import numpy as np

from ttlang.diagnostics import SourceLocation
from ttlang.hardware.data_formats import DataType

from .data import bfloat16, data_type
from .scope import KernelScope, caller_location, current_scope, misuse
from .symbols import SymbolicInt, fold_coordinates
from .tensors import TensorAccessor, TensorParameter


class CircularBuffer:
    """A circular buffer in each core's L1: `buffer_factor` blocks of `shape` tiles each.

    `shape` is in shape units (tiles; datums for row-major data); without it, a column of `granularity` tiles, as the
    kernel says. In threads: `wait()` and `reserve()` acquire a block, `pop()` and `push()` release it.
    """

    def __init__(
        self,
        shape: tuple[int, ...] | int | None = None,
        buffer_factor: int = 2,
        dtype: object = bfloat16,
        *,
        tiled: bool | None = None,
        like: TensorParameter | None = None,
    ):
        scope = current_scope("a circular buffer")
        self.location: SourceLocation | None = caller_location()
        self.shape = _block_shape(shape, scope, 2 if like is None else len(like.spec.shape_units))
        if not isinstance(buffer_factor, int) or isinstance(buffer_factor, bool) or buffer_factor < 1:
            raise misuse(f"buffer_factor must be an integer of at least 1, got {buffer_factor!r}")
        self.buffer_factor = buffer_factor
        self.dtype: DataType = _checked_type(dtype)
        self.tiled = scope.config.tiled if tiled is None else tiled
        self.like = like
        self.index = len(scope.buffers)
        self.scope = scope
        scope.buffers.append(self)

    @property
    def tiles_per_block(self) -> int:
        return prod(self.shape)

    def _only_in_threads(self, method: str) -> Any:
        raise misuse(
            f"{method}() of a circular buffer is called in kernel scope",
            hint="acquire and release blocks in a thread: a function decorated with @ttl.compute() or"
            " @ttl.datamovement()",
        )

    def wait(self) -> Any:
        """Acquire the next block that the producer has pushed (in threads)."""
        return self._only_in_threads("wait")

    def reserve(self) -> Any:
        """Acquire room for the next block (in threads)."""
        return self._only_in_threads("reserve")

    def pop(self) -> Any:
        """Release the block acquired by `wait` (in threads)."""
        return self._only_in_threads("pop")

    def push(self) -> Any:
        """Hand the block acquired by `reserve` to the consumer (in threads)."""
        return self._only_in_threads("push")

    def __repr__(self) -> str:
        return (
            f"CircularBuffer(shape={self.shape}, buffer_factor={self.buffer_factor},"
            f" dtype={self.dtype.format.python_name})"
        )


def _checked_type(dtype: object) -> DataType:
    try:
        return data_type(dtype)
    except TypeError as error:
        raise misuse(str(error)) from None


def _block_shape(shape: Any, scope: KernelScope, rank: int) -> tuple[int, ...]:
    if shape is None:
        if scope.config.granularity is None:
            raise misuse(
                "a circular buffer needs a shape",
                hint="pass shape=(rows, columns) in tiles, or give the kernel a granularity",
            )
        return (scope.config.granularity, *(1,) * (rank - 1))
    if isinstance(shape, int | np.integer):
        shape = (shape,)
    if not isinstance(shape, tuple | list) or not shape:
        raise misuse(f"shape must be a tuple of integers, got {shape!r}")
    sizes: tuple[int, ...] = tuple(int(size) if isinstance(size, np.integer) else size for size in shape)
    for size in sizes:
        if isinstance(size, SymbolicInt):
            raise misuse("the shape of a circular buffer must be the same on all cores")
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise misuse(f"shape must hold integers of at least 1, got {shape!r}")
    return sizes


def make_circular_buffer_like(
    tensor: Any, shape: tuple[int, ...] | None = None, buffer_factor: int = 2
) -> CircularBuffer:
    """A circular buffer for blocks of `tensor`: its data type and layout, blocks of `shape` tiles."""
    parameter = tensor.tensor if isinstance(tensor, TensorAccessor) else tensor
    if not isinstance(parameter, TensorParameter):
        raise misuse(
            f"make_circular_buffer_like takes a tensor argument of the kernel, got {type(tensor).__name__}"
        )
    buffer = CircularBuffer(shape, buffer_factor, parameter.dtype, tiled=parameter.spec.tiled, like=parameter)
    rank = len(parameter.spec.shape_units)
    if len(buffer.shape) != rank:
        raise misuse(
            f"block shape {buffer.shape} has {len(buffer.shape)} dimensions, tensor '{parameter.name}' has {rank}",
            hint="give one size per dimension of the tensor, in tiles for the two innermost",
        )
    for dimension, (size, whole) in enumerate(zip(buffer.shape, parameter.spec.shape_units, strict=True)):
        if size > whole:
            raise misuse(
                f"block shape {buffer.shape} does not fit tensor '{parameter.name}' of"
                f" {tuple(parameter.spec.shape_units)} tiles: {size} > {whole} along dimension {dimension}"
            )
    return buffer


def make_dataflow_buffer_like(
    tensor: Any, shape: tuple[int, ...] | None = None, block_count: int = 2
) -> CircularBuffer:
    """`make_circular_buffer_like` under the name of the language's later versions."""
    return make_circular_buffer_like(tensor, shape, block_count)


def _checked_dims(dims: Any) -> int:
    if not isinstance(dims, int) or not 1 <= dims <= 3:
        raise misuse(f"dims must be 1, 2 or 3, got {dims!r}")
    return dims


def core(dims: int = 2) -> Any:
    """Coordinates of this core, first x (column): a tuple of `dims` integers, or one integer for dims=1.

    With fewer dims than the grid has, the highest dimension is flattened; with more, the rest are 0.
    """
    scope = current_scope("core()")
    dims = _checked_dims(dims)
    sizes = fold_coordinates(scope.grid, dims)
    coordinates = tuple(0 if sizes[d] == 1 else SymbolicInt("core", d, dims) for d in range(dims))
    return coordinates[0] if dims == 1 else coordinates


def core_index(dim: int) -> Any:
    """Coordinate of this core along grid dimension `dim` (0 is x)."""
    return core(dims=3)[dim]


def grid_size(dims: int = 2) -> Any:
    """Sizes of the grid: a tuple of `dims` integers, or one integer for dims=1.

    With fewer dims than the grid has, the highest dimension is flattened; with more, the rest are 1.
    """
    scope = current_scope("grid_size()")
    sizes = fold_coordinates(scope.grid, _checked_dims(dims))
    return sizes[0] if dims == 1 else sizes
