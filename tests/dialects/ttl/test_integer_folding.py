# SPDX-License-Identifier: Apache-2.0
"""Folding of integers: every row of the table against Python, for constants and for neutral operands."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xdsl.dialects import arith
from xdsl.dialects.builtin import IndexType, IntegerAttr, i1, i32
from xdsl.ir import Operation, SSAValue
from xdsl.utils.test_value import create_ssa_value

from ttlang.transforms.canonicalization_patterns.integers import FOLDINGS, constant_of, fold

OPS: dict[str, type[Operation]] = {
    cls.name: cls
    for cls in (
        arith.AddiOp,
        arith.SubiOp,
        arith.MuliOp,
        arith.DivSIOp,
        arith.FloorDivSIOp,
        arith.CeilDivSIOp,
        arith.RemSIOp,
        arith.MinSIOp,
        arith.MaxSIOp,
        arith.AndIOp,
        arith.OrIOp,
        arith.XOrIOp,
        arith.ShLIOp,
        arith.DivUIOp,
        arith.CeilDivUIOp,
        arith.RemUIOp,
        arith.MinUIOp,
        arith.MaxUIOp,
        arith.ShRUIOp,
        arith.ShRSIOp,
    )
}


def unsigned(function: Callable[[int, int], int]) -> Callable[[int, int], int]:
    """The function on the unsigned readings of 32-bit numbers; the result is read as signed again."""

    def meaning(a: int, b: int) -> int:
        result = function(a % 2**32, b % 2**32) % 2**32
        return result - 2**32 if result >= 2**31 else result

    return meaning


MEANING: dict[str, Callable[[int, int], int]] = {
    "arith.addi": lambda a, b: a + b,
    "arith.subi": lambda a, b: a - b,
    "arith.muli": lambda a, b: a * b,
    "arith.divsi": lambda a, b: math.trunc(a / b),
    "arith.floordivsi": lambda a, b: math.floor(a / b),
    "arith.ceildivsi": lambda a, b: math.ceil(a / b),
    "arith.remsi": lambda a, b: int(math.fmod(a, b)),
    "arith.minsi": min,
    "arith.maxsi": max,
    "arith.andi": lambda a, b: a & b,
    "arith.ori": lambda a, b: a | b,
    "arith.xori": lambda a, b: a ^ b,
    "arith.shli": lambda a, b: a * 2**b,
    "arith.divui": unsigned(lambda a, b: a // b),
    "arith.ceildivui": unsigned(lambda a, b: -(-a // b)),
    "arith.remui": unsigned(lambda a, b: a % b),
    "arith.minui": unsigned(min),
    "arith.maxui": unsigned(max),
    "arith.shrui": unsigned(lambda a, b: a >> b),
    "arith.shrsi": lambda a, b: a >> b,
}


def constant(value: int) -> SSAValue:
    return arith.ConstantOp(IntegerAttr(value, IndexType())).result


def value_of(folded: SSAValue | Operation | None) -> int | SSAValue | None:
    if isinstance(folded, Operation):
        return constant_of(folded.results[0])
    return folded


def test_the_table_is_covered() -> None:
    assert set(FOLDINGS) == set(OPS) == set(MEANING)


@pytest.mark.parametrize("name", OPS)
@given(a=st.integers(-1000, 1000), b=st.integers(-1000, 1000))
def test_constants(name: str, a: int, b: int) -> None:
    folded = value_of(fold(OPS[name](constant(a), constant(b))))
    undefined = (b == 0 and ("div" in name or "rem" in name)) or ("sh" in name and not 0 <= b < 32)
    undefined |= name.endswith("ui") and min(a, b) < 0  # the width of an index is not known
    if undefined:
        assert folded is None
        return
    expected = MEANING[name](a, b)
    assert folded == (expected if -(2**31) <= expected < 2**31 else None)


@pytest.mark.parametrize("name", OPS)
@given(a=st.integers(-20, 20), b=st.sampled_from([-1, 0, 1, 2]), swapped=st.booleans())
def test_neutral_operands(name: str, a: int, b: int, swapped: bool) -> None:
    x = create_ssa_value(IndexType())
    folded = value_of(fold(OPS[name](constant(b), x) if swapped else OPS[name](x, constant(b))))
    if folded is None:
        return
    meaning = MEANING[name](b, a) if swapped else MEANING[name](a, b)
    known = constant_of(folded) if isinstance(folded, SSAValue) else folded
    assert meaning == (a if folded is x else known)


@pytest.mark.parametrize("name", OPS)
def test_equal_operands(name: str) -> None:
    x = create_ssa_value(IndexType())
    folded = value_of(fold(OPS[name](x, x)))
    assert folded == {"arith.subi": 0, "arith.xori": 0}.get(
        name, x if name[6:] in ("minsi", "maxsi", "minui", "maxui", "andi", "ori") else None
    )


def test_quotients_of_products() -> None:
    x = create_ssa_value(IndexType())
    for product in (arith.MuliOp(x, constant(3)), arith.MuliOp(constant(3), x)):
        for cls in (arith.DivSIOp, arith.FloorDivSIOp, arith.CeilDivSIOp):
            assert fold(cls(product.result, constant(3))) is x
            assert fold(cls(product.result, constant(2))) is None
        assert value_of(fold(arith.RemSIOp(product.result, constant(3)))) == 0
    narrow = create_ssa_value(i32)
    three = arith.ConstantOp(IntegerAttr(3, i32)).result
    assert fold(arith.DivSIOp(arith.MuliOp(narrow, three).result, three)) is None  # the product may overflow


@pytest.mark.parametrize(
    ("predicate", "results"),
    [("eq", "010"), ("ne", "101"), ("slt", "100"), ("sle", "110"), ("sgt", "001"), ("sge", "011")],
)
def test_comparisons(predicate: str, results: str) -> None:
    for b, expected in zip((3, 2, 1), results, strict=True):
        folded = fold(arith.CmpiOp(constant(2), constant(b), predicate))
        assert isinstance(folded, arith.ConstantOp)
        assert folded.value == IntegerAttr(int(expected), i1, truncate_bits=True)
    x = create_ssa_value(IndexType())
    assert isinstance(fold(arith.CmpiOp(x, x, predicate)), arith.ConstantOp)
    assert fold(arith.CmpiOp(x, constant(1), "ult")) is None


def test_selections_and_casts() -> None:
    x, y = create_ssa_value(IndexType()), create_ssa_value(IndexType())
    condition = create_ssa_value(i1)
    true = arith.ConstantOp(IntegerAttr(1, i1, truncate_bits=True)).result
    false = arith.ConstantOp(IntegerAttr(0, i1)).result
    assert fold(arith.SelectOp(true, x, y)) is x
    assert fold(arith.SelectOp(false, x, y)) is y
    assert fold(arith.SelectOp(condition, x, x)) is x
    assert fold(arith.SelectOp(condition, x, y)) is None
    there = arith.IndexCastOp(x, i32)
    assert fold(arith.IndexCastOp(there.result, IndexType())) is x
    assert value_of(fold(arith.IndexCastOp(constant(5), i32))) == 5


def test_results_wider_than_the_device_stay() -> None:
    assert fold(arith.MuliOp(constant(2**20), constant(2**20))) is None
