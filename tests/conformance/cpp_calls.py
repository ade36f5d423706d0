# SPDX-License-Identifier: Apache-2.0
"""The calls of a kernel's C++ in order, in a form that does not depend on who wrote the text.

Variables are replaced by what they stand for, casts are dropped and integer arithmetic is folded, so that two
texts that make the same calls with the same arguments give equal lists. Values that change appear as `var`.
"""

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<string>"(?:[^"\\]|\\.)*")
    |(?P<number>0[xX][0-9a-fA-F]+[uU]?|\d+\.\d*(?:[eE][-+]?\d+)?f?|\d+(?:[eE][-+]?\d+)?[uUlf]*)
    |(?P<name>[A-Za-z_][\w]*(?:::[A-Za-z_]\w*)*)
    |(?P<op><<|>>|<=|>=|==|!=|&&|\|\||\+\+|--|\+=|-=|->|[-+*/%&|^!?:=<>(){}\[\],.;~])
    )""",
    re.VERBOSE,
)
_LEVELS = {
    "?": 1, "||": 2, "&&": 3, "|": 4, "^": 5, "&": 6, "==": 7, "!=": 7, "<": 8, ">": 8, "<=": 8, ">=": 8,
    "<<": 9, ">>": 9, "+": 10, "-": 10, "*": 11, "/": 11, "%": 11,
}  # fmt: skip
_ASSIGNMENTS = {"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="}
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
    # ours: the function of the API, which takes interleaved tensors alone
    "page_noc_addr": "get_noc_addr",
}
"""Calls that one of the two writes in another form; the functions do the same."""
_SUBSCRIPTS = {
    "worker_logical_col_to_virtual_col": "experimental::convert_logical_x_to_translated",
    "worker_logical_row_to_virtual_row": "experimental::convert_logical_y_to_translated",
}
"""Tables that functions of the real translator read."""
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
            condition = self.expression()
            self.take(")")
            self.branch(condition)
        elif token in ("while", "do"):
            self.test_loop(token)
        elif token in ("return", "break"):
            if self.take() == "break":
                self.events.append("break")
            self.take(";")
        elif token in _TYPES:
            self.declaration()
        elif token in ("++", "--"):
            self.take()
            self.values[self.take()] = ("var",)
            self.take(";")
        elif self.peek(1) in ("=", "+=", "-="):
            self.values[self.take()] = ("var",)
            self.take()
            self.expression()
            self.take(";")
        else:
            self.call_statement()

    def branch(self, condition: object) -> None:
        start = len(self.events)
        self.events.append(f"if {_text(condition)}")
        self.block()
        if self.events[-1] == "break":  # leaving a loop is its test
            del self.events[-2:]
            return
        if self.peek() == "else":
            self.take()
            if len(self.events) == start + 1:  # nothing is called where the condition holds
                self.events[start] = f"if {_text(_negation(condition))}"
            else:
                self.events.append("else")
            self.block()
            if self.events[-1] == "else":
                self.events.pop()
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
        if self.peek() == "++":
            self.take()
            self.take(name)
            step = "1"
        else:
            self.take(name)
            self.take("+=")
            step = _text(self.expression())
        self.take(")")
        self.events.append(f"for {_text(lower)} {_text(upper)} {step}")
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
        """Variables that are assigned to from here to the end of this block."""
        found, depth = set(), 0
        for before, name, after in zip(
            self.tokens[self.position - 1 :], self.tokens[self.position :], self.tokens[self.position + 1 :]
        ):
            depth += (name == "{") - (name == "}")
            if depth < 0:
                break
            changed = (after in _ASSIGNMENTS and before in (";", "{", "}", ")")) or before in ("++", "--")
            if changed and re.match(r"[A-Za-z_]", name):
                found.add(name)
        return found

    def call_statement(self) -> None:
        value = self.expression()
        if isinstance(value, tuple) and value[0] == "<<":  # a device print
            value = _printed(_shifted(value)[1:])
        while self.peek() == "=":  # a store to L1
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
                other = self.expression(1)
                left = (middle if left else other) if isinstance(left, int) else ("?:", left, middle, other)
            else:
                left = _fold(operator, left, self.expression(level + 1))

    def unary(self) -> object:
        token = self.peek()
        if token in ("-", "!", "+"):
            self.take()
            operand = self.unary()
            return _fold("-", 0, operand) if token == "-" else _negation(operand) if token == "!" else operand
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
        if name == "floor_div":
            return _fold("/", *args)
        if name == "ttmlir::dprint":
            return _printed(args)
        return ("call", _ALIASES.get(name, name) + template, *args)

    def postfix(self, value: object) -> object:
        while True:
            if self.peek() == ".":
                self.take()
                name = self.take()
                value = self.call(name, "", [value]) if self.peek() == "(" else (".", value, name)
            elif self.peek() == "[":
                self.take()
                index = self.expression()
                self.take("]")
                if value in _SUBSCRIPTS:
                    value = ("call", _SUBSCRIPTS[str(value)], index)
                else:
                    value = ("[]", value, index)
            else:
                return value


def _shifted(value: object) -> list[object]:
    """The operands of `a << b << ...`."""
    if isinstance(value, tuple) and value[0] == "<<":
        return [*_shifted(value[1]), value[2]]
    return [value]


def _printed(parts: list[object]) -> object:
    """A device print: texts that follow each other are one, the end of the line is not written."""
    made: list[object] = []
    for part in parts:
        if _text(part) == "ENDL()":
            continue
        text = part[1:-1] if isinstance(part, str) and part.startswith('"') else None
        if text is not None and made and isinstance(made[-1], str):
            made[-1] += text
        else:
            made.append(text if text is not None else part)
    if made and isinstance(made[-1], str):
        made[-1] = made[-1].removesuffix("\\n").strip()
        if not made[-1]:
            made.pop()
    return ("call", "dprint", *made)


def _number(token: str) -> object:
    text = token.rstrip("uUlL")
    if text[:2].lower() == "0x":
        return int(text, 16)
    if text.isdigit():
        return int(text)
    return repr(struct.unpack("f", struct.pack("f", float(text.rstrip("f"))))[0])  # as the processor holds it


def _fold(operator: str, left: object, right: object) -> object:
    """An expression in one form for all ways to write it: sums of products modulo 2**32, operands in order."""
    operator = {"&&": "&", "||": "|"}.get(operator, operator)  # of two bools the same
    if operator in ("+", "-"):
        return _sum((left, 1), (right, 1 if operator == "+" else -1))
    if operator == "*":
        return _product(left, right)
    if operator == "^" and right == 1:
        return _negation(left)
    if isinstance(left, int) and isinstance(right, int) and operator in _FOLDED:
        return int(_FOLDED[operator](left, right))
    if operator in _IN_ANY_ORDER:
        return _chain(operator, [*_links(operator, left), *_links(operator, right)])
    if operator in _SWAPPED and _text(left) > _text(right):
        return (_SWAPPED[operator], right, left)
    return (operator, left, right)


_IN_ANY_ORDER = ("&", "|")


def _links(operator: str, value: object) -> list[object]:
    """The operands of a chain of one operator, which may be written in any order and grouping."""
    if isinstance(value, tuple) and value[0] == operator:
        return [*_links(operator, value[1]), *_links(operator, value[2])]
    return [value]


def _chain(operator: str, links: list[object]) -> object:
    first, *others = sorted(links, key=_text)
    for other in others:
        first = (operator, first, other)
    return first


_SWAPPED = {"==": "==", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<=", "&": "&", "|": "|", "^": "^"}
_NEGATED = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_FOLDED: dict[str, Callable[[int, int], int]] = {
    "/": lambda a, b: a // b, "%": lambda a, b: a % b, "<<": lambda a, b: a << b, ">>": lambda a, b: a >> b,
    "&": lambda a, b: a & b, "|": lambda a, b: a | b, "<": lambda a, b: a < b, ">": lambda a, b: a > b,
}  # fmt: skip


def _negation(value: object) -> object:
    if isinstance(value, tuple) and value[0] in _NEGATED:
        return (_NEGATED[value[0]], *value[1:])
    if isinstance(value, tuple) and value[0] == "!":
        return value[1]
    return value if value == ("var",) else ("!", value)  # what it holds is not known


def _terms(value: object) -> dict[object, int]:
    """A value as a sum: coefficient by term; the term 1 is the constant."""
    if isinstance(value, int):
        return {1: value}
    if isinstance(value, tuple) and value[0] == "sum":
        return dict(value[1])
    return {value: 1}


def _sum(*parts: tuple[object, int]) -> object:
    total: dict[object, int] = {}
    for part, sign in parts:
        for term, factor in _terms(part).items():
            total[term] = (total.get(term, 0) + sign * factor) % (1 << 32)
    kept = tuple(sorted(((t, f) for t, f in total.items() if f), key=lambda item: _text(item[0])))
    if not kept:
        return 0
    if len(kept) == 1 and (kept[0][0] == 1 or kept[0][1] == 1):
        return kept[0][1] if kept[0][0] == 1 else kept[0][0]
    return ("sum", kept)


def _product(left: object, right: object) -> object:
    parts = []
    for one, a in _terms(left).items():
        for other, b in _terms(right).items():
            factors = [f for f in (*_factors(one), *_factors(other)) if f != 1]
            term = ("*", *sorted(factors, key=_text)) if len(factors) > 1 else factors[0] if factors else 1
            parts.append((term, a * b))
    return _sum(*parts)


def _factors(value: object) -> tuple[object, ...]:
    return value[1:] if isinstance(value, tuple) and value[0] == "*" else (value,)


def _text(value: object) -> str:
    if not isinstance(value, tuple):
        return str(value)
    kind, *parts = value
    if kind == "call":
        return f"{parts[0]}({', '.join(_text(part) for part in parts[1:])})"
    if kind in ("var", "loop"):
        return "_".join(map(str, value))
    if kind == "sum":
        terms = (_text(t) if f == 1 else f"{f}*{_text(t)}" for t, f in parts[0] if t != 1)
        return f"({' + '.join((*terms, *(str(f) for t, f in parts[0] if t == 1)))})"
    if kind == "!":
        return f"!{_text(parts[0])}"
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
