# SPDX-License-Identifier: Apache-2.0
"""Emitted arithmetic, compiled for the host and run, against the meaning of the IR."""

import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ttlang.codegen.line_map import CppKernel

Compile = Callable[..., CppKernel]
MASK = 0xFFFFFFFF
ARGS = (0, 1, 7, 0x80000000, 0xFFFFFFFF, 12345)

STUBS = """
#include <cstdint>
#include <cstdio>
#define tt_l1_ptr
static uint32_t args[] = {%s};
static uint32_t memory[%d];
static uint32_t* results = memory;
template <typename T> T get_arg_val(int i) { return args[i]; }
constexpr uint32_t get_compile_time_arg_val(uint32_t i) { return i; }
inline uint32_t* get_write_ptr(uint32_t) { return results; }
%s
int main() {
    kernel_main();
    for (uint32_t value : memory) std::printf("%%u\\n", value);
}
"""


def signed(value: int) -> int:
    return value - (1 << 32) if value >> 31 else value


def truncated(a: int, b: int) -> int:
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


BINARY: dict[str, Callable[[int, int], int]] = {
    "addi": lambda a, b: a + b,
    "subi": lambda a, b: a - b,
    "muli": lambda a, b: a * b,
    "andi": lambda a, b: a & b,
    "ori": lambda a, b: a | b,
    "xori": lambda a, b: a ^ b,
    "divui": lambda a, b: a // b,
    "remui": lambda a, b: a % b,
    "divsi": lambda a, b: truncated(signed(a), signed(b)),
    "remsi": lambda a, b: signed(a) - truncated(signed(a), signed(b)) * signed(b),
    "floordivsi": lambda a, b: signed(a) // signed(b),
    "minui": min,
    "maxui": max,
    "minsi": lambda a, b: min(signed(a), signed(b)),
    "maxsi": lambda a, b: max(signed(a), signed(b)),
    "shli": lambda a, b: a << b,
    "shrui": lambda a, b: a >> b,
    "shrsi": lambda a, b: signed(a) >> b,
}
COMPARE: dict[str, Callable[[int, int], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "slt": lambda a, b: signed(a) < signed(b),
    "sge": lambda a, b: signed(a) >= signed(b),
    "ult": lambda a, b: a < b,
    "ugt": lambda a, b: a > b,
}


class Expressions:
    """Random chains of arithmetic, and what they must give."""

    def __init__(self, seed: int, count: int):
        self.random = random.Random(seed)
        self.lines: list[str] = []
        self.values: list[tuple[str, int]] = []
        for i, value in enumerate(ARGS):
            self.lines.append(f"  %i{i} = arith.constant {i} : index")
            self.lines.append(f"  %arg{i} = ttkernel.get_arg_val(%i{i}) : (index) -> i32")
            self.values.append((f"%arg{i}", value))
        for value in (1, 3, -5, 31):
            name = f"%k{value & 0xFF}"
            self.lines.append(f"  {name} = arith.constant {value} : i32")
            self.values.append((name, value & MASK))
        self.expected = [self.one(i) for i in range(count)]

    def one(self, number: int) -> int:
        name, value = self.random.choice(self.values)
        for step in range(self.random.randint(1, 5)):
            name, value = self.combine(f"{number}_{step}", name, value)
        self.lines.append(f"  %at{number} = arith.constant {number} : i32")
        self.lines.append(
            f"  ttkernel.store_to_l1({name}, %p, %at{number}) : (i32, !ttkernel.l1_addr_ptr, i32) -> ()"
        )
        if self.random.random() < 0.3:
            self.values.append((name, value))
        return value

    def combine(self, tag: str, name: str, value: int) -> tuple[str, int]:
        other, number = self.random.choice(self.values)
        new = f"%e{tag}" if self.random.random() < 0.2 else f"%{1000 + len(self.lines)}"
        if self.random.random() < 0.25:
            return self.select(new, name, value, other, number)
        op = self.random.choice(sorted(BINARY))
        if op.startswith("sh"):
            other, number = "%k3", 3
        if ("div" in op or "rem" in op) and (
            number == 0 or (signed(value), signed(number)) == (-(1 << 31), -1)
        ):
            op = "xori"
        self.lines.append(f"  {new} = arith.{op} {name}, {other} : i32")
        return new, BINARY[op](value, number) & MASK

    def select(self, new: str, name: str, value: int, other: str, number: int) -> tuple[str, int]:
        predicate = self.random.choice(sorted(COMPARE))
        test = f"%{2000 + len(self.lines)}"
        self.lines.append(f"  {test} = arith.cmpi {predicate}, {name}, {other} : i32")
        if self.random.random() < 0.5:
            self.lines.append(f"  {new} = arith.extui {test} : i1 to i32")
            return new, int(COMPARE[predicate](value, number))
        self.lines.append(f"  {new} = arith.select {test}, {name}, {other} : i32")
        return new, value if COMPARE[predicate](value, number) else number


@pytest.fixture(scope="module")
def compiler() -> str:
    found = shutil.which("g++") or shutil.which("clang++")
    if found is None:
        pytest.skip("no g++ or clang++ on the PATH")
    return found


@pytest.mark.parametrize("seed", range(4))
def test_arithmetic_means_what_the_ir_means(
    compile_kernel: Compile, compiler: str, seed: int, tmp_path: Path
) -> None:
    expressions = Expressions(seed, count=60)
    cast = "reinterpret_cast<volatile tt_l1_ptr uint32_t*>"
    pointer = (
        "  %w = ttkernel.get_write_ptr(%a) : ($CB) -> i32\n"
        f'  %p = "ttkernel.{cast}"(%w) : (i32) -> !ttkernel.l1_addr_ptr\n'
    )
    kernel = compile_kernel(pointer + "\n".join(expressions.lines), thread="noc")
    text = "\n".join(line for line in kernel.source.splitlines() if not line.startswith("#include"))
    text = text.replace(
        "uint32_t w = get_write_ptr", "uint32_t* w = get_write_ptr"
    )  # pointers are wider here
    source = tmp_path / "kernel.cpp"
    source.write_text(STUBS % (", ".join(f"{a}u" for a in ARGS), len(expressions.expected), text))
    program = tmp_path / "kernel"
    command = [
        compiler,
        "-std=c++17",
        "-O1",
        "-fwrapv",
        "-Wall",
        "-Werror",
        "-Wno-tautological-compare",
        str(source),
    ]
    built = subprocess.run([*command, "-o", str(program)], capture_output=True, text=True, check=False)
    assert built.returncode == 0, f"{built.stderr}\n{kernel.source}"
    output = subprocess.run([str(program)], capture_output=True, text=True, check=True).stdout
    assert [int(line) for line in output.split()] == expressions.expected
