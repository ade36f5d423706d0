# SPDX-License-Identifier: Apache-2.0
"""Semaphores: counters in the memory of each core, by which data-movement threads of cores wait for each
other.
"""

from collections.abc import Sequence

from xdsl.dialects.builtin import I32, BoolAttr, IndexType, IntegerAttr, StringAttr, i32
from xdsl.ir import Attribute, OpResult, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    BaseAttr,
    EqAttrConstraint,
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.str_enum import StrEnum

from .attributes import DYNAMIC, SemaphoreType
from .canonical import TTLCanonicalization
from .coordinates import (
    Coordinate,
    Core,
    check_inside,
    computed,
    constants,
    format_constants,
    merge,
    parse_core,
    parse_corners,
    print_core,
    print_corners,
)
from .structure import enclosing_grid, require_thread
from .syntax import (
    I64Array,
    array_ints,
    i64_array,
    parse_key,
    parse_keyword_of,
    parse_operand,
    parse_optional_key,
    parse_optional_operand,
    parse_result_types,
    print_attributes,
    print_operands,
    print_result_types,
)

MAX_VALUE = 2**31 - 1


class Comparison(StrEnum):
    """What a wait waits for: the value itself, or the value or more."""

    equal = "equal"
    min = "min"


@irdl_op_definition
class CreateSemaphoreOp(IRDLOperation):
    """Create a semaphore on every core of the kernel: `%s = ttl.create_semaphore initial_value=0`.

    `is_remote=true` makes a handle for signalling other cores only: it takes coordinates and cannot be
    waited for.
    """

    name = "ttl.create_semaphore"
    initial_value = prop_def(IntegerAttr[I32])
    is_remote = opt_prop_def(BoolAttr)
    semaphore = result_def(SemaphoreType)
    traits = traits_def(TTLCanonicalization())

    def __init__(self, initial_value: int = 0, *, is_remote: bool = False):
        super().__init__(
            properties={
                "initial_value": IntegerAttr(initial_value, i32),
                "is_remote": BoolAttr.from_bool(True) if is_remote else None,
            },
            result_types=[SemaphoreType(is_remote)],
        )

    @classmethod
    def parse(cls, parser: Parser) -> "CreateSemaphoreOp":
        start = parser.pos
        parse_key(parser, "initial_value")
        value = parser.parse_integer(allow_boolean=False)
        is_remote = parse_optional_key(parser, "is_remote") and parser.parse_boolean()
        attributes = parser.parse_optional_attr_dict()
        types = parse_result_types(parser)
        op = cls(value, is_remote=is_remote)
        op.attributes.update(attributes)
        if types is not None and types != [op.semaphore.type]:
            parser.raise_error(f"the result type must be {op.semaphore.type}", start, parser.pos)
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(f" initial_value={self.initial_value.value.data}")
        if self.is_remote is not None:
            printer.print_string(f" is_remote={'true' if self.is_remote.value.data else 'false'}")
        print_attributes(printer, self)
        print_result_types(printer, self)

    def verify_(self) -> None:
        if not 0 <= self.initial_value.value.data <= MAX_VALUE:
            raise VerifyException(
                f"initial value must be 0 to {MAX_VALUE}, got {self.initial_value.value.data}"
            )
        remote = self.is_remote is not None and bool(self.is_remote.value.data)
        if self.semaphore.type != SemaphoreType(remote):
            raise VerifyException(
                f"the result type must be {SemaphoreType(remote)}, got {self.semaphore.type}"
            )


class _TargetedOp(IRDLOperation):
    """Ops on the semaphore of a core, or of the cores of a rectangle.

    `core` is one core, `mcast` the x, y of the first and of the last core of a rectangle, one after the
    other.
    """

    coordinates = var_operand_def(BaseAttr(IndexType))
    core = opt_prop_def(I64Array)
    mcast = opt_prop_def(I64Array)

    @property
    def target_core(self) -> tuple[Coordinate, ...] | None:
        """Coordinates of the one core, or None."""
        return None if self.core is None else merge(self.core, iter(self.coordinates))

    @property
    def target_range(self) -> tuple[tuple[Coordinate, ...], tuple[Coordinate, ...]] | None:
        """First and last core of the rectangle, or None."""
        if self.mcast is None:
            return None
        merged = merge(self.mcast, iter(self.coordinates))
        rank = len(merged) // 2
        return merged[:rank], merged[rank:]

    @staticmethod
    def target_properties(
        core: Core | None, mcast: Sequence[Core] | None
    ) -> tuple[list[SSAValue], dict[str, Attribute | None]]:
        """Operands and properties for a target."""
        flat = None if mcast is None else [c for corner in mcast for c in corner]
        return computed([core or (), flat or ()]), {
            "core": None if core is None else constants(core),
            "mcast": None if flat is None else constants(flat),
        }

    @staticmethod
    def parse_target(parser: Parser) -> tuple[list[Coordinate] | None, list[list[Coordinate]] | None]:
        core = parse_core(parser) if parse_optional_key(parser, "core") else None
        start = parser.pos
        mcast = parse_corners(parser) if parse_optional_key(parser, "mcast") else None
        if mcast is not None and (len(mcast) != 2 or len(mcast[0]) != len(mcast[1])):
            parser.raise_error("expected the first and the last core of a range", start, parser.pos)
        return core, mcast

    def print_target(self, printer: Printer) -> None:
        if self.target_core is not None:
            printer.print_string(" core = ")
            print_core(printer, self.target_core)
        if self.target_range is not None:
            printer.print_string(" mcast = ")
            print_corners(printer, self.target_range)

    def verify_target(self) -> None:
        if self.core is not None and self.mcast is not None:
            raise VerifyException(
                f"either core {format_constants(self.core)} or mcast {format_constants(self.mcast)}, not both"
            )
        attribute = self.core or self.mcast or i64_array([])
        dynamic = sum(c == DYNAMIC for c in array_ints(attribute))
        if dynamic != len(self.coordinates):
            raise VerifyException(
                f"{dynamic} coordinates are computed, but there are {len(self.coordinates)} operands for them"
            )
        grid = enclosing_grid(self)
        if self.target_core is not None:
            check_inside("core", self.target_core, grid)
        if self.mcast is None:
            return
        values = array_ints(self.mcast)
        rank = len(values) // 2
        if len(values) % 2 or not 1 <= rank <= 3:
            raise VerifyException(
                f"mcast needs the coordinates of two cores, got {format_constants(self.mcast)}"
            )
        first, last = values[:rank], values[rank:]
        for corner in (first, last):
            check_inside("multicast corner", corner, grid)
        if any(a > b and b != DYNAMIC for a, b in zip(first, last, strict=True)):
            raise VerifyException(f"multicast range {list(first)} to {list(last)} is empty")


@irdl_op_definition
class RemoteSemaphoreOp(_TargetedOp):
    """The same semaphore on other cores: `%r = ttl.remote_semaphore %s core = [%x, 0]` or `... mcast = [[0,
    0], [3, 3]]`.
    """

    name = "ttl.remote_semaphore"
    semaphore = operand_def(SemaphoreType)
    coordinates = var_operand_def(BaseAttr(IndexType))
    remote = result_def(SemaphoreType)
    traits = traits_def(Pure())

    def __init__(self, semaphore: SSAValue, core: Core | None = None, mcast: Sequence[Core] | None = None):
        operands, properties = self.target_properties(core, mcast)
        super().__init__(
            operands=[semaphore, operands], properties=properties, result_types=[SemaphoreType(True)]
        )

    @classmethod
    def parse(cls, parser: Parser) -> "RemoteSemaphoreOp":
        semaphore = parse_operand(parser)
        core, mcast = cls.parse_target(parser)
        op = cls(semaphore, core, mcast)
        op.attributes.update(parser.parse_optional_attr_dict())
        parse_result_types(parser)
        return op

    def print(self, printer: Printer) -> None:
        print_operands(printer, [self.semaphore])
        self.print_target(printer)
        print_attributes(printer, self)

    def verify_(self) -> None:
        if (self.core is None) == (self.mcast is None):
            raise VerifyException("needs either a core or a multicast range")
        if self.semaphore.type != SemaphoreType() and self.has_target(self.semaphore):
            raise VerifyException("the semaphore already belongs to other cores")
        if self.remote.type != SemaphoreType(True):
            raise VerifyException(f"the result type must be {SemaphoreType(True)}, got {self.remote.type}")
        self.verify_target()

    @staticmethod
    def has_target(semaphore: SSAValue) -> bool:
        """Whether a semaphore stands for that of known other cores."""
        return isinstance(semaphore, OpResult) and isinstance(semaphore.op, RemoteSemaphoreOp)


class _SemaphoreOp(_TargetedOp):
    """Ops with a semaphore and a value, constant or computed."""

    semaphore = operand_def(SemaphoreType)
    computed_value = opt_operand_def(BaseAttr(IndexType) | EqAttrConstraint(i32))
    coordinates = var_operand_def(BaseAttr(IndexType))
    value = opt_prop_def(IntegerAttr[I32])

    @property
    def semaphore_type(self) -> SemaphoreType:
        assert isinstance(self.semaphore.type, SemaphoreType)
        return self.semaphore.type

    @property
    def amount(self) -> int | SSAValue:
        """The value, wherever it stands."""
        if self.value is not None:
            return self.value.value.data
        if self.computed_value is None:
            raise VerifyException("needs a value, constant or computed")
        return self.computed_value

    @staticmethod
    def parse_value(parser: Parser) -> int | SSAValue:
        parser.parse_punctuation(",")
        operand = parse_optional_operand(parser)
        return operand if operand is not None else parser.parse_integer(allow_boolean=False)

    def print_value(self, printer: Printer) -> None:
        print_operands(printer, [self.semaphore])
        printer.print_string(", ")
        amount = self.amount
        if isinstance(amount, int):
            printer.print_int(amount)
        else:
            printer.print_ssa_value(amount)

    def verify_value(self) -> None:
        require_thread(self, "datamovement")
        if (self.value is None) == (self.computed_value is None):
            raise VerifyException("needs one value, constant or computed")
        if self.value is not None and not 0 <= self.value.value.data <= MAX_VALUE:
            raise VerifyException(f"value must be 0 to {MAX_VALUE}, got {self.value.value.data}")

    def verify_signal(self) -> None:
        """What ops that change a semaphore demand of their target."""
        self.verify_value()
        self.verify_target()
        has_target = self.core is not None or self.mcast is not None
        if self.semaphore_type.is_remote.data and has_target == RemoteSemaphoreOp.has_target(self.semaphore):
            raise VerifyException(
                "the target is already in ttl.remote_semaphore"
                if has_target
                else "which core's semaphore? give a core"
            )


def _value(value: int | SSAValue) -> tuple[SSAValue | None, IntegerAttr[I32] | None]:
    return (None, IntegerAttr(value, i32)) if isinstance(value, int) else (value, None)


@irdl_op_definition
class SemaphoreWaitOp(_SemaphoreOp):
    """Wait until the semaphore of this core has a value: `ttl.semaphore_wait %s, 4`.

    `comparison = min` waits for the value or more; `reset = 0` sets the semaphore after a wait for equality.
    """

    name = "ttl.semaphore_wait"
    reset_value = opt_prop_def(IntegerAttr[I32])
    comparison = opt_prop_def(StringAttr)
    irdl_options = (AttrSizedOperandSegments(as_property=True),)

    def __init__(
        self,
        semaphore: SSAValue,
        value: int | SSAValue,
        *,
        comparison: Comparison | None = None,
        reset_value: int | None = None,
    ):
        operand, constant = _value(value)
        super().__init__(
            operands=[semaphore, operand, []],
            properties={
                "value": constant,
                "comparison": None if comparison is None else StringAttr(comparison.value),
                "reset_value": None if reset_value is None else IntegerAttr(reset_value, i32),
            },
        )

    @property
    def is_minimum(self) -> bool:
        return self.comparison is not None and self.comparison.data == Comparison.min.value

    @classmethod
    def parse(cls, parser: Parser) -> "SemaphoreWaitOp":
        semaphore = parse_operand(parser)
        value = cls.parse_value(parser)
        comparison = (
            Comparison(parse_keyword_of(parser, Comparison))
            if parse_optional_key(parser, "comparison")
            else None
        )
        reset = parser.parse_integer(allow_boolean=False) if parse_optional_key(parser, "reset") else None
        op = cls(semaphore, value, comparison=comparison, reset_value=reset)
        op.attributes.update(parser.parse_optional_attr_dict())
        return op

    def print(self, printer: Printer) -> None:
        self.print_value(printer)
        if self.comparison is not None:
            printer.print_string(f" comparison = {self.comparison.data}")
        if self.reset_value is not None:
            printer.print_string(f" reset = {self.reset_value.value.data}")
        print_attributes(printer, self)

    def verify_(self) -> None:
        self.verify_value()
        if self.core is not None or self.mcast is not None or self.coordinates:
            raise VerifyException("a core can only wait for its own semaphore, it takes no coordinates")
        if self.semaphore_type.is_remote.data:
            raise VerifyException("a core can only wait for its own semaphore, this one is remote")
        if self.comparison is not None and self.comparison.data not in Comparison.__members__:
            raise VerifyException(f'comparison must be "equal" or "min", got "{self.comparison.data}"')
        if self.reset_value is None:
            return
        if not 0 <= self.reset_value.value.data <= MAX_VALUE:
            raise VerifyException(f"reset value must be 0 to {MAX_VALUE}, got {self.reset_value.value.data}")
        if self.is_minimum:
            raise VerifyException("a reset after comparison = min would lose increments beyond the value")


@irdl_op_definition
class SemaphoreSetOp(_SemaphoreOp):
    """Set the semaphore of this core, of another, or of a rectangle of cores.

    `ttl.semaphore_set %s, 1`, `ttl.semaphore_set %s, 1 core = [%x, 0]`, `ttl.semaphore_set %s, 1 mcast =
    [[0, 0], [3, 3]]`.
    """

    name = "ttl.semaphore_set"
    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = traits_def(TTLCanonicalization())

    def __init__(
        self,
        semaphore: SSAValue,
        value: int | SSAValue,
        core: Core | None = None,
        mcast: Sequence[Core] | None = None,
    ):
        operand, constant = _value(value)
        operands, properties = self.target_properties(core, mcast)
        super().__init__(
            operands=[semaphore, operand, operands], properties={"value": constant, **properties}
        )

    @classmethod
    def parse(cls, parser: Parser) -> "SemaphoreSetOp":
        semaphore = parse_operand(parser)
        op = cls(semaphore, cls.parse_value(parser), *cls.parse_target(parser))
        op.attributes.update(parser.parse_optional_attr_dict())
        return op

    def print(self, printer: Printer) -> None:
        self.print_value(printer)
        self.print_target(printer)
        print_attributes(printer, self)

    def verify_(self) -> None:
        self.verify_signal()


@irdl_op_definition
class SemaphoreIncOp(_SemaphoreOp):
    """Add to the semaphore of one other core: `ttl.semaphore_inc %s, 1 core = [%x, 0]`."""

    name = "ttl.semaphore_inc"
    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = traits_def(TTLCanonicalization())

    def __init__(self, semaphore: SSAValue, value: int | SSAValue, core: Core | None = None):
        operand, constant = _value(value)
        operands, properties = self.target_properties(core, None)
        super().__init__(
            operands=[semaphore, operand, operands], properties={"value": constant, **properties}
        )

    @classmethod
    def parse(cls, parser: Parser) -> "SemaphoreIncOp":
        semaphore = parse_operand(parser)
        value = cls.parse_value(parser)
        core = parse_core(parser) if parse_optional_key(parser, "core") else None
        op = cls(semaphore, value, core)
        op.attributes.update(parser.parse_optional_attr_dict())
        return op

    def print(self, printer: Printer) -> None:
        self.print_value(printer)
        self.print_target(printer)
        print_attributes(printer, self)

    def verify_(self) -> None:
        handle = self.semaphore.owner
        if self.mcast is not None or (isinstance(handle, RemoteSemaphoreOp) and handle.mcast is not None):
            raise VerifyException("an increment goes to one core; set is the op for several")
        if self.core is None and not self.semaphore_type.is_remote.data:
            raise VerifyException("an increment goes to another core: give its coordinates")
        self.verify_signal()


SEMAPHORE_OPS: list[type[IRDLOperation]] = [
    CreateSemaphoreOp,
    RemoteSemaphoreOp,
    SemaphoreWaitOp,
    SemaphoreSetOp,
    SemaphoreIncOp,
]
