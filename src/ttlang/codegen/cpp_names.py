# SPDX-License-Identifier: Apache-2.0
"""C++ identifiers and string literals from Python names and texts."""

import re
from functools import cache

_KEYWORDS = frozenset(
    re.findall(
        r"\w+",
        """
        alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t char32_t
        char8_t ckernel class co_await co_return co_yield compl concept const const_cast consteval constexpr
        constinit continue decltype default delete do double dynamic_cast else enum experimental explicit
        export extern false final float for friend goto if import inline int int16_t int32_t int64_t int8_t
        kernel_main linux long main module mutable namespace new noexcept not not_eq nullptr operator or
        or_eq override private protected public register reinterpret_cast requires return short signed
        size_t sizeof static static_assert static_cast std struct switch template this thread_local throw
        true try tt typedef typeid typename uint uint16_t uint32_t uint64_t uint8_t union unix unsigned
        using virtual void volatile wchar_t while xor xor_eq
        """,
    )
)
"""Words that cannot name a variable of a kernel: keywords, types, namespaces, and macros of compilers."""

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"})


@cache
def cpp_name(wanted: str) -> str:
    """A C++ identifier as near to `wanted` as can be: no keyword, no leading digit, ASCII only."""
    name = re.sub(r"\W", "_", wanted, flags=re.ASCII)
    name = re.sub(r"__+", "_", name)  # names with a double underscore belong to the compiler
    if not name or name[0].isdigit() or (name[0] == "_" and name[1:2].isupper()):
        name = f"v{name}"
    return f"{name}_" if name in _KEYWORDS else name


def cpp_string(text: str) -> str:
    """A C++ string literal."""
    return f'"{text.translate(_ESCAPES)}"'


class Names:
    """Names in use, by C++ scope: an inner scope never hides a name of an outer one."""

    def __init__(self, reserved: set[str]):
        self._taken = set(reserved)
        self._scopes: list[list[str]] = [[]]

    def enter(self) -> None:
        self._scopes.append([])

    def leave(self) -> None:
        self._taken.difference_update(self._scopes.pop())

    def declare(self, wanted: str) -> str:
        """A free name as near to `wanted` as can be, taken until the scope ends."""
        base = cpp_name(wanted)
        name, number = base, 1
        while name in self._taken:
            name, number = f"{base}_{number}", number + 1
        self._taken.add(name)
        self._scopes[-1].append(name)
        return name
