# SPDX-License-Identifier: Apache-2.0
"""Hand-written TTKernel modules and their C++ before the real dialect, headers and mlir-translate."""

from pathlib import Path

import pytest
from cpp_calls import differences
from judges import CHIPS, Judges, convert, kernels, parse, print_module, translate

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*.mlir"))


@pytest.fixture(params=CORPUS, ids=lambda path: path.stem)
def text(request: pytest.FixtureRequest) -> str:
    path: Path = request.param
    return path.read_text()


def test_real_dialect_accepts_our_text(judges: Judges, text: str) -> None:
    verdict = judges.check_ttkernel(print_module(parse(text)))
    assert verdict["verdict"] == "ACCEPTED", verdict["diagnostics"]


def test_calls_equal_those_of_the_real_translator(judges: Judges, text: str) -> None:
    theirs = judges.check_ttkernel(text)["cpp"]
    for kernel in kernels(text, "0.69"):
        assert list(differences(kernel.source, theirs[kernel.name])) == []


@pytest.mark.parametrize("version, chip", [("0.69", "wormhole"), *(("0.81", chip) for chip in CHIPS)])
def test_real_headers_accept_the_cpp(
    judges: Judges, text: str, version: str, chip: str, tmp_path: Path
) -> None:
    for kernel in kernels(text, version):
        assert judges.compile_errors(kernel, version, tmp_path, chip=chip) == ""


@pytest.mark.parametrize("version", ["0.69", "0.81"])
def test_mlir_translate_accepts_the_emitc(mlir_translate: Path, text: str, version: str) -> None:
    module = convert(text, version)
    translated = translate(mlir_translate, module)
    assert translated.count("{") > 0
    for kernel in kernels(text, version):
        assert f"void {kernel.name}()" in translated
