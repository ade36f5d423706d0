# SPDX-License-Identifier: Apache-2.0
"""From a traced kernel to the TTL module: one program, a kernel for each range of cores, buffers and threads."""

from typing import Any, TypeVar

from xdsl.dialects.builtin import BoolAttr, IntegerType, ModuleOp, NoneAttr, StringAttr, TensorType
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue, TypeAttribute

from ttlang.diagnostics import CompileError, SourceLocation
from ttlang.dialects.locations import file_loc
from ttlang.dialects.ttcore import tile_type
from ttlang.dialects.ttl.attributes import CBType, Distribution, LayoutAttr, MemorySpace, Orientation
from ttlang.dialects.ttl.buffers import NARROW_ATTRIBUTE, CreateCBOp
from ttlang.dialects.ttl.data_movement import TensorAccessorOp
from ttlang.dialects.ttl.distribution import (
    DistributeOp,
    DistTensorType,
    ExtractShardOp,
    RedistributeOp,
    Strategy,
)
from ttlang.dialects.ttl.pipes import CreatePipeOp
from ttlang.dialects.ttl.semaphores import CreateSemaphoreOp
from ttlang.dialects.ttl.structure import ComputeThreadOp, DataMovementThreadOp, KernelOp, ProgramOp
from ttlang.dialects.ttl.syntax import i64_array
from ttlang.hardware.data_formats import DataType
from ttlang.language.data import TILE_SHAPE
from ttlang.language.partition import Partition
from ttlang.language.pipes import Pipe
from ttlang.language.resources import CircularBuffer
from ttlang.language.scope import CoreRange, KernelScope, Thread, misuse
from ttlang.language.semaphores import Semaphore
from ttlang.language.tensors import RedistributedTensor, TensorParameter, TensorSpec

from .single_threaded import SINGLE_THREADED, split
from .thread_compiler import ThreadCompiler

_THREAD_OPS = {"compute": ComputeThreadOp, "datamovement": DataMovementThreadOp}


def tensor_type(spec: TensorSpec) -> TensorType[Any]:
    """A kernel tensor in shape units: tiles, or datums when row-major; its layout is the encoding."""
    return TensorType(element_of(spec.dtype, spec.tiled), spec.shape_units, layout_of(spec))


def layout_of(spec: TensorSpec) -> LayoutAttr:
    """The layout of a tensor; shards in shape units."""
    if (shard := spec.shard) is None:
        return LayoutAttr(tiled=spec.tiled)
    return LayoutAttr(
        tiled=spec.tiled,
        distribution=Distribution(f"{shard.distribution}_sharded"),
        grid=shard.grid,
        shard=shard.in_units(spec.tiled),
        orientation=Orientation(shard.orientation),
    )


def dist_type(spec: TensorSpec, partition: Partition) -> DistTensorType:
    """The type of a distributed tensor; shards in shape units."""
    units = TILE_SHAPE if spec.tiled else (1, 1)
    shard = [size // unit for size, unit in zip(partition.shard, units, strict=True)]
    strategy, space = Strategy(partition.strategy), MemorySpace(spec.memory.value)
    return DistTensorType(partition.grid, shard, element_of(spec.dtype, spec.tiled), strategy, space)


def element_of(dtype: DataType, tiled: bool) -> TypeAttribute:
    """A tile of a data type, or one datum of row-major data: as many bits, whatever they mean."""
    if tiled:
        return tile_type(dtype)
    if not dtype.format.scalar_bytes:
        raise misuse(
            f"{dtype.format.python_name} exists in tiles only", hint="make the tensor tiled: layout=ttl.TILE"
        )
    return IntegerType(8 * dtype.format.scalar_bytes)


class ProgramBuilder:
    """Compiles a kernel scope; what threads share is made here."""

    def __init__(self, scope: KernelScope):
        self.scope = scope
        self.written: set[TensorParameter] = set()
        self.inlining: list[object] = []
        self._buffers: dict[CircularBuffer, SSAValue] = {}
        self._semaphores: dict[Semaphore, SSAValue] = {}
        self._pipes: dict[Pipe, SSAValue] = {}
        self._parts: dict[TensorParameter | RedistributedTensor, SSAValue] = {}
        self._shards: dict[TensorParameter | RedistributedTensor, SSAValue] = {}
        self._accessors: dict[tuple[ThreadCompiler, TensorParameter], SSAValue] = {}
        self._body = Block(arg_types=[tensor_type(t.spec) for t in scope.tensors])
        self._kernels: dict[CoreRange | None, Block] = {t.cores: Block() for t in scope.program_threads}
        self._shared = self._body if len(self._kernels) > 1 else next(iter(self._kernels.values()))
        """Where buffers, pipes and semaphores are made: beside the kernels when there are several."""
        for argument, tensor in zip(self._body.args, scope.tensors, strict=True):
            argument.name_hint = tensor.name
        self._tensors = dict(zip(scope.tensors, self._body.args, strict=True))

    def build(self) -> ModuleOp:
        """The module of the kernel; raises CompileError at the Python that cannot be compiled."""
        names = _names(self.scope, CircularBuffer)
        for buffer in self.scope.buffers:
            self._create(buffer, names.get(buffer))
        names_of_semaphores = _names(self.scope, Semaphore)
        for semaphore in self.scope.semaphores:
            self._create_semaphore(semaphore, names_of_semaphores.get(semaphore))
        for thread in self.scope.program_threads:
            self._thread(thread)
        location = self.scope.location
        for cores, block in self._kernels.items():
            kernel = KernelOp(Region(block), grid=self.scope.grid, core_range=cores)
            first = next(thread for thread in self.scope.program_threads if thread.cores == cores)
            self._locate(kernel, location if cores is None else first.location)
            self._body.add_op(kernel)
        program = ProgramOp(
            self.scope.name,
            self.scope.grid,
            Region(self._body),
            memory_space=self.scope.config.memory_space,
            tiled=self.scope.config.tiled,
            attributes=self._configuration(),
        )
        self._locate(program, location)
        module = ModuleOp([program])
        self._locate(module, location)
        return module

    def _configuration(self) -> dict[str, Attribute]:
        config = self.scope.config
        attributes: dict[str, Attribute] = {
            "arch": StringAttr(config.arch),
            "math_fidelity": StringAttr(config.math_fidelity),
        }
        for name in ("fp32_dest_acc", "dst_full_sync"):
            if (value := getattr(config, name)) is not None:
                attributes[name] = BoolAttr.from_bool(value)
        return attributes

    @staticmethod
    def _locate(op: Operation, location: SourceLocation | None) -> None:
        if location is not None:
            op.location = file_loc(location.file, location.line, location.column)

    def _create(self, buffer: CircularBuffer, name: str | None) -> None:
        op = CreateCBOp(
            CBType(buffer.shape, element_of(buffer.dtype, buffer.tiled), buffer.buffer_factor, MemorySpace.L1)
        )
        op.result.name_hint = name or f"cb_{buffer.index}"
        if narrow := _narrow_dimensions(buffer):
            op.attributes[NARROW_ATTRIBUTE] = i64_array(narrow)
        self._locate(op, buffer.location)
        self._shared.add_op(op)
        self._buffers[buffer] = op.result

    def _create_semaphore(self, semaphore: Semaphore, name: str | None) -> None:
        op = CreateSemaphoreOp(semaphore.initial)
        op.semaphore.name_hint = name or f"semaphore_{semaphore.index}"
        self._locate(op, semaphore.location)
        self._shared.add_op(op)
        self._semaphores[semaphore] = op.semaphore

    def semaphore(self, semaphore: Semaphore) -> SSAValue:
        """The semaphore as a value; raises CompileError for a semaphore of another kernel."""
        if semaphore not in self._semaphores:
            raise CompileError("this semaphore was made by another kernel", semaphore.location)
        return self._semaphores[semaphore]

    def pipe(self, pipe: Pipe) -> SSAValue:
        """The pipe as a value, made in the kernel when it is first used."""
        if pipe not in self._pipes:
            if pipe.scope is not self.scope:
                raise CompileError("this pipe was made by another kernel", pipe.location)
            net = None if pipe.net is None else pipe.net.index
            if pipe.is_multicast:
                op = CreatePipeOp(pipe.src, dst_core_range=[pipe.first, pipe.last], net=net)
            else:
                op = CreatePipeOp(pipe.src, pipe.first, net=net)
            op.pipe.name_hint = f"pipe_{len(self._pipes)}"
            self._locate(op, pipe.location)
            self._shared.add_op(op)
            self._pipes[pipe] = op.pipe
        return self._pipes[pipe]

    def _thread(self, thread: Thread) -> None:
        if thread.kind == SINGLE_THREADED:
            for part in split(self, thread):
                self._add_thread(part.thread, part.finish())
        else:
            self._add_thread(thread, ThreadCompiler(self, thread).compile())

    def _add_thread(self, thread: Thread, body: Block) -> None:
        op = _THREAD_OPS[thread.kind](Region(body), name=thread.name)
        self._locate(op, thread.location)
        self._kernels[thread.cores].add_op(op)

    def add_buffer(self, buffer: CircularBuffer, name: str) -> None:
        """Make a buffer that the compiler needs."""
        self._create(buffer, name)

    def buffer(self, buffer: CircularBuffer) -> SSAValue:
        """The circular buffer as a value; raises CompileError for a buffer of another kernel."""
        if buffer not in self._buffers:
            raise CompileError("this circular buffer was made by another kernel", buffer.location)
        return self._buffers[buffer]

    def shard(self, compiler: ThreadCompiler, tensor: TensorParameter | RedistributedTensor) -> SSAValue:
        """This core's part of a distributed tensor, made in the kernel when it is first used."""
        if tensor not in self._shards:
            op = ExtractShardOp(self._distributed(compiler, tensor))
            op.shard.name_hint = f"{tensor.name}_shard"
            self._share(op, compiler)
            self._shards[tensor] = op.shard
        return self._shards[tensor]

    def _distributed(
        self, compiler: ThreadCompiler, tensor: TensorParameter | RedistributedTensor
    ) -> SSAValue:
        """A distributed tensor as a value."""
        if tensor not in self._parts:
            op: DistributeOp | RedistributeOp
            if isinstance(tensor, RedistributedTensor):
                type_ = dist_type(tensor.spec, tensor.partition)
                source = self._distributed(compiler, tensor.source)
                op = RedistributeOp(source, Strategy(tensor.partition.strategy), type_)
            else:
                assert tensor.partition is not None
                op = DistributeOp(self._argument(compiler, tensor), dist_type(tensor.spec, tensor.partition))
            op.result.name_hint = tensor.name
            self._share(op, compiler)
            self._parts[tensor] = op.result
        return self._parts[tensor]

    def _share(self, op: Operation, compiler: ThreadCompiler) -> None:
        self._locate(op, compiler.here())
        self._shared.add_op(op)

    def _argument(self, compiler: ThreadCompiler, tensor: TensorParameter) -> SSAValue:
        if tensor not in self._tensors:
            raise compiler.error(f"tensor '{tensor.name}' is not an argument of this kernel")
        return self._tensors[tensor]

    def accessor(self, compiler: ThreadCompiler, tensor: TensorParameter) -> SSAValue:
        """The accessor of `tensor` in a thread, made once at its start."""
        key = (compiler, tensor)
        if key not in self._accessors:
            value = self._argument(compiler, tensor)
            assert isinstance(value.type, TensorType)
            layout = value.type.encoding
            assert isinstance(layout, LayoutAttr) and not isinstance(layout, NoneAttr)
            op = TensorAccessorOp(value, layout, MemorySpace(tensor.spec.memory.value))
            op.accessor.name_hint = tensor.name
            with compiler.in_prologue():
                compiler.emit(op)
            self._accessors[key] = op.accessor
        return self._accessors[key]


_Named = TypeVar("_Named", CircularBuffer, Semaphore)


def _names(scope: KernelScope, kind: type[_Named]) -> dict[_Named, str]:
    """Python names of the resources of a kind, as the threads know them."""
    names: dict[_Named, str] = {}

    def visit(name: str, value: Any) -> None:
        if isinstance(value, kind):
            names.setdefault(value, name)
        elif isinstance(value, tuple | list):
            for i, item in enumerate(value):
                visit(f"{name}_{i}", item)

    for thread in scope.program_threads:
        function = thread.function
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            try:
                visit(name, cell.cell_contents)
            except ValueError:
                continue  # a name that the kernel body never bound
    return names


def _narrow_dimensions(buffer: CircularBuffer) -> tuple[int, ...]:
    """Dimensions in which the tensor that a buffer is like has one datum: the rest of its tiles is padding."""
    if buffer.like is None or not buffer.tiled:
        return ()
    shape = buffer.like.shape
    return tuple(d for d in range(max(len(shape) - 2, 0), len(shape)) if shape[d] == 1)
