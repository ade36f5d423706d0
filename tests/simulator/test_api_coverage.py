# SPDX-License-Identifier: Apache-2.0
"""Every call that the compiler can emit, in both generations, compiles against the simulator's headers."""

import re

import pytest
from kernels import COMPUTE

from ttlang.dialects import op_table
from ttlang.simulator import KernelCompileError, Program
from ttlang.simulator.engine_build import api_paths

CORE = (0, 0, 0, 0)
VALUES = {"a": "0", "b": "1", "o": "16", "c": "2", "c2": "3", "f": "1.5f", "n": "1", "v": "1", "t": "0"}
NUMBERS = {
    "i": 0,
    "j": 0,
    "d": 0,
    "d2": 1,
    "d3": 2,
    "d4": 3,
    "p": 1,
    "p2": 2,
    "p3": 3,
    "ct": 1,
    "rt": 1,
    "kt": 1,
}
OLD_REDUCE = "#define REDUCE_OP PoolType::SUM\n#define REDUCE_DIM ReduceDim::REDUCE_COL\n"


def filled(template):
    values = VALUES | {key: f"{value}u" for key, value in NUMBERS.items()}
    return re.sub(r"\{(\w+)\}", lambda found: values[found[1]], template)


def statements(version):
    """C++ statement -> the row of the op table that needs it."""
    found = {}
    for row in op_table.rows():
        calls = row.cpp(version)
        for template in calls or ():
            for part in template.split(";"):
                if part.strip():
                    found.setdefault(filled(part.strip()), f"{row.name} ({row.form})")
    return found


def compile_errors(device, kind, lines, head):
    program = Program()
    guarded = [
        "void kernel_main() { if (get_arg_val<uint32_t>(0) == 7) {",
        *(f"{{ {line}; }}" for line in lines),
        "} }",
    ]
    text = "\n".join([head, *guarded])
    first = text[: text.index("void kernel_main")].count("\n") + 2
    program.add_kernel(text, kind, CORE, name="sweep", runtime_args={(0, 0): [0]})
    for index in (0, 1, 2, 3, 16):
        program.add_circular_buffer(index, CORE, num_pages=2)
    try:
        device.run(program)
    except KernelCompileError as error:
        wrong = re.findall(r"sweep\.cpp:(\d+):\d+: error: (.*)", error.log)
        return {lines[int(line) - first]: message for line, message in wrong}
    return {}


@pytest.mark.parametrize("version", ["0.69", "0.81"])
def test_every_row_of_the_op_table(device, version):
    wanted = statements(version)
    assert len(wanted) > 250
    wrong = compile_errors(device, "compute", list(wanted), f'{OLD_REDUCE}#include "api/compute/reduce.h"')
    assert {line: (wanted[line], message) for line, message in wrong.items()} == {}


def test_every_header_of_the_op_table():
    paths = api_paths()
    named = {
        f"api/{name.strip()}"
        for row in op_table.rows()
        for name in re.split(r"->|;|,|\s+", row.header)
        if name.strip().endswith(".h")
    }
    assert named and named <= paths


def test_a_call_that_does_not_exist_is_named(device):
    assert "not_a_call_tile" in str(
        compile_errors(device, "compute", ["not_a_call_tile(0)"], '#include "api/compute/common.h"')
    )


def test_a_header_that_does_not_exist_is_named(device):
    program = Program()
    program.add_kernel('#include "api/compute/no_such_header.h"\n' + COMPUTE, "compute", CORE)
    with pytest.raises(KernelCompileError, match="no_such_header"):
        device.run(program)
