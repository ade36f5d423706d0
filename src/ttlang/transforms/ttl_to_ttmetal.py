# SPDX-License-Identifier: Apache-2.0
"""The pass `ttl-to-ttmetal`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from xdsl.context import Context
from xdsl.dialects.builtin import (
    ArrayAttr,
    FunctionType,
    IntegerAttr,
    MemRefType,
    ModuleOp,
    StringAttr,
    SymbolRefAttr,
    i32,
)
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass

from ttlang.dialects import ttcore, ttmetal
from ttlang.dialects.interned import memref
from ttlang.dialects.ttcore import InterleavedLayoutAttr, ShardLayoutAttr, TileType, row_major_strides
from ttlang.dialects.ttl.attributes import GridAttr, LayoutAttr, MemorySpace, MemorySpaceAttr, ints
from ttlang.dialects.ttl.buffers import CreateCBOp
from ttlang.dialects.ttl.data_movement import IndexAccessorOp
from ttlang.dialects.ttl.layouts import folded
from ttlang.dialects.ttl.semaphores import CreateSemaphoreOp
from ttlang.dialects.ttl.structure import KernelOp, ProgramOp
from ttlang.dialects.ttl.syntax import array_ints
from ttlang.dialects.ttl.transfers import CopyOp
from ttlang.dialects.ttmetal import ArgKind, ComputeConfigAttr, CoreRangeAttr, KernelArgAttr, NocConfigAttr
from ttlang.dialects.walking import ops_in
from ttlang.hardware import Chip
from ttlang.hardware.grids import placed

from .core_coordinates import on_chip
from .errors import error
from .kernel_builder import tensor_index
from .local_shards import SHARDS_ARE, SHARDS_OF
from .pipe_handshakes import SEMAPHORE_ID
from .program_structure import chip_of, grid_of, kernels, programs, resources
from .thread_sets import cores_of_kernel
from .ttl_allocate_circular_buffers import ADDRESS, INDEX
from .ttl_assign_dst_registers import UNPACK_TO_DEST
from .ttl_expand_threads import THREADS

PROGRAM, ARCH, GRID, LAYOUT, SHARDS = "ttl.program", "ttl.arch", "ttl.grid", "ttl.layout", "ttl.shards_of"
CORES = "ttl.core_ranges"
"""Attributes of a host function, and of `ttmetal.create_buffer`: what the real dialect has no place for.

`CORES`: the ranges of cores that use a buffer in shards, when they are not all cores of the program.
"""

_SPACES = {MemorySpace.DRAM: ttcore.MemorySpace.DRAM, MemorySpace.L1: ttcore.MemorySpace.L1}
HOST_SPACE = ttcore.MemorySpaceAttr(ttcore.MemorySpace.SYSTEM)
L1_SPACE = ttcore.MemorySpaceAttr(ttcore.MemorySpace.L1)


def is_host_function(func: FuncOp) -> bool:
    """Whether a function launches a program, and is not one of its kernels."""
    return any(isinstance(op, ttmetal.EnqueueProgramOp) for block in func.body.blocks for op in block.ops)


def element_bytes(type_: Attribute) -> int:
    """Bytes of one element of a buffer: a tile, or a scalar of a row-major tensor."""
    if isinstance(type_, TileType):
        return type_.bytes
    size = getattr(type_, "size", None)
    assert isinstance(size, int), f"{type_} has no size"
    return size


def page_shape(type_: MemRefType) -> tuple[int, int]:
    """Pages of a tensor and elements of a page: a page is a tile, or a row of a row-major tensor."""
    shape = type_.get_shape()
    if isinstance(type_.element_type, TileType):
        return prod(shape), 1
    return prod(shape[:-1]), shape[-1]


class _Addresses:
    """Addresses for tensors that a launcher without an allocator may use: DRAM upwards, L1 from its end downwards."""

    def __init__(self, chip: Chip):
        self.chip = chip
        self.dram = chip.dram.base
        self.l1 = chip.l1.size

    def place(self, type_: MemRefType) -> int:
        """The address of a tensor, the same in each of its banks."""
        space = type_.memory_space
        assert isinstance(space, MemorySpaceAttr)
        in_dram = space.data is MemorySpace.DRAM
        banks = self.chip.dram.banks if in_dram else self.chip.cores
        alignment = max(self.chip.dram.read_alignment, self.chip.l1.alignment)
        size = self._bytes_per_bank(type_, banks, alignment)
        if in_dram:
            address = self.dram
            self.dram += size
            return address
        self.l1 -= size
        return self.l1

    def _bytes_per_bank(self, type_: MemRefType, banks: int, alignment: int) -> int:
        layout = type_.layout
        pages, elements = page_shape(type_)
        if isinstance(layout, LayoutAttr) and layout.is_sharded:
            size = prod(ints(layout.shard)) * element_bytes(type_.element_type)  # type: ignore[arg-type]
            return -(-size // alignment) * alignment
        page = -(-elements * element_bytes(type_.element_type) // alignment) * alignment
        return -(-pages // banks) * page


def _device_type(type_: MemRefType) -> MemRefType:
    """The memref of a tensor on the device: dimensions of the grid of shards, then of one shard."""
    layout, space = type_.layout, type_.memory_space
    assert isinstance(space, MemorySpaceAttr)
    memory = ttcore.MemorySpaceAttr(_SPACES[space.data])
    shape, size = type_.get_shape(), element_bytes(type_.element_type)
    if not isinstance(layout, LayoutAttr) or not layout.is_sharded:
        whole = (*(1 for _ in shape), *shape)
        return memref(
            type_.element_type, whole, InterleavedLayoutAttr(row_major_strides(shape, size)), memory
        )
    shard, grid = ints(layout.shard), ints(layout.grid)  # type: ignore[arg-type]
    rows, columns = folded(shape)
    counts = (-(-rows // shard[0]), -(-columns // shard[1])) if len(grid) == 2 else (1, grid[0])
    strides = row_major_strides(shard, size)
    return memref(type_.element_type, (*counts, *shard), ShardLayoutAttr(strides), memory)


def _buffer_type(cb: CreateCBOp, cores: tuple[int, int], blocks: int) -> MemRefType:
    """The memref of a circular buffer: rows and columns of cores, then one block; as many buffers as it has blocks."""
    element, (columns, rows) = cb.result.type.tile_type, cores
    shape = folded(ints(cb.result.type.shape))
    strides = row_major_strides(shape, element_bytes(element))
    layout = ShardLayoutAttr(strides, blocks)
    return memref(element, (rows, columns, *shape), layout, L1_SPACE)


def written_tensors(functions: Sequence[FuncOp]) -> set[int]:
    """Positions of the tensors that thread functions copy blocks to."""
    found = set()
    for func in functions:
        for op in ops_in(func):
            if isinstance(op, CopyOp) and isinstance(op.dst.owner, IndexAccessorOp):
                index = tensor_index(func, op.dst.owner.tensor)
                assert index is not None, "threads access tensors of their program"
                found.add(index)
    return found


class _HostFunction:
    """Builds the host function of one program."""

    def __init__(
        self,
        program: ProgramOp,
        inside: Sequence[KernelOp],
        functions: Mapping[KernelOp, Sequence[FuncOp]],
        name: str,
    ):
        self.program = program
        self.kernels = inside
        self.functions = [func for kernel in inside for func in functions[kernel]]
        self.kernel_of = {func: kernel for kernel in inside for func in functions[kernel]}
        self.name = name
        self.grid = grid_of(program, inside[0])
        self.chip = chip_of(program)
        self.cores = placed(self.grid, self.chip)
        self.buffers = resources(program, CreateCBOp)
        self.ports = [_integer(cb.attributes[INDEX]) for cb in self.buffers]
        types = [self._tensor_type(argument) for argument in program.body.block.args]
        self.block = Block(
            arg_types=[MemRefType(t.element_type, t.get_shape(), memory_space=HOST_SPACE) for t in types]
        )
        for argument, original in zip(self.block.args, program.body.block.args, strict=True):
            argument.name_hint = original.name_hint
        self.tensor_types = types

    def _tensor_type(self, argument: SSAValue) -> MemRefType:
        assert isinstance(argument.type, MemRefType), "tensors are memrefs once they are bufferized"
        return argument.type

    def add(self, op: Operation) -> Operation:
        op.location = self.program.location
        self.block.add_op(op)
        return op

    def build(self) -> FuncOp:
        tensors = self._tensors()
        for host, device in zip(self.block.args, tensors, strict=True):
            self.add(ttmetal.EnqueueWriteBufferOp(host, device))
        semaphores = self._semaphores()
        cbs = [self._circular_buffer(cb, tensors) for cb in self.buffers]
        self.add(ttmetal.EnqueueProgramOp([*tensors, *semaphores], cbs, self.ports, self._configs()))
        for index in sorted(written_tensors(self.functions) | self._written_in_place()):
            self.add(ttmetal.EnqueueReadBufferOp(tensors[index], self.block.args[index]))
        self.add(ttmetal.FinishOp())
        for buffer in (*tensors, *cbs):
            self.add(ttmetal.DeallocateBufferOp(buffer))
        self.add(ReturnOp())
        func = FuncOp(
            self.name, FunctionType.from_lists([a.type for a in self.block.args], []), Region(self.block)
        )
        func.location = self.program.location
        func.attributes[PROGRAM] = StringAttr(self.program.sym_name.data)
        func.attributes[ARCH] = StringAttr(self.chip.name)
        func.attributes[GRID] = GridAttr(self.grid)
        return func

    def _tensors(self) -> list[SSAValue]:
        addresses = _Addresses(self.chip)
        created: list[SSAValue] = []
        for argument, type_ in zip(self.block.args, self.tensor_types, strict=True):
            op = ttmetal.CreateBufferOp(addresses.place(type_), _device_type(type_))
            if isinstance(type_.layout, LayoutAttr) and type_.layout != LayoutAttr():
                op.attributes[LAYOUT] = type_.layout
            op.result.name_hint = f"{argument.name_hint}_buffer" if argument.name_hint else None
            self.add(op)
            created.append(op.result)
        return created

    def _semaphores(self) -> list[SSAValue]:
        """Semaphores in the order of their ids: the n-th semaphore argument of the program has id n on each core."""
        made = [op for op in resources(self.program, CreateSemaphoreOp) if SEMAPHORE_ID in op.attributes]
        made.sort(key=lambda op: _integer(op.attributes[SEMAPHORE_ID]))
        values: list[SSAValue] = []
        for expected, semaphore in enumerate(made):
            assert _integer(semaphore.attributes[SEMAPHORE_ID]) == expected, "ids count from 0"
            op = ttmetal.CreateLocalSemaphoreOp(semaphore.initial_value.value.data)
            op.result.name_hint = semaphore.results[0].name_hint
            self.add(op)
            values.append(op.result)
        return values

    def _written_in_place(self) -> set[int]:
        """Positions of the tensors whose shards are circular buffers that are filled."""
        return {
            _integer(cb.attributes[SHARDS_OF])
            for cb in self.buffers
            if cb.attributes.get(SHARDS_ARE) == StringAttr("written")
        }

    def _circular_buffer(self, cb: CreateCBOp, tensors: Sequence[SSAValue]) -> SSAValue:
        if SHARDS_OF in cb.attributes:
            op = self._in_shards(cb, tensors[_integer(cb.attributes[SHARDS_OF])])
        else:
            blocks = cb.result.type.buffer_factor.data
            op = ttmetal.CreateBufferOp(
                _integer(cb.attributes[ADDRESS]), _buffer_type(cb, self.cores, blocks)
            )
        op.result.name_hint = cb.result.name_hint
        self.add(op)
        return op.result

    def _in_shards(self, cb: CreateCBOp, tensor: SSAValue) -> ttmetal.CreateBufferOp:
        """A circular buffer that is the shards of a tensor: as many blocks as a shard has, at the tensor's address."""
        made = tensor.owner
        position = _integer(cb.attributes[SHARDS_OF])
        layout = self.tensor_types[position].layout
        assert isinstance(made, ttmetal.CreateBufferOp) and isinstance(layout, LayoutAttr)
        blocks = prod(ints(layout.shard)) // cb.result.type.tiles_per_block  # type: ignore[arg-type]
        op = ttmetal.CreateBufferOp(made.address.value.data, _buffer_type(cb, self.cores, blocks))
        op.attributes[SHARDS] = IntegerAttr(position, i32)
        if ranges := self._ranges_of(cb):
            op.attributes[CORES] = ArrayAttr(ranges)
        return op

    def _ranges_of(self, cb: CreateCBOp) -> list[CoreRangeAttr]:
        """The cores of the kernels that use a buffer; none when one of them runs on all."""
        using = [func for func in self.functions if _uses(func, _integer(cb.attributes[INDEX]))]
        inside = list(dict.fromkeys(self.kernel_of[func] for func in using))
        if any(kernel.core_range is None for kernel in inside):
            return []
        return list(dict.fromkeys(self._core_range(kernel) for kernel in inside))

    # Kernels

    def _configs(self) -> list[NocConfigAttr | ComputeConfigAttr]:
        compile_time = [KernelArgAttr(ArgKind.CB_PORT, i) for i in range(len(self.ports))]
        compile_time += [
            KernelArgAttr(ArgKind.TENSOR_ACCESSOR_ARGS, i) for i in range(len(self.tensor_types))
        ]
        return [
            self._config(
                func,
                self._core_range(self.kernel_of[func]),
                ttmetal.KernelArgsAttr(list(_addresses(func)), (), compile_time),
            )
            for func in self.functions
        ]

    def _core_range(self, kernel: KernelOp) -> CoreRangeAttr:
        """The cores of a kernel on the chip."""
        columns, rows = self.cores
        if kernel.core_range is None:
            return CoreRangeAttr((0, 0), (rows, columns))
        cores = {on_chip(core, self.grid, columns) for core in cores_of_kernel(kernel, self.grid)}
        (left, right), (top, bottom) = ((min(axis), max(axis)) for axis in zip(*cores, strict=True))
        size = bottom - top + 1, right - left + 1
        if len(cores) != prod(size):
            raise error(
                kernel,
                f"the cores of this kernel are no rectangle on {self.chip.name}, where the grid"
                f" {'x'.join(map(str, self.grid))} lies on {columns} columns and {rows} rows",
                hint="make a grid of two dimensions, and give threads a rectangle of it",
            )
        return CoreRangeAttr((top, left), size)

    def _config(
        self, func: FuncOp, core_range: CoreRangeAttr, args: ttmetal.KernelArgsAttr
    ) -> NocConfigAttr | ComputeConfigAttr:
        name, thread = func.sym_name.data, func.attributes["ttl.thread"]
        assert isinstance(thread, StringAttr)
        if thread.data == "compute":
            fidelity = func.attributes["ttl.math_fidelity"]
            assert isinstance(fidelity, StringAttr)
            return ComputeConfigAttr(
                name,
                core_range,
                args,
                ttmetal.Fidelity(fidelity.data.lower()),
                fp32_dest_acc_en=_flag(func, "ttl.fp32_dest_acc"),
                dst_full_sync_en=_flag(func, "ttl.dst_full_sync"),
                unpack_to_dest_mode=_unpack_modes(func, self.ports),
            )
        noc = ttmetal.NocIndex(f"noc{_integer(func.attributes['ttl.noc'])}")
        return NocConfigAttr(name, core_range, args, noc)


def _unpack_modes(func: FuncOp, ports: Sequence[int]) -> list[ttmetal.UnpackMode]:
    """How each circular buffer is unpacked, by index."""
    past_source_registers = set(array_ints(func.attributes[UNPACK_TO_DEST]))
    return [
        ttmetal.UnpackMode.FP32 if index in past_source_registers else ttmetal.UnpackMode.DEFAULT
        for index in range(max(ports, default=0) + 1)
    ]


def _uses(func: FuncOp, index: int) -> bool:
    """Whether a function takes the circular buffer of an index."""
    arguments = func.arg_attrs.data if func.arg_attrs is not None else ()
    return any(argument.data.get("ttl.cb") == IntegerAttr(index, i32) for argument in arguments)


def _addresses(func: FuncOp) -> Iterator[KernelArgAttr]:
    """Base addresses of the tensors that are arguments of a function, in their order."""
    for argument in func.body.blocks[0].args:
        if (index := tensor_index(func, argument)) is not None:
            yield KernelArgAttr(ArgKind.BUFFER_ADDRESS, index)


def _integer(attribute: Attribute) -> int:
    assert isinstance(attribute, IntegerAttr)
    return int(attribute.value.data)


def _flag(func: FuncOp, name: str) -> bool:
    value = func.attributes[name]
    assert isinstance(value, IntegerAttr)
    return bool(value.value.data)


def _threads(kernel: KernelOp, functions: dict[str, FuncOp]) -> list[FuncOp]:
    names = kernel.attributes.get(THREADS)
    if not isinstance(names, ArrayAttr):
        raise error(
            kernel, "the threads of this kernel are not functions yet", hint="run ttl-expand-threads before"
        )
    found = []
    for name in names:
        assert isinstance(name, SymbolRefAttr)
        func = functions.get(name.root_reference.data)
        if func is None or "ttl.thread" not in func.attributes:
            raise error(
                kernel, f"{name} is lowered already", hint="run ttl-to-ttmetal before the lowering passes"
            )
        if func.attributes["ttl.thread"] == StringAttr("compute") and UNPACK_TO_DEST not in func.attributes:
            raise error(func, f"{name} has no DST registers yet", hint="run ttl-assign-dst-registers before")
        found.append(func)
    return found


@dataclass(frozen=True)
class TTLToTTMetal(ModulePass):
    """Makes the host's side of each `ttl.program`: a function of ttmetal ops that launches its kernels.

    Input: buffers allocated, threads expanded and not lowered yet: which tensors a program writes is read off their
    copies. Output: beside the functions, one host function for each program. It takes the tensors in host
    memory, creates buffers for them and for the circular buffers, copies the tensors to the device, enqueues the program
    and copies back what it wrote. The `ttl.program` stays: lowering reads it.

    Kernel arguments: compile-time, the indices of all circular buffers and then the accessor words of all tensors; common
    runtime, the base addresses of the tensors that the thread uses, in the order of its function's arguments. Tensors
    have addresses as a launcher without an allocator needs them; one with an allocator (the simulator, ttnn)
    chooses its own. `ttlang.codegen.host_program` reads all that a launcher needs from this function.
    """

    name = "ttl-to-ttmetal"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        functions = {f.sym_name.data: f for f in op.ops if isinstance(f, FuncOp)}
        for program in list(programs(op)):
            inside = [kernel for owner, kernel in kernels(op) if owner is program]
            if not inside:
                raise error(program, "a program has at least one kernel, this one has none")
            name = f"{program.sym_name.data}_host"
            while name in functions:
                name += "_"
            threads = {kernel: _threads(kernel, functions) for kernel in inside}
            host = _HostFunction(program, inside, threads, name).build()
            functions[name] = host
            op.body.block.insert_op_before(host, program)
