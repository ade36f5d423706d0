# SPDX-License-Identifier: Apache-2.0
"""The `ttkernel` dialect: calls of the tt-metal kernel API, in the text of generation W11 of tt-mlir's
TTKernel dialect.

Op classes are made from the rows of `op_list.py` and `op_table.csv` when first asked for, by name
(`ttkernel.CBWaitFrontOp`) or by mnemonic (`ttkernel.OPS["cb_wait_front"]`).
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

from ttlang.dialects import op_table

from . import attributes as _attributes
from .attributes import (
    ATTRIBUTES,
    ArgAttr,
    ArgSpecAttr,
    ArgType,
    BcastType,
    BcastTypeAttr,
    CBType,
    DataFormatType,
    EltwiseBinaryType,
    EltwiseBinaryTypeAttr,
    L1AddrPtrType,
    L1AddrType,
    LocalSemaphoreType,
    NocAddrType,
    ReduceDim,
    ReduceDimAttr,
    ReduceType,
    ReduceTypeAttr,
    ReuseType,
    ReuseTypeAttr,
    TensorAccessorArgsType,
    TensorAccessorType,
    ThreadKind,
    ThreadTypeAttr,
)
from .op_spec import class_name
from .operation import TTKernelOp, op_class

if TYPE_CHECKING:
    from xdsl.ir import Dialect

__all__ = [
    "ATTRIBUTES",
    "OPS",
    "ArgAttr",
    "ArgSpecAttr",
    "ArgType",
    "BcastType",
    "BcastTypeAttr",
    "CBType",
    "DataFormatType",
    "EltwiseBinaryType",
    "EltwiseBinaryTypeAttr",
    "L1AddrPtrType",
    "L1AddrType",
    "LocalSemaphoreType",
    "NocAddrType",
    "ReduceDim",
    "ReduceDimAttr",
    "ReduceType",
    "ReduceTypeAttr",
    "ReuseType",
    "ReuseTypeAttr",
    "TTKernel",
    "TTKernelOp",
    "TensorAccessorArgsType",
    "TensorAccessorType",
    "ThreadKind",
    "ThreadTypeAttr",
]

THREAD_ATTRIBUTE = "ttkernel.thread"
ARG_SPEC_ATTRIBUTE = "ttkernel.arg_spec"


class _Ops(Mapping[str, type[TTKernelOp]]):
    """Op classes by mnemonic, made on first use."""

    def __getitem__(self, mnemonic: str) -> type[TTKernelOp]:
        return op_class(mnemonic)

    def __iter__(self) -> Iterator[str]:
        return iter(op_table.mnemonics())

    def __len__(self) -> int:
        return len(op_table.mnemonics())


OPS: Mapping[str, type[TTKernelOp]] = _Ops()


@cache
def _mnemonics_by_class_name() -> dict[str, str]:
    return {class_name(mnemonic): mnemonic for mnemonic in op_table.mnemonics()}


@cache
def _dialect() -> "Dialect":
    from xdsl.ir import Dialect

    return Dialect("ttkernel", list(OPS.values()), list(ATTRIBUTES))


if TYPE_CHECKING:
    TTKernel: Dialect

    def __getattr__(name: str) -> type[TTKernelOp]: ...

else:

    def __getattr__(name):
        if name == "TTKernel":
            return _dialect()
        if name.endswith("Op") and (mnemonic := _mnemonics_by_class_name().get(name)):
            return op_class(mnemonic)
        if name.endswith(("Attr", "Type")) and hasattr(_attributes, name):
            return getattr(_attributes, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
