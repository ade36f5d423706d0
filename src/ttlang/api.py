# SPDX-License-Identifier: Apache-2.0
"""The names of the language, under the module of the design plan: `from ttlang.api import *`."""

import ttlang
from ttlang import *  # noqa: F403

__all__ = list(ttlang.__all__)
