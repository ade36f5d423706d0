# SPDX-License-Identifier: Apache-2.0
"""Program files on the command line: run one on arrays from files, or show what is in it."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ttlang.diagnostics import TTLangError
from ttlang.language.data import numpy_type
from ttlang.language.tensors import Tensor, tensor
from ttlang.runtime import CompiledKernel, RunReport, load
from ttlang.runtime.image import ProgramImage, TensorImage

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

StrPath = str | PathLike[str]


def run_program(
    path: StrPath,
    inputs: Sequence[StrPath],
    outputs: Sequence[StrPath] = (),
    *,
    backend: str | None = None,
    time: bool | None = None,
    max_cycles: int | None = None,
) -> RunReport:
    """Run a program file on `.npy` files and write its results to `.npy` files.

    `inputs`: one file for each tensor that the program does not write, in the order of its arguments, or one for each
    tensor, when results start from given values and not from zeros. Values are converted to the tensor's type; a
    bfloat16 array that NumPy saved is read as such. `outputs`: one file for each tensor that is written, or none;
    bfloat16 and block formats are written as float32, which NumPy files can hold. Options are those of
    `CompiledKernel.run`.

    Raises TTLangError for a file that cannot be read or written and for arrays that do not fit, before anything runs.
    """
    compiled = load(path)
    image = compiled.image
    written = [t for t in image.tensors if t.written]
    if outputs and len(outputs) != len(written):
        raise TTLangError(
            f"error: '{image.name}' writes {_names(written)}, but there are {len(outputs)} output files"
        )
    arguments = _arguments(image, inputs)
    report = compiled.run(*arguments, backend=backend, time=time, max_cycles=max_cycles)
    results = [a for a, t in zip(arguments, image.tensors, strict=True) if t.written]
    for result, output in zip(results, outputs, strict=False):
        _write(result, output)
    return report


def _names(tensors: Sequence[TensorImage]) -> str:
    return ", ".join(f"'{t.name}'" for t in tensors) or "no tensor"


def _arguments(image: ProgramImage, inputs: Sequence[StrPath]) -> list[Tensor]:
    read = [t for t in image.tensors if not t.written]
    if len(inputs) not in (len(read), len(image.tensors)):
        raise TTLangError(
            f"error: '{image.name}' reads {_names(read)}: it takes {len(read)} input files, or"
            f" {len(image.tensors)} when its results start from values of files; got {len(inputs)}"
        )
    given = iter(inputs)
    everything = len(inputs) == len(image.tensors)
    arguments = []
    for t in image.tensors:
        if t.written and not everything:
            data = np.zeros(t.spec.shape, numpy_type(t.spec.dtype))
        else:
            data = _read(next(given), t)
        arguments.append(tensor(data, t.spec.dtype, t.spec.layout, t.spec.memory, t.spec.shard))
    return arguments


def _read(path: StrPath, wanted: TensorImage) -> np.ndarray:
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise TTLangError(f"error: cannot read {path} for '{wanted.name}': {error}") from None
    if not isinstance(array, np.ndarray):
        raise TTLangError(f"error: {path} holds several arrays; '{wanted.name}' takes a .npy file of one")
    if array.shape != wanted.spec.shape:
        raise TTLangError(
            f"error: {path} has shape {array.shape}, but '{wanted.name}' has {wanted.spec.shape}"
        )
    target = numpy_type(wanted.spec.dtype)
    if array.dtype == np.dtype((np.void, target.itemsize)):  # how NumPy saves types that it does not know
        return array.view(target)
    if array.dtype.kind not in "biuf" or (target.kind in "iu" and array.dtype.kind == "f"):
        raise TTLangError(
            f"error: {path} holds {array.dtype}, but '{wanted.name}' is {wanted.spec.dtype.format.python_name}"
        )
    return array


def _write(result: Tensor, path: StrPath) -> None:
    array = result.numpy()
    known = array.dtype == np.dtype(array.dtype.str)  # to NumPy files
    data = array if known else array.astype(np.float32)
    try:
        with Path(path).open("wb") as file:
            np.save(file, data)
    except OSError as error:
        raise TTLangError(f"error: cannot write {path}: {error.strerror}") from None


def inspect_program(path: StrPath, stage: str | None = None) -> "RenderableType":
    """What is in a program file, to print with rich: its tensors, buffers, kernels and stages.

    With `stage`, the text of that stage ("ttl", "cpp", ...). Raises TTLangError for a file that cannot be read, or a
    stage that it does not have.
    """
    from rich.console import Group
    from rich.text import Text

    compiled = load(path)
    if stage is not None:
        if stage not in compiled.asm:
            raise TTLangError(f"error: {path} has no stage '{stage}'; it has {', '.join(compiled.asm)}")
        return Text(compiled.asm[stage])
    return Group(*_tables(compiled))


def _table(title: str, *columns: str) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold")
    for column in columns:
        name = column.removesuffix("#")
        table.add_column(name, justify="right" if column != name else "left", overflow="fold")
    return table


def _tables(compiled: CompiledKernel) -> "list[Table]":
    image = compiled.image
    columns, rows = image.cores
    about = _table(f"program {image.name}", "", "")
    for label, text in (
        ("chip", image.arch),
        ("grid", " x ".join(map(str, image.grid)) + f", on cores (0, 0) to ({columns - 1}, {rows - 1})"),
        ("kernels for", f"tt-metal {image.metal_version}"),
        ("math", f"{image.math_fidelity}, {32 if image.fp32_dest_acc else 16}-bit DST"),
        ("DST", "full synchronisation" if image.dst_full_sync else "half synchronisation"),
        ("semaphores", ", ".join(f"{i} starts at {v}" for i, v in enumerate(image.semaphores))),
    ):
        if text:
            about.add_row(label, text)
    tensors = _table("tensors", "#", "name", "shape", "type", "layout", "memory", "")
    for i, t in enumerate(image.tensors):
        shape = " x ".join(map(str, t.spec.shape))
        shard = f", shards {t.spec.shard.text}" if t.spec.shard is not None else ""
        place = (t.spec.layout.value, t.spec.memory.value + shard)
        access = "written" if t.written else "read"
        tensors.add_row(str(i), t.name, shape, t.spec.dtype.format.python_name, *place, access)
    buffers = _table("circular buffers", "index#", "name", "format", "pages#", "page bytes#", "address#")
    for b in image.buffers:
        buffers.add_row(
            str(b.index), b.name, b.data_format, str(b.pages), str(b.page_bytes), f"{b.address:#x}"
        )
    kernels = _table(
        "kernels",
        "name",
        "kind",
        "cores",
        "C++ lines#",
        "compile-time arguments",
        "addresses of",
        "own arguments",
        "to DST in fp32",
    )
    for k in image.kernels:
        names = ", ".join(image.tensors[t].name for t in k.tensor_arguments)
        own = f"{len(k.runtime_args)} cores" if k.runtime_args else ""
        words = ", ".join(map(str, k.compile_time_args))
        cores = "all" if k.cores is None else "({}, {}) to ({}, {})".format(*k.cores)
        unpacked = ", ".join(f"buffer {i}" for i in k.unpack_to_dest_fp32)
        kernels.add_row(k.name, k.kind, cores, str(k.source.count("\n")), words, names, own, unpacked)
    stages = _table("stages", "name", "bytes#")
    for name in compiled.stages:
        stages.add_row(name, f"{len(compiled.asm[name].encode()):,}")
    return [table for table in (about, tensors, buffers, kernels, stages) if table.row_count]
