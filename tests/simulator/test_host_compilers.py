# SPDX-License-Identifier: Apache-2.0
"""Other host compilers than the system's build engine and kernels: same values, and cycles but for a few instructions."""

import os
import shutil
import subprocess
import sys
import textwrap
from importlib.util import find_spec

import pytest

SCRIPT = textwrap.dedent('''
    import sys
    import numpy as np
    from ttlang.simulator import Device, Program

    KERNEL = """#include <cstdint>
    #include <cstring>
    #include "api/dataflow/dataflow_api.h"
    void kernel_main() {
        cb_reserve_back(0, 1);
        auto words = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(get_write_ptr(0));
        for (uint32_t i = 0; i < 64; i++) words[i] = FACTOR * i;
        std::memcpy(reinterpret_cast<void*>(get_write_ptr(0) + 256), reinterpret_cast<void*>(get_write_ptr(0)), 256);
        constexpr auto args = TensorAccessorArgs<0>();
        noc_async_write_page(0, TensorAccessor(args, get_arg_val<uint32_t>(0)), get_write_ptr(0));
        noc_async_write_barrier();
    }
    """
    FACTOR = int(sys.argv[1])
    with Device("wormhole_b0") as device:
        target, program, core = device.allocate(1, 512), Program(), (0, 0, 0, 0)
        program.add_kernel(KERNEL.replace("FACTOR", str(FACTOR)), "reader", core, compile_time_args=target.accessor_args, runtime_args={(0, 0): [target.address]})
        program.add_circular_buffer(0, core, page_size=512, num_pages=1)
        cycles = {device.run(program, sanitize=sanitize).cycles for sanitize in (False, True)}
        everywhere, cores = Program(), (0, 0, 7, 7)
        everywhere.add_kernel(KERNEL.split("auto")[0] + "}", "reader", cores)
        everywhere.add_circular_buffer(0, cores, page_size=512, num_pages=1)
        device.run(everywhere)
        maps = open("/proc/self/maps").read().split()
        libraries = {path for path in maps if "/kernels/" in path}
        print(*cycles, int(target.read().view(np.uint32).sum()), len(libraries))
''')


def run(factor: int, **changes: str) -> tuple[int, int, int]:
    """Cycles, the sum of what was written, libraries of kernels that are loaded."""
    environment = {**os.environ, **changes}
    if "TTLANG_CXX" not in changes:
        environment.pop("TTLANG_CXX", None)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(factor)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    cycles, total, libraries = map(int, done.stdout.splitlines()[-1].split())
    return cycles, total, libraries


def check(found: tuple[int, int, int], factor: int) -> None:
    cycles, total, libraries = found
    assert cycles == pytest.approx(run(factor)[0], rel=0.02)
    assert total == 2 * factor * sum(range(64))
    assert libraries == 2  # one for all cores


@pytest.mark.skipif(find_spec("ziglang") is None, reason="pip install 'ttlang[compiler]'")
def test_the_same_without_a_compiler_of_the_system(tmp_path):
    check(run(3, PATH=str(tmp_path), TTLANG_CACHE_DIR=str(tmp_path)), 3)


@pytest.mark.skipif(shutil.which("clang++") is None, reason="no clang++: apt install clang")
def test_the_same_with_clang_and_after_its_cache_has_moved(tmp_path):
    check(run(3, TTLANG_CXX="clang++", TTLANG_CACHE_DIR=str(tmp_path / "first")), 3)
    (tmp_path / "first").rename(tmp_path / "second")
    check(run(5, TTLANG_CXX="clang++", TTLANG_CACHE_DIR=str(tmp_path / "second")), 5)
