# SPDX-License-Identifier: Apache-2.0
"""Pipelines as text: `ttl-validate,cse`, or in MLIR's form `builtin.module(ttl-validate, cse)`."""

import re
from collections.abc import Iterator

from xdsl.passes import ModulePass
from xdsl.utils.arg_spec import ArgSpec, parse_pipeline
from xdsl.utils.exceptions import ArgSpecParseError

from ttlang.diagnostics import CompileError

from . import COMPOSITES, all_passes

_ANCHOR = re.compile(r"\s*builtin\.module\s*\((.*)\)\s*", re.DOTALL)
_SEPARATOR = re.compile(r"\s*,\s*")
_VERSION = re.compile(r"=(\d+\.\d+)")  # versions are text: no pass takes a number with a point


def parse_passes(text: str) -> list[ModulePass]:
    """The passes that a pipeline runs, in order; a composite is replaced by its members.

    Raises CompileError for text that is no pipeline, a pass that does not exist and options that it does not have.
    """
    known = all_passes()
    found: list[ModulePass] = []
    for spec in _specs(text):
        if spec.name not in known:
            names = ", ".join(sorted((*known, *COMPOSITES)))
            raise CompileError(
                f"pipeline '{text}': there is no pass '{spec.name}'", hint=f"the passes are {names}"
            )
        try:
            found.append(known[spec.name]().from_pass_spec(spec))
        except ValueError as error:
            raise CompileError(f"pipeline '{text}': {spec.name}: {error}") from error
    return found


def _specs(text: str) -> Iterator[ArgSpec]:
    """The passes and their options as the text names them, composites expanded."""
    anchored = _ANCHOR.fullmatch(text)
    inner = _SEPARATOR.sub(",", (text if anchored is None else anchored[1]).strip())
    inner = _VERSION.sub(r'="\1"', inner)
    try:
        specs = list(parse_pipeline(inner))
    except ArgSpecParseError as error:
        raise CompileError(f"the pipeline '{text}' is malformed: {error}") from error
    for spec in specs:
        if spec.name not in COMPOSITES:
            yield spec
            continue
        if spec.parameters:
            raise CompileError(
                f"pipeline '{text}': '{spec.name}' stands for several passes and takes no options",
                hint=f"name them: {','.join(COMPOSITES[spec.name])}",
            )
        yield from (ArgSpec(name, {}) for name in COMPOSITES[spec.name])


def pipeline_text(passes: list[ModulePass]) -> str:
    """A pipeline that runs these passes, each by its own name, in MLIR's form."""
    return f"builtin.module({','.join(str(p.pipeline_pass_spec()) for p in passes)})"
