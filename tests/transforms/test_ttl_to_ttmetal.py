# SPDX-License-Identifier: Apache-2.0
"""The host's function, and what a launcher reads from it."""

import pytest

from ttlang.codegen.host_program import HostBuffer, HostKernel, read_host_program, take_host_module
from ttlang.diagnostics import CompileError
from ttlang.dialects import context, ttmetal
from ttlang.dialects.checking import parse, verify
from ttlang.pipelines import ANALYSIS, HOST, Observer, run_passes

TILE = "!ttcore.tile<32x32, bf16>"
TENSOR = f"memref<4x6x{TILE}, #ttl.layout<tiled, interleaved>, #ttl.memory_space<DRAM>>"
CB = f"!ttl.cb<[2,1], {TILE}, 2, L1>"
CREATE = f"ttl.create_cb shape=[2, 1], tile_type={TILE}, buffer_factor=2"
METADATA = 'ttl.program = "copy", ttl.grid = #ttl.grid<[3, 2]>, ttl.memory_space = "L1", ttl.tiled = true'


def expanded(semaphores="", compute="", host_name_taken=False):
    """A program that copies blocks of `a` to `out` through one buffer."""
    mover = f'attributes {{{METADATA}, ttl.thread = "datamovement", ttl.arch = "blackhole"'
    slice_type = f"tensor<2x1x{TILE}>"
    return f"""builtin.module {{
  ttl.program @copy(%a: {TENSOR}, %out: {TENSOR}) grid = [3, 2] memory_space = "L1" tiled = true attributes {{arch = "blackhole"}} {{
    ttl.kernel grid = [3, 2] attributes {{threads = [{"@add, " if compute else ""}@read, @write]}} {{
      {semaphores}
      %cb = {CREATE} {{cb_index = 4 : i32, address = 110592 : i64, size = 8192 : i64}} : {CB}
    }}
  }}
  {"func.func @copy_host() { func.return }" if host_name_taken else ""}
  {compute}
  func.func @read(%a: {TENSOR} {{ttl.tensor = 0 : i32}}, %cb: {CB} {{ttl.cb = 4 : i32}}) {mover}, ttl.noc = 0 : i32}} {{
    func.return
  }}
  func.func @write(%out: {TENSOR} {{ttl.tensor = 1 : i32}}, %cb: {CB} {{ttl.cb = 4 : i32}}) {mover}, ttl.noc = 1 : i32}} {{
    %zero = arith.constant 0 : index
    %block = ttl.cb_wait %cb, 2 : !ttl.block<{slice_type}>
    %accessor = ttl.tensor_accessor %out {{layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}}
    %slice = ttl.index_accessor %accessor, %zero, %zero : {slice_type}
    %tx = ttl.copy %block, %slice
    func.return
  }}
}}
"""


COMPUTE = f"""func.func @add(%cb: {CB} {{ttl.cb = 4 : i32}}) attributes {{{METADATA}, ttl.thread = "compute",
    ttl.arch = "blackhole", ttl.fp32_dest_acc = true, ttl.dst_full_sync = false, ttl.math_fidelity = "HiFi2",
    ttl.unpack_to_dest = array<i64: 4>}} {{ func.return }}"""


def host_module(text):
    module = parse(context(), text)
    verify(module)
    run_passes(module, HOST, Observer(verbose=False, verify_each=True, dump_dir=None))
    host = take_host_module(module)
    verify(host)
    return host


def host_ops(text):
    (func,) = host_module(text).ops
    return [op.name.removeprefix("ttmetal.") for op in func.body.block.ops]


def test_order_of_the_host_function():
    assert host_ops(expanded()) == [
        *["create_buffer"] * 2,
        *["enqueue_write_buffer"] * 2,
        "create_buffer",
        "enqueue_program",
        "enqueue_read_buffer",
        "finish",
        *["deallocate_buffer"] * 3,
        "func.return",
    ]


def test_host_program():
    program = read_host_program(host_module(expanded()))
    assert (program.name, program.arch, program.grid, program.cores) == ("copy", "blackhole", (3, 2), (3, 2))
    assert program.buffers == (HostBuffer("cb", 4, "Float16_b", 2048, 4, 110592),)
    assert [(t.name, t.memory, t.page_bytes, t.pages, t.written) for t in program.tensors] == [
        ("a", "DRAM", 2048, 24, False),
        ("out", "DRAM", 2048, 24, True),
    ]
    words = (4, 2, 2048, 2, 2048)
    assert program.kernels == (
        HostKernel("read", "reader", words, (0,), (0, 0, 2, 1)),
        HostKernel("write", "writer", words, (1,), (0, 0, 2, 1)),
    )
    assert program.semaphores == ()


def test_compute_configuration():
    program = read_host_program(host_module(expanded(compute=COMPUTE)))
    assert program.kernels[0].kind == "compute"
    assert (program.math_fidelity, program.fp32_dest_acc, program.dst_full_sync) == ("HiFi2", True, False)
    assert [kernel.unpack_to_dest_fp32 for kernel in program.kernels] == [(4,), (), ()]


def test_kernels_on_parts_of_the_grid():
    first = "ttl.kernel grid = [3, 2] core_range = [[0, 0], [1, 1]]"
    text = expanded().replace("[@read, @write]", "[@read]").replace("ttl.kernel grid = [3, 2]", first)
    second = "    ttl.kernel grid = [3, 2] core_range = [[2, 1], [2, 1]] attributes {threads = [@write]} {\n    }\n  }\n"
    text = text.replace("    }\n  }\n", f"    }}\n{second}", 1)
    program = read_host_program(host_module(text))
    assert [(k.name, k.cores) for k in program.kernels] == [("read", (0, 0, 1, 1)), ("write", (2, 1, 2, 1))]
    assert program.cores == (3, 2)


def test_semaphores_come_in_the_order_of_their_ids():
    text = """%s = ttl.create_semaphore initial_value=7 {semaphore_id = 1 : i32}
      %t = ttl.create_semaphore initial_value=2 {semaphore_id = 0 : i32}"""
    program = read_host_program(host_module(expanded(semaphores=text)))
    assert [(s.id, s.initial) for s in program.semaphores] == [(0, 2), (1, 7)]


def test_addresses_do_not_overlap():
    (func,) = host_module(expanded()).ops
    created = [op for op in func.body.block.ops if isinstance(op, ttmetal.CreateBufferOp)]
    first, second = (op.address.value.data for op in created[:2])
    assert second - first >= 3 * 2048  # 24 pages over 8 banks
    assert second % 64 == 0


def test_a_taken_name_is_not_taken_twice():
    module = parse(context(), expanded(host_name_taken=True))
    run_passes(module, HOST, Observer(verbose=False, verify_each=True, dump_dir=None))
    verify(module)


def test_threads_must_be_functions():
    text = expanded().replace("attributes {threads = [@read, @write]} ", "")
    with pytest.raises(CompileError, match="not functions yet"):
        host_module(text)


def test_a_program_needs_a_kernel():
    text = f"ttl.program @empty(%a: {TENSOR}) grid = [1, 1] {{ }}"
    with pytest.raises(CompileError, match="a program has at least one kernel, this one has none"):
        host_module(f"builtin.module {{ {text} }}")


def test_host_follows_the_analysis():
    assert ANALYSIS[-2:] == ("ttl-expand-threads", "ttl-assign-dst-registers") and HOST == ("ttl-to-ttmetal",)
