# SPDX-License-Identifier: Apache-2.0
"""Control flow, assertions and prints of threads on the simulator, against what Python does."""

import importlib.util
import inspect
import re
import textwrap
from collections.abc import Iterator

import numpy as np
import pytest

import ttlang as ttl
from ttlang.simulator import AssertionFault

TILE, TILES, CORES = 32, 12, 2


def while_with_continue(x: int) -> Iterator[int]:
    i = 0
    while i < 3 + x:
        i += 1
        if i == 2:
            continue
        yield i


def endless_with_break(x: int) -> Iterator[int]:
    j = 10
    while True:
        j -= 1
        if j < 5 + x:
            break
    yield j


def for_down_with_break(x: int) -> Iterator[int]:
    for i in range(7, -1, -1):
        if i == 5 - x:
            break
        if i == 6:
            continue
        yield i
    yield i


def nested_with_break(x: int) -> Iterator[int]:
    for i in range(3):
        for j in range(4):
            if i * j > x:
                break
            if j == 1:
                continue
            yield i * 4 + j
        if i == 1 + x:
            break


def written_out_with_break(x: int) -> Iterator[int]:
    for t in (1, 2, 3):
        if t == x + 2:
            break
        yield t


def early_return(x: int) -> Iterator[int]:
    yield 1
    if x == 0:
        return
    yield 2
    for i in range(5):
        if i == 2 * x:
            return
        yield i
    yield 11


def find(n: int) -> int:
    for i in range(8):
        if i * i >= n:
            return i
    return 11


def helper_with_returns(x: int) -> Iterator[int]:
    yield find(x + 3)
    yield find(99 + x)


def branches_of_equal_values(x: int) -> Iterator[int]:
    n = 3
    if x == 0:  # noqa: SIM108
        n = 5
    else:
        n = 5
    yield n


PROGRAMS = (
    while_with_continue,
    endless_with_break,
    for_down_with_break,
    nested_with_break,
    written_out_with_break,
    early_return,
    helper_with_returns,
    branches_of_equal_values,
)
"""What each yields are the tiles of a column that its thread copies, one after the other."""


def rows() -> tuple[np.ndarray, np.ndarray]:
    """Tiles that hold their number, and room for one column of them per core."""
    numbers = np.repeat(np.arange(TILES, dtype=np.float32), TILE)[:, None]
    return np.ascontiguousarray(numbers * np.ones((1, TILE), np.float32)), np.full(
        (TILES * TILE, CORES * TILE), -1, np.float32
    )


def copying(program, tmp_path):
    """A kernel whose reader is `program`, with a copy of a tile in the place of each `yield`."""
    body = textwrap.dedent(inspect.getsource(program)).split("\n", 1)[1]
    body = re.sub(
        r"^( *)yield (.*)$", r"\1with cb.reserve() as b:\n\1    ttl.copy(a[\2, 0], b)", body, flags=re.M
    )
    counts = [len(list(program(x))) for x in range(CORES)]
    source = f"""\
import ttlang as ttl

{inspect.getsource(find)}

@ttl.kernel(grid=({CORES}, 1))
def kernel(a, out):
    cb = ttl.CircularBuffer((1, 1), dtype=a.dtype)
    x, y = ttl.core(dims=2)

    @ttl.datamovement()
    def read():
{textwrap.indent(body, "    ")}

    @ttl.datamovement()
    def write():
        for i in range({counts[0]} + {counts[1] - counts[0]} * x):
            with cb.wait() as b:
                ttl.copy(b, out[i, x])
"""
    file = tmp_path / "kernel.py"
    file.write_text(source)
    spec = importlib.util.spec_from_file_location("kernel_under_test", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.kernel


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_tiles_are_those_of_python(program, tmp_path):
    kernel = copying(program, tmp_path)
    a, out = rows()
    kernel(a, out)
    for x in range(CORES):
        expected = list(program(x))
        column = out[:, x * TILE].reshape(TILES, TILE)[:, 0]
        assert column.tolist() == expected + [-1] * (TILES - len(expected))


def reporting(limit: int):
    @ttl.kernel(grid=(2, 1))
    def kernel(a, out):
        cb = ttl.CircularBuffer((1, 1), dtype=a.dtype)
        doubled = ttl.CircularBuffer((1, 1), dtype=a.dtype)
        x, _ = ttl.core(dims=2)

        @ttl.datamovement()
        def read():
            for i in range(2):
                assert i + x < limit, f'core leaves "{limit}"'
                with cb.reserve() as b:
                    print(f"i = {i}, x - 1 = {x - 1}", i * 2, 3.5, sep=";")
                    ttl.copy(a[i, x], b)

        @ttl.compute()
        def double():
            i = 0
            while True:
                with cb.wait() as b, doubled.reserve() as o:
                    o.store(b + b)
                ttl.signpost("turn")
                ttl.signpost("turn")
                print("computed", i)
                i += 1
                if i == 2:
                    break

        @ttl.datamovement()
        def write():
            for i in range(2):
                with doubled.wait() as b:
                    ttl.copy(b, out[i, x])

    return kernel


def test_prints_signposts_and_a_loop_of_the_compute_thread():
    a = np.arange(64 * 64, dtype=np.float32).reshape(64, 64)
    out = np.zeros_like(a)
    kernel = reporting(9)
    report = kernel(a, out)
    assert np.array_equal(out, 2 * a)
    for x in range(2):
        lines = [line for line in report.prints if line.startswith(f"{x}:0:")]
        assert [line for line in lines if "i =" in line] == [
            f"{x}:0:NC: i = {i}, x - 1 = {x - 1};{2 * i};3.5" for i in range(2)
        ]
        assert [line for line in lines if "computed" in line] == [
            f"{x}:0:TR1: computed {i}" for i in range(2)
        ]
    cpp = str(kernel.compile(a, out).asm["cpp"])
    assert cpp.count('{ DeviceZoneScopedN("turn"); }') == 2


def test_an_assertion_fails_on_the_device():
    a = np.ones((64, 64), np.float32)
    with pytest.raises(AssertionFault) as caught:
        reporting(2)(a, np.zeros_like(a))
    text = str(caught.value)
    assert text.startswith('assertion failed: core leaves "2"')
    assert "test_control_flow.py" in text and "assert i + x < limit" in text
