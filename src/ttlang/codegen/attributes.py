# SPDX-License-Identifier: Apache-2.0
"""Attributes that the conversion leaves on EmitC for the printer.

They have no dialect prefix, so that tools without our dialects take the module.
"""

THREAD = "thread"
"""Of an emitc.func: `"compute"` or `"noc"`, a string."""

HEADERS = "headers"
"""Of an emitc.func: the headers below `api/` that its calls need besides the base header, an array of
strings.
"""

WHILE = "while_loop"
"""Of an emitc.do that is a `while` loop: before part, assignment of the test, `if` with the body."""
