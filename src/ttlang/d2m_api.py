# SPDX-License-Identifier: Apache-2.0
"""`ttlang.api` under the name of the language's earliest version: `from ttlang.d2m_api import *`."""

from ttlang.api import *  # noqa: F403
from ttlang.api import __all__ as __all__
