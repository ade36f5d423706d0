# SPDX-License-Identifier: Apache-2.0
"""One instance of every `ttkernel` op, with operands that verify."""

from xdsl.dialects import arith, func
from xdsl.dialects.builtin import (
    FloatAttr,
    FunctionType,
    IndexType,
    IntegerAttr,
    IntegerType,
    ModuleOp,
    UnrealizedConversionCastOp,
    bf16,
    f32,
    i32,
    i64,
)
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from ttlang.dialects import ttkernel
from ttlang.dialects.ttcore import TileType
from ttlang.dialects.ttkernel import attributes
from ttlang.dialects.ttkernel.op_spec import OperandSpec
from ttlang.dialects.ttkernel.operation import make_attribute
from ttlang.hardware.data_formats import DataType

TILES = attributes.CBType(4, TileType(DataType.bf16))
ROWS = attributes.CBType(4096, bf16)
_CONSTANTS: dict[str, IndexType | IntegerType] = {
    "idx": IndexType(), "index": IndexType(), "i32": i32, "l1": i32, "any": i32, "arg": i32,
    "i16": IntegerType(16),
    "i64": i64,
}  # fmt: skip
_TYPES: dict[str, Attribute] = {
    "acc": attributes.TensorAccessorType(),
    "args": attributes.TensorAccessorArgsType(),
    "cb": TILES,
    "data_format": attributes.DataFormatType(),
    "fcm": attributes.FabricConnectionManagerType(),
    "i1": IntegerType(1),
    "noc_addr": attributes.NocAddrType(),
    "page_mapping": attributes.PageMappingType(),
    "ptr": attributes.L1AddrPtrType(),
    "sem": attributes.LocalSemaphoreType(),
}
_ATTRIBUTES = {
    "bool": "true", "i32": "1", "i64": "1", "dtype": "si32", "reduce_type": "reduce_sum",
    "reduce_dim": "reduce_dim_row", "bcast_type": "col", "reuse_type": "dest_to_srca",
    "eltwise_binary_type": "sub", "str": "hi",
}  # fmt: skip


def _value(ops: list[Operation], mnemonic: str, spec: OperandSpec) -> SSAValue:
    kind = spec.kind
    op: Operation
    if kind in _CONSTANTS:
        op = arith.ConstantOp(IntegerAttr(3, _CONSTANTS[kind]))
    elif kind == "f32":
        op = arith.ConstantOp(FloatAttr(1.0, f32))
    else:
        rows = ("untilize" in mnemonic and spec.name == "cbOut") or (
            "untilize" not in mnemonic and "tilize" in mnemonic and spec.name == "cbIn"
        )
        source = arith.ConstantOp(IntegerAttr(3, i32))
        ops.append(source)
        type_ = ROWS if rows and kind == "cb" else _TYPES[kind]
        op = UnrealizedConversionCastOp.create(operands=[source.result], result_types=[type_])
    ops.append(op)
    return op.results[0]


def sample(mnemonic: str) -> list[Operation]:
    """The op and what makes its operands, optional operands and flags included."""
    op_class = ttkernel.OPS[mnemonic]
    spec = op_class.spec
    operands = [o for o in spec.operands if not o.variadic]
    if mnemonic == "TensorAccessorArgs":
        operands = list(spec.operands[:2])
    ops: list[Operation] = []
    values = [_value(ops, mnemonic, operand) for operand in operands]
    chosen = {
        a.name: make_attribute(a.kind, _ATTRIBUTES[a.kind])
        for a in spec.attributes
        if not a.optional or a.kind == "bool"
    }
    results = [_CONSTANTS.get(kind) or _TYPES[kind] for kind in spec.results]
    ops.append(op_class(*values, result_types=results, **chosen))
    return ops


def module_of(mnemonics: list[str]) -> ModuleOp:
    """One function for each op, named `f0`, `f1`, ..."""
    functions = []
    for i, mnemonic in enumerate(mnemonics):
        body = Block([*sample(mnemonic), func.ReturnOp()])
        functions.append(func.FuncOp(f"f{i}", FunctionType.from_lists([], []), Region(body)))
    return ModuleOp(functions)
