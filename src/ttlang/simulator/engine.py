# SPDX-License-Identifier: Apache-2.0
"""The engine's C interface as Python calls."""

from __future__ import annotations

import ctypes
import struct
import tempfile
from ctypes import c_char_p, c_double, c_int, c_int64, c_uint32, c_uint64, c_void_p
from functools import cache
from pathlib import Path
from threading import Lock

import numpy as np
import numpy.typing as npt

from ttlang.simulator.engine_build import engine_library
from ttlang.simulator.errors import SimulatorError

Words = npt.NDArray[np.uint32]
ERROR_BYTES = 1024

_loaded: list[tuple[str, int]] = []
RUN_LOCK = Lock()
"""The machine runs on one host thread of the process at a time."""

_SIGNATURES: dict[str, tuple[object, tuple[object, ...]]] = {
    "ttsim_device_new": (c_void_p, (c_uint32, c_uint32, c_uint32)),
    "ttsim_device_set": (c_int, (c_void_p, c_char_p, c_double)),
    "ttsim_device_vector": (c_int, (c_void_p, c_char_p, c_double, c_double)),
    "ttsim_device_core": (None, (c_void_p, c_uint32, c_uint32, c_uint32, c_uint32, c_uint32)),
    "ttsim_device_bank": (None, (c_void_p, c_uint32, c_uint32, c_uint32, c_uint32)),
    "ttsim_device_finish": (c_int, (c_void_p, c_void_p, c_uint32)),
    "ttsim_device_delete": (None, (c_void_p,)),
    "ttsim_dram_commit": (c_int, (c_void_p, c_uint64)),
    "ttsim_pages": (
        None,
        (c_void_p, c_uint32, c_uint32, c_uint64, c_uint64, c_uint32, c_uint32, c_uint32, c_void_p),
    ),
    "ttsim_tiles": (
        c_int,
        (
            c_void_p, c_uint32, c_uint32, c_uint64, c_uint64, c_uint32, c_uint32, c_void_p, c_uint64, c_uint64, c_int64,
            c_int64,
        ),
    ),
    "ttsim_host_from_float": (c_int, (c_uint32, c_void_p, c_uint64, c_void_p)),
    "ttsim_host_to_float": (c_int, (c_uint32, c_void_p, c_uint64, c_void_p)),
    "ttsim_l1_copy": (None, (c_void_p, c_uint32, c_uint32, c_uint64, c_void_p, c_uint64)),
    "ttsim_kernel_open": (c_void_p, (c_char_p, c_void_p, c_uint32)),
    "ttsim_kernel_symbol": (c_void_p, (c_void_p, c_char_p)),
    "ttsim_kernel_reset": (None, (c_void_p,)),
    "ttsim_buffer_add": (None, (c_void_p, c_uint32, c_uint64, c_uint64, c_uint64, c_uint32)),
    "ttsim_buffer_remove": (None, (c_void_p, c_uint32, c_uint64)),
    "ttsim_kernel_offset": (c_int64, (c_void_p, c_uint64)),
    "ttsim_program_begin": (
        c_int, (c_void_p, c_uint32, c_uint32, c_uint32, c_uint64, c_uint64, c_uint64, c_uint32, c_void_p, c_uint32),
    ),
    "ttsim_program_check_end": (c_int, (c_void_p,)),
    "ttsim_program_compute": (None, (c_void_p, c_void_p, *(c_uint32,) * 6)),
    "ttsim_program_place": (
        None,
        (
            c_void_p, c_uint32, c_uint32, c_uint32, c_void_p, c_void_p, c_uint32, c_void_p, c_void_p, c_void_p, c_uint32,
            c_uint32, c_uint32,
        ),
    ),
    "ttsim_program_cb": (None, (c_void_p, c_uint32, c_void_p, *(c_uint32,) * 9)),
    "ttsim_program_semaphore": (None, (c_void_p, c_uint32, c_void_p, c_uint32, c_uint32)),
    "ttsim_program_start": (None, (c_void_p,)),
    "ttsim_program_run": (c_int, (c_void_p, c_uint32)),
    "ttsim_result_summary": (None, (c_void_p, c_void_p)),
    "ttsim_result_fibers": (None, (c_void_p, c_void_p, c_uint32)),
    "ttsim_result_cb": (None, (c_void_p, c_uint32, c_uint32, c_void_p)),
    "ttsim_result_trace": (None, (c_void_p, c_void_p)),
    "ttsim_result_zone_name": (c_char_p, (c_void_p, c_uint32)),
    "ttsim_result_most_filled": (None, (c_void_p, c_void_p)),
    "ttsim_result_work": (None, (c_void_p, c_void_p)),
    "ttsim_result_links": (None, (c_void_p, c_uint32, c_void_p)),
    "ttsim_result_bank": (None, (c_void_p, c_uint32, c_void_p)),
    "ttsim_result_word": (c_uint32, (c_void_p, c_uint32, c_uint32)),
    "ttsim_result_lines": (c_void_p, (c_void_p, c_uint32)),
    "ttsim_result_fault": (None, (c_void_p, c_void_p, c_void_p, c_uint32, c_void_p, c_uint32)),
    "ttsim_result_output": (c_void_p, (c_void_p, c_void_p)),
}  # fmt: skip


@cache
def engine() -> ctypes.CDLL:
    """The engine, built if need be. Its symbols are global: kernels are linked against them when they are loaded."""
    library = ctypes.CDLL(str(engine_library()), mode=ctypes.RTLD_GLOBAL)
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
    return library


@cache
def load_kernel(path: str, instance: int = 0) -> int:
    """A handle of compiled kernels; they stay loaded as long as the process lives.

    Each `instance` has static variables of its own: the loader is given another file of the same contents.
    """
    if instance == 0:
        return _remember(path, _open(path))
    with tempfile.NamedTemporaryFile(suffix=f"-{instance}.so", dir=Path(path).parent) as copy:
        copy.write(Path(path).read_bytes())
        copy.flush()
        return _remember(path, _open(copy.name))


def _remember(path: str, handle: int) -> int:
    _loaded.append((path, handle))
    return handle


def code_place(address: int) -> tuple[str, int] | None:
    """The library of compiled kernels that holds an instruction, and the instruction's offset in its file."""
    for path, handle in _loaded:
        offset = engine().ttsim_kernel_offset(handle, address)
        if offset >= 0:
            return path, int(offset)
    return None


def _open(path: str) -> int:
    message = ctypes.create_string_buffer(ERROR_BYTES)
    handle = engine().ttsim_kernel_open(path.encode(), message, ERROR_BYTES)
    if not handle:
        raise SimulatorError(f"compiled kernels cannot be loaded: {message.value.decode(errors='replace')}")
    return int(handle)


def kernel_entry(handle: int, name: str) -> int:
    """Address of a function of compiled kernels."""
    address = engine().ttsim_kernel_symbol(handle, name.encode())
    if not address:
        raise SimulatorError(f"compiled kernels have no function {name}")
    return int(address)


@cache
def has_static_variables(path: str) -> bool:
    """Whether a library (64-bit ELF) has writable data: sections .data or .bss that are not empty."""
    try:
        return _has_writable_data(Path(path).read_bytes())
    except (struct.error, ValueError, IndexError):
        raise SimulatorError(
            f"{path} in the cache of compiled kernels is damaged; delete it, and it is made again"
        ) from None


def _has_writable_data(data: bytes) -> bool:
    table, entry_bytes, count, names_index = (
        struct.unpack_from("<Q", data, 0x28)[0],
        *struct.unpack_from("<HHH", data, 0x3A),
    )
    headers = [struct.unpack_from("<IIQQQQ", data, table + i * entry_bytes) for i in range(count)]
    names = headers[names_index][4]
    found = {data[names + header[0] : data.index(0, names + header[0])]: header[5] for header in headers}
    return any(
        size
        for name, size in found.items()
        if name.split(b".")[1:2] in ([b"data"], [b"bss"]) and b".rel.ro" not in name
    )


def words(values: object) -> Words:
    """A contiguous array of 32-bit words."""
    return np.ascontiguousarray(np.asarray(values, dtype=np.uint32))
