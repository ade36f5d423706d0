# SPDX-License-Identifier: Apache-2.0
"""Every kernel that the end-to-end and front-end tests, the examples and the benchmark compile, before the judges.

`recorder.py` collects the kernels, for both chips and both API generations; each different function is judged once.
"""

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cpp_calls import differences
from header_units import called, can_be_judged, deprecated, missing_headers, units
from judges import CHIPS, REPOSITORY, translate_all

from ttlang.environment import is_on

ALL_SOURCES = [
    "tests/end_to_end",
    "tests/frontend/test_arithmetic_on_the_simulator.py",
    "tests/conformance/sweep_kernels.py",
    "tests/schedule",
]
"""Tests whose kernels are collected with `TTLANG_SWEEP=1`, which takes minutes."""
FEATURES = (
    "examples",
    "language_kernels",
    "control_flow",
    "core_ranges",
    "data_movement",
    "peer_kernels",
    "pipes",
    "matmul",
    "reduce_broadcast",
)
SCHEDULED = ("insert_prefetch", "schedule_pipeline", "coalesce_dma", "allocate_dst_registers")
FEATURE_SOURCES = [
    *(f"tests/end_to_end/test_{name}.py" for name in FEATURES),
    *(f"tests/schedule/test_{name}.py" for name in SCHEDULED),
]
SOURCES = ALL_SOURCES if is_on("TTLANG_SWEEP") else FEATURE_SOURCES
"""Tests whose kernels are collected; those of the examples and the benchmark run in them."""

LEAST_FUNCTIONS = 600 if is_on("TTLANG_SWEEP") else 200
"""Far fewer would say that collecting them is broken."""

NOT_IN_0_69 = (
    "tanhshrink_tile_init",
    "remainder_uint32_tile_init",
    *(f"{name}_int_tile_init" for name in ("eq", "ne", "lt", "le", "gt", "ge")),
)
"""Ops that the older generation has no function for: kernels that use them are refused there."""

NOT_ON_BLACKHOLE = "cannot be transferred to or from DRAM"
"""Its DRAM wants rows that are multiples of 64 bytes."""

DIFFERENT = {
    "test_as_in_python[exits]": "branches in the other order, the condition negated",
    "test_as_in_python[else_of_loops]": "branches in the other order, the condition negated",
    "test_as_in_python[helpers]": "branches in the other order, the condition negated",
    "test_as_in_python[floats]": "the real translator has no EmitC for arith.maxnumf",
    "test_print_of_everything": "the real translator takes the bits of a float where a float is read",
}
"""Tests whose kernels the real translator writes otherwise, and how."""


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """What the recorder collected; with several test processes, one collects."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    file = shared / "every_kernel.json"
    with exclusive(shared / "every_kernel.lock"):
        if not file.exists():
            record(file)
    return json.loads(file.read_text())


class exclusive:
    """A lock between processes; the system lets go of it when its process ends."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        import fcntl

        self.file = self.path.open("w")
        fcntl.flock(self.file, fcntl.LOCK_EX)

    def __exit__(self, *_):
        self.file.close()


def record(file):
    command = [sys.executable, "-O", "-m", "pytest", "--assert=plain", "-p", "no:xdist", "-q", "--no-header"]
    command += ["-p", "tests.conformance.recorder", *SOURCES]
    environment = {name: v for name, v in os.environ.items() if not name.startswith("PYTEST_")}
    environment |= {"TTLANG_RECORD": str(file), "TTLANG_VERIFY_EACH": "0", "TTLANG_DISABLE_CACHE": "1"}
    environment["TTLANG_FUZZ"] = "1"
    run = subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode in (0, 1), (
        run.stdout[-3000:] + run.stderr[-3000:]
    )  # 1: tests of what a run does fail
    assert file.exists(), run.stdout[-3000:]


@pytest.fixture(scope="module")
def functions(recording):
    assert len(recording["functions"]) >= LEAST_FUNCTIONS
    return recording["functions"]


def label(function):
    return f"{function['test']} {function['kernel']}.{function['name']} ({function['chip']})"


def test_only_known_functions_are_refused(recording):
    """Every kernel compiles for both chips and generations, but for functions that a generation lacks."""
    unexpected = [
        r
        for r in recording["refused"]
        if not (r["version"] == "0.69" and any(name in r["reason"] for name in NOT_IN_0_69))
        and not (r["chip"] == "blackhole" and NOT_ON_BLACKHOLE in r["reason"])
    ]
    assert unexpected == []


def test_real_dialect_makes_the_same_calls(judges, functions):
    """The real dialect takes every function, without our extension ops, and calls what our C++ calls."""
    judged = [
        f
        for f in functions
        if f["shared_ttkernel"] is not None and f["test"].partition("::")[2] not in DIFFERENT
    ]
    assert len(judged) > 0.95 * len(functions)
    texts = list(dict.fromkeys(f["shared_ttkernel"] for f in judged))
    verdicts = dict(zip(texts, judges.check_all(texts), strict=True))
    wrong = []
    for function in judged:
        verdict = verdicts[function["shared_ttkernel"]]
        if not verdict["emitc"]:
            wrong.append(f"{label(function)}: {verdict['diagnostics']}")
            continue
        found = list(differences(function["shared_cpp"], verdict["cpp"][function["name"]]))
        if found:
            wrong.append(f"{label(function)}: {found[:3]}")
    assert wrong == []


@pytest.mark.parametrize("version, chip", [("0.69", "wormhole"), *(("0.81", chip) for chip in CHIPS)])
def test_real_headers_accept_every_kernel(judges, functions, version, chip, tmp_path):
    def check(numbered):
        number, (kind, text, options) = numbered
        path = tmp_path / f"unit_{number}.cpp"
        path.write_text(text)
        return judges.compile_unit(path, kind, version, chip, options)

    distinct = {f["cpp"][version]: f for f in functions if version in f["cpp"]}
    judged = [f for source, f in distinct.items() if can_be_judged(source, version)]
    assert len(judged) > 0.9 * len(distinct)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        complaints = list(pool.map(check, enumerate(units(judged, version))))
    assert complaints and not any(complaints), "\n".join(filter(None, complaints))


@pytest.mark.parametrize("version", ["0.69", "0.81"])
def test_kernels_include_what_they_call(judges, functions, version):
    root = judges.headers(version)
    missing = {
        label(f): sorted(found)
        for f in functions
        if (found := missing_headers(f["cpp"].get(version, ""), root))
    }
    assert missing == {}


def test_no_deprecated_call(judges, functions):
    old = deprecated(judges.headers("0.81") / "api")
    assert {"copy_tile_init", "init_sfpu", "noc_async_read_tile"} <= old
    found = {label(f): sorted(names) for f in functions if (names := called(f["cpp"]["0.81"]) & old)}
    assert found == {}


@pytest.mark.parametrize("version", ["0.69", "0.81"])
def test_mlir_translate_accepts_the_emitc(mlir_translate: Path, functions, version):
    texts = list(dict.fromkeys(f["emitc"][version] for f in functions if version in f["emitc"]))
    translated = translate_all(mlir_translate, texts)
    assert translated.count("void ") >= len(texts)


def test_extension_ops_are_listed(functions):
    """What is left out before the real dialect is asked is in the list of the documentation."""
    text = (REPOSITORY / "docs/dialects/ttkernel.md").read_text()
    listed = set(re.findall(r"`(?:ttkernel\.)?([\w:]+)`", text[text.index("Extension ops") :]))
    used = {name for f in functions for name in f["extensions"]}
    assert used and used <= listed


def main() -> int:
    """Prints how many functions were collected, and how many use extension ops: `python test_every_kernel.py FILE`."""
    functions = json.loads(Path(sys.argv[1]).read_text())["functions"]
    print(f"{len(functions)} functions, {sum(bool(f['extensions']) for f in functions)} with extension ops")
    return 0


if __name__ == "__main__":
    sys.exit(main())
