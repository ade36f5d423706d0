# SPDX-License-Identifier: Apache-2.0
"""Names that a kernel is bound to (`args::`, `dfb::`, `tensor::`, `sem::`, `scratch::`, `pipe::`), as tt-metal's runtime generates them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ttlang.simulator.errors import ProgramError


@dataclass(frozen=True)
class KernelBindings:
    """Where the kernel of a named-argument program finds what it names.

    `runtime` and `common` name the first runtime and common runtime arguments in order; further ones are reached with
    `get_vararg(i)` and `get_common_vararg(i)`. `compile_time` gives values. `buffers` leads to circular buffer indices,
    `semaphores` to ids. `tensors` gives the first compile-time word of each tensor's accessor arguments and the common
    argument that holds its address; `tensor_groups` makes tuples of them. `scratch` gives the common argument that holds an
    L1 address (an offset), and bytes. `pipes` leads to remote circular buffers. `common_varargs` is the first common argument that has no name; by default the
    one after all that are named here.
    """

    runtime: Sequence[str] = ()
    common: Mapping[str, int] = field(default_factory=dict)
    compile_time: Mapping[str, int] = field(default_factory=dict)
    buffers: Mapping[str, int] = field(default_factory=dict)
    semaphores: Mapping[str, int] = field(default_factory=dict)
    tensors: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    tensor_groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    scratch: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    pipes: Mapping[str, int] = field(default_factory=dict)
    common_varargs: int | None = None

    def __bool__(self) -> bool:
        return True

    def header(self) -> str:
        """The C++ that declares the names. ProgramError for what cannot be a name."""
        self._check()
        return "\n".join(
            [
                "namespace args {",
                *(
                    f"constexpr experimental::RtaArg<uint32_t> {n}{{{4 * i}}};"
                    for i, n in enumerate(self.runtime)
                ),
                *(
                    f"constexpr experimental::CrtaArg<uint32_t> {n}{{{4 * i}}};"
                    for n, i in self.common.items()
                ),
                *(
                    f"constexpr experimental::CtaVal<uint32_t> {n}{{{v & 0xFFFFFFFF}u}};"
                    for n, v in self.compile_time.items()
                ),
                "}",
                "namespace dfb {",
                *(_buffer(name, index) for name, index in self.buffers.items()),
                "}",
                "namespace tensor {",
                *(_tensor(name, *where) for name, where in self.tensors.items()),
                *(
                    f"constexpr std::tuple {n}{{{', '.join(each)}}};"
                    for n, each in self.tensor_groups.items()
                ),
                "}",
                "namespace sem {",
                *(
                    f"constexpr SemaphoreBindingToken {n}{{{i}, SemScope::LOCAL_NONATOMIC}};"
                    for n, i in self.semaphores.items()
                ),
                "}",
                "namespace scratch {",
                *(f"constexpr ScratchpadBindingToken {n}{{{w}, {b}}};" for n, (w, b) in self.scratch.items()),
                "}",
                *(
                    f"namespace pipe {{ constexpr PrefetcherPipeBindingToken {n}{{{i}}}; }}"
                    for n, i in self.pipes.items()
                ),
                f"ALWI uint32_t get_vararg(uint32_t i, TTSIM_LINE) {{ return get_arg_val<uint32_t>({len(self.runtime)} + i, call_line); }}",
                "ALWI uint32_t get_common_vararg(uint32_t i, TTSIM_LINE) {"
                f" return get_common_arg_val<uint32_t>({self._first_common_vararg()} + i, call_line); }}",
            ]
        )

    def _first_common_vararg(self) -> int:
        named = [
            *self.common.values(),
            *(w for _, w in self.tensors.values()),
            *(w for w, _ in self.scratch.values()),
        ]
        return self.common_varargs if self.common_varargs is not None else max(named, default=-1) + 1

    def _check(self) -> None:
        names = [*self.runtime, *self.common, *self.compile_time, *self.buffers, *self.semaphores]
        for name in [*names, *self.tensors, *self.tensor_groups, *self.scratch, *self.pipes]:
            if not name.isidentifier():
                raise ProgramError(f"{name!r} cannot be a kernel's name for an argument or a resource")


def _buffer(name: str, index: int) -> str:
    return f"constexpr DFBBindingToken<AccessPattern::STRIDED, AccessPattern::STRIDED> {name}{{{index}}};"


def _tensor(name: str, word: int, common: int) -> str:
    return f"using {name}_t = ttsim_tensor_binding<{word}, {4 * common}>; constexpr {name}_t {name}{{}};"
