# SPDX-License-Identifier: Apache-2.0
"""Files whose alias templates crash GCC 12 are compiled from copies that lead them through class templates."""

import numpy as np

from ttlang.simulator import Program
from ttlang.simulator.alias_templates import rewritten, write_overlay

LIBRARY = """#pragma once
enum class Kind { A, B };
struct Input { uint32_t cb; Kind kind; };
struct Second {
    Input input;
    constexpr Second(Input given) noexcept : input(given) {}
};
constexpr Input make(uint32_t cb) { return Input{cb, Kind::B}; }
template <uint32_t First, uint32_t Other, uint32_t Factor>
struct Sum { static constexpr uint32_t value = Factor * (First + Other); };
template <Input One, Second Two,
          uint32_t Factor = 1>
using Added = Sum<One.cb,
                  Two.input.cb, Factor>;
template <uint32_t Cb>
inline constexpr auto input = make(Cb);
template <uint32_t X, uint32_t Y>
uint32_t total() { return Added<input<X>, input<Y>, 10>::value; }
"""


def test_aliases_over_members_go_through_a_class_and_lines_stay():
    text = rewritten(LIBRARY)
    assert text.count("\n") == LIBRARY.count("\n")
    assert "struct ttsim_alias_Added" in text
    assert "using Added = typename ttsim_alias_Added<One, Two, Factor>::type;" in text
    assert text.splitlines()[-1] == LIBRARY.splitlines()[-1]


def test_other_text_stays_as_it_is(tmp_path):
    text = "template <int N> using A = B<N>;\nusing C = D;\nint x = y.z;\n"
    assert rewritten(text) == text
    path = tmp_path / "plain.hpp"
    path.write_text(text)
    assert write_overlay([("plain.hpp", path)], tmp_path / "overlay") == []
    assert not (tmp_path / "overlay").exists()


def test_a_kernel_with_such_a_library_runs(device, tmp_path):
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "sum.hpp").write_text(LIBRARY)
    (tmp_path / "kernel.cpp").write_text(
        '#include "api/dataflow/dataflow_api.h"\n#include "library/sum.hpp"\n'
        "void kernel_main() {\n"
        "    *reinterpret_cast<volatile tt_l1_ptr uint32_t*>(get_arg_val<uint32_t>(0)) = total<3, 4>();\n"
        "}\n"
    )
    shard = device.allocate_sharded((1, 1), (1, 1), (0, 0, 0, 0), 64)
    shard.write(np.zeros(16, np.uint32))
    program = Program()
    program.add_kernel(
        tmp_path / "kernel.cpp", "reader", (0, 0, 0, 0), runtime_args={(0, 0): [shard.address]}
    )
    device.run(program)
    assert shard.read().view(np.uint32)[0] == 70
    shard.free()
