# SPDX-License-Identifier: Apache-2.0
"""Kernels made at random: their source, and what they have to compute.

A `Case` says all about one kernel. `Case.source` is its text; `Case.expected` evaluates the same expressions with `Value`,
which computes in float64 and carries along, datum by datum, how far the kernel may be off:

- an operation adds one unit of its type, relative to its result (`UNIT`; 16-bit registers cut off, hence a whole 2**-7 for
  bfloat16), and 2**-9 of its operands where float32 passes the matrix unit, which holds TF32; a float32 input of a kernel that
  uses the matrix unit anywhere may be TF32 everywhere;
- the errors of its operands are amplified as the operation amplifies them: it is evaluated at all corners of the box that they
  span, so that a comparison or a rounding near its threshold is known to be undecided;
- sums add the errors of their terms, and a unit of the sum of magnitudes for the accumulation.

A result may differ by twice that. Expressions for which most data would then be arbitrary are not generated.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import ml_dtypes
import numpy as np

DTYPES = {"bfloat16": ml_dtypes.bfloat16, "float32": np.float32, "int32": np.int32}
UNIT = {"bfloat16": 2.0**-7, "float32": 2.0**-16, "int32": 0.0}
MATRIX_UNIT = {"bfloat16": 2.0**-7, "float32": 2.0**-9, "int32": 0.0}
FUNCTION_ERROR = 5e-4  # of the hardware's polynomials, absolute, about magnitude 1
MATRIX_UNIT_MARKS = ("@", ".T", "transpose", "reduce_", "typecast")
WIDTH = ("int32", "bfloat16", "float32")  # operands of several types are computed in the last of these
LARGEST = {"bfloat16": 1e5, "float32": 1e6, "int32": 2**30}


def wider(dtypes: Sequence[str]) -> str:
    return max(dtypes, key=WIDTH.index)


class Value:
    """Blocks [turn of a core, row, column], each with a bound of its error. Size 1 repeats, as after a reduction."""

    def __init__(self, exact: np.ndarray, error: np.ndarray | float, dtype: str):
        self.exact = np.asarray(exact, np.float64)
        self.error = np.broadcast_to(np.asarray(error, np.float64), self.exact.shape)
        self.dtype = dtype

    def __neg__(self):
        return apply(np.negative, self)

    def __abs__(self):
        return apply(np.abs, self)

    @property
    def T(self):
        exact = self.exact.swapaxes(1, 2)
        error = self.error.swapaxes(1, 2) + MATRIX_UNIT[self.dtype] * np.abs(exact)
        return Value(exact, error, self.dtype)

    def __matmul__(self, other):
        dtype = wider([self.dtype, other.dtype])
        left, right = np.abs(self.exact), np.abs(other.exact)
        error = (
            self.error @ (right + other.error) + left @ other.error + 2 * MATRIX_UNIT[dtype] * (left @ right)
        )
        return Value(self.exact @ other.exact, error, dtype)


OPERATORS = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "truediv": np.divide,
    "floordiv": lambda x, y: np.floor(x / y),
    "mod": lambda x, y: x - np.floor(x / y) * y,
    "pow": np.power,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
}


def apply(
    function: Callable[..., Any], *operands: Any, dtype: str | None = None, extra: float = 0.0
) -> Value:
    """The function at the operands (blocks and numbers), and its spread over the corners of their errors."""
    blocks = [o for o in operands if isinstance(o, Value)]
    if dtype is None:
        dtype = wider([b.dtype for b in blocks])
        if dtype == "int32" and any(isinstance(o, float) and o != int(o) for o in operands):
            dtype = "float32"
    mixed = len({b.exact.shape for b in blocks}) > 1 or len({b.dtype for b in blocks}) > 1
    centres, errors = [], []
    for operand in operands:
        if not isinstance(operand, Value):
            centres.append(np.float64(operand))
            errors.append(None)
            continue
        loss = MATRIX_UNIT["float32"] if mixed and dtype == "float32" else 0.0
        centres.append(operand.exact)
        error = operand.error + loss * np.abs(operand.exact)
        errors.append(error if error.any() else None)
    exact = np.asarray(function(*centres), np.float64)
    spread = np.zeros(exact.shape)
    for corner in product(*((0,) if e is None else (-1, 0, 1) for e in errors)):
        if any(corner):
            moved = [c if e is None else c + s * e for c, e, s in zip(centres, errors, corner, strict=True)]
            spread = np.maximum(spread, np.abs(np.asarray(function(*moved), np.float64) - exact))
    return Value(exact, spread + UNIT[dtype] * np.abs(exact) + extra * np.maximum(1, np.abs(exact)), dtype)


def _operator(name: str, function: Callable[..., Any]) -> None:
    kind = "float32" if name == "truediv" else None

    def both(x: Value, y: Any, reverse: bool = False) -> Value:
        blocks = [o for o in (x, y) if isinstance(o, Value)]
        dtype = kind if all(b.dtype == "int32" for b in blocks) else None
        return apply(function, *((y, x) if reverse else (x, y)), dtype=dtype)

    setattr(Value, f"__{name}__", both)
    setattr(Value, f"__r{name}__", lambda x, y: both(x, y, True))


for _name, _function in OPERATORS.items():
    _operator(_name, _function)


class ReferenceMath:
    """`ttl.math` on values."""

    max = staticmethod(lambda x, y: apply(np.maximum, x, y))
    min = staticmethod(lambda x, y: apply(np.minimum, x, y))
    clamp = staticmethod(lambda x, low, high: apply(lambda v: np.clip(v, low, high), x))
    leaky_relu = staticmethod(lambda x, slope: apply(lambda v: np.where(v > 0, v, slope * v), x))
    transpose = staticmethod(lambda x: x.T)

    @staticmethod
    def where(condition: Value, yes: Any, no: Any) -> Value:
        """Both results are possible where the condition may be 0 or not."""
        dtype = wider([o.dtype for o in (yes, no) if isinstance(o, Value)])
        value = apply(lambda c, y, n: np.where(c != 0, y, n), condition, yes, no, dtype=dtype)
        centres = [o.exact if isinstance(o, Value) else o for o in (yes, no)]
        undecided = (condition.error > 0) & (condition.error >= np.abs(condition.exact))
        return Value(value.exact, value.error + undecided * np.abs(centres[0] - centres[1]), dtype)

    @staticmethod
    def typecast(x: Value, dtype: str) -> Value:
        return stored(x, dtype)


FUNCTIONS = {
    "abs": np.abs,
    "neg": np.negative,
    "square": np.square,
    "sign": np.sign,
    "relu": lambda x: np.maximum(x, 0),
    "floor": np.floor,
    "ceil": np.ceil,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "recip": lambda x: 1 / x,
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "sin": np.sin,
    "cos": np.cos,
    "softsign": lambda x: x / (1 + np.abs(x)),
}
EXACT = ("abs", "neg", "square", "sign", "relu", "floor", "ceil")


def _reduction(kind: str) -> Callable[..., Value]:
    def reduce(x: Value, dims: Sequence[int]) -> Value:
        axes = tuple(-2 + d % 2 for d in dims)
        dtype = "float32" if kind == "mean" and x.dtype == "int32" else x.dtype
        exact = getattr(np, kind)(x.exact, axis=axes, keepdims=True)
        count = np.prod([x.exact.shape[a] for a in axes]) if kind == "mean" else 1
        if kind in ("max", "min"):
            error = x.error.max(axis=axes, keepdims=True) + MATRIX_UNIT[dtype] * np.abs(exact)
        else:
            magnitudes = np.abs(x.exact).sum(axis=axes, keepdims=True)
            error = (x.error.sum(axis=axes, keepdims=True) + 2 * MATRIX_UNIT[dtype] * magnitudes) / count
        return Value(exact, error, dtype)

    return reduce


for _name, _function in FUNCTIONS.items():
    _extra = 0.0 if _name in EXACT else FUNCTION_ERROR
    setattr(ReferenceMath, _name, staticmethod(lambda x, f=_function, e=_extra: apply(f, x, extra=e)))
for _name in ("sum", "max", "min", "mean"):
    setattr(ReferenceMath, f"reduce_{_name}", staticmethod(_reduction(_name)))


class _Types:
    """What stands for `ttl` in expressions."""

    bfloat16, float32, int32 = "bfloat16", "float32", "int32"


def stored(value: Value, dtype: str) -> Value:
    """The value converted to a type: integers are cut off."""
    if dtype == "int32" and value.dtype != "int32":
        return apply(np.trunc, value, dtype=dtype)
    return apply(lambda x: x, value, dtype=dtype)


def choice(condition: np.ndarray, yes: Value, no: Value) -> Value:
    """Turns of `yes` where the condition [turn] holds, of `no` elsewhere."""
    exact, error, other, slack = np.broadcast_arrays(yes.exact, yes.error, no.exact, no.error)
    mask = condition[:, None, None]
    return Value(np.where(mask, exact, other), np.where(mask, error, slack), wider([yes.dtype, no.dtype]))


def evaluate(text: str, names: dict[str, Any]) -> Value:
    """The value of an expression of the language."""
    with np.errstate(all="ignore"):
        value = eval(text, {"m": ReferenceMath, "ttl": _Types, **names})
    assert isinstance(value, Value), text
    return value


@dataclass(frozen=True)
class Input:
    """`shape` in tiles; data are uniform in [low, high)."""

    shape: tuple[int, int]
    dtype: str
    low: float
    high: float
    buffer_factor: int


def from_record(record: dict[str, Any]) -> "Case":
    """The case that `dataclasses.asdict` made the record of, read from JSON."""
    lists = {name: tuple(value) if isinstance(value, list) else value for name, value in record.items()}
    inputs = tuple(Input(**{**spec, "shape": tuple(spec["shape"])}) for spec in record["inputs"])
    return Case(**{**lists, "inputs": inputs})


@dataclass(frozen=True)
class Case:
    """A kernel of inputs a, b, c and `len(outputs)` outputs, with `turns` blocks of each input on each core."""

    inputs: tuple[Input, ...]
    outputs: tuple[str, ...]
    form: str
    expressions: tuple[str, ...]
    grid: tuple[int, int] = (1, 1)
    turns: int = 1
    buffer_factor: int = 2
    condition: str = "i == 0"
    options: str = ""

    @property
    def cores(self) -> int:
        return self.grid[0] * self.grid[1]

    @property
    def uses_matrix_unit(self) -> bool:
        """Whether float32 inputs may reach the registers as TF32: their buffers are unpacked for the matrix unit."""
        alike = len({(spec.shape, spec.dtype) for spec in self.inputs}) == 1
        return not alike or any(mark in text for text in self.expressions for mark in MATRIX_UNIT_MARKS)

    def arrays(self) -> list[np.ndarray]:
        """Inputs, blocks one below the other; the same in each run."""
        rng = np.random.default_rng(1)
        arrays = []
        for spec in self.inputs:
            size = (32 * spec.shape[0] * self.turns * self.cores, 32 * spec.shape[1])
            if spec.dtype == "int32":
                arrays.append(rng.integers(int(spec.low), int(spec.high), size, dtype=np.int32))
            else:
                values = rng.uniform(spec.low, spec.high, size).astype(np.float32)
                arrays.append(values.astype(DTYPES[spec.dtype]))
        return arrays

    def names(self) -> dict[str, Any]:
        """What expressions may use: the inputs by name, coordinates and turn by block."""
        full = self.inputs[0].shape
        values: dict[str, Any] = {}
        for name, spec, array in zip("abc", self.inputs, self.arrays(), strict=True):
            blocks = array.astype(np.float64).reshape(-1, 32 * spec.shape[0], 32 * spec.shape[1])
            if (
                spec.shape != full
                and 1 in spec.shape
                and all(s in (1, f) for s, f in zip(spec.shape, full, strict=True))
            ):
                keep = (
                    slice(0, 1) if s == 1 and f > 1 else slice(None)
                    for s, f in zip(spec.shape, full, strict=True)
                )
                blocks = blocks[(slice(None), *keep)]
            loss = MATRIX_UNIT["float32"] if self.uses_matrix_unit and spec.dtype == "float32" else 0.0
            values[name] = Value(blocks, loss * np.abs(blocks), spec.dtype)
        return values

    def mask(self) -> np.ndarray:
        """Where the condition holds, by block."""
        (columns, rows), turns = self.grid, self.turns
        places = product(range(rows), range(columns), range(turns))
        return np.array([bool(eval(self.condition, {"x": x, "y": y, "i": i})) for y, x, i in places])

    def expected(self) -> list[Value]:
        """Outputs [block, row, column]."""
        names = self.names()
        values = [evaluate(text, names) for text in self.expressions]
        return [
            stored(FORMS[self.form].reference(self, value, dtype), dtype)
            for value, dtype in zip(grouped(values, self), self.outputs, strict=True)
        ]

    @property
    def source(self) -> str:
        """The script."""
        outputs = [f"out{n}" for n in range(len(self.outputs))]
        form = FORMS[self.form]
        heights = {name: spec.shape[0] for name, spec in zip("abc", self.inputs, strict=True)}
        height, width = self.inputs[0].shape
        lines = [
            "import ttlang as ttl",
            "",
            "m = ttl.math",
            "",
            "",
            f"@ttl.kernel(grid={self.grid}{self.options})",
            f"def k(a_in, b_in, c_in, {', '.join(outputs)}):",
            "    x, y = ttl.core(dims=2)",
            f"    core = y * {self.grid[0]} + x",
        ]
        for name, spec in zip("abc", self.inputs, strict=True):
            lines.append(
                f"    {name}_cb = ttl.make_circular_buffer_like({name}_in, shape={spec.shape}, "
                f"buffer_factor={spec.buffer_factor})"
            )
        for name in outputs:
            lines.append(
                f"    {name}_cb = ttl.make_circular_buffer_like({name}, shape={(height, width)}, "
                f"buffer_factor={self.buffer_factor})"
            )
        lines += ["", "    @ttl.compute()", "    def compute():"]
        lines += [" " * 8 + line for line in form.body(self)]
        lines += ["", "    @ttl.datamovement()", "    def read():", f"        for i in range({self.turns}):"]
        lines.append(f"            n = core * {self.turns} + i")
        for name, h in heights.items():
            lines.append(f"            with {name}_cb.reserve() as block:")
            lines.append(f"                ttl.copy({name}_in[n * {h} : n * {h} + {h}, :], block)")
        results = 1 if form.once else self.turns
        lines += ["", "    @ttl.datamovement()", "    def write():", f"        for i in range({results}):"]
        lines.append(f"            n = core * {results} + i")
        for name in outputs:
            lines.append(f"            with {name}_cb.wait() as block:")
            lines.append(
                f"                ttl.copy(block, {name}[n * {height} : n * {height} + {height}, :])"
            )
        return "\n".join(lines) + "\n"

    def result_arrays(self) -> list[np.ndarray]:
        """Outputs before the run, which are not what any kernel computes."""
        height, width = self.inputs[0].shape
        blocks = self.cores * (1 if FORMS[self.form].once else self.turns)
        return [np.full((32 * height * blocks, 32 * width), 77, DTYPES[d]) for d in self.outputs]


@dataclass(frozen=True)
class Form:
    """How a compute thread is built: its lines, and the value of an output given those of its expressions and its type."""

    body: Callable[[Case], list[str]]
    reference: Callable[[Case, list[Value], str], Value]
    expressions: int = 1  # for each output
    once: bool = False  # one block of output from each core, instead of one each turn


def grouped(values: list[Value], case: Case) -> list[list[Value]]:
    size = FORMS[case.form].expressions
    return [values[n : n + size] for n in range(0, len(values), size)]


WAITS = "a_cb.wait() as a, b_cb.wait() as b, c_cb.wait() as c"


def _each_turn(statements: Callable[[str, list[str], Case], list[str]]) -> Callable[[Case], list[str]]:
    """A loop over turns with all blocks in hand."""

    def body(case: Case) -> list[str]:
        outputs = range(len(case.outputs))
        size = FORMS[case.form].expressions
        reserves = "".join(f", out{n}_cb.reserve() as o{n}" for n in outputs)
        lines = [f"for i in range({case.turns}):", f"    with {WAITS}{reserves}:"]
        for n in outputs:
            texts = list(case.expressions[n * size : (n + 1) * size])
            lines += [" " * 8 + line for line in statements(f"o{n}", texts, case)]
        return lines

    return body


def _over_turns(start: str, step: str, end: str) -> Callable[[Case], list[str]]:
    """Statements before, in and after a loop over turns that makes one block."""

    def body(case: Case) -> list[str]:
        outputs = range(len(case.outputs))
        dtype = case.names() if start else {}
        lines = [f"with {', '.join(f'out{n}_cb.reserve() as o{n}' for n in outputs)}:"]
        for n in outputs:
            if start:
                kind = evaluate(case.expressions[n], dtype).dtype
                lines.append(
                    "    "
                    + start.format(
                        n=n, shape=case.inputs[0].shape, dtype=kind, zero="0" if kind == "int32" else "0.0"
                    )
                )
        lines += [f"    for i in range({case.turns}):", f"        with {WAITS}:"]
        lines += [" " * 12 + step.format(n=n, e=case.expressions[n]) for n in outputs]
        lines += ["    " + end.format(n=n) for n in outputs if end]
        return lines

    return body


def _of_turns(value: Value, case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Value and error as [core, turn, row, column]."""
    shape = (case.cores, case.turns, *value.exact.shape[1:])
    return value.exact.reshape(shape), value.error.reshape(shape)


def _sum(case: Case, values: list[Value], dtype: str) -> Value:
    """Over the turns, rounded to the type in each of them."""
    exact, error = _of_turns(values[0], case)
    rounding = case.turns * UNIT[dtype] * (np.abs(exact) + error).sum(1)
    return Value(exact.sum(1), error.sum(1) + rounding, values[0].dtype)


def _accumulated(case: Case, values: list[Value], dtype: str) -> Value:
    """Each turn is converted to the type of the output, then added."""
    return _sum(case, [stored(values[0], dtype)], dtype)


def _carried_sum(case: Case, values: list[Value], dtype: str) -> Value:
    return _sum(case, values, values[0].dtype) * 2


def _carried_max(case: Case, values: list[Value], dtype: str) -> Value:
    exact, error = _of_turns(values[0], case)
    return Value(np.maximum(exact.max(1), 0), error.max(1), values[0].dtype) - 1


def _list_reference(case: Case, values: list[Value], dtype: str) -> Value:
    total = values[0]
    for factor in (2, 1, -1):
        total = total * factor + values[1]
    return total


def _turn(case: Case, values: list[Value], dtype: str) -> Value:
    with np.errstate(all="ignore"):
        return choice(case.mask(), values[0], values[1])


FORMS = {
    "each": Form(_each_turn(lambda o, e, c: [f"{o}.store({e[0]})"]), lambda case, values, dtype: values[0]),
    "branch": Form(
        _each_turn(
            lambda o, e, c: [
                f"if {c.condition}:",
                f"    {o}.store({e[0]})",
                "else:",
                f"    {o}.store({e[1]})",
            ]
        ),
        _turn,
        expressions=2,
    ),
    "chosen value": Form(
        _each_turn(
            lambda o, e, c: [f"v = {e[1]}", f"if {c.condition}:", f"    v = {e[0]}", f"{o}.store(v * 2)"]
        ),
        lambda case, values, dtype: _turn(case, values, dtype) * 2,
        expressions=2,
    ),
    "list": Form(
        _each_turn(
            lambda o, e, c: [
                f"v = {e[0]}",
                "for factor in [2, 1, -1]:",
                f"    v = v * factor + {e[1]}",
                f"{o}.store(v)",
            ]
        ),
        _list_reference,
        expressions=2,
    ),
    "accumulate": Form(_over_turns("", "o{n} += {e}", ""), _accumulated, once=True),
    "carried sum": Form(
        _over_turns(
            "t{n} = m.fill({zero}, shape={shape}, dtype=ttl.{dtype})", "t{n} += {e}", "o{n}.store(t{n} * 2)"
        ),
        _carried_sum,
        once=True,
    ),
    "carried maximum": Form(
        _over_turns(
            "t{n} = m.fill({zero}, shape={shape}, dtype=ttl.{dtype})",
            "t{n} = m.max(t{n}, {e})",
            "o{n}.store(t{n} - 1)",
        ),
        _carried_max,
        once=True,
    ),
}


Choose = Callable[[Sequence[Any]], Any]

# templates of operations; {0}, {1} are operands
ANY_UNARY = ("-{0}", "abs({0})", "m.relu({0})", "m.square({0})", "m.sign({0})", "({0} ** 2)")
FLOAT_UNARY = {
    # with the range in which the function is asked for
    "m.exp({0})": (-6, 3),
    "m.log({0})": (0.2, 1e4),
    "m.sqrt({0})": (0.1, 1e4),
    "m.rsqrt({0})": (0.2, 1e4),
    "m.recip({0})": (0.3, 1e4),
    "m.tanh({0})": (-4, 4),
    "m.sigmoid({0})": (-6, 6),
    "m.silu({0})": (-6, 6),
    "m.sin({0})": (-3, 3),
    "m.cos({0})": (-3, 3),
    "m.softsign({0})": (-30, 30),
    "m.floor({0})": (-1e3, 1e3),
    "m.ceil({0})": (-1e3, 1e3),
    "m.leaky_relu({0}, 0.25)": (-1e3, 1e3),
    "m.clamp({0}, -1.5, 1.0)": (-1e4, 1e4),
}
SCALARS = (
    "({0} + 2)",
    "(1 - {0})",
    "({0} * 3)",
    "(2 * {0})",
    "({0} - 1.5)",
    "(0.5 * {0})",
    "({0} / 4)",
    "(-1.25 - {0})",
)
BINARY = (
    *("({0} + {1})", "({0} - {1})", "({0} * {1})", "m.max({0}, {1})", "m.min({0}, {1})"),
    *("({0} < {1})", "({0} >= {1})", "m.where({0} > {1}, {0}, {1} + 1)", "m.where({1} > 0.5, {0}, {1})"),
    *("m.where({0} <= {1}, 2 * {1}, {0})", "({0} / (abs({1}) + 1))"),
)
INTEGER_BINARY = ("({0} // (abs({1}) + 1))", "({0} % (abs({1}) + 3))", "({0} == {1})")
REDUCTIONS = tuple(
    f"m.reduce_{kind}({{0}}, dims={dims})"
    for kind in ("sum", "max", "mean", "min")
    for dims in ("[0]", "[1]", "[0, 1]")
)


@dataclass(frozen=True)
class Operand:
    text: str
    value: Value
    size: int = 1  # operations in it


class ExpressionMaker:
    """Grows expressions from the inputs of a case, one operation at a time."""

    def __init__(self, choose: Choose, names: dict[str, Value], full: tuple[int, int]):
        self.choose = choose
        self.leaves = [Operand(name, value) for name, value in names.items()]
        self.full = (32 * full[0], 32 * full[1])

    def make(self, operations: int) -> Operand:
        pool = list(self.leaves)
        for _ in range(operations):
            first = self.choose([pool[-1], *pool])
            grown = self._grow(first, self.choose(pool))
            if grown is not None and _useful(grown.value) and grown.size <= 12:
                pool.append(grown)
        return self._whole(pool[-1])

    def _grow(self, x: Operand, y: Operand) -> Operand | None:
        kind = self.choose(
            ("unary", "unary", "scalar", "binary", "binary", "binary", "reduce", "reshape", "cast")
        )
        return getattr(self, f"_{kind}")(x, y)

    def _apply(self, template: str, *operands: Operand) -> Operand:
        value = evaluate(
            template.format("p", "q"), dict(zip("pq", (o.value for o in operands), strict=False))
        )
        text = template.format(*(o.text for o in operands))
        return Operand(text, value, 1 + sum(o.size for o in operands))

    def _unary(self, x: Operand, y: Operand) -> Operand:
        template = self.choose(ANY_UNARY if x.value.dtype == "int32" else (*ANY_UNARY, *FLOAT_UNARY))
        low, high = FLOAT_UNARY.get(template, (-1e4, 1e4))
        if (x.value.exact - x.value.error).min() < low or (x.value.exact + x.value.error).max() > high:
            inside = f"m.clamp({{0}}, {float(low)}, {float(high)})" if low < 0 else "(abs({0}) + 0.5)"
            x = self._apply(inside, x)
        return self._apply(template, x)

    def _scalar(self, x: Operand, y: Operand) -> Operand:
        return self._apply(self.choose(SCALARS), x)

    def _binary(self, x: Operand, y: Operand) -> Operand | None:
        sizes = zip(x.value.exact.shape, y.value.exact.shape, strict=True)
        if any(a != b and 1 not in (a, b) for a, b in sizes):
            return self._product(x, y)
        integers = x.value.dtype == y.value.dtype == "int32"
        return self._apply(self.choose((*BINARY, *INTEGER_BINARY) if integers else BINARY), x, y)

    def _product(self, x: Operand, y: Operand) -> Operand | None:
        """A matrix product, of what is whole and float."""
        for left, right in ((x, y), (y, x)):
            (_, rows, depth), (_, inner, columns) = left.value.exact.shape, right.value.exact.shape
            if (
                depth == inner
                and 1 not in (rows, depth, columns)
                and "int32" not in (x.value.dtype, y.value.dtype)
            ):
                return self._apply("({0} @ {1})", left, right)
        return None

    def _reduce(self, x: Operand, y: Operand) -> Operand | None:
        template = self.choose(REDUCTIONS)
        dims = [d for d in (0, 1) if str(d) in template]
        if any(x.value.exact.shape[1 + d] == 1 for d in dims):
            return None
        return self._apply(template, x)

    def _reshape(self, x: Operand, y: Operand) -> Operand | None:
        """A transpose shows datums of a block beside those that repeat, which a value of size 1 does not have."""
        product = self._product(x, y)
        if product is not None or self._repeats(x):
            return product
        return self._apply(self.choose(("{0}.T", "m.transpose({0})")), x)

    def _repeats(self, x: Operand) -> bool:
        """Whether an input of which one row or column repeats is in an operand."""
        return any(
            1 in leaf.value.exact.shape[1:] and re.search(rf"\b{leaf.text}\b", x.text) for leaf in self.leaves
        )

    def _cast(self, x: Operand, y: Operand) -> Operand:
        return self._apply(f"m.typecast({{0}}, ttl.{self.choose(tuple(DTYPES))})", x)

    def _whole(self, x: Operand) -> Operand:
        """An operand of the size of the outputs."""
        size = x.value.exact.shape[1:]
        if size == self.full:
            return x
        first = self.leaves[0]
        if size == self.full[::-1] and 1 not in size:
            return self._apply("{0}.T", x)
        if all(a in (1, b) for a, b in zip(size, self.full, strict=True)):
            return self._apply(self.choose(("({0} + {1})", "({1} - {0})")), x, first)
        return first


def _useful(value: Value) -> bool:
    """Finite, in range, and known well enough that a wrong result would show."""
    if not np.isfinite(value.exact).all() or not np.isfinite(value.error).all():
        return False
    if np.abs(value.exact).max() > LARGEST[value.dtype]:
        return False
    scale = max(float(np.sqrt(np.mean(value.exact**2))), 1e-2)
    return bool(np.quantile(value.error, 0.9) <= 0.15 * scale and value.error.max() <= 3 * scale)


RANGES = {
    "int32": ((-50, 50), (1, 60), (-4, 5)),
    "float": ((-2.0, 2.0), (0.25, 2.0), (0.5, 4.0), (-0.5, 0.5)),
}
CONDITIONS = ("x == 0", "y == 0", "i % 2 == 0", "x + i > 1", "0 < i < 3", "i == 0 and x == 0", "x == y")


def make_case(choose: Choose) -> Case:
    """A kernel; `choose` picks one of a sequence."""
    grid = choose(((1, 1), (1, 1), (2, 1), (2, 2)))
    height, width = full = choose(((1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (1, 3)))
    third = choose((full, (1, width), (height, 1), (1, 1), (width, height), (width, width), (height, height)))
    common = choose((*DTYPES, None, None))
    inputs = []
    for shape in (full, full, third):
        dtype = common or choose(tuple(DTYPES))
        low, high = choose(RANGES["int32" if dtype == "int32" else "float"])
        inputs.append(Input(shape, dtype, low, high, choose((2, 1, 3))))
    form = choose(("each", "each", *FORMS))
    case = Case(
        inputs=tuple(inputs),
        outputs=(),
        form=form,
        expressions=(),
        grid=grid,
        turns=choose((1, 2) if grid == (2, 2) else (1, 2, 3)),
        buffer_factor=choose((2, 1, 3)),
        condition=choose(CONDITIONS),
        options=choose(("", "", "", ", fp32_dest_acc=True", ", dst_full_sync=True")),
    )
    maker = ExpressionMaker(choose, case.names(), full)
    outputs, expressions = [], []
    for _ in range(choose((1, 2))):
        made = [maker.make(choose((2, 3, 4, 5, 6))) for _ in range(FORMS[form].expressions)]
        if form == "chosen value" and made[0].value.dtype != made[1].value.dtype:
            made[1] = maker._apply(f"m.typecast({{0}}, ttl.{made[0].value.dtype})", made[1])
        natural = made[0].value.dtype
        outputs.append(choose((natural, natural, "float32", "bfloat16", "int32")))
        expressions += [operand.text for operand in made]
    return Case(**{**case.__dict__, "outputs": tuple(outputs), "expressions": tuple(expressions)})
