# SPDX-License-Identifier: Apache-2.0
"""`ttl-opt`: reads MLIR text, runs passes on it, and prints it.

Exit code 0 on success; 1 on bad input, with a diagnostic on standard error and nothing on standard output; 2
on wrong arguments.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from ttlang.diagnostics import CompileError, SourceLocation

if TYPE_CHECKING:
    from xdsl.context import Context
    from xdsl.dialects.builtin import ModuleOp
    from xdsl.passes import ModulePass

SEPARATOR = "// -----"


@dataclass(frozen=True)
class Chunk:
    """A piece of the input, and how many lines stand above it."""

    text: str
    line_offset: int = 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `ttl-opt`; returns its exit code."""
    parser = _argument_parser()
    options = parser.parse_args(arguments)
    if options.help:
        from ttlang.tools.dialect_docs import help_text

        print(parser.format_help() + help_text())
        return 0
    if options.list_passes:
        from ttlang.tools.dialect_docs import passes_text

        print(passes_text())
        return 0
    if options.dialect_docs is not None:
        from ttlang.tools.dialect_docs import write_docs

        return write_docs(Path(options.dialect_docs), check=options.check)
    return _Driver(options).run()


def _argument_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ttl-opt", description="Read MLIR text, run passes on it, and print it.", add_help=False
    )
    add = parser.add_argument
    add("input", nargs="?", default="-", help="file to read; - or nothing for standard input")
    add("-h", "--help", action="store_true", help="show this, every dialect and every pass, and exit")
    add(
        "-p",
        "--passes",
        "--pass-pipeline",
        default="",
        metavar="PIPELINE",
        help='passes, as in "ttl-validate,canonicalize,cse" or "builtin.module(ttl-validate,cse)"',
    )
    add("--list-passes", action="store_true", help="show every pass and what composites stand for, and exit")
    add("--print-pipeline", action="store_true", help="print the passes that PIPELINE runs, and exit")
    add("-o", "--output", metavar="FILE", help="write here instead of to standard output")
    add("--generic", "--print-op-generic", action="store_true", help="print ops in the generic form")
    add("--locations", "--print-debuginfo", action="store_true", help="print the location of every op")
    add(
        "--split-input-file",
        action="store_true",
        help=f"take the pieces between '{SEPARATOR}' apart",
    )
    add(
        "--verify-diagnostics",
        action="store_true",
        help="exit code 0 when diagnostics agree with comments '// expected-error @+1 {{text}}'",
    )
    add("--no-verify-each", action="store_true", help="verify only before the first pass and after the last")
    add("--allow-unregistered-dialect", action="store_true", help="accept ops and types of unknown dialects")
    add("--time-passes", action="store_true", help="print the time that each pass takes to standard error")
    add(
        "--dialect-docs",
        nargs="?",
        const="docs/dialects",
        metavar="FOLDER",
        help="write the documentation of the dialects and passes to FOLDER (docs/dialects) and exit",
    )
    add(
        "--check",
        action="store_true",
        help="with --dialect-docs: write nothing, exit with 1 when a file is stale",
    )
    return parser


class _Driver:
    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.name = "<stdin>" if options.input == "-" else str(options.input)
        self.text = ""

    def run(self) -> int:
        output = StringIO()
        try:
            pipeline = self._pipeline()
            if self.options.print_pipeline:
                return self._print_pipeline(pipeline)
            self.text = self._read()
        except CompileError as error:
            self._report(error)
            return 1
        failed = False
        for index, chunk in enumerate(self._chunks()):
            problem = self._process(chunk, pipeline, output, first=index == 0)
            if self.options.verify_diagnostics:
                failed |= not self._is_expected(chunk, problem)
            elif problem is not None:
                self._report(problem)
                failed = True
        if failed:
            return 1
        return self._write(output.getvalue())

    def _process(
        self, chunk: Chunk, pipeline: "Sequence[ModulePass]", output: TextIO, *, first: bool
    ) -> CompileError | None:
        """Parse, verify, transform and print one piece; returns what is wrong with it."""
        from ttlang.dialects import context
        from ttlang.dialects.checking import located, parse, verify

        ctx = context(allow_unregistered=self.options.allow_unregistered_dialect)
        try:
            module = parse(ctx, chunk.text, self.name, line_offset=chunk.line_offset)
            verify(module)
            self._run_passes(ctx, module, pipeline)
            with located(module):
                text = self._print(module)
        except CompileError as error:
            return error
        output.write(text if first else f"{SEPARATOR}\n{text}")
        return None

    def _run_passes(self, ctx: "Context", module: "ModuleOp", pipeline: "Sequence[ModulePass]") -> None:
        from time import perf_counter

        from ttlang.dialects.checking import run_pass, verify

        for index, transform in enumerate(pipeline):
            start = perf_counter()
            run_pass(ctx, module, transform)
            if self.options.time_passes:
                print(f"{(perf_counter() - start) * 1e3:8.3f} ms  {transform.name}", file=sys.stderr)
            if index == len(pipeline) - 1 or not self.options.no_verify_each:
                verify(module)

    def _print(self, module: "ModuleOp") -> str:
        from xdsl.printer import Printer

        stream = StringIO()
        printer = Printer(
            stream, print_generic_format=self.options.generic, print_debuginfo=self.options.locations
        )
        printer.print_op(module)
        return stream.getvalue() + "\n"

    def _read(self) -> str:
        from ttlang.dialects.checking import decode

        if self.options.input == "-":
            return decode(sys.stdin.buffer.read(), self.name)
        try:
            return decode(Path(self.options.input).read_bytes(), self.name)
        except OSError as error:
            raise CompileError(f"cannot read {self.name}: {error.strerror}") from error

    def _pipeline(self) -> "list[ModulePass]":
        from ttlang.transforms.pipeline_text import parse_passes

        return parse_passes(self.options.passes)

    def _print_pipeline(self, pipeline: "list[ModulePass]") -> int:
        from ttlang.transforms.pipeline_text import pipeline_text

        return self._write(pipeline_text(pipeline) + "\n")

    def _chunks(self) -> list[Chunk]:
        if not self.options.split_input_file:
            return [Chunk(self.text)]
        chunks: list[Chunk] = []
        lines: list[str] = []
        start = 0
        for number, line in enumerate(self.text.split("\n"), 1):
            if line.strip() == SEPARATOR:
                chunks.append(Chunk("\n".join(lines), start))
                lines, start = [], number
            else:
                lines.append(line)
        chunks.append(Chunk("\n".join(lines), start))
        return chunks

    def _is_expected(self, chunk: Chunk, error: CompileError | None) -> bool:
        """Compare a diagnostic with the comments of a piece; reports what differs."""
        from ttlang.tools.expected_diagnostics import compare

        problems = compare(chunk.text, chunk.line_offset, self.name, error)
        for problem in problems:
            print(problem, file=sys.stderr)
        return not problems

    def _report(self, error: CompileError) -> None:
        print(self._render(error), file=sys.stderr)

    def _render(self, error: CompileError) -> str:
        """`file:line:col: error: message`, the source line and a caret, then the notes."""
        text = self._diagnostic("error", error.message, error.location)
        for note in error.notes:
            text += "\n" + self._diagnostic("note", note.message, note.location)
        if error.hint is not None:
            text += f"\n  help: {error.hint}"
        return text

    def _diagnostic(self, severity: str, message: str, location: SourceLocation | None) -> str:
        if location is None:
            return f"{severity}: {message}"
        text = f"{location}: {severity}: {message}"
        if location.file != self.name:
            return text + location.excerpt("  ")
        lines = self.text.split("\n")
        if not 1 <= location.line <= len(lines):
            return text
        line = lines[location.line - 1]
        if not line.strip() or len(line) > MAX_EXCERPT or not line.isprintable():
            return text
        return f"{text}\n  {line}\n  {' ' * (location.column - 1)}^"

    def _write(self, text: str) -> int:
        if self.options.output is None:
            sys.stdout.write(text)
            return 0
        try:
            Path(self.options.output).write_text(text)
        except OSError as error:
            self._report(CompileError(f"cannot write {self.options.output}: {error.strerror}"))
            return 1
        return 0


MAX_EXCERPT = 400
"""Characters of a source line that a diagnostic still quotes."""

if __name__ == "__main__":
    sys.exit(main())
