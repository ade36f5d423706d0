# SPDX-License-Identifier: Apache-2.0
"""Each mistake in a thread is refused before anything runs, with one exact diagnostic at its place."""

from pathlib import Path

import numpy as np
import pytest
from tests.frontend import bad_elements, bad_expressions, bad_single_threaded, bad_threads
from tests.frontend.programs import Case, execute, program

import ttlang as ttl
from ttlang.runtime import simulator_backend

CASES = (*bad_threads.CASES, *bad_expressions.CASES, *bad_elements.CASES, *bad_single_threaded.CASES)


@pytest.fixture
def launches(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the programs that were launched."""
    names: list[str] = []
    monkeypatch.setattr(simulator_backend, "launch", lambda compiled, *_, **__: names.append(compiled.name))
    return names


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_diagnostic(case: Case, tmp_path: Path, launches: list[str]) -> None:
    script = tmp_path / "script.py"
    with pytest.raises(ttl.CompileError) as caught:
        execute(script, case.text)
    assert str(caught.value) == case.expected(str(script))
    assert launches == []
    names = caught.value.names  # type: ignore[attr-defined]
    assert not names["out"].any()
    assert (names["a"] == np.ones_like(names["a"])).all()


def test_the_program_without_mistakes_runs(tmp_path: Path, launches: list[str]) -> None:
    execute(tmp_path / "script.py", program())
    assert launches == ["k"]


def test_names_are_unique() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names))


CONSTRUCTS = (
    ("try:\n    pass\nexcept ValueError:\n    pass", "'try'", None),
    ("try:\n    pass\nexcept* ValueError:\n    pass", "'try'", None),
    ("raise ValueError()", "'raise'", None),
    ("import math", "'import'", "import modules at the top of the file"),
    ("from math import pi", "'import'", "import modules at the top of the file"),
    ("global g", "'global'", None),
    ("nonlocal y", "'nonlocal'", None),
    (
        "class C:\n    pass",
        "a class definition",
        "define classes outside of the thread; attributes of their objects are read at compile time",
    ),
    ("async def f():\n    pass", "'async def'", None),
    ("n = 1\ndel n", "'del'", None),
    ("match x:\n    case _:\n        pass", "'match'", "use 'if' and 'elif'"),
    ("n = [i for i in range(2)]", "a list comprehension", None),
    ("n = {i for i in range(2)}", "a set comprehension", None),
    ("n = {i: i for i in range(2)}", "a dict comprehension", None),
    ("n = sum(i for i in range(2))", "a generator expression", None),
    ("n = {1: 2}", "a dict", None),
    ("n = {1, 2}", "a set", None),
    ("n = f'{x}'", "an f-string", None),
    ("n = (m := 1)", "':='", None),
    ("n = (*[1], 2)", "'*' here", None),
    ("n, *m = 1, 2, 3", "a starred target", None),
    ("a.n = 1", "assignment to an attribute", None),
    ("a[0, 0] = 1", "assignment to an element", None),
    ("a[0] += 1", "augmented assignment to an element", None),
    ("n = max(**{})", "'**' in a call", None),
    ("n = x & 1", "operator '&'", None),
    ("n = x | 1", "operator '|'", None),
    ("n = x ^ 1", "operator '^'", None),
    ("n = x << 1", "operator '<<'", None),
    ("n = x >> 1", "operator '>>'", None),
    ("n = ~x", "operator '~'", None),
    ("n = 1\nn <<= 1", "operator '<<='", None),
)


@pytest.mark.parametrize(
    ("source", "construct", "hint"), CONSTRUCTS, ids=[c[0].split("\n")[-1] for c in CONSTRUCTS]
)
def test_construct_of_python_that_threads_lack(
    source: str, construct: str, hint: str | None, tmp_path: Path, launches: list[str]
) -> None:
    script = tmp_path / "script.py"
    text = program(read=source, globals="g = 1")
    with pytest.raises(ttl.CompileError) as caught:
        execute(script, text)
    first, place, line, caret, *rest = str(caught.value).split("\n")
    assert first == f"error: {construct} cannot be compiled in a thread"
    number = int(place.removeprefix(f"  at {script}:").split(":")[0])
    lines = text.splitlines()
    assert lines[number - 1].strip() == line.strip()
    assert 21 <= number < 21 + source.count("\n") + 1
    assert caret.strip("~ ") == "^"
    assert rest == ([] if hint is None else [f"  help: {hint}"])
    assert launches == []


@pytest.mark.parametrize("construct", ["yield 1", "yield from ()", "await x"])
def test_threads_are_plain_functions(construct: str, tmp_path: Path) -> None:
    prefix = "async " if construct.startswith("await") else ""
    kernel = f"@ttl.datamovement()\n{prefix}def first():\n    {construct}"
    with pytest.raises(ttl.CompileError, match="a thread is a plain function, made with 'def'"):
        execute(tmp_path / "script.py", program(kernel=kernel))


def test_error_in_a_helper_of_another_file(tmp_path: Path) -> None:
    (tmp_path / "helpers_of_a_thread.py").write_text("def half(n):\n    return n / 2\n", encoding="utf-8")
    script = tmp_path / "script.py"
    text = program(
        globals=f"import sys\n\nsys.path.insert(0, {str(tmp_path)!r})\nfrom helpers_of_a_thread import half",
        read="n = half(x)",
    )
    with pytest.raises(ttl.CompileError) as caught:
        execute(script, text)
    message = str(caught.value)
    assert (
        f"\n  at {tmp_path / 'helpers_of_a_thread.py'}:2:12\n      return n / 2\n             ^~~~~\n"
        in message
    )
    assert "\n  note: 'half' is called at " + str(script) in message


def test_columns_count_characters(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    with pytest.raises(ttl.CompileError) as caught:
        execute(script, program(read="größe = 'äöü'; n = größe_1"))
    assert "\n      größe = 'äöü'; n = größe_1\n" + " " * 6 + " " * 19 + "^~~~~~~" in str(caught.value)


def test_kernel_without_source() -> None:
    names: dict[str, object] = {}
    exec(
        compile(program(call="").replace("import numpy as np", "import numpy as np\n"), "<made>", "exec"),
        names,
    )
    kernel = names["k"]
    assert isinstance(kernel, ttl.Kernel)
    with pytest.raises(ttl.CompileError) as caught:
        kernel.compile(names["a"], names["out"])
    assert str(caught.value) == (
        "error: the source of 'compute' is not at hand (<made>)\n"
        "  help: threads are compiled from source: define kernels in a file, or in a notebook cell"
    )
