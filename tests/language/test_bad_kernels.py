# SPDX-License-Identifier: Apache-2.0
"""Each mistake in a kernel, its decorator or its arguments is refused with one exact diagnostic; nothing runs."""

from pathlib import Path

import numpy as np
import pytest
from tests.frontend.programs import Case, execute
from tests.language import bad_kernels, bad_parts

import ttlang as ttl
from ttlang.runtime import simulator_backend

CASES = (*bad_kernels.CASES, *bad_parts.CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_diagnostic(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    launches: list[str] = []
    monkeypatch.setattr(
        simulator_backend, "launch", lambda compiled, *_, **__: launches.append(compiled.name)
    )
    script = tmp_path / "script.py"
    with pytest.raises(ttl.CompileError) as caught:
        execute(script, case.text)
    assert str(caught.value) == case.expected(str(script))
    assert launches == []
    out = caught.value.names.get("out")  # type: ignore[attr-defined]
    assert out is None or not out.any()


def test_names_are_unique() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names))


def test_unknown_keyword_of_the_decorator() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'cores'"):
        ttl.kernel(cores=4)  # type: ignore[call-arg]


def test_error_of_the_grid_function_is_the_users() -> None:
    @ttl.kernel(grid=lambda a: 1 / 0)
    def kernel(a):
        pass

    with pytest.raises(ZeroDivisionError):
        kernel.compile(np.zeros((32, 32), np.float32))


def test_error_of_the_kernel_body_is_the_users() -> None:
    @ttl.kernel(grid=(1, 1))
    def kernel(a):
        raise LookupError("of the user")

    with pytest.raises(LookupError, match="of the user"):
        kernel.compile(np.zeros((32, 32), np.float32))
