# SPDX-License-Identifier: Apache-2.0
"""The cost of the compute passes grows with the number of ops, not faster."""

import gc
import time
from collections.abc import Callable

import pytest
from xdsl.dialects.builtin import ModuleOp, StringAttr, TensorType
from xdsl.ir import Block, Operation, Region, SSAValue

from ttlang.dialects import context
from ttlang.dialects.ttcore import TileType
from ttlang.dialects.ttl.attributes import CBType
from ttlang.dialects.ttl.buffers import CBPopOp, CBPushOp, CBReserveOp, CBWaitOp, CreateCBOp
from ttlang.dialects.ttl.compute import (
    ELEMENTWISE_OPS,
    BlockMatmulOp,
    BlockReduceOp,
    BlockStoreOp,
    ReduceKind,
)
from ttlang.dialects.ttl.structure import ComputeThreadOp, KernelOp, ProgramOp
from ttlang.hardware.data_formats import DataType
from ttlang.pipelines import Observer, run_passes

PASSES = (
    "ttl-legalize-compute",
    "ttl-infer-dst-requirements",
    "ttl-bufferize",
    "ttl-allocate-circular-buffers",
    "ttl-expand-threads",
    "ttl-assign-dst-registers",
    "ttl-lower-compute",
    "ttkernel-hoist-inits",
)
TILE = TileType(DataType.bf16)
Apply = Callable[..., SSAValue]


def statements(x: SSAValue, y: SSAValue, apply: Apply, emit: Callable[[Operation], Operation]) -> SSAValue:
    """One statement: a fused chain."""
    return apply("exp", apply("add", x, y))


def products(x: SSAValue, y: SSAValue, apply: Apply, emit: Callable[[Operation], Operation]) -> SSAValue:
    """One statement with intermediate buffers."""
    product = emit(BlockMatmulOp(apply("add", x, y), y)).results[0]
    largest = emit(BlockReduceOp(product, ReduceKind.max, (1,), TensorType(TILE, (2, 1)))).results[0]
    return apply("sub", product, largest)


def module_of(statement: Callable[..., SSAValue], turns: int, chained: bool) -> ModuleOp:
    """A program of `turns` statements: each with blocks of its own, or all in one expression."""
    kernel = Block()
    buffers = [CreateCBOp(CBType((2, 2), TILE, 2)) for _ in range(3)]
    for buffer in buffers:
        kernel.add_op(buffer)
    a, b, o = (buffer.result for buffer in buffers)
    thread = Block()

    def emit(op: Operation) -> Operation:
        thread.add_op(op)
        return op

    def apply(name: str, *operands: SSAValue) -> SSAValue:
        return emit(ELEMENTWISE_OPS[name](*operands)).results[0]

    for _ in range(1 if chained else turns):
        x, y = (emit(CBWaitOp(cb)).results[0] for cb in (a, b))
        z = emit(CBReserveOp(o)).results[0]
        value = x
        for _ in range(turns if chained else 1):
            value = statement(value, y, apply, emit)
        emit(BlockStoreOp(z, value))
        emit(CBPushOp(o))
        emit(CBPopOp(b))
        emit(CBPopOp(a))
    kernel.add_op(ComputeThreadOp(Region(thread), name="compute"))
    program = Block()
    program.add_op(KernelOp(Region(kernel), grid=(1, 1)))
    attributes = {"arch": StringAttr("wormhole_b0")}
    return ModuleOp([ProgramOp("p", (1, 1), Region(program), attributes=attributes)])


def seconds(statement: Callable[..., SSAValue], turns: int, chained: bool) -> float:
    """The least of three measurements of the passes on one program, with the collector of garbage at rest."""
    best = float("inf")
    for _ in range(3):
        module = module_of(statement, turns, chained)
        gc.collect()
        gc.disable()
        start = time.process_time()
        run_passes(module, PASSES, QUIET, context())
        best = min(best, time.process_time() - start)
        gc.enable()
    return best


QUIET = Observer(verbose=False, verify_each=False, dump_dir=None)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("statement", "chained", "ops"),
    [(statements, False, 8), (statements, True, 2), (products, False, 10)],
    ids=["statements", "one expression", "products and reductions"],
)
def test_four_times_the_statements_take_at_most_four_and_a_half_times_as_long(statement, chained, ops):
    sizes = [200, 1000, 5000]
    allowed = 4.5 / 4
    best = [float("inf")] * len(sizes)
    for _ in range(3):  # another process may have had the caches
        best = [min(b, seconds(statement, size // ops, chained)) for b, size in zip(best, sizes, strict=True)]
        growth = [b / a / (n / m) for a, b, m, n in zip(best, best[1:], sizes, sizes[1:], strict=False)]
        if max(growth) <= allowed:
            return
    raise AssertionError(f"CPU seconds {best} at {sizes} ops")
