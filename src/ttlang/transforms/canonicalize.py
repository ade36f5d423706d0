# SPDX-License-Identifier: Apache-2.0
"""The pass `canonicalize`."""

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import GreedyRewritePatternApplier, PatternRewriteWalker
from xdsl.transforms.canonicalize import CanonicalizationRewritePattern
from xdsl.transforms.dead_code_elimination import region_dce

from ttlang.dialects.locations import PreserveLocations


@dataclass(frozen=True)
class Canonicalize(ModulePass):
    """Applies the folds and canonicalization patterns of all dialects until nothing changes.

    As xDSL's pass of this name, but ops that it makes have the location of the op they replace.
    """

    name = "canonicalize"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        patterns = GreedyRewritePatternApplier(
            [CanonicalizationRewritePattern()], ctx=ctx, folding_enabled=True
        )
        PatternRewriteWalker(PreserveLocations(patterns), post_walk_func=region_dce).rewrite_module(op)
