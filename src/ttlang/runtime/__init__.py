# SPDX-License-Identifier: Apache-2.0
"""Compiled kernels: the compile cache, the launch, the report of a run."""

from .compiled import CompiledKernel
from .driver import compile_kernel
from .report import RunReport
from .saved import load

__all__ = ["CompiledKernel", "RunReport", "compile_kernel", "load"]
