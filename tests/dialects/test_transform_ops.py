# SPDX-License-Identifier: Apache-2.0
"""Verifiers and syntax of the `transform` dialect."""

import pytest
from xdsl.utils.exceptions import VerifyException

from ttlang.diagnostics import CompileError
from ttlang.dialects import context
from ttlang.dialects.checking import parse

HEAD = "transform.sequence failures(propagate) {\n^bb0(%root: !transform.any_op):\n"


def verify(text: str) -> None:
    parse(context(), text, "sequence.mlir").verify()


def body(line: str) -> str:
    return HEAD + line + "\n}\n"


@pytest.mark.parametrize("strategy", ["aggressive", "conservative", "auto"])
def test_strategies(strategy: str) -> None:
    verify(body(f'%0 = transform.ttl.schedule_pipeline %root {{strategy = "{strategy}"}}'))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            body('%0 = transform.ttl.schedule_pipeline %root {strategy = "eager"}'),
            'strategy "eager" is not one of aggressive, conservative, auto',
        ),
        (body("%0 = transform.structured.match ops{[]} in %root"), "names no op to match"),
        (
            "transform.sequence failures(suppress) {\n^bb0(%root: i32):\n}",
            "the block of a sequence takes one argument, of type !transform.any_op",
        ),
    ],
)
def test_verifiers(text: str, message: str) -> None:
    with pytest.raises(VerifyException) as error:
        verify(text)
    assert message in str(error.value)


def test_failure_modes() -> None:
    with pytest.raises(CompileError) as error:
        verify(HEAD.replace("propagate", "ignore") + "}")
    assert "failures are one of propagate, suppress, not ignore" in str(error.value)
