# SPDX-License-Identifier: Apache-2.0
"""Whether the buffers of a kernel have room in L1."""

from xdsl.dialects.builtin import ModuleOp

from ttlang.diagnostics import CompileError


def overflow(module: ModuleOp) -> str | None:
    """What the allocation of circular buffers says against a module, which it uses up; None when they fit.

    The module is taken as far as that pass, which knows the buffers that the compiler adds, those that lie in shards, and
    which share memory.
    """
    from ttlang.pipelines import ANALYSIS, Observer, run_passes

    names = ANALYSIS[: ANALYSIS.index("ttl-allocate-circular-buffers")]
    unobserved = Observer(verbose=False, verify_each=False, dump_dir=None)
    try:
        run_passes(module, names, unobserved)
    except CompileError:
        return None  # wrong in another way: the check of the step, or the compilation, tells
    try:
        run_passes(module, ("ttl-allocate-circular-buffers",), unobserved)
    except CompileError as error:
        return error.message
    return None
