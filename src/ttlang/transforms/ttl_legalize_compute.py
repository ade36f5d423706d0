# SPDX-License-Identifier: Apache-2.0
"""The pass `ttl-legalize-compute`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr, TensorType
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.passes import ModulePass

from ttlang.dialects.elementwise import BY_NAME
from ttlang.dialects.interned import tensor
from ttlang.dialects.ttcore import TileType, tile_type
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
    wider,
)
from ttlang.dialects.ttl.structure import ComputeThreadOp, KernelOp
from ttlang.dialects.ttl.syntax import array_ints
from ttlang.hardware.data_formats import DataType

from .broadcast_analysis import BroadcastAnalysis, Extents
from .carried_blocks import HELD_AS, carry_through_buffers
from .errors import error
from .integer_functions import Like, Model, NoExpansion, expansion, is_computed_as_int32
from .program_structure import kernels, own_buffers
from .tile_instructions import has_integer_form, reduces_inside_tiles

EDGE = 32
ACCUMULATED_AS = {**HELD_AS, DataType.u16: DataType.si32, DataType.u8: DataType.si32}
"""Formats that the packer cannot add to in L1, and what is added up instead."""
_AS_FLOAT = "convert the block first: ttl.math.typecast(x, ttl.float32)"


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
            (BlockTypecastOp, self._typecast),
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

    def _extents(self, like: Like) -> Extents:
        return like.extents if isinstance(like, Model) else self.analysis.extents(like)

    def _emit(self, op: Operation, like: Like | None = None) -> SSAValue:
        """Insert an op before the one that is being rewritten; its extents are those of `like`."""
        op.location = self._at.location
        assert self._at.parent is not None
        self._at.parent.insert_op_before(op, self._at)
        if like is not None:
            self.analysis.of[op.results[0]] = self._extents(like)
        return op.results[0]

    def apply(self, name: str, *operands: SSAValue, like: Like, parameters: Sequence[float] = ()) -> SSAValue:
        """A function of blocks, in ops that the hardware has; its extents are those of `like`."""
        value = self._expanded(name, operands, parameters, like)
        if value is None:
            value = self._emit(ELEMENTWISE_OPS[name](*operands, parameters=parameters), like)
        return value

    def fill(self, value: float, like: Like) -> SSAValue:
        return self._emit(BlockFillOp(value, _tensor_of(like.type)), like)

    def cast(self, value: SSAValue, dtype: DataType) -> SSAValue:
        have = tile_of(value.type).dtype
        if have is dtype:
            return value
        if isinstance(value.owner, BlockFillOp):
            fill = BlockFillOp(value.owner.value.value.data, _tensor_of(value.type, dtype))
            return self._emit(fill, value)
        if dtype is DataType.u16 and not have.format.is_integer:
            value = self.apply("trunc", value, like=value)  # the hardware rounds to the nearest uint16
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
        self._convert_operands(op)
        try:
            value = self._expanded(op.ROW.name, tuple(op.inputs), op.parameter_values, op.result)
        except NoExpansion as reason:
            raise error(op, str(reason), hint=_AS_FLOAT) from None
        if value is not None:
            self._replace(op, value)
            return
        dtype = _computed_in(op.ROW.name, op.inputs)
        if dtype.format.is_integer and not has_integer_form(op.ROW, dtype):
            shown = op.ROW.symbol or op.ROW.name
            raise error(op, f"the hardware has no '{shown}' of {dtype.format.python_name}", hint=_AS_FLOAT)

    def _expanded(
        self, name: str, operands: Sequence[SSAValue], parameters: Sequence[float], like: Like
    ) -> SSAValue | None:
        """A function that is no instruction, made of those that are; None for an instruction."""
        dtype = _computed_in(name, operands)
        if is_computed_as_int32(name, dtype) and has_integer_form(BY_NAME[name], DataType.si32):
            cast = {o: self.cast(o, DataType.si32) for o in dict.fromkeys(operands)}
            widened = [cast[o] for o in operands]
            wide = Model(_tensor_of(like.type, DataType.si32), self._extents(like))
            return self.cast(self.apply(name, *widened, like=wide, parameters=parameters), dtype)
        expand = expansion(name, dtype)
        return None if expand is None else expand(self, operands, parameters, like)

    def _convert_operands(self, op: ElementwiseOp) -> None:
        """Operands that are integers of another type than the function is computed in are converted to it."""
        dtype = _computed_in(op.ROW.name, op.inputs)
        if op.ROW.name == "div" and dtype.format.is_integer:
            dtype = DataType.f32
        for i, operand in enumerate(op.inputs):
            have = tile_of(operand.type).dtype
            if op.ROW.name == "where" and i == 0 and dtype.format.is_integer and not have.format.is_integer:
                operand = self.apply("ne", operand, self.fill(0.0, operand), like=operand)
            if have.format.is_integer or dtype.format.is_integer:
                op.operands[i] = self.cast(operand, dtype)

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
        repeated = self._emit(BlockBroadcastOp(value, dims, tensor(tile_of(value.type), result)))
        repeated.name_hint = value.name_hint
        return repeated

    def _broadcast(self, op: BlockBroadcastOp) -> None:
        """A repetition of a repetition is one."""
        if isinstance(op.input.owner, BlockBroadcastOp):
            inner = op.input.owner
            dims = sorted({*array_ints(op.dims), *array_ints(inner.dims)})
            self._replace(op, self._emit(BlockBroadcastOp(inner.input, dims, op.result.type)))

    def _typecast(self, op: BlockTypecastOp) -> None:
        wanted = tile_of(op.result.type).dtype
        if wanted is DataType.u16 and not tile_of(op.input.type).format.is_integer:
            self._replace(op, self.cast(op.input, wanted))

    def _reduce(self, op: BlockReduceOp) -> None:
        value = op.input
        if tile_of(value.type).format.is_integer:
            self._replace(op, self._integer_reduction(op))
            return
        shape = tensor_shape(value.type) or ()
        dims = array_ints(op.dims)
        kind = ReduceKind(op.kind.data)
        factor = 1.0 / _datums(shape, dims) if kind is ReduceKind.mean else 1.0
        scaler = factor_tile = None
        if reduces_inside_tiles(op):
            scaler, factor, factor_tile = self._scaling(op, factor)
        elif op.scaler is not None:
            factor, factor_tile = self._factor(op, factor)
        negated = kind is ReduceKind.min and scaler is not None  # the matrix unit has no minimum
        if negated:
            value = self.apply("neg", value, like=value)
        hardware = ReduceKind.max if negated else ReduceKind.sum if kind is ReduceKind.mean else kind
        result = self._emit(BlockReduceOp(value, hardware, dims, op.result.type, scaler), op.result)
        if negated:
            result = self.apply("neg", result, like=op.result)
        self._replace(op, self._scaled(result, factor, factor_tile, op.result))

    def _scaled(self, value: SSAValue, factor: float, tile: SSAValue | None, like: SSAValue) -> SSAValue:
        if tile is not None:
            value = self.apply("mul", value, tile, like=like)
        return value if factor == 1.0 else self.apply("mul", value, self.fill(factor, like), like=like)

    def _integer_reduction(self, op: BlockReduceOp) -> SSAValue:
        """Sums and maxima of signed 32-bit integers, which the vector unit has, lead to the others.

        A minimum is -1 less the maximum of -1 less the values; unsigned values keep their order as signed ones when 2**31
        is added. Sums are the same for both, modulo 2**32.
        """
        kind, value = ReduceKind(op.kind.data), op.input
        have, wanted = tile_of(value.type).dtype, tile_of(op.result.type).dtype
        total = kind in (ReduceKind.sum, ReduceKind.mean)
        shifted = have is DataType.u32 and not total
        if shifted:
            value = self.apply("add", value, self.fill(2.0**31, value), like=value)
        value = self.cast(value, DataType.si32)
        if kind is ReduceKind.min:
            value = self.apply("sub", self.fill(-1, value), value, like=value)
        hardware = ReduceKind.sum if total else ReduceKind.max
        dims, shape = array_ints(op.dims), tensor_shape(op.result.type) or ()
        reduced = BlockReduceOp(value, hardware, dims, TensorType(TileType(DataType.si32), shape))
        result = self._emit(reduced, op.result)
        if kind is ReduceKind.min:
            result = self.apply("sub", self.fill(-1, result), result, like=result)
        if shifted:
            result = self.cast(result, DataType.u32)
            result = self.apply("add", result, self.fill(2.0**31, result), like=result)
        if have is DataType.u32 and kind is ReduceKind.mean:
            result = self.cast(result, DataType.u32)
        factor, tile = 1.0, None
        if kind is ReduceKind.mean:
            factor = 1.0 / _datums(tensor_shape(op.input.type) or (), dims)
        if op.scaler is not None:
            factor, tile = self._factor(op, factor)
            if not factor.is_integer() or (tile is not None and not tile_of(tile.type).format.is_integer):
                result = self.cast(result, DataType.f32)
        result = self.cast(result, wanted if op.scaler is None else tile_of(result.type).dtype)
        scaled = self._scaled(result, factor, tile, result)
        return self.cast(scaled, wanted)

    def _factor(self, op: BlockReduceOp, factor: float) -> tuple[float, SSAValue | None]:
        """What the result of a reduction is multiplied by: a number and the user's scaler, when that is a block."""
        assert op.scaler is not None
        if isinstance(op.scaler.owner, BlockFillOp):
            return factor * op.scaler.owner.value.value.data, None
        self._check_scaler(op)
        shape = tensor_shape(op.result.type) or ()
        if prod(shape) == 1 and not reduces_inside_tiles(op):
            return factor, self._repeated(op.scaler, _inner(shape), shape)
        if prod(shape) == 1:
            return factor, op.scaler
        return factor, self._repeated(op.scaler, tuple(range(len(shape))), shape)

    def _scaling(self, op: BlockReduceOp, factor: float) -> tuple[SSAValue, float, SSAValue | None]:
        """The tile that the matrix unit multiplies by, a number and a tile that the result is multiplied by.

        A reduction of both inner dimensions multiplies by its tile twice, so the user's goes to the result there.
        """
        dtype = tile_of(op.input.type).dtype
        if op.scaler is None:
            return self._ones_tile(dtype), factor, None
        inner = _inner(tensor_shape(op.input.type) or ())
        if isinstance(op.scaler.owner, BlockFillOp) or all(d in array_ints(op.dims) for d in inner):
            return self._ones_tile(dtype), *self._factor(op, factor)
        self._check_scaler(op)
        return op.scaler, factor, None

    def _check_scaler(self, op: BlockReduceOp) -> None:
        assert op.scaler is not None
        shape = tensor_shape(op.scaler.type) or (1,)
        if prod(shape) != 1:
            raise error(
                op,
                f"the scaler of a reduction is a block of one tile, this one has {'x'.join(map(str, shape))}",
                hint="leave it out: the compiler makes one",
            )

    def _ones_tile(self, dtype: DataType) -> SSAValue:
        """A block of one tile of ones, made at the start of the thread and held to its end."""
        held = dtype if dtype in (DataType.f32, DataType.f16) else DataType.bf16
        if held not in self._ones:
            cb = self._new_buffer(CBType((1, 1), TileType(held), 1), self.thread, "ones")
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
            op.operands[1] = self.cast(op.src, wanted.dtype)

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
        elif adding and tile_of(op.block.type).dtype in ACCUMULATED_AS:
            self._accumulate_elsewhere(op, adding)

    def _accumulate_elsewhere(self, op: CBReserveOp, stores: Sequence[BlockStoreOp]) -> None:
        """The packer cannot add to a block of this format: it adds to one of a wider format, which is converted once."""
        push = op.next_op
        while push is not None and not (isinstance(push, CBPushOp) and push.cb is op.cb):
            push = push.next_op
        assert op.block is not None and op.parent is not None
        dtype = tile_of(op.block.type).dtype
        if push is None:
            raise error(
                stores[0],
                f"this store accumulates on a {dtype.format.python_name} block that is pushed in another loop or branch than"
                " it is reserved in",
                notes=[("the block is reserved", op)],
                hint="push it where it is reserved, or make the buffer of bfloat16",
            )
        wide = ACCUMULATED_AS[dtype]
        shape = tensor_shape(op.block.type) or (1, 1)
        cb = self._new_buffer(CBType(shape, TileType(wide), 1), op, op.block.name_hint or "sum")
        cb.attributes["intermediate"] = StringAttr(
            f"the packer cannot add to {dtype.format.python_name} tiles"
        )
        reserve, wait = CBReserveOp(cb.result), CBWaitOp(cb.result)
        assert reserve.block is not None and wait.block is not None
        converted: SSAValue = wait.block
        steps: list[Operation] = [CBPushOp(cb.result), wait]
        if dtype.format.is_integer:
            cast = BlockTypecastOp(wait.block, _tensor_of(op.block.type))
            steps.append(cast)
            converted = cast.result
        steps += [BlockStoreOp(op.block, converted), CBPopOp(cb.result)]
        for step in (reserve, *steps):
            step.location = op.location
        op.parent.insert_op_after(reserve, op)
        for step in steps:
            op.parent.insert_op_before(step, push)
        for store in stores:
            store.operands[0] = reserve.block
            if dtype.format.is_integer:
                self._at = store
                store.operands[1] = self.cast(store.src, wide)

    def _new_buffer(self, type: CBType, at: Operation, name: str) -> CreateCBOp:
        """A circular buffer of the compiler's, behind those that there are."""
        cb = CreateCBOp(type)
        cb.location = at.location
        cb.result.name_hint = name
        made = own_buffers(self.kernel)
        if made:
            self.kernel.body.block.insert_op_after(cb, made[-1])
        else:
            self.kernel.body.block.insert_op_before(cb, self.thread)
        return cb


def _inner(shape: Sequence[int]) -> tuple[int, ...]:
    """The dimensions that are inside tiles."""
    return tuple(range(max(len(shape) - 2, 0), len(shape)))


def _datums(shape: Sequence[int], dims: Sequence[int]) -> int:
    """How many datums a reduction over `dims` of a block of `shape` tiles makes one of."""
    return prod(shape[d] * (EDGE if d in _inner(shape) else 1) for d in dims)


def _computed_in(name: str, operands: Sequence[SSAValue]) -> DataType:
    """The data type that a function of these operands is computed in."""
    chosen = operands[1:] if name == "where" else operands
    return wider([tile_of(o.type).dtype for o in chosen])


def _tensor_of(type: Attribute, dtype: DataType | None = None) -> TensorType[Attribute]:
    """The tensor type of a block or tensor, of another data type if one is given."""
    shape = tensor_shape(type)
    assert shape is not None
    tile = tile_of(type)
    return tensor(tile if dtype is None else tile_type(dtype, (tile.rows, tile.columns)), shape)


@dataclass(frozen=True)
class TTLLegalizeCompute(ModulePass):
    """Rewrites block arithmetic into what the hardware can do.

        - Operands that are repeated get an explicit `ttl.block_broadcast`: dimensions of size 1 against larger ones, and
          values that fill row 0 or column 0 of their tiles (results of reductions) against values that fill them.
        - Blocks that loops carry and branches choose go through circular buffers (`carried_blocks`).
        - Reductions inside tiles of floats become sums and maxima with a scaler block; the compiler makes one of ones, filled at
          the start of the thread, when the user gives none. A mean is a sum times 1/N, N the number of datums; a minimum is the
          negated maximum of the negation. Reductions of outer dimensions alone and of integers have no scaler: the vector
          unit does them. Those of integers become sums and maxima of int32.
        - A transposed right operand of a matrix product is read transposed.
        - Integers meet floats and integers of other types through `ttl.block_typecast`, at ops and at stores; functions that an
          integer type lacks are made of those that it has, or computed as int32 (`integer_functions`).
        - Accumulation on blocks of formats that the packer cannot add to goes through a block of a wider one.
        - `mask` is a `where`. An accumulating store that is the only one to its block is a plain store.

        Input: TTL on blocks and tensors, as the front end makes it. Output: the same ops, fewer forms. Refuses, at the Python
    line: integer matrix products and functions that integers lack, scaler blocks of several tiles,
        blocks that are both overwritten and accumulated on (both places are named).
    """

    name = "ttl-legalize-compute"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for _, kernel in kernels(op):
            for thread in kernel.threads:
                if isinstance(thread, ComputeThreadOp):
                    carry_through_buffers(kernel, thread, self.name)
                    _ThreadLegalizer(kernel, thread).run()
