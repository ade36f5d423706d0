# SPDX-License-Identifier: Apache-2.0
"""The lexer yields the tokens that xDSL's yields."""

import random
import time

import pytest
from xdsl.utils.exceptions import ParseError
from xdsl.utils.lexer import Input
from xdsl.utils.mlir_lexer import MLIRLexer, MLIRTokenKind

from ttlang.dialects.lexing import LinearLexer

PIECES = [
    *"<>[]{}()=,:%@#!^-+*?./|_$\n ",
    *[
        "->",
        "...",
        "{-#",
        "#-}",
        "0x1F",
        "0xi32",
        "2x1x",
        "12",
        "1.5e-3",
        "1.",
        "ttl.cb_wait",
        "%a#0",
        "%0",
        "^bb0",
    ],
    *[
        "// comment\n",
        '"text"',
        '"\\0A"',
        "@name",
        '@"name"',
        "!ttl.cb",
        "#ttl.grid",
        "\u00e9",
        "\u00b2",
        "-1",
        "\r\n",
    ],
]


def tokens(lexer: MLIRLexer) -> list[tuple[MLIRTokenKind, int, int]] | tuple[str, int]:
    found = []
    try:
        while True:
            token = lexer.lex()
            found.append((token.kind, token.span.start, token.span.end))
            if token.kind == MLIRTokenKind.EOF:
                return [(kind, start, end) for kind, start, end in found[:-1]]
    except ParseError as error:
        return error.msg, error.span.start


@pytest.mark.parametrize("seed", range(20))
def test_same_tokens(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(100):
        text = "".join(rng.choices(PIECES, k=rng.randint(1, 12)))
        assert tokens(LinearLexer(Input(text, "a"))) == tokens(MLIRLexer(Input(text, "b"))), repr(text)


def test_same_tokens_of_the_corpus(piece: str) -> None:
    assert tokens(LinearLexer(Input(piece, "a"))) == tokens(MLIRLexer(Input(piece, "b")))


def test_an_unterminated_string_takes_no_time() -> None:
    start = time.perf_counter()
    assert isinstance(tokens(LinearLexer(Input('"' + "a" * 100_000, "a"))), tuple)
    assert time.perf_counter() - start < 0.5
