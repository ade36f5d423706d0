# SPDX-License-Identifier: Apache-2.0
"""Compiled kernels: their stages, their arguments, and runs that are refused or left out."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.frontend.programs import execute, program

import ttlang as ttl
from ttlang.runtime import simulator_backend
from ttlang.runtime.compiled import STAGES
from ttlang.runtime.report import Error, RunReport


@pytest.fixture
def names(tmp_path: Path) -> dict[str, Any]:
    """The names of a script that compiled its kernel."""
    return execute(tmp_path / "script.py", program(call="compiled = k.compile(a, out)"))


@pytest.fixture
def launches(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(simulator_backend, "launch", lambda compiled, *_, **__: found.append(compiled.name))
    return found


def test_stages(names: dict[str, Any]) -> None:
    asm = names["compiled"].asm
    made = [stage for stage in STAGES if stage != "schedule"]
    assert list(asm) == [*made, "cpp"] and len(asm) == len(made) + 1
    assert {"ttl", "ttkernel", "emitc"} <= set(STAGES)
    assert all(asm[stage].strip() for stage in asm)
    for kernel, source in names["compiled"].kernels.items():
        assert f"// ===== {kernel}.cpp =====\n{source}" in asm["cpp"]
    with pytest.raises(
        KeyError, match=r"there is no stage 'llvm'; there are schedule, ttl, .*ttkernel, emitc, cpp"
    ):
        asm["llvm"]


def test_write(names: dict[str, Any], tmp_path: Path) -> None:
    written = names["compiled"].write(tmp_path / "out", ("ttl", "ttkernel", "emitc", "cpp"))
    assert {path.name for path in written} == {
        *(f"k.{kernel}.cpp" for kernel in ("compute", "read", "write")),
        *(f"k.{stage}.mlir" for stage in ("ttl", "ttkernel", "emitc")),
    }
    assert all(path.read_text("utf-8") for path in written)


WRONG_ARGUMENTS = {
    "too few": (lambda a, out: (a,), "'k' takes 2 tensors (a, out), got 1"),
    "shape": (
        lambda a, out: (a[:64], out),
        "argument 'a' of 'k' is 64x128 float32; it was compiled for 128x128 float32",
    ),
    "type": (
        lambda a, out: (a.astype(np.float16), out),
        "argument 'a' of 'k' is 128x128 float16; it was compiled for 128x128 float32",
    ),
    "memory": (
        lambda a, out: (ttl.tensor(a, memory=ttl.L1), out),
        "argument 'a' of 'k' is 128x128 float32 L1; it was compiled for 128x128 float32",
    ),
    "list": (
        lambda a, out: ([1], out),
        "argument 'a' of 'k' is no tensor; it was compiled for 128x128 float32",
    ),
    "unsupported": (
        lambda a, out: (a.astype(np.float64), out),
        "argument 'a' of 'k': data type float64 is not",
    ),
    "scalar": (
        lambda a, out: (np.array(1.0), out),
        "argument 'a' of 'k': a tensor needs at least one dimension",
    ),
    "read-only": (
        lambda a, out: (a, np.broadcast_to(out, out.shape)),
        "argument 'out' of 'k' is written to, but the array is read-only",
    ),
    "alias": (lambda a, out: (out, out), "argument 'out' of 'k' is written to and shares memory with 'a'"),
}


@pytest.mark.parametrize("mistake", WRONG_ARGUMENTS)
@pytest.mark.parametrize("only", ["0", "1"], ids=["run", "compile only"])
def test_arguments_of_a_run_are_checked(
    mistake: str, only: str, names: dict[str, Any], launches: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TTLANG_COMPILE_ONLY", only)
    arguments, message = WRONG_ARGUMENTS[mistake]
    with pytest.raises(ttl.CompileError) as caught:
        names["compiled"].run(*arguments(names["a"], names["out"]))
    assert str(caught.value).startswith(f"error: {message}")
    assert caught.value.location is not None and caught.value.location.file == __file__
    assert launches == []
    assert not names["out"].any()


@pytest.mark.parametrize(
    "views",
    [
        lambda whole: (whole[:128, :128], whole[128:, :128]),
        lambda whole: (whole[::2, :128], whole[1::2, :128]),
        lambda whole: (whole[:128, ::2], whole[:128, 1::2]),
    ],
    ids=["apart", "rows in turn", "columns in turn"],
)
def test_views_of_one_array_that_do_not_overlap(
    views: Any, names: dict[str, Any], launches: list[str]
) -> None:
    names["compiled"].run(*views(np.zeros((256, 256), np.float32)))
    assert launches == ["k"]


def test_inputs_may_share_memory_and_be_read_only(tmp_path: Path, launches: list[str]) -> None:
    text = program(call="a.setflags(write=False)\nk(a, out)\nk(np.broadcast_to(a[:1], a.shape), out)")
    execute(tmp_path / "script.py", text)
    assert launches == ["k", "k"]


def test_compile_only(tmp_path: Path, launches: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTLANG_COMPILE_ONLY", "1")
    names = execute(
        tmp_path / "script.py", program(call="report = k(a, out)\nerror = report.check(out, a + a)")
    )
    report = names["report"]
    assert isinstance(report, RunReport)
    assert not report.ran and report.cycles is None and names["error"] == 0.0
    assert launches == [] and not names["out"].any()
    assert "compiled only (TTLANG_COMPILE_ONLY)" in str(report)


def test_constants_are_arguments(tmp_path: Path, launches: list[str]) -> None:
    script = """\
import numpy as np
import ttlang as ttl


@ttl.kernel(grid=(1, 1))
def k(a, row, scale, name):
    cb = ttl.make_circular_buffer_like(a, shape=(1, 1))
    assert name == "n"

    @ttl.compute()
    def compute():
        with cb.wait() as block:
            block_copy = 0

    @ttl.datamovement()
    def read():
        with cb.reserve() as block:
            ttl.copy(a[row, 0], block).wait()


a = np.ones((128, 128), np.float32)
texts = [k.compile(a, row, 1.5, "n").asm["ttl"] for row in (0, 1, np.int64(1))]
k(a, np.int64(1), np.float32(1.5), "n")
"""
    names = execute(tmp_path / "script.py", script)
    first, second, third = names["texts"]
    assert first != second == third
    assert launches == ["k"]


def test_distance_of_results() -> None:
    expected = np.array([3.0, 4.0])
    assert Error.between(expected, expected) == Error(0.0, 0.0)
    assert Error.between(np.array([3.0, 9.0]), expected) == Error(1.0, 5.0)
    assert Error.between(np.array([2.0, 0.0]), np.zeros(2)) == Error(2.0, 2.0)
    assert not Error.between(np.array([np.nan, 4.0]), expected).relative_l2 <= 1.0
    with pytest.raises(ValueError, match="shapes differ"):
        Error.between(np.zeros(2), np.zeros(3))
