# SPDX-License-Identifier: Apache-2.0
"""Where the system has no C++ compiler, ziglang's builds the engine and the kernels: same values, and cycles but for a few instructions."""

import os
import subprocess
import sys
import textwrap

import pytest

pytest.importorskip("ziglang", reason="pip install 'ttlang[compiler]'")

SCRIPT = textwrap.dedent('''
    import numpy as np
    from ttlang.simulator import Device, Program

    KERNEL = """#include <cstdint>
    #include <cstring>
    #include "api/dataflow/dataflow_api.h"
    void kernel_main() {
        cb_reserve_back(0, 1);
        auto words = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(get_write_ptr(0));
        for (uint32_t i = 0; i < 64; i++) words[i] = 3 * i;
        std::memcpy(reinterpret_cast<void*>(get_write_ptr(0) + 256), reinterpret_cast<void*>(get_write_ptr(0)), 256);
        constexpr auto args = TensorAccessorArgs<0>();
        noc_async_write_page(0, TensorAccessor(args, get_arg_val<uint32_t>(0)), get_write_ptr(0));
        noc_async_write_barrier();
    }
    """
    with Device("wormhole_b0") as device:
        target, program, core = device.allocate(1, 512), Program(), (0, 0, 0, 0)
        program.add_kernel(KERNEL, "reader", core, compile_time_args=target.accessor_args, runtime_args={(0, 0): [target.address]})
        program.add_circular_buffer(0, core, page_size=512, num_pages=1)
        cycles = {device.run(program, sanitize=sanitize).cycles for sanitize in (False, True)}
        print(sorted(cycles), int(target.read().view(np.uint32).sum()))
''')


def test_the_same_without_a_compiler_of_the_system(tmp_path):
    found = []
    for changes in ({}, {"PATH": str(tmp_path), "TTLANG_CACHE_DIR": str(tmp_path)}):
        environment = {**os.environ, **changes}
        environment.pop("TTLANG_CXX", None)
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        cycles, total = done.stdout.splitlines()[-1].split()
        assert int(total) == 2 * 3 * sum(range(64))
        found.append(int(cycles.strip("[]")))
    assert found[1] == pytest.approx(found[0], rel=0.02)
