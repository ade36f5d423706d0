# SPDX-License-Identifier: Apache-2.0
"""A pytest plugin: every kernel that tests compile is compiled with and without TTKernel, for both chips and both API
generations, and what leaves the compiler is compared. Nothing runs.

    python -O -m pytest --assert=plain -p tests.end_to_end.both_ways tests/end_to_end

`-O` turns off the assertions about results, of which there are none. The exit code is 1 when anything differs.
"""

from collections.abc import Sequence
from copy import copy
from typing import Any

import numpy as np
import pytest

from ttlang.diagnostics import TTLangError
from ttlang.dialects.ttkernel import TTKernelOp
from ttlang.frontend.fingerprint import fingerprint
from ttlang.hardware import chip_names
from ttlang.language.kernel import METAL_VERSIONS, Kernel
from ttlang.runtime import compiled as compiled_module
from ttlang.runtime import driver


class BothWays:
    """Compares, and counts what it compared."""

    def __init__(self) -> None:
        self.test = ""
        self.compared = 0
        self.differences: list[str] = []
        self._known: set[str] = set()

    def install(self) -> None:
        compile_ = Kernel.compile

        def compile(kernel: Kernel, *arguments: Any, backend: str | None = None) -> Any:
            made = compile_(kernel, *arguments, backend=backend)  # what a test expects to fail fails here
            for chip in chip_names():
                for version in METAL_VERSIONS:
                    self._compare(kernel, arguments, chip, version)
            return made

        Kernel.compile = compile  # type: ignore[method-assign]
        compiled_module.compile_only = lambda: True
        for name in ("assert_allclose", "assert_array_equal"):
            setattr(np.testing, name, lambda *_, **__: None)

    def _compare(self, kernel: Kernel, arguments: Sequence[Any], chip: str, version: str) -> None:
        variant = copy(kernel)
        variant.arch = chip
        variant._config = {**kernel._config, "metal_version": version}
        try:
            key = fingerprint(variant.trace(arguments))
        except (TTLangError, AssertionError):
            return  # not for this chip
        if key is not None and key in self._known:
            return
        self._known.add(key or "")
        usual, direct = (self._result(variant, arguments, direct=way) for way in (False, True))
        self.compared += 1
        if usual != direct:
            self.differences.append(f"{self.test}: {kernel.name} for {chip}, {version}")

    def _result(self, kernel: Kernel, arguments: Sequence[Any], *, direct: bool) -> object:
        """The image and the EmitC, or the message of the error."""
        made: list[str] = []
        TTKernelOp.__post_init__ = lambda op: made.append(op.name)  # type: ignore[method-assign,assignment]
        try:
            image, files, _ = driver._compile(kernel.trace(arguments), direct=direct)
        except (TTLangError, AssertionError) as error:
            return str(error)
        finally:
            del TTKernelOp.__post_init__
        if direct and made:
            return f"the direct way made {made[0]}"
        return image, files["emitc.mlir"]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self.test = item.nodeid

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        session.exitstatus = 1 if self.differences or not self.compared else 0

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        write = terminalreporter.write_line
        write(f"{self.compared} kernels compiled both ways, {len(self.differences)} differ")
        for difference in self.differences:
            write(difference)


def pytest_configure(config: pytest.Config) -> None:
    both = BothWays()
    both.install()
    config.pluginmanager.register(both, "ttlang-both-ways")
