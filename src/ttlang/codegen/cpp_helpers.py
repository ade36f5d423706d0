# SPDX-License-Identifier: Apache-2.0
"""Small C++ functions that a kernel brings along when it calls them."""

from collections.abc import Mapping


def _narrow_access(width: int) -> dict[str, str]:
    """Loads and stores of 8 or 16 bits through a pointer to words of L1."""
    pointer = f"reinterpret_cast<volatile tt_l1_ptr uint{width}_t*>(words)"
    words = "volatile tt_l1_ptr uint32_t* words"
    return {
        f"load_u{width}": f"""\
inline uint32_t load_u{width}({words}, uint32_t index) {{
    return {pointer}[index];
}}""",
        f"store_u{width}": f"""\
inline void store_u{width}({words}, uint32_t index, uint32_t value) {{
    {pointer}[index] = static_cast<uint{width}_t>(value);
}}""",
    }


HELPERS: Mapping[str, str] = {
    **_narrow_access(8),
    **_narrow_access(16),
    "float_to_bits": """\
inline uint32_t float_to_bits(float value) {
    uint32_t bits;
    __builtin_memcpy(&bits, &value, sizeof(bits));
    return bits;
}""",
    "bits_to_float": """\
inline float bits_to_float(uint32_t bits) {
    float value;
    __builtin_memcpy(&value, &bits, sizeof(value));
    return value;
}""",
    "floor_div": """\
inline int32_t floor_div(int32_t a, int32_t b) {
    const int32_t quotient = a / b;
    return (a % b != 0 && (a < 0) != (b < 0)) ? quotient - 1 : quotient;
}""",
    "ceil_div": """\
inline int32_t ceil_div(int32_t a, int32_t b) {
    const int32_t quotient = a / b;
    return (a % b != 0 && (a < 0) == (b < 0)) ? quotient + 1 : quotient;
}""",
    # NoC 1 runs the other way: it wants the corners of a rectangle swapped
    "noc_rectangle_addr": """\
inline uint64_t noc_rectangle_addr(uint32_t x0, uint32_t y0, uint32_t x1, uint32_t y1, uint32_t addr) {
    return noc_index == 0 ? get_noc_multicast_addr(x0, y0, x1, y1, addr)
                          : get_noc_multicast_addr(x1, y1, x0, y0, addr);
}""",
    # the free function of the API takes accessors of interleaved tensors only
    "page_noc_addr": """\
template <typename Accessor>
inline uint64_t page_noc_addr(const Accessor& accessor, uint32_t page, uint32_t offset) {
    return accessor.get_noc_addr(page, offset);
}""",
}
"""Definition of each helper, by name."""

PURE_HELPERS = frozenset(
    {"float_to_bits", "bits_to_float", "floor_div", "ceil_div", "noc_rectangle_addr", "page_noc_addr"}
)
