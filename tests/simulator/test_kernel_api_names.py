# SPDX-License-Identifier: Apache-2.0
"""The names that real kernels use most exist in the simulator's headers; those that are refused say so by name."""

import json
from pathlib import Path

import pytest

from ttlang.simulator import KernelCompileError, Program

NAMES = json.loads((Path(__file__).parent / "kernel_api_names.json").read_text(encoding="utf-8"))
CORE = (0, 0, 0, 0)
HEADER = '#include "api/dataflow/dataflow_api.h"\n'


def compile_text(device, text, kind="reader"):
    program = Program()
    program.add_kernel(HEADER + text, kind, CORE, compile_time_args=[2, 2048])
    program.add_circular_buffer(0, CORE, num_pages=2)
    device.run(program)


# Made for each kernel, in its own scope.
SCOPED = {
    "get_compile_time_arg_val", "get_ct_arg", "get_named_compile_time_arg_val", "get_tile_size", "get_dataformat", "get_tile_hw",
    "TensorAccessorArgs", "make_tensor_accessor_args_tuple",
}  # fmt: skip


@pytest.mark.parametrize("kind", ["dataflow", "compute"])
def test_functions(device, kind):
    probes = [
        f"#ifndef {name}\nnamespace probe_{name} {{ using ::{name}; }}\n#endif"
        for name in NAMES[kind]
        if name not in SCOPED
    ]
    compile_text(device, "\n".join(probes) + "\nvoid kernel_main() {}")
    assert len(probes) >= {"dataflow": 45, "compute": 140}[kind]


def test_methods(device):
    probes = [
        f"struct probe_{i}_{name} : {owner} {{ using Owner = {owner}; using Owner::{name}; }};"
        for i, (owner, names) in enumerate(NAMES["methods"].items())
        for name in names
    ]
    compile_text(device, "\n".join(probes) + "\nvoid kernel_main() {}")


def test_a_name_that_is_missing_is_found_missing(device):
    with pytest.raises(KernelCompileError, match="no_such_tile"):
        compile_text(device, "namespace probe { using ::no_such_tile; }\nvoid kernel_main() {}")


REFUSED = {
    "get_system_memory_noc_addr": "(void)get_system_memory_noc_addr(0, 64, 0)",
    "two_pass_stats_switch_group": "two_pass_stats_switch_group<false>(0, 1, 2)",
    "two_pass_stats_finalize_to_face": "two_pass_stats_finalize_to_face<false>(0, 1, 2)",
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_calls_are_named(device, name):
    with pytest.raises(KernelCompileError, match=f"{name}.* is not simulated"):
        compile_text(device, f"void kernel_main() {{ {REFUSED[name]}; }}")


def test_refused_calls_in_branches_not_taken_compile(device):
    compile_text(
        device, "void kernel_main() { if constexpr (false) { (void)get_system_memory_noc_addr(0, 64, 0); } }"
    )
