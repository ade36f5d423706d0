# SPDX-License-Identifier: Apache-2.0
"""The pipeline: its stages, what a user can see of them, and what happens when a pass fails."""

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ml_dtypes import bfloat16
from tests.frontend.programs import execute, program
from xdsl.dialects.builtin import ModuleOp
from xdsl.utils.exceptions import VerifyException

import ttlang as ttl
from ttlang import pipelines
from ttlang.codegen.cpp_printer import print_cpp
from ttlang.codegen.host_program import drop_programs
from ttlang.dialects import context
from ttlang.dialects.checking import parse
from ttlang.frontend.program import ProgramBuilder
from ttlang.pipelines import (
    ANALYSIS,
    EMISSION,
    LOWERING,
    TTL_TO_TTKERNEL,
    Observer,
    compile_module,
    ir_text,
    run_passes,
)
from ttlang.transforms import PASSES
from ttlang.transforms.pipeline_text import parse_passes


def module(tmp_path: Path, **parts: str) -> ModuleOp:
    names = execute(tmp_path / "script.py", program(call="", **parts))
    return ProgramBuilder(names["k"].trace([names["a"], names["out"]])).build()


def test_every_pass_of_the_pipelines_exists() -> None:
    for name in (*ANALYSIS, *LOWERING, *EMISSION):
        assert name in PASSES
        assert pipelines._pass(name).name == name


def test_stages_hold_their_dialects(tmp_path: Path) -> None:
    result = compile_module(module(tmp_path), "0.81", Observer(verify_each=True))
    assert "ttl.program @k" in result.ttl and "ttkernel." not in result.ttl
    assert "ttkernel.tile_regs_acquire" in result.ttkernel and "ttl.block" not in result.ttkernel
    assert "emitc.call_opaque" in result.emitc and "ttkernel." not in result.emitc
    assert sorted(kernel.name for kernel in result.kernels) == ["compute", "read", "write"]
    for kernel in result.kernels:
        assert "void kernel_main()" in kernel.source
    assert {*ANALYSIS, *LOWERING, *EMISSION, "verify", "print-cpp"} <= set(result.pass_seconds)


def test_compilation_is_deterministic(tmp_path: Path) -> None:
    first, second = (compile_module(module(tmp_path), "0.81") for _ in range(2))
    for stage in ("ttl", "ttkernel", "emitc"):
        assert getattr(first, stage) == getattr(second, stage)
    assert [k.source for k in first.kernels] == [k.source for k in second.kernels]


def test_line_map_leads_to_the_script(tmp_path: Path) -> None:
    result = compile_module(module(tmp_path), "0.81")
    script = (tmp_path / "script.py").read_text("utf-8").splitlines()
    for kernel in result.kernels:
        assert kernel.line_map
        for cpp_line, (file, line, _) in kernel.line_map.items():
            assert 1 <= cpp_line <= len(kernel.source.splitlines())
            assert Path(file) == tmp_path / "script.py"
            assert script[line - 1].strip()
    read = next(kernel for kernel in result.kernels if kernel.name == "read")
    calls = [i for i, text in enumerate(read.source.splitlines(), 1) if "noc_async_read" in text]
    assert calls
    for call in calls:
        assert "ttl.copy(a[0, 0], block)" in script[read.line_map[call][1] - 1]


def test_verbose_prints_each_pass(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    compile_module(module(tmp_path), "0.81", Observer(verbose=True))
    shown = [line for line in capfd.readouterr().err.splitlines() if line.startswith("// ----- after ")]
    names = [line.removeprefix("// ----- after ").removesuffix(" -----") for line in shown]
    assert [name for name in names if name in (*ANALYSIS, *LOWERING, *EMISSION)] == [
        *ANALYSIS,
        *LOWERING,
        *EMISSION,
    ]


def test_dumps_of_two_kernels_do_not_overwrite_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dumps = tmp_path / "dumps"
    monkeypatch.setenv("TTLANG_DUMP_DIR", str(dumps))
    execute(tmp_path / "one.py", program(call="k.compile(a, out)"))
    execute(
        tmp_path / "two.py",
        program(
            call="k.compile(a, out)",
            read="with a_cb.reserve() as block:\n    ttl.copy(a[1, 0], block).wait()",
        ),
    )
    first, second = sorted(dumps.iterdir())
    for folder in (first, second):
        assert folder.name.endswith("_k")
        names = {path.name for path in folder.iterdir()}
        assert {"00_ttl.mlir", "compute.cpp", "read.cpp", "write.cpp"} <= names
        assert any(name.endswith("_ttl-validate.mlir") for name in names)
        assert any(name.endswith("_convert-ttkernel-to-emitc.mlir") for name in names)
    assert (first / "00_ttl.mlir").read_text("utf-8") != (second / "00_ttl.mlir").read_text("utf-8")


def test_dump_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    monkeypatch.setenv("TTLANG_DUMP_DIR", str(tmp_path / "file"))
    with pytest.raises(
        ttl.TTLangError, match="error: the folder that TTLANG_DUMP_DIR names cannot be written to"
    ):
        execute(tmp_path / "script.py", program(call="k.compile(a, out)"))


def test_failing_pass_is_named_and_its_input_kept(tmp_path: Path) -> None:
    wrong = module(tmp_path, compute="block = a_cb.wait()\nwith out_cb.reserve() as r:\n    r.store(block)")
    observer = Observer(dump_dir=str(tmp_path / "dumps"), name="k")
    with pytest.raises(ttl.CompileError) as caught:
        run_passes(wrong, ANALYSIS, observer)
    assert caught.value.__notes__ == ["in the pass ttl-validate"]
    (kept,) = (tmp_path / "dumps").glob("*/failed_ttl-validate.mlir")
    text = kept.read_text("utf-8")
    assert text.startswith("// the module when ttl-validate failed\n") and "ttl.cb_wait" in text


def test_verify_each_finds_what_a_pass_breaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Breaking:
        def __init__(self, **_: Any):
            pass

        def apply(self, ctx: Any, op: ModuleOp) -> None:
            def refuse(*_: Any, **__: Any) -> None:
                raise VerifyException("broken")

            op.verify = refuse  # type: ignore[method-assign]

    monkeypatch.setitem(pipelines._PASS_CACHE, "ttl-validate", Breaking)
    run_passes(module(tmp_path), ["ttl-validate"], Observer(verify_each=False))
    with pytest.raises(VerifyException, match="broken"):
        run_passes(module(tmp_path), ["ttl-validate"], Observer(verify_each=True))


EXAMPLES: dict[str, tuple[Callable[[dict[str, Any]], Any], int]] = {
    "eltwise_add": (lambda names: names["eltwise_add"], 3),
    "matmul": (lambda names: names["make_matmul"]((2, 2)), 3),
    "softmax": (lambda names: names["softmax"], 2),
}
"""The kernel of each example, and how many tensors it takes."""


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_pipeline_of_the_plan_makes_what_the_compiler_makes(name: str) -> None:
    """Section 7.3's text, run on the text of an example's first stage."""
    find, count = EXAMPLES[name]
    path = Path(__file__).parents[1] / "examples" / f"{name}.py"
    arrays = [np.zeros((256, 256), bfloat16) for _ in range(count)]
    made = ProgramBuilder(find(runpy.run_path(str(path))).trace(arrays)).build()
    expected = compile_module(made, "0.81")

    ctx = context()
    again = parse(ctx, expected.ttl)
    for transform in parse_passes(TTL_TO_TTKERNEL):
        transform.apply(ctx, again)
    drop_programs(again)
    assert ir_text(again) == expected.ttkernel
    for transform in parse_passes("builtin.module(convert-ttkernel-to-emitc{metal-version=0.81})"):
        transform.apply(ctx, again)
    again.verify()
    assert ir_text(again) == expected.emitc
    sources = [_code(kernel.source) for kernel in print_cpp(again, metal_version="0.81")]
    assert sources == [_code(kernel.source) for kernel in expected.kernels]


def _code(source: str) -> list[str]:
    """The lines of C++ that are not comments, which name Python lines."""
    return [line for line in source.splitlines() if not line.lstrip().startswith("//")]
