# SPDX-License-Identifier: Apache-2.0
"""The `ttmetal` dialect: the host's side of a program.

Buffers are created and written, a program of kernels is enqueued, results are read back. Text as tt-mlir has it; a
kernel's uniform runtime arguments stand under `common_rt_args`, which newer versions of tt-mlir read.
"""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from xdsl.dialects.builtin import (
    I64,
    ArrayAttr,
    BoolAttr,
    DenseArrayBase,
    IntAttr,
    IntegerAttr,
    IntegerType,
    MemRefType,
    Signedness,
    StringAttr,
    SymbolRefAttr,
    i64,
)
from xdsl.ir import Attribute, Dialect, Operation, ParametrizedAttribute, SSAValue, TypeAttribute
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    irdl_attr_definition,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    var_operand_def,
)
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.str_enum import StrEnum

from .ttcore import InterleavedLayoutAttr, MemorySpaceAttr, ShardLayoutAttr

UI32 = IntegerType(32, Signedness.UNSIGNED)


class ArgKind(StrEnum):
    """What a kernel argument stands for.

    The number after it indexes: for `cb_port` the circular buffers of the program, for the others its `args`.
    `tensor_accessor_args` stands for the words that describe a tensor's layout, see `TensorAccessorArgs`.
    """

    CB_PORT = "cb_port"
    BUFFER_ADDRESS = "buffer_address"
    LOCAL_SEMAPHORE = "local_semaphore"
    GLOBAL_SEMAPHORE = "global_semaphore"
    SCALAR = "scalar"
    TENSOR_ACCESSOR_ARGS = "tensor_accessor_args"


class NocIndex(StrEnum):
    NOC0 = "noc0"
    NOC1 = "noc1"


class Fidelity(StrEnum):
    """Math fidelity: how many phases a multiplication takes."""

    LOFI = "lofi"
    HIFI2 = "hifi2"
    HIFI3 = "hifi3"
    HIFI4 = "hifi4"


class UnpackMode(StrEnum):
    """Whether a circular buffer is unpacked through the source registers or to 32-bit DST registers."""

    DEFAULT = "default"
    FP32 = "fp32"


DM_CORES = {NocIndex.NOC0: 1, NocIndex.NOC1: 0}
"""Data-movement processor that uses each NoC unless a configuration says otherwise: RISC-V 1 reads, RISC-V 0 writes."""


@irdl_attr_definition
class LocalSemaphoreType(ParametrizedAttribute, TypeAttribute):
    """`!ttmetal.local_semaphore`: a word on each core of a program."""

    name = "ttmetal.local_semaphore"


@irdl_attr_definition
class GlobalSemaphoreType(ParametrizedAttribute, TypeAttribute):
    """`!ttmetal.global_semaphore`: a word at one address on a range of cores, alive across programs."""

    name = "ttmetal.global_semaphore"


@irdl_attr_definition
class CoreRangeAttr(ParametrizedAttribute):
    """`#ttmetal.core_range<0x0, 8x8>`: a rectangle of logical cores, offset and size, each (y, x)."""

    name = "ttmetal.core_range"
    offset: ArrayAttr[IntAttr]
    size: ArrayAttr[IntAttr]

    def __init__(self, offset: tuple[int, int], size: tuple[int, int]):
        super().__init__(ArrayAttr(map(IntAttr, offset)), ArrayAttr(map(IntAttr, size)))

    @property
    def corners(self) -> tuple[int, int, int, int]:
        """First and last core: (x0, y0, x1, y1), both inside."""
        (y, x), (height, width) = ([i.data for i in part] for part in (self.offset, self.size))
        return x, y, x + width - 1, y + height - 1

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            offset = parser.parse_dimension_list()
            parser.parse_punctuation(",")
            size = parser.parse_dimension_list()
        return (ArrayAttr(map(IntAttr, offset)), ArrayAttr(map(IntAttr, size)))

    def print_parameters(self, printer: Printer) -> None:
        printer.print_string(f"<{_dims(self.offset)}, {_dims(self.size)}>")

    def verify(self) -> None:
        if len(self.offset) != 2 or len(self.size) != 2:
            raise VerifyException("a core range has an offset and a size of two dimensions, y and x")
        if min(s.data for s in self.size) < 1:
            raise VerifyException(f"a core range has at least one core, got {_dims(self.size)}")


def _dims(sizes: ArrayAttr[IntAttr]) -> str:
    return "x".join(str(s.data) for s in sizes)


@irdl_attr_definition
class KernelArgAttr(ParametrizedAttribute):
    """`#ttmetal.kernel_arg<cb_port[0]>`, in lists `<cb_port[0]>`: one argument of a kernel."""

    name = "ttmetal.kernel_arg"
    kind: StringAttr
    operand_index: IntAttr

    def __init__(self, kind: ArgKind, operand_index: int):
        super().__init__(StringAttr(kind.value), IntAttr(operand_index))

    @property
    def arg_kind(self) -> ArgKind:
        return ArgKind(self.kind.data)

    @property
    def index(self) -> int:
        return self.operand_index.data

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            kind = parser.parse_str_enum(ArgKind)
            with parser.in_square_brackets():
                index = parser.parse_integer(allow_boolean=False, allow_negative=False)
        return (StringAttr(kind.value), IntAttr(index))

    def print_parameters(self, printer: Printer) -> None:
        printer.print_string(f"<{self.kind.data}[{self.index}]>")


ArgList = ArrayAttr[KernelArgAttr]


@irdl_attr_definition
class KernelArgsAttr(ParametrizedAttribute):
    """`#ttmetal.kernel_args<common_rt_args = [...] rt_args = [...] ct_args = [...]>`; empty lists are left out.

    Common runtime arguments are the same on all cores, runtime arguments may differ, compile-time arguments are
    constants of the kernel.
    """

    name = "ttmetal.kernel_args"
    common_rt_args: ArgList
    rt_args: ArgList
    ct_args: ArgList

    LISTS: ClassVar[tuple[str, ...]] = ("common_rt_args", "rt_args", "ct_args")

    def __init__(
        self,
        common_rt_args: Sequence[KernelArgAttr] = (),
        rt_args: Sequence[KernelArgAttr] = (),
        ct_args: Sequence[KernelArgAttr] = (),
    ):
        super().__init__(ArrayAttr(common_rt_args), ArrayAttr(rt_args), ArrayAttr(ct_args))

    def __iter__(self) -> Iterator[KernelArgAttr]:
        yield from (*self.common_rt_args, *self.rt_args, *self.ct_args)

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        lists: list[ArgList] = []
        with parser.in_angle_brackets():
            for keyword in cls.LISTS:
                found: list[KernelArgAttr] = []
                if parser.parse_optional_keyword(keyword) is not None:
                    parser.parse_punctuation("=")
                    found = parser.parse_comma_separated_list(
                        parser.Delimiter.SQUARE,
                        lambda: KernelArgAttr.new(KernelArgAttr.parse_parameters(parser)),
                    )
                lists.append(ArrayAttr(found))
        return lists

    def print_parameters(self, printer: Printer) -> None:
        texts = []
        for keyword in self.LISTS:
            args: ArgList = getattr(self, keyword)
            if args.data:
                inside = ", ".join(f"<{arg.kind.data}[{arg.index}]>" for arg in args)
                texts.append(f"{keyword} = [{inside}]")
        leading = " " if not self.common_rt_args.data and not self.rt_args.data else ""
        printer.print_string(f"<{leading}{' '.join(texts)}>")


class _KernelConfig(ParametrizedAttribute):
    """What the configurations of all kernels share: `<@symbol, core_range, kernel_args, ...>`."""

    kernel: SymbolRefAttr
    core_range: CoreRangeAttr
    args: KernelArgsAttr

    @classmethod
    def _parse_common(cls, parser: AttrParser) -> tuple[Attribute, ...]:
        kernel = parser.parse_attribute()
        parser.parse_punctuation(",")
        core_range = parser.parse_attribute()
        parser.parse_punctuation(",")
        args = parser.parse_attribute()
        parser.parse_punctuation(",")
        return kernel, core_range, args

    def _print_common(self, printer: Printer) -> None:
        for part in (self.kernel, self.core_range, self.args):
            printer.print_attribute(part)
            printer.print_string(", ")


@irdl_attr_definition
class NocConfigAttr(_KernelConfig):
    """`#ttmetal.noc_config<@read, #ttmetal.core_range<...>, #ttmetal.kernel_args<...>, noc0>`: a data-movement kernel.

    `dm_core = 1, ` before the NoC names the processor; left out, NoC 0 is used by RISC-V 1 and NoC 1 by RISC-V 0.
    """

    name = "ttmetal.noc_config"
    kernel: SymbolRefAttr
    core_range: CoreRangeAttr
    args: KernelArgsAttr
    processor: IntAttr
    noc: StringAttr

    def __init__(
        self,
        kernel: str,
        core_range: CoreRangeAttr,
        args: KernelArgsAttr,
        noc: NocIndex,
        dm_core: int | None = None,
    ):
        processor = IntAttr(DM_CORES[noc] if dm_core is None else dm_core)
        super().__init__(SymbolRefAttr(kernel), core_range, args, processor, StringAttr(noc.value))

    @property
    def noc_index(self) -> NocIndex:
        return NocIndex(self.noc.data)

    @property
    def dm_core(self) -> int:
        return self.processor.data

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            common = cls._parse_common(parser)
            processor = None
            if parser.parse_optional_keyword("dm_core") is not None:
                parser.parse_punctuation("=")
                processor = parser.parse_integer(allow_boolean=False, allow_negative=False)
                parser.parse_punctuation(",")
            noc = parser.parse_str_enum(NocIndex)
        return (*common, IntAttr(DM_CORES[noc] if processor is None else processor), StringAttr(noc.value))

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            self._print_common(printer)
            if self.dm_core != DM_CORES[self.noc_index]:
                printer.print_string(f"dm_core = {self.dm_core}, ")
            printer.print_string(self.noc.data)

    def verify(self) -> None:
        if self.dm_core not in DM_CORES.values():
            raise VerifyException(
                f"a core has data-movement processors 0 and 1, got dm_core = {self.dm_core}"
            )


@irdl_attr_definition
class ComputeConfigAttr(_KernelConfig):
    """`#ttmetal.compute_config<@sym, core_range, kernel_args, hifi4, false, false, false, [default]>`: a compute kernel.

    The flags are 32-bit DST registers, full DST synchronisation, and approximate math; the list says for each
    circular buffer, by index, how it is unpacked; those behind its end as by default.
    """

    name = "ttmetal.compute_config"
    kernel: SymbolRefAttr
    core_range: CoreRangeAttr
    args: KernelArgsAttr
    fidelity: StringAttr
    fp32_dest_acc_en: BoolAttr
    dst_full_sync_en: BoolAttr
    math_approx_mode: BoolAttr
    unpack_to_dest_mode: ArrayAttr[StringAttr]

    FLAGS: ClassVar[tuple[str, ...]] = ("fp32_dest_acc_en", "dst_full_sync_en", "math_approx_mode")

    def __init__(
        self,
        kernel: str,
        core_range: CoreRangeAttr,
        args: KernelArgsAttr,
        fidelity: Fidelity,
        *,
        fp32_dest_acc_en: bool,
        dst_full_sync_en: bool,
        math_approx_mode: bool = False,
        unpack_to_dest_mode: Sequence[UnpackMode] = (UnpackMode.DEFAULT,),
    ):
        super().__init__(
            SymbolRefAttr(kernel),
            core_range,
            args,
            StringAttr(fidelity.value),
            BoolAttr.from_bool(fp32_dest_acc_en),
            BoolAttr.from_bool(dst_full_sync_en),
            BoolAttr.from_bool(math_approx_mode),
            ArrayAttr(StringAttr(mode.value) for mode in unpack_to_dest_mode),
        )

    @property
    def math_fidelity(self) -> Fidelity:
        return Fidelity(self.fidelity.data)

    @property
    def unpack_modes(self) -> tuple[UnpackMode, ...]:
        return tuple(UnpackMode(mode.data) for mode in self.unpack_to_dest_mode)

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        flags = []
        with parser.in_angle_brackets():
            common = cls._parse_common(parser)
            fidelity = parser.parse_str_enum(Fidelity)
            for _ in cls.FLAGS:
                parser.parse_punctuation(",")
                flags.append(BoolAttr.from_bool(parser.parse_boolean()))
            parser.parse_punctuation(",")
            modes = parser.parse_comma_separated_list(
                parser.Delimiter.SQUARE, lambda: StringAttr(parser.parse_str_enum(UnpackMode).value)
            )
        return (*common, StringAttr(fidelity.value), *flags, ArrayAttr(modes))

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            self._print_common(printer)
            flags = ["true" if getattr(self, flag).value.data else "false" for flag in self.FLAGS]
            modes = ", ".join(mode.data for mode in self.unpack_to_dest_mode)
            printer.print_string(f"{self.fidelity.data}, {', '.join(flags)}, [{modes}]")

    def verify(self) -> None:
        if not self.unpack_to_dest_mode.data:
            raise VerifyException("a compute configuration says of at least one buffer how it is unpacked")


def memory_space(type_: Attribute) -> MemorySpaceAttr | None:
    """The memory space of a memref; None where it names none, which is host memory."""
    space = type_.memory_space if isinstance(type_, MemRefType) else None
    return space if isinstance(space, MemorySpaceAttr) else None


def is_on_device(type_: Attribute) -> bool:
    """Whether a memref lies in memory of the device."""
    space = memory_space(type_)
    return space is not None and space.data.on_device


def _check_device_buffer(op: Operation, value: SSAValue, what: str) -> None:
    type_ = value.type
    if not isinstance(type_, MemRefType) or not is_on_device(type_):
        raise VerifyException(f"'{op.name}' op {what} must be a memref in device memory, got {type_}")
    layout = type_.layout
    if isinstance(layout, InterleavedLayoutAttr | ShardLayoutAttr):
        rank = len(type_.get_shape())
        if rank != 2 * len(layout.byte_strides):
            raise VerifyException(
                f"'{op.name}' op {what} has {rank} dimensions; with {layout} it has"
                f" {2 * len(layout.byte_strides)}, those of the grid and those of a shard"
            )


def _check_host_buffer(op: Operation, value: SSAValue, what: str) -> None:
    if not isinstance(value.type, MemRefType) or is_on_device(value.type):
        raise VerifyException(f"'{op.name}' op {what} must be a memref in host memory, got {value.type}")


@irdl_op_definition
class CreateBufferOp(IRDLOperation):
    """Create a buffer on the device, at an address that is the same in each bank or on each core."""

    name = "ttmetal.create_buffer"
    address = prop_def(IntegerAttr[I64])
    result = result_def(MemRefType)

    def __init__(self, address: int, type_: MemRefType):
        super().__init__(properties={"address": IntegerAttr(address, i64)}, result_types=[type_])

    def verify_(self) -> None:
        _check_device_buffer(self, self.result, "result")
        if self.address.value.data < 0:
            raise VerifyException(
                f"'{self.name}' op address must not be negative, got {self.address.value.data}"
            )


@irdl_op_definition
class DeallocateBufferOp(IRDLOperation):
    """Free a buffer of the device."""

    name = "ttmetal.deallocate_buffer"
    input = operand_def(MemRefType)

    def __init__(self, buffer: SSAValue):
        super().__init__(operands=[buffer])

    def verify_(self) -> None:
        _check_device_buffer(self, self.input, "operand")


@irdl_op_definition
class EnqueueWriteBufferOp(IRDLOperation):
    """Copy from the host to the device."""

    name = "ttmetal.enqueue_write_buffer"
    input = operand_def(MemRefType)
    output = operand_def(MemRefType)

    def __init__(self, host: SSAValue, device: SSAValue):
        super().__init__(operands=[host, device])

    def verify_(self) -> None:
        _check_host_buffer(self, self.input, "source")
        _check_device_buffer(self, self.output, "destination")


@irdl_op_definition
class EnqueueReadBufferOp(IRDLOperation):
    """Copy from the device to the host."""

    name = "ttmetal.enqueue_read_buffer"
    input = operand_def(MemRefType)
    output = operand_def(MemRefType)

    def __init__(self, device: SSAValue, host: SSAValue):
        super().__init__(operands=[device, host])

    def verify_(self) -> None:
        _check_device_buffer(self, self.input, "source")
        _check_host_buffer(self, self.output, "destination")


@irdl_op_definition
class CreateLocalSemaphoreOp(IRDLOperation):
    """Create a semaphore on every core of the program that takes it; all start with `initial_value`."""

    name = "ttmetal.create_local_semaphore"
    initial_value = prop_def(IntegerAttr)
    result = result_def(LocalSemaphoreType)

    def __init__(self, initial_value: int):
        super().__init__(
            properties={"initial_value": IntegerAttr(initial_value, UI32)},
            result_types=[LocalSemaphoreType()],
        )


@irdl_op_definition
class CreateGlobalSemaphoreOp(IRDLOperation):
    """Create a semaphore at an address of L1 on a range of cores."""

    name = "ttmetal.create_global_semaphore"
    address = prop_def(IntegerAttr[I64])
    initial_value = prop_def(IntegerAttr)
    core_range = prop_def(CoreRangeAttr)
    result = result_def(GlobalSemaphoreType)

    def __init__(self, address: int, initial_value: int, core_range: CoreRangeAttr):
        super().__init__(
            properties={
                "address": IntegerAttr(address, i64),
                "initial_value": IntegerAttr(initial_value, UI32),
                "core_range": core_range,
            },
            result_types=[GlobalSemaphoreType()],
        )


@irdl_op_definition
class ResetGlobalSemaphoreOp(IRDLOperation):
    """Set a semaphore on all its cores to `value`."""

    name = "ttmetal.reset_global_semaphore"
    semaphore = operand_def(GlobalSemaphoreType)
    value = prop_def(IntegerAttr)

    def __init__(self, semaphore: SSAValue, value: int):
        super().__init__(operands=[semaphore], properties={"value": IntegerAttr(value, UI32)})


@irdl_op_definition
class EnqueueProgramOp(IRDLOperation):
    """Run a program: `kernelConfigs` on `args` (tensors, semaphores) with the circular buffers `cbs` at `cb_ports`."""

    name = "ttmetal.enqueue_program"
    args = var_operand_def()
    cbs = var_operand_def(MemRefType)
    cb_ports = prop_def(DenseArrayBase.constr(i64))
    kernel_configs = prop_def(ArrayAttr[NocConfigAttr | ComputeConfigAttr], prop_name="kernelConfigs")
    fabric_connection_configs = opt_prop_def(Attribute, prop_name="fabricConnectionConfigs")
    irdl_options = (AttrSizedOperandSegments(as_property=True),)

    def __init__(
        self,
        args: Sequence[SSAValue],
        cbs: Sequence[SSAValue],
        cb_ports: Sequence[int],
        kernel_configs: Sequence[NocConfigAttr | ComputeConfigAttr],
    ):
        super().__init__(
            operands=[args, cbs],
            properties={
                "cb_ports": DenseArrayBase.from_list(i64, cb_ports),
                "kernelConfigs": ArrayAttr(kernel_configs),
            },
        )

    @property
    def ports(self) -> tuple[int, ...]:
        return tuple(int(port) for port in self.cb_ports.iter_values())

    def verify_(self) -> None:
        for position, value in enumerate(self.args):
            if isinstance(value.type, MemRefType):
                _check_device_buffer(self, value, f"argument {position}")
            elif not isinstance(value.type, LocalSemaphoreType | GlobalSemaphoreType):
                raise VerifyException(
                    f"'{self.name}' op argument {position} must be a memref or a semaphore, got {value.type}"
                )
        for position, value in enumerate(self.cbs):
            _check_device_buffer(self, value, f"circular buffer {position}")
        if len(self.ports) != len(self.cbs):
            raise VerifyException(
                f"'{self.name}' op has {len(self.cbs)} circular buffers, but {len(self.ports)} ports"
            )
        if len(set(self.ports)) != len(self.ports):
            raise VerifyException(f"'{self.name}' op has a port for two circular buffers: {list(self.ports)}")
        if not self.kernel_configs.data:
            raise VerifyException(f"'{self.name}' op has no kernels")
        for config in self.kernel_configs:
            for arg in config.args:
                self._check_arg(config, arg)

    def _check_arg(self, config: NocConfigAttr | ComputeConfigAttr, arg: KernelArgAttr) -> None:
        kind, text = arg.arg_kind, f"{arg.kind.data}[{arg.index}]"
        if kind is ArgKind.SCALAR:
            return
        values = self.cbs if kind is ArgKind.CB_PORT else self.args
        if arg.index >= len(values):
            raise VerifyException(
                f"'{self.name}' op kernel {config.kernel} has the argument {text}, but there are {len(values)}"
            )
        wanted = _ARGUMENT_TYPES.get(kind, MemRefType)
        if not isinstance(values[arg.index].type, wanted):
            raise VerifyException(
                f"'{self.name}' op kernel {config.kernel} has the argument {text}, which is a {values[arg.index].type}"
            )


_ARGUMENT_TYPES: dict[ArgKind, type[Attribute]] = {
    ArgKind.LOCAL_SEMAPHORE: LocalSemaphoreType,
    ArgKind.GLOBAL_SEMAPHORE: GlobalSemaphoreType,
}


@irdl_op_definition
class FinishOp(IRDLOperation):
    """Wait until everything that was enqueued is done."""

    name = "ttmetal.finish"

    def __init__(self) -> None:
        super().__init__()


TTMetal = Dialect(
    "ttmetal",
    [
        CreateBufferOp,
        CreateGlobalSemaphoreOp,
        CreateLocalSemaphoreOp,
        DeallocateBufferOp,
        EnqueueProgramOp,
        EnqueueReadBufferOp,
        EnqueueWriteBufferOp,
        FinishOp,
        ResetGlobalSemaphoreOp,
    ],
    [
        ComputeConfigAttr,
        CoreRangeAttr,
        GlobalSemaphoreType,
        KernelArgAttr,
        KernelArgsAttr,
        LocalSemaphoreType,
        NocConfigAttr,
    ],
)
