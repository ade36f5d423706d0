# SPDX-License-Identifier: Apache-2.0
"""The pass `ttl-lower-data-movement`."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd, prod

from xdsl.context import Context
from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import MemRefType, ModuleOp, StringAttr, i32
from xdsl.dialects.func import FuncOp
from xdsl.ir import Block, Operation, SSAValue
from xdsl.passes import ModulePass

from ttlang.dialects.ttl.attributes import CBType, PipeType
from ttlang.dialects.ttl.buffers import AcquireOp, CBReserveOp, acquired_cb
from ttlang.dialects.ttl.compute import tensor_shape
from ttlang.dialects.ttl.data_movement import CopyOp, IndexAccessorOp, TensorAccessorOp, WaitOp
from ttlang.dialects.ttl.elements import ReadElementOp, WriteElementOp
from ttlang.dialects.ttl.pipes import CreatePipeOp, IfSrcOp, PipeEndOp
from ttlang.dialects.ttl.syntax import constant_index
from ttlang.hardware import Chip, chip

from .advancing_pages import AdvancingPages
from .core_coordinates import Cores
from .element_access import ElementAccess
from .errors import error
from .index_bounds import Affine, affine_of
from .kernel_builder import KernelBuilder, tensor_index
from .lowering_targets import TTKERNEL, Target, row_name
from .pipe_lowering import PipeLowering, made_pipe
from .program_structure import block_bytes, buffers, kernels, remove
from .stage_checks import require_functions
from .tensor_pages import Pages, Run, divides, element_bytes, runs
from .ttl_insert_synchronization import is_receive, is_send

UNROLL = 2
"""Blocks of up to this many pieces are transferred without a loop."""


@dataclass(frozen=True)
class Tensors:
    """The tensors of a program: their pages, and where the words of each begin among the compile-time arguments."""

    pages: tuple[Pages, ...]
    first_words: tuple[int, ...]

    @classmethod
    def of(cls, types: Sequence[MemRefType], buffer_count: int) -> "Tensors":
        pages = tuple(Pages.of(type) for type in types)
        first, at = [], buffer_count
        for tensor in pages:
            first.append(at)
            at += tensor.words
        return cls(pages, tuple(first))


@dataclass
class _Transfer:
    """One copy between a slice of a tensor and a block."""

    op: CopyOp
    reference: IndexAccessorOp
    run: Run
    reads: bool
    offset: SSAValue | int  # bytes from the start of a page


class _FunctionLowering:
    """Lowers the transfers of one function."""

    def __init__(self, func: FuncOp, tensors: Tensors, target: Target):
        arch = func.attributes["ttl.arch"]
        assert isinstance(arch, StringAttr)
        self.func = func
        self.chip: Chip = chip(arch.data)
        self.b = KernelBuilder(func, target)
        self.cores = Cores(self.b, func)
        self.pipes = PipeLowering(self.b, self.cores)
        self.elements = ElementAccess(self.b, self._pointer)
        self.advancing = AdvancingPages(self.b)
        self.program = tensors
        self.accessors: dict[SSAValue, SSAValue] = {}
        self.ends: dict[SSAValue, SSAValue] = {}
        """Of buffers with blocks in flight: the address behind their last block."""
        self.pages: dict[SSAValue, Pages] = {}
        self.tensors: list[SSAValue] = [
            a for a in func.body.blocks[0].args if tensor_index(func, a) is not None
        ]

    def run(self) -> None:
        dead: list[Operation] = []
        for op in list(self.func.walk()):
            match op:
                case TensorAccessorOp():
                    self._accessor(op)
                case CopyOp():
                    self._copy(op)
                case WaitOp():
                    self._arrive(op)
                case ReadElementOp():
                    self.elements.read(op)
                case WriteElementOp():
                    self.elements.write(op)
                case IndexAccessorOp() | CreatePipeOp():
                    pass
                case _:
                    continue
            dead.append(op)
        for end in [o for o in self.func.walk() if isinstance(o, PipeEndOp)]:
            self._pipe_end(end)
        for op in reversed(dead):
            remove(op)
        self._untag()

    def _untag(self) -> None:
        """Reads of kernels after this one have no transaction id."""
        end = self.func.body.blocks[0].last_op
        if end is not None and any(row_name(o) == "noc_async_read_set_trid" for o in self.func.walk()):
            with self.b.before(end):
                self.b.call("noc_async_read_set_trid", self.b.i32(0))

    def _accessor(self, op: TensorAccessorOp) -> None:
        """`TensorAccessor(TensorAccessorArgs<words of this tensor>(), base address, page size)`"""
        position = tensor_index(self.func, op.tensor)
        assert position is not None
        pages = self.program.pages[position]
        local = self.tensors.index(op.tensor)
        with self.b.before(op):
            words = self.b.i32(self.program.first_words[position])
            args = self.b.value("TensorAccessorArgs", words, self.b.i32(local))
            base = self.b.value("get_common_arg_val", self.b.constant(local), type=i32)
            accessor = self.b.value("TensorAccessor", args, base, self.b.i32(pages.bytes))
        name = op.tensor.name_hint
        args.name_hint, base.name_hint, accessor.name_hint = f"{name}_args", f"{name}_address", name
        self.accessors[op.accessor] = accessor
        self.pages[op.accessor] = pages

    # Pipes

    def _pipe_end(self, op: PipeEndOp) -> None:
        """The code of a pipe's end runs under the condition that this core is there."""
        type = op.pipe_type
        corners = (type.coordinates[0],) * 2 if isinstance(op, IfSrcOp) else type.corners
        block = op.body.block
        with self.b.before(op):
            condition = self.cores.inside(corners)
            inner = list(block.ops)
            if condition is None:
                for nested in inner:
                    nested.detach()
                    self.b.insert(nested)
            else:
                body = Block()
                for nested in inner:
                    nested.detach()
                    body.add_op(nested)
                end = scf.YieldOp()
                end.location = op.location
                body.add_op(end)
                self.b.insert(scf.IfOp(condition, [], [body]))
        remove(op)

    def _arrive(self, op: WaitOp) -> None:
        copy = op.tx.owner
        if not isinstance(copy, CopyOp) or not is_receive(copy):
            raise error(op, "a wait is left: run ttl-insert-synchronization before")
        with self.b.before(op):
            self.pipes.arrive(made_pipe(copy.src))

    # Copies

    def _copy(self, op: CopyOp) -> None:
        with self.b.before(op):
            if is_receive(op):
                self.pipes.announce(made_pipe(op.src), self._pointer(op.dst))
            elif isinstance(op.dst.type, PipeType):
                self._to_cores(op)
            elif isinstance(op.src.owner, IndexAccessorOp):
                self._pieces(op, op.src.owner, op.dst, reads=True)
            elif isinstance(op.dst.owner, IndexAccessorOp):
                self._pieces(op, op.dst.owner, op.src, reads=False)
            else:
                self._within_core(op)

    def _behind(self, acquired: AcquireOp, ahead: SSAValue, pointer: str) -> SSAValue:
        """The L1 address of the block behind others that are held: the buffer may end between."""
        cb, type = acquired.cb, acquired.cb_type
        block = block_bytes(type)
        if cb not in self.ends:
            with self.b.at_start():
                base = self.b.value(pointer, self.b.buffer(cb), type=i32)
                self.ends[cb] = self._plus(base, block * type.buffer_factor.data)
                self.ends[cb].name_hint = f"{cb.name_hint}_end" if cb.name_hint else None
        first = self.b.value(pointer, self.b.buffer(cb), type=i32)
        offset = self.b.i32(self.b.multiply(ahead, block))
        there = self.b.insert(arith.AddiOp(first, offset)).results[0]
        there.name_hint = f"{cb.name_hint}_ahead" if cb.name_hint else None
        around = self.b.insert(arith.SubiOp(there, self.b.i32(block * type.buffer_factor.data))).results[0]
        is_behind_end = self.b.insert(arith.CmpiOp(there, self.ends[cb], "uge")).results[0]
        return self.b.insert(arith.SelectOp(is_behind_end, around, there)).results[0]

    def _pointer(self, end: SSAValue) -> SSAValue:
        """The L1 address of a block, or of the block of a circular buffer that holds one."""
        if isinstance(end.type, CBType):
            return self.b.value("get_write_ptr", self.b.buffer(end), type=i32)
        cb = acquired_cb(end)
        if cb is None:
            assert isinstance(end.owner, Operation)
            raise error(end.owner, "a transfer needs a block acquired from a circular buffer")
        pointer = "get_write_ptr" if isinstance(end.owner, CBReserveOp) else "get_read_ptr"
        ahead = end.owner.ahead if isinstance(end.owner, AcquireOp) else None
        if ahead is not None and constant_index(ahead) != 0:
            assert isinstance(end.owner, AcquireOp)
            address = self._behind(end.owner, ahead, pointer)
        else:
            address = self.b.value(pointer, self.b.buffer(cb), type=i32)
        address.name_hint = f"{end.name_hint}_ptr" if end.name_hint else None
        return address

    def _to_cores(self, op: CopyOp) -> None:
        pipe = made_pipe(op.dst)
        source = self._pointer(op.src)
        if is_send(op):
            self.pipes.send(op, pipe, source, _block_bytes(op.src))
            return
        self.pipes.write_unsynchronised(op, pipe, source, _block_bytes(op.src))

    def _within_core(self, op: CopyOp) -> None:
        """A block of this core to another: the NoC brings it here from here."""
        source = self.cores.own_address(self._pointer(op.src))
        self.b.call("noc_async_read", source, self._pointer(op.dst), self.b.i32(_block_bytes(op.dst)))

    def _pieces(self, op: CopyOp, reference: IndexAccessorOp, block: SSAValue, *, reads: bool) -> None:
        """One transfer per piece; page number and L1 address are computed once and advance from piece to piece."""
        pages = self.pages[reference.accessor]
        shape = tensor_shape(reference.accessor_type.tensor_type) or ()
        run = runs(pages, shape, reference.sizes, reference.steps, reference.indices)
        if run.datum:
            self._check_rows(op, reference, run, pages, reads)
        page, offset = self._start(op, reference, shape, pages, run)
        if op.transaction is not None:
            self._tag(op, op.transaction)
        transfer = _Transfer(op, reference, run, reads, offset)
        self._nest(transfer, list(run.loops), page, self._pointer(block))

    def _tag(self, op: CopyOp, transaction: SSAValue) -> None:
        """Reads from here on have this transaction id, unless the copy before has given it to them."""
        before = op.prev_op
        while before is not None and not before.regions:
            if isinstance(before, CopyOp) and before.transaction is not None:
                if before.transaction is transaction:
                    return
                break
            before = before.prev_op
        self.b.call("noc_async_read_set_trid", self.b.i32(transaction))

    def _check_rows(
        self, op: CopyOp, reference: IndexAccessorOp, run: Run, pages: Pages, reads: bool
    ) -> None:
        """Parts of rows must begin and end where the memories can be addressed."""
        memory = pages.memory.value
        dram = self.chip.dram
        needed = self.chip.l1.alignment
        if memory == "DRAM":
            needed = dram.read_alignment if reads else dram.write_alignment
        if reference.steps[-1] != 1:
            raise error(op, "a slice with steps along the rows of a row-major tensor cannot be transferred")
        if run.loops and run.bytes % needed:
            raise error(
                op,
                f"rows of {run.bytes} bytes cannot be transferred to or from {memory}: {self.chip.name} needs multiples of"
                f" {needed}",
                hint="make the block wider, or one row high",
            )
        if not divides(needed // gcd(needed, run.datum), reference.indices[-1]):
            raise error(
                op,
                f"this part of a row may begin at a byte that {memory} cannot be addressed at: {self.chip.name} needs"
                f" multiples of {needed} bytes",
                hint="write its start as a multiple of the width of the block",
            )

    def _start(
        self, op: CopyOp, reference: IndexAccessorOp, shape: Sequence[int], pages: Pages, run: Run
    ) -> tuple[SSAValue, SSAValue | int]:
        """Where the first piece begins: its page (or element, when pieces lie in several pages), and bytes into the page."""
        *outer, column = reference.indices
        tiled = pages.layout.is_tiled
        form = Affine(0)
        for d, index in enumerate(outer):
            stride = prod(shape[d + 1 :]) if tiled else prod(shape[d + 1 : -1]) * pages.columns
            form = form.plus(affine_of(index), stride * max(run.width, 1))
        if tiled or run.width:
            return self.advancing.value(op, form.plus(affine_of(column)), self._label(reference, run)), 0
        first = self.advancing.value(op, form, self._label(reference, run))
        if pages.columns == 1:
            return first, self.b.multiply(column, run.datum) if run.datum else 0
        beside = self.b.i32(self._divided(arith.DivUIOp, column, pages.width))
        inside = self._divided(arith.RemUIOp, column, pages.width) if run.datum else 0
        page = self.b.insert(arith.AddiOp(first, beside)).results[0]
        page.name_hint = self._label(reference, run)
        return page, self.b.multiply(inside, run.datum)

    def _label(self, reference: IndexAccessorOp, run: Run) -> str:
        """What the emitted code calls a page of a tensor, or an element where pieces lie in several pages."""
        tensor = self.accessors[reference.accessor].name_hint
        word = "place" if run.width else "page"
        return f"{tensor}_{word}" if tensor else word

    def _divided(self, op: type[arith.DivUIOp | arith.RemUIOp], value: SSAValue, by: int) -> SSAValue:
        divisor = self.b.i32(by) if value.type == i32 else self.b.constant(by)
        return self.b.insert(op(value, divisor)).results[0]

    def _nest(
        self, t: _Transfer, loops: list[tuple[int, int]], page: SSAValue, address: SSAValue
    ) -> SSAValue:
        """Loops over the pieces, outermost first; small blocks are written out. Returns the address behind the last."""
        total = prod(size for size, _ in loops)
        if total <= UNROLL:
            for piece in range(total):
                rest, position = piece, 0
                for size, stride in reversed(loops):
                    position += rest % size * stride
                    rest //= size
                self._piece(t, self._plus(page, position), self._plus(address, piece * t.run.bytes))
            return self._plus(address, total * t.run.bytes)
        (size, stride), *inner = loops
        body = Block(arg_types=[self.b.constant(0).type, i32, i32])
        turn, here, there = body.args
        turn.name_hint, here.name_hint, there.name_hint = (
            "row" if inner else "column",
            self._label(t.reference, t.run),
            address.name_hint,
        )
        with self.b.at_end(body):
            behind = self._nest(t, inner, here, there)
            self.b.insert(scf.YieldOp(self._plus(here, stride), behind))
        bounds = (self.b.constant(0), self.b.constant(size), self.b.constant(1))
        return self.b.insert(scf.ForOp(*bounds, [page, address], body)).results[1]

    def _plus(self, value: SSAValue, constant: int) -> SSAValue:
        if constant == 0:
            return value
        return self.b.insert(arith.AddiOp(value, self.b.i32(constant))).results[0]

    def _piece(self, t: _Transfer, page: SSAValue, address: SSAValue) -> None:
        accessor = self.accessors[t.reference.accessor]
        pages = self.pages[t.reference.accessor]
        offset = t.offset
        if t.run.width:
            inside = self._divided(arith.RemUIOp, page, t.run.width)
            offset = self.b.insert(arith.MuliOp(inside, self.b.i32(t.run.datum))).results[0]
            page = self._divided(arith.DivUIOp, page, t.run.width)
        if t.run.bytes == pages.bytes and not t.run.datum:
            self.b.call("noc_async_read_tile" if t.reads else "noc_async_write_tile", page, accessor, address)
            return
        outside = self.b.value(
            "tensor_accessor.get_noc_addr", accessor, page, self.b.i32(self.b.index(offset))
        )
        size = self.b.i32(t.run.bytes)
        if t.reads:
            self.b.call("noc_async_read", outside, address, size)
        else:
            self.b.call("noc_async_write", address, outside, size)


def _block_bytes(block: SSAValue) -> int:
    """Bytes of a block."""
    type = block.type
    assert isinstance(type, MemRefType)
    return prod(type.get_shape()) * element_bytes(type.element_type)


def lower_data_movement(module: ModuleOp, target: Target) -> None:
    """Lower the transfers of the data-movement functions of a module."""
    require_functions(module, TTLLowerDataMovement.name, with_programs=True)
    tensors = {
        program.sym_name.data: Tensors.of([a.type for a in program.body.block.args], len(buffers(kernel)))  # type: ignore[misc]
        for program, kernel in kernels(module)
    }
    for func in module.ops:
        if isinstance(func, FuncOp) and func.attributes.get("ttl.thread") == StringAttr("datamovement"):
            program = func.attributes["ttl.program"]
            assert isinstance(program, StringAttr)
            _FunctionLowering(func, tensors[program.data], target).run()


@dataclass(frozen=True)
class TTLLowerDataMovement(ModulePass):
    """Lowers `ttl.copy`, `ttl.wait`, pipes and tensor accessors to NoC transfers.

    Input: functions of data-movement threads as `ttl-expand-threads` makes them, beside the `ttl.program` they come from:
    its tensors and buffers give the order of the compile-time arguments. Refuses threads that are no functions yet, waits
    that `ttl-insert-synchronization` has not seen to, and parts of rows that a memory cannot be addressed at.

    A slice of an interleaved tensor is one transfer per page (neighbouring pages lie in different banks); pages of a
    sharded tensor that lie side by side in one shard are one transfer, which the NoC cuts at its burst limit; a part of
    a row of a row-major tensor is one transfer, or one for each piece between edges of shards. Page numbers advance from
    turn to turn of the loops around a transfer (`ttlang.transforms.advancing_pages`); they and L1 addresses advance from
    piece to piece of a block. Blocks go to other cores as `ttlang.transforms.pipe_handshakes` describes, and to other
    buffers of this core over the NoC. Compile-time arguments of a kernel are the indices of all circular buffers, then the
    words of each tensor's accessor; the base address of the n-th tensor argument of a function is its n-th common runtime
    argument.

    Output: no `ttl.copy`, no accessors, no pipes; code at their ends is under `scf.if`. Buffers, barriers, semaphores and
    coordinates are left to `ttl-lower-synchronization`, compute functions as they are.
    """

    name = "ttl-lower-data-movement"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        lower_data_movement(op, TTKERNEL)
