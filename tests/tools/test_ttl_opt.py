# SPDX-License-Identifier: Apache-2.0
"""The driver `ttl-opt`: input, output, diagnostics, exit codes, documentation."""

import io
import subprocess
import sys
from pathlib import Path

import pytest

from ttlang.dialects import OWN, available, load
from ttlang.pipelines import ANALYSIS, LOWERING, TTL_TO_TTKERNEL
from ttlang.tools.opt import main
from ttlang.transforms import COMPOSITES, all_passes

CB = "%cb = ttl.create_cb shape=[2, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2"
PRINTED = (
    "builtin.module {\n"
    "  %cb = ttl.create_cb shape=[2, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2"
    " : !ttl.cb<[2,1], !ttcore.tile<32x32, bf16>, 2, L1>\n"
    "}\n"
)


def run(
    *arguments: str,
    text: str | bytes = "",
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[int, str, str]:
    data = text.encode() if isinstance(text, str) else text
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))
    code = main(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture
def opt(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    return lambda *arguments, text="": run(*arguments, text=text, capsys=capsys, monkeypatch=monkeypatch)


def test_standard_input(opt) -> None:
    assert opt(text=CB) == (0, PRINTED, "")


def test_file_to_file(opt, tmp_path: Path) -> None:
    (tmp_path / "in.mlir").write_text(CB)
    assert opt(str(tmp_path / "in.mlir"), "-o", str(tmp_path / "out.mlir")) == (0, "", "")
    assert (tmp_path / "out.mlir").read_text() == PRINTED


def test_generic_form_and_locations(opt) -> None:
    code, out, _ = opt("--generic", "--locations", text=CB)
    assert code == 0
    assert '"ttl.create_cb"() <{' in out
    assert 'loc("<stdin>":1:7)' in out


def test_pipeline(opt) -> None:
    code, out, err = opt("-p", "ttl-validate,canonicalize,cse", text="ttl.program @p() grid = [1] { }")
    assert (code, err) == (0, "")
    assert "ttl.program @p" in out
    assert opt("-p", "ttl-canonicalize", text=CB)[1] == "builtin.module {\n}\n"


def test_times_of_passes(opt) -> None:
    code, _, err = opt("-p", "ttl-canonicalize,cse", "--time-passes", text=CB)
    assert code == 0
    assert [line.split()[-1] for line in err.splitlines()] == ["ttl-canonicalize", "cse"]


def test_split_input(opt) -> None:
    assert opt("--split-input-file", text=f"{CB}\n// -----\n{CB}") == (0, f"{PRINTED}// -----\n{PRINTED}", "")


BAD = {
    "unknown op": (
        "\n  ttl.nothing",
        "<stdin>:2:3: error: there is no op ttl.nothing\n    ttl.nothing\n    ^\n",
    ),
    "unknown attribute": (
        "ttl.dma_barrier {a = #ttl.nothing}",
        "<stdin>:1:34: error: 'ttl.nothing' is not registered\n  ttl.dma_barrier {a = #ttl.nothing}\n"
        "                                   ^\n",
    ),
    "missing operand": ("ttl.wait", "<stdin>:1:9: error: operand expected\n  ttl.wait\n          ^\n"),
    "wrong type": (
        "%i = arith.constant 1 : index\nttl.wait %i",
        "<stdin>:2:1: error: 'ttl.wait' op operand 'tx' at position 0 does not verify:"
        " index should be of base attribute ttl.mem_tx\n  ttl.wait %i\n  ^\n",
    ),
    "unterminated region": (
        "ttl.kernel {",
        "<stdin>:1:13: error: expected an op, a block label, or '}'\n  ttl.kernel {\n              ^\n",
    ),
    "verifier": (
        f"{CB}\nttl.cb_wait %cb, 3",
        "<stdin>:2:1: error: 'ttl.cb_wait' op 3 tiles, but a block of"
        " !ttl.cb<[2,1], !ttcore.tile<32x32, bf16>, 2, L1> has 2\n  ttl.cb_wait %cb, 3\n  ^\n",
    ),
    "bytes": (b"ttl.\xff", "<stdin>:1:5: error: not UTF-8 text: byte 0xff\n"),
    "nothing": ("", "<stdin>:1:1: error: expected an op, but there is no text\n"),
    "a location elsewhere": (
        f'{CB}\nttl.cb_wait %cb, 3 loc("kernel.py":7:4)',
        "kernel.py:7:4: error: 'ttl.cb_wait' op 3 tiles, but a block of"
        " !ttl.cb<[2,1], !ttcore.tile<32x32, bf16>, 2, L1> has 2\n",
    ),
}


@pytest.mark.parametrize("name", BAD, ids=lambda name: name.replace(" ", "-"))
def test_bad_input(name: str, opt) -> None:
    text, message = BAD[name]
    code, out, err = opt(text=text)
    assert (code, out) == (1, "")
    assert err == message


def test_bad_input_leaves_standard_output_empty_whatever_came_before(opt) -> None:
    code, out, err = opt("--split-input-file", text=f"{CB}\n// -----\n\nttl.wait %x")
    assert (code, out) == (1, "")
    assert err == "<stdin>:4:10: error: %x is not defined here\n  ttl.wait %x\n           ^\n"


def test_a_megabyte_of_noise(opt) -> None:
    code, out, err = opt(text="(%<\x7f" * 250_000)
    assert (code, out) == (1, "")
    assert err.startswith("<stdin>:1:1: error: ")
    assert len(err) < 500


@pytest.mark.parametrize("depth", [100, 100_000])
def test_deeply_nested_regions(depth: int, opt) -> None:
    code, out, err = opt(text="builtin.module {" * depth + "}" * depth)
    assert (code, out) == (1, "")
    assert "nested more than 64 deep" in err


def test_a_pass_that_fails(opt) -> None:
    thread = "ttl.compute_thread { \n ttl.cb_pop %cb, 2 }"
    text = f"ttl.program @p() grid = [1] {{ {CB}\n ttl.kernel {{ {thread} }} }}"
    code, out, err = opt("-p", "ttl-validate", text=text)
    assert (code, out) == (1, "")
    assert err.startswith("<stdin>:3:2: error: ")


@pytest.mark.parametrize(
    ("pipeline", "message"),
    [
        (
            "ttl-nothing",
            "error: pipeline 'ttl-nothing': there is no pass 'ttl-nothing'\n  help: the passes are ",
        ),
        ("cse{", "error: the pipeline 'cse{' is malformed: "),
        ("cse{nothing=1}", "error: pipeline 'cse{nothing=1}': "),
        ("builtin.module(cse", "error: the pipeline 'builtin.module(cse' is malformed: "),
        (
            "ttl-allocate-cbs{a=1}",
            "error: pipeline 'ttl-allocate-cbs{a=1}': 'ttl-allocate-cbs' stands for several passes and takes no options\n"
            "  help: name them: ttl-canonicalize,",
        ),
    ],
)
def test_bad_pipelines(pipeline: str, message: str, opt) -> None:
    code, out, err = opt("-p", pipeline, text=CB)
    assert (code, out) == (1, "")
    assert err.startswith(message)


def test_files_that_are_not_there(opt, tmp_path: Path) -> None:
    code, _, err = opt(str(tmp_path / "none.mlir"))
    assert code == 1
    assert err == f"error: cannot read {tmp_path / 'none.mlir'}: No such file or directory\n"
    code, _, err = opt("-o", str(tmp_path / "none" / "out"), text=CB)
    assert code == 1
    assert err == f"error: cannot write {tmp_path / 'none' / 'out'}: No such file or directory\n"


PLAN = (  # section 7.3 of the plan, word for word
    "builtin.module("
    "ttcore-register-device,"
    "ttl-validate,"
    "ttl-insert-synchronization,"
    "ttl-allocate-cbs,"
    "ttl-expand-threads,"
    "ttl-assign-dst-registers,"
    "ttl-lower-to-ttkernel"
    ")"
)


def test_the_pipeline_of_the_plan_is_printed_pass_by_pass(opt) -> None:
    assert PLAN == TTL_TO_TTKERNEL
    code, out, err = opt("-p", PLAN, "--print-pipeline")
    assert (code, err) == (0, "")
    names = out.removeprefix("builtin.module(").removesuffix(")\n").split(",")
    assert names[:3] == ["ttcore-register-device", "ttl-validate", "ttl-insert-synchronization"]
    assert sorted((*names, "ttl-lower-distribution")) == sorted((*ANALYSIS, *LOWERING))
    assert not set(names) & set(COMPOSITES)
    assert opt("-p", out.strip(), "--print-pipeline") == (0, out, "")


def test_a_pipeline_in_mlir_form_with_options_and_spaces(opt) -> None:
    text = "builtin.module( ttl-canonicalize ,\n convert-ttkernel-to-emitc{metal-version=0.69} )"
    printed = 'builtin.module(ttl-canonicalize,convert-ttkernel-to-emitc{metal_version="0.69"})\n'
    assert opt("--pass-pipeline", text, "--print-pipeline") == (0, printed, "")
    assert opt("-p", text, text=CB) == (0, "builtin.module {\n}\n", "")


def test_the_list_of_passes_shows_composites(opt) -> None:
    code, out, _ = opt("--list-passes")
    assert code == 0
    for name in all_passes():
        assert f"  {name} " in out
    for name, members in COMPOSITES.items():
        assert f"  {name:36} {','.join(members)}\n" in out


EXPECTED = """
// expected-error @below {{%x is not defined}}
ttl.wait %x
// -----
ttl.wait %y // expected-error {{is not defined here}}
// -----
ttl.wait %z
// expected-error @above {{%z}}
// -----
// expected-error @+2 {{is not}}

ttl.wait %w
// -----
ttl.dma_barrier
"""


def test_expected_diagnostics(opt) -> None:
    assert opt("--verify-diagnostics", "--split-input-file", text=EXPECTED)[0] == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ttl.wait %x", "<stdin>:1:10: error: unexpected error: %x is not defined here\n"),
        (
            "// expected-error @+2 {{%x}}\nttl.wait %x",
            "<stdin>:2:10: error: unexpected error: %x is not defined here\n"
            "<stdin>:1: error: expected error was not produced: {{%x}}\n",
        ),
        (
            "// expected-error @below {{other}}\nttl.wait %x",
            "<stdin>:2:10: error: unexpected error: %x is not defined here\n"
            "<stdin>:1: error: expected error was not produced: {{other}}\n",
        ),
        (
            "ttl.dma_barrier // expected-error {{a}}",
            "<stdin>:1: error: expected error was not produced: {{a}}\n",
        ),
        (
            "ttl.dma_barrier // expected-note {{a}}",
            "<stdin>:1: error: expected note was not produced: {{a}}\n",
        ),
    ],
)
def test_diagnostics_that_differ(text: str, message: str, opt) -> None:
    code, out, err = opt("--verify-diagnostics", text=text)
    assert (code, out, err) == (1, "", message)


def test_help_lists_dialects_and_passes(opt) -> None:
    code, out, _ = opt("--help")
    assert code == 0
    for name in all_passes():
        assert f"  {name} " in out
    for name, path in available().items():
        assert name in out
        for op in load(path).operations if name in OWN else ():
            assert f" {op.name} " in out
    assert "Consumer acquire: wait until a block has been pushed." in out


def test_documentation_is_written_and_checked(opt, tmp_path: Path) -> None:
    assert opt("--dialect-docs", str(tmp_path))[0] == 0
    names = {file.name for file in tmp_path.iterdir()}
    assert {"ttl.md", "ttcore.md", "passes.md"} <= names
    assert opt("--dialect-docs", str(tmp_path), "--check") == (0, "", "")
    (tmp_path / "ttl.md").write_text("stale")
    code, _, err = opt("--dialect-docs", str(tmp_path), "--check")
    assert code == 1
    assert "ttl.md is stale" in err


def test_documentation_in_the_repository_is_fresh(opt) -> None:
    folder = Path(__file__).parents[2] / "docs" / "dialects"
    code, _, err = opt("--dialect-docs", str(folder), "--check")
    assert code == 0, err


def test_every_own_op_type_and_pass_is_documented() -> None:
    for name in OWN:
        if name not in available() or name == "ttkernel":
            continue
        dialect = load(available()[name])
        for cls in (*dialect.operations, *dialect.attributes):
            if cls.__module__.startswith("ttlang."):
                assert cls.__doc__, cls.name
    for name, factory in all_passes().items():
        cls = factory()
        assert cls.__doc__ or not cls.__module__.startswith("ttlang."), name


def test_the_transform_dialect_is_not_loaded() -> None:
    code = (
        "import sys, ttlang; assert not [m for m in sys.modules if m.startswith('xdsl.dialects.transform')]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_it_runs_as_a_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ttlang.tools.opt"], input=CB, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, PRINTED, "")
