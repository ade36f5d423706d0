# SPDX-License-Identifier: Apache-2.0
"""Ops in a list, against the walk of the IR library."""

from bench.language_kernels import KERNELS

from ttlang.dialects import context
from ttlang.dialects.checking import parse
from ttlang.dialects.walking import ops_in


def test_the_order_is_that_of_the_library() -> None:
    kernel, arguments, _ = KERNELS["matmul"]()
    asm = kernel.compile(*arguments).asm
    for stage in ("ttl", "ttmetal", "ttkernel", "emitc"):
        module = parse(context(), asm[stage])
        assert ops_in(module) == list(module.walk())
        assert ops_in(module.body) == list(module.body.walk())
