# SPDX-License-Identifier: Apache-2.0
"""A compiled kernel: its stages to look at, and its launch."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ttlang.diagnostics import TTLangError
from ttlang.environment import is_on
from ttlang.language.data import Layout
from ttlang.language.scope import misuse
from ttlang.language.tensors import CONSTANTS, TensorSpec, is_ttnn_tensor, spec_of

from . import settings
from .arguments import checked_arrays
from .image import ProgramImage
from .report import RunReport
from .settings import BACKENDS

STAGES = {
    "schedule": "schedule.mlir",
    "ttl": "ttl.mlir",
    "ttmetal": "ttmetal.mlir",
    "ttkernel": "ttkernel.mlir",
    "emitc": "emitc.mlir",
}
"""Stages of the IR and the files that hold them; the stage "cpp" is one file per kernel. "schedule" is that of kernels with
one, `ttl` then the kernel as it was scheduled; "ttkernel" is left out by `backend="direct"`."""


class Stages(Mapping[str, str]):
    """`compiled.asm["schedule" | "ttl" | "ttmetal" | "ttkernel" | "emitc" | "cpp"]`: the text of each stage."""

    def __init__(self, image: ProgramImage, folder: Path | None, files: Mapping[str, str]):
        self._image = image
        self._folder = folder
        self._files = files

    def __getitem__(self, stage: str) -> str:
        if stage not in (*STAGES, "cpp"):
            raise KeyError(f"there is no stage '{stage}'; there are {', '.join((*STAGES, 'cpp'))}")
        if stage == "cpp":
            return "\n".join(
                f"// ===== {kernel.name}.cpp =====\n{kernel.source}" for kernel in self._image.kernels
            )
        name = STAGES[stage]
        if name in self._files:
            return self._files[name]
        if self._folder is None or (self._folder.is_dir() and not self._has(name)):
            if stage == "schedule":
                raise KeyError(f"'{self._image.name}' has no stage 'schedule': it was compiled without one")
            if stage == "ttkernel" and self._has(STAGES["emitc"]):
                raise KeyError(
                    f"'{self._image.name}' has no stage 'ttkernel': it was compiled with backend='direct', which makes"
                    f" EmitC of TTL at once; it has {', '.join(self)}"
                )
            raise KeyError(f"'{self._image.name}' has no stage '{stage}'; it has {', '.join(self)}")
        try:
            return (self._folder / name).read_text(encoding="utf-8")
        except OSError:
            raise TTLangError(
                f"error: the stage '{stage}' of '{self._image.name}' is no longer in the cache ({self._folder})\n"
                "  help: compile the kernel again"
            ) from None

    def __iter__(self) -> Iterator[str]:
        return iter((*(stage for stage, file in STAGES.items() if self._has(file)), "cpp"))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _has(self, file: str) -> bool:
        return file in self._files or (self._folder is not None and (self._folder / file).is_file())


class CompiledKernel:
    """A kernel compiled for arguments of given types.

    `asm` holds the text of each stage, `kernels` the C++ of each thread by name, `artefacts` the folder with all of
    them (None when the kernel is not cached), `pass_seconds` the CPU time of each pass (empty when it came from a cache),
    `backend` what runs it unless a run says otherwise (None: ttnn for ttnn tensors, the simulator for arrays).
    """

    def __init__(
        self,
        image: ProgramImage,
        artefacts: Path | None,
        files: Mapping[str, str] | None = None,
        pass_seconds: Mapping[str, float] | None = None,
        backend: str | None = None,
    ):
        self.backend = backend
        self.constants: tuple[tuple[int, Any], ...] = ()
        """Position and value of the arguments that are compile-time constants."""
        self.plain_layout = Layout.TILE
        """The layout of arrays that have none of their own."""
        self.image = image
        self.pass_seconds = dict(pass_seconds or {})
        self.artefacts = artefacts
        self.asm: Mapping[str, str] = Stages(image, artefacts, files or {})

    @property
    def name(self) -> str:
        return self.image.name

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages of the IR that `asm` holds."""
        return tuple(stage for stage in self.asm if stage in STAGES)

    @property
    def kernels(self) -> dict[str, str]:
        return {kernel.name: kernel.source for kernel in self.image.kernels}

    @property
    def skipped_steps(self) -> tuple[tuple[str, str], ...]:
        """Steps of the kernel's schedule that `failures="suppress"` left out: name and reason of each."""
        from ttlang.schedule.steps import skipped_steps

        return skipped_steps(self.asm["schedule"]) if "schedule" in self.stages else ()

    def run(
        self,
        *arguments: Any,
        backend: str | None = None,
        time: bool | None = None,
        max_cycles: int | None = None,
        sanitize: bool | None = None,
        trace: bool | None = None,
        schedule: str | None = None,
    ) -> RunReport:
        """Run on the simulator or, with `backend="ttnn"` or ttnn tensors, on hardware; outputs are written in place.

        `time=False` computes values only; `max_cycles` ends a run that takes longer; `sanitize=False` leaves out the
        search for faults that hardware would hide; `schedule="random:SEED"` perturbs when processors start and packets leave,
        within what a chip may do; `trace=True` records the run over time, for
        `RunReport.save_trace` and the timeline of `RunReport.save`. Raises CompileError for arguments
        that are not those it was compiled for, SimulatorError (DeadlockError, ...) when the run fails, TTNNError
        when ttnn or its device are missing. With `TTLANG_COMPILE_ONLY=1` nothing runs and the report says so.
        """
        tensors = [a for a in arguments if not isinstance(a, CONSTANTS)]
        self._check_constants(arguments)
        self._check_types(tensors)
        if self._launcher(backend, tensors) == "ttnn":
            if compile_only():
                return RunReport.compiled_only(self)
            from . import ttnn_backend

            return ttnn_backend.launch(self, tensors)
        arrays = checked_arrays(self.image, tensors)
        if compile_only():
            return RunReport.compiled_only(self)
        from ttlang.simulator.device import schedule_seed

        from .simulator_backend import launch

        defaults = settings.current()
        try:
            schedule_seed(schedule or defaults.schedule)
        except ValueError as error:
            raise misuse(str(error)) from None
        report = launch(
            self,
            arrays,
            time=defaults.time if time is None else time,
            max_cycles=defaults.max_cycles if max_cycles is None else max_cycles,
            sanitize=defaults.sanitize if sanitize is None else sanitize,
            trace=bool(defaults.trace_file or defaults.report_file) if trace is None else trace,
            schedule=schedule or defaults.schedule,
        )
        settings.write_reports(report)
        return report

    def _launcher(self, backend: str | None, tensors: Sequence[Any]) -> str:
        """What runs the program: "simulator" or "ttnn"."""
        chosen = backend or self.backend
        if chosen is not None and chosen not in BACKENDS:
            raise misuse(f"there is no backend {chosen!r}; there are {', '.join(BACKENDS)}")
        on_device = [
            t.name for t, value in zip(self.image.tensors, tensors, strict=True) if is_ttnn_tensor(value)
        ]
        if chosen is None:
            return "ttnn" if on_device else "simulator"
        if on_device and chosen != "ttnn":
            raise misuse(
                f"argument '{on_device[0]}' of '{self.name}' is a ttnn tensor, which the simulator cannot read",
                hint="pass arrays, or backend='ttnn'",
            )
        return "ttnn" if chosen == "ttnn" else "simulator"

    def save(self, path: "str | os.PathLike[str]", format: str = "ttm") -> Path:
        """Write the program to a file that `ttl.load` reads, with the text of all stages.

        `format="kernel-artifact"` writes the JSON that tt-mlir takes in instead. Raises TTLangError when the file
        cannot be written, or the format has no place for something that the program has.
        """
        from .saved import save

        return save(self, path, format)

    def _check_constants(self, arguments: Sequence[Any]) -> None:
        """Constants that are passed must be those of the compilation; they may be left out."""
        given = [(n, a) for n, a in enumerate(arguments) if isinstance(a, CONSTANTS)]
        if not given:
            return
        if [n for n, _ in given] != [n for n, _ in self.constants]:
            raise misuse(
                f"'{self.name}' takes constants at the positions {[n for n, _ in self.constants]}, got {[n for n, _ in given]}",
                hint="call the kernel itself: it compiles for each value of its constants",
            )
        for (position, value), (_, compiled) in zip(given, self.constants, strict=True):
            if _plain(value) != _plain(compiled) or type(_plain(value)) is not type(_plain(compiled)):
                raise misuse(
                    f"argument {position} of '{self.name}' is {value!r}; it was compiled for {compiled!r}",
                    hint="call the kernel itself: it compiles for each value of its constants",
                )

    def _check_types(self, tensors: Sequence[Any]) -> None:
        wanted = self.image.tensors
        if len(tensors) != len(wanted):
            names = ", ".join(t.name for t in wanted)
            raise misuse(f"'{self.name}' takes {len(wanted)} tensors ({names}), got {len(tensors)}")
        for tensor, value in zip(wanted, tensors, strict=True):
            what = f"argument '{tensor.name}' of '{self.name}'"
            try:
                spec: TensorSpec | None = spec_of(value, self.plain_layout)
            except (TypeError, ValueError) as error:
                raise misuse(f"{what}: {error}") from None
            if spec != tensor.spec:
                raise misuse(
                    f"{what} is {_describe(spec)}; it was compiled for {_describe(tensor.spec)}",
                    hint="call the kernel itself: it compiles for each type of arguments",
                )

    def write(self, folder: str | Path, stages: Sequence[str] | None = None) -> list[Path]:
        """Write stages to files in `folder`: `<name>.<stage>.mlir`, and `<name>.<thread>.cpp` for each thread.

        All stages that there are by default; raises KeyError for one that there is not, and writes nothing then.
        """
        texts: dict[str, str] = {}
        for stage in self.asm if stages is None else stages:
            if stage == "cpp":
                texts |= {f"{self.name}.{kernel}.cpp": source for kernel, source in self.kernels.items()}
            else:
                texts[f"{self.name}.{stage}.mlir"] = self.asm[stage]
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (target / name).write_text(text, encoding="utf-8")
        return [target / name for name in texts]

    def __repr__(self) -> str:
        tensors = ", ".join(f"{t.name}: {_describe(t.spec)}" for t in self.image.tensors)
        return f"<CompiledKernel {self.name}({tensors}) for {self.image.arch}>"


def compile_only() -> bool:
    """`TTLANG_COMPILE_ONLY=1`: kernels are compiled and not run."""
    return is_on("TTLANG_COMPILE_ONLY")


def _plain(value: Any) -> Any:
    """NumPy's scalars are the numbers that they hold."""
    return value.item() if isinstance(value, np.generic) else value


def _describe(spec: TensorSpec | None) -> str:
    if spec is None:
        return "no tensor"
    text = f"{'x'.join(map(str, spec.shape))} {spec.dtype.format.python_name}"
    plain = TensorSpec(spec.shape, spec.dtype)
    places = [
        getattr(spec, name).value
        for name in ("layout", "memory")
        if getattr(spec, name) != getattr(plain, name)
    ]
    return " ".join([text, *places])
