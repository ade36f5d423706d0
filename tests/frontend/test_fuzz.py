# SPDX-License-Identifier: Apache-2.0
"""Whatever stands in a thread, the front end compiles it or refuses it with a diagnostic at a line of the script."""

import linecache
from itertools import count

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.frontend.programs import program

import ttlang as ttl
from ttlang.frontend.program import ProgramBuilder

ATOMS = (
    *(
        "x",
        "y",
        "a",
        "out",
        "a_cb",
        "out_cb",
        "block",
        "slot",
        "transfer",
        "flag",
        "helper",
        "nested",
        "ttl",
        "table",
    ),
    *(
        "0",
        "1",
        "-3",
        "2.5",
        "True",
        "None",
        "'text'",
        "()",
        "(1, x)",
        "[block, 1]",
        "slice(0, 1)",
        "slice(x, y)",
    ),
    *(
        "range(4)",
        "range(x)",
        "range(3, y, -1)",
        "ttl.float32",
        "ttl.math",
        "a[0, 0]",
        "(lambda n: n)",
        "undefined",
    ),
)
BINARY = (
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "**",
    "@",
    "&",
    "<",
    "<=",
    "==",
    "!=",
    "is",
    "in",
    "not in",
    "and",
    "or",
)
CALLS = (
    *(
        "abs",
        "min",
        "max",
        "len",
        "sum",
        "int",
        "bool",
        "list",
        "tuple",
        "reversed",
        "zip",
        "enumerate",
        "divmod",
    ),
    *("range", "slice", "helper", "nested", "ttl.copy", "ttl.core", "ttl.grid_size", "ttl.TensorAccessor"),
    *(
        "ttl.math.exp",
        "ttl.math.where",
        "ttl.math.fill",
        "ttl.math.reduce_sum",
        "ttl.math.broadcast",
        "ttl.math.max",
    ),
    *(
        "ttl.math.transpose",
        "ttl.math.typecast",
        "block.store",
        "slot.store",
        "a_cb.wait",
        "a_cb.pop",
        "block.pop",
    ),
    *("slot.push", "transfer.wait", "ttl.CircularBuffer", "print", "float", "str"),
)
KEYWORDS = (
    "",
    "dims=0, ",
    "dims=[-1], ",
    "acc=True, ",
    "dtype='float32', ",
    "start=1, ",
    "strict=True, ",
    "nothing=1, ",
)
PROLOGUE = {
    "compute": "block = a_cb.wait()\nslot = out_cb.reserve()\ntransfer = 0\n",
    "read": "block = out_cb.wait()\nslot = a_cb.reserve()\ntransfer = ttl.copy(a[0, 0], slot)\n",
}
_FILES = count()


def _grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(BINARY), inner),
        st.builds("({}({}))".format, st.sampled_from(["-", "+", "not ", "~"]), inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("({} < {} < {})".format, inner, inner, inner),
        st.builds("{}[{}]".format, inner, inner),
        st.builds("{}[{}:{}, {}]".format, st.sampled_from(["a", "out", "table"]), inner, inner, inner),
        st.builds(
            "({}).{}".format, inner, st.sampled_from(["T", "shape", "dtype", "wait", "real", "nothing"])
        ),
        st.builds("{}({}{})".format, st.sampled_from(CALLS), st.sampled_from(["", "*"]), inner),
        st.builds("{}({}, {}{})".format, st.sampled_from(CALLS), inner, inner, st.just("")),
        st.builds("{}({}, {})".format, st.sampled_from(CALLS), inner, st.sampled_from(KEYWORDS)),
        st.builds("({}, {})".format, inner, inner),
    )


EXPRESSIONS = st.recursive(st.sampled_from(ATOMS), _grow, max_leaves=5)
STATEMENTS = st.one_of(
    st.builds("v = {}".format, EXPRESSIONS),
    st.builds("{}".format, EXPRESSIONS),
    st.builds("v, w = {}".format, EXPRESSIONS),
    st.builds("x += {}".format, EXPRESSIONS),
    st.builds("slot += {}".format, EXPRESSIONS),
    st.builds("if {}:\n    v = {}\nelse:\n    v = {}\nw = v".format, EXPRESSIONS, EXPRESSIONS, EXPRESSIONS),
    st.builds("v = {}\nfor i in {}:\n    v = {}\nw = v".format, EXPRESSIONS, EXPRESSIONS, EXPRESSIONS),
    st.builds("for v, w in {}:\n    {}".format, EXPRESSIONS, EXPRESSIONS),
    st.builds("with {} as v:\n    w = {}".format, EXPRESSIONS, EXPRESSIONS),
    st.builds("return {}".format, EXPRESSIONS),
)


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
@given(st.sampled_from(["compute", "read"]), st.lists(STATEMENTS, min_size=1, max_size=3))
@settings(max_examples=300)
def test_front_end_never_fails_otherwise(thread: str, statements: list[str]) -> None:
    nested = "def nested(n):\n    return n + x\n\n\nx = ttl.core(1)\nflag = x > 1\n"
    body = PROLOGUE[thread] + nested + "\n".join(statements)
    source = program(
        globals="table = {'k': 1}\n\n\ndef helper(n, m=2):\n    return n + m", call="", **{thread: body}
    )
    file = f"<fuzz {next(_FILES)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    names: dict[str, object] = {}
    exec(compile(source, file, "exec"), names)
    array = np.zeros((128, 128), np.float32)
    try:
        scope = names["k"].trace([array, array])  # type: ignore[attr-defined]
        ProgramBuilder(scope).build()
    except ttl.CompileError as error:
        assert error.location is not None and error.location.file == file
        assert "object at 0x" not in str(error) and "Runtime" not in error.message
