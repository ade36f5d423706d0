# SPDX-License-Identifier: Apache-2.0
"""The corpus: the pieces of the filecheck tests of the `ttl` dialect and of its canonicalization."""

import re
from pathlib import Path

import pytest

FILECHECK = Path(__file__).parents[2] / "filecheck"


def corpus() -> dict[str, str]:
    """Text of each piece, by file and number."""
    texts = {}
    files = [
        *(FILECHECK / "dialects" / "ttl").rglob("*.mlir"),
        *(FILECHECK / "transforms").glob("ttl_canonicalize*.mlir"),
    ]
    for file in sorted(file for file in files if not file.stem.endswith("_invalid")):
        for number, piece in enumerate(re.split(r"^// -----$", file.read_text(), flags=re.MULTILINE)):
            texts[f"{file.stem}-{number}"] = piece
    return texts


CORPUS = corpus()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "piece" in metafunc.fixturenames:
        metafunc.parametrize("piece", CORPUS.values(), ids=CORPUS.keys())
