# SPDX-License-Identifier: Apache-2.0
"""The pass `ttcore-register-device`."""

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.passes import ModulePass

from ttlang.dialects.ttl.structure import KernelOp, ProgramOp
from ttlang.hardware import Chip, UnknownChipError, chip
from ttlang.hardware.grids import placed

from .errors import error
from .program_structure import DEFAULT_ARCH, grid_of, kernels, programs


@dataclass(frozen=True)
class TTCoreRegisterDevice(ModulePass):
    """Settles the chip that each program is compiled for.

    Input: a module of any stage that still has its programs. Output: each `ttl.program` names its chip in `arch`: the
    one that it named before, under the name of the chip's file, else that of the option `arch`. Refuses a chip that is
    not known, a grid that has no rectangle of cores on the chip, and kernels of a program on different grids. All else is
    left as it is.
    """

    name = "ttcore-register-device"

    arch: str = DEFAULT_ARCH

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for program in programs(op):
            found = self._chip(program)
            program.attributes["arch"] = StringAttr(found.name)
        for program, kernel in kernels(op):
            self._check_grid(program, kernel)
        for program in programs(op):
            self._check_same_grid(program, [kernel for owner, kernel in kernels(op) if owner is program])

    def _chip(self, program: ProgramOp) -> Chip:
        named = program.attributes.get("arch")
        try:
            return chip(named.data if isinstance(named, StringAttr) else self.arch)
        except UnknownChipError as unknown:
            raise error(program, str(unknown)) from None

    def _check_grid(self, program: ProgramOp, kernel: KernelOp) -> None:
        grid, target = grid_of(program, kernel), chip(program.attributes["arch"].data)  # type: ignore[attr-defined]
        columns, rows = target.grid
        try:
            wide, high = placed(grid, target)
        except ValueError:
            wide, high = columns + 1, rows + 1
        if wide > columns or high > rows:
            size = "x".join(map(str, grid))
            raise error(
                kernel,
                f"a grid of {size} cores does not fit {target.name}, which has {columns}x{rows} of them",
            )

    @staticmethod
    def _check_same_grid(program: ProgramOp, inside: Sequence[KernelOp]) -> None:
        for kernel in inside[1:]:
            grid, first = grid_of(program, kernel), grid_of(program, inside[0])
            if grid != first:
                raise error(
                    kernel,
                    f"a kernel on a grid of {'x'.join(map(str, grid))} cores beside one on"
                    f" {'x'.join(map(str, first))}: kernels of a program have the same grid",
                    notes=[("the other kernel", inside[0])],
                    hint="a core_range restricts a kernel to a part of the grid",
                )
