# SPDX-License-Identifier: Apache-2.0
"""The microcore model: a core as named processors, and threads bound to them by role."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from xdsl.dialects.builtin import ArrayAttr, StringAttr, SymbolRefAttr
from xdsl.ir import Attribute, ParametrizedAttribute, Region
from xdsl.irdl import (
    IRDLOperation,
    irdl_attr_definition,
    irdl_op_definition,
    prop_def,
    region_def,
    traits_def,
)
from xdsl.parser import AttrParser, Parser
from xdsl.printer import Printer
from xdsl.traits import NoTerminator
from xdsl.utils.exceptions import VerifyException

from .structure import ALLOWED_THREADS, KIND_NAMES, MicrocoreContainer, ThreadOp, parse_inputs, print_inputs
from .syntax import parse_dictionary, parse_key, print_dictionary

STANDARD_MICROCORES: dict[str, str] = {"noc0": "datamovement", "noc1": "datamovement", "math": "compute"}
"""Roles of a Tensix core. A compute thread occupies unpack, math and pack together."""


@irdl_attr_definition
class MicrocoreConfigAttr(ParametrizedAttribute):
    """`#ttl.microcore_config<noc0 = datamovement, noc1 = datamovement, math = compute>`: roles and what they
    run.
    """

    name = "ttl.microcore_config"
    roles: ArrayAttr[StringAttr]
    kinds: ArrayAttr[StringAttr]

    def __init__(self, microcores: Mapping[str, str] = STANDARD_MICROCORES):
        super().__init__(
            ArrayAttr(StringAttr(role) for role in microcores),
            ArrayAttr(StringAttr(kind) for kind in microcores.values()),
        )

    @property
    def microcores(self) -> dict[str, str]:
        """Kind of thread that each role runs."""
        return {role.data: kind.data for role, kind in zip(self.roles, self.kinds, strict=True)}

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        def microcore() -> tuple[StringAttr, StringAttr]:
            role = parser.parse_identifier()
            parser.parse_punctuation("=")
            return StringAttr(role), StringAttr(parser.parse_keyword_in(tuple(KIND_NAMES)))

        entries = parser.parse_comma_separated_list(parser.Delimiter.ANGLE, microcore)
        return (ArrayAttr(role for role, _ in entries), ArrayAttr(kind for _, kind in entries))

    def print_parameters(self, printer: Printer) -> None:
        text = ", ".join(f"{r.data} = {k.data}" for r, k in zip(self.roles, self.kinds, strict=True))
        printer.print_string(f"<{text}>")

    def verify(self) -> None:
        roles = [role.data for role in self.roles]
        if not roles:
            raise VerifyException("a core needs at least one microcore")
        if repeated := sorted({role for role in roles if roles.count(role) > 1}):
            raise VerifyException(f"microcore {repeated[0]} is declared {roles.count(repeated[0])} times")
        kinds = [kind.data for kind in self.kinds]
        for kind in kinds:
            if kind not in KIND_NAMES:
                raise VerifyException(f"a microcore runs one of {', '.join(KIND_NAMES)}, not {kind}")
        for kind, allowed in ALLOWED_THREADS.items():
            if kinds.count(kind) > allowed:
                raise VerifyException(
                    f"{kinds.count(kind)} microcores for {KIND_NAMES[kind]}, a Tensix core has {allowed}"
                )


@irdl_op_definition
class TileProcOp(MicrocoreContainer):
    """The processors of a core and the threads that run on them.

    `ttl.tile_proc microcores = <noc0 = datamovement, math = compute> { ttl.thread @noc0 { ... } ... }`
    """

    name = "ttl.tile_proc"
    microcores = prop_def(MicrocoreConfigAttr)
    body = region_def("single_block")
    traits = traits_def(NoTerminator())

    def __init__(self, body: Region, microcores: Mapping[str, str] = STANDARD_MICROCORES):
        super().__init__(properties={"microcores": MicrocoreConfigAttr(microcores)}, regions=[body])

    @classmethod
    def parse(cls, parser: Parser) -> "TileProcOp":
        parse_key(parser, "microcores")
        config = MicrocoreConfigAttr.new(MicrocoreConfigAttr.parse_parameters(parser))
        attributes = parse_dictionary(parser)
        return cls.create(
            properties={"microcores": config}, attributes=attributes, regions=[parser.parse_region([])]
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" microcores = ")
        self.microcores.print_parameters(printer)
        print_dictionary(printer, self.attributes)
        printer.print_string(" ")
        printer.print_region(self.body, print_empty_block=False)

    def verify_(self) -> None:
        taken: set[str] = set()
        for op in self.body.block.ops:
            if not isinstance(op, MicrocoreThreadOp):
                raise VerifyException(f"holds ttl.thread ops only, got {op.name}")
            if op.role in taken:
                raise VerifyException(f"microcore @{op.role} runs one thread, but several are bound to it")
            taken.add(op.role)


@irdl_op_definition
class MicrocoreThreadOp(ThreadOp):
    """Thread bound to a microcore that the enclosing `ttl.tile_proc` declares: `ttl.thread @noc0 { ... }`."""

    name = "ttl.thread"
    KIND: ClassVar[str] = ""
    microcore_role = prop_def(SymbolRefAttr)
    traits = traits_def(NoTerminator())

    def __init__(self, body: Region, role: str):
        IRDLOperation.__init__(
            self, operands=[[]], properties={"microcore_role": SymbolRefAttr(role)}, regions=[body]
        )

    @property
    def role(self) -> str:
        return self.microcore_role.root_reference.data

    @classmethod
    def parse(cls, parser: Parser) -> "MicrocoreThreadOp":
        role = SymbolRefAttr(parser.parse_symbol_name())
        operands = parse_inputs(parser)
        attributes = parse_dictionary(parser)
        body = parser.parse_region([])
        return cls.create(
            operands=operands, properties={"microcore_role": role}, attributes=attributes, regions=[body]
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_symbol_name(self.role)
        print_inputs(printer, self.arguments)
        print_dictionary(printer, self.attributes)
        printer.print_string(" ")
        printer.print_region(self.body, print_empty_block=False)

    @property
    def kind(self) -> str:
        """What the microcore of this thread runs; empty when none is declared."""
        parent = self.parent_op()
        return parent.microcores.microcores.get(self.role, "") if isinstance(parent, TileProcOp) else ""

    def verify_(self) -> None:
        super().verify_()
        parent = self.parent_op()
        if not isinstance(parent, TileProcOp):
            raise VerifyException("stands directly in a ttl.tile_proc")
        if not self.kind:
            declared = ", ".join(f"@{role}" for role in parent.microcores.microcores)
            raise VerifyException(f"microcore @{self.role} is not declared; there are {declared}")


MICROCORE_OPS: list[type[IRDLOperation]] = [TileProcOp, MicrocoreThreadOp]
