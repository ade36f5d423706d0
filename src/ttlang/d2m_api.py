# SPDX-License-Identifier: Apache-2.0
"""The names of the language, under the module of its earliest version: `from ttlang.d2m_api import *`."""

import ttlang
from ttlang import *  # noqa: F403

__all__ = list(ttlang.__all__)
