# SPDX-License-Identifier: Apache-2.0
"""Passes on modules of every stage of the pipeline: they run, or say what stage they are for; nothing comes from inside."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.frontend.programs import execute, program
from xdsl.dialects.builtin import ModuleOp

import ttlang as ttl
from ttlang.dialects import context
from ttlang.dialects.checking import run_pass
from ttlang.frontend.program import ProgramBuilder
from ttlang.pipelines import ANALYSIS, EMISSION, HOST, LOWERING, Observer, run_passes
from ttlang.transforms.pipeline_text import parse_passes

EVERY = (*ANALYSIS, *HOST, *LOWERING, *EMISSION)
PASSES = (
    "ttcore-register-device",
    "ttl-validate",
    "ttl-canonicalize",
    "ttl-verify-layouts",
    "ttl-insert-synchronization",
    "ttl-expand-threads",
    "ttl-to-ttmetal",
    "ttl-lower-data-movement",
    "ttl-lower-synchronization",
)
PARTS = {
    "kernel": "s = ttl.Semaphore()\nnet = ttl.PipeNet([ttl.Pipe(src=(0, 0), dst=(1, 0))])",
    "read": """
        s.set(1)
        with a_cb.reserve() as block:
            ttl.copy(a[0, 0], block).wait()
            net.if_src(lambda pipe: ttl.copy(block, pipe))
            net.if_dst(lambda pipe: ttl.copy(pipe, block))
    """,
    "write": "s.wait_eq(1)\nwith out_cb.wait() as block:\n    ttl.copy(block, out[0, 0])",
}


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ModuleOp]:
    """The module before each pass of the pipeline, by that pass."""
    return dict(_stages(tmp_path_factory.mktemp("stages") / "script.py"))


def _stages(path: Path) -> Iterator[tuple[str, ModuleOp]]:
    names = execute(path, program(call="", **PARTS))
    module = ProgramBuilder(names["k"].trace([names["a"], names["out"]])).build()
    for name in EVERY:
        yield name, module.clone()
        run_passes(module, [name], Observer())
    yield "", module


@pytest.mark.parametrize("name", PASSES)
def test_a_pass_on_every_stage(name: str, stages: dict[str, ModuleOp]) -> None:
    for before, module in stages.items():
        copy = module.clone()
        (transform,) = parse_passes(name)
        try:
            run_pass(context(), copy, transform)
        except ttl.CompileError as error:
            assert "cannot take this module" not in error.message, f"{name} before {before}: {error}"
            assert before != name
        else:
            copy.verify()


EXPECTED = {
    (
        "ttl-validate",
        "ttl-assign-dst-registers",
    ): "ttl-validate works on threads, and those of this kernel are functions",
    ("ttl-verify-layouts", "ttl-to-ttmetal"): "ttl-verify-layouts works on threads",
    (
        "ttl-insert-synchronization",
        "ttl-expand-threads",
    ): "works on tensors, and those of this program are buffers",
    ("ttl-insert-synchronization", "ttl-legalize-compute"): "this kernel is synchronised already",
    ("ttl-to-ttmetal", "ttl-validate"): "the threads of this kernel are not functions yet",
    ("ttl-to-ttmetal", "ttl-assign-dst-registers"): "has no DST registers yet",
    ("ttl-to-ttmetal", ""): "is lowered already",
    (
        "ttl-lower-data-movement",
        "ttl-validate",
    ): "ttl-lower-data-movement works on functions, and this is a thread yet",
    ("ttl-lower-synchronization", "ttl-expand-threads"): "ttl-lower-synchronization works on functions",
    (
        "ttl-lower-synchronization",
        "ttl-lower-data-movement",
    ): "finds a ttl.tensor_accessor that is not lowered yet",
    ("ttl-lower-synchronization", "ttl-lower-compute"): "that is not lowered yet",
}


@pytest.mark.parametrize(("name", "before"), EXPECTED)
def test_the_wrong_stage_is_named(name: str, before: str, stages: dict[str, ModuleOp]) -> None:
    with pytest.raises(ttl.CompileError) as caught:
        run_pass(context(), stages[before].clone(), parse_passes(name)[0])
    assert EXPECTED[name, before] in caught.value.message
