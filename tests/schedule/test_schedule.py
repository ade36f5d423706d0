# SPDX-License-Identifier: Apache-2.0
"""`ttl.schedule`: building, printing, calling and caching schedules; errors at the caller; steps left out."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import ttlang as ttl
from ttlang.dialects import context
from ttlang.dialects.checking import parse
from ttlang.dialects.locations import is_known
from ttlang.runtime import driver
from ttlang.schedule.interpreter import apply_sequence, sequence_of
from ttlang.schedule.steps import quoted, skipped_steps, unquoted
from ttlang.tools.opt import main as opt

from .scheduled_kernels import add_tiles, copying, message, numbers, ran


@pytest.fixture
def arguments():
    a = numbers(4, 1)
    return a, np.zeros_like(a)


def test_text_is_a_sequence_of_the_dialect():
    """Every step, a match with names, results that later steps go on from."""
    schedule = (
        ttl.schedule(add_tiles)
        .tile(2, 1)
        .fuse()
        .reorder_for_locality()
        .match("ttl.create_cb", names=("a_cb", "b_cb"))
        .optimize_buffer_factor(factor=4)
        .schedule_pipeline("aggressive")
        .insert_prefetch(distance=2)
        .match("ttl.copy")
        .coalesce_dma()
        .match("ttl.block_add", "ttl.block_mul")
        .allocate_dst_registers(full_sync=True, max_tiles=4)
        .optimize_buffer_factor()
    )
    text = str(schedule)
    assert text == (
        "transform.sequence failures(propagate) {\n"
        "^bb0(%root: !transform.any_op):\n"
        '  %kernel = transform.structured.match ops{["ttl.kernel"]} in %root\n'
        "  %1 = transform.ttl.tile %kernel {sizes = array<i64: 2, 1>}\n"
        "  %2 = transform.ttl.fuse %1\n"
        "  %3 = transform.ttl.reorder_for_locality %2\n"
        '  %4 = transform.structured.match ops{["ttl.create_cb"]} in %3 {names = ["a_cb", "b_cb"]}\n'
        "  %5 = transform.ttl.optimize_buffer_factor %4 {factor = 4}\n"
        '  %6 = transform.ttl.schedule_pipeline %3 {strategy = "aggressive"}\n'
        "  %7 = transform.ttl.insert_prefetch %6 {distance = 2}\n"
        '  %8 = transform.structured.match ops{["ttl.copy"]} in %7\n'
        "  %9 = transform.ttl.coalesce_dma %8\n"
        '  %10 = transform.structured.match ops{["ttl.block_add", "ttl.block_mul"]} in %7\n'
        "  %11 = transform.ttl.allocate_dst_registers %10 {full_sync = true, max_tiles = 4}\n"
        '  %12 = transform.structured.match ops{["ttl.create_cb"]} in %7\n'
        "  %13 = transform.ttl.optimize_buffer_factor %12\n"
        "}\n"
    )
    parse(context(), text, "schedule").verify()


def test_schedules_do_not_change():
    base = ttl.schedule(copying())
    once = base.insert_prefetch(2)
    before = str(once)
    once.schedule_pipeline()
    assert "insert_prefetch" not in str(base) and str(once) == before
    again = ttl.schedule(once, failures="suppress").coalesce_dma()
    assert "insert_prefetch" in str(again) and "failures(suppress)" in str(again)


def test_called_as_the_kernel_is(arguments):
    kernel = copying()
    scheduled = ttl.schedule(kernel).insert_prefetch()
    assert isinstance(scheduled, ttl.Kernel) and scheduled.name == "copy_tiles"
    a, out = arguments
    report = scheduled(a, out, max_cycles=10**6)
    assert (out == a).all() and report.kernel == "copy_tiles"
    seen = []
    with driver.watched(seen.append):
        scheduled(a, out)
    assert seen == [scheduled.compile(a, out)]
    assert repr(scheduled) == "<ttl.schedule of <ttl.kernel copy_tiles(a, out)>: 1 step>"


def test_stages(arguments):
    kernel = copying()
    scheduled = ttl.schedule(kernel).insert_prefetch().compile(*arguments)
    assert scheduled.asm["schedule"] == str(ttl.schedule(kernel).insert_prefetch())
    assert "transaction" in scheduled.asm["ttl"] and "transform" not in scheduled.asm["ttl"]
    assert scheduled.stages == ("schedule", "ttl", "ttmetal", "ttkernel", "emitc")
    plain = kernel.compile(*arguments)
    assert plain.stages == ("ttl", "ttmetal", "ttkernel", "emitc") and plain.skipped_steps == ()
    with pytest.raises(KeyError, match="'copy_tiles' has no stage 'schedule': it was compiled without one"):
        plain.asm["schedule"]


def test_saved_and_written(arguments, tmp_path):
    compiled = ttl.schedule(copying()).insert_prefetch().compile(*arguments)
    loaded = ttl.load(compiled.save(tmp_path / "k.ttm"))
    assert loaded.asm["schedule"] == compiled.asm["schedule"]
    names = {path.name for path in compiled.write(tmp_path)}
    assert {"copy_tiles.schedule.mlir", "copy_tiles.ttl.mlir", "copy_tiles.read.cpp"} <= names


def test_every_schedule_is_cached_by_itself(arguments):
    kernel = copying()
    one, other = (ttl.schedule(kernel).insert_prefetch(n) for n in (1, 2))
    first = one.compile(*arguments)
    assert first is ttl.schedule(kernel).insert_prefetch(1).compile(*arguments)
    assert len({k.compile(*arguments).artefacts for k in (kernel, one, other)}) == 3
    driver.forget()
    assert one.compile(*arguments).kernels == first.kernels


def test_steps_that_are_left_out(arguments):
    """The others are made; what was left out is kept with the reason, in the cache too."""
    kernel = copying(factor=2)
    schedule = (
        ttl.schedule(kernel, failures="suppress")
        .insert_prefetch(4)
        .match("ttl.create_cb", names=("none",))
        .optimize_buffer_factor()
        .schedule_pipeline()
    )
    expected = (
        (
            "insert_prefetch",
            "4 blocks in flight do not fit 'cb', which holds 2: first give it optimize_buffer_factor(factor=5), room for"
            " its consumer beside them",
        ),
        ("match", "there is no ttl.create_cb named 'none'; there is cb"),
        ("optimize_buffer_factor", "its handle is to no op"),
    )
    compiled = schedule.compile(*arguments)
    assert compiled.skipped_steps == expected
    driver.forget()
    assert schedule.compile(*arguments).skipped_steps == expected
    assert "noc_async_writes_flushed" in compiled.kernels["write"]
    assert ran(schedule, *arguments) <= ran(kernel, *arguments)
    parse(context(), compiled.asm["schedule"], "schedule").verify()


@pytest.mark.parametrize("text", ["", "plain", 'a "quoted" \\ word', "Grüße\n\t", "\\22"])
def test_strings(text):
    assert unquoted(quoted(text)) == text
    line = f"  %1 = transform.ttl.fuse %0 {{skipped = {quoted(text)}}}\n"
    assert skipped_steps(line) == (("fuse", text),)


def test_every_op_keeps_its_line():
    """After all steps, ops are at lines of the kernel, not of the schedule."""
    from ttlang.frontend.program import ProgramBuilder

    kernel, arguments = copying(factor=16), (numbers(16, 1), numbers(16, 1))
    reads = ttl.schedule(kernel).match("ttl.datamovement_thread", names=["read"])
    schedule = reads.coalesce_dma().schedule_pipeline().insert_prefetch(1).optimize_buffer_factor()
    scope = schedule.trace(arguments)
    module, ctx = ProgramBuilder(scope).build(), context()
    sequence = sequence_of(ctx, scope.schedule)
    module.body.block.add_op(sequence)
    apply_sequence(ctx, module, sequence)
    module.verify()
    unknown = [op.name for op in module.walk() if not is_known(op.location)]
    assert unknown == []
    assert all("scheduled_kernels.py" in str(op.location) for op in module.walk())


# Errors


def test_refusals_name_the_step_and_both_places(arguments):
    with pytest.raises(ttl.CompileError) as error:
        ttl.schedule(copying(factor=2)).insert_prefetch(2).compile(*arguments)
    text = str(error.value)
    assert text.startswith(
        "error: schedule step insert_prefetch(distance=2): 3 blocks in flight do not fit 'cb'"
    )
    assert "cb = ttl.make_circular_buffer_like(a, shape=(height, 1), buffer_factor=factor)" in text
    assert "note: the step is asked for at" in text and "test_schedule.py" in text


def test_wrong_kernels_are_told_as_without_a_schedule(arguments):
    @ttl.kernel(grid=(1, 1))
    def unproduced(a, out):
        cb = ttl.make_circular_buffer_like(a, shape=(1, 1))

        @ttl.datamovement()
        def write():
            with cb.wait() as block:
                ttl.copy(block, out[0, 0])

    texts = [
        message(lambda k=k: k.compile(*arguments)) for k in (unproduced, ttl.schedule(unproduced).fuse())
    ]
    assert texts == ["circular buffer 'cb' is waited for, but no thread produces it"] * 2


def test_targets_of_the_wrong_kind(arguments):
    step = ttl.schedule(copying()).match("ttl.kernel").optimize_buffer_factor()
    assert message(lambda: step.compile(*arguments)) == (
        "schedule step optimize_buffer_factor(): it works on circular buffers, and the handle is to a ttl.kernel"
    )


def test_matches(arguments):
    unknown = ttl.schedule(copying()).match("ttl.block_add").allocate_dst_registers(max_tiles=1)
    assert message(lambda: unknown.compile(*arguments)) == (
        "schedule step match(ops=('ttl.block_add',)): there is no ttl.block_add to match"
    )
    misnamed = ttl.schedule(copying()).match("ttl.create_cb", names=["a_cb"]).optimize_buffer_factor(4)
    assert message(lambda: misnamed.compile(*arguments)) == (
        "schedule step match(ops=('ttl.create_cb',), names=('a_cb',)): there is no ttl.create_cb named 'a_cb'; there is cb"
    )


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda s: s.schedule_pipeline("eager"),
            "strategy must be one of aggressive, conservative, auto, got 'eager'",
        ),
        (
            lambda s: s.insert_prefetch(0),
            "distance of insert_prefetch must be an integer of at least 1, got 0",
        ),
        (
            lambda s: s.insert_prefetch(True),
            "distance of insert_prefetch must be an integer of at least 1, got True",
        ),
        (
            lambda s: s.optimize_buffer_factor(2.0),
            "factor of optimize_buffer_factor must be an integer of at least 1, got 2.0",
        ),
        (
            lambda s: s.allocate_dst_registers(full_sync=1),
            "full_sync of allocate_dst_registers must be a bool, got 1",
        ),
        (
            lambda s: s.allocate_dst_registers(max_tiles=0),
            "max_tiles of allocate_dst_registers must be an integer of at least 1, got 0",
        ),
        (lambda s: s.tile(), "tile takes the new shape of blocks in tiles, as in tile(2, 1)"),
        (lambda s: s.tile(2, 0), "a size of tile must be an integer of at least 1, got 0"),
        (lambda s: s.tile((2, 1)), "a size of tile must be an integer of at least 1, got (2, 1)"),
        (lambda s: s.match(), 'match names ops of TTL, as in match("ttl.create_cb")'),
        (lambda s: s.match("ttl.copy", names="read"), "names of match are a sequence of strings, got 'read'"),
        (
            lambda s: s.match("ttl.copy").match("ttl.copy"),
            "two matches follow each other: a step must use the first",
        ),
        (
            lambda s: ttl.schedule(s, failures="ignore"),
            "failures must be one of propagate, suppress, got 'ignore'",
        ),
        (lambda s: ttl.schedule(test_matches), "ttl.schedule takes a kernel, got function"),
    ],
)
def test_misuse_is_told_at_the_caller(call, text):
    with pytest.raises(ttl.CompileError) as error:
        call(ttl.schedule(copying()))
    assert error.value.message == text
    assert error.value.location.file == __file__


# Tools


SCRIPT = """
import numpy as np
import ttlang as ttl

@ttl.kernel(grid=(1, 1))
def copied(a, out):
    cb = ttl.make_circular_buffer_like(a, shape=(1, 1))

    @ttl.datamovement()
    def read():
        for i in range(4):
            with cb.reserve() as block:
                ttl.copy(a[i, 0], block)

    @ttl.datamovement()
    def write():
        for i in range(4):
            with cb.wait() as block:
                ttl.copy(block, out[i, 0])

a = np.ones((128, 32), np.float32)
{call}(a, np.zeros_like(a))
"""


@pytest.mark.parametrize("call", ["ttl.schedule(copied).insert_prefetch()", "copied"])
def test_ttl_compile(call, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(call=call))
    command = ["compile", str(script), "--emit", "schedule,cpp", "-o", str(tmp_path / "out")]
    done = subprocess.run(
        [sys.executable, "-m", "ttlang.tools.cli", *command], capture_output=True, text=True, check=False
    )
    if call == "copied":
        assert done.returncode == 2
        assert done.stderr == "error: 'copied' has no stage 'schedule': it was compiled without one\n"
        return
    assert done.returncode == 0, done.stderr
    assert "insert_prefetch" in (tmp_path / "out/copied.schedule.mlir").read_text()
    assert "with_trid" in (tmp_path / "out/copied.read.cpp").read_text()


def test_ttl_opt_remarks_on_steps_that_are_left_out(monkeypatch, capsys):
    file = Path(__file__).parents[1] / "filecheck/transforms/ttl_apply_schedule.mlir"
    monkeypatch.setenv("TTLANG_VERBOSE_PASSES", "1")
    assert opt([str(file), "-p", "ttl-apply-schedule"]) == 0
    remarks = [line.partition("remark: ")[2] for line in capsys.readouterr().err.split("\n")]
    assert remarks[:3] == [
        "step match(ops=('ttl.block_add',)) is left out: there is no ttl.block_add to match [ttl-apply-schedule]",
        "step allocate_dst_registers() is left out: its handle is to no op [ttl-apply-schedule]",
        "step insert_prefetch(distance=6) is left out: 7 blocks in flight do not fit 'cb', which holds 2: first give it"
        " optimize_buffer_factor(factor=8), room for its consumer beside them [ttl-apply-schedule]",
    ]


def test_nothing_heavy_is_loaded_to_make_one():
    code = (
        "import sys, ttlang as ttl\n"
        "@ttl.kernel(grid=(1, 1))\ndef k(a): pass\n"
        "print(len(str(ttl.schedule(k).insert_prefetch())) > 0, 'xdsl' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True False\n"
