# SPDX-License-Identifier: Apache-2.0
"""Types and attributes of the `ttkernel` dialect, in the text of the W11 generation."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from xdsl.dialects.builtin import ArrayAttr, IntAttr
from xdsl.dialects.utils import EnumAttribute
from xdsl.ir import Attribute, ParametrizedAttribute, TypeAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.str_enum import StrEnum

from ttlang.dialects.ttcore import DataTypeAttr, TileType


@irdl_attr_definition
class CBType(ParametrizedAttribute, TypeAttribute):
    """`!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>`: a circular buffer of N elements (tiles, or scalars of
    row-major pages).
    """

    name = "ttkernel.cb"
    num_elements: IntAttr
    element_type: TypeAttribute

    def __init__(self, num_elements: int | IntAttr, element_type: TypeAttribute):
        count = num_elements if isinstance(num_elements, IntAttr) else IntAttr(num_elements)
        super().__init__(count, element_type)

    @property
    def holds_tiles(self) -> bool:
        return isinstance(self.element_type, TileType)

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            count = parser.parse_integer(allow_boolean=False, allow_negative=False)
            parser.parse_punctuation(",")
            element = parser.parse_type()
        return (IntAttr(count), element)

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string(f"{self.num_elements.data}, ")
            printer.print_attribute(self.element_type)

    def verify(self) -> None:
        if self.num_elements.data < 1:
            raise VerifyException(
                f"a circular buffer needs at least one element, got {self.num_elements.data}"
            )


@irdl_attr_definition
class LocalSemaphoreType(ParametrizedAttribute, TypeAttribute):
    """`!ttkernel.local_semaphore`: L1 address of a semaphore of this core."""

    name = "ttkernel.local_semaphore"


@irdl_attr_definition
class NocAddrType(ParametrizedAttribute, TypeAttribute):
    """`!ttkernel.noc_addr`: 64-bit address of a core (or rectangle of cores) and a place in its memory."""

    name = "ttkernel.noc_addr"


@irdl_attr_definition
class L1AddrType(ParametrizedAttribute, TypeAttribute):
    """`!ttkernel.l1_addr`: byte address in the L1 of this core."""

    name = "ttkernel.l1_addr"


@irdl_attr_definition
class L1AddrPtrType(ParametrizedAttribute, TypeAttribute):
    """`!ttkernel.l1_addr_ptr`: pointer to 32-bit words in the L1 of this core."""

    name = "ttkernel.l1_addr_ptr"


@irdl_attr_definition
class TensorAccessorArgsType(ParametrizedAttribute, TypeAttribute):
    """`!ttkernel.TensorAccessorArgs`: where the layout of a tensor stands among the kernel's arguments."""

    name = "ttkernel.TensorAccessorArgs"


@irdl_attr_definition
class TensorAccessorType(ParametrizedAttribute, TypeAttribute):
    """`!ttkernel.TensorAccessor`: turns page numbers of a tensor into NoC addresses."""

    name = "ttkernel.TensorAccessor"


@irdl_attr_definition
class PageMappingType(ParametrizedAttribute, TypeAttribute):
    """`!ttkernel.PageMapping`: bank and offset of a page."""

    name = "ttkernel.PageMapping"


@irdl_attr_definition
class DataFormatType(ParametrizedAttribute, TypeAttribute):
    """`!ttkernel.DataFormat`: data format of a circular buffer, as a value."""

    name = "ttkernel.DataFormat"


@irdl_attr_definition
class InterleavedAddrGenFastType(ParametrizedAttribute, TypeAttribute):
    """`!ttkernel.interleaved_addr_gen_fast`: address generator of older kernels."""

    name = "ttkernel.interleaved_addr_gen_fast"


@irdl_attr_definition
class FabricConnectionManagerType(ParametrizedAttribute, TypeAttribute):
    """`!ttkernel.fabric_connection_manager`: links to other chips."""

    name = "ttkernel.fabric_connection_manager"


class ThreadKind(StrEnum):
    """Which processors run a kernel function."""

    NOC = "noc"
    COMPUTE = "compute"
    ETHERNET = "ethernet"


class ReduceType(StrEnum):
    SUM = "reduce_sum"
    MAX = "reduce_max"
    AVG = "reduce_avg"
    MIN = "reduce_min"  # SFPU reductions of the 0.81 kernels only


class ReduceDim(StrEnum):
    """What a reduction leaves of a tile: `row` column 0, `col` row 0, `scalar` element [0][0]."""

    ROW = "reduce_dim_row"
    COL = "reduce_dim_col"
    SCALAR = "reduce_dim_scalar"


class BcastType(StrEnum):
    NONE = "none"
    COL = "col"
    ROW = "row"
    SCALAR = "scalar"


class ReuseType(StrEnum):
    """Which source register takes the DST tile in `binary_dest_reuse_tiles`."""

    DEST_TO_SRCA = "dest_to_srca"
    DEST_TO_SRCB = "dest_to_srcb"


class EltwiseBinaryType(StrEnum):
    ADD = "add"
    SUB = "sub"
    MUL = "mul"


class _AngleBrackets:
    """Prints and reads `<value>` around an enum case, as the dialect does."""

    enum_type: type[StrEnum]
    data: StrEnum

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> StrEnum:
        with parser.in_angle_brackets():
            return parser.parse_str_enum(cls.enum_type)

    def print_parameter(self, printer: Printer) -> None:
        printer.print_string(f"<{self.data.value}>")


@irdl_attr_definition
class ThreadTypeAttr(_AngleBrackets, EnumAttribute[ThreadKind]):  # type: ignore[misc]
    """`#ttkernel.thread<compute>`: attribute `ttkernel.thread` of a kernel function."""

    name = "ttkernel.thread"


@irdl_attr_definition
class ReduceTypeAttr(_AngleBrackets, EnumAttribute[ReduceType]):  # type: ignore[misc]
    """`#ttkernel.reduce_type<reduce_sum>`"""

    name = "ttkernel.reduce_type"


@irdl_attr_definition
class ReduceDimAttr(_AngleBrackets, EnumAttribute[ReduceDim]):  # type: ignore[misc]
    """`#ttkernel.reduce_dim<reduce_dim_row>`"""

    name = "ttkernel.reduce_dim"


@irdl_attr_definition
class BcastTypeAttr(_AngleBrackets, EnumAttribute[BcastType]):  # type: ignore[misc]
    """`#ttkernel.bcast_type<row>`"""

    name = "ttkernel.bcast_type"


@irdl_attr_definition
class ReuseTypeAttr(_AngleBrackets, EnumAttribute[ReuseType]):  # type: ignore[misc]
    """`#ttkernel.reuse_type<dest_to_srca>`"""

    name = "ttkernel.reuse_type"


@irdl_attr_definition
class EltwiseBinaryTypeAttr(_AngleBrackets, EnumAttribute[EltwiseBinaryType]):  # type: ignore[misc]
    """`#ttkernel.eltwise_binary_type<add>`"""

    name = "ttkernel.eltwise_binary_type"


class ArgType(StrEnum):
    """What the host passes in a kernel argument."""

    CB_PORT = "cb_port"
    BUFFER_ADDRESS = "buffer_address"
    LOCAL_SEMAPHORE = "local_semaphore"


@irdl_attr_definition
class ArgAttr(ParametrizedAttribute):
    """`<arg_type = cb_port, operand_index = 0>`: one kernel argument."""

    name = "ttkernel.arg"
    arg_type: Attribute
    operand_index: IntAttr

    def __init__(self, arg_type: ArgType, operand_index: int):
        super().__init__(ArgTypeAttr(arg_type), IntAttr(operand_index))

    @property
    def kind(self) -> ArgType:
        assert isinstance(self.arg_type, ArgTypeAttr)
        return self.arg_type.data

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            parser.parse_keyword("arg_type")
            parser.parse_punctuation("=")
            kind = parser.parse_str_enum(ArgType)
            parser.parse_punctuation(",")
            parser.parse_keyword("operand_index")
            parser.parse_punctuation("=")
            index = parser.parse_integer(allow_boolean=False, allow_negative=False)
        return (ArgTypeAttr(kind), IntAttr(index))

    def print_parameters(self, printer: Printer) -> None:
        printer.print_string(f"<arg_type = {self.kind.value}, operand_index = {self.operand_index.data}>")


@irdl_attr_definition
class ArgTypeAttr(_AngleBrackets, EnumAttribute[ArgType]):  # type: ignore[misc]
    """`#ttkernel.arg_type<cb_port>`"""

    name = "ttkernel.arg_type"


@irdl_attr_definition
class ArgSpecAttr(ParametrizedAttribute):
    """`#ttkernel.arg_spec<rt_args = [...] ct_args = [...]>`: the arguments of a kernel function, in order.

    `rt_args` are runtime arguments, `ct_args` compile-time arguments; the host writes them in this order.
    """

    name = "ttkernel.arg_spec"
    rt_args: ArrayAttr[ArgAttr]
    ct_args: ArrayAttr[ArgAttr]

    def __init__(self, rt_args: Iterable[ArgAttr] = (), ct_args: Iterable[ArgAttr] = ()):
        super().__init__(ArrayAttr(rt_args), ArrayAttr(ct_args))

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        lists: dict[str, ArrayAttr[ArgAttr]] = {"rt_args": ArrayAttr(()), "ct_args": ArrayAttr(())}
        with parser.in_angle_brackets():
            for keyword in lists:
                if parser.parse_optional_keyword(keyword) is None:
                    continue
                parser.parse_punctuation("=")
                lists[keyword] = ArrayAttr(
                    parser.parse_comma_separated_list(
                        parser.Delimiter.SQUARE, lambda: ArgAttr.new(ArgAttr.parse_parameters(parser))
                    )
                )
        return tuple(lists.values())

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            if self.rt_args.data:
                self._print_list(printer, "rt_args", self.rt_args)
            if self.ct_args.data:
                printer.print_string(" ")
                self._print_list(printer, "ct_args", self.ct_args)

    @staticmethod
    def _print_list(printer: Printer, keyword: str, args: ArrayAttr[ArgAttr]) -> None:
        printer.print_string(f"{keyword} = ")
        with printer.in_square_brackets():
            printer.print_list(args.data, lambda arg: arg.print_parameters(printer))


EnumAttr: TypeAlias = (
    ReduceTypeAttr | ReduceDimAttr | BcastTypeAttr | ReuseTypeAttr | EltwiseBinaryTypeAttr | DataTypeAttr
)

ATTRIBUTES: list[type[Attribute]] = [
    ArgAttr,
    ArgSpecAttr,
    ArgTypeAttr,
    BcastTypeAttr,
    CBType,
    DataFormatType,
    EltwiseBinaryTypeAttr,
    FabricConnectionManagerType,
    InterleavedAddrGenFastType,
    L1AddrPtrType,
    L1AddrType,
    LocalSemaphoreType,
    NocAddrType,
    PageMappingType,
    ReduceDimAttr,
    ReduceTypeAttr,
    ReuseTypeAttr,
    TensorAccessorArgsType,
    TensorAccessorType,
    ThreadTypeAttr,
]
