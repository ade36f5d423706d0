# SPDX-License-Identifier: Apache-2.0
"""Reading the structure of a program: its kernels, threads, resources and configuration."""

from collections.abc import Iterator
from typing import TypeVar

from xdsl.dialects.builtin import IntegerAttr, ModuleOp, StringAttr
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from ttlang.dialects.ttcore import TileType
from ttlang.dialects.ttl.attributes import CBType
from ttlang.dialects.ttl.buffers import CreateCBOp
from ttlang.dialects.ttl.structure import KernelOp, ProgramOp, ThreadOp
from ttlang.hardware import Chip, chip

DEFAULT_ARCH = "wormhole_b0"


def programs(module: ModuleOp) -> Iterator[ProgramOp]:
    for op in module.ops:
        if isinstance(op, ProgramOp):
            yield op


def kernels(module: ModuleOp) -> Iterator[tuple[ProgramOp, KernelOp]]:
    """All kernels of a module with their programs."""
    for program in programs(module):
        for op in program.body.block.ops:
            if isinstance(op, KernelOp):
                yield program, op


def kernels_of(program: ProgramOp) -> list[KernelOp]:
    """The kernels of a program, in order."""
    return [op for op in program.body.block.ops if isinstance(op, KernelOp)]


def threads_of(program: ProgramOp) -> list[ThreadOp]:
    """The threads of all kernels of a program, in order."""
    return [thread for kernel in kernels_of(program) for thread in kernel.threads]


def grid_of(program: ProgramOp, kernel: KernelOp) -> tuple[int, ...]:
    return (kernel.grid or program.grid).sizes


def chip_of(program: ProgramOp) -> Chip:
    """The chip that a program is compiled for; Wormhole when it names none."""
    arch = program.attributes.get("arch")
    return chip(arch.data if isinstance(arch, StringAttr) else DEFAULT_ARCH)


_Resource = TypeVar("_Resource", bound=Operation)


def resources(program: ProgramOp, kind: type[_Resource]) -> list[_Resource]:
    """What the threads of a program share: ops of a kind beside its kernels, then those in each of them."""
    blocks = [program.body.block, *(kernel.body.block for kernel in kernels_of(program))]
    return [op for block in blocks for op in block.ops if isinstance(op, kind)]


def own_buffers(kernel: KernelOp) -> list[CreateCBOp]:
    """The buffers that a kernel makes itself, not those that kernels of its program share."""
    return [op for op in kernel.body.block.ops if isinstance(op, CreateCBOp)]


def buffers(kernel: KernelOp) -> list[CreateCBOp]:
    """All circular buffers of a core: each lies at one place on all cores of the program, whichever kernel uses it."""
    program = kernel.parent_op()
    return resources(program, CreateCBOp) if isinstance(program, ProgramOp) else own_buffers(kernel)


def thread_name(thread: ThreadOp) -> str:
    """The Python name of a thread, else its kind."""
    return thread.sym_name.data if thread.sym_name is not None else thread.kind


def tile_buffers(kernel: KernelOp) -> list[CreateCBOp]:
    """The buffers that hold tiles, not row-major data."""
    return [cb for cb in buffers(kernel) if isinstance(cb.result.type.tile_type, TileType)]


def buffer_tile(cb: CreateCBOp) -> TileType:
    tile = cb.result.type.tile_type
    assert isinstance(tile, TileType)
    return tile


def block_bytes(type: CBType) -> int:
    """Bytes of one block of a circular buffer."""
    element = type.tile_type
    if isinstance(element, TileType):
        return type.tiles_per_block * element.bytes
    return type.tiles_per_block * int(getattr(element, "bitwidth")) // 8  # noqa: B009 - any scalar type


_SCALAR_FORMATS = {8: "UInt8", 16: "UInt16", 32: "UInt32"}
"""Formats of circular buffers of row-major data, by the bits of a datum: such data is moved, not computed with."""


def element_format(element: Attribute) -> str:
    """The tt-metal name of the data format of a circular buffer with such elements."""
    if isinstance(element, TileType):
        return element.format.metal_name
    return _SCALAR_FORMATS[int(getattr(element, "bitwidth"))]  # noqa: B009 - any scalar type


def pages_per_block(type: CBType) -> int:
    """Pages that the hardware counts for a block: one per tile; one for all of a row-major block."""
    return type.tiles_per_block if isinstance(type.tile_type, TileType) else 1


def needs_wide_dest(program: ProgramOp, kernel: KernelOp) -> bool:
    """Whether DST registers are 32 bits wide: as the program says, else when a buffer's type needs it."""
    explicit = program.attributes.get("fp32_dest_acc")
    if isinstance(explicit, IntegerAttr):
        return bool(explicit.value.data)
    tiles = [cb.result.type.tile_type for cb in buffers(kernel)]
    return any(tile.format.wide_dest for tile in tiles if isinstance(tile, TileType))


def has_full_sync(program: ProgramOp) -> bool:
    explicit = program.attributes.get("dst_full_sync")
    return isinstance(explicit, IntegerAttr) and bool(explicit.value.data)


def math_fidelity(program: ProgramOp) -> str:
    fidelity = program.attributes.get("math_fidelity")
    return fidelity.data if isinstance(fidelity, StringAttr) else "HiFi4"


def name_of(value: SSAValue, fallback: str) -> str:
    """The Python name that a value carries."""
    return value.name_hint or fallback


def remove(op: Operation) -> None:
    """Take an op whose results nobody uses any more out of its block."""
    assert op.parent is not None
    op.parent.erase_op(op)


def nested_blocks(op: Operation) -> Iterator[Block]:
    for region in op.regions:
        yield from region.blocks


def walk_blocks(root: Region | Block) -> Iterator[Block]:
    """All blocks below `root`, outer before inner."""
    stack = [root] if isinstance(root, Block) else list(root.blocks)
    while stack:
        block = stack.pop()
        yield block
        for op in block.ops:
            stack.extend(nested_blocks(op))
