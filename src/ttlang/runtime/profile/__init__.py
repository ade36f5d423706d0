# SPDX-License-Identifier: Apache-2.0
"""What a run tells, ready to show: figures, tables, a page, a trace file."""

from .figures import BufferFigures, LineFigures, Profile, ThreadFigures, ZoneFigures, profile_of
from .roofline import Roofline
from .timeline import Timeline

__all__ = [
    "BufferFigures",
    "LineFigures",
    "Profile",
    "Roofline",
    "ThreadFigures",
    "Timeline",
    "ZoneFigures",
    "profile_of",
]
