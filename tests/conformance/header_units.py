# SPDX-License-Identifier: Apache-2.0
"""Many kernels in one translation unit, since reading the real headers takes longer than reading a kernel.

Each kernel is a namespace of the unit. Its compile-time arguments follow those of the others, so the numbers in
`get_compile_time_arg_val(n)` and `TensorAccessorArgs<n, m>` move; nothing else changes. A unit includes what any of
its kernels includes: that each one includes what it calls is checked by `missing_headers`.
"""

import os
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

KERNELS_PER_UNIT = 100
NOT_ON_THE_HOST = (
    "rounding.h",
    "binary_remainder.h",
    "binary_fmod.h",
    "eltwise_unary/rdiv.h",
    "eltwise_unary/remainder.h",
    "eltwise_unary/fmod.h",
)
"""Headers that pull in a loop pragma which the host compiler, but not the RISC-V one, rejects."""
NOT_WITH_THIS_SFPI = {"cbrt_tile", "rpow_tile"}
"""Functions of 0.69 written for an older SFPI library than the one that can be installed."""
_NUMBERED = re.compile(r"\b(get_compile_time_arg_val\(|TensorAccessorArgs<)(\d+)")
_DIRECTIVE = re.compile(r"^#(include|define) .*$", re.MULTILINE)
_CALL = re.compile(r"\b([a-z]\w+)(?:<[^;(){}]*>)?\(")
_CONTROL = {"if", "for", "while", "switch", "return", "sizeof", "kernel_main"}


def units(functions: Iterable[dict[str, Any]], version: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Kind, C++ and options of the check for each unit."""
    groups: dict[tuple[bool, bool], list[dict[str, Any]]] = {}
    for function in functions:
        is_compute = function["kind"] == "compute"
        groups.setdefault((is_compute, is_compute and function["fp32"]), []).append(function)
    for (is_compute, fp32), members in groups.items():
        for start in range(0, len(members), KERNELS_PER_UNIT):
            text, words = _unit(members[start : start + KERNELS_PER_UNIT], version)
            options = {"CTA": ",".join(map(str, words)), **({"FP32": "1"} if fp32 else {})}
            yield "compute" if is_compute else "dataflow", text, options


def _unit(functions: list[dict[str, Any]], version: str) -> tuple[str, list[int]]:
    words: list[int] = []
    places: dict[tuple[int, ...], int] = {}
    directives: dict[str, None] = {}
    bodies = []
    for number, function in enumerate(functions):
        own = tuple(function["words"])
        if own not in places:
            places[own] = len(words)
            words += own
        source = function["cpp"][version]
        directives.update(dict.fromkeys(match[0] for match in _DIRECTIVE.finditer(source)))
        shift = places[own]
        body = _NUMBERED.sub(lambda m, s=shift: f"{m[1]}{int(m[2]) + s}", _DIRECTIVE.sub("", source))
        label = f"{function['test']} {function['kernel']}.{function['name']}".replace('"', "'")
        bodies.append(f'namespace kernel_{number} {{\n#line 1 "{label}"\n{body}}}\n')
    calls = "".join(f"    kernel_{number}::kernel_main();\n" for number in range(len(functions)))
    head = "\n".join(sorted(directives, key=_order))
    return f'{head}\n{"".join(bodies)}#line 1 "unit"\nvoid kernel_main() {{\n{calls}}}\n', words or [0]


def _order(directive: str) -> tuple[bool, bool, bool, str]:
    """The order in which one kernel has them."""
    base = directive.endswith(('common.h"', 'dataflow_api.h"'))
    return "#define" not in directive, "<" not in directive, not base, directive.replace("eltwise_unary", "~")


def can_be_judged(source: str, version: str) -> bool:
    """Whether the compilers that there are take the headers of what a kernel calls."""
    if version == "0.69":
        return not called(source) & NOT_WITH_THIS_SFPI
    if os.environ.get("MODE") == "sfpi":  # the real compiler takes all of them
        return True
    return not any(name.endswith(NOT_ON_THE_HOST) for name in includes(source))


def includes(source: str) -> list[str]:
    return re.findall(r'^#include "([^"]+)"', source, re.MULTILINE)


def called(source: str) -> set[str]:
    """Names of the functions that the C++ of a kernel calls."""
    text = re.sub(r"//[^\n]*", "", source)
    return set(_CALL.findall(text)) - _CONTROL - set(re.findall(r"^inline \w+ (\w+)\(", source, re.MULTILINE))


def missing_headers(source: str, root: Path) -> set[str]:
    """Functions that a kernel calls and no header that it includes names."""
    included = [root / name for name in includes(source)]
    words: set[str] = set().union(*(_words(path, root) for path in included))
    return called(source) - words


@cache
def _words(path: Path, root: Path) -> frozenset[str]:
    """Identifiers of a header and of those that it includes."""
    seen: set[Path] = set()
    words: set[str] = set()
    waiting = [path]
    while waiting:
        header = waiting.pop()
        if header in seen or not header.is_file():
            continue
        seen.add(header)
        text = header.read_text(errors="replace")
        words.update(re.findall(r"[A-Za-z_]\w+", text))
        names = re.findall(r'#\s*include\s+"([^"]+)"', text)
        waiting += [place / name for name in names for place in (root, header.parent)]
    return frozenset(words)


@cache
def deprecated(root: Path) -> frozenset[str]:
    """Functions of which all declarations in the headers below `root` are deprecated."""
    marked = re.compile(r'\[\[deprecated(?:\((?:[^()"]|"(?:[^"\\]|\\.)*")*\))?\]\]([^;{]*?)\b(\w+)\s*\(')
    declared = re.compile(
        r"^(?:template\b[^;{}]*>\s*)?(?:ALWI|FORCE_INLINE|inline|static)\b[^;{}=()]*?\b(\w+)\s*\(", re.M
    )
    old: dict[str, int] = {}
    plain: dict[str, int] = {}
    for path in root.rglob("*.h"):
        text = path.read_text(errors="replace")
        for match in marked.finditer(text):
            old[match[2]] = old.get(match[2], 0) + 1
        for name in declared.findall(marked.sub("", text)):
            plain[name] = plain.get(name, 0) + 1
    return frozenset(name for name in old if name not in plain)
