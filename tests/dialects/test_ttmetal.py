# SPDX-License-Identifier: Apache-2.0
"""The ttmetal dialect: its text comes back as it is written, and what is wrong is refused."""

from io import StringIO

import pytest
from xdsl.printer import Printer

from ttlang.diagnostics import CompileError
from ttlang.dialects import context
from ttlang.dialects.checking import parse, verify
from ttlang.dialects.ttmetal import (
    ComputeConfigAttr,
    CoreRangeAttr,
    Fidelity,
    KernelArgsAttr,
    NocConfigAttr,
    NocIndex,
    UnpackMode,
)

HOST = "memref<64x96xf32, #ttcore.memory_space<system>>"
TENSOR = (
    "memref<1x1x2x3x!ttcore.tile<32x32, f32>, #ttcore.interleaved<12288x4096>, #ttcore.memory_space<dram>>"
)
BUFFER = "memref<8x8x2x1x!ttcore.tile<32x32, f32>, #ttcore.shard<4096x4096, 2>, #ttcore.memory_space<l1>>"
CORES = "#ttmetal.core_range<0x0, 8x8>"
ARGS = "#ttmetal.kernel_args<common_rt_args = [<buffer_address[0]>] ct_args = [<cb_port[0]>, <tensor_accessor_args[0]>]>"
READER = f"#ttmetal.noc_config<@read, {CORES}, {ARGS}, noc0>"
COMPUTE = f"#ttmetal.compute_config<@add, {CORES}, {ARGS}, hifi4, true, false, false, [default, fp32]>"


def launch(args="%t, %s, %c", types=f"{TENSOR}, !ttmetal.local_semaphore, {BUFFER}", sizes="2, 1", **changes):
    properties = {"cb_ports": "array<i64: 0>", "kernelConfigs": f"[{READER}, {COMPUTE}]", **changes}
    text = ", ".join(f"{name} = {value}" for name, value in properties.items())
    segments = f"operandSegmentSizes = array<i32: {sizes}>"
    return f'    "ttmetal.enqueue_program"({args}) <{{{text}, {segments}}}> : ({types}) -> ()\n'


def program(body=None):
    return f"""builtin.module {{
  func.func @host(%h: {HOST}) {{
    %t = "ttmetal.create_buffer"() <{{address = 64 : i64}}> : () -> {TENSOR}
    %c = "ttmetal.create_buffer"() <{{address = 105824 : i64}}> : () -> {BUFFER}
    %s = "ttmetal.create_local_semaphore"() <{{initial_value = 3 : ui32}}> : () -> !ttmetal.local_semaphore
    %g = "ttmetal.create_global_semaphore"() <{{address = 1024 : i64, initial_value = 0 : ui32, core_range = {CORES}}}> : () -> !ttmetal.global_semaphore
    "ttmetal.reset_global_semaphore"(%g) <{{value = 1 : ui32}}> : (!ttmetal.global_semaphore) -> ()
    "ttmetal.enqueue_write_buffer"(%h, %t) : ({HOST}, {TENSOR}) -> ()
{launch() if body is None else body}    "ttmetal.enqueue_read_buffer"(%t, %h) : ({TENSOR}, {HOST}) -> ()
    "ttmetal.finish"() : () -> ()
    "ttmetal.deallocate_buffer"(%t) : ({TENSOR}) -> ()
    func.return
  }}
}}
"""


def text_of(module, **options):
    stream = StringIO()
    Printer(stream, **options).print_op(module)
    return stream.getvalue() + "\n"


def refused(text):
    with pytest.raises(CompileError) as caught:
        verify(parse(context(), text))
    return str(caught.value)


def test_text_round_trip():
    module = parse(context(), program())
    verify(module)
    assert text_of(module) == program()


def test_generic_text_round_trip():
    module = parse(context(), program())
    generic = text_of(module, print_generic_format=True)
    assert text_of(parse(context(), generic)) == program()


@pytest.mark.parametrize(
    "text",
    [
        "#ttmetal.core_range<1x2, 3x4>",
        "#ttmetal.kernel_args< ct_args = [<cb_port[0]>, <scalar[4]>]>",
        "#ttmetal.kernel_args<rt_args = [<local_semaphore[1]>] ct_args = [<global_semaphore[2]>]>",
        "#ttmetal.kernel_args<common_rt_args = [<buffer_address[0]>] rt_args = [<scalar[0]>] ct_args = [<cb_port[0]>]>",
        "#ttmetal.kernel_args< >",
        READER,
        f"#ttmetal.noc_config<@write, {CORES}, {ARGS}, noc1>",
        f"#ttmetal.noc_config<@write, {CORES}, {ARGS}, dm_core = 0, noc0>",
        COMPUTE,
        f"#ttmetal.compute_config<@f, {CORES}, {ARGS}, lofi, false, true, true, [fp32]>",
        "#ttcore.memory_space<dram>",
        "#ttcore.interleaved<8192x2048>",
        "#ttcore.shard<8192x2048, 2>",
    ],
)
def test_attribute_round_trip(text):
    module = f"builtin.module attributes {{a = {text}}} {{\n}}\n"
    assert text_of(parse(context(), module)) == module


def test_processors_that_go_without_saying():
    """`dm_core` is printed where it is not the processor that usually drives the NoC."""
    cores, args = CoreRangeAttr((0, 0), (1, 1)), KernelArgsAttr()
    assert [NocConfigAttr("f", cores, args, noc).dm_core for noc in NocIndex] == [1, 0]
    assert "dm_core" not in str(NocConfigAttr("f", cores, args, NocIndex.NOC0, 1))
    assert "dm_core = 0" in str(NocConfigAttr("f", cores, args, NocIndex.NOC0, 0))


def test_accessors():
    cores = CoreRangeAttr((1, 2), (3, 4))
    assert cores.corners == (2, 1, 5, 3)
    config = ComputeConfigAttr(
        "f",
        cores,
        KernelArgsAttr(),
        Fidelity.HIFI2,
        fp32_dest_acc_en=True,
        dst_full_sync_en=False,
        unpack_to_dest_mode=[UnpackMode.FP32],
    )
    assert config.math_fidelity is Fidelity.HIFI2 and config.unpack_modes == (UnpackMode.FP32,)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (
            launch("%h, %s, %c", f"{HOST}, !ttmetal.local_semaphore, {BUFFER}"),
            "must be a memref in device memory",
        ),
        (
            launch("%t, %s, %h", f"{TENSOR}, !ttmetal.local_semaphore, {HOST}"),
            "circular buffer 0 must be a memref in",
        ),
        (launch(cb_ports="array<i64: 0, 1>"), "has 1 circular buffers, but 2 ports"),
        (
            launch("%t, %c, %c", f"{TENSOR}, {BUFFER}, {BUFFER}", "1, 2", cb_ports="array<i64: 5, 5>"),
            "a port for two circular buffers: [5, 5]",
        ),
        (launch(kernelConfigs="[]"), "has no kernels"),
        (
            launch(kernelConfigs=f"[{READER.replace('cb_port[0]', 'cb_port[1]')}]"),
            "kernel @read has the argument cb_port[1], but there are 1",
        ),
        (
            launch(kernelConfigs=f"[{READER.replace('buffer_address[0]', 'local_semaphore[0]')}]"),
            "has the argument local_semaphore[0], which is a memref",
        ),
        (
            launch(kernelConfigs=f"[{READER.replace('buffer_address[0]', 'buffer_address[1]')}]"),
            "has the argument buffer_address[1], which is a !ttmetal.local_semaphore",
        ),
        (
            f'    "ttmetal.enqueue_write_buffer"(%t, %t) : ({TENSOR}, {TENSOR}) -> ()\n',
            "source must be a memref in host",
        ),
        (
            f'    "ttmetal.enqueue_read_buffer"(%h, %h) : ({HOST}, {HOST}) -> ()\n',
            "source must be a memref in device",
        ),
        (f'    "ttmetal.deallocate_buffer"(%h) : ({HOST}) -> ()\n', "must be a memref in device memory"),
        (
            f'    %x = "ttmetal.create_buffer"() <{{address = -1 : i64}}> : () -> {TENSOR}\n',
            "address must not be negative, got -1",
        ),
        (
            f'    %x = "ttmetal.create_buffer"() <{{address = 0 : i64}}> : () -> {TENSOR.replace("1x1x2x3", "2x3")}\n',
            "result has 2 dimensions",
        ),
    ],
)
def test_verifier(body, problem):
    assert problem in refused(program(body))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("#ttmetal.core_range<0x0, 0x8>", "at least one core"),
        ("#ttmetal.core_range<0, 8>", "two dimensions"),
        (f"#ttmetal.noc_config<@f, {CORES}, {ARGS}, dm_core = 2, noc0>", "data-movement processors 0 and 1"),
        (f"#ttmetal.noc_config<@f, {CORES}, {ARGS}, noc2>", "noc0"),
        ("#ttmetal.kernel_args< ct_args = [<port[0]>]>", "cb_port"),
        (f"#ttmetal.compute_config<@f, {CORES}, {ARGS}, lofi, false, true, true, []>", "at least one buffer"),
    ],
)
def test_attributes_that_are_refused(text, problem):
    assert problem in refused(f"builtin.module attributes {{a = {text}}} {{}}")
