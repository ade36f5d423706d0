# SPDX-License-Identifier: Apache-2.0
"""Programs of the public language, `import ttl` and `import ttnn`, on the simulator: `ttl run --compat program.py`.

`installed()` puts this package's `ttl` and `ttnn` in the place of whatever has these names; the host side of `ttnn` that such programs
use (tensors, memory configurations, a device, simple operations) is computed with torch.
"""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from ttlang.diagnostics import TTLangError


@contextmanager
def installed() -> Iterator[None]:
    """Imports of `ttl` and `ttnn` lead to this package. Raises TTLangError when torch is missing."""
    try:
        importlib.import_module("torch")
    except ImportError:
        raise TTLangError(
            "error: the host operations of ttnn are computed with torch, which is not installed\n  help: pip install torch"
        ) from None
    wanted: dict[str, ModuleType] = {
        "ttl": importlib.import_module("ttlang"),
        "ttnn": importlib.import_module("ttlang.compat.ttnn"),
    }
    hidden = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in wanted}
    for name in hidden:
        del sys.modules[name]
    sys.modules.update(wanted)
    try:
        yield
    finally:
        for name in wanted:
            sys.modules.pop(name, None)
        sys.modules.update(hidden)
