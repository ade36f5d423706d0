# SPDX-License-Identifier: Apache-2.0
"""The host side of `ttnn` that programs of the public language use: tensors, a device, and operations computed with torch.

Results of operations have the type, layout and memory of the first operand. Operations round to that type once, as the device's
operations do; sums of a product are taken in float32.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from ttlang import ROW_MAJOR as ROW_MAJOR_LAYOUT
from ttlang import TILE as TILE_LAYOUT
from ttlang import (
    Tensor as _Tensor,
)
from ttlang import (
    bfloat4_b,
    bfloat8_b,
    bfloat16,
    float32,
    int32,
    uint8,
    uint16,
    uint32,
)
from ttlang import (
    tensor as _tensor,
)
from ttlang.diagnostics import TTLangError
from ttlang.hardware.data_formats import DataType
from ttlang.language.data import Layout, Memory

from .memory import (
    DRAM_MEMORY_CONFIG,
    L1_MEMORY_CONFIG,
    BufferType,
    CoreCoord,
    CoreRange,
    CoreRangeSet,
    MemoryConfig,
    ShardOrientation,
    ShardSpec,
    TensorMemoryLayout,
)

TILE_SIZE = 32
_TORCH_TYPES = {
    bfloat16: torch.bfloat16,
    float32: torch.float32,
    bfloat8_b: torch.float32,
    bfloat4_b: torch.float32,
    int32: torch.int32,
    uint8: torch.uint8,
    uint16: torch.int32,
    uint32: torch.int64,
}
"""What torch computes with; it has no unsigned types of 16 and 32 bits that it could compute in."""


class Device:
    """The simulated chip; there is one."""

    def __init__(self, device_id: int = 0):
        self.device_id = device_id

    def id(self) -> int:
        return self.device_id


class Tensor(_Tensor):
    """A tensor of the language under the name of ttnn."""

    @property
    def layout(self) -> Layout:
        return self.spec.layout

    def memory_config(self) -> MemoryConfig:
        """Where it lies; shards are not described again."""
        return L1_MEMORY_CONFIG if self.spec.memory is Memory.L1 else DRAM_MEMORY_CONFIG

    def is_sharded(self) -> bool:
        return self.spec.shard is not None

    def __add__(self, other: Any) -> "Tensor":
        return _elementwise("add", self, other)

    def __sub__(self, other: Any) -> "Tensor":
        return _elementwise("subtract", self, other)

    def __mul__(self, other: Any) -> "Tensor":
        return _elementwise("multiply", self, other)

    def __matmul__(self, other: "Tensor") -> "Tensor":
        return matmul(self, other)


def _made(
    values: torch.Tensor, dtype: DataType | None, layout: Layout, memory: Memory, shard: Any = None
) -> Tensor:
    plain = _tensor(values.detach().cpu().contiguous(), dtype, layout, memory, shard)
    return Tensor(plain.data, plain.spec.dtype, layout, memory, plain.spec.shard)


def _placed(
    values: torch.Tensor, dtype: DataType | None, layout: Layout, memory_config: MemoryConfig | None
) -> Tensor:
    config = memory_config or DRAM_MEMORY_CONFIG
    return _made(values, dtype, layout, config.memory, config.shard)


def _values(tensor: _Tensor) -> torch.Tensor:
    """The values as torch computes with them."""
    if tensor.data.dtype.kind == "u" and tensor.data.dtype.itemsize > 1:
        return torch.from_numpy(tensor.data.astype(np.int64)).to(_TORCH_TYPES[tensor.dtype])
    found: torch.Tensor = tensor.torch()
    return found


# ---- tensors and the device


def from_torch(
    tensor: torch.Tensor,
    dtype: DataType | None = None,
    *,
    layout: Layout = ROW_MAJOR_LAYOUT,
    device: Device | None = None,
    memory_config: MemoryConfig | None = None,
) -> Tensor:
    """A tensor with the values of a torch tensor, on the device."""
    return _placed(tensor, dtype, layout, memory_config)


def to_torch(tensor: _Tensor, dtype: torch.dtype | None = None) -> torch.Tensor:
    """The values as a torch tensor of the nearest type, or of `dtype`."""
    values = _values(tensor).clone()
    return values if dtype is None else values.to(dtype)


def open_device(device_id: int = 0, **_sizes: int) -> Device:
    """The simulated chip. Sizes of the real device's memories and queues have no meaning here."""
    return Device(device_id)


def close_device(device: Device) -> None:
    """Ends the use of the device."""


def synchronize_device(device: Device) -> None:
    """Nothing is ever under way: runs of kernels end before they return."""


def to_device(tensor: Tensor, device: Device, memory_config: MemoryConfig | None = None) -> Tensor:
    """The tensor on the device, in a memory configuration."""
    return tensor if memory_config is None else to_memory_config(tensor, memory_config)


def from_device(tensor: Tensor) -> Tensor:
    """The tensor on the host."""
    return tensor


def deallocate(tensor: Tensor) -> None:
    """Memory of the simulated device is taken for runs only."""


def to_layout(tensor: Tensor, layout: Layout) -> Tensor:
    """The tensor in tiles or rows."""
    return _made(_values(tensor), tensor.dtype, layout, tensor.spec.memory)


def to_memory_config(tensor: Tensor, memory_config: MemoryConfig) -> Tensor:
    """The tensor in another place."""
    return _placed(_values(tensor), tensor.dtype, tensor.layout, memory_config)


def typecast(tensor: Tensor, dtype: DataType) -> Tensor:
    """The tensor with values of another type."""
    return _made(
        _values(tensor).to(_TORCH_TYPES[dtype]), dtype, tensor.layout, tensor.spec.memory, tensor.spec.shard
    )


# ---- creation


def full(
    shape: Sequence[int],
    fill_value: float,
    dtype: DataType = bfloat16,
    *,
    layout: Layout = TILE_LAYOUT,
    device: Device | None = None,
    memory_config: MemoryConfig | None = None,
) -> Tensor:
    """A tensor of one value."""
    values = torch.full(tuple(shape), fill_value, dtype=_TORCH_TYPES[dtype])
    return _placed(values, dtype, layout, memory_config)


def zeros(shape: Sequence[int], dtype: DataType = bfloat16, **options: Any) -> Tensor:
    """A tensor of zeros; options as for `full`."""
    return full(shape, 0, dtype, **options)


def ones(shape: Sequence[int], dtype: DataType = bfloat16, **options: Any) -> Tensor:
    """A tensor of ones; options as for `full`."""
    return full(shape, 1, dtype, **options)


def empty(shape: Sequence[int], dtype: DataType = bfloat16, **options: Any) -> Tensor:
    """A tensor to be written; options as for `full`."""
    return full(shape, 0, dtype, **options)


def rand(
    shape: Sequence[int],
    dtype: DataType = bfloat16,
    *,
    layout: Layout = TILE_LAYOUT,
    device: Device | None = None,
    memory_config: MemoryConfig | None = None,
) -> Tensor:
    """Uniform values from 0 to 1, from torch's generator."""
    return _placed(torch.rand(tuple(shape)).to(_TORCH_TYPES[dtype]), dtype, layout, memory_config)


def _like(tensor: Tensor, value: float) -> Tensor:
    return _made(
        torch.full_like(_values(tensor), value),
        tensor.dtype,
        tensor.layout,
        tensor.spec.memory,
        tensor.spec.shard,
    )


def zeros_like(tensor: Tensor) -> Tensor:
    """Zeros of the same shape, type and place."""
    return _like(tensor, 0)


def ones_like(tensor: Tensor) -> Tensor:
    """Ones of the same shape, type and place."""
    return _like(tensor, 1)


def full_like(tensor: Tensor, fill_value: float) -> Tensor:
    """One value, in the same shape, type and place."""
    return _like(tensor, fill_value)


def empty_like(tensor: Tensor) -> Tensor:
    """A tensor to be written, of the same shape, type and place."""
    return _like(tensor, 0)


# ---- operations

_FUNCTIONS: dict[str, Callable[..., torch.Tensor]] = {
    "abs": torch.abs,
    "add": torch.add,
    "cos": torch.cos,
    "divide": torch.div,
    "exp": torch.exp,
    "gelu": torch.nn.functional.gelu,
    "log": torch.log,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "multiply": torch.mul,
    "neg": torch.neg,
    "reciprocal": torch.reciprocal,
    "relu": torch.relu,
    "rsqrt": torch.rsqrt,
    "sigmoid": torch.sigmoid,
    "silu": torch.nn.functional.silu,
    "sin": torch.sin,
    "sqrt": torch.sqrt,
    "square": torch.square,
    "subtract": torch.sub,
    "tanh": torch.tanh,
}
_ALIASES = {"mul": "multiply", "sub": "subtract", "div": "divide"}


def _elementwise(name: str, first: Tensor, *others: Any) -> Tensor:
    if not isinstance(first, _Tensor):
        raise TTLangError(f"error: ttnn.{name} takes tensors, got {type(first).__name__}")
    operands = [_values(v) if isinstance(v, _Tensor) else v for v in (first, *others)]
    wide = [v.float() if isinstance(v, torch.Tensor) and v.is_floating_point() else v for v in operands]
    result = _FUNCTIONS[name](*wide).to(_TORCH_TYPES[first.dtype])
    return _made(result, first.dtype, first.spec.layout, first.spec.memory)


def matmul(first: Tensor, second: Tensor) -> Tensor:
    """The product of two tensors; dimensions before the last two are batches."""
    product = torch.matmul(_values(first).float(), _values(second).float()).to(_TORCH_TYPES[first.dtype])
    return _made(product, first.dtype, first.spec.layout, first.spec.memory)


def __getattr__(name: str) -> Any:
    operation = _ALIASES.get(name, name)
    if operation in _FUNCTIONS:

        def function(first: Tensor, *others: Any) -> Tensor:
            return _elementwise(operation, first, *others)

        function.__name__ = function.__qualname__ = name
        return function
    if name.startswith("__"):
        raise AttributeError(name)
    raise TTLangError(
        f"error: ttnn.{name} is not among what programs may use of ttnn on the simulator\n"
        f"  help: there are {', '.join(sorted([*__all__, *_FUNCTIONS, *_ALIASES]))}"
    )


__all__ = [
    "DRAM_MEMORY_CONFIG",
    "L1_MEMORY_CONFIG",
    "ROW_MAJOR_LAYOUT",
    "TILE_LAYOUT",
    "TILE_SIZE",
    "BufferType",
    "CoreCoord",
    "CoreRange",
    "CoreRangeSet",
    "Device",
    "MemoryConfig",
    "ShardOrientation",
    "ShardSpec",
    "Tensor",
    "TensorMemoryLayout",
    "bfloat4_b",
    "bfloat8_b",
    "bfloat16",
    "close_device",
    "deallocate",
    "empty",
    "empty_like",
    "float32",
    "from_device",
    "from_torch",
    "full",
    "full_like",
    "int32",
    "matmul",
    "ones",
    "ones_like",
    "open_device",
    "rand",
    "synchronize_device",
    "to_device",
    "to_layout",
    "to_memory_config",
    "to_torch",
    "typecast",
    "uint8",
    "uint16",
    "uint32",
    "zeros",
    "zeros_like",
]
