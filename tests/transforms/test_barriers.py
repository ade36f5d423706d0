# SPDX-License-Identifier: Apache-2.0
"""How many barriers ttl-insert-synchronization puts into the threads of a kernel."""

from pathlib import Path

import pytest
from tests.frontend.programs import execute, program
from xdsl.dialects import scf

from ttlang.dialects.ttl.data_movement import DMABarrierOp
from ttlang.frontend.program import ProgramBuilder
from ttlang.pipelines import ANALYSIS, Observer, run_passes

PASSES = ANALYSIS[: ANALYSIS.index("ttl-insert-synchronization") + 1]

TWO = "b_cb = ttl.make_circular_buffer_like(a, shape=(1, 1))"
SUM = "with a_cb.wait() as p, b_cb.wait() as q, out_cb.reserve() as r:\n    r.store(p + q)"
LOOP = """
    for i in range(4):
        with a_cb.wait() as p, out_cb.reserve() as r:
            r.store(p)
"""
COPIES: dict[str, tuple[list[str], dict[str, str]]] = {
    "a transfer that is waited for": (
        ["read"],
        {"read": "with a_cb.reserve() as block:\n    ttl.copy(a[0, 0], block).wait()"},
    ),
    "a transfer that is not": (
        ["read"],
        {"read": "with a_cb.reserve() as block:\n    ttl.copy(a[0, 0], block)"},
    ),
    "a transfer that is waited for twice": (
        ["read"],
        {
            "read": "with a_cb.reserve() as block:\n    t = ttl.copy(a[0, 0], block)\n    t.wait()\n    t.wait()"
        },
    ),
    "two transfers, each waited for": (
        ["read"],
        {
            "kernel": TWO,
            "compute": SUM,
            "read": """
                with a_cb.reserve() as p, b_cb.reserve() as q:
                    ttl.copy(a[0, 0], p).wait()
                    ttl.copy(a[1, 0], q).wait()
            """,
        },
    ),
    "two transfers in a loop": (
        ["read in a loop"],
        {
            "kernel": TWO,
            "compute": "for i in range(4):\n    with a_cb.wait() as p, b_cb.wait() as q, out_cb.reserve() as r:\n"
            "        r.store(p + q)",
            "read": """
                for i in range(4):
                    with a_cb.reserve() as p, b_cb.reserve() as q:
                        s = ttl.copy(a[i, 0], p)
                        t = ttl.copy(a[i, 1], q)
                        s.wait()
                        t.wait()
            """,
            "write": "for i in range(4):\n    with out_cb.wait() as block:\n        pass",
        },
    ),
    "two buffers that are pushed one after the other": (
        ["read"],
        {
            "kernel": TWO,
            "compute": SUM,
            "read": """
                p = a_cb.reserve()
                q = b_cb.reserve()
                ttl.copy(a[0, 0], p)
                ttl.copy(a[1, 0], q)
                p.push()
                q.push()
            """,
        },
    ),
    "a second transfer after the first has been pushed": (
        ["read", "read"],
        {
            "kernel": TWO,
            "compute": SUM,
            "read": """
                with a_cb.reserve() as p:
                    ttl.copy(a[0, 0], p)
                with b_cb.reserve() as q:
                    ttl.copy(a[1, 0], q)
            """,
        },
    ),
    "a transfer on one side of an if": (
        ["read"],
        {
            "read": """
                with a_cb.reserve() as block:
                    if x == 0:
                        ttl.copy(a[0, 0], block)
                    else:
                        ttl.copy(a[1, 0], block)
            """
        },
    ),
    "a block written to two places": (
        ["write"],
        {
            "write": """
                with out_cb.wait() as block:
                    ttl.copy(block, out[0, 0])
                    ttl.copy(block, out[1, 0])
            """
        },
    ),
    "a loop that writes": (
        ["write in a loop"],
        {
            "compute": LOOP,
            "read": "for i in range(4):\n    with a_cb.reserve() as block:\n        block[0, 0] = 1.0",
            "write": "for i in range(4):\n    with out_cb.wait() as block:\n        ttl.copy(block, out[i, 0]).wait()",
        },
    ),
    "an element that is looked at": (
        ["read"],
        {
            "read": """
                with a_cb.reserve() as block:
                    ttl.copy(a[0, 0], block)
                    if block[0, 0] > 1.0:
                        block[1, 1] = 2.0
            """
        },
    ),
    "nothing that is transferred": ([], {"read": "with a_cb.reserve() as block:\n    block[0, 0] = 1.0"}),
}


@pytest.mark.parametrize("name", COPIES, ids=lambda name: name.replace(" ", "_"))
def test_barriers(name: str, tmp_path: Path) -> None:
    expected, parts = COPIES[name]
    parts = {"write": "with out_cb.wait() as block:\n    pass", **parts}
    if "write" in "".join(expected):
        parts.setdefault("read", "with a_cb.reserve() as block:\n    block[0, 0] = 1.0")
    names = execute(tmp_path / "script.py", program(call="", **parts))
    module = ProgramBuilder(names["k"].trace([names["a"], names["out"]])).build()
    run_passes(module, PASSES, Observer())
    found = []
    for op in module.walk():
        if isinstance(op, DMABarrierOp):
            assert op.direction is not None
            loop = " in a loop" if isinstance(op.parent_op(), scf.ForOp) else ""
            found.append(op.direction.data + loop)
    assert found == expected
