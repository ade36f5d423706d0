# SPDX-License-Identifier: Apache-2.0
"""The table of the vector unit's cycles: complete for the language, and the counting that `bench/sfpu_instructions.py` makes it by."""

import importlib.util
import struct
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from ttlang.dialects.op_table import rows
from ttlang.hardware import Chip, chip, chip_names
from ttlang.simulator import Device, Program, SimulatorError
from ttlang.transforms.tile_loop_lowering import is_vector_function

ROOT = Path(__file__).parents[2]
ONE_CHIP_ONLY = {"softcap": {"blackhole"}}  # the library has it for these chips


def bench_module(name: str):
    path = ROOT / "bench" / f"{name}.py"
    sys.path.insert(0, str(path.parent))
    try:
        spec = importlib.util.spec_from_file_location(name, path)
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
    return module


vector_unit = bench_module("vector_unit")
trisc = bench_module("trisc")
sfpu_kernels = bench_module("sfpu_kernels")
sfpu_instructions = bench_module("sfpu_instructions")

# ---- the table


@pytest.mark.parametrize("name", chip_names())
def test_every_operation_of_the_simulator_has_its_cycles(name):
    known = chip(name).sfpu_cycles
    expected = {sfpu_kernels.snake(operation) for operation, *_ in sfpu_kernels.operations()}
    missing = {key for key in expected - set(known) if name in ONE_CHIP_ONLY.get(key, chip_names())}
    assert len(expected) > 200
    assert not missing
    assert all(cycles > 0 for pair in known.values() for cycles in pair)


DEAR = 1_000_000
PLACEHOLDERS = {"d": "0", "d2": "1", "d3": "2", "d4": "3", "n": "2", "f": "1.5f",
                "p": "0x3F800000u", "p2": "0x3F800000u", "p3": "0x3F800000u"}  # fmt: skip


def vector_calls() -> list[str]:
    """C++ of every row of the op table that the vector unit computes, in the newest generation that has it."""
    texts = []
    for row in rows():
        if row.available and is_vector_function(row):
            init, call = row.cpp("0.81") or row.cpp("0.69")
            texts.append(f"{init}; {call};".format(**PLACEHOLDERS))
    return texts


@pytest.mark.parametrize("name", chip_names())
@pytest.mark.parametrize("wide", [False, True])
def test_no_function_of_the_language_costs_the_default(name, wide):
    calls = vector_calls()
    assert len(calls) > 180
    costs = {**chip(name).costs, "sfpu": {**chip(name).costs["sfpu"], "default": DEAR}}
    assert run_calls(replace(chip(name), costs=costs), calls, wide) < DEAR


def test_a_function_outside_the_table_costs_the_default():
    costs = {**chip("blackhole").costs, "sfpu": {**chip("blackhole").costs["sfpu"], "default": DEAR}}
    described = replace(chip("blackhole"), costs=costs)
    assert run_calls(described, ["cumsum_tile_init(); cumsum_tile(0);"], False) >= DEAR


def run_calls(described: Chip, calls: list[str], wide: bool) -> int:
    """Cycles of a kernel with these calls in one DST section."""
    body = "\n".join(f"    {call}" for call in calls)
    source = f"""#include "api/compute/compute_kernel_api.h"
void kernel_main() {{
    init_sfpu(0, 16);
    tile_regs_acquire();
    for (uint32_t i = 0; i < 4; i++) fill_tile(i, 1.0f);
{body}
    tile_regs_commit(); tile_regs_wait(); tile_regs_release();
}}
"""
    program, core = Program(), (0, 0, 0, 0)
    program.add_kernel(source, "compute", core, name="calls", fp32_dest_acc=wide)
    for index in (0, 16):
        program.add_circular_buffer(index, core, num_pages=1, data_format="Float32" if wide else "Float16_b")
    with Device(described) as device:
        return max(thread.end for thread in device.run(program, sanitize=False).threads)


def test_width_of_dst_and_faces_count():
    narrow, wide = chip("wormhole_b0").sfpu_cycles["exp"]
    assert (narrow, wide) == (674, 1438)
    described = chip("wormhole_b0")
    prepare = "exp_tile_init();"

    def slope(call: str, wide: bool) -> float:
        few, many = (run_calls(described, [prepare, *[call] * n], wide) for n in (20, 40))
        return (many - few) / 20

    extra = described.costs["sfpu"]["call_cycles"]
    assert slope("exp_tile(0);", False) == narrow + extra
    assert slope("exp_tile(0);", True) == wide + extra
    assert slope("exp_tile(0, VectorMode::R);", False) == narrow / 2 + extra


def test_a_row_that_the_engine_does_not_know_is_an_error():
    described = chip("blackhole")
    unknown = replace(described, sfpu_cycles={**described.sfpu_cycles, "div_binary": (1, 1)})
    with pytest.raises(
        SimulatorError, match=r"sfpu_cycles\.csv: the engine has no vector function 'div_binary'"
    ):
        Device(unknown)


# ---- counting


def tensix(word: int) -> int:
    """A Tensix instruction as it stands in code."""
    return (word << 2 | word >> 30) & 0xFFFFFFFF


LOAD, STORE = 0x70000000, 0x72000000  # of register 0
MULTIPLY = 0x86000000 | 1 << 4  # register 1 from register 0
STORE_1 = STORE | 1 << 20
SWAP, NOP, INCREMENT = 0x92000010, 0x8F000000, 0x38000000
ROTATE, SHIFT_BITS = 0x94000013, 0x94000015  # SFPSHFT2 from lane to lane, within each lane


def replay(start: int, length: int, record: bool) -> int:
    return 0x04000000 | start << 14 | length << 4 | (3 if record else 0)


def branch_back(words: int) -> int:
    """bnez a5, so many words back."""
    offset = -4 * words & 0x1FFF
    return (0x00079063 | (offset >> 12 & 1) << 31 | (offset >> 5 & 0x3F) << 25 | (offset >> 1 & 0xF) << 8 | (offset >> 11 & 1) << 7)  # fmt: skip


RETURN = 0x00008067
LOOP = [
    0x00400793,  # li a5, 4
    tensix(replay(0, 2, record=True)), tensix(LOAD), tensix(STORE), *[tensix(replay(0, 2, record=False))] * 3,
    0xFFF78793,  # addi a5, a5, -1
    branch_back(7), RETURN,
]  # fmt: skip


def image(tile: list[int], init: list[int] | None = None) -> "trisc.Image":
    """Code of `count_init` at 0x1000 and `count_tile` at 0x2000."""
    words = {0x1000 + 4 * i: word for i, word in enumerate([*(init or []), RETURN])}
    words |= {0x2000 + 4 * i: word for i, word in enumerate(tile)}
    return trisc.Image.of_words(words, {"count_init": 0x1000, "count_tile": 0x2000})


@pytest.mark.parametrize(("fused", "processor"), [(1, 34), (4, 18)])
def test_loop_with_replays(fused, processor):
    counted = sfpu_instructions.count(image(LOOP), fused, interlocked=False)
    assert counted.unit == 4 * 4 * 2  # four rounds, four times two instructions; TTREPLAY itself is free
    assert counted.processor == processor  # li and ret, and in each round 8 instructions, or 2 groups and 2
    assert counted.cycles == max(32, processor)


def test_recordings_of_the_initialisation_are_played_by_the_tile():
    init = [tensix(replay(4, 2, record=True) & ~2), tensix(LOAD), tensix(STORE)]
    counted = sfpu_instructions.count(
        image([tensix(replay(4, 2, record=False)), RETURN], init), 1, interlocked=False
    )
    assert (counted.unit, counted.processor) == (2, 2)


def test_macros_are_not_counted_as_one_instruction():
    with pytest.raises(ValueError, match="0x01000000: what the macro expander makes of MOP is not counted"):
        vector_unit.ReplayBuffer().expand([0x01000000])


def test_a_store_to_the_instruction_buffer_issues():
    code = [0xFFE407B7, 0x72000737, 0x00E7A023, RETURN]  # lui a5, 0xffe40; lui a4, 0x72000; sw a4, 0(a5)
    processor = trisc.Processor(image(code))
    assert processor.call("count_tile") == [STORE]
    assert processor.cycle == 4


@pytest.mark.parametrize(
    ("issued", "wormhole", "blackhole"),
    [
        ([LOAD, MULTIPLY, STORE_1], 3, 4),  # the product is late for the store
        ([LOAD, MULTIPLY, INCREMENT, STORE_1], 4, 4),
        ([LOAD, MULTIPLY, STORE], 3, 3),  # of another register
        ([LOAD, SWAP, STORE], 4, 4),  # two cycles on both
        ([LOAD, SWAP, NOP, STORE], 4, 4),
        ([LOAD, ROTATE, ROTATE, STORE], 4, 6),  # two cycles on Blackhole, whatever follows
        ([LOAD, ROTATE, NOP, STORE], 4, 4),
        ([LOAD, ROTATE, INCREMENT, STORE], 4, 4),  # of another unit
        ([LOAD, SHIFT_BITS, STORE_1], 3, 3),
        ([0x73300000, STORE | 3 << 20], 2, 3),  # a look-up into register 3
        ([0x95000070, STORE | 7 << 20], 2, 3),  # the same, 32 bits, into register 7
        ([0x74000010, STORE_1], 2, 3),  # multiplied by a constant
        ([MULTIPLY, 0x8A000010], 2, 2),  # SFPENCC takes no register
    ],
)
def test_late_results(issued, wormhole, blackhole):
    assert vector_unit.cycles(issued, interlocked=False) == wormhole
    assert vector_unit.cycles(issued, interlocked=True) == blackhole


@pytest.mark.parametrize(
    ("code", "a0"),
    [
        ([0x00500513, 0x00351513], 40),  # li a0, 5; slli a0, a0, 3
        ([0xFFF00513, 0x40155513], 0xFFFFFFFF),  # li a0, -1; srai a0, a0, 1
        ([0x00700513, 0x00300593, 0x02B55533], 2),  # 7 // 3, divu
        ([0x00700513, 0x00300593, 0x02B57533], 1),  # 7 % 3, remu
        ([0x00700513, 0x00300593, 0x20B52533], 17),  # sh1add: 2 * 7 + 3
        ([0x12345537, 0x00A02023, 0x00201503], 0x1234),  # lui; sw a0, 0(zero); lh a0, 2(zero)
        ([0x000F0537, 0x60551513], 0),  # sext.h of 0xf0000
        ([0x00700513, 0x00300593, 0x0AB54533], 3),  # min
    ],
)
def test_the_processor_computes(code, a0):
    processor = trisc.Processor(image([*code, RETURN]))
    processor.call("count_tile")
    assert processor.registers[10] == a0


@pytest.mark.parametrize(
    ("code", "error"),
    [([0x0000000B], "UnknownInstruction"), ([0x0000006F], "NoEnd"), ([0x0400006F], "NoCode")],
)  # a custom opcode; a jump to itself; a jump past the code
def test_code_that_cannot_be_counted(code, error, monkeypatch):
    monkeypatch.setattr(trisc, "STEP_LIMIT", 1000)
    with pytest.raises(getattr(trisc, error)):
        trisc.Processor(image(code)).call("count_tile")


def test_symbols_and_contents_of_an_executable(tmp_path):
    names, code = b"\0count_tile\0", struct.pack("<I", RETURN)
    symbols = struct.pack("<IIIBBH", 1, 0x2000, 4, 2, 0, 1)
    at = 52
    sections = [
        (0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
        (0, 1, 6, 0x2000, at, 4, 0, 0, 4, 0),
        (0, 3, 0, 0, at + 4, len(names), 0, 0, 1, 0),
        (0, 2, 0, 0, at + 4 + len(names), 16, 2, 0, 4, 16),
    ]
    body = code + names + symbols
    header = b"\x7fELF\x01\x01" + bytes(10) + struct.pack("<HHIIIIIHHHHHH", 2, 243, 1, 0x2000, 0, at + len(body), 0, 52, 0, 0, 40, 4, 0)  # fmt: skip
    path = tmp_path / "math.elf"
    path.write_bytes(header + body + b"".join(struct.pack("<10I", *section) for section in sections))
    loaded = trisc.Image.of_elf(path)
    assert loaded.symbols["count_tile"] == 0x2000
    assert trisc.Processor(loaded).call("count_tile") == []
    path.write_bytes(b"\x7fELF\x02\x01" + bytes(60))
    with pytest.raises(ValueError, match="not a 32-bit little-endian ELF file"):
        trisc.Image.of_elf(path)


def test_missing_compiler_is_named(monkeypatch, tmp_path):
    monkeypatch.delenv("JUDGES", raising=False)
    with pytest.raises(
        sfpu_instructions.MissingCompiler, match=r"JUDGES is not set: tests/conformance/README\.md"
    ):
        sfpu_instructions.Toolchain.find()
    monkeypatch.setenv("JUDGES", str(tmp_path))
    with pytest.raises(sfpu_instructions.MissingCompiler, match=r"riscv-tt-elf-g\+\+ does not exist"):
        sfpu_instructions.Toolchain.find()
