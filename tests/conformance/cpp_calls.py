# SPDX-License-Identifier: Apache-2.0
"""The calls of a kernel's C++ in order, in a form that does not depend on who wrote the text.

Variables are replaced by what they stand for, casts are dropped and integer arithmetic is folded, so that two
texts that make the same calls with the same arguments give equal lists. Values that change appear as `var`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<string>"(?:[^"\\]|\\.)*")
    |(?P<number>0[xX][0-9a-fA-F]+[uU]?|\d+\.\d*(?:[eE][-+]?\d+)?f?|\d+(?:[eE][-+]?\d+)?[uUlf]*)
    |(?P<name>[A-Za-z_][\w]*(?:::[A-Za-z_]\w*)*)
    |(?P<op><<|>>|<=|>=|==|!=|&&|\|\||\+=|->|[-+*/%&|^!?:=<>(){}\[\],.;~])
    )""",
    re.VERBOSE,
)
_LEVELS = {
    "?": 1, "||": 2, "&&": 3, "|": 4, "^": 5, "&": 6, "==": 7, "!=": 7, "<": 8, ">": 8, "<=": 8, ">=": 8,
    "<<": 9, ">>": 9, "+": 10, "-": 10, "*": 11, "/": 11, "%": 11,
}  # fmt: skip
_TYPES = {
    "auto", "bool", "const", "constexpr", "float", "int8_t", "int16_t", "int32_t", "int64_t", "ptrdiff_t",
    "size_t", "uint8_t", "uint16_t", "uint32_t", "uint64_t", "volatile", "tt_l1_ptr", "DataFormat",
    "TensorAccessor", "unsigned", "experimental::CircularBuffer",
}  # fmt: skip
_ALIASES = {
    # the real translator: ours
    "experimental::semaphore_wait": "noc_semaphore_wait",
    "experimental::semaphore_wait_min": "noc_semaphore_wait_min",
    "experimental::get_noc_multicast_addr": "noc_rectangle_addr",
    "llk_pack_reconfig_l1_acc": "pack_reconfig_l1_acc",
    "wait_front": "cb_wait_front",
    "pop_front": "cb_pop_front",
    "reserve_back": "cb_reserve_back",
    "push_back": "cb_push_back",
}
"""Calls that the real translator writes in another form; the functions do the same."""
_ENUMERATORS = {name: f"EltwiseBinaryType::{name}" for name in ("ELWADD", "ELWSUB", "ELWMUL")}


def calls(source: str) -> list[str]:
    """Calls and control flow of `kernel_main`, one line each."""
    body = source[source.index("void kernel_main()") :]
    body = re.sub(r"//[^\n]*|/\*.*?\*/", "", body, flags=re.DOTALL)
    reader = _Reader(_tokens(body[body.index("{") + 1 : body.rindex("}")]))
    reader.statements()
    return reader.events


def _tokens(text: str) -> list[str]:
    tokens, position = [], 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"cannot read C++ at {text[position : position + 40]!r}")
        tokens.append(match[0].strip())
        position = match.end()
    return tokens


@dataclass
class _Reader:
    tokens: list[str]
    position: int = 0
    values: dict[str, object] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)
    depth: int = 0

    def peek(self, ahead: int = 0) -> str:
        index = self.position + ahead
        return self.tokens[index] if index < len(self.tokens) else ""

    def take(self, expected: str | None = None) -> str:
        token = self.peek()
        if expected is not None and token != expected:
            raise ValueError(
                f"expected {expected!r}, got {token!r} near {' '.join(self.tokens[self.position - 8 :][:16])}"
            )
        self.position += 1
        return token

    # statements

    def statements(self) -> None:
        while self.peek() and self.peek() != "}":
            self.statement()

    def block(self) -> None:
        if self.peek() != "{":
            self.statement()
            return
        self.take("{")
        self.statements()
        self.take("}")

    def statement(self) -> None:
        token = self.peek()
        if token == "{":
            self.block()
        elif token == "for":
            self.for_loop()
        elif token == "if":
            self.take()
            self.take("(")
            self.events.append(f"if {_text(self.expression())}")
            self.take(")")
            self.branch()
        elif token in ("while", "do"):
            self.test_loop(token)
        elif token in ("return", "break"):
            if self.take() == "break":
                self.events.append("break")
            self.take(";")
        elif token in _TYPES:
            self.declaration()
        elif self.peek(1) == "=":
            self.values[self.take()] = ("var",)
            self.take("=")
            self.expression()
            self.take(";")
        else:
            self.call_statement()

    def branch(self) -> None:
        self.block()
        if self.events[-1] == "break":  # leaving a loop is its test
            del self.events[-2:]
            return
        if self.peek() == "else":
            self.take()
            self.events.append("else")
            self.block()
        self.events.append("end")

    def for_loop(self) -> None:
        self.take("for")
        self.take("(")
        while self.peek() in _TYPES:
            self.take()
        name = self.take()
        self.take("=")
        lower = self.expression()
        self.take(";")
        self.values[name] = ("loop", self.depth)
        self.take(name)
        self.take("<")
        upper = self.expression()
        self.take(";")
        self.take(name)
        self.take("+=")
        step = self.expression()
        self.take(")")
        self.events.append(f"for {_text(lower)} {_text(upper)} {_text(step)}")
        self.depth += 1
        self.block()
        self.depth -= 1
        self.events.append("end")

    def test_loop(self, kind: str) -> None:
        """`do` and `while` alike: only what is called inside is compared."""
        self.take()
        self.events.append("loop")
        if kind == "while":
            self.take("(")
            self.expression()
            self.take(")")
            self.block()
        else:
            start = len(self.events)
            self.block()
            self._drop_test(start)
            self.take("while")
            self.take("(")
            self.expression()
            self.take(")")
            self.take(";")
        self.events.append("end")

    def _drop_test(self, start: int) -> None:
        """Of a `do` loop whose last statement is `if (test) {...}`: leaves what is inside."""
        depth = 0
        for i in range(len(self.events) - 1, start - 1, -1):
            event = self.events[i]
            depth += (event == "end") - event.startswith(("if ", "for ", "loop"))
            if depth == 0:
                if event.startswith("if ") and self.events[-1] == "end" and i < len(self.events) - 1:
                    del self.events[-1], self.events[i]
                return

    def declaration(self) -> None:
        while self.peek() in _TYPES or self.peek() == "*":
            self.take()
        name = self.take()
        if self.peek() == "(":  # a circular buffer object
            self.take()
            self.values[name] = self.expression()
            self.take(")")
        elif self.peek() == "=":
            self.take()
            value = self.expression()
            self.values[name] = ("var",) if name in self.assigned() else value
        else:
            self.values[name] = ("var",)
        self.take(";")

    def assigned(self) -> set[str]:
        """Variables that are assigned to somewhere."""
        return {
            name
            for before, name, after in zip(self.tokens, self.tokens[1:], self.tokens[2:], strict=False)
            if after == "=" and before in (";", "{", "}") and re.match(r"[A-Za-z_]", name)
        }

    def call_statement(self) -> None:
        value = self.expression()
        while self.peek() in ("<<", "="):  # a store to L1
            self.take()
            value = ("store", value, self.expression())
        self.take(";")
        text = _text(value)
        if text != "":
            self.events.append(text)

    # expressions: tuples (kind, parts...)

    def expression(self, minimum: int = 1) -> object:
        left = self.unary()
        while True:
            operator = self.peek()
            level = _LEVELS.get(operator, 0)
            if level < minimum:
                return left
            self.take()
            if operator == "?":
                middle = self.expression()
                self.take(":")
                left = ("?:", left, middle, self.expression(1))
            else:
                left = _fold(operator, left, self.expression(level + 1))

    def unary(self) -> object:
        token = self.peek()
        if token in ("-", "!", "+"):
            self.take()
            operand = self.unary()
            return _fold("-", 0, operand) if token == "-" else (token, operand)
        return self.postfix(self.primary())

    def primary(self) -> object:
        token = self.take()
        if token == "(":
            if self.is_cast():
                while self.take() != ")":
                    pass
                return self.unary()
            value = self.expression()
            self.take(")")
            return value
        if token[0].isdigit():
            return _number(token)
        if token[0] == '"':
            return token
        template = self.template_args()
        if token in ("static_cast", "reinterpret_cast"):
            self.take("(")
            value = self.expression()
            self.take(")")
            return ("pointer", value) if token == "reinterpret_cast" else value
        if self.peek() == "(":
            return self.call(token, template, [])
        if token in ("true", "false"):
            return int(token == "true")
        return self.values.get(token, _ENUMERATORS.get(token, token))

    def is_cast(self) -> bool:
        words = []
        for ahead in range(4):
            token = self.peek(ahead)
            if token == ")":
                return bool(words) and all(word in _TYPES or word == "*" for word in words)
            words.append(token)
        return False

    def template_args(self) -> str:
        """`<...>` directly after a name and before `(`, as text with names replaced."""
        if self.peek() != "<":
            return ""
        depth, end = 0, self.position
        while end < len(self.tokens):
            token = self.tokens[end]
            if token in (";", "{", "}"):
                return ""
            depth += {"<": 1, ">": -1, ">>": -2}.get(token, 0)
            end += 1
            if depth == 0:
                break
        if self.tokens[end : end + 1] != ["("]:
            return ""
        inside = _Reader(self.tokens[self.position + 1 : end - 1], values=self.values)
        parts = []
        while inside.peek():
            if inside.peek() in _TYPES:
                words = []
                while inside.peek() not in ("", ","):
                    words.append(inside.take())
                parts.append(" ".join(words))
            else:
                parts.append(_text(inside.expression()))
            if inside.peek():
                inside.take(",")
        self.position = end
        return f"<{','.join(parts)}>"

    def call(self, name: str, template: str, args: list[object]) -> object:
        self.take("(")
        while self.peek() != ")":
            args.append(self.expression())
            if self.peek() == ",":
                self.take()
        self.take(")")
        if name in ("PACK", "MATH", "UNPACK"):
            return args[0]
        return ("call", _ALIASES.get(name, name) + template, *args)

    def postfix(self, value: object) -> object:
        while True:
            if self.peek() == ".":
                self.take()
                name = self.take()
                value = self.call(name, "", [value]) if self.peek() == "(" else (".", value, name)
            elif self.peek() == "[":
                self.take()
                value = ("[]", value, self.expression())
                self.take("]")
            else:
                return value


def _number(token: str) -> object:
    text = token.rstrip("uUlL")
    if text[:2].lower() == "0x":
        return int(text, 16)
    if text.isdigit():
        return int(text)
    return repr(float(text.rstrip("f")))


def _fold(operator: str, left: object, right: object) -> object:
    operator = {"&&": "&", "||": "|"}.get(operator, operator)  # of two bools the same
    if isinstance(left, int) and isinstance(right, int) and operator in ("+", "-", "*"):
        return {"+": left + right, "-": left - right, "*": left * right}[operator] % (1 << 32)
    if operator in ("+", "-") and isinstance(right, int):
        constant = right if operator == "+" else -right
        return ("+", left, constant % (1 << 32))
    return (operator, left, right)


def _text(value: object) -> str:
    if not isinstance(value, tuple):
        return str(value)
    kind, *parts = value
    if kind == "call":
        return f"{parts[0]}({', '.join(_text(part) for part in parts[1:])})"
    if kind in ("var", "loop"):
        return "_".join(map(str, value))
    return f"({f' {kind} '.join(_text(part) for part in parts)})"


def differences(ours: str, theirs: str) -> Iterator[str]:
    """Where the calls of two kernels differ, one line each."""
    left, right = calls(ours), calls(theirs)
    for i, (a, b) in enumerate(zip(left, right, strict=False)):
        if a != b:
            yield f"call {i}: ours {a}, real {b}"
    if len(left) != len(right):
        rest = left[len(right) :] or right[len(left) :]
        yield f"ours makes {len(left)} calls, the real translator {len(right)}: {rest}"
