# SPDX-License-Identifier: Apache-2.0
"""What emitted C++ looks like: names, folding, includes, loops, start-up, comments and line map."""

import re
from collections.abc import Callable

import pytest

from ttlang.codegen.line_map import CppKernel
from ttlang.diagnostics import CompileError

Compile = Callable[..., CppKernel]
CONSTANTS = """
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %n1 = arith.constant 1 : i32
"""


def body(kernel: CppKernel) -> list[str]:
    """Lines of kernel_main, without indentation."""
    text = kernel.source[kernel.source.index("void kernel_main() {\n") :]
    return [line.strip() for line in text.splitlines()[1:-1]]


def test_whole_file(compile_kernel: Compile) -> None:
    kernel = compile_kernel(
        CONSTANTS
        + """
  ttkernel.binary_op_init_common(%a, %b, %out) : ($CB, $CB, $CB) -> ()
  ttkernel.add_tiles_init(%a, %b) : ($CB, $CB) -> ()
  scf.for %t = %c0 to %c4 step %c1 {
    ttkernel.cb_wait_front(%a, %n1) : ($CB, i32) -> ()
    ttkernel.add_tiles(%a, %b, %c0, %t, %c0) : ($CB, $CB, index, index, index) -> ()
  }"""
    )
    assert kernel.kind == "compute"
    assert (
        kernel.source
        == """\
// SPDX-License-Identifier: Apache-2.0
// k: compute thread, written by ttlang 0.1.0 for tt-metal 0.81
#include <cstdint>
#include "api/compute/common.h"
#include "api/compute/eltwise_binary.h"

void kernel_main() {
    constexpr uint32_t cb_a = get_compile_time_arg_val(0);
    constexpr uint32_t cb_b = get_compile_time_arg_val(1);
    constexpr uint32_t cb_out = get_compile_time_arg_val(2);
    compute_kernel_hw_startup(cb_a, cb_b, cb_out);
    add_init(cb_a, cb_b);
    for (uint32_t t = 0; t < 4; ++t) {
        cb_wait_front(cb_a, 1);
        add_tiles(cb_a, cb_b, 0, t, 0);
    }
}
"""
    )


def test_what_nobody_uses_is_left_out(compile_kernel: Compile) -> None:
    kernel = compile_kernel(
        CONSTANTS
        + """
  %unused = ttkernel.get_arg_val(%c0) : (index) -> i32
  %also = arith.addi %unused, %n1 : i32
  %flag = arith.cmpi slt, %also, %n1 : i32"""
    )
    assert body(kernel) == []


def test_single_uses_fold_and_names_stay(compile_kernel: Compile) -> None:
    kernel = compile_kernel(
        CONSTANTS
        + """
  %0 = ttkernel.get_arg_val(%c0) : (index) -> index
  %1 = arith.addi %0, %c4 : index
  %tile = arith.muli %1, %c4 : index
  ttkernel.copy_tile(%a, %tile, %c0) : ($CB, index, index) -> ()"""
    )
    assert body(kernel)[1:] == [
        "uint32_t tile = (get_arg_val<uint32_t>(0) + 4) * 4;",
        "copy_tile(cb_a, tile, 0);",
    ]


def test_a_pointer_is_not_read_after_the_buffer_moves(compile_kernel: Compile) -> None:
    moved = compile_kernel(
        CONSTANTS
        + """
  %0 = ttkernel.get_read_ptr(%a) : ($CB) -> i32
  ttkernel.cb_pop_front(%a, %n1) : ($CB, i32) -> ()
  %1 = ttkernel.get_noc_addr(%c0, %c1, %0) : (index, index, i32) -> !ttkernel.noc_addr
  ttkernel.noc_async_write(%n1, %1, %n1) : (i32, !ttkernel.noc_addr, i32) -> ()""",
        thread="noc",
    )
    assert body(moved)[1:] == [
        "uint32_t read_ptr = get_read_ptr(cb_a);",
        "cb_pop_front(cb_a, 1);",
        "noc_async_write(1, get_noc_addr(0, 1, read_ptr), 1);",
    ]
    still = compile_kernel(
        CONSTANTS
        + """
  %0 = ttkernel.get_read_ptr(%a) : ($CB) -> i32
  %1 = ttkernel.get_noc_addr(%c0, %c1, %0) : (index, index, i32) -> !ttkernel.noc_addr
  ttkernel.noc_async_write(%n1, %1, %n1) : (i32, !ttkernel.noc_addr, i32) -> ()""",
        thread="noc",
    )
    assert body(still)[1:] == ["noc_async_write(1, get_noc_addr(0, 1, get_read_ptr(cb_a)), 1);"]


def test_names_are_unique_and_legal(compile_kernel: Compile) -> None:
    lines = body(
        compile_kernel(
            CONSTANTS
            + """
  %for = ttkernel.get_arg_val(%c0) : (index) -> index
  %copy_tile = ttkernel.get_arg_val(%c1) : (index) -> index
  scf.for %i = %c0 to %for step %c1 {
    scf.for %j = %c0 to %copy_tile step %c1 {
      ttkernel.copy_tile(%a, %i, %j) : ($CB, index, index) -> ()
    }
  }
  scf.for %i = %c0 to %for step %c1 {
    ttkernel.copy_tile(%a, %i, %c0) : ($CB, index, index) -> ()
  }"""
        )
    )
    assert "uint32_t for_ = get_arg_val<uint32_t>(0);" in lines
    assert "uint32_t copy_tile_1 = get_arg_val<uint32_t>(1);" in lines
    assert lines.count("for (uint32_t i = 0; i < for_; ++i) {") == 2


@pytest.mark.parametrize(
    "bound, head",
    [
        ("%x = ttkernel.get_arg_val(%c0) : (index) -> index", "for (uint32_t i = 0; i < x; ++i) {"),
        (
            "%s = ttkernel.get_arg_val(%c0) : (index) -> index\n  %x = arith.subi %s, %c4 : index",
            "for (int32_t i = 0; i < static_cast<int32_t>(x); ++i) {",
        ),
    ],
)
def test_a_bound_that_may_be_negative_makes_a_signed_loop(
    compile_kernel: Compile, bound: str, head: str
) -> None:
    kernel = compile_kernel(
        f"""{CONSTANTS}
  {bound}
  scf.for %i = %c0 to %x step %c1 {{
    ttkernel.copy_tile(%a, %i, %c0) : ($CB, index, index) -> ()
  }}"""
    )
    assert head in body(kernel)


def test_branches(compile_kernel: Compile) -> None:
    kernel = compile_kernel(
        CONSTANTS
        + """
  %x = ttkernel.get_arg_val(%c0) : (index) -> index
  %0 = arith.cmpi eq, %x, %c0 : index
  scf.if %0 {
    ttkernel.tile_regs_acquire() : () -> ()
  } else {
    %1 = arith.cmpi ult, %x, %c4 : index
    scf.if %1 {
      ttkernel.tile_regs_commit() : () -> ()
    } else {
      ttkernel.tile_regs_wait() : () -> ()
    }
  }"""
    )
    assert body(kernel)[1:] == [
        "if (x == 0) {",
        "tile_regs_acquire();",
        "} else if (x < 4) {",
        "tile_regs_commit();",
        "} else {",
        "tile_regs_wait();",
        "}",
    ]


def test_swapped_loop_values_go_through_a_temporary(compile_kernel: Compile) -> None:
    lines = body(
        compile_kernel(
            CONSTANTS
            + """
  %r:2 = scf.for %i = %c0 to %c4 step %c1 iter_args(%x = %c0, %y = %c1) -> (index, index) {
    scf.yield %y, %x : index, index
  }
  ttkernel.copy_tile(%a, %r#0, %r#1) : ($CB, index, index) -> ()"""
        )
    )
    assert lines == [
        "constexpr uint32_t cb_a = get_compile_time_arg_val(0);",
        "uint32_t x = 0;",
        "uint32_t y = 1;",
        "for (uint32_t i = 0; i < 4; ++i) {",
        "uint32_t x_1 = x;",
        "x = y;",
        "y = x_1;",
        "}",
        "copy_tile(cb_a, x, y);",
    ]


def test_a_variable_starts_with_the_value_of_its_name(compile_kernel: Compile) -> None:
    """One declaration, short assignments."""
    lines = body(
        compile_kernel(
            CONSTANTS
            + """
  %page = ttkernel.get_arg_val(%c1) : (index) -> index
  %first = ttkernel.get_arg_val(%c4) : (index) -> index
  %r:2 = scf.for %i = %c0 to %c4 step %c1 iter_args(%page_1 = %page, %tile = %first) -> (index, index) {
    ttkernel.copy_tile(%a, %page_1, %tile) : ($CB, index, index) -> ()
    %0 = arith.addi %page_1, %c4 : index
    %1 = arith.addi %tile, %c1 : index
    scf.yield %0, %1 : index, index
  }"""
        )
    )
    assert lines[1:] == [
        "uint32_t first = get_arg_val<uint32_t>(4);",
        "uint32_t page = get_arg_val<uint32_t>(1);",
        "uint32_t tile = first;",
        "for (uint32_t i = 0; i < 4; ++i) {",
        "copy_tile(cb_a, page, tile);",
        "page += 4;",
        "++tile;",
        "}",
    ]


def test_elements_of_known_arrays_have_names_of_their_own(compile_kernel: Compile) -> None:
    """A value that is used twice and has no name; the declaration widens it."""
    lines = body(
        compile_kernel(
            CONSTANTS
            + """
  %0 = "ttkernel.experimental::convert_logical_x_to_translated"(%c1) : (index) -> index
  %1 = "ttkernel.experimental::convert_logical_y_to_translated"(%c4) : (index) -> index
  %at = ttkernel.get_write_ptr(%a) : ($CB) -> i32
  %2 = ttkernel.get_noc_addr(%0, %1, %at) : (index, index, i32) -> !ttkernel.noc_addr
  %3 = ttkernel.get_noc_addr(%1, %0, %at) : (index, index, i32) -> !ttkernel.noc_addr
  ttkernel.noc_async_read(%2, %at, %n1) : (!ttkernel.noc_addr, i32, i32) -> ()
  ttkernel.noc_async_read(%3, %at, %n1) : (!ttkernel.noc_addr, i32, i32) -> ()""",
            thread="noc",
        )
    )
    assert "uint32_t noc_x = worker_logical_col_to_virtual_col[1];" in lines
    assert "uint32_t noc_y = worker_logical_row_to_virtual_row[4];" in lines


def test_startup_comes_first_and_once(compile_kernel: Compile) -> None:
    text = (
        CONSTANTS
        + """
  scf.for %i = %c0 to %c4 step %c1 {
    "ttkernel.mm_init"(%a, %b, %out, %n1) : ($CB, $CB, $CB, i32) -> ()
    ttkernel.init_sfpu(%a, %out) : ($CB, $CB) -> ()
    ttkernel.copy_tile_init(%a) : ($CB) -> ()
  }"""
    )
    assert body(compile_kernel(text))[3:] == [
        "compute_kernel_hw_startup<SrcOrder::Reverse>(cb_a, cb_b, cb_out);",
        "for (uint32_t i = 0; i < 4; ++i) {",
        "matmul_init(cb_a, cb_b, 1);",
        "copy_init(cb_a);",
        "}",
    ]
    assert body(compile_kernel(text, version="0.69"))[3:] == [
        "for (uint32_t i = 0; i < 4; ++i) {",
        "mm_init(cb_a, cb_b, cb_out, 1);",
        "init_sfpu(cb_a, cb_out);",
        "copy_tile_init(cb_a);",
        "}",
    ]


def test_data_formats_are_set_anew_where_buffers_differ_in_them(compile_kernel: Compile) -> None:
    wide = "!ttkernel.cb<4, !ttcore.tile<32x32, f32>>"
    text = (
        CONSTANTS
        + f"""
  %wide = ttkernel.get_compile_time_arg_val(3) : () -> {wide}
  "ttkernel.mm_init"(%a, %b, %out, %n1) : ($CB, $CB, $CB, i32) -> ()
  scf.for %i = %c0 to %c4 step %c1 {{
    ttkernel.init_sfpu(%wide, %out) : ({wide}, $CB) -> ()
  }}"""
    )
    lines = body(compile_kernel(text))
    assert lines[-4:] == [
        "for (uint32_t i = 0; i < 4; ++i) {",
        "reconfig_data_format_srca(cb_wide);",
        "pack_reconfig_data_format(cb_out);",
        "}",
    ]
    text += f"""
  ttkernel.reconfig_data_format_srca(%wide) : ({wide}) -> ()"""
    assert "reconfig_data_format_srca(cb_wide);" not in body(compile_kernel(text))[:-1]


def test_comments_and_line_map_follow_the_python_lines(compile_kernel: Compile) -> None:
    kernel = compile_kernel(
        CONSTANTS
        + """
  ttkernel.cb_wait_front(%a, %n1) : ($CB, i32) -> () loc("/home/me/add.py":12:5)
  ttkernel.cb_wait_front(%b, %n1) : ($CB, i32) -> () loc("/home/me/add.py":12:9)
  ttkernel.cb_pop_front(%a, %n1) : ($CB, i32) -> () loc("lowering"("/home/me/add.py":13:5))"""
    )
    lines = body(kernel)
    assert lines[2:] == [
        "// add.py:12",
        "cb_wait_front(cb_a, 1);",
        "cb_wait_front(cb_b, 1);",
        "// add.py:13",
        "cb_pop_front(cb_a, 1);",
    ]
    source = kernel.source.splitlines()
    mapped = {source[line - 1].strip(): position for line, position in kernel.line_map.items()}
    assert mapped["cb_wait_front(cb_b, 1);"] == ("/home/me/add.py", 12, 9)
    assert mapped["cb_pop_front(cb_a, 1);"] == ("/home/me/add.py", 13, 5)
    assert "/home/me" not in kernel.source


def test_output_is_deterministic(compile_kernel: Compile) -> None:
    text = CONSTANTS + "  ttkernel.cb_wait_front(%a, %n1) : ($CB, i32) -> ()"
    assert compile_kernel(text) == compile_kernel(text)


@pytest.mark.parametrize(
    "text, thread, version, message",
    [
        (
            "ttkernel.noc_async_read_barrier() : () -> ()",
            "compute",
            "0.81",
            "runs in noc threads, but this thread is a",
        ),
        ("ttkernel.untilize_uninit(%a) : ($CB) -> ()", "compute", "0.81", "has no C\\+\\+ in tt-metal 0.81"),
        ("ttkernel.gelu_tanh_tile_init() : () -> ()", "compute", "0.69", "has no C\\+\\+ in tt-metal 0.69"),
        ("%x = arith.constant 1.0 : f64", "noc", "0.81", "a scalar of type f64 does not exist"),
    ],
)
def test_what_cannot_be_is_refused(
    compile_kernel: Compile, text: str, thread: str, version: str, message: str
) -> None:
    with pytest.raises(CompileError, match=message):
        compile_kernel(f"  {text}", thread=thread, version=version)


def test_errors_point_at_the_python(compile_kernel: Compile) -> None:
    with pytest.raises(CompileError) as error:
        compile_kernel('ttkernel.untilize_uninit(%a) : ($CB) -> () loc("k.py":7:3)')
    assert str(error.value.location) == "k.py:7:3"
    assert "pack_untilize_init" in str(error.value)


@pytest.mark.parametrize(
    "version, call",
    [
        ("0.69", r'MATH\(DPRINT << "x = " << \w+ << ENDL\(\)\);'),
        ("0.81", r'MATH\(DPRINT\("x = \{\}\\n", \w+\)\);'),
    ],
)
def test_device_print(compile_kernel: Compile, version: str, call: str) -> None:
    kernel = compile_kernel(
        "%c = arith.constant 0 : index\n%x = ttkernel.get_arg_val(%c) : (index) -> i32\n"
        'ttkernel.dprint("x = {}\\n", %x) : (i32) -> ()',
        version=version,
    )
    assert re.fullmatch(call, body(kernel)[-1])
    assert '#include "api/debug/dprint.h"' in kernel.source
