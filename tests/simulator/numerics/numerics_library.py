# SPDX-License-Identifier: Apache-2.0
"""Builds the numerics library once per content and offers it to the tests through ctypes and NumPy."""

import ctypes
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from ttlang.simulator.native.numerics import COMPILE_FLAGS, DIRECTORY, HEADERS, SOURCES

FORMATS = {
    "fp32": 0, "fp16": 1, "bfp8a": 2, "bfp4a": 3, "tf32": 4, "bf16": 5, "bfp8": 6, "bfp4": 7, "int32": 8, "uint16": 9,
    "bfp2": 15, "int8": 14, "uint32": 24, "uint8": 30,
}  # fmt: skip
FORMAT_CODES = {
    "Float32": 0, "Float16": 1, "Float16_b": 5, "Bfp8_b": 6, "Bfp4_b": 7, "Int32": 8, "UInt16": 9, "UInt32": 24, "UInt8": 30,
}  # fmt: skip
FIDELITY = {"LoFi": 1, "HiFi2": 2, "HiFi3": 3, "HiFi4": 4}
MUL, ADD, SUB = 0, 2, 3


def compiler() -> str | None:
    """The C++ compiler to use: $CXX, g++ or clang++; None when there is none."""
    chosen = os.environ.get("CXX")
    return chosen or shutil.which("g++") or shutil.which("clang++")


def build(cxx: str, extra: tuple[str, ...] = ()) -> Path:
    """The shared library, from the cache when the sources, flags and compiler are the same."""
    version = subprocess.run([cxx, "--version"], capture_output=True, text=True, check=True).stdout
    digest = hashlib.sha256("\0".join([version, *COMPILE_FLAGS, *extra]).encode())
    for path in (*SOURCES, *HEADERS):
        digest.update(path.name.encode() + path.read_bytes())
    cache = Path(platformdirs.user_cache_dir("ttlang")) / "tests"
    cache.mkdir(parents=True, exist_ok=True)
    library = cache / f"numerics-{digest.hexdigest()[:24]}.so"
    if library.exists():
        return library
    with tempfile.TemporaryDirectory(dir=cache) as work:
        objects = []
        for source in SOURCES:
            target = Path(work) / f"{source.stem}.o"
            command = [cxx, *COMPILE_FLAGS, *extra, "-Wall", "-Wextra", "-c", str(source), "-o", str(target)]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise RuntimeError(f"{' '.join(command)}\n{done.stderr}")
            objects.append(str(target))
        linked = Path(work) / "numerics.so"
        subprocess.run([cxx, "-shared", *objects, "-o", str(linked)], check=True)
        os.replace(linked, library)
    return library


@dataclass(frozen=True)
class Operation:
    """One row of sfpu_ops.def."""

    code: int
    name: str
    tiles: int
    params: int
    domain: str
    api: str


def read_operations() -> list[Operation]:
    """The SFPU table as the C++ compiler sees it."""
    pattern = re.compile(r'^TTSIM_SFPU\((\w+), (\d), (\d), (\w+), "(.*)"\)', re.M)
    rows = pattern.findall((DIRECTORY / "sfpu_ops.def").read_text())
    return [Operation(i, n, int(t), int(p), d, a) for i, (n, t, p, d, a) in enumerate(rows)]


@dataclass(frozen=True)
class Config:
    """MathConfig of the library."""

    exact: bool = True
    fidelity: int = 4
    fp32_dest: bool = False
    approx: bool = False
    fp16_dest: bool = False

    @property
    def code(self) -> int:
        return (
            int(self.exact)
            | self.fidelity << 4
            | self.fp32_dest << 8
            | self.approx << 9
            | self.fp16_dest << 10
        )


def pointer(array: np.ndarray[Any, Any]) -> ctypes.c_void_p:
    assert array.flags.c_contiguous
    return ctypes.c_void_p(array.ctypes.data)


class Library:
    """The C entry points; arrays are NumPy, tiles are in tile order."""

    def __init__(self, path: Path) -> None:
        self.lib = ctypes.CDLL(str(path))
        self.lib.ttsim_sfpu_name.restype = ctypes.c_char_p
        self.operations = read_operations()
        self.by_name = {op.name: op for op in self.operations}

    def call(self, name: str, *arguments: Any) -> int:
        converted = []
        for value in arguments:
            if isinstance(value, np.ndarray):
                converted.append(pointer(value))
            elif isinstance(value, Config):
                converted.append(ctypes.c_uint32(value.code))
            else:
                converted.append(ctypes.c_size_t(int(value) & 0xFFFFFFFF))
        return int(getattr(self.lib, f"ttsim_{name}")(*converted))

    def tile_bytes(self, fmt: str) -> int:
        return self.call("tile_bytes", FORMATS[fmt], 1024)

    def pack(
        self, config: Config, fmt: str, dst: np.ndarray[Any, Any], **options: int
    ) -> np.ndarray[Any, Any]:
        tile = np.zeros(self.tile_bytes(fmt), np.uint8)
        relu, threshold = options.get("relu", 0), options.get("threshold", 0)
        assert self.call("pack_tile", config, FORMATS[fmt], dst, tile, relu, threshold, 0)
        return tile

    def copy(
        self, config: Config, fmt: str, tile: np.ndarray[Any, Any], to_dest: bool = False
    ) -> np.ndarray[Any, Any]:
        dst = np.zeros(1024, np.uint32)
        assert self.call("copy_tile", config, FORMATS[fmt], tile, int(to_dest), dst)
        return dst

    def unary(
        self, config: Config, name: str, dst: np.ndarray[Any, Any], *params: int
    ) -> np.ndarray[Any, Any]:
        out = dst.copy()
        padded = (*params, 0, 0, 0)[:3]
        self.call("sfpu_unary", config, self.by_name[name].code, out, *padded, 15)
        return out

    def binary(
        self, config: Config, name: str, a: np.ndarray[Any, Any], b: np.ndarray[Any, Any], p0: int = 0
    ) -> np.ndarray[Any, Any]:
        out = np.zeros(1024, np.uint32)
        self.call("sfpu_binary", config, self.by_name[name].code, a, b, out, p0)
        return out


def tilize(matrix: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """(M, N) -> (tiles, 1024) in tile order, tiles row-major."""
    m, n = matrix.shape
    blocks = matrix.reshape(m // 32, 2, 16, n // 32, 2, 16).transpose(0, 3, 1, 4, 2, 5)
    return np.ascontiguousarray(blocks).reshape(-1, 1024)


def untilize(tiles: np.ndarray[Any, Any], m: int, n: int) -> np.ndarray[Any, Any]:
    blocks = tiles.reshape(m // 32, n // 32, 2, 2, 16, 16).transpose(0, 2, 4, 1, 3, 5)
    return np.ascontiguousarray(blocks).reshape(m, n)
