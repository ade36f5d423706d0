# SPDX-License-Identifier: Apache-2.0
"""Programs, kernels and threads."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from xdsl.dialects.builtin import I64, ArrayAttr, BoolAttr, IntegerAttr, StringAttr, i64
from xdsl.ir import Attribute, Operation, Region, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    opt_prop_def,
    prop_def,
    region_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import IsolatedFromAbove, NoTerminator, SymbolOpInterface
from xdsl.utils.exceptions import VerifyException

from .attributes import GridAttr, MemorySpace, parse_int_list
from .syntax import (
    I64Array,
    array_ints,
    format_array,
    i64_array,
    parse_dictionary,
    parse_i64_array,
    parse_operands,
    parse_optional_key,
    print_dictionary,
)


def _parse_grid(parser: Parser) -> GridAttr | None:
    if not parse_optional_key(parser, "grid"):
        return None
    return GridAttr([v.data for v in parse_int_list(parser)])


def _print_grid(printer: Printer, grid: GridAttr | None) -> None:
    if grid is not None:
        printer.print_string(f" grid = [{', '.join(map(str, grid.sizes))}]")


def _print_name(printer: Printer, name: StringAttr | None) -> None:
    if name is not None:
        printer.print_string(" ")
        printer.print_symbol_name(name.data)


def parse_inputs(parser: Parser) -> list[SSAValue]:
    """`(%a, %b)`, or nothing."""
    if parser.parse_optional_punctuation("(") is None:
        return []
    operands = parse_operands(parser)
    parser.parse_punctuation(")")
    return operands


def print_inputs(printer: Printer, inputs: Sequence[SSAValue]) -> None:
    if inputs:
        printer.print_string(" ")
        with printer.in_parens():
            printer.print_list(inputs, printer.print_ssa_value)


def _parse_argument(parser: Parser) -> Parser.Argument:
    """`%a: type`, with its location when it has one."""
    argument = parser.parse_argument()
    argument.location = parser.parse_optional_location()
    return argument


def _parse_memory(parser: Parser) -> dict[str, Attribute]:
    """`memory_space = "L1" tiled = true`, each optional."""
    properties: dict[str, Attribute] = {}
    if parse_optional_key(parser, "memory_space"):
        properties["memory_space"] = StringAttr(parser.parse_str_literal())
    if parse_optional_key(parser, "tiled"):
        properties["tiled"] = BoolAttr.from_bool(parser.parse_boolean())
    return properties


def _print_memory(printer: Printer, space: StringAttr | None, tiled: BoolAttr | None) -> None:
    if space is not None:
        printer.print_string(" memory_space = ")
        printer.print_string_literal(space.data)
    if tiled is not None:
        printer.print_string(f" tiled = {'true' if tiled.value.data else 'false'}")


def _verify_memory_space(space: StringAttr | None) -> None:
    """Tensors of a program live in L1 or DRAM."""
    if space is not None and space.data not in (MemorySpace.L1.value, MemorySpace.DRAM.value):
        raise VerifyException(f'memory_space must be "L1" or "DRAM", got "{space.data}"')


@irdl_op_definition
class ProgramOp(IRDLOperation):
    """Top-level program: owns the tensors and holds one or more kernels.

    `ttl.program @name(%a: tensor<...>) grid = [8, 8] memory_space = "L1" tiled = true { ... }`.
    Compute configuration (arch, fp32_dest_acc, dst_full_sync, math_fidelity) is in the attribute dictionary.
    """

    name = "ttl.program"
    sym_name = prop_def(StringAttr)
    grid = prop_def(GridAttr)
    memory_space = prop_def(StringAttr)
    tiled = prop_def(BoolAttr)
    body = region_def("single_block")
    traits = traits_def(IsolatedFromAbove(), NoTerminator(), SymbolOpInterface())

    def __init__(
        self,
        name: str,
        grid: Sequence[int],
        body: Region,
        *,
        memory_space: str = "L1",
        tiled: bool = True,
        attributes: dict[str, Attribute] | None = None,
    ):
        super().__init__(
            properties={
                "sym_name": StringAttr(name),
                "grid": GridAttr(grid),
                "memory_space": StringAttr(memory_space),
                "tiled": BoolAttr.from_bool(tiled),
            },
            attributes=attributes or {},
            regions=[body],
        )

    @classmethod
    def parse(cls, parser: Parser) -> "ProgramOp":
        name = parser.parse_symbol_name()
        arguments = parser.parse_comma_separated_list(parser.Delimiter.PAREN, lambda: _parse_argument(parser))
        grid = _parse_grid(parser)
        if grid is None:
            parser.raise_error("expected 'grid = [..]'")
        memory = {
            "memory_space": StringAttr("L1"),
            "tiled": BoolAttr.from_bool(True),
            **_parse_memory(parser),
        }
        attributes = parse_dictionary(parser)
        body = parser.parse_region(arguments)
        return cls.create(
            properties={"sym_name": name, "grid": grid, **memory}, attributes=attributes, regions=[body]
        )

    def print(self, printer: Printer) -> None:
        _print_name(printer, self.sym_name)
        with printer.in_parens():
            printer.print_list(self.body.block.args, printer.print_block_argument)
        _print_grid(printer, self.grid)
        _print_memory(printer, self.memory_space, self.tiled)
        print_dictionary(printer, self.attributes)
        printer.print_string(" ")
        printer.print_region(self.body, print_entry_block_args=False, print_empty_block=False)

    def verify_(self) -> None:
        _verify_memory_space(self.memory_space)


@irdl_op_definition
class KernelOp(IRDLOperation):
    """A kernel: its circular buffers, pipes, semaphores and threads; every core of its grid runs all threads.

    `ttl.kernel grid = [8, 8] { ... }`; without a grid, that of the program. `core_range = [[0, 0], [3, 3]]`
    restricts it to a rectangle of that grid, first and last core. `python_source_file` and
    `python_source_line`, in the attribute dictionary, say where the user defined it.
    """

    name = "ttl.kernel"
    inputs = var_operand_def()
    sym_name = opt_prop_def(StringAttr)
    grid = opt_prop_def(GridAttr)
    core_range = opt_prop_def(ArrayAttr[I64Array])
    memory_space = opt_prop_def(StringAttr)
    tiled = opt_prop_def(BoolAttr)
    python_source_file = opt_prop_def(StringAttr)
    python_source_line = opt_prop_def(IntegerAttr[I64])
    outputs = var_result_def()
    body = region_def("single_block")
    traits = traits_def(NoTerminator())

    IN_DICTIONARY: ClassVar[tuple[str, ...]] = ("python_source_file", "python_source_line")

    def __init__(
        self,
        body: Region,
        *,
        grid: Sequence[int] | None = None,
        name: str | None = None,
        core_range: Sequence[Sequence[int]] | None = None,
        python_source_file: str | None = None,
        python_source_line: int | None = None,
    ):
        super().__init__(
            operands=[[]],
            properties={
                "sym_name": None if name is None else StringAttr(name),
                "grid": None if grid is None else GridAttr(grid),
                "core_range": None if core_range is None else ArrayAttr(i64_array(c) for c in core_range),
                "python_source_file": None if python_source_file is None else StringAttr(python_source_file),
                "python_source_line": (
                    None if python_source_line is None else IntegerAttr(python_source_line, i64)
                ),
            },
            result_types=[[]],
            regions=[body],
        )

    @classmethod
    def parse(cls, parser: Parser) -> "KernelOp":
        properties: dict[str, Attribute] = {}
        name = parser.parse_optional_symbol_name()
        if name is not None:
            properties["sym_name"] = name
        inputs = parse_inputs(parser)
        grid = _parse_grid(parser)
        if grid is not None:
            properties["grid"] = grid
        if parse_optional_key(parser, "core_range"):
            corners = parser.parse_comma_separated_list(
                parser.Delimiter.SQUARE, lambda: parse_i64_array(parser)
            )
            properties["core_range"] = ArrayAttr(corners)
        properties.update(_parse_memory(parser))
        attributes = parse_dictionary(parser)
        for key in cls.IN_DICTIONARY:
            if key in attributes:
                properties[key] = attributes.pop(key)
        body = parser.parse_region([])
        types: list[Attribute] = []
        if parser.parse_optional_punctuation("->") is not None:
            types = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_type)
        return cls.create(
            operands=inputs, properties=properties, attributes=attributes, result_types=types, regions=[body]
        )

    def print(self, printer: Printer) -> None:
        _print_name(printer, self.sym_name)
        print_inputs(printer, self.inputs)
        _print_grid(printer, self.grid)
        if self.core_range is not None:
            corners = ", ".join(format_array(corner) for corner in self.core_range)
            printer.print_string(f" core_range = [{corners}]")
        _print_memory(printer, self.memory_space, self.tiled)
        dictionary = {k: v for k, v in self.properties.items() if k in self.IN_DICTIONARY}
        print_dictionary(printer, {**dictionary, **self.attributes})
        printer.print_string(" ")
        printer.print_region(self.body, print_empty_block=False)
        if self.outputs:
            printer.print_string(" -> ")
            with printer.in_parens():
                printer.print_list(self.outputs.types, printer.print_attribute)

    @property
    def threads(self) -> "list[ThreadOp]":
        """Threads of the kernel, those inside a `ttl.tile_proc` included."""
        return [op for op in self._members() if isinstance(op, ThreadOp)]

    def _members(self) -> Iterator[Operation]:
        for op in self.body.block.ops:
            if isinstance(op, MicrocoreContainer):
                yield from op.body.block.ops
            yield op

    @property
    def corners(self) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
        """First and last core of the range that the kernel is restricted to."""
        if self.core_range is None:
            return None
        first, last = self.core_range
        return array_ints(first), array_ints(last)

    def verify_(self) -> None:
        kinds = [thread.kind for thread in self.threads]
        for kind, allowed in ALLOWED_THREADS.items():
            count = kinds.count(kind)
            if count > allowed:
                number = {1: "one", 2: "two"}[allowed]
                plural = "s" if allowed > 1 else ""
                raise VerifyException(
                    f"a core runs {number} {KIND_NAMES[kind]} thread{plural}, this kernel has {count}"
                )
        _verify_memory_space(self.memory_space)
        if self.python_source_line is not None and self.python_source_line.value.data < 1:
            raise VerifyException(
                f"python_source_line counts from 1, got {self.python_source_line.value.data}"
            )
        self._verify_core_range()

    def _verify_core_range(self) -> None:
        if self.core_range is None:
            return
        if len(self.core_range) != 2:
            raise VerifyException(f"core_range has a first and a last core, got {len(self.core_range)} cores")
        first, last = (array_ints(corner) for corner in self.core_range)
        if len(first) != len(last) or any(a < 0 or a > b for a, b in zip(first, last, strict=True)):
            raise VerifyException(f"core_range {list(first)} to {list(last)} holds no core")
        grid = self.grid or program_grid(self)
        if grid is not None and not _fits(last, grid.sizes):
            raise VerifyException(
                f"core_range {list(first)} to {list(last)} is outside of the grid {list(grid.sizes)}"
            )


def _fits(core: Sequence[int], sizes: Sequence[int]) -> bool:
    """Whether a core is inside a grid; dimensions that the grid lacks have size 1."""
    padded = (*sizes, *[1] * (len(core) - len(sizes)))
    return all(c < size for c, size in zip(core, padded, strict=False))


class MicrocoreContainer(IRDLOperation):
    """An op between a kernel and its threads."""

    body = region_def("single_block")


KIND_NAMES = {"compute": "compute", "datamovement": "data-movement"}
"""Kinds of thread, and how messages call them."""

ALLOWED_THREADS = {"compute": 1, "datamovement": 2}
"""How many threads of each kind a Tensix core runs at once."""


class ThreadOp(IRDLOperation):
    """What all kinds of thread have in common."""

    KIND: ClassVar[str]
    arguments = var_operand_def()
    sym_name = opt_prop_def(StringAttr)
    microcore_hint = opt_prop_def(StringAttr)
    body = region_def("single_block")

    def __init__(self, body: Region, *, name: str | None = None, microcore_hint: str | None = None):
        super().__init__(
            operands=[[]],
            properties={
                "sym_name": None if name is None else StringAttr(name),
                "microcore_hint": None if microcore_hint is None else StringAttr(microcore_hint),
            },
            regions=[body],
        )

    @property
    def kind(self) -> str:
        """ "compute" or "datamovement"."""
        return self.KIND

    @classmethod
    def parse(cls, parser: Parser) -> "ThreadOp":
        properties: dict[str, Attribute] = {}
        name = parser.parse_optional_symbol_name()
        if name is not None:
            properties["sym_name"] = name
        operands = parse_inputs(parser)
        if parser.parse_optional_keyword("microcore") is not None:
            properties["microcore_hint"] = StringAttr(parser.parse_str_literal())
        attributes = parse_dictionary(parser)
        body = parser.parse_region([])
        return cls.create(operands=operands, properties=properties, attributes=attributes, regions=[body])

    def print(self, printer: Printer) -> None:
        _print_name(printer, self.sym_name)
        print_inputs(printer, self.arguments)
        if self.microcore_hint is not None:
            printer.print_string(" microcore ")
            printer.print_string_literal(self.microcore_hint.data)
        print_dictionary(printer, self.attributes)
        printer.print_string(" ")
        printer.print_region(self.body, print_empty_block=False)

    def verify_(self) -> None:
        if self.body.block.args:
            raise VerifyException(f"the body takes no arguments, got {len(self.body.block.args)}")
        outer = enclosing_thread(self)
        if outer is not None:
            raise VerifyException(f"a thread cannot stand inside another ({outer.name})")


@irdl_op_definition
class ComputeThreadOp(ThreadOp):
    """Thread of tile mathematics, run by the unpack, math and pack processors of each core.

    May use block arithmetic, circular buffers and tile operations; data movement belongs to
    `ttl.datamovement_thread`.
    """

    name = "ttl.compute_thread"
    KIND: ClassVar[str] = "compute"
    traits = traits_def(NoTerminator())


@irdl_op_definition
class DataMovementThreadOp(ThreadOp):
    """Thread of transfers and synchronisation, run by one data-movement processor of each core.

    May use copies, circular buffers, pipes and semaphores; arithmetic on blocks belongs to
    `ttl.compute_thread`.
    """

    name = "ttl.datamovement_thread"
    KIND: ClassVar[str] = "datamovement"
    traits = traits_def(NoTerminator())


def enclosing_thread(op: Operation) -> ThreadOp | None:
    parent = op.parent_op()
    while parent is not None and not isinstance(parent, ThreadOp):
        parent = parent.parent_op()
    return parent


def enclosing_kernel(op: Operation) -> KernelOp | None:
    parent = op.parent_op()
    while parent is not None and not isinstance(parent, KernelOp):
        parent = parent.parent_op()
    return parent


def program_grid(op: Operation) -> GridAttr | None:
    """Grid of the program around `op`."""
    parent = op.parent_op()
    while parent is not None and not isinstance(parent, ProgramOp):
        parent = parent.parent_op()
    return None if parent is None else parent.grid


def enclosing_grid(op: Operation) -> GridAttr | None:
    """Grid of the kernel around `op`, or else of the program."""
    kernel = enclosing_kernel(op)
    return kernel.grid if kernel is not None and kernel.grid is not None else program_grid(op)


def require_thread(op: Operation, kind: str) -> None:
    """Raise VerifyException when `op` stands in a thread of another kind; outside of threads all ops may
    stand.
    """
    thread = enclosing_thread(op)
    if thread is None or thread.kind in (kind, ""):
        return
    name = "" if thread.sym_name is None else f" @{thread.sym_name.data}"
    raise VerifyException(
        f"belongs in a {KIND_NAMES[kind]} thread, but stands in the {KIND_NAMES[thread.kind]} thread{name}"
    )
