# SPDX-License-Identifier: Apache-2.0
"""Choice of the hardware's instruction for an op on tiles: which row of the op table, with which parameters."""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from math import prod

from xdsl.ir import Operation, SSAValue

from ttlang.dialects.elementwise import BY_NAME, Elementwise
from ttlang.dialects.op_table import OpRow, find
from ttlang.dialects.ttl.compute import (
    BlockBroadcastOp,
    BlockFillOp,
    BlockMatmulOp,
    BlockReduceOp,
    BlockTransposeOp,
    BlockTypecastOp,
    ElementwiseOp,
    tensor_shape,
    tile_of,
)
from ttlang.dialects.ttl.syntax import array_ints
from ttlang.hardware.data_formats import DataType

_FPU_BINARY = ("add", "sub", "mul")
_FORMS_WITH_SCALAR = {
    # function: (form with the scalar on the right, form with it on the left)
    "add": ("tile + s, s + tile", "tile + s, s + tile"),
    "sub": ("tile - s", "s - tile"),
    "mul": ("tile * s, s * tile", "tile * s, s * tile"),
    "div": ("tile / s", "s / tile"),
    "mod": ("tile % s", None),
    "pow": ("tile ** s (float s)", "s ** tile"),
    "max": ("max(tile, s)", "max(tile, s)"),
    "min": ("min(tile, s)", "min(tile, s)"),
    **{
        name: (f"tile {sign} s", None)
        for name, sign in (("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">="))
    },
    **{name: (f"tile {sign} s", f"tile {sign} s") for name, sign in (("eq", "=="), ("ne", "!="))},
}
_INTEGER_FORMS_WITH_SCALAR = {
    "add": ("int32 tile + s", "int32 tile + s"),
    "sub": ("int32 tile - s", "s - int32 tile"),
    "max": ("max({type} tile, s)", "max({type} tile, s)"),
    "min": ("min({type} tile, s)", "min({type} tile, s)"),
    **{
        name: (f"int32 tile {sign} s", None)
        for name, sign in (("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">="))
    },
    **{name: (f"int32 tile {sign} s", f"int32 tile {sign} s") for name, sign in (("eq", "=="), ("ne", "!="))},
}
_MIRRORED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}
_RECIPROCAL_FORMS = ("tile / s",)
_UNARY_FORMS = {"gelu": "tile, exact", "round": "tile, decimals", "prelu": "tile, scalar weight"}
_TYPED_UNARY = ("logical_not",)
_FIXED_PARAMETERS = {
    "log2": (1.4426950408889634,),
    "log10": (0.4342944819032518,),
    "selu": (1.0507009873554805, 1.6732632423543772),
}
_SMALL_EXPONENT = 16
"""Powers up to this one are repeated multiplications."""

_INTEGER_NAMES = {
    DataType.si32: "int32",
    DataType.u32: "uint32",
    DataType.u16: "uint16",
    DataType.u8: "uint8",
}
_TYPECAST_NAMES = {DataType.bfp_bf8: "bfp8", DataType.si32: "i32"}
_LIKE_BF16 = (
    DataType.f16,
    DataType.bfp_f8,
    DataType.bfp_bf4,
    DataType.bfp_f4,
    DataType.bfp_bf2,
    DataType.bfp_f2,
)
"""Formats that are bf16 (or wider) once they are in DST: the unpacker and the packer convert."""

_REPEATED = {(True, False): "row", (False, True): "col", (True, True): "scalar"}
_BINARY_BCAST_FORMS = {"row": "rows", "col": "cols", "scalar": "scalar"}


def float_bits(value: float) -> int:
    """The bits of a float32, as a signed 32-bit integer (how scalars reach the SFPU)."""
    try:
        packed = struct.pack("<f", value)
    except OverflowError:  # beyond float32: infinity, as NumPy has it
        packed = struct.pack("<f", float("inf") if value > 0 else float("-inf"))
    (bits,) = struct.unpack("<i", packed)
    return int(bits)


@dataclass(frozen=True, slots=True)
class Instruction:
    """A row of the op table chosen for an op.

    `operands`: the values that must be in DST, in the row's order; `buffers`: the values that the unpacker reads, as {a} and
    {b}; `parameters`: values of {p}, {p2}, {p3}, {n}, {f}; `accumulates`: it adds to what the result's register holds,
    which must be a fresh one; `needs_scratch`: it takes one more register while it works. Without a row the result is the
    operand, unchanged.
    """

    row: OpRow | None
    operands: tuple[SSAValue, ...] = ()
    buffers: tuple[SSAValue, ...] = ()
    parameters: dict[str, int | float] | None = None
    accumulates: bool = False
    needs_scratch: bool = False

    @property
    def in_place(self) -> bool:
        """Whether the result takes the register of the first operand."""
        return bool(self.operands) and (self.row is None or self.row.overwrites_operand)


class NoInstruction(Exception):
    """No row of the op table does what an op asks for; the message says what."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the choice depends on besides the op.

    `wide`: DST registers hold 32 bits; `dies(value, op)`: `op` is the last that needs the value; `fresh`: there is a
    register that nothing has been written to since acquire.
    """

    wide: bool
    dies: Callable[[SSAValue, Operation], bool]
    fresh: bool = True


def find_row(name: str, form: str) -> OpRow:
    """An available row of the op table; raises NoInstruction when there is none."""
    row = _find(name, form)
    if row is None:
        raise NoInstruction(f"the hardware has no '{name}' in the form '{form}'")
    return row


@cache
def _find(name: str, form: str) -> OpRow | None:
    try:
        row = find(name, form)
    except KeyError:
        return None
    return row if row.available else None


def scalar_of(value: SSAValue) -> float | None:
    """The number that a value is made of, when it is a fill."""
    owner = value.owner
    return owner.value.value.data if isinstance(owner, BlockFillOp) else None


def is_buffer_tile(value: SSAValue) -> bool:
    """Whether a tile is an argument of the fused loop: it stands in a circular buffer."""
    return not isinstance(value.owner, Operation)


def repetition(op: BlockBroadcastOp) -> str | None:
    """Which part of a tile is repeated: its "row" 0, "col" 0 or first datum ("scalar"); None: whole tiles only."""
    rank = len(tensor_shape(op.input.type) or (1, 1))
    dims = set(array_ints(op.dims))
    return _REPEATED.get((rank - 2 in dims, rank - 1 in dims))


def fits_fpu(value: SSAValue) -> bool:
    """Whether the matrix unit's source registers, which hold at most TF32, keep the datums of a buffer's tile."""
    return not tile_of(value.type).format.wide_dest and not tile_of(value.type).format.is_integer


def folds_into_binary(op: BlockBroadcastOp) -> bool:
    """Whether the one user of a repetition is an FPU instruction that repeats as it reads."""
    users = [use.operation for use in op.result.uses]
    if len(users) != 1 or not isinstance(users[0], ElementwiseOp) or not fits_fpu(op.input):
        return False
    user = users[0]
    if user.ROW.name not in _FPU_BINARY or repetition(op) is None:
        return False
    other = user.lhs if user.rhs is op.result else user.rhs
    if user.ROW.name == "sub" and user.rhs is not op.result:
        return False
    return is_buffer_tile(other) and fits_fpu(other)


def select(op: Operation, around: Surroundings) -> Instruction:
    """The instruction for `op`; raises NoInstruction with the reason."""
    match op:
        case ElementwiseOp():
            return _elementwise(op, around)
        case BlockTypecastOp():
            return _typecast(op)
        case BlockFillOp():
            return _fill(op)
        case BlockBroadcastOp():
            how = repetition(op)
            if how is None:
                return Instruction(find_row("copy_tile", "CB -> DST"), (), (op.input,))
            return Instruction(find_row("broadcast", f"unary {how.upper()} (CB -> DST)"), (), (op.input,))
        case BlockTransposeOp():
            return Instruction(find_row("transpose", "CB tile, first op"), (), (op.input,))
        case BlockMatmulOp():
            return Instruction(find_row("@", "block, op switch"), (), (op.lhs, op.rhs), accumulates=True)
        case BlockReduceOp() if op.scaler is not None:
            return Instruction(_reduce_row(op), (), (op.input, op.scaler), accumulates=True)
        case BlockReduceOp():
            return Instruction(combining_row(op), (), (op.input,), needs_scratch=reduced_tiles(op) > 1)
    raise NoInstruction(f"'{op.name}' has no instruction on single tiles")


_REDUCE_FORMS = {
    (False, True): "REDUCE_ROW (collapses W: column 0)",
    (True, False): "REDUCE_COL (collapses H: row 0)",
    (True, True): "REDUCE_SCALAR ([0][0])",
}


def _reduces_inner(op: BlockReduceOp) -> tuple[bool, bool]:
    """Whether a reduction goes over the rows and over the columns inside tiles."""
    rank = len(tensor_shape(op.input.type) or (1, 1))
    dims = set(array_ints(op.dims))
    return rank - 2 in dims, rank - 1 in dims


def _reduce_row(op: BlockReduceOp) -> OpRow:
    return find_row(f"reduce_{op.kind.data}", _REDUCE_FORMS[_reduces_inner(op)])


def reduces_inside_tiles(op: BlockReduceOp) -> bool:
    """Whether a reduction goes over dimensions inside tiles, or over whole tiles alone."""
    return any(_reduces_inner(op))


def reduced_tiles(op: BlockReduceOp) -> int:
    """How many tiles of the input each tile of the result is made of."""
    shape = tensor_shape(op.input.type)
    assert shape is not None, "a reduction reads whole blocks"
    return prod(shape[d] for d in array_ints(op.dims))


_COMBINING = {"sum": "+", "max": "max", "min": "min"}


def combining_row(op: BlockReduceOp) -> OpRow:
    """The instruction that makes one tile of two, for a reduction that the vector unit does."""
    dtype = tile_of(op.input.type).dtype
    form = f"{_INTEGER_NAMES[dtype]} tile,tile" if dtype.format.is_integer else "tile,tile (DST)"
    return find_row(_COMBINING[op.kind.data], form)


def reductions_inside(op: BlockReduceOp) -> list[OpRow]:
    """The instructions that reduce the inside of a tile of integers in its register, one after the other."""
    rows, columns = _reduces_inner(op)
    directions = [name for name, used in (("REDUCE_COL", rows), ("REDUCE_ROW", columns)) if used]
    return [find_row(f"reduce_{op.kind.data}", f"int32 DST tile, {d}") for d in directions]


def _fill(op: BlockFillOp) -> Instruction:
    value, tile = op.value.value.data, tile_of(op.result.type)
    if tile.format.is_integer:
        name = {"uint8": "uint16"}.get(_INTEGER_NAMES[tile.dtype], _INTEGER_NAMES[tile.dtype])
        return Instruction(find_row("fill", name), parameters={"p": _int_bits(value)})
    return Instruction(find_row("fill", "float"), parameters={"f": value})


def _int_bits(value: float) -> int:
    """A number as the 32 bits of an integer, signed."""
    return (int(value) + 2**31) % 2**32 - 2**31


def _typecast(op: BlockTypecastOp) -> Instruction:
    source, target = (tile_of(v.type) for v in (op.input, op.result))
    if source.dtype is target.dtype:
        return Instruction(None, (op.input,))
    names = [
        _TYPECAST_NAMES.get(t.dtype, "bf16" if t.dtype in _LIKE_BF16 else t.dtype.value)
        for t in (source, target)
    ]
    row = _find("typecast", "->".join(names)) if names[0] != names[1] else None
    if row is not None:
        return Instruction(row, (op.input,))
    if not source.format.is_integer and not target.format.is_integer:
        return Instruction(None, (op.input,))  # the packer converts
    raise NoInstruction(
        f"the hardware has no typecast from {source.format.python_name} to {target.format.python_name}"
    )


def _elementwise(op: ElementwiseOp, around: Surroundings) -> Instruction:
    row = op.ROW
    dtype = tile_of(op.result.type if row.arity > 1 or not op.inputs else op.inputs[0].type).dtype
    if row.predicate and op.inputs:
        dtype = tile_of(op.inputs[0].type).dtype
    if dtype.format.is_integer:
        return _integer(op, dtype)
    if row.name == "where":
        return Instruction(find_row("where", "f32" if around.wide else "bf16"), tuple(op.inputs))
    if row.arity == 2:
        return _binary(op, around)
    if row.name in _TYPED_UNARY:
        return Instruction(
            find_row(row.table_name, "f32 tile" if around.wide else "bf16 tile"), (op.inputs[0],)
        )
    chosen = find_row(row.table_name, _UNARY_FORMS.get(row.name, "tile"))
    return Instruction(chosen, (op.inputs[0],), parameters=_parameters(row.name, op.parameter_values))


def has_integer_form(row: Elementwise, dtype: DataType) -> bool:
    """Whether the vector unit has a function for tiles of an integer type."""
    return _integer_row(row, _INTEGER_NAMES[dtype]) is not None


def _integer_row(row: Elementwise, type_name: str) -> OpRow | None:
    if row.name == "where":
        return _find("where", type_name)
    if row.arity == 1:
        return _find(row.table_name, f"{type_name} tile")
    return _find(row.table_name, f"{type_name} tile,tile")


def _integer(op: ElementwiseOp, dtype: DataType) -> Instruction:
    """Integers are computed by the vector unit, each width with instructions of its own."""
    row, name = op.ROW, _INTEGER_NAMES[dtype]
    if row.arity == 2 and (form := _integer_scalar(op, name)) is not None:
        return form
    chosen = _integer_row(row, name)
    if chosen is None:
        raise NoInstruction(f"the hardware has no '{row.name}' of {dtype.format.python_name}")
    values = op.parameter_values
    parameters = {key: _int_bits(v) for key, v in zip(("p", "p2", "p3"), values, strict=False)}
    return Instruction(chosen, tuple(op.inputs), parameters=dict(parameters))


def _integer_scalar(op: ElementwiseOp, type_name: str) -> Instruction | None:
    name = op.ROW.name
    left, right = scalar_of(op.lhs), scalar_of(op.rhs)
    if left is None and right is None:
        return None
    mirrored = right is None and name in _MIRRORED
    if mirrored:
        name = _MIRRORED[name]
    if name not in _INTEGER_FORMS_WITH_SCALAR:
        return None
    on_right, on_left = _INTEGER_FORMS_WITH_SCALAR[name]
    form = on_right if right is not None or mirrored else on_left
    if form is None or (type_name != "int32" and "{type}" not in form):
        return None
    row = _find(BY_NAME[name].table_name, form.replace("{type}", type_name))
    scalar = right if right is not None else left
    assert scalar is not None
    if row is None:
        return None
    return Instruction(row, (op.lhs if right is not None else op.rhs,), parameters={"p": _int_bits(scalar)})


def _parameters(name: str, values: Sequence[float]) -> dict[str, int | float]:
    if name == "round":
        return {"n": 0}
    numbers = list(_FIXED_PARAMETERS.get(name, values))
    if name == "celu":
        numbers.append(1 / numbers[0])
    elif name == "softplus":
        numbers.insert(1, 1 / numbers[0])
    return {key: float_bits(number) for key, number in zip(("p", "p2", "p3"), numbers, strict=False)}


def _binary(op: ElementwiseOp, around: Surroundings) -> Instruction:
    name, symbol = op.ROW.name, op.ROW.table_name
    left, right = scalar_of(op.lhs), scalar_of(op.rhs)
    if right is not None or left is not None:
        chosen = _with_scalar(op, name, symbol, left, right)
        if chosen is not None:
            return chosen
    if name in _FPU_BINARY:
        chosen = _from_buffers(op, name, symbol, around)
        if chosen is not None:
            return chosen
    return Instruction(find_row(symbol, "tile,tile (DST)"), (op.lhs, op.rhs))


def _from_buffers(op: ElementwiseOp, name: str, symbol: str, around: Surroundings) -> Instruction | None:
    """The matrix unit's form, where operands come from circular buffers and it keeps their precision."""
    accumulates = name == "mul"
    in_buffer = [is_buffer_tile(o) and fits_fpu(o) for o in op.inputs]
    if all(in_buffer):
        if accumulates and not around.fresh:
            return None
        return Instruction(find_row(symbol, "tile,tile (CB)"), (), (op.lhs, op.rhs), accumulates=accumulates)
    for data, repeated in ((op.lhs, op.rhs), (op.rhs, op.lhs)):
        owner = repeated.owner
        if isinstance(owner, BlockBroadcastOp) and folds_into_binary(owner):
            how = repetition(owner)
            assert how is not None
            form = f"tile {symbol} bcast_{_BINARY_BCAST_FORMS[how]}(b) (CB)"
            return Instruction(find_row(symbol, form), (), (data, owner.input), accumulates=accumulates)
    if around.wide or not any(in_buffer):
        return None  # a 32-bit register would be cut to TF32 on its way back through the matrix unit
    buffer, register = (op.lhs, op.rhs) if in_buffer[0] else (op.rhs, op.lhs)
    if is_buffer_tile(register) or not around.dies(register, op):
        return None
    side = "DEST_TO_SRCB" if name == "sub" and buffer is op.lhs else "DEST_TO_SRCA"
    return Instruction(find_row(symbol, f"DST {symbol} CB, {side}"), (register,), (buffer,))


def _with_scalar(
    op: ElementwiseOp, name: str, symbol: str, left: float | None, right: float | None
) -> Instruction | None:
    forms = _FORMS_WITH_SCALAR.get(name)
    if forms is None:
        return None
    if right is None and name in _MIRRORED:  # s < tile is tile > s
        name = _MIRRORED[name]
        symbol = BY_NAME[name].table_name
        forms = (_FORMS_WITH_SCALAR[name][0], _FORMS_WITH_SCALAR[name][0])
    form = forms[0] if right is not None else forms[1]
    scalar = right if right is not None else left
    if form is None or scalar is None:
        return None
    if name == "pow" and right is not None and right == int(right) and 0 <= right <= _SMALL_EXPONENT:
        row = find_row("**", "tile ** n (small int n>=0)")
        return Instruction(row, (op.lhs,), parameters={"p": int(right)})
    if form in _RECIPROCAL_FORMS and scalar == 0:
        return None
    chosen = _find(symbol, form)
    if chosen is None:
        return None
    value = 1 / scalar if form in _RECIPROCAL_FORMS else scalar
    parameters: dict[str, int | float] = {"p": float_bits(value), "f": scalar}
    if form == "tile % s":
        if scalar == 0:
            return None
        parameters["p2"] = float_bits(1 / scalar)
    return Instruction(chosen, (op.lhs if right is not None else op.rhs,), parameters=parameters)
