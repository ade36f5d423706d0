# SPDX-License-Identifier: Apache-2.0
"""Cores in emitted code: where a grid lies on the chip, coordinates of this core, NoC addresses of others."""

from collections.abc import Sequence
from math import prod

from xdsl.dialects import arith
from xdsl.dialects.builtin import StringAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import SSAValue

from ttlang.dialects.interned import INDEX
from ttlang.dialects.ttl.attributes import GridAttr
from ttlang.dialects.ttl.coordinates import Coordinate
from ttlang.hardware import chip
from ttlang.hardware.grids import placed
from ttlang.language.symbols import fold_coordinates

from .core_values import coordinates
from .kernel_builder import KernelBuilder

Corners = tuple[Sequence[Coordinate], Sequence[Coordinate]]


def on_chip(core: Sequence[int], grid: tuple[int, ...], width: int) -> tuple[int, int]:
    """Column and row on the chip of a core of a grid that is laid on `width` columns."""
    if len(grid) == 2:
        return core[0], core[1]
    number = core_number(core, grid)
    return number % width, number // width


def core_number(core: Sequence[int], grid: tuple[int, ...]) -> int:
    """The number of a core of a grid, the first coordinate fastest."""
    return coordinates(tuple(core), grid, 1)[0]


class Cores:
    """Coordinates and addresses of cores, in one function."""

    def __init__(self, builder: KernelBuilder, func: FuncOp):
        grid = func.attributes["ttl.grid"]
        arch = func.attributes["ttl.arch"]
        assert isinstance(grid, GridAttr) and isinstance(arch, StringAttr)
        self.b = builder
        self.func = func
        self.grid = grid.sizes
        self.columns, self.rows = placed(self.grid, chip(arch.data))
        self._own: dict[int, list[SSAValue]] = {}
        self._logical: tuple[SSAValue, SSAValue] | None = None

    def logical(self) -> tuple[SSAValue, SSAValue]:
        """Column and row of this core on the chip; computed once, at the start of the function."""
        if self._logical is None:
            with self.b.at_start():
                x = self.b.value("my_logical_x_", type=INDEX)
                y = self.b.value("my_logical_y_", type=INDEX)
            x.name_hint, y.name_hint = "core_x", "core_y"
            self._logical = x, y
        return self._logical

    def own(self, dims: int) -> list[SSAValue]:
        """Coordinates of this core in the grid, seen with `dims` dimensions."""
        if dims not in self._own:
            self._own[dims] = self._coordinates(dims)
        return self._own[dims]

    def _coordinates(self, dims: int) -> list[SSAValue]:
        x, y = self.logical()
        if len(self.grid) == 2 and dims >= 2:
            return [x, y, *(self.b.constant(0) for _ in range(dims - 2))]
        with self.b.at_start():
            flat = x if self.rows == 1 else self.b.add(self.b.multiply(y, self.columns), x)
            return self._digits(flat, fold_coordinates(self.grid, dims))

    def _digits(self, flat: SSAValue, sizes: tuple[int, ...]) -> list[SSAValue]:
        found: list[SSAValue] = []
        for position, size in enumerate(sizes):
            if size == 1:
                found.append(self.b.constant(0))
            elif all(s == 1 for s in sizes[position + 1 :]):
                found.append(flat)
            else:
                width = self.b.constant(size)
                found.append(self.b.insert(arith.RemUIOp(flat, width)).results[0])
                flat = self.b.insert(arith.DivUIOp(flat, width)).results[0]
        return found

    def _placed(self, core: Sequence[Coordinate]) -> tuple[SSAValue, SSAValue]:
        """Column and row on the chip of a core of the grid."""
        if len(self.grid) == 2:
            x, y = core
            return self.b.index(x), self.b.index(y)
        flat: SSAValue | int = 0
        scale = 1
        for coordinate, size in zip(core, self.grid, strict=True):
            flat = self._plus(flat, coordinate, scale)
            scale *= size
        if isinstance(flat, int):
            return self.b.constant(flat % self.columns), self.b.constant(flat // self.columns)
        if self.rows == 1:
            return flat, self.b.constant(0)
        width = self.b.constant(self.columns)
        x = self.b.insert(arith.RemUIOp(flat, width)).results[0]
        return x, self.b.insert(arith.DivUIOp(flat, width)).results[0]

    def _plus(self, flat: SSAValue | int, coordinate: Coordinate, scale: int) -> SSAValue | int:
        if isinstance(flat, int) and isinstance(coordinate, int):
            return flat + coordinate * scale
        return self.b.add(flat, self.b.multiply(coordinate, scale))

    def _noc(self, core: Sequence[Coordinate]) -> tuple[SSAValue, SSAValue]:
        x, y = self._placed(core)
        found = [
            self.b.value(f"experimental::convert_logical_{axis}_to_translated", value, type=INDEX)
            for axis, value in zip("xy", (x, y), strict=True)
        ]
        return found[0], found[1]

    def noc_address(self, core: Sequence[Coordinate], address: SSAValue) -> SSAValue:
        """The NoC address of a place in the L1 of a core."""
        x, y = self._noc(core)
        return self.b.value("get_noc_addr", x, y, address)

    def own_address(self, address: SSAValue) -> SSAValue:
        """The NoC address of a place in the L1 of this core."""
        x = self.b.value("my_x", type=INDEX)
        y = self.b.value("my_y", type=INDEX)
        return self.b.value("get_noc_addr", x, y, address)

    def multicast_address(self, corners: Corners, address: SSAValue) -> SSAValue:
        """The NoC address of a place in the L1 of all cores of a rectangle; corners are in the order of the NoC used."""
        first, last = (self._noc(corner) for corner in corners)
        return self.b.value("experimental::get_noc_multicast_addr", *first, *last, address)

    def is_rectangle(self, corners: tuple[tuple[int, ...], tuple[int, ...]]) -> bool:
        """Whether a range of cores of the grid is one on the chip too."""
        if len(self.grid) == 2:
            return True
        first, last = (core_number(corner, self.grid) for corner in corners)
        count = prod(b - a + 1 for a, b in zip(*corners, strict=True))
        columns = last % self.columns - first % self.columns + 1
        rows = last // self.columns - first // self.columns + 1
        return (
            columns > 0
            and columns * rows == count
            and (rows == 1 or len(self.grid) > 1 or columns == self.columns)
        )

    def others(self, corners: Corners) -> SSAValue:
        """How many cores of a rectangle there are besides this one."""
        count: SSAValue | int = 1
        for low, high in zip(*corners, strict=True):
            if isinstance(low, int) and isinstance(high, int):
                count = self._times(count, high - low + 1)
            elif low is not high:
                span = self.b.insert(arith.SubiOp(self.b.index(high), self.b.index(low))).results[0]
                count = self._times(count, self.b.add(span, 1))
        whole = self.b.index(count)
        if isinstance(count, int):
            fewer = self.b.constant(count - 1)
        else:
            fewer = self.b.insert(arith.SubiOp(count, self.b.constant(1))).results[0]
        inside = self.inside(corners)
        return fewer if inside is None else self.b.insert(arith.SelectOp(inside, fewer, whole)).results[0]

    def _times(self, a: SSAValue | int, b: SSAValue | int) -> SSAValue | int:
        return a * b if isinstance(a, int) and isinstance(b, int) else self.b.multiply(a, b)

    def inside(self, corners: Corners) -> SSAValue | None:
        """Whether this core is in a range of cores; None when every core is."""
        condition: SSAValue | None = None
        for own, low, high, size in zip(self.own(len(self.grid)), *corners, self.grid, strict=True):
            for predicate, bound in _bounds(low, high, size):
                test = self.b.insert(arith.CmpiOp(own, self.b.index(bound), predicate)).results[0]
                condition = (
                    test if condition is None else self.b.insert(arith.AndIOp(condition, test)).results[0]
                )
        return condition


def _bounds(low: Coordinate, high: Coordinate, size: int) -> list[tuple[str, Coordinate]]:
    """Comparisons that place a coordinate between two bounds."""
    if size == 1:
        return []
    if low is high or (isinstance(low, int) and low == high):
        return [("eq", low)]
    found: list[tuple[str, Coordinate]] = []
    if low != 0:
        found.append(("sge", low))
    if high != size - 1:
        found.append(("sle", high))
    return found


def l1_word(builder: KernelBuilder, address: SSAValue) -> SSAValue:
    """The words of L1 at an address, as a pointer."""
    name = "reinterpret_cast<volatile tt_l1_ptr uint32_t*>"
    return builder.value(name, address)
