# SPDX-License-Identifier: Apache-2.0
"""Runs the compute loops that the golden vectors record, call by call, on the numerics library.

The loops are a small language: `for` with constant bounds, blocks, and calls of the kernel API. Each call maps to one function of
the library; SFPU calls are found in the `api` column of sfpu_ops.def.
"""

import re
import struct
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numerics_library import ADD, FIDELITY, FORMAT_CODES, FORMATS, MUL, SUB, Config, Library, tilize, untilize

Array = np.ndarray[Any, Any]
TOKEN = re.compile(r"\s*(for\s*\(uint32_t (\w)=(\w+);\w<(\w+);\w\+\+\)|\{|\}|;|[\w:]+)")
STORAGE = {"bf16": np.uint16, "fp32": np.uint32, "int32": np.uint32, "uint32": np.uint32, "uint16": np.uint16}
NO_EFFECT = re.compile(
    r"(tile_regs_(commit|wait|release)|cb_(reserve_back|push_back|pop_front|wait_front)|compute_kernel_hw_startup|"
    r"reconfig_data_format\w*|\w+_init|\w+_uninit)$"
)
BROADCASTS = {"cols": 1, "rows": 2, "scalar": 3, "COL": 1, "ROW": 2, "SCALAR": 3}
POOLS = {"SUM": 0, "AVG": 1, "MAX": 2}
DIMS = {"ROW": 0, "COL": 1, "SCALAR": 2}


def split_arguments(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for i, c in enumerate(text):
        depth += (c in "(<") - (c in ")>")
        if c == "," and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    return [p.strip() for p in [*parts, text[start:]] if p.strip()]


def close(text: str, at: int, pair: str) -> int:
    """Index after the bracket that closes the one at `at`."""
    depth = 0
    for i in range(at, len(text)):
        depth += (text[i] == pair[0]) - (text[i] == pair[1])
        if depth == 0:
            return i + 1
    raise ValueError(f"unbalanced {pair} in {text}")


def statements(text: str, env: dict[str, int]) -> Iterator[tuple[str, list[str], list[str], dict[str, int]]]:
    """Every call in execution order: name, template arguments, arguments, loop variables."""
    at = 0
    while (found := TOKEN.match(text, at)) is not None:
        at = found.end()
        word = found[1]
        if word in ";}":
            continue
        if word == "{":
            end = close(text, at - 1, "{}")
            yield from statements(text[at : end - 1], env)
            at = end
        elif word.startswith("for"):
            end = body_end(text, at)
            low, high = (int(eval(found[k], {}, env)) for k in (3, 4))
            for value in range(low, high):
                yield from statements(text[at:end], {**env, found[2]: value})
            at = end
        else:
            templates: list[str] = []
            if text[at] == "<":
                end = close(text, at, "<>")
                templates = split_arguments(text[at + 1 : end - 1])
                at = end
            end = close(text, at, "()")
            yield word, templates, split_arguments(text[at + 1 : end - 1]), env
            at = end


def body_end(text: str, at: int) -> int:
    while text[at] == " ":
        at += 1
    if text[at] == "{":
        return close(text, at, "{}")
    if text.startswith("for", at):
        return body_end(text, close(text, text.index("(", at), "()"))
    return text.index(";", at) + 1


class GoldenKernel:
    """One case: inputs in memory form, DST, output tiles."""

    def __init__(self, library: Library, case: dict[str, Any], arrays: dict[str, Array], exact: bool) -> None:
        self.library, self.case = library, case
        fidelity = FIDELITY[case["math_fidelity"]]
        self.config = Config(exact, fidelity, case["fp32_dest_acc_en"], case.get("math_approx_mode", False))
        self.formats = {item["cb"]: item["format"] for item in case["inputs"]}
        self.tiles = {
            item["cb"]: self.in_tiles(arrays[item["key"]], item["format"]) for item in case["inputs"]
        }
        self.to_dest = set(case.get("unpack_to_dest_fp32_cbs", []))
        self.out_format: str = case["output"]["format"]
        self.shape = tuple(case["output"]["logical_shape"])
        self.out: dict[int, Array] = {}
        self.dst = np.zeros((16, 1024), np.uint32)
        self.fresh = [True] * 16
        self.init_arguments: dict[str, list[int]] = {}
        self.accumulate = True
        self.l1_accumulate = False
        self.carry = np.zeros(32, np.uint32)

    def in_tiles(self, array: Array, fmt: str) -> Array:
        if fmt.startswith("bfp"):
            return np.ascontiguousarray(array)
        return tilize(array.astype(STORAGE[fmt])).view(np.uint8).reshape(-1, 1024 * STORAGE[fmt]().itemsize)

    def run(self) -> Array:
        size = self.shape[0] * self.shape[1] // 1024
        for text in (self.case["startup"], self.case["loop"]):
            for name, templates, arguments, env in statements(text, {"NO": size}):
                self.execute(name, templates, [self.value(a, env) for a in arguments])
        packed = np.stack([self.out[i] for i in range(len(self.out))])
        if self.out_format.startswith("bfp"):
            return packed
        elements = packed.reshape(-1).view(STORAGE[self.out_format])
        return untilize(elements.reshape(-1, 1024), *self.shape)

    def value(self, text: str, env: dict[str, int]) -> int:
        if text.endswith("f") and "." in text:
            return int(struct.unpack("<I", struct.pack("<f", float(text[:-1])))[0])
        if re.fullmatch(r"[\w\s+*-]+", text) and "::" not in text and not text.endswith("_t"):
            names = {"true": 1, "false": 0, **env}
            return int(eval(re.sub(r"(?<=[0-9a-fA-F])u\b", "", text), {}, names))
        return -1  # an enumerator: none of the calls below read one from their arguments

    def execute(self, name: str, templates: list[str], a: list[int]) -> None:
        if name.endswith("_init"):
            self.init_arguments[name] = a
            if name in ("add_init", "sub_init", "mul_init"):
                self.accumulate = bool(a[2]) if len(a) > 2 else name == "mul_init"
        handler: Callable[..., None] | None = getattr(self, f"do_{name}", None)
        if handler is not None:
            handler(a, templates)
        elif (found := re.match(r"(add|sub|mul)_tiles(_bcast_(rows|cols|scalar))?$", name)) is not None:
            self.eltwise(found[1], BROADCASTS.get(found[3], 0), a)
        elif (found := re.match(r"(add|sub|mul)_reuse_dest_tiles$", name)) is not None:
            self.reuse(found[1], templates[0], a)
        elif not NO_EFFECT.match(name):
            self.sfpu(name, templates, a)

    # ---- unpack, pack

    def operand(self, cb: int, index: int) -> tuple[int, Array]:
        return FORMATS[self.formats[cb]], self.tiles[cb][index]

    def wide(self, cb: int) -> int:
        return int(cb in self.to_dest)

    def do_tile_regs_acquire(self, a: list[int], templates: list[str]) -> None:
        self.dst[:] = 0
        self.fresh = [True] * 16

    def do_copy_tile(self, a: list[int], templates: list[str]) -> None:
        self.library.call(
            "copy_tile", self.config, *self.operand(a[0], a[1]), self.wide(a[0]), self.dst[a[2]]
        )

    def do_transpose_tile(self, a: list[int], templates: list[str]) -> None:
        self.library.call(
            "transpose_tile", self.config, *self.operand(a[0], a[1]), self.wide(a[0]), self.dst[a[2]]
        )

    def do_unary_bcast(self, a: list[int], templates: list[str]) -> None:
        how = BROADCASTS[templates[0].split("::")[1]]
        self.library.call("broadcast_tile", self.config, *self.operand(a[0], a[1]), how, self.dst[a[2]])

    def do_pack_reconfig_l1_acc(self, a: list[int], templates: list[str]) -> None:
        self.l1_accumulate = bool(a[0])

    def do_pack_tile(self, a: list[int], templates: list[str]) -> None:
        index = a[2] if templates else len(self.out)
        tile = self.out.setdefault(index, np.zeros(self.library.tile_bytes(self.out_format), np.uint8))
        code = FORMATS[self.out_format]
        assert self.library.call(
            "pack_tile", self.config, code, self.dst[a[0]], tile, 0, 0, int(self.l1_accumulate)
        )

    def do_tilize_block(self, a: list[int], templates: list[str]) -> None:
        fmt = self.formats[a[0]]
        element = STORAGE[fmt]().itemsize
        first = len(self.out)
        sheet = np.ascontiguousarray(self.tiles[a[0]]).reshape(64, 64 * element)
        band = np.ascontiguousarray(sheet[first // 2 * 32 : first // 2 * 32 + 32])
        for c in range(a[1]):
            tile = np.zeros(1024 * element, np.uint8)
            rows = np.ascontiguousarray(band[:, c * 32 * element :].reshape(-1))
            padded = np.concatenate([rows, np.zeros(64 * element, np.uint8)]) if c else rows
            stride = 64 * element - c * 32 * element
            assert self.library.call("tilize", FORMATS[fmt], padded, stride, tile)
            dst = np.zeros(1024, np.uint32)
            # The tilize unpacker converts through SrcA whatever the buffer's mode, unless it writes to DST.
            self.library.call("copy_tile", self.config, FORMATS[fmt], tile, self.wide(a[0]), dst)
            self.out[first + c] = self.library.pack(self.config, self.out_format, dst)

    def do_pack_untilize_block(self, a: list[int], templates: list[str]) -> None:
        width = int(templates[0])
        element = STORAGE[self.out_format]().itemsize
        first = len(self.out)
        rows = np.zeros((32, width * 32 * element), np.uint8)
        for c in range(width):
            dst = np.zeros(1024, np.uint32)
            self.library.call("copy_tile", self.config, *self.operand(a[0], first + c), self.wide(a[0]), dst)
            tile = self.library.pack(self.config, self.out_format, dst)
            part = np.zeros((32, 32 * element), np.uint8)
            assert self.library.call("untilize", FORMATS[self.out_format], tile, part, 32 * element)
            rows[:, c * 32 * element : (c + 1) * 32 * element] = part
        for c, chunk in enumerate(rows.reshape(width, -1)):
            self.out[first + c] = chunk.copy()

    # ---- matrix unit

    def eltwise(self, op: str, bcast: int, a: list[int]) -> None:
        code = {"add": ADD, "sub": SUB, "mul": MUL}[op]
        accumulate = int(self.accumulate)
        inputs = (*self.operand(a[0], a[2]), *self.operand(a[1], a[3]))
        assert self.library.call("eltwise", self.config, code, *inputs, accumulate, self.dst[a[4]], bcast, 0)

    def reuse(self, op: str, template: str, a: list[int]) -> None:
        code = {"add": ADD, "sub": SUB, "mul": MUL}[op]
        reuse = 1 if template.endswith("SRCA") else 2
        assert self.library.call(
            "reuse_dest", self.config, code, reuse, *self.operand(a[0], a[1]), self.dst[a[2]]
        )

    def do_matmul_tiles(self, a: list[int], templates: list[str]) -> None:
        inputs = (*self.operand(a[0], a[2]), *self.operand(a[1], a[3]))
        assert self.library.call("matmul", self.config, *inputs, 0, self.dst[a[4]])

    def do_matmul_block(self, a: list[int], templates: list[str]) -> None:
        left = FORMATS[self.formats[a[0]]], np.ascontiguousarray(self.tiles[a[0]][a[2] :])
        right = FORMATS[self.formats[a[1]]], np.ascontiguousarray(self.tiles[a[1]][a[3] :])
        assert self.library.call(
            "matmul_block", self.config, *left, *right, a[5], a[6], a[7], a[8], self.dst[a[4] :]
        )

    def do_reduce_tile(self, a: list[int], templates: list[str]) -> None:
        pool, dim = POOLS[templates[0].split("::")[1]], DIMS[templates[1].split("REDUCE_")[1]]
        inputs = (*self.operand(a[0], a[2]), *self.operand(a[1], a[3]))
        assert self.library.call(
            "reduce", self.config, pool, dim, *inputs, self.dst[a[4]], int(self.fresh[a[4]])
        )
        self.fresh[a[4]] = False

    # ---- vector unit

    def do_fill_tile(self, a: list[int], templates: list[str]) -> None:
        self.library.call("fill_float", self.config, a[1], self.dst[a[0]])

    def do_fill_tile_int(self, a: list[int], templates: list[str]) -> None:
        self.library.call("fill_int", FORMAT_CODES[templates[0].split("::")[1]], a[1], self.dst[a[0]])

    def do_typecast_tile(self, a: list[int], templates: list[str]) -> None:
        source, target = (FORMAT_CODES[t.split("::")[1]] for t in templates)
        assert self.library.call("typecast", self.config, source, target, self.dst[a[0]])

    def do_cumsum_tile(self, a: list[int], templates: list[str]) -> None:
        self.library.call("cumsum", self.config, a[1], self.dst[a[0]], self.carry)

    def sfpu(self, name: str, templates: list[str], a: list[int]) -> None:
        op = self.find(name, templates)
        code = self.library.by_name[op.name].code
        if name in ("fmod_tile", "remainder_tile"):
            a = [a[0], *self.init_arguments[f"{name}_init"]]
        if name == "exp_tile":
            a = [a[0], a[2] if len(templates) > 1 and templates[1] == "true" else 0]
        if op.tiles == 1:
            params = ([*a[1:], 0, 0, 0])[:3]
            self.library.call("sfpu_unary", self.config, code, self.dst[a[0]], *params, 15)
        elif op.tiles == 2:
            self.library.call(
                "sfpu_binary", self.config, code, self.dst[a[0]], self.dst[a[1]], self.dst[a[2]], 0
            )
        else:
            inputs = (self.dst[a[0]], self.dst[a[1]], self.dst[a[2]], self.dst[a[3]])
            self.library.call("sfpu_ternary", self.config, code, *inputs, a[4] if len(a) > 4 else 0)

    def find(self, name: str, templates: list[str]) -> Any:
        spelled = f"{name}<{','.join(t.replace(' ', '') for t in templates)}>" if templates else name
        candidates = (spelled, spelled.replace("UInt32", "Int32"), name)
        for candidate in candidates:
            for op in self.library.operations:
                if op.api == candidate:
                    return op
        raise KeyError(f"no SFPU operation for {spelled}")
