# SPDX-License-Identifier: Apache-2.0
"""The rules of the numerics library on literal vectors, and properties of its conversions."""

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from numerics_library import ADD, FORMATS, MUL, SUB, Config, Library, read_operations, tilize, untilize

Array = np.ndarray[Any, Any]
D16, D32 = Config(fp32_dest=False), Config(fp32_dest=True)


def lanes(*values: int) -> Array:
    out = np.zeros(1024, np.uint32)
    out[: len(values)] = values
    return out


def bf16_tile(*values: int) -> Array:
    return lanes(*values).astype(np.uint16)


def normal(seed: int, count: int = 1024) -> Array:
    return np.random.default_rng(seed).standard_normal(count).astype(np.float32)


# ---- matrix unit: a, b, expected bf16 bits. The last pair of each list is -0 with a NaN.
FPU_CASES = [
    (
        ADD,
        D16,
        4,
        [
            (0xBEA5, 0xBEB9, 0xBF2F),
            (0xC7F6, 0x3B16, 0xC7F6),
            (0xBF13, 0x3F7E, 0x3ED6),
            (0x8000, 0x7FC0, 0x7F80),
        ],
    ),
    (
        MUL,
        D16,
        1,
        [
            (0xBEA5, 0xBEB9, 0x3DE6),
            (0xC7F6, 0x3B16, 0xC38D),
            (0xBF13, 0x3F7E, 0xBF0F),
            (0x8000, 0x7FC0, 0x0000),
        ],
    ),
    (
        MUL,
        D32,
        4,
        [
            (0xBEA5, 0xBEB9, 0x3DEE),
            (0xC7F6, 0x3B16, 0xC390),
            (0xBF13, 0x3F7E, 0xBF12),
            (0x8000, 0x7FC0, 0x0000),
        ],
    ),
]


@pytest.mark.parametrize(("op", "config", "fidelity", "rows"), FPU_CASES)
def test_matrix_unit_literals(
    numerics: Library, op: int, config: Config, fidelity: int, rows: list[tuple[int, int, int]]
) -> None:
    chosen = Config(True, fidelity, config.fp32_dest)
    a, b = (bf16_tile(*(row[k] for row in rows)) for k in (0, 1))
    dst = np.zeros(1024, np.uint32)
    assert numerics.call("eltwise", chosen, op, FORMATS["bf16"], a, FORMATS["bf16"], b, 0, dst, 0, 0)
    packed = numerics.pack(chosen, "bf16", dst).view(np.uint16)
    assert [hex(x) for x in packed[: len(rows)]] == [hex(row[2]) for row in rows]


def test_subtraction_keeps_tf32_and_twelve_bits(numerics: Library) -> None:
    a, b = lanes(0xBEA48565, 0xC7F66284, 0xBF12F530), lanes(0xBEB91676, 0x3B15C8C0, 0x3F7E7EFE)
    dst = np.zeros(1024, np.uint32)
    assert numerics.call("eltwise", D32, SUB, FORMATS["fp32"], a, FORMATS["fp32"], b, 0, dst, 0, 0)
    assert [int(x) for x in dst[:3]] == [0x3D240000, 0xC7F66000, 0xBFC8A000]


SFPU_CASES = [
    ("Exp", D16, [(0x3FAF, 0x407B), (0xC076, 0x3CAF), (0xBFC4, 0x3E5E), (0xBC00, 0x3F7E), (0x4733, 0x7F80)]),
    (
        "Tanh",
        D32,
        [
            (0x3FAEA901, 0x3F609FEB),
            (0xC0766F01, 0xBF7FC4BC),
            (0xBC000000, 0xBBFFFEAB),
            (0x4733F2E0, 0x3F800000),
        ],
    ),
    (
        "Sqrt",
        D32,
        [
            (0x3FAEA901, 0x3F95855A),
            (0x40766F01, 0x3FFB2BD8),
            (0x3C000000, 0x3DB504F3),
            (0x4733F2E0, 0x4356A1C8),
        ],
    ),
]


@pytest.mark.parametrize(("name", "config", "rows"), SFPU_CASES)
def test_vector_unit_literals(
    numerics: Library, name: str, config: Config, rows: list[tuple[int, int]]
) -> None:
    shift = 0 if config.fp32_dest else 16
    got = numerics.unary(config, name, lanes(*(x << shift for x, _ in rows)))
    assert [hex(int(x) >> shift) for x in got[: len(rows)]] == [hex(y) for _, y in rows]


def test_vector_unit_division_and_multiply_add(numerics: Library) -> None:
    a, b = lanes(0xBEA48565, 0xC7F66284, 0xBF12F530), lanes(0xBEB91676, 0x3B15C8C0, 0x3F7E7EFE)
    assert [int(x) for x in numerics.binary(D32, "Div", a, b)[:3]] == [0x3F638DBD, 0xCC528D24, 0xBF13D382]
    x, out = lanes(0x3FAEA901, 0xC0766F01, 0xBFC47CE0), np.zeros(1024, np.uint32)
    numerics.call("sfpu_ternary", D32, numerics.by_name["Mac"].code, x, a, b, out, 0)
    assert [int(v) for v in out[:3]] == [0xBF4CCA82, 0x48ED2D81, 0x3FF00AE7]


@pytest.mark.parametrize(("target", "want"), [("uint16", [1, 0, 46067]), ("int32", [1, 0xFFFFFFFD, 46066])])
def test_typecast_rounds_or_truncates(numerics: Library, target: str, want: list[int]) -> None:
    dst = lanes(0x3FAEA901, 0xC0766F01, 0x4733F2E0)
    assert numerics.call("typecast", D32, FORMATS["fp32"], FORMATS[target], dst)
    assert [int(x) for x in dst[:3]] == want


def test_sixteen_bit_store_truncates_sums_and_rounds_products(numerics: Library) -> None:
    a, b = lanes(0x3F800000), lanes(0x3B800000)  # 1 + 2^-8: exactly half a unit of bf16
    assert int(numerics.binary(D16, "Add", a, b)[0]) == 0x3F800000
    a = lanes(0x3F830000)
    product = np.float32(a[:1].view(np.float32)[0]) ** 2
    nearest = int(np.float32(ml_dtypes.bfloat16(product)).view(np.uint32))
    assert int(numerics.binary(D16, "Mul", a, a)[0]) == nearest
    assert int(numerics.unary(D16, "PowerIterative", a, 2)[0]) == int(product.view(np.uint32)) & 0xFFFF0000


def test_packer_rounds_half_away_and_applies_relu(numerics: Library) -> None:
    dst = lanes(0x3F808000, 0xBF808000, 0x7FC00000, 0x00400000, 0x80000000)
    packed = numerics.pack(D32, "bf16", dst).view(np.uint16)
    assert [int(x) for x in packed[:5]] == [0x3F81, 0xBF81, 0x7F80, 0, 0]
    clipped = numerics.pack(D32, "bf16", lanes(0x3F800000, 0xBF800000, 0x40800000), relu=3, threshold=0x4000)
    assert [int(x) for x in clipped.view(np.uint16)[:3]] == [0x3F80, 0, 0x4000]


@pytest.mark.parametrize("accuracy", [True, False])
@pytest.mark.parametrize("wide", [True, False])
def test_matmul_of_small_integers_is_exact(numerics: Library, accuracy: bool, wide: bool) -> None:
    rng = np.random.default_rng(7)
    a, b = (rng.integers(0, 2, (32, 32)).astype(np.float32) for _ in range(2))
    config = Config(accuracy, 4, wide)
    tiles = [tilize(x)[0].astype(ml_dtypes.bfloat16).view(np.uint16) for x in (a, b)]
    dst = np.zeros(1024, np.uint32)
    assert numerics.call("matmul", config, FORMATS["bf16"], tiles[0], FORMATS["bf16"], tiles[1], 0, dst)
    np.testing.assert_array_equal(untilize(dst.view(np.float32), 32, 32), a @ b)
    turned = np.zeros(1024, np.uint32)
    assert numerics.call("matmul", config, FORMATS["bf16"], tiles[0], FORMATS["bf16"], tiles[1], 1, turned)
    np.testing.assert_array_equal(untilize(turned.view(np.float32), 32, 32), a @ b.T)


@pytest.mark.parametrize("accuracy", [True, False])
def test_fp16_dest_keeps_eleven_bits(numerics: Library, accuracy: bool) -> None:
    config = Config(accuracy, 4, fp16_dest=True)
    a, b = (normal(s).astype(np.float16) for s in (1, 2))
    dst = np.zeros(1024, np.uint32)
    code = FORMATS["fp16"]
    assert numerics.call(
        "eltwise", config, ADD, code, a.view(np.uint16), code, b.view(np.uint16), 0, dst, 0, 0
    )
    got = numerics.pack(config, "fp16", dst).view(np.float16)
    np.testing.assert_array_equal(got.astype(np.float32), dst.view(np.float32))
    np.testing.assert_allclose(
        got.astype(np.float32), a.astype(np.float32) + b.astype(np.float32), atol=2**-8
    )


def test_matmul_block_equals_single_tiles(numerics: Library) -> None:
    rows, columns, inner = 2, 3, 4
    in0 = np.stack([normal(i).astype(ml_dtypes.bfloat16).view(np.uint16) for i in range(rows * inner)])
    in1 = np.stack([normal(50 + i).astype(ml_dtypes.bfloat16).view(np.uint16) for i in range(columns)])
    code = FORMATS["bf16"]
    block, single = np.zeros((6, 1024), np.uint32), np.zeros((6, 1024), np.uint32)
    assert numerics.call("matmul_block", D16, code, in0, code, in1, 0, columns, rows, inner, block)
    for r in range(rows):
        for c in range(columns):
            assert numerics.call(
                "matmul", D16, code, in0[r * inner], code, in1[c], 0, single[r * columns + c]
            )
    np.testing.assert_array_equal(block, single)
    assert not numerics.call("matmul_block", D16, code, in0, code, in1, 0, 5, 4, 1, block)


@pytest.mark.parametrize("fmt", ["bf16", "fp16", "bfp8", "bfp4", "bfp2", "fp32"])
@pytest.mark.parametrize("seed", [1, 2])
def test_packing_what_was_packed_changes_nothing(numerics: Library, fmt: str, seed: int) -> None:
    first = numerics.pack(D32, fmt, (normal(seed) * np.float32(2.0**seed)).view(np.uint32))
    again = numerics.pack(D32, fmt, numerics.copy(D32, fmt, first, to_dest=True))
    np.testing.assert_array_equal(first, again)


def block_model(values: Array, mantissa_bits: int) -> Array:
    """Host conversion of rows of 16: largest exponent shared, nearest even, saturated."""
    rows = values.reshape(-1, 16).astype(np.float64)
    exponents = np.floor(np.log2(np.abs(rows).max(axis=1, keepdims=True)))
    unit = 2.0 ** (exponents - (mantissa_bits - 1))
    magnitude = np.minimum(np.rint(np.abs(rows) / unit), 2**mantissa_bits - 1)
    return np.asarray(np.sign(rows) * magnitude * unit).reshape(-1)


@pytest.mark.parametrize(("fmt", "mantissa_bits"), [("bfp8", 7), ("bfp4", 3), ("bfp2", 1)])
def test_host_block_floats_follow_the_model(numerics: Library, fmt: str, mantissa_bits: int) -> None:
    values = normal(11, 4096) * np.exp2(np.random.default_rng(3).integers(-8, 8, 4096)).astype(np.float32)
    packed = np.zeros(numerics.tile_bytes(fmt) * 4, np.uint8)
    assert numerics.call("host_from_float", FORMATS[fmt], values, values.size, packed)
    back = np.zeros(4096, np.float32)
    assert numerics.call("host_to_float", FORMATS[fmt], packed, back.size, back)
    np.testing.assert_array_equal(back, block_model(values, mantissa_bits))


@pytest.mark.parametrize(("fmt", "dtype"), [("bf16", ml_dtypes.bfloat16), ("fp16", np.float16)])
def test_host_narrow_floats_round_to_even(numerics: Library, fmt: str, dtype: Any) -> None:
    values = np.concatenate(
        [normal(5, 4096) * 300, np.float32([0, -0.0, np.inf, -np.inf, 1e-30, 70000, 2**-24, 3e38])]
    )
    values = values.astype(np.float32)
    out = np.zeros(values.size, np.uint16)
    assert numerics.call("host_from_float", FORMATS[fmt], values, values.size, out)
    with np.errstate(over="ignore"):
        want = values.astype(dtype).view(np.uint16)
    np.testing.assert_array_equal(out, want)
    back = np.zeros(values.size, np.float32)
    assert numerics.call("host_to_float", FORMATS[fmt], out, out.size, back)
    np.testing.assert_array_equal(back, out.view(dtype).astype(np.float32))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32])
def test_host_tilize_is_the_numpy_layout(numerics: Library, dtype: Any) -> None:
    matrix = np.random.default_rng(0).integers(0, 256, (64, 96)).astype(dtype)
    tiles, back = np.zeros((6, 1024), dtype), np.zeros_like(matrix)
    assert numerics.call("host_tilize", matrix.itemsize, matrix, 64, 96, tiles)
    np.testing.assert_array_equal(tiles, tilize(matrix))
    assert numerics.call("host_untilize", matrix.itemsize, tiles, 64, 96, back)
    np.testing.assert_array_equal(back, matrix)
    assert not numerics.call("host_tilize", matrix.itemsize, matrix, 63, 96, tiles)


def test_random_numbers_repeat_and_stay_in_range(numerics: Library) -> None:
    state, first, second = np.zeros(32, np.uint32), np.zeros(1024, np.uint32), np.zeros(1024, np.uint32)
    low, span = (int(np.float32(x).view(np.uint32)) for x in (-1.0, 3.0))
    for out in (first, second):
        numerics.call("random_seed", state, 42)
        numerics.call("sfpu_rand", D32, state, low, span, out)
    np.testing.assert_array_equal(first, second)
    values = first.view(np.float32)
    assert values.min() >= -1.0
    assert values.max() < 2.0
    assert abs(values.mean() - 0.5) < 0.1
    assert np.unique(values).size > 1000


def test_vector_reductions(numerics: Library) -> None:
    matrix = np.random.default_rng(9).integers(-1000, 1000, (32, 32)).astype(np.int32)
    for dim, want in ((1, matrix.sum(axis=0)), (0, matrix.sum(axis=1))):
        dst = tilize(matrix)[0].view(np.uint32).copy()
        assert numerics.call("sfpu_reduce", D32, 0, dim, FORMATS["int32"], dst)
        sheet = untilize(dst.view(np.int32), 32, 32)
        np.testing.assert_array_equal(sheet[0] if dim == 1 else sheet[:, 0], want)


def test_every_operation_of_the_table_is_implemented(numerics: Library) -> None:
    """Each row of the table writes its output; fast and exact agree on all but a few lanes that cancel."""
    x, y, z = (normal(s) * np.float32(2.0) for s in (1, 2, 3))
    poison = np.full(1024, 0x7F123456, np.uint32)
    integer_parameter = ("Round", "PowerIterative", "Exp", "ExpApprox", "ExpApproxNoClamp")
    for op in read_operations():
        results = []
        is_float = op.domain == "float"
        parameter = 0x3F000000 if is_float and op.name not in integer_parameter else 2
        if op.name.startswith("Exp") and op.params:
            parameter = 0x3F00  # one half in bf16
        inputs = [
            v.view(np.uint32) if is_float else (v * 1000).astype(np.int32).view(np.uint32) for v in (x, y, z)
        ]
        for exact in (True, False):
            config = Config(exact, 4, True)
            out = inputs[0].copy() if op.tiles == 1 else poison.copy()
            if op.tiles == 1:
                numerics.call("sfpu_unary", config, op.code, out, parameter, parameter, parameter, 15)
                assert op.name == "Identity" or (out != inputs[0]).any(), op.name
            elif op.tiles == 2:
                numerics.call("sfpu_binary", config, op.code, inputs[0], inputs[1], out, parameter)
            else:
                numerics.call("sfpu_ternary", config, op.code, *inputs, out, parameter)
            assert (out != poison).all(), op.name
            results.append(out)
        if is_float:
            first, second = (r.view(np.float32) for r in results)
            close = np.isclose(first, second, rtol=2**-7, atol=1e-6, equal_nan=True)
            assert close.mean() > 0.98, (op.name, close.mean())
        else:
            np.testing.assert_array_equal(*results, err_msg=op.name)
