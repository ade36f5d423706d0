# SPDX-License-Identifier: Apache-2.0
"""Python inside threads means on every core what it means in Python: each function here runs in both."""

import numpy as np
import pytest

import ttlang as ttl

GRID = (3, 2)
WIDTH = 64
SCALE = 3
SETTINGS = {"offset": 5, "sizes": (4, 2, 7)}


class Steps:
    """An object of the user's: attributes and methods are read at compile time."""

    def __init__(self, first, second):
        self.first, self.second = first, second

    @property
    def total(self):
        return self.first + self.second


STEPS = Steps(2, 9)


def arithmetic(x, y, put):
    put[0, 0] = x // 2 - y // 3 + (x - 5) // 2
    put[0, 1] = (x - 5) % 3 + (y + 7) % -4
    put[0, 2], put[0, 3] = divmod(x * 7 - 9, 4)
    put[0, 4] = min(x, y, 1) + max(x, 2 * y, -1) - abs(x - y) + abs(-3)
    put[0, 5] = -x + +y - (-(x * y))
    put[0, 6] = int(x > y) + int(2.9) + round(2.6) if False else int(x > y) + int(2.9)
    put[0, 7] = sum((x, y, 3)) + sum([1, 2], start=x)
    put[0, 8] = (x + 1) * (y - 2) * SCALE + 2**5 + 7 // 2


def conditions(x, y, put):
    put[0, 0] = 1 if 0 < x <= 2 else -1
    put[0, 1] = 1 if 0 <= x < y <= 2 < 5 else 0
    put[0, 2] = x or y or 7
    put[0, 3] = x and y and 7
    put[0, 4] = 1 if not (x == 1 or y != 1) else 2
    put[0, 5] = (10 if x else 20) + (1 if x > y else 2 if x < y else 3)
    put[0, 6] = int(x in (0, 2)) + 2 * int(y not in [1]) + 4 * int(x in range(1, 9, 2))
    put[0, 7] = int((x, y) == (1, 1)) + 2 * int(None is None)
    put[0, 8] = 5 if bool(x) and SETTINGS["offset"] == 5 else 6


def loops(x, y, put):
    total = 0
    for i in range(10, -1, -3):
        total += i * x
    put[0, 0] = total
    total = 0
    for i in range(x, 4 * y + x, 2):
        for j in range(i, x - 1, -1):
            total += i * j + 1
    put[0, 1] = total
    for n, (a, b) in enumerate(zip((1, 2, 3), [x, y, 5])):
        put[0, 2 + n] = a * b
    for n, v in enumerate(reversed([x, 4, y]), start=5):
        put[0, n] = v
    for n in (8, 9):
        put[0, n] = n * x
    for name, value in (("a", 1), ("b", 2)):
        if name == "b":
            put[0, 10] = value
    for size in SETTINGS["sizes"][1:]:
        put[0, 10 + size] = size
    count = 0
    while count * count < 20 + x:
        count += 1
    put[0, 18] = count


def exits(x, y, put):
    found = -1
    for i in range(10):
        if i == 3:
            continue
        if i > x + 3:
            found = i
            break
    put[0, 0] = found
    n = 0
    while True:
        n += 1
        if n % 2:
            continue
        if n > 4 * x + y:
            break
    put[0, 1] = n
    total = 0
    for i in range(4):
        for j in range(4):
            if j > i:
                break
            if i + j == x:
                continue
            total += 10 * i + j
    put[0, 2] = total


def else_of_loops(x, y, put):
    for i in range(5):
        if i == 3 * x:
            put[0, 0] = i
            break
    else:
        put[0, 0] = -1
    for i in (1, 2):
        if i == x:
            break
    else:
        put[0, 1] = 9
    n = x
    while n < 5:
        n += 2
        if n == 4:
            break
    else:
        put[0, 2] = n
    for i in range(3):
        for j in range(3):
            if j == y + x:
                break
        else:
            put[0, 3] = i
            break
    for _ in range(2):
        pass
    else:
        put[0, 4] = 4


def clamp(value, low=0, high=SCALE):
    if value < low:
        return low
    if value > high:
        return high
    return value


def first_multiple(start, of, *, limit=100):
    for i in range(start, limit):
        if i % of == 0:
            return i
    return -1


def helpers(x, y, put):
    put[0, 0] = clamp(5 * x - 3)
    put[0, 1] = clamp(x + y, high=2) + clamp(-x, low=-1)
    put[0, 2] = first_multiple(10 * x + 1, 7)
    put[0, 3] = first_multiple(x, 50, limit=20)
    arguments = (x, 1)
    put[0, 4] = clamp(*arguments)

    def nested(n, by=x + 1):
        return n * by + y

    put[0, 5] = nested(3) + nested(2, by=2)
    twice, thrice = lambda n: 2 * n, lambda n: 3 * n
    put[0, 6] = twice(x) + thrice(y)
    apply = lambda f, n: f(f(n))  # noqa: E731
    put[0, 7] = apply(lambda n: n + x, 1)
    put[0, 8] = STEPS.total * STEPS.first + x

    def early(n):
        if n == 0:
            return 5
        if n == 1:
            return 6 + y
        return n

    put[0, 9] = early(x)


def names(x, y, put):
    a, b = x, y
    a, b = b, a
    put[0, 0], put[0, 1] = a, b
    (c, d), e = (x, 2), [y]
    put[0, 2] = c + d + e[0]
    pair = (x, y + 1)
    put[0, 3] = pair[1] - pair[0] + len(pair)
    x += 4
    x -= y
    x *= 3
    x //= 2
    x %= 5
    put[0, 4] = x
    first = last = y + 2
    put[0, 5] = first * last
    annotated: int = x + 1
    put[0, 6] = annotated
    part = (1, 2, 3, 4)[1:3] + (y,)  # noqa: RUF005
    put[0, 7] = part[-1] + part[0] + len(part)
    assert x < 100, f"x is below {100}"
    put[0, 8] = {"a": 1, "b": 2}["b"] if False else 2


def floats(x, y, put):
    ratio = 0.75
    put[0, 0] = int(ratio * 8) + x
    put[0, 1] = int(1e3 / 8) - int(2.5 // 1)
    put[0, 2] = 3 if ratio > 0.5 and x >= 0 else 4
    put[0, 3] = int((x + y) * 0.5 + 10.25)
    put[0, 4] = int(float(x) / 2) + int(max(x * 1.5, 2.5))


FUNCTIONS = (arithmetic, conditions, loops, exits, else_of_loops, helpers, names, floats)


class Row(dict):
    """Stands for the block in Python."""


def in_python(function, x, y):
    row = Row()
    function(x, y, row)
    values = np.zeros(WIDTH, np.int32)
    for (_, column), value in row.items():
        values[column] = value
    return values


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_as_in_python(function):
    columns, rows = GRID
    out = ttl.tensor(np.zeros((columns * rows, WIDTH), np.int32), layout=ttl.ROW_MAJOR)

    @ttl.kernel(grid=GRID)
    def kernel(out):
        buffer = ttl.make_circular_buffer_like(out, (1, WIDTH))
        x, y = ttl.core()

        @ttl.datamovement()
        def compute():
            with buffer.reserve() as block:
                for i in range(WIDTH):
                    block[0, i] = 0
                function(x, y, block)

        @ttl.datamovement()
        def write():
            with buffer.wait() as block:
                ttl.copy(block, out[y * columns + x, :])

    kernel(out)
    found = out.numpy().reshape(rows, columns, WIDTH)
    for y in range(rows):
        for x in range(columns):
            assert list(found[y, x]) == list(in_python(function, x, y)), (x, y)


GRIDS = {
    (4,): {1: (4,), 2: (4, 1), 3: (4, 1, 1)},
    (3, 2): {1: (6,), 2: (3, 2), 3: (3, 2, 1)},
    (2, 2, 2): {1: (8,), 2: (2, 4), 3: (2, 2, 2)},
}


@pytest.mark.parametrize("grid", GRIDS, ids=str)
@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("where", ["kernel", "thread"])
def test_cores_seen_with_other_dimensions(grid, dims, where):
    """Fewer dims than the grid has: the highest is flattened; more: sizes of 1 and coordinates of 0."""
    cores = int(np.prod(grid))
    out = ttl.tensor(np.zeros((cores, 32), np.int32), layout=ttl.ROW_MAJOR)
    sizes = GRIDS[grid][dims]

    @ttl.kernel(grid=grid)
    def kernel(out):
        buffer = ttl.make_circular_buffer_like(out, (1, 32))
        outside = ttl.node(dims), ttl.grid_size(dims), ttl.core(dims=1), ttl.core_index(0)

        @ttl.datamovement()
        def compute():
            place, size, number, x = outside
            if where == "thread":
                place, size = ttl.core(dims=dims), ttl.grid_size(dims)
                number, x = ttl.node(1), ttl.core_index(0)
            place = (place,) if dims == 1 else place
            size = (size,) if dims == 1 else size
            with buffer.reserve() as block:
                for i in range(32):
                    block[0, i] = -1
                for i, coordinate in enumerate(place):
                    block[0, i] = coordinate
                for i, extent in enumerate(size):
                    block[0, 8 + i] = extent
                block[0, 16] = x
                ttl.copy(block, out[number, :]).wait()

        @ttl.datamovement()
        def drain():
            with buffer.wait() as _:
                pass

    kernel(out)
    found = out.numpy()
    for number in range(cores):
        rest, place = number, []
        for size in sizes:
            place.append(rest % size)
            rest //= size
        assert list(found[number, :dims]) == place
        assert list(found[number, 8 : 8 + dims]) == list(sizes)
        assert found[number, 16] == number % grid[0]


def test_print_of_everything():
    a = np.arange(1024, dtype=np.float32).reshape(32, 32) / 4
    n = ttl.tensor(np.arange(16, dtype=np.int32).reshape(2, 8) - 3, layout=ttl.ROW_MAJOR)

    @ttl.kernel(grid=(1, 1))
    def kernel(a, n, out):
        buffer = ttl.make_circular_buffer_like(a, (1, 1))
        numbers = ttl.make_circular_buffer_like(n, (2, 8))

        @ttl.datamovement()
        def read():
            with buffer.reserve() as block:
                ttl.copy(a[0, 0], block)
                v = block[1, 2]
                print(f"v {v} {v > 3} {v < 3}", -v, sep="; ", end=".\n")
                print(f"{buffer}")
            with numbers.reserve() as rows:
                ttl.copy(n, rows)
                print("rows:", rows, "end")
                for i in range(2):
                    print(i, rows[1, i], (1, 2), f"{7:>3}")
            with numbers.wait() as rows:
                pass

        @ttl.datamovement()
        def write():
            with buffer.wait() as block:
                ttl.copy(block, out[0, 0])

    report = kernel(a, n, np.zeros_like(a))
    assert [line.removeprefix("0:0:NC: ") for line in report.prints] == [
        "v 8.500000 True False; -8.500000.",
        "CircularBuffer(shape=(1, 1), buffer_factor=2, dtype=float32)",
        "rows: ",
        "-3 -2 -1 0 1 2 3 4 ",
        "5 6 7 8 9 10 11 12  end",
        "0 5 (1, 2)   7",
        "1 6 (1, 2)   7",
    ]


def test_two_kernels_take_turns():
    a = np.ones((32, 32), np.float32)
    first, second = np.zeros_like(a), np.zeros_like(a)

    def scaled(factor):
        @ttl.kernel(grid=(1, 1))
        def kernel(a, out):
            a_cb, out_cb = (ttl.make_circular_buffer_like(t, (1, 1)) for t in (a, out))

            @ttl.compute()
            def compute():
                with a_cb.wait() as x, out_cb.reserve() as y:
                    y.store(x * factor)

            @ttl.datamovement()
            def read():
                with a_cb.reserve() as x:
                    ttl.copy(a[0, 0], x)

            @ttl.datamovement()
            def write():
                with out_cb.wait() as y:
                    ttl.copy(y, out[0, 0])

        return kernel

    two, three = scaled(2.0), scaled(3.0)
    for _ in range(2):
        two(a, first)
        three(first, second)
        assert (first == 2).all() and (second == 6).all()
        first[:] = second[:] = 0
