# SPDX-License-Identifier: Apache-2.0
"""The numerics library's translation units and the flags that its arithmetic needs.

`numerics.h` is the interface for C++, `c_api.cpp` the same with C linkage for ctypes. Exact results depend on the flags:
contraction of a*b+c would round once where the hardware rounds twice.
"""

from pathlib import Path

DIRECTORY = Path(__file__).resolve().parent
SOURCES: tuple[Path, ...] = tuple(sorted(DIRECTORY.glob("*.cpp")))
HEADERS: tuple[Path, ...] = tuple(sorted([*DIRECTORY.glob("*.h"), *DIRECTORY.glob("*.def")]))
COMPILE_FLAGS: tuple[str, ...] = (
    "-std=c++17",
    "-O3",
    "-march=native",
    "-ffp-contract=off",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fPIC",
    "-fvisibility=hidden",
    "-Wno-psabi",
)
