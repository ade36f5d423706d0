# SPDX-License-Identifier: Apache-2.0
"""Compiled kernels in files: what is saved comes back, runs, and damaged files are refused."""

import json
from dataclasses import fields, replace
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest
from tests.end_to_end.kernels import elementwise_kernel
from tests.runtime.images import a_split_image, an_image

import ttlang as ttl
from ttlang.codegen import program_file
from ttlang.codegen.program_file import ProgramFileError, decode_program, encode_program, schema
from ttlang.diagnostics import TTLangError
from ttlang.runtime import image as images
from ttlang.runtime.compiled import CompiledKernel
from ttlang.runtime.simulator_backend import build_program


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    return [rng.standard_normal((64, 64), np.float32) for _ in range(2)] + [np.zeros((64, 64), np.float32)]


@pytest.fixture
def compiled(arrays):
    return elementwise_kernel(lambda a, b: a + b, block=(2, 1)).compile(*arrays)


@pytest.mark.parametrize("shard", [None, ttl.Shard("block", (32, 64), (4, 2), "col_major")])
def test_image_round_trip(shard):
    out, a = an_image().tensors
    image = an_image(tensors=(out, replace(a, spec=replace(a.spec, shard=shard))))
    data = image.to_bytes({"ttl": "text"})
    assert images.ProgramImage.from_bytes(data, "p") == (image, {"ttl": "text"})


def test_ranges_of_cores_round_trip_and_reach_the_simulator():
    image = a_split_image()
    assert images.ProgramImage.from_bytes(image.to_bytes({}), "p") == (image, {})
    program = build_program(image, [100, 200])
    first, second = [(0, y) for y in range(3)], [(1, y) for y in range(3)]
    cores = [sorted(kernel.cores) for kernel in program.kernels]
    assert cores == [first, sorted(first + second), second]
    assert [sorted(cb.cores) for cb in program.circular_buffers] == [first, sorted(first + second)]


def test_files_of_older_formats_say_for_the_program_what_is_unpacked_to_dst(monkeypatch):
    image = an_image()
    values = decode_program(image.to_bytes({}), "p")
    for kernel in values["kernels"]:
        kernel["unpack_to_dest_fp32"] = ()
    monkeypatch.setattr(program_file, "FORMAT", 2)
    older = encode_program({**values, "unpack_to_dest_fp32": (1,)})
    assert images.ProgramImage.from_bytes(older, "p") == (image, {})


@pytest.mark.parametrize(
    ("kind", "table", "elsewhere"),
    [
        (images.BufferImage, "CircularBuffer", {}),
        (images.TensorImage, "Tensor", {"spec": ("shape", "dtype", "layout", "memory", "shard")}),
        (images.KernelImage, "Kernel", {"line_map": ("line_map", "files")}),
        (
            images.ProgramImage,
            "Program",
            {"name": ("name", "format", "compiler", "stages", "unpack_to_dest_fp32")},
        ),
    ],
)
def test_every_field_of_an_image_has_a_place_in_files(kind, table, elsewhere):
    expected = [name for field in fields(kind) for name in elsewhere.get(field.name, (field.name,))]
    assert sorted(f.name for f in schema().tables[table]) == sorted(expected)


def test_every_field_of_a_tensor_has_a_place_in_files():
    saved = {f.name for f in schema().tables["Tensor"]} - {"name", "written"}
    assert {f.name for f in fields(ttl.tensor([1.0]).spec)} == saved


def test_saved_kernels_run(compiled, arrays, tmp_path):
    path = compiled.save(tmp_path / "add.ttm")
    assert path == tmp_path / "add.ttm" and list(tmp_path.iterdir()) == [path]
    loaded = ttl.load(path)
    assert loaded.image == compiled.image
    assert dict(loaded.asm) == dict(compiled.asm) and list(loaded.asm)[-1] == "cpp"
    a, b, out = arrays
    first, second = loaded.run(a, b, out).cycles, compiled.run(a, b, np.zeros_like(out)).cycles
    assert first == second
    np.testing.assert_allclose(out, a + b, rtol=1e-2, atol=1e-2)


def test_saving_replaces_a_file(compiled, tmp_path):
    path = tmp_path / "add.ttm"
    path.write_bytes(b"older")
    compiled.save(path)
    assert ttl.load(path).name == compiled.name


def test_saving_and_loading_are_fast(compiled, tmp_path):
    def best(action):
        times = []
        for _ in range(5):
            start = perf_counter()
            action()
            times.append(perf_counter() - start)
        return min(times)

    path = tmp_path / "add.ttm"
    assert best(lambda: compiled.save(path)) < 5e-3
    assert best(lambda: ttl.load(path)) < 5e-3


def test_the_cache_holds_program_files(compiled):
    assert compiled.artefacts is not None
    assert ttl.load(compiled.artefacts / "program.ttm").image == compiled.image


def test_stages_that_a_file_lacks(tmp_path):
    path = CompiledKernel(an_image(), None, {"ttl.mlir": "text"}).save(tmp_path / "p.ttm")
    loaded = ttl.load(path)
    assert list(loaded.asm) == ["ttl", "cpp"]
    with pytest.raises(KeyError, match="'copy' has no stage 'emitc'; it has ttl, cpp"):
        loaded.asm["emitc"]


def test_per_core_arguments_and_semaphores_reach_the_simulator():
    program = build_program(an_image(), [100, 200])
    assert [(s.id, s.initial, len(s.cores)) for s in program.semaphores] == [(0, 0, 6), (1, 3, 6)]
    assert program.kernels[1].runtime_args == {(1, 2): (7, 8)}
    assert program.kernels[1].unpack_to_dest_fp32 == {1}
    assert program.kernels[0].common_runtime_args == (200,)


# Errors


def failure(path: Path) -> str:
    with pytest.raises(ProgramFileError) as caught:
        ttl.load(path)
    return str(caught.value)


def test_files_that_cannot_be_loaded(tmp_path):
    path = tmp_path / "p.ttm"
    assert f"cannot read {path}: No such file" in failure(path)
    assert "cannot read" in failure(tmp_path)
    data = an_image().to_bytes({})
    path.write_bytes(data[:100])
    assert f"{path} is truncated" in failure(path)
    path.write_bytes(data[:100] + b"\xff" + data[101:])
    assert f"{path} is damaged" in failure(path)
    path.write_text("#!/usr/bin/env python3\n")
    assert f"{path} is no ttlang program file" in failure(path)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"arch": "grayskull"}, "is for the chip 'grayskull'"),
        ({"buffers": (images.BufferImage("b", 0, "Float8", 1, 1, 0),)}, "unknown format 'Float8'"),
        ({"cores": (1,)}, "malformed"),
        ({"tensors": ()}, "takes tensor 1 of 0"),
        (
            {"kernels": (images.KernelImage("k", "reader", "", {}, (), (), cores=(0, 0, 1)),)},
            "3 numbers are no ranges of cores",
        ),
        ({"kernels": (images.KernelImage("k", "ethernet", "", {}, (), ()),)}, "of the kind 'ethernet'"),
    ],
)
def test_contents_that_are_refused(changes, problem, tmp_path):
    path = tmp_path / "p.ttm"
    path.write_bytes(an_image(**changes).to_bytes({}))
    assert problem in failure(path)


def test_saving_fails_with_a_message(compiled, tmp_path):
    with pytest.raises(TTLangError, match=r"cannot write .*No such file"):
        compiled.save(tmp_path / "no" / "p.ttm")
    with pytest.raises(TTLangError, match="no format 'zip'; there are ttm, kernel-artifact"):
        compiled.save(tmp_path / "p.zip", format="zip")
    assert list(tmp_path.iterdir()) == []


# The artifact for tt-mlir


def test_kernel_artifact(compiled, tmp_path):
    artifact = json.loads(compiled.save(tmp_path / "k.json", format="kernel-artifact").read_text())
    kernels = artifact.pop("kernels")
    assert artifact == {
        "format_version": 2,
        "core_range": {"start": [0, 0], "end": [0, 0]},
        "cb_configs": [
            {"buffer_index": i, "data_format": "Float32", "page_size": 4096, "total_size": 16384}
            for i in range(3)
        ],
        "num_tensors": 3,
        "num_pipe_sync_semaphores": 0,
        "num_pipe_global_semaphores": 0,
        "pipe_sram_scratch_bytes": 0,
    }
    assert [(k["thread_type"], k["tensor_indices"], k["kernel_config"]["type"]) for k in kernels] == [
        ("compute", [], "ComputeKernelConfig"),
        ("noc", [0, 1], "ReaderKernelConfig"),
        ("noc", [2], "WriterKernelConfig"),
    ]
    assert [k["cpp_source"] for k in kernels] == list(compiled.kernels.values())
    assert kernels[0]["kernel_config"] == {
        "type": "ComputeKernelConfig",
        "math_fidelity": "HiFi4",
        "fp32_dest_acc_en": True,
        "dst_full_sync_en": False,
        "bfp8_pack_precise": False,
        "math_approx_mode": False,
    }


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({}, "runtime arguments of single cores"),
        ({"kernels": a_split_image().kernels[::2]}, "kernels on a part of the cores"),
        ({"kernels": ()}, "semaphores that do not start at 0"),
    ],
)
def test_artifacts_refuse_what_they_cannot_say(changes, problem, tmp_path):
    with pytest.raises(TTLangError, match=f"no place for .*{problem}"):
        CompiledKernel(an_image(**changes), None).save(tmp_path / "k.json", format="kernel-artifact")
