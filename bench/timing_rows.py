# SPDX-License-Identifier: Apache-2.0
"""Published measurements (`silicon_timings.json`), and the rows that set the simulator beside them."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

SILICON = json.loads((Path(__file__).resolve().parent / "silicon_timings.json").read_text(encoding="utf-8"))
CHIPS = {"WH": "wormhole_b0", "BH": "blackhole"}
CLOCK = {"WH": 1.0, "BH": 1.35}
"""GHz: cycles a nanosecond."""


@dataclass(frozen=True)
class Row:
    """One measurement: `measured` cycles, `model` gives the simulator's, `fitted` when a parameter was fitted to it."""

    name: str
    measured: float
    model: Callable[[], float]
    fitted: bool = False


Rows = Iterator[Row]
