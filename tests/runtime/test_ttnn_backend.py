# SPDX-License-Identifier: Apache-2.0
"""The ttnn backend against a stand-in that records calls; `tests/conformance` tries the real packages."""

from dataclasses import replace
from enum import Enum
from importlib.metadata import PackageNotFoundError
from types import SimpleNamespace

import numpy as np
import pytest
from tests.runtime.images import a_split_image, an_image

from ttlang.diagnostics import CompileError
from ttlang.runtime import ttnn_backend
from ttlang.runtime.compiled import CompiledKernel
from ttlang.runtime.ttnn_backend import TTNNError

WORDS = [[2, 2048], [2, 2048]]


class StorageType(Enum):
    HOST = 0
    DEVICE = 1


class Recorded(SimpleNamespace):
    """A descriptor: what it was made of."""

    def __init__(self, *args, **named):
        super().__init__(args=args, **named)


class Tensor:
    """A tensor of the stand-in package; on the device when it has one."""

    def __init__(self, data, dtype="bfloat16", layout="TILE", device=None):
        self.data, self.dtype, self.layout, self._device = np.array(data), dtype, layout, device
        self.shape = self.data.shape

    def to(self, device, memory):
        return Tensor(self.data, self.dtype, self.layout, device)

    def cpu(self):
        return Tensor(self.data, self.dtype, self.layout)

    def to_numpy(self):
        assert self.dtype != "bfloat16", "the real one gives an array of objects"
        return self.data

    def storage_type(self):
        return StorageType.DEVICE if self._device else StorageType.HOST

    def device(self):
        return self._device

    def is_sharded(self):
        return False

    def memory_config(self):
        return SimpleNamespace(buffer_type="BufferType.DRAM")

    def buffer_address(self):
        return 0x1000 + int(self.data.flat[0])


Tensor.__module__ = "ttnn._ttnn.tensor"


class Device:
    def __init__(self, arch="WORMHOLE_B0", x=8, y=8):
        self._arch, self.grid = arch, SimpleNamespace(x=x, y=y)

    def arch(self):
        return f"Arch.{self._arch}"

    def compute_with_storage_grid_size(self):
        return self.grid


class TTNN(SimpleNamespace):
    """The part of ttnn that the backend uses."""

    def __init__(self, devices=1):
        def count():
            if devices < 0:
                raise RuntimeError("TT_FATAL: no chips\nbacktrace")
            return devices

        def generic_op(io, program):
            self.launched.append((io, program))
            io[-1].data = io[-1].data + 5
            return io[-1]

        recorded = (
            "CoreCoord CoreRange CoreRangeSet ProgramDescriptor SemaphoreDescriptor CBDescriptor CBFormatDescriptor"
            " ReaderConfigDescriptor WriterConfigDescriptor ComputeConfigDescriptor"
        )
        super().__init__(
            **{name: type(name, (Recorded,), {}) for name in recorded.split()},
            KernelDescriptor=type(
                "KernelDescriptor", (Recorded,), {"SourceType": SimpleNamespace(SOURCE_CODE="source")}
            ),
            launched=[],
            StorageType=StorageType,
            Tensor=Tensor,
            bfloat16="bfloat16",
            float32="float32",
            TILE_LAYOUT="TILE",
            DRAM_MEMORY_CONFIG="DRAM",
            MathFidelity=SimpleNamespace(HiFi2="fidelity 2"),
            UnpackToDestMode=SimpleNamespace(Default="default", UnpackToDestFp32="fp32"),
            TensorAccessorArgs=lambda tensor: SimpleNamespace(
                get_compile_time_args=lambda: [2, 2048], get_common_runtime_args=lambda: []
            ),
            to_dtype=lambda tensor, dtype: Tensor(tensor.data, dtype, tensor.layout),
            GetNumAvailableDevices=count,
            open_device=lambda device_id: Device(),
            close_device=lambda device: None,
            generic_op=generic_op,
        )

    def __hash__(self):
        return id(self)


@pytest.fixture
def ttnn(monkeypatch):
    module = TTNN()
    monkeypatch.setattr(ttnn_backend, "version", lambda name: "0.81.1")
    monkeypatch.setattr(ttnn_backend, "import_module", lambda name: module)
    return module


@pytest.fixture
def compiled():
    return CompiledKernel(an_image(), None)


def arrays():
    return [np.zeros((64, 96), ttnn_bfloat16()), np.ones((64, 96), ttnn_bfloat16())]


def ttnn_bfloat16():
    import ml_dtypes

    return ml_dtypes.bfloat16


# Descriptors


def test_kernels():
    reader, compute, writer = ttnn_backend.describe(TTNN(), an_image(), [100, 200], WORDS).kernels
    assert [k.kernel_source for k in (reader, compute, writer)] == ["// read\n", "// add\n", "// write\n"]
    assert {k.source_type for k in (reader, compute, writer)} == {"source"}
    assert reader.compile_time_args == [0, 1, 2, 2048, 2, 2048]
    assert (reader.common_runtime_args, compute.common_runtime_args, writer.common_runtime_args) == (
        [200],
        [],
        [100],
    )
    ((core, values),) = compute.runtime_args
    assert core.args == (1, 2) and values == [7, 8]
    assert reader.runtime_args == []
    assert type(reader.config).__name__ == "ReaderConfigDescriptor"
    assert type(writer.config).__name__ == "WriterConfigDescriptor"


def test_cores():
    program = ttnn_backend.describe(TTNN(), an_image(), [100, 200], WORDS)
    (ranges,) = program.kernels[0].core_ranges.args
    first, last = ranges[0].args
    assert (first.args, last.args) == ((0, 0), (1, 2))


def test_kernels_and_buffers_on_parts_of_the_cores():
    program = ttnn_backend.describe(TTNN(), a_split_image(), [100, 200], WORDS)

    def ranges(core_ranges):
        corners = (cores.args for cores in core_ranges.args[0])
        return [(first.args, last.args) for first, last in corners]

    assert [ranges(kernel.core_ranges) for kernel in program.kernels] == [
        [((0, 0), (0, 2))],
        [((0, 0), (1, 2))],
        [((1, 0), (1, 2))],
    ]


@pytest.mark.parametrize(("arch", "buffers"), [("wormhole_b0", 32), ("blackhole", 64)])
def test_compute_configuration(arch, buffers):
    config = ttnn_backend.describe(TTNN(), an_image(arch=arch), [100, 200], WORDS).kernels[1].config
    assert (config.math_fidelity, config.fp32_dest_acc_en, config.dst_full_sync_en) == (
        "fidelity 2",
        True,
        False,
    )
    assert config.unpack_to_dest_mode == ["default", "fp32"] + ["default"] * (buffers - 2)


def test_unpack_modes_are_left_alone_when_none_is_needed():
    kernels = tuple(replace(kernel, unpack_to_dest_fp32=()) for kernel in an_image().kernels)
    program = ttnn_backend.describe(TTNN(), an_image(kernels=kernels), [100, 200], WORDS)
    assert not hasattr(program.kernels[1].config, "unpack_to_dest_mode")


def test_buffers_and_semaphores():
    program = ttnn_backend.describe(TTNN(), an_image(), [100, 200], WORDS)
    described = [(cb.total_size, cb.format_descriptors[0]) for cb in program.cbs]
    assert [(size, f.buffer_index, f.data_format, f.page_size) for size, f in described] == [
        (8192, 0, "bfloat16", 2048),
        (8192, 1, "float32", 4096),
    ]
    assert [(s.id, s.initial_value) for s in program.semaphores] == [(0, 0), (1, 3)]


def test_tensors_of_another_layout_are_refused():
    with pytest.raises(
        TTNNError, match=r"'a' does not lie on the device as .* are \[0, 2048\], not \[2, 2048\]"
    ):
        ttnn_backend.describe(TTNN(), an_image(), [100, 200], [[2, 2048], [0, 2048]])


# Launches


def test_outputs_come_last(ttnn, compiled):
    compiled.run(*arrays(), backend="ttnn")
    ((io, _),) = ttnn.launched
    assert [t.buffer_address() - 0x1000 for t in io] == [1, 5]


def test_a_single_tensor_is_passed_twice():
    image = an_image(tensors=an_image().tensors[:1])
    assert ttnn_backend.io_tensors(image, ["t"]) == ["t", "t"]


def test_arrays_are_moved_there_and_back(ttnn, compiled):
    out, a = arrays()
    report = compiled.run(out, a, backend="ttnn")
    assert (out == 5).all() and (a == 1).all()
    assert report.ran and report.cycles is None and report.host_seconds.keys() == {"device", "tensors", "run"}


def test_ttnn_tensors_choose_the_backend_and_stay(ttnn, compiled):
    device = Device()
    out, a = (Tensor(array, device=device) for array in arrays())
    assert compiled.run(out, a).ran
    ((io, _),) = ttnn.launched
    assert io == [a, out]


def test_inputs_on_the_host_are_moved(ttnn, compiled):
    out, a = arrays()
    compiled.run(out, Tensor(a), backend="ttnn")
    assert (out == 5).all()


# Refusals


def refused(compiled, *arguments, **options):
    with pytest.raises(TTNNError) as caught:
        compiled.run(*(arguments or arrays()), **{"backend": "ttnn", **options})
    return str(caught.value)


def test_without_the_package(monkeypatch, compiled):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(ttnn_backend, "version", missing)
    text = refused(compiled)
    assert "not installed" in text and "pip install 'ttnn==0.81.*'" in text and "simulator" in text


def test_a_package_that_does_not_load(monkeypatch, compiled):
    def broken(name):
        raise ImportError("libnuma.so.1: cannot open shared object file")

    monkeypatch.setattr(ttnn_backend, "version", lambda name: "0.81.1")
    monkeypatch.setattr(ttnn_backend, "import_module", broken)
    assert "cannot be imported: libnuma.so.1" in refused(compiled)


def test_another_generation(monkeypatch, ttnn, compiled):
    monkeypatch.setattr(ttnn_backend, "version", lambda name: "0.69.0")
    text = refused(compiled)
    assert "compiled for tt-metal 0.81, but ttnn 0.69.0" in text and "metal_version" in text


@pytest.mark.parametrize(
    ("devices", "reason"), [(0, "finds no Tenstorrent device"), (-1, "device: TT_FATAL: no chips\n")]
)
def test_without_a_device(monkeypatch, ttnn, compiled, devices, reason):
    monkeypatch.setattr(ttnn_backend, "import_module", lambda name: TTNN(devices))
    text = refused(compiled)
    assert reason in text and "simulator" in text


@pytest.mark.parametrize(
    ("device", "problem"),
    [(Device("BLACKHOLE"), "the device is a blackhole"), (Device(x=1, y=8), "but the device has 1 x 8")],
)
def test_another_device(ttnn, compiled, device, problem):
    assert problem in refused(compiled, *(Tensor(array, device=device) for array in arrays()))


def test_outputs_on_the_host(ttnn, compiled):
    out, a = (Tensor(array) for array in arrays())
    assert "'out' is written to, but is a ttnn tensor on the host" in refused(compiled, out, a)


def test_ttnn_tensors_cannot_run_on_the_simulator(compiled):
    out, a = (Tensor(array, device=Device()) for array in arrays())
    with pytest.raises(
        CompileError, match="'out' of 'copy' is a ttnn tensor, which the simulator cannot read"
    ):
        compiled.run(out, a, backend="simulator")


def test_types_are_checked_before_the_package(compiled):
    with pytest.raises(CompileError, match="'a' of 'copy' is 32x32"):
        compiled.run(arrays()[0], np.zeros((32, 32), np.float32), backend="ttnn")
