# SPDX-License-Identifier: Apache-2.0
"""The pass `ttl-legalize-compute`."""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.passes import ModulePass

from ttlang.dialects.ttcore import TileType
from ttlang.dialects.ttl.attributes import CBType
from ttlang.dialects.ttl.buffers import (
    CBPopOp,
    CBPushOp,
    CBReserveOp,
    CBWaitOp,
    CreateCBOp,
)
from ttlang.dialects.ttl.compute import (
    ELEMENTWISE_OPS,
    BlockBroadcastOp,
    BlockFillOp,
    BlockMatmulOp,
    BlockReduceOp,
    BlockStoreOp,
    BlockTransposeOp,
    BlockTypecastOp,
    ElementwiseOp,
    ReduceKind,
    tensor_shape,
    tile_of,
)
from ttlang.dialects.ttl.structure import ComputeThreadOp, KernelOp
from ttlang.dialects.ttl.syntax import array_ints
from ttlang.hardware.data_formats import DataType

from .broadcast_analysis import BroadcastAnalysis
from .errors import error
from .program_structure import buffers, kernels

NARROWED_INTEGERS = {
    DataType.u16: ("max", "min", "floordiv", "mod", "where", "le", "ge", "eq", "ne", "pow"),
    DataType.u8: ("*",),
    DataType.u32: ("floordiv",),
}
"""Functions that the vector unit lacks for an integer type: they are computed as int32 and converted back."""


class _ThreadLegalizer:
    """Rewrites the arithmetic of one compute thread."""

    def __init__(self, kernel: KernelOp, thread: ComputeThreadOp):
        self.kernel = kernel
        self.thread = thread
        self.analysis = BroadcastAnalysis(kernel, thread)
        self._ones: dict[DataType, SSAValue] = {}
        self._at: Operation = thread

    def run(self) -> None:
        rules: tuple[tuple[type[Operation], Callable[..., None]], ...] = (
            (ElementwiseOp, self._elementwise),
            (BlockReduceOp, self._reduce),
            (BlockMatmulOp, self._matmul),
            (BlockBroadcastOp, self._broadcast),
            (BlockStoreOp, self._store),
            (CBReserveOp, self._check_accumulation),
        )
        for op in list(self.thread.walk()):
            for kind, rule in rules:
                if isinstance(op, kind):
                    self._at = op
                    rule(op)
                    break

    # Building

    def _emit(self, op: Operation, like: SSAValue | None = None) -> SSAValue:
        """Insert an op before the one that is being rewritten; its extents are those of `like`."""
        op.location = self._at.location
        assert self._at.parent is not None
        self._at.parent.insert_op_before(op, self._at)
        if like is not None:
            self.analysis.of[op.results[0]] = self.analysis.extents(like)
        return op.results[0]

    def _apply(self, name: str, *operands: SSAValue, like: SSAValue) -> SSAValue:
        return self._emit(ELEMENTWISE_OPS[name](*operands), like)

    def _fill(self, value: float, like: SSAValue) -> SSAValue:
        return self._emit(BlockFillOp(value, _tensor_of(like.type)), like)

    def _cast(self, value: SSAValue, dtype: DataType) -> SSAValue:
        if isinstance(value.owner, BlockFillOp):
            fill = BlockFillOp(value.owner.value.value.data, _tensor_of(value.type, dtype))
            return self._emit(fill, value)
        return self._emit(BlockTypecastOp(value, _tensor_of(value.type, dtype)), value)

    def _replace(self, op: Operation, value: SSAValue) -> None:
        old = op.results[0]
        if value.name_hint is None:
            value.name_hint = old.name_hint
        self.analysis.of[value] = self.analysis.extents(old)
        old.replace_all_uses_with(value)
        op.detach()
        op.erase()

    # Rules

    def _elementwise(self, op: ElementwiseOp) -> None:
        self._repeat_operands(op)
        dtype = tile_of(op.result.type).dtype
        for i, operand in enumerate(op.inputs):
            if tile_of(operand.type).format.is_integer and not dtype.format.is_integer:
                op.operands[i] = self._cast(operand, dtype)
        name = op.ROW.name
        if name == "mask":
            zero = self._fill(0.0, op.result)
            self._replace(op, self._apply("where", op.rhs, op.lhs, zero, like=op.result))
        elif name == "rsub":
            self._replace(op, self._apply("sub", op.rhs, op.lhs, like=op.result))
        elif _is_narrowed(name, dtype):
            widened = [self._cast(o, DataType.si32) for o in op.inputs]
            wide = ELEMENTWISE_OPS[name](*widened, parameters=op.parameter_values)
            self._replace(op, self._cast(self._emit(wide, op.result), dtype))

    def _repeat_operands(self, op: ElementwiseOp) -> None:
        """Make explicit that an operand is repeated along dimensions in which it is narrower than the result."""
        shape = tensor_shape(op.result.type) or ()
        for i, operand in enumerate(op.inputs):
            if isinstance(operand.owner, BlockFillOp):
                continue
            dims = self.analysis.missing(operand, op.result, shape)
            if dims:
                op.operands[i] = self._repeated(operand, dims, shape)

    def _repeated(self, value: SSAValue, dims: tuple[int, ...], shape: tuple[int, ...]) -> SSAValue:
        if isinstance(value.owner, BlockBroadcastOp):  # a repetition of a repetition is one
            dims = tuple(sorted({*dims, *array_ints(value.owner.dims)}))
            value = value.owner.input
        own = tensor_shape(value.type) or ()
        wanted = shape[len(shape) - len(own) :]
        result = tuple(w if d in dims else s for d, (s, w) in enumerate(zip(own, wanted, strict=True)))
        repeated = self._emit(BlockBroadcastOp(value, dims, TensorType(tile_of(value.type), result)))
        repeated.name_hint = value.name_hint
        return repeated

    def _broadcast(self, op: BlockBroadcastOp) -> None:
        """A repetition of a repetition is one."""
        if isinstance(op.input.owner, BlockBroadcastOp):
            inner = op.input.owner
            dims = sorted({*array_ints(op.dims), *array_ints(inner.dims)})
            self._replace(op, self._emit(BlockBroadcastOp(inner.input, dims, op.result.type)))

    def _reduce(self, op: BlockReduceOp) -> None:
        shape = tensor_shape(op.input.type) or ()
        dims = array_ints(op.dims)
        if any(d < len(shape) - 2 for d in dims):
            raise error(
                op,
                f"a reduction over dimension {min(dims)} of a block of rank {len(shape)}: the hardware reduces the two"
                " innermost dimensions, those inside tiles",
                hint="add the blocks along the outer dimensions",
            )
        if tile_of(op.input.type).format.is_integer:
            raise error(
                op,
                f"a reduction of {tile_of(op.input.type).format.python_name} blocks cannot be compiled",
                hint="convert the block first: ttl.math.typecast(x, ttl.float32)",
            )
        kind = ReduceKind(op.kind.data)
        scaler, factor, factor_tile = self._scaling(op, kind, dims, shape)
        value = op.input
        if kind is ReduceKind.min:
            value = self._apply("neg", value, like=value)
        hardware = ReduceKind.sum if kind in (ReduceKind.sum, ReduceKind.mean) else ReduceKind.max
        result = self._emit(BlockReduceOp(value, hardware, dims, op.result.type, scaler), op.result)
        if kind is ReduceKind.min:
            result = self._apply("neg", result, like=op.result)
        if factor_tile is not None:
            result = self._apply("mul", result, factor_tile, like=op.result)
        if factor != 1.0:
            result = self._apply("mul", result, self._fill(factor, op.result), like=op.result)
        self._replace(op, result)

    def _scaling(
        self, op: BlockReduceOp, kind: ReduceKind, dims: tuple[int, ...], shape: tuple[int, ...]
    ) -> tuple[SSAValue, float, SSAValue | None]:
        """The tile that the reduction multiplies by, a number and a tile that the result is multiplied by.

        A reduction of both dimensions multiplies by its tile twice, so the user's goes to the result there.
        """
        tile = tile_of(op.input.type)
        factor = 1.0
        if kind is ReduceKind.mean:
            sizes = {len(shape) - 2: 32 * shape[-2] if len(shape) > 1 else 32, len(shape) - 1: 32 * shape[-1]}
            factor = 1.0 / prod(sizes[d] for d in dims)
        if op.scaler is None:
            return self._ones_tile(tile.dtype), factor, None
        if isinstance(op.scaler.owner, BlockFillOp):
            number = op.scaler.owner.value.value.data
            return self._ones_tile(tile.dtype), factor * number, None
        if prod(tensor_shape(op.scaler.type) or (1,)) != 1:
            raise error(
                op,
                "the scaler of a reduction is a block of one tile, this one has"
                f" {'x'.join(map(str, tensor_shape(op.scaler.type) or ()))}",
                hint="leave it out: the compiler makes one",
            )
        if len(dims) == 2:
            scaler = op.scaler
            if prod(tensor_shape(op.result.type) or (1,)) != 1:
                scaler = self._repeated(scaler, tuple(range(len(shape))), tensor_shape(op.result.type) or ())
            return self._ones_tile(tile.dtype), factor, scaler
        return op.scaler, factor, None

    def _ones_tile(self, dtype: DataType) -> SSAValue:
        """A block of one tile of ones, made at the start of the thread and held to its end."""
        held = dtype if dtype in (DataType.f32, DataType.f16) else DataType.bf16
        if held not in self._ones:
            cb = CreateCBOp(CBType((1, 1), TileType(held), 1))
            cb.location = self.thread.location
            cb.result.name_hint = "ones"
            made = buffers(self.kernel)
            if made:
                self.kernel.body.block.insert_op_after(cb, made[-1])
            else:
                self.kernel.body.block.insert_op_before(cb, self.thread)
            reserve = CBReserveOp(cb.result)
            assert reserve.block is not None
            fill = BlockFillOp(1.0, _tensor_of(reserve.block.type))
            wait = CBWaitOp(cb.result)
            store = BlockStoreOp(reserve.block, fill.result)
            block = self.thread.body.block
            first, end = block.first_op, CBPopOp(cb.result)
            assert first is not None and wait.block is not None
            for op in (reserve, fill, store, CBPushOp(cb.result), wait):
                op.location = self.thread.location
                block.insert_op_before(op, first)
            end.location = self.thread.location
            block.add_op(end)
            wait.block.name_hint = "ones"
            self._ones[held] = wait.block
        return self._ones[held]

    def _matmul(self, op: BlockMatmulOp) -> None:
        """The unpacker transposes tiles of the right operand as it reads them."""
        for operand in op.operands:
            if tile_of(operand.type).format.is_integer:
                raise error(
                    op,
                    f"a matrix product of {tile_of(operand.type).format.python_name} blocks: the matrix unit multiplies"
                    " floats",
                    hint="convert the blocks first: ttl.math.typecast(x, ttl.bfloat16)",
                )
        inner = op.rhs.owner
        if isinstance(inner, BlockTransposeOp) and op.transpose_rhs is None:
            product = BlockMatmulOp(op.lhs, inner.input, op.result.type, transpose_rhs=True)
            self._replace(op, self._emit(product))

    def _store(self, op: BlockStoreOp) -> None:
        wanted, have = tile_of(op.dst.type), tile_of(op.src.type)
        if wanted.format.is_integer != have.format.is_integer or (
            wanted.format.is_integer and wanted != have
        ):
            op.operands[1] = self._cast(op.src, wanted.dtype)

    def _check_accumulation(self, op: CBReserveOp) -> None:
        """A block is written by plain stores or by accumulating ones; a lone accumulating store is a plain one."""
        if op.block is None:
            return
        stores = [
            u.operation for u in op.block.uses if isinstance(u.operation, BlockStoreOp) and u.index == 0
        ]
        adding = [s for s in stores if s.acc is not None]
        plain = [s for s in stores if s.acc is None]
        if adding and plain:
            raise error(
                adding[0],
                "this store accumulates on a block that another store overwrites",
                notes=[("the block is overwritten", plain[0]), ("the block was reserved", op)],
                hint="use store(value, acc=True) or += for all stores to the block, or for none",
            )
        if len(adding) == 1 and adding[0].parent is op.parent:
            adding[0].properties.pop("acc", None)


def _is_narrowed(name: str, dtype: DataType) -> bool:
    names = NARROWED_INTEGERS.get(dtype, ())
    return name in names or "*" in names


def _tensor_of(type: Attribute, dtype: DataType | None = None) -> TensorType[Attribute]:
    """The tensor type of a block or tensor, of another data type if one is given."""
    shape = tensor_shape(type)
    assert shape is not None
    tile = tile_of(type)
    return TensorType(tile if dtype is None else TileType(dtype, (tile.rows, tile.columns)), shape)


@dataclass(frozen=True)
class TTLLegalizeCompute(ModulePass):
    """Rewrites block arithmetic into what the hardware can do.

    - Operands that are repeated get an explicit `ttl.block_broadcast`: dimensions of size 1 against larger ones, and
      values that fill row 0 or column 0 of their tiles (results of reductions) against values that fill them.
    - Reductions become sums and maxima with a scaler block; the compiler makes one of ones, filled at the start of the
      thread, when the user gives none. A mean is a sum times 1/N, N the number of datums; a minimum is the negated
      maximum of the negation.
    - A transposed right operand of a matrix product is read transposed.
    - Integers meet floats through `ttl.block_typecast`, at ops and at stores; functions that an integer type lacks are
      computed as int32.
    - `mask` is a `where`. An accumulating store that is the only one to its block is a plain store.

    Input: TTL on blocks and tensors, as the front end makes it. Output: the same ops, fewer forms. Refuses, at the Python
    line: reductions over outer dimensions and of integers, integer matrix products, scaler blocks of several tiles,
    blocks that are both overwritten and accumulated on (both places are named).
    """

    name = "ttl-legalize-compute"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for _, kernel in kernels(op):
            for thread in kernel.threads:
                if isinstance(thread, ComputeThreadOp):
                    _ThreadLegalizer(kernel, thread).run()
