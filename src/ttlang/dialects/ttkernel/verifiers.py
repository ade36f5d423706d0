# SPDX-License-Identifier: Apache-2.0
"""Checks of single `ttkernel` ops beyond the types of their operands."""

from collections.abc import Callable, Mapping
from typing import cast

from xdsl.dialects.arith import ConstantOp
from xdsl.dialects.builtin import IntegerAttr, StringAttr
from xdsl.ir import SSAValue
from xdsl.utils.exceptions import VerifyException

from .attributes import CBType, ReduceDim, ReduceDimAttr, ReduceType, ReduceTypeAttr
from .operation import TTKernelOp, attribute_text

MAX_TRANSACTION_ID = 15


def constant_value(value: SSAValue | None) -> int | None:
    """The integer that a value always has, None where it is not known at compile time."""
    owner = None if value is None else value.owner
    if isinstance(owner, ConstantOp) and isinstance(owner.value, IntegerAttr):
        return owner.value.value.data
    return None


def _fail(op: TTKernelOp, message: str) -> None:
    raise VerifyException(f"'{op.name}' op {message}")


def _transaction_id(op: TTKernelOp) -> None:
    trid = constant_value(op.operand_named("trid"))
    if trid is not None and not 0 <= trid <= MAX_TRANSACTION_ID:
        _fail(op, f"trid must be in [0, {MAX_TRANSACTION_ID}], but got {trid}")


def _scalar_to_tile(op: TTKernelOp) -> None:
    source, target = op.operand_named("cbIn"), op.operand_named("cbOut")
    if isinstance(source.type, CBType) and source.type.holds_tiles:  # type: ignore[union-attr]
        _fail(op, "input must have scalar element type: a tilize reads rows, not tiles")
    if isinstance(target.type, CBType) and not target.type.holds_tiles:  # type: ignore[union-attr]
        _fail(op, "output must have tile element type")


def _tile_to_scalar(op: TTKernelOp) -> None:
    source, target = op.operand_named("cbIn"), op.operand_named("cbOut")
    if isinstance(source.type, CBType) and not source.type.holds_tiles:  # type: ignore[union-attr]
        _fail(op, "input must have tile element type: an untilize reads tiles")
    if target is not None and isinstance(target.type, CBType) and target.type.holds_tiles:
        _fail(op, "output must have scalar element type")


def _pack_untilize(op: TTKernelOp) -> None:
    columns, total = (
        int(attribute_text(op.properties[name])) for name in ("colsPerDstPass", "totalColTiles")
    )
    if columns < 1 or total < 1 or total % columns:
        _fail(
            op, f"totalColTiles ({total}) must be a multiple of colsPerDstPass ({columns}), both at least 1"
        )


def _sfpu_reduce(op: TTKernelOp) -> None:
    kind = cast(ReduceTypeAttr, op.properties["reduce_type"]).data
    if (text := attribute_text(op.properties["data_format"])) != "si32":
        _fail(op, f"only supports data_format Int32, but got {text}")
    if kind is ReduceType.AVG and op.spec.mnemonic == "sfpu_reduce" and _dimension(op) is ReduceDim.ROW:
        _fail(op, "has no mean along a row; sum, convert to f32 and multiply by 1/N")
    if op.spec.mnemonic == "sfpu_reduce" and _dimension(op) is ReduceDim.SCALAR:
        _fail(op, "reduces along a row or a column, not both")


def _dimension(op: TTKernelOp) -> ReduceDim:
    return cast(ReduceDimAttr, op.properties["reduce_dim"]).data


def _dprint(op: TTKernelOp) -> None:
    fmt = op.properties["fmt"]
    holes = fmt.data.count("{}") if isinstance(fmt, StringAttr) else 0
    if holes != len(op.operands):
        _fail(op, f"format has {holes} '{{}}' but there are {len(op.operands)} operands")


def _accessor_args(op: TTKernelOp) -> None:
    for base, expression in (("cta_base", "cta_expr"), ("crta_base", "crta_expr")):
        value = op.operand_named(base)
        if value is not None and expression not in op.properties and constant_value(value) is None:
            _fail(
                op,
                f"{base} must be a constant unless {expression} is given: it is a template argument in C++",
            )


VERIFIERS: Mapping[str, Callable[[TTKernelOp], None]] = {
    "TensorAccessorArgs": _accessor_args,
    "dprint": _dprint,
    "noc_async_read_barrier_with_trid": _transaction_id,
    "noc_async_read_set_trid": _transaction_id,
    "noc_async_write_barrier_with_trid": _transaction_id,
    "noc_async_write_one_packet_with_trid": _transaction_id,
    "noc_async_write_set_trid": _transaction_id,
    "pack_untilize_block": _pack_untilize,
    "pack_untilize_init": _pack_untilize,
    "sfpu_reduce": _sfpu_reduce,
    "sfpu_reduce_init": _sfpu_reduce,
    "tilize_block": _scalar_to_tile,
    "tilize_init": _scalar_to_tile,
    "experimental::tilize_block": _scalar_to_tile,
    "untilize_block": _tile_to_scalar,
    "untilize_init": _tile_to_scalar,
    "experimental::untilize_block": _tile_to_scalar,
    "experimental::pack_untilize_block": _tile_to_scalar,
}
"""Extra check of an op, by mnemonic; raises VerifyException."""
