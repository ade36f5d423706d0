# SPDX-License-Identifier: Apache-2.0
"""The shorter verification against the library's, op by op: on whole kernels, and on ops that were spoilt.

Exact messages of all verifiers of `ttl`, which take this way, are in `ttl/test_verifiers.py`.
"""

import random
from collections.abc import Iterator

import pytest
from bench.language_kernels import KERNELS
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, UnitAttr, f32, i32
from xdsl.dialects.test import TestOp as AnyOp
from xdsl.ir import Operation
from xdsl.irdl import OpDef
from xdsl.utils.exceptions import VerifyException

from ttlang.dialects import context
from ttlang.dialects.checking import parse
from ttlang.dialects.fast_verification import verify

STAGES = ("ttl", "ttmetal", "ttkernel", "emitc")


def stages() -> Iterator[ModuleOp]:
    for name in ("matmul_iadd", "mcast", "softmaxrow"):
        kernel, arguments, _ = KERNELS[name]()
        asm = kernel.compile(*arguments).asm
        for stage in STAGES:
            yield parse(context(), asm[stage])


def defined(module: ModuleOp) -> list[tuple[OpDef, Operation]]:
    """The ops of a module that have a definition of the IR library, with it."""
    ops = [op for op in module.walk() if hasattr(type(op), "get_irdl_definition")]
    return [(type(op).get_irdl_definition(), op) for op in ops]


def verdict(check, *arguments) -> str | None:
    try:
        check(*arguments)
    except VerifyException as error:
        return str(error)
    return None


def spoil(op: Operation, how: int, rng: random.Random) -> None:
    """One change that may or may not break the contract of an op."""
    if how == 0:
        op.properties["unknown"] = UnitAttr()
    elif how == 1 and op.properties:
        del op.properties[rng.choice(sorted(op.properties))]
    elif how == 2 and op.properties:
        op.properties[rng.choice(sorted(op.properties))] = IntegerAttr(3, 8)
    elif how == 3 and op.operands:
        op.operands = op.operands[:-1]
    elif how == 4:
        op.operands = [*op.operands, AnyOp(result_types=[f32]).results[0]]
    elif how == 5 and op.operands:
        op.operands[rng.randrange(len(op.operands))] = AnyOp(result_types=[f32]).results[0]
    elif how == 6 and op.attributes:
        del op.attributes[rng.choice(sorted(op.attributes))]
    elif how == 7 and op.results:
        op.results[-1]._type = i32  # no way of the library changes a type in place


@pytest.fixture(scope="module")
def modules() -> list[ModuleOp]:
    return list(stages())


def test_right_ops_are_right_in_both_ways(modules: list[ModuleOp]) -> None:
    for module in modules:
        verify(module)
        for definition, op in defined(module):
            assert "verify" in vars(definition), f"{op.name} does not take the shorter way"
            assert verdict(OpDef.verify, definition, op) is None
            assert verdict(definition.verify, op) is None


@pytest.mark.parametrize("how", range(8))
def test_spoilt_ops_get_the_verdict_of_the_library(modules: list[ModuleOp], how: int) -> None:
    rng = random.Random(how)
    refused = 0
    for text in modules:
        module = text.clone()
        verify(module)
        for definition, op in defined(module):
            if op.parent is None:
                continue
            spoil(op, how, rng)
            wanted = verdict(OpDef.verify, definition, op)
            assert verdict(definition.verify, op) == wanted, op.name
            refused += wanted is not None
    assert refused > 20 or how in (6, 7)
