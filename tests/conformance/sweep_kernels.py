# SPDX-License-Identifier: Apache-2.0
"""A kernel for every operation of the language and every data type, for the recorder: named on its command line.

A form is compiled or refused with a message; which, the language's own tests say. Blocks are of one tile.
"""

from collections.abc import Callable, Iterator

import pytest

import ttlang as ttl
from ttlang.diagnostics import CompileError
from ttlang.dialects.elementwise import ELEMENTWISE, Elementwise

DTYPES = (
    "bfloat16", "float32", "float16", "bfloat8_b", "bfloat4_b", "int32", "uint32", "uint16", "uint8",
)  # fmt: skip
INTEGERS = ("int32", "uint32", "uint16", "uint8")
PARAMETERS = {
    "hardtanh": (-0.5, 0.5),
    "clamp": (-0.5, 0.5),
    "softplus": (1.0, 20.0),
    "threshold": (0.5, 0.25),
}
DIMS = ([0], [1], [0, 1])
SCALARS = ("+", "-", "*", "/", "//", "%", "**", "max", "min", "<", "<=", ">", ">=", "==", "!=")
REDUCTIONS = ("reduce_sum", "reduce_max", "reduce_min", "reduce_mean")
REPEATED = ("add", "sub", "mul", "div", "max")

m = ttl.math
Form = Callable[..., object]


def elementwise(function: Elementwise, whole: bool) -> Form:
    """Threads call names that they capture: no getattr in them."""
    f = getattr(m, function.name)
    if function.arity == 3:
        return lambda x, y, w, z: f(x, y, w)
    if function.arity == 2:
        return lambda x, y, w, z: f(x, y)
    parameters = PARAMETERS.get(function.name, (0.5,) * len(function.parameters))
    p, q = (*(int(p) or 1 if whole else p for p in parameters), 0, 0)[:2]
    return (
        lambda x, y, w, z: f(x),
        lambda x, y, w, z: f(x, p),
        lambda x, y, w, z: f(x, p, q),
    )[len(parameters)]


def with_scalar(name: str, scalar: float, first: bool) -> Form:
    f = getattr(m, name)
    return (lambda x, y, w, z: f(scalar, x)) if first else (lambda x, y, w, z: f(x, scalar))


def repeated(name: str, dims: list[int]) -> Form:
    f = getattr(m, name)
    return lambda x, y, w, z: f(x, m.broadcast(y, z, dims=dims))


def reduced(name: str, dims: list[int]) -> Form:
    f = getattr(m, name)
    return lambda x, y, w, z: f(x, y, dims=dims)


def converted(name: str) -> Form:
    dtype = getattr(ttl, name)
    return lambda x, y, w, z: m.typecast(x, dtype)


def forms(dtype: str) -> Iterator[tuple[str, Form]]:
    """Name and function of every form for operands of a type; the function takes three operands and the result's block."""
    whole = dtype in INTEGERS
    scalar = 2 if whole else 1.5
    for function in ELEMENTWISE:
        yield function.name, elementwise(function, whole)
        if function.arity == 2 and function.table_name in SCALARS:
            yield f"{function.name} scalar", with_scalar(function.name, scalar, first=False)
            yield f"scalar {function.name}", with_scalar(function.name, scalar, first=True)
    for dims in DIMS:
        for name in REPEATED:
            yield f"{name} repeated {dims}", repeated(name, dims)
        for name in REDUCTIONS:
            yield f"{name} {dims}", reduced(name, dims)
        yield f"broadcast {dims}", lambda x, y, w, z, d=dims: m.broadcast(x, z, dims=d)
    yield "matmul", lambda x, y, w, z: x @ y
    yield "matmul sum", lambda x, y, w, z: x @ y + w
    yield "transpose", lambda x, y, w, z: m.transpose(x)
    yield "fill", lambda x, y, w, z: m.fill(scalar)
    yield "copy", lambda x, y, w, z: x
    yield "chain", lambda x, y, w, z: (x + y) * w - x


CASES = [(dtype, dtype, name, form) for dtype in DTYPES for name, form in forms(dtype)] + [
    (dtype, other, "typecast", converted(other)) for dtype in DTYPES for other in DTYPES if dtype != other
]


def kernel_of(form: Form) -> object:
    @ttl.kernel(grid=(1, 1))
    def form_of(a, b, c, out):
        a_cb, b_cb, c_cb, out_cb = (
            ttl.make_circular_buffer_like(t, shape=(1, 1), buffer_factor=1) for t in (a, b, c, out)
        )

        @ttl.compute()
        def compute():
            with a_cb.wait() as x, b_cb.wait() as y, c_cb.wait() as w, out_cb.reserve() as z:
                z.store(form(x, y, w, z))

        @ttl.datamovement()
        def read():
            with a_cb.reserve() as x, b_cb.reserve() as y, c_cb.reserve() as w:
                ttl.copy(a, x)
                ttl.copy(b, y)
                ttl.copy(c, w)

        @ttl.datamovement()
        def write():
            with out_cb.wait() as z:
                ttl.copy(z, out)

    return form_of


@pytest.mark.parametrize(
    ("dtype", "result", "form"),
    [(dtype, result, form) for dtype, result, _, form in CASES],
    ids=[f"{name} {dtype} {result}" for dtype, result, name, _ in CASES],
)
def test_form(dtype, result, form):
    zeros = [[0] * 32] * 32
    tensors = [ttl.tensor(zeros, dtype=dtype) for _ in range(3)]
    try:
        kernel_of(form).compile(*tensors, ttl.tensor(zeros, dtype=result))
    except CompileError as error:
        assert str(error).startswith("error: ")
