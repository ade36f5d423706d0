# SPDX-License-Identifier: Apache-2.0
"""A report as one HTML page: timeline, grid, roofline, tables and annotated source, with nothing to load."""

import json
from base64 import b64encode
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from ttlang.hardware import chip
from ttlang.simulator.result import WAIT_NAMES

from .data import report_data
from .figures import source_lines
from .timeline import ENDED, Timeline

if TYPE_CHECKING:
    from ttlang.runtime.report import RunReport

_BYTE = 255


def page(report: "RunReport") -> str:
    """The page of a report, whole."""
    template = files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    data = report_data(report)
    profile = report.profile
    timeline = profile.timeline if profile is not None else None
    data["timeline"] = _timeline(timeline) if timeline is not None else None
    data["sources"] = source_lines(
        sorted({line.file for line in profile.lines if line.file is not None}) if profile is not None else []
    )
    description = chip(report.arch)
    data["chip_title"], data["clock_hz"], data["chip_grid"] = (
        description.title,
        description.clock_hz,
        list(description.grid),
    )
    data["wait_names"], data["ended"] = list(WAIT_NAMES), ENDED
    # "</" would end the script element that holds the data.
    text = json.dumps(data, separators=(",", ":")).replace("</", "<\\/")
    return template.replace("@TITLE@", escape(report.kernel)).replace("@DATA@", text)


def _timeline(timeline: Timeline) -> dict[str, Any]:
    """Shares as bytes: the page draws them only."""
    return {
        "cycles": float(timeline.borders[-1]),
        "spans": len(timeline.borders) - 1,
        "dropped": timeline.dropped,
        "threads": [
            {
                "core": list(line.core),
                "thread": line.thread,
                "kernel": line.kernel,
                "busy": _packed(np.clip(line.busy, 0, 1) * _BYTE),
                "reason": _packed(line.reason),
            }
            for line in timeline.threads
        ],
        "fill": {str(index): np.round(series, 2).tolist() for index, series in timeline.fill.items()},
        "traffic": {name: np.round(series, 2).tolist() for name, series in timeline.traffic.items()},
    }


def _packed(values: Any) -> str:
    return b64encode(np.round(values).astype(np.uint8).tobytes()).decode("ascii")
