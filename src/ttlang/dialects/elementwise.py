# SPDX-License-Identifier: Apache-2.0
"""The table of elementwise functions of the language: one row makes one `ttl.block_*` op.

What a row lowers to stands under the same name in `ttlang.dialects.op_table`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Elementwise:
    """A function of tiles, applied datum by datum.

    `name` is the language's; `parameters` are compile-time floats, in order; `predicate` functions yield 1.0 or 0.0.
    """

    name: str
    arity: int
    summary: str
    parameters: tuple[str, ...] = ()
    predicate: bool = False
    symbol: str = ""  # the operator in Python, under which the op table lists the function

    @property
    def table_name(self) -> str:
        """The function's name in `ttlang.dialects.op_table`."""
        return self.symbol or self.name

    @property
    def op_name(self) -> str:
        return f"ttl.block_{self.name}"


def _unary(summaries: dict[str, str]) -> list[Elementwise]:
    return [Elementwise(name, 1, summary) for name, summary in summaries.items()]


ELEMENTWISE: tuple[Elementwise, ...] = (
    Elementwise("add", 2, "lhs + rhs", symbol="+"),
    Elementwise("sub", 2, "lhs - rhs", symbol="-"),
    Elementwise("rsub", 2, "rhs - lhs"),
    Elementwise("mul", 2, "lhs * rhs", symbol="*"),
    Elementwise("div", 2, "lhs / rhs", symbol="/"),
    Elementwise("floordiv", 2, "floor(lhs / rhs)", symbol="//"),
    Elementwise("mod", 2, "lhs - floor(lhs / rhs) * rhs", symbol="%"),
    Elementwise("pow", 2, "lhs to the power of rhs", symbol="**"),
    Elementwise("max", 2, "the greater of lhs and rhs"),
    Elementwise("min", 2, "the lesser of lhs and rhs"),
    Elementwise("lt", 2, "1.0 where lhs < rhs", predicate=True, symbol="<"),
    Elementwise("le", 2, "1.0 where lhs <= rhs", predicate=True, symbol="<="),
    Elementwise("gt", 2, "1.0 where lhs > rhs", predicate=True, symbol=">"),
    Elementwise("ge", 2, "1.0 where lhs >= rhs", predicate=True, symbol=">="),
    Elementwise("eq", 2, "1.0 where lhs equals rhs", predicate=True, symbol="=="),
    Elementwise("ne", 2, "1.0 where lhs differs from rhs", predicate=True, symbol="!="),
    Elementwise("where", 3, "second operand where the first is not 0, else the third"),
    Elementwise("mask", 2, "lhs where rhs is not 0, else 0"),
    *_unary(
        {
            "abs": "magnitude",
            "sign": "-1, 0 or 1",
            "square": "x * x",
            "exp": "e to the power of x",
            "exp2": "2 to the power of x",
            "expm1": "exp(x) - 1",
            "log": "natural logarithm",
            "log2": "logarithm to base 2",
            "log10": "logarithm to base 10",
            "log1p": "log(1 + x)",
            "sqrt": "square root",
            "rsqrt": "1 / sqrt(x)",
            "cbrt": "cube root",
            "recip": "1 / x",
            "floor": "round down",
            "ceil": "round up",
            "round": "round to nearest, ties to even",
            "trunc": "round towards 0",
            "frac": "x - trunc(x)",
            "sin": "sine",
            "cos": "cosine",
            "tan": "tangent",
            "asin": "inverse sine",
            "acos": "inverse cosine",
            "atan": "inverse tangent",
            "sinh": "hyperbolic sine",
            "cosh": "hyperbolic cosine",
            "tanh": "hyperbolic tangent",
            "asinh": "inverse hyperbolic sine",
            "acosh": "inverse hyperbolic cosine",
            "atanh": "inverse hyperbolic tangent",
            "erf": "error function",
            "erfc": "1 - erf(x)",
            "erfinv": "inverse of erf",
            "relu": "max(x, 0)",
            "gelu": "x * Phi(x)",
            "silu": "x * sigmoid(x)",
            "sigmoid": "1 / (1 + exp(-x))",
            "hardsigmoid": "clamp(x / 6 + 1/2, 0, 1)",
            "softsign": "x / (1 + |x|)",
            "tanhshrink": "x - tanh(x)",
            "selu": "scaled exponential linear unit",
        }
    ),
    Elementwise("neg", 1, "negation", symbol="unary -"),
    Elementwise("signbit", 1, "1.0 where the sign bit is set", predicate=True),
    Elementwise("logical_not", 1, "1.0 where x is 0", predicate=True),
    Elementwise("isnan", 1, "1.0 where x is not a number", predicate=True),
    Elementwise("isinf", 1, "1.0 where x is infinite", predicate=True),
    Elementwise("isfinite", 1, "1.0 where x is finite", predicate=True),
    Elementwise("relu_max", 1, "min(max(x, 0), upper)", ("upper",)),
    Elementwise("relu_min", 1, "max(x, lower)", ("lower",)),
    Elementwise("leaky_relu", 1, "x where x > 0, else slope * x", ("slope",)),
    Elementwise("prelu", 1, "x where x > 0, else weight * x", ("weight",)),
    Elementwise("elu", 1, "x where x > 0, else alpha * (exp(x) - 1)", ("alpha",)),
    Elementwise("celu", 1, "max(x, 0) + min(0, alpha * (exp(x / alpha) - 1))", ("alpha",)),
    Elementwise("hardtanh", 1, "clamp(x, lower, upper)", ("lower", "upper")),
    Elementwise("clamp", 1, "x limited to [lower, upper]", ("lower", "upper")),
    Elementwise(
        "softplus", 1, "log(1 + exp(beta * x)) / beta; x where beta * x > threshold", ("beta", "threshold")
    ),
    Elementwise("threshold", 1, "x where x > threshold, else value", ("threshold", "value")),
)
BY_NAME = {row.name: row for row in ELEMENTWISE}
