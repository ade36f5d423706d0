# SPDX-License-Identifier: Apache-2.0
"""A way round a defect of GCC 12, which crashes on alias templates that use members of class values (`using A = B<X.y>`).

The files of a kernel that hold such aliases are copied with each alias led through a class template, which the compiler
looks at only when all is known. Everything else, line numbers included, stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

CRASH = "internal compiler error"
_ALIAS = re.compile(
    r"template\s*<(?P<parameters>[^;{}]*?)>\s*using\s+(?P<name>\w+)\s*=\s*(?P<target>[^;{}]*\b[A-Za-z_]\w*\.[^;{}]*);"
)
_PARAMETER_NAME = re.compile(r"(\w+)\s*(?:=.*)?$", re.DOTALL)


def rewritten(text: str) -> str:
    """C++ whose alias templates over members are led through class templates; the same text when there is none."""
    return _ALIAS.sub(_through_class, text)


def write_overlay(includes: Iterable[tuple[str, Path]], folder: Path) -> list[Path]:
    """Copies of the files that change, below `folder` under their include names; returns the folders to search after it."""
    parents: dict[Path, None] = {}
    for name, path in includes:
        text = path.read_text(encoding="utf-8", errors="replace")
        changed = rewritten(text)
        if changed == text:
            continue
        target = (folder / name).resolve()
        if folder.resolve() not in target.parents:
            continue  # a name with `..` is found beside its includer, where no copy can be
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(f'#pragma once\n#line 1 "{path}"\n{changed}', encoding="utf-8")
        parents[path.parent] = None
    return list(parents)


def _through_class(found: re.Match[str]) -> str:
    parameters, name, target = found["parameters"], found["name"], found["target"]
    names = [
        match[1] for part in _split(parameters) if (match := _PARAMETER_NAME.search(part.strip())) is not None
    ]
    lines = found[0].count("\n") - target.count("\n") - parameters.count("\n")
    return (
        f"template <{parameters}> struct ttsim_alias_{name} {{ using type = {target}; }};"
        f" template <{' '.join(parameters.split())}>"
        f" using {name} = typename ttsim_alias_{name}<{', '.join(names)}>::type;" + "\n" * lines
    )


def _split(parameters: str) -> list[str]:
    """The parameters of a template, at their commas outside brackets."""
    parts, depth = [""], 0
    for character in parameters:
        depth += (character in "<(") - (character in ">)")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts
