# SPDX-License-Identifier: Apache-2.0
"""What the host must know to launch a compiled program, read from its ttmetal function.

The function is the one source: passes build it, and this module only reads it.
"""

from dataclasses import dataclass
from math import prod

from xdsl.dialects.builtin import ArrayAttr, IntegerAttr, MemRefType, ModuleOp, StringAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, SSAValue

from ttlang.dialects import ttcore
from ttlang.dialects.ttcore import ShardLayoutAttr, TileType
from ttlang.dialects.ttl.attributes import GridAttr, LayoutAttr, MemorySpace
from ttlang.dialects.ttl.structure import ProgramOp
from ttlang.dialects.ttmetal import (
    ArgKind,
    ArgList,
    ComputeConfigAttr,
    CoreRangeAttr,
    CreateBufferOp,
    CreateLocalSemaphoreOp,
    EnqueueProgramOp,
    EnqueueReadBufferOp,
    EnqueueWriteBufferOp,
    NocConfigAttr,
    NocIndex,
    UnpackMode,
    memory_space,
)
from ttlang.hardware import Chip, chip
from ttlang.hardware.grids import placed
from ttlang.transforms.program_structure import element_format
from ttlang.transforms.tensor_pages import Pages
from ttlang.transforms.ttl_to_ttmetal import (
    ARCH,
    CORES,
    GRID,
    LAYOUT,
    PROGRAM,
    SHARDS,
    element_bytes,
    is_host_function,
)

MATH_FIDELITIES = {"lofi": "LoFi", "hifi2": "HiFi2", "hifi3": "HiFi3", "hifi4": "HiFi4"}
"""The names of tt-metal for those of the dialect."""

_MEMORIES = {ttcore.MemorySpace.DRAM: "DRAM", ttcore.MemorySpace.L1: "L1"}
_MOVERS = {NocIndex.NOC0: "reader", NocIndex.NOC1: "writer"}


@dataclass(frozen=True, slots=True)
class HostBuffer:
    """A circular buffer on every core: `address` is in L1, the same on all cores.

    `tensor`: position of the tensor whose shards the buffer is, and whose address it has; None for a buffer of its own.
    `core_ranges`: first and last cores (x0, y0, x1, y1) of those that such a buffer is on; none for all of the program.
    """

    name: str
    index: int
    data_format: str
    page_bytes: int
    pages: int
    address: int
    tensor: int | None = None
    core_ranges: tuple[tuple[int, int, int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class HostSemaphore:
    """A semaphore on every core, with its first value."""

    id: int
    initial: int


@dataclass(frozen=True, slots=True)
class HostTensor:
    """A tensor of the program: pages of a tile or a row, interleaved over the banks of its memory or in shards.

    `accessor_words`: the compile-time arguments that tell a kernel where the pages lie.
    """

    name: str
    memory: str
    page_bytes: int
    pages: int
    written: bool
    accessor_words: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class HostKernel:
    """One compiled function: where it runs and with which arguments.

    `tensor_arguments`: the tensors whose base addresses are its common runtime arguments, in order. `cores`: the first and
    the last core that it runs on, (x0, y0, x1, y1). `unpack_to_dest_fp32`: circular buffers that it unpacks to 32-bit DST
    registers, past the source registers.
    """

    name: str
    kind: str  # "compute", "reader" (first data-movement thread, NoC 0) or "writer" (second, NoC 1)
    compile_time_args: tuple[int, ...]
    tensor_arguments: tuple[int, ...]
    cores: tuple[int, int, int, int]
    unpack_to_dest_fp32: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class HostProgram:
    """A program as the host launches it, on the cores (0, 0) to (columns - 1, rows - 1)."""

    name: str
    arch: str
    grid: tuple[int, ...]
    cores: tuple[int, int]
    buffers: tuple[HostBuffer, ...]
    semaphores: tuple[HostSemaphore, ...]
    tensors: tuple[HostTensor, ...]
    kernels: tuple[HostKernel, ...]
    math_fidelity: str
    fp32_dest_acc: bool
    dst_full_sync: bool


def take_host_module(module: ModuleOp) -> ModuleOp:
    """Move the host functions that `ttl-to-ttmetal` made to a module of their own."""
    taken = [op for op in module.ops if isinstance(op, FuncOp) and is_host_function(op)]
    for func in taken:
        module.body.block.detach_op(func)
    host = ModuleOp(list(taken))
    host.location = module.location
    return host


def drop_programs(module: ModuleOp) -> None:
    """Remove what the host's functions now say; what is left of a lowered module are the kernel functions."""
    for op in list(module.ops):
        if isinstance(op, ProgramOp):
            module.body.block.erase_op(op)


def read_host_program(module: ModuleOp) -> HostProgram:
    """The launch that the one host function of a ttmetal module describes."""
    (func,) = [op for op in module.ops if isinstance(op, FuncOp)]
    (launch,) = [op for op in func.body.block.ops if isinstance(op, EnqueueProgramOp)]
    written = {op.input for op in func.body.block.ops if isinstance(op, EnqueueReadBufferOp)}
    target = chip(_text(func.attributes[ARCH]))
    tensors = tuple(
        _tensor(value, value in written, target)
        for value in launch.args
        if isinstance(value.type, MemRefType)
    )
    buffers = tuple(_buffer(value, port) for value, port in zip(launch.cbs, launch.ports, strict=True))
    configs = launch.kernel_configs.data
    compute = next((c for c in configs if isinstance(c, ComputeConfigAttr)), None)
    grid = func.attributes[GRID]
    assert isinstance(grid, GridAttr)
    return HostProgram(
        name=_text(func.attributes[PROGRAM]),
        arch=_text(func.attributes[ARCH]),
        grid=grid.sizes,
        cores=placed(grid.sizes, target),
        buffers=buffers,
        semaphores=tuple(_semaphores(launch)),
        tensors=tensors,
        kernels=tuple(_kernel(config, buffers, tensors) for config in configs),
        math_fidelity=MATH_FIDELITIES[compute.math_fidelity] if compute else "HiFi4",
        fp32_dest_acc=compute is not None and bool(compute.fp32_dest_acc_en.value.data),
        dst_full_sync=compute is not None and bool(compute.dst_full_sync_en.value.data),
    )


def _kernel(
    config: NocConfigAttr | ComputeConfigAttr,
    buffers: tuple[HostBuffer, ...],
    tensors: tuple[HostTensor, ...],
) -> HostKernel:
    words: list[int] = []
    for arg in config.args.ct_args:
        match arg.arg_kind:
            case ArgKind.CB_PORT:
                words.append(buffers[arg.index].index)
            case ArgKind.TENSOR_ACCESSOR_ARGS:
                words.extend(tensors[arg.index].accessor_words)
            case _:
                raise ValueError(f"{config.kernel}: {arg} cannot be a compile-time argument")
    modes = config.unpack_modes if isinstance(config, ComputeConfigAttr) else ()
    return HostKernel(
        config.kernel.root_reference.data,
        _MOVERS[config.noc_index] if isinstance(config, NocConfigAttr) else "compute",
        tuple(words),
        _address_args(config.args.common_rt_args),
        config.core_range.corners,
        tuple(i for i, mode in enumerate(modes) if mode is UnpackMode.FP32),
    )


def _address_args(args: ArgList) -> tuple[int, ...]:
    for arg in args:
        if arg.arg_kind is not ArgKind.BUFFER_ADDRESS:
            raise ValueError(f"{arg} cannot be a common runtime argument")
    return tuple(arg.index for arg in args)


def _created(value: SSAValue) -> tuple[CreateBufferOp, MemRefType]:
    op, type_ = value.owner, value.type
    assert isinstance(op, CreateBufferOp) and isinstance(type_, MemRefType)
    return op, type_


def _tensor(value: SSAValue, written: bool, target: Chip) -> HostTensor:
    op, type_ = _created(value)
    space = memory_space(type_)
    assert space is not None
    memory = _MEMORIES[space.data]
    element = type_.element_type
    layout = op.attributes.get(LAYOUT, LayoutAttr(tiled=isinstance(element, TileType)))
    assert isinstance(layout, LayoutAttr)
    pages = Pages.of_shape(_host_shape(value), element, layout, MemorySpace(memory))
    name = (value.name_hint or "tensor").removesuffix("_buffer")
    return HostTensor(name, memory, pages.bytes, pages.count, written, tuple(pages.accessor_words(target)))


def _host_shape(value: SSAValue) -> tuple[int, ...]:
    """The shape of a tensor on the host, in shape units: the device's has the shape of the shards."""
    for use in value.uses:
        if isinstance(use.operation, EnqueueWriteBufferOp):
            type_ = use.operation.input.type
            assert isinstance(type_, MemRefType)
            return tuple(type_.get_shape())
    raise ValueError("a tensor of the program is never written to the device")


def _buffer(value: SSAValue, port: int) -> HostBuffer:
    op, type_ = _created(value)
    layout = type_.layout
    assert isinstance(layout, ShardLayoutAttr)
    shape = type_.get_shape()
    block = prod(shape[len(shape) // 2 :])
    shards = op.attributes.get(SHARDS)
    per_page = 1 if isinstance(type_.element_type, TileType) else block
    return HostBuffer(
        value.name_hint or f"cb_{port}",
        port,
        element_format(type_.element_type),
        per_page * element_bytes(type_.element_type),
        block // per_page * layout.buffers.data,
        op.address.value.data,
        shards.value.data if isinstance(shards, IntegerAttr) else None,
        _core_ranges(op),
    )


def _core_ranges(op: CreateBufferOp) -> tuple[tuple[int, int, int, int], ...]:
    ranges = op.attributes.get(CORES)
    if not isinstance(ranges, ArrayAttr):
        return ()
    return tuple(cores.corners for cores in ranges if isinstance(cores, CoreRangeAttr))


def _semaphores(launch: EnqueueProgramOp) -> list[HostSemaphore]:
    made = [value.owner for value in launch.args if isinstance(value.owner, CreateLocalSemaphoreOp)]
    return [HostSemaphore(number, op.initial_value.value.data) for number, op in enumerate(made)]


def _text(attribute: Attribute) -> str:
    assert isinstance(attribute, StringAttr)
    return attribute.data
