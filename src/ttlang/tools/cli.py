# SPDX-License-Identifier: Apache-2.0
"""The command `ttl`: run and compile kernels, look at the installation."""

import os
import runpy
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

import ttlang
from ttlang.diagnostics import TTLangError
from ttlang.hardware import chip_names
from ttlang.runtime.settings import BACKENDS

app = typer.Typer(
    name="ttl",
    help="Tile kernels for Tensix processors: compile them, run them on the bundled simulator.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_PASS_THROUGH = {"allow_extra_args": True}
_STAGES = ("schedule", "ttl", "ttmetal", "ttkernel", "emitc", "cpp")


class _Stop(Exception):
    """Ends a command with a message and an exit code."""

    def __init__(self, message: str, code: int = 1):
        super().__init__(message)
        self.code = code


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ttl {ttlang.__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


def _checked_chip(name: str | None) -> None:
    if name is not None:
        if name not in chip_names():
            raise _Stop(f"error: chip '{name}' is not known; there are {', '.join(chip_names())}", 2)
        os.environ["TTLANG_CHIP"] = name


def _checked_backend(name: str | None, stages: list[str]) -> None:
    if name is not None and name not in BACKENDS:
        raise _Stop(f"error: there is no backend '{name}'; there are {', '.join(BACKENDS)}", 2)
    if name == "direct" and "ttkernel" in stages:
        raise _Stop(
            "error: there is no stage 'ttkernel' with --backend direct: it makes EmitC of TTL at once\n"
            "  help: leave it out of --emit, or take another backend",
            2,
        )


def _checked_reports(report: Path | None, trace: Path | None, timing: bool) -> None:
    """Refuses what could not be written after the run, before it."""
    for path, endings in ((report, (".html", ".json")), (trace, (".json", ".json.gz"))):
        if path is None:
            continue
        if not path.name.endswith(endings):
            raise _Stop(f"error: {path}: the name must end in {' or '.join(endings)}", 2)
        if not path.absolute().parent.is_dir():
            raise _Stop(f"error: there is no folder {path.parent}", 2)
        if not timing:
            raise _Stop("error: --no-timing leaves nothing to report; leave out one of them", 2)


def _script(path: Path) -> Path:
    if not path.is_file():
        raise _Stop(f"error: there is no file {path}", 2)
    return path


@contextmanager
def _arguments(path: Path, arguments: list[str]) -> Iterator[None]:
    """What a script sees when it is run by hand: its arguments and its folder on the path."""
    saved_argv, saved_path = sys.argv, list(sys.path)
    sys.argv = [str(path), *arguments]
    sys.path.insert(0, str(path.resolve().parent))
    try:
        yield
    finally:
        sys.argv, sys.path[:] = saved_argv, saved_path


def _run_script(path: Path, arguments: list[str], compat: bool = False, largest: int | None = None) -> int:
    """Run a script as `python` would; returns its exit code."""
    with _arguments(path, arguments):
        try:
            if compat:
                from ttlang.compat.script import run

                run(path, largest)
            else:
                runpy.run_path(str(path), run_name="__main__")
        except SystemExit as stop:
            if stop.code is None:
                return 0
            if isinstance(stop.code, int):
                return stop.code
            print(stop.code, file=sys.stderr)
            return 1
    return 0


@app.command(context_settings=_PASS_THROUGH)
def run(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(help="A Python script that calls kernels, or a program file (.ttm).")
    ],
    inputs: Annotated[
        list[Path] | None, typer.Option("--in", help="Program files: .npy files of the inputs, in order.")
    ] = None,
    outputs: Annotated[
        list[Path] | None, typer.Option("--out", help="Program files: a .npy file to write; one per output.")
    ] = None,
    chip: Annotated[
        str | None,
        typer.Option(help=f"Simulated chip for kernels that name none: {', '.join(chip_names())}."),
    ] = None,
    timing: Annotated[
        bool, typer.Option(help="Model time; --no-timing computes values only, faster.")
    ] = True,
    table: Annotated[bool, typer.Option("--table", help="Print the report of each run of a kernel.")] = False,
    report: Annotated[
        Path | None, typer.Option(help="Write the report of each run: a page (.html) or data (.json).")
    ] = None,
    trace: Annotated[
        Path | None, typer.Option(help="Write each run over time, for the Perfetto UI (.json, .json.gz).")
    ] = None,
    max_cycles: Annotated[
        int | None, typer.Option(min=1, help="Stop a run after so many simulated cycles.")
    ] = None,
    sanitize: Annotated[
        bool, typer.Option(help="Look for faults that hardware would hide; --no-sanitize runs faster.")
    ] = True,
    compat: Annotated[
        bool, typer.Option("--compat", help="A program of the public language: `import ttl`, `import ttnn`.")
    ] = False,
    largest: Annotated[
        int | None,
        typer.Option(min=1, help="With --compat: cut larger numbers in assignments outside of functions."),
    ] = None,
) -> None:
    """Run a script or a program file on the simulator.

    What follows a script is passed to it; its own options stand after `--`. A program file takes its inputs with `--in`.
    """
    from ttlang.runtime import settings

    _checked_chip(chip)
    _checked_reports(report, trace, timing)
    settings.override(
        time=timing,
        max_cycles=max_cycles,
        sanitize=sanitize,
        print_reports=table,
        report_file=report,
        trace_file=trace,
    )
    if file.suffix == ".ttm":
        from .program_file import run_program

        given = [*(inputs or []), *(Path(argument) for argument in context.args)]
        print(run_program(_script(file), given, outputs or []))
        return
    if inputs or outputs:
        raise _Stop(
            "error: --in and --out go with program files (.ttm); a script gets its arguments after FILE", 2
        )
    if largest is not None and not compat:
        raise _Stop("error: --largest goes with --compat", 2)
    raise typer.Exit(_run_script(_script(file), context.args, compat, largest))


@app.command(context_settings=_PASS_THROUGH, name="compile")
def compile_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A Python script that calls kernels.")],
    emit: Annotated[
        str, typer.Option(help=f"Stages to write, comma-separated: {','.join(_STAGES)}.")
    ] = "cpp",
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder to write to.")] = Path("out"),
    chip: Annotated[str | None, typer.Option(help="Chip for kernels that name none.")] = None,
    backend: Annotated[
        str | None,
        typer.Option(
            help=f"Way to the C++ for kernels that name none: {', '.join(BACKENDS)} (without TTKernel)."
        ),
    ] = None,
    time_passes: Annotated[bool, typer.Option(help="Print the time of each pass.")] = False,
) -> None:
    """Run a script in compile-only mode and write what its kernels become. Further arguments
    are passed to it; its own options stand after `--`."""
    from ttlang.runtime import driver, settings

    stages = [stage.strip() for stage in emit.split(",") if stage.strip()]
    unknown = [stage for stage in stages if stage not in _STAGES]
    if unknown or not stages:
        raise _Stop(f"error: stage '{','.join(unknown)}' is not known; there are {', '.join(_STAGES)}", 2)
    _checked_chip(chip)
    _checked_backend(backend, stages)
    settings.override(backend=backend)
    os.environ["TTLANG_COMPILE_ONLY"] = "1"
    if time_passes:
        os.environ["TTLANG_DISABLE_CACHE"] = "1"
    seen: list[Any] = []
    with driver.watched(seen.append):
        code = _run_script(_script(file), context.args)
    console = Console(highlight=False)
    if not seen:
        raise _Stop(f"error: {file} called no kernel", 1)
    for number, compiled in enumerate(seen):
        earlier = sum(other.name == compiled.name for other in seen[:number])
        folder = output if not earlier else output / f"{compiled.name}_{earlier + 1}"
        try:
            paths = compiled.write(folder, stages)
        except KeyError as error:
            raise _Stop(f"error: {error.args[0]}", 2) from None
        for path in paths:
            console.print(str(path), soft_wrap=True)
        if time_passes:
            _print_times(console, compiled.name, compiled.pass_seconds)
    raise typer.Exit(code)


def _print_times(console: Console, name: str, seconds: dict[str, float]) -> None:
    from rich.table import Table

    table = Table(title=f"{name}: CPU time of passes", title_justify="left")
    table.add_column("pass")
    table.add_column("ms", justify="right")
    for step, spent in seconds.items():
        table.add_row(step, f"{spent * 1e3:.2f}")
    table.add_row("total", f"{sum(seconds.values()) * 1e3:.2f}")
    console.print(table)


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(help="A program file (.ttm).")],
    stage: Annotated[str | None, typer.Option(help=f"Print one stage instead: {', '.join(_STAGES)}.")] = None,
) -> None:
    """Show what is in a program file: tensors, buffers, kernels, stages."""
    from .program_file import inspect_program

    Console(highlight=False).print(inspect_program(_script(file), stage))


@app.command()
def doctor() -> None:
    """Check the installation: compiler, simulator, cache, optional parts."""
    from .doctor import examine

    raise typer.Exit(examine(Console(highlight=False)))


def main() -> None:
    """Entry point of the command."""
    try:
        app(standalone_mode=True)
    except _Stop as stop:
        print(stop, file=sys.stderr)
        sys.exit(stop.code)
    except TTLangError as error:
        print(error, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
