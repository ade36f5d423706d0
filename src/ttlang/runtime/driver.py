# SPDX-License-Identifier: Apache-2.0
"""From a kernel and its arguments to a compiled kernel: trace, look up, compile."""

import gc
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from threading import Lock
from typing import TYPE_CHECKING, Any

from ttlang.environment import is_on
from ttlang.frontend.fingerprint import fingerprint
from ttlang.language.scope import KernelScope, misuse
from ttlang.language.tensors import CONSTANTS

from . import cache, settings
from .compiled import STAGES, CompiledKernel
from .image import BufferImage, KernelImage, ProgramImage, TensorImage
from .settings import BACKENDS

if TYPE_CHECKING:
    from ttlang.language.kernel import Kernel
    from ttlang.pipelines import Compilation

_MEMORY_ENTRIES = 256
_memory: OrderedDict[str, CompiledKernel] = OrderedDict()
_lock = Lock()
_watchers: list[Callable[[CompiledKernel], None]] = []


def compile_kernel(kernel: "Kernel", arguments: Sequence[Any], backend: str | None = None) -> CompiledKernel:
    """Compile `kernel` for arguments of these types, or take it from the cache.

    `backend` is one of `BACKENDS`: what runs the kernel unless a run says otherwise. Raises CompileError at the Python
    that is wrong.
    """
    if backend is not None and backend not in BACKENDS:
        raise misuse(f"there is no backend {backend!r}; there are {', '.join(BACKENDS)}")
    wanted = backend or settings.current().backend
    compiled = _compile_or_load(kernel.trace(arguments), direct=wanted == "direct")
    constants = tuple((n, a) for n, a in enumerate(arguments) if isinstance(a, CONSTANTS))
    layout = kernel.plain_layout
    if (compiled.backend, compiled.constants, compiled.plain_layout) != (backend, constants, layout):
        compiled = copy(compiled)  # the cached one serves every backend and spelling of the arguments
        compiled.backend, compiled.constants, compiled.plain_layout = backend, constants, layout
    for watcher in _watchers:
        watcher(compiled)
    return compiled


@contextmanager
def watched(watcher: Callable[[CompiledKernel], None]) -> Iterator[None]:
    """Inside, `watcher` is told of every kernel that is compiled or taken from a cache."""
    _watchers.append(watcher)
    try:
        yield
    finally:
        _watchers.remove(watcher)


def _compile_or_load(scope: KernelScope, direct: bool) -> CompiledKernel:
    """`direct` compiles without the TTKernel stage: the same kernels, one stage less to look at."""
    key = fingerprint(scope) if cache.enabled() and not _observed() else None
    left_out = {"ttkernel": direct, "schedule": scope.schedule is None}
    stages = [file for stage, file in STAGES.items() if not left_out.get(stage)]
    if key is not None:
        key += "_direct" if direct else ""
        with _lock:
            known = _memory.get(key)
            if known is not None and (known.artefacts is None or known.artefacts.is_dir()):
                _memory.move_to_end(key)
                return known
        if (found := cache.load(key, stages)) is not None:
            return _remember(key, CompiledKernel(*found))
    image, files, seconds = _compile(scope, direct)
    if key is None:
        return CompiledKernel(image, None, files, seconds)
    folder = cache.store(key, image, files)
    return _remember(key, CompiledKernel(image, folder, files, seconds))


def _remember(key: str, compiled: CompiledKernel) -> CompiledKernel:
    with _lock:
        _memory[key] = compiled
        while len(_memory) > _MEMORY_ENTRIES:
            _memory.popitem(last=False)
    return compiled


def forget() -> None:
    """Empty the cache in memory; the one on disk stays."""
    with _lock:
        _memory.clear()


def _observed() -> bool:
    """Whether the user asked to see the compilation: it must then happen."""
    return any(is_on(name) for name in ("TTLANG_VERBOSE_PASSES", "TTLANG_DUMP_DIR"))


@contextmanager
def _collection_paused() -> Iterator[None]:
    """No garbage collection inside: the IR is many small objects that live to the end, and walking them is quadratic."""
    paused = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if paused:
            gc.enable()


def _compile(scope: KernelScope, direct: bool) -> tuple[ProgramImage, dict[str, str], dict[str, float]]:
    # the IR library loads here, on the first real compilation
    from ttlang.frontend.program import ProgramBuilder
    from ttlang.pipelines import Observer, compile_module

    with _collection_paused():
        module = ProgramBuilder(scope).build()
        compilation = compile_module(
            module,
            scope.config.metal_version,
            Observer(name=scope.name),
            direct=direct,
            plan=scope.schedule,
        )
    image = _image(scope, compilation)
    texts = {file: getattr(compilation, stage) for stage, file in STAGES.items()}
    files = {file: text for file, text in texts.items() if text is not None}
    files.update({f"{kernel.name}.cpp": kernel.source for kernel in image.kernels})
    return image, files, compilation.pass_seconds


def _image(scope: KernelScope, compilation: "Compilation") -> ProgramImage:
    host = compilation.host
    sources = {kernel.name: kernel for kernel in compilation.kernels}
    return ProgramImage(
        name=host.name,
        arch=host.arch,
        grid=host.grid,
        cores=host.cores,
        metal_version=scope.config.metal_version,
        math_fidelity=host.math_fidelity,
        fp32_dest_acc=host.fp32_dest_acc,
        dst_full_sync=host.dst_full_sync,
        semaphores=tuple(s.initial for s in sorted(host.semaphores, key=lambda s: s.id)),
        buffers=tuple(
            BufferImage(
                b.name,
                b.index,
                b.data_format,
                b.page_bytes,
                b.pages,
                b.address,
                0 if b.tensor is None else b.tensor + 1,
                b.core_ranges,
            )
            for b in host.buffers
        ),
        tensors=tuple(
            TensorImage(t.name, t.spec, made.written)
            for t, made in zip(scope.tensors, host.tensors, strict=True)
        ),
        kernels=tuple(
            KernelImage(
                k.name,
                k.kind,
                sources[k.name].source,
                sources[k.name].line_map,
                k.compile_time_args,
                k.tensor_arguments,
                cores=None if k.cores == (0, 0, host.cores[0] - 1, host.cores[1] - 1) else k.cores,
                unpack_to_dest_fp32=k.unpack_to_dest_fp32,
            )
            for k in host.kernels
        ),
    )
