# SPDX-License-Identifier: Apache-2.0
"""Mutated texts of the corpus: parsing and verifying succeed, or give a diagnostic with a position. Nothing
else.

TTLANG_FUZZ is the number of cases (500), TTLANG_FUZZ_SEED the first seed.
"""

import os
import random
import re
from io import StringIO
from pathlib import Path

import pytest
from xdsl.printer import Printer

from ttlang.diagnostics import CompileError
from ttlang.dialects import context
from ttlang.dialects.checking import located, parse, verify

CORPUS = Path(__file__).parents[2] / "filecheck"
CASES = int(os.environ.get("TTLANG_FUZZ", "500"))
SEED = int(os.environ.get("TTLANG_FUZZ_SEED", "0"))
BATCH = 100
TOKEN = re.compile(r"\s+|[A-Za-z_][\w.$]*|[%@^#!][\w.$]+|\d+|\"[^\"]*\"|.", re.DOTALL)
NOISE = [
    *'<>[]{}()=,:%@#!^-+*?."\\\n\0',
    "->",
    "loc(",
    "0x",
    "-1",
    "99999999999999999999",
    "true",
    "\u00e9",
    "ttl.",
]


def corpus() -> list[str]:
    """The valid pieces of the filecheck tests, without comments."""
    files = [
        *(CORPUS / "dialects" / "ttl").rglob("*.mlir"),
        *(CORPUS / "transforms").glob("ttl_canonicalize*.mlir"),
    ]
    texts = []
    for file in sorted(file for file in files if not file.stem.endswith("_invalid")):
        for piece in re.split(r"^// -----$", file.read_text(), flags=re.MULTILINE):
            code = "\n".join(line for line in piece.split("\n") if not line.startswith("//"))
            if code.strip():
                texts.append(code)
    return texts


TEXTS = corpus()
TOKENS = sorted({token for text in TEXTS for token in TOKEN.findall(text) if not token.isspace()})


def _kind(token: str) -> str:
    if token[0].isdigit():
        return "number"
    return "word" if token[0].isalpha() else token[0]


BY_KIND = {
    kind: [token for token in TOKENS if _kind(token) == kind] for kind in {_kind(token) for token in TOKENS}
}


def _similar(token: str, rng: random.Random) -> str:
    """A token that may stand where this one stands, so that the mistake is found late."""
    kind = _kind(token)
    if kind == "number":
        return str(rng.choice([0, -1, 1, 2, 3, 7, 8, 32, 2**31, 2**63, -(2**63), rng.randrange(64)]))
    return rng.choice(BY_KIND.get(kind, TOKENS))


def mutate(text: str, rng: random.Random) -> str:
    """A text with a few mistakes."""
    tokens = TOKEN.findall(text)
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        if not any(not token.isspace() for token in tokens):
            return ""
        at = rng.randrange(len(tokens))
        other = rng.randrange(len(tokens))
        match rng.randrange(14):
            case 0:
                del tokens[at : at + rng.randint(1, 6)]
            case 1:
                tokens[at:at] = tokens[other : other + rng.randint(1, 12)]
            case 2:
                tokens[at], tokens[other] = tokens[other], tokens[at]
            case 3:
                tokens[at] = rng.choice(TOKENS)
            case 4:
                tokens.insert(at, rng.choice(NOISE))
            case 5:
                tokens[at] = tokens[at][: rng.randint(0, len(tokens[at]))] + rng.choice(NOISE)
            case 6:
                del tokens[at:]
            case _:
                at = rng.choice([i for i, token in enumerate(tokens) if not token.isspace()])
                tokens[at] = _similar(tokens[at], rng)
    return "".join(tokens)


def check(text: str) -> bool:
    """Whether a text is valid; fails on anything but success or a diagnostic with a position."""
    try:
        module = parse(context(), text, "fuzz.mlir")
        verify(module)
        with located(module):
            for generic in (False, True):
                Printer(StringIO(), print_generic_format=generic, print_debuginfo=True).print_op(module)
    except CompileError as error:
        assert error.location is not None, f"no position: {error.message}"
        assert error.location.line >= 1
        assert error.location.column >= 1
        assert error.message
        assert "cannot parse this: " not in error.message or "xdsl" in (_origin(error) or ""), error.message
        return False
    return True


def _origin(error: BaseException) -> str | None:
    """The file in which the cause of an error was raised."""
    cause = error.__cause__
    traceback = cause.__traceback__ if cause is not None else None
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return None if traceback is None else traceback.tb_frame.f_code.co_filename


@pytest.mark.parametrize("batch", range((CASES + BATCH - 1) // BATCH))
def test_mutated_text(batch: int) -> None:
    for index in range(batch * BATCH, min((batch + 1) * BATCH, CASES)):
        rng = random.Random(SEED + index)
        text = mutate(rng.choice(TEXTS), rng)
        try:
            check(text)
        except Exception as error:
            error.add_note(f"case {SEED + index}:\n{text}")
            raise


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_corpus_is_valid(text: str) -> None:
    if '"use"' not in text:
        assert check(text)


def test_noise() -> None:
    """A megabyte of characters, from the alphabet of the language and from all of Unicode."""
    rng = random.Random(SEED)
    alphabets = (
        "".join(NOISE) + "abc019 ",
        "".join(chr(c) for c in range(1, 0x300)),
        "(",
        "[",
        "{",
        "%a ",
        '"',
    )
    for alphabet in alphabets:
        with pytest.raises(CompileError) as caught:
            verify(parse(context(), "".join(rng.choices(alphabet, k=1_000_000)), "noise"))
        assert caught.value.location is not None


NESTINGS = {
    "regions": ("builtin.module {" * 5000, ""),
    "generic regions": ('"builtin.module"() ({' * 5000, ""),
    "closed regions": ("scf.if %c {\n" * 3000, "}" * 3000),
    "arrays": ("ttl.kernel attributes {a = " + "[" * 20000, ""),
    "dictionaries": ("ttl.kernel attributes {a = " + "{a = " * 20000, ""),
    "types": ("%a = ttl.block_fill value = 0.0 : " + "tuple<" * 20000, ""),
    "tensors": ("%a = ttl.block_fill value = 0.0 : " + "tensor<2x" * 20000, ""),
    "functions": ("%a = ttl.block_fill value = 0.0 : " + "() -> (" * 20000, ""),
    "locations": ('ttl.signpost "a" loc(' + 'callsite("a":1:1 at ' * 20000, ""),
    "names": ('ttl.signpost "a" loc(' + '"a"(' * 20000, ""),
}


@pytest.mark.parametrize("name", NESTINGS, ids=lambda name: name.replace(" ", "-"))
def test_deep_nesting(name: str) -> None:
    opening, closing = NESTINGS[name]
    with pytest.raises(CompileError) as caught:
        verify(parse(context(), opening + closing, "deep"))
    assert caught.value.location is not None
