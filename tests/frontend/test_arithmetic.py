# SPDX-License-Identifier: Apache-2.0
"""Integers of threads mean what they mean in Python, on every core."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.frontend.evaluator import compiled_values, python_values

NUMBERS = st.integers(-9, 9).map(lambda n: f"({n})")


def _expressions(names: tuple[str, ...]) -> st.SearchStrategy[str]:
    """Integer expressions of names; divisors are never 0."""

    def extend(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        condition = _conditions(inner)
        return st.one_of(
            st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*"]), inner),
            st.builds("({} {} ({} * 2 + 1))".format, inner, st.sampled_from(["//", "%"]), inner),
            st.builds(
                "({} {} {})".format,
                inner,
                st.sampled_from(["//", "%"]),
                st.sampled_from(["1", "2", "3", "8", "(-1)", "(-3)"]),
            ),
            st.builds("{}({}, {})".format, st.sampled_from(["min", "max"]), inner, inner),
            st.builds("sum(divmod({}, {}))".format, inner, st.sampled_from(["2", "5", "(-4)"])),
            st.builds("{}({})".format, st.sampled_from(["abs", "-", "+", "int"]), inner),
            st.builds("({} if {} else {})".format, inner, condition, inner),
            st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or"]), inner),
            st.builds("({} + {})".format, condition, inner),
        )

    return st.recursive(st.one_of(st.sampled_from(names), NUMBERS), extend, max_leaves=8)


def _conditions(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    comparison = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
    simple = st.one_of(
        st.builds("({} {} {})".format, inner, comparison, inner),
        st.builds("({} {} {} {} {})".format, inner, comparison, inner, comparison, inner),
        st.builds("({} in ({}, {}))".format, inner, inner, inner),
        st.builds(
            "({} not in range({}, {}, {}))".format, inner, NUMBERS, NUMBERS, st.sampled_from(["1", "3", "-2"])
        ),
        st.builds("(({}, {}) == ({}, {}))".format, inner, inner, inner, inner),
    )
    return st.one_of(
        simple,
        st.builds("(not {})".format, simple),
        st.builds("({} {} {})".format, simple, st.sampled_from(["and", "or"]), simple),
    )


@given(_expressions(("x", "y")))
@settings(max_examples=250)
@example("(x // (y - 5)) % (-3)")
@example("(0 or x)")
@example("(x and 5)")
@example("((x < 2) and y)")
def test_expression(expression: str) -> None:
    source = f"result = {expression}"
    assert compiled_values(source) == python_values(source)


@given(_conditions(st.one_of(st.sampled_from(["x", "y", "(x - y)"]), NUMBERS)))
@settings(max_examples=120)
def test_condition(condition: str) -> None:
    source = f"result = 0\nif {condition}:\n    result = 1\nelse:\n    result = x + 2"
    assert compiled_values(source) == python_values(source)


BOUNDS = st.sampled_from(["0", "3", "x", "y + 2", "-x", "x * y", "7", "-4"])


@given(
    BOUNDS,
    BOUNDS,
    st.sampled_from(["1", "2", "-1", "-3"]),
    _expressions(("x", "y", "i", "total")),
    _conditions(st.sampled_from(["x", "y", "i", "(total % 3)", "2"])),
)
@settings(max_examples=200)
def test_loop(start: str, stop: str, step: str, expression: str, condition: str) -> None:
    source = f"""\
total = x
other = 1
for i in range({start}, {stop}, {step}):
    total = ({expression}) % 97
    if {condition}:
        other = other + i
    else:
        total -= 1
result = (total, other)"""
    assert compiled_values(source) == python_values(source)


BODIES = {
    "short circuit of 'and'": "result = x != 0 and 12 // x > 4",
    "short circuit of 'or'": "result = x == 0 or 12 // x > 4",
    "short circuit of a chain": "result = 0 < x < 12 // max(x, 1)",
    "one side of a conditional expression": "result = 12 // x if x else -1",
    "'and' gives an operand": "result = (x and y + 7) + 1",
    "'or' gives an operand": "result = (x or 7) * 2",
    "truth values are integers": "result = (x > 1) + (y > 0) * 2",
    "minus a truth value": "result = -(x > 1)",
    "abs of a truth value": "result = abs(x > 1) + min(x > 1, 3)",
    "different kinds in branches": "if x > 1:\n    result = y > 0\nelse:\n    result = 5",
    "truth value becomes an integer in a loop": (
        "flag = x > 1\nfor i in range(3):\n    if flag:\n        flag = 5\nresult = flag + 0"
    ),
    "negative step": "result = 0\nfor i in range(10, x, -3):\n    result = result * 10 + i",
    "nested loops": "result = 0\nfor i in range(x):\n    for j in range(i, y + 4, 2):\n        result += i * j",
    "loop over a list": "result = 0\nfor v in [x, 5, y]:\n    result = result * 7 + v",
    "zip": "result = 0\nfor a1, b1 in zip((x, 2), [3, y]):\n    result += a1 * b1",
    "strict zip": "result = 0\nfor a1, b1 in zip((x, 2), [3, y], strict=True):\n    result += a1 * b1",
    "enumerate": "result = 0\nfor i, v in enumerate([x, y], 3):\n    result += i * v",
    "enumerate from a run-time number": "result = 0\nfor i, v in enumerate([x, y], start=x):\n    result += i * v",
    "tuples": "p, (q, r) = x, (y, 3)\nresult = p * 100 + q * 10 + r",
    "swap": "p, q = x, y\np, q = q, p\nresult = (p, q)",
    "chained assignment": "p = q = x + 1\nresult = p * q",
    "annotated assignment": "p: int = x + 1\nresult = p",
    "len, sum, reversed": "v = [x, y, 4]\nresult = len(v) * 100 + sum(v) + list(reversed(v))[0]",
    "membership of a run-time tuple": "result = 3 in (x, y)",
    "equality of tuples": "result = (x, y) == (1, 2)",
    "inequality of tuples": "result = (x, y) != (1, 2)",
    "equality with something else": "result = (x, y) == 3",
    "comparison with None": "result = x is None or None is not y",
    "value of a loop variable after the loop": "for i in range(5):\n    pass\nresult = i + x",
    "constant loop that runs once": "result = 0\nfor i in range(1):\n    result = i + x",
    "loop that never runs": "result = x\nfor i in range(0):\n    result = 5",
    "return in a constant branch": "result = x\nif 1 == 1:\n    return\nresult = y",
    "int and bool": "result = int(x > 1) + bool(y) + int(2.5)",
    "lists are copied by concatenation": "v = [x]\nw = v + [y]\nresult = w[1] * 2 + len(v)",
    "independent remainders": "result = x % 3 + x % 2",
    "difference of dependent values": "result = x - (x // 2) * 2",
    "remainder of multiples": "result = (4 * x) % 4",
}


@pytest.mark.parametrize("source", BODIES.values(), ids=BODIES)
def test_body(source: str) -> None:
    expected = python_values(source + "\n" if "return\n" not in source else "result = x")
    assert compiled_values(source) == expected
