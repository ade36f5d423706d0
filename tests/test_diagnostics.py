# SPDX-License-Identifier: Apache-2.0
"""Diagnostics: their layout, and what an uncaught one prints."""

import linecache
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.frontend.programs import program

from ttlang.diagnostics import CompileError, Note, SourceLocation


@pytest.fixture
def file() -> str:
    text = "first\n    größer = wert(1, 2)  # ok\n\tn = 1\n\n"
    linecache.cache["<lines>"] = (len(text), None, text.splitlines(keepends=True), "<lines>")
    return "<lines>"


def test_layout(file: str) -> None:
    error = CompileError(
        "this is wrong",
        SourceLocation(file, 2, 14, 10),
        [Note("that is why", SourceLocation(file, 1, 1, 5)), Note("a remark")],
        "do that",
    )
    assert str(error) == (
        "error: this is wrong\n"
        "  at <lines>:2:14\n"
        "      größer = wert(1, 2)  # ok\n"
        "               ^~~~~~~~~~\n"
        "  note: that is why at <lines>:1:1\n"
        "      first\n"
        "      ^~~~~\n"
        "  note: a remark\n"
        "  help: do that"
    )


def test_without_location() -> None:
    assert str(CompileError("this is wrong")) == "error: this is wrong"


@pytest.mark.parametrize(("line", "column"), [(4, 1), (99, 1)])
def test_line_that_is_not_there(file: str, line: int, column: int) -> None:
    assert (
        str(CompileError("wrong", SourceLocation(file, line, column)))
        == f"error: wrong\n  at <lines>:{line}:{column}"
    )


def test_marks_end_with_the_line(file: str) -> None:
    assert SourceLocation(file, 1, 3, 50).excerpt("") == "\nfirst\n  ^~~"
    assert SourceLocation(file, 3, 2, 5).excerpt("") == "\nn = 1\n^~~~~"


def test_columns_from_bytes(file: str) -> None:
    assert SourceLocation.of_bytes(file, 2, 15, 25) == SourceLocation(file, 2, 14, 10)
    assert SourceLocation.of_bytes(file, 2, 15, None) == SourceLocation(file, 2, 14, 1)
    assert SourceLocation.of_bytes("<nowhere>", 2, 15, 25) == SourceLocation("<nowhere>", 2, 16, 10)


def line_of(path: Path, snippet: str) -> int:
    """Number of the only line that holds this text."""
    (number,) = (i for i, line in enumerate(path.read_text("utf-8").splitlines(), 1) if snippet in line)
    return number


def standard_error(path: Path, text: str) -> tuple[int, str]:
    path.write_text(text, encoding="utf-8")
    result = subprocess.run(
        [sys.executable, str(path)], capture_output=True, text=True, env=os.environ, check=False
    )
    assert result.stdout == ""
    return result.returncode, result.stderr


def test_uncaught_error_of_a_thread(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    code, shown = standard_error(script, program(read="import os\nos"))
    assert code == 1
    assert shown == (
        "error: 'import' cannot be compiled in a thread\n"
        f"  at {script}:{line_of(script, 'import os')}:9\n      import os\n      ^~~~~~~~~\n"
        "  help: import modules at the top of the file\n"
    )


def test_uncaught_error_of_a_pass(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    code, shown = standard_error(
        script, program(compute="block = a_cb.wait()\nwith out_cb.reserve() as r:\n    r.store(block)")
    )
    assert code == 1
    assert shown == (
        "error: the block acquired by wait() is not released before the thread ends\n"
        f"  at {script}:{line_of(script, 'block = a_cb')}:17\n      block = a_cb.wait()\n              ^~~~~~~~~~~\n"
        "  help: call pop() on it, or acquire it in a 'with'\n"
    )


def test_uncaught_error_of_a_call(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    code, shown = standard_error(script, program(call="k(out, out)"))
    assert code == 1
    assert shown == (
        "error: argument 'out' of 'k' is written to and shares memory with 'a'\n"
        f"  at {script}:{line_of(script, 'k(out, out)')}:1\n      k(out, out)\n      ^~~~~~~~~~~\n"
        "  help: pass an array of its own for the output\n"
    )


def test_error_of_the_user_shows_the_users_frames_only(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    code, shown = standard_error(script, program(kernel="assert a.shape[0] % 96 == 0, 'whole blocks'"))
    assert code == 1
    assert shown == (
        "Traceback (most recent call last):\n"
        f'  File "{script}", line 32, in <module>\n'
        "    k(a, out)\n"
        f'  File "{script}", line 12, in k\n'
        "    assert a.shape[0] % 96 == 0, 'whole blocks'\n"
        "           ^^^^^^^^^^^^^^^^^^^^\n"
        "AssertionError: whole blocks\n"
    )


def test_other_errors_print_as_always(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    text = program(call="try:\n    k(a)\nexcept ttl.CompileError:\n    pass\nraise ValueError('mine')")
    code, shown = standard_error(script, text)
    assert code == 1
    assert shown == (
        f'Traceback (most recent call last):\n  File "{script}", line 36, in <module>\n'
        "    raise ValueError('mine')\nValueError: mine\n"
    )


_IN_A_THREAD = """

import threading

worker = threading.Thread(target=lambda: {call}, name="worker")
worker.start()
worker.join()
"""


def test_uncaught_in_another_thread(tmp_path: Path) -> None:
    text = program(read="ttl.copy(a[0], a_cb)", call=_IN_A_THREAD.format(call="k(a, out)"))
    code, errors = standard_error(tmp_path / "script.py", text)
    assert code == 0  # Python's rule: the main thread goes on
    assert errors.startswith("in worker: error: 1 index for tensor 'a' of rank 2\n  at ")
    assert "Traceback" not in errors


def test_error_of_the_users_function_in_another_thread(tmp_path: Path) -> None:
    text = program(kernel="1 / 0", call=_IN_A_THREAD.format(call="k(a, out)"))
    _, errors = standard_error(tmp_path / "script.py", text)
    assert "ZeroDivisionError" in errors and "    1 / 0\n" in errors
    assert f"ttlang{os.sep}" not in errors


_NOTEBOOK = """
import sys, types

class Shell:
    def set_custom_exc(self, kinds, hook):
        self.kinds, self.hook = kinds, hook

shell = Shell()
sys.modules["IPython"] = types.SimpleNamespace(get_ipython=lambda: shell)
try:
    k(a, out)
except Exception as error:
    assert isinstance(error, shell.kinds)
    shell.hook(shell, type(error), error, error.__traceback__, tb_offset=1)
"""


def test_uncaught_in_a_notebook(tmp_path: Path) -> None:
    code, errors = standard_error(
        tmp_path / "script.py", program(read="ttl.copy(a[0], a_cb)", call=_NOTEBOOK)
    )
    assert code == 0
    assert errors.startswith("error: 1 index for tensor 'a' of rank 2\n  at ")
    assert "Traceback" not in errors
