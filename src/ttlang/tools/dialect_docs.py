# SPDX-License-Identifier: Apache-2.0
"""Documentation of dialects and passes, made from their definitions."""

import dataclasses
import inspect
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from xdsl.ir import Attribute, Dialect, TypeAttribute
from xdsl.irdl import (
    IRDLOperation,
    OpDef,
    OptOperandDef,
    OptResultDef,
    ParamAttrDef,
    VarOperandDef,
    VarResultDef,
)
from xdsl.irdl.operations import OptionalDef
from xdsl.passes import ModulePass

from ttlang.dialects import OWN, available, load
from ttlang.transforms import COMPOSITES, all_passes

HEADER = "<!-- Made by `ttl-opt --dialect-docs` from the definitions: change those, not this file. -->\n"


def own_dialects() -> Iterator[Dialect]:
    for name, path in available().items():
        if name in OWN:
            yield load(path)


def is_own(cls: type) -> bool:
    """Whether a class is defined here; the others are MLIR's, and documented there."""
    return cls.__module__.startswith("ttlang.")


def documentation(cls: type) -> str:
    return (
        inspect.cleandoc(cls.__doc__ or "")
        if is_own(cls)
        else f"As MLIR's `{getattr(cls, 'name', cls.__name__)}`."
    )


def summary(cls: type) -> str:
    """First paragraph of a class's documentation, without line breaks."""
    return " ".join(documentation(cls).partition("\n\n")[0].split())


def help_text() -> str:
    """Every dialect with its ops and types, and every pass, with what they are for."""
    lines = ["", "dialects:"]
    for dialect in own_dialects():
        lines.append(f"  {dialect.name}: {_module_summary(dialect)}")
        for op in dialect.operations:
            lines.append(f"    {op.name:36} {summary(op)}")
        for attribute in dialect.attributes:
            lines.append(f"    {_sigil(attribute)}{attribute.name:35} {summary(attribute)}")
    upstream = [name for name in available() if name not in OWN]
    lines.append(f"  of MLIR: {', '.join(upstream)}")
    return "\n".join([*lines, "", passes_text()])


def passes_text() -> str:
    """Every pass with what it is for, and the passes that composites stand for."""
    lines = ["passes:"]
    for name, factory in sorted(all_passes().items()):
        lines.append(f"  {name:36} {summary(factory())}")
    lines += ["", "composites:"]
    lines += [f"  {name:36} {','.join(members)}" for name, members in COMPOSITES.items()]
    return "\n".join(lines)


def _module_summary(dialect: Dialect) -> str:
    path = available()[dialect.name].partition(":")[0]
    return inspect.cleandoc(sys.modules[path].__doc__ or "").partition("\n\n")[0].replace("\n", " ")


def _sigil(cls: type[Attribute]) -> str:
    return "!" if issubclass(cls, TypeAttribute) else "#"


def write_docs(folder: Path, *, check: bool) -> int:
    """Write one file for each dialect and one for the passes; with `check`, only compare them. Returns an
    exit code.
    """
    pages = {f"{dialect.name}.md": dialect_page(dialect) for dialect in own_dialects()}
    pages["passes.md"] = passes_page()
    stale = [name for name, text in pages.items() if _read(folder / name) != text]
    if check:
        for name in stale:
            print(f"{folder / name} is stale: run ttl-opt --dialect-docs {folder}", file=sys.stderr)
        return 1 if stale else 0
    folder.mkdir(parents=True, exist_ok=True)
    for name in stale:
        (folder / name).write_text(pages[name])
    return 0


def _read(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


def dialect_page(dialect: Dialect) -> str:
    """The documentation of a dialect in Markdown."""
    path = available()[dialect.name].partition(":")[0]
    parts = [
        HEADER,
        f"# Dialect `{dialect.name}`\n",
        inspect.cleandoc(sys.modules[path].__doc__ or "") + "\n",
    ]
    types = [a for a in dialect.attributes if issubclass(a, TypeAttribute)]
    attributes = [a for a in dialect.attributes if not issubclass(a, TypeAttribute)]
    for title, members in (("Types", types), ("Attributes", attributes)):
        if members:
            parts.append(f"## {title}\n")
            parts += [_attribute_section(member) for member in members]
    parts.append("## Operations\n")
    parts += [_op_section(op) for op in dialect.operations if issubclass(op, IRDLOperation)]
    if dialect.name == "ttkernel":
        parts += _kernel_calls()
    return "\n".join(parts)


def _kernel_calls() -> Iterator[str]:
    """The ops of `ttkernel`, which are rows of a table, and those of them that are ours."""
    from ttlang.dialects.ttkernel import OPS

    specs = sorted((op.spec for op in OPS.values()), key=lambda spec: spec.mnemonic)
    yield "| op | operands | attributes | C++ of 0.69 | C++ of 0.81 |\n|---|---|---|---|---|"
    for spec in specs:
        operands = ", ".join(
            f"{o.name}: {o.kind}{'?' if o.optional else '*' if o.variadic else ''}" for o in spec.operands
        )
        attributes = ", ".join(a.name for a in spec.attributes)
        calls = (_call(spec.template(version)) for version in ("0.69", "0.81"))
        yield f"| `{spec.mnemonic}` | {operands} | {attributes} | {' | '.join(calls)} |"
    yield "\n## Extension ops\n"
    yield "The TTKernel dialect of tt-mlir does not have these; the conformance checks against it leave them out.\n"
    yield ", ".join(f"`{spec.mnemonic}`" for spec in specs if spec.origin == "extension") + "\n"


def _call(template: str | None) -> str:
    """The callee of a C++ template, for a cell of a table."""
    if template is None:
        return "none, or by attribute"
    return f"`{template.replace('|', '&#124;')}`" if template else "nothing"


def _attribute_section(cls: type[Attribute]) -> str:
    lines = [f"### `{_sigil(cls)}{cls.name}`\n", documentation(cls) + "\n"]
    definition: ParamAttrDef | None = None
    if hasattr(cls, "get_irdl_definition"):
        definition = cls.get_irdl_definition()
    if definition is not None and definition.parameters:
        lines += [f"- parameter `{name}`" for name, _ in definition.parameters]
        lines.append("")
    return "\n".join(lines)


def _op_section(op: type[IRDLOperation]) -> str:
    definition: OpDef = op.get_irdl_definition()
    lines = [f"### `{op.name}`\n", documentation(op) + "\n"]
    rows = [*_values("operand", definition.operands), *_properties(definition)]
    rows += _values("result", definition.results)
    rows += [f"- region `{name}`" for name, _ in definition.regions]
    traits = sorted(type(trait).__name__ for trait in op.traits.traits)
    if traits:
        rows.append(f"- traits: {', '.join(traits)}")
    return "\n".join([*lines, *rows, *([""] if rows else [])])


def _values(word: str, definitions: Sequence[tuple[str, object]]) -> Iterator[str]:
    for name, definition in definitions:
        many = isinstance(definition, VarOperandDef | VarResultDef)
        optional = isinstance(definition, OptOperandDef | OptResultDef)
        suffix = " (any number)" if many and not optional else " (optional)" if optional else ""
        yield f"- {word} `{name}`{suffix}"


_HIDDEN = ("operandSegmentSizes", "resultSegmentSizes")


def _properties(definition: OpDef) -> Iterator[str]:
    for name, property in definition.properties.items():
        if name not in _HIDDEN:
            yield f"- attribute `{name}`{' (optional)' if isinstance(property, OptionalDef) else ''}"


def passes_page() -> str:
    """The documentation of the passes in Markdown."""
    parts = [HEADER, "# Passes\n"]
    for name, factory in sorted(all_passes().items()):
        cls = factory()
        parts += [f"## `{name}`\n", documentation(cls) + "\n", *_options(cls)]
    parts.append("## Composites\n")
    parts.append("Names that stand for several passes, which run in this order.\n")
    parts += [f"- `{name}`: {', '.join(f'`{m}`' for m in members)}" for name, members in COMPOSITES.items()]
    parts.append("")
    return "\n".join(parts)


def _options(cls: type[ModulePass]) -> list[str]:
    fields = dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else ()
    lines = []
    for field in fields:
        default = "" if field.default is dataclasses.MISSING else f" = {field.default}"
        lines.append(f"- option `{field.name.replace('_', '-')}{default}`")
    return [*lines, ""] if lines else []
