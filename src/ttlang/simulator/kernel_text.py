# SPDX-License-Identifier: Apache-2.0
"""The translation units that kernels are compiled in: their text, what they include, their entries."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ttlang.hardware import chip as chip_description
from ttlang.simulator.engine_build import api_paths
from ttlang.simulator.program import Kernel

CB_ENTRIES = 64
END_OF_KERNEL = "end of kernel"
"""The file of what stands behind a kernel in its unit."""
INVALID_FORMAT = 255
UNUSED_TILE_BYTES = 1088
_SYSTEM_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*(<[^>\n]+>)", re.MULTILINE)
_QUOTED_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"\n]+)"', re.MULTILINE)
_DEFINE = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", re.MULTILINE)
_LEGACY_MAIN = re.compile(r"\bvoid\s+MAIN\b")
_PROCESSOR_TEST = re.compile(r"\bTRISC_(?:UNPACK|MATH|PACK)\b")
_GUARDED_INCLUDES = re.compile(
    r"^[ \t]*#[ \t]*ifdef[ \t]+TRISC_\w+[^\n]*\n(?:[ \t]*#[ \t]*include[^\n]*\n)*[ \t]*#[ \t]*endif",
    re.MULTILINE,
)
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_PROCESSOR_PART = re.compile(r"\b(?:UNPACK|MATH|PACK)\s*\(")
_OWN_TILE_EDGES = re.compile(r"\bTILE_(?:WIDTH|HEIGHT)\s*=")
_TILE_EDGES = (
    "namespace ckernel { using tt::constants::FACE_HEIGHT; using tt::constants::FACE_WIDTH;"
    " using tt::constants::TILE_HEIGHT; using tt::constants::TILE_WIDTH; }"
)
_ELSE = re.compile(r"\s*;\s*else\b")
PROCESSOR_NAMES = {2: "UNPACK", 3: "MATH", 4: "PACK"}
DATA_MOVEMENT_MACROS = {0: "COMPILE_FOR_BRISC", 1: "COMPILE_FOR_NCRISC"}
FIDELITY_CODES = {"LoFi": 0, "HiFi2": 2, "HiFi3": 3, "HiFi4": 4}
UNPACKED_FORMATS = {0: 4, 2: 1, 3: 1, 11: 1, 6: 5, 7: 5, 15: 5}
"""Format codes in the registers where they differ from those in L1: Float32 to Tf32, block formats to their 16-bit form."""


@dataclass(frozen=True)
class CbTypes:
    """What the compiler of a kernel knows of the circular buffers: format codes, tile bytes and shapes that are not 32 x 32."""

    formats: Mapping[int, int]
    tile_bytes: Mapping[int, int]
    tile_shapes: Mapping[int, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Unit:
    """One translation unit: entries by kernel and role, folders to look for includes in, what it includes by name, the kernels' files."""

    text: str
    names: tuple[str, ...]
    entries: Mapping[int, Mapping[int, str]]
    folders: tuple[Path, ...] = ()
    includes: tuple[tuple[str, Path], ...] = ()
    files: tuple[str, ...] = ()


def roles(kernel: Kernel) -> tuple[int, ...]:
    """Processor roles that a kernel runs on: unpack, math and pack for compute."""
    return (2, 3, 4) if kernel.kind == "compute" else (kernel.processor,)


def is_shared(kernel: Kernel) -> bool:
    """Whether a kernel needs nothing but the API, and none of its namespaces that are made for each kernel."""
    if kernel.bindings or "tensor_accessor::" in kernel.source:
        return False
    return all(name in api_paths() for name in _QUOTED_INCLUDE.findall(kernel.source))


def shared_unit(chip: str, kernels: Sequence[Kernel], types: Sequence[CbTypes], group: Sequence[int]) -> Unit:
    """The kernels of `group`, each in its own namespace."""
    parts = [f"#include {name}" for index in group for name in _SYSTEM_INCLUDE.findall(kernels[index].source)]
    parts += _coordinate_maps(chip)
    entries: dict[int, Mapping[int, str]] = {}
    for index in group:
        kernel = kernels[index]
        by_role: dict[int, str] = {}
        separate = kernel.kind == "compute" and _tells_processors_apart(kernel.source)
        for role in roles(kernel) if separate else roles(kernel)[:1]:
            entry = f"ttsim_entry_{index}_{role}"
            by_role.update(dict.fromkeys(roles(kernel) if not separate else (role,), entry))
            parts += _in_namespace(kernel, types[index], entry, role if separate else None)
        entries[index] = by_role
    files = tuple(kernels[i].file for i in group)
    return Unit("\n".join(parts), tuple(kernels[i].name for i in group), entries, files=files)


def global_units(chip: str, kernel: Kernel, types: CbTypes, index: int) -> list[Unit]:
    """A kernel that includes files of its own: one unit, or one a processor when what it includes tells them apart."""
    folders = ([Path(kernel.path).resolve().parent] if kernel.path else []) + [
        Path(f) for f in kernel.include_dirs
    ]
    includes = _own_includes(kernel, folders)
    files = dict.fromkeys(path for _, path in includes)
    texts = [kernel.source, *(path.read_text(encoding="utf-8", errors="replace") for path in files)]
    separate = any(_tells_processors_apart(text) for text in texts)
    units = []
    for role in roles(kernel) if separate else roles(kernel)[:1]:
        entry = f"ttsim_entry_{index}_{role}"
        text = "\n".join(
            [
                "#define TTSIM_GLOBAL_SCOPE 1",
                *_coordinate_maps(chip),
                *([] if any(_OWN_TILE_EDGES.search(each) for each in texts) else [_TILE_EDGES]),
                *_kernel_parts(kernel, types, role if separate else None),
                *_entry(kernel, entry, ""),
            ]
        )
        by_role = dict.fromkeys(roles(kernel) if not separate else (role,), entry)
        units.append(
            Unit(text, (kernel.name,), {index: by_role}, tuple(folders), tuple(includes), (kernel.file,))
        )
    return units


def _own_includes(kernel: Kernel, folders: Sequence[Path]) -> list[tuple[str, Path]]:
    """The files that a kernel includes beside the API, at any depth, with their names: part of its identity."""
    found: dict[tuple[str, Path], None] = {}
    waiting = [(kernel.source, folders[0] if kernel.path else None)]
    while waiting:
        text, here = waiting.pop()
        for name in _QUOTED_INCLUDE.findall(text):
            if name in api_paths():
                continue
            places = [folder / name for folder in ([here] if here else []) + list(folders)]
            path = next((place.resolve() for place in places if place.is_file()), None)
            if path is not None and (name, path) not in found:
                found[name, path] = None
                waiting.append((path.read_text(encoding="utf-8", errors="replace"), path.parent))
    return list(found)


def _tells_processors_apart(text: str) -> bool:
    """Whether compute code needs a compilation for each processor: it asks which one it is, or branches around a part of one."""
    code = _GUARDED_INCLUDES.sub("", _COMMENT.sub("", text))
    return _PROCESSOR_TEST.search(code) is not None or any(
        _ELSE.match(code, _end_of_call(code, part.end())) for part in _PROCESSOR_PART.finditer(code)
    )


def _end_of_call(code: str, start: int) -> int:
    """Where the bracket closes that opens before `start`."""
    depth = 1
    for at in range(start, len(code)):
        depth += (code[at] == "(") - (code[at] == ")")
        if depth == 0:
            return at + 1
    return len(code)


def _processor_parts(role: int | None) -> list[str]:
    """UNPACK(...), MATH(...), PACK(...): what is in the brackets or nothing where the processor is known, else chosen as the kernel runs."""
    return [
        line
        for part, name in PROCESSOR_NAMES.items()
        for line in (
            f"#undef {name}",
            f"#define {name}(...) "
            + (f"TTSIM_PART({name}, __VA_ARGS__)" if role is None else "__VA_ARGS__" if part == role else ""),
        )
    ]


def _coordinate_maps(chip: str) -> list[str]:
    """The tables by which firmware leads from logical columns and rows to the coordinates that kernels use."""
    noc = chip_description(chip).noc
    return [
        f"constexpr uint8_t worker_logical_{name}_to_virtual_{name}[] = {{{', '.join(map(str, values))}}};"
        for name, values in (("col", noc.virtual_x), ("row", noc.virtual_y))
    ]


def _in_namespace(kernel: Kernel, types: CbTypes, entry: str, role: int | None) -> list[str]:
    names = [name.split("(")[0] for name in _defines(kernel, role)] + _DEFINE.findall(kernel.source)
    names += ["TTSIM_REDUCE_DEFAULTS"]  # what must not reach the next kernel of the unit
    return [
        f"namespace {entry}_scope {{",
        "using namespace tt::constants;",  # what the kernel itself declares under these names hides them
        *_kernel_parts(kernel, types, role),
        "}",
        *(f"#undef {name}" for name in dict.fromkeys(names)),
        *_entry(kernel, entry, f"{entry}_scope::"),
    ]


def _kernel_parts(kernel: Kernel, types: CbTypes, role: int | None) -> list[str]:
    file = kernel.file.replace("\\", "\\\\").replace('"', '\\"')
    return [
        *_scope(kernel, types),
        '#include "ttsim/kernel_scope.inc"',
        *(f"#define {name} {value}" for name, value in _defines(kernel, role).items()),
        *_processor_parts(role),
        *([kernel.bindings.header()] if kernel.bindings else []),
        f'#line 1 "{file}"',
        kernel.source,
        f'#line 1 "{END_OF_KERNEL}"',
    ]


def _entry(kernel: Kernel, entry: str, scope: str) -> list[str]:
    called = f"{scope}{'ttsim_legacy::' if _is_legacy(kernel) else ''}kernel_main()"
    return [f'extern "C" __attribute__((visibility("default"))) void {entry}() {{ {called}; }}']


def _is_legacy(kernel: Kernel) -> bool:
    return _LEGACY_MAIN.search(kernel.source) is not None


def _defines(kernel: Kernel, role: int | None) -> dict[str, str]:
    defines = dict(kernel.defines)
    if kernel.kind == "compute":
        defines.setdefault("COMPILE_FOR_TRISC", "1")
        if role is not None:
            defines[f"TRISC_{PROCESSOR_NAMES[role]}"] = "1"
        # Libraries ask for one of these to tell compute from data movement.
        defines[f"UCK_CHLKC_{PROCESSOR_NAMES[role or 3]}"] = "1"
    else:
        defines.setdefault(DATA_MOVEMENT_MACROS[kernel.processor], "1")
    if _is_legacy(kernel):
        defines |= {"NAMESPACE": "ttsim_legacy", "MAIN": "kernel_main()"}
    return defines


def _scope(kernel: Kernel, types: CbTypes) -> list[str]:
    arguments = ", ".join(f"{value}u" for value in (*kernel.compile_time_args, 0))
    named = ", ".join(f'{{"{name}", {value}u}}' for name, value in (*kernel.named_compile_time_args, ("", 0)))
    codes = [types.formats.get(i, INVALID_FORMAT) for i in range(CB_ENTRIES)]
    shapes = [types.tile_shapes.get(i, (32, 32)) for i in range(CB_ENTRIES)]
    sizes = [types.tile_bytes.get(i, UNUSED_TILE_BYTES) for i in range(CB_ENTRIES)]
    return [
        f"constexpr uint32_t ttsim_compile_args[] = {{{arguments}}};",
        f"constexpr uint32_t ttsim_compile_arg_count = {len(kernel.compile_time_args)};",
        "struct ttsim_named_arg { std::string_view name; uint32_t value; };",
        f"constexpr ttsim_named_arg ttsim_named_args[] = {{{named}}};",
        f"constexpr uint8_t ttsim_noc_index = {kernel.noc};",
        f"constexpr uint8_t ttsim_math_fidelity = {FIDELITY_CODES[kernel.math_fidelity]};",
        f"constexpr bool ttsim_math_approx = {int(kernel.math_approx)}, ttsim_fp32_dest = {int(kernel.fp32_dest_acc)};",
        f"constexpr bool ttsim_full_sync = {int(kernel.dst_full_sync)};",
        f"constexpr uint32_t cb_addr_shift = {4 if kernel.kind == 'compute' else 0};",
        f"constexpr uint8_t ttsim_cb_format_codes[] = {{{_listed(codes)}}};",
        f"constexpr uint8_t ttsim_cb_unpacked_codes[] = {{{_listed([UNPACKED_FORMATS.get(c, c) for c in codes])}}};",
        f"constexpr uint8_t ttsim_cb_tile_rows[] = {{{_listed([rows for rows, _ in shapes])}}};",
        f"constexpr uint8_t ttsim_cb_tile_columns[] = {{{_listed([columns for _, columns in shapes])}}};",
        f"constexpr uint32_t ttsim_cb_tile_bytes[] = {{{_listed(sizes)}}};",
    ]


def _listed(values: Sequence[int]) -> str:
    return ", ".join(map(str, values))
