# SPDX-License-Identifier: Apache-2.0
"""A report as plain data: what the JSON file holds, and what the page is drawn from."""

from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ttlang.runtime.report import RunReport

FORMAT = 1
"""Version of the data's form; grows when a field changes its meaning or goes away."""
_ROUNDED = 6


def report_data(report: "RunReport") -> dict[str, Any]:
    """Everything that a report tells, as values that JSON has. Cycles are integers, shares lie between 0 and 1."""
    data: dict[str, Any] = {
        "format": FORMAT,
        "kernel": report.kernel,
        "chip": report.arch,
        "grid": list(report.grid),
        "cycles": report.cycles,
        "seconds": report.seconds,
        "complete": report.complete,
        "bound": report.bound,
        "utilisation": dict(report.utilisation),
        "host_seconds": dict(report.host_seconds),
        "prints": list(report.prints),
    }
    result, profile = report.result, report.profile
    if result is None:
        return data
    data["traffic"] = {
        "bytes_read": result.bytes_read,
        "bytes_written": result.bytes_written,
        "bytes_multicast": result.bytes_multicast,
        "transfers": result.transfers,
    }
    data["work"] = asdict(result.work)
    if profile is None:
        return data
    data["processors"] = [
        {
            "core": list(t.core),
            "thread": t.thread,
            "kernel": t.kernel,
            "busy": t.busy,
            "waits": dict(t.waits),
            "end": t.end,
        }
        for t in result.threads
    ]
    for field in fields(profile):
        data[field.name] = _plain(getattr(profile, field.name))
    if profile.roofline is not None:
        data["roofline"]["roof"] = _plain(profile.roofline.roof)
    return data


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, np.ndarray):
        return np.round(value, _ROUNDED).tolist() if value.dtype.kind == "f" else value.tolist()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return round(value, _ROUNDED) if isinstance(value, float) else value
