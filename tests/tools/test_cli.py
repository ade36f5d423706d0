# SPDX-License-Identifier: Apache-2.0
"""The command `ttl`, run as users run it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.end_to_end.kernels import elementwise_kernel

import ttlang

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def ttl(*arguments, cwd=None):
    return subprocess.run(
        [sys.executable, "-m", "ttlang.tools.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
    )


def test_version():
    result = ttl("--version")
    assert (result.returncode, result.stdout) == (0, f"ttl {ttlang.__version__}\n")


def test_run_passes_arguments_and_chip():
    result = ttl("run", "--chip", "blackhole", EXAMPLES / "eltwise_add.py", "256")
    assert result.returncode == 0, result.stderr
    assert "8 x 8 cores of blackhole" in result.stdout
    assert "eltwise_add 256x256" in result.stdout


def test_run_table_and_no_timing():
    result = ttl("run", EXAMPLES / "eltwise_add.py", "256", "--no-timing", "--table")
    assert result.returncode == 0, result.stderr
    assert "cycles" not in result.stdout
    assert result.stdout.count("grid") == 2


def test_run_writes_reports_and_traces(tmp_path):
    result = ttl(
        "run",
        EXAMPLES / "matmul.py",
        "512",
        "--report",
        tmp_path / "r.json",
        "--trace",
        tmp_path / "t.json.gz",
    )
    assert result.returncode == 0, result.stderr
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"r.json", "r_2.json", "t.json.gz", "t_2.json.gz"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--report", "r.txt"], "error: r.txt: the name must end in .html or .json\n"),
        (["--trace", "t.html"], "error: t.html: the name must end in .json or .json.gz\n"),
        (["--trace", "missing/t.json"], "error: there is no folder missing\n"),
        (
            ["--no-timing", "--trace", "t.json"],
            "error: --no-timing leaves nothing to report; leave out one of them\n",
        ),
    ],
)
def test_run_refuses_reports_that_cannot_be_written(options, message, tmp_path):
    result = ttl("run", EXAMPLES / "eltwise_add.py", "64", *options, cwd=tmp_path)
    assert (result.returncode, result.stderr, result.stdout) == (2, message, "")


def test_run_returns_the_exit_code_of_the_script(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import sys\nsys.exit(3)\n")
    assert ttl("run", script).returncode == 3


def test_compile_writes_every_stage(tmp_path):
    result = ttl(
        "compile", EXAMPLES / "matmul.py", "--emit", "ttl,ttkernel,emitc,cpp", "-o", tmp_path / "out"
    )
    assert result.returncode == 0, result.stderr
    names = {str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*") if p.is_file()}
    stages = {"matmul.ttl.mlir", "matmul.ttkernel.mlir", "matmul.emitc.mlir"}
    threads = {f"matmul.{thread}.cpp" for thread in ("multiply", "read", "write")}
    assert names == stages | threads | {f"matmul_2/{name}" for name in stages | threads}
    assert "ttl.block_matmul" in (tmp_path / "out" / "matmul.ttl.mlir").read_text()
    assert "ttkernel.matmul_block" in (tmp_path / "out" / "matmul.ttkernel.mlir").read_text()
    assert "emitc.call_opaque" in (tmp_path / "out" / "matmul.emitc.mlir").read_text()
    assert "matmul_block(" in (tmp_path / "out" / "matmul.multiply.cpp").read_text()


def test_compile_without_ttkernel(tmp_path):
    script = EXAMPLES / "eltwise_add.py"
    for backend in ("simulator", "direct"):
        result = ttl(
            "compile", script, "--emit", "ttl,emitc,cpp", "--backend", backend, "-o", tmp_path / backend
        )
        assert result.returncode == 0, result.stderr
    written = sorted(path.name for path in (tmp_path / "direct").iterdir())
    assert written == sorted(path.name for path in (tmp_path / "simulator").iterdir()) != []
    for name in written:
        assert (tmp_path / "direct" / name).read_text() == (tmp_path / "simulator" / name).read_text()


@pytest.mark.parametrize(
    "options, message",
    [
        (("--backend", "gpu"), "error: there is no backend 'gpu'; there are simulator, ttnn, direct"),
        (
            ("--backend", "direct", "--emit", "ttkernel"),
            "error: there is no stage 'ttkernel' with --backend direct: it makes EmitC of TTL at once",
        ),
    ],
)
def test_compile_refuses_backends_and_stages_that_there_are_not(tmp_path, options, message):
    result = ttl("compile", EXAMPLES / "eltwise_add.py", *options, "-o", tmp_path)
    assert result.returncode == 2 and message in result.stderr


def test_compile_prints_pass_times(tmp_path):
    result = ttl("compile", EXAMPLES / "eltwise_add.py", "--time-passes", "-o", tmp_path)
    assert result.returncode == 0, result.stderr
    assert "ttl-lower-compute" in result.stdout and "total" in result.stdout


def test_program_files_run_and_are_inspected(tmp_path):
    a = np.arange(1024, dtype=np.float32).reshape(32, 32)
    np.save(tmp_path / "a.npy", a)
    np.save(tmp_path / "b.npy", np.ones_like(a))
    elementwise_kernel(lambda x, y: x + y).compile(a, a, a.copy()).save(tmp_path / "sum.ttm")
    result = ttl("run", "sum.ttm", "--in", "a.npy", "b.npy", "--out", "out.npy", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "simulated" in result.stdout
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), a + 1, rtol=2**-9)

    shown = ttl("inspect", "sum.ttm", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    for part in ("elementwise", "float32", "compute", "reader", "writer"):
        assert part in shown.stdout
    assert "ttl.program @elementwise" in ttl("inspect", "sum.ttm", "--stage", "ttl", cwd=tmp_path).stdout


def test_a_damaged_program_file_is_an_error(tmp_path):
    (tmp_path / "bad.ttm").write_bytes(b"not a program")
    result = ttl("inspect", "bad.ttm", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("error: ") and "bad.ttm" in result.stderr


def test_inputs_of_a_script(tmp_path):
    (tmp_path / "x.py").write_text("")
    result = ttl("run", "x.py", "--in", "a.npy", cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr == (
        "error: --in and --out go with program files (.ttm); a script gets its arguments after FILE\n"
    )


def test_doctor():
    result = ttl("doctor")
    assert result.returncode == 0, result.stdout
    for line in ("ttlang", "xdsl", "C++ compiler", "simulator engine", "cache"):
        assert line in result.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["run", "missing.py"], 2, "error: there is no file missing.py\n"),
        (
            ["run", "--chip", "grayskull", "x.py"],
            2,
            "error: chip 'grayskull' is not known; there are wormhole_b0, blackhole\n",
        ),
        (
            ["compile", "x.py", "--emit", "asm"],
            2,
            "error: stage 'asm' is not known; there are schedule, ttl, ttmetal, ttkernel, emitc, cpp\n",
        ),
    ],
)
def test_bad_input(tmp_path, arguments, code, message):
    result = ttl(*arguments, cwd=tmp_path)
    assert (result.returncode, result.stdout, result.stderr) == (code, "", message)


def test_unknown_option(tmp_path):
    result = ttl("run", "--speed", "x.py", cwd=tmp_path)
    assert result.returncode == 2
    assert "No such option: --speed" in result.stderr


def test_compile_of_a_script_without_kernels(tmp_path):
    (tmp_path / "empty.py").write_text("x = 1\n")
    result = ttl("compile", "empty.py", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (1, "error: empty.py called no kernel\n")


def test_an_error_in_a_kernel_is_shown_without_a_traceback(tmp_path):
    script = tmp_path / "bad.py"
    script.write_text(
        "import numpy as np\n"
        "import ttlang as ttl\n"
        "@ttl.kernel(grid=(1, 1))\n"
        "def k(x):\n"
        "    cb = ttl.make_circular_buffer_like(x, shape=(1, 1))\n"
        "    @ttl.compute()\n"
        "    def c():\n"
        "        cb.pop()\n"
        "k(np.zeros((32, 32), np.float32))\n"
    )
    result = ttl("run", "bad.py", cwd=tmp_path)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert "bad.py:8:9" in result.stderr
