# SPDX-License-Identifier: Apache-2.0
"""Complete programs made of kernels inside a ttnn package, read in place: their description to a run of the simulator."""

import json
import os
import re
from pathlib import Path

import ml_dtypes
import numpy as np

from ttlang.simulator import KernelBindings, Program

PROGRAMS = json.loads((Path(__file__).parent / "corpus_programs.json").read_text(encoding="utf-8"))
TYPES = {"bfloat16": ml_dtypes.bfloat16, "float32": np.float32, "uint32": np.uint32, "int32": np.int32}
FORMATS = {"bfloat16": "Float16_b", "float32": "Float32", "uint32": "UInt32", "int32": "Int32"}
BOTH = (0, 0, 1, 0)


def package():
    """The ttnn 0.81 package of the judges' folder, or None."""
    judges = os.environ.get("JUDGES")
    folder = Path(judges) / "ttnn81" / "ttnn" if judges else None
    return folder if folder and (folder / "ttnn" / "cpp" / "ttnn" / "operations").is_dir() else None


def include_dirs():
    return [package(), package() / "ttnn", package() / "ttnn" / "cpp"]


def element_bits(array):
    """The array with unsigned elements of the same width: tiles hold bits."""
    return array.view({2: np.uint16, 4: np.uint32}[array.dtype.itemsize])


class Tensor:
    """A tensor of a program on the device: tiles or rows, interleaved in DRAM, or sharded by rows over cores."""

    def __init__(self, device, name, row, cores):
        self.name, self.layout = name, row["layout"]
        self.type = np.dtype(TYPES[row["type"]])
        self.shape = tuple(row["shape"])
        height, width = int(np.prod(self.shape[:-1])), self.shape[-1]
        self.tiles = self.layout != "row_major"
        self.padded = (-(-height // 32) * 32, -(-width // 32) * 32) if self.tiles else (height, width)
        if "sharded" in self.layout:
            grid = self.padded[0] // 32, self.padded[1] // 32
            count = min(len(cores), grid[0])
            self.buffer = device.allocate_sharded(
                grid,
                (grid[0] // count, grid[1]),
                [(x, y, x, y) for x, y in cores[:count]],
                1024 * self.type.itemsize,
            )
        elif self.tiles:
            pages = self.padded[0] * self.padded[1] // 1024
            self.buffer = device.allocate(pages, 1024 * self.type.itemsize)
        else:
            self.buffer = device.allocate(height, width * self.type.itemsize)

    def set(self, array):
        flat = np.zeros(self.padded, self.type)
        rows = array.reshape(-1, array.shape[-1])
        flat[: rows.shape[0], : rows.shape[1]] = rows
        if self.tiles:
            self.buffer.write_tiles(element_bits(flat))
        else:
            self.buffer.write(element_bits(flat))

    def get(self):
        flat = np.zeros(self.padded, self.type)
        if self.tiles:
            self.buffer.read_tiles(element_bits(flat))
        else:
            flat = self.buffer.read().view(self.type).reshape(self.padded)
        return flat


class CorpusRun:
    """One program: its tensors made and filled, then run."""

    def __init__(self, device, program, seed=1):
        """`program`: its name in corpus_programs.json, or a row of that form."""
        self.device, self.row = device, program if isinstance(program, dict) else PROGRAMS[program]
        cores = sorted({core for kernel in self.row["kernels"] for core in each_core(kernel["cores"])})
        self.tensors = {key: Tensor(device, key, row, cores) for key, row in self.row["tensors"].items()}
        random = np.random.default_rng(seed)
        self.inputs = {}
        for key, tensor in self.tensors.items():
            if np.issubdtype(tensor.type, np.integer):
                low, high = self.row["tensors"][key].get("range", (0, 8))
                values = random.integers(low, high, tensor.shape).astype(tensor.type)
            else:
                values = random.standard_normal(tensor.shape).astype(np.float32).astype(tensor.type)
            if key.startswith("in"):
                self.inputs[key] = values
            tensor.set(values if key.startswith("in") else np.zeros(tensor.shape, tensor.type))

    def close(self):
        for tensor in self.tensors.values():
            tensor.buffer.free()

    def run(self, **options):
        program = Program()
        cores = sorted({core for kernel in self.row["kernels"] for core in each_core(kernel["cores"])})
        ranges = [(x, y, x, y) for x, y in cores]
        for index, config in self.row["buffers"].items():
            self.add_buffer(program, int(index), ranges, config)
        for index in range(self.row.get("semaphores", 0)):
            program.add_semaphore(index, ranges)
        for kernel in self.row["kernels"]:
            self.add_kernel(program, kernel)
        result = self.device.run(program, **options)
        return self.tensors["out"].get(), result

    def add_buffer(self, program, index, ranges, config):
        if isinstance(config, dict):
            shard = self.tensors[config["shard"]].buffer
            program.add_circular_buffer(
                index,
                ranges,
                num_pages=shard.pages_per_shard,
                page_size=config["page"],
                address=shard.address,
            )
        else:
            pages, size, kind = config
            program.add_circular_buffer(
                index, ranges, data_format=FORMATS[kind], num_pages=pages, page_size=size
            )

    def add_kernel(self, program, kernel):
        named = kernel.get("named")
        cores = each_core(kernel["cores"])
        if named:
            words = [*named["runtime"].values(), *named["varargs"]]
            arguments = dict.fromkeys(cores, words)
        else:
            given = kernel["runtime_args"]
            by_core = (
                given if isinstance(given, dict) else dict.fromkeys((f"{x},{y}" for x, y in cores), given)
            )
            arguments = {
                tuple(map(int, core.split(","))): self.words(values) for core, values in by_core.items()
            }
        program.add_kernel(
            package() / "ttnn" / "cpp" / "ttnn" / kernel["file"],
            kernel["kind"],
            tuple(kernel["cores"]),
            compile_time_args=self.words(kernel["compile_time_args"]),
            named_compile_time_args=kernel.get("named_compile_time_args", {}),
            common_runtime_args=self.words(kernel.get("common", [])),
            runtime_args=arguments,
            defines=kernel.get("defines"),
            fp32_dest_acc=kernel.get("fp32_dest_acc", False),
            include_dirs=include_dirs(),
            bindings=self.bindings(kernel) if named else None,
        )

    def bindings(self, kernel):
        named = kernel["named"]
        words, tensors = 0, {}
        for index, name in enumerate(named["tensors"]):
            tensors[name] = (words, index)
            words += len(self.words([kernel["compile_time_args"][index]]))
        return KernelBindings(
            runtime=tuple(named["runtime"]),
            compile_time=named["compile_time"],
            buffers=named["buffers"],
            tensors=tensors,
            tensor_groups=named.get("groups", {}),
            scratch={name: tuple(where) for name, where in named.get("scratch", {}).items()},
        )

    def words(self, values):
        """Numbers of a list in which `&t` is an address, `TA(t)` accessor words, `nocx(x,y)` a coordinate."""
        found = []
        for value in values:
            if isinstance(value, int):
                found.append(value)
            elif value.startswith("&"):
                found.append(self.tensors[value[1:]].buffer.address)
            elif value.startswith("TA("):
                found += self.tensors[value[3:-1]].buffer.accessor_args
            else:
                axis, x, y = re.fullmatch(r"noc([xy])\((\d+),(\d+)\)", value).groups()
                found.append(self.device.noc_coordinate(int(x), int(y))["xy".index(axis)])
        return found


def each_core(bounds):
    x0, y0, x1, y1 = bounds
    return [(x, y) for y in range(y0, y1 + 1) for x in range(x0, x1 + 1)]
