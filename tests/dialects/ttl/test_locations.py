# SPDX-License-Identifier: Apache-2.0
"""Locations survive parsing, printing, cloning, rewriting and folding; no pass leaves an op without one."""

import pytest
from xdsl.dialects import arith
from xdsl.dialects.builtin import FusedLoc, IntegerAttr, ModuleOp, NoneAttr, UnknownLoc, i32
from xdsl.ir import Operation
from xdsl.pattern_rewriter import PatternRewriter, PatternRewriteWalker, RewritePattern
from xdsl.rewriter import InsertPoint
from xdsl.traits import HasCanonicalizationPatternsTrait

from ttlang.diagnostics import CompileError
from ttlang.dialects import context
from ttlang.dialects.checking import parse, run_pass, verify
from ttlang.dialects.locations import (
    LocBuilder,
    PreserveLocations,
    call_site_loc,
    derived_loc,
    file_loc,
    fused_loc,
    is_known,
    leaf_locations,
    name_loc,
)
from ttlang.dialects.ttl import TTL
from ttlang.transforms import all_passes
from ttlang.transforms.canonicalization_patterns.ttl import PATTERNS

A, B = file_loc("k.py", 3, 5), file_loc("k.py", 4, 9)
PASSES = all_passes()


def unknown(module: ModuleOp) -> list[str]:
    return [op.name for op in module.walk() if not is_known(op.location)]


def test_parsed_ops_have_the_place_of_their_name() -> None:
    module = parse(context(), "\n  %a = arith.constant 1 : i32 // text\n", "t.mlir")
    constant = module.body.block.first_op
    assert constant is not None
    assert constant.location == file_loc("t.mlir", 2, 8)
    assert unknown(module) == []


def test_lines_of_a_piece_count_from_the_top_of_the_file() -> None:
    module = parse(context(), "%a = arith.constant 1 : i32", "t.mlir", line_offset=10)
    constant = module.body.block.first_op
    assert constant is not None
    assert constant.location == file_loc("t.mlir", 11, 6)


def test_implicit_terminators_have_the_place_of_their_op() -> None:
    text = 'func.func @f(%c: i1) {\n scf.if %c {\n ttl.signpost "a"\n }\n func.return }'
    module = parse(context(), text, "t.mlir")
    [terminator] = [op for op in module.walk() if op.name == "scf.yield"]
    assert terminator.location == file_loc("t.mlir", 2, 2)


@pytest.mark.parametrize("name", PASSES)
def test_no_pass_leaves_an_op_without_location(name: str, piece: str) -> None:
    ctx = context(allow_unregistered='"use"' in piece)
    module = parse(ctx, piece, "corpus.mlir")
    verify(module)
    assert unknown(module) == []
    try:
        run_pass(ctx, module, PASSES[name]()())
    except CompileError:
        return  # the piece is no program that this pass takes: it says so
    assert unknown(module) == []
    verify(module)


@pytest.mark.parametrize(
    "pipeline", [["ttl-canonicalize", "cse", "licm", "dce"], ["canonicalize", "ttl-canonicalize"]]
)
def test_pipelines_of_general_passes(pipeline: list[str], piece: str) -> None:
    ctx = context(allow_unregistered='"use"' in piece)
    module = parse(ctx, piece, "corpus.mlir")
    for name in pipeline:
        PASSES[name]()().apply(ctx, module)
        verify(module)
        assert unknown(module) == []


def test_folding_keeps_the_place_of_what_is_folded() -> None:
    text = """
    %a = arith.constant 3 : index
    %b = arith.constant 4 : index
    %c = arith.muli %a, %b : index loc("k.py":7:1)
    ttl.print %c
    """
    for name in ("canonicalize", "ttl-canonicalize"):
        ctx = context()
        module = parse(ctx, text, "t.mlir")
        PASSES[name]()().apply(ctx, module)
        [constant] = [op for op in module.walk() if isinstance(op, arith.ConstantOp)]
        assert constant.value == IntegerAttr.from_index_int_value(12)
        assert constant.location == file_loc("k.py", 7, 1)


def test_leaves_come_the_most_specific_first() -> None:
    loc = name_loc("pass", fused_loc([call_site_loc(B, A), A]))
    assert list(leaf_locations(loc)) == [B, A, A]
    assert list(leaf_locations(UnknownLoc())) == []
    assert list(leaf_locations(name_loc("x", UnknownLoc()))) == []


def test_fused_locations_are_flat_and_distinct() -> None:
    fused = fused_loc([A, fused_loc([A, B]), UnknownLoc()])
    assert isinstance(fused, FusedLoc)
    assert list(fused.locations) == [A, B]  # type: ignore[call-overload]
    assert isinstance(fused.metadata, NoneAttr)
    assert fused_loc([A, A]) == A
    assert fused_loc([]) == UnknownLoc()


def test_a_tag_is_not_repeated() -> None:
    assert derived_loc(derived_loc(A, "unroll"), "unroll") == name_loc("unroll", A)


def test_a_builder_stamps_ops_without_location() -> None:
    module = ModuleOp([])
    builder = LocBuilder(InsertPoint.at_end(module.body.block))
    with builder.at(A):
        first = builder.insert(arith.ConstantOp(IntegerAttr(1, i32)))
        with builder.at(B):
            second = builder.insert(arith.ConstantOp(IntegerAttr(2, i32)))
        third = arith.ConstantOp(IntegerAttr(3, i32))
        third.location = B
        builder.insert(third)
    assert [op.location for op in (first, second, third)] == [A, B, B]


@pytest.mark.parametrize(("tag", "expected"), [(None, A), ("double", name_loc("double", A))])
def test_rewritten_ops_inherit_the_place(tag: str | None, expected: object) -> None:
    class Double(RewritePattern):
        def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter, /) -> None:
            if isinstance(op, arith.ConstantOp):
                rewriter.replace(op, arith.ConstantOp(IntegerAttr(2, i32)))

    constant = arith.ConstantOp(IntegerAttr(1, i32))
    constant.location = A
    module = ModuleOp([constant])
    PatternRewriteWalker(PreserveLocations(Double(), tag), apply_recursively=False).rewrite_module(module)
    [new] = module.body.block.ops
    assert new.location == expected


def test_ops_with_patterns_say_so() -> None:
    for op in TTL.operations:
        has_trait = any(isinstance(trait, HasCanonicalizationPatternsTrait) for trait in op.traits.traits)
        assert not (op.name in PATTERNS and not has_trait), f"{op.name} has patterns but no trait"
