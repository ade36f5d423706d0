# SPDX-License-Identifier: Apache-2.0
"""Tensors: what kernels take as arguments, and what kernel code sees of them."""

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from ttlang.hardware.data_formats import DataType

from .data import Layout, Memory, Shard, data_type, numpy_type
from .partition import Partition, Size


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """Everything about a tensor that decides the code: not its values, not where the host keeps them.

    `shape` is the logical shape in datums; storage pads the two innermost dimensions to whole tiles.
    """

    shape: tuple[int, ...]
    dtype: DataType
    layout: Layout = Layout.TILE
    memory: Memory = Memory.DRAM
    shard: Shard | None = None

    @property
    def tiled(self) -> bool:
        return self.layout is Layout.TILE

    @property
    def shape_units(self) -> tuple[int, ...]:
        """The shape in what an index counts: tiles when tiled (the two innermost dimensions), datums when row-major."""
        if not self.tiled:
            return self.shape
        outer, inner = self.shape[:-2], self.shape[-2:]
        return (*outer, *(-(-size // 32) for size in inner))

    @property
    def page_bytes(self) -> int:
        """Bytes of one page: a tile, or a row of a row-major tensor."""
        form = self.dtype.format
        return form.tile_bytes if self.tiled else self.shape[-1] * form.scalar_bytes

    @property
    def pages(self) -> int:
        return prod(self.shape_units) if self.tiled else prod(self.shape[:-1])


class Tensor:
    """A tensor with a data type, a layout and a memory of its own; what NumPy cannot say about an array.

    `data` is shared, not copied, when it already has the type; outputs of kernels are written in place.
    """

    def __init__(
        self, data: np.ndarray, dtype: DataType, layout: Layout, memory: Memory, shard: Shard | None = None
    ):
        self.data = data
        self.spec = TensorSpec(data.shape, dtype, layout, memory, shard)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.spec.shape

    @property
    def dtype(self) -> DataType:
        return self.spec.dtype

    def numpy(self) -> np.ndarray:
        """The values; block floating point types come as float32."""
        return self.data

    def torch(self) -> Any:
        """The values as a torch tensor that shares memory where torch has the type."""
        import torch

        if self.data.dtype == numpy_type(DataType.bf16):
            return torch.from_numpy(self.data.view(np.int16)).view(torch.bfloat16)
        return torch.from_numpy(self.data)

    def __repr__(self) -> str:
        return (
            f"ttl.Tensor(shape={self.shape}, dtype={self.dtype.format.python_name}, {self.spec.memory.name})"
        )


def _check_shard(shape: tuple[int, ...], shard: Shard | None, layout: Layout, memory: Memory) -> None:
    from .scope import misuse

    if shard is None:
        return
    if not isinstance(shard, Shard):
        raise misuse(f"shard must be a ttl.Shard, got {shard!r}")
    if memory is Memory.DRAM and shard.grid[1:] not in ((), (1,)):
        raise misuse(
            f"shards in DRAM lie in its banks, which are one row, not in {'x'.join(map(str, shard.grid))} cores",
            hint="pass a grid of (banks,), or memory=ttl.L1",
        )
    if layout is Layout.TILE and any(size % 32 for size in (*shard.shape, *shape[-2:])):
        raise misuse(
            "a sharded tiled tensor is made of whole tiles: its shape and that of its shards are multiples of 32"
        )


_PLAIN_TYPES: dict[np.dtype, DataType] = {
    np.dtype(np.float64): DataType.f32,
    np.dtype(np.int64): DataType.si32,
}
"""Types of lists of Python numbers, and what they become on the device."""


def tensor(
    data: Any,
    dtype: object = None,
    layout: Layout = Layout.TILE,
    memory: Memory = Memory.DRAM,
    shard: Shard | None = None,
) -> Tensor:
    """Make a tensor of `data` (array, torch tensor, nested lists).

    `dtype`: the device's type, by default that of the data. Raises CompileError for a type that the device lacks, for
    integers that it cannot hold, for a scalar, and for a layout or memory that does not exist.
    """
    from .scope import misuse

    for name, value, kind in (("layout", layout, Layout), ("memory", memory, Memory)):
        if not isinstance(value, kind):
            raise misuse(f"{name} must be one of {', '.join(f'ttl.{m.name}' for m in kind)}, got {value!r}")
    array = as_array(data)
    if array is None:
        array = np.asarray(data)
        if dtype is None and array.dtype in _PLAIN_TYPES:
            dtype = _PLAIN_TYPES[array.dtype]
    try:
        type = data_type(array.dtype if dtype is None else dtype)
    except TypeError as error:
        raise misuse(str(error)) from None
    if array.ndim == 0:
        raise misuse("a tensor needs at least one dimension, got a scalar")
    target = numpy_type(type)
    if target.kind in "iu" and array.dtype.kind in "iu" and array.size:
        limits = np.iinfo(target)
        if array.min() < limits.min or array.max() > limits.max:
            raise misuse(f"values from {array.min()} to {array.max()} do not fit {type.format.python_name}")
    if layout is Layout.ROW_MAJOR and not type.format.scalar_bytes:
        raise misuse(
            f"a {type.format.python_name} tensor has no row-major form: groups of 16 datums of a tile share an exponent",
            hint="leave out layout=, or choose bfloat16",
        )
    _check_shard(array.shape, shard, layout, memory)
    return Tensor(array.astype(target, copy=False), type, layout, memory, shard)


def as_array(value: Any) -> np.ndarray | None:
    """`value` as an array that shares its memory, or None when it is no array; torch is not imported for this."""
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, Tensor):
        return value.data
    if type(value).__module__.partition(".")[0] == "torch" and hasattr(value, "detach"):
        import torch

        detached = value.detach()
        if detached.dtype is torch.bfloat16:
            return detached.view(torch.int16).numpy().view(numpy_type(DataType.bf16))  # type: ignore[no-any-return]
        return detached.numpy()  # type: ignore[no-any-return]
    return None


def is_ttnn_tensor(value: Any) -> bool:
    """Whether a value is a tensor of the package ttnn, which is not imported for this."""
    kind = type(value)
    return kind.__name__ == "Tensor" and kind.__module__.partition(".")[0] == "ttnn"


def _ttnn_spec(value: Any) -> TensorSpec:
    """Raises TypeError for a data type or a placement of shards that the compiler lacks."""
    layout = Layout.TILE if str(value.layout).endswith("TILE") else Layout.ROW_MAJOR
    config = value.memory_config()
    memory = Memory.L1 if str(config.buffer_type).endswith("L1") else Memory.DRAM
    shard = _ttnn_shard(config) if value.is_sharded() else None
    return TensorSpec(tuple(value.shape), data_type(value.dtype), layout, memory, shard)


def _ttnn_shard(config: Any) -> Shard:
    name = str(config.memory_layout).rsplit(".", 1)[-1].lower()
    spec = config.shard_spec
    ranges = (
        [(r.start.x, r.start.y, r.end.x, r.end.y) for r in spec.grid.ranges()] if spec is not None else []
    )
    if len(ranges) != 1 or ranges[0][:2] != (0, 0):
        raise TypeError(
            f"a {name} ttnn tensor can be an argument when its cores are a rectangle from core (0, 0) on"
        )
    rows, columns = spec.shape
    orientation = str(spec.orientation).rsplit(".", 1)[-1].lower()
    x, y = ranges[0][2:]
    return Shard(name.removesuffix("_sharded"), (rows, columns), (x + 1, y + 1), orientation)


def plain_layout(tiled: bool) -> Layout:
    """The layout of arrays that have none of their own."""
    return Layout.TILE if tiled else Layout.ROW_MAJOR


def spec_of(value: Any, layout: Layout = Layout.TILE) -> TensorSpec | None:
    """What the compiler needs to know of an argument; None when it is no tensor. `layout` is that of plain arrays.

    Raises TypeError for a data type that the device lacks and ValueError for a scalar array.
    """
    if isinstance(value, Tensor):
        return value.spec
    if is_ttnn_tensor(value):
        return _ttnn_spec(value)
    array = as_array(value)
    if array is None:
        return None
    if array.ndim == 0:
        raise ValueError("a tensor needs at least one dimension, got a scalar array")
    if 0 in array.shape:
        raise ValueError(f"a tensor must not be empty, got shape {array.shape}")
    return TensorSpec(array.shape, data_type(array.dtype), layout)


CONSTANTS = (bool, int, float, str, np.generic)
"""Types of kernel arguments that are compile-time constants, not tensors."""


class TensorParameter:
    """A tensor argument as kernel code sees it: its shape and type, and slices for `ttl.copy` in threads.

    `partition`: how a distributed tensor is divided into parts; None for other tensors.
    """

    def __init__(self, name: str, index: int, spec: TensorSpec, partition: Partition | None = None):
        self.name = name
        self.index = index
        self.spec = spec
        self.partition = partition

    @property
    def shape(self) -> tuple[int, ...]:
        """Logical shape, in datums."""
        return self.spec.shape

    @property
    def dtype(self) -> DataType:
        return self.spec.dtype

    @property
    def ndim(self) -> int:
        return len(self.spec.shape)

    @property
    def tile_shape(self) -> tuple[int, ...]:
        """Shape in tiles (datums when row-major): what indices count."""
        return self.spec.shape_units

    def extract_shard(self) -> "LocalShard":
        """The part of a distributed tensor that belongs to this core; kernel scope hands it to threads, which use it."""
        return LocalShard(self)

    def redistribute(
        self, strategy: str, grid: Size | None = None, shard: Size | None = None
    ) -> "RedistributedTensor":
        """A distributed tensor in other parts, as many as before unless `grid` or `shard` says otherwise.

        Each core that uses its new part fetches it when the kernel starts, from the cores that hold some of it.
        """
        from .scope import misuse

        partition = _partition(self)
        if strategy == "interleaved":
            raise misuse(
                f"tensor '{self.name}' cannot be made interleaved inside a kernel: its pages would lie on other cores,"
                " where only a tensor of the host's has room",
                hint="call redistribute('interleaved') on the ttl.DistributedTensor, before the kernel is called",
            )
        try:
            dealt = partition.redealt(strategy, grid, shard)
        except ValueError as error:
            raise misuse(f"tensor '{self.name}' is not redistributed: {error}") from None
        if self.spec.tiled and any(size % 32 for size in dealt.shard):
            raise misuse(
                f"tensor '{self.name}' is not redistributed: parts of a tiled tensor are whole tiles of 32x32, got shard"
                f" {dealt.shard}"
            )
        return RedistributedTensor(self, dealt)

    def __getitem__(self, index: object) -> Any:
        from .scope import misuse

        raise misuse(
            f"tensor '{self.name}' is indexed outside a data-movement thread",
            hint="slices of tensors are operands of ttl.copy(...) in a thread decorated with @ttl.datamovement()",
        )

    def __repr__(self) -> str:
        return f"<tensor {self.name}: {list(self.shape)} {self.dtype.format.python_name}>"


def _partition(tensor: TensorParameter) -> Partition:
    """How a tensor is divided; raises CompileError for one that is not distributed."""
    from .scope import misuse

    if tensor.partition is None:
        raise misuse(
            f"tensor '{tensor.name}' has no parts of cores: it is not distributed",
            hint="pass a ttl.DistributedTensor(data, grid=..., shard=..., strategy=...)",
        )
    return tensor.partition


class RedistributedTensor:
    """A distributed tensor argument in other parts, made in kernel scope; its values can be read, not written."""

    def __init__(self, source: TensorParameter, partition: Partition):
        self.source = source
        self.partition = partition

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def spec(self) -> TensorSpec:
        return self.source.spec

    def extract_shard(self) -> "LocalShard":
        """The part that belongs to this core."""
        return LocalShard(self)

    def __repr__(self) -> str:
        return f"<{self.source!r} number {self.source.index}, redistributed: {self.partition}>"


class LocalShard:
    """This core's part of a distributed tensor: a block in compute threads, a slice in data-movement threads.

    Raises CompileError for a tensor that is not distributed.
    """

    def __init__(self, tensor: TensorParameter | RedistributedTensor):
        self.tensor = tensor
        self.partition = _partition(tensor) if isinstance(tensor, TensorParameter) else tensor.partition

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns in tiles (datums when row-major)."""
        rows, columns = self.partition.shard
        return (rows // 32, columns // 32) if self.tensor.spec.tiled else (rows, columns)

    def store(self, value: object, acc: bool = False) -> None:
        """Write the part (in compute threads)."""
        from .scope import misuse

        raise misuse(
            f"the shard of tensor '{self.tensor.name}' is stored to outside a compute thread",
            hint="store in a function decorated with @ttl.compute()",
        )

    def __repr__(self) -> str:
        return f"<shard of {self.tensor!r}>"


class TensorAccessor:
    """Indexed access to a tensor; `TensorAccessor(t)[r, c]` in a thread is the same as `t[r, c]`."""

    def __init__(self, tensor: TensorParameter):
        if not isinstance(tensor, TensorParameter):
            from .scope import misuse

            raise misuse(f"TensorAccessor takes a tensor argument of the kernel, got {type(tensor).__name__}")
        self.tensor = tensor

    def __getitem__(self, index: object) -> Any:
        return self.tensor[index]
