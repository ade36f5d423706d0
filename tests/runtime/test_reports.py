# SPDX-License-Identifier: Apache-2.0
"""What a run tells: figures that add up, the data file, the trace, the page in a browser, a run that is stopped."""

import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from tests.end_to_end.kernels import elementwise_kernel

import ttlang as ttl
from ttlang.diagnostics import TTLangError
from ttlang.runtime.report import RunReport
from ttlang.simulator import TraceKind

SIZE = 256
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="module")
def report() -> RunReport:
    """A recorded run of a product on 2 x 2 cores."""
    rng = np.random.default_rng(7)
    a, b = (rng.standard_normal((SIZE, SIZE)).astype(ml_dtypes.bfloat16) for _ in range(2))
    out = np.zeros_like(a)
    return (
        elementwise_kernel(lambda x, y: x * y, block=(2, 2), grid=(2, 2))
        .compile(a, b, out)
        .run(a, b, out, trace=True)
    )


def test_shares_of_a_thread_are_at_most_the_run(report: RunReport) -> None:
    profile = report.profile
    assert profile is not None
    assert {thread.thread for thread in profile.threads} == {
        "unpack", "math", "pack", "data movement 0", "data movement 1",
    }  # fmt: skip
    for thread in profile.threads:
        assert thread.cores == 4
        assert 0 < thread.busy + sum(thread.waits.values()) <= 1


def test_lines_of_python_have_all_cycles(report: RunReport) -> None:
    profile, result = report.profile, report.result
    assert profile is not None and result is not None
    assert sum(line.busy for line in profile.lines) == sum(line.busy for line in result.lines)
    assert sum(line.busy for line in profile.lines) <= sum(thread.busy for thread in result.threads)
    texts = {line.text for line in profile.lines if line.file is not None}
    assert any("store" in text for text in texts) and any("ttl.copy" in text for text in texts)
    hottest = profile.hot_lines[0]
    assert hottest.busy + hottest.wait == max(line.busy + line.wait for line in profile.lines)


def test_trace_agrees_with_the_sums(report: RunReport) -> None:
    result = report.result
    assert result is not None and result.trace is not None and result.trace.dropped == 0
    records = result.trace.records
    for number, thread in enumerate(result.threads):
        own = records[records["processor"] == number]
        working, waiting = own[own["kind"] == TraceKind.WORK], own[own["kind"] == TraceKind.WAIT]
        assert working["cycles"].sum() == thread.busy
        assert waiting["cycles"].sum() == sum(thread.waits.values())
        spans = np.sort(np.concatenate([working, waiting]), order="start")
        assert (spans["start"][1:] >= (spans["start"] + spans["cycles"])[:-1]).all()
    moved = result.trace.of(TraceKind.TRANSFER)
    assert moved["value"].sum() == result.bytes_read + result.bytes_written
    assert result.channels[:, 1].sum() == result.bytes_read + result.bytes_written


def test_timeline_keeps_what_the_trace_has(report: RunReport) -> None:
    profile, result = report.profile, report.result
    assert profile is not None and profile.timeline is not None and result is not None
    width = profile.timeline.borders[1]
    for line, thread in zip(profile.timeline.threads, result.threads, strict=True):
        assert line.busy.sum() * width == pytest.approx(thread.busy)
        assert line.busy.max() <= 1 + 1e-9
    total = sum(series.sum() for series in profile.timeline.traffic.values()) * width
    assert total == pytest.approx(result.bytes_read + result.bytes_written)
    for buffer in profile.buffers:
        fill = profile.timeline.fill[buffer.index]
        assert fill.min() > -1e-9 and fill.max() <= buffer.most_filled + 1e-9
        assert 0 < buffer.most_filled <= buffer.pages


def test_roofline(report: RunReport) -> None:
    assert report.profile is not None and report.profile.roofline is not None
    roofline = report.profile.roofline
    assert roofline.operations == SIZE**2
    assert roofline.attained == pytest.approx(SIZE**2 / report.cycles)
    assert 0 < roofline.attained <= roofline.roof


def test_recording_does_not_change_the_run() -> None:
    kernel = elementwise_kernel(lambda x, y: x + y)
    a = np.ones((128, 128), np.float32)
    out = np.zeros_like(a)
    compiled = kernel.compile(a, a, out)
    plain, recorded = compiled.run(a, a, out), compiled.run(a, a, out, trace=True)
    assert plain.cycles == recorded.cycles
    assert plain.result is not None and plain.result.trace is None
    with pytest.raises(TTLangError, match=r"was not recorded\n  help: run it with trace=True"):
        plain.save_trace("never.json")
    assert not Path("never.json").exists()


def test_data_file(report: RunReport, tmp_path: Path) -> None:
    data = json.loads(report.save(tmp_path / "r.json").read_text("utf-8"))
    assert data["format"] == 1 and data["cycles"] == report.cycles and data["bound"] == report.bound
    assert {"threads", "lines", "buffers", "network", "roofline", "timeline", "processors"} <= data.keys()
    assert len(data["processors"]) == 20
    assert len(data["timeline"]["fill"]) == len(data["buffers"])


def test_a_report_without_time_has_no_figures(tmp_path: Path) -> None:
    a = np.ones((64, 64), np.float32)
    untimed = elementwise_kernel(lambda x, y: x + y).compile(a, a, a.copy()).run(a, a, a.copy(), time=False)
    assert untimed.profile is None and untimed.cycles is None
    assert "threads" not in json.loads(untimed.save(tmp_path / "r.json").read_text("utf-8"))
    assert "circular buffers, each core" not in str(untimed)


def test_wrong_files(report: RunReport, tmp_path: Path) -> None:
    with pytest.raises(TTLangError, match=r"a report ends in \.json or \.html, not 'r\.txt'"):
        report.save(tmp_path / "r.txt")
    with pytest.raises(TTLangError, match=r"r\.json cannot be written: No such file or directory"):
        report.save(tmp_path / "missing" / "r.json")
    with pytest.raises(TTLangError, match=r"t\.json cannot be written: No such file or directory"):
        report.save_trace(tmp_path / "missing" / "t.json")


def test_text(report: RunReport) -> None:
    text = str(report)
    for part in (
        "threads, mean over their cores",
        "lines of Python",
        "circular buffers",
        "roofline:",
        "DRAM",
    ):
        assert part in text


def test_trace_file(report: RunReport, tmp_path: Path) -> None:
    plain = json.loads(report.save_trace(tmp_path / "t.json").read_text("utf-8"))
    with gzip.open(report.save_trace(tmp_path / "t.json.gz"), "rt") as file:
        assert json.load(file) == plain
    events = plain["traceEvents"]
    assert {event["ph"] for event in events} == {"M", "X", "C", "b", "e"}
    names = {event["args"]["name"] for event in events if event["name"] == "process_name"}
    assert names == {f"core {core}" for core in ((0, 0), (1, 0), (0, 1), (1, 1))}
    _check_spans(events)
    began = {event["id"]: event["ts"] for event in events if event["ph"] == "b"}
    ended = {event["id"]: event["ts"] for event in events if event["ph"] == "e"}
    assert began.keys() == ended.keys() and all(began[key] <= ended[key] for key in began)
    assert all(event["args"]["pages"] >= 0 for event in events if event["ph"] == "C")


def _check_spans(events: list[dict[str, Any]]) -> None:
    """Complete events of a thread must not overlap, and all belong to a thread with a name."""
    named = {(e["pid"], e["tid"]) for e in events if e["name"] == "thread_name"}
    threads = defaultdict(list)
    for event in events:
        if event["ph"] == "X":
            threads[event["pid"], event["tid"]].append((event["ts"], event["ts"] + event["dur"]))
    assert threads.keys() == named
    for spans in threads.values():
        spans.sort()
        assert all(end <= start + 1e-6 for (_, end), (start, _) in pairwise(spans))


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine (apt install chromium)")
def test_page_in_a_browser(report: RunReport, tmp_path: Path) -> None:
    page = report.save(tmp_path / "r.html")
    text = page.read_text("utf-8")
    assert not re.search(r"(src|href)\s*=\s*\"|https?://(?!www\.w3\.org/2000/svg)", text), (
        "the page loads something"
    )
    assert BROWSER is not None
    shown = subprocess.run(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", "--virtual-time-budget=5000",
         f"--user-data-dir={tmp_path / 'profile'}", page.as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    ).stdout  # fmt: skip
    assert 'data-ready="yes"' in shown, "the page's script did not end"
    body = shown[shown.index("<body") : shown.index('<script type="application/json"')]
    assert "elementwise" in body and f"{report.cycles:,} cycles" in body
    for part in ("<canvas", "math processors:", "data movement 1", "most filled", "pages in "):
        assert part in body
    assert body.count("<rect") == 64, "the heat map has a cell for each core of the chip"


STOPPED = """
import ttlang as ttl, numpy as np

@ttl.kernel(grid=(1, 1))
def endless(a, out):
    cb = ttl.make_circular_buffer_like(a, shape=(1, 1))
    back = ttl.make_circular_buffer_like(out, shape=(1, 1))

    @ttl.datamovement()
    def read():
        for i in range(100000000):
            with cb.reserve() as block:
                ttl.copy(a[0, 0], block).wait()

    @ttl.compute()
    def relay():
        for i in range(100000000):
            with cb.wait() as block, back.reserve() as result:
                result.store(block)

    @ttl.datamovement()
    def write():
        for i in range(100000000):
            with back.wait() as block:
                ttl.copy(block, out[0, 0]).wait()

a = np.ones((32, 32), np.float32)
small = endless.compile(a, a.copy())
print("compiled", flush=True)
endless(a, a.copy())
"""


def test_ctrl_c_stops_with_what_was_seen(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(STOPPED)
    process = subprocess.Popen(
        [sys.executable, "-m", "ttlang.tools.cli", "run", str(script)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "compiled\n"
    time.sleep(8)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "interrupted" in errors and "threads, mean over their cores" in errors
    assert "Traceback" not in errors


def test_signposts_and_zones_of_a_recorded_run(tmp_path: Path) -> None:
    """A signpost has its place in time on each processor of its thread; without a record there are none."""

    @ttl.kernel(grid=(2, 1))
    def marked(x, y):
        x_cb = ttl.make_circular_buffer_like(x, shape=(1, 1))
        y_cb = ttl.make_circular_buffer_like(y, shape=(1, 1))

        @ttl.datamovement()
        def read():
            ttl.signpost("begin")
            with x_cb.reserve() as block:
                ttl.copy(x[0, 0], block).wait()
            ttl.signpost("read")

        @ttl.compute()
        def compute():
            with x_cb.wait() as a, y_cb.reserve() as b:
                ttl.signpost("here it is")
                b.store(a)

        @ttl.datamovement()
        def write():
            with y_cb.wait() as block:
                ttl.copy(block, y[0, 0]).wait()

    x = np.ones((32, 32), ml_dtypes.bfloat16)
    compiled = marked.compile(x, np.zeros_like(x))
    plain = compiled.run(x, np.zeros_like(x))
    report = compiled.run(x, np.zeros_like(x), trace=True)
    assert report.cycles == plain.cycles
    assert plain.profile is not None and plain.profile.zones == ()
    assert report.profile is not None
    at: dict[Any, dict[Any, int]] = defaultdict(dict)
    for zone in report.profile.zones:
        assert zone.cycles == 0
        at[zone.core][zone.name, zone.kernel, zone.thread] = zone.start
    assert set(at) == {(0, 0), (1, 0)}
    for core in at.values():
        reader = "data movement 1"
        begin, end = core.pop(("begin", "read", reader)), core.pop(("read", "read", reader))
        assert set(core) == {("here it is", "compute", p) for p in ("unpack", "math", "pack")}
        assert begin < end <= core["here it is", "compute", "unpack"] < report.cycles
    path = tmp_path / "t.json"
    report.save_trace(path)
    events = [e for e in json.loads(path.read_text())["traceEvents"] if e.get("cat") == "zone"]
    assert sorted({e["name"] for e in events}) == ["begin", "here it is", "read"]
    assert {e["ph"] for e in events} == {"i"} and len(events) == 10
