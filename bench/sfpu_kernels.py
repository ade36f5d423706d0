# SPDX-License-Identifier: Apache-2.0
"""The kernels that count the vector unit's functions: for each operation of the simulator, its initialisation and its call on a
tile in the C++ of generation 0.81.

Operations are those of `sfpu_ops.def`, whose `api` column names the call, and the functions beside it that lower to the vector
unit (fills, typecasts, copies in DST, reductions in DST). Headers are found in the library's own compute API.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OPERATIONS = Path(__file__).parents[1] / "src/ttlang/simulator/native/numerics/sfpu_ops.def"
FLOATS = ("0x40490FDBu", "0x3F22F983u", "0x41A12345u")
"""Scalars: bits that need two instructions to load, as most do."""
INTEGERS = ("123456", "234567")
FORMATS = {"int32": "Int32", "uint32": "UInt32", "uint16": "UInt16"}
TYPECASTS = ("Float32", "Float16_b", "Bfp8_b", "Int32", "UInt32", "UInt16", "UInt8")
POOLS = ("SUM", "AVG", "MAX", "MIN")

INITIALISATIONS = {
    **dict.fromkeys(("floor_tile", "ceil_tile", "trunc_tile", "frac_tile", "round_tile"), "rounding_op_tile_init()"),
    **{f"{name}_unary_tile{kind}": "binop_with_scalar_tile_init()"
       for name in ("add", "sub", "mul", "div", "rsub") for kind in ("", "_int32")},
    **{f"bitwise_{name}_binary_tile": "binary_bitwise_tile_init()" for name in ("and", "or", "xor")},
    **{f"binary_{name}_tile": "binary_shift_tile_init()" for name in ("left_shift", "right_shift", "logical_right_shift")},
    "fmod_tile": f"fmod_tile_init({FLOATS[0]}, {FLOATS[1]})",
    "remainder_tile": f"remainder_tile_init({FLOATS[0]}, {FLOATS[1]})",
    "remainder_tile_uint32": "remainder_tile_uint32_init()",
    "signbit_tile_int32": "signbit_tile_int32_init()",
    "mask_posinf_tile": "mask_tile_init()",
    "softcap_tile": "",
    "mish_tile": "mish_tile_init<false>()",
}  # fmt: skip
"""Of calls whose initialisation is not `<call>_init` with the call's own template arguments."""
PLAIN_INITIALISATION = ("sqrt_tile", "add_binary_tile", "sub_binary_tile", "rsub_binary_tile")
"""Their template arguments are not those of the call."""
PARAMETERS = {
    "power_iterative_tile": ["3u"],
    "round_tile": ["2"],
    "exp_tile": [],
    "fmod_tile": [],
    "remainder_tile": [],
}


@dataclass(frozen=True)
class Kernel:
    """`key` names the operation in `sfpu_cycles.csv`; `init` and `call` are C++ statements, `headers` lie below `api/`."""

    key: str
    headers: tuple[str, ...]
    init: str
    call: str

    @property
    def text(self) -> str:
        """C++ with `count_init` and `count_tile` as functions of their own."""
        headers = dict.fromkeys(("compute/compute_kernel_api.h", *self.headers))
        includes = "".join(f'#include "api/{header}"\n' for header in headers)
        functions = "".join(
            f'extern "C" __attribute__((noinline)) void {name}() {{ {body} }}\n'
            for name, body in (("count_init", self.init), ("count_tile", self.call))
        )
        return f"{includes}using namespace ckernel;\n{functions}void kernel_main() {{ count_init(); count_tile(); }}\n"


@dataclass(frozen=True)
class Declaration:
    """A function of the compute API: its header below `api/` and the text of its template parameters."""

    header: str
    template: str


def declarations(api: Path) -> dict[str, Declaration]:
    """The functions that the headers of the compute API below `api` declare; the first of a name."""
    pattern = re.compile(r"(?:template\s*<([^;{}()]*?)>\s*)?ALWI\s+void\s+(\w+)\s*\(")
    found: dict[str, Declaration] = {}
    for path in sorted((api / "compute").rglob("*.h")):
        for match in pattern.finditer(path.read_text(errors="ignore")):
            found.setdefault(match[2], Declaration(str(path.relative_to(api)), match[1] or ""))
    return found


def snake(name: str) -> str:
    """`ExpApprox` to `exp_approx`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def operations() -> Iterator[tuple[str, int, int, str, str]]:
    """Name, tiles, parameters, domain and API call of each row of `sfpu_ops.def`."""
    for match in re.finditer(
        r'^TTSIM_SFPU\((\w+), (\d), (\d), (\w+), "(.*?)"\)', OPERATIONS.read_text(), re.MULTILINE
    ):
        yield match[1], int(match[2]), int(match[3]), match[4], match[5]


def kernels(api: Path, wide: bool) -> list[Kernel]:
    """Every kernel, for the headers below `api`; `wide`: DST holds 32 bits."""
    known = declarations(api)
    real = "Float32" if wide else "Float16_b"
    found = [_of_operation(known, real, *row) for row in operations()]
    return found + list(_others(known, real))


def _headers(known: dict[str, Declaration], *calls: str) -> tuple[str, ...]:
    names = [re.match(r"\w*", call)[0] for call in calls]  # type: ignore[index]
    return tuple(dict.fromkeys(known[name].header for name in names if name in known))


def _of_operation(
    known: dict[str, Declaration], real: str, name: str, tiles: int, parameters: int, domain: str, api: str
) -> Kernel:
    function, template = re.fullmatch(r"(\w+)(<.*>)?(?:\(\w+\))?", api).groups(default="")  # type: ignore[union-attr]
    data_format = FORMATS.get(domain, real)
    declared = known[function].template
    if function == "mish_tile":
        template = f"<false, {str(real == 'Float32').lower()}>"
    elif "DataFormat" in declared.split(",")[0] and not template:
        template = f"<DataFormat::{data_format}>"
    init = _initialisation(known, function, template, data_format)
    arguments = [str(i) for i in range(tiles)]
    if tiles > 1 and not function.startswith("mask"):
        arguments.append("0")
    arguments += PARAMETERS.get(function, _parameters(function, domain, parameters))
    if name == "MaskInt32":
        arguments.append("DataFormat::Int32")
    call = f"{function}{template}({', '.join(arguments)});"
    return Kernel(snake(name), _headers(known, call, init), init + ";", call)


def _parameters(function: str, domain: str, count: int) -> list[str]:
    if domain == "float":
        return list(FLOATS[:count])
    return ["3"] * count if "shift" in function else list(INTEGERS[:count])


def _initialisation(known: dict[str, Declaration], function: str, template: str, data_format: str) -> str:
    if function in INITIALISATIONS:
        return INITIALISATIONS[function]
    name = f"{function}_init"
    if name not in known:  # one for the integers too: abs_tile_int32 is prepared as abs_tile is
        name = re.sub(r"_u?int\d+$", "", function) + "_init"
    if "DataFormat" in known[name].template:
        return f"{name}<DataFormat::{data_format}>()"
    own = known[name].template and "DataFormat" not in template and function not in PLAIN_INITIALISATION
    return f"{name}{template.replace('VectorMode::RC,', '') if own else ''}()"


def _others(known: dict[str, Declaration], real: str) -> Iterator[Kernel]:
    """Functions of the vector unit that are no operation of `sfpu_ops.def`."""

    def kernel(key: str, init: str, call: str) -> Kernel:
        return Kernel(key, _headers(known, call, init), init + ";", call + ";")

    yield kernel("fill", "fill_tile_init()", "fill_tile(0, 3.14159274f)")
    yield kernel("fill_int", "fill_tile_init()", f"fill_tile_int<DataFormat::Int32>(0, {INTEGERS[0]})")
    yield kernel("copy_dest", "copy_dest_values_init()", f"copy_dest_values<DataFormat::{real}>(0, 1)")
    for source in TYPECASTS:
        for target in TYPECASTS:
            if source != target:
                formats = ", ".join(f"static_cast<uint32_t>(DataFormat::{name})" for name in (source, target))
                key = f"typecast_{source.lower()}_to_{target.lower()}"
                yield kernel(key, f"typecast_tile_init<{formats}>()", f"typecast_tile<{formats}>(0)")
    for pool in POOLS:
        for dimension in ("ROW", "COL"):
            if (pool, dimension) == ("AVG", "ROW"):  # the library has no such function
                continue
            for data_format, ending in ((real, ""), ("Int32", "_int")):
                yield kernel(
                    f"reduce_{pool.lower()}_{dimension.lower()}{ending}",
                    f"sfpu_reduce_init<PoolType::{pool}, DataFormat::{data_format}>()",
                    f"sfpu_reduce<PoolType::{pool}, DataFormat::{data_format}, ReduceDim::REDUCE_{dimension}>(0)",
                )
