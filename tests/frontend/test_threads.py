# SPDX-License-Identifier: Apache-2.0
"""How threads are compiled: what stays a loop, what is unrolled, what is inlined, and where each op comes from."""

import linecache
import sys
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from tests.frontend import evaluator
from tests.frontend.evaluator import compiled_values
from tests.frontend.programs import execute, program
from xdsl.dialects import scf
from xdsl.dialects.builtin import CallSiteLoc, FileLineColLoc, ModuleOp, UnknownLoc
from xdsl.ir import Operation

import ttlang as ttl
from ttlang.dialects.locations import leaf_locations
from ttlang.dialects.ttl.data_movement import IndexAccessorOp
from ttlang.frontend.program import ProgramBuilder

_SCRIPTS = count()


def built(tmp_path: Path, **parts: str) -> ModuleOp:
    """The TTL module of a program."""
    names = execute(tmp_path / f"script_{next(_SCRIPTS)}.py", program(call="", **parts))
    scope = names["k"].trace([names["a"], names["out"]])
    return ProgramBuilder(scope).build()


def ops(module: ModuleOp, kind: type[Operation]) -> list[Operation]:
    return [op for op in module.walk() if isinstance(op, kind)]


def test_every_op_has_a_place_in_the_script(tmp_path: Path) -> None:
    module = built(
        tmp_path,
        globals="def twice(n):\n    return n + n",
        read="""\
total = 0
for i in range(x, 4):
    if i > 1 and not y:
        total += twice(i) // 3 if x else 2
for r in (0, 1):
    with a_cb.reserve() as block:
        ttl.copy(a[min(total, 3), r], block).wait()""",
    )
    for op in module.walk():
        assert not isinstance(op.location, UnknownLoc), op
        for leaf in leaf_locations(op.location):
            assert Path(leaf.filename.data).name.startswith("script_")
            assert leaf.line.data > 0 and leaf.column.data > 0


def test_location_is_that_of_the_expression(tmp_path: Path) -> None:
    module = built(tmp_path, read="with a_cb.reserve() as block:\n    ttl.copy(a[y, x], block).wait()")
    accessor = ops(module, IndexAccessorOp)[0]
    location = accessor.location
    assert isinstance(location, FileLineColLoc)
    line = linecache.getline(location.filename.data, location.line.data)
    assert line[location.column.data - 1 :].startswith("a[y, x]")


def test_inlined_ops_know_their_call_sites(tmp_path: Path) -> None:
    module = built(
        tmp_path,
        globals="def inner(n):\n    return n * n\n\n\ndef outer(n):\n    return inner(n + 1)",
        read="n = outer(x)\nwith a_cb.reserve() as block:\n    ttl.copy(a[min(n, 3), 0], block).wait()",
    )
    places = []
    for op in module.walk():
        if op.name == "arith.muli" and isinstance(op.location, CallSiteLoc):
            location = op.location
            while isinstance(location, CallSiteLoc):
                places.append(location.callee)
                location = location.caller
            places.append(location)
    texts = [linecache.getline(p.filename.data, p.line.data).strip() for p in places]
    assert texts == ["return n * n", "return inner(n + 1)", "n = outer(x)"]


def test_names_of_values_are_those_of_the_script(tmp_path: Path) -> None:
    text = str(
        built(
            tmp_path,
            read="row = y + x\nfor column in range(2):\n    with a_cb.reserve() as block:\n"
            "        transfer = ttl.copy(a[row % 4, column], block)\n        transfer.wait()",
        )
    )
    for name in (
        "%a_cb = ttl.create_cb",
        "%row = arith.addi %core_y",
        "scf.for %column",
        "%block = ",
        "%transfer = ",
    ):
        assert name in text, name


def test_loops_over_ranges_stay_loops_and_others_are_unrolled(tmp_path: Path) -> None:
    def copies(loop: str) -> tuple[int, int]:
        module = built(
            tmp_path,
            read=f"for i in {loop}:\n    with a_cb.reserve() as block:\n        ttl.copy(a[i, 0], block).wait()",
        )
        loops = [op for op in ops(module, scf.ForOp)]
        return len(loops), len(ops(module, IndexAccessorOp)) - 1

    assert copies("range(4)") == (1, 1)
    assert copies("range(1)") == (0, 1)
    assert copies("range(3, -1, -1)") == (1, 1)
    assert copies("(0, 2, 3)") == (0, 3)
    assert copies("[1]") == (0, 1)
    assert copies("reversed([0, 1])") == (0, 2)


@pytest.mark.parametrize(
    "body",
    [
        "if x > 0:\n    ttl.copy(a[x + 9, 0], block).wait()\nelse:\n    ttl.copy(a[0, 0], block).wait()",
        "row = x - (x // 2) * 2\nttl.copy(a[row, 0], block).wait()",
        "rows = slice(x, x + 1)\nttl.copy(a[rows, 0], block).wait()",
        "ttl.copy(a[(4 * x) % 4, 0], block).wait()",
        "for i in range(2):\n    for j in range(i):\n        ttl.copy(a[i - j - 1, 0], block).wait()",
        "check(a, block, x)",
    ],
)
def test_accesses_that_may_be_right_are_accepted(body: str, tmp_path: Path) -> None:
    source = "with a_cb.reserve() as block:\n" + "\n".join("    " + line for line in body.split("\n"))
    helper = "def check(a, block, x):\n    if x > 2:\n        ttl.copy(a[x + 2, 0], block).wait()\n    else:\n        ttl.copy(a[0, 0], block).wait()"
    built(tmp_path, decorator="grid=(4, 1)", globals=helper, read=source)


def test_release_on_both_sides_of_an_if(tmp_path: Path) -> None:
    module = built(
        tmp_path,
        read="block = a_cb.reserve()\nttl.copy(a[0, 0], block).wait()\n"
        "if x > 0:\n    block.push()\nelse:\n    a_cb.push()",
    )
    assert str(module).count("ttl.cb_push %a_cb") == 2


def test_helpers_with_defaults_keywords_and_early_return(tmp_path: Path) -> None:
    helper = "def pick(n, *, scale=2, extra=(1, 2)):\n    if scale == 2:\n        return n * scale + extra[1]\n    return n"
    namespace: dict[str, object] = {}
    linecache.cache["<helper>"] = (len(helper), None, helper.splitlines(keepends=True), "<helper>")
    exec(compile(helper, "<helper>", "exec"), namespace)
    pick = namespace["pick"]
    assert compiled_values("result = pick(x)", pick=pick) == {
        (x, y): 2 * x + 2 for x in range(4) for y in range(3)
    }
    assert compiled_values("result = pick(scale=3, n=x)", pick=pick) == {
        (x, y): x for x in range(4) for y in range(3)
    }
    assert compiled_values("result = pick(*[x], extra=(0, y))", pick=pick) == {
        (x, y): 2 * x + y for x in range(4) for y in range(3)
    }


def test_lambdas_of_one_line(tmp_path: Path) -> None:
    text = "first, second = lambda n: n + 1, lambda n: n + 2\n"
    path = tmp_path / "lambdas.py"
    names = execute(path, text)
    values = compiled_values(
        "result = first(x) * 10 + second(y)", first=names["first"], second=names["second"]
    )
    assert values == {(x, y): (x + 1) * 10 + y + 2 for x in range(4) for y in range(3)}


class Config:
    rows = 3

    def __init__(self) -> None:
        self.columns = 5


def test_captured_values() -> None:
    values = compiled_values(
        "result = (config.rows * config.columns, number + x, table['n'], float_value)",
        config=Config(),
        number=np.int64(4),
        table={"n": 7},
        float_value=np.float32(0.5),
    )
    assert values[2, 1] == (15, 6, 7, 0.5)


def test_tuples_of_coordinates_are_captured(tmp_path: Path) -> None:
    module = built(
        tmp_path,
        kernel="here = (y, x)\nrows = slice(x, x + 1)",
        read="p, q = here\nfor i in range(p):\n    with a_cb.reserve() as block:\n"
        "        ttl.copy(a[rows, q], block).wait()",
    )
    assert "scf.for" in str(module)


KERNEL_SCOPE = {
    "x + y * 4": lambda x, y: x + y * 4,
    "7 - x": lambda x, y: 7 - x,
    "-x": lambda x, y: -x,
    "x // 2 + y % 2": lambda x, y: x // 2 + y % 2,
    "17 // (x + 1)": lambda x, y: 17 // (x + 1),
    "divmod(x + 4 * y, 3)": lambda x, y: divmod(x + 4 * y, 3),
    "divmod(9, x + 1)": lambda x, y: divmod(9, x + 1),
    "(x > 1) & (y < 2)": lambda x, y: x > 1 and y < 2,
    "(x > 1) | (y == 2)": lambda x, y: x > 1 or y == 2,
    "+x": lambda x, y: x,
}


@pytest.mark.parametrize("expression", KERNEL_SCOPE)
def test_coordinates_in_kernel_scope(expression: str) -> None:
    text = f"@ttl.kernel(grid=(4, 3))\ndef kernel(a):\n    x, y = ttl.core()\n    value = {expression}\n\n"
    text += "    @ttl.datamovement()\n    def read():\n        result = value\n"
    file = f"<scope {next(_SCRIPTS)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    names = {"ttl": ttl}
    exec(compile(text, file, "exec"), names)
    scope = names["kernel"].trace([np.zeros((32, 32), np.float32)])  # type: ignore[attr-defined]
    compiler = evaluator.ThreadCompiler(ProgramBuilder(scope), scope.threads[0])
    block = compiler.compile()
    for x in range(4):
        for y in range(3):
            machine = evaluator.Evaluator((x, y), {})
            machine.block(block)
            assert evaluator.value_of(machine, compiler.frame.locals["result"]) == KERNEL_SCOPE[expression](
                x, y
            )


def test_recursion_limit_is_not_reached_by_long_functions(tmp_path: Path) -> None:
    lines = "\n".join(f"n{i} = x + {i}" for i in range(sys.getrecursionlimit() + 100))
    built(tmp_path, read=lines)


def test_what_leaves_a_loop_early_makes_it_a_while(tmp_path: Path) -> None:
    def loops(body: str) -> tuple[int, int]:
        module = built(tmp_path, read=f"for i in range(4):\n    {body}\n    n = i")
        return len(ops(module, scf.ForOp)), len(ops(module, scf.WhileOp))

    plain, _ = loops("pass")
    assert loops("pass") == (plain, 0)
    assert loops("if x > i: continue") == (plain, 0)
    assert loops("if x > i: break") == (plain - 1, 1)
    assert loops("if x > i: return") == (plain - 1, 1)
