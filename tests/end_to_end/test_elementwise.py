# SPDX-License-Identifier: Apache-2.0
"""Elementwise functions against NumPy, on the simulator: every function of the table, chains, types."""

import math

import numpy as np
import pytest
from tests.end_to_end.block_kernels import BF16, F16, F32, check, exact_erf, relative_error, tensor

import ttlang as ttl
from ttlang.dialects.elementwise import ELEMENTWISE

m = ttl.math
SHAPE = (1, 2)
ONE = 1.0
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772

UNARY = {
    # function: (NumPy's, range of the operand, parameters)
    "abs": (np.abs, -3, 3),
    "sign": (np.sign, -3, 3),
    "square": (np.square, -3, 3),
    "exp": (np.exp, -3, 3),
    "exp2": (np.exp2, -3, 3),
    "expm1": (np.expm1, -3, 3),
    "log": (np.log, 0.1, 3),
    "log2": (np.log2, 0.1, 3),
    "log10": (np.log10, 0.1, 3),
    "log1p": (np.log1p, -0.5, 3),
    "sqrt": (np.sqrt, 0.1, 3),
    "rsqrt": (lambda x: 1 / np.sqrt(x), 0.1, 3),
    "cbrt": (np.cbrt, -3, 3),
    "recip": (lambda x: 1 / x, 0.1, 3),
    "floor": (np.floor, -3, 3),
    "ceil": (np.ceil, -3, 3),
    "round": (np.rint, -3, 3),
    "trunc": (np.trunc, -3, 3),
    "frac": (lambda x: x - np.trunc(x), -3, 3),
    "sin": (np.sin, -3, 3),
    "cos": (np.cos, -3, 3),
    "tan": (np.tan, -1.4, 1.4),
    "asin": (np.arcsin, -0.9, 0.9),
    "acos": (np.arccos, -0.9, 0.9),
    "atan": (np.arctan, -3, 3),
    "sinh": (np.sinh, -3, 3),
    "cosh": (np.cosh, -3, 3),
    "tanh": (np.tanh, -3, 3),
    "asinh": (np.arcsinh, -3, 3),
    "acosh": (np.arccosh, 1.1, 3),
    "atanh": (np.arctanh, -0.9, 0.9),
    "erf": (exact_erf, -2, 2),
    "erfc": (lambda x: 1 - exact_erf(x), -2, 2),
    "erfinv": (None, -0.9, 0.9),
    "relu": (lambda x: np.maximum(x, 0), -3, 3),
    "gelu": (lambda x: x * 0.5 * (1 + exact_erf(x / math.sqrt(2))), -3, 3),
    "silu": (lambda x: x / (1 + np.exp(-x)), -3, 3),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), -3, 3),
    "hardsigmoid": (lambda x: np.clip(x / 6 + 0.5, 0, 1), -4, 4),
    "softsign": (lambda x: x / (1 + np.abs(x)), -3, 3),
    "tanhshrink": (lambda x: x - np.tanh(x), -3, 3),
    "selu": (lambda x: SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(x)), -3, 3),
    "neg": (np.negative, -3, 3),
    "signbit": (np.signbit, -3, 3),
    "logical_not": (lambda x: x == 0, -1, 1),
    "isnan": (np.isnan, -3, 3),
    "isinf": (np.isinf, -3, 3),
    "isfinite": (np.isfinite, -3, 3),
    "relu_max": (lambda x: np.clip(x, 0, 0.5), -3, 3, 0.5),
    "relu_min": (lambda x: np.maximum(x, 0.5), -3, 3, 0.5),
    "leaky_relu": (lambda x: np.where(x > 0, x, 0.5 * x), -3, 3, 0.5),
    "prelu": (lambda x: np.where(x > 0, x, 0.5 * x), -3, 3, 0.5),
    "elu": (lambda x: np.where(x > 0, x, 0.5 * np.expm1(x)), -3, 3, 0.5),
    "celu": (lambda x: np.maximum(x, 0) + np.minimum(0, 0.5 * np.expm1(x / 0.5)), -3, 3, 0.5),
    "hardtanh": (lambda x: np.clip(x, -0.5, 0.5), -3, 3, -0.5, 0.5),
    "clamp": (lambda x: np.clip(x, -0.5, 0.5), -3, 3, -0.5, 0.5),
    "softplus": (lambda x: np.log1p(np.exp(x)), -3, 3, 1.0, 20.0),
    "threshold": (lambda x: np.where(x > 0.5, x, 0.25), -3, 3, 0.5, 0.25),
}
APPROXIMATE = {"erf": 3e-3, "erfc": 3e-3, "softplus": 3e-3, "erfinv": 1.5e-2}
"""Functions whose instruction is less exact than float32 (absolute errors of the hardware's polynomials)."""


def test_every_function_of_one_operand_is_here():
    assert set(UNARY) == {row.name for row in ELEMENTWISE if row.arity == 1}


def sweep_kernel(functions):
    """Block i of the output is functions[i] of block i of the input."""

    @ttl.kernel(grid=(1, 1))
    def sweep(a, out):
        a_cb, out_cb = (ttl.make_circular_buffer_like(t, shape=(1, 1)) for t in (a, out))

        @ttl.compute()
        def compute():
            for function in functions:
                with a_cb.wait() as x, out_cb.reserve() as z:
                    z.store(function(x))

        @ttl.datamovement()
        def read():
            for i in range(len(functions)):
                with a_cb.reserve() as x:
                    ttl.copy(a[i, 0], x)

        @ttl.datamovement()
        def write():
            for i in range(len(functions)):
                with out_cb.wait() as z:
                    ttl.copy(z, out[i, 0])

    return sweep


def applied(name):
    """The function of the language with its parameters; NumPy has no erfinv, so that one is undone by erf."""
    function, parameters = getattr(m, name), UNARY[name][3:]
    if name == "erfinv":
        return lambda x: m.erf(m.erfinv(x))
    return lambda x: function(x, *parameters)


@pytest.mark.parametrize("dtype", [BF16, F32], ids=["bfloat16", "float32"])
@pytest.mark.parametrize("first", range(0, len(UNARY), 15))
def test_functions_of_one_operand(rng, first, dtype):
    names = list(UNARY)[first : first + 15]
    x = np.concatenate([tensor(rng, (1, 1), dtype, *UNARY[name][1:3]) for name in names])
    for i, name in enumerate(names):
        block = x[32 * i : 32 * (i + 1)]
        if name == "logical_not":
            block[:16] = 0
        elif name in ("isnan", "isinf", "isfinite"):
            block[0, 0] = np.nan if name == "isnan" else np.inf
    out = np.zeros_like(x)
    sweep_kernel([applied(name) for name in names])(x, out, time=False)
    wrong = {}
    for i, name in enumerate(names):
        tile = slice(32 * i, 32 * (i + 1))
        reference = UNARY[name][0] or (lambda x: x)
        error = relative_error(out[tile], reference(x[tile].astype(np.float64)))
        tolerance = APPROXIMATE.get(name, 2e-4) if dtype is F32 else 1.5e-2
        if not error <= tolerance:
            wrong[name] = error
    assert not wrong


def floor_mod(x, y):
    return x - np.floor(x / y) * y


BINARY = {
    "add": (lambda x, y: x + y, np.add),
    "sub": (lambda x, y: x - y, np.subtract),
    "rsub": (lambda x, y: m.rsub(x, y), lambda x, y: y - x),
    "mul": (lambda x, y: x * y, np.multiply),
    "div": (lambda x, y: x / y, np.divide),
    "floordiv": (lambda x, y: x // y, lambda x, y: np.floor(x / y)),
    "mod": (lambda x, y: x % y, floor_mod),
    "pow": (lambda x, y: x**y, np.power),
    "max": (lambda x, y: m.max(x, y), np.maximum),
    "min": (lambda x, y: m.min(x, y), np.minimum),
    "lt": (lambda x, y: x < y, np.less),
    "le": (lambda x, y: x <= y, np.less_equal),
    "gt": (lambda x, y: x > y, np.greater),
    "ge": (lambda x, y: x >= y, np.greater_equal),
    "eq": (lambda x, y: m.floor(x) == m.floor(y), lambda x, y: np.floor(x) == np.floor(y)),
    "ne": (lambda x, y: m.floor(x) != m.floor(y), lambda x, y: np.floor(x) != np.floor(y)),
    "mask": (lambda x, y: m.mask(x, y > 1.0), lambda x, y: np.where(y > 1, x, 0)),
    "where": (lambda x, y: m.where(x > y, x, y * 2.0), lambda x, y: np.where(x > y, x, y * 2)),
}


def test_every_function_of_several_operands_is_here():
    assert set(BINARY) == {row.name for row in ELEMENTWISE if row.arity > 1}


@pytest.mark.parametrize("dtype", [BF16, F32], ids=["bfloat16", "float32"])
@pytest.mark.parametrize("name", BINARY)
def test_function_of_several_operands(rng, name, dtype):
    function, reference = BINARY[name]
    x, y = tensor(rng, SHAPE, dtype, 0.5, 3), tensor(rng, SHAPE, dtype, 0.5, 3)
    tolerance = None
    if name in ("floordiv", "mod") and dtype is BF16:
        tolerance = 6e-2  # a quotient next to an integer may round across it in 16-bit registers
    check(lambda x, y, w: function(x, y), reference, [x, y], tolerance=tolerance)


SCALARS = {
    "x + s": (lambda x: x + 1.5, lambda x: x + 1.5),
    "s - x": (lambda x: 1.5 - x, lambda x: 1.5 - x),
    "x * s": (lambda x: 3 * x, lambda x: 3 * x),
    "x / s": (lambda x: x / 3.0, lambda x: x / 3),
    "s / x": (lambda x: 2.0 / x, lambda x: 2 / x),
    "x // s": (lambda x: x // 0.75, lambda x: np.floor(x / 0.75)),
    "s // x": (lambda x: 5.0 // x, lambda x: np.floor(5 / x)),
    "x % s": (lambda x: x % 0.75, lambda x: floor_mod(x, 0.75)),
    "s % x": (lambda x: 5.0 % x, lambda x: floor_mod(5, x)),
    "x ** 3": (lambda x: x**3, lambda x: x**3),
    "x ** 0.5": (lambda x: x**0.5, lambda x: x**0.5),
    "2 ** x": (lambda x: 2.0**x, lambda x: 2**x),
    "max(x, s)": (lambda x: m.max(x, 1.0), lambda x: np.maximum(x, 1)),
    "min(s, x)": (lambda x: m.min(1.0, x), lambda x: np.minimum(x, 1)),
    "x < s": (lambda x: x < 1.0, lambda x: x < 1),
    "s < x": (lambda x: x > ONE, lambda x: x > 1),
    "s >= x": (lambda x: x <= ONE, lambda x: x <= 1),
    "s == x": (lambda x: m.floor(x) == ONE, lambda x: np.floor(x) == 1),
    "fill": (lambda x: m.fill(2.5), lambda x: 0 * x + 2.5),
    "x / 0": (lambda x: m.isinf(x / 0.0), lambda x: 0 * x + 1),
}


@pytest.mark.parametrize("name", SCALARS)
def test_scalar_operand(rng, name):
    function, reference = SCALARS[name]
    x = tensor(rng, SHAPE, F32, 0.4, 3)
    check(
        lambda x, y, w: function(x), reference, [x], tolerance=1e-3 if "//" in name or "%" in name else None
    )


def test_shared_subexpression_is_computed_once(rng):
    x, y = (tensor(rng, SHAPE, BF16) for _ in range(2))
    cpp = check(
        lambda x, y, w: (lambda e: (e + y, e * y))(m.exp(x)),
        lambda x, y: (np.exp(x) + y, np.exp(x) * y),
        [x, y],
        [SHAPE, SHAPE],
    )
    assert cpp.count("exp_tile(") == 1
    assert cpp.count("tile_regs_acquire()") == 1


def test_chain_stays_in_registers(rng):
    x, y, w = (tensor(rng, SHAPE, BF16) for _ in range(3))
    cpp = check(lambda x, y, w: m.relu(x * y + w), lambda x, y, w: np.maximum(x * y + w, 0), [x, y, w])
    assert cpp.count("tile_regs_acquire()") == 2  # the chain's, and that of the kernel's unused output
    assert cpp.count("pack_") == 2
    assert "copy_tile" not in cpp, "operands come from buffers, the sum takes the product from DST"


def test_tiles_that_do_not_divide_have_a_tail(rng):
    shape = (1, 11)
    x, y = (tensor(rng, shape, BF16) for _ in range(2))
    cpp = check(lambda x, y, w: x + y, lambda x, y: x + y, [x, y], [shape])
    assert "pack_block(0, out_cb, 8);" in cpp
    assert "pack_block(0, out_cb, 3);" in cpp


def wide_expression(x, y):
    """Ten values that live to the end: more than there are registers."""
    parts = [
        m.exp(x),
        m.exp(y),
        m.sin(x),
        m.cos(y),
        m.tanh(x),
        m.sigmoid(y),
        m.sqrt(m.abs(x)),
        m.abs(y),
        x * x,
        m.neg(y),
    ]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    result = total * parts[0]
    for part in parts[1:]:
        result = result + total * part
    return result


def wide_reference(x, y):
    parts = [np.exp(x), np.exp(y), np.sin(x), np.cos(y), np.tanh(x), 1 / (1 + np.exp(-y))]
    parts += [np.sqrt(np.abs(x)), np.abs(y), x * x, -y]
    return sum(parts) * sum(parts)


@pytest.mark.parametrize("dtype", [BF16, F32], ids=["bfloat16", "float32"])
def test_expression_that_does_not_fit_the_registers_is_split(rng, dtype):
    x, y = (tensor(rng, SHAPE, dtype, -1, 1) for _ in range(2))
    tolerance = 6e-2 if dtype is BF16 else None  # twenty roundings to 8 bits, towards zero
    cpp = check(lambda x, y, w: wide_expression(x, y), wide_reference, [x, y], tolerance=tolerance)
    assert cpp.count("tile_regs_acquire()") > 2


@pytest.mark.parametrize(
    ("types", "results"),
    [
        ((F32, BF16), (F32, BF16)),
        ((BF16, BF16), (F32, F32)),
        ((F16, F16), (F16, F16)),
        ((F16, BF16), (BF16, F16)),
    ],
    ids=["f32 and bf16", "bf16 to f32", "f16", "f16 and bf16"],
)
def test_mixed_types(rng, types, results):
    x, y = (tensor(rng, SHAPE, t) for t in types)
    check(
        lambda x, y, w: (x + y * 2.0, m.exp(y) - x),
        lambda x, y: (x + y * 2, np.exp(y) - x),
        [x, y],
        [SHAPE, SHAPE],
        dtypes=results,
        tolerance=1.2e-2,
    )


def test_formats_are_set_where_they_change(rng):
    x, y = tensor(rng, SHAPE, F32), tensor(rng, SHAPE, BF16)
    cpp = check(lambda x, y, w: x + y, lambda x, y: x + y, [x, y], dtypes=[F32], tolerance=4e-3)
    assert "reconfig_data_format_srca(b_cb);" in cpp
    same = check(lambda x, y, w: x + y, lambda x, y: x + y, [y, y], [SHAPE])
    assert "reconfig_data_format" not in same


@pytest.mark.parametrize(("dtype", "tolerance"), [("bfloat8_b", 2e-2), ("bfloat4_b", 0.15)])
def test_block_floats(rng, dtype, tolerance):
    x, y = (tensor(rng, SHAPE, BF16, -1, 1) for _ in range(2))
    out = np.zeros((32, 64), BF16)

    @ttl.kernel(grid=(1, 1))
    def through_block_floats(a, b, result):
        a_cb, b_cb, out_cb = (ttl.make_circular_buffer_like(t, shape=SHAPE) for t in (a, b, result))
        packed = [ttl.CircularBuffer(SHAPE, 1, getattr(ttl, dtype)) for _ in range(2)]

        @ttl.compute()
        def compute():
            with a_cb.wait() as x, b_cb.wait() as y:
                with packed[0].reserve() as p, packed[1].reserve() as q:
                    p.store(x * y)
                    q.store(y)
            with packed[0].wait() as p, packed[1].wait() as q, out_cb.reserve() as z:
                z.store(m.abs(p) + q)

        @ttl.datamovement()
        def read():
            with a_cb.reserve() as x, b_cb.reserve() as y:
                ttl.copy(a, x)
                ttl.copy(b, y)

        @ttl.datamovement()
        def write():
            with out_cb.wait() as z:
                ttl.copy(z, result)

    through_block_floats(x, y, out, time=False)
    expected = np.abs(x.astype(np.float64) * y.astype(np.float64)) + y.astype(np.float64)
    assert relative_error(out, expected) <= tolerance


INTEGERS = {
    "arithmetic": (lambda x, y: x * y - x + 3, lambda x, y: x * y - x + 3),
    "division": (lambda x, y: x // y + x % y, lambda x, y: x // y + x % y),
    "comparison": (
        lambda x, y: m.where(x > y, m.max(x, 7), m.min(y, x)),
        lambda x, y: np.where(x > y, np.maximum(x, 7), y.clip(max=x)),
    ),
    "negation": (lambda x, y: m.abs(-x) + m.relu(y), lambda x, y: x + y),
}


@pytest.mark.parametrize("name", INTEGERS)
def test_int32(rng, name):
    function, reference = INTEGERS[name]
    x, y = (tensor(rng, SHAPE, np.int32) for _ in range(2))
    check(lambda x, y, w: function(x, y), reference, [x, y], tolerance=0)


@pytest.mark.parametrize("dtype", [np.uint32, np.uint16])
def test_unsigned_integers(rng, dtype):
    x, y = (tensor(rng, SHAPE, dtype) for _ in range(2))
    check(lambda x, y, w: m.max(x, y) + x * y, lambda x, y: np.maximum(x, y) + x * y, [x, y], tolerance=0)


def test_integers_meet_floats(rng):
    x, y = tensor(rng, SHAPE, np.int32), tensor(rng, SHAPE, F32)
    check(lambda x, y, w: x + y, lambda x, y: x + y, [x, y], dtypes=[F32])
    check(lambda x, y, w: m.typecast(y * 8.0, ttl.int32), lambda x, y: np.trunc(y * 8), [x, y], tolerance=0)


def test_typecast(rng):
    x = tensor(rng, SHAPE, F32, 0.1, 4)
    check(lambda x, y, w: m.typecast(m.sqrt(x), ttl.bfloat16), np.sqrt, [x], dtypes=[BF16])
    check(lambda x, y, w: m.typecast(x, ttl.float16) * 2.0, lambda x: 2 * x, [x], tolerance=2e-3)


def test_function_that_integers_lack_is_refused(rng):
    x = tensor(rng, SHAPE, np.int32)
    with pytest.raises(ttl.CompileError, match="no 'exp' of int32"):
        check(lambda x, y, w: m.exp(x), np.exp, [x])
