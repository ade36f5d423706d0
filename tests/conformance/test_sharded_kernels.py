# SPDX-License-Identifier: Apache-2.0
"""Kernels on sharded tensors, compiled from Python, before the real dialect and the real headers."""

from pathlib import Path

import numpy as np
import pytest
from judges import CHIPS, Judges, kernels
from tests.end_to_end.test_local_shards import LOCAL
from tests.end_to_end.test_sharded_tensors import SHARDS, SLICES, mover

import ttlang as ttl

ROW_MAJOR = {
    "across the edges of shards": ("a narrow last shard", "L1"),
    "parts of rows": ("width, by columns", "L1"),
    "all": ("a narrow last shard", "DRAM"),
}


def ttkernel_of_rows(name: str) -> str:
    block, turns, part = SLICES[name]
    shard, memory = ROW_MAJOR[name]
    tensors = [
        ttl.tensor(
            np.zeros((16, 96), np.float32),
            layout=ttl.ROW_MAJOR,
            memory=getattr(ttl, memory),
            shard=SHARDS[shard],
        )
        for _ in range(2)
    ]
    text = mover(block, turns, part).compile(*tensors).asm["ttkernel"]
    assert isinstance(text, str)
    return text


def ttkernel_of_own_shards(name: str) -> str:
    kernel, shard = LOCAL[name]
    tensors = [ttl.tensor(np.zeros((256, 128), np.float32), memory=ttl.L1, shard=shard) for _ in range(3)]
    text = kernel.compile(*tensors).asm["ttkernel"]
    assert isinstance(text, str)
    return text


TEXTS = {
    **{name: (ttkernel_of_rows, name) for name in ROW_MAJOR},
    "own shards": (ttkernel_of_own_shards, "rows of a block"),
}


@pytest.fixture(params=TEXTS, ids=lambda name: name.replace(" ", "_"))
def text(request: pytest.FixtureRequest) -> str:
    make, name = TEXTS[request.param]
    return make(name)


def test_real_dialect_accepts_the_text(judges: Judges, text: str) -> None:
    verdict = judges.check_ttkernel(text)
    assert verdict["verdict"] == "ACCEPTED", verdict["diagnostics"]


@pytest.mark.parametrize("version, chip", [("0.69", "wormhole"), *(("0.81", chip) for chip in CHIPS)])
def test_real_headers_accept_the_cpp(
    judges: Judges, text: str, version: str, chip: str, tmp_path: Path
) -> None:
    for kernel in kernels(text, version):
        options = {"FP32": "1"} if kernel.kind == "compute" else {}
        assert judges.compile_errors(kernel, version, tmp_path, chip=chip, options=options) == ""
