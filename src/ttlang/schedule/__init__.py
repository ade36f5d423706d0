# SPDX-License-Identifier: Apache-2.0
"""Schedules of kernels: `ttl.schedule`, transform sequences, and the transformations.

The language calls its function as this package is called, so the package can be called: that is the function.
"""

import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ttlang.language.kernel import Kernel

    from .schedule import Schedule


class _Package(ModuleType):
    def __call__(self, kernel: "Kernel", failures: str = "propagate") -> "Schedule":
        """See `ttlang.schedule.schedule.schedule`."""
        from .schedule import schedule

        return schedule(kernel, failures)


sys.modules[__name__].__class__ = _Package
