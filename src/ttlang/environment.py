# SPDX-License-Identifier: Apache-2.0
"""Switches in the environment."""

import os


def is_on(name: str) -> bool:
    """Whether the environment variable `name` switches something on: it is set, and not to 0."""
    return os.environ.get(name, "") not in ("", "0")
