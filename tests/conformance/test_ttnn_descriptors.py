# SPDX-License-Identifier: Apache-2.0
"""The ttnn backend against the real packages of both generations, without hardware.

`setup.sh` installs them below `JUDGES`: `ttnn69` and `ttnn81`, the packages, with the RISC-V compiler in `runtime/sfpi`, and
`ttnn-venv`, a Python 3.12 with what they and ttlang need. Programs are launched on a mocked chip: tensors are moved, kernels
compiled (0.81) and enqueued, and nothing computed. `TTLANG_SWEEP=1` launches all programs, not two of them.
"""

import json
import os
import subprocess
from copy import copy
from pathlib import Path

import numpy as np
import pytest
from tests.end_to_end.kernels import elementwise_kernel, matmul_kernel
from tests.end_to_end.test_core_ranges import middle_of_four, pipeline, pipeline_arguments, sharded_arguments
from tests.end_to_end.test_local_shards import LOCAL

import ttlang as ttl
from ttlang.environment import is_on
from ttlang.hardware.data_formats import BY_METAL_NAME
from ttlang.language.redistribution import redistribute
from ttlang.runtime.accessor_words import same_placement, split_words

SCRIPT = Path(__file__).with_name("ttnn_program.py")
SOURCES = Path(ttl.__file__).resolve().parents[1]
JUDGES = Path(os.environ.get("JUDGES", ""))
PYTHON = JUDGES / "ttnn-venv" / "bin" / "python"
PACKAGES = {"0.81": JUDGES / "ttnn81", "0.69": JUDGES / "ttnn69"}
CHIPS = ("wormhole_b0", "blackhole")
BOARDS = {"wormhole_b0": ("n150", 72059269369839682, 1), "blackhole": ("p150", 4476187513037, 0)}
SHARDS = {
    "height_bfloat16": ttl.Shard("height", (32, 128), (2, 2), "col_major"),
    "width_float32": ttl.Shard("width", (128, 32), (4, 1)),
    "block_bfloat16": ttl.Shard("block", (64, 32), (4, 2)),
}


def redistribution():
    """A tensor in squares becomes one in rows."""
    x = np.zeros((128, 128), np.float32)
    squares = ttl.DistributedTensor(x, (2, 2), (64, 64))
    return redistribute, (squares, ttl.DistributedTensor(x, (4, 1), (32, 128), "height_sharded"))


MADE = {
    "core_ranges": lambda: (pipeline, pipeline_arguments()),
    "some_shards": lambda: (middle_of_four, sharded_arguments()),
    "redistribution": redistribution,
}
"""Kernels with their arguments."""
PROGRAMS = ("elementwise_bfloat16", "elementwise_float32", "matmul", "own_shards", *MADE, *SHARDS)
LAUNCHED = PROGRAMS if is_on("TTLANG_SWEEP") else ("elementwise_bfloat16", "own_shards", "some_shards")
ETHERNET_MASKS = {"wormhole_b0": 0, "blackhole": 288}


@pytest.fixture(scope="module", params=sorted(PACKAGES))
def generation(request):
    return request.param


@pytest.fixture(scope="module")
def package(generation):
    """The folder with a real package ttnn."""
    if not os.environ.get("JUDGES") or not PYTHON.exists() or not PACKAGES[generation].is_dir():
        pytest.skip(f"no ttnn {generation}: tests/conformance/setup.sh installs it, JUDGES names the folder")
    return PACKAGES[generation]


@pytest.fixture(scope="module", params=CHIPS)
def chip(request):
    return request.param


@pytest.fixture(scope="module", params=PROGRAMS)
def program(request, generation, chip, tmp_path_factory):
    options = {"arch": chip, "metal_version": generation}
    if request.param == "matmul":
        kernel, dtype = matmul_kernel(**options), "bfloat16"
    elif request.param in MADE:
        made, arguments = MADE[request.param]()
        kernel = copy(made)
        kernel.arch, kernel._config = chip, {**made._config, "metal_version": generation}
        return kernel.compile(*arguments).save(tmp_path_factory.mktemp("programs") / "program.ttm")
    elif request.param == "own_shards":
        kernel, own = LOCAL["rows of a block"]
        kernel.arch = chip
        kernel._config["metal_version"] = generation
        tensors = [ttl.tensor([[0.0] * 128] * 256, "bfloat16", memory=ttl.L1, shard=own) for _ in range(3)]
        compiled = kernel.compile(*tensors)
        assert [b.shards_of for b in compiled.image.buffers] == [1, 2, 3]
        return compiled.save(tmp_path_factory.mktemp("programs") / "program.ttm")
    else:
        kernel = elementwise_kernel(lambda a, b: ttl.math.exp(a) + b, grid=(2, 2))
        dtype = request.param.partition("_")[2]
        kernel.arch = chip
        kernel._config["metal_version"] = generation
    shard = SHARDS.get(request.param)
    memory = ttl.DRAM if shard is None else ttl.L1
    tensors = [ttl.tensor([[0.0] * 128] * 128, dtype=dtype, memory=memory, shard=shard) for _ in range(3)]
    return kernel.compile(*tensors).save(tmp_path_factory.mktemp("programs") / "program.ttm")


def ask(package, question, program, **environment):
    """The answer of ttnn_program.py."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TT_METAL")}
    path = os.pathsep.join([str(SOURCES), str(package)])
    run = subprocess.run(
        [str(PYTHON), str(SCRIPT), question, str(program)],
        env={**kept, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    answers = [line for line in run.stdout.splitlines() if line.startswith("ANSWER ")]
    assert run.returncode == 0 and answers, run.stdout[-2000:] + run.stderr[-4000:]
    return json.loads(answers[-1].removeprefix("ANSWER "))


def test_descriptors(package, program):
    image = ttl.load(program).image
    answer = ask(package, "describe", program)
    for kernel, described in zip(image.kernels, answer["kernels"], strict=True):
        assert described["source"] == kernel.source
        assert described["source_type"].endswith("SOURCE_CODE")
        assert described["cores"] == list(kernel.cores or image.core_range)
        assert described["compile_time_args"] == list(kernel.compile_time_args)
        assert described["common_runtime_args"] == [4096 * (t + 1) for t in kernel.tensor_arguments]
        assert described["config"] == f"{kernel.kind.capitalize()}ConfigDescriptor"
        if kernel.kind == "compute":
            flags = [image.fp32_dest_acc, image.dst_full_sync, False]
            assert described["math"] == [f"MathFidelity.{image.math_fidelity}", *flags]
            wide = [i for i, mode in enumerate(described["unpack"]) if mode.endswith("UnpackToDestFp32")]
            assert wide == list(kernel.unpack_to_dest_fp32)
    assert answer["cbs"] == [
        [b.pages * b.page_bytes, [[b.index, BY_METAL_NAME[b.data_format].metal_code, b.page_bytes]]]
        for b in image.buffers
    ]
    assert answer["semaphores"] == [[i, v, "CoreType.WORKER"] for i, v in enumerate(image.semaphores)]


def test_without_a_device(package, program):
    if Path("/dev/tenstorrent").exists():
        pytest.skip("this machine has a Tenstorrent device")
    text = ask(package, "refusal", program)
    assert "no Tenstorrent device" in text and "simulator" in text


@pytest.fixture
def mocked(package, generation, chip, tmp_path):
    """The environment of a process that sees one mocked chip."""
    if not (package / "ttnn" / "runtime" / "sfpi" / "compiler").is_dir():
        pytest.skip(
            "no RISC-V compiler: tests/conformance/setup.sh installs it where TTLANG_TOOLS has its script"
        )
    description = tmp_path / "cluster.yaml"
    description.write_text(cluster(chip))
    environment = {
        "TT_METAL_HOME": str(package / "ttnn"),
        "TT_METAL_RUNTIME_ROOT": str(package / "ttnn"),
        "TT_METAL_MOCK_CLUSTER_DESC_PATH": str(description),
        "TT_METAL_CACHE": str(tmp_path / "cache"),
    }
    if generation == "0.69":
        environment["TT_METAL_SLOW_DISPATCH_MODE"] = "1"  # its mock has no dispatch cores
    return environment


def cluster(chip):
    """A machine with one card, as the mock of tt-metal takes it."""
    board, identifier, harvested = BOARDS[chip]
    return f"""
arch: {{0: {chip}}}
chips: {{0: [0, 0, 0, 0]}}
chip_unique_ids: {{0: {identifier}}}
ethernet_connections: []
chips_with_mmio: [0: 0]
harvesting:
  0:
    noc_translation: true
    harvest_mask: {harvested}
    dram_harvesting_mask: 0
    eth_harvesting_mask: {ETHERNET_MASKS[chip]}
    pcie_harvesting_mask: {2 if chip == "blackhole" else 0}
    l2cpu_harvesting_mask: 0
chip_to_boardtype: {{0: {board}}}
boards:
  - [board_id: {identifier}, board_type: {board}, chips: [0]]
asic_locations: {{0: 0}}
"""


@pytest.mark.parametrize("program", LAUNCHED, indirect=True)
def test_launch_on_a_mocked_chip(package, mocked, program):
    image = ttl.load(program).image
    answer = ask(package, "launch", program, **mocked)
    assert answer["ran"] == [True, True]
    compiled = split_words(image.kernels[0].compile_time_args[len(image.buffers) :], len(image.tensors))
    for words, real in zip(compiled, answer["words"], strict=True):
        assert same_placement(words, real)
    differences = answer["round_trip"]
    assert differences.pop("bfloat8_b") < 2**-5 and differences.pop("bfloat4_b") < 2**-1
    assert set(differences.values()) == {0.0}


def test_another_generation_is_refused(package, generation, tmp_path):
    (other,) = set(PACKAGES) - {generation}
    kernel = matmul_kernel(metal_version=other)
    tensors = [ttl.tensor([[0.0] * 128] * 128, dtype="bfloat16") for _ in range(3)]
    path = kernel.compile(*tensors).save(tmp_path / "program.ttm")
    assert f"compiled for tt-metal {other}, but ttnn {generation}" in ask(package, "refusal", path)
